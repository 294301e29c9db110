"""`density`: where the mobile ions are, the free energy of it, and the ways through the cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.crystals import guess_mobile_specie
from paddlewheel.crystals.space_group import SpaceGroup
from paddlewheel.errors import SettingsError, TrajectoryError
from paddlewheel.records import Measured
from paddlewheel.studies.density.files import write_density
from paddlewheel.studies.density.free_energy import free_energy_result
from paddlewheel.studies.density.mean_framework import (
    MeanFramework,
    mean_framework,
)
from paddlewheel.studies.density.record import (
    DensityRecord,
    DensitySymmetry,
    IsoSurface,
)
from paddlewheel.studies.density.symmetry import (
    FRAMEWORK,
    space_group_of,
)
from paddlewheel.studies.motion.choices import (
    check_temperatures,
)
from paddlewheel.studies.motion.runs import (
    MotionRuns,
    Trajectories,
    open_runs,
    run_directory,
)
from paddlewheel.study.citations import density_citations
from paddlewheel.study.run_directory import check_directory
from paddlewheel.transport.density import DEFAULT_SPACING_A, DensityCounter, IonDensity, check_counts, grid_shape
from paddlewheel.transport.density_symmetry import grid_constraints, orbits_on_grid
from paddlewheel.transport.free_energy import DEFAULT_SMOOTHING_A, free_energy

DEFAULT_SHARES = (0.9, 0.5)
"""Shares of the ions that the iso-surfaces hold where no level is asked for."""
_WARN_CELL_CHANGE = 0.03
_FEW_SAMPLES = 3.0


def density(
    trajectories: Trajectories,
    *,
    specie: str | None = None,
    temperature_K: float | None = None,
    spacing_A: float = DEFAULT_SPACING_A,
    smoothing_A: float = DEFAULT_SMOOTHING_A,
    iso_per_A3: Sequence[float] = (),
    symmetry: str | Path | None = None,
    tolerance_A: float = 0.3,
    with_free_energy: bool | None = None,
    frame_interval_fs: float | None = None,
    type_map: Mapping[int, str] | None = None,
    skip_ps: float = 0.0,
    out: str | Path | None = None,
) -> DensityRecord:
    """Probability density of the mobile ions in the mean cell, iso-surfaces, free energy, percolation and paths.

    Parameters
    ----------
    trajectories
        One or several of the same material: their frames are added, laid over each other by their frameworks.
    specie
        Mobile ion; asked for where the chemistry leaves doubt.
    temperature_K
        Of the runs; a free energy needs it.
    spacing_A
        Largest grid step along each cell vector.
    smoothing_A
        Standard deviation of the Gaussian that density and free energy are smoothed by; 0 for counts as they are.
    iso_per_A3
        Levels of iso-surfaces, 1/A^3; those that hold 90 % and 50 % of the ions by default.
    symmetry
        "framework", or a structure (file or built-in name) whose framework's space group the density is averaged over.
    tolerance_A
        How far the mean framework may be from a space group.
    with_free_energy
        Whether the free energy is wanted; by default where the temperature is given.
    frame_interval_fs, type_map, skip_ps
        As `open_runs` takes them.
    out
        Run directory for the record, files and the report; nothing is written without it.

    Raises
    ------
    InputError
        For bad settings, an absent specie, a cell that changes shape without bound, or a directory that holds
        something else.

    Examples
    --------
    >>> from paddlewheel import density
    >>> density("runs/o-nbh/trajectories/T=600K.zarr", temperature_K=600).maximum_per_A3  # doctest: +SKIP
    """
    if temperature_K is not None:
        check_temperatures([temperature_K], arrhenius=False)
    elif with_free_energy:
        raise SettingsError("a free energy needs the temperature", where="temperature", remedy="give it in K")
    if bad := [level for level in iso_per_A3 if not (np.isfinite(level) and level > 0)]:
        raise SettingsError(f"{bad[0]:g} 1/A^3 is no density", where="iso", remedy="give levels above 0")
    if not (np.isfinite(smoothing_A) and smoothing_A >= 0):
        raise SettingsError(f"{smoothing_A:g} A", where="smoothing", remedy="give a length of 0 or more")
    if not (np.isfinite(tolerance_A) and tolerance_A > 0):
        raise SettingsError(f"{tolerance_A:g} A", where="tolerance", remedy="give a length above 0")
    runs = open_runs(trajectories, frame_interval_fs=frame_interval_fs, type_map=type_map, skip_ps=skip_ps)
    ion = _ion(runs, specie)
    inputs = runs.inputs()
    settings: dict[str, Any] = {
        "command": "density",
        "specie": ion,
        "temperature_K": temperature_K,
        "spacing_A": spacing_A,
        "smoothing_A": smoothing_A,
        "iso_per_A3": [float(level) for level in iso_per_A3],
        "symmetry": None if symmetry is None else str(symmetry),
        "tolerance_A": tolerance_A,
        "free_energy": temperature_K is not None and with_free_energy is not False,
        "skip_ps": skip_ps,
        "trajectories": [one.model_dump() for one in inputs],
    }
    if out is not None:
        check_directory(Path(out), settings)
    mean = mean_framework(runs, specie=ion)
    group = None
    if symmetry is not None:
        group = space_group_of(mean, specie=ion, source=str(symmetry), tolerance_A=tolerance_A)
        mean = mean.counted_from(group.origin)
    counted, symmetry_result = _count(runs, mean, ion, spacing_A, group, str(symmetry), tolerance_A)
    values = counted.total(smoothing_A=smoothing_A)
    found = (
        free_energy(counted, temperature_K=temperature_K, smoothing_A=smoothing_A)
        if temperature_K is not None and with_free_energy is not False
        else None
    )
    visited = counted.by_block.any(axis=0)
    record = DensityRecord(
        **runs.common_fields(settings, inputs),
        specie=ion,
        temperature_K=temperature_K,
        n_ions=counted.n_ions,
        mean_cell_A=tuple(tuple(float(x) for x in row) for row in mean.cell_A),  # type: ignore[arg-type]
        largest_cell_change=mean.cell_change,
        grid=counted.shape,
        voxel_A3=counted.voxel_A3,
        smoothing_A=smoothing_A,
        integral_ions=float(values.sum() * counted.voxel_A3),
        maximum_per_A3=float(values.max()),
        samples_per_visited_voxel=float(counted.n_frames * counted.n_ions / visited.sum()),
        symmetry=symmetry_result,
        isosurfaces=_isosurfaces(counted, values, smoothing_A, iso_per_A3),
        free_energy=free_energy_result(counted, found) if found is not None else None,
        citations=density_citations(symmetrized=group is not None),
    )
    record.warnings += _warnings(record)
    with run_directory(out, settings) as directory:
        if directory is not None:
            write_density(record, counted=counted, values=values, mean=mean, found=found, directory=directory)
    return record


def _ion(runs: MotionRuns, specie: str | None) -> str:
    present = sorted(set(runs.runs[0].symbols))
    if specie is None:
        specie = guess_mobile_specie(runs.cell)
        if specie is None:
            raise SettingsError(
                f"the mobile ion among {', '.join(present)} is not obvious", where="specie", remedy="give --specie"
            )
    if specie not in present:
        raise TrajectoryError(
            f"no '{specie}' in it (there are {', '.join(present)})",
            where=runs.runs[0].source,
            remedy="name one of them with --specie",
        )
    return specie


def _count(
    runs: MotionRuns,
    mean: MeanFramework,
    specie: str,
    spacing_A: float,
    group: SpaceGroup | None,
    source: str,
    tolerance_A: float,
) -> tuple[IonDensity, DensitySymmetry | None]:
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
    if group is None:
        return counted, None
    averaged = counted.symmetrized(orbits_on_grid(group.rotations, group.translations, counted.shape))
    width = DEFAULT_SMOOTHING_A  # counts as they are differ by their noise alone
    apart = np.abs(averaged.total(smoothing_A=width) - counted.total(smoothing_A=width)).sum() * counted.voxel_A3
    return averaged, DensitySymmetry(
        symbol=group.symbol,
        number=group.number,
        n_operations=group.n_operations,
        source="mean framework" if source == FRAMEWORK else source,
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
        levels = [float(f"{ordered[np.searchsorted(inside, share)]:.3g}") for share in DEFAULT_SHARES]
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
