"""What X-rays see of moving atoms: structure factors of the frames of a trajectory, their mean, and what is diffuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.xrd.phase import d_spacing_A
from paddlewheel.lab.xrd.structure_factors import anomalous, form_factor
from paddlewheel.trajectories import Trajectory, fractional_paths

_MOST_TERMS = 2e10
"""Atoms times reflections times frames: some minutes of one core."""


@dataclass(frozen=True, eq=False, kw_only=True)
class MovingAtoms:
    """Squared structure factors of a trajectory's cell, averaged over its frames.

    Attributes
    ----------
    cell
        Mean cell: a, b, c in A, angles in degrees; [6].
    hkl
        Indices of the trajectory's cell, one of each pair of opposite ones; [n, 3].
    total, bragg
        Mean of (|F(hkl)|^2 + |F(-h-k-l)|^2)/2 over the frames, and the same of the mean F, less its noise (see
        `average_structure_factors`); electrons^2 of the trajectory's cell; [n].
    b_iso_A2
        8 pi^2/3 <|r - <r>|^2> of the atoms of each element.
    n_frames
        Frames that were used.
    """

    cell: np.ndarray
    hkl: np.ndarray
    total: np.ndarray
    bragg: np.ndarray
    b_iso_A2: Mapping[str, float]
    n_frames: int

    @property
    def diffuse(self) -> np.ndarray:
        """What is not in the mean; [n]."""
        return self.total - self.bragg


def average_structure_factors(
    trajectory: Trajectory, *, wavelength_A: float, d_min_A: float, most_frames: int = 200
) -> MovingAtoms:
    """Average structure factors over frames of a trajectory, its drift removed.

    The frames' own displacements are the Debye-Waller factor, and more: disorder, turning, hopping, anharmonicity. So
    no B is put in. <|F|^2> is all that is scattered into a reflection of the trajectory's cell; |<F>|^2, of the mean
    density, is the Bragg part of it. The mean of n independent frames still holds 1/n of the diffuse part, which is
    taken off: |<F>|^2 - (<|F|^2> - |<F>|^2)/(n - 1).

    Parameters
    ----------
    trajectory
        Of one crystal; its cell may breathe (fractional coordinates are averaged).
    wavelength_A, d_min_A
        For f' and f''; how far out.
    most_frames
        Evenly spaced frames, at most.

    Raises
    ------
    SettingsError
        Where it would take hours.
    """
    stride = max(1, trajectory.n_frames // most_frames)
    frames, cells = [], []
    for block in fractional_paths(trajectory, specie=trajectory.symbols[0], drift="all"):
        first = -block.start % stride
        frames.append(block.fractional[first::stride])
        cells.append(block.cell_A)
    fractional = np.concatenate(frames)
    vectors = np.concatenate(cells).mean(axis=0)
    cell, axes = _cell_of(vectors), _axes(vectors, d_min_A)
    n_frames, n_atoms, _ = fractional.shape
    n_terms = float(np.prod([axis.size for axis in axes])) * n_atoms * n_frames
    if n_terms > _MOST_TERMS:
        raise SettingsError(
            f"{n_atoms} atoms, {n_frames} frames and d down to {d_min_A:.3g} A are {n_terms:.1g} terms",
            where=trajectory.source,
            remedy="give a smaller range of angles, or fewer frames (--most-frames)",
        )
    hkl = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    half = (hkl @ np.array([1_000_000, 1_000, 1])) > 0
    kept = np.flatnonzero(half)
    kept = kept[d_spacing_A(hkl[kept], cell) >= d_min_A]
    hkl = hkl[kept]
    s_per_A = 1 / (2 * d_spacing_A(hkl, cell))
    symbols = np.array(trajectory.symbols)
    scattering = {
        element: (form_factor(element, s_per_A) + (found := anomalous(element, wavelength_A)).real, found.imag)
        for element in dict.fromkeys(trajectory.symbols)
    }
    # P holds the real part of the scattering, Q the imaginary one: |F|^2 of hkl and -h-k-l average to |P|^2 + |Q|^2
    sums = np.zeros((2, len(hkl)), dtype=complex)
    squares = np.zeros(len(hkl))
    for frame in fractional:
        both = np.zeros((2, len(hkl)), dtype=complex)
        for element, (real, imaginary) in scattering.items():
            waves = _plane_waves(frame[symbols == element], axes).reshape(-1)[kept]
            both[0] += real * waves
            both[1] += imaginary * waves
        sums += both
        squares += (np.abs(both) ** 2).sum(axis=0)
    total = squares / n_frames
    bragg = (np.abs(sums / n_frames) ** 2).sum(axis=0)
    if n_frames > 1:
        bragg = np.maximum(bragg - (total - bragg) / (n_frames - 1), 0.0)
    mean = fractional.mean(axis=0)
    squared_A2 = (((fractional - mean) @ vectors) ** 2).sum(axis=2).mean(axis=0)
    b_iso_A2 = {element: float(8 * np.pi**2 / 3 * squared_A2[symbols == element].mean()) for element in scattering}
    return MovingAtoms(cell=cell, hkl=hkl, total=total, bragg=bragg, b_iso_A2=b_iso_A2, n_frames=n_frames)


def fold(moving: MovingAtoms, cells: tuple[int, int, int]) -> tuple[MovingAtoms, MovingAtoms]:
    """Reflections of a small cell, of which the trajectory's holds `cells` along a, b and c, and the rest.

    The first has indices, cell and squared structure factors of the small cell; the second those of the trajectory's.
    """
    repeats = np.array(cells)
    inside = (moving.hkl % repeats == 0).all(axis=1)
    cell = moving.cell.copy()
    cell[:3] /= repeats
    scale = float(np.prod(repeats)) ** 2
    common = {"b_iso_A2": moving.b_iso_A2, "n_frames": moving.n_frames}
    small = MovingAtoms(
        cell=cell, hkl=moving.hkl[inside] // repeats, total=moving.total[inside] / scale,
        bragg=moving.bragg[inside] / scale, **common,
    )  # fmt: skip
    rest = MovingAtoms(
        cell=moving.cell, hkl=moving.hkl[~inside], total=moving.total[~inside], bragg=moving.bragg[~inside], **common
    )
    return small, rest


def _plane_waves(places: np.ndarray, axes: list[np.ndarray]) -> np.ndarray:
    """Sum over atoms of exp(2 pi i h x) on the whole box of indices, [h, k, l], as a product of matrices."""
    along = [np.exp(2j * np.pi * np.outer(axis, places[:, row])) for row, axis in enumerate(axes)]
    both = (along[0][:, None, :] * along[1][None, :, :]).reshape(-1, len(places))
    return (both @ along[2].T).reshape(axes[0].size, axes[1].size, axes[2].size)


def _axes(vectors: np.ndarray, d_min_A: float) -> list[np.ndarray]:
    """Half the box of indices that holds all of at least `d_min_A`: h from 0 on."""
    largest = np.floor(np.linalg.norm(vectors, axis=1) / d_min_A).astype(int)
    return [np.arange(0 if row == 0 else -n, n + 1) for row, n in enumerate(largest)]


def _cell_of(vectors: np.ndarray) -> np.ndarray:
    from ase.geometry import cell_to_cellpar

    return np.asarray(cell_to_cellpar(vectors), dtype=float)
