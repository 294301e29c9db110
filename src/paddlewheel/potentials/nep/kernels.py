"""The NEP kernel: energy, forces, virial, descriptors and extrapolation grade of chunks of atoms (numba).

One atom after another, everything about it while its neighbours are in the first cache. Each chunk of atoms has its own
buffer of forces; which thread does which chunk shows in nothing.
"""

from __future__ import annotations

import numpy as np

from paddlewheel.potentials.nep.blocks import FAR_A, hyperbolic_tangent, multiply, pack, radial_basis, select_nearer
from paddlewheel.potentials.nep.compilation import kernel
from paddlewheel.potentials.nep.harmonics import gradient, harmonics, higher_gradient, higher_harmonics
from paddlewheel.potentials.nep.invariants import (
    add_sums,
    angular_descriptors,
    angular_slopes,
    radial_functions,
    spread,
)
from paddlewheel.potentials.nep.repulsion import add_repulsion
from paddlewheel.potentials.nep.simd import (
    absolute,
    largest,
    load,
    repeat,
    square_root,
    store,
    take_next,
    total,
    where_below,
    zeros_like,
)


@kernel
def evaluate(
    counter,
    bounds,
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
    zbl,
    domain,
    energies,
    forces,
    virial,
    descriptors,
    grades,
    closest,
):  # pragma: no cover
    """Chunks of atoms, the next one that no other thread has taken from `counter[0]`, until there are none.

    Fills `energies[i]`, `descriptors[i]`, `grades[i]`; adds to the chunk's `forces[chunk]` and `virial[chunk]`; the
    shortest distance goes to `closest[0]`. Chunk c is the atoms `bounds[c]` to `bounds[c + 1]`. Arrays of the model are
    those of `tables.Tables`; `forces[chunk]` has one row more than atoms, for the filling.
    """
    dtype = radial_c.dtype
    real = dtype.type
    n_species, n_radial, n_angular = cutoffs.shape[1], radial_c.shape[3], angular_c.shape[2]
    k_radial, k_angular = radial_c.shape[2], angular_c.shape[4]
    n_sums = weights.shape[0]
    n_neurons, n_shares = w0.shape[3], domain.shape[3]
    n_most = (most_candidates + 7) // 8 + n_species + 1
    zero = zeros_like(weights)

    position, force = np.empty((3, n_most, 8), dtype), np.empty((3, n_most, 8), dtype)
    atom, near = np.empty(8 * n_most, np.int32), np.empty(8 * n_most, np.int64)
    block_species, near_species = np.empty(n_most, np.int32), np.empty(n_most, np.int32)
    distance, inverse = np.empty((n_most, 8), dtype), np.empty((n_most, 8), dtype)
    basis, near_slope = np.empty((max(k_radial, k_angular), 8), dtype), np.empty((k_angular, 8), dtype)
    slope = np.empty((n_most, k_radial, 8), dtype)
    density, weight_k = np.empty((n_species, k_radial, 8), dtype), np.empty((n_species, k_radial), dtype)
    unit, near_inverse = np.empty((n_most, 3, 8), dtype), np.empty((n_most, 8), dtype)
    near_distance, tangent = np.empty((1, 8), dtype), np.empty((3, 8), dtype)
    g, gp = np.empty((n_most, n_angular, 8, 8), dtype), np.empty((n_most, n_angular, 8, 8), dtype)
    angular, turned = np.zeros((n_most, n_sums, 8), dtype), np.empty((8, 8), dtype)
    sums, slopes = np.empty((n_angular, n_sums, 8), dtype), np.zeros((n_angular, n_sums, 8), dtype)
    toward = np.empty((n_sums, 8), dtype)
    q, dq = np.empty((w0.shape[1], 8), dtype), np.empty((w0.shape[1], 8), dtype)
    hidden, share = np.empty((n_neurons, 8), dtype), np.empty((n_shares, 8), dtype)

    shortest = zero + FAR_A
    chunk = take_next(counter)
    while chunk < len(bounds) - 1:
        for i in range(bounds[chunk], bounds[chunk + 1]):
            ti = species[i]
            n_blocks = pack(
                i, positions, images, starts, neighbours, image_of, cutoffs[2], species, position, atom, block_species
            )
            # the slot that fills up blocks of angular neighbours
            position[0, n_most - 1, 7], position[1, n_most - 1, 7], position[2, n_most - 1, 7] = (
                real(0),
                real(0),
                real(FAR_A),
            )
            distance[n_most - 1, 7], inverse[n_most - 1, 7] = real(FAR_A), real(1 / FAR_A)

            # ---- radial descriptors: basis functions summed by species, then combined
            for k in range(n_species * k_radial):
                store(density, k, zero)
            for b in range(n_blocks):
                t = block_species[b]
                x, y, z = load(position, b), load(position, n_most + b), load(position, 2 * n_most + b)
                r = square_root(x * x + y * y + z * z)
                shortest = where_below(r, shortest, r, shortest)
                store(distance, b, r)
                store(inverse, b, 1.0 / r)
                radial_basis(r, 1.0 / cutoffs[0, ti, t], k_radial, basis, slope, b * k_radial)
                for k in range(k_radial):
                    store(density, t * k_radial + k, load(density, t * k_radial + k) + load(basis, k))
            for d in range(w0.shape[1]):
                store(q, d, zero)
            for t in range(n_species):
                for k in range(k_radial):
                    amount = total(load(density, t * k_radial + k))
                    row = ((ti * n_species + t) * k_radial + k) * n_radial
                    for m in range(n_radial):
                        store(q, m, load(q, m) + amount * load(radial_c, row + m))

            # ---- angular descriptors
            n_near = select_nearer(n_blocks, block_species, distance, cutoffs[1, ti], near, near_species)
            for c in range(n_angular * n_sums):
                store(sums, c, zero)
            for b in range(n_near):
                t = near_species[b]
                for v in range(8):
                    a, d = near[8 * b + v] >> 3, near[8 * b + v] & 7
                    back = inverse[a, d]
                    near_distance[0, v], near_inverse[b, v] = distance[a, d], back
                    unit[b, 0, v], unit[b, 1, v] = position[0, a, d] * back, position[1, a, d] * back
                    unit[b, 2, v] = position[2, a, d] * back
                x, y, z = load(unit, 3 * b), load(unit, 3 * b + 1), load(unit, 3 * b + 2)
                radial_basis(load(near_distance, 0), 1.0 / cutoffs[1, ti, t], k_angular, basis, near_slope, 0)
                first = b * n_angular * 8
                radial_functions(angular_c, ti * n_species + t, n_angular, k_angular, basis, near_slope, g, gp, first)
                harmonics(x, y, z, angular, b * n_sums)
                if l_max > 4:
                    higher_harmonics(x, y, z, polynomials, l_max, angular, b * n_sums + 24)
                for m in range(n_angular):
                    add_sums(angular, b * n_sums, g, first + 8 * m, turned, sums, m * n_sums, n_sums)
            for m in range(n_angular):
                angular_descriptors(sums, m * n_sums, weights, l_max, cubic, quartic, q, n_radial + m, n_angular)
            for d in range(w0.shape[1]):
                store(descriptors, i * w0.shape[1] + d, load(q, d))

            # ---- network
            for b in range(n_neurons):
                store(hidden, b, zero - load(b0, ti * n_neurons + b))
            multiply(q, w0, ti * w0.shape[1] * 8 * n_neurons, hidden)
            output = zero
            for b in range(n_neurons):
                activity, weight = hyperbolic_tangent(load(hidden, b)), load(w1, ti * n_neurons + b)
                output += weight * activity
                store(hidden, b, weight * (1.0 - activity * activity))
            energy = float(total(output)) - bias
            for d in range(w0.shape[1]):
                store(dq, d, zero)
            multiply(hidden, w0_back, ti * n_neurons * 8 * w0.shape[1], dq)

            # ---- extrapolation grade: the largest coefficient of the descriptor in the active set
            if domain.shape[0] > 0:
                matrix = ti * n_shares * 8 * n_shares
                for b in range(n_shares):
                    store(share, b, load(domain, matrix + 8 * (n_shares - 1) * n_shares + b))
                multiply(q, domain, matrix, share)
                most = zero
                for b in range(n_shares):
                    size = absolute(load(share, b))
                    most = where_below(most, size, size, most)
                grades[i] = largest(most)

            # ---- forces of the radial part
            for t in range(n_species):
                for k in range(k_radial):
                    row = ((ti * n_species + t) * k_radial + k) * n_radial
                    weight = zero
                    for m in range(n_radial):
                        weight += load(dq, m) * load(radial_c, row + m)
                    weight_k[t, k] = total(weight)
            for b in range(n_blocks):
                t = block_species[b]
                along = zero
                for k in range(k_radial):
                    along += repeat(weight_k, t * k_radial + k) * load(slope, b * k_radial + k)
                along = along * load(inverse, b)
                for a in range(3):
                    store(force, a * n_most + b, along * load(position, a * n_most + b))

            # ---- forces of the angular part
            for m in range(n_angular):
                angular_slopes(sums, m * n_sums, weights, l_max, cubic, quartic, dq, n_radial + m, n_angular, slopes)
            for b in range(n_near):
                for c in range(n_sums):
                    store(toward, c, zero)
                along = zero
                for m in range(n_angular):
                    first = (b * n_angular + m) * 8
                    along = spread(slopes, m * n_sums, g, gp, first, angular, b * n_sums, toward, along, n_sums)
                x, y, z = load(unit, 3 * b), load(unit, 3 * b + 1), load(unit, 3 * b + 2)
                gx, gy, gz = gradient(x, y, z, toward)
                if l_max > 4:
                    hx, hy, hz = higher_gradient(x, y, z, polynomials, l_max, toward)
                    gx, gy, gz = gx + hx, gy + hy, gz + hz
                back = load(near_inverse, b)
                along = along - back * (x * gx + y * gy + z * gz)
                store(tangent, 0, along * x + back * gx)
                store(tangent, 1, along * y + back * gy)
                store(tangent, 2, along * z + back * gz)
                for v in range(8):
                    a, d = near[8 * b + v] >> 3, near[8 * b + v] & 7
                    force[0, a, d] += tangent[0, v]
                    force[1, a, d] += tangent[1, v]
                    force[2, a, d] += tangent[2, v]
            if zbl.shape[0] > 0:
                energy += add_repulsion(ti, n_blocks, block_species, distance, cutoffs[1], zbl, position, force)
            energies[i] = energy

            # ---- what each neighbour feels, and the virial
            for a in range(3):
                wx, wy, wz = zero, zero, zero
                for b in range(n_blocks):
                    x = load(position, a * n_most + b)
                    wx += x * load(force, b)
                    wy += x * load(force, n_most + b)
                    wz += x * load(force, 2 * n_most + b)
                virial[chunk, a, 0] += total(wx)
                virial[chunk, a, 1] += total(wy)
                virial[chunk, a, 2] += total(wz)
            sx, sy, sz = 0.0, 0.0, 0.0
            for b in range(n_blocks):
                for v in range(8):
                    j = atom[8 * b + v]
                    fx, fy, fz = float(force[0, b, v]), float(force[1, b, v]), float(force[2, b, v])
                    forces[chunk, j, 0] -= fx
                    forces[chunk, j, 1] -= fy
                    forces[chunk, j, 2] -= fz
                    sx += fx
                    sy += fy
                    sz += fz
            forces[chunk, i, 0] += sx
            forces[chunk, i, 1] += sy
            forces[chunk, i, 2] += sz
        chunk = take_next(counter)
    closest[0] = -largest(zero - shortest)
