"""Nuclei of NMR: spin, gyromagnetic ratio, quadrupole moment, and the frequency ratio of the shift reference.

`isotopes.json` holds the values of mrsimulator 1.0 (BSD-3-Clause), with the frequency ratios of IUPAC
(doi 10.1351/pac200173111795) and the quadrupole moments of Pyykko (doi 10.1080/00268970802018367), which CASTEP's tools
and VASP's users take too: mrsimulator's older ones are off by 3 % for 23Na, 6 % for 14N and 16 % for 39K.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from paddlewheel.errors import InputError

_TABLE = Path(__file__).resolve().parent / "isotopes.json"


@dataclass(frozen=True, kw_only=True)
class Isotope:
    """One nucleus.

    Attributes
    ----------
    symbol
        Such as ``23Na``.
    spin
        In units of hbar.
    gyromagnetic_ratio_MHz_per_T
        gamma / 2 pi, with its sign.
    quadrupole_moment_barn
        Zero for spin 1/2.
    natural_abundance_percent
        Of the element's atoms.
    frequency_ratio_percent
        Xi: the frequency of the shift reference where the protons of tetramethylsilane are at 100 MHz; None where IUPAC
        gives none.
    reference
        The compound at 0 ppm.
    """

    symbol: str
    spin: float
    gyromagnetic_ratio_MHz_per_T: float
    quadrupole_moment_barn: float
    natural_abundance_percent: float
    frequency_ratio_percent: float | None
    reference: str | None

    @property
    def is_quadrupolar(self) -> bool:
        """Whether the spin is over 1/2."""
        return self.spin > 0.5


@cache
def isotopes() -> dict[str, Isotope]:
    """All nuclei of the table, by symbol."""
    table = json.loads(_TABLE.read_text(encoding="utf-8"))
    return {symbol: Isotope(symbol=symbol, **values) for symbol, values in table.items()}


def isotope(symbol: str, *, where: str | Path | None = None) -> Isotope:
    """The nucleus of a name such as ``23Na``.

    Raises
    ------
    InputError
        For a name that is not in the table.
    """
    if symbol not in isotopes():
        raise InputError(f"nucleus {symbol!r}", where=where, remedy="give mass number and element, as 23Na")
    return isotopes()[symbol]
