"""The report of `density`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paddlewheel.errors import InputError, writing
from paddlewheel.page.cell_picture import (
    CellPicture,
    read_cell,
)
from paddlewheel.page.drawing import (
    Drawing,
    house_style,
    save_figure,
)
from paddlewheel.page.numbers import (
    enumeration,
    kelvin,
    measured,
    percent,
    plain,
)
from paddlewheel.page.page import (
    Number,
    Page,
    Section,
    asset_script,
    data_url,
    environment,
    json_for_script,
    render_page,
    viewer_scripts,
)
from paddlewheel.page.tables import (
    Cell,
    Table,
)
from paddlewheel.records import (
    read_record,
    write_atomically,
)
from paddlewheel.studies.density.figures import (
    profile_figure,
    projection_figure,
)
from paddlewheel.studies.density.record import DensityRecord
from paddlewheel.studies.density.view import (
    ION_COLOUR,
    Polyhedra,
    polyhedra,
    view_data,
    view_figure,
)

_AXES = ("a", "b", "c")
_NAMES = {"1D": "any direction", "2D": "two directions", "3D": "three directions"}
_BADGES = {"ok": ("ok", "known"), "not-visited": ("not-diffusive", "never visited"),
           "not-converged": ("too-short", "not converged")}  # fmt: skip


def write_density_report(directory: Path) -> Path:
    """Write `report.html` and `figures/` from `result.json` and the files that it names.

    Parameters
    ----------
    directory
        A run directory of `density`.

    Returns
    -------
    Path
        Of `report.html`.

    Raises
    ------
    InputError
        If `result.json` is no density record, or a file that it names is missing or damaged.
    RunDirectoryError
        If the directory cannot be written.
    """
    directory = Path(directory)
    record = read_record(directory / "result.json", DensityRecord, made_by="density")
    density, centres = _read_grid(directory / record.files["density"])
    paths = {axis: _read_path(directory / record.files[f"path_{axis}"]) for axis in _AXES
             if f"path_{axis}" in record.files}  # fmt: skip
    picture = read_cell(directory / record.files["structure"], specie=record.specie or "")
    shapes = polyhedra(picture)
    level = record.isosurfaces[-1].level_per_A3
    folder = directory / "figures"
    with writing(directory), house_style():
        cell_A = np.array(record.mean_cell_A)
        alt = f"{record.specie} density of {record.formula} with the anions as polyhedra."
        still = save_figure(view_figure(picture, shapes, density, level=level), folder, "view", alt)
        figure = projection_figure(density, cell_A=cell_A, centres=_by_kind(centres), specie=record.specie or "")
        projections = save_figure(figure, folder, "projections", f"{record.specie} density seen along a, b and c.")
        profiles = None
        if paths and record.free_energy is not None:
            figure = profile_figure(paths, record.free_energy.barriers, specie=record.specie or "")
            profiles = save_figure(figure, folder, "free_energy", "Free energy along the paths of each direction.")
        sections = [
            _view_section(record, picture, shapes, density, still, folder, level),
            Section(
                id="projections",
                title="Projections",
                drawings=[(projections, "Integrated along each cell vector over the plane of the other two; marks: "
                           "mean centres of the framework's anions. One colour scale for all three.")],
            ),
            _free_energy_section(record, profiles),
            Section(id="levels", title="Levels", tables=[_iso_table(record)]),
            Section(id="runs", title="Runs and grid", tables=[_grid_table(record), _run_table(record)]),
        ]  # fmt: skip
        scripts = [*viewer_scripts("viewer.js"), asset_script("density.js")]
        page = Page(
            eyebrow="density of mobile ions",
            title=f"{record.specie} density of {record.formula}",
            facts=_facts(record),
            headline=_headline(record),
            tone="good" if _known(record) or record.free_energy is None else "none",
            numbers=_numbers(record),
            warnings=record.warnings,
            sections=sections,
            citations=record.citations,
            provenance=record.provenance,
            n_series=max(1, len(paths)),
            scripts=scripts,
        )
        write_atomically(directory / "report.html", render_page(page))
    return directory / "report.html"


def _read_grid(path: Path) -> tuple[np.ndarray, tuple[list[str], np.ndarray]]:
    try:
        with np.load(path) as data:
            kinds = [str(kind) for kind in data["framework_kinds"]]
            return data["density_per_A3"].astype(float), (kinds, data["framework_centres_fractional"])
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"is no density file ({error})", where=path, remedy="run density again") from error


def _read_path(path: Path) -> dict[str, np.ndarray]:
    try:
        data = np.genfromtxt(path, delimiter=",", names=True)
        return {name: data[name] for name in data.dtype.names or ()}
    except (OSError, ValueError) as error:
        raise InputError(f"is no path ({error})", where=path, remedy="run density again") from error


def _by_kind(centres: tuple[list[str], np.ndarray]) -> dict[str, np.ndarray]:
    kinds, where = centres
    return {kind: where[[k == kind for k in kinds]] for kind in sorted(set(kinds), key=lambda k: (-len(k), k))}


def _view_section(
    record: DensityRecord,
    picture: CellPicture,
    shapes: list[Polyhedra],
    density: np.ndarray,
    still: Drawing,
    folder: Path,
    level: float,
) -> Section:
    from markupsafe import Markup

    data = view_data(picture, shapes, density, lowest=min(level, 0.02 * float(density.max())))
    low, high = data["density"]["low"], data["density"]["high"]
    start = 1000 * np.log(max(level, low) / low) / np.log(high / low)
    hulls = [(f"{one.name} (hull of its atoms)", one.colour) for one in shapes]
    html = environment().get_template("density_view.html.j2").render(
        still=data_url(folder / "view.png"),
        alt=still.alt,
        start=int(np.clip(start, 0, 1000)),
        legend=[(f"{record.specie}, surface of equal density", ION_COLOUR), *hulls,
                *((symbol, picture.colours[symbol]) for symbol in picture.counts)],
        data=json_for_script(data),
    )  # fmt: skip
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
        html=Markup(html),
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
    kT = 8.617333262e-5 * (record.temperature_K or 0.0)
    for one in record.free_energy.barriers:
        status, words = _BADGES[one.status]
        value, ratio = Cell(measured(one.barrier_eV)), Cell("–")
        if one.barrier_eV is not None:
            ratio = Cell(plain(one.barrier_eV.value / kT, 2))
        elif one.at_least_eV is not None:
            value, ratio = Cell(f"> {plain(one.at_least_eV)}", "95 %"), Cell(f"> {plain(one.at_least_eV / kT, 2)}")
        saddle = " ".join(f"{x:.2f}" for x in one.saddle_fractional) if one.saddle_fractional else "–"
        winding = " ".join(map(str, one.winding)).replace("-", "−") if one.winding else "–"
        table.rows.append(
            [Cell(_NAMES.get(one.direction, f"along {one.direction}")), Cell(words, one.reason or None, status), value,
             ratio, Cell(winding), Cell(plain(one.path_A)), Cell(saddle)]
        )  # fmt: skip
    return table


def _sensitivity_table(record: DensityRecord) -> Table | None:
    assert record.free_energy is not None
    if not record.free_energy.sensitivity:
        return None
    table = Table(
        "The same barriers at other smoothings, without errors (a dash: not connected by what was visited)",
        [("Smoothing", "Å"), *((_NAMES.get(name, f"along {name}"), "eV") for name in (*_AXES, "1D", "2D", "3D"))],
    )
    for row in record.free_energy.sensitivity:
        values = [Cell(plain(row.barrier_eV[name])) for name in (*_AXES, "1D", "2D", "3D")]
        table.rows.append([Cell(plain(row.smoothing_A, 2)), *values])
    return table


def _iso_table(record: DensityRecord) -> Table:
    table = Table("Surfaces of equal density", [("Level", "Å⁻³"), ("Ions inside", "%"), ("Share of the cell", "%")])
    for one in record.isosurfaces:
        share = one.ion_share.model_copy(update={"value": 100 * one.ion_share.value, "std": 100 * one.ion_share.std})
        table.rows.append([Cell(plain(one.level_per_A3)), Cell(measured(share)), Cell(plain(100 * one.volume_share))])
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
    if record.symmetry is not None:
        one = record.symmetry
        rows += [
            ("Averaged over", f"{one.symbol} (No. {one.number}), {one.n_operations} operations, from {one.source}"),
            ("Changed by it", f"{percent(one.asymmetry)} of the ions moved"),
            ("Origin in the trajectory's cell", " ".join(f"{x:.4f}" for x in one.origin_fractional)),
        ]
    return Table("Grid", [("", ""), ("", "")], [[Cell(name), Cell(value)] for name, value in rows])


def _run_table(record: DensityRecord) -> Table:
    table = Table("Runs", [("File", ""), ("Frames", ""), ("Length", "ps"), ("Atoms", "")])
    for one in record.trajectories:
        table.rows.append([Cell(one.name), Cell(str(one.n_frames)), Cell(plain(one.length_ps)), Cell(str(one.n_atoms))])
    return table


def _facts(record: DensityRecord) -> list[tuple[str, str]]:
    temperature = kelvin(record.temperature_K) if record.temperature_K else "not given"
    return [("Ions", f"{record.n_ions} {record.specie}"), ("Temperature", temperature),
            ("Smoothing", f"{record.smoothing_A:g} Å")]  # fmt: skip


def _known(record: DensityRecord) -> list[str]:
    if record.free_energy is None:
        return []
    return [one.direction for one in record.free_energy.barriers if one.status == "ok" and one.direction in _AXES]


def _headline(record: DensityRecord) -> str:
    if record.free_energy is None:
        surface = record.isosurfaces[-1]
        return (
            f"{percent(surface.ion_share.value)} of {record.specie} are in {plain(100 * surface.volume_share, 2)} % of "
            "the cell."
        )
    known = _known(record)
    unknown = [one.direction for one in record.free_energy.barriers if one.direction in _AXES and one.status != "ok"]
    if not known:
        return f"No way of {record.specie} through the cell is known with certainty from these runs."
    said = f"{record.specie} goes through the cell along {enumeration(known)}"
    return f"{said}; along {enumeration(unknown)} the runs do not tell." if unknown else f"{said}."


def _numbers(record: DensityRecord) -> list[Number]:
    numbers = [
        Number(name=f"Barrier, {_NAMES[one.direction]}", value=measured(one.barrier_eV), unit="eV",
               note="of the free energy, 68 %")
        for one in (record.free_energy.barriers if record.free_energy else ())
        if one.barrier_eV is not None and one.direction in ("1D", "3D")
    ]  # fmt: skip
    surface = record.isosurfaces[-1]
    numbers.append(
        Number(name=f"Cell that holds {percent(surface.ion_share.value)} of the ions",
               value=plain(100 * surface.volume_share, 2), unit="%",
               note=f"above {plain(surface.level_per_A3)} Å⁻³")
    )  # fmt: skip
    return numbers
