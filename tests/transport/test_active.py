"""Active ions against counts known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.transport import active_fraction, active_fraction_curve


def _drifting(speeds_A_per_frame, n_frames: int = 101) -> np.ndarray:
    return np.arange(n_frames)[:, None, None] * np.array(speeds_A_per_frame)[None, :, None] * np.array([1.0, 0.0, 0.0])


def test_counts_ions_at_or_above_the_threshold_over_the_stated_window():
    found = active_fraction(_drifting([0.0, 0.04, 0.05, 0.2]), frame_interval_fs=10.0, window_ps=1.0, threshold_A2=25.0)
    assert (found.n_active, found.n_ions, found.fraction) == (2, 4, 0.5)  # (0.05 x 100)^2 = 25 counts
    assert found.window_ps == pytest.approx(1.0)
    np.testing.assert_allclose(found.per_ion_A2, [[0, 16, 25, 400]], rtol=1e-9, atol=1e-9)


def test_the_window_belongs_to_the_number():
    positions = _drifting([0.1])
    assert active_fraction(positions, frame_interval_fs=10.0, window_ps=1.0).fraction == 1.0
    assert active_fraction(positions, frame_interval_fs=10.0, window_ps=0.4).fraction == 0.0


def test_curve_falls_with_the_threshold_and_holds_the_single_number():
    positions = np.random.default_rng(0).normal(size=(200, 30, 3)).cumsum(axis=0)
    curve = active_fraction_curve(
        positions, frame_interval_fs=10.0, windows_ps=[0.1, 1.0], thresholds_A2=[0.0, 21.0, 100.0, 1e6]
    )
    assert curve.fractions.shape == (2, 4)
    assert (np.diff(curve.fractions, axis=1) <= 0).all()
    assert (curve.fractions[:, 0] == 1.0).all()
    assert (curve.fractions[:, -1] == 0.0).all()
    one = active_fraction(positions, frame_interval_fs=10.0, window_ps=1.0, threshold_A2=100.0)
    assert curve.fractions[1, 2] == one.fraction


def test_a_window_longer_than_the_run_is_refused_with_both_lengths():
    with pytest.raises(InputError, match=r"1000 ps is longer than the run \(1 ps\)"):
        active_fraction(_drifting([1.0]), frame_interval_fs=10.0, window_ps=1000.0)


def test_senseless_windows_and_thresholds_are_refused():
    with pytest.raises(SettingsError, match="shorter than a frame"):
        active_fraction(_drifting([1.0]), frame_interval_fs=10.0, window_ps=0.0)
    with pytest.raises(SettingsError, match="threshold"):
        active_fraction(_drifting([1.0]), frame_interval_fs=10.0, window_ps=1.0, threshold_A2=-1.0)


def test_replicas_are_counted_together_and_their_spread_is_the_error():
    runs = [_drifting([0.0] * 8 + [1.0] * 2), _drifting([0.0] * 2 + [1.0] * 8)]
    found = active_fraction(runs, frame_interval_fs=10.0, window_ps=1.0)
    assert (found.n_active, found.n_ions, found.fraction) == (10, 20, 0.5)
    # 0.2 and 0.8: a spread of 0.42 over root 2, far above the binomial 0.11
    assert found.std == pytest.approx(0.3)


def test_error_of_independent_ions_is_binomial_and_never_zero():
    rng = np.random.default_rng(0)
    shares, stds = [], []
    for _ in range(400):
        moving = rng.random(50) < 0.3
        found = active_fraction(_drifting(moving * 1.0, n_frames=11), frame_interval_fs=10.0, window_ps=0.1)
        shares.append(found.fraction)
        stds.append(found.std)
    assert np.mean(stds) == pytest.approx(np.std(shares), rel=0.12)  # 400 draws: 3.5 %; Jeffreys' prior: 1 %
    none = active_fraction(_drifting([0.0] * 50), frame_interval_fs=10.0, window_ps=0.1)
    assert none.fraction == 0.0
    assert 0.005 < none.std < 0.03


def test_runs_of_different_ions_are_refused():
    with pytest.raises(InputError, match="different numbers"):
        active_fraction([_drifting([1.0]), _drifting([1.0, 2.0])], frame_interval_fs=10.0, window_ps=1.0)
