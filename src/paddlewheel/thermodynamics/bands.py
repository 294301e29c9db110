"""Phonon bands along the lines between special points of the Brillouin zone, and densities of states by element."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from paddlewheel.thermodynamics.phonons import PhononModes
from paddlewheel.units import THZ_IN_PER_CM


@dataclass(frozen=True, eq=False, kw_only=True)
class PhononBands:
    """Frequencies along a path.

    Attributes
    ----------
    distance_per_A
        [n_q] length along the path, without 2 pi.
    wave_vector
        [n_q, 3] in the reciprocal basis of the primitive cell.
    wavenumber_per_cm
        [n_q, n_modes] rising, imaginary ones negative.
    labels
        Distance and name of each special point; two names at one distance (U|K) where the path jumps.
    """

    distance_per_A: np.ndarray
    wave_vector: np.ndarray
    wavenumber_per_cm: np.ndarray
    labels: tuple[tuple[float, str], ...]


def phonon_bands(phonon: Any, *, n_points: int = 160) -> PhononBands:
    """Bands of a crystal whose force constants are known, along ASE's path for its Bravais lattice.

    With Born charges a point at Gamma has the modes that the line before it ends in.

    The path joins the special points of Setyawan and Curtarolo (doi 10.1016/j.commatsci.2010.05.010), as far as the
    lattice decides them (ASE's `Cell.bandpath`).

    Parameters
    ----------
    phonon
        phonopy's object, after `phonon_modes`.
    n_points
        Wave vectors along the whole path.
    """
    from ase.cell import Cell

    path = Cell(np.array(phonon.primitive.cell)).bandpath(npoints=n_points)
    phonon.run_qpoints(path.kpts)
    frequencies = np.array(phonon.qpoints.frequencies)
    if phonon.nac_params is not None:
        at_gamma = np.flatnonzero(np.abs(path.kpts).max(axis=1) < 1e-9)
        for point in at_gamma:
            beside = path.kpts[point - 1 if point else point + 1]
            frequencies[point] = _gamma_along(phonon, beside) / THZ_IN_PER_CM
    distance, positions, names = path.get_linear_kpoint_axis()
    labels: dict[float, str] = {}
    for position, name in zip(positions, names, strict=True):
        at = round(float(position), 9)
        labels[at] = f"{labels[at]}|{name}" if at in labels else str(name)
    return PhononBands(
        distance_per_A=np.asarray(distance),
        wave_vector=np.asarray(path.kpts),
        wavenumber_per_cm=frequencies * THZ_IN_PER_CM,
        labels=tuple(labels.items()),
    )


@dataclass(frozen=True, eq=False)
class GammaModes:
    """Modes at Gamma.

    Attributes
    ----------
    wavenumber_per_cm
        [n_modes], rising, imaginary ones negative, the translations included.
    parity
        [n_modes]: 1 where the inversion centre leaves the mode as it is (gerade, Raman), -1 where it turns its sign
        (ungerade, infrared), 0 without an inversion centre.
    longitudinal_per_cm
        [n_modes, 3], rising, as Gamma is reached along a*, b* and c*, with longitudinal optical modes shifted; None
        without Born charges.
    """

    wavenumber_per_cm: np.ndarray
    parity: np.ndarray
    longitudinal_per_cm: np.ndarray | None


def gamma_modes(phonon: Any) -> GammaModes:
    """The modes at Gamma of a crystal whose force constants are known."""
    phonon.run_qpoints([[0.0, 0.0, 0.0]], with_dynamical_matrices=True)
    matrix = np.asarray(phonon.qpoints.dynamical_matrices)[0].real
    along = None
    if phonon.nac_params is not None:
        directions = np.eye(3)
        along = np.stack([_gamma_along(phonon, direction) for direction in directions], axis=1)
    inversion = _inversion(phonon)
    if inversion is None:
        values = np.linalg.eigvalsh(matrix)
        return GammaModes(_wavenumbers(phonon, values), np.zeros(len(values)), along)
    kinds, numbers = [], []
    signs, vectors = np.linalg.eigh(inversion)
    for sign in (1, -1):
        basis = vectors[:, np.abs(signs - sign) < 0.5]
        found = _wavenumbers(phonon, np.linalg.eigvalsh(basis.T @ matrix @ basis))
        numbers.append(found)
        kinds.append(np.full(len(found), float(sign)))
    order = np.argsort(np.concatenate(numbers), kind="stable")
    return GammaModes(np.concatenate(numbers)[order], np.concatenate(kinds)[order], along)


def _gamma_along(phonon: Any, direction: np.ndarray) -> np.ndarray:
    """[n_modes] at Gamma, reached along a direction in the reciprocal basis."""
    phonon.run_qpoints([[0.0, 0.0, 0.0]], nac_q_direction=direction)
    return np.sort(np.asarray(phonon.qpoints.frequencies)[0]) * THZ_IN_PER_CM


def _wavenumbers(phonon: Any, values: np.ndarray) -> np.ndarray:
    return np.sign(values) * np.sqrt(np.abs(values)) * phonon.unit_conversion_factor * THZ_IN_PER_CM


def _inversion(phonon: Any) -> np.ndarray | None:
    """What the inversion centre does to displacements at Gamma [3 n_atoms, 3 n_atoms]; None without one."""
    operations = phonon.primitive_symmetry.symmetry_operations
    positions = np.asarray(phonon.primitive.scaled_positions)
    for rotation, translation in zip(operations["rotations"], operations["translations"], strict=True):
        if not np.array_equal(rotation, -np.eye(3, dtype=int)):
            continue
        apart = (-positions + translation)[:, None] - positions[None]
        apart = (apart - np.rint(apart)) @ np.asarray(phonon.primitive.cell)
        image = np.linalg.norm(apart, axis=-1).argmin(axis=1)
        moved = np.zeros((len(positions), len(positions)))
        moved[image, np.arange(len(positions))] = 1.0
        return -np.kron(moved, np.eye(3))
    return None


@dataclass(frozen=True, eq=False)
class ElementShares:
    """Modes on a whole mesh, and the share of each that each element's atoms carry, `{symbol: [n_q, n_modes]}`."""

    modes: PhononModes
    shares: dict[str, np.ndarray]


def element_shares(phonon: Any, *, mesh_length_A: float) -> ElementShares:
    """What part of every mode is motion of which element: squared eigenvectors, summed over its atoms."""
    phonon.run_mesh(mesh_length_A, with_eigenvectors=True, is_mesh_symmetry=False)
    weights = np.asarray(phonon.mesh.weights, dtype=float)
    modes = PhononModes(np.asarray(phonon.mesh.frequencies) * THZ_IN_PER_CM, weights / weights.sum())
    power = np.abs(np.asarray(phonon.mesh.eigenvectors)) ** 2  # [n_q, 3 n_atoms, n_modes]
    symbols = np.repeat(np.array(phonon.primitive.symbols), 3)
    return ElementShares(
        modes, {str(symbol): power[:, symbols == symbol, :].sum(axis=1) for symbol in sorted(set(symbols.tolist()))}
    )


def element_dos(
    shares: ElementShares, grid_per_cm: np.ndarray, *, sigma_per_cm: float
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Density of states of all atoms and by element [n_grid], modes per 1/cm of the cell; the parts add up to it.

    The modes are binned on the grid before they are broadened: exact to a grid step, whatever their number.
    """
    step = float(grid_per_cm[1] - grid_per_cm[0])
    index = np.clip(
        np.rint((shares.modes.wavenumber_per_cm - grid_per_cm[0]) / step).astype(int), 0, len(grid_per_cm) - 1
    )
    reach = int(np.ceil(5 * sigma_per_cm / step))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / sigma_per_cm) ** 2)
    kernel /= kernel.sum() * step
    parts = {}
    for symbol, share in shares.shares.items():
        counts = np.bincount(
            index.ravel(), weights=(share * shares.modes.weights[:, None]).ravel(), minlength=len(grid_per_cm)
        )
        parts[symbol] = np.convolve(counts, kernel, mode="full")[reach : reach + len(grid_per_cm)]
    return np.sum(list(parts.values()), axis=0), parts
