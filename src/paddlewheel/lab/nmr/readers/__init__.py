"""Readers of NMR: whatever spectrometer or simulation wrote it becomes a `Signal`.

A reader keeps what it knows, warns of what it had to guess, cut or leave out, and refuses what it cannot read with one
line. No row and no point is made up: what a file lacks is missing in the signal too. The format is taken from the
content; suffixes only choose what of a folder is tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError, InputError
from paddlewheel.foreign import open_unpacked, parsing, read_json
from paddlewheel.lab.nmr.readers import bruker, bruker_processed, columns, csdm, jeol, simpson, ssnake, varian
from paddlewheel.lab.nmr.readers.write import write_spectrum
from paddlewheel.lab.nmr.signal import Signal

__all__ = ["read_nmr", "write_spectrum"]


@dataclass(frozen=True, kw_only=True)
class _Given:
    """What is given instead of what the files say."""

    delays_s: np.ndarray | None
    nucleus: str | None
    frequency_MHz: float | None


_RAW = ("fid", "ser", "acqus", "acqu", "acqu2s", "pulseprogram", "vdlist", "vplist", "vclist", "procpar")
_PROCESSED = ("1r", "1i", "2rr", "procs", "proc2s")
_SUFFIXES = (*columns.SUFFIXES, ".spe", ".fid", ".json", ".csdf", ".csdfe", ".jdf")
_PACKED = (".gz", ".bz2", ".xz")
_REMEDY = "give the folder of a measurement, a folder of such folders, or a file of one"


def read_nmr(
    path: str | Path,
    *,
    delays_s: Sequence[float] | np.ndarray | None = None,
    nucleus: str | None = None,
    frequency_MHz: float | None = None,
) -> list[Signal]:
    """The measurements of a folder or file; of a folder with several, in the order of the numbers in their names.

    Parameters
    ----------
    path
        Folder of an experiment of Bruker (raw data before processed) or Varian, of `pdata/1`, of several of these, or
        of files; a file of JEOL, SIMPSON, dmfit, ssNake, CSDM, or columns of text. Text may be packed.
    delays_s, nucleus
        Of the rows, and of the measurement, instead of what the files say.
    frequency_MHz
        Of 0 ppm, for files that do not say it.

    Raises
    ------
    InputError
        For what cannot be read, holds no measurement, names an unknown nucleus, or has delays that do not fit its rows.
    """
    path = Path(path)
    given = _Given(
        delays_s=None if delays_s is None else np.asarray(delays_s, dtype=float), nucleus=nucleus,
        frequency_MHz=frequency_MHz,
    )  # fmt: skip
    with (
        parsing(path, DataError, problem="cannot be read", remedy=_REMEDY),
        np.errstate(invalid="ignore", over="ignore"),  # damaged files hold signalling nan
    ):
        if path.is_dir():
            return _in_folder(path, given)
        if not path.exists():
            raise DataError("is not there", where=path, remedy=_REMEDY)
        if path.name in (*_RAW, *_PROCESSED) and (found := _experiment(path.parent, given)) is not None:
            return [found]
        return [_file(path, given)]


def _in_folder(folder: Path, given: _Given) -> list[Signal]:
    one = _experiment(folder, given)
    if one is not None:
        return [one]
    inner = sorted((place for place in folder.iterdir() if place.is_dir()), key=_by_number)
    by_place = [(place, _experiment(place, given)) for place in inner]
    found = [signal for _, signal in by_place if signal is not None]
    if not found:
        return _files_of(folder, given)
    deeper = [place.name for place, signal in by_place if signal is None and _holds_experiments(place)]
    if deeper:
        found[0] = found[0].told(
            f"folders in it hold further measurements, which are not read: {', '.join(deeper[:4])}"
        )
    return found


def _holds_experiments(folder: Path) -> bool:
    """Whether folders of a folder hold measurements."""
    return any(
        (place / name).is_file() for place in folder.iterdir() if place.is_dir() for name in ("fid", "ser", "1r")
    )


@contextmanager
def _at(path: Path) -> Iterator[None]:
    """Name the file or folder in errors that know the measurement by its name alone."""
    try:
        yield
    except DataError as error:
        if str(path) in str(error.where):
            raise
        raise DataError(error.problem, where=path, remedy=error.remedy) from error


def _experiment(folder: Path, given: _Given) -> Signal | None:
    """The measurement of one folder; None where it holds none."""
    with _at(folder):
        return _in_one(folder, given)


def _in_one(folder: Path, given: _Given) -> Signal | None:
    if varian.is_experiment(folder):
        return varian.read_experiment(folder, delays_s=given.delays_s, nucleus=given.nucleus)
    if bruker.is_experiment(folder):
        return bruker.read_experiment(folder, delays_s=given.delays_s, nucleus=given.nucleus)
    if bruker_processed.is_processed(folder):
        return bruker_processed.read_processed(folder, nucleus=given.nucleus)
    if (folder / "acqus").is_file():
        inner = bruker.processing_folder(folder)
        if bruker_processed.is_processed(inner):
            found = bruker_processed.read_processed(inner, nucleus=given.nucleus)
            return found.told(f"no raw data in the folder: the processed spectrum pdata/{inner.name} is read")
        raise DataError(
            "parameters of a measurement, but neither fid, ser nor a spectrum", where=folder,
            remedy="copy the whole folder of the measurement",
        )  # fmt: skip
    return None


def _files_of(folder: Path, given: _Given) -> list[Signal]:
    """The measurements among the files of a folder; those that are none are told."""
    there = sorted((place for place in folder.iterdir() if place.is_file()), key=_by_number)
    tried = [place for place in there if _suffix(place) in _SUFFIXES and not columns.is_parameter_file(place)]
    found: list[Signal] = []
    refused: list[tuple[Path, InputError]] = []
    for path in tried:
        try:
            found.append(_file(path, given))
        except InputError as error:  # of a folder all that are measurements are read
            refused.append((path, error))
    if not found and refused:
        raise refused[0][1]
    if not found:
        shown = ", ".join(place.name for place in sorted(folder.iterdir())[:4])
        raise DataError(f"no measurement of NMR in it ({shown or 'empty'})", where=folder, remedy=_REMEDY)
    if refused:
        names = ", ".join(path.name for path, _ in refused[:4])
        found[0] = found[0].told(f"{len(refused)} files of the folder are no measurements and left out: {names}")
    return found


def _suffix(path: Path) -> str:
    """The last suffix, without that of a packed file."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in _PACKED]
    return suffixes[-1] if suffixes else ""


