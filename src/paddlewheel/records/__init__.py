"""Result documents: pydantic models whose JSON other tools read; a file per kind of record."""

from paddlewheel.records.base import (
    SCHEMA_VERSION,
    Citation,
    HealthCheck,
    HealthStatus,
    Interval,
    Measured,
    Provenance,
    Record,
    write_atomically,
    write_record,
)
from paddlewheel.records.conductivity import (
    ArrheniusModel,
    ArrheniusResult,
    ConductivityRecord,
    PublishedComparison,
    RefusedTemperature,
    TemperatureResult,
    TemperatureStatus,
    read_conductivity_record,
)
from paddlewheel.records.training import (
    EngineAgreement,
    TrainingData,
    TrainingErrors,
    TrainingPart,
    TrainingRecord,
    read_training_record,
)

__all__ = [
    "SCHEMA_VERSION",
    "ArrheniusModel",
    "ArrheniusResult",
    "Citation",
    "ConductivityRecord",
    "EngineAgreement",
    "HealthCheck",
    "HealthStatus",
    "Interval",
    "Measured",
    "Provenance",
    "PublishedComparison",
    "Record",
    "RefusedTemperature",
    "TemperatureResult",
    "TemperatureStatus",
    "TrainingData",
    "TrainingErrors",
    "TrainingPart",
    "TrainingRecord",
    "read_conductivity_record",
    "read_training_record",
    "write_atomically",
    "write_record",
]
