"""All flows of a run: the body along each axis, its sub-volumes, and the other segmentations of its family."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.execution.signals import stop_if_requested
from paddlewheel.lab.tomography.transport.flow import Flow
from paddlewheel.lab.tomography.transport.solver import flow, memory_bytes, split_factors
from paddlewheel.lab.tomography.voxels import Axis, Labels
from paddlewheel.studies.tomography_measure.record import Carrier
from paddlewheel.study.progress import Progress, Row

_SMALLEST_EDGE = 8
"""Voxels of a block: smaller ones are all surface."""
_TRIAL_EDGE = 48
"""Voxels of the block on which the time is measured."""


@dataclass(frozen=True, kw_only=True)
class Conductors:
    """What conducts for one carrier: conductivities by label, in mS/cm where `absolute`, else over any one."""

    carrier: Carrier
    conductivities: Mapping[int, float]
    absolute: bool


@dataclass(frozen=True, kw_only=True)
class SubVolume:
    """A flow through one block of a body whose edges are cut into `parts`; `edge_um` along the flow."""

    parts: int
    block: int
    edge_um: float
    found: Flow


@dataclass(frozen=True, kw_only=True)
class Flows:
    """Of one carrier along one axis: the body, its blocks, and the other segmentations."""

    conductors: Conductors
    axis: Axis
    whole: Flow
    blocks: Sequence[SubVolume]
    family: Sequence[Flow]


@dataclass(frozen=True, kw_only=True)
class FlowPlan:
    """What is solved, and how.

    Attributes
    ----------
    conductors, axes
        Each of the one along each of the other.
    parts
        Into how many parts each edge is cut for sub-volumes; only those whose blocks are large enough.
    tolerance, threads, most_memory_bytes, periodic_sides
        As `flow` takes them.
    """

    conductors: Sequence[Conductors]
    axes: Sequence[Axis]
    parts: Sequence[int]
    tolerance: float
    threads: int
    most_memory_bytes: float | None
    periodic_sides: bool

    def solve(
        self, labels: np.ndarray, spacing_nm: Sequence[float], of: Conductors, axis: Axis, *, keep: bool = False
    ) -> Flow:
        """One flow."""
        return flow(
            labels,
            spacing_nm,
            of.conductivities,
            axis,
            tolerance=self.tolerance,
            keep_flux=keep,
            threads=self.threads,
            periodic_sides=self.periodic_sides,
            most_memory_bytes=self.most_memory_bytes,
        )

    def usable_parts(self, shape: Sequence[int]) -> list[int]:
        """Those of `parts` whose blocks have the smallest edge or more."""
        return [parts for parts in self.parts if min(shape) // parts >= _SMALLEST_EDGE]

    def voxels(self, shape: Sequence[int], members: int) -> float:
        """That are solved in all, blocks and segmentations together."""
        bodies = 1 + len(self.usable_parts(shape)) + members
        return float(math.prod(shape)) * bodies * len(self.conductors) * len(self.axes)


@dataclass(frozen=True, kw_only=True)
class FlowCost:
    """What the flows of a plan take: voxels before splitting, memory, and seconds of the clock."""

    voxels: float
    split: tuple[int, int, int]
    memory_bytes: float
    seconds: float

    def told(self) -> str:
        """Voxels and memory in a line."""
        x, y, z = self.split[::-1]
        parts = "" if x * y * z == 1 else f" (each split {x} x {y} x {z} along x, y, z)"
        return f"flows through {self.voxels / 1e6:.3g} million voxels{parts}, at most {self.memory_bytes / 1e9:.2g} GB"


def trial_block(labels: Labels) -> Labels:
    """A block of the middle, on which times are measured."""
    middle = tuple(
        slice((count - edge) // 2, (count - edge) // 2 + edge)
        for count in labels.shape
        for edge in [min(count, _TRIAL_EDGE)]
    )
    return labels.replaced(labels=np.ascontiguousarray(labels.labels[middle]))


def cost(plan: FlowPlan, labels: Labels, members: int) -> FlowCost:
    """Measured on a block of the middle: the time of a voxel grows little with the size (multigrid)."""
    block = trial_block(labels).labels
    seconds = 0.0
    for of in plan.conductors:
        plan.solve(block[:8, :8, :8], labels.spacing_nm, of, plan.axes[0])  # compiles
        began = time.perf_counter()
        plan.solve(block, labels.spacing_nm, of, plan.axes[0])
        seconds += time.perf_counter() - began
    voxels = plan.voxels(labels.shape, members)
    z, y, x = (int(part) for part in split_factors(labels.spacing_nm))
    return FlowCost(
        voxels=voxels,
        split=(z, y, x),
        memory_bytes=memory_bytes(labels.shape, labels.spacing_nm),
        seconds=seconds / block.size * voxels / max(len(plan.conductors), 1),
    )


def all_flows(plan: FlowPlan, labels: Labels, family: Sequence[np.ndarray], *, show_progress: bool) -> list[Flows]:
    """Every flow of the plan; the field of flux is kept for the first carrier along each axis.

    Parameters
    ----------
    family
        Labels of the other segmentations.
    """
    total, done, doing = plan.voxels(labels.shape, len(family)), 0.0, ""

    def rows() -> list[Row]:
        return [Row("flows", done / 1e6, total / 1e6, "million voxels", doing)]

    found = []
    with Progress("flows", rows, shown=show_progress, short=True) as progress:
        for of, axis in itertools.product(plan.conductors, plan.axes):
            doing = f"{of.carrier} along {axis}"
            whole = plan.solve(labels.labels, labels.spacing_nm, of, axis, keep=True)
            done += labels.labels.size
            progress.update()
            blocks = []
            for parts in plan.usable_parts(labels.shape):
                for number, block in enumerate(blocks_of(labels.labels, parts)):
                    stop_if_requested()
                    edge_um = labels.size_um["xyz".index(axis)] / parts
                    blocks.append(
                        SubVolume(parts=parts, block=number, edge_um=edge_um,
                                  found=plan.solve(block, labels.spacing_nm, of, axis))
                    )  # fmt: skip
                done += labels.labels.size
                progress.update()
            others = []
            for member in family:
                stop_if_requested()
                others.append(plan.solve(member, labels.spacing_nm, of, axis))
                done += labels.labels.size
                progress.update()
            found.append(Flows(conductors=of, axis=axis, whole=whole, blocks=blocks, family=others))
    return found


def blocks_of(labels: np.ndarray, parts: int) -> Iterator[np.ndarray]:
    """Blocks of equal counts of voxels; what is left over at the far ends is in none."""
    edges = [count // parts for count in labels.shape]
    for place in itertools.product(range(parts), repeat=3):
        yield labels[tuple(slice(at * edge, (at + 1) * edge) for at, edge in zip(place, edges, strict=True))]
