"""A cell test of a million rows, read by `read_cell_test` in a process of its own, beside NumPy and other readers.

`python benchmarks/lab_readers.py [--rows 1000000] [--peer-python /path/to/python]`; the peer's environment may have
pandas and galvani. Prints seconds and the peak memory of each process, and the ratio to the fastest peer.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

READERS = {
    "paddlewheel": "from paddlewheel.lab.readers import read_cell_test; n = len(read_cell_test(path))",
    "numpy.loadtxt": "import numpy; n = len(numpy.loadtxt(path, delimiter='\\t', skiprows=HEADER, encoding='latin-1'))",
    "pandas": "import pandas; n = len(pandas.read_csv(path, sep='\\t', skiprows=HEADER - 1, encoding='latin-1'))",
    "galvani": "from galvani import BioLogic; n = len(BioLogic.MPTfile(path)[0])",
}
HEADER = 4


def write_mpt(path: Path, n_rows: int) -> None:
    """A Biologic .mpt of a cell that is charged and discharged."""
    time_s = np.arange(n_rows) * 10.0
    current_mA = np.where((np.arange(n_rows) // 5000) % 2 == 0, 1.0, -1.0)
    charge_mAh = np.cumsum(current_mA) * 10 / 3600
    voltage_V = 3.2 + 0.2 * np.sin(charge_mAh / 5)
    columns = [np.ones(n_rows), np.arange(n_rows) // 5000, time_s, voltage_V, current_mA, charge_mAh]
    header = "EC-Lab ASCII FILE\nNb header lines : 4\n\nmode\tNs\ttime/s\tEwe/V\tI/mA\t(Q-Qo)/mA.h"
    formats = ["%d", "%d", "%.6E", "%.7E", "%.7E", "%.12E"]
    np.savetxt(path, np.stack(columns, axis=1), fmt=formats, delimiter="\t", header=header, comments="")


def measure(name: str, path: Path, python: str) -> tuple[float, float] | None:
    """Seconds and peak memory in MB of one reader in a fresh process; None where it is not installed or fails."""
    code = (
        f"import time; path = {str(path)!r}; t = time.perf_counter(); HEADER = {HEADER}\n{READERS[name]}\n"
        "import resource; print(n, time.perf_counter() - t, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{name}: not run ({done.stderr.strip().splitlines()[-1][:100]})")
        return None
    rows, seconds, memory = done.stdout.split()
    print(f"{name}: {rows} rows in {float(seconds):.2f} s, {float(memory):.0f} MB")
    return float(seconds), float(memory)


def main() -> None:
    """Write the file, read it with everything there is, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peer-python", default=sys.executable)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.mpt"
        began = time.perf_counter()
        write_mpt(path, options.rows)
        print(f"{path.stat().st_size / 1e6:.0f} MB written in {time.perf_counter() - began:.1f} s")
        own = measure("paddlewheel", path, sys.executable)
        peers = [measure(name, path, options.peer_python) for name in READERS if name != "paddlewheel"]
    known = [seconds for seconds, _ in filter(None, peers)]
    if own and known:
        print(f"fastest peer / paddlewheel: {min(known) / own[0]:.2f}")
    print(f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
