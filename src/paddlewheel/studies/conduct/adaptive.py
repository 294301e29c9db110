"""`conduct --until 1.5x --budget 2h`: rounds of runs where they tell most of sigma at 300 K.

The runs of the same command without these options are the pilots. After them, and after every round, the temperatures
are analysed and fitted; `transport.allocation` says where more time lowers the variance of ln sigma(300 K) most. What
it says is kept in `decisions.json` before it is done, so that a killed run goes on with the same round.

Added runs start from the structure with a seed of their own and are equilibrated like the others, instead of going on
from the end of a finished one: they are independent states, whose spread is part of the error, and a finished unit
stays as it was sealed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import RunDirectoryError
from paddlewheel.foreign import read_json
from paddlewheel.records.arrhenius import ROOM_K, ArrheniusResult, TemperatureStatus
from paddlewheel.records.base import record_text
from paddlewheel.studies.conduct.record import AdaptiveRuns, DecidedRun, Decision, KnownAtDecision, TemperatureResult
from paddlewheel.studies.simulation.md_runs import run_md_units
from paddlewheel.study.forecast import wall_hours
from paddlewheel.study.progress import duration
from paddlewheel.transport.allocation import (
    PRIOR_AT_K,
    PRIOR_D_CM2_PER_S,
    DiffusionLine,
    KnownTemperature,
    PRIOR_ENERGY_eV,
    allocate,
    calibrated,
    candidate_temperatures,
    log_std_of_factor,
    next_round,
)
from paddlewheel.transport.regression import LONGEST_ONSET
from paddlewheel.transport.unseen_memory import MEAN_AT_ONE_HOP

if TYPE_CHECKING:
    from paddlewheel.execution import Unit
    from paddlewheel.study.run import Run

FILE = "decisions.json"
_MOST_ROUNDS = 30
_HOP_A = 3.0
"""Distance of a hop of ions that nothing is known of yet."""
_BEYOND = 1000.0
"""A factor that says nothing any more."""


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What ends the rounds.

    Attributes
    ----------
    until
        Half-width of the 95 % interval of sigma at 300 K, as a factor; None: there is none but the budget.
    budget_s
        Time of the clock, on `n_cores` cores, of all runs of the directory.
    """

    until: float | None
    budget_s: float
    n_cores: int


@dataclass(frozen=True, kw_only=True)
class State:
    """What the runs so far have told.

    Attributes
    ----------
    rows
        One a temperature.
    fit
        All of them together; None without one.
    longest_ps
        Longest production, by temperature.
    hopeless
        Statuses of temperatures where more of the same tells nothing.
    """

    rows: Sequence[TemperatureResult]
    fit: ArrheniusResult | None
    longest_ps: Mapping[float, float]
    hopeless: tuple[TemperatureStatus, ...] = ("broken", "extrapolating")

    @property
    def factor(self) -> float | None:
        """Half-width of the 95 % interval of sigma at 300 K, as a factor; None without a fit."""
        if self.fit is None or self.fit.conductivity_300K_95_mS_per_cm is None:
            return None
        low, high = self.fit.conductivity_300K_95_mS_per_cm
        return float(np.sqrt(high / low)) if low > 0 else None

    def known(self) -> list[KnownTemperature]:
        """For the allocation."""
        return [
            KnownTemperature(
                temperature_K=row.at_K,
                production_ps=row.n_replicas * row.production_ps,
                longest_ps=self.longest_ps.get(row.temperature_K, row.production_ps),
                diffusivity_cm2_per_s=row.diffusivity_cm2_per_s.value if row.diffusivity_cm2_per_s else None,
                log_std=_log_std(row),
                upper_bound_95_cm2_per_s=row.diffusivity_upper_bound_95_cm2_per_s,
            )
            for row in self.rows
            if row.status not in self.hopeless
        ]

    def line(self) -> DiffusionLine:
        """D of the temperatures, with the scatter that the fit found."""
        known, factor = self.known(), self.factor
        hops_A = [row.hop_distance_A for row in self.rows if row.hop_distance_A]
        line = DiffusionLine.of(
            known, n_ions=self.rows[0].n_ions, hop_distance_A=hops_A[0] if hops_A else _HOP_A,
            memory_at_one_hop=MEAN_AT_ONE_HOP,
        )  # fmt: skip
        return calibrated(line, known, target_K=ROOM_K, log_std=None if factor is None else log_std_of_factor(factor))


def _log_std(row: TemperatureResult) -> float | None:
    found = row.diffusivity_cm2_per_s
    return None if found is None else max(float(np.arcsinh(found.std / found.value)), 1e-3)


