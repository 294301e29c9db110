"""The report of `nmr relaxation`: T1 against temperature with the fit's band, recoveries with residuals, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.page.drawing import BLUE, INK, MUTED, ORANGE, PAGE_INCHES, Drawing, series_styles
from paddlewheel.page.numbers import ABSENT, kelvin, measured, plain
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table, filled
from paddlewheel.page.write import Figures, value_cell
from paddlewheel.records import Measured
from paddlewheel.records.tables import Beside
from paddlewheel.studies.nmr_relaxation.record import (
    CURVES,
    PEAK,
    RECOVERIES,
    TIMES,
    WIDTH_CURVE,
    WIDTHS,
    NmrRelaxationRecord,
    RelaxationSite,
    TemperatureFit,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_RECOVERIES = 12
_PER_ROW = 3
_RECOVERY_METHOD = (
    "Each site has one phase in all rows, that of the longest delay; a line has the same shift and width in all of "
    "them. The offset, what is left of an incomplete saturation or inversion, is always fitted. Points are the "
    "intensities with the standard uncertainty of the spectra's noise; the strip below shows residuals over it. Where "
    "residuals scatter by more than the noise, intervals are by the residuals."
)
_PEAK_METHOD = (
    "The line is R1 = C [J(ω₀) + 4 J(2ω₀)] with J = τ / (1 + (ωτ)^β) and τ = τ₀ exp(Eₐ / kT), fitted to ln R1 over the "
    "whole peak, with its 95 % band; the broken line is the fit with J(ω₀) alone. Far from the minimum the slopes of "
    "ln T1 are Eₐ (hot) and (β − 1) Eₐ (cold). Lines through the measured flanks read less, for the flanks of a usual "
    "window are still bent: they are given for comparison alone."
)
_NARROWING_METHOD = (
    "Hendrickson and Bray: width = A / [1 + (A/B − 1) exp(−Eₐ / kT)] + D, with its 95 % band; all widths count alike, "
    "for the curve misses real widths by more than their errors. Waugh and Fedin: Eₐ = 1.617 meV/K times the "
    "temperature at which the narrowing begins, a rule of thumb; its error is that of the onset alone."
)


def figures(record: NmrRelaxationRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    drawn = {}
    if _all_fits(record):
        drawn["t1"] = (
            _arrhenius(record, beside),
            "T1 against 1000/T with the fit of the whole minimum and its band; the numbers are in the tables.",
        )
    if record.narrowing is not None:
        drawn["widths"] = (_widths(beside), "Line width against temperature with the fitted curve and its band.")
    if beside.has(RECOVERIES):
        drawn["recoveries"] = (
            _recoveries(record, beside),
            "Intensity against delay with the fitted recovery, and its residuals; T1 is in the table.",
        )
    return drawn


def _all_fits(record: NmrRelaxationRecord) -> list[TemperatureFit]:
    return [fit for fit in (record.temperatures, *record.temperatures_of_others) if fit is not None]


def _arrhenius(record: NmrRelaxationRecord, beside: Beside) -> Figure:
    """T1 of each site and field, as the paper's Fig. 2b."""
    from matplotlib.figure import Figure

    fits = _all_fits(record)
    curves, times = beside.columns(PEAK), beside.columns(TIMES, text=("site", "measurement"))
    series = [(number, fit, larmor) for number, fit in enumerate(fits, start=1) for larmor in fit.larmor_MHz]
    figure = Figure(figsize=(6.6, 4.2), layout="constrained")
    panel: Any = figure.subplots()
    for (number, fit, larmor), style in zip(series, series_styles(len(series)), strict=True):
        rows = (curves["site"] == number) & (np.abs(curves["larmor_MHz"] / larmor - 1) < 1e-6)
        x = 1e3 / curves["temperature_K"][rows]
        label = f"{fit.site}, {larmor:.4g} MHz" if len(series) > 1 else "fit, J(ω₀) + 4J(2ω₀)"
        if fit.refused is None:
            panel.fill_between(x, 1e3 * curves["low_95_s"][rows], 1e3 * curves["high_95_s"][rows], color=style.colour,
                               alpha=0.18, lw=0)  # fmt: skip
            panel.plot(x, 1e3 * curves["t1_s"][rows], color=style.colour, label=label)
            panel.plot(x, 1e3 * curves["t1_single_J_s"][rows], color=style.colour, lw=1.0, ls=(0, (5, 2)),
                       label="fit, J(ω₀)" if len(series) == 1 else None)  # fmt: skip
        inside = (times["site"] == fit.site) & (np.abs(times["larmor_MHz"] / larmor - 1) < 0.02)
        t1, std = 1e3 * times["t1_s"][inside], 1e3 * times["std_s"][inside]
        panel.errorbar(1e3 / times["temperature_K"][inside], t1, yerr=std if np.any(std > 0) else None, color=INK,
                       marker=style.marker, ms=4.5, ls="none", capsize=2, lw=1.0,
                       label="measured" if len(series) == 1 else None)  # fmt: skip
    panel.set(yscale="log", xlabel="1000/T (1/K)", ylabel="T1 (ms)")
    panel.legend(loc="best")
    top = panel.secondary_xaxis("top", functions=(_to_kelvin, _to_kelvin))
    top.set_xlabel("temperature (K)")
    top.set_xticks(_kelvin_ticks(times["temperature_K"]))
    return figure


