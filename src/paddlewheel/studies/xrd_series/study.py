"""`xrd series`: fractions, cells and volumes of the phases of a ramp, and what they do with temperature."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from paddlewheel.errors import DataError, InputError, ScienceError, SettingsError
from paddlewheel.lab.nmr.least_squares import Value
from paddlewheel.lab.xrd.atoms_phase import warnings_of_phases
from paddlewheel.lab.xrd.evolution import Frames, TransitionFit, exposed_range_K, fit_transition
from paddlewheel.lab.xrd.expansion import fit_expansion, fit_merging
from paddlewheel.lab.xrd.pattern import Pattern
from paddlewheel.lab.xrd.phase import Phase
from paddlewheel.lab.xrd.search_match import identify
from paddlewheel.lab.xrd.unexplained import Unexplained, told_unexplained
from paddlewheel.records import Citation, Measured
from paddlewheel.records.tables import stacked
from paddlewheel.studies.laboratory.xrd import (
    POWDER_PATTERNS,
    Patterns,
    PhaseSettings,
    needs_radiation,
    pattern_inputs,
    settle_radiation,
)
from paddlewheel.studies.laboratory.xrd_search import identification_record, read_candidates
from paddlewheel.studies.xrd_series.chains import FRAMES, TASK, chain_results, chain_units, frame_arrays
from paddlewheel.studies.xrd_series.record import (
    CELLS,
    CURVES,
    FRACTIONS,
    PATTERNS,
    CellQuantity,
    Expansion,
    MergingAxes,
    PhaseTransition,
    SeriesCell,
    SeriesPattern,
    SeriesPhase,
    SeriesSearch,
    TransitionModelWeight,
    XrdSeriesRecord,
)
from paddlewheel.study.run import Run
from paddlewheel.study.settings import setting
from paddlewheel.study.stage import failed_units
from paddlewheel.study.study import Study

_LEAST_PATTERNS = 2
_JUMP_STD = 5.0
"""Standard uncertainties by which the fits from both sides differ where it is told."""
_AS_GOOD = 0.05
"""Relative excess of Rwp up to which another solution is told."""
_BETTER = 0.01
"""Relative fall of Rwp from which on a fit counts as better."""
_ALIKE = 5e-4
"""Difference of two axes over their length, below which their names are chance."""
_CURVE_POINTS = 200
_NO_PATTERNS = (".cif", ".prm", ".instprm", ".yaml", ".json", ".html", ".png", ".pdf", ".svg", ".md", ".csv.gz")
_QUANTITIES: tuple[CellQuantity, ...] = ("a_A", "b_A", "c_A", "volume_A3")
_SHORT_SERIES = 10**6
"""Points of all patterns times phases: both chains of so many take as long in one process (15 s) as Parsl to start."""
_SMALLEST_K = 0.5
"""Spread of temperatures below which nothing depends on temperature."""
_CITATIONS = (
    Citation(
        what="whole-pattern fits", reference="Rietveld, J. Appl. Crystallogr. 2, 65 (1969)",
        doi="10.1107/S0021889869006558",
    ),
    Citation(
        what="weights of models", reference="Burnham, Anderson, Sociol. Methods Res. 33, 261 (2004)",
        doi="10.1177/0049124104268644",
    ),
)  # fmt: skip


class XrdSeriesSettings(PhaseSettings):
    """Settings of `xrd series`."""

    candidates: Path | None = setting(
        None,
        "Folder of CIFs to look through: those in the first, middle or last pattern are fitted beside --phases.",
    )
    exposure_s: float | None = setting(
        None, "Exposure of a pattern, s, over what the files say; frames are averages over it.", ge=0, le=1e5
    )
    rate_K_per_min: float | None = setting(
        None, "Rate of the ramp, K/min, below zero on cooling; by the times in the files by default.", ge=-1000, le=1000
    )
    stated: Literal["start", "middle", "end"] = setting(
        "middle", "Moment of the exposure that the temperatures are of."
    )
    shift: Literal["auto", "zero", "displacement", "none"] = setting(
        "auto", "What moves the lines of all phases together; none for a calibrated instrument."
    )
    cell_percent: float = setting(
        0.5, "How far a length of a cell may go from that of its neighbour, %.", ge=0.01, le=3.0
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class SeriesInputs:
    """Patterns by rising temperature, phases, and how the temperature moved."""

    patterns: tuple[Pattern, ...]
    phases: tuple[Phase, ...]
    is_cooling: bool
    rate_K_per_min: float | None
    exposure_s: float | None
    notes: tuple[str, ...]
    candidates: tuple[Phase, ...] = ()
    left_out: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Every input by its content, and what was resolved."""
        return {
            "patterns": pattern_inputs(self.patterns),
            "phases_by_content": _contents(self.phases),
            **({"candidates_by_content": _contents(self.candidates)} if self.candidates else {}),
            "direction": "cooling" if self.is_cooling else "heating",
            "resolved_rate_K_per_min": self.rate_K_per_min,
            "resolved_exposure_s": self.exposure_s,
        }


