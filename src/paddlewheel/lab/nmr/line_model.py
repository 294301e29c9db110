"""Lines with phase over a baseline, by least squares: areas and baseline are projected out, shapes are refined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from paddlewheel.lab.nmr.lineshapes import PARAMETERS, Kind, Powder, line

_STIFF = 1e3
"""Weight of a ratio of areas that is given, over that of the data."""


@dataclass(frozen=True, kw_only=True)
class SiteStart:
    """Where the fit of a site begins.

    Attributes
    ----------
    name, kind
        Its name and line shape.
    shift_ppm
        None where the data decide.
    values
        Parameters of the shape that are known roughly, by their names in `PARAMETERS`.
    """

    name: str
    kind: Kind
    shift_ppm: float | None = None
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A ratio of amounts that a compound has by itself.

    Attributes
    ----------
    first, second
        Names of sites.
    ratio
        Nuclei of the first over nuclei of the second.
    """

    first: str
    second: str
    ratio: float


@dataclass(frozen=True, eq=False)
class Window:
    """The points that are fitted: offsets from the carrier, data of a size near one, what scaled them."""

    offset_Hz: np.ndarray
    data: np.ndarray
    spacing_Hz: float
    pivot_Hz: float
    scale: float
    is_complex: bool
    delay_std_s: float
    has_free_phase: bool

    def seen(self, columns: np.ndarray) -> np.ndarray:
        """Columns as the data show them: without the imaginary part where it is not known."""
        return columns if self.is_complex else np.real(columns).astype(complex)

    def basis(self, order: int) -> np.ndarray:
        """Orthonormal polynomials over the window; [n_points, order + 1]."""
        place = np.linspace(-1, 1, len(self.offset_Hz))
        return np.linalg.qr(np.polynomial.legendre.legvander(place, order))[0]


@dataclass(frozen=True, eq=False)
class _Parameter:
    """A nonlinear parameter: its name, the site that it belongs to, its ends, and the step of its derivative."""

    name: str
    site: int | None
    low: float
    high: float
    step: float


@dataclass(frozen=True, eq=False)
class Model:
    """Phases, spinning and sites over a window; parameters are `phase`, `delay_s`, `spinning_Hz`, then the sites'."""

    window: Window
    powder: Powder
    starts: tuple[SiteStart, ...]
    orders: tuple[tuple[int, ...], ...]
    basis: np.ndarray
    ratios: tuple[Ratio, ...]
    efficiencies: Mapping[str, float]
    noise: float

    @property
    def has_sidebands(self) -> bool:
        return any(len(orders) > 1 for orders in self.orders)

    def parameters(self) -> list[_Parameter]:
        """All of them, in the order of the vector."""
        window, tiny = self.window, 1e-3 * self.window.spacing_Hz
        low, high = float(window.offset_Hz[0]), float(window.offset_Hz[-1])
        reach = np.inf if window.has_free_phase else 0.0
        found = [
            _Parameter("phase", None, -reach, reach, 1e-4),
            _Parameter(
                "delay_s", None, *((-reach, reach) if window.is_complex else (0.0, 0.0)), 1e-4 * window.delay_std_s
            ),
        ]
        if self.has_sidebands:
            found.append(_Parameter("spinning_Hz", None, window.spacing_Hz, np.inf, tiny))
        for site, start in enumerate(self.starts):
            found.append(_Parameter("offset_Hz", site, low, high, tiny))
            for each in PARAMETERS[start.kind]:
                width = each.name == "fwhm_Hz"
                ends = (0.5 * window.spacing_Hz, 0.5 * (high - low)) if width else (each.low, each.high)
                found.append(_Parameter(each.name, site, *ends, tiny if width else 1e-3 * each.scale))
            if len(self.orders[site]) > 1:
                found.append(_Parameter("sideband_broadening_Hz", site, 0.0, 0.5 * (high - low), tiny))
        return found

    def bands(self, site: int, theta: Mapping[str, float], rate_Hz: float) -> np.ndarray:
        """Lines of a site's bands without phase; [n_points, n_orders]."""
        kind = self.starts[site].kind
        values = {each.name: theta[each.name] for each in PARAMETERS[kind]}
        columns = []
        for order in self.orders[site]:
            shape = dict(values)
            if order:
                shape["fwhm_Hz"] += theta["sideband_broadening_Hz"]
            at = self.window.offset_Hz - theta["offset_Hz"] - order * rate_Hz
            columns.append(line(kind, at, shape, self.powder))
        return np.stack(columns, axis=1)


@dataclass(frozen=True, eq=False)
class Fit:
    """A model with the values that fit, its columns with phase (less the baseline) and the residual."""

    model: Model
    theta: np.ndarray
    amplitudes: np.ndarray
    columns: np.ndarray
    residual: np.ndarray
    cost: float

    @property
    def n_parameters(self) -> int:
        """Real numbers that were fitted, the baseline's among them."""
        linear = self.model.basis.shape[1] * (2 if self.model.window.is_complex else 1)
        return len(self.theta) + len(self.amplitudes) + linear - len(self.model.ratios)


