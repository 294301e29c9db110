"""From the finished runs of a `rotor` grid to its record, and the conductivity record of each choice of masses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from paddlewheel.dynamics.health import block_mean
from paddlewheel.errors import InputError
from paddlewheel.execution import Unit
from paddlewheel.records import Measured
from paddlewheel.studies.conduct.files import keep_run
from paddlewheel.studies.conduct.measure import analyse_temperature, conductivity_record
from paddlewheel.studies.conduct.record import ConductivityRecord
from paddlewheel.studies.conduct.runs import Analysed, TemperatureRuns, read_temperature, units_by_temperature
from paddlewheel.studies.conduct.study import FitSettings, settings_warnings
from paddlewheel.studies.rotation.follow import CITATIONS as ROTATION_CITATIONS
from paddlewheel.studies.rotation.follow import follow_anions
from paddlewheel.studies.rotor.plan import ActiveDefinition, MassPoint, MassRun, RotorPlan
from paddlewheel.studies.rotor.record import AnionRotation, RotorPoint, RotorRecord, RotorRun, RotorTemperature
from paddlewheel.studies.rotor.trends import PAPER_ANIONS, equilibrium_checks, free_run_notes, trends
from paddlewheel.studies.simulation.md_unit import store_path
from paddlewheel.studies.simulation.potentials import potential_citations
from paddlewheel.studies.simulation.structures import cell_digest
from paddlewheel.study.citations import analysis_citations, dynamics_citations
from paddlewheel.study.run import Run
from paddlewheel.trajectories import open_store
from paddlewheel.transport import DEFAULT_THRESHOLD_A2, PAPER_WINDOW_PS, active_fraction
from paddlewheel.transport import rotation as physics
from paddlewheel.units import U_PER_A3_IN_G_PER_CM3

_FROM_FIT = (
    "activation_energy_eV", "activation_energy_95_eV", "conductivity_300K_mS_per_cm", "conductivity_300K_95_mS_per_cm",
)  # fmt: skip


def rotor_record(
    plan: RotorPlan,
    finished: Sequence[Unit],
    *,
    run: Run,
    active: ActiveDefinition,
    reference_temperature_K: float | None,
    fit: FitSettings,
    warnings: Sequence[str],
) -> RotorRecord:
    """Analyse the finished units; each choice of masses has its own record, tables and page in `points/NAME`."""
    entering = fit.entering()
    base, notes = plan.base, [*settings_warnings(plan.base), *warnings]
    names = {unit.name for unit in finished}
    runs: dict[str, RotorRun] = {}
    for masses in plan.runs:
        units = [unit for unit in masses.units(run.folder) if unit.name in names]
        runs[masses.name], said = _analyse(masses, units, plan, run, active, fit)
        notes += [f"{masses.name}: {note}" for note in said]
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
    notes += free_run_notes(list(runs.values()))
    if not active.is_paper:
        notes.append(
            f"active means an MSD of {active.threshold_A2:g} A^2 or more over {active.window_ps:g} ps here; the "
            f"paper's {DEFAULT_THRESHOLD_A2:g} A^2 over {PAPER_WINDOW_PS:g} ps is another number: compare trends only"
        )
    return RotorRecord(
        specie=base.ion.specie,
        charge_e=base.ion.charge_e,
        unchecked=list(base.ion.unchecked),
        potential=base.potential["name"],
        potential_note=base.potential_note,
        structure=base.structure.name,
        formula=base.formula,
        anions=plan.anions,
        temperatures_K=base.temperatures_K,
        reference_temperature_K=reference_K,
        active_window_ps=active.window_ps,
        active_threshold_A2=active.threshold_A2,
        active_is_paper_definition=active.is_paper,
        points=points,
        runs=list(runs.values()),
        trends=found,
        comparisons=comparisons,
        equilibrium=checks,
        files={masses.name: masses.record for masses in runs.values()},
        prepared=list(base.structure.prepared),
        warnings=list(dict.fromkeys(notes)),
        citations=[
            *potential_citations(base.potential["name"]),
            *dynamics_citations(base.runs[0][1].ensemble, base.runs[0][1].barostat),
            *analysis_citations(),
            *ROTATION_CITATIONS,
        ],
        provenance=run.provenance(potential_sha256=base.potential["identity"]),
    )  # fmt: skip


def _reference(runs: Sequence[RotorRun], plan: RotorPlan) -> float:
    """The lowest temperature at which the most runs are sane."""
    sane = {
        value: sum(row.temperature_K == value and row.status != "broken" for run in runs for row in run.temperatures)
        for value in plan.base.temperatures_K
    }
    return max(plan.base.temperatures_K, key=lambda value: (sane[value], -value))


def _point(point: MassPoint, run: RotorRun, reference_K: float, plan: RotorPlan) -> RotorPoint:
    row = next((row for row in run.temperatures if row.temperature_K == reference_K), None)
    blank = RotorPoint(anion=point.anion, mass_factor=point.mass_factor, run=point.run, status="broken")
    if not run.temperatures or all(each.status == "broken" for each in run.temperatures):
        reason = "; ".join(each.reason or "" for each in run.temperatures) or "no run finished"
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
    if run.collective is not None and run.collective.at_300K:
        found["collective_300K"] = run.collective.at_300K[0]
    return blank.model_copy(update={"status": "ok", **found})


def _speed_of(point: MassPoint, row: RotorTemperature, plan: RotorPlan) -> Measured | None:
    """The rms angular velocity of the anions of the point's series: over types, the root of the mean square."""
    scaled = set(plan.anions) if point.anion == "all" else set(point.anion.split("+"))
    found = [
        (turning.n_anions, speed)
        for turning in row.rotation
        if turning.anion in scaled and (speed := turning.rms_angular_velocity_rad_per_ps) is not None
    ]
    if not found:
        return None
    share = np.array([n for n, _ in found]) / sum(n for n, _ in found)
    value, std = np.array([speed.value for _, speed in found]), np.array([speed.std for _, speed in found])
    rms = float(np.sqrt(share @ value**2))
    return Measured(value=rms, std=float(np.sqrt(((share * value * std) ** 2).sum()) / rms))


