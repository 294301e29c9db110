"""Balanced reactions between phases, in formula units as their formulas are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from paddlewheel.thermodynamics.phase_entry import PhaseEntry

_LARGEST_FACTOR = 30
_LEAST = 1e-6


@dataclass(frozen=True)
class Reaction:
    """A balanced reaction.

    Attributes
    ----------
    text
        Such as ``2 NaBH4 -> B2H6 + 2 Na + H2``, with whole numbers where small ones do.
    products
        Formula units by name of the phase, per formula unit of what reacts.
    """

    text: str
    products: dict[str, float]


def formula_units(parts: Mapping[int, float], entries: Sequence[PhaseEntry], atoms: float) -> dict[int, float]:
    """Formula units of each phase for `atoms` atoms, of `parts` that are atoms of the phase per atom."""
    units = {phase: share * atoms / entries[phase].composition.num_atoms for phase, share in parts.items()}
    return {phase: amount for phase, amount in units.items() if amount > _LEAST}


def reaction(
    reactants: Sequence[tuple[PhaseEntry, float]], products: Sequence[tuple[PhaseEntry, float]],
    *, ion: str | None = None, given_off: float = 0.0,
) -> Reaction:  # fmt: skip
    """The reaction of these formula units; `given_off` ions go to the reservoir, or come from it where negative."""
    left = [(entry.formula, amount) for entry, amount in reactants]
    right = [(entry.formula, amount) for entry, amount in products]
    if ion is not None and abs(given_off) > _LEAST:
        (right if given_off > 0 else left).append((ion, abs(given_off)))
    factor = _whole([amount for _, amount in left + right])
    sides = [" + ".join(_term(amount * factor, formula) for formula, amount in side) for side in (left, right)]
    per = reactants[0][1]
    amounts: dict[str, float] = {}
    for entry, amount in products:
        amounts[entry.name] = amounts.get(entry.name, 0.0) + amount / per
    return Reaction(" -> ".join(sides), amounts)


def _whole(amounts: Sequence[float]) -> float:
    """A factor that makes them whole, 1 where none is small enough."""
    found = [Fraction(amount).limit_denominator(_LARGEST_FACTOR) for amount in amounts]
    if any(abs(float(fraction) - amount) > 1e-5 for fraction, amount in zip(found, amounts, strict=True)):
        return 1.0
    factor = lcm(*(fraction.denominator for fraction in found))
    return float(factor) if factor <= _LARGEST_FACTOR else 1.0


def _term(amount: float, formula: str) -> str:
    if abs(amount - 1) < 1e-4:
        return formula
    return f"{round(amount)} {formula}" if abs(amount - round(amount)) < 1e-4 else f"{amount:.4g} {formula}"
