"""Figures of `dc` and `lsv`: currents of the holds with their fits, the line through them, sweeps with their onsets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.page.drawing import (
    BLUE,
    MUTED,
    ORANGE,
    series_colours,
)
from paddlewheel.records.tables import (
    Columns,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from paddlewheel.studies.dc.record import (
        DcRecord,
    )

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


def _thinned(count: int) -> np.ndarray:
    """Places of at most 800 points, dense at the begin, where the current falls."""
    if count <= 800:
        return np.arange(count)
    return np.unique(np.round(np.linspace(0, np.sqrt(count - 1), 800) ** 2).astype(int))
