"""Glass steps against made ones of another shape than the model's, and against what the eye sees in measured ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr

from paddlewheel.lab.dsc.events import curve_of, find_events
from paddlewheel.lab.dsc.glass import glass_step
from paddlewheel.lab.dsc.scan import ThermalScan
from paddlewheel.lab.dsc.segments import find_segments
from paddlewheel.studies.laboratory.dsc import DscSettings


def test_a_step_as_wide_as_half_of_a_ramp_is_found_with_errors_that_hold():
    """Error functions, which are none of Richards' curves; a third of them are a step of 16 to 84 % of 30 % of the
    ramp."""
    off = []
    for seed in range(12):
        random = np.random.default_rng(seed)
        place = np.linspace(-1.0, 1.0, 160)
        centre, width = random.uniform(-0.1, 0.2), random.uniform(0.08, 0.16)
        edge = ndtr((place - centre) / width)
        signal = 2.0 + 0.4 * place + edge * (1.0 - 0.1 * (place - centre)) + random.normal(0.0, 0.003, place.size)
        step = glass_step(signal)
        assert step is not None
        middle = 0.5 * (place.size - 1) * (1.0 + centre)
        off.append(((step.height - 1.0) / step.height_std, (step.midpoint[0] - middle) / step.midpoint[1]))
    assert (np.abs(off) < 3.0).all()
    assert np.mean(np.abs(off) < 1.96) > 0.8


@pytest.mark.parametrize("kind", range(4))
def test_noise_and_drift_are_no_glass_steps(kind: int):
    for seed in range(5):
        random = np.random.default_rng(1000 + seed)
        signal = random.normal(0.0, 1.0, 1500)
        if kind == 1:
            for place in range(1, signal.size):
                signal[place] += 0.9 * signal[place - 1]
        if kind == 2:
            signal = signal + np.cumsum(random.normal(0.0, 0.2, signal.size))
        if kind == 3:
            signal = signal + np.polynomial.legendre.legval(np.linspace(-1, 1, 1500), random.normal(0, 30, 5))
        assert glass_step(signal) is None


def with_overshoot(overshoot_mW: float) -> ThermalScan:
    """A step of 0.6 mW at 60 C, 10 K/min, 10 mg, with the overshoot of an aged glass 6 K behind it."""
    celsius = np.arange(20.0, 200.0, 10.0 / 120.0)
    flow = 1.0 + 0.6 / (1.0 + np.exp(-(celsius - 60.0) / 1.2))
    flow = flow + overshoot_mW * np.exp(-0.5 * ((celsius - 66.0) / 1.6) ** 2)
    flow = flow + np.random.default_rng(0).normal(0.0, 0.005, celsius.size)
    return ThermalScan(name="glass_o0.2", source="glass_o0.2.csv", time_s=6.0 * (celsius - 20.0),
                       temperature_C=celsius, signal=flow, exothermic_known=True, mass_mg=10.0)  # fmt: skip


@pytest.mark.parametrize("overshoot_mW", [0.2, 1.0, 1.5])
def test_a_glass_step_with_an_overshoot_is_one(overshoot_mW: float):
    scan = with_overshoot(overshoot_mW)
    (segment,) = find_segments(scan)
    curve = curve_of(scan, segment)
    assert curve is not None
    (event,) = find_events(curve)
    assert event.is_step
    assert event.step is not None
    assert event.midpoint_C is not None
    assert event.step.value == pytest.approx(0.6, abs=0.01)
    assert event.midpoint_C.value == pytest.approx(60.0, abs=0.1)
    assert event.overshoot == pytest.approx(overshoot_mW / 0.6, rel=0.05)


def test_the_steps_of_a_perkinelmer_are_seen(shared: Path):
    """Eight runs; the eye sees a step between 16 and 32 C in seven, and a line in the last."""
    settings = DscSettings(mass_mg=(10.0,), rate_K_per_min=(10.0,))
    found = {}
    for file in sorted((shared / "data" / "lab" / "dsc" / "perkinelmer_calorimeter").glob("*.csv")):
        if file.stem == "7HAW012":  # its temperature is no column
            continue
        (scan,) = settings.read(file)
        (segment,) = (each for each in find_segments(scan) if each.direction == "heating")
        curve = curve_of(scan, segment)
        assert curve is not None
        found[file.stem] = find_events(curve)
    assert found.pop("7HAW104") == ()
    assert len(found) == 7
    for (event,) in found.values():
        assert event.is_step
        assert event.midpoint_C is not None
        assert 16.0 < event.midpoint_C.value < 32.0
