"""Files of a training run beside its record: labels beside predictions, and the card of the potential."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.records import write_atomically
from paddlewheel.studies.train.record import TrainingErrors
from paddlewheel.training.parity import Parity

if TYPE_CHECKING:
    from paddlewheel.studies.train.plan import TrainPlan


def parity_arrays(parity: Parity) -> dict[str, np.ndarray]:
    """The pairs (label, prediction) as they are kept; keys as in `Parity`."""
    return {name: values.astype(np.float32) for name, values in asdict(parity).items()}


def error_lines(rows: Sequence[TrainingErrors]) -> list[str]:
    """Mean absolute errors in the layout of the paper: a row a part; meV/atom, eV/A, meV/A^3 and GPa."""
    head = f"{'MAE':<11}{'frames':>7}{'E (meV/atom)':>14}{'F (eV/A)':>10}{'S (meV/A^3)':>13}{'S (GPa)':>9}"
    return [head] + [
        f"{row.part:<11}{row.n_frames:>7}{row.energy_mae_meV_per_atom:>14.2f}{row.force_mae_eV_per_A:>10.4f}"
        f"{row.stress_mae_meV_per_A3:>13.3f}{row.stress_mae_GPa:>9.3f}"
        for row in rows
    ]


def write_potential_readme(folder: Path, *, plan: TrainPlan, errors: Sequence[TrainingErrors]) -> None:
    """Write the card for people, in the form of matgl's own potentials: what it was trained on, and its errors.

    Raises
    ------
    OSError
        As the operating system gives it.
    """
    data = "\n".join(
        f"- {each.name}: {each.n_frames} frames, {each.engine}, {each.functional}, sha256 {each.sha256}"
        for each in plan.sources
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
