"""Crystals of monochromators: how they polarize."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

_CUBIC_A: Mapping[str, float] = {"ge": 5.6579, "si": 5.4310, "lif": 4.0270}
"""Edges of the cells of crystals that monochromators have."""
_GRAPHITE_D_A = 3.354
_HKL = re.compile(r"\(?\s*(\d)\s*(\d)\s*(\d)\s*\)?")


def cos2_of(crystal: str, wavelength_A: float, *, reflections: int = 1) -> float | None:
    """cos^2 2theta_m of a crystal by its name (``Ge 220``, ``graphite``), once for each reflection; None if unknown."""
    name = crystal.strip().lower()
    if "graphite" in name or name.startswith("pg"):
        d_A = _GRAPHITE_D_A
    else:
        element = next((symbol for symbol in _CUBIC_A if re.search(rf"\b{symbol}(\b|\()", name)), None)
        hkl = _HKL.search(name)
        if element is None or hkl is None or not any(map(int, hkl.groups())):
            return None
        d_A = _CUBIC_A[element] / float(np.sqrt(sum(int(index) ** 2 for index in hkl.groups())))
    sine = wavelength_A / (2 * d_A)
    return float(np.cos(2 * np.arcsin(sine)) ** (2 * reflections)) if sine < 1 else None
