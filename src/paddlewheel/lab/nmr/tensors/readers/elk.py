"""Elk's EFG.OUT (task 115), with the structure of the GEOMETRY.OUT beside it.

Elk writes the derivatives of the Coulomb potential that an electron feels: minus those of the electrostatic potential,
which tensors of NMR are of. In NaBH4 they are negative along B-H at H, where the bare nucleus of boron makes a positive
one: measured quadrupole couplings of deuterium in B-D bonds are positive.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import parsing, read_text
from paddlewheel.lab.nmr.tensors.atom_tensors import AtomTensors

BOHR_A = 0.529177210544
"""CODATA 2022."""
_ATOM = re.compile(
    r"Species :\s*\d+ \((\w+)\), atom :\s*(\d+)\s*\n\s*\n?\s*EFG tensor :\s*\n((?:(?:\s+\S+){3}[ \t]*\n){3})"
)


def recognizes(text: str) -> bool:
    """Whether it is an EFG.OUT."""
    return "electric field gradient tensor is in Cartesian coordinates" in text[:400]


def read(text: str, path: Path) -> AtomTensors:
    """Read one; see `read_tensors`."""
    found = _ATOM.findall(text)
    n_atoms = text.count("Species :")
    if len(found) < n_atoms or not found:
        raise DataError(
            f"{len(found)} of {n_atoms} tensors are whole",
            where=path,
            remedy="give the EFG.OUT of an ended run",
        )
    symbols = tuple(symbol for symbol, _, _ in found)
    gradient = -np.array([rows.split() for _, _, rows in found], dtype=float).reshape(-1, 3, 3)
    cell, positions, warnings = None, None, ()
    geometry = path.with_name("GEOMETRY.OUT")
    if geometry.is_file():
        written = read_text(geometry, DataError, remedy="remove it, or give the one that Elk wrote")
        with parsing(geometry, DataError, remedy="remove it, or give the one that Elk wrote"):
            there, cell, positions = read_geometry(written)
        if there != symbols:
            raise DataError("has other atoms than EFG.OUT", where=geometry, remedy="give both files of one run")
    else:
        warnings = ("no GEOMETRY.OUT lies beside it: give --structure to group equivalent atoms",)
    return AtomTensors(
        source=path, code="Elk", symbols=symbols, labels=tuple(f"{symbol} {number}" for symbol, number, _ in found),
        efg_au=(gradient + gradient.transpose(0, 2, 1)) / 2, positions_A=positions, cell_A=cell, warnings=warnings,
    )  # fmt: skip


def read_geometry(text: str) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Elements, cell [3, 3] and Cartesian positions [n, 3], A, of GEOMETRY.OUT (the blocks of elk.in)."""
    lines = [line.split(":")[0].strip() for line in text.splitlines()]
    scale = [float(lines[lines.index(name) + 1]) for name in ("scale", "scale1", "scale2", "scale3")]
    at = lines.index("avec") + 1
    vectors = np.array([[float(word) for word in line.split()] for line in lines[at : at + 3]])
    cell = vectors * scale[0] * np.array(scale[1:])[:, None] * BOHR_A
    symbols, fractional = list[str](), list[list[float]]()
    at = lines.index("atoms") + 1
    n_species, at = int(lines[at]), at + 1
    for _ in range(n_species):
        symbol, count = lines[at].strip("'\" ").removesuffix(".in"), int(lines[at + 1])
        fractional += [[float(word) for word in line.split()[:3]] for line in lines[at + 2 : at + 2 + count]]
        symbols += [symbol] * count
        at += 2 + count
    return tuple(symbols), cell, np.array(fractional) @ cell
