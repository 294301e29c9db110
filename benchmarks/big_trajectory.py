"""Make the trajectory that the speed benchmarks run on: 1,024 atoms, 192 mobile ions, 64 turning cages, 20,000 frames.

    python benchmarks/big_trajectory.py OUT.zarr [--frames 20000] [--dump OUT.lammpstrj] [--seed 1]

The system has the size and the motions of a 2x2x2 supercell of o-NBH and none of its forces: it is kinematic, made of
random numbers, and short contacts between atoms mean nothing. In a cell of about 24 A:

- 64 cages on a 4x4x4 cubic lattice of 6 A: 26 B12H12 (every second place, as long as there are) and 38 BH4. Each turns
  by rotational diffusion (0.02 rad^2/ps), librates about that (0.12 rad per axis, 0.2 ps), and shakes as a whole;
  its atoms shake by 0.03 A.
- 192 Na on an fcc lattice of 256 sites (edge midpoints and body centres of the cubic lattice), of which 18 hold a
  fixed Cl (body centres) and 46 are empty. Na vibrates about its site (0.25 A per axis, 0.25 ps) and hops to an empty
  neighbour
  (4.24 A away): at each time every Na tries one neighbour chosen at random with a rate of 0.2 per ps, so that every
  site that no Cl holds has the occupancy 192/238, and the jump rate is 0.2 times the share of empty neighbours.
- 18 Cl that vibrate (26 * 24 + 38 * 5 + 192 + 18 = 1,024 atoms).
- The cell breathes: 1 % over 50 ps, and 0.2 % of noise of each edge.

Frames are 50 fs apart (20,000 are 1 ns). Positions are unwrapped. The file is written block by block; memory stays
below about 300 MB whatever the number of frames. The dump has the columns id type element xu yu zu, its atoms in
another order every 500 frames.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.signal import lfilter
from scipy.spatial.transform import Rotation

from paddlewheel.trajectories import TrajectoryWriter
from paddlewheel.trajectories.trajectory import element_masses_u

FRAME_INTERVAL_FS = 50.0
MD_STEPS_PER_FRAME = 50
SPACING_A = 6.0
N_CAGES, N_B12H12, N_NA, N_CL = 64, 26, 192, 18
N_BH4 = N_CAGES - N_B12H12
BLOCK = 200
GOLDEN = (1 + 5**0.5) / 2
ICOSAHEDRON = np.array(
    [np.roll([0.0, a, b * GOLDEN], shift) for shift in range(3) for a in (-1, 1) for b in (-1, 1)]
) / np.hypot(1, GOLDEN)
TETRAHEDRON = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)
B12H12_A = np.concatenate([1.70 * ICOSAHEDRON, 2.90 * ICOSAHEDRON])
BH4_A = np.concatenate([np.zeros((1, 3)), 1.23 * TETRAHEDRON])
SYMBOLS = ["Na"] * N_NA + ["Cl"] * N_CL + (["B"] * 12 + ["H"] * 12) * N_B12H12 + (["B"] + ["H"] * 4) * N_BH4
TYPES = {"Na": 1, "Cl": 2, "B": 3, "H": 4}


class Noise:
    """Correlated Gaussian noise about moving targets: x relaxes to its target, and is driven to a fixed width."""

    def __init__(
        self, generator: np.random.Generator, start: np.ndarray, *, width: float, relaxation_ps: float
    ) -> None:
        self._generator, self._width = generator, width
        self._memory = np.exp(-FRAME_INTERVAL_FS / 1000 / relaxation_ps)
        self._last = start + width * generator.normal(size=start.shape)

    def follow(self, target: np.ndarray) -> np.ndarray:
        """The next frames, `[n, ...]`, of targets of this shape."""
        memory = self._memory
        drive = self._width * np.sqrt(1 - memory**2) * self._generator.normal(size=target.shape)
        path, _ = lfilter([1.0], [1.0, -memory], (1 - memory) * target + drive, axis=0, zi=memory * self._last[None])
        self._last = path[-1]
        return path


class LatticeGas:
    """Na on the sites that no Cl holds; unwrapped places in units of half the cubic lattice."""

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        grid = np.array([(x, y, z) for x in range(8) for y in range(8) for z in range(8) if (x + y + z) % 2])
        is_body_centre = (grid % 2).all(axis=1)  # further from the cages: a Cl bonded to none
        self.cl, free_centres = np.split(generator.permutation(grid[is_body_centre]), [N_CL])
        self.na = generator.permutation(np.concatenate([free_centres, grid[~is_body_centre]]))[:N_NA]
        self._taken = np.zeros((8, 8, 8), dtype=bool)
        self._taken[tuple(np.concatenate([self.cl, self.na]).T)] = True
        steps = [(x, y, z) for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1) if abs(x) + abs(y) + abs(z) == 2]
        self._steps = np.array(steps)

    def run(self, n_frames: int) -> np.ndarray:
        """Places of the Na in the next frames, `[n_frames, n_na, 3]`."""
        attempts = self._generator.random((n_frames, N_NA)) < 0.2 * FRAME_INTERVAL_FS / 1000
        places = np.empty((n_frames, N_NA, 3))
        for frame in range(n_frames):
            for ion in self._generator.permutation(np.flatnonzero(attempts[frame])):
                new = self.na[ion] + self._steps[self._generator.integers(12)]
                if not self._taken[tuple(new % 8)]:
                    self._taken[tuple(self.na[ion] % 8)] = False
                    self._taken[tuple(new % 8)] = True
                    self.na[ion] = new
            places[frame] = self.na
        return places


class Cages:
    """Orientations of the cages: rotational diffusion, and libration about it."""

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._last = Rotation.random(N_CAGES, rng=generator)
        self._libration = Noise(generator, np.zeros((N_CAGES, 3)), width=0.12, relaxation_ps=0.2)

    def run(self, n_frames: int) -> np.ndarray:
        """Rotation matrices of the next frames, `[n_frames, n_cages, 3, 3]`."""
        angle = np.sqrt(2 * 0.02 * FRAME_INTERVAL_FS / 1000)
        turns = angle * self._generator.normal(size=(n_frames, N_CAGES, 3))
        wobble = self._libration.follow(np.zeros((n_frames, N_CAGES, 3)))
        matrices = np.empty((n_frames, N_CAGES, 3, 3))
        for frame in range(n_frames):
            self._last = Rotation.from_rotvec(turns[frame]) * self._last
            matrices[frame] = (Rotation.from_rotvec(wobble[frame]) * self._last).as_matrix()
        return matrices


def cage_places() -> np.ndarray:
    """Places of the cages in units of the cubic lattice, `[n_cages, 3]`: the B12H12 on the even ones first."""
    grid = np.array([(x, y, z) for x in range(4) for y in range(4) for z in range(4)])
    return grid[np.argsort(grid.sum(axis=1) % 2, kind="stable")]


def blocks(n_frames: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Positions `[n, 1024, 3]` and cells `[n, 3, 3]`, block by block."""
    generator = np.random.default_rng(seed)
    gas, cages, centres = LatticeGas(generator), Cages(generator), cage_places() * SPACING_A
    na = Noise(generator, gas.na * SPACING_A / 2, width=0.25, relaxation_ps=0.25)
    cl = Noise(generator, gas.cl * SPACING_A / 2, width=0.15, relaxation_ps=0.3)
    shake = Noise(generator, centres, width=0.10, relaxation_ps=0.4)
    edges = Noise(generator, np.zeros(3), width=0.002, relaxation_ps=1.0)
    for first in range(0, n_frames, BLOCK):
        n = min(BLOCK, n_frames - first)
        times_ps = np.arange(first, first + n) * FRAME_INTERVAL_FS / 1000
        strain = 1 + 0.01 * np.sin(2 * np.pi * times_ps / 50)[:, None] + edges.follow(np.zeros((n, 3)))
        places = np.concatenate(
            [na.follow(gas.run(n) * SPACING_A / 2), cl.follow(np.tile(gas.cl * SPACING_A / 2, (n, 1, 1)))], axis=1
        )
        middle = (
            shake.follow(np.tile(centres, (n, 1, 1))) * strain[:, None]
        )  # cages move with the cell, not their bonds
        turned = cages.run(n).swapaxes(-1, -2)
        big = B12H12_A @ turned[:, :N_B12H12] + middle[:, :N_B12H12, None]
        small = BH4_A @ turned[:, N_B12H12:] + middle[:, N_B12H12:, None]
        cage_atoms = np.concatenate([big.reshape(n, -1, 3), small.reshape(n, -1, 3)], axis=1)
        cage_atoms += 0.03 * generator.normal(size=cage_atoms.shape)
        yield (
            np.concatenate([places * strain[:, None], cage_atoms], axis=1),
            4 * SPACING_A * strain[:, None] * np.eye(3),
        )


