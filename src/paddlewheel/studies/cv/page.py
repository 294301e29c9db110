"""The report of `cv`: voltammograms with their peaks and baselines, the law over the rate, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.page.drawing import BLUE, INK, MUTED, ORANGE, Drawing, series_colours, series_styles
from paddlewheel.page.interactive import CREDIT, Line, Plot, zoom_scripts, zoom_section
from paddlewheel.page.numbers import ABSENT, kelvin, measured, plain, prefixed
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures
from paddlewheel.records import Measured
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.cv.record import SWEEPS, CvCouple, CvPeak, CvRecord, CvScan, CvTrend

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_ZOOMED = 12
_ONE_COLUMN = (6.6, 5.0)
_METHOD = (
    "Scans are told apart by where the voltage turns, whatever a column of cycles says. A peak is measured from its "
    "baseline: the line through the foot before it, extrapolated below it; behind a turn, where the sweep before still "
    "has a current of diffusion, that current continued as 1 / √time. Its potential is the top of a cubic through the "
    "rows near it, without the line of the foot. The uncertainties are those of resampled noise, of the choice of the "
    "foot and of the rows' distance; how cells differ is not in them. Charges are integrals over the time of the "
    "current above and below zero. The capacitance is half of what the branches differ over the rate: an upper bound "
    "where that depends on the voltage."
)
_VERDICT = (
    "A dissolved couple is reversible if its peaks are as far apart as Nicholson and Shain calculated for the voltage "
    "where the sweep turns (57.0 mV/n at 25 °C where it turns far away), within a tenth and two uncertainties, and the "
    "peak currents have a ratio of 1. Farther apart it is quasi-reversible, with Nicholson's ψ, or there is an ohmic "
    "drop, which looks the same at one rate. Peaks above each other, 90.6 mV/n wide, belong to a couple on the surface."
)


def figures(record: CvRecord, beside: Beside) -> Figures:
    """The figures of the report, each for one column of a journal."""
    alt = "Current against voltage of the scans, with peaks and baselines; the peaks are in the table."
    drawn: Figures = {"voltammograms": (_voltammograms(record, beside.columns(SWEEPS)), alt)}
    if record.trends:
        drawn |= {"rates": (_rates(record), "Peak currents against sweep rate with the fitted power laws.")}
    return drawn


def _unit(largest_mA: float) -> tuple[float, str]:
    """A unit in which the largest current reads as 1 to 999, in mA, and its name."""
    size_A, name = prefixed(1e-3 * largest_mA, "A")
    return 1e3 * size_A, name


def _inside(record: CvRecord, voltage: np.ndarray) -> np.ndarray:
    low, high = record.drawn_V or (-np.inf, np.inf)
    return (voltage >= low) & (voltage <= high)


def _voltammograms(record: CvRecord, sweeps: Columns) -> Figure:
    from matplotlib.figure import Figure

    chosen = np.isin(sweeps["scan"], record.drawn_scans) & _inside(record, sweeps["voltage_V"])
    size, unit = _unit(float(np.abs(sweeps["current_mA"][chosen]).max()) if chosen.any() else 1.0)
    figure = Figure(figsize=_ONE_COLUMN, layout="constrained")
    panel: Any = figure.subplots()
    for number, style in zip(record.drawn_scans, series_styles(len(record.drawn_scans)), strict=True):
        scan = record.scans[number - 1]
        rows = chosen & (sweeps["scan"] == number)
        panel.plot(
            sweeps["voltage_V"][rows], sweeps["current_mA"][rows] / size, color=style.colour, ls=style.line, lw=1.6,
            label=f"scan {number}, {plain(scan.rate_mV_per_s)} mV/s",
        )  # fmt: skip
    _draw_peaks(panel, record, sweeps, size)
    if record.drawn_V is not None:
        panel.set_xlim(*record.drawn_V)
    panel.set(xlabel=f"voltage (V against {record.reference})", ylabel=f"current ({unit})")
    figure.legend(loc="outside upper center", ncols=2)  # beside the panel: curves fill it
    return figure


def _draw_peaks(panel: Any, record: CvRecord, sweeps: Columns, size: float) -> None:
    """Peaks of all drawn scans, and the baselines of the last of them, each with the height over it."""
    labelled = False
    last = record.drawn_scans[-1]
    for place in (1, 2, 3):
        rows = (sweeps["scan"] == last) & (sweeps["sweep"] == place) & _inside(record, sweeps["voltage_V"])
        baseline = sweeps["baseline_mA"][rows]
        if rows.any() and np.isfinite(baseline).any():
            panel.plot(sweeps["voltage_V"][rows], baseline / size, color=MUTED, lw=1.0, ls=":",
                       label=None if labelled else f"baselines, scan {last}")  # fmt: skip
            labelled = True
    for peak in record.peaks:
        if peak.scan not in record.drawn_scans or not _inside(record, np.array([peak.potential_V.value])).all():
            continue
        height = _height_mA(peak, sweeps)
        marker = "v" if peak.current_mA.value > 0 else "^"
        panel.plot([peak.potential_V.value], [height / size], ls="none", marker=marker, ms=5, mfc="none", mec=INK)


def _height_mA(peak: CvPeak, sweeps: Columns) -> float:
    """Current at a peak: of the rows of its direction nearest to it."""
    rows = np.flatnonzero(sweeps["scan"] == peak.scan)
    voltage, current = sweeps["voltage_V"][rows], sweeps["current_mA"][rows]
    near = np.abs(voltage - peak.potential_V.value) <= np.sort(np.abs(voltage - peak.potential_V.value))[:8].max()
    side = current[near]
    return float(side.max() if peak.current_mA.value > 0 else side.min())


def _rates(record: CvRecord) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=_ONE_COLUMN, layout="constrained")
    panel: Any = figure.subplots()
    rate_of = {scan.number: scan.rate_mV_per_s for scan in record.scans}
    styles = {"anodic": (ORANGE, "o", "full", "-"), "cathodic": (BLUE, "s", "none", "--")}
    largest = max(abs(peak.current_mA.value) for peak in record.peaks)
    size, unit = _unit(largest)
    for trend in record.trends:
        colour, marker, fill, dash = styles[trend.direction]
        peaks = _largest_peaks(record, trend)
        rates = np.array([rate_of[peak.scan] for peak in peaks])
        currents = np.array([abs(peak.current_mA.value) for peak in peaks])
        errors = np.array([peak.current_mA.std for peak in peaks])
        panel.errorbar(rates, currents / size, yerr=errors / size, color=colour, marker=marker, fillstyle=fill,
                       ms=5 if fill == "full" else 9, ls="none", label=f"{trend.direction} peaks")  # fmt: skip
        line = np.geomspace(rates.min(), rates.max(), 50)
        middle = np.exp(np.mean(np.log(rates))), np.exp(np.mean(np.log(currents)))
        fitted = middle[1] * (line / middle[0]) ** trend.exponent.value
        panel.plot(line, fitted / size, color=colour, ls=dash, lw=1.2, label=f"b = {measured(trend.exponent)}")
    panel.set(xscale="log", yscale="log", xlabel="sweep rate (mV/s)", ylabel=f"peak current ({unit})")
    panel.legend(loc="best")
    return figure


def _largest_peaks(record: CvRecord, trend: CvTrend) -> list[CvPeak]:
    found: dict[int, CvPeak] = {}
    for peak in record.peaks:
        if peak.direction == trend.direction:
            known = found.get(peak.scan)
            if known is None or abs(peak.current_mA.value) > abs(known.current_mA.value):
                found[peak.scan] = peak
    return list(found.values())


def page(record: CvRecord, beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    first = next(iter(record.couples), None)
    numbers = []
    if first is not None:
        half, unit = _volts(first.half_wave_V)
        numbers = [
            Number(name="half-wave potential", value=half, unit=f"{unit} against {record.reference}"),
            Number(name="separation of the peaks", value=measured(_times(first.separation_V, 1e3)), unit="mV"),
            Number(name="ratio of the peak currents", value=measured(first.current_ratio), unit=""),
        ]
    drawn = [(drawings["voltammograms"], _caption(record))]
    if "rates" in drawings:
        drawn.append(
            (
                drawings["rates"],
                "Largest peak of each scan against the sweep rate; i = a v^b through the first scan at each rate.",
            )
        )
    facts = [
        ("Scans", f"{len(record.scans)}"),
        ("Voltages against", record.reference),
        ("Temperature", kelvin(record.temperature_K)),
        ("Electrons", f"{record.electrons}"),
        ("Area", ABSENT if record.area_cm2 is None else f"{measured(record.area_cm2)} cm²"),
        ("Resistance", ABSENT if record.resistance_ohm is None else f"{measured(record.resistance_ohm)} Ω"),
    ]
    return Page(
        eyebrow="Cyclic voltammetry",
        title=record.sample or record.scans[0].file,
        facts=facts,
        headline=_headline(record, first),
        tone="none" if first is None else "good",
        numbers=numbers,
        remarks=[f"{note}." for note in record.notes],
        warnings=record.warnings,
        sections=[
            Section(
                id="scans",
                title="Scans and peaks",
                paragraphs=[_METHOD],
                drawings=drawn,
                tables=[_scan_table(record), *([_peak_table(record)] if record.peaks else [])],
            ),
            *([Section(id="couples", title="Reversibility", paragraphs=[_VERDICT], tables=_couple_tables(record))]
              if record.couples or record.trends else []),
            zoom_section([_plot(record, beside.columns(SWEEPS))]),
        ],
        citations=record.citations,
        provenance=record.provenance,
        scripts=zoom_scripts(),
        scripts_credit=CREDIT,
        n_series=max(min(len(record.scans), _MOST_ZOOMED), len(record.drawn_scans)),
    )  # fmt: skip


def _times(value: Measured, factor: float) -> Measured:
    return Measured(value=value.value * factor, std=value.std * factor)


def _headline(record: CvRecord, first: CvCouple | None) -> str:
    if first is None:
        resistances = [scan.resistance_ohm for scan in record.scans if scan.resistance_ohm is not None]
        if resistances and len(resistances) == len(record.scans):
            return f"No peak: ohmic, R = {measured(resistances[0])} Ω"
        return "No couple of peaks in these scans"
    names = {"surface": "A couple on the surface", "unclear": "A couple that is not clear"}
    return names.get(first.verdict, f"A {first.verdict} couple") + f" at {' '.join(_volts(first.half_wave_V))}"


def _volts(potential: Measured) -> tuple[str, str]:
    """A potential and its unit: near zero in mV."""
    small = abs(potential.value) < 0.01
    return (measured(_times(potential, 1e3)), "mV") if small else (measured(potential), "V")


def _caption(record: CvRecord) -> str:
    drawn = ", ".join(str(number) for number in record.drawn_scans)
    return f"Scan{'s' if len(record.drawn_scans) > 1 else ''} {drawn} of {len(record.scans)}, with peaks and baselines."


def _scan_table(record: CvRecord) -> Table:
    table = Table(
        f"Scans, V against {record.reference} (± is the 68 % standard uncertainty)",
        [("Scan", ""), ("Rate", "mV/s"), ("From", "V"), ("To", "V"), ("Anodic charge", "mC"), ("Cathodic charge", "mC"),
         ("Capacitance", "µF"), ("Resistance", "Ω")],
    )  # fmt: skip
    for scan in record.scans:
        table.rows.append(
            [
                Cell(f"{scan.number}", f"{scan.file}, rows {scan.first_row} to {scan.last_row}"),
                Cell(plain(scan.rate_mV_per_s)),
                Cell(plain(scan.lowest_V)),
                Cell(plain(scan.highest_V)),
                Cell(measured(scan.anodic_charge_mC)),
                Cell(measured(scan.cathodic_charge_mC)),
                _capacitance(scan),
                Cell(measured(scan.resistance_ohm)),
            ]
        )
    return table


def _capacitance(scan: CvScan) -> Cell:
    if scan.capacitance_uF is None:
        return Cell(ABSENT, "branches cross, or one is missing")
    if scan.capacitance_is_bound:
        return Cell(f"≤ {plain(scan.capacitance_uF.value)}", "peaks, or not even")
    return Cell(measured(scan.capacitance_uF))


def _peak_table(record: CvRecord) -> Table:
    table = Table(
        "Peaks",
        [("Scan", ""), ("Potential", "V"), ("Current", "mA"), ("Density", "mA/cm²"), ("From half of it", "mV"),
         ("Width at half", "mV"), ("Baseline", "")],
    )  # fmt: skip
    for peak in record.peaks:
        table.rows.append(
            [
                Cell(f"{peak.scan}", peak.direction),
                Cell(measured(peak.potential_V)),
                Cell(measured(peak.current_mA)),
                Cell(measured(peak.current_density_mA_per_cm2)),
                Cell(plain(None if peak.half_peak_V is None else 1e3 * peak.half_peak_V)),
                Cell(plain(None if peak.width_V is None else 1e3 * peak.width_V)),
                Cell("line of the foot" if peak.baseline == "foot" else "decay of the sweep before"),
            ]
        )
    return table


def _couple_tables(record: CvRecord) -> list[Table]:
    couples = Table(
        "Couples: an anodic and a cathodic peak of one scan",
        [("Scan", ""), ("Rate", "mV/s"), ("Half-wave", "V"), ("Apart", "mV"), ("Reversible", "mV"), ("Ratio", ""),
         ("Verdict", ""), ("ψ", ""), ("k₀", "cm/s")],
    )  # fmt: skip
    for couple in record.couples:
        couples.rows.append(
            [
                Cell(f"{couple.scan}"),
                Cell(plain(couple.rate_mV_per_s)),
                Cell(measured(couple.half_wave_V)),
                Cell(measured(_times(couple.separation_V, 1e3))),
                Cell(plain(1e3 * couple.reversible_separation_V)),
                Cell(measured(couple.current_ratio)),
                Cell(couple.verdict, "; ".join(couple.reasons)),
                Cell(plain(couple.psi, 2)),
                Cell(plain(couple.rate_constant_cm_per_s, 2)),
            ]
        )
    tables = [couples] if record.couples else []
    if record.trends:
        laws = Table(
            "Largest peaks over the sweep rate, i = a v^b",
            [("Peaks", ""), ("Rates", ""), ("b", ""), ("It is", ""), ("Against √v", "mA/(V/s)^½"), ("D", "cm²/s")],
        )
        for trend in record.trends:
            laws.rows.append(
                [
                    Cell(trend.direction),
                    Cell(f"{trend.n_rates}"),
                    Cell(measured(trend.exponent)),
                    Cell(trend.meaning),
                    Cell(measured(trend.slope_mA_per_root_V_per_s)),
                    Cell(measured(trend.diffusivity_cm2_per_s)),
                ]
            )
        tables.append(laws)
    return tables


def _plot(record: CvRecord, sweeps: Columns) -> Plot:
    size, unit = _unit(float(np.nanmax(np.abs(sweeps["current_mA"]))))
    shown = range(1, min(len(record.scans), _MOST_ZOOMED) + 1)
    lines = []
    for colour, number in zip(series_colours(len(shown)), shown, strict=True):
        rows = sweeps["scan"] == number
        name = f"{number}: {plain(record.scans[number - 1].rate_mV_per_s)} mV/s"
        for column, style in (("current_mA", {}), ("baseline_mA", {"dash": "dot"})):
            lines.append(
                Line(name=name if column == "current_mA" else f"{name}, baseline", colour=colour,
                     x=sweeps["voltage_V"][rows], y=sweeps[column][rows] / size, group=name, style={"line": style})
            )  # fmt: skip
    axes = {
        "xaxis": {"title": f"voltage (V against {record.reference})"},
        "yaxis": {"title": f"current ({unit})"},
    }
    return Plot(id="zoom-sweeps", title="Voltammograms with baselines", lines=lines, axes=axes)
