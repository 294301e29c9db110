"""The electrochemical stability window of a phase against its mobile ion: what it turns into at which voltage.

The phase is in contact with a reservoir of the ion A, of charge z e, at mu_A(V) = mu_A(metal) - z e V. Of all sets of
phases b that hold its other elements, the one with the least grand potential

    phi_b(V) = G_b - N_b mu_A(V)

is stable; each is a straight line in V, with N_b the amount of A in it, so that the stable ones are the lower envelope
of the lines, and the voltages of the steps are where they cross: exact, without a grid (Ong et al., Chem. Mater. 20,
1798 (2008), doi 10.1021/cm702327g; Zhu, He and Mo, ACS Appl. Mater. Interfaces 7, 23685 (2015),
doi 10.1021/acsami.5b07517).

Limits. Oxidation begins where a set with less A than the phase comes to lie below, reduction where one with more does.
A phase above the hull has no window of its own: something that needs no exchange of A is more stable at every voltage.
As in the literature (Richards et al., Chem. Mater. 28, 266 (2016), doi 10.1021/acs.chemmater.5b04082) it is then
lowered onto the hull, and its window is where what it would fall into exchanges no A; `driving_force_eV_per_atom` says
by how much it was lowered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.constants import e as ELEMENTARY_CHARGE
from scipy.constants import physical_constants

from paddlewheel.errors import InputError
from paddlewheel.thermodynamics.decompositions import Decompositions, decompositions
from paddlewheel.thermodynamics.hull import LEVEL_68, LEVEL_95, FreeEnergyHull
from paddlewheel.thermodynamics.reactions import Reaction, formula_units, reaction

_SAME = 1e-7
_NO_IONS = 1e-9
_U_IN_G = physical_constants["atomic mass constant"][0] * 1000
_COULOMBS_PER_mAh = 3.6


@dataclass(frozen=True)
class WindowStep:
    """What is stable between two voltages.

    Attributes
    ----------
    low_V, high_V
        Against the metal of the ion; infinite at the ends.
    std_low_V
        Of the reaction at `low_V`, from the errors of the energies; None at the end.
    reaction
        From one formula unit of the phase to what is stable here, with the ion taken up (negative) or given off.
    ions_per_formula
        Given off; negative where they are taken up.
    capacity_mAh_per_g
        Of the phase, z e an ion, with the sign of `ions_per_formula`.
    volume_change
        Of the solids over the phase's volume, less 1, without the metal; None where a volume is not known.
    """

    low_V: float
    high_V: float
    std_low_V: float | None
    reaction: Reaction
    ions_per_formula: float
    capacity_mAh_per_g: float
    volume_change: float | None


@dataclass(frozen=True)
class StabilityWindow:
    """The window of one phase at one temperature; see the module.

    The stds of the limits are the root mean square of the draws about them, `reduction_intervals_V` and
    `oxidation_intervals_V` their 68 and 95 % intervals: a phase near the hull has a window of its own in some draws
    and is lowered in the others, so that they are seldom even. None where the limit is not there.
    """

    temperature_K: float
    ion: str
    charge_e: float
    driving_force_eV_per_atom: float
    reduction_limit_V: float
    oxidation_limit_V: float
    std_reduction_limit_V: float
    std_oxidation_limit_V: float
    reduction_intervals_V: tuple[tuple[float, float], tuple[float, float]] | None
    oxidation_intervals_V: tuple[tuple[float, float], tuple[float, float]] | None
    steps: list[WindowStep]

    def at(self, voltage_V: float) -> WindowStep:
        """The step that holds at a voltage.

        Raises
        ------
        InputError
            Below 0 V: the metal of the ion is plated there, and the diagram ends.
        """
        if not np.isfinite(voltage_V) or voltage_V < 0:
            raise InputError(
                f"{voltage_V:g} V against {self.ion} is outside the diagram", where="voltage",
                remedy=f"give 0 V or more: below, {self.ion} is plated",
            )  # fmt: skip
        return next(step for step in self.steps if step.low_V <= voltage_V < step.high_V)


def stability_window(
    hull: FreeEnergyHull, name: str, *, ion: str, charge_e: float, temperature: int
) -> StabilityWindow:
    """The window of the phase `name` at temperature number `temperature` of the hull; the ion carries `charge_e` > 0.

    Raises
    ------
    InputError
        If the phase has no such ion, or nothing but it, or the ion no positive charge.
    """
    check_charge(charge_e, ion)
    number = hull.number(name)
    target = hull.entries[number]
    if ion not in target.elements or len(target.elements) == 1:
        raise InputError(
            f"{target.formula} is no compound of {ion}", where=name, remedy=f"name a phase that holds {ion} and others"
        )
    column = hull.elements.index(ion)
    content, rest = hull.fractions[:, column], np.delete(hull.fractions, column, axis=1)
    ways = decompositions(rest, rest[number])
    closed = decompositions(hull.fractions, hull.fractions[number])
    metal = [k for k, entry in enumerate(hull.entries) if entry.elements == {ion}]
    nominal, samples = hull.gibbs_eV_per_atom[temperature], hull.samples_eV_per_atom[temperature]
    held = ways.totals(content)

    def limits(energies: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        own = closed.totals(energies).min(axis=-1)  # the phase, or what the hull has at its composition
        totals, mu = ways.totals(energies), energies[..., metal].min(axis=-1)
        poorer, richer = held < content[number] - _SAME, held > content[number] + _SAME
        oxidation = _crossings(totals, own, held, content[number], poorer).min(axis=-1) + mu  # eV
        reduction = _crossings(totals, own, held, content[number], richer).max(axis=-1, initial=-np.inf) + mu
        return np.maximum(reduction, 0.0) / charge_e, np.maximum(oxidation, 0.0) / charge_e

    reduction, oxidation = limits(nominal)
    sampled_reduction, sampled_oxidation = limits(samples)
    own = float(closed.totals(nominal).min())
    return StabilityWindow(
        temperature_K=hull.temperatures_K[temperature],
        ion=ion,
        charge_e=charge_e,
        driving_force_eV_per_atom=float(nominal[number] - own),
        reduction_limit_V=float(reduction),
        oxidation_limit_V=float(oxidation),
        std_reduction_limit_V=_spread(sampled_reduction, float(reduction)),
        std_oxidation_limit_V=_spread(sampled_oxidation, float(oxidation)),
        reduction_intervals_V=_intervals(sampled_reduction),
        oxidation_intervals_V=_intervals(sampled_oxidation),
        steps=_steps(hull, number, ion, charge_e, ways, held, nominal, samples, metal),
    )


def check_charge(charge_e: float, ion: str) -> None:
    """Raise InputError unless the ion is a cation, whose metal is an electrode."""
    if not (np.isfinite(charge_e) and charge_e > 0):
        raise InputError(
            f"{charge_e:g} e is no charge of a cation {ion}", where="charge", remedy="give 1, 2 or 3: the metal is 0 V"
        )


def _crossings(
    totals: NDArray[np.float64], own: NDArray[np.float64], held: NDArray[np.float64], mine: float,
    chosen: NDArray[np.bool_],
) -> NDArray[np.float64]:  # fmt: skip
    """[..., n_chosen] -mu at which each chosen way and the phase are as stable, eV."""
    return (totals[..., chosen] - np.asarray(own)[..., None]) / (mine - held[chosen])


def _spread(samples: NDArray[np.float64], nominal: float) -> float:
    finite = samples[np.isfinite(samples)]
    return float(np.sqrt(((finite - nominal) ** 2).mean())) if len(finite) and np.isfinite(nominal) else 0.0


def _intervals(samples: NDArray[np.float64]) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Of 68 and 95 %."""
    finite = samples[np.isfinite(samples)]
    if not len(finite) or not finite.std():
        return None
    low_68, high_68, low_95, high_95 = np.quantile(finite, (*LEVEL_68, *LEVEL_95)).tolist()
    return (low_68, high_68), (low_95, high_95)


