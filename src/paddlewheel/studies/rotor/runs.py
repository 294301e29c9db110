"""One choice of masses of a `rotor` grid: its finished runs analysed, and its conductivity record written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from paddlewheel.dynamics.health import block_mean
from paddlewheel.errors import InputError, SettingsError
from paddlewheel.execution import Unit
from paddlewheel.records import Measured
from paddlewheel.studies.conduct.files import write_run
from paddlewheel.studies.conduct.measure import (
    Analysed,
    analyse_temperature,
    conductivity_record,
)
from paddlewheel.studies.conduct.record import ConductivityRecord
from paddlewheel.studies.conduct.runs import (
    TemperatureRuns,
    read_temperature,
    units_by_temperature,
)
from paddlewheel.studies.rotation.follow import follow_anions
from paddlewheel.studies.rotor.anion_speeds import anion_rotation
from paddlewheel.studies.rotor.plan import (
    MassRun,
    RotorPlan,
)
from paddlewheel.studies.rotor.record import (
    AnionRotation,
    RotorRun,
    RotorTemperature,
)
from paddlewheel.studies.simulation.md_unit import store_path
from paddlewheel.study.citations import analysis_citations
from paddlewheel.trajectories import open_store
from paddlewheel.transport import DEFAULT_THRESHOLD_A2, PAPER_WINDOW_PS, active_fraction
from paddlewheel.units import U_PER_A3_IN_G_PER_CM3


@dataclass(frozen=True)
class ActiveDefinition:
    """What makes an ion active."""

    window_ps: float
    threshold_A2: float

    @classmethod
    def checked(cls, window_ps: float | None, threshold_A2: float, *, production_ps: float) -> ActiveDefinition:
        """The window given, or the paper's, or the whole production where that is shorter.

        Raises
        ------
        SettingsError
            For a window that is not inside the production, or a negative threshold.
        """
        window = min(PAPER_WINDOW_PS, production_ps) if window_ps is None else window_ps
        if not (math.isfinite(window) and window > 0):
            raise SettingsError(f"{window:g} ps", where="active_window_ps", remedy="give a time above 0")
        if window > production_ps:
            raise SettingsError(
                f"a window of {window:g} ps is longer than the run ({production_ps:g} ps)", where="active_window_ps",
                remedy="give a window inside it, or run longer",
            )  # fmt: skip
        if not (math.isfinite(threshold_A2) and threshold_A2 >= 0):
            raise SettingsError(f"{threshold_A2:g} A^2", where="active_threshold_A2", remedy="give a squared distance")
        return cls(float(window), float(threshold_A2))

    @property
    def is_paper(self) -> bool:
        """Whether it is the paper's: 21 A^2 over 1 ns."""
        return self.window_ps == PAPER_WINDOW_PS and self.threshold_A2 == DEFAULT_THRESHOLD_A2


def analyse_run(
    run: MassRun,
    units: Sequence[Unit],
    plan: RotorPlan,
    directory: Path,
    active: ActiveDefinition,
    allow_extrapolating: bool,
) -> tuple[RotorRun, list[str]]:
    """Its part of the record, and what has to be said of it; its own record and tables go to `points/NAME`."""
    base, folder = plan.base, directory / "points" / run.name
    natural_u = float(base.structure.cells[0].get_masses().sum())
    temperatures, analysed, rows, notes = [], [], [], []
    for value, members in sorted(units_by_temperature(units).items()):
        here = read_temperature(value, members, base.specie)
        one = analyse_temperature(here, charge_e=base.charge_e, minimum_onset_ps=base.minimum_onset_ps)
        # the density of the crystal is that of its natural masses
        density = natural_u / one.row.mean_volume_A3 * U_PER_A3_IN_G_PER_CM3
        one = replace(one, row=one.row.model_copy(update={"density_g_per_cm3": density}))
        row, said = _temperature(one, here, members, natural_u, active)
        temperatures.append(here)
        analysed.append(one)
        rows.append(row)
        notes += said
    record = conductivity_record(
        analysed,
        specie=base.specie,
        charge_e=base.charge_e,
        potential=base.potential["name"],
        structure=base.structure.name,
        formula=base.structure.cells[0].get_chemical_formula("metal"),
        arrhenius=base.arrhenius,
        settings=run.plan.inputs() | {"mass_factors": run.scale, "allow_extrapolating": allow_extrapolating},
        warnings=[],
        allow_extrapolating=allow_extrapolating,
        citations=analysis_citations(),
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_run(record, runs=temperatures, analysed=analysed, directory=folder, cell=base.structure.cells[0])
    file = (folder / "result.json").relative_to(directory).as_posix()
    kept = RotorRun(name=run.name, scale=run.scale, temperatures=rows, arrhenius=record.arrhenius, record=file)
    return kept, [*_fit_notes(record), *notes]


def _fit_notes(record: ConductivityRecord) -> list[str]:
    return [text for text in record.warnings if "extrapolated from" not in text]


def _temperature(
    one: Analysed, runs: TemperatureRuns, units: Sequence[Unit], natural_u: float, active: ActiveDefinition
) -> tuple[RotorTemperature, list[str]]:
    """One row, and what has to be said of it."""
    row, n_atoms = one.row, len(units[0].contents["structure"]["symbols"])
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
    rotation, notes = _rotation(sane)
    volume = _together(volumes)
    return RotorTemperature(
        temperature_K=row.temperature_K,
        status=row.status,
        reason=row.reason,
        diffusivity_cm2_per_s=row.diffusivity_cm2_per_s,
        conductivity_mS_per_cm=row.conductivity_mS_per_cm,
        conductivity_95_mS_per_cm=row.conductivity_95_mS_per_cm,
        conductivity_upper_bound_95_mS_per_cm=row.conductivity_upper_bound_95_mS_per_cm,
        density_g_per_cm3=None if volume is None else _density(natural_u, volume),
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


def _rotation(units: Sequence[Unit]) -> tuple[list[AnionRotation], list[str]]:
    motions, notes = [], []
    for unit in units:
        production = open_store(store_path(unit)).after(unit.contents["md"]["equilibrate_ps"])
        try:
            motions.append(follow_anions(production, unit.contents["mobile"])[0])
        except InputError as error:  # none is rigid, or one is not: everything else is known all the same
            notes.append(f"{unit.name}: no rotation, for {error.problem}")
    return anion_rotation(motions, temperature_K=units[0].contents["md"]["temperature_K"]) if motions else [], notes
