"""Which voxels of a phase hang together: across the body, at one face only, or nowhere; and what they reach.

Two voxels hang together where they share a face (6 neighbours), as in the flow solver: an edge or a corner carries no
current. Several phases may be taken as one conductor.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numba import njit
from scipy import ndimage

from paddlewheel.errors import SettingsError
from paddlewheel.lab.tomography.voxels import ARRAY_AXIS, Axis, Labels

Face = Literal["x-", "x+", "y-", "y+", "z-", "z+"]
"""An outer face of the body; x- is where x begins."""

_UNSEEN = -1


@dataclass(frozen=True, kw_only=True)
class Connectivity:
    """How a conductor hangs together. Shares are of its own voxels; all 0 where it has none.

    Attributes
    ----------
    phases
        Numbers of the phases that are taken as one conductor.
    volume_fraction
        Of the body.
    clusters
        Count of connected clusters.
    largest_share
        In the largest cluster.
    percolating
        By axis: in clusters that touch both faces across it.
    dead_end
        By axis: in clusters that touch one of the two faces only. A body ends where the stack does: some of them would
        go on beyond it.
    isolated
        By axis: in clusters that touch neither of the two faces; they may touch a side.
    backbone
        By axis: voxels that carry current: those on a path from face to face that passes no voxel twice. What
        percolates beyond them are dead-end branches.
    enclosed
        In clusters that touch no outer face of the body at all.
    """

    phases: tuple[int, ...]
    volume_fraction: float
    clusters: int
    largest_share: float
    percolating: Mapping[Axis, float]
    dead_end: Mapping[Axis, float]
    isolated: Mapping[Axis, float]
    backbone: Mapping[Axis, float]
    enclosed: float

    def dead_end_branches(self, axis: Axis) -> float:
        """Share of the conductor that percolates and carries no current."""
        return self.percolating[axis] - self.backbone[axis]


@dataclass(frozen=True, eq=False, kw_only=True)
class Reached:
    """What of a phase is reached from an outer face through a conductor.

    Attributes
    ----------
    face
        Where the way begins: the separator for ions, the current collector for electrons.
    through
        Numbers of the phases that are taken as one conductor.
    target
        Number of the phase that is to be reached.
    conductor_share
        Of the conductor: in clusters that touch the face.
    volume_share
        Of the target: in bodies that a reached cluster of the conductor touches by a voxel's face (bodies of touching
        particles are one), or, where the target conducts itself, in clusters that touch the face.
    contact_share
        Of the area between target and conductor: with reached clusters. None where the target conducts itself, or they
        do not touch. Areas of voxel faces: what they overestimate cancels in the ratio.
    reached
        bool [n_z, n_y, n_x]: voxels of the target that `volume_share` counts.
    """

    face: Face
    through: tuple[int, ...]
    target: int
    conductor_share: float
    volume_share: float
    contact_share: float | None
    reached: np.ndarray

    def share_with(self, other: Reached) -> float:
        """Share of the target that both reach, such as ions and electrons: what can be charged at all."""
        if self.target != other.target:
            raise ValueError(f"reached are phases {self.target} and {other.target}")
        both = np.count_nonzero(self.reached & other.reached)
        return self.volume_share * both / max(np.count_nonzero(self.reached), 1)


def connectivity(labels: Labels, phases: Iterable[int]) -> Connectivity:
    """Clusters of some phases taken as one conductor.

    A body of 500^3 voxels needs 2 GB, and about a minute.

    Parameters
    ----------
    labels
        The body.
    phases
        Numbers of the phases.

    Raises
    ------
    SettingsError
        Where a phase has no such number.
    """
    chosen = checked_phases(labels, phases)
    conducting = conductor(labels, chosen)
    numbers, clusters = clusters_of(conducting)
    sizes = np.bincount(numbers.reshape(-1), minlength=clusters + 1)
    sizes[0] = 0
    total = max(int(sizes.sum()), 1)
    touching = {face: touching_clusters(numbers, clusters, face) for face in get_args(Face)}
    del numbers
    percolating: dict[Axis, float] = {}
    dead_end: dict[Axis, float] = {}
    isolated: dict[Axis, float] = {}
    backbones: dict[Axis, float] = {}
    axis: Axis
    for axis in get_args(Axis):
        low, high = touching[f"{axis}-"], touching[f"{axis}+"]
        percolating[axis] = float(sizes[low & high].sum() / total)
        dead_end[axis] = float(sizes[low ^ high].sum() / total)
        isolated[axis] = float(sizes[~(low | high)].sum() / total)
        backbones[axis] = float(np.count_nonzero(backbone(conducting, axis)) / total) if percolating[axis] else 0.0
    outside = np.logical_or.reduce(list(touching.values()))
    return Connectivity(
        phases=chosen,
        volume_fraction=float(sizes.sum() / conducting.size),
        clusters=clusters,
        largest_share=float(sizes.max() / total),
        percolating=percolating,
        dead_end=dead_end,
        isolated=isolated,
        backbone=backbones,
        enclosed=float(sizes[~outside].sum() / total),
    )


def reached_from(labels: Labels, face: Face, *, through: Iterable[int], target: int) -> Reached:
    """What of the target a conductor reaches from an outer face.

    Ions: from the face of the separator through the electrolytes. Electrons: from the face of the current collector
    through carbon and active material, of which the active material is itself the target.

    Raises
    ------
    SettingsError
        Where a phase has no such number.
    """
    chosen = checked_phases(labels, through)
    (target,) = checked_phases(labels, [target])
    numbers, clusters = clusters_of(conductor(labels, chosen))
    begun = touching_clusters(numbers, clusters, face)
    conducting = numbers > 0
    connected = begun[numbers]
    del numbers
    of_target = labels.labels == target
    contact_share = None
    if target in chosen:
        reached = of_target & connected
    else:
        touched, contact = _touched(of_target, connected, labels.spacing_nm)
        _, all_contact = _touched(of_target, conducting, labels.spacing_nm)
        contact_share = contact / all_contact if all_contact else None
        bodies, count = clusters_of(of_target)
        held = np.zeros(count + 1, dtype=bool)
        held[np.unique(bodies[touched])] = True
        held[0] = False
        reached = held[bodies]
    return Reached(
        face=face,
        through=chosen,
        target=target,
        conductor_share=np.count_nonzero(connected) / max(np.count_nonzero(conducting), 1),
        volume_share=np.count_nonzero(reached) / max(np.count_nonzero(of_target), 1),
        contact_share=contact_share,
        reached=reached,
    )


def checked_phases(labels: Labels, phases: Iterable[int]) -> tuple[int, ...]:
    """The numbers in order, each once.

    Raises
    ------
    SettingsError
        Where there is none, or the body has no such phase.
    """
    chosen = tuple(sorted({int(phase) for phase in phases}))
    known = ", ".join(f"{number} {name}" for number, name in labels.names.items())
    if not chosen:
        raise SettingsError("no phase is named", where=labels.source, remedy=f"name some of {known}")
    for phase in chosen:
        if phase not in labels.names:
            raise SettingsError(f"there is no phase {phase}", where=labels.source, remedy=f"take of {known}")
    return chosen


def conductor(labels: Labels, phases: Iterable[int]) -> np.ndarray:
    """Voxels of the phases; bool [n_z, n_y, n_x]."""
    wanted = np.zeros(256, dtype=bool)
    wanted[list(phases)] = True
    return wanted[labels.labels]


def clusters_of(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Numbers of clusters from 1 on, 0 outside, int32 [n_z, n_y, n_x]; and how many. Voxels join by faces."""
    numbers, count = ndimage.label(mask)  # type: ignore[misc]
    return numbers, int(count)


