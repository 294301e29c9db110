"""`conduct`: molecular dynamics at several temperatures, conductivity, Arrhenius, report."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import InputError, ScienceError, writing
from paddlewheel.execution import DriverLock, Outcome, Resources, Unit, run_units
from paddlewheel.records import Citation, ConductivityRecord, HealthCheck
from paddlewheel.studies.citations import analysis_citations, dynamics_citations
from paddlewheel.studies.conductivity import (
    MINIMUM_ONSET_PS,
    TemperatureRuns,
    analyse_temperature,
    conductivity_record,
)
from paddlewheel.studies.md_unit import store_path
from paddlewheel.studies.plan import ConductPlan, plan_conduct
from paddlewheel.studies.progress import UnitTable
from paddlewheel.studies.run_directory import check_directory, default_directory, start_directory

if TYPE_CHECKING:
    from ase import Atoms


_TASK = "paddlewheel.studies.md_unit:run_md_unit"


def conduct(
    structure: str | Path | Atoms,
    *,
    out: str | Path | None = None,
    potential: str | None = None,
    temperatures_K: Sequence[float] = (600.0, 700.0, 800.0),
    ensemble: str = "npt",
    timestep_fs: float = 1.0,
    equilibrate_ps: float = 2.0,
    production_ps: float = 20.0,
    replicas: int = 1,
    supercell: str | Sequence[int] = "auto",
    specie: str | None = None,
    charge: float | None = None,
    seed: int = 1,
    orderings: int | None = None,
    frame_interval_fs: float = 10.0,
    pressure_GPa: float = 0.0,
    three_body: str = "parent",
    device: str = "cpu",
    dtype: str = "float32",
    minimum_onset_ps: float = MINIMUM_ONSET_PS,
    extrapolation_threshold: float = MDSettings.extrapolation_threshold,
    allow_extrapolating: bool = False,
    arrhenius: bool = True,
    cores: int | None = None,
    show_progress: bool = False,
) -> ConductivityRecord:
    """Run molecular dynamics of a structure at several temperatures and report its ionic conductivity.

    The run directory `out` (``conduct-NAME`` by default) gets the record, the report, the trajectories and the figures;
    the same call again continues what was killed and keeps what is finished.

    Parameters
    ----------
    structure
        A built-in name, a file, or ASE Atoms.
    potential
        See `paddlewheel.potentials.load_potential`; by default the one made for these elements.
    temperatures_K
        At least two, unless `arrhenius` is False.
    ensemble
        ``npt`` (flexible cell, at `pressure_GPa`), ``nvt``, ``nve`` or ``langevin``.
    timestep_fs, frame_interval_fs
        Time step, and time between kept frames (fs).
    equilibrate_ps, production_ps
        Time left out, and time analysed (ps).
    replicas
        Independent runs at each temperature.
    supercell
        ``auto`` (every lattice parameter above 10 A), ``AxBxC`` or three integers.
    specie, charge
        Mobile ion and its charge (e); asked for where the chemistry leaves doubt.
    orderings
        Make this many ordered cells of a structure with partial occupancies, a replica each.
    minimum_onset_ps
        Earliest lag (ps) at which the fit of the MSD may begin; a run has to be ten times as long.
    extrapolation_threshold
        Extrapolation grade over which a step counts as extrapolating and its frame is kept in ``extrapolating/``, for
        potentials that give one.
    allow_extrapolating
        Let temperatures enter the fit at which the potential extrapolates in more than 1 % of the steps. May be changed
        for a finished run.
    cores
        Cores of this machine to use; all by default. Independent runs share them.

    Raises
    ------
    InputError
        Bad input, before anything is written.
    RunDirectoryError
        If `out` holds other inputs, is in use, or cannot be written.

    Examples
    --------
    >>> from paddlewheel import conduct
    >>> record = conduct("o-nbh", temperatures_K=[600, 700, 800])  # doctest: +SKIP
    >>> record.arrhenius.conductivity_300K_mS_per_cm  # doctest: +SKIP
    """
    plan = plan_conduct(
        structure,
        potential=potential,
        temperatures_K=temperatures_K,
        replicas=replicas,
        supercell=supercell,
        orderings=orderings,
        specie=specie,
        charge=charge,
        seed=seed,
        arrhenius=arrhenius,
        minimum_onset_ps=minimum_onset_ps,
        three_body=three_body,
        device=device,
        dtype=dtype,
        dynamics={
            "ensemble": ensemble,
            "timestep_fs": timestep_fs,
            "equilibrate_ps": equilibrate_ps,
            "production_ps": production_ps,
            "frame_interval_fs": frame_interval_fs,
            "pressure_GPa": pressure_GPa,
            "extrapolation_threshold": extrapolation_threshold,
        },
    )
    directory = Path(out) if out is not None else default_directory("conduct", structure)
    if not check_directory(directory, plan.inputs()):
        _try_potential(plan)
    start_directory(directory, plan.inputs())
    units = plan.units(directory)
    with writing(directory), DriverLock(directory) as driver:
        for unit in units:
            unit.prepare()
        outcome = _run(units, driver, cores=cores, show_progress=show_progress)
        _keep_errors(units, outcome)
        return _report(plan, units, outcome, directory, allow_extrapolating=allow_extrapolating)


def _try_potential(plan: ConductPlan) -> None:
    """Load the potential once and evaluate the cell, so that a bad checkpoint or cell is told before a run begins."""
    import numpy as np

    from paddlewheel.potentials import load_potential

    wanted = plan.potential
    calculator = load_potential(
        wanted["name"], three_body=wanted["three_body"], device=wanted["device"], dtype=wanted["dtype"]
    )
    atoms = plan.structure.cells[0].copy()
    atoms.calc = calculator
    largest = float(np.abs(atoms.get_forces()).max())
    if not np.isfinite(largest) or largest > 1000:
        raise InputError(
            f"the largest force is {largest:.3g} eV/A with {wanted['name']}",
            where=plan.structure.name,
            remedy="relax the structure, or check its distances",
        )


def _run(units: Sequence[Unit], driver: DriverLock, *, cores: int | None, show_progress: bool) -> Outcome:
    pending = [unit for unit in units if unit.result() is None]
    resources = Resources.share(n_units=max(1, len(pending)), cores=cores)
    table = UnitTable(units) if show_progress and pending else None
    with table or nullcontext():
        on_poll: Callable[[], None] = table.update if table else lambda: None
        return run_units(units, task=_TASK, driver=driver, resources=resources, on_poll=on_poll)


def _keep_errors(units: Sequence[Unit], outcome: Outcome) -> None:
    """Errors a user can mend end the command; others are kept beside the unit and named in the record."""
    for name, path in outcome.keep_errors(units).items():
        error = outcome.errors[name]
        print(f"paddlewheel: {name} failed ({type(error).__name__}: {error}); see {path}", file=sys.stderr)


def _report(
    plan: ConductPlan, units: Sequence[Unit], outcome: Outcome, directory: Path, *, allow_extrapolating: bool
) -> ConductivityRecord:
    from paddlewheel.studies.run_files import write_run

    results = {unit.name: result for unit in units if (result := unit.result()) is not None}
    finished = [unit for unit in units if unit.name in results]
    if not finished:
        states = "; ".join(f"{name}: {state}" for name, state in outcome.states.items())
        raise ScienceError(f"no run finished ({states})", where=directory, remedy="see units/*/error.txt")
    by_temperature: dict[float, list[Unit]] = defaultdict(list)
    for unit in finished:
        by_temperature[unit.contents["md"]["temperature_K"]].append(unit)
    warnings = [f"{unit.name} did not finish: {outcome.states[unit.name]}" for unit in units if unit not in finished]
    warnings += [
        f"{unit.name}: the start had forces over {unit.contents['md']['relax_above_eV_per_A']:g} eV/A and was relaxed "
        f"to {results[unit.name]['relaxed_eV_per_A']:.2g} eV/A first"
        for unit in finished
        if results[unit.name]["relaxed_eV_per_A"] is not None
    ]
    runs = [_temperature_runs(value, members, plan.specie) for value, members in by_temperature.items()]
    analysed = [
        analyse_temperature(one, charge_e=plan.charge_e, minimum_onset_ps=plan.minimum_onset_ps) for one in runs
    ]
    record = conductivity_record(
        analysed,
        specie=plan.specie,
        charge_e=plan.charge_e,
        potential=plan.potential["name"],
        structure=plan.structure.name,
        formula=plan.structure.cells[0].get_chemical_formula("metal"),
        arrhenius=plan.arrhenius,
        settings=plan.inputs() | {"allow_extrapolating": allow_extrapolating},
        warnings=[*_settings_warnings(plan), *warnings],
        allow_extrapolating=allow_extrapolating,
        citations=[*_potential_citations(plan), *dynamics_citations(plan.runs[0][1].ensemble), *analysis_citations()],
    )
    write_run(record, runs=runs, analysed=analysed, directory=directory, cell=plan.structure.cells[0])
    return record


def _temperature_runs(temperature_K: float, units: Sequence[Unit], specie: str) -> TemperatureRuns:
    """What the analysis needs of all replicas at one temperature; broken runs by their reason."""
    import numpy as np

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


def _settings_warnings(plan: ConductPlan) -> list[str]:
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


def _potential_citations(plan: ConductPlan) -> list[Citation]:
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
