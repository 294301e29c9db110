"""`rotor`: the conductivity of a crystal whose anions are made heavier, so that they turn more slowly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import SettingsError, writing
from paddlewheel.execution import DriverLock
from paddlewheel.records import write_record
from paddlewheel.studies.conduct.plan import plan_conduct
from paddlewheel.studies.rotor.plan import (
    DEFAULT_FACTORS,
    plan_rotor,
)
from paddlewheel.studies.rotor.points import rotor_record
from paddlewheel.studies.rotor.record import RotorRecord
from paddlewheel.studies.rotor.runs import ActiveDefinition
from paddlewheel.studies.simulation.md_runs import (
    MINIMUM_ONSET_PS,
    run_md_units,
    try_potential,
)
from paddlewheel.study.run_directory import (
    check_directory,
    default_directory,
    start_directory,
)
from paddlewheel.transport import DEFAULT_THRESHOLD_A2

if TYPE_CHECKING:
    from ase import Atoms


def rotor(
    structure: str | Path | Atoms,
    *,
    anions: Sequence[str] | None = None,
    factors: Sequence[float] = DEFAULT_FACTORS,
    scale: Sequence[Mapping[str, float]] = (),
    active_window_ps: float | None = None,
    active_threshold_A2: float = DEFAULT_THRESHOLD_A2,
    reference_temperature_K: float | None = None,
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
) -> RotorRecord:
    """Conductivity at 300 K, activation energy, active ions and rotation against the mass of the anions.

    The gedankenexperiment of Oh et al. (doi 10.1016/j.joule.2025.102130, figure 3c): `conduct` over a grid of mass
    factors. All runs of all points share the cores; the same call again continues what was killed. The natural masses
    are always simulated, once for all series, with the seeds of `conduct`.

    Parameters
    ----------
    structure
        A built-in name, a file, or ASE Atoms.
    anions
        Whose masses to scale: formulas of anions in the structure, and ``all`` for all of them together; by default
        each, and all.
    factors
        Mass factors of each series; 1 is always there.
    scale
        Points beside the series, or (without `anions`) instead of them: the factor of each anion that is scaled,
        such as ``{"BH4": 4, "B12H12": 10}``.
    active_window_ps, active_threshold_A2
        What makes an ion active. The paper: 21 A^2 over 1 ns; by default the threshold is the same and the window
        that, or the production where that is shorter. May be changed for a finished run.
    reference_temperature_K
        One of `temperatures_K`, at which active fraction and rotation are compared: by default the lowest at which
        the most runs are sane. May be changed for a finished run.
    out, potential, temperatures_K, ensemble, timestep_fs, equilibrate_ps, production_ps, replicas, supercell, specie,
    charge, seed, orderings, frame_interval_fs, pressure_GPa, three_body, device, dtype, minimum_onset_ps,
    extrapolation_threshold, allow_extrapolating, arrhenius, cores
        As in `conduct`. Anions with f times the mass are slower by the root of f: give them time to equilibrate.

    Raises
    ------
    InputError
        Bad input, before anything is written.
    RunDirectoryError
        If `out` holds other inputs, is in use, or cannot be written.

    Examples
    --------
    >>> from paddlewheel import rotor
    >>> record = rotor("o-nbh", potential="nep-nabh", factors=[1, 4, 10])  # doctest: +SKIP
    >>> [(trend.anion, trend.quantity, trend.verdict) for trend in record.trends]  # doctest: +SKIP
    """
    base = plan_conduct(
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
    plan = plan_rotor(base, anions=anions, factors=factors, scale=scale)
    active = ActiveDefinition.checked(active_window_ps, active_threshold_A2, production_ps=production_ps)
    if reference_temperature_K is not None and reference_temperature_K not in temperatures_K:
        raise SettingsError(
            f"{reference_temperature_K:g} K is not simulated", where="reference_temperature_K",
            remedy=f"give one of {', '.join(f'{value:g}' for value in temperatures_K)}",
        )  # fmt: skip
    directory = Path(out) if out is not None else default_directory("rotor", structure)
    if not check_directory(directory, plan.inputs()):
        try_potential(base.potential, base.structure.cells[0], where=base.structure.name)
    start_directory(directory, plan.inputs())
    units = [unit for run in plan.runs for unit in run.units(directory)]
    with writing(directory), DriverLock(directory) as driver:
        for unit in units:
            unit.prepare()
        finished, warnings = run_md_units(units, driver, cores=cores, show_progress=show_progress)
        record = rotor_record(
            plan,
            finished,
            directory=directory,
            active=active,
            reference_temperature_K=reference_temperature_K,
            allow_extrapolating=allow_extrapolating,
            warnings=warnings,
        )
        write_record(record, directory / "result.json")
    return record
