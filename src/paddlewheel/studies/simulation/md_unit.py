"""What a worker does with one unit of molecular dynamics: (structure, potential, temperature, replica)."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.crystals import largest_strain
from paddlewheel.dynamics import (
    TOLERATED_SHARE,
    Framework,
    MDFrame,
    MDRun,
    MDSettings,
    check_extrapolation,
    check_run,
    hopeless,
    share_over,
    worst_status,
)
from paddlewheel.dynamics.integrators import CELL_DEGREES
from paddlewheel.errors import writing
from paddlewheel.execution import DriverWatch, Unit
from paddlewheel.records import HealthCheck
from paddlewheel.studies.motion.framework import framework_centres, framework_of
from paddlewheel.studies.motion.touched import DIGEST, store_path
from paddlewheel.studies.simulation.extrapolating_frames import FOLDER, ExtrapolatingFrames
from paddlewheel.studies.simulation.potentials import unit_potential
from paddlewheel.trajectories import TrajectoryWriter, open_store, read_thermo
from paddlewheel.trajectories.store_reader import committed_digest

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

EXTRAPOLATING = "extrapolating"
"""Status of a run that extrapolates in more steps than `dynamics.TOLERATED_SHARE`."""
CHECKPOINT_EVERY_S = 5.0
PROGRESS_EVERY_S = 1.0


def md_unit(
    *,
    name: str,
    atoms: Atoms,
    mobile: str,
    potential: dict[str, Any],
    settings: MDSettings,
    replica: int,
    directory: Path,
) -> Unit:
    """A unit whose contents hold all that decides its trajectory.

    Parameters
    ----------
    name
        For people and for file names, such as ``T=600K_r0``.
    mobile
        Symbol of the mobile ion, which is no part of the framework.
    potential
        ``name``, ``identity`` (content hash), ``three_body``, ``device``, ``dtype``.
    """
    structure = structure_document(atoms)
    contents = {
        "structure": structure, "mobile": mobile, "potential": potential, "md": settings.document(), "replica": replica,
    }  # fmt: skip
    return Unit(name=name, contents=contents, run_directory=directory)


def structure_document(atoms: Atoms) -> dict[str, Any]:
    """A structure as the contents of a unit hold it; `unit_atoms` reads it back."""
    return {
        "symbols": atoms.get_chemical_symbols(),
        "positions_A": atoms.get_positions().tolist(),
        "cell_A": np.array(atoms.cell).tolist(),
        "pbc": [bool(flag) for flag in atoms.pbc],
        "masses_u": atoms.get_masses().tolist(),
    }


def extrapolating_file(unit: Unit) -> str:
    """Where the unit's extrapolating frames are, in the run directory."""
    return f"{FOLDER}/{unit.name}.extxyz"


def unit_atoms(unit: Unit) -> Atoms:
    """The structure a unit starts from."""
    from ase import Atoms

    stored = unit.contents["structure"]
    return Atoms(
        symbols=stored["symbols"], positions=stored["positions_A"], cell=stored["cell_A"], pbc=stored["pbc"],
        masses=stored["masses_u"],
    )  # fmt: skip


def run_md_unit(unit: Unit, watch: DriverWatch, threads: int) -> bool:
    """Run a unit from its last checkpoint; True when it is finished, False when it stopped at a checkpoint.

    Frames are flushed before each checkpoint, and a continued run drops the frames after it: none is lost or doubled.

    Raises
    ------
    PotentialError
        If the potential's files changed since the unit was made.
    RunDirectoryError
        If the disk is full or not writable; the last checkpoint stays.
    """
    calculator = unit_potential(unit)
    settings = MDSettings(**unit.contents["md"])
    atoms = unit_atoms(unit)
    framework, shifts = framework_of(atoms, mobile=unit.contents["mobile"])
    with writing(unit.folder):
        strange = ExtrapolatingFrames(unit.run_directory / extrapolating_file(unit), atoms)
        run, writer = _start_or_resume(unit, atoms, calculator, settings, strange)
        reason = _advance(unit, run, writer, strange, watch, lambda frame: hopeless(
            frame, framework, temperature_K=settings.temperature_K, start_volume_A3=atoms.get_volume()
        ))  # fmt: skip
        writer.flush()
        if reason is None and not run.finished:
            return False
        strange.append(run.take_extrapolating())  # of a run given up between two checkpoints
        files = [path for path in (store_path(unit), strange.path) if path.exists()]
        unit.write_result(_result(unit, run, framework, shifts, reason), files=files)
    return True


def _start_or_resume(
    unit: Unit, atoms: Atoms, calculator: Calculator, settings: MDSettings, strange: ExtrapolatingFrames
) -> tuple[MDRun, TrajectoryWriter]:
    path = store_path(unit)
    checkpoint = unit.checkpoint()
    if checkpoint is not None:
        writer = TrajectoryWriter.resume(path, n_frames=int(checkpoint.pop("n_frames")))
        strange.cut(int(checkpoint.pop("extrapolating_bytes")))
        checkpoint.pop(DIGEST, None)
        return MDRun(atoms, calculator, settings, state=checkpoint), writer
    strange.cut(0)
    unit.write_progress({"status": "starting", "step": 0, "n_steps": settings.n_steps})
    run = MDRun(atoms, calculator, settings)
    shutil.rmtree(path, ignore_errors=True)  # frames of a run that was killed before its first checkpoint
    path.parent.mkdir(exist_ok=True)
    writer = TrajectoryWriter.create(
        path,
        symbols=atoms.get_chemical_symbols(),
        masses_u=atoms.get_masses(),
        frame_interval_fs=settings.frame_interval_fs,
        metadata={"unit": unit.name, "key": unit.key, "production_start_frame": settings.production_start_frame},
    )
    _append(writer, run.first_frame())
    return run, writer


