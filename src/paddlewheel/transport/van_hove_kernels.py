"""The loops of the van Hove functions and of everything else that counts pairs by distance; compiled by numba."""

from __future__ import annotations

import numpy as np

from paddlewheel.transport.compilation import kernel

_CHUNK = 512
"""Displacements whose bins are computed together, in vector registers, before they are counted one by one."""


@kernel
def self_counts(path, lags, stride, per_A, counts, squares, fourths):
    """Count the displacements of one ion by length.

    Parameters
    ----------
    path
        `[3, n_frames]`, A.
    lags, stride
        `[n_lags]` in frames; every `stride`-th frame is an origin.
    per_A
        Bins per A.
    counts
        `[n_lags, n_bins + 1]`, added to; the last column counts what is beyond the bins.
    squares, fourths
        `[n_lags]`, set to the sums of r^2 and r^4.
    """
    n_frames = path.shape[1]
    last_bin = counts.shape[1] - 1
    bins = np.empty(_CHUNK, dtype=np.int32)
    x, y, z = path[0], path[1], path[2]
    for k in range(lags.size):
        lag = lags[k]
        n_origins = (n_frames - lag + stride - 1) // stride
        square, fourth = 0.0, 0.0
        for start in range(0, n_origins, _CHUNK):
            n = min(_CHUNK, n_origins - start)
            for i in range(n):
                t = (start + i) * stride
                dx, dy, dz = x[t + lag] - x[t], y[t + lag] - y[t], z[t + lag] - z[t]
                r2 = dx * dx + dy * dy + dz * dz
                square += r2
                fourth += r2 * r2
                bins[i] = min(np.int32(np.sqrt(r2) * per_A), last_bin)
            for i in range(n):
                counts[k, bins[i]] += 1
        squares[k], fourths[k] = square, fourth


@kernel
def pair_counts(first, second, itself, cell, reach, per_A, counts):
    """Count all pairs of a `first` point and the periodic images of a `second` one by distance.

    Parameters
    ----------
    first, second
        `[n, n_first, 3]` and `[n, n_second, 3]`, fractional; n pairs of configurations.
    itself
        `[n_first]`: the second point that is the first one at another time, whose own path (not its images) is left
        out; -1 for none.
    cell
        `[3, 3]`, lattice vectors as rows, A.
    reach
        `[3]`: images to look at in each direction, beyond the wrapped one.
    per_A
        Bins per A.
    counts
        `[n_bins]`, added to; pairs beyond the bins are not counted.
    """
    n_bins = counts.size
    for n in range(first.shape[0]):
        for i in range(first.shape[1]):
            for j in range(second.shape[1]):
                fx = second[n, j, 0] - first[n, i, 0]
                fy = second[n, j, 1] - first[n, i, 1]
                fz = second[n, j, 2] - first[n, i, 2]
                nx, ny, nz = np.rint(fx), np.rint(fy), np.rint(fz)
                fx, fy, fz = fx - nx, fy - ny, fz - nz
                for a in range(-reach[0], reach[0] + 1):
                    for b in range(-reach[1], reach[1] + 1):
                        for c in range(-reach[2], reach[2] + 1):
                            if itself[i] == j and a == nx and b == ny and c == nz:
                                continue
                            gx, gy, gz = fx + a, fy + b, fz + c
                            dx = gx * cell[0, 0] + gy * cell[1, 0] + gz * cell[2, 0]
                            dy = gx * cell[0, 1] + gy * cell[1, 1] + gz * cell[2, 1]
                            dz = gx * cell[0, 2] + gy * cell[1, 2] + gz * cell[2, 2]
                            r = np.sqrt(dx * dx + dy * dy + dz * dz) * per_A
                            if r < n_bins:
                                counts[int(r)] += 1


@kernel
def shell_of_ion(path, centres, cell, reach, cutoffs_A, inside):
    """Number of images of each centre within its cutoff of one ion.

    Parameters
    ----------
    path, centres
        `[n_frames, 3]` and `[n_frames, n_centres, 3]`, fractional.
    cell, reach
        As `pair_counts`.
    cutoffs_A
        `[n_centres]`.
    inside
        `[n_centres, n_frames]`, set.
    """
    for j in range(centres.shape[1]):
        limit = cutoffs_A[j] * cutoffs_A[j]
        for t in range(path.shape[0]):
            fx = centres[t, j, 0] - path[t, 0]
            fy = centres[t, j, 1] - path[t, 1]
            fz = centres[t, j, 2] - path[t, 2]
            fx, fy, fz = fx - np.rint(fx), fy - np.rint(fy), fz - np.rint(fz)
            found = 0
            for a in range(-reach[0], reach[0] + 1):
                for b in range(-reach[1], reach[1] + 1):
                    for c in range(-reach[2], reach[2] + 1):
                        gx, gy, gz = fx + a, fy + b, fz + c
                        dx = gx * cell[0, 0] + gy * cell[1, 0] + gz * cell[2, 0]
                        dy = gx * cell[0, 1] + gy * cell[1, 1] + gz * cell[2, 1]
                        dz = gx * cell[0, 2] + gy * cell[1, 2] + gz * cell[2, 2]
                        if dx * dx + dy * dy + dz * dz < limit:
                            found += 1
            inside[j, t] = found


@kernel
def kept_neighbours(inside, kinds, lags, kept):
    """Mean number of centres that are in the shell of one ion now and after each lag.

    Parameters
    ----------
    inside
        `[n_centres, n_frames]`, not zero where the centre is in the shell.
    kinds
        `[n_centres]`: row of `kept` that each centre counts for.
    lags
        `[n_lags]`, frames.
    kept
        `[n_kinds, n_lags]`, added to.
    """
    n_frames = inside.shape[1]
    for j in range(inside.shape[0]):
        row = inside[j]
        occupied = False
        for t in range(n_frames):
            occupied |= row[t] > 0
        if not occupied:
            continue
        for k in range(lags.size):
            lag = lags[k]
            both = 0
            for t in range(n_frames - lag):
                both += (row[t] > 0) & (row[t + lag] > 0)
            kept[kinds[j], k] += both / (n_frames - lag)
