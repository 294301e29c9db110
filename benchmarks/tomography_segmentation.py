"""Fractions and tortuosity by `segment` of synthetic FIB stacks of the paper's composites, beside multi-Otsu.

python benchmarks/tomography_segmentation.py [STACKS [PROCESSES [ALIGNMENT [FIRST_SEED]]]]

Each stack has its own body, porosity (2 to 12 %) and strength of flaws (half to one and a half of the usual). The
segmentation is told the recipe, and the porosity with an error of 1.5 points. What one grey value has is one class:
o-NBH and carbon; pores and carbon where there is no o-NBH. The truth is that of the same window of the true phases.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import get_args

import numpy as np
from skimage.filters import gaussian, threshold_multiotsu

from paddlewheel.lab.tomography.alignment import Alignment
from paddlewheel.lab.tomography.generators.composites import Morphology, composite
from paddlewheel.lab.tomography.generators.contrast import greys_of
from paddlewheel.lab.tomography.generators.fib import FibStack, Flaws, fib_stack
from paddlewheel.lab.tomography.generators.paper import PAPER, PaperComposite
from paddlewheel.lab.tomography.segmentation import Method, Segmentation, segment
from paddlewheel.lab.tomography.thresholds import prior_of_recipe
from paddlewheel.lab.tomography.transport.errors import deviations, of_method, with_errors
from paddlewheel.lab.tomography.transport.flow import Flow
from paddlewheel.lab.tomography.transport.solver import flow

CLASSES: dict[PaperComposite, tuple[str, ...]] = {
    "nco-nbh": ("pore", "VGCF+NBH", "NCO"),
    "nco-nzc": ("pore+VGCF", "NCO", "NZC"),
    "nco-nzc-nbh": ("pore", "VGCF+NBH", "NCO", "NZC"),
}
"""Dark to bright."""
FLAWS = Flaws(
    depth_nm=40, blur_nm=80, noise=0.04, drift_nm=(10, -5), wander_nm=20, curtains=0.03, shadow=0.15, brightness=0.05,
    flicker=0.01, charging=0.03,
)  # fmt: skip
MEMBERS = 10
POROSITY_STD = 0.015


@dataclass(frozen=True, kw_only=True)
class Result:
    """One conductor of one stack: fractions are the largest error of any class, in points."""

    composite: PaperComposite
    conductor: str
    seed: int
    truth: float
    tau: float
    interval: tuple[float, ...]
    otsu_tau: float
    off: float
    otsu_off: float
    wrong: float
    otsu_wrong: float

    @property
    def holds(self) -> bool:
        """Whether the 95 % interval holds the truth."""
        low, high = self.interval
        return low <= self.truth <= high


def measured(key: PaperComposite, seed: int, alignment: Alignment) -> list[Result]:
    """All conductors of one stack."""
    made, classes = PAPER[key], CLASSES[key]
    random = np.random.default_rng(seed)
    porosity, strength = random.uniform(0.02, 0.12), random.uniform(0.5, 1.5)
    told = max(porosity + POROSITY_STD * random.standard_normal(), 0.0)
    morphology = Morphology(roles=made.roles)
    body = composite(made.recipe, porosity, (100, 100, 100), (100, 100, 100), seed, morphology=morphology)
    greys = greys_of({0: None} | {number: phase.formula for number, phase in enumerate(made.recipe.phases, start=1)})
    stack = fib_stack(body, greys, flaws=FLAWS.scaled(strength), seed=seed, slice_voxels=2, name=made.title)
    prior = prior_of_recipe(made.recipe, classes, porosity=(told, POROSITY_STD), where=made.title)
    found = segment(stack.stack, classes, prior=prior, method=Method(members=MEMBERS, alignment=alignment))
    true = _true_classes(stack, classes, found)
    members = [labels.copy() for _, labels in found.family()]
    otsu = _otsu(stack, found, len(classes))
    spacing_nm = found.labels.spacing_nm

    def solved(labels: np.ndarray, number: int) -> Flow:
        return flow(labels, spacing_nm, {number: 1.0}, "z", threads=1)

    results = []
    for number, name in enumerate(classes):
        if "NBH" not in name and "NZC" not in name:
            continue
        best = solved(found.labels.labels, number)
        family = [solved(labels, number) for labels in members]
        spread = deviations(
            [each.effective_conductivity for each in family],
            [each.volume_fraction for each in family],
            [each.mean_conductivity for each in family],
            of_blocks=False,
        )
        parts = [] if spread is None else [(spread.std(-1, 0, 1), len(family) - 1)]
        interval: tuple[float, ...] = (np.inf, np.inf)
        if best.percolates:
            parts.append((of_method(best.tortuosity_factor), np.inf))
            ends = with_errors(best.tortuosity_factor, parts, lowest=1.0).interval_95 or (None, None)
            interval = tuple(best.tortuosity_factor if end is None else end for end in ends)
        results.append(
            Result(
                composite=key,
                conductor=name,
                seed=seed,
                truth=solved(true, number).tortuosity_factor,
                tau=best.tortuosity_factor,
                interval=interval,
                otsu_tau=solved(otsu, number).tortuosity_factor,
                off=_off(found.labels.labels, true, len(classes)),
                otsu_off=_off(otsu, true, len(classes)),
                wrong=float(np.mean(found.labels.labels != true)),
                otsu_wrong=float(np.mean(otsu != true)),
            )
        )
    return results


def _true_classes(stack: FibStack, classes: tuple[str, ...], found: Segmentation) -> np.ndarray:
    """Classes of the true phases in the window that the segmentation kept: bodies are periodic, so they are rolled."""
    place = {part: number for number, name in enumerate(classes) for part in name.split("+")}
    table = np.zeros(256, np.uint8)
    for label, name in stack.labels.names.items():
        table[label] = place["pore" if name == "pores" else name]
    x_nm, y_nm, _ = stack.labels.voxel_nm
    seen = stack.shifts_nm[:, ::-1] / (y_nm, x_nm) - found.drift.removed
    straight = np.roll(table[stack.labels.labels], np.rint(seen.mean(axis=0)).astype(int), axis=(1, 2))
    return np.ascontiguousarray(straight[(slice(None), *found.window)])


def _otsu(stack: FibStack, found: Segmentation, count: int) -> np.ndarray:
    """Multi-Otsu thresholds of the pictures under a Gaussian of one voxel, of the same window."""
    values = gaussian(np.asarray(stack.stack.values, float), 1.0)[(slice(None), *found.window)]
    return np.ascontiguousarray(np.digitize(values, threshold_multiotsu(values, classes=count)).astype(np.uint8))


def _off(labels: np.ndarray, true: np.ndarray, count: int) -> float:
    """Largest difference of a volume fraction, points."""
    counts = [np.bincount(each.reshape(-1), minlength=count) / each.size for each in (labels, true)]
    return float(100 * np.max(np.abs(counts[0] - counts[1])))


def main(stacks: int, processes: int, alignment: Alignment, first_seed: int = 0) -> None:
    """Print a line for each conductor of each stack, then the table."""
    keys = list(PAPER)
    jobs = [(keys[seed % 3], seed, alignment) for seed in range(first_seed, first_seed + stacks)]
    with ProcessPoolExecutor(processes) as pool:
        results: list[Result] = []
        for each in pool.map(measured, *zip(*jobs, strict=True)):
            for one in each:
                low, high = one.interval
                print(f"{one.composite} {one.seed} {one.conductor}: truth {one.truth:.3f}, tau {one.tau:.3f} "
                      f"({low:.3f} to {high:.3f}){'' if one.holds else ' MISSED'}, off {one.off:.2f}; Otsu "
                      f"{one.otsu_tau:.3f}, off {one.otsu_off:.2f}", file=sys.stderr, flush=True)  # fmt: skip
            results += each
    print("| composite | conductor | stacks | largest error of a fraction: median, worst, points | within 2 points |"
          " tau over truth: median, range | interval of 95 % holds the truth | its half width, median |"
          " Otsu: error of a fraction, median, worst | Otsu: within 2 points | Otsu: tau over truth |")  # fmt: skip
    print("|---" * 11 + "|")
    for key in keys:
        for name in CLASSES[key]:
            rows = [one for one in results if (one.composite, one.conductor) == (key, name)]
            if rows:
                print(_row(PAPER[key].title, name, rows))
    print(_row("all", "", results))


def _row(title: str, conductor: str, rows: list[Result]) -> str:
    off, otsu_off = np.array([one.off for one in rows]), np.array([one.otsu_off for one in rows])
    ratio = np.array([one.tau / one.truth for one in rows])
    otsu = np.array([one.otsu_tau / one.truth for one in rows])
    width = np.median([0.5 * (one.interval[1] - one.interval[0]) / one.tau for one in rows])
    held = sum(one.holds for one in rows)
    return (f"| {title} | {conductor} | {len(rows)} | {np.median(off):.2f}, {off.max():.2f} | "
            f"{100 * np.mean(off <= 2):.0f} % | {np.median(ratio):.3f}, {ratio.min():.3f} to {ratio.max():.3f} | "
            f"{held} of {len(rows)} ({100 * held / len(rows):.0f} %) | {100 * width:.1f} % | "
            f"{np.median(otsu_off):.1f}, {otsu_off.max():.1f} | {100 * np.mean(otsu_off <= 2):.0f} % | "
            f"{otsu.min():.2f} to {otsu.max():.2f} |")  # fmt: skip


if __name__ == "__main__":
    given = sys.argv[1:]
    wanted: list[Alignment] = [each for each in get_args(Alignment) if each in given[2:]]
    main(
        int(given[0]) if given else 50,
        int(given[1]) if len(given) > 1 else 1,
        (wanted or [Method().alignment])[0],
        int(given[3]) if len(given) > 3 else 0,
    )
