"""What a diffractometer sends: lines of X-ray tubes by name, wavelengths and energies.

Wavelengths of the lines are those of Hoelzer et al., Phys. Rev. A 56, 4554 (1997), doi:10.1103/PhysRevA.56.4554, for Cr
to Cu, and of Deslattes et al., Rev. Mod. Phys. 75, 35 (2003), doi:10.1103/RevModPhys.75.35, for Mo and Ag, as the
International Tables C (2004), chapter 4.2.2, have them. Those of Bearden (1967), which older files state, are up to 26
ppm shorter (Cu Ka1 1.54056 A: 21), and a cell goes with them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from paddlewheel.errors import DataError, InputError
from paddlewheel.lab.xrd.pattern import Radiation

KA_LINES_A: Mapping[str, tuple[float, float]] = {
    "Cr": (2.289726, 2.293651), "Mn": (2.101854, 2.105822), "Fe": (1.936041, 1.939973), "Co": (1.788996, 1.792835),
    "Ni": (1.657930, 1.661756), "Cu": (1.5405929, 1.5444274), "Mo": (0.70931715, 0.713607),
    "Ag": (0.55942178, 0.5638131),
}  # fmt: skip
"""Wavelengths of Ka1 and Ka2 of tubes, A."""
KB_A: Mapping[str, float] = {
    "Cr": 2.0848881, "Mn": 1.9102162, "Fe": 1.7566055, "Co": 1.6208263, "Ni": 1.5001523, "Cu": 1.3922346,
    "Mo": 0.6323028, "Ag": 0.4970819,
}  # fmt: skip
"""Wavelengths of Kb1,3 of tubes, A, of the same sources."""
W_LA_A = 1.47639
"""La1 of tungsten, which a filament leaves on the anode, A (Bearden 1967)."""
_KA2_OVER_KA1 = 0.5
"""Of the integrated intensities: two electrons of L2 against four of L3 (Cu: 0.52 measured, Hoelzer)."""
HC_KEV_A = 12.398419843320026
"""Planck's constant times the speed of light, keV A (exact in the SI of 2019)."""
SHORTEST_A, LONGEST_A = 0.05, 5.0
"""Of what powder diffraction is measured with: 250 to 2.5 keV."""
_NEAR = 2e-3
"""Relative: how near a stated wavelength lies to a tube's line that it is one (Ka2 is 2.5e-3 above Ka1)."""
_NAME = re.compile(r"\s*([A-Z][a-z]?)[\s_-]*(?:K[\s_-]*(?:a|alpha|α)?[\s_-]*(1,2|12|1\+2|1|2)?)?\s*", re.IGNORECASE)
_NUMBER = re.compile(r"\s*([\d.]+(?:[eE][-+]?\d+)?)\s*(A|Å|angstroms?|nm|pm|m|keV|eV)?\s*", re.IGNORECASE)
_TO_A: Mapping[str, float] = {"a": 1.0, "å": 1.0, "angstrom": 1.0, "angstroms": 1.0, "nm": 10.0, "pm": 0.01, "m": 1e10}


def tube(element: str, line: str = "1,2") -> Radiation:
    """Both Ka lines of a tube, Ka1 alone (``1``) or Ka2 alone (``2``).

    Raises
    ------
    InputError
        For an element that no tube of the table has.
    """
    lines = KA_LINES_A.get(element.capitalize())
    if lines is None:
        raise InputError(f"no tube of {element!r} is known", where="radiation",
                         remedy=f"give one of {', '.join(KA_LINES_A)}, or a wavelength in A")  # fmt: skip
    if line in ("1", "2"):
        return Radiation(lines=((lines[int(line) - 1], 1.0),))
    return doublet(*lines)


def doublet(ka1_A: float, ka2_A: float, ratio: float = _KA2_OVER_KA1) -> Radiation:
    """Two lines, `ratio` that of Ka2 to Ka1."""
    return Radiation(lines=((ka1_A, 1 / (1 + ratio)), (ka2_A, ratio / (1 + ratio))))


