"""`xrd fit`: powder patterns to weight fractions, cells, sizes and strains of given phases."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator

from paddlewheel.errors import DataError, ScienceError, SettingsError
from paddlewheel.lab.phase_amounts import SeenByDiffraction
from paddlewheel.lab.xrd.atoms_phase import warnings_of_phases
from paddlewheel.lab.xrd.fit import (
    NOTHING_SAID,
    FitOptions,
    FittedPhase,
    PatternFit,
    Shift,
    UnresolvedCellError,
    fit_pattern,
)
from paddlewheel.lab.xrd.instrument import KA_LINES_A, doublet, tube_of
from paddlewheel.lab.xrd.model import Instrument
from paddlewheel.lab.xrd.pattern import Pattern
from paddlewheel.lab.xrd.phase import Phase
from paddlewheel.lab.xrd.search_match import identify
from paddlewheel.lab.xrd.standards import Standard, find_standard
from paddlewheel.lab.xrd.unexplained import background_hump, told_unexplained
from paddlewheel.lab.xrd.wavelength import is_of_theta, likelier_wavelength
from paddlewheel.records import Citation, Measured
from paddlewheel.records.tables import stacked
from paddlewheel.studies.laboratory.amounts_table import amounts_lines
from paddlewheel.studies.laboratory.sample_records import beside_nmr, check_names
from paddlewheel.studies.laboratory.xrd import (
    POWDER_PATTERNS,
    Patterns,
    PhaseSettings,
    needs_radiation,
    pattern_inputs,
    settle_radiation,
)
from paddlewheel.studies.laboratory.xrd_search import identification_record, read_candidates
from paddlewheel.studies.xrd_fit.record import (
    CURVES,
    REFLECTIONS,
    XrdCell,
    XrdFitRecord,
    XrdInstrument,
    XrdPattern,
    XrdPhase,
    XrdRefit,
    XrdSwept,
    phase_column,
)
from paddlewheel.study.progress import Progress, Row
from paddlewheel.study.run import Run
from paddlewheel.study.settings import NamedColumns, NamedNumbers, Names, setting
from paddlewheel.study.study import Study

_CITATIONS = (
    Citation(
        what="profiles of powder reflections",
        reference="Thompson, Cox, Hastings, J. Appl. Cryst. 20, 79 (1987)",
        doi="10.1107/S0021889887087090",
    ),
    Citation(
        what="axial divergence",
        reference="Finger, Cox, Jephcoat, J. Appl. Cryst. 27, 892 (1994)",
        doi="10.1107/S0021889894004218",
    ),
    Citation(
        what="weight fractions from scales",
        reference="Hill, Howard, J. Appl. Cryst. 20, 467 (1987)",
        doi="10.1107/S0021889887086199",
    ),
    Citation(
        what="errors under serial correlation",
        reference="Berar, Lelann, J. Appl. Cryst. 24, 1 (1991)",
    ),
    Citation(
        what="detection limits",
        reference="Currie, Anal. Chem. 40, 586 (1968)",
        doi="10.1021/ac60259a007",
    ),
)
_POOR = 0.25
_POOR_GOF, _POOR_MISFIT = 1.8, 0.08
"""A fit does not describe the pattern from this Rwp on; or from this goodness of fit on where what misfit adds to Rwp
(the root of the difference of squares) is as large as this too: 7.5 % at a goodness of fit of 2.3 in the fit of NAC at
11-BM, 9.3 % at 1.4 on the round robin."""
_SEEN_STD = 3.29
_LEAST_BY_KA2 = 0.9
"""Rwp with Ka2 over that without, below which Ka2 is in the pattern."""
_FAR = 2.0
"""Whole error of a cell over that of counting from which it is told where the rest comes from."""
_CELL_FIELDS = ("a_A", "b_A", "c_A", "alpha_deg", "beta_deg", "gamma_deg")


class XrdFitStudySettings(PhaseSettings):
    """Settings of `xrd fit`."""

    candidates: Path | None = setting(
        None, "Folder of CIFs to look through: those that are in the first pattern are fitted beside --phases."
    )
    shift: Shift | None = setting(
        None,
        "What moves all lines: displacement (of a flat plate by default), zero (of a capillary), both, or none (of a"
        " capillary with --instrument).",
    )
    transparency: bool = setting(False, "Fit the shift by transparency of a flat plate too.")
    cells: Literal["free", "fixed"] = setting("free", "Fit the cells, or keep those of the files.")
    cell_percent: float = setting(
        0.3, "How far each length of a cell may go, %.", ge=0.01, le=5, only_with={"cells": ("free",)}
    )
    texture: NamedColumns = setting({}, "Planes of the March-Dollase texture of phases: brucite=001,kaolinite=0-12.")
    texture_by: Literal["evidence", "none"] = setting(
        "evidence", "Whether phases that --texture does not name may have one."
    )
    mu_r: float = setting(0.0, "Absorption times radius of the capillary.", ge=0, le=1)
    le_bail: Names = setting(
        (), "Phases whose intensities are free (Le Bail), for wrong or unknown atoms: no fractions then."
    )
    spike: NamedNumbers = setting(
        {}, "Phase that was weighed in, with its weight fraction, for the amorphous share: corundum=0.2.",
        each=(0.001, 0.999),
    )  # fmt: skip
    particles_um: NamedNumbers = setting(
        {}, "Diameter of the particles of phases, um, for the judgement of absorption contrast.", each=(0.01, 1000.0)
    )
    standard: str | None = setting(
        None, "The pattern is that of this standard (lab6-660c, si640f): its cell is fixed, the instrument is fitted."
    )
    sample: Path | None = setting(
        None, "Sample file that names an NMR record: its weight fractions stand beside these.", may_change=True
    )
    refits: bool = setting(True, "Fit again with other plausible choices, for the intervals.")

    @model_validator(mode="after")
    def _fit_is_consistent(self) -> Self:
        if self.standard is not None:
            find_standard(self.standard)
            if self.phases:
                raise SettingsError("given beside standard", where="phases", remedy="give one of them")
            if self.instrument is not None:
                raise SettingsError("given beside standard", where="instrument", remedy="give one of them")
        if len(self.spike) > 1:
            raise SettingsError(",".join(self.spike), where="spike", remedy="give one phase with its weight fraction")
        for name, planes in self.texture.items():
            _planes(name, planes)
        return self

    def options(self, phases: Sequence[Phase]) -> FitOptions:
        """What is fitted.

        Raises
        ------
        SettingsError
            For a name that no phase has.
        """
        names = [phase.name for phase in phases]
        for each in ("texture", "le_bail", "spike", "particles_um"):
            for name in getattr(self, each):
                if name not in names:
                    raise SettingsError(f"no phase is called {name!r}", where=each,
                                        remedy=f"phases are {', '.join(names)}")  # fmt: skip
        card = self.instrument_card()
        instrument = Instrument(**card.profile) if card is not None and card.profile else None
        return FitOptions(
            instrument=instrument, shift=self.shift, transparency=self.transparency,
            cells=self.cells == "free" and self.standard is None, cell_percent=self.cell_percent,
            texture={name: _planes(name, planes) for name, planes in self.texture.items()},
            no_texture=self.texture_by == "none", mu_r=self.mu_r, background_order=self.background_order,
            humps=self.humps(), le_bail=self.le_bail,
            spike=next(iter(self.spike.items()), None), particles_um=self.particles_um, refits=self.refits,
        )  # fmt: skip


def _planes(name: str, text: str) -> tuple[int, int, int]:
    found = [int(each) for each in re.findall(r"-?\d", str(text))]
    if len(found) != 3 or not any(found):
        raise SettingsError(f"{name}={text}", where="texture", remedy="write three indices, as brucite=001")
    return found[0], found[1], found[2]


@dataclass(frozen=True, kw_only=True)
class FitInputs:
    """Patterns and phases."""

    patterns: list[Pattern]
    phases: list[Phase]
    standard: Standard | None
    candidates: list[Phase] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Patterns by their content, phases by name, cell and number of atoms."""
        return {
            "patterns": pattern_inputs(self.patterns),
            "phases": [_described(phase) for phase in self.phases],
            **({"candidates": [_described(phase) for phase in self.candidates]} if self.candidates else {}),
        }


