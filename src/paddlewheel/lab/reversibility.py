"""What the peaks of a cyclic voltammogram say of its couple: reversible, quasi-reversible, irreversible or held on the
surface.

A dissolved reversible couple has peaks 2.22 RT/nF apart (57.0 mV/n at 25 C), some more where the sweep turns soon after
its peak (Nicholson and Shain, Anal. Chem. 1964, 36, 706, doi 10.1021/ac60210a007), and a peak current 0.4463 n F A C
sqrt(n F v D / RT). A slower transfer sets them apart by its psi = k0 / sqrt(pi D n F v / RT) (Nicholson, Anal. Chem.
1965, 37, 1351, doi 10.1021/ac60230a016). A couple on the surface has peaks above each other, 3.53 RT/nF wide, with
currents that rise as the rate (Laviron, J. Electroanal. Chem. 1979, 101, 19, doi 10.1016/S0022-0728(79)80075-3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.records import Measured
from paddlewheel.units import FARADAY_C_PER_MOL, BOLTZMANN_eV_PER_K

Verdict = Literal["reversible", "quasi-reversible", "irreversible", "surface", "unclear"]
_T0_K = 298.15
_AFTER_PEAK_mV = (71.5, 121.5, 171.5, 271.5, 1000.0)
_SEPARATION_mV = (60.5, 59.2, 58.3, 57.8, 57.0)
"""n times how far the sweep goes beyond its peak, and n times the separation, 25 C (Nicholson and Shain 1964, as in
Bard and Faulkner, Electrochemical Methods)."""
_PSI_SEPARATION_mV = (61.0, 63.0, 64.0, 65.0, 66.0, 68.0, 72.0, 84.0, 92.0, 105.0, 121.0, 141.0, 212.0)
_PSI = (20.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.75, 0.5, 0.35, 0.25, 0.1)
"""n times the separation, and psi, 25 C, alpha = 0.5 (Nicholson 1965, table I)."""
_SURFACE_WIDTH = 3.53
_RANDLES_SEVCIK = 0.4463
_EVEN = 0.1
"""Of the half before a peak over its width, which is 0.5 of a surface and 0.28 of diffusion."""
_NEAR = 0.1
"""Of the expected separation: so much readings of it differ."""
_RATIO = (0.8, 1.25)
_LEAST_RATES_APART = 1.5


def thermal_V(temperature_K: float, electrons: int) -> float:
    """RT / nF in V."""
    return BOLTZMANN_eV_PER_K * temperature_K / electrons


def expected_separation_V(*, beyond_peak_V: float, temperature_K: float, electrons: int) -> float:
    """Of a reversible dissolved couple whose sweep turns `beyond_peak_V` behind its peak."""
    scale = thermal_V(temperature_K, electrons) / thermal_V(_T0_K, 1)
    return scale * 1e-3 * float(np.interp(1e3 * beyond_peak_V / scale, _AFTER_PEAK_mV, _SEPARATION_mV))


def nicholson_psi(separation_V: float, *, temperature_K: float, electrons: int) -> float | None:
    """psi of a separation; None outside Nicholson's table: below 61 mV/n it is above 20, above 212 mV/n below 0.1."""
    from scipy.interpolate import PchipInterpolator

    scaled = 1e3 * separation_V * thermal_V(_T0_K, 1) / thermal_V(temperature_K, electrons)
    if not _PSI_SEPARATION_mV[0] <= scaled <= _PSI_SEPARATION_mV[-1]:
        return None
    return float(np.exp(PchipInterpolator(_PSI_SEPARATION_mV, np.log(_PSI))(scaled)))


