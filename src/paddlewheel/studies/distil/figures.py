"""Figures of a distillation: errors by round, and the student against the teacher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
)
from paddlewheel.page.numbers import plain
from paddlewheel.studies.distil.record import DistilRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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


def rounds_figure(record: DistilRecord) -> Figure:
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


def parity_figure(record: DistilRecord, pairs: Mapping[str, np.ndarray]) -> Figure:
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
