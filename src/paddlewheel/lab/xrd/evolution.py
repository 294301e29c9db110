"""When a transition begins, is half done and ends, from frames that each average over their exposure.

A frame of a ramp sees the mean over the temperatures that it was exposed at, and between frames nothing is seen: "the
first frame above 3 %" is late by half of the spacing and more. Here each model is averaged over every exposure before
it is compared. All models have the same onset and completion, those of thermal analysis: where the tangent at the
steepest point meets the level before and the level after.

Levels are linear and solved for at every point of a grid over onset and completion, which is made finer where the
likelihood is; the intervals integrate the likelihood over that grid (a flat prior), so that a transition between two
frames has an interval from the one to the other and no false minimum. Models count by their weight of AICc (Burnham and
Anderson, doi 10.1177/0049124104268644).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.least_squares import Value
from paddlewheel.lab.xrd.grid_likelihood import Grid, Points, linear_chi2, quantiles, search_grid, value_of_spread

TransitionModel = Literal["ramp", "sigmoid", "avrami"]
TRANSITION_MODELS: tuple[TransitionModel, ...] = ("ramp", "sigmoid", "avrami")
_AVRAMI_EXPONENTS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
_LEAST_FRAMES = 6
_GAIN_OVER_LINE = 6.0
"""AICc that a transition has to gain over a constant or a line: their weight is then below 5 %."""
_MOST_OUTSIDE = 0.05
"""Probability of an onset before the first frame, or a completion after the last, above which it is a bound."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Frames:
    """A quantity of every frame: the fraction of a phase, or the area of a peak.

    Attributes
    ----------
    low, high
        [n] what each frame averages over: the coldest and hottest temperature of its exposure in K, or the begin and
        end of it in s.
    value
        [n]
    std
        [n] standard uncertainties; None where not known, so that the scatter tells them.
    is_falling
        Whether the axis falls in time, as on cooling: the onset is then the high end.

    Raises
    ------
    DataError
        For arrays of other lengths, or values that are no numbers.
    """

    low: np.ndarray
    high: np.ndarray
    value: np.ndarray
    std: np.ndarray | None = None
    is_falling: bool = False
    name: str = ""

    def __post_init__(self) -> None:
        size = self.value.shape
        arrays = [self.low, self.high, *([] if self.std is None else [self.std])]
        if len(size) != 1 or any(array.shape != size for array in arrays):
            raise DataError("frames and values of other numbers", where=self.name, remedy="give as many")
        if not all(np.isfinite(array).all() for array in (*arrays, self.value)):
            raise DataError("a frame without a number", where=self.name, remedy="leave it out")
        if not (self.high >= self.low).all() or (self.std is not None and not (self.std > 0).all()):
            raise DataError("an exposure or an uncertainty below zero", where=self.name, remedy="check them")


def exposed_range_K(
    temperature_K: np.ndarray,
    *,
    exposure_s: float,
    rate_K_per_min: float,
    stated: Literal["start", "middle", "end"] = "middle",
) -> tuple[np.ndarray, np.ndarray]:
    """Coldest and hottest temperature of each frame's exposure; [n], [n].

    Parameters
    ----------
    temperature_K
        [n] as stated of the frames.
    rate_K_per_min
        Of the ramp; below zero on cooling.
    stated
        What moment of the exposure the stated temperature is of.
    """
    moved = rate_K_per_min * exposure_s / 60
    start = temperature_K - moved * {"start": 0.0, "middle": 0.5, "end": 1.0}[stated]
    return np.minimum(start, start + moved), np.maximum(start, start + moved)


@dataclass(frozen=True, eq=False, kw_only=True)
class ModelWeight:
    """A model of the transition beside the others."""

    name: TransitionModel
    aicc: float
    weight: float
    exponent: float | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class TransitionFit:
    """Onset, midpoint and completion, in the axis' unit and in the order of time.

    Attributes
    ----------
    onset, midpoint, completion
        Medians over the models by their weights, with intervals; None where the frames hold no value.
    onset_bounds, midpoint_bounds, completion_bounds
        Between what each lies where there is no value; an end that the frames do not hold is None.
    level_before, level_after
        Of the quantity.
    models
        The best first.
    scatter
        Standard deviation of the residuals over the stated uncertainties (over 1: intervals are by the scatter), or of
        the residuals themselves where none are stated.
    frames_inside
        Frames that lie within the transition, by over three standard uncertainties from either level.
    refused
        Why there is no value; None where all three have one.
    """

    onset: Value | None
    midpoint: Value | None
    completion: Value | None
    onset_bounds: tuple[float | None, float | None] | None
    midpoint_bounds: tuple[float | None, float | None] | None
    completion_bounds: tuple[float | None, float | None] | None
    level_before: float
    level_after: float
    models: tuple[ModelWeight, ...]
    scatter: float
    frames_inside: int
    refused: str | None
    _best: tuple[_Shape, np.ndarray, float] | None = None

    def curve(self, at: np.ndarray) -> np.ndarray:
        """The quantity by the best model at sharp temperatures or times, [n]; the level where there is none."""
        if self._best is None:
            return np.full(at.shape, self.level_before)
        shape, theta, sign = self._best
        share = shape(sign * at, sign * at, theta[None])[0]
        return self.level_before + (self.level_after - self.level_before) * share


