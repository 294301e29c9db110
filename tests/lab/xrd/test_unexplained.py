"""What no phase explains: a missing phase's peaks and humps are told, noise, wiggles and wrong heights are not."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.lab.xrd.unexplained import Unexplained, background_hump, find_unexplained, told_unexplained

_X = 2 + np.arange(6000) / 250
_FWHM = 0.03


def _peaks(places: list[float], heights: list[float], width: float = _FWHM) -> np.ndarray:
    shapes = np.exp(-4 * np.log(2) * ((_X[:, None] - np.array(places)) / width) ** 2)
    return shapes @ np.array(heights)


def _found(left: np.ndarray, seed: int, *, bend: float = 0.0) -> tuple[Unexplained, ...]:
    """Known lines on a background of 50 counts, with `left` that is not in the model and a `bend` of it."""
    lines = _peaks([5.0, 7.5, 10.2, 14.4, 19.0], [3000.0, 800.0, 200.0, 900.0, 60.0])
    background = np.full(_X.size, 50.0)
    truth = background * (1 + bend * np.sin(_X)) + lines + left
    counts = np.random.default_rng(seed).poisson(truth).astype(float)
    model = lines + background
    return find_unexplained(_X, counts - model, 1 / np.maximum(model, 1), lines, background, _FWHM)


@pytest.mark.parametrize("bend", [0.0, 0.15])
def test_noise_and_a_stiff_background_are_told_as_nothing(bend: float) -> None:
    assert not [each for seed in range(20) for each in _found(np.zeros(_X.size), seed, bend=bend)]


def test_peaks_of_a_missing_phase_are_told_with_their_places() -> None:
    for seed in range(5):
        found = _found(_peaks([8.1, 12.63], [60.0, 45.0]), seed)  # 8 and 6 sigma a point, 7 points each
        assert sorted(each.two_theta_deg for each in found) == pytest.approx([8.1, 12.63], abs=_FWHM / 2)
        assert {each.kind for each in found} == {"sharp"}
        assert told_unexplained(found)[0].startswith("sharp peaks at 8.1")


def test_a_hump_is_told_with_its_width_and_what_fits_it() -> None:
    for seed in range(5):
        found = _found(_peaks([3.5], [150.0], 0.7), seed, bend=0.05)
        (hump,) = found
        assert hump.kind == "broad"
        assert hump.two_theta_deg == pytest.approx(3.5, abs=0.1)
        assert 0.35 < hump.width_deg < 1.4  # widths are tried by factors of two
        assert "--humps-deg" in told_unexplained(found)[0]


def test_a_background_that_swings_beside_a_hump_makes_no_second_one() -> None:
    # the fit lies up to five times above the data in waves around the hump and nowhere below, as at 0.7 deg of CuCr2O4
    swing = -40.0 * (np.abs(_X - 8.0) < 3.0) * np.cos(np.pi * (_X - 8.0) / 1.5) ** 2
    for seed in range(5):
        (hump,) = _found(swing + _peaks([8.0], [200.0], 0.7), seed)
        assert hump.two_theta_deg == pytest.approx(8.0, abs=0.1)


def test_a_line_that_is_too_weak_is_no_missing_phase() -> None:
    assert not _found(_peaks([7.5, 10.2], [300.0, 120.0]), 0)


@pytest.mark.parametrize("height", [0.4, 0.0])
def test_a_hump_in_the_background_is_named(height: float) -> None:
    """A Gaussian of 8 degrees at 25 on a slope with air: its place within a degree, its width within a fifth (the trend
    goes a little into its feet); no hump, nothing named."""
    x = np.arange(10.0, 110.0, 0.02)
    trend = 300 - x + 1000 / x
    found = background_hump(x, trend * (1 + height * np.exp(-4 * np.log(2) * ((x - 25) / 8) ** 2)))
    if height == 0.0:
        assert found is None
        return
    assert found is not None
    assert found[0] == pytest.approx(25, abs=1)
    assert found[1] == pytest.approx(8, rel=0.2)
    assert found[2] == pytest.approx(0.4, abs=0.08)
