"""Fit a student to labelled frames: SOAP on energies, forces and stresses, each error against its own scale."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from ase.stress import voigt_6_to_full_3x3_stress

from paddlewheel.errors import PotentialError, SettingsError
from paddlewheel.potentials.nep import NEPCalculator, NEPEngine
from paddlewheel.training.element_references import composition_counts, fit_element_references
from paddlewheel.training.student.geometry import make_geometry
from paddlewheel.training.student.network import Constants, Student, to_device, zero_model
from paddlewheel.training.student.settings import FitSettings, StudentSettings
from paddlewheel.training.student.soap import SOAP
from paddlewheel.units import eV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True, eq=False)
class Batch:
    """Some frames: their constants, and their labels without the repulsion of the form, in the order of the constants.

    `composition` [n_frames, n_elements] and `energy_eV` [n_frames] are in double precision.
    """

    constants: Constants
    n_atoms: torch.Tensor
    composition: torch.Tensor
    volume_A3: torch.Tensor
    energy_eV: torch.Tensor
    force_eV_per_A: torch.Tensor
    stress_GPa: torch.Tensor
    most_neighbours: tuple[int, int]


def make_batches(
    frames: Sequence[Atoms], settings: StudentSettings, *, batch_atoms: int, seed: int, device: str
) -> list[Batch]:
    """Frames in random order, some in each batch; about 30 kB of memory an atom at 45 angular neighbours.

    Raises
    ------
    PotentialError
        If a frame has no energy, forces or stress, or an element that the student lacks.
    """
    groups: list[list[int]] = [[]]
    for index in np.random.default_rng(seed).permutation(len(frames)):
        if sum(len(frames[i]) for i in groups[-1]) >= batch_atoms:
            groups.append([])
        groups[-1].append(int(index))
    return [_make_batch([frames[i] for i in group], group, settings, device) for group in groups]


def _make_batch(frames: Sequence[Atoms], numbers: Sequence[int], settings: StudentSettings, device: str) -> Batch:
    geometry = make_geometry(frames, settings)
    for atoms, number in zip(frames, numbers, strict=True):
        results = {} if atoms.calc is None else atoms.calc.results
        lacking = [name for name in ("energy", "forces", "stress") if name not in results]
        if lacking:
            raise PotentialError(
                f"frame {number} ({atoms.get_chemical_formula()}) has no {', '.join(lacking)}",
                remedy="label it, `paddlewheel label`; a student without virials does not hold its volume",
            )
    energies = np.array([atoms.get_potential_energy() for atoms in frames])
    forces = np.concatenate([atoms.get_forces() for atoms in frames])
    stress = np.stack([atoms.get_stress(voigt=False) for atoms in frames])
    if settings.zbl_outer_A:
        repulsion = [_repulsion(atoms, settings) for atoms in frames]
        energies -= [energy for energy, _, _ in repulsion]
        forces -= np.concatenate([part for _, part, _ in repulsion])
        stress -= np.stack([part for _, _, part in repulsion])

    def tensor(values: Any, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        return torch.as_tensor(np.asarray(values), dtype=dtype).to(device)

    return Batch(
        constants=to_device(geometry, n_frames=len(frames), device=device),
        n_atoms=tensor([len(atoms) for atoms in frames]),
        volume_A3=tensor([atoms.get_volume() for atoms in frames]),
        composition=tensor(composition_counts(frames, settings.elements), torch.float64),
        energy_eV=tensor(energies, torch.float64),
        force_eV_per_A=tensor(forces[geometry.atom]),
        stress_GPa=tensor(stress * eV_PER_A3_IN_GPA),
        most_neighbours=geometry.most_neighbours,
    )


def _repulsion(atoms: Atoms, settings: StudentSettings) -> tuple[float, np.ndarray, np.ndarray]:
    """Energy (eV), forces (eV/A) and stress [3, 3] (eV/A^3) of the repulsion of the form alone."""
    calculator = _repulsion_alone(settings)
    calculator.calculate(atoms)
    found = calculator.results
    return found["energy"], found["forces"], voigt_6_to_full_3x3_stress(found["stress"])


@functools.cache
def _repulsion_alone(settings: StudentSettings) -> NEPCalculator:
    return NEPCalculator(NEPEngine(zero_model(settings), dtype="float64"))


@dataclass(frozen=True)
class Errors:
    """Mean absolute errors of a student."""

    energy_meV_per_atom: float
    force_eV_per_A: float
    stress_GPa: float


def differences(student: Student, batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Errors of the energies (meV/atom), forces (eV/A) and stresses (GPa) of a batch."""
    predicted = student(batch.constants)
    beyond_eV = (batch.energy_eV - batch.composition @ student.base_eV).float()
    energy = (predicted.energy_eV - beyond_eV) / batch.n_atoms * 1000
    stress = -predicted.virial_eV / batch.volume_A3[:, None, None] * eV_PER_A3_IN_GPA - batch.stress_GPa
    return energy, predicted.force_eV_per_A - batch.force_eV_per_A, stress


