"""Standard reference materials: certified cells, and how they change with temperature.

Certificates give the cell at 22.5 C with an uncertainty of two standard ones (k = 2). Coefficients of linear expansion
are those near room temperature, known to some 5 to 10 %, which counts away from it; silicon's, which grows by a quarter
in 100 K, has its growth besides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import InputError

CERTIFIED_AT_K = 295.65
_RANGE_K = (250.0, 400.0)
"""Where the coefficients near room temperature hold."""
_TOULOUKIAN = "Touloukian et al., Thermophysical Properties of Matter 13 (1977)"


@dataclass(frozen=True, kw_only=True)
class Standard:
    """A certified powder.

    Attributes
    ----------
    name, phase
        As `--standard` takes it; the built-in phase (`lab.xrd.library`) whose atoms it has.
    lengths_A, std_A
        a and c (equal for cubic ones), and their standard uncertainties.
    expansion_per_K, expansion_std_per_K
        Of a and c at 22.5 C.
    growth_per_K2
        By how much the coefficient grows with temperature.
    source
        Of the cell, and of the expansion.
    """

    name: str
    phase: str
    lengths_A: tuple[float, float]
    std_A: tuple[float, float]
    expansion_per_K: tuple[float, float]
    expansion_std_per_K: float
    source: str
    growth_per_K2: float = 0.0

    def lengths_at(self, temperature_K: float = CERTIFIED_AT_K) -> tuple[np.ndarray, np.ndarray]:
        """a and c at a temperature, and their standard uncertainties, A.

        Raises
        ------
        InputError
            Outside 250 to 400 K.
        """
        if not _RANGE_K[0] <= temperature_K <= _RANGE_K[1]:
            raise InputError(
                f"the cell of {self.name} is known from {_RANGE_K[0]:g} to {_RANGE_K[1]:g} K, not at"
                f" {temperature_K:g} K", where="standard", remedy="measure the standard at room temperature",
            )  # fmt: skip
        step = temperature_K - CERTIFIED_AT_K
        lengths = np.array(self.lengths_A) * (
            1 + (np.array(self.expansion_per_K) + 0.5 * self.growth_per_K2 * step) * step
        )
        return lengths, np.hypot(self.std_A, lengths * self.expansion_std_per_K * step)


def _cubic(
    name: str, phase: str, a_A: float, std_A: float, per_K: tuple[float, float], source: str, growth_per_K2: float = 0.0
) -> Standard:
    return Standard(
        name=name, phase=phase, lengths_A=(a_A, a_A), std_A=(std_A, std_A), expansion_per_K=(per_K[0], per_K[0]),
        expansion_std_per_K=per_K[1], source=source, growth_per_K2=growth_per_K2,
    )  # fmt: skip


def _silicon(name: str, a_A: float, std_A: float, source: str) -> Standard:
    """With (2.53 + 0.0077 (T - 295.65 K)) 1e-6/K: within 3 ppm of the length by Okada and Tokumaru's formula from 250
    to 400 K, whose crystals lay within 0.2e-6/K of it."""
    expansion = "expansion: Okada and Tokumaru, J. Appl. Phys. 56, 314 (1984)"
    return _cubic(name, "si", a_A, std_A, (2.53e-6, 0.2e-6), f"{source}; {expansion}", 7.7e-9)


_LAB6 = (6.4e-6, 0.3e-6)
_LAB6_EXPANSION = "expansion: Sirota et al., Phys. Solid State 40, 1856 (1998)"
STANDARDS: tuple[Standard, ...] = (
    _silicon("si640c", 5.4311946, 0.0000046, "NIST SRM 640c"),
    _silicon("si640d", 5.43123, 0.00004, "NIST SRM 640d, certificate of May 2010 (its report before had 5.43159)"),
    _silicon("si640e", 5.431179, 0.00004, "NIST SRM 640e"),
    _silicon("si640f", 5.431144, 0.00004, "NIST SRM 640f"),
    _cubic("lab6-660a", "lab6", 4.1569162, 0.0000048, _LAB6, f"NIST SRM 660a; {_LAB6_EXPANSION}"),
    _cubic("lab6-660b", "lab6", 4.15689, 0.00004, _LAB6,
           f"NIST SRM 660b as quoted (its report: 4.15691); {_LAB6_EXPANSION}"),
    _cubic("lab6-660c", "lab6", 4.156826, 0.00004, _LAB6, f"NIST SRM 660c; {_LAB6_EXPANSION}"),
    Standard(
        name="corundum-676a", phase="corundum", lengths_A=(4.759355, 12.99231), std_A=(0.00004, 0.000075),
        expansion_per_K=(5.0e-6, 5.7e-6), expansion_std_per_K=0.5e-6,
        source=f"NIST SRM 676a; expansion: {_TOULOUKIAN}, as makers of sapphire have it",
    ),
    _cubic("ceo2-674b", "ceo2", 5.41153, 0.00005, (11.0e-6, 0.7e-6),
           f"NIST SRM 674b as quoted, not certified for the cell; expansion: {_TOULOUKIAN}"),
    _cubic("y2o3", "y2o3", 10.604, 0.003, (6.5e-6, 0.8e-6),
           "powders 10.604 A, a crystal 10.5981(7) A (Maslen et al., DOI 10.1107/S0108768195013371): half of the"
           f" difference is the error; not certified; expansion: {_TOULOUKIAN}"),
)  # fmt: skip
_LATEST = {"si": "si640f", "lab6": "lab6-660c", "corundum": "corundum-676a", "al2o3": "corundum-676a",
           "ceo2": "ceo2-674b"}  # fmt: skip
"""Of a substance without a number."""


def find_standard(name: str) -> Standard:
    """The standard of a name (``si640f``, ``LaB6 660c``), the newest of a substance without a number (``lab6``).

    Raises
    ------
    InputError
        For a name that is none, with those that are.
    """
    plain = _plain(name)
    plain = _plain(_LATEST.get(plain, plain))
    for standard in STANDARDS:
        if _plain(standard.name) == plain:
            return standard
    names = ", ".join(standard.name for standard in STANDARDS)
    raise InputError(f"no standard {name!r}", where="standard", remedy=f"give one of {names}")


def _plain(name: str) -> str:
    return "".join(character for character in name.lower().replace("srm", "") if character.isalnum())
