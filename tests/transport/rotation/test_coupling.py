"""Hops of ions, and whether anions turn with them: a planted link is found, and none is found where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from paddlewheel.errors import SettingsError
from paddlewheel.transport.rotation import CageMotion, Hops, couple, find_hops
from rotor_runs import run_of, tetrahedron

N_FRAMES, N, DT_FS = 6000, 8, 10.0
CELL_A = 14.0


def test_hops_of_a_vibrating_ion_at_their_times():
    rng = np.random.default_rng(0)
    positions = 0.2 * rng.standard_normal((2000, 3, 3))
    positions[700:, 1, 0] += 2.5
    positions[1500:, 1, 1] -= 2.5
    positions[900:, 2, 0] += 0.5  # less than a hop
    found = find_hops(positions, frame_interval_fs=10.0, window_ps=0.5, hop_length_A=1.5)
    np.testing.assert_array_equal(found.ions, [1, 1])
    assert np.abs(found.frames - [700, 1500]).max() <= 3
    # means over 50 frames: 0.2 / sqrt(50) each
    np.testing.assert_allclose(found.lengths_A, 2.5, atol=0.2)
    with pytest.raises(SettingsError, match="above 0"):
        find_hops(positions, frame_interval_fs=10.0, window_ps=0.0, hop_length_A=1.5)


def _turning(times: list[np.ndarray]) -> CageMotion:
    """Librating tetrahedra that turn by 90 degrees about z at the given frames, within 20 frames."""
    rng = np.random.default_rng(7)
    rotations = []
    for at in times:
        angle = np.zeros(N_FRAMES)
        for frame in at:
            angle += np.pi / 2 * np.clip((np.arange(N_FRAMES) - frame) / 20 + 0.5, 0, 1)
        turns = Rotation.from_rotvec(angle[:, None] * [0, 0, 1.0])
        rotations.append(turns * Rotation.from_rotvec(0.08 * rng.standard_normal((N_FRAMES, 3))))
    return run_of(rotations, tetrahedron(), interval_fs=DT_FS).track()


def _hops(times: list[np.ndarray], beside: np.ndarray, motion: CageMotion) -> tuple[Hops, np.ndarray]:
    """A hop of ion g, 2.5 A from the centre of anion `beside[g]`, at each of the times of g."""
    ions = motion.centres[:, beside] + np.array([2.5, 0, 0]) / CELL_A
    frames = np.concatenate(times)
    order = np.argsort(frames)
    which = np.repeat(np.arange(len(times)), [len(one) for one in times])
    return Hops(which[order], frames[order], np.full(len(frames), 2.5)), ions


@pytest.fixture(scope="module")
def events() -> list[np.ndarray]:
    """About fifteen turns of each of eight anions."""
    rng = np.random.default_rng(5)
    return [np.sort(rng.integers(100, N_FRAMES - 100, 15)) for _ in range(N)]


@pytest.fixture(scope="module")
def motion(events) -> CageMotion:
    return _turning(events)


def test_hops_that_go_with_a_turn_nearby_are_found(events, motion):
    hops, ions = _hops([one + 20 for one in events], np.arange(N), motion)  # the hop comes 0.2 ps after the turn
    found = couple([motion], [range(N)], [hops], [ions], window_ps=0.2)
    assert found.status == "ok"
    assert found.p_value is not None
    assert found.p_value < 0.01
    assert found.near_A == (0.0, 3.5)
    strongest = found.lag_ps[np.argmax(found.score[0])]
    assert strongest == pytest.approx(-0.2, abs=0.11)  # turns come first; steps of 0.1 ps
    # 7 A away, where the next anions are, nothing of it is seen
    far = found.n_pairs[3] > 0
    assert far
    assert np.abs(found.score[3]).max() < 4


def test_hops_beside_another_anion_show_nothing(events, motion):
    hops, ions = _hops([one + 20 for one in events], (np.arange(N) + 3) % N, motion)
    found = couple([motion], [range(N)], [hops], [ions], window_ps=0.2)
    assert abs(found.score[0][np.argmin(np.abs(found.lag_ps + 0.2))]) < 4


def test_null_is_flat_and_its_p_values_are_even(motion):
    p_values, scores = [], []
    for seed in range(100, 140):
        rng = np.random.default_rng(seed)
        times = [rng.integers(100, N_FRAMES - 100, 15) for _ in range(N)]
        hops, ions = _hops(times, np.arange(N), motion)
        found = couple([motion], [range(N)], [hops], [ions], window_ps=0.2, seed=seed)
        p_values.append(found.p_value)
        scores.append(found.score[0])
    # 40 p-values: mean 0.5 with a standard error of 0.29/sqrt(40) = 0.046
    assert abs(np.mean(p_values) - 0.5) < 4 * 0.046
    assert (np.array(p_values) < 0.05).sum() <= 7  # 2 expected; more than 7 has a probability of 0.1 %
    assert abs(np.mean(scores)) < 0.2


def test_too_few_hops_and_too_short_runs_are_said(events, motion):
    hops, ions = _hops([one[:1] for one in events], np.arange(N), motion)
    assert couple([motion], [range(N)], [hops], [ions], window_ps=0.2).status == "too-few-hops"
    hops, ions = _hops(events, np.arange(N), motion)
    found = couple([motion], [range(N)], [hops], [ions], window_ps=5.0)
    assert found.status == "too-short"
    assert "need a run of" in (found.reason or "")
    assert couple([motion], [range(N)], [hops], [ions], window_ps=0.005).status == "frames-too-far-apart"
