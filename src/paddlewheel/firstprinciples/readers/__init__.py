"""Outputs of first-principles programs, recognized by what is in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from paddlewheel import foreign
from paddlewheel.errors import DatasetError
from paddlewheel.firstprinciples.readers import (
    castep,
    cp2k,
    espresso,
    gpaw_files,
    labelled_frames,
    outcar,
    vasprun,
)
from paddlewheel.firstprinciples.steps import Calculation

_READERS: Sequence[tuple[str, Callable[[bytes], bool], Callable[[Path], Calculation]]] = (
    ("vasprun.xml", vasprun.is_vasprun, vasprun.read),
    ("OUTCAR", outcar.is_outcar, outcar.read),
    (".castep", castep.is_castep, castep.read),
    (".geom, .md", castep.is_castep_frames, castep.read_frames),
    ("GPAW's log", gpaw_files.is_gpaw_log, gpaw_files.read),
    (".gpw", gpaw_files.is_gpw, gpaw_files.read_gpw),
    ("CP2K's output", cp2k.is_cp2k, cp2k.read),
    ("pw.x's output", espresso.is_pw_output, espresso.read),
    ("data-file-schema.xml", espresso.is_pw_xml, espresso.read_xml),
    ("extended XYZ", labelled_frames.is_labelled_xyz, labelled_frames.read),
    ("MPtrj's or MatPES's JSON", labelled_frames.is_labelled_json, labelled_frames.read_labelled_json),
)
"""Name of the format, whether a file that begins so is one (`_HEAD_BYTES` of it, unpacked), and its reader.

In this order a folder is searched, where it has no output of VASP.
"""
_SAME_RUN = {".geom, .md": ".castep", ".gpw": "GPAW's log"}
"""Formats whose file of the same name says more of the same run."""
_HEAD_BYTES = 65536
_IN_A_FOLDER = ("vasprun.xml", "OUTCAR")
"""Names of outputs, the best first; packed ones may end in .gz, .bz2 or .xz."""
_CLOSE_EV = 1e-5
"""Energies of one step in two files differ by the rounding of eight decimals, and of the constants for PSTRESS."""
_PACKED = ("", ".gz", ".bz2", ".xz")


def read_calculation(path: Path) -> Calculation:
    """Read the output of a first-principles program; of a folder its best one.

    In a folder a vasprun.xml goes before an OUTCAR; where both are there and differ, the contradiction is told. Outputs
    of other programs are known by what is in them, whatever their names.

    Parameters
    ----------
    path
        A file, packed or not, or a folder with one output.

    Raises
    ------
    DatasetError
        If there is none, several, or it cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        return _read_folder(path)
    head = _head(path)
    for _, recognizes, read in _READERS:
        if recognizes(head):
            return read(path)
    known = ", ".join(name for name, _, _ in _READERS)
    raise DatasetError("is no output that can be read", where=path, remedy=f"known are {known}")


def find_outputs(path: Path, *, deep: bool = True) -> list[Path]:
    """Outputs at a path, each as `read_calculation` takes it, in the order of their names.

    A file is taken as it is. A folder with outputs of VASP is one output; of another folder every file that a reader
    recognizes, and, if `deep`, those of the folders in it. What repeats another is left out: NAME.geom beside
    NAME.castep, NAME.gpw beside the log NAME.txt, and the folder .save beside an output of pw.x.
    """
    if not path.is_dir():
        return [path]
    inside = sorted(path.iterdir())
    names = {entry.name for entry in inside}
    if any(f"{name}{end}" in names for name in _IN_A_FOLDER for end in _PACKED):
        return [path]
    kinds = {entry: kind for entry in inside if entry.is_file() and (kind := _kind(entry)) is not None}
    stems = {(entry.stem, kind) for entry, kind in kinds.items()}
    found = [entry for entry, kind in kinds.items() if (entry.stem, _SAME_RUN.get(kind)) not in stems]
    if deep:
        folders = [entry for entry in inside if entry.is_dir() and not (found and entry.suffix == ".save")]
        found += [output for folder in folders for output in find_outputs(folder)]
    return found


def files_of(output: Path) -> list[Path]:
    """The files that `read_calculation` reads of an output; of a folder those of VASP in it."""
    if not output.is_dir():
        return [output]
    return [path for name in _IN_A_FOLDER for end in _PACKED if (path := output / f"{name}{end}").is_file()]


def _kind(path: Path) -> str | None:
    """The format of a file, None where it is no output."""
    try:
        head = _head(path)
    except DatasetError:
        return None
    return next((name for name, recognizes, _ in _READERS if recognizes(head)), None)


def _head(path: Path) -> bytes:
    remedy = "give an output of a calculation"
    with foreign.parsing(path, DatasetError, remedy=remedy), foreign.open_unpacked(path, DatasetError) as stream:
        return stream.read(_HEAD_BYTES)


def _read_folder(folder: Path) -> Calculation:
    found = files_of(folder)
    if not found:
        return _read_by_content(folder)
    calculation = read_calculation(found[0])
    beside = next((path for path in found if path.name.startswith("OUTCAR")), None)
    if beside is None or beside == found[0]:
        return calculation
    other = read_calculation(beside)
    return replace(calculation, contradictions=(*calculation.contradictions, *_contradictions(calculation, other)))


def _read_by_content(folder: Path) -> Calculation:
    heads = {path: _head(path) for path in sorted(folder.iterdir()) if path.is_file()}
    for name, recognizes, read in _READERS:
        found = [path for path, head in heads.items() if recognizes(head)]
        if len(found) > 1:
            raise DatasetError(f"has {len(found)} files of the kind {name}", where=folder, remedy="give one of them")
        if found:
            return read(found[0])
    raise DatasetError("has no output of a calculation", where=folder, remedy="give the output itself")


def _contradictions(calculation: Calculation, other: Calculation) -> list[str]:
    """Where a vasprun.xml and the OUTCAR beside it are not of one run, or VASP said there that it did not converge."""
    name = Path(other.source).name
    for step, beside in zip(calculation.steps, other.steps, strict=False):
        energy, of_other = step.energy_eV, beside.energy_eV
        if energy is not None and of_other is not None and abs(energy - of_other) > _CLOSE_EV:
            return [f"step {step.number + 1} has {energy:.6f} eV, in the {name} beside it {of_other:.6f} eV"]
        if step.converged and beside.converged is False:
            return [f"the {name} beside it says that step {step.number + 1} did not converge: {beside.electronic}"]
    if calculation.cut is None and other.cut is None and len(other.steps) != len(calculation.steps):
        return [f"it has {len(calculation.steps)} steps, the {name} beside it {len(other.steps)}"]
    return []
