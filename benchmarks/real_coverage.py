"""Do the intervals hold on real dynamics? Long runs fix the truth; pieces of them are analysed as if they were all.

    paddlewheel conduct o-nbh --temperatures 600,650,700,750,800 --no-arrhenius --ensemble nvt --supercell 1x1x1 \
        --equilibrate-ps 20 --production-ps 250 --replicas 10 --seed 2026 --out RUNS
    python benchmarks/real_coverage.py keep RUNS --out PATHS          # what is needed of them, once they ended
    python benchmarks/real_coverage.py msd PATHS --out benchmarks/real_runs/o-nbh-128.csv   # what is committed of them
    python benchmarks/real_coverage.py table PATHS [--replicas 1,2] [--out docs/benchmarks/real_coverage.md]

The first command can be killed and goes on; of a run that is still going what it has by now is kept. The truth of a
temperature is the slope of the MSD of all of its runs from a fifth to a half of their length, which none of the
functions under test made; its error is the scatter between them. A set is as many pieces as there
are replicas, each of another run where there are enough; it is analysed by the functions of `conduct`. Sets of one
length share no piece until all pieces have been used once; then they are drawn again in other company. Pieces begin
10 ps apart, so that those of one length longer than that share frames (the number of sets that know nothing of each
other is the length of all runs over that of a set, and is told). A set of all temperatures is one such set of each, and
is fitted as `conduct` does.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.studies.conduct.fit import excess_of, fit_temperatures
from paddlewheel.studies.conduct.measure import analyse_temperature, with_excess
from paddlewheel.studies.conduct.runs import Analysed, TemperatureRuns
from paddlewheel.studies.motion.hop_distance import HopDistance, hop_distance
from paddlewheel.trajectories import Displacements, displacements, open_store, read_thermo
from paddlewheel.transport import CAGE_PS, conductivity_per_diffusivity
from paddlewheel.transport.lagged import Pool
from paddlewheel.transport.regression import lag_grid
from paddlewheel.units import A2_PER_PS_IN_CM2_PER_S, BOLTZMANN_eV_PER_K

if TYPE_CHECKING:
    from paddlewheel.records import Measured

LENGTHS_PS = (10.0, 25.0, 50.0, 100.0)
TRUTH_LAGS = (0.2, 0.5)
"""Of the length of a run: where the slope of the MSD is taken for the final one."""
STARTS_APART_PS = 10.0
"""Five times the lag from which the MSD of o-NBH is taken for straight at 650 K and above."""
_THERMO = ("time_ps", "potential_energy_eV", "volume_A3", "temperature_K", "pressure_GPa")


@dataclass(frozen=True)
class LongRun:
    """One long run: paths of its ions, and its thermodynamic columns, both from the end of its equilibration on."""

    name: str
    temperature_K: float
    paths: Displacements
    thermo: dict[str, np.ndarray]
    hop: HopDistance
    mass_u: float

    @property
    def length_ps(self) -> float:
        """Of the production."""
        return self.paths.frame_interval_fs / 1000 * (self.paths.n_frames - 1)

    def piece(self, first: int, n_frames: int) -> LongRun:
        """These frames as a run of its own."""
        step_ps = self.paths.frame_interval_fs / 1000
        inside = (self.thermo["time_ps"] >= first * step_ps - 1e-9) & (
            self.thermo["time_ps"] <= (first + n_frames - 1) * step_ps + 1e-9
        )
        thermo = {name: values[inside] for name, values in self.thermo.items()}
        thermo["time_ps"] = thermo["time_ps"] - first * step_ps
        part = slice(first, first + n_frames)
        paths = replace(self.paths, positions_A=self.paths.positions_A[part], volumes_A3=self.paths.volumes_A3[part])
        return replace(self, name=f"{self.name}@{first}", paths=paths, thermo=thermo)


def keep(directory: Path, out: Path, specie: str) -> None:
    """Write of each run of `directory` what the analysis takes, a file each, as far as it has gone."""
    out.mkdir(parents=True, exist_ok=True)
    for store in sorted((directory / "trajectories").glob("*.zarr")):
        document = json.loads((directory / "units" / store.stem / "unit.json").read_text(encoding="utf-8"))
        md = _find(document, "md")
        trajectory = open_store(store)
        if trajectory.n_frames * md["frame_interval_fs"] / 1000 < md["equilibrate_ps"] + LENGTHS_PS[-1]:
            continue
        production = trajectory.after(md["equilibrate_ps"])
        paths = displacements(production, specie=specie)
        columns = read_thermo(store)
        columns = columns | {"time_ps": columns["time_ps"] - md["equilibrate_ps"]}
        inside = columns["time_ps"] >= -1e-9
        hop = hop_distance(production, specie=specie)
        held: dict[str, Any] = {f"thermo_{name}": columns[name][inside] for name in _THERMO}
        np.savez_compressed(
            out / f"{store.stem}.npz",
            allow_pickle=False,
            positions_A=np.round(paths.positions_A, 4).astype(np.float32), mean_cell_A=paths.mean_cell_A,
            volumes_A3=paths.volumes_A3, indices=paths.indices, cell_lengths_A=paths.cell_lengths_mean_A,
            about=json.dumps({
                "temperature_K": md["temperature_K"], "frame_interval_fs": md["frame_interval_fs"],
                "specie": specie, "density_g_per_cm3": paths.density_g_per_cm3, "hop_A": hop.value_A,
                "hop_from": hop.origin, "mass_u": float(sum(_find(document, "structure")["masses_u"])),
                "drift_removed": paths.drift_removed,
            }),
            **held,
        )  # fmt: skip
        print(f"{store.stem}: {paths.n_frames} frames", flush=True)


def _find(document: dict[str, Any], key: str) -> dict[str, Any]:
    """The part of a unit's document under `key`, wherever it stands."""
    if key in document:
        return document[key]
    return next(found for value in document.values() if isinstance(value, dict) and (found := _find(value, key)))


