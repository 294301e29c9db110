"""The report of `nmr exchange`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import BLUE, INK, MUTED, Drawing, series_styles
from paddlewheel.page.numbers import ABSENT, interval, measured, plain
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table, filled
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.nmr_exchange.record import PLANE, VOLUMES, ExchangeRate, NmrExchangeRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LEVELS = 12
_LOWEST_LEVEL = 0.02
"""Of the highest point."""
_FEWEST_TIMES = 2


def figures(record: NmrExchangeRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    drawn: Figures = {
        "spectrum": (
            _contours(record, beside.arrays(PLANE)),
            f"Contours of the exchange spectrum of {record.nucleus} with its projections on both axes.",
        )
    }
    if len(set(record.mixing_s)) >= _FEWEST_TIMES:
        drawn["buildup"] = (
            _buildup(record, beside.columns(VOLUMES, text=("from", "to"))),
            "Volumes of the peaks against the mixing time with the fit, and what is left over.",
        )
    return drawn


def _contours(record: NmrExchangeRecord, plane: dict[str, np.ndarray]) -> Figure:
    from matplotlib.figure import Figure

    values, indirect, direct = plane["values"], plane["indirect_ppm"], plane["direct_ppm"]
    top = float(values.max())
    levels = top * np.geomspace(_LOWEST_LEVEL, 0.95, _LEVELS)
    figure = Figure(figsize=(6.4, 6.0), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(4, 1), height_ratios=(1, 4))
    main = figure.add_subplot(grid[1, 0])
    above = figure.add_subplot(grid[0, 0], sharex=main)
    beside = figure.add_subplot(grid[1, 1], sharey=main)
    main.contour(direct, indirect, values, levels=levels, colors=[BLUE], linewidths=0.8)
    if values.min() < -levels[0]:
        main.contour(direct, indirect, values, levels=-levels[::-1], colors=[MUTED], linewidths=0.6)
    ends = (max(direct[0], indirect[0]), min(direct[-1], indirect[-1]))
    main.plot(ends, ends, color=MUTED, lw=0.8, ls=(0, (4, 3)))
    main.set(
        xlim=(direct[-1], direct[0]), ylim=(indirect[-1], indirect[0]),
        xlabel=f"{record.nucleus} shift, direct  (ppm)", ylabel=f"{record.nucleus} shift, indirect  (ppm)",
    )  # fmt: skip
    above.plot(direct, values.max(axis=0) / top, color=INK, lw=1.1)
    beside.plot(values.max(axis=1) / top, indirect, color=INK, lw=1.1)
    for axes in (above, beside):
        axes.grid(False)
    above.tick_params(labelbottom=False)
    beside.tick_params(labelleft=False)
    above.set(yticks=[], title=f"Mixing time {1e3 * record.drawn_mixing_s:.3g} ms")
    beside.set(xticks=[])
    return figure


def _buildup(record: NmrExchangeRecord, table: Columns) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 5.2), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    ways = list(dict.fromkeys(zip(table["from"], table["to"], strict=True)))
    times = 1e3 * np.array(record.mixing_s)
    for (start, end), style in zip(ways, series_styles(len(ways)), strict=True):
        row = (table["from"] == start) & (table["to"] == end)
        label = f"{start}, stays" if start == end else f"{start} to {end}"
        upper.errorbar(1e3 * table["mixing_s"][row], table["volume"][row], table["std"][row], color=style.colour,
                       ls="", marker=style.marker, ms=4, label=label)  # fmt: skip
        upper.plot(1e3 * table["mixing_s"][row], table["fitted"][row], color=style.colour, ls=style.line, lw=1.1)
        lower.plot(1e3 * table["mixing_s"][row], table["residual_over_std"][row], color=style.colour, ls="",
                   marker=style.marker, ms=4)  # fmt: skip
    lower.axhline(0.0, color=INK, lw=0.8)
    if times.min() > 0 and times.max() > 20 * times.min():
        upper.set_xscale("log")
    upper.set(ylabel="share of the magnetization", title="Volumes and the fit of all mixing times")
    lower.set(xlabel="mixing time  (ms)", ylabel="residual / std")
    upper.legend(loc="center right" if len(ways) > 4 else "best")
    return figure


def page(record: NmrExchangeRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    numbers = [
        Number(name=f"{rate.start} to {rate.to}", value=measured(rate.rate), unit="1/s")
        for rate in record.rates_per_s[:4]
        if rate.rate is not None
    ]
    if record.domain_size_nm is not None:
        numbers.append(
            Number(
                name="size of domains",
                value=f"{record.domain_size_is} {plain(record.domain_size_nm, 2)}",
                unit="nm",
                note=f"√(D t), D = {plain(record.spin_diffusion_nm2_per_ms, 2)} nm²/ms, "
                f"t = {plain(1e3 * (record.domain_time_s or 0.0), 2)} ms: {record.domain_because}",
            )
        )
    known = [rate for rate in record.rates_per_s if rate.rate is not None]
    sections = [
        Section(
            id="spectrum",
            title="Spectrum",
            paragraphs=[
                "Cosine and sine rows, transformed in both dimensions and phased by the fit. Peaks off the diagonal "
                "are magnetization that was at one site before the mixing time and is at another after it.",
            ],
            drawings=[(drawings["spectrum"], "Contours from 2 % of the highest point, by equal factors; dashed: the "
                       "diagonal. Projections: the highest point of each column and row.")],
            tables=[_site_table(record)],
        )
    ]  # fmt: skip
    if "buildup" in drawings:
        sections.append(
            Section(
                id="buildup",
                title="Build-up",
                paragraphs=[
                    "Volumes of lines that are products of one in each dimension, with shifts and widths shared by all "
                    "mixing times. V(tm) = exp(L tm) V(0) is fitted to all of them by their covariance, rates of both "
                    "ways in detailed balance, with a leakage 1/T1 of each site.",
                ],
                drawings=[(drawings["buildup"], "Below: the fit's residuals over their standard uncertainties.")],
                tables=[_rate_table(record)],
            )
        )
    else:
        sections.append(Section(id="buildup", title="Rates", tables=[_rate_table(record)]))
    return Page(
        eyebrow="Spin exchange",
        title=record.name,
        facts=[
            ("Nucleus", f"{record.nucleus}, {record.carrier_MHz:.2f} MHz"),
            ("Mixing times", _times(record)),
            ("Points", f"{record.n_rows} × {record.n_points}"),
            ("χ²", ABSENT if record.chi2 is None else f"{plain(record.chi2)} of {record.degrees_of_freedom}"),
            ("t1 noise", f"{plain(100 * record.row_noise, 2)} %"),
        ],
        headline=_headline(record),
        tone="good" if len(known) == len(record.rates_per_s) else "partial",
        numbers=numbers,
        remarks=[f"{note}." for note in record.notes],
        warnings=record.warnings,
        sections=sections,
        citations=record.citations,
        provenance=record.provenance,
        n_series=len(record.sites) ** 2,
    )


def _times(record: NmrExchangeRecord) -> str:
    if len(record.mixing_s) == 1:
        return f"{1e3 * record.mixing_s[0]:.3g} ms"
    return f"{len(record.mixing_s)}, {1e3 * record.mixing_s[0]:.3g} to {1e3 * record.mixing_s[-1]:.3g} ms"


def _headline(record: NmrExchangeRecord) -> str:
    known = [rate for rate in record.rates_per_s if rate.rate is not None]
    if known:
        first = known[0]
        return f"{first.start} goes to {first.to} at {measured(first.rate)} 1/s"
    if len(set(record.mixing_s)) < _FEWEST_TIMES:
        return "One mixing time: a bound within a decade, no rate"
    return "These mixing times do not enclose the rate"


def _site_table(record: NmrExchangeRecord) -> Table:
    table = Table(
        "Sites",
        [("Site", ""), ("Shift", "ppm"), ("Lorentzian", "Hz"), ("Gaussian", "Hz"), ("Share", ""), ("1/T1", "1/s")],
    )
    for site in record.sites:
        table.rows.append(
            [
                Cell(site.name),
                Cell(plain(site.shift_ppm, 4)),
                Cell(plain(site.lorentz_Hz)),
                Cell(plain(site.gauss_Hz)),
                Cell(measured(site.population)),
                Cell(measured(site.leakage_per_s)),
            ]
        )
    return filled(table)


def _rate_table(record: NmrExchangeRecord) -> Table:
    table = Table(
        "Rates (± is the 68 % standard uncertainty)",
        [("From", ""), ("To", ""), ("Rate", "1/s"), ("95 %", "1/s"), ("At least", "1/s"), ("At most", "1/s")],
    )
    for rate in record.rates_per_s:
        table.rows.append(
            [
                Cell(rate.start),
                Cell(rate.to),
                Cell(measured(rate.rate)),
                Cell(_ends(rate)),
                Cell(plain(rate.at_least_per_s, 2)),
                Cell(plain(rate.at_most_per_s, 2)),
            ]
        )
    return filled(table)


def _ends(rate: ExchangeRate) -> str:
    return ABSENT if rate.rate is None else interval(rate.rate.interval_95)
