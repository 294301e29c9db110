"""Result documents: pydantic models whose JSON other tools read (`schema_version`, units in the names).

A measured quantity is `{"value": x, "std": s}` with s the 68 % standard uncertainty; a quantity that could not
be measured is null, and the `status` beside it says why.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from paddlewheel.errors import InputError

SCHEMA_VERSION = 1

TemperatureStatus = Literal["ok", "not-diffusive", "broken", "too-short"]
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


class TemperatureResult(Record):
    """Transport at one temperature, over all replicas."""

    temperature_K: float
    status: TemperatureStatus
    reason: str | None = None
    n_replicas: int = 1
    production_ps: float
    n_ions: int
    mean_temperature_K: float | None = None
    density_g_per_cm3: float
    mean_volume_A3: float
    diffusivity_cm2_per_s: Measured | None = None
    diffusivity_95_cm2_per_s: Interval | None = None
    diffusivity_upper_bound_95_cm2_per_s: float | None = None
    diffusivity_xyz_cm2_per_s: tuple[Measured, Measured, Measured] | None = None
    conductivity_mS_per_cm: Measured | None = None
    conductivity_95_mS_per_cm: Interval | None = None
    conductivity_upper_bound_95_mS_per_cm: float | None = None
    conductivity_collective_mS_per_cm: Measured | None = None
    haven_ratio: Measured | None = None
    active_fraction: float | None = None
    active_window_ps: float | None = None
    active_threshold_A2: float | None = None
    loglog_slope: Measured | None = None
    fit_onset_ps: float | None = None
    fit_last_lag_ps: float | None = None
    msd_intercept_A2: float | None = None
    msd_final_A2: float | None = None
    health: list[HealthCheck] = []
    warnings: list[str] = []
    msd_file: str | None = None
    thermo_files: list[str] = []


class ArrheniusModel(Record):
    """One model of the temperature dependence, for the comparison by AICc."""

    name: Literal["arrhenius", "vogel-fulcher", "one-kink"]
    aicc: float | None
    parameters: dict[str, Measured]
    note: str | None = None


class RefusedTemperature(Record):
    """A temperature left out of the fit, by name and with the reason."""

    temperature_K: float
    status: TemperatureStatus
    reason: str


class ArrheniusResult(Record):
    """The fit of ln(sigma*T) (or ln D), and what it says at 300 K; null values come with `refused`."""

    fitted: Literal["ln(sigma*T)", "ln(D)"]
    activation_energy_eV: Measured | None = None
    activation_energy_95_eV: Interval | None = None
    ln_prefactor: Measured | None = None
    covariance_ln_prefactor_activation_energy: float | None = None
    conductivity_300K_mS_per_cm: Measured | None = None
    conductivity_300K_95_mS_per_cm: Interval | None = None
    chi2_per_dof: float | None = None
    temperatures_used_K: list[float] = []
    temperatures_refused: list[RefusedTemperature] = []
    refused: str | None = None
    models: list[ArrheniusModel] = []


class Citation(Record):
    """How to cite one method or potential used."""

    what: str
    reference: str
    doi: str | None = None


class PublishedComparison(Record):
    """A published number beside ours; `ours` is null, and `note` says why, where this run gives none."""

    quantity: Literal["conductivity_mS_per_cm", "activation_energy_eV"]
    temperature_K: float | None = None
    published: float
    how: str
    doi: str
    ours: float | None = None
    ours_95: Interval | None = None
    note: str


class Provenance(Record):
    """Everything needed to make the record again."""

    paddlewheel_version: str
    command: str | None = None
    created_utc: str
    versions: dict[str, str]
    settings: dict[str, Any]
    structure_sha256: str | None = None
    potential_sha256: str | None = None


class ConductivityRecord(Record):
    """The record of `conduct` and `analyze` (kind `conductivity`)."""

    schema_version: Literal[1] = SCHEMA_VERSION
    kind: Literal["conductivity"] = "conductivity"
    specie: str
    charge_e: float
    potential: str | None
    structure: str
    formula: str
    temperatures: list[TemperatureResult]
    arrhenius: ArrheniusResult | None
    published: list[PublishedComparison] = []
    warnings: list[str] = []
    citations: list[Citation] = []
    provenance: Provenance

    @model_validator(mode="after")
    def _sorted(self) -> ConductivityRecord:
        self.temperatures.sort(key=lambda row: row.temperature_K)
        return self


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


def read_conductivity_record(path: Path) -> ConductivityRecord:
    """Read a `conductivity` record.

    Raises
    ------
    InputError
        If the file is no such record.
    """
    try:
        return ConductivityRecord.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise InputError(
            f"not a conductivity record ({str(error).splitlines()[0]})",
            where=path,
            remedy="run conduct or analyze again",
        ) from error