def dump_frames(positions_A: np.ndarray, cells_A: np.ndarray, first: int, order: np.ndarray) -> str:
    """LAMMPS text of a block, its atoms in this order."""
    lines = [f"{atom + 1} {TYPES[SYMBOLS[atom]]} {SYMBOLS[atom]} %.5f %.5f %.5f\n" for atom in order.tolist()]
    template, text = "".join(lines), []
    for index, (frame, cell) in enumerate(zip(positions_A[:, order], cells_A, strict=True)):
        bounds = "".join(f"0.0 {edge:.10f}\n" for edge in np.diag(cell))
        text.append(
            f"ITEM: TIMESTEP\n{(first + index) * MD_STEPS_PER_FRAME}\nITEM: NUMBER OF ATOMS\n{len(order)}\n"
            f"ITEM: BOX BOUNDS pp pp pp\n{bounds}ITEM: ATOMS id type element xu yu zu\n"
        )
        text.append(template % tuple(frame.ravel().tolist()))
    return "".join(text)


def make(out: Path, *, n_frames: int, dump: Path | None = None, seed: int = 1) -> None:
    """Write the store, and the dump where one is wanted."""
    writer = TrajectoryWriter.create(
        out,
        symbols=SYMBOLS,
        masses_u=element_masses_u(SYMBOLS),
        frame_interval_fs=FRAME_INTERVAL_FS,
        metadata={"made_by": "benchmarks/big_trajectory.py", "seed": seed, "n_frames": n_frames},
    )
    shuffles = np.random.default_rng(seed + 1)
    order = np.arange(len(SYMBOLS))
    text = open(dump, "w", encoding="ascii") if dump else None  # noqa: SIM115
    frame = 0
    for positions, cells in blocks(n_frames, seed):
        for row, cell in zip(positions, cells, strict=True):
            writer.append(positions_A=row, cell_A=cell, step=frame * MD_STEPS_PER_FRAME, thermo={})
            frame += 1
        if text:
            first = frame - len(positions)
            if first % 500 < BLOCK:
                order = shuffles.permutation(order)
            text.write(dump_frames(positions, cells, first, order))
    writer.flush()
    if text:
        text.close()


def main() -> None:
    """Make the files named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--frames", type=int, default=20000)
    parser.add_argument("--dump", type=Path, help="write the run as a LAMMPS text dump too")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    make(given.out, n_frames=given.frames, dump=given.dump, seed=given.seed)


if __name__ == "__main__":
    main()
