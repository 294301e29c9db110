"""The report of `density`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paddlewheel.page.cell_picture import CellPicture, picture_of, read_cell
from paddlewheel.page.drawing import Drawing
from paddlewheel.page.numbers import enumeration, kelvin, measured, percent, plain
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.viewer import cell_view, viewer_scripts
from paddlewheel.page.write import Figures
from paddlewheel.records import Measured
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.density.figures import profile_figure, projection_figure
from paddlewheel.studies.density.record import AXES, GRID, STRUCTURE, DensityRecord
from paddlewheel.studies.density.view import ION_COLOUR, polyhedra, view_data, view_figure
from paddlewheel.studies.motion.page import facts
from paddlewheel.units import BOLTZMANN_eV_PER_K

_NAMES = {"1D": "any direction", "2D": "two directions", "3D": "three directions"}
_BADGES = {"ok": ("ok", "known"), "not-visited": ("not-diffusive", "never visited"),
           "not-converged": ("too-short", "not converged")}  # fmt: skip


def figures(record: DensityRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    grid, ion = beside.arrays(GRID), record.specie or ""
    density, picture = _density(grid), _picture(record, beside)
    shown = {
        "view": (
            view_figure(picture, polyhedra(picture), density, level=record.isosurfaces[-1].level_per_A3),
            f"{ion} density of {record.formula} with the anions as polyhedra.",
        ),
        "projections": (
            projection_figure(density, cell_A=np.array(record.mean_cell_A), centres=_centres_by_kind(grid), specie=ion),
            f"{ion} density seen along a, b and c.",
        ),
    }
    if record.free_energy is not None and (paths := _paths(record, beside)):
        shown["free_energy"] = (
            profile_figure(paths, record.free_energy.barriers, specie=ion),
            "Free energy along the paths of each direction.",
        )
    return shown


def page(record: DensityRecord, beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    caption = (
        "Integrated along each cell vector over the plane of the other two; marks: mean centres of the framework's "
        "anions. One colour scale for all three."
    )
    return Page(
        eyebrow="density of mobile ions",
        title=f"{record.specie} density of {record.formula}",
        facts=[*facts(record), ("Ions", str(record.n_ions)), ("Smoothing", f"{record.smoothing_A:g} Å")],
        headline=_headline(record),
        tone="good" if record.free_energy is None or _along_axes(record, known=True) else "none",
        numbers=_numbers(record),
        warnings=record.warnings,
        sections=[
            _view_section(record, beside, drawings["view"]),
            Section(
                id="projections",
                title="Projections",
                drawings=[(drawings["projections"], caption)],
            ),
            _free_energy_section(record, drawings.get("free_energy")),
            Section(id="levels", title="Levels", tables=[_iso_table(record)]),
            Section(id="runs", title="Runs and grid", tables=[_grid_table(record), _run_table(record)]),
        ],
        citations=record.citations,
        provenance=record.provenance,
        n_series=max(1, len(_paths(record, beside))),
        scripts=viewer_scripts("density.js"),
    )


def _density(grid: dict[str, np.ndarray]) -> np.ndarray:
    return grid["density_per_A3"].astype(float)


def _picture(record: DensityRecord, beside: Beside) -> CellPicture:
    grid, ion = beside.arrays(GRID), record.specie or ""
    if "framework_symbols" not in grid:  # written by an earlier version
        return read_cell(beside.file(STRUCTURE) or Path(STRUCTURE), specie=ion)
    from ase import Atoms

    symbols, places = grid["framework_symbols"].tolist(), grid["framework_positions_A"]
    return picture_of(Atoms(symbols, positions=places, cell=grid["cell_A"], pbc=True), specie=ion)


def _paths(record: DensityRecord, beside: Beside) -> dict[str, Columns]:
    files = {axis: record.files.get(f"path_{axis}") for axis in AXES}
    return {axis: beside.columns(file) for axis, file in files.items() if file is not None}


def _centres_by_kind(grid: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    kinds, centres = grid["framework_kinds"], grid["framework_centres_fractional"]
    return {kind: centres[kinds == kind] for kind in sorted(set(kinds.tolist()), key=lambda name: (-len(name), name))}


def _view_section(record: DensityRecord, beside: Beside, still: Drawing) -> Section:
    density, picture = _density(beside.arrays(GRID)), _picture(record, beside)
    shapes, level = polyhedra(picture), record.isosurfaces[-1].level_per_A3
    data = view_data(picture, shapes, density, lowest=min(level, 0.02 * float(density.max())))
    low, high = data["density"]["low"], data["density"]["high"]
    start = 1000 * np.log(max(level, low) / low) / np.log(high / low)
    legend = [(f"{record.specie}, surface of equal density", ION_COLOUR, "")]
    legend += [(f"{shape.name} (hull of its atoms)", shape.colour, "") for shape in shapes]
    legend += [(symbol, picture.colours[symbol], "") for symbol in picture.counts]
    smoothing = f"smoothed by a Gaussian of {record.smoothing_A:g} Å" if record.smoothing_A else "not smoothed"
    return Section(
        id="cell",
        title="Where the ions are",
        paragraphs=[
            f"Number density of {record.specie} in the mean cell, {smoothing}. The level has the unit Å⁻³ (ions per "
            f"cubic ångström). The grid here is thinned to {' × '.join(map(str, data['density']['shape']))} points; "
            "CHGCAR, density.cube and density.vti hold all of them. Anions stand as in the first frame, at their mean "
            "centres."
        ],
        html=cell_view(still, data, legend=legend, level_start=int(np.clip(start, 0, 1000))),
    )


def _free_energy_section(record: DensityRecord, profiles: Drawing | None) -> Section:
    if record.free_energy is None:
        return Section(id="free-energy", title="Free energy",
                       paragraphs=["Not asked for: it needs the temperature of the runs (--temperature)."])  # fmt: skip
    found = record.free_energy
    said = (
        f"F = −kT ln(p/p_max) at {kelvin(record.temperature_K or 0.0)}. The barrier is the lowest F up to which the "
        "region must be filled before it connects to its own periodic image. The statistics reach up to "
        f"{plain(found.floor_eV)} eV: three visits of {plain(found.frames_per_visit, 2)} frames each; what lies higher "
        "is not known. Errors: the larger of two delete-one jackknives, over stretches of time and over groups of ions."
    )
    drawings = []
    if profiles is not None:
        drawings = [(profiles, "Along the path of least resistance below the barrier. Band: barrier and its standard "
                     "error; dashed: the barrier is not converged.")]  # fmt: skip
    return Section(
        id="free-energy",
        title="Free energy and paths",
        paragraphs=[said],
        drawings=drawings,
        tables=[_barrier_table(record), _sensitivity_table(record)],
    )


def _barrier_table(record: DensityRecord) -> Table:
    table = Table(
        "Barriers by direction",
        [("Direction", ""), ("Status", ""), ("Barrier", "eV"), ("In kT", ""), ("Winding", "a b c"), ("Path", "Å"),
         ("Highest point", "fractional")],
    )  # fmt: skip
    assert record.free_energy is not None
    kT = BOLTZMANN_eV_PER_K * (record.temperature_K or 0.0)
    for barrier in record.free_energy.barriers:
        status, words = _BADGES[barrier.status]
        value, ratio = Cell(measured(barrier.barrier_eV)), Cell("–")
        if barrier.barrier_eV is not None:
            ratio = Cell(plain(barrier.barrier_eV.value / kT, 2))
        elif barrier.at_least_eV is not None:
            value, ratio = (
                Cell(f"> {plain(barrier.at_least_eV)}", "95 %"),
                Cell(f"> {plain(barrier.at_least_eV / kT, 2)}"),
            )
        saddle = " ".join(f"{x:.2f}" for x in barrier.saddle_fractional) if barrier.saddle_fractional else "–"
        winding = " ".join(map(str, barrier.winding)).replace("-", "−") if barrier.winding else "–"
        table.rows.append(
            [Cell(_direction(barrier.direction)), Cell(words, barrier.reason or None, status), value, ratio,
             Cell(winding), Cell(plain(barrier.path_A)), Cell(saddle)]
        )  # fmt: skip
    return table


def _sensitivity_table(record: DensityRecord) -> Table | None:
    assert record.free_energy is not None
    if not record.free_energy.sensitivity:
        return None
    names = (*AXES, *_NAMES)
    table = Table(
        "The same barriers at other smoothings, without errors (a dash: not connected by what was visited)",
        [("Smoothing", "Å"), *((_direction(name), "eV") for name in names)],
    )
    for row in record.free_energy.sensitivity:
        values = [Cell(plain(row.barrier_eV[name])) for name in names]
        table.rows.append([Cell(plain(row.smoothing_A, 2)), *values])
    return table


def _direction(name: str) -> str:
    return _NAMES.get(name, f"along {name}")


def _iso_table(record: DensityRecord) -> Table:
    table = Table("Surfaces of equal density", [("Level", "Å⁻³"), ("Ions inside", "%"), ("Share of the cell", "%")])
    for surface in record.isosurfaces:
        value, std = 100 * surface.ion_share.value, 100 * surface.ion_share.std
        cells = (Cell(measured(Measured(value=value, std=std))), Cell(plain(100 * surface.volume_share)))
        table.rows.append([Cell(plain(surface.level_per_A3)), *cells])
    return table


def _grid_table(record: DensityRecord) -> Table:
    rows = [
        ("Grid", " × ".join(map(str, record.grid))),
        ("Voxel", f"{plain(record.voxel_A3)} Å³"),
        ("Smoothing (standard deviation)", f"{record.smoothing_A:g} Å"),
        ("Integral", f"{record.integral_ions:.6f} {record.specie}"),
        ("Maximum", f"{plain(record.maximum_per_A3)} Å⁻³"),
        ("Samples in a visited voxel", plain(record.samples_per_visited_voxel)),
        ("Largest change of the cell's shape", f"{100 * record.largest_cell_change:.2f} %"),
    ]
    group = record.symmetry
    if group is not None:
        rows += [
            (
                "Averaged over",
                f"{group.symbol} (No. {group.number}), {group.n_operations} operations, from {group.source}",
            ),
            ("Changed by it", f"{percent(group.asymmetry)} of the ions moved"),
            ("Origin in the trajectory's cell", " ".join(f"{x:.4f}" for x in group.origin_fractional)),
        ]
    return Table("Grid", [("", ""), ("", "")], [[Cell(name), Cell(value)] for name, value in rows])


def _run_table(record: DensityRecord) -> Table:
    table = Table("Runs", [("File", ""), ("Frames", ""), ("Length", "ps"), ("Atoms", "")])
    for run in record.trajectories:
        table.rows.append([Cell(run.name), Cell(str(run.n_frames)), Cell(plain(run.length_ps)), Cell(str(run.n_atoms))])
    return table


def _along_axes(record: DensityRecord, *, known: bool) -> list[str]:
    barriers = record.free_energy.barriers if record.free_energy else []
    return [found.direction for found in barriers if found.direction in AXES and (found.status == "ok") is known]


def _headline(record: DensityRecord) -> str:
    if record.free_energy is None:
        surface = record.isosurfaces[-1]
        return (
            f"{percent(surface.ion_share.value)} of {record.specie} are in {plain(100 * surface.volume_share, 2)} % of "
            "the cell."
        )
    known, unknown = _along_axes(record, known=True), _along_axes(record, known=False)
    if not known:
        return f"No way of {record.specie} through the cell is known with certainty from these runs."
    said = f"{record.specie} goes through the cell along {enumeration(known)}"
    return f"{said}; along {enumeration(unknown)} the runs do not tell." if unknown else f"{said}."


def _numbers(record: DensityRecord) -> list[Number]:
    numbers = [
        Number(name=f"Barrier, {_NAMES[barrier.direction]}", value=measured(barrier.barrier_eV), unit="eV",
               note="of the free energy, 68 %")
        for barrier in (record.free_energy.barriers if record.free_energy else ())
        if barrier.barrier_eV is not None and barrier.direction in ("1D", "3D")
    ]  # fmt: skip
    surface = record.isosurfaces[-1]
    numbers.append(
        Number(name=f"Cell that holds {percent(surface.ion_share.value)} of the ions",
               value=plain(100 * surface.volume_share, 2), unit="%",
               note=f"above {plain(surface.level_per_A3)} Å⁻³")
    )  # fmt: skip
    return numbers
