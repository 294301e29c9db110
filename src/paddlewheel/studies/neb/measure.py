"""The work of `neb` on one crystal: relaxed, its sites found, its hops computed, the record made."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.barriers.computed import WITH_A_BARRIER
from paddlewheel.barriers.given import MatchedPath
from paddlewheel.barriers.hops import Hop, Hops, hops_between
from paddlewheel.barriers.network import Level
from paddlewheel.barriers.sites import Sites, lattice_sites, nearest_site, orbits_of, site_maps, void_sites
from paddlewheel.crystals.space_group import SpaceGroup
from paddlewheel.errors import ScienceError
from paddlewheel.execution import Unit
from paddlewheel.records import Citation, Measured
from paddlewheel.studies.neb.record import (
    PROFILES,
    SPLINES,
    Direction,
    DroppedSite,
    NebEndsRecord,
    NebHop,
    NebMovedAtom,
    NebPercolation,
    NebRecord,
    NebSite,
)
from paddlewheel.studies.neb.settings import (
    NEAR_IMAGE_A,
    EndsInputs,
    NebInputs,
    NebSettings,
    defect_distance_A,
    with_ion,
)
from paddlewheel.studies.neb.units import (
    HOP_TASK,
    SYMMETRY_TOLERANCE_A,
    FinishedHop,
    Heights,
    defect_energies,
    hop_unit,
    levels_of,
    path_unit,
    space_group_of,
)
from paddlewheel.studies.simulation.potentials import potential_citations, potential_note
from paddlewheel.studies.simulation.relaxation import RELAX_TASK, relax_unit, relaxed_atoms
from paddlewheel.studies.simulation.structures import cell_digest
from paddlewheel.study.run import Run
from paddlewheel.study.stage import failed_units

if TYPE_CHECKING:
    from ase import Atoms

DIRECTIONS: tuple[Direction, ...] = ("a", "b", "c", "1D", "2D", "3D")
SMALLEST_VOID_A = 1.2
"""No ion of interest has its nearest neighbour closer: not even Li beside H."""
MOST_VOIDS = 12
_FINE_STEPS = 1000
_DISAGREE_eV = 0.02
"""Ends that are one site by symmetry and differ by more have relaxed in different ways."""
_REST_eV = 0.05
"""Minima on the way that are less below the ends, about two kT at room temperature, hold no ion for long."""
_SAME_ENERGY_eV = 1.0
"""Places for an extra ion that are higher than the lowest by more take no part in its motion."""

CITATIONS = (
    Citation(
        what="climbing-image nudged elastic band", reference="Henkelman, Uberuaga, Jonsson, J. Chem. Phys. 113, 9901",
        doi="10.1063/1.1329672",
    ),
    Citation(
        what="improved tangents of the band", reference="Henkelman, Jonsson, J. Chem. Phys. 113, 9978 (2000)",
        doi="10.1063/1.1323224",
    ),
    Citation(
        what="first path (image-dependent pair potential)",
        reference="Smidstrup, Pedersen, Stokbro, Jonsson, J. Chem. Phys. 140, 214106 (2014)", doi="10.1063/1.4878664",
    ),
    Citation(
        what="bands and relaxations (ASE)", reference="Larsen et al., J. Phys.: Condens. Matter 29, 273002 (2017)",
        doi="10.1088/1361-648X/aa680e",
    ),
    Citation(
        what="space groups (spglib)",
        reference="Togo, Shinohara, Tanaka, Sci. Technol. Adv. Mater. Methods 4, 2384822 (2024)",
        doi="10.1080/27660400.2024.2384822",
    ),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Found:
    """Sites and hops of the relaxed crystal; `empty` are the sites of an extra ion, fractional, or None."""

    cell: Atoms
    group: SpaceGroup
    sites: Sites
    hops: Hops
    empty: np.ndarray | None
    dropped: tuple[DroppedSite, ...] = ()

    def names(self) -> list[str]:
        """Of the families of hops: ``Li1-Li2``, a second one between the same sites ``Li1-Li2.2``."""
        seen, names = Counter[str](), []
        for family in range(len(self.hops.symmetric)):
            hop = self.hops.first_of(family)
            name = f"{self._site(hop.start)}-{self._site(hop.end)}"
            seen[name] += 1
            names.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
        return names

    def _site(self, site: int) -> str:
        return self.sites.names[self.sites.family[site]]

    def ends(self, hop: Hop) -> tuple[str, str]:
        """Names of the sites of a hop."""
        return self._site(hop.start), self._site(hop.end)


def lattice_found(cell: Atoms, specie: str, farthest_A: float | None) -> Found:
    """Vacancy hops of a crystal."""
    group = space_group_of(cell)
    sites = lattice_sites(cell, group, specie=specie)
    return _found(cell, group, sites, farthest_A, empty=None)


def void_found(inputs: NebInputs, cell: Atoms, farthest_A: float | None) -> Found:
    """Hops of an extra ion, between the empty places as they are before anything is relaxed."""
    group = space_group_of(cell)
    if inputs.given is not None:
        sites = orbits_of(inputs.given, group, cell.cell.array, prefix="s")
    else:
        sites = void_sites(cell, group, smallest_A=SMALLEST_VOID_A, most_families=MOST_VOIDS)
    if not len(sites):
        raise ScienceError(
            f"no empty place is {SMALLEST_VOID_A:g} A from every atom", where=inputs.name, remedy="give --sites"
        )
    return _found(cell, group, sites, farthest_A, empty=sites.fractional)


def _found(
    cell: Atoms, group: SpaceGroup, sites: Sites, farthest_A: float | None, *, empty: np.ndarray | None,
    dropped: tuple[DroppedSite, ...] = (),
) -> Found:  # fmt: skip
    hops = hops_between(sites, site_maps(sites, group, cell.cell.array), cell.cell.array, farthest_A=farthest_A)
    return Found(cell=cell, group=group, sites=sites, hops=hops, empty=empty, dropped=dropped)


def measure_crystal(inputs: NebInputs, settings: NebSettings, run: Run) -> NebRecord:
    """All of it.

    Raises
    ------
    ScienceError
        If the crystal cannot be relaxed, or has no hops.
    """
    cell, volume_change = _relaxed(inputs, settings, run)
    if settings.mechanism == "vacancy":
        found = lattice_found(cell, inputs.specie, settings.farthest_A)
    else:
        found = _interstitial(inputs, settings, cell, run)
    if not found.hops.hops:
        raise ScienceError(
            f"no two sites of {inputs.specie} within {found.hops.farthest_A:g} A", where=inputs.name,
            remedy="allow longer hops with --farthest-A",
        )  # fmt: skip
    names = found.names()
    units = [_unit(inputs, settings, found, family, inputs.repeats, f"hop-{name}", run)
             for family, name in enumerate(names)]  # fmt: skip
    _work(run, units, HOP_TASK, "hops")
    done = [FinishedHop.of(unit) for unit in units]
    heights = {
        family: Heights.of(hop.profile)
        for family, hop in enumerate(done)
        if hop.profile is not None and hop.status in WITH_A_BARRIER
    }
    energies, levels = levels_of(found.sites, found.hops, heights, vacancies=found.empty is None)
    larger = _in_larger(inputs, settings, found, names, sorted({level.edge for level in levels.values()}), run)
    rows = [_row(found, name, family, done[family], larger.get(family), run) for family, name in enumerate(names)]
    _tables(done, run)
    lowest = np.nanmin(energies) if heights else np.nan
    record = NebRecord(
        structure=inputs.name,
        formula=cell.get_chemical_formula("metal"),
        space_group=found.group.symbol,
        potential=inputs.potential["name"],
        potential_note=potential_note(inputs.potential["name"], by_default=settings.potential is None),
        engine=inputs.card.kind,
        functional=inputs.card.functional,
        specie=inputs.specie,
        mechanism=settings.mechanism,
        n_atoms=len(cell) * int(np.prod(inputs.repeats)) + (1 if found.empty is not None else -1),
        supercell=inputs.repeats,
        larger_supercell=inputs.larger,
        shortest_image_distance_A=defect_distance_A(cell, inputs.repeats),
        farthest_hop_A=found.hops.farthest_A,
        volume_change=volume_change,
        sites=[_site(found, family, energies, lowest, inputs) for family in range(len(found.sites.names))],
        dropped_sites=list(found.dropped),
        hops=rows,
        prepared=list(inputs.prepared),
        percolation=[_direction(name, levels.get(name), names, rows) for name in DIRECTIONS],
        beside=inputs.beside,
        files={"images": PROFILES, "splines": SPLINES} if heights else {},
        citations=[*CITATIONS, *potential_citations(inputs.potential["name"])],
        provenance=run.provenance(
            structure_sha256=inputs.structure["sha256"], potential_sha256=inputs.potential["identity"]
        ),
    )
    record.warnings = _warnings(record, inputs, found, heights, done)
    return record


def _relaxed(inputs: NebInputs, settings: NebSettings, run: Run) -> tuple[Atoms, float | None]:
    """The crystal at rest, in the exact form of its space group, and what its volume changed by."""
    if settings.relax == "none":
        return inputs.cell, None
    from ase.spacegroup.symmetrize import refine_symmetry

    start = inputs.cell.copy()
    refine_symmetry(start, symprec=SYMMETRY_TOLERANCE_A)
    unit = relax_unit(
        name="crystal", atoms=start, potential=inputs.potential, fmax_eV_per_A=min(0.01, settings.fmax_eV_per_A / 3),
        directory=run.folder, steps=_FINE_STEPS, optimizer="lbfgs", symmetry_tolerance_A=SYMMETRY_TOLERANCE_A,
        with_cell=settings.relax == "cell",
    )  # fmt: skip
    _work(run, [unit], RELAX_TASK, "relaxing")
    result = unit.result()
    assert result is not None
    if not result["converged"] and result["largest_force_eV_per_A"] > settings.fmax_eV_per_A:
        raise ScienceError(
            f"the crystal does not relax: {result['largest_force_eV_per_A']:.2g} eV/A left after {result['n_steps']} "
            "steps", where=inputs.name, remedy="give a larger --fmax-eV-per-A, another potential, or --relax none",
        )  # fmt: skip
    return relaxed_atoms(unit), float(result["volume_change"])


def _work(run: Run, units: list[Unit], task: str, title: str) -> None:
    if troubles := run.units(units, task=task, title=title, here=True):
        raise failed_units(troubles, run.folder)


def _unit(
    inputs: NebInputs, settings: NebSettings, found: Found, family: int, repeats: tuple[int, int, int], name: str,
    run: Run,
) -> Unit:  # fmt: skip
    return hop_unit(
        name=name, cell=found.cell, specie=inputs.specie, repeats=repeats, hop=found.hops.first_of(family),
        empty=found.empty, band=settings.band(), potential=inputs.potential, directory=run.folder,
    )  # fmt: skip


def _interstitial(inputs: NebInputs, settings: NebSettings, cell: Atoms, run: Run) -> Found:
    """The places where an extra ion stays: one of each family is relaxed in the supercell."""
    first = void_found(inputs, cell, settings.farthest_A)
    whole = cell.repeat(inputs.repeats)
    units = []
    for family, name in enumerate(first.sites.names):
        place = first.sites.fractional[first.sites.first_of(family)] / np.array(inputs.repeats)
        atoms = with_ion(whole, inputs.specie, place)
        units.append(
            relax_unit(
                name=f"site-{name}", atoms=atoms, potential=inputs.potential,
                fmax_eV_per_A=settings.fmax_eV_per_A / 3, directory=run.folder, optimizer="lbfgs", with_cell=False,
            )
        )  # fmt: skip
    _work(run, units, RELAX_TASK, "places of an extra ion")
    return _settled(inputs, settings, first, whole, units)


def _settled(inputs: NebInputs, settings: NebSettings, first: Found, whole: Atoms, units: list[Unit]) -> Found:
    """The sites that extra ions came to rest at; those that pushed another ion away, or are too high, are dropped."""
    cell_A = first.cell.cell.array
    rest, dropped = [], []
    for family, unit in enumerate(units):
        result = unit.result()
        assert result is not None
        relaxed = relaxed_atoms(unit)
        moved = relaxed.positions[:-1] - whole.positions
        drift = np.median(moved, axis=0)
        far = np.linalg.norm(moved - drift, axis=1)
        place = (relaxed.positions[-1] - drift) @ np.linalg.inv(cell_A)
        name, start = first.sites.names[family], first.sites.fractional[first.sites.first_of(family)]
        pushed = int(far.argmax())
        reason = None
        if not result["converged"]:
            reason = f"{result['largest_force_eV_per_A']:.2g} eV/A left after {result['n_steps']} steps"
        elif far[pushed] > 1.0:
            reason = (
                f"the extra ion pushes {whole.symbols[pushed]} {pushed + 1} away by {far[pushed]:.2f} A: motion by "
                "pushing others is not covered"
            )
        if reason:
            dropped.append(DroppedSite(name=name, fractional=_three(start), reason=reason))
        else:
            rest.append((result["energy_eV"], name, start, place))
    rest.sort(key=lambda row: row[0])
    kept: list[np.ndarray] = []
    for energy, name, start, place in rest:
        if energy > rest[0][0] + _SAME_ENERGY_eV:
            reason = f"{energy - rest[0][0]:.2f} eV above the lowest"
        elif kept and nearest_site(
            orbits_of(np.array(kept), first.group, cell_A, prefix="i"), place[None], cell_A
        )[1][0] < 0.5:  # fmt: skip
            reason = "relaxes into a site that is lower or the same"
        else:
            kept.append(place)
            continue
        dropped.append(DroppedSite(name=name, fractional=_three(start), reason=reason))
    if not kept:
        raise ScienceError(
            f"an extra {inputs.specie} stays nowhere: {dropped[0].reason}", where=inputs.name,
            remedy="give --sites, or take --mechanism vacancy",
        )  # fmt: skip
    sites = orbits_of(np.array(kept), first.group, cell_A, prefix="s" if inputs.given is not None else "i")
    return _found(first.cell, first.group, sites, settings.farthest_A, empty=sites.fractional, dropped=tuple(dropped))


def _in_larger(
    inputs: NebInputs, settings: NebSettings, found: Found, names: list[str], families: list[int], run: Run
) -> dict[int, float]:
    """Barriers in the larger supercell of the hops that decide a direction."""
    if inputs.larger is None:
        return {}
    units = {
        family: _unit(inputs, settings, found, family, inputs.larger, f"larger-{names[family]}", run)
        for family in families
    }
    _work(run, list(units.values()), HOP_TASK, "larger supercell")
    done = {family: FinishedHop.of(unit) for family, unit in units.items()}
    return {
        family: Heights.of(hop.profile).saddle_eV - Heights.of(hop.profile).start_eV
        for family, hop in done.items()
        if hop.profile is not None and hop.status in WITH_A_BARRIER
    }


def _row(found: Found, name: str, family: int, done: FinishedHop, larger: float | None, run: Run) -> NebHop:
    hop = found.hops.first_of(family)
    start, end = found.ends(hop)
    fractional = found.sites.fractional
    told: dict[str, Any] = {"from": start, "to": end}
    row = NebHop(
        **told,
        name=name,
        vector=_three(fractional[hop.end] + np.array(hop.shift) - fractional[hop.start]),
        length_A=hop.length_A,
        multiplicity=found.hops.multiplicity(family),
        status=done.status,
        reason=done.reason,
        n_steps=done.n_steps,
        larger_supercell_barrier_eV=larger,
    )
    _fill(row, done, run, same_ends=found.hops.symmetric[family])
    return row


def _fill(row: NebHop, done: FinishedHop, run: Run, *, same_ends: bool) -> None:
    """Write into a row what its band gave.

    Parameters
    ----------
    same_ends
        Whether both ends are one site: what they differ by is an error that is seen.
    """
    if done.profile is None or done.saddle is None:
        return
    height, std = Heights.of(done.profile), done.saddle.std_eV
    if same_ends:
        std = float(np.hypot(std, (height.end_eV - height.start_eV) / 2))
    row.barrier_eV = Measured(value=height.saddle_eV - height.start_eV, std=std)
    row.reverse_barrier_eV = Measured(value=height.saddle_eV - height.end_eV, std=std)
    row.saddle_force_eV_per_A = done.saddle.force_eV_per_A
    lowest = done.saddle.curvatures_eV_per_A2[:2]
    row.curvatures_eV_per_A2 = (lowest[0], lowest[1])
    row.dip_eV = done.profile.dip_eV
    grade = float(done.profile.extrapolation_grade.max())
    row.extrapolation_grade = grade if np.isfinite(grade) else None
    row.path = run.text(f"paths/{row.name}.extxyz", done.path)


def moved_atoms(path: MatchedPath) -> list[NebMovedAtom]:
    """What moves on a path, as records have it."""
    symbols = path.start.get_chemical_symbols()
    return [
        NebMovedAtom(
            symbol=symbols[moved.atom], atom=moved.atom + 1, atom_of_end=moved.atom_of_end + 1,
            distance_A=moved.distance_A,
        )
        for moved in path.moved
    ]  # fmt: skip


def measure_ends(inputs: EndsInputs, settings: NebSettings, run: Run) -> NebEndsRecord:
    """Compute the hop between two ends that were given."""
    path = inputs.path
    unit = path_unit(
        name="hop-start-end", path=path, band=settings.band(), potential=inputs.potential, directory=run.folder
    )
    _work(run, [unit], HOP_TASK, "hops")
    done = FinishedHop.of(unit)
    moved = path.positions_A[-1] - path.positions_A[0]
    mover = path.moved[0]
    told: dict[str, Any] = {"from": "start", "to": "end"}
    row = NebHop(
        **told, name="start-end", vector=_three(moved[mover.atom] @ np.linalg.inv(inputs.cell.cell.array)),
        length_A=mover.distance_A, multiplicity=1, status=done.status, reason=done.reason, n_steps=done.n_steps,
    )  # fmt: skip
    _fill(row, done, run, same_ends=False)
    _tables([done], run)
    record = NebEndsRecord(
        structure=inputs.name,
        end=inputs.end,
        formula=inputs.cell.get_chemical_formula("metal"),
        potential=inputs.potential["name"],
        potential_note=potential_note(inputs.potential["name"], by_default=settings.potential is None),
        engine=inputs.card.kind,
        functional=inputs.card.functional,
        specie=inputs.specie,
        n_atoms=len(inputs.cell),
        shortest_image_distance_A=defect_distance_A(inputs.cell, (1, 1, 1)),
        moved=moved_atoms(path),
        n_reordered=path.n_reordered,
        drift_A=path.drift_A,
        n_guesses=len(path.positions_A) - 2,
        hops=[row],
        files={"images": PROFILES, "splines": SPLINES} if done.profile is not None else {},
        citations=[*CITATIONS[:-1], *potential_citations(inputs.potential["name"])],
        provenance=run.provenance(
            structure_sha256=cell_digest(inputs.cell), potential_sha256=inputs.potential["identity"]
        ),
    )  # fmt: skip
    record.warnings = _of_the_band(record, [done])
    return record


def _tables(done: list[FinishedHop], run: Run) -> None:
    """Profiles of the hops that have one, energies over the start's; `hop` counts the hops of the record from 1."""
    images: dict[str, list] = {"hop": [], "image": [], "distance_A": [], "energy_eV": []}
    fine: dict[str, list] = {"hop": [], "distance_A": [], "energy_eV": []}
    for number, hop in enumerate(done, 1):
        if hop.profile is None:
            continue
        first = hop.profile.energy_eV[0]
        images["hop"] += [number] * len(hop.profile.energy_eV)
        images["image"] += range(len(hop.profile.energy_eV))
        images["distance_A"] += hop.profile.distance_A.tolist()
        images["energy_eV"] += (hop.profile.energy_eV - first).tolist()
        distance, energy = hop.profile.fine()
        fine["hop"] += [number] * len(distance)
        fine["distance_A"] += distance.tolist()
        fine["energy_eV"] += (energy - first).tolist()
    if images["hop"]:
        run.table(PROFILES, images)
        run.table(SPLINES, fine)


