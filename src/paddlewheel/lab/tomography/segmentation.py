"""From a stack of grey values to labels of phases, with a family of segmentations that spans what is not known."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.tomography.alignment import Alignment, Drift, find_drift
from paddlewheel.lab.tomography.artefacts import (
    Fields,
    broken_slices,
    common_window,
    correlation_lengths,
    find_fields,
    moved_slice,
    noise_sigma,
    read_slices,
    slabs,
)
from paddlewheel.lab.tomography.denoising import denoise
from paddlewheel.lab.tomography.potts import PottsModel, fit_model, fractions_of, pictured, relax
from paddlewheel.lab.tomography.thresholds import (
    FractionPrior,
    Histogram,
    Mixture,
    fit_mixture,
    histogram_of,
    otsu_thresholds,
    tension,
    with_recipe,
)
from paddlewheel.lab.tomography.voxels import Labels, Stack

Contrast = Literal["auto", "normal", "inverted"]
"""Whether bright is bright: found out by the recipe, or said."""

BYTES_PER_VOXEL = 4 + 4 + 4 + 1 + 1
"""Of the corrected, the smoothed and the simulated grey values, and of the labels of two segmentations."""
_SLAB_BYTES = 40 * 16
"""For each voxel of a slice: what sixteen slices at work take."""
_SMALLEST, _FEWEST_SLICES = 8, 3
_BLUR_STD, _STRENGTH_SPREAD = 0.1, 2.0
_STD_OF_EVEN = 3**-0.5
"""Standard deviation of what is even from -1 to 1."""
_WEAKER = 0.5
"""Of the Potts strength, while fractions are free: at all of it small features go, levels follow what is left, and more
go."""
_ROUNDS = 3
"""Of brightness by labels, and labels by brightness."""
_TENSION, _SMALL_SEPARATION = 3.0, 3.0
_INVERTED = 0.1
"""By how much ln L of a voxel is higher from bright to dark where the contrast counts as inverted."""

Report = Callable[[str, float], None]
"""Is told which step is worked on, and its share that is done."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """How a stack is segmented.

    Attributes
    ----------
    alignment, curtains, contrast
        What of the slices' path is taken back, whether stripes are taken away, whether bright is bright.
    denoise_strength
        Of the image whose histogram is read and from which labels begin; 0 for none.
    potts_strength
        What a face between two phases costs, in units of the energy of the data.
    members
        Segmentations of the family, the central one not counted.
    seed
        Of the family.
    """

    alignment: Alignment = "auto"
    curtains: bool = True
    contrast: Contrast = "auto"
    denoise_strength: float = 1.0
    potts_strength: float = 2.0
    members: int = 10
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Member:
    """One segmentation of the family: all numbers that make it from the corrected grey values.

    `targets` are the fractions that it is held to, `reached` those that its labels have.
    """

    targets: tuple[float, ...]
    potts_strength: float
    blur_voxels: tuple[float, float, float]
    reached: tuple[float, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Segmentation:
    """Labels, and everything that was found on the way.

    Attributes
    ----------
    labels
        Of the window that all slices show; numbers from 0, dark to bright.
    grey
        float32 [n_z, n_y, n_x]: corrected grey values of the same window; an array or a memory map.
    raw_planes, grey_planes
        Three planes through the middle (normal to z, y, x), before and after corrections.
    window
        Rows and columns of the stack that were kept.
    mixture, first_mixture
        Model of the histogram after and before the corrections; of `histogram`, `raw_histogram`.
    model
        Levels, noise and blur.
    central
        The numbers of `labels`.
    drift, fields, broken
        Corrections; slices that hold no image, replaced by their neighbours.
    noise
        Of a voxel, grey values.
    lengths_voxels
        Correlation lengths along z, y, x.
    fractions
        [n_phases] of the image alone.
    covariance
        [n_phases, n_phases] of the fractions of image and recipe together, to which labels are held.
    tension
        By how many standard uncertainties the image alone is off the recipe; None without one.
    prior
        Recipe, with the spread between volumes of the size of the image.
    otsu_fractions
        What multi-Otsu thresholds would have given.
    warnings
        A line each.
    """

    labels: Labels
    grey: np.ndarray
    raw_planes: tuple[np.ndarray, ...]
    grey_planes: tuple[np.ndarray, ...]
    window: tuple[slice, slice]
    mixture: Mixture
    first_mixture: Mixture
    histogram: Histogram
    raw_histogram: Histogram
    model: PottsModel
    central: Member
    method: Method
    drift: Drift
    fields: Fields
    broken: tuple[int, ...]
    noise: float
    lengths_voxels: tuple[float, float, float]
    fractions: np.ndarray
    covariance: np.ndarray
    tension: float | None
    prior: FractionPrior | None
    otsu_fractions: np.ndarray
    warnings: tuple[str, ...]

    def family(self, report: Report | None = None) -> Iterator[tuple[Member, np.ndarray]]:
        """Members with their labels (uint8 [n_z, n_y, n_x], made anew for each).

        Fractions are drawn from their covariance, the Potts strength log-uniformly from half to twice, the blur with a
        standard deviation of a tenth; the draws are stratified, so that few members span what many would.
        """
        for number, member in enumerate(draw_members(self)):
            labels = self.labels.labels.copy()
            model = replace(self.model, strength=member.potts_strength, blur_voxels=member.blur_voxels)
            told = None if report is None else _part_of(report, "family", number, self.method.members)
            reached, _ = relax(self.grey, labels, model, targets=np.array(member.targets), seed=number + 1, watch=told)
            yield replace(member, reached=tuple(float(share) for share in reached)), labels


def _part_of(report: Report, name: str, number: int, count: int) -> Callable[[float], None]:
    return lambda share: report(name, (number + share) / count)


def draw_members(found: Segmentation) -> list[Member]:
    """The family's numbers, before any of its labels are made; `reached` is that of the central one."""
    from scipy.stats import norm, qmc

    count = found.method.members
    n_phases = len(found.central.targets)
    if count == 0:
        return []
    draws = qmc.LatinHypercube(d=n_phases + 2, rng=np.random.default_rng(found.method.seed)).random(count)
    normal = norm.ppf(draws)
    values, vectors = np.linalg.eigh(found.covariance)
    away = normal[:, :n_phases] * np.sqrt(np.maximum(values, 0)) @ vectors.T
    members = []
    for number in range(count):
        targets = np.maximum(np.array(found.central.targets) + away[number], 0.0)
        targets = targets / targets.sum()
        wider = math.exp(_BLUR_STD * normal[number, n_phases + 1])
        members.append(Member(
            targets=tuple(float(share) for share in targets),
            potts_strength=found.model.strength * _STRENGTH_SPREAD ** (2 * draws[number, n_phases] - 1),
            blur_voxels=tuple(width * wider for width in found.model.blur_voxels),  # type: ignore[arg-type]
            reached=found.central.reached,
        ))  # fmt: skip
    return members


