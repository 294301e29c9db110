"""Which of many phases are in a pattern: the one that explains most of what is left, again and again, and the evidence.

The pattern is laid on an axis on which every line is equally wide. Each candidate is painted from its calculated
intensities over a range of shifts of its cell and of the zero, and weighed by the fall of chi2 that it brings beside
the phases found before. An intensity counts as known to 15 %, for texture and atoms; where nothing is measured only to
the noise, so that a strong line that is missing speaks against a phase as much as ten that are there speak for it.

What chance would bring is measured, not assumed: the same candidate, its cell swollen or shrunk by 4 to 16 %, which no
temperature or composition does, is tried in as many shifts. A phase is found where its fall of chi2 is far beyond
these, its strong lines are there, and it pays three times for its parameters by the Bayesian criterion.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.xrd.pattern import Pattern
from paddlewheel.lab.xrd.phase import Phase, d_spacing_A

_CELL_PERCENT = 1.5
_MOST_PHASES = 8
_D_MIN_A = 1.05
"""Lines of smaller d crowd so that they hardly tell phases apart."""
_RELATIVE = 0.15
"""Uncertainty of an intensity from texture, atoms and shapes of lines."""
_FLANKS = ((1.5, 0.06), (5.0, 0.015))
"""Uncertainty of a line's flanks over its height, up to so many widths from it."""
_OWN_LINES = 12
"""Strongest lines of a found phase that are free, for texture."""
_ASIDE_WIDTHS = 0.25
"""Each is painted on both sides of its place, for places and widths are not exact either."""
_CELLS_PER_WIDTH = 5
_REACH_WIDTHS = 8
_LORENTZIAN = 0.5
_SWOLLEN_PERCENT = (-16.0, -13.0, -10.0, -7.0, -4.5, 4.5, 7.0, 10.0, 13.0, 16.0)
_BEYOND_CHANCE = 4.0
"""Fall of chi2 over the largest by chance from which on a phase is found."""
_OVER_COST = 3.0
"""Fall of chi2 over the cost of a phase's parameters."""
_LINES_THERE = 0.7
"""Share of the expected intensity of strong lines that has to be there."""
_STRONG = 0.15
_COVERED, _UNCOVERED = 0.7, 0.3
"""Share of a measured line that found phases explain, from which on it is theirs; share of the expected intensity of
strong lines that has to be clear of those."""
_ALIKE = 0.97
"""Cosine of two painted patterns from which on they count as one structure."""
_TRIED_CLOSELY = 4
_PEAK_STD = 6.0
_PEAK_SHARE = 0.02


@dataclass(frozen=True, eq=False, kw_only=True)
class Candidate:
    """A phase weighed against a pattern.

    Attributes
    ----------
    is_found
        Whether it is in the pattern.
    gain
        Fall of chi2 that it brings beside the phases found (or found before it).
    chance_gain
        Largest that the same phase brings with a swollen or shrunk cell; None where it was not tried closely.
    bic_gain
        `gain` less what its parameters cost.
    lines_there, n_strong_lines
        Share of the expected intensity of its strong lines that is there, and how many of these lines are in the range,
        above the noise and clear of the phases found before.
    missing_two_theta_deg
        Of its strong lines that are not there, where they would be.
    intensity_share
        Of the intensity above the background that it explains.
    cell_shift_percent
        Mean change of the lengths of its cell.
    cell
        With it; [6].
    alike
        Names of other candidates that look the same here.
    reason
        Why it is not found; None where it is.
    """

    name: str
    source: str
    formula: str
    phase: Phase
    is_found: bool
    gain: float
    chance_gain: float | None
    bic_gain: float
    lines_there: float
    n_strong_lines: int
    missing_two_theta_deg: tuple[float, ...]
    intensity_share: float
    cell_shift_percent: float
    cell: np.ndarray
    alike: tuple[str, ...]
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class UnexplainedPeak:
    """A peak that no found phase explains; its height over that of the highest peak."""

    two_theta_deg: float
    d_A: float
    relative_height: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Identification:
    """What is in a pattern.

    Attributes
    ----------
    candidates
        Found ones in the order in which they were found, then the others by their gain.
    unexplained
        Peaks, the highest first.
    unexplained_share
        Of the intensity above the background.
    shift_deg
        Of the zero that was found with the first phase.
    two_theta_deg, net, explained
        Intensity above the background and what the phases explain of it, on the axis of equal widths; [n] each.
    """

    candidates: tuple[Candidate, ...]
    unexplained: tuple[UnexplainedPeak, ...]
    unexplained_share: float
    shift_deg: float
    two_theta_deg: np.ndarray
    net: np.ndarray
    explained: np.ndarray

    @property
    def found(self) -> tuple[Candidate, ...]:
        """The phases in the pattern."""
        return tuple(each for each in self.candidates if each.is_found)


