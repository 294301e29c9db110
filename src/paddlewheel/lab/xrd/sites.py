"""Sites of an asymmetric unit and all their places in the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import gemmi

SAME_PLACE_A = 0.1
"""Images of a site this close are one special position; nearer than refined positions of a split site."""


def expand_sites(places: np.ndarray, operations: list[gemmi.Op], orth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All places of one cell by the operations of its group; images that meet are one, at their mean.

    Parameters
    ----------
    places
        Fractional coordinates of the sites; [n_sites, 3].
    operations
        All operations of the group, centring included.
    orth
        Matrix [3, 3] that turns fractional columns into A.

    Returns
    -------
    The site of each place [n] and the places [n, 3].
    """
    rotations = np.array([np.array(op.rot) / op.DEN for op in operations])
    shifts = np.array([np.array(op.tran) / op.DEN for op in operations])
    site_of, found = [], []
    for site, place in enumerate(places):
        images = (rotations @ place + shifts) % 1.0
        while len(images):
            apart = (images - images[0] + 0.5) % 1.0 - 0.5
            together = np.linalg.norm(apart @ orth.T, axis=1) < SAME_PLACE_A
            found.append((images[0] + apart[together].mean(axis=0)) % 1.0)
            site_of.append(site)
            images = images[~together]
    return np.array(site_of), np.array(found)