def mean_errors(student: Student, batches: Sequence[Batch]) -> Errors:
    """Mean absolute errors over batches: per frame for energies, per component for forces and stresses."""
    sums, counts = np.zeros(3), np.zeros(3)
    for batch in batches:
        for index, values in enumerate(differences(student, batch)):
            sums[index] += float(values.detach().abs().sum())
            counts[index] += values.numel()
    return Errors(*(float(value) for value in sums / counts))


def _loss(student: Student, batch: Batch, settings: FitSettings) -> torch.Tensor:
    energy, force, stress = differences(student, batch)
    pressure = stress.diagonal(dim1=1, dim2=2).mean(dim=1)

    def counted(values: torch.Tensor, scale: float) -> torch.Tensor:
        limit = settings.linear_beyond
        return (torch.sqrt(1 + (values / (scale * limit)) ** 2) - 1) * limit**2

    weights = torch.cat([
        torch.full((n, 1), settings.force_weights.get(symbol, 1.0), device=force.device)
        for symbol, n in zip(student.settings.elements, batch.constants.n_by_species, strict=True)
    ])  # fmt: skip
    return (
        counted(energy, settings.energy_scale_meV_per_atom).mean()
        + (weights * counted(force, settings.force_scale_eV_per_A)).mean()
        + counted(stress, settings.stress_scale_GPa).mean()
        + counted(pressure, settings.pressure_scale_GPa).mean()
    )


