"""Run directories of `conduct` given to the analyses of motion: what they know, what is left out, what is said."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import paddlewheel
from paddlewheel.cli.main import status_of
from paddlewheel.errors import RunDirectoryError, SettingsError, TrajectoryError
from paddlewheel.execution import Unit
from paddlewheel.studies.motion.given import Given, LeftOut, open_given
from paddlewheel.trajectories import open_store

EQUILIBRATION_PS, FRAME_INTERVAL_FS, N_PRODUCTION = 0.05, 5.0, 41
ANALYSES: dict[str, dict[str, Any]] = {
    "active_ions": {"window_ps": 0.1},
    "van_hove": {"n_lags": 4},
    "coordination": {"range_A": 4.0, "cutoffs_A": {"BH4": 3.5}},
    "spectra": {"segment_fs": 100.0},
    "onsager": {},
    "rotation": {},
    "density": {"spacing_A": 0.6, "smoothing_A": 0.6},
    "sites": {},
}
"""Every analysis of given trajectories at one temperature, with settings for a short run of a small cell."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two temperatures with two replicas each."""
    out = tmp_path_factory.mktemp("conduct") / "run"
    paddlewheel.conduct(
        "nabh4", out=out, potential="nep-nabh", temperatures_K=[500, 700], replicas=2, ensemble="nvt",
        equilibrate_ps=EQUILIBRATION_PS, production_ps=0.2, frame_interval_fs=FRAME_INTERVAL_FS, supercell="1x1x1",
        arrhenius=False, specie="Na", charge=1.0, cores=1,
    )  # fmt: skip
    return out


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """A copy of it, whose units a test may spoil."""
    return Path(shutil.copytree(made, tmp_path / "run"))


def _store(run: Path, name: str) -> Path:
    return run / "trajectories" / f"{name}.zarr"


def _spoil(run: Path, name: str, **result: Any) -> None:
    unit = Unit.of_folder(run / "units" / name)
    unit.write_result((unit.result() or {}) | result)


def _production(run: Path, name: str, target: Path) -> Path:
    """The production of a run as a file that knows nothing of it."""
    trajectory = open_store(_store(run, name)).after(EQUILIBRATION_PS)
    blocks = list(trajectory.blocks())
    np.savez(
        target,
        positions_A=np.concatenate([block.positions_A for block in blocks]),
        cell_A=np.concatenate([block.cell_A for block in blocks]),
        symbols=np.array(trajectory.symbols),
        masses_u=trajectory.masses_u,
    )
    return target


@pytest.mark.parametrize("name", ANALYSES)
def test_an_analysis_takes_a_run_directory_and_knows_all_of_it(name: str, made: Path, tmp_path: Path) -> None:
    analysis, out = getattr(paddlewheel, name), tmp_path / "out"
    with pytest.raises(SettingsError, match=r"temperature_K: the runs are at 500, 700 K"):
        analysis(made, out=out, **ANALYSES[name])
    assert not out.exists()
    record = analysis(made, out=out, temperature_K=700, **ANALYSES[name])
    assert record.temperature_K == 700.0
    assert record.specie == "Na"
    assert [row.name for row in record.trajectories] == ["T=700K_r0.zarr", "T=700K_r1.zarr"]
    for row in record.trajectories:
        assert (row.n_frames, row.left_out_ps) == (N_PRODUCTION, pytest.approx(EQUILIBRATION_PS))
        assert row.frame_interval_fs == FRAME_INTERVAL_FS
    assert not any("twice" in text for text in record.warnings)
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "Left out at the start" in report
    # the same runs as files are the same input
    files = [_store(made, "T=700K_r0"), _store(made, "T=700K_r1")]
    assert analysis(files, out=out, **ANALYSES[name]).model_dump() == record.model_dump()


