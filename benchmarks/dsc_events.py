"""How far the errors of `dsc` hold, on 200 made runs, and what becomes of windows that cut; printed as Markdown.

`python benchmarks/dsc_events.py`: two minutes. The runs are those of `paddlewheel.lab.dsc.simulated.random_run`:
rates of 2 to 20 K/min, 5 to 200 J/g of either sign, baselines that slope by up to twice a peak, bend by up to half of
one and step, white and correlated noise of 0.1 to 5 % of the peak a point.
"""

from __future__ import annotations

import time

import numpy as np

from paddlewheel.lab.dsc.events import Curve, Event, curve_of, find_events
from paddlewheel.lab.dsc.segments import find_segments
from paddlewheel.lab.dsc.simulated import MadeRun, random_run

_RUNS, _FIRST_SEED, _NOISE_CURVES = 200, 20000, 400


def main() -> None:
    """Print the table."""
    ratios: dict[str, list[float]] = {"enthalpy": [], "onset": [], "peak": []}
    off: dict[str, list[float]] = {name: [] for name in ratios}
    refused, missed, further, spent = 0, 0, 0, 0.0
    cut, let_through = 0, []
    for seed in range(_FIRST_SEED, _FIRST_SEED + _RUNS):
        made = random_run(seed)
        began = time.perf_counter()
        events = _events(made, None)
        spent += time.perf_counter() - began
        near = [each for each in events if each.start_C < made.peaks_C[0] < each.end_C]
        further += len(events) - len(near)
        if not near:
            missed += 1
            continue
        event = near[0]
        if event.area is None or event.onset_C is None or event.peak_C is None:
            refused += 1
            continue
        mass = made.scan.mass_mg or 1.0
        truths = (made.enthalpies_J_per_g[0] * mass, made.onsets_C[0], made.peaks_C[0])
        for (name, values), found, truth in zip(
            ratios.items(), (event.area, event.onset_C, event.peak_C), truths, strict=True
        ):
            values.append((found.value - truth) / found.std)
            off[name].append(abs(found.value / truth - 1) if name == "enthalpy" else abs(found.value - truth))
        width = event.half_width_K or 1.0
        top = made.peaks_C[0]
        for window in ((top - 0.4 * width, top + 20 * width), (top - 20 * width, top + 0.4 * width)):
            cut += 1
            let_through += [each for each in _events(made, window) if each.area is not None]
    print(f"Of {_RUNS} runs: {len(ratios['onset'])} measured, {refused} refused (baselines leave over 3 % open), "
          f"{missed} missed, {further} events that are none; {1e3 * spent / _RUNS:.0f} ms a run.\n")  # fmt: skip
    print("| | median error | 68 % holds | 95 % holds |\n|---|---|---|---|")
    units = {"enthalpy": "%", "onset": "K", "peak": "K"}
    for name, values in ratios.items():
        size = float(np.median(off[name])) * (100 if name == "enthalpy" else 1)
        inside = [100 * float(np.mean(np.abs(values) < ends)) for ends in (1.0, 1.96)]
        print(f"| {name} | {size:.2g} {units[name]} | {inside[0]:.0f} % | {inside[1]:.0f} % |")
    print(f"\nWindows that cut the peak within half a half-width of its top: {cut}; with an area: {len(let_through)}.")
    print(f"Curves of noise alone: {_NOISE_CURVES}; with an event: {_false_events()}.")


def _events(made: MadeRun, window_C: tuple[float, float] | None) -> tuple[Event, ...]:
    (segment,) = find_segments(made.scan)
    curve = curve_of(made.scan, segment, window_C)
    return () if curve is None else find_events(curve, as_one=window_C is not None)


def _curve(signal: np.ndarray) -> Curve:
    """A whole ramp of a signal, 10 K/min from 0 degrees Celsius."""
    time_s = np.arange(float(signal.size))
    return Curve(time_s=time_s, temperature_C=time_s / 6.0, signal=signal, rate_K_per_min=10.0, first=1,
                 last=signal.size)  # fmt: skip


def _false_events() -> int:
    """Of white, correlated and walking noise with drift."""
    count = 0
    for seed in range(_NOISE_CURVES):
        random = np.random.default_rng(seed)
        signal = random.normal(0.0, 1.0, 3000)
        if seed % 4 == 1:
            for place in range(1, signal.size):
                signal[place] += 0.9 * signal[place - 1]
        if seed % 4 == 2:
            signal = signal + np.cumsum(random.normal(0.0, 0.2, signal.size))
        if seed % 4 == 3:
            signal = signal + np.polynomial.legendre.legval(np.linspace(-1, 1, 3000), random.normal(0, 30, 5))
        count += bool(find_events(_curve(signal)))
    return count


if __name__ == "__main__":
    main()
