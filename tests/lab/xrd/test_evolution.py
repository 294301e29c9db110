"""Onset and completion of made transitions whose frames average over their exposure."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import DataError
from paddlewheel.lab.xrd.evolution import Frames, exposed_range_K, fit_transition

_SPACING_K = 20.0


def _ramp(onset_K: float, width_K: float, noise: float, seed: int, *, cooling: bool = False) -> Frames:
    """Frames of 20 K, 60 s exposure at 5 K/min: each the mean of the ramp over its 5 K."""
    random = np.random.default_rng(seed)
    rate = -5.0 if cooling else 5.0
    stated = 380 + _SPACING_K * np.arange(16)
    low, high = exposed_range_K(stated, exposure_s=60, rate_K_per_min=rate, stated="start")
    within = low[:, None] + (high - low)[:, None] * (np.arange(400) + 0.5) / 400
    share = np.clip((within - onset_K) / width_K, 0, 1).mean(1)
    value = (0.9 * (1 - share) if cooling else 0.9 * share) + noise * random.normal(size=16)
    return Frames(low=low, high=high, value=value, std=np.full(16, max(noise, 1e-4)), is_falling=cooling)


def test_onset_of_a_ramp_is_within_a_kelvin() -> None:
    off, first, held = [], [], 0
    for seed in range(20):
        onset = 480 + seed
        frames = _ramp(onset, 60, 0.005, seed)
        found = fit_transition(frames, models=("ramp", "sigmoid")).onset
        assert found is not None
        assert found.interval_95[0] is not None
        assert found.interval_95[1] is not None
        off.append(found.value - onset)
        held += found.interval_95[0] <= onset <= found.interval_95[1]
        first.append(frames.low[np.argmax(frames.value > 0.03)] - onset)
    assert abs(np.mean(off)) < 0.5  # the issue asks for 0 +- 1 K; the mean of 20 has a fifth of one set's error
    assert np.sqrt(np.mean(np.square(off))) < 1.0
    assert held >= 17  # of 20 at 95 %: fewer has a chance of 2 %
    assert np.mean(first) > 8  # what it replaces


def test_curve_without_noise_is_the_truth() -> None:
    found = fit_transition(_ramp(487.3, 70, 0.0, 0))
    assert found.models[0].name == "ramp"
    assert found.onset is not None
    assert found.midpoint is not None
    assert found.completion is not None
    # the frames are the exact ramp: what is left is the step of the averages above, a hundredth of a kelvin
    assert found.onset.value == pytest.approx(487.3, abs=0.05)
    assert found.midpoint.value == pytest.approx(522.3, abs=0.05)
    assert found.completion.value == pytest.approx(557.3, abs=0.05)
    assert found.curve(np.array([400.0, 522.3, 600.0])) == pytest.approx([0.0, 0.45, 0.9], abs=2e-3)


def test_cooling_begins_at_the_hot_end() -> None:
    """On cooling the phase appears below 557.3 K: the onset is the high end."""
    found = fit_transition(_ramp(487.3, 70, 0.002, 1, cooling=True), models=("ramp",))
    assert found.onset is not None
    assert found.completion is not None
    assert found.onset.value == pytest.approx(557.3, abs=1.0)
    assert found.completion.value == pytest.approx(487.3, abs=1.0)
    assert (found.level_before, found.level_after) == pytest.approx((0.0, 0.9), abs=0.005)


def test_transition_between_two_frames_has_bounds() -> None:
    """It lies between the frames that end at 485 and begin at 500 K, and they say no more."""
    found = fit_transition(_ramp(490, 4, 0.005, 2))
    assert found.onset is None
    assert found.completion is None
    assert found.refused is not None
    assert "no frame" in found.refused
    assert found.midpoint_bounds is not None
    low, high = found.midpoint_bounds
    assert low is not None
    assert high is not None
    assert low <= 492 <= high
    assert low > 478
    assert high < 507


def test_what_has_not_ended_has_no_completion() -> None:
    found = fit_transition(_ramp(600, 200, 0.005, 3))
    assert found.completion is None
    assert found.completion_bounds is not None
    assert found.completion_bounds[1] is None
    assert found.refused is not None
    assert "not complete" in found.refused


def test_no_transition_is_told() -> None:
    random = np.random.default_rng(4)
    at = 300 + 20.0 * np.arange(14)
    for value in (0.3 + 0.0 * at, 0.3 + 1e-3 * (at - 300)):
        frames = Frames(low=at, high=at + 5, value=value + 0.01 * random.normal(size=14), std=np.full(14, 0.01))
        found = fit_transition(frames)
        assert found.onset is None
        assert found.refused is not None
        assert "no transition" in found.refused


def test_errors_that_are_too_small_are_widened_by_the_scatter() -> None:
    frames = _ramp(485, 60, 0.02, 5)
    small = Frames(low=frames.low, high=frames.high, value=frames.value, std=np.full(16, 0.002))
    right, found = fit_transition(frames, models=("ramp",)), fit_transition(small, models=("ramp",))
    assert found.scatter > 5
    assert right.onset is not None
    assert found.onset is not None
    assert found.onset.std > 0.5 * right.onset.std  # ten times smaller errors do not make it ten times better


def test_too_few_frames_are_refused() -> None:
    at = np.arange(5.0)
    with pytest.raises(DataError, match="5 frames"):
        fit_transition(Frames(low=at, high=at, value=at))
