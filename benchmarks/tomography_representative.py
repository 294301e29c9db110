"""Coverage of intervals of volume fractions: sub-bodies of large random bodies whose fraction is known.

python benchmarks/tomography_representative.py [BODIES]
"""

from __future__ import annotations

import sys

import numpy as np
from scipy import ndimage
from scipy.special import ndtri

from paddlewheel.lab.tomography.representative import fraction_error
from paddlewheel.lab.tomography.voxels import Labels

VOXEL_NM = (10.0, 10.0, 10.0)


def gaussian_field(random: np.random.Generator, edge: int, fraction: float, sigma: float) -> np.ndarray:
    """Voxels where white noise smoothed by a Gaussian of sigma voxels is below the quantile of the fraction."""
    margin = int(4 * sigma) + 1
    noise = ndimage.gaussian_filter(random.standard_normal((edge + 2 * margin,) * 3), sigma)
    inner = noise[margin:-margin, margin:-margin, margin:-margin]
    # variance of white noise under a Gaussian kernel: the sum of its squared weights
    unit = np.zeros((2 * margin + 1,) * 3)
    unit[margin, margin, margin] = 1
    std = np.sqrt((ndimage.gaussian_filter(unit, sigma) ** 2).sum())
    return inner < ndtri(fraction) * std


def boolean_spheres(random: np.random.Generator, edge: int, fraction: float, radius: float) -> np.ndarray:
    """Union of spheres around Poisson points: the fraction is 1 - exp(-n V) (Matheron), V counted in voxels."""
    reach = int(np.ceil(radius))
    offsets = np.arange(-reach, reach + 1)
    z, y, x = np.meshgrid(offsets, offsets, offsets, indexing="ij")
    ball = z**2 + y**2 + x**2 <= radius**2
    density = -np.log1p(-fraction) / np.count_nonzero(ball)
    size = edge + 2 * reach
    filled = np.zeros((size,) * 3, dtype=bool)
    for at in random.integers(reach, size - reach, (random.poisson(density * (size - 2 * reach) ** 3), 3)):
        box = tuple(slice(c - reach, c + reach + 1) for c in at)
        filled[box] |= ball
    # what lies near the border has fewer spheres than it should
    return filled[2 * reach : -2 * reach, 2 * reach : -2 * reach, 2 * reach : -2 * reach]


MODELS = {"Gaussian field": gaussian_field, "Boolean spheres": boolean_spheres}
ROWS = (
    # model, fraction, length of the model in voxels, edge of a body
    ("Gaussian field", 0.5, 3.0, 40),
    ("Gaussian field", 0.5, 3.0, 64),
    ("Gaussian field", 0.1, 3.0, 64),
    ("Boolean spheres", 0.3, 6.0, 48),
    ("Boolean spheres", 0.3, 6.0, 64),
    ("Boolean spheres", 0.05, 6.0, 64),
    ("Boolean spheres", 0.6, 10.0, 64),
)


def sub_bodies(name: str, fraction: float, length: float, edge: int, count: int):
    """Bodies without overlap from one large body after the other."""
    random = np.random.default_rng(7)
    given = 0
    while given < count:
        large = MODELS[name](random, 4 * edge, fraction, length)
        pieces = large.shape[0] // edge
        for z, y, x in np.ndindex(pieces, pieces, pieces):
            if given < count:
                body = large[z * edge : (z + 1) * edge, y * edge : (y + 1) * edge, x * edge : (x + 1) * edge]
                yield Labels(labels=body.astype(np.uint8), voxel_nm=VOXEL_NM, names={0: "a", 1: "b"}, source=name)
                given += 1


def main(count: int) -> None:
    """Print a row for each model."""
    print("| body | fraction | edge, voxels | std of fractions | stated, median | degrees, median "
          "| in 68 % | in 95 % |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    for name, fraction, length, edge in ROWS:
        values, stated, degrees, held = [], [], [], np.zeros(2)
        for body in sub_bodies(name, fraction, length, edge, count):
            error = fraction_error(body, [1])
            values.append(error.value)
            stated.append(error.std)
            degrees.append(error.degrees)
            for place, (low, high) in enumerate((error.interval_68, error.interval_95)):
                held[place] += low <= fraction <= high
        shares = " | ".join(f"{100 * part / count:.0f} %" for part in held)
        scatter = np.sqrt(np.mean((np.array(values) - fraction) ** 2))
        print(f"| {name}, {length:g} voxels | {fraction:g} | {edge} | {scatter:.4f} | {np.median(stated):.4f} | "
              f"{np.median(degrees):.0f} | {shares} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
