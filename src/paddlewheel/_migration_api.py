"""The library calls, under the same names and with the same arguments as the commands."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddlewheel.crystals import read_structure
from paddlewheel.potentials import load_potential
from paddlewheel.studies.conduct import analyze as _analyze
from paddlewheel.studies.conduct import study as _conduct
from paddlewheel.studies.convert.study import convert
from paddlewheel.studies.distil import study as _distil
from paddlewheel.studies.rotor import study as _rotor
from paddlewheel.studies.train import study as _train
from paddlewheel.study.run_directory import default_directory
from paddlewheel.trajectories import Trajectory, read_trajectory

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.studies.conduct.record import ConductivityRecord
    from paddlewheel.studies.distil.record import DistilRecord
    from paddlewheel.studies.rotor.record import RotorRecord
    from paddlewheel.studies.train.record import TrainingRecord

__all__ = [
    "Trajectory",
    "analyze",
    "analyze_files",
    "conduct",
    "convert",
    "distil",
    "load_potential",
    "read_structure",
    "read_trajectory",
    "rotor",
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


@functools.wraps(_conduct.conduct)
def conduct(structure: str | Path | Atoms, *, out: str | Path | None = None, **settings: Any) -> ConductivityRecord:
    from paddlewheel.studies.conduct.page import write_conductivity_report

    directory = Path(out) if out is not None else default_directory("conduct", structure)
    record = _conduct.conduct(structure, out=directory, **settings)
    write_conductivity_report(directory)
    return record


analyze = _reported(_analyze.analyze, "paddlewheel.studies.conduct.page:write_conductivity_report")


@functools.wraps(_rotor.rotor)
def rotor(structure: str | Path | Atoms, *, out: str | Path | None = None, **settings: Any) -> RotorRecord:
    from paddlewheel.studies.rotor.page import write_rotor_report

    directory = Path(out) if out is not None else default_directory("rotor", structure)
    record = _rotor.rotor(structure, out=directory, **settings)
    write_rotor_report(directory)
    return record


@functools.wraps(_analyze.analyze_files)
def analyze_files(paths: Sequence[Path], *, out: str | Path | None = None, **settings: Any) -> ConductivityRecord:
    from paddlewheel.studies.conduct.page import write_conductivity_report

    directory = Path(out) if out is not None else default_directory("analyze", paths[0])
    record = _analyze.analyze_files(paths, out=directory, **settings)
    write_conductivity_report(directory)
    return record


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
