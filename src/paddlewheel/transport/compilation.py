"""How the loops of this room are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc", "nsz"}}


def kernel(function: Callable) -> Any:
    """Compile a function at its first call, free of the interpreter's lock, with the code kept for the next process.

    Sums may be taken in another order, so that they can be vectorized; numbers that are not finite keep their meaning.
    """
    try:
        return njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # nowhere to keep it: a home that cannot be written either
        return njit(**_OPTIONS)(function)
