"""`validate`: any two potentials side by side, on a labelled set and in dynamics, with a verdict on each gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import InputError
from paddlewheel.execution import Unit
from paddlewheel.records import Citation
from paddlewheel.studies.motion.touched import md_damage
from paddlewheel.studies.simulation.md_runs import TASK as MD_TASK
from paddlewheel.studies.simulation.potentials import loaded_potential, potential_citations
from paddlewheel.studies.simulation.structures import cell_digest
from paddlewheel.studies.validate.compare import compare_everything
from paddlewheel.studies.validate.compared_set import ComparedSet, make_set
from paddlewheel.studies.validate.findings import WHOLE, Findings
from paddlewheel.studies.validate.forecast import forecast
from paddlewheel.studies.validate.plan import ValidationPlan, plan_validation
from paddlewheel.studies.validate.record import ComparedPhase, ValidationRecord
from paddlewheel.studies.validate.reuse import own_units, share_units
from paddlewheel.studies.validate.runs import ROLES, PhaseRun
from paddlewheel.studies.validate.settings import ValidateOptions, ValidateSettings
from paddlewheel.studies.validate.static_unit import SET_FILE
from paddlewheel.studies.validate.static_unit import TASK as STATIC_TASK
from paddlewheel.study.citations import analysis_citations, dynamics_citations
from paddlewheel.study.run import Run
from paddlewheel.study.study import Argument, Study

if TYPE_CHECKING:
    pass


def _tries(plan: ValidationPlan, _settings: ValidateOptions) -> None:
    """Evaluate a frame with each potential, so that a bad potential or structure is told before anything is written."""
    from paddlewheel.potentials import check_elements

    frames = [phase.cell for phase in plan.phases] or list(plan.compared.frames[:1] if plan.compared else [])
    for role in ROLES:
        calculator = loaded_potential(plan.potentials[role])
        for frame in frames:
            check_elements(calculator, frame)
        atoms = frames[0].copy()
        atoms.calc = calculator
        if not np.isfinite(atoms.get_forces()).all():
            raise InputError(
                f"forces of {plan.potentials[role]['name']} are not finite",
                where=atoms.get_chemical_formula("metal"),
                remedy="check the structure's distances",
            )


def _measures(plan: ValidationPlan, settings: ValidateOptions, run: Run) -> ValidationRecord:
    runs = plan.runs(run.folder)
    shared = share_units([each.unit for each in runs], plan.finished)
    troubles = run.units(own_units(shared, run.folder), task=MD_TASK, title="validation", check=md_damage)
    compared = plan.compared or _made_set(plan, runs, shared)
    if compared is not None:
        run.text(SET_FILE, compared.text)
    statics = plan.statics(compared, run.folder)
    shared_statics = share_units(list(statics.values()), plan.finished)
    troubles |= run.units(own_units(shared_statics, run.folder), task=STATIC_TASK, title="validation")
    findings = compare_everything(
        plan.phases, settings, settings.gates,
        runs=[(each, shared[each.unit.name]) for each in runs],
        statics={key: shared_statics[unit.name] for key, unit in statics.items()},
        compared=compared, trajectories=plan.trajectories, reference=settings.against, troubles=troubles,
    )  # fmt: skip
    return _record(plan, findings, run)


def _made_set(plan: ValidationPlan, runs: Sequence[PhaseRun], shared: Mapping[str, Unit]) -> ComparedSet | None:
    """The set of rattled cells and of the reference's own snapshots; None where it is left out."""
    if not plan.settings.set_frames:
        return None
    sources = [
        (run, shared[run.unit.name])
        for run in runs
        if run.part == "npt"
        and run.role == "reference"
        and (shared[run.unit.name].result() or {}).get("status") in WHOLE
    ]
    return make_set(plan.phases, sources, per_phase=plan.settings.set_frames, seed=plan.settings.seed)


