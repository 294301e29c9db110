"""`density`: where the mobile ions are, the free energy of it, and the ways through the cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import field_validator

from paddlewheel.crystals.space_group import SpaceGroup
from paddlewheel.errors import SettingsError
from paddlewheel.records import Citation, Measured
from paddlewheel.studies.density.files import keep_files
from paddlewheel.studies.density.mean_framework import MeanFramework, mean_framework
from paddlewheel.studies.density.record import (
    DensityFreeEnergy,
    DensityRecord,
    DensitySymmetry,
    FreeEnergyBarrier,
    IsoSurface,
    SmoothedBarrier,
)
from paddlewheel.studies.density.symmetry import FRAMEWORK, by_content, space_group_of
from paddlewheel.studies.motion.choices import mobile_ion
from paddlewheel.studies.motion.runs import MotionRuns, Trajectories, open_runs
from paddlewheel.studies.motion.settings import TRAJECTORIES, MotionSettings
from paddlewheel.study.citations import SPGLIB, UNWRAPPING
from paddlewheel.study.run import Run
from paddlewheel.study.settings import Numbers, bad_value, setting
from paddlewheel.study.study import Study
from paddlewheel.transport.density import DEFAULT_SPACING_A, DensityCounter, IonDensity, check_counts, grid_shape
from paddlewheel.transport.density_symmetry import grid_constraints, orbits_on_grid
from paddlewheel.transport.free_energy import DEFAULT_SMOOTHING_A, Barrier, FreeEnergy, barriers_at, free_energy

_SHARES = (0.9, 0.5)
"""Shares of the ions that the iso-surfaces hold where no level is asked for."""
_OTHER_WIDTHS = (0.5, 1.5)
_WARN_CELL_CHANGE = 0.03
_FEW_SAMPLES = 3.0
_CITATIONS = (
    UNWRAPPING,
    Citation(
        what="percolation by union-find",
        reference="Newman, Ziff, Phys. Rev. E 64, 016706 (2001)",
        doi="10.1103/PhysRevE.64.016706",
    ),
    Citation(
        what="when a cluster wraps around a periodic cell",
        reference="Machta, Choi, Lucke, Schweizer, Chayes, Phys. Rev. E 54, 1332 (1996)",
        doi="10.1103/PhysRevE.54.1332",
    ),
    Citation(
        what="3D view (3Dmol.js)",
        reference="Rego, Koes, Bioinformatics 31, 1322 (2015)",
        doi="10.1093/bioinformatics/btu829",
    ),
)


class DensitySettings(MotionSettings):
    """Settings of `density`."""

    spacing_A: float = setting(DEFAULT_SPACING_A, "Largest step of the grid along each cell vector, A", gt=0)
    smoothing_A: float = setting(
        DEFAULT_SMOOTHING_A,
        "Standard deviation of the Gaussian that smooths density and free energy, A; 0 for none",
        ge=0,
    )
    iso_per_A3: Numbers = setting(
        (), "Levels of iso-surfaces, 1/A^3; by default those that hold 90 and 50 % of the ions", aliases=("iso",)
    )
    symmetry: str | Path | None = setting(
        None,
        "Average over a space group: that of the mean framework (framework), or of a structure's (file or name)",
        aliases=("symmetry-of",),
    )
    symmetrize: bool = setting(False, "The same as --symmetry framework", in_document=False)
    tolerance_A: float = setting(0.3, "How far the mean framework may be from a space group, A", gt=0)
    free_energy: bool | None = setting(
        None,
        "Free energy, barriers and paths; by default where the temperature is known",
        aliases=("with_free_energy",),
    )

    @field_validator("iso_per_A3")
    @classmethod
    def _are_levels(cls, levels: tuple[float, ...]) -> tuple[float, ...]:
        if bad := [level for level in levels if level <= 0]:
            raise bad_value(f"{bad[0]:g} 1/A^3 is no density", "give levels above 0")
        return levels


@dataclass(frozen=True, kw_only=True)
class DensityInputs:
    """The runs, their mobile ion, and what was chosen for them.

    Attributes
    ----------
    symmetry
        What the space group is taken of (see `space_group_of`); None where there is to be none.
    free_energy_K
        The temperature of the free energy; None where there is to be none.
    """

    runs: MotionRuns
    specie: str
    symmetry: str | Path | None
    free_energy_K: float | None

    def document(self) -> dict[str, Any]:
        """What was resolved, and trajectories and structure by their content."""
        return {
            "specie": self.specie,
            "symmetry": None if self.symmetry is None else by_content(self.symmetry),
            "free_energy": self.free_energy_K is not None,
            **self.runs.document(),
        }


def _opens(trajectories: Trajectories, settings: DensitySettings) -> DensityInputs:
    runs = open_runs(trajectories, settings)
    if settings.free_energy and runs.temperature_K is None:
        raise SettingsError("a free energy needs the temperature", where="temperature_K", remedy="give it in K")
    return DensityInputs(
        runs=runs,
        specie=mobile_ion(runs),
        symmetry=settings.symmetry or (FRAMEWORK if settings.symmetrize else None),
        free_energy_K=None if settings.free_energy is False else runs.temperature_K,
    )


def _measures(inputs: DensityInputs, settings: DensitySettings, run: Run) -> DensityRecord:
    runs, ion = inputs.runs, inputs.specie
    mean, group = mean_framework(runs, specie=ion), None
    if inputs.symmetry is not None:
        group = space_group_of(mean, specie=ion, source=inputs.symmetry, tolerance_A=settings.tolerance_A)
        mean = mean.counted_from(group.origin)
    counted = _count(runs, mean, ion, settings.spacing_A, group)
    symmetry = None
    if group is not None and inputs.symmetry is not None:
        plain = counted
        counted = plain.symmetrized(orbits_on_grid(group.rotations, group.translations, plain.shape))
        symmetry = _symmetry(group, plain, counted, inputs.symmetry, settings.tolerance_A)
    values = counted.total(smoothing_A=settings.smoothing_A)
    found = None
    if inputs.free_energy_K is not None:
        found = free_energy(counted, temperature_K=inputs.free_energy_K, smoothing_A=settings.smoothing_A)
    common = runs.common_fields(run)
    record = DensityRecord(
        **common,
        specie=ion,
        n_ions=counted.n_ions,
        mean_cell_A=tuple(tuple(float(x) for x in row) for row in mean.cell_A),  # type: ignore[arg-type]
        largest_cell_change=mean.cell_change,
        grid=counted.shape,
        voxel_A3=counted.voxel_A3,
        smoothing_A=settings.smoothing_A,
        integral_ions=float(values.sum() * counted.voxel_A3),
        maximum_per_A3=float(values.max()),
        samples_per_visited_voxel=float(counted.n_frames * counted.n_ions / counted.by_block.any(axis=0).sum()),
        symmetry=symmetry,
        isosurfaces=_isosurfaces(counted, values, settings.smoothing_A, settings.iso_per_A3),
        free_energy=None if found is None else _free_energy(counted, found),
        files=keep_files(
            run, specie=ion, formula=common["formula"], counted=counted, values=values, mean=mean, found=found
        ),
        citations=[*_CITATIONS, *([] if group is None else [SPGLIB])],
    )
    record.warnings += [*runs.warnings, *_warnings(record)]
    return record


def _count(
    runs: MotionRuns, mean: MeanFramework, specie: str, spacing_A: float, group: SpaceGroup | None
) -> IonDensity:
    """The ions in voxels of a grid that the space group maps onto itself."""
    multiples, equal = (
        ([1, 1, 1], [0, 1, 2]) if group is None else grid_constraints(group.rotations, group.translations)
    )
    counter = DensityCounter(
        cell_A=mean.cell_A,
        shape=grid_shape(mean.cell_A, spacing_A=spacing_A, multiples=multiples, equal=equal),
        n_frames=sum(run.n_frames for run in runs.runs),
        n_ions=runs.runs[0].symbols.count(specie),
    )
    for ions in mean.ions:
        counter.start_run()
        for block in ions():
            counter.add(block)
    counted = counter.finish()
    check_counts(counted)
    return counted


def _symmetry(
    group: SpaceGroup, counted: IonDensity, averaged: IonDensity, source: str | Path, tolerance_A: float
) -> DensitySymmetry:
    width = DEFAULT_SMOOTHING_A  # counts as they are differ by their noise alone
    apart = np.abs(averaged.total(smoothing_A=width) - counted.total(smoothing_A=width)).sum() * counted.voxel_A3
    return DensitySymmetry(
        symbol=group.symbol,
        number=group.number,
        n_operations=group.n_operations,
        source="mean framework" if source == FRAMEWORK else Path(source).name,
        tolerance_A=tolerance_A,
        origin_fractional=(float(group.origin[0]), float(group.origin[1]), float(group.origin[2])),
        asymmetry=float(apart / 2 / counted.n_ions),
    )


def _isosurfaces(
    counted: IonDensity, values: np.ndarray, smoothing_A: float, levels: Sequence[float]
) -> list[IsoSurface]:
    """Share of the ions inside each level, with its error by delete-one jackknife over stretches and over groups."""
    if not levels:
        ordered = np.sort(values.ravel())[::-1]
        inside = np.cumsum(ordered) / ordered.sum()
        levels = [float(f"{ordered[np.searchsorted(inside, share)]:.3g}") for share in _SHARES]
    masks = [values >= level for level in levels]
    spreads = np.zeros(len(levels))
    for without, count in (
        (counted.without_block, len(counted.frames_by_block)),
        (counted.without_group, len(counted.ions_by_group)),
    ):
        shares = np.empty((count, len(levels)))
        for k in range(count):  # one at a time: a grid may take 50 MB
            part = without(k, smoothing_A=smoothing_A) if count > 1 else values
            shares[k] = [part[inside].sum() / part.sum() for inside in masks]
        spreads = np.maximum(spreads, np.sqrt((count - 1) * shares.var(axis=0)))
    return [
        IsoSurface(
            level_per_A3=level,
            ion_share=Measured(value=float(values[inside].sum() / values.sum()), std=float(std)),
            volume_share=float(inside.mean()),
        )
        for level, inside, std in zip(levels, masks, spreads, strict=True)
    ]


def _free_energy(counted: IonDensity, found: FreeEnergy) -> DensityFreeEnergy:
    """Barriers with their saddles and paths; beside them those at half and one and a half times the smoothing."""
    return DensityFreeEnergy(
        floor_eV=found.floor_eV,
        frames_per_visit=found.frames_per_visit,
        barriers=[_barrier(barrier, found) for barrier in found.barriers.values()],
        sensitivity=[
            SmoothedBarrier(
                smoothing_A=factor * found.smoothing_A,
                barrier_eV=barriers_at(
                    counted, temperature_K=found.temperature_K, smoothing_A=factor * found.smoothing_A
                ),
            )
            for factor in _OTHER_WIDTHS
            if found.smoothing_A > 0
        ],
    )


def _barrier(barrier: Barrier, found: FreeEnergy) -> FreeEnergyBarrier:
    path = found.paths.get(barrier.direction)
    saddle = None
    if path is not None:
        top = path.fractional[int(np.argmax(found.values_eV.ravel()[path.voxels]))] % 1.0
        saddle = (float(top[0]), float(top[1]), float(top[2]))
    return FreeEnergyBarrier(
        direction=barrier.direction,
        status=barrier.status,
        reason=barrier.reason,
        barrier_eV=Measured.or_none(barrier.value_eV, barrier.std_eV),
        at_least_eV=barrier.at_least_eV,
        winding=barrier.winding,
        path_A=None if path is None else float(path.distance_A[-1]),
        saddle_fractional=saddle,
    )


def _warnings(record: DensityRecord) -> list[str]:
    said = []
    if record.largest_cell_change > _WARN_CELL_CHANGE:
        said.append(
            f"the cell changes shape by up to {100 * record.largest_cell_change:.1f} % during the runs: "
            "the density is that of the mean cell"
        )
    if record.smoothing_A == 0 and record.samples_per_visited_voxel < _FEW_SAMPLES:
        said.append(
            f"only {record.samples_per_visited_voxel:.1f} samples in a visited voxel: mostly noise; "
            "smooth it (--smoothing-A), or use a larger --spacing-A"
        )
    said += [
        f"the level {surface.level_per_A3:g} 1/A^3 is above the maximum, {record.maximum_per_A3:.3g}: nothing is inside"
        for surface in record.isosurfaces
        if surface.level_per_A3 > record.maximum_per_A3
    ]
    return said


def _says(record: DensityRecord) -> list[str]:
    where = f": {record.directory / record.files['chgcar']}" if record.directory is not None else ""
    lines = [f"{record.n_ions} {record.specie} on a grid of {' x '.join(map(str, record.grid))}{where}"]
    lines += [
        f"above {surface.level_per_A3:.3g} 1/A^3: {100 * surface.ion_share.value:.0f} % of the ions in "
        f"{100 * surface.volume_share:.1f} % of the cell"
        for surface in record.isosurfaces
    ]
    for barrier in record.free_energy.barriers if record.free_energy else ():
        height = barrier.barrier_eV
        lines.append(
            f"barrier {barrier.direction}: "
            + (f"{height.value:.3f} +- {height.std:.3f} eV" if height is not None else barrier.reason)
        )
    return lines


STUDY = Study(
    command="density",
    arguments=(TRAJECTORIES,),
    settings=DensitySettings,
    record=DensityRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    example="paddlewheel density runs/o-nbh --temperature 600 --out runs/o-nbh-density",
    notes="""
    Frames of several runs are added, laid over each other by their frameworks. Without a run directory nothing is
    written, and only the figures are at hand; with one there are the files of VESTA and ParaView too.
    """,
)
