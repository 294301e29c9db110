"""The record of `convert`."""

from __future__ import annotations

from typing import Literal

from paddlewheel.records.base import SCHEMA_VERSION, Provenance, Record


class ConvertedFile(Record):
    """One file that was converted; the sha256 is that of its bytes (null for a folder)."""

    name: str
    sha256: str | None


class ConversionRecord(Record):
    """A trajectory store that was made of files of other programs.

    `frames_given` counts those of all files; `n_frames` is less where files overlap. `is_unwrapped` says whether
    the positions are known to be unwrapped.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    kind: Literal["conversion"] = "conversion"
    store: str
    files: list[ConvertedFile]
    formula: str
    n_atoms: int
    n_frames: int
    frames_given: int
    frame_interval_fs: float
    is_unwrapped: bool
    store_bytes: int
    provenance: Provenance
