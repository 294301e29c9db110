"""Compiled loops over frames and ions; imported where they are called, since compiling takes time."""

from __future__ import annotations

import numpy as np
from numba import njit

# columns of the table of arrivals
ION, FRAME, LEFT_FRAME, SITE, IMAGE_0 = 0, 1, 2, 3, 4
N_COLUMNS = 7


@njit(cache=True, nogil=True)
def follow(positions, inverse, cell, shape, starts, candidates, images, places, radii, n_sites, n_blocks):
    """Follow each ion from core to core.

    Returns the table of arrivals `[n, 7]` (the first arrival of each ion among them), and counts by block of frames and
    site `[n_blocks, n_sites]` of ion-frames: nearest to the site, inside its core, and belonging to it.
    """
    n_frames, n_ions, _ = positions.shape
    nearest = np.zeros((n_blocks, n_sites), np.int64)
    inside = np.zeros((n_blocks, n_sites), np.int64)
    belonging = np.zeros((n_blocks, n_sites), np.int64)
    current = np.full(n_ions, -1, np.int64)
    at = np.zeros((n_ions, 3), np.int64)
    last_inside = np.zeros(n_ions, np.int64)
    arrivals = np.empty((max(1024, 4 * n_ions), N_COLUMNS), np.int32)
    n_arrivals = 0
    fraction = np.empty(3)
    whole = np.empty(3, np.int64)
    for frame in range(n_frames):
        block = frame * n_blocks // n_frames
        for ion in range(n_ions):
            for axis in range(3):
                value = 0.0
                for other in range(3):
                    value += positions[frame, ion, other] * inverse[other, axis]
                whole[axis] = int(np.floor(value))
                fraction[axis] = value - whole[axis]
            x = fraction[0] * cell[0, 0] + fraction[1] * cell[1, 0] + fraction[2] * cell[2, 0]
            y = fraction[0] * cell[0, 1] + fraction[1] * cell[1, 1] + fraction[2] * cell[2, 1]
            z = fraction[0] * cell[0, 2] + fraction[1] * cell[1, 2] + fraction[2] * cell[2, 2]
            i = min(int(fraction[0] * shape[0]), shape[0] - 1)
            j = min(int(fraction[1] * shape[1]), shape[1] - 1)
            k = min(int(fraction[2] * shape[2]), shape[2] - 1)
            box = (i * shape[1] + j) * shape[2] + k
            best = np.inf
            chosen = -1
            for c in range(starts[box], starts[box + 1]):
                dx, dy, dz = x - places[c, 0], y - places[c, 1], z - places[c, 2]
                square = dx * dx + dy * dy + dz * dz
                if square < best:
                    best = square
                    chosen = c
            site = candidates[chosen]
            nearest[block, site] += 1
            if best <= radii[site] * radii[site]:
                inside[block, site] += 1
                i0, i1, i2 = whole[0] + images[chosen, 0], whole[1] + images[chosen, 1], whole[2] + images[chosen, 2]
                if current[ion] != site or at[ion, 0] != i0 or at[ion, 1] != i1 or at[ion, 2] != i2:
                    if n_arrivals == len(arrivals):
                        longer = np.empty((2 * n_arrivals, N_COLUMNS), np.int32)
                        longer[:n_arrivals] = arrivals
                        arrivals = longer
                    arrivals[n_arrivals, ION] = ion
                    arrivals[n_arrivals, FRAME] = frame
                    arrivals[n_arrivals, LEFT_FRAME] = last_inside[ion] if current[ion] >= 0 else -1
                    arrivals[n_arrivals, SITE] = site
                    arrivals[n_arrivals, IMAGE_0] = i0
                    arrivals[n_arrivals, IMAGE_0 + 1] = i1
                    arrivals[n_arrivals, IMAGE_0 + 2] = i2
                    n_arrivals += 1
                    current[ion] = site
                    at[ion, 0], at[ion, 1], at[ion, 2] = i0, i1, i2
                last_inside[ion] = frame
            if current[ion] >= 0:
                belonging[block, current[ion]] += 1
    return arrivals[:n_arrivals].copy(), nearest, inside, belonging


@njit(cache=True, nogil=True)
def count_positions(positions, inverse, counts):
    """Add the positions `[n_frames, n_ions, 3]` to `counts`, a grid over the cell whose points are voxel centres."""
    n_frames, n_ions, _ = positions.shape
    shape = counts.shape
    voxel = np.empty(3, np.int64)
    for frame in range(n_frames):
        for ion in range(n_ions):
            for axis in range(3):
                value = 0.0
                for other in range(3):
                    value += positions[frame, ion, other] * inverse[other, axis]
                value -= np.floor(value)
                voxel[axis] = min(int(value * shape[axis]), shape[axis] - 1)
            counts[voxel[0], voxel[1], voxel[2]] += 1


@njit(cache=True, nogil=True)
def flood(log_density, order, barrier):
    """Basins of the maxima of a periodic density; what a saddle lower than `barrier` parts is joined to the higher one.

    `order` `[n]` holds the flat indices of the voxels that count, densest first. Returns for each voxel the index of
    the voxel at its maximum, -1 where it does not count.
    """
    n0, n1, n2 = log_density.shape
    flat = log_density.ravel()
    parent = np.full(flat.size, -1, np.int64)
    owner = np.full(flat.size, -1, np.int64)
    around = np.empty(26, np.int64)
    for v in order:
        i, j, k = v // (n1 * n2), (v // n2) % n1, v % n2
        n_around = 0
        for di in range(-1, 2):
            for dj in range(-1, 2):
                for dk in range(-1, 2):
                    w = (((i + di) % n0) * n1 + (j + dj) % n1) * n2 + (k + dk) % n2
                    if w == v or owner[w] < 0:
                        continue
                    root = owner[w]
                    while parent[root] != root:
                        parent[root] = parent[parent[root]]
                        root = parent[root]
                    known = False
                    for m in range(n_around):
                        if around[m] == root:
                            known = True
                    if not known:
                        around[n_around] = root
                        n_around += 1
        if n_around == 0:
            owner[v] = v
            parent[v] = v
            continue
        top = around[0]
        for m in range(1, n_around):
            if flat[around[m]] > flat[top]:
                top = around[m]
        for m in range(n_around):
            if around[m] != top and flat[around[m]] - flat[v] < barrier:
                parent[around[m]] = top
        owner[v] = top
    for v in order:
        root = owner[v]
        while parent[root] != root:
            root = parent[root]
        owner[v] = root
    return owner
