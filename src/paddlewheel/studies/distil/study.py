"""`distil`: a fast NEP student from any teacher, by rounds of exploring, labelling and fitting."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.crystals import check_structure, guess_mobile_specie
from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import InputError, PotentialError, SettingsError
from paddlewheel.execution import array_digest
from paddlewheel.records import Citation
from paddlewheel.studies.distil.explore import Start
from paddlewheel.studies.distil.fit_unit import POTENTIAL
from paddlewheel.studies.distil.forecast import forecast
from paddlewheel.studies.distil.plan import planned
from paddlewheel.studies.distil.record import DistilRecord, DistilRound, StructureErrors
from paddlewheel.studies.distil.round import (
    Distillation,
    Round,
    fit_stage,
    mean_errors_on,
    run_round,
    student_document,
)
from paddlewheel.studies.distil.settings import DistilOptions, DistilSettings, form_document
from paddlewheel.studies.label.labelled_set import choose_labeller
from paddlewheel.studies.simulation.cost import Cost
from paddlewheel.studies.simulation.potentials import (
    loaded_potential,
    potential_citations,
    potential_document,
    try_calculator,
)
from paddlewheel.studies.simulation.structures import choose_structure
from paddlewheel.studies.train.files import parity_arrays
from paddlewheel.study.run import Run
from paddlewheel.study.settings import plain
from paddlewheel.study.study import Argument, Study

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.potentials.nep import NEPModel
    from paddlewheel.training.student.settings import StudentSettings

NAME, _START = "nep.txt", "start.txt"
_PARITY = "parity/test.npz"
_ORDERINGS = 2
_REASONS_TOLD = 2
"""Of a disordered structure, where no number is given: a student of one knows nothing of the others."""
_CITATIONS = (
    Citation(
        what="neuroevolution potential (NEP4)",
        reference="Song et al., Nat. Commun. 15, 10208 (2024)",
        doi="10.1038/s41467-024-54554-x",
    ),
    Citation(
        what="DIRECT sampling",
        reference="Qi et al., npj Comput. Mater. 10, 43 (2024)",
        doi="10.1038/s41524-024-01227-4",
    ),
    Citation(
        what="extrapolation grade (D-optimality, MaxVol)",
        reference="Podryabinkin and Shapeev, Comput. Mater. Sci. 140, 171 (2017)",
        doi="10.1016/j.commatsci.2017.08.031",
    ),
)


@dataclass(frozen=True, kw_only=True)
class DistilInputs:
    """The structures to be good at, the teacher, and the student's elements."""

    starts: list[Start]
    teacher: dict[str, Any]
    functional: str
    elements: tuple[str, ...]
    form: StudentSettings
    start_from: NEPModel | None
    start_identity: str | None

    def document(self) -> dict[str, Any]:
        """What was resolved, and the structures by their content."""
        return {
            "structures": [
                {
                    "name": start.name,
                    "formula": start.atoms.get_chemical_formula("metal"),
                    "sha256": array_digest(start.atoms.positions, start.atoms.cell.array, start.atoms.numbers),
                }
                for start in self.starts
            ],
            "teacher": self.teacher,
            "functional": self.functional,
            "elements": list(self.elements),
            "start_from": self.start_identity,
        }


def _opens(structures: str | Path | Atoms | Sequence[str | Path | Atoms], settings: DistilOptions) -> DistilInputs:
    from paddlewheel.potentials import check_elements, describe_potential, identify_potential

    several = isinstance(structures, Sequence) and not isinstance(structures, str)
    given: Any = structures if several else [structures]
    starts = _starts(given, settings)
    for start in starts:
        check_elements(describe_potential(settings.teacher), start.atoms)
    teacher = _teacher(settings)
    elements = _elements(starts, settings.elements)
    model = None if settings.start_from is None else _start_from(settings.start_from, elements)
    return DistilInputs(
        starts=starts,
        elements=elements,
        form=settings.student(elements) if model is None else _form_of(model, settings.start_from),
        start_from=model,
        start_identity=None if settings.start_from is None else identify_potential(settings.start_from),
        teacher=teacher,
        functional=choose_labeller(teacher, functional=settings.functional).functional,
    )


