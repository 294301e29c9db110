"""Surfaces of phases as triangles, few enough for a page: coarse fields of the phases, cut by marching cubes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.measure import marching_cubes

from paddlewheel.lab.tomography.voxels import Labels

_FINEST = 96
"""Points of the coarse grid along the longest edge."""
_TRIALS = 6
"""Of coarse grids, until the number of triangles is near the allowed one."""
_SMOOTHING = 0.7
"""Standard deviation of the Gaussian, in points of the coarse grid."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Mesh:
    """The surface of one phase, closed by the faces of the body.

    Attributes
    ----------
    label
        Number of the phase.
    vertices_um
        [n, 3]: x, y, z.
    faces
        [m, 3]: vertices of triangles, in mathematical order from outside the phase.
    """

    label: int
    vertices_um: np.ndarray
    faces: np.ndarray


def surface_meshes(labels: Labels, numbers: Sequence[int], *, most_triangles: int = 40_000) -> list[Mesh]:
    """The surfaces of the phases `numbers`, with at most `most_triangles` together.

    Each phase becomes a field on a coarse grid of cubes; a phase is where its field is larger than every other, so that
    neighbours share their surface (marching cubes after Lewiner, doi 10.1080/10867651.2003.10487582). For pictures
    alone: areas are measured on all voxels.
    """
    size_um = np.array(labels.size_um[::-1])
    points = float(min(_FINEST, max(labels.shape)))
    best: list[Mesh] = []
    for _ in range(_TRIALS):
        counts = np.maximum(np.rint(size_um * (points / size_um.max())).astype(int), 2)
        meshes = _cut(labels, numbers, counts, size_um)
        triangles = sum(len(mesh.faces) for mesh in meshes)
        if triangles <= most_triangles and triangles >= sum(len(mesh.faces) for mesh in best):
            best = meshes
        share = triangles / most_triangles
        if share <= 1 and (share > 0.75 or points >= min(_FINEST, max(labels.shape))):
            break
        points = min(points * (0.9 / max(share, 0.1)) ** 0.5, _FINEST, max(labels.shape))
    return best


def _cut(labels: Labels, numbers: Sequence[int], counts: np.ndarray, size_um: np.ndarray) -> list[Mesh]:
    fields = [_field(labels.labels == number, counts) for number in labels.names]
    known = list(labels.names)
    meshes = []
    for number in numbers:
        others = [field for name, field in zip(known, fields, strict=True) if name != number]
        above = fields[known.index(number)] - np.max([np.zeros_like(fields[0]), *others], axis=0)
        above[above == 0] = -1e-6  # a plane of zeros would be cut into triangles without area
        closed = np.pad(above, 1, mode="edge")
        edge = np.ones(closed.shape, dtype=bool)
        edge[1:-1, 1:-1, 1:-1] = False
        closed[edge] = -np.abs(closed[edge])
        if closed.max() <= 0:
            continue
        vertices, faces, _, _ = marching_cubes(closed, 0.0, allow_degenerate=False)
        places = np.clip((vertices - 0.5) / counts, 0, 1) * size_um
        meshes.append(Mesh(label=number, vertices_um=places[:, ::-1].astype(np.float32), faces=faces.astype(np.int32)))
    return meshes


def _field(mask: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The share of a phase around each point of the coarse grid, smoothed."""
    ratio = np.array(mask.shape) / counts
    smooth = ndimage.gaussian_filter(mask.astype(np.float32), 0.4 * np.maximum(ratio - 1, 0), mode="nearest")
    places = [(np.arange(count) + 0.5) * step - 0.5 for count, step in zip(counts, ratio, strict=True)]
    grid = np.meshgrid(*places, indexing="ij")
    coarse = ndimage.map_coordinates(smooth, grid, order=1, mode="nearest")
    return ndimage.gaussian_filter(coarse, _SMOOTHING, mode="nearest")
