"""Which element of a circuit is what: bulk, grain boundary, interface, electrode.

By capacitance, as Irvine, Sinclair and West sort them (doi 10.1002/adma.19900020304), for a cell of L / A = 1/cm: bulk
about 1e-12 F, grain boundary 1e-11 to 1e-8 F, the interface to an electrode 1e-7 F and more. The capacitance of an
arc is tau / R, that of its apex (Hsu and Mansfeld, doi 10.5006/1.3280607).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.lab.eis.fit import CircuitFit

Role = Literal["bulk", "grain_boundary", "electrolyte", "interface", "leads"]
BULK_BELOW_F_PER_CM = 2e-11
INTERFACE_ABOVE_F_PER_CM = 1e-7


@dataclass(frozen=True)
class Resistance:
    """A sum of resistances of a fit with its standard uncertainty (covariances included), ohm."""

    value_ohm: float
    std_ohm: float


def assign_roles(fits: list[CircuitFit], *, cell_constant_per_cm: float = 1.0) -> dict[str, Role]:
    """The role of each resistance (`R_ohm`, `R1_ohm`, ...) of one circuit, alike for all spectra of a series.

    Of two or more arcs of the electrolyte the fastest is the bulk. A resistor in series is the bulk where the arcs that
    are seen have the capacitance of grain boundaries, the leads where an arc has that of the bulk, and the electrolyte
    as a whole where there is no arc. The electrode of Randles is the interface.
    """
    circuit = fits[0].circuit
    arcs = [f"R{k}_ohm" for k in range(1, circuit.arcs + 1)]
    scaled = [
        cell_constant_per_cm * float(np.exp(np.mean([np.log(arc_capacitance_F(fit, k + 1)) for fit in fits])))
        for k in range(circuit.arcs)
    ]
    roles: dict[str, Role] = {
        name: "interface" for name, size in zip(arcs, scaled, strict=True) if size >= INTERFACE_ABOVE_F_PER_CM
    }
    inside = [(name, size) for name, size in zip(arcs, scaled, strict=True) if name not in roles]
    resistor_is_bulk = circuit.resistor and bool(inside) and inside[0][1] > BULK_BELOW_F_PER_CM
    for k, (name, size) in enumerate(inside):
        if resistor_is_bulk or k > 0:
            roles[name] = "grain_boundary"
        elif len(inside) > 1 or size <= BULK_BELOW_F_PER_CM:
            roles[name] = "bulk"
        else:
            roles[name] = "electrolyte"
    if circuit.tail == "RWQ":
        roles["transfer_ohm"] = "interface"
    if circuit.resistor:
        roles["R_ohm"] = "bulk" if resistor_is_bulk else "leads" if inside else "electrolyte"
    return roles


def arc_capacitance_F(fit: CircuitFit, arc: int) -> float:
    """tau / R of arc 1, 2, ... in F."""
    return fit.value(f"tau{arc}_s") / fit.value(f"R{arc}_ohm")


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


def resistances(fit: CircuitFit, roles: dict[str, Role], *, inflation: float = 1.0) -> dict[str, Resistance | None]:
    """By `bulk`, `grain_boundary`, `total` (of the electrolyte, without leads and interface) and `interface`."""
    by_role = {role: [name for name, given in roles.items() if given == role] for role in set(roles.values())}
    inside = [name for name, given in roles.items() if given in ("bulk", "grain_boundary", "electrolyte")]
    return {
        "bulk": summed(fit, by_role.get("bulk", []), inflation=inflation),
        "grain_boundary": summed(fit, by_role.get("grain_boundary", []), inflation=inflation),
        "total": summed(fit, inside, inflation=inflation),
        "interface": summed(fit, by_role.get("interface", []), inflation=inflation),
    }
