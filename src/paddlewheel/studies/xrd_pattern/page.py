"""The report of `xrd pattern`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import BLUE, INK, MUTED, ORANGE, PAGE_INCHES, Drawing
from paddlewheel.page.numbers import plain
from paddlewheel.page.page import Page, Section
from paddlewheel.page.tables import Cell, Table, filled
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.xrd_pattern.record import CURVES, LINES, OBSERVED, CalculatedPattern, XrdPatternRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_PANELS = 6
_MOST_LABELS = 24
_LABEL_APART = 0.028
"""Of the width of the panel: an index is one line of upright text."""
_TOLD = 12
_LOW_DIFFUSE = 8.0
"""Of the tallest line: a broad hump below this is drawn ten times as high."""


def figures(record: XrdPatternRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    observed = beside.columns(OBSERVED) if record.observed else None
    what = "Calculated powder patterns with the indices of their strongest reflections"
    return {
        "patterns": (
            _figure(record, beside.columns(LINES), beside.columns(CURVES), observed),
            f"{what}{' beside the measured one' if observed else ''}.",
        )
    }


def _figure(record: XrdPatternRecord, lines: Columns, curves: Columns, observed: Columns | None) -> Figure:
    from matplotlib.figure import Figure

    shown = record.patterns[:_MOST_PANELS]
    figure = Figure(figsize=(PAGE_INCHES, 0.6 + 2.9 * len(shown)), layout="constrained")
    panels = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    for number, (axes, pattern) in enumerate(zip(panels, shown, strict=True), start=1):
        of_curve, of_lines = curves["pattern"] == number, lines["pattern"] == number
        _panel(
            axes, record, pattern, {name: values[of_curve] for name, values in curves.items()},
            {name: values[of_lines] for name, values in lines.items()}, observed,
        )  # fmt: skip
    panels[-1].set_xlabel("2θ  (degrees)")
    return figure


def _panel(
    axes: Axes, record: XrdPatternRecord, pattern: CalculatedPattern, curve: Columns, lines: Columns,
    observed: Columns | None,
) -> None:  # fmt: skip
    low, high = record.two_theta_range_deg
    axes.set(xlim=(low, high), ylim=(-14, 148), yticks=[0, 50, 100], ylabel="intensity")
    axes.grid(False)
    name = pattern.name if len(pattern.name) < 50 else f"{pattern.name[:48]}…"
    axes.set_title(" · ".join((name, pattern.formula, pattern.space_group or "mean over frames")))
    if observed is not None:
        inside = (observed["two_theta_deg"] >= low) & (observed["two_theta_deg"] <= high)
        x, y = observed["two_theta_deg"][inside], observed["intensity"][inside]
        if x.size and np.ptp(y) > 0:
            axes.plot(x, 100 * (y - y.min()) / np.ptp(y), color=ORANGE, lw=0.7, alpha=0.85, label="measured")
    if record.fwhm_deg:
        axes.plot(curve["two_theta_deg"], curve["bragg"], color=INK, lw=0.9, label="calculated")
    else:
        axes.vlines(lines["two_theta_deg"], 0, lines["relative_intensity"], color=INK, lw=0.9)
    if pattern.diffuse_share is not None:
        times = 1 if curve["diffuse"].max() > _LOW_DIFFUSE else 10
        named = "diffuse" if times == 1 else f"diffuse × {times}"
        axes.fill_between(curve["two_theta_deg"], times * curve["diffuse"], color=BLUE, alpha=0.35, lw=0, label=named)
    axes.vlines(lines["two_theta_deg"], -10, -4, color=MUTED, lw=0.6)
    _label(axes, lines, curve, sticks=not record.fwhm_deg)
    if observed is not None or pattern.diffuse_share is not None:
        axes.legend(loc="upper right", ncols=3)


def _label(axes: Axes, lines: Columns, curve: Columns, *, sticks: bool) -> None:
    """Indices above the strongest reflections, as far apart as text needs."""
    low, high = axes.get_xlim()
    taken: list[float] = []
    for row in np.argsort(-lines["relative_intensity"], kind="stable"):
        x = float(lines["two_theta_deg"][row])
        if len(taken) == _MOST_LABELS or lines["relative_intensity"][row] < 0.5:
            break
        if any(abs(x - other) < _LABEL_APART * (high - low) for other in taken):
            continue
        taken.append(x)
        near = np.abs(curve["two_theta_deg"] - x) < _LABEL_APART / 2 * (high - low)
        top = float(lines["relative_intensity"][row] if sticks else curve["bragg"][near].max(initial=0.0))
        numbers = [int(lines[axis][row]) for axis in "hkl"]
        index = (" " if max(map(abs, numbers)) > 9 else "").join(f"{number}".replace("-", "−") for number in numbers)
        axes.text(x, top + 4, index, rotation=90, ha="center", va="bottom", fontsize=7, color=INK)


def page(record: XrdPatternRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    names = ", ".join(pattern.name for pattern in record.patterns)
    moving = any(pattern.of == "trajectory" for pattern in record.patterns)
    return Page(
        eyebrow="Calculated powder patterns",
        title=names if len(names) < 90 else f"{len(record.patterns)} patterns",
        facts=[
            ("Radiation", record.radiation),
            ("Range", f"{record.two_theta_range_deg[0]:g} to {record.two_theta_range_deg[1]:g}°"),
            ("Geometry", {"bragg-brentano": "flat plate"}.get(record.geometry, "transmission")),
            ("Width", f"{record.fwhm_deg:g}°" if record.fwhm_deg else "sticks"),
        ],
        headline=_headline(record),
        warnings=record.warnings,
        sections=[
            Section(
                id="patterns",
                title="Patterns",
                paragraphs=[_METHOD, *([_MOVING] if moving else [])],
                drawings=[(drawings["patterns"], _caption(record))],
                tables=[filled(_crystals(record)), filled(_displacements(record))],
            ),
            Section(
                id="reflections",
                title="Strongest reflections",
                paragraphs=[f"All of them are in {record.files['reflections']}."],
                tables=[_strongest(pattern) for pattern in record.patterns],
            ),
        ],
        citations=record.citations,
        provenance=record.provenance,
        n_series=1,
    )


_METHOD = (
    "|F|² with the form factors of neutral atoms, f' and f'' at the wavelength of the strongest line and the "
    "displacements B, averaged over hkl and its Friedel mate; times the multiplicity, the Lorentz factor of a powder "
    "and the polarization. No absorption, no texture, no background."
)
_MOVING = (
    "Of a trajectory each frame is a crystal of its own: the Bragg part is |⟨F⟩|² of the mean density, ⟨|F|²⟩ all that "
    "is scattered, and what lies between them is diffuse. No B is put in, for the atoms move themselves; what lasts "
    "longer than the run, such as an order of the ions that never changes in it, counts as Bragg. The diffuse part is "
    "known at the reflections of the trajectory's cell alone, and is drawn with a width that joins them. The B of its "
    "displacements counts hops and turns too, and is no Debye-Waller factor where there are any."
)


def _headline(record: XrdPatternRecord) -> str:
    first = record.patterns[0]
    line = first.strongest[0]
    told = f"Strongest reflection of {first.name}: {_index(line.hkl)} at {line.two_theta_deg:.3f}°, d {line.d_A:.4f} Å"
    return told if first.diffuse_share is None else f"{told}; {100 * first.diffuse_share:.0f} % of it all is diffuse"


def _caption(record: XrdPatternRecord) -> str:
    parts = ["Indices of the strongest reflections that have room; every reflection has a tick below."]
    if record.observed:
        parts.append(f"Orange: {record.observed}, from its lowest to its highest point.")
    if len(record.patterns) > _MOST_PANELS:
        parts.append(f"The first {_MOST_PANELS} of {len(record.patterns)}.")
    return " ".join(parts)


def _index(hkl: tuple[int, int, int]) -> str:
    return " ".join(str(number).replace("-", "−") for number in hkl)


def _crystals(record: XrdPatternRecord) -> Table:
    table = Table(
        "Crystals",
        [("Name", ""), ("Cell", "Å, °"), ("Space group", ""), ("Reflections", ""), ("Density", "g/cm³"),
         ("µ/ρ", "cm²/g"), ("µ", "1/cm"), ("Diffuse", "%"), ("Satellites", "%")],
    )  # fmt: skip
    for pattern in record.patterns:
        cell = " ".join(f"{value:.4g}" if place > 2 else f"{value:.4f}" for place, value in enumerate(pattern.cell))
        shares = (pattern.diffuse_share, pattern.satellite_share)
        table.rows.append(
            [
                Cell(pattern.name),
                Cell(cell),
                Cell(pattern.space_group or "—"),
                Cell(f"{pattern.n_reflections}"),
                Cell(plain(pattern.density_g_per_cm3, 4)),
                Cell(plain(pattern.mass_absorption_cm2_per_g, 4)),
                Cell(plain(pattern.mu_per_cm, 4)),
                *(Cell("—" if share is None else f"{100 * share:.1f}") for share in shares),
            ]
        )
    return table


def _displacements(record: XrdPatternRecord) -> Table:
    elements = list(dict.fromkeys(element for pattern in record.patterns for element in pattern.b_iso_A2))
    table = Table("Displacements B", [("Name", ""), ("From", ""), *((element, "Å²") for element in elements)])
    for pattern in record.patterns:
        known = [pattern.b_iso_A2.get(element) for element in elements]
        source = "put in" if pattern.of == "structure" else f"{pattern.n_frames} frames"
        table.rows.append([Cell(pattern.name), Cell(source), *(Cell(plain(value)) for value in known)])
    return table


def _strongest(pattern: CalculatedPattern) -> Table:
    table = Table(
        pattern.name, [("hkl", ""), ("d", "Å"), ("2θ", "°"), ("Multiplicity", ""), ("|F|²", "e²"), ("I", "%")]
    )
    for line in pattern.strongest[:_TOLD]:
        table.rows.append(
            [
                Cell(_index(line.hkl)),
                Cell(f"{line.d_A:.4f}"),
                Cell(f"{line.two_theta_deg:.3f}"),
                Cell(f"{line.multiplicity}"),
                Cell(plain(line.structure_factor_squared, 4)),
                Cell(f"{line.relative_intensity:.1f}"),
            ]
        )
    return filled(table)
