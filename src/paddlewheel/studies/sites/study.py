"""`sites`: where the mobile ions rest, how long, and how they jump from site to site."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.crystals import place_in_cell, read_site_list
from paddlewheel.crystals.library import builtin_sites_path
from paddlewheel.errors import TrajectoryError
from paddlewheel.potentials.fetch import sha256_of
from paddlewheel.studies.motion.choices import mobile_ion
from paddlewheel.studies.motion.runs import MotionRuns, Trajectories, open_runs
from paddlewheel.studies.motion.settings import TRAJECTORIES, DriftSettings
from paddlewheel.studies.sites.framework_symmetry import Symmetry, framework_symmetry
from paddlewheel.studies.sites.page import headline, occupancy, residence
from paddlewheel.studies.sites.record import FamiliesBy, SitesRecord
from paddlewheel.studies.sites.results import Placed, sites_record
from paddlewheel.study.run import Run
from paddlewheel.study.settings import setting
from paddlewheel.study.study import Study
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

LARGEST_CELL_SCATTER = 0.05
"""Standard deviation of a lattice parameter or of the volume, relative: a solid of 100 atoms stays under 0.02."""
_SAME_SITE_A = 0.8
"""How far from the image of a site its equivalent may be: found from a finite run, sites are not exact."""
_MOST_FAMILIES = 12


class SitesSettings(DriftSettings):
    """Settings of `sites`."""

    sites: str | Path | Sites | None = setting(
        None,
        "List of sites: a structure file, a text file of 'label x y z', or a built-in name (o-nbh); "
        "without it, the maxima of the ions' density",
    )
    families: FamiliesBy | None = setting(
        None, "Which sites are equivalent; by default by label of a list, and by the framework's symmetry otherwise"
    )
    core_radius_A: float | None = setting(
        None,
        "Radius of all cores, A; by default a quarter of the way from each site to the nearest other",
        gt=0,
        aliases=("core-radius",),
    )
    smoothing_A: float = setting(
        0.3,
        "Standard deviation of the Gaussian that smooths the density, A",
        gt=0,
        aliases=("smoothing",),
        only_with={"sites": False},
    )
    barrier_kT: float = setting(
        0.5,
        "Free energy between two maxima, below which they are one site, kT",
        gt=0,
        aliases=("barrier",),
        only_with={"sites": False},
    )
    minimum_population: float = setting(
        0.02, "Least mean number of ions on a maximum", gt=0, le=1e3, only_with={"sites": False}
    )
    minimum_distance_A: float = setting(
        MINIMUM_DISTANCE_A, "Sites nearer to each other than this overlap, A", gt=0, aliases=("minimum-distance",)
    )


@dataclass(frozen=True, kw_only=True)
class SitesInputs:
    """The ions' paths in one mean cell, and what their sites are taken from.

    Attributes
    ----------
    positions_A, indices
        Of each run, `[n_frames, n_ions, 3]`, in the mean cell of all; indices of the ions in the trajectory.
    listed
        The sites of a list; None where they are to be found.
    families, symmetry
        Which sites are equivalent, and of the framework where that decides.
    """

    runs: MotionRuns
    specie: str
    cell_A: np.ndarray
    positions_A: list[np.ndarray]
    indices: np.ndarray
    listed: Placed | None
    given: str | Path | Sites | None
    families: FamiliesBy
    symmetry: Symmetry | None

    def document(self) -> dict[str, Any]:
        """What was resolved, and trajectories and sites by their content."""
        return {
            "specie": self.specie,
            **_by_content(self.given),
            "families": self.families,
            **self.runs.document(),
        }


def _opens(trajectories: Trajectories, settings: SitesSettings) -> SitesInputs:
    runs = open_runs(trajectories, settings)
    ion = mobile_ion(runs)
    paths = [displacements(run, specie=ion, drift=settings.drift) for run in runs.runs]
    cell, positions = _common_cell(runs, paths)
    listed = None if settings.sites is None else _listed(settings.sites, ion, cell)
    if listed is not None:
        check_overlap(listed.sites, minimum_distance_A=settings.minimum_distance_A)
    families, symmetry = settings.families or ("symmetry" if listed is None else "label"), None
    if families == "symmetry":
        symmetry = framework_symmetry(runs, mobile=ion, cell_A=cell)
        if symmetry is None or len(symmetry.rotations) == 1:
            families, symmetry = "site", Symmetry.absent()
    return SitesInputs(
        runs=runs,
        specie=ion,
        cell_A=cell,
        positions_A=positions,
        indices=paths[0].indices,
        listed=listed,
        given=settings.sites,
        families=families,
        symmetry=symmetry,
    )


def _measures(inputs: SitesInputs, settings: SitesSettings, run: Run) -> SitesRecord:
    runs, placed = inputs.runs, inputs.listed
    if placed is None:
        found = find_sites(
            inputs.positions_A, cell_A=inputs.cell_A, symbol=inputs.specie, smoothing_A=settings.smoothing_A,
            barrier_kT=settings.barrier_kT, minimum_population=settings.minimum_population,
            minimum_distance_A=settings.minimum_distance_A,
        )  # fmt: skip
        check_overlap(found, minimum_distance_A=settings.minimum_distance_A)
        placed = Placed(found, "density", "site", None, None)
    placed = _in_families(placed, inputs)
    radii = core_radii_A(placed.sites, core_radius_A=settings.core_radius_A)
    assignment = assign(inputs.positions_A, sites=placed.sites, radii_A=radii, frame_interval_fs=runs.frame_interval_fs)
    common = {**runs.common_fields(run), "specie": inputs.specie}
    record = sites_record(assignment, placed, run, indices=inputs.indices, common=common)
    record.warnings[:0] = runs.warnings
    return record


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


def _listed(sites: str | Path | Sites, ion: str, cell: np.ndarray) -> Placed:
    if isinstance(sites, Sites):
        return Placed(Sites(sites.fractional, cell, sites.labels, sites.families), "given", "label", None, None)
    placed = place_in_cell(read_site_list(sites, specie=ion), cell)
    found = Sites(placed.fractional, cell, placed.labels, placed.families)
    return Placed(found, Path(sites).name, "label", None, placed.repeats)


def _in_families(placed: Placed, inputs: SitesInputs) -> Placed:
    symmetry, sites = inputs.symmetry, placed.sites
    space_group = None if symmetry is None else symmetry.space_group
    if inputs.families == "symmetry" and symmetry is not None:
        sites = group_by_symmetry(
            sites, rotations=symmetry.rotations, translations=symmetry.translations, tolerance_A=_SAME_SITE_A,
            symbol=inputs.specie,
        )  # fmt: skip
    elif inputs.families == "site":
        sites = Sites(sites.fractional, sites.cell_A, sites.labels, sites.labels)
    return Placed(sites, placed.source, inputs.families, space_group, placed.repeats)


def _by_content(sites: str | Path | Sites | None) -> dict[str, Any]:
    """The list of sites as `inputs.yaml` holds it: by its name and the sha256 of what it says."""
    if sites is None:
        return {"sites": "density"}
    if isinstance(sites, Sites):
        names = "\n".join([*sites.labels, *sites.families])
        return {
            "sites": {"given": hashlib.sha256(sites.fractional.tobytes()).hexdigest()},
            "site_names": hashlib.sha256(names.encode()).hexdigest(),
        }
    builtin = builtin_sites_path(sites) if isinstance(sites, str) else None
    return {"sites": {"name": Path(sites).name, "sha256": sha256_of(builtin or Path(sites))}}


def _says(record: SitesRecord) -> list[str]:
    lines = [headline(record)]
    lines += [
        f"  {family.name}: {family.n_sites} sites, occupancy {occupancy(family)}, residence {residence(family)}"
        for family in record.families[:_MOST_FAMILIES]
    ]
    left = len(record.families) - _MOST_FAMILIES
    return [*lines, f"  ... and {left} more families"] if left > 0 else lines


STUDY = Study(
    command="sites",
    arguments=(TRAJECTORIES,),
    settings=SitesSettings,
    record=SitesRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    unsaid=("site_names",),
    example="paddlewheel sites runs/o-nbh --temperature 700 --sites o-nbh",
    notes="""
    Sites are fractional coordinates of the mean cell. An ion belongs to the site whose core it visited last, and a jump
    is its arrival in another core. The temperature is needed for the activation free energies of the jumps alone.
    """,
)
