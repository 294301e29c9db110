"""`distil`: a fast NEP student from any teacher, by rounds of exploring, labelling and fitting."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.crystals import check_structure, guess_mobile_specie, read_structure
from paddlewheel.errors import InputError, SettingsError, writing
from paddlewheel.execution import DriverLock, array_digest
from paddlewheel.records import (
    Citation,
    write_record,
)
from paddlewheel.studies.distil.fit_unit import POTENTIAL
from paddlewheel.studies.distil.record import DistilRecord
from paddlewheel.studies.distil.round import (
    Round,
    RoundContext,
    fit_stage,
    mean_errors_on,
    run_round,
)
from paddlewheel.studies.distil.settings import DistilSettings
from paddlewheel.studies.distil.steps import Start
from paddlewheel.studies.label.labelled_set import (
    choose_labeller,
)
from paddlewheel.studies.simulation.potentials import (
    potential_citations,
    potential_document,
)
from paddlewheel.studies.train.files import write_parity
from paddlewheel.study.provenance import provenance
from paddlewheel.study.run_directory import (
    check_directory,
    start_directory,
)

if TYPE_CHECKING:
    from ase import Atoms

NAME = "nep.txt"
_PARITY = "parity/test.npz"


def distil(
    structures: Sequence[str | Path | Atoms],
    *,
    teacher: str,
    out: str | Path = "distil",
    settings: DistilSettings | None = None,
    names: Sequence[str] | None = None,
    elements: Sequence[str] | None = None,
    specie: str | None = None,
    functional: str | None = None,
    three_body: str = "parent",
    dtype: str = "float32",
    cores: int | None = None,
    show_progress: bool = False,
) -> DistilRecord:
    """Fit a NEP4 student to a teacher over the given structures, in rounds, until it holds its gates.

    Round 0 explores with the teacher itself; in the later ones the student explores at temperatures and strains drawn
    from the given ranges, frames outside its training set and a DIRECT choice of the others are labelled by the
    teacher, its errors on them are recorded before it is fitted to them, and a tenth stays unseen for the end. The run
    directory gets ``nep.txt`` (for GPUMD, LAMMPS, calorine and paddlewheel), its domain, all labelled frames, the
    record and the report. The same call again continues it.

    Parameters
    ----------
    structures
        Built-in names, files or Atoms: the phases, orderings and mixtures to be good at; cells of 40 to 200 atoms.
    teacher
        See `paddlewheel.potentials.load_potential`: any of ours, or any ASE calculator.
    settings
        See `DistilSettings`.
    names
        Of the structures, for records; by default those of the files.
    elements
        Of the student, in the order of its file; all that occur by default.
    specie
        The mobile ion, which may wander without the run counting as molten; guessed by default.
    functional
        Density functional behind the teacher, where its card does not say.
    three_body, dtype
        As for `load_potential`, of the teacher.
    cores
        Cores of this machine to use; all by default.

    Raises
    ------
    InputError
        Bad input, before anything is written.
    ScienceError
        If a round gave no frames.

    Examples
    --------
    >>> from paddlewheel import distil
    >>> distil(["nabh4", "na2b12h12"], teacher="m3gnet-nabh-r2scan", out="student")  # doctest: +SKIP
    """
    settings = settings or DistilSettings()
    starts = _starts(structures, names=names, specie=specie)
    symbols = _elements(starts, elements)
    document = _check_teacher(teacher, starts, symbols, three_body=three_body, device=settings.device, dtype=dtype)
    labeller = choose_labeller(document, functional=functional)
    directory = Path(out)
    inputs = {
        "command": "distil",
        "structures": [
            {
                "name": start.name,
                "formula": start.atoms.get_chemical_formula("metal"),
                "sha256": array_digest(start.atoms.positions, start.atoms.cell.array, start.atoms.numbers),
            }
            for start in starts
        ],
        "teacher": document,
        "functional": labeller.functional,
        "elements": list(symbols),
        "settings": settings.document(),
    }
    check_directory(directory, inputs)
    _student_form(symbols, settings)
    start_directory(directory, inputs)
    context = RoundContext(
        directory=directory, teacher=document, functional=labeller.functional, elements=symbols, settings=settings,
        cores=cores, show_progress=show_progress,
    )  # fmt: skip
    with writing(directory), DriverLock(directory):
        rounds = _run_rounds(context, starts)
        return _finish(context, rounds, inputs)


def _starts(
    structures: Sequence[str | Path | Atoms], *, names: Sequence[str] | None, specie: str | None
) -> list[Start]:
    if not structures:
        raise SettingsError("none given", where="structures", remedy="give at least one")
    starts: list[Start] = []
    for index, given in enumerate(structures):
        atoms = read_structure(given) if isinstance(given, str | Path) else given.copy()
        default = Path(given).name.split(".")[0] if isinstance(given, str | Path) else f"structure-{index}"
        name = names[index] if names else default
        check_structure(atoms, where=name)
        if any(name == start.name for start in starts):
            raise SettingsError(f"'{name}' twice", where="structures", remedy="give each structure another name")
        # without a mobile ion every atom belongs to the framework
        mobile = (specie if specie in atoms.get_chemical_symbols() else guess_mobile_specie(atoms)) or ""
        starts.append(Start(name, mobile, atoms))
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


def _check_teacher(
    teacher: str, starts: Sequence[Start], symbols: Sequence[str], *, three_body: str, device: str, dtype: str
) -> dict[str, Any]:
    """The teacher's document; refused if it lacks an element, gives no stress, or cannot stand a structure."""
    from paddlewheel.potentials import check_elements, describe_potential, load_potential

    if describe_potential(teacher).kind in ("nep", "ase"):  # they run on the CPU only
        device = "cpu"
    document = potential_document(teacher, three_body=three_body, device=device, dtype=dtype)
    calculator = load_potential(document["name"], three_body=three_body, device=device, dtype=dtype)  # type: ignore[arg-type]
    for start in starts:
        check_elements(calculator, start.atoms)
    if "stress" not in calculator.implemented_properties:
        raise InputError(
            f"{teacher} gives no stress", where="teacher", remedy="a student without virials does not hold its volume"
        )
    return document


