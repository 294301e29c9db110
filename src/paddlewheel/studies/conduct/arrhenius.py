"""Arrhenius plots of conductivities: points, the fitted line, its 68 and 95 % bands carried to 300 K."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.arrhenius_figure import FittedLine, fitted_line
from paddlewheel.page.drawing import BLUE, INK, MUTED, ORANGE, PAPER
from paddlewheel.records import Interval, Measured
from paddlewheel.records.arrhenius import ROOM_K
from paddlewheel.studies.conduct.record import ConductivityRecord, TemperatureResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

_LEGEND_ORDER = (
    "simulated",
    "left out of the fit",
    "95 % upper bound",
    "fit",
    "extrapolated",
    "68 % band",
    "95 % band",
    "300 K",
)
_TOP_TICKS_K = (200, 250, 300, 350, 400, 500, 600, 700, 800, 1000, 1300, 1800)


def arrhenius_figure(record: ConductivityRecord) -> Figure | None:
    """Draw it; None where no temperature has a value or a bound."""
    from matplotlib.figure import Figure

    of_conductivity = record.arrhenius is None or record.arrhenius.fitted == "ln(sigma*T)"
    rows = [_Point.of(row, of_conductivity) for row in record.temperatures]
    points = [row for row in rows if row is not None]
    if not points:
        return None
    figure = Figure(figsize=(7.6, 4.7), layout="constrained")
    axes = figure.subplots()
    line = fitted_line(record.arrhenius)
    used = record.arrhenius.temperatures_used_K if record.arrhenius else []
    temperatures_K = [point.at_K for point in points] + ([ROOM_K] if line else [])
    inverse = [1e3 / value for value in temperatures_K]
    margin = 0.06 * (max(inverse) - min(inverse)) or 0.1 * inverse[0]
    axes.set_xlim(min(inverse) - margin, max(inverse) + margin)
    if line is not None:
        _draw_line(axes, line, used or temperatures_K)
    _draw_points(axes, points, used, fitted=line is not None)
    if line is not None and record.arrhenius is not None and of_conductivity:
        fit = record.arrhenius
        _draw_room(
            axes,
            fit.conductivity_300K_mS_per_cm,
            fit.conductivity_300K_95_mS_per_cm,
            extrapolated=bool(used) and min(used) > ROOM_K,
        )
    _label(axes, record, of_conductivity)
    return figure


@dataclass(frozen=True)
class _Point:
    temperature_K: float
    at_K: float
    ok: bool
    value: float | None
    bar_68: tuple[float, float]
    ends_95: Interval | None
    bound: float | None

    @staticmethod
    def of(row: TemperatureResult, of_conductivity: bool) -> _Point | None:
        measured = row.conductivity_mS_per_cm if of_conductivity else row.diffusivity_cm2_per_s
        ends = row.conductivity_95_mS_per_cm if of_conductivity else row.diffusivity_95_cm2_per_s
        bound = (
            row.conductivity_upper_bound_95_mS_per_cm if of_conductivity else row.diffusivity_upper_bound_95_cm2_per_s
        )
        has_value = measured is not None and measured.value > 0
        has_bound = bound is not None and bound > 0
        if not has_value and not has_bound:
            return None
        return _Point(
            temperature_K=row.temperature_K,
            at_K=row.at_K,
            ok=row.status == "ok",
            value=measured.value if measured is not None and has_value else None,
            bar_68=measured.bar_68 if measured is not None and has_value else (0.0, 0.0),
            ends_95=ends if has_value else None,
            bound=bound if has_bound else None,
        )


def _draw_line(axes: Axes, line: FittedLine, used: list[float]) -> None:
    low, high = axes.get_xlim()
    inverse = np.linspace(max(low, 1e-3), high, 240)
    temperatures = 1e3 / inverse
    centre, std = line.values(temperatures), line.log_std(temperatures)
    for factor, alpha, label in ((line.factor_95, 0.14, "95 % band"), (line.factor_68, 0.26, "68 % band")):
        axes.fill_between(
            inverse,
            centre * np.exp(-factor * std),
            centre * np.exp(factor * std),
            color=BLUE,
            alpha=alpha,
            lw=0,
            label=label,
        )
    inside = (inverse >= 1e3 / max(used) - 1e-9) & (inverse <= 1e3 / min(used) + 1e-9)
    axes.plot(inverse, centre, color=BLUE, lw=1.2, ls=(0, (5, 3)), label="extrapolated")
    axes.plot(inverse[inside], centre[inside], color=BLUE, lw=2.0, label="fit")


def _draw_points(axes: Axes, points: list[_Point], used: list[float], *, fitted: bool) -> None:
    labels: set[str] = set()

    def once(label: str) -> str | None:
        return None if label in labels else labels.add(label) or label

    for point in points:
        x = 1e3 / point.at_K
        if point.value is not None:
            in_fit = any(math.isclose(point.temperature_K, t) for t in used) if fitted else point.ok
            if point.ends_95 is not None and point.ends_95[0] > 0:
                axes.plot([x, x], point.ends_95, color=INK, lw=0.8, zorder=4)
            below, above = min(point.bar_68[0], 0.999 * point.value), point.bar_68[1]
            axes.errorbar(
                x,
                point.value,
                yerr=[[below], [above]],
                fmt="o",
                ms=5.5,
                color=INK,
                mfc=INK if in_fit else PAPER,
                mew=1.3,
                elinewidth=2.0,
                capsize=0,
                zorder=5,
                label=once("simulated" if in_fit else "left out of the fit"),
            )
        elif point.bound is not None:
            axes.plot(
                x,
                point.bound,
                marker="v",
                ms=8,
                mfc=PAPER,
                mec=INK,
                mew=1.3,
                ls="",
                zorder=5,
                label=once("95 % upper bound"),
            )
            axes.annotate(
                "",
                (x, point.bound),
                (0, -26),
                textcoords="offset points",
                arrowprops={"arrowstyle": "<-", "color": INK, "lw": 1.2},
            )


def _draw_room(axes: Axes, sigma: Measured | None, ends: Interval | None, *, extrapolated: bool) -> None:
    if sigma is None:
        return
    x = 1e3 / ROOM_K
    if ends is not None and ends[0] > 0:
        axes.plot([x, x], ends, color=ORANGE, lw=1.4, zorder=5)
    label = "300 K, extrapolated" if extrapolated else "300 K, from the fit"
    axes.plot(x, sigma.value, marker="D", ms=7, mfc=PAPER, mec=ORANGE, mew=1.8, ls="", zorder=6, label=label)


def _label(axes: Axes, record: ConductivityRecord, of_conductivity: bool) -> None:
    axes.set_yscale("log")
    axes.margins(y=0.12)
    axes.set_xlabel("1000 / T  (K⁻¹)")
    axes.set_ylabel("σ of the tracer, Nernst-Einstein  (mS/cm)" if of_conductivity else "D  (cm²/s)")
    left, right = axes.get_xlim()
    top = axes.secondary_xaxis("top", functions=(_inverse, _inverse))
    ticks = [t for t in _TOP_TICKS_K if left <= 1e3 / t <= right] or [
        row.temperature_K for row in record.temperatures[:1]
    ]
    top.set_xticks(ticks, [f"{t:g}" for t in ticks])
    top.set_xlabel("T  (K)", color=MUTED)
    top.tick_params(colors=MUTED)
    top.minorticks_off()
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda i: _LEGEND_ORDER.index(labels[i].split(",")[0]))
    axes.legend([handles[i] for i in order], [labels[i] for i in order], loc="best")


def _inverse(values: ArrayLike) -> np.ndarray:
    return 1e3 / np.maximum(np.asarray(values, dtype=float), 1e-9)
