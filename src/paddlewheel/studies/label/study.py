"""`label`: energy, forces and stress of frames by any potential, as a data set with its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.crystals.formats import read_frames
from paddlewheel.errors import DatasetError, SettingsError
from paddlewheel.execution import array_digest
from paddlewheel.studies.label.labelled_set import (
    FUNCTIONAL,
    Labeller,
    choose_labeller,
    describe_dataset,
    disk_bytes,
    label_range,
    labelled_frames,
    without_release,
    write_labelled,
)
from paddlewheel.studies.label.record import DATASET, LabelRecord
from paddlewheel.studies.simulation.frame_units import TASK, frames_of_units, label_units
from paddlewheel.studies.simulation.potentials import potential_citations, potential_document
from paddlewheel.studies.simulation.settings import PotentialSettings
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.run import Run
from paddlewheel.study.settings import setting
from paddlewheel.study.stage import failed_units
from paddlewheel.study.study import Argument, Study
from paddlewheel.training.dataset import Dataset, card_path

if TYPE_CHECKING:
    from ase import Atoms


class LabelSettings(PotentialSettings):
    """Settings of `label`."""

    # no default: that of `conduct` may be a student, whose labels are no truth
    potential: str | None = setting(None, "Who labels (see `potentials`); it has to be named")
    functional: str | None = setting(None, FUNCTIONAL)


@dataclass(frozen=True, kw_only=True)
class LabelInputs:
    """The frames, and who labels them."""

    source: str
    frames: list[Atoms]
    labeller: Labeller

    def document(self) -> dict[str, Any]:
        """The frames by their content, the potential, and what decides its labels."""
        return {
            "frames": {"name": self.source, "n_frames": len(self.frames), "sha256": frames_digest(self.frames)},
            "potential": self.labeller.potential,
            "engine": self.labeller.decides,
            "functional": self.labeller.functional,
        }


def _opens(frames: str | Path | Sequence[Atoms] | Dataset, settings: LabelSettings) -> LabelInputs:
    from paddlewheel.potentials import check_elements, describe_potential

    given = _read_frames(frames)
    if settings.potential is None:
        raise SettingsError(
            "none named", where="potential", remedy="say who labels, such as m3gnet-nabh-r2scan: there is no default"
        )
    check_elements(describe_potential(settings.potential), _union(given))
    document = potential_document(
        settings.potential, three_body=settings.three_body, device=settings.device, dtype=settings.dtype
    )
    return LabelInputs(
        source=Path(frames).name if isinstance(frames, str | Path) else "frames given",
        frames=given,
        labeller=choose_labeller(document, functional=settings.functional),
    )


def _of_today(found: Mapping[str, Any]) -> dict[str, Any]:
    return {**found, "engine": without_release(str(found.get("engine")))}


def _read_frames(frames: str | Path | Sequence[Atoms] | Dataset) -> list[Atoms]:
    """Frames of a file in any format that ASE reads, of a data set, or as given; each checked."""
    if isinstance(frames, Dataset):
        listed = list(frames.frames)
    elif isinstance(frames, str | Path):
        listed = read_frames(Path(frames))
    else:
        listed = list(frames)
    where = str(frames) if isinstance(frames, str | Path) else "frames"
    if not listed:
        raise DatasetError("holds no frames", where=where, remedy="give at least one")
    for index, frame in enumerate(listed):
        at = f"{where}, frame {index}"
        if not (len(frame) and all(frame.pbc) and abs(frame.cell.volume) > 0):
            raise DatasetError("has no atoms or is not periodic in three directions", where=at, remedy="give it a cell")
        if not (np.isfinite(frame.positions).all() and np.isfinite(np.array(frame.cell)).all()):
            raise DatasetError("has positions or a cell that are not finite", where=at, remedy="remove the frame")
    return listed


def frames_digest(frames: Sequence[Atoms]) -> str:
    """sha256 over species, positions and cells."""
    return array_digest(
        *(part for f in frames for part in (f.numbers.astype(np.int64), f.get_positions(), np.array(f.cell)))
    )


def _union(frames: Sequence[Atoms]) -> Atoms:
    """One atom of each element that occurs."""
    from ase import Atoms

    return Atoms(sorted({symbol for frame in frames for symbol in set(frame.get_chemical_symbols())}))


def _measures(inputs: LabelInputs, settings: LabelSettings, run: Run) -> LabelRecord:
    frames, labeller = inputs.frames, inputs.labeller
    units = label_units(frames, potential=labeller.potential, directory=run.folder)
    troubles = run.units(units, task=TASK, title="labelling")
    if troubles:
        raise failed_units(troubles, run.folder)
    good, refused = labelled_frames(frames, units)
    path = run.folder / DATASET
    dataset = write_labelled(path, good, labeller=labeller, settings={"labelled": inputs.source})
    for file in (path, card_path(path)):
        run.hold(file.name)
    return LabelRecord(
        potential=labeller.potential["name"],
        source=inputs.source,
        n_frames=len(frames),
        dataset=describe_dataset(path, dataset),
        labels=label_range(dataset),
        refused=refused,
        warnings=[f"{len(refused)} of {len(frames)} frames were refused"] if refused else [],
        citations=potential_citations(labeller.potential["name"]),
        provenance=run.provenance(potential_sha256=labeller.potential["identity"]),
    )


def _says(record: LabelRecord) -> list[str]:
    written = record.dataset
    return [
        f"{written.n_frames} of {record.n_frames} frames labelled by {written.engine}",
        *(f"refused: {frame.name} {frame.reason}" for frame in record.refused),
        f"data set: {(record.directory or Path()) / written.file}",
    ]


def _forecasts(inputs: LabelInputs, settings: LabelSettings, cores: int | None) -> Forecast:
    from paddlewheel.studies.simulation.cost import Cost

    atom_s = Cost(inputs.labeller.potential).evaluation_s(inputs.frames)
    n_atoms = {name: sum(map(len, frames)) for name, frames in frames_of_units(inputs.frames).items()}
    return Forecast.of_units(
        {name: n * atom_s / 3600 for name, n in n_atoms.items()},
        cores=cores,
        inputs=(("frames", f"{len(inputs.frames)} of {inputs.source}"), ("labelled by", inputs.labeller.decides)),
        n_atoms=max(map(len, inputs.frames)),
        disk_bytes=disk_bytes(sum(n_atoms.values())),
    )


STUDY = Study(
    command="label",
    arguments=(
        Argument(
            name="frames",
            metavar="FRAMES",
            help="a file of frames in any format that ASE reads; labels in it are left aside",
            annotation="str | Path | Sequence[Atoms] | paddlewheel.training.dataset.Dataset",
        ),
    ),
    settings=LabelSettings,
    record=LabelRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    document=lambda inputs, _settings: inputs.document(),
    of_today=_of_today,
    forecasts=_forecasts,
    needs_directory=True,
    example="paddlewheel label frames.extxyz --potential m3gnet-nabh-r2scan --out sets/l",
    notes="""
    The run directory gets ``dataset.extxyz`` with its card: frames whose labels no data set may hold are refused by
    name. Frames are labelled in units of work that survive a kill; the same call goes on.
    """,
)
