"""The figures of `phonons`: bands with densities of states, thermal functions, convergence, quasi-harmonic curves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import BLUE, GRID, INK, MUTED, ORANGE, series_colours
from paddlewheel.records.tables import Columns
from paddlewheel.studies.phonons.record import PhononConvergence, PhononRecord, QuasiHarmonicResult
from paddlewheel.units import BOLTZMANN_eV_PER_K

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SUFFIX = "_modes_cm_per_atom"
_MANY_MODES = 60
_GAP_PER_CM = 250.0
"""Empty stretches of wavenumbers longer than this are left out of the axis."""


def bands_figure(record: PhononRecord, bands: Columns, dos: Columns) -> Figure:
    """Bands and density of states side by side, with the empty stretches between groups of modes cut out."""
    from matplotlib.figure import Figure

    modes = np.array([values for name, values in bands.items() if name.startswith("mode")])
    parts = _occupied(dos["wavenumber_per_cm"], dos[f"total{_SUFFIX}"])
    heights = [max(high - low, 120.0) for low, high in parts][::-1]
    figure = Figure(figsize=(9.6, 5.6), layout="constrained")
    grid = figure.subplots(len(parts), 2, width_ratios=(2.4, 1.0), height_ratios=heights, squeeze=False)
    elements = [name.removesuffix(_SUFFIX) for name in dos if name.endswith(_SUFFIX) and not name.startswith("total")]
    colours = dict(zip(elements, series_colours(len(elements)), strict=True))
    for (left, right), (low, high) in zip(grid[::-1], parts, strict=True):
        _draw_bands(left, bands["distance_per_A"], modes, record)
        _draw_dos(right, dos, colours)
        for axes in (left, right):
            axes.set_ylim(low, high)
        right.tick_params(labelleft=False)
        for axes in (left, right):
            if axes not in (grid[-1][0], grid[-1][1]):
                axes.tick_params(labelbottom=False)
    figure.legend(*grid[0][1].get_legend_handles_labels(), loc="outside upper right", ncols=len(elements) + 1)
    grid[-1][1].set_xlabel("modes per 1/cm and atom")
    figure.supylabel("wavenumber  (1/cm)", fontsize=9.0)
    return figure


def _occupied(wavenumber: np.ndarray, total: np.ndarray) -> list[tuple[float, float]]:
    """Ranges of wavenumbers with modes in them, each with a margin; long empty stretches divide them."""
    filled = wavenumber[total > 1e-6 * total.max()]
    cuts = np.flatnonzero(np.diff(filled) > _GAP_PER_CM)
    starts, ends = np.concatenate([[0], cuts + 1]), np.concatenate([cuts, [len(filled) - 1]])
    return [(float(filled[a]) - 12.0, float(filled[b]) + 12.0) for a, b in zip(starts, ends, strict=True)]


def _draw_bands(axes: Axes, distance: np.ndarray, modes: np.ndarray, record: PhononRecord) -> None:
    for label in record.band_labels:
        axes.axvline(label.distance_per_A, color=GRID, lw=0.9, zorder=1)
    # a jump of the path has two points at one distance: no line joins them
    pieces = np.split(np.arange(len(distance)), np.flatnonzero(np.diff(distance) < 1e-12) + 1)
    for piece in pieces:
        many = len(modes) > _MANY_MODES
        axes.plot(distance[piece], modes[:, piece].T, color=BLUE, lw=0.7, zorder=2, rasterized=many)
        soft = modes[(modes < 0).any(axis=1)][:, piece]
        axes.plot(distance[piece], np.where(soft < 0, soft, np.nan).T, color=ORANGE, lw=1.1)
    axes.axhline(0.0, color=INK, lw=0.8)
    names = _point_names(record)
    axes.set_xticks([label.distance_per_A for label in record.band_labels], names)
    # labels are rounded: the last one may lie a hair beyond the last point, and would not be drawn
    axes.set_xlim(distance[0], max(distance[-1], *(label.distance_per_A for label in record.band_labels)))
    axes.grid(False, axis="x")


def _point_names(record: PhononRecord) -> list[str]:
    """Names of special points with subscripts; in records of before G is the centre of the zone."""
    names = [label.name for label in record.band_labels]
    if not any("Γ" in name for name in names):
        names = [name.replace("G", "Γ") for name in names]
    return [re.sub(r"_(\d)", lambda number: chr(ord("₀") + int(number[1])), name) for name in names]


def _draw_dos(axes: Axes, dos: Columns, colours: dict[str, str]) -> None:
    y = dos["wavenumber_per_cm"]
    axes.fill_betweenx(y, dos[f"total{_SUFFIX}"], color=GRID, lw=0, label="all")
    for element, colour in colours.items():
        axes.plot(dos[f"{element}{_SUFFIX}"], y, color=colour, lw=1.1, label=element)
    axes.axhline(0.0, color=INK, lw=0.8)
    axes.set_xlim(left=0)


def thermal_figure(record: PhononRecord, curve: Columns) -> Figure:
    """Free energy, entropy and heat capacity over temperature, with the rows of the record on them."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.1), layout="constrained")
    panels = figure.subplots(1, 3)
    T = curve["temperature_K"]
    rows = record.thermal
    at = [row.temperature_K for row in rows]
    series = (
        (
            "free energy  (eV/atom)", curve["free_energy_eV_per_atom"],
            [row.free_energy_eV_per_atom for row in rows], 1.0,
        ),
        (
            "entropy  (k per atom)", curve["entropy_eV_per_K_per_atom"],
            [row.entropy_eV_per_K_per_atom for row in rows], BOLTZMANN_eV_PER_K,
        ),
        (
            "heat capacity Cv  (k per atom)", curve["heat_capacity_eV_per_K_per_atom"],
            [row.heat_capacity_eV_per_K_per_atom for row in rows], BOLTZMANN_eV_PER_K,
        ),
    )  # fmt: skip
    for axes, (label, values, points, unit) in zip(panels, series, strict=True):
        axes.plot(T, values / unit, color=BLUE)
        axes.errorbar(
            at, [point.value / unit for point in points], yerr=[point.std / unit for point in points], ls="",
            marker="o", ms=4, color=BLUE, ecolor=INK, elinewidth=1.0,
        )  # fmt: skip
        axes.set(xlabel="temperature  (K)", ylabel=label)
        axes.set_xlim(left=0)
    panels[2].axhline(3.0, color=MUTED, lw=1.0, ls=(0, (4, 3)))
    panels[2].set_ylim(bottom=0)
    return figure


