"""What `train` is told and given, resolved and checked: the data, their split, the network to start from, the fit."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from pydantic import model_validator

from paddlewheel.errors import DatasetError, PotentialError, SettingsError
from paddlewheel.studies.train.record import TestSplit, TrainingData, TrainingPart
from paddlewheel.study.settings import MOST_SEED, Names, Settings, setting
from paddlewheel.training import Dataset, merge_datasets, read_dataset, require_elements, split_by_source, split_dataset
from paddlewheel.training.fit_settings import FitSettings

if TYPE_CHECKING:
    from paddlewheel.potentials.m3gnet.checkpoint import Checkpoint

_SPLIT_WARNINGS: dict[TestSplit, list[str]] = {
    "random": [
        "test frames are random ones of the same sources, neighbours of fitted frames: errors on another trajectory "
        "are larger as a rule"
    ],
    "block": [
        "no choice of whole sources is a test set of the size asked for: it is the last frames of each source, of the "
        "same runs as those fitted; errors on another structure may be larger"
    ],
}
_FEWEST_FRAMES = 10
_OLDEST_MATGL = (4, 1, 2)
_NEW_NETWORK = {"cutoff_A": 5.0, "three_body_cutoff_A": 4.0, "use_smooth": False}
_NEW_RATE, _TUNING_RATE = 1e-3, 1e-4


class TrainSettings(Settings):
    """Settings of `train`; those of the fit are checked by `FitSettings`."""

    start_from: str | Path | None = setting(
        None, "Fine-tune this M3GNet: a name (see `potentials`), or a checkpoint folder of ours or of any matgl"
    )
    elements: Names | None = setting(
        None, "Elements of a new potential in the order of its network, such as Na,B,H; by default those in the data"
    )
    epochs: int = setting(FitSettings.epochs, "Passes over the training frames", ge=1, le=1_000_000)
    batch_size: int = setting(FitSettings.batch_size, "Frames of a step", ge=1, le=100_000)
    learning_rate: float | None = setting(
        None, f"Learning rate at the start; by default {_NEW_RATE:g}, for fine-tuning {_TUNING_RATE:g}", gt=0, le=10
    )
    cutoff_A: float | None = setting(
        None,
        "Range of the bonds of a new network, A; by default 5, as in the paper",
        gt=0,
    )
    three_body_cutoff_A: float | None = setting(
        None,
        "Range of the three-body terms of a new network, A; by default 4, as in the paper",
        gt=0,
    )
    use_smooth: bool | None = setting(None, "Radial functions of a new network that end smoothly; by default not")
    split: Literal["source", "random"] = setting(
        "source",
        "Kept for validation and test: whole sources (trajectories, runs, structures), or the last frames of each "
        "where one is too large for that; or random frames, as in the paper, neighbours of those fitted",
    )
    train_fraction: float = setting(0.9, "Share of the frames that are not kept for the test", gt=0, lt=1)
    validation_fraction: float = setting(
        0.1, "Share of all frames that choose the best epoch; they are among those not kept for the test", gt=0, lt=1
    )
    energy_weight: float = setting(FitSettings.energy_weight, "Weight of energies (eV/atom) in the loss", ge=0, le=1e6)
    force_weight: float = setting(FitSettings.force_weight, "Weight of forces (eV/A) in the loss", ge=0, le=1e6)
    stress_weight: float = setting(FitSettings.stress_weight, "Weight of stresses (GPa) in the loss", ge=0, le=1e6)
    loss: str = setting(FitSettings.loss, "huber, or mse, which leaves the first plateau sooner on few frames")
    seed: int = setting(
        FitSettings.seed, "Decides the split, the first weights and the order of the frames", ge=0, le=MOST_SEED
    )

    @model_validator(mode="after")
    def _parts_are_left(self) -> Self:
        if not (0 < self.train_fraction < 1 and 0 < self.validation_fraction < self.train_fraction):
            raise SettingsError(
                f"train_fraction {self.train_fraction:g} and validation_fraction {self.validation_fraction:g}",
                remedy="give a train_fraction below 1 and, of it, a smaller validation_fraction above 0 (0.9 and 0.1)",
            )
        return self

    def fit(self, network: dict[str, Any], *, learning_rate: float) -> FitSettings:
        """The fit of such a network, `learning_rate` where none was given."""
        given: dict[str, Any] = {
            field.name: getattr(self, field.name) for field in fields(FitSettings) if hasattr(self, field.name)
        }
        if self.learning_rate is None:
            given["learning_rate"] = learning_rate
        return FitSettings(**given | network)


@dataclass(frozen=True)
class TrainPlan:
    """What is fitted to what.

    Attributes
    ----------
    parts
        Frames fitted (``train``), frames that choose the best epoch, frames that no step of the training sees.
    elements
        Of the potential, in the order of its network.
    start
        The checkpoint that is fine-tuned; None for a new network.
    """

    parts: dict[TrainingPart, Dataset]
    sources: tuple[TrainingData, ...]
    elements: tuple[str, ...]
    fit: FitSettings
    start: Checkpoint | None
    start_from: str | None
    start_identity: str | None
    split: dict[str, Any]
    how: TestSplit
    warnings: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Every resolved setting; paths are not in it, contents are."""
        return {
            "datasets": [each.model_dump() for each in self.sources],
            "elements": self.elements,
            "start_from": None if self.start_from is None else {"name": self.start_from, "sha256": self.start_identity},
            "split": self.split,
            "fit": asdict(self.fit),
        }


