"""The report of `eis`."""

from __future__ import annotations

from paddlewheel.lab.eis.growth import FITS
from paddlewheel.page.drawing import Drawing
from paddlewheel.page.interactive import CREDIT, zoom_scripts, zoom_section
from paddlewheel.page.numbers import interval, kelvin, measured, plain
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table, filled
from paddlewheel.page.write import value_cell
from paddlewheel.records import Measured
from paddlewheel.records.arrhenius import ArrheniusResult
from paddlewheel.records.tables import Beside
from paddlewheel.studies.eis.figures import METHODS, PARTS, figures, plots
from paddlewheel.studies.eis.labels import label, shown
from paddlewheel.studies.eis.record import EisRecord, RelaxationPeakResult, SpectrumResult

__all__ = ["figures", "page"]

_ROLES = {"bulk": "bulk", "grain_boundary": "grain boundary", "electrolyte": "electrolyte", "interface": "interface",
          "unclear": "grain boundary or interface", "inductive": "inductive",
          "leads": "leads"}  # fmt: skip

_UNTOLD = (
    "The Kramers–Kronig relations do not prove the cell linear: a spectrum at a second amplitude does "
    "(--other-amplitude)."
)
_LAWS = {
    "linear": "R₀ + k t",
    "square-root": "R₀ + k √t",
    "parabolic": "R² = R₀² + k² t",
    "shifted-square-root": "R₀ + k √(t + t₀)",
}
_GROWTH = (
    "A reaction at a free interface grows a layer in proportion to the time (linear); one that ions or electrons must "
    "diffuse through grows parabolically: from nothing at the first spectrum (R₀ + k √t), from the layer that is there "
    "already (R² = R₀² + k² t), or from that beside a constant resistance (R₀ + k √(t + t₀)). A kind is told if a law "
    "of it fits (p ≥ 0.01) and every law of the other kind has a BIC that is higher by 6, or does not fit."
)


