"""The figures of `rotation`: speed against Maxwell, memory, eq. 5, jump angles, maps and coupling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import BLUE, GRID, INK, MUTED, ORANGE, series_colours

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from paddlewheel.records.tables import Columns
    from paddlewheel.studies.rotation.record import RotationRecord, TurningAnion

_BAND = 2.0
"""Standard errors that a shaded band spans on each side."""


def speed_figure(anions: Sequence[TurningAnion], tables: Mapping[str, Columns]) -> Figure:
    """Distribution of the reduced angular velocity, a panel for each kind of anion, with Maxwell's law."""
    figure, panels = _panels(len(anions), height=3.1)
    for axes, anion in zip(panels, anions, strict=True):
        table = tables[anion.formula]
        x = table["reduced_speed"]
        axes.bar(x, table["density"], width=np.diff(x)[0], color=BLUE, alpha=0.55, lw=0, label="measured")
        axes.plot(x, table["maxwell_density"], color=ORANGE, lw=2, label="Maxwell")
        axes.set_title(f"{anion.formula} ({anion.n_anions})")
        axes.set_xlabel("√(ω·Iω / kT)")
        axes.set_ylabel("probability density")
        axes.legend()
    return figure


def memory_figure(anions: Sequence[TurningAnion], tables: Mapping[str, Columns]) -> Figure:
    """C1 and C2 of the bonds, and the squared displacement by rotation with its plateau."""
    figure, (first, second) = _panels(2, height=3.9)
    for anion, colour in zip(anions, series_colours(len(anions)), strict=True):
        table = tables[anion.formula]
        seen = table["lag_ps"] > 0
        lag = table["lag_ps"][seen]
        for name, style in (("C1_bonds", "-"), ("C2_bonds", (0, (4, 2)))):
            value, std = table[name][seen], table[f"{name}_std"][seen]
            first.plot(lag, value, color=colour, ls=style, label=f"{anion.formula}, {name[:2]}")
            first.fill_between(lag, value - _BAND * std, value + _BAND * std, color=colour, alpha=0.15, lw=0)
        msd, std = table["rotational_msd_A2"][seen], table["rotational_msd_std_A2"][seen]
        second.plot(lag, msd, color=colour, label=f"{anion.formula}, {anion.outer_element}")
        second.fill_between(
            lag, np.maximum(msd - _BAND * std, 1e-3 * msd), msd + _BAND * std, color=colour, alpha=0.15, lw=0
        )
        second.axhline(anion.plateau_msd_A2, color=colour, lw=1, ls=(0, (1, 2)))
    first.axhline(0, color=MUTED, lw=0.8)
    first.set_ylim(-0.25, 1.05)
    first.set_title("Orientational autocorrelation of the bonds")
    first.set_ylabel("C₁, C₂")
    second.set_yscale("log")
    second.set_title("Squared displacement by rotation; dotted 2R²")
    second.set_ylabel("MSD  (Å²)")
    for axes in (first, second):
        axes.set_xscale("log")
        axes.set_xlabel("time lag  (ps)")
        axes.legend()
    return figure


def paper_speed_figure(record: RotationRecord, tables: Mapping[str, Columns]) -> Figure:
    """Eq. 5 per ps against the stride of the frames: the rigid anion, and the atoms themselves at the least stride."""
    figure, (axes,) = _panels(1, height=3.4, width=5.4)
    for anion, colour in zip(record.anions, series_colours(len(record.anions)), strict=True):
        table = tables[anion.formula]
        axes.plot(
            table["stride_fs"], table["rigid_speed_per_ps"], "o-", ms=4, color=colour, label=f"{anion.formula}, rigid"
        )
        if anion.paper_speed_per_ps is not None:
            axes.plot(
                [record.frame_interval_fs],
                [anion.paper_speed_per_ps.value],
                marker="*",
                ms=11,
                ls="",
                color=colour,
                label=f"{anion.formula}, its atoms",
            )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("interval of the frames  (fs)")
    axes.set_ylabel("eq. 5 per time  (1/ps)")
    axes.legend()
    return figure