def test_a_file_of_a_run_directory_is_never_analysed_with_its_equilibration(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = _store(made, "T=500K_r1")
    assert open_store(store).n_frames == N_PRODUCTION + EQUILIBRATION_PS * 1000 / FRAME_INTERVAL_FS
    (tmp_path / "linked.zarr").symlink_to(store)
    monkeypatch.chdir(store.parent)
    for given in (store, str(store), tmp_path / "linked.zarr", "T=500K_r1.zarr"):
        (found,) = open_given(given).runs
        assert found.trajectory.n_frames == N_PRODUCTION
        assert (found.temperature_K, found.specie, found.charge_e) == (500.0, "Na", 1.0)
    (later,) = open_given(store, skip_ps=0.1).runs
    assert later.trajectory.n_frames == N_PRODUCTION - 20
    record = paddlewheel.van_hove(store, n_lags=3)
    assert (record.temperature_K, record.trajectories[0].n_frames) == (500.0, N_PRODUCTION)


def test_what_was_given_twice_counts_once_and_is_said(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    copied = _production(made, "T=500K_r0", tmp_path / "copied.npz")
    given = [made, _store(made, "T=500K_r0"), copied]
    record = paddlewheel.van_hove(given, temperature_K=500, frame_interval_fs=FRAME_INTERVAL_FS, n_lags=3)
    assert [row.name for row in record.trajectories] == ["T=500K_r0.zarr", "T=500K_r1.zarr"]
    said = [
        "T=500K_r0.zarr was given twice: it counts once",
        "copied.npz holds the same frames as T=500K_r0.zarr: it counts once",
    ]
    assert record.warnings[:2] == said
    arguments = ["van-hove", *map(str, given), "--temperature", "500", "--frame-interval-fs", "5", "--n-lags", "3"]
    assert status_of([*arguments, "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert all(f"warning: {text}" in told for text in said)


def test_runs_left_out_for_one_reason_are_told_in_one_line() -> None:
    """Of a directory of fifty runs with one finished the report told forty-nine lines before its first figure."""
    said = [("T=500K_r1", "it is not finished"), ("T=500K_r2", "it is not finished"), ("T=700K_r0", "it broke: hot")]
    out = [LeftOut(name=name, given_as="run", temperature_K=500.0, reason=reason) for name, reason in said]
    assert Given(runs=(), left_out=tuple(out)).warnings == (
        "2 runs are left out (not finished): T=500K_r1, T=500K_r2",
        "T=700K_r0 is left out (it broke: hot)",
    )


def test_unfinished_and_broken_runs_are_left_out_and_named(run: Path) -> None:
    (run / "units" / "T=500K_r1" / "result.json").unlink()
    _spoil(run, "T=700K_r0", status="broken", reason="temperature: 2000 K")
    cold = paddlewheel.van_hove(run, temperature_K=500, n_lags=3)
    assert [row.name for row in cold.trajectories] == ["T=500K_r0.zarr"]
    assert cold.warnings[0] == "run/T=500K_r1 is left out (it is not finished)"
    assert not any("700K" in text for text in cold.warnings)
    hot = paddlewheel.van_hove(list((run / "trajectories").glob("T=700K*")), n_lags=3)
    assert [row.name for row in hot.trajectories] == ["T=700K_r1.zarr"]
    assert hot.warnings[0] == "run/T=700K_r0 is left out (it broke: temperature: 2000 K)"
    _spoil(run, "T=700K_r1", status="broken", reason="polyanion-bonds: all")
    with pytest.raises(RunDirectoryError, match=r"no finished run .*T=700K_r0: it broke: temperature: 2000 K"):
        paddlewheel.van_hove(run, temperature_K=700)
    with pytest.raises(RunDirectoryError, match="no finished run"):
        paddlewheel.van_hove(_store(run, "T=500K_r1"))


def test_runs_in_which_the_potential_extrapolates_are_taken_and_named(run: Path) -> None:
    summary = {"threshold": 2.1, "max_grade": 5.0, "n_steps": 200, "n_steps_over": 50, "n_kept_frames": 0}
    _spoil(run, "T=700K_r0", status="extrapolating", extrapolation=summary)
    record = paddlewheel.van_hove(run, temperature_K=700, n_lags=3)
    assert len(record.trajectories) == 2
    assert "run/T=700K_r0: the potential extrapolates in 25 % of the steps" in record.warnings[0]


def test_a_temperature_that_contradicts_the_run_is_told(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SettingsError, match=r"temperature_K: 600 K was given, and .*run is at 500, 700 K"):
        paddlewheel.van_hove(made, temperature_K=600)
    hot, cold = _store(made, "T=700K_r0"), _store(made, "T=500K_r0")
    with pytest.raises(SettingsError, match=r"500 K was given, and .*T=700K_r0.zarr is at 700 K"):
        paddlewheel.van_hove([cold, hot], temperature_K=500)
    with pytest.raises(SettingsError, match="the runs are at 500, 700 K"):
        paddlewheel.van_hove([cold, hot])
    assert status_of(["spectra", str(hot), "--temperature", "300", "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert told.startswith("paddlewheel: --temperature: 300 K was given")
    assert told.count("\n") == 1
    assert not (tmp_path / "out").exists()
    with pytest.raises(TrajectoryError, match="5 fs apart as the file says, 10 fs were given"):
        paddlewheel.van_hove(hot, frame_interval_fs=10.0)


def test_files_beside_a_run_directory_are_taken_to_be_of_its_temperature(made: Path, tmp_path: Path) -> None:
    other = _production(made, "T=500K_r1", tmp_path / "other.npz")
    record = paddlewheel.van_hove([other, _store(made, "T=500K_r0")], frame_interval_fs=FRAME_INTERVAL_FS, n_lags=3)
    assert (record.temperature_K, record.specie) == (500.0, "Na")
    assert [row.name for row in record.trajectories] == ["other.npz", "T=500K_r0.zarr"]


def test_charge_and_temperature_of_files_have_to_be_given(made: Path, tmp_path: Path) -> None:
    plain = _production(made, "T=500K_r0", tmp_path / "plain.npz")
    with pytest.raises(SettingsError, match="temperature_K: is needed"):
        paddlewheel.onsager(plain, frame_interval_fs=FRAME_INTERVAL_FS, species={"Na": 1})
    with pytest.raises(SettingsError, match="species: is needed"):
        paddlewheel.onsager(plain, frame_interval_fs=FRAME_INTERVAL_FS, temperature_K=500)
    record = paddlewheel.onsager(made, temperature_K=500)
    assert [(row.specie, row.charge_e) for row in record.species] == [("Na", 1.0)]


def test_directories_of_other_commands_are_refused(made: Path, run: Path, tmp_path: Path) -> None:
    paddlewheel.van_hove(made, temperature_K=500, n_lags=3, out=tmp_path / "analysis")
    with pytest.raises(RunDirectoryError, match="is a run directory of van-hove; give one of conduct"):
        paddlewheel.active_ions(tmp_path / "analysis")
    shutil.rmtree(run / "units")
    with pytest.raises(RunDirectoryError, match="holds no run yet"):
        paddlewheel.active_ions(run)
