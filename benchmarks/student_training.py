"""Cost of a training step of a NEP student beside neppo's, same frames, same form, one thread, same run, interleaved.

Run in an environment with neppo, calorine, numba, vesin and paddlewheel's sources:
`OMP_NUM_THREADS=1 PYTHONPATH=src python benchmarks/student_training.py`
"""

from __future__ import annotations

import statistics
import time

import numpy as np
import torch
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from neppo import StructureContainer
from neppo.losses import EnergyLoss, ForceLoss, VirialLoss
from neppo.models import NEP, Descriptor
from neppo.trainer import Trainer

from paddlewheel.crystals import read_structure
from paddlewheel.training.student.fit import Fit, FitSettings
from paddlewheel.training.student.settings import StudentSettings

RADIAL_CUTOFF_A, ANGULAR_CUTOFF_A, N_MAX, BASIS, NEURONS = 6.0, 4.5, 6, 8, 40
REPEATS = 5


def frames() -> list[Atoms]:
    """Four rattled cells of o-NBH (128 atoms) with made-up labels: the cost does not depend on them."""
    found = []
    for seed in range(4):
        atoms = read_structure("o-nbh")
        rng = np.random.default_rng(seed)
        atoms.positions += rng.normal(0, 0.05, atoms.positions.shape)
        labels = {"energy": -600.0, "forces": rng.normal(0, 1, (len(atoms), 3)), "stress": np.zeros(6)}
        atoms.calc = SinglePointCalculator(atoms, **labels)
        found.append(atoms)
    return found


def main() -> None:
    """Print the time of a step of both, and the ratio of the medians."""
    torch.set_num_threads(1)
    structures = frames()
    form = StudentSettings(
        elements=("Na", "B", "H"), radial_cutoff_A=RADIAL_CUTOFF_A, angular_cutoff_A=ANGULAR_CUTOFF_A,
        radial_n_max=N_MAX, angular_n_max=N_MAX, radial_basis_size=BASIS, angular_basis_size=BASIS, neurons=NEURONS,
    )  # fmt: skip
    ours = Fit(structures, form, FitSettings(steps=10**6, batch_atoms=10**6))
    descriptor = Descriptor(
        ["Na", "B", "H"], radial_cutoff=RADIAL_CUTOFF_A, angular_cutoff=ANGULAR_CUTOFF_A, n_max_radial=N_MAX,
        n_max_angular=N_MAX, n_basis_radial=BASIS, n_basis_angular=BASIS, l_max_3b=4, l_max_4b=2, l_max_5b=1,
    )  # fmt: skip
    model = NEP(descriptor, neurons=(NEURONS,))
    container = StructureContainer(model, structures)
    theirs = Trainer(model, EnergyLoss() + ForceLoss() + VirialLoss(), container, batch_size=4, device="cpu")
    ours.step()
    theirs.train(steps=1, report_interval=10**6)
    n_atoms = sum(len(atoms) for atoms in structures)
    seconds: dict[str, list[float]] = {"paddlewheel": [], "neppo": []}
    for _ in range(REPEATS):
        began = time.perf_counter()
        for _ in range(10):
            ours.step()
        seconds["paddlewheel"].append((time.perf_counter() - began) / 10)
        began = time.perf_counter()
        batch = theirs._batches[0]  # a step alone, without the report that ends every call of train()
        for _ in range(2):
            theirs._take_step(*batch, theirs._batch_has_bec[0])
        seconds["neppo"].append((time.perf_counter() - began) / 2)
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"{name}: {1e3 * median:.1f} ms a step of {n_atoms} atoms, {1e6 * median / n_atoms:.0f} us an atom")
    ratio = statistics.median(seconds["neppo"]) / statistics.median(seconds["paddlewheel"])
    print(f"neppo / paddlewheel: {ratio:.1f}")


if __name__ == "__main__":
    main()
