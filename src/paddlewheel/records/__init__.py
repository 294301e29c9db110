"""What all result documents share; the record of each study stands in its package (`paddlewheel.studies`)."""

from paddlewheel.records.arrhenius import ArrheniusModel, ArrheniusResult, RefusedTemperature
from paddlewheel.records.atomic import write_atomically
from paddlewheel.records.base import (
    SCHEMA_VERSION,
    Citation,
    HealthCheck,
    HealthStatus,
    Interval,
    Measured,
    Provenance,
    Record,
    read_record,
    write_record,
)
from paddlewheel.records.study_record import PotentialRecord, PreparedRecord, StudyRecord

__all__ = [
    "SCHEMA_VERSION",
    "ArrheniusModel",
    "ArrheniusResult",
    "Citation",
    "HealthCheck",
    "HealthStatus",
    "Interval",
    "Measured",
    "PotentialRecord",
    "Provenance",
    "RefusedTemperature",
    "Record",
    "PreparedRecord",
    "StudyRecord",
    "read_record",
    "write_atomically",
    "write_record",
]
