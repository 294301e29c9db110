"""Figures of `sites`: the sites in the cell, occupancies and residence times, survival of stays, jumps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    series_colours,
)
from paddlewheel.studies.sites.record import SitesRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CURVES = 6
_MOST_FAMILIES = 30


def map_figure(record: SitesRecord, pairs: Sequence[Mapping[str, str]]) -> Figure:
    """The sites along the shortest lattice vector, coloured by occupancy, with lines for the jumps.

    Parameters
    ----------
    pairs
        Rows of `pairs.csv`.
    """
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure

    cell = np.array(record.mean_cell_A)
    along = int(np.argmin(np.linalg.norm(cell, axis=1)))
    across = sorted((k for k in range(3) if k != along), key=lambda k: -np.linalg.norm(cell[k]))
    plane = _plane(cell, along, across[0])
    fractional = np.array([one.fractional for one in record.sites])
    seen = fractional @ cell @ plane.T
    box = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]])
    corners = (box[:, :1] * cell[across[0]] + box[:, 1:] * cell[across[1]]) @ plane.T
    index = {one.label: k for k, one in enumerate(record.sites)}
    counts = np.array([int(row["count"]) for row in pairs])
    lines = []
    for row in pairs:
        first, second = index[row["origin"]], index[row["destination"]]
        step = fractional[second] - fractional[first]
        step -= np.rint(step)
        lines.append([seen[first], seen[first] + step @ cell @ plane.T])
    drawn = np.concatenate([seen, corners, *lines])
    low, high = drawn.min(axis=0) - 0.8, drawn.max(axis=0) + 0.8
    width, height = high - low
    scale = min(9.0 / width, 8.0 / height)
    figure = Figure(figsize=(1.5 + scale * width, 0.6 + scale * height), layout="constrained")
    axes = figure.subplots()
    axes.plot(corners[:, 0], corners[:, 1], color=MUTED, linewidth=0.8, zorder=1)
    if lines:
        axes.add_collection(
            LineCollection(lines, colors=BLUE, alpha=0.45, linewidths=0.6 + 3.4 * counts / counts.max(), zorder=2)
        )
    volumes = np.array([one.volume_A3 for one in record.sites])
    dots = axes.scatter(
        seen[:, 0], seen[:, 1], c=[one.occupancy_seen for one in record.sites], cmap="plasma_r", vmin=0.0,
        vmax=max(1.0, max(one.occupancy_seen for one in record.sites)),
        s=np.clip(3000.0 * volumes / volumes.max() / np.sqrt(len(volumes)) / 4, 8, 140), edgecolors=INK, linewidths=0.5,
        zorder=3,
    )  # fmt: skip
    if len(record.sites) <= 40:
        for one, place in zip(record.sites, seen, strict=True):
            axes.annotate(
                one.label, place, xytext=(5, 5), textcoords="offset points", fontsize=6.5, color=INK, zorder=4
            )
    figure.colorbar(dots, ax=axes, label="Ions per site", shrink=0.8, pad=0.01)
    names = "abc"
    axes.set(
        aspect="equal",
        xlim=(low[0], high[0]),
        ylim=(low[1], high[1]),
        xlabel=f"along {names[across[0]]} (Å)",
        ylabel=f"{names[across[1]]} (Å)",
    )
    axes.grid(visible=False)
    return figure


def families_figure(record: SitesRecord) -> Figure:
    """Occupancy and mean residence time by family, the first thirty."""
    from matplotlib.figure import Figure

    rows = record.families[:_MOST_FAMILIES]
    places = np.arange(len(rows))[::-1]
    figure = Figure(figsize=(10.4, 1.1 + 0.24 * len(rows)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    left.barh(places, [one.occupancy_seen for one in rows], height=0.62, color=BLUE)
    known = [(place, one.occupancy) for place, one in zip(places, rows, strict=True) if one.occupancy]
    left.errorbar(
        [one.value for _, one in known], [place for place, _ in known], xerr=[one.std for _, one in known],
        fmt="none", ecolor=INK, elinewidth=1.0, capsize=2,
    )  # fmt: skip
    left.set(title="Occupancy", xlabel="Ions per site", yticks=places)
    left.set_yticklabels([f"{one.name} ({one.n_sites})" for one in rows])
    left.grid(visible=False, axis="y")
    for place, one in zip(places, rows, strict=True):
        rates, residence = one.exit_rate_95_per_ps, one.residence_time_ps
        if rates is None or residence is None:
            continue
        right.plot([1 / rates[1], 1 / rates[0]], [place, place], color=ORANGE, linewidth=1.6)
        right.plot(residence.value, place, "o", color=ORANGE, markersize=4.5)
    right.set(title="Mean residence time", xlabel="ps", xscale="log")
    right.grid(visible=False, axis="y")
    return figure


def survival_figure(record: SitesRecord, rows: Sequence[Mapping[str, str]]) -> Figure:
    """Share of stays longer than t, of the families with the most exits.

    Parameters
    ----------
    rows
        Of `survival.csv`.
    """
    from matplotlib.figure import Figure

    curves: dict[str, list[tuple[float, float, float]]] = {}
    for row in rows:
        curves.setdefault(row["family"], []).append((float(row["time_ps"]), float(row["share"]), float(row["std"])))
    shown = [one for one in sorted(record.families, key=lambda one: -one.exits) if one.name in curves and one.exits]
    shown = shown[:MOST_CURVES]
    figure = Figure(figsize=(10.4, 3.6), layout="constrained")
    axes = figure.subplots()
    longest = max((curves[one.name][-1][0] for one in shown), default=1.0)
    for one, colour in zip(shown, series_colours(max(1, len(shown))), strict=False):
        time, share, std = np.array(curves[one.name]).T
        time, share, std = (np.append(values, values[-1]) for values in (time, share, std))
        time[-1] = longest
        axes.step(time, share, where="post", color=colour, label=f"{one.name} ({one.exits} exits)")
        axes.fill_between(time, share - std, share + std, step="post", color=colour, alpha=0.1, linewidth=0)
        if one.residence_time_ps:
            smooth = np.linspace(0, longest, 200)
            axes.plot(
                smooth, np.exp(-smooth / one.residence_time_ps.value), color=colour, linestyle="--", linewidth=1.0
            )
    axes.set(xlabel="t (ps)", ylabel="Share of stays longer than t", xlim=(0, longest), ylim=(0, 1.02))
    axes.legend()
    return figure


def jumps_figure(record: SitesRecord, lengths_A: np.ndarray) -> Figure:
    """Histogram of the lengths, and the matrix of the jumps between families (those with the most jumps).

    Parameters
    ----------
    lengths_A
        `[n_jumps]`.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(10.4, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    top = float(lengths_A.max())
    left.hist(lengths_A, bins=np.arange(0, top + 0.2, 0.1 if top < 12 else top / 120), color=BLUE)
    left.set(title="Jump lengths", xlabel="Å", ylabel="Jumps")
    left.yaxis.set_major_locator(MaxNLocator(integer=True))
    left.grid(visible=False, axis="x")
    totals: dict[str, int] = {}
    for one in record.family_jumps:
        totals[one.origin] = totals.get(one.origin, 0) + one.count
        totals[one.destination] = totals.get(one.destination, 0) + one.count
    chosen = set(sorted(totals, key=lambda name: -totals[name])[:20])
    names = [one.name for one in record.families if one.name in chosen]
    matrix = np.zeros((len(names), len(names)))
    for one in record.family_jumps:
        if one.origin in chosen and one.destination in chosen:
            matrix[names.index(one.origin), names.index(one.destination)] = one.count
    shown = np.ma.masked_equal(matrix, 0)
    image = right.imshow(shown, cmap="Blues", vmin=0, aspect="auto")
    if len(names) <= 12:
        for i, j in np.argwhere(matrix > 0):
            dark = matrix[i, j] > 0.6 * matrix.max()
            right.text(j, i, f"{matrix[i, j]:.0f}", ha="center", va="center", fontsize=7, color=PAPER if dark else INK)
    right.set(title="Jumps between families", xlabel="To", ylabel="From")
    right.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=7)
    right.set_yticks(range(len(names)), names, fontsize=7)
    right.grid(visible=False)
    figure.colorbar(image, ax=right, label="Jumps", shrink=0.85)
    return figure


def _plane(cell: np.ndarray, along: int, right: int) -> np.ndarray:
    """Two unit vectors `[2, 3]` across the vector looked along, the first nearest to the other given one."""
    normal = cell[along] / np.linalg.norm(cell[along])
    first = cell[right] - normal * (cell[right] @ normal)
    first /= np.linalg.norm(first)
    second = np.cross(normal, first)
    other = ({0, 1, 2} - {along, right}).pop()
    return np.stack([first, second if second @ cell[other] > 0 else -second])
