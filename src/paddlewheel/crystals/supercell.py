"""Supercells: explicit repeats, the paper's rule, or the cell nearest to cubic of about so many atoms."""

from __future__ import annotations

import functools
import itertools
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

import numpy as np

from paddlewheel.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ase import Atoms

Row: TypeAlias = tuple[int, int, int]
Repeats: TypeAlias = Row | tuple[Row, Row, Row]
"""Repeats along a, b, c, or the rows of an integer matrix whose product with those of the cell is the supercell."""

_EXPLICIT = re.compile(r"\s*(\d+)\s*[xX×,]\s*(\d+)\s*[xX×,]\s*(\d+)\s*")
MOST_ATOMS = 1_000_000
"""Of a supercell: beyond what any of our engines could take a step of."""
RULE_LENGTH_A = 10.0
"""The paper's: every lattice parameter above it."""
THIN_A = 8.0
"""A cell that is narrower has an ion, its cage and the image of that cage within a few angstrom of each other."""
_REMEDY = 'write "auto" or three positive integers such as 2x1x2'
_ABOUT = 0.1
"""How far "about N atoms" reaches either way."""
_PLAIN = 0.95
"""Plain repeats are taken where they are at least so wide, next to the best matrix, for their volume."""
_MOST_CELLS = 32
"""Of a search over all superlattices: a larger supercell is looked for among those of the cell repeated alike."""
_NEARLY = (0.05, 0.15)
"""By how much an alternative to the rule may fall short of it: hardly, and somewhat."""


def make_supercell(
    atoms: Atoms, spec: str | Sequence[int] = "auto", *, min_length_A: float = RULE_LENGTH_A
) -> tuple[Atoms, Row]:
    """Repeat a cell along its lattice vectors.

    Parameters
    ----------
    atoms
        The cell to repeat.
    spec
        `"auto"`, `"2x1x2"` or `(2, 1, 2)`. `"auto"` takes the smallest integer repeats that bring every lattice
        parameter *above* `min_length_A`, which is the rule that the paper states (lattice parameters above 10 A,
        doi 10.1016/j.joule.2025.102130). It gives 2x1x2 for o-NBH and for Na2B12H12 and 3x3x2 for tetragonal NaBH4.
        For its long runs the paper itself took larger cells: 2x2x2 for o-NBH (1024 atoms), 4x2x2 for Na2B12H12 and
        4x4x4 for NaBH4; ask for those by name where its statistics are to be matched.
    min_length_A
        The length for `"auto"`, A. It bounds the lattice parameters, not the distances between opposite faces: in a
        strongly skewed cell these are shorter (`narrowest_width_A`).

    Returns
    -------
    The supercell (block by block, the atoms of the first block first) and the repeats along a, b, c.

    Raises
    ------
    SettingsError
        If `spec` is none of these, `min_length_A` is not a positive finite number, or the supercell is beyond reason.
    """
    repeats = supercell_repeats(spec, atoms.cell.lengths(), min_length_A=min_length_A)
    check_size(len(atoms), repeats)
    return atoms.repeat(repeats), repeats


def repeat_cell(atoms: Atoms, repeats: Repeats) -> Atoms:
    """The supercell of these repeats, block by block where they are plain."""
    if is_plain(repeats):
        return atoms.repeat(repeats)
    from ase.build import make_supercell as by_matrix

    return by_matrix(atoms, as_matrix(repeats))


def check_size(n_atoms: int, repeats: Repeats) -> None:
    """Refuse a supercell of `n_atoms` atoms a cell that is beyond reason.

    Raises
    ------
    SettingsError
        For more than `MOST_ATOMS` atoms.
    """
    whole = n_atoms * n_cells(repeats)
    if whole > MOST_ATOMS:
        raise SettingsError(f"{whole:.3g} atoms", where="supercell", remedy=f"ask for {MOST_ATOMS:.0g} at most")