def _contents(phases: Sequence[Phase]) -> list[dict[str, str]]:
    return [{"name": phase.name, "formula": phase.formula, "sha256": _digest(phase)} for phase in phases]


def _digest(phase: Phase) -> str:
    from paddlewheel.execution import array_digest

    numbers = [phase.cell, phase.fractional, phase.occupancy, phase.b_iso_A2]
    return array_digest(*numbers, np.array(phase.elements))


def _opens(given: Patterns, settings: XrdSeriesSettings) -> SeriesInputs:
    if not settings.phases and settings.candidates is None:
        raise SettingsError("none given", where="phases", remedy="give --phases A.cif,B.cif or built-in names")
    sources, notes = _files_of(given)
    patterns = settings.read(sources)
    phases = tuple(settings.read_phases()) if settings.phases else ()
    candidates, left = ([], []) if settings.candidates is None else read_candidates(settings.candidates, phases)
    for pattern in patterns:
        if pattern.temperature_K is None:
            raise DataError("does not say its temperature", where=pattern.source,
                            remedy="give --temperatures, one for each pattern in their order")  # fmt: skip
    if len(patterns) < _LEAST_PATTERNS:
        raise DataError(f"{len(patterns)} pattern is no series", where=patterns[0].source, remedy="run xrd fit")
    kelvin = np.array([pattern.temperature_K for pattern in patterns], dtype=float)
    if np.ptp(kelvin) < _SMALLEST_K:
        raise DataError(f"all patterns are at {kelvin[0]:.4g} K", where="temperatures_K",
                        remedy="give a series over temperature, or --temperatures")  # fmt: skip
    patterns = settle_radiation(patterns, phases, settings)
    rate, cooling = _rate(patterns, kelvin, settings)
    exposures = [pattern.exposure_s for pattern in patterns if pattern.exposure_s is not None]
    exposure = settings.exposure_s if settings.exposure_s is not None else (
        float(np.median(exposures)) if len(exposures) == len(patterns) else None
    )  # fmt: skip
    order = np.argsort(kelvin, kind="stable")
    if exposure is None or rate is None:
        notes.append("the exposure or the rate is not known: frames are taken as sharp in temperature")
    return SeriesInputs(
        patterns=tuple(patterns[place] for place in order), phases=phases, is_cooling=cooling,
        rate_K_per_min=rate, exposure_s=exposure, notes=tuple(notes), candidates=tuple(candidates),
        left_out=tuple(left),
    )  # fmt: skip