def _described(phase: Phase) -> dict[str, Any]:
    return {
        "name": phase.name, "formula": phase.formula, "space_group": phase.space_group,
        "cell": [float(value) for value in phase.cell], "n_atoms": len(phase.elements),
    }  # fmt: skip


def _opens(given: Patterns, settings: XrdFitStudySettings) -> FitInputs:
    if settings.sample is not None:
        check_names(settings.sample, "nmr")
    patterns = settings.read(given)
    for pattern in patterns:
        if pattern.intensity.max() <= 0:
            raise DataError("no intensity above zero", where=pattern.source, remedy="give the counts of a pattern")
    standard = None if settings.standard is None else find_standard(settings.standard)
    phases = settings.read_phases() if standard is None else [_standard_phase(standard, patterns)]
    candidates, left = [], []
    if settings.candidates is not None:
        candidates, left = read_candidates(settings.candidates, phases)
    if not phases and not candidates:
        raise SettingsError("no phase", where="phases", remedy="give A.cif,B.cif, or built-in names")
    patterns = settle_radiation(patterns, phases, settings)
    settings.options([*phases, *candidates])
    return FitInputs(patterns=patterns, phases=phases, standard=standard, candidates=candidates, left_out=left)


def _standard_phase(standard: Standard, patterns: Sequence[Pattern]) -> Phase:
    """The phase of a standard with its certified cell at the temperature of the pattern."""
    from paddlewheel.lab.xrd.structure_factors import read_phase

    temperatures = {pattern.temperature_K for pattern in patterns}
    if len(patterns) > 1:
        raise SettingsError(f"{len(patterns)} patterns", where="standard", remedy="give the pattern of the standard")
    kelvin = temperatures.pop()
    (a_A, c_A), _ = standard.lengths_at() if kelvin is None else standard.lengths_at(kelvin)
    phase = read_phase(standard.phase)
    cell = phase.cell.copy()
    for place in range(3):
        cell[place] = c_A if place == 2 else a_A
    return replace(phase, cell=cell)


