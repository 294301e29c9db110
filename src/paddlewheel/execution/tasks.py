"""A unit of work: what it is, its key, its folder, its checkpoint, its progress and its result.

A unit's folder holds `unit.json` (its contents), `lock`, `checkpoint.npz`, `progress.json` and at the end
`result.json`; every file is replaced atomically, so that a kill at any moment leaves the old or the new one.

A result is sealed: with it stand the unit's key, the sha256 of the result itself and the digests (`records.seals`) of
the files that belong to it, such as its trajectory. A checkpoint holds the key. What does not fit is never taken.
`unit.json` says that results are sealed; units of earlier versions have no seals, and are read as they are.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import RunDirectoryError
from paddlewheel.foreign import array_archive, read_json
from paddlewheel.records import write_atomically
from paddlewheel.records.seals import digest_of

_DOCUMENT, _RESULT, _CHECKPOINT = "unit.json", "result.json", "checkpoint.npz"
_KEY = "unit_key"
_AGAIN = "run the same command again, which computes it anew"


def content_key(contents: Mapping[str, Any]) -> str:
    """sha256 (hex) of a JSON document in canonical form: equal contents, equal key."""
    text = json.dumps(contents, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def array_digest(*arrays: np.ndarray) -> str:
    """sha256 (hex) over the bytes, shapes and types of arrays."""
    digest = hashlib.sha256()
    for array in arrays:
        array = np.ascontiguousarray(array)
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Unit:
    """One unit: a `name` for people, its `contents` (JSON), and the run directory it lives in."""

    name: str
    contents: dict[str, Any]
    run_directory: Path

    @property
    def key(self) -> str:
        """Hash of the contents."""
        return content_key(self.contents)

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self.run_directory / "units" / self.name

    @classmethod
    def of_folder(cls, folder: Path) -> Unit:
        """The unit whose folder this is, in `units` of a run directory.

        Raises
        ------
        RunDirectoryError
            If its `unit.json` is damaged, or of another unit.
        """
        path = folder / _DOCUMENT
        document = read_json(path, RunDirectoryError, remedy=_AGAIN)
        contents = document.get("contents") if isinstance(document, dict) else None
        if not isinstance(contents, dict) or content_key(contents) != document.get("key"):
            raise RunDirectoryError("was changed since it was written", where=path, remedy=_AGAIN)
        if document.get("name") != folder.name:
            raise RunDirectoryError(f"is of the unit {document.get('name')}", where=path, remedy=_AGAIN)
        return cls(folder.name, contents, folder.parent.parent)

    def prepare(self) -> str | None:
        """Make the folder and write `unit.json`; what was wrong with the one that was there, if anything.

        Raises
        ------
        RunDirectoryError
            If the folder belongs to a unit with other contents.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path, trouble = self.folder / _DOCUMENT, None
        if path.exists():
            try:
                found = Unit.of_folder(self.folder)
            except RunDirectoryError as error:
                trouble = _said(error)
            else:
                if found.key != self.key:
                    raise RunDirectoryError(
                        f"was made from other inputs (key {found.key[:12]}, now {self.key[:12]})",
                        where=self.folder,
                        remedy="use another --out",
                    )
                return None
        document = {"name": self.name, "key": self.key, "sealed": True, "contents": self.contents}
        write_atomically(path, json.dumps(document, indent=1))
        return trouble

    def result(self) -> dict[str, Any] | None:
        """The finished unit's result; None while there is none, or one that cannot be taken (see `damage`)."""
        try:
            return self._read_result()[0]
        except RunDirectoryError:
            return None

    def damage(self, *, files_may_be_gone: bool = False) -> str | None:
        """Why its result or checkpoint cannot be taken: damaged, edited, of another unit; None where all is right.

        Parameters
        ----------
        files_may_be_gone
            Files of the result may have been removed to save space; what is there has to be what was written.
        """
        try:
            _, files = self._read_result()
            self._read_checkpoint()
        except RunDirectoryError as error:
            return _said(error)
        for name, known in files.items():
            found = digest_of(self.run_directory / name)
            if found is None and not files_may_be_gone:
                return f"{self.run_directory / name}: is gone"
            if found not in (known, None):
                return f"{self.run_directory / name}: was changed since {self.name} was finished"
        return None

    def discard(self) -> None:
        """Take away its result and its checkpoint, so that it is computed anew."""
        for name in (_RESULT, _CHECKPOINT):
            (self.folder / name).unlink(missing_ok=True)

    def write_result(self, result: Mapping[str, Any], *, files: Sequence[Path] = ()) -> None:
        """Keep the result, sealed; with it the unit is finished, and its checkpoint goes.

        Parameters
        ----------
        files
            Files and folders in the run directory that belong to the result, complete: the seal binds them.
        """
        digests = {path.relative_to(self.run_directory).as_posix(): digest_of(path) for path in files}
        seal = {"key": self.key, "sha256": _sha256(result), "files": digests}
        write_atomically(self.folder / _RESULT, json.dumps({**result, "seal": seal}, indent=1) + "\n")
        (self.folder / _CHECKPOINT).unlink(missing_ok=True)

    def _read_result(self) -> tuple[dict[str, Any] | None, dict[str, str]]:
        """The result and the digests of its files; refused where it is damaged, edited or of another unit."""
        path = self.folder / _RESULT
        if not path.exists():
            return None, {}
        result = read_json(path, RunDirectoryError, remedy=_AGAIN)
        seal = result.pop("seal", None) if isinstance(result, dict) else {}
        if seal is None and not self._is_sealed():
            return result, {}
        if not isinstance(seal, dict) or seal.get("sha256") != _sha256(result) or not isinstance(seal["files"], dict):
            raise RunDirectoryError("was changed since it was written", where=path, remedy=_AGAIN)
        if seal.get("key") != self.key:
            raise RunDirectoryError("is the result of another unit", where=path, remedy=_AGAIN)
        return result, seal["files"]

    def _is_sealed(self) -> bool:
        """Whether the version that began the unit seals its results."""
        try:
            return bool(read_json(self.folder / _DOCUMENT, RunDirectoryError, remedy=_AGAIN)["sealed"])
        except (RunDirectoryError, LookupError, TypeError):
            return False

    def write_progress(self, progress: Mapping[str, Any]) -> None:
        """Tell the driver how far the unit is; not synced to disk, for it may be lost."""
        temporary = self.folder / f".progress.{os.getpid()}.tmp"
        temporary.write_text(json.dumps(progress), encoding="utf-8")
        os.replace(temporary, self.folder / "progress.json")

    def progress(self) -> dict[str, Any]:
        """The last progress told; empty before the first."""
        try:
            told = read_json(self.folder / "progress.json", RunDirectoryError, remedy=_AGAIN)
        except RunDirectoryError:
            return {}
        return told if isinstance(told, dict) else {}

    def write_checkpoint(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Replace the checkpoint; on disk when this returns."""
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays, **{_KEY: np.array(self.key)})
        write_atomically(self.folder / _CHECKPOINT, buffer.getvalue())

    def checkpoint(self) -> dict[str, np.ndarray] | None:
        """The last checkpoint; None before the first, and where it cannot be taken (see `damage`)."""
        try:
            return self._read_checkpoint()
        except RunDirectoryError:
            return None

    def _read_checkpoint(self) -> dict[str, np.ndarray] | None:
        path = self.folder / _CHECKPOINT
        if not path.exists():
            return None
        with array_archive(path, RunDirectoryError, problem="is a damaged checkpoint", remedy=_AGAIN) as stored:
            arrays = dict(stored)
        if str(arrays.pop(_KEY, self.key)) != self.key:
            raise RunDirectoryError("is the checkpoint of another unit", where=path, remedy=_AGAIN)
        return arrays


def _sha256(result: Any) -> str:
    """Of a JSON document in canonical form, as it is read back."""
    text = json.dumps(json.loads(json.dumps(result)), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _said(error: RunDirectoryError) -> str:
    return f"{error.where}: {error.problem}"
