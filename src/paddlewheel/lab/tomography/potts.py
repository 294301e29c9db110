"""Labels by what the image would look like: levels under the blur of the microscope, noise, and short interfaces.

The energy of labels L is sum (g - B m(L))^2/2s^2 + b sum w [L_i != L_j] - sum a(L_i): grey values g, levels m, blur B,
noise s, Potts strength b over the 26 neighbours. Since the blur is in the model, the grey rim between a bright and a
dark phase is not taken for a phase between them. The fields a hold each phase's fraction where it is to be.
Minimized by annealing: voxels at interfaces are drawn from their conditional probabilities at a temperature that falls
to 0 (Geman and Geman, doi 10.1109/TPAMI.1984.4767596), then set to their modes until nothing moves (Besag,
doi 10.1111/j.2517-6161.1986.tb01412.x). Modes alone stay where thresholds put them: in rims of a middle phase around
dark in bright, and in speckle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from paddlewheel.lab.tomography.artefacts import Watch, slabs

_BLOCK = 24
"""Rows of a block: two of one colour have as many between them, more than any kernel reaches."""
_REACH = 2.5
_HOTTEST, _COOLING = 1.5, 16
"""Temperature of the first sweep in units of the Potts strength, and sweeps until it is 0. Below the Potts model's
transition, so that phases are not dissolved."""
MOST_BLUR = 3.0
"""Standard deviation of the largest blur, voxels."""


@dataclass(frozen=True, kw_only=True)
class PottsModel:
    """What labels are judged by.

    Attributes
    ----------
    levels
        Grey value of each phase, ascending.
    noise
        Standard deviation of a voxel.
    blur_voxels
        Of the Gaussian along z, y, x.
    spacing_nm
        Edges of a voxel along z, y, x.
    strength
        b: what a face of the smallest voxel costs between two phases.
    """

    levels: tuple[float, ...]
    noise: float
    blur_voxels: tuple[float, float, float]
    spacing_nm: tuple[float, float, float]
    strength: float

    def kernels(self) -> list[np.ndarray]:
        """The blur along z, y, x, each with the sum 1."""
        return [blur_kernel(width) for width in self.blur_voxels]

    def neighbours(self) -> tuple[np.ndarray, np.ndarray]:
        """Steps to 26 neighbours [26, 3] and their weights [26].

        V/d^3, so that an interface costs by its area whichever way it lies (d and the voxel's volume V in the smallest
        edge), with the mean weight of a face 1 for cubes. By V lone voxels cost in slices what they do in cubes.
        """
        steps = np.array(
            [(z, y, x) for z in (-1, 0, 1) for y in (-1, 0, 1) for x in (-1, 0, 1) if (z, y, x) != (0, 0, 0)]
        )
        edge = min(self.spacing_nm)
        distance = np.sqrt(((steps * np.array(self.spacing_nm) / edge) ** 2).sum(axis=1))
        weights = distance**-3.0
        cube = np.sqrt((steps**2).sum(axis=1)) ** -3.0
        across = (steps[:, 0] > 0) * cube
        volume = float(np.prod(np.array(self.spacing_nm) / edge))
        return steps.astype(np.int64), (volume * weights / across.sum()).astype(np.float32)


def blur_kernel(width: float) -> np.ndarray:
    """A Gaussian integrated over voxels, [2 r + 1] float32 of sum 1."""
    if width < 0.05:
        return np.ones(1, dtype=np.float32)
    from scipy.special import ndtr

    reach = max(1, math.ceil(_REACH * width))
    edges = (np.arange(-reach, reach + 2) - 0.5) / width
    kernel = np.diff(ndtr(edges))
    return (kernel / kernel.sum()).astype(np.float32)


def blurred(levels: np.ndarray, kernels: Sequence[np.ndarray]) -> np.ndarray:
    """An image under the blur; its outermost voxels are repeated beyond it."""
    from scipy.ndimage import correlate1d

    for axis, kernel in enumerate(kernels):
        if kernel.size > 1:
            levels = correlate1d(levels, kernel, axis=axis, mode="nearest")
    return levels


def relax(
    grey: Any, labels: np.ndarray, model: PottsModel, *, targets: np.ndarray | None, tolerance: float = 5e-4,
    most_sweeps: int = 50, seed: int = 0, watch: Watch | None = None,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Lower the energy of labels, in place, and bring their fractions to the targets.

    Parameters
    ----------
    grey
        float32 [n_z, n_y, n_x], or a memory map.
    labels
        uint8 of the same shape, numbers of levels: a first guess, changed in place.
    targets
        [n_phases] fractions that fields hold; with None the image alone decides.
    tolerance
        Of every fraction.
    seed
        Of the annealing: the same gives the same labels, whatever the number of threads.

    Returns
    -------
    fractions, fields
        [n_phases] each: what was reached, and a.
    """
    levels = np.array(model.levels, dtype=np.float32)
    count = levels.size
    fields = np.zeros(count, dtype=np.float32)
    fractions = fractions_of(labels, count)
    gain = np.full(count, 4.0)
    for sweep in range(most_sweeps):
        before, asked = fractions, fields
        if targets is not None and sweep > 0:
            fields = fields + np.clip(gain * (targets - fractions), -0.7, 0.7).astype(np.float32)
            fields -= fields.mean()
        temperature = model.strength * _HOTTEST * max(0.0, 1 - sweep / _COOLING)
        changed = _sweep(grey, labels, model, levels, fields, temperature, seed * most_sweeps + sweep)
        fractions = fractions_of(labels, count)
        reached = True
        if targets is not None:
            reached = bool(np.all(np.abs(targets - fractions) < tolerance))
            if sweep > 1:
                # a step that moved nothing is made longer, one that went past the target shorter
                passed = (targets - before) * (targets - fractions) < 0
                slow = np.abs(targets - fractions) > 0.5 * np.abs(targets - before)
                gain = np.clip(np.where(passed, gain * 0.5, np.where(slow, gain * 1.6, gain)), 0.5, 400.0)
        if watch is not None:
            watch((sweep + 1) / most_sweeps)
        if temperature > 0:
            continue
        if (changed < 2e-3 * labels.size and reached) or (targets is not None and np.array_equal(asked, fields)):
            break
    return fractions, fields


