"""The report of `conduct` and `analyze`."""

from __future__ import annotations

from markupsafe import Markup

from paddlewheel.page.cell_picture import cell_figure
from paddlewheel.page.drawing import Drawing, series_colours
from paddlewheel.page.numbers import enumeration, kelvin
from paddlewheel.page.page import Folded, Listing, Page, Section
from paddlewheel.page.tables import formula_html, ion_html
from paddlewheel.page.viewer import cell_view, viewer_scripts
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside
from paddlewheel.studies.conduct import page_tables
from paddlewheel.studies.conduct.arrhenius import arrhenius_figure
from paddlewheel.studies.conduct.figures import msd_figure, thermo_figure
from paddlewheel.studies.conduct.files import RunTables, read_tables
from paddlewheel.studies.conduct.naming import ordering_sentences, size_sentences
from paddlewheel.studies.conduct.record import ConductivityRecord, TemperatureResult
from paddlewheel.studies.conduct.second_opinion.page import opinion_figures, opinion_section
from paddlewheel.studies.conduct.size_page import CAPTION, size_figure, size_table
from paddlewheel.studies.conduct.verdict import judge, lowered_for_memory
from paddlewheel.studies.motion.page import unchecked_facts

_ALL_OPEN = 6
"""Of more temperatures than this only the figures of those that are not ok stand open."""


def figures(record: ConductivityRecord, beside: Beside) -> Figures:
    """The figures of the report, each where there is something to draw."""
    tables, rows = read_tables(record, beside), record.temperatures
    drawn = {}
    if (figure := arrhenius_figure(record)) is not None:
        drawn["arrhenius"] = figure, _arrhenius_alt(record)
    if (figure := msd_figure(rows, tables.msd)) is not None:
        at = enumeration(kelvin(rows[index].temperature_K) for index in sorted(tables.msd))
        drawn["msd"] = figure, f"Mean squared displacement against time lag at {at}, with the fits."
    if record.sizes is not None and (figure := size_figure(record.sizes)) is not None:
        at = enumeration(kelvin(row.temperature_K) for row in record.sizes.temperatures)
        drawn["sizes"] = figure, f"Diffusivity against one over the number of atoms in the cell at {at}."
    colours = series_colours(len(rows)) if rows else []
    n_atoms = len(tables.cell.symbols) if tables.cell else None
    for index, runs in tables.thermo.items():
        drawn[_thermo(rows[index])] = (
            thermo_figure(rows[index], runs, colour=colours[index], n_atoms=n_atoms),
            f"Temperature, energy drift, pressure, volume and grade against time of the run at "
            f"{kelvin(rows[index].temperature_K)}.",
        )
    drawn |= opinion_figures(record, beside)
    if tables.cell is not None:
        counts = enumeration(f"{count} {symbol}" for symbol, count in tables.cell.counts.items())
        drawn["cell"] = cell_figure(tables.cell), f"The simulated cell: {counts} atoms."
    return drawn


def _thermo(row: TemperatureResult) -> str:
    return f"thermo_T={row.temperature_K:g}K"


def _arrhenius_alt(record: ConductivityRecord) -> str:
    at = enumeration(kelvin(row.temperature_K) for row in record.temperatures)
    quantity = "conductivity" if record.arrhenius is None or "sigma" in record.arrhenius.fitted else "diffusivity"
    return f"Arrhenius plot: {quantity}, logarithmic, against 1000/T at {at}. The numbers are in the tables below."


