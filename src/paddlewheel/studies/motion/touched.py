"""Is the trajectory of a unit of molecular dynamics the one that the unit wrote?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.dynamics import MDSettings
from paddlewheel.dynamics.health import check_temperature
from paddlewheel.dynamics.integrators import CELL_DEGREES
from paddlewheel.errors import TrajectoryError
from paddlewheel.execution import Unit
from paddlewheel.trajectories import read_thermo
from paddlewheel.trajectories.store import QUANTUM_A
from paddlewheel.trajectories.store_reader import committed_digest, store_attributes

DIGEST = "store_sha256"
"""In a checkpoint: of the frames that it knows of (`committed_digest`)."""


HOT_CELL = "an earlier version, whose npt kept the cell at 1.5 T until that was mended (it fluctuates too much)"


def has_hot_cell(unit: Unit, written: Mapping[str, Any]) -> bool:
    """Whether a unit in NPT was run with a thermostat that counted 9 degrees of freedom of the cell, which has 6.

    `written` is its checkpoint or its result: both name the number of degrees since it was corrected.
    """
    md = unit.contents.get("md", {})
    return md.get("ensemble") == "npt" and md.get("barostat", "mtk") == "mtk" and CELL_DEGREES not in written


def store_path(unit: Unit) -> Path:
    """Where the unit's trajectory is."""
    return unit.run_directory / "trajectories" / f"{unit.name}.zarr"


def md_damage(unit: Unit) -> str | None:
    """As `Unit.damage`; of dynamics also why the trajectory cannot be the unit's; None where all is right.

    Its atoms, masses, frame interval and key must be the unit's, its frames those that the checkpoint knows of, and
    the mean temperature of its production (of a result without a seal, from an earlier version) the thermostat's.
    """
    if trouble := unit.damage():
        return trouble
    result, checkpoint = unit.result(), unit.checkpoint()
    if "md" not in unit.contents or (result is None and checkpoint is None):
        return None
    path = store_path(unit)
    try:
        trouble = _other_attributes(unit, path)
        if trouble is None and checkpoint is not None:
            trouble = _other_frames(checkpoint, path)
        if trouble is None and checkpoint is not None and has_hot_cell(unit, checkpoint):
            return f"{unit.folder}: begun by {HOT_CELL}"
        if trouble is None and result is not None:
            trouble = _other_temperature(unit, path, known_as_broken=result.get("status") == "broken")
    except TrajectoryError as error:
        return f"{error.where}: {error.problem}"
    return f"{path}: {trouble}" if trouble else None


def _other_attributes(unit: Unit, path: Path) -> str | None:
    found, structure, md = store_attributes(path), unit.contents["structure"], unit.contents["md"]
    metadata = found.get("metadata")
    key = metadata.get("key", unit.key) if isinstance(metadata, dict) else None
    wanted = {
        "symbols": structure["symbols"], "masses_u": structure["masses_u"],
        "frame_interval_fs": md["frame_interval_fs"], "is_unwrapped": True,
        "precision": "quantized", "quantum_A": QUANTUM_A,
    }  # fmt: skip
    different = [name for name, value in wanted.items() if found.get(name, True) != value]
    if different:
        return f"its {different[0]} is not that of {unit.name}"
    return None if key == unit.key else "it is the trajectory of another unit"


def _other_frames(checkpoint: Mapping[str, np.ndarray], path: Path) -> str | None:
    known, found = checkpoint.get(DIGEST), committed_digest(path, int(checkpoint["n_frames"]))
    return None if known is None or str(known) == found else "its frames are not those that the checkpoint knows of"


def _other_temperature(unit: Unit, path: Path, *, known_as_broken: bool) -> str | None:
    """Where the production is as far off the thermostat as breaks a run, and the run's health does not say so."""
    settings = MDSettings(**unit.contents["md"])
    temperatures_K = read_thermo(path).get("temperature_K", np.empty(0))[settings.production_start_frame :]
    if known_as_broken or settings.ensemble == "nve" or len(temperatures_K) < 2:
        return None
    check = check_temperature(temperatures_K, target_K=settings.temperature_K)
    return f"{check.name}: {check.detail}" if check.status == "broken" else None
