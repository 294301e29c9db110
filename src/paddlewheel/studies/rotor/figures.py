"""Figures of a `rotor` report: what changes with the mass of the anions, and the Arrhenius lines behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.arrhenius_figure import fitted_line
from paddlewheel.page.drawing import BLUE, INK, MUTED, ORANGE, series_colours
from paddlewheel.records import Interval, Measured
from paddlewheel.records.arrhenius import ROOM_K
from paddlewheel.studies.conduct.record import ConductivityRecord
from paddlewheel.studies.rotor.record import RotorPoint, RotorRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKERS = "osD^v<>P"
_DODGE = 1.035
"""Neighbouring series stand this factor apart along the mass, so that their bars do not cover each other."""


def anion_colours(anions: Sequence[str]) -> list[str]:
    """Colours of the series, in their order."""
    return [BLUE, ORANGE, INK][: len(anions)] if len(anions) <= 3 else series_colours(len(anions))


def mass_figure(record: RotorRecord) -> Figure:
    """Conductivity at 300 K, Ea, active fraction and angular velocity against mass factor, a series for each anion."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 6.4), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True).ravel()
    at = f"at {record.reference_temperature_K:g} K"
    ion = f"MSD ≥ {record.active_threshold_A2:g} Å² over {record.active_window_ps:g} ps"
    titles = (
        "Tracer conductivity at 300 K, Nernst-Einstein  (mS/cm)", "Activation energy  (eV)",
        f"Active {record.specie} {at}, {ion}", f"Rms angular velocity {at}  (rad/ps)",
    )  # fmt: skip
    measures: Sequence[Callable[[RotorPoint], tuple[Measured | None, Interval | None]]] = (
        lambda point: (point.conductivity_300K_mS_per_cm, point.conductivity_300K_95_mS_per_cm),
        lambda point: (point.activation_energy_eV, point.activation_energy_95_eV),
        lambda point: (point.active_fraction, None),
        lambda point: (point.rotation_rad_per_ps, None),
    )
    for axes, title, measure in zip(panels, titles, measures, strict=True):
        _draw_series(axes, record, measure)
        axes.set_title(title)
        if not axes.has_data():
            axes.set_yticks([])
            axes.text(0.5, 0.5, "no point is determined", transform=axes.transAxes, ha="center", color=MUTED)
    for axes in (panels[0], panels[3]):
        if axes.has_data():
            axes.set_yscale("log")
    panels[2].set_ylim(-0.03, 1.03)
    _draw_equipartition(panels[3], record)
    _label_factors(panels, record)
    handles, labels = panels[3].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=max(1, len(labels)))
    return figure


def _draw_series(
    axes: Axes, record: RotorRecord, measure: Callable[[RotorPoint], tuple[Measured | None, Interval | None]]
) -> None:
    anions = list(dict.fromkeys(point.anion for point in record.points if point.mass_factor is not None))
    for number, (anion, colour) in enumerate(zip(anions, anion_colours(anions), strict=True)):
        shift = _DODGE ** (number - (len(anions) - 1) / 2)
        found = [
            (point.mass_factor * shift, *measure(point))
            for point in record.points
            if point.anion == anion and point.mass_factor is not None
        ]
        drawn = [(x, value, ends) for x, value, ends in found if value is not None]
        if not drawn:
            continue
        for x, _, ends in drawn:
            if ends is not None:
                axes.plot([x, x], ends, color=colour, lw=0.8)
        axes.errorbar(
            [x for x, *_ in drawn], [value.value for _, value, _ in drawn],
            yerr=np.array([_bar(value) for _, value, _ in drawn]).T,
            color=colour, marker=_MARKERS[number % len(_MARKERS)], ms=5.5, lw=1.2, elinewidth=2.2, label=anion,
        )  # fmt: skip


def _bar(value: Measured) -> tuple[float, float]:
    """Below and above; on a logarithmic axis a bar stays above zero."""
    below, above = value.bar_68
    return min(below, 0.999 * abs(value.value)), above


def _draw_equipartition(axes: Axes, record: RotorRecord) -> None:
    """The line that equipartition asks for, through the natural point of each series."""
    factors = np.array([point.mass_factor for point in record.points if point.mass_factor is not None])
    label: str | None = "∝ 1/√mass"
    for point in record.points:
        if point.mass_factor == 1 and point.rotation_rad_per_ps is not None and len(factors):
            x = np.array([factors.min(), factors.max()])
            y = point.rotation_rad_per_ps.value / np.sqrt(x)
            axes.plot(x, y, color=INK, lw=0.8, ls=(0, (4, 3)), label=label, zorder=1)
            label = None


def _label_factors(panels: Sequence[Axes], record: RotorRecord) -> None:
    factors = sorted({point.mass_factor for point in record.points if point.mass_factor is not None})
    for axes in panels:
        axes.set_xscale("log")
        axes.set_xticks(factors, [f"{factor:g}" for factor in factors])
        axes.minorticks_off()
        axes.margins(x=0.08)
    for axes in panels[2:]:
        axes.set_xlabel("mass factor of the anions")


def arrhenius_panels(record: RotorRecord, runs: Mapping[str, ConductivityRecord]) -> Figure | None:
    """A panel for each series: the conductivities of its mass factors, their fits, and the lines carried to 300 K."""
    from matplotlib.figure import Figure

    series = {
        anion: [point for point in record.points if point.anion == anion and point.run in runs]
        for anion in dict.fromkeys(point.anion for point in record.points)
    }
    if not any(row.conductivity_mS_per_cm for run in runs.values() for row in run.temperatures):
        return None
    figure = Figure(figsize=(max(5.2, 3.5 * len(series)), 3.9), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(series), sharex=True, sharey=True))
    factors = sorted({point.mass_factor for point in record.points if point.mass_factor is not None})
    colours = dict(zip(factors, series_colours(len(factors)), strict=True))
    for axes, (anion, points) in zip(panels, series.items(), strict=True):
        for point in points:
            colour = INK if point.mass_factor is None else colours[point.mass_factor]
            label = point.run if point.mass_factor is None else f"× {point.mass_factor:g}"
            _draw_run(axes, runs[point.run], colour, label)
        axes.set_title(anion)
        axes.set_xlabel("1000 / T  (K⁻¹)")
        axes.set_yscale("log")
        axes.legend(loc="lower left")
    panels[0].set_ylabel("σ of the tracer, Nernst-Einstein  (mS/cm)")
    return figure


def _draw_run(axes: Axes, run: ConductivityRecord, colour: str, label: str) -> None:
    rows = [(row, value) for row in run.temperatures if (value := row.conductivity_mS_per_cm) is not None]
    used = run.arrhenius.temperatures_used_K if run.arrhenius else []
    for index, (row, value) in enumerate(rows):
        axes.errorbar(
            1e3 / row.at_K, value.value, yerr=np.array([_bar(value)]).T,
            color=colour, marker="o", ms=4.5, mfc=colour if row.temperature_K in used else "none", lw=0,
            elinewidth=1.8, label=label if index == 0 else None,
        )  # fmt: skip
    line = fitted_line(run.arrhenius)
    if line is None or not used:
        return
    for low, high, style in ((min(used), max(used), "-"), (ROOM_K, min(used), (0, (4, 3)))):
        temperatures = np.linspace(low, high, 60)
        axes.plot(1e3 / temperatures, line.values(temperatures), color=colour, lw=1.2, ls=style)
