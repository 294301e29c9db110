"""The grid of masses and what is read from it, without any dynamics: o-NBH planned, and records made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import SettingsError
from paddlewheel.records import Measured
from paddlewheel.studies.conduct.study import ConductPlan, ConductSettings, plan_conduct
from paddlewheel.studies.rotor.plan import plan_rotor
from paddlewheel.studies.rotor.record import RotorPoint, RotorRun, RotorTemperature
from paddlewheel.studies.rotor.trends import equilibrium_checks, free_run_notes, trends

FACTORS = (1.0, 4.0, 10.0)


@pytest.fixture(scope="module")
def base() -> ConductPlan:
    settings = ConductSettings(
        potential="nep-nabh", temperatures_K=(600.0, 800.0), replicas=2, supercell="1x1x1", seed=1, arrhenius=True,
        minimum_onset_ps=0.5, three_body="parent", device="cpu", dtype="float32",
    )  # fmt: skip
    return plan_conduct("o-nbh", settings)


def test_the_natural_masses_are_run_once_for_all_series(base: ConductPlan) -> None:
    plan = plan_rotor(base, anions=None, factors=FACTORS, scale=[])
    assert plan.anions == {"B12H12": 4, "BH4": 4}
    assert [run.name for run in plan.runs] == [
        "natural", "B12H12x4", "B12H12x10", "BH4x4", "BH4x10", "allx4", "allx10",
    ]  # fmt: skip
    assert [point.run for point in plan.points if point.mass_factor == 1] == ["natural"] * 3
    assert len(plan.points) == 9
    seeds = plan.inputs()["seeds"].values()
    assert len(seeds) == len(set(seeds)) == 7 * 2 * 2


def test_masses_of_every_run_are_those_of_its_factors(base: ConductPlan) -> None:
    plan = plan_rotor(base, anions=["all"], factors=[4.0], scale=[{"BH4": 4.0, "B12H12": 10.0}])
    masses = {run.name: run.plan.structure.cells[0].get_masses().sum() for run in plan.runs}
    natural = masses["natural"]
    bh4, cage = 4 * (10.81 + 4 * 1.008), 4 * 12 * (10.81 + 1.008)
    assert masses["allx4"] == pytest.approx(natural + 3 * (bh4 + cage), rel=1e-6)
    assert masses["B12H12x10+BH4x4"] == pytest.approx(natural + 3 * bh4 + 9 * cage, rel=1e-6)
    mixed = next(point for point in plan.points if point.run == "B12H12x10+BH4x4")
    assert (mixed.anion, mixed.mass_factor) == ("B12H12+BH4", None)


def test_explicit_points_join_the_series_they_belong_to(base: ConductPlan) -> None:
    plan = plan_rotor(base, anions=["BH4"], factors=[4.0], scale=[{"BH4": 2.0}, {"all": 4.0}, {"BH4": 4.0}])
    found = [(point.anion, point.mass_factor, point.run) for point in plan.points]
    assert found == [
        ("BH4", 1.0, "natural"), ("BH4", 2.0, "BH4x2"), ("BH4", 4.0, "BH4x4"),
        ("all", 1.0, "natural"), ("all", 4.0, "allx4"),
    ]  # fmt: skip
    assert [run.name for run in plan.runs] == ["natural", "BH4x4", "BH4x2", "allx4"]
    alone = plan_rotor(base, anions=None, factors=FACTORS, scale=[{"BH4": 2.0}])
    assert [run.name for run in alone.runs] == ["natural", "BH4x2"]


def test_the_natural_masses_are_the_runs_of_conduct(base: ConductPlan, tmp_path) -> None:
    natural = plan_rotor(base, anions=None, factors=FACTORS, scale=[]).runs[0]
    # a unit's key decides its trajectory
    assert [unit.key for unit in natural.units(tmp_path)] == [unit.key for unit in base.units(tmp_path)]


def test_a_unit_is_another_for_other_masses(base: ConductPlan, tmp_path) -> None:
    plan = plan_rotor(base, anions=None, factors=FACTORS, scale=[])
    units = [unit for run in plan.runs for unit in run.units(tmp_path)]
    assert len({unit.key for unit in units}) == len({unit.name for unit in units}) == len(units)


def test_a_structure_without_anions_is_refused(base: ConductPlan) -> None:
    from ase.build import bulk

    cell = bulk("Na", "bcc", a=4.23, cubic=True)
    choice = base.structure.__class__(name="sodium", cells=(cell,), repeats=(1, 1, 1))
    bare = ConductPlan(**{**base.__dict__, "structure": choice})
    with pytest.raises(SettingsError, match="no anions"):
        plan_rotor(bare, anions=None, factors=FACTORS, scale=[])


def _grid(sigma_slopes: dict[str, float], *, error: float) -> tuple[list[RotorPoint], dict[str, RotorRun]]:
    """Points and runs whose ln sigma falls with ln(mass) by the slope of each anion, exactly."""
    points, runs = [], {}
    for anion, slope in sigma_slopes.items():
        for factor in FACTORS:
            name = "natural" if factor == 1 else f"{anion}x{factor:g}"
            rows = []
            for temperature in (600.0, 800.0):
                sigma = temperature * factor**slope
                rows.append(
                    RotorTemperature(
                        temperature_K=temperature, status="ok",
                        conductivity_mS_per_cm=Measured(value=sigma, std=error * sigma),
                        potential_energy_eV_per_atom=Measured(value=-5.0, std=0.001),
                    )
                )  # fmt: skip
            runs[name] = RotorRun(name=name, scale={}, temperatures=rows, arrhenius=None, record="")
            value = 10.0 * factor**slope
            points.append(
                RotorPoint(
                    anion=anion, mass_factor=factor, run=name, status="ok",
                    conductivity_300K_mS_per_cm=Measured(value=value, std=2 * error * value),
                    activation_energy_eV=Measured(value=0.2, std=0.01),
                    rotation_rad_per_ps=Measured(value=20 / np.sqrt(factor), std=0.1),
                )
            )  # fmt: skip
    return points, runs


def test_trends_stand_beside_those_of_the_paper() -> None:
    points, runs = _grid({"BH4": -0.1, "B12H12": -0.5}, error=0.02)
    rows, comparisons = trends(points, runs, entering=("ok",), of_paper=True)
    found = {(row.anion, row.quantity): row for row in rows}
    sigma = found["B12H12", "conductivity_simulated"]
    assert sigma.slope.value == pytest.approx(-0.5)
    assert sigma.n_points == 6
    assert (sigma.verdict, sigma.paper, sigma.beside_paper) == ("falls", "falls", "as the paper")
    energy = found["BH4", "activation_energy"]
    assert energy.verdict == "no change within errors"
    assert energy.beside_paper == "as the paper"
    assert found["BH4", "rotation"].slope.value == pytest.approx(-0.5, abs=1e-9)
    assert ("BH4", "active_fraction") not in found  # not measured: no trend
    more = next(row for row in comparisons if row.quantity == "conductivity_simulated")
    assert (more.first, more.second) == ("BH4", "B12H12")
    assert more.difference.value == pytest.approx(0.4)
    assert more.verdict == "falls more with B12H12"
    assert more.beside_paper == "as the paper"


def test_trends_that_errors_hide_are_not_claimed() -> None:
    points, runs = _grid({"BH4": -0.1, "B12H12": -0.5}, error=1.0)
    rows, comparisons = trends(points, runs, entering=("ok",), of_paper=False)
    assert {row.verdict for row in rows if row.quantity == "conductivity_300K"} == {"no change within errors"}
    assert all(row.paper is None and row.beside_paper is None for row in rows)
    assert {row.verdict for row in comparisons} == {"no difference within errors"}


def test_averages_that_masses_moved_are_found() -> None:
    _, runs = _grid({"BH4": -0.1}, error=0.02)
    assert all(check.agrees for check in equilibrium_checks(list(runs.values()), ensemble="nvt"))
    row = runs["BH4x10"].temperatures[0]
    moved = row.model_copy(update={"potential_energy_eV_per_atom": Measured(value=-5.01, std=0.001)})
    other = runs["BH4x10"].model_copy(update={"temperatures": [moved, runs["BH4x10"].temperatures[1]]})
    checks = equilibrium_checks([runs["natural"], runs["BH4x4"], other], ensemble="nvt")
    assert [check.agrees for check in checks] == [False, True]


def test_masses_whose_runs_without_a_thermostat_had_other_temperatures_are_told() -> None:
    """900 K asked and 814 K run is what NVE did before it was thermostatted first; 4 K of 800 are no matter."""
    _, runs = _grid({"BH4": -0.1}, error=0.02)
    assert free_run_notes(list(runs.values())) == []
    ran = {"natural": (600.0, 800.0), "BH4x4": (603.0, 814.0), "BH4x10": (605.0, 796.0)}
    free = [
        runs[name].model_copy(
            update={
                "temperatures": [
                    row.model_copy(update={"temperature_ran_K": value})
                    for row, value in zip(runs[name].temperatures, values, strict=True)
                ]
            }
        )
        for name, values in ran.items()
    ]
    (note,) = free_run_notes(free)
    assert note.startswith("nve at 800 K ran at 796 to 814 K")
