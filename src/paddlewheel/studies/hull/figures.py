"""Figures of `hull`: phase diagrams, and energies above the hull against temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.page.drawing import BLUE, INK, MUTED, ORANGE, series_colours
from paddlewheel.studies.hull.record import HullRecord, HullTemperature

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROOT3 = 3**0.5


def diagram_figure(record: HullRecord) -> Figure | None:
    """One diagram a temperature: a triangle of three elements, a line of two; None for more."""
    from matplotlib.figure import Figure

    if len(record.system) > 3:
        return None
    shown = record.temperatures[:4]
    figure = Figure(figsize=(5.2 * len(shown), 4.6), layout="constrained")
    axes: Any = np.atleast_1d(np.asarray(figure.subplots(1, len(shown))))
    for hull, ax in zip(shown, axes, strict=True):
        (_triangle if len(record.system) == 3 else _line)(ax, record, hull)
        ax.set_title(f"{'-'.join(record.system)} at {hull.temperature_K:g} K")
    return figure


def _shares(record: HullRecord, formula: str) -> np.ndarray:
    from pymatgen.core import Composition

    composition = Composition(formula)
    return np.array([composition.get_atomic_fraction(element) for element in record.system])


def _place(record: HullRecord, formula: str) -> tuple[float, float]:
    """The first element at the lower left, the second at the lower right, the third on top."""
    _, right, top = _shares(record, formula)
    return float(right + top / 2), float(top * _ROOT3 / 2)


def _triangle(ax: Axes, record: HullRecord, hull: HullTemperature) -> None:
    places = {row.name: _place(record, row.formula) for row in hull.phases}
    for first, second in hull.tie_lines:
        ax.plot(*zip(places[first], places[second], strict=True), color=MUTED, lw=1.0, zorder=1)
    ax.plot([0, 1, 0.5, 0], [0, 0, _ROOT3 / 2, 0], color=INK, lw=1.2, zorder=1)
    taken: list[tuple[float, float]] = []
    stable = [row for row in hull.phases if row.e_above_hull_meV_per_atom.value == 0]
    for row in hull.phases:
        x, y = places[row.name]
        on = row in stable
        marked = row.name == record.target
        _mark(ax, x, y, on=on, marked=marked)
    for row in sorted(hull.phases, key=lambda row: (row not in stable, row.name != record.target)):
        x, y = places[row.name]
        if row not in stable and row.name != record.target:
            continue
        if any(np.hypot(x - a, y - b) < 0.02 for a, b in taken):
            continue
        taken.append((x, y))
        corner = {0.0: (-8, -4, "right"), 1.0: (8, -4, "left")}.get(x, (8, 3, "left"))
        marked = row.name == record.target
        if marked:  # on the other side of what may be a crowded tie line
            corner = (-9, -3, "right")
        ax.annotate(
            row.name if marked else _subscripts(row.formula), (x, y), xytext=corner[:2], textcoords="offset points",
            ha=corner[2], fontsize=8.5,
        )  # fmt: skip
    ax.set(xlim=(-0.14, 1.2), ylim=(-0.08, 0.95), aspect="equal")
    ax.axis("off")


def _mark(ax: Axes, x: float, y: float, *, on: bool, marked: bool) -> None:
    """A star for the target, a circle on the hull, a square above it."""
    ax.plot(
        x, y, marker="*" if marked else "o" if on else "s", ms=14 if marked else 7 if on else 5, mec=INK, mew=0.8,
        color=ORANGE if marked else BLUE if on else "white", zorder=3 if marked else 2, ls="none",
    )  # fmt: skip


def _line(ax: Axes, record: HullRecord, hull: HullTemperature) -> None:
    """Energy of formation against the share of the second element."""
    energies = {
        row.name: next(
            value.value for at, value in zip(row.temperatures_K, row.gibbs_eV_per_atom, strict=True)
            if at == hull.temperature_K
        )
        for row in record.inputs
    }  # fmt: skip
    shares = {row.name: float(_shares(record, row.formula)[1]) for row in hull.phases}
    ends = [min(energies[name] for name, share in shares.items() if abs(share - end) < 1e-9) for end in (0, 1)]
    formation = {name: energies[name] - (1 - x) * ends[0] - x * ends[1] for name, x in shares.items()}
    for first, second in hull.tie_lines:
        ax.plot([shares[first], shares[second]], [formation[first], formation[second]], color=MUTED, lw=1.2, zorder=1)
    for row in hull.phases:
        on, marked = row.e_above_hull_meV_per_atom.value == 0, row.name == record.target
        _mark(ax, shares[row.name], formation[row.name], on=on, marked=marked)
        if on or marked:
            ax.annotate(_subscripts(row.formula), (shares[row.name], formation[row.name]), xytext=(6, -10),
                        textcoords="offset points", fontsize=8.5)  # fmt: skip
    ax.set(xlabel=f"share of {record.system[1]}", ylabel="energy of formation  (eV/atom)")


def _subscripts(formula: str) -> str:
    return "".join(chr(0x2080 + int(sign)) if sign.isdigit() else sign for sign in formula)


def above_figure(record: HullRecord, curves: dict[str, np.ndarray], temperatures_K: np.ndarray) -> Figure | None:
    """Energy above what the other phases make, against temperature; None for one, or without a phase near the hull.

    `curves` holds by name [n_temperatures, 2]: meV/atom and std.
    """
    from matplotlib.figure import Figure

    if len(temperatures_K) < 2:
        return None
    figure = Figure(figsize=(6.8, 3.9), layout="constrained")
    ax = figure.subplots()
    chosen = [name for name, values in curves.items() if np.nanmin(np.abs(values[:, 0])) < 80]
    if not chosen:
        return None
    chosen.sort(key=lambda name: name != record.target)
    for name, colour in zip(chosen[:8], series_colours(max(1, len(chosen[:8]))), strict=True):
        value, std = curves[name].T
        marked = name == record.target
        ax.fill_between(temperatures_K, value - std, value + std, color=ORANGE if marked else colour, alpha=0.18, lw=0)
        ax.plot(temperatures_K, value, color=ORANGE if marked else colour, lw=2.2 if marked else 1.3, label=name)
    ax.axhline(0, color=INK, lw=0.9)
    ax.set(xlabel="temperature  (K)", title="Energy above the other phases (meV/atom); below 0: stable")
    ax.set_ylim(max(ax.get_ylim()[0], -120), min(ax.get_ylim()[1], 120))
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