def identify(
    pattern: Pattern,
    phases: Sequence[Phase],
    *,
    cell_percent: float = _CELL_PERCENT,
    most_phases: int = _MOST_PHASES,
    stops: Callable[[], bool] | None = None,
) -> Identification:
    """Find which of `phases` are in a pattern.

    Parameters
    ----------
    cell_percent
        How far the lengths of a cell may be from those given: thermal expansion, solid solutions.
    most_phases
        No more than these are found.
    stops
        Asked between candidates: the search is given up where it says so, with what was found.

    Raises
    ------
    DataError
        For a pattern without a wavelength, or without peaks.
    """
    net = _net_pattern(pattern)
    painted = [_Painter(phase, net, pattern) for phase in phases]
    painted = [each for each in painted if each.d_A.size]
    found: list[_Placed] = []
    last: dict[int, _Placed] = {}
    rejected: dict[int, _Placed] = {}
    shift_deg: float | None = None
    while len(found) < most_phases:
        space = _Space(net, _columns(found, painted))
        taken = {each.painter for each in found}
        tries: list[_Placed] = []
        for place, painter in enumerate(painted):
            if stops is not None and stops():
                break
            if place not in taken and place not in rejected:
                tries.append(_best_place(place, painter, space, cell_percent, shift_deg))
        tries.sort(key=lambda each: -each.gain)
        last.update({each.painter: each for each in tries})
        near = []
        for each in tries[:_TRIED_CLOSELY]:
            free = _best_place(each.painter, painted[each.painter], space, cell_percent, None)
            near.append(_closely(free, painted, space, cell_percent))
        last.update({each.painter: each for each in near})
        good = [each for each in near if each.reason is None]
        if not good:
            break
        best = max(good, key=lambda each: each.gain)
        found.append(best)
        shift_deg = best.shift_deg if shift_deg is None else shift_deg
        for each in near:  # what looks the same is the same: it is told beside it and not tried again
            if each is not best and _cosine(each.column, best.column) > _ALIKE:
                rejected[each.painter] = each
    found, dropped = _without_superfluous(found, painted, net, cell_percent)
    last.update({each.painter: each for each in dropped})
    return _told(net, pattern, painted, found, last, rejected, shift_deg or 0.0)


# ---- the pattern on its axis


@dataclass(frozen=True, eq=False, kw_only=True)
class _Net:
    """Intensity above the background on cells of equal parts of a line's width; [n] each.

    `axis_deg`, `axis_cells` give the cell of an angle; `background` the columns that stay free, [n, k].
    """

    two_theta_deg: np.ndarray
    value: np.ndarray
    noise: np.ndarray
    weight: np.ndarray
    axis_deg: np.ndarray
    axis_cells: np.ndarray
    background: np.ndarray
    width_deg: np.ndarray


