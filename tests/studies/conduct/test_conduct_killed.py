"""kill -9 at random moments of real runs: no frame lost, none doubled, and NVT goes on as if nothing had happened.

Through Parsl, whose workers outlive their driver. Other ensembles and studies are in `test_killed_at_random.py`.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from paddlewheel.cli.main import status_of
from paddlewheel.trajectories import open_store, read_thermo

pytestmark = pytest.mark.slow

N_STEPS = 1000
N_FRAMES = 101  # 1 ps every 10 fs, and the frame at step 0


def _arguments(out: Path) -> list[str]:
    options = (
        # 512 atoms: a smaller cell is through before it can be killed so often
        "conduct o-nbh --supercell 2x2x1 --temperatures 400 --no-arrhenius "
        "--ensemble nvt --equilibrate-ps 0.4 --production-ps 0.6 --cores 1 --seed 3 --replicas 1 --out"
    )
    return [*options.split(), str(out)]


def _start(out: Path, shared: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "paddlewheel.cli.main", *_arguments(out)],
        env=os.environ | {"PADDLEWHEEL_SHARED": str(shared)}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        start_new_session=True, text=True,
        # a shell's background jobs ignore SIGINT, and so would what they start
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def _finish(out: Path, shared: Path) -> None:
    process = _start(out, shared)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert "Traceback" not in err


def _step(out: Path) -> int:
    try:
        return json.loads((out / "units/T=400K_r0/progress.json").read_text())["step"]
    except (OSError, ValueError):
        return -1


def _kill_at(step: int, process: subprocess.Popen, out: Path, *, everything: bool) -> None:
    end = time.monotonic() + 300
    while _step(out) < step:
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        assert time.monotonic() < end
        time.sleep(0.02)
    family = psutil.Process(process.pid).children(recursive=True) if everything else []
    for member in family:
        member.kill()
    process.send_signal(signal.SIGKILL)
    process.wait()


def _killed_run(out: Path, shared: Path, *, kills: int) -> None:
    rng = random.Random(20260101)
    steps = sorted(rng.sample(range(10, N_STEPS - 100), kills))
    for i, step in enumerate(steps):
        process = _start(out, shared)
        _kill_at(step, process, out, everything=i % 2 == 0)  # else the worker outlives its driver
        time.sleep(rng.random())
    _finish(out, shared)


def _stored(out: Path) -> tuple[np.ndarray, np.ndarray]:
    store = out / "trajectories/T=400K_r0.zarr"
    trajectory = open_store(store)
    assert trajectory.n_frames == N_FRAMES
    positions = np.concatenate([block.positions_A for block in trajectory.blocks()])
    steps = np.arange(N_FRAMES) * 10
    energies = read_thermo(store)["potential_energy_eV"]
    assert len(energies) == len(steps) == len(positions)
    return positions, energies


def test_nvt_killed_four_times_is_the_trajectory_of_the_unbroken_run(shared: Path, tmp_path: Path) -> None:
    """Twice with all its processes, twice the driver alone; the unbroken one is run in this process."""
    assert status_of(_arguments(tmp_path / "whole")) == 0
    _killed_run(tmp_path / "killed", shared, kills=4)
    whole, killed = _stored(tmp_path / "whole"), _stored(tmp_path / "killed")
    np.testing.assert_array_equal(whole[0], killed[0])
    np.testing.assert_array_equal(whole[1], killed[1])
    records = [json.loads((tmp_path / name / "result.json").read_text()) for name in ("whole", "killed")]
    assert records[0]["temperatures"] == records[1]["temperatures"]


def test_ctrl_c_ends_cleanly_and_the_same_command_goes_on(shared: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = _start(out, shared)
    end = time.monotonic() + 300
    while _step(out) < 60:
        assert time.monotonic() < end
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, err = process.communicate(timeout=90)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "paddlewheel: stopped; the same command goes on from here"
    assert "Traceback" not in err
    assert not (out / "result.json").exists()
    stopped = _step(out)
    assert stopped < N_STEPS
    assert status_of(_arguments(out)) == 0
    _stored(out)
