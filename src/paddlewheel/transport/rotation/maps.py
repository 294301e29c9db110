"""Where the outer atoms of anions have been, as a density over the directions of the lattice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.transport.rotation.average import Estimate, mean_over_units
from paddlewheel.transport.rotation.tracking import MAP_COLUMNS, MAP_ROWS, CageMotion


@dataclass(frozen=True)
class DirectionMap:
    """Density over the sphere, relative to that of an anion in all orientations alike.

    The frame is that of the lattice: a along x, b in the xy plane.

    Attributes
    ----------
    density
        `[MAP_ROWS, MAP_COLUMNS]`: rows cos(theta) from -1 to 1 (theta from z), columns phi from -pi to pi (from x); all
        bins have the same area and the mean is 1.
    per_anion
        `[n_anions, MAP_ROWS, MAP_COLUMNS]`, the same of each anion of each run.
    information_nats
        Mean over the anions of the sum of p ln(p / uniform) over the bins: 0 for all directions alike.
    """

    density: np.ndarray
    per_anion: np.ndarray
    information_nats: Estimate


def direction_map(runs: Sequence[CageMotion], members: Sequence[Sequence[int]]) -> DirectionMap:
    """The map of the anions `members` of the runs, each anion with the same weight."""
    counts = np.concatenate([run.counts[list(chosen)] for run, chosen in zip(runs, members, strict=True)])
    density = counts / counts.sum(axis=(1, 2), keepdims=True) * (MAP_ROWS * MAP_COLUMNS)
    logs = np.log(density, out=np.zeros_like(density), where=density > 0)
    information = (density * logs).mean(axis=(1, 2))
    return DirectionMap(density.mean(axis=0), density, mean_over_units(information))


def map_edges() -> tuple[np.ndarray, np.ndarray]:
    """Edges of the bins: latitude (90 degrees minus theta) `[MAP_ROWS + 1]` and phi `[MAP_COLUMNS + 1]`, rad."""
    return np.arcsin(np.linspace(-1, 1, MAP_ROWS + 1)), np.linspace(-np.pi, np.pi, MAP_COLUMNS + 1)
