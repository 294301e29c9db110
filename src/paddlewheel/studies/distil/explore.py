"""How a round of `distil` explores: its runs, the frames that they pass through, and which of them are labelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.dynamics import MDSettings
from paddlewheel.dynamics.health import BROKEN_STRETCH, bond_lengths_A, has_blown_up
from paddlewheel.errors import DatasetError
from paddlewheel.execution import Unit
from paddlewheel.studies.distil.settings import Exploration
from paddlewheel.studies.motion.framework import framework_of
from paddlewheel.studies.motion.runs import first_atoms
from paddlewheel.studies.simulation.md_unit import md_unit, store_path
from paddlewheel.trajectories import Trajectory, open_store

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

FRAME_INTERVAL_FS = 10.0
_MOST_CANDIDATES = 120
_FRAMES_BEFORE_BREAKING, _FRAMES_INTO_BREAKING = 10, 2
MOVED = "an atom moved"
"""Ends the source of a frame of `moved_atoms`: it teaches how steep the walls are, and judges no student."""
_CLOSEST_A, _CLOSEST_OF_RADII = 0.5, 0.45
"""Nearer than this, or than this share of the sum of their covalent radii, no two atoms come in a frame to label."""


@dataclass(frozen=True)
class Start:
    """A structure to explore from: its name, its mobile ion, where it is now, what is doubtful of how its partly
    occupied sites were ordered, and how that was done."""

    name: str
    mobile: str
    atoms: Atoms
    notes: tuple[str, ...] = ()
    prepared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A frame that a run passed through, its features, and how far outside the training set it lies."""

    atoms: Atoms
    features: np.ndarray
    grade: float
    disagreement_eV_per_A: float


def strained(atoms: Atoms, strain: float) -> Atoms:
    """The cell and the positions stretched by (1 + `strain`) in all directions."""
    stretched = atoms.copy()
    stretched.set_cell(atoms.cell.array * (1 + strain), scale_atoms=True)
    return stretched


def exploring_units(
    starts: Sequence[Start],
    *,
    number: int,
    potential: Mapping[str, Any],
    exploration: Exploration,
    seed: int,
    directory: Path,
) -> list[Unit]:
    """The runs of round `number`: the teacher's own in round 0, the student's later.

    Each run draws its temperature uniformly, from its third of the range in NPT; the strained ones draw their strain.
    """
    low, high = exploration.temperatures_K
    units = []
    for index, start in enumerate(starts):
        rng = np.random.default_rng([seed, number, index])
        if number == 0:
            plan = [("nvt", 0.0), ("nvt", -exploration.strain), ("nvt", exploration.strain)]
            production_ps = exploration.seed_ps
        else:
            plan = [("npt", 0.0)] * 3 + [("nvt", float(rng.uniform(-1, 1)) * exploration.strain)]
            production_ps = exploration.explore_ps * 2 ** (number - 1)
        for run, (ensemble, strain) in enumerate(plan):
            # the runs in NPT share the range among them, a third each
            share = (run, 3) if ensemble == "npt" else (0, 1)
            temperature_K = low + (high - low) * (share[0] + float(rng.uniform())) / share[1]
            settings = MDSettings(
                ensemble=ensemble,  # type: ignore[arg-type]
                temperature_K=round(temperature_K, 1),
                equilibrate_ps=0.0,
                production_ps=production_ps,
                frame_interval_fs=FRAME_INTERVAL_FS,
                seed=int(rng.integers(2**31)),
                relax_above_eV_per_A=15.0,
            )
            units.append(
                md_unit(
                    name=f"{start.name}-{run}-{ensemble}",
                    atoms=strained(start.atoms, strain),
                    mobile=start.mobile,
                    potential=dict(potential),
                    settings=settings,
                    replica=0,
                    directory=directory,
                )
            )
    return units


def passed_frames(unit: Unit, *, structure: str, first: int = 0, most: int = _MOST_CANDIDATES) -> list[Atoms]:
    """Frames of a run from `first` on at even intervals, those with atoms on top of each other left out.

    Of a run in which a polyanion fell apart or the cell blew up, the frames up to that moment and all of the last ones
    before it: what comes after is chemistry that only a wrong student knows. Of one that was given up at once, all of
    its last frames.
    """
    from ase import Atoms

    trajectory = open_store(store_path(unit))
    apart = falls_apart(trajectory, mobile=unit.contents["mobile"])
    if apart is None and trajectory.n_frames < MDSettings(**unit.contents["md"]).n_frames:
        apart = trajectory.n_frames  # the frame that ended the run is not in the store
    last = trajectory.n_frames - 1 if apart is None else min(apart + _FRAMES_INTO_BREAKING, trajectory.n_frames - 1)
    wanted = set(np.unique(np.linspace(min(first, last), last, most).round().astype(int)).tolist())
    if apart is not None:
        wanted |= set(range(max(min(first, last), apart - _FRAMES_BEFORE_BREAKING), last + 1))
    temperature_K = unit.contents["md"]["temperature_K"]
    frames = []
    for block in trajectory.blocks():
        for offset, (positions_A, cell_A) in enumerate(zip(block.positions_A, block.cell_A, strict=True)):
            if block.start + offset not in wanted:
                continue
            atoms = Atoms(trajectory.symbols, positions=positions_A, cell=cell_A, pbc=True)
            atoms.wrap()
            atoms.info = {"structure": structure, "temperature_K": temperature_K, "source": unit.name}
            if np.isfinite(positions_A).all() and _are_apart(atoms):
                frames.append(atoms)
    return frames


