"""The NEP kernel: energy, forces, virial, descriptors and extrapolation grade of a range of atoms (numba).

One atom after another, everything about it while its neighbours are in the first cache. Nothing here depends on the
number of threads: a chunk of atoms is one call with its own buffer of forces, and sums over chunks have one order.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from paddlewheel.potentials.nep.blocks import FAR_A, hyperbolic_tangent, multiply, pack, radial_basis
from paddlewheel.potentials.nep.harmonics import gradient, harmonics, higher_gradient, higher_harmonics
from paddlewheel.potentials.nep.invariants import angular_descriptors, angular_slopes
from paddlewheel.potentials.nep.repulsion import add_repulsion


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _nearer(n_blocks, block_species, distance, limits, near, near_species):  # pragma: no cover
    """Slots within the angular cutoff, by species in whole blocks of 8; the filling is the last slot of all."""
    real = distance.dtype.type
    count, first = 0, 0
    for b in range(n_blocks):
        t = block_species[b]
        limit = real(limits[t])
        for v in range(8):
            near[count] = 8 * b + v
            count += distance[b, v] < limit
        if b == n_blocks - 1 or block_species[b + 1] != t:
            while count % 8 != 0:
                near[count] = 8 * len(distance) - 1
                count += 1
            for a in range(first // 8, count // 8):
                near_species[a] = t
            first = count
    return count // 8


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _radial_functions(c, basis, slope, g, gp):  # pragma: no cover
    """g_n and g_n' of 8 neighbours: `c[block, k, 8]` by `basis[k, 8]` to `g[block, n, 8]`; k counts 1 + 4 m."""
    for block in range(c.shape[0]):
        for n in range(8):
            c0 = c[block, 0, n]
            for v in range(8):
                g[block, n, v] = c0 * basis[0, v]
                gp[block, n, v] = c0 * slope[0, v]
            for k in range(1, c.shape[1], 4):
                c0, c1, c2, c3 = c[block, k, n], c[block, k + 1, n], c[block, k + 2, n], c[block, k + 3, n]
                for v in range(8):
                    g[block, n, v] += (
                        c0 * basis[k, v] + c1 * basis[k + 1, v] + c2 * basis[k + 2, v] + c3 * basis[k + 3, v]
                    )
                    gp[block, n, v] += (
                        c0 * slope[k, v] + c1 * slope[k + 1, v] + c2 * slope[k + 2, v] + c3 * slope[k + 3, v]
                    )


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _add_sums(y, g, turned, sums):  # pragma: no cover
    """sums[c, n] += sum over the block's 8 neighbours of Y_c g_n; `turned` is room for g with n last."""
    for n in range(8):
        for v in range(8):
            turned[v, n] = g[n, v]
    for c in range(sums.shape[0]):
        y0, y1, y2, y3, y4, y5, y6, y7 = y[c, 0], y[c, 1], y[c, 2], y[c, 3], y[c, 4], y[c, 5], y[c, 6], y[c, 7]
        for n in range(8):
            sums[c, n] += (
                y0 * turned[0, n]
                + y1 * turned[1, n]
                + y2 * turned[2, n]
                + y3 * turned[3, n]
                + y4 * turned[4, n]
                + y5 * turned[5, n]
                + y6 * turned[6, n]
                + y7 * turned[7, n]
            )


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _spread(slopes, g, gp, y, toward, along):  # pragma: no cover
    """toward[c] += sum_n dU/dS_cn g_n, and along += sum_cn dU/dS_cn Y_c g_n', for 8 neighbours."""
    for c in range(slopes.shape[0]):
        w0, w1, w2, w3 = slopes[c, 0], slopes[c, 1], slopes[c, 2], slopes[c, 3]
        w4, w5, w6, w7 = slopes[c, 4], slopes[c, 5], slopes[c, 6], slopes[c, 7]
        for v in range(8):
            toward[c, v] += (
                w0 * g[0, v]
                + w1 * g[1, v]
                + w2 * g[2, v]
                + w3 * g[3, v]
                + w4 * g[4, v]
                + w5 * g[5, v]
                + w6 * g[6, v]
                + w7 * g[7, v]
            )
            along[v] += y[c, v] * (
                w0 * gp[0, v]
                + w1 * gp[1, v]
                + w2 * gp[2, v]
                + w3 * gp[3, v]
                + w4 * gp[4, v]
                + w5 * gp[5, v]
                + w6 * gp[6, v]
                + w7 * gp[7, v]
            )


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def evaluate(
    begin,
    end,
    positions,
    images,
    starts,
    neighbours,
    image_of,
    most_candidates,
    species,
    l_max,
    cutoffs,
    radial_c,
    angular_c,
    weights,
    polynomials,
    cubic,
    quartic,
    w0,
    w0_back,
    b0,
    w1,
    bias,
    powers,
    zbl,
    domain,
    energies,
    forces,
    virial,
    descriptors,
    grades,
):  # pragma: no cover
    """Atoms `begin` to `end`: fills `energies[i]`, `descriptors[i]`, `grades[i]`, adds to `forces` and `virial[3, 3]`.

    Arrays of the model are those of `tables.Tables`; `forces` has one row more than atoms, for the filling.
    """
    dtype = radial_c.dtype
    real = dtype.type
    zero, one = real(0), real(1)
    n_species, n_radial, n_angular = cutoffs.shape[1], radial_c.shape[3], angular_c.shape[2]
    k_radial, k_angular = radial_c.shape[2], angular_c.shape[3]
    k_most = max(9, k_radial, k_angular)
    n_terms = (w0.shape[1] - n_radial) // n_angular
    n_sums = weights.shape[0]
    n_most = (most_candidates + 7) // 8 + n_species + 1

    position, force = np.empty((3, n_most, 8), dtype), np.empty((3, n_most, 8), dtype)
    x, y, z = position[0], position[1], position[2]
    fx, fy, fz = force[0], force[1], force[2]
    atom, near = np.empty(8 * n_most, np.int32), np.empty(8 * n_most, np.int64)
    block_species, near_species = np.empty(n_most, np.int32), np.empty(n_most, np.int32)
    distance, inverse = np.empty((n_most, 8), dtype), np.empty((n_most, 8), dtype)
    basis, near_slope = np.zeros((k_most, 8), dtype), np.zeros((k_most, 8), dtype)
    slope = np.zeros((n_most, k_most, 8), dtype)
    density, weight_k = np.empty((n_species, k_radial, 8), dtype), np.empty((n_species, k_radial), dtype)
    ux, uy, uz = np.empty((n_most, 8), dtype), np.empty((n_most, 8), dtype), np.empty((n_most, 8), dtype)
    near_r = np.empty((n_most, 8), dtype)
    g, gp = np.empty((n_most, n_angular, 8, 8), dtype), np.empty((n_most, n_angular, 8, 8), dtype)
    angular, turned = np.zeros((n_most, n_sums, 8), dtype), np.empty((8, 8), dtype)
    sums, slopes = np.empty((n_angular, n_sums, 8), dtype), np.zeros((n_angular, n_sums, 8), dtype)
    toward, along = np.empty((n_sums, 8), dtype), np.empty(8, dtype)
    gx, gy, gz = np.empty(8, dtype), np.empty(8, dtype), np.empty(8, dtype)
    q, dq = np.empty((w0.shape[1], 8), dtype), np.empty((w0.shape[1], 8), dtype)
    term_q = np.empty((n_terms, 8), dtype)
    hidden, activity = np.empty((w0.shape[3], 8), dtype), np.empty((w0.shape[3], 8), dtype)
    share = np.empty((domain.shape[3], 8), dtype)
    wall = np.zeros((9, 8), dtype)

    for i in range(begin, end):
        ti = species[i]
        n_blocks = pack(
            i, positions, images, starts, neighbours, image_of, cutoffs[2], species, position, atom, block_species
        )
        x[n_most - 1, 7], y[n_most - 1, 7], z[n_most - 1, 7] = zero, zero, real(FAR_A)
        distance[n_most - 1, 7], inverse[n_most - 1, 7] = real(FAR_A), real(1 / FAR_A)
        # ---- radial descriptors
        density[:] = zero
        for b in range(n_blocks):
            t = block_species[b]
            for v in range(8):
                distance[b, v] = np.sqrt(x[b, v] * x[b, v] + y[b, v] * y[b, v] + z[b, v] * z[b, v])
                inverse[b, v] = one / distance[b, v]
            radial_basis(distance[b], real(1.0 / cutoffs[0, ti, t]), basis, slope[b])
            for k in range(k_radial):
                for v in range(8):
                    density[t, k, v] += basis[k, v]
        q[:] = zero
        for t in range(n_species):
            for k in range(k_radial):
                total = zero
                for v in range(8):
                    total += density[t, k, v]
                for m in range(n_radial):
                    for v in range(8):
                        q[m, v] += total * radial_c[ti, t, k, m, v]
        # ---- angular descriptors
        n_near = _nearer(n_blocks, block_species, distance, cutoffs[1, ti], near, near_species)
        sums[:] = zero
        for b in range(n_near):
            t = near_species[b]
            for v in range(8):
                slot = near[8 * b + v]
                a, d = slot >> 3, slot & 7
                near_r[b, v] = distance[a, d]
                ux[b, v], uy[b, v], uz[b, v] = x[a, d] * inverse[a, d], y[a, d] * inverse[a, d], z[a, d] * inverse[a, d]
            radial_basis(near_r[b], real(1.0 / cutoffs[1, ti, t]), basis, near_slope)
            _radial_functions(angular_c[ti, t], basis, near_slope, g[b], gp[b])
            harmonics(ux[b], uy[b], uz[b], angular[b])
            if l_max > 4:
                higher_harmonics(ux[b], uy[b], uz[b], polynomials, l_max, angular[b])
            for m in range(n_angular):
                _add_sums(angular[b], g[b, m], turned, sums[m])
        for m in range(n_angular):
            angular_descriptors(sums[m], weights, l_max, cubic, quartic, term_q)
            for d in range(n_terms):
                for v in range(8):
                    q[n_radial + d * n_angular + m, v] = term_q[d, v]
        for d in range(q.shape[0]):
            for v in range(8):
                descriptors[i, d, v] = q[d, v]
        # ---- network
        for b in range(hidden.shape[0]):
            for v in range(8):
                hidden[b, v] = -b0[ti, b, v]
        multiply(q, w0[ti], hidden)
        hyperbolic_tangent(hidden, powers, activity)
        energy = -bias
        for b in range(hidden.shape[0]):
            for v in range(8):
                energy += float(w1[ti, b, v] * activity[b, v])
                hidden[b, v] = w1[ti, b, v] * (one - activity[b, v] * activity[b, v])
        dq[:] = zero
        multiply(hidden, w0_back[ti], dq)
        # ---- extrapolation grade: the largest coefficient of the descriptor in the active set
        if domain.shape[0] > 0:
            for b in range(share.shape[0]):
                for v in range(8):
                    share[b, v] = domain[ti, domain.shape[1] - 1, 0, b, v]
            multiply(q, domain[ti, : domain.shape[1] - 1], share)
            largest = zero
            for b in range(share.shape[0]):
                for v in range(8):
                    largest = max(largest, abs(share[b, v]))
            grades[i] = largest
        # ---- forces of the radial part
        weight_k[:] = zero
        for t in range(n_species):
            for k in range(k_radial):
                for m in range(n_radial):
                    for v in range(8):
                        weight_k[t, k] += dq[m, v] * radial_c[ti, t, k, m, v]
        for b in range(n_blocks):
            t = block_species[b]
            for v in range(8):
                along[v] = zero
            for k in range(k_radial):
                for v in range(8):
                    along[v] += weight_k[t, k] * slope[b, k, v]
            for v in range(8):
                f = along[v] * inverse[b, v]
                fx[b, v], fy[b, v], fz[b, v] = f * x[b, v], f * y[b, v], f * z[b, v]
        # ---- forces of the angular part
        for m in range(n_angular):
            for d in range(n_terms):
                for v in range(8):
                    term_q[d, v] = dq[n_radial + d * n_angular + m, v]
            angular_slopes(sums[m], weights, l_max, cubic, quartic, term_q, slopes[m])
        for b in range(n_near):
            toward[:] = zero
            along[:] = zero
            for m in range(n_angular):
                _spread(slopes[m], g[b, m], gp[b, m], angular[b], toward, along)
            gradient(ux[b], uy[b], uz[b], toward, gx, gy, gz)
            if l_max > 4:
                higher_gradient(ux[b], uy[b], uz[b], polynomials, l_max, toward, gx, gy, gz)
            for v in range(8):
                back = one / near_r[b, v]
                f = along[v] - back * (ux[b, v] * gx[v] + uy[b, v] * gy[v] + uz[b, v] * gz[v])
                gx[v], gy[v], gz[v] = (
                    f * ux[b, v] + back * gx[v],
                    f * uy[b, v] + back * gy[v],
                    f * uz[b, v] + back * gz[v],
                )
            for v in range(8):
                slot = near[8 * b + v]
                a, d = slot >> 3, slot & 7
                fx[a, d] += gx[v]
                fy[a, d] += gy[v]
                fz[a, d] += gz[v]
        if zbl.shape[0] > 0:
            energy += add_repulsion(ti, n_blocks, block_species, distance, cutoffs[1], zbl, position, force)
        energies[i] = energy
        # ---- what each neighbour feels, and the virial
        for b in range(n_blocks):
            for v in range(8):
                wall[0, v] += x[b, v] * fx[b, v]
                wall[1, v] += x[b, v] * fy[b, v]
                wall[2, v] += x[b, v] * fz[b, v]
                wall[3, v] += y[b, v] * fx[b, v]
                wall[4, v] += y[b, v] * fy[b, v]
                wall[5, v] += y[b, v] * fz[b, v]
                wall[6, v] += z[b, v] * fx[b, v]
                wall[7, v] += z[b, v] * fy[b, v]
                wall[8, v] += z[b, v] * fz[b, v]
        sx, sy, sz = 0.0, 0.0, 0.0
        for b in range(n_blocks):
            for v in range(8):
                j = atom[8 * b + v]
                forces[j, 0] -= fx[b, v]
                forces[j, 1] -= fy[b, v]
                forces[j, 2] -= fz[b, v]
                sx += fx[b, v]
                sy += fy[b, v]
                sz += fz[b, v]
        forces[i, 0] += sx
        forces[i, 1] += sy
        forces[i, 2] += sz
        for a in range(3):
            for d in range(3):
                for v in range(8):
                    virial[a, d] += wall[3 * a + d, v]
        wall[:] = zero
