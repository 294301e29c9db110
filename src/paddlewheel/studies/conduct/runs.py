"""The molecular-dynamics runs of a study: tried first, run as units, and read back for the analysis."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.dynamics import MDSettings
from paddlewheel.execution import Unit
from paddlewheel.records import (
    Citation,
    HealthCheck,
)
from paddlewheel.studies.simulation.md_unit import store_path

if TYPE_CHECKING:
    from paddlewheel.studies.conduct.plan import ConductPlan
    from paddlewheel.trajectories import Displacements


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
    extrapolation
        `ExtrapolationWatch.summary()` of each sane replica (of all where none is sane); none where the potential has
        no grade.
    kept_frames
        Number of extrapolating frames kept, by file.
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
    production_ps: float = 0.0
    extrapolation: Sequence[Mapping[str, Any]] = ()
    kept_frames: Mapping[str, int] = field(default_factory=dict)
