"""`train`: M3GNet from energies, forces and stresses, checked by our own engine."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import ScienceError
from paddlewheel.execution.scratch import scratch_folder
from paddlewheel.records import Citation
from paddlewheel.studies.train.files import error_lines, parity_arrays, write_potential_readme
from paddlewheel.studies.train.plan import TrainPlan, TrainSettings, of_today, plan_train
from paddlewheel.studies.train.progress import FitProgress
from paddlewheel.studies.train.record import (
    POTENTIAL,
    PROGRESS,
    EngineAgreement,
    SourceErrors,
    TrainingErrors,
    TrainingPart,
    TrainingRecord,
)
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.run import Run
from paddlewheel.study.study import Argument, Study
from paddlewheel.training.dataset import frame_sources
from paddlewheel.training.parity import Errors, Parity, compare_with_labels, errors_by_group, errors_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ase import Atoms

    from paddlewheel.training.fit_m3gnet import Fit
    from paddlewheel.training.fit_network import GraphFrames
    from paddlewheel.training.fit_start import FitStart

_AGREEMENT_eV_PER_A = 1e-4
_N_AGREEMENT = 5


def _measures(plan: TrainPlan, settings: TrainSettings, run: Run) -> TrainingRecord:
    from paddlewheel.training.fit_network import save_potential

    start = _start(plan, plan.parts["train"].frames)
    graphs = {name: _graphs(plan, part.frames) for name, part in plan.parts.items()}
    with _threads(run.cores), FitProgress(run, n_epochs=plan.fit.epochs) as progress:
        fit = _fit(
            plan, start, graphs["train"], graphs["validation"], folder=run.folder / "fit",
            on_epoch=progress.on_epoch, on_batch=progress.on_batch,
        )  # fmt: skip
    folder = run.folder / POTENTIAL
    save_potential(fit.potential, folder, facts={"functional": plan.parts["train"].card.functional})
    agreement = _check_agreement(fit, graphs["test"], plan, folder)
    errors, by_source = _evaluate(plan, folder, run)
    write_potential_readme(folder, plan=plan, errors=errors)
    run.hold(POTENTIAL)
    warnings = list(plan.warnings)
    present = len(plan.parts["train"].card.elements)
    if start.references.rank < present:
        warnings.append(
            f"the training part has {start.references.rank} independent compositions of {present} elements: the "
            "element references are the smallest that fit, and mean nothing one by one"
        )
    return _record(
        plan, fit, run,
        references=dict(zip(plan.elements, start.references.energies_eV.tolist(), strict=True)),
        agreement=agreement, errors=errors, by_source=by_source, warnings=warnings,
    )  # fmt: skip


def _start(plan: TrainPlan, frames: Sequence[Atoms]) -> FitStart:
    from paddlewheel.training.fit_start import start_from_checkpoint, start_new

    if plan.start is None:
        return start_new(frames, elements=plan.elements, settings=plan.fit)
    return start_from_checkpoint(frames, plan.start)


def _graphs(plan: TrainPlan, frames: Sequence[Atoms]) -> GraphFrames:
    from paddlewheel.training.fit_network import GraphFrames

    return GraphFrames(frames, elements=plan.elements, cutoff_A=plan.fit.cutoff_A)


def _fit(plan: TrainPlan, start: FitStart, training: GraphFrames, validation: GraphFrames, **told: Any) -> Fit:
    from paddlewheel.training.fit_m3gnet import fit_m3gnet

    return fit_m3gnet(
        start.network,
        training,
        validation,
        settings=plan.fit,
        element_references_eV=start.references.energies_eV.tolist(),
        data_mean_eV=start.data_mean_eV,
        data_std_eV=start.data_std_eV,
        **told,
    )


@contextmanager
def _threads(cores: int | None) -> Iterator[None]:
    """Torch on so many cores; as it is without a number."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(cores or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


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
        atoms = plan.parts["test"].frames[index].copy()
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


