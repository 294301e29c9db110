"""The report of `window`."""

from __future__ import annotations

from pathlib import Path

from paddlewheel.page.drawing import Drawing
from paddlewheel.page.numbers import (
    ABSENT,
    kelvin,
    measured,
)
from paddlewheel.page.page import (
    Number,
    Page,
    Section,
)
from paddlewheel.page.tables import (
    Cell,
    Table,
)
from paddlewheel.page.write import (
    value_cell,
    write_page,
)
from paddlewheel.records import read_record
from paddlewheel.studies.hull.page import common_sections
from paddlewheel.studies.window.figures import (
    ladder_figure,
)
from paddlewheel.studies.window.record import (
    WindowRecord,
)


def write_window_report(directory: Path) -> Path:
    """Write `report.html` and `figures/` from the record of `window`.

    Raises
    ------
    InputError
        If `result.json` is no such record.
    RunDirectoryError
        If the directory cannot be written.
    """
    directory = Path(directory)
    record = read_record(directory / "result.json", WindowRecord, made_by="window")
    return write_page(
        directory, lambda: {"ladder": (ladder_figure(record), "What is stable between which voltages.")},
        lambda drawings: _window_page(record, drawings),
    )  # fmt: skip


def _window_page(record: WindowRecord, drawings: dict[str, Drawing]) -> Page:
    low, high = record.reduction_limit_V, record.oxidation_limit_V
    numbers = [
        Number(name="reduction limit", value=measured(low), unit=f"V against {record.ion}"),
        Number(name="oxidation limit", value=measured(high), unit=f"V against {record.ion}"),
    ]
    if record.reduction_limit_V_vs_reference and record.oxidation_limit_V_vs_reference:
        numbers.append(
            Number(
                name=f"against {record.reference}",
                value=f"{record.reduction_limit_V_vs_reference.value:.2f} to "
                f"{record.oxidation_limit_V_vs_reference.value:.2f}",
                unit="V", note=f"{record.reference} at {record.reference_potential_V:g} V",
            )
        )  # fmt: skip
    sections = [
        Section(
            id="ladder", title="Voltage ladder",
            paragraphs=[] if record.strict_window else [
                f"{record.target} is {measured(record.driving_force_meV_per_atom)} meV/atom above the hull: it is "
                "lowered onto it here, as is usual for metastable phases. Blue is where no ions are exchanged."
            ],
            drawings=[(drawings["ladder"], "Each bar: what is stable between these voltages, from one formula unit.")],
            tables=[_step_table(record), _interface_table(record)],
        )
    ]  # fmt: skip
    sections += common_sections(record.beside_published, record.inputs, record.left_out)
    return Page(
        eyebrow="Electrochemical stability window", title=record.target,
        facts=[
            ("Energies", record.engine), ("System", "-".join(record.system)),
            ("Temperature", kelvin(record.temperature_K)), ("Mobile ion", record.ion),
        ],
        headline=f"{low.value:.2f} to {high.value:.2f} V against {record.ion}"
        + ("" if record.strict_window else ", for the phase lowered onto the hull"),
        tone="good" if high.value > low.value else "none", numbers=numbers, warnings=record.warnings, sections=sections,
        citations=record.citations, provenance=record.provenance,
    )  # fmt: skip


def _step_table(record: WindowRecord) -> Table:
    return Table(
        "Reactions of one formula unit; capacity positive where ions are given off, volume of the solids without the "
        "metal.",
        [("From", f"V vs {record.ion}"), ("To", "V"), ("Reaction", ""), (record.ion, "a formula"),
         ("Capacity", "mAh/g"), ("Volume", "%")],
        [
            [
                value_cell(step.voltage_V), Cell(ABSENT if step.to_V is None else f"{step.to_V:.3g}"),
                Cell(step.reaction),
                Cell(f"{step.ions_per_formula:+.3g}"), Cell(f"{step.capacity_mAh_per_g:+.0f}"),
                Cell(ABSENT if step.volume_change is None else f"{100 * step.volume_change:+.1f}"),
            ]
            for step in record.steps
        ],
    )  # fmt: skip


def _interface_table(record: WindowRecord) -> Table | None:
    if not record.interfaces:
        return None
    return Table(
        "Reactions with phases that it touches, per atom of both.",
        [("With", ""), ("At", f"V vs {record.ion}"), ("Reaction", ""), ("Energy", "meV/atom")],
        [
            [
                Cell(one.other), Cell("closed" if one.voltage_V is None else f"{one.voltage_V:g}"), Cell(one.reaction),
                Cell(f"{one.energy_meV_per_atom:.0f}"),
            ]
            for one in record.interfaces
        ],
    )  # fmt: skip
