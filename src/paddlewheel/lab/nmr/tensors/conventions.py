"""What a tensor is told as: shielding by Haeberlen and by span and skew, the quadrupole coupling, its shift.

Shielding (Mason, doi 10.1016/0926-2040(93)90010-K): s11 <= s22 <= s33, span = s33 - s11, skew = 3 (s_iso - s22) / span
(1 where s11 = s22, -1 where s22 = s33). Haeberlen: |szz - s_iso| >= |sxx - s_iso| >= |syy - s_iso|, zeta = szz - s_iso,
anisotropy 3/2 zeta, eta = (syy - sxx) / zeta. The field gradient: |Vzz| >= |Vyy| >= |Vxx|,
C_Q = e Q Vzz / h with the sign of Q and Vzz, eta = (Vxx - Vyy) / Vzz.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.lab.nmr.isotopes import Isotope
from paddlewheel.units import ELEMENTARY_CHARGE_C, PLANCK_J_S

ATOMIC_EFG_V_PER_M2 = 9.7173624424e21
"""Hartree per e and bohr2 (CODATA 2022)."""
BARN_M2 = 1e-28
V_PER_A2_IN_AU = 1e20 / ATOMIC_EFG_V_PER_M2
_NO_ANISOTROPY_PPM = 1e-6
_NO_GRADIENT_AU = 1e-9
"""Below these a tensor is zero but for rounding, and its asymmetry means nothing: it is given as 0."""


@dataclass(frozen=True, kw_only=True)
class Shielding:
    """One shielding tensor: isotropic value, Haeberlen's and Mason's parameters, and the principal axes.

    `axes` has the unit vectors of xx, yy and zz (Haeberlen's order) as columns.
    """

    isotropic_ppm: float
    zeta_ppm: float
    eta: float
    span_ppm: float
    skew: float
    axes: np.ndarray

    @property
    def anisotropy_ppm(self) -> float:
        """szz - (sxx + syy) / 2."""
        return 1.5 * self.zeta_ppm


@dataclass(frozen=True, kw_only=True)
class Gradient:
    """One field gradient: its largest component with its sign, asymmetry, and principal axes (columns xx, yy, zz)."""

    largest_au: float
    eta: float
    axes: np.ndarray


def shielding_of(tensor_ppm: np.ndarray) -> Shielding:
    """The parameters of a shielding tensor [3, 3]; its antisymmetric part, which powders do not show, is left out."""
    values, axes = np.linalg.eigh((tensor_ppm + tensor_ppm.T) / 2)
    isotropic = float(values.mean())
    order = np.argsort(np.abs(values - isotropic))
    yy, xx, zz = (int(k) for k in order)
    zeta = float(values[zz] - isotropic)
    span = float(values[2] - values[0])
    is_flat = span < _NO_ANISOTROPY_PPM
    return Shielding(
        isotropic_ppm=isotropic,
        zeta_ppm=zeta,
        eta=0.0 if is_flat else float((values[yy] - values[xx]) / zeta),
        span_ppm=span,
        skew=0.0 if is_flat else float(3 * (isotropic - values[1]) / span),
        axes=_right_handed(axes[:, [xx, yy, zz]]),
    )


def gradient_of(tensor_au: np.ndarray) -> Gradient:
    """The parameters of a field gradient [3, 3], without its trace."""
    symmetric = (tensor_au + tensor_au.T) / 2
    values, axes = np.linalg.eigh(symmetric - np.eye(3) * np.trace(symmetric) / 3)
    xx, yy, zz = (int(k) for k in np.argsort(np.abs(values)))
    is_zero = abs(values[zz]) < _NO_GRADIENT_AU
    return Gradient(
        largest_au=float(values[zz]),
        eta=0.0 if is_zero else float((values[xx] - values[yy]) / values[zz]),
        axes=_right_handed(axes[:, [xx, yy, zz]]),
    )


def quadrupole_coupling_MHz(largest_au: float, isotope: Isotope) -> float:
    """C_Q = e Q Vzz / h of a nucleus, with its sign; zero for spin 1/2."""
    moment_m2 = isotope.quadrupole_moment_barn * BARN_M2
    return ELEMENTARY_CHARGE_C * moment_m2 * largest_au * ATOMIC_EFG_V_PER_M2 / PLANCK_J_S * 1e-6


def has_central_transition(isotope: Isotope) -> bool:
    """Whether there is a line between +1/2 and -1/2 that the quadrupole coupling moves in second order alone."""
    return isotope.is_quadrupolar and (2 * isotope.spin) % 2 == 1


def second_order_shift_ppm(cq_MHz: float, eta: float, isotope: Isotope, *, field_T: float) -> float:
    """By how much the quadrupole coupling moves the centre of gravity of the central transition, ppm.

    -(3/40) (P/nu0)^2 (I(I+1) - 3/4) / (I^2 (2I-1)^2) with P = C_Q sqrt(1 + eta^2/3): under fast magic angle spinning
    and static alike (Samoson, doi 10.1016/0009-2614(85)85431-8).

    Raises
    ------
    ValueError
        For a nucleus without a central transition.
    """
    if not has_central_transition(isotope):
        raise ValueError(f"{isotope.symbol} has no central transition")
    spin = isotope.spin
    larmor_MHz = isotope.gyromagnetic_ratio_MHz_per_T * field_T
    product = cq_MHz**2 * (1 + eta**2 / 3)
    return -3e6 / 40 * product / larmor_MHz**2 * (spin * (spin + 1) - 0.75) / (spin**2 * (2 * spin - 1) ** 2)


def _right_handed(axes: np.ndarray) -> np.ndarray:
    return axes if np.linalg.det(axes) > 0 else axes * np.array([1.0, 1.0, -1.0])
