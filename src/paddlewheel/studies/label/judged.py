"""From judged steps to a data set with its card, and what the set says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import DatasetError
from paddlewheel.execution.signals import stop_if_requested
from paddlewheel.firstprinciples.setups import CalculationSettings, Setup, spacing_of_mesh
from paddlewheel.firstprinciples.steps import Step
from paddlewheel.studies.label.by_jobs import asked_settings, cited
from paddlewheel.studies.label.labelled_set import describe_dataset, label_range
from paddlewheel.studies.label.record import (
    DATASET,
    DIFFERENCES,
    MAP,
    ForceOutlierRow,
    FoundSetup,
    JudgedLabelsRecord,
    RefusedFrame,
    SetDiagnostics,
)
from paddlewheel.studies.simulation.potentials import loaded_potential
from paddlewheel.study.progress import Progress, Row
from paddlewheel.study.run import Run
from paddlewheel.training.dataset import card_path, write_dataset
from paddlewheel.training.dataset_checks import check_frame, duplicates, stray_energies
from paddlewheel.training.parity import Parity, compare_with_labels, errors_of
from paddlewheel.training.set_diagnostics import covered, force_outliers, map_of, near_twins

if TYPE_CHECKING:
    from ase import Atoms

_MOST_NAMED = 3
_SAME_meV_PER_ATOM, _SAME_eV_PER_A, _SAME_eV_PER_A3 = 0.1, 1e-3, 1e-4
"""Two runs of one structure by the same settings are nearer to each other."""


@dataclass(frozen=True, eq=False, kw_only=True)
class TakenStep:
    """A step whose labels are sound, in the order of atoms that was asked for, and what its output says of it."""

    name: str
    step: Step
    setup: Setup
    number: int
    info: dict[str, Any] = field(default_factory=dict)

    def labelled(self) -> Atoms:
        """The frame with its labels, known by its name."""
        from ase import Atoms
        from ase.calculators.singlepoint import SinglePointCalculator

        atoms = self.step.atoms
        frame = Atoms(atoms.get_chemical_symbols(), positions=atoms.get_positions(), cell=atoms.cell, pbc=True)
        frame.info = {**self.info, "source": self.name}
        frame.calc = SinglePointCalculator(
            frame, energy=self.step.energy_eV, forces=self.step.forces_eV_per_A, stress=self.step.stress_eV_per_A3
        )
        return frame


@dataclass(frozen=True, eq=False, kw_only=True)
class Judged:
    """Everything that was read: what is taken, what is refused and what is waited for.

    Attributes
    ----------
    holes
        Frames whose labels were refused, as structures: what the set lacks.
    """

    engine: str
    source: str
    n_outputs: int
    n_steps: int
    taken: list[TakenStep]
    refused: list[RefusedFrame]
    holes: list[Atoms]
    waiting: list[str] = field(default_factory=list)
    rewritten: list[str] = field(default_factory=list)
    asked: CalculationSettings | None = None
    functional: str | None = None
    says_convergence: bool = True
    warnings: list[str] = field(default_factory=list)


def record_of(judged: Judged, run: Run, *, compare_with: dict[str, Any] | None) -> JudgedLabelsRecord:
    """Write the set, look at it, and make the record."""
    frames, refused = sifted(judged.taken)
    refused = [*judged.refused, *refused]
    found = found_setup(judged.taken)
    dataset = None
    if frames:
        path = run.folder / DATASET
        functional = judged.functional or (found.functional if found else None)
        assert functional is not None  # `one_setting` and the settings see to it
        dataset = write_dataset(
            path, frames, engine=" and ".join(found.code) if found and found.code else judged.engine,
            functional=functional, settings=_card_settings(judged, found),
        )  # fmt: skip
        for file in (path, card_path(path)):
            run.hold(file.name)
    warnings = list(judged.warnings)
    if refused:
        warnings.append(f"{len(refused)} of {len(refused) + len(frames)} frames were refused")
    if judged.waiting:
        warnings.append(f"{len(judged.waiting)} frames have no output yet, the first of them {judged.waiting[0]}")
    if frames and not judged.says_convergence:
        warnings.append("the files do not say whether electrons converged: their labels are taken at their word")
    diagnostics, told = _diagnosed(frames, judged.holes, run, compare_with) if frames else (None, [])
    return JudgedLabelsRecord(
        engine=judged.engine,
        source=judged.source,
        n_outputs=judged.n_outputs,
        n_steps=judged.n_steps,
        n_waiting=len(judged.waiting),
        waiting=judged.waiting[:_MOST_NAMED],
        rewritten=judged.rewritten,
        asked=None if judged.asked is None else asked_settings(judged.asked),
        found=found,
        convergence="judged" if judged.says_convergence else "not said",
        dataset=None if dataset is None else describe_dataset(run.folder / DATASET, dataset),
        labels=None if dataset is None else label_range(dataset),
        refused=refused,
        diagnostics=diagnostics,
        warnings=[*warnings, *told],
        citations=cited(found.functional if found else None),
        provenance=run.provenance(potential_sha256=compare_with["identity"] if compare_with else None),
    )


def sifted(taken: Sequence[TakenStep]) -> tuple[list[Atoms], list[RefusedFrame]]:
    """Frames that a data set may hold, and the others with the reason: sizes, energies that nothing explains, twins."""
    frames: list[Atoms] = []
    numbers: list[TakenStep] = []
    refused: list[RefusedFrame] = []

    def refuse(step: TakenStep, reason: str) -> None:
        refused.append(RefusedFrame(frame=step.number, source=step.name, reason=reason))

    for step in taken:
        frame = step.labelled()
        try:
            check_frame(frame, where=step.name)
        except DatasetError as error:
            refuse(step, error.problem)
        else:
            frames.append(frame)
            numbers.append(step)
    for index, first in sorted(duplicates(frames).items(), reverse=True):
        refuse(numbers[index], f"is the same structure as {numbers[first].name}{_other_labels(frames, index, first)}")
        del frames[index], numbers[index]
    strays = stray_energies(frames)
    for index, problem in strays.items():
        refuse(numbers[index], problem)
    return [frame for index, frame in enumerate(frames) if index not in strays], refused


def _other_labels(frames: Sequence[Atoms], index: int, first: int) -> str:
    """In what the labels of two equal structures differ, in words; nothing where they are the same."""
    ours, theirs = (frames[number].calc.results for number in (index, first))  # type: ignore[union-attr]
    energy_meV = 1e3 * abs(ours["energy"] - theirs["energy"]) / len(frames[index])
    force, stress = (float(np.abs(ours[name] - theirs[name]).max()) for name in ("forces", "stress"))
    if energy_meV < _SAME_meV_PER_ATOM and force < _SAME_eV_PER_A and stress < _SAME_eV_PER_A3:
        return ""
    return f", with other labels: {energy_meV:.2g} meV/atom, {force:.2g} eV/A, {stress:.2g} eV/A^3 apart"


def found_setup(taken: Sequence[TakenStep]) -> FoundSetup | None:
    """What the outputs say, in ranges where cells differ."""
    if not taken:
        return None
    setups = [step.setup for step in taken]
    first = setups[0]
    meshes = [(step.step.atoms.cell.array, step.setup.k_mesh) for step in taken]
    spacings = [spacing_of_mesh(cell, mesh) for cell, mesh in meshes if mesh is not None]
    tolerances = [setup.energy_tolerance_eV for setup in setups if setup.energy_tolerance_eV is not None]
    return FoundSetup(
        code=sorted({setup.code for setup in setups if setup.code}),
        functional=first.functional,
        cutoff_eV=first.cutoff_eV,
        k_spacing_per_A=(min(spacings), max(spacings)) if spacings else None,
        spin_polarized=first.spin_polarized,
        smearing=first.smearing,
        energy_tolerance_eV=(min(tolerances), max(tolerances)) if tolerances else None,
        pseudopotentials={element: title for setup in setups for element, title in setup.pseudopotentials},
        corrections=list(first.corrections),
    )


def _card_settings(judged: Judged, found: FoundSetup | None) -> dict[str, Any]:
    """All that decides the numbers."""
    return {
        "labelled": judged.source,
        "asked": None if judged.asked is None else asdict(judged.asked),
        "found": None if found is None else found.model_dump(),
        "energy": "of the forces: the free energy where states are smeared",
        "convergence": "every step judged" if judged.says_convergence else "not said",
    }


def _diagnosed(
    frames: list[Atoms], holes: Sequence[Atoms], run: Run, compare_with: dict[str, Any] | None
) -> tuple[SetDiagnostics, list[str]]:
    """What the set says of itself, and what of it a user is told in a warning."""
    told = []
    elements = {symbol for frame in frames for symbol in frame.get_chemical_symbols()}
    # refused frames of elements that the set lacks altogether are no holes in its map
    missed = [hole for hole in holes if set(hole.get_chemical_symbols()) <= elements]
    everything = [*frames, *missed]
    components = map_of(everything)
    twins = near_twins(components[: len(frames)]) if components is not None and len(frames) > 1 else None
    share = None
    if components is not None:
        taken = np.arange(len(everything)) < len(frames)
        second = components[:, 1] if components.shape[1] > 1 else np.zeros(len(components))
        run.table(MAP, {"taken": taken.astype(int), "component_1": components[:, 0], "component_2": second})
        if missed:
            share = covered(components, np.flatnonzero(taken).tolist())
            if share < 0.9:
                part = f"{100 * share:.0f} %"
                told.append(f"the refused frames leave a hole: those taken cover {part} of the region asked for")
    if twins:
        told.append(f"{twins} frames have one so alike in the set that it teaches the same")
    if compare_with is None:
        return SetDiagnostics(near_twins=twins, covered=share), told
    parity, n_atoms = _compared(frames, compare_with, run), [len(frame) for frame in frames]
    outliers = force_outliers(parity, n_atoms)
    errors = errors_of(parity)
    splits = np.split(parity.forces_eV_per_A, np.cumsum([3 * n for n in n_atoms])[:-1])
    run.table(DIFFERENCES, {
        "frame": np.arange(len(frames)), "n_atoms": np.array(n_atoms),
        "label_rms_eV_per_A": np.array([np.sqrt(np.mean(part[:, 0] ** 2)) for part in splits]),
        "difference_rms_eV_per_A": np.array([np.sqrt(np.mean((part[:, 1] - part[:, 0]) ** 2)) for part in splits]),
        "energy_difference_eV_per_atom": parity.energy_eV_per_atom[:, 1] - parity.energy_eV_per_atom[:, 0],
        "outlier": np.isin(np.arange(len(frames)), [outlier.frame for outlier in outliers]).astype(int),
    })  # fmt: skip
    rows = [
        ForceOutlierRow(source=str(frames[outlier.frame].info["source"]), **asdict(outlier)) for outlier in outliers
    ]
    if rows:
        told.append(
            f"the forces of {len(rows)} frames stand apart from {compare_with['name']}, most of all those of "
            f"{rows[0].source}: look at {'it' if len(rows) == 1 else 'them'} before training"
        )
    return (
        SetDiagnostics(
            near_twins=twins, covered=share, potential=Path(compare_with["name"]).name,
            force_mae_eV_per_A=errors.force_mae_eV_per_A, stress_mae_GPa=errors.stress_mae_GPa, outliers=rows,
        ),
        told,
    )  # fmt: skip


def _compared(frames: Sequence[Atoms], potential: dict[str, Any], run: Run) -> Parity:
    done = 0

    def rows() -> list[Row]:
        return [Row("compared", done, len(frames), "frames")]

    with Progress("comparing", rows, shown=run.show_progress, short=True) as progress:

        def on_frame(count: int) -> None:
            nonlocal done
            done = count
            stop_if_requested()
            progress.update()

        return compare_with_labels(frames, loaded_potential(potential), on_frame=on_frame)
