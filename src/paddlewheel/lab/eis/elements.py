"""Elements of equivalent circuits, in series and in parallel to any depth: impedance and derivatives.

A size is fitted as its logarithm, an exponent as it is; an element whose sizes all grow by one factor grows by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Complexes = NDArray[np.complex128]
Law = Callable[[np.ndarray, np.ndarray], tuple[Complexes, list[Complexes]]]
"""From logarithms and exponents `[n_sets, n_parameters, 1]` and omega `[n_points]`: Z, and dZ of each, all
`[n_sets, n_points]`."""


class Parameter(NamedTuple):
    """One parameter: its name in records, its unit, whether it is fitted as its logarithm, and its sign."""

    name: str
    unit: str
    logarithmic: bool
    sign: int = 1


class Kind(NamedTuple):
    """A kind of element: ends of its parameters' names with their units ("" for an exponent), its law, and how each
    parameter grows with the impedance (1, -1, or 0 for a time or an exponent)."""

    ends: tuple[tuple[str, str], ...]
    law: Law
    grows: tuple[int, ...]


def _root(values: Complexes) -> Complexes:
    return np.sqrt(values)


def _resistor(theta: np.ndarray, omega: np.ndarray) -> tuple[Complexes, list[Complexes]]:
    z = np.exp(theta[:, 0]) * np.ones_like(omega) + 0j
    return z, [z]


def _capacitor(theta: np.ndarray, omega: np.ndarray) -> tuple[Complexes, list[Complexes]]:
    z: Complexes = np.exp(-theta[:, 0]) / (1j * omega)
    return z, [-z]


def _inductor(theta: np.ndarray, omega: np.ndarray) -> tuple[Complexes, list[Complexes]]:
    z = np.exp(theta[:, 0]) * 1j * omega
    return z, [z]


def _constant_phase(theta: np.ndarray, omega: np.ndarray) -> tuple[Complexes, list[Complexes]]:
    log = np.log(omega) + 0.5j * np.pi
    z = np.exp(-theta[:, 0] - theta[:, 1] * log)
    return z, [-z, -z * log]


def _warburg(theta: np.ndarray, omega: np.ndarray) -> tuple[Complexes, list[Complexes]]:
    z = np.exp(theta[:, 0]) * (1 - 1j) / np.sqrt(omega)
    return z, [z]


def _short_warburg(theta: np.ndarray, omega: np.ndarray) -> tuple[Complexes, list[Complexes]]:
    size, s = np.exp(theta[:, 0]), _root(1j * omega * np.exp(theta[:, 1]))
    t = np.tanh(s)
    z: Complexes = t / s * size
    slope: Complexes = 0.5 * ((1 - t * t) * size - z)
    return z, [z, slope]


def _open_warburg(theta: np.ndarray, omega: np.ndarray) -> tuple[Complexes, list[Complexes]]:
    size, s = np.exp(theta[:, 0]), _root(1j * omega * np.exp(theta[:, 1]))
    c = 1 / np.tanh(s)
    z: Complexes = c / s * size
    slope: Complexes = 0.5 * ((1 - c * c) * size - z)
    return z, [z, slope]


def _gerischer(theta: np.ndarray, omega: np.ndarray) -> tuple[Complexes, list[Complexes]]:
    x: Complexes = 1j * omega * np.exp(theta[:, 1])
    z: Complexes = np.exp(theta[:, 0]) / _root(1 + x)
    return z, [z, -0.5 * z * x / (1 + x)]


def _arc(theta: np.ndarray, omega: np.ndarray) -> tuple[Complexes, list[Complexes]]:
    log = np.log(omega) + 0.5j * np.pi + theta[:, 1]
    x: Complexes = np.exp(theta[:, 2] * log)
    z: Complexes = np.exp(theta[:, 0]) / (1 + x)
    bend: Complexes = -z * x / (1 + x)
    return z, [z, theta[:, 2] * bend, log * bend]


def _debye_arc(theta: np.ndarray, omega: np.ndarray) -> tuple[Complexes, list[Complexes]]:
    x = 1j * omega * np.exp(theta[:, 1])
    z = np.exp(theta[:, 0]) / (1 + x)
    return z, [z, -z * x / (1 + x)]


def _line(rail: np.ndarray, shunt: Complexes) -> tuple[Complexes, Complexes]:
    """A line open at its end, of a resistance and of an admittance as a whole; Z, and its slope in the logarithm of
    either: of the shunt, and 1 / Z times less one of the rail."""
    s = _root(rail * shunt)
    c = 1 / np.tanh(s)
    z = rail * c / s
    return z, 0.5 * (rail * (1 - c * c) - z)


def _blocking_line(theta: np.ndarray, omega: np.ndarray) -> tuple[Complexes, list[Complexes]]:
    log = np.log(omega) + 0.5j * np.pi
    z, slope = _line(np.exp(theta[:, 0]), np.exp(theta[:, 1] + theta[:, 2] * log))
    return z, [z + slope, slope, slope * log]


def _reacting_line(theta: np.ndarray, omega: np.ndarray) -> tuple[Complexes, list[Complexes]]:
    log = np.log(omega) + 0.5j * np.pi
    reaction, double_layer = np.exp(-theta[:, 1]), np.exp(theta[:, 2] + theta[:, 3] * log)
    z, slope = _line(np.exp(theta[:, 0]), reaction + double_layer)
    share = double_layer / (reaction + double_layer)
    return z, [z + slope, -slope * (1 - share), slope * share, slope * share * log]


_R, _TAU, _Q, _N = ("R_ohm", "ohm"), ("tau_s", "s"), ("Q", "S s^n"), ("n", "")
KINDS: dict[str, Kind] = {
    "R": Kind((("ohm", "ohm"),), _resistor, (1,)),
    "C": Kind((("F", "F"),), _capacitor, (-1,)),
    "L": Kind((("H", "H"),), _inductor, (1,)),
    "CPE": Kind((_Q, _N), _constant_phase, (-1, 0)),
    "W": Kind((("ohm_per_sqrt_s", "ohm/s^0.5"),), _warburg, (1,)),
    "Ws": Kind((_R, _TAU), _short_warburg, (1, 0)),
    "Wo": Kind((_R, _TAU), _open_warburg, (1, 0)),
    "G": Kind((_R, _TAU), _gerischer, (1, 0)),
    "K": Kind((_R, _TAU), _debye_arc, (1, 0)),
    "Zarc": Kind((_R, _TAU, _N), _arc, (1, 0, 0)),
    "TLMQ": Kind((_R, _Q, _N), _blocking_line, (1, -1, 0)),
    "TLMR": Kind((_R, ("Rct_ohm", "ohm"), _Q, _N), _reacting_line, (1, 1, -1, 0)),
}
"""Every element by its name in circuits, as impedance.py has them; TLMR is our own name.

