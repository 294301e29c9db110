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