def _analyse(
    masses: MassRun,
    units: Sequence[Unit],
    plan: RotorPlan,
    run: Run,
    active: ActiveDefinition,
    fit: FitSettings,
) -> tuple[RotorRun, list[str]]:
    """Its part of the record, and what has to be said of it."""
    base = plan.base
    natural_u = float(base.structure.cells[0].get_masses().sum())
    temperatures, analysed, rows, notes = [], [], [], []
    for value, members in sorted(units_by_temperature(units).items()):
        here = read_temperature(value, members, base.ion.specie, hop_distance_A=fit.hop_distance_A)
        found = analyse_temperature(here, charge_e=base.ion.charge_e, minimum_onset_ps=base.minimum_onset_ps)
        # the density of the crystal is that of its natural masses
        density = natural_u / found.row.mean_volume_A3 * U_PER_A3_IN_G_PER_CM3
        found = replace(found, row=found.row.model_copy(update={"density_g_per_cm3": density}))
        row, said = _temperature(found, here, members, natural_u, active)
        temperatures.append(here)
        analysed.append(found)
        rows.append(row)
        notes += said

    choice = {"command": "conduct", "mass_factors": masses.scale, **fit.fitted()}
    within = run.part(f"points/{masses.name}", masses.plan.inputs() | choice)
    keep_run(temperatures, analysed, cell=base.structure.cells[0], run=within)
    record = conductivity_record(
        analysed,
        ion=base.ion,
        potential=base.potential["name"],
        potential_note=base.potential_note,
        structure=base.structure.name,
        cell=masses.plan.structure.cells[0],
        size=masses.plan.structure.size,
        arrhenius=base.arrhenius,
        entering=fit.entering(),
        warnings=[],
        citations=analysis_citations(),
        provenance=within.provenance(
            structure_sha256=cell_digest(masses.plan.structure.cells[0]), potential_sha256=base.potential["identity"]
        ),
    )
    run.keep(within, record)
    kept = RotorRun(
        name=masses.name,
        scale=masses.scale,
        temperatures=rows,
        arrhenius=record.arrhenius,
        collective=record.collective,
        cell=record.cell,
        record=f"points/{masses.name}/result.json",
    )
    return kept, [*_fit_notes(record), *notes]


def _fit_notes(record: ConductivityRecord) -> list[str]:
    return [text for text in record.warnings if "extrapolated from" not in text]