def _measures(inputs: FitInputs, settings: XrdFitStudySettings, run: Run) -> XrdFitRecord:
    identification, given = None, inputs.phases
    if inputs.candidates:
        found = identify(inputs.patterns[0], [*given, *inputs.candidates])
        identification = identification_record(found, inputs.left_out)
        names = {phase.name for phase in given}
        inputs = replace(inputs, phases=[*given, *(each.phase for each in found.found if each.phase.name not in names)])
        if not inputs.phases:
            raise ScienceError("none of the candidates is in the pattern", where=inputs.patterns[0].source,
                               remedy="give --phases, or other candidates")  # fmt: skip
    options = settings.options([*given, *inputs.candidates])
    fits: list[PatternFit] = []

    def rows() -> list[Row]:
        return [Row("patterns", len(fits), len(inputs.patterns), "patterns")]

    with Progress("fitting", rows, shown=run.show_progress, short=True) as progress:
        for pattern in inputs.patterns:
            fits.append(_fitted(pattern, inputs.phases, options))
            progress.update()
    phases = [_phase(number, phase, fit, options) for number, fit in enumerate(fits, 1) for phase in fit.phases]
    if not any(_has_peaks(fit) for fit in fits):
        raise DataError("no peaks: the background alone describes the pattern", where=fits[0].pattern.source,
                        remedy="measure longer, or give another file")  # fmt: skip
    flagged = [_flags(fit, inputs.phases, options) for fit in fits]
    patterns = [_pattern(fit, told, inputs.standard) for fit, told in zip(fits, flagged, strict=True)]
    flags = [f"{fit.pattern.name}: {flag}" for fit, told in zip(fits, flagged, strict=True) for flag in told]
    beside = [] if settings.sample is None else beside_nmr(settings.sample, _seen(phases))
    flags += [row.says for row in beside if row.verdict == "contradict"]
    return XrdFitRecord(
        rwp=fits[0].rwp,
        phases=phases,
        patterns=patterns,
        instrument=patterns[0].instrument,
        standard=None if inputs.standard is None else inputs.standard.name,
        identification=identification,
        flags=flags,
        notes=_notes(fits, options),
        warnings=list(dict.fromkeys(
            [*(f"{fit.pattern.name}: {warning}" for fit in fits for warning in fit.pattern.warnings),
             *warnings_of_phases((phase.name, phase.warnings) for phase in inputs.phases), *flags]
        )),
        beside_nmr=beside,
        files={"curves": _keep_curves(fits, run), "reflections": _keep_reflections(fits, run)},
        citations=list(_CITATIONS),
        provenance=run.provenance(),
    )  # fmt: skip


