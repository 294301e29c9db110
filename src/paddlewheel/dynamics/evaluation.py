"""Energy, forces and stress of a moving cell from an ASE calculator, at the price of one evaluation a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator


@dataclass(frozen=True)
class Evaluation:
    """What a potential says of one configuration.

    Attributes
    ----------
    energy_eV
        Potential energy.
    free_energy_eV
        The energy whose derivative the forces are; nan where the calculator does not give it.
    forces_eV_per_A
        [n_atoms, 3].
    stress_eV_per_A3
        [3, 3] with ASE's sign; None where it was not asked for, or the calculator has none.
    extrapolation_grade
        Over 1 outside the domain of the training set; nan where the potential does not say.
    """

    energy_eV: float
    free_energy_eV: float
    forces_eV_per_A: np.ndarray
    stress_eV_per_A3: np.ndarray | None
    extrapolation_grade: float


class Evaluator:
    """Asks a calculator about configurations of the same atoms, each once.

    ASE's way (`atoms.get_forces()`, `get_stress()`, ...) compares the configuration with the last one at every question
    and copies arrays; at 128 atoms this costs 0.3 ms a step. An `ase.calculators.calculator.Calculator` is therefore
    called directly; others (mixtures with a logic of their own) are asked ASE's way.

    Parameters
    ----------
    atoms
        Species, masses and boundary conditions; copied without momenta and constraints.
    calculator
        Its answer has to be a function of the positions and the cell alone.
    """

    def __init__(self, atoms: Atoms, calculator: Calculator) -> None:
        from ase import Atoms
        from ase.calculators.calculator import BaseCalculator, Calculator, all_changes

        self._atoms = Atoms(
            numbers=atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc, masses=atoms.get_masses(),
            magmoms=atoms.arrays.get("initial_magmoms"), charges=atoms.arrays.get("initial_charges"),
        )  # fmt: skip
        self._calculator: Any = calculator
        self.has_stress = "stress" in getattr(calculator, "implemented_properties", ())
        self._direct = isinstance(calculator, Calculator) and (
            type(calculator).get_property is BaseCalculator.get_property
        )
        self._changes = list(all_changes)

    def __call__(self, positions_A: np.ndarray, cell_A: np.ndarray, *, stress: bool) -> Evaluation:
        """Evaluate positions [n_atoms, 3] in the cell [3, 3]; `stress` where it is wanted and the calculator has it.

        Raises
        ------
        Exception
            Whatever the calculator raises.
        """
        atoms, wanted = self._atoms, stress and self.has_stress
        atoms.positions[:] = positions_A
        atoms.cell.array[:] = cell_A
        properties = ["energy", "forces", "stress"] if wanted else ["energy", "forces"]
        if self._direct:
            self._calculator.atoms, self._calculator.results = atoms, {}  # what ASE's own way would find changed
            self._calculator.calculate(atoms, properties, self._changes)
            self._changes = ["positions", "cell"]
            results = self._calculator.results
        else:
            asked = {name: self._calculator.get_property(name, atoms) for name in properties}
            results = getattr(self._calculator, "results", {}) | asked
        return Evaluation(
            energy_eV=float(results["energy"]),
            free_energy_eV=float(results.get("free_energy", np.nan)),
            forces_eV_per_A=results["forces"],
            stress_eV_per_A3=_matrix(results["stress"]) if "stress" in results else None,
            extrapolation_grade=float(results.get("extrapolation_grade", np.nan)),
        )


def _matrix(stress: np.ndarray) -> np.ndarray:
    if stress.shape == (3, 3):
        return stress
    xx, yy, zz, yz, xz, xy = stress
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
