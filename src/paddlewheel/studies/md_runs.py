"""The molecular-dynamics runs of a study: tried first, run as units, and read back for the analysis."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import InputError, ScienceError
from paddlewheel.execution import DriverLock, Outcome, Resources, Unit, run_units
from paddlewheel.records import Citation, HealthCheck
from paddlewheel.studies.conductivity import TemperatureRuns
from paddlewheel.studies.md_unit import store_path
from paddlewheel.studies.progress import UnitTable

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.studies.plan import ConductPlan

_TASK = "paddlewheel.studies.md_unit:run_md_unit"


def try_potential(potential: Mapping[str, Any], cell: Atoms, *, where: str) -> None:
    """Load the potential once and evaluate the cell, so that a bad checkpoint or cell is told before a run begins.

    Raises
    ------
    InputError
        If the potential cannot be loaded, or gives forces that no run can start from.
    """
    from paddlewheel.potentials import load_potential

    calculator = load_potential(
        potential["name"], three_body=potential["three_body"], device=potential["device"], dtype=potential["dtype"]
    )
    atoms = cell.copy()
    atoms.calc = calculator
    largest = float(np.abs(atoms.get_forces()).max())
    if not np.isfinite(largest) or largest > 1000:
        raise InputError(
            f"the largest force is {largest:.3g} eV/A with {potential['name']}",
            where=where,
            remedy="relax the structure, or check its distances",
        )


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
    outcome = _run(units, driver, cores=cores, show_progress=show_progress)
    for name, path in outcome.keep_errors(units).items():
        error = outcome.errors[name]
        print(f"paddlewheel: {name} failed ({type(error).__name__}: {error}); see {path}", file=sys.stderr)
    results = {unit.name: result for unit in units if (result := unit.result()) is not None}
    finished = [unit for unit in units if unit.name in results]
    if not finished:
        states = "; ".join(f"{name}: {state}" for name, state in outcome.states.items())
        raise ScienceError(f"no run finished ({states})", where=units[0].run_directory, remedy="see units/*/error.txt")
    warnings = [f"{unit.name} did not finish: {outcome.states[unit.name]}" for unit in units if unit not in finished]
    warnings += [
        f"{unit.name}: the start had forces over {unit.contents['md']['relax_above_eV_per_A']:g} eV/A and was relaxed "
        f"to {results[unit.name]['relaxed_eV_per_A']:.2g} eV/A first"
        for unit in finished
        if results[unit.name]["relaxed_eV_per_A"] is not None
    ]
    return finished, warnings


def _run(units: Sequence[Unit], driver: DriverLock, *, cores: int | None, show_progress: bool) -> Outcome:
    pending = [unit for unit in units if unit.result() is None]
    resources = Resources.share(n_units=max(1, len(pending)), cores=cores)
    table = UnitTable(units) if show_progress and pending else None
    with table or nullcontext():
        on_poll: Callable[[], None] = table.update if table else lambda: None
        return run_units(units, task=_TASK, driver=driver, resources=resources, on_poll=on_poll)


def units_by_temperature(units: Sequence[Unit]) -> dict[float, list[Unit]]:
    """The units of each temperature."""
    by_temperature: dict[float, list[Unit]] = defaultdict(list)
    for unit in units:
        by_temperature[unit.contents["md"]["temperature_K"]].append(unit)
    return by_temperature


def read_temperature(temperature_K: float, units: Sequence[Unit], specie: str) -> TemperatureRuns:
    """What the analysis needs of all replicas at one temperature; broken runs by their reason."""
    from paddlewheel.trajectories import displacements, open_store, read_thermo

    good, thermo, health, broken = [], {}, [], []
    grades: dict[str, dict[str, Any]] = {}
    sane: list[str] = []
    structure = units[0].contents["structure"]
    symbols = structure["symbols"]
    for unit in units:
        result: dict[str, Any] = unit.result() or {}
        md = unit.contents["md"]
        if result["extrapolation"] is not None:
            grades[unit.name] = result["extrapolation"]
        health += [HealthCheck(**check) for check in result["health"]]
        trajectory = open_store(store_path(unit))
        columns = read_thermo(store_path(unit))
        start_ps = md["frame_interval_fs"] / 1000 * MDSettings(**md).production_start_frame
        thermo[unit.name] = columns | {"time_ps": columns["time_ps"] - start_ps}  # equilibration at negative times
        if result["status"] == "broken":
            broken.append(f"{unit.name}: {result['reason']}")
            continue
        sane.append(unit.name)
        good.append(displacements(trajectory.after(md["equilibrate_ps"]), specie=specie))
    production = [columns["volume_A3"][columns["time_ps"] >= 0] for columns in thermo.values()]
    if not any(len(volumes) for volumes in production):  # every run broke before its production
        production = [columns["volume_A3"] for columns in thermo.values()]
    return TemperatureRuns(
        temperature_K=temperature_K, displacements=good, broken=broken, health=health, thermo=thermo,
        n_ions=symbols.count(specie), mass_u=sum(structure["masses_u"]),
        volume_A3=float(np.concatenate(production).mean()),
        production_ps=units[0].contents["md"]["production_ps"],
        extrapolation=[grades[name] for name in sane if name in grades] or list(grades.values()),
        kept_frames={one["file"]: one["n_kept_frames"] for one in grades.values() if "file" in one},
    )  # fmt: skip


def settings_warnings(plan: ConductPlan) -> list[str]:
    """What the settings allow and a reader should know."""
    settings, cell = plan.runs[0][1], plan.structure.cells[0]
    warnings = list(plan.structure.notes)
    if settings.timestep_fs > 1 and "H" in cell.get_chemical_symbols():
        warnings.append(f"time step {settings.timestep_fs:g} fs with hydrogen: 1 fs or less resolves its vibrations")
    short = [f"{length:.1f}" for length in cell.cell.lengths() if length <= 10]
    if short:
        warnings.append(
            f"cell lengths of {', '.join(short)} A are not above 10 A (the paper's rule): ions feel their own images"
        )
    if plan.potential["three_body"] == "as_trained":
        warnings.append("three-body form as_trained: the energy is not smooth and depends on the order of the atoms")
    return warnings


def potential_citations(plan: ConductPlan) -> list[Citation]:
    """References of the potential."""
    from paddlewheel.potentials import describe_potential

    card = describe_potential(plan.potential["name"])
    citations = [Citation(what=f"potential {card.name}", reference=card.citation or card.title, doi=card.doi)]
    if card.kind == "m3gnet":
        citations.append(
            Citation(
                what="M3GNet architecture", reference="Chen, Ong, Nat. Comput. Sci. 2, 718 (2022)",
                doi="10.1038/s43588-022-00349-3",
            )
        )  # fmt: skip
    return citations
