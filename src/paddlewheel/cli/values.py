"""Values of options that are written as text."""

from __future__ import annotations

from paddlewheel.errors import SettingsError


def numbers(text: str, option: str) -> list[float]:
    """Numbers separated by commas.

    Raises
    ------
    SettingsError
        Naming the option.
    """
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise SettingsError(f"'{text}' is no list of numbers", where=option, remedy="write 600,700,800") from None


def type_elements(text: str) -> dict[int, str] | None:
    """Elements of LAMMPS types from `1=Na,2=B`; None where nothing is given.

    Raises
    ------
    SettingsError
        For any other text.
    """
    if not text:
        return None
    try:
        return {int(kind): symbol.strip() for kind, _, symbol in (part.partition("=") for part in text.split(","))}
    except ValueError:
        raise SettingsError(f"'{text}' is no map of types", where="--type-map", remedy="write 1=Na,2=B") from None


def named_numbers(text: str, option: str, *, example: str) -> dict[str, float]:
    """Numbers by name from `Na=1,Li=1`.

    Raises
    ------
    SettingsError
        For any other text, or a name that is given twice; naming the option.
    """
    pairs = [(name.strip(), number) for name, _, number in (part.partition("=") for part in text.split(","))]
    try:
        found = {name: float(number) for name, number in pairs if name}
    except ValueError:
        found = {}
    if len(found) != len(pairs):
        raise SettingsError(f"'{text}' is no list of names and numbers", where=option, remedy=f"write {example}")
    return found
