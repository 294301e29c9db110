"""From neighbour lists to the index arrays of the network: bonds, sums over atoms, and the slots of three-body rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.potentials.neighbours import Bonds

ThreeBody = Literal["parent", "as_trained"]


@dataclass(frozen=True)
class Segments:
    """Bonds grouped by atom: `order[starts[i]:starts[i+1]]` are the bonds of atom i (the last group ends the array)."""

    order: np.ndarray
    starts: np.ndarray


@dataclass(frozen=True)
class BondGraph:
    """All bonds of a batch, in the order in which the network keeps them.

    The three-body part lives on slots: atom i owns the slots i * n_slots ... (i + 1) * n_slots - 1, one for each of its
    bonds under the three-body cutoff, the rest idle. A slot's geometry, its weight, the neighbour whose features it
    carries and the bond that receives its message are apart, since the as-trained form takes them from different bonds.

    Attributes
    ----------
    centre, neighbour
        `[n_bonds]` int64.
    vector_A, distance_A
        `[n_bonds, 3]`, `[n_bonds]` float64.
    by_centre, by_neighbour
        Bonds grouped by their two ends.
    n_slots
        Slots per atom.
    slot_geometry, slot_weight, slot_atom
        `[n_atoms * n_slots]` int64: bond with the true distance and direction; bond whose cutoff value weighs it; atom
        whose features it carries. -1, -1, 0 where idle.
    row_slot
        `[n_rows]` int64: the slot whose message bond 0, 1, ... n_rows - 1 receives; -1 for none.
    """

    centre: np.ndarray
    neighbour: np.ndarray
    vector_A: np.ndarray
    distance_A: np.ndarray
    by_centre: Segments
    by_neighbour: Segments
    n_slots: int
    slot_geometry: np.ndarray
    slot_weight: np.ndarray
    slot_atom: np.ndarray
    row_slot: np.ndarray


def parent_graph(bonds: list[Bonds], n_atoms: list[int], *, three_body_cutoff_A: float) -> BondGraph:
    """The graph in the parent form; bonds under the three-body cutoff stand first, each part sorted by centre."""
    centre, neighbour, vector, distance = _concatenate(bonds, n_atoms)
    is_near = distance <= three_body_cutoff_A
    order = np.concatenate([np.flatnonzero(is_near), np.flatnonzero(~is_near)])
    n_near = int(np.count_nonzero(is_near))
    centre, neighbour, vector, distance = centre[order], neighbour[order], vector[order], distance[order]
    near = np.arange(n_near)
    return _with_slots(
        (centre, neighbour, vector, distance), sum(n_atoms), centre[:n_near], near, near, neighbour[:n_near], near
    )


def as_trained_graph(bonds: list[Bonds], n_atoms: list[int], *, three_body_cutoff_A: float) -> BondGraph:
    """The graph in the form of matgl <= 4.0.3, where places in the pruned list address arrays of the whole list.

    The t-th bond under the three-body cutoff has its own distance and direction, but the cutoff weight and the end atom
    of the t-th bond of all, and its message goes to bond s(t), where s counts as matgl's `get_segment_indices_from_n`
    does (atoms with a single near bond shift the rest). The bonds must come in the order of the training code.
    """
    centre, neighbour, vector, distance = _concatenate(bonds, n_atoms)
    lists: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    start = 0
    for part in bonds:  # each structure counts from its own first bond
        geometry = np.flatnonzero(part.distance_A <= three_body_cutoff_A)
        place = start + np.arange(len(geometry))
        receives = _trained_receivers(part.centre[geometry])
        lists.append((start + geometry, place, np.where(receives < 0, -1, start + receives)))
        start += len(part)
    geometry, place, receives = (np.concatenate(parts) for parts in zip(*lists, strict=True))
    return _with_slots(
        (centre, neighbour, vector, distance),
        sum(n_atoms),
        centre[geometry],
        geometry,
        place,
        neighbour[place],
        receives,
    )


def _trained_receivers(near_centre: np.ndarray) -> np.ndarray:
    """Bond that receives the message of each near bond, as matgl's `get_segment_indices_from_n` counts; -1: none."""
    triplets = (np.bincount(near_centre) - 1)[near_centre] if len(near_centre) else near_centre
    first = np.concatenate([[0], np.cumsum(triplets)])
    marks = np.unique(first[1 : np.max(np.flatnonzero(triplets), initial=-1) + 1])
    return np.where(triplets > 0, np.searchsorted(marks, first[:-1], side="right"), -1)


