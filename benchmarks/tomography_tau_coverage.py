"""Coverage of the intervals of tau by blocks: bodies cut from larger ones whose flow is known.

python benchmarks/tomography_tau_coverage.py [LARGE_BODIES]

Each large body (periodic) is cut into 27. The truth is <sigma>/sigma_eff of the large bodies, their conductivities
averaged.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy.stats import t

from paddlewheel.lab.tomography.generators.composites import Morphology, composite
from paddlewheel.lab.tomography.generators.paper import PAPER, PaperComposite
from paddlewheel.lab.tomography.transport.errors import Deviations, deviations
from paddlewheel.lab.tomography.transport.flow import Flow
from paddlewheel.lab.tomography.transport.solver import flow
from paddlewheel.studies.tomography_measure.flows import blocks_of

EDGE, ACROSS, PARTS = 60, 3, (1, 2, 3)
SPACING_NM = (200.0, 200.0, 200.0)
COMPOSITES: dict[PaperComposite, str] = {"nco-nbh": "NBH", "nco-nzc": "NZC"}
POROSITY = 0.04


def numbers(found: Flow) -> tuple[float, float, float]:
    """sigma_eff, volume fraction, mean conductivity."""
    return found.effective_conductivity, found.volume_fraction, found.mean_conductivity


def flows_of(name: PaperComposite, phase: str, count: int) -> dict[str, np.ndarray]:
    """Flows of large bodies [count, 3], and of those cut from them by parts [count * 27, parts^3, 3]."""
    made = PAPER[name]
    morphology = Morphology(roles=made.roles)
    edge = EDGE * ACROSS
    large = []
    small: dict[int, list[list[tuple[float, float, float]]]] = {parts: [] for parts in PARTS}
    for seed in range(count):
        body = composite(made.recipe, POROSITY, (edge, edge, edge), SPACING_NM, seed, morphology=morphology)
        conducting = {number: 1.0 for number, of in body.names.items() if of == phase}
        large.append(numbers(flow(body.labels, SPACING_NM, conducting, "z", periodic_sides=True)))
        for piece in blocks_of(body.labels, ACROSS):
            for parts in PARTS:
                small[parts].append(
                    [numbers(flow(block, SPACING_NM, conducting, "z")) for block in blocks_of(piece, parts)]
                )
        print(f"{name}, large body {seed}", file=sys.stderr, flush=True)
    return {f"{name}_large": np.array(large)} | {f"{name}_{parts}": np.array(of) for parts, of in small.items()}


def row(found: dict[str, np.ndarray], name: str, *, independent: bool) -> str:
    """Coverage by the larger error of halves and thirds, as `tomography measure` has it."""
    large = found[f"{name}_large"].mean(axis=0)
    truth = large[2] / large[0]
    missed, stated, inside = [], [], {0.6827: 0, 0.95: 0}
    for body, *cut in zip(found[f"{name}_1"][:, 0], *(found[f"{name}_{parts}"] for parts in (2, 3)), strict=True):
        known = [deviations(*blocks.T, of_blocks=True) for blocks in cut]
        of = max((each for each in known if each is not None), key=lambda each: spread(each, independent=independent))
        std = spread(of, independent=independent)
        missed.append(np.log(body[2] / body[0] / truth))
        stated.append(std)
        for level in inside:
            inside[level] += abs(missed[-1]) <= t.ppf(0.5 + level / 2, len(of.conductivity) - 1) * std
    shares = " | ".join(f"{100 * count / len(missed):.0f} %" for count in inside.values())
    rms, mean = np.sqrt(np.mean(np.square(stated))), np.mean(missed)
    return (f"| {name} | {'s^2/n' if independent else 'a = 0.7'} | {len(missed)} | {truth:.3f} | {mean:+.3f} "
            f"| {np.std(missed):.3f} | {rms:.3f} | {shares} |")  # fmt: skip


def spread(of: Deviations, *, independent: bool) -> float:
    """Standard deviation of ln tau."""
    stated = of.std(-1, 0, 1)
    return stated / of.scale / np.sqrt(len(of.conductivity)) if independent else stated


def main(count: int) -> None:
    """Print a row for each composite and model."""
    print(
        "| composite | model | bodies | true tau | mean of ln tau/true | std of it | stated, rms | in 68 % | in 95 % |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, phase in COMPOSITES.items():
        found = flows_of(name, phase, count)
        for independent in (True, False):
            print(row(found, name, independent=independent), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8)
