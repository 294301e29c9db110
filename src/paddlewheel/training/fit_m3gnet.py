"""The fit of M3GNet by matgl's own trainer, kept after every epoch so that a killed one goes on where it was."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightning  # pyright: ignore[reportMissingImports]
import numpy as np
import torch
from lightning.pytorch.callbacks import Checkpoint as CheckpointCallback  # pyright: ignore[reportMissingImports]
from matgl.apps.pes import Potential  # pyright: ignore[reportMissingImports]
from matgl.graph.data import collate_fn_pes  # pyright: ignore[reportMissingImports]
from matgl.utils.training import PotentialLightningModule  # pyright: ignore[reportMissingImports]

from paddlewheel.errors import ScienceError
from paddlewheel.training.fit_network import GraphFrames
from paddlewheel.training.fit_settings import FitSettings

if TYPE_CHECKING:
    from matgl.models import M3GNet  # pyright: ignore[reportMissingImports]

_LAST, _BEST = "last.ckpt", "best.pt"
_METRICS = {
    "loss": "Total_Loss",
    "energy_mae_eV_per_atom": "Energy_MAE",
    "force_mae_eV_per_A": "Force_MAE",
    "stress_mae_GPa": "Stress_MAE",
}


@dataclass(frozen=True)
class EpochRow:
    """What one epoch gave: means over its batches (as the weights changed, for training)."""

    epoch: int
    learning_rate: float
    train_loss: float
    validation_loss: float
    train_energy_mae_eV_per_atom: float
    validation_energy_mae_eV_per_atom: float
    train_force_mae_eV_per_A: float
    validation_force_mae_eV_per_A: float
    train_stress_mae_GPa: float
    validation_stress_mae_GPa: float
    seconds: float


@dataclass(frozen=True)
class Fit:
    """A finished fit: the potential at its best epoch, and all epochs."""

    potential: Potential
    rows: tuple[EpochRow, ...]
    best_epoch: int


def fit_m3gnet(
    network: M3GNet,
    training: GraphFrames,
    validation: GraphFrames,
    *,
    settings: FitSettings,
    element_references_eV: Sequence[float],
    data_mean_eV: float,
    data_std_eV: float,
    folder: Path,
    on_epoch: Callable[[Sequence[EpochRow]], None],
    on_batch: Callable[[int, int, int], None],
) -> Fit:
    """Fit a network, or go on with the fit that `folder` holds.

    The order of the frames in an epoch is a function of the seed and the epoch, and Adam's state is kept with the
    weights: a fit that was killed ends with the same weights as one that was not (on one machine and thread count).

    Parameters
    ----------
    network
        As `new_network` or `network_of` give it; trained in place.
    training, validation
        Frames fitted, and frames whose loss chooses the best epoch.
    element_references_eV, data_mean_eV, data_std_eV
        E = data_std * network + data_mean + sum of element references.
    folder
        Holds `last.ckpt` and `best.pt`, each replaced atomically at the end of an epoch.
    on_epoch
        Called with all rows so far, after each epoch and once at the start of a continued fit.
    on_batch
        Called with (epoch, batch, number of batches).

    Raises
    ------
    ScienceError
        If the loss is no longer finite.
    KeyboardInterrupt
        If the user stops it; the folder keeps the last finished epoch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    module = PotentialLightningModule(
        model=network,
        element_refs=np.asarray(element_references_eV, dtype=float),
        data_mean=float(data_mean_eV),
        data_std=float(data_std_eV),
        energy_weight=settings.energy_weight,
        force_weight=settings.force_weight,
        stress_weight=settings.stress_weight,
        loss=f"{settings.loss}_loss",
        loss_params={"delta": settings.huber_delta} if settings.loss == "huber" else {},
        lr=settings.learning_rate,
        decay_steps=settings.epochs,
        decay_alpha=0.01,
    )
    keeper = _Keeper(folder, on_epoch=on_epoch, on_batch=on_batch)
    with _quiet():
        trainer = lightning.Trainer(
            max_epochs=settings.epochs,
            accelerator="cuda" if torch.cuda.is_available() else "cpu",
            devices=1,
            callbacks=[keeper],
            logger=False,
            enable_checkpointing=True,
            enable_progress_bar=False,
            enable_model_summary=False,
            inference_mode=False,  # forces are derivatives, in validation too
            num_sanity_val_steps=0,
            default_root_dir=str(folder),
        )
        last = folder / _LAST
        loaders = (
            _loader(training, settings, order=_Order(len(training), settings.seed)),
            _loader(validation, settings, order=None),
        )
        _fit(trainer, module, loaders, last if last.is_file() else None)
    potential: Potential = module.model.cpu()
    potential.load_state_dict(torch.load(folder / _BEST, map_location="cpu", weights_only=True))
    return Fit(potential.eval(), tuple(keeper.rows), keeper.best_epoch)


