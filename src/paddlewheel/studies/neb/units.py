"""Units of work of `neb`: the place of an extra ion, a hop, and all hops of a structure in a framework at rest."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.barriers.band import Profile, Saddle
from paddlewheel.barriers.computed import (
    WITH_A_BARRIER,
    BandSettings,
    ComputedHop,
    HopStatus,
    Keep,
    compute_hop,
)
from paddlewheel.barriers.ends import Ends, interstitial_ends, vacancy_ends
from paddlewheel.barriers.given import MatchedPath, given_ends
from paddlewheel.barriers.hops import Hop, Hops, hops_between
from paddlewheel.barriers.network import Level, percolation_levels
from paddlewheel.barriers.sites import Sites, lattice_sites, site_maps
from paddlewheel.crystals.space_group import SpaceGroup, find_space_group
from paddlewheel.errors import StructureError, writing
from paddlewheel.execution import DriverWatch, Unit
from paddlewheel.studies.simulation.md_unit import structure_document, unit_atoms
from paddlewheel.studies.simulation.potentials import unit_potential
from paddlewheel.training.dataset import format_frames

if TYPE_CHECKING:
    from ase import Atoms

HOP_TASK = "paddlewheel.studies.neb.units:run_hop_unit"
SCREEN_TASK = "paddlewheel.studies.neb.units:run_screen_unit"
SYMMETRY_TOLERANCE_A = 0.03
"""Structures come relaxed to 0.1 eV/A or rounded to three digits: their groups are found within this."""
_MOST_IMAGES = 3_000_000
"""Of the atoms under all operations of the group: some 10 s of work."""
_KEEP_EVERY_S = 5.0
_PATH = "path.extxyz"
_SCREEN = BandSettings(n_images=3, fmax_eV_per_A=0.1, most_steps=150, framework_moves=False)


def space_group_of(cell: Atoms) -> SpaceGroup:
    """The group of a crystal.

    Raises
    ------
    StructureError
        If it is a large supercell, whose many translations would be followed for nothing.
    """
    group = find_space_group(
        cell.cell.array, cell.get_scaled_positions(), cell.numbers.tolist(), tolerance_A=SYMMETRY_TOLERANCE_A
    )
    if len(group.rotations) * len(cell) > _MOST_IMAGES:
        same = sum(np.array_equal(rotation, np.eye(3, dtype=int)) for rotation in group.rotations)
        raise StructureError(
            f"its {len(cell)} atoms are {same} times the same {len(cell) // same}",
            where=cell.get_chemical_formula("metal"), remedy="give one unit cell, and repeat it by --supercell",
        )  # fmt: skip
    return group


def hop_unit(
    *,
    name: str,
    cell: Atoms,
    specie: str,
    repeats: tuple[int, int, int],
    hop: Hop,
    empty: np.ndarray | None,
    band: BandSettings,
    potential: dict[str, Any],
    directory: Path,
) -> Unit:
    """A unit that computes one hop.

    Parameters
    ----------
    cell
        One cell of the crystal, relaxed.
    empty
        Sites of the extra ion, fractional `[n, 3]`; None for a vacancy.
    """
    told = {
        "specie": specie, "repeats": list(repeats), "start": hop.start, "end": hop.end, "shift": list(hop.shift),
        "empty": None if empty is None else empty.tolist(),
    }  # fmt: skip
    contents = {
        "structure": structure_document(cell), "hop": told, "band": asdict(band), "n": band.most_steps,
        "potential": potential,
    }  # fmt: skip
    return Unit(name=name, contents=contents, run_directory=directory)


def path_unit(*, name: str, path: MatchedPath, band: BandSettings, potential: dict[str, Any], directory: Path) -> Unit:
    """A unit that computes the hop between two ends that were given."""
    contents = {
        "structure": structure_document(path.start), "hop": {"path_A": path.positions_A.tolist()},
        "band": asdict(band), "n": band.most_steps, "potential": potential,
    }  # fmt: skip
    return Unit(name=name, contents=contents, run_directory=directory)


def ends_of(cell: Atoms, hop: Mapping[str, Any]) -> Ends:
    """The ends of the hop of a unit."""
    if "path_A" in hop:
        return given_ends(cell, np.array(hop["path_A"]))
    repeats, shift = tuple(hop["repeats"]), tuple(hop["shift"])
    if hop["empty"] is None:
        return vacancy_ends(cell, repeats, specie=hop["specie"], start=hop["start"], end=hop["end"], shift=shift)
    return interstitial_ends(
        cell, repeats, specie=hop["specie"], sites=np.array(hop["empty"]), start=hop["start"], end=hop["end"],
        shift=shift,
    )  # fmt: skip


def run_hop_unit(unit: Unit, watch: DriverWatch, threads: int) -> bool:
    """Relax both ends of a hop, then its band; True when finished, False when it stopped at a checkpoint.

    Raises
    ------
    PotentialError
        If the potential changed since the unit was made.
    RunDirectoryError
        If the disk is full.
    """
    band = BandSettings(**unit.contents["band"])
    ends = ends_of(unit_atoms(unit), unit.contents["hop"])
    calculator = unit_potential(unit)
    next_keep = time.monotonic() + _KEEP_EVERY_S

    def told(steps: int, keep: Keep) -> bool:
        nonlocal next_keep
        stop = watch.should_stop()
        if stop or time.monotonic() >= next_keep:
            unit.write_checkpoint(keep())
            unit.write_progress({"status": "running", "done": steps, "of": band.most_steps})
            next_keep = time.monotonic() + _KEEP_EVERY_S
        return stop

    with writing(unit.folder):
        done = compute_hop(ends, calculator, settings=band, watch=told, kept=unit.checkpoint())
        if done is None:
            return False
        path = unit.folder / _PATH
        frames = [_plain(image) for image in done.images]
        path.write_text(format_frames(frames) if frames else "", encoding="utf-8")
        unit.write_result(_document(done), files=[path])
    return True


def _plain(image: Atoms) -> Atoms:
    """An image with its energy and forces, and nothing else of the calculator."""
    from ase.calculators.singlepoint import SinglePointCalculator

    copied = image.copy()
    copied.set_constraint()
    copied.calc = SinglePointCalculator(copied, energy=image.get_potential_energy(), forces=image.get_forces())
    return copied


def _document(done: ComputedHop) -> dict[str, Any]:
    told: dict[str, Any] = {"status": "done", "hop": done.status, "reason": done.reason, "n_steps": done.n_steps}
    if done.profile is not None and done.saddle is not None:
        told["profile"] = {
            name: [value if np.isfinite(value) else None for value in values.tolist()]
            for name, values in vars(done.profile).items()
        }
        told["saddle"] = {**asdict(done.saddle), "curvatures_eV_per_A2": list(done.saddle.curvatures_eV_per_A2)}
    return told


@dataclass(frozen=True, kw_only=True)
class FinishedHop:
    """What a finished unit of a hop holds."""

    status: HopStatus
    reason: str | None
    n_steps: int
    profile: Profile | None
    saddle: Saddle | None
    path: str

    @classmethod
    def of(cls, unit: Unit) -> FinishedHop:
        """The result of a unit."""
        result = unit.result()
        assert result is not None
        profile, saddle = result.get("profile"), result.get("saddle")
        return cls(
            status=result["hop"],
            reason=result["reason"],
            n_steps=result["n_steps"],
            profile=None
            if profile is None
            else Profile(**{name: np.array(row, dtype=float) for name, row in profile.items()}),
            saddle=None
            if saddle is None
            else Saddle(
                force_eV_per_A=saddle["force_eV_per_A"], std_eV=saddle["std_eV"],
                curvatures_eV_per_A2=tuple(saddle["curvatures_eV_per_A2"]),
            ),
            path=(unit.folder / _PATH).read_text(encoding="utf-8"),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Heights:
    """Energies (eV) of a hop's ends and saddle, on the scale of its supercell."""

    start_eV: float
    end_eV: float
    saddle_eV: float

    @classmethod
    def of(cls, profile: Profile) -> Heights:
        """Of a profile."""
        energy = profile.energy_eV
        return cls(start_eV=float(energy[0]), end_eV=float(energy[-1]), saddle_eV=float(energy.max()))


