"""The report of `nmr spectrum`: overlaid spectra, each with its lines and what is left, fractions, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.page.drawing import BLUE, INK, MUTED, ORANGE, Drawing, series_colours, series_styles
from paddlewheel.page.interactive import CREDIT, Line, Plot, zoom_scripts, zoom_section
from paddlewheel.page.numbers import ABSENT, kelvin, measured, plain
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures, value_cell
from paddlewheel.records import Measured
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.laboratory.amounts_table import amounts_table
from paddlewheel.studies.nmr_spectrum.record import CURVES, NmrSite, NmrSpectrum, NmrSpectrumRecord, line_column

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_DRAWN = 6
_METHOD = (
    "Real and imaginary parts are fitted together: phase and delay turn the lines, not the data, and a polynomial lies "
    "under both parts. The errors are those of least squares with the noise as the residual has it, correlated points "
    "and all, with the spread over baselines of other orders; fractions have the covariance of all areas and of the "
    "corrections. What they do not have is the error of a wrong line shape: the residual shows it."
)


def figures(record: NmrSpectrumRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    curves = beside.columns(CURVES)
    found = {
        "spectra": (
            _drawn(record, curves),
            "Spectra over the shift, each with its fit, the line of every site, and the residual; values in the table.",
        )
    }
    if len(record.spectra) > 1:
        found["series"] = (_series(record), "Fraction and shift of each site over the spectra; values in the table.")
    return found


def _drawn(record: NmrSpectrumRecord, curves: Columns) -> Figure:
    """As the paper's Fig. 2a: one above the other, shifts falling to the right, with lines and residual."""
    from matplotlib.figure import Figure

    count = min(len(record.spectra), _MOST_DRAWN)
    figure = Figure(figsize=(10.4, 1.6 + 2.3 * count), layout="constrained")
    panels: Any = figure.subplots(count, 1, squeeze=False, sharex=True)[:, 0]
    names = list(dict.fromkeys(site.name for site in record.sites))
    styles = dict(zip(names, series_styles(len(names)), strict=True))
    ends = [_shown(record, number) for number in range(1, count + 1)]
    for number, panel in enumerate(panels, start=1):
        rows = curves["spectrum"] == number
        shift, baseline = curves["shift_ppm"][rows], curves["baseline"][rows]
        over, fit = curves["measured"][rows] - baseline, curves["fit"][rows] - baseline
        scale = 1 / max(float(np.nanmax(fit)), 1e-300)
        for site in [site for site in record.sites if site.spectrum == number]:
            line, style = curves[line_column(site.name)][rows] * scale, styles[site.name]
            panel.fill_between(shift, 0, line, color=style.colour, alpha=0.18, lw=0)
            panel.plot(shift, line, color=style.colour, ls=style.line, lw=1.1, label=site.name)
        panel.plot(shift, over * scale, color=INK, lw=1.0, label="measured, less the baseline")
        panel.plot(shift, fit * scale, color=ORANGE, lw=1.1, ls=(0, (4, 1.5)), label="fit")
        panel.plot(shift, curves["residual"][rows] * scale - 0.17, color=MUTED, lw=0.8, label="residual, shifted down")
        panel.axhline(-0.17, color=MUTED, lw=0.5, ls=":")
        panel.set(ylim=(-0.36, 1.12), yticks=[])
        panel.set_title(_title(record.spectra[number - 1]))
        if number == 1:
            panel.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    panels[-1].set_xlim(max(high for _, high in ends), min(low for low, _ in ends))
    panels[-1].set_xlabel(f"{record.spectra[0].nucleus} shift (ppm)")
    return figure


def _shown(record: NmrSpectrumRecord, number: int) -> tuple[float, float]:
    """Ends of what is drawn of a spectrum: the bands with some widths around them, inside what was fitted."""
    spectrum = record.spectra[number - 1]
    low, high = [], []
    for site in [site for site in record.sites if site.spectrum == number]:
        around = 8 * site.fwhm_Hz.value / spectrum.reference_MHz
        rate = 0.0 if spectrum.spinning_Hz is None else spectrum.spinning_Hz.value / spectrum.reference_MHz
        orders = [band.order for band in site.sidebands] or [0]
        low.append(site.shift_ppm.value + min(orders) * rate - around)
        high.append(site.shift_ppm.value + max(orders) * rate + around)
        if site.line_shape in ("csa", "quadrupolar"):
            return spectrum.first_ppm, spectrum.last_ppm
    return max(min(low), spectrum.first_ppm), min(max(high), spectrum.last_ppm)


def _title(spectrum: NmrSpectrum) -> str:
    return spectrum.file + ("" if spectrum.temperature_K is None else f", {kelvin(spectrum.temperature_K)}")


