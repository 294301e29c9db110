"""What rounds of runs by `--until`/`--budget` give beside a fixed plan of the same cost, on ions of known D(T).

    python benchmarks/adaptive_runs.py [--seeds 20] [--until 1.5] [--out docs/benchmarks/adaptive_runs.md] [--seed 1]

The dynamics are synthetic (tests/transport/synthetic.py): vibrating ions that hop at random, by an Arrhenius law. All
else is the product's: the estimate of D with its gates, the fit with its bounds, the decisions. The fixed plan is the
default of `conduct`, 600, 700 and 800 K with two runs each, whose runs share the time that the rounds took.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from paddlewheel.records import Measured
from paddlewheel.studies.conduct.adaptive import Goal, State, decide
from paddlewheel.studies.conduct.fit import fit_temperatures
from paddlewheel.studies.conduct.record import TemperatureResult
from paddlewheel.studies.conduct.runs import Analysed
from paddlewheel.transport import conductivity_per_diffusivity, estimate_diffusivity, tracer_conductivity
from paddlewheel.units import A2_PER_PS_IN_CM2_PER_S, BOLTZMANN_eV_PER_K

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "transport"))
import synthetic  # type: ignore[import-not-found]

PILOTS_K, REPLICAS, PILOT_PS, EQUILIBRATE_PS, ONSET_PS = (600.0, 700.0, 800.0), 2, 20.0, 2.0, 0.5
FRAME_PS, HOP_A, GATE_A, N_IONS, VOLUME_A3, N_CORES, S_PER_PS = 0.1, 3.0, 2.5, 24, 1500.0, 2, 1.0


@dataclass
class Material:
    """Ions of which D is known at every temperature."""

    energy_eV: float
    at_700K_cm2_per_s: float
    rng: np.random.Generator
    runs: dict[float, list[np.ndarray]] = field(default_factory=dict)

    def diffusivity_cm2_per_s(self, temperature_K: float) -> float:
        """The truth."""
        inverse = 1.0 / temperature_K - 1.0 / 700.0
        return self.at_700K_cm2_per_s * math.exp(-self.energy_eV / BOLTZMANN_eV_PER_K * inverse)

    def conductivity_mS_per_cm(self, temperature_K: float) -> float:
        """By Nernst and Einstein."""
        return self.diffusivity_cm2_per_s(temperature_K) * conductivity_per_diffusivity(
            n_ions=N_IONS, mean_volume_A3=VOLUME_A3, charge_e=1.0, temperature_K=temperature_K
        )

    def run(self, temperature_K: float, production_ps: float) -> None:
        """Add a run."""
        hops = 6.0 * self.diffusivity_cm2_per_s(temperature_K) / A2_PER_PS_IN_CM2_PER_S / HOP_A**2 * production_ps
        paths, _ = synthetic.vibration_and_hops(
            self.rng, n_ions=N_IONS, n_frames=round(production_ps / FRAME_PS) + 1, per_ion=hops
        )
        self.runs.setdefault(temperature_K, []).append(paths)

    def state(self) -> State:
        """What the runs have told."""
        analysed = [_analysed(at, runs) for at, runs in sorted(self.runs.items())]
        return State(
            rows=[each.row for each in analysed],
            fit=fit_temperatures(analysed).result,
            longest_ps={at: max(map(len, runs)) * FRAME_PS for at, runs in self.runs.items()},
        )


def _analysed(temperature_K: float, runs: list[np.ndarray]) -> Analysed:
    tracer = estimate_diffusivity(
        runs, frame_interval_fs=1000.0 * FRAME_PS, hop_distance_A=GATE_A, minimum_onset_ps=ONSET_PS
    )
    sigma = tracer_conductivity(
        tracer, n_ions=N_IONS, mean_volume_A3=VOLUME_A3, charge_e=1.0, temperature_K=temperature_K
    )
    row = TemperatureResult(
        temperature_K=temperature_K,
        status=tracer.status,
        reason=tracer.reason,
        n_replicas=len(runs),
        production_ps=sum(len(paths) for paths in runs) * FRAME_PS / len(runs),
        n_ions=N_IONS,
        density_g_per_cm3=1.0,
        mean_volume_A3=VOLUME_A3,
        hop_distance_A=GATE_A,
        diffusivity_cm2_per_s=Measured.or_none(tracer.value_cm2_per_s, tracer.std_cm2_per_s),
        diffusivity_upper_bound_95_cm2_per_s=tracer.upper_bound_95_cm2_per_s,
        conductivity_mS_per_cm=Measured.or_none(
            sigma.value_mS_per_cm, sigma.std_mS_per_cm, interval_68=sigma.interval_68_mS_per_cm,
            interval_95=sigma.interval_95_mS_per_cm,
        ),
        conductivity_upper_bound_95_mS_per_cm=sigma.upper_bound_95_mS_per_cm,
    )  # fmt: skip
    return Analysed(row, tracer)


def adaptive(material: Material, *, until: float, budget_s: float) -> tuple[State, float, int]:
    """Pilots and rounds: what they told, the time on the cores, and how many rounds there were."""
    for temperature_K in PILOTS_K:
        for _ in range(REPLICAS):
            material.run(temperature_K, PILOT_PS)
    spent_s = S_PER_PS * len(PILOTS_K) * REPLICAS * (PILOT_PS + EQUILIBRATE_PS) / N_CORES
    goal, number = Goal(until=until, budget_s=budget_s, n_cores=N_CORES), 0
    while True:
        state = material.state()
        decision = decide(
            state, goal=goal, number=number + 1, spent_s=spent_s, s_per_ps=S_PER_PS, equilibrate_ps=EQUILIBRATE_PS,
            minimum_onset_ps=ONSET_PS, asked_K=PILOTS_K,
        )  # fmt: skip
        if isinstance(decision, str):
            return state, spent_s, number
        for run in decision.runs:
            material.run(run.temperature_K, run.production_ps)
        spent_s, number = spent_s + decision.cost_s, number + 1


def fixed(material: Material, *, spent_s: float) -> State:
    """The default plan, its runs as long as the same time allows."""
    each_ps = spent_s * N_CORES / S_PER_PS / (len(PILOTS_K) * REPLICAS) - EQUILIBRATE_PS
    for temperature_K in PILOTS_K:
        for _ in range(REPLICAS):
            material.run(temperature_K, each_ps)
    return material.state()


def table(make: Callable[[int, int], Material], n_seeds: int, *, until: float, budget_s: float) -> str:
    """One line: half-widths in the logarithm, their ratio, and how often the intervals hold the truth."""
    widths, held, spent, rounds, reached = [], np.zeros(2), [], [], 0
    for seed in range(n_seeds):
        material = make(seed, 0)
        truth = material.conductivity_mS_per_cm(300.0)
        state, spent_s, number = adaptive(material, until=until, budget_s=budget_s)
        beside = fixed(make(seed, 1), spent_s=spent_s)
        widths.append([_log_half_width(state), _log_half_width(beside)])
        held += [_holds(state, truth), _holds(beside, truth)]
        reached += state.factor is not None and state.factor <= until
        spent.append(spent_s * N_CORES / S_PER_PS / 1000.0)
        rounds.append(number)
    both = np.array(widths)
    ratios = both[:, 1] / both[:, 0]
    medians = np.median(both, axis=0)
    return (
        f"{np.exp(medians[0]):.2f}x | {np.exp(medians[1]):.2f}x | {np.median(ratios):.2f} | {ratios.min():.2f} to "
        f"{ratios.max():.2f} | {held[0]:.0f} / {held[1]:.0f} of {n_seeds} | {reached} | {np.median(spent):.2g} | "
        f"{np.median(rounds):.0f}"
    )


def _log_half_width(state: State) -> float:
    return math.inf if state.factor is None else math.log(state.factor)


def _holds(state: State, truth: float) -> bool:
    if state.fit is None or state.fit.conductivity_300K_95_mS_per_cm is None:
        return False
    low, high = state.fit.conductivity_300K_95_mS_per_cm
    return low <= truth <= high


def main() -> None:
    """Print the table, and write it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--until", type=float, default=1.5)
    parser.add_argument("--budget-ps", type=float, default=20_000.0, help="dynamics of both cores together, ps")
    parser.add_argument("--energies", type=float, nargs="+", default=[0.2, 0.25, 0.3, 0.35])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    lines = []
    for energy_eV in options.energies:
        began = time.perf_counter()

        def make(seed: int, plan: int, energy_eV: float = energy_eV) -> Material:
            rng = np.random.default_rng([options.seed, seed, plan])
            return Material(energy_eV=energy_eV, at_700K_cm2_per_s=2e-5, rng=rng)

        row = table(make, options.seeds, until=options.until, budget_s=options.budget_ps * S_PER_PS / N_CORES)
        lines.append(f"| {energy_eV:g} | {row} |")
        print(lines[-1], f"{time.perf_counter() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
