"""Relaxation with known truth: coverage and bias of barriers, of times, and of the two rates of spin 3/2.

Truth comes from `paddlewheel.lab.nmr.simulated` (rate matrix of four levels), which shares no code with the fits.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from paddlewheel.lab.nmr.least_squares import Value
from paddlewheel.lab.nmr.recovery import Recovery, fit_model
from paddlewheel.lab.nmr.simulated import RelaxationTruth, magnetization
from paddlewheel.lab.nmr.simulated.recovery import Preparation
from paddlewheel.lab.nmr.spin_lattice import Rates, fit_peak

TRUTH = RelaxationTruth.of_maximum(maximum_at_K=303.0, jump_rate_at_maximum_per_s=7e8)
OMEGA = 2e6 * np.pi * TRUTH.larmor_MHz


def rates_per_s(temperatures: np.ndarray) -> np.ndarray:
    """R1 of one spin temperature."""
    w1, w2 = TRUTH.rates_per_s(temperatures)
    return 0.4 * w1 + 1.6 * w2


def held(value: Value, truth: float) -> tuple[bool, bool]:
    """Whether the 68 and the 95 % interval hold the truth; an end that is missing is infinite."""
    ends = (value.interval_68, value.interval_95)
    inside = [(low is None or low <= truth) and (high is None or truth <= high) for low, high in ends]
    return inside[0], inside[1]


def line(name: str, values: list[Value], truth: float) -> str:
    """A row of a table: coverage, bias, scatter, mean standard uncertainty."""
    found = np.array([value.value for value in values])
    shares = 100 * np.mean([held(value, truth) for value in values], axis=0)
    std = float(np.mean([value.std for value in values]))
    return (
        f"| {name} | {shares[0]:.1f} | {shares[1]:.1f} | {100 * (found.mean() / truth - 1):+.2f} | "
        f"{100 * found.std(ddof=1) / abs(truth):.2f} | {100 * std / abs(truth):.2f} |"
    )


_PREPARATIONS: dict[tuple[str, str], Preparation] = {
    ("saturation", "all"): "saturation",
    ("inversion", "all"): "inversion",
    ("saturation", "central"): "selective saturation",
    ("inversion", "central"): "selective inversion",
}
HEAD = [
    "| quantity | in the 68 % interval, % | in the 95 % interval, % | bias, % | scatter, % | mean std, % |",
    "|---|---|---|---|---|---|",
]


def peaks(count: int, seed: int, low_K: float, high_K: float, *, given: bool) -> tuple[list[str], int, float]:
    """Sets of twelve temperatures with 3 % noise of T1; lines, number of refused sets, seconds a fit."""
    random, temperatures = np.random.default_rng(seed), np.linspace(low_K, high_K, 12)
    truth = rates_per_s(temperatures)
    fits, refused, seconds = [], 0, 0.0
    for _ in range(count):
        rates = Rates(
            temperature_K=temperatures,
            rate_per_s=truth / (1 + 0.03 * random.normal(size=12)),
            omega_rad_per_s=OMEGA,
            relative_std=np.full(12, 0.03) if given else None,
        )
        start = time.perf_counter()
        found = fit_peak("two_J", [rates])
        seconds += time.perf_counter() - start
        refused += found.refused is not None
        fits.append(found)
    beta = TRUTH.beta
    fine = np.linspace(low_K, high_K, 100_001)
    top = float(fine[np.argmax(rates_per_s(fine))])
    lines = [
        line("Ea", [fit.activation_energy_eV for fit in fits], TRUTH.activation_energy_eV),
        line("(beta - 1) Ea", [fit.low_T_energy_eV for fit in fits], (beta - 1) * TRUTH.activation_energy_eV),
        line("beta", [fit.beta for fit in fits], beta),
        line("temperature of the minimum", [fit.temperature_at_maximum_K for fit in fits], top),
        line("1/tau there", [fit.jump_rate_at_maximum_per_s for fit in fits], 1 / float(TRUTH.tau_s(top))),
    ]
    return lines, refused, seconds / count


def two_rates(count: int, seed: int, noise: float) -> list[str]:
    """W1 and W2 after every preparation, at the maximum of R1; noise over the change that is seen."""
    random = np.random.default_rng(seed)
    w1, w2 = (float(rate) for rate in TRUTH.rates_per_s(303.0))
    delays = np.geomspace(0.005, 10.0, 24) / (0.4 * w1 + 1.6 * w2)
    lines = []
    for kind in ("saturation", "inversion"):
        for excited in ("all", "central"):
            for seen in ("central", "all"):
                preparation = _PREPARATIONS[kind, excited]
                clean = magnetization(
                    delays, w1_per_s=w1, w2_per_s=w2, preparation=preparation, detection=seen, completeness=0.95
                )
                size = noise * float(np.ptp(clean))
                fits = [
                    fit_model(
                        Recovery(
                            delays_s=delays, intensity=clean + size * random.normal(size=len(delays)),
                            std=np.full(len(delays), size), experiment=kind, spin=1.5, excited=excited, seen=seen,
                        ),
                        "two-rates",
                    )
                    for _ in range(count)
                ]  # fmt: skip
                name = f"{kind} of {excited}, {seen} seen"
                lines.append(line(f"W1, {name}", [fit.w1_per_s for fit in fits if fit.w1_per_s], w1))
                lines.append(line(f"W2, {name}", [fit.w2_per_s for fit in fits if fit.w2_per_s], w2))
    return lines


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    text: list[str] = []
    for given in (False, True):
        told = "given as 3 %" if given else "not given: by the scatter"
        rows, refused, seconds = peaks(chosen.count, chosen.seed, 233.0, 373.0, given=given)
        text += [f"Whole peak, 233 to 373 K, uncertainty of T1 {told}:", "", *HEAD, *rows, ""]
        text += [f"{refused} of {chosen.count} sets refused; {seconds:.3f} s a fit with its intervals.", ""]
    rows, refused, _ = peaks(min(chosen.count, 50), chosen.seed + 1, 263.0, 333.0, given=False)
    text += [f"263 to 333 K: {refused} of {min(chosen.count, 50)} sets refused.", ""]
    noise = 0.001
    text += [f"Two rates of spin 3/2, noise {100 * noise:g} % of the change:", "", *HEAD]
    text += two_rates(max(chosen.count // 4, 5), chosen.seed + 2, noise)
    print("\n".join(text))
    if chosen.out is not None:
        chosen.out.write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