def _start_from(name: str, elements: tuple[str, ...]) -> NEPModel:
    """The NEP to begin with, restricted to the student's elements."""
    from paddlewheel.potentials import describe_potential, load_potential
    from paddlewheel.potentials.nep import NEPCalculator

    remedy = "give a nep.txt or the name of a NEP (see `potentials`)"
    kind = describe_potential(name).kind
    if kind != "nep":
        raise SettingsError(f"{name} ({kind}) is no NEP", where="start_from", remedy=remedy)
    calculator = load_potential(name)
    assert isinstance(calculator, NEPCalculator)
    lacking = sorted(set(elements) - set(calculator.elements))
    if lacking:
        raise SettingsError(f"{name} does not know {', '.join(lacking)}", where="start_from", remedy="leave it out")
    return calculator.engine.model.restricted(elements)


def _form_of(model: NEPModel, name: str | None) -> StudentSettings:
    from paddlewheel.training.student.network import form_of

    try:
        return form_of(model)
    except PotentialError as error:
        raise SettingsError(f"{name}: {error.problem}", where="start_from", remedy=error.remedy) from error


def _starts(structures: Sequence[str | Path | Atoms], settings: DistilOptions) -> list[Start]:
    if not structures:
        raise SettingsError("none given", where="structures", remedy="give at least one")
    if settings.names and len(settings.names) != len(structures):
        raise SettingsError(
            f"{len(settings.names)} for {len(structures)} structures", where="names", remedy="give a name for each"
        )
    starts: list[Start] = []
    for index, given in enumerate(structures):
        if isinstance(given, str | Path):
            choice = choose_structure(
                given, supercell=settings.supercell, orderings=settings.orderings, seed=settings.seed,
                oxidation=settings.oxidation, by_itself=_ORDERINGS,
            )  # fmt: skip
            cells, default = choice.cells, Path(given).name.split(".")[0]
            notes = choice.notes
            prepared = tuple(line for line in choice.disorder if line in choice.prepared)  # not each energy
        else:
            cells, default = (check_structure(given.copy(), where=f"structure {index}"),), f"structure-{index}"
            notes = prepared = ()
        name = settings.names[index] if settings.names else default
        for number, atoms in enumerate(cells):
            of_cell = name if len(cells) == 1 else f"{name}-{number}"
            if any(of_cell == start.name for start in starts):
                raise SettingsError(f"'{of_cell}' twice", where="structures", remedy="give each structure another name")
            there = settings.specie in atoms.get_chemical_symbols()
            # without a mobile ion every atom belongs to the framework
            mobile = (settings.specie if there else guess_mobile_specie(atoms)) or ""
            starts.append(Start(of_cell, mobile, atoms, notes, prepared))
    return starts


def _elements(starts: Sequence[Start], elements: Sequence[str] | None) -> tuple[str, ...]:
    present = {symbol for start in starts for symbol in start.atoms.get_chemical_symbols()}
    if elements is None:
        return tuple(sorted(present))
    for wanted, there, what in ((elements, present, "no structure holds"), (present, elements, "left out are")):
        lacking = sorted(set(wanted) - set(there))
        if lacking:
            raise SettingsError(
                f"{what} {', '.join(lacking)}", where="elements", remedy="name the elements of the structures"
            )
    return tuple(elements)


def _teacher(settings: DistilOptions) -> dict[str, Any]:
    from paddlewheel.potentials import describe_potential

    on_cpu = describe_potential(settings.teacher).kind in ("nep", "ase")  # they run nowhere else
    return potential_document(
        settings.teacher, three_body=settings.three_body, device="cpu" if on_cpu else settings.device,
        dtype=settings.dtype,
    )  # fmt: skip


def _tries(inputs: DistilInputs, settings: DistilOptions) -> None:
    """Load the teacher and ask it for every structure; refused if it lacks an element or gives no stress."""
    from ase.calculators.calculator import PropertyNotImplementedError

    from paddlewheel.potentials import check_elements

    calculator = loaded_potential(inputs.teacher)
    for start in inputs.starts:
        check_elements(calculator, start.atoms)
        try_calculator(calculator, start.atoms, name=settings.teacher, where=start.name)
        atoms = start.atoms.copy()
        atoms.calc = calculator
        try:
            has_stress = "stress" in calculator.implemented_properties and np.isfinite(atoms.get_stress()).all()
        except (PropertyNotImplementedError, NotImplementedError):
            has_stress = False
        if not has_stress:
            raise InputError(
                f"{settings.teacher} gives no stress",
                where="teacher",
                remedy="take another: a student without virials does not hold its volume",
            )