def supercell_repeats(spec: str | Sequence[int], lengths_A: np.ndarray, *, min_length_A: float = RULE_LENGTH_A) -> Row:
    """Return the repeats along a, b, c that `spec` means for a cell with these lattice parameters, `[3]`.

    See `make_supercell` for the rule and the errors.
    """
    if not (isinstance(spec, str) and spec.strip() == "auto"):
        return _explicit(spec)
    if not (np.isfinite(min_length_A) and min_length_A > 0):
        raise SettingsError(f"minimum length {min_length_A} A", where="supercell", remedy="give a positive length")
    if not (np.asarray(lengths_A) > 0).all():
        raise SettingsError("the structure has no cell to repeat", where="supercell", remedy="give a crystal")
    # "above": a parameter of exactly the minimum is repeated once more
    a, b, c = (int(np.floor(min_length_A / length)) + 1 for length in lengths_A)
    return a, b, c


def _explicit(spec: str | Sequence[int]) -> Row:
    values: tuple = ()
    if isinstance(spec, str):
        if match := _EXPLICIT.fullmatch(spec):
            values = tuple(int(text) for text in match.groups())
    elif isinstance(spec, (tuple, list, np.ndarray)):
        values = tuple(int(v) for v in spec if isinstance(v, (int, np.integer)) and not isinstance(v, bool))
        values = values if len(values) == len(spec) else ()
    if len(values) != 3 or min(values) < 1:
        raise SettingsError(f"{spec!r} is no supercell", where="supercell", remedy=_REMEDY)
    return values


def is_plain(repeats: Repeats) -> TypeGuard[Row]:
    """Whether they are along a, b and c alone."""
    return not isinstance(repeats[0], tuple)


def as_repeats(given: Sequence[Any]) -> Repeats:
    """Of lists, as a file has them."""
    if isinstance(given[0], list | tuple):
        a, b, c = ((int(x), int(y), int(z)) for x, y, z in given)
        return a, b, c
    x, y, z = (int(number) for number in given)
    return x, y, z


def as_matrix(repeats: Repeats) -> np.ndarray:
    """`[3, 3]` integers."""
    return np.diag(repeats) if is_plain(repeats) else np.array(repeats)


def n_cells(repeats: Repeats) -> int:
    """How many cells are in the supercell."""
    return abs(round(np.linalg.det(as_matrix(repeats))))


def repeats_text(repeats: Repeats) -> str:
    """``2x1x2``, or the rows of the matrix: ``(-1 1 1, 1 -1 1, 1 1 -1)``."""
    if is_plain(repeats):
        return "x".join(map(str, repeats))
    return f"({', '.join(' '.join(map(str, row)) for row in as_matrix(repeats))})"


def narrowest_width_A(cell_A: np.ndarray) -> float:
    """How far the nearest of the three pairs of opposite faces are apart, A, in the basis that makes it most.

    `cell_A` has the vectors as rows, `[3, 3]`. The distance of a face from its opposite is one over the length of its
    reciprocal vector, and of all bases the reduced one has the shortest vectors (Nguyen and Stehle, doi
    10.1145/1597036.1597050): what counts is the lattice, not how it is written down. No image of an atom is nearer.
    """
    return float(_widths_A(np.linalg.inv(cell_A).T[None])[0][0])


def image_distance_A(cell_A: np.ndarray) -> float:
    """Distance of an atom to its nearest periodic image, A: the shortest vector of the lattice."""
    return float(np.linalg.norm(_reduced(np.asarray(cell_A, dtype=float)[None])[0], axis=1).min())