def _evaluate(plan: TrainPlan, folder: Path, run: Run) -> tuple[list[TrainingErrors], list[SourceErrors]]:
    """Errors of the potential as it is on disk, by our engine, on each part, and on each source of the test part.

    The pairs go to `parity/`.
    """
    from paddlewheel.potentials import load_potential

    calculator = load_potential(folder)
    rows, by_source = [], list[SourceErrors]()
    for part, dataset in plan.parts.items():
        parity = compare_with_labels(dataset.frames, calculator)
        file = run.arrays(f"parity/{part}.npz", parity_arrays(parity))
        rows.append(_error_row(part, file, errors_of(parity)))
        if part == "test":
            by_source = _source_rows(plan, parity)
    return rows, by_source


def _source_rows(plan: TrainPlan, parity: Parity) -> list[SourceErrors]:
    fitted = Counter(name for part in ("train", "validation") for name in frame_sources(plan.parts[part].frames))
    frames = plan.parts["test"].frames
    found = errors_by_group(parity, [len(frame) for frame in frames], frame_sources(frames))
    return [
        SourceErrors(
            source=name, n_frames=errors.n_frames, n_fitted=fitted[name],
            energy_mae_meV_per_atom=errors.energy_mae_meV_per_atom, force_mae_eV_per_A=errors.force_mae_eV_per_A,
            stress_mae_GPa=errors.stress_mae_GPa,
        )
        for name, errors in found.items()
    ]  # fmt: skip


def _record(
    plan: TrainPlan,
    fit: Fit,
    run: Run,
    *,
    references: dict[str, float],
    agreement: EngineAgreement,
    errors: list[TrainingErrors],
    by_source: list[SourceErrors],
    warnings: list[str],
) -> TrainingRecord:
    from paddlewheel.potentials.m3gnet import M3GNet

    folder, card, provenance = run.folder / POTENTIAL, plan.parts["train"].card, run.provenance()
    trainer = {name: version(name) for name in ("matgl", "lightning", "torch-geometric")}
    return TrainingRecord(
        potential=folder.name,
        potential_sha256={
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("model.json", "state.pt")
        },
        conventions=asdict(M3GNet.from_directory(folder).conventions),
        elements=list(plan.elements),
        element_references_eV=references,
        n_parameters=sum(parameter.numel() for parameter in fit.potential.parameters()),
        start_from=plan.start_from,
        datasets=list(plan.sources),
        engine=card.engine,
        functional=card.functional,
        epochs=len(fit.rows),
        best_epoch=fit.best_epoch,
        progress_file=PROGRESS,
        errors=errors,
        split=plan.how,
        errors_by_source=by_source,
        engine_agreement=agreement,
        seconds=round(sum(row.seconds for row in fit.rows), 1),
        warnings=warnings,
        citations=_citations(),
        provenance=provenance.model_copy(update={"versions": provenance.versions | trainer}),
    )


def _error_row(part: TrainingPart, file: str, errors: Errors) -> TrainingErrors:
    in_GPa: dict[str, Any] = {"stress_mae_GPa": errors.stress_mae_GPa, "stress_rmse_GPa": errors.stress_rmse_GPa}
    return TrainingErrors(part=part, parity_file=file, **asdict(errors), **in_GPa)


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


def _says(record: TrainingRecord) -> list[str]:
    origin = f"fine-tuned from {record.start_from}" if record.start_from else "a new network"
    epochs = f"best of {record.epochs} epochs was {record.best_epoch + 1}"
    return [
        f"M3GNet for {', '.join(record.elements)}, {origin}: {epochs}",
        *(f"  {line}" for line in error_lines(record.errors)),
        f"potential: {(record.directory or Path()) / record.potential}",
    ]