def read_kept(folder: Path) -> dict[float, list[LongRun]]:
    """The runs of `keep`, by temperature."""
    by_temperature: dict[float, list[LongRun]] = {}
    for file in sorted(folder.glob("*.npz")):
        with np.load(file) as held:
            about = json.loads(str(held["about"]))
            n_frames = len(held["positions_A"])
            paths = Displacements(
                positions_A=held["positions_A"].astype(np.float64), mean_cell_A=held["mean_cell_A"],
                volumes_A3=held["volumes_A3"][:n_frames], frame_interval_fs=about["frame_interval_fs"],
                indices=held["indices"], symbol=about["specie"], density_g_per_cm3=about["density_g_per_cm3"],
                drift_removed=about["drift_removed"], cell_lengths_mean_A=held["cell_lengths_A"],
                cell_lengths_std_A=np.zeros(3),
            )  # fmt: skip
            thermo = {name: held[f"thermo_{name}"] for name in _THERMO}
        run = LongRun(file.stem, about["temperature_K"], paths, thermo, HopDistance(about["hop_A"], about["hop_from"]),
                      about["mass_u"])  # fmt: skip
        by_temperature.setdefault(run.temperature_K, []).append(run)
    return dict(sorted(by_temperature.items()))


def msd_lines(folder: Path) -> Iterator[str]:
    """The MSD of each run, of single ions and of their charge as a whole, at log-spaced lags: a table."""
    yield "run,temperature_K,run_ps,lag_ps,msd_A2,msd_charge_per_ion_A2"
    for temperature_K, runs in read_kept(folder).items():
        for run in runs:
            paths, step_ps = run.paths.positions_A, run.paths.frame_interval_fs / 1000
            lags = lag_grid(len(paths))
            single = Pool.of([paths], lags).msd.sum(axis=1)
            together = Pool.of([paths.sum(axis=1)[:, None]], lags).msd.sum(axis=1) / paths.shape[1]
            for lag, own, all_ions in zip(lags, single, together, strict=True):
                yield f"{run.name},{temperature_K:g},{run.length_ps:.0f},{lag * step_ps:g},{own:.5g},{all_ions:.5g}"


