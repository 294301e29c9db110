"""Other places for the mobile ions of a crystal with polyanions: orderings over a list of sites, by Ewald energy.

The polyanions keep their centres and count as point charges there: formal charges of their atoms would say little (the
boron of BH4 and that of B12H12 have none in common), the charge of the anion is what an ion nearby sees. An anion that
an ion then sits on is turned away from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

from paddlewheel.crystals.anions import Polyanion, find_polyanions, gather
from paddlewheel.crystals.charges import cation_charge
from paddlewheel.crystals.disorder import order_structure
from paddlewheel.crystals.site_list import place_in_cell, read_site_list
from paddlewheel.errors import StructureError

if TYPE_CHECKING:
    from ase import Atoms

POLYANION_CHARGES = {"BH4": -1, "B12H12": -2, "B10H10": -2, "CB11H12": -1, "CB9H10": -1, "B3H8": -1, "NH2": -1}
_CLEAR_A = 1.9  # between an anion and anything else, short of Na-H contacts of 2.2 A
_SWEEPS, _TURNS = 6, 150
_STAND_INS = ("F", "Cl", "Br", "I", "O", "S", "Se", "Te")


def reorder_ions(
    atoms: Atoms, sites: str | Path, *, specie: str, n_orderings: int, seed: int,
    charges: Mapping[str, int] = POLYANION_CHARGES,
) -> list[Atoms]:  # fmt: skip
    """Cells with the same polyanions and the mobile ions on other sites of the list.

    Parameters
    ----------
    atoms
        One ordering; its anions keep their centres and shapes.
    sites
        A built-in name or a file, as `read_site_list` takes it: all filled alike.
    specie
        The mobile ion; its charge is the one that it has in solids.
    n_orderings, seed
        As in `order_structure`: distinct ones, fewer where there are fewer.
    charges
        Of the polyanions by formula.

    Raises
    ------
    StructureError
        If there is no polyanion, one without a charge, an ion of several charges, other atoms than those and the ions,
        or no neutral cell.
    """
    from pymatgen.core import Lattice, Structure

    ion_charge = cation_charge(specie)
    if ion_charge is None:
        raise StructureError(f"no one charge of {specie}", where="specie", remedy="name an ion such as Na, Mg or Al")
    anions = find_polyanions(atoms)
    mobile = [index for index, symbol in enumerate(atoms.get_chemical_symbols()) if symbol == specie]
    others = set(range(len(atoms))) - set(mobile) - {int(index) for anion in anions for index in anion.indices}
    kinds = sorted({anion.formula for anion in anions})
    unknown = [kind for kind in kinds if kind not in charges]
    if not anions or others or unknown:
        what = f"no charge for {unknown[0]}" if unknown else "atoms that are neither mobile nor in a polyanion"
        raise StructureError(what, where=atoms.get_chemical_formula(), remedy="give cells of ions and polyanions")
    stand_in = dict(zip(kinds, _STAND_INS, strict=False))
    placed = place_in_cell(read_site_list(sites, specie=specie), atoms.cell.array)
    centres = [np.linalg.solve(atoms.cell.array.T, gather(atoms, anion).mean(axis=0)) for anion in anions]
    structure = Structure(
        Lattice(atoms.cell.array),
        [stand_in[anion.formula] for anion in anions]
        + [{specie: len(mobile) / len(placed.labels)}] * len(placed.labels),
        [*centres, *placed.fractional],
    )
    cells = order_structure(
        structure, n_cells=n_orderings, seed=seed,
        oxidation_states={specie: ion_charge} | {stand_in[kind]: float(charges[kind]) for kind in kinds},
    )  # fmt: skip
    rng = np.random.default_rng(seed)
    found = []
    for cell in cells:
        new = atoms.copy()
        new.positions[mobile] = [atom.position for atom in cell.atoms if atom.symbol == specie]
        found.append(_turned_away(new, anions, rng))
    return found


def _turned_away(atoms: Atoms, anions: Sequence[Polyanion], rng: np.random.Generator) -> Atoms:
    """Turn anions that an ion now sits on, each to the best of some random turns, until no contact is short."""
    atoms = atoms.copy()
    inverse = np.linalg.inv(atoms.cell.array)
    whole = [gather(atoms, anion) for anion in anions]  # once: turned anions are whole already
    for _ in range(_SWEEPS):
        clear = True
        for number, anion in enumerate(anions):
            indices = np.array([int(index) for index in anion.indices])
            others = np.setdiff1d(np.arange(len(atoms)), indices)
            centre = whole[number].mean(axis=0)
            turns = Rotation.random(_TURNS, rng=rng).as_matrix()
            turns[0] = np.eye(3)
            places = (whole[number] - centre) @ turns.swapaxes(-1, -2) + centre  # [n_turns, n, 3]
            # contacts are short beside the cell, so that rounding finds the nearest image
            apart = (places.reshape(-1, 1, 3) - atoms.positions[others]) @ inverse
            apart = (apart - np.rint(apart)) @ atoms.cell.array
            nearest = np.linalg.norm(apart, axis=-1).reshape(_TURNS, -1).min(axis=1)
            if nearest[0] >= _CLEAR_A:
                continue
            clear = False
            whole[number] = places[int(np.argmax(nearest))]
            atoms.positions[indices] = whole[number]
        if clear:
            break
    return atoms
