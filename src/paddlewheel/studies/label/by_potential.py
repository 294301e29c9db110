"""Labels of a potential, in units of work that survive a kill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddlewheel.errors import SettingsError
from paddlewheel.studies.label.given_frames import frames_document, given_frames, source_of
from paddlewheel.studies.label.labelled_set import (
    Labeller,
    choose_labeller,
    describe_dataset,
    disk_bytes,
    label_range,
    labelled_frames,
    write_labelled,
)
from paddlewheel.studies.label.record import DATASET, LabelRecord
from paddlewheel.studies.label.settings import LabelSettings
from paddlewheel.studies.simulation.frame_units import TASK, frames_of_units, label_units
from paddlewheel.studies.simulation.potentials import potential_citations, potential_document
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.run import Run
from paddlewheel.study.stage import failed_units
from paddlewheel.training.dataset import Dataset, card_path

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True, kw_only=True)
class ByPotential:
    """The frames, and who labels them."""

    source: str
    frames: list[Atoms]
    labeller: Labeller

    def document(self) -> dict[str, Any]:
        """The frames by their content, the potential, and what decides its labels."""
        return {
            "frames": frames_document(self.source, self.frames),
            "potential": self.labeller.potential,
            "engine": self.labeller.decides,
            "functional": self.labeller.functional,
        }

    def measured(self, run: Run) -> LabelRecord:
        """Label, and write the data set."""
        frames, labeller = self.frames, self.labeller
        units = label_units(frames, potential=labeller.potential, directory=run.folder)
        troubles = run.units(units, task=TASK, title="labelling")
        if troubles:
            raise failed_units(troubles, run.folder)
        good, refused = labelled_frames(frames, units)
        path = run.folder / DATASET
        dataset = write_labelled(path, good, labeller=labeller, settings={"labelled": self.source})
        for file in (path, card_path(path)):
            run.hold(file.name)
        return LabelRecord(
            potential=labeller.potential["name"],
            source=self.source,
            n_frames=len(frames),
            dataset=describe_dataset(path, dataset),
            labels=label_range(dataset),
            refused=refused,
            warnings=[f"{len(refused)} of {len(frames)} frames were refused"] if refused else [],
            citations=potential_citations(labeller.potential["name"]),
            provenance=run.provenance(potential_sha256=labeller.potential["identity"]),
        )

    def forecast(self, cores: int | None) -> Forecast:
        """What the labels cost, measured on a few."""
        from paddlewheel.studies.simulation.cost import Cost

        atom_s = Cost(self.labeller.potential).evaluation_s(self.frames)
        n_atoms = {name: sum(map(len, frames)) for name, frames in frames_of_units(self.frames).items()}
        return Forecast.of_units(
            {name: n * atom_s / 3600 for name, n in n_atoms.items()},
            cores=cores,
            inputs=(("frames", f"{len(self.frames)} of {self.source}"), ("labelled by", self.labeller.decides)),
            n_atoms=max(map(len, self.frames)),
            disk_bytes=disk_bytes(sum(n_atoms.values())),
        )


def opened_for_potential(frames: str | Path | Sequence[Atoms] | Dataset, settings: LabelSettings) -> ByPotential:
    """The frames read, and the potential chosen.

    Raises
    ------
    InputError
        For frames that cannot be labelled, or a potential that cannot label them.
    """
    from paddlewheel.potentials import check_elements, describe_potential

    given = given_frames(frames)
    if settings.potential is None:
        raise SettingsError(
            "none named", where="potential",
            remedy="say who labels, such as m3gnet-nabh-r2scan, or a program by --engine: there is no default",
        )  # fmt: skip
    check_elements(describe_potential(settings.potential), _union(given))
    document = potential_document(
        settings.potential, three_body=settings.three_body, device=settings.device, dtype=settings.dtype
    )
    return ByPotential(
        source=source_of(frames),
        frames=given,
        labeller=choose_labeller(document, functional=settings.functional),
    )


def _union(frames: Sequence[Atoms]) -> Atoms:
    """One atom of each element that occurs."""
    from ase import Atoms

    return Atoms(sorted({symbol for frame in frames for symbol in set(frame.get_chemical_symbols())}))
