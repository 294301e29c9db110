"""Features of whole structures, for sampling: the potential's own latent space, or a fixed radial descriptor.

A calculator with `atom_features(atoms) -> [n_atoms, n_features]` (our M3GNet: the node features that its readout sees;
our NEP: its scaled descriptors) says itself how it tells atoms apart. For any other ASE calculator: per ordered pair
of elements, Gaussians of the distances to the neighbours under 6 A. Either way a structure gets the mean and the
standard deviation over its atoms, so that cells of all sizes compare, and one unusual atom is not averaged away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

RADIAL_CUTOFF_A = 6.0
_CENTRES_A = np.linspace(0.8, 5.6, 17)
_WIDTH_A = 0.3


def feature_kind(calculator: Calculator) -> str:
    """What `structure_features` takes from this calculator, for the record."""
    if hasattr(calculator, "atom_features"):
        return "latent space of the potential: mean and standard deviation over the atoms"
    return f"radial: Gaussians of the pair distances under {RADIAL_CUTOFF_A:g} A, mean and standard deviation"


def structure_features(calculator: Calculator, atoms: Atoms, *, elements: Sequence[str]) -> np.ndarray:
    """Features [n_features] of one structure, invariant under rotation, translation and the order of the atoms.

    Parameters
    ----------
    calculator
        See the module's text.
    elements
        All elements of the set, for the radial fallback: structures without one of them have zeros there.
    """
    if hasattr(calculator, "atom_features"):
        features = np.asarray(calculator.atom_features(atoms), dtype=np.float64)  # type: ignore[attr-defined]
    else:
        features = radial_features(atoms, elements=elements)
    return np.concatenate([features.mean(axis=0), features.std(axis=0)])


def radial_features(atoms: Atoms, *, elements: Sequence[str]) -> np.ndarray:
    """Per atom, for each ordered pair of elements, sums of Gaussians of the distances times a cosine cutoff.

    [n_atoms, n_elements^2 * 17]; the block of an atom's own element is filled, the others are zero.
    """
    from paddlewheel.potentials.neighbours import NeighbourList

    a, b, c = (bool(flag) for flag in atoms.pbc)
    bonds = NeighbourList(cutoff_A=RADIAL_CUTOFF_A, skin_A=0.0).update(
        positions_A=atoms.get_positions(), cell_A=np.array(atoms.cell), pbc=(a, b, c)
    )
    numbers = {symbol: index for index, symbol in enumerate(elements)}
    species = np.array([numbers[symbol] for symbol in atoms.get_chemical_symbols()])
    distances = bonds.distance_A
    fade = 0.5 * (1 + np.cos(np.pi * distances / RADIAL_CUTOFF_A))
    values = np.exp(-0.5 * ((distances[:, None] - _CENTRES_A) / _WIDTH_A) ** 2) * fade[:, None]
    features = np.zeros((len(atoms), len(elements) ** 2, len(_CENTRES_A)))
    block = species[bonds.centre] * len(elements) + species[bonds.neighbour]
    np.add.at(features, (bonds.centre, block), values)
    return features.reshape(len(atoms), -1)
