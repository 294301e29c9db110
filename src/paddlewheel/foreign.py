"""Files that others wrote: no class that they name is built, no link followed, and a bomb ends with one line.

Every reader goes through here for what can hurt: JSON, YAML, NumPy archives, zip, gzip, bzip2 and xz. What a file
unpacks to is bounded before it is in memory: by 200 MB, and for large files by 200 times their size (text and numbers
of real measurements pack 3 to 30 times).
"""

from __future__ import annotations

import io
import json
import struct
import sys
import tarfile
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from lzma import LZMAError
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np

from paddlewheel.errors import PaddlewheelError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from numpy.typing import NDArray

LARGEST_DOCUMENT = 200_000_000
"""Bytes of one structure or document, unpacked: a million atoms are 60 MB."""
LARGEST_RATIO = 200
"""Of unpacked to packed bytes."""
LARGEST_CHUNK = 1_000_000_000
"""Bytes of a chunk of Zarr or HDF5, unpacked: it is in memory whole."""
DEEPEST = 100
"""Lists and maps of YAML within each other."""
_LARGEST_EXPANSION = 10_000_000
"""Nodes of a YAML document whose aliases are written out."""
_MOST_FRAMES = 3000
"""Python's recursion limit while a file is parsed: parsers in C count by it, and overflow the stack beyond 20,000."""

DAMAGE = (
    ArithmeticError, AssertionError, AttributeError, BufferError, EOFError, LookupError, LZMAError, MemoryError,
    OSError, RuntimeError, SyntaxError, TypeError, ValueError, struct.error, tarfile.TarError,
    tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What parsers raise on damaged bytes; RecursionError is a RuntimeError, UnicodeError a ValueError."""

_COMPRESS = b"\x1f\x9d"
_STARTS = {"gzip": b"\x1f\x8b", "bzip2": b"BZh", "xz": b"\xfd7zXZ\x00", "compress": _COMPRESS}


@contextmanager
def bounded_recursion() -> Iterator[None]:
    """Keep Python's recursion limit at `_MOST_FRAMES` at most, so that deep nesting is a RecursionError.

    A library that was imported before may have raised it for the whole process (symfc, which phonopy imports, to
    100,000), and then a document of many brackets would end the process.
    """
    frames = sys.getrecursionlimit()
    sys.setrecursionlimit(min(frames, _MOST_FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(frames)


@contextmanager
def parsing(
    path: str | Path, kind: type[PaddlewheelError], *, problem: str = "is damaged", remedy: str = "copy it again"
) -> Iterator[None]:
    """Turn what a parser raises on damaged bytes (`DAMAGE`) into one line of the error class `kind`."""
    try:
        with bounded_recursion():
            yield
    except PaddlewheelError:
        raise
    except RecursionError as error:
        raise kind("is nested too deeply", where=path, remedy=remedy) from error
    except MemoryError as error:
        raise kind(
            "needs more memory than there is", where=path, remedy="take a machine with more, or split it"
        ) from error
    except DAMAGE as error:
        raise kind(f"{problem} ({brief(error)})", where=path, remedy=remedy) from error


def brief(error: BaseException) -> str:
    """The first line of an error, or its kind where it says nothing."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = " ".join(str(error).split())[:120]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def compression(path: str | Path) -> str | None:
    """By what a file is compressed, as its first bytes say: gzip, bzip2, xz, compress, or None."""
    with open(path, "rb") as stream:
        head = stream.read(6)
    return next((name for name, start in _STARTS.items() if head.startswith(start)), None)


def open_unpacked(path: Path, kind: type[PaddlewheelError]) -> BinaryIO:
    """Open a file that may be packed (`compression`); reading beyond the bound of `refuse_expansion` fails."""
    import bz2
    import gzip
    import lzma

    packing = compression(path)
    if packing is None:
        return open(path, "rb")
    if packing == "compress":
        with open(path, "rb") as stream:
            content = stream.read(LARGEST_DOCUMENT)
        return io.BytesIO(_decompressed(content, path, kind))
    opener = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}[packing]
    bounded = _Bounded(cast(BinaryIO, opener(path, "rb")), path, kind)
    return cast(BinaryIO, io.BufferedReader(bounded, 1 << 20))


