"""How the labels of one frame change with the cut-off and the k-points, by GPAW."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddlewheel.firstprinciples.gpaw.calculator import check_gpaw, gpaw_version
from paddlewheel.firstprinciples.gpaw.convergence import convergence_plan, convergence_table
from paddlewheel.firstprinciples.setups import CalculationSettings
from paddlewheel.studies.label.by_jobs import asked_settings, cited
from paddlewheel.studies.label.given_frames import frame_names, frames_document, given_frames, source_of
from paddlewheel.studies.label.record import ConvergencePoint, ConvergenceRecord
from paddlewheel.studies.label.settings import LabelSettings
from paddlewheel.studies.simulation.gpaw_units import TASK, gpaw_labels, gpaw_units
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.run import Run
from paddlewheel.study.stage import failed_units
from paddlewheel.training.dataset import Dataset

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.execution import Unit

_USUAL_CUTOFFS, _USUAL_SPACINGS = (0.6, 0.8, 1.2, 1.4), (1.6, 1.25, 0.8, 0.6)
"""Times those of the settings."""


@dataclass(frozen=True, kw_only=True)
class Convergence:
    """The frame, and the calculations to be compared."""

    source: str
    frame: Atoms
    asked: CalculationSettings
    plan: list[CalculationSettings]
    code: str

    def document(self) -> dict[str, Any]:
        """The frame by its content, the program, and every calculation."""
        return {
            "frames": frames_document(self.source, [self.frame]),
            "engine": self.code,
            "settings": asdict(self.asked),
            "converge": [[each.cutoff_eV, each.k_spacing_per_A] for each in self.plan],
        }

    def measured(self, run: Run) -> ConvergenceRecord:
        """Calculate, and compare with the finest of each series."""
        units = self._units(run.folder)
        troubles = run.units(units, task=TASK, title="calculating")
        if troubles:
            raise failed_units(troubles, run.folder)
        rows = convergence_table(self.asked, self.plan, [gpaw_labels(unit) for unit in units])
        return ConvergenceRecord(
            engine=self.code,
            source=self.source,
            formula=self.frame.get_chemical_formula("metal"),
            n_atoms=len(self.frame),
            settings=asked_settings(self.asked),
            points=[ConvergencePoint(**asdict(row)) for row in rows],
            citations=cited(self.asked.functional),
            provenance=run.provenance(),
        )

    def forecast(self, cores: int | None) -> Forecast:
        """What the calculations cost, by their size."""
        from paddlewheel.firstprinciples.gpaw.cost import gpaw_cost_s

        hours = {_prefix(number) + "gpaw-000000": gpaw_cost_s(self.frame, each) / 3600 for number, each in
                 enumerate(self.plan)}  # fmt: skip
        inputs = (("frame", self.source), ("calculated by", f"{self.code}, settings {self.asked.name}"))
        return Forecast.of_units(hours, cores=cores, inputs=inputs, n_atoms=len(self.frame))

    def _units(self, folder: Path) -> list[Unit]:
        return [
            unit
            for number, each in enumerate(self.plan)
            for unit in gpaw_units([self.frame], each, folder, prefix=_prefix(number))
        ]


def opened_for_convergence(
    frames: str | Path | Sequence[Atoms] | Dataset, settings: LabelSettings, *, asked: CalculationSettings
) -> Convergence:
    """The first frame read, and the calculations planned.

    Raises
    ------
    SettingsError
        If GPAW is not installed or cannot do what is asked for with these elements, or nothing is refined.
    """
    first = given_frames(frames)[0]
    check_gpaw(asked, first.get_chemical_symbols())
    cutoffs = settings.cutoffs_eV or tuple(asked.cutoff_eV * times for times in _USUAL_CUTOFFS)
    spacings = settings.k_spacings_per_A or tuple(asked.k_spacing_per_A * times for times in _USUAL_SPACINGS)
    return Convergence(
        source=frame_names(source_of(frames), [first])[0], frame=first, asked=asked,
        plan=convergence_plan(asked, cutoffs, spacings), code=gpaw_version(),
    )  # fmt: skip


def _prefix(number: int) -> str:
    return f"converge-{number:02d}-"
