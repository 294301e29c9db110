"""The record of `sample`, and the table behind its map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.execution import Unit
from paddlewheel.records import Citation, Measured
from paddlewheel.studies.label.labelled_set import describe_dataset, label_range
from paddlewheel.studies.label.record import DATASET, RefusedFrame, WrittenSet
from paddlewheel.studies.sample.cut import RunOfGrid
from paddlewheel.studies.sample.plan import SamplePlan
from paddlewheel.studies.sample.record import (
    MAP,
    CoverageScore,
    DirectChoice,
    RelaxedStructure,
    SampledRun,
    SamplingRecord,
)
from paddlewheel.studies.simulation.md_unit import store_path
from paddlewheel.studies.simulation.potentials import potential_citations, potential_note
from paddlewheel.study.citations import dynamics_citations
from paddlewheel.study.run import Run
from paddlewheel.training.dataset import Dataset
from paddlewheel.training.direct import COVERAGE_BINS, Selection, coverage, random_selection
from paddlewheel.trajectories import read_thermo

RANDOM_DRAWS = 20


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What DIRECT chose among the frames of all runs.

    Attributes
    ----------
    origin
        `[n_candidates, 2]`, the run and the frame of each candidate.
    selection
        By DIRECT alone.
    indices
        Of the candidates that are taken: those and the relaxed structures.
    features, n_features
        What DIRECT looked at.
    """

    runs: Sequence[RunOfGrid]
    origin: np.ndarray
    selection: Selection
    indices: list[int]
    features: str
    n_features: int


def sampling_record(
    plan: SamplePlan,
    run: Run,
    *,
    relax: Sequence[Unit],
    failed: dict[str, str],
    chosen: Chosen,
    written: WrittenSet,
    dataset: Dataset | None,
    refused: list[RefusedFrame],
) -> SamplingRecord:
    """Put the record together."""
    structures = [_relaxed(plan, index, unit) for index, unit in enumerate(relax)]
    rows = _runs(chosen.runs, Counter(int(chosen.origin[index, 0]) for index in chosen.indices))
    warnings = [
        f"{each.name}: not relaxed to {plan.settings.fmax_eV_per_A:g} eV/A in {each.relaxation_steps} steps "
        f"({each.largest_force_eV_per_A:.2g} eV/A is left)"
        for each in structures
        if not each.converged
    ]
    warnings += [f"{name} failed and gave no frames: {reason}" for name, reason in failed.items()]
    warnings += [
        f"{row.name}: {'gave no frames' if row.status == 'broken' else f'cut to {row.n_used} of {row.n_frames} frames'}"
        f" ({row.reason})"
        for row in rows
        if row.status != "ok"
    ]
    warnings += [
        f"{each.unit.name}: {remark}; its frames were used" for each in chosen.runs for remark in each.usable.remarks
    ]
    warnings += [f"{frame.source}: refused, it {frame.reason}" for frame in refused]
    return SamplingRecord(
        potential=plan.potential["name"],
        potential_note=potential_note(plan.potential["name"], by_default=plan.settings.potential is None),
        structures=structures,
        runs=rows,
        choice=_choice(chosen, threshold_asked=plan.settings.threshold, seed=plan.settings.seed),
        frames=written,
        dataset=None if dataset is None else describe_dataset(run.folder / DATASET, dataset),
        labels=None if dataset is None else label_range(dataset),
        refused=refused,
        map_file=MAP,
        warnings=warnings,
        citations=[*potential_citations(plan.potential["name"]), *dynamics_citations("nvt"), *_citations()],
        provenance=run.provenance(potential_sha256=plan.potential["identity"]),
    )


def keep_map(chosen: Chosen, *, seed: int, run: Run) -> None:
    """Keep where each candidate is in the first two components, and whether DIRECT and chance chose it."""
    components = chosen.selection.components
    n = len(components)
    taken, chance = np.zeros(n, dtype=int), np.zeros(n, dtype=int)
    taken[chosen.indices] = 1
    chance[random_selection(n, n_selected=len(chosen.selection.indices), seed=seed)] = 1
    points = [chosen.runs[number].point for number in chosen.origin[:, 0]]
    columns = {
        "component_1": components[:, 0],
        "component_2": components[:, 1] if components.shape[1] > 1 else np.zeros(n),
        "structure": [point.structure for point in points],
        "strain": [point.strain for point in points],
        "temperature_K": [point.temperature_K for point in points],
        "frame": chosen.origin[:, 1],
        "chosen": taken,
        "random": chance,
    }
    run.table(MAP, columns)


def _relaxed(plan: SamplePlan, index: int, unit: Unit) -> RelaxedStructure:
    given, result = plan.structures[index], unit.result()
    assert result is not None
    return RelaxedStructure(
        name=given.name,
        formula=given.atoms.get_chemical_formula("metal"),
        n_atoms=len(given.atoms),
        repeats=given.repeats,
        relaxation_steps=result["n_steps"],
        converged=result["converged"],
        largest_force_eV_per_A=result["largest_force_eV_per_A"],
        energy_eV_per_atom=result["energy_eV"] / len(given.atoms),
        volume_A3=given.atoms.get_volume() * (1 + result["volume_change"]),
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


def _choice(chosen: Chosen, *, threshold_asked: float, seed: int) -> DirectChoice:
    selection = chosen.selection
    n, n_selected = len(selection.components), len(selection.indices)
    ours = coverage(selection.components, selection.indices)
    chance = np.array(
        [
            coverage(selection.components, random_selection(n, n_selected=n_selected, seed=seed + draw))
            for draw in range(RANDOM_DRAWS)
        ]
    )
    return DirectChoice(
        features=chosen.features,
        n_features=chosen.n_features,
        n_candidates=n,
        explained_variance=selection.explained_variance.tolist(),
        threshold_asked=threshold_asked,
        threshold=selection.threshold,
        n_clusters=selection.n_clusters,
        n_selected=len(chosen.indices),
        n_relaxed_added=len(chosen.indices) - n_selected,
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
