"""The reports of `neb`: the barriers of one crystal, or a screen of many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import BLUE, GRID, INK, MUTED, ORANGE, Drawing, series_colours
from paddlewheel.page.numbers import ABSENT, measured, plain
from paddlewheel.page.page import Listing, Number, Page, Section
from paddlewheel.page.tables import Cell, Table, filled
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside
from paddlewheel.studies.neb.record import (
    PROFILES,
    SPLINES,
    NebEndsRecord,
    NebHop,
    NebPercolation,
    NebRecord,
    NebScreenRecord,
    ScreenRow,
    moved_told,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANELS = 12
"""Profiles that are drawn, those of the lowest barriers first; all are in the tables beside the record."""
_COLUMNS = 3
_BARS = 40
_PROFILES = "Dots: images. Line: cubic pieces through their energies and forces. Energies are over the start's."
_WORDS = {"vacancy": "into the place of an ion that is missing", "interstitial": "of an extra ion between empty places"}
_STATUS = {
    "ok": "ok",
    "no-saddle": "downhill",
    "second-order": "second order",
    "not-converged": "not converged",
    "not-relaxed": "end not relaxed",
    "end-left-site": "end left its site",
    "ends-meet": "one site",
    "broken": "broken",
}


def figures(record: NebRecord | NebScreenRecord | NebEndsRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    if isinstance(record, NebScreenRecord):
        return _screen_figures(record)
    shown = _shown(record)
    drawn: dict[str, tuple[Figure, str]] = {}
    if shown:
        drawn["profiles"] = (
            _profiles(record, shown, beside),
            f"Energy along each hop of {record.specie}, images as dots.",
        )
    if isinstance(record, NebRecord) and any(row.barrier_eV for row in record.percolation):
        drawn["percolation"] = (
            _percolation(record),
            f"Barrier of the way of the lowest highest saddle of {record.specie} in each direction.",
        )
    return drawn


def page(record: NebRecord | NebScreenRecord | NebEndsRecord, beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    if isinstance(record, NebEndsRecord):
        return _ends_page(record, drawings)
    if isinstance(record, NebScreenRecord):
        return _screen_page(record, drawings)
    open_ways = {row.direction: row for row in record.percolation if row.barrier_eV is not None}
    return Page(
        eyebrow="barriers",
        title=f"Hops of {record.specie} in {record.structure}",
        facts=_facts(record),
        headline=_headline(record),
        tone="none" if not open_ways else "partial" if record.warnings else "good",
        numbers=[
            *(
                _way_number(name, open_ways[key])
                for key, name in (("1D", "Lowest way through"), ("3D", "In all directions"))
                if key in open_ways
            ),
            *_beside_number(record),
        ],
        warnings=record.warnings,
        sections=_sections(record, drawings),
        citations=record.citations,
        provenance=record.provenance,
        n_series=4,
    )  # fmt: skip


def _ends_page(record: NebEndsRecord, drawings: dict[str, Drawing]) -> Page:
    (hop,) = record.hops
    told = moved_told(record.moved, n_reordered=record.n_reordered, drift_A=record.drift_A)
    functional = f" ({record.functional})" if record.functional else ""
    moved = Table("Atoms that move", [("Element", ""), ("In the start", ""), ("In the end", ""), ("Distance", "Å")])
    moved.rows.extend(
        [Cell(atom.symbol), Cell(str(atom.atom)), Cell(str(atom.atom_of_end)), Cell(f"{atom.distance_A:.2f}")]
        for atom in record.moved
    )
    headline = (
        f"{record.specie} goes from {record.structure} to {record.end} over a barrier of {hop.barrier_eV.value:.2f} eV"
        if hop.barrier_eV
        else f"No barrier from {record.structure} to {record.end}: {hop.reason}"
    )
    return Page(
        eyebrow="barriers",
        title=f"A hop of {record.specie} between given ends",
        facts=[
            ("Material", f"{record.formula}, {record.n_atoms} atoms, images {record.shortest_image_distance_A:.1f} Å "
             "apart"),
            ("Potential", f"{record.potential}{functional}"),
            ("Ends", f"{record.structure}, {record.end}, each relaxed in its cell"),
            ("First path", f"by way of {record.n_guesses} given structures" if record.n_guesses else "interpolated"),
            ("Charge", "none: a neutral cell without background"),
        ],
        headline=headline,
        tone="none" if hop.barrier_eV is None else "partial" if record.warnings or hop.status != "ok" else "good",
        numbers=[
            Number(name=name, value=measured(value), unit="eV")
            for name, value in (("Barrier", hop.barrier_eV), ("Back", hop.reverse_barrier_eV))
            if value is not None
        ],
        warnings=record.warnings,
        sections=[
            Section(
                id="hop",
                title="The hop",
                paragraphs=[
                    f"{told}. ± is what the convergence of the band leaves open; the error of the potential is not in "
                    "it. A saddle has one negative curvature; the two lowest of the ion and the atoms nearest to it "
                    "are shown."
                ],
                drawings=[(drawings["profiles"], _PROFILES)] if "profiles" in drawings else [],
                tables=[_hop_table(record), moved],
                lists=[Listing(title="Remarks", lines=[hop.reason] if hop.reason else [])],
            )
        ],
        citations=record.citations,
        provenance=record.provenance,
        n_series=1,
    )  # fmt: skip


def _headline(record: NebRecord) -> str:
    open_ways = {row.direction: row.barrier_eV for row in record.percolation if row.barrier_eV is not None}
    known = sum(hop.barrier_eV is not None for hop in record.hops)
    if "1D" not in open_ways:
        return (
            f"No way of {record.specie} through {record.formula}: {known} of {len(record.hops)} kinds of hops computed"
        )
    reach = next(name for name in ("3D", "2D", "1D") if name in open_ways)
    lowest, whole = open_ways["1D"], open_ways[reach]
    assert lowest is not None and whole is not None  # noqa: PT018
    if whole.value - lowest.value < 0.01:
        return f"{record.specie} moves through {record.formula} over a barrier of {lowest.value:.2f} eV, in {reach}"
    return (
        f"{record.specie} moves through {record.formula} over a barrier of {lowest.value:.2f} eV, and of "
        f"{whole.value:.2f} eV in {reach}"
    )


def _way_number(name: str, way: NebPercolation) -> Number:
    return Number(name=name, value=measured(way.barrier_eV), unit="eV", note=f"over {way.bottleneck}")


def _beside_number(record: NebRecord) -> list[Number]:
    if record.beside is None:
        return []
    value = measured(record.beside.activation_energy_eV)
    return [
        Number(name="By dynamics", value=value, unit="eV", note=f"{record.beside.source}, {record.beside.potential}")
    ]


def _facts(record: NebRecord) -> list[tuple[str, str]]:
    functional = f" ({record.functional})" if record.functional else ""
    size = "×".join(map(str, record.supercell))
    told = [
        ("Material", f"{record.formula}, {record.space_group}"),
        ("Potential", f"{record.potential}{functional}"),
        ("Hops", f"of {record.specie}, {_WORDS[record.mechanism]}"),
        ("Supercell", f"{size}, {record.n_atoms} atoms, images {record.shortest_image_distance_A:.1f} Å apart"),
        ("Charge", "none: a neutral cell without background"),
    ]
    if record.volume_change is not None:
        told.append(("Relaxation", f"volume {100 * record.volume_change:+.1f} %"))
    return told


def _sections(record: NebRecord, drawings: dict[str, Drawing]) -> list[Section]:
    n_shown, n_known = len(_shown(record)), sum(hop.barrier_eV is not None for hop in record.hops)
    profiles = f"{_PROFILES} Each has its own scale."
    if n_known > n_shown:
        profiles += f" The {n_shown} lowest of {n_known}; all are in {PROFILES} and {SPLINES}."
    return [
        Section(
            id="percolation",
            title="Ways through the crystal",
            paragraphs=[
                "For each direction the network of hops is filled from the lowest saddle up until it joins a site to "
                "its own image there. The barrier is that saddle over the lowest site that is joined to the way "
                "without going higher: what an ion on it climbs at most. 1D: any direction; 2D and 3D: two and three "
                "independent ones in one network."
            ],
            drawings=[(drawings["percolation"], "")] if "percolation" in drawings else [],
            tables=[_percolation_table(record)],
        ),
        Section(
            id="hops",
            title="Hops",
            paragraphs=[
                "One of each kind that the space group leaves distinct. ± is what the convergence of the band leaves "
                "open; the error of the potential is not in it. A saddle has one negative curvature; the two lowest of "
                "the ion and the atoms nearest to it are shown."
            ],
            drawings=[(drawings["profiles"], profiles)] if "profiles" in drawings else [],
            tables=[_hop_table(record)],
            lists=[Listing(title="Without a barrier", lines=[f"{hop.name}: {hop.reason}" for hop in record.hops
                                                             if hop.barrier_eV is None])],
        ),
        Section(
            id="sites",
            title="Sites",
            tables=[_site_table(record)],
            lists=[Listing(title="Places that are none", lines=[
                f"{site.name} ({', '.join(f'{value:.3f}' for value in site.fractional)}): {site.reason}"
                for site in record.dropped_sites
            ])],
        ),
    ]  # fmt: skip


def _percolation_table(record: NebRecord) -> Table:
    table = Table("Ways through the crystal", [("Direction", ""), ("Barrier", "eV"), ("Highest saddle", "")])
    for row in record.percolation:
        closed = Cell("none found" if row.barrier_eV is None else measured(row.barrier_eV))
        table.rows.append([Cell(row.direction), closed, Cell(row.bottleneck or ABSENT)])
    return table


def _hop_table(record: NebRecord | NebEndsRecord) -> Table:
    table = Table(
        "Kinds of hops",
        [
            ("Hop", ""), ("Length", "Å"), ("In a cell", ""), ("Barrier", "eV"), ("Back", "eV"), ("Status", ""),
            ("Larger supercell", "eV"), ("Extrapolation", "grade"), ("Curvatures", "eV/Å²"), ("Dip", "eV"),
            ("Steps", ""),
        ],
    )  # fmt: skip
    for hop in record.hops:
        curvatures = hop.curvatures_eV_per_A2
        table.rows.append(
            [
                Cell(hop.name),
                Cell(f"{hop.length_A:.2f}"),
                Cell(str(hop.multiplicity)),
                Cell(measured(hop.barrier_eV)),
                Cell(measured(hop.reverse_barrier_eV)),
                Cell(_STATUS[hop.status]),
                Cell(plain(hop.larger_supercell_barrier_eV)),
                Cell(plain(hop.extrapolation_grade, 2)),
                Cell(ABSENT if curvatures is None else ", ".join(plain(value, 2) for value in curvatures)),
                Cell(ABSENT if not hop.dip_eV or hop.dip_eV < 0.005 else plain(hop.dip_eV, 2)),
                Cell(str(hop.n_steps)),
            ]
        )
    return filled(table)


def _site_table(record: NebRecord) -> Table:
    table = Table("Sites", [("Site", ""), ("Kind", ""), ("Fractions", ""), ("In a cell", ""), ("Energy", "eV")])
    for site in record.sites:
        table.rows.append(
            [
                Cell(site.name),
                Cell(site.kind),
                Cell(", ".join(f"{value:.4f}" for value in site.fractional)),
                Cell(str(site.multiplicity)),
                Cell(plain(site.energy_eV) if site.energy_eV is not None else ABSENT),
            ]
        )
    return table


def _shown(record: NebRecord | NebEndsRecord) -> list[NebHop]:
    known = [hop for hop in record.hops if hop.barrier_eV is not None]
    return sorted(known, key=lambda hop: hop.barrier_eV.value if hop.barrier_eV else 0.0)[:_PANELS]


def _profiles(record: NebRecord | NebEndsRecord, shown: list[NebHop], beside: Beside) -> Figure:
    from matplotlib.figure import Figure

    images, fine = beside.columns(PROFILES), beside.columns(SPLINES)
    numbers = [record.hops.index(hop) + 1 for hop in shown]
    columns = min(_COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    figure = Figure(figsize=(3.45 * columns, 2.6 * rows), layout="constrained")
    grid = np.atleast_1d(figure.subplots(rows, columns, squeeze=False)).ravel()
    for axes, hop, number in zip(grid, shown, numbers, strict=False):
        at, between = images["hop"] == number, fine["hop"] == number
        axes.plot(fine["distance_A"][between], fine["energy_eV"][between], color=BLUE)
        axes.plot(images["distance_A"][at], images["energy_eV"][at], "o", color=BLUE, ms=4)
        axes.set_title(f"{hop.name}, {hop.length_A:.2f} Å")
        bottom, top = float(fine["energy_eV"][between].min()), float(fine["energy_eV"][between].max())
        axes.set_ylim(bottom - 0.08 * (top - bottom), top + 0.12 * (top - bottom))
        axes.axhline(0.0, color=GRID, lw=0.8, zorder=0)
    for axes in grid[len(shown) :]:
        axes.set_visible(False)
    figure.supxlabel("along the path of all atoms  (Å)", fontsize=9.0)
    figure.supylabel("energy  (eV)", fontsize=9.0)
    return figure


def _percolation(record: NebRecord) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    axes = figure.subplots()
    names = [row.direction for row in record.percolation]
    values = [row.barrier_eV.value if row.barrier_eV else 0.0 for row in record.percolation]
    colours = [BLUE if row.direction in "abc" else MUTED for row in record.percolation]
    places = np.arange(len(names))
    axes.bar(places, values, color=colours, width=0.62)
    highest = max(values)
    for place, row in zip(places, record.percolation, strict=True):
        text = "none found" if row.barrier_eV is None else f"{row.barrier_eV.value:.2f}\n{row.bottleneck}"
        height = row.barrier_eV.value if row.barrier_eV else 0.0
        axes.text(float(place), height + 0.02 * highest, text, ha="center", va="bottom", fontsize=8.0, color=INK)
    if record.beside is not None:
        axes.axhline(record.beside.activation_energy_eV.value, color=ORANGE, lw=1.2, label="dynamics")
        axes.legend(loc="upper left", bbox_to_anchor=(0.0, 1.14))
    axes.set(xticks=places, xticklabels=names, ylabel="barrier  (eV)", ylim=(0, 1.28 * highest))
    axes.grid(axis="x", visible=False)
    return figure


def _screen_figures(record: NebScreenRecord) -> Figures:
    ranked = [row for row in record.rows if row.barrier_1D_eV is not None][:_BARS]
    if not ranked:
        return {}
    return {"screen": (_screen(ranked), "Barrier of the lowest way through each structure, its framework at rest.")}


def _screen(ranked: list[ScreenRow]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 1.4 + 0.26 * len(ranked)), layout="constrained")
    axes: Axes = figure.subplots()
    places = np.arange(len(ranked))[::-1]
    one, _, three = series_colours(3)
    axes.barh(places, [row.barrier_1D_eV or 0.0 for row in ranked], color=one, height=0.6, label="1D")
    known = [(place, row.barrier_3D_eV) for place, row in zip(places, ranked, strict=True) if row.barrier_3D_eV]
    axes.plot([value for _, value in known], [place for place, _ in known], "|", color=three, ms=11, mew=2, label="3D")
    axes.set(
        yticks=places, yticklabels=[f"{row.structure}, {row.formula}" for row in ranked],
        xlabel="barrier, framework at rest  (eV)",
    )  # fmt: skip
    axes.set_ylim(-0.7, len(ranked) - 0.3)
    axes.grid(axis="y", visible=False)
    figure.legend(loc="outside upper right", ncols=2)  # no mark is under it
    return figure


def _screen_page(record: NebScreenRecord, drawings: dict[str, Drawing]) -> Page:
    ranked = [row for row in record.rows if row.barrier_1D_eV is not None]
    table = Table(
        "Structures, the lowest barrier first",
        [
            ("Structure", ""), ("Formula", ""), ("1D", "eV"), ("2D", "eV"), ("3D", "eV"), ("Sites", ""), ("Hops", ""),
            ("Refused", ""), ("Time", "s"), ("Remark", ""),
        ],
    )  # fmt: skip
    for row in record.rows:
        counts = (row.n_sites, row.n_hops, row.n_hops_refused)
        table.rows.append(
            [
                Cell(row.structure),
                Cell(row.formula or ABSENT),
                *(Cell(plain(value)) for value in (row.barrier_1D_eV, row.barrier_2D_eV, row.barrier_3D_eV)),
                *(Cell(ABSENT if count is None else str(count)) for count in counts),
                Cell(plain(row.seconds, 2)),
                Cell(row.reason or ABSENT),
            ]
        )
    first = ranked[0] if ranked else None
    return Page(
        eyebrow="first look at barriers",
        title=f"{len(record.rows)} structures" if len(record.rows) > 1 else record.rows[0].structure,
        facts=[("Potential", record.potential), ("Hops", "into a missing ion's place, the framework at rest")],
        headline=(
            f"{len(ranked)} of {len(record.rows)} structures have a way through"
            + (f"; the lowest is {first.structure}, {first.barrier_1D_eV:.2f} eV" if first else "")
        ),
        tone="partial" if ranked else "none",
        warnings=record.warnings,
        sections=[
            Section(
                id="screen",
                title="Ranking",
                paragraphs=[
                    "Only the ion that hops moves; all else stands where the structure has it. Barriers are too high "
                    "by what the framework would give way: take the order, not the numbers, and compute the first ones "
                    "without --screen."
                ],
                drawings=[(drawings["screen"], "Bars: any direction. Marks: all three.")]
                if "screen" in drawings
                else [],
                tables=[filled(table)],
            )
        ],
        citations=record.citations,
        provenance=record.provenance,
        n_series=3,
    )
