"""Frames of the runs at one temperature for other potentials to label: decorrelated, from the steady part."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.dynamics import MDSettings
from paddlewheel.execution import Unit
from paddlewheel.studies.conduct.runs import TemperatureRuns
from paddlewheel.studies.simulation.trajectory_frames import TrajectoryFrames
from paddlewheel.transport.equal_means import statistical_inefficiency

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True, kw_only=True)
class ChosenFrames:
    """Frames of one temperature, each in the middle of an equal stretch of its run.

    Attributes
    ----------
    edges
        Of each sane run, `[n + 1]` frames of the production between which its stretches lie.
    atoms
        The frames of all runs, one after the other.
    decorrelation_ps
        Statistical inefficiency of the potential energy, the longest of the runs.
    spacing_ps
        Mean distance of frames that follow each other in a run.
    """

    edges: Sequence[np.ndarray]
    atoms: Sequence[Atoms]
    decorrelation_ps: float
    spacing_ps: float


def stretches(n_frames: int, *, wanted: int, decorrelation_frames: float, first: int) -> np.ndarray:
    """Edges `[n + 1]` of equal stretches of the frames from `first` on: `wanted` of them, fewer where each would be
    shorter than the decorrelation, and at least one."""
    left = n_frames - first
    n = max(1, min(wanted, math.floor(left / max(1.0, decorrelation_frames))))
    return np.round(np.linspace(first, n_frames - 1, n + 1)).astype(int)


def choose_frames(
    runs: TemperatureRuns, units: Mapping[str, Unit], *, left_out_ps: float, count: int
) -> ChosenFrames | None:
    """About `count` frames over all sane runs; None where there is none.

    Parameters
    ----------
    units
        The finished runs, by name.
    left_out_ps
        Beginning of each production that is no part of the steady motion.
    """
    if not runs.sane:
        return None
    interval_ps = 1e-3 * runs.displacements[0].frame_interval_fs
    first = round(left_out_ps / interval_ps)
    inefficiencies = [_inefficiency(runs.thermo[name], first) for name in runs.sane]
    longest = max(inefficiencies)
    edges, atoms = [], []
    for place, (name, paths) in enumerate(zip(runs.sane, runs.displacements, strict=True)):
        share = count // len(runs.sane) + (place < count % len(runs.sane))
        if not share:
            continue
        start = min(first, paths.n_frames - 2)
        edges.append(stretches(paths.n_frames, wanted=share, decorrelation_frames=longest, first=start))
        unit = units[name]
        reader, before = TrajectoryFrames(unit), MDSettings(**unit.contents["md"]).production_start_frame
        for frame in (edges[-1][:-1] + edges[-1][1:]) // 2:
            picked = reader.atoms(before + int(frame))
            picked.wrap()
            atoms.append(picked)
    spacing = float(np.mean(np.concatenate([np.diff(each) for each in edges])))
    return ChosenFrames(
        edges=edges, atoms=atoms, decorrelation_ps=longest * interval_ps, spacing_ps=spacing * interval_ps
    )


def _inefficiency(thermo: Mapping[str, np.ndarray], first: int) -> float:
    """Of the potential energy in the steady part of the production, in frames."""
    return statistical_inefficiency(thermo["potential_energy_eV"][thermo["time_ps"] >= 0][first:])
