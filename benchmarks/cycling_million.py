"""`paddlewheel cycling` on a file of a million rows, from the command to the report: seconds and peak memory.

`python benchmarks/cycling_million.py [--rows 1000000] [--runs 3]`; each run is a process and a run directory
of its own, measured by `/usr/bin/time -v` (GNU time). Bytecode is written by the first run, which is printed too.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from lab_readers import cycled, write_mpt

_FIELDS = {
    "wall": r"Elapsed \(wall clock\) time.*: (?:(\d+):)?(\d+):([\d.]+)",
    "user": r"User time \(seconds\): ([\d.]+)",
    "system": r"System time \(seconds\): ([\d.]+)",
    "memory": r"Maximum resident set size \(kbytes\): (\d+)",
}


def write_export(path: Path, n_rows: int) -> None:
    """A CSV with a column of dates and one of step names beside the numbers, as cyclers export it."""
    start, n_half = datetime(2024, 1, 1), 5000
    with path.open("w", encoding="utf-8") as stream:
        stream.write("Record,Cycle,Step,Step Type,Date,Test Time(s),Voltage(V),Current(mA),Capacity(mAh)\n")
        for row in range(n_rows):
            half, within = divmod(row, n_half)
            charging = half % 2 == 0
            share = within / n_half if charging else 1 - within / n_half
            stream.write(
                f"{row},{half // 2 + 1},{half + 1},{'CC Chg' if charging else 'CC DChg'},"
                f"{start + timedelta(seconds=10 * row)},{10 * row},{2.9 + 0.5 * share:.6f},{1 if charging else -1},"
                f"{10 * within / 3600:.7f}\n"
            )


def measure(path: Path, out: Path, cache: Path) -> dict[str, float]:
    """Wall, user and system seconds and peak memory (kB) of one run."""
    command = ["/usr/bin/time", "-v", sys.executable, "-m", "paddlewheel.cli.main", "cycling", str(path)]
    environment = dict(os.environ) | {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(cache)}
    done = subprocess.run([*command, "--out", str(out)], capture_output=True, text=True, check=True, env=environment)
    found: dict[str, float] = {}
    for name, pattern in _FIELDS.items():
        matched = re.search(pattern, done.stderr)
        if matched is None:
            raise SystemExit(f"/usr/bin/time printed no {name}: {done.stderr[-300:]}")
        value = 0.0
        for part in matched.groups():
            value = 60 * value + float(part or 0)
        found[name] = value
    return found


def main() -> None:
    """Write the file, run the command, print a line a run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, write in (
            ("numbers.mpt", lambda path, n_rows: write_mpt(path, cycled(n_rows))),
            ("with-text.csv", write_export),
        ):
            path = Path(folder) / name
            write(path, options.rows)
            print(f"{name}: {options.rows} rows, {path.stat().st_size / 1e6:.0f} MB, load {os.getloadavg()[0]:.1f}")
            for number in range(options.runs + 1):
                one = measure(path, Path(folder) / f"{path.stem}-{number}", Path(folder) / "bytecode")
                print(
                    f"{f'run {number}' if number else 'first'}: {one['wall']:.1f} s ({one['user']:.1f} user + "
                    f"{one['system']:.1f} system), {one['memory'] / 1024:.0f} MB"
                )


if __name__ == "__main__":
    main()
