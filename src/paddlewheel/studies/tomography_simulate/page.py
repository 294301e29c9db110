"""The report of `tomography simulate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paddlewheel.page.drawing import PAGE_INCHES, Drawing, series_styles
from paddlewheel.page.numbers import plain
from paddlewheel.page.page import Page, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside
from paddlewheel.studies.tomography_simulate.record import FLAWS, SLICES, VIEWS, TomographySimulateRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = ("#101418", "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#56b4e9", "#d55e00")
"""Of the labels from 0 on: pores dark, the rest by Okabe and Ito."""
_PLANES = (("xy", "x", "y", "One slice"), ("xz", "x", "z", "Across the slices, along x"),
           ("yz", "y", "z", "Across the slices, along y"))  # fmt: skip

_FLAWS = {
    "depth_nm": "Depth that electrons come from, nm",
    "blur_nm": "Focus (standard deviation), nm",
    "noise": "Noise, of the full scale",
    "drift_nm": "Steady drift along x, y, nm a slice",
    "wander_nm": "Drift by chance, nm a slice",
    "curtains": "Gain of columns (curtains)",
    "shadow": "Loss at the bottom (shadow)",
    "brightness": "Loss over the stack",
    "flicker": "Gain of slices",
    "charging": "Lines of charge, of the full scale",
}


def figures(record: TomographySimulateRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    return {
        "planes": (
            _planes(record, beside),
            "Three planes through the middle of the stack: the pictures above, the true phases below.",
        ),
        "flaws": (_flaws(beside), "Drift of each slice, its gain, and the gain of columns and rows of pixels."),
    }


def _planes(record: TomographySimulateRecord, beside: Beside) -> Figure:
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    views = beside.arrays(VIEWS)
    count = len(record.phases)
    colours = [_COLOURS[label % len(_COLOURS)] for label in range(count)]
    n_z, n_y, n_x = record.shape
    x, y, z = record.voxel_nm
    edges = {"x": n_x * x / 1000, "y": n_y * y / 1000, "z": n_z * z / 1000}
    figure = Figure(figsize=(PAGE_INCHES, 7.2), layout="constrained")
    panels: Any = figure.subplots(2, 3)
    for column, (plane, across, down, title) in enumerate(_PLANES):
        extent = (0, edges[across], edges[down], 0)
        panels[0, column].imshow(views[f"stack_{plane}"], cmap="gray", vmin=0, vmax=2**record.bits - 1, extent=extent)
        panels[1, column].imshow(
            views[f"labels_{plane}"], cmap=ListedColormap(colours), vmin=-0.5, vmax=count - 0.5, extent=extent,
            interpolation="nearest",
        )  # fmt: skip
        panels[0, column].set_title(title)
        for panel in panels[:, column]:
            panel.grid(visible=False)
            panel.set(xlabel=f"{across}  (μm)", ylabel=f"{down}  (μm)")
    handles = [Patch(color=colours[phase.label], label=phase.name) for phase in record.phases]
    figure.legend(handles=handles, loc="outside lower center", ncols=count)
    return figure


def _flaws(beside: Beside) -> Figure:
    from matplotlib.figure import Figure

    slices, gains = beside.columns(SLICES), beside.arrays(FLAWS)
    figure = Figure(figsize=(PAGE_INCHES, 3.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    for name, style in zip(("x", "y"), series_styles(2), strict=True):
        left.plot(slices["z_um"], slices[f"shift_{name}_nm"], color=style.colour, ls=style.line, label=name)
    left.set(xlabel="z  (μm)", ylabel="shift  (nm)", title="Drift")
    left.legend(loc="best")
    style = series_styles(1)[0]
    middle.plot(slices["z_um"], slices["gain"], color=style.colour)
    middle.set(xlabel="z  (μm)", ylabel="gain", title="Brightness of the slices")
    columns = gains["curtain_gain_at_bottom"]
    for name, values, style in zip(
        ("columns at the bottom, first slice", "rows: shadow"), (columns[0], gains["shadow_gain"]), series_styles(2),
        strict=True,
    ):  # fmt: skip
        right.plot(values, color=style.colour, ls=style.line, lw=1.0, label=name)
    right.set(xlabel="pixel", ylabel="gain", title="Curtains and shadow")
    right.legend(loc="best")
    return figure


def page(record: TomographySimulateRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    n_z, n_y, n_x = record.shape
    x, y, z = record.voxel_nm
    phases = Table(
        "Phases", [("Phase", ""), ("Label", ""), ("Shape", ""), ("Grey", ""), ("Asked", "%"), ("In the body", "%"),
                   ("At the slices", "%")],
        [
            [
                Cell(phase.name),
                Cell(f"{phase.label}"),
                Cell(phase.role),
                Cell(f"{phase.grey:.3f}"),
                *(Cell(f"{100 * share:.2f}") for share in (phase.asked, phase.in_body, phase.in_slices)),
            ]
            for phase in record.phases
        ],
    )  # fmt: skip
    flaws = Table("Flaws of the pictures", [("Flaw", ""), ("Strength, 0 for none", "")])
    for name, value in record.flaws.items():
        numbers = value if isinstance(value, list) else [value]
        flaws.rows.append([Cell(_FLAWS[name]), Cell(", ".join(plain(number) for number in numbers))])
    return Page(
        eyebrow="Simulated tomography",
        title=f"FIB stack of {record.sample}",
        facts=[
            ("Stack", f"{n_z} slices of {n_x} × {n_y} pixels"),
            ("Voxel", f"{x:g} × {y:g} × {z:g} nm"),
            ("Porosity", f"{100 * record.porosity:g} %"),
            ("Seed", f"{record.seed}"),
        ],
        headline=f"Pictures are in {record.files['stack']}, the true phases in {record.files['labels']}",
        warnings=record.warnings,
        sections=[
            Section(
                id="body",
                title="What was made",
                paragraphs=[
                    "Of a field over the voxels that are still free, each phase takes those with the lowest values, as "
                    "many as its share asks for. Fields are distances for particles, coatings and fibres, Gaussian "
                    "random fields for the rest. The body goes on through all its faces. A picture sees the surface of "
                    "a slice, and a little of what lies below."
                ],
                drawings=[(drawings["planes"], "Above: the pictures as a microscope gives them, with drift. "
                                               "Below: the true phases, without.")],
                tables=[phases],
            ),
            Section(
                id="flaws",
                title="What is wrong with the pictures",
                drawings=[(drawings["flaws"], f"The truth of each flaw, as {SLICES} and {FLAWS} hold it.")],
                tables=[flaws],
            ),
        ],
        citations=record.citations,
        provenance=record.provenance,
        n_series=2,
    )  # fmt: skip
