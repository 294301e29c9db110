"""How far a fit is: its epochs as a table beside the record, and a line or a bar for whoever waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from types import TracebackType
from typing import TYPE_CHECKING

from paddlewheel.execution.signals import stop_if_requested
from paddlewheel.studies.train.record import PROGRESS
from paddlewheel.study.progress import Progress, Row
from paddlewheel.study.run import Run

if TYPE_CHECKING:
    from paddlewheel.training.fit_m3gnet import EpochRow


class FitProgress:
    """Keeps the losses and shows them as they come, as a context manager."""

    def __init__(self, run: Run, *, n_epochs: int) -> None:
        self._run, self._n_epochs = run, n_epochs
        self._done, self._loss = 0.0, ""
        self._display = Progress("fitting", self._rows, shown=run.show_progress)

    def __enter__(self) -> FitProgress:
        self._display.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._display.__exit__(kind, error, trace)

    def _rows(self) -> list[Row]:
        return [Row("fit", self._done, self._n_epochs, "epochs", self._loss)]

    def on_batch(self, epoch: int, batch: int, n_batches: int) -> None:
        """A batch is done."""
        self._done = epoch + batch / max(n_batches, 1)
        stop_if_requested()
        self._display.update()

    def on_epoch(self, rows: Sequence[EpochRow]) -> None:
        """An epoch is done, or a fit goes on: all rows so far."""
        table = [asdict(row) for row in rows]
        self._run.table(PROGRESS, {name: [row[name] for row in table] for name in table[0]})
        last = rows[-1]
        self._done = last.epoch + 1
        self._loss = (
            f"loss {last.train_loss:.4g} (validation {last.validation_loss:.4g}), MAE "
            f"{1e3 * last.validation_energy_mae_eV_per_atom:.3g} meV/atom, {last.validation_force_mae_eV_per_A:.3g} "
            f"eV/A, {last.validation_stress_mae_GPa:.3g} GPa"
        )
        self._display.update()
