"""`analyze`: the transport analysis of trajectories made elsewhere, or of run directories of `conduct` once more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import field_validator

from paddlewheel.dynamics.health import check_cell, check_framework, check_polyanion_bonds, neighbour_distance_A
from paddlewheel.errors import SettingsError, TrajectoryError
from paddlewheel.records import HealthCheck
from paddlewheel.studies.conduct.files import keep_run
from paddlewheel.studies.conduct.measure import analyse_temperature, conductivity_record
from paddlewheel.studies.conduct.record import ConductivityRecord
from paddlewheel.studies.conduct.runs import TemperatureRuns
from paddlewheel.studies.conduct.study import FitSettings
from paddlewheel.studies.conduct.verdict import is_failed, verdict_lines
from paddlewheel.studies.motion.choices import ChosenIon, choose_ion
from paddlewheel.studies.motion.framework import framework_centres, framework_of
from paddlewheel.studies.motion.free_runs import mean_ran_K
from paddlewheel.studies.motion.given import Given, GivenRun, Trajectories, open_given
from paddlewheel.studies.motion.heat import with_heat
from paddlewheel.studies.motion.hop_distance import HopDistance, hop_distance
from paddlewheel.studies.motion.runs import check_alike, compare_states, first_atoms, once_each
from paddlewheel.studies.motion.settings import (
    TRAJECTORIES,
    ChargeSettings,
    DriftSettings,
    check_kelvin,
)
from paddlewheel.study.citations import analysis_citations
from paddlewheel.study.run import Run
from paddlewheel.study.settings import Numbers, setting
from paddlewheel.study.study import Study
from paddlewheel.trajectories import ENERGY, Trajectory, displacements

if TYPE_CHECKING:
    from ase import Atoms


_ROUNDING = 1e-9
"""Strain of a cell that does not change."""


class AnalyzeSettings(DriftSettings, FitSettings, ChargeSettings):
    """Settings of `analyze`."""

    temperature_K: Numbers | None = setting(
        None,
        "K; one for all files (replicas), or one for each, separated by commas. Run directories know theirs, of which "
        "these are taken.",
    )
    minimum_onset_ps: float | None = setting(
        None,
        "Earliest lag of the MSD's fit, ps; a run has to be ten times as long. By default 1 where the MSD bends at its "
        "beginning, for ions then explore their cages; of runs of `conduct` not before theirs.",
        ge=0,
        may_change=True,
    )

    @field_validator("temperature_K")
    @classmethod
    def _is_temperature(cls, values: tuple[float, ...] | None) -> tuple[float, ...] | None:
        for value in values or ():
            check_kelvin(value)
        return values or None


@dataclass(frozen=True, kw_only=True)
class AnalyzeInputs:
    """Runs of one material, each with its temperature.

    Attributes
    ----------
    runs
        By their digest, in the order in which they were given.
    cell
        First frame of the first.
    """

    runs: dict[str, GivenRun]
    cell: Atoms
    ion: ChosenIon
    minimum_onset_ps: float | None
    warnings: tuple[str, ...]

    def by_temperature(self) -> dict[float, list[GivenRun]]:
        """The runs at each temperature."""
        groups: dict[float, list[GivenRun]] = defaultdict(list)
        for run in self.runs.values():
            assert run.temperature_K is not None  # _opens refuses runs without
            groups[run.temperature_K].append(run)
        return dict(groups)


def _document(inputs: AnalyzeInputs, settings: AnalyzeSettings) -> dict[str, Any]:
    return {
        "specie": inputs.ion.specie,
        "charge_e": inputs.ion.charge_e,
        "skip_ps": settings.skip_ps,
        "drift": settings.drift,
        "minimum_onset_ps": inputs.minimum_onset_ps,
        **settings.fitted(),
        "temperature_anyway": settings.temperature_anyway,
        "unwrapped": settings.unwrapped,
        "trajectories": [
            {
                "name": Path(run.trajectory.source).name,
                "temperature_K": run.temperature_K,
                "frame_interval_fs": run.trajectory.frame_interval_fs,
                "n_frames": run.trajectory.n_frames,
                "sha256": digest,
            }
            for digest, run in inputs.runs.items()
        ],
    }


def _opens(trajectories: Trajectories, settings: AnalyzeSettings) -> AnalyzeInputs:
    given = open_given(
        trajectories,
        frame_interval_fs=settings.frame_interval_fs,
        type_map=settings.type_map,
        skip_ps=settings.skip_ps,
        unwrapped=settings.unwrapped,
        cell=settings.cell,
    )
    given = _at_temperatures(given, settings.temperature_K or ())
    check_alike([run.trajectory for run in given.runs])
    heated, doubts = with_heat(given.runs, anyway=settings.temperature_anyway)
    kept, twice = once_each(heated)
    cell = first_atoms(given.runs[0].trajectory)
    ion = _choose_ion(cell, given.runs, settings)
    of_the_runs = [onset for run in given.runs if (onset := run.inputs.get("minimum_onset_ps")) is not None]
    onsets_ps = [*([] if settings.minimum_onset_ps is None else [settings.minimum_onset_ps]), *of_the_runs]
    return AnalyzeInputs(
        runs=kept,
        cell=cell,
        ion=ion,
        minimum_onset_ps=max(onsets_ps, default=None),
        warnings=(*given.warnings, *doubts, *twice, *([ion.doubt] if ion.doubt else [])),
    )


def _at_temperatures(given: Given, wanted_K: Sequence[float]) -> Given:
    """Each run with its temperature: files get theirs from those wanted, of run directories those wanted are chosen.

    Raises
    ------
    SettingsError
        For too few or too many temperatures, or one at which a run directory has no run.
    """
    files = [run for run in given.runs if run.temperature_K is None]
    if not files:
        there = [run.temperature_K for run in given.runs]
        absent = [value for value in wanted_K if value not in there]
        if absent:
            raise SettingsError(
                f"no run is at {absent[0]:g} K", where="temperature_K",
                remedy=f"choose of {', '.join(f'{value:g}' for value in given.temperatures_K)}, or leave it out",
            )  # fmt: skip
        return Given(
            runs=tuple(run for run in given.runs if not wanted_K or run.temperature_K in wanted_K),
            left_out=tuple(run for run in given.left_out if not wanted_K or run.temperature_K in wanted_K),
        )
    if not wanted_K:
        raise SettingsError("is needed", where="temperature_K", remedy="give the temperature of the run in K")
    if len(wanted_K) not in (1, len(files)):
        raise SettingsError(
            f"{len(wanted_K)} temperatures for {len(files)} trajectories", where="temperature_K",
            remedy="give one for all, or one for each",
        )  # fmt: skip
    each = iter(wanted_K if len(wanted_K) > 1 else [*wanted_K] * len(files))
    runs = (run if run.temperature_K is not None else replace(run, temperature_K=next(each)) for run in given.runs)
    return replace(given, runs=tuple(runs))


def _choose_ion(cell: Atoms, runs: Sequence[GivenRun], settings: AnalyzeSettings) -> ChosenIon:
    """The ion and its charge: as given, else as the run directories or the chemistry say."""
    symbols = runs[0].trajectory.symbols
    known = {(run.specie, run.charge_e) for run in runs}
    told, charge = known.pop() if len(known) == 1 else (None, None)
    specie = settings.specie or told
    if specie is not None and specie not in symbols:
        raise TrajectoryError(
            f"no '{specie}' in it (there are {', '.join(sorted(set(symbols)))})",
            where=runs[0].trajectory.source,
            remedy="name one of them with --specie",
        )
    if settings.charge is not None or specie != told:
        charge = settings.charge
    # that of a run directory was judged when it was made
    anyway = settings.charge_anyway or settings.charge is None
    return choose_ion(cell, specie=specie, charge=charge, anyway=anyway)


def _measures(inputs: AnalyzeInputs, settings: AnalyzeSettings, run: Run) -> ConductivityRecord:
    groups = [
        _temperature_runs(value, members, inputs.ion.specie, settings)
        for value, members in inputs.by_temperature().items()
    ]
    analysed = [
        analyse_temperature(group, charge_e=inputs.ion.charge_e, minimum_onset_ps=inputs.minimum_onset_ps)
        for group in groups
    ]
    keep_run(groups, analysed, cell=inputs.cell, run=run)
    runs = list(inputs.runs.values())
    potential = _known_name(runs, "potential")
    files = ", ".join(dict.fromkeys(Path(each.trajectory.source).name for each in runs))
    return conductivity_record(
        analysed,
        ion=inputs.ion,
        potential=potential,
        structure=_known_name(runs, "structure") or files,
        cell=inputs.cell,
        arrhenius=len(groups) > 1,
        entering=settings.entering(),
        warnings=inputs.warnings,
        citations=analysis_citations(),
        provenance=run.provenance(),
    )


def _known_name(runs: Sequence[GivenRun], what: str) -> str | None:
    """Name of the structure or of the potential, where all runs are of run directories that tell the same."""
    told = [run.inputs.get(what) for run in runs]
    names = {each.get("name") if isinstance(each, dict) else None for each in told}
    return names.pop() if len(names) == 1 else None


def _known_dynamics(runs: Sequence[GivenRun], what: str) -> Any:
    """A setting of the dynamics, where run directories tell the same of all; else None."""
    told = {(run.inputs.get("dynamics") or {}).get(what) for run in runs}
    return told.pop() if len(told) == 1 else None


def _state(run: GivenRun, volumes_A3: np.ndarray) -> dict[str, np.ndarray]:
    """What the run directory or the file tells of the thermodynamics, frame by frame."""
    known = {"volume_A3": volumes_A3} | dict(run.thermo)
    energies_eV = run.trajectory.potential_energies_eV
    return known if energies_eV is None else known | {ENERGY: energies_eV}


def _temperature_runs(
    temperature_K: float, runs: Sequence[GivenRun], specie: str, settings: AnalyzeSettings
) -> TemperatureRuns:
    health, broken, good = [], [], []
    grades: list[np.ndarray | None] = []
    hop: HopDistance | None = None
    volumes, lengths_ps = [], []
    state: list[dict[str, np.ndarray]] = []
    for run in runs:
        trajectory = run.trajectory
        moved = displacements(trajectory, specie=specie, drift=settings.drift)
        volumes.append(moved.volumes_A3)
        lengths_ps.append((moved.n_frames - 1) * moved.frame_interval_fs / 1000)
        checks = _health(trajectory, specie)
        if moved.largest_strain > _ROUNDING:
            checks.append(_told(check_cell(moved.largest_strain)))
        health += checks
        reasons = [f"{check.name}: {check.detail}" for check in checks if check.status == "broken"]
        if reasons:
            broken.append(f"{Path(trajectory.source).name}: {'; '.join(reasons)}")
        else:
            good.append(moved)
            grades.append(run.grades)
            state.append(_state(run, moved.volumes_A3))
            hop = hop or hop_distance(trajectory, specie=specie, given_A=settings.hop_distance_A)
    first = runs[0].trajectory
    ensemble = _known_dynamics(runs, "ensemble")
    asked_GPa = _known_dynamics(runs, "pressure_GPa") if ensemble == "npt" else None
    return TemperatureRuns(
        temperature_K=temperature_K,
        displacements=good,
        broken=broken,
        health=health,
        n_ions=first.symbols.count(specie),
        mass_u=float(first.masses_u.sum()),
        volume_A3=float(np.concatenate(volumes).mean()),
        production_ps=min(lengths_ps),
        extrapolation=[run.extrapolation for run in runs if run.extrapolation],
        grades=grades,
        hop_distance=hop,
        heats=[run.heat for run in runs],
        ran_K=mean_ran_K([run.ran_K for run in runs]),
        equilibrium=compare_states(runs, temperature_K=temperature_K),
        state=state,
        equilibrate_ps=_known_dynamics(runs, "equilibrate_ps"),
        ensemble=ensemble,
        pressure_asked_GPa=asked_GPa,
    )


def _health(run: Trajectory, specie: str) -> list[HealthCheck]:
    """The checks that positions alone allow: bonds of the polyanions, and the framework."""
    if run.n_frames < 8:
        return []
    framework, shifts = framework_of(first_atoms(run), mobile=specie)
    blocks = ((block.positions_A, block.cell_A) for block in run.blocks())
    assert run.frame_interval_fs is not None
    checks = [check_polyanion_bonds(blocks, framework, frame_interval_fs=run.frame_interval_fs)]
    centres_A, cell_A = framework_centres(run, framework, shifts)
    if centres_A is not None:
        distance_A, length_ps = neighbour_distance_A(centres_A[0], cell_A), run.n_frames * run.frame_interval_fs / 1000
        check = check_framework(centres_A, neighbour_distance_A=distance_A, length_ps=length_ps)
        checks.append(_told(check))
    return checks


def _told(check: HealthCheck) -> HealthCheck:
    """Whether a framework that flows or a cell that shears is a fault is for those to say who made the run; those of
    `conduct` are left out."""
    return check.model_copy(update={"status": "warning"}) if check.status == "broken" else check


STUDY = Study(
    command="analyze",
    arguments=(TRAJECTORIES,),
    settings=AnalyzeSettings,
    record=ConductivityRecord,
    opens=_opens,
    measures=_measures,
    says=verdict_lines,
    failed=is_failed,
    document=_document,
    example="paddlewheel analyze XDATCAR --specie Li --temperature 500 --frame-interval-fs 100",
)
