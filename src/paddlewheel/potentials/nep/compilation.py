"""How the kernels are compiled, and when what was compiled may be used again.

numba keeps the machine code beside the sources, or in the user's cache where it may not write there. It judges by the
file that a function stands in whether the code is still fresh; the kernels are spread over several files and compiled
into one, so that here the contents of all of them decide.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit

_OPTIONS = {"nogil": True, "error_model": "numpy"}


def kernel(function: Callable) -> Any:
    """Compile a function at its first call, free of the interpreter's lock, with the code kept for the next process."""
    try:
        compiled: Any = njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # nowhere to keep it: a home that cannot be written either
        return njit(**_OPTIONS)(function)
    compiled._cache._cache_file._source_stamp = _sources()
    return compiled


@cache
def _sources() -> str:
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