def _seen(phases: Sequence[XrdPhase]) -> list[SeenByDiffraction]:
    """The phases of the first pattern, as they are held against NMR."""
    return [
        SeenByDiffraction(
            name=phase.name, weight_fraction=phase.weight_fraction, detection_limit=phase.detection_limit,
            is_present=phase.is_present, formula=phase.formula,
        )
        for phase in phases
        if phase.pattern == 1 and phase.weight_fraction is not None
    ]  # fmt: skip


def _fitted(pattern: Pattern, phases: Sequence[Phase], options: FitOptions) -> PatternFit:
    """The fit; with the cells of the files where the pattern does not tell cells from the shift of all lines.

    Fractions hardly depend on them. Where both shifts were asked for beside the cells, that is refused.
    """
    try:
        return fit_pattern(pattern, phases, options)
    except UnresolvedCellError as error:
        if options.shift == "both" or options.transparency:
            raise
        found = fit_pattern(pattern, phases, replace(options, cells=False))
        told = (
            f"no cells are given: {error.problem}; they are kept as in the files, which the fractions hardly depend on;"
            f" {error.remedy}"
        )
        return replace(found, flags=(*found.flags, told))


def _has_peaks(fit: PatternFit) -> bool:
    """Whether a phase stands out, or anything that the background leaves."""
    if any(phase.scale > _SEEN_STD * phase.scale_std for phase in fit.phases):
        return True
    rest = (fit.measured - fit.background) / fit.std
    return float((rest**2).mean()) > _POOR_GOF**2


def is_poor(rwp: float, rexp: float) -> bool:
    """Whether a fit does not describe its pattern, by its Rwp and that of counts alone."""
    misfit = max(rwp**2 - rexp**2, 0.0) ** 0.5
    return rwp > _POOR or (rwp > _POOR_GOF * rexp and misfit > _POOR_MISFIT)


def _ka2_is_there(fit: PatternFit, phases: Sequence[Phase], options: FitOptions) -> bool:
    """Whether Ka2 of the tube, whose Ka1 alone was said, makes the fit far better."""
    radiation = needs_radiation(fit.pattern)
    element = tube_of(radiation.wavelength_A)
    if len(radiation.lines) > 1 or element is None:
        return False
    first, second = KA_LINES_A[element]
    both = doublet(radiation.wavelength_A, radiation.wavelength_A * second / first)
    pattern = replace(fit.pattern, geometry=fit.geometry, radiation=replace(radiation, lines=both.lines))
    try:
        other = fit_pattern(pattern, phases, replace(options, refits=False))
    except DataError:  # parameters that cannot be told apart with it: no evidence
        return False
    return other.rwp < _LEAST_BY_KA2 * fit.rwp


