"""Starts for a circuit in the usual notation, that nobody has to give: times drawn, sizes by least squares.

Every part of the whole in series may be multiplied by a factor, which is a linear parameter: times, exponents and the
shares of what is inside a part are drawn (always the same numbers), the sizes of the parts solved
for (variable projection; Golub and Pereyra, doi 10.1137/0710036), and the best are kept.
"""

from __future__ import annotations

import numpy as np

from paddlewheel.lab.eis.circuit import Circuit
from paddlewheel.lab.eis.elements import Element, Group, Node, built, evaluate_node, growth_of
from paddlewheel.lab.eis.least_squares import Weighted, bounds

_DRAWN = 1024
_KEPT = 16
_EXPONENTS = (0.5, 1.0)
_SHARES = (-3.0, 0.0)
"""Logarithms of the size of an element over that of its part."""


def tree_starts(circuit: Circuit, data: Weighted) -> np.ndarray:
    """The best starts `[n, n_parameters]` of a circuit whose `tree` is given.

    Parameters
    ----------
    circuit
        The circuit; what is fixed stays, what is bounded is kept between its ends.
    data
        The weighted spectrum.
    """
    assert circuit.tree is not None
    tree = circuit.tree
    theta = np.concatenate([_drawn(part, data, k) for k, part in enumerate(_parts(tree))], axis=1)
    low, high = bounds(circuit, data)
    limited = np.isin([parameter.name for parameter in circuit.parameters()], [limit.name for limit in circuit.limits])
    theta[:, limited] = np.clip(theta, low, high)[:, limited]
    signs = np.array([parameter.sign for parameter in circuit.parameters()])
    parts, columns, first = _parts(tree), [], 0
    for part in parts:
        inside = slice(first, first + part.size)
        columns.append(data.stacked(evaluate_node(part, theta[:, inside], data.omega, signs[inside])[0]))
        first += part.size
    rows = np.stack(columns, axis=1)
    held = [bool(limited[_span(parts, k)].any()) for k in range(len(parts))]
    factors = _factors(rows, data.stacked(data.impedance_ohm), np.array(held))
    for k, part in enumerate(parts):
        theta[:, _span(parts, k)] += growth_of(part) * np.log(factors[:, k : k + 1])
    left = data.stacked(data.impedance_ohm) - np.einsum("bk,bkn->bn", factors, rows)
    best = np.argsort(np.einsum("bn,bn->b", left, left), kind="stable")[:_KEPT]
    return np.clip(theta[best], low, high)


def ordered_tree(tree: Node, theta: np.ndarray) -> np.ndarray:
    """Parts in series that are built alike in the order of their times, the fastest first.

    Parameters
    ----------
    tree
        The circuit.
    theta
        `[n_parameters]`.
    """
    parts = _parts(tree)
    ordered = theta.copy()
    alike: dict[str, list[int]] = {}
    for k, part in enumerate(parts):
        alike.setdefault(built(part), []).append(k)
    for places in alike.values():
        by_time = sorted(places, key=lambda k: _time(parts[k], theta[_span(parts, k)]))
        for place, source in zip(places, by_time, strict=True):
            ordered[_span(parts, place)] = theta[_span(parts, source)]
    return ordered


def _parts(tree: Node) -> tuple[Node, ...]:
    return tree.parts if isinstance(tree, Group) and not tree.parallel else (tree,)


def _span(parts: tuple[Node, ...], k: int) -> slice:
    first = sum(part.size for part in parts[:k])
    return slice(first, first + parts[k].size)


def _time(part: Node, theta: np.ndarray) -> float:
    """Logarithm of 1 / omega at which the part's -Z'' is largest, of forty a decade about its own times."""
    omega = np.geomspace(1e-8, 1e10, 721)
    z = evaluate_node(part, theta[None], omega)[0][0]
    return float(-np.log(omega[np.argmax(np.where(np.isfinite(z), -z.imag, -np.inf))]))


def _drawn(part: Node, data: Weighted, number: int) -> np.ndarray:
    """`[n_drawn, n_parameters]` of a part about the size of the impedance."""
    elements = list(part.elements())
    draws = np.random.default_rng(number).random((_DRAWN, 1 + 3 * len(elements)))
    slow, fast = -np.log(data.omega.min()), -np.log(data.omega.max())
    size = float(np.log(np.median(np.abs(data.impedance_ohm))))
    common = fast - 0.5 + (slow - fast + 1) * draws[:, 0]
    columns: list[np.ndarray] = []
    for k, element in enumerate(elements):
        share, apart, exponent = draws[:, 1 + 3 * k : 4 + 3 * k].T
        height = size + _SHARES[0] + (_SHARES[1] - _SHARES[0]) * share
        # what makes the part's own arc has its time; diffusion and what is nested is as slow or slower
        time = common if element.kind in ("R", "C", "CPE", "L") else common + 5 * apart
        n = _EXPONENTS[0] + (_EXPONENTS[1] - _EXPONENTS[0]) * exponent
        columns += _theta_of(element, height, time, n)
    return np.stack(columns, axis=1)


def _theta_of(element: Element, height: np.ndarray, time: np.ndarray, n: np.ndarray) -> list[np.ndarray]:
    """Of an element whose impedance is about exp(height) at omega = exp(-time)."""
    by_unit = {
        "": n,
        "ohm": height,
        "s": time,
        "F": time - height,
        "H": time + height,
        "S s^n": n * time - height,
        "ohm/s^0.5": height - 0.5 * time,
    }
    return [by_unit[parameter.unit] for parameter in element.parameters()]


def _factors(rows: np.ndarray, target: np.ndarray, held: np.ndarray) -> np.ndarray:
    """`[n_sets, n_parts]` positive factors of the columns `[n_sets, n_parts, n_values]`; 1 for those that are held."""
    free = np.flatnonzero(~held)
    factors = np.ones(rows.shape[:2])
    if not len(free):
        return factors
    left = target - rows[:, held].sum(axis=1)
    columns = rows[:, free]
    scale = np.maximum(np.linalg.norm(columns, axis=2), 1e-300)
    columns = columns / scale[:, :, None]
    gram = columns @ columns.swapaxes(1, 2) + 1e-6 * np.eye(len(free))
    solved = np.linalg.solve(gram, (columns @ left[:, :, None]))[:, :, 0]
    least = 1e-3 * np.linalg.norm(target)
    factors[:, free] = np.maximum(solved, least) / scale
    return factors
