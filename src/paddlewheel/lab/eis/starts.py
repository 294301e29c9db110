"""Starts that nobody has to give: every combination of time constants of a coarse grid, sizes by linear least squares.

For given time constants and exponents all sizes are linear (variable projection; Golub and Pereyra, doi
10.1137/0710036). The Gram matrix of the columns of the whole grid is made once, and each combination is a small part of
it: thousands are solved at once.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np

from paddlewheel.lab.eis.circuit import Circuit, Tail, evaluate
from paddlewheel.lab.eis.least_squares import Weighted

_ARC_EXPONENT = 0.88
_CPE_EXPONENTS = (0.5, 0.7, 0.9)
_PER_DECADE = {1: 4.0, 2: 2.5, 3: 2.0, 4: 1.5}
_SHORTEST_STEP = 16


class StartGrid:
    """The columns of one spectrum's grid, shared by all circuits that are tried on it."""

    def __init__(self, data: Weighted) -> None:
        self.data = data
        self._grams: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray, list[tuple[float, ...]]]] = {}
        target = data.stacked(data.impedance_ohm)
        self._target, self._squares = target, float(target @ target)

    def starts(self, circuit: Circuit, *, keep: int = 5) -> np.ndarray:
        """The best `keep` combinations `[<= keep, n_parameters]`, time constants of arcs from short to long.

        The electrode of Randles starts as an arc and a Warburg element in series, each arc in its place once; an arc
        inside an arc as the two slowest in series, the slower one inside.
        """
        if circuit.coil or circuit.loop:
            return self._with_inductive(circuit, keep)
        first = circuit.resistor + circuit.inductor
        if circuit.tail == "RWQ":
            apart = self._in_series(circuit, circuit.arcs + 1, "W", keep)
            arcs = np.arange(3 * (circuit.arcs + 1)).reshape(-1, 3)
            orders = [np.append(np.delete(arcs, k, axis=0), arcs[k]) for k in range(len(arcs))]
            columns = [np.concatenate([np.arange(first), first + order, [-1]]) for order in orders]
            return np.concatenate([apart[:, column] for column in columns])
        if circuit.tail == "RRQQ":
            return self._in_series(circuit, circuit.arcs + 2, "", 2 * keep)
        return self._in_series(circuit, circuit.arcs, circuit.tail, keep)

    def _in_series(self, circuit: Circuit, n_arcs: int, tail: Tail, keep: int) -> np.ndarray:
        """With the resistor and inductor of `circuit`, other arcs and another tail."""
        gram, product, grid, tails = self._prepared(max(n_arcs, 1))
        chosen = list(combinations(range(len(grid)), n_arcs))
        arcs = np.array(chosen, dtype=int).reshape(len(chosen), n_arcs)
        fixed = [0] * circuit.resistor + [1] * circuit.inductor
        first_tail = 2 + len(grid)
        kinds = [i for i, each in enumerate(tails) if each[0] == _KIND.get(tail)]
        columns = np.concatenate([np.tile(fixed, (len(arcs), 1)).astype(int), 2 + arcs], axis=1)
        if tail:
            columns = np.concatenate(
                [np.repeat(columns, len(kinds), axis=0), np.tile(first_tail + np.array(kinds), len(columns))[:, None]],
                axis=1,
            )
        whole = gram[columns[:, :, None], columns[:, None, :]]
        right = product[columns]
        scale = np.sqrt(np.einsum("bii->bi", whole))
        matrix = whole / (scale[:, :, None] * scale[:, None, :]) + 1e-9 * np.eye(columns.shape[1])
        sizes = np.linalg.solve(matrix, (right / scale)[:, :, None])[:, :, 0] / scale
        floor = 1e-4 * np.sqrt(self._squares) / scale / np.sqrt(len(self._target))
        sizes = np.where(sizes > floor, sizes, floor)
        chi2 = (
            self._squares
            - 2 * np.einsum("bi,bi->b", sizes, right)
            + np.einsum("bi,bi->b", sizes, np.matmul(whole, sizes[:, :, None])[:, :, 0])
        )
        best = np.argsort(chi2, kind="stable")[:keep]
        rest = tails if tail else []
        return np.array(
            [self._theta(circuit, n_arcs, columns[i], np.log(sizes[i]), grid, rest, first_tail) for i in best]
        )

    def _with_inductive(self, circuit: Circuit, keep: int) -> np.ndarray:
        """What is inductive added to the best of the others, at times over its end of the spectrum, small and large."""
        plain = self.starts(replace(circuit, coil=False, loop=False), keep=keep)
        omega, size = self.data.omega, np.abs(self.data.impedance_ohm)
        for present, times, height, rest in (
            (circuit.coil, np.log([0.1, 1.0, 10.0, 100.0]) - np.log(omega.max()), size[np.argmax(omega)], []),
            (circuit.loop, np.log([0.03, 0.3, 1.0]) - np.log(omega.min()), size[np.argmin(omega)], [_ARC_EXPONENT]),
        ):
            if present:
                added = [[np.log(share * height), time, *rest] for time in times for share in (0.1, 0.6)]
                plain = _each_with(plain, np.array(added))
        return plain

    def _theta(
        self,
        circuit: Circuit,
        n_arcs: int,
        columns: np.ndarray,
        log_sizes: np.ndarray,
        grid: np.ndarray,
        tails: list[tuple[float, ...]],
        first_tail: int,
    ) -> np.ndarray:
        theta = list(log_sizes[: circuit.resistor + circuit.inductor])
        for k in range(n_arcs):
            at = circuit.resistor + circuit.inductor + k
            theta += [log_sizes[at], grid[columns[at] - 2], _ARC_EXPONENT]
        if tails:
            theta += [log_sizes[-1], *tails[columns[-1] - first_tail][1:]]
        return np.array(theta)

    def _prepared(self, arcs: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[tuple[float, ...]]]:
        if arcs not in self._grams:
            omega = self.data.omega
            slow, fast = -np.log(omega.min()), -np.log(omega.max())
            count = int(np.clip(_PER_DECADE[arcs] * (slow - fast) / np.log(10), 4, _SHORTEST_STEP * 2 / (arcs**0.5)))
            grid = np.linspace(fast - 0.5, slow + 0.5, count)
            slow_grid = np.linspace(0.5 * (slow + fast), slow + 2.0, 5)
            tails: list[tuple[float, ...]] = [(_KIND["CPE"], n) for n in _CPE_EXPONENTS]
            tails += [(_KIND["W"],), *((_KIND["Ws"], tau) for tau in slow_grid)]
            tails += [(_KIND["Wo"], tau) for tau in slow_grid]
            rows = [evaluate(Circuit(resistor=True), np.zeros((1, 1)), omega)[0][0], 1j * omega]
            rows += [evaluate(Circuit(arcs=1), np.array([[0.0, tau, _ARC_EXPONENT]]), omega)[0][0] for tau in grid]
            for kind, *rest in tails:
                circuit = Circuit(tail=_TAIL[kind])  # type: ignore[arg-type]
                rows.append(evaluate(circuit, np.array([[0.0, *rest]]), omega)[0][0])
            columns = self.data.stacked(np.array(rows))
            self._grams[arcs] = columns @ columns.T, columns @ self._target, grid, tails
        return self._grams[arcs]


_KIND = {"CPE": 0.0, "W": 1.0, "Ws": 2.0, "Wo": 3.0}
_TAIL = {number: name for name, number in _KIND.items()}


def _each_with(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Every row of `starts` before every row of `ends`."""
    return np.concatenate([np.repeat(starts, len(ends), axis=0), np.tile(ends, (len(starts), 1))], axis=1)
