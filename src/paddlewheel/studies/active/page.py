"""The report of `active`: one HTML file without network, from its record."""

from __future__ import annotations

from pathlib import Path

from paddlewheel.errors import writing
from paddlewheel.page.drawing import (
    Drawing,
    house_style,
    save_figure,
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
    render_page,
)
from paddlewheel.page.tables import (
    Cell,
    Table,
)
from paddlewheel.records import (
    read_record,
    write_atomically,
)
from paddlewheel.studies.active.figures import (
    curve_figure,
    map_figure,
)
from paddlewheel.studies.active.record import (
    ActivePoint,
    ActiveRecord,
)

_MOST_IONS = 200


def write_active_report(directory: Path) -> Path:
    """Write `report.html` and `figures/` from `result.json`.

    Raises
    ------
    InputError
        If the record is none of `active`.
    RunDirectoryError
        If the directory cannot be written.
    """
    directory = Path(directory)
    record = read_record(directory / "result.json", ActiveRecord, made_by="active")
    path = directory / "report.html"
    with writing(path), house_style():
        curve = save_figure(
            curve_figure(record), directory / "figures", name="active",
            alt="Share of active ions against the threshold of the MSD, for several windows.",
        )  # fmt: skip
        starts = save_figure(
            map_figure(record), directory / "figures", name="starts",
            alt="Where the ions start, along the three axes of the cell, coloured by their MSD.",
        )  # fmt: skip
        write_atomically(path, render_page(_page(record, curve, starts)))
    return path


def _page(record: ActiveRecord, curve: Drawing, starts: Drawing) -> Page:
    counted = record.counted
    facts = [("Formula", record.formula), ("Mobile ion", record.specie or ABSENT)]
    if record.temperature_K is not None:
        facts.append(("Temperature", kelvin(record.temperature_K)))
    facts.append(("Runs", ", ".join(f"{one.name} ({one.length_ps:g} ps)" for one in record.trajectories)))
    return Page(
        eyebrow="active ions",
        title=f"Which {record.specie} move",
        facts=facts,
        headline=f"{counted.n_active} of {counted.n_ions} {record.specie} are active: an MSD of "
        f"{counted.threshold_A2:g} Å² or more over {counted.window_ps:g} ps.",
        numbers=[
            Number(name="Active share", value=measured(counted.fraction), note=_definition(counted)),
            Number(
                name="By the paper's definition", value=measured(record.paper.fraction),
                note=record.paper.reason or _definition(record.paper),
            ),
        ],
        warnings=record.warnings,
        sections=[
            Section(
                id="curve",
                title="Over windows and thresholds",
                paragraphs=["An ion counts where its MSD over the window, averaged over all time origins, is at least "
                            "the threshold: the number means nothing without both."],
                drawings=[(curve, "Bands: 68 %.")],
                tables=[curve_table(record)],
            ),
            Section(
                id="starts",
                title="Which ions, and where they start",
                drawings=[(starts, "Ringed: active. Grey: centres of the anions. First frame of the first run.")],
                tables=[start_table(record), ion_table(record)],
            ),
        ],
        citations=record.citations,
        provenance=record.provenance,
        n_series=len(record.curves),
    )  # fmt: skip


def _definition(point: ActivePoint) -> str:
    return f"MSD of at least {point.threshold_A2:g} Å² over {point.window_ps:g} ps"


def curve_table(record: ActiveRecord) -> Table:
    """The share at every window and threshold."""
    thresholds = record.curves[0].thresholds_A2
    table = Table(
        "Active share: rows are thresholds of the MSD, columns windows",
        [("Threshold", "Å²"), *((f"{row.window_ps:g}", "ps") for row in record.curves)],
    )
    for i, threshold in enumerate(thresholds):
        table.rows.append([Cell(f"{threshold:g}"), *(Cell(measured(row.fraction[i])) for row in record.curves)])
    return table


def start_table(record: ActiveRecord) -> Table | None:
    """Activity by the type of anion that an ion starts at; None without anions."""
    if not record.starts:
        return None
    table = Table(
        "By the anion that an ion starts nearest to (in units of its usual distance)",
        [("Anion", ""), ("Ions", ""), ("Active", ""), ("Share", "")],
    )
    for row in record.starts:
        table.rows.append(
            [Cell(row.nearest_anion), Cell(str(row.n_ions)), Cell(str(row.n_active)), Cell(measured(row.fraction))]
        )
    return table


def ion_table(record: ActiveRecord) -> Table:
    """The ions, the fastest first."""
    ions = sorted(record.ions, key=lambda ion: -ion.msd_A2)[:_MOST_IONS]
    cutoffs = record.coordination_cutoffs_A
    left_out = len(record.ions) - len(ions)
    more = f"; {left_out} more are in ions.csv" if left_out else ""
    table = Table(
        f"Ions, the fastest first{more}",
        [("Atom", ""), ("Run", ""), ("MSD", "Å²"), ("Active", ""), ("Start", "a, b, c"), ("Nearest anion", ""),
         *((f"{name} around", f"within {plain(cutoff)} Å") for name, cutoff in cutoffs.items())],
    )  # fmt: skip
    for ion in ions:
        near = None if ion.nearest_distance_A is None else f"{ion.nearest_distance_A:.2f} Å"
        table.rows.append(
            [
                Cell(str(ion.index)),
                Cell(str(ion.run)),
                Cell(plain(ion.msd_A2)),
                Cell("yes" if ion.active else "no"),
                Cell(", ".join(f"{x:.3f}" for x in ion.start_fractional)),
                Cell(ion.nearest_anion or ABSENT, near),
                *(Cell(str(ion.coordination.get(name, 0))) for name in cutoffs),
            ]
        )
    return table
