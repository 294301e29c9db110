"""Space groups with exact operations about their own origin: of noisy points, of supercells."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk, make_supercell

from paddlewheel.crystals.space_group import find_space_group


def _points(atoms, seed: int, noise_A: float):
    rng = np.random.default_rng(seed)
    atoms = atoms.copy()
    atoms.positions += rng.random(3) * 5 + rng.normal(scale=noise_A, size=atoms.positions.shape)
    return np.array(atoms.cell), atoms.get_scaled_positions(wrap=False), atoms.numbers.tolist()


@pytest.mark.parametrize(
    ("atoms", "number", "n_operations"),
    [
        (bulk("NaCl", "rocksalt", a=5.6, cubic=True), 225, 192),
        (bulk("NaCl", "rocksalt", a=5.6), 225, 48),
        (make_supercell(bulk("NaCl", "rocksalt", a=5.6, cubic=True), np.diag([2, 2, 2])), 225, 1536),
        # of the cubic rotations a 2x1x1 cell keeps those of the tetragonal one
        (make_supercell(bulk("NaCl", "rocksalt", a=5.6, cubic=True), np.diag([2, 1, 1])), 225, 128),
        (bulk("ZnS", "wurtzite", a=3.8, c=6.2), 186, 12),
    ],
)
def test_operations_map_noisy_points_onto_each_other(atoms, number, n_operations):
    cell, fractional, kinds = _points(atoms, seed=1, noise_A=0.02)
    group = find_space_group(cell, fractional, kinds, tolerance_A=0.25)
    assert group.number == number
    assert group.n_operations == n_operations
    assert len({w.tobytes() + t.tobytes() for w, t in zip(group.rotations, group.translations, strict=True)}) == (
        n_operations
    )
    # exact: multiples of 1/24 of the (super)cell here
    np.testing.assert_allclose(group.translations * 24, np.rint(group.translations * 24), atol=1e-9)
    points = fractional - group.origin
    for rotation, translation in zip(group.rotations[::7], group.translations[::7], strict=True):
        apart = (points @ rotation.T + translation)[:, None] - points[None]
        distance = np.linalg.norm((apart - np.rint(apart)) @ cell, axis=2)
        nearest = distance.argmin(axis=1)
        assert distance.min(axis=1).max() < 0.25
        assert sorted(nearest) == list(range(len(points)))
        assert [kinds[i] for i in nearest] == kinds
