"""`train`: M3GNet from energies, forces and stresses, checked by our own engine."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import ScienceError, writing
from paddlewheel.execution import DriverLock
from paddlewheel.records import (
    Citation,
    write_record,
)
from paddlewheel.studies.train.files import (
    write_parity,
    write_potential_readme,
)
from paddlewheel.studies.train.plan import (
    TrainPlan,
    plan_train,
)
from paddlewheel.studies.train.progress import FitProgress
from paddlewheel.studies.train.record import (
    EngineAgreement,
    TrainingErrors,
    TrainingPart,
    TrainingRecord,
    read_training_record,
)
from paddlewheel.study.provenance import provenance
from paddlewheel.study.run_directory import (
    check_directory,
    default_directory,
    package_versions,
    start_directory,
)
from paddlewheel.training.parity import Errors, compare_with_labels, errors_of

if TYPE_CHECKING:
    from paddlewheel.training.fit_m3gnet import Fit
    from paddlewheel.training.fit_network import GraphFrames

POTENTIAL, PROGRESS = "potential", "progress.csv"
_AGREEMENT_eV_PER_A = 1e-4
_N_AGREEMENT = 5
_PARTS: tuple[TrainingPart, ...] = ("train", "validation", "test")


def train(
    datasets: str | Path | Sequence[str | Path],
    *,
    out: str | Path | None = None,
    start_from: str | Path | None = None,
    elements: Sequence[str] | None = None,
    epochs: int = 100,
    batch_size: int = 32,
    learning_rate: float | None = None,
    cutoff_A: float | None = None,
    three_body_cutoff_A: float | None = None,
    use_smooth: bool | None = None,
    train_fraction: float = 0.9,
    validation_fraction: float = 0.1,
    energy_weight: float = 1.0,
    force_weight: float = 1.0,
    stress_weight: float = 0.1,
    loss: str = "huber",
    seed: int = 1,
    show_progress: bool = False,
) -> TrainingRecord:
    """Fit an M3GNet to labelled frames with matgl's trainer, or fine-tune one; write it, its errors and a report.

    The run directory `out` (``train-NAME`` by default) gets the potential, which `load_potential(out / "potential")`
    reads with the conventions it was trained with. The same call again continues a fit that was killed.

    Parameters
    ----------
    datasets
        One or more ``NAME.extxyz`` with their cards, of one engine and functional.
    start_from
        An M3GNet to fine-tune: a name of `list_potentials`, or a checkpoint folder of ours or of any matgl.
    elements
        Of a new potential, in the order of its network; by default those in the data.
    epochs, batch_size, learning_rate, energy_weight, force_weight, stress_weight, loss
        See `FitSettings`; the learning rate is 1e-3, or 1e-4 for fine-tuning.
    cutoff_A, three_body_cutoff_A, use_smooth
        Of a new network: 5 and 4 A as in the paper, and not smooth, by default.
    train_fraction, validation_fraction
        The paper's split: 0.9 of the frames are seen and the rest is for the test; of all frames, 0.1 (among those
        seen) choose the best epoch (so its card: 4476 for training, 560 for the test, of 5595).
    seed
        Decides the split, the first weights and the order of the frames.

    Raises
    ------
    InputError
        Bad data or settings, matgl missing, or a checkpoint that does not fit, before anything is written.
    ScienceError
        If the loss diverges.
    RunDirectoryError
        If `out` holds other inputs, is in use, or cannot be written.

    Examples
    --------
    >>> from paddlewheel import load_potential, train
    >>> record = train("nabh.extxyz", out="runs/nabh", epochs=200)  # doctest: +SKIP
    >>> record.errors_on("test").force_mae_eV_per_A  # doctest: +SKIP
    >>> calculator = load_potential("runs/nabh/potential")  # doctest: +SKIP
    """
    paths = [datasets] if isinstance(datasets, str | Path) else list(datasets)
    plan = plan_train(
        paths,
        start_from=start_from,
        elements=elements,
        train_fraction=train_fraction,
        validation_fraction=validation_fraction,
        learning_rate=learning_rate,
        cutoff_A=cutoff_A,
        three_body_cutoff_A=three_body_cutoff_A,
        use_smooth=use_smooth,
        epochs=epochs,
        batch_size=batch_size,
        energy_weight=energy_weight,
        force_weight=force_weight,
        stress_weight=stress_weight,
        loss=loss,
        seed=seed,
    )
    directory = Path(out) if out is not None else default_directory("train", paths[0])
    started = check_directory(directory, plan.inputs())
    if started and (directory / "result.json").is_file():
        return read_training_record(directory / "result.json")
    start_directory(directory, plan.inputs())
    with writing(directory), DriverLock(directory):
        return _train(plan, directory, show_progress=show_progress)


def _train(plan: TrainPlan, directory: Path, *, show_progress: bool) -> TrainingRecord:
    from paddlewheel.training.fit_m3gnet import fit_m3gnet
    from paddlewheel.training.fit_network import GraphFrames, save_potential
    from paddlewheel.training.fit_start import start_from_checkpoint, start_new

    frames = plan.training.frames
    if plan.start is None:
        start = start_new(frames, elements=plan.elements, settings=plan.settings)
    else:
        start = start_from_checkpoint(frames, plan.start)
    graphs = {
        name: GraphFrames(part.frames, elements=plan.elements, cutoff_A=plan.settings.cutoff_A)
        for name, part in plan.parts.items()
    }
    with FitProgress(directory / PROGRESS, n_epochs=plan.settings.epochs, shown=show_progress) as progress:
        fit = fit_m3gnet(
            start.network,
            graphs["train"],
            graphs["validation"],
            settings=plan.settings,
            element_references_eV=start.references.energies_eV.tolist(),
            data_mean_eV=start.data_mean_eV,
            data_std_eV=start.data_std_eV,
            folder=directory / "fit",
            on_epoch=progress.on_epoch,
            on_batch=progress.on_batch,
        )
    folder = directory / POTENTIAL
    save_potential(fit.potential, folder, facts={"functional": plan.training.card.functional})
    agreement = _check_agreement(fit, graphs["test"], plan, folder)
    errors = _evaluate(plan, folder, directory)
    write_potential_readme(folder, plan=plan, errors=errors)
    warnings = list(plan.warnings)
    present = len(plan.training.card.elements)
    if start.references.rank < present:
        warnings.append(
            f"the training part has {start.references.rank} independent compositions of {present} elements: the "
            "element references are the smallest that fit, and mean nothing one by one"
        )
    record = _record(
        plan, fit, folder,
        references=dict(zip(plan.elements, start.references.energies_eV.tolist(), strict=True)),
        agreement=agreement, errors=errors, warnings=warnings,
    )  # fmt: skip
    write_record(record, directory / "result.json")
    return record


def _check_agreement(fit: Fit, graphs: GraphFrames, plan: TrainPlan, folder: Path) -> EngineAgreement:
    """Our engine, from the files, beside matgl with the weights in memory; both in float64.

    Raises
    ------
    ScienceError
        If they differ: the potential would not be the one that was trained.
    """
    from paddlewheel.potentials import load_potential
    from paddlewheel.training.fit_network import evaluate_frame

    calculator = load_potential(folder, dtype="float64")
    reference = fit.potential.double()
    chosen = np.unique(np.linspace(0, len(graphs) - 1, min(_N_AGREEMENT, len(graphs))).astype(int)).tolist()
    largest = np.zeros(3)
    for index in chosen:
        atoms = plan.test.frames[index].copy()
        atoms.calc = calculator
        energy, forces, stress = evaluate_frame(reference, graphs, index)
        differences = (
            abs(atoms.get_potential_energy() - energy) / len(atoms),
            np.abs(atoms.get_forces() - forces).max(),
            np.abs(atoms.get_stress(voigt=False) - stress).max(),
        )
        largest = np.maximum(largest, differences)
    if not largest[1] < _AGREEMENT_eV_PER_A:
        raise ScienceError(
            f"read back, its forces are {largest[1]:.2g} eV/A from matgl's",
            where=folder,
            remedy="report this: paddlewheel and the installed matgl do not evaluate M3GNet alike",
        )
    return EngineAgreement(
        n_frames=len(chosen),
        energy_meV_per_atom=1e3 * float(largest[0]),
        force_eV_per_A=float(largest[1]),
        stress_meV_per_A3=1e3 * float(largest[2]),
    )


def _evaluate(plan: TrainPlan, folder: Path, directory: Path) -> list[TrainingErrors]:
    """Errors of the potential as it is on disk, by our engine, on each part; the pairs go to `parity/`."""
    from paddlewheel.potentials import load_potential

    calculator = load_potential(folder)
    rows = []
    for part in _PARTS:
        parity = compare_with_labels(plan.parts[part].frames, calculator)
        write_parity(parity, directory / "parity" / f"{part}.npz")
        rows.append(_error_row(part, errors_of(parity)))
    return rows


def _record(
    plan: TrainPlan,
    fit: Fit,
    folder: Path,
    *,
    references: dict[str, float],
    agreement: EngineAgreement,
    errors: list[TrainingErrors],
    warnings: list[str],
) -> TrainingRecord:
    from paddlewheel.potentials.m3gnet import M3GNet

    conventions = M3GNet.from_directory(folder).conventions
    versions = package_versions() | {name: version(name) for name in ("matgl", "lightning", "torch-geometric")}
    return TrainingRecord(
        potential=folder.name,
        potential_sha256={
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("model.json", "state.pt")
        },
        conventions=asdict(conventions),
        elements=list(plan.elements),
        element_references_eV=references,
        n_parameters=sum(parameter.numel() for parameter in fit.potential.parameters()),
        start_from=plan.start_from,
        datasets=list(plan.sources),
        engine=plan.training.card.engine,
        functional=plan.training.card.functional,
        epochs=len(fit.rows),
        best_epoch=fit.best_epoch,
        progress_file=PROGRESS,
        errors=errors,
        engine_agreement=agreement,
        seconds=round(sum(row.seconds for row in fit.rows), 1),
        warnings=warnings,
        citations=_citations(),
        provenance=provenance(plan.inputs()).model_copy(update={"versions": versions}),
    )


def _error_row(part: TrainingPart, errors: Errors) -> TrainingErrors:
    in_GPa: dict[str, Any] = {"stress_mae_GPa": errors.stress_mae_GPa, "stress_rmse_GPa": errors.stress_rmse_GPa}
    return TrainingErrors(part=part, parity_file=f"parity/{part}.npz", **asdict(errors), **in_GPa)


def _citations() -> list[Citation]:
    return [
        Citation(
            what="M3GNet architecture and its loss",
            reference="Chen, Ong, Nat. Comput. Sci. 2, 718 (2022)",
            doi="10.1038/s43588-022-00349-3",
        ),
        Citation(
            what="trainer (MatGL)", reference="Ko et al., npj Comput. Mater. 11, 253 (2025)",
            doi="10.1038/s41524-025-01742-y",
        ),
        Citation(
            what="cutoffs and split", reference="Oh, Yu, Huang et al., Joule 9, 102130 (2025)",
            doi="10.1016/j.joule.2025.102130",
        ),
    ]  # fmt: skip
