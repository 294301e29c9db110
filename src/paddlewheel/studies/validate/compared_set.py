"""The set on which two potentials are compared: as given, or made of rattled, strained and simulated frames."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.dynamics import MDSettings
from paddlewheel.execution import Unit, array_digest
from paddlewheel.studies.simulation.md_unit import store_path
from paddlewheel.studies.validate.runs import Phase, PhaseRun
from paddlewheel.training.dataset import format_frames, read_dataset, unlabelled_copy
from paddlewheel.training.validation import Labels
from paddlewheel.trajectories import open_store

if TYPE_CHECKING:
    from ase import Atoms

LARGEST_STRAIN = 0.05
LARGEST_RATTLE_A = 0.05
OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class ComparedSet:
    """Frames to compare on.

    Attributes
    ----------
    name
        File of the set, or how it was made.
    frames
        Without labels; `groups` names the phase of each.
    labels
        As given with the set; None where the reference makes them.
    engine, functional
        Of the labels given.
    sha256
        Of the frames as they are written in the run directory.
    """

    name: str
    frames: tuple[Atoms, ...]
    groups: tuple[str, ...]
    labels: tuple[Labels, ...] | None
    engine: str | None
    functional: str | None

    @property
    def text(self) -> str:
        """The frames as extended XYZ."""
        return format_frames(self.frames)

    @property
    def sha256(self) -> str:
        """Of `text`."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def labels_sha256(self) -> str | None:
        """Of the labels given."""
        if self.labels is None:
            return None
        numbers = [(labels.energy_eV, labels.forces_eV_per_A, labels.stress_eV_per_A3) for labels in self.labels]
        return array_digest(*(np.asarray(part, dtype=np.float64) for labels in numbers for part in labels))


def read_set(path: str | Path, *, phase_key: str) -> ComparedSet:
    """A labelled set; `phase_key` is the entry of `Atoms.info` that names the phase of a frame.

    Raises
    ------
    DatasetError
        As `read_dataset`.
    """
    dataset = read_dataset(path)
    labels = []
    for frame in dataset.frames:
        assert frame.calc is not None  # read_dataset has seen it
        results = frame.calc.results
        labels.append(Labels(float(results["energy"]), np.array(results["forces"]), np.array(results["stress"])))
    return ComparedSet(
        name=Path(path).name,
        frames=tuple(unlabelled_copy(frame) for frame in dataset.frames),
        groups=tuple(str(frame.info.get(phase_key, OTHER)) for frame in dataset.frames),
        labels=tuple(labels),
        engine=dataset.card.engine,
        functional=dataset.card.functional,
    )


def make_set(
    phases: Sequence[Phase], snapshots: Sequence[tuple[PhaseRun, Unit]], *, per_phase: int, seed: int
) -> ComparedSet:
    """A set for the reference to label: rattled and strained cells, and snapshots of its own NPT runs.

    Of each phase `per_phase` cells, strained at random up to 5 % and rattled by up to 0.05 A (standard deviation),
    and as many frames of each run, evenly spaced over its production.

    Parameters
    ----------
    snapshots
        Runs with the units that hold their trajectories.
    """
    frames: list[Atoms] = []
    rng = np.random.Generator(np.random.PCG64([seed, 1]))
    for phase in phases:
        for _ in range(per_phase):
            atoms = phase.supercell.copy()
            strain = rng.uniform(-LARGEST_STRAIN, LARGEST_STRAIN, (3, 3))
            atoms.set_cell(np.array(atoms.cell) @ (np.eye(3) + (strain + strain.T) / 2), scale_atoms=True)
            width_A = rng.uniform(0, LARGEST_RATTLE_A)
            atoms.positions += rng.normal(0, width_A, atoms.positions.shape)
            frames.append(_named(atoms, phase.name, "rattled and strained"))
    for run, unit in snapshots:
        frames += [
            _named(atoms, run.phase.name, f"NPT {run.temperature_K:g} K") for atoms in _snapshots(unit, per_phase)
        ]
    return ComparedSet(
        name="made from the structures",
        frames=tuple(frames),
        groups=tuple(str(frame.info["structure"]) for frame in frames),
        labels=None,
        engine=None,
        functional=None,
    )


def labels_of(result: Mapping[str, Any], frames: Sequence[Atoms]) -> list[Labels]:
    """The labels that a finished unit holds, frame by frame."""
    ends = np.cumsum([len(frame) for frame in frames])
    forces = np.split(np.array(result["forces"]), ends[:-1])
    return [
        Labels(energy, part, np.array(stress))
        for energy, part, stress in zip(result["energies"], forces, result["stresses"], strict=True)
    ]


def _named(atoms: Atoms, phase: str, source: str) -> Atoms:
    atoms = unlabelled_copy(atoms)
    atoms.info = {"structure": phase, "source": source}
    return atoms


def _snapshots(unit: Unit, count: int) -> list[Atoms]:
    from ase import Atoms

    trajectory = open_store(store_path(unit))
    first = MDSettings(**unit.contents["md"]).production_start_frame
    wanted = set(np.linspace(first, trajectory.n_frames - 1, count + 1).round().astype(int)[1:].tolist())
    if trajectory.n_frames <= first:
        return []
    return [
        Atoms(list(trajectory.symbols), positions=positions, cell=cell, pbc=True)
        for block in trajectory.blocks()
        for index, (positions, cell) in enumerate(zip(block.positions_A, block.cell_A, strict=True), block.start)
        if index in wanted
    ]
