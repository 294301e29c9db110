"""Units of work of a series: its patterns from cold to hot and from hot to cold, each fit begun where the last ended.

The two chains know nothing of each other, so they run beside each other. After every pattern a chain keeps what it has;
one that was killed goes on behind it from where its last pattern ended, and comes to the same result within the
rounding of sums.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import RunDirectoryError
from paddlewheel.execution import DriverWatch, Unit
from paddlewheel.execution.tasks import array_digest
from paddlewheel.foreign import array_archive
from paddlewheel.lab.xrd.fit import FitOptions, FitStart, PatternFit, fit_pattern
from paddlewheel.lab.xrd.model import Instrument
from paddlewheel.lab.xrd.pattern import Pattern, Radiation
from paddlewheel.lab.xrd.phase import Phase

TASK = "paddlewheel.studies.xrd_series.chains:run_chain"
FRAMES, CALCULATED = "frames.npz", "calculated.npz"
"""Measured patterns in the run directory; what a chain calculated, in its unit."""
_AGAIN = "run the same command again, which makes it anew"


def frame_arrays(patterns: Sequence[Pattern]) -> dict[str, np.ndarray]:
    """Angles, intensities and uncertainties of each, by name and number."""
    arrays: dict[str, np.ndarray] = {}
    for number, pattern in enumerate(patterns):
        arrays[f"two_theta_deg_{number}"] = pattern.two_theta_deg
        arrays[f"intensity_{number}"], arrays[f"std_{number}"] = pattern.intensity, pattern.std
    return arrays


def chain_units(
    patterns: Sequence[Pattern], phases: Sequence[Phase], options: dict[str, Any], directory: Path
) -> tuple[Unit, Unit]:
    """From the coldest on, and from the hottest on; `patterns` by rising temperature."""
    frames = [
        {
            "name": pattern.name,
            "source": pattern.source,
            "counts": pattern.counts,
            "lines": [list(line) for line in pattern.radiation.lines] if pattern.radiation else [],
            "monochromator_cos2": pattern.radiation.monochromator_cos2 if pattern.radiation else 1.0,
            "geometry": pattern.geometry,
            "goniometer_radius_mm": pattern.goniometer_radius_mm,
            "sha256": array_digest(pattern.two_theta_deg, pattern.intensity, pattern.std),
        }
        for pattern in patterns
    ]
    known = [_phase_document(phase) for phase in phases]
    order = list(range(len(patterns)))
    made = [
        Unit(
            name=name,
            contents={"frames": frames, "phases": known, "options": options, "order": way, "n": len(order)},
            run_directory=directory,
        )
        for name, way in (("from-cold", order), ("from-hot", order[::-1]))
    ]
    return made[0], made[1]


def run_chain(unit: Unit, watch: DriverWatch, threads: int) -> bool:
    """Fit the patterns of a chain; True when finished, False when it stopped at a checkpoint.

    Raises
    ------
    DataError
        For a pattern that cannot be fitted.
    RunDirectoryError
        If the patterns in the run directory are gone or were changed.
    """
    del threads
    patterns, phases = _patterns(unit), [_phase_of(each) for each in unit.contents["phases"]]
    given = dict(unit.contents["options"])
    profile = given.pop("instrument")
    given["humps"] = tuple((centre, width) for centre, width in given.get("humps", ()))
    options = FitOptions(refits=False, instrument=Instrument(**profile) if profile else None, **given)
    done, curves = _kept(unit)
    last = _start_of(done[-1]["end"]) if done else None
    order = unit.contents["order"]
    unit.write_progress({"done": len(done), "of": len(order)})
    for place in range(len(done), len(order)):
        fitted = fit_pattern(patterns[order[place]], phases, options, start=last, stops=watch.should_stop)
        if watch.should_stop():
            return False
        last = fitted.end()
        done.append(_result(fitted))
        curves += [fitted.two_theta_deg, fitted.calculated, fitted.background]
        unit.write_checkpoint(_checkpoint(done, curves))
        unit.write_progress({"done": len(done), "of": len(order)})
    path = unit.folder / CALCULATED
    np.savez_compressed(path, allow_pickle=False, **_named(curves, order))
    fits = [{name: found for name, found in fit.items() if name != "end"} for fit in done]
    unit.write_result({"status": "done", "fits": fits}, files=[path])
    return True


def chain_results(unit: Unit) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """What a finished chain found of each pattern, by rising temperature, and its curves."""
    result = unit.result()
    assert result is not None
    by_number = dict(zip(unit.contents["order"], result["fits"], strict=True))
    with array_archive(unit.folder / CALCULATED, RunDirectoryError, problem="holds no curves", remedy=_AGAIN) as stored:
        return [by_number[number] for number in sorted(by_number)], dict(stored)


def _named(curves: Sequence[np.ndarray], order: Sequence[int]) -> dict[str, np.ndarray]:
    names = ("two_theta_deg", "calculated", "background")
    return {f"{names[k % 3]}_{order[k // 3]}": curve.astype(np.float32) for k, curve in enumerate(curves)}


def _checkpoint(done: list[dict[str, Any]], curves: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    named = {f"curve_{number}": curve.astype(np.float32) for number, curve in enumerate(curves)}
    return {"done": np.array(json.dumps(done)), **named}


def _kept(unit: Unit) -> tuple[list[dict[str, Any]], list[np.ndarray]]:
    found = unit.checkpoint()
    if found is None:
        return [], []
    done = json.loads(str(found["done"]))
    return done, [found[f"curve_{number}"] for number in range(3 * len(done))]


def _start_of(kept: dict[str, Any]) -> FitStart:
    return FitStart(
        cells=tuple(np.array(cell) for cell in kept["cells"]),
        axes=tuple(None if axis is None else (axis[0], axis[1], axis[2]) for axis in kept["axes"]),
        parameters={(name, phase): (value, prior, std) for name, phase, value, prior, std in kept["parameters"]},
        background_order=kept["background_order"],
    )


def _end_of(end: FitStart) -> dict[str, Any]:
    return {
        "cells": [cell.tolist() for cell in end.cells],
        "axes": [None if axis is None else list(axis) for axis in end.axes],
        "parameters": [[name, phase, *numbers] for (name, phase), numbers in end.parameters.items()],
        "background_order": end.background_order,
    }


def _result(fitted: PatternFit) -> dict[str, Any]:
    return {
        "rwp": fitted.rwp,
        "gof": fitted.gof,
        "flags": list(fitted.flags),
        "end": _end_of(fitted.end()),
        "unexplained": [asdict(each) for each in fitted.unexplained],
        "phases": [
            {
                "is_present": bool(phase.is_present),
                "weight_fraction": phase.weight_fraction,
                "weight_std": phase.weight_std,
                "weight_interval_95": list(phase.weight_interval_95),
                "statistical_std": phase.statistical_std,
                "detection_limit": phase.detection_limit,
                "intensity_share": phase.intensity_share,
                "cell": phase.cell.tolist(),
                "cell_std": phase.cell_statistical_std.tolist(),
                "cell_correlation": phase.cell_correlation.tolist(),
                "volume_A3": phase.volume_A3,
                "volume_std_A3": phase.volume_std_A3,
            }
            for phase in fitted.phases
        ],
    }


def _patterns(unit: Unit) -> list[Pattern]:
    path = unit.run_directory / FRAMES
    with array_archive(path, RunDirectoryError, problem="holds no patterns", remedy=_AGAIN) as stored:
        arrays = dict(stored)
    patterns = []
    for number, frame in enumerate(unit.contents["frames"]):
        x, y, std = (arrays[f"{name}_{number}"] for name in ("two_theta_deg", "intensity", "std"))
        if array_digest(x, y, std) != frame["sha256"]:
            raise RunDirectoryError("was changed since it was written", where=path, remedy=_AGAIN)
        radiation = Radiation(
            lines=tuple((float(wavelength), float(share)) for wavelength, share in frame["lines"]),
            monochromator_cos2=frame["monochromator_cos2"],
        )
        patterns.append(
            Pattern(
                name=frame["name"], source=frame["source"], two_theta_deg=x, intensity=y, std=std,
                counts=frame["counts"], radiation=radiation, geometry=frame["geometry"],
                goniometer_radius_mm=frame["goniometer_radius_mm"],
            )
        )  # fmt: skip
    return patterns


def _phase_document(phase: Phase) -> dict[str, Any]:
    """What the fit of a pattern depends on; formula units count moles alone, which a series does not tell."""
    found = {field.name: getattr(phase, field.name) for field in fields(phase) if field.name != "formula_units"}
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in found.items()}


def _phase_of(document: dict[str, Any]) -> Phase:
    arrays = {"cell", "rotations", "fractional", "occupancy", "b_iso_A2", "shell_radius_A"}
    found = {
        name: np.array(value) if name in arrays and value is not None else value for name, value in document.items()
    }
    return Phase(**{**found, "elements": tuple(document["elements"]), "warnings": tuple(document["warnings"])})
