"""Baselines under an event: what the heat flow would be without it, by five models of the stretches beside it.

A baseline is a polynomial of the time through both flanks, and in the sigmoid ones a step that grows with the area
passed (the heat capacity changes as the sample does; Hemminger and Sarge, J. Therm. Anal. 37, 1455 (1991)),
iterated. The flanks decide by AICc how far each is believed; what the models leave open is
part of the error of the area.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

BaselineKind = Literal["linear", "sigmoid", "quadratic", "curved sigmoid", "spline"]
_MODELS: tuple[tuple[BaselineKind, int, bool], ...] = (
    ("linear", 1, False),
    ("sigmoid", 1, True),
    ("quadratic", 2, False),
    ("curved sigmoid", 2, True),
    ("spline", 3, False),
)
"""Name, degree, and whether with a step. The cubic is the spline without inner knots."""
_USUAL: tuple[BaselineKind, ...] = ("linear", "sigmoid", "spline")
_ROUNDS = 4
_FEWEST = 4
_RULED_OUT = 0.05
"""Weight of a baseline below which the flanks rule it out."""
_BENDS = 8.0
"""Independent places that two flanks have for what an instrument does beyond noise."""


@dataclass(frozen=True, kw_only=True)
class BaselineFit:
    """One baseline under one event.

    Attributes
    ----------
    kind
        The model.
    values, std
        The baseline at the times that were given, and its standard error from the noise of the flanks; [n_points].
    initial
        The baseline of before the event, extrapolated: without the step; [n_points].
    area, area_std
        Integral of signal less baseline over the window, unit of the signal times s; its error by noise alone.
    step
        By how much the baseline is higher after the event than before, beyond its polynomial; zero without a step.
    step_std
        Its error by noise.
    aicc
        Akaike's criterion of the flanks.
    """

    kind: BaselineKind
    values: np.ndarray
    std: np.ndarray
    initial: np.ndarray
    area: float
    area_std: float
    step: float
    step_std: float
    aicc: float


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Scatter of a signal about a line, and over how many points it is correlated."""

    std: float
    correlated_points: float


