"""What `neb` is told, and what is resolved of it: the crystal, the ion, the potential, the supercell, given sites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from paddlewheel.barriers.computed import BandSettings
from paddlewheel.barriers.given import Match, MatchedPath, match_path
from paddlewheel.crystals import check_structure, is_disordered, place_in_cell, read_site_list, read_structure
from paddlewheel.crystals.formats import read_frames
from paddlewheel.crystals.supercell import (
    MOST_ATOMS,
    check_size,
    image_distance_A,
    plain_repeats_of_atoms,
    supercell_repeats,
)
from paddlewheel.errors import InputError, SettingsError, StructureError
from paddlewheel.execution import array_digest
from paddlewheel.foreign import read_json
from paddlewheel.potentials.card import PotentialCard
from paddlewheel.studies.motion.choices import choose_specie
from paddlewheel.studies.neb.record import BesideConductivity
from paddlewheel.studies.simulation.potentials import chosen_potential, finest_dtype, loaded_potential
from paddlewheel.studies.simulation.settings import ONE_ORDERING, DisorderSettings, PotentialSettings, SeedSettings
from paddlewheel.studies.simulation.structures import cell_digest, choose_structure
from paddlewheel.study.settings import setting

if TYPE_CHECKING:
    from ase import Atoms

LEAST_IMAGE_A = 5.0
"""A defect nearer to its own image than this is no single one: a hop would pass its image on the way."""
FAR_IMAGE_A = 8.0
"""What `auto` keeps a defect from its image at least: three or four distances between ions."""
NEAR_IMAGE_A = 7.5
"""Nearer ones are warned of."""
_LENGTH_A = 10.0
_SCREEN_A = 7.0
"""The same of a screen, and the least lattice parameter there: a framework that stands still passes on no strain."""
_NEAREST_GIVEN_A = 0.8
"""No ion is nearer to another atom."""


class NebSettings(PotentialSettings, DisorderSettings, SeedSettings):
    """Settings of `neb`."""

    specie: str | None = setting(
        None, "Symbol of the mobile ion, such as Na; guessed where only one fits.", aliases=("ion", "species")
    )
    mechanism: Literal["vacancy", "interstitial"] = setting(
        "vacancy", "What hops: an ion into the place of another that is missing, or an extra ion between empty places",
        only_with={"ends": False},
    )  # fmt: skip
    ends: bool = setting(
        False,
        "The structures are the ends of one hop, the first and the last, each in a supercell as it is; what is between "
        "them, or the frames between those of one file, is a first guess of the path",
    )
    match: Match = setting(
        "nearest",
        "Which atoms of given ends are the same: those of an element that are nearest, or in the order of the files, "
        "for atoms that change places",
        only_with={"ends": True},
    )
    sites: str | Path | None = setting(
        None,
        "Empty places for the extra ion, in place of those that are looked for: a file of sites (one a line, label x y "
        "z, fractional), or fractions such as '0.5,0.5,0.5; 0.25,0.25,0.25'",
        only_with={"mechanism": ("interstitial",)},
    )
    farthest_A: float | None = setting(
        None, "Longest hop, A; by default as far as is needed for hops to join all directions, 8 at most",
        gt=0.5, le=12, only_with={"ends": False},
    )  # fmt: skip
    supercell: str | tuple[int, int, int] = setting(
        "auto", "auto (every lattice parameter above 10 A, no image of the defect within 8 A) or AxBxC",
        only_with={"ends": False},
    )  # fmt: skip
    n_atoms: int | None = setting(
        None, "The supercell nearest to cubic of about so many atoms (10 % more or fewer, or as near as the cell "
        "allows), by repeats along a, b and c", ge=1,
        le=MOST_ATOMS, option="--atoms", aliases=("atoms",), only_with={"supercell": ("auto",), "ends": False},
    )  # fmt: skip
    larger: str | tuple[int, int, int] | None = setting(
        None, "A larger supercell, AxBxC, in which the hops that decide a direction are computed again",
        only_with={"ends": False},
    )  # fmt: skip
    relax: Literal["cell", "atoms", "none"] = setting(
        "cell", "What of the crystal is relaxed first, within its space group: cell and atoms, atoms alone, nothing",
        only_with={"ends": False},
    )  # fmt: skip
    images: int = setting(7, "Images that move between the ends of a hop", ge=3, le=51)
    fmax_eV_per_A: float = setting(
        0.03, "Largest force left on the band, eV/A; a third of it on its ends", ge=1e-3, le=0.5, aliases=("fmax",)
    )
    most_steps: int = setting(400, "Steps of a band, after which it is refused", ge=1, le=100_000)
    orderings: int | None = setting(
        None,
        ONE_ORDERING,
        ge=1,
        le=1000,
        only_with={"ends": False},
    )
    screen: bool = setting(
        False, "A first look at one or many structures: vacancy hops of the ion alone in frameworks that do not move",
        only_with={"ends": False},
    )  # fmt: skip
    beside: Path | None = setting(
        None, "Run directory of `conduct` or `analyze` whose activation energy is shown beside the barriers",
        may_change=True, only_with={"ends": False},
    )  # fmt: skip
    dtype: Literal["float32", "float64"] | None = setting(  # type: ignore[assignment]
        None, "Precision; by default float64 where the engine has it"
    )

    def band(self) -> BandSettings:
        """Of each hop."""
        return BandSettings(n_images=self.images, fmax_eV_per_A=self.fmax_eV_per_A, most_steps=self.most_steps)


@dataclass(frozen=True, kw_only=True)
class NebInputs:
    """One crystal, and what is computed of it.

    Attributes
    ----------
    given
        Sites that were given for the extra ion, fractional `[n, 3]`; None for those that are looked for.
    notes
        What a reader should know of how the cell was chosen.
    prepared
        How partly occupied sites were ordered.
    """

    name: str
    cell: Atoms
    specie: str
    card: PotentialCard
    potential: dict[str, Any]
    repeats: tuple[int, int, int]
    larger: tuple[int, int, int] | None
    given: np.ndarray | None
    beside: BesideConductivity | None
    notes: tuple[str, ...]
    prepared: tuple[str, ...] = ()

    def with_ion(self, fractional: np.ndarray) -> Atoms:
        """The cell with an extra ion."""
        return with_ion(self.cell, self.specie, fractional)

    @property
    def structure(self) -> dict[str, Any]:
        """The cell by its content."""
        return {
            "name": self.name,
            "formula": self.cell.get_chemical_formula("metal"),
            "n_atoms": len(self.cell),
            "sha256": cell_digest(self.cell),
        }

    def document(self) -> dict[str, Any]:
        """What was resolved."""
        return {
            "structure": self.structure,
            "potential": self.potential,
            "specie": self.specie,
            "supercell": self.repeats,
            "larger": self.larger,
            "sites": None if self.given is None else self.given.tolist(),
            "beside": None if self.beside is None else self.beside.model_dump(),
        }


@dataclass(frozen=True, kw_only=True)
class ScreenInputs:
    """Structures to screen: those that could be read, and why others could not."""

    crystals: tuple[NebInputs, ...]
    refused: tuple[tuple[str, str], ...]

    @property
    def potential(self) -> dict[str, Any]:
        """Of all: the name is asked for where structures have different ones."""
        return self.crystals[0].potential

    def document(self) -> dict[str, Any]:
        """What was resolved."""
        return {
            "structures": [
                {**crystal.structure, "specie": crystal.specie, "supercell": crystal.repeats,
                 "potential": crystal.potential}
                for crystal in self.crystals
            ],
            "refused": [name for name, _ in self.refused],
            "beside": None, "sites": None, "larger": None, "specie": None, "supercell": None, "potential": None,
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class EndsInputs:
    """Two ends of a hop that were given, with guesses of its path, matched atom by atom.

    Attributes
    ----------
    name, end
        Of the start and of the end.
    specie
        The element of the atom that moves furthest.
    """

    name: str
    end: str
    path: MatchedPath
    specie: str
    card: PotentialCard
    potential: dict[str, Any]

    @property
    def cell(self) -> Atoms:
        """The start."""
        return self.path.start

    def document(self) -> dict[str, Any]:
        """What was resolved."""
        return {
            "structure": {
                "name": self.name,
                "end": self.end,
                "formula": self.cell.get_chemical_formula("metal"),
                "n_atoms": len(self.cell),
                "sha256": cell_digest(self.cell),
                "path_sha256": array_digest(self.path.positions_A),
            },
            "potential": self.potential, "specie": self.specie,
            "supercell": None, "larger": None, "sites": None, "beside": None,
        }  # fmt: skip


def open_neb(structures: Any, settings: NebSettings) -> NebInputs | ScreenInputs | EndsInputs:
    """Read the structure, the ends of a hop, or all of a screen, and choose what is not given.

    Raises
    ------
    InputError
        Of the kind that fits; of a screen only where no structure is left.
    """
    many = list(structures) if isinstance(structures, list | tuple) else [structures]
    if not many:
        raise InputError("no structure", where="structures", remedy="give one, or several with --screen")
    if settings.ends:
        return _open_ends(many, settings)
    if not settings.screen:
        if len(many) > 1:
            raise SettingsError(
                f"{len(many)} structures",
                where="structures",
                remedy="give one; or add --ends if they are the ends of a hop, --screen for a first look at each",
            )
        return _open_one(many[0], settings)
    if settings.mechanism != "vacancy":
        raise SettingsError("has no interstitial hops", where="screen", remedy="leave out one of the two")
    crystals, refused = [], []
    for structure in many:
        try:
            crystals.append(_open_one(structure, settings))
        except InputError as error:
            if len(many) == 1:
                raise
            refused.append((_name(structure), str(error)))
    if not crystals:
        name, reason = refused[0]
        raise InputError(f"none of {len(many)} structures can be taken: {reason}", where=name, remedy="see above")
    return ScreenInputs(crystals=tuple(crystals), refused=tuple(refused))


def _name(structure: Any) -> str:
    return Path(structure).name if isinstance(structure, str | Path) else structure.get_chemical_formula("metal")


def _open_ends(many: list[Any], settings: NebSettings) -> EndsInputs:
    """Read and match the ends of one hop.

    Raises
    ------
    InputError
        If they do not fit together, or the ion that was named does not move.
    """
    from paddlewheel.potentials import describe_potential

    if settings.oxidation or settings.rank_by != "ewald":
        option = "oxidation" if settings.oxidation else "rank_by"
        raise SettingsError("has no effect with --ends", where=option, remedy="leave it out: ends are as they are")
    if len(many) == 1 and isinstance(many[0], str | Path) and Path(many[0]).is_file():
        frames = read_frames(Path(many[0]), StructureError, remedy="give the file of each end")
        names = [f"{_name(many[0])}, frame {number}" for number in range(1, len(frames) + 1)]
        structures = [check_structure(frame, name) for frame, name in zip(frames, names, strict=True)]
    else:
        names = [_name(each) for each in many]
        structures = [_end(each) for each in many]
    if len(structures) < 2:
        raise SettingsError(
            f"one structure ({names[0]})", where="ends", remedy="give two, the start first, or one file with both"
        )
    path = match_path(structures, names, match=settings.match)
    mover = path.moved[0]
    specie = path.start.get_chemical_symbols()[mover.atom]
    if settings.specie not in (None, specie):
        raise SettingsError(
            f"'{settings.specie}' is not what moves: {specie} {mover.atom + 1} does, {mover.distance_A:.2f} A",
            where="specie", remedy="leave it out, or check the ends",
        )  # fmt: skip
    potential = chosen_potential(settings, path.start)
    card = describe_potential(potential["name"])
    potential["dtype"] = settings.dtype or finest_dtype(card)
    return EndsInputs(name=names[0], end=names[-1], path=path, specie=specie, card=card, potential=potential)


def _end(structure: Any) -> Atoms:
    if not isinstance(structure, str | Path):
        return check_structure(structure, "structure")
    if is_disordered(structure):
        raise StructureError(
            "sites are partly occupied", where=structure, remedy="give ends in which each site holds one atom or none"
        )
    return read_structure(structure)


def _open_one(structure: Any, settings: NebSettings) -> NebInputs:
    from paddlewheel.potentials import describe_potential

    choice = choose_structure(
        structure,
        supercell=(1, 1, 1),
        to_repeat=True,
        orderings=settings.orderings,
        oxidation=settings.oxidation,
        seed=settings.seed,
        potential_of=(
            (lambda cell: loaded_potential(chosen_potential(settings, cell)))
            if settings.rank_by == "potential"
            else None
        ),
        trades=settings.trades,
    )
    cell = choice.cells[0]
    specie = _ion(cell, settings)
    potential = chosen_potential(settings, with_ion(cell, specie, np.zeros(3)))
    card = describe_potential(potential["name"])
    potential["dtype"] = settings.dtype or finest_dtype(card)
    return NebInputs(
        name=choice.name,
        cell=cell,
        specie=specie,
        card=card,
        potential=potential,
        repeats=_repeats(cell, settings.supercell, n_atoms=settings.n_atoms, screen=settings.screen),
        larger=_larger(cell, settings),
        given=_given_sites(settings.sites, cell, specie),
        beside=None if settings.beside is None else read_conductivity(settings.beside),
        notes=choice.notes,
        prepared=choice.prepared,
    )


def with_ion(cell: Atoms, specie: str, fractional: np.ndarray) -> Atoms:
    """A cell with one more ion."""
    from ase import Atom

    atoms = cell.copy()
    atoms.append(Atom(specie, fractional @ cell.cell.array))
    return atoms


def _ion(cell: Atoms, settings: NebSettings) -> str:
    """The ion that hops: an extra one may be of an element that the crystal lacks.

    Raises
    ------
    SettingsError
        If it has to be asked for, is no element, or has no vacancies.
    """
    from ase.data import atomic_numbers

    given = settings.specie
    if settings.mechanism == "interstitial" and given is not None and atomic_numbers.get(given, 0) > 0:
        return given
    return choose_specie(cell, given)


def _repeats(
    cell: Atoms, supercell: str | Sequence[int], *, n_atoms: int | None = None, screen: bool = False
) -> tuple[int, int, int]:
    """The supercell: as asked for, or so large that no image of the defect is near.

    Raises
    ------
    SettingsError
        Where the ion would meet its own image.
    """
    if n_atoms is not None:
        repeats = plain_repeats_of_atoms(cell.cell.array, len(cell), n_atoms=n_atoms)
    else:
        repeats = supercell_repeats(supercell, cell.cell.lengths(), min_length_A=_SCREEN_A if screen else _LENGTH_A)
        far_A = _SCREEN_A if screen else FAR_IMAGE_A
        if isinstance(supercell, str) and supercell.strip() == "auto":
            while defect_distance_A(cell, repeats) < far_A:  # of a strongly skewed cell
                repeats = (repeats[0] + 1, repeats[1] + 1, repeats[2] + 1)
    check_size(len(cell), repeats)
    nearest = defect_distance_A(cell, repeats)
    if nearest < LEAST_IMAGE_A:
        told = "x".join(map(str, repeats))
        raise SettingsError(
            f"{told}: the ion is {nearest:.2f} A from its own image", where="n_atoms" if n_atoms else "supercell",
            remedy=f"keep them {LEAST_IMAGE_A:g} A apart at least, {FAR_IMAGE_A:g} A better: give a larger one, or "
            "--supercell auto alone",
        )  # fmt: skip
    return repeats


def _larger(cell: Atoms, settings: NebSettings) -> tuple[int, int, int] | None:
    if settings.larger is None:
        return None
    larger = _repeats(cell, settings.larger)
    first = _repeats(cell, settings.supercell, n_atoms=settings.n_atoms)
    if not (np.array(larger) >= np.array(first)).all() or larger == first:
        raise SettingsError(
            f"{'x'.join(map(str, larger))} is not larger than {'x'.join(map(str, first))}", where="larger",
            remedy="give more repeats along one axis at least, and fewer along none",
        )  # fmt: skip
    return larger


def defect_distance_A(cell: Atoms, repeats: tuple[int, int, int]) -> float:
    """How near a defect comes to its own image in a supercell, A."""
    return image_distance_A(cell.cell.array * np.array(repeats)[:, None])


def _given_sites(given: str | Path | None, cell: Atoms, specie: str) -> np.ndarray | None:
    """Sites for the extra ion, fractional `[n, 3]`; refused where an atom is in the way."""
    if given is None:
        return None
    text = str(given)
    if "," in text and not Path(text).exists():
        rows = [row.split(",") for row in text.split(";") if row.strip()]
        try:
            fractional = np.array([[float(value) for value in row] for row in rows])
        except ValueError:
            fractional = np.empty((0, 0))
        if fractional.ndim != 2 or fractional.shape[1:] != (3,) or not np.isfinite(fractional).all():
            raise SettingsError(
                f"'{text}' are no fractional coordinates", where="sites", remedy="write x,y,z; x,y,z, or give a file"
            )
    else:
        fractional = place_in_cell(read_site_list(given, specie=specie), cell.cell.array).fractional
    from ase.geometry import get_distances

    for number, point in enumerate(fractional, 1):
        distance = get_distances(point @ cell.cell.array, cell.positions, cell=cell.cell, pbc=True)[1][0]
        if distance.min() < _NEAREST_GIVEN_A:
            atom = int(distance.argmin())
            raise StructureError(
                f"site {number} ({', '.join(f'{value:g}' for value in point)}) is {distance.min():.2f} A from "
                f"{cell.symbols[atom]} {atom + 1}: it is no empty place",
                where="sites" if "," in text else given, remedy="give fractions of this cell that no atom is at",
            )  # fmt: skip
    return fractional


def read_conductivity(folder: Path) -> BesideConductivity:
    """The activation energy of a run directory of `conduct` or `analyze`.

    Raises
    ------
    InputError
        If it holds no conductivity record, or one without an activation energy.
    """
    path = folder / "result.json" if folder.is_dir() else folder
    remedy = "give the run directory of a finished conduct or analyze"
    document = read_json(path, InputError, remedy=remedy)
    if not isinstance(document, dict) or document.get("kind") != "conductivity":
        raise InputError("is no conductivity record", where=path, remedy=remedy)
    energy = (document.get("arrhenius") or {}).get("activation_energy_eV")
    if energy is None:
        raise InputError("has no activation energy", where=path, remedy="give a run with several temperatures")
    return BesideConductivity(
        source=folder.name, potential=str(document.get("potential")), specie=str(document.get("specie")),
        activation_energy_eV=energy,
    )  # fmt: skip
