"""The phases of a chemical system that are built in, from published space groups and Wyckoff positions.

Cells are where a potential's relaxation starts, in the published space group; the energies are those of the potential.
Phases that are known (databases) and whose coordinates are not here are listed too, so that a hull says what it lacks.
Metals that are not listed are taken from ASE's reference states.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddlewheel.thermodynamics.configurations import Disorder

if TYPE_CHECKING:
    from ase import Atoms

_FILE = Path(__file__).resolve().parent / "phase_library.json"
_SAME_A = 0.03
"""How far an atom may be from its image."""


@dataclass(frozen=True, kw_only=True)
class LibraryPhase:
    """A phase that is built in.

    Attributes
    ----------
    structure
        Built-in name, where it is one.
    space_group, setting, cell, asymmetric_unit
        Else: symbol, origin choice, a, b, c (A), alpha, beta, gamma (degrees), and rows of element and fractional
        coordinates.
    gas
        Name among the gases (`find_gas`), where it is one.
    ion_sites, specie
        List of sites and mobile ion of a disordered phase, for its orderings.
    average_group
        Space group of the disordered crystal, whose own cell is the one that is ordered.
    disorder
        What its free energy as computed lacks: see `Disorder`.
    supercell
        Of the phonons; ``auto``: until they are converged.
    prepared
        How a cell of the user's was ordered.
    note
        What is a model about the cell.
    fmax_eV_per_A
        Of the relaxation. Anions that turn easily take a thousand steps to the last digit; 1e-3 eV/A leaves
        f^2 / 2k = 0.01 meV a degree of freedom even where k is 0.05 eV/A^2.
    formation_enthalpy_kJ_per_mol, formation_enthalpy_std_kJ_per_mol, formation_source
        Measured, of a formula unit from the elements in their standard states at 298.15 K; of an element, that of this
        form. None where it is not known here; a pure element is its own standard state then.
    anchor
        Whether the energy of a gaseous element is counted from this compound (`hull.gas_energies`).
    """

    name: str
    formula: str
    origin: str = ""
    structure: str | None = None
    space_group: str | None = None
    setting: int = 1
    cell: tuple[float, ...] = ()
    asymmetric_unit: tuple[tuple[Any, ...], ...] = ()
    gas: str | None = None
    ion_sites: str | None = None
    specie: str | None = None
    average_group: str | None = None
    disorder: tuple[Disorder, ...] = ()
    supercell: str = "auto"
    prepared: str = ""
    note: str = ""
    fmax_eV_per_A: float = 1e-4
    formation_enthalpy_kJ_per_mol: float | None = None
    formation_enthalpy_std_kJ_per_mol: float = 0.0
    formation_source: str = ""
    anchor: bool = False

    @property
    def elements(self) -> frozenset[str]:
        """Symbols of its elements."""
        return _elements(self.formula)

    def degeneracy(self, ordering: Atoms) -> int:
        """Images of an ordering of its cell under the symmetry of the disordered crystal: the index of its own group.

        1 where no average group is known.
        """
        from pymatgen.symmetry.groups import SpaceGroup

        from paddlewheel.crystals.space_group import find_space_group

        if self.average_group is None:
            return 1
        own = find_space_group(
            ordering.cell.array, ordering.get_scaled_positions(), ordering.numbers.tolist(), tolerance_A=_SAME_A
        )
        return max(1, round(SpaceGroup(self.average_group).order / own.n_operations))

    def atoms(self) -> Atoms:
        """The cell to relax: the conventional one, with all of its atoms."""
        from ase.spacegroup import crystal

        from paddlewheel.crystals import read_structure

        if self.structure is not None:
            return read_structure(self.structure)
        symbols = [row[0] for row in self.asymmetric_unit]
        return crystal(
            symbols,
            [row[1:] for row in self.asymmetric_unit],
            setting=self.setting,
            spacegroup=self.space_group,  # pyright: ignore[reportArgumentType]  # a symbol is as good as a number
            cellpar=list(self.cell),
        )


def library_phases(elements: Sequence[str]) -> list[LibraryPhase]:
    """The phases, solids first, that hold none but these elements; elements that are metals of a simple lattice too."""
    listed = [phase for phase in _phases() if phase.elements <= set(elements)]
    alone = {symbol for phase in listed if len(phase.elements) == 1 for symbol in phase.elements}
    metals = [_simple_lattice(symbol) for symbol in elements if symbol not in alone]
    return [*filter(None, metals), *listed]


def all_phases() -> list[LibraryPhase]:
    """Every phase that is listed, of whichever system."""
    return list(_phases())


def gas_anchors(symbol: str) -> list[LibraryPhase]:
    """The compounds that the energy of a gaseous element may be counted from."""
    return [phase for phase in _phases() if phase.anchor and symbol in phase.elements]


def known_without_coordinates(elements: Sequence[str]) -> list[tuple[str, str]]:
    """Name and database numbers of phases of these elements that are known and not built in."""
    rows = json.loads(_FILE.read_text(encoding="utf-8"))["without_coordinates"]
    return [(row["name"], row["origin"]) for row in rows if _elements(row["name"].split()[0]) <= set(elements)]


@cache
def _phases() -> tuple[LibraryPhase, ...]:
    document = json.loads(_FILE.read_text(encoding="utf-8"))
    rows = []
    for row in document["phases"] + document["gases"]:
        sites = row.pop("sites", None)
        if isinstance(sites, str):
            row["ion_sites"] = sites
        elif sites:
            row["asymmetric_unit"] = tuple(tuple(site) for site in sites)
        row["disorder"] = tuple(Disorder(**kind) for kind in row.get("disorder", ()))
        rows.append(LibraryPhase(**{**row, "cell": tuple(row.get("cell", ()))}))
    return tuple(rows)


_LATTICES = {
    "bcc": ("Im-3m", (0.0, 0.0, 0.0)),
    "fcc": ("Fm-3m", (0.0, 0.0, 0.0)),
    "diamond": ("Fd-3m", (0.0, 0.0, 0.0)),
    "hcp": ("P 63/m m c", (1 / 3, 2 / 3, 0.25)),
}


def _simple_lattice(symbol: str) -> LibraryPhase | None:
    """An element in the lattice that ASE knows of it; None for other lattices than these."""
    from ase.data import atomic_numbers, reference_states

    known = reference_states[atomic_numbers[symbol]]
    if known is None or known["symmetry"] not in _LATTICES:
        return None
    lattice = known["symmetry"]
    group, site = _LATTICES[lattice]
    a_A = known["a"]
    cell = (a_A, a_A, a_A * known["c/a"], 90.0, 90.0, 120.0) if lattice == "hcp" else (a_A, a_A, a_A, 90.0, 90.0, 90.0)
    return LibraryPhase(
        name=f"{symbol} ({lattice})", formula=symbol, space_group=group, cell=cell, asymmetric_unit=((symbol, *site),),
        origin="reference states of ASE (ase.data.reference_states)",
    )  # fmt: skip


def _elements(formula: str) -> frozenset[str]:
    from pymatgen.core import Composition

    return frozenset(element.symbol for element in Composition(formula))
