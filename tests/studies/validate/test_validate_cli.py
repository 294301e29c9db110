"""The command `validate`: what it refuses, in one line and with status 2, before it writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LJ = "ase:ase.calculators.lj:LennardJones"


def _validate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "paddlewheel.cli.main", "validate", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_help_has_an_example(tmp_path):
    done = _validate(tmp_path, "--help")
    assert done.returncode == 0
    assert "Example: paddlewheel validate" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([LJ], "--against"),
        ([LJ, "o-nbh", "--against", "no-such-potential"], "no-such-potential"),
        ([LJ, "no-such-structure", "--against", LJ], "no-such-structure"),
        ([LJ, "nabh4", "--against", LJ, "--npt-ps", "-1"], "--npt-ps"),
        ([LJ, "nabh4", "--against", LJ, "--limits", "density=2"], "density_percent"),
        ([LJ, "nabh4", "--against", LJ, "--reference-trajectory", "file"], "600=FILE"),
        ([LJ, "nabh4", "nabh4", "--against", LJ], "given twice"),
    ],
)
def test_bad_input_is_one_line_and_status_2(tmp_path, arguments, said):
    done = _validate(tmp_path, *arguments, "--out", "out")
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert said in done.stderr
    assert not (tmp_path / "out").exists()
