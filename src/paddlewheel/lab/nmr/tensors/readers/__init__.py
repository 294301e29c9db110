"""Readers of the tensors that programs write: .magres, OUTCAR, gipaw.x, EFG.OUT; told by the content."""

from __future__ import annotations

from pathlib import Path

from paddlewheel.errors import DataError
from paddlewheel.foreign import parsing, read_text
from paddlewheel.lab.nmr.tensors.atom_tensors import AtomTensors
from paddlewheel.lab.nmr.tensors.readers import elk, espresso, magres, vasp

_REMEDY = "give a .magres, an OUTCAR of VASP, the output of gipaw.x, or EFG.OUT of Elk"
_READERS = (magres, vasp, espresso, elk)


def read_tensors(path: str | Path) -> AtomTensors:
    """The tensors of a file.

    Raises
    ------
    DataError
        For a file that cannot be read, is of another kind, or lacks the tensors of some atoms.
    """
    path = Path(path)
    if path.is_dir():
        raise DataError("is a folder", where=path, remedy="give the file inside it")
    if not path.is_file():
        raise DataError("no such file", where=path, remedy="check the path")
    text = read_text(path, DataError, problem="is no text", remedy=_REMEDY)
    for reader in _READERS:
        if reader.recognizes(text):
            with parsing(path, DataError, problem="cannot be understood", remedy="give the file as it was written"):
                return reader.read(text, path)
    raise DataError("holds no tensors of NMR that are known", where=path, remedy=_REMEDY)