def _flags(fit: PatternFit, phases: Sequence[Phase], options: FitOptions) -> list[str]:
    told = [*fit.flags, *told_unexplained(fit.unexplained)]
    if not _has_peaks(fit):
        told.append("no peaks: the background alone describes the pattern")
    if is_poor(fit.rwp, fit.rexp) and _ka2_is_there(fit, phases, options):
        told.append("Ka2 is in the pattern, and Ka1 alone was said; give --radiation with both, as CuKa")
    if fit.rwp > _POOR:
        of_theta = is_of_theta(fit.pattern, phases)
        likelier = None if of_theta else likelier_wavelength(fit.pattern, phases)
        if of_theta:
            told.append("the lines of these phases lie on twice the angles of the pattern: are they theta? give"
                        " --abscissa theta-deg")  # fmt: skip
        if likelier is not None:
            told.append(
                f"the lines of these phases lie on the pattern at {likelier:.5g} A, not at"
                f" {needs_radiation(fit.pattern).wavelength_A:.5g} A; give --wavelength-A {likelier:.5g}"
            )
    if is_poor(fit.rwp, fit.rexp):
        told.append(
            f"the fit does not describe the pattern: Rwp {100 * fit.rwp:.1f} %, where counts alone give"
            f" {100 * fit.rexp:.1f} % (goodness of fit {fit.gof:.1f}, Durbin-Watson {fit.durbin_watson:.2f}): a phase"
            " is missing or amorphous, or a structure, the wavelength or the geometry is wrong; intervals may not hold"
        )
    return told


def _notes(fits: Sequence[PatternFit], options: FitOptions) -> list[str]:
    told = []
    for fit in fits:
        hump = None if options.humps else background_hump(fit.two_theta_deg, fit.background)
        if hump is not None:
            place, width, height = hump
            told.append(
                f"{fit.pattern.name}: the background has a broad hump at {place:.3g}°, {width:.2g}° wide,"
                f" {100 * height:.0f} % over its smooth trend: glass, something amorphous or the holder; fractions are"
                " of the crystals alone (--spike tells the amorphous share)"
            )
        chosen = [phase for phase in fit.phases if phase.axis is not None and phase.name not in options.texture]
        told += [
            f"{fit.pattern.name}: {phase.name} has a preferred orientation of ({' '.join(map(str, phase.axis or ()))}),"
            " found by evidence; --texture-by none leaves it out"
            for phase in chosen
        ]
        far = [phase for phase in fit.phases if (phase.cell_std > _FAR * phase.cell_statistical_std).any()]
        if far:
            told.append(
                f"{fit.pattern.name}: a shifted zero in place of the displacement would move the cells by more than"
                " their errors of counting; half of that is in the errors given (--shift or --instrument decides)"
            )
    if options.instrument is None:
        told.append("no instrument was given: sizes are lower and strains upper bounds (--instrument, --standard)")
    return told


def _measured(pair: tuple[float, float] | None) -> Measured | None:
    return None if pair is None else Measured.or_none(*pair)


def _phase(number: int, phase: FittedPhase, fit: PatternFit, options: FitOptions) -> XrdPhase:
    known = np.isfinite(phase.weight_fraction)
    values = {
        name: Measured(value=float(phase.cell[place]), std=float(phase.cell_std[place]))
        for place, name in enumerate(_CELL_FIELDS)
    }
    return XrdPhase(
        pattern=number,
        name=phase.name,
        formula=phase.formula,
        is_present=phase.is_present,
        weight_fraction=Measured(
            value=phase.weight_fraction, std=phase.weight_std, interval_95=phase.weight_interval_95
        ) if known else None,
        statistical_std=phase.statistical_std,
        systematic_std=phase.systematic_std,
        choice_std=phase.choice_std,
        detection_limit=phase.detection_limit,
        intensity_share=phase.intensity_share,
        mole_fraction=phase.mole_fraction if known else None,
        volume_fraction=phase.volume_fraction if known else None,
        cell=XrdCell(**values, volume_A3=Measured(value=phase.volume_A3, std=phase.volume_std_A3)),
        size_nm=_measured(phase.size_nm),
        strain_percent=_measured(phase.strain_percent),
        widths_are_bounds=options.instrument is None,
        delta_b_A2=_measured(phase.b_A2),
        march_dollase_r=_measured(phase.march_r),
        texture_axis=None if phase.axis is None else list(phase.axis),
        r_bragg=phase.r_bragg,
        absorption_per_cm=phase.mu_per_cm,
        density_g_per_cm3=phase.density_g_per_cm3,
    )  # fmt: skip


