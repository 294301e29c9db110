"""Labels of NaBH4 by GPAW against the mesh of k-points, in its primitive and its cubic cell (docs/labels.md).

r2SCAN, 500 eV. About three minutes of a core.

    OMP_NUM_THREADS=1 python benchmarks/gpaw_meshes.py
"""

from __future__ import annotations

import numpy as np
from ase import Atoms

from paddlewheel.firstprinciples.gpaw.calculator import calculate
from paddlewheel.firstprinciples.setups import CalculationSettings, spacing_of_mesh


def cubic(lattice_A: float = 6.13, bond_A: float = 1.23) -> Atoms:
    """NaBH4 as rock salt of Na and BH4, all tetrahedra alike (F-43m): 24 atoms."""
    corner = bond_A / np.sqrt(3) * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    shifts = lattice_A / 2 * np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])
    places = [place for shift in shifts for place in (shift + lattice_A / 2, shift, *(shift + corner))]
    return Atoms("NaBH4" * 4, positions=places, cell=[lattice_A] * 3, pbc=True)


def primitive(lattice_A: float = 6.13) -> Atoms:
    """The same in its primitive cell: 6 atoms."""
    cell = lattice_A / 2 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
    return Atoms("NaBH4", positions=cubic(lattice_A).positions[:6], cell=cell, pbc=True)


def main() -> None:
    """Print the table."""
    print("| cell | mesh | spacing (1/A) | energy (eV/atom) | largest force (eV/A) | stress (eV/A^3) |")
    print("|---|---|---|---|---|---|")
    for name, atoms, spacings in (("primitive", primitive(), (0.9, 0.6, 0.36)), ("cubic", cubic(), (0.6, 0.36))):
        for spacing in spacings:
            settings = CalculationSettings(
                name="meshes", functional="r2SCAN", cutoff_eV=500.0, k_spacing_per_A=spacing,
                energy_tolerance_eV_per_atom=1e-5,
            )  # fmt: skip
            calculation = calculate(settings, atoms)
            assert calculation is not None
            (step,), mesh = calculation.steps, calculation.setup.k_mesh
            assert step.energy_eV is not None
            assert step.forces_eV_per_A is not None
            assert step.stress_eV_per_A3 is not None
            assert mesh is not None
            print(
                f"| {name} | {' x '.join(map(str, mesh))} | {spacing_of_mesh(atoms.cell, mesh):.2f} | "
                f"{step.energy_eV / len(atoms):.5f} | {np.abs(step.forces_eV_per_A).max():.4f} | "
                f"{step.stress_eV_per_A3[0]:.5f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
