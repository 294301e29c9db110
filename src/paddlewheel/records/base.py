"""What all result documents share: pydantic models whose JSON other tools read (`schema_version`, units in the names).

A measured quantity is `{"value": x, "std": s}` with s the 68 % standard uncertainty; a quantity that could not
be measured is null, and the `status` beside it says why.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from paddlewheel.errors import InputError
from paddlewheel.foreign import read_json
from paddlewheel.records.atomic import write_atomically
from paddlewheel.records.seals import check_sealed

SCHEMA_VERSION = 1

HealthStatus = Literal["ok", "warning", "broken"]
Interval = Annotated[tuple[float, float], Field(description="lower and upper end")]


class Record(BaseModel):
    """Base of all documents: unknown keys are an error, so that a typo is not a silent loss."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Measured(Record):
    """A value with its 68 % standard uncertainty, in the unit that the field's name states.

    The intervals are there where they are not ``value +- std`` and ``value +- 1.96 std``, such as of a quantity whose
    logarithm was measured: plot them, not the uncertainty.
    """

    value: float
    std: float = Field(ge=0)
    interval_68: Interval | None = None
    interval_95: Interval | None = None

    @property
    def bar_68(self) -> tuple[float, float]:
        """How far the 68 % interval reaches below and above the value."""
        low, high = self.interval_68 or (self.value - self.std, self.value + self.std)
        return self.value - low, high - self.value

    @model_serializer(mode="wrap")
    def _without_absent_intervals(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in plain(self).items() if value is not None}

    @classmethod
    def or_none(
        cls,
        value: float | None,
        std: float | None,
        *,
        interval_68: Sequence[float] | None = None,
        interval_95: Sequence[float] | None = None,
    ) -> Measured | None:
        """The quantity with its error; None unless both are finite numbers. An interval needs two finite ends."""
        if value is None or std is None or not (math.isfinite(value) and math.isfinite(std)):
            return None
        return cls(value=float(value), std=float(std), interval_68=_ends(interval_68), interval_95=_ends(interval_95))


def _ends(interval: Sequence[float] | None) -> tuple[float, float] | None:
    if interval is None or not all(math.isfinite(end) for end in interval):
        return None
    low, high = interval
    return float(low), float(high)


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


AnyRecord = TypeVar("AnyRecord", bound=Record)


def read_record(path: Path, kind: type[AnyRecord], *, made_by: str) -> AnyRecord:
    """Read the record `path` as the model `kind`; `made_by` is the command that writes such records.

    Raises
    ------
    InputError
        If the file is no such record, or was changed since it was written.
    """
    check_sealed(path.parent, path.name)
    document = read_json(path, InputError, remedy=f"run {made_by} again")
    try:
        return kind.model_validate(document)
    except ValueError as error:
        raise InputError(
            f"not a record of {made_by} ({str(error).splitlines()[0]})", where=path, remedy=f"run {made_by} again"
        ) from error


def record_text(record: Record) -> str:
    """A record as indented JSON."""
    return record.model_dump_json(indent=1) + "\n"


def write_record(record: Record, path: Path) -> None:
    """Write a record as indented JSON, atomically."""
    write_atomically(path, record_text(record))