def fit_transition(frames: Frames, models: Sequence[TransitionModel] = TRANSITION_MODELS) -> TransitionFit:
    """Onset, midpoint and completion of one transition from a level to another.

    Raises
    ------
    DataError
        For fewer than six frames, or all at one temperature.
    """
    if frames.value.size < _LEAST_FRAMES:
        raise DataError(f"{frames.value.size} frames hold no onset and completion", where=frames.name,
                        remedy=f"give {_LEAST_FRAMES} or more over the transition")  # fmt: skip
    sign = -1.0 if frames.is_falling else 1.0
    low, high = (frames.low, frames.high) if sign > 0 else (-frames.high, -frames.low)
    order = np.argsort(low + high, kind="stable")
    low, high, value = low[order], high[order], frames.value[order]
    middle = 0.5 * (low + high)
    reach = float(middle[-1] - middle[0])
    if reach <= 0:
        raise DataError("all frames at one place", where=frames.name, remedy="give a series over the transition")
    std = None if frames.std is None else frames.std[order]
    data = Points.of(value, std)
    box = np.array([[middle[0] - 0.6 * reach, middle[-1] + 0.1 * reach], [1e-4 * reach, 1.8 * reach]])

    found: list[_Fitted] = []
    for name in models:
        for exponent in _AVRAMI_EXPONENTS if name == "avrami" else (None,):
            shape = _Shape(name, exponent)

            def design(theta: np.ndarray, shape: _Shape = shape) -> np.ndarray:
                share = shape(low, high, theta)
                return np.stack([1 - share, share], axis=-1)

            found.append(_Fitted(shape=shape, grid=search_grid(design, data, box)))
    best = min(found, key=lambda each: each.grid.chi2)
    flat, slope = np.ones_like(middle), middle - middle.mean()
    plain = [linear_chi2(data, np.stack(columns, 1)) for columns in ([flat], [flat, slope])]
    variance = data.variance(best.grid.chi2, best.n_parameters)
    scored = [(each, data.aicc(each.grid.chi2, each.n_parameters, variance)) for each in found]
    aicc = min(score for _, score in scored)
    line = min(data.aicc(chi2, count, variance) for chi2, count in zip(plain, (1, 2), strict=True))
    scatter = math.sqrt(best.grid.chi2 / max(value.size - best.n_parameters, 1))
    by_model = _weights(scored, aicc)
    chosen = next(each for each, score in scored if score == aicc)
    levels = chosen.grid.coefficients
    size = scatter if std is None else std * math.sqrt(variance)
    if line - aicc < _GAIN_OVER_LINE:
        constant = float(np.average(value, weights=data.weight**2))
        return TransitionFit(
            onset=None, midpoint=None, completion=None, onset_bounds=None, midpoint_bounds=None, completion_bounds=None,
            level_before=constant, level_after=constant, models=by_model, scatter=scatter, frames_inside=0,
            refused="no transition: a constant or a line describes the frames as well",
        )  # fmt: skip
    rise = float(levels[1] - levels[0])
    share = (value - levels[0]) / rise
    blur = 3 * size / abs(rise)
    inside = int(((share > blur) & (share < 1 - blur)).sum())
    places, weight = _mixture(scored, aicc, data, variance)
    return _told(
        places, weight, low=low, high=high, sign=sign, inside=inside, levels=levels, models=by_model, scatter=scatter,
        best=(chosen.shape, chosen.grid.theta, sign),
    )  # fmt: skip


def _told(
    places: np.ndarray,
    weight: np.ndarray,
    *,
    low: np.ndarray,
    high: np.ndarray,
    sign: float,
    inside: int,
    levels: np.ndarray,
    models: tuple[ModelWeight, ...],
    scatter: float,
    best: tuple[_Shape, np.ndarray, float],
) -> TransitionFit:
    """Values where the frames hold them, bounds where they do not; `places` are onset and width on the rising axis."""
    first, last = float(low[0]), float(high[-1])
    onset, completion = places[:, 0], places[:, 0] + places[:, 1]
    is_early = float(weight[onset < first].sum()) > _MOST_OUTSIDE
    is_late = float(weight[completion > last].sum()) > _MOST_OUTSIDE
    spread = {
        "onset": onset,
        "midpoint": 0.5 * (onset + completion),
        "completion": completion,
    }
    values: dict[str, Value | None] = {}
    bounds: dict[str, tuple[float | None, float | None] | None] = {}
    for name, column in spread.items():
        open_low = is_early and name != "completion"
        open_high = is_late and name != "onset"
        if inside < 2 or open_low or open_high:
            ends = quantiles(column, weight, (0.025, 0.975))
            told = (None if open_low else float(ends[0]), None if open_high else float(ends[1]))
            values[name] = None
            bounds[name] = told if sign > 0 else tuple(None if end is None else -end for end in told[::-1])  # type: ignore[assignment]
        else:
            values[name], bounds[name] = value_of_spread(sign * column, weight), None
    reasons = []
    if is_early:
        reasons.append("it has begun before the first frame")
    if is_late:
        reasons.append("it is not complete at the last frame")
    if inside < 2 and not reasons:
        counted = "no frame" if inside == 0 else "one frame"
        reasons.append(f"{counted} lies within the transition: bounds, no values")
    return TransitionFit(
        onset=values["onset"], midpoint=values["midpoint"], completion=values["completion"],
        onset_bounds=bounds["onset"], midpoint_bounds=bounds["midpoint"], completion_bounds=bounds["completion"],
        level_before=float(levels[0]), level_after=float(levels[1]), models=models, scatter=scatter,
        frames_inside=inside, refused="; ".join(reasons) or None, _best=best,
    )  # fmt: skip


