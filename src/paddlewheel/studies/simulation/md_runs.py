"""Molecular dynamics as units of work: what the runs cost, the runs, and what went wrong with them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import ScienceError
from paddlewheel.execution import Unit
from paddlewheel.studies.motion.touched import HOT_CELL, has_hot_cell, md_damage
from paddlewheel.studies.simulation.cost import Cost
from paddlewheel.studies.simulation.md_unit import unit_atoms
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.run import Run

TASK = "paddlewheel.studies.simulation.md_unit:run_md_unit"

_STORED_BYTES_PER_ATOM, _STORED_BYTES_PER_FRAME = 6.0, 250.0
"""Of a compressed frame every 10 fs (o-NBH at 600 to 900 K), and of its thermodynamic columns in store and table."""
_REPORT_BYTES = 4e6


def run_md_units(units: Sequence[Unit], run: Run) -> tuple[list[Unit], list[str]]:
    """Run what is not finished. Errors a user can mend end the command; others are kept beside the unit.

    Returns
    -------
    The finished units, and a warning for each of the others, for each start that was relaxed, and for those of before
    whose cell was too hot.

    Raises
    ------
    ScienceError
        If no unit finished.
    """
    troubles = run.units(units, task=TASK, title="molecular dynamics", check=md_damage)
    for name, trouble in troubles.items():
        print(f"paddlewheel: {name} failed ({trouble}); see units/{name}/error.txt", file=sys.stderr)
    results = {unit.name: result for unit in units if (result := unit.result()) is not None}
    finished = [unit for unit in units if unit.name in results]
    if not finished:
        states = "; ".join(f"{name}: {state}" for name, state in troubles.items())
        raise ScienceError(f"no run finished ({states})", where=units[0].run_directory, remedy="see units/*/error.txt")
    warnings = [f"{name} did not finish: {trouble}" for name, trouble in troubles.items()]
    warnings += [
        f"{unit.name}: the start had forces over {unit.contents['md']['relax_above_eV_per_A']:g} eV/A and was relaxed "
        f"to {results[unit.name]['relaxed_eV_per_A']:.2g} eV/A first"
        for unit in finished
        if results[unit.name]["relaxed_eV_per_A"] is not None
    ]
    hot = [unit.name for unit in finished if has_hot_cell(unit, results[unit.name])]
    if hot:
        warnings.append(f"{', '.join(hot)}: run by {HOT_CELL}; --again runs it anew")
    return finished, warnings


def forecast_md(
    units: Sequence[Unit],
    *,
    cores: int | None,
    inputs: Sequence[tuple[str, str]] = (),
    cell: str | None = None,
    also: Mapping[str, float] | None = None,
) -> Forecast:
    """What units of molecular dynamics would cost, by a few steps of each size of cell with its potential.

    Parameters
    ----------
    units
        Their run directory is the current one, or the folder of a stage within it.
    inputs
        What was read, for the reader.
    cell
        The supercell that was chosen, in words.
    also
        Core-hours of other units, by name.
    """
    costs: dict[str, Cost] = {}
    step_s: dict[str, float] = {}
    hours: dict[str, float] = {}
    stored = _REPORT_BYTES
    n_steps = sum(MDSettings(**unit.contents["md"]).n_steps for unit in units)
    for unit in units:
        dynamics, n_atoms = MDSettings(**unit.contents["md"]), len(unit.contents["structure"]["symbols"])
        potential = json.dumps(unit.contents["potential"])
        kind = f"{n_atoms} {dynamics.ensemble} {potential}"
        if kind not in step_s:
            if potential not in costs:
                costs[potential] = Cost(unit.contents["potential"])
            step_s[kind] = n_atoms * costs[potential].step_s(
                unit_atoms(unit), replace(dynamics, relax_above_eV_per_A=0.0), n_steps=n_steps
            )
        hours[(unit.run_directory / unit.name).as_posix()] = step_s[kind] * dynamics.n_steps / 3600
        stored += dynamics.n_frames * (_STORED_BYTES_PER_ATOM * n_atoms + _STORED_BYTES_PER_FRAME)
    n_atoms = max(len(unit.contents["structure"]["symbols"]) for unit in units)
    slowest_s = max(step_s.values())
    return Forecast.of_units(
        hours | dict(also or {}),
        cores=cores,
        inputs=tuple(inputs),
        cell=cell,
        n_atoms=n_atoms,
        steps_per_s=1 / slowest_s if slowest_s else None,
        disk_bytes=stored,
    )
