"""What a universal potential gives through paddlewheel and by its own package, for three structures, as JSON.

    python universal_numbers.py chgnet-r2scan sevennet:7net-0 ...

For each name and structure: energy, forces and stress of both; and along one direction the derivative of the energy by
differences beside that of the forces.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
from ase import Atoms
from ase.build import bulk

from paddlewheel.potentials import load_potential

_STEP_A = 0.01


def _own(name: str) -> Any:
    """The calculator as the package's documentation makes it."""
    if name.startswith("chgnet"):
        from chgnet.model.dynamics import CHGNetCalculator  # pyright: ignore[reportMissingImports]
        from chgnet.model.model import CHGNet  # pyright: ignore[reportMissingImports]

        version = name.partition("-")[2] or "0.3.0"
        return CHGNetCalculator(CHGNet.load(model_name=version, use_device="cpu"), use_device="cpu")
    from sevenn.calculator import SevenNetCalculator  # pyright: ignore[reportMissingImports]

    model, _, modal = name.partition(":")[2].partition("@")
    return SevenNetCalculator(model, device="cpu", modal=modal or None)


def structures() -> list[Atoms]:
    """A halide, an oxide under strain, and a hydride, each off its minimum."""
    found = [
        bulk("NaCl", "rocksalt", a=5.64, cubic=True),
        bulk("MgO", "rocksalt", a=4.21, cubic=True),
        bulk("LiH", "rocksalt", a=4.08, cubic=True),
    ]
    found[1].set_cell(
        found[1].cell.array @ (np.eye(3) + np.array([[0.02, 0.01, 0], [0.01, 0, 0], [0, 0, -0.01]])), True
    )
    for seed, atoms in enumerate(found):
        atoms.rattle(0.08, seed=seed)
    return found


def _results(atoms: Atoms, calculator: Any) -> dict[str, Any]:
    atoms = atoms.copy()
    atoms.calc = calculator
    return {
        "energy_eV": float(atoms.get_potential_energy()),
        "forces_eV_per_A": np.asarray(atoms.get_forces(), dtype=float).tolist(),
        "stress_eV_per_A3": np.asarray(atoms.get_stress(), dtype=float).tolist(),
    }


def _slopes(atoms: Atoms, calculator: Any) -> tuple[float, float]:
    direction = np.random.default_rng(1).normal(size=atoms.positions.shape)
    direction /= np.linalg.norm(direction)
    energies = []
    for sign in (1, -1):
        moved = atoms.copy()
        moved.positions += sign * _STEP_A * direction
        moved.calc = calculator
        energies.append(float(moved.get_potential_energy()))
    atoms = atoms.copy()
    atoms.calc = calculator
    return (energies[0] - energies[1]) / (2 * _STEP_A), -float((atoms.get_forces() * direction).sum())


if __name__ == "__main__":
    stdout, sys.stdout = sys.stdout, sys.stderr  # packages announce themselves
    told: dict[str, list[dict[str, Any]]] = {}
    for name in sys.argv[1:]:
        ours, theirs = load_potential(name), _own(name)
        told[name] = [
            {"ours": _results(atoms, ours), "theirs": _results(atoms, theirs), "slopes_eV_per_A": _slopes(atoms, ours)}
            for atoms in structures()
        ]
    json.dump(told, stdout)