@dataclass(frozen=True)
class _Shape:
    """A model: the converted share from 0 to 1, averaged over exposures."""

    name: TransitionModel
    exponent: float | None = None

    def __call__(self, low: np.ndarray, high: np.ndarray, theta: np.ndarray) -> np.ndarray:
        """Share of the frames for onsets and widths [p, 2]; [p, n]."""
        onset, width = theta[:, :1], theta[:, 1:]
        span = (high - low)[None] / width
        from_, to = (low[None] - onset) / width, (high[None] - onset) / width
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = (self._integral(to) - self._integral(from_)) / span
        return np.where(span > 1e-6, mean, self._share(0.5 * (from_ + to)))

    def _share(self, place: np.ndarray) -> np.ndarray:
        """Where the onset is 0 and the completion 1."""
        if self.name == "ramp":
            return np.clip(place, 0.0, 1.0)
        if self.name == "sigmoid":
            return 1 / (1 + np.exp(np.clip(-4 * (place - 0.5), -500, 500)))
        begin, scale, exponent = self._avrami()
        return -np.expm1(-(np.maximum((place - begin) / scale, 0.0) ** exponent))

    def _integral(self, place: np.ndarray) -> np.ndarray:
        """Of the share, from far before."""
        if self.name == "ramp":
            inside = np.clip(place, 0.0, 1.0)
            return 0.5 * inside**2 + np.maximum(place - 1.0, 0.0)
        if self.name == "sigmoid":
            return 0.25 * np.logaddexp(0.0, 4 * (place - 0.5))
        from scipy.special import gamma, gammainc

        begin, scale, exponent = self._avrami()
        reduced = np.maximum((place - begin) / scale, 0.0)
        return scale * (reduced - gamma(1 / exponent) / exponent * gammainc(1 / exponent, reduced**exponent))

    def _avrami(self) -> tuple[float, float, float]:
        """Begin and scale of 1 - exp(-((x - begin)/scale)^n) whose tangent at the steepest point runs from 0 to 1."""
        exponent = self.exponent or 1.0
        power = (exponent - 1) / exponent
        steepest = power ** (1 / exponent) if power > 0 else 0.0
        slope = exponent * steepest ** (exponent - 1) * math.exp(-power) if power > 0 else 1.0
        onset = steepest + math.expm1(-power) / slope
        scale = slope
        return -scale * onset, scale, exponent


@dataclass(frozen=True, eq=False, kw_only=True)
class _Fitted:
    shape: _Shape
    grid: Grid

    @property
    def n_parameters(self) -> int:
        return 4 + (self.shape.exponent is not None)


def _weights(scored: Sequence[tuple[_Fitted, float]], least: float) -> tuple[ModelWeight, ...]:
    """Each model by its best exponent; weights sum to one."""
    best: dict[TransitionModel, tuple[_Fitted, float]] = {}
    for each, score in scored:
        if each.shape.name not in best or score < best[each.shape.name][1]:
            best[each.shape.name] = (each, score)
    total = sum(math.exp(-0.5 * (score - least)) for _, score in best.values())
    models = [
        ModelWeight(
            name=name, aicc=score, weight=math.exp(-0.5 * (score - least)) / total, exponent=each.shape.exponent
        )
        for name, (each, score) in best.items()
    ]
    return tuple(sorted(models, key=lambda model: model.aicc))


def _mixture(
    scored: Sequence[tuple[_Fitted, float]], least: float, data: Points, variance: float
) -> tuple[np.ndarray, np.ndarray]:
    """Onsets and widths of all models with their probabilities: [p, 2], [p] that sum to one."""
    model_weight = {model.name: model.weight for model in _weights(scored, least)}
    places, weights = [], []
    for name, share in model_weight.items():
        fits = [(each, score) for each, score in scored if each.shape.name == name]
        best = min(score for _, score in fits)
        among = [math.exp(-0.5 * (score - best)) for _, score in fits]
        for (each, _), part in zip(fits, among, strict=True):
            dense = data.likelihood(each.grid, each.n_parameters, variance)
            places.append(each.grid.places)
            weights.append(share * part / sum(among) * dense / dense.sum())
    return np.concatenate(places), np.concatenate(weights)
