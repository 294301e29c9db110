"""Figures of `lsv`: sweeps with their onsets and the feet behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.page.drawing import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
)
from paddlewheel.records.tables import (
    Columns,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from paddlewheel.studies.lsv.record import (
        LsvRecord,
    )


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
