"""Where the next runs tell most about ln D at a temperature too low to simulate.

At one temperature the variance of ln D falls as one over the hops that were seen: with h hops of all ions in a
picosecond, t picoseconds have the information h t / s, where the scatter s is 1 for ions that hop one by one and more
for an estimate that loses some of it. ln D = a - E / kT is a line in x = 1/kT, so that its variance at the target x0 is

    (S2 - 2 x0 S1 + x0^2 S0) / (S0 S2 - S1^2),   Sk = sum over temperatures of information * x^k,

which the design of experiments calls c-optimality: from nothing, the best two temperatures and their shares of the time
are Elfving's (doi 10.1214/aoms/1177729442; Pukelsheim, doi 10.1137/1.9780898719109, chapter 2). Here some runs are
there already, a run loses its equilibration, and a temperature tells nothing before its runs are long enough for the
ions to leave their cages. Hops back that no run sees (`unseen_memory.py`) add a variance that falls with the length of
the longest run alone. That is no convex problem, but a small one: two temperatures suffice beside what is there,
so every pair of candidates with every split of the time is tried.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from paddlewheel.transport.regression import LONGEST_LAG
from paddlewheel.transport.upper_bounds import UpperBounds
from paddlewheel.units import A2_PER_PS_IN_CM2_PER_S, BOLTZMANN_eV_PER_K

PRIOR_D_CM2_PER_S, PRIOR_AT_K, PRIOR_ENERGY_eV = 1e-5, 700.0, 0.3
"""A fast conductor, before anything is known of it."""
PRIOR_LOG_STD, PRIOR_ENERGY_STD_eV = 3.0, 0.2
"""How little that is worth: D within factors of 20, and from 700 to 300 K within factors of 80 more."""
PRIOR_SCATTER = 4.0
"""Of estimates from short runs with 10 to 100 hops (docs/statistics.md)."""
LEAST_INFORMATION = 4.0
"""Of a temperature that is taken: D has an error under its half (`diffusion.LARGEST_RELATIVE_ERROR`)."""
_CAGES_LEFT = 1.5
"""Runs are planned longer by this than the shortest over which the MSD leaves the square of a hop."""
_SPLITS = 40
_AIM = 0.9
"""A round aims at this share of the goal: what it is predicted to give it gives on average, not always."""
_NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class KnownTemperature:
    """What the runs at one temperature have told.

    Attributes
    ----------
    production_ps, longest_ps
        Of all its runs together, and of the longest of them.
    diffusivity_cm2_per_s, log_std
        D, and the standard uncertainty of its logarithm; None where there is no value.
    upper_bound_95_cm2_per_s
        Where there is no value but a bound.
    """

    temperature_K: float
    production_ps: float
    longest_ps: float
    diffusivity_cm2_per_s: float | None = None
    log_std: float | None = None
    upper_bound_95_cm2_per_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class DiffusionLine:
    """ln D (cm^2/s) = `mean[0]` - `mean[1]` / kT with its covariance, and how hops become information.

    Attributes
    ----------
    n_ions, hop_distance_A
        Ions of a run, and the distance of their hops.
    scatter
        Variance of ln D times the hops that it comes from.
    memory_at_one_hop
        Of hops back beyond the longest lag (`unseen_memory.py`): it falls with the length of runs, not with their
        number, and all temperatures share it.
    """

    mean: np.ndarray
    covariance: np.ndarray
    n_ions: int
    hop_distance_A: float
    scatter: float = PRIOR_SCATTER
    memory_at_one_hop: float = 0.0

    @classmethod
    def of(
        cls,
        known: Sequence[KnownTemperature],
        *,
        n_ions: int,
        hop_distance_A: float,
        memory_at_one_hop: float = 0.0,
    ) -> DiffusionLine:
        """The line through the values and under the bounds, from the weak prior of this module."""
        mean, precision = _prior()
        values = [each for each in known if each.diffusivity_cm2_per_s is not None and each.log_std is not None]
        shift = precision @ mean
        for each in values:
            assert each.diffusivity_cm2_per_s is not None
            assert each.log_std is not None
            row = _row(each.temperature_K)
            precision = precision + np.outer(row, row) / each.log_std**2
            shift = shift + row * math.log(each.diffusivity_cm2_per_s) / each.log_std**2
        covariance = np.linalg.inv(precision)
        mean = covariance @ shift
        bounds = {
            each.temperature_K: each.upper_bound_95_cm2_per_s
            for each in known
            if each.diffusivity_cm2_per_s is None and each.upper_bound_95_cm2_per_s
        }
        if bounds:
            design = np.array([_row(value) for value in bounds])
            mean, covariance = UpperBounds(design, np.log(list(bounds.values()))).joined(mean, covariance)
        return cls(
            mean=mean, covariance=covariance, n_ions=n_ions, hop_distance_A=hop_distance_A,
            memory_at_one_hop=memory_at_one_hop,
        )  # fmt: skip

    def diffusivity_cm2_per_s(self, temperature_K: float) -> float:
        """D of the line."""
        return float(np.exp(_row(temperature_K) @ self.mean))

    def hops_per_ps(self, temperature_K: float) -> float:
        """Of all ions of a run: 6 D / d^2 of each."""
        diffusivity_A2_per_ps = self.diffusivity_cm2_per_s(temperature_K) / A2_PER_PS_IN_CM2_PER_S
        return self.n_ions * 6.0 * diffusivity_A2_per_ps / self.hop_distance_A**2

    def memory_ps(self, temperature_K: float) -> float:
        """ln(slope / D) that hops back may make beyond the longest lag, times the length of the longest run."""
        return self.memory_at_one_hop * LONGEST_LAG * self.n_ions / self.hops_per_ps(temperature_K)

    def shortest_ps(self, temperature_K: float) -> float:
        """A run over which ions leave their cages: 6 D t passes the square of a hop by three quarters of it."""
        return _CAGES_LEFT * self.n_ions / (0.75 * self.hops_per_ps(temperature_K))


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """Time for one or two temperatures, and what it is predicted to leave at the target.

    Attributes
    ----------
    runs_ps
        (temperature, production) of each run, K and ps, the longest first.
    log_std
        Predicted standard uncertainty of ln D at the target.
    """

    runs_ps: tuple[tuple[float, float], ...]
    log_std: float

    @property
    def factor(self) -> float:
        """Half-width of the 95 % interval at the target, as a factor."""
        return interval_factor(self.log_std)


def interval_factor(log_std: float) -> float:
    """Upper end over value of a log-normal 95 % interval; infinite beyond any number."""
    return math.exp(min(_NORMAL_95 * log_std, 700.0))


def log_std_of_factor(factor: float) -> float:
    """The other way round."""
    return math.log(factor) / _NORMAL_95


def predicted_log_std(line: DiffusionLine, known: Sequence[KnownTemperature], *, target_K: float) -> float:
    """Standard uncertainty of ln D at the target from the runs that are there, by the model alone."""
    return float(np.hypot(*_predicted(line, known, target_K=target_K)))


def _predicted(line: DiffusionLine, known: Sequence[KnownTemperature], *, target_K: float) -> tuple[float, float]:
    """By the hops that were seen, and by the memory that was not."""
    have = [each for each in known if each.diffusivity_cm2_per_s is not None]
    information = np.array([line.hops_per_ps(each.temperature_K) * each.production_ps / line.scatter for each in have])
    memory = np.array([line.memory_ps(each.temperature_K) / each.longest_ps for each in have])
    at = np.array([each.temperature_K for each in have])
    by_hops, by_memory = _log_stds(information[None, :], memory[None, :], at, target_K)
    return float(by_hops[0]), float(by_memory[0])


def calibrated(
    line: DiffusionLine, known: Sequence[KnownTemperature], *, target_K: float, log_std: float | None
) -> DiffusionLine:
    """The line with the scatter for which the model gives what the fit of the runs gave, `log_std` at the target.

    Without a fit (None) it stays as it is. Within a factor of 30: a fit of three points knows its own error badly.
    """
    if log_std is None or sum(each.diffusivity_cm2_per_s is not None for each in known) < 2:
        return line
    by_hops, by_memory = _predicted(line, known, target_K=target_K)
    ratio = max(log_std**2 - by_memory**2, 0.0) / by_hops**2
    return replace(line, scatter=line.scatter * min(max(ratio, 1.0 / 30.0), 30.0))


def allocate(
    line: DiffusionLine,
    known: Sequence[KnownTemperature],
    candidates_K: Sequence[float],
    *,
    target_K: float,
    each_ps: float,
    n_cores: int,
    equilibrate_ps: float,
    least_ps: float,
) -> Allocation:
    """Share the time of `n_cores` cores, each good for `each_ps` of dynamics, among the candidates.

    Parameters
    ----------
    known
        The runs that are there; those of a temperature without a value count once it has runs that are long enough.
    equilibrate_ps
        Lost by each run.
    least_ps
        Shortest production of a run, whatever the ions do.

    Returns
    -------
    The best of all pairs and splits. Where no candidate could be told within the time, all of it goes to the hottest.
    """
    temperatures = np.array(sorted({*candidates_K, *(each.temperature_K for each in known)}))
    wanted = [int(np.flatnonzero(temperatures == value)[0]) for value in sorted(candidates_K)]
    first, second, share = _designs(wanted)
    rates = np.array([line.hops_per_ps(value) for value in temperatures]) / line.scatter
    there = {each.temperature_K: each for each in known}
    have_ps = np.array([there[value].production_ps if value in there else 0.0 for value in temperatures])
    longest_ps = np.array([there[value].longest_ps if value in there else 0.0 for value in temperatures])
    valued = np.array([value in there and there[value].diffusivity_cm2_per_s is not None for value in temperatures])
    shortest_ps = np.maximum([line.shortest_ps(value) for value in temperatures], least_ps)

    added = np.zeros((len(share), len(temperatures)))
    for places, part in ((first, share), (second, 1.0 - share)):
        total_ps = part * n_cores * each_ps
        production_ps = np.maximum(total_ps - equilibrate_ps * np.ceil(total_ps / each_ps - 1e-9), 0.0)
        longest = np.minimum(total_ps, each_ps) - equilibrate_ps
        production_ps[longest < least_ps] = 0.0
        np.add.at(added, (np.arange(len(share)), places), production_ps)
    # longest new run at each temperature of a design
    new_ps = np.minimum(added, max(each_ps - equilibrate_ps, 0.0))
    long_enough = np.maximum(new_ps, longest_ps) >= shortest_ps
    together = rates * (have_ps + added)
    tells = valued | (long_enough & (added > 0) & (together >= LEAST_INFORMATION))
    memory_ps = np.array([line.memory_ps(value) for value in temperatures])
    memory = memory_ps / np.maximum(np.maximum(new_ps, longest_ps), 1e-9)  # without a run it has no weight
    open_ = np.hypot(*_log_stds(np.where(tells, together, 0.0), memory, temperatures, target_K))
    so_far = np.where(valued, rates * have_ps, 0.0)[None, :], (memory_ps / np.maximum(longest_ps, 1e-9))[None, :]
    nothing = float(np.hypot(*_log_stds(*so_far, temperatures, target_K))[0])
    best = int(np.argmin(open_))
    log_std = float(open_[best])
    if not log_std < nothing:
        best = int(np.flatnonzero(first == wanted[-1])[0])  # alone
    colder, hotter, part = (column[best].item() for column in (temperatures[first], temperatures[second], share))
    shares = [(colder, part), (hotter, 1.0 - part)]
    runs = _runs(shares, each_ps=each_ps, n_cores=n_cores, equilibrate_ps=equilibrate_ps, least_ps=least_ps)
    return Allocation(runs_ps=runs, log_std=log_std)


def next_round(
    line: DiffusionLine,
    known: Sequence[KnownTemperature],
    candidates_K: Sequence[float],
    *,
    target_K: float,
    goal_factor: float | None,
    spent_ps: float,
    left_ps: float,
    n_cores: int,
    equilibrate_ps: float,
    least_ps: float,
) -> Allocation | None:
    """The runs of the next round, or None where what is left is too short for one.

    A round is as long as the goal is predicted to need, and at most as long as all before it together: the line that
    it is planned by is worth no more. What would be left is taken along where it is under a quarter of the round.

    Parameters
    ----------
    goal_factor
        Wanted half-width of the 95 % interval at the target, as a factor; None: there is none but to use the time.
    spent_ps, left_ps
        Dynamics that one core has done and can do yet.
    """
    shortest_ps = equilibrate_ps + least_ps
    if left_ps < shortest_ps:
        return None
    longest_ps = min(left_ps, max(spent_ps, 2.0 * shortest_ps))
    if left_ps < 1.25 * longest_ps + shortest_ps:
        longest_ps = left_ps
    lengths = [longest_ps * 2.0 ** (-step / 3.0) for step in range(12, -1, -1)] if goal_factor else [longest_ps]
    found = None
    for each_ps in (length for length in lengths if length >= shortest_ps):
        found = allocate(
            line, known, candidates_K, target_K=target_K, each_ps=each_ps, n_cores=n_cores,
            equilibrate_ps=equilibrate_ps, least_ps=least_ps,
        )  # fmt: skip
        if goal_factor is not None and found.factor <= 1.0 + _AIM * (goal_factor - 1.0):
            break
    return found


def candidate_temperatures(
    asked_K: Sequence[float], *, target_K: float, refused_K: Sequence[float] = ()
) -> list[float]:
    """Those asked for, the middles between them, and below them down to the target in steps of 50 K.

    Never above the hottest: what another phase or a potential outside its domain does there is not asked. Nor those
    refused, where runs break or the potential extrapolates.
    """
    asked = sorted(set(asked_K))
    between = [round(0.5 * (low + high)) for low, high in pairwise(asked)]
    lowest = asked[0]
    below = [lowest - step for step in np.arange(50.0, max(lowest - target_K, 0.0) + 1e-9, 50.0)]
    refused = set(refused_K)
    return sorted({float(value) for value in (*asked, *between, *below)} - refused)


def _row(temperature_K: float) -> np.ndarray:
    return np.array([1.0, -1.0 / (BOLTZMANN_eV_PER_K * temperature_K)])


def _prior() -> tuple[np.ndarray, np.ndarray]:
    """Mean and precision of the line before any run."""
    row = _row(PRIOR_AT_K)
    slope = np.array([0.0, 1.0])
    precision = np.outer(row, row) / PRIOR_LOG_STD**2 + np.outer(slope, slope) / PRIOR_ENERGY_STD_eV**2
    at = math.log(PRIOR_D_CM2_PER_S) - row[1] * PRIOR_ENERGY_eV
    return np.array([at, PRIOR_ENERGY_eV]), precision


def _log_stds(
    information: np.ndarray, memory: np.ndarray, temperatures_K: np.ndarray, target_K: float
) -> tuple[np.ndarray, np.ndarray]:
    """At the target, `[n_designs]` each: of information `[n_designs, n_temperatures]` beside the prior's, and of a
    memory `[n_designs, n_temperatures]` that all temperatures share, which moves the line as its weights have it."""
    x, at = 1.0 / (BOLTZMANN_eV_PER_K * temperatures_K), 1.0 / (BOLTZMANN_eV_PER_K * target_K)
    prior = _prior()[1]
    zeroth = information.sum(axis=1) + prior[0, 0]
    first = information @ x - prior[0, 1]
    second = information @ x**2 + prior[1, 1]
    determinant = zeroth * second - first**2
    weights = (second - at * first)[:, None] + (at * zeroth - first)[:, None] * x
    moved = (information * weights * memory).sum(axis=1) / determinant
    return np.sqrt((second - 2.0 * at * first + at**2 * zeroth) / determinant), np.abs(moved)


def _designs(wanted: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every candidate alone, and every pair with every split: places of both, and the share of the first."""
    pairs = [(low, low, 1.0) for low in wanted]
    pairs += [
        (low, high, split / _SPLITS)
        for i, low in enumerate(wanted)
        for high in wanted[i + 1 :]
        for split in range(1, _SPLITS)
    ]
    low, high, share = (np.array(column) for column in zip(*pairs, strict=True))
    return low.astype(int), high.astype(int), share.astype(float)


