"""`convert` on the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from paddlewheel import convert, read_trajectory
from paddlewheel.cli.main import run
from paddlewheel.errors import RunDirectoryError
from trajectory_files import frame_positions, write_dump


def status_of(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        run(arguments)
    return ended.value.code


def test_parts_become_one_store(tmp_path, capsys):
    write_dump(tmp_path / "a.dump", columns="id type x y z")
    write_dump(tmp_path / "b.dump", columns="id type x y z", steps=(20, 30, 40, 50))
    files = [str(tmp_path / "a.dump"), str(tmp_path / "b.dump")]
    options = ["--frame-interval-fs", "20", "--type-map", "1=Na,2=Cl,3=H"]
    assert status_of(["convert", *files, "--out", str(tmp_path / "run.zarr"), *options, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["n_frames"], record["frames_given"], record["is_unwrapped"]) == (6, 8, False)
    store = read_trajectory(tmp_path / "run.zarr")
    assert (store.frame_interval_fs, store.is_unwrapped, store.clock.first, store.clock.stride) == (20.0, False, 0, 10)
    text = read_trajectory(files, frame_interval_fs=20.0, type_map={1: "Na", 2: "Cl", 3: "H"})
    ours, theirs = (
        np.concatenate([block.positions_A for block in trajectory.blocks()]) for trajectory in (store, text)
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-6)  # float32 below 20 A


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--frame-interval-fs"),
        (["--frame-interval-fs", "10", "--type-map", "x"], "no map of types"),
        (["--frame-interval-fs", "-1"], "the frame interval is -1 fs"),
        (["--list"], "go without files"),
    ],
)
def test_bad_input_is_one_line_and_nothing_written(tmp_path, capsys, options, message):
    write_dump(tmp_path / "a.dump")
    assert status_of(["convert", str(tmp_path / "a.dump"), "--out", str(tmp_path / "run.zarr"), *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.dump"]


def test_a_dry_run_tells_frames_and_bytes_and_writes_nothing(tmp_path, capsys):
    rng = np.random.default_rng(1)
    walk = np.cumsum(0.05 * rng.standard_normal((400, 60, 3)), axis=0) + 10 * rng.random((60, 3))
    np.savez(tmp_path / "walk.npz", positions_A=walk, cell_A=12.0 * np.eye(3), symbols=["Na"] * 60)
    arguments = ["convert", str(tmp_path / "walk.npz"), "--out", str(tmp_path / "x.zarr"), "--frame-interval-fs", "10"]
    assert status_of([*arguments, "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "frames: 400 of Na60, 10 fs apart" in told
    assert "nothing was written" in told
    assert status_of([*arguments, "--dry-run", "--json"]) == 0
    forecast = json.loads(capsys.readouterr().out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["walk.npz"]
    assert status_of([*arguments, "--json"]) == 0
    assert forecast["disk_bytes"] == pytest.approx(json.loads(capsys.readouterr().out)["store_bytes"], rel=0.1)
    assert status_of([*arguments, "--dry-run"]) == 2
    assert "exists already" in capsys.readouterr().err


def test_what_exists_is_not_overwritten(tmp_path):
    write_dump(tmp_path / "a.dump")
    convert(tmp_path / "a.dump", out=tmp_path / "run.zarr", frame_interval_fs=10.0)
    with pytest.raises(RunDirectoryError, match="exists already"):
        convert(tmp_path / "a.dump", out=tmp_path / "run.zarr", frame_interval_fs=10.0)
    store = np.concatenate([block.positions_A for block in read_trajectory(tmp_path / "run.zarr").blocks()])
    np.testing.assert_allclose(store, frame_positions(), atol=1e-6)


def test_a_damaged_frame_leaves_no_store(tmp_path, capsys):
    write_dump(tmp_path / "a.dump")
    text = (tmp_path / "a.dump").read_text()
    (tmp_path / "a.dump").write_text(text[:-10] + "********\n")
    arguments = ["convert", str(tmp_path / "a.dump"), "--out", str(tmp_path / "x.zarr"), "--frame-interval-fs", "10"]
    assert status_of(arguments) == 2
    assert "frame 3" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.dump"]


def test_cache_is_listed_and_cleared(tmp_path, capsys, monkeypatch):
    from paddlewheel.studies.motion.cache import cached_trajectory

    monkeypatch.setenv("PADDLEWHEEL_CACHE", str(tmp_path / "cache"))
    write_dump(tmp_path / "a.dump")
    cached_trajectory(tmp_path / "a.dump", frame_interval_fs=10.0)
    assert status_of(["convert", "--list"]) == 0
    assert "a.dump  4 frames" in capsys.readouterr().out
    assert status_of(["convert", "--clear"]) == 0
    assert "MB freed" in capsys.readouterr().out
    assert status_of(["convert", "--list"]) == 0
    assert "0 converted files" in capsys.readouterr().out