def defect_energies(
    sites: Sites, hops: Hops, heights: Mapping[int, Heights], *, vacancies: bool
) -> dict[int, list[float]]:
    """Energies (eV) of the supercell with its defect on a site of each family, from all ends of hops that are there.

    An extra ion is where it hops from, and then where it hops to; a vacancy is where the ion hops to, and then where
    it came from.
    """
    found: dict[int, list[float]] = {}
    for family, height in heights.items():
        hop = hops.first_of(family)
        at_start, at_end = (hop.end, hop.start) if vacancies else (hop.start, hop.end)
        for site, energy in ((at_start, height.start_eV), (at_end, height.end_eV)):
            found.setdefault(int(sites.family[site]), []).append(energy)
    return found


def levels_of(
    sites: Sites, hops: Hops, heights: Mapping[int, Heights], *, vacancies: bool
) -> tuple[np.ndarray, dict[str, Level]]:
    """Energies of the sites `[n_sites]` (nan where no hop with a barrier ends), and where each direction opens.

    `Level.edge` is turned into the family of the hop over the highest saddle.

    Parameters
    ----------
    heights
        Of the families that have a barrier.
    vacancies
        Whether vacancies hop, or extra ions (see `defect_energies`).
    """
    by_family = np.full(len(sites.names), np.nan)
    for family, values in defect_energies(sites, hops, heights, vacancies=vacancies).items():
        by_family[family] = min(values)
    energies = by_family[sites.family]
    open_hops = [hop for hop in hops.hops if hop.family in heights]
    levels = percolation_levels(
        len(sites),
        [hop.edge() for hop in open_hops],
        np.array([heights[hop.family].saddle_eV for hop in open_hops]),
        np.nan_to_num(energies, nan=np.inf),
    )
    turned = {
        name: Level(level_eV=level.level_eV, lowest_eV=level.lowest_eV, edge=open_hops[level.edge].family)
        for name, level in levels.items()
    }
    return energies, turned


