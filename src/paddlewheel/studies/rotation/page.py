"""The report of `rotation`: one HTML file without network, from the record and the files it names."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path

import numpy as np

from paddlewheel.errors import InputError, writing
from paddlewheel.page.drawing import (
    Drawing,
    house_style,
    save_figure,
)
from paddlewheel.page.numbers import (
    ABSENT,
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
    render_page,
)
from paddlewheel.page.tables import (
    Cell,
    Table,
)
from paddlewheel.records import (
    read_record,
    write_atomically,
)
from paddlewheel.records.tables import Columns
from paddlewheel.studies.rotation.figures import (
    coupling_figure,
    jumps_figure,
    maps_figure,
    memory_figure,
    paper_speed_figure,
    speed_figure,
)
from paddlewheel.studies.rotation.record import (
    RotationRecord,
    TurningAnion,
)

_Drawn = list[tuple[Drawing, str]]


def write_rotation_report(directory: Path) -> Path:
    """Write `report.html` and `figures/` of a run directory of `rotation`, and return the path of the report.

    Raises
    ------
    InputError
        If `result.json` is no such record, or a file that it names is missing or damaged.
    RunDirectoryError
        If the directory cannot be written.
    """
    directory = Path(directory)
    record = read_record(directory / "result.json", RotationRecord, made_by="rotation")
    maps = _read_maps(directory / record.files["maps"])
    path = directory / "report.html"
    with writing(path), house_style():
        page = _page(record, _draw(record, directory, maps))
        write_atomically(path, render_page(page))
    return path


def _draw(record: RotationRecord, directory: Path, maps: dict[str, np.ndarray]) -> dict[str, Drawing]:
    save = partial(save_figure, folder=directory / "figures")
    anions = record.anions
    figures = {
        "speed": (speed_figure(anions, _read(record, directory, "speed")),
                  "Distribution of the reduced angular velocity beside Maxwell's law."),
        "memory": (memory_figure(anions, _read(record, directory, "memory")),
                   "Orientational autocorrelations, and the squared displacement by rotation, against the time lag."),
        "paper_speed": (paper_speed_figure(record, _read(record, directory, "paper_speed")),
                        "Eq. 5 per time against the interval of the frames: it falls."),
        "jumps": (jumps_figure(anions, _read(record, directory, "jumps")),
                  "Distribution of the jump angles beside that of orientations at random."),
        "maps": (maps_figure(anions, maps), "Maps of the sphere: where the outer atoms of the anions have been."),
        "coupling": (coupling_figure(anions, _read(record, directory, "coupling")),
                     "Mean turn of the anions around hops of nearby ions, over the null of shifted times."),
    }  # fmt: skip
    return {
        name: save(figure, name=f"rotation_{name}", alt=alt)
        for name, (figure, alt) in figures.items()
        if figure is not None
    }


def _page(record: RotationRecord, drawings: dict[str, Drawing]) -> Page:
    lengths = enumeration(f"{plain(one.length_ps)} ps" for one in record.trajectories)
    facts = [
        ("Trajectories", enumeration(one.name for one in record.trajectories)),
        ("Length", lengths),
        ("Frame interval", f"{record.frame_interval_fs:g} fs"),
        ("Temperature", ABSENT if record.temperature_K is None else kelvin(record.temperature_K)),
    ]
    numbers = [
        Number(name=f"{one.formula} turns at", value=measured(one.rotation_rad_per_ps), unit="rad/ps",
               note=f"mean of {one.n_anions} anions")
        for one in record.anions
    ]  # fmt: skip
    numbers += [
        Number(name=f"{one.formula} forgets C₁ in", value=_time(one, "C1 bonds"), unit="ps") for one in record.anions
    ]
    return Page(
        eyebrow="rotation of anions",
        title=f"How the anions of {record.formula} turn",
        facts=facts,
        headline=_headline(record),
        numbers=numbers,
        warnings=record.warnings,
        sections=_sections(record, drawings),
        citations=record.citations,
        provenance=record.provenance,
        n_series=max(1, len(record.anions), 4),
    )


def _headline(record: RotationRecord) -> str:
    parts = []
    for one in record.anions:
        jumps = one.jumps
        if jumps.status == "ok":
            parts.append(f"{one.formula} jumps {measured(jumps.rate_per_ps)} times per ps")
        elif jumps.status == "not-settled":
            parts.append(f"{one.formula} turns without dwelling")
        elif jumps.status == "no-jumps":
            parts.append(f"{one.formula} does not jump")
        else:
            parts.append(f"{one.formula} turns at {measured(one.rotation_rad_per_ps)} rad/ps")
    found = [one for one in record.anions if one.coupling.status == "ok" and one.coupling.p_value is not None]
    text = "; ".join(parts) + "."
    if found:
        linked = [one for one in found if (one.coupling.p_value or 0) < 0.05]
        apart = [one.formula for one in found if one not in linked]
        if linked:
            names = enumeration(f"{one.formula} (p = {plain(one.coupling.p_value, 2)})" for one in linked)
            text += f" Turns of {names} and hops of {record.specie} nearby are linked in time."
        if apart:
            text += f" No link between turns of {enumeration(apart)} and hops of {record.specie} is seen."
    return text


def _sections(record: RotationRecord, drawings: dict[str, Drawing]) -> list[Section]:
    def drawn(name: str, caption: str) -> _Drawn:
        return [(drawings[name], caption)] if name in drawings else []

    return [
        Section(
            id="speed", title="Speed and equipartition",
            paragraphs=["Angular velocities come from the rotation between two frames, in the axes of the body. "
                        "Averaging over that interval lowers their mean square by the share given as bias; the "
                        "ratios to kT are extrapolated to no interval. In equilibrium they are 1 about every axis."],
            drawings=drawn("speed", "Angular velocity in units of its thermal one, as seen at the frame interval."),
            tables=[_speed_table(record)],
        ),
        Section(
            id="memory", title="Memory",
            paragraphs=["C₁ and C₂ of the bonds are means over the vectors from the centre of mass to the outer atoms; "
                        "of the body, over vectors fixed in the anion in all directions. A relaxation time is the area "
                        "under its correlation."],
            drawings=drawn("memory", "Bands: two standard errors from the spread over the anions."),
            tables=[_memory_table(record)],
        ),
        Section(
            id="jumps", title="Jumps",
            paragraphs=["Orientations are averaged over a window; a jump leads from one orientation in which the anion "
                        "settles to another at least 40° away (shaded: not counted)."],
            drawings=drawn("jumps", "Angles between the mean orientations before and after each jump."),
            tables=[_jump_table(record)],
        ),
        Section(
            id="maps", title="Where the outer atoms have been",
            paragraphs=["In the frame of the lattice: centre of the map along a, b in the plane of the equator, north "
                        "perpendicular to both. Mean over the anions of a kind; each of them alone is in maps.npz."],
            drawings=drawn("maps", "Equal-area (Mollweide) maps; 1 is an anion in all orientations alike."),
        ),
        Section(
            id="coupling", title="Turns and hops",
            paragraphs=[f"How far an anion turns within a window around the hop of a {record.specie or 'mobile'} ion, "
                        "by its distance at the hop, against the same record with the times of all turns shifted "
                        "circularly. The p-value is that of the largest score over all shells and lags together. A "
                        "link in time is no proof of a cause."],
            drawings=drawn("coupling", "Bars: spread of the null under shifts of the time."),
            tables=[_coupling_table(record)],
        ),
        Section(
            id="paper-speed", title="Rotation speed of the paper (eq. 5)",
            paragraphs=["Eq. 5 is the mean distance that an atom moves from frame to frame, over the radius of the "
                        "anion. It depends on how often frames were written, and it counts the vibrations of the "
                        "atoms as rotation: compare it only between runs of the same frame interval."],
            drawings=drawn("paper_speed", "The same runs, read with every frame, every second, ...: eq. 5 per time."),
            tables=[_paper_table(record)],
        ),
    ]  # fmt: skip


def _speed_table(record: RotationRecord) -> Table:
    table = Table("Angular velocity and equipartition", [
        ("Anion", ""), ("Moments of inertia", "u Å²"), ("Mean |ω|", "rad/ps"), ("⟨L²/I⟩ / kT", ""),
        ("Temperature of rotation", "K"), ("Bias of the interval", ""), ("Excess kurtosis", ""), ("Deviation", "Å"),
    ])  # fmt: skip
    for one in record.anions:
        found = one.equipartition
        ratio = ", ".join(measured(axis) for axis in found.ratio) if found.ratio else found.status
        table.rows.append([
            Cell(f"{one.formula} ({one.n_anions})"), Cell(", ".join(plain(moment) for moment in one.inertia_uA2)),
            Cell(measured(one.rotation_rad_per_ps)), Cell(ratio, found.reason),
            Cell(measured(found.rotational_temperature_K)), Cell(percent(found.bias)),
            Cell(measured(found.excess_kurtosis)), Cell(plain(one.deviation_A), "from the rigid anion (rms)"),
        ])  # fmt: skip
    return table


def _memory_table(record: RotationRecord) -> Table:
    names = [each.correlation for each in record.anions[0].relaxation]
    table = Table("Relaxation times", [
        ("Anion", ""), *((f"{name[0]}{'₁' if name[1] == '1' else '₂'} of the {name[3:]}", "ps") for name in names),
        ("Displacement by rotation", "Å²"), ("2R²", "Å²"),
    ])  # fmt: skip
    for one in record.anions:
        cells = [Cell(measured(each.time_ps) if each.time_ps else each.status, each.reason) for each in one.relaxation]
        after = f"after {plain(one.rotational_msd_lag_ps)} ps"
        table.rows.append([Cell(one.formula), *cells, Cell(measured(one.rotational_msd_A2), after),
                           Cell(plain(one.plateau_msd_A2))])  # fmt: skip
    return table


def _jump_table(record: RotationRecord) -> Table:
    table = Table("Jumps between orientations", [
        ("Anion", ""), ("Jumps", ""), ("Rate per anion", "1/ps"), ("Mean angle", "°"), ("Time settled", ""),
        ("Window", "ps"), ("Uneven map", "nats"),
    ])  # fmt: skip
    for one in record.anions:
        jumps = one.jumps
        rate = measured(jumps.rate_per_ps)
        if jumps.upper_rate_per_ps is not None:
            rate = f"< {plain(jumps.upper_rate_per_ps)} (95 %)"
        table.rows.append([
            Cell(one.formula), Cell(str(jumps.count), jumps.reason), Cell(rate), Cell(measured(jumps.mean_angle_deg)),
            Cell(percent(jumps.settled_share.value) if jumps.settled_share else ABSENT), Cell(plain(jumps.window_ps)),
            Cell(measured(one.map_information_nats)),
        ])  # fmt: skip
    return table


def _coupling_table(record: RotationRecord) -> Table:
    table = Table("Coupling of turns to hops", [
        ("Anion", ""), ("Hops", ""), ("Excess turn at the hop", "%"), ("Shell", "Å"), ("Largest score", "σ"),
        ("p", ""), ("Window", "ps"),
    ])  # fmt: skip
    for one in record.anions:
        found = one.coupling
        excess = shell = ABSENT
        if found.excess_near is not None:
            excess = f"{100 * found.excess_near.value:+.1f} ± {100 * found.excess_near.std:.1f}".replace("-", "−")
        if found.near_A is not None:
            shell = f"{found.near_A[0]:g} to {found.near_A[1]:g}"
        table.rows.append([
            Cell(one.formula), Cell(str(found.n_hops) if found.status == "ok" else found.status, found.reason),
            Cell(excess), Cell(shell), Cell(plain(found.largest_score)),
            Cell(plain(found.p_value, 2), f"{found.n_shifts} shifts" if found.n_shifts else None),
            Cell(plain(found.window_ps)),
        ])  # fmt: skip
    return table


def _paper_table(record: RotationRecord) -> Table:
    table = Table("Eq. 5", [
        ("Anion", ""), ("Per frame", ""), ("Per time", "1/ps"), ("Rigid anion", "1/ps"), ("R", "Å"),
    ])  # fmt: skip
    for one in record.anions:
        table.rows.append([
            Cell(one.formula), Cell(measured(one.paper_speed_per_frame), f"of {record.frame_interval_fs:g} fs"),
            Cell(measured(one.paper_speed_per_ps)), Cell(plain(one.rigid_speed_per_ps)),
            Cell(plain(one.radius_A), f"{one.outer_element} to the centre of mass"),
        ])  # fmt: skip
    return table


def _time(one: TurningAnion, name: str) -> str:
    found = next(each for each in one.relaxation if each.correlation == name)
    return measured(found.time_ps) if found.time_ps else found.status


def _read(record: RotationRecord, directory: Path, name: str) -> dict[str, Columns]:
    """The tables `name` of all anions that have one, by formula."""
    return {
        one.formula: _read_table(directory / record.files[f"{name} {one.formula}"])
        for one in record.anions
        if f"{name} {one.formula}" in record.files
    }


def _read_table(path: Path) -> Columns:
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            header, *rows = list(csv.reader(stream))
        values = np.array([[float(cell) if cell else np.nan for cell in row] for row in rows]).reshape(-1, len(header))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({error})", where=path, remedy="run rotation again") from error
    return {name: values[:, column] for column, name in enumerate(header)}


def _read_maps(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return dict(archive)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({error})", where=path, remedy="run rotation again") from error