def plan_train(datasets: str | Path | Sequence[str | Path], settings: TrainSettings) -> TrainPlan:
    """Read the data and resolve every setting.

    Raises
    ------
    InputError
        Of the kind that fits.
    """
    check_trainer()
    start_from = settings.start_from
    start, warnings = _read_start(start_from) if start_from is not None else (None, [])
    fit = settings.fit(_network(start, settings), learning_rate=_NEW_RATE if start is None else _TUNING_RATE)
    paths = [datasets] if isinstance(datasets, str | Path) else datasets
    sets = [read_dataset(path) for path in paths]
    sources = tuple(
        TrainingData(
            name=Path(path).name,
            sha256=each.card.sha256,
            engine=each.card.engine,
            functional=each.card.functional,
            n_frames=len(each),
        )
        for path, each in zip(paths, sets, strict=True)
    )
    whole = merge_datasets(sets)
    elements = _elements(whole, settings.elements, start, warnings)
    parts, how = _split(whole, settings)
    warnings += _SPLIT_WARNINGS.get(how, [])
    if start is None:
        require_elements(parts["train"].frames, elements, where="the training part")
    if start_from is not None:
        warnings += _functional_warning(start_from, whole)
    return TrainPlan(
        parts=parts,
        sources=sources,
        elements=elements,
        fit=fit,
        start=start,
        start_from=None if start_from is None else _start_name(start_from),
        start_identity=None if start_from is None else _start_identity(start_from),
        split={
            "by": settings.split,
            "train_fraction": settings.train_fraction,
            "validation_fraction": settings.validation_fraction,
        },
        how=how,
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


def _network(start: Checkpoint | None, settings: TrainSettings) -> dict[str, Any]:
    """Cutoffs and smoothness: of the checkpoint, which cannot change them, or the paper's."""
    given = {name: getattr(settings, name) for name in _NEW_NETWORK}
    if start is None:
        return {name: default if given[name] is None else given[name] for name, default in _NEW_NETWORK.items()}
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


def of_today(found: Mapping[str, Any]) -> dict[str, Any]:
    """Runs of before were split at random."""
    split = found.get("split")
    return dict(found) | ({"split": {"by": "random"} | split} if isinstance(split, dict) else {})


def _split(whole: Dataset, settings: TrainSettings) -> tuple[dict[TrainingPart, Dataset], TestSplit]:
    if len(whole) < _FEWEST_FRAMES:
        raise DatasetError(
            f"{len(whole)} frames are too few to fit, to stop and to test by",
            where="dataset",
            remedy=f"give {_FEWEST_FRAMES} or more",
        )
    share, how = settings.validation_fraction / settings.train_fraction, cast("TestSplit", "random")
    if settings.split == "random":
        seen, test = split_dataset(whole, fraction=settings.train_fraction, seed=settings.seed)
        training, validation = split_dataset(seen, fraction=1 - share, seed=settings.seed + 1)
    else:
        seen, test, how = split_by_source(whole, fraction=settings.train_fraction, seed=settings.seed)
        training, validation, _ = split_by_source(seen, fraction=1 - share, seed=settings.seed + 1)
    return {"train": training, "validation": validation, "test": test}, how


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