def screen_unit(
    *, name: str, cell: Atoms, specie: str, repeats: tuple[int, int, int], farthest_A: float | None,
    potential: dict[str, Any], directory: Path,
) -> Unit:  # fmt: skip
    """A unit that computes all vacancy hops of a structure whose framework does not move."""
    contents = {
        "structure": structure_document(cell),
        "screen": {"specie": specie, "repeats": list(repeats), "farthest_A": farthest_A, **asdict(_SCREEN)},
        "n": 1,
        "potential": potential,
    }
    return Unit(name=name, contents=contents, run_directory=directory)


def run_screen_unit(unit: Unit, watch: DriverWatch, threads: int) -> bool:
    """All hops of a structure, the ion alone moving; True when finished, False when stopped (nothing is kept then).

    Raises
    ------
    PotentialError
        If the potential changed since the unit was made.
    RunDirectoryError
        If the disk is full.
    """
    cell, wanted = unit_atoms(unit), unit.contents["screen"]
    began = time.monotonic()
    group = space_group_of(cell)
    sites = lattice_sites(cell, group, specie=wanted["specie"])
    hops = hops_between(sites, site_maps(sites, group, cell.cell.array), cell.cell.array,
                        farthest_A=wanted["farthest_A"])  # fmt: skip
    calculator = unit_potential(unit)
    heights: dict[int, Heights] = {}
    refused = 0
    families = range(len(hops.symmetric))
    for family in families:
        hop = hops.first_of(family)
        ends = vacancy_ends(
            cell, tuple(wanted["repeats"]), specie=wanted["specie"], start=hop.start, end=hop.end, shift=hop.shift
        )
        done = compute_hop(ends, calculator, settings=_SCREEN, watch=lambda _steps, _keep: watch.should_stop())
        if done is None:
            return False
        if done.profile is not None and done.status in WITH_A_BARRIER:
            heights[family] = Heights.of(done.profile)
        else:
            refused += 1
        unit.write_progress({"status": "running", "done": family + 1, "of": len(families)})
    _, levels = levels_of(sites, hops, heights, vacancies=True)
    with writing(unit.folder):
        unit.write_result(
            {
                "status": "done",
                "n_sites": len(sites.names),
                "n_hops": len(families),
                "n_hops_refused": refused,
                "barriers_eV": {name: level.barrier_eV for name, level in levels.items()},
                "seconds": time.monotonic() - began,
            }
        )
    return True
