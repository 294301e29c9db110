"""Files of a training run beside its record: labels beside predictions, and the card of the potential."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.records import write_atomically
from paddlewheel.studies.train.record import TrainingErrors
from paddlewheel.studies.train.says import error_lines
from paddlewheel.training.parity import Parity

if TYPE_CHECKING:
    from paddlewheel.studies.train.plan import TrainPlan


def write_parity(parity: Parity, path: Path) -> None:
    """Write the pairs (label, prediction) as compressed float32 arrays, atomically; keys as in `Parity`.

    Raises
    ------
    OSError
        As the operating system gives it.
    """
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f".{path.stem}.part.npz")
    arrays = {name: values.astype(np.float32) for name, values in asdict(parity).items()}
    np.savez_compressed(part, allow_pickle=False, **arrays)
    os.replace(part, path)


def write_potential_readme(folder: Path, *, plan: TrainPlan, errors: Sequence[TrainingErrors]) -> None:
    """Write the card for people, in the form of matgl's own potentials: what it was trained on, and its errors.

    Raises
    ------
    OSError
        As the operating system gives it.
    """
    data = "\n".join(
        f"- {one.name}: {one.n_frames} frames, {one.engine}, {one.functional}, sha256 {one.sha256}"
        for one in plan.sources
    )
    table = "\n".join(error_lines(errors))
    origin = "a new network" if plan.start_from is None else f"fine-tuned from {plan.start_from}"
    text = f"""# Description

M3GNet potential for {", ".join(plan.elements)}, {origin}, made by `paddlewheel train`.
Load it with `paddlewheel.load_potential`; how the weights are read is in the metadata of model.json.

# Training dataset

{data}

# Performance metrics

```txt
{table}
```
"""
    write_atomically(folder / "README.md", text)
