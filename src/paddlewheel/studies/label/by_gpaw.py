"""Labels by GPAW, a frame a unit of work, each judged as an output that came from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddlewheel.crystals.formats import plain_info
from paddlewheel.errors import ScienceError
from paddlewheel.firstprinciples.gpaw.calculator import check_gpaw, gpaw_version
from paddlewheel.firstprinciples.judgement import judge
from paddlewheel.firstprinciples.setups import CalculationSettings
from paddlewheel.studies.label.given_frames import frame_names, frames_document, given_frames, left_aside, source_of
from paddlewheel.studies.label.judged import Judged, TakenStep, record_of
from paddlewheel.studies.label.record import JudgedLabelsRecord, RefusedFrame
from paddlewheel.studies.simulation.gpaw_units import TASK, gpaw_labels, gpaw_units
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.run import Run
from paddlewheel.training.dataset import Dataset

if TYPE_CHECKING:
    from ase import Atoms

_BYTES_OF_A_LOG = 20_000


@dataclass(frozen=True, kw_only=True)
class ByGpaw:
    """The frames, and how GPAW is to label them."""

    source: str
    frames: list[Atoms]
    asked: CalculationSettings
    code: str
    compare_with: dict[str, Any] | None

    def document(self) -> dict[str, Any]:
        """The frames by their content, the program with its version, and its settings."""
        return {
            "frames": frames_document(self.source, self.frames),
            "engine": self.code,
            "settings": asdict(self.asked),
            "compare_with": self.compare_with,
        }

    def measured(self, run: Run) -> JudgedLabelsRecord:
        """Label, judge, and write the data set."""
        units = gpaw_units(self.frames, self.asked, run.folder)
        troubles = run.units(units, task=TASK, title="labelling")
        names = frame_names(self.source, self.frames)
        taken: list[TakenStep] = []
        refused: list[RefusedFrame] = []
        holes: list[Atoms] = []
        n_steps = 0
        for number, (unit, frame, name) in enumerate(zip(units, self.frames, names, strict=True)):
            if unit.name in troubles:
                reasons: tuple[str, ...] = (troubles[unit.name],)
            else:
                calculation = gpaw_labels(unit)
                n_steps += len(calculation.steps)
                reasons = (calculation.cut or "GPAW gave no labels",)
                if calculation.steps:
                    step = calculation.steps[0]
                    reasons = judge(calculation, step, asked=frame, order=None, settings=self.asked)
                    if not reasons:
                        taken.append(TakenStep(
                            name=name, step=step, setup=calculation.setup, number=number, info=plain_info(frame)
                        ))  # fmt: skip
            if reasons:
                refused.append(RefusedFrame(frame=number, source=name, reason="; ".join(reasons)))
                holes.append(frame)
        if len(troubles) == len(units):
            raise ScienceError(
                f"no frame was labelled ({next(iter(troubles.values()))})", where=run.folder,
                remedy="see error.txt in units/",
            )  # fmt: skip
        judged = Judged(
            engine="gpaw", source=self.source, n_outputs=len(units), n_steps=n_steps, taken=taken, refused=refused,
            holes=holes, asked=self.asked, functional=self.asked.functional, warnings=left_aside(self.frames),
        )  # fmt: skip
        return record_of(judged, run, compare_with=self.compare_with)

    def forecast(self, cores: int | None) -> Forecast:
        """What the labels cost, by the size of each frame."""
        from paddlewheel.firstprinciples.gpaw.cost import gpaw_cost_s

        hours = {
            f"gpaw-{number:06d}": gpaw_cost_s(frame, self.asked) / 3600 for number, frame in enumerate(self.frames)
        }
        return Forecast.of_units(
            hours,
            cores=cores,
            inputs=(
                ("frames", f"{len(self.frames)} of {self.source}"),
                ("labelled by", f"{self.code}, settings {self.asked.name}"),
            ),
            n_atoms=max(map(len, self.frames)),
            disk_bytes=len(self.frames) * _BYTES_OF_A_LOG,
        )


def opened_for_gpaw(
    frames: str | Path | Sequence[Atoms] | Dataset, *, asked: CalculationSettings, compare_with: dict[str, Any] | None
) -> ByGpaw:
    """The frames read, and GPAW looked for.

    Raises
    ------
    SettingsError
        If GPAW is not installed, or cannot do what is asked for with these elements.
    """
    given = given_frames(frames)
    check_gpaw(asked, (symbol for frame in given for symbol in frame.get_chemical_symbols()))
    return ByGpaw(
        source=source_of(frames), frames=given, asked=asked, code=gpaw_version(),
        compare_with=compare_with,
    )  # fmt: skip
