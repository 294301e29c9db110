"""Two-point correlations: the chance that both ends of a vector lie in a phase, and what follows from them.

C(r), the autocovariance, is the mean product of what two voxels differ from the fraction f, over all pairs a vector r
apart that lie in the body (no periodic images), by a padded FFT. S2(r) = f^2 + C(r); S2(0) is f, S2 far away f^2
(Torquato, Random Heterogeneous Materials, 2002, doi 10.1007/978-1-4757-6355-3, 2.2). The pairs of a long vector leave
the middle of the body out: counted directly, their S2 would have another fraction than f in it, and a phase another C
than all others together, which have the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import fft
from scipy.spatial import KDTree

from paddlewheel.errors import SettingsError
from paddlewheel.lab.tomography.connectivity import checked_phases
from paddlewheel.lab.tomography.voxels import ARRAY_AXIS, Axis, Labels

_RATIO = 4
_FADED = 0.02
_DIRECTIONS = 20_000


@dataclass(frozen=True, eq=False, kw_only=True)
class TwoPoint:
    """Two-point correlation of one phase.

    Attributes
    ----------
    phase
        Number.
    fraction
        f, of the body.
    axis_distance_um, axis_s2
        By axis, from 0 on: distances and S2 along it.
    radial_distance_um, radial_s2
        Mean distance and mean S2 of shells as wide as the longest edge of a voxel, over all directions; the first is 0.
    axis_length_um
        By axis: autocovariance length, the integral of C(r)/C(0) to where it has faded to a fiftieth. None where it
        does not within the lags: the body is too small to say, or the phase fills it.
    length_um
        The same of the radial S2.
    specific_surface_per_um
        Surface per volume of the body, from the slope at 0: S2(r) = f - S/V r/4 (Debye, Anderson and Brumberger 1957,
        doi 10.1063/1.1722830), averaged over the 26 directions to neighbours with the solid angle of each (Crofton).
        A check of the areas in `surfaces`: within 5 % for smooth surfaces turned any way.
    """

    phase: int
    fraction: float
    axis_distance_um: Mapping[Axis, np.ndarray]
    axis_s2: Mapping[Axis, np.ndarray]
    radial_distance_um: np.ndarray
    radial_s2: np.ndarray
    axis_length_um: Mapping[Axis, float | None]
    length_um: float | None
    specific_surface_per_um: float


def two_point(labels: Labels, phase: int, *, largest_um: float | None = None) -> TwoPoint:
    """Two-point correlation of a phase along the axes and over all directions.

    Needs 25 bytes a voxel: 3 GB for 500^3, and half a minute.

    Parameters
    ----------
    labels
        The body.
    phase
        Number of the phase.
    largest_um
        Longest vector; by default a quarter of each edge of the body, and never more than half of it.

    Raises
    ------
    SettingsError
        Where there is no such phase, the body is one voxel thin or the longest vector shorter than two voxels.
    """
    (phase,) = checked_phases(labels, [phase])
    spacing_um = np.array(labels.spacing_nm) / 1000
    lags = lags_within(labels, largest_um)
    inside = labels.labels == phase
    fraction = float(np.count_nonzero(inside) / inside.size)
    s2 = fraction**2 + autocorrelation(inside - np.float32(fraction), lags)
    offsets = [np.arange(-lag, lag + 1) * edge for lag, edge in zip(lags, spacing_um, strict=True)]
    axis_distance_um: dict[Axis, np.ndarray] = {}
    axis_s2: dict[Axis, np.ndarray] = {}
    for axis, place in ARRAY_AXIS.items():
        line = [*lags[:place], slice(lags[place], None), *lags[place + 1 :]]
        axis_distance_um[axis], axis_s2[axis] = offsets[place][lags[place] :], s2[tuple(line)].astype(float)
    distance_um = distances(offsets)
    width_um = float(spacing_um.max())
    near = distance_um <= min(lag * edge for lag, edge in zip(lags, spacing_um, strict=True)) + width_um / 2
    shell = np.round(distance_um[near] / width_um).astype(np.int64)
    shell[distance_um[near] > 0] = np.maximum(shell[distance_um[near] > 0], 1)
    pairs = np.bincount(shell)
    radial_distance_um = np.bincount(shell, weights=distance_um[near]) / pairs
    radial_s2 = np.bincount(shell, weights=s2[near]) / pairs
    return TwoPoint(
        phase=phase,
        fraction=fraction,
        axis_distance_um=axis_distance_um,
        axis_s2=axis_s2,
        radial_distance_um=radial_distance_um,
        radial_s2=radial_s2,
        axis_length_um={axis: _length_um(axis_distance_um[axis], axis_s2[axis]) for axis in ARRAY_AXIS},
        length_um=_length_um(radial_distance_um, radial_s2),
        specific_surface_per_um=_surface_by_slope(inside, spacing_um),
    )


def autocorrelation(values: np.ndarray, lags: tuple[int, int, int]) -> np.ndarray:
    """Mean product of values at two voxels, over all pairs in the body that are a vector apart.

    Parameters
    ----------
    values
        [n_z, n_y, n_x].
    lags
        Longest vector along each axis of the array, voxels, each less than its length.

    Returns
    -------
    numpy.ndarray
        float32 [2 l_z + 1, 2 l_y + 1, 2 l_x + 1], with the vector 0 in the middle.
    """
    shape = [fft.next_fast_len(n + lag, real=True) for n, lag in zip(values.shape, lags, strict=True)]
    spectrum: np.ndarray = fft.rfftn(values.astype(np.float32), shape)  # type: ignore[assignment]
    np.multiply(spectrum, spectrum.conj(), out=spectrum)
    whole: np.ndarray = fft.irfftn(spectrum, shape, overwrite_x=True)  # type: ignore[assignment]
    for axis, lag in enumerate(lags):
        whole = np.take(whole, np.arange(-lag, lag + 1), axis=axis, mode="wrap")
    for axis, pairs in enumerate(pairs_apart(values.shape, lags)):
        whole /= pairs.astype(np.float32).reshape([-1 if axis == place else 1 for place in range(3)])
    return whole


def pairs_apart(shape: tuple[int, ...], lags: tuple[int, int, int]) -> list[np.ndarray]:
    """Along each axis of the array, how many pairs are -lag .. lag voxels apart; their product is that of vectors."""
    return [n - np.abs(np.arange(-lag, lag + 1)) for n, lag in zip(shape, lags, strict=True)]


def distances(offsets: list[np.ndarray]) -> np.ndarray:
    """Lengths of all vectors with these components along the axes of the array."""
    z, y, x = np.meshgrid(*offsets, indexing="ij", sparse=True)
    return np.sqrt(z * z + y * y + x * x)


def lags_within(labels: Labels, largest_um: float | None) -> tuple[int, int, int]:
    """Longest vector along each axis of the array, voxels: a quarter of the body, or what was asked, at most half.

    Raises
    ------
    SettingsError
        Where the body is one voxel thin, or what was asked is shorter than a voxel.
    """
    if min(labels.shape) < 2:
        size = " x ".join(str(count) for count in reversed(labels.shape))
        raise SettingsError(f"{size} voxels have no correlations in space", where=labels.source, remedy="give a body")
    coarsest_um = max(labels.voxel_nm) / 1000
    if largest_um is not None and not largest_um >= coarsest_um:
        raise SettingsError(f"vectors up to {largest_um:g} um", remedy=f"take at least a voxel, {coarsest_um:g} um")
    lags = []
    for count, edge_nm in zip(labels.shape, labels.spacing_nm, strict=True):
        wanted = count // _RATIO if largest_um is None else round(largest_um * 1000 / edge_nm)
        lags.append(max(min(wanted, count // 2), 1))
    return tuple(lags)


def _length_um(distance_um: np.ndarray, s2: np.ndarray) -> float | None:
    """Integral of C(r)/C(0) to where it has faded: slow trends through a body keep a tail of it over 0."""
    covariance = s2 - s2[0] ** 2
    if covariance[0] <= 0:
        return None
    share = covariance / covariance[0]
    below = np.flatnonzero(share <= _FADED)
    if not below.size:
        return None
    end = below[0]
    end_um = np.interp(-_FADED, [-share[end - 1], -share[end]], distance_um[end - 1 : end + 1])
    return float(np.trapezoid(np.append(share[:end], _FADED), np.append(distance_um[:end], end_um)))


def _surface_by_slope(inside: np.ndarray, spacing_um: np.ndarray) -> float:
    """4 (f - S2(d))/|d|, averaged over directions d to the 26 neighbours, each with the solid angle nearest to it.

    f - S2(d) is half of the share of pairs that differ.
    """
    steps = np.array([step for step in itertools.product((-1, 0, 1), repeat=3) if any(step)])
    vectors_um = steps * spacing_um
    length_um = np.linalg.norm(vectors_um, axis=1)
    turn = np.arange(_DIRECTIONS) + 0.5
    height = 1 - 2 * turn / _DIRECTIONS
    angle = np.pi * (1 + 5**0.5) * turn
    flat = np.sqrt(1 - height**2)
    sphere = np.stack([height, flat * np.sin(angle), flat * np.cos(angle)], axis=1)
    _, nearest = KDTree(vectors_um / length_um[:, None]).query(sphere)
    weights = np.bincount(nearest, minlength=len(steps)) / _DIRECTIONS
    surface = 0.0
    for step, length, weight in zip(steps, length_um, weights, strict=True):
        here = tuple(slice(max(-one, 0), count - max(one, 0)) for one, count in zip(step, inside.shape, strict=True))
        there = tuple(slice(max(one, 0), count - max(-one, 0)) for one, count in zip(step, inside.shape, strict=True))
        differing = inside[here] != inside[there]
        surface += 2 * weight * np.count_nonzero(differing) / differing.size / length
    return float(surface)
