"""Flow through labelled voxels by finite volumes: effective conductivity, tortuosity factor, maps of the flux.

div(sigma grad phi) = 0 with phi = 1 and 0 at the two outer faces, half a voxel from the first and last centres, and
nothing through the sides. A face between two voxels conducts sigma area/distance, sigma a mean of theirs. Conjugate
gradients (with 64 bits for the potential, 32 for the rest) with a multigrid preconditioner; the flow is taken from the
power that it dissipates, whose error is the square of that of the potential.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

import numpy as np
import psutil

from paddlewheel.errors import DataError, MachineError, ScienceError, SettingsError
from paddlewheel.lab.tomography.transport import kernels
from paddlewheel.lab.tomography.transport.flow import FaceMean, Flow
from paddlewheel.lab.tomography.transport.multigrid import Grid, Multigrid, Threads
from paddlewheel.lab.tomography.voxels import ARRAY_AXIS, Axis

_MOST_ITERATIONS = 1000
_REFRESH = 8
"""Iterations after which the residual is computed anew: of its changes, 32 bits keep 1e-7 of the largest."""
_BYTES_PER_VOXEL = 42.0
"""Potential 8; residual, direction, its image and the preconditioned residual 16; faces 12; coarser grids 3;
phases 3."""
_TOLERANCES = (1e-6, 1e-2)


def flow(
    labels: np.ndarray,
    spacing_nm: Sequence[float],
    conductivities: Mapping[int, float],
    axis: Axis,
    *,
    tolerance: float = 1e-4,
    keep_flux: bool = False,
    keep_potential: bool = False,
    threads: int | None = None,
    periodic_sides: bool = False,
    most_memory_bytes: float | None = None,
) -> Flow:
    """Solve the flow along one axis through the voxels that reach both of its faces.

    Slices that are thicker than the pixels are split to near-cubes first: a voxel twice as long as wide puts the
    tortuosity off by some percent. Where conductivities differ, the flow is solved with geometric, harmonic and
    arithmetic means at the faces: the estimate and its bracket.

    Parameters
    ----------
    labels
        Numbers of phases, 0 to 255; [n_z, n_y, n_x].
    spacing_nm
        Edges of a voxel along z, y, x.
    conductivities
        Of each conducting label, in any one unit.
    axis
        Direction of the flow.
    tolerance
        Of |F_in - F_out|/F, and half of what the flow may still change.
    keep_flux, keep_potential
        Whether the result has the maps.
    threads
        How many; all cores that this process may use if None.
    periodic_sides
        Join opposite sides instead of closing them.
    most_memory_bytes
        Refuse what needs more; what the machine has left if None.

    Raises
    ------
    DataError
        Where `labels` or `spacing_nm` are no body of voxels.
    SettingsError
        Where a conductivity, the axis, the tolerance or the threads cannot be.
    MachineError
        Where it would not fit into the memory.
    ScienceError
        Where the flow does not converge.
    """
    started = time.perf_counter()
    labels, spacing = _checked_body(labels, spacing_nm)
    _check_settings(conductivities, axis, tolerance, threads)
    _check_memory(labels.shape, spacing, most_memory_bytes)
    along = ARRAY_AXIS[axis]
    order = (along, *(other for other in range(3) if other != along))
    spacing = spacing[list(order)]

    counts = np.bincount(labels.reshape(-1), minlength=256)
    code_of = np.zeros(256, dtype=np.uint8)
    code_of[list(conductivities)] = np.arange(1, len(conductivities) + 1)
    phases = code_of[np.ascontiguousarray(labels.transpose(order))]
    n_conducting = int(np.count_nonzero(phases))
    _keep_reaching(phases, periodic_sides=periodic_sides)
    n_reaching = int(np.count_nonzero(phases))
    numbers = ", ".join(str(label) for label in conductivities)
    still = Flow(
        axis=axis,
        conductivities=dict(conductivities),
        volume_fraction=n_conducting / labels.size,
        connected_fraction=n_reaching / n_conducting if n_conducting else 0.0,
        mean_conductivity=float(sum(counts[label] * value for label, value in conductivities.items())) / labels.size,
        effective_conductivity=0.0,
        lower=0.0,
        upper=0.0,
        imbalance=0.0,
        iterations=0,
        seconds=time.perf_counter() - started,
        warnings=(f"nothing reaches across along {axis} through label {numbers}",),
    )
    if n_reaching == 0:
        return still

    factors = split_factors(spacing)
    for position, factor in enumerate(factors):
        if factor > 1:
            phases = np.repeat(phases, factor, axis=position)
    present = np.unique(phases)
    sigma = np.array([0.0, *conductivities.values()])
    with Threads(threads or len(os.sched_getaffinity(0))) as workers:
        body = _Body(phases, spacing / factors, sigma, periodic_sides=periodic_sides, threads=workers)
        most = still.mean_conductivity  # Wiener's bound, which the rounding of a solution may pass
        estimate = min(body.solve("geometric", tolerance), most)
        lower = upper = estimate
        flux, potential = body.flux(), body.potential() if keep_potential else None
        shares = flux.reshape(-1, factors[0], *flux.shape[1:]).max(axis=(1, 2, 3))
        slice_potential = body.slice_potential().reshape(-1, factors[0]).mean(axis=1)
        back = np.argsort(order)
        kept_flux = _merged(flux, factors).transpose(back) if keep_flux else None
        kept_potential = None if potential is None else _merged(potential, factors).transpose(back)
        del flux, potential
        if len(set(sigma[present[present > 0]])) > 1:
            lower = min(body.solve("harmonic", tolerance), estimate)
            upper = max(min(body.solve("arithmetic", tolerance), most), estimate)
    return replace(
        still,
        effective_conductivity=estimate,
        lower=lower,
        upper=upper,
        imbalance=body.imbalance,
        iterations=body.iterations,
        seconds=time.perf_counter() - started,
        slice_flux_share=shares,
        slice_potential=slice_potential,
        flux=kept_flux,
        potential=kept_potential,
        warnings=(),
    )


def split_factors(spacing_nm: Sequence[float] | np.ndarray) -> np.ndarray:
    """Into how many parts a voxel is split along each axis, so that the parts are nearly cubes; [3]."""
    ratios = np.asarray(spacing_nm, dtype=float) / np.min(spacing_nm)
    low = np.maximum(np.floor(ratios), 1)
    return np.where(ratios / low > (low + 1) / ratios, low + 1, low).astype(int)


def memory_bytes(shape: Sequence[int], spacing_nm: Sequence[float] | np.ndarray = (1.0, 1.0, 1.0)) -> float:
    """Bound of the memory that `flow` needs for a body of this shape, bytes, over the labels themselves."""
    return _BYTES_PER_VOXEL * math.prod(np.asarray(shape) * split_factors(spacing_nm) + 2)


class _Body:
    """Voxels, split and with the flow along axis 0, and the flow through them.

    Attributes
    ----------
    iterations, imbalance
        Of all solutions so far together, and the largest of them.
    """

    def __init__(
        self, phases: np.ndarray, spacing: np.ndarray, sigma: np.ndarray, *, periodic_sides: bool, threads: Threads
    ) -> None:
        n0, n1, n2 = phases.shape
        self._sigma, self._spacing = sigma, spacing
        self._grid = Grid.empty((n0, n1, n2), periodic=periodic_sides, threads=threads)
        self._phases = self._grid.vector(np.uint8)
        self._phases[_INNER] = phases
        self._grid.wrap(self._phases)
        self._phases[0], self._phases[-1] = self._phases[1], self._phases[-2]
        self._multigrid = Multigrid(self._grid)
        self._x = self._grid.vector(np.float64)
        self._x[0] = 1
        self._x[1:-1] = (1 - (np.arange(n0) + 0.5) / n0)[:, None, None]
        self._r, self._p, self._z, self._q = (self._grid.vector() for _ in range(4))
        self._flow = math.nan
        self.iterations, self.imbalance = 0, 0.0

    def solve(self, mean: FaceMean, tolerance: float) -> float:
        """The effective conductivity with this mean at the faces, from the last potential on."""
        grid, top = self._grid, self._sigma.max()
        table = _face_table(self._sigma / top, mean).astype(np.float32)
        scales = self._spacing[0] ** 2 / self._spacing**2
        faces = (grid.c0, grid.c1, grid.c2)
        grid.run(kernels.fill_faces, *faces, self._phases, table, *scales, last=grid.shape[0] + 2)
        self._multigrid.refresh()
        self._converge(tolerance)
        n0, n1, n2 = grid.shape
        return float(top * self._flow * n0 / (n1 * n2))

    def _converge(self, tolerance: float) -> None:
        """Flexible conjugate gradients (doi 10.1137/S1064827599362314) until the flow is balanced and has settled.

        Each step lowers the power by alpha r z, which tells how far the flow has settled (doi 10.6028/jres.049.044).
        """
        grid, x, r, p, z, q = self._grid, self._x, self._r, self._p, self._z, self._q
        faces = (grid.c0, grid.c1, grid.c2)
        power, old_rz, alpha = 0.0, 1.0, 0.0
        p[:], q[:] = 0, 0
        drops = [math.inf] * 3
        for iteration in range(_MOST_ITERATIONS):
            if iteration % _REFRESH == 0:
                power = self._residual()
            self._multigrid.precondition(z, r)
            rz = sum(grid.run(kernels.dot, r, z))
            if rz <= _SETTLED * power:
                break
            beta = -alpha * sum(grid.run(kernels.dot, z, q)) / old_rz
            grid.run(kernels.turn, p, z, beta)
            grid.wrap(p)
            alpha, old_rz = rz / sum(grid.run(kernels.apply, q, p, *faces)), rz
            grid.run(kernels.step, x, r, p, q, alpha)
            self.iterations += 1
            power -= alpha * rz
            drops = [*drops[1:], alpha * rz]
            if self._imbalance() < tolerance and sum(drops) < tolerance * power / 5:
                break
        self._flow, imbalance = self._residual(), self._imbalance()
        if not imbalance < tolerance:
            raise ScienceError(
                f"the flow has not settled: what enters and what leaves differ by {imbalance:.2g} of it",
                remedy="give conductivities that differ less, or a larger tolerance",
            )
        self.imbalance = max(self.imbalance, imbalance)

    def _residual(self) -> float:
        """Set r; the power that is dissipated."""
        grid, x = self._grid, self._x
        grid.wrap(x)
        power = sum(grid.run(kernels.residual_and_power, self._r, x, grid.c0, grid.c1, grid.c2))
        return power + float(np.sum(grid.c0[-1][_SIDES] * x[-2][_SIDES] ** 2))

    def _imbalance(self) -> float:
        """|F_in - F_out|/F."""
        enters = float(np.sum(self._grid.c0[1][_SIDES] * (1 - self._x[1][_SIDES])))
        leaves = float(np.sum(self._grid.c0[-1][_SIDES] * self._x[-2][_SIDES]))
        return abs(enters - leaves) / (0.5 * (enters + leaves))

    def flux(self) -> np.ndarray:
        """|flux density| of each voxel over the mean of the body; a view of memory that the next solution takes."""
        grid, (w0, w1, w2), (_, n1, n2) = self._grid, self._spacing, self._grid.shape
        faces = (grid.c0, grid.c1, grid.c2)
        grid.run(kernels.flux_density, self._q, self._x, *faces, w1 / w0, w2 / w0)
        flux = self._q[_INNER]
        flux *= n1 * n2 / self._flow
        return flux

    def potential(self) -> np.ndarray:
        """1 at the first face and 0 at the last; NaN where no current can go."""
        return np.where(self._phases[_INNER] > 0, self._x[_INNER], np.nan).astype(np.float32)

    def slice_potential(self) -> np.ndarray:
        """Mean over what conducts in each slice."""
        planes = zip(self._x[_INNER], self._phases[_INNER], strict=True)
        return np.array([plane[phases > 0].mean() for plane, phases in planes])


_INNER = (slice(1, -1),) * 3
_SIDES = (slice(1, -1),) * 2
_SETTLED = 1e-20
"""Of the power: what is left is rounding."""


def _face_table(sigma: np.ndarray, mean: FaceMean) -> np.ndarray:
    """Mean conductivity of each two phases; 0 where one does not conduct."""
    one, other = sigma[:, None], sigma[None, :]
    if mean == "geometric":
        return np.sqrt(one * other)
    if mean == "arithmetic":
        return np.where(one * other > 0, (one + other) / 2, 0)
    return 2 * one * other / np.where(one + other > 0, one + other, 1)


def _keep_reaching(phases: np.ndarray, *, periodic_sides: bool) -> None:
    """Set to 0 what does not reach both ends of axis 0 through faces of voxels."""
    from scipy import ndimage
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    clusters, count = cast("tuple[np.ndarray, int]", ndimage.label(phases))
    cluster_of = np.arange(count + 1)
    if periodic_sides:
        pairs = np.concatenate(
            [
                np.stack([ends[0][touching], ends[1][touching]])
                for ends in ((clusters[:, 0], clusters[:, -1]), (clusters[:, :, 0], clusters[:, :, -1]))
                for touching in [(ends[0] > 0) & (ends[1] > 0)]
            ],
            axis=1,
        )
        graph = coo_array((np.ones(pairs.shape[1], dtype=bool), tuple(pairs)), shape=(count + 1, count + 1))
        cluster_of = connected_components(graph, directed=False)[1]
    reaches = np.isin(cluster_of, cluster_of[clusters[0]]) & np.isin(cluster_of, cluster_of[clusters[-1]])
    reaches[0] = False
    for plane, numbers in zip(phases, clusters, strict=True):
        plane[~reaches[numbers]] = 0


def _merged(values: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Means over the parts of each voxel."""
    (n0, n1, n2), (f0, f1, f2) = values.shape, factors
    return values.reshape(n0 // f0, f0, n1 // f1, f1, n2 // f2, f2).mean(axis=(1, 3, 5))


def _checked_body(labels: np.ndarray, spacing_nm: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    labels = np.asarray(labels)
    if labels.ndim != 3 or labels.size == 0 or labels.dtype.kind not in "ui":
        raise DataError(
            f"labels of shape {labels.shape} and type {labels.dtype}", remedy="give whole numbers [z, y, x]"
        )
    if labels.dtype != np.uint8:
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or high > 255:
            raise DataError(f"labels from {low} to {high}", remedy="number the phases from 0 to 255")
        labels = labels.astype(np.uint8)
    spacing = np.asarray(spacing_nm, dtype=float)
    if spacing.shape != (3,) or not np.all(np.isfinite(spacing)) or np.any(spacing <= 0):
        raise DataError(f"spacing {spacing_nm}", remedy="give three positive edges of a voxel, nm, along z, y, x")
    return labels, spacing


def _check_settings(conductivities: Mapping[int, float], axis: str, tolerance: float, threads: int | None) -> None:
    if not conductivities:
        raise SettingsError("no conducting phase", remedy="give the conductivity of at least one label")
    for label, value in conductivities.items():
        if not 0 <= label <= 255:
            raise SettingsError(f"label {label}", remedy="labels are 0 to 255")
        if not (math.isfinite(value) and value > 0):
            raise SettingsError(
                f"conductivity {value:g} of label {label}", remedy="give a positive one, or leave the label out"
            )
    if axis not in ARRAY_AXIS:
        raise SettingsError(f"axis {axis}", remedy="give x, y or z")
    if not _TOLERANCES[0] <= tolerance <= _TOLERANCES[1]:
        raise SettingsError(f"tolerance {tolerance:g}", remedy="give {:g} to {:g}".format(*_TOLERANCES))
    if threads is not None and threads < 1:
        raise SettingsError(f"{threads} threads", remedy="give 1 or more")


def _check_memory(shape: Sequence[int], spacing_nm: np.ndarray, most_bytes: float | None) -> None:
    needed = memory_bytes(shape, spacing_nm)
    limit = float(psutil.virtual_memory().available) if most_bytes is None else most_bytes
    if needed <= limit:
        return
    factors = split_factors(spacing_nm)
    size = " x ".join(map(str, shape))
    split = "" if np.all(factors == 1) else f", split {' x '.join(map(str, factors))},"
    raise MachineError(
        f"a flow through {size} voxels{split} needs {needed / 1e9:.3g} GB, and there are {limit / 1e9:.3g} GB",
        remedy="take a sub-volume, or every second voxel",
    )
