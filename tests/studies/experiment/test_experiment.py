"""`validate --experiment`: predictions from lines and bounds of known truth, the life of the run, its page."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from paddlewheel import load, validate_experiment
from paddlewheel.cli.main import status_of
from paddlewheel.errors import DataError, SettingsError
from paddlewheel.records import Measured, Provenance
from paddlewheel.records.arrhenius import ArrheniusResult
from paddlewheel.records.tables import Beside
from paddlewheel.studies.conduct.record import ConductivityRecord, TemperatureResult
from paddlewheel.studies.conduct.second_opinion.record import ModelSpread
from paddlewheel.studies.experiment import runs
from paddlewheel.studies.experiment.page import page
from paddlewheel.studies.experiment.prediction import (
    LEAST_PREFACTOR_CM2_PER_S,
    bound_of,
    model_factor,
    on_line,
    predicted,
    with_model,
)
from paddlewheel.studies.experiment.ranking import ranking
from paddlewheel.studies.experiment.record import ExperimentRecord, MeasuredShare
from paddlewheel.studies.simulation.frame_units import frames_of_units
from paddlewheel.transport import fit_arrhenius
from paddlewheel.units import BOLTZMANN_eV_PER_K

EMT = "ase:ase.calculators.emt:EMT"
_EDGES_A = {"a": 3.6, "b": 3.7, "c": 3.8, "d": 3.65, "e": 3.75, "f": 3.85}


def line(energy_eV: float = 0.3, sigma_300K: float = 2.0) -> ArrheniusResult:
    """A fit of points on a line of ln(sigma T), as `conduct` has it."""
    kelvin = np.array([600.0, 800.0, 1000.0])
    sigma = sigma_300K * 300 / kelvin * np.exp(-energy_eV / BOLTZMANN_eV_PER_K * (1 / kelvin - 1 / 300))
    fit = fit_arrhenius(kelvin, sigma, 0.1 * sigma, target_K=300.0)
    return ArrheniusResult(
        fitted="ln(sigma*T)",
        activation_energy_eV=Measured(value=fit.activation_energy_eV, std=fit.activation_energy_std_eV),
        ln_prefactor=Measured(value=fit.ln_prefactor, std=fit.ln_prefactor_std),
        covariance_ln_prefactor_activation_energy=fit.covariance_ln_prefactor_activation_energy,
        conductivity_300K_mS_per_cm=Measured.or_none(
            fit.value_at_target, fit.std_at_target, interval_68=fit.interval_68_at_target,
            interval_95=fit.interval_95_at_target,
        ),
        temperatures_used_K=[600.0, 800.0, 1000.0],
    )  # fmt: skip


def row_at(kelvin: float, status: Any, **more: Any) -> TemperatureResult:
    return TemperatureResult(
        temperature_K=kelvin, status=status, production_ps=12.0, n_ions=8, density_g_per_cm3=2.0, mean_volume_A3=1e3,
        **more,
    )  # fmt: skip


def made_record(fit: ArrheniusResult | None, rows: list[TemperatureResult]) -> ConductivityRecord:
    return ConductivityRecord(
        specie="Li", charge_e=1.0, potential="made", structure="x", formula="LiX", temperatures=rows, arrhenius=fit,
        provenance=Provenance(paddlewheel_version="0", created_utc="", versions={}, settings={}),
    )  # fmt: skip


def test_a_line_is_read_at_the_temperature_of_the_measurement():
    """The truth is the line itself, and at 450 K the interval of the same fit made for 450 K."""
    fit = line()
    at_room = on_line(fit, temperature_K=300.0)
    assert at_room is not None
    assert at_room.value == pytest.approx(2e-3)
    kelvin = np.array([600.0, 800.0, 1000.0])
    sigma = 2.0 * 300 / kelvin * np.exp(-0.3 / BOLTZMANN_eV_PER_K * (1 / kelvin - 1 / 300))
    there = fit_arrhenius(kelvin, sigma, 0.1 * sigma, target_K=450.0)
    found = on_line(fit, temperature_K=450.0)
    assert found is not None
    assert found.interval_95 is not None
    assert found.value == pytest.approx(1e-3 * there.value_at_target)
    assert found.interval_95 == pytest.approx([1e-3 * end for end in there.interval_95_at_target], rel=1e-6)


def test_runs_without_diffusion_bound_what_a_line_can_be():
    hot = row_at(
        1000.0, "not-diffusive", diffusivity_upper_bound_95_cm2_per_s=1e-6, conductivity_upper_bound_95_mS_per_cm=5.0
    )
    found = bound_of(hot, temperature_K=300.0)
    # ln D falls by ln(1e-6 / 1e-4) from infinite temperature to 1000 K, and by 1000 / 300 of that to 300 K; sigma T
    # goes with D, and 5 mS/cm at 1000 K with 1e-6 cm2/s
    diffusivity = LEAST_PREFACTOR_CM2_PER_S * (1e-2) ** (1000 / 300)
    assert found == pytest.approx(5e-3 * 1000 / 300 * diffusivity / 1e-6)
    # a steeper line through the same bound lies below it
    for prefactor in (1e-3, 1e-2):
        assert 5e-3 * 1000 / 300 * (prefactor / 1e-6) * (1e-6 / prefactor) ** (1000 / 300) < found
    # a bound above the prefactor says no more than that D does not fall with temperature
    fast = row_at(
        1000.0, "too-short", diffusivity_upper_bound_95_cm2_per_s=1e-3, conductivity_upper_bound_95_mS_per_cm=5.0
    )
    assert bound_of(fast, temperature_K=300.0) == pytest.approx(5e-3 * 1000 / 300)
    assert bound_of(row_at(1200.0, "broken"), temperature_K=300.0) is None
    refused = ArrheniusResult(fitted="ln(sigma*T)", refused="no temperature gave a conductivity")
    told = predicted(made_record(refused, [hot, row_at(1200.0, "broken")]), temperature_K=300.0)
    assert told.value is None
    assert told.upper_bound_S_per_cm == found
    nothing = predicted(made_record(refused, [row_at(1200.0, "broken")]), temperature_K=300.0)
    assert (nothing.value, nothing.upper_bound_S_per_cm, nothing.reason) == (None, None, refused.refused)


def test_another_potential_widens_the_interval_by_its_own_difference():
    def spread(quantity: Any, kelvin: float, factor: float) -> ModelSpread:
        return ModelSpread(
            quantity=quantity, temperature_K=kelvin, how="reweighted", potential="b", n_potentials=2,
            model_factor=factor, statistical_factor_95=1.5, ratio_known_to_factor_95=1.2, resolved=True,
        )  # fmt: skip

    # a barrier that differs by kT ln 2 at 600 K differs by a factor of 2^2 at 300 K
    assert model_factor(spread("diffusivity_cm2_per_s", 600.0, 2.0), temperature_K=300.0) == pytest.approx(4.0)
    assert model_factor(spread("conductivity_300K_mS_per_cm", 300.0, 3.0), temperature_K=298.15) == 3.0
    assert model_factor(None, temperature_K=300.0) is None
    value = Measured(value=1.0, std=1.0, interval_68=(0.5, 2.0), interval_95=(0.25, 4.0))
    low, high = with_model(value, 8.0, "95")
    both = math.hypot(math.log(4), math.log(8))
    assert (math.log(low), math.log(high)) == pytest.approx((-both, both))
    assert with_model(value, 1.0, "68") == pytest.approx((0.5, 2.0))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Six metals with made conductivities; the crystal of the fifth cannot be read, the last is a bound."""
    rows = ["structure,conductivity_S_per_cm,id,family,specie,formula,temperature_K"]
    for place, (name, edge) in enumerate(_EDGES_A.items()):
        kinds = "Cu Ag\n3 1" if name != "e" else "Cu\nnone"
        corners = "0 0 0\n0 0.5 0.5\n0.5 0 0.5\n0.5 0.5 0\n"
        text = f"{name}\n1.0\n{edge} 0 0\n0 {edge} 0\n0 0 {edge}\n{kinds}\nDirect\n{corners}"
        (tmp_path / f"{name}.vasp").write_text(text)
        value = f"{'<' if name == 'f' else ''}{10.0 ** -(place + 2):g}"
        rows.append(f"{name}.vasp,{value},{name},metals,Cu,Cu3Ag,300")
    path = tmp_path / "metals.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


