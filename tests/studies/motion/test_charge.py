"""A charge that chemistry excludes is refused by every study that takes one, or kept and told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paddlewheel import analyze, onsager
from paddlewheel.cli.main import status_of
from paddlewheel.errors import SettingsError
from paddlewheel.studies.conduct.study import ConductSettings, plan_conduct, settings_warnings
from paddlewheel.studies.conduct.verdict import judge, verdict_lines
from paddlewheel.studies.motion.choices import doubt_of_charge


@pytest.fixture(scope="module")
def salt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 Na that walk at random beside a lattice of 24 Cl, frames 100 fs apart."""
    rng = np.random.default_rng(3)
    start = rng.uniform(0, 12, (48, 3))
    start[24:] = 12 * np.stack(np.meshgrid(*(np.arange(n) / n for n in (4, 3, 2))), axis=-1).reshape(-1, 3)
    steps = rng.normal(0, 0.3, (400, 48, 3))
    steps[:, 24:] = np.diff(rng.normal(0, 0.1, (401, 24, 3)), axis=0)
    steps[:, 24:] -= steps[:, 24:].mean(axis=1, keepdims=True)
    path = tmp_path_factory.mktemp("salt") / "salt.npz"
    np.savez(
        path,
        positions_A=start + np.cumsum(steps, axis=0),
        cell_A=12 * np.eye(3),
        symbols=["Na"] * 24 + ["Cl"] * 24,
        frame_interval_fs=100.0,
    )
    return path


@pytest.mark.parametrize(
    ("specie", "charge_e"), [("Na", 1), ("Cu", 1), ("Cu", 2), ("Cl", -1), ("O", -2), ("H", -1), ("H", 1), ("Al", 3)]
)
def test_oxidation_states_that_are_known_pass(specie: str, charge_e: float) -> None:
    assert doubt_of_charge(specie, charge_e, where="charge", anyway=False) is None


@pytest.mark.parametrize(("specie", "charge_e"), [("Na", 0.8), ("O", -1.6), ("Cu", 1.5), ("S", -0.9)])
def test_fractions_of_them_are_effective_charges(specie: str, charge_e: float) -> None:
    doubt = doubt_of_charge(specie, charge_e, where="charge", anyway=False)
    assert doubt is not None
    assert "effective charge" in doubt


@pytest.mark.parametrize(
    ("specie", "charge_e"), [("Na", 3), ("Na", 1e6), ("Na", -1), ("Na", 1.01), ("O", 2), ("He", 1)]
)
def test_charges_that_chemistry_excludes_are_refused_or_kept_and_told(specie: str, charge_e: float) -> None:
    with pytest.raises(SettingsError, match=r"unknown to chemistry.*--charge-anyway"):
        doubt_of_charge(specie, charge_e, where="charge", anyway=False)
    doubt = doubt_of_charge(specie, charge_e, where="charge", anyway=True)
    assert doubt is not None
    assert "kept as asked" in doubt


@pytest.mark.parametrize("charge_e", [0.0, float("nan"), float("inf")])
def test_what_carries_no_current_is_refused_in_any_case(charge_e: float) -> None:
    with pytest.raises(SettingsError, match="carries no current"):
        doubt_of_charge("Na", charge_e, where="charge", anyway=True)


@pytest.mark.parametrize("charge", ["0", "1e6", "3", "-1"])
def test_every_command_that_takes_a_charge_refuses_them(
    charge: str, salt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """0, 1e6 and 3 for Na gave `ok` conductivities."""
    out = tmp_path / "out"
    for command in (
        ["analyze", str(salt), "--specie", "Na", "--temperature", "600", "--charge", charge],
        ["onsager", str(salt), "--species", f"Na={charge}", "--temperature", "600"],
        ["conduct", "nabh4", "--charge", charge, "--out", str(out)],
        ["rotor", "o-nbh", "--charge", charge, "--out", str(out)],
        ["window", "o-NBH", "--charge", charge],
    ):
        assert status_of(command) == 2, command
        assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not out.exists()


def test_analyze_and_onsager_keep_it_where_asked_and_the_verdict_says_so(salt: Path) -> None:
    given = {"temperature_K": 600, "charge_anyway": True, "temperature_anyway": True}
    right = analyze(salt, specie="Na", temperature_K=600, temperature_anyway=True)
    assert "charge" not in right.unchecked
    kept = analyze(salt, specie="Na", charge=3, **given)
    assert kept.unchecked == ["temperature", "frame interval", "charge"]
    assert any("known as +1" in text for text in kept.warnings)
    assert any("Na +3 e" in text for text in judge(kept).sentences)
    assert any("Na +3 e" in text for text in verdict_lines(kept))
    # the conductivity goes with the square of the charge
    ours, wrong = right.temperatures[0].conductivity_mS_per_cm, kept.temperatures[0].conductivity_mS_per_cm
    assert ours is not None
    assert wrong is not None
    assert wrong.value == pytest.approx(9 * ours.value, rel=1e-9)
    together = onsager(salt, species={"Na": 3, "Cl": -1}, **given)
    assert together.unchecked[-1] == "charge"
    assert onsager(salt, species={"Na": 1}, temperature_K=600, temperature_anyway=True).unchecked[-1] != "charge"


def test_the_plan_of_a_simulation_says_it_before_it_runs() -> None:
    plan = plan_conduct("nabh4", ConductSettings(charge=0.8))
    assert plan.ion.unchecked == ("charge",)
    assert any("effective charge" in text for text in settings_warnings(plan))
    assert plan_conduct("nabh4", ConductSettings()).ion.unchecked == ()