def _document(inputs: DistilInputs, settings: DistilOptions) -> dict[str, Any]:
    chosen = {
        name: plain(getattr(settings, name))
        for name in ("specie", "supercell", "orderings", "oxidation", "teacher_hours")
    }
    return {**inputs.document(), **chosen, "settings": settings.document() | {"form": form_document(inputs.form)}}


def _of_today(found: Mapping[str, Any]) -> dict[str, Any]:
    """The student's form and its fit as a whole: an earlier version kept of them what was given."""
    there = dict(found.get("settings") or {})
    try:
        whole = DistilSettings(form=there.get("form") or {}, fit=there.get("fit") or {}).document()
    except (SettingsError, TypeError):  # of a version that knew other fields
        return dict(found)
    return {**found, "settings": {**there, "form": plain(whole["form"]), "fit": plain(whole["fit"])}}


def _measures(inputs: DistilInputs, settings: DistilOptions, run: Run) -> DistilRecord:
    settings = planned(inputs.starts, inputs.teacher, settings, run)
    whole = Distillation(
        run=run, teacher=inputs.teacher, functional=inputs.functional, student=inputs.form, settings=settings,
        begin_with=_written_start(inputs, run),
    )  # fmt: skip
    rounds, starts = list[Round](), inputs.starts
    for number in range(settings.rounds + 1):
        done = run_round(whole, number=number, starts=starts, before=rounds)
        rounds.append(done)
        starts = done.next_starts
        if done.gates_held:
            break
    members, fitted = fit_stage(
        whole, "final", steps=settings.final_steps, train=[done.train for done in rounds],
        before=rounds[-1].students, ensemble=1,
    )  # fmt: skip
    return _record(whole, inputs.starts, rounds, members[0], fitted[0])


def _written_start(inputs: DistilInputs, run: Run) -> Path | None:
    """The weights to begin with, as a nep.txt in the run directory."""
    from paddlewheel.potentials.nep import write_nep

    if inputs.start_from is None:
        return None
    if not run.has(_START):
        write_nep(run.folder / _START, inputs.start_from)
        run.keep_made(_START)
    return run.folder / _START


def _record(
    whole: Distillation, starts: Sequence[Start], rounds: Sequence[Round], student: Path, fitted: Mapping[str, Any]
) -> DistilRecord:
    """The student in the run directory, its errors on what no fit saw, and the record."""
    from paddlewheel.potentials.nep import NEPCalculator, domain_path
    from paddlewheel.training import read_dataset
    from paddlewheel.training.parity import compare_with_labels

    run, directory = whole.run, whole.run.folder
    shutil.copyfile(student / POTENTIAL, directory / NAME)
    shutil.copyfile(domain_path(student / POTENTIAL), domain_path(directory / NAME))
    for name in (NAME, domain_path(Path(NAME)).name):
        run.hold(name)
    training = [atoms for done in rounds for atoms in read_dataset(done.train).frames]
    unseen = [atoms for done in rounds for atoms in read_dataset(done.test).frames]
    calculator = NEPCalculator.from_file(directory / NAME, dtype="float64")
    by_structure: dict[str, list[Atoms]] = {}
    for atoms in unseen:
        by_structure.setdefault(str(atoms.info["structure"]), []).append(atoms)
    test = mean_errors_on(unseen, calculator)
    return DistilRecord(
        potential=NAME,
        potential_sha256=fitted["sha256"],
        elements=list(whole.elements),
        teacher=whole.teacher["name"],
        functional=whole.functional,
        form=whole.form,
        rounds=[done.record for done in rounds],
        final_steps=whole.settings.final_steps,
        final_seconds=fitted["seconds"],
        training_errors=mean_errors_on(training, calculator),
        test_errors=test,
        test_errors_by_structure=[
            StructureErrors(structure=name, errors=mean_errors_on(frames, calculator))
            for name, frames in by_structure.items()
        ],
        gates=whole.judge(test),
        parity_file=run.arrays(_PARITY, parity_arrays(compare_with_labels(unseen, calculator))),
        n_training_frames=len(training),
        n_training_atoms=sum(map(len, training)),
        start_from=whole.settings.start_from,
        teacher_atom_steps_per_s=_speed(whole.teacher, starts),
        student_atom_steps_per_s=_speed(student_document(directory / NAME), starts),
        prepared=[f"{start.name}: {line}" for start in starts for line in start.prepared],
        warnings=[
            *(f"{start.name}: {note}" for start in starts for note in start.notes),
            *(broken_line(done.record) for done in rounds if done.record.broken_runs),
        ],
        citations=[*potential_citations(whole.teacher["name"]), *_CITATIONS],
        provenance=run.provenance(potential_sha256=whole.teacher["identity"]),
    )


