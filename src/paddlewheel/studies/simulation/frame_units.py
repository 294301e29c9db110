"""Units of work over many frames: one row of numbers a frame, kept on the way; and the unit that labels frames."""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import PotentialError, RunDirectoryError, writing
from paddlewheel.execution import DriverWatch, Unit
from paddlewheel.records import write_atomically
from paddlewheel.studies.simulation.potentials import unit_potential
from paddlewheel.training.dataset import format_frames, parse_frames, unlabelled_copy

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

FRAMES_PER_UNIT = 50
"""A unit of 50 frames of a hundred atoms is under a minute of M3GNet: enough units for many cores, few for one."""

_CHECKPOINT_EVERY_S = 5.0
_PROGRESS_EVERY_S = 0.5


def label_units(
    frames: Sequence[Atoms],
    *,
    potential: Mapping[str, Any],
    directory: Path,
    prefix: str = "",
    stress_may_lack: bool = False,
) -> list[Unit]:
    """Units that label `frames`, `FRAMES_PER_UNIT` each, with the frames beside each unit.

    Parameters
    ----------
    potential
        ``name``, ``identity``, ``three_body``, ``device``, ``dtype``.
    prefix
        Begins their names.
    stress_may_lack
        Whether a potential without stresses may label them: they are nan then.
    """
    optional = {"stress_may_lack": True} if stress_may_lack else {}
    units = []
    for number, (name, part) in enumerate(frames_of_units(frames).items()):
        text = format_frames([unlabelled_copy(frame) for frame in part])
        contents = {
            "labels": {
                "frames_sha256": hashlib.sha256(text.encode()).hexdigest(), "first": number * FRAMES_PER_UNIT,
                **optional,
            },
            "n": len(part),
            "potential": dict(potential),
        }  # fmt: skip
        unit = Unit(name=prefix + name, contents=contents, run_directory=directory)
        unit.prepare()
        path = unit.folder / "frames.extxyz"
        if not path.exists() or path.read_bytes() != text.encode():
            write_atomically(path, text)
        units.append(unit)
    return units


def frames_of_units(frames: Sequence[Atoms]) -> dict[str, Sequence[Atoms]]:
    """The frames of each unit of `label_units`, by its name."""
    starts = range(0, len(frames), FRAMES_PER_UNIT)
    return {f"label-{first:06d}": frames[first : first + FRAMES_PER_UNIT] for first in starts}


def run_label_unit(unit: Unit, watch: DriverWatch, threads: int) -> bool:
    """Label a unit's frames; True when finished, False when it stopped at a checkpoint.

    Raises
    ------
    PotentialError
        If the potential changed since the unit was made, or gives no stress.
    RunDirectoryError
        If the frames changed, or the disk is full.
    """
    calculator = unit_potential(unit)
    path = unit.folder / "frames.extxyz"
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != unit.contents["labels"]["frames_sha256"]:
        raise RunDirectoryError("changed since this run began", where=path, remedy="use another --out")
    frames = parse_frames(content, where=path)

    def row(index: int) -> np.ndarray:
        energy_eV, forces, stress = evaluate(
            frames[index], calculator, name=unit.contents["potential"]["name"],
            stress_may_lack=unit.contents["labels"].get("stress_may_lack", False),
        )  # fmt: skip
        return np.concatenate([[energy_eV], stress, forces.ravel()])

    return work_through(unit, watch, row)


def unit_labels(unit: Unit) -> list[tuple[float, np.ndarray, np.ndarray]]:
    """Energy (eV), forces [n_atoms, 3] (eV/A) and stress [6] (eV/A^3) of each frame of a finished unit."""
    return [(float(row[0]), row[7:].reshape(-1, 3), row[1:7]) for row in read_rows(unit)]


def evaluate(
    atoms: Atoms, calculator: Calculator, *, name: str, stress_may_lack: bool = False
) -> tuple[float, np.ndarray, np.ndarray]:
    """Energy, forces [n_atoms, 3] and stress [6] of one structure, whatever they are.

    Raises
    ------
    PotentialError
        If the potential gives no stress, unless it may lack: it is nan then.
    """
    from ase.calculators.calculator import PropertyNotImplementedError

    atoms = atoms.copy()
    atoms.calc = calculator
    try:
        energy_eV, forces = float(atoms.get_potential_energy()), atoms.get_forces()
        if stress_may_lack and "stress" not in getattr(calculator, "implemented_properties", ()):
            return energy_eV, forces, np.full(6, np.nan)
        return energy_eV, forces, atoms.get_stress()
    except PropertyNotImplementedError as error:
        raise PotentialError(
            f"{name} does not give all of energy, forces and stress", remedy="label with another potential"
        ) from error


def work_through(
    unit: Unit, watch: DriverWatch, compute: Callable[[int], np.ndarray], *, remarks: Mapping[str, str] | None = None
) -> bool:
    """Compute a row of numbers for each of the unit's `n` things, from the last checkpoint on.

    The rows, which may differ in length, are in ``rows.npz`` at the end (`read_rows`); `remarks` go into the
    result. False when it stopped.
    """
    kept = unit.checkpoint()
    rows = _split(kept) if kept is not None else []
    total = int(unit.contents["n"])
    next_checkpoint, next_progress = time.monotonic() + _CHECKPOINT_EVERY_S, 0.0
    with writing(unit.folder):
        while len(rows) < total:
            rows.append(np.asarray(compute(len(rows)), dtype=np.float64))
            now, stop = time.monotonic(), watch.should_stop()
            if now >= next_progress or stop:
                unit.write_progress({"status": "running", "done": len(rows), "of": total})
                next_progress = now + _PROGRESS_EVERY_S
            if (now >= next_checkpoint or stop) and len(rows) < total:
                unit.write_checkpoint(_join(rows))
                next_checkpoint = now + _CHECKPOINT_EVERY_S
            if stop and len(rows) < total:
                return False
        unit.write_checkpoint(_join(rows))
        os.replace(unit.folder / "checkpoint.npz", unit.folder / "rows.npz")  # with the result a checkpoint goes
        unit.write_result({"status": "done", "n": total} | dict(remarks or {}), files=[unit.folder / "rows.npz"])
    return True


def read_rows(unit: Unit) -> list[np.ndarray]:
    """The rows of a finished unit."""
    with np.load(io.BytesIO((unit.folder / "rows.npz").read_bytes()), allow_pickle=False) as stored:
        return _split({name: stored[name] for name in stored.files})


def _join(rows: list[np.ndarray]) -> dict[str, np.ndarray]:
    return {"values": np.concatenate(rows), "lengths": np.array([len(row) for row in rows], dtype=np.int64)}


def _split(stored: dict[str, np.ndarray]) -> list[np.ndarray]:
    return np.split(stored["values"], np.cumsum(stored["lengths"])[:-1])


TASK = "paddlewheel.studies.simulation.frame_units:run_label_unit"
