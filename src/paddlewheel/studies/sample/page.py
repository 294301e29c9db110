"""The reports of `sample` and `label`: one HTML file without network, from the record and the files it names."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import InputError, writing
from paddlewheel.page.drawing import (
    house_style,
    save_figure,
)
from paddlewheel.page.numbers import (
    kelvin,
    percent,
    plain,
)
from paddlewheel.page.tables import (
    Cell,
    Table,
)
from paddlewheel.records import (
    Measured,
    write_atomically,
)
from paddlewheel.studies.label.page import _draw_labels, _render, label_rows
from paddlewheel.studies.sample.figures import (
    map_figure,
    origin_figure,
)
from paddlewheel.studies.sample.record import (
    SamplingRecord,
    read_sampling_record,
)

_TEXT_COLUMNS = ("structure",)


def write_sampling_report(directory: Path) -> Path:
    """Write `report.html` and `figures/` of a run directory of `sample`, and return the path of the report.

    Raises
    ------
    InputError
        If `result.json` is no sampling record, or a file that it names is missing or damaged.
    RunDirectoryError
        If the directory cannot be written.
    """
    directory = Path(directory)
    record = read_sampling_record(directory / "result.json")
    columns = _read_map(directory / record.map_file)
    path = directory / "report.html"
    with writing(path), house_style():
        save = partial(save_figure, folder=directory / "figures")
        drawings = {
            "map": save(map_figure(record, columns), name="map", alt=_map_alt(record)),
            "origin": save(
                origin_figure(record, columns), name="origin",
                alt="The same map, a panel for each structure, coloured by temperature.",
            ),
        }  # fmt: skip
        if record.dataset is not None:
            drawings["labels"] = _draw_labels(directory, record.dataset, save)
        write_atomically(path, _render("sampling.html.j2", record, drawings, **_sampling_tables(record)))
    return path


def _sampling_tables(record: SamplingRecord) -> dict[str, Any]:
    structures = Table(
        "Relaxed structures",
        [("Structure", ""), ("Formula", ""), ("Atoms", ""), ("Steps", ""), ("Force left", "eV/Å"),
         ("Energy", "eV/atom"), ("Volume", "Å³"), ("Change", "")],
    )  # fmt: skip
    for one in record.structures:
        state = Cell(plain(one.largest_force_eV_per_A, 2), None if one.converged else "not converged")
        structures.rows.append(
            [Cell(one.name), Cell(one.formula), Cell(str(one.n_atoms)), Cell(str(one.relaxation_steps)), state,
             Cell(plain(one.energy_eV_per_atom, 5)), Cell(plain(one.volume_A3, 5)), Cell(f"{one.volume_change:+.1%}")]
        )  # fmt: skip
    runs = Table(
        "Runs of the grid",
        [("Structure", ""), ("Strain", ""), ("T asked", ""), ("Status", ""), ("Frames used", ""), ("Chosen", ""),
         ("Mean T", "K"), ("Mean pressure", "GPa")],
    )  # fmt: skip
    badge = {"ok": "ok", "cut": "warning", "broken": "broken"}
    for run in record.runs:
        runs.rows.append(
            [Cell(run.structure), Cell(f"{run.strain:+g}"), Cell(kelvin(run.temperature_K)),
             Cell(run.status, run.reason, badge[run.status]), Cell(f"{run.n_used} of {run.n_frames}"),
             Cell(str(run.n_selected)), Cell(plain(run.mean_temperature_K, 4)), Cell(plain(run.mean_pressure_GPa))]
        )  # fmt: skip
    coverage = Table(
        "Coverage by component", [("Component", ""), ("Of the variance", ""), ("DIRECT", ""), ("At random", "")]
    )
    choice = record.choice
    for number, share in enumerate(choice.explained_variance):
        coverage.rows.append(
            [Cell(str(number + 1)), Cell(percent(share)), Cell(percent(choice.coverage.direct[number])),
             Cell(_share(choice.coverage.random[number]))]
        )  # fmt: skip
    labels = label_rows(record.labels) if record.labels else []
    return {"structures": structures, "runs": runs, "coverage": coverage, "labels": labels}


def _share(quantity: Measured) -> str:
    return f"{100 * quantity.value:.0f} ± {100 * quantity.std:.0f} %"


def _map_alt(record: SamplingRecord) -> str:
    coverage = record.choice.coverage
    return (
        f"Map of {record.choice.n_candidates} candidates in the first two components, with those chosen by DIRECT "
        f"(coverage {percent(coverage.direct_mean)}) and as many at random ({percent(coverage.random_mean.value)})."
    )


def _read_map(path: Path) -> dict[str, np.ndarray]:
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return {
            name: np.array([row[name] if name in _TEXT_COLUMNS else float(row[name]) for row in rows])
            for name in rows[0]
        }
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise InputError(
            f"cannot be read ({type(error).__name__}: {error})", where=path,
            remedy="remove result.json and run sample again",
        ) from error  # fmt: skip
