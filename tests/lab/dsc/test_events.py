"""Events against made runs of known truth, and against what is known of measured ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from paddlewheel.lab.dsc.departures import find_departures
from paddlewheel.lab.dsc.events import Event, curve_of, find_events
from paddlewheel.lab.dsc.scan import ThermalScan
from paddlewheel.lab.dsc.segments import find_segments
from paddlewheel.lab.dsc.simulated import MadeBaseline, MadeEvent, MadeRun, make_run, random_run


def events_of(scan: ThermalScan, window_C: tuple[float, float] | None = None) -> tuple[Event, ...]:
    (segment,) = find_segments(scan)
    curve = curve_of(scan, segment, window_C)
    return () if curve is None else find_events(curve, as_one=window_C is not None)


def ramp(*events: MadeEvent, baseline: MadeBaseline | None = None, noise_mW: float = 0.01, **more: float) -> MadeRun:
    settings = {"start_C": 30.0, "end_C": 180.0, "rate_K_per_min": 10.0} | more
    return make_run(events, baseline=baseline, noise_mW=noise_mW, **settings)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("kind", ["white", "correlated", "random walk", "drift", "all"])
def test_noise_and_drift_are_no_events(kind: str):
    found = 0
    for seed in range(25):
        random = np.random.default_rng(seed)
        signal = random.normal(0.0, 1.0, 3000)
        if kind in ("correlated", "all"):
            for place in range(1, signal.size):
                signal[place] += 0.9 * signal[place - 1]
        if kind in ("random walk", "all"):
            signal = signal + np.cumsum(random.normal(0.0, 0.2, signal.size))
        if kind in ("drift", "all"):
            signal = signal + np.polynomial.legendre.legval(np.linspace(-1, 1, 3000), random.normal(0, 30, 5))
        found += len(find_departures(signal))
    # at 5.5 standard deviations 4 in 1e8 tests are false; 25 curves make 1e6 and few of them independent
    assert found == 0


def test_a_small_event_in_a_large_drift_is_found():
    made = ramp(MadeEvent(peak_C=110.0, enthalpy_J_per_g=0.5, width_K=1.5),
                baseline=MadeBaseline(slope_mW=10.0, bend_mW=-3.0), noise_mW=0.003)  # fmt: skip
    (event,) = events_of(made.scan)
    assert event.area is not None
    assert event.area.value / 10.0 == pytest.approx(0.5, abs=3 * event.area.std / 10.0)


def test_a_clean_peak_is_measured_to_a_thousandth():
    made = ramp(MadeEvent(peak_C=110.0, enthalpy_J_per_g=50.0, width_K=1.5), noise_mW=0.001)
    (event,) = events_of(made.scan)
    assert event.area is not None
    assert event.onset_C is not None
    assert event.peak_C is not None
    assert event.area.value / 10.0 == pytest.approx(50.0, rel=1e-3)
    assert event.onset_C.value == pytest.approx(made.onsets_C[0], abs=0.02)
    assert event.peak_C.value == pytest.approx(made.peaks_C[0], abs=0.02)
    assert event.half_width_s is not None
    assert event.half_width_K == pytest.approx(event.half_width_s / 6.0, rel=0.01)  # 10 K/min


def test_errors_hold_the_truth():
    """Of the first 24 of the 200 runs of docs/benchmarks/dsc_events.md."""
    of_area, of_onset = [], []
    for seed in range(5000, 5024):
        made = random_run(seed)
        near = [each for each in events_of(made.scan) if each.start_C < made.peaks_C[0] < each.end_C]
        assert len(near) == 1
        (event,) = near
        if event.area is None or event.onset_C is None:
            continue
        of_area.append((event.area.value / (made.scan.mass_mg or 1) - made.enthalpies_J_per_g[0])
                       / (event.area.std / (made.scan.mass_mg or 1)))  # fmt: skip
        of_onset.append((event.onset_C.value - made.onsets_C[0]) / event.onset_C.std)
    assert len(of_area) >= 18  # of the others the curved baseline leaves more than 3 % open
    for ratios in (np.abs(of_area), np.abs(of_onset)):
        # two standard deviations of 20 about 65 and 91 %, the least that the 200 have
        assert 0.44 <= np.mean(ratios < 1.0) <= 0.92
        assert np.mean(ratios < 1.96) >= 0.78


@pytest.mark.parametrize("window_C", [(30.0, 110.0), (108.0, 180.0), (109.0, 111.5), (100.0, 112.0)])
def test_windows_that_cut_the_peak_are_refused(window_C: tuple[float, float]):
    made = ramp(MadeEvent(peak_C=110.0, enthalpy_J_per_g=50.0, width_K=1.5))
    assert all(each.area is None and (each.refused or each.is_step) for each in events_of(made.scan, window_C))


def test_ten_windows_agree():
    made = ramp(MadeEvent(peak_C=110.0, enthalpy_J_per_g=50.0, width_K=1.5))
    areas, onsets = [], []
    for low, high in ((90, 130), (80, 140), (70, 150), (95, 130), (90, 125), (60, 160), (85, 150), (97, 128), (50, 140),
                      (92, 170)):  # fmt: skip
        (event,) = events_of(made.scan, (float(low), float(high)))
        assert event.area is not None
        assert event.onset_C is not None
        areas.append(event.area.value / 10.0)
        onsets.append(event.onset_C.value)
    assert areas == pytest.approx([50.0] * 10, rel=0.005)
    assert onsets == pytest.approx([made.onsets_C[0]] * 10, abs=0.05)


def test_two_events_are_two_and_overlapping_ones_are_told():
    made = ramp(MadeEvent(peak_C=90.0, enthalpy_J_per_g=20.0), MadeEvent(peak_C=130.0, enthalpy_J_per_g=-30.0))
    first, second = events_of(made.scan)
    assert (first.sign, second.sign) == (1, -1)
    assert first.area is not None
    assert second.area is not None
    assert (first.area.value / 10, second.area.value / 10) == pytest.approx((20.0, -30.0), rel=0.01)
    both = ramp(MadeEvent(peak_C=100.0, enthalpy_J_per_g=30.0), MadeEvent(peak_C=104.5, enthalpy_J_per_g=20.0))
    (event,) = events_of(both.scan)
    assert event.shoulders_C == pytest.approx((both.peaks_C[1],), abs=0.5)
    assert event.area is not None
    assert event.area.value / 10 == pytest.approx(50.0, rel=0.01)


@pytest.mark.parametrize("apart_K", [5.0, 9.0])
def test_overlapping_events_have_a_total_and_parts_by_drop_lines(apart_K: float):
    """60 and 40 J/g with sigma of 1.5 K: 9 K apart the tails past the minimum are 0.3 % of either."""
    temperature = np.linspace(20.0, 200.0, 2160)
    flow = sum(
        heat * 10.0 / 6.0 / (1.5 * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((temperature - top) / 1.5) ** 2)
        for top, heat in ((100.0, 60.0), (100.0 + apart_K, 40.0))
    )
    noise = np.random.default_rng(4).normal(0.0, 0.005, temperature.size)
    scan = ThermalScan(name="two", source="made", time_s=(temperature - 20.0) * 6.0, temperature_C=temperature,
                       signal=1.0 + flow + noise, exothermic_known=True, mass_mg=10.0)  # fmt: skip
    (event,) = events_of(scan)
    assert event.area is not None
    assert event.area.value / 10 == pytest.approx(100.0, abs=3 * event.area.std / 10)
    assert event.area.value / 10 == pytest.approx(100.0, rel=0.003)
    first, second = event.parts
    assert (first.top_C, second.top_C) == pytest.approx((100.0, 100.0 + apart_K), abs=0.3)
    assert first.end_C == second.start_C
    assert first.area.value + second.area.value == pytest.approx(event.area.value, rel=0.003)
    if apart_K == 9.0:
        assert (first.area.value / 10, second.area.value / 10) == pytest.approx((60.0, 40.0), rel=0.006)


def test_small_events_have_a_number_whatever_the_noise():
    """0.3 J/g in noise of 5 uW, areas known to about 4 %: what baselines disagree by is part of the error."""
    temperature = np.linspace(20.0, 200.0, 2160)
    ratios = []
    for seed in range(12):
        flow = 1.0 + 0.133 * np.exp(-0.5 * ((temperature - 100.0) / 1.5) ** 2)
        flow += np.random.default_rng(seed).normal(0.0, 0.005, temperature.size)
        scan = ThermalScan(name="small", source="made", time_s=(temperature - 20.0) * 6.0, temperature_C=temperature,
                           signal=flow, exothermic_known=True, mass_mg=10.0)  # fmt: skip
        (event,) = events_of(scan)
        assert event.area is not None
        truth = 0.133 * 1.5 * np.sqrt(2 * np.pi) * 6.0  # mJ
        ratios.append((event.area.value - truth) / event.area.std)
    assert np.abs(ratios).max() < 3.0


def polymer(seed: int = 0, slope_mW: float = 0.0) -> ThermalScan:
    """Tg at 75, cold crystallization at 130 and melting at 250 degrees Celsius; 10 mg at 10 K/min."""
    temperature = np.linspace(20.0, 290.0, 3240)
    flow = 1.0 + slope_mW * temperature / 270.0 + 0.6 / (1.0 + np.exp(-(temperature - 75.0) / 1.2))
    for top, sigma, heat in ((130.0, 5.0, -30.0), (250.0, 6.0, 40.0)):
        flow += heat * 10.0 / 6.0 / (sigma * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((temperature - top) / sigma) ** 2)
    flow += np.random.default_rng(seed).normal(0.0, 0.005, temperature.size)
    return ThermalScan(name="polymer", source="made", time_s=(temperature - 20.0) * 6.0, temperature_C=temperature,
                       signal=flow, exothermic_known=True, mass_mg=10.0)  # fmt: skip


@pytest.mark.parametrize("slope_mW", [0.0, 2.0])
def test_a_polymer_shows_its_glass_step_crystallization_and_melting(slope_mW: float):
    step, cold, melt = events_of(polymer(1, slope_mW))
    assert step.is_step
    assert step.midpoint_C is not None
    assert step.midpoint_C.value == pytest.approx(75.0, abs=3 * step.midpoint_C.std)
    assert step.step is not None
    assert step.step.value == pytest.approx(0.6, rel=0.02)
    for event, truth in ((cold, -30.0), (melt, 40.0)):
        assert event.area is not None
        assert event.area.value / 10 == pytest.approx(truth, rel=0.01)


def test_a_run_that_ends_within_its_peak_has_one_cut_event():
    temperature = np.linspace(20.0, 101.0, 972)
    flow = 1.0 + 44.3 * np.exp(-0.5 * ((temperature - 100.0) / 1.5) ** 2)
    flow += np.random.default_rng(0).normal(0.0, 0.005, temperature.size)
    scan = ThermalScan(name="cut", source="made", time_s=(temperature - 20.0) * 6.0, temperature_C=temperature,
                       signal=flow, exothermic_known=True, mass_mg=10.0)  # fmt: skip
    (event,) = events_of(scan)
    assert event.area is None
    assert event.refused is not None
    assert event.refused.endswith("it is cut")


def glass(overshoot_mW: float = 0.0) -> ThermalScan:
    """A logistic step of 1 mW in 2 K at 100 C: by ASTM E1356 onset 100 - 4 K, end 100 + 4 K, midpoint 100."""
    temperature = np.linspace(30.0, 180.0, 3000)
    flow = 0.002 * temperature + 1.0 / (1.0 + np.exp(-(temperature - 100.0) / 2.0))
    flow = flow + overshoot_mW * np.exp(-0.5 * ((temperature - 106.0) / 1.5) ** 2)
    noise = np.random.default_rng(3).normal(0.0, 0.003, temperature.size)
    return ThermalScan(name="glass", source="made", time_s=(temperature - 30.0) * 6.0, temperature_C=temperature,
                       signal=flow + noise, exothermic_known=True, mass_mg=10.0)  # fmt: skip


def test_a_glass_step_by_astm():
    (event,) = events_of(glass())
    assert event.is_step
    assert event.step is not None
    assert event.step.value == pytest.approx(1.0, abs=0.01)
    assert event.midpoint_C is not None
    assert event.onset_C is not None
    assert event.offset_C is not None
    assert event.midpoint_C.value == pytest.approx(100.0, abs=0.15)
    # the slope at the middle is 1 / (4 x 2 K): tangents meet the lines 4 K away
    assert event.onset_C.value == pytest.approx(96.0, abs=0.3)
    assert event.offset_C.value == pytest.approx(104.0, abs=0.3)


def test_an_overshoot_is_told_and_the_step_stays():
    (event,) = events_of(glass(overshoot_mW=0.3))
    assert event.is_step
    assert event.step is not None
    assert event.step.value == pytest.approx(1.0, abs=0.02)
    assert event.overshoot == pytest.approx(0.27, abs=0.06)


def test_nothing_is_invented_in_a_run_without_events():
    made = make_run((), start_C=30.0, end_C=200.0, rate_K_per_min=10.0, noise_mW=0.02, seed=4,
                    baseline=MadeBaseline(slope_mW=3.0, bend_mW=1.0, twist_mW=0.3))  # fmt: skip
    assert events_of(made.scan) == ()


@pytest.mark.parametrize("digit", [0.0, 1e-4, 0.01])
def test_rounding_hides_no_peak_and_makes_none(digit: float):
    """Without noise, with rounding that no noise blurs, and the stairs that it makes of a slope."""
    peak = ramp(MadeEvent(peak_C=110.0, enthalpy_J_per_g=100.0, width_K=1.5), noise_mW=0.0).scan
    drift = ramp(baseline=MadeBaseline(slope_mW=0.3, bend_mW=0.1), noise_mW=0.0).scan
    if digit:
        peak, drift = (replace(scan, signal=digit * np.round(scan.signal / digit)) for scan in (peak, drift))
    (event,) = events_of(peak)
    assert event.area is not None
    assert event.area.value / 10.0 == pytest.approx(100.0, rel=2e-3)
    assert event.area.std / 10.0 < 0.5
    assert events_of(drift) == ()


def some_of(scan: ThermalScan, kept: np.ndarray) -> ThermalScan:
    return replace(scan, time_s=scan.time_s[kept], temperature_C=scan.temperature_C[kept], signal=scan.signal[kept])


def test_missing_and_clipped_points_are_refused():
    scan = ramp(MadeEvent(peak_C=110.0, enthalpy_J_per_g=100.0, width_K=1.5)).scan
    celsius = scan.temperature_C
    (gap,) = events_of(some_of(scan, (celsius < 108.0) | (celsius > 113.0)))
    assert gap.area is None
    assert "no point was measured for 3" in (gap.refused or "")
    (clipped,) = events_of(replace(scan, signal=np.minimum(scan.signal, 20.0)))
    assert clipped.area is None
    assert "clipped at 20" in (clipped.refused or "")


def test_sparse_points_have_wide_errors_or_none():
    """Of 900 points at even times, 40 of them in the peak, n are kept by chance."""
    scan = ramp(MadeEvent(peak_C=110.0, enthalpy_J_per_g=100.0, width_K=1.5, lag_s=0.0)).scan
    ratios = []
    for seed, count in enumerate((300, 300, 300, 450, 450, 450, 900, 900, 900)):
        kept = np.sort(np.random.default_rng(seed).choice(scan.time_s.size, count, replace=False))
        (event,) = events_of(some_of(scan, kept))
        if event.area is not None:
            ratios.append((event.area.value / 10.0 - 100.0) / (event.area.std / 10.0))
    assert len(ratios) >= 5
    assert np.abs(ratios).max() < 3.0
