"""How long ions stay: mean residence times and survival curves, with the stays cut short by the end of a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.transport.sites.assignment import Assignment
from paddlewheel.transport.sites.jumps import site_times_ps
from paddlewheel.transport.sites.rate import Rate


@dataclass(frozen=True)
class Survival:
    """Kaplan and Meier's estimate (doi 10.1080/01621459.1958.10501452) of the share of stays longer than t.

    Attributes
    ----------
    time_ps
        Lengths of the stays that ended in a jump, `[n]`, ascending, the first 0.
    share
        Share of stays longer than that, `[n]`, the first 1.
    std
        Greenwood's standard error, `[n]`.
    n_stays, n_censored
        Stays whose beginning was seen, and those of them that the end of the run cut short.
    """

    time_ps: np.ndarray
    share: np.ndarray
    std: np.ndarray
    n_stays: int
    n_censored: int


def exit_rates(assignment: Assignment, groups: np.ndarray) -> list[Rate]:
    """Rate of leaving a site, by group of sites, `[n_groups]`.

    Time over exits is the estimate of largest likelihood of a mean residence time whose distribution is exponential:
    stays cut short at either end of a run count with the time that was seen of them. A jump between two sites of one
    group is an exit, too.

    Parameters
    ----------
    groups
        Group of each site, `[n_sites]`; `Sites.family_index` or `arange(n_sites)`.
    """
    times = np.bincount(groups, weights=site_times_ps(assignment))
    exits = np.zeros(len(times), dtype=int)
    for run in assignment.runs:
        exits += np.bincount(groups[run.site[np.flatnonzero(~run.is_first) - 1]], minlength=len(times))
    return [Rate(int(count), float(time)) for count, time in zip(exits, times, strict=True)]


def survival(assignment: Assignment, groups: np.ndarray, group: int) -> Survival | None:
    """Survival of the stays on the sites of one group; None where no beginning of a stay was seen.

    Stays that had begun before the run are left out, because their age is not known.
    """
    lengths, ended = [], []
    for run in assignment.runs:
        last = np.ones(len(run.ion), dtype=bool)
        last[:-1] = run.ion[1:] != run.ion[:-1]
        until = np.where(last, run.n_frames, np.append(run.frame[1:], 0))
        chosen = ~run.is_first & (groups[run.site] == group)
        lengths.append((until - run.frame)[chosen])
        ended.append(~last[chosen])
    stays, is_exit = np.concatenate(lengths), np.concatenate(ended)
    if not len(stays):
        return None
    times = np.unique(stays[is_exit])
    at_risk = len(stays) - np.searchsorted(np.sort(stays), times, side="left")
    exits = np.bincount(np.searchsorted(times, stays[is_exit]), minlength=len(times))
    share = np.cumprod(1.0 - exits / at_risk)
    left = at_risk - exits
    greenwood = np.cumsum(np.divide(exits, at_risk * left, out=np.zeros(len(times)), where=left > 0))
    return Survival(
        time_ps=np.append(0.0, times * assignment.step_ps),
        share=np.append(1.0, share),
        std=np.append(0.0, share * np.sqrt(greenwood)),
        n_stays=len(stays),
        n_censored=int((~is_exit).sum()),
    )