def repeats_of_atoms(
    cell_A: np.ndarray, atoms_in_cell: int, *, n_atoms: int, rotations: np.ndarray | None = None
) -> Repeats:
    """The supercell nearest to cubic of about `n_atoms` atoms, within 10 % or as near as the cell allows.

    Of all parallelepipeds of a volume the cube has the largest narrowest width (Hadamard's inequality for the
    reciprocal vectors), so that this width over the cube root of the volume, 1 for a cube, is what is made largest:
    over the repeats along a, b and c, and over every superlattice there is (by its Hermite normal form; those of more
    than 32 cells are repeats of smaller ones). Plain repeats are kept where no matrix gains more than 5 %.

    Parameters
    ----------
    cell_A
        The vectors of the cell as rows, `[3, 3]`.
    rotations
        `[n, 3, 3]` integers that act on fractional columns: symmetries that the supercell is to keep. Few numbers of
        cells do: then it is the widest that does, from half of `n_atoms` on.

    Raises
    ------
    SettingsError
        If the cell has more atoms than were asked for, or the supercell is beyond reason.
    """
    wanted = _wanted_cells(atoms_in_cell, n_atoms)
    if rotations is not None:
        counts = sorted(range(max(1, math.ceil(wanted / 2)), math.floor(wanted * (1 + _ABOUT)) + 1), reverse=True)
        options = (nearest_to_cubic(cell_A, [count], rotations=rotations) for count in counts)
        kept = [found for found in options if found is not None]
        if kept:
            return max(kept, key=lambda found: round(narrowest_width_A(as_matrix(found) @ cell_A), 6))
    found = nearest_to_cubic(cell_A, _about(wanted, _ABOUT))
    assert found is not None  # plain repeats are always there
    return found


def plain_repeats_of_atoms(cell_A: np.ndarray, atoms_in_cell: float, *, n_atoms: int) -> Row:
    """The same by repeats along a, b and c alone, for cells of partial occupancies: `atoms_in_cell` is their mean."""
    found, _ = _best_plain(cell_A, _about(_wanted_cells(atoms_in_cell, n_atoms), _ABOUT), None)
    assert found is not None  # every number has repeats
    return found


def _wanted_cells(atoms_in_cell: float, n_atoms: int) -> float:
    if not 0 < n_atoms <= MOST_ATOMS:
        raise SettingsError(f"{n_atoms} atoms", where="n_atoms", remedy=f"ask for 1 to {MOST_ATOMS}")
    if n_atoms < (1 - _ABOUT) * atoms_in_cell:
        raise SettingsError(
            f"{n_atoms} atoms, and one cell has {atoms_in_cell:g}", where="n_atoms",
            remedy=f"give {math.ceil(atoms_in_cell)} or more, or the primitive cell",
        )  # fmt: skip
    return n_atoms / atoms_in_cell


