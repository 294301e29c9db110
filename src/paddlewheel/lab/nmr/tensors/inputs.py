"""Input files of CASTEP and Elk for tensors of NMR.

CASTEP's as in the Methods of the paper (CASTEP 23.1): PBE, ultrasoft pseudopotentials made on the fly (CASTEP's own
where the .cell names none), 800 eV, k-points closer than 0.04 x 2 pi / A, shielding and field gradients by GIPAW. Two
files of 40 lines are written here rather than through the package castepinput.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.nmr.tensors.readers.elk import BOHR_A

if TYPE_CHECKING:
    from ase import Atoms

PAPER_CUTOFF_eV = 800.0
PAPER_SPACING_PER_A = 0.04
"""Between k-points, in units of 2 pi / A."""
ELK_SPACING_PER_A = 0.08
"""For Elk, whose all electrons cost more."""
CASTEP_FUNCTIONALS = {"PBE": "PBE", "PBEsol": "PBEsol", "LDA": "LDA", "r2SCAN": "RSCAN"}
_ELK_FUNCTIONALS = {"PBE": 20, "PBEsol": 22, "LDA": 3}
_ELK_SMALLEST = {"H": 3.5}
_ELK_USUAL = 7.0
"""|G+k| times the radius of the smallest sphere: hydrogen's spheres are small, and its states smooth."""


def mesh_of(cell_A: np.ndarray, spacing_per_A: float) -> tuple[int, int, int]:
    """Divisions of the reciprocal cell that put k-points no farther apart than `spacing_per_A` times 2 pi / A."""
    lengths = np.linalg.norm(np.linalg.inv(cell_A).T, axis=1)
    first, second, third = (max(1, int(np.ceil(length / spacing_per_A - 1e-9))) for length in lengths)
    return first, second, third


def castep_cell(atoms: Atoms, *, spacing_per_A: float) -> str:
    """The .cell: lattice, places, k-points as an explicit mesh, and the symmetry for CASTEP to find."""
    cell = np.asarray(atoms.cell.array)
    mesh = mesh_of(cell, spacing_per_A)
    rows = [
        "%BLOCK LATTICE_CART", "ANG", *("  " + _row(vector) for vector in cell), "%ENDBLOCK LATTICE_CART", "",
        "%BLOCK POSITIONS_FRAC",
        *(f"  {symbol:<3}" + _row(place) for symbol, place in zip(
            atoms.get_chemical_symbols(), atoms.get_scaled_positions(), strict=True)),
        "%ENDBLOCK POSITIONS_FRAC", "",
        f"# no farther apart than {spacing_per_A:g} x 2 pi / A",
        f"KPOINT_MP_GRID {mesh[0]} {mesh[1]} {mesh[2]}", "SYMMETRY_GENERATE", "",
        "# pseudopotentials: none are named, so CASTEP makes its own ultrasoft ones on the fly",
    ]  # fmt: skip
    return "\n".join(rows) + "\n"


def castep_param(*, cutoff_eV: float, functional: str) -> str:
    """The .param: shielding and field gradients (MAGRES_TASK NMR) of an insulator."""
    rows = {
        "TASK": "MAGRES",
        "MAGRES_TASK": "NMR",
        "XC_FUNCTIONAL": CASTEP_FUNCTIONALS[functional],
        "CUT_OFF_ENERGY": f"{cutoff_eV:g} eV",
        "FIX_OCCUPANCY": "TRUE",
        "OPT_STRATEGY": "SPEED",
        "SPIN_POLARIZED": "FALSE",
    }
    return "".join(f"{name:<16}: {value}\n" for name, value in rows.items())


def elk_input(atoms: Atoms, *, spacing_per_A: float, functional: str, species_path: str) -> str:
    """The elk.in: ground state and field gradients (tasks 0 and 115).

    Raises
    ------
    SettingsError
        For a functional that Elk lacks.
    """
    if functional not in _ELK_FUNCTIONALS:
        raise SettingsError(f"{functional} is not one of Elk's", where="functional", remedy="give PBE, PBEsol or LDA")
    symbols, cell = atoms.get_chemical_symbols(), np.asarray(atoms.cell.array)
    smallest = [_ELK_SMALLEST[symbol] for symbol in set(symbols) if symbol in _ELK_SMALLEST]
    rows = [
        "tasks", "  0", "  115", "", "xctype", f"  {_ELK_FUNCTIONALS[functional]}", "", "sppath",
        f"  '{species_path.rstrip('/')}/'", "", "! the gradients need l = 2 next to the nuclei", "lmaxi", "  2", "",
        "isgkmax", "  -3", "", "rgkmax", f"  {min(smallest, default=_ELK_USUAL):g}", "", "ngridk",
        "  " + " ".join(str(count) for count in mesh_of(cell, spacing_per_A)), "", "avec",
        *("  " + _row(vector / BOHR_A) for vector in cell), "", "atoms", f"  {len(set(symbols))}",
    ]  # fmt: skip
    fractional = atoms.get_scaled_positions()
    for element in dict.fromkeys(symbols):
        places = [fractional[k] for k, symbol in enumerate(symbols) if symbol == element]
        rows += [f"  '{element}.in'", f"  {len(places)}", *("  " + _row(place) + "  0 0 0" for place in places)]
    return "\n".join(rows) + "\n"


def _row(vector: np.ndarray) -> str:
    return " ".join(f"{value:16.10f}" for value in vector)
