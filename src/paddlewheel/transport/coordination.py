"""How many anion centres surround each mobile ion, for how long the same ones do, and what the cutoff of that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.transport.lattice import image_reach
from paddlewheel.transport.msd import checked_frame_interval, checked_positions
from paddlewheel.transport.van_hove import log_spaced_lags

_STRETCHES = 8


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """One run: mobile ions and anion centres in the same mean cell.

    Attributes
    ----------
    ions_A, centres_A
        Paths `[n_frames, n_ions, 3]` and `[n_frames, n_centres, 3]`, A, without a drift against each other.
    kinds
        `[n_centres]` names of the anions, such as BH4.
    cell_A
        `[3, 3]`, the mean cell.
    """

    ions_A: np.ndarray
    centres_A: np.ndarray
    kinds: Sequence[str]
    cell_A: np.ndarray

    def of_kind(self, kind: str) -> np.ndarray:
        """`[n_frames, n, 3]`: the centres of one kind."""
        return self.centres_A[:, [name == kind for name in self.kinds]]


@dataclass(frozen=True)
class Lifetime:
    """How long a centre stays a neighbour: the time at which the correlation of the shell is 1/e.

    `time_ps` and `std_ps` are None where it does not get there within half of the run; `reason` says so and
    `lower_bound_ps` is that half.
    """

    time_ps: float | None
    std_ps: float | None
    lower_bound_ps: float | None
    reason: str | None


@dataclass(frozen=True)
class Shell:
    """The first shell of one kind of anion (or of all of them together) around the mobile ions.

    Attributes
    ----------
    mean, std
        Coordination number and its standard error: the larger of those from the scatter over ions and over stretches of
        time.
    share
        `[n_max + 1]`, share of ions and frames that have 0, 1, 2, ... of them.
    by_time
        `[n_frames]` of the first run, mean over ions.
    by_ion
        `[n_ions]` over all runs, mean over frames.
    lag_ps, correlation
        `[n_lags]`, correlation of the shell: 1 at lag 0, 0 where chance is all that is left.
    lifetime
        Read from it.
    """

    mean: float
    std: float
    share: np.ndarray
    by_time: np.ndarray
    by_ion: np.ndarray
    lag_ps: np.ndarray
    correlation: np.ndarray
    lifetime: Lifetime


ALL_KINDS = "all"
"""Name of the shell of all kinds together."""


def coordination_shells(
    runs: Sequence[Surroundings], *, cutoffs_A: Mapping[str, float], frame_interval_fs: float
) -> dict[str, Shell]:
    """Coordination numbers of the ions by the anion centres of each kind within its cutoff, and by all of them.

    Images of a centre count each. The correlation of a shell is `c(t) = <h(0) h(t)> / <h>`, h(t) whether a centre is a
    neighbour of an ion at time t, wherever it has been in between (the intermittent correlation of Rapaport, Mol. Phys.
    50, 1151 (1983), doi 10.1080/00268978300102931); what chance leaves of it, <h>, is taken off: (c - <h>) / (1 - <h>).

    Parameters
    ----------
    runs
        With the same ions and kinds.
    cutoffs_A
        By kind; kinds without a cutoff are left out.
    frame_interval_fs
        Time between frames.

    Raises
    ------
    InputError
        For positions of a wrong shape, or no centre of a kind.
    SettingsError
        A cutoff or frame interval that is not positive.
    """
    from paddlewheel.transport.van_hove_kernels import kept_neighbours, shell_of_ion

    step_ps = checked_frame_interval(frame_interval_fs)
    kinds = list(cutoffs_A)
    if not kinds:
        raise SettingsError("no cutoff", remedy="give one for a kind of anion at least")
    for kind, cutoff in cutoffs_A.items():
        if not (np.isfinite(cutoff) and cutoff > 0):
            raise SettingsError(f"a cutoff of {cutoff} A for {kind}", remedy="give a positive distance")
        if any(kind not in run.kinds for run in runs):
            there = ", ".join(dict.fromkeys(runs[0].kinds))
            raise InputError(f"no {kind} around the ions (there are {there})", remedy="name one of them")
    lags = log_spaced_lags(min(run.ions_A.shape[0] for run in runs), 40)
    counts, kept, present, pairs = [], [], [], []
    for run in runs:
        ions, centres = checked_positions(run.ions_A), checked_positions(run.centres_A)
        chosen = np.flatnonzero([kind in cutoffs_A for kind in run.kinds])
        owner = np.array([kinds.index(run.kinds[int(j)]) for j in chosen])
        radii = np.array([cutoffs_A[run.kinds[int(j)]] for j in chosen], dtype=np.float64)
        inverse = np.linalg.inv(run.cell_A)
        reach = image_reach(run.cell_A, float(radii.max()))
        fractional = centres[:, chosen] @ inverse
        count = np.empty((ions.shape[0], ions.shape[1], len(kinds)), dtype=np.int16)
        inside = np.empty((chosen.size, ions.shape[0]), dtype=np.uint8)
        for i in range(ions.shape[1]):
            shell_of_ion(np.ascontiguousarray(ions[:, i] @ inverse), fractional, run.cell_A, reach, radii, inside)
            one = np.zeros((len(kinds), lags.size))
            kept_neighbours(inside, owner, lags, one)
            kept.append(one)
            there = (inside > 0).mean(axis=1)
            present.append([there[owner == k].sum() for k in range(len(kinds))])
            pairs.append([(owner == k).sum() for k in range(len(kinds))])
            for k in range(len(kinds)):
                count[:, i, k] = inside[owner == k].sum(axis=0)
        counts.append(count)
    memory = _Memory(lags * step_ps, np.array(kept), np.array(present), np.array(pairs, dtype=float))
    shells = {kind: _shell([counted[:, :, k] for counted in counts], memory.of([k])) for k, kind in enumerate(kinds)}
    if len(kinds) > 1:
        shells[ALL_KINDS] = _shell([counted.sum(axis=2) for counted in counts], memory.of(list(range(len(kinds)))))
    return shells


@dataclass(frozen=True)
class _Memory:
    """Per ion and kind: neighbours kept `[n_ions, n_kinds, n_lags]`, neighbours `[n_ions, n_kinds]`, and centres."""

    lag_ps: np.ndarray
    kept: np.ndarray
    present: np.ndarray
    pairs: np.ndarray

    def of(self, kinds: list[int]) -> tuple[np.ndarray, np.ndarray, Lifetime]:
        """Lags, correlation and lifetime of some kinds together."""
        kept, present, pairs = (sums[:, kinds].sum(axis=1) for sums in (self.kept, self.present, self.pairs))
        correlation = _correlation(kept.sum(axis=0), present.sum(), pairs.sum())
        time = _decay(self.lag_ps, correlation)
        last = float(self.lag_ps[-1])
        if time is None:
            end = f"{correlation[-1]:.2f}" if np.isfinite(correlation[-1]) else "not defined"
            return self.lag_ps, correlation, Lifetime(None, None, last, f"the correlation is {end} at {last:.3g} ps")
        n = kept.shape[0]
        if n < 2:
            return self.lag_ps, correlation, Lifetime(None, None, time, "one ion tells no error")
        without = [
            _decay(self.lag_ps, _correlation(kept.sum(axis=0) - kept[i], present.sum() - present[i],
                                             pairs.sum() - pairs[i]))
            for i in range(n)
        ]  # fmt: skip
        if any(left_out is None for left_out in without):
            return self.lag_ps, correlation, Lifetime(None, None, time, "single ions decide whether it decays")
        spread = np.square(np.array(without, dtype=float) - np.mean(np.array(without, dtype=float))).sum()
        return self.lag_ps, correlation, Lifetime(time, float(np.sqrt((n - 1) / n * spread)), None, None)


def _correlation(kept: np.ndarray, present: float, pairs: float) -> np.ndarray:
    chance = present / pairs
    if not 0.0 < chance < 1.0:
        return np.full(kept.shape, np.nan)
    return (kept / present - chance) / (1.0 - chance)


def _decay(lag_ps: np.ndarray, correlation: np.ndarray) -> float | None:
    """First time at which the correlation is 1/e, between lags by its logarithm; None if it never is."""
    below = np.flatnonzero(correlation < np.exp(-1.0))
    if below.size == 0:
        return None
    k = int(below[0])
    t = np.concatenate([[0.0], lag_ps])[k : k + 2]
    c = np.concatenate([[1.0], correlation])[k : k + 2]
    if c[1] <= 0.0:
        return float(t[0] + (t[1] - t[0]) * (c[0] - np.exp(-1.0)) / (c[0] - c[1]))
    return float(t[0] + (t[1] - t[0]) * (np.log(c[0]) + 1.0) / (np.log(c[0]) - np.log(c[1])))


def _shell(counts: Sequence[np.ndarray], memory: tuple[np.ndarray, np.ndarray, Lifetime]) -> Shell:
    """The shell of one kind from its counts, `[n_frames, n_ions]` of each run."""
    by_ion = np.concatenate([counted.mean(axis=0) for counted in counts])
    parts = np.array(
        [part.mean() for counted in counts for part in np.array_split(counted, min(_STRETCHES, counted.shape[0]))]
    )
    errors = [values.std(ddof=1) / np.sqrt(values.size) for values in (by_ion, parts) if values.size > 1]
    together = np.concatenate([counted.ravel() for counted in counts])
    return Shell(
        mean=float(together.mean()),
        std=float(max(errors, default=0.0)),
        share=np.bincount(together) / together.size,
        by_time=counts[0].mean(axis=1),
        by_ion=by_ion,
        lag_ps=memory[0],
        correlation=memory[1],
        lifetime=memory[2],
    )
