"""The library calls, under the same names and with the same arguments as the commands."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddlewheel.crystals import read_structure
from paddlewheel.potentials import load_potential
from paddlewheel.studies.convert.study import convert
from paddlewheel.studies.distil import study as _distil
from paddlewheel.studies.train import study as _train
from paddlewheel.study.run_directory import default_directory
from paddlewheel.trajectories import Trajectory, read_trajectory

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.studies.distil.record import DistilRecord
    from paddlewheel.studies.train.record import TrainingRecord

__all__ = [
    "Trajectory",
    "convert",
    "distil",
    "load_potential",
    "read_structure",
    "read_trajectory",
    "train",
]


def _reported(study: Callable[..., Any], report: str) -> Callable[..., Any]:
    """An analysis that, given `out`, also writes its report; `report` is "module:function"."""

    @functools.wraps(study)
    def run(*given: Any, out: str | Path | None = None, **settings: Any) -> Any:
        record = study(*given, out=out, **settings)
        if out is not None:
            module, _, name = report.partition(":")
            getattr(importlib.import_module(module), name)(Path(out))
        return record

    return run


@functools.wraps(_train.train)
def train(
    datasets: str | Path | Sequence[str | Path], *, out: str | Path | None = None, **settings: Any
) -> TrainingRecord:
    from paddlewheel.studies.train.page import write_training_report

    first = datasets if isinstance(datasets, str | Path) else datasets[0]
    directory = Path(out) if out is not None else default_directory("train", first)
    record = _train.train(datasets, out=directory, **settings)
    write_training_report(directory)
    return record


@functools.wraps(_distil.distil)
def distil(
    structures: Sequence[str | Path | Atoms], *, teacher: str, out: str | Path = "distil", **settings: Any
) -> DistilRecord:
    from paddlewheel.studies.distil.page import write_distil_report

    record = _distil.distil(structures, teacher=teacher, out=out, **settings)
    write_distil_report(Path(out))
    return record
