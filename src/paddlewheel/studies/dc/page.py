"""The report of `dc`: currents of the holds with their fits, the line through them, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.page.drawing import BLUE, MUTED, ORANGE, Drawing, series_colours, series_styles
from paddlewheel.page.interactive import CREDIT, Line, Plot, zoom_scripts, zoom_section
from paddlewheel.page.numbers import ABSENT, kelvin, measured, plain, prefixed
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.dc.record import CURRENTS, LINE, DcHold, DcRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_HOLDS = 12
_WHAT = {
    "electronic": "Electronic conductivity, electrodes that block ions",
    "hebb-wagner": "Electrons and holes, one blocking electrode",
    "transference": "Transference number, two reversible electrodes",
    "leakage": "Leakage of a cell",
}
_METHOD = (
    "An offset and up to three exponential decays (as many as the Bayesian information criterion bears) are fitted to "
    "each hold; errors count that residuals are correlated. A hold is steady if what still decays at its end, by the "
    "fit and by the slope of its last fifth, is below {drift:.0f} % of its steady current or not told from zero, and "
    "if it does not fall as 1 / sqrt(time)."
)


def figures(record: DcRecord, beside: Beside) -> Figures:
    """The figure of the report."""
    line = beside.columns(LINE) if "line" in record.files else None
    alt = "Current against time of each hold, and the steady currents against voltage; numbers are in the table."
    return {"currents": (_currents(record, beside.columns(CURRENTS), line), alt)}


def _currents(record: DcRecord, currents: Columns, line: Columns | None) -> Figure:
    """Current of each hold against time with its fit; steady currents against voltage, with the line fitted to them."""
    from matplotlib.figure import Figure

    lined = len(record.holds) > 1
    figure = Figure(figsize=(10.4 if lined else 7.2, 3.7), layout="constrained")
    panels: Any = figure.subplots(1, 2 if lined else 1, squeeze=False).ravel()
    time = panels[0]
    shown = [number for number in record.drawn_holds if number <= len(record.holds)]
    largest = max(float(np.abs(currents["current_A"]).max()), 1e-15)
    smallest = min(max(abs(hold.steady_A.value), 1e-15) for hold in record.holds)
    logarithmic = largest > 30 * smallest
    scale, unit = prefixed(smallest if logarithmic else largest, "A")
    for place, (style, number) in enumerate(zip(series_styles(len(shown)), shown, strict=True)):
        rows, hold = currents["hold"] == number, record.holds[number - 1]
        t, current, fit = (currents[name][rows] for name in ("time_s", "current_A", "fit_A"))
        kept = _thinned(len(t))
        sign = np.sign(hold.steady_A.value) or 1.0 if logarithmic else 1.0
        label = f"{hold.voltage_V:.4g} V" + ("" if hold.steady else ", not steady")
        time.plot(t[kept], sign * current[kept] / scale, ".", ms=2.5, color=style.colour, alpha=0.5)
        marker = {"marker": style.marker, "ms": 5, "mfc": "none" if place % 2 else style.colour}
        time.plot(t, sign * fit / scale, color=style.colour, label=label, ls="-" if hold.steady else "--",
                  markevery=(0.03 + 0.05 * (place % 3), 0.2), **marker)  # fmt: skip
    time.set(xlabel="time in the hold (s)", title="Currents, points measured, lines fitted")
    time.set_ylabel(f"|current| ({unit})" if logarithmic else f"current ({unit})")
    if logarithmic:
        time.set_yscale("log")
    time.legend()
    if lined:
        _draw_line(panels[1], record, line)
    return figure


def _draw_line(panel: Any, record: DcRecord, line: Columns | None) -> None:
    voltage = np.array([hold.voltage_V for hold in record.holds])
    current = np.array([hold.steady_A.value for hold in record.holds])
    std = np.array([hold.steady_A.std for hold in record.holds])
    steady = np.array([hold.steady for hold in record.holds])
    scale, unit = prefixed(float(np.abs(current).max()), "A")
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


def page(record: DcRecord, beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    numbers = [Number(name=name, value=measured(value), unit=unit) for name, value, unit in record.results()]
    bound = record.electronic_upper_bound_95_mS_per_cm
    if bound is not None:
        numbers.append(Number(name="electronic conductivity below", value=plain(bound), unit="mS/cm"))
    headline = f"No result: {record.refused}" if record.refused else _headline(record)
    facts = [("Cell", _WHAT[record.measures]), ("Holds", f"{len(record.holds)}")]
    if record.temperature_K is not None:
        facts.append(("Temperature", kelvin(record.temperature_K)))
    for name, value in (("Diameter", record.diameter_cm), ("Thickness", record.thickness_cm)):
        facts.append((name, ABSENT if value is None else f"{measured(value)} cm"))
    return Page(
        eyebrow="DC polarization",
        title=record.sample or record.holds[0].file,
        facts=facts,
        headline=headline,
        tone="none" if record.refused else "good",
        numbers=numbers,
        remarks=[f"{note[0].upper()}{note[1:]}." for note in record.notes],
        warnings=record.warnings,
        sections=[
            Section(
                id="holds",
                title="Holds at constant voltage",
                paragraphs=[_METHOD.format(drift=100 * record.largest_drift)],
                drawings=[
                    (drawings["currents"], f"Holds {', '.join(map(str, record.drawn_holds))} of {len(record.holds)}.")
                ],
                tables=[_hold_table(record)],
            ),
            zoom_section([_plot(record, beside.columns(CURRENTS))]),
        ],
        citations=record.citations,
        provenance=record.provenance,
        scripts=zoom_scripts(),
        scripts_credit=CREDIT,
        n_series=min(len(record.holds), MOST_HOLDS),
    )


def _caption(record: DcRecord) -> str:
    drawn = [str(number) for number in record.drawn_holds if number <= len(record.holds)]
    return f"Hold{'s' if len(drawn) > 1 else ''} {', '.join(drawn)} of {len(record.holds)}."


def _headline(record: DcRecord) -> str:
    name, value, unit = record.results()[0]
    return f"{name[0].upper()}{name[1:]} {measured(value)} {unit}".rstrip()


def _hold_table(record: DcRecord) -> Table:
    table = Table(
        "Holds (± is the 68 % standard uncertainty)",
        [("Voltage", "V"), ("Length", "h"), ("First current", "A"), ("Steady current", "A"), ("Last fifth", "A"),
         ("Decays", "s"), ("Still decaying", "%"), ("Steady", "")],
    )  # fmt: skip
    table.rows.extend(_hold_row(hold) for hold in record.holds)
    return table


def _hold_row(hold: DcHold) -> list[Cell]:
    return [
        Cell(f"{hold.voltage_V:.4g}", f"{hold.file}, rows {hold.first_row} to {hold.last_row}"),
        Cell(plain(hold.length_s / 3600)),
        Cell(plain(hold.initial_A.value)),
        Cell(measured(hold.steady_A)),
        Cell(plain(hold.tail_A)),
        Cell(", ".join(plain(decay.tau_s) for decay in hold.decays) or "none"),
        Cell(plain(100 * hold.remaining_share, 2)),
        Cell("yes" if hold.steady else "no", hold.reason, "ok" if hold.steady else "warning"),
    ]


def _plot(record: DcRecord, currents: Columns) -> Plot:
    lines = []
    scale, unit = prefixed(max(abs(hold.initial_A.value) for hold in record.holds), "A")
    shown = range(1, min(len(record.holds), MOST_HOLDS) + 1)
    for colour, number in zip(series_colours(len(shown)), shown, strict=True):
        rows = currents["hold"] == number
        name = f"{number}: {record.holds[number - 1].voltage_V:.4g} V"
        for column, mode, told in (("current_A", "markers", ""), ("fit_A", "lines", ", fit")):
            lines.append(
                Line(name=name + told, colour=colour, x=currents["time_s"][rows], y=currents[column][rows] / scale,
                     mode=mode, group=name, style={"marker": {"size": 4}})
            )  # fmt: skip
    axes = {"xaxis": {"title": "time in the hold (s)"}, "yaxis": {"title": f"current ({unit})"}}
    return Plot(id="zoom-currents", title="Currents of the holds with their fits", lines=lines, axes=axes)
