"""Axes from what a file or its user says, with one line for what is missing or impossible."""

from __future__ import annotations

import re
from pathlib import Path

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.isotopes import isotope, isotopes
from paddlewheel.lab.nmr.signal import Axis

LOWEST_FIELD_T, HIGHEST_FIELD_T = 0.02, 50.0
_NUCLEUS = re.compile(r"(?<![A-Za-z0-9])(\d{1,3})([A-Z][a-z]?)(?![a-z0-9])")


def stated_axis(
    path: Path,
    *,
    nucleus: str | None,
    reference_MHz: float | None,
    width_Hz: float,
    carrier_offset_Hz: float = 0.0,
) -> Axis:
    """The axis of a file, whose carrier is `carrier_offset_Hz` from 0 ppm.

    Raises
    ------
    InputError
        Where nucleus or frequency are not known, or cannot be.
    """
    if nucleus is None:
        raise DataError("the file does not say the nucleus", where=path, remedy="give it, as --nucleus 23Na")
    if reference_MHz is None:
        raise DataError(
            "the file does not say the frequency", where=path,
            remedy="give that of 0 ppm, as --frequency-MHz 132.294",
        )  # fmt: skip
    if not (reference_MHz > 0 and 0 < width_Hz < 1e12):
        raise DataError(f"{reference_MHz:g} MHz, a width of {width_Hz:g} Hz", where=path, remedy="check the file")
    axis = Axis(
        nucleus=isotope(nucleus, where=path).symbol,
        carrier_MHz=reference_MHz + carrier_offset_Hz * 1e-6,
        reference_MHz=reference_MHz,
        spectral_width_Hz=width_Hz,
    )
    check_magnet(axis, path)
    return axis


def check_magnet(axis: Axis, path: Path) -> None:
    """Refuse a frequency that no magnet gives the nucleus."""
    if not LOWEST_FIELD_T <= axis.field_T <= HIGHEST_FIELD_T:
        raise DataError(
            f"{axis.nucleus} at {axis.carrier_MHz:g} MHz is a field of {axis.field_T:.3g} T", where=path,
            remedy="check nucleus and frequency, or give them, as --nucleus 23Na",
        )  # fmt: skip


def nucleus_in(text: str) -> str | None:
    """The first nucleus that a text names, as 23Na; None where it names none."""
    for mass, element in _NUCLEUS.findall(text):
        if f"{mass}{element}" in isotopes():
            return f"{mass}{element}"
    return None
