"""The report of `tomography segment`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import BLUE, INK, MUTED, ORANGE, Drawing, series_colours
from paddlewheel.page.numbers import plain
from paddlewheel.page.page import Listing, Number, Page, Pairs, Section
from paddlewheel.page.tables import Cell, Table, filled
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.tomography_segment.record import HISTOGRAM, PLANES, SLICES, TomographySegmentationRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

_DIRECTIONS = {"z": ("x", "y"), "y": ("x", "z"), "x": ("y", "z")}
"""What runs to the right and down in a plane normal to each direction."""


def figures(record: TomographySegmentationRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    planes, slices = beside.arrays(PLANES), beside.columns(SLICES)
    family: Figures = {}
    if record.family:
        family = {"family": (_family(record, planes), "Fractions of the family, and where its members disagree.")}
    return {
        "planes": (
            _planes(record, planes),
            "Three planes through the middle: grey values as read and corrected, and the phases.",
        ),
        "histogram": (_histogram(record, beside.columns(HISTOGRAM)), "Histogram of grey values with its model."),
        "slices": (_slices(slices), "Position, brightness and curtains, slice by slice."),
        **family,
    }


def _planes(record: TomographySegmentationRecord, planes: Mapping[str, np.ndarray]) -> Figure:
    from matplotlib.colors import to_rgb
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    figure = Figure(figsize=(10.4, 9.2), layout="constrained")
    axes = figure.subplots(3, 3)
    colours = series_colours(len(record.phases))
    palette = np.array([to_rgb(colour) for colour in colours])
    edges = dict(zip("xyz", record.voxel_nm, strict=True))
    counts = dict(zip("xyz", record.shape_voxels, strict=True))
    for row, normal in zip(axes, "zyx", strict=True):
        across, down = _DIRECTIONS[normal]
        size = (edges[across] * counts[across] / 1000, edges[down] * counts[down] / 1000)
        phases = palette[planes[f"labels_{normal}"]]
        for axis, image in zip(row, (planes[f"raw_{normal}"], planes[f"grey_{normal}"], phases), strict=True):
            options = {} if image.ndim == 3 else {"cmap": "gray", "vmin": 0, "vmax": 255}
            axis.imshow(image, extent=(0, size[0], size[1], 0), aspect="equal", interpolation="nearest", **options)
            axis.grid(visible=False)
            axis.set(xlabel=f"{across}  (um)", ylabel=f"{down}  (um)")
    for axis, title in zip(axes[0], ("As read", "Corrected", "Phases"), strict=True):
        axis.set_title(title)
    handles = [Patch(color=colour, label=phase.name) for colour, phase in zip(colours, record.phases, strict=True)]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _histogram(record: TomographySegmentationRecord, table: Columns) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.fill_between(table["grey"], table["share_per_grey"], color=MUTED, alpha=0.35, lw=0, step="mid",
                      label="corrected and smoothed")  # fmt: skip
    axes.plot(table["grey_before"], table["share_per_grey_before"], color=MUTED, lw=1.0, ls=":", label="before")
    axes.plot(table["grey"], table["model_per_grey"], color=BLUE, label="model")
    top = 1.28 * float(max(table["share_per_grey"].max(), table["model_per_grey"].max()))
    for place, phase in enumerate(record.phases):
        if phase.upper_threshold is not None:
            axes.axvline(
                phase.upper_threshold, color=ORANGE, lw=1.0, ls="--", label="thresholds" if place == 0 else None
            )
        axes.annotate(phase.name, (phase.level, top * (0.96 if place % 2 == 0 else 0.89)), ha="center", va="top",
                      fontsize=8.5, color=INK)  # fmt: skip
    axes.set(xlabel="grey value", ylabel="share per grey value", ylim=(0, top), title="Histogram")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _slices(table: Columns) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.4), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    for direction, colour in (("x", BLUE), ("y", ORANGE)):
        seen = table[f"drift_{direction}_nm"]
        left.plot(table["slice"], seen, color=colour, ls="-", label=f"{direction}, sum of shifts")
        left.plot(table["slice"], table[f"removed_{direction}_nm"], color=colour, ls=":", lw=1.2,
                  label=f"{direction}, taken back")  # fmt: skip
    left.set(title="Position", xlabel="slice", ylabel="drift  (nm)")
    left.legend(loc="best", fontsize=7.5)
    middle.plot(table["slice"], table["brightness"], color=BLUE)
    middle.set(title="Brightness", xlabel="slice", ylabel="added grey value")
    right.plot(table["slice"], table["curtain_rms"], color=BLUE)
    right.set(title="Curtains", xlabel="slice", ylabel="rms grey value")
    right.set_ylim(bottom=0)
    return figure


def _family(record: TomographySegmentationRecord, planes: Mapping[str, np.ndarray]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    places = np.arange(len(record.phases))
    for number, member in enumerate(record.family):
        left.plot(places, 100 * np.array(member.fractions), color=MUTED, marker="o", ms=4, ls="",
                  label="family" if number == 0 else None)  # fmt: skip
    found = np.array([phase.fraction.value for phase in record.phases])
    ends = np.array([phase.fraction.interval_95 for phase in record.phases], dtype=float)
    left.errorbar(places + 0.12, 100 * found, 100 * np.abs(ends.T - found), color=BLUE, marker="s", ms=4, ls="",
                  capsize=3, label="central, 95 %")  # fmt: skip
    if any(phase.recipe_solid_share for phase in record.phases):
        solid = 1 - (record.porosity.value if record.porosity else 0.0)
        kept = [place for place, phase in enumerate(record.phases) if phase.recipe_solid_share]
        shares = [phase.recipe_solid_share for phase in record.phases]
        values = [100 * solid * share.value for share in shares if share]
        errors = [196 * solid * share.std for share in shares if share]
        left.errorbar(np.array(kept) + 0.24, values, errors, color=ORANGE, marker="D", ms=4, ls="", capsize=3,
                      label="recipe, 95 %")  # fmt: skip
    left.set_xticks(places, [phase.name for phase in record.phases])
    left.set(ylabel="of the volume  (%)", title="Fractions", xlim=(-0.4, len(places) - 0.4))
    left.legend(loc="best")
    x_um, y_um = (record.voxel_nm[axis] * record.shape_voxels[axis] / 1000 for axis in (0, 1))
    image = right.imshow(planes["others_z"] / 2.55, extent=(0, x_um, y_um, 0), cmap="magma_r", vmin=0, vmax=100,
                         interpolation="nearest")  # fmt: skip
    right.grid(visible=False)
    right.set(xlabel="x  (um)", ylabel="y  (um)", title="Members that say otherwise, middle slice")
    figure.colorbar(image, ax=right, label="of the family  (%)", shrink=0.85)
    return figure


def page(record: TomographySegmentationRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    x, y, z = record.shape_voxels
    sizes = [edge * count / 1000 for edge, count in zip(record.voxel_nm, record.shape_voxels, strict=True)]
    odd = [check for check in record.checks if check.status != "ok"]
    numbers = [
        Number(
            name=phase.name,
            value=f"{100 * phase.fraction.value:.1f}",
            unit="%",
            note=_interval(phase.fraction.interval_95),
        )
        for phase in record.phases
    ]
    return Page(
        eyebrow="Segmentation",
        title=record.stack,
        facts=[
            ("Voxels", f"{x} x {y} x {z}"),
            ("Edges", f"{', '.join(f'{edge:g}' for edge in record.voxel_nm)} nm ({record.voxel_from})"),
            ("Size", f"{' x '.join(f'{size:.3g}' for size in sizes)} um"),
        ],
        headline=_headline(record, len(odd)),
        tone="good" if not odd and record.recipe_tension is not None else "partial",
        numbers=numbers,
        warnings=record.warnings,
        lists=[Listing(title="Checks to look at", lines=[f"{check.name}: {check.detail}" for check in odd])],
        sections=[
            Section(
                id="phases",
                title="Phases",
                paragraphs=[
                    "Labels are those whose image, under the blur of the microscope, is closest to the grey values, "
                    "with short interfaces. Fractions are those that labels find by themselves, freed of the bias of a "
                    "made image of them, and joined with the recipe, each by its errors.",
                ],
                drawings=[(drawings["planes"], "Planes through the middle, normal to z, y and x.")],
                tables=[_phase_table(record)],
            ),
            Section(
                id="histogram",
                title="Grey values",
                paragraphs=["Voxels on edges, between two levels, are part of the model: they are no phase."],
                drawings=[(drawings["histogram"], "Thresholds divide the voxels by the fractions.")],
            ),
            Section(
                id="corrections",
                title="What the microscope added",
                paragraphs=[
                    "Shifts between slices follow the sample, and particles that grow and shrink: what all tiles of a "
                    "slice share, and the structure does not explain, is taken back. Brightness and "
                    "curtains come from each voxel's distance to the level of its phase, so that what a slice is made "
                    "of does not shift them.",
                ],
                drawings=[(drawings["slices"], "Dotted: what of the path is the sample's, and is taken back.")],
                groups=[_corrections(record)],
            ),
            Section(
                id="family",
                title="Family",
                paragraphs=[
                    "Each member moves the fractions by their errors, the weight of interfaces between half and twice, "
                    "and the blur by a tenth. What is computed of all of them carries the error of the segmentation.",
                ],
                drawings=[(drawings["family"], "")] if "family" in drawings else [],
                tables=[_family_table(record)],
            ),
        ],
        citations=record.citations,
        provenance=record.provenance,
        n_series=len(record.phases),
    )


def _headline(record: TomographySegmentationRecord, odd: int) -> str:
    if record.recipe_tension is None:
        return "Labels without a recipe: fractions rest on the image alone"
    agree = "agrees with" if record.recipe_tension < 3 else "contradicts"
    return f"The image alone {agree} the recipe ({record.recipe_tension:.1f} standard uncertainties)" + (
        f"; {odd} {'check' if odd == 1 else 'checks'} to look at" if odd else ""
    )


def _interval(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f} %"


def _phase_table(record: TomographySegmentationRecord) -> Table:
    table = Table("Phases", [("Phase", ""), ("Label", ""), ("Volume", "%"), ("95 %", ""), ("Of the solid", "%"),
                             ("Recipe", "%"), ("Grey value", ""), ("Multi-Otsu", "%")])  # fmt: skip
    for phase in record.phases:
        share = phase.recipe_solid_share
        table.rows.append([
            Cell(phase.name), Cell(f"{phase.label}"), Cell(f"{100 * phase.fraction.value:.1f}"),
            Cell(_interval(phase.fraction.interval_95)),
            Cell("" if phase.solid_share is None else f"{100 * phase.solid_share:.1f}"),
            Cell("" if share is None else f"{100 * share.value:.1f} ± {100 * share.std:.1f}"),
            Cell(plain(phase.level)), Cell(f"{100 * phase.otsu_fraction:.1f}"),
        ])  # fmt: skip
    return table


def _corrections(record: TomographySegmentationRecord) -> Pairs:
    drift, removed, error = record.drift_range_nm, record.drift_removed_nm, record.drift_error_nm
    straight = record.straight_drift_nm_per_slice
    rows = [
        ("Sum of shifts, x and y", f"over {drift[0]:.0f}, {drift[1]:.0f} nm"),
        ("Of the sample, taken back", f"over {removed[0]:.0f}, {removed[1]:.0f} nm"),
        ("Error of that, rms", f"{error[0]:.0f}, {error[1]:.0f} nm"),
        ("Straight drift a slice", ", ".join(f"{each.value:.0f} ± {each.std:.0f} nm" for each in straight)),
        ("Brightness along z", plain(record.brightness_range)),
        ("Shadow", plain(record.shadow_range)),
        ("Curtains, rms", plain(record.curtain_rms)),
        ("Noise", plain(record.noise)),
        ("Blur along z, y, x", ", ".join(f"{width:.2f}" for width in record.blur_voxels) + " voxels"),
        ("Odd slices", ", ".join(map(str, record.odd_slices[:20])) or "none"),
        ("Slices without image", ", ".join(map(str, record.broken_slices[:20])) or "none"),
    ]
    return Pairs(title="Corrections, in grey values", rows=rows)


def _family_table(record: TomographySegmentationRecord) -> Table | None:
    heads = [("File", ""), *((phase.name, "%") for phase in record.phases), ("Potts", ""), ("Blur", "voxels")]
    table = Table("Members", heads)
    for member in record.family:
        table.rows.append([
            Cell(member.path), *(Cell(f"{100 * share:.2f}") for share in member.fractions),
            Cell(f"{member.potts_strength:.2f}"), Cell(f"{member.blur_voxels[2]:.2f}"),
        ])  # fmt: skip
    return filled(table) if table.rows else None
