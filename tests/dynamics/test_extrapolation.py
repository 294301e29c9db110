"""Every step's extrapolation grade: counted, kept apart, carried through a restart, and hopeless when it stays high."""

from __future__ import annotations

import math

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.lj import LennardJones

from paddlewheel.dynamics import ExtrapolationWatch, MDRun, MDSettings, check_extrapolation, share_over
from paddlewheel.dynamics.extrapolation import GIVE_UP_FS, KEPT_APART_FS, MOST_KEPT


class Graded(LennardJones):
    """Argon whose grade is the largest force in units of 0.05 eV/A: a function of the configuration alone."""

    def __init__(self) -> None:
        super().__init__(sigma=3.4, epsilon=0.0104, rc=5.5, smooth=True)
        self.grades: list[float] = []

    def calculate(self, *arguments, **options) -> None:
        super().calculate(*arguments, **options)
        self.results["extrapolation_grade"] = float(np.abs(self.results["forces"]).max()) / 0.05
        self.grades.append(self.results["extrapolation_grade"])


def _argon() -> Atoms:
    atoms = bulk("Ar", "fcc", a=5.3, cubic=True) * (2, 2, 2)
    atoms.rattle(0.1, seed=1)
    return atoms


def _settings(**more) -> MDSettings:
    values = {"temperature_K": 90.0, "timestep_fs": 2.0, "equilibrate_ps": 0.2, "production_ps": 0.4} | more
    return MDSettings(ensemble="nvt", **values)


def _watched(grades: list[float], **more) -> tuple[ExtrapolationWatch, list[int]]:
    watch = ExtrapolationWatch(_settings(timestep_fs=1.0, frame_interval_fs=10.0, **more))
    return watch, [step for step, grade in enumerate(grades) if watch.look(step, grade)]


def test_thermo_has_the_largest_grade_since_the_last_frame() -> None:
    calculator = Graded()
    run = MDRun(_argon(), calculator, _settings(extrapolation_threshold=3.5))
    frames = [run.first_frame()]
    assert frames[0].thermo["extrapolation_grade"] == calculator.grades[-1]
    calculator.grades.clear()
    while not run.finished:
        frame = run.step()
        if frame:
            frames.append(frame)
    assert len(calculator.grades) == run.step_number == 300  # one evaluation a step
    expected = np.array(calculator.grades).reshape(-1, 5).max(axis=1)
    np.testing.assert_array_equal([frame.thermo["extrapolation_grade"] for frame in frames[1:]], expected)
    summary = run.extrapolation.summary()
    production = np.array(calculator.grades[100:])
    assert (summary["n_steps"], summary["n_steps_over"]) == (200, int((production > 3.5).sum()))
    assert 0 < summary["n_steps_over"] < 200
    assert summary["n_steps_over_in_equilibration"] == int((np.array(calculator.grades[:100]) > 3.5).sum())


def test_a_potential_without_grade_gives_nan_and_keeps_nothing() -> None:
    run = MDRun(_argon(), LennardJones(sigma=3.4, epsilon=0.0104, rc=5.5), _settings())
    for _ in range(5):
        frame = run.step()
    assert frame is not None
    assert math.isnan(frame.thermo["extrapolation_grade"])
    assert not run.extrapolation.known
    assert run.take_extrapolating() == []


def test_a_continued_run_counts_and_keeps_what_the_unbroken_one_does() -> None:
    whole = MDRun(_argon(), Graded(), _settings())
    state, early = None, []
    while not whole.finished:
        whole.step()
        if whole.step_number == 137:
            state, early = whole.state(), whole.take_extrapolating()
    assert state is not None
    continued = MDRun(_argon(), Graded(), _settings(), state=state)
    while not continued.finished:
        continued.step()
    assert continued.extrapolation.summary() == pytest.approx(whole.extrapolation.summary(), rel=1e-9)
    late = whole.take_extrapolating()
    assert early
    assert late
    again = continued.take_extrapolating()
    assert [frame.step for frame in again] == [frame.step for frame in late]
    # ASE's Lennard-Jones sums in the order of a neighbour list that depends on its history
    np.testing.assert_allclose([frame.grade for frame in again], [frame.grade for frame in late], rtol=1e-9)
    np.testing.assert_allclose(again[-1].positions_A, late[-1].positions_A, atol=1e-9)
    steps = np.array([frame.step for frame in early + late])
    assert np.diff(steps).min() * 2.0 >= KEPT_APART_FS
    assert min(frame.grade for frame in early + late) > 2.1


def test_frames_are_kept_past_the_threshold_apart_and_not_without_end() -> None:
    watch, kept = _watched([1.0, 2.1, 2.2, 5.0, 1.0] + [3.0] * 30)
    assert kept == [2, 12, 22, 32]
    assert watch.n_kept == 4
    _, kept = _watched([3.0] * (20 * MOST_KEPT))
    assert len(kept) == MOST_KEPT


def test_a_run_far_outside_for_long_is_hopeless_and_a_collision_is_not() -> None:
    patience = round(GIVE_UP_FS)
    watch, _ = _watched([1.0] + [11.0] * (patience - 1) + [9.0] + [11.0] * (patience - 1))
    assert watch.hopeless is None
    watch, _ = _watched([1.0] + [11.0] * patience)
    assert watch.hopeless is not None
    assert f"step {patience}" in watch.hopeless
    watch, _ = _watched([math.inf] * patience)
    assert watch.hopeless is not None
    assert math.isfinite(watch.summary()["max_grade"])  # JSON has no infinity


def test_shares_of_several_runs_are_weighted_by_their_steps() -> None:
    summaries = [
        {"n_steps": 100, "n_steps_over": 10},
        {"n_steps": 900, "n_steps_over": 0},
    ]
    assert share_over(summaries) == pytest.approx(0.01)


@pytest.mark.parametrize(("grades", "status"), [([0.5, 1.5], "ok"), ([0.5, 2.5], "warning")])
def test_health_check_says_how_far(grades: list[float], status: str) -> None:
    watch, _ = _watched(grades, equilibrate_ps=0.0)
    check = check_extrapolation(watch.summary())
    assert (check.name, check.status) == ("extrapolation", status)
    assert f"{grades[1]:g}" in check.detail
