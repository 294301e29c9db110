"""From displacements at several temperatures to the conductivity record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.crystals.supercell import CellChoice
from paddlewheel.records import Citation, HealthCheck, Measured, Provenance
from paddlewheel.records.arrhenius import TemperatureStatus
from paddlewheel.studies.conduct.collective import collective_result
from paddlewheel.studies.conduct.conditions import cell_size, conditions_of
from paddlewheel.studies.conduct.extrapolation import extrapolating_reason, extrapolation_of
from paddlewheel.studies.conduct.files import msd_name, thermo_name
from paddlewheel.studies.conduct.fit import excess_of, fit_temperatures
from paddlewheel.studies.conduct.published import compare_with_published
from paddlewheel.studies.conduct.record import ConductivityRecord, Equilibration, TemperatureResult
from paddlewheel.studies.conduct.runs import Analysed, TemperatureRuns
from paddlewheel.studies.motion.agreement import FIXED_VOLUME, disagreements
from paddlewheel.studies.motion.choices import ChosenIon
from paddlewheel.studies.motion.heat import UNCHECKED, mean_heat
from paddlewheel.transport import (
    DEFAULT_THRESHOLD_A2,
    PAPER_WINDOW_PS,
    Conductivity,
    DiffusivityEstimate,
    OnsagerCoefficients,
    Quantity,
    active_fraction,
    onsager_coefficients,
    steady,
    tracer_conductivity,
)
from paddlewheel.transport.diffusion import DEFAULT_HOP_DISTANCE_A
from paddlewheel.transport.excess import ExcessVariance
from paddlewheel.transport.log_values import ONE_SIGMA
from paddlewheel.transport.unseen_memory import reach
from paddlewheel.units import U_PER_A3_IN_G_PER_CM3

if TYPE_CHECKING:
    from ase import Atoms

_DECIMALS = 6
"""Of times and shares that are whole numbers of frames."""
_OF_TRACER = ("diffusivity_cm2_per_s", "conductivity_mS_per_cm")
_WITH_ERROR_OF_RUNS = (*_OF_TRACER, "conductivity_collective_mS_per_cm", "haven_ratio")


def conductivity_record(
    analysed: Sequence[Analysed],
    *,
    ion: ChosenIon,
    potential: str | None,
    structure: str,
    cell: Atoms,
    size: CellChoice | None = None,
    arrhenius: bool,
    warnings: Sequence[str],
    citations: Sequence[Citation],
    provenance: Provenance,
    entering: Sequence[TemperatureStatus] = ("ok",),
    potential_note: str | None = None,
    prepared: Sequence[str] = (),
) -> ConductivityRecord:
    """Put the temperatures analysed together and fit them.

    Only temperatures of the statuses `entering` enter the fit; the others are named in it with their reasons.
    """
    fit = fit_temperatures(analysed, entering=entering) if arrhenius else None
    told = [each for each in analysed if each.row.status in entering]
    together = (fit.fit.excess if fit and fit.fit else None) or excess_of(analysed)
    rows = [with_excess(each, together) for each in analysed]
    notes = [*warnings, *(f"{row.temperature_K:g} K: {note}" for row in rows for note in row.warnings)]
    if fit is not None:
        notes += fit.warnings
    return ConductivityRecord(
        specie=ion.specie,
        charge_e=ion.charge_e,
        unchecked=list(dict.fromkeys([*(name for row in rows for name in row.unchecked), *ion.unchecked])),
        potential=potential,
        potential_note=potential_note,
        structure=structure,
        formula=cell.get_chemical_formula("metal"),
        temperatures=rows,
        arrhenius=fit.result if fit else None,
        collective=collective_result(told, fit.fit if fit else None),
        cell=cell_size(cell, size),
        published=compare_with_published(structure, fit.fit if fit else None),
        prepared=list(prepared),
        warnings=notes,
        citations=list(citations),
        provenance=provenance,
    )


def analyse_temperature(runs: TemperatureRuns, *, charge_e: float, minimum_onset_ps: float | None) -> Analysed:
    """Diffusivity, conductivities, Haven ratio and active fraction at one temperature.

    `minimum_onset_ps` is the earliest lag at which a fit of the MSD may begin (see `estimate_diffusivity`).
    """
    health = list(runs.health)
    hop = runs.hop_distance
    common: dict[str, Any] = {
        "temperature_K": runs.temperature_K,
        "n_ions": runs.n_ions,
        "n_replicas": len(runs.displacements),
        "production_ps": runs.production_ps,
        "health": health,
        "thermo_files": [thermo_name(run) for run in runs.thermo],
        "temperature_ran_K": runs.ran_K,
        "mean_temperature_K": _mean_temperature_K(runs.thermo),
        "kinetic_temperature_K": mean_heat(runs.heats),
        "unchecked": list(UNCHECKED) if any(heat is None for heat in runs.heats) else [],
        "equilibrium": list(runs.equilibrium),
        "extrapolation": extrapolation_of(runs),
        "hop_distance_A": hop.value_A if hop else None,
        "hop_distance_from": hop.origin if hop else None,
    }
    if not runs.displacements:
        density = runs.mass_u / runs.volume_A3 * U_PER_A3_IN_G_PER_CM3
        reason = "; ".join(runs.broken)
        row = TemperatureResult(
            status="broken", reason=reason, density_g_per_cm3=density, mean_volume_A3=runs.volume_A3, **common
        )
        return Analysed(row, None)
    interval_fs = runs.displacements[0].frame_interval_fs
    series = _series(runs)
    even = steady(series)
    even_A3 = [paths.volumes_A3[even.first_frame :] for paths in runs.displacements]
    volume_A3 = float(np.mean([volumes.mean() for volumes in even_A3 if len(volumes)]))  # none of one that ends before
    cell = {"mean_volume_A3": volume_A3, "temperature_K": runs.ran_K or runs.temperature_K}
    together = onsager_coefficients(
        [[paths.positions_A] for paths in runs.displacements],
        charges_e=[charge_e],
        frame_interval_fs=interval_fs,
        hop_distance_A=hop.value_A if hop else DEFAULT_HOP_DISTANCE_A,
        minimum_onset_ps=minimum_onset_ps,
        conditions=even,
        **cell,
    )
    tracer = together.tracers[0]
    sigma = tracer_conductivity(tracer, n_ions=runs.n_ions, charge_e=charge_e, **cell)
    first = round(1e3 * tracer.left_out_ps / interval_fs)
    replicas = [paths.positions_A[first:] for paths in runs.displacements if paths.n_frames > first + 1]
    run_ps = min((len(positions) - 1) * interval_fs / 1000 for positions in replicas)
    window_ps = min(PAPER_WINDOW_PS, run_ps)  # a shorter run is its own window, and says so
    active = active_fraction(
        replicas, frame_interval_fs=interval_fs, window_ps=window_ps, threshold_A2=DEFAULT_THRESHOLD_A2
    )
    warnings = [f"left out: {line}" for line in runs.broken]
    warnings += _of_health(health)
    warnings += [*disagreements(runs.equilibrium, one_cell=runs.one_cell), *tracer.notes]
    strange = extrapolating_reason(common["extrapolation"]) if tracer.status == "ok" else None
    row = TemperatureResult(
        status="extrapolating" if strange else tracer.status,
        reason=strange or tracer.reason,
        density_g_per_cm3=float(np.mean([paths.density_g_per_cm3 for paths in runs.displacements])),
        mean_volume_A3=volume_A3,
        conditions=conditions_of(runs, left_out_ps=tracer.left_out_ps),
        left_out_ps=tracer.left_out_ps,
        equilibration=_equilibration(runs, tracer, list(series)),
        active_fraction=active.fraction,
        active_window_ps=window_ps,
        active_threshold_A2=DEFAULT_THRESHOLD_A2,
        msd_file=msd_name(runs.temperature_K),
        warnings=warnings,
        **common,
        **_diffusivity_fields(tracer),
        **_conductivity_fields(sigma, together),
    )
    return Analysed(row, tracer, together)


def _of_health(health: Sequence[HealthCheck]) -> list[str]:
    """The warnings of the runs at one temperature, what several of them warn of once."""
    details: dict[str, list[str]] = {}
    for check in health:
        if check.status == "warning":
            details.setdefault(check.name, []).append(check.detail)
    return [
        f"{name}: {first}" + (f" (the first of {1 + len(more)} runs that warn of it)" if more else "")
        for name, (first, *more) in details.items()
    ]


def with_excess(analysed: Analysed, together: ExcessVariance) -> TemperatureResult:
    """A row whose intervals hold the ratio of variances that all temperatures show."""
    row, tracer = analysed.row, analysed.tracer
    if tracer is None or tracer.value_cm2_per_s is None:
        return row
    by = {level: tracer.wider(together, level) / tracer.wider(tracer.excess, level) for level in (ONE_SIGMA, 0.95)}

    def stretched(name: str, measured: Measured | None) -> Measured | None:
        if measured is None or measured.interval_68 is None or measured.interval_95 is None:
            return measured
        if min(*measured.interval_68, *measured.interval_95) <= 0:
            return measured
        memory = tracer.unseen_memory if name in _OF_TRACER else 0.0
        (low, high), ends_95 = (
            _about(measured.value, ends, by[level], reach(memory, level))
            for level, ends in ((ONE_SIGMA, measured.interval_68), (0.95, measured.interval_95))
        )
        return Measured(
            value=measured.value, std=0.5 * (high - low), interval_68=(low, high), interval_95=ends_95
        )  # fmt: skip

    found = {name: stretched(name, getattr(row, name)) for name in _WITH_ERROR_OF_RUNS}
    ends = {name: measured.interval_95 if measured else None for name, measured in found.items()}
    return row.model_copy(
        update={
            **found,
            "diffusivity_95_cm2_per_s": ends["diffusivity_cm2_per_s"],
            "conductivity_95_mS_per_cm": ends["conductivity_mS_per_cm"],
            "haven_ratio_95": ends["haven_ratio"],
        }
    )


def _about(value: float, ends: tuple[float, float], factor: float, memory: float) -> tuple[float, float]:
    """Ends whose logarithms are `factor` times as far from that of the value, but for what `memory` adds below."""
    below, above = float(np.log(value / ends[0])), float(np.log(ends[1] / value))
    within = np.sqrt(max(below**2 - memory**2, 0.0))
    return value * float(np.exp(-np.hypot(factor * within, memory))), value * float(np.exp(factor * above))


def _series(runs: TemperatureRuns) -> dict[str, list[np.ndarray]]:
    """What tells whether the runs had settled, frame by frame: potential energy; the volume, or the pressure of a fixed
    one; the temperature, where no thermostat set it."""
    fixed = {"pressure": "pressure_GPa"} if _is_fixed(runs) else {"volume": "volume_A3"}
    columns = {"potential energy": "potential_energy_eV", **fixed}
    if runs.ensemble == "nve":
        columns["temperature"] = "temperature_K"
    state = runs.state or [{"volume_A3": paths.volumes_A3} for paths in runs.displacements]
    return {
        name: [each[column] for each in state]
        for name, column in columns.items()
        if all(column in each for each in state)
    }


def _is_fixed(runs: TemperatureRuns) -> bool:
    return all(np.ptp(paths.volumes_A3) <= FIXED_VOLUME * paths.volumes_A3.mean() for paths in runs.displacements)


def _equilibration(runs: TemperatureRuns, tracer: DiffusivityEstimate, tested: Sequence[str]) -> Equilibration:
    found, interval_ps = tracer.stationarity, 1e-3 * runs.displacements[0].frame_interval_fs
    longest_ps = interval_ps * max(paths.n_frames - 1 for paths in runs.displacements)
    return Equilibration(
        before_ps=runs.equilibrate_ps,
        t0_ps=round(tracer.left_out_ps, _DECIMALS),
        fraction_discarded=round(tracer.left_out_ps / longest_ps, _DECIMALS),
        by=[] if found.cut_by is None else found.cut_by.split(" and "),
        probability=found.cut_p_value,
        tested=[*tested, "mobility"],
        lasts=found.drifts or found.lasts,
        lasts_probability=found.lasts_p_value if found.drifts is None else found.drift_p_value,
        needs_ps=round(interval_ps * found.needs_frames, _DECIMALS) or None,
    )


def _diffusivity_fields(tracer: DiffusivityEstimate) -> dict[str, Any]:
    components = None
    if tracer.by_component_cm2_per_s is not None and tracer.std_by_component_cm2_per_s is not None:
        pairs = zip(tracer.by_component_cm2_per_s, tracer.std_by_component_cm2_per_s, strict=True)
        components = tuple(Measured(value=value, std=std) for value, std in pairs)
    return {
        "diffusivity_cm2_per_s": Measured.or_none(
            tracer.value_cm2_per_s,
            tracer.std_cm2_per_s,
            interval_68=tracer.interval_68_cm2_per_s,
            interval_95=tracer.interval_95_cm2_per_s,
        ),
        "diffusivity_95_cm2_per_s": tracer.interval_95_cm2_per_s,
        "diffusivity_upper_bound_95_cm2_per_s": tracer.upper_bound_95_cm2_per_s,
        "diffusivity_xyz_cm2_per_s": components,
        "unseen_memory_ln": tracer.unseen_memory if tracer.status == "ok" else None,
        "loglog_slope": Measured.or_none(tracer.loglog_slope, tracer.loglog_slope_std),
        "fit_onset_ps": tracer.fit_onset_ps,
        "fit_last_lag_ps": tracer.fit_last_lag_ps,
        "msd_intercept_A2": tracer.intercept_A2,
        "msd_final_A2": tracer.msd_final_A2,
    }


def _conductivity_fields(sigma: Conductivity, together: OnsagerCoefficients) -> dict[str, Any]:
    haven = together.haven_ratio
    return {
        "conductivity_mS_per_cm": Measured.or_none(
            sigma.value_mS_per_cm,
            sigma.std_mS_per_cm,
            interval_68=sigma.interval_68_mS_per_cm,
            interval_95=sigma.interval_95_mS_per_cm,
        ),
        "conductivity_95_mS_per_cm": sigma.interval_95_mS_per_cm,
        "conductivity_upper_bound_95_mS_per_cm": sigma.upper_bound_95_mS_per_cm,
        "conductivity_collective_mS_per_cm": _measured(together.conductivity_mS_per_cm),
        "conductivity_collective_upper_bound_95_mS_per_cm": together.upper_bound_95_mS_per_cm,
        "haven_ratio": _measured(haven),
        "haven_ratio_95": haven.interval_95 if haven else None,
    }


def _measured(quantity: Quantity | None) -> Measured | None:
    if quantity is None:
        return None
    return Measured.or_none(
        quantity.value, quantity.std, interval_68=quantity.interval_68, interval_95=quantity.interval_95
    )


def _mean_temperature_K(thermo: Mapping[str, Mapping[str, np.ndarray]]) -> float | None:
    production = [columns["temperature_K"][columns["time_ps"] >= 0] for columns in thermo.values()]
    together = np.concatenate(production) if production else np.empty(0)
    return float(together.mean()) if len(together) else None
