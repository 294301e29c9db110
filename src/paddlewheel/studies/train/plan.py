"""Every setting of a training run, resolved and checked before anything is written."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddlewheel.errors import DatasetError, PotentialError, SettingsError
from paddlewheel.studies.train.record import TrainingData
from paddlewheel.training import Dataset, merge_datasets, read_dataset, require_elements, split_dataset
from paddlewheel.training.fit_settings import FitSettings

if TYPE_CHECKING:
    from paddlewheel.potentials.m3gnet.checkpoint import Checkpoint

_FEWEST_FRAMES = 10
_OLDEST_MATGL = (4, 1, 2)


@dataclass(frozen=True)
class TrainPlan:
    """What is fitted to what.

    Attributes
    ----------
    training, validation, test
        Frames fitted, frames that choose the best epoch, frames that no step of the training sees.
    elements
        Of the potential, in the order of its network.
    start
        The checkpoint that is fine-tuned; None for a new network.
    """

    training: Dataset
    validation: Dataset
    test: Dataset
    sources: tuple[TrainingData, ...]
    elements: tuple[str, ...]
    settings: FitSettings
    start: Checkpoint | None
    start_from: str | None
    start_identity: str | None
    split: dict[str, float]
    warnings: tuple[str, ...]

    @property
    def parts(self) -> dict[str, Dataset]:
        """The three parts by name."""
        return {"train": self.training, "validation": self.validation, "test": self.test}

    def inputs(self) -> dict[str, Any]:
        """The document of every resolved setting; paths are not in it, contents are."""
        return {
            "command": "train",
            "datasets": [one.model_dump() for one in self.sources],
            "elements": list(self.elements),
            "start_from": None if self.start_from is None else {"name": self.start_from, "sha256": self.start_identity},
            "split": self.split,
            "fit": asdict(self.settings),
        }


def plan_train(
    datasets: Sequence[str | Path],
    *,
    start_from: str | Path | None,
    elements: Sequence[str] | None,
    train_fraction: float,
    validation_fraction: float,
    learning_rate: float | None,
    cutoff_A: float | None,
    three_body_cutoff_A: float | None,
    use_smooth: bool | None,
    **fit: Any,
) -> TrainPlan:
    """Read the data, resolve every setting of `train`; see there for their meaning.

    Raises
    ------
    InputError
        Of the kind that fits, before anything is written.
    """
    check_trainer()
    start, warnings = _read_start(start_from) if start_from is not None else (None, [])
    network = _network_settings(
        start, cutoff_A=cutoff_A, three_body_cutoff_A=three_body_cutoff_A, use_smooth=use_smooth
    )
    rate = learning_rate if learning_rate is not None else 1e-3 if start is None else 1e-4
    settings = FitSettings(learning_rate=rate, **network, **fit)
    parts = [read_dataset(path) for path in datasets]
    sources = tuple(
        TrainingData(
            name=Path(path).name,
            sha256=part.card.sha256,
            engine=part.card.engine,
            functional=part.card.functional,
            n_frames=len(part),
        )
        for path, part in zip(datasets, parts, strict=True)
    )
    whole = merge_datasets(parts)
    chosen = _elements(whole, elements, start, warnings)
    training, validation, test = _split(
        whole, train_fraction=train_fraction, validation_fraction=validation_fraction, seed=settings.seed
    )
    if start is None:
        require_elements(training.frames, chosen, where="the training part")
    if start is not None and start_from is not None:
        warnings += _functional_warning(start_from, whole)
    return TrainPlan(
        training=training,
        validation=validation,
        test=test,
        sources=sources,
        elements=chosen,
        settings=settings,
        start=start,
        start_from=None if start_from is None else _start_name(start_from),
        start_identity=None if start_from is None else _start_identity(start_from),
        split={"train_fraction": train_fraction, "validation_fraction": validation_fraction},
        warnings=tuple(warnings),
    )


def check_trainer() -> None:
    """Refuse to begin without matgl and lightning.

    Raises
    ------
    SettingsError
        With what to install.
    """
    remedy = "pip install 'paddlewheel[train]'"
    missing = [name for name in ("torch", "lightning", "matgl") if importlib.util.find_spec(name) is None]
    if missing:
        raise SettingsError(f"train needs {', '.join(missing)}", remedy=remedy)
    found = importlib.metadata.version("matgl")
    if tuple(int(part) for part in found.split(".")[:3] if part.isdigit()) < _OLDEST_MATGL:
        # older ones index the triplets by the wrong list of bonds: the energy is not smooth
        raise SettingsError(f"train needs matgl 4.1.2 or newer, {found} is installed", remedy=remedy)


def _read_start(start_from: str | Path) -> tuple[Checkpoint, list[str]]:
    from paddlewheel.potentials import describe_potential, fetch_potential
    from paddlewheel.potentials.m3gnet.checkpoint import read_checkpoint
    from paddlewheel.potentials.m3gnet.conventions import Conventions

    card = describe_potential(start_from)
    if card.kind != "m3gnet":
        raise PotentialError(
            f"is a {card.kind} potential, which matgl cannot train on", where=start_from, remedy="give an M3GNet"
        )
    folder = fetch_potential(str(start_from)) if card.url else Path(start_from)
    known = Conventions(card.node_sum, card.triplet_index, "the registry") if card.node_sum else None
    checkpoint = read_checkpoint(folder, conventions=known)
    warnings = []
    if checkpoint.conventions.node_sum == "destination":
        warnings.append(
            "the checkpoint sums its messages as matgl < 3 did, and so does the fine-tuned potential: paddlewheel "
            "reads it by itself, matgl >= 3 would misread it (its model.pt is left out for that reason)"
        )
    return checkpoint, warnings


def _network_settings(start: Checkpoint | None, **given: Any) -> dict[str, Any]:
    """Cutoffs and smoothness: of the checkpoint, which cannot change them, or the paper's."""
    if start is None:
        defaults = {"cutoff_A": 5.0, "three_body_cutoff_A": 4.0, "use_smooth": False}
        return {name: default if given[name] is None else given[name] for name, default in defaults.items()}
    own = {
        "cutoff_A": start.architecture.cutoff_A,
        "three_body_cutoff_A": start.architecture.three_body_cutoff_A,
        "use_smooth": start.architecture.smooth,
    }
    for name, value in own.items():
        if given[name] is not None and given[name] != value:
            raise SettingsError(
                f"{name} is {given[name]}, the checkpoint to start from has {value}",
                remedy="leave it out, or train a new network",
            )
    return own


