"""Supercells: explicit repeats, or the paper's rule."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ase import Atoms

_EXPLICIT = re.compile(r"\s*(\d+)\s*[xX×,]\s*(\d+)\s*[xX×,]\s*(\d+)\s*")
MOST_ATOMS = 1_000_000
"""Of a supercell: beyond what any of our engines could take a step of."""
_REMEDY = 'write "auto" or three positive integers such as 2x1x2'


def make_supercell(
    atoms: Atoms, spec: str | Sequence[int] = "auto", *, min_length_A: float = 10.0
) -> tuple[Atoms, tuple[int, int, int]]:
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
        strongly skewed cell these are shorter.

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


def check_size(n_atoms: int, repeats: Sequence[int]) -> None:
    """Refuse a supercell of `n_atoms` atoms a cell that is beyond reason.

    Raises
    ------
    SettingsError
        For more than `MOST_ATOMS` atoms.
    """
    whole = n_atoms * math.prod(repeats)
    if whole > MOST_ATOMS:
        raise SettingsError(f"{whole:.3g} atoms", where="supercell", remedy=f"ask for {MOST_ATOMS:.0g} at most")


def supercell_repeats(
    spec: str | Sequence[int], lengths_A: np.ndarray, *, min_length_A: float = 10.0
) -> tuple[int, int, int]:
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


def _explicit(spec: str | Sequence[int]) -> tuple[int, int, int]:
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
