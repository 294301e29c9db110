"""The report of `window`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paddlewheel.page.drawing import BLUE, GRID, MUTED, ORANGE, Drawing
from paddlewheel.page.numbers import ABSENT, interval, kelvin, measured
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures, value_cell
from paddlewheel.records.tables import Beside
from paddlewheel.studies.hull.page import common_sections, error_in_words
from paddlewheel.studies.motion.page import unchecked_facts
from paddlewheel.studies.window.record import WindowRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figures(record: WindowRecord, _beside: Beside) -> Figures:
    """The figures of the report."""
    return {"ladder": (_ladder(record), "What is stable between which voltages.")}


def _ladder(record: WindowRecord) -> Figure:
    """The voltage ladder: what is stable between which voltages, and how many ions it has given off."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 0.75 * len(record.steps) + 1.7), layout="constrained")
    ax, right = figure.subplots(1, 2, width_ratios=(2.2, 1))
    top = max(step.voltage_V.value for step in record.steps)
    end = max(top * 1.25, top + 0.5, record.oxidation_limit_V.value + 0.5)
    right.axvspan(record.reduction_limit_V.value, record.oxidation_limit_V.value, color=BLUE, alpha=0.14, lw=0)
    ax.axvspan(record.reduction_limit_V.value, record.oxidation_limit_V.value, color=BLUE, alpha=0.14, lw=0)
    for level, step in enumerate(record.steps):
        low, high = step.voltage_V.value, min(step.to_V if step.to_V is not None else end, end)
        same = abs(step.ions_per_formula) < 1e-9
        colour = BLUE if same else ORANGE if step.ions_per_formula > 0 else MUTED
        ax.plot([low, high], [level, level], color=colour, lw=5, solid_capstyle="butt")
        ax.annotate(_short(step.reaction), (0, level), xytext=(2, 8), textcoords="offset points", fontsize=8)
        if level:
            ax.plot([low, low], [level - 1, level], color=GRID, lw=1)
            ax.annotate(f"{low:.2f} V", (low, level), xytext=(3, -11), textcoords="offset points", fontsize=8,
                        color=MUTED)  # fmt: skip
        right.plot([low, high], [step.ions_per_formula] * 2, color=colour, lw=2.5, solid_capstyle="butt")
    ax.set(xlim=(0, end), ylim=(-0.6, len(record.steps) - 0.1), yticks=[], xlabel=f"V against {record.ion}",
           title=f"{record.target}: what is stable")  # fmt: skip
    right.set(xlim=(0, end), xlabel=f"V against {record.ion}", title=f"{record.ion} given off, a formula unit")
    return figure


def _short(reaction: str, longest: int = 96) -> str:
    text = _subscripts_in_reaction(reaction)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _subscripts_in_reaction(reaction: str) -> str:
    """Digits after a letter or bracket are subscripts, amounts are not."""
    found, previous = [], " "
    for sign in reaction:
        sub = sign.isdigit() and (previous.isalpha() or previous == ")" or "\u2080" <= previous <= "\u2089")
        found.append(chr(0x2080 + int(sign)) if sub else sign)
        previous = found[-1]
    return "".join(found)


def page(record: WindowRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    low, high = record.reduction_limit_V, record.oxidation_limit_V
    numbers = [
        Number(
            name=name, value=measured(limit), unit=f"V against {record.ion}",
            note=f"95 %: {interval(limit.interval_95)} V" if limit.interval_95 else "",
        )
        for name, limit in (("reduction limit", low), ("oxidation limit", high))
    ]  # fmt: skip
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
    sections += common_sections(record.beside_published, record.beside_measured, record.inputs, record.left_out)
    return Page(
        eyebrow="Electrochemical stability window", title=record.target,
        facts=[
            ("Energies", record.engine),
            ("Their error", error_in_words(record.energy_error_meV_per_atom, record.shared_error)),
            ("System", "-".join(record.system)),
            ("Temperature", kelvin(record.temperature_K)), ("Mobile ion", f"{record.ion}, charge {record.charge_e:g}"),
            *unchecked_facts(record.unchecked),
        ],
        headline=f"{low.value:.2f} to {high.value:.2f} V against {record.ion}"
        + ("" if record.strict_window else ", for the phase lowered onto the hull"),
        tone="good" if high.value > low.value else "none", numbers=numbers,
        warnings=record.warnings, sections=sections,
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
                Cell(contact.other), Cell("closed" if contact.voltage_V is None else f"{contact.voltage_V:g}"),
                Cell(contact.reaction), Cell(f"{contact.energy_meV_per_atom:.0f}"),
            ]
            for contact in record.interfaces
        ],
    )  # fmt: skip