def broken_line(done: DistilRound) -> str:
    """How many runs of a round broke, whose, and why, in a line."""
    reasons = [f"{name}: {why}" for name, why in done.why_broken.items()] or done.broken_runs
    more = len(reasons) - _REASONS_TOLD
    told = "; ".join(reasons[:_REASONS_TOLD]) + (f"; and {more} more" if more > 0 else "")
    return (
        f"round {done.number}: {len(done.broken_runs)} of {done.n_runs} runs by the {done.explored_by} broke ({told})"
    )


def _speed(potential: Mapping[str, Any], starts: Sequence[Start]) -> float:
    """Atoms times steps of NVT in a second of one core, in the largest cell."""
    largest = max((start.atoms for start in starts), key=len)
    return 1 / Cost(potential).step_s(largest, MDSettings(ensemble="nvt", temperature_K=300.0))


_NAMES = {
    "energy_meV_per_atom": ("energy", "meV/atom"),
    "force_eV_per_A": ("forces", "eV/A"),
    "stress_GPa": ("stress", "GPa"),
}


def _says(record: DistilRecord) -> list[str]:
    lines = [
        f"NEP for {', '.join(record.elements)} from {record.teacher}: {record.n_training_frames} frames fitted, "
        f"{record.test_errors.n_frames} not seen"
    ]
    for gate in record.gates:
        name, unit = _NAMES[gate.quantity]
        verdict = "passes" if gate.passed else "FAILS"
        lines.append(f"  {name}: {gate.measured:.3g} {unit}, {verdict} (limit {gate.limit:g})")
    if record.teacher_atom_steps_per_s and record.student_atom_steps_per_s:
        of_student = record.student_atom_steps_per_s
        ratio = of_student / record.teacher_atom_steps_per_s
        lines.append(
            f"  speed: {float(f'{of_student:.2g}'):,.0f} atom-steps/s of a core, {ratio:.2g} times the teacher's"
        )
    return [*lines, f"potential: {(record.directory or Path()) / record.potential}"]


STUDY = Study(
    command="distil",
    arguments=(
        Argument(
            name="structures",
            metavar="STRUCTURE...",
            help="built-in names or files of what to be good at: phases, orderings, mixtures; 40 to 200 atoms each",
            many=True,
            annotation="Sequence[str | Path | Atoms] | str | Path | Atoms",
        ),
    ),
    settings=DistilOptions,
    record=DistilRecord,
    opens=_opens,
    tries=_tries,
    measures=_measures,
    says=_says,
    failed=lambda record: not record.passed,
    document=_document,
    of_today=_of_today,
    forecasts=lambda inputs, settings, cores: forecast(inputs.starts, inputs.teacher, inputs.form, settings, cores),
    unsaid=("specie",),
    needs_directory=True,
    example="paddlewheel distil nabh4 na2b12h12 o-nbh --teacher m3gnet-nabh-r2scan --out runs/student",
    notes="""
    Round 0 explores with the teacher itself. In the later ones the student explores; frames outside its training set
    and a DIRECT choice of the others are labelled by the teacher, its errors on them are recorded before it is fitted
    to them, and a tenth stays unseen for the end. The run directory gets ``nep.txt`` (for GPUMD, LAMMPS, calorine and
    paddlewheel), its domain and all labelled frames.
    """,
)