def _runs(
    shares: Sequence[tuple[float, float]],
    *,
    each_ps: float,
    n_cores: int,
    equilibrate_ps: float,
    least_ps: float,
) -> tuple[tuple[float, float], ...]:
    """Runs that keep all cores busy to the end (McNaughton's rule, doi 10.1287/mnsc.6.1.1), coldest first.

    The cores are laid end to end and cut where one temperature ends and the other begins: runs of the colder are as
    long as the time allows, and at most one core holds two runs. A piece too short to be a run goes to its neighbour.
    """
    wanted = sorted((at, share) for at, share in shares if share > 0)
    shortest_ps = equilibrate_ps + least_ps
    pieces: list[tuple[float, float]] = []
    border_ps = wanted[0][1] * n_cores * each_ps
    for core in range(n_cores):
        first_ps = min(max(border_ps - core * each_ps, 0.0), each_ps) if len(wanted) > 1 else each_ps
        if first_ps < shortest_ps:
            first_ps = 0.0
        if each_ps - first_ps < shortest_ps:
            first_ps = each_ps
        if first_ps > 0:
            pieces.append((wanted[0][0], first_ps))
        if first_ps < each_ps:
            pieces.append((wanted[-1][0], each_ps - first_ps))
    runs = [(at, length_ps - equilibrate_ps) for at, length_ps in pieces]
    return tuple(sorted(runs, key=lambda run: (-run[1], run[0])))
