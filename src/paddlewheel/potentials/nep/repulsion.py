"""The ZBL repulsion of a NEP: screened Coulomb at short distances, switched off smoothly (numba and its table).

J. F. Ziegler, J. P. Biersack, U. Littmark, The Stopping and Range of Ions in Solids (1985): the pair energy
K Z_i Z_j / r phi(r/a), a = 0.46848 A / (Z_i^0.23 + Z_j^0.23), times (1 + cos(pi (r - r1)/(r2 - r1)))/2 between r1 and
r2, half of it to each atom; only within the angular cutoff, as GPUMD has it.
"""

from __future__ import annotations

import math

import numpy as np
from ase.data import atomic_numbers

from paddlewheel.potentials.nep.compilation import kernel
from paddlewheel.potentials.nep.model import NEPModel

_COULOMB_EV_A = 14.399645
_INVERSE_SCREENING_PER_A = 2.134563
_UNIVERSAL = (0.18175, 3.1998, 0.50986, 0.94229, 0.28022, 0.4029, 0.02817, 0.20162)

# 4/3 of the covalent radii of DFT-D3 (Grimme et al., J. Chem. Phys. 132, 154104 (2010)), H to Pu; GPUMD has six digits
_RADII_A = np.array([
    0.32, 0.46, 1.20, 0.94, 0.77, 0.75, 0.71, 0.63, 0.64, 0.67, 1.40, 1.25, 1.13, 1.04, 1.10, 1.02, 0.99, 0.96, 1.76,
    1.54, 1.33, 1.22, 1.21, 1.10, 1.07, 1.04, 1.00, 0.99, 1.01, 1.09, 1.12, 1.09, 1.15, 1.10, 1.14, 1.17, 1.89, 1.67,
    1.47, 1.39, 1.32, 1.24, 1.15, 1.13, 1.13, 1.08, 1.15, 1.23, 1.28, 1.26, 1.26, 1.23, 1.32, 1.31, 2.09, 1.76, 1.62,
    1.47, 1.58, 1.57, 1.56, 1.55, 1.51, 1.52, 1.51, 1.50, 1.49, 1.49, 1.48, 1.53, 1.46, 1.37, 1.31, 1.23, 1.18, 1.16,
    1.11, 1.12, 1.13, 1.32, 1.30, 1.30, 1.36, 1.31, 1.38, 1.42, 2.01, 1.81, 1.67, 1.58, 1.52, 1.53, 1.54, 1.55,
]) * (4 / 3)  # fmt: skip


def repulsion_table(model: NEPModel) -> np.ndarray:
    """`[n_elements, n_elements, 12]`: inner, outer (A), K Z_i Z_j (eV A), 1/a (1/A), screening; no rows without zbl."""
    zbl, n = model.repulsion, len(model.elements)
    if zbl is None:
        return np.zeros((0, 0, 12))
    table = np.zeros((n, n, 12))
    charges = [atomic_numbers[symbol] for symbol in model.elements]
    for i in range(n):
        for j in range(n):
            inner, outer, screening = zbl.inner_A, zbl.outer_A, np.array(_UNIVERSAL)
            if zbl.table is not None:
                low, high = min(i, j), max(i, j)
                row = zbl.table[low * n - low * (low - 1) // 2 + high - low]
                inner, outer, screening = row[0], row[1], row[2:]
            elif zbl.typewise_factor is not None:
                radii = sum(float(f"{_RADII_A[charge - 1]:.6g}") for charge in (charges[i], charges[j]))
                inner, outer = 0.0, min(zbl.outer_A, zbl.typewise_factor * radii)
            inverse = (charges[i] ** 0.23 + charges[j] ** 0.23) * _INVERSE_SCREENING_PER_A
            table[i, j] = [inner, outer, _COULOMB_EV_A * charges[i] * charges[j], inverse, *screening]
    return table


@kernel
def add_repulsion(ti, n_blocks, block_species, distance, cutoffs, zbl, position, force):  # pragma: no cover
    """Adds to `force[3, block, 8]` half of dE/dr of each pair; returns the atom's half of the energies."""
    energy = 0.0
    for b in range(n_blocks):
        p = zbl[ti, block_species[b]]
        limit = min(p[1], cutoffs[ti, block_species[b]])
        for v in range(8):
            r = float(distance[b, v])
            if r >= limit:
                continue
            phi, slope = 0.0, 0.0
            for m in range(4):
                part = p[4 + 2 * m] * math.exp(-p[5 + 2 * m] * p[3] * r)
                phi += part
                slope -= p[5 + 2 * m] * p[3] * part
            value, derivative = p[2] * phi / r, p[2] * (slope - phi / r) / r
            if r > p[0]:
                width = math.pi / (p[1] - p[0])
                switch = 0.5 + 0.5 * math.cos(width * (r - p[0]))
                derivative = derivative * switch - 0.5 * width * math.sin(width * (r - p[0])) * value
                value *= switch
            energy += 0.5 * value
            for a in range(3):
                force[a, b, v] += force.dtype.type(0.5 * derivative * position[a, b, v] / r)
    return energy