def analysed(runs: Sequence[LongRun], minimum_onset_ps: float | None) -> Analysed:
    """These runs as the replicas of one temperature, by the functions of `conduct`."""
    first = runs[0]
    step_ps = first.paths.frame_interval_fs / 1000
    together = TemperatureRuns(
        temperature_K=first.temperature_K, displacements=[run.paths for run in runs], n_ions=len(first.paths.indices),
        mass_u=first.mass_u, volume_A3=float(np.mean([run.paths.volumes_A3.mean() for run in runs])),
        thermo={run.name: run.thermo for run in runs}, sane=[run.name for run in runs],
        state=[run.thermo for run in runs],
        production_ps=step_ps * (first.paths.n_frames - 1), hop_distance=first.hop,
    )  # fmt: skip
    return analyse_temperature(together, charge_e=1.0, minimum_onset_ps=minimum_onset_ps)


def sets_of(
    runs: Sequence[LongRun], length_ps: float, replicas: int, count: int, random: np.random.Generator
) -> Iterator[list[LongRun]]:
    """`count` sets of `replicas` pieces of this length, of different runs where there are enough."""
    n_frames = round(1000 * length_ps / runs[0].paths.frame_interval_fs) + 1
    apart_frames = round(1000 * min(STARTS_APART_PS, length_ps) / runs[0].paths.frame_interval_fs)
    pieces = [
        (k, first) for k, run in enumerate(runs) for first in range(0, run.paths.n_frames - n_frames + 1, apart_frames)
    ]
    left: list[tuple[int, int]] = []
    for _ in range(count if len(pieces) >= replicas else 0):
        chosen: list[tuple[int, int]] = []
        while len(chosen) < replicas:
            if not left:
                left = [pieces[i] for i in random.permutation(len(pieces))]
            others = {k for k, _ in chosen}
            apart = next((piece for piece in left if piece[0] not in others), left[0])
            left.remove(apart)
            if apart not in chosen:
                chosen.append(apart)
        yield [runs[k].piece(first, n_frames) for k, first in chosen]


QUANTITIES = {
    "D": "diffusivity_cm2_per_s",
    "sigma": "conductivity_mS_per_cm",
    "collective": "conductivity_collective_mS_per_cm",
    "Haven ratio": "haven_ratio",
}


class Tally:
    """How often intervals hold a truth."""

    def __init__(self) -> None:
        self.n, self.in_68, self.in_95 = 0, 0, 0
        self.log_ratios: list[float] = []

    def add(self, measured: Measured, truth: float) -> None:
        """Count one."""
        if measured.interval_95 is None:
            return
        low_68, high_68 = measured.interval_68 or (measured.value - measured.std, measured.value + measured.std)
        self.n += 1
        self.in_68 += low_68 <= truth <= high_68
        self.in_95 += measured.interval_95[0] <= truth <= measured.interval_95[1]
        self.log_ratios.append(float(np.log(measured.value / truth)) if measured.value * truth > 0 else np.nan)

    @classmethod
    def of_all(cls, tallies: Iterable[Tally]) -> Tally:
        """Those of several together."""
        whole = cls()
        for each in tallies:
            whole.n, whole.in_68, whole.in_95 = whole.n + each.n, whole.in_68 + each.in_68, whole.in_95 + each.in_95
            whole.log_ratios += each.log_ratios
        return whole

    def cells(self) -> str:
        """Number, coverages, and the median and scatter of ln(value / truth), of a table."""
        if not self.n:
            return "0 | | | "
        logs = np.array(self.log_ratios)
        return (
            f"{self.n} | {100 * self.in_68 / self.n:.0f} | {100 * self.in_95 / self.n:.0f} | "
            f"{np.nanmedian(logs):+.2f}, {np.nanstd(logs):.2f}"
        )


