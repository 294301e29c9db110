"""Figures of a training run: losses and errors by epoch; labels against predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import BLUE, INK, MUTED, ORANGE
from paddlewheel.page.numbers import plain
from paddlewheel.records.tables import Columns
from paddlewheel.studies.train.record import TrainingRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PARITY = (
    ("energy_eV_per_atom", "Energy", "eV/atom", "energy_mae_meV_per_atom", "meV/atom"),
    ("forces_eV_per_A", "Forces", "eV/Å", "force_mae_eV_per_A", "eV/Å"),
    ("stress_eV_per_A3", "Stress", "eV/Å³", "stress_mae_meV_per_A3", "meV/Å³"),
)
_CURVES = (
    ("loss", "Loss", ""),
    ("energy_mae_eV_per_atom", "Energy MAE", "eV/atom"),
    ("force_mae_eV_per_A", "Force MAE", "eV/Å"),
    ("stress_mae_GPa", "Stress MAE", "GPa"),
)
_MOST_POINTS = 20_000


def curves_figure(progress: Columns, *, best_epoch: int) -> Figure:
    """Loss and errors of the training and validation frames against the epoch, the best epoch marked.

    Parameters
    ----------
    progress
        Columns of `progress.csv`, `[n_epochs]` each.
    best_epoch
        From 0.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(10.4, 2.9), layout="constrained")
    epochs = progress["epoch"] + 1
    for axes, (name, title, unit) in zip(figure.subplots(1, 4), _CURVES, strict=True):
        marker = "o" if len(epochs) < 3 else None
        axes.plot(epochs, progress[f"train_{name}"], color=BLUE, marker=marker, label="training")
        axes.plot(epochs, progress[f"validation_{name}"], color=ORANGE, marker=marker, label="validation")
        axes.axvline(best_epoch + 1, color=MUTED, linestyle=":", linewidth=1.0)
        axes.set_yscale("log")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        axes.set(title=title + (f" ({unit})" if unit else ""), xlabel="Epoch")
        axes.grid(visible=False, axis="x")
    figure.axes[0].legend()
    return figure


def parity_figure(record: TrainingRecord, pairs: Mapping[str, Columns]) -> Figure:
    """Predictions against labels: seen frames in blue, test frames in orange above them.

    Parameters
    ----------
    pairs
        Part -> quantity -> `[n, 2]` labels and predictions, as in the parity files.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.7), layout="constrained")
    for axes, (name, title, unit, error, error_unit) in zip(figure.subplots(1, 3), _PARITY, strict=True):
        drawn = [(part, pairs[part][name]) for part in ("train", "validation", "test") if part in pairs]
        everything = np.concatenate([values for _, values in drawn])
        low, high = float(everything.min()), float(everything.max())
        room = 0.05 * (high - low) or 0.5
        ends = (low - room, high + room)
        axes.plot(ends, ends, color=MUTED, linewidth=0.9, zorder=1)
        for part, values in drawn:
            _scatter(axes, values, part, many=len(everything) > 500)
        axes.set(
            title=title, xlabel=f"Label ({unit})", ylabel=f"Prediction ({unit})", xlim=ends, ylim=ends, aspect="equal"
        )
        axes.locator_params(nbins=5)
        rows = [(row.part, getattr(row, error)) for row in record.errors if row.part != "validation"]
        text = "\n".join(f"{part} {plain(value)} {error_unit}" for part, value in rows)
        axes.text(0.03, 0.97, f"MAE\n{text}", transform=axes.transAxes, va="top", color=INK, fontsize=8)
    figure.axes[1].legend(loc="lower right", markerscale=2, handletextpad=0.2)
    return figure


def _scatter(axes: Axes, values: np.ndarray, part: str, *, many: bool) -> None:
    colour, label = {
        "train": (BLUE, "train"), "validation": (BLUE, None), "test": (ORANGE, "test")
    }[part]  # fmt: skip
    if len(values) > _MOST_POINTS:  # more ink says no more; the errors are of all
        values = values[np.random.Generator(np.random.PCG64(0)).permutation(len(values))[:_MOST_POINTS]]
    axes.scatter(
        values[:, 0], values[:, 1], s=4 if many else 12, alpha=0.5 if many else 0.8, color=colour, linewidths=0,
        label=label, rasterized=many, zorder=3 if part == "test" else 2,
    )  # fmt: skip
