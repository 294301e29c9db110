"""A density averaged over the operations of a space group, on a grid that they map onto itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import SettingsError

_WHOLE = 1e-6


@dataclass(frozen=True)
class Orbits:
    """Voxels that a space group maps onto each other.

    Attributes
    ----------
    label
        `[n_voxels]`, the orbit of each voxel.
    size
        `[n_orbits]`, voxels in each.
    shape
        The grid.
    """

    label: np.ndarray
    size: np.ndarray
    shape: tuple[int, int, int]

    def average(self, values: np.ndarray) -> np.ndarray:
        """Mean over each orbit, `[*shape]`; the sum over the grid stays."""
        sums = np.bincount(self.label, weights=values.ravel(), minlength=len(self.size))
        return (sums / self.size)[self.label].reshape(self.shape)

    @property
    def multiplicity(self) -> np.ndarray:
        """Voxels in the orbit of each voxel, `[*shape]`."""
        return self.size[self.label].reshape(self.shape)


def grid_constraints(rotations: np.ndarray, translations: np.ndarray) -> tuple[list[int], list[int]]:
    """What a grid must fulfil for the operations to map it onto itself.

    Parameters
    ----------
    rotations, translations
        `[n, 3, 3]` integers and `[n, 3]` fractions of the cell: s -> W s + t.

    Returns
    -------
    `multiples` and `equal` as `grid_shape` takes them.
    """
    equal = [0, 1, 2]
    for i in range(3):
        for j in range(3):
            if i != j and np.any(rotations[:, i, j]):
                old, new = max(equal[i], equal[j]), min(equal[i], equal[j])
                equal = [new if label == old else label for label in equal]
    multiples = []
    for k in range(3):
        found = [
            d for d in range(1, 289) if np.abs(translations[:, k] * d - np.rint(translations[:, k] * d)).max() < 1e-4
        ]
        if not found:
            raise SettingsError("translations of the space group fit on no grid", where="symmetry",
                                remedy="leave the density as it is")  # fmt: skip
        multiples.append(found[0])
    return multiples, equal


def orbits_on_grid(rotations: np.ndarray, translations: np.ndarray, shape: tuple[int, int, int]) -> Orbits:
    """Orbits of the voxels of a grid that the operations map onto itself.

    Raises
    ------
    SettingsError
        If they do not.
    """
    from paddlewheel.transport._density_kernels import orbits

    counts = np.array(shape, dtype=float)
    steps = rotations * counts[None, :, None] / counts[None, None, :]
    moves = translations * counts
    if np.abs(steps - np.rint(steps)).max() > _WHOLE or np.abs(moves - np.rint(moves)).max() > 1e-3:
        raise SettingsError(f"the space group does not map a grid of {shape} onto itself", where="symmetry",
                            remedy="use a grid of grid_constraints")  # fmt: skip
    label, size = orbits(np.rint(steps).astype(np.int64), np.rint(moves).astype(np.int64), shape)
    return Orbits(label, size, shape)
