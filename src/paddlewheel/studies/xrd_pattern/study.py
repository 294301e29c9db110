"""`xrd pattern`: calculated powder patterns of structures and of trajectories."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from pydantic import model_validator

from paddlewheel.errors import SettingsError
from paddlewheel.foreign import compression
from paddlewheel.lab.xrd.atoms_phase import formula_of, warnings_of_phases
from paddlewheel.lab.xrd.instrument import shown, tube
from paddlewheel.lab.xrd.moving import MovingAtoms, average_structure_factors, fold
from paddlewheel.lab.xrd.pattern import Geometry, Pattern, Radiation
from paddlewheel.lab.xrd.phase import Phase, d_spacing_A
from paddlewheel.lab.xrd.structure_factors import (
    density_g_per_cm3,
    mass_absorption_cm2_per_g,
    mu_per_cm,
    read_phase,
    reflections,
)
from paddlewheel.records import Citation
from paddlewheel.records.tables import Columns, stacked
from paddlewheel.studies.laboratory.xrd import XrdSettings, needs_radiation
from paddlewheel.studies.motion.runs import MotionRuns, open_runs
from paddlewheel.studies.motion.settings import TrajectorySettings
from paddlewheel.studies.xrd_pattern.lines import Lines, curve, lorentz_polarization, merged_signs
from paddlewheel.studies.xrd_pattern.record import (
    CURVES,
    LINES,
    OBSERVED,
    CalculatedPattern,
    PatternLine,
    XrdPatternRecord,
)
from paddlewheel.study.run import Run
from paddlewheel.study.settings import Integers, setting
from paddlewheel.study.study import Argument, Study
from paddlewheel.trajectories import Trajectory

_TRAJECTORIES = (".npz", ".dump", ".lammpstrj", ".traj", ".h5md", ".h5", ".zarr", ".xtc", ".trr", ".nc", ".dcd")
_USUAL_CU_DEG = (5.0, 90.0)
_POINTS = 6000
_STRONGEST = 20
_CITATIONS = (
    Citation(what="form factors", reference="Waasmaier, Kirfel, Acta Cryst. A51, 416 (1995)",
             doi="10.1107/S0108767394013292"),
    Citation(what="bonded hydrogen", reference="Stewart, Davidson, Simpson, J. Chem. Phys. 42, 3175 (1965)"),
    Citation(what="anomalous dispersion", reference="Chantler, J. Phys. Chem. Ref. Data 29, 597 (2000)",
             doi="10.1063/1.1321055"),
    Citation(what="symmetry and CIF", reference="Wojdyr, J. Open Source Softw. 7, 4200 (2022)",
             doi="10.21105/joss.04200"),
)  # fmt: skip
STRUCTURES = Argument(
    name="structures",
    metavar="STRUCTURE...",
    help="structure files, built-in phases (o-nbh, nabh4, lab6, ...), trajectories or run directories of `conduct`",
    many=True,
    annotation="str | Path | paddlewheel.lab.xrd.phase.Phase | Trajectory"
    " | Sequence[str | Path | paddlewheel.lab.xrd.phase.Phase | Trajectory]",
)


class XrdPatternSettings(XrdSettings, TrajectorySettings):
    """Settings of `xrd pattern`."""

    observed: str | Path | None = setting(None, "A measured powder pattern to lay beside the calculated ones.")
    fwhm_deg: float = setting(0.1, "Full width of all lines at half height, degrees; 0 for sticks alone.", ge=0, le=10)
    b_iso_A2: float | None = setting(
        None, "B of every atom of structures, A^2, over what their files say; 0 for none.", ge=0, le=60
    )
    small_cells: Integers = setting(
        (1, 1, 1), "Small cells that the cell of a trajectory holds along a, b and c: 2,2,2.", each=(1, 100)
    )
    most_frames: int = setting(200, "Frames of a trajectory that are averaged, evenly spaced.", ge=2, le=100_000)

    @model_validator(mode="after")
    def _three_numbers(self) -> Self:
        if len(self.small_cells) != 3:
            raise SettingsError(f"{len(self.small_cells)} numbers", where="small_cells", remedy="give three: 2,2,2")
        return self


Structures = str | Path | Phase | Trajectory | Sequence[str | Path | Phase | Trajectory]


@dataclass(frozen=True, kw_only=True)
class PatternInputs:
    """Phases and trajectories by their names, and under what they are looked at."""

    given: dict[str, Phase | MotionRuns]
    radiation: Radiation
    geometry: Geometry
    range_deg: tuple[float, float]
    observed: Pattern | None

    def document(self) -> dict[str, Any]:
        """What was resolved, and everything given by its content."""
        return {
            "radiation": shown(self.radiation),
            "polarization_k": self.radiation.monochromator_cos2,
            "geometry": self.geometry,
            "two_theta_deg": list(self.range_deg),
            "structures": {name: _contents(each) for name, each in self.given.items()},
            "observed_points": None if self.observed is None else _digest(
                self.observed.two_theta_deg, self.observed.intensity
            ),
        }  # fmt: skip


def _contents(given: Phase | MotionRuns) -> Any:
    if isinstance(given, MotionRuns):
        return given.document("name", "n_frames", "n_atoms", "sha256")
    radii = np.zeros(0) if given.shell_radius_A is None else given.shell_radius_A
    return _digest(given.cell, given.fractional, given.occupancy, given.b_iso_A2, radii, " ".join(given.elements))


def _digest(*parts: np.ndarray | str) -> str:
    # nine digits: what a library adds in another order on another machine is no other structure
    texts = [part if isinstance(part, str) else " ".join(f"{x + 0.0:.9f}" for x in part.ravel()) for part in parts]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def _opens(structures: Structures, settings: XrdPatternSettings) -> PatternInputs:
    sources = [structures] if isinstance(structures, str | Path | Phase | Trajectory) else list(structures)
    given: dict[str, Phase | MotionRuns] = {}
    for source in sources:
        found = _read(source, settings)
        name = found.name if isinstance(found, Phase) else Path(found.runs[0].source).name or str(source)
        if isinstance(found, MotionRuns) and isinstance(source, str | Path):
            name = Path(source).name
        while name in given:
            name += "'"
        given[name] = found
    if not given:
        raise SettingsError("no structure", where="structures", remedy="give a structure, a name or a trajectory")
    observed = None if settings.observed is None else settings.read(settings.observed)[0]
    radiation = settings.given_radiation()[0]
    if radiation is None:
        card = settings.instrument_card()
        by_card = None if card is None else card.radiation
        radiation = by_card or tube("Cu") if observed is None else needs_radiation(observed)
    if settings.monochromator_deg is not None:
        cos2 = float(np.cos(np.radians(settings.monochromator_deg)) ** 2)
        radiation = replace(radiation, monochromator_cos2=cos2)
    usual: Geometry = "bragg-brentano" if radiation.monochromator_cos2 else "debye-scherrer"
    geometry = settings.geometry or (observed.geometry if observed else None) or usual
    return PatternInputs(
        given=given, radiation=radiation, geometry=geometry, range_deg=_range(settings, observed, radiation),
        observed=observed,
    )  # fmt: skip


def _read(source: str | Path | Phase | Trajectory, settings: XrdPatternSettings) -> Phase | MotionRuns:
    if isinstance(source, Phase):
        return source
    if isinstance(source, Trajectory) or _is_trajectory(Path(source), settings):
        return open_runs(source, settings)
    phase = read_phase(source)
    if settings.b_iso_A2 is None:
        return phase
    kept = tuple(line for line in phase.warnings if "B = " not in line)
    return replace(phase, b_iso_A2=np.full(len(phase.elements), settings.b_iso_A2), warnings=kept)


def _is_trajectory(path: Path, settings: XrdPatternSettings) -> bool:
    """Folders, and files by their names: a structure and the first frame of a run look alike."""
    name = path.name.lower()
    if path.is_file() and compression(path):
        name = Path(name).stem
    many = name.endswith((".xyz", ".extxyz")) and settings.frame_interval_fs is not None
    return path.is_dir() or many or name.startswith(("xdatcar", "vasprun")) or name.endswith(_TRAJECTORIES)


def _range(settings: XrdPatternSettings, observed: Pattern | None, radiation: Radiation) -> tuple[float, float]:
    """What is given, that of the measured pattern, or what 5 to 90 degrees of Cu Ka are at this wavelength."""
    if settings.two_theta_range_deg:
        low, high = settings.two_theta_range_deg
        return max(low, 0.1), min(high, 179.0)
    if observed is not None:
        return float(observed.two_theta_deg[0]), float(observed.two_theta_deg[-1])
    ratio = radiation.wavelength_A / tube("Cu").wavelength_A
    sines = np.clip(np.sin(np.radians(np.array(_USUAL_CU_DEG) / 2)) * ratio, 0, np.sin(np.radians(85)))
    low, high = np.round(2 * np.degrees(np.arcsin(sines)), 1)
    return float(low), float(high)


@dataclass(frozen=True, kw_only=True)
class _Made:
    pattern: CalculatedPattern
    lines: Lines
    intensity: np.ndarray
    bragg: np.ndarray
    diffuse: np.ndarray
    warnings: list[str]


def _measures(inputs: PatternInputs, settings: XrdPatternSettings, run: Run) -> XrdPatternRecord:
    low, high = inputs.range_deg
    angles = np.linspace(low, high, _POINTS)
    made = []
    for name, given in inputs.given.items():
        if isinstance(given, Phase):
            made.append(_of_phase(name, given, inputs, settings, angles))
        else:
            made.append(_of_runs(name, given, inputs, settings, angles))
    files = {
        "reflections": run.table(LINES, _line_columns(made, inputs.radiation)),
        "patterns": run.table(CURVES, _curves(made, angles)),
    }
    phases = {name: given for name, given in inputs.given.items() if isinstance(given, Phase)}
    warnings = warnings_of_phases((name, phase.warnings) for name, phase in phases.items())
    warnings += [line for each in made for line in each.warnings]
    if inputs.observed is not None:
        files["observed"] = run.table(
            OBSERVED, {"two_theta_deg": inputs.observed.two_theta_deg, "intensity": inputs.observed.intensity}
        )
        warnings += list(inputs.observed.warnings)
    return XrdPatternRecord(
        radiation=shown(inputs.radiation),
        wavelength_A=inputs.radiation.wavelength_A,
        polarization_k=inputs.radiation.monochromator_cos2,
        geometry=inputs.geometry,
        two_theta_range_deg=inputs.range_deg,
        fwhm_deg=settings.fwhm_deg,
        observed=None if inputs.observed is None else inputs.observed.name,
        patterns=[each.pattern for each in made],
        files=files,
        warnings=list(dict.fromkeys(warnings)),
        citations=list(_CITATIONS),
        provenance=run.provenance(),
    )


def _d_range_A(inputs: PatternInputs) -> tuple[float, float]:
    sines = np.sin(np.radians(np.array(inputs.range_deg) / 2))
    largest_A, smallest_A = inputs.radiation.wavelength_A / 2 / sines
    return float(smallest_A), float(largest_A)


def _of_phase(
    name: str, phase: Phase, inputs: PatternInputs, settings: XrdPatternSettings, angles: np.ndarray
) -> _Made:
    smallest_A, largest_A = _d_range_A(inputs)
    # Ka2 of a line beyond the end may lie inside
    shortest = min(wavelength for wavelength, _ in inputs.radiation.lines) / inputs.radiation.wavelength_A
    found = reflections(phase, inputs.radiation, smallest_A * shortest)
    d_A = d_spacing_A(found.hkl, phase.cell)
    lines = Lines(
        hkl=found.hkl, d_A=d_A, multiplicity=found.multiplicity, squared=found.structure_factor_squared,
        diffuse=np.zeros(len(d_A)),
    ).of((d_A <= largest_A * 1.000001) & (d_A >= smallest_A * 0.999999))  # fmt: skip
    elements = np.array(phase.elements)
    means = {
        element: float(np.average(phase.b_iso_A2[elements == element], weights=phase.occupancy[elements == element]))
        for element in dict.fromkeys(phase.elements)
    }
    return _made(
        name, lines, inputs, settings, angles, smear_deg=0.0, warnings=[],
        of="structure", formula=phase.formula, space_group=phase.space_group, cell=phase.cell.tolist(),
        density_g_per_cm3=density_g_per_cm3(phase), b_iso_A2=means,
        mass_absorption_cm2_per_g=mass_absorption_cm2_per_g(phase, inputs.radiation.wavelength_A),
        mu_per_cm=mu_per_cm(phase, inputs.radiation.wavelength_A),
    )  # fmt: skip


def _of_runs(
    name: str, runs: MotionRuns, inputs: PatternInputs, settings: XrdPatternSettings, angles: np.ndarray
) -> _Made:
    smallest_A, largest_A = _d_range_A(inputs)
    each = [
        average_structure_factors(
            trajectory, wavelength_A=inputs.radiation.wavelength_A, d_min_A=smallest_A, most_frames=settings.most_frames
        )
        for trajectory in runs.runs
    ]
    moving, a, b, c = _mean_of(each), *settings.small_cells
    small, rest = fold(moving, (a, b, c))
    # one kind of intensity for both: that of a small cell, for every reflection that the large cell has of it
    n_cells = a * b * c
    lines = merged_signs(small.hkl, small.cell, small.bragg, small.diffuse)
    others = merged_signs(rest.hkl, rest.cell, rest.bragg / n_cells**2, rest.diffuse / n_cells**2)
    lines, others = (found.of(found.d_A <= largest_A * 1.000001) for found in (lines, others))
    phase = _mean_phase(name, runs, small.cell, n_cells)
    gap_A = 1 / moving.cell[:3].max()  # the diffuse part is known only at the large cell's reflections
    middle = np.radians(sum(inputs.range_deg) / 4)
    smear_deg = float(np.degrees(inputs.radiation.wavelength_A * gap_A / np.cos(middle)))
    symbols = dict.fromkeys(runs.runs[0].symbols)
    return _made(
        name, lines, inputs, settings, angles, smear_deg=smear_deg, others=others, warnings=list(runs.warnings),
        of="trajectory", formula=phase.formula, space_group=None, cell=small.cell.tolist(),
        density_g_per_cm3=density_g_per_cm3(phase), temperature_K=runs.temperature_K, n_frames=moving.n_frames,
        b_iso_A2={element: moving.b_iso_A2[element] for element in symbols},
        mass_absorption_cm2_per_g=mass_absorption_cm2_per_g(phase, inputs.radiation.wavelength_A),
        mu_per_cm=mu_per_cm(phase, inputs.radiation.wavelength_A),
    )  # fmt: skip


def _mean_of(each: list[MovingAtoms]) -> MovingAtoms:
    """The mean over replicas, each of which has a mean density of its own."""
    first = each[0]
    if len(each) == 1:
        return first
    cell = np.mean([moving.cell for moving in each], axis=0)
    rows = [{tuple(row): place for place, row in enumerate(moving.hkl.tolist())} for moving in each]
    shared = [row for row in rows[0] if all(row in others for others in rows[1:])]
    places = [[found[row] for row in shared] for found in rows]
    total, bragg = (
        np.mean([getattr(moving, part)[place] for moving, place in zip(each, places, strict=True)], axis=0)
        for part in ("total", "bragg")
    )
    b_iso_A2 = {element: float(np.mean([moving.b_iso_A2[element] for moving in each])) for element in first.b_iso_A2}
    return MovingAtoms(
        cell=cell, hkl=np.array(shared), total=total, bragg=bragg, b_iso_A2=b_iso_A2,
        n_frames=sum(moving.n_frames for moving in each),
    )  # fmt: skip


def _mean_phase(name: str, runs: MotionRuns, cell: np.ndarray, n_cells: int) -> Phase:
    """The contents of the small cell, for its mass and absorption; places are not asked for."""
    symbols = list(runs.runs[0].symbols)
    occupancy = np.full(len(symbols), 1 / n_cells)
    return Phase(
        name=name,
        source=name,
        formula=formula_of(symbols, np.ones(len(symbols))),
        cell=cell,
        crystal_system="triclinic",
        space_group="P 1",
        rotations=np.array([1, -1])[:, None, None] * np.eye(3, dtype=int),
        elements=tuple(symbols),
        fractional=np.zeros((len(symbols), 3)),
        occupancy=occupancy,
        b_iso_A2=np.zeros(len(symbols)),
    )


def _made(
    name: str,
    lines: Lines,
    inputs: PatternInputs,
    settings: XrdPatternSettings,
    angles: np.ndarray,
    *,
    smear_deg: float,
    warnings: list[str],
    others: Lines | None = None,
    **fields: Any,
) -> _Made:
    """Intensities, curves and the record of one pattern; `others` are lines that the small cell does not have."""
    if not len(lines.d_A):
        raise SettingsError(
            f"{name} has no reflection between {inputs.range_deg[0]:g} and {inputs.range_deg[1]:g} degrees",
            where="two_theta_range_deg", remedy="give a wider range or a shorter wavelength",
        )  # fmt: skip
    radiation = inputs.radiation

    def drawn(part: Lines, strength: np.ndarray, fwhm_deg: float) -> np.ndarray:
        return curve(angles, part.d_A, part.multiplicity * strength, radiation, fwhm_deg)

    def weight(part: Lines) -> np.ndarray:
        two_theta = 2 * np.arcsin(np.clip(radiation.wavelength_A / 2 / part.d_A, 0, 1))
        return part.multiplicity * lorentz_polarization(two_theta, radiation.monochromator_cos2)

    strength = weight(lines) * lines.squared
    intensity = 100 * strength / strength.max()
    bragg = drawn(lines, lines.squared, settings.fwhm_deg)
    diffuse = np.zeros_like(bragg)
    shares: dict[str, Any] = {}
    if others is not None:
        bragg += drawn(others, others.squared, settings.fwhm_deg)
        wide_deg = float(np.hypot(smear_deg, settings.fwhm_deg))
        diffuse = drawn(lines, lines.diffuse, wide_deg) + drawn(others, others.diffuse, wide_deg)
        all_bragg = strength.sum() + (weight(others) * others.squared).sum()
        all_diffuse = (weight(lines) * lines.diffuse).sum() + (weight(others) * others.diffuse).sum()
        shares = {
            "diffuse_share": float(all_diffuse / (all_bragg + all_diffuse)),
            "satellite_share": float((weight(others) * others.squared).sum() / all_bragg),
        }
    top = bragg.max()
    best = np.argsort(-intensity, kind="stable")[:_STRONGEST]
    pattern = CalculatedPattern(
        name=name, n_reflections=len(lines.d_A), strongest=[_line(lines, intensity, row, radiation) for row in best],
        **fields, **shares,
    )  # fmt: skip
    return _Made(
        pattern=pattern, lines=lines, intensity=intensity, bragg=100 * bragg / top, diffuse=100 * diffuse / top,
        warnings=warnings,
    )  # fmt: skip


def _line(lines: Lines, intensity: np.ndarray, row: int, radiation: Radiation) -> PatternLine:
    h, k, index = (int(number) for number in lines.hkl[row])
    return PatternLine(
        hkl=(h, k, index),
        d_A=float(lines.d_A[row]),
        two_theta_deg=float(2 * np.degrees(np.arcsin(radiation.wavelength_A / 2 / lines.d_A[row]))),
        multiplicity=int(lines.multiplicity[row]),
        structure_factor_squared=float(lines.squared[row]),
        relative_intensity=float(intensity[row]),
    )


def _line_columns(made: Sequence[_Made], radiation: Radiation) -> Columns:
    names = ("pattern", "h", "k", "l", "d_A", "two_theta_deg", "multiplicity", "structure_factor_squared",
             "diffuse_squared", "relative_intensity")  # fmt: skip
    parts = []
    for number, each in enumerate(made, start=1):
        lines = each.lines
        order = np.argsort(-lines.d_A, kind="stable")
        two_theta_deg = 2 * np.degrees(np.arcsin(radiation.wavelength_A / 2 / lines.d_A))
        columns = (np.full(len(order), number), *lines.hkl.T, lines.d_A, two_theta_deg, lines.multiplicity,
                   lines.squared, lines.diffuse, each.intensity)  # fmt: skip
        parts.append([column[order] for column in columns])
    return stacked(names, parts)


def _curves(made: Sequence[_Made], angles: np.ndarray) -> Columns:
    parts = [
        (np.full(angles.size, float(number)), angles, each.bragg, each.diffuse)
        for number, each in enumerate(made, start=1)
    ]
    return stacked(("pattern", "two_theta_deg", "bragg", "diffuse"), parts)


def _says(record: XrdPatternRecord) -> list[str]:
    lines = []
    for pattern in record.patterns:
        strongest = ", ".join(
            f"{' '.join(map(str, line.hkl))} at {line.two_theta_deg:.3f}" for line in pattern.strongest[:3]
        )
        told = f"{pattern.name} ({pattern.formula}): {pattern.n_reflections} reflections, strongest {strongest} deg"
        if pattern.diffuse_share is not None:
            told += f"; {100 * pattern.diffuse_share:.0f} % diffuse"
        lines.append(told)
    return [f"{record.radiation}, {record.two_theta_range_deg[0]:g} to {record.two_theta_range_deg[1]:g} deg", *lines]


STUDY = Study(
    command="xrd pattern",
    arguments=(STRUCTURES,),
    settings=XrdPatternSettings,
    record=XrdPatternRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    example="paddlewheel xrd pattern o-nbh na2b12h12 --wavelength-A 0.77489 --out pattern",
    notes="Absorption and texture are left out; see `docs/xrd.md` for what is put in, and what a trajectory gives.",
)
