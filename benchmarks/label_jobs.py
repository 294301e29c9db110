"""Time of writing the job folders of a large set, beside pymatgen's own writer of the same input set.

    python benchmarks/label_jobs.py [--frames 5000] [--peer-frames 100]

Frames are snapshots of o-NBH (128 atoms). The peer is MatPESStaticSet.write_input(potcar_spec=True), a folder a frame;
it is run on the first `--peer-frames` frames and extrapolated in proportion.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from ase import Atoms

from paddlewheel.crystals.read import read_structure
from paddlewheel.firstprinciples.jobs import asked_frame, read_manifest, write_jobs
from paddlewheel.firstprinciples.named_settings import settings_named


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=5000)
    parser.add_argument("--peer-frames", type=int, default=100)
    given = parser.parse_args()
    frames = snapshots(given.frames)
    peer_s = write_by_pymatgen(frames[: given.peer_frames]) * len(frames) / given.peer_frames
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_named("paper", engine="vasp")
        started = time.perf_counter(), time.process_time()
        write_jobs(folder, frames, engine="vasp", settings=settings)
        wall_s, cpu_s = time.perf_counter() - started[0], time.process_time() - started[1]
        started = time.perf_counter(), time.process_time()
        for job in read_manifest(folder).jobs:
            asked_frame(folder, job)
        read_s = time.perf_counter() - started[0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(frames)} frames written: {wall_s:.1f} s ({cpu_s:.1f} s of CPU)")
    print(f"manifest and frames read back: {read_s:.1f} s")
    print(f"pymatgen's writer: {peer_s:.0f} s, {peer_s / wall_s:.1f} times as long")
    print(f"peak memory with all frames in it: {peak:.0f} MB")


def snapshots(count: int) -> list[Atoms]:
    random, crystal = np.random.default_rng(0), read_structure("o-nbh")
    frames = [crystal.copy() for _ in range(count)]
    for atoms in frames:
        atoms.rattle(0.05, rng=random)
    return frames


def write_by_pymatgen(frames: list[Atoms]) -> float:
    from pymatgen.io.ase import AseAtomsAdaptor
    from pymatgen.io.vasp.sets import MatPESStaticSet

    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        for index, atoms in enumerate(frames):
            structure = AseAtomsAdaptor.get_structure(atoms)  # pyright: ignore[reportArgumentType]
            inputs = MatPESStaticSet(structure, xc_functional="R2SCAN")
            inputs.write_input(str(Path(folder) / f"{index:06d}"), potcar_spec=True)
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
