"""Whether a run keeps its pace: a test for a change with time, at a stated level, and the part before it left out.

A run that begins in a state that it does not keep (hops of a melt that freezes, a cell that still shrinks, ions that
are not yet trapped) has no one diffusivity. The run is cut into blocks of time long enough to know nothing of each
other; were it stationary, any order of its blocks would be as likely as the one that ran. The statistic is the largest
difference of means, in its errors, between what is before and after any border of blocks (a change point; Page,
Biometrika 41, 100 (1954), doi 10.1093/biomet/41.1-2.100), and its distribution that over the orders (a permutation
test, exact for blocks that can be exchanged; Pitman, doi 10.2307/2984124).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.transport.relaxation import FEWEST_BLOCKS, LARGEST_CUT, MOST_BLOCKS, relaxation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LEVEL_CUT = 0.05
"""A change that is this improbable by chance is cut away: the rest is as good a run, only shorter."""
LEVEL_REFUSE = 0.001
"""One that is this improbable, and cannot be cut away, leaves no diffusivity."""
_SHORTEST_BLOCK = 2
_FEWEST_IN_REPLICA = 6
"""A replica of fewer blocks (one much shorter than the longest) is not tested."""
_ROUNDS = 3
_ORDERS = 5000
LEAST_P_VALUE = 1.0 / _ORDERS
_SEED = 20540
_ROUNDING = 1e-9
_FEWEST_OF_A_LINE = 4


@dataclass(frozen=True)
class Change:
    """The likeliest border between two parts of a run, in blocks from its beginning, and the chance of it.

    `p_value` is the share of the orders of the blocks that have a change as large; 1 where the blocks are too few or
    all the same.
    """

    at_block: int
    p_value: float


@dataclass(frozen=True)
class Stationarity:
    """What of a run is stationary.

    Attributes
    ----------
    first_frame
        Frames to leave out at the beginning of every replica.
    cut_by, cut_p_value
        The quantity that changed there, and the chance of that in a stationary run (None: nothing is left out).
    drifts, drift_p_value
        The same of a quantity that changes too late to be cut away (None: none does).
    lasts, lasts_p_value
        The same of one that may change on beyond what was cut away (None: none does): not improbable enough to drift.
    needs_frames
        Frames of runs in which the change of `drifts` or `lasts` would be over; 0 where nobody knows.
    """

    first_frame: int = 0
    cut_by: str | None = None
    cut_p_value: float | None = None
    drifts: str | None = None
    drift_p_value: float | None = None
    lasts: str | None = None
    lasts_p_value: float | None = None
    needs_frames: int = 0

    def then(self, rest: Stationarity) -> Stationarity:
        """This and what was found in the rest, after what this leaves out."""
        cuts = [(each.cut_by, each.cut_p_value) for each in (self, rest) if each.cut_by is not None]
        names = dict.fromkeys(name for by, _ in cuts for name in str(by).split(" and "))
        drift = rest if rest.drifts is not None else self
        lasting = self if self.lasts is not None else rest
        return Stationarity(
            first_frame=self.first_frame + rest.first_frame,
            cut_by=" and ".join(names) or None,
            cut_p_value=max((p_value or 0.0 for _, p_value in cuts), default=None),
            drifts=drift.drifts,
            drift_p_value=drift.drift_p_value,
            lasts=lasting.lasts,
            lasts_p_value=lasting.lasts_p_value,
            needs_frames=max(self.needs_frames, rest.needs_frames + self.first_frame if rest.needs_frames else 0),
        )


NO_CHANGE = Stationarity()
"""A run that is left whole."""


def stationary_part(quantities: Mapping[str, Callable[[int, int], list[np.ndarray]]], n_frames: int) -> Stationarity:
    """Find what to leave out of a run so that none of its quantities changes with time.

    The level of the test is shared by the quantities (Bonferroni). A change is cut away (`LEVEL_CUT`) and the rest is
    tested again, three times at most; what is left out is never more than half of the run. `LEVEL_REFUSE` is the level
    of a change that cannot be cut away.

    Parameters
    ----------
    quantities
        By name, `blocks(first, length)`: of each replica `[n_blocks]`, the means over blocks of `length` frames from
        frame `first` on.
    n_frames
        Of the longest replica.
    """
    found, cuts_left = Stationarity(), _ROUNDS
    while True:
        first = found.first_frame
        tested = {name: _tested(blocks, first, n_frames - first) for name, blocks in quantities.items()}
        name = min(tested, key=lambda each: tested[each][0].p_value)
        change, length = tested[name]
        p_value = min(len(quantities) * change.p_value, 1.0)
        border = first + change.at_block * length
        if cuts_left and p_value < LEVEL_CUT and border <= LARGEST_CUT * n_frames:
            found, cuts_left = Stationarity(border, name, p_value), cuts_left - 1
            continue
        return replace(found, drifts=name, drift_p_value=p_value) if p_value < LEVEL_REFUSE else found


def pace(trajectories: Sequence[np.ndarray], *, hop_distance_A: float) -> Stationarity:
    """The part of the runs in which ions keep their pace: their squared displacements, and how many of them move.

    Of a block the squared displacements are those over half of its length, from origins in its first half, so that
    blocks share no frame. An ion is active in a block if its mean position is a hop away from that in the block before.

    Parameters
    ----------
    trajectories
        Each `[n_frames, n_ions, 3]`, A, unwrapped and free of drift.
    hop_distance_A
        Least distance of a hop.
    """

    def squared_displacements(first: int, length: int) -> list[np.ndarray]:
        lag = length // 2
        found = []
        for paths in trajectories:
            blocks = _in_blocks(paths[first:], length)
            steps = blocks[:, lag:] - blocks[:, : length - lag]
            found.append(np.einsum("btic,btic->b", steps, steps))
        return found

    def active_ions(first: int, length: int) -> list[np.ndarray]:
        means = [_in_blocks(paths[first:], length).mean(axis=1) for paths in trajectories]
        moved = [np.linalg.norm(np.diff(each, axis=0), axis=2) > hop_distance_A for each in means]
        return [each.sum(axis=1).astype(np.float64) for each in moved]

    quantities = {"squared displacements": squared_displacements, "number of active ions": active_ions}
    return stationary_part(quantities, max(paths.shape[0] for paths in trajectories))


def steady(series: Mapping[str, Sequence[np.ndarray]]) -> Stationarity:
    """The part of the runs in which quantities known at every sample (energies, volumes) do not change.

    A relaxation (`relaxation.py`) with a chance under `LEVEL_CUT` is left out up to the start that leaves the most
    effective samples, and the rest is tested again, three times at most. One that does not end in the run, or in its
    first half, drifts where its chance is under `LEVEL_REFUSE`, and else lasts.

    Parameters
    ----------
    series
        By name: of each replica `[n_samples]`, all at one interval. `first_frame` of the result counts these samples.
    """
    longest = max((len(each) for values in series.values() for each in values), default=0)
    changing = {name: values for name, values in series.items() if any(map(_changes, values))}
    found = Stationarity()
    for _ in range(_ROUNDS):
        first = found.first_frame
        fits = {name: relaxation([each[first:] for each in values]) for name, values in changing.items()}
        chances = {name: min(len(changing) * fit.p_value, 1.0) for name, fit in fits.items()}
        told = sorted((name for name in fits if chances[name] < LEVEL_CUT), key=lambda name: chances[name])
        if not told:
            break
        start = first + max(fits[name].first for name in told)
        too_late = start > LARGEST_CUT * longest
        start = min(start, int(LARGEST_CUT * longest))
        if start > first:
            found = found.then(Stationarity(start - first, " and ".join(told), chances[told[-1]]))
        lasting = [name for name in told if too_late or not fits[name].is_over]
        if lasting:
            name = lasting[0]
            needs = first + max(fits[each].needs for each in lasting)
            if chances[name] < LEVEL_REFUSE:
                return replace(found, drifts=name, drift_p_value=chances[name], needs_frames=needs)
            return replace(found, lasts=name, lasts_p_value=chances[name], needs_frames=needs)
        if start == first:
            break
    return found


def _changes(values: np.ndarray) -> bool:
    return len(values) > 0 and bool(np.ptp(values) > _ROUNDING * np.abs(values).max())


def change_point(blocks: Sequence[np.ndarray]) -> Change:
    """Look for one change with time in the block means of replicas.

    Replicas are compared at the same time since their beginning, each about its own mean, which may differ.

    Parameters
    ----------
    blocks
        Of each replica `[n_blocks]`, the means of a quantity over consecutive blocks of one length.
    """
    usable = [
        values
        for values in blocks
        if values.size >= _FEWEST_IN_REPLICA and np.ptp(values) > _ROUNDING * np.abs(values).max()
    ]
    if not usable:
        return Change(0, 1.0)
    n_borders = max(values.size for values in usable) - 1
    rng = np.random.default_rng(_SEED)
    sums, variance = np.zeros((_ORDERS + 1, n_borders)), np.zeros(n_borders)
    for values in usable:
        n, centred = values.size, values - values.mean()
        orders = rng.permuted(np.tile(centred, (_ORDERS, 1)), axis=1)
        sums[:, : n - 1] += np.cumsum(np.concatenate([centred[None], orders]), axis=1)[:, :-1]
        early = np.arange(1, n)
        variance[: n - 1] += centred.var(ddof=1) * early * (n - early) / n
    strength = np.abs(sums) / np.sqrt(variance)
    largest = strength.max(axis=1)
    as_large = largest >= largest[0] * (1.0 - 1e-9)  # it is one of its own orders
    return Change(int(np.argmax(strength[0])) + 1, float(as_large.mean()))


def _tested(blocks: Callable[[int, int], list[np.ndarray]], first: int, n_frames: int) -> tuple[Change, int]:
    """The change over blocks as short as they are independent, and their length in frames.

    Where the blocks of a sixteenth of the run are not, nothing is found: the run is too short to tell.
    """
    n_blocks = MOST_BLOCKS
    while n_blocks >= FEWEST_BLOCKS:
        length = n_frames // n_blocks
        if length >= _SHORTEST_BLOCK:
            values = blocks(first, length)
            change = change_point(values)
            if _are_independent(values, change.at_block):
                return change, length
        n_blocks //= 2
    return Change(0, 1.0), n_frames


def _are_independent(blocks: Sequence[np.ndarray], at_block: int) -> bool:
    """Whether neighbouring blocks are correlated by less than its error, about a line on each side of the border."""
    products, squares, n = 0.0, 0.0, 0
    for values in blocks:
        rest = np.concatenate([_about_a_line(values[:at_block]), _about_a_line(values[at_block:])])
        products += float(rest[1:] @ rest[:-1])
        squares += float(rest @ rest)
        n += rest.size
    if n == 0 or squares == 0.0:
        return True
    return products / squares + 2.0 * len(blocks) / n < 1.0 / np.sqrt(n)  # the lines lower the correlation by 2 / n


def _about_a_line(values: np.ndarray) -> np.ndarray:
    if values.size < _FEWEST_OF_A_LINE:
        return values - values.mean() if values.size else values
    at = np.arange(values.size) - 0.5 * (values.size - 1)
    centred = values - values.mean()
    return centred - at * (at @ centred) / (at @ at)


def _in_blocks(values: np.ndarray, length: int) -> np.ndarray:
    """`[n_blocks, length, ...]`; what is over at the end is left out."""
    n_blocks = values.shape[0] // length
    return values[: n_blocks * length].reshape(n_blocks, length, *values.shape[1:])
