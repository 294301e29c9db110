"""Volumes and rates: held to simulated measurements of known truth, and to what one mixing time cannot tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.exchange import Exchange, domain_bound, fit_rates
from paddlewheel.lab.nmr.planes import to_pairs, to_plane
from paddlewheel.lab.nmr.simulated import ExchangeTruth, Flaws, Observation, simulate_exchange
from paddlewheel.lab.nmr.volumes import Volumes, find_shifts, fit_volumes

_SMALL = Observation(nucleus="1H", spectral_width_Hz=8000.0, n_points=256, carrier_ppm=1.0, pulse_us=0)
_MIXING = np.array([1e-4, 1e-3, 2e-3, 4e-3, 8e-3, 2e-2])
_TRUE = 120.0


def _volumes(mixing_s: np.ndarray, *, truth: ExchangeTruth | None = None, seed: int = 0, noise: float = 0.02,
             row_noise: float = 0.0, phase_deg: float = 0.0) -> Volumes:  # fmt: skip
    truth = truth or ExchangeTruth()
    signals, _ = simulate_exchange(
        mixing_s.tolist(), truth, n_rows=64, observation=_SMALL, seed=seed,
        flaws=Flaws(noise=noise, row_noise=row_noise, phase_deg=phase_deg), indirect_phase_deg=0.3 * phase_deg,
    )  # fmt: skip
    return fit_volumes([to_pairs(signal) for signal in signals], shifts_ppm=truth.shifts_ppm)


def _exchange(mixing_s: np.ndarray, **others: float) -> Exchange:
    volumes = _volumes(mixing_s, **others)  # type: ignore[arg-type]
    return fit_rates(mixing_s, volumes.values, volumes.covariance)


def test_volumes_without_noise_are_the_truth() -> None:
    """With a phase error in both dimensions, lines of both kinds, and rows that end before the lines have decayed."""
    truth = ExchangeTruth(gauss_Hz=(60.0, 140.0))
    found = _volumes(_MIXING, truth=truth, noise=1e-9, phase_deg=50.0)
    true = np.array([truth.volumes(time) for time in _MIXING])
    assert np.allclose(found.values, true / true[0].sum(), atol=2e-4)  # the widths of 64 rows are known that well
    assert found.shift_ppm == pytest.approx(truth.shifts_ppm, abs=1e-3)
    assert found.direct_phase_deg == pytest.approx(-50.0, abs=0.1)


def test_boxes_leak_where_lines_do_not() -> None:
    """The reason for line shapes (design/bench.md: 11 % of a Lorentzian diagonal), at a mixing time of nothing."""
    truth = ExchangeTruth(populations=(1.0, 1.0), lorentz_Hz=(120.0, 120.0))
    (signal,), _ = simulate_exchange([0.0], truth, n_rows=256, observation=_SMALL)
    plane = to_plane(to_pairs(signal), bell=False)
    direct, indirect = plane.direct_ppm, plane.indirect_ppm
    inside = [np.abs(direct - shift) < 1.0 for shift in truth.shifts_ppm]
    rows = [np.abs(indirect - shift) < 1.0 for shift in truth.shifts_ppm]
    boxes = np.array([[plane.values[np.ix_(row, column)].sum() for row in rows] for column in inside])
    assert boxes[0, 1] / boxes[0, 0] > 0.05
    found = _volumes(np.array([0.0, 1e-9]), truth=truth, noise=1e-6)
    assert abs(found.values[0, 0, 1]) < 1e-4


@pytest.mark.slow
def test_twenty_sets_have_the_rate_and_its_intervals() -> None:
    """Every second with t1 noise of 2 %; 200 sets are in docs/benchmarks/nmr_exchange.md."""
    inside, rates = 0, []
    for seed in range(20):
        rate = _exchange(_MIXING, seed=seed, row_noise=0.02 * (seed % 2)).rates[0]
        assert rate.rate_per_s is not None
        assert rate.interval_95 is not None
        inside += rate.interval_95[0] < _TRUE < rate.interval_95[1]
        rates.append(rate.rate_per_s)
    assert inside >= 16  # of 20 intervals of 95 % fewer hold the truth once in 400 times
    assert np.abs(np.array(rates) / _TRUE - 1).max() < 0.05


def test_rates_are_in_detailed_balance_and_populations_and_leakage_are_right() -> None:
    found = _exchange(_MIXING, noise=1e-6)
    there, back = found.rates
    assert (there.rate_per_s, back.rate_per_s) == (pytest.approx(_TRUE, rel=2e-3), pytest.approx(3 * _TRUE, rel=2e-3))
    assert found.populations == pytest.approx([0.75, 0.25], abs=1e-3)
    assert found.leakage_per_s == pytest.approx([1.0, 1.0], abs=0.1)


def test_three_sites() -> None:
    truth = ExchangeTruth(
        names=("a", "b", "c"), shifts_ppm=(4.0, 1.0, -2.5), populations=(5.0, 3.0, 2.0),
        rates_per_s=((0, 1, 60.0), (1, 2, 150.0)), lorentz_Hz=(100.0,) * 3, gauss_Hz=(0.0,) * 3,
    )  # fmt: skip
    volumes = _volumes(_MIXING, truth=truth, noise=0.002)
    found = {(rate.start, rate.end): rate for rate in fit_rates(_MIXING, volumes.values, volumes.covariance).rates}
    assert found[0, 1].rate_per_s == pytest.approx(60.0, rel=0.05)
    assert found[1, 2].rate_per_s == pytest.approx(150.0, rel=0.05)
    direct = found[0, 2]  # there is none: no rate, or one below 1/s
    assert direct.rate_per_s is None or direct.rate_per_s < 5.0
    assert direct.at_most_per_s is None or direct.at_most_per_s < 10.0


def test_one_mixing_time_gives_a_decade() -> None:
    rate = _exchange(np.array([2e-3])).rates[0]
    assert rate.rate_per_s is None
    assert rate.at_least_per_s is not None
    assert rate.at_most_per_s is not None
    assert rate.at_least_per_s < _TRUE < rate.at_most_per_s
    assert rate.at_most_per_s / rate.at_least_per_s == pytest.approx(10.0)


def test_a_mixing_time_of_zero_alone_is_refused() -> None:
    with pytest.raises(DataError, match="no mixing time above 0"):
        fit_rates([0.0], np.eye(2)[None], 1e-4 * np.eye(4))


def test_mixing_times_that_are_all_too_long_bound_from_below() -> None:
    """At 50 ms and later exp(-480/s t) is under 1e-10: only that the rate is not slower can be told."""
    rate = _exchange(np.array([0.05, 0.1, 0.2])).rates[0]
    assert (rate.rate_per_s, rate.at_most_per_s) == (None, None)
    assert rate.at_least_per_s is not None
    assert 5 < rate.at_least_per_s < _TRUE


def test_mixing_times_that_are_all_too_short_bound_from_above() -> None:
    """Within 2 us 2.4e-4 of a site are gone, under the error of a volume."""
    rate = _exchange(np.array([1e-7, 1e-6, 2e-6])).rates[0]
    assert (rate.rate_per_s, rate.at_least_per_s) == (None, None)
    assert rate.at_most_per_s is not None
    assert rate.at_most_per_s > _TRUE


def test_domains_are_bounded() -> None:
    """sqrt(0.8 nm2/ms / 480/s) = 1.29 nm from the rates; sqrt(0.8 x 20) = 4 nm at least where nothing is exchanged."""
    volumes = _volumes(_MIXING)
    found = fit_rates(_MIXING, volumes.values, volumes.covariance)
    bound = domain_bound(found, _MIXING, volumes.values, volumes.std)
    assert bound is not None
    assert bound.is_upper
    assert bound.size_nm == pytest.approx(np.sqrt(0.8e3 / 480), rel=0.03)
    apart = _volumes(_MIXING, truth=ExchangeTruth(rates_per_s=()))
    none = domain_bound(fit_rates(_MIXING, apart.values, apart.covariance), _MIXING, apart.values, apart.std)
    assert none is not None
    assert not none.is_upper
    assert none.size_nm == pytest.approx(4.0)


def test_lines_are_found_and_noise_is_refused() -> None:
    signals, _ = simulate_exchange([0.0], ExchangeTruth(), n_rows=16, observation=_SMALL, flaws=Flaws(noise=0.01))
    assert find_shifts([to_pairs(signals[0])]) == pytest.approx([1.6, -0.4], abs=0.08)
    from dataclasses import replace

    noise = np.random.default_rng(1).standard_normal((16, 256)) + 0j
    empty = to_pairs(replace(signals[0], values=noise))
    with pytest.raises(DataError, match="no signal over the noise"):
        find_shifts([empty])
    with pytest.raises(DataError, match="no signal over the noise at these sites"):
        fit_volumes([empty], shifts_ppm=[1.6, -0.4])
    with pytest.raises(DataError, match="sites at 99 ppm"):
        fit_volumes([to_pairs(signals[0])], shifts_ppm=[99.0])


def test_a_site_without_a_line_is_refused_and_a_window_of_all_points_has_noise() -> None:
    """7 ppm lies in the tails alone; 1.7 ppm on the flank of the line at 1.6."""
    wide = Observation(nucleus="1H", spectral_width_Hz=8000.0, n_points=256, carrier_ppm=1.0, pulse_us=0)
    signals, _ = simulate_exchange([1e-3], ExchangeTruth(), n_rows=64, observation=wide, flaws=Flaws(noise=0.01))
    pairs = [to_pairs(signals[0])]
    with pytest.raises(DataError, match=r"no line at 7 ppm; the largest lie at 1\.6\d*, -0\.4\d* ppm"):
        fit_volumes(pairs, shifts_ppm=[1.6, 7.0])
    assert fit_volumes(pairs, shifts_ppm=[1.7, -0.4]).shift_ppm[0] == pytest.approx(1.6, abs=0.02)
    narrow = replace(wide, spectral_width_Hz=1600.0, n_points=64)  # 4 ppm: the window is all of it
    signals, _ = simulate_exchange([1e-3], ExchangeTruth(), n_rows=64, observation=narrow, flaws=Flaws(noise=0.01))
    left = fit_volumes([to_pairs(signals[0])], shifts_ppm=[1.6, -0.4]).residual_over_noise
    assert np.isfinite(left)
    assert left == pytest.approx(1.0, abs=0.3)
