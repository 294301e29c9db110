"""The report of a validation: one HTML file without network, from the record and the curves of a run directory."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import writing
from paddlewheel.page.drawing import (
    Drawing,
    house_style,
    save_figure,
)
from paddlewheel.page.numbers import enumeration
from paddlewheel.page.page import (
    content_policy,
    environment,
    stylesheet,
)
from paddlewheel.page.tables import (
    provenance_rows,
    settings_groups,
)
from paddlewheel.records import write_atomically
from paddlewheel.records.tables import (
    Columns,
    read_columns,
)
from paddlewheel.studies.validate import figures as draw
from paddlewheel.studies.validate import page_tables as tables
from paddlewheel.studies.validate.record import (
    ValidationRecord,
    read_validation_record,
)

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure


def write_validation_report(directory: Path) -> Path:
    """Write `report.html` and `figures/` from `result.json` and the curves that it names.

    Raises
    ------
    InputError
        If `result.json` is no validation record, or a curve is missing or damaged.
    RunDirectoryError
        If the directory cannot be written.
    """
    directory = Path(directory)
    record = read_validation_record(directory / "result.json")
    curves = {name: read_columns(directory / file, made_by="validate") for name, file in record.curves.items()}
    path = directory / "report.html"
    with writing(path), house_style():
        drawings = {
            name: save_figure(figure, directory / "figures", name, alt)
            for name, (figure, alt) in _figures(record, curves).items()
        }
        write_atomically(path, _render(record, drawings))
    return path


def _figures(record: ValidationRecord, curves: dict[str, Columns]) -> dict[str, tuple[Figure, str]]:
    """Each figure with its text alternative, by name."""

    def by_phase(prefix: str) -> dict[str, Columns]:
        return {
            phase.name: curves[f"{prefix}-{phase.name}"]
            for phase in record.phases
            if f"{prefix}-{phase.name}" in curves
        }

    figures: dict[str, tuple[Figure, str]] = {}
    if "parity-energy" in curves:
        figures["parity"] = (
            draw.parity_figure(curves["parity-energy"], curves["parity-force"], record.errors),
            "Energies and force components of the candidate against the labels.",
        )
    for name, what, figure in (
        ("eos", "Energy against volume", draw.state_figure),
        ("phonons", "Phonon density of states", draw.phonon_figure),
    ):
        found = by_phase(name)
        if found:
            figures[name] = figure(found), f"{what} of {enumeration(found)}, both potentials."
    for phase, columns in by_phase("radial").items():
        figures[f"radial-{phase}"] = draw.radial_figure(columns), f"g(r) of each pair in {phase}, both potentials."
    for phase, columns in by_phase("spectrum").items():
        figures[f"spectrum-{phase}"] = (
            draw.spectrum_figure(columns, highest_per_cm=_highest(columns)),
            f"Vibrational spectra of the anions of {phase}, both potentials.",
        )
    msd = _msd(record, curves)
    if msd:
        figures["diffusion"] = (
            draw.diffusion_figure(msd, record.diffusion),
            "Mean squared displacement and diffusivity, both potentials.",
        )
    return figures


def _highest(columns: Columns) -> float:
    """Where the last hundredth of the reference's power begins, and a quarter more."""
    x = columns["wavenumber_per_cm"]
    last = 0.0
    for name, power in columns.items():
        if name.endswith("_reference") and power.sum() > 0:
            last = max(last, float(x[np.searchsorted(np.cumsum(power), 0.99 * power.sum())]))
    return 1.25 * last


def _msd(record: ValidationRecord, curves: dict[str, Columns]) -> dict[float, dict[str, Columns]]:
    found: dict[float, dict[str, Columns]] = {}
    for row in record.diffusion:
        name = f"msd-{row.temperature_K:g}K-{row.potential}"
        if name in curves:
            found.setdefault(row.temperature_K, {})[row.potential] = curves[name]
    return found


def _headline(record: ValidationRecord) -> str:
    verdicts = [gate.verdict for gate in record.gates]
    failed, passed, left = (verdicts.count(word) for word in ("fail", "pass", "not-run"))
    if not failed and not passed:
        return "Nothing was compared"
    judged = failed + passed
    first = f"{failed} of {judged} gates failed" if failed else f"All {judged} gates passed"
    return f"{first}; {left} not run" if left else first


def _render(record: ValidationRecord, drawings: dict[str, Drawing]) -> str:

    inline = partial(_inline, drawings)
    return environment().get_template("validation.html.j2").render(
        record=record,
        policy=content_policy(()),
        css=stylesheet(1),
        headline=_headline(record),
        tone="" if record.passed and any(gate.verdict == "pass" for gate in record.gates) else "none",
        gates=tables.gate_table(record.gates),
        sections=[
            ("set", "Errors on the set", inline("parity"), tables.error_tables(record.errors), _set_note(record)),
            ("eos", "Equation of state", inline("eos"), [tables.state_table(record)],
             "Each curve from its own minimum."),
            ("lattice", "Lattice and density", [], [tables.lattice_table(record)], ""),
            ("phonons", "Phonons", inline("phonons"), [tables.phonon_table(record)],
             "Density of states of the unit cell, each mode widened by 10 cm⁻¹; imaginary modes are negative."),
            ("radial", "Radial distributions", inline("radial"), [tables.radial_table(record)], ""),
            ("spectra", "Vibrational spectra", inline("spectrum"), [tables.band_table(record)],
             "Power of the velocities of the anions' atoms. With a time step of 1 fs a B–H stretch stands 0.9 % too "
             "high, in both potentials."),
            ("diffusion", "Diffusion", inline("diffusion"), [tables.diffusion_table(record)], ""),
            ("bonds", "Polyanions", [], [tables.bond_table(record)], ""),
        ],
        settings=settings_groups(record.provenance.settings),
        provenance=provenance_rows(record.provenance),
    )  # fmt: skip


def _set_note(record: ValidationRecord) -> str:
    if record.compared_set is None:
        return ""
    one = record.compared_set
    functional = f" ({one.functional})" if one.functional else ""
    return f"{one.n_frames} frames, {one.name}; labels of {one.labels}{functional}."


def _inline(drawings: dict[str, Drawing], prefix: str) -> list[tuple[Markup, str]]:
    from markupsafe import Markup

    return [
        (Markup(drawing.svg), drawing.alt)
        for name, drawing in drawings.items()
        if name == prefix or name.startswith(f"{prefix}-")
    ]
