"""A study of nothing much, to look at the life that all studies share: the sum of numbers in files, times a factor."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.records import StudyRecord
from paddlewheel.study.run import Run
from paddlewheel.study.settings import Numbers, Settings, setting
from paddlewheel.study.study import Argument, Study

worked: list[float] = []
"""The factor of every time that work was done."""


class ToyRecord(StudyRecord):
    """The record of the toy."""

    kind: Literal["toy"] = "toy"
    total: float
    shares: list[float]


class ToySettings(Settings):
    """What the toy is told."""

    factor: float = setting(1.0, "What the sum is multiplied by", gt=0)
    powers: Numbers = setting((1.0, 2.0), "Powers to tabulate")
    label_K: float | None = setting(None, "Temperature of the label, K", ge=0)
    shown: int = setting(2, "How many shares the record has; may be changed later", ge=0, may_change=True)
    strict: bool = setting(False, "Refuse what only the work finds")


@dataclass(frozen=True)
class ToyInputs:
    """The numbers of the files."""

    values: np.ndarray
    digest: str

    def document(self) -> dict[str, Any]:
        """The numbers by their content."""
        return {"sha256": self.digest}


def _opens(files: Any, settings: ToySettings) -> ToyInputs:
    texts = [Path(file).read_text() for file in files]
    try:
        values = np.array([float(word) for text in texts for word in text.split()])
    except ValueError as error:
        raise DataError(f"no numbers ({error})", where=files[0], remedy="give numbers") from error
    return ToyInputs(values, hashlib.sha256("".join(texts).encode()).hexdigest())


def _measures(inputs: ToyInputs, settings: ToySettings, run: Run) -> ToyRecord:
    worked.append(settings.factor)
    if settings.strict:
        raise DataError("the work found it", where="numbers", remedy="be kinder")
    run.table("values.csv", {"value": inputs.values})
    run.text("note.txt", "made\n")
    total = float(inputs.values.sum()) * settings.factor
    shares = (inputs.values / inputs.values.sum()).tolist()
    return ToyRecord(total=total, shares=shares[: settings.shown], warnings=["toy"], provenance=run.provenance())


TOY = Study(
    command="toy",
    arguments=(Argument(name="files", metavar="FILE...", help="files of numbers", many=True),),
    settings=ToySettings,
    record=ToyRecord,
    opens=_opens,
    measures=_measures,
    says=lambda record: [f"total {record.total:g}"],
    failed=lambda record: record.total < 0,
    example="paddlewheel toy a.txt",
)


def figures(record: ToyRecord, beside: Any) -> dict[str, Any]:
    """The toy's one figure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4, 3))
    figure.subplots().plot(beside.columns("values.csv")["value"])
    return {"values": (figure, "The values.")}


def page(record: ToyRecord, _beside: Any, drawings: dict[str, Any]) -> Any:
    """The toy's report."""
    from paddlewheel.page.page import Page, Section

    return Page(
        eyebrow="toy", title="Toy", facts=[], headline=f"{record.total:g}", warnings=record.warnings,
        sections=[Section(id="values", title="Values", drawings=[(drawings["values"], "values")])],
        provenance=record.provenance,
    )  # fmt: skip


ToyRecord.page_module = lambda self: __name__  # type: ignore[method-assign]
