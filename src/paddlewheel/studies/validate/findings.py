"""What the parts of a validation find: rows of the record, gates, curves, put together."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from paddlewheel.records import write_atomically
from paddlewheel.studies.validate.record import (
    BandResult,
    BondResult,
    ComparedSetResult,
    DiffusionResult,
    EquationOfStateResult,
    ErrorResult,
    Gate,
    LatticeResult,
    PhononResult,
    RadialResult,
)

Columns = Mapping[str, np.ndarray]


@dataclass
class Findings:
    """Collected on the way; the fields are those of the record, `curves` the tables behind the figures by name."""

    gates: list[Gate] = field(default_factory=list)
    compared_set: ComparedSetResult | None = None
    errors: list[ErrorResult] = field(default_factory=list)
    equations_of_state: list[EquationOfStateResult] = field(default_factory=list)
    lattices: list[LatticeResult] = field(default_factory=list)
    phonons: list[PhononResult] = field(default_factory=list)
    radial: list[RadialResult] = field(default_factory=list)
    bands: list[BandResult] = field(default_factory=list)
    diffusion: list[DiffusionResult] = field(default_factory=list)
    bonds: list[BondResult] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    curves: dict[str, Columns] = field(default_factory=dict)

    def judge(
        self,
        subject: str,
        measured: float,
        limit: float,
        unit: str,
        *,
        phase: str | None = None,
        temperature_K: float | None = None,
        detail: str = "",
    ) -> None:
        """Add a gate that passes up to its limit; none where the limit takes it away."""
        if limit <= 0:
            return
        self.gates.append(
            Gate(
                subject=subject, phase=phase, temperature_K=temperature_K, measured=measured, limit=limit, unit=unit,
                verdict="pass" if measured <= limit else "fail", detail=detail,
            )
        )  # fmt: skip

    def fail(self, subject: str, detail: str, *, phase: str | None = None, temperature_K: float | None = None) -> None:
        """Add a gate that failed before anything could be measured."""
        self.gates.append(
            Gate(subject=subject, phase=phase, temperature_K=temperature_K, verdict="fail", detail=detail)
        )

    def not_run(
        self, subject: str, detail: str, *, phase: str | None = None, temperature_K: float | None = None
    ) -> None:
        """Add a gate on which nothing can be said, and why."""
        self.gates.append(
            Gate(subject=subject, phase=phase, temperature_K=temperature_K, verdict="not-run", detail=detail)
        )

    def write_curves(self, directory: Path) -> dict[str, str]:
        """Write the curves as CSV files; their paths in the run directory by name."""
        folder = directory / "curves"
        folder.mkdir(exist_ok=True)
        for name, columns in self.curves.items():
            buffer = io.StringIO()
            writer = csv.writer(buffer, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([f"{value:.8g}" for value in row] for row in zip(*columns.values(), strict=True))
            write_atomically(folder / f"{name}.csv", buffer.getvalue())
        return {name: f"curves/{name}.csv" for name in self.curves}
