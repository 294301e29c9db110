"""Our intervals of D beside kinisi's on the same pieces of the same runs of a real conductor.

    paddlewheel conduct Li6PS5Cl.cif --potential nep89.txt --temperatures 600 --no-arrhenius --ensemble nvt \
        --supercell 1x1x1 --equilibrate-ps 5 --production-ps 100 --replicas 20 --out RUNS
    python benchmarks/real_coverage.py keep RUNS --specie Li --out PATHS
    python benchmarks/kinisi_coverage.py PATHS --peer-python /path/to/venv/bin/python

Every run is cut into pieces that share no frame, each analysed as one run. The truth is the final slope of the MSD of
all runs, without either program (`real_coverage.Truth`).
kinisi (its `DiffusionAnalyzer`, version printed) is told where diffusion begins (`start_dt`), as its users tell it; two
choices are shown. Lags: 30 up to half of the piece, log-spaced, the same for both choices.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from real_coverage import Truth, analysed, read_kept

PEER = """
import json, sys
import numpy as np
import scipp as sc
import kinisi
from kinisi.analyze import DiffusionAnalyzer
from kinisi.displacement import calculate_msd
from kinisi.parser import Parser
held = np.load(sys.argv[1])
step_fs, starts_ps, cell = float(held["step_fs"]), json.loads(sys.argv[2]), 1000.0
np.random.seed(1)
found = []
for positions in held["pieces"]:
    n_frames, n_ions = positions.shape[:2]
    coords = sc.array(dims=["time", "particle", "dimension"], values=np.mod(positions / cell + 0.5, 1.0))
    latt = sc.array(dims=["time", "dimension1", "dimension2"], values=np.repeat(cell * np.eye(3)[None], n_frames, 0),
                    unit="angstrom")
    lags = np.unique(np.geomspace(10, n_frames // 2, 30).astype(int))
    parser = Parser(coords, latt, time_step=step_fs * sc.Unit("fs"), step_skip=1 * sc.Unit("dimensionless"),
                    dt=sc.array(dims=["time interval"], values=lags * step_fs, unit="fs"),
                    specie_indices=sc.array(dims=["particle"], values=np.arange(n_ions)),
                    drift_indices=sc.array(dims=["particle"], values=np.array([], dtype=int)))
    of_piece = []
    for start_ps in starts_ps:
        analyzer = DiffusionAnalyzer(parser)
        analyzer._dg = calculate_msd(parser, progress=False)
        analyzer.diffusion(start_ps * 1000 * sc.Unit("fs"), progress=False)
        d = analyzer.D.to(unit="cm^2/s").values
        of_piece.append([float(np.median(d)), *np.percentile(d, [15.865, 84.135, 2.5, 97.5]).tolist()])
    found.append(of_piece)
print(json.dumps({"version": kinisi.__version__, "found": found}))
"""


def row(name: str, intervals: list[list[float]], tried: int, truth: float) -> str:
    """Coverages, bias and mean width of one program."""
    n = len(intervals)
    if not n:
        return f"| {name} | 0 of {tried} | - | - | - | - |"
    value, low68, high68, low95, high95 = np.array(intervals).T
    in68, in95 = ((low68 <= truth) & (truth <= high68)).sum(), ((low95 <= truth) & (truth <= high95)).sum()
    logs = np.log(value / truth)
    return (
        f"| {name} | {n} of {tried} | {100 * in68 / n:.0f} | {100 * in95 / n:.0f} "
        f"| {np.median(logs):+.2f}, {logs.std():.2f} | {np.exp(np.mean(np.log(high95 / low95)) / 2):.2f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peer-python", required=True)
    parser.add_argument("--lengths-ps", type=float, nargs="+", default=(25.0, 50.0))
    parser.add_argument("--starts-ps", type=float, nargs="+", default=(2.0, 5.0))
    options = parser.parse_args()
    head = (
        "| program | with a value | in 68 % | in 95 % | ln(D / truth): median, scatter | 95 % factor |\n" + "|---" * 6
    )
    for temperature_K, runs in read_kept(options.folder).items():
        step_ps = runs[0].paths.frame_interval_fs / 1000
        truth, error = Truth.of(runs).values["D"]
        total = sum(run.length_ps for run in runs)
        print(f"\n{temperature_K:g} K, {len(runs)} runs, {total:.0f} ps: D {truth:.3g} +- {error:.1g} cm2/s")
        for length_ps in options.lengths_ps:
            n = round(length_ps / step_ps) + 1
            pieces = [run.piece(k, n) for run in runs for k in range(0, run.paths.n_frames - n + 1, n - 1)]
            ours = []
            for piece in pieces:
                found = analysed([piece], None).row.diffusivity_cm2_per_s
                if found is not None and found.interval_68 and found.interval_95:
                    ours.append([found.value, *found.interval_68, *found.interval_95])
            with tempfile.TemporaryDirectory() as folder:
                held = Path(folder) / "pieces.npz"
                np.savez(held, pieces=np.array([piece.paths.positions_A for piece in pieces]), step_fs=1000 * step_ps)
                told = subprocess.run(
                    [options.peer_python, "-c", PEER, str(held), json.dumps(list(options.starts_ps))],
                    check=True, capture_output=True, text=True,
                ).stdout  # fmt: skip
            peer = json.loads(told.splitlines()[-1])
            print(f"\nPieces of {length_ps:g} ps; kinisi {peer['version']}.\n\n{head}")
            print(row("paddlewheel", ours, len(pieces), truth))
            for k, start_ps in enumerate(options.starts_ps):
                theirs = [of_piece[k] for of_piece in peer["found"]]
                print(row(f"kinisi, from {start_ps:g} ps", theirs, len(pieces), truth), flush=True)


if __name__ == "__main__":
    main()
