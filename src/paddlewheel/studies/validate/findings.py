"""What the parts of a validation find: rows of the record, gates, curves, put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from paddlewheel.dynamics import MDSettings
from paddlewheel.execution import Unit
from paddlewheel.studies.simulation.md_unit import store_path
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
from paddlewheel.studies.validate.runs import ROLES, Role
from paddlewheel.trajectories import Trajectory, open_store

WHOLE = ("done", "extrapolating")
"""Statuses of a unit that went to its end; a run of dynamics that extrapolates is told of, and still compared."""

Results = Mapping[Role, Mapping[str, Any]]
"""A unit's result by potential; a failed one has status ``failed`` and a reason."""


def result_of(unit: Unit, trouble: str | None) -> dict[str, Any]:
    """A unit's result, or one that says why it has none."""
    found = unit.result()
    return found if found is not None else {"status": "failed", "reason": trouble or "did not finish"}


def failure(results: Results) -> tuple[Role, str] | None:
    """Which potential failed at a unit, and why; the reference first, for without it nothing can be compared."""
    for role in ROLES:
        if results[role]["status"] not in WHOLE:
            return role, f"{role}: {results[role].get('reason') or results[role]['status']}"
    return None


def production(unit: Unit) -> Trajectory:
    """The production frames of a finished unit."""
    settings = MDSettings(**unit.contents["md"])
    trajectory = open_store(store_path(unit))
    return trajectory.after(settings.production_start_frame * settings.frame_interval_fs / 1000)


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
    curves: dict[str, Mapping[str, np.ndarray]] = field(default_factory=dict)

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

    def refuse(self, subject: str, trouble: tuple[Role, str], **where: Any) -> None:
        """Add a gate whose units failed: the candidate's fault is a failure, the reference's leaves the gate open."""
        (self.fail if trouble[0] == "candidate" else self.not_run)(subject, trouble[1], **where)