def decide(
    state: State,
    *,
    goal: Goal,
    number: int,
    spent_s: float,
    s_per_ps: float,
    equilibrate_ps: float,
    minimum_onset_ps: float,
    asked_K: Sequence[float],
) -> Decision | str:
    """The next round, or why there is none.

    A function of the results, the goal and the time spent alone.

    Parameters
    ----------
    number
        Of the round, from 1.
    s_per_ps
        Seconds of one core for a picosecond of dynamics.
    asked_K
        Temperatures of the pilots: candidates lie between and below them.
    """
    factor = state.factor
    if goal.until is not None and factor is not None and factor <= goal.until:
        return f"the 95 % interval of sigma at {ROOM_K:g} K reaches {factor:.2f}x either way: under {goal.until:g}x"
    if number > _MOST_ROUNDS:
        return f"{_MOST_ROUNDS} rounds are done"
    candidates = _candidates(state, asked_K)
    if not candidates:
        return "at every temperature runs break, or leave the domain of the potential"
    left_s = goal.budget_s - spent_s
    found = next_round(
        state.line(), state.known(), candidates, target_K=ROOM_K, goal_factor=goal.until,
        spent_ps=spent_s / s_per_ps, left_ps=left_s / s_per_ps, n_cores=goal.n_cores, equilibrate_ps=equilibrate_ps,
        least_ps=LONGEST_ONSET * minimum_onset_ps,
    )  # fmt: skip
    if found is None:
        return f"the budget of {duration(goal.budget_s)} is spent: what is left is too short for a run"
    count: dict[float, int] = {}
    runs = []
    for temperature_K, production_ps in found.runs_ps:
        place = count[temperature_K] = count.get(temperature_K, -1) + 1
        name = f"T={temperature_K:g}K_round{number}_r{place}"
        runs.append(DecidedRun(name=name, temperature_K=temperature_K, production_ps=round(production_ps, 2)))
    core_s = sum(run.production_ps + equilibrate_ps for run in runs) * s_per_ps
    return Decision(
        round=number,
        spent_s=round(spent_s, 1),
        known=[
            KnownAtDecision(
                temperature_K=row.temperature_K, status=row.status, n_replicas=row.n_replicas,
                production_ps=round(row.n_replicas * row.production_ps, 2),
                conductivity_mS_per_cm=row.conductivity_mS_per_cm,
            )
            for row in state.rows
        ],
        factor=factor,
        predicted_factor=found.factor,
        runs=runs,
        cost_s=round(core_s / goal.n_cores, 1),
    )  # fmt: skip


def _candidates(state: State, asked_K: Sequence[float]) -> list[float]:
    """Where runs may go: no hotter than where one went well."""
    hopeless_K = [row.temperature_K for row in state.rows if row.status in state.hopeless]
    well_K = [row.temperature_K for row in state.rows if row.status not in state.hopeless]
    found = candidate_temperatures(asked_K, target_K=ROOM_K, refused_K=hopeless_K)
    return [value for value in found if value <= max(well_K, default=0.0)]


def run_rounds(
    pilots: Sequence[Unit],
    *,
    goal: Goal | None,
    run: Run,
    units_of: Callable[[Sequence[DecidedRun]], list[Unit]],
    measure: Callable[[Sequence[Unit]], Any],
    state_of: Callable[[Any], State],
    equilibrate_ps: float,
    minimum_onset_ps: float,
) -> tuple[Any, list[str], AdaptiveRuns | None]:
    """The pilots, then rounds of runs until the goal is reached or the budget is spent.

    Parameters
    ----------
    goal
        None: no new rounds; runs that earlier calls decided and finished are taken all the same.
    units_of
        The units of decided runs.
    measure, state_of
        Analyses finished units, and says what that tells; the last analysis is returned.

    Returns
    -------
    The analysis of all runs, the warnings of `run_md_units`, and the decisions (None where there is nothing of the
    kind).
    """
    kept = read_decisions(run.folder)
    decisions = list(kept.decisions) if kept is not None else []
    asked_K = sorted({unit.contents["md"]["temperature_K"] for unit in pilots})
    if goal is None:
        decided = [unit for each in decisions for unit in units_of(each.runs) if unit.result() is not None]
        units, warnings = run_md_units([*pilots, *decided], run)
        if kept is not None:
            run.hold(FILE)
        return measure(units), warnings, kept
    stages = [list(pilots), *(units_of(each.runs) for each in decisions)]
    began, before_s = time.monotonic(), sum(wall_s(stage, goal.n_cores) for stage in stages)
    ended = kept is not None and kept.reason is not None and (kept.until, kept.budget_s) == (goal.until, goal.budget_s)
    while True:
        units, warnings = run_md_units([unit for stage in stages for unit in stage], run)
        analysed = measure(units)
        state, spent_s = state_of(analysed), before_s + time.monotonic() - began
        found: Decision | str = kept.reason or "" if ended and kept is not None else decide(
            state,
            goal=goal,
            number=len(decisions) + 1,
            spent_s=spent_s,
            s_per_ps=s_per_ps_of(stages),
            equilibrate_ps=equilibrate_ps,
            minimum_onset_ps=minimum_onset_ps,
            asked_K=asked_K,
        )  # fmt: skip
        if isinstance(found, Decision):
            decisions.append(found)
            stages.append(units_of(found.runs))
        rounds = AdaptiveRuns(
            until=goal.until,
            budget_s=goal.budget_s,
            n_cores=goal.n_cores,
            spent_s=round(kept.spent_s if ended and kept is not None else spent_s, 1),
            factor=state.factor,
            decisions=decisions,
            reason=None if isinstance(found, Decision) else found,
        )
        run.text(FILE, record_text(rounds))
        run.keep_made(FILE)
        if rounds.reason is not None:
            return analysed, warnings, rounds


