"""The records of `dc` and `lsv`: steady currents with what follows from them, and the onsets of sweeps."""

from __future__ import annotations

from typing import Literal

from paddlewheel.records.base import SCHEMA_VERSION, Citation, Measured, Provenance, Record

DcMeasures = Literal["electronic", "hebb-wagner", "transference", "leakage"]


class CurrentDecay(Record):
    """One exponential of the fit to a hold."""

    tau_s: float
    amplitude_A: float


class DcHold(Record):
    """A stretch at constant voltage; rows count from 0, `remaining_share` is of the steady current.

    `steady_A` is the offset of the fit, `tail_A` the mean of the last fifth, which no model has touched.
    """

    file: str
    first_row: int
    last_row: int
    voltage_V: float
    length_s: float
    initial_A: Measured
    steady_A: Measured
    steady_A_per_cm2: Measured | None
    tail_A: float
    decays: list[CurrentDecay]
    remaining_share: float
    steady: bool
    reason: str | None


class OhmicResult(Record):
    """The line I = G V + I0 through the steady currents; `scatter_probability` is that of so large a scatter."""

    conductance_S: Measured
    offset_A: Measured | None
    scatter_probability: float | None
    conductivity_mS_per_cm: Measured | None


class HebbWagnerResult(Record):
    """Electrons and holes at 0 V against the reversible electrode; conductances where no geometry is given."""

    electron_conductance_S: Measured
    hole_conductance_S: Measured
    electron_conductivity_mS_per_cm: Measured | None
    hole_conductivity_mS_per_cm: Measured | None
    scatter_probability: float


class DcRecord(Record):
    """The record of `dc`; `refused` says why there is no result, `notes` what to know of the one there is.

    The upper bound (95 %) stands in place of an electronic conductivity that is not told from zero, and where a hold
    has not come to rest: then it is that of the last fifth of the current, which still falls.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    kind: Literal["dc"] = "dc"
    measures: DcMeasures
    sample: str | None
    temperature_K: float | None
    diameter_cm: Measured | None
    thickness_cm: Measured | None
    holds: list[DcHold]
    largest_drift: float
    electronic: OhmicResult | None = None
    electronic_upper_bound_95_mS_per_cm: float | None = None
    hebb_wagner: HebbWagnerResult | None = None
    ionic_conductivity_mS_per_cm: Measured | None = None
    ionic_transference: Measured | None = None
    electronic_transference: Measured | None = None
    bruce_vincent: Measured | None = None
    watanabe: Measured | None = None
    refused: str | None
    notes: list[str]
    warnings: list[str]
    files: dict[str, str]
    citations: list[Citation]
    provenance: Provenance
