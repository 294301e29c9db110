"""Simple bodies whose flow is known in closed form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paddlewheel.lab.tomography.voxels import ARRAY_AXIS, Axis, Labels, VoxelSize


def empty_box(shape: tuple[int, int, int], voxel_nm: VoxelSize) -> Labels:
    """One phase everywhere: tau is 1 for any spacing; `shape` is [n_z, n_y, n_x]."""
    return _labels(np.ones(shape, np.uint8), voxel_nm, "empty box")


def laminate(shape: tuple[int, int, int], voxel_nm: VoxelSize, *, normal: Axis, layers: Sequence[int]) -> Labels:
    """Layers across one direction, each as many voxels thick as `layers` says, over and over: phases 1, 2, 1, 2.

    Across the layers resistances add, along them conductances do: sigma is 1/<1/sigma> and <sigma>.
    """
    axis = ARRAY_AXIS[normal]
    pattern = np.concatenate([np.full(thick, 1 + place % 2) for place, thick in enumerate(layers)])
    line = np.resize(pattern, shape[axis]).astype(np.uint8)
    form = [1, 1, 1]
    form[axis] = -1
    return _labels(np.broadcast_to(line.reshape(form), shape).copy(), voxel_nm, f"laminate across {normal}")


def checkerboard(shape: tuple[int, int, int], voxel_nm: VoxelSize, *, edge: int, axis: Axis = "z") -> Labels:
    """Square columns of two phases, `edge` voxels wide, along `axis`.

    Across the columns the whole conducts as sqrt(s1 s2), exactly (Dykhne, Sov. Phys. JETP 32, 63 (1971)).
    """
    across = [np.arange(count) // edge for count in shape]
    across[ARRAY_AXIS[axis]] = np.zeros(shape[ARRAY_AXIS[axis]], int)
    z, y, x = np.ix_(*across)
    return _labels(((z + y + x) % 2 + 1).astype(np.uint8), voxel_nm, f"checkerboard along {axis}")


def sphere_array(shape: tuple[int, int, int], voxel_nm: VoxelSize, *, diameter_nm: float) -> Labels:
    """One sphere (phase 2) in the middle of the box (phase 1), a cell of a simple cubic array.

    The dilute limit is Maxwell's: an insulating sphere of fraction f leaves (1 - f)/(1 + f/2) of the conductivity.
    """
    squares = [
        ((np.arange(count) + 0.5 - count / 2) * edge) ** 2 for count, edge in zip(shape, voxel_nm[::-1], strict=True)
    ]
    z, y, x = np.ix_(*squares)
    return _labels(np.where(z + y + x <= (diameter_nm / 2) ** 2, 2, 1).astype(np.uint8), voxel_nm, "sphere")


def _labels(labels: np.ndarray, voxel_nm: VoxelSize, source: str) -> Labels:
    names = {int(number): f"phase {number}" for number in np.unique(labels)}
    return Labels(labels=labels, voxel_nm=voxel_nm, names=names, source=source, voxel_from="made")