def convergence_figure(found: PhononConvergence) -> Figure:
    """F(300 K) of each supercell and displacement, from that of the last."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 2.9), layout="constrained")
    axes = figure.subplots()
    axes.axhspan(-found.tolerance_meV_per_atom, found.tolerance_meV_per_atom, color=GRID, alpha=0.6, lw=0)
    points = found.supercells
    axes.plot(
        [p.n_atoms for p in points], [p.difference_meV_per_atom for p in points], marker="o", ms=6, color=BLUE,
        label=f"displacement {points[0].displacement_A:g} Å",
    )  # fmt: skip
    for point in found.displacements:
        axes.plot(
            point.n_atoms, points[0].difference_meV_per_atom + point.difference_meV_per_atom, marker="D", ms=6, ls="",
            color=ORANGE, label=f"displacement {point.displacement_A:g} Å",
        )  # fmt: skip
    axes.set(xlabel="atoms of the supercell", ylabel="F(300 K) less the last  (meV/atom)")
    axes.set_xlim(0, 1.1 * max(p.n_atoms for p in points))
    axes.legend()
    return figure


def quasi_harmonic_figure(found: QuasiHarmonicResult) -> Figure:
    """Volume, thermal expansion, bulk modulus over temperature."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.0), layout="constrained")
    panels = figure.subplots(1, 3)
    at = [row.temperature_K for row in found.rows]
    for axes, label, values in (
        (panels[0], "volume  (Å³/atom)", [row.volume_A3_per_atom for row in found.rows]),
        (panels[1], "thermal expansion  (10⁻⁶/K)", [row.thermal_expansion_per_K * 1e6 for row in found.rows]),
        (panels[2], "bulk modulus  (GPa)", [row.bulk_modulus_GPa for row in found.rows]),
    ):
        axes.plot(at, values, marker="o", ms=4, color=BLUE)
        axes.set(xlabel="temperature  (K)", ylabel=label)
        axes.ticklabel_format(axis="y", useOffset=False)
    return figure
