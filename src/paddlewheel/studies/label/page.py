"""The report of `label`; `sample` shows its labels in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from paddlewheel.page.drawing import BLUE, ORANGE, Drawing, series_colours
from paddlewheel.page.numbers import plain
from paddlewheel.page.page import Listing, Page, Pairs, Section
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside
from paddlewheel.studies.label.judged_sections import (
    asked_rows,
    convergence_figure,
    convergence_table,
    diagnostics_section,
    jobs_figure,
    judged_figures,
    refusals_section,
    settings_section,
)
from paddlewheel.studies.label.record import (
    FRAMES,
    AnyLabelRecord,
    ConvergenceRecord,
    JobsRecord,
    JudgedLabelsRecord,
    LabelRange,
    RefusedFrame,
    WrittenSet,
)
from paddlewheel.units import eV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_POINTS = 4000
_MARKERS = "os^Dvp*h"


def figures(record: AnyLabelRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    if isinstance(record, ConvergenceRecord):
        text = "Differences of energy, forces and stress to the finest calculation, against cut-off and k-points."
        return {"convergence": (convergence_figure(record.points), text)}
    if isinstance(record, JobsRecord):
        return {"frames": (jobs_figure(beside.columns(FRAMES)), "Atoms, k-points and volumes of the frames.")}
    if record.dataset is None:
        return {}
    drawn = labels_figure(record.dataset, beside)
    if isinstance(record, JudgedLabelsRecord):
        return {**drawn, **judged_figures(record, beside)}
    return drawn


def labels_figure(written: WrittenSet, beside: Beside) -> Figures:
    """Energy and pressure against volume of the frames of a data set, per atom; a marker per structure."""
    from paddlewheel.training.dataset import read_dataset

    assert beside.directory is not None  # labels lie in a run directory
    frames = read_dataset(beside.directory / written.file).frames
    results = [(len(frame), frame.get_volume(), frame.calc.results) for frame in frames if frame.calc is not None]
    figure = _scatter(
        np.array([volume / n for n, volume, _ in results]),
        np.array([float(labels["energy"]) / n for n, _, labels in results]),
        np.array([-float(labels["stress"][:3].mean()) * eV_PER_A3_IN_GPA for _, _, labels in results]),
        [str(frame.info.get("structure", frame.symbols.formula.reduce()[0].format("metal"))) for frame in frames],
    )
    return {"labels": (figure, "Energy and pressure of the labelled frames against their volume.")}


def _scatter(
    volumes_A3: np.ndarray, energies_eV: np.ndarray, pressures_GPa: np.ndarray, structures: list[str]
) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 4.0), layout="constrained")
    panels = figure.subplots(1, 2)
    names = sorted(set(structures))
    colours = [BLUE, ORANGE, *series_colours(max(1, len(names)))]
    for number, name in enumerate(names):
        mine = thinned(np.flatnonzero(np.array(structures) == name))
        for axes, values in zip(panels, (energies_eV, pressures_GPa), strict=True):
            axes.scatter(
                volumes_A3[mine], values[mine], s=16, marker=_MARKERS[number % len(_MARKERS)], color=colours[number],
                alpha=0.7, linewidths=0, label=name,
            )  # fmt: skip
    for axes, label in zip(panels, ("energy  (eV/atom)", "pressure  (GPa)"), strict=True):
        axes.set_xlabel("volume  (Å³/atom)")
        axes.set_ylabel(label)
    if len(names) > 1:
        panels[0].legend()
    return figure


def thinned(indices: np.ndarray) -> np.ndarray:
    """At most `MOST_POINTS` of them, evenly: more make the page heavy and show nothing new."""
    step = max(1, -(-len(indices) // MOST_POINTS))
    return indices[::step]


def page(record: AnyLabelRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    if isinstance(record, ConvergenceRecord):
        return _convergence_page(record, drawings)
    if isinstance(record, JobsRecord):
        return _jobs_page(record, drawings["frames"])
    if isinstance(record, JudgedLabelsRecord):
        return _judged_page(record, drawings)
    return Page(
        eyebrow="labels",
        title=f"Labels of {record.source}",
        facts=[("Frames", str(record.n_frames)), ("Potential", record.potential)],
        headline=f"{record.dataset.n_frames} of {record.n_frames} frames labelled",
        tone="partial" if record.refused else "good",
        warnings=record.warnings,
        sections=[labels_section(record.dataset, record.labels, record.refused, drawings["labels"])],
        citations=record.citations,
        provenance=record.provenance,
        footer="The same numbers, unrounded, are in result.json and the data set.",
    )


def _jobs_page(record: JobsRecord, drawing: Drawing) -> Page:
    asked = record.settings
    potentials = [(element, name) for element, name in record.pseudopotentials.items()]
    return Page(
        eyebrow="job folders",
        title=f"{record.engine.upper()} inputs of {record.source}",
        facts=[("Frames", f"{record.n_frames:,}"), ("Atoms", f"{record.n_atoms:,}"), ("Settings", asked.name)],
        headline=f"{record.n_frames:,} folders are ready to be run",
        remarks=[
            Markup("Submit them with <code>sbatch submit.sh</code>; finished ones are passed over."),
            Markup("Collect them with <code>paddlewheel label --collect</code> and this folder."),
        ],
        warnings=record.warnings,
        sections=[
            Section(
                id="frames",
                title="Frames",
                drawings=[(drawing, "Larger points are more frames. Atoms and k-points decide what a frame costs.")],
            ),
            Section(
                id="calculation",
                title="Calculation",
                paragraphs=[Markup("Each folder holds {}.").format(", ".join(record.files))],
                groups=[
                    Pairs(title=f"settings: {asked.name}", rows=asked_rows(asked)),
                    *([Pairs(title="pseudopotentials", rows=potentials)] if potentials else []),
                ],
            ),
        ],
        citations=record.citations,
        provenance=record.provenance,
        footer="manifest.json names the frame of every folder.",
    )


def _convergence_page(record: ConvergenceRecord, drawings: dict[str, Drawing]) -> Page:
    asked = record.settings
    worst = [point for point in record.points if point.is_asked]
    told = [
        f"{'Plane waves' if point.varied == 'cutoff' else 'k-points'} as asked for leave "
        f"{abs(point.energy_meV_per_atom):.2g} meV/atom, {point.largest_force_eV_per_A:.2g} eV/Å and "
        f"{point.largest_stress_GPa:.2g} GPa to the finest calculated here."
        for point in worst
    ]
    return Page(
        eyebrow="convergence of labels",
        title=f"{record.formula} by {record.engine}",
        facts=[("Frame", record.source), ("Atoms", str(record.n_atoms)), ("Settings", asked.name)],
        headline="How labels change with the cut-off and the k-points",
        remarks=told,
        warnings=record.warnings,
        sections=[
            Section(
                id="convergence",
                title="Differences",
                paragraphs=[
                    "Each is refined by itself. An energy that all frames of a composition lack alike is no error of "
                    "their differences."
                ],
                drawings=[(drawings["convergence"], "The grey line is what was asked for.")],
                tables=[convergence_table(record.points)],
            ),
            Section(
                id="calculation",
                title="Calculation",
                groups=[Pairs(title=f"settings: {asked.name}", rows=asked_rows(asked))],
            ),
        ],
        citations=record.citations,
        provenance=record.provenance,
    )


def _judged_page(record: JudgedLabelsRecord, drawings: dict[str, Drawing]) -> Page:
    written, n_refused = record.dataset, len(record.refused)
    n_taken = written.n_frames if written else 0
    facts = [("Outputs", f"{record.n_outputs:,}"), ("Ionic steps", f"{record.n_steps:,}"), ("Taken", f"{n_taken:,}")]
    remarks = []
    if record.rewritten:
        remarks.append(f"{len(record.rewritten)} folders were written again: submit.sh runs them alone.")
    sections = []
    if written and record.labels:
        sections.append(labels_section(written, record.labels, (), drawings["labels"]))
    sections.append(settings_section(record.asked, record.found))
    sections.append(refusals_section(record.refused))
    if record.diagnostics is not None:
        sections.append(diagnostics_section(record.diagnostics, drawings))
    return Page(
        eyebrow="judged labels",
        title=f"Labels of {record.source}",
        facts=facts,
        headline=f"{n_taken:,} of {n_taken + n_refused:,} frames have labels that can be taken",
        tone="none" if not n_taken else "partial" if n_refused or record.n_waiting else "good",
        remarks=remarks,
        warnings=record.warnings,
        sections=sections,
        citations=record.citations,
        provenance=record.provenance,
        footer="The same numbers, unrounded, are in result.json and the data set.",
    )


def labels_section(
    written: WrittenSet, labels: LabelRange, refused: Sequence[RefusedFrame], drawing: Drawing
) -> Section:
    """The labels of a data set: their figure, their span, and the frames left out."""
    low, high = labels.energy_eV_per_atom
    said = Markup("{} frames, {:,} atoms, labelled by {}, functional {}: <code>{}</code> with <code>{}</code>.")
    return Section(
        id="labels",
        title="Labels",
        paragraphs=[
            said.format(
                written.n_frames, written.n_atoms, written.engine, written.functional, written.file, written.card
            )
        ],
        drawings=[(drawing, "Labelled frames. The pressure is minus a third of the stress's trace.")],
        groups=[
            Pairs(
                title="span of the labels",
                rows=[
                    ("energy", f"{plain(low, 5)} to {plain(high, 5)} eV/atom"),
                    ("largest force component", f"{plain(labels.largest_force_eV_per_A)} eV/Å"),
                    ("pressure", f"{plain(labels.pressure_GPa[0])} to {plain(labels.pressure_GPa[1])} GPa"),
                ],
            )
        ],
        lists=[Listing(title="Refused frames", lines=[f"{frame.name}: {frame.reason}" for frame in refused])],
    )
