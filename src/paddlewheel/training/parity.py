"""Labels beside predictions, and the errors between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.units import eV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator


@dataclass(frozen=True)
class Parity:
    """Labels (column 0) and predictions (column 1).

    Attributes
    ----------
    energy_eV_per_atom
        `[n_frames, 2]`.
    forces_eV_per_A
        `[3 * n_atoms of all frames, 2]`, all components.
    stress_eV_per_A3
        `[9 * n_frames, 2]`, all components of the tensor, positive under tension.
    """

    energy_eV_per_atom: np.ndarray
    forces_eV_per_A: np.ndarray
    stress_eV_per_A3: np.ndarray


@dataclass(frozen=True)
class Errors:
    """Mean absolute and root mean square errors over all entries of a `Parity`.

    The stress is averaged over the nine components of the tensor, as matgl's trainer does.
    """

    n_frames: int
    energy_mae_meV_per_atom: float
    energy_rmse_meV_per_atom: float
    force_mae_eV_per_A: float
    force_rmse_eV_per_A: float
    stress_mae_meV_per_A3: float
    stress_rmse_meV_per_A3: float

    @property
    def stress_mae_GPa(self) -> float:
        """The same in GPa."""
        return self.stress_mae_meV_per_A3 * 1e-3 * eV_PER_A3_IN_GPA

    @property
    def stress_rmse_GPa(self) -> float:
        """The same in GPa."""
        return self.stress_rmse_meV_per_A3 * 1e-3 * eV_PER_A3_IN_GPA


def compare_with_labels(
    frames: Sequence[Atoms], calculator: Calculator, *, on_frame: Callable[[int], None] = lambda done: None
) -> Parity:
    """Evaluate labelled frames with a calculator.

    Parameters
    ----------
    frames
        With energy, forces and stress.
    calculator
        What is compared with the labels.
    on_frame
        Called with the number of frames done.
    """
    energies, forces, stresses = [], [], []
    for done, frame in enumerate(frames, start=1):
        atoms = frame.copy()  # without the labels
        atoms.calc = calculator
        energies.append([frame.get_potential_energy(), atoms.get_potential_energy()])
        energies[-1] = [value / len(frame) for value in energies[-1]]
        forces.append(
            np.stack([labelled.get_forces(apply_constraint=False).ravel() for labelled in (frame, atoms)], axis=1)
        )
        stresses.append(np.stack([labelled.get_stress(voigt=False).ravel() for labelled in (frame, atoms)], axis=1))
        on_frame(done)
    return Parity(np.array(energies), np.concatenate(forces), np.concatenate(stresses))


def errors_by_group(parity: Parity, n_atoms: Sequence[int], groups: Sequence[str]) -> dict[str, Errors]:
    """The errors of the frames of each group, in the order of their names.

    Parameters
    ----------
    parity
        Of all frames.
    n_atoms, groups
        [n_frames] atoms of each frame, and the name of its group.
    """
    of_frame = np.array(groups)
    of_force, of_stress = np.repeat(of_frame, 3 * np.asarray(n_atoms)), np.repeat(of_frame, 9)
    return {
        name: errors_of(
            Parity(
                parity.energy_eV_per_atom[of_frame == name],
                parity.forces_eV_per_A[of_force == name],
                parity.stress_eV_per_A3[of_stress == name],
            )
        )
        for name in sorted(set(groups))
    }


def errors_of(parity: Parity) -> Errors:
    """Mean absolute and root mean square errors."""
    energy, force, stress = (
        columns[:, 1] - columns[:, 0]
        for columns in (parity.energy_eV_per_atom, parity.forces_eV_per_A, parity.stress_eV_per_A3)
    )
    return Errors(
        n_frames=len(energy),
        energy_mae_meV_per_atom=1e3 * _mae(energy),
        energy_rmse_meV_per_atom=1e3 * _rmse(energy),
        force_mae_eV_per_A=_mae(force),
        force_rmse_eV_per_A=_rmse(force),
        stress_mae_meV_per_A3=1e3 * _mae(stress),
        stress_rmse_meV_per_A3=1e3 * _rmse(stress),
    )


def _mae(difference: np.ndarray) -> float:
    return float(np.abs(difference).mean())


def _rmse(difference: np.ndarray) -> float:
    return float(np.sqrt((difference**2).mean()))
