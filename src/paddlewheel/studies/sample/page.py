"""The report of `sample`."""

from __future__ import annotations

from paddlewheel.page.drawing import Drawing
from paddlewheel.page.numbers import kelvin, percent, plain
from paddlewheel.page.page import Listing, Number, Page, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures
from paddlewheel.records import Measured
from paddlewheel.records.tables import Beside
from paddlewheel.studies.label.page import labels_figure, labels_section
from paddlewheel.studies.sample.figures import map_figure, origin_figure
from paddlewheel.studies.sample.record import DirectChoice, SamplingRecord

_BADGES = {"ok": "ok", "cut": "warning", "broken": "broken"}


def figures(record: SamplingRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    columns = beside.columns(record.map_file, text=("structure",))
    coverage = record.choice.coverage
    maps: Figures = {
        "map": (
            map_figure(record, columns),
            f"Map of {record.choice.n_candidates} candidates in the first two components, with those chosen by DIRECT: "
            f"coverage {percent(coverage.direct_mean)}, at random {percent(coverage.random_mean.value)}.",
        ),
        "origin": (
            origin_figure(record, columns),
            "The same map, a panel for each structure, coloured by temperature.",
        ),
    }
    return maps if record.dataset is None else {**maps, **labels_figure(record.dataset, beside)}


def page(record: SamplingRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    choice = record.choice
    return Page(
        eyebrow="sampling of a training set",
        title=f"Training set of {', '.join(structure.name for structure in record.structures)}",
        facts=[("Runs", str(len(record.runs))), ("Potential", record.potential)],
        headline=f"{choice.n_selected} frames chosen of {choice.n_candidates:,}",
        numbers=_numbers(record),
        remarks=[_how_chosen(choice)],
        warnings=record.warnings,
        sections=[
            Section(
                id="map",
                title="Map",
                drawings=[
                    (
                        drawings["map"],
                        "Grey: candidates that were not taken (thinned to a few thousand points). Coverage is the "
                        f"share of the {choice.coverage.n_bins} bins along each component, among those that hold a "
                        "candidate, that hold a chosen frame (Qi et al. 2024); the mean over all components is given.",
                    ),
                    (
                        drawings["origin"],
                        "The same map by structure and temperature; grey: the other structures.",
                    ),
                ],
                tables=[_coverage_table(choice)],
            ),
            Section(
                id="runs",
                title="Runs",
                paragraphs=[
                    "A run that breaks is cut before the break: what follows is not used. The frame at step 0 is the "
                    "same at all temperatures, and counts for the coldest."
                ],
                tables=[_structure_table(record), _run_table(record)],
            ),
            _labels(record, drawings),
        ],
        citations=record.citations,
        provenance=record.provenance,
        footer="The same numbers, unrounded, are in result.json; the chosen frames in "
        f"{record.frames.file}, the map in {record.map_file}, the runs in trajectories/.",
        n_series=max(1, len({run.temperature_K for run in record.runs})),
    )


def _numbers(record: SamplingRecord) -> list[Number]:
    choice, coverage = record.choice, record.choice.coverage
    numbers = [
        Number(
            name="Coverage by DIRECT",
            value=percent(coverage.direct_mean),
            note=f"of the occupied bins, mean over {len(choice.explained_variance)} components",
        ),
        Number(
            name="At random",
            value=percent(coverage.random_mean.value),
            note=f"as many frames, ± {percent(coverage.random_mean.std)} over {coverage.n_random_draws} draws",
        ),
    ]
    if record.dataset is not None:
        labelled = Number(
            name="Labelled", value=str(record.dataset.n_frames), unit="frames", note=str(record.dataset.engine)
        )
        numbers.append(labelled)
    return numbers


def _how_chosen(choice: DirectChoice) -> str:
    added = (
        f", and {choice.n_relaxed_added} relaxed structures that were not among them" if choice.n_relaxed_added else ""
    )
    return (
        f"{choice.n_clusters} clusters of radius {plain(choice.threshold)} (from {plain(choice.threshold_asked)}), one "
        f"frame of each{added}. Features: {choice.features} ({choice.n_features} numbers)."
    )


def _labels(record: SamplingRecord, drawings: dict[str, Drawing]) -> Section:
    if record.dataset is not None and record.labels is not None:
        return labels_section(record.dataset, record.labels, record.refused, drawings["labels"])
    return Section(
        id="labels",
        title="Labels",
        paragraphs=[f"Not labelled: {record.frames.file} holds the frames for another engine."],
        lists=[Listing(title="Refused frames", lines=[f"{frame.name}: {frame.reason}" for frame in record.refused])],
    )


def _structure_table(record: SamplingRecord) -> Table:
    table = Table(
        "Relaxed structures",
        [("Structure", ""), ("Formula", ""), ("Atoms", ""), ("Steps", ""), ("Force left", "eV/Å"),
         ("Energy", "eV/atom"), ("Volume", "Å³"), ("Change", "")],
    )  # fmt: skip
    for row in record.structures:
        left = Cell(plain(row.largest_force_eV_per_A, 2), None if row.converged else "not converged")
        table.rows.append(
            [Cell(row.name), Cell(row.formula), Cell(str(row.n_atoms)), Cell(str(row.relaxation_steps)), left,
             Cell(plain(row.energy_eV_per_atom, 5)), Cell(plain(row.volume_A3, 5)), Cell(f"{row.volume_change:+.1%}")]
        )  # fmt: skip
    return table


def _run_table(record: SamplingRecord) -> Table:
    table = Table(
        "Runs of the grid",
        [("Structure", ""), ("Strain", ""), ("T asked", ""), ("Status", ""), ("Frames used", ""), ("Chosen", ""),
         ("Mean T", "K"), ("Mean pressure", "GPa")],
    )  # fmt: skip
    for run in record.runs:
        table.rows.append(
            [Cell(run.structure), Cell(f"{run.strain:+g}"), Cell(kelvin(run.temperature_K)),
             Cell(run.status, run.reason, _BADGES[run.status]), Cell(f"{run.n_used} of {run.n_frames}"),
             Cell(str(run.n_selected)), Cell(plain(run.mean_temperature_K, 4)), Cell(plain(run.mean_pressure_GPa))]
        )  # fmt: skip
    return table


def _coverage_table(choice: DirectChoice) -> Table:
    table = Table(
        "Coverage by component", [("Component", ""), ("Of the variance", ""), ("DIRECT", ""), ("At random", "")]
    )
    for number, share in enumerate(choice.explained_variance):
        table.rows.append(
            [Cell(str(number + 1)), Cell(percent(share)), Cell(percent(choice.coverage.direct[number])),
             Cell(_share(choice.coverage.random[number]))]
        )  # fmt: skip
    return table


def _share(quantity: Measured) -> str:
    return f"{100 * quantity.value:.0f} ± {100 * quantity.std:.0f} %"
