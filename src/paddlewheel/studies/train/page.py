"""The report of a training run: one HTML file without network, from its record and the files that the record names."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import InputError, writing
from paddlewheel.page import tables
from paddlewheel.page.drawing import (
    house_style,
    save_figure,
)
from paddlewheel.page.numbers import plain
from paddlewheel.page.page import (
    content_policy,
    environment,
    stylesheet,
)
from paddlewheel.page.tables import (
    Cell,
    Table,
)
from paddlewheel.records import write_atomically
from paddlewheel.studies.train.figures import (
    curves_figure,
    parity_figure,
)
from paddlewheel.studies.train.record import (
    TrainingRecord,
    read_training_record,
)

if TYPE_CHECKING:
    from paddlewheel.page.drawing import Drawing

_PAPER = (("train", 20.96, 0.15, 1.54), ("test", 30.20, 0.16, 1.80))
"""The paper's own potential on its 5,595 r2SCAN labels (doi 10.1016/j.joule.2025.102130, Methods), as printed."""


def write_training_report(directory: Path) -> Path:
    """Write `report.html` and `figures/` from `result.json`, `progress.csv` and `parity/`.

    Parameters
    ----------
    directory
        A run directory of `train`.

    Returns
    -------
    Path
        Of `report.html`.

    Raises
    ------
    InputError
        If `result.json` is no training record, or a file that it names is missing or damaged.
    RunDirectoryError
        If the directory cannot be written.
    """
    directory = Path(directory)
    record = read_training_record(directory / "result.json")
    progress = _read_progress(directory / record.progress_file)
    pairs = {row.part: _read_pairs(directory / row.parity_file) for row in record.errors}
    path = directory / "report.html"
    with writing(path), house_style():
        save = partial(save_figure, folder=directory / "figures")
        curves = save(
            curves_figure(progress, best_epoch=record.best_epoch), name="curves",
            alt=f"Loss and errors against the epoch; the best of {record.epochs} is {record.best_epoch + 1}.",
        )  # fmt: skip
        parity = save(
            parity_figure(record, pairs), name="parity",
            alt="Predicted against labelled energies, forces and stresses of training and test frames.",
        )  # fmt: skip
        write_atomically(path, _render(record, curves, parity))
    return path


def errors_table(record: TrainingRecord) -> Table:
    """Mean absolute errors in the layout of the paper; its own numbers below ours where the elements are its own."""
    table = Table(
        "Mean absolute errors",
        [("Set", ""), ("Frames", ""), ("Energy", "meV/atom"), ("Forces", "eV/Å"), ("Stress", "meV/Å³"), ("", "GPa")],
    )
    for row in record.errors:
        table.rows.append(
            [
                Cell(row.part),
                Cell(str(row.n_frames)),
                Cell(plain(row.energy_mae_meV_per_atom), f"rmse {plain(row.energy_rmse_meV_per_atom)}"),
                Cell(plain(row.force_mae_eV_per_A), f"rmse {plain(row.force_rmse_eV_per_A)}"),
                Cell(plain(row.stress_mae_meV_per_A3), f"rmse {plain(row.stress_rmse_meV_per_A3)}"),
                Cell(plain(row.stress_mae_GPa), f"rmse {plain(row.stress_rmse_GPa)}"),
            ]
        )
    if set(record.elements) == {"Na", "B", "H"}:
        for part, energy, force, stress in _PAPER:
            numbers = (f"{energy:.2f}", f"{force:.2f}", f"{stress:.2f}", f"{stress * 0.16021766:.2f}")
            table.rows.append([Cell(f"paper, {part}"), Cell("–"), *(Cell(number) for number in numbers)])
    return table


def _render(record: TrainingRecord, curves: Drawing, parity: Drawing) -> str:
    from markupsafe import Markup

    return (
        environment()
        .get_template("training.html.j2")
        .render(
            record=record,
            policy=content_policy(()),
            css=stylesheet(1),
            test=record.errors_on("test"),
            plain=plain,
            errors=errors_table(record),
            curves=(Markup(curves.svg), curves.alt),
            parity=(Markup(parity.svg), parity.alt),
            references=[(symbol, f"{plain(value, 6)} eV") for symbol, value in record.element_references_eV.items()],
            reading=[*record.conventions.items(), *_agreement(record)],
            settings=tables.settings_groups(record.provenance.settings),
            provenance=tables.provenance_rows(record.provenance),
        )
    )


def _agreement(record: TrainingRecord) -> list[tuple[str, str]]:
    found = record.engine_agreement
    return [
        ("frames compared with matgl", str(found.n_frames)),
        ("largest difference in energy", f"{plain(found.energy_meV_per_atom, 2)} meV/atom"),
        ("largest difference in a force", f"{plain(found.force_eV_per_A, 2)} eV/Å"),
        ("largest difference in a stress", f"{plain(found.stress_meV_per_A3, 2)} meV/Å³"),
    ]


def _read_progress(path: Path) -> dict[str, np.ndarray]:
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise _unreadable(path, error) from error


def _read_pairs(path: Path) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in ("energy_eV_per_atom", "forces_eV_per_A", "stress_eV_per_A3")}
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError(
        f"cannot be read ({type(error).__name__}: {error})", where=path, remedy="remove result.json and run train again"
    )
