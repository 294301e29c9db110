"""How long anions remember their orientation: C1 and C2 over time lags, relaxation times, and what H atoms travel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.transport.rotation.average import Estimate, jackknife, mean_over_units
from paddlewheel.transport.rotation.quaternions import matrices
from paddlewheel.transport.rotation.tracking import CageMotion

LAGS_PER_DECADE = 40
LARGEST_SHARE = 0.25
"""A correlation must have decayed within this share of the run for its relaxation time to be given ..."""
DECAYED = 0.15
"""... to this value."""
_TAIL = 0.4
_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))

RelaxationStatus = Literal["ok", "too-short", "frames-too-far-apart"]


@dataclass(frozen=True)
class Relaxation:
    """The integral relaxation time of a correlation: the area under it, `time_ps` None where `status` says why."""

    status: RelaxationStatus
    reason: str | None
    time_ps: Estimate | None


@dataclass(frozen=True)
class Correlation:
    """An orientational autocorrelation.

    Attributes
    ----------
    name
        ``C1 bonds``, ``C2 bonds`` (of the unit vectors from the centre of mass to the outer atoms: <P_l(u(0) u(t))>) or
        ``C1 body``, ``C2 body`` (of the whole anion: trace of the rotation's Wigner matrix over 2l + 1; the mean over
        vectors fixed in the body in all directions).
    value, std
        `[n_lags]`; std from the spread over the anions, NaN with one.
    relaxation
        Its relaxation time.
    """

    name: str
    value: np.ndarray
    std: np.ndarray
    relaxation: Relaxation


@dataclass(frozen=True)
class Memory:
    """All four correlations over `lag_ps` `[n_lags]`, and the mean squared displacement of the outer atoms by rotation.

    Attributes
    ----------
    msd_A2, msd_std_A2
        `[n_lags]`: 2 R^2 (1 - C1 bonds), what the atoms travel about the centre of mass.
    plateau_A2
        2 R^2: where it ends when the orientation is forgotten (R^2 the mean square distance of the outer atoms).
    """

    lag_ps: np.ndarray
    correlations: tuple[Correlation, Correlation, Correlation, Correlation]
    msd_A2: np.ndarray
    msd_std_A2: np.ndarray
    plateau_A2: Estimate


def orientational_memory(runs: Sequence[CageMotion], members: Sequence[Sequence[int]]) -> Memory:
    """C1 and C2 over all time origins, by the Wiener-Khinchin theorem, at log-spaced lags up to half the run.

    The relaxation time is the area under the mean correlation, by the trapezoidal rule to where it first falls to 0.15,
    and beyond that under the exponential that it falls by from 0.4 to there; uncertainty by the jackknife over the
    anions. It is refused when the correlation does not fall to 0.15 within a quarter of the shortest run.

    Parameters
    ----------
    runs, members
        The runs, and for each the anions that count, at least one in all.
    """
    interval_ps = runs[0].frame_interval_fs / 1000
    n_frames = min(run.n_frames for run in runs)
    lags = _log_lags(max(1, n_frames // 2))
    units = np.array([_of_anion(run, g, lags) for run, chosen in zip(runs, members, strict=True) for g in chosen])
    lag_ps = lags * interval_ps
    squares = np.array(
        [
            (run.outer_places_A(g) ** 2).sum(axis=1).mean()
            for run, chosen in zip(runs, members, strict=True)
            for g in chosen
        ]
    )
    last_ps = LARGEST_SHARE * (n_frames - 1) * interval_ps
    names = ("C1 bonds", "C1 body", "C2 bonds", "C2 body")
    first, second, third, fourth = (
        Correlation(
            name, units[:, row].mean(axis=0), _error(units[:, row]), _relaxation(units[:, row], lag_ps, last_ps)
        )
        for row, name in enumerate(names)
    )
    msd = 2 * squares[:, None] * (1 - units[:, 0])
    return Memory(lag_ps, (first, second, third, fourth), msd.mean(axis=0), _error(msd), mean_over_units(2 * squares))


def _log_lags(last: int) -> np.ndarray:
    n = 2 + int(LAGS_PER_DECADE * np.log10(max(last, 1)))
    return np.unique(np.concatenate([[0], np.rint(np.geomspace(1, last, n)).astype(int)]))


def _error(units: np.ndarray) -> np.ndarray:
    if len(units) < 2:
        return np.full(units.shape[1], np.nan)
    return units.std(axis=0, ddof=1) / np.sqrt(len(units))


def _of_anion(run: CageMotion, cage: int, lags: np.ndarray) -> np.ndarray:
    """C1 bonds, C1 body, C2 bonds, C2 body of one anion at the lags, `[4, n_lags]`."""
    places = run.outer_places_A(cage)
    bonds = places / np.linalg.norm(places, axis=1, keepdims=True)
    rotation = matrices(run.quaternions[cage])  # [n_frames, 3, 3]
    # In the axes of the tensor of the bonds, each axis of the body enters C1 with its eigenvalue.
    share, axes = np.linalg.eigh(bonds.T @ bonds / len(bonds))
    vectors = (rotation @ axes).transpose(2, 1, 0)  # [axis, 3, n_frames]
    first = np.array([_autocorrelation(vector, lags) for vector in vectors])
    # The same for second-rank tensors, in the five-dimensional space of the symmetric traceless ones.
    tensors = np.sqrt(1.5) * (bonds[:, :, None] * bonds[:, None, :] - np.eye(3) / 3)
    of_bonds = _components(tensors.transpose(1, 2, 0))
    share_2, axes_2 = np.linalg.eigh(of_bonds @ of_bonds.T / len(bonds))
    columns = rotation.transpose(2, 1, 0)  # [axis, 3, n_frames]
    products = np.stack([_components(columns[a][:, None] * columns[b][None, :]) for a, b in _PAIRS])
    body = np.einsum("mk,mab->kab", axes_2, _basis())  # R E R^T is the sum over a, b of E_ab times their product
    weights = np.array([[tensor[a, b] * (1 if a == b else 2) for a, b in _PAIRS] for tensor in body])
    second = np.array([_autocorrelation(np.tensordot(row, products, 1), lags) for row in weights])
    return np.stack([share @ first, first.mean(axis=0), share_2 @ second, second.mean(axis=0)])


def _basis() -> np.ndarray:
    """Orthonormal symmetric traceless matrices, `[5, 3, 3]`, in the order of `_components`."""
    basis = np.zeros((5, 3, 3))
    basis[0] = np.diag([1.0, -1.0, 0.0]) / np.sqrt(2)
    basis[1] = np.diag([-1.0, -1.0, 2.0]) / np.sqrt(6)
    for row, (a, b) in enumerate(((0, 1), (0, 2), (1, 2)), start=2):
        basis[row, a, b] = basis[row, b, a] = 1 / np.sqrt(2)
    return basis


def _components(tensors: np.ndarray) -> np.ndarray:
    """Components in `_basis`, `[5, n]`, of the symmetric traceless parts of `[3, 3, n]`."""
    xx, yy, zz = tensors[0, 0], tensors[1, 1], tensors[2, 2]
    return np.stack(
        [
            (xx - yy) / np.sqrt(2),
            (2 * zz - xx - yy) / np.sqrt(6),
            *((tensors[a, b] + tensors[b, a]) / np.sqrt(2) for a, b in ((0, 1), (0, 2), (1, 2))),
        ]
    )


def _autocorrelation(series: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Mean over origins of the scalar product at each lag, `[n_lags]` of `[n_components, n_frames]`."""
    from scipy import fft

    n_frames = series.shape[1]
    size = int(fft.next_fast_len(2 * n_frames, real=True) or 2 * n_frames)
    spectrum = np.asarray(fft.rfft(series, n=size, axis=1), dtype=np.complex128)
    power = np.square(np.abs(spectrum)).sum(axis=0)
    return np.asarray(fft.irfft(power, n=size))[lags] / (n_frames - lags)


def _relaxation(units: np.ndarray, lag_ps: np.ndarray, last_ps: float) -> Relaxation:
    mean = units.mean(axis=0)
    inside = np.flatnonzero(lag_ps <= last_ps)
    decayed = np.flatnonzero(mean[inside] <= DECAYED)
    if not len(decayed):
        left = f"{mean[inside[-1]]:.2f} at {lag_ps[inside[-1]]:.3g} ps" if len(inside) > 1 else "not known"
        return Relaxation("too-short", f"after a quarter of the run it is {left}, not {DECAYED:g}: run longer", None)
    end = int(decayed[0])
    start = int(np.argmax(mean <= _TAIL))
    if end < 3:
        return Relaxation("frames-too-far-apart", "it is forgotten within three frames: write them more often", None)
    start = min(start, end - 1)

    def area(correlation: np.ndarray) -> float:
        body = np.trapezoid(correlation[: end + 1], lag_ps[: end + 1])
        high, low = max(correlation[start], 0.02), max(correlation[end], 0.01)
        tail_ps = (lag_ps[end] - lag_ps[start]) / max(np.log(high / low), 0.1)
        return float(body + low * tail_ps)

    return Relaxation("ok", None, jackknife(units, area))
