"""Text of outputs, and numbers, tensors and smearings as programs print them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DatasetError
from paddlewheel.foreign import read_document

NUMBER = r"[-+]?\d+\.?\d*(?:[EeDd][-+]?\d+)?"
"""Pattern of a number, Fortran's D among its exponents."""


def output_text(path: Path, *, remedy: str) -> str:
    """The text of an output; letters beyond ASCII, which stand in titles and names alone, are replaced.

    A killed run may end within a letter, and some bytes of other encodings would end a line.
    """
    return read_document(path, DatasetError, remedy=remedy).decode("ascii", errors="replace")


def number(text: str) -> float:
    """The number of a text that `NUMBER` matches; one too large for a float is damage (ValueError)."""
    value = float(text.replace("D", "E").replace("d", "e"))
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is no number")
    return value


def voigt(values: Any) -> np.ndarray:
    """[6] in ASE's order (xx, yy, zz, yz, xz, xy) of such six, of nine, or of [3, 3], whose halves are averaged."""
    from ase.stress import full_3x3_to_voigt_6_stress

    array = np.asarray(values, dtype=np.float64)
    return array if array.shape == (6,) else full_3x3_to_voigt_6_stress(array.reshape(3, 3))


_SMEARINGS = {
    "gaussian": ("gaussian", "gauss"),
    "fermi": ("fermi-dirac", "fermi", "f-d", "fd", "fermidirac"),
    "methfessel-paxton": ("methfessel-paxton", "m-p", "mp", "hermite-polynomials", "hermitepolynomials"),
    "marzari-vanderbilt": ("marzari-vanderbilt", "m-v", "mv", "cold", "cold-smearing", "coldsmearing"),
    "tetrahedron": ("tetrahedron", "tetrahedra"),
}


def smearing(method: str, width_eV: float | None) -> str:
    """Method and width in the words of `Setup.smearing`."""
    plain = "-".join(method.lower().replace("_", "-").split())
    name = next((name for name, words in _SMEARINGS.items() if plain in words), plain)
    return name if width_eV is None else f"{name} {width_eV:.4g} eV"
