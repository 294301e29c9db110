"""Small labelled frames of copper and aluminium: EMT, a potential with an exact energy, force and stress."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator


def labelled(atoms: Atoms) -> Atoms:
    """The structure with EMT's labels."""
    computed = atoms.copy()
    computed.calc = EMT()
    labels = {
        "energy": computed.get_potential_energy(),
        "forces": computed.get_forces(),
        "stress": computed.get_stress(),
    }
    frame = atoms.copy()
    frame.calc = SinglePointCalculator(frame, **labels)
    return frame


def alloy_frames(n: int, *, seed: int = 0) -> list[Atoms]:
    """`n` cells of four atoms, each with its own composition, strain and displacements."""
    rng = np.random.default_rng(seed)
    frames = []
    for index in range(n):
        atoms = bulk("Cu", "fcc", a=3.8, cubic=True)
        atoms.symbols[: index % 4] = "Al"
        strain = rng.normal(0, 0.02, (3, 3))
        atoms.set_cell(atoms.cell.array @ (np.eye(3) + strain + strain.T), scale_atoms=True)
        atoms.rattle(0.08, rng=rng)
        frames.append(labelled(atoms))
    return frames
