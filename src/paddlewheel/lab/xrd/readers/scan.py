"""From what a file says to a `Pattern`: angles, order, which numbers are counts, which errors can be.

Whether intensities are counts is told by their evidence: whole numbers, or errors that are their roots, and neighbours
that scatter as counts do. Second differences of a pattern hold its noise and little else: of three independent points
their variance is v1 + 4 v2 + v3. Blocks of 40 points give one ratio each, and the median over the blocks is not moved
by the peaks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.xrd.instrument import difference, tube_of
from paddlewheel.lab.xrd.pattern import Geometry, Pattern, Radiation
from paddlewheel.units import ZERO_CELSIUS_K

Abscissa = Literal["two-theta-deg", "theta-deg", "q-per-A", "q-per-nm", "d-A"]
"""What the first column is."""
_BLOCK = 40
_LIKE_COUNTS = (0.75, 1.4)
"""Of the scatter of neighbours, squared, to their mean: noise of the ratio is 0.05 for 500 points."""
_HONEST_STD = (0.5, 2.0)
"""Of the scatter of neighbours to the errors that a file states."""
_FEWEST_BLOCKS = 4
_NEXT, _NO_ZERO = 20, 8.0
"""Points beside zeros at an end, and the median above which these are no counts (exp(-8) is 0.0003)."""
_NAMELESS = "its first column has no name: taken as two theta in degrees (--abscissa theta-deg, d-A ... for another)"
_FOLLOWS = 0.3
"""Correlation of a second difference with the next above which a curve is smooth."""
_MEDIAN_OF_LOW = 0.216
"""Median of (x1 - 2 x2 + x3)^2 / 6 of normal numbers where the highest of the three is in the lowest third of all."""
_FLAT, _STEEP = 2.2, 2.0
"""Scatter of flat regions that counts may have (0.455/0.216 = 2.1 where a slope chooses the lowest), and how much more
that of all is where peaks are steep."""
_FEWEST_VALUES, _WHOLE_WITHIN = 20, 0.05
"""Different intensities that show a common step; how far multiples of it may be from whole numbers."""
_FLAT_TOP, _FAR_ABOVE = 3, 3.0
"""Points beside each other at the highest value, and how far that is above the median."""
_APART = 3
"""Points: beyond what programs smooth by."""
_NAMED = re.compile(r"(?<![\d.A-Za-z])(\d{2,4}(?:\.\d+)?)[ _]?(?:deg)?(K|C)(?![A-Za-z\d])")
_SURELY_ANGLES = 30.0
"""A column that goes on beyond is no q in 1/A."""
LARGEST = 1e15
"""Of intensities and errors: no detector counts so far."""
_LONGEST_D_A = 4.0
"""A pattern whose smallest d is longer is no powder pattern of crystals at a tube's wavelength, unless it says so."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Scan:
    """One pattern as its file has it.

    Attributes
    ----------
    position, intensity
        As the file has them; [n_points].
    std
        Errors that the file states; None where it states none.
    abscissa, says_abscissa
        What `position` is, and whether the file says so.
    rest
        As `Pattern` has them.
    """

    name: str
    position: np.ndarray
    intensity: np.ndarray
    std: np.ndarray | None = None
    abscissa: Abscissa = "two-theta-deg"
    says_abscissa: bool = True
    radiation: Radiation | None = None
    geometry: Geometry | None = None
    goniometer_radius_mm: float | None = None
    temperature_K: float | None = None
    exposure_s: float | None = None
    started: datetime | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the user says over the file."""

    abscissa: Abscissa | None = None
    radiation: Radiation | None = None


def over_two_theta(scans: Sequence[Scan], others: Sequence[str], *, name: str, source: str) -> list[Scan]:
    """The scans of a file over two theta, named after it (with their numbers where there are several).

    Parameters
    ----------
    scans
        Those over two theta.
    others
        What the others are over: left out, and told.

    Raises
    ------
    DataError
        Where there are none.
    """
    told = ", ".join(sorted(set(others)))
    if not scans:
        raise DataError(f"no scan over two theta (scans: {told or 'none'})", where=source,
                        remedy="give a powder pattern")  # fmt: skip
    many = len(scans) > 1
    found = [replace(scan, name=f"{name} {number}" if many else name) for number, scan in enumerate(scans, start=1)]
    if others:
        line = f"{len(others)} scans are left out: {told}"
        found[0] = replace(found[0], warnings=(*found[0].warnings, line))
    return found


def to_pattern(scan: Scan, source: str, given: Given) -> Pattern:
    """The checked pattern.

    Raises
    ------
    DataError
        For angles that are none or do not rise, q or d without a wavelength, negative intensities without errors, and a
        range that contradicts what the file says.
    """
    said = list(scan.warnings)
    if given.abscissa is not None:
        scan = replace(scan, abscissa=given.abscissa, says_abscissa=True)
    radiation = scan.radiation
    if given.radiation is not None:
        if radiation is not None and (told := difference(radiation, given.radiation)) is not None:
            said.append(told)
        radiation = given.radiation
    elif radiation is not None and _may_lack_ka2(radiation):
        said.append(
            f"the file states one line of {tube_of(radiation.wavelength_A)}, {radiation.wavelength_A:.6g} A:"
            " give --radiation where Ka2 is there too"
        )
    scan = _finite(scan, source, said)
    angles = _two_theta_deg(scan, radiation, source)
    order = slice(None, None, -1) if angles.size > 1 and angles[0] > angles[-1] else slice(None)
    angles, intensity = angles[order], scan.intensity[order]
    std = None if scan.std is None else scan.std[order]
    _check_order(angles, source)
    kept = _measured(angles, intensity, std, said)
    angles, intensity = angles[kept], intensity[kept]
    std = None if std is None else std[kept]
    if std is not None and not std.any():
        std = None
    if angles.size < 10:
        raise DataError(f"{angles.size} points with an intensity", where=source, remedy="give a powder pattern")
    _check_range(angles, scan, radiation, source, said)
    said += _steps(angles)
    _tell_saturation(intensity, said)
    counts, errors = _errors(intensity, std, angles, source, said)
    kelvin = scan.temperature_K
    if kelvin is None and (kelvin := named_K(scan.name)) is not None:
        said.append(f"its temperature, {kelvin:.4g} K, is by the name of the file alone")
    return Pattern(
        name=scan.name, source=source, two_theta_deg=angles, intensity=intensity, std=errors, counts=counts,
        radiation=radiation, geometry=scan.geometry, goniometer_radius_mm=scan.goniometer_radius_mm,
        temperature_K=kelvin, exposure_s=scan.exposure_s, started=scan.started, metadata=scan.metadata,
        warnings=tuple(said),
    )  # fmt: skip


def named_K(name: str) -> float | None:
    """The temperature that a name ends a number with K or C for: ``a_300K``, ``a-150C``, in K; None without one."""
    match = _NAMED.search(name)
    if match is None:
        return None
    return float(match[1]) if match[2] == "K" else float(match[1]) + ZERO_CELSIUS_K


def _may_lack_ka2(radiation: Radiation) -> bool:
    """Whether one line of a tube is stated, and no monochromator that would take the other away."""
    return (
        len(radiation.lines) == 1 and radiation.monochromator_cos2 == 1 and tube_of(radiation.wavelength_A) is not None
    )


def _finite(scan: Scan, source: str, said: list[str]) -> Scan:
    """The scan without points that are no numbers."""
    size = scan.position.size
    if scan.intensity.size != size or (scan.std is not None and scan.std.size != size):
        raise DataError(f"{size} angles and {scan.intensity.size} intensities", where=source, remedy="copy it again")
    there = np.isfinite(scan.position) & np.isfinite(scan.intensity)
    if not there.any():
        raise DataError("no point with an angle and an intensity", where=source, remedy="give a powder pattern")
    for values in (scan.intensity[there], np.empty(0) if scan.std is None else np.nan_to_num(scan.std[there])):
        if np.abs(values).max(initial=0.0) > LARGEST:
            raise DataError(
                f"an intensity or error of {np.abs(values).max():.3g}", where=source, remedy="copy it again"
            )
    if there.all():
        return scan
    said.append(f"{size - int(there.sum())} points without a number are left out")
    std = None if scan.std is None else scan.std[there]
    return replace(scan, position=scan.position[there], intensity=scan.intensity[there], std=std)


def _two_theta_deg(scan: Scan, radiation: Radiation | None, source: str) -> np.ndarray:
    if scan.abscissa == "two-theta-deg":
        return scan.position
    if scan.abscissa == "theta-deg":
        return 2 * scan.position
    if radiation is None:
        raise DataError(f"has {scan.abscissa.replace('-', ' ')} and no wavelength", where=source,
                        remedy="give --wavelength-A")  # fmt: skip
    with np.errstate(divide="ignore"):
        inverse_d = {
            "q-per-A": scan.position / (2 * np.pi), "q-per-nm": scan.position / (20 * np.pi), "d-A": 1 / scan.position,
        }[scan.abscissa]  # fmt: skip
    sine = radiation.wavelength_A * inverse_d / 2
    if not (np.abs(sine) <= 1).all():
        place = int(np.argmax(np.abs(sine)))
        raise DataError(
            f"{scan.abscissa.replace('-', ' ')} {scan.position[place]:g} is beyond what {radiation.wavelength_A:g} A"
            " reaches", where=source, remedy="check the wavelength and the unit of the column (--abscissa)",
        )  # fmt: skip
    return np.degrees(2 * np.arcsin(sine))


def _check_order(angles: np.ndarray, source: str) -> None:
    steps = np.diff(angles)
    if (steps > 0).all():
        return
    place = int(np.argmax(steps <= 0))
    there = f"{angles[place]:g}"
    if steps[place] == 0:
        raise DataError(
            f"angle {there} stands twice, after {place + 1} points", where=source,
            remedy="write the angles with more digits, or drop one of the points",
        )  # fmt: skip
    raise DataError(
        f"angles are not sorted: {angles[place + 1]:g} comes after {there}", where=source,
        remedy="sort the points by two theta",
    )  # fmt: skip


def _measured(angles: np.ndarray, intensity: np.ndarray, std: np.ndarray | None, said: list[str]) -> np.ndarray:
    """Which points were measured: at positive angles, with an error, and not the zeros of a mask."""
    kept = angles > 0
    if not kept.all():
        said.append(f"{int((~kept).sum())} points at two theta of 0 and below are left out")
    if std is not None and std.any():
        without = kept & ~((std > 0) & np.isfinite(std))
        if without.any():
            said.append(f"{int(without.sum())} points without an error are left out (masked, or never measured)")
        kept &= ~without
    dark = np.zeros_like(kept)
    lit = np.flatnonzero(kept & (intensity != 0))
    if lit.size > _NEXT:
        # zeros beside points of a few counts are counts
        if np.median(intensity[lit[:_NEXT]]) > _NO_ZERO:
            dark[: lit[0]] = kept[: lit[0]]
        if np.median(intensity[lit[-_NEXT:]]) > _NO_ZERO:
            dark[lit[-1] + 1 :] = kept[lit[-1] + 1 :]
    if dark.any():
        said.append(f"{int(dark.sum())} zeros at the ends are left out (behind a beam stop, or beyond the detector)")
        kept &= ~dark
    return kept


def _check_range(angles: np.ndarray, scan: Scan, radiation: Radiation | None, source: str, said: list[str]) -> None:
    """Refuse what is no two theta; ask where a column without a name may be q, d or theta."""
    last = float(angles[-1])
    if last > 180:
        raise DataError(
            f"two theta up to {last:g}", where=source,
            remedy="is it in hundredths of a degree, or a time of flight? give a pattern in degrees",
        )  # fmt: skip
    if scan.says_abscissa or last > _SURELY_ANGLES:
        return
    if radiation is None:
        said.append(_NAMELESS)
        return
    shortest_d_A = radiation.wavelength_A / (2 * np.sin(np.radians(last / 2)))
    if shortest_d_A > _LONGEST_D_A and tube_of(radiation.wavelength_A) is not None:
        raise DataError(
            f"a first column without a name, up to {last:g}: as two theta at {radiation.wavelength_A:g} A it ends at a"
            f" d of {shortest_d_A:.1f} A", where=source,
            remedy="is it q or another wavelength? say which with --abscissa two-theta-deg, q-per-A, d-A ...",
        )  # fmt: skip
    said.append(_NAMELESS)


def _steps(angles: np.ndarray) -> list[str]:
    """Where the step changes, and where a stretch is missing."""
    steps = np.diff(angles)
    usual = float(np.median(steps))
    told = []
    gaps = np.flatnonzero(steps > 5 * usual)
    if gaps.size and gaps.size < 0.01 * steps.size:
        first = int(gaps[0])
        told.append(f"{gaps.size} gaps, the first from {angles[first]:.4g} to {angles[first + 1]:.4g} deg")
    quarter = max(steps.size // 4, 1)
    begin, end = float(np.median(steps[:quarter])), float(np.median(steps[-quarter:]))
    if max(begin, end) > 1.2 * min(begin, end):
        told.append(f"the step changes from {begin:.4g} to {end:.4g} deg")
    return told


def scatter(intensity: np.ndarray, variance: np.ndarray, *, lag: int = 1) -> float | None:
    """Variance of points `lag` apart over that which is said, a median over blocks; None for too few points."""
    second = intensity[: -2 * lag] - 2 * intensity[lag:-lag] + intensity[2 * lag :]
    expected = variance[: -2 * lag] + 4 * variance[lag:-lag] + variance[2 * lag :]
    blocks = second.size // _BLOCK
    if blocks < _FEWEST_BLOCKS:
        return None
    cut = blocks * _BLOCK
    seen = (second[:cut] ** 2).reshape(blocks, _BLOCK).mean(axis=1)
    said = expected[:cut].reshape(blocks, _BLOCK).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.nanmedian(seen / said))


def attenuated(
    values: np.ndarray, factors: np.ndarray, *, corrected: bool, said: list[str]
) -> tuple[np.ndarray, np.ndarray | None]:
    """Intensities behind an attenuator, and their errors where it was in the beam: f N with an error of f sqrt(N).

    Parameters
    ----------
    values
        Counts, or intensities that are multiplied by the factors already (`corrected`).
    factors
        By which the attenuator weakens, one a point; none for no attenuator.
    """
    if not factors.size or not (factors > 1).any():
        return values, None
    factors = np.where(factors > 0, factors, 1.0)
    said.append(f"{int((factors > 1).sum())} points behind an attenuator of up to {factors.max():g}")
    counts = values / factors if corrected else values
    return counts * factors, np.sqrt(np.maximum(counts, 1.0)) * factors


def _errors(
    intensity: np.ndarray, std: np.ndarray | None, angles: np.ndarray, source: str, said: list[str]
) -> tuple[bool, np.ndarray]:
    """Whether the intensities are counts, and the error of each."""
    if std is None and (intensity < 0).any():
        place = int(np.argmin(intensity))
        raise DataError(
            f"{int((intensity < 0).sum())} negative intensities without errors, the lowest {intensity[place]:g} at"
            f" {angles[place]:g} deg", where=source,
            remedy="give the counts as measured (no background subtracted), or a third column of errors",
        )  # fmt: skip
    if std is not None and (intensity < -4 * std).any():
        place = int(np.argmin(intensity / std))
        said.append(
            f"{int((intensity < -4 * std).sum())} intensities are negative by over 4 errors, the first at"
            f" {angles[place]:.4g} deg: a background was subtracted"
        )
    if not intensity.any():
        raise DataError("every intensity is zero", where=source, remedy="give a powder pattern")
    whole = bool((intensity == np.round(intensity)).all()) and bool((intensity >= 0).all())
    positive = intensity[intensity > 0]
    least = 1.0 if whole else 0.01 * float(np.median(positive))
    poisson = np.maximum(intensity, least)
    roots = std is not None and bool(np.allclose(std**2, poisson, rtol=0.02, atol=0.02))
    ratio = scatter(intensity, poisson)
    like = ratio is None or _LIKE_COUNTS[0] <= ratio <= _LIKE_COUNTS[1]
    if std is not None and not (roots and whole):
        honest = scatter(intensity, std**2)
        if honest is not None and not _HONEST_STD[0] <= np.sqrt(honest) <= _HONEST_STD[1]:
            said.append(f"neighbours scatter {np.sqrt(honest):.2g} times as its errors say")
        return False, std
    if whole and like:
        return True, np.sqrt(poisson)
    if ratio is None:
        said.append(f"{intensity.size} points are too few to tell their noise: errors are those of counts")
        return False, np.sqrt(poisson)
    if _is_smooth(intensity):
        said.append("no noise in it: a calculated pattern? errors are those of counts")
        return False, np.sqrt(poisson)
    flat = _flat_scatter(intensity, poisson)
    if whole and ratio > max(_LIKE_COUNTS[1], _STEEP * flat) and flat <= _FLAT:
        step = float(np.median(np.diff(angles)))
        said.append(
            f"its steps of {step:.3g} deg are too coarse for its peaks: neighbours in them differ {ratio:.2g} times as"
            " counts would (variance); intensities and widths are those of single points"
        )
        return True, np.sqrt(poisson)
    quantum = _quantum(intensity)
    if quantum is not None and quantum != 1 and _LIKE_COUNTS[0] <= ratio / quantum <= _LIKE_COUNTS[1]:
        said.append(f"scaled: counts times {quantum:.4g} by their smallest steps, which its errors are taken from")
        return False, np.sqrt(quantum * np.maximum(intensity, quantum))
    apart = scatter(intensity, poisson, lag=_APART) or ratio
    if ratio < _LIKE_COUNTS[0] and apart > 1.5 * ratio:
        what, ratio = f"smoothed: points {_APART} apart scatter", min(apart, 1.0)
    else:
        what = "whole numbers, but scaled: neighbours scatter" if whole else "scaled: neighbours scatter"
    said.append(f"{what} {ratio:.2g} times as counts would (variance), which its errors are taken from")
    return False, np.sqrt(ratio * poisson)


def _is_smooth(intensity: np.ndarray) -> bool:
    """Whether neighbours hold no noise: second differences of the digits' rounding alone, or that follow each other.

    Those of independent points are correlated by -2/3 with the next, those of smoothed ones by -1/2, those of a smooth
    curve by almost 1.
    """
    second = np.diff(intensity, 2)
    blocks = second[: second.size // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    squares = (blocks**2).sum(axis=1)
    told = squares > 0
    digits = _quantum(intensity)
    rounding = 0.0 if digits is None else 6 * digits**2 / 12  # variance of a second difference of rounded numbers
    if not told.any() or np.median(squares) / _BLOCK <= 1.5 * rounding:
        return True
    return bool(np.median((blocks[:, 1:] * blocks[:, :-1]).sum(axis=1)[told] / squares[told]) > _FOLLOWS)


def _flat_scatter(intensity: np.ndarray, variance: np.ndarray) -> float:
    """As `scatter`, of the lowest third of each eighth of the pattern: peaks may cover most of it."""
    highest = np.maximum(np.maximum(intensity[:-2], intensity[1:-1]), intensity[2:])
    over = np.diff(intensity, 2) ** 2 / (variance[:-2] + 4 * variance[1:-1] + variance[2:])
    found = []
    for part in np.array_split(np.arange(highest.size), 8):
        low = part[highest[part] <= np.quantile(highest[part], 1 / 3)]
        found.append(np.median(over[low]) / _MEDIAN_OF_LOW)
    return float(np.median(found))


def _quantum(intensity: np.ndarray) -> float | None:
    """The step that all intensities are multiples of; None where there is none."""
    values = np.unique(intensity)
    if values.size < _FEWEST_VALUES:
        return None
    steps = np.diff(values)
    quantum = float(np.median(steps[steps < 1.5 * steps.min()]))
    multiples = values / quantum
    quantum *= float(np.median(multiples[-_FEWEST_VALUES:] / np.round(multiples[-_FEWEST_VALUES:])))
    apart = np.abs(values / quantum - np.round(values / quantum))
    return quantum if quantum > 0 and np.quantile(apart, 0.99) < _WHOLE_WITHIN else None


def _tell_saturation(intensity: np.ndarray, said: list[str]) -> None:
    """Tell of flat tops: many points at exactly the highest value, beside each other."""
    highest = float(intensity.max())
    at = intensity == highest
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[False], at, [False]]).astype(int))))[::2]
    if runs.max() >= _FLAT_TOP and highest > _FAR_ABOVE * float(np.median(intensity)):
        said.append(
            f"{int(at.sum())} points stand at the highest value, {highest:g}, up to {int(runs.max())} beside each"
            " other: the detector was saturated, intensities there are too low"
        )
