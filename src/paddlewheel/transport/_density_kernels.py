"""Compiled loops of the density: binning of positions, percolation over sorted voxels, the path of least resistance.

Imported at first use, so that nothing else waits for numba.
"""

from __future__ import annotations

import heapq

import numpy as np
from numba import njit
from numba.core import types
from numba.typed import Dict

_STEPS = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
_FRAMES_TOGETHER = 64
"""An ion stays in the same few voxels that long: its counters stay in the caches."""


@njit(cache=True, nogil=True)
def bin_positions(
    positions, to_fractional, shift, shape, block_of_frame, group_of_ion, by_block, by_group, last, steps
):
    """Count `positions` `[n_frames, n_ions, 3]` into voxels centred on the points k / shape.

    `by_block` `[n_blocks, n_voxels]` and `by_group` `[n_groups, n_voxels]` are added to; `steps` `[3, 3]` gains the sum
    of the outer products of the fractional steps between frames (minimum image), `last` `[n_ions, 3]` carries the
    fractional coordinates from call to call (NaN at the start of a run).
    """
    n_frames, n_ions, _ = positions.shape
    m = to_fractional
    n0, n1, n2 = shape
    for first in range(0, n_frames, _FRAMES_TOGETHER):
        end = min(first + _FRAMES_TOGETHER, n_frames)
        for ion in range(n_ions):
            group = group_of_ion[ion]
            l0, l1, l2 = last[ion, 0], last[ion, 1], last[ion, 2]
            for frame in range(first, end):
                x, y, z = positions[frame, ion, 0], positions[frame, ion, 1], positions[frame, ion, 2]
                s0 = x * m[0, 0] + y * m[1, 0] + z * m[2, 0]
                s1 = x * m[0, 1] + y * m[1, 1] + z * m[2, 1]
                s2 = x * m[0, 2] + y * m[1, 2] + z * m[2, 2]
                if not np.isnan(l0):
                    d0, d1, d2 = s0 - l0, s1 - l1, s2 - l2
                    d0 -= np.rint(d0)
                    d1 -= np.rint(d1)
                    d2 -= np.rint(d2)
                    steps[0, 0] += d0 * d0
                    steps[1, 1] += d1 * d1
                    steps[2, 2] += d2 * d2
                    steps[0, 1] += d0 * d1
                    steps[0, 2] += d0 * d2
                    steps[1, 2] += d1 * d2
                l0, l1, l2 = s0, s1, s2
                # the rounding of s - floor(s) may give 1 itself, the first voxel again
                s0 += shift[0] + 0.5 / n0
                s1 += shift[1] + 0.5 / n1
                s2 += shift[2] + 0.5 / n2
                i = int((s0 - np.floor(s0)) * n0)
                j = int((s1 - np.floor(s1)) * n1)
                k = int((s2 - np.floor(s2)) * n2)
                i = 0 if i >= n0 else i
                j = 0 if j >= n1 else j
                k = 0 if k >= n2 else k
                voxel = (i * n1 + j) * n2 + k
                by_block[block_of_frame[frame], voxel] += 1
                by_group[group, voxel] += 1
            last[ion, 0], last[ion, 1], last[ion, 2] = l0, l1, l2


@njit(cache=True, nogil=True)
def _find(parent, offset, voxel, total):
    """Root of `voxel`; `total` `[3]` becomes its cell relative to the root. Compresses the path."""
    total[:] = 0
    root = voxel
    while parent[root] != root:
        total += offset[root]
        root = parent[root]
    rest = total.copy()
    at = voxel
    while parent[at] != root and at != root:
        above = parent[at]
        step = offset[at].copy()
        parent[at] = root
        offset[at] = rest
        rest -= step
        at = above
    return root


@njit(cache=True, nogil=True)
def _add_winding(basis, rank, root, winding):
    """Add `winding` to the independent windings of the component of `root`."""
    r = rank[root]
    if r == 3:
        return
    a, b = basis[root, 0], basis[root, 1]
    if r == 0:
        independent = winding.any()
    else:
        c0 = a[1] * winding[2] - a[2] * winding[1]
        c1 = a[2] * winding[0] - a[0] * winding[2]
        c2 = a[0] * winding[1] - a[1] * winding[0]
        independent = (c0 != 0 or c1 != 0 or c2 != 0) if r == 1 else (b[0] * c0 + b[1] * c1 + b[2] * c2) != 0
    if independent:
        basis[root, r] = winding
        rank[root] = r + 1


