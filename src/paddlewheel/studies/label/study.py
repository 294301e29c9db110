"""`label`: energy, forces and stress of frames by any potential, as a data set with its card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddlewheel.errors import DatasetError, SettingsError
from paddlewheel.execution import DriverLock, array_digest
from paddlewheel.records import write_record
from paddlewheel.studies.label.labelled_set import (
    choose_labeller,
    describe_dataset,
    label_range,
    labelled_frames,
    write_labelled,
)
from paddlewheel.studies.label.record import (
    LabelRecord,
)
from paddlewheel.studies.simulation.frame_units import TASK, label_units
from paddlewheel.studies.simulation.potentials import (
    potential_citations,
)
from paddlewheel.study.provenance import provenance
from paddlewheel.study.run_directory import (
    check_directory,
    default_directory,
    start_directory,
)
from paddlewheel.study.stage import failed_units, run_stage
from paddlewheel.training.dataset import Dataset

if TYPE_CHECKING:
    from ase import Atoms


def label(
    frames: str | Path | Sequence[Atoms] | Dataset,
    *,
    out: str | Path | None = None,
    potential: str | None = None,
    functional: str | None = None,
    three_body: str = "parent",
    device: str = "cpu",
    dtype: str = "float32",
    cores: int | None = None,
    show_progress: bool = False,
) -> LabelRecord:
    """Label frames with energy, forces and stress, in units of work that survive a kill.

    The run directory `out` (``label-NAME`` by default) gets ``dataset.extxyz`` and its card, the record and the report.

    Parameters
    ----------
    frames
        A data set, a file of frames (labels in it are left aside), or a sequence of Atoms; periodic.
    potential
        See `paddlewheel.potentials.load_potential`. It has to be named: the default of `conduct` may be a student,
        whose labels are no truth.
    functional
        The density functional behind the potential, where its card does not say.
    three_body, device, dtype
        As for `load_potential`.
    cores
        Cores of this machine to use; all by default.

    Raises
    ------
    InputError
        Bad input, before anything is written.
    ScienceError
        If units failed, or every frame was refused.

    Examples
    --------
    >>> from paddlewheel import label
    >>> label("frames.extxyz", potential="m3gnet-nabh-r2scan", out="labels")  # doctest: +SKIP
    """
    from paddlewheel.potentials import check_elements, describe_potential
    from paddlewheel.studies.simulation.potentials import (
        potential_document,
    )

    given = read_frames(frames)
    if potential is None:
        raise SettingsError(
            "none named", where="potential", remedy="say who labels, such as m3gnet-nabh-r2scan: there is no default"
        )
    check_elements(describe_potential(potential), _union(given))
    document = potential_document(potential, three_body=three_body, device=device, dtype=dtype)
    labeller = choose_labeller(document, functional=functional)
    source = Path(frames).name if isinstance(frames, str | Path) else "frames given"
    inputs: dict[str, Any] = {
        "command": "label",
        "frames": {"name": source, "n_frames": len(given), "sha256": frames_digest(given)},
        "potential": document,
        "engine": labeller.engine,
        "functional": labeller.functional,
    }
    named = isinstance(frames, str | Path)
    directory = Path(out) if out is not None else default_directory("label", frames if named else given[0])
    check_directory(directory, inputs)
    start_directory(directory, inputs)
    with DriverLock(directory) as driver:
        units = label_units(given, potential=document, directory=directory)
        troubles = run_stage(
            units, task=TASK, title="labelling", driver=driver, cores=cores, show_progress=show_progress
        )
        if troubles:
            raise failed_units(troubles, directory)
        good, refused = labelled_frames(given, units)
        path = directory / "dataset.extxyz"
        dataset = write_labelled(path, good, labeller=labeller, settings={"labelled": source})
        record = LabelRecord(
            potential=document["name"],
            source=source,
            n_frames=len(given),
            dataset=describe_dataset(path, dataset),
            labels=label_range(dataset),
            refused=refused,
            warnings=[f"{len(refused)} of {len(given)} frames were refused"] if refused else [],
            citations=potential_citations(document["name"]),
            provenance=provenance(inputs, potential_sha256=document["identity"]),
        )
        write_record(record, directory / "result.json")
    return record


def read_frames(frames: str | Path | Sequence[Atoms] | Dataset) -> list[Atoms]:
    """Frames of a file in any format that ASE reads, of a data set, or as given; each checked.

    Raises
    ------
    DatasetError
        If the file cannot be read, holds none, or a frame has no cell or no finite positions.
    """
    if isinstance(frames, Dataset):
        listed = list(frames.frames)
    elif isinstance(frames, str | Path):
        listed = _read_file(Path(frames))
    else:
        listed = list(frames)
    where = str(frames) if isinstance(frames, str | Path) else "frames"
    if not listed:
        raise DatasetError("holds no frames", where=where, remedy="give at least one")
    check_geometry(listed, where=where)
    return listed


def check_geometry(frames: Sequence[Atoms], *, where: str) -> None:
    """Refuse frames that no potential can label."""
    import numpy as np

    for index, frame in enumerate(frames):
        at = f"{where}, frame {index}"
        if not (len(frame) and all(frame.pbc) and abs(frame.cell.volume) > 0):
            raise DatasetError("has no atoms or is not periodic in three directions", where=at, remedy="give it a cell")
        if not (np.isfinite(frame.positions).all() and np.isfinite(np.array(frame.cell)).all()):
            raise DatasetError("has positions or a cell that are not finite", where=at, remedy="remove the frame")


def frames_digest(frames: Sequence[Atoms]) -> str:
    """sha256 over species, positions and cells."""
    import numpy as np

    return array_digest(
        *(part for f in frames for part in (f.numbers.astype(np.int64), f.get_positions(), np.array(f.cell)))
    )


def _read_file(path: Path) -> list[Atoms]:
    import ase.io

    try:
        found = ase.io.read(path, index=":", format="extxyz" if path.suffix == ".extxyz" else None)
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError, ImportError) as error:
        raise DatasetError(
            f"cannot be read ({type(error).__name__}: {error})",
            where=path,
            remedy="give a file of frames, such as extxyz",
        ) from error
    except Exception as error:
        # ASE's own errors for unknown formats derive from Exception alone
        if type(error).__module__.startswith("ase."):
            raise DatasetError(
                f"cannot be read ({type(error).__name__}: {error})", where=path, remedy="give frames as extxyz"
            ) from error
        raise
    return found if isinstance(found, list) else [found]  # type: ignore[list-item, return-value]


def _union(frames: Sequence[Atoms]) -> Atoms:
    """One atom of each element that occurs."""
    from ase import Atoms

    return Atoms(sorted({symbol for frame in frames for symbol in set(frame.get_chemical_symbols())}))
