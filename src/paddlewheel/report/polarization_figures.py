"""Figures of `dc` and `lsv`: currents of the holds with their fits, the line through them, sweeps with their onsets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.report.columns import Columns
from paddlewheel.report.drawing import BLUE, INK, MUTED, ORANGE, series_colours

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from paddlewheel.records import DcRecord, LsvRecord

MOST_HOLDS = 12
_PREFIXES = {0: "", -3: "m", -6: "µ", -9: "n", -12: "p"}


def unit_of_current(largest_A: float) -> tuple[float, str]:
    """Scale and unit in which a current reads as 1 to 999."""
    exponent = int(np.clip(3 * np.floor(np.log10(max(largest_A, 1e-15)) / 3), -12, 0))
    return 10.0**exponent, f"{_PREFIXES[exponent]}A"


def dc_figure(record: DcRecord, currents: Columns, line: Columns | None) -> Figure:
    """Current of each hold against time with its fit; steady currents against voltage, with the line fitted to them."""
    from matplotlib.figure import Figure

    lined = len(record.holds) > 1
    figure = Figure(figsize=(10.4 if lined else 7.2, 3.7), layout="constrained")
    panels: Any = figure.subplots(1, 2 if lined else 1, squeeze=False).ravel()
    time = panels[0]
    shown = range(1, min(len(record.holds), MOST_HOLDS) + 1)
    largest = max(float(np.abs(currents["current_A"]).max()), 1e-15)
    smallest = min(max(abs(one.steady_A.value), 1e-15) for one in record.holds)
    logarithmic = largest > 30 * smallest
    scale, unit = unit_of_current(smallest if logarithmic else largest)
    for colour, number in zip(series_colours(len(shown)), shown, strict=True):
        rows, hold = currents["hold"] == number, record.holds[number - 1]
        t, current, fit = (currents[name][rows] for name in ("time_s", "current_A", "fit_A"))
        kept = _thinned(len(t))
        sign = np.sign(hold.steady_A.value) or 1.0 if logarithmic else 1.0
        label = f"{hold.voltage_V:.4g} V" + ("" if hold.steady else ", not steady")
        time.plot(t[kept], sign * current[kept] / scale, ".", ms=2.5, color=colour, alpha=0.5)
        time.plot(t, sign * fit / scale, color=colour, label=label, ls="-" if hold.steady else "--")
    time.set(xlabel="time in the hold (s)", title="Currents, points measured, lines fitted")
    time.set_ylabel(f"|current| ({unit})" if logarithmic else f"current ({unit})")
    if logarithmic:
        time.set_yscale("log")
    time.legend()
    if lined:
        _draw_line(panels[1], record, line)
    return figure


def _draw_line(panel: Any, record: DcRecord, line: Columns | None) -> None:
    voltage = np.array([one.voltage_V for one in record.holds])
    current = np.array([one.steady_A.value for one in record.holds])
    std = np.array([one.steady_A.std for one in record.holds])
    steady = np.array([one.steady for one in record.holds])
    scale, unit = unit_of_current(float(np.abs(current).max()))
    for kept, marker, label in ((steady, "o", "steady"), (~steady, "x", "not steady")):
        if kept.any():
            panel.errorbar(voltage[kept], current[kept] / scale, yerr=std[kept] / scale, fmt=marker, ms=4.5, color=BLUE,
                           capsize=2, label=label)  # fmt: skip
    if line is not None:
        label = "I = G V + I₀" if record.electronic is not None else "electrons and holes"
        panel.plot(line["voltage_V"], line["current_A"] / scale, color=ORANGE, zorder=1, label=label)
    panel.axhline(0.0, color=MUTED, lw=0.8)
    panel.set(xlabel="voltage (V)", ylabel=f"steady current ({unit})", title="Steady currents")
    panel.legend()


def lsv_figure(record: LsvRecord, sweeps: Columns) -> Figure:
    """Each sweep with background, tangent and onsets: whole on the left, its foot on the right."""
    from matplotlib.figure import Figure

    count = min(len(record.sweeps), 4)
    figure = Figure(figsize=(10.4, 3.1 * count), layout="constrained")
    panels: Any = figure.subplots(count, 2, squeeze=False)
    for (whole, foot), number in zip(panels, range(1, count + 1), strict=True):
        rows, one = sweeps["sweep"] == number, record.sweeps[number - 1]
        names = ("voltage_V", "density_uA_per_cm2", "background_uA_per_cm2", "tangent_uA_per_cm2")
        voltage, density, background, tangent = (sweeps[name][rows] for name in names)
        for panel in (whole, foot):
            panel.plot(voltage, density, color=BLUE, label="measured")
            panel.plot(voltage, background, color=MUTED, lw=1.0, ls="--", label="background")
            panel.plot(voltage, tangent, color=ORANGE, lw=1.0, label="tangent")
            if one.tangent_V is not None:
                panel.axvline(one.tangent_V.value, color=ORANGE, lw=0.9, ls=":", label="onset by tangent")
            for style, each in zip((":", "-.", (0, (5, 1))), one.thresholds, strict=False):
                if each.onset_V is not None:
                    panel.axvline(each.onset_V.value, color=INK, lw=0.9, ls=style,
                                  label=f"onset at {each.threshold_uA_per_cm2:g} µA/cm²")  # fmt: skip
            panel.set(xlabel=f"voltage (V against {record.reference})", ylabel="current density (µA/cm²)")
        span = float(np.ptp(density)) or 1.0
        whole.set_ylim(density.min() - 0.05 * span, density.max() + 0.05 * span)
        whole.set_title(f"{one.direction.capitalize()}, {one.rate_mV_per_s:.3g} mV/s")
        foot.set_title("Its foot")
        _show_foot(foot, voltage, density, background, one)
        foot.legend(loc="best")
    return figure


def _show_foot(panel: Any, voltage: np.ndarray, density: np.ndarray, background: np.ndarray, sweep: Any) -> None:
    """A tenth of the rise, or three times the largest threshold, around the onsets."""
    way = 1.0 if sweep.direction == "oxidation" else -1.0
    over = way * (density - background)
    thresholds = [each.threshold_uA_per_cm2 for each in sweep.thresholds if each.onset_V is not None]
    top = max([3 * max(thresholds, default=0.0), 0.1 * float(over.max())])
    top = min(top, float(over.max()))
    inside = (over <= top) & (over >= -0.3 * top)
    panel.set_ylim((float(density[inside].min()), float(density[inside].max())))
    onsets = [each.onset_V.value for each in sweep.thresholds if each.onset_V is not None]
    onsets += [] if sweep.tangent_V is None else [sweep.tangent_V.value]
    if onsets:
        reach = max(0.25 * float(np.ptp(voltage)), 1.3 * (max(onsets) - min(onsets)))
        middle = 0.5 * (max(onsets) + min(onsets))
        panel.set_xlim(max(voltage.min(), middle - reach), min(voltage.max(), middle + reach))


def _thinned(count: int) -> np.ndarray:
    """Places of at most 800 points, dense at the begin, where the current falls."""
    if count <= 800:
        return np.arange(count)
    return np.unique(np.round(np.linspace(0, np.sqrt(count - 1), 800) ** 2).astype(int))
