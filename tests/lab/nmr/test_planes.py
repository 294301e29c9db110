"""Two-dimensional processing: signs of both dimensions by a line that lies nowhere symmetric, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.planes import check_alike, to_pairs, to_plane
from paddlewheel.lab.nmr.signal import Axis, Signal
from paddlewheel.lab.nmr.simulated import ExchangeTruth, Observation, simulate_exchange

_SMALL = Observation(nucleus="1H", spectral_width_Hz=8000.0, n_points=256, carrier_ppm=1.0, pulse_us=0)


def _series(acquired: Any = "states-tppi", **others: Any) -> Signal:
    (signal,), _ = simulate_exchange(
        [0.004], ExchangeTruth(), n_rows=64, acquired=acquired, observation=_SMALL, **others
    )
    return signal


def _lone_cross_peak(mode: str) -> Signal:
    """exp(2 pi i (-900 Hz) t1), then exp(2 pi i 1500 Hz t2): one peak off every diagonal, written by hand."""
    axis = Axis(nucleus="1H", carrier_MHz=400.0, reference_MHz=400.0, spectral_width_Hz=8000.0)
    indirect = replace(axis, spectral_width_Hz=5000.0)
    k, t2 = np.arange(40), np.arange(256) / 8000
    phase = 2 * np.pi * -900 * k / 5000
    decay = np.exp(-60 * k / 5000)
    sign = (-1.0) ** k if mode == "states-tppi" else np.ones(40)
    rows = np.stack([sign * decay * np.cos(phase), sign * decay * np.sin(phase)], axis=1).reshape(80, 1)
    values = rows * np.exp(2j * np.pi * 1500 * t2 - 100 * t2)
    return Signal(values=values, domain="time", axis=axis, name="lone", indirect=indirect, quadrature=mode)  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["states", "states-tppi"])
def test_a_peak_lies_at_its_two_frequencies_alone(mode: str) -> None:
    """Neither axis is turned round, no image at the negative frequency, and the peak is positive in both."""
    pairs = to_pairs(_lone_cross_peak(mode))
    assert pairs.warnings == ()
    plane = to_plane(pairs)
    row, column = np.unravel_index(np.argmax(plane.values), plane.values.shape)
    assert plane.direct_ppm[column] == pytest.approx(1500 / 400, abs=0.05)
    assert plane.indirect_ppm[row] == pytest.approx(-900 / 400, abs=0.05)
    mirrored = int(np.argmin(np.abs(plane.indirect_ppm - 900 / 400)))
    assert np.abs(plane.values[mirrored]).max() < 0.01 * plane.values.max()
    assert plane.values.min() > -0.05 * plane.values.max()  # the bell leaves no wiggles over a twentieth


@pytest.mark.parametrize("acquired", ["states", "states-tppi", "echo-antiecho"])
def test_all_ways_give_the_same_rows(acquired: Any) -> None:
    true = to_pairs(_series("states"))
    pairs = to_pairs(_series(acquired))
    assert np.allclose(pairs.cosine, true.cosine, atol=1e-12)
    assert np.allclose(pairs.sine, true.sine, atol=1e-12)


def test_phases_of_both_dimensions_are_taken_out() -> None:
    from paddlewheel.lab.nmr.simulated import Flaws

    turned = _series(flaws=Flaws(phase_deg=70.0), indirect_phase_deg=-40.0)
    plane = to_plane(to_pairs(turned), direct_phase_deg=-70.0, indirect_phase_deg=40.0)
    true = to_plane(to_pairs(_series()))
    assert np.allclose(plane.values, true.values, atol=1e-9 * true.values.max())


def test_a_dimension_that_runs_the_other_way_is_turned_round() -> None:
    signal = _series()
    values = signal.values.copy()
    values[1::2] *= -1
    pairs = to_pairs(replace(signal, values=values))
    assert "the diagonal runs the other way" in pairs.warnings[-1]
    assert np.allclose(pairs.sine, to_pairs(signal).sine)


def test_an_odd_last_row_is_told_and_left_out() -> None:
    pairs = to_pairs(_series(odd_last_row=True))
    assert pairs.cosine.shape[0] == pairs.sine.shape[0] == 31
    assert "row 63, the last, has no sine beside it" in pairs.warnings[0]


@pytest.mark.parametrize("mode", ["qf", "magnitude", None])
def test_magnitude_is_refused(mode: Any) -> None:
    with pytest.raises(DataError, match="not phase-sensitive"):
        to_pairs(replace(_series("qf"), quadrature=mode))


def test_what_is_no_raw_plane_is_refused() -> None:
    with pytest.raises(DataError, match="no rows of an indirect dimension"):
        to_pairs(replace(_series(), indirect=None))
    with pytest.raises(DataError, match="rows of tppi are not taken"):
        to_pairs(replace(_series(), quadrature="tppi"))
    with pytest.raises(DataError, match="6 rows"):
        to_pairs(replace(_series(), values=_series().values[:6]))


def test_measurements_that_differ_are_refused() -> None:
    one = to_pairs(_series())
    short = to_pairs(replace(_series(), values=_series().values[:40]))
    with pytest.raises(DataError, match="40 x 256 points, where exchange-4ms has 64 x 256"):
        check_alike([one, short])
    wide = replace(one, indirect=replace(one.indirect, spectral_width_Hz=10_000.0))
    with pytest.raises(DataError, match="over 10000 Hz, where exchange-4ms has 1H at"):
        check_alike([one, wide])
