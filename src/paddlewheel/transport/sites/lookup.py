"""Which sites can be the nearest to a point: a table over small boxes of the cell, made once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.transport.sites.site import Sites, image_shells

_EDGE_A = 0.6
"""Edge of a box: smaller ones hold fewer candidates and are more; 0.3 to 1 A are equally fast for 3 A between sites."""


@dataclass(frozen=True)
class Lookup:
    """Candidates for the nearest site, for each box of a grid over the cell.

    Attributes
    ----------
    shape
        Boxes along each lattice vector, `[3]`.
    starts
        `[n_boxes + 1]`: the candidates of box i are `starts[i]` to `starts[i + 1]`.
    sites, images
        Site of each candidate, `[n]`, and its lattice translation, `[n, 3]`.
    positions_A
        Where it is, `[n, 3]`.
    """

    shape: np.ndarray
    starts: np.ndarray
    sites: np.ndarray
    images: np.ndarray
    positions_A: np.ndarray


def build_lookup(sites: Sites) -> Lookup:
    """The table for a set of sites.

    With h the half diagonal of a box and d the distance of its centre to the nearest site, no site farther than
    d + 2 h from the centre is the nearest to any point of the box.
    """
    from scipy.spatial import KDTree

    cell = sites.cell_A
    shape = np.maximum(1, np.ceil(np.linalg.norm(cell, axis=1) / _EDGE_A)).astype(np.int64)
    corners = np.array([[i, j, k] for i in (-0.5, 0.5) for j in (-0.5, 0.5) for k in (-0.5, 0.5)])
    half_diagonal = float(np.linalg.norm((corners / shape) @ cell, axis=1).max())
    axes = [(np.arange(n) + 0.5) / n for n in shape]
    centres = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3) @ cell

    # distances to the sites of the cell and its neighbours bound those to the nearest from above
    near = (sites.fractional[None] + image_shells(cell, 1e-6)[:, None]).reshape(-1, 3) @ cell
    bound = float(KDTree(near).query(centres)[0].max())
    shells = image_shells(cell, bound + 3 * half_diagonal)
    tree = KDTree((sites.fractional[None] + shells[:, None]).reshape(-1, 3) @ cell)

    n_images, k = tree.n, min(8, tree.n)
    while True:
        distances, found = (np.reshape(found, (len(centres), k)) for found in tree.query(centres, k=k))
        kept = distances <= distances[:, :1] + 2 * half_diagonal
        if k == n_images or not kept[:, -1].any():
            break
        k = min(2 * k, n_images)
    chosen = found[kept]
    site, image = chosen % len(sites), shells[chosen // len(sites)]
    return Lookup(
        shape=shape,
        starts=np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int64),
        sites=site.astype(np.int64),
        images=image.astype(np.int64),
        positions_A=np.ascontiguousarray((sites.fractional[site] + image) @ cell),
    )


def site_volumes_A3(sites: Sites) -> np.ndarray:
    """Volume of the periodic Voronoi cell of each site, `[n_sites]`, A^3, by counting points on a grid.

    The points are at most 0.25 A apart: a volume is known to about a per cent.
    """
    from scipy.spatial import KDTree

    shape = np.maximum(4, np.ceil(np.linalg.norm(sites.cell_A, axis=1) / 0.25)).astype(int)
    axes = [(np.arange(n) + 0.5) / n for n in shape]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3) @ sites.cell_A
    shells = image_shells(sites.cell_A, 1e-6)
    tree = KDTree((sites.fractional[None] + shells[:, None]).reshape(-1, 3) @ sites.cell_A)
    counts = np.bincount(tree.query(points)[1] % len(sites), minlength=len(sites))
    return counts / len(points) * abs(float(np.linalg.det(sites.cell_A)))
