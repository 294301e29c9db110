"""Equivalent circuits, elements in series: their impedance and its derivatives, for many sets of parameters at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paddlewheel.errors import SettingsError

Complexes = NDArray[np.complex128]
Tail = Literal["", "CPE", "W", "Ws", "Wo", "RWQ"]
TAILS: tuple[Tail, ...] = ("", "CPE", "W", "Ws", "Wo", "RWQ")
SEMI_INFINITE: tuple[Tail, ...] = ("W", "RWQ")
"""Tails with a semi-infinite Warburg element, of which a diffusivity follows."""
MOST_ARCS = 3
N_LOWEST, N_HIGHEST = 0.3, 1.0
_TAIL_SIZE = {"": 0, "CPE": 2, "W": 1, "Ws": 2, "Wo": 2, "RWQ": 4}


class Parameter(NamedTuple):
    """One parameter: its name in records, its unit, and whether it is fitted as its logarithm."""

    name: str
    unit: str
    logarithmic: bool


@dataclass(frozen=True)
class Circuit:
    """Elements in series: a resistor, an inductor, arcs (a resistor beside a constant-phase element), a tail.

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
        "" for none.

    Raises
    ------
    SettingsError
        For no element at all, or more than three arcs, that of RWQ counted.
    """

    resistor: bool = False
    inductor: bool = False
    arcs: int = 0
    tail: Tail = ""

    def __post_init__(self) -> None:
        if not 0 <= self.arcs <= MOST_ARCS - (self.tail == "RWQ") or not (self.resistor or self.arcs or self.tail):
            raise SettingsError(f"{self.arcs} arcs", where="circuit", remedy="write a circuit such as R-RQ-RQ-CPE")

    @classmethod
    def parse(cls, text: str) -> Circuit:
        """From its name: elements joined by hyphens, in any order, such as L-R-RQ-RQ-CPE.

        Raises
        ------
        SettingsError
            For an element that is none of R, L, RQ, CPE, W, Ws, Wo, RWQ, or that stands too often.
        """
        parts = [part.strip() for part in text.split("-")]
        tails = [part for part in parts if part in TAILS and part]
        others = [part for part in parts if part not in ("R", "L", "RQ") and part not in tails]
        if others or parts.count("R") > 1 or parts.count("L") > 1 or len(tails) > 1 or parts.count("RQ") > MOST_ARCS:
            raise SettingsError(
                f"'{text}' is no circuit",
                where="circuit",
                remedy="join R, L, up to three RQ, and one of CPE, W, Ws, Wo, RWQ by hyphens, such as R-RQ-RQ-CPE",
            )
        return cls("R" in parts, "L" in parts, parts.count("RQ"), tails[0] if tails else "")  # type: ignore[arg-type]

    @property
    def name(self) -> str:
        """Such as L-R-RQ-RQ-CPE."""
        parts = ["L"] * self.inductor + ["R"] * self.resistor + ["RQ"] * self.arcs + [self.tail] * bool(self.tail)
        return "-".join(parts)

    @property
    def size(self) -> int:
        """Number of parameters."""
        return self.resistor + self.inductor + 3 * self.arcs + _TAIL_SIZE[self.tail]

    def parameters(self) -> list[Parameter]:
        """In the order in which they are fitted."""
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
        elif self.tail == "W":
            told.append(Parameter("warburg_ohm_per_sqrt_s", "ohm/s^0.5", True))
        elif self.tail:
            told += [Parameter("tail_R_ohm", "ohm", True), Parameter("tail_tau_s", "s", True)]
        return told

    def is_part_of(self, other: Circuit) -> bool:
        """Whether this circuit is a special case of `other`, which has more parameters.

        A Warburg tail is one of the other tails, with n = 0.5, a long path or nothing beside it; the electrode of
        Randles without its Warburg element is an arc; a resistor is an arc or a short Warburg element that is faster
        than the spectrum.
        """
        tails = self.tail in ("", other.tail) or (self.tail == "W" and other.tail != "")
        nested = other.tail == "RWQ" and self.tail == ""
        spare = other.arcs - self.arcs + (other.tail == "Ws" and self.tail == "")
        return (
            tails
            and self.size < other.size
            and self.inductor <= other.inductor
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
    return total, slopes


def _tail(tail: str, theta: np.ndarray, omega: np.ndarray, slopes: Complexes) -> Complexes:
    """Impedance of the tail; its derivatives are written into `slopes`."""
    size = np.exp(theta[:, :1])
    if tail == "W":
        slopes[:, 0] = size * (1 - 1j) / np.sqrt(omega)
    elif tail == "RWQ":
        return _randles(size, theta, omega, slopes)
    elif tail == "CPE":
        log_s = np.log(omega / reference_rate(omega)) + 0.5j * np.pi
        slopes[:, 0] = size * np.exp(-theta[:, 1:2] * log_s)
        slopes[:, 1] = -slopes[:, 0] * log_s
    else:
        s = np.sqrt(1j * omega * np.exp(theta[:, 1:2]))
        t = np.tanh(s)
        if tail == "Ws":
            slopes[:, 0] = size * t / s
            slopes[:, 1] = 0.5 * (size * (1 - t * t) - slopes[:, 0])
        else:
            slopes[:, 0] = size / (t * s)
            slopes[:, 1] = 0.5 * (size * (1 - 1 / (t * t)) - slopes[:, 0])
    return slopes[:, 0]


def _randles(transfer: np.ndarray, theta: np.ndarray, omega: np.ndarray, slopes: Complexes) -> Complexes:
    log_s = np.log(omega) + 0.5j * np.pi + theta[:, 1:2]
    warburg = np.exp(theta[:, 3:4]) * (1 - 1j) / np.sqrt(omega)
    faradaic, beside = transfer + warburg, np.exp(theta[:, 2:3] * log_s) / transfer
    z = 1 / (1 / faradaic + beside)
    slopes[:, 0] = z * z * (transfer / faradaic**2 + beside)
    slopes[:, 1] = -z * z * theta[:, 2:3] * beside
    slopes[:, 2] = -z * z * log_s * beside
    slopes[:, 3] = z * z * warburg / faradaic**2
    return z


def impedance(circuit: Circuit, values: dict[str, float], frequency_Hz: np.ndarray) -> Complexes:
    """Impedance `[n_points]` in ohm of one set of parameters by name, in their units."""
    theta = [
        np.log(values[parameter.name]) if parameter.logarithmic else values[parameter.name]
        for parameter in circuit.parameters()
    ]
    return evaluate(circuit, np.array([theta]), 2 * np.pi * np.asarray(frequency_Hz, dtype=float))[0][0]