def _steps(
    hull: FreeEnergyHull, number: int, ion: str, charge_e: float, ways: Decompositions, held: NDArray[np.float64],
    nominal: NDArray[np.float64], samples: NDArray[np.float64], metal: list[int],
) -> list[WindowStep]:  # fmt: skip
    """The lower envelope, from 0 V up."""
    totals, mu = ways.totals(nominal), float(nominal[metal].min())
    corners_eV, chain = lower_envelope(totals - held * mu, held)
    voltages = [corner / charge_e for corner in corners_eV]
    sampled, sampled_mu = ways.totals(samples), samples[:, metal].min(axis=-1)
    target, mine = hull.entries[number], hull.fractions[number, hull.elements.index(ion)]
    atoms = target.composition.num_atoms
    steps = []
    for place, way in enumerate(chain):
        low = -np.inf if place == 0 else voltages[place - 1]
        high = np.inf if place == len(chain) - 1 else voltages[place]
        if high <= 0:
            continue
        std = None
        if place and low > 0:
            before = chain[place - 1]
            at = (sampled[:, way] - sampled[:, before]) / (held[before] - held[way]) + sampled_mu
            std = float(at.std()) / charge_e
        given_off = float(mine - held[way]) * atoms
        given_off = 0.0 if abs(given_off) < _NO_IONS else given_off
        products = formula_units(ways.parts(way), hull.entries, atoms)
        after = [(hull.entries[k], amount) for k, amount in sorted(products.items())]
        mass_g = float(target.composition.weight) * _U_IN_G
        steps.append(
            WindowStep(
                low_V=max(low, 0.0), high_V=high, std_low_V=std,
                reaction=Reaction(f"{target.formula} is stable", {target.name: 1.0})
                if list(products) == [number]
                else reaction([(target, 1.0)], after, ion=ion, given_off=given_off),
                ions_per_formula=given_off,
                capacity_mAh_per_g=given_off * charge_e * ELEMENTARY_CHARGE / _COULOMBS_PER_mAh / mass_g,
                volume_change=_volume_change(hull, number, ways.parts(way)),
            )
        )  # fmt: skip
    return steps


