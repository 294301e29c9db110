"""What the settings of `van-hove`, `coordination`, `spectra` and `onsager` have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from paddlewheel.studies.motion.record import TrajectoryInput
from paddlewheel.transport.lattice import shortest_vector_A

LONGEST_RANGE_A = 12.0
"""Default end of g(r) and of the distinct part: three shells, more than anions around a cation are asked for."""


def document(
    command: str, settings: Mapping[str, Any], inputs: Sequence[TrajectoryInput], *, skip_ps: float
) -> dict[str, Any]:
    """The settings as `inputs.yaml` and the provenance keep them: those of the command and what was analysed."""
    trajectories = [one.model_dump(include={"name", "n_frames", "frame_interval_fs", "sha256"}) for one in inputs]
    return {"command": command, **settings, "skip_ps": skip_ps, "trajectories": trajectories}


def default_range_A(cells_A: Sequence[np.ndarray]) -> float:
    """As far as the smallest of the cells allows, in whole tenths of an A, and no further than three shells."""
    return min(LONGEST_RANGE_A, float(np.floor(10 * min(shortest_vector_A(cell) for cell in cells_A)) / 10))
