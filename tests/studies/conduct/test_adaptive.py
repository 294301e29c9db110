"""Rounds of added runs: what is decided from what is known, and what stops them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paddlewheel.errors import RunDirectoryError, SettingsError
from paddlewheel.execution import Unit
from paddlewheel.records import Measured
from paddlewheel.records.arrhenius import ArrheniusResult, TemperatureStatus
from paddlewheel.studies.conduct.adaptive import FILE, Goal, State, decide, prediction, read_decisions, wall_s
from paddlewheel.studies.conduct.measure import analyse_temperature
from paddlewheel.studies.conduct.page_tables import decision_table
from paddlewheel.studies.conduct.record import AdaptiveRuns, Decision, TemperatureResult
from paddlewheel.studies.conduct.runs import TemperatureRuns
from paddlewheel.studies.conduct.study import ConductSettings, plan_conduct
from paddlewheel.studies.motion.hop_distance import HopDistance
from paddlewheel.trajectories import Displacements

ASKED_K = (600.0, 700.0, 800.0)


def _row(temperature_K: float, diffusivity: float | None, status: TemperatureStatus = "ok") -> TemperatureResult:
    return TemperatureResult(
        temperature_K=temperature_K, status=status, n_replicas=2, production_ps=20.0, n_ions=24, density_g_per_cm3=1.0,
        mean_volume_A3=1500.0, hop_distance_A=3.0,
        diffusivity_cm2_per_s=Measured.or_none(diffusivity, 0.2 * (diffusivity or 0.0)) if diffusivity else None,
        diffusivity_upper_bound_95_cm2_per_s=None if diffusivity else 1e-5,
    )  # fmt: skip


def _state(factor: float | None, *rows: TemperatureResult) -> State:
    fit = None
    if factor is not None:
        sigma = Measured(value=1.0, std=0.5)
        fit = ArrheniusResult(
            fitted="ln(sigma*T)", conductivity_300K_mS_per_cm=sigma,
            conductivity_300K_95_mS_per_cm=(1.0 / factor, factor),
        )  # fmt: skip
    known = rows or (_row(600.0, 6e-6), _row(700.0, 2e-5), _row(800.0, 5e-5))
    return State(rows=known, fit=fit, longest_ps={row.temperature_K: 20.0 for row in known})


def _decided(state: State, *, until: float | None = 1.5, spent_s: float = 60.0, budget_s: float = 3600.0) -> Any:
    return decide(
        state, goal=Goal(until=until, budget_s=budget_s, n_cores=2), number=1, spent_s=spent_s, s_per_ps=1.0,
        equilibrate_ps=2.0, minimum_onset_ps=0.5, asked_K=ASKED_K,
    )  # fmt: skip


def test_it_ends_at_the_goal_or_at_the_budget_and_says_which() -> None:
    assert "under 1.5x" in _decided(_state(1.4))
    assert isinstance(_decided(_state(1.6)), Decision)
    assert "budget of 1 min 00 s is spent" in _decided(_state(1.6), budget_s=60.0)
    # 7 ps of 1 s are the shortest run: 2 to equilibrate, and ten times the onset of 0.5
    assert "is spent" in _decided(_state(1.6), budget_s=66.9)
    assert isinstance(_decided(_state(1.6), budget_s=67.1), Decision)
    assert isinstance(_decided(_state(1.01), until=None), Decision)  # a budget alone is spent


def test_a_decision_is_the_same_for_the_same_results_and_tells_them() -> None:
    factor = 50.0  # an ion makes 0.3 to 2 hops in a third of 20 ps: hops back may go on for long
    found = _decided(_state(factor))
    assert found == _decided(_state(factor))
    assert [each.temperature_K for each in found.known] == [600.0, 700.0, 800.0]
    assert (found.factor, found.round, found.spent_s) == (pytest.approx(factor), 1, 60.0)
    assert found.predicted_factor < factor
    # a round doubles the time at most: 60 s on two cores, all of them used
    assert sum(run.production_ps + 2.0 for run in found.runs) == pytest.approx(120.0, abs=0.1)
    assert found.cost_s == pytest.approx(60.0, abs=0.1)
    assert len({run.name for run in found.runs}) == len(found.runs)
    assert all(run.temperature_K <= 800.0 for run in found.runs)


def test_runs_go_where_the_potential_holds() -> None:
    broken = _state(9.0, _row(600.0, 6e-6), _row(700.0, 2e-5), _row(800.0, None, "broken"))
    assert all(run.temperature_K < 800.0 for run in _decided(broken).runs)
    strange = _state(9.0, _row(600.0, None, "extrapolating"), _row(700.0, 2e-5), _row(800.0, 5e-5))
    assert 600.0 not in {run.temperature_K for run in _decided(strange).runs}
    assert 800.0 in {run.temperature_K for run in _decided(strange).runs}
    nowhere = _state(None, *(_row(at, None, "broken") for at in ASKED_K))
    assert "at every temperature" in _decided(nowhere)


def test_where_nothing_diffused_yet_the_time_goes_to_the_hottest() -> None:
    state = _state(None, *(_row(at, None, "not-diffusive") for at in ASKED_K))
    slow = State(
        rows=[row.model_copy(update={"diffusivity_upper_bound_95_cm2_per_s": 1e-7}) for row in state.rows],
        fit=None,
        longest_ps=state.longest_ps,
    )
    assert {run.temperature_K for run in _decided(slow).runs} == {800.0}


def test_a_prediction_names_what_it_is_made_of() -> None:
    goal = Goal(until=1.5, budget_s=7200.0, n_cores=2)
    told: dict[str, Any] = {
        "s_per_ps": 1.0, "n_ions": 24, "equilibrate_ps": 2.0, "minimum_onset_ps": 0.5, "asked_K": ASKED_K,
    }  # fmt: skip
    before = prediction(goal, state=None, spent_s=60.0, **told)
    assert "from the prior alone" in before
    assert "2 h 00 min on 2 cores" in before
    after = prediction(goal, state=_state(9.0), spent_s=60.0, **told)
    assert "from the finished runs at 600, 700, 800 K" in after
    assert "nothing is left" in prediction(goal, state=None, spent_s=7199.0, **told)


def _settings(**given: Any) -> ConductSettings:
    return ConductSettings(**given)


def test_settings_of_the_goal_are_text_with_units() -> None:
    found = _settings(until="1.5x", budget="2h")
    assert (found.until, found.budget_s) == (1.5, 7200.0)
    assert _settings(budget_s=90).budget_s == 90.0
    assert [_settings(budget=text).budget_s for text in ("90s", "30min", "1.5d")] == [90.0, 1800.0, 129600.0]
    for given, match in (
        ({"until": 1.5}, "give a --budget"),
        ({"until": "half", "budget": "1h"}, "write 1.5x"),
        ({"budget": "2"}, "no time with its unit"),
        ({"budget": "2 weeks"}, "no time with its unit"),
        ({"until": 0.5, "budget": "1h"}, "above 1"),
        ({"budget": "1h", "arrhenius": False}, "--no-arrhenius"),
    ):
        with pytest.raises(SettingsError, match=match):
            _settings(**given)


def test_decided_runs_are_units_with_seeds_of_their_own(tmp_path: Path) -> None:
    plan = plan_conduct("nabh4", ConductSettings(potential="nep-nabh", supercell="1x1x1", temperatures_K=ASKED_K))
    decision = _decided(_state(9.0))
    units = plan.decided_units(decision.runs, tmp_path)
    assert [unit.name for unit in units] == [run.name for run in decision.runs]
    for unit, run in zip(units, decision.runs, strict=True):
        assert unit.contents["md"]["temperature_K"] == run.temperature_K
        assert unit.contents["md"]["production_ps"] == run.production_ps
    seeds = [unit.contents["md"]["seed"] for unit in [*plan.units(tmp_path), *units]]
    assert len(set(seeds)) == len(seeds)


def test_time_is_that_of_the_cores_by_what_the_units_told(tmp_path: Path) -> None:
    units = []
    for place in range(3):
        unit = Unit(name=f"u{place}", contents={"md": {}}, run_directory=tmp_path)
        unit.prepare()
        unit.write_progress({"ps": 10.0, "ns_per_day": 86.4 / 2.0})  # 2 s a ps
        units.append(unit)
    assert wall_s(units, 3) == pytest.approx(20.0)
    assert wall_s(units, 2) == pytest.approx(40.0)  # one core has two of them
    assert wall_s(units, 1) == pytest.approx(60.0)


def test_the_report_tells_each_decision_and_how_it_ended() -> None:
    decision = _decided(_state(9.0))
    rounds = AdaptiveRuns(
        until=1.5, budget_s=3600.0, n_cores=2, spent_s=130.0, factor=1.4, decisions=[decision], reason="enough is known"
    )
    first, last = decision_table(rounds).rows
    texts = [cell.text for cell in first]
    assert texts[:3] == ["1", "1 min 00 s", "9.00×"]
    assert "600 K: ok (40 ps); 700 K: ok (40 ps)" in texts[3]
    assert all(f"at {run.temperature_K:g} K" in texts[4] for run in decision.runs)
    assert [cell.text for cell in last][:4] == ["end", "2 min 10 s", "1.40×", "enough is known"]


def test_a_damaged_list_of_decisions_is_refused(tmp_path: Path) -> None:
    assert read_decisions(tmp_path) is None
    for text in ("{", json.dumps({"decisions": 3})):
        (tmp_path / FILE).write_text(text)
        with pytest.raises(RunDirectoryError, match=FILE):
            read_decisions(tmp_path)


def test_runs_that_end_before_what_is_left_out_of_longer_ones_are_left_out() -> None:
    """Pilots of 10 ps beside a run of 60 ps whose cell settles for 20: the mean volume is that of the rest."""
    rng = np.random.default_rng(3)

    def paths(n_frames: int) -> Displacements:
        volumes_A3 = 1500.0 + rng.normal(scale=1.0, size=n_frames)
        volumes_A3[:200] += 30.0
        return Displacements(
            positions_A=rng.normal(scale=0.4, size=(n_frames, 12, 3)).cumsum(axis=0), mean_cell_A=11.4 * np.eye(3),
            volumes_A3=volumes_A3, frame_interval_fs=100.0, indices=np.arange(12), symbol="Na", density_g_per_cm3=1.0,
            drift_removed="none", cell_lengths_mean_A=np.full(3, 11.4), cell_lengths_std_A=np.zeros(3),
            largest_strain=0.0,
        )  # fmt: skip

    runs = TemperatureRuns(
        temperature_K=700.0, displacements=[paths(600), paths(100), paths(100)], n_ions=12, mass_u=1000.0,
        volume_A3=1510.0, production_ps=26.7, hop_distance=HopDistance(value_A=2.0, origin="by hand"),
    )  # fmt: skip
    row = analyse_temperature(runs, charge_e=1.0, minimum_onset_ps=0.5).row
    assert row.left_out_ps is not None
    assert row.left_out_ps >= 10.0
    assert row.mean_volume_A3 == pytest.approx(1500.0, abs=1.5)  # some frames of before the cut may be in it
