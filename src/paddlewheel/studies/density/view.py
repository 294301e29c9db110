"""The 3D view of a density: a coarse grid in few bytes, polyhedra around anions, and a still picture of both."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.page.cell_picture import CellPicture, cell_box, framed, start_view

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LARGEST_GRID = 60
ION_COLOUR = "#e08a00"
_POLYHEDRON_COLOURS = ("#4c78a8", "#6aa84f", "#8e63a8", "#5b8f96", "#a86a5b")
_AT_A_FACE = 0.06


@dataclass(frozen=True)
class Polyhedra:
    """Anions of one kind as convex hulls.

    Attributes
    ----------
    name, colour
        Formula, and how they are drawn.
    faces_A
        `[n_faces, 3, 3]`, corners of triangles, each seen from outside in mathematical order.
    """

    name: str
    colour: str
    faces_A: np.ndarray

    def mesh(self) -> dict[str, Any]:
        """What density.js draws: corners of each face apart, so that faces stay flat."""
        normals = np.cross(self.faces_A[:, 1] - self.faces_A[:, 0], self.faces_A[:, 2] - self.faces_A[:, 0])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        return {
            "colour": self.colour,
            "vertices": np.round(self.faces_A.reshape(-1, 3), 2).tolist(),
            "normals": np.round(np.repeat(normals, 3, axis=0), 2).tolist(),
            "faces": list(range(3 * len(self.faces_A))),
        }


def polyhedra(picture: CellPicture) -> list[Polyhedra]:
    """Convex hulls of the bonded groups of four or more atoms that are not flat; at the cell's faces on both sides."""
    from ase.formula import Formula
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import ConvexHull, QhullError

    n_atoms = len(picture.symbols)
    first, second = picture.bonds.T
    _, label = connected_components(coo_matrix((np.ones(len(first)), (first, second)), shape=(n_atoms, n_atoms)))
    found: dict[str, list[np.ndarray]] = {}
    for group in range(label.max() + 1):
        members = np.flatnonzero(label == group)
        points = picture.positions_A[members]
        if len(members) < 4:
            continue
        try:
            hull = ConvexHull(points)
        except QhullError:  # flat: NO3, CO3; they stay balls and sticks
            continue
        corners = points[hull.simplices]
        inward = np.einsum("ij,ij->i", np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]),
                           hull.equations[:, :3]) < 0  # fmt: skip
        corners[inward] = corners[inward][:, ::-1]
        name = Formula.from_list(sorted(picture.symbols[i] for i in members)).format("reduce")
        for shift in _images(points.mean(axis=0), picture.cell_A):
            found.setdefault(str(name), []).append(corners + shift)
    return [
        Polyhedra(name, _POLYHEDRON_COLOURS[k % len(_POLYHEDRON_COLOURS)], np.concatenate(found[name]))
        for k, name in enumerate(sorted(found))
    ]


def _images(centre_A: np.ndarray, cell_A: np.ndarray) -> list[np.ndarray]:
    """Lattice vectors (and zero) by which a group near a face of the cell is drawn again on the other side."""
    fraction = np.linalg.solve(cell_A.T, centre_A)
    choices = [[0, *([1] if x < _AT_A_FACE else []), *([-1] if x > 1 - _AT_A_FACE else [])] for x in fraction]
    return [np.array([i, j, k]) @ cell_A for i in choices[0] for j in choices[1] for k in choices[2]]


def coarse(density: np.ndarray) -> np.ndarray:
    """The density on at most 60 points along each vector, by linear interpolation."""
    from scipy.ndimage import map_coordinates

    counts = [min(n, LARGEST_GRID) for n in density.shape]
    if counts == list(density.shape):
        return density
    points = np.meshgrid(*(np.arange(m) * (n / m) for n, m in zip(density.shape, counts, strict=True)), indexing="ij")
    return map_coordinates(density, points, order=1, mode="grid-wrap")


def view_data(picture: CellPicture, shapes: list[Polyhedra], density: np.ndarray, *, lowest: float) -> dict[str, Any]:
    """What viewer.js and density.js draw; the slider goes from the level `lowest` to three quarters of the maximum."""
    grid = coarse(density)
    steps = np.rint(255 * np.sqrt(grid / grid.max())).astype(np.uint8)
    return {
        **picture.viewer_data(),
        "density": {
            "shape": list(grid.shape),
            "maximum": float(grid.max()),
            "low": lowest,
            "high": max(0.75 * float(grid.max()), 1.01 * lowest),
            "colour": ION_COLOUR,
            "bytes": base64.b64encode(steps.tobytes()).decode("ascii"),
        },
        "polyhedra": [shape.mesh() for shape in shapes],
    }


def view_figure(picture: CellPicture, shapes: list[Polyhedra], density: np.ndarray, *, level: float) -> Figure:
    """A still of the same: polyhedra, and dots for the voxels above `level`, far ones behind near ones."""
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgba

    view = start_view(picture.cell_A)
    corners, edges = cell_box(picture.cell_A)
    frame = corners @ view.T
    low, high = frame.min(axis=0) - 1.5, frame.max(axis=0) + 1.5
    figure, axes = framed(low, high, frame[edges])

    grid = coarse(density)
    inside = np.argwhere(grid >= level)
    dots = inside / np.array(grid.shape) @ picture.cell_A @ view.T
    half = 0.6 * np.linalg.norm(picture.cell_A, axis=1).max() / max(grid.shape)
    square = half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    pieces = [dots[:, None, :2] + square]
    depth = [dots[:, 2]]
    shade = (dots[:, 2] - low[2]) / (high[2] - low[2])
    colours = [np.column_stack([np.tile(to_rgba(ION_COLOUR)[:3], (len(dots), 1)) * (0.55 + 0.45 * shade)[:, None],
                                np.full(len(dots), 0.9)])]  # fmt: skip
    for shape in shapes:
        seen = shape.faces_A @ view.T
        normal = np.cross(seen[:, 1] - seen[:, 0], seen[:, 2] - seen[:, 0])
        facing = normal[:, 2] > 0
        light = 0.6 + 0.4 * (normal[facing, 2] / np.linalg.norm(normal[facing], axis=1))
        depth.append(seen[facing].mean(axis=1)[:, 2])
        colours.append(
            np.column_stack([np.array(to_rgba(shape.colour)[:3]) * light[:, None], np.full(len(light), 0.75)])
        )
        pieces.append(seen[facing][:, :, :2])
    order = np.argsort(np.concatenate(depth))
    polygons = [piece for part in pieces for piece in part]
    axes.add_collection(
        PolyCollection([polygons[i] for i in order], facecolors=np.concatenate(colours)[order], edgecolors="none",
                       rasterized=True, zorder=1)
    )  # fmt: skip
    return figure