def touching_clusters(numbers: np.ndarray, count: int, face: Face) -> np.ndarray:
    """Which clusters touch an outer face; bool [count + 1], by number."""
    outer = np.take(numbers, 0 if face[1] == "-" else -1, axis=ARRAY_AXIS[face[0]])  # type: ignore[index]
    touching = np.zeros(count + 1, dtype=bool)
    touching[np.unique(outer)] = True
    touching[0] = False
    return touching


def backbone(conducting: np.ndarray, axis: Axis) -> np.ndarray:
    """Voxels that can carry current along the axis: on a path from face to face that passes no voxel twice.

    With both electrodes as nodes and a wire between them, these are the biconnected component of the wire (Tarjan 1972,
    doi 10.1137/0201010; Herrmann, Hong and Stanley 1984, doi 10.1088/0305-4470/17/5/008). Found in one pass: 15 bytes
    a voxel.

    Parameters
    ----------
    conducting
        bool [n_z, n_y, n_x].
    axis
        Direction of flow.

    Returns
    -------
    numpy.ndarray
        bool [n_z, n_y, n_x].
    """
    place = ARRAY_AXIS[axis]
    along = np.ascontiguousarray(np.moveaxis(conducting, place, 0))
    carrying = _block_of_the_wire(along.reshape(-1), np.array(along.shape)).reshape(along.shape)
    return np.moveaxis(carrying, 0, place)


