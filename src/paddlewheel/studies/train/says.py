"""What a training record says, in a few lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from paddlewheel.studies.train.record import (
    TrainingErrors,
    TrainingRecord,
)


def print_training_verdict(record: TrainingRecord, directory: Path) -> None:
    """Print the potential, its errors and the warnings on stdout."""
    for line in training_verdict_lines(record):
        print(line)
    print(f"potential: {directory / record.potential}")
    print(f"report: {directory / 'report.html'}")


def training_verdict_lines(record: TrainingRecord) -> list[str]:
    """The best epoch first, then the table in the paper's layout, then the warnings."""
    origin = f"fine-tuned from {record.start_from}" if record.start_from else "a new network"
    lines = [
        f"M3GNet for {', '.join(record.elements)}, {origin}: best of {record.epochs} epochs was {record.best_epoch + 1}"
    ]
    lines += [f"  {line}" for line in error_lines(record.errors)]
    return lines + [f"  warning: {warning}" for warning in record.warnings]


def error_lines(rows: Sequence[TrainingErrors]) -> list[str]:
    """Mean absolute errors in the layout of the paper: a row a part; meV/atom, eV/A, meV/A^3 and GPa."""
    head = f"{'MAE':<11}{'frames':>7}{'E (meV/atom)':>14}{'F (eV/A)':>10}{'S (meV/A^3)':>13}{'S (GPa)':>9}"
    return [head] + [
        f"{row.part:<11}{row.n_frames:>7}{row.energy_mae_meV_per_atom:>14.2f}{row.force_mae_eV_per_A:>10.4f}"
        f"{row.stress_mae_meV_per_A3:>13.3f}{row.stress_mae_GPa:>9.3f}"
        for row in rows
    ]
