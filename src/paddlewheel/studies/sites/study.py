"""`sites`: where the mobile ions rest, how long, and how they jump from site to site."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from paddlewheel.crystals import guess_mobile_specie, place_in_cell, read_site_list
from paddlewheel.errors import SettingsError, TrajectoryError
from paddlewheel.studies.motion.choices import (
    check_temperatures,
)
from paddlewheel.studies.motion.runs import (
    MotionRuns,
    Trajectories,
    open_runs,
    run_directory,
)
from paddlewheel.studies.sites.files import write_sites_run
from paddlewheel.studies.sites.framework_symmetry import framework_symmetry
from paddlewheel.studies.sites.record import SitesRecord
from paddlewheel.studies.sites.results import (
    Placed,
    sites_record,
)
from paddlewheel.trajectories import Displacements, displacements
from paddlewheel.transport.sites import (
    MINIMUM_DISTANCE_A,
    Sites,
    assign,
    check_overlap,
    core_radii_A,
    find_sites,
    group_by_symmetry,
)

FamiliesBy = Literal["label", "symmetry", "site"]
LARGEST_CELL_SCATTER = 0.05
"""Standard deviation of a lattice parameter or of the volume, relative: a solid of 100 atoms stays under 0.02."""
_SAME_SITE_A = 0.8
"""How far from the image of a site its equivalent may be: found from a finite run, sites are not exact."""


def sites(
    trajectories: Trajectories,
    *,
    specie: str | None = None,
    temperature_K: float | None = None,
    sites: str | Path | Sites | None = None,
    families: FamiliesBy | None = None,
    core_radius_A: float | None = None,
    smoothing_A: float = 0.3,
    barrier_kT: float = 0.5,
    minimum_population: float = 0.02,
    minimum_distance_A: float = MINIMUM_DISTANCE_A,
    drift: Literal["framework", "all", "none"] = "framework",
    frame_interval_fs: float | None = None,
    type_map: Mapping[int, str] | None = None,
    skip_ps: float = 0.0,
    out: str | Path | None = None,
) -> SitesRecord:
    """Sites of the mobile ions, occupancies, residence times, jumps, jump diffusivity and correlation factor.

    Sites are fractional coordinates of the mean cell. An ion belongs to the site whose core it visited last, and a jump
    is its arrival in another core (see `transport.sites.assignment` for the definition and its limits).

    Parameters
    ----------
    trajectories
        One or several of the same material in the same cell; files are read by `read_trajectory`.
    specie
        The mobile ion; asked for where the chemistry leaves doubt.
    temperature_K
        Of the runs; only for the activation free energies of the jumps.
    sites
        A list of sites (see `crystals.read_site_list`): a structure file, a text file, a built-in name such as
        ``o-nbh``; or `Sites`. Without it they are the maxima of the ions' density (`transport.sites.find_sites`).
    families
        Which sites are equivalent: those of one ``label``, those that the ``symmetry`` of the framework's mean
        positions relates (spglib), or each ``site`` by itself. By default the label of a list, and symmetry otherwise.
    core_radius_A
        Radius of all cores; by default a quarter of the distance from each site to its nearest other.
    smoothing_A, barrier_kT, minimum_population
        How maxima of the density are told from noise; as in `find_sites`.
    minimum_distance_A
        Sites nearer to each other are refused (of a density: the lower one is left out).
    drift
        Which drift is removed: ``framework`` (all other atoms, mass-weighted), ``all`` or ``none``.
    frame_interval_fs, type_map
        For files that do not say, as `read_trajectory` takes them.
    skip_ps
        Time left out at the start of each run.
    out
        Run directory for the record, tables and the report; nothing is written without it.

    Raises
    ------
    InputError
        For bad settings, an absent specie, sites that overlap or do not fit the cell, a cell that does not keep its
        shape, too few frames, or a directory that holds something else.

    Examples
    --------
    >>> from paddlewheel import sites
    >>> record = sites("o-nbh.zarr", specie="Na", temperature_K=700)  # doctest: +SKIP
    >>> [(one.name, one.n_sites, one.occupancy_seen) for one in record.families]  # doctest: +SKIP
    """
    if temperature_K is not None:
        check_temperatures([temperature_K], arrhenius=False)
    if families is not None and families not in get_args(FamiliesBy):
        raise SettingsError(f"'{families}'", where="families", remedy="use label, symmetry or site")
    if not (np.isfinite(minimum_distance_A) and minimum_distance_A > 0):
        raise SettingsError(f"{minimum_distance_A:g} A", where="minimum distance", remedy="give a positive distance")
    runs = open_runs(trajectories, frame_interval_fs=frame_interval_fs, type_map=type_map, skip_ps=skip_ps)
    ion = _specie(runs, specie)
    paths = [displacements(run, specie=ion, drift=drift) for run in runs.runs]
    cell, positions = _common_cell(runs, paths)

    placed = _given(sites, ion, cell) if sites is not None else None
    if placed is None:
        found = find_sites(
            positions, cell_A=cell, symbol=ion, smoothing_A=smoothing_A, barrier_kT=barrier_kT,
            minimum_population=minimum_population, minimum_distance_A=minimum_distance_A,
        )  # fmt: skip
        placed = Placed(found, "density", "site", None, None)
    check_overlap(placed.sites, minimum_distance_A=minimum_distance_A)
    placed = _in_families(placed, families or ("symmetry" if sites is None else "label"), runs, ion)
    radii = core_radii_A(placed.sites, core_radius_A=core_radius_A)
    assignment = assign(positions, sites=placed.sites, radii_A=radii, frame_interval_fs=runs.frame_interval_fs)

    inputs = runs.inputs()
    settings: dict[str, Any] = {
        "command": "sites",
        "specie": ion,
        "temperature_K": temperature_K,
        "sites": _named(sites),
        "families": placed.families_by,
        "core_radius_A": core_radius_A,
        "smoothing_A": smoothing_A,
        "barrier_kT": barrier_kT,
        "minimum_population": minimum_population,
        "minimum_distance_A": minimum_distance_A,
        "drift": drift,
        "skip_ps": skip_ps,
        "trajectories": [one.model_dump() for one in inputs],
    }
    record, jumps, curves = sites_record(
        assignment, placed, specie=ion, temperature_K=temperature_K, common=runs.common_fields(settings, inputs)
    )
    with run_directory(out, settings) as directory:
        if directory is not None:
            write_sites_run(
                record, assignment=assignment, jumps=jumps, curves=curves, indices=paths[0].indices, directory=directory
            )
    return record


def _specie(runs: MotionRuns, specie: str | None) -> str:
    symbols = sorted(set(runs.cell.get_chemical_symbols()))
    chosen = specie or guess_mobile_specie(runs.cell)
    if chosen is None:
        raise SettingsError(f"the mobile ion among {', '.join(symbols)} is not obvious", where="specie",
                            remedy="give --specie")  # fmt: skip
    if chosen not in symbols:
        raise TrajectoryError(f"no '{chosen}' in it (there are {', '.join(symbols)})", where=runs.runs[0].source,
                              remedy="name one of them with --specie")  # fmt: skip
    return chosen


def _common_cell(runs: MotionRuns, paths: list[Displacements]) -> tuple[np.ndarray, list[np.ndarray]]:
    """The mean cell of all runs, and the positions of each in it; a cell that does not keep its shape is refused."""
    for run, path in zip(runs.runs, paths, strict=True):
        scatter = max(
            float((path.cell_lengths_std_A / path.cell_lengths_mean_A).max()),
            float(path.volumes_A3.std() / path.mean_volume_A3),
        )
        if scatter > LARGEST_CELL_SCATTER:
            raise TrajectoryError(
                f"the cell does not keep its shape: a length or the volume scatters by {100 * scatter:.0f} % (at most "
                f"{100 * LARGEST_CELL_SCATTER:.0f} %), so that a density in the mean cell means nothing",
                where=run.source,
                remedy="leave out the start with --skip-ps, or give a run of a solid",
            )
    weights = np.array([path.n_frames for path in paths], dtype=float)
    cell = np.einsum("r,rij->ij", weights / weights.sum(), np.stack([path.mean_cell_A for path in paths]))
    if len(paths) == 1:
        return cell, [paths[0].positions_A]
    for run, path in zip(runs.runs, paths, strict=True):
        change = np.linalg.norm(path.mean_cell_A - cell, axis=1) / np.linalg.norm(cell, axis=1)
        if change.max() > LARGEST_CELL_SCATTER:
            raise TrajectoryError(
                f"its cell differs by {100 * change.max():.0f} % from the mean of all runs", where=run.source,
                remedy="analyse runs of different cells apart",
            )  # fmt: skip
    return cell, [path.positions_A @ np.linalg.inv(path.mean_cell_A) @ cell for path in paths]


def _given(sites: str | Path | Sites, ion: str, cell: np.ndarray) -> Placed:
    if isinstance(sites, Sites):
        return Placed(Sites(sites.fractional, cell, sites.labels, sites.families), "given", "label", None, None)
    found = read_site_list(sites, specie=ion)
    placed = place_in_cell(found, cell)
    return Placed(
        Sites(placed.fractional, cell, placed.labels, placed.families), Path(sites).name, "label", None, placed.repeats
    )


def _in_families(placed: Placed, families: FamiliesBy, runs: MotionRuns, ion: str) -> Placed:
    if families == "symmetry":
        symmetry = framework_symmetry(runs, mobile=ion, cell_A=placed.sites.cell_A)
        if symmetry is not None and len(symmetry.rotations) > 1:
            grouped = group_by_symmetry(
                placed.sites, rotations=symmetry.rotations, translations=symmetry.translations,
                tolerance_A=_SAME_SITE_A, symbol=ion,
            )  # fmt: skip
            return Placed(grouped, placed.source, "symmetry", symmetry.space_group, placed.repeats)
        return _each_its_own(placed, "P1")
    if families == "site":
        return _each_its_own(placed, None)
    return Placed(placed.sites, placed.source, "label", None, placed.repeats)


def _each_its_own(placed: Placed, space_group: str | None) -> Placed:
    sites = Sites(placed.sites.fractional, placed.sites.cell_A, placed.sites.labels, placed.sites.labels)
    return Placed(sites, placed.source, "site", space_group, placed.repeats)


def _named(sites: str | Path | Sites | None) -> Any:
    """A list of sites in the settings: its name, and the sha256 of what it says."""
    if sites is None:
        return "density"
    if isinstance(sites, Sites):
        return {"given": hashlib.sha256(sites.fractional.tobytes()).hexdigest()}
    path = Path(sites)
    return {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None}
