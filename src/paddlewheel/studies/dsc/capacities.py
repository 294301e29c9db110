"""Heat capacities in the record of `dsc` and on its page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.lab.dsc.heat_capacity import HeatCapacity, sapphire_J_per_gK
from paddlewheel.lab.dsc.scan import ThermalScan
from paddlewheel.page.drawing import MUTED, series_styles
from paddlewheel.page.numbers import plain
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import value_cell
from paddlewheel.records import Citation
from paddlewheel.records.tables import Columns
from paddlewheel.studies.dsc.record import DscHeatCapacity, DscHeatStep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CAPACITY_CITATIONS = (
    Citation(what="heat capacity by three runs", reference="ASTM E1269"),
    Citation(what="heat capacity of sapphire", reference="Ditmars et al., J. Res. NBS 87, 159 (1982)"),
)  # fmt: skip
METHOD = (
    "Each run is set to zero by the line between its holds; sample less empty over sapphire less empty, times the "
    "masses and sapphire's heat capacity, is the sample's. The means over whole steps are by areas from hold to hold, "
    "which no lag moves. The error holds noise, a tenth of the offsets between the runs, masses, and 2.2 % of the "
    "method. A step in which the sample's run stands further from the empty one than half its signal is refused."
)


def capacity_record(run: str, sapphire: ThermalScan, capacity: HeatCapacity) -> DscHeatCapacity:
    """What the record says of a heat capacity."""
    return DscHeatCapacity(
        run=run,
        sapphire_mass_mg=sapphire.mass_mg or 0.0,
        steps=[
            DscHeatStep(
                start_C=step.start_C, end_C=step.end_C, rate_K_per_min=step.rate_K_per_min,
                mean_J_per_g_K=step.mean_J_per_gK, offsets_mW=step.offsets_mW, signal_mW=step.signal_mW,
                refused=step.refused,
            )
            for step in capacity.steps
        ],
        doubts=list(capacity.warnings),
    )  # fmt: skip


def capacity_table(capacities: Sequence[HeatCapacity]) -> dict[str, np.ndarray]:
    """Run (its place), temperature, heat capacity and standard uncertainty, a row a bin."""
    return {
        "run": np.concatenate([np.full(each.temperature_C.size, float(n)) for n, each in enumerate(capacities)]),
        "temperature_C": np.concatenate([each.temperature_C for each in capacities]),
        "heat_capacity_J_per_g_K": np.concatenate([each.heat_capacity_J_per_gK for each in capacities]),
        "std_J_per_g_K": np.concatenate([each.std_J_per_gK for each in capacities]),
    }


def draw_capacities(capacities: Sequence[DscHeatCapacity], table: Columns) -> Figure:
    """Heat capacities with their error bands, the means over whole steps, and sapphire's."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    panel = figure.subplots()
    for number, (capacity, style) in enumerate(zip(capacities, series_styles(len(capacities)), strict=True)):
        rows = table["run"] == number
        at, value, std = (table[name][rows] for name in ("temperature_C", "heat_capacity_J_per_g_K", "std_J_per_g_K"))
        panel.fill_between(at, value - std, value + std, color=style.colour, alpha=0.15, lw=0)
        panel.plot(at, value, color=style.colour, marker=".", ms=4, ls="none", label=capacity.run)
        for step in capacity.steps:
            if step.mean_J_per_g_K is not None:
                panel.plot([step.start_C, step.end_C], [step.mean_J_per_g_K.value] * 2, color=style.colour, lw=1.2)
    at = np.linspace(table["temperature_C"].min(), table["temperature_C"].max(), 100)
    panel.plot(at, sapphire_J_per_gK(at), color=MUTED, ls="--", lw=1.0, label="sapphire (table)")
    panel.set(xlabel="temperature (\u00b0C)", ylabel="heat capacity (J/(g K))")
    panel.set_ylim(bottom=0.0)
    panel.legend(loc="best")
    return figure


def capacity_page_table(capacities: Sequence[DscHeatCapacity]) -> Table | None:
    """The steps; None without any."""
    if not capacities:
        return None
    table = Table("Heat capacities (means over steps, \u00b1 68 %)",
                  [("Run", ""), ("From", "\u00b0C"), ("To", "\u00b0C"), ("Rate", "K/min"), ("Mean", "J/(g K)"),
                   ("Signal", "mW"), ("Offset before", "mW"), ("Offset after", "mW")])  # fmt: skip
    for capacity in capacities:
        for step in capacity.steps:
            table.rows.append(
                [Cell(capacity.run), Cell(plain(step.start_C, 4)), Cell(plain(step.end_C, 4)),
                 Cell(plain(step.rate_K_per_min, 3)), value_cell(step.mean_J_per_g_K), Cell(plain(step.signal_mW, 3)),
                 *(Cell(plain(offset, 3)) for offset in step.offsets_mW)]
            )  # fmt: skip
    return table
