"""The simulated cell: atoms made whole, bonds, views, for the 3D viewer and for the still picture."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import StructureError

if TYPE_CHECKING:
    from pathlib import Path

    from ase import Atoms
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Alkali, alkaline-earth and rare-earth metals sit between the anions: no sticks are drawn to them.
_IONIC = {
    "Li", "Na", "K", "Rb", "Cs", "Be", "Mg", "Ca", "Sr", "Ba", "Sc", "Y",
    "La", "Ce", "Pr", "Nd", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Ag", "Cu", "Zn",
}  # fmt: skip
_BOND_STRETCH = 1.15  # of the sum of covalent radii (B-B in B12H12: 1.78 A against 1.68 A)
_MOBILE_COLOUR, _HYDROGEN_COLOUR = "#e08a00", "#c3cad3"


@dataclass(frozen=True)
class CellPicture:
    """Atoms with every finite polyanion in one piece.

    Attributes
    ----------
    symbols
        `[n_atoms]`.
    positions_A
        `[n_atoms, 3]`, Cartesian.
    bonds
        `[n_bonds, 2]`, indices of atoms whose distance in `positions_A` is the bond's.
    cell_A
        `[3, 3]`, rows are the cell vectors.
    colours
        Element to `#rrggbb`.
    """

    symbols: list[str]
    positions_A: np.ndarray
    bonds: np.ndarray
    cell_A: np.ndarray
    colours: dict[str, str]

    @property
    def counts(self) -> dict[str, int]:
        """Atoms of each element, in the order of their first appearance."""
        return dict(Counter(self.symbols))

    def radius_A(self, symbol: str) -> float:
        """Radius of the drawn ball."""
        from ase.data import atomic_numbers, covalent_radii

        return 0.22 + 0.3 * float(covalent_radii[atomic_numbers[symbol]])

    def viewer_data(self) -> dict[str, Any]:
        """What assets/viewer.js draws: atoms, bonds by atom, corners of the cell, orientations as quaternions."""
        neighbours: list[list[int]] = [[] for _ in self.symbols]
        for i, j in self.bonds.tolist():
            neighbours[i].append(j)
            neighbours[j].append(i)
        return {
            "symbols": self.symbols,
            "positions": np.round(self.positions_A, 3).tolist(),
            "neighbours": neighbours,
            "cell": np.round(self.cell_A, 4).tolist(),
            "colours": self.colours,
            "radii": {symbol: round(self.radius_A(symbol), 3) for symbol in self.colours},
            "views": views(self.cell_A, start_view(self.cell_A)),
        }


def read_cell(path: Path, *, specie: str) -> CellPicture:
    """Read a P1 structure file and prepare it for drawing.

    Raises
    ------
    StructureError
        If the file holds no structure with a cell.
    """
    from ase.io import read

    try:
        atoms = read(path)
    except Exception as error:  # ase readers raise whatever their parsers do
        problem = f"not readable as a structure ({type(error).__name__}: {error})"
        raise StructureError(problem, where=path, remedy="run the command again") from error
    if isinstance(atoms, list) or len(atoms) == 0 or atoms.cell.rank < 3:
        raise StructureError("holds no structure with a cell", where=path, remedy="run the command again")
    return picture_of(atoms, specie=specie)


def picture_of(atoms: Atoms, *, specie: str) -> CellPicture:
    """Prepare atoms in a cell for drawing; `specie` is the mobile ion."""
    from ase.data.colors import jmol_colors

    positions, bonds = _whole_molecules(atoms)
    symbols = atoms.get_chemical_symbols()
    colours = {}
    for symbol, number in zip(symbols, atoms.numbers, strict=True):
        red, green, blue = (round(255 * float(part)) for part in jmol_colors[number])
        colours.setdefault(symbol, f"#{red:02x}{green:02x}{blue:02x}")
    if "H" in colours:
        colours["H"] = _HYDROGEN_COLOUR
    if specie in colours:
        colours[specie] = _MOBILE_COLOUR
    return CellPicture(symbols, positions, bonds, np.array(atoms.cell), colours)


def framed(low: np.ndarray, high: np.ndarray, edges: np.ndarray) -> tuple[Figure, Axes]:
    """A figure from corner to corner without axes, with the edges [n, 2 ends, 3] of a cell; x and y are seen."""
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure

    width, height = (high - low)[:2]
    scale = min(9.0 / width, 6.0 / height)
    figure = Figure(figsize=(width * scale, height * scale))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    axes.axis("off")
    axes.add_collection(LineCollection(list(edges[:, :, :2]), colors="#8a929c", linewidths=1.1, zorder=0))
    return figure, axes


def cell_figure(picture: CellPicture) -> Figure:
    """A still picture from the same side as the viewer starts from, far atoms behind near ones."""
    from matplotlib.collections import EllipseCollection

    view = start_view(picture.cell_A)
    corners, edges = cell_box(picture.cell_A)
    seen, frame = picture.positions_A @ view.T, corners @ view.T
    low = np.minimum(seen.min(axis=0), frame.min(axis=0)) - 0.8
    high = np.maximum(seen.max(axis=0), frame.max(axis=0)) + 0.8
    figure, axes = framed(low, high, frame[edges])
    depth = seen[:, 2]
    order = np.argsort(depth)
    rank = np.empty(len(order))
    rank[order] = np.arange(1, len(order) + 1)
    for i, j in picture.bonds.tolist():
        shade = min(rank[i], rank[j])
        axes.plot(*seen[[i, j], :2].T, color="#9aa2ac", lw=2.4, zorder=shade, solid_capstyle="round")
    for i in order.tolist():
        diameter = 2 * picture.radius_A(picture.symbols[i])
        ball = EllipseCollection(
            [diameter], [diameter], [0], units="x", offsets=[seen[i, :2]], offset_transform=axes.transData,
            facecolors=picture.colours[picture.symbols[i]], edgecolors="#2a2f36", linewidths=0.5, zorder=rank[i],
        )  # fmt: skip
        axes.add_collection(ball)
    return figure


def _whole_molecules(atoms: Atoms) -> tuple[np.ndarray, np.ndarray]:
    """Positions with each bonded group in one piece, its centre in the cell; bonds that then have their length."""
    from ase.data import atomic_numbers, covalent_radii
    from ase.neighborlist import neighbor_list

    symbols = atoms.get_chemical_symbols()
    kinds = sorted({s for s in symbols if s not in _IONIC})
    cutoffs = {
        (a, b): _BOND_STRETCH * float(covalent_radii[atomic_numbers[a]] + covalent_radii[atomic_numbers[b]])
        for a in kinds
        for b in kinds
        if a <= b and not (a == b == "H")
    }
    fractional = atoms.get_scaled_positions(wrap=True)
    atoms = atoms.copy()
    atoms.set_scaled_positions(fractional)
    first, second, shift = (
        neighbor_list("ijS", atoms, cutoffs) if cutoffs else (np.zeros(0, int),) * 2 + (np.zeros((0, 3)),)
    )
    neighbours: dict[int, list[tuple[int, np.ndarray]]] = {}
    for i, j, image in zip(first.tolist(), second.tolist(), shift, strict=True):
        neighbours.setdefault(i, []).append((j, image))
    offset = np.full((len(atoms), 3), np.nan)
    for start in range(len(atoms)):
        if np.isnan(offset[start, 0]):
            _gather(start, neighbours, offset, fractional)
    whole = offset[second] == offset[first] + shift if len(first) else np.zeros((0, 3), bool)
    kept = whole.all(axis=1) & (first < second)
    return (fractional + offset) @ np.array(atoms.cell), np.stack([first[kept], second[kept]], axis=1).astype(int)


def _gather(
    start: int, neighbours: dict[int, list[tuple[int, np.ndarray]]], offset: np.ndarray, fractional: np.ndarray
) -> None:
    """Write the lattice offsets `[n, 3]` of the group of `start`; an endless network stays wrapped."""
    offset[start] = 0.0
    group, periodic = [start], False
    for i in group:
        for j, image in neighbours.get(i, ()):
            if np.isnan(offset[j, 0]):
                offset[j] = offset[i] + image
                group.append(j)
            elif not np.array_equal(offset[j], offset[i] + image):
                periodic = True
    offset[group] = 0.0 if periodic else offset[group] - np.floor((fractional[group] + offset[group]).mean(axis=0))


def cell_box(cell_A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners `[8, 3]` and edges `[12, 2]` of the cell."""
    bits = np.array([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)])
    pairs = [(i, j) for i in range(8) for j in range(i + 1, 8) if np.abs(bits[i] - bits[j]).sum() == 1]
    return bits @ cell_A, np.array(pairs)


