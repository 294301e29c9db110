"""Figures of `tomography measure`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.page.drawing import INK, MUTED, PAGE_INCHES
from paddlewheel.records.tables import Columns
from paddlewheel.studies.tomography_measure.record import TomographyRecord, TransportResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PORE_COLOUR = "#c9ced6"
_PHASE_COLOURS = ("#0071b1", "#d45d00", "#2f9e6e", "#b8569b", "#8a6d00", "#4aa8d8", "#7a4fb5")
_MARKERS = {"x": "o", "y": "s", "z": "D"}
_MOST_PIXELS = 700
"""Of a picture's longer edge."""


def colours(record: TomographyRecord) -> dict[str, str]:
    """A colour for each phase, grey for pores."""
    found, place = {}, 0
    for phase in record.phases:
        if phase.role == "pore":
            found[phase.name] = PORE_COLOUR
        else:
            found[phase.name] = _PHASE_COLOURS[place % len(_PHASE_COLOURS)]
            place += 1
    return found


def slices_figure(record: TomographyRecord, pictures: Mapping[str, np.ndarray]) -> Figure:
    """Planes through the middle, with a legend of the phases."""
    from matplotlib.colors import to_rgb
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    palette = colours(record)
    phases = sorted(record.phases, key=lambda phase: phase.label)
    numbers, table = [phase.label for phase in phases], np.array([to_rgb(palette[phase.name]) for phase in phases])
    x, y, z = record.body.size_um
    planes = (("z", "x", "y", x, y), ("y", "x", "z", x, z), ("x", "y", "z", y, z))
    across_all = sum(width for *_, width, _ in planes)
    tallest = max(height for *_, height in planes)
    figure = Figure(figsize=(PAGE_INCHES, min(1.2 + 8.4 * tallest / across_all, 7.0)), layout="constrained")
    panels = figure.subplots(1, 3, width_ratios=[width for *_, width, _ in planes])
    for axes, (axis, across, up, width, height) in zip(panels, planes, strict=True):
        image = _thinned(pictures[f"slice_{axis}"])
        axes.imshow(
            table[np.searchsorted(numbers, image)],
            extent=(0, width, height, 0),
            interpolation="nearest",
            aspect="equal",
        )
        axes.set(xlabel=f"{across} (µm)", ylabel=f"{up} (µm)", title=f"Across {axis}, in the middle")
        axes.grid(visible=False)
    names = [Patch(color=palette[phase.name], label=phase.name) for phase in record.phases]
    figure.legend(handles=names, loc="outside lower center", ncols=min(len(names), 6))
    return figure


def flux_figure(row: TransportResult, record: TomographyRecord, pictures: Mapping[str, np.ndarray]) -> Figure:
    """The slice across the flow with the largest flux density, and the largest one of every slice."""
    from matplotlib.figure import Figure

    key = f"{row.carrier}_{row.axis}"
    flux, at = pictures[f"flux_{key}"], int(pictures[f"flux_at_{key}"][0])
    share = pictures[f"share_{key}"]
    sizes = dict(zip("xyz", record.body.size_um, strict=True))
    across, up = {"x": ("y", "z"), "y": ("x", "z"), "z": ("x", "y")}[row.axis]
    figure = Figure(figsize=(PAGE_INCHES, 4.0), layout="constrained")
    picture, profile = figure.subplots(1, 2, width_ratios=(1.1, 1))
    top = max(float(np.percentile(flux, 99.8)), 1e-9)
    image = picture.imshow(_thinned(flux), extent=(0, sizes[across], sizes[up], 0), cmap="inferno", vmin=0, vmax=top,
                           interpolation="nearest", aspect="equal")  # fmt: skip
    beyond = "max" if flux.max() > top else "neither"
    figure.colorbar(image, ax=picture, label="flux density / mean", shrink=0.85, extend=beyond)
    picture.grid(visible=False)
    step = sizes[row.axis] / len(share)
    picture.set(xlabel=f"{across} (µm)", ylabel=f"{up} (µm)", title=f"At {row.axis} = {(at + 0.5) * step:.3g} µm")
    profile.plot((np.arange(len(share)) + 0.5) * step, share, color=INK, lw=1.2)
    profile.axvline((at + 0.5) * step, color=MUTED, lw=1, ls=(0, (4, 3)))
    profile.set(xlabel=f"{row.axis} (µm)", ylabel="largest flux density / mean", title="Every slice", ylim=(0, None))
    return figure


def carriers_with_tau(record: TomographyRecord, columns: Columns) -> list[str]:
    """Those of which the body or a block has a tortuosity factor."""
    of_blocks = set(columns["carrier"][np.isfinite(columns["tortuosity_factor"])])
    found = [row.carrier for row in record.transport if row.tortuosity_factor is not None or row.carrier in of_blocks]
    return list(dict.fromkeys(found))