@njit(cache=True, nogil=True)
def percolate(order, shape):
    """Add voxels in `order` (flat indices) and note when the region first connects to its own periodic images.

    Union-find over face neighbours, in which every voxel carries its lattice translation relative to its root: an edge
    inside a component whose ends disagree by w closes a loop that winds w times around the cell.

    Returns
    -------
    `at` `[6]`: the place in `order` of the voxel with which a component first winds along a, b, c, and in 1, 2, 3
    independent directions; -1 where none does. `windings` `[3, 3]`: those of the loops along a, b, c.
    """
    n0, n1, n2 = shape
    n = n0 * n1 * n2
    parent = np.full(n, -1, np.int32)
    offset = np.zeros((n, 3), np.int32)
    size = np.zeros(n, np.int32)
    rank = np.zeros(n, np.int8)
    basis = np.zeros((n, 3, 3), np.int16)
    at = np.full(6, -1, np.int64)
    windings = np.zeros((3, 3), np.int64)
    mine, other, translation = np.zeros(3, np.int32), np.zeros(3, np.int32), np.zeros(3, np.int32)
    winding = np.zeros(3, np.int16)
    for place in range(order.size):
        voxel = order[place]
        parent[voxel], size[voxel] = voxel, 1
        i, j, k = voxel // (n1 * n2), (voxel // n2) % n1, voxel % n2
        for step in _STEPS:
            translation[:] = 0
            p, q, r = i + step[0], j + step[1], k + step[2]
            if p < 0 or p >= n0:
                translation[0] = step[0]
                p -= step[0] * n0
            if q < 0 or q >= n1:
                translation[1] = step[1]
                q -= step[1] * n1
            if r < 0 or r >= n2:
                translation[2] = step[2]
                r -= step[2] * n2
            neighbour = (p * n1 + q) * n2 + r
            if parent[neighbour] < 0:
                continue
            root = _find(parent, offset, voxel, mine)
            far = _find(parent, offset, neighbour, other)
            winding[:] = mine + translation - other
            if root != far:
                low, high, sign = far, root, 1
                if size[far] > size[root]:
                    low, high, sign = root, far, -1
                parent[low] = high
                offset[low] = sign * winding
                size[high] += size[low]
                for row in range(rank[low]):
                    _add_winding(basis, rank, high, basis[low, row].copy())
            elif winding.any():
                high = root
                _add_winding(basis, rank, root, winding.copy())
                for axis in range(3):
                    if winding[axis] != 0 and at[axis] < 0:
                        at[axis] = place
                        windings[axis] = winding
            else:
                continue
            for dimension in range(rank[high]):
                if at[3 + dimension] < 0:
                    at[3 + dimension] = place
        if at[0] >= 0 and at[1] >= 0 and at[2] >= 0 and at[5] >= 0:
            break
    return at, windings


@njit(cache=True, nogil=True)
def least_resistance(density, shape, lengths, start, lowest, axis, reach):
    """The loop through `start` that winds along `axis` with the least sum of length / density (Dijkstra).

    Only voxels with a density of at least `lowest`, in cells up to `reach` away, are entered.

    Returns
    -------
    `[n, 4]`: flat voxel index and cell of each step, from `start` to its image; empty where there is none.
    """
    n0, n1, n2 = shape
    width = 2 * reach + 1
    cells = width**3
    home = ((reach * width) + reach) * width + reach
    cost = Dict.empty(key_type=types.int64, value_type=types.float64)
    before = Dict.empty(key_type=types.int64, value_type=types.int64)
    origin = np.int64(start) * cells + home
    cost[origin] = 0.0
    heap = [(0.0, origin)]
    goal = np.int64(-1)
    while len(heap) > 0:
        spent, key = heapq.heappop(heap)
        if spent > cost[key]:
            continue
        voxel, cell = key // cells, key % cells
        c0, c1, c2 = cell // (width * width) - reach, (cell // width) % width - reach, cell % width - reach
        if voxel == start and ((axis == 0 and c0 != 0) or (axis == 1 and c1 != 0) or (axis == 2 and c2 != 0)):
            goal = key
            break
        i, j, k = voxel // (n1 * n2), (voxel // n2) % n1, voxel % n2
        for index in range(6):
            step = _STEPS[index]
            p, q, r = i + step[0], j + step[1], k + step[2]
            d0, d1, d2 = c0, c1, c2
            if p < 0 or p >= n0:
                d0 += step[0]
                p -= step[0] * n0
            if q < 0 or q >= n1:
                d1 += step[1]
                q -= step[1] * n1
            if r < 0 or r >= n2:
                d2 += step[2]
                r -= step[2] * n2
            if abs(d0) > reach or abs(d1) > reach or abs(d2) > reach:
                continue
            neighbour = (p * n1 + q) * n2 + r
            if density[neighbour] < lowest:
                continue
            new = spent + 0.5 * lengths[index // 2] * (1.0 / density[voxel] + 1.0 / density[neighbour])
            there = np.int64(neighbour) * cells + ((d0 + reach) * width + d1 + reach) * width + d2 + reach
            if there not in cost or new < cost[there]:
                cost[there] = new
                before[there] = key
                heapq.heappush(heap, (new, there))
    if goal < 0:
        return np.zeros((0, 4), np.int64)
    keys = [goal]
    while keys[-1] != origin:
        keys.append(before[keys[-1]])
    path = np.zeros((len(keys), 4), np.int64)
    for row in range(len(keys)):
        key = keys[len(keys) - 1 - row]
        cell = key % cells
        path[row, 0] = key // cells
        path[row, 1] = cell // (width * width) - reach
        path[row, 2] = (cell // width) % width - reach
        path[row, 3] = cell % width - reach
    return path


@njit(cache=True, nogil=True)
def orbits(rotations, translations, shape):
    """Orbit of each voxel under grid operations: `rotations` `[n, 3, 3]` and `translations` `[n, 3]` in grid steps.

    Returns
    -------
    `orbit` `[n_voxels]`, numbered from 0, and `size` `[n_orbits]`, the number of voxels in each.
    """
    n0, n1, n2 = shape
    orbit = np.full(n0 * n1 * n2, -1, np.int32)
    size = np.zeros(n0 * n1 * n2, np.int32)
    count = 0
    for voxel in range(orbit.size):
        if orbit[voxel] >= 0:
            continue
        i, j, k = voxel // (n1 * n2), (voxel // n2) % n1, voxel % n2
        for g in range(rotations.shape[0]):
            w, t = rotations[g], translations[g]
            p = (w[0, 0] * i + w[0, 1] * j + w[0, 2] * k + t[0]) % n0
            q = (w[1, 0] * i + w[1, 1] * j + w[1, 2] * k + t[1]) % n1
            r = (w[2, 0] * i + w[2, 1] * j + w[2, 2] * k + t[2]) % n2
            image = (p * n1 + q) * n2 + r
            if orbit[image] < 0:
                orbit[image] = count
                size[count] += 1
        count += 1
    return orbit, size[:count]
