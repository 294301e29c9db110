"""How near one potential is to another: errors on labels, equation of state, phonons.

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

__all__ = [
    "DOSDifference",
    "EquationOfState",
    "ErrorRow",
    "Labels",
    "PhononModes",
    "common_grid",
    "compare_dos",
    "displaced_supercells",
    "error_table",
    "fit_equation_of_state",
    "gaussian_dos",
    "phonon_modes",
]
