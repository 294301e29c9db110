"""Seals: what files held when we wrote them, so that what was touched since is told and never taken.

A digest binds every byte of a file of up to 16 MB; of a larger one its length and sixteen pieces of 1 MB. Of a folder
it binds the names and lengths of all files, those of up to 64 kB whole, and of larger ones the first and last 4 kB: a
chunk of our trajectory stores ends with the CRC32C of all its bytes, which is compared whenever it is read.

A run directory of an earlier version has no seal: there is nothing to compare with, and it is read as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from paddlewheel.errors import InputError
from paddlewheel.foreign import read_json
from paddlewheel.records.atomic import write_atomically

SEAL = "seal.json"
"""Beside a record: the digests of the record and of the files that belong to it."""

_WHOLE_BYTES, _PIECES, _PIECE_BYTES = 16_000_000, 16, 1_000_000
_WHOLE_IN_FOLDER_BYTES, _ENDS_BYTES = 65_536, 4096
_REMEDY = "restore it from a copy, or run the command again with --again"


def digest_of(path: Path) -> str | None:
    """The digest of a file or folder; None where there is none."""
    if path.is_dir():
        return _of_folder(path)
    if not path.is_file():
        return None
    size = path.stat().st_size
    with path.open("rb") as stream:
        if size <= _WHOLE_BYTES:
            return digest(stream.read())
        found = hashlib.sha256(str(size).encode())
        for piece in range(_PIECES):
            stream.seek(piece * (size - _PIECE_BYTES) // (_PIECES - 1))
            found.update(stream.read(_PIECE_BYTES))
    return found.hexdigest()


def digest(content: bytes) -> str:
    """What `digest_of` gives of a file with this content."""
    size = len(content)
    if size <= _WHOLE_BYTES:
        return hashlib.sha256(content).hexdigest()
    found = hashlib.sha256(str(size).encode())
    for piece in range(_PIECES):
        start = piece * (size - _PIECE_BYTES) // (_PIECES - 1)
        found.update(content[start : start + _PIECE_BYTES])
    return found.hexdigest()


def _of_folder(folder: Path) -> str:
    found = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        size = file.stat().st_size
        found.update(f"{file.relative_to(folder).as_posix()}\n{size}\n".encode())
        with file.open("rb") as stream:
            if size <= _WHOLE_IN_FOLDER_BYTES:
                found.update(stream.read())
            else:
                found.update(stream.read(_ENDS_BYTES))
                stream.seek(size - _ENDS_BYTES)
                found.update(stream.read())
    return found.hexdigest()


def write_seal(directory: Path, digests: Mapping[str, str]) -> None:
    """Keep the digests of files of `directory`, by their names in it."""
    write_atomically(directory / SEAL, json.dumps({"sha256": dict(digests)}, indent=1) + "\n")


def read_seal(directory: Path) -> dict[str, str]:
    """The digests of a directory's files, by name; none where it has no seal.

    Raises
    ------
    InputError
        If the seal itself is damaged.
    """
    path = directory / SEAL
    if not path.is_file():
        return {}
    document = read_json(path, InputError, remedy=_REMEDY)
    digests = document.get("sha256") if isinstance(document, dict) else None
    if not isinstance(digests, dict):
        raise InputError("is no seal", where=path, remedy=_REMEDY)
    return digests


def check_sealed(directory: Path, name: str) -> None:
    """Refuse a file of `directory` that is not what the seal there says.

    Raises
    ------
    InputError
        If it was changed since it was written.
    """
    path, known = directory / name, read_seal(directory).get(name)
    if known is not None and path.is_file() and digest_of(path) != known:
        raise InputError("was changed since it was written", where=path, remedy=_REMEDY)


def touched(directory: Path) -> str | None:
    """The first file that is not what the seal of `directory` says, in words; None where all are."""
    try:
        digests = read_seal(directory)
    except InputError as error:
        return f"{error.where}: {error.problem}"
    for name, known in digests.items():
        found = digest_of(directory / name)
        if found != known:
            return f"{directory / name} {'is gone' if found is None else 'was changed since it was written'}"
    return None
