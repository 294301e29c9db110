"""Readers of NMR: whatever spectrometer or simulation wrote it becomes a `Signal`.

A reader keeps what it knows, warns of what it had to guess, cut or leave out, and refuses what it cannot read with one
line. No row and no point is made up: what a file lacks is missing in the signal too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import parsing
from paddlewheel.lab.nmr.readers import bruker, bruker_processed
from paddlewheel.lab.nmr.signal import Signal

__all__ = ["read_nmr"]


class _Given(TypedDict):
    """What is given instead of what the files say."""

    delays_s: np.ndarray | None
    nucleus: str | None


_RAW = ("fid", "ser", "acqus", "acqu", "acqu2s", "pulseprogram", "vdlist", "vplist", "vclist")
_PROCESSED = ("1r", "1i", "2rr", "procs", "proc2s")
_REMEDY = "give the folder of a measurement, or a folder of such folders"


def read_nmr(
    path: str | Path, *, delays_s: Sequence[float] | np.ndarray | None = None, nucleus: str | None = None
) -> list[Signal]:
    """The measurements of a folder or file, folders of several by their numbers.

    Parameters
    ----------
    path
        Of Bruker: the folder of an experiment (raw data before processed), a folder of experiments, or `pdata/1`.
    delays_s, nucleus
        Of the rows, and of the measurement, instead of what the files say.

    Raises
    ------
    InputError
        For what cannot be read, holds no measurement, names an unknown nucleus, or has delays that do not fit its rows.
    """
    path = Path(path)
    given: _Given = {"delays_s": None if delays_s is None else np.asarray(delays_s, dtype=float), "nucleus": nucleus}
    with parsing(path, DataError, problem="cannot be read", remedy=_REMEDY):
        if path.is_dir():
            return _in_folder(path, given)
        if not path.exists():
            raise DataError("is not there", where=path, remedy=_REMEDY)
        if path.name in _RAW and bruker.is_experiment(path.parent):
            return [bruker.read_experiment(path.parent, **given)]
        if path.name in _PROCESSED and bruker_processed.is_processed(path.parent):
            return [bruker_processed.read_processed(path.parent, nucleus=nucleus)]
    raise DataError("no measurement of NMR", where=path, remedy=_REMEDY)


def _in_folder(folder: Path, given: _Given) -> list[Signal]:
    one = _one(folder, given)
    if one is not None:
        return [one]
    inner = sorted((place for place in folder.iterdir() if place.is_dir()), key=_by_number)
    found = [signal for place in inner if (signal := _one(place, given)) is not None]
    if not found:
        here = sorted(place.name for place in folder.iterdir())
        shown = ", ".join(here[:4]) + (", ..." if len(here) > 4 else "")
        raise DataError(f"no measurement of NMR in it ({shown or 'empty'})", where=folder, remedy=_REMEDY)
    return found


def _one(folder: Path, given: _Given) -> Signal | None:
    """The measurement of one folder; None where it holds none."""
    if bruker.is_experiment(folder):
        return bruker.read_experiment(folder, **given)
    if bruker_processed.is_processed(folder):
        return bruker_processed.read_processed(folder, nucleus=given["nucleus"])
    processed = folder / "pdata" / "1"
    if (folder / "acqus").is_file():
        if bruker_processed.is_processed(processed):
            found = bruker_processed.read_processed(processed, nucleus=given["nucleus"])
            return found.told("no raw data in the folder: the processed spectrum pdata/1 is read")
        raise DataError(
            "parameters of a measurement, but neither fid, ser nor a spectrum", where=folder,
            remedy="copy the whole folder of the measurement",
        )  # fmt: skip
    return None


def _by_number(folder: Path) -> tuple[int, int, str]:
    return (0, int(folder.name), "") if folder.name.isdecimal() else (1, 0, folder.name)