def _append(writer: TrajectoryWriter, frame: MDFrame) -> None:
    writer.append(positions_A=frame.positions_A, cell_A=frame.cell_A, step=frame.step, thermo=frame.thermo)


def _advance(
    unit: Unit,
    run: MDRun,
    writer: TrajectoryWriter,
    strange: ExtrapolatingFrames,
    watch: DriverWatch,
    look: Callable[[MDFrame], str | None],
) -> str | None:
    """Step until the end, a stop, or a hopeless step (whose reason is returned); checkpoint on the way and after."""
    began, first_step = time.monotonic(), run.step_number
    next_checkpoint, next_progress = began + CHECKPOINT_EVERY_S, began
    reason = None
    temperature_K = float("nan")
    while not run.finished and reason is None:
        frame = run.step()
        reason = run.extrapolation.hopeless
        if frame is not None:
            reason = look(frame) or reason
            if reason is None:
                _append(writer, frame)
            temperature_K = frame.thermo["temperature_K"]
        now = time.monotonic()
        stop = watch.should_stop()
        if now >= next_progress or stop or run.finished:
            _tell(unit, run, temperature_K, rate=(run.step_number - first_step) / max(now - began, 1e-9))
            next_progress = now + PROGRESS_EVERY_S
        if reason is None and (now >= next_checkpoint or stop or run.finished):
            writer.flush()
            strange.append(run.take_extrapolating())
            known = {
                "n_frames": writer.n_frames, "extrapolating_bytes": strange.n_bytes,
                DIGEST: committed_digest(writer.path, writer.n_frames),
            }  # fmt: skip
            unit.write_checkpoint(run.state() | {name: np.array(value) for name, value in known.items()})
            next_checkpoint = time.monotonic() + CHECKPOINT_EVERY_S
        if stop:
            break
    return reason


def _tell(unit: Unit, run: MDRun, temperature_K: float, *, rate: float) -> None:
    settings = run.settings
    unit.write_progress(
        {
            "status": EXTRAPOLATING if _extrapolates(run) else "running",
            "step": run.step_number,
            "n_steps": settings.n_steps,
            "ps": run.step_number * settings.timestep_fs / 1000,
            "temperature_K": temperature_K if np.isfinite(temperature_K) else None,
            "ns_per_day": rate * settings.timestep_fs * 86400 / 1e6,
            "eta_s": (settings.n_steps - run.step_number) / rate,
        }
    )


def _extrapolates(run: MDRun) -> bool:
    return run.extrapolation.known and share_over([run.extrapolation.summary()]) > TOLERATED_SHARE


def _result(unit: Unit, run: MDRun, framework: Framework, shifts: np.ndarray, reason: str | None) -> dict[str, Any]:
    """What became of the finished (or given up) run, and its health from what is stored."""
    extrapolation = None
    checks = _health(unit, run.settings, framework, shifts)
    if run.extrapolation.known:
        extrapolation = run.extrapolation.summary()
        checks.append(check_extrapolation(extrapolation))
        if extrapolation["n_kept_frames"]:
            extrapolation["file"] = extrapolating_file(unit)
    if worst_status(checks) == "broken" and not reason:
        reason = "; ".join(f"{check.name}: {check.detail}" for check in checks if check.status == "broken")
    degrees = run.state().get(CELL_DEGREES)
    return {
        **({} if degrees is None else {CELL_DEGREES: int(degrees)}),
        "status": "broken" if reason else EXTRAPOLATING if _extrapolates(run) else "done",
        "reason": reason,
        "health": [check.model_dump() for check in checks],
        "extrapolation": extrapolation,
        "relaxed_eV_per_A": run.relaxed_max_force_eV_per_A,
    }


def _health(unit: Unit, settings: MDSettings, framework: Framework, shifts: np.ndarray) -> list[HealthCheck]:
    """The checks of the production; none where it has no two frames."""
    trajectory = open_store(store_path(unit))
    first = settings.production_start_frame
    if trajectory.n_frames - first < 2:
        return []
    production = trajectory.after(first * settings.frame_interval_fs / 1000)
    thermo = {name: column[first:] for name, column in read_thermo(store_path(unit)).items()}
    centres_A, mean_cell_A = framework_centres(production, framework, shifts)
    cells_A = np.concatenate([block.cell_A for block in production.blocks()])
    return check_run(
        thermo=thermo,
        time_ps=np.arange(production.n_frames) * settings.frame_interval_fs / 1000,
        blocks=((block.positions_A, block.cell_A) for block in production.blocks()),
        centres_A=centres_A,
        cell_A=mean_cell_A,
        framework=framework,
        settings=settings,
        n_atoms=production.n_atoms,
        cell_strain=largest_strain(cells_A, mean_cell_A),
    )
