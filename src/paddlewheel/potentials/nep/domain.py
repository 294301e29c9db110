"""The domain of a training set, and how far an atom lies outside it: the extrapolation grade.

For each element an active set of as many environments as descriptors (and one, for a constant) is chosen from the
training set so that the determinant of their matrix A is (locally) the largest: D-optimality by MaxVol. The grade of
an atom with the descriptor q is gamma = max_k |(q, 1) A^-1|_k: its largest coefficient in terms of the active set. On
the training set gamma <= 1 (to the tolerance of the search); above, the descriptor is extrapolated. Podryabinkin and
Shapeev, Comput. Mater. Sci. 140, 171 (2017), doi 10.1016/j.commatsci.2017.08.031.

What it sees: environments whose descriptors leave the parallelepiped that the active set spans, seen from the linear
algebra of one atom at a time. What it does not see: holes inside it (the middle between two well-sampled phases has a
small grade), a network that is wrong though it was trained there, correlations between atoms, and labels of bad
quality. A small grade is no promise; a large one is a warning.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paddlewheel.errors import PotentialError, writing
from paddlewheel.foreign import array_archive

_TOLERANCE = 1.02
"""The search ends when no environment has a coefficient above it: the determinant then grows by under 2 % a swap."""
_MOST_SWAPS = 5000
_FLOOR = 1e-3


@dataclass(frozen=True)
class NEPDomain:
    """The active set of each element, inverted.

    Attributes
    ----------
    elements
        Symbols, in the order of the potential.
    inverses
        `[n_elements, n_descriptors + 1, n_descriptors + 1]`: `gamma = max |(q, 1) @ inverse|`, with q scaled by the
        potential's q_scaler.
    n_environments
        `[n_elements]`, how many environments it was chosen from.
    """

    elements: tuple[str, ...]
    inverses: np.ndarray
    n_environments: np.ndarray

    def grades(self, element: str, descriptors: np.ndarray) -> np.ndarray:
        """Grades `[n]` of environments `[n, n_descriptors]` of one element."""
        inverse = self.inverses[self.elements.index(element)]
        return np.abs(descriptors @ inverse[:-1] + inverse[-1]).max(axis=1)


def fit_domain(descriptors_by_element: Mapping[str, np.ndarray], *, relative_floor: float = _FLOOR) -> NEPDomain:
    """Choose the active set of each element by MaxVol.

    Directions in which the training set hardly spreads (fewer environments than descriptors, one perfect crystal) are
    given a spread of `relative_floor` times that of the widest direction, by environments that are made up: the matrix
    stays invertible, and leaving such a direction counts as extrapolation.

    Parameters
    ----------
    descriptors_by_element
        For each element of the potential, in its order, `[n_environments, n_descriptors]` (as `NEPResult.descriptors`).
    relative_floor
        See above.

    Raises
    ------
    PotentialError
        If an element has no environments, or a descriptor is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> line = np.linspace(0.0, 1.0, 50)[:, None]
    >>> domain = fit_domain({"Na": line})
    >>> domain.grades("Na", np.array([[0.5], [2.0]])).round(6).tolist()
    [0.5, 2.0]
    """
    inverses = []
    for element, given in descriptors_by_element.items():
        environments = np.asarray(given, dtype=np.float64)
        if environments.ndim != 2 or not len(environments):
            raise PotentialError(f"no environments of {element} to take the domain from", remedy="add frames with it")
        if not np.isfinite(environments).all():
            raise PotentialError(f"a descriptor of {element} is not finite", remedy="check the frames")
        inverses.append(np.linalg.inv(_active_set(environments, relative_floor)))
    counts = [len(environments) for environments in descriptors_by_element.values()]
    return NEPDomain(tuple(descriptors_by_element), np.array(inverses), np.array(counts))


def domain_path(potential: str | Path) -> Path:
    """Where the domain of a `nep.txt` lies: `<stem>.domain.npz` beside it."""
    return Path(potential).with_suffix(".domain.npz")


def write_domain(path: str | Path, domain: NEPDomain, *, potential: str | Path) -> None:
    """Write a domain beside its potential, with the SHA-256 of that file.

    Raises
    ------
    PotentialError, RunDirectoryError
        If the potential cannot be read, or the file cannot be written.
    """
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        elements=np.array(domain.elements),
        inverses=domain.inverses,
        n_environments=domain.n_environments,
        potential_sha256=np.array(_sha256(potential)),
    )
    with writing(path):
        Path(path).write_bytes(buffer.getvalue())


def read_domain(path: str | Path, *, potential: str | Path) -> NEPDomain:
    """Read the domain of a potential.

    Raises
    ------
    PotentialError
        If the file is damaged, or is that of another potential.
    """
    problem, remedy = "is no domain of a NEP", "remove it, or make it again"
    with array_archive(Path(path), PotentialError, problem=problem, remedy=remedy) as file:
        known = str(file["potential_sha256"])
        elements = tuple(str(symbol) for symbol in file["elements"])
        domain = NEPDomain(elements, file["inverses"], file["n_environments"])
    if known != _sha256(potential):
        raise PotentialError(
            f"is the domain of another potential than {potential} (their SHA-256 differ)",
            where=path,
            remedy="remove it, or make it again from the training set of this potential",
        )
    return domain


def _sha256(path: str | Path) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise PotentialError(f"cannot be read ({error.strerror})", where=path, remedy="give a nep.txt") from error


def _active_set(environments: np.ndarray, relative_floor: float) -> np.ndarray:
    """The rows (environment, 1) of locally largest determinant, `[size, size]`."""
    from scipy.linalg import qr

    mean = environments.mean(axis=0)
    spread, directions = np.linalg.eigh(np.atleast_2d(np.cov(environments, rowvar=False, bias=True)))
    widest = float(np.sqrt(max(spread.max(), 0.0)))
    floor = relative_floor * (widest if widest > 0 else max(1.0, float(np.abs(mean).max())))
    made_up = np.vstack([mean, mean + floor * directions.T])
    rows = np.vstack([environments, made_up])
    rows = np.hstack([rows, np.ones((len(rows), 1))])
    # the same span in coordinates of like size: what is chosen does not depend on it, the rounding does
    scaled = rows.copy()
    scaled[:, :-1] = (rows[:, :-1] - mean) @ (directions / np.maximum(np.sqrt(np.maximum(spread, 0.0)), floor))
    size = rows.shape[1]
    factors = qr(scaled.T, mode="r", pivoting=True)
    chosen = np.array(factors[-1][:size])
    coefficients = scaled @ np.linalg.inv(scaled[chosen])
    for swap in range(_MOST_SWAPS):
        place = int(np.abs(coefficients).argmax())
        row, column = divmod(place, size)
        pivot = coefficients[row, column]
        if abs(pivot) <= _TOLERANCE:
            break
        chosen[column] = row
        if swap % 100 == 99:
            # the updates gather rounding errors
            coefficients = scaled @ np.linalg.inv(scaled[chosen])
            continue
        change = coefficients[row].copy()
        change[column] -= 1.0
        coefficients -= np.outer(coefficients[:, column] / pivot, change)
    return rows[chosen]
