"""Fields in which an ion hops, with saddles in closed form or published."""

from __future__ import annotations

from typing import Any

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

BARRIER_eV, PERIOD_A = 0.31, 3.0
FLAT_eV_PER_A2 = 0.1
MULLER_BROWN = ((-200.0, -1.0, 0.0, -10.0, 1.0, 0.0), (-100.0, -1.0, 0.0, -10.0, 0.0, 0.5),
                (-170.0, -6.5, 11.0, -6.5, -0.5, 1.5), (15.0, 0.7, 0.6, 0.7, -1.0, 1.0))  # fmt: skip
"""A, a, b, c, x0, y0 of each term (Muller, Brown, doi 10.1007/BF00547608)."""


class Field(Calculator):
    """A field on each atom by itself; a subclass gives its energy and force."""

    implemented_properties = ("energy", "forces", "stress")

    def field(self, place: np.ndarray) -> tuple[float, np.ndarray]:
        """Energy (eV) and force (eV/A) at a place."""
        raise NotImplementedError

    def calculate(
        self, atoms: Any = None, properties: Any = ("energy",), system_changes: Any = tuple(all_changes)
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        assert self.atoms is not None
        told = [self.field(place) for place in self.atoms.positions]
        energy = sum(each for each, _ in told)
        self.results = {"energy": energy, "forces": np.array([force for _, force in told]), "stress": np.zeros(6)}


class Egg(Field):
    """Minima on a simple cubic lattice of `PERIOD_A`: E = B (sin^2 pi x/a + sin^2 pi y/a + sin^2 pi z/a).

    The saddle of a hop to a neighbour is at half way, `BARRIER_eV` high.
    """

    def field(self, place: np.ndarray) -> tuple[float, np.ndarray]:
        phase = np.pi * place / PERIOD_A
        energy = BARRIER_eV * float((np.sin(phase) ** 2).sum())
        return energy, -BARRIER_eV * np.pi / PERIOD_A * np.sin(2 * phase)


class Fork(Field):
    """Minima at x = 0 and `PERIOD_A`, with a hill on the straight line between them and a pass on each side.

    E = B s (1 + 2 (y^2 - 1)^2) + k (1 - s) y^2 + 2 z^2 with s = sin^2(pi x/a): at half way the hill at y = 0 is 3 B
    high, and the energy falls from it along x and y; the passes at y = +-1 A are B high. With k < B nothing on the way
    to them is higher: along the valley the energy is B s + k (1 - s) - k^2 (1 - s)^2 / (8 B s), or 3 B s near the ends.
    """

    def field(self, place: np.ndarray) -> tuple[float, np.ndarray]:
        x, y, z = place
        phase = np.pi * x / PERIOD_A
        across = 1.0 + 2.0 * (y * y - 1.0) ** 2
        well, stiff = np.sin(phase) ** 2, 1.0 - np.sin(phase) ** 2
        energy = BARRIER_eV * well * across + FLAT_eV_PER_A2 * stiff * y * y + 2.0 * z * z
        force_x = -(BARRIER_eV * across - FLAT_eV_PER_A2 * y * y) * np.pi / PERIOD_A * np.sin(2 * phase)
        force_y = -BARRIER_eV * well * 8.0 * y * (y * y - 1.0) - 2.0 * FLAT_eV_PER_A2 * stiff * y
        return float(energy), np.array([force_x, force_y, -4.0 * z])


class MullerBrown(Field):
    """The surface of Muller and Brown in x and y, in eV by a hundred of its units."""

    def field(self, place: np.ndarray) -> tuple[float, np.ndarray]:
        x, y, z = place
        energy, force = 2.0 * z * z, np.array([0.0, 0.0, -4.0 * z])
        for scale, a, b, c, x0, y0 in MULLER_BROWN:
            dx, dy = x - x0, y - y0
            term = 0.01 * scale * np.exp(a * dx * dx + b * dx * dy + c * dy * dy)
            energy += term
            force -= np.array([term * (2 * a * dx + b * dy), term * (b * dx + 2 * c * dy), 0.0])
        return float(energy), force
