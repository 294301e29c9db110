"""The report of `train`."""

from __future__ import annotations

from markupsafe import Markup

from paddlewheel.page.drawing import Drawing
from paddlewheel.page.numbers import plain
from paddlewheel.page.page import Number, Page, Pairs, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside
from paddlewheel.studies.train.figures import curves_figure, parity_figure
from paddlewheel.studies.train.record import TrainingErrors, TrainingRecord
from paddlewheel.units import eV_PER_A3_IN_GPA

_PAPER = (("train", 20.96, 0.15, 1.54), ("test", 30.20, 0.16, 1.80))
"""The paper's own potential on its 5,595 r2SCAN labels (doi 10.1016/j.joule.2025.102130, Methods), as printed."""
_MOST_ELEMENTS = 12
_SPLITS = {
    "source": "Test frames are of sources (runs, trajectories, structures) of which no frame was fitted.",
    "block": "Test frames are the last ones of each source: of the same runs as those fitted, after them.",
    "random": "Test frames were drawn at random from the same runs as the training frames and are neighbours of them: "
    "errors on another trajectory, structure or temperature are larger as a rule.",
}


def figures(record: TrainingRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    pairs = {row.part: beside.arrays(row.parity_file) for row in record.errors}
    return {
        "curves": (
            curves_figure(beside.columns(record.progress_file), best_epoch=record.best_epoch),
            f"Loss and errors against the epoch; the best of {record.epochs} is {record.best_epoch + 1}.",
        ),
        "parity": (
            parity_figure(record, pairs),
            "Predicted against labelled energies, forces and stresses of training and test frames.",
        ),
    }


def page(record: TrainingRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    test = record.errors_on("test")
    return Page(
        eyebrow="training of a potential",
        title=f"{record.architecture} for {_elements(record)}",
        facts=[
            ("Labels", f"{record.engine}, {record.functional}"),
            ("Start", record.start_from or "a new network"),
            ("Parameters", f"{record.n_parameters:,}"),
        ],
        headline=f"On {test.n_frames} test frames that no step of the training saw",
        numbers=_numbers(test),
        remarks=[
            Markup(
                "The potential is the one of epoch {} of {}, whose loss on the validation frames was the lowest "
                "({:.0f} s in all). It lies in <code>{}/</code>; give that folder as --potential."
            ).format(record.best_epoch + 1, record.epochs, record.seconds, record.potential),
            Markup("{} <code>paddlewheel validate</code> measures what counts in use.").format(_SPLITS[record.split]),
        ],
        warnings=record.warnings,
        sections=[
            Section(
                id="errors",
                title="Errors",
                drawings=[
                    (
                        drawings["parity"],
                        "Blue: frames that were fitted or chose the best epoch; orange: test frames. Stress: all nine "
                        "components, positive under tension. At most 20,000 points of each kind are drawn; the errors "
                        "are of all.",
                    )
                ],
                tables=[errors_table(record), _source_table(record)],
            ),
            Section(
                id="curves",
                title="Loss by epoch",
                drawings=[
                    (
                        drawings["curves"],
                        "Means over the batches of an epoch, for the training frames while the weights change. Dotted: "
                        "the best epoch.",
                    )
                ],
            ),
            Section(
                id="reading",
                title="How it is read",
                groups=[
                    Pairs(
                        title="conventions, in model.json, and agreement with matgl in float64",
                        rows=[*record.conventions.items(), *_agreement(record)],
                    ),
                    Pairs(
                        title="element references",
                        rows=[(symbol, f"{plain(eV, 6)} eV") for symbol, eV in record.element_references_eV.items()],
                    ),
                ],
            ),
            Section(id="data", title="Data", tables=[_data_table(record)]),
        ],
        citations=record.citations,
        provenance=record.provenance,
        footer="The same numbers, unrounded, are in result.json; labels and predictions in parity/, losses in "
        f"{record.progress_file}.",
    )


def _elements(record: TrainingRecord) -> str:
    more = len(record.elements) - _MOST_ELEMENTS
    return ", ".join(record.elements[:_MOST_ELEMENTS]) + (f" and {more} more" if more > 0 else "")


def _numbers(test: TrainingErrors) -> list[Number]:
    return [
        Number(name="Energy", value=plain(test.energy_mae_meV_per_atom), unit="meV/atom", note="mean absolute error"),
        Number(name="Forces", value=plain(test.force_mae_eV_per_A), unit="eV/Å",
               note="mean absolute error of a component"),
        Number(name="Stress", value=plain(test.stress_mae_GPa), unit="GPa", note="mean absolute error of a component"),
    ]  # fmt: skip


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
            numbers = (f"{energy:.2f}", f"{force:.2f}", f"{stress:.2f}", f"{stress * eV_PER_A3_IN_GPA / 1000:.2f}")
            table.rows.append([Cell(f"paper, {part}"), Cell("–"), *(Cell(number) for number in numbers)])
    return table


def _source_table(record: TrainingRecord) -> Table | None:
    if not record.errors_by_source:
        return None
    return Table(
        "Test frames by what they come from: mean absolute errors",
        [("Source", ""), ("Frames", ""), ("of it fitted", ""), ("Energy", "meV/atom"), ("Forces", "eV/Å"),
         ("Stress", "GPa")],
        [
            [
                Cell(row.source), Cell(str(row.n_frames)), Cell(str(row.n_fitted)),
                Cell(plain(row.energy_mae_meV_per_atom)), Cell(plain(row.force_mae_eV_per_A)),
                Cell(plain(row.stress_mae_GPa)),
            ]
            for row in record.errors_by_source
        ],
    )  # fmt: skip


def _agreement(record: TrainingRecord) -> list[tuple[str, str]]:
    found = record.engine_agreement
    return [
        ("frames compared with matgl", str(found.n_frames)),
        ("largest difference in energy", f"{plain(found.energy_meV_per_atom, 2)} meV/atom"),
        ("largest difference in a force", f"{plain(found.force_eV_per_A, 2)} eV/Å"),
        ("largest difference in a stress", f"{plain(found.stress_meV_per_A3, 2)} meV/Å³"),
    ]


def _data_table(record: TrainingRecord) -> Table:
    table = Table("Data sets", [("Name", ""), ("Frames", ""), ("Engine", ""), ("Functional", "")])
    for each in record.datasets:
        table.rows.append([Cell(each.name), Cell(str(each.n_frames)), Cell(each.engine), Cell(each.functional)])
    return table
