"""The record of `nmr simulate`: what was made, and the truth in it."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from paddlewheel.records import Record, StudyRecord

TRUTH = "truth.json"
SPECTRA, CURVES = "spectra.csv", "curves.csv"
"""The tables beside the record: spectra of the decays, and what the rows or the series follow, without noise."""

Kind = Literal["spectrum", "recovery", "exchange"]
"""11B of a mixture under magic angle spinning, 23Na recoveries over temperature, 1H exchange over mixing times."""


class SimulatedMeasurement(Record):
    """One measurement, at `path` beside the record; `value` is its temperature (K) or mixing time (s)."""

    path: str
    n_rows: int
    n_points: int
    value: float | None


class NmrSimulateRecord(StudyRecord):
    """The record of `nmr simulate`; `truth` is what `truth.json` holds too."""

    rows_in: ClassVar[str] = "measurements"
    kind: Literal["nmr-simulate"] = "nmr-simulate"
    experiment: Kind
    nucleus: str
    carrier_MHz: float
    spectral_width_Hz: float
    measurements: list[SimulatedMeasurement]
    truth: dict[str, Any]
    files: dict[str, str]
