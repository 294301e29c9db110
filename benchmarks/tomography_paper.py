"""Which composition, conductor and definition give the paper's ionic tortuosities 1.53, 4.91 and 3.46?

python benchmarks/tomography_paper.py [SEEDS [COMPOSITE ...]]

Composites of the paper's recipes (Joule 9, 102130, Methods), as large as its stacks: 10 um, 50 slices of 200 nm. What
the paper does not tell (porosity, shapes, size of a pixel, which phases conduct, what was done with the slices) is
tried each way; the flow along z is solved each time. Prints the tables of docs/benchmarks/tomography_paper.md.
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np
from skimage.filters import gaussian, threshold_multiotsu

from paddlewheel.lab.tomography.generators.composites import Morphology, composite
from paddlewheel.lab.tomography.generators.contrast import greys_of
from paddlewheel.lab.tomography.generators.fib import Flaws, fib_stack
from paddlewheel.lab.tomography.generators.paper import PAPER, Made, PaperComposite
from paddlewheel.lab.tomography.transport.flow import Flow
from paddlewheel.lab.tomography.transport.solver import flow
from paddlewheel.lab.tomography.voxels import Labels

POROSITIES = (0.0, 0.1, 0.2, 0.35)
SHAPES: Mapping[str, Mapping] = {
    "packed": {},
    "by chance": {"overlap": 1.0},
    "1 to 3 um": {"diameter_um": (1.0, 3.0)},
    "flat": {"aspect": 4.0},
}
"""Of NCO; besides, NZC of the third composite is tried as grains instead of a coating."""
FLAWS = Flaws(
    depth_nm=40, blur_nm=80, noise=0.04, drift_nm=(10, -5), wander_nm=20, curtains=0.03, shadow=0.15, brightness=0.05,
    flicker=0.01, charging=0.03,
)  # fmt: skip
CONDUCTORS = {
    "o-NBH alone": {"NBH": 4.6},
    "NZC alone": {"NZC": 0.06},
    "both alike": {"NBH": 1.0, "NZC": 1.0},
    "both, 4.6 and 0.06": {"NBH": 4.6, "NZC": 0.06},
}
DEFINITIONS = ("tau", "sqrt(tau)", "MacMullin", "tau, slices as cubes, pixel 100 nm", "same, pixel 50 nm")


def bodies(made: Made, key: PaperComposite, seeds: int) -> Iterator[tuple[float, Labels]]:
    """Of every porosity, shape and seed, in pixels of 50 nm and slices of 200 nm."""
    shapes: list[tuple[Mapping, str]] = [(sizes, "coating") for sizes in SHAPES.values()]
    if key == "nco-nzc-nbh":
        shapes.append(({}, "matrix"))
    number = 0
    for porosity in POROSITIES:
        for sizes, nzc in shapes:
            roles = {name: nzc if name == "NZC" else role for name, role in made.roles.items()}
            for _ in range(seeds):
                number += 1
                morphology = Morphology(roles=roles, **sizes)  # type: ignore[arg-type]
                body = composite(made.recipe, porosity, (50, 200, 200), (50, 50, 200), number, morphology=morphology)
                yield porosity, body


def by_label(body: Labels, conductor: str) -> dict[int, float]:
    """Conductivities of the labels that a body has; none where the conductor is none of this composite."""
    known = {name: number for number, name in body.names.items()}
    asked = CONDUCTORS[conductor]
    found = {known[name]: value for name, value in asked.items() if name in known}
    return found if len(found) == len(asked) else {}


def numbers(body: Labels, conductor: str) -> dict[str, float]:
    """All definitions of one body by one conductor."""
    conducting = by_label(body, conductor)
    if not conducting:
        return {}
    coarse = np.ascontiguousarray(body.labels[:, ::2, ::2])

    def solved(labels: np.ndarray, spacing_nm: tuple[float, float, float]) -> Flow:
        return flow(labels, spacing_nm, conducting, "z", threads=1)

    true = solved(coarse, (200, 100, 100))
    return {
        "tau": true.tortuosity_factor,
        "sqrt(tau)": true.square_root,
        "MacMullin": true.macmullin_number,
        DEFINITIONS[3]: solved(coarse, (1, 1, 1)).tortuosity_factor,
        DEFINITIONS[4]: solved(body.labels, (1, 1, 1)).tortuosity_factor,
    }


def by_otsu(made: Made, seed: int, smooth: float) -> tuple[float, float, float, float]:
    """True tau and fraction of the best conductor, and what multi-Otsu thresholds of a stack make of them."""
    body = composite(made.recipe, 0.05, (100, 100, 100), (100, 100, 100), seed, morphology=Morphology(roles=made.roles))
    formulas = {0: None} | {number: phase.formula for number, phase in enumerate(made.recipe.phases, start=1)}
    greys = greys_of(formulas)
    stack = fib_stack(body, greys, flaws=FLAWS, seed=seed, slice_voxels=2)
    name = "NBH" if "NBH" in made.roles else "NZC"
    number = next(label for label, found in body.names.items() if found == name)
    values = (
        gaussian(np.asarray(stack.stack.values, float), smooth) if smooth else np.asarray(stack.stack.values, float)
    )
    # carbon is as dark as o-NBH: one class of both
    classes = sorted({round(grey, 1): label for label, grey in greys.items() if body.names[label] != "VGCF"}.items())
    regions = np.digitize(values, threshold_multiotsu(values, classes=len(classes)))
    place = next(place for place, (_, label) in enumerate(classes) if label == number)
    truth = flow(stack.labels.labels, (200, 100, 100), {number: 1.0}, "z", threads=1)
    seen = flow((regions == place).astype(np.uint8), (200, 100, 100), {1: 1.0}, "z", threads=1)
    return truth.tortuosity_factor, truth.volume_fraction, seen.tortuosity_factor, seen.volume_fraction


def porosities_of(wanted: float, ends: Mapping[float, tuple[float, float]]) -> str:
    """Porosities at which a number lies between the smallest and the largest value, linear in their logarithms."""
    at = np.linspace(min(ends), max(ends), 351)
    low, high = (
        np.exp(np.interp(at, list(ends), [min(math.log(pair[place]), 700.0) for pair in ends.values()]))
        for place in (0, 1)
    )
    inside = at[(low <= wanted) & (wanted <= high)]
    if inside.size:
        return f"{100 * inside[0]:.0f} to {100 * inside[-1]:.0f} %"
    return "at none" if wanted < low[0] else f"above {100 * at[-1]:.0f} %"


def spread(values: list[float]) -> str:
    """Smallest to largest."""
    low, high = min(values), max(values)
    return f"{low:.2f} to {'inf' if math.isinf(high) else f'{high:.2f}'}"


def table(key: PaperComposite, seeds: int) -> None:
    """Print one composite: what each conductor and definition give, and at which porosity they give the paper's."""
    made = PAPER[key]
    found: dict[tuple[str, str, float], list[float]] = defaultdict(list)
    for porosity, body in bodies(made, key, seeds):
        for conductor in CONDUCTORS:
            for definition, value in numbers(body, conductor).items():
                found[conductor, definition, porosity].append(value)
    solid = ", ".join(f"{name} {100 * share:.1f} %" for name, share in made.recipe.solid_fractions().items())
    print(f"\n### {made.title}: {made.tortuosity} in the paper\n\nOf the solid: {solid}.\n")
    print("| conductor | porosity | " + " | ".join(DEFINITIONS) + " |")
    print("|---|---|" + "---|" * len(DEFINITIONS))
    for conductor in dict.fromkeys(conductor for conductor, _, _ in found):
        for porosity in POROSITIES:
            cells = [spread(found[conductor, definition, porosity]) for definition in DEFINITIONS]
            print(f"| {conductor} | {100 * porosity:.0f} % | " + " | ".join(cells) + " |")
        cells = []
        for definition in DEFINITIONS:
            rows = {porosity: found[conductor, definition, porosity] for porosity in POROSITIES}
            ends = {porosity: (min(values), max(values)) for porosity, values in rows.items()}
            cells.append(porosities_of(made.tortuosity, ends))
        print(f"| {conductor} | **{made.tortuosity} at** | " + " | ".join(cells) + " |", flush=True)


def main(seeds: int, keys: list[PaperComposite]) -> None:
    """Print the tables."""
    for key in keys:
        table(key, seeds)
    print("\n### Multi-Otsu thresholds instead of the true phases\n\nPorosity 5 %, voxels of 100 x 100 x 200 nm.\n\n"
          "| composite | smoothing, voxels | true fraction | by Otsu | true tau | by Otsu |\n"
          "|---|---|---|---|---|---|")  # fmt: skip
    for key in keys:
        for smooth in (0.0, 1.0):
            rows = np.array([by_otsu(PAPER[key], seed, smooth) for seed in range(1, seeds + 2)]).T
            truth, fraction, seen, seen_fraction = rows.tolist()
            print(f"| {PAPER[key].title} | {smooth:g} | {spread(fraction)} | {spread(seen_fraction)} | "
                  f"{spread(truth)} | {spread(seen)} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    named: list[PaperComposite] = [key for key in PAPER if key in sys.argv[2:]]
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2, named or list(PAPER))
