"""Transport: mean squared displacement, diffusivity with honest errors, conductivity, Arrhenius, active ions.

Functions of arrays that return frozen dataclasses; they know nothing of files.
"""

from __future__ import annotations

from paddlewheel.transport.active import ActiveCurve, ActiveFraction, active_fraction, active_fraction_curve
from paddlewheel.transport.arrhenius import ArrheniusFit, Band, fit_arrhenius
from paddlewheel.transport.conductivity import (
    Conductivity,
    HavenRatio,
    collective_diffusivity,
    conductivity_per_diffusivity,
    haven_ratio,
    tracer_conductivity,
)
from paddlewheel.transport.diffusion import Curve, DiffusivityEstimate, estimate_diffusivity
from paddlewheel.transport.msd import MSD, mean_squared_displacement
from paddlewheel.transport.temperature_models import ModelFit

__all__ = [
    "MSD",
    "ActiveCurve",
    "ActiveFraction",
    "ArrheniusFit",
    "Band",
    "Conductivity",
    "Curve",
    "DiffusivityEstimate",
    "HavenRatio",
    "ModelFit",
    "active_fraction",
    "active_fraction_curve",
    "collective_diffusivity",
    "conductivity_per_diffusivity",
    "estimate_diffusivity",
    "fit_arrhenius",
    "haven_ratio",
    "mean_squared_displacement",
    "tracer_conductivity",
]
