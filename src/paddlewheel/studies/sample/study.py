"""`sample`: relax structures, run them over a grid of strains and temperatures, choose frames by DIRECT, label them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import InputError, ScienceError, writing
from paddlewheel.execution import DriverLock, Unit
from paddlewheel.records import write_record
from paddlewheel.studies.label.labelled_set import (
    labelled_frames,
    write_frames,
    write_labelled,
)
from paddlewheel.studies.label.record import (
    RefusedFrame,
)
from paddlewheel.studies.sample.cut import (
    UsableFrames,
    usable_frames,
)
from paddlewheel.studies.sample.features import (
    TrajectoryFrames,
    candidate_frames,
    features_of,
)
from paddlewheel.studies.sample.plan import (
    SamplePlan,
    plan_sample,
)
from paddlewheel.studies.sample.record import (
    SamplingRecord,
)
from paddlewheel.studies.sample.summary import (
    sampling_record,
    write_map,
)
from paddlewheel.studies.simulation.frame_units import (
    TASK as LABEL_TASK,
)
from paddlewheel.studies.simulation.frame_units import (
    evaluate,
    label_units,
    read_rows,
)
from paddlewheel.studies.simulation.relaxation import relaxed_atoms
from paddlewheel.study.run_directory import (
    check_directory,
    default_directory,
    start_directory,
)
from paddlewheel.study.stage import (
    failed_units,
    run_stage,
)
from paddlewheel.training.dataset import Dataset
from paddlewheel.training.direct import direct_select
from paddlewheel.training.strain_grid import (
    PAPER_STRAINS,
    PAPER_TEMPERATURES_K,
    GridPoint,
)

if TYPE_CHECKING:
    from ase import Atoms

_RELAX_TASK = "paddlewheel.studies.simulation.relaxation:run_relax_unit"
_MD_TASK = "paddlewheel.studies.sample.features:run_md_and_features"
_FEATURE_TASK = "paddlewheel.studies.sample.features:run_feature_unit"


@dataclass(frozen=True)
class RunOfGrid:
    """A finished run, what of it may be used, and which of its frames are candidates."""

    point: GridPoint
    unit: Unit
    usable: UsableFrames
    frames: range


def sample(
    structures: str | Path | Atoms | Sequence[str | Path | Atoms],
    *,
    out: str | Path | None = None,
    potential: str | None = None,
    strains: Sequence[float] = PAPER_STRAINS,
    temperatures_K: Sequence[float] = PAPER_TEMPERATURES_K,
    ps: float = 10.0,
    frame_interval_fs: float = 10.0,
    timestep_fs: float = 1.0,
    select: int = 500,
    threshold: float = 0.5,
    supercell: str | Sequence[int] = "1x1x1",
    labels: str = "potential",
    functional: str | None = None,
    fmax_eV_per_A: float = 0.02,
    seed: int = 1,
    three_body: str = "parent",
    device: str = "cpu",
    dtype: str = "float32",
    cores: int | None = None,
    show_progress: bool = False,
) -> SamplingRecord:
    """Draw a training set as the paper does (doi 10.1016/j.joule.2025.102130, Methods, steps 1 and 2).

    Each structure is relaxed, cell included; runs NVT molecular dynamics at every strain and temperature; the frames of
    all runs go to DIRECT sampling on the potential's own features, and those chosen are labelled. The relaxed
    structures are always among them. Runs that break are cut `sample_cut.MARGIN_PS` before the break and named.

    The run directory `out` (``sample-NAME`` by default) gets ``frames.extxyz`` (chosen, unlabelled), ``dataset.extxyz``
    with its card, ``map.csv``, the record and the report; the same call again continues what was killed.

    Parameters
    ----------
    structures
        Built-in names, files, or Atoms.
    potential
        See `paddlewheel.potentials.load_potential`; by default the one made for these elements.
    strains
        Of the lattice vectors (see `paddlewheel.training.strain_grid.strained`).
    temperatures_K
        Of the runs.
    ps, frame_interval_fs, timestep_fs
        Length of each run, time between frames and time step.
    select
        Frames to choose: as many DIRECT clusters, one frame of each.
    threshold
        Radius of BIRCH's subclusters to begin with.
    supercell
        ``1x1x1``, ``auto`` (every lattice parameter above 10 A), ``AxBxC`` or three integers.
    labels
        ``potential``: label by the same potential; ``none``: leave that to another engine.
    functional
        Behind the potential, where its card does not say.
    fmax_eV_per_A
        Of the relaxations.
    cores
        Cores of this machine to use; all by default.

    Raises
    ------
    InputError
        Bad input, before anything is written.
    ScienceError
        If no run gave enough frames, or units failed.

    Examples
    --------
    >>> from paddlewheel import sample
    >>> sample(["nabh4", "na2b12h12"], select=200, out="set")  # doctest: +SKIP
    """
    several = structures if isinstance(structures, Sequence) and not isinstance(structures, str) else [structures]
    plan = plan_sample(
        several,  # type: ignore[arg-type]
        potential=potential,
        strains=strains,
        temperatures_K=temperatures_K,
        ps=ps,
        frame_interval_fs=frame_interval_fs,
        timestep_fs=timestep_fs,
        select=select,
        threshold=threshold,
        supercell=supercell,
        labels=labels,
        functional=functional,
        fmax_eV_per_A=fmax_eV_per_A,
        seed=seed,
        three_body=three_body,
        device=device,
        dtype=dtype,
    )
    directory = Path(out) if out is not None else default_directory("sample", several[0])
    if not check_directory(directory, plan.inputs()):
        _try_potential(plan)
    start_directory(directory, plan.inputs())
    with writing(directory), DriverLock(directory) as driver:
        return _Sampling(plan, directory, driver, cores, show_progress).run()


def _try_potential(plan: SamplePlan) -> None:
    """Load the potential and evaluate each structure, so that what cannot work is told before anything is written."""
    from paddlewheel.potentials import load_potential

    wanted = plan.potential
    calculator = load_potential(
        wanted["name"], three_body=wanted["three_body"], device=wanted["device"], dtype=wanted["dtype"]
    )
    for one in plan.structures:
        energy_eV, forces, stress = evaluate(one.atoms, calculator, name=wanted["name"])
        largest = float(np.abs(forces).max())
        if not (np.isfinite([energy_eV, largest, *stress]).all() and largest < 1000):
            raise InputError(
                f"the largest force is {largest:.3g} eV/A with {wanted['name']}", where=one.name,
                remedy="check the structure's distances",
            )  # fmt: skip


@dataclass(frozen=True)
class _Sampling:
    """The stages in order; each takes up what an earlier run of the same command finished."""

    plan: SamplePlan
    directory: Path
    driver: DriverLock
    cores: int | None
    show_progress: bool

    def run(self) -> SamplingRecord:
        plan, directory = self.plan, self.directory
        relax = plan.relax_units(directory)
        self._stage(relax, _RELAX_TASK, "relaxing")
        relaxed = {one.name: relaxed_atoms(unit) for one, unit in zip(plan.structures, relax, strict=True)}
        runs, failed = self._dynamics(relaxed)
        features, kind = self._features(runs)
        candidates = [(run, frame) for run in runs for frame in run.frames]
        if len(candidates) < max(2, plan.select):
            raise ScienceError(
                f"{len(candidates)} usable frames, {plan.select} to select", where=directory,
                remedy="units/*/result.json say which runs broke; use another --out with smaller strains or --select",
            )  # fmt: skip
        selection = direct_select(features, n_clusters=plan.select, threshold=plan.threshold)
        at_rest = [i for i, (run, frame) in enumerate(candidates) if frame == 0 and run.point.strain == 0]
        chosen = sorted(set(selection.indices.tolist()) | set(at_rest))
        frames = self._frames([candidates[index] for index in chosen])
        written = write_frames(directory / "frames.extxyz", frames)
        dataset, refused = self._labels(frames)
        origin = np.array([[runs.index(run), frame] for run, frame in candidates])
        record = sampling_record(
            plan=plan, relax=relax, runs=runs, failed=failed, feature_kind=kind, n_features=features.shape[1],
            selection=selection,
            chosen=chosen, origin=origin, written=written, dataset=dataset, refused=refused, directory=directory,
        )  # fmt: skip
        write_map(directory / record.map_file, runs=runs, origin=origin, selection=selection, chosen=chosen,
                  seed=plan.seed)  # fmt: skip
        write_record(record, directory / "result.json")
        return record

    def _stage(self, units: Sequence[Unit], task: str, title: str) -> None:
        troubles = run_stage(
            units, task=task, title=title, driver=self.driver, cores=self.cores, show_progress=self.show_progress
        )
        if troubles:
            raise failed_units(troubles, self.directory)

    def _dynamics(self, relaxed: dict[str, Atoms]) -> tuple[list[RunOfGrid], dict[str, str]]:
        """The runs that finished, in the order of the grid, and why others did not."""
        pairs = self.plan.md_units(relaxed, self.directory)
        failed = run_stage(
            [unit for _, unit in pairs], task=_MD_TASK, title="molecular dynamics", driver=self.driver,
            cores=self.cores, show_progress=self.show_progress,
        )  # fmt: skip
        runs = [
            RunOfGrid(point, unit, usable_frames(unit), candidate_frames(unit))
            for point, unit in pairs
            if unit.name not in failed
        ]
        order = {one.name: index for index, one in enumerate(self.plan.structures)}
        runs.sort(key=lambda run: (order[run.point.structure], run.point.strain, run.point.temperature_K))
        return runs, failed

    def _features(self, runs: Sequence[RunOfGrid]) -> tuple[np.ndarray, str]:
        """Of all candidates, [n_candidates, n_features], and of which kind they are."""
        units = [features for run in runs if (features := features_of(run.unit)) is not None]
        self._stage(units, _FEATURE_TASK, "features")
        kinds = {str(result["features"]) for unit in units if (result := unit.result()) is not None}
        return np.array([row for unit in units for row in read_rows(unit)]), ", ".join(kinds)

    def _frames(self, chosen: Sequence[tuple[RunOfGrid, int]]) -> list[Atoms]:
        """The chosen frames with where they come from."""
        readers: dict[str, TrajectoryFrames] = {}
        frames = []
        for run, number in chosen:
            reader = readers.setdefault(run.unit.name, TrajectoryFrames(run.unit))
            atoms = reader.atoms(number)
            atoms.wrap()
            atoms.info = {
                "structure": run.point.structure,
                # nothing has moved yet in the frame at step 0
                "temperature_K": run.point.temperature_K if number else 0.0,
                "strain": run.point.strain,
                "source": f"{run.unit.name} frame {number}",
            }
            frames.append(atoms)
        return frames

    def _labels(self, frames: Sequence[Atoms]) -> tuple[Dataset | None, list[RefusedFrame]]:
        labeller = self.plan.labeller
        if labeller is None:
            return None, []
        units = label_units(frames, potential=labeller.potential, directory=self.directory)
        self._stage(units, LABEL_TASK, "labelling")
        good, refused = labelled_frames(frames, units)
        settings = {
            "sampled": {key: self.plan.inputs()[key] for key in ("strains", "temperatures_K", "select", "seed")}
        }
        return write_labelled(self.directory / "dataset.extxyz", good, labeller=labeller, settings=settings), refused
