"""The unit that computes the features of the frames of one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.execution import DriverWatch, FileLock, Unit
from paddlewheel.studies.sample.cut import usable_frames
from paddlewheel.studies.simulation.frame_units import work_through
from paddlewheel.studies.simulation.md_unit import run_md_unit
from paddlewheel.studies.simulation.potentials import unit_potential
from paddlewheel.studies.simulation.trajectory_frames import TrajectoryFrames

if TYPE_CHECKING:
    from collections.abc import Sequence


def feature_unit(md: Unit, *, frames: range, elements: Sequence[str]) -> Unit:
    """A unit that computes the features of `frames` of the finished run `md`."""
    contents = {
        "features": {"of": md.name, "key": md.key, "first": frames.start, "elements": list(elements)},
        "structure": md.contents["structure"],
        "n": len(frames),
        "potential": md.contents["potential"],
    }
    return Unit(name=features_name(md.name), contents=contents, run_directory=md.run_directory)


def run_md_and_features(unit: Unit, watch: DriverWatch, threads: int) -> bool:
    """Run a unit of `SamplePlan.md_units`, then the features of its frames: the worker has the potential loaded.

    True when the dynamics are finished; features that a stop left undone are a unit of their own for the next run.

    Raises
    ------
    PotentialError, RunDirectoryError
        As `run_md_unit`.
    """
    if not run_md_unit(unit, watch, threads):
        return False
    features = features_of(unit)
    if features is not None:
        features.prepare()
        lock = FileLock(features.folder / "lock")
        if lock.try_acquire():
            try:
                if features.result() is None:
                    run_feature_unit(features, watch, threads)
            finally:
                lock.release()
    return True


def features_of(md: Unit) -> Unit | None:
    """The unit for the features of the candidates of a finished run; None where it has none."""
    frames = candidate_frames(md)
    wanted = md.contents["sampling"]
    if not len(frames):
        return None
    return feature_unit(md, frames=frames, elements=wanted["elements"])


def features_name(md_name: str) -> str:
    """Name of the unit of the features of a run."""
    return f"features-{md_name}"


def candidate_frames(md: Unit) -> range:
    """Frames of a finished run that may be chosen: the usable ones from the first that is not taken elsewhere."""
    first = int(md.contents["sampling"]["first_frame"])
    return range(first, max(first, usable_frames(md).n_frames))


def run_feature_unit(unit: Unit, watch: DriverWatch, threads: int) -> bool:
    """Compute them; True when finished, False when stopped at a checkpoint.

    Raises
    ------
    PotentialError, RunDirectoryError
        As `run_label_unit`.
    """
    from paddlewheel.training.features import feature_kind, structure_features

    calculator = unit_potential(unit)
    wanted = unit.contents["features"]
    frames = TrajectoryFrames(unit, unit.run_directory / "trajectories" / f"{wanted['of']}.zarr")

    def row(index: int) -> np.ndarray:
        return structure_features(calculator, frames.atoms(wanted["first"] + index), elements=wanted["elements"])

    return work_through(unit, watch, row, remarks={"features": feature_kind(calculator)})
