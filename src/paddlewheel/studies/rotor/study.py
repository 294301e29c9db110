"""`rotor`: the conductivity of a crystal whose anions are made heavier, so that they turn more slowly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from paddlewheel.errors import SettingsError
from paddlewheel.execution import Unit
from paddlewheel.records import Measured
from paddlewheel.studies.conduct.study import PlanSettings, plan_conduct, try_start
from paddlewheel.studies.motion.page import charge_sentences
from paddlewheel.studies.rotor.measure import rotor_record
from paddlewheel.studies.rotor.naming import natural_sentences
from paddlewheel.studies.rotor.plan import DEFAULT_FACTORS, ActiveDefinition, RotorPlan, plan_rotor
from paddlewheel.studies.rotor.record import RotorPoint, RotorRecord, TrendQuantity
from paddlewheel.studies.simulation.md_runs import forecast_md, run_md_units
from paddlewheel.studies.simulation.settings import STRUCTURE
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.run import Run
from paddlewheel.study.settings import Names, Numbers, mapped, setting
from paddlewheel.study.study import Study
from paddlewheel.transport import DEFAULT_THRESHOLD_A2

if TYPE_CHECKING:
    from ase import Atoms

Scale = Annotated[dict[str, float], mapped(str, float, "list of anions and mass factors", "BH4=4,B12H12=10")]
"""The mass factor of each anion that is scaled."""


class RotorSettings(PlanSettings):
    """Settings of `rotor`: those of `conduct`, the masses, and what is compared."""

    replicas: int = setting(1, "Independent runs of each choice of masses at each temperature.", ge=1, le=10_000)
    anions: Names | None = setting(
        None, "Whose masses to scale, by formula; all: every anion together. By default each, and all."
    )
    factors: Numbers = setting(DEFAULT_FACTORS, "Mass factors of each series; 1 is always there.", each=(1e-3, 1e3))
    scale: tuple[Scale, ...] = setting(
        (),
        "One more point, such as BH4=4,B12H12=10; without --anions it replaces the series. May be repeated.",
        repeated=True,
        each=(1e-3, 1e3),
    )
    active_window_ps: float | None = setting(
        None, "Window of active ions, ps; by default 1000, or the production if shorter.", gt=0, may_change=True
    )
    active_threshold_A2: float = setting(
        DEFAULT_THRESHOLD_A2, "Least MSD of an active ion, A^2; the paper's.", ge=0, may_change=True
    )
    reference_temperature_K: float | None = setting(
        None,
        "K, at which active ions and rotation are compared; by default the lowest at which the most runs are sane.",
        may_change=True,
    )


@dataclass(frozen=True, kw_only=True)
class RotorInputs:
    """The grid of masses, and what makes an ion active."""

    plan: RotorPlan
    active: ActiveDefinition

    def units(self, directory: Path) -> list[Unit]:
        """The units of all choices of masses."""
        return [unit for run in self.plan.runs for unit in run.units(directory)]


def _opens(structure: str | Path | Atoms, settings: RotorSettings) -> RotorInputs:
    base = plan_conduct(structure, settings)
    plan = plan_rotor(base, anions=settings.anions, factors=settings.factors, scale=settings.scale)
    reference_K = settings.reference_temperature_K
    if reference_K is not None and reference_K not in base.temperatures_K:
        raise SettingsError(
            f"{reference_K:g} K is not simulated", where="reference_temperature_K",
            remedy=f"give one of {', '.join(f'{value:g}' for value in base.temperatures_K)}",
        )  # fmt: skip
    active = ActiveDefinition.checked(
        settings.active_window_ps, settings.active_threshold_A2, production_ps=settings.production_ps
    )
    return RotorInputs(plan=plan, active=active)


def _document(inputs: RotorInputs, settings: RotorSettings) -> dict[str, Any]:
    return inputs.plan.inputs() | {
        "active_window_ps": inputs.active.window_ps,
        "active_threshold_A2": inputs.active.threshold_A2,
        "reference_temperature_K": settings.reference_temperature_K,
        **settings.fitted(),
    }


def _measures(inputs: RotorInputs, settings: RotorSettings, run: Run) -> RotorRecord:
    finished, warnings = run_md_units(inputs.units(run.folder), run)
    return rotor_record(
        inputs.plan,
        finished,
        run=run,
        active=inputs.active,
        reference_temperature_K=settings.reference_temperature_K,
        fit=settings,
        warnings=warnings,
    )


def _forecasts(inputs: RotorInputs, _settings: RotorSettings, cores: int | None) -> Forecast:
    masses = ("masses", ", ".join(run.name for run in inputs.plan.runs))
    base = inputs.plan.base
    told = base.structure.told()
    return forecast_md(inputs.units(Path()), cores=cores, inputs=(*base.told(), masses), cell=told)


QUANTITY_WORDS: dict[TrendQuantity, str] = {
    "conductivity_300K": "tracer sigma(300 K)",
    "conductivity_simulated": "tracer sigma where simulated",
    "activation_energy": "Ea",
    "active_fraction": "active fraction",
    "rotation": "angular velocity",
}


def verdict_lines(record: RotorRecord) -> list[str]:
    """For the terminal: the trends first, then one line a point."""
    lines = [f"{record.structure}, {record.specie}: heavier anions, per factor e in mass"]
    for row in record.trends:
        line = f"  {row.anion}: {QUANTITY_WORDS[row.quantity]} {row.verdict} ({_with_error(row.slope)})"
        lines.append(line + (f"; paper: {row.paper} ({row.beside_paper})" if row.paper else ""))
    for row in record.comparisons:
        line = f"  {row.first} against {row.second}: {QUANTITY_WORDS[row.quantity]} {row.verdict}"
        lines.append(line + (f"; paper: {row.paper} ({row.beside_paper})" if row.paper else ""))
    lines += [_line_of_point(point, record) for point in record.points]
    charge = charge_sentences(record.unchecked, {record.specie: record.charge_e})
    return [*lines, *natural_sentences(record), *charge]


def _line_of_point(point: RotorPoint, record: RotorRecord) -> str:
    factor = point.run if point.mass_factor is None else f"{point.anion} x {point.mass_factor:g}"
    if point.status != "ok":
        return f"  {factor}: {point.status} ({point.reason})"
    parts = [f"tracer sigma(300 K) = {_with_error(point.conductivity_300K_mS_per_cm)} mS/cm",
             f"Ea = {_with_error(point.activation_energy_eV)} eV"]  # fmt: skip
    if point.collective_300K is not None:
        parts.append(f"collective {_with_error(point.collective_300K.conductivity_300K_mS_per_cm)} mS/cm")
    if point.active_fraction is not None:
        parts.append(f"active {_with_error(point.active_fraction)} at {record.reference_temperature_K:g} K")
    if point.rotation_rad_per_ps is not None:
        parts.append(f"{_with_error(point.rotation_rad_per_ps)} rad/ps")
    return f"  {factor}: {', '.join(parts)}"


def _with_error(quantity: Measured | None) -> str:
    return "unknown" if quantity is None else f"{quantity.value:.3g} +- {quantity.std:.2g}"


STUDY = Study(
    command="rotor",
    arguments=(STRUCTURE,),
    settings=RotorSettings,
    record=RotorRecord,
    opens=_opens,
    tries=lambda inputs, settings: try_start(inputs.plan.base, settings),
    measures=_measures,
    says=verdict_lines,
    failed=lambda record: not any(point.status == "ok" for point in record.points),
    document=_document,
    forecasts=_forecasts,
    needs_directory=True,
    example="paddlewheel rotor o-nbh --anions BH4,B12H12,all --factors 1,4,10 --temperatures 600,700,800,900 "
    "--out runs/rotor",
    notes="The thought experiment of Oh et al. (doi 10.1016/j.joule.2025.102130, figure 3c): `conduct` over a grid of "
    "mass factors, each choice of masses with its own record in points/. The natural masses are simulated once for all "
    "series, with the seeds of `conduct`. Anions of f times the mass are slower by the root of f: give them time to "
    "equilibrate.",
)