def _to_kelvin(values: Any) -> Any:
    """1000 over it, of whatever an axis asks for."""
    return 1e3 / np.maximum(np.asarray(values, dtype=float), 1e-3)


def _kelvin_ticks(temperatures: np.ndarray) -> list[float]:
    low, high = float(np.nanmin(temperatures)), float(np.nanmax(temperatures))
    step = next(size for size in (5, 10, 20, 25, 50, 100, 200, 1000) if (high - low) / size <= 6)
    return np.arange(step * np.ceil(low / step), high + 1, step).tolist()


def _widths(beside: Beside) -> Figure:
    from matplotlib.figure import Figure

    points, curve = beside.columns(WIDTHS), beside.columns(WIDTH_CURVE)
    figure = Figure(figsize=(6.6, 3.8), layout="constrained")
    panel: Any = figure.subplots()
    at = curve["temperature_K"]
    panel.fill_between(at, curve["low_95_Hz"] / 1e3, curve["high_95_Hz"] / 1e3, color=BLUE, alpha=0.18, lw=0)
    panel.plot(at, curve["width_Hz"] / 1e3, color=BLUE, label="Hendrickson-Bray")
    std = points["std_Hz"] / 1e3
    panel.errorbar(points["temperature_K"], points["width_Hz"] / 1e3, yerr=None if np.isnan(std).any() else std,
                   color=INK, marker="o", ms=4.5, ls="none", lw=1.0, label="measured")  # fmt: skip
    panel.set(xlabel="temperature (K)", ylabel="full width at half maximum (kHz)")
    panel.legend(loc="best")
    return figure


