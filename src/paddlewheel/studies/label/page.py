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
from paddlewheel.studies.label.record import LabelRange, LabelRecord, RefusedFrame, WrittenSet
from paddlewheel.units import eV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_POINTS = 4000
_MARKERS = "os^Dvp*h"


def figures(record: LabelRecord, beside: Beside) -> Figures:
    """The figure of the report."""
    return labels_figure(record.dataset, beside)


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


def page(record: LabelRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
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
