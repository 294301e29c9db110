"""What must not change sites and jumps: origin, rotation of the cell, order of ions, supercell, direction of time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.transport.sites import (
    Assignment,
    Sites,
    assign,
    check_overlap,
    core_radii_A,
    find_jumps,
    find_sites,
    group_by_symmetry,
    jump_diffusivity,
    jump_matrix,
    site_occupancy,
)

CELL = np.array([[8.0, 0.0, 0.0], [2.0, 7.5, 0.0], [-1.0, 1.5, 9.0]])
PLACES = np.array([[0.1, 0.1, 0.1], [0.6, 0.2, 0.15], [0.2, 0.6, 0.6], [0.7, 0.7, 0.8], [0.4, 0.3, 0.9]])
LABELS = tuple("ABCDE")


def _run(seed: int, n_frames: int = 300, n_ions: int = 3) -> np.ndarray:
    """Ions that jump between the places, over the borders of the cell too, and vibrate: fractional, unwrapped."""
    rng = np.random.default_rng(seed)
    jumps = rng.random((n_frames, n_ions)) < 0.05
    site = np.cumsum(jumps * rng.integers(1, 5, (n_frames, n_ions)), axis=0) % 5
    image = np.cumsum(jumps[:, :, None] * rng.integers(-1, 2, (n_frames, n_ions, 3)), axis=0)
    return PLACES[site] + image + rng.normal(scale=0.012, size=(n_frames, n_ions, 3))


def _follow(fractional: np.ndarray, places: np.ndarray, cell: np.ndarray, labels: tuple[str, ...] = LABELS):
    sites = Sites(places, cell, labels, labels)
    return assign([fractional @ cell], sites=sites, radii_A=core_radii_A(sites), frame_interval_fs=100.0)


def _summary(found: Assignment) -> tuple:
    jumps = find_jumps(found)
    return (
        len(jumps),
        jump_matrix(jumps, n_sites=len(found.sites)),
        site_occupancy(found).mean,
        np.sort(jumps.length_A),
        jump_diffusivity(found, jumps).value_cm2_per_s,
    )


def _same(one: tuple, other: tuple) -> None:
    assert one[0] == other[0] > 0
    np.testing.assert_array_equal(one[1], other[1])
    np.testing.assert_allclose(one[2], other[2], rtol=1e-12)
    np.testing.assert_allclose(one[3], other[3], rtol=1e-9)  # rounding of a rotation
    assert one[4] == pytest.approx(other[4], rel=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_origin_rotation_order_and_image_change_nothing(seed: int) -> None:
    run, rng = _run(seed), np.random.default_rng(seed)
    plain = _summary(_follow(run, PLACES, CELL))
    shift = rng.random(3)
    _same(_summary(_follow(run + shift, PLACES + shift, CELL)), plain)
    _same(_summary(_follow(run, PLACES, CELL @ Rotation.random(rng=rng).as_matrix())), plain)
    _same(_summary(_follow(run[:, rng.permutation(run.shape[1])], PLACES, CELL)), plain)
    _same(_summary(_follow(run + rng.integers(-3, 4, (1, run.shape[1], 3)), PLACES, CELL)), plain)
    order = rng.permutation(5)
    mixed = _summary(_follow(run, PLACES[order], CELL, tuple(LABELS[k] for k in order)))
    np.testing.assert_array_equal(mixed[1], plain[1][np.ix_(order, order)])


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_supercell_multiplies_the_counts(seed: int) -> None:
    run = _run(seed)
    plain = _summary(_follow(run, PLACES, CELL))
    shifts = np.stack(np.meshgrid(range(2), range(1), range(3), indexing="ij"), axis=-1).reshape(-1, 3)
    repeats = np.array([2, 1, 3])
    copies = np.concatenate([(run + shift) / repeats for shift in shifts], axis=1)
    places = np.concatenate([(PLACES + shift) / repeats for shift in shifts])
    labels = tuple(f"{label}{k}" for k in range(6) for label in LABELS)
    large = _summary(_follow(copies, places, CELL * repeats[:, None], labels))
    assert large[0] == 6 * plain[0]
    np.testing.assert_allclose(large[2].reshape(6, 5).mean(axis=0), plain[2], rtol=1e-12)
    np.testing.assert_allclose(large[3], np.repeat(plain[3], 6), rtol=1e-9)
    assert large[4] == pytest.approx(plain[4], rel=1e-9)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_sites_of_a_density_move_with_the_origin_and_turn_with_the_cell(seed: int) -> None:
    run, rng = _run(seed, n_frames=1500), np.random.default_rng(seed)
    plain = find_sites([run @ CELL], cell_A=CELL)
    shift, turn = rng.random(3), Rotation.random(rng=rng).as_matrix()
    moved = find_sites([(run + shift) @ CELL @ turn], cell_A=CELL @ turn)
    assert len(plain) == len(moved) == 5
    between = (moved.fractional - shift)[:, None] - plain.fractional
    distance = np.linalg.norm((between - np.rint(between)) @ CELL, axis=2)
    # where the voxels of 0.25 A lie moves the top of a maximum by a part of one
    assert distance.min(axis=1).max() < 0.1


def test_families_by_symmetry_join_what_an_operation_relates() -> None:
    places = np.array([[0.1, 0.2, 0.3], [0.61, 0.2, 0.3], [0.3, 0.4, 0.9], [0.9, 0.79, 0.7]])
    sites = Sites(places, np.eye(3) * 10, tuple("abcd"), tuple("abcd"))
    rotations = np.array([np.eye(3), np.eye(3), -np.eye(3)])
    translations = np.array([[0, 0, 0], [0.5, 0, 0], [0, 0, 0]])
    found = group_by_symmetry(sites, rotations=rotations, translations=translations, tolerance_A=0.5, symbol="Na")
    assert found.families == ("Na-a", "Na-a", "Na-a", "Na-b")
    assert found.labels == ("Na-a1", "Na-a2", "Na-a3", "Na-b1")
    np.testing.assert_allclose(found.fractional, places[[0, 1, 3, 2]])
    strict = group_by_symmetry(sites, rotations=rotations, translations=translations, tolerance_A=0.05, symbol="Na")
    assert len(strict.family_names) == 4


def test_overlapping_sites_and_cores_are_refused_with_the_pair_and_the_distance() -> None:
    sites = Sites(np.array([[0.01, 0.5, 0.5], [0.5, 0.5, 0.5], [0.95, 0.5, 0.5]]), np.eye(3) * 10, tuple("pqr"),
                  tuple("pqr"))  # fmt: skip
    with pytest.raises(InputError, match=r"sites p and r overlap: 0.60 A apart \(at least 1\)"):
        check_overlap(sites)
    check_overlap(sites, minimum_distance_A=0.5)
    with pytest.raises(SettingsError, match=r"cores of 0.4 A overlap: sites p and r are 0.60 A apart"):
        core_radii_A(sites, core_radius_A=0.4)
    with pytest.raises(InputError, match=r"its own periodic image overlap: 0\.90 A"):
        check_overlap(Sites(np.zeros((1, 3)), np.diag([0.9, 5, 5]), ("s",), ("s",)))
    with pytest.raises(SettingsError, match="core radius -1"):
        core_radii_A(sites, core_radius_A=-1.0)


@pytest.mark.parametrize(
    ("fractional", "labels", "words"),
    [
        (np.zeros((0, 3)), (), "not .n_sites, 3."),
        (np.full((1, 3), np.nan), ("a",), "not a finite"),
        (np.zeros((2, 3)), ("a",), "1 labels"),
        (np.array([[0, 0, 0], [0.5, 0, 0]]), ("a", "a"), "two sites are called a"),
    ],
)
def test_bad_sites_are_refused(fractional, labels, words) -> None:
    with pytest.raises(InputError, match=words):
        Sites(fractional, CELL, labels, labels)


def test_bad_runs_are_refused() -> None:
    sites = Sites(PLACES, CELL, LABELS, LABELS)
    radii = core_radii_A(sites)
    run = _run(0) @ CELL
    for replicas, words in (
        ([run[:9]], "9 frames are too few"),
        ([run, run[:, :2]], "runs of 3 and 2 ions"),
        ([], "no trajectory"),
    ):
        with pytest.raises(InputError, match=words):
            assign(replicas, sites=sites, radii_A=radii, frame_interval_fs=1.0)
    with pytest.raises(InputError, match="49 frames are too few for a density"):
        find_sites([run[:49]], cell_A=CELL)
    with pytest.raises(InputError, match="no place holds 50 ions"):
        find_sites([run], cell_A=CELL, minimum_population=50.0)
    with pytest.raises(SettingsError, match="smoothing 0"):
        find_sites([run], cell_A=CELL, smoothing_A=0.0)
