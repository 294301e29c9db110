"""The report of a distillation: one HTML file without network, from its record and the parity file beside it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

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
from paddlewheel.studies.distil.figures import (
    parity_figure,
    rounds_figure,
)
from paddlewheel.studies.distil.record import (
    DistilRecord,
    MeanErrors,
    read_distil_record,
)

if TYPE_CHECKING:
    from paddlewheel.page.drawing import Drawing

_ERRORS = [("Frames", ""), ("Energy", "meV/atom"), ("Forces", "eV/Å"), ("Stress", "GPa")]
_UNITS = {"energy_meV_per_atom": "meV/atom", "force_eV_per_A": "eV/Å", "stress_GPa": "GPa"}


def write_distil_report(directory: Path) -> Path:
    """Write `report.html` and `figures/` from `result.json` and `parity/test.npz`.

    Parameters
    ----------
    directory
        A run directory of `distil`.

    Returns
    -------
    Path
        Of `report.html`.

    Raises
    ------
    InputError
        If `result.json` is no distillation record, or the parity file is missing or damaged.
    RunDirectoryError
        If the directory cannot be written.
    """
    directory = Path(directory)
    record = read_distil_record(directory / "result.json")
    pairs = _read_pairs(directory / record.parity_file)
    path = directory / "report.html"
    with writing(path), house_style():
        save = partial(save_figure, folder=directory / "figures")
        rounds = save(
            rounds_figure(record), name="rounds",
            alt="Errors of each round's student on frames that it had not seen, and of the last one, with the gates.",
        )  # fmt: skip
        parity = save(
            parity_figure(record, pairs), name="parity",
            alt="The student's energies, forces and stresses against the teacher's, on frames that no fit saw.",
        )  # fmt: skip
        write_atomically(path, _render(record, rounds, parity))
    return path


def rounds_table(record: DistilRecord) -> Table:
    """What each round explored, and how well the student before it did there."""
    table = Table(
        "Rounds",
        [("Round", ""), ("Explored", "ps"), ("Broken runs", ""), ("Outside", "% of frames"), ("Largest grade", ""),
         ("Labelled", "frames"), ("Energy", "meV/atom"), ("Forces", "eV/Å"), ("Stress", "GPa")],
    )  # fmt: skip
    for row in record.rounds:
        share = "–" if row.extrapolating_share is None else plain(100 * row.extrapolating_share)
        grade = "–" if row.largest_grade is None else plain(row.largest_grade)
        table.rows.append(
            [
                Cell(str(row.number), row.explored_by),
                Cell(plain(row.explored_ps)),
                Cell(f"{len(row.broken_runs)} of {row.n_runs}"),
                Cell(share),
                Cell(grade),
                Cell(str(row.n_labelled), f"{row.n_refused} refused" if row.n_refused else ""),
                *_cells(row.errors_before)[1:],
            ]
        )
    return table


def errors_table(record: DistilRecord) -> Table:
    """Errors on the frames that were fitted, on those that were not, and on the latter by structure."""
    table = Table("Mean absolute errors against the teacher", [("Frames of", ""), *_ERRORS])
    table.rows.append([Cell("training"), *_cells(record.training_errors)])
    table.rows.append([Cell("test, all"), *_cells(record.test_errors)])
    table.rows.extend([Cell(f"test, {row.structure}"), *_cells(row.errors)] for row in record.test_errors_by_structure)
    return table


def _cells(errors: MeanErrors | None) -> list[Cell]:
    if errors is None:
        return [Cell("–")] * 4
    return [
        Cell(str(errors.n_frames)),
        Cell(plain(errors.energy_meV_per_atom)),
        Cell(plain(errors.force_eV_per_A)),
        Cell(plain(errors.stress_GPa)),
    ]


def _render(record: DistilRecord, rounds: Drawing, parity: Drawing) -> str:
    from markupsafe import Markup

    return (
        environment()
        .get_template("distillation.html.j2")
        .render(
            record=record,
            policy=content_policy(()),
            css=stylesheet(1),
            plain=plain,
            units=_UNITS,
            rounds_table=rounds_table(record),
            errors=errors_table(record),
            rounds=(Markup(rounds.svg), rounds.alt),
            parity=(Markup(parity.svg), parity.alt),
            form=[(name.replace("_", " "), plain(value)) for name, value in record.form.items()],
            settings=tables.settings_groups(record.provenance.settings),
            provenance=tables.provenance_rows(record.provenance),
        )
    )


def _read_pairs(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in ("energy_eV_per_atom", "forces_eV_per_A", "stress_eV_per_A3")}
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise InputError(
            f"cannot be read ({type(error).__name__}: {error})",
            where=path,
            remedy="remove result.json, run distil again",
        ) from error
