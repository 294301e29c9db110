"""Units of work that label frames by GPAW: one frame a unit, for a frame takes seconds to hours."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import RunDirectoryError, writing
from paddlewheel.execution import DriverWatch, Unit
from paddlewheel.firstprinciples.gpaw.calculator import calculate, gpaw_version, setup_of
from paddlewheel.firstprinciples.setups import CalculationSettings
from paddlewheel.firstprinciples.steps import Calculation, Step
from paddlewheel.studies.simulation.md_unit import structure_document, unit_atoms

if TYPE_CHECKING:
    from ase import Atoms

TASK = "paddlewheel.studies.simulation.gpaw_units:run_gpaw_unit"
LOG = "gpaw.txt"
"""What GPAW itself says of a frame, in the folder of its unit."""


def gpaw_units(
    frames: Sequence[Atoms], settings: CalculationSettings, directory: Path, *, prefix: str = ""
) -> list[Unit]:
    """A unit for each frame, in their order; `run.units` with `TASK` runs them.

    Parameters
    ----------
    frames
        Their species, positions, cells and initial magnetic moments are taken.
    settings
        The same for all of them.
    directory
        The run directory.
    prefix
        Begins their names.

    Raises
    ------
    SettingsError
        If GPAW is not installed.
    """
    asked = {"settings": asdict(settings), "code": gpaw_version()}
    units = []
    for number, frame in enumerate(frames):
        moments = frame.get_initial_magnetic_moments()
        spins = {"magnetic_moments": moments.tolist()} if settings.spin_polarized and moments.any() else {}
        contents = {"structure": structure_document(frame), "gpaw": asked | spins, "n": 1}
        unit = Unit(name=f"{prefix}gpaw-{number:06d}", contents=contents, run_directory=directory)
        unit.prepare()
        units.append(unit)
    return units


def run_gpaw_unit(unit: Unit, watch: DriverWatch, threads: int) -> bool:
    """Label a unit's frame; True when finished, False when it stopped between two electronic steps.

    A frame that does not converge, or that GPAW cannot calculate, is a finished unit, too: its result says why it has
    no labels. A stopped frame begins anew.

    Raises
    ------
    RunDirectoryError
        If another GPAW is installed than the unit was made with, or the disk is full.
    SettingsError
        If GPAW cannot do what the settings ask for.
    """
    asked = unit.contents["gpaw"]
    if asked["code"] != gpaw_version():
        raise RunDirectoryError(
            f"was begun with {asked['code']}, {gpaw_version()} is installed", where=unit.folder,
            remedy="install that one, or use another --out",
        )  # fmt: skip
    settings, frame = CalculationSettings(**asked["settings"]), _frame(unit)
    n_steps = 0

    def should_stop() -> bool:
        nonlocal n_steps
        n_steps += 1
        # there is no telling when the electrons converge: the share done is of the usual number of steps
        unit.write_progress({"status": f"electronic step {n_steps}", "done": 1 - math.exp(-n_steps / 10), "of": 1})
        return watch.should_stop()

    with writing(unit.folder):
        began = time.monotonic()
        calculation = calculate(settings, frame, log=unit.folder / LOG, should_stop=should_stop)
        if calculation is None:
            return False
        unit.write_result({"status": "done", "seconds": time.monotonic() - began, **_document(calculation)})
    return True


def gpaw_labels(unit: Unit) -> Calculation:
    """The calculation of a finished unit, as `firstprinciples.gpaw.calculator.calculate` gave it."""
    result = unit.result()
    assert result is not None
    settings, frame = CalculationSettings(**unit.contents["gpaw"]["settings"]), _frame(unit)
    steps = tuple(
        Step(
            number=0,
            atoms=frame,
            energy_eV=labels["energy_eV"],
            forces_eV_per_A=_array(labels["forces_eV_per_A"]),
            stress_eV_per_A3=_array(labels["stress_eV_per_A3"]),
            converged=labels["converged"],
            electronic=labels["electronic"],
        )
        for labels in result["steps"]
    )
    return Calculation(
        source=f"units/{unit.name}/{LOG}", setup=setup_of(settings, frame), steps=steps, cut=result["cut"]
    )


def _frame(unit: Unit) -> Atoms:
    frame = unit_atoms(unit)
    if (moments := unit.contents["gpaw"].get("magnetic_moments")) is not None:
        frame.set_initial_magnetic_moments(moments)
    return frame


def _document(calculation: Calculation) -> dict[str, Any]:
    """What the unit's result keeps; the setup follows from the unit's contents and the release of GPAW."""
    steps = [
        {
            "energy_eV": step.energy_eV,
            "forces_eV_per_A": _listed(step.forces_eV_per_A),
            "stress_eV_per_A3": _listed(step.stress_eV_per_A3),
            "converged": step.converged,
            "electronic": step.electronic,
        }
        for step in calculation.steps
    ]
    return {"steps": steps, "cut": calculation.cut}


def _listed(array: np.ndarray | None) -> list[Any] | None:
    return None if array is None else array.tolist()


def _array(listed: list[Any] | None) -> np.ndarray | None:
    return None if listed is None else np.array(listed)
