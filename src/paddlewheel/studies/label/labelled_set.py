"""From labels to a written data set: engine, functional, frames refused by name."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import DatasetError, ScienceError, SettingsError, writing
from paddlewheel.execution import Unit
from paddlewheel.records import write_atomically
from paddlewheel.studies.label.record import LabelRange, RefusedFrame, WrittenSet
from paddlewheel.studies.simulation.frame_units import unit_labels
from paddlewheel.training.dataset import Dataset, card_path, format_frames, unlabelled_copy, write_dataset
from paddlewheel.training.dataset_checks import check_frame, stray_energies
from paddlewheel.units import eV_PER_A3_IN_GPA
from paddlewheel.version import __version__

if TYPE_CHECKING:
    from ase import Atoms


FUNCTIONAL = "Density functional behind the potential, where its card does not say: r2SCAN, PBE, none"
"""The help of the setting `functional`."""


@dataclass(frozen=True)
class Labeller:
    """Who labels: what the units keep of the potential, and what the card says of it."""

    potential: dict[str, Any]
    name: str
    form: str
    functional: str

    @property
    def decides(self) -> str:
        """What of the engine decides the labels: the potential and its form, for `inputs.yaml`."""
        return f"{self.name} ({self.form})" if self.form else self.name

    @property
    def engine(self) -> str:
        """The engine with the release of paddlewheel that ran it, for the data set's card."""
        release = ".".join(__version__.split(".")[:2])
        return f"{self.name} ({self.form + ', ' if self.form else ''}paddlewheel {release})"

    @property
    def settings(self) -> dict[str, Any]:
        """For the data set's card."""
        kept = ("name", "identity", "three_body", "dtype")
        return {"potential": {key: self.potential[key] for key in kept}, "paddlewheel": __version__}


def without_release(engine: str) -> str:
    """An engine as `Labeller.decides` has it; `inputs.yaml` of paddlewheel 0.1 held the release beside it."""
    return re.sub(r" \(paddlewheel [^)]*\)$|, paddlewheel [^)]*(?=\)$)", "", engine)


def choose_labeller(potential: dict[str, Any], *, functional: str | None) -> Labeller:
    """The labeller that a potential's document makes; its functional from its card, or as given.

    Raises
    ------
    SettingsError
        If the functional is not known, or another one is given than the card says.
    """
    from paddlewheel.potentials import describe_potential

    card = describe_potential(potential["name"])
    if card.functional is None and not functional:
        raise SettingsError(
            f"the density functional behind {card.name} is not known",
            where="functional",
            remedy="give --functional (such as r2SCAN, PBE or none)",
        )
    if card.functional is not None and functional not in (None, card.functional):
        raise SettingsError(
            f"{functional} was given, {card.name} was made from {card.functional}", where="functional",
            remedy="leave it out",
        )  # fmt: skip
    return Labeller(
        potential=potential,
        name=_portable_name(potential),
        form=f"three_body {potential['three_body']}" if card.kind == "m3gnet" else "",
        functional=card.functional or str(functional),
    )


def _portable_name(potential: dict[str, Any]) -> str:
    """A name that is the same on another machine: the known potential's, or the file's with its contents' hash."""
    from paddlewheel.potentials import identify_potential, list_potentials

    name = potential["name"]
    if not Path(name).exists():
        return name
    cards = (card for card in list_potentials() if card.files)
    known = (card.name for card in cards if identify_potential(card.name) == potential["identity"])
    return next(known, f"{Path(name).name} {potential['identity'][:12]}")


def disk_bytes(n_atoms: int) -> int:
    """That the labels of so many atoms take: frames and labels in the units, and the data set."""
    frame, label = 2 * 16 + 26, 3 * 17
    return n_atoms * (2 * frame + label + 3 * 8)


def labelled_frames(frames: Sequence[Atoms], units: Sequence[Unit]) -> tuple[list[Atoms], list[RefusedFrame]]:
    """The frames with the labels of the finished `units`, and those whose labels no data set may hold."""
    from ase.calculators.singlepoint import SinglePointCalculator

    good: list[Atoms] = []
    numbers: list[int] = []
    refused: list[RefusedFrame] = []
    labels = [label for unit in units for label in unit_labels(unit)]
    for index, (frame, (energy_eV, forces, stress)) in enumerate(zip(frames, labels, strict=True)):
        copy = unlabelled_copy(frame)
        copy.calc = SinglePointCalculator(copy, energy=energy_eV, forces=forces, stress=stress)
        try:
            check_frame(copy, where=f"frame {index}")
        except DatasetError as error:
            refused.append(RefusedFrame(frame=index, source=frame.info.get("source"), reason=error.problem))
        else:
            good.append(copy)
            numbers.append(index)
    strays = stray_energies(good)
    for index, problem in strays.items():
        number = numbers[index]
        refused.append(RefusedFrame(frame=number, source=frames[number].info.get("source"), reason=problem))
    return [frame for index, frame in enumerate(good) if index not in strays], refused


def write_labelled(path: Path, frames: Sequence[Atoms], *, labeller: Labeller, settings: Mapping[str, Any]) -> Dataset:
    """Write the data set and its card.

    Raises
    ------
    ScienceError
        If no frame is left.
    DatasetError
        If the labels together cannot be right.
    """
    if not frames:
        raise ScienceError("every frame was refused", where=path.parent, remedy="see units/ and check the potential")
    return write_dataset(
        path, frames, engine=labeller.engine, functional=labeller.functional, settings={**labeller.settings, **settings}
    )


def describe_dataset(path: Path, dataset: Dataset) -> WrittenSet:
    """What the record says of a written data set."""
    card = dataset.card
    return WrittenSet(
        file=path.name, card=card_path(path).name, sha256=str(card.sha256), engine=card.engine,
        functional=card.functional, elements=list(card.elements), n_frames=card.n_frames, n_atoms=card.n_atoms,
    )  # fmt: skip


def write_frames(path: Path, frames: Sequence[Atoms]) -> WrittenSet:
    """Write frames without labels, for another engine to label."""
    text = format_frames([unlabelled_copy(frame) for frame in frames])
    with writing(path):
        write_atomically(path, text)
    counts = Counter(symbol for frame in frames for symbol in frame.get_chemical_symbols())
    return WrittenSet(
        file=path.name, sha256=hashlib.sha256(text.encode()).hexdigest(), elements=sorted(counts),
        n_frames=len(frames), n_atoms=sum(counts.values()),
    )  # fmt: skip


def label_range(dataset: Dataset) -> LabelRange:
    """The span of the labels."""
    results = [(len(frame), frame.calc.results) for frame in dataset.frames if frame.calc is not None]
    energies = [float(labels["energy"]) / n for n, labels in results]
    pressures = [-float(labels["stress"][:3].mean()) * eV_PER_A3_IN_GPA for _, labels in results]
    return LabelRange(
        energy_eV_per_atom=(min(energies), max(energies)),
        largest_force_eV_per_A=max(float(np.abs(labels["forces"]).max()) for _, labels in results),
        pressure_GPa=(min(pressures), max(pressures)),
    )
