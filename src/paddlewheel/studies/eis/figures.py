"""Figures of `eis`: Nyquist plots with fits, residuals, relaxation times, readings, Arrhenius, interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.page.arrhenius_figure import FittedLine
from paddlewheel.page.drawing import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    series_colours,
)
from paddlewheel.page.numbers import kelvin
from paddlewheel.records.tables import (
    Columns,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from paddlewheel.records.arrhenius import (
        ArrheniusResult,
    )
    from paddlewheel.studies.eis.record import (
        EisRecord,
        InterfaceSeries,
        SpectrumResult,
    )

MOST_PANELS = 12
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
_PREFIXES = {0: "", 3: "k", 6: "M", 9: "G"}


def label(row: SpectrumResult) -> str:
    """What tells a spectrum apart in figures and tables."""
    if row.temperature_K is not None:
        return kelvin(row.temperature_K)
    return f"cycle {row.cycle}" if row.cycle is not None else row.name


def shown(count: int) -> list[int]:
    """Indices of at most `MOST_PANELS` of `count` spectra, evenly spread, the first and the last among them."""
    return sorted({round(x) for x in np.linspace(0, count - 1, min(count, MOST_PANELS))})


def nyquist_figure(rows: Sequence[SpectrumResult], points: Sequence[Columns]) -> Figure:
    """Measured points, the fitted circuit, and the total resistance; equal scales on both axes."""
    from matplotlib.figure import Figure

    chosen = shown(len(rows))
    columns = min(3, len(chosen))
    lines = -(-len(chosen) // columns)
    figure = Figure(figsize=(3.7 * columns + 0.3, 2.1 * lines + 0.4), layout="constrained")
    panels: Any = figure.subplots(lines, columns, squeeze=False).ravel()
    for panel, k in zip(panels, chosen, strict=False):
        row, data = rows[k], points[k]
        total = row.resistances_ohm.total
        # the electrolyte, not the electrode, fills the picture
        edge = float(data["Z_real_ohm"].max()) if total is None else min(1.45 * total.value, data["Z_real_ohm"].max())
        exponent = int(np.clip(3 * np.floor(np.log10(max(edge, 1e-3)) / 3), 0, 9))
        scale = 10.0**exponent
        panel.plot(data["fit_real_ohm"] / scale, -data["fit_imag_ohm"] / scale, color=ORANGE, lw=1.4, label="circuit")
        panel.plot(data["Z_real_ohm"] / scale, -data["Z_imag_ohm"] / scale, "o", ms=3.2, mfc="none", mec=BLUE, mew=1.0,
                   label="measured")  # fmt: skip
        if total is not None:
            panel.axvline(total.value / scale, color=MUTED, lw=0.9, ls="--", label="total resistance")
        inside = data["Z_real_ohm"] <= 1.02 * edge
        top = max(float((-data["Z_imag_ohm"])[inside].max()) / scale, 0.25 * edge / scale)
        low = min(0.0, 1.1 * float((-data["Z_imag_ohm"]).min()) / scale)
        panel.set(xlim=(0, 1.02 * edge / scale), ylim=(low, 1.1 * top), title=label(row), aspect="equal")
        unit = f"{_PREFIXES[exponent]}Ω"
        panel.set(xlabel=f"Z′ ({unit})", ylabel=f"−Z″ ({unit})")
    for panel in panels[len(chosen) :]:
        panel.set_visible(False)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def residual_figure(rows: Sequence[SpectrumResult], points: Sequence[Columns]) -> Figure:
    """Residuals of the Kramers-Kronig test (upper) and of the circuit (lower), in per cent of |Z|."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 5.4), layout="constrained")
    panels: Any = figure.subplots(2, 2, sharex=True, sharey="row")
    chosen = shown(len(rows))
    for colour, k in zip(series_colours(len(chosen)), chosen, strict=True):
        data = points[k]
        size = np.hypot(data["Z_real_ohm"], data["Z_imag_ohm"])
        for column, part in enumerate(("real", "imag")):
            off = 100 * (data[f"Z_{part}_ohm"] - data[f"fit_{part}_ohm"]) / size
            tested = data[f"kramers_kronig_{part}_percent"]
            panels[0, column].semilogx(data["frequency_Hz"], tested, ".-", color=colour, lw=0.8, label=label(rows[k]))
            panels[1, column].semilogx(data["frequency_Hz"], off, ".-", color=colour, lw=0.8)
    for column, part in enumerate(("Real part", "Imaginary part")):
        panels[0, column].set_title(f"{part}, Kramers–Kronig test")
        panels[1, column].set(title=f"{part}, circuit", xlabel="frequency (Hz)")
        for line in (0, 1):
            panels[line, column].axhline(0, color=MUTED, lw=0.8)
    for line in (0, 1):
        panels[line, 0].set_ylabel("residual (% of |Z|)")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside right center")
    return figure


