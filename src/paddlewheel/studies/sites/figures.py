"""Figures of `sites`: the sites in the cell, occupancies and residence times, survival of stays, jumps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import BLUE, INK, MUTED, ORANGE, PAPER, series_colours
from paddlewheel.records.tables import Columns
from paddlewheel.studies.sites.record import SitesRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CURVES = 6
_MOST_FAMILIES = 30


def map_figure(record: SitesRecord, pairs: Columns) -> Figure:
    """The sites along the shortest lattice vector, coloured by occupancy, with lines for the jumps.

    Parameters
    ----------
    pairs
        The table of jumps from site to site.
    """
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure

    cell = np.array(record.mean_cell_A)
    along = int(np.argmin(np.linalg.norm(cell, axis=1)))
    across = sorted((k for k in range(3) if k != along), key=lambda k: -np.linalg.norm(cell[k]))
    plane = _plane(cell, along, across[0])
    fractional = np.array([site.fractional for site in record.sites])
    seen = fractional @ cell @ plane.T
    box = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]])
    corners = (box[:, :1] * cell[across[0]] + box[:, 1:] * cell[across[1]]) @ plane.T
    index = {site.label: k for k, site in enumerate(record.sites)}
    counts = pairs["count"]
    lines = []
    for origin, destination in zip(pairs["origin"], pairs["destination"], strict=True):
        first, second = index[origin], index[destination]
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
    volumes = np.array([site.volume_A3 for site in record.sites])
    dots = axes.scatter(
        seen[:, 0], seen[:, 1], c=[site.occupancy_seen for site in record.sites], cmap="plasma_r", vmin=0.0,
        vmax=max(1.0, max(site.occupancy_seen for site in record.sites)),
        s=np.clip(3000.0 * volumes / volumes.max() / np.sqrt(len(volumes)) / 4, 8, 140), edgecolors=INK, linewidths=0.5,
        zorder=3,
    )  # fmt: skip
    if len(record.sites) <= 40:
        for text, place in _labels([site.label for site in record.sites], seen, inches_per_A=scale):
            axes.annotate(text, place, xytext=(5, 5), textcoords="offset points", fontsize=6.5, color=INK, zorder=4)
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


def _labels(names: list[str], seen: np.ndarray, *, inches_per_A: float) -> list[tuple[str, tuple[float, float]]]:
    """Labels that stand apart, with their places: a site whose label would touch another's is counted there (+1)."""
    high = 0.12 / inches_per_A
    kept: list[tuple[int, int]] = []  # a site, and how many more stand at its label
    for k, place in enumerate(seen):
        for at, (first, more) in enumerate(kept):
            right, up = np.abs(place - seen[first])
            if up < high and right < 0.055 * (max(len(names[k]), len(names[first])) + 3) / inches_per_A:
                kept[at] = (first, more + 1)
                break
        else:
            kept.append((k, 0))
    texts = [f"{names[first]} +{more}" if more else names[first] for first, more in kept]
    return [
        (text, (float(seen[first, 0]), float(seen[first, 1]))) for text, (first, _) in zip(texts, kept, strict=True)
    ]


def families_figure(record: SitesRecord) -> Figure:
    """Occupancy and mean residence time by family, the first thirty."""
    from matplotlib.figure import Figure

    rows = record.families[:_MOST_FAMILIES]
    places = np.arange(len(rows))[::-1]
    figure = Figure(figsize=(10.4, 1.1 + 0.24 * len(rows)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    left.barh(places, [family.occupancy_seen for family in rows], height=0.62, color=BLUE)
    known = [(place, row.occupancy) for place, row in zip(places, rows, strict=True) if row.occupancy]
    left.errorbar(
        [found.value for _, found in known], [place for place, _ in known], xerr=[found.std for _, found in known],
        fmt="none", ecolor=INK, elinewidth=1.0, capsize=2,
    )  # fmt: skip
    left.set(title="Occupancy", xlabel="Ions per site", yticks=places)
    left.set_yticklabels([f"{family.name} ({family.n_sites})" for family in rows])
    left.grid(visible=False, axis="y")
    for place, family in zip(places, rows, strict=True):
        rates, residence = family.exit_rate_95_per_ps, family.residence_time_ps
        if rates is None or residence is None:
            continue
        right.plot([1 / rates[1], 1 / rates[0]], [place, place], color=ORANGE, linewidth=1.6)
        right.plot(residence.value, place, "o", color=ORANGE, markersize=4.5)
    right.set(title="Mean residence time", xlabel="ps", xscale="log")
    right.grid(visible=False, axis="y")
    return figure


def survival_figure(record: SitesRecord, table: Columns) -> Figure:
    """Share of stays longer than t, of the families with the most exits.

    Parameters
    ----------
    table
        The survival of stays.
    """
    from matplotlib.figure import Figure

    columns = [table[name] for name in ("time_ps", "share", "std")]
    curves = {name: [column[table["family"] == name] for column in columns] for name in set(table["family"])}
    most = sorted(record.families, key=lambda family: -family.exits)
    shown = [family for family in most if family.name in curves and family.exits][:MOST_CURVES]
    figure = Figure(figsize=(10.4, 3.6), layout="constrained")
    axes = figure.subplots()
    longest = max((float(curves[family.name][0][-1]) for family in shown), default=1.0)
    for family, colour in zip(shown, series_colours(max(1, len(shown))), strict=False):
        time, share, std = (np.append(values, values[-1]) for values in curves[family.name])
        time[-1] = longest
        axes.step(time, share, where="post", color=colour, label=f"{family.name} ({family.exits} exits)")
        axes.fill_between(time, share - std, share + std, step="post", color=colour, alpha=0.1, linewidth=0)
        if family.residence_time_ps:
            smooth = np.linspace(0, longest, 200)
            axes.plot(
                smooth, np.exp(-smooth / family.residence_time_ps.value), color=colour, linestyle="--", linewidth=1.0
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
    for jumps in record.family_jumps:
        totals[jumps.origin] = totals.get(jumps.origin, 0) + jumps.count
        totals[jumps.destination] = totals.get(jumps.destination, 0) + jumps.count
    chosen = set(sorted(totals, key=lambda name: -totals[name])[:20])
    names = [family.name for family in record.families if family.name in chosen]
    matrix = np.zeros((len(names), len(names)))
    for jumps in record.family_jumps:
        if jumps.origin in chosen and jumps.destination in chosen:
            matrix[names.index(jumps.origin), names.index(jumps.destination)] = jumps.count
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