def _fit(trainer: Any, module: Any, loaders: tuple[Any, Any], last: Path | None) -> None:
    on_interrupt = signal.getsignal(signal.SIGINT)
    try:
        trainer.fit(module, *loaders, ckpt_path=None if last is None else str(last), weights_only=True)
    except SystemExit:  # lightning's answer to a KeyboardInterrupt
        raise KeyboardInterrupt from None
    finally:
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # lightning leaves it ignored
            signal.signal(signal.SIGINT, on_interrupt)


class _Order(torch.utils.data.Sampler[int]):
    """The order of the frames, which the seed and the epoch alone decide; lightning tells the epoch."""

    def __init__(self, n_frames: int, seed: int) -> None:
        self._n_frames, self._seed, self._epoch = n_frames, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by lightning before an epoch."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._n_frames

    def __iter__(self) -> Iterator[int]:
        return iter(np.random.default_rng([self._seed, self._epoch]).permutation(self._n_frames).tolist())


def _loader(frames: GraphFrames, settings: FitSettings, *, order: _Order | None) -> torch.utils.data.DataLoader:
    """matgl's batches (MGLDataLoader has no way to hand it an order that a continued fit finds again)."""
    return torch.utils.data.DataLoader(
        frames, batch_size=settings.batch_size, sampler=order, collate_fn=partial(collate_fn_pes, include_stress=True)
    )


class _Keeper(CheckpointCallback):
    """Keeps the state of the trainer, the best weights and the rows after each epoch."""

    def __init__(self, folder: Path, *, on_epoch: Callable, on_batch: Callable) -> None:
        self.rows: list[EpochRow] = []
        self.best_epoch, self._best_loss = -1, math.inf
        self._folder, self._on_epoch, self._on_batch = folder, on_epoch, on_batch
        self._began = time.monotonic()
        self._rate = 0.0

    def state_dict(self) -> dict[str, Any]:
        """What a continued fit needs; kept in `last.ckpt` by lightning."""
        return {
            "rows": [asdict(row) for row in self.rows],
            "best_epoch": self.best_epoch,
            "best_loss": self._best_loss,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The reverse."""
        self.rows = [EpochRow(**row) for row in state_dict["rows"]]
        self.best_epoch, self._best_loss = state_dict["best_epoch"], state_dict["best_loss"]

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Tell where a continued fit stands."""
        if self.rows:
            self._on_epoch(self.rows)

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Note the time and the rate of this epoch."""
        self._began, self._rate = time.monotonic(), float(trainer.optimizers[0].param_groups[0]["lr"])

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Tell the progress inside an epoch."""
        self._on_batch(trainer.current_epoch, batch_idx + 1, int(trainer.num_training_batches))

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Validation has run: keep the best weights first, then the state that names them the best."""
        values = {
            f"{part}_{name}": float(trainer.callback_metrics[f"{prefix}_{metric}"])
            for part, prefix in (("train", "train"), ("validation", "val"))
            for name, metric in _METRICS.items()
        }
        epoch, loss = trainer.current_epoch, values["validation_loss"]
        if not all(math.isfinite(value) for value in values.values()):
            raise ScienceError(
                f"the loss of epoch {epoch} is not finite",
                where=self._folder,
                remedy="give a lower --learning-rate and another --out",
            )
        row = EpochRow(
            epoch=epoch, learning_rate=self._rate, seconds=round(time.monotonic() - self._began, 3), **values
        )
        self.rows.append(row)
        if loss < self._best_loss:
            self.best_epoch, self._best_loss = epoch, loss
            self._replace(_BEST, lambda path: torch.save(pl_module.model.state_dict(), path))
        self._replace(_LAST, trainer.save_checkpoint)
        self._on_epoch(self.rows)

    def _replace(self, name: str, write: Callable[[Path], None]) -> None:
        # lightning's own checkpoint callback moves its files between file systems, which a kill can cut in half
        part = self._folder / f".{name}.part"
        write(part)
        os.replace(part, self._folder / name)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without lightning's advice on loggers and workers, which no user of ours can follow."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"lightning\..*")
        warnings.filterwarnings("ignore", module=r"torch\.jit.*")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
