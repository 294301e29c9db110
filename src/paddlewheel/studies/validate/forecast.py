"""What a validation would cost, measured on a few steps and evaluations of both potentials: for ``--dry-run``."""

from __future__ import annotations

from pathlib import Path

from paddlewheel.dynamics import MDSettings
from paddlewheel.execution import Unit
from paddlewheel.studies.simulation.cost import Cost
from paddlewheel.studies.simulation.md_unit import unit_atoms
from paddlewheel.studies.validate.compared_set import make_set
from paddlewheel.studies.validate.plan import ValidationPlan
from paddlewheel.studies.validate.reuse import own_units, share_units
from paddlewheel.studies.validate.runs import ROLES
from paddlewheel.studies.validate.settings import ValidateOptions
from paddlewheel.study.forecast import Forecast

_BYTES_PER_ATOM_AND_FRAME = 7.0
"""Of a trajectory: NaBH4 and o-NBH at 300 to 800 K have 5.5 to 6.6 with their thermodynamics."""
_RELAXING, _RELAXING_A_VOLUME = 240, 12
"""Evaluations: NaBH4 took 238 to its minimum, and 1 to 12 at each volume of its equation of state."""
_REPORT_BYTES = 2e6


def forecast(plan: ValidationPlan, settings: ValidateOptions, cores: int | None) -> Forecast:
    """Units, atoms, hours of both potentials, disk."""
    here = Path()
    runs = plan.runs(here)
    n_snapshots = sum(run.part == "npt" and run.role == "reference" for run in runs) * settings.set_frames
    compared = plan.compared
    if compared is None and settings.set_frames:
        compared = make_set(plan.phases, [], per_phase=settings.set_frames, seed=settings.seed)
    statics = plan.statics(compared, here)
    own = own_units(share_units([*(run.unit for run in runs), *statics.values()], plan.finished), here)
    frames = list(compared.frames) if compared is not None else []
    labelled = sum(len(frame) for frame in frames)
    if plan.compared is None and plan.phases:
        labelled += n_snapshots * max(len(phase.supercell) for phase in plan.phases)
    cells = [phase.supercell for phase in plan.phases] or frames[:1]
    hours: dict[str, float] = {}
    for role in ROLES:
        units = [unit for unit in own if unit.name.startswith(f"{role}-")]
        if not units:
            continue
        cost = Cost(plan.potentials[role])
        per_atom = cost.evaluation_s(cells)
        hours |= {unit.name: per_atom * _evaluated(unit, labelled) / 3600 for unit in units if _is_static(unit)}
        moving = [unit for unit in units if not _is_static(unit)]
        steps = {unit.name: _n_steps(unit) * len(unit.contents["structure"]["symbols"]) for unit in moving}
        if moving:
            per_step = cost.step_s(max(cells, key=len), MDSettings(**moving[0].contents["md"]))
            hours |= {name: per_step * n_steps / 3600 for name, n_steps in steps.items()}
    return Forecast.of_units(
        hours,
        cores=cores,
        inputs=(
            ("candidate", plan.potentials["candidate"]["name"]),
            ("reference", plan.potentials["reference"]["name"]),
            ("structures", ", ".join(f"{phase.name} ({len(phase.supercell)} atoms)" for phase in plan.phases)),
        ),
        n_atoms=max(len(cell) for cell in cells) if cells else None,
        disk_bytes=_REPORT_BYTES + sum(_trajectory_bytes(unit) for unit in own if not _is_static(unit)),
        notes=("equations of state and phonons are taken as what they need in NaBH4",),
    )


def _is_static(unit: Unit) -> bool:
    return "static" in unit.contents


def _evaluated(unit: Unit, labelled: int) -> float:
    """Atoms times evaluations of a unit without dynamics."""
    static = unit.contents["static"]
    if static["kind"] == "labels":
        return labelled
    n_atoms = len(unit.contents["structure"]["symbols"])
    if static["kind"] == "eos":
        return n_atoms * (_RELAXING + static["points"] * _RELAXING_A_VOLUME)
    from paddlewheel.thermodynamics.phonons import displaced_supercells

    _, cells = displaced_supercells(unit_atoms(unit), static["repeats"], displacement_A=static["displacement_A"])
    return n_atoms * _RELAXING + sum(len(cell) for cell in cells)


def _n_steps(unit: Unit) -> int:
    settings = MDSettings(**unit.contents["md"])
    return round(1000 * (settings.equilibrate_ps + settings.production_ps) / settings.timestep_fs)


def _trajectory_bytes(unit: Unit) -> float:
    n_frames = MDSettings(**unit.contents["md"]).n_frames
    return n_frames * len(unit.contents["structure"]["symbols"]) * _BYTES_PER_ATOM_AND_FRAME
