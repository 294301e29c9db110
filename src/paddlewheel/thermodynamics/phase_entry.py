"""A phase with its free energy at given temperatures: what hulls and stability windows are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from paddlewheel.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Composition


@dataclass(frozen=True, kw_only=True)
class PhaseEntry:
    """One phase.

    Attributes
    ----------
    name
        Its own among the phases of a hull, such as ``NaBH4 (P4_2/nmc)``.
    formula
        Of any number of formula units.
    state
        A gas is at the pressure that its free energy is for.
    temperatures_K
        [n] rising; a single 0 K where only a static energy is known.
    gibbs_eV_per_atom, std_eV_per_atom
        [n] static energy and free energy of the vibrations together, and its 68 % uncertainty.
    ordered_gibbs_eV_per_atom
        [n] of the lowest ordering alone, where `gibbs_eV_per_atom` has the entropy of several; else empty.
    built_on
        Name and atomic share of the phases whose computed energies this one's is the sum of, as the energy of a gas is
        by its measured enthalpy of formation: their errors are its own. Empty for an energy computed on its own.
    volume_A3_per_atom
        None for gases and where it is not known.
    engine
        Potential or functional that the static energy is from. Two engines are never on one hull.
    origin
        DOI, number in a database, or file.
    prepared
        How it came to its energy, in one line: what casts no doubt.
    note
        A correction, or a reserve, in one line.
    """

    name: str
    formula: str
    state: Literal["solid", "gas"] = "solid"
    temperatures_K: tuple[float, ...]
    gibbs_eV_per_atom: tuple[float, ...]
    std_eV_per_atom: tuple[float, ...]
    ordered_gibbs_eV_per_atom: tuple[float, ...] = ()
    built_on: tuple[tuple[str, float], ...] = ()
    volume_A3_per_atom: float | None = None
    engine: str
    origin: str = ""
    prepared: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if not len(self.temperatures_K) == len(self.gibbs_eV_per_atom) == len(self.std_eV_per_atom) > 0:
            raise InputError(
                f"{len(self.temperatures_K)} temperatures, {len(self.gibbs_eV_per_atom)} energies, "
                f"{len(self.std_eV_per_atom)} uncertainties", where=self.name, remedy="give one of each a temperature",
            )  # fmt: skip
        if not np.isfinite([*self.gibbs_eV_per_atom, *self.std_eV_per_atom]).all() or min(self.std_eV_per_atom) < 0:
            raise InputError(
                f"energies {self.gibbs_eV_per_atom} +- {self.std_eV_per_atom} eV/atom", where=self.name,
                remedy="give finite energies, and uncertainties that are not negative",
            )  # fmt: skip
        if self.volume_A3_per_atom is not None and not 0 < self.volume_A3_per_atom < np.inf:
            raise InputError(
                f"a volume of {self.volume_A3_per_atom:g} A^3/atom", where=self.name,
                remedy="give one above 0, or none where it is not known",
            )  # fmt: skip
        if not self.composition.num_atoms:
            raise InputError("no atom in its formula", where=self.name, remedy="write such as NaBH4")

    @property
    def composition(self) -> Composition:
        """The formula as pymatgen has it."""
        from pymatgen.core import Composition, DummySpecies

        try:
            composition = Composition(self.formula)
            if any(isinstance(element, DummySpecies) for element in composition):
                raise ValueError("not all are elements")
        except (ValueError, KeyError) as error:
            raise InputError(
                f"formula '{self.formula}': {error}", where=self.name, remedy="write such as Na2B12H12"
            ) from error
        return composition

    @property
    def elements(self) -> frozenset[str]:
        """Symbols."""
        return frozenset(element.symbol for element in self.composition)

    def column(self, temperature_K: float) -> int:
        """Where this temperature stands among its own.

        Raises
        ------
        InputError
            If the phase has no energy there.
        """
        for column, known in enumerate(self.temperatures_K):
            if abs(known - temperature_K) < 1e-6:
                return column
        known = ", ".join(f"{temperature_K:g}" for temperature_K in self.temperatures_K)
        raise InputError(
            f"no free energy at {temperature_K:g} K (there are: {known})", where=self.name,
            remedy="give energies of all phases at the same temperatures, or leave it out",
        )  # fmt: skip


def common_engine(entries: Sequence[PhaseEntry]) -> str:
    """The one engine of all entries.

    Raises
    ------
    InputError
        If there are two: their energies have no common zero.
    """
    engines: dict[str, str] = {}
    for entry in entries:
        engines.setdefault(entry.engine, entry.name)
    if len(engines) > 1:
        (one, first), (other, second) = list(engines.items())[:2]
        raise InputError(
            f"energies of two engines: {first} is of {one}, {second} of {other}", where="phases",
            remedy="compute all with one, or leave one of the two out",
        )  # fmt: skip
    return next(iter(engines), "")


def fractions(entries: Iterable[PhaseEntry], elements: Sequence[str]) -> NDArray[np.float64]:
    """[n, n_elements] atomic fractions of the entries."""
    rows = [[entry.composition.get_atomic_fraction(element) for element in elements] for entry in entries]
    return np.array(rows, dtype=float).reshape(-1, len(elements))


def check_system(entries: Sequence[PhaseEntry], elements: Sequence[str]) -> None:
    """Names and references of a hull over these elements.

    Raises
    ------
    InputError
        For a name given twice, a phase with a foreign element, two engines, or an element without a reference phase.
    """
    names = [entry.name for entry in entries]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{names.count(name)} phases are called {name}", where="phases", remedy="rename one")
    for entry in entries:
        foreign = sorted(entry.elements - set(elements))
        if foreign:
            raise InputError(
                f"{', '.join(foreign)} in {entry.formula} is not of {'-'.join(elements)}", where=entry.name,
                remedy="leave the phase out, or name the element in the system",
            )  # fmt: skip
    common_engine(entries)
    missing = [element for element in elements if not any(entry.elements == {element} for entry in entries)]
    if missing:
        raise InputError(
            f"no reference phase of the element {', '.join(missing)}", where="phases",
            remedy="give an energy of the pure element (a solid, or a gas such as H2)",
        )  # fmt: skip