def _temperature(
    analysed: Analysed, runs: TemperatureRuns, units: Sequence[Unit], natural_u: float, active: ActiveDefinition
) -> tuple[RotorTemperature, list[str]]:
    """One row, and what has to be said of it."""
    row, n_atoms = analysed.row, len(units[0].contents["structure"]["symbols"])
    sane = [unit for unit in units if (unit.result() or {})["status"] != "broken"]
    energies, volumes = [], []
    for unit in sane:
        columns = runs.thermo[unit.name]
        production = columns["time_ps"] >= 0
        energies.append(block_mean(columns["potential_energy_eV"][production] / n_atoms))
        volumes.append(_steady(*block_mean(columns["volume_A3"][production])))
    counted = None
    if runs.displacements:
        found = active_fraction(
            [paths.positions_A for paths in runs.displacements],
            frame_interval_fs=runs.displacements[0].frame_interval_fs,
            window_ps=active.window_ps,
            threshold_A2=active.threshold_A2,
        )
        counted = Measured(value=found.fraction, std=found.std)
    rotation, notes = _rotation(sane, temperature_K=row.at_K)
    volume = _together(volumes)
    return RotorTemperature(
        temperature_K=row.temperature_K,
        temperature_ran_K=row.temperature_ran_K,
        status=row.status,
        reason=row.reason,
        diffusivity_cm2_per_s=row.diffusivity_cm2_per_s,
        conductivity_mS_per_cm=row.conductivity_mS_per_cm,
        conductivity_95_mS_per_cm=row.conductivity_95_mS_per_cm,
        conductivity_upper_bound_95_mS_per_cm=row.conductivity_upper_bound_95_mS_per_cm,
        conductivity_collective_mS_per_cm=row.conductivity_collective_mS_per_cm,
        conductivity_collective_upper_bound_95_mS_per_cm=row.conductivity_collective_upper_bound_95_mS_per_cm,
        density_g_per_cm3=None if volume is None else _density(natural_u, volume),
        conditions=row.conditions,
        potential_energy_eV_per_atom=_together(energies),
        active_fraction=counted,
        active_window_ps=active.window_ps if counted else None,
        rotation=rotation,
    ), notes


def _density(natural_u: float, volume_A3: Measured) -> Measured:
    density = natural_u / volume_A3.value * U_PER_A3_IN_G_PER_CM3
    return Measured(value=density, std=density * volume_A3.std / volume_A3.value)


def _steady(mean: float, error: float) -> tuple[float, float]:
    """Without the rounding that the blocks of a fixed cell leave."""
    return mean, error if error > 1e-12 * mean else 0.0


def _together(means: Sequence[tuple[float, float]]) -> Measured | None:
    """Mean over replicas, with the errors of their time averages."""
    if not means:
        return None
    values, stds = np.array(means).T
    return Measured.or_none(float(values.mean()), float(np.sqrt((stds**2).sum()) / len(values)))


def _rotation(units: Sequence[Unit], *, temperature_K: float) -> tuple[list[AnionRotation], list[str]]:
    motions, notes = [], []
    for unit in units:
        production = open_store(store_path(unit)).after(unit.contents["md"]["equilibrate_ps"])
        try:
            motions.append(follow_anions(production, unit.contents["mobile"])[0])
        except InputError as error:  # none is rigid, or one is not: everything else is known all the same
            notes.append(f"{unit.name}: no rotation, for {error.problem}")
    return anion_rotation(motions, temperature_K=temperature_K) if motions else [], notes


def anion_rotation(motions: Sequence[physics.CageMotion], *, temperature_K: float) -> list[AnionRotation]:
    """The speeds of the anions of each formula over all replicas; every anion of every run is an independent unit."""
    found = []
    for formula in sorted({cage.formula for motion in motions for cage in motion.cages}):
        members = [[g for g, cage in enumerate(motion.cages) if cage.formula == formula] for motion in motions]
        velocity = physics.angular_velocity(motions, members, temperature_K=temperature_K)
        found.append(
            AnionRotation(
                anion=formula,
                n_anions=len(members[0]),
                rms_angular_velocity_rad_per_ps=_measured(velocity.rms_rad_per_ps),
                chord_speed_per_ps=_measured(physics.paper_speed(motions, members).per_ps),
                rotational_temperature_K=_measured(velocity.rotational_temperature_K),
            )
        )
    return found


def _measured(estimate: physics.Estimate | None) -> Measured | None:
    """None also where a single anion gives no uncertainty."""
    return None if estimate is None else Measured.or_none(estimate.value, estimate.std)
