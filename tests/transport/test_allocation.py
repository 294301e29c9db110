"""Where the next runs go, against designs that are known to be best and against all others that there are."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from paddlewheel.transport.allocation import (
    Allocation,
    DiffusionLine,
    KnownTemperature,
    allocate,
    calibrated,
    candidate_temperatures,
    interval_factor,
    log_std_of_factor,
    next_round,
    predicted_log_std,
)
from paddlewheel.units import BOLTZMANN_eV_PER_K

TARGET_K = 300.0


def _line(energy_eV: float = 0.3, *, n_ions: int = 12, d_700K: float = 2e-5) -> DiffusionLine:
    at = math.log(d_700K) + energy_eV / (BOLTZMANN_eV_PER_K * 700.0)
    return DiffusionLine(
        mean=np.array([at, energy_eV]), covariance=np.eye(2), n_ions=n_ions, hop_distance_A=3.0, scatter=1.0
    )


def _value(line: DiffusionLine, temperature_K: float, ps: float, n_runs: int = 1) -> KnownTemperature:
    return KnownTemperature(
        temperature_K=temperature_K, production_ps=ps * n_runs, longest_ps=ps, log_std=0.2,
        diffusivity_cm2_per_s=line.diffusivity_cm2_per_s(temperature_K),
    )  # fmt: skip


def _share(runs_ps: tuple[tuple[float, float], ...], temperature_K: float) -> float:
    return sum(ps for at, ps in runs_ps if at == temperature_K) / sum(ps for _, ps in runs_ps)


@pytest.mark.parametrize("energy_eV", [0.2, 0.3, 0.4])
def test_from_nothing_it_is_the_design_of_elfving(energy_eV: float) -> None:
    """ln D at the target is c1 ln D1 + c2 ln D2 with c by extrapolation; the best shares go as |c| / sqrt(rate), and
    leave the variance (sum of these)^2 over the time."""
    line, candidates = _line(energy_eV, n_ions=10**6), (450.0, 500.0, 550.0, 600.0, 700.0, 800.0)
    found = allocate(
        line, [], candidates, target_K=TARGET_K, each_ps=1000.0, n_cores=50, equilibrate_ps=0.0, least_ps=1.0
    )
    best = {}
    for low, high in itertools.combinations(candidates, 2):
        x = [1.0 / (BOLTZMANN_eV_PER_K * value) for value in (low, high, TARGET_K)]
        weights = [(x[2] - x[1]) / (x[0] - x[1]), (x[2] - x[0]) / (x[0] - x[1])]
        parts = [weight / math.sqrt(line.hops_per_ps(at)) for weight, at in zip(weights, (low, high), strict=True)]
        best[low, high] = sum(parts), parts[0] / sum(parts)
    (low, high), (root, share) = min(best.items(), key=lambda item: item[1][0])
    # a split of the grid is 1/80 at most from the best: 0.06 % of the variance
    assert found.log_std == pytest.approx(root / math.sqrt(50_000.0), rel=2e-3)
    assert {at for at, _ in found.runs_ps} == {low, high}
    assert _share(found.runs_ps, low) == pytest.approx(share, abs=0.03)


def test_beside_runs_that_are_there_no_share_among_three_is_better() -> None:
    line, candidates = _line(), (500.0, 600.0, 800.0)
    known = [_value(line, 600.0, 200.0), _value(line, 700.0, 300.0), _value(line, 800.0, 100.0)]
    found = allocate(
        line, known, candidates, target_K=TARGET_K, each_ps=2000.0, n_cores=4, equilibrate_ps=0.0, least_ps=1.0
    )
    brute = math.inf
    for i, j in itertools.product(range(51), repeat=2):
        if i + j > 50:
            continue
        added = dict(zip(candidates, (i / 50, j / 50, (50 - i - j) / 50), strict=True))
        have = [
            KnownTemperature(
                temperature_K=at, production_ps=before + 8000.0 * added.get(at, 0.0), longest_ps=2000.0,
                diffusivity_cm2_per_s=1e-5, log_std=0.2,
            )
            for at, before in ((500.0, 0.0), (600.0, 200.0), (700.0, 300.0), (800.0, 100.0))
        ]  # fmt: skip
        brute = min(brute, predicted_log_std(line, have, target_K=TARGET_K))
    assert found.log_std <= brute * 1.001


def test_a_temperature_too_slow_for_its_runs_gets_none_until_they_are_long_enough() -> None:
    line = _line()
    known = [_value(line, 700.0, 25.0, 2), _value(line, 800.0, 25.0, 2)]
    chosen = {}
    for each_ps in (40.0, 1000.0):
        found = allocate(
            line, known, (500.0, 700.0, 800.0), target_K=TARGET_K, each_ps=each_ps, n_cores=4, equilibrate_ps=2.0,
            least_ps=5.0,
        )  # fmt: skip
        chosen[each_ps] = {at for at, _ in found.runs_ps}
    # at 500 K: D = 2.74e-6 cm2/s, so that 6 D t passes 9 A2 in 54.8 ps
    assert line.shortest_ps(500.0) == pytest.approx(1.5 * 54.8 / 0.75, rel=0.005)
    assert 500.0 not in chosen[40.0]
    assert 500.0 in chosen[1000.0]


def test_cores_are_busy_to_the_end_and_no_run_is_too_short() -> None:
    line = _line()
    known = [_value(line, 600.0, 100.0), _value(line, 800.0, 100.0)]
    for n_cores, each_ps in itertools.product((1, 2, 3, 16), (30.0, 100.0, 1000.0)):
        found = allocate(
            line, known, (550.0, 600.0, 800.0), target_K=TARGET_K, each_ps=each_ps, n_cores=n_cores,
            equilibrate_ps=2.0, least_ps=5.0,
        )  # fmt: skip
        lengths = [ps + 2.0 for _, ps in found.runs_ps]
        assert sum(lengths) == pytest.approx(n_cores * each_ps)
        assert min(lengths) >= 7.0 - 1e-9
        cores = [0.0] * n_cores  # in the order in which they are given
        for length in lengths:
            cores[cores.index(min(cores))] += length
        assert max(cores) == pytest.approx(each_ps)


def test_where_nothing_could_be_told_in_the_time_it_goes_to_the_hottest() -> None:
    line = _line(d_700K=1e-9)
    found = allocate(
        line, [], (600.0, 700.0, 800.0), target_K=TARGET_K, each_ps=50.0, n_cores=2, equilibrate_ps=2.0, least_ps=5.0
    )
    assert {at for at, _ in found.runs_ps} == {800.0}
    assert found.factor > 100  # what the prior alone leaves: nobody is promised more


def test_the_line_goes_through_values_and_stays_under_bounds() -> None:
    truth = _line(0.35)
    values = [_value(truth, at, 100.0) for at in (700.0, 750.0, 800.0)]
    found = DiffusionLine.of(values, n_ions=12, hop_distance_A=3.0)
    # points with 0.2 each know ln D between them to 0.13, and the weak prior pulls by less
    assert found.diffusivity_cm2_per_s(750.0) == pytest.approx(truth.diffusivity_cm2_per_s(750.0), rel=0.1)
    bound = KnownTemperature(
        temperature_K=600.0, production_ps=50.0, longest_ps=25.0,
        upper_bound_95_cm2_per_s=0.1 * truth.diffusivity_cm2_per_s(600.0),
    )  # fmt: skip
    lower = DiffusionLine.of([*values, bound], n_ions=12, hop_distance_A=3.0)
    assert lower.diffusivity_cm2_per_s(600.0) < 0.8 * found.diffusivity_cm2_per_s(600.0)


def test_the_scatter_is_the_one_that_gives_what_the_fit_gave() -> None:
    line = _line()
    known = [_value(line, at, 100.0) for at in (600.0, 700.0, 800.0)]
    wanted = 2.0 * predicted_log_std(line, known, target_K=TARGET_K)
    found = calibrated(line, known, target_K=TARGET_K, log_std=wanted)
    # the prior of the line, which does not scatter, takes some of it
    assert found.scatter == pytest.approx(4.0 * line.scatter, rel=0.15)
    assert calibrated(line, known, target_K=TARGET_K, log_std=None).scatter == line.scatter


def _round(known: list[KnownTemperature], goal_factor: float | None, left_ps: float) -> Allocation | None:
    return next_round(
        _line(), known, (500.0, 600.0, 700.0, 800.0), target_K=TARGET_K, goal_factor=goal_factor, spent_ps=100.0,
        left_ps=left_ps, n_cores=2, equilibrate_ps=2.0, least_ps=5.0,
    )  # fmt: skip


def test_a_round_is_as_long_as_the_goal_needs_and_at_most_doubles_what_was_done() -> None:
    known = [_value(_line(), at, 50.0) for at in (600.0, 700.0, 800.0)]
    whole = _round(known, None, 10_000.0)
    assert whole is not None
    assert sum(ps + 2.0 for _, ps in whole.runs_ps) == pytest.approx(2 * 100.0)
    easy = _round(known, whole.factor * 1.5, 10_000.0)
    assert easy is not None
    assert sum(ps for _, ps in easy.runs_ps) < sum(ps for _, ps in whole.runs_ps)
    assert easy.factor <= whole.factor * 1.5
    hard = _round(known, 1.01, 10_000.0)
    assert hard is not None
    assert hard.runs_ps == whole.runs_ps
    last = _round(known, None, 120.0)  # 20 ps more would be left: too short for a round of their own beside
    assert last is not None
    assert sum(ps + 2.0 for _, ps in last.runs_ps) == pytest.approx(2 * 120.0)
    assert _round(known, None, 6.9) is None


def test_candidates_lie_between_and_below_those_asked_for() -> None:
    found = candidate_temperatures((600.0, 800.0, 700.0), target_K=300.0, refused_K=[800.0])
    assert found == [300.0, 350.0, 400.0, 450.0, 500.0, 550.0, 600.0, 650.0, 700.0, 750.0]
    assert candidate_temperatures((280.0, 400.0), target_K=300.0) == [280.0, 340.0, 400.0]


def test_factors_are_of_a_95_percent_interval() -> None:
    assert interval_factor(log_std_of_factor(1.5)) == pytest.approx(1.5)
    # ln 1.5 is 1.96 of its errors
    assert log_std_of_factor(1.5) == pytest.approx(math.log(1.5) / 1.959964, rel=1e-6)
