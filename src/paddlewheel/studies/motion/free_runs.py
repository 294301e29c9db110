"""The temperature of runs without a thermostat: what they had, not what they were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from paddlewheel.dynamics import MDSettings
from paddlewheel.trajectories import read_thermo


def ran_at_K(store: Path, settings: MDSettings) -> float | None:
    """Mean temperature of the production of an NVE run, from its store; None where a thermostat ruled."""
    if settings.ensemble != "nve":
        return None
    return float(read_thermo(store)["temperature_K"][settings.production_start_frame :].mean())


def mean_ran_K(runs_K: Sequence[float | None]) -> float | None:
    """Of several runs that count as one temperature; None unless all were without a thermostat."""
    known = [value for value in runs_K if value is not None]
    return sum(known) / len(known) if known and len(known) == len(runs_K) else None
