"""Figures of `window`: the voltage ladder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paddlewheel.page.drawing import (
    BLUE,
    GRID,
    MUTED,
    ORANGE,
)
from paddlewheel.studies.window.record import (
    WindowRecord,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def ladder_figure(record: WindowRecord) -> Figure:
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
    for one in reaction:
        sub = one.isdigit() and (previous.isalpha() or previous == ")" or "\u2080" <= previous <= "\u2089")
        found.append(chr(0x2080 + int(one)) if sub else one)
        previous = found[-1]
    return "".join(found)
