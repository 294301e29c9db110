"""How fast anions turn: the paper's eq. 5, angular velocities, and whether they have their share of the heat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.transport.rotation.average import Estimate, mean_over_units
from paddlewheel.transport.rotation.quaternions import relative, rotation_vectors
from paddlewheel.transport.rotation.tracking import CageMotion
from paddlewheel.units import ATOMIC_MASS_KG, BOLTZMANN_J_PER_K

BOLTZMANN_uA2_PER_PS2_K = BOLTZMANN_J_PER_K / ATOMIC_MASS_KG * 1e-4
"""k in u A^2 / (ps^2 K): 1 A^2/ps^2 is 1e4 m^2/s^2."""

LARGEST_BIAS = 0.25
"""Largest share of <w^2> that the mean over a frame interval may lose before equipartition is refused ..."""
LARGEST_DOUBT = 0.05
"""... and the largest difference between the second- and the third-order extrapolation to no interval."""
_LAGS = (1, 2, 3)
_THIRD_ORDER, _SECOND_ORDER = (1.5, -0.6, 0.1), (4 / 3, -1 / 3, 0.0)
_STRIDES = (1, 2, 5, 10, 20, 50, 100)
_ORIGINS = 4000
_BINS = np.linspace(0.0, 5.0, 51)

EquipartitionStatus = Literal["ok", "frames-too-far-apart", "too-short", "no-temperature"]


@dataclass(frozen=True)
class PaperSpeed:
    """Eq. 5 of the paper: mean over atoms of |r(t + tau) - r(t) - d_com|, over the radius of the anion.

    It is a chord per frame, so that it depends on how often frames were written: while the anion vibrates or turns to
    and fro, per-time values fall as the stride grows.

    Attributes
    ----------
    per_frame, per_ps
        From the atoms themselves, vibrations included, at the interval of the frames; and the same per ps.
    stride_fs, rigid_per_ps
        `[n]`: that of the rigid anion, per ps, at multiples of the interval.
    """

    per_frame: Estimate
    per_ps: Estimate
    stride_fs: np.ndarray
    rigid_per_ps: np.ndarray


@dataclass(frozen=True)
class AngularVelocity:
    """Angular velocities in the axes of the body, from the rotation between two frames.

    A mean over the interval: <w^2> is too small by (interval)^2 <(dw/dt)^2>/12 to first order, `bias` of it.

    Attributes
    ----------
    mean_rad_per_ps, rms_rad_per_ps
        Of |w|, as seen at the interval of the frames.
    bias
        Share of <w^2> lost to the finite interval, by the extrapolation to none; None where it is not resolved.
    status, reason
        Whether the extrapolation holds, and if not why.
    rotational_temperature_K
        <w . I w> / 3k without the bias: the temperature of the equilibrium with the mass tensor of the run.
    ratio
        <L_k^2/I_k> / kT for the three principal axes, moments ascending; 1 in equilibrium. None without temperature.
    excess_kurtosis
        Of w_k at the interval of the frames over the three axes, each in units of its own variance; 0 for Maxwell's.
    reduced_speed, density
        Middles of bins of sqrt(w . I w / kT) at the interval of the frames (its own kT where none is given), and the
        measured probability density.
    """

    mean_rad_per_ps: Estimate
    rms_rad_per_ps: Estimate
    bias: float | None
    status: EquipartitionStatus
    reason: str | None
    rotational_temperature_K: Estimate | None
    ratio: tuple[Estimate, Estimate, Estimate] | None
    excess_kurtosis: Estimate
    reduced_speed: np.ndarray
    density: np.ndarray


def maxwell_density(reduced_speed: np.ndarray) -> np.ndarray:
    """Equilibrium density of sqrt(w . I w / kT): sqrt(2/pi) x^2 exp(-x^2/2)."""
    return np.sqrt(2 / np.pi) * reduced_speed**2 * np.exp(-0.5 * reduced_speed**2)


def paper_speed(runs: Sequence[CageMotion], members: Sequence[Sequence[int]]) -> PaperSpeed:
    """Eq. 5 of Oh et al. (doi 10.1016/j.joule.2025.102130), R being the mean distance of the outer atoms.

    Parameters
    ----------
    runs, members
        The runs, and for each the anions that count.
    """
    interval_ps = runs[0].frame_interval_fs / 1000
    per_frame = [run.chord_A[g] / run.radius_A(g) for run, chosen in zip(runs, members, strict=True) for g in chosen]
    strides = [stride for stride in _STRIDES if stride < min(run.n_frames for run in runs)]
    rigid = np.array(
        [
            [_rigid_chord(run, g, stride) / (run.radius_A(g) * stride * interval_ps) for stride in strides]
            for run, chosen in zip(runs, members, strict=True)
            for g in chosen
        ]
    )
    return PaperSpeed(
        per_frame=mean_over_units(per_frame),
        per_ps=mean_over_units(np.array(per_frame) / interval_ps),
        stride_fs=np.array(strides) * interval_ps * 1000,
        rigid_per_ps=rigid.mean(axis=0),
    )


def angular_velocity(
    runs: Sequence[CageMotion], members: Sequence[Sequence[int]], *, temperature_K: float | None
) -> AngularVelocity:
    """Distribution of the angular velocity, and the test of equipartition.

    <w_k^2> at one, two and three frames is extrapolated to no interval as a polynomial in its square; the difference to
    the second order (one and two frames) is part of the uncertainty.

    Parameters
    ----------
    runs, members
        The runs, and for each the anions that count.
    temperature_K
        Of the runs; None if not known.

    Raises
    ------
    SettingsError
        A temperature that is not positive.
    """
    if temperature_K is not None and not (np.isfinite(temperature_K) and temperature_K > 0):
        raise SettingsError(f"{temperature_K:g} K is no temperature", where="temperature", remedy="give K above 0")
    interval_ps = runs[0].frame_interval_fs / 1000
    units = [(run, g) for run, chosen in zip(runs, members, strict=True) for g in chosen]
    lags = _LAGS[: min(run.n_frames for run in runs) - 1]
    squares = np.array([[(_velocity(run, g, lag) ** 2).mean(axis=0) for lag in lags] for run, g in units])
    heat = squares * np.array([run.inertia_uA2[g] for run, g in units])[:, None, :]  # [n_units, n_lags, 3]
    status, reason, bias, by_axis = _without_interval(heat, interval_fs=interval_ps * 1000)
    given = None if temperature_K is None else BOLTZMANN_uA2_PER_PS2_K * temperature_K
    ratio = None
    if by_axis is not None and given is not None:
        first, second, third = (_scaled(axis, 1 / given) for axis in by_axis[:3])
        ratio = (first, second, third)
    if status == "ok" and given is None:
        status, reason = "no-temperature", "no temperature was given to compare with"
    speeds, kurtosis, histogram, n_steps = [], [], np.zeros(len(_BINS) - 1), 0
    for run, g in units:
        velocity = _velocity(run, g, 1)
        speeds.append(np.linalg.norm(velocity, axis=1).mean())
        kurtosis.append(((velocity**4).mean(axis=0) / (velocity**2).mean(axis=0) ** 2).mean() - 3)
        reduced = np.sqrt(velocity**2 @ run.inertia_uA2[g] / (given or heat[:, 0].mean()))
        histogram += np.histogram(reduced, bins=_BINS)[0]
        n_steps += len(velocity)
    return AngularVelocity(
        mean_rad_per_ps=mean_over_units(speeds),
        rms_rad_per_ps=mean_over_units(np.sqrt(squares[:, 0].sum(axis=1))),
        bias=bias,
        status=status,
        reason=reason,
        rotational_temperature_K=None if by_axis is None else _scaled(by_axis[3], 1 / BOLTZMANN_uA2_PER_PS2_K),
        ratio=ratio,
        excess_kurtosis=mean_over_units(kurtosis),
        reduced_speed=0.5 * (_BINS[1:] + _BINS[:-1]),
        density=histogram / (n_steps * np.diff(_BINS)),
    )


def _velocity(run: CageMotion, cage: int, lag: int) -> np.ndarray:
    """Mean angular velocity over `lag` frames in the axes of the body, `[n_frames - lag, 3]`, rad/ps."""
    orientation = run.quaternions[cage]
    turned = rotation_vectors(relative(orientation[:-lag], orientation[lag:]))
    return turned / (lag * run.frame_interval_fs / 1000)


def _without_interval(
    heat: np.ndarray, *, interval_fs: float
) -> tuple[EquipartitionStatus, str | None, float | None, list[Estimate] | None]:
    """Status, reason, bias at one frame, and <I w^2> without it for the three axes and their mean."""
    if heat.shape[1] < len(_LAGS):
        return "too-short", f"{heat.shape[1] + 1} frames: four are needed", None, None
    mean = heat.mean(axis=(0, 2))
    third, second = float(mean @ _THIRD_ORDER), float(mean @ _SECOND_ORDER)
    bias = 1 - mean[0] / third if third > 0 else 1.0
    doubt = abs(third - second) / abs(third)
    if third <= 0 or bias > LARGEST_BIAS or doubt > LARGEST_DOUBT:
        return (
            "frames-too-far-apart",
            f"frames {interval_fs:g} fs apart do not resolve the angular velocity: its mean square falls to "
            f"{100 * mean[1] / mean[0]:.0f} % when every second frame is left out; write frames more often",
            None,
            None,
        )
    found = []
    for values in (*(heat[:, :, axis] for axis in range(3)), heat.mean(axis=2)):
        best = values @ _THIRD_ORDER
        one = mean_over_units(best)
        apart = abs(one.value - float((values @ _SECOND_ORDER).mean()))
        found.append(Estimate(one.value, None if one.std is None else float(np.hypot(one.std, apart))))
    return "ok", None, bias, found


def _scaled(estimate: Estimate, factor: float) -> Estimate:
    return Estimate(estimate.value * factor, None if estimate.std is None else estimate.std * factor)


def _rigid_chord(run: CageMotion, cage: int, stride: int) -> float:
    """Mean distance that the atoms of the rigid anion move in `stride` frames, over a few thousand origins."""
    places = run.places_A[cage]
    places = places - run.cages[cage].masses_u @ places / run.cages[cage].masses_u.sum()
    origins = slice(None, None, max(1, run.n_frames // _ORIGINS))
    turned = relative(run.quaternions[cage, :-stride][origins], run.quaternions[cage, stride:][origins])
    vector = turned[:, 1:]
    # |R a - a| = 2 |sin(angle/2)| |a x axis| = 2 |v x a| with the vector part v of the quaternion
    squares = np.square(vector).sum(axis=1)[:, None] * np.square(places).sum(axis=1) - np.square(vector @ places.T)
    return float(2 * np.sqrt(np.maximum(squares, 0)).mean())
