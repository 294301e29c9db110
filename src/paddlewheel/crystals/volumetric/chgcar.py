"""VASP's CHGCAR."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.volumetric.text_numbers import columns

if TYPE_CHECKING:
    from ase import Atoms


def write_chgcar(path: Path, values: np.ndarray, *, atoms: Atoms, comment: str) -> None:
    """Write values (1/A^3) as a CHGCAR (https://www.vasp.at/wiki/index.php/CHGCAR): value times cell volume, a fastest.

    Programs divide by the volume, so that they show the values; the mean over the grid of what stands in the file is
    the integral, the number of ions.

    Parameters
    ----------
    path
        The file; VESTA knows it by "CHGCAR" in its name.
    values
        `[n_a, n_b, n_c]` at the grid points, 1/A^3.
    atoms
        Atoms shown with them, in the same cell.
    comment
        First line.
    """
    symbols = atoms.get_chemical_symbols()
    kinds = list(dict.fromkeys(symbols))
    order = [i for kind in kinds for i, symbol in enumerate(symbols) if symbol == kind]
    head = [" ".join(comment.split()), "   1.00000000000000"]
    head += [f" {x:18.12f} {y:18.12f} {z:18.12f}" for x, y, z in atoms.cell.array]
    head += [" ".join(f"{kind:>4s}" for kind in kinds), " ".join(f"{symbols.count(kind):4d}" for kind in kinds)]
    head.append("Direct")
    fractional = np.linalg.solve(atoms.cell.array.T, atoms.positions.T).T
    head += [f"{x:12.8f} {y:12.8f} {z:12.8f}" for x, y, z in fractional[order]]
    head += ["", " ".join(f"{n:5d}" for n in values.shape)]
    with open(path, "w", encoding="ascii", errors="replace") as file:
        file.write("\n".join(head) + "\n")
        file.write(columns(values.ravel(order="F") * atoms.get_volume(), per_line=5, number="%.10E"))
