"""Readers of powder patterns: whatever diffractometer or program wrote it becomes a list of `Pattern`.

The format is taken from the content, never from the name. A reader keeps what it knows, warns of what it had to guess
or leave out, and refuses what it cannot read with one line.
"""

from __future__ import annotations

from pathlib import Path

from paddlewheel.errors import DataError
from paddlewheel.foreign import open_unpacked, parsing
from paddlewheel.lab.readers.text_table import read_text
from paddlewheel.lab.xrd.pattern import Pattern, Radiation
from paddlewheel.lab.xrd.readers import columns, gsas
from paddlewheel.lab.xrd.readers.scan import Abscissa, Given, Scan, to_pattern

__all__ = ["Abscissa", "read_patterns"]

_REMEDY = "give a powder pattern: .xy, .xye, .fxye, .xrdml, .raw, .brml, .ras, ..."
_PACKED = (".gz", ".bz2", ".xz", ".z")


def read_patterns(
    path: str | Path, *, abscissa: Abscissa | None = None, radiation: Radiation | None = None
) -> list[Pattern]:
    """The patterns of a file, in its order.

    Parameters
    ----------
    path
        The file, which may be packed (gzip, bzip2, xz).
    abscissa
        What the first column is, over what the file says.
    radiation
        Over what the file says; it turns q and d into angles.

    Raises
    ------
    DataError
        In one line, for what cannot be read or cannot be a powder pattern.
    """
    path = Path(path)
    given = Given(abscissa=abscissa, radiation=radiation)
    with parsing(path, DataError, problem="cannot be read as a powder pattern", remedy=_REMEDY):
        return [to_pattern(scan, str(path), given) for scan in _scans(path)]


def _scans(path: Path) -> list[Scan]:
    if path.is_dir():
        raise DataError("is a folder", where=path, remedy="give the files in it")
    with open_unpacked(path, DataError) as stream:
        head = stream.read(4096)
    if not head.strip():
        raise DataError("is empty", where=path, remedy=_REMEDY)
    text, said = read_text(path)
    if gsas.is_gsas(text):
        return gsas.read_gsas(text, name=_stem(path), source=str(path))
    return columns.read_columns(text, path=path, name=_stem(path), said=said)


def _stem(path: Path) -> str:
    """The name without its suffixes of packing and format."""
    name = path.name
    for suffix in _PACKED:
        name = name[: -len(suffix)] if name.lower().endswith(suffix) else name
    return name.rpartition(".")[0] or name
