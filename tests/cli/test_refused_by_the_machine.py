"""Limits of memory, disks and names: one line, exit status 2, nothing half-written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from paddlewheel.cli.main import status_of
from without_parsl import units_in_this_process

_EMT = "ase:ase.calculators.emt:EMT"
_SETTINGS = (
    "--ensemble nvt --timestep-fs 2 --equilibrate-ps 0.1 --production-ps 0.4 --supercell 2x2x2 --specie Cu --charge 1 "
    "--no-arrhenius --temperatures 300 --cores 1 --frame-interval-fs 10"
)


def _run(arguments: list[str | bytes], **options: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "paddlewheel.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, timeout=300, **options)  # type: ignore[call-overload]


def _is_one_line(done: subprocess.CompletedProcess, *words: str) -> None:
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(b"paddlewheel: ")
    assert done.stderr.count(b"\n") == 1, done.stderr
    for word in words:
        assert word.encode() in done.stderr


def _copper(folder: Path) -> Path:
    from ase.build import bulk

    bulk("Cu", cubic=True).write(folder / "copper.vasp")
    return folder / "copper.vasp"


@pytest.mark.parametrize("command", ["analyze", "conduct", "eis", "convert", "phonons"])
@pytest.mark.parametrize(
    ("name", "words"), [(b"caf\xe9.xyz", "not UTF-8"), (b"n" * 300 + b".xyz", "a name of 304 bytes")]
)
def test_names_that_no_record_or_file_system_takes(command: str, name: bytes, words: str, tmp_path: Path) -> None:
    _is_one_line(_run([command.encode(), name], cwd=tmp_path), words)
    assert not list(tmp_path.iterdir())


def test_an_output_of_too_long_a_name(tmp_path: Path) -> None:
    _is_one_line(_run(["phonons", str(_copper(tmp_path)), "--potential", _EMT, "--out", "o" * 300]), "300 bytes")


@pytest.mark.parametrize("limit_MB", [1500])
def test_a_limit_of_memory_ends_in_one_line(limit_MB: int, tmp_path: Path) -> None:
    import numpy as np

    np.savez(tmp_path / "walk.npz", positions_A=np.zeros((2, 2, 3)), cell_A=np.eye(3), symbols=["Na"] * 2)
    # in this process's place: a program that asks for more than the limit
    program = (
        "import resource, sys\nimport numpy as np\nimport paddlewheel.cli.library as library\n"
        "from paddlewheel.cli import main\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({limit_MB << 20}, {limit_MB << 20}))\n"
        "from paddlewheel.studies.convert import study\n"
        "study.read_trajectory = lambda *a, **k: np.ones((1 << 31, 3))\n"
        "sys.exit(main.status_of(['convert', 'walk.npz', '--out', 'x.zarr']))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=120, cwd=tmp_path)
    _is_one_line(done, "no memory left", "ulimit -v")
    assert [path.name for path in tmp_path.iterdir()] == ["walk.npz"]


@pytest.mark.slow
def test_a_full_disk_in_conduct_is_one_line_and_the_same_command_goes_on(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    size = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)]
    if os.getuid() != 0 or subprocess.run(size, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small disk")
    try:
        arguments = ["conduct", str(_copper(tmp_path)), "--potential", _EMT, *_SETTINGS.split(), "--out"]
        filler = disk / "filler"
        filler.write_bytes(bytes(330_000))
        full = _run([*arguments, str(disk / "run")])
        _is_one_line(_without_progress(full), "No space left", "free some space")
        filler.unlink()
        subprocess.run(["mount", "-o", "remount,size=40m", str(disk)], check=True)
        with units_in_this_process():
            assert status_of([*arguments, str(disk / "run")]) == 0
            assert status_of([*arguments, str(tmp_path / "whole")]) == 0
        found, whole = (json.loads((path / "result.json").read_text()) for path in (disk / "run", tmp_path / "whole"))
        assert found["temperatures"] == whole["temperatures"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def _without_progress(done: subprocess.CompletedProcess) -> subprocess.CompletedProcess:
    lines = [line for line in done.stderr.splitlines(keepends=True) if line.startswith(b"paddlewheel")]
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout, b"".join(lines))