def falls_apart(trajectory: Trajectory, *, mobile: str) -> int | None:
    """From which frame on, to the last one, a bond of a polyanion is open (`dynamics.health.BROKEN_STRETCH`) or the
    cell has blown up or collapsed (`dynamics.health.has_blown_up`); None where all hold in the last frame."""
    atoms = first_atoms(trajectory)
    framework, _ = framework_of(atoms, mobile=mobile)
    opened = np.concatenate(
        [
            np.column_stack([
                bond_lengths_A(block.positions_A, block.cell_A, framework.bonds)
                > BROKEN_STRETCH * framework.reference_lengths_A,
                has_blown_up(np.abs(np.linalg.det(block.cell_A)), atoms.get_volume()),
            ])
            for block in trajectory.blocks()
        ]
    )  # fmt: skip
    # of each bond and of the cell, frames since it was last closed
    closed_since = np.argmin(opened[::-1], axis=0)
    open_for = np.where(opened.all(axis=0), len(opened), closed_since)
    return int(len(opened) - open_for.max()) if open_for.max() else None


def moved_atoms(frames: Sequence[Atoms], start: Start, *, n_frames: int, seed: int) -> list[Atoms]:
    """Frames in which one atom is moved along the line to another: bonds of polyanions to 0.65 to 1.9 times their
    length, contacts with the nearest atoms outside them to 0.6 to 0.95 times their distance.

    No short run of a sane teacher breaks a bond or climbs a contact, and a student that never saw what that costs
    breaks molecules itself, some of them within ten steps.
    """
    from paddlewheel.crystals import find_polyanions

    rng = np.random.default_rng([seed, 1])
    polyanions = find_polyanions(start.atoms)
    bonds = [(int(i), int(j)) for anion in polyanions for i, j in anion.bonds]
    group = np.arange(len(start.atoms)) + len(polyanions)
    for number, anion in enumerate(polyanions):
        group[list(anion.indices)] = number
    if not frames:
        return []
    n_bonds = np.bincount(np.array(bonds, dtype=int).ravel(), minlength=len(start.atoms))
    moved = []
    for number in range(n_frames):
        atoms = frames[int(rng.integers(len(frames)))].copy()
        if bonds and number % 4 < 3:  # a compressed bond, two pulled ones, a contact, and so on
            fixed, mover = sorted(bonds[int(rng.integers(len(bonds)))], key=lambda atom: -n_bonds[atom])
            factor = rng.uniform(0.65, 0.95) if number % 4 == 0 else rng.uniform(1.1, 1.9)
        else:
            mover = int(rng.integers(len(atoms)))
            distances_A = atoms.get_distances(mover, range(len(atoms)), mic=True)
            outside = [int(other) for other in np.argsort(distances_A) if group[other] != group[mover]]
            if not outside:
                continue
            # where nothing is bonded the nearest atoms stand as near as a bond's
            fixed, factor = outside[int(rng.integers(min(3, len(outside))))], rng.uniform(0.6 if bonds else 0.75, 0.95)
        vector_A = atoms.get_distance(fixed, mover, mic=True, vector=True)
        atoms.positions[mover] = atoms.positions[fixed] + vector_A * factor
        atoms.wrap()
        atoms.info["source"] = f"{atoms.info['source']}, {MOVED}"
        atoms.info.pop("extrapolation_grade", None)  # of the frame as it was
        if _are_apart(atoms):
            moved.append(atoms)
    return moved


def _are_apart(atoms: Atoms) -> bool:
    """Whether no two atoms are on top of each other."""
    from ase.data import covalent_radii

    from paddlewheel.potentials.neighbours import NeighbourList

    radii_A = covalent_radii[atoms.numbers]
    cutoff_A = max(_CLOSEST_A, 2 * _CLOSEST_OF_RADII * float(radii_A.max()))
    pbc = (bool(atoms.pbc[0]), bool(atoms.pbc[1]), bool(atoms.pbc[2]))
    bonds = NeighbourList(cutoff_A=cutoff_A, skin_A=0.0).update(
        positions_A=atoms.get_positions(), cell_A=atoms.cell.array, pbc=pbc
    )
    closest_A = _CLOSEST_OF_RADII * (radii_A[bonds.centre] + radii_A[bonds.neighbour])
    return bool((bonds.distance_A > np.maximum(_CLOSEST_A, closest_A)).all())


