"""Errors of a NEP student against steps, fitted by SOAP and by Adam: same frames, same form, same run, interleaved.

`OMP_NUM_THREADS=1 PYTHONPATH=src python benchmarks/student_optimizers.py SET.extxyz [--steps 2000]` with a labelled
set, such as `round-1/train.extxyz` of a `distil` run. Adam runs four times as many steps.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from paddlewheel.training import read_dataset
from paddlewheel.training.student.fit import Fit, FitSettings, make_batches, mean_errors
from paddlewheel.training.student.settings import StudentSettings

FORM = {"angular_cutoff_A": 5.0, "radial_n_max": 7, "angular_n_max": 7, "radial_basis_size": 10,
        "angular_basis_size": 10, "neurons": 80}  # fmt: skip
LEARNING_RATES = {"SOAP": 1e-2, "Adam": 5e-3}
"""The best of 2e-3, 5e-3 and 1e-2 for each, on the frames of docs/benchmarks/student_training.md."""


def main() -> None:
    """Print the errors on a tenth of the frames, which no step sees, at every quarter of each fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--steps", type=int, default=2000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    frames = list(read_dataset(options.dataset).frames)
    order = np.random.default_rng(0).permutation(len(frames))
    unseen, seen = ([frames[i] for i in part] for part in np.split(order, [len(frames) // 10]))
    elements = tuple(sorted({symbol for atoms in frames for symbol in atoms.get_chemical_symbols()}))
    form = StudentSettings(elements=elements, **FORM)
    test = make_batches(unseen, form, batch_atoms=600, seed=0, device="cpu")
    print(f"{len(seen)} frames fitted, {len(unseen)} unseen\n")
    print("| optimizer | steps | s of processor | meV/atom | eV/A | GPa |\n|---|---|---|---|---|---|")
    for name, steps in (("SOAP", options.steps), ("Adam", 4 * options.steps)):
        settings = FitSettings(
            steps=steps, batch_atoms=300, energy_scale_meV_per_atom=1.0, learning_rate=LEARNING_RATES[name]
        )
        fit = Fit(seen, form, settings)
        if name == "Adam":
            fit.optimizer = torch.optim.Adam(fit.student.parameters(), lr=LEARNING_RATES[name], betas=(0.9, 0.99))
        seconds = 0.0
        while not fit.finished:
            began = time.process_time()
            fit.step()
            seconds += time.process_time() - began
            if fit.step_number % (steps // 4) == 0:
                found = mean_errors(fit.result(), test)
                errors = f"{found.energy_meV_per_atom:.2f} | {found.force_eV_per_A:.3f} | {found.stress_GPa:.3f}"
                print(f"| {name} | {fit.step_number} | {seconds:.0f} | {errors} |", flush=True)


if __name__ == "__main__":
    main()
