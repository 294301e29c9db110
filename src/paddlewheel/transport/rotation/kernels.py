"""Compiled loops of the rotation analysis: following cages block by block, and finding the dwells between jumps."""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def _cofactor(matrix: np.ndarray, i: int, j: int) -> float:
    """Cofactor (i, j) of a 4 x 4 matrix."""
    a, b, c = (1 if i == 0 else 0), (2 if i <= 1 else 1), (3 if i <= 2 else 2)
    d, e, f = (1 if j == 0 else 0), (2 if j <= 1 else 1), (3 if j <= 2 else 2)
    minor = (
        matrix[a, d] * (matrix[b, e] * matrix[c, f] - matrix[b, f] * matrix[c, e])
        - matrix[a, e] * (matrix[b, d] * matrix[c, f] - matrix[b, f] * matrix[c, d])
        + matrix[a, f] * (matrix[b, d] * matrix[c, e] - matrix[b, e] * matrix[c, d])
    )
    return minor if (i + j) % 2 == 0 else -minor


@njit(cache=True, error_model="numpy")
def best_quaternion(s: np.ndarray, bound: float, n: np.ndarray, q: np.ndarray) -> None:
    """The unit quaternion `q` (w, x, y, z) of the proper rotation R that makes sum m b . R a greatest.

    `s` is sum m a b^T, `bound` no less than that sum, `n` [4, 4] room to work in. Horn
    (doi 10.1364/JOSAA.4.000629); the largest eigenvalue by Newton's method on the characteristic polynomial, as
    Theobald (doi 10.1107/S0108767305015266).
    """
    n[0, 0] = s[0, 0] + s[1, 1] + s[2, 2]
    n[1, 1] = s[0, 0] - s[1, 1] - s[2, 2]
    n[2, 2] = -s[0, 0] + s[1, 1] - s[2, 2]
    n[3, 3] = -s[0, 0] - s[1, 1] + s[2, 2]
    n[0, 1] = n[1, 0] = s[1, 2] - s[2, 1]
    n[0, 2] = n[2, 0] = s[2, 0] - s[0, 2]
    n[0, 3] = n[3, 0] = s[0, 1] - s[1, 0]
    n[1, 2] = n[2, 1] = s[0, 1] + s[1, 0]
    n[1, 3] = n[3, 1] = s[2, 0] + s[0, 2]
    n[2, 3] = n[3, 2] = s[1, 2] + s[2, 1]
    square = 0.0
    for i in range(3):
        for j in range(3):
            square += s[i, j] * s[i, j]
    determinant = (
        s[0, 0] * (s[1, 1] * s[2, 2] - s[1, 2] * s[2, 1])
        - s[0, 1] * (s[1, 0] * s[2, 2] - s[1, 2] * s[2, 0])
        + s[0, 2] * (s[1, 0] * s[2, 1] - s[1, 1] * s[2, 0])
    )
    c0 = 0.0
    for j in range(4):
        c0 += n[0, j] * _cofactor(n, 0, j)
    root = bound
    for _ in range(60):
        r2 = root * root
        value = r2 * r2 - 2.0 * square * r2 - 8.0 * determinant * root + c0
        slope = 4.0 * r2 * root - 4.0 * square * root - 8.0 * determinant
        if slope == 0.0:
            break
        change = value / slope
        root -= change
        if abs(change) < 1e-14 * abs(root):
            break
    for i in range(4):
        n[i, i] -= root
    row, largest = 0, -1.0
    for i in range(4):
        size = abs(_cofactor(n, i, i))
        if size > largest:
            row, largest = i, size
    norm = 0.0
    for j in range(4):
        q[j] = _cofactor(n, row, j)
        norm += q[j] * q[j]
    norm = math.sqrt(norm)
    for j in range(4):
        q[j] /= norm


@njit(cache=True, error_model="numpy")
def to_matrix(q: np.ndarray, r: np.ndarray) -> None:
    """The rotation matrix `r` of the unit quaternion `q`."""
    w, x, y, z = q[0], q[1], q[2], q[3]
    r[0, 0] = 1.0 - 2.0 * (y * y + z * z)
    r[0, 1] = 2.0 * (x * y - w * z)
    r[0, 2] = 2.0 * (x * z + w * y)
    r[1, 0] = 2.0 * (x * y + w * z)
    r[1, 1] = 1.0 - 2.0 * (x * x + z * z)
    r[1, 2] = 2.0 * (y * z - w * x)
    r[2, 0] = 2.0 * (x * z - w * y)
    r[2, 1] = 2.0 * (y * z + w * x)
    r[2, 2] = 1.0 - 2.0 * (x * x + y * y)


