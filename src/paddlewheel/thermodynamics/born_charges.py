"""Born charges and the dielectric tensor from a file, for the splitting of longitudinal and transverse optical modes.

The part of the dynamical matrix that depends on the direction from which a wave vector comes to Gamma (Pick, Cohen and
Martin, Phys. Rev. B 1, 910 (1970), doi 10.1103/PhysRevB.1.910) is phonopy's, summed over the whole lattice at other
wave vectors (Gonze and Lee, Phys. Rev. B 55, 10355 (1997), doi 10.1103/PhysRevB.55.10355).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.constants import e, epsilon_0, pi

from paddlewheel.errors import InputError
from paddlewheel.foreign import DAMAGE, read_text

if TYPE_CHECKING:
    from ase import Atoms

COULOMB_eV_A = e / (4 * pi * epsilon_0) * 1e10
"""e^2 / (4 pi epsilon_0)."""
_SYMMETRY_A = 1e-3
_NEUTRAL_e = 0.05
"""An atom, up to which the sum of the charges is want of convergence, and is taken off all alike."""
_REMEDY = (
    "write phonopy's BORN: a line with the unit, nine numbers of the dielectric tensor, nine of each atom's charge"
)


def read_born_charges(path: str | Path, cell: Atoms) -> dict[str, Any]:
    """Read a file in phonopy's BORN format: charges (e) of the atoms that symmetry leaves independent, in their order.

    Parameters
    ----------
    path
        The file.
    cell
        The cell whose modes are counted; its symmetry spreads the charges. What little their sum is not zero by
        (acoustic sum rule: a rigid shift of the crystal makes no dipole) is taken off all alike.

    Returns
    -------
    What phonopy takes as `nac_params`: `born` [n_atoms, 3, 3], `dielectric` [3, 3], `factor` (eV A).

    Raises
    ------
    InputError
        If it is no such file, or of another number of atoms, or its charges are not those of a neutral cell.
    """
    from phonopy.exception import BORNFileParseError
    from phonopy.file_IO import parse_BORN
    from phonopy.structure.atoms import PhonopyAtoms

    read_text(Path(path), InputError, remedy=_REMEDY)
    atoms = PhonopyAtoms(
        symbols=cell.get_chemical_symbols(), cell=np.array(cell.cell), scaled_positions=cell.get_scaled_positions()
    )
    try:
        found: dict[str, Any] = dict(parse_BORN(atoms, symprec=_SYMMETRY_A, filename=str(path)))
    except (BORNFileParseError, *DAMAGE) as error:
        raise InputError(
            f"no Born charges of {cell.get_chemical_formula()}: {error}", where=path, remedy=_REMEDY
        ) from error
    if not np.linalg.eigvalsh(found["dielectric"]).min() >= 1 or not np.isfinite(found["born"]).all():
        raise InputError(
            f"a dielectric tensor with {np.linalg.eigvalsh(found['dielectric']).min():g}", where=path,
            remedy="give that of the electrons alone, 1 or more in every direction",
        )  # fmt: skip
    left_e = found["born"].mean(axis=0)
    if np.abs(left_e).max() > _NEUTRAL_e:
        total = left_e.flat[np.abs(left_e).argmax()] * len(cell)
        raise InputError(
            f"the charges of the {len(cell)} atoms of {cell.get_chemical_formula()} add up to {total:+.2g} e, not to 0",
            where=path, remedy="give the atoms in the order of the cell, and converge their charges",
        )  # fmt: skip
    found["born"] = found["born"] - left_e
    found.setdefault("factor", COULOMB_eV_A)
    return found
