"""Orientations against planted ones, under every symmetry that must not matter; and anions that are no rigid bodies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from paddlewheel.errors import InputError
from paddlewheel.transport.rotation import CageMotion, paper_speed
from paddlewheel.transport.rotation.quaternions import angle_rad, relative
from rotor_runs import Run, diffusing, icosahedron, run_of, tetrahedron

seeds = st.integers(0, 2**31 - 1)


def _angles(motion: CageMotion, lag: int = 7) -> np.ndarray:
    """`[n_cages, n_frames - lag]`, rad."""
    return angle_rad(relative(motion.quaternions[:, :-lag], motion.quaternions[:, lag:]))


def _planted(rotations: list[Rotation], lag: int = 7) -> np.ndarray:
    return np.array([(one[:-lag].inv() * one[lag:]).magnitude() for one in rotations])


@pytest.mark.parametrize("body", [tetrahedron, icosahedron])
def test_angles_are_those_planted_at_the_edge_of_the_cell_too(body):
    rotations = diffusing(3, 400, 0.02)
    motion = run_of(rotations, body()).track()  # the first anion sits in a corner: every atom has another image
    # 1e-6: the square root of rounding, where an angle is near 0 or pi
    np.testing.assert_allclose(_angles(motion), _planted(rotations), atol=1e-6)
    np.testing.assert_allclose(motion.deviation_A, 0, atol=1e-9)


def test_cell_narrower_than_twice_the_anion():
    rotations = diffusing(1, 200, 0.005)
    cells = np.broadcast_to(np.eye(3) * 6.4, (200, 3, 3))  # H at 2.9 A from the centre of B12H12, and 3.2 A is half
    motion = run_of(rotations, icosahedron(), cells=cells).track()
    np.testing.assert_allclose(_angles(motion), _planted(rotations), atol=1e-6)


def test_vibrations_are_no_rotation():
    rotations = diffusing(4, 300, 0.01)
    motion = run_of(rotations, tetrahedron(), noise_A=0.03).track()
    # 0.03 A over 1.22 A and sqrt(8/3) for four corners: 0.015 rad about each axis at each end, 0.026 rad in all
    error = _angles(motion) - _planted(rotations)
    assert np.sqrt((error**2).mean()) < 0.03
    # what is left of the noise when the six rigid motions are taken out of it in the metric of the masses (Eckart)
    places, masses = tetrahedron()[1], np.repeat(run_of(rotations, tetrahedron()).masses[:5], 3)
    turns = np.array([np.cross(np.eye(3), place).T for place in places]).reshape(15, 3)
    rigid = np.concatenate([np.tile(np.eye(3), (5, 1)), turns], axis=1)
    left = np.eye(15) - rigid @ np.linalg.solve(rigid.T * masses @ rigid, rigid.T * masses)
    expected = 0.03 * np.sqrt(np.trace(left @ left.T) / 5)
    assert motion.deviation_A.mean() == pytest.approx(expected, rel=0.1)


def test_moments_of_inertia_by_hand():
    motion = run_of(diffusing(1, 20, 0.01), tetrahedron(), mass_factor=4.0).track()
    # four H at R: 8/3 m R^2 about every axis, and four times that with four times the mass
    np.testing.assert_allclose(motion.inertia_uA2[0], 4 * 8 / 3 * 1.008 * 1.22**2, rtol=1e-6)
    assert motion.radius_A(0) == pytest.approx(1.22, rel=1e-6)


@settings(max_examples=8, deadline=None)
@given(seeds)
def test_order_origin_rotation_breathing_and_supercell_change_nothing(seed):
    rng = np.random.default_rng(seed)
    rotations = diffusing(3, 60, 0.03, seed)
    plain = run_of(rotations, tetrahedron())
    expected = plain.track()
    angles = _angles(expected)

    order = rng.permutation(len(plain.symbols))
    shuffled = Run(plain.positions[:, order], plain.cells, [plain.symbols[i] for i in order], plain.masses[order])
    moved = run_of(rotations, tetrahedron(), offset=rng.normal(scale=30, size=3))
    turn = Rotation.random(random_state=seed).as_matrix()
    turned = Run(plain.positions @ turn, plain.cells @ turn, plain.symbols, plain.masses)
    strain = 0.03 * np.sin(np.linspace(0, 9, 60))[:, None, None] * np.diag(rng.uniform(0.5, 1, 3))
    breathing = run_of(rotations, tetrahedron(), cells=plain.cells @ (np.eye(3) + strain))
    side = plain.cells[0, 0, 0]
    unwrapped = np.unwrap(plain.positions, axis=0, period=side)  # an atom that leaves one half enters the other
    double = Run(
        np.concatenate([unwrapped, unwrapped + plain.cells[:, :1]], axis=1),
        plain.cells * np.array([2, 1, 1])[:, None], plain.symbols * 2, np.tile(plain.masses, 2),
    )  # fmt: skip
    for other in (moved, turned, breathing):
        motion = other.track()
        np.testing.assert_allclose(_angles(motion), angles, atol=1e-6)
        # what is drawn on the map does not turn with the cell either; a direction on an edge of a bin may fall beside
        assert np.abs(motion.counts - expected.counts).sum() <= 4
    speed = paper_speed([expected], [[0, 1, 2]])
    for other in (shuffled, double):
        motion = other.track()
        np.testing.assert_allclose(np.sort(_angles(motion).mean(axis=1))[:: len(motion.cages) // 3],
                                   np.sort(angles.mean(axis=1)), atol=1e-6)  # fmt: skip
        found = paper_speed([motion], [list(range(len(motion.cages)))])
        assert found.per_frame.value == pytest.approx(speed.per_frame.value, rel=1e-9)


def test_a_cell_that_turns_as_a_whole_turns_no_anion():
    rotations = diffusing(2, 100, 0.02)
    plain = run_of(rotations, tetrahedron())
    turn = Rotation.from_rotvec(np.linspace(0, 1, 100)[:, None] * [0.3, 0.4, 0.5]).as_matrix()
    turned = Run(plain.positions @ turn, plain.cells @ turn, plain.symbols, plain.masses)
    np.testing.assert_allclose(_angles(turned.track()), _planted(rotations), atol=1e-6)


def test_an_anion_that_breaks_is_named_with_its_atom():
    run = run_of(diffusing(2, 200, 0.01), tetrahedron())
    run.positions[150:, 8, 0] += 1.5  # an H of the second anion: atoms 5 to 9
    with pytest.raises(InputError, match=r"BH4 \(atoms 5, 6, 7, 8, 9\) breaks .* atom 8 \(H\) is 1\.\d+ A from"):
        run.track()


def test_a_bond_open_for_a_moment_is_let_pass():
    run = run_of(diffusing(1, 200, 0.01), tetrahedron())
    run.positions[50:55, 3, 0] += 1.0  # 50 fs
    assert run.track().n_frames == 200


def test_a_cage_that_is_not_rigid_is_named_with_how_much():
    run = run_of(diffusing(2, 200, 0.01), tetrahedron(), noise_A=0.01)
    run.positions[:, 5:10] += 0.25 * np.random.default_rng(0).standard_normal((200, 5, 3))
    with pytest.raises(InputError, match=r"BH4 \(atoms 5, .*\) is not rigid: its atoms deviate by 0\.\d\d A"):
        run.track()
