"""Equivalent circuits: their impedance and its derivatives, for many sets of parameters at once.

The circuits that are chosen from are elements in series; any other is a tree (`paddlewheel.lab.eis.elements`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.eis.elements import KINDS, Complexes, Node, Parameter, evaluate_node
from paddlewheel.lab.eis.notation import parse_node

Tail = Literal["", "CPE", "W", "Ws", "Wo", "RWQ", "RRQQ"]
TAILS: tuple[Tail, ...] = ("", "CPE", "W", "Ws", "Wo", "RWQ", "RRQQ")
SEMI_INFINITE: tuple[Tail, ...] = ("W", "RWQ")
"""Tails with a semi-infinite Warburg element, of which a diffusivity follows."""
MOST_ARCS = 3
N_LOWEST, N_HIGHEST = 0.3, 1.0
NESTED: tuple[Tail, ...] = ("RWQ", "RRQQ")
"""Tails that are an arc with something inside."""
_TAIL_SIZE = {"": 0, "CPE": 2, "W": 1, "Ws": 2, "Wo": 2, "RWQ": 4, "RRQQ": 6}
_IN_SERIES = ("R", "L", "RL", "RQ", "nRQ", *TAILS[1:])


class Limit(NamedTuple):
    """Ends of one parameter by its full name, in its unit, included; both alike where it is fixed."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Circuit:
    """Elements in series: a resistor, an inductor, arcs (a resistor beside a constant-phase element), a tail, what is
    inductive; or, with `tree`, elements in any order.

    Attributes
    ----------
    resistor, inductor
        R: Z = R. L: Z = i w L.
    arcs
        RQ, zero to three, from high to low frequency: Z = R / (1 + (i w tau)^n), so that Q = tau^n / R.
    tail
        "CPE": Z = 1 / (Q (i w)^n), a blocking electrode. "W": Z = sigma (1 - i) / sqrt(w), semi-infinite Warburg.
        "Ws": Z = R tanh(s) / s, "Wo": Z = R coth(s) / s, s = sqrt(i w tau), diffusion over a finite length into a
        reservoir (short) or up to a wall (open). "RWQ": the electrode of Randles (doi 10.1039/df9470100011), a
        Warburg element inside its arc: Z = 1 / (1 / (R + sigma (1 - i) / sqrt(w)) + Q (i w)^n), Q = tau^n / R.
        "RRQQ": an arc inside an arc, a film about a charge transfer: the same with an arc in place of the Warburg
        element, p(CPE,R-p(CPE,R)). "" for none.
    coil
        RL, a resistor beside an inductor, which leads are at high frequency: Z = R i w tau / (1 + i w tau), L = R tau.
    loop
        nRQ, an arc of negative resistance, an inductive loop at low frequency: Z = -R / (1 + (i w tau)^n).
    tree
        A circuit in the usual notation (`paddlewheel.lab.eis.notation`); all of the above are then off.
    limits
        Parameters that are fixed or bounded.

    Raises
    ------
    SettingsError
        For no element at all, or more than three arcs, the outer one of RWQ or RRQQ counted.
    """

    resistor: bool = False
    inductor: bool = False
    arcs: int = 0
    tail: Tail = ""
    coil: bool = False
    loop: bool = False
    tree: Node | None = None
    limits: tuple[Limit, ...] = ()

    def __post_init__(self) -> None:
        seen = self.resistor or self.arcs or self.tail or self.tree is not None
        if not 0 <= self.arcs <= MOST_ARCS - (self.tail in NESTED) or not seen:
            raise SettingsError(f"{self.arcs} arcs", where="circuit", remedy="write a circuit such as R-RQ-RQ-CPE")

    @classmethod
    def parse(cls, text: str) -> Circuit:
        """From its name: elements in series joined by hyphens, in any order, such as L-R-RQ-RQ-CPE, or any circuit in
        the notation of impedance.py, R0-p(R1,CPE1)-Wo1, or of Boukamp, R(RQ)(RQ).

        Raises
        ------
        SettingsError
            For what is no circuit, or an element in series that stands too often.
        """
        parts = [part.strip() for part in text.split("-")]
        foreign = [part for part in parts if part not in _IN_SERIES]
        joined = {"RQ", "nRQ", "RWQ"}.intersection(parts)  # which no other notation has
        if foreign and joined:
            raise SettingsError(
                f"'{text}' is no circuit: '{foreign[0]}' is no element beside {sorted(joined)[0]}", where="circuit",
                remedy=f"join {', '.join(_IN_SERIES)} by hyphens, such as R-RQ-RQ-CPE, or write R0-p(R1,CPE1)-Wo1",
            )  # fmt: skip
        if foreign:
            return cls(tree=parse_node(text))
        tails = [part for part in parts if part in TAILS]
        once = [part for part in ("R", "L", "RL", "nRQ") if parts.count(part) > 1]
        if once or len(tails) > 1 or parts.count("RQ") > MOST_ARCS:
            often = [*once, *tails[1:], "RQ"][0]
            raise SettingsError(
                f"'{text}' is no circuit: {often} stands too often",
                where="circuit",
                remedy="join R, L, RL, up to three RQ, one nRQ and one of CPE, W, Ws, Wo, RWQ, RRQQ by hyphens, such "
                "as R-RQ-RQ-CPE, or number the elements: R0-p(R1,CPE1)-Wo1",
            )
        tail: Tail = tails[0] if tails else ""  # type: ignore[assignment]
        return cls("R" in parts, "L" in parts, parts.count("RQ"), tail, "RL" in parts, "nRQ" in parts)

    @property
    def name(self) -> str:
        """Such as L-R-RQ-RQ-CPE, or R0-p(R1,CPE1)-Wo1."""
        if self.tree is not None:
            return str(self.tree)
        parts = ["L"] * self.inductor + ["RL"] * self.coil + ["R"] * self.resistor + ["RQ"] * self.arcs
        return "-".join([*parts, *["nRQ"] * self.loop, *[self.tail] * bool(self.tail)])

    @property
    def size(self) -> int:
        """Number of parameters."""
        if self.tree is not None:
            return self.tree.size
        in_series = self.resistor + self.inductor + 3 * self.arcs + _TAIL_SIZE[self.tail]
        return in_series + 2 * self.coil + 3 * self.loop

    @property
    def n_free(self) -> int:
        """Number of parameters that are not fixed."""
        return self.size - sum(limit.low == limit.high for limit in self.limits)

    def parameters(self) -> list[Parameter]:
        """In the order in which they are fitted."""
        if self.tree is not None:
            negative = {limit.name for limit in self.limits if limit.high < 0}
            return [each._replace(sign=-1) if each.name in negative else each for each in self.tree.parameters()]
        told = []
        if self.resistor:
            told.append(Parameter("R_ohm", "ohm", True))
        if self.inductor:
            told.append(Parameter("L_H", "H", True))
        for k in range(1, self.arcs + 1):
            told += [Parameter(f"R{k}_ohm", "ohm", True), Parameter(f"tau{k}_s", "s", True),
                     Parameter(f"n{k}", "", False)]  # fmt: skip
        if self.tail == "CPE":
            told += [Parameter("tail_ohm", "ohm", True), Parameter("tail_n", "", False)]
        elif self.tail == "RWQ":
            told += [Parameter("transfer_ohm", "ohm", True), Parameter("transfer_tau_s", "s", True)]
            told += [Parameter("transfer_n", "", False), Parameter("warburg_ohm_per_sqrt_s", "ohm/s^0.5", True)]
        elif self.tail == "RRQQ":
            for name in ("outer", "inner"):
                told += [Parameter(f"{name}_ohm", "ohm", True), Parameter(f"{name}_tau_s", "s", True)]
                told.append(Parameter(f"{name}_n", "", False))
        elif self.tail == "W":
            told.append(Parameter("warburg_ohm_per_sqrt_s", "ohm/s^0.5", True))
        elif self.tail:
            told += [Parameter("tail_R_ohm", "ohm", True), Parameter("tail_tau_s", "s", True)]
        if self.coil:
            told += [Parameter("coil_ohm", "ohm", True), Parameter("coil_tau_s", "s", True)]
        if self.loop:
            told += [Parameter("loop_ohm", "ohm", True), Parameter("loop_tau_s", "s", True)]
            told.append(Parameter("loop_n", "", False))
        return told

    def is_part_of(self, other: Circuit) -> bool:
        """Whether this circuit is a special case of `other`, which has more parameters; both in series.

        A Warburg tail is one of the other tails, with n = 0.5, a long path or nothing beside it; the electrode of
        Randles without its Warburg element is an arc, and so is an arc with none inside, which without a capacitance of
        its own is a resistor and an arc; a resistor is an arc or a short Warburg element that is faster
        than the spectrum; an inductor is RL of a large resistor.
        """
        if self.tree is not None or other.tree is not None:
            return False
        tails = self.tail in ("", other.tail) or (self.tail == "W" and other.tail != "")
        nested = other.tail in NESTED and self.tail == ""
        arc_like = {"Ws": 1, "RRQQ": 2}.get(other.tail, 0) if self.tail == "" else 0
        spare = other.arcs + arc_like - self.arcs
        return (
            tails
            and self.size < other.size
            and self.inductor + self.coil <= other.inductor + other.coil
            and self.coil <= other.coil
            and self.loop <= other.loop
            and self.arcs <= other.arcs + nested
            and (self.resistor <= other.resistor or spare > 0)
        )