def _files_of(given: Patterns) -> tuple[Patterns, list[str]]:
    """What was given with folders replaced by the files in them; and which of those were left out."""
    from paddlewheel.lab.xrd.readers import read_patterns

    sources: list[str | Path | Pattern] = []
    notes: list[str] = []
    for source in [given] if isinstance(given, str | Path | Pattern) else given:
        if isinstance(source, Pattern) or not Path(source).is_dir():
            sources.append(source)
            continue
        left: list[str] = []
        inside = sorted(path for path in Path(source).iterdir() if path.is_file() and not path.name.startswith("."))
        found = []
        for path in inside:
            if path.name.lower().endswith(_NO_PATTERNS):
                continue
            try:
                read_patterns(path)
            except InputError:
                left.append(path.name)
            else:
                found.append(path)
        if not found:
            raise DataError("holds no powder pattern", where=source, remedy="give the folder of the series, or files")
        if left:
            notes.append(
                f"{Path(source).name}: no patterns, left out: {', '.join(left[:4])}" + ("..." * (len(left) > 4))
            )
        sources += found
    return sources, notes


def _rate(patterns: Sequence[Pattern], kelvin: np.ndarray, settings: XrdSeriesSettings) -> tuple[float | None, bool]:
    """Rate in K/min, and whether the sample was cooled: as given, by the times, or by the order of the patterns."""
    times = [pattern.started for pattern in patterns]
    measured = None
    if all(time is not None for time in times):
        minutes = np.array([(time - times[0]).total_seconds() / 60 for time in times if time and times[0]])
        if np.ptp(minutes) > 0:
            order = np.argsort(minutes)
            steps = np.diff(kelvin[order]) / np.maximum(np.diff(minutes[order]), 1e-9)
            measured = float(np.median(steps))
    rate = settings.rate_K_per_min if settings.rate_K_per_min is not None else measured
    if rate:
        return rate, rate < 0
    return rate, bool(kelvin[-1] < kelvin[0])


