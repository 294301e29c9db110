"""`analyze`: the transport analysis of trajectories made elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.dynamics.health import check_framework, check_polyanion_bonds, neighbour_distance_A
from paddlewheel.errors import SettingsError, TrajectoryError
from paddlewheel.execution import DriverLock
from paddlewheel.records import HealthCheck
from paddlewheel.studies.conduct.files import write_run
from paddlewheel.studies.conduct.measure import (
    Analysed,
    analyse_temperature,
    conductivity_record,
)
from paddlewheel.studies.conduct.record import ConductivityRecord
from paddlewheel.studies.conduct.runs import (
    TemperatureRuns,
)
from paddlewheel.studies.motion.cache import open_trajectory
from paddlewheel.studies.motion.choices import (
    check_onset,
    check_temperatures,
    choose_ion,
)
from paddlewheel.studies.motion.framework import (
    framework_centres,
    framework_of,
)
from paddlewheel.studies.motion.runs import (
    check_alike,
    first_atoms,
    trajectory_digest,
)
from paddlewheel.study.citations import analysis_citations
from paddlewheel.study.run_directory import (
    check_directory,
    start_directory,
)
from paddlewheel.trajectories import Trajectory, displacements

if TYPE_CHECKING:
    from ase import Atoms


def analyze(
    trajectories: Trajectory | Sequence[Trajectory],
    *,
    temperature_K: float | Sequence[float],
    specie: str | None = None,
    charge: float | None = None,
    skip_ps: float = 0.0,
    drift: str = "framework",
    minimum_onset_ps: float = 0.0,
    out: str | Path | None = None,
) -> ConductivityRecord:
    """Diffusivity, conductivity and, from two temperatures on, the Arrhenius fit of given trajectories.

    Parameters
    ----------
    trajectories
        One, or several; those at the same temperature are replicas.
    temperature_K
        One for all, or one for each.
    specie, charge
        Mobile ion and its charge (e); asked for where the chemistry leaves doubt.
    skip_ps
        Time left out at the start of each.
    drift
        Which drift is removed: ``framework`` (all other atoms, mass-weighted), ``all`` or ``none``.
    minimum_onset_ps
        Earliest lag (ps) at which the fit of the MSD may begin. `conduct` takes 0.5; 0 here, where the data may be of
        any kind: give it for short runs of molecular dynamics.
    out
        Run directory for the record, tables and the report; nothing is written without it.

    Raises
    ------
    InputError
        For bad settings, an absent specie, frames too far apart, or a directory that holds something else.

    Examples
    --------
    >>> from paddlewheel import analyze, read_trajectory
    >>> run = read_trajectory("XDATCAR.gz", frame_interval_fs=100)  # doctest: +SKIP
    >>> analyze(run, specie="Li", temperature_K=500).temperatures[0].diffusivity_cm2_per_s  # doctest: +SKIP
    """
    runs = [trajectories] if isinstance(trajectories, Trajectory) else list(trajectories)
    if not runs:
        raise SettingsError("no trajectory given", where="analyze", remedy="give at least one")
    temperatures = _one_each(temperature_K, len(runs))
    if not (np.isfinite(skip_ps) and skip_ps >= 0):
        raise SettingsError(f"{skip_ps:g} is negative", where="skip_ps", remedy="give 0 or more")
    if drift not in ("framework", "all", "none"):
        raise SettingsError(f"'{drift}'", where="drift", remedy="use framework, all or none")
    if skip_ps:
        runs = [run.after(skip_ps) for run in runs]
    check_alike(runs)
    cell = first_atoms(runs[0])
    ion, charge_e = _choose_ion(cell, runs[0], specie, charge)
    settings: dict[str, Any] = {
        "command": "analyze",
        "specie": ion,
        "charge_e": charge_e,
        "skip_ps": skip_ps,
        "drift": drift,
        "minimum_onset_ps": check_onset(minimum_onset_ps),
        "trajectories": [
            {"name": Path(run.source).name, "temperature_K": value, "frame_interval_fs": run.frame_interval_fs,
             "n_frames": run.n_frames, "sha256": trajectory_digest(run) if out is not None else None}
            for run, value in zip(runs, temperatures, strict=True)
        ],
    }  # fmt: skip
    if out is not None:
        check_directory(Path(out), settings)
    by_temperature: dict[float, list[Trajectory]] = defaultdict(list)
    for run, value in zip(runs, temperatures, strict=True):
        by_temperature[value].append(run)
    groups = [_temperature_runs(value, members, ion, drift) for value, members in by_temperature.items()]
    analysed = [analyse_temperature(group, charge_e=charge_e, minimum_onset_ps=minimum_onset_ps) for group in groups]
    record = conductivity_record(
        analysed,
        specie=ion,
        charge_e=charge_e,
        potential=None,
        structure=", ".join(dict.fromkeys(Path(run.source).name for run in runs)),
        formula=cell.get_chemical_formula("metal"),
        arrhenius=len(groups) > 1,
        settings=settings,
        warnings=[],
        citations=analysis_citations(),
    )
    if out is not None:
        _write(record, groups, analysed, settings, Path(out), cell)
    return record


def analyze_files(
    paths: Sequence[str | Path],
    *,
    temperatures_K: Sequence[float],
    frame_interval_fs: float | None = None,
    type_map: Mapping[int, str] | None = None,
    **settings: Any,
) -> ConductivityRecord:
    """`analyze` of files; `frame_interval_fs` and `type_map` as `read_trajectory` takes them.

    Raises
    ------
    InputError
        As `analyze`, and for a file that is no trajectory or is truncated.
    """
    _one_each(temperatures_K, len(paths))
    runs = [open_trajectory(path, frame_interval_fs=frame_interval_fs, type_map=type_map) for path in paths]
    return analyze(runs, temperature_K=temperatures_K, **settings)


def _write(
    record: ConductivityRecord,
    groups: Sequence[TemperatureRuns],
    analysed: Sequence[Analysed],
    settings: dict[str, Any],
    directory: Path,
    cell: Atoms,
) -> None:
    start_directory(directory, settings)
    with DriverLock(directory):
        write_run(record, runs=groups, analysed=analysed, directory=directory, cell=cell)


def _one_each(temperature_K: float | Sequence[float], n_runs: int) -> list[float]:
    given = [float(value) for value in np.atleast_1d(np.asarray(temperature_K, dtype=float))]
    if len(given) not in (1, n_runs):
        raise SettingsError(
            f"{len(given)} temperatures for {n_runs} trajectories",
            where="temperature",
            remedy="give one for all, or one for each",
        )
    check_temperatures(sorted(set(given)), arrhenius=False)
    return given * n_runs if len(given) == 1 else given


def _choose_ion(cell: Atoms, run: Trajectory, specie: str | None, charge: float | None) -> tuple[str, float]:
    if specie is not None and specie not in run.symbols:
        raise TrajectoryError(
            f"no '{specie}' in it (there are {', '.join(sorted(set(run.symbols)))})",
            where=run.source,
            remedy="name one of them with --specie",
        )
    return choose_ion(cell, specie=specie, charge=charge)


def _temperature_runs(temperature_K: float, runs: Sequence[Trajectory], specie: str, drift: str) -> TemperatureRuns:
    paths = [displacements(run, specie=specie, drift=drift) for run in runs]  # type: ignore[arg-type]
    health, broken, good = [], [], []
    for run, one in zip(runs, paths, strict=True):
        checks = _health(run, specie)
        health += checks
        reasons = [f"{check.name}: {check.detail}" for check in checks if check.status == "broken"]
        if reasons:
            broken.append(f"{Path(run.source).name}: {'; '.join(reasons)}")
        else:
            good.append(one)
    volumes = np.concatenate([one.volumes_A3 for one in paths])
    return TemperatureRuns(
        temperature_K=temperature_K,
        displacements=good,
        broken=broken,
        health=health,
        n_ions=runs[0].symbols.count(specie),
        mass_u=float(runs[0].masses_u.sum()),
        volume_A3=float(volumes.mean()),
        production_ps=min((one.n_frames - 1) * one.frame_interval_fs / 1000 for one in paths),
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
        check = check_framework(centres_A, neighbour_distance_A=neighbour_distance_A(centres_A[0], cell_A))
        # whether a framework that flows is a fault is for those to say who made the run; ours would be left out
        checks.append(check.model_copy(update={"status": "warning"}) if check.status == "broken" else check)
    return checks
