"""Gaussian cube files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.volumetric.text_numbers import columns

if TYPE_CHECKING:
    from ase import Atoms

BOHR_A = 0.529177210903
"""CODATA 2018."""


def write_cube(path: Path, values: np.ndarray, *, atoms: Atoms, comment: str) -> None:
    """Write a Gaussian cube file (https://gaussian.com/cubegen): lengths in Bohr, values as they are given.

    The format has no place for the unit of the values: the comment says it. Any cell is allowed.

    Parameters
    ----------
    path
        The file.
    values
        `[n_a, n_b, n_c]` at the grid points.
    atoms
        Atoms shown with them, in the same cell.
    comment
        What the values are, with their unit; one line.
    """
    shape = values.shape
    steps = atoms.cell.array / np.array(shape)[:, None] / BOHR_A
    head = [f"{' '.join(comment.split())}", "written by paddlewheel; a slowest, c fastest; lengths in Bohr"]
    head.append(f"{len(atoms):5d} {0.0:12.6f} {0.0:12.6f} {0.0:12.6f}")
    head += [f"{n:5d} {x:18.12f} {y:18.12f} {z:18.12f}" for n, (x, y, z) in zip(shape, steps, strict=True)]
    head += [
        f"{number:5d} {float(number):12.6f} {x:12.6f} {y:12.6f} {z:12.6f}"
        for number, (x, y, z) in zip(atoms.numbers, atoms.positions / BOHR_A, strict=True)
    ]
    with open(path, "w", encoding="ascii", errors="replace") as file:
        file.write("\n".join(head) + "\n")
        for plane in values:  # every row along c begins a line, as cubegen writes it
            file.writelines(columns(row, per_line=6, number="%.6E") for row in plane)
