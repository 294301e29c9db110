"""Columns of numbers as text."""

from __future__ import annotations

import numpy as np


def columns(values: np.ndarray, *, per_line: int, number: str) -> str:
    """`values` `[n]` with the format `number`, `per_line` to a line; the last line may be shorter."""
    line = " ".join([number] * per_line) + "\n"
    whole = values.size // per_line
    rest = values[whole * per_line :]
    text = (line * whole) % tuple(values[: whole * per_line].tolist())
    return text + " ".join(number % value for value in rest.tolist()) + ("\n" if rest.size else "")