def _searched(inputs: SeriesInputs) -> tuple[SeriesInputs, list[SeriesSearch]]:
    """With the phases of the folder that are in the first, the middle or the last pattern, and the evidence.

    Raises
    ------
    ScienceError
        Where none is found and none was given.
    """
    if not inputs.candidates:
        return inputs, []
    count = len(inputs.patterns)
    phases, searches = list(inputs.phases), []
    for pattern in (inputs.patterns[place] for place in sorted({0, count // 2, count - 1})):
        found = identify(pattern, [*inputs.phases, *inputs.candidates])
        known = {phase.name for phase in phases}
        phases += [each.phase for each in found.found if each.phase.name not in known]
        searches.append(
            SeriesSearch(
                file=Path(pattern.source).name, temperature_K=float(pattern.temperature_K or 0.0),
                identification=identification_record(found, inputs.left_out),
            )
        )  # fmt: skip
    if not phases:
        raise ScienceError("none of the candidates is in the first, middle or last pattern", where="candidates",
                           remedy="give --phases, or other candidates")  # fmt: skip
    return replace(inputs, phases=tuple(phases)), searches


def _measures(inputs: SeriesInputs, settings: XrdSeriesSettings, run: Run) -> XrdSeriesRecord:
    inputs, searches = _searched(inputs)
    run.arrays(FRAMES, frame_arrays(inputs.patterns))
    card = settings.instrument_card()
    options = {
        "instrument": card.profile if card is not None else None,
        "cell_percent": settings.cell_percent,
        "shift": None if settings.shift == "auto" else settings.shift,
    }
    given = {"background_order": settings.background_order, "humps": settings.humps()}
    options |= {name: value for name, value in given.items() if value}  # units of before go on where none is given
    units = chain_units(inputs.patterns, inputs.phases, options, run.folder)
    if troubles := run.units(units, task=TASK, title="patterns", here=True, is_short=_is_short(inputs)):
        raise failed_units(troubles, run.folder)
    (cold, cold_curves), (hot, hot_curves) = (chain_results(unit) for unit in units)
    jumps: list[str] = []
    low, high = _exposed(inputs, settings)
    patterns, kept = [], []
    for number, (pattern, first, second) in enumerate(zip(inputs.patterns, cold, hot, strict=True)):
        from_hot = _is_better(second, first, inputs.phases, patterns[-1] if patterns else None)
        chosen, other = (second, first) if from_hot else (first, second)
        kept.append((chosen, hot_curves if from_hot else cold_curves))
        told = _differ(pattern, inputs.phases, chosen, other)
        if told is not None:
            jumps.append(told)
        patterns.append(
            SeriesPattern(
                file=Path(pattern.source).name, temperature_K=float(pattern.temperature_K or 0.0),
                exposed_K=(float(low[number]), float(high[number])), rwp=chosen["rwp"], gof=chosen["gof"],
                start="hotter" if from_hot else "colder", rwp_other_start=other["rwp"], flags=chosen["flags"],
                phases=[_phase(phase, one) for phase, one in zip(inputs.phases, chosen["phases"], strict=True)],
            )
        )  # fmt: skip
    for number, phase in enumerate(inputs.phases):
        if phase.crystal_system == "orthorhombic":
            _order_axes(patterns, number)
    left_over = _left_over([chosen for chosen, _ in kept], has_candidates=bool(searches))
    names = [phase.name for phase in inputs.phases]
    curves: list[tuple[np.ndarray, ...]] = []
    transitions, notes = _transitions(inputs, patterns, names, low, high, curves)
    expansions, merging = _cells(inputs, patterns, names, notes)
    files = {
        "patterns": run.arrays(PATTERNS, _arrays(inputs, kept)),
        "fractions": run.table(FRACTIONS, _fraction_table(patterns)),
        "cells": run.table(CELLS, _cell_table(patterns)),
    }
    if curves:
        files["fitted_curves"] = run.table(CURVES, stacked(("phase", "temperature_K", "weight_fraction"), curves))
    warnings = list(
        dict.fromkeys(
            [*(f"{each.name}: {text}" for each in inputs.patterns for text in each.warnings),
             *warnings_of_phases((phase.name, phase.warnings) for phase in inputs.phases)]
        )
    )  # fmt: skip
    warnings += left_over
    return XrdSeriesRecord(
        wavelength_A=needs_radiation(inputs.patterns[0]).wavelength_A,
        direction="cooling" if inputs.is_cooling else "heating", rate_K_per_min=inputs.rate_K_per_min,
        exposure_s=inputs.exposure_s, phases=names, patterns=patterns, transitions=transitions,
        expansions=expansions, merging_axes=merging, searches=searches, jumps=jumps,
        notes=[*inputs.notes, *notes], files=files,
        warnings=warnings, citations=list(_CITATIONS), provenance=run.provenance(),
    )  # fmt: skip


def _left_over(fits: Sequence[dict[str, Any]], *, has_candidates: bool) -> list[str]:
    """In words what no phase explains, as it is in the pattern that has most of it."""
    found = [tuple(Unexplained(**each) for each in fit["unexplained"]) for fit in fits]
    lines = []
    for kind in ("sharp", "broad"):
        count = sum(any(one.kind == kind for one in each) for each in found)
        most = max(found, key=lambda each: sum(one.std for one in each if one.kind == kind))
        lines += [
            f"{count} of {len(found)} patterns have {told}"
            for told in told_unexplained(tuple(one for one in most if one.kind == kind), has_candidates=has_candidates)
        ]
    return lines


def _is_short(inputs: SeriesInputs) -> bool:
    points = sum(pattern.two_theta_deg.size for pattern in inputs.patterns)
    return points * len(inputs.phases) <= _SHORT_SERIES


def _exposed(inputs: SeriesInputs, settings: XrdSeriesSettings) -> tuple[np.ndarray, np.ndarray]:
    kelvin = np.array([pattern.temperature_K for pattern in inputs.patterns], dtype=float)
    if inputs.exposure_s is None or inputs.rate_K_per_min is None:
        return kelvin, kelvin
    return exposed_range_K(
        kelvin, exposure_s=inputs.exposure_s, rate_K_per_min=inputs.rate_K_per_min, stated=settings.stated
    )


def _is_better(one: dict[str, Any], two: dict[str, Any], phases: Sequence[Phase], colder: SeriesPattern | None) -> bool:
    """Whether the fit `one` is to be kept: by Rwp; of fits as good, the one whose axes have the colder one's order.

    Axes that are nearly alike may change their names within the error of a fit. Of the coldest they are those of the
    files.
    """
    gain = 1 - one["rwp"] / two["rwp"]
    if abs(gain) > _BETTER:
        return gain > 0
    known = [phase.cell[:3] for phase in phases]
    for number, before in enumerate(colder.phases if colder is not None else ()):
        if before.cell is not None:
            known[number] = np.array([before.cell.a_A.value, before.cell.b_A.value, before.cell.c_A.value])

    def exchanged(found: dict[str, Any]) -> int:
        return sum(
            list(np.argsort(phase["cell"][:3])) != list(np.argsort(lengths))
            for phase, lengths in zip(found["phases"], known, strict=True)
        )

    return (exchanged(one), one["rwp"]) < (exchanged(two), two["rwp"])


def _differ(pattern: Pattern, phases: Sequence[Phase], chosen: dict[str, Any], other: dict[str, Any]) -> str | None:
    """In words where the fits from both sides are as good and ended apart."""
    if other["rwp"] > (1 + _AS_GOOD) * chosen["rwp"]:
        return None
    for phase, one, two in zip(phases, chosen["phases"], other["phases"], strict=True):
        std = math.hypot(one["statistical_std"], two["statistical_std"])
        if abs(one["weight_fraction"] - two["weight_fraction"]) > _JUMP_STD * max(std, 1e-4):
            return (
                f"{pattern.name}, {pattern.temperature_K:.4g} K: {phase.name} is "
                f"{100 * one['weight_fraction']:.1f} wt% from one side and {100 * two['weight_fraction']:.1f} from the "
                f"other (Rwp {100 * chosen['rwp']:.2f} and {100 * other['rwp']:.2f} %): the better fit is kept"
            )
    return None


def _phase(phase: Phase, found: dict[str, Any]) -> SeriesPhase:
    cell, std, correlation = found["cell"], found["cell_std"], found["cell_correlation"]
    seen = found["is_present"]
    lengths = [Measured.or_none(value, error) for value, error in zip(cell[:3], std[:3], strict=True)]
    a, b, c = lengths
    return SeriesPhase(
        name=phase.name,
        is_present=seen,
        weight_fraction=Measured.or_none(
            found["weight_fraction"], found["weight_std"], interval_95=found["weight_interval_95"]
        ),
        statistical_std=found["statistical_std"],
        detection_limit=found["detection_limit"],
        intensity_share=found["intensity_share"],
        cell=SeriesCell(
            a_A=a, b_A=b, c_A=c, alpha_deg=cell[3], beta_deg=cell[4], gamma_deg=cell[5],
            correlation=(correlation[1][2], correlation[0][2], correlation[0][1]),
        )
        if seen and a is not None and b is not None and c is not None
        else None,
        volume_A3=Measured.or_none(found["volume_A3"], found["volume_std_A3"]) if seen else None,
    )  # fmt: skip


def _order_axes(patterns: Sequence[SeriesPattern], number: int) -> None:
    """Give axes that are nearly alike the order that most frames have, and tell it.

    Where two axes differ by less than a pattern tells apart, which is which is chance.
    """
    cells = [(pattern, cell) for pattern in patterns if (cell := pattern.phases[number].cell) is not None]
    pairs: tuple[tuple[CellQuantity, CellQuantity], ...] = (("b_A", "c_A"), ("a_A", "c_A"), ("a_A", "b_A"))
    for which, (first, second) in enumerate(pairs):
        differences = [getattr(cell, second).value - getattr(cell, first).value for _, cell in cells]
        most = math.copysign(1.0, sum(math.copysign(1.0, each) for each in differences))
        for (pattern, cell), difference in zip(cells, differences, strict=True):
            if difference * most < 0 and abs(difference) < _ALIKE * cell.a_A.value:
                one, two = getattr(cell, first), getattr(cell, second)
                setattr(cell, first, two)
                setattr(cell, second, one)
                places = [place if place == which else 3 - which - place for place in range(3)]
                cell.correlation = (
                    cell.correlation[places[0]],
                    cell.correlation[places[1]],
                    cell.correlation[places[2]],
                )
                pattern.flags.append(
                    f"{first[0]} and {second[0]} of {pattern.phases[number].name} differ by {abs(difference):.2g} A "
                    "and have the order of the other frames"
                )


# ---- against temperature


def _measured(value: Value | None) -> Measured | None:
    if value is None:
        return None
    ends = [
        None if low is None or high is None else (low, high) for low, high in (value.interval_68, value.interval_95)
    ]
    return Measured.or_none(value.value, value.std, interval_68=ends[0], interval_95=ends[1])


def _transitions(
    inputs: SeriesInputs,
    patterns: Sequence[SeriesPattern],
    names: Sequence[str],
    low: np.ndarray,
    high: np.ndarray,
    curves: list[tuple[np.ndarray, ...]],
) -> tuple[list[PhaseTransition], list[str]]:
    found, notes = [], []
    if len(names) < 2:
        return [], ["one phase: its fraction is 1 at every temperature"]
    for number, name in enumerate(names):
        rows = [pattern.phases[number] for pattern in patterns]
        fractions = [each.weight_fraction for each in rows]
        if any(each is None for each in fractions):
            continue
        value = np.array([each.value for each in fractions if each is not None])
        std = np.maximum([each.statistical_std for each in rows], 1e-5)
        try:
            fitted = fit_transition(
                Frames(low=low, high=high, value=value, std=std, is_falling=inputs.is_cooling, name=name)
            )
        except DataError as error:
            notes.append(f"{name}: {error.problem}")
            continue
        found.append(_transition(name, fitted))
        if fitted.models and fitted.frames_inside + (fitted.onset_bounds is not None):
            at = np.linspace(float(low.min()), float(high.max()), _CURVE_POINTS)
            curves.append((np.full(at.size, number), at, fitted.curve(at)))
    return found, notes


def _transition(name: str, fitted: TransitionFit) -> PhaseTransition:
    rises = fitted.level_after > fitted.level_before
    is_none = fitted.level_after == fitted.level_before
    return PhaseTransition(
        phase=name,
        direction=None if is_none else "appears" if rises else "disappears",
        onset_K=_measured(fitted.onset),
        midpoint_K=_measured(fitted.midpoint),
        completion_K=_measured(fitted.completion),
        onset_bounds_K=fitted.onset_bounds,
        midpoint_bounds_K=fitted.midpoint_bounds,
        completion_bounds_K=fitted.completion_bounds,
        fraction_before=fitted.level_before,
        fraction_after=fitted.level_after,
        frames_inside=fitted.frames_inside,
        scatter=fitted.scatter,
        models=[
            TransitionModelWeight(
                model=each.name, aicc=each.aicc if math.isfinite(each.aicc) else None, weight=each.weight,
                exponent=each.exponent,
            )
            for each in fitted.models
        ],
        refused=fitted.refused,
    )  # fmt: skip


def _cells(
    inputs: SeriesInputs, patterns: Sequence[SeriesPattern], names: Sequence[str], notes: list[str]
) -> tuple[list[Expansion], list[MergingAxes]]:
    expansions, merging = [], []
    for number, (name, phase) in enumerate(zip(names, inputs.phases, strict=True)):
        seen = [(each.temperature_K, each.phases[number]) for each in patterns if each.phases[number].cell is not None]
        seen = [(kelvin, each) for kelvin, each in seen if each.volume_A3 is not None and each.volume_A3.std > 0]
        if not seen:
            continue
        at = np.array([kelvin for kelvin, _ in seen])
        columns: dict[CellQuantity, tuple[np.ndarray, np.ndarray]] = {
            quantity: _column([each for _, each in seen], quantity) for quantity in _QUANTITIES
        }
        for quantity in _free_quantities(phase):
            value, std = columns[quantity]
            if (std <= 0).any():
                continue
            try:
                fitted = fit_expansion(at, value, std)
            except DataError as error:
                notes.append(f"{name}: {error.problem}")
                break
            alpha = _measured(fitted.alpha_per_K)
            if alpha is not None:
                expansions.append(
                    Expansion(
                        phase=name, quantity=quantity, model=fitted.model, alpha_per_K=alpha,
                        temperature_K=fitted.alpha_at_K, debye_temperature_K=_measured(fitted.debye_temperature_K),
                        kink_K=fitted.kink_K,
                        aicc={model: aicc if math.isfinite(aicc) else None for model, aicc in fitted.aicc.items()},
                    )
                )  # fmt: skip
        if phase.crystal_system == "orthorhombic":
            correlations = np.array([each.cell.correlation for _, each in seen if each.cell is not None])
            merging += _merging(name, at, columns, correlations)
    return expansions, merging


def _column(rows: Sequence[SeriesPhase], quantity: CellQuantity) -> tuple[np.ndarray, np.ndarray]:
    found = [value for each in rows if (value := _quantity(each, quantity)) is not None]
    return np.array([each.value for each in found]), np.array([each.std for each in found])


def _quantity(row: SeriesPhase, quantity: CellQuantity) -> Measured | None:
    if quantity == "volume_A3":
        return row.volume_A3
    return None if row.cell is None else getattr(row.cell, quantity)


def _free_quantities(phase: Phase) -> tuple[CellQuantity, ...]:
    """Lengths that symmetry leaves free, one of each set, and the volume."""
    if phase.crystal_system in ("cubic", "trigonal"):
        return ("a_A", "volume_A3")
    if phase.crystal_system in ("tetragonal", "hexagonal"):
        return ("a_A", "c_A", "volume_A3")
    return _QUANTITIES


def _merging(
    name: str,
    at: np.ndarray,
    columns: dict[CellQuantity, tuple[np.ndarray, np.ndarray]],
    correlations: np.ndarray,
) -> list[MergingAxes]:
    """Pairs of axes that come nearer to each other on heating, to less than a fifth of the largest difference."""
    found = []
    pairs: tuple[tuple[CellQuantity, CellQuantity], ...] = (("b_A", "c_A"), ("a_A", "c_A"), ("a_A", "b_A"))
    for (first, second), correlation in zip(pairs, correlations.T, strict=True):
        (one, one_std), (two, two_std) = columns[first], columns[second]
        difference = two - one
        if abs(difference[int(at.argmax())]) > 0.2 * float(np.abs(difference).max()):
            continue
        try:
            variance = one_std**2 + two_std**2 - 2 * correlation * one_std * two_std
            fitted = fit_merging(at, difference, np.sqrt(np.maximum(variance, 1e-4 * (one_std**2 + two_std**2))))
        except DataError:
            continue
        found.append(
            MergingAxes(
                phase=name, axes=(first, second), temperature_K=_measured(fitted.temperature_K),
                bracket_K=fitted.bracket_K, bracket_errors=fitted.bracket_errors, exponent=_measured(fitted.exponent),
                is_extrapolated=fitted.is_extrapolated, is_within_bracket=fitted.is_within_bracket,
                refused=fitted.refused,
            )
        )  # fmt: skip
    return found


# ---- tables


def _arrays(
    inputs: SeriesInputs, kept: Sequence[tuple[dict[str, Any], dict[str, np.ndarray]]]
) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    for number, (pattern, (_, curves)) in enumerate(zip(inputs.patterns, kept, strict=True)):
        arrays[f"two_theta_deg_{number}"] = pattern.two_theta_deg.astype(np.float32)
        arrays[f"measured_{number}"] = pattern.intensity.astype(np.float32)
        for name in ("two_theta_deg", "calculated", "background"):
            arrays[f"fit_{name}_{number}"] = curves[f"{name}_{number}"]
    return arrays


def _fraction_table(patterns: Sequence[SeriesPattern]) -> dict[str, Any]:
    columns: dict[str, Any] = {"temperature_K": [each.temperature_K for each in patterns]}
    for number, phase in enumerate(patterns[0].phases):
        rows = [each.phases[number] for each in patterns]
        fractions = [each.weight_fraction for each in rows]
        columns[f"{phase.name}_weight_fraction"] = [math.nan if each is None else each.value for each in fractions]
        columns[f"{phase.name}_std"] = [math.nan if each is None else each.std for each in fractions]
        columns[f"{phase.name}_statistical_std"] = [each.statistical_std for each in rows]
        columns[f"{phase.name}_detection_limit"] = [each.detection_limit for each in rows]
    return columns


def _cell_table(patterns: Sequence[SeriesPattern]) -> dict[str, Any]:
    columns: dict[str, Any] = {"temperature_K": [each.temperature_K for each in patterns]}
    for number, phase in enumerate(patterns[0].phases):
        rows = [each.phases[number] for each in patterns]
        for quantity in _QUANTITIES:
            found = [_quantity(each, quantity) for each in rows]
            columns[f"{phase.name}_{quantity}"] = [each.value if each else math.nan for each in found]
            columns[f"{phase.name}_{quantity}_std"] = [each.std if each else math.nan for each in found]
    return columns


def _says(record: XrdSeriesRecord) -> list[str]:
    from paddlewheel.page.numbers import measured, plain
    from paddlewheel.studies.xrd_series.page import told_merging

    first, last = record.patterns[0], record.patterns[-1]
    lines = [
        f"{len(record.patterns)} patterns from {plain(first.temperature_K, 4)} to {plain(last.temperature_K, 4)} K,"
        f" Rwp {100 * min(each.rwp for each in record.patterns):.1f} to"
        f" {100 * max(each.rwp for each in record.patterns):.1f} %"
    ]
    for search in record.searches:
        found = [each.name for each in search.identification.candidates if each.is_found]
        lines.append(
            f"{plain(search.temperature_K, 4)} K: {len(found)} of {search.identification.n_candidates} candidates"
            f" found: {', '.join(found) or 'none'}"
        )
    for each in record.transitions:
        if each.onset_K is not None or each.completion_K is not None:
            told = [
                f"{word} {measured(value)} K"
                for word, value in (
                    ("onset", each.onset_K),
                    ("midpoint", each.midpoint_K),
                    ("completion", each.completion_K),
                )
                if value is not None
            ]
            lines.append(f"{each.phase} {each.direction}: {', '.join(told)}")
        elif each.direction is not None:
            lines.append(f"{each.phase} {each.direction}: {each.refused}")
    lines += [told_merging(each) for each in record.merging_axes]
    lines += [
        f"{each.phase}: {measured(each.alpha_per_K)} 1/K of the volume at {plain(each.temperature_K, 3)} K"
        for each in record.expansions
        if each.quantity == "volume_A3"
    ]
    return [*lines, *(f"jump: {told}" for told in record.jumps)]


STUDY = Study(
    command="xrd series",
    arguments=(
        replace(POWDER_PATTERNS, help="powder patterns of a ramp, or the folder of them; temperatures in the files"),
    ),
    settings=XrdSeriesSettings,
    record=XrdSeriesRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    needs_directory=True,
    example="paddlewheel xrd series ramp/ --phases o-nbh,nabh4,na2b12h12 --exposure-s 60 --rate-K-per-min 5",
    notes="""
    Every pattern is fitted twice, begun at its colder and at its hotter neighbour, and the better fit is kept; where
    the two end apart it is told. Both chains run beside each other and go on after a kill.
    """,
)
