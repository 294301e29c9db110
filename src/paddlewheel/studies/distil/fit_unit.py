"""What a worker does with one fit of a student: (data sets, form, settings, seed) to a nep.txt with its domain."""

from __future__ import annotations

import hashlib
import io
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import DatasetError, writing
from paddlewheel.execution import DriverWatch, Unit
from paddlewheel.records import write_atomically

if TYPE_CHECKING:
    import torch
    from ase import Atoms

    from paddlewheel.training.student.fit import Fit

TASK = "paddlewheel.studies.distil.fit_unit:run_fit_unit"
POTENTIAL, PARAMETERS = "nep.txt", "student.pt"
_STATE = "fit_state"
"""In a checkpoint: the state as torch writes it, as bytes."""
_CHECKPOINT_EVERY_S = 30.0
_PROGRESS_EVERY_S = 2.0


def fit_unit(
    *,
    name: str,
    datasets: list[Path],
    elements: tuple[str, ...],
    form: dict[str, Any],
    fit: dict[str, Any],
    device: str,
    start: Path | None,
    directory: Path,
) -> Unit:
    """A unit that fits a student to the frames of `datasets`, from the parameters in `start` or from new ones.

    `start` is the file of parameters of an earlier student, or a `nep.txt` with energies of another reference.
    """
    contents = {
        "datasets": [_source(path, directory) for path in datasets],
        "form": {"elements": list(elements)} | form,
        "fit": fit,
        "device": device,
        "n": fit["steps"],
        "start": None if start is None else _source(start, directory),
    }
    return Unit(name=name, contents=contents, run_directory=directory)


def _source(path: Path, directory: Path) -> dict[str, str]:
    return {"path": os.path.relpath(path, directory), "sha256": _sha256(path)}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run_fit_unit(unit: Unit, watch: DriverWatch, threads: int) -> bool:
    """Fit from the last checkpoint; True when it is finished, False when it stopped at a checkpoint.

    Raises
    ------
    DatasetError
        If a data set or the starting parameters changed since the unit was made.
    """
    import torch

    from paddlewheel.potentials.nep import domain_path
    from paddlewheel.training.student.fit import Fit
    from paddlewheel.training.student.settings import FitSettings, StudentSettings

    torch.set_num_threads(threads)
    contents = unit.contents
    for source in [*contents["datasets"], *([contents["start"]] if contents["start"] else [])]:
        if _sha256(unit.run_directory / source["path"]) != source["sha256"]:
            raise DatasetError("changed since the fit began", where=source["path"], remedy="use another --out")
    unit.write_progress({"status": "neighbours", "done": 0, "of": contents["n"]})
    frames = _frames(unit)
    form = StudentSettings(**contents["form"] | {"elements": tuple(contents["form"]["elements"])})
    start = _start(unit)
    fit = Fit(
        frames, form, FitSettings(**contents["fit"]), device=contents["device"], start=start,
        refit_references=start is not None and contents["start"]["path"].endswith(".txt"),
    )  # fmt: skip
    if (kept := unit.checkpoint()) is not None:
        fit.restore(torch.load(io.BytesIO(kept[_STATE].tobytes()), weights_only=True))
    with writing(unit.folder):
        seconds = _advance(unit, fit, watch)
        if not fit.finished:
            return False
        result = _write_student(unit, fit, frames) | {"seconds": seconds}
        unit.write_result(result, files=[unit.folder / POTENTIAL, domain_path(unit.folder / POTENTIAL),
                                         unit.folder / PARAMETERS])  # fmt: skip
    return True


def _start(unit: Unit) -> dict[str, torch.Tensor] | None:
    """The parameters to begin with; None for new ones."""
    import torch

    from paddlewheel.potentials.nep import read_nep
    from paddlewheel.training.student.network import state_of

    if not unit.contents["start"]:
        return None
    path = unit.run_directory / unit.contents["start"]["path"]
    return state_of(read_nep(path)) if path.suffix == ".txt" else torch.load(path, weights_only=True)


def _frames(unit: Unit) -> list[Atoms]:
    from paddlewheel.training import merge_datasets, read_dataset

    paths = [unit.run_directory / source["path"] for source in unit.contents["datasets"]]
    return list(merge_datasets([read_dataset(path) for path in paths]).frames)


def _advance(unit: Unit, fit: Fit, watch: DriverWatch) -> float:
    """Step to the end or to a stop, with checkpoints and a loss curve; the seconds it took."""
    began, first = time.monotonic(), fit.step_number
    next_checkpoint, next_progress = began + _CHECKPOINT_EVERY_S, began
    curve = unit.folder / "loss.csv"
    if first == 0 or not curve.exists():
        curve.write_text("step,loss\n", encoding="utf-8")
    while not fit.finished:
        fit.step()
        now = time.monotonic()
        stop = watch.should_stop()
        if now >= next_progress or stop or fit.finished:
            rate = (fit.step_number - first) / max(now - began, 1e-9)
            unit.write_progress({
                "status": "fitting", "done": fit.step_number, "of": fit.settings.steps, "loss": fit.loss,
                "eta_s": (fit.settings.steps - fit.step_number) / rate,
            })  # fmt: skip
            with open(curve, "a", encoding="utf-8") as stream:
                stream.write(f"{fit.step_number},{fit.loss:.6g}\n")
            next_progress = now + _PROGRESS_EVERY_S
        if now >= next_checkpoint or stop:
            unit.write_checkpoint({_STATE: np.frombuffer(_as_bytes(fit.state()), dtype=np.uint8)})
            next_checkpoint = now + _CHECKPOINT_EVERY_S
        if stop:
            break
    return time.monotonic() - began


def _as_bytes(state: Any) -> bytes:
    import torch

    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def _write_student(unit: Unit, fit: Fit, frames: list[Atoms]) -> dict[str, Any]:
    """The nep.txt, its domain and the parameters for the next fit, into the unit's folder."""
    from paddlewheel.potentials.nep import write_nep
    from paddlewheel.training.student.fit import mean_errors

    student = fit.result()
    path = unit.folder / POTENTIAL
    write_nep(path, student.export(max_neighbours=fit.most_neighbours))
    write_atomically(unit.folder / PARAMETERS, _as_bytes(student.state_dict()))
    _write_domain(path, frames)
    errors = mean_errors(student, fit.batches)
    return {
        "status": "done",
        "n_frames": len(frames),
        "n_atoms": int(sum(len(atoms) for atoms in frames)),
        "steps": fit.step_number,
        "loss": fit.loss,
        "train_errors": vars(errors),
        "sha256": _sha256(path),
    }


def _write_domain(path: Path, frames: list[Atoms]) -> None:
    """Write the domain of the training frames beside a nep.txt, from the engine's own descriptors."""
    from paddlewheel.potentials.nep import NEPCalculator, domain_path, fit_domain, write_domain

    calculator = NEPCalculator.from_file(path, dtype="float64")
    by_element: dict[str, list[np.ndarray]] = {symbol: [] for symbol in calculator.elements}
    for atoms in frames:
        descriptors = calculator.atom_features(atoms)
        symbols = np.array(atoms.get_chemical_symbols())
        for symbol in set(symbols):
            by_element[symbol].append(descriptors[symbols == symbol])
    write_domain(
        domain_path(path), fit_domain({symbol: np.concatenate(rows) for symbol, rows in by_element.items()}),
        potential=path,
    )  # fmt: skip