def _site(found: Found, family: int, energies: np.ndarray, lowest: float, inputs: NebInputs) -> NebSite:
    site = found.sites.first_of(family)
    kind = "lattice" if found.empty is None else "void" if inputs.given is None else "given"
    energy = energies[site]
    return NebSite(
        name=found.sites.names[family],
        kind=kind,
        fractional=_three(found.sites.fractional[site]),
        multiplicity=found.sites.multiplicity(family),
        energy_eV=float(energy - lowest) if np.isfinite(energy) else None,
    )


def _direction(name: Direction, level: Level | None, names: list[str], rows: list[NebHop]) -> NebPercolation:
    if level is None:
        return NebPercolation(direction=name)
    bottleneck = rows[level.edge]
    assert bottleneck.barrier_eV is not None
    return NebPercolation(
        direction=name,
        barrier_eV=Measured(value=level.barrier_eV, std=bottleneck.barrier_eV.std),
        bottleneck=names[level.edge],
    )


def _warnings(
    record: NebRecord, inputs: NebInputs, found: Found, heights: dict[int, Heights], done: list[FinishedHop]
) -> list[str]:
    told = list(inputs.notes)
    refused = [hop.name for hop in record.hops if hop.barrier_eV is None]
    if refused:
        told.append(
            f"{len(refused)} of {len(record.hops)} kinds of hops have no barrier ({', '.join(refused[:4])}"
            f"{', ...' if len(refused) > 4 else ''}): the barriers of directions are bounds from above"
        )
    for hop in record.hops:
        if hop.larger_supercell_barrier_eV is not None and hop.barrier_eV is not None:
            change = hop.larger_supercell_barrier_eV - hop.barrier_eV.value
            if abs(change) > max(0.03, 2 * hop.barrier_eV.std):
                told.append(f"{hop.name}: {change:+.3f} eV in the larger supercell: not converged with size")
    told += _disagreements(found, heights)
    told += _of_the_band(record, done)
    if record.volume_change is not None and abs(record.volume_change) > 0.1:
        told.append(f"the volume changes by {100 * record.volume_change:+.0f} % when the crystal relaxes")
    if record.beside is not None:
        told.append(
            "the activation energy of dynamics holds what it costs to make the defects where they are not there from "
            "the start, and all mechanisms; a barrier here is that of one defect that is there"
        )
    return told


