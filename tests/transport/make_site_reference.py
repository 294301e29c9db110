"""Makes data/site_occupancies.json: occupancies of the Li 48h sites of Li6PS5Cl by site-analysis and by GEMDAT.

    PYTHONPATH=src /path/to/venv-peers/bin/python tests/transport/make_site_reference.py SHARED

with site-analysis 1.8.0 and GEMDAT 1.8.1 in the environment, and the folder of third-party data. Kept are the
ion-frames on each site: nearest to it (Voronoi sites of site-analysis), and within 0.7 A of it (states of GEMDAT).
"""

from __future__ import annotations

import gzip
import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
RADIUS_A = 0.7
SPECIE = "Li"


def read_xdatcar(path: Path) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Cell, symbols and fractional coordinates, `[n_frames, n_atoms, 3]`, without any program's conventions."""
    with gzip.open(path, "rt") as stream:
        lines = stream.read().splitlines()
    cell = np.array([[float(word) for word in line.split()] for line in lines[2:5]])
    symbols = np.repeat(lines[5].split(), [int(word) for word in lines[6].split()]).tolist()
    frames = [
        [[float(word) for word in line.split()] for line in lines[row + 1 : row + 1 + len(symbols)]]
        for row, text in enumerate(lines)
        if text.startswith("Direct")
    ]
    return cell, symbols, np.array(frames)


def site_positions() -> np.ndarray:
    """The 48h sites in the 2x2x2 cell, by pymatgen's space group, in the order of the coordinates."""
    from pymatgen.symmetry.groups import SpaceGroup

    text = (HERE / "data/li6ps5cl_48h.txt").read_text()
    position = [float(word) for word in text.splitlines()[-1].split()[1:]]
    orbit = np.array(SpaceGroup("F-43m").get_orbit(position)) % 1.0
    shifts = np.stack(np.meshgrid(*[np.arange(2)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    found = ((shifts[:, None] + orbit[None]) / 2).reshape(-1, 3)
    return found[np.lexsort(np.round(found, 6).T)]


def by_site_analysis(cell, symbols, frames, sites) -> list[int]:
    from pymatgen.core import Structure
    from site_analysis.builders import create_trajectory_with_voronoi_sites  # pyright: ignore

    structures = [Structure(cell, symbols, frame) for frame in frames]
    trajectory = create_trajectory_with_voronoi_sites(structures[0], SPECIE, sites.tolist())
    trajectory.trajectory_from_structures(structures)
    return [sum(len(atoms) for atoms in site.trajectory) for site in trajectory.sites]


def by_gemdat(cell, symbols, frames, sites) -> list[int]:
    from gemdat import Trajectory  # pyright: ignore
    from gemdat.transitions import Transitions  # pyright: ignore
    from pymatgen.core import Element, Lattice, Structure

    trajectory = Trajectory(
        species=[Element(symbol) for symbol in symbols], coords=frames, lattice=Lattice(cell), constant_lattice=True,
        time_step=1e-13, metadata={"temperature": 500.0},
    )  # fmt: skip
    structure = Structure(Lattice(cell), [SPECIE] * len(sites), sites, labels=[SPECIE] * len(sites))
    found = Transitions.from_trajectory(
        trajectory=trajectory, sites=structure, floating_specie=SPECIE, site_radius=RADIUS_A
    )
    return np.bincount(found.states[found.states >= 0], minlength=len(sites)).tolist()


def main() -> None:
    path = Path(sys.argv[1]) / "data/trajectories/kinisi_example_XDATCAR.gz"
    data, sites = read_xdatcar(path), site_positions()
    document = {
        "site_analysis": version("site-analysis"),
        "gemdat": version("gemdat"),
        "radius_A": RADIUS_A,
        "n_frames": len(data[2]),
        "fractional": np.round(sites, 6).tolist(),
        "nearest": by_site_analysis(*data, sites),
        "inside": by_gemdat(*data, sites),
    }
    (HERE / "data/site_occupancies.json").write_text(json.dumps(document) + "\n")


if __name__ == "__main__":
    main()
