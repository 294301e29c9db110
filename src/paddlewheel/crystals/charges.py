"""Which ion moves, and what charge it carries: from chemistry, never from a valence-electron count."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from paddlewheel.crystals.anions import BONDING_ELEMENTS, find_polyanions
from paddlewheel.errors import SettingsError

if TYPE_CHECKING:
    from ase import Atoms

# Ions with one oxidation state in solids that conduct. Not here, because they have several: H, Cu, Fe, Mn, Tl, S, ...
_CATIONS = {
    **dict.fromkeys(("Li", "Na", "K", "Rb", "Cs", "Ag"), 1.0),
    **dict.fromkeys(("Be", "Mg", "Ca", "Sr", "Ba", "Zn", "Cd"), 2.0),
    **dict.fromkeys(("Al", "Ga", "Sc", "Y", "La"), 3.0),
}
_ANIONS = {"F": -1.0, "Cl": -1.0, "Br": -1.0, "I": -1.0, "O": -2.0}
_MONOVALENT = ("Li", "Na", "K", "Rb", "Cs", "Ag")
_DIVALENT = ("Mg", "Ca", "Zn")


def cation_charge(symbol: str) -> float | None:
    """Charge of the cation of a metal, e: what an electrode of it takes from the ion; None for several states."""
    return _CATIONS.get(symbol)


def known_charges(symbol: str) -> tuple[int, ...]:
    """Oxidation states of an element that chemistry knows, ascending: the common ones, and those of crystals in the
    ICSD, as pymatgen lists them; none of noble gases that form no compound."""
    from pymatgen.core import Element

    if not Element.is_valid_symbol(symbol):
        return ()
    element = Element(symbol)
    return tuple(sorted({*element.common_oxidation_states, *element.icsd_oxidation_states} - {0}))


def guess_charge(atoms: Atoms, specie: str) -> float | None:
    """Return the charge of a mobile ion, e, where chemistry leaves no doubt.

    Alkali metals and Ag +1, alkaline earths, Zn and Cd +2, Al and its kin +3, halides -1, oxide -2. None, so that the
    caller asks, for elements with several states (H, Cu, S, transition metals), for a halogen or oxygen bound in a
    polyanion (ClO4, SO4), and for a metal where there is nothing to take its electrons.

    Raises
    ------
    SettingsError
        If `specie` is not in the structure.
    """
    symbols = atoms.get_chemical_symbols()
    if specie not in symbols:
        raise SettingsError(
            f"{specie!r} is not in the structure ({', '.join(sorted(set(symbols)))})",
            where="specie",
            remedy="name one of its elements",
        )
    if specie in _CATIONS:
        return _CATIONS[specie] if set(symbols) & BONDING_ELEMENTS else None
    if specie in _ANIONS:
        bound = {symbols[i] for anion in find_polyanions(atoms) for i in anion.indices}
        return None if specie in bound or set(symbols) <= BONDING_ELEMENTS else _ANIONS[specie]
    return None


def conducting_cations(symbols: Collection[str]) -> list[str]:
    """Those elements that are known to move alone in solids: Li, Na, K, Rb, Cs and Ag."""
    return [symbol for symbol in _MONOVALENT if symbol in symbols]


def guess_mobile_specie(atoms: Atoms) -> str | None:
    """Return the ion that a study of this structure means to follow, None where that is a guess too far.

    The one element of Li, Na, K, Rb, Cs, Ag in it; or, where there is none of those, the one of Mg, Ca, Zn, provided
    that no free halide or oxide could be the mobile one instead.
    """
    symbols = set(atoms.get_chemical_symbols())
    if not symbols & BONDING_ELEMENTS:
        return None
    if monovalent := conducting_cations(symbols):
        return monovalent[0] if len(monovalent) == 1 else None
    divalent = [s for s in _DIVALENT if s in symbols]
    if len(divalent) != 1 or any(guess_charge(atoms, s) for s in _ANIONS if s in symbols):
        return None
    return divalent[0]
