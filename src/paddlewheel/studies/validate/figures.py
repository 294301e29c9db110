"""The figures of a validation: both potentials in each, the reference dark, the candidate orange and dashed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
)
from paddlewheel.studies.validate.record import (
    DiffusionResult,
    ErrorResult,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Columns = Mapping[str, np.ndarray]

_REFERENCE = {"color": INK, "lw": 1.5, "label": "reference"}
_CANDIDATE = {"color": ORANGE, "lw": 1.3, "ls": (0, (4, 1.5)), "label": "candidate"}
_PER_ROW = 3
_BONDS_WITHIN_A = 2.2


def parity_figure(energy: Columns, force: Columns, errors: Sequence[ErrorResult]) -> Figure:
    """Candidate against labels, energies and force components."""
    figure, (left, right) = _panels(2)
    of = {
        row.quantity: row for row in errors if row.potential == "candidate" and row.group == "all" and not row.element
    }
    for axes, columns, quantity, title in (
        (left, energy, "energy", "energy (eV/atom)"),
        (right, force, "force", "force component (eV/Å)"),
    ):
        truth, predicted = columns.values()
        ends = [float(min(truth.min(), predicted.min())), float(max(truth.max(), predicted.max()))]
        axes.plot(ends, ends, color=MUTED, lw=0.8, zorder=1)
        axes.plot(
            truth, predicted, ls="", marker="o", ms=2.4, mew=0, alpha=0.5, color=BLUE, rasterized=len(truth) > 500
        )
        axes.set(xlabel=f"labels, {title}", ylabel=f"candidate, {title}", aspect="equal", adjustable="datalim")
        if quantity in of:
            axes.set_title(f"MAE {of[quantity].mae:.3g} {of[quantity].unit}")
    return figure


def state_figure(phases: Mapping[str, Columns]) -> Figure:
    """Energy over volume of each phase, each curve from its own minimum."""
    figure, panels = _panels(len(phases))
    for axes, (name, columns) in zip(panels, phases.items(), strict=True):
        for role, style in (("reference", _REFERENCE), ("candidate", _CANDIDATE)):
            if f"volume_{role}_A3_per_atom" in columns:
                volumes, energies = columns[f"volume_{role}_A3_per_atom"], columns[f"energy_{role}_meV_per_atom"]
                axes.plot(volumes, energies, marker="o", ms=3.5, **style)
        axes.set(title=name, xlabel="volume (Å³/atom)", ylabel="energy (meV/atom)")
    return _finish(figure, panels)


def phonon_figure(phases: Mapping[str, Columns]) -> Figure:
    """Phonon densities of states of each phase."""
    figure, panels = _panels(len(phases), columns=1, height=2.2)
    for axes, (name, columns) in zip(panels, phases.items(), strict=True):
        x = columns["wavenumber_per_cm"]
        for role, style in (("reference", _REFERENCE), ("candidate", _CANDIDATE)):
            axes.plot(x, columns[f"{role}_modes_cm"], **style)
        axes.axvline(0, color=MUTED, lw=0.7)
        axes.set(title=name, ylabel="modes per cm⁻¹", xlim=(x[0], x[-1]))
        axes.set_ylim(bottom=0)
    panels[-1].set_xlabel("wavenumber (cm⁻¹)")
    return _finish(figure, panels)


def radial_figure(columns: Columns) -> Figure:
    """g(r) of every pair of one phase."""
    pairs = [name.removesuffix("_reference") for name in columns if name.endswith("_reference")]
    figure, panels = _panels(len(pairs), height=2.1)
    for axes, pair in zip(panels, pairs, strict=True):
        for role, style in (("reference", _REFERENCE), ("candidate", _CANDIDATE)):
            axes.plot(columns["r_A"], columns[f"{pair}_{role}"], **style)
        axes.set(title=pair.replace("-", "–"), xlabel="r (Å)", ylabel="g(r)")
        # bonds stand tens of times above the rest, which is what there is to compare
        beyond = columns["r_A"] > _BONDS_WITHIN_A
        tops = [columns[f"{pair}_{role}"][beyond].max(initial=0.0) for role in ("reference", "candidate")]
        axes.set_ylim(0, 1.3 * max(*tops, 1.0))
    return _finish(figure, panels)


def spectrum_figure(columns: Columns, *, highest_per_cm: float) -> Figure:
    """Power spectra of the anions' elements of one phase."""
    elements = [name.removesuffix("_reference") for name in columns if name.endswith("_reference")]
    figure, panels = _panels(len(elements), columns=1, height=2.1)
    x = columns["wavenumber_per_cm"]
    shown = (x > 0) & (x <= highest_per_cm)
    for axes, element in zip(panels, elements, strict=True):
        top = max(float(columns[f"{element}_{role}"][shown].max()) for role in ("reference", "candidate")) or 1.0
        for role, style in (("reference", _REFERENCE), ("candidate", _CANDIDATE)):
            axes.plot(x[shown], columns[f"{element}_{role}"][shown] / top, **style)
        axes.set(title=element, ylabel="power (arb.)", ylim=(0, 1.08))
    panels[-1].set_xlabel("wavenumber (cm⁻¹)")
    return _finish(figure, panels)


