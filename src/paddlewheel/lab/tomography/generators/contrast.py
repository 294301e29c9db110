"""How bright phases are in backscattered electrons."""

from __future__ import annotations

from collections.abc import Mapping

from paddlewheel.lab.tomography.atomic_number import mean_atomic_number


def backscattering(formula: str) -> float:
    """Share of the electrons that a dense phase scatters back.

    Reuter's fit at 20 kV, -0.0254 + 0.016 Z - 1.86e-4 Z^2 + 8.3e-7 Z^3 (Proc. 6th Int. Congr. X-ray Optics and
    Microanalysis, 121 (1972)), at the mean atomic number: the order of phases holds at lower voltages too.
    """
    z = mean_atomic_number(formula)
    return -0.0254 + 0.016 * z - 1.86e-4 * z**2 + 8.3e-7 * z**3


def greys_of(formulas: Mapping[int, str | None], *, pores: float = 0.06, brightest: float = 0.8) -> dict[int, float]:
    """Grey of each label over the full scale, from backscattering; None is a pore.

    The brightest phase gets `brightest`, the others their share of it above `pores`.
    """
    found = {number: 0.0 if formula is None else backscattering(formula) for number, formula in formulas.items()}
    top = max(found.values()) or 1.0
    return {number: pores + (brightest - pores) * value / top for number, value in found.items()}