R, C, L. CPE: Z = 1 / (Q (i w)^n). W: sigma (1 - i) / sqrt(w), semi-infinite. Ws: R tanh(s) / s and Wo: R coth(s) / s,
s = sqrt(i w tau), diffusion over a finite length into a reservoir (short) or up to a wall (open) (Boukamp, doi
10.1016/0167-2738(86)90031-7). G: R / sqrt(1 + i w tau), Gerischer (doi 10.1149/1.3079337). K: R / (1 + i w tau).
Zarc: R / (1 + (i w tau)^n). TLMQ: R coth(s) / s, s^2 = R Q (i w)^n, the pore of de Levie with blocking walls (doi
10.1016/0013-4686(63)80042-0; Landesfeind et al., doi 10.1149/2.1141607jes). TLMR: the same with a reaction at its
walls, s^2 = R (1 / Rct + Q (i w)^n).
"""


@dataclass(frozen=True)
class Element:
    """One element: its kind and the name that tells it apart, such as CPE1."""

    kind: str
    name: str

    @property
    def size(self) -> int:
        """Number of its parameters."""
        return len(KINDS[self.kind].ends)

    def parameters(self) -> list[Parameter]:
        """In the order in which they are fitted."""
        return [Parameter(f"{self.name}_{end}", unit, bool(unit)) for end, unit in KINDS[self.kind].ends]

    def elements(self) -> Iterator[Element]:
        """Itself, as a group gives those that it is made of."""
        yield self

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Group:
    """Elements and groups in series, or in parallel."""

    parallel: bool
    parts: tuple[Element | Group, ...]

    @property
    def size(self) -> int:
        """Number of the parameters of all elements."""
        return sum(part.size for part in self.parts)

    def parameters(self) -> list[Parameter]:
        """Of all elements, as they stand."""
        return [parameter for part in self.parts for parameter in part.parameters()]

    def elements(self) -> Iterator[Element]:
        """All elements, as they stand."""
        for part in self.parts:
            yield from part.elements()

    def __str__(self) -> str:
        return f"p({','.join(map(str, self.parts))})" if self.parallel else "-".join(map(str, self.parts))


Node = Element | Group


def evaluate_node(
    node: Node, theta: np.ndarray, omega: np.ndarray, signs: np.ndarray | None = None
) -> tuple[Complexes, Complexes]:
    """Impedance and derivatives for many sets of parameters.

    Parameters
    ----------
    node
        What is evaluated.
    theta
        `[n_sets, n_parameters]`: logarithms of sizes, exponents as they are.
    omega
        `[n_points]` angular frequency, rad/s.
    signs
        `[n_parameters]`, -1 where a resistance is negative; all positive where not given.

    Returns
    -------
    impedance_ohm, derivatives
        `[n_sets, n_points]`, and `[n_sets, n_parameters, n_points]`.
    """
    if isinstance(node, Element):
        z, each = KINDS[node.kind].law(theta[:, :, None], omega)
        slopes = np.stack(each, axis=1)
        return (z, slopes) if signs is None or (signs > 0).all() else (-z, -slopes)
    ends = np.cumsum([0, *(part.size for part in node.parts)])
    made = [
        evaluate_node(part, theta[:, a:b], omega, None if signs is None else signs[a:b])
        for part, a, b in zip(node.parts, ends[:-1], ends[1:], strict=True)
    ]
    if not node.parallel:
        return np.sum([z for z, _ in made], axis=0), np.concatenate([slopes for _, slopes in made], axis=1)
    whole = 1 / np.sum([1 / z for z, _ in made], axis=0)
    return whole, np.concatenate([slopes * ((whole / z) ** 2)[:, None] for z, slopes in made], axis=1)


def built(node: Node) -> str:
    """Its kinds as they stand, without names: `p(R,s(CPE,W))`."""
    if isinstance(node, Element):
        return node.kind
    return f"{'p' if node.parallel else 's'}({','.join(map(built, node.parts))})"


def growth_of(node: Node) -> np.ndarray:
    """`[n_parameters]`: 1, -1 or 0 after how the logarithm of each follows that of the impedance as a whole."""
    return np.array([grows for element in node.elements() for grows in KINDS[element.kind].grows])


def renamed(node: Node, names: Iterator[str]) -> Node:
    """The same with other names of its elements, as they stand."""
    if isinstance(node, Element):
        return replace(node, name=next(names))
    return replace(node, parts=tuple(renamed(part, names) for part in node.parts))
