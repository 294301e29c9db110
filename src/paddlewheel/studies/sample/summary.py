"""The record of `sample`, and the table behind its map."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import writing
from paddlewheel.execution import Unit
from paddlewheel.records import (
    Citation,
    Measured,
    write_atomically,
)
from paddlewheel.studies.label.labelled_set import (
    describe_dataset,
    label_range,
)
from paddlewheel.studies.label.record import (
    RefusedFrame,
    WrittenSet,
)
from paddlewheel.studies.sample.record import (
    CoverageScore,
    DirectChoice,
    RelaxedStructure,
    SampledRun,
    SamplingRecord,
)
from paddlewheel.studies.simulation.md_unit import store_path
from paddlewheel.studies.simulation.potentials import (
    potential_citations,
)
from paddlewheel.study.citations import dynamics_citations
from paddlewheel.study.provenance import provenance
from paddlewheel.training.dataset import Dataset
from paddlewheel.training.direct import COVERAGE_BINS, Selection, coverage, random_selection
from paddlewheel.trajectories import read_thermo

if TYPE_CHECKING:
    from paddlewheel.studies.sample.plan import SamplePlan
    from paddlewheel.studies.sample.study import RunOfGrid

RANDOM_DRAWS = 20


def sampling_record(
    *,
    plan: SamplePlan,
    relax: Sequence[Unit],
    runs: Sequence[RunOfGrid],
    failed: dict[str, str],
    feature_kind: str,
    n_features: int,
    selection: Selection,
    chosen: Sequence[int],
    origin: np.ndarray,
    written: WrittenSet,
    dataset: Dataset | None,
    refused: list[RefusedFrame],
    directory: Path,
) -> SamplingRecord:
    """Put the record together; `origin` [n_candidates, 2] is the run and the frame of each candidate."""
    structures = [_relaxed(plan, index, unit) for index, unit in enumerate(relax)]
    rows = _runs(runs, Counter(int(origin[index, 0]) for index in chosen))
    warnings = [
        f"{one.name}: not relaxed to {plan.fmax_eV_per_A:g} eV/A in {one.relaxation_steps} steps "
        f"({one.largest_force_eV_per_A:.2g} eV/A is left)"
        for one in structures
        if not one.converged
    ]
    warnings += [f"{name} failed and gave no frames: {reason}" for name, reason in failed.items()]
    warnings += [
        f"{row.name}: {'gave no frames' if row.status == 'broken' else f'cut to {row.n_used} of {row.n_frames} frames'}"
        f" ({row.reason})"
        for row in rows
        if row.status != "ok"
    ]
    warnings += [f"{run.unit.name}: {remark}; its frames were used" for run in runs for remark in run.usable.remarks]
    warnings += [f"{one.source}: refused, it {one.reason}" for one in refused]
    return SamplingRecord(
        potential=plan.potential["name"],
        structures=structures,
        runs=rows,
        choice=_choice(plan, feature_kind=feature_kind, n_features=n_features, selection=selection, chosen=chosen),
        frames=written,
        dataset=None if dataset is None else describe_dataset(directory / "dataset.extxyz", dataset),
        labels=None if dataset is None else label_range(dataset),
        refused=refused,
        map_file="map.csv",
        warnings=warnings,
        citations=[*potential_citations(plan.potential["name"]), *dynamics_citations("nvt"), *_citations()],
        provenance=provenance(plan.inputs(), potential_sha256=plan.potential["identity"]),
    )


def write_map(
    path: Path,
    *,
    runs: Sequence[RunOfGrid],
    origin: np.ndarray,
    selection: Selection,
    chosen: Sequence[int],
    seed: int,
) -> None:
    """Write where each candidate is in the first two components, and whether DIRECT and chance chose it."""
    n = len(selection.components)
    chance = set(random_selection(n, n_selected=len(selection.indices), seed=seed).tolist())
    taken = set(chosen)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["component_1", "component_2", "structure", "strain", "temperature_K", "frame", "chosen", "random"])
    for index, (number, frame) in enumerate(origin.tolist()):
        point = runs[number].point
        first, second = (*selection.components[index], 0.0)[:2]
        writer.writerow(
            [f"{first:.6g}", f"{second:.6g}", point.structure, f"{point.strain:g}", f"{point.temperature_K:g}", frame,
             int(index in taken), int(index in chance)]
        )  # fmt: skip
    with writing(path):
        write_atomically(path, buffer.getvalue())


def _relaxed(plan: SamplePlan, index: int, unit: Unit) -> RelaxedStructure:
    one, result = plan.structures[index], unit.result()
    assert result is not None
    return RelaxedStructure(
        name=one.name,
        formula=one.atoms.get_chemical_formula("metal"),
        n_atoms=len(one.atoms),
        repeats=one.repeats,
        relaxation_steps=result["n_steps"],
        converged=result["converged"],
        largest_force_eV_per_A=result["largest_force_eV_per_A"],
        energy_eV_per_atom=result["energy_eV"] / len(one.atoms),
        volume_A3=one.atoms.get_volume() * (1 + result["volume_change"]),
        volume_change=result["volume_change"],
    )


def _runs(runs: Sequence[RunOfGrid], selected: Counter[int]) -> list[SampledRun]:
    rows = []
    for number, run in enumerate(runs):
        used = slice(run.frames.start, run.frames.stop)
        thermo = read_thermo(store_path(run.unit))
        n = len(run.frames)
        rows.append(
            SampledRun(
                name=run.unit.name,
                structure=run.point.structure,
                strain=run.point.strain,
                temperature_K=run.point.temperature_K,
                status="ok" if run.usable.broken is None else "cut" if n else "broken",
                reason=run.usable.broken,
                n_frames=run.usable.n_stored,
                n_used=n,
                n_selected=selected[number],
                mean_temperature_K=float(thermo["temperature_K"][used].mean()) if n else None,
                mean_pressure_GPa=float(thermo["pressure_GPa"][used].mean()) if n else None,
            )
        )
    return rows


def _choice(
    plan: SamplePlan, *, feature_kind: str, n_features: int, selection: Selection, chosen: Sequence[int]
) -> DirectChoice:
    n, n_selected = len(selection.components), len(selection.indices)
    ours = coverage(selection.components, selection.indices)
    chance = np.array(
        [
            coverage(selection.components, random_selection(n, n_selected=n_selected, seed=plan.seed + draw))
            for draw in range(RANDOM_DRAWS)
        ]
    )
    return DirectChoice(
        features=feature_kind,
        n_features=n_features,
        n_candidates=n,
        explained_variance=selection.explained_variance.tolist(),
        threshold_asked=plan.threshold,
        threshold=selection.threshold,
        n_clusters=selection.n_clusters,
        n_selected=len(chosen),
        n_relaxed_added=len(chosen) - n_selected,
        coverage=CoverageScore(
            n_bins=COVERAGE_BINS - 1,
            direct=ours.tolist(),
            random=[_spread(column) for column in chance.T],
            direct_mean=float(ours.mean()),
            random_mean=_spread(chance.mean(axis=1)),
            n_random_draws=RANDOM_DRAWS,
        ),
    )


def _spread(values: np.ndarray) -> Measured:
    return Measured(value=float(values.mean()), std=float(values.std(ddof=1)))


def _citations() -> list[Citation]:
    return [
        Citation(
            what="DIRECT sampling",
            reference="Qi, Ko, Wood, Pham, Ong, npj Comput. Mater. 10, 43 (2024)",
            doi="10.1038/s41524-024-01227-4",
        ),
        Citation(
            what="principal components and BIRCH (scikit-learn)",
            reference="Pedregosa et al., J. Mach. Learn. Res. 12, 2825 (2011)",
        ),
    ]
