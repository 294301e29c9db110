"""Smoothing that keeps edges, with the true distances between voxels, slab by slab."""

from __future__ import annotations

import math

import numba
import numpy as np

from paddlewheel.lab.tomography.artefacts import Watch, slabs

_REACH = 2.0
"""Standard deviations of distance that the window reaches."""


def denoise(
    values: np.ndarray, out: np.ndarray, *, spacing_nm: tuple[float, float, float], noise: float, strength: float = 1.0,
    watch: Watch | None = None,
) -> None:  # fmt: skip
    """Smooth by a joint bilateral filter: neighbours count by distance, and by likeness in a smoothed copy.

    Weights are exp(-d^2/2s^2 - (G_i - G_j)^2/2r^2), s 1.5 edges of the smallest voxel, G the image under a Gaussian
    of one voxel, r `strength` times twice the noise that is left in G
    (Tomasi and Manduchi, doi 10.1109/ICCV.1998.710815; Petschnigg et al., doi 10.1145/1015706.1015777).

    Parameters
    ----------
    values
        float32 [n_z, n_y, n_x], or a memory map.
    out
        Of the same shape and type, written slab by slab; memory beyond both is that of some twenty slices.
    spacing_nm
        Edges of a voxel along z, y, x.
    noise
        Standard deviation of a voxel's noise.
    strength
        0 copies.
    """
    from scipy.ndimage import gaussian_filter

    n_z = values.shape[0]
    if strength <= 0 or noise <= 0:
        for start, stop in slabs(n_z):
            out[start:stop] = values[start:stop]
        return
    edge = min(spacing_nm)
    width = tuple(1.5 * edge / length for length in spacing_nm)
    reach = tuple(math.floor(_REACH * sigma) for sigma in width)
    guide_width = tuple(edge / length if length < 2 * edge else 0.0 for length in spacing_nm)
    left = noise
    for sigma in guide_width:
        left *= 1 / math.sqrt(2 * math.sqrt(math.pi) * sigma) if sigma > 0 else 1.0
    near = [np.exp(-(np.arange(-r, r + 1) ** 2) / (2 * s * s)).astype(np.float32)
            for r, s in zip(reach, width, strict=True)]  # fmt: skip
    halo = reach[0] + 4
    for start, stop in slabs(n_z):
        low, high = max(0, start - halo), min(n_z, stop + halo)
        part = np.ascontiguousarray(values[low:high], dtype=np.float32)
        guide = gaussian_filter(part, guide_width)
        made = np.empty((stop - start, *part.shape[1:]), dtype=np.float32)
        _joint(
            part, guide, made, start - low, near[0], near[1], near[2], np.float32(1 / (2 * (2 * strength * left) ** 2))
        )
        out[start:stop] = made
        if watch is not None:
            watch(stop / n_z)


@numba.njit(parallel=True, cache=True, fastmath=True)
def _joint(values, guide, out, first, near_z, near_y, near_x, sharpness):
    n_z, n_y, n_x = values.shape
    r_z, r_y, r_x = near_z.size // 2, near_y.size // 2, near_x.size // 2
    count = out.shape[0]
    for row in numba.prange(count * n_y):
        z, y = first + row // n_y, row % n_y
        for x in range(n_x):
            centre = guide[z, y, x]
            total = np.float32(0)
            weights = np.float32(0)
            for dz in range(max(-r_z, -z), min(r_z, n_z - 1 - z) + 1):
                for dy in range(max(-r_y, -y), min(r_y, n_y - 1 - y) + 1):
                    plane = near_z[dz + r_z] * near_y[dy + r_y]
                    for dx in range(max(-r_x, -x), min(r_x, n_x - 1 - x) + 1):
                        unlike = guide[z + dz, y + dy, x + dx] - centre
                        # (1 - u/4)^4 for exp(-u): the same to 4 % where it counts, and 0 from u = 4 on
                        near = np.float32(1) - unlike * unlike * sharpness * np.float32(0.25)
                        if near > 0:
                            near *= near
                            weight = plane * near_x[dx + r_x] * near * near
                            total += weight * values[z + dz, y + dy, x + dx]
                            weights += weight
            out[row // n_y, y, x] = total / weights