class Fit:
    """One fit as a resumable object: it steps, and gives and takes its whole state.

    Parameters
    ----------
    frames
        Labelled frames.
    form, settings
        The student's form, and how it is fitted.
    device
        Torch device.
    start
        Parameters of an earlier student of the same form, to go on from; new ones by default.
    refit_references
        Whether the energies of the elements are to be fitted anew to what `start` leaves of the labels, because it was
        made from another reference (functional, pseudopotentials, isolated atoms).

    Raises
    ------
    PotentialError
        If a frame lacks a label or has a foreign element, or an element of the student is in no frame.
    SettingsError
        If a force weight is for an element that the student lacks.
    """

    def __init__(
        self,
        frames: Sequence[Atoms],
        form: StudentSettings,
        settings: FitSettings,
        *,
        device: str = "cpu",
        start: dict[str, torch.Tensor] | None = None,
        refit_references: bool = False,
    ) -> None:
        present = {symbol for atoms in frames for symbol in set(atoms.get_chemical_symbols())}
        absent = [symbol for symbol in form.elements if symbol not in present]
        if absent:
            raise PotentialError(
                f"no frame holds {', '.join(absent)}", remedy="add frames with it, or leave the element out"
            )
        foreign = [symbol for symbol in settings.force_weights if symbol not in form.elements]
        if foreign:
            raise SettingsError(
                ", ".join(foreign),
                where="force_weights",
                remedy=f"name elements of the student: {', '.join(form.elements)}",
            )
        self.settings = settings
        self.batches = make_batches(frames, form, batch_atoms=settings.batch_atoms, seed=settings.seed, device=device)
        self.student = Student(form, seed=settings.seed).to(device)
        if start is None:
            self._begin(frames)
        else:
            self.student.load_state_dict(self._with_base(start))
            if refit_references:
                self._refit_references(frames)
        self.averaged = {name: value.detach().clone() for name, value in self.student.state_dict().items()}
        self.optimizer = SOAP(self.student.parameters(), lr=settings.learning_rate)
        self.step_number = 0
        self.loss = math.nan

    def _begin(self, frames: Sequence[Atoms]) -> None:
        """Reference energies from the frames, and descriptors scaled to unit spread over the first batches."""
        student = self.student
        energies = np.array([atoms.get_potential_energy() for atoms in frames])
        self._add_to_base(frames, energies)
        first = self.batches[:20]
        with torch.no_grad():
            found = [student.descriptors(batch.constants) for batch in first]
            student.q_scaler.copy_(1 / torch.cat(found).std(dim=0).clamp_min(1e-6))
            by_species = [
                gradient.split(batch.constants.n_by_species) for gradient, batch in zip(found, first, strict=True)
            ]
            for species, parts in enumerate(zip(*by_species, strict=True)):
                student.b0[species] += student.w0[species] @ (torch.cat(parts).mean(0) * student.q_scaler)

    def _with_base(self, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Parameters of an earlier version have no base: it was nought."""
        return {"base_eV": torch.zeros_like(self.student.base_eV)} | state

    def _refit_references(self, frames: Sequence[Atoms]) -> None:
        model = self.student.export(max_neighbours=self.most_neighbours)
        calculator = NEPCalculator(NEPEngine(model, dtype="float64"))
        left = [atoms.get_potential_energy() - calculator.get_property("energy", atoms) for atoms in frames]
        self._add_to_base(frames, np.array(left))

    def _add_to_base(self, frames: Sequence[Atoms], energies_eV: np.ndarray) -> None:
        """Put what the composition explains of these energies of the frames into the student's base."""
        references = fit_element_references(frames, energies_eV, elements=self.student.settings.elements)
        self.student.base_eV += torch.as_tensor(references.energies_eV).to(self.student.base_eV.device)

    @property
    def finished(self) -> bool:
        """True when all steps are done."""
        return self.step_number >= self.settings.steps

    def step(self) -> None:
        """One step on the next batch of this pass."""
        s, n = self.settings, len(self.batches)
        order = np.random.default_rng([s.seed, self.step_number // n]).permutation(n)
        share = self.step_number / s.steps
        rate = s.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))
        rate *= min(1.0, (self.step_number + 1) / 200)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad()
        loss = _loss(self.student, self.batches[int(order[self.step_number % n])], s)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.student.parameters(), 10.0)
        self.optimizer.step()
        value = float(loss.detach())
        self.loss = value if math.isnan(self.loss) else 0.98 * self.loss + 0.02 * value
        self.step_number += 1
        decay = min(s.average, self.step_number / (self.step_number + 10))
        with torch.no_grad():
            for name, current in self.student.state_dict().items():
                self.averaged[name].lerp_(current, 1 - decay)

    def result(self) -> Student:
        """The student with the averaged parameters."""
        averaged = Student(self.student.settings, seed=self.settings.seed)
        averaged.load_state_dict(self.averaged)
        return averaged.to(self.student.q_scaler.device)

    @property
    def most_neighbours(self) -> tuple[int, int]:
        """Most neighbours of an atom within the radial and the angular cutoff."""
        pairs = [batch.most_neighbours for batch in self.batches]
        return max(radial for radial, _ in pairs), max(angular for _, angular in pairs)

    def state(self) -> dict[str, Any]:
        """The whole state, for `restore`."""
        return {
            "student": self.student.state_dict(), "averaged": self.averaged, "optimizer": self.optimizer.state_dict(),
            "step_number": self.step_number, "loss": self.loss,
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state of a fit with the same arguments."""
        self.student.load_state_dict(self._with_base(state["student"]))
        self.averaged = self._with_base(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step_number, self.loss = state["step_number"], state["loss"]
