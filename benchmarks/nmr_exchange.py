"""How often the intervals of `nmr exchange` hold the true rate, how far rates are off, and how long a series takes.

    python benchmarks/nmr_exchange.py [--sets 200] [--out docs/benchmarks/nmr_exchange.md] [--seed 1]

Every set is simulated with its own noise and phase errors (`paddlewheel.lab.nmr.simulated`, which shares nothing with
the fit): 120 1/s from B12H12 to BH4 protons, 12 : 4, T1 1 s, mixing times of 0.1 to 32 ms, rows 50 us apart as in the
paper, 96 of them with 256 points over 10 kHz. Beside the rate stands what a single mixing time gives: the cross peak
over the diagonal one and the mixing time (initial rate).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from paddlewheel.lab.nmr.exchange import fit_rates
from paddlewheel.lab.nmr.planes import to_pairs, to_plane
from paddlewheel.lab.nmr.simulated import ExchangeTruth, Flaws, Observation, simulate_exchange
from paddlewheel.lab.nmr.volumes import fit_volumes

TRUE_PER_S = 120.0
MIXING_S = (1e-4, 5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 16e-3, 32e-3)
KINDS = {
    "Lorentzian lines, noise 3 %": {"noise": 0.03},
    "Voigt lines (120 Hz Gaussian), noise 3 %": {"noise": 0.03, "gauss_Hz": 120.0},
    "Lorentzian lines, noise 3 %, t1 noise 2 %": {"noise": 0.03, "row_noise": 0.02},
}


def one_set(kind: dict[str, float], seed: int, *, n_rows: int, observation: Observation) -> tuple[np.ndarray, float]:
    """Rate, std, inside 68 %, inside 95 %, initial rates of each mixing time; and the seconds of reading to rates."""
    rng = np.random.default_rng(seed)
    gauss = kind.get("gauss_Hz", 0.0)
    truth = ExchangeTruth(rates_per_s=((0, 1, TRUE_PER_S),), gauss_Hz=(gauss, gauss))
    flaws = Flaws(noise=kind["noise"], row_noise=kind.get("row_noise", 0.0), phase_deg=rng.uniform(-40, 40))
    signals, _ = simulate_exchange(
        MIXING_S, truth, n_rows=n_rows, observation=observation, flaws=flaws, seed=seed,
        indirect_phase_deg=rng.uniform(-20, 20),
    )  # fmt: skip
    began = time.perf_counter()
    volumes = fit_volumes([to_pairs(signal) for signal in signals], shifts_ppm=truth.shifts_ppm)
    rate = fit_rates(MIXING_S, volumes.values, volumes.covariance).rates[0]
    took = time.perf_counter() - began
    assert rate.rate_per_s is not None
    assert rate.std_per_s is not None
    assert rate.interval_68 is not None
    assert rate.interval_95 is not None
    initial = volumes.values[:, 1, 0] / (volumes.values[:, 0, 0] * np.array(MIXING_S))
    inside = [float(low < TRUE_PER_S < high) for low, high in (rate.interval_68, rate.interval_95)]
    return np.array([rate.rate_per_s, rate.std_per_s, *inside, *initial]), took


def initial_by_boxes(observation: Observation) -> list[float]:
    """Initial rate of each mixing time alone, 1/s, from sums over boxes of 2 ppm: no noise, no phase error."""
    truth = ExchangeTruth(rates_per_s=((0, 1, TRUE_PER_S),))
    signals, _ = simulate_exchange(MIXING_S, truth, n_rows=176, observation=observation)
    found = []
    for signal, mixing in zip(signals, MIXING_S, strict=True):
        plane = to_plane(to_pairs(signal), bell=False)
        start = np.abs(plane.indirect_ppm - truth.shifts_ppm[0]) < 1
        boxes = [np.abs(plane.direct_ppm - shift) < 1 for shift in truth.shifts_ppm]
        stays, goes = (float(plane.values[np.ix_(start, box)].sum()) for box in boxes)
        found.append(goes / (stays * mixing))
    return found


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=200)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks/nmr_exchange.md"))
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    small = Observation(nucleus="1H", spectral_width_Hz=10_000.0, n_points=256, carrier_ppm=1.0, pulse_us=0)
    told = " ".join((__doc__ or "").split("\n\n")[2].split())
    lines = [
        "# Rates of exchange on simulated measurements",
        "",
        f"`python benchmarks/nmr_exchange.py --sets {given.sets} --seed {given.seed}`: {told}",
        "",
        "| lines and noise | sets | mean, 1/s | largest error | spread / stated std | in 68 % | in 95 % |",
        "|---|---|---|---|---|---|---|",
    ]
    initial = np.empty(0)
    for name, kind in KINDS.items():
        rows = np.array(
            [one_set(kind, 1000 * given.seed + n, n_rows=96, observation=small)[0] for n in range(given.sets)]
        )
        rates, stds = rows[:, 0], rows[:, 1]
        spread = float(np.std((rates - TRUE_PER_S) / stds))
        lines.append(
            f"| {name} | {len(rows)} | {rates.mean():.2f} | {100 * np.abs(rates / TRUE_PER_S - 1).max():.1f} % | "
            f"{spread:.2f} | {100 * rows[:, 2].mean():.1f} % | {100 * rows[:, 3].mean():.1f} % |"
        )
        initial = initial if initial.size else rows[:, 4:].mean(axis=0)
    head = "| mixing time, ms | its initial rate alone, 1/s (true: 120) | the same by boxes of 2 ppm |"
    lines += ["", head, "|---|---|---|"]
    rows_alone = zip(MIXING_S, initial, initial_by_boxes(small), strict=True)
    lines += [f"| {1e3 * mixing:g} | {rate:.0f} | {boxes:.0f} |" for mixing, rate, boxes in rows_alone]
    full = Observation(nucleus="1H", spectral_width_Hz=50_000.0, n_points=2048, carrier_ppm=1.0, pulse_us=0)
    took = min(one_set({"noise": 0.02}, seed, n_rows=176, observation=full)[1] for seed in range(3))
    lines += ["", f"A series of 8 x 176 x 2048 points, transformed and fitted with intervals: {took:.2f} s (one core)."]
    given.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
