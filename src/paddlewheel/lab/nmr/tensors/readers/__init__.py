"""Readers of the tensors that programs write: .magres, OUTCAR, gipaw.x, EFG.OUT; told by the content."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import parsing, read_text
from paddlewheel.lab.nmr.tensors.atom_tensors import AtomTensors
from paddlewheel.lab.nmr.tensors.readers import elk, espresso, magres, vasp

_REMEDY = "give a .magres, an OUTCAR of VASP, the output of gipaw.x, or EFG.OUT of Elk"
_READERS = (magres, vasp, espresso, elk)
_TRACE_TOLD, _TRACE_REFUSED = 0.01, 0.1
"""Of the largest component: Poisson's equation leaves a field gradient no trace, and codes write it within 1e-9."""
_TRACE_ROUNDED_AU = 1e-4
"""What rounding leaves: VASP writes three decimals in V/A2, 1e-5 au each."""


def read_tensors(path: str | Path) -> AtomTensors:
    """The tensors of a file.

    Raises
    ------
    DataError
        For a file that cannot be read, is of another kind, lacks the tensors of some atoms, or has field gradients with
        a trace of over 10 % of their largest component; from 1 % on it is told.
    """
    path = Path(path)
    if path.is_dir():
        raise DataError("is a folder", where=path, remedy="give the file inside it")
    if not path.is_file():
        raise DataError("no such file", where=path, remedy="check the path")
    text = read_text(path, DataError, problem="is no text", remedy=_REMEDY)
    for reader in _READERS:
        if reader.recognizes(text):
            with (
                parsing(path, DataError, problem="cannot be understood", remedy="give the file as it was written"),
                np.errstate(invalid="raise", over="raise"),  # numbers that no tensor has
            ):
                return _checked_traces(reader.read(text, path))
    raise DataError("holds no tensors of NMR that are known", where=path, remedy=_REMEDY)


def _checked_traces(found: AtomTensors) -> AtomTensors:
    """The same tensors, with a warning of field gradients that have a trace."""
    if found.efg_au is None:
        return found
    trace_au = np.abs(np.trace(found.efg_au, axis1=1, axis2=2))
    share = np.where(trace_au > _TRACE_ROUNDED_AU, trace_au / np.abs(found.efg_au).max(axis=(1, 2)).clip(1e-30), 0.0)
    worst = int(np.argmax(share))
    told = (
        f"the field gradient of {found.labels[worst]} has a trace of {trace_au[worst]:.2g} au, "
        f"{100 * share[worst]:.3g} % of its largest component"
    )
    if share[worst] > _TRACE_REFUSED:
        raise DataError(
            f"{told}, where there is none", where=found.source, remedy="give the whole tensors as the code wrote them"
        )
    if share[worst] > _TRACE_TOLD:
        n_atoms = int((share > _TRACE_TOLD).sum())
        others = f" ({n_atoms} atoms have one)" if n_atoms > 1 else ""
        return replace(found, warnings=(*found.warnings, f"{told}{others}: the part without it is taken"))
    return found
