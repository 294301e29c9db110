"""Lists of sites of a mobile ion: from a structure, from a text file, or built in; placed in a simulated cell.

The text file has one site a line, `label x y z`, in fractional coordinates; a line `cell a b c [alpha beta gamma]` (A,
degrees) says of which cell, and is left out where it is the simulated one; a line `symmetry Cmc2_1` (a Hermann-Mauguin
symbol) says that the sites are to be multiplied by that space group. What follows a # is a comment. Sites of one label
are one family.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.library import builtin_sites_path
from paddlewheel.crystals.read import require_file
from paddlewheel.errors import StructureError
from paddlewheel.foreign import read_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST_STRAIN = 0.06
"""Difference of a lattice parameter that thermal expansion and the potential's error explain."""
LARGEST_TURN_DEG = 5.0
_SAME_POSITION = 1e-4


@dataclass(frozen=True)
class SiteList:
    """Sites of one cell.

    Attributes
    ----------
    fractional
        `[n_sites, 3]`.
    families
        Label of each, `[n_sites]`.
    cell_parameters
        a, b, c (A), alpha, beta, gamma (degrees) of the cell that they are fractions of; None for the simulated one.
    source
        The file, for messages.
    """

    fractional: NDArray[np.float64]
    families: tuple[str, ...]
    cell_parameters: tuple[float, ...] | None
    source: str


@dataclass(frozen=True)
class PlacedSites:
    """Sites in a simulated cell: `fractional` `[n, 3]`, a name for each and its family, and the repeats of the list."""

    fractional: NDArray[np.float64]
    labels: tuple[str, ...]
    families: tuple[str, ...]
    repeats: tuple[int, int, int]


def read_site_list(name_or_path: str | Path, *, specie: str) -> SiteList:
    """Read the sites of `specie`.

    Parameters
    ----------
    name_or_path
        A built-in name (`o-nbh`), a structure file (CIF, POSCAR, ...; its sites of `specie`, whatever their
        occupation), or a text file as the module describes it (`.txt`, `.dat`, `.sites`).
    specie
        The mobile ion.

    Raises
    ------
    StructureError
        No such file, nothing of that specie in it, or a line that cannot be read; it is named.
    """
    builtin = builtin_sites_path(name_or_path) if isinstance(name_or_path, str) else None
    path = builtin or Path(name_or_path)
    if builtin is None:
        require_file(path, name_or_path)
    if path.suffix.lower() in (".txt", ".dat", ".sites"):
        return _read_text(path)
    from paddlewheel.crystals.formats import read_sites

    structure = read_sites(path)
    chosen = [site for site in structure if any(getattr(s, "symbol", "") == specie for s in site.species)]
    if not chosen:
        present = ", ".join(sorted({str(s) for site in structure for s in site.species.elements}))
        raise StructureError(f"holds no site of {specie} (there are {present})", where=path, remedy="give another file")
    return SiteList(
        np.array([site.frac_coords for site in chosen]),
        tuple(str(site.label) for site in chosen),
        tuple(float(value) for value in structure.lattice.parameters),
        str(path),
    )


def place_in_cell(sites: SiteList, cell_A: NDArray[np.float64]) -> PlacedSites:
    """Repeat the list along a, b, c until it fills the simulated cell.

    Parameters
    ----------
    cell_A
        Mean cell of the simulation, `[3, 3]`, lattice vectors as rows, in the same order and with the same origin as
        the list's.

    Raises
    ------
    StructureError
        If no repeats bring each lattice parameter within 6 % and each angle within 5 degrees.
    """
    from ase.geometry import cell_to_cellpar

    repeats = (1, 1, 1)
    if sites.cell_parameters is not None:
        found = np.asarray(cell_to_cellpar(cell_A), dtype=np.float64)
        own = np.array(sites.cell_parameters, dtype=np.float64)
        counts = np.maximum(1, np.rint(found[:3] / own[:3])).astype(int)
        strain = found[:3] / (counts * own[:3]) - 1
        if (np.abs(strain) > LARGEST_STRAIN).any() or (np.abs(found[3:] - own[3:]) > LARGEST_TURN_DEG).any():
            raise StructureError(
                f"its cell ({_parameters(own)}) does not fit into the simulated one ({_parameters(found)}) a whole "
                "number of times",
                where=sites.source,
                remedy="give the sites of this crystal, with its axes in this order",
            )
        repeats = (int(counts[0]), int(counts[1]), int(counts[2]))
    shifts = np.stack(np.meshgrid(*(np.arange(n) for n in repeats), indexing="ij"), axis=-1).reshape(-1, 3)
    fractional = (shifts[:, None] + sites.fractional[None]).reshape(-1, 3) / repeats
    families = sites.families * len(shifts)
    total, seen = Counter(families), Counter()
    labels = []
    for family in families:
        seen[family] += 1
        # a label that ends in a digit would swallow the number: Na1 and 12, Na11 and 2
        labels.append(family if total[family] == 1 else f"{family}.{seen[family]}")
    return PlacedSites(fractional, tuple(labels), families, repeats)


def _parameters(values: NDArray[np.float64]) -> str:
    return (
        ", ".join(f"{value:.2f}" for value in values[:3]) + " A, " + ", ".join(f"{value:.0f}" for value in values[3:])
    )


def _read_text(path: Path) -> SiteList:
    lines = read_text(path, StructureError, remedy="give a text file", encoding="utf-8").splitlines()
    cell: tuple[float, ...] | None = None
    group: str | None = None
    labels, positions = [], []
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            if words[0] == "cell" and len(words) in (4, 7):
                cell = tuple(float(word) for word in words[1:]) + (90.0,) * (7 - len(words))
                if not (np.isfinite(cell).all() and min(cell) > 0):
                    raise ValueError("a lattice parameter is not positive")
            elif words[0] == "symmetry" and len(words) == 2:
                group = words[1]
            elif len(words) == 4:
                position = [float(word) for word in words[1:]]
                if not np.isfinite(position).all():
                    raise ValueError("a coordinate is not a finite number")
                labels.append(words[0])
                positions.append(position)
            else:
                raise ValueError(f"{len(words)} words")
        except ValueError as error:
            raise StructureError(
                f"line {number} is no site: {line.strip()!r} ({error})",
                where=path,
                remedy="write: label x y z (fractional); cell a b c alpha beta gamma; symmetry SYMBOL",
            ) from error
    if not labels:
        raise StructureError("holds no site", where=path, remedy="write one a line: label x y z")
    fractional, families = np.array(positions), tuple(labels)
    if group is not None:
        fractional, families = _multiplied(fractional, families, group, path)
    return SiteList(fractional, families, cell, str(path))


def _multiplied(
    fractional: NDArray[np.float64], families: tuple[str, ...], group: str, path: Path
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    from pymatgen.symmetry.groups import SpaceGroup

    try:
        orbits = [SpaceGroup(group).get_orbit(position, tol=_SAME_POSITION) for position in fractional]
    except ValueError as error:
        raise StructureError(
            f"'{group}' is no space group", where=path, remedy="write a symbol such as Cmc2_1"
        ) from error
    return (
        np.concatenate([np.array(orbit, dtype=np.float64) for orbit in orbits]),
        tuple(family for family, orbit in zip(families, orbits, strict=True) for _ in orbit),
    )