def _file(path: Path, given: _Given) -> Signal:
    """The measurement of one file, by its first bytes."""
    with _at(path):
        return _of_file(path, given)


def _of_file(path: Path, given: _Given) -> Signal:
    with parsing(path, DataError, problem="cannot be read", remedy=_REMEDY), open_unpacked(path, DataError) as stream:
        begin = stream.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    stated = {"nucleus": given.nucleus, "frequency_MHz": given.frequency_MHz}
    if begin.startswith(jeol.BEGINNINGS):
        signal = jeol.read_jdf(path, nucleus=given.nucleus)
    elif begin.startswith(simpson.BEGINNING):
        signal = simpson.read_simpson(path, **stated)
    elif begin.startswith(b"{"):
        document = read_json(path, DataError, remedy=_REMEDY)
        if csdm.is_csdm(document):
            signal = csdm.read_csdm(document, path, **stated)
        elif ssnake.is_ssnake(document):
            signal = ssnake.read_ssnake(document, path, **stated)
        else:
            raise DataError("JSON, but neither of ssNake nor CSDM", where=path, remedy=_REMEDY)
    elif b"\x00" in begin:
        raise DataError("no file of NMR that is known", where=path, remedy=_REMEDY)
    else:
        signal = columns.read_columns(path, **stated)
    if given.delays_s is None or len(signal.values) == 1:
        return signal
    return replace(signal, delays_s=given.delays_s, indirect=None, quadrature=None)


def _by_number(path: Path) -> list[tuple[int, float, str]]:
    """Order of names by the numbers in them: 9 before 10, mix-0.5ms before mix-16ms."""
    parts = re.split(r"(\d+(?:\.\d+)?)", path.name)
    return [(1, 0.0, part) if place % 2 == 0 else (0, float(part), "") for place, part in enumerate(parts) if part]
