"""Field gradients of point charges in a crystal, and the Sternheimer factor that makes them those of a nucleus.

V = (1 - gamma) V_lattice: closed shells of an ion magnify the gradient of the charges around it (Sternheimer,
doi 10.1103/PhysRev.84.244). The factor is fitted to calculated tensors, for it takes in what the charges lack.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.lab.nmr.tensors.readers.elk import BOHR_A

E_PER_A3_IN_AU = BOHR_A**3
_REACH = 3.6
"""Of erfc and of the Gaussian: both sums end where they are at 3e-7."""


@dataclass(frozen=True, kw_only=True)
class SternheimerFactor:
    """The factor of one element.

    Attributes
    ----------
    factor, std
        1 - gamma, with the standard error of the fit (None where it was given, or fitted to one tensor).
    unexplained
        Share of the calculated tensors' squares that the charges do not give, 0 to 1; None where it was given.
    n_tensors
        That it was fitted to; 0 where it was given.
    """

    factor: float
    std: float | None = None
    unexplained: float | None = None
    n_tensors: int = 0


def lattice_gradients_au(
    positions_A: np.ndarray, cell_A: np.ndarray, charges_e: np.ndarray, atoms: np.ndarray
) -> np.ndarray:
    """Field gradients at some atoms of all other charges of a crystal, by Ewald's sum, in atomic units.

    Parameters
    ----------
    positions_A, cell_A
        [n, 3] Cartesian, and [3, 3] with vectors as rows.
    charges_e
        [n]; their sum is compensated by an even background, which has no gradient.
    atoms
        [m] indices.

    Returns
    -------
    [m, 3, 3], symmetric and without a trace.
    """
    volume = abs(np.linalg.det(cell_A))
    heights = volume / np.linalg.norm(np.cross(cell_A[[1, 2, 0]], cell_A[[2, 0, 1]]), axis=1)
    cutoff = float(max(heights.min(), 6.0))
    alpha = _REACH / cutoff
    real = _real_part(positions_A, cell_A, charges_e, atoms, heights, cutoff, alpha)
    reciprocal = _reciprocal_part(positions_A, cell_A, charges_e, atoms, volume, alpha)
    total = real + reciprocal
    total -= np.eye(3) * np.trace(total, axis1=1, axis2=2)[:, None, None] / 3  # the ion's own Gaussian, the background
    return total * E_PER_A3_IN_AU


def _real_part(
    positions: np.ndarray, cell: np.ndarray, charges: np.ndarray, atoms: np.ndarray, heights: np.ndarray,
    cutoff: float, alpha: float,
) -> np.ndarray:  # fmt: skip
    from scipy.special import erfc

    fractional = np.linalg.solve(cell.T, (positions[None, :] - positions[atoms, None]).reshape(-1, 3).T).T
    nearest = ((fractional - np.rint(fractional)) @ cell).reshape(len(atoms), len(positions), 3)
    reach = [int(np.ceil(cutoff / height + 0.5)) for height in heights]
    found = np.zeros((len(atoms), 3, 3))
    for image in np.ndindex(*(2 * n + 1 for n in reach)):
        apart = nearest + (np.array(image) - reach) @ cell
        squared = (apart**2).sum(axis=2)
        at, other = np.nonzero((squared < cutoff**2) & (squared > 1e-6))
        if not len(at):
            continue
        vectors, r2 = apart[at, other], squared[at, other]
        r = np.sqrt(r2)
        tail = 2 * alpha / np.sqrt(np.pi) * np.exp(-((alpha * r) ** 2))
        screened = erfc(alpha * r)
        along = 3 * screened / r**5 + tail * (3 / r2**2 + 2 * alpha**2 / r2)
        across = screened / r**3 + tail / r2
        terms = along[:, None, None] * vectors[:, :, None] * vectors[:, None, :] - across[:, None, None] * np.eye(3)
        np.add.at(found, at, charges[other][:, None, None] * terms)
    return found


def _reciprocal_part(
    positions: np.ndarray, cell: np.ndarray, charges: np.ndarray, atoms: np.ndarray, volume: float, alpha: float
) -> np.ndarray:
    largest = 2 * alpha * _REACH
    inverse = 2 * np.pi * np.linalg.inv(cell).T
    reach = [int(np.ceil(largest * length / (2 * np.pi))) for length in np.linalg.norm(cell, axis=1)]
    grid = np.array(list(np.ndindex(*(2 * n + 1 for n in reach)))) - reach
    k = grid @ inverse
    k2 = (k**2).sum(axis=1)
    kept = (k2 > 1e-12) & (k2 <= largest**2)
    k, k2 = k[kept], k2[kept]
    phases = np.exp(1j * positions @ k.T)
    density = charges @ phases
    weight = 4 * np.pi / volume * np.exp(-k2 / (4 * alpha**2)) / k2
    field = np.real(np.conj(phases[atoms]) * density) * weight
    return -np.einsum("mk,ki,kj->mij", field, k, k)


def fit_factor(lattice_au: np.ndarray, calculated_au: np.ndarray) -> SternheimerFactor:
    """The factor that makes lattice gradients [m, 3, 3] the calculated ones, by least squares over all components."""
    known = calculated_au - np.eye(3) * np.trace(calculated_au, axis1=1, axis2=2)[:, None, None] / 3
    power = float((lattice_au**2).sum())
    total = float((known**2).sum())
    factor = float((lattice_au * known).sum()) / power
    left = float(((known - factor * lattice_au) ** 2).sum())
    free = 5 * len(known) - 1
    return SternheimerFactor(
        factor=factor,
        std=float(np.sqrt(left / free / power)) if len(known) > 1 else None,
        unexplained=left / total if total > 0 else None,
        n_tensors=len(known),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class MotionalAverage:
    """Gradients of some atoms over a trajectory.

    Attributes
    ----------
    averaged_au
        [m, 3, 3] mean of each atom's tensor.
    instant_square_au2, fluctuating_square_au2
        [m] mean of the tensor's squared norm times 2/3 (Vzz^2 (1 + eta^2/3)), and of its deviation from the mean.
    """

    averaged_au: np.ndarray
    instant_square_au2: np.ndarray
    fluctuating_square_au2: np.ndarray


def average_over(tensors_au: np.ndarray) -> MotionalAverage:
    """Averages of the tensors [n_frames, m, 3, 3] of m atoms."""
    mean = tensors_au.mean(axis=0)
    square = 2 / 3 * (tensors_au**2).sum(axis=(2, 3)).mean(axis=0)
    return MotionalAverage(
        averaged_au=mean,
        instant_square_au2=square,
        fluctuating_square_au2=np.maximum(square - 2 / 3 * (mean**2).sum(axis=(1, 2)), 0.0),
    )
