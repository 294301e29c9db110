"""5,000 damaged files: every reader reads them or refuses them with one line that names the file, within 20 s each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("damaged_files.py")
PARTS, INPUTS_PER_PART = 5, 1000
READERS = {
    "structure", "sites", "trajectory", "frames", "dataset", "cell test", "spectra", "sample", "design", "energies",
    "potential", "inputs", "checkpoint", "nmr", "calorimeter", "calibration", "powder pattern", "stack",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_damaged_files_are_read_or_refused(tmp_path: Path, part: int, record_property) -> None:
    """A process of its own reads them, with a bound on its memory: a crash is seen, and by the input that made it."""
    command = [sys.executable, str(PROGRAM), str(part), str(INPUTS_PER_PART), str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    lines = done.stdout.splitlines()
    reading = [line for line in lines if line.startswith("READING")]
    assert done.returncode == 0, f"{reading[-1:]}: ended with {done.returncode}: {done.stderr[-2000:]}"
    assert len(reading) == INPUTS_PER_PART
    readers = {reader for reader in READERS for line in reading if f" {reader} " in line}
    assert readers == READERS  # none of them refused its sound files
    record_property("files", lines[-1])
    wrong = [json.loads(line) for line in lines if line.startswith("[")]
    assert not wrong, "\n".join(f"{entry[:4]}\n{entry[4]}" for entry in wrong[:5])
