"""Equivalent sites: families by the symmetry of the framework."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from paddlewheel.transport.sites.site import Sites


def group_by_symmetry(
    sites: Sites, *, rotations: np.ndarray, translations: np.ndarray, tolerance_A: float, symbol: str
) -> Sites:
    """The same sites, sorted into families of those that an operation of the framework brings onto each other.

    Parameters
    ----------
    sites
        Their labels are replaced by the family and a number within it.
    rotations, translations
        Operations of the space group in the basis of `sites.cell_A`, `[n, 3, 3]` and `[n, 3]`, as spglib gives them
        for the framework: the sites themselves, found from a finite run, are not symmetric.
    tolerance_A
        Farthest that an image of a site may be from the site that it is taken for.
    symbol
        Start of the names of families: Na makes Na-a, Na-b, ..., the largest first.
    """
    parent = np.arange(len(sites))
    for rotation, translation in zip(rotations, translations, strict=True):
        moved = sites.fractional @ rotation.T + translation
        between = moved[:, None] - sites.fractional[None]
        between -= np.rint(between)
        distances = np.linalg.norm(between @ sites.cell_A, axis=2)
        nearest = distances.argmin(axis=1)
        for index in np.flatnonzero(distances[np.arange(len(sites)), nearest] <= tolerance_A).tolist():
            first, second = sorted((_root(parent, index), _root(parent, int(nearest[index]))))
            parent[second] = first
    roots = np.array([_root(parent, index) for index in range(len(sites))])
    members = {root: np.flatnonzero(roots == root) for root in dict.fromkeys(roots.tolist())}
    ordered = sorted(members.values(), key=lambda members: (-len(members), members[0]))
    names = [f"{symbol}-{_letters(number)}" for number in range(len(ordered))]
    return replace(
        sites,
        fractional=sites.fractional[np.concatenate(ordered)],
        labels=tuple(
            f"{name}{k + 1}" for name, members in zip(names, ordered, strict=True) for k in range(len(members))
        ),
        families=tuple(name for name, members in zip(names, ordered, strict=True) for _ in members),
    )


def _root(parent: np.ndarray, index: int) -> int:
    while parent[index] != index:
        index = int(parent[index])
    return int(index)


def _letters(number: int) -> str:
    """a, b, ..., z, aa, ab, ..."""
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("a") + rest) + text
    return text
