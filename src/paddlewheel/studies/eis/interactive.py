"""What a reader of `eis` zooms in: Nyquist and Bode plots of every spectrum, with the fitted circuit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paddlewheel.page.drawing import series_colours
from paddlewheel.page.interactive import (
    Line,
    Plot,
)
from paddlewheel.records.tables import (
    Columns,
)
from paddlewheel.studies.eis.figures import (
    label,
    shown,
)
from paddlewheel.studies.eis.record import SpectrumResult

_POINTS = {"marker": {"size": 5}}


def eis_plots(rows: Sequence[SpectrumResult], points: Sequence[Columns]) -> list[Plot]:
    """A Nyquist plot with equal axes, and modulus and phase against frequency; points measured, lines fitted."""
    nyquist, bode = [], []
    chosen = shown(len(rows))
    for colour, k in zip(series_colours(len(chosen)), chosen, strict=True):
        data, name = points[k], label(rows[k])
        order = np.argsort(data["frequency_Hz"])
        frequency = data["frequency_Hz"][order]
        for fitted, part, mode in ((False, "Z", "markers"), (True, "fit", "lines")):
            z = data[f"{part}_real_ohm"][order] + 1j * data[f"{part}_imag_ohm"][order]
            title = f"{name}, circuit" if fitted else name
            style = {} if fitted else _POINTS
            nyquist.append(
                Line(name=title, colour=colour, x=z.real, y=-z.imag, mode=mode, group=name,
                     style=style | {"text": [f"{f:.4g} Hz" for f in frequency]})
            )  # fmt: skip
            for y, axes in ((np.abs(z), "x y"), (-np.degrees(np.angle(z)), "x y2")):
                bode.append(
                    Line(name=title, colour=colour, x=frequency, y=y, mode=mode, group=name, axes=axes, style=style)
                )
    return [
        Plot(id="zoom-nyquist", title="Nyquist plots, points measured, lines fitted", lines=nyquist,
             axes={"xaxis": {"title": "Z′ (Ω)"}, "yaxis": {"title": "−Z″ (Ω)", "scaleanchor": "x"}}),
        Plot(id="zoom-bode", title="Bode plots", lines=bode,
             axes={"xaxis": {"title": "frequency (Hz)", "type": "log", "anchor": "y2"},
                   "yaxis": {"title": "|Z| (Ω)", "type": "log", "domain": [0.54, 1]},
                   "yaxis2": {"title": "−phase (°)", "domain": [0, 0.46]}}),
    ]  # fmt: skip