SETTINGS: dict[str, Any] = {"potential": EMT, "atoms": 40, "cores": 1, "charge": 1.0}


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """`conduct` answered by a made record for each conductor, whose calls are counted: of the third all broke."""
    calls: list[str] = []

    def conduct(path: Path, *, out: Path, potential: str, **_: Any) -> ConductivityRecord:
        calls.append(f"{path.stem} {potential.rsplit(':', 1)[-1]}")
        place = "abcdef".index(path.stem)
        if place == 2:
            return made_record(ArrheniusResult(fitted="ln(sigma*T)", refused="none"), [row_at(600.0, "broken")])
        return made_record(line(sigma_300K=3 * 10.0 ** (1 - place)), [row_at(600.0, "ok")])

    monkeypatch.setattr(runs, "CONDUCT", conduct)
    return calls


def test_conductors_and_potentials_are_added_to_what_is_there(table: Path, tmp_path: Path, counted: list[str]):
    out = tmp_path / "run"
    first = validate_experiment(table, out=out, conductors=2, **SETTINGS)
    assert len(first.rows) == len(counted) == 2
    both = f"{EMT},ase:ase.calculators.lj:LennardJones"
    two: dict[str, Any] = SETTINGS | {"potential": both}
    whole = validate_experiment(table, out=out, conductors=9, **two)
    assert isinstance(whole, ExperimentRecord)
    assert [row.id for row in whole.rows[:2]] == [row.id for row in first.rows]
    assert {row.potential for row in whole.rows} == set(both.split(","))
    assert len(whole.rows) == 10
    assert whole.n_drawn_from == 5
    assert [each.id for each in whole.left_out] == ["e"]
    status = {row.id: row.status for row in whole.rows}
    assert status == {"a": "predicted", "b": "predicted", "c": "no-result", "d": "predicted", "f": "predicted"}
    calls = len(counted)
    assert validate_experiment(table, out=out, conductors=9, **two) == whole
    assert len(counted) == calls  # a finished record is returned as it is
    assert load(out) == whole
    with pytest.raises(SettingsError, match=r"^ids: e "):
        validate_experiment(table, out=tmp_path / "other", ids="a,e", **SETTINGS)


