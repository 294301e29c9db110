"""Readers of powder patterns: whatever diffractometer or program wrote it becomes a list of `Pattern`.

The format is taken from the content, never from the name. A reader keeps what it knows, warns of what it had to guess
or leave out, and refuses what it cannot read with one line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from paddlewheel.errors import DataError
from paddlewheel.foreign import open_unpacked, parsing, read_document
from paddlewheel.lab.readers.text_table import read_text
from paddlewheel.lab.xrd.pattern import Pattern, Radiation
from paddlewheel.lab.xrd.readers import brml, bruker, columns, gsas, pdcif, philips, rigaku, uxd, xrdml
from paddlewheel.lab.xrd.readers.ranges import joined
from paddlewheel.lab.xrd.readers.scan import Abscissa, Given, Scan, to_pattern

__all__ = ["Abscissa", "read_patterns"]

_REMEDY = "give a powder pattern: .xy, .xye, .fxye, .xrdml, .raw, .brml, .ras, ..."
_OTHER = {b"RAW_1": "a RAW of STOE", b"FI\x00\x00": "a RAW of Rigaku", b"HR-XRDScan": "an older file of Philips"}
"""Binary formats by their first bytes, that nobody has described."""
_TEXTS: tuple[tuple[Callable[[str], bool], Callable[..., list[Scan]]], ...] = (
    (gsas.is_gsas, gsas.read_gsas), (rigaku.is_ras, rigaku.read_ras), (rigaku.is_asc, rigaku.read_asc),
    (uxd.is_uxd, uxd.read_uxd), (columns.is_cpi, columns.read_cpi), (philips.is_udf, philips.read_udf),
    (pdcif.is_pdcif, pdcif.read_pdcif),
)  # fmt: skip
_NO_PATTERN = (
    (r"^_cell_length_a\b|^_atom_site_", "a structure", "give it to --phases"),
    (r"^INS\s+(BANK|HTYPE|1)|^#GSAS-II instrument", "an instrument file", "give it to --instrument"),
    (r"^ *(EXPR|HST|CRS1) +", "an experiment file of GSAS", "give its raw data"),
)
"""Texts that are often given for a pattern: how a line of them begins, what they are, and where they belong."""
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
        return [to_pattern(scan, str(path), given) for scan in joined(_scans(path))]


def _scans(path: Path) -> list[Scan]:
    if path.is_dir():
        raise DataError("is a folder", where=path, remedy="give the files in it")
    with open_unpacked(path, DataError) as stream:
        head = stream.read(4096)
    if not head.strip():
        raise DataError("is empty", where=path, remedy=_REMEDY)
    told = {"name": _stem(path), "source": str(path)}
    for magic, what in _OTHER.items():
        if head.startswith(magic):
            raise DataError(f"is {what}, whose layout is not published", where=path, remedy="export it as text")
    if head.startswith(b"PK\x03\x04"):
        return _archive(path, **told)
    if xrdml.is_xrdml(head.removeprefix(b"\xef\xbb\xbf")):
        return xrdml.read_xrdml(_content(path), **told)
    if head.startswith(bruker.VERSIONS):
        return bruker.read_raw(_content(path), **told)
    if head.startswith((b"V3RD", b"V5RD")):
        return philips.read_rd(_content(path), **told)
    text, said = read_text(path)
    for is_it, read in _TEXTS:
        if is_it(text):
            return read(text, **told)
    for begins, what, remedy in _NO_PATTERN:
        if re.search(begins, text, re.MULTILINE | re.IGNORECASE):
            raise DataError(f"is {what}, no pattern", where=path, remedy=remedy)
    if head.lstrip().startswith(b"<"):
        raise DataError("XML, but no XRDML", where=path, remedy=_REMEDY)
    return columns.read_columns(text, path=path, name=told["name"], said=said)


def _content(path: Path) -> bytes:
    return read_document(path, DataError, remedy=_REMEDY)


def _archive(path: Path, *, name: str, source: str) -> list[Scan]:
    names = brml.members(path)
    if brml.raw_data(names):
        return brml.read_brml(path, names, name=name, source=source)
    if rigaku.rasx_scans(names):
        return rigaku.read_rasx(path, names, name=name, source=source)
    raise DataError("an archive, but neither BRML nor RASX", where=path, remedy=_REMEDY)


def _stem(path: Path) -> str:
    """The name without its suffixes of packing and format."""
    name = path.name
    for suffix in _PACKED:
        name = name[: -len(suffix)] if name.lower().endswith(suffix) else name
    return name.rpartition(".")[0] or name