def read_decisions(directory: Path) -> AdaptiveRuns | None:
    """The rounds decided so far; None where there are none.

    Raises
    ------
    RunDirectoryError
        If their file is damaged.
    """
    path = directory / FILE
    if not path.is_file():
        return None
    remedy = "restore it, or use another --out"
    try:
        return AdaptiveRuns.model_validate(read_json(path, RunDirectoryError, remedy=remedy))
    except ValueError as error:
        raise RunDirectoryError("is no list of decisions", where=path, remedy=remedy) from error


def seconds_of(unit: Unit) -> tuple[float, float]:
    """Seconds that a unit took so far, by the speed that it told last, and its picoseconds; 0 before the first word."""
    told = unit.progress()
    done_ps, ns_per_day = told.get("ps"), told.get("ns_per_day")
    if not done_ps or not ns_per_day:
        return 0.0, 0.0
    return done_ps * 86.4 / ns_per_day, done_ps


def wall_s(stage: Sequence[Unit], n_cores: int) -> float:
    """Time of the clock that units took together on as many cores."""
    return 3600.0 * wall_hours([seconds_of(unit)[0] / 3600.0 for unit in stage], n_cores)


def s_per_ps_of(stages: Sequence[Sequence[Unit]]) -> float:
    """Of the last runs that told: they run as the next will."""
    for stage in reversed(stages):
        seconds, done_ps = (sum(column) for column in zip(*map(seconds_of, stage), strict=True))
        if done_ps:
            return seconds / done_ps
    raise RunDirectoryError(
        "no run has told how long it took", where=stages[0][0].run_directory, remedy="use another --out"
    )


def prediction(
    goal: Goal,
    *,
    state: State | None,
    spent_s: float,
    s_per_ps: float,
    n_ions: int,
    equilibrate_ps: float,
    minimum_onset_ps: float,
    asked_K: Sequence[float],
) -> str:
    """What the rest of the budget is predicted to give, in a line; from the prior alone where nothing ran (None)."""
    known = state.known() if state is not None else []
    line = (
        state.line()
        if state is not None
        else DiffusionLine.of([], n_ions=n_ions, hop_distance_A=_HOP_A, memory_at_one_hop=MEAN_AT_ONE_HOP)
    )
    candidates = _candidates(state, asked_K) if state is not None else candidate_temperatures(asked_K, target_K=ROOM_K)
    left_ps, least_ps = (goal.budget_s - spent_s) / s_per_ps, LONGEST_ONSET * minimum_onset_ps
    basis = (
        f"from the prior alone, D {PRIOR_D_CM2_PER_S:g} cm2/s at {PRIOR_AT_K:g} K and Ea {PRIOR_ENERGY_eV:g} eV: the "
        "pilots will tell"
        if state is None
        else f"from the finished runs at {', '.join(f'{each.temperature_K:g}' for each in known)} K"
    )
    if not candidates or left_ps < equilibrate_ps + least_ps:
        return f"budget: nothing is left of {duration(goal.budget_s)} for a run beside those asked for"
    found = allocate(
        line, known, candidates, target_K=ROOM_K, each_ps=left_ps, n_cores=goal.n_cores,
        equilibrate_ps=equilibrate_ps, least_ps=least_ps,
    )  # fmt: skip
    said = f"{found.factor:.2g}x" if found.factor < _BEYOND else f"more than {_BEYOND:g}x"
    wanted = f" ({goal.until:g}x wanted)" if goal.until is not None else ""
    return (
        f"budget: {duration(goal.budget_s)} on {goal.n_cores} cores; sigma at {ROOM_K:g} K is predicted to be known "
        f"within {said} either way (95 %){wanted}, {basis}"
    )