def sub_volume_figure(record: TomographyRecord, columns: Columns) -> Figure:
    """tau of blocks and of the body against the edge of the blocks, a panel each carrier that has any."""
    from matplotlib.figure import Figure

    carriers = carriers_with_tau(record, columns)
    figure = Figure(figsize=(PAGE_INCHES if len(carriers) > 1 else 6.4, 3.9), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(carriers)))
    for axes, carrier in zip(panels, carriers, strict=True):
        rows = [row for row in record.transport if row.carrier == carrier]
        for place, row in enumerate(rows):
            _blocks(axes, row, columns, _PHASE_COLOURS[place], offset=0.985 + 0.015 * place)
        axes.set(xscale="log", yscale="log", xlabel="edge along the flow (µm)", ylabel="tortuosity factor τ",
                 title=f"{carrier.capitalize()}: {', '.join(rows[0].conducting_names)}")  # fmt: skip
        axes.legend()
    return figure


def _blocks(axes: Axes, row: TransportResult, columns: Columns, colour: str, *, offset: float) -> None:
    of = (columns["carrier"] == row.carrier) & (columns["axis"] == row.axis)
    edges, taus, tau = columns["edge_um"][of] * offset, columns["tortuosity_factor"][of], row.tortuosity_factor
    look: dict[str, Any] = {"marker": _MARKERS[row.axis], "color": colour}
    said = f"along {row.axis}: does not percolate" if tau is None else None
    axes.plot(edges, taus, ls="", ms=3.5, alpha=0.45, label=said, **look)
    if tau is not None:
        edge = edges.max() * max(columns["parts"][of].min(), 1) if len(edges) else 1.0
        low, high = tau.interval_95 or (tau.value, tau.value)
        axes.errorbar([edge], [tau.value], yerr=[[tau.value - low], [high - tau.value]], capsize=3,
                      label=f"along {row.axis}: {tau.value:.3g}", **look)  # fmt: skip


def profile_figure(record: TomographyRecord, columns: Columns) -> Figure:
    """Share of each phase in every slice, across each axis."""
    from matplotlib.figure import Figure

    palette = colours(record)
    figure = Figure(figsize=(PAGE_INCHES, 3.4), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for axes, axis in zip(panels, "xyz", strict=True):
        for phase in record.phases:
            of = (columns["axis"] == axis) & (columns["phase"] == phase.name)
            axes.plot(columns["place_um"][of], 100 * columns["share"][of], color=palette[phase.name], label=phase.name)
        axes.set_xlabel(f"{axis} (µm)")
    # one limit for all panels, after all curves are drawn: they share the axis
    panels[0].set(ylabel="share of the slice (%)", ylim=(0, min(105 * float(columns["share"].max()), 102)))
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=min(len(names), 6))
    return figure


def size_figure(record: TomographyRecord, chords: Columns, sizes: Columns, correlations: Columns) -> Figure:
    """Chords (all axes), local thickness, and two-point correlations of each phase."""
    from matplotlib.figure import Figure

    palette = colours(record)
    figure = Figure(figsize=(PAGE_INCHES, 3.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    for phase in record.phases:
        colour, name = palette[phase.name], phase.name
        of = chords["phase"] == name
        lengths, counts = chords["length_um"][of], chords["count"][of]
        if len(lengths):
            order = np.argsort(lengths)
            share = np.cumsum((lengths * counts)[order])
            left.plot(lengths[order], 100 * share / share[-1], color=colour, label=name)
        of = sizes["phase"] == name
        if of.any():
            ends = np.append(0, 100 * np.cumsum(sizes["share"][of]))
            middle.plot(np.append(sizes["from_um"][of][0], sizes["to_um"][of]), ends, color=colour, label=name)
        of = correlations["phase"] == name
        fraction = phase.volume_fraction.value
        if 0 < fraction < 1:
            covariance = (correlations["s2"][of] - fraction**2) / (fraction * (1 - fraction))
            right.plot(correlations["distance_um"][of], covariance, color=colour, label=name)
    left.set(xlabel="chord (µm)", ylabel="smaller, % of the length", title="Chords along x, y, z", ylim=(0, 100))
    middle.set(xlabel="diameter (µm)", ylabel="smaller, % of the volume", title="Local thickness", ylim=(0, 100))
    right.axhline(0, color=MUTED, lw=0.8)
    right.set(xlabel="distance (µm)", ylabel="C(r) / C(0)", title="Correlation")
    names = [left.get_legend_handles_labels(), right.get_legend_handles_labels()]
    handles, labels = max(names, key=lambda pair: len(pair[1]))
    figure.legend(handles, labels, loc="outside lower center", ncols=min(max(len(labels), 1), 6))
    return figure


def rows_with_flux(record: TomographyRecord, pictures: Mapping[str, np.ndarray]) -> Sequence[TransportResult]:
    """Rows of which a map was kept."""
    return [row for row in record.transport if f"flux_{row.carrier}_{row.axis}" in pictures]


def _thinned(image: np.ndarray) -> np.ndarray:
    step = -(-max(image.shape) // _MOST_PIXELS)
    return image[::step, ::step]
