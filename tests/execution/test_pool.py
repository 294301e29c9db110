"""Units run through Parsl in real processes: killed, interrupted, outlived, and never run twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from parsl.executors import HighThroughputExecutor
from parsl.providers import LocalProvider

from paddlewheel.execution.pool import _end_parsl, leaves_with

HERE = Path(__file__).parent


def _start(directory: Path, contents: list[dict]) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, str(HERE / "drive.py"), str(directory), json.dumps(contents)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        # a shell's background job ignores Ctrl-C, and so would all that it starts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def _finish(process: subprocess.Popen) -> dict:
    # 30 s here after a kill; Parsl's heartbeats made it 140 s on a busy machine
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return json.loads(out.splitlines()[-1])


def _wait_for(condition, timeout_s: float = 60.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def _session(process: psutil.Process) -> int:
    try:
        return os.getsid(process.pid)
    except ProcessLookupError:
        return -1


def _ticks(directory: Path, unit: str) -> list[int]:
    path = directory / "units" / unit / "ticks.txt"
    return [int(line.split()[0]) for line in path.read_text().splitlines()] if path.exists() else []


def test_units_run_fail_and_survive_a_dead_worker(tmp_path: Path) -> None:
    contents = [{"n": 3, "tick_s": 0.05}, {"n": 3, "tick_s": 0.05, "die": True}, {"n": 1, "tick_s": 0.05, "fail": True}]
    outcome = _finish(_start(tmp_path, contents))
    assert outcome["states"]["u0"] == "finished"
    assert outcome["states"]["u1"] == "finished"  # its worker died once; it was given to another
    assert outcome["states"]["u2"] == "some-potential: is bad"
    assert outcome["errors"] == {"u2": "PotentialError"}
    progress = json.loads((tmp_path / "units/u0/progress.json").read_text())
    assert progress["omp"] == "1"  # two cores, three units: one thread each
    assert _ticks(tmp_path, "u0") == [0, 1, 2]


def test_killed_driver_is_followed_by_another_and_no_tick_is_lost_or_doubled(tmp_path: Path) -> None:
    contents = [{"n": 60, "tick_s": 0.1}, {"n": 60, "tick_s": 0.1}]
    first = _start(tmp_path, contents)
    _wait_for(lambda: len(_ticks(tmp_path, "u0")) > 7 and len(_ticks(tmp_path, "u1")) > 7)
    first.send_signal(signal.SIGKILL)
    first.wait()
    outcome = _finish(_start(tmp_path, contents))  # its workers wait for those of the dead driver
    assert set(outcome["states"].values()) == {"finished"}
    for unit in ("u0", "u1"):
        assert _ticks(tmp_path, unit) == list(range(60))


def test_second_driver_in_the_same_directory_is_refused(tmp_path: Path) -> None:
    contents = [{"n": 100, "tick_s": 0.1}]
    first = _start(tmp_path, contents)
    _wait_for(lambda: len(_ticks(tmp_path, "u0")) > 0)
    second = _start(tmp_path, contents)
    _, err = second.communicate(timeout=60)
    assert second.returncode != 0
    assert "another paddlewheel works here" in err
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)


def test_ctrl_c_stops_workers_at_a_checkpoint_and_leaves_no_process(tmp_path: Path) -> None:
    contents = [{"n": 3000, "tick_s": 0.1}, {"n": 3000, "tick_s": 0.1}]  # longer than a loaded machine takes to stop
    driver = _start(tmp_path, contents)
    _wait_for(lambda: len(_ticks(tmp_path, "u1")) > 3)
    family = psutil.Process(driver.pid).children(recursive=True)
    assert family
    os.killpg(driver.pid, signal.SIGINT)
    driver.communicate(timeout=60)
    stopped = len(_ticks(tmp_path, "u1"))
    assert 3 < stopped < 3000
    _, alive = psutil.wait_procs(family, timeout=20)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
    assert len(_ticks(tmp_path, "u1")) == stopped


@pytest.mark.slow
def test_a_pool_that_waits_for_ever_is_ended_after_its_driver() -> None:
    driver = subprocess.Popen(["sleep", "100"])
    # bash waits for its child as the shell of Parsl's pool does; both ignore what a polite end would send
    script = f"trap '' TERM; {leaves_with(driver.pid, after_s=0.5)} sleep 100; true"
    pool = subprocess.Popen(["bash", "-c", script], start_new_session=True)
    time.sleep(3)
    assert pool.poll() is None  # while the driver is there
    driver.kill()
    driver.wait()
    assert pool.wait(timeout=30) == -signal.SIGKILL


def test_the_watch_of_a_pool_ends_with_its_shell() -> None:
    pool = subprocess.Popen(["bash", "-c", f"{leaves_with(os.getpid(), after_s=0.5)} true"], start_new_session=True)
    pool.wait(timeout=30)
    end = time.monotonic() + 30
    while _members_of(pool.pid):
        assert time.monotonic() < end
        time.sleep(0.2)


def _members_of(session: int) -> list[int]:
    found = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def test_nothing_is_left_running_after_kill_of_the_driver(tmp_path: Path) -> None:
    driver = _start(tmp_path, [{"n": 2000, "tick_s": 0.1}])
    _wait_for(lambda: len(_ticks(tmp_path, "u0")) > 0)
    family = psutil.Process(driver.pid).children(recursive=True)
    driver.kill()
    driver.wait()
    # workers stop at their next look at the driver; Parsl's manager misses the interchange after 30 s
    _, alive = psutil.wait_procs(family, timeout=90)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["paddlewheel.execution.interchange", "process_worker_pool.py"])
def test_a_killed_interchange_or_worker_pool_is_started_again_and_no_tick_is_lost(victim: str, tmp_path: Path) -> None:
    driver = _start(tmp_path, [{"n": 60, "tick_s": 0.1}, {"n": 60, "tick_s": 0.1}])
    _wait_for(lambda: len(_ticks(tmp_path, "u0")) > 7)
    family = psutil.Process(driver.pid).children(recursive=True)
    family += [each for each in psutil.process_iter() if _session(each) == driver.pid]  # Parsl detaches its pool
    hit = [process for process in family if any(victim in word for word in process.cmdline())]
    assert hit
    hit[0].kill()
    outcome = _finish(driver)
    assert set(outcome["states"].values()) == {"finished"}
    for unit in ("u0", "u1"):
        assert _ticks(tmp_path, unit) == list(range(60))


def test_tasks_that_parsl_failed_at_the_same_moment_end_nothing() -> None:
    """Parsl's own watch may see the dead pool first; failing a task twice raised InvalidStateError in CI."""
    executor, done, ended = HighThroughputExecutor(label="units", provider=LocalProvider()), Future(), []
    done.set_exception(RuntimeError("failed by Parsl's watch"))
    executor._tasks = {"0": done}
    _end_parsl(SimpleNamespace(executors={"units": executor}, cleanup=lambda: ended.append(True)))
    assert ended == [True]
    assert executor.bad_state_is_set


@pytest.mark.slow
def test_a_temporary_folder_with_signs_of_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = tmp_path / "a 'b' \"c\" $(touch made)"
    odd.mkdir()
    monkeypatch.setenv("TMPDIR", str(odd))
    outcome = _finish(_start(tmp_path / "run", [{"n": 3, "tick_s": 0.05}]))
    assert outcome["states"] == {"u0": "finished"}
    assert not list(odd.iterdir())
    assert not Path("made").exists()
