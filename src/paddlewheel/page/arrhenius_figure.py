"""The line of an Arrhenius fit, and its 68 and 95 % bands carried to any temperature."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from paddlewheel.records.arrhenius import ROOM_K, ArrheniusResult
from paddlewheel.units import BOLTZMANN_eV_PER_K

_NORMAL_95 = 1.959964


@dataclass(frozen=True)
class FittedLine:
    """ln y = ln_prefactor - Ea / (k T), with y = sigma T (mS K/cm) or D (cm2/s), and its covariance."""

    of_conductivity: bool
    ln_prefactor: float
    activation_energy_eV: float
    variance_ln_prefactor: float
    variance_activation_energy: float
    covariance: float
    factor_68: float = 1.0
    factor_95: float = _NORMAL_95

    def values(self, temperatures_K: np.ndarray) -> np.ndarray:
        """Sigma (mS/cm) or D (cm2/s), `[n]`."""
        log = self.ln_prefactor - self.activation_energy_eV / (BOLTZMANN_eV_PER_K * temperatures_K)
        return np.exp(log) / (temperatures_K if self.of_conductivity else 1.0)

    def log_std(self, temperatures_K: np.ndarray) -> np.ndarray:
        """Standard uncertainty of ln y, `[n]`: the covariance of the two parameters, carried to each temperature."""
        slope = -1.0 / (BOLTZMANN_eV_PER_K * temperatures_K)
        variance = (
            self.variance_ln_prefactor + slope**2 * self.variance_activation_energy + 2.0 * slope * self.covariance
        )
        return np.sqrt(np.maximum(variance, 0.0))


def fitted_line(fit: ArrheniusResult | None) -> FittedLine | None:
    """The line of the record's fit; None where nothing was fitted.

    The factors of the two bands are those by which the record's own intervals at 300 K are wider than the carried
    standard uncertainty (Student's t, for few temperatures), so that the bands meet the printed intervals; 1 and
    1.96 where the record has none.
    """
    if fit is None or fit.refused is not None or fit.ln_prefactor is None or fit.activation_energy_eV is None:
        return None
    line = FittedLine(
        of_conductivity=fit.fitted == "ln(sigma*T)",
        ln_prefactor=fit.ln_prefactor.value,
        activation_energy_eV=fit.activation_energy_eV.value,
        variance_ln_prefactor=fit.ln_prefactor.std**2,
        variance_activation_energy=fit.activation_energy_eV.std**2,
        covariance=fit.covariance_ln_prefactor_activation_energy or 0.0,
    )
    std = float(line.log_std(np.array([ROOM_K]))[0])
    if std == 0 or not line.of_conductivity:
        return line
    ends_68, ends_95 = interval_68(fit), fit.conductivity_300K_95_mS_per_cm
    return replace(
        line,
        factor_68=_half_width(ends_68) / std if ends_68 else 1.0,
        factor_95=_half_width(ends_95) / std if ends_95 and ends_95[0] > 0 else _NORMAL_95,
    )


def interval_68(fit: ArrheniusResult | None) -> tuple[float, float] | None:
    """The 68 % interval of sigma at 300 K in mS/cm, symmetric in ln sigma; by the std, half its width, if need be."""
    if fit is None or fit.conductivity_300K_mS_per_cm is None or fit.conductivity_300K_mS_per_cm.value <= 0:
        return None
    sigma = fit.conductivity_300K_mS_per_cm
    if sigma.interval_68 is not None:
        return sigma.interval_68
    factor = math.exp(math.asinh(sigma.std / sigma.value))
    return sigma.value / factor, sigma.value * factor


def _half_width(ends: tuple[float, float]) -> float:
    return 0.5 * math.log(ends[1] / ends[0])
