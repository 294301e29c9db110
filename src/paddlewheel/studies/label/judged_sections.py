"""Sections and figures of labels of a program: how they were made, what was refused, what the set says of itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import BLUE, ORANGE, Drawing, series_colours
from paddlewheel.page.numbers import plain
from paddlewheel.page.page import Listing, Pairs, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside
from paddlewheel.studies.label.record import (
    DIFFERENCES,
    MAP,
    AskedSettings,
    ConvergencePoint,
    FoundSetup,
    JudgedLabelsRecord,
    RefusedFrame,
    SetDiagnostics,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_LISTED = 200
_MOST_OUTLIERS = 20


def judged_figures(record: JudgedLabelsRecord, beside: Beside) -> Figures:
    """The map of the set, and its forces beside those of a potential."""
    drawn: Figures = {}
    if beside.directory is not None and (beside.directory / MAP).is_file():
        text = "The frames by the first two principal components of their features; those refused are crosses."
        drawn["map"] = (_map_figure(beside.columns(MAP)), text)
    if record.diagnostics is not None and record.diagnostics.potential is not None:
        text = f"Difference of the forces from {record.diagnostics.potential}'s, against the forces of each frame."
        drawn["differences"] = (_differences_figure(beside.columns(DIFFERENCES)), text)
    return drawn


def jobs_figure(columns: dict[str, np.ndarray]) -> Figure:
    """Atoms and k-points of the frames, which decide the cost, and their volumes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 4.0), layout="constrained")
    sizes, volumes = figure.subplots(1, 2)
    pairs, counts = np.unique(np.stack([columns["n_atoms"], columns["n_k_points"]], axis=1), axis=0, return_counts=True)
    sizes.scatter(pairs[:, 0], pairs[:, 1], s=20 + 60 * counts / counts.max(), color=BLUE)
    sizes.set_xlabel("atoms")
    sizes.set_ylabel("k-points, without symmetry")
    volumes.hist(columns["volume_A3_per_atom"], bins="auto" if len(columns["frame"]) > 20 else 10, color=BLUE)
    volumes.set_xlabel("volume  (Å³/atom)")
    volumes.set_ylabel("frames")
    return figure


def _map_figure(columns: dict[str, np.ndarray]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 4.0), layout="constrained")
    axes = figure.subplots()
    taken = columns["taken"].astype(bool)
    for chosen, marker, colour, name in ((taken, "o", BLUE, "taken"), (~taken, "x", ORANGE, "refused")):
        if chosen.any():
            axes.scatter(
                columns["component_1"][chosen], columns["component_2"][chosen], s=18, marker=marker, color=colour,
                label=name,
            )  # fmt: skip
    axes.set_xlabel("component 1")
    axes.set_ylabel("component 2")
    if not taken.all():
        axes.legend()
    return figure


def _differences_figure(columns: dict[str, np.ndarray]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 4.0), layout="constrained")
    axes = figure.subplots()
    outlier = columns["outlier"].astype(bool)
    forces, differences = columns["label_rms_eV_per_A"], columns["difference_rms_eV_per_A"]
    axes.scatter(forces[~outlier], differences[~outlier], s=16, color=BLUE, label="frames")
    if outlier.any():
        axes.scatter(forces[outlier], differences[outlier], s=24, marker="s", color=ORANGE, label="stand apart")
        axes.legend()
    axes.set_yscale("log")
    axes.set_xlabel("force of the labels, rms  (eV/Å)")
    axes.set_ylabel("difference, rms  (eV/Å)")
    return figure


def settings_section(asked: AskedSettings | None, found: FoundSetup | None) -> Section:
    """How the labels were asked for, and what the outputs say."""
    groups = []
    if asked is not None:
        groups.append(Pairs(title=f"asked for: {asked.name}", rows=asked_rows(asked)))
    if found is not None:
        groups.append(Pairs(title="as the outputs say", rows=_found_rows(found)))
    return Section(id="calculation", title="Calculation", groups=groups)


def asked_rows(asked: AskedSettings) -> list[tuple[str, str]]:
    """Names and values of the settings that were asked for."""
    per_atom, whole = asked.energy_tolerance_eV_per_atom, asked.energy_tolerance_eV
    return [
        ("functional", asked.functional),
        ("cut-off", f"{asked.cutoff_eV:g} eV"),
        ("k-points", f"at most {asked.k_spacing_per_A:g} Å⁻¹ apart (with 2π)"),
        ("electrons to", f"{per_atom:g} eV/atom" if per_atom is not None else f"{whole:g} eV"),
        ("spin", "polarized" if asked.spin_polarized else "none"),
        ("smearing", f"{asked.smearing}, {asked.smearing_width_eV:g} eV"),
        *((name, str(value)) for name, value in asked.tags.items()),
    ]


def _found_rows(found: FoundSetup) -> list[tuple[str, str]]:
    spacing, tolerance, spin = found.k_spacing_per_A, found.energy_tolerance_eV, found.spin_polarized
    rows = [
        ("program", " and ".join(found.code)),
        ("functional", found.functional),
        ("cut-off", None if found.cutoff_eV is None else f"{found.cutoff_eV:g} eV"),
        ("k-points", None if spacing is None else f"{_range(*spacing)} Å⁻¹ apart (with 2π)"),
        ("electrons to", None if tolerance is None else f"{_range(*tolerance)} eV a cell"),
        ("spin", None if spin is None else "polarized" if spin else "none"),
        ("smearing", found.smearing),
        ("beside it", ", ".join(found.corrections) or None),
        *(found.pseudopotentials.items()),
    ]
    return [(name, value) for name, value in rows if value]