@njit(cache=True, error_model="numpy")
def follow(
    positions: np.ndarray,
    inverses: np.ndarray,
    lattices: np.ndarray,
    atoms: np.ndarray,
    offsets: np.ndarray,
    weights: np.ndarray,
    template: np.ndarray,
    keeps_place: np.ndarray,
    is_outer: np.ndarray,
    first_frame: int,
    broken_A: float,
    broken_frames: int,
    fractional: np.ndarray,
    centre: np.ndarray,
    before: np.ndarray,
    streak: np.ndarray,
    quaternions: np.ndarray,
    centres: np.ndarray,
    chords: np.ndarray,
    deviations: np.ndarray,
    structure: np.ndarray,
    counts: np.ndarray,
) -> tuple[int, int, float]:
    """Follow all cages through one block of frames; what `tracking.track_cages` says in words.

    Parameters
    ----------
    positions, inverses, lattices
        `[n, n_atoms, 3]` A, the inverses of the cells `[n, 3, 3]`, and the cells in the frame of the lattice.
    atoms, offsets, weights, template, keeps_place, is_outer
        Cage g has the entries `offsets[g]` to `offsets[g + 1]` of `atoms`; their shares of its mass, their places in
        the body, and whether they enter the map. `keeps_place[g]` is 1 where the image of an atom is the one nearest
        to its last place in the cage, 0 where it is the one nearest to the centre.
    fractional, centre, before, streak
        The state, changed in place: places relative to the centre and the centre, fractional; last places (A);
        frames in a row with an atom out of its place.
    quaternions, centres, chords, deviations, structure, counts
        Results, written or added to.

    Returns
    -------
    Cage, atom (index in the trajectory) and deviation (A) where an anion broke; cage -1 where none did.
    """
    n_z, n_phi = counts.shape[1], counts.shape[2]
    s, q, r, n = np.empty((3, 3)), np.empty(4), np.empty((3, 3)), np.empty((4, 4))
    now = np.empty_like(before)
    for t in range(positions.shape[0]):
        inverse, lattice = inverses[t], lattices[t]
        for g in range(offsets.shape[0] - 1):
            low, high = offsets[g], offsets[g + 1]
            c0, c1, c2, keep = centre[g, 0], centre[g, 1], centre[g, 2], keeps_place[g]
            m0, m1, m2 = 0.0, 0.0, 0.0
            for j in range(low, high):
                a = atoms[j]
                x, y, z = positions[t, a, 0], positions[t, a, 1], positions[t, a, 2]
                f0 = x * inverse[0, 0] + y * inverse[1, 0] + z * inverse[2, 0]
                f1 = x * inverse[0, 1] + y * inverse[1, 1] + z * inverse[2, 1]
                f2 = x * inverse[0, 2] + y * inverse[1, 2] + z * inverse[2, 2]
                f0 -= math.floor(f0 - c0 - keep * fractional[j, 0] + 0.5)
                f1 -= math.floor(f1 - c1 - keep * fractional[j, 1] + 0.5)
                f2 -= math.floor(f2 - c2 - keep * fractional[j, 2] + 0.5)
                fractional[j, 0], fractional[j, 1], fractional[j, 2] = f0, f1, f2
                m0 += weights[j] * f0
                m1 += weights[j] * f1
                m2 += weights[j] * f2
            centre[g, 0], centre[g, 1], centre[g, 2] = m0, m1, m2
            centres[t, g, 0], centres[t, g, 1], centres[t, g, 2] = m0, m1, m2
            s[:] = 0.0
            bound = 0.0
            for j in range(low, high):
                fractional[j, 0] -= m0
                fractional[j, 1] -= m1
                fractional[j, 2] -= m2
                f0, f1, f2 = fractional[j, 0], fractional[j, 1], fractional[j, 2]
                for k in range(3):
                    now[j, k] = f0 * lattice[0, k] + f1 * lattice[1, k] + f2 * lattice[2, k]
                x, y, z, w = now[j, 0], now[j, 1], now[j, 2], weights[j]
                for i in range(3):
                    bound += 0.5 * w * (now[j, i] * now[j, i] + template[j, i] * template[j, i])
                    s[i, 0] += w * template[j, i] * x
                    s[i, 1] += w * template[j, i] * y
                    s[i, 2] += w * template[j, i] * z
            best_quaternion(s, bound, n, q)
            to_matrix(q, r)
            last = quaternions[t - 1, g] if t > 0 else quaternions[-1, g]
            sign = -1.0 if q[0] * last[0] + q[1] * last[1] + q[2] * last[2] + q[3] * last[3] < 0.0 else 1.0
            for k in range(4):
                quaternions[t, g, k] = sign * q[k]
            n_members = high - low
            chord, worst, worst_atom = 0.0, 0.0, low
            for j in range(low, high):
                square, step = 0.0, 0.0
                for k in range(3):
                    body = now[j, 0] * r[0, k] + now[j, 1] * r[1, k] + now[j, 2] * r[2, k]
                    structure[j, k] += body
                    square += (body - template[j, k]) ** 2
                    step += (now[j, k] - before[j, k]) ** 2
                    before[j, k] = now[j, k]
                chord += math.sqrt(step)
                deviations[g] += square / n_members
                if square > worst:
                    worst, worst_atom = square, j
                if is_outer[j]:
                    x, y, z = now[j, 0], now[j, 1], now[j, 2]
                    length = math.sqrt(x * x + y * y + z * z)
                    row = min(n_z - 1, int(0.5 * (z / length + 1.0) * n_z))
                    column = min(n_phi - 1, int((math.atan2(y, x) / (2.0 * math.pi) + 0.5) * n_phi))
                    counts[g, row, column] += 1
            if first_frame + t > 0:
                chords[g] += chord / n_members
            streak[g] = streak[g] + 1 if worst > broken_A * broken_A else 0
            if streak[g] >= broken_frames:
                return g, atoms[worst_atom], math.sqrt(worst)
    return -1, -1, 0.0