def page(record: ConductivityRecord, beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    verdict, tables = judge(record), read_tables(record, beside)
    ion = ion_html(record.specie, record.charge_e)
    sections = [
        _of_temperature_dependence(record, drawings),
        _of_sizes(record, drawings),
        _of_orderings(record),
        _of_rounds(record),
        _of_temperatures(record),
        _of_displacements(ion, drawings),
        opinion_section(record, drawings),
        _of_thermodynamics(record, tables, drawings),
        _of_cell(tables, drawings),
    ]
    return Page(
        eyebrow="ionic conductivity from molecular dynamics",
        title=Markup("{} conductivity of {}").format(ion, record.structure),
        facts=[
            ("Formula", formula_html(record.formula)),
            ("Potential", record.potential or "none: trajectories made elsewhere"),
            ("Temperatures", str(len(record.temperatures))),
            *unchecked_facts(record.unchecked),
        ],
        headline=verdict.headline,
        tone=verdict.tone,
        numbers=verdict.numbers,
        remarks=verdict.sentences,
        lists=[Listing(title="Left out of the fit", lines=verdict.refused),
               Listing(title="What to do", lines=verdict.remedies)],
        warnings=_warnings(record, tables),
        sections=[section for section in sections if section is not None],
        citations=record.citations,
        provenance=record.provenance,
        footer="Numbers are value ± standard uncertainty (68 %). The same numbers, unrounded, are in result.json.",
        n_series=max(1, len(record.temperatures)),
        scripts=viewer_scripts() if "cell" in drawings else (),
    )  # fmt: skip


def _warnings(record: ConductivityRecord, tables: RunTables) -> list[tuple[str, str]]:
    """(where, text) of every warning: of the record, of its temperatures, of the files beside it."""
    by_row = [(kelvin(row.temperature_K), text) for row in record.temperatures for text in row.warnings]
    said = {f"{where}: {text}" for where, text in by_row}  # the record repeats its rows' warnings
    listed = [("", text) for text in record.warnings if text not in said] + by_row
    return list(dict.fromkeys(listed + [("report", text) for text in tables.notes]))


def _of_temperature_dependence(record: ConductivityRecord, drawings: dict[str, Drawing]) -> Section:
    drawing, fit = drawings.get("arrhenius"), record.arrhenius
    if fit is not None and fit.ln_prefactor is not None:
        caption = Markup(
            "Fitted: {} = ln A − E<sub>a</sub>/kT, weighted by the error of each temperature. Thick bars: 68 %; thin "
            "bars: 95 %. The band is the covariance of the fit, carried to 300 K."
        ).format(fit.fitted.replace("sigma*T", "σT"))
        if fit.chi2_per_dof is not None:
            caption += f" χ² per degree of freedom: {fit.chi2_per_dof:.2g}."
        if lowered := lowered_for_memory(fit):
            caption += (
                f" At 300 K the line is taken {lowered} times lower than its points have it: ions may hop back for "
                "longer than the runs tell."
            )
    else:
        caption = Markup("Nothing was fitted. Thick bars: 68 %; thin bars: 95 %; triangles: 95 % upper bounds.")
    return Section(
        id="arrhenius",
        title="Temperature dependence",
        paragraphs=[] if drawing else ["No temperature gave a value or an upper bound to draw."],
        drawings=[(drawing, caption)] if drawing else [],
        tables=[page_tables.model_table(record), page_tables.published_table(record)],
    )


def _of_sizes(record: ConductivityRecord, drawings: dict[str, Drawing]) -> Section | None:
    if record.sizes is None:
        return None
    where = "; ".join(f"{size}: {path}" for size, path in record.sizes.records.items())
    return Section(
        id="sizes",
        title="Size of the cell",
        paragraphs=[*size_sentences(record.cell, record.sizes), f"Records of the smaller cells: {where}."],
        drawings=[(drawings["sizes"], CAPTION)] if "sizes" in drawings else [],
        tables=[size_table(record.sizes)],
    )


def _of_orderings(record: ConductivityRecord) -> Section | None:
    if record.orderings is None:
        return None
    return Section(
        id="orderings",
        title="Ordered cells",
        paragraphs=[
            "Partly occupied sites were ordered in several ways. Each column is of the runs of one cell alone.",
            *ordering_sentences(record.orderings),
        ],
        tables=[page_tables.ordering_table(record.orderings)],
    )


def _of_rounds(record: ConductivityRecord) -> Section | None:
    if record.adaptive is None:
        return None
    return Section(
        id="rounds",
        title="Where the time went",
        paragraphs=[
            "The runs asked for came first. After them and after every round the time went to the temperatures where "
            "it was predicted to lower the variance of ln σ at 300 K most."
        ],
        tables=[page_tables.decision_table(record.adaptive)],
    )


def _of_temperatures(record: ConductivityRecord) -> Section:
    rows = record.temperatures
    health = page_tables.health_table(rows)
    unchecked = "" if record.potential else ", since the trajectories were made elsewhere"
    return Section(
        id="temperatures",
        title="Temperatures",
        paragraphs=[] if health else [f"Health checks: none{unchecked}."],
        tables=[
            page_tables.transport_table(rows),
            page_tables.direction_table(rows),
            page_tables.run_table(rows),
            page_tables.extrapolation_table(rows),
            health,
        ],
    )


def _of_displacements(ion: Markup, drawings: dict[str, Drawing]) -> Section:
    drawing = drawings.get("msd")
    caption = Markup(
        "{}, in the mean cell, over all time origins; bands: 68 %. Dashed: the fitted 6Dt + c over the lags it was "
        "fitted on, whose ends are marked. On the logarithmic axes diffusion has slope one."
    ).format(ion)
    return Section(
        id="msd",
        title="Mean squared displacement",
        paragraphs=[] if drawing else ["No displacement was recorded."],
        drawings=[(drawing, caption)] if drawing else [],
    )


def _of_thermodynamics(record: ConductivityRecord, tables: RunTables, drawings: dict[str, Drawing]) -> Section | None:
    rows = [(record.temperatures[index], len(runs)) for index, runs in sorted(tables.thermo.items())]
    if not rows:
        return None
    return Section(
        id="thermo",
        title="Thermodynamics of the runs",
        paragraphs=[
            "Lines: means over short stretches; shades: lowest to highest value in each; all replicas. Dashed: the "
            "temperature asked for, zero, zero, the mean volume, and the threshold of the extrapolation grade where "
            "there is one. Grey, before zero: equilibration; light grey, after it: what the data leave out as well."
        ],
        folded=[
            Folded(
                title=kelvin(row.temperature_K) + (f", {replicas} replicas" if replicas > 1 else ""),
                drawing=drawings[_thermo(row)],
                is_open=len(rows) <= _ALL_OPEN or row.status != "ok",
            )
            for row, replicas in rows
        ],
    )


def _of_cell(tables: RunTables, drawings: dict[str, Drawing]) -> Section | None:
    picture = tables.cell
    if picture is None:
        return None
    legend = [(symbol, picture.colours[symbol], str(count)) for symbol, count in picture.counts.items()]
    return Section(
        id="cell",
        title="The simulated cell",
        html=cell_view(drawings["cell"], picture.viewer_data(), legend=legend),
    )
