"""The page of `label`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import writing
from paddlewheel.page import tables
from paddlewheel.page.drawing import (
    house_style,
    save_figure,
)
from paddlewheel.page.numbers import (
    percent,
    plain,
)
from paddlewheel.page.page import (
    content_policy,
    environment,
    stylesheet,
)
from paddlewheel.records import (
    write_atomically,
)
from paddlewheel.studies.label.figures import (
    labels_figure,
)
from paddlewheel.studies.label.record import (
    LabelRange,
    LabelRecord,
    WrittenSet,
    read_label_record,
)
from paddlewheel.studies.sample.record import (
    SamplingRecord,
)
from paddlewheel.units import eV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from paddlewheel.page.drawing import Drawing


def write_label_report(directory: Path) -> Path:
    """Write `report.html` and `figures/` of a run directory of `label`; see `write_sampling_report`."""
    directory = Path(directory)
    record = read_label_record(directory / "result.json")
    path = directory / "report.html"
    with writing(path), house_style():
        save = partial(save_figure, folder=directory / "figures")
        drawings = {"labels": _draw_labels(directory, record.dataset, save)}
        write_atomically(path, _render("labels.html.j2", record, drawings, labels=label_rows(record.labels)))
    return path


def label_rows(labels: LabelRange) -> list[tuple[str, str]]:
    """The span of the labels as (name, value)."""
    low, high = labels.energy_eV_per_atom
    return [
        ("energy", f"{plain(low, 5)} to {plain(high, 5)} eV/atom"),
        ("largest force component", f"{plain(labels.largest_force_eV_per_A)} eV/Å"),
        ("pressure", f"{plain(labels.pressure_GPa[0])} to {plain(labels.pressure_GPa[1])} GPa"),
    ]


def _draw_labels(directory: Path, written: WrittenSet, save: Any) -> Drawing:
    from paddlewheel.training.dataset import read_dataset

    frames = read_dataset(directory / written.file).frames
    results = [(len(frame), frame.get_volume(), frame.calc.results) for frame in frames if frame.calc is not None]
    figure = labels_figure(
        np.array([volume / n for n, volume, _ in results]),
        np.array([float(one["energy"]) / n for n, _, one in results]),
        np.array([-float(one["stress"][:3].mean()) * eV_PER_A3_IN_GPA for _, _, one in results]),
        [str(frame.info.get("structure", frame.symbols.formula.reduce()[0].format("metal"))) for frame in frames],
    )
    return save(figure, name="labels", alt="Energy and pressure of the labelled frames against their volume.")


def _render(template: str, record: SamplingRecord | LabelRecord, drawings: dict[str, Drawing], **values: Any) -> str:
    from markupsafe import Markup

    count = len({run.temperature_K for run in record.runs}) if isinstance(record, SamplingRecord) else 1
    return (
        environment()
        .get_template(template)
        .render(
            record=record,
            policy=content_policy(()),
            css=stylesheet(max(1, count)),
            drawings={name: (Markup(drawing.svg), drawing.alt) for name, drawing in drawings.items()},
            percent=percent,
            plain=plain,
            settings=tables.settings_groups(record.provenance.settings),
            provenance=tables.provenance_rows(record.provenance),
            **values,
        )
    )
