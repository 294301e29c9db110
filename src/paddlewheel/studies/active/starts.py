"""Where the ions of a run start: fractional coordinates, and the anions around them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals import find_anion_types, gather
from paddlewheel.records import Measured
from paddlewheel.studies.active.record import StartGroup
from paddlewheel.studies.motion.runs import first_atoms
from paddlewheel.transport import ActiveFraction, fraction_std

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.trajectories import Trajectory

_SHELL = 1.3
"""A centre belongs to the shell up to this factor of the usual nearest distance of its type: past the first peak of
g(r) (Na-BH4 3.0 A, Na-B12H12 4.7 A), before the second."""


@dataclass(frozen=True)
class IonStart:
    """One ion in the first frame."""

    index: int
    fractional: tuple[float, float, float]
    nearest_anion: str | None
    nearest_distance_A: float | None
    coordination: dict[str, int]


@dataclass(frozen=True)
class Starts:
    """The ions of every run in its first frame, the shells' radii, and the anion centres of the first run."""

    ions: list[list[IonStart]]
    cutoffs_A: dict[str, float]
    anion_centres: dict[str, list[tuple[float, float, float]]]


def starts_of(runs: Sequence[Trajectory], *, mobile: str) -> Starts:
    """Where every ion `mobile` starts, the coordination cutoffs from the first frames of all runs together."""
    frames = [first_atoms(run) for run in runs]
    found = [_distances(atoms, mobile) for atoms in frames]
    types = list(found[0][1])
    cutoffs = {
        name: _SHELL * float(np.median(np.concatenate([distances[name].min(axis=1) for _, distances in found])))
        for name in types
    }
    ions = []
    for atoms, (indices, distances) in zip(frames, found, strict=True):
        places = np.mod(atoms.get_scaled_positions(wrap=True)[indices], 1.0)
        ions.append([_start(i, int(index), places[i], distances, cutoffs) for i, index in enumerate(indices)])
    centres = {name: [_triple(place) for place in rows] for name, rows in _centres(frames[0], mobile).items()}
    return Starts(ions, cutoffs, centres)


def start_groups(starts: Starts, counted: ActiveFraction) -> list[StartGroup]:
    """The share of active ions among those that start nearest to each type of anion."""
    active = counted.per_ion_A2 >= counted.threshold_A2
    total, moving = Counter(), Counter()
    for run, row in enumerate(starts.ions):
        for place, ion in enumerate(row):
            if ion.nearest_anion is not None:
                total[ion.nearest_anion] += 1
                moving[ion.nearest_anion] += int(active[run, place])
    groups = []
    for name in sorted(total):
        std = float(fraction_std(np.array([moving[name]]), total[name]))
        share = Measured(value=moving[name] / total[name], std=std)
        groups.append(StartGroup(nearest_anion=name, n_ions=total[name], n_active=moving[name], fraction=share))
    return groups


def _start(
    row: int, index: int, place: np.ndarray, distances: dict[str, np.ndarray], cutoffs_A: dict[str, float]
) -> IonStart:
    nearest = {name: float(values[row].min()) for name, values in distances.items()}
    # relative to the usual distance of the type: a large anion's centre is always farther than a small one's
    closest = min(nearest, key=lambda name: nearest[name] / cutoffs_A[name], default=None)
    return IonStart(
        index=index,
        fractional=_triple(place),
        nearest_anion=closest,
        nearest_distance_A=None if closest is None else nearest[closest],
        coordination={name: int((values[row] <= cutoffs_A[name]).sum()) for name, values in distances.items()},
    )


def _centres(atoms: Atoms, mobile: str) -> dict[str, np.ndarray]:
    """Fractional centres of mass of the anions by type, `[n, 3]` in [0, 1)."""
    inverse, masses = np.linalg.inv(np.array(atoms.cell)), atoms.get_masses()
    centres = {}
    for found in find_anion_types(atoms, mobile=mobile):
        if found.polyanions:
            weights = [masses[list(anion.indices)] for anion in found.polyanions]
            points = [w @ gather(atoms, anion) / w.sum() for w, anion in zip(weights, found.polyanions, strict=True)]
        else:
            points = list(atoms.get_positions()[found.indices])
        centres[found.formula] = np.mod(np.array(points) @ inverse, 1.0)
    return centres


def _distances(atoms: Atoms, mobile: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Indices of the ions, and their distances to the images of every anion centre by type, `[n_ions, 27 n]`, A."""
    indices = np.flatnonzero(np.array(atoms.get_chemical_symbols()) == mobile)
    ions = atoms.get_scaled_positions(wrap=True)[indices]
    images = np.array(list(np.ndindex(3, 3, 3))) - 1
    cell = np.array(atoms.cell)
    distances = {}
    for name, centres in _centres(atoms, mobile).items():
        around = (centres[:, None] + images).reshape(-1, 3)
        distances[name] = np.linalg.norm((around[None] - ions[:, None]) @ cell, axis=2)
    return indices, distances


def _triple(place: np.ndarray) -> tuple[float, float, float]:
    return float(place[0]), float(place[1]), float(place[2])
