"""Reactions where two phases meet, closed or in contact with a reservoir of the mobile ion at a voltage.

Of a mixture with a share x of one phase and 1 - x of the other, the hull holds an energy that is convex and made of
straight pieces in x; what the mixture gains over its parts,

    E_rxn(x) = E_hull(x) - x E_one - (1 - x) E_other,

is largest at one of the corners, each of which is a reaction (Richards et al., Chem. Mater. 28, 266 (2016),
doi 10.1021/acs.chemmater.5b04082). The corners are found exactly, from the slopes at the ends inwards. With a reservoir
the energies are grand potentials at mu = mu(metal) - z e V of an ion of charge z e, and x counts the other atoms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paddlewheel.errors import InputError
from paddlewheel.thermodynamics.hull import FreeEnergyHull
from paddlewheel.thermodynamics.reactions import Reaction, formula_units, reaction
from paddlewheel.thermodynamics.window import check_charge

_SAME_eV = 1e-9


@dataclass(frozen=True)
class InterfaceReaction:
    """One corner.

    Attributes
    ----------
    share
        x, of the atoms of the first phase; without those of the ion where it is exchanged.
    energy_eV_per_atom
        Of the reaction, per atom as in `share`: negative where it goes.
    reaction
        Of formula units.
    """

    share: float
    energy_eV_per_atom: float
    reaction: Reaction


def interface_reactions(
    hull: FreeEnergyHull, one: str, other: str, *, temperature: int, ion: str | None = None,
    charge_e: float | None = None, voltage_V: float | None = None,
) -> list[InterfaceReaction]:  # fmt: skip
    """The corners from the first phase's side to the other's, without the ends.

    Parameters
    ----------
    hull
        Of all elements of both.
    one, other
        Names of phases.
    temperature
        Its number in the hull.
    ion, charge_e, voltage_V
        A reservoir of the ion and its charge, at a voltage against its metal; none without them.

    Raises
    ------
    InputError
        If a phase is not there, both are one, or a phase is nothing but the ion.
    """
    from scipy.optimize import linprog

    first, second = hull.number(one), hull.number(other)
    if first == second:
        raise InputError(f"both phases are {one}", where="interface", remedy="name another one")
    energies, holds = hull.gibbs_eV_per_atom[temperature].copy(), hull.fractions
    scale = np.ones(len(energies))
    if ion is not None:
        if voltage_V is None or voltage_V < 0:
            raise InputError(f"{voltage_V} V against {ion}", where="voltage", remedy="give 0 V or more")
        if charge_e is None:
            raise InputError(f"no charge of {ion}", where="charge", remedy="give it with the voltage")
        check_charge(charge_e, ion)
        column = hull.elements.index(ion)
        metal = min(energies[k] for k, entry in enumerate(hull.entries) if entry.elements == {ion})
        energies -= holds[:, column] * (metal - charge_e * voltage_V)
        holds = np.delete(holds, column, axis=1)
        scale = holds.sum(axis=1)
        if min(scale[first], scale[second]) < 1e-9:
            raise InputError(f"a phase that is nothing but {ion}", where="interface", remedy="name another one")
    able = np.flatnonzero(scale > 1e-9)
    vectors, costs = holds[able] / scale[able, None], energies[able] / scale[able]
    ends = holds[first] / scale[first], holds[second] / scale[second]
    own = energies[first] / scale[first], energies[second] / scale[second]

    def at(share: float) -> tuple[float, float, NDArray[np.float64]]:
        """Energy of the hull, its slope in the share, and the amounts."""
        wanted = share * ends[0] + (1 - share) * ends[1]
        found = linprog(costs, A_eq=vectors.T, b_eq=wanted, bounds=(0, None), method="highs")
        if found.x is None:
            raise InputError(f"no phases that hold {one} and {other}", where="phases", remedy="give all references")
        return float(found.fun), float(found.eqlin.marginals @ (ends[0] - ends[1])), found.x

    def corners(low: float, high: float) -> list[float]:
        """Shares between, at which the slope changes."""
        low_energy, low_slope, _ = at(low + 1e-7)
        high_energy, high_slope, _ = at(high - 1e-7)
        if high - low < 1e-5 or high_slope - low_slope < _SAME_eV:
            return []
        middle = (low_energy - high_energy + high_slope * (high - 1e-7) - low_slope * (low + 1e-7)) / (
            high_slope - low_slope
        )
        energy, _, _ = at(middle)
        if abs(energy - low_energy - low_slope * (middle - low - 1e-7)) < _SAME_eV:
            return [middle]
        return [*corners(low, middle), middle, *corners(middle, high)]

    rows = []
    for share in sorted(corners(0.0, 1.0)):
        energy, left_right = at(share)[0], (at(max(share - 1e-6, 0.0))[1], at(min(share + 1e-6, 1.0))[1])
        # an end itself, or a place where two straight pieces were cut: no corner
        if not 1e-5 < share < 1 - 1e-5 or left_right[1] - left_right[0] < 1e-7:
            continue
        amounts = at(share)[2]
        rows.append(_row(hull, first, second, share, energy - share * own[0] - (1 - share) * own[1],
                         {int(able[k]): float(amounts[k] / scale[able[k]]) for k in np.flatnonzero(amounts > 1e-7)},
                         scale, ion))  # fmt: skip
    return rows


def _row(
    hull: FreeEnergyHull, first: int, second: int, share: float, energy: float, parts: dict[int, float],
    scale: NDArray[np.float64], ion: str | None,
) -> InterfaceReaction:  # fmt: skip
    mixed = {first: share / scale[first], second: (1 - share) / scale[second]}
    given_off = 0.0
    if ion is not None:
        content = hull.fractions[:, hull.elements.index(ion)]
        given_off = sum(content[k] * amount for k, amount in mixed.items())
        given_off -= sum(content[k] * amount for k, amount in parts.items())
    left, right = formula_units(mixed, hull.entries, 1.0), formula_units(parts, hull.entries, 1.0)
    per = left[first]
    return InterfaceReaction(
        share, float(energy),
        reaction(
            [(hull.entries[k], amount / per) for k, amount in left.items()],
            [(hull.entries[k], amount / per) for k, amount in right.items()], ion=ion, given_off=given_off / per,
        ),
    )  # fmt: skip
