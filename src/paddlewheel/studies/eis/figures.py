"""Figures of `eis`, still and to zoom: Nyquist plots, residuals, relaxation times, readings, Arrhenius, interface."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.page.arrhenius_figure import FittedLine
from paddlewheel.page.drawing import BLUE, INK, MUTED, ORANGE, series_colours, series_styles
from paddlewheel.page.interactive import Line, Plot
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.eis.labels import columns_of_legend, label, shown
from paddlewheel.studies.eis.nyquist import bode, nyquist, together
from paddlewheel.studies.eis.record import EisRecord, InterfaceSeries, SpectrumResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from paddlewheel.records.arrhenius import ArrheniusResult

PARTS = {"total": INK, "grain_boundary": BLUE, "bulk": ORANGE}
METHODS = {
    "circuit": "circuit",
    "high-frequency-intercept": "high-frequency intercept",
    "lowest-imaginary": "minimum of −Z″",
    "smallest-phase": "smallest phase",
    "arc-extrapolation": "arc extrapolation",
    "spike-extrapolation": "spike extrapolation",
    "relaxation-times": "relaxation times",
}
_MARKERS = "osD^vP*"
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x")
_DASHES = ("solid", "longdash", "dot", "dashdot", "dash", "longdashdot")
"""Of the figures to zoom, as `series_styles` has them."""


def figures(record: EisRecord, beside: Beside) -> Figures:
    """The figures of the report that the record has something for."""
    places = shown(record)
    rows, points = [record.spectra[k] for k in places], spectra_of(record, beside)
    times = [beside.columns(row.relaxation_file or "relaxation_times") for row in rows]
    drawn = {
        "nyquist": (
            nyquist(rows, points, to_ohm=record.drawn_to_ohm),
            "Nyquist plots of the spectra with the fitted circuit, equal scales, decades of frequency marked.",
        ),
        "together": (together(rows, points, to_ohm=record.drawn_to_ohm), "All spectra in one Nyquist plot."),
        "bode": (bode(rows, points), "Modulus and phase of the impedance against frequency, with the fitted circuit."),
        "residuals": (
            _residuals(rows, points), "Residuals of the Kramers-Kronig test and of the circuit against frequency."
        ),
        "relaxation_times": (_relaxation(rows, times), "Distributions of relaxation times."),
        "arrhenius": (_arrhenius(record), "Conductivity against 1000/T; the numbers are in the table."),
        "readings": (
            _readings(record.spectra),
            "Readings of the total resistance relative to that of the circuit; the numbers are in the table.",
        ),
        "interface": (_interface(record.interface), "Interfacial resistance of the series."),
    }  # fmt: skip
    return {name: (figure, alt) for name, (figure, alt) in drawn.items() if figure is not None}


def spectra_of(record: EisRecord, beside: Beside) -> list[Columns]:
    """The points of the spectra that are drawn, with the fitted circuit."""
    return [beside.columns(record.spectra[k].points_file or "spectra") for k in shown(record)]


def _residuals(rows: Sequence[SpectrumResult], points: Sequence[Columns]) -> Figure:
    """Residuals of the Kramers-Kronig test (upper) and of the circuit (lower), in per cent of |Z|."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 5.4), layout="constrained")
    panels: Any = figure.subplots(2, 2, sharex=True, sharey="row")
    chosen = range(len(rows))
    for style, k in zip(series_styles(len(chosen)), chosen, strict=True):
        look: dict[str, Any] = {"color": style.colour, "marker": style.marker, "ls": style.line, "lw": 0.8, "ms": 3.4}
        data = points[k]
        size = np.hypot(data["Z_real_ohm"], data["Z_imag_ohm"])
        for column, part in enumerate(("real", "imag")):
            off = 100 * (data[f"Z_{part}_ohm"] - data[f"fit_{part}_ohm"]) / size
            tested = data[f"kramers_kronig_{part}_percent"]
            panels[0, column].semilogx(data["frequency_Hz"], tested, label=label(rows[k]), **look)
            panels[1, column].semilogx(data["frequency_Hz"], off, **look)
    for column, part in enumerate(("Real part", "Imaginary part")):
        panels[0, column].set_title(f"{part}, Kramers–Kronig test")
        panels[1, column].set(title=f"{part}, circuit", xlabel="frequency (Hz)")
        for line in (0, 1):
            panels[line, column].axhline(0, color=MUTED, lw=0.8)
            panels[line, column].minorticks_off()  # of eight decades they say nothing
    for line in (0, 1):
        panels[line, 0].set_ylabel("residual (% of |Z|)")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside right center")
    return figure


