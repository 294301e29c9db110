"""What all analyses of given trajectories share: the runs, checked to be alike, and how they stand in a record."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.crystals import mean_cell
from paddlewheel.errors import SettingsError, TrajectoryError
from paddlewheel.studies.motion.agreement import StateSeries, disagreements, equilibrium_checks
from paddlewheel.studies.motion.free_runs import mean_ran_K
from paddlewheel.studies.motion.given import GivenRun, Trajectories, open_given
from paddlewheel.studies.motion.heat import UNCHECKED, measured, with_heat
from paddlewheel.studies.motion.record import EquilibriumCheck, TrajectoryInput
from paddlewheel.studies.motion.settings import MotionSettings, TrajectorySettings
from paddlewheel.study.run import Run
from paddlewheel.trajectories import Trajectory
from paddlewheel.trajectories.kinetic import KineticTemperature
from paddlewheel.trajectories.repeats import RepeatWatch

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True, kw_only=True)
class MotionRuns:
    """Runs of one material at one temperature, alike in atoms and frame interval.

    Attributes
    ----------
    runs
        The trajectories, without what is left out at their start.
    digests, mean_cells_A
        Of each its `trajectory_digest`, and the mean over its frames of the lattice vectors, `[3, 3]`.
    cell
        First frame of the first run, as ASE Atoms.
    temperature_K
        As given, or as the run directory says; of runs without a thermostat (NVE) the mean that they had.
    specie, charge_e
        The mobile ion, as given or as the run directory says, and the charge that it has there; None where neither
        says.
    heats
        The kinetic temperature of each, where its frames tell it.
    equilibrium
        Whether they are in one state, where there are several and their temperature is known.
    warnings
        What has to be said of the runs.
    """

    runs: tuple[Trajectory, ...]
    digests: tuple[str, ...]
    mean_cells_A: tuple[np.ndarray, ...]
    cell: Atoms
    temperature_K: float | None = None
    specie: str | None = None
    charge_e: float | None = None
    heats: tuple[KineticTemperature | None, ...] = ()
    equilibrium: tuple[EquilibriumCheck, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def frame_interval_fs(self) -> float:
        """Time between frames, the same in all runs."""
        interval = self.runs[0].frame_interval_fs
        assert interval is not None  # open_runs refuses runs without
        return interval

    def document(self, *keys: str) -> dict[str, Any]:
        """What `inputs.yaml` tells of the runs: their temperature, and these fields of each (six by default)."""
        kept = set(keys) or {"name", "n_frames", "n_atoms", "frame_interval_fs", "length_ps", "sha256"}
        return {
            "temperature_K": self.temperature_K,
            "trajectories": [run.model_dump(include=kept) for run in self.inputs()],
        }

    def inputs(self) -> list[TrajectoryInput]:
        """The runs as they stand in records."""
        return [
            TrajectoryInput(
                name=Path(run.source).name,
                n_frames=run.n_frames,
                n_atoms=run.n_atoms,
                frame_interval_fs=self.frame_interval_fs,
                length_ps=(run.n_frames - 1) * self.frame_interval_fs / 1000,
                left_out_ps=run.first_frame * self.frame_interval_fs / 1000,
                sha256=digest,
                kinetic_temperature_K=measured(heat),
                unchecked=[] if heat else list(UNCHECKED),
            )
            for run, digest, heat in zip(self.runs, self.digests, self.heats, strict=True)
        ]

    def common_fields(self, run: Run) -> dict[str, Any]:
        """The fields of a `MotionRecord` that say what was analysed and what made it."""
        return {
            "formula": self.cell.get_chemical_formula("metal"),
            "temperature_K": self.temperature_K,
            "trajectories": self.inputs(),
            "unchecked": list(UNCHECKED) if any(heat is None for heat in self.heats) else [],
            "equilibrium": list(self.equilibrium),
            "provenance": run.provenance(),
        }


def open_runs(trajectories: Trajectories, settings: TrajectorySettings) -> MotionRuns:
    """Read and check the trajectories of one analysis, at one temperature.

    Of a run directory of `conduct` the replicas of `settings.temperature_K` are taken, without their equilibration. A
    run that was given twice counts once, and a warning says so.

    Raises
    ------
    InputError
        For no trajectory, a file that is none, a run directory of several temperatures of which none is chosen, an
        unknown frame interval, or runs of different atoms or frame intervals.
    """
    given = open_given(
        trajectories,
        frame_interval_fs=settings.frame_interval_fs,
        type_map=settings.type_map,
        skip_ps=settings.skip_ps,
        unwrapped=settings.unwrapped,
        cell=settings.cell,
    ).at(settings.temperature_K)
    check_alike([run.trajectory for run in given.runs])
    at_K = settings.temperature_K
    known = (run if run.temperature_K is not None else replace(run, temperature_K=at_K) for run in given.runs)
    heated, doubts = with_heat(known, anyway=settings.temperature_anyway)
    kept, twice = once_each(heated)
    told_K = settings.temperature_K or next(iter(given.temperatures_K), None)
    temperature_K = mean_ran_K([run.ran_K for run in kept.values()]) or told_K
    checks = [] if temperature_K is None else compare_states([*kept.values()], temperature_K=temperature_K)
    ions = {(run.specie, run.charge_e) for run in kept.values() if run.specie is not None}
    specie, charge_e = ions.pop() if len(ions) == 1 else (None, None)
    wanted = settings.specie if isinstance(settings, MotionSettings) else None
    return MotionRuns(
        runs=tuple(run.trajectory for run in kept.values()),
        digests=tuple(kept),
        mean_cells_A=tuple(run.mean_cell_A for run in kept.values() if run.mean_cell_A is not None),
        cell=first_atoms(given.runs[0].trajectory),
        temperature_K=temperature_K,
        specie=wanted or specie,
        charge_e=charge_e if wanted in (None, specie) else None,
        heats=tuple(run.heat for run in kept.values()),
        equilibrium=tuple(checks),
        warnings=(*given.warnings, *doubts, *twice, *disagreements(checks)),
    )


def once_each(runs: Sequence[GivenRun]) -> tuple[dict[str, GivenRun], list[str]]:
    """Each run once, by its digest and with its mean cell; and what has to be said of runs and frames given twice.

    Raises
    ------
    InputError
        For the same frames at two temperatures, or a run that holds frames twice.
    """
    kept: dict[str, GivenRun] = {}
    warnings = []
    for run in runs:
        read = _read_through(run.trajectory)
        digest = read.digest
        if digest in kept:
            first, again = (Path(given.trajectory.source).name for given in (kept[digest], run))
            other_K = kept[digest].temperature_K
            if None not in (other_K, run.temperature_K) and other_K != run.temperature_K:
                raise SettingsError(
                    f"{first} and {again} hold the same frames, given at {other_K:g} and {run.temperature_K:g} K",
                    where="temperature_K", remedy="give each run once, at its own temperature",
                )  # fmt: skip
            what = f"{again} was given twice" if first == again else f"{again} holds the same frames as {first}"
            warnings.append(f"{what}: it counts once")
        if digest not in kept:
            kept[digest] = replace(run, mean_cell_A=read.mean_cell_A, volumes_A3=read.volumes_A3)
            warnings += [read.repeated] if read.repeated else []
    return kept, warnings


def compare_states(runs: Sequence[GivenRun], *, temperature_K: float) -> list[EquilibriumCheck]:
    """Whether given runs at one temperature, read through by `once_each`, are in one state."""
    series = [
        StateSeries(volumes_A3=run.volumes_A3, energies_eV=run.trajectory.potential_energies_eV)
        for run in runs
        if run.volumes_A3 is not None
    ]
    first = runs[0].trajectory
    return equilibrium_checks(
        series, temperature_K=temperature_K, n_atoms=first.n_atoms, mass_u=float(first.masses_u.sum())
    )


def check_alike(runs: Sequence[Trajectory]) -> None:
    """Refuse runs without a frame interval, or of different atoms or frame intervals.

    Raises
    ------
    TrajectoryError
        Naming the first run that differs.
    """
    for run in runs:
        if run.frame_interval_fs is None:
            raise TrajectoryError("the time between frames is not known", where=run.source,
                                  remedy="give --frame-interval-fs")  # fmt: skip
        if sorted(run.symbols) != sorted(runs[0].symbols):
            raise TrajectoryError(f"has other atoms than {runs[0].source}", where=run.source,
                                  remedy="analyze different materials apart")  # fmt: skip
        if abs(run.frame_interval_fs - (runs[0].frame_interval_fs or 0)) > 1e-9 * run.frame_interval_fs:
            raise TrajectoryError(
                f"frames are {run.frame_interval_fs:g} fs apart, {runs[0].frame_interval_fs:g} fs in {runs[0].source}",
                where=run.source,
                remedy="analyze them apart",
            )


def first_atoms(run: Trajectory) -> Atoms:
    """The first frame, periodic in all directions."""
    from ase import Atoms

    block = next(iter(run.blocks(max_bytes=1)))
    return Atoms(
        symbols=list(run.symbols), positions=block.positions_A[0], cell=block.cell_A[0], pbc=True, masses=run.masses_u
    )


def trajectory_digest(run: Trajectory) -> str:
    """sha256 over symbols, positions and cells: the same frames in another file format are the same input."""
    return _read_through(run).digest


@dataclass(frozen=True, kw_only=True)
class _Read:
    """What all frames of a run tell: its digest, its mean cell `[3, 3]`, A, its volumes `[n_frames]`, A^3, and what has
    to be said of frames that repeat."""

    digest: str
    mean_cell_A: np.ndarray
    volumes_A3: np.ndarray
    repeated: str | None


def _read_through(run: Trajectory) -> _Read:
    digest = hashlib.sha256(" ".join(run.symbols).encode())
    cells, watch = [], RepeatWatch()
    for block in run.blocks():
        digest.update(np.ascontiguousarray(block.positions_A).tobytes())
        digest.update(np.ascontiguousarray(block.cell_A).tobytes())
        cells.append(block.cell_A)
        watch.look_at(block)
    together = np.concatenate(cells)
    return _Read(
        digest=digest.hexdigest(),
        mean_cell_A=mean_cell(together),
        volumes_A3=np.abs(np.linalg.det(together)),
        repeated=watch.found(source=Path(run.source).name),
    )
