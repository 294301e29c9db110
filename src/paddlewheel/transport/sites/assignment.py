"""Ions followed from site to site: cores, hysteresis, arrivals.

An ion belongs to the site whose core it visited last (core sets, or milestoning: Buchete and Hummer, doi
10.1021/jp0761665; Schuette et al., doi 10.1063/1.3590108). The core of a site is a ball about it, cut by its periodic
Voronoi cell. Leaving a core is no jump, and neither is crossing the face between two Voronoi cells: only the arrival
in another core is, so that recrossings of a border are not counted. What this cannot see:

- an ion that comes to rest away from every core stays with the last one: give a site for every place that ions rest
  at (`find_sites` does), or a larger core;
- an ion that crosses a core without stopping visits it: a jump over several sites counts as several;
- what happens between two frames: `unseen` counts the arrivals one frame after the last visit to the core before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import InputError
from paddlewheel.transport.msd import checked_frame_interval, checked_positions
from paddlewheel.transport.sites.lookup import build_lookup
from paddlewheel.transport.sites.site import Sites

FEWEST_FRAMES = 10
N_BLOCKS = 10
"""Stretches of a run whose means are compared for the error of an occupancy."""


@dataclass(frozen=True)
class Followed:
    """One run, followed.

    Attributes
    ----------
    n_frames, n_ions
        Of the run.
    ion, frame, left_frame, site, image
        The arrivals, `[n]` each (`image` `[n, 3]`), sorted by ion, then frame: which ion enters the core of which
        site, in which lattice translation of the cell, at which frame, and the last frame at which it was inside
        the core before (-1 at the first arrival of an ion, which is no jump).
    nearest, inside, belonging
        Ion-frames by block and site, `[n_blocks, n_sites]`: nearest to the site, inside its core, belonging to it.
    block_frames
        Frames of each block, `[n_blocks]`.
    """

    n_frames: int
    n_ions: int
    ion: np.ndarray
    frame: np.ndarray
    left_frame: np.ndarray
    site: np.ndarray
    image: np.ndarray
    nearest: np.ndarray
    inside: np.ndarray
    belonging: np.ndarray
    block_frames: np.ndarray

    @property
    def is_first(self) -> np.ndarray:
        """Whether an arrival is the first of its ion, `[n]`."""
        return self.left_frame < 0


@dataclass(frozen=True)
class Assignment:
    """All runs of one material, followed over the same sites.

    Attributes
    ----------
    radii_A
        Core radius of each site, `[n_sites]`.
    step_ps
        Time between frames.
    """

    sites: Sites
    radii_A: np.ndarray
    step_ps: float
    runs: tuple[Followed, ...]

    @property
    def n_ions(self) -> int:
        """Ions in the cell, the same in all runs."""
        return self.runs[0].n_ions

    @property
    def ion_time_ps(self) -> float:
        """Ions times time, over all runs."""
        return self.step_ps * sum(run.n_frames * run.n_ions for run in self.runs)

    @property
    def unassigned_share(self) -> float:
        """Share of the ion-time before an ion's first visit to any core, which belongs to no site."""
        total = sum(run.n_frames * run.n_ions for run in self.runs)
        return 1.0 - sum(int(run.belonging.sum()) for run in self.runs) / total

    @property
    def core_share(self) -> float:
        """Share of the ion-time inside any core."""
        return sum(int(run.inside.sum()) for run in self.runs) / sum(run.n_frames * run.n_ions for run in self.runs)


def assign(
    replicas: Sequence[np.ndarray], *, sites: Sites, radii_A: np.ndarray, frame_interval_fs: float
) -> Assignment:
    """Follow the ions of each run from core to core.

    Parameters
    ----------
    replicas
        Positions in the mean cell `sites.cell_A` of each run, `[n_frames, n_ions, 3]`, A, unwrapped and free of drift.
    sites, radii_A
        The sites and the radii of their cores, `[n_sites]` (`core_radii_A`).
    frame_interval_fs
        Time between frames.

    Raises
    ------
    InputError
        No run, positions of a wrong shape, runs of different numbers of ions, or fewer than ten frames.
    SettingsError
        A frame interval that is not positive.
    """
    from paddlewheel.transport.sites import kernels

    step_ps = checked_frame_interval(frame_interval_fs)
    if len(replicas) == 0:
        raise InputError("no trajectory to analyse")
    table = build_lookup(sites)
    inverse = np.linalg.inv(sites.cell_A)
    runs = []
    for given in replicas:
        positions = checked_positions(given)
        n_frames, n_ions, _ = positions.shape
        if n_frames < FEWEST_FRAMES:
            raise InputError(f"{n_frames} frames are too few to see jumps (at least {FEWEST_FRAMES})",
                             remedy="give a longer trajectory")  # fmt: skip
        if runs and n_ions != runs[0].n_ions:
            raise InputError(f"runs of {runs[0].n_ions} and {n_ions} ions", remedy="analyse them apart")
        arrivals, nearest, inside, belonging = kernels.follow(
            positions, inverse, sites.cell_A, table.shape, table.starts, table.sites, table.images,
            table.positions_A, radii_A, len(sites), N_BLOCKS,
        )  # fmt: skip
        order = np.lexsort((arrivals[:, kernels.FRAME], arrivals[:, kernels.ION]))
        arrivals = arrivals[order].astype(np.int64)
        runs.append(
            Followed(
                n_frames=n_frames,
                n_ions=n_ions,
                ion=arrivals[:, kernels.ION],
                frame=arrivals[:, kernels.FRAME],
                left_frame=arrivals[:, kernels.LEFT_FRAME],
                site=arrivals[:, kernels.SITE],
                image=arrivals[:, kernels.IMAGE_0 :],
                nearest=nearest,
                inside=inside,
                belonging=belonging,
                block_frames=np.bincount(np.arange(n_frames) * N_BLOCKS // n_frames, minlength=N_BLOCKS),
            )
        )
    return Assignment(sites, np.asarray(radii_A, dtype=np.float64), step_ps, tuple(runs))


def site_paths_A(run: Followed, sites: Sites) -> np.ndarray:
    """Where the site of each ion is at each frame, `[n_frames, n_ions, 3]`, A: its path without the vibration.

    Before its first arrival an ion is given its first site; an ion that never reaches a core stays at the origin.
    """
    paths = np.zeros((run.n_frames, run.n_ions, 3))
    places = (sites.fractional[run.site] + run.image) @ sites.cell_A
    edges = np.searchsorted(run.ion, np.arange(run.n_ions + 1))
    for ion in range(run.n_ions):
        rows = slice(edges[ion], edges[ion + 1])
        if rows.start == rows.stop:
            continue
        lengths = np.diff(np.append(run.frame[rows], run.n_frames))
        lengths[0] += run.frame[rows.start]
        paths[:, ion] = np.repeat(places[rows], lengths, axis=0)
    return paths
