"""Element references: the part of the energies that the composition alone explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import DatasetError

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class ElementReferences:
    """Energies of the elements, so that a network has to learn the rest alone.

    Attributes
    ----------
    elements
        Symbols, in the order of `energies_eV`.
    energies_eV
        `[n_elements]`.
    rank
        Independent compositions in the data; below the number of elements that occur, the references are the smallest
        ones that fit, and mean nothing one by one.
    """

    elements: tuple[str, ...]
    energies_eV: np.ndarray
    rank: int

    def total_eV(self, frames: Sequence[Atoms]) -> np.ndarray:
        """Their sum over the atoms of each frame, `[n_frames]`."""
        return composition_counts(frames, self.elements) @ self.energies_eV


def composition_counts(frames: Sequence[Atoms], elements: Sequence[str]) -> np.ndarray:
    """Atoms of each element in each frame, `[n_frames, n_elements]`.

    Raises
    ------
    DatasetError
        If a frame has another element.
    """
    column = {symbol: index for index, symbol in enumerate(elements)}
    counts = np.zeros((len(frames), len(column)))
    for row, frame in enumerate(frames):
        for symbol in frame.get_chemical_symbols():
            if symbol not in column:
                raise DatasetError(
                    f"has {symbol}, which is none of {', '.join(elements)}",
                    where=f"frame {row}",
                    remedy="leave the frame out, or give a potential that knows it",
                )
            counts[row, column[symbol]] += 1
    return counts


def fit_element_references(
    frames: Sequence[Atoms], energies_eV: np.ndarray, *, elements: Sequence[str]
) -> ElementReferences:
    """Least squares of the energies on the composition, per atom so that large cells do not outweigh small ones.

    Where the compositions do not tell the elements apart (NaBH4 and Na2B12H12 are two compositions of three elements),
    the smallest references in the sense of least squares are taken; an element without frames gets zero.

    Parameters
    ----------
    frames
        Their compositions are used.
    energies_eV
        `[n_frames]`: labels, or what is left of them.
    elements
        Order of the result.

    Raises
    ------
    DatasetError
        If a frame has another element.
    """
    counts = composition_counts(frames, elements)
    n_atoms = counts.sum(axis=1, keepdims=True)
    energies, _, rank, _ = np.linalg.lstsq(counts / n_atoms, np.asarray(energies_eV) / n_atoms[:, 0], rcond=1e-8)
    return ElementReferences(tuple(elements), energies, int(rank))