def diffusion_figure(msd: Mapping[float, Mapping[str, Columns]], rows: Sequence[DiffusionResult]) -> Figure:
    """MSD of both potentials at each temperature, and their diffusivities with 95 % intervals."""
    known = any(row.diffusivity_cm2_per_s for row in rows)
    figure, panels = _panels(len(msd) + known)
    for axes, (temperature_K, both) in zip(panels, msd.items(), strict=False):
        for role, style in (("reference", _REFERENCE), ("candidate", _CANDIDATE)):
            if role in both:
                columns = both[role]
                keep = (columns["lag_ps"] > 0) & (columns["msd_A2"] > 0)
                axes.loglog(columns["lag_ps"][keep], columns["msd_A2"][keep], **style)
        axes.set(title=f"{temperature_K:g} K", xlabel="lag (ps)", ylabel="MSD (Å²)")
    if known:
        _draw_diffusivities(panels[-1], sorted(msd), rows)
    return _finish(figure, panels)


def _draw_diffusivities(axes: Axes, temperatures_K: Sequence[float], rows: Sequence[DiffusionResult]) -> None:
    by_run = {(row.potential, row.temperature_K): row for row in rows}
    for role, colour, shift in (("reference", INK, -0.1), ("candidate", ORANGE, 0.1)):
        for place, temperature_K in enumerate(temperatures_K):
            row = by_run.get((role, temperature_K))
            if row is None or row.diffusivity_cm2_per_s is None or row.diffusivity_95_cm2_per_s is None:
                continue
            axes.plot([place + shift] * 2, row.diffusivity_95_cm2_per_s, color=colour, lw=2)
            axes.plot(place + shift, row.diffusivity_cm2_per_s.value, "o", ms=5, color=colour)
    axes.set_xticks(range(len(temperatures_K)), [f"{value:g} K" for value in temperatures_K])
    axes.set(title="D and 95 %", ylabel="D (cm²/s)", xlim=(-0.5, len(temperatures_K) - 0.5), yscale="log")


def _panels(count: int, *, columns: int = _PER_ROW, height: float = 2.7) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    columns = min(count, columns)
    rows = math.ceil(count / columns)
    width = 8.6 if columns > 1 else 7.6
    figure = Figure(figsize=(width, height * rows + 0.4), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[count:]:
        axes.remove()
    return figure, list(grid[:count])


def _finish(figure: Figure, panels: Sequence[Axes]) -> Figure:
    handles, labels = [], []
    for axes in panels:  # a potential that failed in one panel may be in the next
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            if label not in labels:
                handles.append(handle)
                labels.append(label)
    figure.legend(handles, labels, loc="outside upper right", ncols=2)
    return figure