def _record(plan: ValidationPlan, findings: Findings, run: Run) -> ValidationRecord:
    return ValidationRecord(
        candidate=plan.potentials["candidate"]["name"],
        reference=plan.potentials["reference"]["name"],
        passed=not any(gate.verdict == "fail" for gate in findings.gates),
        phases=[
            ComparedPhase(
                name=phase.name, formula=phase.cell.get_chemical_formula("metal"), n_atoms=len(phase.supercell),
                repeats=phase.repeats, mobile=phase.mobile, anions=list(phase.anions),
                sha256=cell_digest(phase.supercell),
            )
            for phase in plan.phases
        ],
        curves={name: run.table(f"curves/{name}.csv", columns) for name, columns in findings.curves.items()},
        citations=_citations(plan.settings, [potential["name"] for potential in plan.potentials.values()]),
        provenance=run.provenance(
            structure_sha256=cell_digest(plan.phases[0].supercell) if plan.phases else None,
            potential_sha256=plan.potentials["candidate"]["identity"],
        ),
        **{name: value for name, value in vars(findings).items() if name != "curves"},
    )  # fmt: skip


def _citations(settings: ValidateSettings, potentials: Sequence[str]) -> list[Citation]:
    """References of both potentials and of the methods of the parts that are not left out."""
    cited = [citation for name in dict.fromkeys(potentials) for citation in potential_citations(name)]
    if settings.npt_ps or settings.bond_ps:
        cited += dynamics_citations("npt")
    if settings.eos_points:
        cited.append(
            Citation(
                what="equation of state", reference="Birch, Phys. Rev. 71, 809 (1947)", doi="10.1103/PhysRev.71.809"
            )
        )
    if settings.phonon_displacement_A:
        cited.append(
            Citation(
                what="phonons by finite displacements (phonopy)",
                reference="Togo, J. Phys. Soc. Jpn. 92, 012001 (2023)",
                doi="10.7566/JPSJ.92.012001",
            )
        )
    if settings.diffusion_ps:
        cited += [citation for citation in analysis_citations() if "active ions" not in citation.what]
    return list({citation.what: citation for citation in cited}.values())


def _says(record: ValidationRecord) -> list[str]:
    lines = []
    for gate in record.gates:
        temperature = f"{gate.temperature_K:g} K" if gate.temperature_K is not None else ""
        where = ", ".join(filter(None, [gate.phase or "", temperature]))
        value = "" if gate.measured is None else f"{gate.measured:.3g} (limit {gate.limit:.3g}) {gate.unit}"
        lines.append(
            f"{gate.verdict:7}  {gate.subject}{f' of {where}' if where else ''}  {value}  {gate.detail}".rstrip()
        )
    return lines


STUDY = Study(
    command="validate",
    arguments=(
        Argument(
            name="candidate", metavar="CANDIDATE", help="the potential to judge (see `potentials`)", annotation="str"
        ),
        Argument(
            name="structures",
            metavar="[STRUCTURE]...",
            help="built-in names or files; by default the built-in ones that both potentials can do",
            many=True,
            required=False,
            annotation="Sequence[str | Path | Atoms] | str | Path | Atoms",
        ),
    ),
    settings=ValidateOptions,
    record=ValidationRecord,
    opens=plan_validation,
    tries=_tries,
    measures=_measures,
    says=_says,
    failed=lambda record: not record.passed,
    document=lambda plan, settings: plan.document(),
    forecasts=forecast,
    unsaid=("set_labels_sha256", "reference_frames"),
    needs_directory=True,
    example="paddlewheel validate my-nep.txt --against m3gnet-nabh-r2scan o-nbh nabh4 --out runs/my-nep",
    notes="""
    Both potentials start from the same structures with the same velocities. Diffusion and the long run for the bonds
    are of the first structure. A run directory of another candidate lends its finished runs of the reference with
    `--reference-runs`. `validate --experiment TABLE` is another command: predictions beside measured conductivities.
    """,
)
