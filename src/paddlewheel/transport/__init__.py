"""Transport: mean squared displacement, diffusivity with honest errors, conductivity of one and of several species,
Arrhenius, active ions, van Hove functions, g(r), coordination, spectra.

Functions of arrays that return frozen dataclasses; they know nothing of files.
"""

from __future__ import annotations

from paddlewheel.transport.active import (
    DEFAULT_THRESHOLD_A2,
    PAPER_WINDOW_PS,
    ActiveCurve,
    ActiveFraction,
    active_fraction,
    active_fraction_curve,
    fraction_std,
)
from paddlewheel.transport.arrhenius import ArrheniusFit, Band, fit_arrhenius
from paddlewheel.transport.conductivity import Conductivity, conductivity_per_diffusivity, tracer_conductivity
from paddlewheel.transport.coordination import ALL_KINDS, Lifetime, Shell, Surroundings, coordination_shells
from paddlewheel.transport.diffusion import CAGE_PS, Curve, DiffusivityEstimate, estimate_diffusivity
from paddlewheel.transport.log_values import Combination, LogValue, fit_logs, sum_of
from paddlewheel.transport.msd import MSD, mean_squared_displacement
from paddlewheel.transport.onsager import OnsagerCoefficients, OnsagerPair, Quantity, onsager_coefficients
from paddlewheel.transport.radial import (
    FirstShell,
    PairDistribution,
    RadialDistribution,
    first_shell,
    pair_distribution,
    radial_difference,
    radial_distributions,
)
from paddlewheel.transport.spectra import (
    SpectralBand,
    Spectrum,
    find_band,
    highest_wavenumber,
    orientation_spectrum,
    power_spectrum,
    unit_vectors,
)
from paddlewheel.transport.stationarity import Stationarity, steady
from paddlewheel.transport.temperature_models import ModelFit
from paddlewheel.transport.trend import Direction, Trend, direction, fit_trend, slope_difference
from paddlewheel.transport.van_hove import (
    VanHoveDistinct,
    VanHoveSelf,
    log_spaced_lags,
    van_hove_distinct,
    van_hove_self,
)

__all__ = [
    "CAGE_PS",
    "Combination",
    "LogValue",
    "fit_logs",
    "sum_of",
    "DEFAULT_THRESHOLD_A2",
    "PAPER_WINDOW_PS",
    "fraction_std",
    "Direction",
    "Trend",
    "direction",
    "fit_trend",
    "slope_difference",
    "highest_wavenumber",
    "orientation_spectrum",
    "unit_vectors",
    "FirstShell",
    "PairDistribution",
    "first_shell",
    "pair_distribution",
    "VanHoveDistinct",
    "VanHoveSelf",
    "log_spaced_lags",
    "van_hove_distinct",
    "van_hove_self",
    "OnsagerCoefficients",
    "OnsagerPair",
    "Quantity",
    "onsager_coefficients",
    "Stationarity",
    "steady",
    "ALL_KINDS",
    "Lifetime",
    "Shell",
    "Surroundings",
    "coordination_shells",
    "radial_distributions",
    "radial_difference",
    "power_spectrum",
    "find_band",
    "Spectrum",
    "SpectralBand",
    "RadialDistribution",
    "MSD",
    "ActiveCurve",
    "ActiveFraction",
    "ArrheniusFit",
    "Band",
    "Conductivity",
    "Curve",
    "DiffusivityEstimate",
    "ModelFit",
    "active_fraction",
    "active_fraction_curve",
    "conductivity_per_diffusivity",
    "estimate_diffusivity",
    "fit_arrhenius",
    "mean_squared_displacement",
    "tracer_conductivity",
]