def _looking_along(cell_A: np.ndarray, axis: int) -> np.ndarray:
    """Rotation `[3, 3]` that turns cell vector `axis` to the onlooker and the longest other one to the right."""
    towards = cell_A[axis] / np.linalg.norm(cell_A[axis])
    others = [k for k in range(3) if k != axis]
    right = cell_A[max(others, key=lambda k: float(np.linalg.norm(cell_A[k])))]
    right = right - towards * (right @ towards)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(towards, right), towards])


def start_view(cell_A: np.ndarray) -> np.ndarray:
    """Along the shortest vector, tilted by 12 and turned by 18 degrees."""
    shortest = int(np.argmin(np.linalg.norm(cell_A, axis=1)))
    tilt, turn = np.radians(12.0), np.radians(-18.0)
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    about_y = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    return about_x @ about_y @ _looking_along(cell_A, shortest)


def views(cell_A: np.ndarray, start: np.ndarray) -> dict[str, list[float]]:
    """Orientations of viewer.js as quaternions: the rotation `start` `[3, 3]`, and along each cell vector."""
    return {"start": _quaternion(start)} | {
        name: _quaternion(_looking_along(cell_A, axis)) for axis, name in enumerate("abc")
    }


def _quaternion(rotation: np.ndarray) -> list[float]:
    """x, y, z, w of a rotation matrix, by the eigenvector of Bar-Itzhack (2000), doi 10.2514/2.4654."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = rotation
    symmetric = np.array(
        [
            [xx - yy - zz, yx + xy, zx + xz, zy - yz],
            [yx + xy, yy - xx - zz, zy + yz, xz - zx],
            [zx + xz, zy + yz, zz - xx - yy, yx - xy],
            [zy - yz, xz - zx, yx - xy, xx + yy + zz],
        ]
    )
    return np.round(np.linalg.eigh(symmetric)[1][:, -1], 6).tolist()