def _relaxation(rows: Sequence[SpectrumResult], distributions: Sequence[Columns]) -> Figure:
    """Distributions of relaxation times; below, the first and the last with their 95 % bands on a linear scale."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 6.6), layout="constrained")
    panel, banded = figure.subplots(2, sharex=True)
    chosen = range(len(rows))
    top = max(float(np.abs(distributions[k]["gamma_ohm"]).max()) for k in chosen)
    least = min(float(np.abs(distributions[k]["gamma_ohm"]).max()) for k in chosen)
    signed = any(float(distributions[k]["gamma_ohm"].min()) < 0 for k in chosen)
    floor = -np.inf if signed else 1e-6 * least
    for style, k in zip(series_styles(len(chosen)), chosen, strict=True):
        data = distributions[k]
        tau, peaks = data["tau_s"], rows[k].relaxation_times.peaks
        marked = [int(np.argmin(np.abs(np.log(tau / peak.tau_s)))) for peak in peaks]
        look = {"color": style.colour, "ls": style.line, "marker": style.marker, "markevery": marked, "ms": 5}
        panel.plot(tau, np.maximum(data["gamma_ohm"], floor), label=label(rows[k]), **look)
        if k in (chosen[0], chosen[-1]) and "high_ohm" in data:
            # the arcs, not the rise to the electrode, fill the picture
            within = [i for i in marked if tau[i] < 1 / (2 * np.pi * rows[k].lowest_Hz)]
            scale = max((float(abs(data["gamma_ohm"][i])) for i in within), default=float(data["gamma_ohm"].max()))
            banded.plot(tau, data["gamma_ohm"] / scale, **look)
            banded.fill_between(tau, data["low_ohm"] / scale, data["high_ohm"] / scale, color=style.colour, alpha=0.2,
                                lw=0)  # fmt: skip
    banded.axhline(0, color=MUTED, lw=0.8)
    banded.set(xscale="log", xlabel="relaxation time τ (s)", ylabel="γ / γ of the largest arc",
               ylim=(-1.3 if signed else -0.05, 1.5))  # fmt: skip
    panel.set(ylabel="γ (Ω per unit of ln τ)")
    if signed:
        panel.set_yscale("symlog", linthresh=0.02 * least)
        panel.axhline(0, color=MUTED, lw=0.8)
        panel.set_ylim(-2 * top, 2 * top)
    else:
        panel.set(yscale="log", ylim=(1e-3 * least, 2 * top))
    ncols = columns_of_legend([label(rows[k]) for k in chosen])
    figure.legend(*panel.get_legend_handles_labels(), loc="outside lower center", ncols=ncols)
    return figure


def _readings(rows: Sequence[SpectrumResult]) -> Figure | None:
    """Every reading of the total resistance over that of the circuit; None where the circuit gives none."""
    from matplotlib.figure import Figure

    told = [row for row in rows if row.readings and row.readings[0].method == "circuit"]
    if not told:
        return None
    figure = Figure(figsize=(7.6, 3.4), layout="constrained")
    panel = figure.subplots()
    colours = series_colours(len(METHODS))
    for marker, colour, (method, words) in zip(_MARKERS, colours, METHODS.items(), strict=True):
        values = []
        for k, row in enumerate(told):
            whole = row.readings[0].resistance_ohm
            read = next((reading.resistance_ohm for reading in row.readings if reading.method == method), None)
            if read is not None and whole:
                values.append((k, read / whole))
        if values and method != "circuit":
            panel.plot(*np.array(values).T, marker, color=colour, ms=5, ls="none", label=words)
    panel.axhline(1, color=MUTED, lw=0.9, label="circuit")
    step = max(1, len(told) // 12)
    panel.set_xticks(range(0, len(told), step), [label(row) for row in told[::step]])
    panel.set_ylabel("R / R of the circuit")
    figure.legend(*panel.get_legend_handles_labels(), loc="outside right center")
    return figure


def _arrhenius(record: EisRecord) -> Figure | None:
    """Total, grain boundary and bulk against 1000/T with their lines and 95 % bands; None without a fit."""
    from matplotlib.figure import Figure

    fits = {part: getattr(record.arrhenius, part) for part in PARTS}
    fits = {part: fit for part, fit in fits.items() if fit is not None and fit.refused is None}
    if not fits:
        return None
    figure = Figure(figsize=(7.0, 4.6), layout="constrained")
    panel = figure.subplots()
    for (part, fit), marker, dashes in zip(fits.items(), "osD", ("-", "--", "-."), strict=False):
        colour, words = PARTS[part], part.replace("_", " ")
        rows = [(row.temperature_K, getattr(row.conductivity_mS_per_cm, part)) for row in record.spectra]
        there = [(t, sigma.value, sigma.std) for t, sigma in rows if t is not None and sigma is not None]
        t, value, std = np.array(there).T
        panel.errorbar(1000 / t, value, yerr=np.minimum(std, 0.95 * value), fmt=marker, color=colour, ms=4.5,
                       elinewidth=0.9, label=f"{words}, {_energy(fit)}")  # fmt: skip
        line = _line(fit)
        if line is not None:
            at = np.linspace(min(fit.temperatures_used_K), max(fit.temperatures_used_K), 60)
            middle, reach = line.values(at), 1.959964 * line.log_std(at)
            panel.plot(1000 / at, middle, color=colour, lw=1.3, ls=dashes)
            panel.fill_between(1000 / at, middle * np.exp(-reach), middle * np.exp(reach), color=colour, alpha=0.15,
                               lw=0)  # fmt: skip
    panel.set(yscale="log", xlabel="1000/T (1/K)", ylabel="σ (mS/cm)")
    panel.legend()
    return figure


def _energy(fit: ArrheniusResult) -> str:
    energy = fit.activation_energy_eV
    return "" if energy is None else f"{energy.value:.3f} ± {energy.std:.3f} eV"


def _line(fit: ArrheniusResult) -> FittedLine | None:
    if fit.ln_prefactor is None or fit.activation_energy_eV is None:
        return None
    return FittedLine(
        of_conductivity=True,
        ln_prefactor=fit.ln_prefactor.value,
        activation_energy_eV=fit.activation_energy_eV.value,
        variance_ln_prefactor=fit.ln_prefactor.std**2,
        variance_activation_energy=fit.activation_energy_eV.std**2,
        covariance=fit.covariance_ln_prefactor_activation_energy or 0.0,
    )


def _interface(series: InterfaceSeries | None) -> Figure | None:
    """Interfacial resistance against time or cycle, with the laws; None without such a series."""
    if series is None:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    panel = figure.subplots()
    x = np.array([point.x for point in series.points])
    value = np.array([point.resistance_ohm.value for point in series.points])
    std = np.array([point.resistance_ohm.std for point in series.points])
    panel.errorbar(x, value, yerr=std, fmt="o", color=BLUE, ms=4, elinewidth=0.9, label="circuit")
    at = np.linspace(0, x.max() - x.min(), 200)
    for law, style in zip(series.laws, ("-", "--", "-.", ":"), strict=False):
        line = law.resistance_ohm(at)
        panel.plot(at + (x.min() if series.against == "cycle" else 0.0), line, style, color=ORANGE, label=law.law)
    panel.set(xlabel="time (h)" if series.against == "time_h" else "cycle", ylabel="interfacial resistance (Ω)")
    panel.legend()
    return figure


def plots(record: EisRecord, beside: Beside) -> list[Plot]:
    """To zoom in: Nyquist plots with equal axes, and modulus and phase against frequency."""
    nyquist, bode = [], []
    rows, points = [record.spectra[k] for k in shown(record)], spectra_of(record, beside)
    chosen = range(len(rows))
    for style, symbol, dash, k in zip(
        series_styles(len(chosen)), cycle(_SYMBOLS), cycle(_DASHES), chosen, strict=False
    ):
        colour, data, name = style.colour, points[k], label(rows[k])
        order = np.argsort(data["frequency_Hz"])
        frequency = data["frequency_Hz"][order]
        for fitted, part, mode in ((False, "Z", "markers"), (True, "fit", "lines")):
            z = data[f"{part}_real_ohm"][order] + 1j * data[f"{part}_imag_ohm"][order]
            title = f"{name}, circuit" if fitted else name
            look = {"line": {"dash": dash}} if fitted else {"marker": {"size": 6, "symbol": symbol}}
            nyquist.append(
                Line(name=title, colour=colour, x=z.real, y=-z.imag, mode=mode, group=name,
                     style=look | {"text": [f"{f:.4g} Hz" for f in frequency]})
            )  # fmt: skip
            for y, axes in ((np.abs(z), "x y"), (-np.degrees(np.angle(z)), "x y2")):
                bode.append(
                    Line(name=title, colour=colour, x=frequency, y=y, mode=mode, group=name, axes=axes, style=look)
                )
    return [
        Plot(id="zoom-nyquist", title="Nyquist plots, points measured, lines fitted", lines=nyquist,
             axes={"xaxis": {"title": "Z′ (Ω)"}, "yaxis": {"title": "−Z″ (Ω)", "scaleanchor": "x"}}),
        Plot(id="zoom-bode", title="Bode plots", lines=bode,
             axes={"xaxis": {"title": "frequency (Hz)", "type": "log", "anchor": "y2"},
                   "yaxis": {"title": "|Z| (Ω)", "type": "log", "domain": [0.54, 1]},
                   "yaxis2": {"title": "−phase (°)", "domain": [0, 0.46]}}),
    ]  # fmt: skip
