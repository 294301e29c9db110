"""Large text files are converted once; kills, damage, other options and two processes change nothing in the frames."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from paddlewheel.errors import SettingsError, TrajectoryError
from paddlewheel.studies.motion import cache as trajectory_cache
from paddlewheel.studies.motion.cache import cached_trajectory, clear_cache, list_cache
from paddlewheel.studies.motion.runs import open_runs
from paddlewheel.studies.motion.settings import MotionSettings
from trajectory_files import frame_positions, write_dump, write_extxyz

FLOAT32_A = 1e-6
"""Single precision of coordinates below 20 A."""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("PADDLEWHEEL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(trajectory_cache, "_held", [])
    return tmp_path / "cache" / "trajectories"


@pytest.fixture
def dump(tmp_path) -> Path:
    write_dump(tmp_path / "run.dump")
    return tmp_path / "run.dump"


def check(trajectory, path: Path) -> None:
    blocks = list(trajectory.blocks())
    np.testing.assert_allclose(np.concatenate([block.positions_A for block in blocks]), frame_positions(),
                               atol=FLOAT32_A)  # fmt: skip
    assert trajectory.source == str(path)


def test_the_second_time_the_text_is_not_parsed(dump, capsys, monkeypatch):
    check(cached_trajectory(dump, frame_interval_fs=10.0), dump)
    assert "run.dump is converted once" in capsys.readouterr().err
    monkeypatch.setattr(trajectory_cache, "read_trajectory", None)  # would fail if it were called
    again = cached_trajectory(dump, frame_interval_fs=10.0)
    check(again, dump)
    assert again.is_unwrapped
    assert capsys.readouterr().err == ""
    assert [(entry.source, entry.n_frames) for entry in list_cache()] == [("run.dump", 4)]


def test_contents_and_options_decide_not_the_name(dump, tmp_path):
    cached_trajectory(dump, frame_interval_fs=10.0)
    copy = tmp_path / "copy.dump"
    copy.write_bytes(dump.read_bytes())
    check(cached_trajectory(copy, frame_interval_fs=10.0), copy)
    assert len(list_cache()) == 1
    assert cached_trajectory(dump, frame_interval_fs=20.0).frame_interval_fs == 20.0
    assert len(list_cache()) == 2
    dump.write_text(dump.read_text().replace("Cl", "Br"))
    assert "Br" in cached_trajectory(dump, frame_interval_fs=10.0).symbols
    assert len(list_cache()) == 3


@pytest.mark.parametrize("damage", ["chunk", "missing", "entry", "attributes"])
def test_a_damaged_entry_is_made_again(dump, cache, capsys, damage):
    cached_trajectory(dump, frame_interval_fs=10.0)
    entry = list_cache()[0].folder
    chunk = next((entry / "run.zarr/positions").glob("c.*"))
    if damage == "chunk":
        data = bytearray(chunk.read_bytes())
        data[len(data) // 2] ^= 1
        chunk.write_bytes(data)
    elif damage == "missing":
        chunk.unlink()
    elif damage == "entry":
        (entry / "entry.json").write_text("{")
    else:
        (entry / "run.zarr/zarr.json").write_text("")
    capsys.readouterr()
    check(cached_trajectory(dump, frame_interval_fs=10.0), dump)
    assert "is converted once" in capsys.readouterr().err


def test_what_a_killed_conversion_leaves_is_no_entry(dump, cache):
    script = (
        "import os, sys\n"
        "from paddlewheel.studies.motion import cache\n"
        "append, done = cache.TrajectoryWriter.append, []\n"
        "def stop(self, **frame):\n"
        "    append(self, **frame); self.flush(); done.append(1)\n"
        "    len(done) == 3 and os.kill(os.getpid(), 9)\n"
        "cache.TrajectoryWriter.append = stop\n"
        "cache.cached_trajectory(sys.argv[1], frame_interval_fs=10.0)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(dump)], capture_output=True, env=os.environ)
    assert killed.returncode == -9
    assert list(cache.glob("*.partial"))
    assert list_cache() == []
    check(cached_trajectory(dump, frame_interval_fs=10.0), dump)
    assert not list(cache.glob("*.partial"))


def test_processes_at_once_share_one_entry(dump, cache):
    script = (
        "import sys\n"
        "from paddlewheel.studies.motion.cache import cached_trajectory\n"
        "run = cached_trajectory(sys.argv[1], frame_interval_fs=10.0)\n"
        "print(sum(block.positions_A.sum() for block in run.blocks()))\n"
    )
    command = [sys.executable, "-c", script, str(dump)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    outputs = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len({out for out, _ in outputs}) == 1
    assert sum("is converted once" in err for _, err in outputs) == 1
    assert len(list_cache()) == 1


def test_the_cache_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setenv("PADDLEWHEEL_CACHE_GB", "1e-9")
    write_dump(tmp_path / "a.dump")
    write_dump(tmp_path / "b.dump", steps=(0, 20, 40, 60))
    for name in "ab":
        monkeypatch.setattr(trajectory_cache, "_held", [])  # as if each were another process, ended by now
        cached_trajectory(tmp_path / f"{name}.dump", frame_interval_fs=10.0)
    assert [entry.source for entry in list_cache()] == ["b.dump"]


def test_what_this_process_reads_is_not_evicted(tmp_path, monkeypatch):
    monkeypatch.setenv("PADDLEWHEEL_CACHE_GB", "0")
    write_dump(tmp_path / "a.dump")
    write_dump(tmp_path / "b.dump", steps=(0, 20, 40, 60))
    first = cached_trajectory(tmp_path / "a.dump", frame_interval_fs=10.0)
    cached_trajectory(tmp_path / "b.dump", frame_interval_fs=10.0)
    check(first, tmp_path / "a.dump")
    assert clear_cache() > 0
    assert list_cache() == []


def test_a_size_that_is_none_is_refused(dump, monkeypatch):
    monkeypatch.setenv("PADDLEWHEEL_CACHE_GB", "much")
    with pytest.raises(SettingsError, match="'much' is no size"):
        cached_trajectory(dump, frame_interval_fs=10.0)


def test_without_a_place_for_the_cache_the_text_is_read(dump, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PADDLEWHEEL_CACHE", str(tmp_path / "file"))
    found = cached_trajectory(dump, frame_interval_fs=10.0)
    check(found, dump)
    assert "run.dump is read as text: the cache cannot be used" in capsys.readouterr().err


def test_a_truncated_file_leaves_nothing(dump, cache):
    dump.write_bytes(dump.read_bytes()[:-8])  # one digit less could be a zero that its writer left out
    with pytest.raises(TrajectoryError, match="truncated"):
        cached_trajectory(dump, frame_interval_fs=10.0)
    assert list_cache() == []
    assert not list(cache.glob("*.partial"))


def test_analyses_go_through_it_for_large_text_only(tmp_path, monkeypatch):
    write_extxyz(tmp_path / "run.extxyz")
    open_runs(tmp_path / "run.extxyz", MotionSettings(frame_interval_fs=10.0))
    assert list_cache() == []
    monkeypatch.setattr(trajectory_cache, "LARGE_BYTES", 100)
    runs = open_runs(tmp_path / "run.extxyz", MotionSettings(frame_interval_fs=10.0))
    assert len(list_cache()) == 1
    assert runs.inputs()[0].name == "run.extxyz"


def test_what_the_reader_said_is_said_again_from_the_cache(tmp_path, cache):
    """A restart within the file: the converted file has no trace of it but the note."""
    rows = (
        f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS pp pp pp\n0 9\n0 9\n0 9\n"
        f"ITEM: ATOMS id element xu yu zu\n1 Na {step}e-3 1 1\n"
        for step in (0, 10, 20, 20, 30, 40)
    )
    (tmp_path / "run.dump").write_text("".join(rows))
    for _ in range(2):
        trajectory = cached_trajectory(tmp_path / "run.dump", frame_interval_fs=10.0)
        assert trajectory.n_frames == 5
        assert "restarted (step 20)" in trajectory.notes[0]
