"""Which element of a circuit is what: bulk, grain boundary, interface, electrode.

Two measures of a capacitance, and only one of them is a property of the material (Irvine, Sinclair, West, doi
10.1002/adma.19900020304). What fills the volume has a permittivity, C L / A: some 5 to 100 in the bulk of an ionic
conductor, and 10 to 1000 times more at its grain boundaries, as the grains are larger than the boundaries. What lies at
the electrodes has a capacitance per area, C / A, whatever the thickness: 1 to 50 uF/cm2 of a double layer, not below
0.1 uF/cm2 of a film of 100 nm. In a thick pellet the two are far apart; in a thin one a capacitance may be either, and
is then told to be unclear, not guessed. The capacitance of an arc is tau / R, that of its apex (Hsu and Mansfeld, doi
10.5006/1.3280607); that of a tail is Y'' / w at the lowest frequency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.eis.circuit import Circuit, evaluate
from paddlewheel.lab.eis.fit import CircuitFit
from paddlewheel.lab.eis.pellet import Pellet

Role = Literal["bulk", "grain_boundary", "electrolyte", "interface", "unclear", "inductive"]
VACUUM_PERMITTIVITY_F_PER_CM = 8.8541878128e-14
BULK_PERMITTIVITY = 200.0
"""Above that of the bulk of an ionic conductor (5 to 100), twice for what geometry and depression add."""
GRAIN_BOUNDARY_TIMES = 1000.0
"""Most that the capacitance of grain boundaries is above that of the bulk: grain size over width of the boundary."""
GRAIN_BOUNDARY_PERMITTIVITY = 1e5
"""The largest of grain boundaries where the bulk is not seen: 1000 times 100; C L / A of 1e-8 F/cm."""
INTERFACE_FROM_F_PER_CM2 = 1e-7
"""The least of an electrode: a film of 100 nm and permittivity 10; a double layer has ten times more."""
POOR_CONTACT_F_PER_CM2 = 1e-8
"""A blocking electrode that touches a hundredth of the area. Below it a tail is no electrode."""
_NOMINAL = Pellet(diameter_cm=1.128, thickness_cm=0.1)
"""The disc of 1 cm2 and 1 mm that stands in where no geometry is given."""


@dataclass(frozen=True)
class Resistance:
    """A sum of resistances of a fit with its standard uncertainty (covariances included), ohm."""

    value_ohm: float
    std_ohm: float


def permittivity(capacitance_F: float, pellet: Pellet | None = None) -> float:
    """C L / A over that of the vacuum; without a geometry that of a disc of 1 cm2 and 1 mm."""
    return capacitance_F * (pellet or _NOMINAL).cell_constant_per_cm / VACUUM_PERMITTIVITY_F_PER_CM


def per_area_F_per_cm2(capacitance_F: float, pellet: Pellet | None = None) -> float:
    """C / A; without a geometry that of 1 cm2."""
    return capacitance_F / (pellet or _NOMINAL).area_cm2


Place = Literal["volume", "electrode", "unclear"]


def place_of(
    capacitance_F: float,
    pellet: Pellet | None = None,
    *,
    bulk_F: float | None = None,
    least_F_per_cm2: float = INTERFACE_FROM_F_PER_CM2,
) -> Place:
    """Where a capacitance belongs: in the volume, at the electrodes, or in either.

    Parameters
    ----------
    capacitance_F
        Of an arc.
    pellet
        The geometry; a disc of 1 cm2 and 1 mm without.
    bulk_F
        The capacitance of the bulk where it is seen: grain boundaries have up to a thousand times more.
    least_F_per_cm2
        What an electrode has at least; `POOR_CONTACT_F_PER_CM2` for a blocking one, of which nothing follows.
    """
    highest = GRAIN_BOUNDARY_PERMITTIVITY
    if bulk_F is not None:
        highest = min(highest, GRAIN_BOUNDARY_TIMES * permittivity(bulk_F, pellet))
    # decades by which it is too large for grain boundaries, and too small for an electrode
    above = np.log10(permittivity(capacitance_F, pellet) / highest)
    below = np.log10(least_F_per_cm2 / per_area_F_per_cm2(capacitance_F, pellet))
    if above <= 0 and below <= 0:
        return "unclear"
    return "electrode" if above > below else "volume"


def assign_roles(fits: Sequence[CircuitFit], pellet: Pellet | None = None) -> dict[str, Role]:
    """The role of each resistance (`R_ohm`, `R1_ohm`, ...) of one circuit, alike for all spectra of a series.

    An arc is of the volume or at the electrodes by `place_of`; the electrode of Randles too, and either arc of one
    inside another: what is inside an arc that is at an electrode is there too. Of two or more arcs of the
    volume the fastest is the bulk. A resistor in series is the bulk where the arcs of the volume have the capacitance
    of grain boundaries, and the electrolyte as a whole where there is no arc; beside the arc of a bulk it is faster
    than all that is seen of the electrolyte, and counted with it. What is inductive, leads or a loop, is in no total.
    """
    circuit = fits[0].circuit
    sizes = arc_capacitances_F(fits)
    bulk = _bulk_F(sizes, pellet)
    places = {name: place_of(size, pellet, bulk_F=bulk) for name, size in sizes.items()}
    if places.get("outer_ohm") == "electrode":
        places["inner_ohm"] = "electrode"
    inside = [name for name, place in places.items() if place == "volume"]
    roles: dict[str, Role] = {
        name: "interface" if place == "electrode" else "unclear" for name, place in places.items() if place != "volume"
    }
    resistor_is_bulk = circuit.resistor and bool(inside) and permittivity(sizes[inside[0]], pellet) > BULK_PERMITTIVITY
    for k, name in enumerate(inside):
        if resistor_is_bulk or k > 0:
            roles[name] = "grain_boundary"
        elif len(inside) > 1 or permittivity(sizes[name], pellet) <= BULK_PERMITTIVITY:
            roles[name] = "bulk"
        else:
            roles[name] = "electrolyte"
    if circuit.resistor:
        roles["R_ohm"] = "bulk" if resistor_is_bulk else "electrolyte"
    roles |= {f"{name}_ohm": "inductive" for name in ("coil", "loop") if getattr(circuit, name)}
    return roles


def place_of_tail(fit: CircuitFit, omega: np.ndarray, pellet: Pellet | None = None) -> Place:
    """Where the tail belongs: a blocking electrode, or the flank of an arc of the electrolyte that is not all seen.

    Parameters
    ----------
    fit
        The fit.
    omega
        `[n_points]` rad/s, of the spectrum that was fitted.
    pellet
        The geometry.
    """
    size = tail_capacitance_F(fit, omega)
    if size is None:
        return "electrode"
    bulk = _bulk_F(arc_capacitances_F([fit]), pellet)
    return place_of(size, pellet, bulk_F=bulk, least_F_per_cm2=POOR_CONTACT_F_PER_CM2)


def _bulk_F(sizes: Mapping[str, float], pellet: Pellet | None) -> float | None:
    """The least capacitance of the arcs, if it is that of a bulk."""
    least = min(sizes.values(), default=np.inf)
    return least if permittivity(least, pellet) <= BULK_PERMITTIVITY else None


def asked_roles(roles: Mapping[str, Role], electrolyte: Sequence[str]) -> dict[str, Role]:
    """The roles where somebody said which resistances are the electrolyte's: those are, and no other.

    Raises
    ------
    SettingsError
        For a name that the circuit does not have.
    """
    names = {name.removesuffix("_ohm"): name for name in roles}
    unknown = [name for name in electrolyte if name.removesuffix("_ohm") not in names]
    if unknown:
        raise SettingsError(
            f"'{unknown[0]}' is no resistance of the circuit",
            where="electrolyte",
            remedy=f"name some of {', '.join(names)}, and the circuit with --circuit",
        )
    asked = {names[name.removesuffix("_ohm")] for name in electrolyte}
    told: dict[str, Role] = {}
    for name, role in roles.items():
        if name in asked:
            told[name] = role if role in ("bulk", "grain_boundary") else "electrolyte"
        else:
            told[name] = role if role == "inductive" else "interface"
    return told


def arc_capacitances_F(fits: Sequence[CircuitFit]) -> dict[str, float]:
    """tau / R by the name of the resistance, the geometric mean over the spectra, those of nested arcs too."""
    circuit = fits[0].circuit
    arcs = [(f"R{k}_ohm", f"tau{k}_s") for k in range(1, circuit.arcs + 1)]
    nested = {"RWQ": ["transfer"], "RRQQ": ["outer", "inner"]}
    arcs += [(f"{name}_ohm", f"{name}_tau_s") for name in nested.get(circuit.tail, [])]
    return {
        size: float(np.exp(np.mean([np.log(fit.value(time) / fit.value(size)) for fit in fits]))) for size, time in arcs
    }


def tail_capacitance_F(fit: CircuitFit, omega: np.ndarray) -> float | None:
    """Y'' / w of a CPE, W or Wo tail at the lowest frequency; None without such a tail.

    Parameters
    ----------
    fit
        The fit.
    omega
        `[n_points]` rad/s, of the spectrum that was fitted.
    """
    if fit.circuit.tail not in ("CPE", "W", "Wo"):
        return None
    alone = Circuit(tail=fit.circuit.tail)
    theta = fit.theta[[fit.index(parameter.name) for parameter in alone.parameters()]]
    z = evaluate(alone, theta[None], omega)[0][0]
    slowest = int(np.argmin(omega))
    return float((1 / z[slowest]).imag / omega[slowest])


def summed(fit: CircuitFit, names: list[str], *, inflation: float = 1.0) -> Resistance | None:
    """The sum of resistances by name; None for none.

    Parameters
    ----------
    inflation
        Of the variances, for correlated residuals.
    """
    if not names:
        return None
    values = np.array([fit.value(name) for name in names])
    index = [fit.index(name) for name in names]
    covariance = fit.covariance[np.ix_(index, index)] * inflation
    return Resistance(float(values.sum()), float(np.sqrt(values @ covariance @ values)))


def resistances(fit: CircuitFit, roles: Mapping[str, Role], *, inflation: float = 1.0) -> dict[str, Resistance | None]:
    """By `bulk`, `grain_boundary`, `total` (of the electrolyte, without interface), `interface`, `unclear`."""
    by_role = {role: [name for name, given in roles.items() if given == role] for role in set(roles.values())}
    inside = [name for name, given in roles.items() if given in ("bulk", "grain_boundary", "electrolyte")]
    return {
        "bulk": summed(fit, by_role.get("bulk", []), inflation=inflation),
        "grain_boundary": summed(fit, by_role.get("grain_boundary", []), inflation=inflation),
        "total": summed(fit, inside, inflation=inflation),
        "interface": summed(fit, by_role.get("interface", []), inflation=inflation),
        "unclear": summed(fit, by_role.get("unclear", []), inflation=inflation),
    }
