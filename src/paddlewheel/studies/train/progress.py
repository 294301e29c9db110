"""How far a fit is: `progress.csv`, and rich on a terminal or plain lines otherwise, always on stderr."""

from __future__ import annotations

import csv
import io
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from paddlewheel.records import write_atomically

if TYPE_CHECKING:
    from paddlewheel.training.fit_m3gnet import EpochRow

_PLAIN_EVERY_S = 5.0


class FitProgress:
    """Shows the losses as they come, as a context manager.

    Parameters
    ----------
    path
        The CSV file, replaced after every epoch.
    n_epochs
        In all.
    shown
        Whether anything goes to stderr.
    """

    def __init__(self, path: Path, *, n_epochs: int, shown: bool) -> None:
        self._path, self._n_epochs, self._shown = path, n_epochs, shown
        self._bar: Any = None
        self._task: Any = None
        self._next_plain = 0.0
        self._loss = ""

    def __enter__(self) -> FitProgress:
        if self._shown and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("epoch {task.fields[epoch]}"),
                BarColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[loss]}"),
                console=Console(stderr=True),
            )
            self._task = self._bar.add_task("fit", total=self._n_epochs, epoch=f"0/{self._n_epochs}", loss="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def on_batch(self, epoch: int, batch: int, n_batches: int) -> None:
        """A batch is done."""
        done = epoch + batch / max(n_batches, 1)
        if self._bar is not None:
            self._bar.update(self._task, completed=done, epoch=f"{epoch + 1}/{self._n_epochs}", loss=self._loss)
        elif self._shown and time.monotonic() >= self._next_plain:
            self._say(f"epoch {epoch + 1}/{self._n_epochs} batch {batch}/{n_batches} {self._loss}")

    def on_epoch(self, rows: Sequence[EpochRow]) -> None:
        """An epoch is done, or a fit goes on: all rows so far."""
        buffer = io.StringIO()
        table = [asdict(row) for row in rows]
        writer = csv.DictWriter(buffer, fieldnames=list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _short(value) for key, value in row.items()} for row in table)
        write_atomically(self._path, buffer.getvalue())
        last = rows[-1]
        self._loss = (
            f"loss {last.train_loss:.4g} (validation {last.validation_loss:.4g}), MAE "
            f"{1e3 * last.validation_energy_mae_eV_per_atom:.3g} meV/atom, {last.validation_force_mae_eV_per_A:.3g} "
            f"eV/A, {last.validation_stress_mae_GPa:.3g} GPa"
        )
        if (
            self._bar is None
            and self._shown
            and (time.monotonic() >= self._next_plain or last.epoch + 1 == self._n_epochs)
        ):
            self._say(f"epoch {last.epoch + 1}/{self._n_epochs} {self._loss}, {last.seconds:.1f} s")

    def _say(self, line: str) -> None:
        self._next_plain = time.monotonic() + _PLAIN_EVERY_S
        print(line.rstrip(), file=sys.stderr, flush=True)


def _short(value: float) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
