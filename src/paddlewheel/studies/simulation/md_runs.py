"""Molecular dynamics as units of work: the runs, and what went wrong with them."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from paddlewheel.errors import ScienceError
from paddlewheel.execution import DriverLock, Unit
from paddlewheel.studies.simulation.potentials import try_potential  # noqa: F401  MIGRATION: until all take it from there
from paddlewheel.study.stage import run_stage

TASK = "paddlewheel.studies.simulation.md_unit:run_md_unit"


def run_md_units(
    units: Sequence[Unit], driver: DriverLock, *, cores: int | None, show_progress: bool
) -> tuple[list[Unit], list[str]]:
    """Run what is not finished. Errors a user can mend end the command; others are kept beside the unit.

    Returns
    -------
    The finished units, and a warning for each of the others and for each start that was relaxed.

    Raises
    ------
    ScienceError
        If no unit finished.
    """
    troubles = run_stage(
        units, task=TASK, title="molecular dynamics", driver=driver, cores=cores, show_progress=show_progress
    )
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
    return finished, warnings


MINIMUM_ONSET_PS = 0.5
"""For runs of our own: ions in solids vibrate and explore their cages for about a picosecond, and over a run of a few
picoseconds the MSD inside the cages looks straight (o-NBH at 1100 K: 1.4 ps gave five times the diffusivity). A fit
begins before a tenth of the run or not at all, so a run under 5 ps has no diffusivity."""