def noise_of(residuals: np.ndarray, degrees_lost: int) -> Noise:
    """The scatter of residuals, and the integral of their autocorrelation to its first zero, in points."""
    count = max(residuals.size - degrees_lost, 1)
    variance = float(residuals @ residuals) / count
    if variance <= 0.0:
        return Noise(std=0.0, correlated_points=1.0)
    centred = residuals - residuals.mean()
    length = 1 << (2 * centred.size - 1).bit_length()
    spectrum = np.abs(np.fft.rfft(centred, length)) ** 2
    correlation = np.fft.irfft(spectrum)[: centred.size // 4 + 1]
    correlation = correlation / correlation[0] if correlation[0] > 0 else correlation
    ends = np.flatnonzero(correlation <= 0.05)
    lags = correlation[1 : int(ends[0]) if ends.size else correlation.size]
    return Noise(std=float(np.sqrt(variance)), correlated_points=float(max(1.0, 1.0 + 2.0 * lags.sum())))


def fit_baselines(
    time_s: np.ndarray, signal: np.ndarray, *, window: slice, flanks: tuple[slice, slice], reproducible: float = 0.0
) -> tuple[BaselineFit, ...]:
    """Every baseline of an event.

    Parameters
    ----------
    time_s, signal
        The curve at even times; [n_points].
    window
        Points of the event.
    flanks
        Points before and after it that hold none; at least four each.
    reproducible
        How well a smooth baseline describes the instrument at best, unit of the signal: beside it, the noise of a quiet
        one is no reason to believe one model alone.

    Raises
    ------
    ValueError
        For flanks of fewer points: a baseline would be a guess.
    """
    if any(flank.stop - flank.start < _FEWEST for flank in flanks):
        raise ValueError("flanks of fewer than four points")
    step_s = float(time_s[1] - time_s[0])
    middle, half = 0.5 * (time_s[window.start] + time_s[window.stop - 1]), 0.5 * (window.stop - window.start) * step_s
    place = (time_s - middle) / max(half, step_s)
    beside = np.r_[flanks[0], flanks[1]]
    richest = _least_squares(_design(place, 3, None)[beside], signal[beside])
    curved = _least_squares(np.c_[_design(place, 2, None), place > 0][beside], signal[beside])
    noise = min((noise_of(residuals, 4) for _, residuals, _ in (richest, curved)), key=lambda each: each.std)
    independent = (flanks[0].stop - flanks[0].start + flanks[1].stop - flanks[1].start) / _BENDS
    variance = noise.std**2 * noise.correlated_points + reproducible**2 * independent
    fits = []
    for kind, degree, has_step in _MODELS:
        share = np.clip((place + 1) / 2, 0.0, 1.0)
        for _ in range(_ROUNDS if has_step else 1):
            design = _design(place, degree, share if has_step else None)
            parameters, residuals, inverse = _least_squares(design[beside], signal[beside])
            baseline = design @ parameters
            if has_step:
                share = _share_passed(signal - baseline, window)
        covariance = inverse * variance
        inside = design[window].sum(axis=0) * step_s
        area = float((signal - baseline)[window].sum()) * step_s
        size = window.stop - window.start
        of_points = noise.std**2 * noise.correlated_points * size * step_s**2
        fits.append(
            BaselineFit(
                kind=kind,
                values=baseline,
                std=np.sqrt(np.einsum("ij,jk,ik->i", design, covariance, design).clip(0.0)),
                initial=design[:, : degree + 1] @ parameters[: degree + 1],
                area=area,
                area_std=float(np.sqrt(max(inside @ covariance @ inside, 0.0) + of_points)),
                step=float(parameters[-1]) if has_step else 0.0,
                step_std=float(np.sqrt(covariance[-1, -1])) if has_step else 0.0,
                aicc=_aicc(residuals, design.shape[1], noise, variance),
            )
        )
    return tuple(fits)


def weights_of(fits: Sequence[BaselineFit]) -> np.ndarray:
    """How far each baseline is believed, by AICc; they sum to one."""
    aicc = np.array([fit.aicc for fit in fits])
    weights = np.exp(-0.5 * (aicc - aicc.min()))
    return weights / weights.sum()


def believed_range(fits: Sequence[BaselineFit]) -> tuple[float, float]:
    """The lowest and the highest area by those baselines that the flanks do not rule out."""
    areas = [fit.area for fit, weight in zip(fits, weights_of(fits), strict=True) if weight > _RULED_OUT]
    return min(areas), max(areas)


def widest_range(fits: Sequence[BaselineFit]) -> float:
    """Between the areas by the baselines that programs of calorimeters offer, whatever the flanks say."""
    areas = [fit.area for fit in fits if fit.kind in _USUAL]
    return max(areas) - min(areas)


def _design(place: np.ndarray, degree: int, share: np.ndarray | None) -> np.ndarray:
    powers = np.vander(place, degree + 1, increasing=True)
    return powers if share is None else np.c_[powers, share]


def _least_squares(design: np.ndarray, signal: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    inverse = np.linalg.pinv(design.T @ design)
    parameters = inverse @ (design.T @ signal)
    return parameters, signal - design @ parameters, inverse


def _share_passed(excess: np.ndarray, window: slice) -> np.ndarray:
    """The share of the area that is passed at each point: zero before the window, one after it."""
    inside = excess[window] * (1.0 if excess[window].sum() >= 0 else -1.0)
    passed = np.maximum.accumulate(np.cumsum(inside).clip(0.0))
    share = np.zeros(excess.size)
    share[window] = passed / passed[-1] if passed[-1] > 0 else np.linspace(0.0, 1.0, inside.size)
    share[window.stop :] = 1.0
    return share


def _aicc(residuals: np.ndarray, n_parameters: int, noise: Noise, variance: float) -> float:
    """AICc with the noise known: `variance` is that of a point times the points over which it is correlated."""
    if variance == 0.0:
        return 2.0 * n_parameters
    independent = residuals.size / noise.correlated_points
    chi2 = float(residuals @ residuals) / variance
    left = max(independent - n_parameters - 1.0, 1.0)
    return chi2 + 2.0 * n_parameters + 2.0 * n_parameters * (n_parameters + 1.0) / left