def fractions_of(labels: np.ndarray, count: int) -> np.ndarray:
    """[count]: share of the voxels that have each label."""
    counts = np.zeros(count)
    for start, stop in slabs(labels.shape[0]):
        counts += np.bincount(labels[start:stop].reshape(-1), minlength=count)[:count]
    return counts / labels.size


def _sweep(
    grey: Any, labels: np.ndarray, model: PottsModel, levels: np.ndarray, fields: np.ndarray, temperature: float,
    seed: int,
) -> int:  # fmt: skip
    kernels = model.kernels()
    steps, weights = model.neighbours()
    faces = steps[(steps != 0).sum(axis=1) == 1]
    halo = kernels[0].size - 1 + 1
    n_z = labels.shape[0]
    changed = 0
    for start, stop in slabs(n_z, max(16, 4 * halo)):
        low, high = max(0, start - halo), min(n_z, stop + halo)
        part = np.ascontiguousarray(labels[low:high])
        residual = np.asarray(grey[low:high], dtype=np.float32) - blurred(levels[part], kernels)
        moved = 0
        for colour in (0, 1):
            moved += _relax_blocks(
                part, residual, start - low, stop - low, colour, levels, fields, kernels[0], kernels[1], kernels[2],
                np.float32(1 / (2 * model.noise**2)), steps, (model.strength * weights).astype(np.float32),
                faces, np.float32(temperature), np.uint64(seed), low,
            )  # fmt: skip
        if moved:
            labels[start:stop] = part[start - low : stop - low]
        changed += moved
    return changed