def lower_envelope(intercepts: NDArray[np.float64], slopes: NDArray[np.float64]) -> tuple[list[float], list[int]]:
    """Corners, rising, and lines, from left to right, of the lower envelope of intercept + slope x."""
    order = np.lexsort((intercepts, -slopes))
    chain: list[int] = []
    corners: list[float] = []
    for line in order:
        if chain and abs(slopes[chain[-1]] - slopes[line]) < _SAME:  # parallel but for rounding: the lower one counts
            if intercepts[line] >= intercepts[chain[-1]]:
                continue
            chain.pop()
            if corners:
                corners.pop()
        while chain:
            corner = (intercepts[line] - intercepts[chain[-1]]) / (slopes[chain[-1]] - slopes[line])
            if corners and corner <= corners[-1] + 1e-9:
                chain.pop()
                corners.pop()
                continue
            corners.append(float(corner))
            break
        chain.append(int(line))
    return corners, chain


def _volume_change(hull: FreeEnergyHull, number: int, parts: dict[int, float]) -> float | None:
    own = hull.entries[number].volume_A3_per_atom
    volumes = {k: hull.entries[k].volume_A3_per_atom for k in parts if hull.entries[k].state == "solid"}
    if own is None or None in volumes.values():
        return None
    # shares are of the phases' atoms: the ion is part of a phase, though not of what the ways balance
    return sum(parts[k] * volume for k, volume in volumes.items() if volume is not None) / own - 1
