"""Input files of CASTEP and Elk for tensors of NMR.

CASTEP's as in the Methods of the paper (CASTEP 23.1): PBE, ultrasoft pseudopotentials made on the fly (CASTEP's own
where the .cell names none), 800 eV, k-points closer than 0.04 x 2 pi / A, shielding and field gradients by GIPAW. The
parts that labels have as well are those of `firstprinciples.castep.inputs`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.firstprinciples.castep import inputs as castep
from paddlewheel.firstprinciples.castep.program import CASTEP
from paddlewheel.firstprinciples.setups import mesh_of_spacing
from paddlewheel.lab.nmr.tensors.readers.elk import BOHR_A

if TYPE_CHECKING:
    from ase import Atoms

PAPER_CUTOFF_eV = 800.0
PAPER_SPACING_PER_A = 0.04
"""Between k-points, in units of 2 pi / A."""
ELK_SPACING_PER_A = 0.08
"""For Elk, whose all electrons cost more."""
_MAGRES_FUNCTIONS = """\
seed() {
    basename "$(ls ./*.cell)" .cell
}

finished() {
    [ -f "$(seed).magres" ] && grep -q '^Total time' "$(seed).castep"
}

# CASTEP appends to an output that is there: that of a killed run is put aside
prepare() {
    if [ -f "$(seed).castep" ]; then
        mv "$(seed).castep" "$(seed).castep.cut-$(date +%s)"
    fi
}

calculate() {
    bash -c "exec $command $(seed)" >castep.out 2>&1
}
"""
CASTEP_MAGRES = replace(CASTEP, functions=_MAGRES_FUNCTIONS)
"""How submit.sh runs CASTEP for tensors, in folders with one .cell each."""
_ELK_FUNCTIONALS = {"PBE": 20, "PBEsol": 22, "LDA": 3}
_ELK_SMALLEST = {"H": 3.5}
_ELK_USUAL = 7.0
"""|G+k| times the radius of the smallest sphere: hydrogen's spheres are small, and its states smooth."""


def castep_cell(atoms: Atoms, *, spacing_per_A: float) -> str:
    """The .cell: lattice, places, k-points as an explicit mesh, and the symmetry for CASTEP to find."""
    rows = [
        *castep.lattice_rows(atoms), "", *castep.position_rows(atoms), "",
        f"# no farther apart than {spacing_per_A:g} x 2 pi / A",
        *castep.mesh_rows(atoms, 2 * math.pi * spacing_per_A, with_gamma=False), "SYMMETRY_GENERATE", "",
        "# pseudopotentials: none are named, so CASTEP makes its own ultrasoft ones on the fly",
    ]  # fmt: skip
    return "\n".join(rows) + "\n"


def castep_param(*, cutoff_eV: float, functional: str) -> str:
    """The .param: shielding and field gradients (MAGRES_TASK NMR) of an insulator."""
    values = {
        "TASK": "MAGRES",
        "MAGRES_TASK": "NMR",
        "CUT_OFF_ENERGY": f"{cutoff_eV:g} eV",
        "FIX_OCCUPANCY": True,
        "OPT_STRATEGY": "SPEED",
        "SPIN_POLARIZED": False,
    }
    return "\n".join([*castep.functional_rows(functional), *castep.param_rows(values)]) + "\n"


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
    mesh = mesh_of_spacing(cell, 2 * math.pi * spacing_per_A)
    smallest = [_ELK_SMALLEST[symbol] for symbol in set(symbols) if symbol in _ELK_SMALLEST]
    rows = [
        "tasks", "  0", "  115", "", "xctype", f"  {_ELK_FUNCTIONALS[functional]}", "", "sppath",
        f"  '{species_path.rstrip('/')}/'", "", "! the gradients need l = 2 next to the nuclei", "lmaxi", "  2", "",
        "isgkmax", "  -3", "", "rgkmax", f"  {min(smallest, default=_ELK_USUAL):g}", "", "ngridk",
        "  " + " ".join(str(count) for count in mesh), "", "avec",
        *("  " + _row(vector / BOHR_A) for vector in cell), "", "atoms", f"  {len(set(symbols))}",
    ]  # fmt: skip
    fractional = atoms.get_scaled_positions()
    for element in dict.fromkeys(symbols):
        places = [fractional[k] for k, symbol in enumerate(symbols) if symbol == element]
        rows += [f"  '{element}.in'", f"  {len(places)}", *("  " + _row(place) + "  0 0 0" for place in places)]
    return "\n".join(rows) + "\n"


def _row(vector: np.ndarray) -> str:
    return " ".join(f"{value:16.10f}" for value in vector)
