"""All runs at one temperature, as the analysis takes them: read from units of work, or made of trajectories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.dynamics import Ensemble, MDSettings
from paddlewheel.execution import Unit
from paddlewheel.records import HealthCheck
from paddlewheel.studies.conduct.record import TemperatureResult
from paddlewheel.studies.motion.agreement import StateSeries, equilibrium_checks
from paddlewheel.studies.motion.free_runs import mean_ran_K, ran_at_K
from paddlewheel.studies.motion.given import known_grades
from paddlewheel.studies.motion.hop_distance import HopDistance, hop_distance
from paddlewheel.studies.motion.record import EquilibriumCheck
from paddlewheel.studies.simulation.md_unit import store_path
from paddlewheel.transport import DiffusivityEstimate, OnsagerCoefficients

if TYPE_CHECKING:
    from paddlewheel.trajectories import Displacements
    from paddlewheel.trajectories.kinetic import KineticTemperature


@dataclass(frozen=True, kw_only=True)
class TemperatureRuns:
    """All runs at one temperature, as the analysis takes them.

    Attributes
    ----------
    displacements
        Of the mobile ions, one a sane replica, production only.
    broken
        One line for each replica left out, with its name and reason.
    thermo
        Columns by run name, equilibration included (negative `time_ps`); empty for trajectories made elsewhere.
    sane
        Names, in `thermo`, of the runs of `displacements`.
    extrapolation
        `ExtrapolationWatch.summary()` of each sane replica (of all where none is sane); none where the potential has
        no grade.
    grades
        Largest extrapolation grade of the steps since the frame before, `[n_frames]` of each of `displacements`; None
        where nobody knows it.
    hop_distance
        Of the ions, or None where every run is broken.
    kept_frames
        Number of extrapolating frames kept, by file.
    ran_K
        Mean temperature of the production of runs without a thermostat (NVE); None for others.
    heats
        The kinetic temperature of the frames of each trajectory made elsewhere, None where they do not tell it.
    equilibrium
        Whether the sane replicas are in one state.
    one_cell
        Whether all replicas began from one cell, not from several orderings.
    state
        Columns of the thermodynamics of each of `displacements`, frame by frame, so far as they are known:
        ``potential_energy_eV``, ``volume_A3``, ``pressure_GPa``, ``temperature_K``.
    equilibrate_ps
        What was left out before the production; None where it is not known, or differs.
    ensemble, pressure_asked_GPa
        Of all runs, and the pressure of their barostat; None where it is not known, or differs.
    n_ions, mass_u, volume_A3
        Mobile ions, mass of all atoms and mean volume of the cell, over all runs, the broken ones included.
    """

    temperature_K: float
    displacements: Sequence[Displacements]
    n_ions: int
    mass_u: float
    volume_A3: float
    broken: Sequence[str] = ()
    health: Sequence[HealthCheck] = ()
    thermo: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    sane: Sequence[str] = ()
    production_ps: float = 0.0
    extrapolation: Sequence[Mapping[str, Any]] = ()
    grades: Sequence[np.ndarray | None] = ()
    hop_distance: HopDistance | None = None
    kept_frames: Mapping[str, int] = field(default_factory=dict)
    heats: Sequence[KineticTemperature | None] = ()
    ran_K: float | None = None
    equilibrium: Sequence[EquilibriumCheck] = ()
    one_cell: bool = True
    state: Sequence[Mapping[str, np.ndarray]] = ()
    equilibrate_ps: float | None = None
    ensemble: Ensemble | None = None
    pressure_asked_GPa: float | None = None


def units_by_temperature(units: Sequence[Unit]) -> dict[float, list[Unit]]:
    """The units of each temperature."""
    by_temperature: dict[float, list[Unit]] = defaultdict(list)
    for unit in units:
        by_temperature[unit.contents["md"]["temperature_K"]].append(unit)
    return by_temperature


def read_temperature(
    temperature_K: float, units: Sequence[Unit], specie: str, *, hop_distance_A: float | None = None
) -> TemperatureRuns:
    """What the analysis needs of all replicas at one temperature; broken runs by their reason.

    `hop_distance_A` is that of a hop, by hand.
    """
    from paddlewheel.trajectories import displacements, open_store, read_thermo

    good, thermo, health, broken = [], {}, [], []
    grades: dict[str, dict[str, Any]] = {}
    free_K: list[float | None] = []
    hop: HopDistance | None = None
    sane: list[str] = []
    structure, dynamics = units[0].contents["structure"], MDSettings(**units[0].contents["md"])
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
        free_K.append(ran_at_K(store_path(unit), MDSettings(**md)))
        production = trajectory.after(md["equilibrate_ps"])
        good.append(displacements(production, specie=specie))
        hop = hop or hop_distance(production, specie=specie, given_A=hop_distance_A)
    volumes = [columns["volume_A3"][columns["time_ps"] >= 0] for columns in thermo.values()]
    if not any(map(len, volumes)):  # every run broke before its production
        volumes = [columns["volume_A3"] for columns in thermo.values()]
    state = [
        {name: values[columns["time_ps"] >= 0] for name, values in columns.items()}
        for columns in (thermo[name] for name in sane)
    ]
    return TemperatureRuns(
        temperature_K=temperature_K, displacements=good, broken=broken, health=health, thermo=thermo, sane=sane,
        n_ions=symbols.count(specie), mass_u=sum(structure["masses_u"]),
        volume_A3=float(np.concatenate(volumes).mean()),
        production_ps=round(float(np.mean([unit.contents["md"]["production_ps"] for unit in units])), 6),
        extrapolation=[grades[name] for name in sane if name in grades] or list(grades.values()),
        kept_frames={grade["file"]: grade["n_kept_frames"] for grade in grades.values() if "file" in grade},
        grades=[
            known_grades(thermo[name], paths.n_frames) if name in grades else None
            for name, paths in zip(sane, good, strict=True)
        ],
        hop_distance=hop,
        ran_K=mean_ran_K(free_K),
        ensemble=dynamics.ensemble,
        pressure_asked_GPa=dynamics.pressure_GPa if dynamics.ensemble == "npt" else None,
        equilibrate_ps=dynamics.equilibrate_ps,
        state=state,
        one_cell=all(unit.contents["structure"] == structure for unit in units),
        equilibrium=equilibrium_checks(
            [StateSeries(volumes_A3=each["volume_A3"], energies_eV=each["potential_energy_eV"]) for each in state],
            temperature_K=temperature_K, n_atoms=len(symbols), mass_u=sum(structure["masses_u"]),
        ),
    )  # fmt: skip


@dataclass(frozen=True)
class Analysed:
    """One row of the record, and the estimates behind it (None where every run is broken)."""

    row: TemperatureResult
    tracer: DiffusivityEstimate | None
    together: OnsagerCoefficients | None = None