@dataclass(frozen=True)
class Truth:
    """Of one temperature, from the MSD of all runs at long lags alone: value and standard error of each quantity."""

    values: dict[str, tuple[float, float]]

    @classmethod
    def of(cls, runs: Sequence[LongRun]) -> Truth:
        """Slopes of the MSD, of single ions and of their charge, over `TRUTH_LAGS` of each run; errors by scatter.

        Runs that are still short (under nine tenths of the longest) are left out.
        """
        longest = max(run.length_ps for run in runs)
        runs = [run for run in runs if run.length_ps > 0.9 * longest]
        slopes = []
        for run in runs:
            paths, step_ps = run.paths.positions_A, run.paths.frame_interval_fs / 1000
            first, last = (round(share * len(paths)) for share in TRUTH_LAGS)
            lags = np.linspace(first, last, 40).astype(int)
            msds = (
                Pool.of([paths], lags).msd.sum(axis=1),
                Pool.of([paths.sum(axis=1)[:, None]], lags).msd.sum(axis=1) / paths.shape[1],
            )
            slopes.append([np.polyfit(lags * step_ps, msd, 1)[0] / 6.0 for msd in msds])
        single, together = np.array(slopes).T * A2_PER_PS_IN_CM2_PER_S
        first_paths = runs[0].paths
        per_d = conductivity_per_diffusivity(
            n_ions=len(first_paths.indices), mean_volume_A3=float(first_paths.volumes_A3.mean()), charge_e=1.0,
            temperature_K=runs[0].temperature_K,
        )  # fmt: skip
        n = len(runs)
        without = [(np.delete(single, k).mean(), np.delete(together, k).mean()) for k in range(n)] if n > 1 else []
        ratios = np.array([a / b for a, b in without])
        own, own_error = float(single.mean()), float(single.std(ddof=1) / np.sqrt(n)) if n > 1 else np.nan
        all_ions, error = float(together.mean()), float(together.std(ddof=1) / np.sqrt(n)) if n > 1 else np.nan
        return cls({
            "D": (own, own_error),
            "sigma": (per_d * own, per_d * own_error),
            "collective": (per_d * all_ions, per_d * error),
            "Haven ratio": (own / all_ions, float(np.sqrt((n - 1) * ratios.var())) if n > 1 else np.nan),
        })  # fmt: skip


def line_through(truths: dict[float, Truth]) -> dict[str, float]:
    """Barrier (eV) and conductivity at 300 K (mS/cm) of the line of ln(sigma T) through the truths."""
    kelvin = np.array(list(truths))
    sigma, error = np.array([truth.values["sigma"] for truth in truths.values()]).T
    weights = sigma / error if np.isfinite(error).all() else np.ones(len(kelvin))
    slope, level = np.polyfit(1.0 / (BOLTZMANN_eV_PER_K * kelvin), np.log(sigma * kelvin), 1, w=weights)
    return {"Ea": -float(slope), "sigma(300 K)": float(np.exp(level + slope / (BOLTZMANN_eV_PER_K * 300.0)) / 300.0)}


def truth_lines(by_temperature: dict[float, list[LongRun]], truths: dict[float, Truth]) -> list[str]:
    """A table of them."""
    lines = [
        "| T (K) | runs | ps | D (1e-6 cm2/s) | sigma, collective (mS/cm) | Haven ratio |",
        "|---|---|---|---|---|---|",
    ]
    for temperature_K, truth in truths.items():
        runs = by_temperature[temperature_K]
        shown = [
            f"{truth.values[name][0] * scale:.3g} +- {truth.values[name][1] * scale:.2g}"
            for name, scale in (("D", 1e6), ("collective", 1), ("Haven ratio", 1))
        ]
        lines.append(
            f"| {temperature_K:g} | {len(runs)} | {sum(run.length_ps for run in runs):.0f} | {' | '.join(shown)} |"
        )
    return lines