def reference_rate(omega: np.ndarray) -> float:
    """The angular frequency at which the modulus of a CPE tail is the parameter `tail_ohm`, rad/s."""
    return float(np.exp(np.log(omega).mean()))


def evaluate(circuit: Circuit, theta: np.ndarray, omega: np.ndarray) -> tuple[Complexes, Complexes]:
    """Impedance and derivatives for many sets of parameters.

    Parameters
    ----------
    circuit
        The circuit.
    theta
        `[n_sets, n_parameters]`: logarithms of what `Parameter.logarithmic` says, the exponents n as they are.
    omega
        `[n_points]` angular frequency, rad/s.

    Returns
    -------
    impedance_ohm, derivatives
        `[n_sets, n_points]`, and `[n_sets, n_parameters, n_points]` after the entries of `theta`, complex.
    """
    if circuit.tree is not None:
        signs = np.array([parameter.sign for parameter in circuit.parameters()])
        return evaluate_node(circuit.tree, theta, omega, signs)
    n_sets, n_points = len(theta), len(omega)
    slopes = np.empty((n_sets, circuit.size, n_points), dtype=complex)
    total = np.zeros((n_sets, n_points), dtype=complex)
    at = 0
    if circuit.resistor:
        slopes[:, 0] = np.exp(theta[:, :1])
        total += slopes[:, 0]
        at = 1
    if circuit.inductor:
        slopes[:, at] = 1j * omega * np.exp(theta[:, at : at + 1])
        total += slopes[:, at]
        at += 1
    if circuit.arcs:
        arcs = theta[:, at : at + 3 * circuit.arcs].reshape(n_sets, circuit.arcs, 3, 1)
        log_s = np.log(omega) + 0.5j * np.pi + arcs[:, :, 1]
        n = arcs[:, :, 2]
        x = np.exp(n * log_s)
        z = np.exp(arcs[:, :, 0]) / (1 + x)
        bend = -z * (x / (1 + x))
        parts = slopes[:, at : at + 3 * circuit.arcs].reshape(n_sets, circuit.arcs, 3, n_points)
        parts[:, :, 0], parts[:, :, 1], parts[:, :, 2] = z, n * bend, log_s * bend
        slopes[:, at : at + 3 * circuit.arcs] = parts.reshape(n_sets, 3 * circuit.arcs, n_points)
        total += z.sum(axis=1)
        at += 3 * circuit.arcs
    if circuit.tail:
        total += _tail(circuit.tail, theta[:, at:], omega, slopes[:, at:])
        at += _TAIL_SIZE[circuit.tail]
    if circuit.coil:
        x = 1j * omega * np.exp(theta[:, at + 1 : at + 2])
        slopes[:, at] = np.exp(theta[:, at : at + 1]) * x / (1 + x)
        slopes[:, at + 1] = slopes[:, at] / (1 + x)
        total += slopes[:, at]
        at += 2
    if circuit.loop:
        z, each = KINDS["Zarc"].law(theta[:, at : at + 3, None], omega)
        slopes[:, at : at + 3] = -np.stack(each, axis=1)
        total -= z
    return total, slopes