def _series(record: NmrSpectrumRecord) -> Figure:
    """Fractions and shifts of the sites over temperature where all spectra differ in it, else over their numbers."""
    from matplotlib.figure import Figure

    kelvins = [spectrum.temperature_K for spectrum in record.spectra]
    by_temperature = None not in kelvins and len(set(kelvins)) == len(kelvins)
    at = kelvins if by_temperature else list(range(1, len(kelvins) + 1))
    figure = Figure(figsize=(10.4, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    names = list(dict.fromkeys(site.name for site in record.sites))
    for name, style in zip(names, series_styles(len(names)), strict=True):
        sites = [site for site in record.sites if site.name == name]
        x = [at[site.spectrum - 1] for site in sites]
        look: dict[str, Any] = {"color": style.colour, "marker": style.marker, "ls": style.line, "ms": 5, "lw": 1.0}
        for panel, values in ((left, [site.fraction for site in sites]), (right, [site.shift_ppm for site in sites])):
            bars = np.array([value.bar_68 for value in values]).T
            panel.errorbar(x, [value.value for value in values], yerr=bars, capsize=2, label=name, **look)
    for panel, label in ((left, "fraction of the nuclei"), (right, "shift (ppm)")):
        panel.set(ylabel=label, xlabel="temperature (K)" if by_temperature else "spectrum")
        if not by_temperature:
            panel.set_xticks(at)
    left.legend(loc="best")
    return figure


def page(record: NmrSpectrumRecord, beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    first = record.spectra[0]
    sites = [site for site in record.sites if site.spectrum == 1]
    compounds = [each for each in record.compounds if each.spectrum == 1]
    numbers = [
        Number(name=f"{each.formula}, share of moles", value=_percent(each.mole_fraction), unit="%")
        for each in compounds
    ] or [Number(name=f"{site.name}, share of nuclei", value=_percent(site.fraction), unit="%") for site in sites]
    numbers = [
        Number(name=f"{site.name}, share of the group", value=_percent(site.fraction_among), unit="%")
        for site in sites
        if site.fraction_among is not None
    ] + numbers
    if len(sites) == 1:
        numbers = [Number(name=f"shift of {sites[0].name}", value=measured(sites[0].shift_ppm), unit="ppm")]
    largest = max(sites, key=lambda site: site.fraction.value)
    headline = (
        f"One site at {measured(largest.shift_ppm)} ppm"
        if len(sites) == 1
        else f"{len(sites)} sites; {largest.name} has {_percent(largest.fraction)} % of the nuclei"
    )
    facts = [
        ("Nucleus", first.nucleus),
        ("Spectra", f"{len(record.spectra)}"),
        ("Number of sites by", "evidence (BIC)" if record.sites_by == "evidence" else "what was given"),
        ("0 ppm at", f"{first.reference_MHz:.6f} MHz"),
    ]
    shown = [(drawings["spectra"], _caption(record))]
    if "series" in drawings:
        shown.append((drawings["series"], "The series: bars are 68 % intervals."))
    return Page(
        eyebrow="NMR spectra",
        title=first.file if len(record.spectra) == 1 else f"{first.file} and {len(record.spectra) - 1} more",
        facts=facts,
        headline=headline,
        tone="good",
        numbers=numbers,
        remarks=[f"{note}." for note in record.notes],
        warnings=record.warnings,
        sections=[
            Section(
                id="sites",
                title="Sites",
                paragraphs=[_METHOD],
                drawings=shown,
                tables=[
                    _site_table(record),
                    _compound_table(record),
                    amounts_table(record.beside_xrd),
                    _fit_table(record),
                    _candidate_table(record),
                ],
            ),
            zoom_section([_plot(record, beside.columns(CURVES))]),
        ],
        citations=record.citations,
        provenance=record.provenance,
        scripts=zoom_scripts(),
        scripts_credit=CREDIT,
        n_series=max(len(record.spectra), len({site.name for site in record.sites})),
    )


def _caption(record: NmrSpectrumRecord) -> str:
    left_out = len(record.spectra) - _MOST_DRAWN
    more = f" The first {_MOST_DRAWN} of {len(record.spectra)} are drawn." if left_out > 0 else ""
    return f"Each scaled to its own maximum. The residual has the same scale.{more}"


def _percent(part: Measured) -> str:
    return measured(Measured(value=100 * part.value, std=100 * part.std))


def _share_cell(part: Measured) -> Cell:
    ends = part.interval_95 or (part.value, part.value)
    scaled = Measured(value=100 * part.value, std=100 * part.std)
    return value_cell(scaled, (100 * ends[0], 100 * ends[1]))


def _where(record: NmrSpectrumRecord, number: int) -> Cell:
    spectrum = record.spectra[number - 1]
    return Cell(spectrum.file, None if spectrum.temperature_K is None else kelvin(spectrum.temperature_K))


def _site_table(record: NmrSpectrumRecord) -> Table:
    corrected = any(site.excitation or site.saturation for site in record.sites)
    banded = any(site.sidebands for site in record.sites)
    columns = [("Spectrum", ""), ("Site", ""), ("Shift", "ppm"), ("Width", "Hz"), ("Shape", ""), ("Nuclei", "%")]
    grouped = any(site.fraction_among for site in record.sites)
    columns += [("Of the group", "%")] if grouped else []
    columns += [("Sidebands", "% of all")] if banded else []
    columns += [("Seen", "%"), ("Relaxed", "%")] if corrected else []
    table = Table("Sites (± is the 68 % standard uncertainty)", columns)
    for site in record.sites:
        row = [
            _where(record, site.spectrum), Cell(site.name), Cell(measured(site.shift_ppm)),
            Cell(measured(site.fwhm_Hz)), Cell(site.line_shape, _told_shape(site)), _share_cell(site.fraction),
        ]  # fmt: skip
        if grouped:
            row.append(Cell(ABSENT) if site.fraction_among is None else _share_cell(site.fraction_among))
        if banded:
            areas = [band.area.value for band in site.sidebands]
            row.append(Cell(plain(100 * (1 - 1 / sum(areas)), 3) if areas and sum(areas) else ABSENT))
        if corrected:
            row += [Cell(ABSENT if each is None else _percent(each)) for each in (site.excitation, site.saturation)]
        table.rows.append(row)
    return table


def _told_shape(site: NmrSite) -> str:
    """The shape's parameters in words; what ran into the end of its range is said to."""
    names = {
        "lorentz_share": "Lorentzian share", "cq_MHz": "CQ (MHz)", "asymmetry": "η", "anisotropy_ppm": "Δ (ppm)",
        "sideband_broadening_Hz": "sidebands broader by (Hz)",
    }  # fmt: skip
    return "; ".join(
        f"{names[name]} {plain(value.value) + ' (end)' if name in site.at_an_end else measured(value)}"
        for name, value in site.parameters.items()
    )


def _compound_table(record: NmrSpectrumRecord) -> Table | None:
    if not record.compounds:
        return None
    table = Table("Compounds", [("Spectrum", ""), ("Compound", ""), ("Formula units", "mol%"), ("Mass", "wt%")])
    for each in record.compounds:
        table.rows.append(
            [
                _where(record, each.spectrum),
                Cell(each.formula),
                _share_cell(each.mole_fraction),
                _share_cell(each.mass_fraction),
            ]
        )
    return table


def _fit_table(record: NmrSpectrumRecord) -> Table:
    table = Table(
        "The fit as a whole",
        [("Spectrum", ""), ("Phase", "°"), ("Delay", "µs"), ("Spinning", "Hz"), ("Baseline", "order"),
         ("Signal/noise", ""), ("Numbers", ""), ("Independent", "")],
    )  # fmt: skip
    for number, spectrum in enumerate(record.spectra, start=1):
        table.rows.append(
            [
                _where(record, number),
                Cell(measured(spectrum.phase_deg), f"at {plain(spectrum.phase_at_ppm)} ppm"),
                Cell(measured(spectrum.delay_us)),
                Cell(measured(spectrum.spinning_Hz)),
                Cell(f"{spectrum.baseline_order}"),
                Cell(plain(spectrum.signal_to_noise)),
                Cell(f"{spectrum.n_points}"),
                Cell(f"{spectrum.n_independent:.0f}"),
            ]
        )
    return table


def _candidate_table(record: NmrSpectrumRecord) -> Table | None:
    if record.sites_by != "evidence":
        return None
    table = Table(
        "How many sites: criteria over the independent points, less the lowest (strong evidence from 6 on)",
        [("Spectrum", ""), ("Sites", ""), ("ΔBIC", ""), ("ΔAICc", ""), ("Residual over noise", "")],
    )
    for number, spectrum in enumerate(record.spectra, start=1):
        lowest = [min(getattr(each, name) for each in spectrum.candidates) for name in ("bic", "aicc")]
        for each in spectrum.candidates:
            table.rows.append(
                [
                    _where(record, number), Cell(f"{each.n_sites}"), Cell(plain(each.bic - lowest[0])),
                    Cell(plain(each.aicc - lowest[1])), Cell(plain(each.residual_std / spectrum.noise)),
                ]
            )  # fmt: skip
    return table


def _plot(record: NmrSpectrumRecord, curves: Columns) -> Plot:
    lines = []
    shown = range(1, min(len(record.spectra), _MOST_DRAWN) + 1)
    for colour, number in zip(series_colours(len(shown)), shown, strict=True):
        rows = curves["spectrum"] == number
        name = f"{number}: {record.spectra[number - 1].file}"
        tints = {"measured": colour, "fit": ORANGE, "baseline": MUTED, "residual": BLUE}
        for column, tint in tints.items():
            lines.append(
                Line(name=name if column == "measured" else f"{name}, {column}", colour=tint,
                     x=curves["shift_ppm"][rows], y=curves[column][rows], group=name, style={})
            )  # fmt: skip
    axes = {
        "xaxis": {"title": "shift (ppm)", "autorange": "reversed"},
        "yaxis": {"title": "intensity (unit of the file)"},
    }
    return Plot(id="zoom-spectra", title="Spectra with fit, baseline and residual", lines=lines, axes=axes)