@njit(cache=True, error_model="numpy")
def _angle(p: np.ndarray, q: np.ndarray) -> float:
    dot = abs(p[0] * q[0] + p[1] * q[1] + p[2] * q[2] + p[3] * q[3])
    return 2.0 * math.acos(min(1.0, dot))


@njit(cache=True, error_model="numpy")
def _add(total: np.ndarray, q: np.ndarray, weight: float) -> None:
    """Add a quaternion to a sum of like ones, with the sign that makes them alike."""
    dot = total[0] * q[0] + total[1] * q[1] + total[2] * q[2] + total[3] * q[3]
    for k in range(4):
        total[k] += weight * q[k] if dot >= 0.0 else -weight * q[k]


@njit(cache=True, error_model="numpy")
def _normalize(q: np.ndarray) -> None:
    q /= math.sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3])


@njit(cache=True, error_model="numpy")
def smooth(quaternions: np.ndarray, window: int, stride: int) -> np.ndarray:
    """Mean orientation over `window` frames, every `stride` frames: `[m, 4]` of `[n, 4]`."""
    m = max(0, (quaternions.shape[0] - window) // stride + 1)
    smoothed = np.zeros((m, 4))
    for i in range(m):
        for t in range(i * stride, i * stride + window):
            _add(smoothed[i], quaternions[t], 1.0)
        _normalize(smoothed[i])
    return smoothed


@njit(cache=True, error_model="numpy")
def find_dwells(
    smoothed: np.ndarray, length: int, settled_rad: float, jump_rad: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Dwells of one anion: mean orientations `[n, 4]`, first and last settled point of each `[n]`; settled points.

    A point is settled when it and the `length - 1` after it are within `settled_rad` of their mean. A settled point
    further than `jump_rad` from where the anion dwells (mean of about the last ten settled points) opens a new dwell.
    """
    m = smoothed.shape[0]
    means, first, last = np.zeros((m, 4)), np.zeros(m, np.int64), np.zeros(m, np.int64)
    anchor, here = np.zeros(4), np.zeros(4)
    n, n_settled = 0, 0
    for i in range(m - length + 1):
        here[:] = 0.0
        for k in range(i, i + length):
            _add(here, smoothed[k], 1.0)
        _normalize(here)
        worst = 0.0
        for k in range(i, i + length):
            worst = max(worst, _angle(here, smoothed[k]))
        if worst > settled_rad:
            continue
        n_settled += 1
        if n == 0 or _angle(here, anchor) > jump_rad:
            first[n], last[n] = i, i
            means[n] = here
            anchor[:] = here
            n += 1
            continue
        last[n - 1] = i
        _add(means[n - 1], here, 1.0)
        anchor *= 0.9
        _add(anchor, here, 0.1)
        _normalize(anchor)
    for i in range(n):
        _normalize(means[i])
    return means[:n], first[:n], last[:n], n_settled
