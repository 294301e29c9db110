"""`validate`: any two potentials side by side, on a labelled set and in dynamics, with a verdict on each gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import InputError, writing
from paddlewheel.execution import DriverLock, Unit
from paddlewheel.records import write_record
from paddlewheel.studies.simulation.structures import (
    cell_digest,
)
from paddlewheel.studies.validate.citations import validation_citations
from paddlewheel.studies.validate.compare import compare_everything
from paddlewheel.studies.validate.compare_static import WHOLE
from paddlewheel.studies.validate.compared_set import (
    ComparedSet,
    make_set,
)
from paddlewheel.studies.validate.execution import (
    run_shared,
    share_units,
)
from paddlewheel.studies.validate.findings import Findings
from paddlewheel.studies.validate.inputs import (
    ValidationPlan,
    plan_validation,
)
from paddlewheel.studies.validate.plan import (
    ROLES,
    Run,
)
from paddlewheel.studies.validate.record import (
    ComparedPhase,
    ValidationRecord,
)
from paddlewheel.studies.validate.reuse import FinishedUnits
from paddlewheel.studies.validate.settings import (
    GateLimits,
    ValidateSettings,
)
from paddlewheel.studies.validate.static_unit import TASK as STATIC_TASK
from paddlewheel.study.provenance import provenance
from paddlewheel.study.run_directory import (
    check_directory,
    start_directory,
)

if TYPE_CHECKING:
    from ase import Atoms

_MD_TASK = "paddlewheel.studies.simulation.md_unit:run_md_unit"


def validate(
    candidate: str,
    structures: Sequence[str | Path | Atoms] = (),
    *,
    against: str,
    out: str | Path,
    dataset: str | Path | None = None,
    phase_key: str = "structure",
    supercell: str | Mapping[str, str] = "auto",
    specie: str | None = None,
    settings: ValidateSettings | None = None,
    limits: GateLimits | None = None,
    reference_runs: Sequence[str | Path] = (),
    reference_trajectories: Mapping[float, str | Path] | None = None,
    reference_frame_interval_fs: float | None = None,
    three_body: str = "parent",
    device: str = "cpu",
    candidate_dtype: str = "float32",
    reference_dtype: str = "float32",
    cores: int | None = None,
    show_progress: bool = False,
) -> ValidationRecord:
    """Compare a potential with a reference: errors, equation of state, phonons, lattices, g(r), spectra, diffusion.

    The run directory `out` gets the record and the curves; the same call again continues what was killed and keeps what
    is finished. Both potentials start from the same structures with the same velocities.

    Parameters
    ----------
    candidate, against
        The two potentials, as `load_potential` takes them.
    structures
        Built-in names, files or ASE Atoms; without any, the built-in ones of elements that both potentials have (or
        none, where a set is given). Diffusion and the long run for the bonds are of the first.
    dataset
        A labelled set (extxyz with its card); without it one is made of the structures and labelled by the reference.
    phase_key
        Entry of `Atoms.info` by which the error tables are grouped.
    supercell
        ``auto``, ``AxBxC``, or one of these by the structure's name; see `ValidateSettings.minimum_length_A`.
    specie
        The mobile ion; guessed where the chemistry leaves no doubt.
    settings, limits
        What is run, and the limits of the gates.
    reference_runs
        Run directories of earlier validations, whose finished units of like contents are taken instead of new ones.
    reference_trajectories
        Trajectories of the reference by temperature (K), of the first structure, for the diffusivity.
    reference_frame_interval_fs
        Time between their frames, where the files do not say.
    three_body, device, candidate_dtype, reference_dtype
        For `load_potential`.
    cores
        Cores of this machine to use; all by default.

    Raises
    ------
    InputError
        Bad input, before anything is written.
    RunDirectoryError
        If `out` holds other inputs, is in use, or cannot be written.

    Examples
    --------
    >>> from paddlewheel import validate
    >>> record = validate("nep-nabh", ["o-nbh"], against="m3gnet-nabh-r2scan", out="v")  # doctest: +SKIP
    >>> [gate.subject for gate in record.gates if gate.verdict == "fail"]  # doctest: +SKIP
    """
    plan = plan_validation(
        candidate, structures, against=against, dataset=dataset, phase_key=phase_key, supercell=supercell,
        specie=specie, settings=settings or ValidateSettings(), limits=limits or GateLimits(),
        trajectories=reference_trajectories or {}, frame_interval_fs=reference_frame_interval_fs,
        three_body=three_body, device=device, dtypes={"candidate": candidate_dtype, "reference": reference_dtype},
    )  # fmt: skip
    finished = FinishedUnits([Path(one) for one in reference_runs])
    directory = Path(out)
    if not check_directory(directory, plan.inputs()):
        _try_potentials(plan)
    start_directory(directory, plan.inputs())
    with writing(directory), DriverLock(directory) as driver:
        run: dict[str, Any] = {
            "driver": driver, "directory": directory, "cores": cores, "show_progress": show_progress,
        }  # fmt: skip
        runs = plan.runs(directory)
        shared = share_units([one.unit for one in runs], finished)
        troubles = run_shared(shared, task=_MD_TASK, **run)
        compared = plan.compared or _made_set(plan, runs, shared)
        if compared is not None:
            compared.write(directory)
        statics = plan.statics(compared, directory)
        shared_statics = share_units(list(statics.values()), finished)
        troubles |= run_shared(shared_statics, task=STATIC_TASK, **run)
        findings = compare_everything(
            plan.phases, plan.settings, plan.limits,
            runs=[(one, shared[one.unit.name]) for one in runs],
            statics={key: shared_statics[unit.name] for key, unit in statics.items()},
            compared=compared, trajectories=plan.trajectories, reference=against, troubles=troubles,
        )  # fmt: skip
        return _write(plan, findings, directory)


def _try_potentials(plan: ValidationPlan) -> None:
    """Evaluate one frame with each, so that a bad potential or structure is told before anything is written."""
    from paddlewheel.potentials import check_elements, load_potential

    frames = [phase.cell for phase in plan.phases] or list(plan.compared.frames[:1] if plan.compared else [])
    for role in ROLES:
        wanted = plan.potentials[role]
        calculator = load_potential(
            wanted["name"], three_body=wanted["three_body"], device=wanted["device"], dtype=wanted["dtype"]
        )
        for frame in frames:
            check_elements(calculator, frame)
        atoms = frames[0].copy()
        atoms.calc = calculator
        largest = float(np.abs(atoms.get_forces()).max())
        if not np.isfinite(largest):
            raise InputError(f"forces of {wanted['name']} are not finite", where=atoms.get_chemical_formula("metal"),
                             remedy="check the structure's distances")  # fmt: skip


def _made_set(plan: ValidationPlan, runs: Sequence[Run], shared: Mapping[str, Unit]) -> ComparedSet | None:
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


def _write(plan: ValidationPlan, findings: Findings, directory: Path) -> ValidationRecord:
    record = ValidationRecord(
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
        curves=findings.write_curves(directory),
        citations=validation_citations(plan.settings, [one["name"] for one in plan.potentials.values()]),
        provenance=provenance(
            plan.inputs(),
            structure_sha256=cell_digest(plan.phases[0].supercell) if plan.phases else None,
            potential_sha256=plan.potentials["candidate"]["identity"],
        ),
        **{name: value for name, value in vars(findings).items() if name != "curves"},
    )  # fmt: skip
    write_record(record, directory / "result.json")
    return record