def _net_pattern(pattern: Pattern) -> _Net:
    if pattern.radiation is None:
        raise DataError("no wavelength", where=pattern.source, remedy="give --wavelength-A")
    limit = pattern.radiation.wavelength_A / (2 * _D_MIN_A)
    top = math.degrees(2 * math.asin(limit)) if limit < 1 else 180.0
    kept = (pattern.two_theta_deg <= top) & (pattern.two_theta_deg > 0.1)
    if kept.sum() < 100:
        kept = pattern.two_theta_deg > 0.1
    x, y, std = (array[kept].astype(float) for array in (pattern.two_theta_deg, pattern.intensity, pattern.std))
    step = float(np.median(np.diff(x)))
    below = _background(y, std, max(int(0.02 * x.size), 20))
    peaks, widths = _peaks(x, y - below, std)
    if not peaks.size:
        raise DataError("no peaks", where=pattern.source, remedy="look at the pattern: is it of a crystal?")
    width = _width(x, peaks, widths, step)
    below = _background(y, std, max(int(12 * float(np.median(width)) / step), 10))
    cells = np.concatenate([[0.0], np.cumsum(np.diff(x) / (0.5 * (width[1:] + width[:-1])))]) * _CELLS_PER_WIDTH
    coarse = float(np.max(np.diff(cells)))
    cells = cells / max(coarse, 1.0)  # never finer than the points
    place = np.rint(cells).astype(int)
    count = np.maximum(np.bincount(place), 1)
    value = np.bincount(place, y - below) / count
    noise = np.sqrt(np.bincount(place, std**2)) / count
    floor = np.hypot(0.01 * np.bincount(place, below) / count, 1e-3 * float(np.max(value)))
    smooth = np.convolve(value, np.ones(3) / 3, "same")
    variance = noise**2 + floor**2 + (_RELATIVE * np.maximum(smooth, 0)) ** 2
    for reach, share in _FLANKS:  # shapes of lines are not known that well
        variance += (share * _highest_within(smooth, int(reach * _CELLS_PER_WIDTH))) ** 2
    seen = np.bincount(place) > 0
    weight = np.where(seen, 1 / np.sqrt(np.maximum(variance, 1e-300)), 0.0)
    at = np.interp(np.arange(count.size), cells, x)
    order = min(6 + int((x[-1] - x[0]) / 15), 14)
    columns = np.polynomial.chebyshev.chebvander(np.linspace(-1, 1, count.size), order)
    return _Net(
        two_theta_deg=at, value=value, noise=np.hypot(noise, floor), weight=weight, axis_deg=x, axis_cells=cells,
        background=columns, width_deg=np.interp(at, x, width) * max(coarse, 1.0),
    )  # fmt: skip


def _highest_within(values: np.ndarray, reach: int) -> np.ndarray:
    """Largest of the neighbours up to `reach` cells, above zero; [n]."""
    from scipy.ndimage import maximum_filter1d

    return np.maximum(maximum_filter1d(values, 2 * reach + 1), 0)


