"""All flows of a run: the body along each axis, its sub-volumes, and the other segmentations of its family.

In a run directory each body that is solved is kept in `flows/` as soon as it is, so that a run that was killed goes on
from there.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from paddlewheel.execution.signals import stop_if_requested
from paddlewheel.lab.tomography.transport.flow import Flow
from paddlewheel.lab.tomography.transport.solver import flow, memory_bytes, split_factors
from paddlewheel.lab.tomography.voxels import ARRAY_AXIS, Axis, Labels
from paddlewheel.studies.tomography_measure.record import Carrier
from paddlewheel.study.progress import Progress, Row
from paddlewheel.study.run import Run

_FOLDER = "flows"
_NUMBERS = (
    "volume_fraction", "connected_fraction", "mean_conductivity", "effective_conductivity", "lower", "upper",
    "imbalance", "iterations", "seconds",
)  # fmt: skip
"""Of a flow, in the files that keep it."""
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
    """Of one carrier along one axis: the body, its blocks, and the other segmentations.

    Attributes
    ----------
    flux_at, flux
        Number of the slice across the flow with the largest flux density, and |flux density| in it over the mean of
        the body, float32; of shape [0, 0] where nothing flows.
    """

    conductors: Conductors
    axis: Axis
    whole: Flow
    flux_at: int
    flux: np.ndarray
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


def all_flows(plan: FlowPlan, labels: Labels, family: Sequence[np.ndarray], run: Run) -> list[Flows]:
    """Every flow of the plan, those that an earlier call left in the run directory as they are.

    Parameters
    ----------
    family
        Labels of the other segmentations.
    """
    total, done, doing = plan.voxels(labels.shape, len(family)), 0.0, ""

    def rows() -> list[Row]:
        return [Row("flows", done / 1e6, total / 1e6, "million voxels", doing)]

    found = []
    with Progress("flows", rows, shown=run.show_progress, short=True) as progress:
        for of, axis in itertools.product(plan.conductors, plan.axes):
            doing = f"{of.carrier} along {axis}"
            bodies = {"body": [labels.labels]}
            bodies |= {f"blocks-{parts}": blocks_of(labels.labels, parts) for parts in plan.usable_parts(labels.shape)}
            bodies |= {f"family-{number}": [member] for number, member in enumerate(family, start=1)}
            solved = {}
            for name, each in bodies.items():
                solved[name] = _kept(run, name, each, plan, labels, of, axis)
                done += labels.labels.size
                progress.update()
            found.append(
                Flows(
                    conductors=of, axis=axis, whole=solved["body"].flows[0], flux_at=solved["body"].flux_at,
                    flux=solved["body"].flux,
                    blocks=[
                        SubVolume(parts=parts, block=number, edge_um=labels.size_um["xyz".index(axis)] / parts,
                                  found=block)
                        for parts in plan.usable_parts(labels.shape)
                        for number, block in enumerate(solved[f"blocks-{parts}"].flows)
                    ],
                    family=[solved[f"family-{number}"].flows[0] for number in range(1, len(family) + 1)],
                )
            )  # fmt: skip
    return found


@dataclass(frozen=True, kw_only=True)
class _Solved:
    """Flows through some bodies; the profiles along the flow, the slice of flux and its number are of the first."""

    flows: Sequence[Flow]
    flux_at: int
    flux: np.ndarray


def _kept(
    run: Run, name: str, bodies: Iterable[np.ndarray], plan: FlowPlan, labels: Labels, of: Conductors, axis: Axis
) -> _Solved:
    """Flows through bodies that the run directory has, else solved and, where there is a directory, kept there."""
    file = f"{_FOLDER}/{of.carrier}-{axis}-{name}.npz"
    if run.directory is not None and not run.anew and run.has(file):
        run.hold(file)
        return _of_arrays(run.beside.arrays(file), of, axis)
    flows = []
    for body in bodies:
        stop_if_requested()
        flows.append(plan.solve(body, labels.spacing_nm, of, axis, keep=name == "body"))
    flux_at, flux = _flux_slice(flows[0])
    solved = _Solved(flows=[replace(each, flux=None) for each in flows], flux_at=flux_at, flux=flux)
    if run.directory is not None:
        run.arrays(file, _arrays_of(solved))
        run.keep_made(file)
    return solved


def _flux_slice(found: Flow) -> tuple[int, np.ndarray]:
    """The slice across the flow with the largest flux density: its number, and the flux density in it."""
    if found.flux is None:
        return 0, np.zeros((0, 0), dtype=np.float32)
    across = np.moveaxis(found.flux, ARRAY_AXIS[found.axis], 0)
    number = int(np.argmax(across.reshape(len(across), -1).max(axis=1)))
    return number, across[number].astype(np.float32)


def _arrays_of(solved: _Solved) -> dict[str, np.ndarray]:
    first = solved.flows[0]
    return {
        "numbers": np.array([[getattr(each, name) for name in _NUMBERS] for each in solved.flows], dtype=float),
        "slice_flux_share": first.slice_flux_share,
        "slice_potential": first.slice_potential,
        "flux_at": np.array(solved.flux_at),
        "flux": solved.flux,
    }


def _of_arrays(arrays: Mapping[str, np.ndarray], of: Conductors, axis: Axis) -> _Solved:
    flows = []
    for row in arrays["numbers"].tolist():
        numbers: dict[str, Any] = dict(zip(_NUMBERS, row, strict=True))
        numbers["iterations"] = int(numbers["iterations"])
        flows.append(Flow(axis=axis, conductivities=of.conductivities, **numbers))
    flows[0] = replace(flows[0], slice_flux_share=arrays["slice_flux_share"], slice_potential=arrays["slice_potential"])
    return _Solved(flows=flows, flux_at=int(arrays["flux_at"]), flux=arrays["flux"])


def blocks_of(labels: np.ndarray, parts: int) -> Iterator[np.ndarray]:
    """Blocks of equal counts of voxels; what is left over at the far ends is in none."""
    edges = [count // parts for count in labels.shape]
    for place in itertools.product(range(parts), repeat=3):
        yield labels[tuple(slice(at * edge, (at + 1) * edge) for at, edge in zip(place, edges, strict=True))]