def phase_factor(window: Window, phase: float, delay_s: float) -> np.ndarray:
    return np.exp(1j * (phase + 2 * np.pi * delay_s * (window.offset_Hz - window.pivot_Hz)))


def _project(basis: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return columns - basis @ (basis.T @ columns)


def values_of(model: Model, theta: np.ndarray) -> tuple[dict[str, float], list[dict[str, float]]]:
    shared: dict[str, float] = {}
    sites: list[dict[str, float]] = [{} for _ in model.starts]
    for parameter, value in zip(model.parameters(), theta, strict=True):
        (shared if parameter.site is None else sites[parameter.site])[parameter.name] = float(value)
    return shared, sites


def evaluate(model: Model, theta: np.ndarray) -> Fit:
    """Areas that are not negative at given nonlinear parameters."""
    window = model.window
    shared, sites = values_of(model, theta)
    rate = shared.get("spinning_Hz", 0.0)
    turn = phase_factor(window, shared["phase"], shared["delay_s"])
    bare = np.concatenate([model.bands(site, values, rate) for site, values in enumerate(sites)], axis=1)
    columns = np.concatenate([_project(model.basis, window.seen(turn[:, None] * bare)), _stiff_rows(model, bare)])
    prior = model.noise * shared["delay_s"] / window.delay_std_s
    data = np.concatenate([_project(model.basis, window.data), np.zeros(len(columns) - len(bare))])
    amplitudes = _not_negative(np.real(columns.conj().T @ columns), np.real(columns.conj().T @ data))
    residual = data - columns @ amplitudes
    return Fit(model, theta, amplitudes, columns, residual, float(np.sum(np.abs(residual) ** 2) + prior**2))


def _stiff_rows(model: Model, bare: np.ndarray) -> np.ndarray:
    """A row for each ratio that is given, which is zero where the areas have it; [n_ratios, n_columns]."""
    names = [start.name for start in model.starts for _ in model.orders[model.starts.index(start)]]
    size = _STIFF * float(np.linalg.norm(bare, axis=0).max())
    rows = np.zeros((len(model.ratios), len(names)), dtype=complex)
    for row, ratio in zip(rows, model.ratios, strict=True):
        for column, name in enumerate(names):
            if name == ratio.first:
                row[column] = size / (ratio.ratio * model.efficiencies.get(name, 1.0))
            elif name == ratio.second:
                row[column] = -size / model.efficiencies.get(name, 1.0)
    return rows


def _not_negative(gram: np.ndarray, against: np.ndarray) -> np.ndarray:
    """Least squares without negative values by an active set; two lines that have merged leave it well-defined."""
    scale = 1 / np.sqrt(np.maximum(np.diag(gram), 1e-300))
    scaled, wanted = gram * scale[:, None] * scale + 1e-12 * np.eye(len(gram)), against * scale
    used = np.ones(len(gram), dtype=bool)
    found = np.zeros(len(gram))
    for _ in range(4 * len(gram) + 4):
        found[:] = 0
        found[used] = np.linalg.solve(scaled[np.ix_(used, used)], wanted[used])
        if found.min() < 0:
            used[np.argmin(found)] = False
            continue
        pull = np.where(used, -np.inf, wanted - scaled @ found)
        if pull.max() < 1e-8 * np.abs(wanted).max():
            break
        used[np.argmax(pull)] = True
    return np.maximum(found, 0) * scale


def model_derivatives(fit: Fit) -> np.ndarray:
    """Of the model in the nonlinear parameters, areas held; [n_rows, n_parameters]."""
    model, window = fit.model, fit.model.window
    shared, sites = values_of(model, fit.theta)
    rate = shared.get("spinning_Hz", 0.0)
    turn = phase_factor(window, shared["phase"], shared["delay_s"])
    ends = np.cumsum([0, *(len(orders) for orders in model.orders)])
    areas = [fit.amplitudes[first:last] for first, last in pairwise(ends)]
    sums = [model.bands(site, values, rate) @ areas[site] for site, values in enumerate(sites)]
    whole = turn * np.sum(sums, axis=0)
    rows = []
    for parameter, value in zip(model.parameters(), fit.theta, strict=True):
        if parameter.name == "phase":
            rows.append(1j * whole)
        elif parameter.name == "delay_s":
            rows.append(2j * np.pi * (window.offset_Hz - window.pivot_Hz) * whole)
        elif parameter.site is None:
            moved = [
                model.bands(site, values, rate + parameter.step) @ areas[site] for site, values in enumerate(sites)
            ]
            rows.append(turn * (np.sum(moved, axis=0) - np.sum(sums, axis=0)) / parameter.step)
        else:
            step = parameter.step if value + parameter.step <= parameter.high else -parameter.step
            values = sites[parameter.site] | {parameter.name: float(value) + step}
            moved = model.bands(parameter.site, values, rate) @ areas[parameter.site]
            rows.append(turn * (moved - sums[parameter.site]) / step)
    columns = _project(model.basis, window.seen(np.stack(rows, axis=1)))
    return np.concatenate([columns, np.zeros((len(model.ratios), columns.shape[1]))])


def at_an_end(fit: Fit, pull: np.ndarray) -> np.ndarray:
    """Which parameters are at an end of their range and would leave it."""
    ends = np.array([(parameter.low, parameter.high) for parameter in fit.model.parameters()])
    low, high = fit.theta <= ends[:, 0], fit.theta >= ends[:, 1]
    return (low & (pull < 0)) | (high & (pull > 0)) | (low & high)


def refine(fit: Fit, most_steps: int = 60, hold: frozenset[str] = frozenset()) -> Fit:
    """Levenberg and Marquardt on the projected problem (Kaufman's Jacobian), inside the ends; `hold` stays."""
    parameters = fit.model.parameters()
    held = np.array([parameter.name in hold for parameter in parameters])
    ends = np.array([(parameter.low, parameter.high) for parameter in parameters])
    damping, small = 1e-3, 0
    for _ in range(most_steps):
        used = fit.amplitudes > 0
        columns, moves = fit.columns[:, used], model_derivatives(fit)
        gram = np.real(columns.conj().T @ columns) if used.any() else np.zeros((0, 0))
        if used.any():
            size = 1 / np.sqrt(np.diag(gram))
            cross = np.real(columns.conj().T @ moves)
            solved = np.linalg.lstsq(gram * size[:, None] * size, cross * size[:, None], rcond=1e-11)[0]
            moves = moves - columns @ (solved * size[:, None])
        normal, pull = np.real(moves.conj().T @ moves), np.real(moves.conj().T @ fit.residual)
        weight = (fit.model.noise / fit.model.window.delay_std_s) ** 2
        normal[1, 1] += weight
        pull[1] -= weight * fit.theta[1]
        free = ~at_an_end(fit, pull) & ~held & (np.diag(normal) > 1e-300)
        scale = 1 / np.sqrt(np.diag(normal)[free])
        scaled = normal[np.ix_(free, free)] * scale[:, None] * scale
        while True:
            step = np.zeros(len(parameters))
            damped = scaled + damping * np.eye(len(scale))
            step[free] = scale * np.linalg.solve(damped, pull[free] * scale)
            trial = evaluate(fit.model, np.clip(fit.theta + step, ends[:, 0], ends[:, 1]))
            if trial.cost < fit.cost or damping > 1e8:
                break
            damping *= 5
        if trial.cost >= fit.cost:
            return fit
        gained = (fit.cost - trial.cost) / fit.cost
        fit, damping = trial, max(damping / 5, 1e-9)
        small = small + 1 if gained < 1e-6 else 0
        if small == 2 or gained < 1e-10:
            return fit
    return fit


def noise_correlation(fit: Fit) -> np.ndarray:
    """Autocovariance of the noise at lags from 0, tapered; of one lag where the noise is white by its own test.

    What the fit took of the noise is given back by the numbers that are independent, less the parameters.
    """
    residual = residual_points(fit)
    n_points = len(residual)
    size = 2 ** int(np.ceil(np.log2(2 * n_points)))
    power = np.abs(np.fft.fft(residual, size)) ** 2
    lags = int(np.clip(n_points // 16, 4, 128))
    found = np.fft.ifft(power)[:lags] / n_points
    rho = np.abs(found[1:] / found[0]) ** 2
    expected = lags / n_points
    if rho[:8].sum() < 8 / n_points * 3 and rho.sum() < expected + 4 * np.sqrt(lags) / n_points:
        found = found[:1]
    else:
        found = found * np.cos(0.5 * np.pi * np.arange(lags) / lags) ** 2
    effective = effective_points(fit.model.window, found)
    return found * effective / max(effective - fit.n_parameters, 0.25 * effective)


def effective_points(window: Window, covariance: np.ndarray) -> float:
    """How many independent real numbers have a sum of squares of the same relative variance."""
    share = 1 + 2 * float(np.sum(np.abs(covariance[1:] / covariance[0]) ** 2))
    return len(window.data) * (2 if window.is_complex else 1) / share


def information_criteria(fit: Fit, n_effective: float) -> tuple[float, float]:
    """BIC and AICc over the independent numbers."""
    numbers = len(fit.model.window.data) * (2 if fit.model.window.is_complex else 1)
    k, n = fit.n_parameters, n_effective
    misfit = n * np.log(max(float(np.sum(np.abs(fit.residual) ** 2)), 1e-300) / numbers)
    return misfit + k * np.log(n), misfit + 2 * k + 2 * k * (k + 1) / max(n - k - 1, 1.0)


def areas_of_sites(fit: Fit) -> np.ndarray:
    """Area of each site, bands together; [n_sites]."""
    ends = np.cumsum([0, *(len(orders) for orders in fit.model.orders)])
    return np.add.reduceat(fit.amplitudes, ends[:-1])


def residual_points(fit: Fit) -> np.ndarray:
    return fit.residual[: len(fit.model.window.data)]