def pymatgen_order(
    *, positions_A: np.ndarray, cell_A: np.ndarray, cutoff_A: float, precision: type[np.floating]
) -> Bonds:
    """Bonds of a periodic cell in the order in which the training code met them: pymatgen's find_points_in_spheres.

    Vectors are computed as there, from fractional coordinates in `precision`: in float32 that moves an atom of a 20 A
    cell by 1e-6 A, and with it the forces on a stiff B-H bond by 1e-4 eV/A. (For a cell that is not periodic in all
    three directions matgl goes through the pairs row by row, which is the order of our own neighbour list.)
    """
    from pymatgen.optimization.neighbors import find_points_in_spheres

    positions, cell = np.ascontiguousarray(positions_A, dtype=float), np.ascontiguousarray(cell_A, dtype=float)
    tolerance = 1e-8  # matgl's
    centre, neighbour, image, distance = find_points_in_spheres(
        positions, positions, r=float(cutoff_A), pbc=np.ones(3, dtype=np.int64), lattice=cell, tol=tolerance
    )
    keep = (centre != neighbour) | (distance > tolerance)
    centre, neighbour = centre[keep].astype(np.int64), neighbour[keep].astype(np.int64)
    shift = np.rint(image[keep]).astype(np.int64)
    rows = cell.astype(precision)
    cartesian = (np.linalg.solve(cell.T, positions.T).T.astype(precision)[:, :, None] * rows).sum(axis=1)
    vector = (cartesian[neighbour] + (shift.astype(precision)[:, :, None] * rows).sum(axis=1)) - cartesian[centre]
    length = np.sqrt((vector * vector).sum(axis=1))
    return Bonds(centre, neighbour, shift, vector.astype(np.float64), length.astype(np.float64))


def _concatenate(bonds: list[Bonds], n_atoms: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    offsets = np.concatenate([[0], np.cumsum(n_atoms)[:-1]]).astype(np.int64)
    return (
        np.concatenate([part.centre + offset for part, offset in zip(bonds, offsets, strict=True)]),
        np.concatenate([part.neighbour + offset for part, offset in zip(bonds, offsets, strict=True)]),
        np.concatenate([part.vector_A for part in bonds]),
        np.concatenate([part.distance_A for part in bonds]),
    )


def _with_slots(
    arrays: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    n_atoms: int,
    near_centre: np.ndarray,
    geometry: np.ndarray,
    weight: np.ndarray,
    atom: np.ndarray,
    receives: np.ndarray,
) -> BondGraph:
    """Lay the near bonds (sorted by centre) out on slots."""
    centre, neighbour, vector, distance = arrays
    per_atom = np.bincount(near_centre, minlength=n_atoms)
    n_slots = int(per_atom.max(initial=0))
    rank = np.arange(len(near_centre)) - (np.cumsum(per_atom) - per_atom)[near_centre]
    slot = near_centre * n_slots + rank
    slot_geometry = np.full(n_atoms * n_slots, -1, dtype=np.int64)
    slot_weight, slot_atom = slot_geometry.copy(), np.zeros_like(slot_geometry)
    slot_geometry[slot], slot_weight[slot], slot_atom[slot] = geometry, weight, atom
    row_slot = np.full(int(receives.max(initial=-1)) + 1, -1, dtype=np.int64)
    received = receives >= 0
    row_slot[receives[received]] = slot[received]
    return BondGraph(
        centre,
        neighbour,
        vector,
        distance,
        _segments(centre, n_atoms),
        _segments(neighbour, n_atoms),
        n_slots,
        slot_geometry,
        slot_weight,
        slot_atom,
        row_slot,
    )


def _segments(atom: np.ndarray, n_atoms: int) -> Segments:
    counts = np.bincount(atom, minlength=n_atoms)
    return Segments(np.argsort(atom, kind="stable"), np.cumsum(counts) - counts)
