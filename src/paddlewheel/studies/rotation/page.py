"""The report of `rotation`."""

from __future__ import annotations

from paddlewheel.page.drawing import Drawing
from paddlewheel.page.numbers import ABSENT, enumeration, measured, percent, plain
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.motion.page import facts
from paddlewheel.studies.rotation.figures import (
    coupling_figure,
    jumps_figure,
    maps_figure,
    memory_figure,
    paper_speed_figure,
    speed_figure,
)
from paddlewheel.studies.rotation.record import MAPS, RelaxationResult, RotationRecord

_Drawn = list[tuple[Drawing, str]]


def figures(record: RotationRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    anions = record.anions

    def tables(name: str) -> dict[str, Columns]:
        """The tables `name` of all anions that have one, by formula."""
        keys = {anion.formula: f"{name} {anion.formula}" for anion in anions}
        return {formula: beside.columns(record.files[key]) for formula, key in keys.items() if key in record.files}

    drawn = {
        "speed": (speed_figure(anions, tables("speed")),
                  "Distribution of the reduced angular velocity beside Maxwell's law."),
        "memory": (memory_figure(anions, tables("memory")),
                   "Orientational autocorrelations, and the squared displacement by rotation, against the time lag."),
        "paper_speed": (paper_speed_figure(record, tables("paper_speed")),
                        "Eq. 5 per time against the interval of the frames: it falls."),
        "jumps": (jumps_figure(anions, tables("jumps")),
                  "Distribution of the jump angles beside that of orientations at random."),
        "maps": (maps_figure(anions, beside.arrays(MAPS)),
                 "Maps of the sphere: where the outer atoms of the anions have been."),
        "coupling": (coupling_figure(anions, tables("coupling")),
                     "Mean turn of the anions around hops of nearby ions, over the null of shifted times."),
    }  # fmt: skip
    return {f"rotation_{name}": (figure, alt) for name, (figure, alt) in drawn.items() if figure is not None}


def page(record: RotationRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    numbers = [
        Number(name=f"{anion.formula} turns at", value=measured(anion.rotation_rad_per_ps), unit="rad/ps",
               note=f"mean of {anion.n_anions} anions")
        for anion in record.anions
    ]  # fmt: skip
    numbers += [
        Number(name=f"{anion.formula} forgets C₁ in", value=_time(anion.relaxation_of("C1 bonds")), unit="ps")
        for anion in record.anions
    ]
    return Page(
        eyebrow="rotation of anions",
        title=f"How the anions of {record.formula} turn",
        facts=facts(record),
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
    for anion in record.anions:
        jumps = anion.jumps
        if jumps.status == "ok":
            parts.append(f"{anion.formula} jumps {measured(jumps.rate_per_ps)} times per ps")
        elif jumps.status == "not-settled":
            parts.append(f"{anion.formula} turns without dwelling")
        elif jumps.status == "no-jumps":
            parts.append(f"{anion.formula} does not jump")
        else:
            parts.append(f"{anion.formula} turns at {measured(anion.rotation_rad_per_ps)} rad/ps")
    found = [anion for anion in record.anions if anion.coupling.status == "ok" and anion.coupling.p_value is not None]
    text = "; ".join(parts) + "."
    if found:
        linked = [anion for anion in found if (anion.coupling.p_value or 0) < 0.05]
        apart = [anion.formula for anion in found if anion not in linked]
        if linked:
            names = enumeration(f"{anion.formula} (p = {plain(anion.coupling.p_value, 2)})" for anion in linked)
            text += f" Turns of {names} and hops of {record.specie} nearby are linked in time."
        if apart:
            text += f" No link between turns of {enumeration(apart)} and hops of {record.specie} is seen."
    return text


def _sections(record: RotationRecord, drawings: dict[str, Drawing]) -> list[Section]:
    def drawn(name: str, caption: str) -> _Drawn:
        name = f"rotation_{name}"
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
    for anion in record.anions:
        found = anion.equipartition
        ratio = ", ".join(measured(axis) for axis in found.ratio) if found.ratio else found.status
        table.rows.append([
            Cell(f"{anion.formula} ({anion.n_anions})"), Cell(", ".join(plain(moment) for moment in anion.inertia_uA2)),
            Cell(measured(anion.rotation_rad_per_ps)), Cell(ratio, found.reason),
            Cell(measured(found.rotational_temperature_K)), Cell(percent(found.bias)),
            Cell(measured(found.excess_kurtosis)), Cell(plain(anion.deviation_A), "from the rigid anion (rms)"),
        ])  # fmt: skip
    return table


def _memory_table(record: RotationRecord) -> Table:
    names = [each.correlation for each in record.anions[0].relaxation]
    table = Table("Relaxation times", [
        ("Anion", ""), *((f"{name[0]}{'₁' if name[1] == '1' else '₂'} of the {name[3:]}", "ps") for name in names),
        ("Displacement by rotation", "Å²"), ("2R²", "Å²"),
    ])  # fmt: skip
    for anion in record.anions:
        cells = [
            Cell(measured(each.time_ps) if each.time_ps else each.status, each.reason) for each in anion.relaxation
        ]
        after = f"after {plain(anion.rotational_msd_lag_ps)} ps"
        table.rows.append([Cell(anion.formula), *cells, Cell(measured(anion.rotational_msd_A2), after),
                           Cell(plain(anion.plateau_msd_A2))])  # fmt: skip
    return table


def _jump_table(record: RotationRecord) -> Table:
    table = Table("Jumps between orientations", [
        ("Anion", ""), ("Jumps", ""), ("Rate per anion", "1/ps"), ("Mean angle", "°"), ("Time settled", ""),
        ("Window", "ps"), ("Uneven map", "nats"),
    ])  # fmt: skip
    for anion in record.anions:
        jumps = anion.jumps
        rate = measured(jumps.rate_per_ps)
        if jumps.upper_rate_per_ps is not None:
            rate = f"< {plain(jumps.upper_rate_per_ps)} (95 %)"
        table.rows.append([
            Cell(anion.formula), Cell(str(jumps.count), jumps.reason), Cell(rate), Cell(measured(jumps.mean_angle_deg)),
            Cell(percent(jumps.settled_share.value) if jumps.settled_share else ABSENT), Cell(plain(jumps.window_ps)),
            Cell(measured(anion.map_information_nats)),
        ])  # fmt: skip
    return table


def _coupling_table(record: RotationRecord) -> Table:
    table = Table("Coupling of turns to hops", [
        ("Anion", ""), ("Hops", ""), ("Excess turn at the hop", "%"), ("Shell", "Å"), ("Largest score", "σ"),
        ("p", ""), ("Window", "ps"),
    ])  # fmt: skip
    for anion in record.anions:
        found = anion.coupling
        excess = shell = ABSENT
        if found.excess_near is not None:
            excess = f"{100 * found.excess_near.value:+.1f} ± {100 * found.excess_near.std:.1f}".replace("-", "−")
        if found.near_A is not None:
            shell = f"{found.near_A[0]:g} to {found.near_A[1]:g}"
        table.rows.append([
            Cell(anion.formula), Cell(str(found.n_hops) if found.status == "ok" else found.status, found.reason),
            Cell(excess), Cell(shell), Cell(plain(found.largest_score)),
            Cell(plain(found.p_value, 2), f"{found.n_shifts} shifts" if found.n_shifts else None),
            Cell(plain(found.window_ps)),
        ])  # fmt: skip
    return table


def _paper_table(record: RotationRecord) -> Table:
    table = Table("Eq. 5", [
        ("Anion", ""), ("Per frame", ""), ("Per time", "1/ps"), ("Rigid anion", "1/ps"), ("R", "Å"),
    ])  # fmt: skip
    for anion in record.anions:
        table.rows.append([
            Cell(anion.formula), Cell(measured(anion.paper_speed_per_frame), f"of {record.frame_interval_fs:g} fs"),
            Cell(measured(anion.paper_speed_per_ps)), Cell(plain(anion.rigid_speed_per_ps)),
            Cell(plain(anion.radius_A), f"{anion.outer_element} to the centre of mass"),
        ])  # fmt: skip
    return table


def _time(found: RelaxationResult) -> str:
    return measured(found.time_ps) if found.time_ps else found.status
