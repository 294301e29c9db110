"""Calculators whose phonons are known: a chain of two masses, and a molecule that falls apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

SPRING_eV_PER_A2 = 2.0
SIDE_eV_PER_A2 = 0.5
SPACING_A = 2.5
SODIUM_A, HYDRIDE_A = 4.2, 4.88
"""Lattice parameters of Na (bcc) and NaH."""


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


class Shells(Calculator):
    """Sodium, its hydride and hydrogen of pairs on springs: each is at rest, without a force, where a crystal has it.

    Of each pair of elements the distances at rest; a pair belongs to the nearest, up to a tenth beyond the last.
    """

    implemented_properties = ("energy", "free_energy", "forces", "stress")
    _AT_REST_A = {
        ("Na", "Na"): (SODIUM_A * 3**0.5 / 2, SODIUM_A), ("H", "Na"): (HYDRIDE_A / 2,),
        ("H", "H"): (0.74, HYDRIDE_A / 2**0.5),
    }  # fmt: skip

    def calculate(
        self, atoms: Any = None, properties: Any = ("energy",), system_changes: Any = tuple(all_changes)
    ) -> None:
        from ase.neighborlist import neighbor_list

        super().calculate(atoms, properties, system_changes)
        assert self.atoms is not None
        n, symbols = len(self.atoms), np.array(self.atoms.get_chemical_symbols())
        first, second, vectors, lengths = neighbor_list("ijDd", self.atoms, 4.4)
        stretch = np.zeros(len(lengths))
        for (one, other), at_rest in self._AT_REST_A.items():
            there = symbols[first], symbols[second]
            of_pair = ((there[0] == one) & (there[1] == other)) | ((there[0] == other) & (there[1] == one))
            off = lengths[of_pair, None] - np.array(at_rest)
            nearest = off[np.arange(len(off)), np.abs(off).argmin(axis=1)]
            stretch[of_pair] = np.where(np.abs(nearest) < 0.3, nearest, 0.0)
        pull = SPRING_eV_PER_A2 * (stretch / lengths)[:, None] * vectors  # of each pair on its first atom
        stress = 0.5 * vectors.T @ pull / self.atoms.get_volume()
        self.results = {
            "energy": 0.25 * SPRING_eV_PER_A2 * float((stretch**2).sum()),
            "forces": np.array([np.bincount(first, pull[:, axis], n) for axis in range(3)]).T,
            "stress": stress[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]],
        }
        self.results["free_energy"] = self.results["energy"]
