"""From the finished runs of a `rotor` grid to its record, and the conductivity record of each choice of masses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.execution import Unit
from paddlewheel.records import Measured
from paddlewheel.records.arrhenius import (
    TemperatureStatus,
)
from paddlewheel.studies.conduct.runs import (
    potential_citations,
    settings_warnings,
)
from paddlewheel.studies.rotor.plan import (
    MassPoint,
    RotorPlan,
)
from paddlewheel.studies.rotor.record import (
    RotorPoint,
    RotorRecord,
    RotorRun,
    RotorTemperature,
)
from paddlewheel.studies.rotor.runs import (
    ActiveDefinition,
    analyse_run,
)
from paddlewheel.studies.rotor.trends import (
    PAPER_ANIONS,
    equilibrium_checks,
    trends,
)
from paddlewheel.study.citations import (
    analysis_citations,
    dynamics_citations,
    rotation_citations,
)
from paddlewheel.study.provenance import provenance
from paddlewheel.transport import DEFAULT_THRESHOLD_A2, PAPER_WINDOW_PS

_FROM_FIT = (
    "activation_energy_eV", "activation_energy_95_eV", "conductivity_300K_mS_per_cm", "conductivity_300K_95_mS_per_cm",
)  # fmt: skip


def rotor_record(
    plan: RotorPlan,
    finished: Sequence[Unit],
    *,
    directory: Path,
    active: ActiveDefinition,
    reference_temperature_K: float | None,
    allow_extrapolating: bool,
    warnings: Sequence[str],
) -> RotorRecord:
    """Analyse the finished units; each choice of masses gets its conductivity record and tables in `points/NAME`."""
    entering: tuple[TemperatureStatus, ...] = ("ok", "extrapolating") if allow_extrapolating else ("ok",)
    base, notes = plan.base, [*settings_warnings(plan.base), *warnings]
    names = {unit.name for unit in finished}
    runs: dict[str, RotorRun] = {}
    for run in plan.runs:
        units = [unit for unit in run.units(directory) if unit.name in names]
        analysed_run, said = analyse_run(run, units, plan, directory, active, allow_extrapolating)
        runs[run.name] = analysed_run
        notes += [f"{run.name}: {note}" for note in said]
    reference_K = reference_temperature_K or _reference(list(runs.values()), plan)
    points = [_point(point, runs[point.run], reference_K, plan) for point in plan.points]
    found, comparisons = trends(points, runs, entering=entering, of_paper=set(plan.anions) == PAPER_ANIONS)
    checks = equilibrium_checks(list(runs.values()), ensemble=base.runs[0][1].ensemble)
    notes += [
        f"{check.quantity} at {check.temperature_K:g} K differs between the masses beyond its errors (chance "
        f"{check.probability:.1e}), which masses cannot do: the runs are not equilibrated, or too short"
        for check in checks
        if not check.agrees
    ]
    if not active.is_paper:
        notes.append(
            f"active means an MSD of {active.threshold_A2:g} A^2 or more over {active.window_ps:g} ps here; the "
            f"paper's {DEFAULT_THRESHOLD_A2:g} A^2 over {PAPER_WINDOW_PS:g} ps is another number: compare trends only"
        )
    return RotorRecord(
        specie=base.specie,
        charge_e=base.charge_e,
        potential=base.potential["name"],
        structure=base.structure.name,
        formula=base.structure.cells[0].get_chemical_formula("metal"),
        anions=plan.anions,
        temperatures_K=sorted({settings.temperature_K for _, settings in base.runs}),
        reference_temperature_K=reference_K,
        active_window_ps=active.window_ps,
        active_threshold_A2=active.threshold_A2,
        active_is_paper_definition=active.is_paper,
        points=points,
        runs=list(runs.values()),
        trends=found,
        comparisons=comparisons,
        equilibrium=checks,
        files={run.name: run.record for run in runs.values()},
        warnings=list(dict.fromkeys(notes)),
        citations=[
            *potential_citations(base), *dynamics_citations(base.runs[0][1].ensemble), *analysis_citations(),
            *rotation_citations(),
        ],
        provenance=provenance(
            plan.inputs()
            | {
                "active_window_ps": active.window_ps,
                "active_threshold_A2": active.threshold_A2,
                "reference_temperature_K": reference_K,
                "allow_extrapolating": allow_extrapolating,
            },
            potential_sha256=base.potential["identity"],
        ),
    )  # fmt: skip


def _reference(runs: Sequence[RotorRun], plan: RotorPlan) -> float:
    """The lowest temperature at which the most runs are sane."""
    temperatures = sorted({settings.temperature_K for _, settings in plan.base.runs})
    sane = {
        value: sum(row.temperature_K == value and row.status != "broken" for run in runs for row in run.temperatures)
        for value in temperatures
    }
    return max(temperatures, key=lambda value: (sane[value], -value))


def _point(point: MassPoint, run: RotorRun, reference_K: float, plan: RotorPlan) -> RotorPoint:
    row = next((one for one in run.temperatures if one.temperature_K == reference_K), None)
    blank = RotorPoint(anion=point.anion, mass_factor=point.mass_factor, run=point.run, status="broken")
    if not run.temperatures or all(one.status == "broken" for one in run.temperatures):
        reason = "; ".join(one.reason or "" for one in run.temperatures) or "no run finished"
        return blank.model_copy(update={"reason": reason})
    found: dict[str, Any] = {
        "active_fraction": row.active_fraction if row else None,
        "rotation_rad_per_ps": _speed_of(point, row, plan) if row else None,
    }
    fit = run.arrhenius
    if fit is None or fit.conductivity_300K_mS_per_cm is None:
        reason = fit.refused if fit else "no Arrhenius fit asked for"
        return blank.model_copy(update={"status": "no-fit", "reason": reason, **found})
    for name in _FROM_FIT:
        found[name] = getattr(fit, name)
    return blank.model_copy(update={"status": "ok", **found})


def _speed_of(point: MassPoint, row: RotorTemperature, plan: RotorPlan) -> Measured | None:
    """The rms angular velocity of the anions of the point's series: over types, the root of the mean square."""
    scaled = set(plan.anions) if point.anion == "all" else set(point.anion.split("+"))
    found = [
        (one.n_anions, speed)
        for one in row.rotation
        if one.anion in scaled and (speed := one.rms_angular_velocity_rad_per_ps) is not None
    ]
    if not found:
        return None
    share = np.array([n for n, _ in found]) / sum(n for n, _ in found)
    value, std = np.array([speed.value for _, speed in found]), np.array([speed.std for _, speed in found])
    rms = float(np.sqrt(share @ value**2))
    return Measured(value=rms, std=float(np.sqrt(((share * value * std) ** 2).sum()) / rms))
