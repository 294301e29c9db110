"""What rounds of runs by `--until`/`--budget` give beside a fixed plan of the same cost, on ions of known D(T).

    python benchmarks/adaptive_runs.py [--seeds 20] [--until 1.5] [--out docs/benchmarks/adaptive_runs.md] [--seed 1]

The second table is of fixed plans for the time of `make demo`, a ninth of what a goal of 1.5 takes.

The dynamics are synthetic (tests/transport/synthetic.py): vibrating ions that hop at random, by an Arrhenius law. All
else is the product's: the estimate of D with its gates, the fit with its bounds, the decisions. The fixed plan is the
default of `conduct`, 600, 700 and 800 K with two runs each, whose runs share the time that the rounds took.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from paddlewheel.records import Measured
from paddlewheel.studies.conduct.adaptive import Goal, State, decide
from paddlewheel.studies.conduct.fit import fit_temperatures
from paddlewheel.studies.conduct.record import TemperatureResult
from paddlewheel.studies.conduct.runs import Analysed
from paddlewheel.transport import CAGE_PS, conductivity_per_diffusivity, estimate_diffusivity, tracer_conductivity
from paddlewheel.units import A2_PER_PS_IN_CM2_PER_S, BOLTZMANN_eV_PER_K

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "transport"))
import synthetic  # type: ignore[import-not-found]

PILOTS_K, REPLICAS, PILOT_PS, EQUILIBRATE_PS, ONSET_PS = (600.0, 700.0, 800.0), 2, 20.0, 2.0, CAGE_PS
FRAME_PS, HOP_A, GATE_A, VOLUME_A3, N_CORES, S_PER_PS = 0.1, 3.0, 2.5, 1500.0, 2, 1.0
N_IONS, N_IONS_OF_DEMO = 24, 12
DEMO_PS = 372.0
DEMO_PLANS: tuple[tuple[tuple[float, ...], int], ...] = (
    ((600.0, 750.0, 900.0), 2),
    ((650.0, 725.0, 800.0), 2),
    ((600.0, 700.0, 800.0), 2),
    ((600.0, 675.0, 750.0, 825.0, 900.0), 1),
    ((600.0, 900.0), 2),
)
"""Temperatures and replicas, for the same time on the cores."""


@dataclass
class Material:
    """Ions of which D is known at every temperature."""

    energy_eV: float
    at_700K_cm2_per_s: float
    rng: np.random.Generator
    n_ions: int = N_IONS
    runs: dict[float, list[np.ndarray]] = field(default_factory=dict)

    def diffusivity_cm2_per_s(self, temperature_K: float) -> float:
        """The truth."""
        inverse = 1.0 / temperature_K - 1.0 / 700.0
        return self.at_700K_cm2_per_s * math.exp(-self.energy_eV / BOLTZMANN_eV_PER_K * inverse)

    def conductivity_mS_per_cm(self, temperature_K: float) -> float:
        """By Nernst and Einstein."""
        return self.diffusivity_cm2_per_s(temperature_K) * conductivity_per_diffusivity(
            n_ions=self.n_ions, mean_volume_A3=VOLUME_A3, charge_e=1.0, temperature_K=temperature_K
        )

    def run(self, temperature_K: float, production_ps: float) -> None:
        """Add a run."""
        hops = 6.0 * self.diffusivity_cm2_per_s(temperature_K) / A2_PER_PS_IN_CM2_PER_S / HOP_A**2 * production_ps
        paths, _ = synthetic.vibration_and_hops(
            self.rng, n_ions=self.n_ions, n_frames=round(production_ps / FRAME_PS) + 1, per_ion=hops
        )
        self.runs.setdefault(temperature_K, []).append(paths)

    def state(self) -> State:
        """What the runs have told."""
        analysed = [_analysed(at, runs, self.n_ions) for at, runs in sorted(self.runs.items())]
        return State(
            rows=[each.row for each in analysed],
            fit=fit_temperatures(analysed).result,
            longest_ps={at: max(map(len, runs)) * FRAME_PS for at, runs in self.runs.items()},
        )


def _analysed(temperature_K: float, runs: list[np.ndarray], n_ions: int) -> Analysed:
    tracer = estimate_diffusivity(
        runs, frame_interval_fs=1000.0 * FRAME_PS, hop_distance_A=GATE_A, minimum_onset_ps=ONSET_PS
    )
    sigma = tracer_conductivity(
        tracer, n_ions=n_ions, mean_volume_A3=VOLUME_A3, charge_e=1.0, temperature_K=temperature_K
    )
    row = TemperatureResult(
        temperature_K=temperature_K,
        status=tracer.status,
        reason=tracer.reason,
        n_replicas=len(runs),
        production_ps=sum(len(paths) for paths in runs) * FRAME_PS / len(runs),
        n_ions=n_ions,
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


def fixed(
    material: Material, *, spent_s: float, temperatures_K: Sequence[float] = PILOTS_K, replicas: int = REPLICAS
) -> State:
    """A plan whose runs are all as long as the time allows."""
    each_ps = spent_s * N_CORES / S_PER_PS / (len(temperatures_K) * replicas) - EQUILIBRATE_PS
    for temperature_K in temperatures_K:
        for _ in range(replicas):
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


def demo_row(make: Callable[[int, int], Material], n_seeds: int, temperatures_K: Sequence[float], replicas: int) -> str:
    """One line: how many sets have a fit, its factor, and how often it holds the truth."""
    factors, held = [], 0
    for seed in range(n_seeds):
        material = make(seed, 2)
        spent_s = DEMO_PS * S_PER_PS / N_CORES
        state = fixed(material, spent_s=spent_s, temperatures_K=temperatures_K, replicas=replicas)
        if state.factor is not None:
            factors.append(state.factor)
            held += _holds(state, material.conductivity_mS_per_cm(300.0))
    each_ps = DEMO_PS / (len(temperatures_K) * replicas) - EQUILIBRATE_PS
    low, middle, high = np.percentile(factors, [25, 50, 75])
    at = ", ".join(f"{value:g}" for value in temperatures_K)
    return (
        f"| {at} | {replicas} x {each_ps:.3g} ps | {len(factors)} of {n_seeds} | {held} | {middle:.3g}x "
        f"({low:.3g} to {high:.3g}) |"
    )


def main() -> None:
    """Print the tables, and write them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--until", type=float, default=1.5)
    parser.add_argument("--budget-ps", type=float, default=10_000.0, help="dynamics of both cores together, ps")
    parser.add_argument("--energies", type=float, nargs="*", default=[0.2, 0.25, 0.3, 0.35])
    parser.add_argument("--demo-energies", type=float, nargs="*", default=[0.3, 0.4])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()

    def maker(energy_eV: float, d_cm2_per_s: float, n_ions: int) -> Callable[[int, int], Material]:
        return lambda seed, plan: Material(
            energy_eV=energy_eV, at_700K_cm2_per_s=d_cm2_per_s, n_ions=n_ions,
            rng=np.random.default_rng([options.seed, seed, plan]),
        )  # fmt: skip

    began = time.perf_counter()
    lines = [
        f"{options.seeds} sets, seed {options.seed}; D(700 K) = 2e-5 cm2/s, {N_IONS} ions; goal {options.until:g}x.",
        "",
        "| Ea, eV | rounds: factor | fixed plan: factor | ln fixed / ln rounds, median | lowest to highest "
        "| 95 % interval holds, rounds / fixed | goal reached | dynamics, ns | rounds |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    for energy_eV in options.energies:
        make = maker(energy_eV, 2e-5, N_IONS)
        row = table(make, options.seeds, until=options.until, budget_s=options.budget_ps * S_PER_PS / N_CORES)
        lines.append(f"| {energy_eV:g} | {row} |")
        print(lines[-1], flush=True)
    for energy_eV in options.demo_energies:
        make = maker(energy_eV, 1.7e-5, N_IONS_OF_DEMO)
        lines += [
            "",
            f"{DEMO_PS:g} ps in all, Ea {energy_eV:g} eV, D(700 K) = 1.7e-5 cm2/s, {N_IONS_OF_DEMO} ions:",
            "",
            "| temperatures, K | runs of each | with a fit | its 95 % interval holds | factor, median (quartiles) |",
            "|---|---|---|---|---|",
        ]
        for temperatures_K, replicas in DEMO_PLANS:
            lines.append(demo_row(make, options.seeds, temperatures_K, replicas))
            print(lines[-1], flush=True)
    lines.append(f"\n{time.perf_counter() - began:.0f} s in all.")
    if options.out:
        mark = "<!-- table: benchmarks/adaptive_runs.py -->"
        old = options.out.read_text(encoding="utf-8") if options.out.exists() else f"# Adaptive runs\n\n{mark}\n"
        text = "\n".join(lines)
        options.out.write_text(f"{old.split(mark)[0]}{mark}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