def test_the_statistics_are_those_of_the_rows(table: Path, tmp_path: Path, counted: list[str]):
    """Predictions are three times the measurements: rank 1, all values within 10, the bound left open."""
    record = validate_experiment(table, out=tmp_path / "run", **SETTINGS)
    (whole, family) = record.rankings
    assert (whole.n_conductors, whole.n_predicted, whole.n_bounded, whole.n_without) == (5, 4, 0, 1)
    assert family.family == "metals"
    assert whole.spearman is None  # four rows: fewer than can be told from chance
    assert (whole.within_10.n_yes, whole.within_10.n_no, whole.within_10.n_open) == (3, 0, 1)
    assert whole.within_10_of_all == pytest.approx(3 / 5)
    assert whole.log10_ratio == pytest.approx(math.log10(3), abs=0.01)
    again = ranking([row for row in record.rows if row.id in "ab"], potential=EMT, family=None)
    assert again.covered_95.n_yes + again.covered_95.n_no == 2


def test_an_opinion_that_cannot_be_had_ends_the_command(table: Path, tmp_path: Path, counted, monkeypatch) -> None:
    """A directory that is there is not tried again first: its predictions came out as `no-start` then."""
    made = runs.CONDUCT

    def without_network(path: Path, **more: Any) -> Any:
        if more.get("second_opinion"):
            raise DataError("could not be downloaded", where="other.json", remedy="check the network")
        return made(path, **more)

    monkeypatch.setattr(runs, "CONDUCT", without_network)
    out = tmp_path / "run"
    first = validate_experiment(table, out=out, **SETTINGS)
    with pytest.raises(DataError, match=r"other.json: could not be downloaded"):
        validate_experiment(table, out=out, second_opinion=EMT, **SETTINGS)
    assert load(out) == first


def test_intervals_that_hold_too_seldom_are_in_the_headline(table: Path, tmp_path: Path, counted) -> None:
    """12 of 20 intervals of 95 %: by chance in fewer than one of a million tables; 18 of 20 in one of four."""
    record = validate_experiment(table, out=tmp_path / "run", **SETTINGS)

    def shown(n_yes: int) -> Any:
        held = MeasuredShare(n_yes=n_yes, n_no=20 - n_yes, n_open=0, share=n_yes / 20, share_95=None)
        whole = record.rankings[0].model_copy(update={"spearman": 0.4, "spearman_95": (0.1, 0.6), "covered_95": held})
        return page(record.model_copy(update={"rankings": [whole]}), Beside(), {})

    assert "but its 95 % intervals hold 12 of 20" in shown(12).headline
    assert (shown(12).tone, shown(18).tone) == ("partial", "good")
    assert "intervals" not in shown(18).headline