@numba.njit(inline="always")
def _drawn(seed, voxel):
    """Evenly from 0 to 1, by the number of a voxel (SplitMix64, doi 10.1145/2714064.2660195)."""
    mixed = (seed + np.uint64(1)) * np.uint64(0xD1342543DE82EF95) + voxel * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.float32((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(40)) / np.float32(1 << 24)


@numba.njit(parallel=True, cache=True, fastmath={"reassoc", "contract", "arcp", "nsz"})
def _relax_blocks(
    labels, residual, first, stop, colour, levels, fields, k_z, k_y, k_x, sharpness, steps, weights, faces, temperature,
    seed, low,
):  # fmt: skip
    n_z, n_y, n_x = labels.shape
    r_z, r_y, r_x = k_z.size // 2, k_y.size // 2, k_x.size // 2
    n_blocks = (n_y + _BLOCK - 1) // _BLOCK
    moved = np.zeros(n_blocks, dtype=np.int64)
    energy = np.float32((k_z**2).sum() * (k_y**2).sum() * (k_x**2).sum())
    for half in numba.prange((n_blocks - colour + 1) // 2):
        block = 2 * half + colour
        costs = np.zeros(levels.size, dtype=np.float32)
        changes = np.zeros(levels.size, dtype=np.float32)
        for z in range(first, stop):
            for y in range(block * _BLOCK, min(n_y, (block + 1) * _BLOCK)):
                for x in range(n_x):
                    own = labels[z, y, x]
                    # a voxel takes only the phase of one that shares a face with it
                    near = False
                    for place in range(faces.shape[0]):
                        a, b, c = z + faces[place, 0], y + faces[place, 1], x + faces[place, 2]
                        if 0 <= a < n_z and 0 <= b < n_y and 0 <= c < n_x and labels[a, b, c] != own:
                            near = True
                            break
                    if not near:
                        continue
                    costs[:] = 0
                    inside = 0 < z < n_z - 1 and 0 < y < n_y - 1 and 0 < x < n_x - 1
                    for place in range(steps.shape[0]):
                        a, b, c = z + steps[place, 0], y + steps[place, 1], x + steps[place, 2]
                        if inside or (0 <= a < n_z and 0 <= b < n_y and 0 <= c < n_x):
                            costs[labels[a, b, c]] += weights[place]
                    seen = np.float32(0)
                    for dz in range(max(-r_z, -z), min(r_z, n_z - 1 - z) + 1):
                        for dy in range(max(-r_y, -y), min(r_y, n_y - 1 - y) + 1):
                            plane = k_z[dz + r_z] * k_y[dy + r_y]
                            for dx in range(max(-r_x, -x), min(r_x, n_x - 1 - x) + 1):
                                seen += plane * k_x[dx + r_x] * residual[z + dz, y + dy, x + dx]
                    best, lowest = own, np.float32(0)
                    for other in range(levels.size):
                        changes[other] = np.float32(np.inf)
                        if other != own and costs[other] == 0:
                            continue
                        step = levels[other] - levels[own]
                        change = sharpness * step * (step * energy - np.float32(2) * seen)
                        change += costs[own] - costs[other] - fields[other] + fields[own]
                        changes[other] = change
                        if change < lowest:
                            best, lowest = other, change
                    if temperature > 0:
                        total = np.float32(0)
                        for other in range(levels.size):
                            changes[other] = np.exp((lowest - changes[other]) / temperature)
                            total += changes[other]
                        left = total * _drawn(seed, np.uint64(((low + z) * n_y + y) * n_x + x))
                        for other in range(levels.size):
                            left -= changes[other]
                            if left < 0:
                                best = other
                                break
                    if best != own:
                        step = levels[best] - levels[own]
                        labels[z, y, x] = best
                        moved[block] += 1
                        for dz in range(max(-r_z, -z), min(r_z, n_z - 1 - z) + 1):
                            for dy in range(max(-r_y, -y), min(r_y, n_y - 1 - y) + 1):
                                plane = k_z[dz + r_z] * k_y[dy + r_y]
                                for dx in range(max(-r_x, -x), min(r_x, n_x - 1 - x) + 1):
                                    residual[z + dz, y + dy, x + dx] -= step * plane * k_x[dx + r_x]
    return moved.sum()


def pictured(labels: np.ndarray, model: PottsModel, start: int, stop: int) -> np.ndarray:
    """What the image of labels would be without noise: slices `start` to `stop`, float32 [stop - start, n_y, n_x]."""
    kernels = model.kernels()
    halo = kernels[0].size // 2
    low, high = max(0, start - halo), min(labels.shape[0], stop + halo)
    seen = blurred(np.array(model.levels, dtype=np.float32)[labels[low:high]], kernels)
    return seen[start - low : stop - low]


def fit_model(grey: Any, labels: np.ndarray, model: PottsModel) -> PottsModel:
    """Levels, blur and noise that explain an image best, given labels: least squares over widths of the blur.

    Up to 48 slices in the middle are looked at. The widths in the plane are one; that along z is tried where slices lie
    closer than two edges of a voxel.
    """
    from scipy.optimize import minimize_scalar

    n_z = labels.shape[0]
    start = max(0, (n_z - 48) // 2)
    part = np.ascontiguousarray(labels[start : start + 48])
    seen = np.asarray(grey[start : start + 48], dtype=np.float32)
    count = len(model.levels)
    present = np.bincount(part.reshape(-1), minlength=count)[:count] > 0

    def solved(blur: tuple[float, float, float]) -> tuple[float, np.ndarray]:
        kernels = [blur_kernel(width) for width in blur]
        shares = [blurred((part == place).astype(np.float32), kernels) for place in np.nonzero(present)[0]]
        normal = np.array([[float(np.vdot(a, b)) for b in shares] for a in shares])
        right = np.array([float(np.vdot(a, seen)) for a in shares])
        found = np.linalg.solve(normal + 1e-6 * np.eye(len(shares)), right)
        left = seen - sum(level * share for level, share in zip(found.astype(np.float32), shares, strict=True))
        return float(np.mean(left**2)), found

    along_z = model.spacing_nm[0] / min(model.spacing_nm[1:])

    def widths(plane: float) -> tuple[float, float, float]:
        nm = plane * min(model.spacing_nm[1:])
        z = nm / model.spacing_nm[0] if along_z < 2 else 0.0
        return z, nm / model.spacing_nm[1], nm / model.spacing_nm[2]

    best: Any = minimize_scalar(lambda width: solved(widths(width))[0], bounds=(0.05, MOST_BLUR), method="bounded",
                           options={"xatol": 0.05, "maxiter": 12})  # fmt: skip
    blur = widths(float(best.x))
    squares, found = solved(blur)
    levels = np.array(model.levels)
    levels[present] = found
    if np.any(np.diff(levels) <= 0):
        levels = np.array(model.levels)
    return PottsModel(levels=tuple(float(level) for level in levels), noise=math.sqrt(squares), blur_voxels=blur,
                      spacing_nm=model.spacing_nm, strength=model.strength)  # fmt: skip
