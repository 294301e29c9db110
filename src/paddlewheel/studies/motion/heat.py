"""Does the temperature that was given agree with how fast the atoms move? A wrong frame interval shows here as well."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.records import Measured
from paddlewheel.studies.motion.given import GivenRun
from paddlewheel.trajectories.kinetic import KineticTemperature, kinetic_temperature

TOLERATED = 0.12
"""Difference that is no contradiction: what a thermostat and frames 10 fs apart make of a right temperature."""
_SIGMAS = 3.0
UNCHECKED = ("temperature", "frame interval")
"""What nobody checked where the frames are too far apart for the atoms' speeds."""


def with_heat(runs: Iterable[GivenRun], *, anyway: bool) -> tuple[list[GivenRun], list[str]]:
    """The runs with the kinetic temperature of their frames, and what has to be said of them.

    Parameters
    ----------
    anyway
        Keep a temperature that the frames contradict, and warn.

    Raises
    ------
    SettingsError
        For a temperature that the atoms' speeds contradict: it, or the frame interval, is wrong.
    """
    kept, warnings = [], []
    for run in runs:
        heat = kinetic_temperature(run.trajectory)
        # a run directory's thermostat is known to it, and whether it arrived is told by the run's own health
        given_K = None if run.inputs else run.temperature_K
        told = contradiction(heat, given_K, interval_fs=run.trajectory.frame_interval_fs)
        name = Path(run.trajectory.source).name
        if told and not anyway:
            raise SettingsError(
                f"{name}: {told}", where="temperature_K",
                remedy="correct it, or --frame-interval-fs; or keep it with --temperature-anyway",
            )  # fmt: skip
        warnings += [f"{name}: {told}"] if told else []
        kept.append(replace(run, heat=heat))
    return kept, warnings


def contradiction(
    heat: KineticTemperature | None, temperature_K: float | None, *, interval_fs: float | None
) -> str | None:
    """In words, how the speeds of the atoms contradict a temperature; None where they do not, or say nothing."""
    if heat is None or temperature_K is None:
        return None
    apart = abs(math.log(heat.temperature_K / temperature_K))
    if apart <= math.log1p(TOLERATED) + _SIGMAS * heat.std_K / heat.temperature_K:
        return None
    return (
        f"its {heat.element} move as at {heat.temperature_K:.3g} +- {heat.std_K:.2g} K if frames are "
        f"{interval_fs:g} fs apart, and {temperature_K:g} K was given"
    )


def measured(heat: KineticTemperature | None) -> Measured | None:
    """The kinetic temperature as it stands in a record."""
    return None if heat is None else Measured.or_none(heat.temperature_K, heat.std_K)


def mean_heat(heats: Sequence[KineticTemperature | None]) -> Measured | None:
    """The kinetic temperature of several runs; None where none of them tells it."""
    known = [heat for heat in heats if heat is not None]
    if not known:
        return None
    weights = np.array([1 / max(heat.std_K, 1e-9) ** 2 for heat in known])
    mean_K = float(np.average([heat.temperature_K for heat in known], weights=weights))
    return Measured.or_none(mean_K, float(weights.sum() ** -0.5))
