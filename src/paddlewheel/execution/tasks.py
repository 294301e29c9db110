"""A unit of work: what it is, its key, its folder, its checkpoint, its progress and its result.

A unit's folder holds `unit.json` (its contents), `lock`, `checkpoint.npz`, `progress.json` and at the end
`result.json`; every file is replaced atomically, so that a kill at any moment leaves the old or the new one.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import RunDirectoryError
from paddlewheel.records import write_atomically


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

    def prepare(self) -> None:
        """Make the folder and write `unit.json`.

        Raises
        ------
        RunDirectoryError
            If the folder belongs to a unit with other contents.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "unit.json"
        if path.exists():
            found = json.loads(path.read_text(encoding="utf-8"))
            if found.get("key") != self.key:
                raise RunDirectoryError(
                    f"was made from other inputs (key {str(found.get('key'))[:12]}, now {self.key[:12]})",
                    where=self.folder,
                    remedy="use another --out",
                )
            return
        write_atomically(path, json.dumps({"name": self.name, "key": self.key, "contents": self.contents}, indent=1))

    def result(self) -> dict[str, Any] | None:
        """The finished unit's result; None while there is none."""
        path = self.folder / "result.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    def write_result(self, result: Mapping[str, Any]) -> None:
        """Keep the result; with it the unit is finished, and its checkpoint goes."""
        write_atomically(self.folder / "result.json", json.dumps(result, indent=1) + "\n")
        (self.folder / "checkpoint.npz").unlink(missing_ok=True)

    def write_progress(self, progress: Mapping[str, Any]) -> None:
        """Tell the driver how far the unit is; not synced to disk, for it may be lost."""
        temporary = self.folder / f".progress.{os.getpid()}.tmp"
        temporary.write_text(json.dumps(progress), encoding="utf-8")
        os.replace(temporary, self.folder / "progress.json")

    def progress(self) -> dict[str, Any]:
        """The last progress told; empty before the first."""
        try:
            return json.loads((self.folder / "progress.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    def write_checkpoint(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Replace the checkpoint; on disk when this returns."""
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        temporary = self.folder / f".checkpoint.{os.getpid()}.tmp"
        try:
            with open(temporary, "wb") as stream:
                stream.write(buffer.getbuffer())
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, self.folder / "checkpoint.npz")
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def checkpoint(self) -> dict[str, np.ndarray] | None:
        """The last checkpoint; None before the first."""
        path = self.folder / "checkpoint.npz"
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
