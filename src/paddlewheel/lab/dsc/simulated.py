"""Runs of a calorimeter with known truth: peaks over drifting, curved baselines with noise, for tests and benchmarks.

It shares nothing with the analysis. Heat flow is positive into the sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.lab.dsc.scan import ThermalScan


@dataclass(frozen=True, kw_only=True)
class MadeEvent:
    """A peak: a rising edge of Gaussian shape, and a falling one that the thermal lag draws out.

    Attributes
    ----------
    peak_C
        Where the peak would be without lag.
    enthalpy_J_per_g
        Positive where heat flows in.
    width_K
        Standard deviation of the Gaussian that the sample's transition is.
    lag_s
        Time constant with which the instrument follows.
    """

    peak_C: float
    enthalpy_J_per_g: float
    width_K: float = 1.0
    lag_s: float = 8.0


@dataclass(frozen=True, kw_only=True)
class MadeBaseline:
    """What a run shows without events, in mW over its length: ends, bends, what a change of heat capacity adds.

    Attributes
    ----------
    level_mW, slope_mW, bend_mW, twist_mW
        Coefficients of the Legendre polynomials 0 to 3 over the run.
    wave_mW, waves
        A sine through the run, and how many of its periods.
    step_mW
        By how much the flow is higher after all events, growing with the area passed.
    """

    level_mW: float = 0.0
    slope_mW: float = 0.0
    bend_mW: float = 0.0
    twist_mW: float = 0.0
    wave_mW: float = 0.0
    waves: float = 0.5
    step_mW: float = 0.0


@dataclass(frozen=True, kw_only=True)
class MadeRun:
    """A run and what is true of it: for each event its enthalpy, onset and top (at the tangent and maximum without
    noise and baseline)."""

    scan: ThermalScan
    enthalpies_J_per_g: tuple[float, ...]
    onsets_C: tuple[float, ...]
    peaks_C: tuple[float, ...]


def make_run(
    events: tuple[MadeEvent, ...],
    *,
    start_C: float,
    end_C: float,
    rate_K_per_min: float,
    mass_mg: float = 10.0,
    n_points: int = 3000,
    baseline: MadeBaseline | None = None,
    noise_mW: float = 0.0,
    correlation: float = 0.0,
    noise_K: float = 0.0,
    seed: int = 0,
) -> MadeRun:
    """One ramp with its events; `correlation` is that of the noise of one point with that of the next."""
    length_s = 60.0 * abs(end_C - start_C) / rate_K_per_min
    fine_s = np.linspace(0.0, length_s, 40_000)
    temperature = start_C + (end_C - start_C) * fine_s / length_s
    way = 1.0 if end_C > start_C else -1.0
    flows = [_flow(event, fine_s, temperature, mass_mg) for event in events]
    onsets, tops = zip(*(_truth(flow, temperature) for flow in flows), strict=True) if flows else ((), ())
    total = np.sum(flows, axis=0) if flows else np.zeros(fine_s.size)
    passed = np.cumsum(np.abs(total))
    share = passed / passed[-1] if passed[-1] > 0 else passed
    under = baseline or MadeBaseline()
    place = np.linspace(-1.0, 1.0, fine_s.size)
    coefficients = (under.level_mW, under.slope_mW, under.bend_mW, under.twist_mW)
    level = np.polynomial.legendre.legval(place, coefficients) + under.step_mW * share * way
    level = level + under.wave_mW * np.sin(np.pi * under.waves * (place + 1.0))
    time_s = np.linspace(0.0, length_s, n_points)
    random = np.random.default_rng(seed)
    noise = random.normal(0.0, noise_mW, n_points)
    for point in range(1, n_points if correlation else 0):
        noise[point] = correlation * noise[point - 1] + np.sqrt(1 - correlation**2) * noise[point]
    scan = ThermalScan(
        name="made", source="made", time_s=time_s,
        temperature_C=np.interp(time_s, fine_s, temperature) + random.normal(0.0, noise_K, n_points),
        signal=np.interp(time_s, fine_s, total + level) + noise, exothermic_known=True, mass_mg=mass_mg,
    )  # fmt: skip
    return MadeRun(
        scan=scan, enthalpies_J_per_g=tuple(event.enthalpy_J_per_g for event in events), onsets_C=onsets, peaks_C=tops
    )


def _flow(event: MadeEvent, time: np.ndarray, temperature: np.ndarray, mass_mg: float) -> np.ndarray:
    """Heat flow of one event in mW: its Gaussian, delayed by the lag, with the area of its enthalpy."""
    source = np.exp(-0.5 * ((temperature - event.peak_C) / event.width_K) ** 2)
    step = float(time[1] - time[0])
    keep = np.exp(-step / event.lag_s) if event.lag_s > 0 else 0.0
    reach = min(time.size, int(20 * event.lag_s / step) + 2)
    kernel = keep ** np.arange(reach)
    size = 1 << (time.size + reach - 1).bit_length()
    delayed = np.fft.irfft(np.fft.rfft(source, size) * np.fft.rfft(kernel, size), size)[: time.size]
    return delayed * event.enthalpy_J_per_g * mass_mg / (delayed.sum() * step)


def _truth(flow: np.ndarray, temperature: np.ndarray) -> tuple[float, float]:
    """Onset by the steepest tangent, and top, of a flow over nothing."""
    size = np.abs(flow)
    slope = np.gradient(size, temperature)
    way = 1.0 if temperature[-1] > temperature[0] else -1.0
    top = int(np.argmax(size))
    steepest = int(np.argmax(slope[:top] * way))
    return float(temperature[steepest] - size[steepest] / slope[steepest]), float(temperature[top])


def random_run(seed: int) -> MadeRun:
    """A run with one event as they are measured: any rate, noise, drift and curvature, from the seed."""
    random = np.random.default_rng(seed)
    start = float(random.uniform(20.0, 60.0))
    span = float(random.uniform(80.0, 200.0))
    rate = float(random.choice([2.0, 5.0, 10.0, 20.0]))
    width = float(random.uniform(0.8, 3.0))
    lag = float(random.uniform(2.0, 12.0))
    enthalpy = float(random.choice([1.0, 1.0, -1.0]) * 10 ** random.uniform(0.7, 2.3))
    mass = float(random.uniform(3.0, 15.0))
    spread_s = np.hypot(60.0 * width / rate, lag)
    height = abs(enthalpy) * mass / (2.5 * spread_s)
    drift = height * 10 ** float(random.uniform(-1.5, 0.3))
    event = MadeEvent(
        peak_C=start + span * float(random.uniform(0.35, 0.65)), enthalpy_J_per_g=enthalpy, width_K=width, lag_s=lag
    )
    under = MadeBaseline(
        level_mW=float(random.normal(0, 5)),
        slope_mW=float(random.normal(0, drift)),
        bend_mW=float(random.normal(0, 0.3 * drift)),
        twist_mW=float(random.normal(0, 0.1 * drift)),
        step_mW=float(random.normal(0, 0.05 * height)),
    )
    return make_run(
        (event,), start_C=start, end_C=start + span, rate_K_per_min=rate, mass_mg=mass,
        n_points=int(random.uniform(1000, 6000)), baseline=under,
        noise_mW=height * 10 ** float(random.uniform(-3, -1.3)),
        correlation=float(random.choice([0.0, 0.0, 0.7])), noise_K=0.01, seed=seed + 1,
    )  # fmt: skip