def _background(y: np.ndarray, std: np.ndarray, reach: int) -> np.ndarray:
    """What lies under the peaks: peaks are clipped over growing distances (SNIP, doi 10.1016/0168-583X(88)90063-8).

    Clipping follows the noise down; the median of what is left near it is added again.
    """
    smooth = np.convolve(np.pad(y, 4, mode="edge"), np.ones(9) / 9, "valid")
    low = np.log(np.log(np.sqrt(np.maximum(smooth, 0) + 1) + 1) + 1)
    for distance in range(min(reach, y.size // 3), 0, -1):
        mean = 0.5 * (low[: -2 * distance] + low[2 * distance :])
        low[distance:-distance] = np.minimum(low[distance:-distance], mean)
    found = (np.exp(np.exp(low) - 1) - 1) ** 2 - 1
    near = np.abs(y - found) < 3 * std
    return found + (float(np.median((y - found)[near])) if near.sum() > 20 else 0.0)


def _peaks(x: np.ndarray, net: np.ndarray, std: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices of peaks, and their full widths at half maximum in degrees."""
    from scipy.signal import find_peaks, peak_widths

    smooth = np.convolve(np.pad(net, 1, mode="edge"), np.ones(3) / 3, "valid")
    least = max(_PEAK_SHARE * float(smooth.max()), 0.0)
    places, _ = find_peaks(smooth, prominence=np.maximum(_PEAK_STD * std, least), width=2)
    if not places.size:
        return places, np.empty(0)
    widths = peak_widths(smooth, places, rel_height=0.5)[0] * float(np.median(np.diff(x)))
    return places, widths


def _width(x: np.ndarray, peaks: np.ndarray, widths: np.ndarray, step: float) -> np.ndarray:
    """Of a line at every angle: lower quantiles of the peaks, for overlapping ones are too wide."""
    if peaks.size < 12:
        return np.full(x.size, max(float(np.quantile(widths, 0.35)), 2 * step))
    parts = np.array_split(np.argsort(x[peaks]), min(peaks.size // 6, 5))
    at = [float(np.median(x[peaks[part]])) for part in parts]
    size = [float(np.quantile(widths[part], 0.35)) for part in parts]
    slope, offset = np.polyfit(at, size, 1)
    middle = float(np.median(size))
    return np.clip(offset + slope * x, max(0.5 * middle, 2 * step), 2.5 * middle)


# ---- painting


class _Painter:
    """Lines of a phase, and patterns of it at any cell."""

    def __init__(self, phase: Phase, net: _Net, pattern: Pattern) -> None:
        from paddlewheel.lab.xrd.structure_factors import reflections

        assert pattern.radiation is not None
        self.phase, self.net, self.radiation = phase, net, pattern.radiation
        shortest = min(wavelength for wavelength, _ in self.radiation.lines)
        d_min_A = shortest / (2 * math.sin(math.radians(min(net.two_theta_deg[-1] + 0.5, 179.0) / 2)))
        listed = reflections(phase, self.radiation, 0.98 * d_min_A)
        strength = listed.multiplicity * listed.structure_factor_squared
        self.hkl, self.strength = listed.hkl, strength
        self.d_A = d_spacing_A(listed.hkl, phase.cell) if len(listed.hkl) else np.empty(0)
        if self.d_A.size:
            theta = self._theta(self.d_A, self.radiation.wavelength_A)
            seen = theta * 2 >= math.radians(net.two_theta_deg[0])
            self.hkl, self.strength, self.d_A = self.hkl[seen], strength[seen], self.d_A[seen]
        kernel = np.arange(-_REACH_WIDTHS * _CELLS_PER_WIDTH, _REACH_WIDTHS * _CELLS_PER_WIDTH + 1) / _CELLS_PER_WIDTH
        shape = (1 - _LORENTZIAN) * np.exp(-4 * math.log(2) * kernel**2) + _LORENTZIAN / (1 + 4 * kernel**2)
        size = net.value.size
        self._length = 1 << (size + kernel.size).bit_length()
        self._kernel = np.fft.rfft(shape, self._length)
        self._lead = kernel.size // 2

    def _theta(self, d_A: np.ndarray, wavelength_A: float) -> np.ndarray:
        return np.arcsin(np.minimum(wavelength_A / (2 * d_A), 0.9999))

    def lines(self, d_A: np.ndarray, shift_deg: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Angles in degrees and areas over those of a line's width, of all wavelengths; [..., n]."""
        angles, heights = [], []
        cos2 = self.radiation.monochromator_cos2
        for wavelength_A, share in self.radiation.lines:
            theta = self._theta(d_A, wavelength_A)
            lorentz = (1 + cos2 * np.cos(2 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
            angle = np.degrees(2 * theta) + shift_deg
            angles.append(angle)
            width = np.interp(angle, self.net.two_theta_deg, self.net.width_deg)
            heights.append(share * self.strength * lorentz / width)
        return np.concatenate(angles, -1), np.concatenate(heights, -1)

    def paint(self, d_A: np.ndarray, shift_deg: float = 0.0, part: np.ndarray | None = None) -> np.ndarray:
        """Patterns of line sets [p, n_lines] in the cells, or of the lines of `part` [n_lines] alone; [p, n]."""
        angle, height = self.lines(np.atleast_2d(d_A), shift_deg)
        if part is not None:
            height = height * np.tile(part, len(self.radiation.lines))
        size = self.net.value.size
        cell = np.interp(angle, self.net.axis_deg, self.net.axis_cells, left=-1.0, right=-1.0)
        inside = (cell >= 0) & (cell < size - 1)
        low = np.where(inside, cell.astype(int), 0)
        beyond = np.where(inside, cell - low, 0.0)
        height = np.where(inside, height, 0.0)
        row = np.arange(angle.shape[0])[:, None] * size
        sticks = np.bincount((row + low).ravel(), (height * (1 - beyond)).ravel(), minlength=angle.shape[0] * size)
        sticks += np.bincount((row + low + 1).ravel(), (height * beyond).ravel(), minlength=angle.shape[0] * size)[
            : sticks.size
        ]
        turned = np.fft.rfft(sticks.reshape(-1, size), self._length) * self._kernel
        return np.fft.irfft(turned, self._length)[:, self._lead : self._lead + size]


def _columns(found: Sequence[_Placed], painters: Sequence[_Painter]) -> list[np.ndarray]:
    """Of phases that are found: their strongest lines each by itself, and the rest of each."""
    columns: list[np.ndarray] = []
    for each in found:
        painter = painters[each.painter]
        d_A = d_spacing_A(painter.hkl, each.cell)
        angle, height = painter.lines(d_A[None], each.shift_deg)
        cell = np.interp(angle[0, : d_A.size], painter.net.axis_deg, painter.net.axis_cells)
        order = np.argsort(cell)
        cluster = np.empty(d_A.size, dtype=int)  # lines within a width of the next are one
        cluster[order] = np.cumsum(np.concatenate([[0], np.diff(cell[order]) > _CELLS_PER_WIDTH]))
        total = np.bincount(cluster, height[0, : d_A.size])
        own = np.argsort(-total)[:_OWN_LINES]
        parts = [cluster == number for number in own] + [~np.isin(cluster, own)]
        aside = _ASIDE_WIDTHS * float(np.median(painter.net.width_deg))
        for part in parts:
            if part.any():
                columns += [painter.paint(d_A, each.shift_deg + moved, part)[0] for moved in (-aside, aside)]
    return columns


class _Space:
    """What is left of the pattern beside the columns that are found: gains of further columns."""

    def __init__(self, net: _Net, columns: Sequence[np.ndarray]) -> None:
        self.net = net
        basis = np.column_stack([net.background, *columns])
        self._q = np.linalg.qr(basis * net.weight[:, None])[0]
        target = net.value * net.weight
        self._left = target - self._q @ (self._q.T @ target)

    @property
    def left(self) -> np.ndarray:
        """Intensity that the columns do not explain, [n]."""
        return np.where(self.net.weight > 0, self._left / np.maximum(self.net.weight, 1e-300), 0.0)

    def gains(self, columns: np.ndarray) -> np.ndarray:
        """Fall of chi2 by each column [p, n] with a scale above zero; [p]."""
        weighted = columns * self.net.weight
        along = weighted @ self._left
        size = (weighted**2).sum(1) - ((weighted @ self._q) ** 2).sum(1)
        return np.where((along > 0) & (size > 1e-9 * (weighted**2).sum(1)), along**2 / np.maximum(size, 1e-300), 0.0)

    def scale(self, column: np.ndarray) -> float:
        """Of a column; above zero."""
        weighted = column * self.net.weight
        size = float(weighted @ weighted - ((weighted @ self._q) ** 2).sum())
        return max(float(weighted @ self._left), 0.0) / max(size, 1e-300)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Placed:
    """A candidate at its best place."""

    painter: int
    gain: float
    stretch: float
    shift_deg: float
    cell: np.ndarray
    column: np.ndarray
    chance: float | None = None
    lines_there: float = 0.0
    n_strong: int = 0
    missing: tuple[float, ...] = ()
    reason: str | None = "explains less than others that are not found"


def _steps(net: _Net, percent: float) -> np.ndarray:
    """Stretches of a cell so fine that no line jumps by more than 0.4 of its width."""
    half = np.radians(net.two_theta_deg[-1] / 2)
    finest = 0.4 * math.radians(float(net.width_deg[-1])) / (2 * math.tan(min(float(half), 1.3)))
    count = max(math.ceil(percent / 100 / finest), 3)
    return np.linspace(-percent / 100, percent / 100, 2 * min(count, 150) + 1)


def _shifts(net: _Net) -> np.ndarray:
    return np.linspace(-1.5, 1.5, 7) * float(np.median(net.width_deg))


def _best_place(
    place: int, painter: _Painter, space: _Space, percent: float, shift_deg: float | None, centre: float = 1.0
) -> _Placed:
    """The stretch, and where it is not known the shift of the zero, of the largest gain."""
    net = space.net
    stretches = centre * (1 + _steps(net, percent))
    best: tuple[float, float, float] = (-1.0, centre, 0.0)
    for shift in _shifts(net) if shift_deg is None else [shift_deg]:
        gains = space.gains(painter.paint(stretches[:, None] * painter.d_A, float(shift)))
        at = int(gains.argmax())
        best = max(best, (float(gains[at]), float(stretches[at]), float(shift)))
    gain, stretch, shift = best
    cell = painter.phase.cell.copy()
    cell[:3] *= stretch
    return _Placed(painter=place, gain=gain, stretch=stretch, shift_deg=shift, cell=cell,
                   column=painter.paint(stretch * painter.d_A, shift)[0])  # fmt: skip


def _closely(placed: _Placed, painters: Sequence[_Painter], space: _Space, percent: float) -> _Placed:
    """With each length of the cell free, what chance brings, and which strong lines are there."""
    painter = painters[placed.painter]
    cell, gain = placed.cell.copy(), placed.gain
    for size in (0.004, 0.0015):
        for lengths in _free_lengths(painter.phase):
            tried = [cell * np.where(lengths, 1 + part, 1.0) for part in size * np.linspace(-1, 1, 9)]
            columns = painter.paint(np.array([d_spacing_A(painter.hkl, each) for each in tried]), placed.shift_deg)
            gains = space.gains(columns)
            at = int(gains.argmax())
            within = np.abs(tried[at][:3] / painter.phase.cell[:3] - 1).max() <= 1.5 * percent / 100
            if gains[at] > gain and within:
                cell, gain = tried[at], float(gains[at])
    d_A = d_spacing_A(painter.hkl, cell)
    column = painter.paint(d_A, placed.shift_deg)[0]
    lines = _strong_lines(painter, d_A, placed.shift_deg, space, space.scale(column))
    cost = _cost(space.net, painter.phase)
    chance, reason = None, None
    if gain <= _OVER_COST * cost:
        reason = "explains no more than noise"
    elif lines.uncovered < _UNCOVERED:
        reason = "its strong lines lie under those of phases that are found"
    elif lines.there < _LINES_THERE:
        reason = f"strong lines are missing: {100 * lines.there:.0f} % of their intensity is there"
    else:
        chance = max(
            _best_place(placed.painter, painter, space, percent, placed.shift_deg, 1 + each / 100).gain
            for each in _SWOLLEN_PERCENT
        )
        if gain < _BEYOND_CHANCE * chance:
            reason = f"explains no more than chance: {gain / max(chance, 1e-9):.1f} times what a wrong cell does"
    return _Placed(
        painter=placed.painter, gain=gain, stretch=float(np.cbrt(np.prod(cell[:3] / painter.phase.cell[:3]))),
        shift_deg=placed.shift_deg, cell=cell, column=column, chance=chance, lines_there=lines.there,
        n_strong=lines.count, missing=lines.missing, reason=reason,
    )  # fmt: skip


def _cost(net: _Net, phase: Phase) -> float:
    """Of the parameters of a phase by the Bayesian criterion; points within a width are one."""
    return math.log(net.value.size / _CELLS_PER_WIDTH) * (2 + len(_free_lengths(phase)))


def _free_lengths(phase: Phase) -> list[np.ndarray]:
    """Which numbers of the cell [6] change together."""
    groups = {
        "cubic": [], "hexagonal": [[0, 1], [2]], "tetragonal": [[0, 1], [2]], "trigonal": [[3, 4, 5]],
        "orthorhombic": [[0], [1], [2]], "triclinic": [[0], [1], [2], [3], [4], [5]],
    }  # fmt: skip
    if phase.crystal_system == "monoclinic":
        angle = int(np.argmax(np.abs(phase.cell[3:] - 90)))
        chosen = [[0], [1], [2], [3 + (angle if abs(phase.cell[3 + angle] - 90) > 1e-6 else 1)]]
    else:
        chosen = groups[phase.crystal_system]
    return [np.isin(np.arange(6), group) for group in chosen]


@dataclass(frozen=True, kw_only=True)
class _Strong:
    """Of the strong lines of a candidate: the share of their expected intensity that is measured, among those that no
    found phase covers; the share that none covers; how many are not covered and above the noise; those missing."""

    there: float
    uncovered: float
    count: int
    missing: tuple[float, ...]


def _strong_lines(painter: _Painter, d_A: np.ndarray, shift_deg: float, space: _Space, scale: float) -> _Strong:
    """Lines closer than a width are one."""
    net = painter.net
    angle, height = painter.lines(d_A[None], shift_deg)
    first = d_A.size  # of the strongest wavelength
    angle, height = angle[0, :first], height[0, :first] * scale
    cell = np.rint(np.interp(angle, net.axis_deg, net.axis_cells, left=-1, right=-1)).astype(int)
    inside = (cell >= 0) & (cell < net.value.size)
    total = np.bincount(cell[inside] // _CELLS_PER_WIDTH, height[inside])
    strong = np.flatnonzero(total > _STRONG * total.max(initial=0.0))
    explained = net.value - space.left
    seen, uncovered, count, missing = 0.0, 0.0, 0, []
    for place in strong:
        window = slice(max((place - 1) * _CELLS_PER_WIDTH, 0), (place + 2) * _CELLS_PER_WIDTH)
        measured = max(float(net.value[window].max()), 0.0)
        middle = min(int(place) * _CELLS_PER_WIDTH + _CELLS_PER_WIDTH // 2, net.value.size - 1)
        if float(explained[window].max()) > _COVERED * measured and measured > 3 * net.noise[middle]:
            continue
        uncovered += float(total[place])
        if total[place] > 3 * net.noise[middle]:
            share = min(measured / float(total[place]), 1.0)
            seen += float(total[place]) * share
            count += 1
            if share < 0.35:
                missing.append(float(net.two_theta_deg[middle]))
        else:
            seen += float(total[place])  # too weak to be missed
    expected = float(total[strong].sum())
    return _Strong(
        there=seen / uncovered if uncovered > 0 else 0.0, uncovered=uncovered / expected if expected > 0 else 0.0,
        count=count, missing=tuple(missing),
    )  # fmt: skip


# ---- what comes of it


def _cosine(first: np.ndarray, second: np.ndarray) -> float:
    """Of two painted patterns, where each line counts by the root of its intensity."""
    one, two = (np.sqrt(np.maximum(column, 0)) for column in (first, second))
    return float(one @ two / max(float(np.linalg.norm(one) * np.linalg.norm(two)), 1e-300))


def _without_superfluous(
    found: list[_Placed], painters: Sequence[_Painter], net: _Net, percent: float
) -> tuple[list[_Placed], list[_Placed]]:
    """Those that are still needed beside all the others; the rest with the reason."""
    kept, dropped = list(found), []
    while len(kept) > 1:
        weighed = []
        for each in kept:
            others = [other for other in kept if other is not each]
            space = _Space(net, _columns(others, painters))
            weighed.append(_closely(each, painters, space, percent))
        worst = min(weighed, key=lambda each: each.gain)
        if all(each.reason is None for each in weighed):
            return weighed, dropped
        worst = min((each for each in weighed if each.reason is not None), key=lambda each: each.gain)
        dropped.append(worst)
        kept = [each for each in kept if each.painter != worst.painter]
    return kept, dropped


def _told(
    net: _Net,
    pattern: Pattern,
    painters: Sequence[_Painter],
    found: list[_Placed],
    last: dict[int, _Placed],
    rejected: dict[int, _Placed],
    shift_deg: float,
) -> Identification:
    from scipy.optimize import nnls

    explained, shares = np.zeros(net.value.size), []
    total = max(float(np.maximum(net.value, 0)[net.value > 2 * net.noise].sum()), 1e-300)
    if found:
        columns = np.array([each.column for each in found])
        basis = np.concatenate([columns.T, net.background, -net.background], 1) * net.weight[:, None]
        solved = nnls(basis, net.value * net.weight)[0]
        parts = solved[: len(found), None] * columns
        count = net.background.shape[1]
        explained = parts.sum(0) + net.background @ (solved[len(found) : -count] - solved[-count:])
        shares = [float(part.sum()) / total for part in parts]
    taken = {each.painter for each in found}
    order = [*found, *sorted((each for at, each in last.items() if at not in taken), key=lambda each: -each.gain)]
    candidates = []
    for number, each in enumerate(order):
        phase = painters[each.painter].phase
        is_found = number < len(found)
        alike = [
            painters[other.painter].phase.name
            for other in ([*rejected.values(), *last.values()] if is_found else [])
            if other.painter not in taken and _cosine(other.column, each.column) > _ALIKE
        ]
        reason = None if is_found else each.reason
        if each.painter in rejected and not is_found:
            reason = "looks the same as a phase that is found"
        candidates.append(
            Candidate(
                name=phase.name, source=phase.source, formula=phase.formula, phase=phase, is_found=is_found,
                gain=each.gain, chance_gain=each.chance, bic_gain=each.gain - _cost(net, phase),
                lines_there=each.lines_there,
                n_strong_lines=each.n_strong, missing_two_theta_deg=each.missing,
                intensity_share=shares[number] if is_found else 0.0, cell_shift_percent=100 * (each.stretch - 1),
                cell=each.cell, alike=tuple(dict.fromkeys(alike)), reason=reason,
            )
        )  # fmt: skip
    peaks = _unexplained(net, pattern, _Space(net, _columns(found, painters)).left)
    left = net.value - explained
    return Identification(
        candidates=tuple(candidates), unexplained=peaks,
        unexplained_share=float(np.maximum(left, 0)[left > 3 * net.noise].sum()) / total,
        shift_deg=shift_deg, two_theta_deg=net.two_theta_deg, net=net.value, explained=explained,
    )  # fmt: skip


def _unexplained(net: _Net, pattern: Pattern, left: np.ndarray) -> tuple[UnexplainedPeak, ...]:
    """Peaks of what is left that are more than half of what was measured there."""
    from scipy.signal import find_peaks

    assert pattern.radiation is not None
    highest = float(net.value.max())
    smooth = np.convolve(left, np.ones(3) / 3, "same")
    places, _ = find_peaks(smooth, prominence=np.maximum(_PEAK_STD * net.noise / math.sqrt(3), 0.01 * highest))
    found = []
    for place in places:
        window = slice(max(place - _CELLS_PER_WIDTH, 0), place + _CELLS_PER_WIDTH + 1)
        is_high = smooth[place] > max(0.005 * highest, _PEAK_STD * net.noise[place] / math.sqrt(3))
        if is_high and smooth[place] > 0.5 * float(net.value[window].max()):
            angle = float(net.two_theta_deg[place])
            d_A = pattern.radiation.wavelength_A / (2 * math.sin(math.radians(angle / 2)))
            found.append(UnexplainedPeak(two_theta_deg=angle, d_A=d_A, relative_height=float(smooth[place]) / highest))
    return tuple(sorted(found, key=lambda peak: -peak.relative_height))