def coverage_lines(
    folder: Path, replicas: int, count: int, seed: int, minimum_onset_ps: float, lengths_ps: Sequence[float]
) -> list[str]:
    """The tables of one number of replicas."""
    by_temperature = read_kept(folder)
    truth = {temperature_K: Truth.of(runs) for temperature_K, runs in by_temperature.items()}
    lines, line = truth_lines(by_temperature, truth), line_through(truth)
    lines += ["", f"Line of all: {line['Ea']:.3f} eV, {line['sigma(300 K)']:.3g} mS/cm at 300 K."]
    random = np.random.default_rng(seed)
    of_rows = {(T, L, name): Tally() for T in truth for L in lengths_ps for name in QUANTITIES}
    of_line = {(L, name): Tally() for L in lengths_ps for name in ("Ea", "sigma(300 K)")}
    statuses: dict[tuple[float, float], Counter[str]] = {}
    ratios: dict[float, list[float]] = {length_ps: [] for length_ps in lengths_ps}
    for length_ps in lengths_ps:
        drawn: dict[float, list[Analysed]] = {}
        for temperature_K, runs in by_temperature.items():
            sets = sets_of(runs, length_ps, replicas, count, random)
            drawn[temperature_K] = [analysed(members, minimum_onset_ps) for members in sets]
            statuses[temperature_K, length_ps] = Counter(each.row.status for each in drawn[temperature_K])
        for k in range(min(len(sets) for sets in drawn.values())):
            study = [sets[k] for sets in drawn.values()]
            fit = fit_temperatures(study)
            together = (fit.fit.excess if fit.fit else None) or excess_of(study)
            ratios[length_ps].append(together.ratio)
            for each in study:
                row = with_excess(each, together)
                for name, field in QUANTITIES.items():
                    if (found := getattr(row, field)) is not None:
                        of_rows[row.temperature_K, length_ps, name].add(found, truth[row.temperature_K].values[name][0])
            for name, field in (("Ea", "activation_energy_eV"), ("sigma(300 K)", "conductivity_300K_mS_per_cm")):
                if (found := getattr(fit.result, field)) is not None:
                    of_line[length_ps, name].add(found, line[name])
    head = ["sets", "in 68 %", "in 95 %", "ln(value / truth): median, scatter"]
    lines += ["", f"{replicas} replicas, {count} sets a cell at most, seed {seed}.", ""]
    lines += [f"| quantity | T (K) | {' | '.join(head)} |", "|---|---|" + "---|" * len(head)]
    for name in QUANTITIES:
        for temperature_K in truth:
            pooled = Tally.of_all(of_rows[temperature_K, length_ps, name] for length_ps in lengths_ps)
            lines.append(f"| {name} | {temperature_K:g} | {pooled.cells()} |")
    lines += ["", f"| length (ps) | quantity | {' | '.join(head)} |", "|---|---|" + "---|" * len(head)]
    for length_ps in lengths_ps:
        for name in QUANTITIES:
            pooled = Tally.of_all(of_rows[temperature_K, length_ps, name] for temperature_K in truth)
            lines.append(f"| {length_ps:g} | {name} | {pooled.cells()} |")
        for name in ("Ea", "sigma(300 K)"):
            lines.append(f"| {length_ps:g} | {name} | {of_line[length_ps, name].cells()} |")
    lines += [
        "",
        "| T (K) | " + " | ".join(f"{length_ps:g} ps" for length_ps in lengths_ps) + " |",
        "|---|" + "---|" * len(lengths_ps),
    ]
    for temperature_K in truth:
        told = []
        for length_ps in lengths_ps:
            found = statuses[temperature_K, length_ps]
            refused = found.total() - found["ok"]
            told.append(f"{refused} of {found.total()}")
        lines.append(f"| {temperature_K:g} | {' | '.join(told)} |")
    lines += [
        "",
        "Ratio of variances, mean: "
        + ", ".join(f"{np.mean(found):.2f} at {length_ps:g} ps" for length_ps, found in ratios.items() if found),
    ]
    return lines


def main() -> None:
    """`keep`, `msd` or `table`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("keep", "msd", "table"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--specie", default="Na")
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minimum-onset-ps", type=float, default=CAGE_PS)
    parser.add_argument("--lengths-ps", type=float, nargs="+", default=LENGTHS_PS)
    options = parser.parse_args()
    if options.what == "keep":
        keep(options.folder, options.out, options.specie)
        return
    if options.what == "msd":
        options.out.write_text("\n".join(msd_lines(options.folder)) + "\n", encoding="utf-8")
        return
    lines = coverage_lines(
        options.folder, options.replicas, options.count, options.seed, options.minimum_onset_ps, options.lengths_ps
    )
    told = "\n".join(lines)
    print(told)
    if options.out:
        options.out.write_text(told + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
