"""The report of `distil`: errors by round, and the student against the teacher."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from paddlewheel.page.drawing import BLUE, INK, MUTED, ORANGE, Drawing
from paddlewheel.page.numbers import ABSENT, plain
from paddlewheel.page.page import Number, Page, Pairs, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside
from paddlewheel.studies.distil.record import DistilRecord, MeanErrors

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ERRORS = [("Frames", ""), ("Energy", "meV/atom"), ("Forces", "eV/Å"), ("Stress", "GPa")]
_PANELS = (
    ("energy_meV_per_atom", "Energy MAE", "meV/atom"),
    ("force_eV_per_A", "Force MAE", "eV/Å"),
    ("stress_GPa", "Stress MAE", "GPa"),
)
_PARITY = (
    ("energy_eV_per_atom", "Energy", "eV/atom"),
    ("forces_eV_per_A", "Forces", "eV/Å"),
    ("stress_eV_per_A3", "Stress", "eV/Å³"),
)
_MOST_POINTS = 20_000
_SPLITS = {
    "source": "Test frames are of runs of which no frame was fitted.",
    "block": "Test frames are the last ones of each run: of the same runs as those fitted, after them.",
    "random": "Test frames were drawn at random from the same runs as the training frames and are neighbours of them.",
}


def _rounds_figure(record: DistilRecord) -> Figure:
    """Errors of each round's student on the next round's frames before it was fitted to them; the last one's on the
    test frames; the training errors below them, and the gates as lines."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.2), layout="constrained")
    limits = {gate.quantity: gate.limit for gate in record.gates}
    last = len(record.rounds)
    for axes, (name, title, unit) in zip(figure.subplots(1, 3), _PANELS, strict=True):
        fitted = [getattr(row.training_errors, name) for row in record.rounds]
        unseen = [(row.number - 1, getattr(row.errors_before, name)) for row in record.rounds if row.errors_before]
        axes.plot([*range(last), last], [*fitted, getattr(record.training_errors, name)], "o-", color=BLUE,
                  label="fitted frames")  # fmt: skip
        points = [*unseen, (last, getattr(record.test_errors, name))]
        axes.plot(*np.array(points, dtype=float).T, "s-", color=ORANGE, label="frames not seen")
        axes.axhline(limits[name], color=MUTED, linestyle="--", linewidth=1.0, label="gate")
        axes.set_yscale("log")
        labels = [*(f"round {number}" for number in range(last)), "last fit"]
        axes.set_xticks(range(last + 1), labels)
        axes.set(title=f"{title} ({unit})")
        axes.grid(visible=False, axis="x")
    figure.axes[0].legend()
    return figure