def monochromatic(wavelength_A: float, *, where: str = "wavelength_A") -> Radiation:
    """One line; polarized across the plane of diffraction, as at a synchrotron, where no tube has it.

    Raises
    ------
    InputError
        For a wavelength that powder diffraction is not measured with.
    """
    if not SHORTEST_A <= wavelength_A <= LONGEST_A:
        raise InputError(f"a wavelength of {wavelength_A:g} A", where=where,
                         remedy=f"give it in A, between {SHORTEST_A:g} and {LONGEST_A:g}")  # fmt: skip
    return Radiation(lines=((wavelength_A, 1.0),), monochromator_cos2=1.0 if tube_of(wavelength_A) else 0.0)


def tube_of(wavelength_A: float) -> str | None:
    """The element whose Ka line (or their mean) this is, None where it is no tube's."""
    for element, (first, second) in KA_LINES_A.items():
        if first * (1 - _NEAR / 4) <= wavelength_A <= second * (1 + _NEAR / 4):
            return element
    return None


def named_radiation(text: str, *, where: str = "radiation") -> Radiation:
    """The radiation of a name (``Cu``, ``CuKa``, ``Cu Ka1``, ``Mo Ka1,2``), a wavelength (``0.77489``, ``0.077489 nm``)
    or an energy (``16 keV``).

    Raises
    ------
    InputError
        For what is none of them.
    """
    if (number := _NUMBER.fullmatch(text)) is not None:
        unit = (number[2] or "A").lower()
        value = float(number[1])
        if unit in ("kev", "ev"):
            energy_keV = value / (1000 if unit == "ev" else 1)
            return monochromatic(HC_KEV_A / energy_keV if energy_keV > 0 else np.inf, where=where)
        return monochromatic(value * _TO_A[unit], where=where)
    name = _NAME.fullmatch(text)
    if name is None:
        raise InputError(f"{text!r} is no radiation", where=where, remedy="write CuKa, Cu Ka1, 0.77489 or 16 keV")
    return tube(name[1], name[2] or "1,2")


def shown(radiation: Radiation) -> str:
    """The lines in words: ``Cu Ka1,2 (1.540593, 1.544427 A)``."""
    element = tube_of(radiation.wavelength_A)
    lines = ", ".join(f"{wavelength:.6g}" for wavelength, _ in radiation.lines)
    return f"{element} Ka ({lines} A)" if element else f"{lines} A"


def difference(stated: Radiation, given: Radiation, *, stated_by: str = "the file") -> str | None:
    """In one line how the radiation of a file and that given differ; None where they do by less than 5 ppm."""
    off = given.wavelength_A / stated.wavelength_A - 1
    if abs(off) >= 5e-6:
        return (
            f"{stated_by} says {shown(stated)}, and {shown(given)} is given and taken:"
            f" {off * 1e6:+.0f} ppm, which every cell goes with"
        )
    if len(stated.lines) != len(given.lines):
        return f"{stated_by} says {shown(stated)}, and {shown(given)} is given and taken"
    return None


def is_wavelength(wavelength_A: float) -> bool:
    """Whether powder patterns are measured with it."""
    return bool(np.isfinite(wavelength_A)) and SHORTEST_A <= wavelength_A <= LONGEST_A


def stated_radiation(
    ka1_A: float | None, ka2_A: float | None = None, ratio: float | None = None, *, source: str = ""
) -> Radiation | None:
    """Of what a file states: Ka1, Ka2 and their ratio, as far as there are any.

    Raises
    ------
    DataError
        For a wavelength that none is.
    """
    if ka1_A is None or ka1_A <= 0:
        return None
    if not is_wavelength(ka1_A):
        raise DataError(f"states a wavelength of {ka1_A:g} A", where=source, remedy="correct the file")
    if ka2_A and ratio and is_wavelength(ka2_A) and abs(ka2_A / ka1_A - 1) > 1e-6:
        return doublet(ka1_A, ka2_A, min(max(ratio, 0.0), 2.0))
    return monochromatic(ka1_A)