def _instrument(fit: PatternFit, standard: Standard | None) -> XrdInstrument:
    """The instrument's widths; of a standard, which has none of its own, the phase's are the instrument's too."""
    given = fit.instrument
    size, strain = (
        (fit.parameters["size_deg", 0][0], fit.parameters["strain_deg", 0][0]) if standard is not None else (0.0, 0.0)
    )
    return XrdInstrument(
        u_deg2=given.u_deg2, v_deg2=given.v_deg2, w_deg2=given.w_deg2, x_deg=given.x_deg + size,
        y_deg=given.y_deg + strain, z_deg=given.z_deg, axial=given.axial, zero_deg=given.zero_deg,
    )  # fmt: skip


def _pattern(fit: PatternFit, flags: list[str], standard: Standard | None) -> XrdPattern:
    radiation = needs_radiation(fit.pattern)
    return XrdPattern(
        file=fit.pattern.name,
        temperature_K=fit.pattern.temperature_K,
        first_deg=float(fit.two_theta_deg[0]),
        last_deg=float(fit.two_theta_deg[-1]),
        n_points=int(fit.two_theta_deg.size),
        n_parameters=fit.n_parameters,
        wavelength_A=radiation.wavelength_A,
        geometry=fit.geometry,
        rwp=fit.rwp,
        rexp=fit.rexp,
        gof=fit.gof,
        durbin_watson=fit.durbin_watson,
        inflation=fit.inflation,
        shift=fit.shift,
        zero_deg=_measured(fit.zero_deg),
        displacement_deg=_measured(fit.displacement_deg),
        displacement_mm=_measured(fit.displacement_mm),
        amorphous_fraction=_measured(fit.amorphous),
        worst_range_deg=_worst_range(fit),
        instrument=_instrument(fit, standard),
        refits=[XrdRefit(what=what, weight_fractions=list(found)) for what, found in fit.refits.items()],
        brindley=[XrdSwept(radius_um=radius, weight_fractions=list(found)) for radius, found in fit.brindley.items()],
        flags=flags,
    )


def _worst_range(fit: PatternFit) -> tuple[float, float]:
    """A fortieth of the pattern, where the squared difference over the variance is largest."""
    x = fit.two_theta_deg
    width = (x[-1] - x[0]) / 40
    squared = np.concatenate([[0.0], np.cumsum(((fit.measured - fit.calculated) / fit.std) ** 2)])
    ends = np.searchsorted(x, x + width)
    worst = int(np.argmax(squared[ends] - squared[: x.size]))
    return float(x[worst]), float(min(x[worst] + width, x[-1]))


def _keep_curves(fits: Sequence[PatternFit], run: Run) -> str:
    names = [phase.name for phase in fits[0].phases]
    parts = [
        (np.full(fit.two_theta_deg.size, number), fit.two_theta_deg, fit.measured, fit.std, fit.calculated,
         fit.background, fit.measured - fit.calculated, *fit.components)
        for number, fit in enumerate(fits, 1)
    ]  # fmt: skip
    columns = ("pattern", "two_theta_deg", "measured", "std", "fit", "background", "difference")
    return run.table(CURVES, stacked((*columns, *map(phase_column, names)), parts))


