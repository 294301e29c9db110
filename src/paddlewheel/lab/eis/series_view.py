"""What a circuit in the usual notation has of the elements in series that roles and capacitances are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from paddlewheel.lab.eis.assignment import Role
from paddlewheel.lab.eis.circuit import MOST_ARCS, NESTED, TAILS, Circuit, Tail, reference_rate
from paddlewheel.lab.eis.elements import Group, Node, built
from paddlewheel.lab.eis.fit import CircuitFit

_Row = tuple[float, np.ndarray]
"""A value, and its derivatives in the parameters of the fit."""


@dataclass(frozen=True, eq=False)
class SeriesView:
    """A fit as that of elements in series.

    Attributes
    ----------
    fit
        Of a circuit in series: values and covariances of what was recognized, to first order; points and residuals are
        those of the whole fit. The fit itself where nothing was.
    names
        The parameter of the whole fit that a resistance of `fit` is, by its name.
    others
        Parts of the circuit that were not recognized, or that stand too often.
    """

    fit: CircuitFit
    names: dict[str, str]
    others: tuple[str, ...] = ()

    def written(self, roles: Mapping[str, Role]) -> dict[str, Role]:
        """Roles of resistances in series by the names of the circuit as it was written."""
        return {self.names[name]: role for name, role in roles.items()}

    def in_series(self, roles: Mapping[str, Role]) -> dict[str, Role]:
        """The other way round."""
        return {name: roles[written] for name, written in self.names.items() if written in roles}


def as_series(fit: CircuitFit, omega: np.ndarray) -> SeriesView:
    """Recognize R, L, arcs p(R,CPE), coils p(R,L), negative arcs, electrodes p(CPE,R-W), an arc
    inside an arc p(CPE,R-p(CPE,R)) and a tail.

    Parameters
    ----------
    fit
        Of any circuit.
    omega
        `[n_points]`, rad/s, of the spectrum.
    """
    tree = fit.circuit.tree
    if tree is None:
        return SeriesView(fit, {each.name: each.name for each in fit.circuit.parameters()})
    found: dict[str, list[tuple[list[_Row], str]]] = {}
    others, at = [], 0
    reader = _Reader(fit, reference_rate(omega))
    for part in tree.parts if isinstance(tree, Group) and not tree.parallel else (tree,):
        kind, rows, name = reader.read(part, at)
        at += part.size
        place = "tail" if kind in TAILS else kind
        if not kind or (place != "arc" and place in found) or len(found.get("arc", ())) == MOST_ARCS:
            others.append(str(part))
        else:
            found.setdefault(place, []).append((rows, name))
            if place == "tail":
                reader.tail = kind  # type: ignore[assignment]
    arcs = sorted(found.get("arc", []), key=lambda arc: arc[0][1][0])
    if not (arcs or "resistor" in found or "tail" in found) or len(arcs) > MOST_ARCS - (reader.tail in NESTED):
        return SeriesView(fit, {}, tuple(others))
    circuit = Circuit(
        "resistor" in found, "inductor" in found, len(arcs), reader.tail, "coil" in found, "loop" in found
    )
    pieces = [
        *found.get("resistor", []), *found.get("inductor", []), *arcs, *found.get("tail", []), *found.get("coil", []),
        *found.get("loop", []),
    ]  # fmt: skip
    rows = [row for piece, _ in pieces for row in piece]
    slopes = np.array([slope for _, slope in rows])
    firsts = np.cumsum([0, *(len(piece) for piece, _ in pieces)])[:-1]
    names = {circuit.parameters()[first].name: name for first, (_, name) in zip(firsts, pieces, strict=True)}
    made = replace(
        fit,
        circuit=circuit,
        theta=np.array([value for value, _ in rows]),
        covariance=slopes @ fit.covariance @ slopes.T,
    )
    return SeriesView(made, names, tuple(others))


class _Reader:
    """Reads the parts of one fit's circuit; `tail` is the one that was found."""

    def __init__(self, fit: CircuitFit, reference_rate: float) -> None:
        self._fit, self._log_rate = fit, float(np.log(reference_rate))
        self._parameters = fit.circuit.parameters()
        self.tail: Tail = ""

    def read(self, part: Node, at: int) -> tuple[str, list[_Row], str]:
        """Its kind ("" for none that is known), its rows in series, and the name of its resistance."""
        kinds = built(part)
        signs = {parameter.sign for parameter in self._parameters[at : at + part.size] if parameter.unit != "s"}
        rows = [self._row(at + k) for k in range(part.size)]
        names = [parameter.name for parameter in self._parameters[at : at + part.size]]
        negative = [k for k in range(part.size) if self._parameters[at + k].sign < 0]
        if negative and kinds in _ARCS:
            sizes = [k for k in range(part.size) if self._parameters[at + k].unit not in ("", "s")]
            if negative != sizes:
                return "", [], ""
            return "loop", self._arc(kinds, rows), names[_ARCS[kinds]]
        if signs - {1}:
            return "", [], ""
        if kinds in _ARCS:
            return "arc", self._arc(kinds, rows), names[_ARCS[kinds]]
        if kinds in _PLAIN:
            return _PLAIN[kinds], rows, names[0]
        if kinds in ("CPE", "C"):
            n = rows[1] if kinds == "CPE" else self._constant(1.0)
            return "CPE", [self._modulus(rows[0], n), n], names[0]
        if kinds in ("p(L,R)", "p(R,L)"):
            r = 0 if kinds == "p(R,L)" else 1
            (resistance, d_r), (inductance, d_l) = rows[r], rows[1 - r]
            return "coil", [(resistance, d_r), (inductance - resistance, d_l - d_r)], names[r]
        if kinds in _RANDLES:
            r, q, n, w = _RANDLES[kinds]
            exponent = self._constant(1.0) if n is None else rows[n]
            return "RWQ", [rows[r], self._time(rows[r], rows[q], exponent), exponent, rows[w]], names[r]
        if isinstance(part, Group) and part.parallel and len(part.parts) == 2:
            return self._nested(part, at)
        return "", [], ""

    def _nested(self, part: Group, at: int) -> tuple[str, list[_Row], str]:
        """A CPE or capacitor beside a resistor and an arc in series, in any order."""
        places, first = [], at
        for branch in part.parts:
            places.append((branch, first))
            first += branch.size
        (beside, at_beside), (series, at_series) = sorted(places, key=lambda each: isinstance(each[0], Group))
        if built(beside) not in ("CPE", "C") or not isinstance(series, Group) or len(series.parts) != 2:
            return "", [], ""
        inner, at_inner = series.parts[0], at_series
        outer, at_outer = series.parts[1], at_series + inner.size
        if built(inner) == "R":
            inner, at_inner, outer, at_outer = outer, at_outer, inner, at_inner
        if built(outer) != "R" or built(inner) not in _ARCS:
            return "", [], ""
        r, q = self._row(at_outer), self._row(at_beside)
        n = self._row(at_beside + 1) if built(beside) == "CPE" else self._constant(1.0)
        arc = self._arc(built(inner), [self._row(at_inner + k) for k in range(inner.size)])
        return "RRQQ", [r, self._time(r, q, n), n, *arc], self._parameters[at_outer].name

    def _row(self, k: int) -> _Row:
        return float(self._fit.theta[k]), np.eye(len(self._fit.theta))[k]

    def _constant(self, value: float) -> _Row:
        return value, np.zeros(len(self._fit.theta))

    def _modulus(self, q: _Row, n: _Row) -> _Row:
        """ln of 1 / (Q w^n) at the reference rate."""
        return -q[0] - n[0] * self._log_rate, -q[1] - n[1] * self._log_rate

    @staticmethod
    def _time(r: _Row, q: _Row, n: _Row) -> _Row:
        """ln tau = (ln R + ln Q) / n."""
        whole = r[0] + q[0]
        return whole / n[0], (r[1] + q[1]) / n[0] - whole * n[1] / n[0] ** 2

    def _arc(self, kinds: str, rows: list[_Row]) -> list[_Row]:
        if kinds == "Zarc":
            return rows
        if kinds == "K":
            return [*rows, self._constant(1.0)]
        r = rows[_ARCS[kinds]]
        rest = [row for k, row in enumerate(rows) if k != _ARCS[kinds]]
        n = rest[1] if len(rest) > 1 else self._constant(1.0)
        return [r, self._time(r, rest[0], n), n]


_PLAIN = {"R": "resistor", "L": "inductor", "W": "W", "Ws": "Ws", "Wo": "Wo"}
_ARCS = {"Zarc": 0, "K": 0, "p(R,CPE)": 0, "p(R,C)": 0, "p(CPE,R)": 2, "p(C,R)": 1}
"""Arcs as they may be built, and which of their parameters the resistance is."""
_RANDLES: dict[str, tuple[int, int, int | None, int]] = {
    "p(CPE,s(R,W))": (2, 0, 1, 3),
    "p(CPE,s(W,R))": (3, 0, 1, 2),
    "p(C,s(R,W))": (1, 0, None, 2),
    "p(C,s(W,R))": (2, 0, None, 1),
    "p(s(R,W),CPE)": (0, 2, 3, 1),
    "p(s(W,R),CPE)": (1, 2, 3, 0),
    "p(s(R,W),C)": (0, 2, None, 1),
    "p(s(W,R),C)": (1, 2, None, 0),
}
"""Electrodes of Randles: places of R, Q, n (None: 1) and sigma."""
