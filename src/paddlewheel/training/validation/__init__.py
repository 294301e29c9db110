"""How near one potential is to another: errors on labels, equation of state, phonons, g(r), vibrational spectra.

Functions of arrays and structures that return frozen dataclasses; one subject a file.
"""

from __future__ import annotations

from paddlewheel.training.validation.equation_of_state import EquationOfState, fit_equation_of_state
from paddlewheel.training.validation.error_tables import ErrorRow, Labels, error_table
from paddlewheel.training.validation.phonon_dos import (
    DOSDifference,
    PhononModes,
    common_grid,
    compare_dos,
    displaced_supercells,
    gaussian_dos,
    phonon_modes,
)
from paddlewheel.training.validation.radial import RadialDistribution, radial_difference, radial_distributions
from paddlewheel.training.validation.spectra import Band, Spectrum, find_band, power_spectrum

__all__ = [
    "Band",
    "DOSDifference",
    "EquationOfState",
    "ErrorRow",
    "Labels",
    "PhononModes",
    "RadialDistribution",
    "Spectrum",
    "common_grid",
    "compare_dos",
    "displaced_supercells",
    "error_table",
    "find_band",
    "fit_equation_of_state",
    "gaussian_dos",
    "phonon_modes",
    "power_spectrum",
    "radial_difference",
    "radial_distributions",
]
