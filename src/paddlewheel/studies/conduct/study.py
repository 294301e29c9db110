"""`conduct`: molecular dynamics at several temperatures, conductivity, Arrhenius, report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import writing
from paddlewheel.execution import DriverLock, Unit
from paddlewheel.studies.conduct.files import write_run
from paddlewheel.studies.conduct.measure import (
    analyse_temperature,
    conductivity_record,
)
from paddlewheel.studies.conduct.plan import (
    ConductPlan,
    plan_conduct,
)
from paddlewheel.studies.conduct.record import ConductivityRecord
from paddlewheel.studies.conduct.runs import (
    potential_citations,
    read_temperature,
    settings_warnings,
    units_by_temperature,
)
from paddlewheel.studies.simulation.md_runs import (
    MINIMUM_ONSET_PS,
    run_md_units,
    try_potential,
)
from paddlewheel.study.citations import (
    analysis_citations,
    dynamics_citations,
)
from paddlewheel.study.run_directory import (
    check_directory,
    default_directory,
    start_directory,
)

if TYPE_CHECKING:
    from ase import Atoms


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
        try_potential(plan.potential, plan.structure.cells[0], where=plan.structure.name)
    start_directory(directory, plan.inputs())
    units = plan.units(directory)
    with writing(directory), DriverLock(directory) as driver:
        for unit in units:
            unit.prepare()
        finished, warnings = run_md_units(units, driver, cores=cores, show_progress=show_progress)
        return _report(plan, finished, warnings, directory, allow_extrapolating=allow_extrapolating)


def _report(
    plan: ConductPlan,
    units: Sequence[Unit],
    warnings: Sequence[str],
    directory: Path,
    *,
    allow_extrapolating: bool,
) -> ConductivityRecord:
    runs = [read_temperature(value, members, plan.specie) for value, members in units_by_temperature(units).items()]
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
        warnings=[*settings_warnings(plan), *warnings],
        allow_extrapolating=allow_extrapolating,
        citations=[*potential_citations(plan), *dynamics_citations(plan.runs[0][1].ensemble), *analysis_citations()],
    )
    write_run(record, runs=runs, analysed=analysed, directory=directory, cell=plan.structure.cells[0])
    return record
