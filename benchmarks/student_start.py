"""A student from nothing beside one that begins with the weights of a NEP: `python benchmarks/student_start.py RUN`.

RUN is a run directory of `distil`; of its labelled frames the test frames are those that no fit saw. All fits have the
same frames and steps; seconds are those of the processor.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from paddlewheel.potentials import load_potential
from paddlewheel.training import read_dataset
from paddlewheel.training.student.fit import Fit, make_batches, mean_errors
from paddlewheel.training.student.network import form_of, state_of
from paddlewheel.training.student.settings import FitSettings, StudentSettings


def main() -> None:
    """Fit and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--nep", default="nep89")
    parser.add_argument("--frames", type=int, nargs="+", default=[50, 10**6])
    parser.add_argument("--steps", type=int, default=1000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    train, test = (
        [frame for path in sorted(options.run.glob(f"round-*/{part}.extxyz")) for frame in read_dataset(path).frames]
        for part in ("train", "test")
    )
    elements = sorted({symbol for frame in train for symbol in frame.get_chemical_symbols()})
    model = load_potential(options.nep).engine.model.restricted(elements)  # type: ignore[attr-defined]
    own, its = StudentSettings(elements=tuple(elements)), form_of(model)
    fits = {
        "nothing, our form": (own, None, 1e-2),
        f"nothing, form of {Path(options.nep).name}": (its, None, 1e-2),
        f"{Path(options.nep).name}, rate 0.01": (its, state_of(model), 1e-2),
        f"{Path(options.nep).name}, rate 0.002": (its, state_of(model), 2e-3),
    }
    print(f"{len(test)} test frames, {options.steps} steps\n")
    print("| frames | began with | s | meV/atom | eV/A | GPa |\n|---|---|---|---|---|---|")
    for n_frames in options.frames:
        chosen = np.unique(np.linspace(0, len(train) - 1, min(n_frames, len(train))).astype(int))
        frames = [train[index] for index in chosen]
        for name, (form, start, rate) in fits.items():
            began = time.process_time()
            settings = replace(FitSettings(), steps=options.steps, learning_rate=rate)
            fit = Fit(frames, form, settings, start=start, refit_references=start is not None)
            while not fit.finished:
                fit.step()
            spent = time.process_time() - began
            unseen = make_batches(test, form, batch_atoms=600, seed=0, device="cpu")
            errors = asdict(mean_errors(fit.result(), unseen))
            print(f"| {len(frames)} | {name} | {spent:.0f} | " + " | ".join(f"{v:.3g}" for v in errors.values()) + " |",
                  flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
