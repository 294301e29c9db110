"""The report of `dc`."""

from __future__ import annotations

from pathlib import Path

from paddlewheel.page.drawing import (
    Drawing,
    series_colours,
)
from paddlewheel.page.interactive import (
    CREDIT,
    Line,
    Plot,
    zoom_scripts,
    zoom_section,
)
from paddlewheel.page.numbers import (
    ABSENT,
    kelvin,
    measured,
    plain,
)
from paddlewheel.page.page import (
    Number,
    Page,
    Section,
)
from paddlewheel.page.tables import (
    Cell,
    Table,
)
from paddlewheel.page.write import (
    Figures,
    write_page,
)
from paddlewheel.records import (
    Measured,
    read_record,
)
from paddlewheel.records.tables import (
    Columns,
    read_columns,
)
from paddlewheel.studies.dc.figures import (
    MOST_HOLDS,
    dc_figure,
    unit_of_current,
)
from paddlewheel.studies.dc.record import (
    DcHold,
    DcRecord,
)

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


def write_dc_report(directory: Path) -> Path:
    """Write `report.html` and `figures/` from `result.json` and `currents.csv`.

    Raises
    ------
    InputError
        If they are no such record and table.
    RunDirectoryError
        If the directory cannot be written.
    """
    directory = Path(directory)
    record = read_record(directory / "result.json", DcRecord, made_by="dc")
    currents = read_columns(directory / record.files["currents"], made_by="dc")
    line = read_columns(directory / record.files["line"], made_by="dc") if "line" in record.files else None
    alt = "Current against time of each hold, and the steady currents against voltage; numbers are in the table."

    def figures() -> Figures:
        return {"currents": (dc_figure(record, currents, line), alt)}

    zoom = zoom_section([_plot(record, currents)])
    return write_page(directory, figures, lambda drawings: _page(record, drawings, zoom))


def _page(record: DcRecord, drawings: dict[str, Drawing], zoom: Section) -> Page:
    numbers = [Number(name=name, value=measured(value), unit=unit) for name, value, unit in dc_results(record)]
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
        remarks=[f"{one[0].upper()}{one[1:]}." for one in record.notes],
        warnings=record.warnings,
        sections=[
            Section(
                id="holds",
                title="Holds at constant voltage",
                paragraphs=[_METHOD.format(drift=100 * record.largest_drift)],
                drawings=[(drawings["currents"], f"At most {MOST_HOLDS} holds.")],
                tables=[_hold_table(record)],
            ),
            zoom,
        ],
        citations=record.citations,
        provenance=record.provenance,
        scripts=zoom_scripts(),
        scripts_credit=CREDIT,
        n_series=min(len(record.holds), MOST_HOLDS),
    )


def dc_results(record: DcRecord) -> list[tuple[str, Measured, str]]:
    """Name, value and unit of every result that the record has."""
    found: list[tuple[str, Measured | None, str]] = []
    if record.electronic is not None:
        sigma = record.electronic.conductivity_mS_per_cm
        found.append(("electronic conductivity", sigma, "mS/cm"))
        if sigma is None:
            found.append(("electronic conductance", record.electronic.conductance_S, "S"))
    if record.hebb_wagner is not None:
        for name, kind in (("electrons", "electron"), ("holes", "hole")):
            sigma = getattr(record.hebb_wagner, f"{kind}_conductivity_mS_per_cm")
            found.append((f"conductivity of {name}", sigma, "mS/cm"))
            if sigma is None:
                found.append((f"conductance of {name}", getattr(record.hebb_wagner, f"{kind}_conductance_S"), "S"))
    found += [
        ("transference number of electrons", record.electronic_transference, ""),
        ("transference number (Bruce, Vincent)", record.bruce_vincent, ""),
        ("transference number (Watanabe)", record.watanabe, ""),
    ]
    if record.measures == "leakage":
        for hold in record.holds:
            per_area = hold.steady_A_per_cm2
            value, unit = (hold.steady_A, "A") if per_area is None else (per_area, "A/cm²")
            found.append((f"leakage at {hold.voltage_V:.4g} V", value, unit))
    return [(name, value, unit) for name, value, unit in found if value is not None]


def _headline(record: DcRecord) -> str:
    name, value, unit = dc_results(record)[0]
    return f"{name[0].upper()}{name[1:]} {measured(value)} {unit}".rstrip()


def _hold_table(record: DcRecord) -> Table:
    table = Table(
        "Holds (± is the 68 % standard uncertainty)",
        [("Voltage", "V"), ("Length", "h"), ("First current", "A"), ("Steady current", "A"), ("Last fifth", "A"),
         ("Decays", "s"), ("Still decaying", "%"), ("Steady", "")],
    )  # fmt: skip
    for one in record.holds:
        table.rows.append(_hold_row(one))
    return table


def _hold_row(one: DcHold) -> list[Cell]:
    return [
        Cell(f"{one.voltage_V:.4g}", f"{one.file}, rows {one.first_row} to {one.last_row}"),
        Cell(plain(one.length_s / 3600)),
        Cell(plain(one.initial_A.value)),
        Cell(measured(one.steady_A)),
        Cell(plain(one.tail_A)),
        Cell(", ".join(plain(decay.tau_s) for decay in one.decays) or "none"),
        Cell(plain(100 * one.remaining_share, 2)),
        Cell("yes" if one.steady else "no", one.reason, "ok" if one.steady else "warning"),
    ]


def _plot(record: DcRecord, currents: Columns) -> Plot:
    lines = []
    scale, unit = unit_of_current(max(abs(one.initial_A.value) for one in record.holds))
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
