"""A change with time is found at the stated level, left out where it can be, and refused where it cannot."""

import numpy as np
import pytest
from scipy.signal import lfilter
from synthetic import cage, hops, random_walk, transient_hops, vibration_and_hops

from paddlewheel.transport import estimate_diffusivity, onsager_coefficients, steady
from paddlewheel.transport.stationarity import LEVEL_CUT, Stationarity, change_point, pace

PER_FRAME = 0.1
"""A^2 per frame of 1 fs in cm^2/s."""


def test_the_level_of_the_test_is_what_it_says():
    drawn = [change_point([np.random.default_rng([1, seed]).exponential(size=32)]).p_value for seed in range(400)]
    # 400 draws of a share of 5 %: within three binomial errors
    assert abs(np.mean(np.array(drawn) < LEVEL_CUT) - LEVEL_CUT) < 3 * np.sqrt(LEVEL_CUT * (1 - LEVEL_CUT) / 400)


def test_a_change_is_found_where_it_is():
    rng = np.random.default_rng(2)
    runs = [np.concatenate([rng.normal(3.0, 1.0, 12), rng.normal(0.0, 1.0, 36)]) + 100 * k for k in range(3)]
    found = change_point(runs)
    assert abs(found.at_block - 12) <= 1
    assert found.p_value <= 2e-4  # one of 5,001 orders


def test_replicas_with_different_means_are_no_change():
    rng = np.random.default_rng(3)
    assert change_point([rng.normal(mean, 1.0, n) for mean, n in ((0, 64), (50, 40), (100, 20))]).p_value > 0.01


@pytest.mark.parametrize("n_ions", [24, 96])
def test_a_fast_beginning_is_left_out(n_ions):
    held, cut = 0, []
    for seed in range(20):
        positions, truth = transient_hops(np.random.default_rng([4, seed]), n_ions=n_ions, n_frames=2000, per_ion=6)
        found = estimate_diffusivity([positions], frame_interval_fs=1.0)
        assert found.status == "ok"
        low, high = found.interval_95_cm2_per_s
        held += low <= truth * PER_FRAME <= high
        cut.append(found.left_out_ps)
    assert held >= 16  # of 20 at 95 %: fewer has a chance of 0.3 %; without the cut it was 27 %
    assert 0.3 < np.median(cut) < 0.5  # the fast part ends at 0.4 ps


def test_a_change_late_in_the_run_leaves_no_diffusivity():
    rng = np.random.default_rng(5)
    moved = hops(rng, n_ions=24, n_frames=2000, per_ion=20)[0]
    moved[1500:] = moved[1500]
    found = estimate_diffusivity([moved + cage(rng, n_ions=24, n_frames=2000)], frame_interval_fs=1.0)
    assert found.status == "not-stationary"
    assert "too late to leave it out" in found.reason
    assert found.value_cm2_per_s is None
    assert found.upper_bound_95_cm2_per_s > 0.75 * 20 * 9 / 6 / 2000 * PER_FRAME  # three quarters of the run's D


def test_stationary_motion_is_left_whole():
    cut = drifting = 0
    for seed in range(60):
        rng = np.random.default_rng([6, seed])
        positions = (
            random_walk(rng, n_ions=12, n_frames=800)[0]
            if seed % 2
            else vibration_and_hops(rng, n_ions=24, n_frames=800, per_ion=5)[0]
        )
        found = pace([positions], hop_distance_A=2.0)
        cut += found.first_frame > 0
        drifting += found.drifts is not None
    assert cut <= 8  # 5 % of 60 are 3; more than 8 has a chance of 0.3 %
    assert drifting <= 1


def test_species_are_read_over_the_same_time():
    rng = np.random.default_rng(7)
    fast = transient_hops(rng, n_ions=96, n_frames=2000, per_ion=6)[0]
    even = vibration_and_hops(rng, n_ions=96, n_frames=2000, per_ion=6)[0]
    found = onsager_coefficients(
        [[fast, even]], charges_e=[1.0, 1.0], mean_volume_A3=8000.0, temperature_K=600.0, frame_interval_fs=1.0
    )
    assert found.tracers[0].left_out_ps == found.tracers[1].left_out_ps > 0.3


def test_an_energy_that_relaxes_is_left_out():
    rng, n = np.random.default_rng(8), 6400
    noise = lfilter([1.0], [1.0, -0.9], rng.normal(size=n))
    relaxing = -1000.0 + noise + 20.0 * np.exp(-np.arange(n) / 300.0)
    found = steady({"potential energy": [relaxing], "volume": [np.full(n, 512.0)]})
    assert found.cut_by == "potential energy"
    assert found.drifts is None
    assert 300 <= found.first_frame <= 2000  # one to seven relaxation times
    assert steady({"potential energy": [noise], "volume": [np.full(n, 512.0)]}) == Stationarity()


def test_an_energy_that_falls_to_the_end_is_told():
    rng, n = np.random.default_rng(9), 6400
    falling = rng.normal(size=n) - 2.0 * np.arange(n) / n
    assert steady({"potential energy": [falling]}).drifts == "potential energy"