def _touched(
    target: np.ndarray, conductor: np.ndarray, spacing_nm: tuple[float, float, float]
) -> tuple[np.ndarray, float]:
    """Voxels of the target that share a face with the conductor, and the area of these faces, nm2."""
    touched = np.zeros_like(target)
    area = 0.0
    for place in range(3):
        face = math.prod(spacing_nm) / spacing_nm[place]
        low, high = [slice(None)] * 3, [slice(None)] * 3
        low[place], high[place] = slice(None, -1), slice(1, None)
        for here, there in ((tuple(low), tuple(high)), (tuple(high), tuple(low))):
            both = target[here] & conductor[there]
            touched[here] |= both
            area += face * np.count_nonzero(both)
    return touched, area


@njit(cache=True)
def _block_of_the_wire(conducting, shape):
    """Depth first from the far electrode, whose parent in the tree is the near one.

    `low` is the earliest node that a subtree leads back to: a child whose subtree leads back no further than to its
    parent hangs on that parent alone. A voxel is in the block of the wire where no node between it and the far
    electrode is such a parent.
    """
    near_electrode, far_electrode = 0, 1
    plane = shape[1] * shape[2]
    steps = np.array([-plane, plane, -shape[2], shape[2], -1, 1])
    found = np.full(conducting.size, _UNSEEN, dtype=np.int32)
    low = np.empty(conducting.size, dtype=np.int32)
    order = np.empty(conducting.size, dtype=np.int32)
    came_by = np.full(conducting.size, 6, dtype=np.uint8)
    next_way = np.zeros(conducting.size, dtype=np.uint8)
    carrying = np.zeros(conducting.size, dtype=np.bool_)
    clock = 2
    for root in range(conducting.size - plane, conducting.size):
        if not conducting[root] or found[root] != _UNSEEN:
            continue
        voxel = root
        arriving = True
        while True:
            if arriving:
                found[voxel] = clock
                low[voxel] = clock
                order[clock - 2] = voxel
                clock += 1
                if voxel < plane:
                    low[voxel] = near_electrode
                elif voxel >= conducting.size - plane and voxel != root:
                    low[voxel] = far_electrode
                arriving = False
            way = next_way[voxel]
            if way == 6:
                if voxel == root:
                    carrying[voxel] = low[voxel] < far_electrode
                    break
                parent = voxel - steps[came_by[voxel]]
                carrying[voxel] = low[voxel] < found[parent]
                low[parent] = min(low[parent], low[voxel])
                voxel = parent
                continue
            next_way[voxel] = way + 1
            if way == 0 and voxel < plane:
                continue
            if way == 1 and voxel >= conducting.size - plane:
                continue
            row = voxel % plane
            if (way == 2 and row < shape[2]) or (way == 3 and row >= plane - shape[2]):
                continue
            column = voxel % shape[2]
            if (way == 4 and column == 0) or (way == 5 and column == shape[2] - 1):
                continue
            other = voxel + steps[way]
            if not conducting[other]:
                continue
            if found[other] == _UNSEEN:
                came_by[other] = way
                voxel = other
                arriving = True
            elif came_by[voxel] == 6 or other != voxel - steps[came_by[voxel]]:
                low[voxel] = min(low[voxel], found[other])
    for place in range(clock - 2):
        voxel = order[place]
        if came_by[voxel] != 6:
            carrying[voxel] = carrying[voxel] and carrying[voxel - steps[came_by[voxel]]]
    return carrying