def rate_constant_cm_per_s(
    psi: float, *, diffusivity_cm2_per_s: float, rate_V_per_s: float, temperature_K: float, electrons: int
) -> float:
    """k0 = psi sqrt(pi D v / (RT/nF))."""
    return psi * float(np.sqrt(np.pi * diffusivity_cm2_per_s * rate_V_per_s / thermal_V(temperature_K, electrons)))


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A verdict, and why: one reason a sentence."""

    verdict: Verdict
    reasons: tuple[str, ...]


def judge(
    *,
    separation_V: Measured,
    beyond_peak_V: float,
    ratio: Measured | None,
    half_peak_V: float | None,
    width_V: float | None,
    temperature_K: float,
    electrons: int,
) -> Judged:
    """Whether a couple is reversible.

    Parameters
    ----------
    separation_V
        Anodic less cathodic peak.
    beyond_peak_V
        How far the first sweep goes on behind its peak.
    ratio
        Current of the return peak over that of the first; None where unknown.
    half_peak_V, width_V
        How far before the first peak the current is half of it, and its full width at half height; None where it does
        not come to half. A peak of diffusion is lopsided, one of a surface is not.
    """
    thermal = thermal_V(temperature_K, electrons)
    expected = expected_separation_V(
        beyond_peak_V=max(beyond_peak_V, 0.0), temperature_K=temperature_K, electrons=electrons
    )
    apart, error = separation_V.value, separation_V.std
    told = f"peaks {1e3 * apart:.3g} +- {2e3 * error:.2g} mV apart (95 %)"
    surface_V = _SURFACE_WIDTH * thermal
    reasons = [f"{told}; a reversible dissolved couple of {electrons} e has {1e3 * expected:.3g} mV"]
    lost = ratio is not None and not _RATIO[0] - 2 * ratio.std <= ratio.value <= _RATIO[1] + 2 * ratio.std
    if ratio is not None:
        reasons.append(f"ratio of the peak currents {ratio.value:.3g} +- {2 * ratio.std:.2g}, 1 is expected")
    near = _NEAR * expected + 2 * error
    even = width_V is not None and half_peak_V is not None and abs(half_peak_V / width_V - 0.5) < _EVEN
    if even and width_V is not None and apart + 2 * error < 0.75 * expected and abs(width_V / surface_V - 1) < 0.3:
        reasons = [
            f"{told}; a couple on the surface has 0",
            f"its peak is {1e3 * width_V:.3g} mV wide at half height; one of {electrons} e on the surface "
            f"{1e3 * surface_V:.3g} mV",
            *reasons[1:],
        ]
        return Judged(verdict="unclear" if lost else "surface", reasons=tuple(reasons))
    if apart < expected - near:
        more = round(expected * electrons / apart) if apart > 0 else 0
        reasons.append(f"so near each other {more} e would bring them" if more > electrons else "nearer than it may be")
        return Judged(verdict="unclear", reasons=tuple(reasons))
    if apart <= expected + near:
        if lost:
            reasons.append("the transfer is fast, but what the first peak makes is not all there at the second")
        return Judged(verdict="unclear" if lost else "reversible", reasons=tuple(reasons))
    psi = nicholson_psi(apart, temperature_K=temperature_K, electrons=electrons)
    if psi is None:
        reasons.append("farther apart than Nicholson's table goes: a slow transfer, or an ohmic drop")
        return Judged(verdict="irreversible", reasons=tuple(reasons))
    reasons.append(f"Nicholson's psi is {psi:.2g}, if none of it is an ohmic drop")
    return Judged(verdict="quasi-reversible", reasons=tuple(reasons))


@dataclass(frozen=True, kw_only=True)
class RateTrend:
    """Peak currents over sweep rates.

    Attributes
    ----------
    exponent
        b of i = a v^b: 0.5 of diffusion, 1 of a surface or a capacitance.
    slope_A_per_root_V_per_s
        Of i against sqrt(v), through the origin.
    n_rates
        Different rates.
    """

    exponent: Measured
    slope_A_per_root_V_per_s: Measured
    n_rates: int

    @property
    def told(self) -> str:
        """What the exponent says."""
        for value, what in ((0.5, "of diffusion"), (1.0, "of the surface")):
            if abs(self.exponent.value - value) <= max(2 * self.exponent.std, 0.05):
                return what
        return "between diffusion and surface" if 0.5 < self.exponent.value < 1 else "of neither diffusion nor surface"


def trend_with_rate(rates_V_per_s: Sequence[float], currents_A: Sequence[Measured]) -> RateTrend | None:
    """The law of peak currents over sweep rates; None of rates that are not told apart.

    Errors are those of the scatter about the law, and at least those of the currents.
    """
    rates = np.asarray(rates_V_per_s, dtype=float)
    sizes = np.array([abs(current.value) for current in currents_A])
    errors = np.array([current.std for current in currents_A])
    if len(rates) < 2 or rates.max() < _LEAST_RATES_APART * rates.min() or not np.all(sizes > 0):
        return None
    groups = len(np.unique(np.round(np.log(rates) / np.log(1.05))))
    relative = np.maximum(errors / sizes, 1e-4)
    design = np.column_stack([np.ones_like(rates), np.log(rates)])
    (_, exponent), covariance = _fit(design, np.log(sizes), relative)
    root = np.sqrt(rates)
    (slope,), slope_covariance = _fit(root[:, None], sizes, relative * sizes)
    return RateTrend(
        exponent=Measured(value=float(exponent), std=float(np.sqrt(covariance[1, 1]))),
        slope_A_per_root_V_per_s=Measured(value=float(slope), std=float(np.sqrt(slope_covariance[0, 0]))),
        n_rates=groups,
    )


def _fit(design: np.ndarray, y: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    weighted = design / errors[:, None]
    covariance = np.linalg.inv(weighted.T @ weighted)
    values = covariance @ (weighted.T @ (y / errors))
    freedom = len(y) - design.shape[1]
    squares = float(np.sum((y / errors - weighted @ values) ** 2))
    return values, covariance * (max(1.0, squares / freedom) if freedom > 0 else 1.0)


def diffusivity_cm2_per_s(
    slope_A_per_root_V_per_s: Measured,
    *,
    area_cm2: Measured,
    concentration_mol_per_L: float,
    temperature_K: float,
    electrons: int,
) -> Measured:
    """D of Randles and Sevcik: slope = 0.4463 n F A C sqrt(D / (RT/nF))."""
    per_root = _RANDLES_SEVCIK * electrons * FARADAY_C_PER_MOL * area_cm2.value * 1e-3 * concentration_mol_per_L
    value = (slope_A_per_root_V_per_s.value / per_root) ** 2 * thermal_V(temperature_K, electrons)
    relative = np.hypot(slope_A_per_root_V_per_s.std / slope_A_per_root_V_per_s.value, area_cm2.std / area_cm2.value)
    return Measured(value=value, std=float(2 * relative * value))
