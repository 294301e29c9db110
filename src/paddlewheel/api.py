"""The library calls, under the same names and with the same arguments as the commands."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddlewheel.crystals import read_structure
from paddlewheel.potentials import load_potential
from paddlewheel.studies import active_ions as _active_ions
from paddlewheel.studies import analyze as _analyze
from paddlewheel.studies import cell as _cell
from paddlewheel.studies import conduct as _conduct
from paddlewheel.studies import coordination as _coordination
from paddlewheel.studies import cycling as _cycling
from paddlewheel.studies import dc as _dc
from paddlewheel.studies import density as _density
from paddlewheel.studies import distil as _distil
from paddlewheel.studies import eis as _eis
from paddlewheel.studies import hull as _hull
from paddlewheel.studies import label as _label
from paddlewheel.studies import lsv as _lsv
from paddlewheel.studies import onsager as _onsager
from paddlewheel.studies import phonons as _phonons
from paddlewheel.studies import rotation as _rotation
from paddlewheel.studies import rotor as _rotor
from paddlewheel.studies import sample as _sample
from paddlewheel.studies import sites as _sites
from paddlewheel.studies import spectra as _spectra
from paddlewheel.studies import train as _train
from paddlewheel.studies import validate as _validate
from paddlewheel.studies import van_hove as _van_hove
from paddlewheel.studies import window as _window
from paddlewheel.studies.convert import convert
from paddlewheel.studies.run_directory import default_directory
from paddlewheel.trajectories import Trajectory, read_trajectory

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.records import (
        ConductivityRecord,
        DistilRecord,
        LabelRecord,
        PhononRecord,
        RotorRecord,
        SamplingRecord,
        TrainingRecord,
        ValidationRecord,
    )
    from paddlewheel.training.dataset import Dataset

__all__ = [
    "van_hove",
    "spectra",
    "onsager",
    "coordination",
    "Trajectory",
    "active_ions",
    "analyze",
    "analyze_files",
    "cell",
    "conduct",
    "convert",
    "cycling",
    "dc",
    "density",
    "distil",
    "eis",
    "hull",
    "label",
    "load_potential",
    "lsv",
    "phonons",
    "read_structure",
    "read_trajectory",
    "rotation",
    "rotor",
    "sample",
    "sites",
    "train",
    "validate",
    "window",
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
    from paddlewheel.report import write_conductivity_report

    directory = Path(out) if out is not None else default_directory("conduct", structure)
    record = _conduct.conduct(structure, out=directory, **settings)
    write_conductivity_report(directory)
    return record


analyze = _reported(_analyze.analyze, "paddlewheel.report:write_conductivity_report")
rotation = _reported(_rotation.rotation, "paddlewheel.report.rotation:write_rotation_report")
sites = _reported(_sites.sites, "paddlewheel.report.sites:write_sites_report")
van_hove = _reported(_van_hove.van_hove, "paddlewheel.report.van_hove:write_van_hove_report")
spectra = _reported(_spectra.spectra, "paddlewheel.report.spectra:write_spectra_report")
onsager = _reported(_onsager.onsager, "paddlewheel.report.onsager:write_onsager_report")
coordination = _reported(_coordination.coordination, "paddlewheel.report.coordination:write_coordination_report")
eis = _reported(_eis.eis, "paddlewheel.report.eis:write_eis_report")
density = _reported(_density.density, "paddlewheel.report.density:write_density_report")
hull = _reported(_hull.hull, "paddlewheel.report.hull:write_hull_report")
window = _reported(_window.window, "paddlewheel.report.window:write_window_report")
cell = _reported(_cell.cell, "paddlewheel.report.cell:write_cell_report")
cycling = _reported(_cycling.cycling, "paddlewheel.report.cycling:write_cycling_report")
dc = _reported(_dc.dc, "paddlewheel.report.dc:write_dc_report")
lsv = _reported(_lsv.lsv, "paddlewheel.report.lsv:write_lsv_report")
active_ions = _reported(_active_ions.active_ions, "paddlewheel.report.active:write_active_report")


@functools.wraps(_rotor.rotor)
def rotor(structure: str | Path | Atoms, *, out: str | Path | None = None, **settings: Any) -> RotorRecord:
    from paddlewheel.report.rotor import write_rotor_report

    directory = Path(out) if out is not None else default_directory("rotor", structure)
    record = _rotor.rotor(structure, out=directory, **settings)
    write_rotor_report(directory)
    return record


@functools.wraps(_phonons.phonons)
def phonons(structure: str | Path | Atoms, *, out: str | Path | None = None, **settings: Any) -> PhononRecord:
    from paddlewheel.report.phonons import write_phonon_report

    directory = Path(out) if out is not None else default_directory("phonons", structure)
    record = _phonons.phonons(structure, out=directory, **settings)
    write_phonon_report(directory)
    return record


@functools.wraps(_analyze.analyze_files)
def analyze_files(paths: Sequence[Path], *, out: str | Path | None = None, **settings: Any) -> ConductivityRecord:
    from paddlewheel.report import write_conductivity_report

    directory = Path(out) if out is not None else default_directory("analyze", paths[0])
    record = _analyze.analyze_files(paths, out=directory, **settings)
    write_conductivity_report(directory)
    return record


@functools.wraps(_train.train)
def train(
    datasets: str | Path | Sequence[str | Path], *, out: str | Path | None = None, **settings: Any
) -> TrainingRecord:
    from paddlewheel.report.training import write_training_report

    first = datasets if isinstance(datasets, str | Path) else datasets[0]
    directory = Path(out) if out is not None else default_directory("train", first)
    record = _train.train(datasets, out=directory, **settings)
    write_training_report(directory)
    return record


@functools.wraps(_sample.sample)
def sample(
    structures: str | Path | Atoms | Sequence[str | Path | Atoms], *, out: str | Path | None = None, **settings: Any
) -> SamplingRecord:
    from paddlewheel.report.sampling import write_sampling_report

    several = isinstance(structures, Sequence) and not isinstance(structures, str)
    first = structures[0] if several and len(structures) else structures  # type: ignore[index, arg-type]
    directory = Path(out) if out is not None else default_directory("sample", first)
    record = _sample.sample(structures, out=directory, **settings)
    write_sampling_report(directory)
    return record


@functools.wraps(_label.label)
def label(
    frames: str | Path | Sequence[Atoms] | Dataset, *, out: str | Path | None = None, **settings: Any
) -> LabelRecord:
    from paddlewheel.report.sampling import write_label_report

    source = frames if isinstance(frames, str | Path) else _label.read_frames(frames)[0]
    directory = Path(out) if out is not None else default_directory("label", source)
    record = _label.label(frames, out=directory, **settings)
    write_label_report(directory)
    return record


@functools.wraps(_validate.validate)
def validate(
    candidate: str, structures: Sequence[str | Path | Atoms] = (), *, against: str, out: str | Path, **settings: Any
) -> ValidationRecord:
    from paddlewheel.report.validation import write_validation_report

    record = _validate.validate(candidate, structures, against=against, out=out, **settings)
    write_validation_report(Path(out))
    return record


@functools.wraps(_distil.distil)
def distil(
    structures: Sequence[str | Path | Atoms], *, teacher: str, out: str | Path = "distil", **settings: Any
) -> DistilRecord:
    from paddlewheel.report.distillation import write_distil_report

    record = _distil.distil(structures, teacher=teacher, out=out, **settings)
    write_distil_report(Path(out))
    return record
