"""Processor time of the door: help, imports, the second run of every finished command, and the refusal of other inputs.

    python benchmarks/command_line.py [--repeats 5] [--only NAME ...] [--before /path/to/an/earlier/src]

Every job of `tests/studies/old_runs.py` is run in a process of its own: once, again with the same options (which must
do no work), and with one other option (which must be refused before any work). Times are user and system time of the
process and its children, the least of the repeats. With `--before`, help and imports of an earlier checkout are
measured in turns with ours, on the same machine.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/studies"))
sys.path.insert(0, str(ROOT / "tests/helpers"))

STARTS = {
    "paddlewheel --help": ["-m", "paddlewheel.cli.main", "--help"],
    "paddlewheel conduct --help": ["-m", "paddlewheel.cli.main", "conduct", "--help"],
    "import paddlewheel": ["-c", "import paddlewheel"],
    "from paddlewheel import eis": ["-c", "from paddlewheel import eis"],
    "from paddlewheel import conduct": ["-c", "from paddlewheel import conduct"],
}


def seconds(arguments: list[str], *, folder: Path, source: Path) -> tuple[float, int]:
    """Processor time of a Python process and its children, and its exit status."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"PYTHONPATH": f"{source}:{ROOT / 'tests/helpers'}", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, done.returncode


def starts(sources: dict[str, Path], *, repeats: int) -> None:
    """Print the least time of every start, for each source in turns."""
    print("| start |" + "".join(f" {name} (s) |" for name in sources) + (" ratio |" if len(sources) == 2 else ""))
    print("| --- |" + " --- |" * (len(sources) + (len(sources) == 2)))
    for told, arguments in STARTS.items():
        least = dict.fromkeys(sources, float("inf"))
        for _ in range(repeats + 1):  # the first writes the bytecode
            for name, source in sources.items():
                least[name] = min(least[name], seconds(arguments, folder=ROOT, source=source)[0])
        ratio = f" {least['before'] / least['now']:.2f} |" if "before" in least else ""
        print(f"| `{told}` |" + "".join(f" {value:.2f} |" for value in least.values()) + ratio, flush=True)


def jobs(names: list[str], *, repeats: int) -> None:
    """Print first run, second run and refusal of the jobs."""
    from old_runs import OLD_RUNS, RUN

    print("| job | first run (s) | same again (s) | other option refused (s) |")
    print("| --- | --- | --- | --- |")
    for name in names or list(OLD_RUNS):
        job = OLD_RUNS[name]
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            job.make(folder)
            call = ["-m", "paddlewheel.cli.main", *job.arguments, "--out", RUN]
            first, status = seconds(call, folder=folder, source=ROOT / "src")
            again = min(seconds(call, folder=folder, source=ROOT / "src")[0] for _ in range(repeats))
            if job.edit is not None:
                job.edit(folder)
            refused = [seconds([*call, *job.changed], folder=folder, source=ROOT / "src") for _ in range(repeats)]
        told = "" if {code for _, code in refused} == {2} and status == job.status else " (another exit status)"
        print(f"| {name} | {first:.2f} | {again:.2f} | {min(time for time, _ in refused):.2f}{told} |", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--before", type=Path)
    given = parser.parse_args()
    sources = ({"before": given.before} if given.before else {}) | {"now": ROOT / "src"}
    starts(sources, repeats=given.repeats)
    print()
    jobs(given.only, repeats=given.repeats)


if __name__ == "__main__":
    main()
