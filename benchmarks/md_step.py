"""Cost of a step of molecular dynamics beside the potential: ours and ASE's integrators in the same run.

    python benchmarks/md_step.py [--steps 2000]

The potential is springs (10 us an evaluation) on the 128 atoms of o-NBH; times are CPU times of one thread, the best
of five, frames every ten steps included in ours.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.calculators.calculator import Calculator, all_changes
from ase.md.langevin import Langevin
from ase.md.nose_hoover_chain import MTKNPT, NoseHooverChainNVT
from ase.md.verlet import VelocityVerlet

from paddlewheel.crystals import read_structure
from paddlewheel.dynamics import MDRun, MDSettings

TEMPERATURE_K = 600.0
REPEATS = 5


class Springs(Calculator):
    """Each atom on a spring, and a cell that resists."""

    implemented_properties = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, atoms: Atoms) -> None:
        super().__init__()
        self._sites, self._volume = atoms.get_positions(), atoms.get_volume()

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes) -> None:
        pull = 3.0 * (atoms.positions - self._sites)
        energy = float(np.vdot(pull, pull)) / 6
        strain = abs(float(np.linalg.det(atoms.cell.array))) / self._volume - 1
        stress = np.array([0.005 + 0.1 * strain] * 3 + [0.0] * 3)
        self.results = {"energy": energy, "free_energy": energy, "forces": -pull, "stress": stress}


def ase_step(ensemble: str, atoms: Atoms) -> Callable[[], Any]:
    """The step of ASE's integrator."""
    common: dict[str, Any] = {"atoms": atoms, "timestep": units.fs}
    thermal = common | {"temperature_K": TEMPERATURE_K, "tdamp": 100 * units.fs}
    if ensemble == "nve":
        return VelocityVerlet(**common).step
    if ensemble == "nvt":
        return NoseHooverChainNVT(**thermal).step
    if ensemble == "npt":
        return MTKNPT(**thermal, pressure_au=0.0, pdamp=1000 * units.fs).step
    friction = 10 / (1000 * units.fs)
    return Langevin(**common, temperature_K=TEMPERATURE_K, friction=friction, fixcm=False).step


def milliseconds(step: Callable[[], Any], n_steps: int) -> float:
    """CPU time of a step."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        for _ in range(n_steps):
            step()
        times.append(time.process_time() - start)
    return min(times) / n_steps * 1000


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=2000)
    n_steps = parser.parse_args().steps
    atoms = read_structure("o-nbh")
    print("| ensemble | ours, ms/step | ASE, ms/step | ratio |\n|---|---|---|---|")
    for ensemble in ("nve", "nvt", "npt", "langevin"):
        settings = MDSettings(ensemble=ensemble, temperature_K=TEMPERATURE_K, production_ps=1000.0)
        ours = milliseconds(MDRun(atoms, Springs(atoms), settings).step, n_steps)
        theirs = atoms.copy()
        theirs.calc = Springs(atoms)
        rng = np.random.default_rng(1)
        spread = np.sqrt(theirs.get_masses() * units.kB * TEMPERATURE_K)[:, None]
        theirs.set_momenta(rng.standard_normal((len(atoms), 3)) * spread)
        peer = milliseconds(ase_step(ensemble, theirs), n_steps)
        print(f"| {ensemble} | {ours:.3f} | {peer:.3f} | {peer / ours:.1f} |")


if __name__ == "__main__":
    main()