class _Bounded(io.RawIOBase):
    """An unpacking stream that ends with one line where a small file becomes a huge one."""

    def __init__(self, stream: BinaryIO, path: Path, kind: type[PaddlewheelError]) -> None:
        self._stream, self._path, self._kind = stream, path, kind
        self._packed, self._unpacked = path.stat().st_size, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._stream.read(len(buffer))
        buffer[: len(piece)] = piece
        self._unpacked += len(piece)
        refuse_expansion(self._unpacked, self._packed, self._path, self._kind)
        return len(piece)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _decompressed(content: bytes, path: Path, kind: type[PaddlewheelError]) -> bytes:
    """What compress (.Z) packed by LZW, codes of 9 to 16 bits, the low bits first; bounded as `refuse_expansion` does.

    Codes come in groups of eight: where their width changes, the rest of the group is filling.
    """
    flags = content[2] if len(content) > 2 else 0
    most_bits, has_clear = flags & 0x1F, bool(flags & 0x80)
    remedy = "copy it again"
    if not 9 <= most_bits <= 16:
        raise kind(f"is damaged (codes of {most_bits} bits)", where=path, remedy=remedy)
    first = 257 if has_clear else 256
    table = [bytes([value]) for value in range(256)] + [b""] * has_clear
    out: list[bytes] = []
    size, bits, at, group, previous = 0, 9, 24, 24, b""
    while at + bits <= 8 * len(content):
        code = (int.from_bytes(content[at // 8 : at // 8 + 4], "little") >> (at % 8)) & ((1 << bits) - 1)
        at += bits
        if has_clear and code == 256:
            del table[first:]
            at = group + -(-(at - group) // (8 * bits)) * 8 * bits
            bits, group, previous = 9, at, b""
            continue
        if code < len(table):
            entry = table[code]
        elif code == len(table) and previous:
            entry = previous + previous[:1]
        else:
            raise kind(f"is damaged (code {code} of {len(table)})", where=path, remedy=remedy)
        out.append(entry)
        size += len(entry)
        refuse_expansion(size, len(content), path, kind)
        if previous and len(table) < 1 << most_bits:
            table.append(previous + entry[:1])
        previous = entry
        if len(table) >= 1 << bits and bits < most_bits:
            at = group + -(-(at - group) // (8 * bits)) * 8 * bits
            bits, group = bits + 1, at
    return b"".join(out)


def refuse_expansion(unpacked: int, packed: int, path: str | Path, kind: type[PaddlewheelError]) -> None:
    """Refuse a file of `packed` bytes that becomes `unpacked`, where that is no compression of real data."""
    most = max(LARGEST_DOCUMENT, LARGEST_RATIO * packed)
    if unpacked > most:
        raise kind(
            f"unpacks from {packed / 1e6:.3g} MB to more than {most / 1e6:.0f} MB", where=path,
            remedy="unpack it yourself if that is meant, and give what comes out",
        )  # fmt: skip


def read_document(
    path: Path,
    kind: type[PaddlewheelError],
    *,
    problem: str = "cannot be read",
    remedy: str,
    largest: int = LARGEST_DOCUMENT,
) -> bytes:
    """The bytes of a file, unpacked, where they are at most `largest`.

    Raises
    ------
    kind
        If it cannot be read, is damaged, or larger.
    """
    with parsing(path, kind, problem=problem, remedy=remedy), open_unpacked(path, kind) as stream:
        content = stream.read(largest + 1)
    if len(content) > largest:
        raise kind(f"holds more than {largest / 1e6:g} MB", where=path, remedy=remedy)
    return content


def read_text(
    path: Path,
    kind: type[PaddlewheelError],
    *,
    problem: str = "cannot be read",
    remedy: str,
    encoding: str = "utf-8-sig",
) -> str:
    """As `read_document`, of text in one encoding; other bytes are refused as damage."""
    content = read_document(path, kind, problem=problem, remedy=remedy)
    with parsing(path, kind, problem=problem, remedy=remedy):
        return content.decode(encoding)


def read_json(path: Path, kind: type[PaddlewheelError], *, remedy: str) -> Any:
    """The document of a JSON file: lists, maps, texts and numbers alone."""
    content = read_document(path, kind, remedy=remedy)
    with parsing(path, kind, problem="cannot be read as JSON", remedy=remedy):
        return json.loads(content.decode("utf-8-sig"))


def read_yaml(path: Path, kind: type[PaddlewheelError], *, remedy: str) -> Any:
    """The document of a YAML file: lists, maps, texts, dates and numbers alone."""
    content = read_document(path, kind, remedy=remedy)
    return parse_yaml(content, path, kind, remedy=remedy)


def parse_yaml(content: bytes | str, path: str | Path, kind: type[PaddlewheelError], *, remedy: str) -> Any:
    """As `read_yaml`, of what was read already; refused are tags of Python, deep nesting and aliases of aliases."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with parsing(path, kind, problem="cannot be read as YAML", remedy=remedy):
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        try:
            _refuse_large_yaml(yaml.parse(text, Loader=loader))
            return yaml.load(text, Loader=loader)
        except yaml.YAMLError as error:
            if "flow level" in str(error):  # libyaml's own bound
                raise RecursionError from error
            raise ValueError(str(error).splitlines()[0]) from error


def _refuse_large_yaml(events: Iterator[Any]) -> None:
    """Refuse what is nested beyond `DEEPEST`, and aliases that write out to more than `_LARGEST_EXPANSION` nodes."""
    import yaml

    sizes: dict[str, int] = {}
    open_nodes: list[list[Any]] = [[None, 0]]
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                raise ValueError(f"the alias {event.anchor} is of nothing that is complete")
            open_nodes[-1][1] += sizes[event.anchor]
        elif isinstance(event, yaml.ScalarEvent):
            open_nodes[-1][1] += 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append([event.anchor, 1])
            if len(open_nodes) > DEEPEST:
                raise RecursionError
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, size = open_nodes.pop()
            open_nodes[-1][1] += size
            if anchor:
                sizes[anchor] = size
        if open_nodes[-1][1] > _LARGEST_EXPANSION:
            raise ValueError(f"its aliases write out to more than {_LARGEST_EXPANSION} values")


def parse_xml(content: bytes, path: str | Path, kind: type[PaddlewheelError], *, remedy: str) -> Element:
    """The root of XML that was read already; document types are refused: their entities grow without bound."""
    from xml.etree import ElementTree

    if b"<!DOCTYPE" in content or b"<!ENTITY" in content or "<!DOCTYPE".encode("utf-16-le") in content:
        raise kind("declares a document type", where=path, remedy=remedy)
    with parsing(path, kind, problem="is damaged XML", remedy=remedy):
        return ElementTree.fromstring(content)


def xml_elements(
    stream: BinaryIO, path: str | Path, kind: type[PaddlewheelError], *, remedy: str, skipped: Sequence[str] = ()
) -> Iterator[Element]:
    """Elements of XML as they end, the first of all as it begins; document types are refused as in `parse_xml`.

    Parameters
    ----------
    stream
        Read in pieces: memory holds what the caller does not clear.
    skipped
        Names of elements whose bytes are passed over unparsed; they hold none of their own name.

    Raises
    ------
    xml.etree.ElementTree.ParseError
        Where the document ends early or is damaged.
    """
    from xml.etree.ElementTree import XMLPullParser

    parser = XMLPullParser(("start", "end"))
    has_root = False
    for piece in _without(stream, skipped):
        if any(mark in piece for mark in _DOCUMENT_TYPES):
            raise kind("declares a document type", where=path, remedy=remedy)
        parser.feed(piece)
        for event, element in cast("Iterator[tuple[str, Element]]", parser.read_events()):
            if event == "end" or not has_root:
                has_root = True
                yield element
    parser.close()


_DOCUMENT_TYPES = (b"<!DOCTYPE", b"<!ENTITY", "<!DOCTYPE".encode("utf-16-le"))


def _without(stream: BinaryIO, names: Sequence[str]) -> Iterator[bytes]:
    """Lines of a stream in pieces of about 256 KB, without what stands from ``<name>`` or ``<name `` to ``</name>``."""
    opened = tuple((f"<{name}{end}".encode(), f"</{name}>".encode()) for name in names for end in "> ")
    closing = b""
    while lines := stream.readlines(1 << 18):
        piece = b"".join(lines)
        kept = list[bytes]()
        while piece:
            if closing:
                _, found, piece = piece.partition(closing)
                closing = b"" if found else closing
                continue
            begins = [(at, last) for first, last in opened if (at := piece.find(first)) >= 0]
            at, closing = min(begins, default=(len(piece), b""))
            kept.append(piece[:at])
            piece = piece[at:]
        if kept:
            yield b"".join(kept)


def read_member(path: Path, name: str, kind: type[PaddlewheelError], *, remedy: str) -> bytes:
    """One member of a zip file that `check_archive` has passed."""
    problem = f"has a damaged member {name[:60]!r}"
    with parsing(path, kind, problem=problem, remedy=remedy), zipfile.ZipFile(path) as archive:
        return archive.read(name)


def read_tar_member(path: Path, name: str, kind: type[PaddlewheelError], *, remedy: str) -> bytes:
    """One file of a tar archive, packed or not, by its path below the archive's first folder.

    Nothing is written, no link is followed, and what is unpacked is bounded, other members included.
    """
    with (
        parsing(path, kind, problem="is a damaged archive", remedy=remedy),
        open_unpacked(path, kind) as stream,
        tarfile.open(fileobj=stream, mode="r|") as archive,
    ):
        for member in archive:
            if member.name.partition("/")[2] == name and member.isreg():
                content = archive.extractfile(member)
                assert content is not None  # it is a regular file
                return content.read()
    raise kind(f"has no member {name}", where=path, remedy=remedy)


def check_archive(path: Path, kind: type[PaddlewheelError], *, remedy: str, largest: int | None = None) -> None:
    """Refuse a zip file that is damaged, a bomb, or has members outside its folder or links.

    zipfile never gives more of a member than the directory of the archive declares: the declared sizes bound it.
    """
    with parsing(path, kind, problem="is a damaged archive", remedy=remedy), zipfile.ZipFile(path) as archive:
        unpacked = _check_members(archive.infolist(), path, kind, remedy)
    if largest is not None and unpacked > largest:
        raise kind(f"unpacks to more than {largest / 1e6:g} MB", where=path, remedy=remedy)


def _check_members(members: Sequence[zipfile.ZipInfo], path: Path, kind: type[PaddlewheelError], remedy: str) -> int:
    for member in members:
        is_link = (member.external_attr >> 28) == 0xA
        if is_link or member.filename.startswith(("/", "\\")) or ".." in member.filename.replace("\\", "/").split("/"):
            raise kind(f"its member {member.filename[:60]!r} leads elsewhere", where=path, remedy=remedy)
    unpacked = sum(member.file_size for member in members)
    refuse_expansion(unpacked, path.stat().st_size, path, kind)
    return unpacked


def refuse_document_types(path: Path, kind: type[PaddlewheelError], *, remedy: str) -> None:
    """Refuse a zip file whose XML declares entities, which may grow without bound or name other files."""
    with parsing(path, kind, problem="is a damaged archive", remedy=remedy), zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            with archive.open(member) as stream:
                if b"<!" in stream.read(4096).replace(b"<!--", b""):
                    raise kind(
                        f"its member {member.filename[:60]!r} declares a document type", where=path, remedy=remedy
                    )


@contextmanager
def array_archive(
    path: Path, kind: type[PaddlewheelError], *, problem: str = "is a damaged .npz", remedy: str
) -> Iterator[Mapping[str, NDArray]]:
    """The arrays of a .npz, each read when it is asked for; no objects, and no array larger than its member."""
    with parsing(path, kind, problem=problem, remedy=remedy):
        with zipfile.ZipFile(path) as archive:
            _check_members(archive.infolist(), path, kind, remedy)
            for member in archive.infolist():
                with archive.open(member) as stream:
                    shape, _, dtype = array_header(stream)
                    declared, there = _n_bytes(shape, dtype), member.file_size - stream.tell()
                if declared != there:
                    raise ValueError(f"{member.filename} declares {declared} bytes and has {there}")
        with np.load(path, allow_pickle=False) as arrays:
            yield arrays


def array_header(stream: Any) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether the order is Fortran's, and type of a .npy; objects are refused (ValueError)."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran_order, dtype = read(stream)
    if dtype.hasobject:
        raise ValueError("holds Python objects, which are never built")
    return shape, fortran_order, dtype


def _n_bytes(shape: tuple[int, ...], dtype: np.dtype) -> int:
    count = dtype.itemsize
    for length in shape:
        if length < 0:
            raise ValueError(f"shape {shape}")
        count *= length
    return count


def refuse_links(folder: Path, kind: type[PaddlewheelError], *, remedy: str) -> None:
    """Refuse a folder with symbolic links in it: what they lead to is not part of it (the folder itself may be one)."""
    for path in folder.rglob("*"):
        if path.is_symlink():
            raise kind(f"holds a link ({path.relative_to(folder)})", where=folder, remedy=remedy)
