"""Phonon bands along the lines between special points of the Brillouin zone, and densities of states by element."""

from __future__ import annotations

import warnings
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


_GREEK = {"GAMMA": "Γ", "DELTA": "Δ", "SIGMA": "Σ", "LAMBDA": "Λ"}
_SYMMETRY_A = 1e-3


def phonon_bands(phonon: Any, *, n_points: int = 240) -> PhononBands:
    """Bands of a crystal whose force constants are known, along the standard path of its Bravais lattice.

    Lattice and special points are those of Hinuma, Pizzi, Kumagai, Oba and Tanaka (doi
    10.1016/j.commatsci.2016.10.015), by their seekpath, in the reciprocal basis of the cell at hand, whichever of the
    primitive ones that is. Frequencies at q and -q are the same, with or without an inversion centre. Each line has
    both of its ends: with Born charges a Gamma has the modes that its own line ends in.

    Parameters
    ----------
    phonon
        phonopy's object, after `phonon_modes`.
    n_points
        Wave vectors along the whole path, about.
    """
    cell_A = np.array(phonon.primitive.cell)
    ends, lines = _standard_path(phonon.primitive)
    reciprocal = np.linalg.inv(cell_A).T
    lengths = [float(np.linalg.norm((ends[end] - ends[start]) @ reciprocal)) for start, end in lines]
    distances, vectors, frequencies = [], [], []
    labels: dict[float, str] = {}
    at, before = 0.0, None
    for (start, end), length in zip(lines, lengths, strict=True):
        share = np.linspace(0.0, 1.0, max(2, round(n_points * length / sum(lengths))))
        points = ends[start] + share[:, None] * (ends[end] - ends[start])
        phonon.run_qpoints(points)
        found = np.array(phonon.qpoints.frequencies)
        if phonon.nac_params is not None:
            for index in np.flatnonzero(np.abs(points).max(axis=1) < 1e-9):
                found[index] = _gamma_along(phonon, ends[end] - ends[start]) / THZ_IN_PER_CM
        if before != start:
            here = round(at, 9)
            labels[here] = f"{labels[here]}|{start}" if here in labels else start
        distances.append(at + share * length)
        vectors.append(points)
        frequencies.append(found)
        at += length
        labels[round(at, 9)] = before = end
    return PhononBands(
        distance_per_A=np.concatenate(distances),
        wave_vector=np.concatenate(vectors),
        wavenumber_per_cm=np.concatenate(frequencies) * THZ_IN_PER_CM,
        labels=tuple(labels.items()),
    )


def _standard_path(cell: Any) -> tuple[dict[str, np.ndarray], list[tuple[str, str]]]:
    """Special points by their names, in the reciprocal basis of a cell of phonopy's, and the lines between them."""
    import seekpath

    with warnings.catch_warnings():
        # a lattice between two kinds, such as a = b of an orthorhombic one: either has a path
        warnings.simplefilter("ignore", seekpath.hpkot.EdgeCaseWarning)
        found = seekpath.get_path_orig_cell(
            (np.array(cell.cell), np.array(cell.scaled_positions), np.array(cell.numbers)),
            with_time_reversal=True,
            symprec=_SYMMETRY_A,
        )
    points = {_name(name): np.array(point) for name, point in found["point_coords"].items()}
    return points, [(_name(start), _name(end)) for start, end in found["path"]]


def _name(of_seekpath: str) -> str:
    letter, _, number = of_seekpath.partition("_")
    return _GREEK.get(letter, letter) + (f"_{number}" if number else "")


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
