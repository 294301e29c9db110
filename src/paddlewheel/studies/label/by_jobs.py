"""Job folders for a program that runs elsewhere: inputs a frame, keys, and what submits them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.execution.signals import stop_if_requested
from paddlewheel.firstprinciples.jobs import write_jobs
from paddlewheel.firstprinciples.setups import CalculationSettings, Engine, mesh_of_spacing
from paddlewheel.records import Citation
from paddlewheel.studies.label.given_frames import frame_names, frames_document, given_frames, left_aside, source_of
from paddlewheel.studies.label.record import FRAMES, AskedSettings, JobsRecord
from paddlewheel.studies.label.settings import LabelSettings
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.progress import Progress, Row
from paddlewheel.study.run import Run
from paddlewheel.training.dataset import Dataset

if TYPE_CHECKING:
    from ase import Atoms

_BYTES_OF_A_JOB, _BYTES_OF_AN_ATOM = 24_000, 250
"""Files of a folder take a block of the disk each."""
_CITATIONS = {
    "r2SCAN": Citation(
        what="r2SCAN", reference="Furness et al., J. Phys. Chem. Lett. 11, 8208 (2020)",
        doi="10.1021/acs.jpclett.0c02405",
    ),
    "PBE": Citation(
        what="PBE", reference="Perdew, Burke, Ernzerhof, Phys. Rev. Lett. 77, 3865 (1996)",
        doi="10.1103/PhysRevLett.77.3865",
    ),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class JobFolders:
    """The frames, the program, and how it is to label them."""

    source: str
    frames: list[Atoms]
    engine: Engine
    asked: CalculationSettings
    folder: Path

    def document(self) -> dict[str, Any]:
        """The frames by their content, the program and its settings."""
        return {
            "frames": frames_document(self.source, self.frames),
            "engine": self.engine,
            "settings": asdict(self.asked),
        }

    def measured(self, run: Run) -> JobsRecord:
        """Write the folders."""
        if run.folder.resolve() != self.folder.resolve():
            raise SettingsError(
                f"job folders go to {self.folder}", where="write", remedy="leave --out out: --write says where"
            )
        share = 0.0

        def rows() -> list[Row]:
            return [Row("frames", share * len(self.frames), len(self.frames), "folders")]

        with Progress("writing", rows, shown=run.show_progress, short=True) as progress:

            def watch(done: float) -> None:
                nonlocal share
                share = done
                stop_if_requested()
                progress.update()

            manifest = write_jobs(
                run.folder, self.frames, engine=self.engine, settings=self.asked,
                names=frame_names(self.source, self.frames), watch=watch,
            )  # fmt: skip
        cells = [np.asarray(frame.cell.array) for frame in self.frames]
        run.table(FRAMES, {
            "frame": np.arange(len(cells)),
            "n_atoms": np.array([len(frame) for frame in self.frames]),
            "volume_A3_per_atom": np.array([frame.get_volume() / len(frame) for frame in self.frames]),
            "n_k_points": np.array([math.prod(mesh_of_spacing(cell, self.asked.k_spacing_per_A)) for cell in cells]),
        })  # fmt: skip
        counts = Counter(symbol for frame in self.frames for symbol in frame.get_chemical_symbols())
        first = run.folder / manifest.jobs[0].folder
        return JobsRecord(
            engine=self.engine,
            source=self.source,
            n_frames=len(self.frames),
            n_atoms=sum(counts.values()),
            elements=sorted(counts),
            settings=asked_settings(self.asked),
            pseudopotentials=dict(sorted(manifest.settings.pseudopotentials.items())),
            files=sorted(path.name for path in first.iterdir() if path.is_file()),
            warnings=[*manifest.remarks, *left_aside(self.frames)],
            citations=cited(self.asked.functional),
            provenance=run.provenance(),
        )

    def forecast(self, cores: int | None) -> Forecast:
        """What the folders take."""
        n_atoms = sum(map(len, self.frames))
        return Forecast(
            inputs=(
                ("frames", f"{len(self.frames)} of {self.source}"),
                ("written for", f"{self.engine}, settings {self.asked.name}"),
            ),
            n_atoms=max(map(len, self.frames)),
            disk_bytes=len(self.frames) * _BYTES_OF_A_JOB + n_atoms * _BYTES_OF_AN_ATOM,
        )


def opened_for_jobs(
    frames: str | Path | Sequence[Atoms] | Dataset, settings: LabelSettings, *, asked: CalculationSettings
) -> JobFolders:
    """The frames read, for the program that `settings` names."""
    assert settings.engine is not None
    assert settings.write is not None
    return JobFolders(
        source=source_of(frames), frames=given_frames(frames), engine=settings.engine, asked=asked,
        folder=Path(settings.write),
    )  # fmt: skip


def asked_settings(asked: CalculationSettings) -> AskedSettings:
    """The settings as the record has them."""
    kept = {name: value for name, value in asdict(asked).items() if name in AskedSettings.model_fields}
    return AskedSettings(**kept)


def cited(functional: str | None) -> list[Citation]:
    """Of a functional, where it is one of the known."""
    return [_CITATIONS[functional]] if functional in _CITATIONS else []
