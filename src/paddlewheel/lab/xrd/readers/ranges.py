"""Ranges of one scan: those that follow each other are one pattern, those over the same angles are a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from paddlewheel.lab.xrd.readers.scan import Scan

_SAME = 0.05
"""Of a range: how far the ends of those of a series may be apart."""
_BORDER = 12
"""Points on each side of a border that are compared."""
_DIFFERENT = 5.0
"""Standard deviations from which two ranges do not fit together."""


def joined(scans: Sequence[Scan]) -> list[Scan]:
    """The scans, with those that follow each other made one pattern, at the counting time of the first.

    What two of them cover is that of the first. A step at a border that counting does not explain is told.
    """
    if len(scans) < 2 or not _follow(scans):
        return list(scans)
    first = scans[0]
    position, intensity, variance = first.position, first.intensity, _variance(first)
    said = [line for scan in scans for line in scan.warnings]
    scaled = False
    for scan in scans[1:]:
        factor = _per_step_s(first) / _per_step_s(scan)
        scaled |= abs(factor - 1) > 1e-3
        more, more_variance = scan.intensity * factor, _variance(scan) * factor**2
        said += _step(position, intensity, variance, scan.position, more, more_variance)
        new = scan.position > position[-1]
        position = np.concatenate([position, scan.position[new]])
        intensity = np.concatenate([intensity, more[new]])
        variance = np.concatenate([variance, more_variance[new]])
    told = f"{len(scans)} ranges of one scan are joined"
    said.append(told + (", brought to the counting time of the first" if scaled else ""))
    has_std = scaled or first.std is not None
    exposures = [scan.exposure_s for scan in scans if scan.exposure_s is not None]
    return [
        replace(
            first, name=first.name.removesuffix(" 1"), position=position, intensity=intensity,
            std=np.sqrt(variance) if has_std else None, warnings=tuple(dict.fromkeys(said)),
            exposure_s=sum(exposures) if len(exposures) == len(scans) else None,
        )
    ]  # fmt: skip


def split_runs(scan: Scan) -> list[Scan]:
    """A table in which the angles begin anew, as the ranges that it holds; as it is where it is no such table."""
    position = scan.position
    falls = np.flatnonzero(np.diff(position) < 0)
    if not falls.size or falls.size > 0.05 * position.size:
        return [scan]
    usual = float(np.median(np.abs(np.diff(position))))
    edges = np.concatenate([[0], falls + 1, [position.size]])
    if np.diff(edges).min() < 10 or not (position[falls] - position[falls + 1] > 3 * usual).all():
        return [scan]
    runs = [
        replace(
            scan, name=f"{scan.name} {number}", position=position[begin:end], intensity=scan.intensity[begin:end],
            std=None if scan.std is None else scan.std[begin:end],
        )
        for number, (begin, end) in enumerate(pairwise(edges), start=1)
    ]  # fmt: skip
    return runs if _follow(runs) or _same_range(runs) else [scan]


def _ends(scans: Sequence[Scan]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([scan.position[0] for scan in scans]), np.array([scan.position[-1] for scan in scans])


def _same_range(scans: Sequence[Scan]) -> bool:
    starts, ends = _ends(scans)
    span = float(ends[0] - starts[0])
    return bool(np.ptp(starts) < _SAME * span and np.ptp(ends) < _SAME * span)


def _follow(scans: Sequence[Scan]) -> bool:
    """Whether each range begins where the one before ends, or within its last half, and goes on beyond."""
    if len({(scan.abscissa, scan.temperature_K) for scan in scans}) > 1:
        return False
    if any(scan.position.size < 10 or not (np.diff(scan.position) > 0).all() for scan in scans):
        return False
    starts, ends = _ends(scans)
    steps = np.array([float(np.median(np.diff(scan.position))) for scan in scans])
    outer = np.array([np.diff(scan.position)[[0, -1]].max() for scan in scans])
    if (outer > 3 * steps).any():  # a point out of its place, no range
        return False
    for place in range(1, len(scans)):
        middle = (starts[place - 1] + ends[place - 1]) / 2
        reach = ends[place - 1] + 3 * max(steps[place - 1], steps[place])
        if not (middle < starts[place] <= reach and ends[place] > ends[place - 1]):
            return False
    return True


def _per_step_s(scan: Scan) -> float:
    return scan.exposure_s / scan.position.size if scan.exposure_s else 1.0


def _variance(scan: Scan) -> np.ndarray:
    return np.maximum(scan.intensity, 1.0) if scan.std is None else scan.std**2


def _step(
    position: np.ndarray, intensity: np.ndarray, variance: np.ndarray, next_position: np.ndarray,
    more: np.ndarray, more_variance: np.ndarray,
) -> list[str]:  # fmt: skip
    """A line where two ranges differ at their border by more than counting explains."""
    left, right = slice(-_BORDER, None), np.flatnonzero(next_position > position[-1])[:_BORDER]
    if right.size < 3:
        return []
    means = [float(np.median(intensity[left])), float(np.median(more[right]))]
    # the median of n points has pi / 2 times the variance of their mean
    std = np.sqrt(np.pi / 2 * (variance[left].mean() / _BORDER + more_variance[right].mean() / right.size))
    if abs(means[1] - means[0]) <= _DIFFERENT * std:
        return []
    return [f"at {position[-1]:.4g} deg the intensity goes from {means[0]:.4g} to {means[1]:.4g}: ranges do not fit"]