def _elements(
    whole: Dataset, given: Sequence[str] | None, start: Checkpoint | None, warnings: list[str]
) -> tuple[str, ...]:
    from ase.data import chemical_symbols

    present = set(whole.card.elements)
    if start is None:
        chosen = tuple(given) if given else whole.card.elements
        unknown = [symbol for symbol in chosen if symbol not in chemical_symbols[1:]]
        if unknown or len(set(chosen)) != len(chosen):
            raise SettingsError(f"elements are {', '.join(chosen)}", remedy="give distinct symbols, such as Na,B,H")
        if absent := sorted(present - set(chosen)):
            raise DatasetError(
                f"has frames with {', '.join(absent)}, which the elements asked for lack",
                where="elements",
                remedy="add the element, or leave the frames out",
            )
        return chosen
    own = start.architecture.elements
    if given and set(given) != set(own):
        raise SettingsError(
            f"elements are {', '.join(given)}, the checkpoint to start from has {', '.join(own)}",
            remedy="leave the elements out",
        )
    if absent := sorted(present - set(own)):
        shown = ", ".join(own) if len(own) <= 12 else f"{len(own)} elements"
        raise PotentialError(
            f"the checkpoint to start from does not know {', '.join(absent)}; it has {shown}",
            remedy="start from one that knows them, or train a new network without --start-from",
        )
    if (idle := len(set(own) - present)) > 0:
        warnings.append(
            f"{idle} of the checkpoint's {len(own)} elements have no frame in the data: what it knew of them is no "
            "longer sure after the fine-tuning"
        )
    return own


def _split(
    whole: Dataset, *, train_fraction: float, validation_fraction: float, seed: int
) -> tuple[Dataset, Dataset, Dataset]:
    if not (0 < train_fraction < 1 and 0 < validation_fraction < train_fraction):
        raise SettingsError(
            f"train_fraction {train_fraction:g} and validation_fraction {validation_fraction:g}",
            remedy="give a train_fraction below 1 and, of it, a smaller validation_fraction above 0 (0.9 and 0.1)",
        )
    if len(whole) < _FEWEST_FRAMES:
        raise DatasetError(
            f"{len(whole)} frames are too few to fit, to stop and to test by",
            where="dataset",
            remedy=f"give {_FEWEST_FRAMES} or more",
        )
    seen, test = split_dataset(whole, fraction=train_fraction, seed=seed)
    training, validation = split_dataset(seen, fraction=1 - validation_fraction / train_fraction, seed=seed + 1)
    return training, validation, test


def _functional_warning(start_from: str | Path, whole: Dataset) -> list[str]:
    from paddlewheel.potentials import describe_potential

    before = describe_potential(start_from).functional
    if before is None or before == whole.card.functional:
        return []
    return [
        f"the checkpoint was trained on {before}, the data are {whole.card.functional}: the element references are "
        "fitted anew, so that the change of reference energies is not left to the network"
    ]


def _start_name(start_from: str | Path) -> str:
    return Path(start_from).name if Path(start_from).is_dir() else str(start_from)


def _start_identity(start_from: str | Path) -> str:
    from paddlewheel.potentials import identify_potential

    return identify_potential(start_from)
