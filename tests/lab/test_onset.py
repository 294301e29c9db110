"""Which sweeps have an onset: resistances, bends and leaks told from feet, and onsets inside their sweeps."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import SettingsError
from paddlewheel.lab.onset import find_onset
from paddlewheel.lab.table import CellTest
from paddlewheel.lab.voltammetry import corrected_voltage_V, find_sweeps

VOLTAGE = np.linspace(2.5, 5.0, 400)
SHARE = (VOLTAGE - 2.5) / 2.5
"""Of the sweep."""


def onset_of(density, *, noise=0.0, seed=0, thresholds=(1.0, 10.0), way=1.0):
    rows = density + np.random.default_rng(seed).normal(0, noise, len(density))
    return find_onset(VOLTAGE, rows, way=way, thresholds=thresholds)


@pytest.mark.parametrize("noise", [0.0, 0.03, 5.0])
@pytest.mark.parametrize(
    "beside",
    [0 * SHARE, -20 * np.exp(-SHARE / 0.02), 20 * np.exp(-SHARE / 0.02), 12 * SHARE * (1 - SHARE)],
    ids=["alone", "charging", "decaying", "bent by half a percent"],
)
@pytest.mark.parametrize("way", [1.0, -1.0], ids=["oxidation", "reduction"])
def test_resistance_has_no_onset(way, beside, noise):
    """600 uA/cm2 over 2.5 V are 240 uA/cm2/V; the bend changes the slope by 2 % at most, the noise less."""
    rows = way * (600 * SHARE + beside) + np.random.default_rng(0).normal(0, noise, len(SHARE))
    found = find_onset(way * VOLTAGE, rows, way=way, thresholds=(1.0, 10.0))
    assert found.tangent_V is None
    assert found.thresholds_V == (None, None)
    assert found.shape is not None
    assert found.shape.ohmic
    assert found.shape.slope == pytest.approx(240.0, rel=0.02)


def test_slope_of_a_resistance_is_covered_by_its_interval():
    """95 % intervals of 60 sweeps: at three binomial errors below."""
    covered = 0
    for seed in range(60):
        shape = onset_of(600 * SHARE, noise=5.0, seed=seed).shape
        assert shape is not None
        covered += abs(shape.slope - 240.0) < 1.96 * shape.slope_std
    assert covered >= 52


@pytest.mark.parametrize("noise", [0.0, 0.3, 5.0])
@pytest.mark.parametrize("density", [600 * SHARE**2, 600 * SHARE * (1.4 - 0.4 * SHARE)], ids=["rising", "saturating"])
def test_current_that_bends_all_along_has_no_foot(density, noise):
    found = onset_of(density, noise=noise)
    assert found.tangent_V is None
    assert "no foot" in found.reason


@pytest.mark.parametrize("leak", [0.0, 10.0, 600.0, 6000.0])
@pytest.mark.parametrize("noise", [0.03, 0.3])
def test_exponential_onset_beside_a_leak_stays_where_it_is(leak, noise):
    """exp((V - 4.5) / 0.08) is 1 at 4.5 V and 10 at 4.5 + 0.08 ln 10 V, whatever rises as a line beside it."""
    found = onset_of(0.3 + leak * SHARE + np.exp((VOLTAGE - 4.5) / 0.08), noise=noise)
    for threshold, truth in zip(found.thresholds_V, (4.5, 4.5 + 0.08 * np.log(10)), strict=True):
        assert threshold is not None
        assert threshold.value == pytest.approx(truth, abs=3 * threshold.std)
        assert threshold.std < 0.03
    assert found.tangent_V is not None
    assert 4.6 < found.tangent_V.value < 5.0  # between 2 % of the largest current and the end


@pytest.mark.parametrize("share", [0.05, 0.12, 0.5, 0.9])
def test_kink_near_either_end_is_found_where_it_is(share):
    """A rise of 240 uA/cm2/V from the kink on passes 10 uA/cm2 1/24 V after it; rows are 6 mV apart."""
    found = onset_of(600 * np.maximum(SHARE - share, 0), noise=0.03)
    assert found.tangent_V is not None
    assert found.tangent_V.value == pytest.approx(2.5 + 2.5 * share, abs=0.007)
    assert found.thresholds_V[1] is not None
    assert found.thresholds_V[1].value == pytest.approx(2.5 + 2.5 * share + 1 / 24, abs=0.007)


def test_onsets_outside_a_sweep_are_bounds():
    """A wave that is past 10 uA/cm2 at the begin, and one that does not come to 10."""
    late = onset_of(0.3 + 3 * np.exp((VOLTAGE - 5.0) / 0.08), noise=0.03)
    assert late.thresholds_V[1] is None
    assert late.thresholds_outside == (None, "after")
    flat = onset_of(0.3 + 0 * SHARE, noise=0.03)
    assert flat.tangent_outside == "after"
    assert flat.thresholds_outside == ("after", "after")
    begun = find_onset(
        VOLTAGE, 20 + np.exp((VOLTAGE - 4.5) / 0.08), way=1.0, thresholds=(10.0,), subtract_background=False
    )
    assert begun.thresholds_V == (None,)
    assert begun.thresholds_outside == ("before",)


def test_lone_rows_are_no_onset():
    """Two shorts of 300 uA/cm2 in an exponential rise to 500: the onset is that of the rise."""
    density = 0.3 + np.exp((VOLTAGE - 4.5) / 0.08)
    clean = onset_of(density, noise=0.03)
    density[[60, 200, 201]] += 300
    spiked = onset_of(density, noise=0.03)
    assert spiked.n_spikes == 3
    assert spiked.tangent_V is not None
    assert clean.tangent_V is not None
    assert spiked.tangent_V.value == pytest.approx(clean.tangent_V.value, abs=0.006)  # a row


def test_resistance_that_takes_the_whole_sweep_is_refused():
    voltage = np.linspace(2.5, 5.0, 400)
    test = CellTest(time_s=np.arange(400.0) * 60, voltage_V=voltage, current_A=(voltage - 2.5) / 4000, source="r.csv")
    (sweep,) = find_sweeps(test)
    with pytest.raises(SettingsError, match="4000 ohm leave"):
        corrected_voltage_V(sweep, 4000.0)
