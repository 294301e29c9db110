"""What all result documents share: pydantic models whose JSON other tools read (`schema_version`, units in the names).

A measured quantity is `{"value": x, "std": s}` with s the 68 % standard uncertainty; a quantity that could not
be measured is null, and the `status` beside it says why.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = 1

HealthStatus = Literal["ok", "warning", "broken"]
Interval = Annotated[tuple[float, float], Field(description="lower and upper end")]


class Record(BaseModel):
    """Base of all documents: unknown keys are an error, so that a typo is not a silent loss."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Measured(Record):
    """A value with its 68 % standard uncertainty, in the unit that the field's name states."""

    value: float
    std: float = Field(ge=0)


class HealthCheck(Record):
    """One named check of a run: temperature, energy-drift, polyanion-bonds, framework, pressure, ..."""

    name: str
    status: HealthStatus
    detail: str


class Citation(Record):
    """How to cite one method or potential used."""

    what: str
    reference: str
    doi: str | None = None


class Provenance(Record):
    """Everything needed to make the record again."""

    paddlewheel_version: str
    command: str | None = None
    created_utc: str
    versions: dict[str, str]
    settings: dict[str, Any]
    structure_sha256: str | None = None
    potential_sha256: str | None = None


def write_atomically(path: Path, text: str) -> None:
    """Write `text` to `path` so that a reader sees the old file or the new one, never half of it.

    Raises
    ------
    OSError
        As the operating system gives it (ENOSPC, EACCES); the half-written temporary file is removed.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def write_record(record: Record, path: Path) -> None:
    """Write a record as indented JSON, atomically."""
    write_atomically(path, record.model_dump_json(indent=1) + "\n")