def _student_form(symbols: Sequence[str], settings: DistilSettings) -> Any:
    """The student's form, checked before anything is written."""
    from paddlewheel.training.student.fit import FitSettings
    from paddlewheel.training.student.settings import StudentSettings

    FitSettings(**settings.fit)
    return StudentSettings(elements=tuple(symbols), **settings.form)


def _run_rounds(context: RoundContext, starts: list[Start]) -> list[Round]:
    rounds: list[Round] = []
    for number in range(context.settings.exploration.rounds + 1):
        done = run_round(context, number=number, starts=starts, before=rounds)
        rounds.append(done)
        starts = done.next_starts
        if done.gates_held:
            break
    return rounds


def _finish(context: RoundContext, rounds: list[Round], inputs: dict[str, Any]) -> DistilRecord:
    """The last, longest fit; its errors on what no fit saw; the files of the student, the record and the report."""
    from paddlewheel.potentials.nep import NEPCalculator, domain_path
    from paddlewheel.training import read_dataset
    from paddlewheel.training.parity import compare_with_labels

    directory, settings = context.directory, context.settings
    members, fitted = fit_stage(
        context,
        directory=directory / "final",
        steps=settings.final_steps,
        train=[one.train for one in rounds],
        before=rounds[-1].students,
        ensemble=1,
    )
    shutil.copyfile(members[0] / POTENTIAL, directory / NAME)
    shutil.copyfile(domain_path(members[0] / POTENTIAL), domain_path(directory / NAME))
    training = [atoms for one in rounds for atoms in read_dataset(one.train).frames]
    student = NEPCalculator.from_file(directory / NAME, dtype="float64")
    unseen = [atoms for one in rounds for atoms in read_dataset(one.test).frames]
    by_structure: dict[str, list[Atoms]] = {}
    for atoms in unseen:
        by_structure.setdefault(str(atoms.info["structure"]), []).append(atoms)
    test = mean_errors_on(unseen, student)
    write_parity(compare_with_labels(unseen, student), directory / _PARITY)
    gates = context.judge(test)
    result = fitted[0]
    record = DistilRecord(
        potential=NAME,
        potential_sha256=result["sha256"],
        elements=list(context.elements),
        teacher=context.teacher["name"],
        functional=context.functional,
        form=context.form_document(),
        rounds=[one.record for one in rounds],
        final_steps=settings.final_steps,
        final_seconds=result["seconds"],
        training_errors=mean_errors_on(training, student),
        test_errors=test,
        test_errors_by_structure=[
            {"structure": name, "errors": mean_errors_on(frames, student)} for name, frames in by_structure.items()
        ],  # type: ignore[arg-type]
        gates=gates,
        parity_file=_PARITY,
        n_training_frames=len(training),
        n_training_atoms=int(np.sum([len(atoms) for atoms in training])),
        warnings=[
            f"round {one.record.number}: {', '.join(one.record.broken_runs)} broke"
            for one in rounds
            if one.record.broken_runs
        ],
        citations=[
            *potential_citations(context.teacher["name"]),
            Citation(
                what="neuroevolution potential (NEP4)",
                reference="Song et al., Nat. Commun. 15, 10208 (2024)",
                doi="10.1038/s41467-024-54554-x",
            ),
            Citation(
                what="DIRECT sampling", reference="Qi et al., npj Comput. Mater. 10, 43 (2024)",
                doi="10.1038/s41524-024-01227-4",
            ),
            Citation(
                what="extrapolation grade (D-optimality, MaxVol)",
                reference="Podryabinkin and Shapeev, Comput. Mater. Sci. 140, 171 (2017)",
                doi="10.1016/j.commatsci.2017.08.031",
            ),
        ],
        provenance=provenance(inputs, potential_sha256=context.teacher["identity"]),
    )  # fmt: skip
    write_record(record, directory / "result.json")
    return record