def seconds_needed(stack: Stack, n_phases: int, members: int) -> float:
    """Time of a segmentation on this machine, measured on a block of the middle: its smoothing and its labels."""
    block = tuple(slice((size - min(size, most)) // 2, (size + min(size, most)) // 2)
                  for size, most in zip(stack.shape, (16, 96, 96), strict=True))  # fmt: skip
    seen = np.ascontiguousarray(np.stack([
        read_slices(stack.values, z, z + 1)[0][block[1:]] for z in range(block[0].start, block[0].stop)
    ]))  # fmt: skip
    assert stack.voxel_nm is not None
    spacing_nm = (stack.voxel_nm[2], stack.voxel_nm[1], stack.voxel_nm[0])
    levels = np.quantile(seen, (np.arange(n_phases) + 0.5) / n_phases) + np.arange(n_phases)
    model = PottsModel(levels=tuple(levels.tolist()), noise=noise_sigma(seen) + 1e-3, blur_voxels=(0.0, 0.8, 0.8),
                       spacing_nm=spacing_nm, strength=2.0)  # fmt: skip
    smooth = np.empty_like(seen)
    spent = 0.0
    for part in (np.s_[:3, :8, :8], np.s_[:]):  # the first compiles
        began = time.perf_counter()
        denoise(np.ascontiguousarray(seen[part]), smooth[part], spacing_nm=spacing_nm, noise=model.noise)
        labels = np.digitize(smooth[part], (levels[1:] + levels[:-1]) / 2).astype(np.uint8)
        relax(np.ascontiguousarray(seen[part]), labels, model, targets=None)
        spent = time.perf_counter() - began
    return (_ROUNDS + 5 + members) * spent * float(np.prod(stack.shape)) / seen.size


def working_bytes(shape: tuple[int, int, int]) -> int:
    """Memory of a segmentation that holds everything in it, bytes; the second term is that of slabs alone."""
    n_z, n_y, n_x = shape
    return BYTES_PER_VOXEL * n_z * n_y * n_x + _SLAB_BYTES * n_y * n_x


def segment(
    stack: Stack, phases: Sequence[str], *, prior: FractionPrior | None, method: Method | None = None,
    scratch: Path | None = None, report: Report | None = None,
) -> Segmentation:  # fmt: skip
    """Correct, smooth and label a stack.

    Parameters
    ----------
    stack
        With the size of its voxels.
    phases
        Names from dark to bright.
    prior
        Fractions by the recipe, in the order of `phases`; None where there is no recipe, which is told.
    scratch
        A folder for grey values on disk, where the stack is larger than the memory: then slabs alone are held
        (`working_bytes`). None keeps all in memory.
    report
        Is told how far it is.

    Raises
    ------
    DataError
        For a stack that is too small, of one grey value, without a size of voxels, or whose contrast seems inverted.
    """
    method = method or Method()
    told = report or (lambda name, share: None)
    _check(stack, phases)
    assert stack.voxel_nm is not None
    x_nm, y_nm, z_nm = stack.voxel_nm
    spacing_nm = (z_nm, y_nm, x_nm)
    sign = -1.0 if method.contrast == "inverted" else 1.0
    warnings = list(stack.warnings)

    broken = broken_slices(stack.values, watch=lambda share: told("slices", share))
    if broken:
        warnings.append(
            f"{'slice' if len(broken) == 1 else 'slices'} {', '.join(map(str, broken))} (from 0) hold no image of the "
            "sample: replaced by the mean of their neighbours"
        )
    if len(broken) > stack.shape[0] / 4:
        raise DataError(f"{len(broken)} of {stack.shape[0]} slices are unlike their neighbours", where=stack.source,
                        remedy="give slices in their order, of one place")  # fmt: skip
    drift = Drift.none(stack.shape[0])
    if method.alignment == "auto":
        drift = find_drift(
            stack.values, lengths_voxels=correlation_lengths(stack.values), watch=lambda share: told("drift", share)
        )
    window = common_window(drift.removed, stack.shape, where=stack.source)
    rows, columns = window
    shape = (stack.shape[0], rows.stop - rows.start, columns.stop - columns.start)
    grey = _array(shape, np.float32, scratch)
    whole = [z for z in range(shape[0]) if z not in broken]
    for z in range(shape[0]):
        sources = [z] if z not in broken else _neighbours(z, whole)
        images = [moved_slice(read_slices(stack.values, s, s + 1)[0], drift.removed[s])[rows, columns] for s in sources]
        grey[z] = sign * np.mean(images, axis=0)
        told("slices in place", (z + 1) / shape[0])
    raw_planes = _planes(np.asarray(stack.values) if scratch is None else stack.values)
    noise = noise_sigma(grey)
    if not noise > 0 and float(np.ptp(grey[shape[0] // 2])) == 0:
        raise DataError("has one grey value", where=stack.source, remedy="give an image with contrast")

    raw_histogram, first = _first_look(grey, noise, len(phases), prior)
    lengths = correlation_lengths(grey)
    fields = Fields.none(shape)
    for turn in range(2):
        levels = (first if turn == 0 else _first_look(grey, noise, len(phases), prior, fields)[1]).levels
        fields = find_fields(grey, levels=levels.tolist(), noise=noise, before=fields, curtains=method.curtains,
                             watch=lambda share: told("brightness", share))  # fmt: skip
    for start, stop in slabs(shape[0]):
        grey[start:stop] = fields.taken_from(grey[start:stop], start)
    odd = np.nonzero(fields.odd)[0]
    if odd.size:
        warnings.append(
            f"{'slice' if odd.size == 1 else 'slices'} {', '.join(map(str, odd[:12]))}{' ...' if odd.size > 12 else ''}"
            f" (from 0) {'is' if odd.size == 1 else 'are'} brighter or darker than the others by up to "
            f"{np.abs(fields.odd).max():.3g}: levelled"
        )
    noise = noise_sigma(grey)
    smooth = _array(shape, np.float32, scratch)

    def looked_at() -> tuple[Histogram, Mixture]:
        denoise(grey, smooth, spacing_nm=spacing_nm, noise=noise, strength=method.denoise_strength,
                watch=lambda share: told("denoising", share))  # fmt: skip
        histogram = _histogram(smooth)
        return histogram, fit_mixture(histogram, len(phases), prior=prior, independent=independent)

    independent = float(np.prod([max(size / (2 * length), 1.0) for size, length in zip(shape, lengths, strict=True)]))
    histogram, mixture = looked_at()
    labels = _thresholded(smooth, mixture.thresholds, scratch)
    if prior is not None:
        prior = prior.widened(_between_volumes(labels, len(phases), prior.pore))
        if method.contrast == "auto":
            _check_contrast(histogram, mixture, prior, independent, stack.source)

    model = PottsModel(
        levels=tuple(float(level) for level in mixture.levels), noise=max(noise, 1e-3 * float(np.ptp(mixture.levels))),
        blur_voxels=(0.0, 0.7, 0.7), spacing_nm=spacing_nm, strength=method.potts_strength,
    )  # fmt: skip
    model = fit_model(grey, labels, replace(model, strength=_WEAKER * method.potts_strength))
    relax(grey, labels, model, targets=None, watch=lambda share: told("labels", share))
    # what labels under blur leave unexplained shows brightness better than thresholds did
    for _ in range(_ROUNDS):
        model = fit_model(grey, labels, model)
        more = find_fields(
            grey, levels=model.levels, noise=model.noise, curtains=method.curtains,
            expected=partial(pictured, labels, model), watch=lambda share: told("brightness", share),
        )  # fmt: skip
        for start, stop in slabs(shape[0]):
            grey[start:stop] = more.taken_from(grey[start:stop], start)
        fields = fields.followed_by(more)
        model = fit_model(grey, labels, model)
        relax(grey, labels, model, targets=None, watch=lambda share: told("labels", share))
    seen, covariance = _fractions_of_image(grey, labels, model, smooth, method, scratch, told)
    fractions, off = seen, 0.0
    if prior is not None:
        off = tension(seen, covariance, prior)
        fractions, covariance = with_recipe(seen, covariance, prior)
    model = replace(model, strength=method.potts_strength)
    noise = noise_sigma(grey)
    histogram, mixture = looked_at()
    otsu = otsu_thresholds(histogram, len(phases))
    ends = np.interp(otsu, histogram.edges, np.append(0, np.cumsum(histogram.counts)) / histogram.counts.sum())
    reached, _ = relax(grey, labels, model, targets=fractions, watch=lambda share: told("labels", share))
    central = Member(
        targets=tuple(float(x) for x in fractions), potts_strength=model.strength, blur_voxels=model.blur_voxels,
        reached=tuple(float(x) for x in reached),
    )  # fmt: skip
    warnings += _strong_corrections(fields, model.levels)
    warnings += _doubts(phases, mixture, off if prior is not None else None, central)
    made = Labels(
        labels=labels, voxel_nm=stack.voxel_nm, names=dict(enumerate(phases)), source=stack.source,
        voxel_from=stack.voxel_from, warnings=tuple(warnings),
    )  # fmt: skip
    return Segmentation(
        labels=made, grey=grey, raw_planes=raw_planes, grey_planes=_planes(grey), window=window, mixture=mixture,
        first_mixture=first, histogram=histogram, raw_histogram=raw_histogram, model=model, central=central,
        method=method, drift=drift, fields=fields, broken=tuple(broken), noise=noise, lengths_voxels=lengths,
        fractions=seen, covariance=covariance, tension=None if prior is None else off, prior=prior,
        otsu_fractions=np.diff(np.concatenate([[0], ends, [1]])), warnings=tuple(warnings),
    )  # fmt: skip


def _fractions_of_image(
    grey: np.ndarray, labels: np.ndarray, model: PottsModel, smooth: np.ndarray, method: Method,
    scratch: Path | None, told: Report,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Fractions without recipe, freed of the bias of their method, and the covariance of their error.

    Labels that no targets hold give the fractions. Parametric bootstrap (Efron and Tibshirani 1993,
    doi 10.1201/9780429246593): a picture of `labels`, with blur and noise, is segmented so from its thresholds on. What
    its labels have other fractions than those that were pictured is the bias. The bias, and what a Potts strength and a
    blur of one standard deviation more change, are the errors.

    Parameters
    ----------
    smooth
        Room for grey values.
    """
    count = len(model.levels)
    picture = _array(labels.shape, np.float32, scratch)  # type: ignore[arg-type]
    other = _array(labels.shape, np.uint8, scratch)  # type: ignore[arg-type]
    random = np.random.default_rng(method.seed)
    for start, stop in slabs(labels.shape[0]):
        part = pictured(labels, model, start, stop)
        picture[start:stop] = part + np.float32(model.noise) * random.standard_normal(part.shape, dtype=np.float32)
    denoise(picture, smooth, spacing_nm=model.spacing_nm, noise=model.noise, strength=method.denoise_strength)
    middles = (np.array(model.levels[1:]) + np.array(model.levels[:-1])) / 2
    for start, stop in slabs(labels.shape[0]):
        other[start:stop] = np.digitize(smooth[start:stop], middles)

    def freed(image: np.ndarray, changed: PottsModel, turn: int) -> np.ndarray:
        return relax(image, other, changed, targets=None, watch=lambda share: told("fractions", (turn + share) / 4))[0]

    bias = freed(picture, model, 0) - fractions_of(labels, count)
    stronger = replace(model, strength=model.strength * _STRENGTH_SPREAD**_STD_OF_EVEN)
    wider = replace(model, blur_voxels=tuple(width * (1 + _BLUR_STD) for width in model.blur_voxels))  # type: ignore[arg-type]
    found = []
    for turn, changed in enumerate((model, stronger, wider), start=1):
        other[:] = labels
        found.append(freed(grey, changed, turn))
    fractions = np.maximum(found[0] - bias, 1e-4)
    away = [bias, found[1] - found[0], found[2] - found[0]]
    return fractions / fractions.sum(), np.sum([np.outer(each, each) for each in away], axis=0)


def _check(stack: Stack, phases: Sequence[str]) -> None:
    if stack.voxel_nm is None:
        raise DataError("does not say the size of its voxels", where=stack.source, remedy="give --voxel-nm x,y,z")
    n_z, n_y, n_x = stack.shape
    if n_z < _FEWEST_SLICES or min(n_y, n_x) < _SMALLEST:
        raise DataError(
            f"{n_x} x {n_y} x {n_z} voxels: a segmentation needs {_FEWEST_SLICES} slices of {_SMALLEST} x {_SMALLEST} "
            "pixels", where=stack.source, remedy="give the whole stack",
        )  # fmt: skip
    if len(phases) < 2 or len(set(phases)) < len(phases):
        raise DataError(f"phases {', '.join(phases) or 'none'}", where="phases", remedy="name two or more, each once")


def _array(shape: tuple[int, int, int], kind: Any, scratch: Path | None) -> np.ndarray:
    if scratch is None:
        return np.empty(shape, dtype=kind)
    return np.memmap(tempfile.TemporaryFile(dir=scratch), dtype=kind, mode="w+", shape=shape)


def _neighbours(z: int, whole: Sequence[int]) -> list[int]:
    below, above = [s for s in whole if s < z], [s for s in whole if s > z]
    return [*below[-1:], *above[:1]]


def _planes(values: Any) -> tuple[np.ndarray, ...]:
    """Planes through the middle, normal to z, y and x."""
    n_z, n_y, n_x = values.shape
    return (np.array(values[n_z // 2], dtype=np.float32), np.array(values[:, n_y // 2], dtype=np.float32),
            np.array(values[:, :, n_x // 2], dtype=np.float32))  # fmt: skip


def _first_look(
    grey: np.ndarray, noise: float, n_phases: int, prior: FractionPrior | None, fields: Fields | None = None
) -> tuple[Histogram, Mixture]:
    """Histogram and model of slices under a Gaussian of one voxel; at most sixty slices."""
    from scipy.ndimage import gaussian_filter

    places = np.unique(np.linspace(0, grey.shape[0] - 1, min(60, grey.shape[0])).astype(int))
    parts = []
    for z in places:
        image = read_slices(grey, z, z + 1)
        parts.append(gaussian_filter(image[0] if fields is None else fields.taken_from(image, int(z))[0], 1.0))
    histogram = histogram_of(parts, **_ends(parts))
    return histogram, fit_mixture(histogram, n_phases, prior=prior, independent=1e3)


def _ends(parts: Sequence[np.ndarray]) -> dict[str, float]:
    low, high = np.percentile(np.concatenate([part.reshape(-1)[::7] for part in parts]), (0.02, 99.98))
    margin = 0.05 * (high - low) + 1e-6
    return {"low": float(low - margin), "high": float(high + margin)}


def _histogram(smooth: np.ndarray) -> Histogram:
    some = [smooth[z] for z in np.unique(np.linspace(0, smooth.shape[0] - 1, min(40, smooth.shape[0])).astype(int))]
    ends = _ends(some)
    return histogram_of([smooth[start:stop] for start, stop in slabs(smooth.shape[0])], **ends)


def _thresholded(smooth: np.ndarray, thresholds: np.ndarray, scratch: Path | None) -> np.ndarray:
    labels = _array(smooth.shape, np.uint8, scratch)  # type: ignore[arg-type]
    for start, stop in slabs(smooth.shape[0]):
        labels[start:stop] = np.digitize(smooth[start:stop], thresholds)
    return labels


def _between_volumes(labels: np.ndarray, count: int, pore: int | None) -> np.ndarray:
    """Covariance of the solid shares of volumes as large as the image: that of its eighths, over eight."""
    halves = [(slice(0, size // 2), slice(size // 2, size)) for size in labels.shape]
    shares = []
    for z in halves[0]:
        for y in halves[1]:
            for x in halves[2]:
                counts = np.bincount(labels[z, y, x].reshape(-1), minlength=count)[:count].astype(float)
                if pore is not None:
                    counts[pore] = 0
                shares.append(counts / max(counts.sum(), 1))
    return np.cov(np.array(shares).T) / len(shares)


def _check_contrast(
    histogram: Histogram, mixture: Mixture, prior: FractionPrior, independent: float, where: str
) -> None:
    """Refuse an image that the recipe fits only from bright to dark."""
    other = FractionPrior(
        solid=prior.solid[::-1], covariance=prior.covariance[::-1, ::-1],
        pore=None if prior.pore is None else prior.solid.size - 1 - prior.pore, porosity=prior.porosity,
        porosity_std=prior.porosity_std,
    )  # fmt: skip
    turned = fit_mixture(histogram, mixture.levels.size, prior=other, independent=independent)
    if turned.misfit < mixture.misfit - _INVERTED:
        raise DataError(
            "the contrast seems inverted: the recipe explains the grey values from bright to dark, not from dark to "
            f"bright (by {mixture.misfit - turned.misfit:.2f} in ln L of a voxel)",
            where=where, remedy="give --contrast inverted, or --contrast normal if it is not",
        )  # fmt: skip


def _strong_corrections(fields: Fields, levels: Sequence[float]) -> list[str]:
    """What of brightness was corrected by more than what is between two phases."""
    gap = float(np.diff(levels).min())
    brightest = float(levels[-1])
    sizes = {
        "a shadow": float(np.ptp(fields.shadow(brightest))),
        "a change of brightness along z": float(np.ptp(fields.trend(brightest) - fields.odd)),
        "curtains": 4 * float(fields.curtains.std()),
    }
    return [
        f"{what} of {size:.3g} grey values {'are' if what == 'curtains' else 'is'} taken away, and the nearest phases "
        f"are {gap:.3g} apart: what is left of it may move fractions by points that no interval has"
        for what, size in sizes.items()
        if size > gap
    ]


def _doubts(phases: Sequence[str], mixture: Mixture, off: float | None, central: Member) -> list[str]:
    told: list[str] = []
    decides = "the recipe decides between them" if off is not None else "what divides them is a guess"
    told += [
        f"grey values of {phases[place]} and {phases[place + 1]} are {apart:.1f} widths apart: {decides}"
        for place, apart in enumerate(mixture.separations())
        if apart < _SMALL_SEPARATION
    ]
    if off is None:
        told.append(
            "no recipe: fractions rest on the histogram alone, and phases of few per cent may be off by ten points or "
            "more; give --sample with weight fractions and densities"
        )
    elif off > _TENSION:
        told.append(
            f"the image contradicts the recipe: its fractions are {off:.1f} standard uncertainties off; "
            "check phases, their order, densities, and whether the stack is representative"
        )
    missed = np.abs(np.array(central.reached) - np.array(central.targets))
    if missed.max() > 0.01:
        worst = int(missed.argmax())
        told.append(f"labels hold {100 * central.reached[worst]:.1f} % {phases[worst]} where thresholds have "
                    f"{100 * central.targets[worst]:.1f} %")  # fmt: skip
    return told
