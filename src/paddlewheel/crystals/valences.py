"""Mean oxidation state of each element of a crystal, partly occupied sites included: from bond valences and neutrality.

Bond valences are those of O'Keeffe and Brese (J. Am. Chem. Soc. 113, 3226 (1991), doi 10.1021/ja00009a002): a bond of
length d has exp((R - d) / 0.37 A), and R follows from a radius and an electronegativity of each of the two elements.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.charges import cation_charge, known_charges
from paddlewheel.crystals.pairs import Pairs

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_SOFTNESS_A = 0.37
BOND_CUTOFF_A = 4.0
"""Beyond it a bond has under a hundredth of a valence."""
_OVERLAP = 0.6
"""Of the sum of the covalent radii; sites nearer than this are never filled both, so there is no bond between them."""
NEARLY_NEUTRAL = 0.025
"""Of the positive charge: what refined occupancies leave of charge, and a change of counts takes up."""
LARGEST_IMBALANCE = 0.1
"""Of the positive charge, beyond which atoms are missing, or the charges are wrong."""
_REDOX = ("Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Nb", "Mo", "W", "Re", "Ru", "Ir", "Ce", "Pr", "Eu", "Yb",
          "Sm", "Sn", "Sb", "Pb", "Bi", "Tl", "In", "U", "Te")  # fmt: skip
"""Metals that take two states side by side in one solid."""
_CHAINED = ("C", "N", "B", "P")
"""Elements that bond to themselves in ions, so that their mean state need be no integer."""
_ANIONS = ("H", "N", "O", "F", "S", "Cl", "Se", "Br", "Te", "I")
"""Where there are any of these, bonds are to them alone: Li near P of PS4 is no phosphide."""
_UNCOMMON = 0.5
_STRAINED = 3.5
"""Of a choice of states for one element: this far from its bonds nothing is known of it."""
_MOST_CHOICES = 20_000


def bond_valence_sums(symbols: Sequence[str], occupancies: Floats, pairs: Pairs) -> dict[str, float]:
    """Mean bond valence sum of each element, v.u., negative for anions.

    Parameters
    ----------
    symbols
        The elements.
    occupancies
        Of each site by each of them, `[n_sites, n_elements]`; a bond counts by the occupancy of its other end.
    pairs
        Of sites, up to `BOND_CUTOFF_A`.
    """
    from pymatgen.core import Element

    pauling = {symbol: float(Element(symbol).X) for symbol in symbols}
    anions = [symbol for symbol in symbols if symbol in _ANIONS] or [
        s for s in symbols if min(known_charges(s), default=0) < 0
    ]
    sums = np.zeros(len(symbols))
    for (a, first), (b, second) in itertools.combinations(enumerate(symbols), 2):
        if not abs(pauling[first] - pauling[second]) > 0:  # nan where none is known
            continue
        if max(first, second, key=pauling.__getitem__) not in anions:
            continue
        valence = bond_valences(first, second, pairs.distances_A)
        both = occupancies[pairs.first, a] * occupancies[pairs.second, b]
        both += occupancies[pairs.first, b] * occupancies[pairs.second, a]
        total = float(valence @ both) * (1 if pauling[first] < pauling[second] else -1)
        sums[a] += total
        sums[b] -= total
    amounts = occupancies.sum(axis=0)
    return {symbol: float(sums[k] / amounts[k]) for k, symbol in enumerate(symbols) if amounts[k] > 0}


def bond_valences(first: str, second: str, distances_A: Floats) -> Floats:
    """Of bonds of two elements, v.u.; 0 of sites that are never filled both, and where there is no parameter."""
    from pymatgen.core import Element
    from pymatgen.core.bond_valence import BV_PARAMS

    one, other = (BV_PARAMS.get(Element(symbol)) for symbol in (first, second))
    if one is None or other is None:
        return np.zeros(len(distances_A))
    radii = one["r"] * other["r"] * (math.sqrt(one["c"]) - math.sqrt(other["c"])) ** 2
    length_A = one["r"] + other["r"] - radii / (one["c"] * one["r"] + other["c"] * other["r"])
    bonded = distances_A > _OVERLAP * sum_of_radii(first, second)
    return np.where(bonded, np.exp((length_A - distances_A) / _SOFTNESS_A), 0.0)


def sum_of_radii(first: str, second: str) -> float:
    """Of the covalent radii of two elements, A."""
    from ase.data import atomic_numbers, covalent_radii

    return float(covalent_radii[atomic_numbers[first]] + covalent_radii[atomic_numbers[second]])


def guess_oxidation(
    amounts: Mapping[str, float], valences: Mapping[str, float], given: Mapping[str, float]
) -> dict[str, float] | None:
    """Mean oxidation state of each element, e; None where no choice leaves the crystal near neutral.

    One state an element if that is neutral within a fortieth of the positive charge: of such choices, that nearest to
    the bond valence sums, common states first. Otherwise one element with several states takes what is missing, so
    that its mean is no integer (Fe 2.5). Otherwise the choice that leaves the least charge, up to a tenth of the
    positive.

    Parameters
    ----------
    amounts
        Atoms of each element.
    valences
        As `bond_valence_sums` gives them.
    given
        States that are known.
    """
    choices = {symbol: _states(symbol, valences.get(symbol, 0.0), given) for symbol in amounts}
    if not all(choices.values()) or math.prod(map(len, choices.values())) > _MOST_CHOICES:
        return None
    found: list[tuple[float, float, dict[str, float]]] = []
    for states in itertools.product(*choices.values()):
        charges = dict(zip(amounts, states, strict=True))
        contents = [amounts[symbol] * charge for symbol, charge in charges.items()]
        positive = sum(content for content in contents if content > 0)
        strains = {s: _strain(s, charge, valences) for s, charge in charges.items() if s not in given}
        strange = any(strains[s] > _STRAINED for s in strains if len(choices[s]) > 1)
        if positive <= 0 or min(contents) >= 0 or strange:
            continue
        cost = sum(amounts[symbol] * strain for symbol, strain in strains.items())
        found.append((sum(contents) / positive, cost / sum(amounts.values()), charges))
    if not found:
        return None
    neutral = [entry for entry in found if abs(entry[0]) <= NEARLY_NEUTRAL]
    if neutral:
        return min(neutral, key=lambda entry: entry[1] + abs(entry[0]))[2]
    if mixed := _mixed(amounts, valences, given, choices, found):
        return mixed
    nearest = min(found, key=lambda entry: (round(abs(entry[0]), 3), entry[1]))
    return nearest[2] if abs(nearest[0]) <= LARGEST_IMBALANCE else None


def _states(symbol: str, valence: float, given: Mapping[str, float]) -> list[float]:
    """States that an element may have here: those of the sign of its bond valence sum."""
    if symbol in given:
        return [given[symbol]]
    if (fixed := cation_charge(symbol)) is not None:
        return [fixed]
    states = [float(state) for state in known_charges(symbol)]
    signed = [state for state in states if state * valence > 0]
    return signed or states


def _strain(symbol: str, charge: float, valences: Mapping[str, float]) -> float:
    from pymatgen.core import Element

    away = abs(charge - valences.get(symbol, charge)) / max(1.0, abs(charge))
    return away + (0.0 if charge in Element(symbol).common_oxidation_states else _UNCOMMON)


def _mixed(amounts, valences, given, choices, found) -> dict[str, float] | None:
    """A choice in which one element has a mean between two of its states."""
    best: tuple[float, dict[str, float]] | None = None
    for symbol in (s for s in (*_REDOX, *_CHAINED) if s in amounts and s not in given):
        for _, cost, charges in found:
            rest = sum(amounts[s] * charge for s, charge in charges.items() if s != symbol)
            mean = -rest / amounts[symbol]
            if not min(choices[symbol]) <= mean <= max(choices[symbol]):
                continue
            # a mean far from what the bonds say is no better than another choice of the others
            strain = cost + amounts[symbol] / sum(amounts.values()) * _strain(symbol, mean, valences)
            strain += 0.0 if symbol in _REDOX else 1.0
            if best is None or strain < best[0]:
                best = strain, charges | {symbol: mean}
    return best[1] if best else None


def takes_up_charge(symbol: str, charge: float) -> bool:
    """Whether the mean state of an element is one between two, so that it changes a little without harm."""
    return symbol in (*_REDOX, *_CHAINED) and abs(charge - round(charge)) > 1e-6
