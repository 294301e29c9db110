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
