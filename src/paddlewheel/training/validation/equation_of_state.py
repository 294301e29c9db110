"""The third-order Birch-Murnaghan equation of state, by linear least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paddlewheel.errors import ScienceError
from paddlewheel.units import eV_PER_A3_IN_GPA


@dataclass(frozen=True)
class EquationOfState:
    """Equilibrium volume and energy, bulk modulus, its pressure derivative, and the rms misfit of the energies."""

    volume_A3: float
    energy_eV: float
    bulk_modulus_GPa: float
    bulk_modulus_derivative: float
    rms_misfit_eV: float

    def energies_eV(self, volumes_A3: ArrayLike) -> np.ndarray:
        """The fitted curve at `volumes_A3` [n]."""
        u = (self.volume_A3 / np.asarray(volumes_A3, dtype=float)) ** (2 / 3) - 1
        scale = 9 * self.volume_A3 * self.bulk_modulus_GPa / eV_PER_A3_IN_GPA / 16
        return self.energy_eV + scale * (2 * u**2 + (self.bulk_modulus_derivative - 4) * u**3)


def fit_equation_of_state(volumes_A3: ArrayLike, energies_eV: ArrayLike) -> EquationOfState:
    """Fit E(V) = E0 + 9 V0 B0 / 16 [2 u^2 + (B0' - 4) u^3] with u = (V0/V)^(2/3) - 1.

    This is the third-order Birch-Murnaghan equation (Birch, Phys. Rev. 71, 809 (1947), doi 10.1103/PhysRev.71.809). It
    is a cubic in V^(-2/3), so that the fit is linear and has no starting values to choose.

    Parameters
    ----------
    volumes_A3, energies_eV
        [n], five or more, around the minimum.

    Raises
    ------
    ScienceError
        If there are fewer than five volumes, an energy is not finite, or no minimum lies among them.
    """
    volumes, energies = np.asarray(volumes_A3, dtype=float), np.asarray(energies_eV, dtype=float)
    if len(volumes) < 5 or not (np.isfinite(energies).all() and np.isfinite(volumes).all()):
        raise ScienceError(f"{int(np.isfinite(energies).sum())} finite energies for an equation of state of four terms")
    scale_A3, offset_eV = float(volumes.mean()), float(energies.mean())  # both only for the conditioning
    x = (scale_A3 / volumes) ** (2 / 3) - 1
    cubic = np.polynomial.Polynomial.fit(x, energies - offset_eV, 3).convert()
    minima = [root.real for root in cubic.deriv().roots() if abs(root.imag) < 1e-12 and cubic.deriv(2)(root.real) > 0]
    inside = [root for root in minima if x.min() <= root <= x.max()]
    if not inside:
        raise ScienceError("the energies have no minimum within the volumes of the equation of state")
    x0 = float(inside[0])
    volume = scale_A3 / (1 + x0) ** 1.5
    # u = (1 + x) / (1 + x0) - 1, so each derivative by u brings a factor 1 + x0
    second, third = cubic.deriv(2)(x0) * (1 + x0) ** 2, cubic.deriv(3)(x0) * (1 + x0) ** 3
    bulk = 4 * second / (9 * volume)
    misfit = energies - offset_eV - cubic(x)
    return EquationOfState(
        volume_A3=float(volume),
        energy_eV=float(cubic(x0)) + offset_eV,
        bulk_modulus_GPa=float(bulk * eV_PER_A3_IN_GPA),
        bulk_modulus_derivative=float(4 + third / (1.5 * second)),
        rms_misfit_eV=float(np.sqrt((misfit**2).mean())),
    )
