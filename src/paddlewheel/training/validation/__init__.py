"""How near one potential is to another: errors on labels, equation of state.

Functions of arrays and structures that return frozen dataclasses; one subject a file.
"""

from __future__ import annotations

from paddlewheel.training.validation.equation_of_state import EquationOfState, fit_equation_of_state
from paddlewheel.training.validation.error_tables import ErrorRow, Labels, error_table

__all__ = [
    "EquationOfState",
    "ErrorRow",
    "Labels",
    "error_table",
    "fit_equation_of_state",
]
