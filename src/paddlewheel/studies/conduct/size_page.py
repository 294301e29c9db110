"""The part of a `conduct` report on the size of the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import PAPER, series_colours
from paddlewheel.page.numbers import ABSENT, interval, kelvin, measured, percent, plain
from paddlewheel.page.tables import Cell, Table
from paddlewheel.studies.conduct.naming import STATUS_WORDS
from paddlewheel.studies.conduct.record import SizeResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CAPTION = "D in each cell; bars: 68 %. Dashed: ln D linear in 1/N; diamonds: where it ends, in an infinite cell."


def size_figure(sizes: SizeResult) -> Figure | None:
    """D against 1/N with error bars, a colour for each temperature; None where nothing has a value."""
    from matplotlib.figure import Figure

    if not any(cell.diffusivity_cm2_per_s for row in sizes.temperatures for cell in row.cells):
        return None
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.subplots()
    atoms = sorted({cell.n_atoms for row in sizes.temperatures for cell in row.cells})
    for row, colour in zip(sizes.temperatures, series_colours(len(sizes.temperatures)), strict=True):
        known = [(cell.n_atoms, value) for cell in row.cells if (value := cell.diffusivity_cm2_per_s) is not None]
        if not known:
            continue
        axes.errorbar(
            [1.0 / n for n, _ in known], [value.value for _, value in known],
            yerr=np.array([value.bar_68 for _, value in known]).T,
            fmt="o", ms=5.0, color=colour, elinewidth=1.8, label=kelvin(row.temperature_K),
        )  # fmt: skip
        end = row.extrapolated_cm2_per_s
        if end is not None:
            x, logs = np.array([1.0 / n for n, _ in known]), np.log([value.value for _, value in known])
            weights = np.array([np.arcsinh(value.std / value.value) for _, value in known]) ** -2.0
            slope = float(np.sum(weights * x * (logs - np.log(end.value))) / np.sum(weights * x**2))
            along = np.array([0.0, x.max()])
            axes.plot(along, end.value * np.exp(slope * along), color=colour, lw=1.0, ls=(0, (4, 3)))
            axes.errorbar(
                0.0, end.value, yerr=np.array([end.bar_68]).T, fmt="D", ms=6.0, color=colour, mfc=PAPER, elinewidth=1.8
            )
    axes.set_yscale("log")
    axes.set_xticks([0.0, *(1.0 / n for n in reversed(atoms))], ["0", *(f"1/{n}" for n in reversed(atoms))])
    axes.margins(x=0.08, y=0.12)
    axes.set_xlabel("1 / N, atoms in the cell")
    axes.set_ylabel("D  (cm²/s)")
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="outside right center")
    return figure


def size_table(sizes: SizeResult) -> Table:
    """D of each cell side by side, pooled and extrapolated."""
    names = {cell.size: cell.n_atoms for row in sizes.temperatures for cell in row.cells}
    table = Table(
        "Diffusivity by the size of the cell",
        [
            ("T", "K"),
            *((f"{name}, {n_atoms} atoms", "cm²/s") for name, n_atoms in names.items()),
            ("One D: chance", ""),
            ("Pooled", "cm²/s"),
            ("Infinite cell", "cm²/s"),
        ],
    )
    for row in sizes.temperatures:
        by_name = {cell.size: cell for cell in row.cells}
        table.rows.append(
            [
                Cell(f"{row.temperature_K:g}"),
                *(
                    Cell(measured(by_name[name].diffusivity_cm2_per_s), _why(by_name[name].status))
                    if name in by_name
                    else Cell(ABSENT)
                    for name in names
                ),
                Cell(percent(row.probability), f"χ²/dof {plain(row.chi2_per_dof, 2)}" if row.chi2_per_dof else None),
                Cell(measured(row.pooled_cm2_per_s), _ends(row.pooled_cm2_per_s)),
                Cell(measured(row.extrapolated_cm2_per_s), _ends(row.extrapolated_cm2_per_s)),
            ]
        )
    return table


def _why(status) -> str | None:
    return None if status == "ok" else STATUS_WORDS[status]


def _ends(value) -> str | None:
    return f"95 %: {interval(value.interval_95)}" if value is not None and value.interval_95 else None
