"""The mean squared displacements with their fits, and the thermodynamic record of each run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import GRID, INK, MUTED, series_colours
from paddlewheel.page.numbers import kelvin
from paddlewheel.studies.conduct.files import GRADE
from paddlewheel.units import A2_PER_PS_IN_CM2_PER_S

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from paddlewheel.records.tables import Columns
    from paddlewheel.studies.conduct.record import TemperatureResult

_MOST_POINTS = 240
_LEGEND_ROWS = 10


def msd_figure(rows: list[TemperatureResult], msd: dict[int, Columns]) -> Figure | None:
    """Log-log and linear MSD of every temperature with std band and the fitted 6 D t + c; None without data."""
    from matplotlib.figure import Figure

    if not msd:
        return None
    figure = Figure(figsize=(10.4, 4.4), layout="constrained")
    logarithmic, linear = figure.subplots(1, 2)
    colours = series_colours(len(rows))
    for index, table in sorted(msd.items()):
        row = rows[index]
        for axes, picked in ((logarithmic, _log_spaced(table)), (linear, _even(table))):
            _draw_msd(axes, picked, colours[index], kelvin(row.temperature_K))
            _draw_fit(axes, row, colours[index])
    logarithmic.set_xscale("log")
    logarithmic.set_yscale("log")
    _draw_unit_slope(logarithmic)
    linear.set_xlim(left=0)
    linear.set_ylim(bottom=0)
    logarithmic.set_title("Logarithmic")
    linear.set_title("Linear")
    for axes in (logarithmic, linear):
        axes.set_xlabel("time lag  (ps)")
        axes.set_ylabel("MSD  (Å²)")
    handles, labels = linear.get_legend_handles_labels()
    columns = -(-len(labels) // _LEGEND_ROWS)
    figure.legend(handles[::-1], labels[::-1], loc="outside right center", ncols=columns)
    return figure


def thermo_figure(row: TemperatureResult, runs: list[Columns], *, colour: str, n_atoms: int | None) -> Figure:
    """Temperature, drift of the conserved energy, pressure, volume and (where the potential gives it) the extrapolation
    grade against time, all replicas of one temperature.

    Negative times are the equilibration: shaded, and before the zero of the drift. What the data leave out after it is
    shaded lightly.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 2.35))
    graded = any(np.isfinite(run[GRADE]).any() for run in runs)
    panels = figure.subplots(1, 4 + graded)
    figure.subplots_adjust(left=0.045, right=0.995, bottom=0.21, top=0.88, wspace=0.29)
    unit, per = ("meV/atom", n_atoms) if n_atoms else ("meV/cell", 1)
    drifts = f"Drift ({unit})" if graded else f"Energy drift ({unit})"  # five titles leave less room
    titles = ("Temperature (K)", drifts, "Pressure (GPa)", "Volume (Å³)", "Extrapolation grade")
    for axes, title in zip(panels, titles, strict=False):
        axes.set_title(title)
        axes.set_xlabel("time (ps)")
        axes.ticklabel_format(axis="y", useOffset=False)
        axes.locator_params(axis="both", nbins=5)
    for run in runs:
        conserved = run["conserved_energy_eV"]
        known = conserved[np.isfinite(conserved) & (run["time_ps"] >= 0)]
        start = known[: max(1, known.size // 50)].mean() if known.size else 0.0  # a noisy first frame is no zero
        drift = (conserved - start) * 1e3 / per
        series = (run["temperature_K"], drift, run["pressure_GPa"], run["volume_A3"], run[GRADE])
        for axes, values in zip(panels, series, strict=False):  # the last only where there is a panel for it
            _draw_binned(axes, run["time_ps"], values, colour)
    panels[0].axhline(row.temperature_K, color=INK, lw=1.0, ls=(0, (4, 3)))
    panels[1].axhline(0.0, color=INK, lw=1.0, ls=(0, (4, 3)))
    panels[2].axhline(0.0, color=INK, lw=1.0, ls=(0, (4, 3)))
    panels[3].axhline(row.mean_volume_A3, color=INK, lw=1.0, ls=(0, (4, 3)))
    if graded and row.extrapolation is not None:
        panels[4].axhline(row.extrapolation.threshold, color=INK, lw=1.0, ls=(0, (4, 3)))
        panels[4].set_ylim(bottom=0)
    begin = min(float(run["time_ps"].min()) for run in runs)
    for axes in panels:
        if begin < 0:
            axes.axvspan(begin, 0.0, color=GRID, alpha=0.6, lw=0, zorder=0)
        if row.left_out_ps:
            axes.axvspan(0.0, row.left_out_ps, color=GRID, alpha=0.3, lw=0, zorder=0)
        if len(axes.lines) == 1:  # the dashed line alone
            axes.text(0.5, 0.5, "not recorded", transform=axes.transAxes, ha="center", color=MUTED)
    return figure


def _draw_msd(axes: Axes, table: Columns, colour: str, label: str) -> None:
    lag, msd, std = table["lag_ps"], table["msd_A2"], table["std_A2"]
    axes.plot(lag, msd, color=colour, lw=1.5, label=label, zorder=3)
    floor = 0.02 * msd if axes.get_xscale() == "log" else msd - std
    axes.fill_between(lag, np.maximum(msd - std, np.maximum(floor, 0)), msd + std, color=colour, alpha=0.18, lw=0)


def _draw_fit(axes: Axes, row: TemperatureResult, colour: str) -> None:
    """The fitted line over its own range, with the two ends of the range marked."""
    if row.diffusivity_cm2_per_s is None or row.fit_onset_ps is None or row.fit_last_lag_ps is None:
        return
    lag = np.geomspace(max(row.fit_onset_ps, 1e-6), row.fit_last_lag_ps, 60)
    slope = 6.0 * row.diffusivity_cm2_per_s.value / A2_PER_PS_IN_CM2_PER_S
    values = slope * lag + (row.msd_intercept_A2 or 0.0)
    axes.plot(lag, values, color=INK, lw=1.3, ls=(0, (3, 2)), zorder=5)
    axes.plot(lag[[0, -1]], values[[0, -1]], marker="|", ms=11, mew=1.6, color=colour, ls="", zorder=6)


def _draw_unit_slope(axes: Axes) -> None:
    """A guide of slope one, the mark of diffusion, in the upper left corner, where no curve runs."""
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    start = left * (right / left) ** 0.06
    length = min(10.0, (right / left) ** 0.3, (top / bottom) ** 0.3)
    end, height = start * length, top * (bottom / top) ** 0.05 / length
    axes.plot([start, end], [height, height * end / start], color=MUTED, lw=1.0, zorder=1)
    axes.annotate(
        "∝ t", ((start * end) ** 0.5, height * (end / start) ** 0.5), (6, -10), textcoords="offset points", color=MUTED
    )
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)


def _draw_binned(axes: Axes, time: np.ndarray, values: np.ndarray, colour: str) -> None:
    """Mean line and minimum-to-maximum envelope over at most `_MOST_POINTS` bins: honest at any length of run."""
    finite = np.isfinite(values)
    time, values = time[finite], values[finite]
    if not values.size:
        return
    starts = np.unique(np.linspace(0, values.size, min(_MOST_POINTS, values.size), endpoint=False).astype(int))
    count = np.diff(np.append(starts, values.size))
    middle = np.add.reduceat(time, starts) / count
    if count.max() > 1:
        low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
        axes.fill_between(middle, low, high, color=colour, alpha=0.22, lw=0)
    axes.plot(middle, np.add.reduceat(values, starts) / count, color=colour, lw=1.0)


def _log_spaced(table: Columns) -> Columns:
    """At most `_MOST_POINTS` lags, evenly spaced in their logarithm, lag zero left out."""
    positive = np.flatnonzero((table["lag_ps"] > 0) & (table["msd_A2"] > 0))
    if positive.size > _MOST_POINTS:
        picks = np.geomspace(1, positive.size, _MOST_POINTS).astype(int) - 1
        positive = positive[np.unique(picks)]
    return {name: values[positive] for name, values in table.items()}


def _even(table: Columns) -> Columns:
    """At most `_MOST_POINTS` lags, evenly spaced."""
    step = max(1, len(table["lag_ps"]) // _MOST_POINTS)
    return {name: values[::step] for name, values in table.items()}
