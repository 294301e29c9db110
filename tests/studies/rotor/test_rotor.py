"""`rotor` end to end on NaBH4 with the embedded potential: truths about masses, the contract, and refusals."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from paddlewheel import rotor
from paddlewheel.crystals import find_anion_types
from paddlewheel.errors import InputError, RunDirectoryError
from paddlewheel.studies.motion.runs import first_atoms
from paddlewheel.studies.rotor.record import RotorRecord
from paddlewheel.studies.rotor.study import STUDY
from paddlewheel.trajectories import open_store
from paddlewheel.transport.rotation.speed import BOLTZMANN_uA2_PER_PS2_K

SETTINGS = {
    "potential": "nep-nabh", "supercell": "2x1x1", "temperatures_K": [500.0, 800.0], "ensemble": "nvt",
    "equilibrate_ps": 0.5, "production_ps": 1.5, "frame_interval_fs": 5.0, "seed": 4,
}  # fmt: skip
GRID = {"factors": [1.0, 10.0]}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished grid: the masses of BH4 times 1 and 10, at two temperatures."""
    out = tmp_path_factory.mktemp("rotor") / "run"
    rotor("nabh4", out=out, **GRID, **SETTINGS)
    return out


@pytest.fixture(scope="module")
def record(run: Path) -> RotorRecord:
    return RotorRecord.model_validate(json.loads((run / "result.json").read_text()))


def test_the_record_holds_what_the_contract_says(run: Path) -> None:
    found = json.loads((run / "result.json").read_text())
    assert (found["schema_version"], found["kind"], found["specie"]) == (1, "rotor", "Na")
    assert [(point["anion"], point["mass_factor"]) for point in found["points"]] == [("BH4", 1.0), ("BH4", 10.0)]
    for point in found["points"]:
        measured = ("activation_energy_eV", "conductivity_300K_mS_per_cm", "active_fraction", "rotation_rad_per_ps")
        for name in measured:
            assert point[name] is None or set(point[name]) == {"value", "std"}
        # an ordered crystal over 1.5 ps: no conductor, and the reason is said
        assert point["status"] == "no-fit"
        assert point["reason"]
        assert point["rotation_rad_per_ps"]["value"] > 0
    assert [one["name"] for one in found["runs"]] == ["natural", "BH4x10"]
    assert found["runs"][1]["scale"] == {"BH4": 10.0}
    for one in found["runs"]:
        assert json.loads((run / one["record"]).read_text())["kind"] == "conductivity"
        assert [row["temperature_K"] for row in one["temperatures"]] == [500.0, 800.0]
    assert found["active_is_paper_definition"] is False
    assert any("active means" in text for text in found["warnings"])
    report = (run / "report.html").read_text()
    assert "What masses cannot change" in report
    assert (run / "figures/mass.png").exists()


def test_nothing_determined_is_said_and_the_status_is_one(record: RotorRecord) -> None:
    assert STUDY.failed(record)
    assert any("no-fit" in line for line in STUDY.says(record))


def test_rms_angular_velocity_goes_as_the_root_of_the_mass(record: RotorRecord) -> None:
    trend = next(row for row in record.trends if row.quantity == "rotation")
    assert trend.expected_slope == -0.5
    # equipartition; four errors, and 0.03 for the frame interval, which takes more from what turns faster
    assert abs(trend.slope.value + 0.5) < 4 * trend.slope.std + 0.03
    assert trend.verdict == "falls"


def test_the_angular_velocity_is_that_of_the_moment_of_inertia_by_hand(record: RotorRecord) -> None:
    # B-H 1.24 A: I = (8/3) m_H r^2, |w|^2 = 3 k T / I
    inertia_uA2 = 8 / 3 * 1.008 * 1.24**2
    for one, factor in zip(record.runs, (1.0, 10.0), strict=True):
        for row in one.temperatures:
            speed = row.rotation[0].rms_angular_velocity_rad_per_ps
            expected = np.sqrt(3 * BOLTZMANN_uA2_PER_PS2_K * row.temperature_K / (factor * inertia_uA2))
            # 4 anions over 1.5 ps: their own spread, and 15 % for so few degrees of freedom with one thermostat
            assert speed is not None
            assert speed.value == pytest.approx(expected, rel=0.15, abs=3 * speed.std)


