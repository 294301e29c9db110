"""Time and shapes of reading NMR data: ours and nmrglue's, of the same folders in one run.

    python benchmarks/nmr_readers.py [--out docs/benchmarks/nmr_readers.md]

The folders are those of PADDLEWHEEL_SHARED and made ones: a plane of 176 x 2048 points as one of a build-up series has,
one that was stopped after 100 rows, and one of 4096 x 2048 points. Each is read `REPEATS` times by each; the least time
counts, so that the disk is out of it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from paddlewheel.lab.nmr.readers import read_nmr

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/helpers"))
REPEATS = 5
MARK = "<!-- table: benchmarks/nmr_readers.py -->"


def made(folder: Path) -> dict[str, Path]:
    from bruker_folders import decays, write_bruker

    rows = decays(n_rows=176, n_points=2048)
    stopped = np.where(np.arange(176)[:, None] < 100, rows, 0)
    plane = {"FnMODE": 5}
    return {
        "made: 176 x 2048, States-TPPI": write_bruker(folder / "1", rows, acqu2s=plane),
        "made: the same, stopped after 100 rows": write_bruker(folder / "2", stopped, acqu2s=plane),
        "made: 4096 x 2048": write_bruker(folder / "3", decays(n_rows=4096, n_points=2048), acqu2s=plane),
    }


def least_ms(read: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        read()
        times.append(time.perf_counter() - began)
    return 1e3 * min(times)


def main(out: Path | None) -> None:
    from nmrglue import bruker

    warnings.simplefilter("ignore")
    shared = Path(os.environ["PADDLEWHEEL_SHARED"]) / "data/lab"
    names = ("nmr/biffo_17O_satrec_LAMOX", "nmr/biffo_single_peak_10", "nmr/biffo_six_peaks_4",
             "nmr/scpy_13C_CP_series/85", "exchange/scpy_1H1H_cosy")  # fmt: skip
    lines = ["| folder | ours: rows x points | nmrglue | ours ms | nmrglue ms | ratio |", "|---|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as place:
        for name, folder in ({name: shared / name for name in names} | made(Path(place))).items():
            ours = read_nmr(folder)[0].values
            theirs = np.atleast_2d(bruker.read(str(folder))[1])
            times = least_ms(lambda at=folder: read_nmr(at)), least_ms(lambda at=folder: bruker.read(str(at)))
            zeros = int((theirs == 0).all(axis=1).sum())
            shape = f"{theirs.shape[0]} x {theirs.shape[1]}" + (f", {zeros} of them zeros" if zeros else "")
            wrong = " (wrong)" if theirs.shape != ours.shape else ""
            lines.append(
                f"| {name} | {ours.shape[0]} x {ours.shape[1]} | {shape}{wrong} | {times[0]:.2f} | {times[1]:.2f} | "
                f"{times[1] / times[0]:.2f} |"
            )
    print("\n".join(lines))
    if out is not None:
        before = out.read_text().split(MARK)[0] if out.exists() else ""
        out.write_text("\n".join([before + MARK, "", *lines, ""]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    main(parser.parse_args().out)