def _of_the_band(record: NebRecord | NebEndsRecord, done: list[FinishedHop]) -> list[str]:
    """What is open of bands, wherever their ends come from."""
    told = []
    falls = [
        (hop.profile.below_ends_eV, row.name)
        for row, hop in zip(record.hops, done, strict=True)
        if hop.profile is not None and hop.profile.below_ends_eV > _REST_eV
    ]
    if falls:
        deepest_eV, name = max(falls)
        told.append(
            f"{len(falls)} of {len(record.hops)} paths fall below both their ends, {name} most, by {deepest_eV:.2f} "
            "eV: the ion rests on the way, at a place that is none of the sites; barriers, which are over the ends, "
            "are too low by up to that"
        )
    if record.shortest_image_distance_A < NEAR_IMAGE_A:
        larger = (
            "give a larger --supercell, or --larger to see what that changes"
            if isinstance(record, NebRecord)
            else "take larger supercells for both ends"
        )
        told.append(f"the defect is {record.shortest_image_distance_A:.1f} A from its own image: {larger}")
    strange = [hop for hop in record.hops if hop.extrapolation_grade is not None and hop.extrapolation_grade > 1]
    if strange:
        worst = max(strange, key=lambda hop: hop.extrapolation_grade or 0.0)
        told.append(
            f"{len(strange)} of {len(record.hops)} paths leave the training set of the potential, {worst.name} most "
            f"(grade {worst.extrapolation_grade:.2g}): label images of paths/ and train it on them"
        )
    if record.functional is None and record.engine not in ("ase",):
        told.append(f"what {record.potential} was trained on is not known: barriers carry its error, which is not in ±")
    return told


def _disagreements(found: Found, heights: dict[int, Heights]) -> list[str]:
    ends = defect_energies(found.sites, found.hops, heights, vacancies=found.empty is None)
    return [
        f"{found.sites.names[family]}: its ends relax to energies that differ by {max(values) - min(values):.3f} eV; "
        "the lowest counts as the site's"
        for family, values in ends.items()
        if max(values) - min(values) > _DISAGREE_eV
    ]


def _three(values: np.ndarray) -> tuple[float, float, float]:
    a, b, c = (float(value) + 0.0 for value in np.round(values, 9))  # no -0
    return a, b, c