def jumps_figure(anions: Sequence[TurningAnion], tables: Mapping[str, Columns]) -> Figure | None:
    """Jump angles, a panel for each kind of anion that jumped; None where none did."""
    told = [anion for anion in anions if anion.formula in tables]
    if not told:
        return None
    figure, panels = _panels(len(told), height=3.1)
    for axes, anion in zip(panels, told, strict=True):
        table = tables[anion.formula]
        angle = table["angle_deg"]
        axes.bar(angle, table["density_per_deg"], width=np.diff(angle)[0] * 0.92, color=BLUE, alpha=0.6, lw=0)
        axes.plot(angle, table["isotropic_density_per_deg"], color=ORANGE, lw=2, label="orientations at random")
        axes.axvspan(0, 40, color=GRID, alpha=0.6, lw=0, zorder=0)
        axes.set_title(f"{anion.formula}: {anion.jumps.count} jumps")
        axes.set_xlim(0, 180)
        axes.set_xticks(range(0, 181, 30))
        axes.set_xlabel("angle between dwells  (°)")
        axes.set_ylabel("density  (1/°)")
        axes.legend()
    return figure


def maps_figure(anions: Sequence[TurningAnion], maps: Mapping[str, np.ndarray]) -> Figure:
    """Directions of the outer atoms from the centre, in Mollweide's equal-area projection, 1 where all are alike."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2 * len(anions), 3.2), layout="constrained")
    longitude = maps["longitude_edges_rad"]
    # the rows are wide at the poles, and drawn with straight edges: cut them finer
    latitude = np.linspace(-np.pi / 2, np.pi / 2, 181)
    rows = np.searchsorted(maps["latitude_edges_rad"], 0.5 * (latitude[1:] + latitude[:-1])) - 1
    for column, anion in enumerate(anions):
        axes = figure.add_subplot(1, len(anions), column + 1, projection="mollweide")
        density = maps[f"{anion.formula}_density"][rows]
        image = axes.pcolormesh(
            longitude, latitude, density, cmap="viridis", vmin=0, vmax=max(2.0, float(np.quantile(density, 0.995))),
            rasterized=True,
        )  # fmt: skip
        axes.set_title(f"{anion.formula}, {anion.outer_element}")
        axes.set_xticks(np.radians([-120, -60, 0, 60, 120]))
        axes.set_yticks(np.radians([-60, -30, 0, 30, 60]))
        axes.tick_params(axis="x", labelcolor="white", labelsize=7)
        axes.tick_params(axis="y", labelsize=7)
        axes.grid(color="white", alpha=0.25, lw=0.5)
        bar = figure.colorbar(image, ax=axes, shrink=0.72, pad=0.03)
        bar.set_label("density over uniform", color=INK)
    return figure


def coupling_figure(anions: Sequence[TurningAnion], tables: Mapping[str, Columns]) -> Figure | None:
    """Mean turn against the time after a hop, relative to the null, by distance; None where it was not measured."""
    told = [anion for anion in anions if anion.formula in tables]
    if not told:
        return None
    figure, panels = _panels(len(told), height=3.4)
    for axes, anion in zip(panels, told, strict=True):
        table = tables[anion.formula]
        shells = np.unique(table["distance_from_A"])
        seen = [start for start in shells if table["n_pairs"][table["distance_from_A"] == start][0] >= 20]
        for start, colour in zip(seen, series_colours(len(seen)), strict=True):
            rows = table["distance_from_A"] == start
            stop = table["distance_to_A"][rows][0]
            axes.errorbar(
                table["lag_ps"][rows], 100 * (table["turn_deg"][rows] / table["null_deg"][rows] - 1),
                yerr=100 * table["null_std_deg"][rows] / table["null_deg"][rows], color=colour, marker="o", ms=3,
                lw=1.2, elinewidth=0.8, label=f"{start:g} to {stop:g} Å",
            )  # fmt: skip
        axes.axhline(0, color=MUTED, lw=0.8)
        axes.axvline(0, color=MUTED, lw=0.8)
        axes.set_title(f"{anion.formula}: {anion.coupling.n_hops} hops")
        axes.set_xlabel("turn after hop  (ps)")
        axes.set_ylabel("turn over the null  (%)")
        axes.legend(title="ion to centre")
    return figure


def _panels(count: int, *, height: float, width: float = 10.4):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(np.atleast_1d(figure.subplots(1, count)))
