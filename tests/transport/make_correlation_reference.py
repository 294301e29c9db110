"""Makes data/correlation_peers.json: g(r) by MDAnalysis, an MSD by freud, a self van Hove function by pymatgen.

    python tests/transport/make_correlation_reference.py SHARED

with MDAnalysis 2.11.0, freud-analysis 3.4.0 and pymatgen-analysis-diffusion 2026.9.23 in the environment, and the
folder of third-party data. Our own code takes no part. The walk that freud and pymatgen get is written beside their
numbers.
"""

from __future__ import annotations

import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
from make_site_reference import read_xdatcar

HERE = Path(__file__).resolve().parent
RANGE_A, N_BINS = 9.0, 90
LAGS = (1, 8, 64)
N_ORIGINS = 40
SIGMA_A = 0.2


def pair_counts(cell: np.ndarray, symbols: list[str], frames: np.ndarray) -> dict:
    """Pairs by distance, summed over the frames, and g(r), of Li around Li and of S around Li."""
    import MDAnalysis  # pyright: ignore[reportMissingImports]
    from MDAnalysis.analysis.rdf import InterRDF  # pyright: ignore[reportMissingImports]
    from MDAnalysis.lib.mdamath import triclinic_box, triclinic_vectors  # pyright: ignore[reportMissingImports]

    universe = MDAnalysis.Universe.empty(len(symbols), trajectory=True)
    universe.add_TopologyAttr("name", symbols)
    # MDAnalysis has its first lattice vector along x, this cell 4e-4 A off it: the atoms turn with the cell
    box = triclinic_box(*cell)
    turned = frames % 1.0 @ triclinic_vectors(box, dtype=np.float64)
    universe.load_new(turned.astype(np.float32), dimensions=np.repeat(box[None], len(frames), axis=0))
    found = {}
    for other, itself in (("Li", (1, 1)), ("S", None)):
        rdf = InterRDF(
            universe.select_atoms("name Li"), universe.select_atoms(f"name {other}"), nbins=N_BINS,
            range=(0.0, RANGE_A), exclusion_block=itself,
        ).run()  # fmt: skip
        found[f"Li-{other}"] = {
            "counts": np.round(rdf.results.count).astype(int).tolist(),
            "g": np.round(rdf.results.rdf, 9).tolist(),
        }
    return found


def walk() -> np.ndarray:
    """Random walk within a few A of the origin, `[n_frames, n_ions, 3]`, with three decimals."""
    steps = np.random.default_rng(0).normal(scale=0.15, size=(120, 8, 3))
    return np.round(steps.cumsum(axis=0), 3)


def per_ion_msd(positions_A: np.ndarray) -> np.ndarray:
    """`[n_frames, n_ions]`, over all origins."""
    import freud  # pyright: ignore[reportMissingImports]

    return freud.msd.MSD(mode="window").compute(positions_A).particle_msd


def van_hove(positions_A: np.ndarray, lag: int) -> np.ndarray:
    """`[n_bins + 1]`, 4 pi r^2 G_s from the first N_ORIGINS origins, each displacement smeared by SIGMA_A."""
    from pymatgen.analysis.diffusion.aimd.van_hove import VanHoveAnalysis  # pyright: ignore[reportMissingImports]
    from pymatgen.analysis.diffusion.analyzer import DiffusionAnalyzer  # pyright: ignore[reportMissingImports]
    from pymatgen.core import Lattice, Structure

    n_ions = positions_A.shape[1]
    structure = Structure(Lattice.cubic(1000.0), ["Na"] * n_ions + ["B"], np.zeros((n_ions + 1, 3)))
    moved = np.zeros((n_ions + 1, lag + N_ORIGINS, 3))
    moved[:n_ions] = positions_A[: lag + N_ORIGINS].transpose(1, 0, 2)
    analyzer = DiffusionAnalyzer(structure, moved, "Na", 600, 10, 1, smoothed=False)
    found = VanHoveAnalysis(
        analyzer, avg_nsteps=N_ORIGINS, ngrid=N_BINS + 1, rmax=RANGE_A, step_skip=lag, sigma=SIGMA_A, cell_range=0,
        species=["Na"],
    )  # fmt: skip
    return found.gsrt[1]


def main() -> None:
    warnings.filterwarnings("ignore")
    positions = walk()
    document = {
        "made_with": {name: version(name) for name in ("MDAnalysis", "freud-analysis", "pymatgen-analysis-diffusion")},
        "range_A": RANGE_A,
        "n_bins": N_BINS,
        "pairs": pair_counts(*read_xdatcar(Path(sys.argv[1]) / "data/trajectories/kinisi_example_XDATCAR.gz")),
        "walk_A": positions.tolist(),
        "msd_A2": np.round(per_ion_msd(positions), 6).tolist(),
        "lags": LAGS,
        "n_origins": N_ORIGINS,
        "sigma_A": SIGMA_A,
        "van_hove_per_A": [np.round(van_hove(positions, lag), 9).tolist() for lag in LAGS],
    }
    (HERE / "data/correlation_peers.json").write_text(json.dumps(document) + "\n")


if __name__ == "__main__":
    main()