def test_equilibrium_averages_do_not_know_the_masses(run: Path, record: RotorRecord) -> None:
    assert [check.quantity for check in record.equilibrium] == ["potential_energy_eV_per_atom"] * 2
    assert all(check.agrees for check in record.equilibrium)
    for row, other in zip(record.runs[0].temperatures, record.runs[1].temperatures, strict=True):
        assert row.density_g_per_cm3 is not None
        assert other.density_g_per_cm3 is not None
        # the fixed cell, and the natural masses in both
        assert other.density_g_per_cm3.value == pytest.approx(row.density_g_per_cm3.value, rel=1e-9)
    for temperature in ("500", "800"):
        light, heavy = (_b_h(run / f"trajectories/{name}_T={temperature}K_r0.zarr") for name in ("natural", "BH4x10"))
        # mean and spread of the B-H length: 1.24 and 0.04 A; 16 bonds over 1.5 ps give 0.01 and a third of the spread
        assert heavy.mean() == pytest.approx(light.mean(), abs=0.012)
        assert heavy.std() == pytest.approx(light.std(), rel=0.35)


def _b_h(store: Path) -> np.ndarray:
    """All B-H lengths of the production, A: the first peak of g(r)."""
    trajectory = open_store(store).after(0.5)
    anions = find_anion_types(first_atoms(trajectory), mobile="Na")[0].polyanions
    pairs = np.concatenate([one.bonds for one in anions])
    lengths = []
    for block in trajectory.blocks():
        vectors = block.positions_A[:, pairs[:, 0]] - block.positions_A[:, pairs[:, 1]]
        fractional = vectors @ np.linalg.inv(block.cell_A)
        lengths.append(np.linalg.norm((fractional - np.round(fractional)) @ block.cell_A, axis=2))
    return np.concatenate(lengths)


def test_the_same_call_again_keeps_every_run_and_may_count_active_ions_otherwise(run: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (run / "units").rglob("result.json")}
    assert len(before) == 4
    again = rotor("nabh4", out=run, **GRID, **SETTINGS, active_window_ps=0.5, active_threshold_A2=0.0)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert again.points[0].active_fraction is not None
    assert again.points[0].active_fraction.value == 1.0
    assert again.active_window_ps == 0.5
    rotor("nabh4", out=run, **GRID, **SETTINGS)


@pytest.mark.parametrize(
    "change", [{"factors": [1.0, 5.0]}, {"seed": 5}, {"production_ps": 1.0}, {"scale": [{"BH4": 2.0}]}]
)
def test_a_directory_with_other_inputs_is_refused(run: Path, change: dict) -> None:
    with pytest.raises(RunDirectoryError, match="other inputs"):
        rotor("nabh4", out=run, **{**GRID, **SETTINGS, **change})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"factors": [1.0, 0.0]}, "0 is not between 0.001"),
        ({"factors": [-2.0]}, "-2 is not between 0.001"),
        ({"factors": [float("nan")]}, "nan is no"),
        ({"factors": [1.0]}, "only 1"),
        ({"anions": ["PS4"]}, "no anion PS4 .*BH4"),
        ({"anions": ["BH4", "BH4"]}, "twice"),
        ({"scale": [{"BH4": -1.0}]}, "-1 is not between 0.001"),
        ({"active_window_ps": 2.0}, "longer than the run"),
        ({"active_threshold_A2": -1.0}, "active_threshold"),
        ({"reference_temperature_K": 600.0}, "not simulated"),
        ({"temperatures_K": [500.0]}, "two temperatures"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(tmp_path: Path, change: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        rotor("nabh4", out=tmp_path / "out", **{**GRID, **SETTINGS, **change})
    assert not (tmp_path / "out").exists()


def test_the_command_refuses_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "paddlewheel.cli.main", "rotor", "o-nbh", "--scale", "BH4", "--out", "out"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "BH4=4,B12H12=10" in done.stderr
    assert not (tmp_path / "out").exists()