def _range(low: float, high: float) -> str:
    return f"{low:.3g}" if f"{low:.3g}" == f"{high:.3g}" else f"{low:.3g} to {high:.3g}"


def refusals_section(refused: Sequence[RefusedFrame]) -> Section:
    """How many were refused for which kind of reason, and each by its name."""
    kinds = Counter(_kind(frame.reason) for frame in refused)
    lines = [f"{frame.name}: {frame.reason}" for frame in refused[:_MOST_LISTED]]
    if len(refused) > _MOST_LISTED:
        lines.append(f"and {len(refused) - _MOST_LISTED} more, in result.json")
    table = Table(
        "Refused frames by reason", [("Reason", ""), ("Frames", "")],
        [[Cell(kind), Cell(str(count))] for kind, count in kinds.most_common()],
    )  # fmt: skip
    return Section(
        id="refused", title="Refused frames", tables=[table] if kinds else [],
        lists=[Listing(title="each by name", lines=lines)] if lines else [],
    )  # fmt: skip


def _kind(reason: str) -> str:
    """A reason without its numbers: what frames have in common."""
    return re.sub(r"[-+]?\d[\d.,]*(?:e[-+]?\d+)?", "…", reason.split(";")[0].split("(")[0]).strip()


def diagnostics_section(diagnostics: SetDiagnostics, drawings: dict[str, Drawing]) -> Section:
    """What the set says of itself."""
    rows = []
    if diagnostics.near_twins is not None:
        rows.append(("frames with a near twin", str(diagnostics.near_twins)))
    if diagnostics.covered is not None:
        rows.append(("of the region asked for, taken frames cover", f"{100 * diagnostics.covered:.0f} %"))
    if diagnostics.force_mae_eV_per_A is not None:
        rows.append((f"forces of {diagnostics.potential}: MAE", f"{plain(diagnostics.force_mae_eV_per_A)} eV/Å"))
    if diagnostics.stress_mae_GPa is not None:
        rows.append((f"stress of {diagnostics.potential}: MAE", f"{plain(diagnostics.stress_mae_GPa)} GPa"))
    captions = {
        "map": "Each point is a frame: mean and spread over its atoms of radial densities, by principal components.",
        "differences": "A frame far above the others has labels to look at, or is beyond what the potential knows.",
    }
    outliers = [
        [Cell(row.source), Cell(str(row.atom)), Cell(plain(row.rms_eV_per_A)), Cell(plain(row.largest_eV_per_A)),
         Cell(f"{row.deviations:.1f}")]
        for row in diagnostics.outliers[:_MOST_OUTLIERS]
    ]  # fmt: skip
    columns = [("Frame", ""), ("Atom", ""), ("Rms", "eV/Å"), ("Largest", "eV/Å"), ("Deviations", "")]
    table = Table("Frames whose forces stand apart", columns, outliers)
    shown = [(drawings[name], caption) for name, caption in captions.items() if name in drawings]
    return Section(
        id="set", title="The set by itself", drawings=shown,
        groups=[Pairs(title="the set", rows=rows)] if rows else [], tables=[table] if outliers else [],
    )  # fmt: skip


def convergence_figure(points: Sequence[ConvergencePoint]) -> Figure:
    """Differences to the finest calculation against cut-off and spacing of k-points."""
    from matplotlib.figure import Figure

    series = [name for name in ("cutoff", "k_spacing") if any(point.varied == name for point in points)]
    figure = Figure(figsize=(10.4 if len(series) == 2 else 5.2, 4.0), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(series)))
    for axes, name in zip(panels, series, strict=True):
        mine = [point for point in points if point.varied == name]
        x = [point.cutoff_eV if name == "cutoff" else point.k_spacing_per_A for point in mine]
        rows = (
            ("energy  (meV/atom)", [abs(point.energy_meV_per_atom) for point in mine], "o"),
            ("force  (meV/Å)", [1e3 * point.largest_force_eV_per_A for point in mine], "s"),
            ("stress  (0.01 GPa)", [1e2 * point.largest_stress_GPa for point in mine], "^"),
        )
        for (label, y, marker), colour in zip(rows, series_colours(3), strict=True):
            shown = [(a, b) for a, b in zip(x, y, strict=True) if b > 0]
            if shown:
                axes.plot(*zip(*shown, strict=True), marker=marker, color=colour, label=label)
        asked = next((at for at, point in zip(x, mine, strict=True) if point.is_asked), None)
        if asked is not None:
            axes.axvline(asked, color="0.6", linewidth=1, zorder=0)
        if any(b > 0 for _, y, _ in rows for b in y):
            axes.set_yscale("log")
        axes.set_xlabel("cut-off  (eV)" if name == "cutoff" else "distance of k-points  (Å⁻¹)")
        axes.set_ylabel("difference to the finest")
    panels[0].legend()
    return figure


def convergence_table(points: Sequence[ConvergencePoint]) -> Table:
    """Every calculation beside the finest of its series."""
    columns = [("Cut-off", "eV"), ("k-points", ""), ("apart", "Å⁻¹"), ("Energy", "meV/atom"), ("Force", "eV/Å"),
               ("Stress", "GPa"), ("", "")]  # fmt: skip
    rows = [
        [Cell(f"{point.cutoff_eV:g}"), Cell("x".join(map(str, point.k_mesh))), Cell(f"{point.k_spacing_per_A:.3g}"),
         Cell(f"{point.energy_meV_per_atom:+.3g}"), Cell(f"{point.largest_force_eV_per_A:.2g}"),
         Cell(f"{point.largest_stress_GPa:.2g}"), Cell("as asked for" if point.is_asked else "")]
        for point in points
    ]  # fmt: skip
    return Table("Differences to the finest of each series", columns, rows)