def _keep_reflections(fits: Sequence[PatternFit], run: Run) -> str:
    rows = [(number, place, phase) for number, fit in enumerate(fits, 1) for place, phase in enumerate(fit.phases, 1)]
    parts = [
        (np.full(len(phase.hkl), number), np.full(len(phase.hkl), place), phase.position_deg, *phase.hkl.T,
         phase.observed)
        for number, place, phase in rows
    ]  # fmt: skip
    return run.table(REFLECTIONS, stacked(("pattern", "phase", "two_theta_deg", "h", "k", "l", "observed"), parts))


def _says(record: XrdFitRecord) -> list[str]:
    lines = []
    if record.identification is not None:
        found = [each.name for each in record.identification.candidates if each.is_found]
        peaks = record.identification.unexplained
        told = f"{len(found)} of {record.identification.n_candidates} candidates found: {', '.join(found)}"
        left = ", ".join(f"{peak.two_theta_deg:.2f}" for peak in peaks[:6])
        lines.append(told + (f"; unexplained peaks at {left} degrees" if peaks else ""))
    for number, pattern in enumerate(record.patterns, 1):
        where = pattern.file + (f", {pattern.temperature_K:g} K" if pattern.temperature_K is not None else "")
        lines.append(f"{where}: Rwp {100 * pattern.rwp:.1f} %, expected {100 * pattern.rexp:.1f} %")
        lines += [
            f"  {phase.name} ({phase.formula}): {_amount(phase)}; {told_cell(phase)}"
            for phase in record.phases
            if phase.pattern == number
        ]
        if pattern.amorphous_fraction is not None:
            share = pattern.amorphous_fraction
            lines.append(f"  amorphous: {100 * share.value:.1f} ± {100 * share.std:.1f} wt%")
        if pattern.displacement_mm is not None:
            lines.append(f"  displacement {pattern.displacement_mm.value:.4f} ± {pattern.displacement_mm.std:.4f} mm")
    return [*lines, *amounts_lines(record.beside_nmr), *(f"note: {note}" for note in record.notes)]


def _amount(phase: XrdPhase) -> str:
    if phase.weight_fraction is None:
        return "no fraction (free intensities)"
    if not phase.is_present:
        if phase.detection_limit > NOTHING_SAID:
            return f"nothing can be said: up to {100 * phase.detection_limit:.2g} wt% would not be seen"
        return f"not seen, < {100 * phase.detection_limit:.2g} wt%"
    low, high = phase.weight_fraction.interval_95 or (0.0, 1.0)
    return f"{100 * phase.weight_fraction.value:.2f} wt% (95 %: {100 * low:.2f} to {100 * high:.2f})"


def told_cell(phase: XrdPhase) -> str:
    """The lengths and angles of a cell that were fitted, with their errors in the last digits."""
    cell = phase.cell
    named = {"a": cell.a_A, "b": cell.b_A, "c": cell.c_A, "alpha": cell.alpha_deg, "beta": cell.beta_deg,
             "gamma": cell.gamma_deg}  # fmt: skip
    shown: list[str] = []
    for name, value in named.items():
        is_angle = len(name) > 1
        repeated = not is_angle and any(
            abs(value.value - other.value) < 1e-9 for earlier, other in named.items() if earlier < name
        )
        if repeated or (is_angle and value.std == 0):
            continue
        unit = "deg" if is_angle else "A"
        shown.append(f"{name} {value.value:.5f}" + (f"({value.std:.5f})" if value.std else "") + f" {unit}")
    return ", ".join(shown)


STUDY = Study(
    command="xrd fit",
    arguments=(POWDER_PATTERNS,),
    settings=XrdFitStudySettings,
    record=XrdFitRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    example="paddlewheel xrd fit pattern.xy --phases corundum.cif,zincite.cif,fluorite.cif --radiation CuKa"
    " --monochromator-deg 26.6",
    notes="Every number has its interval, absent phases detection limits; --candidates looks through a folder of CIFs.",
)
