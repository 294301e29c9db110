"""Random spectra of known circuits: is the right one chosen, do the intervals hold, does the test see drift?

Draws are those of `paddlewheel.lab.eis.synthetic`: 10 points a decade, 1 MHz to 0.1 Hz, 0.5 % noise of |Z| on either
part, arcs two decades or more apart. No start values are given.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

import numpy as np

from paddlewheel.lab.eis.assignment import Resistance, assign_roles
from paddlewheel.lab.eis.choice import choose_circuit, inflation, neighbour_correlation
from paddlewheel.lab.eis.fit import weigh
from paddlewheel.lab.eis.intervals import profile_intervals
from paddlewheel.lab.eis.kramers_kronig import kramers_kronig
from paddlewheel.lab.eis.readings import read_resistances
from paddlewheel.lab.eis.relaxation_times import relaxation_times
from paddlewheel.lab.eis.synthetic import CELLS, KINDS, SyntheticCell, random_cell, random_spectrum
from paddlewheel.lab.eis.total import judge_total

DRIFTS = (0.0, 0.02, 0.05, 0.1, 0.2)


def choice_and_coverage(count: int, seed: int, noise: float) -> list[str]:
    """Lines of the first table."""
    random = np.random.default_rng(seed)
    drawn, right, inside, held, wrong = Counter(), Counter(), Counter(), Counter(), Counter()
    seconds = 0.0
    for _ in range(count):
        truth = random_spectrum(random, noise=noise)
        kind = truth.circuit.name
        data = weigh(truth.frequency_Hz, truth.impedance_ohm)
        start = time.perf_counter()
        choice = choose_circuit([data])
        seconds += time.perf_counter() - start
        drawn[kind] += 1
        if choice.chosen.circuit != truth.circuit:
            wrong[f"{kind} taken for {choice.chosen.circuit.name}"] += 1
            continue
        right[kind] += 1
        fit, correlation = choice.chosen.fits[0], float(choice.correlation[0])
        for name, (low, high) in profile_intervals(fit, data, correlation=correlation).items():
            held[kind] += 1
            inside[kind] += (low or 0.0) <= truth.values[name] <= (high if high is not None else np.inf)
    lines = ["| circuit | right | 95 % intervals that hold |", "|---|---|---|"]
    for kind in KINDS:
        share = f"{100 * inside[kind] / held[kind]:.1f} % of {held[kind]}" if held[kind] else ""
        lines.append(f"| {kind} | {right[kind]} of {drawn[kind]} | {share} |")
    n, k, p = right.total(), held.total(), inside.total() / held.total()
    lines += [
        f"| all | {n} of {count} ({100 * n / count:.1f} %) | {100 * p:.1f} % of {k} |",
        "",
        f"Seed {seed}, noise {100 * noise:g} %; {seconds / count:.2f} s a choice among all circuits, one thread. "
        f"Wrong: {', '.join(f'{text} ({times})' for text, times in wrong.items()) or 'none'}.",
    ]
    return lines


def drift_seen(count: int, seed: int, noise: float) -> list[str]:
    """Lines of the second table: the same draws for each drift."""
    lines = ["| drift over the sweep | spectra that fail the Kramers-Kronig test |", "|---|---|"]
    for drift in DRIFTS:
        random = np.random.default_rng(seed)
        failed = 0
        for _ in range(count):
            one = random_spectrum(random, noise=noise, drift=drift)
            failed += not kramers_kronig(weigh(one.frequency_Hz, one.impedance_ohm)).passed
        lines.append(f"| {100 * drift:g} % | {failed} of {count} |")
    return lines


def totals(count: int, seed: int, noise: float) -> list[str]:
    """Lines of the third table: what is said of the resistance of the electrolyte of drawn cells."""
    from scipy.stats import beta

    random = np.random.default_rng(seed)
    drawn, refused, off, inside = Counter(), Counter(), Counter(), Counter()
    far: list[str] = []
    for k in range(count):
        cell = random_cell(random, kind=CELLS[k % len(CELLS)], noise=noise)
        drawn[cell.kind] += 1
        total = told_total(cell)
        if total is None:
            refused[cell.kind] += 1
            continue
        half = 1.96 * total.std_ohm
        inside[cell.kind] += abs(total.value_ohm - cell.total_ohm) <= half
        ratio = total.value_ohm / cell.total_ohm
        if not 0.5 < ratio < 2:
            off[cell.kind] += 1
            far.append(f"{cell.kind} {ratio:.2g}")
    lines = [
        "| at the electrodes | drawn | refused | in its 95 % interval | off by a factor of 2 |",
        "|---|---|---|---|---|",
    ]
    for kind in (*CELLS, "all"):
        n, no, yes, bad = (c.total() if kind == "all" else c[kind] for c in (drawn, refused, inside, off))
        share = f"{yes} of {n - no} ({100 * yes / max(n - no, 1):.0f} %)"
        lines.append(f"| {kind} | {n} | {no} | {share} | {bad} |")
    n, yes = drawn.total() - refused.total(), inside.total()
    low, high = beta.ppf(0.025, yes, n - yes + 1), beta.ppf(0.975, yes + 1, n - yes) if yes < n else 1.0
    lines += ["", f"Seed {seed}, noise {100 * noise:g} %. Coverage {100 * yes / max(n, 1):.1f} % ({100 * low:.0f} to "
              f"{100 * high:.0f} by Clopper and Pearson). Far off: {', '.join(far) or 'none'}."]  # fmt: skip
    return lines


def told_total(cell: SyntheticCell) -> Resistance | None:
    """What `eis` says of the electrolyte's resistance; None where it is refused."""
    data = weigh(cell.frequency_Hz, cell.impedance_ohm)
    choice = choose_circuit([data], pellet=cell.pellet)
    fit = choice.chosen.fits[0]
    roles = assign_roles([fit], cell.pellet)
    readings = read_resistances(data, relaxation_times(data), cell.pellet)
    widened = inflation(neighbour_correlation(fit))
    judged = judge_total(fit, data, roles, readings, pellet=cell.pellet, inflation=widened, rivals=choice.rivals())
    return judged.resistance


def main() -> None:
    """Measure and print the tables; with `--out` replace those in that file below their marks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--cells", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--noise", type=float, default=0.005)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    lines = choice_and_coverage(options.count, options.seed, options.noise)
    lines += ["", *drift_seen(options.count, options.seed, options.noise)]
    of_cells = totals(options.cells, options.seed, options.noise)
    tables = {"": "\n".join(lines), ", totals": "\n".join(of_cells)}
    print("\n\n".join(tables.values()))
    for name, table in tables.items() if options.out else ():
        mark = f"<!-- table: benchmarks/eis_synthetic.py{name} -->\n"
        before, _, after = options.out.read_text(encoding="utf-8").partition(mark)
        rest = after[after.index("\n## ") :] if "\n## " in after else ""
        options.out.write_text(f"{before}{mark}\n{table}\n{rest}", encoding="utf-8")


if __name__ == "__main__":
    main()