def _tail(tail: str, theta: np.ndarray, omega: np.ndarray, slopes: Complexes) -> Complexes:
    """Impedance of the tail; its derivatives are written into `slopes`."""
    if tail in NESTED:
        return _nested("W" if tail == "RWQ" else "Zarc", theta, omega, slopes)
    if tail == "CPE":
        log_s = np.log(omega / reference_rate(omega)) + 0.5j * np.pi
        slopes[:, 0] = np.exp(theta[:, :1] - theta[:, 1:2] * log_s)
        slopes[:, 1] = -slopes[:, 0] * log_s
        return slopes[:, 0]
    size = _TAIL_SIZE[tail]
    z, each = KINDS[tail].law(theta[:, :size, None], omega)
    slopes[:, :size] = np.stack(each, axis=1)
    return z


def _nested(inside: str, theta: np.ndarray, omega: np.ndarray, slopes: Complexes) -> Complexes:
    """An arc whose resistor has an element in series, of the kind `inside`."""
    log_s = np.log(omega) + 0.5j * np.pi + theta[:, 1:2]
    outer = np.exp(theta[:, :1])
    z_inside, each = KINDS[inside].law(theta[:, 3:, None], omega)
    branch, beside = outer + z_inside, np.exp(theta[:, 2:3] * log_s) / outer
    z = 1 / (1 / branch + beside)
    slopes[:, 0] = z * z * (outer / branch**2 + beside)
    slopes[:, 1] = -z * z * theta[:, 2:3] * beside
    slopes[:, 2] = -z * z * log_s * beside
    slopes[:, 3 : 3 + len(each)] = ((z / branch) ** 2)[:, None] * np.stack(each, axis=1)
    return z


def impedance(circuit: Circuit, values: dict[str, float], frequency_Hz: np.ndarray) -> Complexes:
    """Impedance `[n_points]` in ohm of one set of parameters by name, in their units."""
    theta = [
        np.log(parameter.sign * values[parameter.name]) if parameter.logarithmic else values[parameter.name]
        for parameter in circuit.parameters()
    ]
    return evaluate(circuit, np.array([theta]), 2 * np.pi * np.asarray(frequency_Hz, dtype=float))[0][0]