def nearest_to_cubic(
    cell_A: np.ndarray, counts: Sequence[int], *, rotations: np.ndarray | None = None
) -> Repeats | None:
    """The repeats of one of these numbers of cells, the first of those alike, that make the widest cell for its volume.

    See `repeats_of_atoms`; None where no supercell of so many cells keeps the rotations.
    """
    volume_A3 = abs(np.linalg.det(cell_A))
    found, of_plain = _best_plain(cell_A, counts, rotations)
    best = of_plain / _PLAIN
    for count in counts:
        for side in range(1, math.ceil(count ** (1 / 3)) + 1):
            if count % side**3 or count // side**3 > _MOST_CELLS:
                continue
            forms = _hermite_forms(count // side**3, rotations)
            if not len(forms):
                continue
            widths_A, duals = _widths_A(np.linalg.inv(forms @ (side * cell_A)).transpose(0, 2, 1))
            width = widths_A.max() / (count * volume_A3) ** (1 / 3)
            if width > best * (1 + 1e-9):
                # of those equally wide the first: the same cell gives the same supercell on every machine
                vectors_A = np.linalg.inv(duals[np.flatnonzero(widths_A > widths_A.max() * (1 - 1e-9))[0]]).T
                matrix = np.rint(vectors_A @ np.linalg.inv(cell_A)).astype(int)
                matrix *= round(np.sign(np.linalg.det(matrix)))
                found, best = as_repeats(matrix.tolist()), width
    return found


def repeats_with_images_beyond(cell_A: np.ndarray, distance_A: float, *, rotations: np.ndarray | None) -> Repeats:
    """The smallest repeats along a, b and c whose lattice parameters are above a distance, A; where the skew of the
    cell still brings an image nearer than that, the fewest cells of a matrix that keeps all of them beyond it, and the
    rotations (see `repeats_of_atoms`).
    """
    plain = supercell_repeats("auto", np.linalg.norm(cell_A, axis=1), min_length_A=distance_A)
    if image_distance_A(as_matrix(plain) @ cell_A) > distance_A:
        return plain
    # no lattice of a volume has its shortest vector beyond that of the densest packing of spheres
    fewest = max(1, math.ceil(distance_A**3 / math.sqrt(2) / abs(np.linalg.det(cell_A))))
    options = (nearest_to_cubic(cell_A, [count], rotations=rotations) for count in itertools.count(fewest))
    return next(
        found for found in options if found is not None and image_distance_A(as_matrix(found) @ cell_A) > distance_A
    )


def _about(wanted: float, reach: float) -> list[int]:
    """Numbers of cells within this share of `wanted`, the nearest first; at least the nearest."""
    near = {max(1, round(wanted)), *range(math.ceil(wanted * (1 - reach)), math.floor(wanted * (1 + reach)) + 1)}
    return sorted(near, key=lambda count: (abs(count - wanted), count))


def _best_plain(cell_A: np.ndarray, counts: Iterable[int], rotations: np.ndarray | None) -> tuple[Row | None, float]:
    """The repeats along a, b, c with the widest cell for its volume, and that width over the root of the volume."""
    found, best = None, 0.0
    for count in counts:
        edge_A = (count * abs(np.linalg.det(cell_A))) ** (1 / 3)
        for a in _divisors(count):
            for b in _divisors(count // a):
                repeats = a, b, count // (a * b)
                width = narrowest_width_A(cell_A * np.array(repeats)[:, None]) / edge_A
                if width > best * (1 + 1e-9) and len(_keeping(np.diag(repeats)[None], rotations)):
                    found, best = repeats, width
    return found, best


def _keeping(forms: np.ndarray, rotations: np.ndarray | None) -> np.ndarray:
    """Of superlattices `[n, 3, 3]` those that rotations of the lattice leave as they are."""
    if rotations is None:
        return forms
    inside = forms[:, None] @ rotations.transpose(0, 2, 1) @ np.linalg.inv(forms)[:, None]
    return forms[np.abs(inside - np.rint(inside)).max(axis=(1, 2, 3)) < 1e-6]


def _divisors(number: int) -> list[int]:
    return [i for i in range(1, number + 1) if number % i == 0]


@functools.cache
def _all_hermite_forms(count: int) -> np.ndarray:
    """`[n, 3, 3]`: a basis, as rows, of each lattice of index `count` in that of the integers."""
    forms = [
        ((a, i, j), (0, b, k), (0, 0, count // (a * b)))
        for a in _divisors(count)
        for b in _divisors(count // a)
        for i in range(b)
        for j in range(count // (a * b))
        for k in range(count // (a * b))
    ]
    return np.array(forms, dtype=float)


def _hermite_forms(count: int, rotations: np.ndarray | None) -> np.ndarray:
    return _keeping(_all_hermite_forms(count), rotations)


def _widths_A(duals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The narrowest width of each lattice `[n]`, from reciprocal vectors `[n, 3, 3]`, and these reduced."""
    reduced = _reduced(duals)
    return 1 / np.linalg.norm(reduced, axis=2).max(axis=1), reduced


_SUMS = np.array([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)], dtype=float)


def _reduced(bases: np.ndarray) -> np.ndarray:
    """Minkowski-reduced bases `[n, 3, 3]` (rows): the three shortest vectors that span each lattice, shortest first.

    Semaev's conditions in three dimensions (doi 10.1007/3-540-44670-2_13): the second vector is reduced by the first,
    the third by the sums of both next to its projection, until nothing becomes shorter.
    """
    bases = bases.copy()
    left = np.arange(len(bases))
    while len(left):
        order = np.argsort((bases[left] ** 2).sum(axis=2), axis=1, kind="stable")
        part = np.take_along_axis(bases[left], order[:, :, None], axis=1)
        first, second, third = (part[:, i].copy() for i in range(3))
        second -= np.rint(_along(second, first))[:, None] * first
        plane = np.stack([first, second], axis=1)
        gram = plane @ plane.transpose(0, 2, 1)
        onto = np.linalg.solve(gram, (plane @ third[:, :, None]))[:, :, 0]
        near = np.rint(onto)[:, None, :] + _SUMS  # [n, 9, 2]
        options = third[:, None, :] - near @ plane
        third = options[np.arange(len(left)), (options**2).sum(axis=2).argmin(axis=1)]
        now = np.stack([first, second, third], axis=1)
        shorter = (now**2).sum(axis=(1, 2)) < (part**2).sum(axis=(1, 2)) * (1 - 1e-9)
        bases[left] = np.where(shorter[:, None, None], now, part)
        left = left[shorter]
    return bases


def _along(vectors: np.ndarray, others: np.ndarray) -> np.ndarray:
    return (vectors * others).sum(axis=1) / (others**2).sum(axis=1)


@dataclass(frozen=True, kw_only=True)
class CellAlternative:
    """A smaller cell than the rule's that nearly keeps it.

    Attributes
    ----------
    repeats, n_atoms
        Of it.
    short
        By what share of the rule's length its shortest lattice parameter falls short.
    """

    repeats: Row
    n_atoms: int
    short: float


@dataclass(frozen=True, kw_only=True)
class CellChoice:
    """A supercell, how wide it is, and what nearly did.

    Attributes
    ----------
    repeats, n_atoms, lengths_A, narrowest_A
        The cell, and its narrowest width (see `narrowest_width_A`).
    alternatives
        To the rule; none where the cell was asked for.
    """

    repeats: Repeats
    n_atoms: int
    lengths_A: tuple[float, float, float]
    narrowest_A: float
    alternatives: tuple[CellAlternative, ...] = ()

    def told(self) -> str:
        """In one line: ``2x2x2, 416 atoms, 19.7 A across at its narrowest; 1x1x1 is 1.4 % short of 10 A: ...``."""
        said = [f"{repeats_text(self.repeats)}, {self.n_atoms} atoms, {self.narrowest_A:.1f} A across at its narrowest"]
        others = [
            alternative_text(each.repeats, n_atoms=each.n_atoms, short=each.short, of_atoms=self.n_atoms)
            for each in self.alternatives
        ]
        return "; ".join([*said, *others])


def alternative_text(repeats: Row, *, n_atoms: int, short: float, of_atoms: int) -> str:
    """What a smaller cell than the rule's of `of_atoms` atoms lacks, what it saves, and how to ask for it."""
    name = repeats_text(repeats)
    return (
        f"{name} is {100 * short:.2g} % short of {RULE_LENGTH_A:g} A: {n_atoms} atoms, "
        f"{of_atoms / n_atoms:.2g} times faster: --supercell {name}"
    )


def describe_supercell(supercell: Atoms, repeats: Repeats, *, by_rule: bool) -> CellChoice:
    """What is to be known of a supercell that was made with these repeats.

    Parameters
    ----------
    by_rule
        Whether it was chosen by the rule (`auto`): then smaller cells that nearly keep it are looked for.
    """
    a, b, c = (float(length) for length in supercell.cell.lengths())
    alternatives: list[CellAlternative] = []
    if by_rule and is_plain(repeats):
        row = np.array(repeats)
        lengths_A = supercell.cell.lengths() / row
        for share in _NEARLY:
            fewer = np.maximum(np.ceil(RULE_LENGTH_A * (1 - share) / lengths_A - 1e-9).astype(int), 1)
            fewer = np.minimum(fewer, row)
            x, y, z = (int(number) for number in fewer)
            if (fewer == row).all() or any(other.repeats == (x, y, z) for other in alternatives):
                continue
            alternatives.append(
                CellAlternative(
                    repeats=(x, y, z),
                    n_atoms=len(supercell) * math.prod((x, y, z)) // math.prod(repeats),
                    short=float(1 - (fewer * lengths_A).min() / RULE_LENGTH_A),
                )
            )
    return CellChoice(
        repeats=repeats, n_atoms=len(supercell), lengths_A=(a, b, c),
        narrowest_A=narrowest_width_A(np.array(supercell.cell)), alternatives=tuple(alternatives),
    )  # fmt: skip
