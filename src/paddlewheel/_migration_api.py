"""The library calls, under the same names and with the same arguments as the commands."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddlewheel.crystals import read_structure
from paddlewheel.potentials import load_potential
from paddlewheel.studies.convert.study import convert
from paddlewheel.studies.distil import study as _distil
from paddlewheel.trajectories import Trajectory, read_trajectory

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.studies.distil.record import DistilRecord

__all__ = [
    "Trajectory",
    "convert",
    "distil",
    "load_potential",
    "read_structure",
    "read_trajectory",
]


@functools.wraps(_distil.distil)
def distil(
    structures: Sequence[str | Path | Atoms], *, teacher: str, out: str | Path = "distil", **settings: Any
) -> DistilRecord:
    from paddlewheel.studies.distil.page import write_distil_report

    record = _distil.distil(structures, teacher=teacher, out=out, **settings)
    write_distil_report(Path(out))
    return record