def judge(frames: Sequence[Atoms], students: Sequence[Calculator], *, elements: Sequence[str]) -> list[Candidate]:
    """Features, grades and disagreements of frames: the first student is the one whose domain counts."""
    from paddlewheel.training.features import structure_features

    candidates = []
    for atoms in frames:
        forces = []
        grade = 0.0
        for place, student in enumerate(students):
            student.calculate(atoms)
            forces.append(np.asarray(student.results["forces"]))
            if place == 0:
                grade = float(student.results["extrapolation_grade"])
        spread = max((float(np.linalg.norm(other - forces[0], axis=1).max()) for other in forces[1:]), default=0.0)
        features = structure_features(students[0], atoms, elements=elements)
        candidates.append(Candidate(atoms, features, grade, spread))
    return candidates


def pick(candidates: Sequence[Candidate], *, n_frames: int, exploration: Exploration) -> list[Atoms]:
    """`n_frames` of the candidates of one structure: half of them from those outside the training set, as far as there
    are any, the rest from all others, both by DIRECT."""
    outside = [
        frame.grade > exploration.grade_limit or frame.disagreement_eV_per_A > exploration.disagreement_limit_eV_per_A
        for frame in candidates
    ]
    strange = [frame for frame, flag in zip(candidates, outside, strict=True) if flag]
    usual = [frame for frame, flag in zip(candidates, outside, strict=True) if not flag]
    n_strange = min(len(strange), max(n_frames // 2, n_frames - len(usual)))
    return _spread_out(strange, n_strange) + _spread_out(usual, min(len(usual), n_frames - n_strange))


def _spread_out(candidates: Sequence[Candidate], n_frames: int) -> list[Atoms]:
    """`n_frames` of the candidates by DIRECT, marked with their grade; all where there are no more."""
    from paddlewheel.training.direct import direct_select

    if n_frames <= 0:
        return []
    chosen = list(range(len(candidates)))
    if len(candidates) > n_frames and n_frames > 1:
        try:
            features = np.array([frame.features for frame in candidates])
            chosen = direct_select(features, n_clusters=n_frames).indices.tolist()
        except DatasetError:  # frames that all look alike: any of them stands for the others
            chosen = np.linspace(0, len(candidates) - 1, n_frames).astype(int).tolist()
    picked = []
    for index in chosen[:n_frames]:
        atoms = candidates[index].atoms.copy()
        atoms.info["extrapolation_grade"] = round(candidates[index].grade, 4)
        picked.append(atoms)
    return picked


def picked_frames(
    units: Sequence[Unit],
    starts: Sequence[Start],
    students: Sequence[Calculator],
    *,
    elements: Sequence[str],
    exploration: Exploration,
    seed: int,
) -> tuple[list[Atoms], dict[str, Any]]:
    """The frames of a round to label, and what the record says of all that it passed through.

    Parameters
    ----------
    units
        The round's runs that finished.
    students
        Of the round before; none in round 0, whose runs are the teacher's.
    """
    per_structure = max(4, round(exploration.frames_per_round / len(starts)))
    picked: list[Atoms] = []
    grades: list[float] = []
    n_candidates = 0
    for start in starts:
        runs = [unit for unit in units if unit.name.rsplit("-", 2)[0] == start.name]
        if not students:  # the teacher's runs are short: even intervals of each
            share = max(1, per_structure // max(1, len(runs)))
            frames = [atoms for unit in runs for atoms in passed_frames(unit, structure=start.name, most=share)]
            n_candidates += len(frames)
        else:
            # frame 0 is where the round before ended, and has its label
            passed = [atoms for unit in runs for atoms in passed_frames(unit, structure=start.name, first=1)]
            candidates = judge(passed, students, elements=elements)
            grades += [candidate.grade for candidate in candidates]
            n_candidates += len(candidates)
            frames = pick(candidates, n_frames=per_structure, exploration=exploration)
        picked += frames
        picked += moved_atoms(frames, start, n_frames=per_structure // 4, seed=seed + len(picked))
    values = np.array(grades)
    return picked, {
        "n_candidates": n_candidates,
        "extrapolating_share": float((values > exploration.grade_limit).mean()) if len(values) else None,
        "largest_grade": float(values.max()) if len(values) else None,
    }


def next_starts(starts: Sequence[Start], units: Sequence[Unit]) -> list[Start]:
    """Where the next round begins: the last frame of each structure's first run, if that run is sane."""
    from ase import Atoms

    moved = []
    for start in starts:
        unit = next((unit for unit in units if unit.name.rsplit("-", 2)[:2] == [start.name, "0"]), None)
        if unit is None:  # it failed
            moved.append(start)
            continue
        result = unit.result() or {}
        if result.get("status", "broken") == "broken":
            moved.append(start)
            continue
        trajectory = open_store(store_path(unit))
        last = list(trajectory.after((trajectory.n_frames - 1) * FRAME_INTERVAL_FS / 1000).blocks())[-1]
        atoms = Atoms(trajectory.symbols, positions=last.positions_A[-1], cell=last.cell_A[-1], pbc=True)
        moved.append(Start(start.name, start.mobile, atoms))
    return moved