def relaxation_figure(rows: Sequence[SpectrumResult], distributions: Sequence[Columns]) -> Figure:
    """Distributions of relaxation times, each relative to its own largest value below the tail."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 3.6), layout="constrained")
    panel = figure.subplots()
    chosen = shown(len(rows))
    for colour, k in zip(series_colours(len(chosen)), chosen, strict=True):
        data = distributions[k]
        panel.loglog(data["tau_s"], np.maximum(data["gamma_ohm"], 1e-12), color=colour, label=label(rows[k]))
    top = max(float(distributions[k]["gamma_ohm"].max()) for k in chosen)
    least = min(float(distributions[k]["gamma_ohm"].max()) for k in chosen)
    panel.set(xlabel="relaxation time τ (s)", ylabel="γ (Ω per unit of ln τ)", ylim=(1e-3 * least, 2 * top))
    figure.legend(*panel.get_legend_handles_labels(), loc="outside right center")
    return figure


def readings_figure(rows: Sequence[SpectrumResult]) -> Figure | None:
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
            one = next((one.resistance_ohm for one in row.readings if one.method == method), None)
            if one is not None and whole:
                values.append((k, one / whole))
        if values and method != "circuit":
            panel.plot(*np.array(values).T, marker, color=colour, ms=5, ls="none", label=words)
    panel.axhline(1, color=MUTED, lw=0.9, label="circuit")
    step = max(1, len(told) // 12)
    panel.set_xticks(range(0, len(told), step), [label(row) for row in told[::step]])
    panel.set_ylabel("R / R of the circuit")
    figure.legend(*panel.get_legend_handles_labels(), loc="outside right center")
    return figure


def arrhenius_eis_figure(record: EisRecord) -> Figure | None:
    """Total, grain boundary and bulk against 1000/T with their lines and 95 % bands; None without a fit."""
    from matplotlib.figure import Figure

    fits = {part: getattr(record.arrhenius, part) for part in PARTS}
    fits = {part: fit for part, fit in fits.items() if fit is not None and fit.refused is None}
    if not fits:
        return None
    figure = Figure(figsize=(7.0, 4.6), layout="constrained")
    panel = figure.subplots()
    for (part, fit), marker in zip(fits.items(), "osD", strict=False):
        colour, words = PARTS[part], part.replace("_", " ")
        rows = [(row.temperature_K, getattr(row.conductivity_mS_per_cm, part)) for row in record.spectra]
        there = [(t, one.value, one.std) for t, one in rows if t is not None and one is not None]
        t, value, std = np.array(there).T
        panel.errorbar(1000 / t, value, yerr=np.minimum(std, 0.95 * value), fmt=marker, color=colour, ms=4.5,
                       elinewidth=0.9, label=f"{words}, {_energy(fit)}")  # fmt: skip
        line = _line(fit)
        if line is not None:
            at = np.linspace(min(fit.temperatures_used_K), max(fit.temperatures_used_K), 60)
            middle, reach = line.values(at), 1.959964 * line.log_std(at)
            panel.plot(1000 / at, middle, color=colour, lw=1.3)
            panel.fill_between(1000 / at, middle * np.exp(-reach), middle * np.exp(reach), color=colour, alpha=0.15,
                               lw=0)  # fmt: skip
    panel.set(yscale="log", xlabel="1000/T (1/K)", ylabel="σ (mS/cm)")
    panel.legend()
    return figure


def _energy(fit: ArrheniusResult) -> str:
    one = fit.activation_energy_eV
    return "" if one is None else f"{one.value:.3f} ± {one.std:.3f} eV"


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


def interface_figure(series: InterfaceSeries) -> Figure:
    """Interfacial resistance against time or cycle, with the law that fits best."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    panel = figure.subplots()
    x = np.array([one.x for one in series.points])
    value = np.array([one.resistance_ohm.value for one in series.points])
    std = np.array([one.resistance_ohm.std for one in series.points])
    panel.errorbar(x, value, yerr=std, fmt="o", color=BLUE, ms=4, elinewidth=0.9, label="circuit")
    for law, style in zip(series.laws, ("-", ":"), strict=False):
        at = np.linspace(0, x.max() - x.min(), 100)
        line = law.start_ohm.value + law.rate_ohm.value * at ** (1.0 if law.law == "linear" else 0.5)
        panel.plot(at + (x.min() if series.against == "cycle" else 0.0), line, style, color=ORANGE, label=law.law)
    panel.set(xlabel="time (h)" if series.against == "time_h" else "cycle", ylabel="interfacial resistance (Ω)")
    panel.legend()
    return figure
