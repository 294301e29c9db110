"""Calculators whose phonons are known: a chain of two masses, and a molecule that falls apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

SPRING_eV_PER_A2 = 2.0
SIDE_eV_PER_A2 = 0.5
SPACING_A = 2.5


class DiatomicChain(Calculator):
    """One chain along x of atoms in the order of their positions, each joined to the next by three springs.

    Along x the springs are `SPRING_eV_PER_A2` and `SPACING_A` long at rest; sideways they are `SIDE_eV_PER_A2` and pull
    the atoms onto one axis.
    """

    implemented_properties = ("energy", "forces", "stress")

    def calculate(
        self, atoms: Any = None, properties: Any = ("energy",), system_changes: Any = tuple(all_changes)
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        assert self.atoms is not None
        cell = np.array(self.atoms.cell)
        order = np.argsort(self.atoms.positions[:, 0] % cell[0, 0])
        sorted_atoms = self.atoms[order]
        n = len(order)
        step = np.array(
            [sorted_atoms.get_distance(i, (i + 1) % n, mic=True, vector=True) for i in range(n)]
        )  # to the right neighbour
        step[:, 0] = np.abs(step[:, 0]) - SPACING_A
        springs = np.array([SPRING_eV_PER_A2, SIDE_eV_PER_A2, SIDE_eV_PER_A2])
        pull = springs * step
        forces = np.zeros((n, 3))
        forces[order] = pull - np.roll(pull, 1, axis=0)
        stress = np.zeros(6)
        stress[0] = (pull[:, 0] * (step[:, 0] + SPACING_A)).sum() / abs(np.linalg.det(cell))
        self.results = {"energy": float(0.5 * (pull * step).sum()), "forces": forces, "stress": stress}


class Repulsion(Calculator):
    """Pairs that push each other apart up to 1.6 A: an H2 molecule does not survive."""

    implemented_properties = ("energy", "forces", "stress")

    def calculate(
        self, atoms: Any = None, properties: Any = ("energy",), system_changes: Any = tuple(all_changes)
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        assert self.atoms is not None
        apart = self.atoms.get_all_distances(mic=True, vector=True)
        distance = np.linalg.norm(apart, axis=2) + np.eye(len(self.atoms)) * 9
        push = np.maximum(1.6 - distance, 0.0)
        forces = -(2.0 * push / distance)[:, :, None] * apart
        self.results = {
            "energy": float(0.5 * (push**2).sum()), "forces": forces.sum(axis=1),
            "stress": np.zeros(6),
        }  # fmt: skip
