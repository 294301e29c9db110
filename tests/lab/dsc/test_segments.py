"""Segments against the programme that was made: turning points, rates, holds, a sample that warms itself."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.lab.dsc.scan import ThermalScan
from paddlewheel.lab.dsc.segments import find_segments


def programme(*pieces: tuple[float, float], noise_K: float = 0.02, seed: int = 1) -> ThermalScan:
    """Pieces of (K/min, min), a point a second, from 25 C."""
    temperature = [25.0]
    for rate, minutes in pieces:
        steps = np.arange(1, round(60 * minutes) + 1)
        temperature += list(temperature[-1] + rate / 60.0 * steps)
    exact = np.array(temperature)
    noisy = exact + np.random.default_rng(seed).normal(0.0, noise_K, exact.size)
    return ThermalScan(
        name="made", source="made", time_s=np.arange(exact.size) * 1.0, temperature_C=noisy, signal=np.zeros(exact.size)
    )


@pytest.mark.parametrize("noise_K", [0.0, 0.05, 0.5])
def test_noise_makes_no_pieces(noise_K: float):
    found = find_segments(programme((10, 20), (0, 5), (-5, 40), noise_K=noise_K))
    assert [each.direction for each in found] == ["heating", "isothermal", "cooling"]
    # within the stretch that a rate is taken over, 16 s of 65 min
    assert [each.start for each in found] == pytest.approx([0, 1201, 1501], abs=16)
    assert [each.rate_K_per_min for each in found] == pytest.approx([10, 0, -5], abs=max(0.02, 0.6 * noise_K))


def test_rates_hold_within_their_errors():
    ratios = []
    for seed in range(40):
        (found,) = find_segments(programme((2.0, 100), noise_K=0.3, seed=seed))
        ratios.append((found.rate_K_per_min - 2.0) / found.rate_std_K_per_min)
    # the error comes from ten stretches, so its own error is a quarter
    assert 0.6 < float(np.sqrt(np.mean(np.square(ratios)))) < 1.6


def test_steps_and_holds_are_all_there():
    found = find_segments(programme(*[(10.0, 5.0), (0.0, 5.0)] * 10))
    assert [each.direction for each in found] == ["heating", "isothermal"] * 10


def test_a_ramp_that_changes_its_rate_is_two():
    found = find_segments(programme((20, 10), (1, 30)))
    assert [each.rate_K_per_min for each in found] == pytest.approx([20, 1], rel=0.01)


def test_heating_again_is_its_own_segment():
    found = find_segments(programme((10, 20), (0, 5), (10, 20), (-10, 40), (10, 40)))
    assert [each.direction for each in found] == ["heating", "isothermal", "heating", "cooling", "heating"]


def test_a_sample_that_warms_itself_on_cooling_is_still_cooling():
    scan = programme((-1.0, 90.0))
    warmed = scan.temperature_C + 3.0 * np.exp(-0.5 * ((scan.time_s - 2600) / 40.0) ** 2)
    (found,) = find_segments(
        ThermalScan(name="made", source="made", time_s=scan.time_s, temperature_C=warmed, signal=scan.signal)
    )
    assert found.direction == "cooling"
    assert found.rate_K_per_min == pytest.approx(-1.0, rel=0.01)


def test_the_programme_of_the_file_decides_where_it_has_one():
    scan = programme((10, 20), (-10, 20), noise_K=0.0)
    wild = scan.temperature_C + np.random.default_rng(2).normal(0, 8.0, scan.time_s.size)
    found = find_segments(
        ThermalScan(name="made", source="made", time_s=scan.time_s, temperature_C=wild, signal=scan.signal,
                    programme_C=scan.temperature_C)
    )  # fmt: skip
    assert [each.direction for each in found] == ["heating", "cooling"]


def test_a_run_without_a_ramp_is_one_hold():
    noise = np.random.default_rng(0).normal(0.0, 0.01, 500)
    for celsius in (np.full(500, 25.0), 25.0 + noise):
        scan = ThermalScan(name="a", source="a.txt", time_s=np.arange(500.0), temperature_C=celsius,
                           signal=np.zeros(500))  # fmt: skip
        (hold,) = find_segments(scan)
        assert (hold.direction, hold.start, hold.stop) == ("isothermal", 0, 500)
