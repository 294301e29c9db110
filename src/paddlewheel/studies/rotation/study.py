"""`rotation`: how rigid polyanions turn, and whether they turn when ions hop nearby."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.crystals import find_polyanions, guess_mobile_specie
from paddlewheel.errors import SettingsError, TrajectoryError
from paddlewheel.studies.motion.runs import (
    MotionRuns,
    Trajectories,
    first_atoms,
    open_runs,
    run_directory,
)
from paddlewheel.studies.rotation.files import write_rotation
from paddlewheel.studies.rotation.record import RotationRecord
from paddlewheel.studies.rotation.results import (
    AnionResults,
    anion_record,
    warnings_of,
)
from paddlewheel.study.citations import rotation_citations
from paddlewheel.trajectories import displacements
from paddlewheel.transport import rotation as physics

if TYPE_CHECKING:
    from paddlewheel.trajectories import Trajectory

HOP_LENGTH_A, HOP_WINDOW_PS = 1.5, 0.5
_BLOCK_BYTES = 8 * 1024 * 1024


def rotation(
    trajectories: Trajectories,
    *,
    temperature_K: float | None = None,
    specie: str | None = None,
    frame_interval_fs: float | None = None,
    type_map: Mapping[int, str] | None = None,
    skip_ps: float = 0.0,
    jump_window_ps: float | None = None,
    hop_length_A: float = HOP_LENGTH_A,
    hop_window_ps: float = HOP_WINDOW_PS,
    seed: int = 0,
    out: str | Path | None = None,
) -> RotationRecord:
    """How the rigid polyanions of given trajectories turn: speed, equipartition, memory, jumps, maps, coupling to hops.

    Each anion of each run counts as one independent unit; uncertainties come from their spread.

    Parameters
    ----------
    trajectories
        One run or several of the same material at the same temperature.
    temperature_K
        For the test of equipartition; everything else does without.
    specie
        Mobile ion, for the coupling; guessed when only one fits.
    frame_interval_fs, type_map, skip_ps
        As `read_trajectory` takes them, and the time left out at the start of each.
    jump_window_ps
        Time over which orientations are averaged to find jumps; by default the time to turn by a radian at thermal
        speed.
    hop_length_A, hop_window_ps
        A hop of an ion is a distance of at least this between its mean positions over the windows before and after.
    seed
        Of the time shifts of the null of the coupling.
    out
        Run directory for the record, tables, maps and the report; nothing is written without it.

    Raises
    ------
    InputError
        For bad settings, trajectories that cannot be read, no polyanions, one that breaks or is not rigid, an unknown
        frame interval, or a directory that holds something else.

    Examples
    --------
    >>> from paddlewheel import rotation
    >>> record = rotation("oNBH_600K.npz", frame_interval_fs=10, temperature_K=600)  # doctest: +SKIP
    >>> [(one.formula, one.rotation_rad_per_ps) for one in record.anions]  # doctest: +SKIP
    """
    if temperature_K is not None and not (np.isfinite(temperature_K) and temperature_K > 0):
        raise SettingsError(f"{temperature_K:g} K is no temperature", where="temperature", remedy="give kelvin above 0")
    for name, value in (("jump_window_ps", jump_window_ps), ("hop_length_A", hop_length_A),
                        ("hop_window_ps", hop_window_ps)):  # fmt: skip
        if value is not None and not (np.isfinite(value) and value > 0):
            raise SettingsError(f"{value:g} is not above 0", where=name, remedy="give a positive number")
    runs = open_runs(trajectories, frame_interval_fs=frame_interval_fs, type_map=type_map, skip_ps=skip_ps)
    ion = specie or guess_mobile_specie(runs.cell)
    if specie is not None and specie not in runs.runs[0].symbols:
        raise TrajectoryError(f"no '{specie}' in it", where=runs.runs[0].source, remedy="name another --specie")
    found = [follow_anions(run, ion) for run in runs.runs]
    motions = [motion for motion, _ in found]
    hops = _hops(runs, ion, hop_length_A=hop_length_A, hop_window_ps=hop_window_ps)
    formulas = sorted({cage.formula for motion in motions for cage in motion.cages})
    results = [
        _anion(motions, formula, hops, temperature_K=temperature_K, window_ps=jump_window_ps, seed=seed)
        for formula in formulas
    ]
    inputs = runs.inputs()
    settings: dict[str, Any] = {
        "command": "rotation",
        "temperature_K": temperature_K,
        "specie": ion,
        "skip_ps": skip_ps,
        "jump_window_ps": jump_window_ps,
        "hop_length_A": hop_length_A,
        "hop_window_ps": hop_window_ps,
        "seed": seed,
        "trajectories": [one.model_dump() for one in inputs],
    }
    anions = [anion_record(one, hops_missing=hops.missing) for one in results]
    record = RotationRecord(
        **runs.common_fields(settings, inputs),
        specie=ion,
        temperature_K=temperature_K,
        frame_interval_fs=runs.frame_interval_fs,
        anions=anions,
        warnings=warnings_of(anions, sorted({name for _, names in found for name in names}), hops.warning),
        citations=rotation_citations(),
    )
    with run_directory(out, settings) as directory:
        if directory is not None:
            record = write_rotation(record, results, directory)
    return record


@dataclass(frozen=True)
class _Hops:
    """Hops and fractional paths of the ions of each run; none where `missing` (status and reason) says why."""

    hops: Sequence[physics.Hops]
    ions: Sequence[np.ndarray]
    window_ps: float
    missing: tuple[str, str] | None = None
    warning: str | None = None


def follow_anions(run: Trajectory, mobile: str | None) -> tuple[physics.CageMotion, list[str]]:
    """The motion of the rigid anions of one run, and the formulas of the linear ones.

    Raises
    ------
    InputError
        Where there is none, one breaks, or one is not rigid.
    """
    cell = first_atoms(run)
    still = np.array([i for i, symbol in enumerate(run.symbols) if symbol != mobile], dtype=int)
    atoms = cell[still]
    cages, linear = physics.cages_of(
        find_polyanions(atoms),
        symbols=atoms.get_chemical_symbols(),
        masses_u=run.masses_u[still],
        positions_A=atoms.get_positions(),
        cell_A=cell.cell.array,
    )
    if not cages:
        what = f"its only polyanions are linear ({', '.join(linear)})" if linear else "no polyanions in the first frame"
        remedy = "a rotation needs a molecule of three or more atoms that are not on one line"
        raise TrajectoryError(what, where=run.source, remedy=remedy)
    assert run.frame_interval_fs is not None  # open_runs refuses runs without
    motion = physics.track_cages(
        lambda: ((block.positions_A, block.cell_A) for block in run.blocks(max_bytes=_BLOCK_BYTES)),
        [replace(cage, indices=still[cage.indices]) for cage in cages],
        n_frames=run.n_frames,
        frame_interval_fs=run.frame_interval_fs,
        where=run.source,
    )
    return motion, linear


def _hops(runs: MotionRuns, ion: str | None, *, hop_length_A: float, hop_window_ps: float) -> _Hops:
    if ion is None:
        return _Hops([], [], hop_window_ps, ("no-specie", "which ion is mobile is not obvious; name it with --specie"))
    hops, ions = [], []
    for run in runs.runs:
        try:
            paths = displacements(run, specie=ion, drift="none")
        except TrajectoryError as error:  # the anions were followed all the same
            return _Hops([], [], hop_window_ps, ("ions-not-followed", error.problem), f"no coupling: {error.problem}")
        hops.append(
            physics.find_hops(
                paths.positions_A, frame_interval_fs=runs.frame_interval_fs, window_ps=hop_window_ps,
                hop_length_A=hop_length_A,
            )
        )  # fmt: skip
        ions.append(paths.positions_A @ np.linalg.inv(paths.mean_cell_A))
    return _Hops(hops, ions, hop_window_ps)


def _anion(
    motions: Sequence[physics.CageMotion],
    formula: str,
    hops: _Hops,
    *,
    temperature_K: float | None,
    window_ps: float | None,
    seed: int,
) -> AnionResults:
    members = [[g for g, cage in enumerate(motion.cages) if cage.formula == formula] for motion in motions]
    runs = [motion for motion, chosen in zip(motions, members, strict=True) if chosen]
    members = [chosen for chosen in members if chosen]
    jumps = physics.find_jumps(runs, members, window_ps=window_ps)
    coupling = None
    if hops.missing is None:
        # the time of a hop is known to about half of its window: no use in a finer one
        window = max(jumps.window_ps, 0.5 * hops.window_ps)
        coupling = physics.couple(runs, members, hops.hops, hops.ions, window_ps=window, seed=seed)
    return AnionResults(
        formula=formula,
        runs=runs,
        members=members,
        paper=physics.paper_speed(runs, members),
        velocity=physics.angular_velocity(runs, members, temperature_K=temperature_K),
        memory=physics.orientational_memory(runs, members),
        jumps=jumps,
        directions=physics.direction_map(runs, members),
        coupling=coupling,
    )
