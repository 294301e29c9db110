"""Fractions of made 11B spectra against their truth, as docs/benchmarks/nmr_spectrum.md states: bias, coverage, time.

Spectra of the paper's kind (BH4 and B12H12 of o-NBH, NaBH4 and Na2B12H12), with 10 degrees of phase error, a rolling
baseline and noise, are made as decays in time (`tests/helpers/made_spectra.py`); they share nothing with the line
shapes of the fit. Run it alone on a quiet machine:

    OMP_NUM_THREADS=1 python benchmarks/nmr_spectrum.py [--sets 100]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/helpers"))

from made_spectra import made_decay, mixture
from paddlewheel.lab.nmr.deconvolution import deconvolve
from paddlewheel.lab.nmr.fractions import shares
from paddlewheel.lab.nmr.line_model import Ratio, SiteStart
from paddlewheel.lab.nmr.processing import to_spectrum

NAMES = {"o-B12H12": -15.5, "o-BH4": -44.3, "B12H12": -16.3, "BH4": -42.1}
STARTS = [SiteStart(name=name, kind="voigt", shift_ppm=shift) for name, shift in NAMES.items()]
RATIO = [Ratio(first="o-B12H12", second="o-BH4", ratio=12.0)]


def row(label: str, truth: float, values: np.ndarray, low: np.ndarray, high: np.ndarray, std: np.ndarray) -> None:
    """One line of the table; `low` and `high` are [n, 2], of 68 and of 95 %."""
    inside = [100 * np.mean((low[:, each] <= truth) & (truth <= high[:, each])) for each in (0, 1)]
    error = values.std() / np.sqrt(len(values))
    print(
        f"| {label} | {100 * truth:.2f} | {100 * (values.mean() - truth):+.3f} +- {100 * error:.3f} | "
        f"{100 * values.std():.2f} | {100 * np.sqrt(np.mean(std**2)):.2f} | {inside[0]:.0f} | {inside[1]:.0f} |",
        flush=True,
    )


def peer(sets: int, noise: float) -> None:
    """Time and share of `nmrglue.linesh.fit_spectrum`, which is given the right phase and fits no baseline."""
    import nmrglue

    seconds, shares_found = [], []
    for seed in range(sets):
        spectrum = to_spectrum(made_decay(mixture(0.61), seed=seed, noise=noise, phase_deg=0.0))
        points, spacing_Hz = spectrum.values[0].real, spectrum.axis.spectral_width_Hz / spectrum.values.shape[1]
        centres = [int(np.argmin(np.abs(spectrum.shift_ppm - start.shift_ppm))) for start in STARTS]
        began = time.perf_counter()
        lines, heights, *_ = nmrglue.linesh.fit_spectrum(
            points, ["pv"], [[(float(at), 200 / spacing_Hz, 0.5)] for at in centres],
            [float(points[at]) for at in centres],
            [[((at - 40, at + 40), (2, 200), (0, 1))] for at in centres], [(0, None)] * 4, [(at,) for at in centres],
            [1, 2, 1, 2], (300,), False, verb=False,
        )  # fmt: skip
        seconds.append(time.perf_counter() - began)
        widths, lorentz = (np.array([line[0][at] for line in lines]) for at in (1, 2))
        gauss = np.sqrt(np.pi / np.log(2)) / 2
        areas = np.array(heights) * widths * (lorentz * np.pi / 2 + (1 - lorentz) * gauss)
        shares_found.append(areas[1] / (areas[1] + areas[3]))
    print(
        f"nmrglue: {np.median(seconds):.2f} s a spectrum; o-NBH in BH4 of 61 %: {100 * np.mean(shares_found):.1f} % "
        f"in the mean, spread {100 * np.std(shares_found):.1f} points"
    )


def main() -> None:
    """All tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", type=int, default=100)
    parser.add_argument("--noise", type=float, default=0.002)
    given = parser.parse_args()
    sets = given.sets
    print(
        "| what | true, % | bias, points | spread | mean error | 68 % holds | 95 % holds |\n"
        "|---|---|---|---|---|---|---|"
    )
    seconds = []
    for truth in (0.61, 0.90):
        for label, ratios, filled in (("free areas", [], 1), ("12 : 1 given", RATIO, 1)):
            found = {"o-NBH in BH4": [], "BH4 in all boron": []}
            for seed in range(sets):
                spectrum = to_spectrum(made_decay(mixture(truth), seed=seed, noise=given.noise), zero_fill=filled)
                began = time.perf_counter()
                fit = deconvolve(spectrum, starts=STARTS, ratios=ratios)
                seconds.append(time.perf_counter() - began)
                inner = [1, 3]
                found["o-NBH in BH4"].append((shares(fit.areas[inner], fit.covariance[np.ix_(inner, inner)]), 0))
                sums = np.array([[0, 1, 0, 1], [1, 0, 1, 0]])
                found["BH4 in all boron"].append((shares(sums @ fit.areas, sums @ fit.covariance @ sums.T), 0))
            boron = sum(area for *_, area in mixture(truth))
            for name, true in (("o-NBH in BH4", truth), ("BH4 in all boron", 1 / boron)):
                parts = found[name]
                row(
                    f"{name}, {label}", true,
                    np.array([part.values[at] for part, at in parts]),
                    np.array([(part.intervals_68[at, 0], part.intervals_95[at, 0]) for part, at in parts]),
                    np.array([(part.intervals_68[at, 1], part.intervals_95[at, 1]) for part, at in parts]),
                    np.array([part.std[at] for part, at in parts]),
                )  # fmt: skip
    peer(min(sets, 20), given.noise)
    print(f"\nseconds a spectrum: median {np.median(seconds):.2f}, 95 % {np.quantile(seconds, 0.95):.2f}")


if __name__ == "__main__":
    main()
