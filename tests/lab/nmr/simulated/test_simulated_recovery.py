"""The simulated recoveries: held to Hubbard's two exponentials and to the maximum of R1."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from paddlewheel.errors import SettingsError
from paddlewheel.lab.nmr.simulated import Flaws, RelaxationTruth, magnetization, simulate_recoveries, simulate_recovery

_DELAYS = np.geomspace(1e-5, 1e-1, 40)
_W1, _W2 = 700.0, 250.0


@pytest.mark.parametrize(
    ("preparation", "detection", "of_w1", "of_w2"),
    [
        ("saturation", "central", 1.0, -2.0),
        ("inversion", "central", 2.0, -4.0),
        ("selective saturation", "central", -0.5, -0.5),
        ("selective inversion", "central", -1.0, -1.0),
        ("saturation", "all", -0.2, -0.8),
        ("inversion", "all", -0.4, -1.6),
    ],
)
def test_two_exponentials(preparation: Any, detection: Any, of_w1: float, of_w2: float) -> None:
    """The modes of the rate matrix are n(3/2) - n(-3/2) -+ n(1/2) - n(-1/2), at 2 W1 and 2 W2 (Hubbard 1970)."""
    seen = magnetization(_DELAYS, w1_per_s=_W1, w2_per_s=_W2, preparation=preparation, detection=detection)
    true = 1 + of_w1 * np.exp(-2 * _W1 * _DELAYS) + of_w2 * np.exp(-2 * _W2 * _DELAYS)
    assert np.allclose(seen, true, atol=1e-12)


@pytest.mark.parametrize(("beta", "place"), [(2.0, 0.616), (1.54, 0.953)])
def test_r1_is_largest_where_the_bench_says(beta: float, place: float) -> None:
    """w0 tau at the maximum of J1 + 4 J2 (design/bench.md: 0.616 and 0.953)."""
    truth = RelaxationTruth(beta=beta, shortest_t1_s=0.56e-3)
    temperatures = np.linspace(200, 500, 6001)
    w1, w2 = truth.rates_per_s(temperatures)
    r1 = 0.4 * w1 + 1.6 * w2
    at = 2 * np.pi * truth.larmor_MHz * 1e6 * truth.tau_s(temperatures[np.argmax(r1)])
    assert at == pytest.approx(place, abs=0.002)
    assert r1.max() == pytest.approx(1 / 0.56e-3, rel=1e-6)


def test_the_jump_rate_is_that_of_the_maximum() -> None:
    truth = RelaxationTruth.of_maximum(maximum_at_K=303.15, jump_rate_at_maximum_per_s=7e8)
    assert 1 / truth.tau_s(303.15) == pytest.approx(7e8)


def test_rows_follow_the_delays() -> None:
    truth = RelaxationTruth()
    signal, told = simulate_recovery([1e-5, 1e-3, 1.0], truth, temperature_K=303.15, completeness=0.8)
    line = signal.values[:, 0].real
    assert line[-1] == pytest.approx(1.0, abs=1e-9)
    assert line[0] == pytest.approx(0.2, abs=0.02)  # a fifth was not saturated; little has come back after 10 us
    assert told["r1_per_s"] == pytest.approx(0.4 * told["w1_per_s"] + 1.6 * told["w2_per_s"])


def test_a_series_has_its_own_delays_and_noise() -> None:
    signals, told = simulate_recoveries(RelaxationTruth(), temperatures_K=[253.0, 303.0], flaws=Flaws(noise=0.01))
    assert [signal.conditions.temperature_K for signal in signals] == [253.0, 303.0]
    assert len(told["temperatures"]) == 2
    assert not np.allclose(signals[0].values[:, -1], signals[1].values[:, -1])


def test_temperatures_below_zero_are_told() -> None:
    with pytest.raises(SettingsError, match="-5 K"):
        simulate_recovery([1.0], RelaxationTruth(), temperature_K=-5.0)
    with pytest.raises(SettingsError, match="beta: 3 is not above 1 and at most 2"):
        RelaxationTruth(beta=3.0)
