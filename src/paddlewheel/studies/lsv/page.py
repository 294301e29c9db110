"""The report of `lsv`."""

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
from paddlewheel.records import read_record
from paddlewheel.records.tables import (
    Columns,
    read_columns,
)
from paddlewheel.studies.lsv.figures import (
    lsv_figure,
)
from paddlewheel.studies.lsv.record import (
    LsvRecord,
    LsvWindow,
)

_METHOD = (
    "Tangent: the line through the foot of the rise, from 10 to 60 % of its height, meets the background, the line "
    "through the quietest stretch before it. Threshold: where the density over the background passes the stated value "
    "and stays above it. The errors are those of resampled noise (in blocks), of the choice of foot and background, of "
    "the rows' distance, of the area, of the resistance and of the reference; a cell's own scatter is not in them: "
    "measure three cells. An onset of current is no thermodynamic limit: a slow decomposition shows late."
)


def write_lsv_report(directory: Path) -> Path:
    """Write `report.html` and `figures/` from `result.json` and `sweeps.csv`.

    Raises
    ------
    InputError
        If they are no such record and table.
    RunDirectoryError
        If the directory cannot be written.
    """
    directory = Path(directory)
    record = read_record(directory / "result.json", LsvRecord, made_by="lsv")
    sweeps = read_columns(directory / record.files["sweeps"], made_by="lsv")
    alt = "Current density against voltage with background, tangent and onsets; the onsets are in the table."

    def figures() -> Figures:
        return {"sweeps": (lsv_figure(record, sweeps), alt)}

    zoom = zoom_section([_plot(record, sweeps)])
    return write_page(directory, figures, lambda drawings: _page(record, drawings, zoom))


def definition(window: LsvWindow) -> str:
    """How a window's onsets are defined, in words."""
    return "tangent" if window.threshold_uA_per_cm2 is None else f"{window.threshold_uA_per_cm2:g} µA/cm²"


def _page(record: LsvRecord, drawings: dict[str, Drawing], zoom: Section) -> Page:
    numbers = []
    for one in record.windows:
        for name, value in (("oxidation", one.oxidation_V), ("reduction", one.reduction_V)):
            if value is not None:
                unit = f"V against {record.reference}"
                numbers.append(Number(name=f"onset of {name}, {definition(one)}", value=measured(value), unit=unit))
    wide = next((one for one in record.windows if one.width_V is not None), None)
    if wide is not None:
        headline = f"A window of {measured(wide.width_V)} V ({definition(wide)})"
    elif numbers:
        headline = f"{numbers[0].name[0].upper()}{numbers[0].name[1:]}: {numbers[0].value} {numbers[0].unit}"
    else:
        headline = "No onset in these sweeps"
    shift = record.reference_shift_V
    facts = [("Area", f"{measured(record.area_cm2)} cm²"), ("Voltages against", record.reference)]
    if shift.value or shift.std:
        facts.append(("Shifted by", f"{measured(shift)} V, measured against {record.measured_against}"))
    facts.append(("Resistance", ABSENT if record.resistance_ohm is None else f"{measured(record.resistance_ohm)} Ω"))
    return Page(
        eyebrow="Linear sweep voltammetry",
        title=record.sample or record.sweeps[0].file,
        facts=facts,
        headline=headline,
        tone="good" if numbers else "none",
        numbers=numbers,
        remarks=[f"{one[0].upper()}{one[1:]}." for one in record.notes],
        warnings=record.warnings,
        sections=[
            Section(
                id="onsets",
                title="Onsets",
                paragraphs=[_METHOD],
                drawings=[(drawings["sweeps"], "Each sweep whole, and its foot; at most four.")],
                tables=[_onset_table(record), _window_table(record)],
            ),
            zoom,
        ],
        citations=record.citations,
        provenance=record.provenance,
        scripts=zoom_scripts(),
        scripts_credit=CREDIT,
        n_series=min(len(record.sweeps), 12),
    )


def _onset_table(record: LsvRecord) -> Table:
    thresholds = [one.threshold_uA_per_cm2 for one in record.sweeps[0].thresholds]
    table = Table(
        f"Onsets of the sweeps, V against {record.reference} (± is the 68 % standard uncertainty)",
        [("Sweep", ""), ("From", "V"), ("To", "V"), ("Rate", "mV/s"), ("Tangent", "V"),
         *((f"{one:g} µA/cm²", "V") for one in thresholds), ("Largest", "µA/cm²"), ("Noise", "µA/cm²")],
    )  # fmt: skip
    for one in record.sweeps:
        table.rows.append(
            [
                Cell(one.direction, f"{one.file}, rows {one.first_row} to {one.last_row}"),
                Cell(plain(one.first_V)),
                Cell(plain(one.last_V)),
                Cell(plain(one.rate_mV_per_s)),
                Cell(measured(one.tangent_V), one.tangent_reason),
                *(Cell(measured(each.onset_V)) for each in one.thresholds),
                Cell(plain(one.largest_uA_per_cm2)),
                Cell(plain(one.noise_uA_per_cm2, 2)),
            ]
        )
    return table


def _window_table(record: LsvRecord) -> Table:
    table = Table(
        "Windows: from the highest onset of reduction to the lowest of oxidation",
        [("Onset by", ""), ("Reduction", "V"), ("Oxidation", "V"), ("Width", "V")],
    )
    for one in record.windows:
        values = (one.reduction_V, one.oxidation_V, one.width_V)
        table.rows.append([Cell(definition(one)), *(Cell(measured(value)) for value in values)])
    return table


def _plot(record: LsvRecord, sweeps: Columns) -> Plot:
    lines = []
    shown = range(1, min(len(record.sweeps), 12) + 1)
    columns = (("density", {}), ("background", {"dash": "dash"}), ("tangent", {"dash": "dot"}))
    for colour, number in zip(series_colours(len(shown)), shown, strict=True):
        rows = sweeps["sweep"] == number
        name = f"{number}: {record.sweeps[number - 1].direction}"
        for column, style in columns:
            lines.append(
                Line(name=name if column == "density" else f"{name}, {column}", colour=colour,
                     x=sweeps["voltage_V"][rows], y=sweeps[f"{column}_uA_per_cm2"][rows], group=name,
                     style={"line": style})
            )  # fmt: skip
    axes = {
        "xaxis": {"title": f"voltage (V against {record.reference})"},
        "yaxis": {"title": "current density (µA/cm²)"},
    }
    return Plot(id="zoom-sweeps", title="Sweeps with background and tangent", lines=lines, axes=axes)
