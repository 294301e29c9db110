"""`cv`: peaks, separations, charges and reversibility of cyclic voltammetries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.cell_tests import CellTests, ReadTests, open_tests
from paddlewheel.lab.cyclic import Couple, Peak, Scan, find_scans
from paddlewheel.lab.geometry import Uncertain, to_measured, to_uncertain
from paddlewheel.lab.reversibility import (
    diffusivity_cm2_per_s,
    expected_separation_V,
    judge,
    nicholson_psi,
    rate_constant_cm_per_s,
    trend_with_rate,
)
from paddlewheel.lab.voltammetry import corrected_voltage_V, find_sweeps
from paddlewheel.records import Citation, Measured
from paddlewheel.records.tables import stacked
from paddlewheel.studies.cv.record import SWEEPS, CvCouple, CvPeak, CvRecord, CvScan, CvTrend
from paddlewheel.studies.laboratory.settings import (
    CELL_TESTS,
    ColumnSettings,
    DiscSettings,
    DrawnSettings,
    ReferenceSettings,
    check_drawn,
    spread,
)
from paddlewheel.study.run import Run
from paddlewheel.study.settings import Integers, Quantity, setting
from paddlewheel.study.study import Study

_ROOM_K = 298.15
_SAME_RATE = 0.05
"""Share within which sweep rates are one."""
_MOST_DRAWN, _MOST_TOLD = 4, 12
_DROP_LEFT = 0.25
"""Share of an ohmic drop that stays in the separation as an error where it is taken off afterwards: while it was there
the electrode was not swept at the rate of the instrument, which V - I R does not undo."""
_CITATIONS = (
    Citation(
        what="reversible peaks",
        reference="Nicholson, Shain, Anal. Chem. 36, 706 (1964)",
        doi="10.1021/ac60210a007",
    ),
    Citation(
        what="separation of slower couples (psi)",
        reference="Nicholson, Anal. Chem. 37, 1351 (1965)",
        doi="10.1021/ac60230a016",
    ),
    Citation(
        what="baseline of the return peak",
        reference="Polcyn, Shain, Anal. Chem. 38, 370 (1966)",
        doi="10.1021/ac60235a004",
    ),
    Citation(
        what="couples on the surface",
        reference="Laviron, J. Electroanal. Chem. 101, 19 (1979)",
        doi="10.1016/S0022-0728(79)80075-3",
    ),
)


class CvSettings(DiscSettings, ColumnSettings, ReferenceSettings, DrawnSettings):
    """Settings of `cv`."""

    temperature_K: float | None = setting(None, "K, over what the file says; 298.15 where neither says.")
    electrons: int = setting(1, "Electrons of the couple, n of 57 mV / n.", ge=1, le=12)
    resistance_ohm: Quantity | None = setting(
        None, "Uncompensated resistance of the cell, for V - I R: value or value,std; none by default."
    )
    concentration_mol_per_L: float | None = setting(
        None, "Of the dissolved species, for the diffusivity by Randles and Sevcik, mol/L.", gt=0, le=100
    )
    diffusivity_cm2_per_s: float | None = setting(
        None, "Of the dissolved species, for the rate constant by Nicholson, cm2/s.", gt=0, le=1
    )
    scans: Integers = setting(
        (),
        "Scans to draw, by number from 1; the first, the last and some between by default.",
        each=(1, 1_000_000),
        distinct="name each scan once",
        may_change=True,
    )


@dataclass(frozen=True, kw_only=True)
class CvInputs:
    """The tests, the area of the electrode where it is told, and the temperature."""

    read: ReadTests
    sample: str
    area_cm2: Uncertain | None
    temperature_K: float
    temperature_is_assumed: bool

    def document(self) -> dict[str, Any]:
        """Area and temperature that count, and the tests by their content."""
        return {
            "sample": self.sample or None,
            "area_cm2": None if self.area_cm2 is None else to_measured(self.area_cm2).model_dump(),
            "temperature_K": self.temperature_K,
            "tests": self.read.inputs(),
        }


def _opens(files: CellTests, settings: CvSettings) -> CvInputs:
    name, area = "", None
    if settings.sample is not None or settings.diameter_cm is not None:
        name, area = settings.area_cm2()
    if settings.concentration_mol_per_L is not None and area is None:
        raise SettingsError("no area", where="concentration_mol_per_L", remedy="give the diameter or a sample file")
    read = open_tests(files, columns=settings.columns, commands=("cv", "lsv"))
    told = [test.temperature_K for test in read.tests if test.temperature_K is not None]
    known = np.concatenate(told) if told else np.empty(0)
    in_file = float(np.nanmean(known)) if np.isfinite(known).any() else None
    return CvInputs(
        read=read,
        sample=name,
        area_cm2=area,
        temperature_K=settings.temperature_K or in_file or _ROOM_K,
        temperature_is_assumed=settings.temperature_K is None and in_file is None,
    )


def _document(inputs: CvInputs, settings: CvSettings) -> dict[str, Any]:
    """The area stands for the diameter."""
    told = {name: value for name, value in settings.document().items() if not name.startswith("diameter_")}
    if settings.diameter_cm is None:
        told["diameter_cm"] = None
    return told | inputs.document()


def _measures(inputs: CvInputs, settings: CvSettings, run: Run) -> CvRecord:
    warnings = list(inputs.read.warnings)
    scans: list[tuple[str, Scan]] = []
    for file, test in zip(inputs.read.names, inputs.read.tests, strict=True):
        sweeps = find_sweeps(test)
        if settings.resistance_ohm is not None:
            ohms = to_uncertain(settings.resistance_ohm)
            sweeps = [replace(sweep, voltage_V=corrected_voltage_V(sweep, ohms)) for sweep in sweeps]
        shift = settings.reference_shift_V.value
        found = find_scans([replace(sweep, voltage_V=sweep.voltage_V + shift) for sweep in sweeps])
        scans += [(file, scan) for scan in found]
        spikes = sum(scan.n_spikes for scan in found)
        if spikes:
            warnings.append(f"{file}: {spikes} points stand out alone (shorts, changes of range) and were left out")
    check_drawn("scans", settings.scans, len(scans))
    couples = [
        _couple(number, scan, couple, inputs, settings)
        for number, (_, scan) in enumerate(scans, start=1)
        for couple in scan.couples
    ]
    trends = _trends(_first_scans(scans), inputs, settings)
    return CvRecord(
        sample=inputs.sample or None,
        area_cm2=None if inputs.area_cm2 is None else to_measured(inputs.area_cm2),
        temperature_K=inputs.temperature_K,
        electrons=settings.electrons,
        measured_against=settings.measured_against,
        reference=settings.reference or settings.measured_against,
        reference_shift_V=settings.reference_shift_V,
        resistance_ohm=settings.resistance_ohm,
        drawn_scans=list(settings.scans) or spread(len(scans), most=_MOST_DRAWN),
        drawn_V=settings.drawn_V(),
        scans=[_row(number, file, scan) for number, (file, scan) in enumerate(scans, start=1)],
        peaks=[
            _peak(number, peak, inputs.area_cm2, settings.reference_shift_V.std)
            for number, (_, scan) in enumerate(scans, start=1)
            for peak in scan.peaks
        ],
        couples=couples,
        trends=trends,
        notes=_notes(scans, couples, trends, inputs, settings),
        warnings=list(dict.fromkeys(warnings)),
        files={"sweeps": _keep_sweeps([scan for _, scan in scans], run)},
        citations=list(_CITATIONS),
        provenance=run.provenance(),
    )


def _row(number: int, file: str, scan: Scan) -> CvScan:
    voltages = np.concatenate([sweep.voltage_V for sweep in scan.sweeps])
    return CvScan(
        number=number,
        file=file,
        first_row=scan.sweeps[0].rows[0],
        last_row=scan.sweeps[-1].rows[1] - 1,
        n_sweeps=len(scan.sweeps),
        complete=scan.complete,
        begins_with=scan.sweeps[0].direction,
        lowest_V=float(voltages.min()),
        highest_V=float(voltages.max()),
        rate_mV_per_s=1000 * scan.rate_V_per_s,
        anodic_charge_mC=_times(scan.anodic_charge_C, 1e3),
        cathodic_charge_mC=_times(scan.cathodic_charge_C, 1e3),
        capacitance_uF=None if scan.capacitance_F is None else _times(scan.capacitance_F, 1e6),
        capacitance_is_bound=scan.capacitance_is_bound,
        resistance_ohm=scan.resistance_ohm,
    )


def _times(measured: Measured, factor: float) -> Measured:
    return Measured(value=measured.value * factor, std=measured.std * factor)


def _peak(number: int, peak: Peak, area_cm2: Uncertain | None, shift_std_V: float) -> CvPeak:
    density = None
    if area_cm2 is not None:
        density = to_measured(1e3 * to_uncertain(peak.current_A) / area_cm2)
    potential = peak.potential_V
    return CvPeak(
        scan=number,
        direction="anodic" if peak.current_A.value > 0 else "cathodic",
        potential_V=Measured(value=potential.value, std=float(np.hypot(potential.std, shift_std_V))),
        current_mA=_times(peak.current_A, 1e3),
        current_density_mA_per_cm2=density,
        half_peak_V=peak.half_peak_V,
        width_V=peak.width_V,
        baseline=peak.baseline,
    )


def _couple(number: int, scan: Scan, couple: Couple, inputs: CvInputs, settings: CvSettings) -> CvCouple:
    kelvin, electrons = inputs.temperature_K, settings.electrons
    expected = expected_separation_V(beyond_peak_V=couple.beyond_peak_V, temperature_K=kelvin, electrons=electrons)
    currents_A = couple.anodic.current_A.value - couple.cathodic.current_A.value
    ohms = settings.resistance_ohm
    drop_std_V = 0.0 if ohms is None else currents_A * float(np.hypot(ohms.std, _DROP_LEFT * ohms.value))
    separation = Measured(value=couple.separation_V.value, std=float(np.hypot(couple.separation_V.std, drop_std_V)))
    judged = judge(
        separation_V=separation,
        beyond_peak_V=couple.beyond_peak_V,
        ratio=couple.ratio,
        half_peak_V=couple.first.half_peak_V,
        width_V=couple.first.width_V,
        temperature_K=kelvin,
        electrons=electrons,
    )
    psi = rate_constant = None
    if judged.verdict == "quasi-reversible":
        psi = nicholson_psi(separation.value, temperature_K=kelvin, electrons=electrons)
    if psi is not None and settings.diffusivity_cm2_per_s is not None:
        rate_constant = rate_constant_cm_per_s(
            psi, diffusivity_cm2_per_s=settings.diffusivity_cm2_per_s, rate_V_per_s=scan.rate_V_per_s,
            temperature_K=kelvin, electrons=electrons,
        )  # fmt: skip
    shift_std = settings.reference_shift_V.std

    def shifted(potential: Measured) -> Measured:
        return Measured(value=potential.value, std=float(np.hypot(potential.std, shift_std)))

    excess = separation.value - expected
    apart = judged.verdict in ("quasi-reversible", "irreversible")
    return CvCouple(
        scan=number,
        rate_mV_per_s=1000 * scan.rate_V_per_s,
        anodic_V=shifted(couple.anodic.potential_V),
        cathodic_V=shifted(couple.cathodic.potential_V),
        half_wave_V=shifted(couple.half_wave_V),
        separation_V=separation,
        reversible_separation_V=expected,
        current_ratio=couple.ratio,
        verdict=judged.verdict,
        reasons=list(judged.reasons),
        psi=psi,
        rate_constant_cm_per_s=rate_constant,
        explaining_resistance_ohm=excess / currents_A if apart and currents_A > 0 else None,
    )


def _first_scans(scans: Sequence[tuple[str, Scan]]) -> list[Scan]:
    """The first scan with peaks at each rate of each file: a later one begins in what the first has left, and the
    theory of peak currents is that of a solution through which nothing has passed yet."""
    first: dict[tuple[str, int], Scan] = {}
    for file, scan in scans:
        if scan.peaks:
            first.setdefault((file, round(float(np.log(scan.rate_V_per_s)) / _SAME_RATE)), scan)
    return list(first.values())


def _trends(scans: Sequence[Scan], inputs: CvInputs, settings: CvSettings) -> list[CvTrend]:
    trends = []
    directions: tuple[tuple[Literal["anodic", "cathodic"], float], ...] = (("anodic", 1.0), ("cathodic", -1.0))
    for direction, sign in directions:
        largest = [
            (scan.rate_V_per_s, max((peak for peak in peaks), key=lambda peak: sign * peak.current_A.value))
            for scan in scans
            if (peaks := [peak for peak in scan.peaks if sign * peak.current_A.value > 0])
        ]
        trend = trend_with_rate([rate for rate, _ in largest], [peak.current_A for _, peak in largest])
        if trend is None:
            continue
        diffusivity = None
        if settings.concentration_mol_per_L is not None and trend.told == "of diffusion":
            assert inputs.area_cm2 is not None
            diffusivity = diffusivity_cm2_per_s(
                trend.slope_A_per_root_V_per_s,
                area_cm2=to_measured(inputs.area_cm2),
                concentration_mol_per_L=settings.concentration_mol_per_L,
                temperature_K=inputs.temperature_K,
                electrons=settings.electrons,
            )
        trends.append(
            CvTrend(
                direction=direction,
                n_scans=len(largest),
                n_rates=trend.n_rates,
                exponent=trend.exponent,
                meaning=trend.told,
                slope_mA_per_root_V_per_s=_times(trend.slope_A_per_root_V_per_s, 1e3),
                diffusivity_cm2_per_s=diffusivity,
            )
        )
    return trends


def _notes(
    scans: Sequence[tuple[str, Scan]],
    couples: Sequence[CvCouple],
    trends: Sequence[CvTrend],
    inputs: CvInputs,
    settings: CvSettings,
) -> list[str]:
    notes = []
    if inputs.temperature_is_assumed and couples:
        notes.append(f"No temperature is given, nor in the file: {_ROOM_K:g} K is assumed")
    apart = [couple for couple in couples if couple.explaining_resistance_ohm is not None]
    if apart:
        left = "more than was taken off" if settings.resistance_ohm is not None else "not taken off"
        notes.append(
            f"Scan {apart[0].scan}: an uncompensated resistance of {apart[0].explaining_resistance_ohm:.3g} ohm, {left}"
            ", would set reversible peaks about as far apart: measure it (`eis`), and give resistance_ohm"
        )
    if any(peak.baseline == "foot" and peak.sweep > 0 for _, scan in scans for peak in scan.peaks):
        notes.append("Where the current is back at its foot behind a peak, the return peak is measured from a line too")
    if not any(scan.peaks for _, scan in scans):
        notes.append("No peak: `lsv` gives onsets of such sweeps")
    if len(trends) == 0 and len({round(scan.rate_V_per_s, 6) for _, scan in scans if scan.peaks}) == 1:
        notes.append("One sweep rate: several tell diffusion from the surface, and an ohmic drop from a slow transfer")
    return notes


def _keep_sweeps(scans: Sequence[Scan], run: Run) -> str:
    parts = []
    for number, scan in enumerate(scans, start=1):
        for place, (sweep, base) in enumerate(zip(scan.sweeps, scan.baselines_A, strict=True), start=1):
            n_rows = len(sweep.voltage_V)
            baseline = np.full(n_rows, np.nan) if base is None else base
            parts.append(
                (np.full(n_rows, number), np.full(n_rows, place), sweep.time_s, sweep.voltage_V, 1e3 * sweep.current_A,
                 1e3 * baseline)
            )  # fmt: skip
    return run.table(SWEEPS, stacked(("scan", "sweep", "time_s", "voltage_V", "current_mA", "baseline_mA"), parts))


def _says(record: CvRecord) -> list[str]:
    lines = []
    for scan in record.scans[:_MOST_TOLD]:
        begin = f"scan {scan.number}, {scan.rate_mV_per_s:.4g} mV/s, {scan.lowest_V:.3g} to {scan.highest_V:.3g} V"
        couples = [couple for couple in record.couples if couple.scan == scan.number]
        lines += [f"{begin}: {_told_couple(couple)}" for couple in couples]
        peaks = [peak for peak in record.peaks if peak.scan == scan.number]
        if not couples:
            lines.append(f"{begin}: {_told_scan(scan, peaks)}")
    if len(record.scans) > _MOST_TOLD:
        lines.append(f"and {len(record.scans) - _MOST_TOLD} more scans, in the report")
    for trend in record.trends:
        lines.append(
            f"{trend.direction} peaks at {trend.n_rates} rates: i = a v^b, b = {trend.exponent.value:.3f} +- "
            f"{trend.exponent.std:.2g}, {trend.meaning}"
        )
        if trend.diffusivity_cm2_per_s is not None:
            found = trend.diffusivity_cm2_per_s
            lines.append(f"diffusivity {found.value:.3g} +- {found.std:.2g} cm2/s (Randles, Sevcik)")
    return [*lines, *(f"note: {note}" for note in record.notes)]


def _told_couple(couple: CvCouple) -> str:
    half, apart, ratio = couple.half_wave_V, couple.separation_V, couple.current_ratio
    return (
        f"E1/2 {half.value:.4g} +- {half.std:.1g} V, peaks {1e3 * apart.value:.3g} +- {1e3 * apart.std:.2g} mV apart, "
        f"ratio {ratio.value:.3g} +- {ratio.std:.2g}: {couple.verdict}"
    )


def _told_scan(scan: CvScan, peaks: Sequence[CvPeak]) -> str:
    if peaks:
        told = [f"{peak.direction} peak at {peak.potential_V.value:.4g} V" for peak in peaks]
        return f"{', '.join(told)}, none of the other direction"
    if scan.resistance_ohm is not None:
        return f"no peak: ohmic, R = {scan.resistance_ohm.value:.4g} +- {scan.resistance_ohm.std:.2g} ohm"
    if scan.capacitance_uF is not None:
        value, std = scan.capacitance_uF.value, scan.capacitance_uF.std
        told = f"at most {value:.3g}" if scan.capacitance_is_bound else f"{value:.4g} +- {std:.2g}"
        return f"no peak; {told} uF between the branches"
    return "no peak"


STUDY = Study(
    command="cv",
    arguments=(CELL_TESTS,),
    settings=CvSettings,
    record=CvRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    document=_document,
    example="paddlewheel cv cv.mpt --diameter-cm 0.3 --electrons 1 --temperature 298.15 --out runs/cv",
    notes="Scans are told apart by where the voltage turns; several files, or rates, make a law over the rate.",
)
