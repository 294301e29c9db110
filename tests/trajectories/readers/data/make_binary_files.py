"""Makes the small .xtc, .trr, .nc, .dcd, .h5md, .gro and .pdb files of this folder by MDAnalysis, of known frames.

    python tests/trajectories/readers/data/make_binary_files.py

Made with MDAnalysis 2.11.0; needs MDAnalysis and netCDF4. Twelve atoms, five frames 20 fs apart, a triclinic cell that
breathes, positions on a grid of 0.01 A (the precision of .xtc), so that every format holds them alike.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
SYMBOLS = ("Na", "Na", "Na", "Cl", "Cl", "B", "B", "H", "H", "H", "H", "H")
N_FRAMES = 5
INTERVAL_FS = 20.0


def frames() -> tuple[np.ndarray, np.ndarray]:
    """Positions `[5, 12, 3]` and lattice vectors `[5, 3, 3]` in the orientation of GROMACS, A."""
    generator = np.random.default_rng(8)
    cell = np.array([[8.0, 0.0, 0.0], [1.5, 7.5, 0.0], [-0.5, 0.8, 9.0]])
    cells = cell * (1 + 0.01 * np.arange(N_FRAMES)[:, None, None])
    start = generator.uniform(-1, 9, (len(SYMBOLS), 3))
    positions = start + np.cumsum(generator.normal(0, 0.05, (N_FRAMES, len(SYMBOLS), 3)), axis=0)
    return np.round(positions, 2), cells


def main() -> None:
    """Write the files."""
    import MDAnalysis
    from MDAnalysis.lib.mdamath import triclinic_box

    warnings.simplefilter("ignore")
    positions, cells = frames()
    universe = MDAnalysis.Universe.empty(len(SYMBOLS), trajectory=True)
    names = [f"{symbol.upper()}{index}" for index, symbol in enumerate(SYMBOLS)]
    universe.add_TopologyAttr("names", names)
    universe.add_TopologyAttr("elements", list(SYMBOLS))
    universe.add_TopologyAttr("resnames", ["NBH"])
    universe.add_TopologyAttr("resids", [1])
    boxes = np.array([triclinic_box(*cell) for cell in cells])
    universe.load_new(positions.astype(np.float32), dimensions=boxes, dt=INTERVAL_FS / 1000)
    for name in ("run.xtc", "run.trr", "run.nc", "run.dcd"):
        with MDAnalysis.Writer(str(FOLDER / name), n_atoms=len(SYMBOLS)) as writer:
            for step in universe.trajectory:
                step.data["step"] = step.frame * 10
                writer.write(universe.atoms)
    # of arrays, MDAnalysis knows no units to write
    with MDAnalysis.Writer(str(FOLDER / "run.h5md"), n_atoms=len(SYMBOLS), velocities=False, forces=False) as writer:
        of_file = MDAnalysis.Universe(universe._topology, str(FOLDER / "run.trr"))
        for _ in of_file.trajectory:
            writer.write(of_file.atoms)
    universe.trajectory[0]
    universe.atoms.write(str(FOLDER / "run.gro"))
    universe.atoms.write(str(FOLDER / "run.pdb"))


if __name__ == "__main__":
    main()