def test_what_is_killed_between_conductors_goes_on(table: Path, tmp_path: Path, counted: list[str], monkeypatch):
    made = runs.CONDUCT

    def killed(path: Path, **more: Any) -> Any:
        if len(counted) == 2:
            raise KeyboardInterrupt
        return made(path, **more)

    monkeypatch.setattr(runs, "CONDUCT", killed)
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        validate_experiment(table, out=out, **SETTINGS)
    cells = {path: path.stat().st_mtime_ns for path in out.glob("conductors/*/*.extxyz")}
    assert len(cells) == 3
    assert not (out / "result.json").exists()
    monkeypatch.setattr(runs, "CONDUCT", made)
    record = validate_experiment(table, out=out, **SETTINGS)
    assert len(record.rows) == 5
    assert {path: path.stat().st_mtime_ns for path in cells} == cells


def test_the_page_has_every_conductor_and_says_what_was_left_out(table: Path, tmp_path: Path, counted: list[str]):
    out = tmp_path / "run"
    record = validate_experiment(table, out=out, **SETTINGS)
    page = (out / "report.html").read_text()
    assert all(f">{row.id}<" in page for row in record.rows)
    assert "Left out before the draw" in page
    assert "(e)" in page
    assert (out / "figures" / "parity-ase-ase.calculators.emt-EMT.svg").is_file()


def test_a_dry_run_counts_what_second_opinions_cost(table: Path) -> None:
    """Frames of each of two conductors at two temperatures, and own runs of one of them, beside the runs themselves."""
    common = {**SETTINGS, "conductors": 3, "temperatures_K": (300.0, 400.0), "ensemble": "nvt", "replicas": 2}
    alone = validate_experiment.study.forecast(table, **common)
    asked = {"second_opinion": ("ase:ase.calculators.lj:LennardJones",), "opinion_conductors": 2}
    labelled = validate_experiment.study.forecast(table, **common, **asked, second_opinion_frames=250)
    assert alone.n_units is not None
    assert labelled.n_units is not None
    in_a_unit = len(next(iter(frames_of_units([Atoms("Cu")] * 500).values())))
    assert labelled.n_units - alone.n_units == 2 * -(-500 // in_a_unit)
    told = dict(labelled.inputs)["second opinion, ase:ase.calculators.lj:LennardJones"]
    assert told.startswith("labels 500 frames of each of 2 conductors, ")
    own = validate_experiment.study.forecast(table, **common, **asked, second_opinion_frames=250, second_opinion_ps=5.0)
    assert own.n_units is not None
    assert own.n_units - labelled.n_units == len(common["temperatures_K"]) * common["replicas"]
    assert "; runs 1 of them itself, " in dict(own.inputs)["second opinion, ase:ase.calculators.lj:LennardJones"]


def test_the_command_runs_conductors_by_conduct_itself(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    """Copper does not diffuse in silver at 300 and 400 K: a bound, from a run directory of `conduct`."""
    out = tmp_path / "run"
    words = [
        "validate", str(table), "--experiment", "--potential", EMT, "--ids", "a", "--atoms", "40", "--charge", "1",
        "--temperatures", "300,400", "--production-ps", "1.6", "--equilibrate-ps", "0.1", "--timestep-fs", "4",
        "--ensemble", "nvt", "--cores", "1", "--out", str(out),
    ]  # fmt: skip
    assert status_of(words) == 0
    said = capsys.readouterr().out
    assert "1 conductors, 0 predicted, 1 bounded" in said
    record = load(out)
    assert [row.status for row in record.rows] == ["bounded"]
    one = load(out / Path(record.rows[0].record).parent)
    assert isinstance(one, ConductivityRecord)
    assert one.structure == "a.extxyz"
    assert record.core_hours > 0
    assert len(list(out.glob("conductors/a/*/units/*/result.json"))) == 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--temperatures", "600"], "two temperatures"),
        (["--potential", "nowhere"], "nowhere"),
        (["--ids", "zz"], "has no zz"),
        (["--potential", f"{EMT},{EMT}"], "named twice"),
        (["--atoms", "4", "--ids", "a", "--specie", "Na"], "holds no Na"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(table: Path, tmp_path: Path, capsys, more: list[str], said: str):
    out = tmp_path / "run"
    base = ["validate", "--experiment", str(table), "--out", str(out), "--charge", "1"]
    base += [] if "--potential" in more else ["--potential", EMT]
    assert status_of([*base, *more]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not out.exists()