def _parity_figure(record: DistilRecord, pairs: Mapping[str, np.ndarray]) -> Figure:
    """The student against the teacher on the test frames, [n, 2] labels and predictions of each quantity."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.7), layout="constrained")
    rng = np.random.Generator(np.random.PCG64(0))
    shown = zip(figure.subplots(1, 3), _PARITY, _PANELS, strict=True)
    for axes, (name, title, unit), (error, _, error_unit) in shown:
        values = pairs[name]
        low, high = float(values.min()), float(values.max())
        room = 0.05 * (high - low) or 0.5
        ends = (low - room, high + room)
        if len(values) > _MOST_POINTS:  # more ink says no more; the errors are of all
            values = values[rng.permutation(len(values))[:_MOST_POINTS]]
        axes.plot(ends, ends, color=MUTED, linewidth=0.9, zorder=1)
        axes.scatter(
            *values.T, s=4 if len(values) > 500 else 12, alpha=0.5, color=BLUE, linewidths=0, rasterized=True, zorder=2
        )
        axes.set(
            title=title, xlabel=f"Teacher ({unit})", ylabel=f"Student ({unit})", xlim=ends, ylim=ends, aspect="equal"
        )
        axes.locator_params(nbins=5)
        text = f"MAE {plain(getattr(record.test_errors, error))} {error_unit}"
        axes.text(0.03, 0.97, text, transform=axes.transAxes, va="top", color=INK, fontsize=8)
    return figure


def figures(record: DistilRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    return {
        "rounds": (
            _rounds_figure(record),
            "Errors of each round's student on frames that it had not seen, and of the last one, with the gates.",
        ),
        "parity": (
            _parity_figure(record, beside.arrays(record.parity_file)),
            "The student's energies, forces and stresses against the teacher's, on frames that no fit saw.",
        ),
    }


def page(record: DistilRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    names = {panel[0]: (parity[1], panel[2]) for panel, parity in zip(_PANELS, _PARITY, strict=True)}
    verdict = "Every gate holds" if record.passed else "Not every gate holds"
    return Page(
        eyebrow="distillation of a potential",
        title=f"NEP for {', '.join(record.elements)}",
        facts=[
            ("Teacher", f"{record.teacher}, {record.functional}"),
            ("Training set", f"{record.n_training_frames} frames, {record.n_training_atoms:,} atoms"),
            *([("Began from", Path(record.start_from).name)] if record.start_from else []),
        ],
        headline=f"{verdict} on {record.test_errors.n_frames} frames that no fit saw",
        tone="good" if record.passed else "none",
        numbers=[
            Number(
                name=names[gate.quantity][0], value=plain(gate.measured), unit=names[gate.quantity][1],
                note=f"{'passes' if gate.passed else 'fails'}: limit {plain(gate.limit)}",
            )
            for gate in record.gates
        ],
        remarks=[
            Markup(
                "The potential is <code>{}</code>, in the format of GPUMD; <code>nep.domain.npz</code> beside it tells "
                "paddlewheel how far a frame lies outside the training set. Give the path as --potential."
            ).format(record.potential),
            Markup(
                "{} How the student fares in its own dynamics, <code>paddlewheel validate</code> measures."
            ).format(" ".join(_SPLITS[how] for how in dict.fromkeys(row.test_split for row in record.rounds))),
            *_speeds(record),
        ],
        warnings=record.warnings,
        sections=[
            Section(
                id="errors", title="Errors",
                drawings=[(drawings["parity"], "Frames that no fit saw. Stress: all nine components, positive under "
                           "tension. At most 20,000 points are drawn; the errors are of all.")],
                tables=[_errors_table(record)],
            ),
            Section(
                id="rounds", title="Rounds",
                drawings=[(drawings["rounds"], "Orange: each student on the frames of the next round, before it was "
                           "fitted to them (frames inside its training domain), and the last student on the test "
                           "frames. Dashed: the gates.")],
                tables=[_rounds_table(record)],
            ),
            Section(
                id="form", title="Form",
                groups=[Pairs(title="NEP4", rows=[(name.replace("_", " "), f"{value:g}")
                                                  for name, value in record.form.items()])],
            ),
        ],
        citations=record.citations,
        provenance=record.provenance,
        footer="The same numbers, unrounded, are in result.json; labels and predictions of the test frames in parity/, "
        "all labelled frames in round-*/.",
    )  # fmt: skip


def _speeds(record: DistilRecord) -> list[str]:
    """The student's speed beside the teacher's; records of before have none."""
    if not (record.student_atom_steps_per_s and record.teacher_atom_steps_per_s):
        return []
    student, teacher = record.student_atom_steps_per_s, record.teacher_atom_steps_per_s
    return [
        f"On one core the student makes {float(f'{student:.2g}'):,.0f} atom-steps/s, the teacher "
        f"{float(f'{teacher:.2g}'):,.0f} (NVT, the largest cell, as busy as the machine was)."
    ]


def _rounds_table(record: DistilRecord) -> Table:
    """What each round explored, and how well the student before it did there."""
    table = Table(
        "Rounds",
        [("Round", ""), ("Explored", "ps"), ("Broken runs", ""), ("Outside", "% of frames"), ("Largest grade", ""),
         ("Labelled", "frames"), ("Energy", "meV/atom"), ("Forces", "eV/Å"), ("Stress", "GPa")],
    )  # fmt: skip
    for row in record.rounds:
        share = ABSENT if row.extrapolating_share is None else plain(100 * row.extrapolating_share)
        grade = ABSENT if row.largest_grade is None else plain(row.largest_grade)
        table.rows.append(
            [
                Cell(str(row.number), row.explored_by),
                Cell(plain(row.explored_ps)),
                Cell(f"{len(row.broken_runs)} of {row.n_runs}"),
                Cell(share),
                Cell(grade),
                Cell(str(row.n_labelled), f"{row.n_refused} refused" if row.n_refused else ""),
                *_cells(row.errors_before)[1:],
            ]
        )
    return table


def _errors_table(record: DistilRecord) -> Table:
    """Errors on the frames that were fitted, on those that were not, and on the latter by structure."""
    table = Table("Mean absolute errors against the teacher", [("Frames of", ""), *_ERRORS])
    table.rows.append([Cell("training"), *_cells(record.training_errors)])
    table.rows.append([Cell("test, all"), *_cells(record.test_errors)])
    table.rows.extend([Cell(f"test, {row.structure}"), *_cells(row.errors)] for row in record.test_errors_by_structure)
    return table


def _cells(errors: MeanErrors | None) -> list[Cell]:
    if errors is None:
        return [Cell(ABSENT)] * 4
    return [
        Cell(str(errors.n_frames)),
        Cell(plain(errors.energy_meV_per_atom)),
        Cell(plain(errors.force_eV_per_A)),
        Cell(plain(errors.stress_GPa)),
    ]
