"""The report of `van-hove`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import BLUE, INK, Drawing, series_colours
from paddlewheel.page.numbers import measured, plain
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures, value_cell
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.motion.page import facts
from paddlewheel.studies.van_hove.record import ALPHA_2, DISTINCT, SELF, VanHoveRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CURVES = 7
_ROWS = 14


def figures(record: VanHoveRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    ion = record.specie
    return {
        "van-hove": (
            _functions(record, beside.columns(SELF), beside.columns(DISTINCT)),
            f"Self and distinct part of the van Hove function of {ion} at several times.",
        ),
        "alpha2": (_alpha(beside.columns(ALPHA_2)), f"Non-Gaussian parameter of {ion} against time."),
    }


def _functions(record: VanHoveRecord, own: Columns, others: Columns) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    chosen = _spread(np.unique(own["lag_ps"]))
    far = 0.0
    for lag, colour in zip(chosen, series_colours(len(chosen)), strict=True):
        row = own["lag_ps"] == lag
        r, density, std = own["r_A"][row], own["per_A"][row], own["std_per_A"][row]
        left.plot(r, density, color=colour, lw=1.4, label=f"{lag:.3g} ps")
        left.fill_between(r, density - std, density + std, color=colour, alpha=0.2, lw=0)
        far = max(far, float(r[np.searchsorted(np.cumsum(density) / max(density.sum(), 1e-300), 0.995)]))
    left.set(
        xlim=(0, far * 1.05), xlabel="displacement r  (Å)", ylabel=r"4πr² $G_\mathrm{s}$  (1/Å)", title="Self part"
    )
    left.set_ylim(bottom=0, top=_height(own, chosen))
    left.legend(title="after", loc="upper right")
    known = _spread(np.unique(others["lag_ps"]))
    for lag, colour in zip(known, series_colours(len(known)), strict=True):
        row = others["lag_ps"] == lag
        r, g, std = others["r_A"][row], others["relative"][row], others["std_relative"][row]
        _band(right, r, g, std, colour, f"{lag:.3g} ps")
    right.axhline(1.0, color=INK, lw=0.9, ls=(0, (4, 3)))
    right.set(xlim=(0, record.distinct_range_A), title="Distinct part")
    right.set(xlabel="distance r  (Å)", ylabel=r"$G_\mathrm{d}$ over the mean density")
    # the first bins hold next to no volume, and an error larger than all the rest: it does not set the height
    right.set_ylim(bottom=0, top=1.45 * max(float(np.nanmax(others["relative"])), 1.0))
    right.legend(title="after", loc="upper right", ncols=2)
    return figure


def _height(own: Columns, chosen: np.ndarray) -> float:
    """So high that all but the sharpest curves fit: those of short times are narrow peaks."""
    tops = [own["per_A"][own["lag_ps"] == lag].max() for lag in chosen]
    return 1.15 * float(np.sort(tops)[-2:].min()) if len(tops) > 2 else 1.15 * float(max(tops))


def _alpha(table: Columns) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.2), layout="constrained")
    axes = figure.subplots()
    _band(axes, table["lag_ps"], table["alpha_2"], table["std"], BLUE, "")
    axes.axhline(0.0, color=INK, lw=0.9, ls=(0, (4, 3)))
    axes.set_xscale("log")
    axes.set(xlabel="time lag  (ps)", ylabel="α₂", title="Non-Gaussian parameter, with its standard error")
    return figure


def _band(axes: Axes, x: np.ndarray, y: np.ndarray, std: np.ndarray, colour: str, label: str) -> None:
    axes.plot(x, y, color=colour, lw=1.4, label=label)
    axes.fill_between(x, y - std, y + std, color=colour, alpha=0.2, lw=0)


def _spread(lags: np.ndarray) -> np.ndarray:
    """Some of the lags, evenly over their order, the first and the last among them."""
    return lags[np.unique(np.linspace(0, lags.size - 1, min(_CURVES, lags.size)).astype(int))]


def page(record: VanHoveRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    last = record.lags[-1]
    if record.alpha_2_peak is not None and record.alpha_2_peak.value > 2 * record.alpha_2_peak.std:
        headline = (
            f"{record.specie} moves heterogeneously: α₂ peaks at {measured(record.alpha_2_peak)} "
            f"after {plain(record.alpha_2_peak_lag_ps)} ps"
        )
    else:
        headline = f"Within its error α₂ of {record.specie} is not above 0 at any time: displacements look Gaussian"
    numbers = [
        Number(name="largest α₂", value=measured(record.alpha_2_peak),
               note=f"after {plain(record.alpha_2_peak_lag_ps)} ps"),
        Number(name="most probable displacement", value=plain(last.most_probable_A), unit="Å",
               note=f"after {plain(last.lag_ps)} ps"),
    ]  # fmt: skip
    end = record.vacated_site[-1] if record.vacated_site else None
    if end is not None and end.relative_density is not None:
        numbers.append(
            Number(
                name=f"others within {record.within_A:g} Å of the old place",
                value=measured(end.relative_density),
                unit="of the mean density",
                note=f"after {plain(end.lag_ps)} ps",
            )
        )
    return Page(
        eyebrow="van Hove functions",
        title=f"Where {record.specie} goes in {record.formula}",
        facts=facts(record),
        headline=headline,
        numbers=numbers,
        warnings=record.warnings,
        sections=[
            Section(
                id="functions",
                title="van Hove functions",
                paragraphs=[
                    f"Left: how far an ion has gone, over {record.n_ions} ions and "
                    f"{_origins(record)}; each curve has the area 1. A second peak at the distance of a site is a "
                    "jump. Right: where the other ions are around the place an ion had; it fills up near 0 as others "
                    "take that place.",
                ],
                drawings=[
                    (
                        drawings["van-hove"],
                        "Bands are standard errors: over ions (left), stretches of time (right). Left: the narrow peak "
                        "of the shortest times is cut off. Right: a rise at short times towards "
                        f"{record.distinct_range_A:.3g} Å is the ion's own periodic image where the lattice is that "
                        "short, not another ion.",
                    )
                ],
            ),
            Section(
                id="non-gaussian",
                title="Non-Gaussian parameter",
                paragraphs=["0 for Gaussian displacements; positive where few ions have gone far and most have not."],
                drawings=[(drawings["alpha2"], "Errors from leaving out one ion after the other.")],
                tables=[_lag_table(record), _site_table(record)],
            ),
        ],
        citations=record.citations,
        provenance=record.provenance,
        n_series=_CURVES,
    )


def _origins(record: VanHoveRecord) -> str:
    return "all origins" if record.origin_stride == 1 else f"every {record.origin_stride}th frame as origin"


def _lag_table(record: VanHoveRecord) -> Table:
    table = Table("Self part (all times in alpha2.csv and self.csv)",
                  [("Time lag", "ps"), ("MSD", "Å²"), ("α₂", ""), ("Most probable displacement", "Å")])  # fmt: skip
    for index in np.unique(np.linspace(0, len(record.lags) - 1, min(_ROWS, len(record.lags))).astype(int)):
        row = record.lags[index]
        cells = (Cell(plain(row.msd_A2)), value_cell(row.alpha_2), Cell(plain(row.most_probable_A)))
        table.rows.append([Cell(plain(row.lag_ps)), *cells])
    return table


def _site_table(record: VanHoveRecord) -> Table | None:
    if not record.vacated_site:
        return None
    table = Table(f"Other ions within {record.within_A:g} Å of where an ion was",
                  [("Time lag", "ps"), ("Their density over the mean density", "")])  # fmt: skip
    for row in record.vacated_site:
        seen = Cell("none seen") if row.relative_density is None else value_cell(row.relative_density)
        table.rows.append([Cell(plain(row.lag_ps)), seen])
    return table