def page(record: EisRecord, beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    sections = [
        _arrhenius_section(record, drawings),
        _spectra_section(record, drawings),
        _test_section(record, drawings),
        _circuit_section(record),
        _readings_section(record, drawings),
        _relaxation_section(record, drawings),
        _interface_section(record, drawings),
        _beside_section(record),
        zoom_section(plots(record, beside)),
    ]
    return Page(
        eyebrow="impedance",
        title=f"Impedance of {record.sample}" if record.sample else "Impedance",
        facts=_facts(record),
        headline=_headline(record),
        tone="good" if any(row.kramers_kronig.passed and not row.refused for row in record.spectra) else "none",
        numbers=_numbers(record),
        remarks=[_UNTOLD if record.linearity is None else _sentence(record.linearity.verdict)],
        warnings=record.warnings,
        sections=[section for section in sections if section is not None],
        citations=record.citations,
        provenance=record.provenance,
        n_series=max(len(METHODS), len(shown(record))),
        scripts=zoom_scripts(),
        scripts_credit=CREDIT,
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _arrhenius_section(record: EisRecord, drawings: dict[str, Drawing]) -> Section | None:
    if "arrhenius" not in drawings:
        return None
    table = Table(
        "Fits of ln(σT) against 1/T",
        [("", ""), ("Eₐ", "eV"), ("Eₐ, 95 %", "eV"), ("ln A", "ln(mS K/cm)"), ("χ²/dof", ""), ("σ at 300 K", "mS/cm")],
    )
    for part in PARTS:
        fit: ArrheniusResult | None = getattr(record.arrhenius, part)
        if fit is not None:
            table.rows.append(
                [Cell(part.replace("_", " "), fit.refused), Cell(measured(fit.activation_energy_eV)),
                 Cell(interval(fit.activation_energy_95_eV)), Cell(measured(fit.ln_prefactor)),
                 Cell(plain(fit.chi2_per_dof)),
                 value_cell(fit.conductivity_300K_mS_per_cm, fit.conductivity_300K_95_mS_per_cm)]
            )  # fmt: skip
    said = (
        "Each point weighs by the error of its own resistance. The error of the geometry is common to all temperatures:"
        " it is in the prefactor and in σ at 300 K, and not in Eₐ. Bands: 95 %."
    )
    return Section(id="arrhenius", title="Temperature", paragraphs=[said], drawings=[(drawings["arrhenius"], "")],
                   tables=[table])  # fmt: skip


def _spectra_section(record: EisRecord, drawings: dict[str, Drawing]) -> Section:
    table = Table(
        "Resistances and conductivities (± is the 68 % standard uncertainty)",
        [("Spectrum", ""), ("R bulk", "Ω"), ("R grain boundary", "Ω"), ("R total", "Ω"), ("R unclear", "Ω"),
         ("R interface", "Ω"), (_each(record), "Ω cm²"), ("σ bulk", "mS/cm"), ("σ grain boundary", "mS/cm"),
         ("σ total", "mS/cm")],
    )  # fmt: skip
    for row in record.spectra:
        r, sigma = row.resistances_ohm, row.conductivity_mS_per_cm
        values = (
            r.bulk,
            r.grain_boundary,
            r.total,
            r.unclear,
            r.interface,
            row.interface_ohm_cm2,
            sigma.bulk,
            sigma.grain_boundary,
            sigma.total,
        )
        shown = [Cell(measured(value)) for value in values]
        if row.refused:
            shown[2] = shown[-1] = Cell("refused", row.refused, "broken")
        table.rows.append([Cell(label(row), row.file), *shown])
    caption = "Scaled to the electrolyte: a tail may leave the picture. Both axes have one scale, insets too."
    drawn = [(drawings["nyquist"], caption)]
    drawn += [(drawings[name], "") for name in ("together", "bode") if name in drawings]
    return Section(id="spectra", title="Spectra", drawings=drawn,
                   tables=[filled(table), _diffusivity_table(record)])  # fmt: skip


def _each(record: EisRecord) -> str:
    """What the interface's resistance times area is that of."""
    return "R interface × area" + (" / 2" if record.electrodes == 2 else "")


def _diffusivity_table(record: EisRecord) -> Table | None:
    told = [(row, row.diffusivity) for row in record.spectra if row.diffusivity is not None]
    if not told:
        return None
    table = Table("Diffusivity from the tail", [("Spectrum", ""), ("D", "cm²/s"), ("Formula", ""), ("Assumes", "")])
    for row, found in told:
        value = Cell(measured(found.diffusivity_cm2_per_s))
        table.rows.append([Cell(label(row)), value, Cell(found.formula), Cell(found.assumptions)])
    return table


def _test_section(record: EisRecord, drawings: dict[str, Drawing]) -> Section:
    table = Table(
        "Linear Kramers–Kronig test",
        [("Spectrum", ""), ("", ""), ("Residual", "% of |Z|"), ("Violation", "% of |Z|"), ("p", ""), ("Terms", ""),
         ("μ", ""), ("Verdict", ""), ("Z-HIT", "% of |Z|"), ("Z-HIT says", "")],
    )  # fmt: skip
    for row in record.spectra:
        test = row.kramers_kronig
        badge = ("passes", None, "ok") if test.passed else ("fails", None, "broken")
        table.rows.append(
            [Cell(label(row)), Cell(*badge), Cell(plain(test.rms_percent, 2)), Cell(plain(test.violation_percent, 2)),
             Cell(plain(test.probability, 2)), Cell(str(test.n_terms)), Cell(plain(test.mu, 2)), Cell(test.verdict),
             *_z_hit_cells(row)]
        )  # fmt: skip
    said = (
        "A spectrum passes if no smooth part of it above 0.3 % of |Z| is beyond what causal and stable systems can "
        "show. That does not prove the cell linear: an interface that 100 mV drive out of its linear range shows a "
        "smaller resistance, and passes. Where the circuit's residual is larger than the test's, the circuit is at "
        "fault. Z-HIT makes |Z| of the phase, which a sample that changes during the sweep hardly moves: it sees "
        "drifts that are smooth enough to be lawful. Nothing is left out for it."
    )
    caption = "Upper: what no sum of lawful terms describes. Lower: what the circuit does not describe."
    return Section(id="test", title="Kramers–Kronig test", paragraphs=[said],
                   drawings=[(drawings["residuals"], caption)],
                   tables=[table, _linearity_table(record)])  # fmt: skip


def _z_hit_cells(row: SpectrumResult) -> list[Cell]:
    if row.z_hit is None:
        return [Cell("–"), Cell("–")]
    return [Cell(plain(row.z_hit.rms_percent, 2)), Cell(row.z_hit.verdict)]


def _linearity_table(record: EisRecord) -> Table | None:
    found = record.linearity
    if found is None:
        return None
    table = Table("Two amplitudes", [("Spectrum", ""), ("Other amplitude", ""), ("", ""), ("Difference", "% of |Z|"),
                                     ("Noise", "% of |Z|"), ("p", ""), ("Verdict", "")])  # fmt: skip
    badge = ("linear", None, "ok") if found.linear else ("not linear", None, "broken")
    table.rows.append(
        [Cell(found.spectrum), Cell(found.file), Cell(*badge), Cell(plain(found.difference_percent, 2)),
         Cell(plain(found.noise_percent, 2)), Cell(plain(found.probability, 2)), Cell(found.verdict)]
    )  # fmt: skip
    return table


def _circuit_section(record: EisRecord) -> Section:
    tried = None
    if record.candidates:
        tried = Table("Circuits tried, the one chosen first, then by BIC",
                      [("Circuit", ""), ("BIC above the lowest", ""), ("Residual", "%"), ("Elements", "")])  # fmt: skip
        for each in record.candidates:
            known = Cell("known", None, "ok") if each.determined else Cell("not all known", None, "too-short")
            tried.rows.append(
                [Cell(each.circuit), Cell(plain(each.bic_above_lowest)), Cell(plain(each.rms_percent)), known]
            )
    table = Table("Parameters, with 95 % profile-likelihood intervals",
                  [("Spectrum", ""), ("Parameter", ""), ("Value", ""), ("95 %", ""), ("Role", "")])  # fmt: skip
    for row in record.spectra:
        for found in row.parameters:
            value = Measured(value=found.value, std=found.std)
            name = f"{found.name} ({found.unit})" if found.unit else found.name
            table.rows.append([Cell(label(row)), Cell(name), Cell(measured(value)), Cell(_ends(found.interval_95)),
                               Cell(_ROLES.get(found.role or "", "–"))])  # fmt: skip
    said = (
        f"{record.circuit_reason[0].upper()}{record.circuit_reason[1:]}. No start values were given. Arcs are R / (1 + "
        "(iωτ)ⁿ); an arc's role follows from its capacitance τ/R: per volume in the electrolyte (a permittivity up to "
        "10⁵), per area at an electrode (0.1 µF/cm² and more)."
    )
    return Section(id="circuit", title="Circuit", paragraphs=[said], tables=[tried, table])


def _ends(ends: tuple[float | None, float | None]) -> str:
    low, high = ends
    if low is not None and high is not None:
        return interval((low, high))
    return f"> {plain(low)}" if low is not None else f"< {plain(high)}" if high is not None else "open"


def _readings_section(record: EisRecord, drawings: dict[str, Drawing]) -> Section:
    table = Table("Resistance read in every usual way",
                  [("Spectrum", ""), *((words, "Ω") for words in METHODS.values()), ("Spread", "%")])  # fmt: skip
    for row in record.spectra:
        by_method = {reading.method: reading for reading in row.readings}
        cells = [
            Cell(plain(by_method[name].resistance_ohm, 4), by_method[name].note) if name in by_method else Cell("–")
            for name in METHODS
        ]
        table.rows.append([Cell(label(row)), *cells, Cell(plain(row.spread_percent, 2))])
    drawn = [(drawings["readings"], "")] if "readings" in drawings else []
    return Section(id="readings", title="Ways of reading the resistance", drawings=drawn, tables=[table])


def _relaxation_section(record: EisRecord, drawings: dict[str, Drawing]) -> Section:
    table = Table(
        "Distribution of relaxation times",
        [
            ("Spectrum", ""),
            ("λ", ""),
            ("Residual", "%"),
            ("Series R", "Ω"),
            ("Series L", "H"),
            ("Series C", "F"),
            ("Peaks", "τ (s): R (Ω)"),
        ],
    )
    for row in record.spectra:
        times = row.relaxation_times
        peaks = ";  ".join(f"{plain(peak.tau_s, 2)}: {_resistance(peak)}" for peak in times.peaks)
        table.rows.append(
            [Cell(label(row)), Cell(plain(times.regularization, 2)), Cell(plain(times.rms_percent, 2)),
             Cell(plain(times.series_resistance_ohm)), Cell(plain(times.series_inductance_H, 2)),
             Cell(plain(times.series_capacitance_F, 2)), Cell(peaks or "–")]
        )  # fmt: skip
    said = (
        "Tikhonov regularization of the curvature, γ ≥ 0, or negative inside one interval of times where that alone "
        "describes the spectrum (inductive loops); λ is the largest whose generalized cross-validation score is "
        "within one standard error of the lowest. In series are a resistor, an inductor and a capacitor. The band "
        "holds 95 % of the distribution, on average over τ; the top of a sharp arc may lie above it."
    )
    return Section(id="relaxation", title="Relaxation times", paragraphs=[said],
                   drawings=[(drawings["relaxation_times"], "Below: the first and the last with their 95 % bands.")],
                   tables=[filled(table), _followed_table(record)])  # fmt: skip


def _resistance(peak: RelaxationPeakResult) -> str:
    if peak.resistance_std_ohm is None:
        return plain(peak.resistance_ohm)
    return measured(Measured(value=peak.resistance_ohm, std=peak.resistance_std_ohm))


def _followed_table(record: EisRecord) -> Table | None:
    if not record.relaxation_peaks:
        return None
    table = Table(
        "Peaks over temperature, followed by their capacitance τ/R",
        [("C = τ/R", "F"), ("Temperatures", ""), ("Eₐ of ln(T/R)", "eV"), ("95 %", "eV"), ("χ²/dof", ""),
         ("Eₐ of ln(1/τ)", "eV"), ("95 %", "eV"), ("χ²/dof", "")],
    )  # fmt: skip
    for peak in record.relaxation_peaks:
        kelvins = [point.temperature_K for point in peak.points]
        table.rows.append(
            [Cell(plain(peak.capacitance_F, 2)),
             Cell(f"{len(kelvins)}, {kelvin(min(kelvins))} to {kelvin(max(kelvins))}"),
             Cell(measured(peak.resistance_activation_energy_eV)),
             Cell(interval(peak.resistance_activation_energy_95_eV)), Cell(plain(peak.resistance_chi2_per_dof)),
             Cell(measured(peak.tau_activation_energy_eV)), Cell(interval(peak.tau_activation_energy_95_eV)),
             Cell(plain(peak.tau_chi2_per_dof))]
        )  # fmt: skip
    return table


def _interface_section(record: EisRecord, drawings: dict[str, Drawing]) -> Section | None:
    series = record.interface
    if series is None:
        return None
    unit = "h" if series.against == "time_h" else "cycle"
    table = Table("Interface", [("time" if unit == "h" else "cycle", unit if unit == "h" else ""), ("R", "Ω"),
                                (_each(record), "Ω cm²")])  # fmt: skip
    for point in series.points:
        area = Cell(measured(point.area_specific_resistance_ohm_cm2))
        table.rows.append([Cell(plain(point.x)), Cell(measured(point.resistance_ohm)), area])
    laws = Table("Laws of growth, the lowest BIC first",
                 [("Law", ""), ("", ""), ("R₀", "Ω"), ("Rate k", f"Ω per {unit}, or its root"), ("t₀", unit),
                  ("χ²/dof", ""), ("p", "")])  # fmt: skip
    for law in series.laws:
        fits = law.probability is None or law.probability >= FITS
        laws.rows.append([Cell(law.law), Cell(_LAWS[law.law]), Cell(measured(law.start_ohm)),
                          Cell(measured(law.rate_ohm)), Cell(measured(law.age)),
                          Cell(plain(law.chi2_per_dof), None, None if fits else "broken"),
                          Cell(plain(law.probability, 2))])  # fmt: skip
    verdict = f"{series.verdict} growth" if series.verdict else "no law of growth is told"
    said = f"{verdict[0].upper()}{verdict[1:]}: {series.reason}. {_GROWTH}"
    return Section(id="interface", title="Interface", paragraphs=[said], drawings=[(drawings["interface"], "")],
                   tables=[filled(laws), table])  # fmt: skip


def _beside_section(record: EisRecord) -> Section | None:
    if not record.beside:
        return None
    table = Table("Another analysis of the same spectra",
                  [("", ""), ("T", "K"), ("Ours", ""), ("Theirs", ""), ("Difference", "joint errors")])  # fmt: skip
    for row in record.beside:
        what = f"{row.part.replace('_', ' ')}, {'Eₐ (eV)' if row.temperature_K is None else 'σ (mS/cm)'}"
        table.rows.append([Cell(what), Cell(plain(row.temperature_K, 5)), Cell(measured(row.ours)),
                           Cell(measured(row.other)), Cell(plain(row.difference_in_joint_errors, 2))])  # fmt: skip
    return Section(id="beside", title="Beside another analysis", tables=[table])


def _facts(record: EisRecord) -> list[tuple[str, str]]:
    temperatures = sorted({row.temperature_K for row in record.spectra if row.temperature_K is not None})
    facts = [("Spectra", str(len(record.spectra))), ("Circuit", record.circuit)]
    if temperatures:
        span = kelvin(temperatures[0])
        facts.append(("Temperature", span if len(temperatures) == 1 else f"{span} to {kelvin(temperatures[-1])}"))
    if record.cell is not None or record.electrodes > 1:
        kind = record.cell or "not said"
        facts.append(
            ("Cell", f"{kind}, {'two equal electrodes' if record.electrodes == 2 else 'counted as one electrode'}")
        )
    if record.geometry is not None:
        facts.append(("Diameter", f"{measured(record.geometry.diameter_cm)} cm"))
        facts.append(("Thickness", f"{measured(record.geometry.thickness_cm)} cm"))
    return facts


def _headline(record: EisRecord) -> str:
    failed = [row for row in record.spectra if not row.kramers_kronig.passed]
    said = "All spectra obey" if not failed else f"{len(record.spectra) - len(failed)} of {len(record.spectra)} obey"
    said += " the Kramers–Kronig relations"
    total = record.arrhenius.total
    if total is not None and total.activation_energy_eV is not None:
        return f"{said}; the activation energy of the total conductivity is {measured(total.activation_energy_eV)} eV."
    refused = sum(row.refused is not None for row in record.spectra)
    if refused:
        said += f"; {refused} of {len(record.spectra)} have no total resistance that can be told"
    return f"{said}."


def _numbers(record: EisRecord) -> list[Number]:
    numbers = []
    for part in PARTS:
        fit: ArrheniusResult | None = getattr(record.arrhenius, part)
        if fit is not None and fit.activation_energy_eV is not None:
            numbers.append(Number(name=f"Eₐ, {part.replace('_', ' ')}", value=measured(fit.activation_energy_eV),
                                  unit="eV", note="ln(σT), 68 %"))  # fmt: skip
    if not numbers:
        row: SpectrumResult = record.spectra[0]
        sigma, total = row.conductivity_mS_per_cm.total, row.resistances_ohm.total
        if row.refused:
            return [Number(name=f"Total, {label(row)}", value="refused", unit="", note="why: see the warnings")]
        value, unit = (measured(sigma), "mS/cm") if sigma is not None else (measured(total), "Ω")
        numbers.append(Number(name=f"Total, {label(row)}", value=value, unit=unit, note="circuit, 68 %"))
    return numbers
