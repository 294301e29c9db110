"""Record what today's code writes: `python tests/studies/record_inputs.py [NAME ...]`, all by default.

For every job of `old_runs.py`: its `inputs.yaml`, and where it has units of work their keys, and the form of the
contents of those that start from computed numbers. To be run only to add a job: a fixture that is recorded anew no
longer holds the code to what users have on their disks.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from old_runs import FIXTURES, OLD_RUNS, RUN, form, is_exact, run_command, units_of


def record(name: str) -> None:
    """Run one job in a folder of its own and keep its documents."""
    job, before = OLD_RUNS[name], Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        job.make(Path(folder))
        os.chdir(folder)
        try:
            began = time.perf_counter()
            status = run_command(job)
        finally:
            os.chdir(before)
        print(f"{name}: status {status}, {time.perf_counter() - began:.1f} s")
        if status != job.status:
            raise SystemExit(f"{name}: exit status {status} where {job.status} is expected")
        kept = FIXTURES / name
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(folder) / RUN / "inputs.yaml", kept / "inputs.yaml")
        units = units_of(Path(folder) / RUN)
        _write(kept / "unit_keys.json", {unit: each["key"] for unit, each in units.items()})
        computed = {unit: each["contents"] for unit, each in units.items() if not is_exact(each["contents"])}
        _write(kept / "unit_forms.json", {unit: form(contents) for unit, contents in computed.items()})


def _write(path: Path, entries: Mapping[str, Any]) -> None:
    """One line an entry; no file where there is none."""
    path.unlink(missing_ok=True)
    if entries:
        lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(value)}" for name, value in entries.items())
        path.write_text(f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    for chosen in sys.argv[1:] or OLD_RUNS:
        record(chosen)