_TRIED_FRAMES, _TRIED_STEPS = 4, 4
_VALIDATION_SHARE = 0.4
"""What a frame of the validation costs beside one that is fitted: no derivatives by the weights."""
_BYTES_OF_A_PARAMETER = 4 * 6
"""Its value in the best and the last state, with Adam's two moments, and in the two files of the potential."""
_BYTES_OF_AN_ATOM, _BYTES_OF_A_REPORT = 3 * 8, 4e6


def _forecasts(plan: TrainPlan, settings: TrainSettings, cores: int | None) -> Forecast:
    n_atoms = {name: sum(map(len, part.frames)) for name, part in plan.parts.items()}
    start = _start(plan, plan.parts["train"].frames[: 5 * len(plan.elements)])
    with _threads(cores):
        core_s, wall_s = _seconds_of_an_atom(plan, start)
    passed = plan.fit.epochs * (n_atoms["train"] + _VALIDATION_SHARE * n_atoms["validation"])
    n_parameters = sum(parameter.numel() for parameter in start.network.parameters())
    stored = _BYTES_OF_A_PARAMETER * n_parameters + _BYTES_OF_AN_ATOM * sum(n_atoms.values())
    return Forecast(
        inputs=(
            ("data", ", ".join(f"{each.name} ({each.n_frames} frames)" for each in plan.sources)),
            ("split", ", ".join(f"{len(part)} {name}" for name, part in plan.parts.items())),
            ("start", plan.start_from or "a new network"),
            ("epochs", str(plan.fit.epochs)),
        ),
        n_units=1,
        n_atoms=max(len(frame) for part in plan.parts.values() for frame in part.frames),
        core_hours=passed * core_s / 3600,
        wall_hours=passed * wall_s / 3600,
        disk_bytes=_BYTES_OF_A_REPORT + stored,
        notes=(f"the time is that of batches of {_TRIED_FRAMES} frames; larger ones take a little less",),
    )


def _seconds_of_an_atom(plan: TrainPlan, start: FitStart) -> tuple[float, float]:
    """Of one core and of the clock, for one atom in one pass over the training frames, by a few small batches."""
    frames = itertools.islice(itertools.cycle(plan.parts["train"].frames), _TRIED_FRAMES * _TRIED_STEPS)
    tried = _graphs(plan, list(frames))
    times: list[tuple[float, float]] = []
    few = replace(plan, fit=replace(plan.fit, epochs=1, batch_size=_TRIED_FRAMES))
    with scratch_folder() as folder:
        _fit(
            few, start, tried, _graphs(plan, plan.parts["validation"].frames[:1]), folder=folder,
            on_epoch=lambda _rows: None,
            on_batch=lambda *_batch: times.append((time.process_time(), time.monotonic())),
        )  # fmt: skip
    core_s, wall_s = np.subtract(times[-1], times[0]) / (len(times) - 1)
    n_atoms = sum(int(tried[index][0].num_nodes) for index in range(len(tried))) / _TRIED_STEPS
    return core_s / n_atoms, wall_s / n_atoms


STUDY = Study(
    command="train",
    arguments=(
        Argument(
            name="datasets",
            metavar="DATASET...",
            help="data sets of one engine and functional, NAME.extxyz with their cards",
            many=True,
            annotation="str | Path | Sequence[str | Path]",
        ),
    ),
    settings=TrainSettings,
    record=TrainingRecord,
    opens=plan_train,
    of_today=of_today,
    measures=_measures,
    says=_says,
    document=lambda plan, _settings: plan.document(),
    forecasts=_forecasts,
    needs_directory=True,
    example="paddlewheel train nabh.extxyz --out runs/nabh --epochs 200 (fine-tuning: --start-from m3gnet-nabh-r2scan)",
    notes="""
    By matgl's own trainer; the potential in the run directory is read as it was trained, and its forces are compared
    with matgl's. Epochs that are finished survive a kill: the same call goes on. Whole
    trajectories are kept for the test. The paper's split, `--split random`, keeps random frames: of 5,595, 4,476 were
    fitted, 560 were for the test, and the others chose the best epoch.
    """,
)