def _recoveries(record: NmrRelaxationRecord, beside: Beside) -> Figure:
    """Recoveries over their residuals, the first ones and the last where there are many."""
    from matplotlib.figure import Figure

    points, curves = beside.columns(RECOVERIES), beside.columns(CURVES)
    shown = _shown(record)
    lines = -(-len(shown) // _PER_ROW)
    across = min(len(shown), _PER_ROW)
    size = (PAGE_INCHES, 2.9 * lines) if across > 1 else (6.6, 3.8)
    figure = Figure(figsize=size, layout="constrained")
    panels: Any = figure.subplots(2 * lines, across, squeeze=False, gridspec_kw={"height_ratios": [3, 1] * lines})
    for place, number in enumerate(shown):
        line, column = divmod(place, across)
        upper, lower = panels[2 * line][column], panels[2 * line + 1][column]
        site = record.sites[number - 1]
        rows, fine = points["row"] == number, curves["row"] == number
        unit = float(np.abs(points["intensity"][rows]).max()) or 1.0
        delays, std = points["delay_s"][rows], points["std"][rows]
        shortest = float(delays[delays > 0].min())
        at = np.maximum(delays, 0.5 * shortest)  # a delay of zero has no place on a logarithmic axis
        upper.plot(curves["delay_s"][fine], curves["fitted"][fine] / unit, color=BLUE)
        upper.errorbar(at, points["intensity"][rows] / unit, yerr=std / unit, color=INK, marker="o", ms=3.5, ls="none",
                       lw=0.9)  # fmt: skip
        upper.set_title(_title(site))
        upper.set(xscale="log", ylabel="intensity", xlim=(0.4 * float(at.min()), 2.5 * float(at.max())))
        lower.sharex(upper)
        upper.tick_params(labelbottom=False)
        lower.axhline(0.0, color=MUTED, lw=0.8)
        lower.plot(at, (points["intensity"] - points["fitted"])[rows] / std, color=ORANGE, marker="o", ms=3, ls="none")
        lower.set(xscale="log", xlabel="delay (s)", ylabel="residual/σ")
    for place in range(len(shown), lines * across):
        line, column = divmod(place, across)
        for panel in (panels[2 * line][column], panels[2 * line + 1][column]):
            panel.set_axis_off()
    return figure


def _shown(record: NmrRelaxationRecord) -> list[int]:
    count = len(record.sites)
    if count <= _MOST_RECOVERIES:
        return list(range(1, count + 1))
    return [1 + round(place * (count - 1) / (_MOST_RECOVERIES - 1)) for place in range(_MOST_RECOVERIES)]


def _title(site: RelaxationSite) -> str:
    where = site.measurement if site.temperature_K is None else kelvin(site.temperature_K)
    return f"{site.name}, {where}"


def page(record: NmrRelaxationRecord, beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    del beside
    fit, narrowed = record.temperatures, record.narrowing
    fitted = any(each.refused is None for each in _all_fits(record))
    numbers, tone, refused = _verdict(record)
    measurements = list(dict.fromkeys(site.measurement for site in record.sites))
    title = narrowed.name if narrowed is not None and not measurements else ", ".join(measurements[:3])
    facts = [("Nucleus", record.nucleus or ABSENT), ("Measurements", str(len(measurements) or 1))]
    if fit is not None:
        facts.append(("Larmor frequency", ", ".join(f"{each:.4g}" for each in fit.larmor_MHz) + " MHz"))
    return Page(
        eyebrow="Nuclear magnetic relaxation",
        title=title + (" and more" if len(measurements) > 3 else ""),
        facts=facts,
        headline=_headline(record),
        tone=tone,
        numbers=numbers,
        remarks=[*(f"{text}." for text in refused), *(f"{note}." for note in record.notes)],
        warnings=record.warnings,
        sections=[
            Section(
                id="temperatures",
                title="T1 against temperature",
                paragraphs=[_PEAK_METHOD] if fitted else [],
                drawings=_of(
                    drawings,
                    "t1",
                    "T1 with the fit of its minimum and the 95 % band." if fitted else "T1; no fit is shown.",
                ),
                tables=[_kernel_table(each, record) for each in _all_fits(record)],
            ),
            Section(
                id="narrowing",
                title="Motional narrowing",
                paragraphs=[_NARROWING_METHOD] if narrowed is not None else [],
                drawings=_of(drawings, "widths", "Line widths with the curve of Hendrickson and Bray."),
                tables=[_narrowing_table(record)],
            ),
            Section(
                id="recoveries",
                title="Recoveries",
                paragraphs=[_RECOVERY_METHOD] if "recoveries" in drawings else [],
                drawings=_of(drawings, "recoveries", "Intensities over the largest, fits, residuals over the noise."),
                tables=[_site_table(record)],
            ),
        ],
        citations=record.citations,
        provenance=record.provenance,
        n_series=max(1, sum(len(each.larmor_MHz) for each in _all_fits(record))),
    )


def _of(drawings: dict[str, Drawing], name: str, caption: str) -> list[tuple[Drawing, str]]:
    return [(drawings[name], caption)] if name in drawings else []


def _verdict(record: NmrRelaxationRecord) -> tuple[list[Number], str, list[str]]:
    """The numbers a reader came for, the tone, and why others are missing."""
    numbers, refused = [], []
    for fit in _all_fits(record):
        if fit.refused is not None:
            refused.append(f"{fit.site}: {fit.refused}")
            continue
        site = f", {fit.site}" if record.temperatures_of_others else ""
        rates = fit.jump_rate_at_maximum_per_s
        for name, value, unit in (
            (f"activation energy{site}", fit.activation_energy_high_T_eV, "eV"),
            (f"(β − 1) Eₐ, the cold flank{site}", fit.activation_energy_low_T_eV, "eV"),
            (f"β{site}", fit.beta, ""),
            (f"jump rate at the T1 minimum, J(ω₀) + 4J(2ω₀){site}", rates.two_J, "1/s"),
            (f"jump rate at the T1 minimum, J(ω₀){site}", rates.single_J, "1/s"),
        ):
            if value is not None:
                numbers.append(Number(name=name, value=_at_end_or_measured(value), unit=unit))
    narrowed = record.narrowing
    if narrowed is not None:
        if narrowed.refused is not None:
            refused.append(f"{narrowed.name}: {narrowed.refused}")
        for name, value in (
            ("activation energy, Hendrickson-Bray", narrowed.activation_energy_eV),
            ("activation energy, Waugh-Fedin", narrowed.waugh_fedin_eV),
        ):
            if value is not None:
                numbers.append(Number(name=name, value=measured(value), unit="eV"))
    if not numbers and not refused:
        for site in record.sites[:3]:
            numbers.append(Number(name=f"T1, {_title(site)}", value=measured(_ms(site.t1_s)), unit="ms"))
            if site.offset is not None:
                numbers.append(Number(name=f"offset, {_title(site)}", value=measured(site.offset)))
    return numbers, ("partial" if numbers and refused else "none" if refused else "good"), refused


def _at_end_or_measured(value: Measured) -> str:
    """A value at an end of its interval has an error to one side alone, which ± does not say: its table has it."""
    is_at_end = value.interval_95 is not None and value.value in value.interval_95
    return f"{plain(value.value)}, at its end" if is_at_end else measured(value)


def _headline(record: NmrRelaxationRecord) -> str:
    fit, narrowed = record.temperatures, record.narrowing
    if fit is not None and fit.activation_energy_high_T_eV is not None:
        return f"A barrier of {measured(fit.activation_energy_high_T_eV)} eV from the whole minimum of T1"
    if narrowed is not None and narrowed.activation_energy_eV is not None:
        return f"A barrier of {measured(narrowed.activation_energy_eV)} eV from motional narrowing"
    if fit is not None or narrowed is not None:
        return "These temperatures decide nothing"
    site = record.sites[0]
    return f"T1 of {measured(_ms(site.t1_s))} ms ({_title(site)})"


def _ms(value: Measured) -> Measured:
    def scaled(ends: tuple[float, float] | None) -> tuple[float, float] | None:
        return None if ends is None else (1e3 * ends[0], 1e3 * ends[1])

    return Measured(
        value=1e3 * value.value, std=1e3 * value.std, interval_68=scaled(value.interval_68),
        interval_95=scaled(value.interval_95),
    )  # fmt: skip


def _kernel_table(fit: TemperatureFit, record: NmrRelaxationRecord) -> Table | None:
    if not fit.kernels:
        return None
    table = Table(
        f"{fit.site}: the fit by both kernels (± is the 68 % standard uncertainty)",
        [("Quantity", ""), *(("J(ω₀) + 4J(2ω₀)" if each.kernel == "two_J" else "J(ω₀)", "") for each in fit.kernels)],
    )
    at = record.conductivity_temperature_K
    rows: list[tuple[str, list[Measured | None]]] = [
        ("activation energy, eV", [each.activation_energy_eV for each in fit.kernels]),
        ("(β − 1) Eₐ, eV", [each.activation_energy_low_T_eV for each in fit.kernels]),
        ("β", [each.beta for each in fit.kernels]),
        ("temperature of the minimum of T1, K", [each.temperature_at_maximum_K for each in fit.kernels]),
        ("1/τ there, 1/s", [each.jump_rate_at_maximum_per_s for each in fit.kernels]),
        ("τ₀, s", [each.tau0_s for each in fit.kernels]),
        ("C, 1/s²", [each.coupling_per_s2 for each in fit.kernels]),
        ("fluctuating C_Q, MHz", [each.fluctuating_cq_MHz for each in fit.kernels]),
        ("diffusivity at the minimum, cm²/s", [each.diffusivity_at_maximum_cm2_per_s for each in fit.kernels]),
        (
            f"conductivity by Nernst-Einstein{'' if at is None else f' at {kelvin(at)}'}, mS/cm",
            [each.nernst_einstein_mS_per_cm for each in fit.kernels],
        ),
        ("over the measured one (Haven ratio)", [each.haven_ratio for each in fit.kernels]),
    ]
    for name, values in rows:
        if any(value is not None for value in values):
            table.rows.append([Cell(name), *(value_cell(value) for value in values)])
    table.rows.append(
        [Cell("scatter of T1 about the fit, %"), *(Cell(plain(100 * each.scatter)) for each in fit.kernels)]
    )
    table.rows.append([Cell("AICc"), *(Cell(plain(each.aicc)) for each in fit.kernels)])
    flanks = [("hot", fit.flank_high_T_eV), ("cold", fit.flank_low_T_eV)]
    told = [f"{name} {plain(value)} eV" for name, value in flanks if value is not None]
    if told:
        table.rows.append([Cell("lines through the measured flanks", "not the barrier"), Cell("; ".join(told)),
                           *(Cell(ABSENT) for _ in fit.kernels[1:])])  # fmt: skip
    return table


def _narrowing_table(record: NmrRelaxationRecord) -> Table | None:
    found = record.narrowing
    if found is None:
        return None
    table = Table("Motional narrowing (± is the 68 % standard uncertainty)", [("Quantity", ""), ("Value", "")])
    rows: list[tuple[str, Measured | None]] = [
        ("activation energy, Hendrickson-Bray, eV", found.activation_energy_eV),
        ("activation energy, Waugh-Fedin, eV", found.waugh_fedin_eV),
        ("onset of the narrowing, K", found.onset_K),
        ("half of A is left at, K", found.midpoint_K),
        ("A, Hz", found.rigid_width_Hz),
        ("D, Hz", found.residual_width_Hz),
        ("ln (B / Hz)", found.ln_attempt_width_Hz),
    ]
    table.rows.extend([Cell(name), value_cell(value)] for name, value in rows if value is not None)
    table.rows.append([Cell("jump rate there, 2πA, 1/s"), Cell(plain(found.jump_rate_at_midpoint_per_s, 2))])
    table.rows.append([Cell("scatter of the widths, Hz"), Cell(plain(found.scatter_Hz))])
    return table


def _site_table(record: NmrRelaxationRecord) -> Table | None:
    if not record.sites or all(site.offset is None for site in record.sites):
        return None
    table = Table(
        "T1 of each site (± is the 68 % standard uncertainty)",
        [("Site", ""), ("Temperature", "K"), ("Shift", "ppm"), ("T1", "ms"), ("Offset", ""), ("Model", ""),
         ("W1", "1/s"), ("W2", "1/s"), ("Stretch", ""), ("Offset betters AICc by", ""), ("Scatter over noise", "")],
    )  # fmt: skip
    for site in record.sites:
        table.rows.append(
            [
                Cell(site.name, site.measurement),
                Cell(ABSENT if site.temperature_K is None else f"{site.temperature_K:g}"),
                Cell(ABSENT if site.shift_ppm is None else plain(site.shift_ppm, 4)),
                value_cell(_ms(site.t1_s)),
                value_cell(site.offset),
                Cell(site.model or ABSENT),
                Cell(measured(site.w1_per_s)),
                Cell(measured(site.w2_per_s)),
                Cell(measured(site.stretch)),
                Cell(plain(site.aicc_gain_of_offset, 2)),
                Cell(plain(site.noise_ratio, 2)),
            ]
        )
    return filled(table)
