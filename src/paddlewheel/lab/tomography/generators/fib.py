"""The stack that slicing by a focused ion beam and imaging by electrons make of a body, with the truth of each flaw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.tomography.voxels import Labels, Stack


@dataclass(frozen=True, kw_only=True)
class Flaws:
    """What is wrong with the pictures; 0 is none. Greys are shares of the full scale.

    Attributes
    ----------
    depth_nm
        From which electrons come: greys are means over what lies below the surface, weighted by exp(-depth/depth_nm).
    blur_nm
        Standard deviation of the focus, in the plane.
    noise
        Standard deviation of the grey of a voxel.
    drift_nm, wander_nm
        Of each slice against the one before, along x and along y: the same step again and again, and the standard
        deviation of a random one.
    curtains
        Standard deviation of the gain of a column: stripes along y behind what mills badly, new ones every few slices,
        stronger towards the bottom.
    shadow
        Loss of signal at the bottom of the trench (largest y); it grows with the square of the depth.
    brightness, flicker
        Loss of signal over the whole stack, and the standard deviation of the gain of a slice.
    charging
        Standard deviation of bright and dark lines along x, which charge leaves in some rows.
    """

    depth_nm: float = 0.0
    blur_nm: float = 0.0
    noise: float = 0.0
    drift_nm: tuple[float, float] = (0.0, 0.0)
    wander_nm: float = 0.0
    curtains: float = 0.0
    shadow: float = 0.0
    brightness: float = 0.0
    flicker: float = 0.0
    charging: float = 0.0

    def scaled(self, factor: float) -> Flaws:
        """All of them, `factor` times as strong, but for focus and depth."""
        return replace(
            self,
            noise=factor * self.noise,
            drift_nm=(factor * self.drift_nm[0], factor * self.drift_nm[1]),
            wander_nm=factor * self.wander_nm,
            curtains=factor * self.curtains,
            shadow=factor * self.shadow,
            brightness=factor * self.brightness,
            flicker=factor * self.flicker,
            charging=factor * self.charging,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class FibStack:
    """A stack, and what it was made of.

    Attributes
    ----------
    stack
        uint8 or uint16; its voxels are as thick as the slices.
    labels
        The phases at each slice's surface, without drift: what a perfect segmentation finds.
    greys
        Of each label, of the full scale.
    shifts_nm
        [n_z, 2] along x and y: where the content of a slice lies, over where it should.
    curtain_gain
        [n_z, n_y, n_x], float32.
    shadow_gain
        [n_y].
    slice_gain
        [n_z].
    charging_offset
        [n_z, n_y], of the full scale.
    clipped
        Share of the voxels at either end of the scale.
    """

    stack: Stack
    labels: Labels
    greys: Mapping[int, float]
    shifts_nm: np.ndarray
    curtain_gain: np.ndarray
    shadow_gain: np.ndarray
    slice_gain: np.ndarray
    charging_offset: np.ndarray
    clipped: float


def fib_stack(
    labels: Labels,
    greys: Mapping[int, float],
    *,
    flaws: Flaws,
    seed: int,
    slice_voxels: int = 1,
    bits: Literal[8, 16] = 8,
    name: str = "simulated",
) -> FibStack:
    """Mill a body slice by slice along z, and take a picture of each surface.

    What leaves the picture by drift is followed by what lies on the other side: the body is taken as periodic. The grey
    is ((g blurred and shifted) x curtain x shadow x slice + charging) + noise, then rounded to `bits`.

    Parameters
    ----------
    labels
        The body; made finer along z than the slices where `slice_voxels` is above 1.
    greys
        Of each label, from 0 to 1 of the full scale.
    flaws, seed
        The same seed gives the same stack.
    slice_voxels
        Thickness of a slice in voxels of the body; the last slices that are not whole are lost.
    bits
        Of a grey value.
    name
        Of the stack.

    Raises
    ------
    SettingsError
        For a label without a grey, a grey that is none, or a body thinner than a slice.
    """
    n_z = labels.shape[0] // slice_voxels
    missing = set(np.unique(labels.labels).tolist()) - set(greys)
    if missing or not all(0 <= grey <= 1 for grey in greys.values()):
        raise SettingsError(f"{dict(greys)} for labels {sorted(labels.names)}", where="greys",
                            remedy="give each label a share of the full scale, 0 to 1")  # fmt: skip
    if n_z == 0:
        raise SettingsError(f"{slice_voxels} of a body of {labels.shape[0]} voxels", where="slice_voxels",
                            remedy="give a body of one slice or more")  # fmt: skip
    x_nm, y_nm, z_nm = labels.voxel_nm
    voxel_nm = (x_nm, y_nm, z_nm * slice_voxels)
    at_surface = labels.labels[: n_z * slice_voxels : slice_voxels]
    shape = at_surface.shape
    sources = np.random.default_rng(seed).spawn(6)
    clean = _seen(labels, greys, slice_voxels, n_z, flaws.depth_nm)
    shifts_nm = _shifts(n_z, flaws, sources[0])
    pictures = _focused(clean, flaws.blur_nm, shifts_nm, (y_nm, x_nm))
    curtain = _curtains(shape, flaws.curtains, sources[1])
    shadow = 1 - flaws.shadow * np.linspace(0, 1, shape[1]) ** 2
    slices = (1 - flaws.brightness * np.linspace(0, 1, n_z)) * (1 + flaws.flicker * sources[2].standard_normal(n_z))
    lines = flaws.charging * sources[3].standard_normal(shape[:2]) * (sources[4].random(shape[:2]) < 0.1)
    pictures *= curtain * shadow[None, :, None].astype(np.float32) * slices[:, None, None].astype(np.float32)
    pictures += lines[:, :, None].astype(np.float32)
    pictures += np.float32(flaws.noise) * sources[5].standard_normal(shape, dtype=np.float32)
    clipped = float(np.mean((pictures < 0) | (pictures > 1)))
    top = 2**bits - 1
    values = np.rint(np.clip(pictures, 0, 1) * top).astype(np.uint8 if bits == 8 else np.uint16)
    source = f"FIB stack of {labels.source}, seed {seed}"
    return FibStack(
        stack=Stack(values=values, voxel_nm=voxel_nm, voxel_from="made", source=source, name=name),
        labels=labels.replaced(labels=np.ascontiguousarray(at_surface), voxel_nm=voxel_nm),
        greys=dict(greys),
        shifts_nm=shifts_nm,
        curtain_gain=curtain,
        shadow_gain=shadow,
        slice_gain=slices,
        charging_offset=lines,
        clipped=clipped,
    )


def _seen(labels: Labels, greys: Mapping[int, float], slice_voxels: int, n_z: int, depth_nm: float) -> np.ndarray:
    """Greys of the surfaces, [n_z, n_y, n_x] float32: what lies below adds its part."""
    table = np.zeros(256, np.float32)
    table[list(greys)] = list(greys.values())
    surfaces = np.arange(n_z) * slice_voxels
    if depth_nm <= 0:
        return table[labels.labels[surfaces]]
    below = np.arange(max(int(np.ceil(3 * depth_nm / labels.voxel_nm[2])), 1))
    weights = np.exp(-below * labels.voxel_nm[2] / depth_nm)
    seen = np.zeros((n_z, *labels.shape[1:]), np.float32)
    for depth, weight in zip(below, weights / weights.sum(), strict=True):
        seen += np.float32(weight) * table[labels.labels[(surfaces + depth) % labels.shape[0]]]
    return seen


def _shifts(n_z: int, flaws: Flaws, random: np.random.Generator) -> np.ndarray:
    steps = np.array(flaws.drift_nm) + flaws.wander_nm * random.standard_normal((n_z, 2))
    steps[0] = 0
    return np.cumsum(steps, axis=0)


def _focused(clean: np.ndarray, blur_nm: float, shifts_nm: np.ndarray, edges_nm: tuple[float, float]) -> np.ndarray:
    from scipy.ndimage import gaussian_filter, shift

    pictures = gaussian_filter(clean, (0, blur_nm / edges_nm[0], blur_nm / edges_nm[1]), mode="wrap")
    for number, (x_nm, y_nm) in enumerate(shifts_nm):
        if x_nm or y_nm:
            pictures[number] = shift(
                pictures[number], (y_nm / edges_nm[0], x_nm / edges_nm[1]), order=1, mode="grid-wrap"
            )
    return pictures


def _curtains(shape: tuple[int, int, int], strength: float, random: np.random.Generator) -> np.ndarray:
    """Gain of each voxel: columns 3 voxels wide, kept over about 5 slices, from a third of their strength to all."""
    from scipy.ndimage import gaussian_filter

    n_z, n_y, n_x = shape
    columns = gaussian_filter(random.standard_normal((n_z, n_x)), (2.5, 1.2), mode="wrap")
    columns /= max(float(columns.std()), np.finfo(float).tiny)
    growth = np.linspace(1 / 3, 1, n_y)
    return (1 + strength * growth[None, :, None] * columns[:, None, :]).astype(np.float32)
