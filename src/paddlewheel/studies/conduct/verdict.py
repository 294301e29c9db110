"""What a record says, in words: on the terminal, and first thing in the report."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from paddlewheel.page.arrhenius_figure import interval_68
from paddlewheel.page.numbers import LOPSIDED, enumeration, interval, kelvin, measured, plain, with_interval
from paddlewheel.page.page import Number
from paddlewheel.records import Measured
from paddlewheel.records.arrhenius import ROOM_K, ArrheniusResult, TemperatureStatus
from paddlewheel.studies.conduct.extrapolation import outside_sentences
from paddlewheel.studies.conduct.naming import (
    STATUS_WORDS,
    TRACER,
    collective_sentences,
    condition_sentences,
    equilibration_sentences,
    ordering_sentences,
    size_sentences,
)
from paddlewheel.studies.conduct.record import ConductivityRecord, TemperatureResult
from paddlewheel.studies.conduct.second_opinion.words import opinion_sentences
from paddlewheel.studies.motion.page import charge_sentences
from paddlewheel.transport.unseen_memory import MEDIAN

_SAME_K = 0.5  # runs this near to 300 K are runs at 300 K
_NEARLY_EVEN = 0.3  # relative error up to which the two sides of a log-normal interval look alike
_MEMORY_TOLD = 0.1  # ln of a factor
_A_TRY_PS = 20.0  # what `conduct` runs at a temperature where nothing else is asked for
_REMEDIES: dict[TemperatureStatus, str] = {
    "not-diffusive": "no diffusion to be counted yet: run longer (--production-ps) or hotter (--temperatures)",
    "not-stationary": "the runs had not settled: run longer (--production-ps), or give longer files; what "
    "changes in the first half is then left out by itself",
    "broken": "look at the health checks below: a smaller --timestep-fs, lower --temperatures or another --potential",
    "too-short": "run longer (--production-ps)",
    "extrapolating": "outside the training set of the potential: train it on the kept frames, take another "
    "--potential, or fit them all the same (--allow-extrapolating)",
}


@dataclass(frozen=True)
class Verdict:
    """The result in words.

    Attributes
    ----------
    tone
        `good`: a fit; `none`: no number at 300 K.
    remedies
        What to do, as imperatives; empty where nothing is to be done.
    """

    tone: str
    headline: str
    numbers: list[Number]
    sentences: list[str]
    refused: list[str] = field(default_factory=list)
    remedies: list[str] = field(default_factory=list)


def judge(record: ConductivityRecord) -> Verdict:
    """The verdict of a record, with or without a fit."""
    fit = record.arrhenius
    refused = _refused_lines(record)
    sigma = None if fit is None or fit.refused is not None else fit.conductivity_300K_mS_per_cm
    if fit is None or sigma is None:
        tone, (headline, numbers, sentences), remedies = "none", _without_number(record), _remedies(record)
    else:
        tone, (headline, numbers, sentences) = "good", _with_number(record, fit, sigma)
        remedies = _remedies(record) if refused else []
    sentences += equilibration_sentences(record.temperatures)
    sentences += [*_rounds(record), *_short_runs(record)]
    sentences += [*outside_sentences(record.temperatures), *opinion_sentences(record)]
    sentences += charge_sentences(record.unchecked, {record.specie: record.charge_e})
    return Verdict(tone, headline, numbers, sentences, refused=refused, remedies=remedies)


def _with_number(
    record: ConductivityRecord, fit: ArrheniusResult, sigma: Measured
) -> tuple[str, list[Number], list[str]]:
    ends_68, ends_95 = interval_68(record.arrhenius), fit.conductivity_300K_95_mS_per_cm
    notes = [f"68 %: {interval(ends_68)}"] + ([f"95 %: {interval(ends_95)}"] if ends_95 else [])
    shown = _at_room(sigma, ends_68)
    numbers = [Number(name="σ at 300 K, tracer", value=shown, unit="mS/cm", note=f"{' · '.join(notes)} mS/cm")]
    if fit.activation_energy_eV is not None:
        ends = fit.activation_energy_95_eV
        note = f"95 %: {interval(ends)} eV" if ends else "± is the 68 % uncertainty"
        numbers.append(
            Number(name="Activation energy Eₐ", value=measured(fit.activation_energy_eV), unit="eV", note=note)
        )
    numbers += _collective_number(record)
    sentences = [_confidence(ends_68, ends_95), *_chance_and_prior(fit), *_named(record), *_range(fit)]
    if fit.activation_energy_95_eV is not None:
        sentences.append(f"Eₐ lies between {_and(fit.activation_energy_95_eV)} eV with 95 % confidence.")
    strange = [row.temperature_K for row in record.temperatures if row.status == "extrapolating"]
    entered = [value for value in strange if value in fit.temperatures_used_K]
    if entered:
        at = f"{enumeration(f'{value:g}' for value in entered)} K"
        sentences.append(f"At {at} the potential extrapolates beyond its training set; the fit holds them as asked.")
    sentences.append(
        "The intervals hold the statistical error of the simulation. They do not hold the error of the potential, of "
        "the starting structure, of the finite cell, of nuclei moved as classical particles (H is the first to tell), "
        "or of grain boundaries, which a bulk simulation does not have."
    )
    used = fit.temperatures_used_K
    outside = bool(used) and not min(used) <= ROOM_K <= max(used)
    how = (
        f"extrapolated from {min(used):g} to {kelvin(max(used))}"
        if outside
        else f"inside the fitted range of {min(used):g} to {kelvin(max(used))}"
    )
    headline = f"Conductivity at 300 K ({TRACER}): {shown} mS/cm{', ' + how if used else ''}."
    return headline, numbers, sentences


def _collective_number(record: ConductivityRecord) -> list[Number]:
    """That of all ions together, where these runs tell it at 300 K."""
    told = record.collective
    if told is None or not told.at_300K:
        return []
    sigma, ends = told.at_300K[0].conductivity_300K_mS_per_cm, told.at_300K[0].conductivity_300K_95_mS_per_cm
    value, note = _at_room(sigma, sigma.interval_68), f"95 %: {interval(ends)} mS/cm"
    note += f" · Haven ratio {measured(told.haven_ratio)}" if told.haven_ratio else ""
    return [Number(name="σ at 300 K, collective", value=value, unit="mS/cm", note=note)]


def _at_room(sigma: Measured, ends_68: tuple[float, float] | None) -> str:
    """`value ± std`, or the value with its 68 % interval where that is so lopsided that ± would reach below zero."""
    if ends_68 is None or sigma.std < _NEARLY_EVEN * sigma.value:
        return measured(sigma)
    return with_interval(sigma.value, ends_68)


def _confidence(ends_68: tuple[float, float] | None, ends_95: tuple[float, float] | None) -> str:
    parts = []
    if ends_68 is not None:
        parts.append(f"between {_and(ends_68)} mS/cm with 68 % confidence (two chances in three)")
    if ends_95 is not None:
        parts.append(f"between {_and(ends_95)} mS/cm with 95 % confidence (19 chances in 20)")
    text = f"The tracer's conductivity at 300 K lies {' and '.join(parts)}"
    if ends_95 is not None and ends_95[0] > 0:
        text += f": it is known to within a factor of {plain(math.sqrt(ends_95[1] / ends_95[0]), 2)} (95 %)"
    return text + "."


def lowered_for_memory(fit: ArrheniusResult) -> str | None:
    """By what factor the line lies below its points at 300 K, for hops back that no run saw; None for next to none."""
    memory = fit.unseen_memory_ln_300K or 0.0
    return plain(math.exp(MEDIAN * memory), 2) if memory > _MEMORY_TOLD else None


def _chance_and_prior(fit: ArrheniusResult) -> list[str]:
    lines = []
    if fit.chance_above_1_mS_per_cm is not None:
        per_cent = 100 * fit.chance_above_1_mS_per_cm
        shown = "under 0.1" if per_cent < 0.1 else "over 99.9" if per_cent > 99.9 else plain(per_cent, 2)
        lines.append(f"It is above 1 mS/cm with a probability of {shown} %.")
    if fit.variance_ratio is not None:
        text = f"Variances are {plain(fit.variance_ratio, 2)} times those that the runs give themselves"
        if fit.variance_ratio_seen is not None:
            text += (
                f", from {fit.variance_ratio_differences} differences between replicas and about the line "
                f"({plain(fit.variance_ratio_seen, 2)} by them alone) and a weak prior"
            )
        else:
            text += ", by a prior alone: no replica and no third temperature tells how far runs differ"
        lines.append(f"{text}.")
    if fit.prefactor_known_cm2_per_s is not None:
        ends = interval(fit.prefactor_known_cm2_per_s)
        lines.append(
            f"Another weak prior: the prefactor of D, at infinite temperature, lies within {ends} cm²/s (68 %)."
        )
    if lowered := lowered_for_memory(fit):
        lines.append(
            "Ions hop back, in some crystals for longer than these runs tell. As other conductors have it, the line of "
            f"the points is taken {lowered} times lower at 300 K, and the interval allows for more."
        )
    if fit.conductivity_300K_95_without_prior_mS_per_cm is not None:
        ends = interval(fit.conductivity_300K_95_without_prior_mS_per_cm)
        priors = "prior" if fit.prefactor_known_cm2_per_s is None else "priors"
        lines.append(f"Without the {priors} the 95 % interval is {ends} mS/cm.")
    return lines


def _range(fit: ArrheniusResult) -> list[str]:
    used = fit.temperatures_used_K
    if not used:
        return []
    span = f"{min(used):g} to {kelvin(max(used))}"
    line = (
        f"A straight line of {fit.fitted.replace('sigma*T', 'σT')} against 1/T was fitted to {len(used)} temperatures"
    )
    listed = f"{line} ({enumeration(f'{t:g}' for t in used)} K)"
    if fit.temperatures_bounding_K:
        listed += f", with the upper bounds at {enumeration(f'{t:g}' for t in fit.temperatures_bounding_K)} K"
    listed += "."
    if min(used) > ROOM_K:
        gap = f"300 K lies outside the fit: the value is an extrapolation from {span}, over {min(used) - ROOM_K:g} K"
        return [listed, f"{gap}. It holds if no phase change and no other mechanism lies between."]
    if max(used) < ROOM_K:
        return [listed, f"300 K is an extrapolation upwards from {span}."]
    return [listed, f"300 K lies inside the fitted range ({span}): no extrapolation."]


def _without_number(record: ConductivityRecord) -> tuple[str, list[Number], list[str]]:
    fit = record.arrhenius
    measured_rows = [row for row in record.temperatures if row.status == "ok" and row.conductivity_mS_per_cm]
    if fit is not None and fit.refused is not None:
        reason = fit.refused
    elif not measured_rows:
        reason = "no temperature gave a diffusion coefficient that can be trusted"
    elif len(measured_rows) == 1:
        reason = "only one temperature gave a conductivity, and a line needs at least two"
    else:
        reason = "no Arrhenius fit is in this record"
    numbers = [
        Number(
            name=f"σ at {kelvin(row.temperature_K)}, tracer",
            value=measured(row.conductivity_mS_per_cm),
            unit="mS/cm",
            note=_own_interval(row),
        )
        for row in measured_rows[:3]
    ]
    sentences = [f"Why: {reason[:1].lower()}{reason[1:].rstrip('.')}.", *_named(record)]
    bounds = [
        f"at {kelvin(row.temperature_K)}, σ is below {plain(row.conductivity_upper_bound_95_mS_per_cm)} mS/cm"
        for row in record.temperatures
        if row.conductivity_upper_bound_95_mS_per_cm is not None
    ]
    if bounds:
        sentences.append(f"What can be said with 95 % confidence: {'; '.join(bounds)}.")
    at_room = [row for row in measured_rows if abs(row.temperature_K - ROOM_K) < _SAME_K]
    if at_room:
        value = measured(at_room[0].conductivity_mS_per_cm)
        headline = f"Conductivity at 300 K ({TRACER}): {value} mS/cm, from that run alone."
        return headline, numbers, ["No Arrhenius line supports it, and no activation energy follows.", *sentences]
    return "No conductivity at 300 K can be given.", numbers, sentences


def _and(ends: tuple[float, float]) -> str:
    return interval(ends).replace(" to ", " and ")


def _own_interval(row: TemperatureResult) -> str:
    ends = row.conductivity_95_mS_per_cm
    return f"95 %: {interval(ends)} mS/cm" if ends else "± is the 68 % uncertainty"


def _refused_lines(record: ConductivityRecord) -> list[str]:
    lines = {row.temperature_K: _line(row.temperature_K, row.status, row.reason) for row in _left_out(record)}
    for row in record.arrhenius.temperatures_refused if record.arrhenius else ():
        lines[row.temperature_K] = _line(row.temperature_K, row.status, row.reason)
    return [lines[key] for key in sorted(lines)]


def _line(temperature_K: float, status: TemperatureStatus, reason: str | None) -> str:
    return f"{kelvin(temperature_K)}, {STATUS_WORDS[status]}: {(reason or 'no reason recorded').rstrip('.')}."


def _left_out(record: ConductivityRecord) -> list[TemperatureResult]:
    used = record.arrhenius.temperatures_used_K if record.arrhenius else []
    return [row for row in record.temperatures if row.status != "ok" and row.temperature_K not in used]


def _remedies(record: ConductivityRecord) -> list[str]:
    found: dict[str, list[float]] = {}
    for row in _left_out(record):
        found.setdefault(row.status, []).append(row.temperature_K)
    remedies = [
        f"{enumeration(f'{t:g}' for t in temperatures)} K: {_REMEDIES[status]}."
        for status, temperatures in found.items()
        if status in _REMEDIES
    ]
    if len(record.temperatures) - len(_left_out(record)) < 3:
        remedies.append(
            "Add temperatures: a fit wants three or more that diffuse, spread over 1/T. What is done is kept."
        )
    return remedies


def is_failed(record: ConductivityRecord) -> bool:
    """Whether every run is broken."""
    return all(row.status == "broken" for row in record.temperatures)


def verdict_lines(record: ConductivityRecord) -> list[str]:
    """For the terminal: the verdict first, then one line a temperature."""
    charge = charge_sentences(record.unchecked, {record.specie: record.charge_e})
    return [
        _line_of_fit(record),
        *_named(record),
        *(_line_of_row(row) for row in record.temperatures),
        *equilibration_sentences(record.temperatures),
        *_rounds(record),
        *_short_runs(record),
        *outside_sentences(record.temperatures),
        *opinion_sentences(record),
        *charge,
    ]


def _rounds(record: ConductivityRecord) -> list[str]:
    """How rounds of added runs ended."""
    adaptive = record.adaptive
    if adaptive is None or adaptive.reason is None:
        return []
    rounds = len(adaptive.decisions)
    return [f"After {rounds} {'round' if rounds == 1 else 'rounds'} of added runs: {adaptive.reason}."]


def _named(record: ConductivityRecord) -> list[str]:
    """What a printed conductivity is: of the tracer, beside that of all ions together, at what density and pressure, in
    what cell."""
    rows = [row for row in record.temperatures if row.conductivity_mS_per_cm is not None]
    if not rows:
        return []
    return [
        f"σ is that of the {TRACER}: of ions that move one by one.",
        *collective_sentences(record.collective, rows),
        *condition_sentences(rows, [row.density_g_per_cm3 for row in rows]),
        *size_sentences(record.cell, record.sizes),
        *ordering_sentences(record.orderings),
    ]


def _short_runs(record: ConductivityRecord) -> list[str]:
    """A short run is a try."""
    rows = [row for row in record.temperatures if row.conductivity_mS_per_cm is not None]
    if not rows or any(row.n_replicas * row.production_ps > _A_TRY_PS for row in rows):
        return []
    longest_ps = max(row.n_replicas * row.production_ps for row in rows)
    return [
        f"Runs of {longest_ps:g} ps in all at a temperature are a try, for a first look: a number to rely on takes "
        "about four runs of 200 ps or more."
    ]


def _line_of_fit(record: ConductivityRecord) -> str:
    fit = record.arrhenius
    who = f"{record.structure}, {record.specie}"
    if fit is None:
        return f"{who}: no Arrhenius fit asked for"
    sigma, energy = fit.conductivity_300K_mS_per_cm, fit.activation_energy_eV
    if sigma is None or energy is None or fit.conductivity_300K_95_mS_per_cm is None:
        return f"{who}: no conductivity at 300 K: {fit.refused}"
    low, high = fit.conductivity_300K_95_mS_per_cm
    # a log-normal interval this wide is not symmetric: +- would reach below zero
    value = _with_error(sigma) if sigma.std < _NEARLY_EVEN * sigma.value else f"{sigma.value:.2g}"
    used = ", ".join(f"{value:g}" for value in fit.temperatures_used_K)
    bounding = ", ".join(f"{value:g}" for value in fit.temperatures_bounding_K)
    bounds = f" and the bounds at {bounding} K" if bounding else ""
    return (
        f"{who}: sigma(300 K) = {value} mS/cm (95 %: {low:.3g} to {high:.3g}; {TRACER}), "
        f"Ea = {energy.value:.3f} +- {energy.std:.3f} eV, from {used} K{bounds}"
    )


def _line_of_row(row: TemperatureResult) -> str:
    line = f"  {row.temperature_K:g} K  {row.status}"
    if row.temperature_ran_K is not None:
        line += f"  (ran at {row.temperature_ran_K:.0f} K)"
    if row.diffusivity_cm2_per_s is not None:
        line += f"  D = {_with_error(row.diffusivity_cm2_per_s)} cm2/s"
    if row.conductivity_mS_per_cm is not None:
        line += f"  sigma = {_with_error(row.conductivity_mS_per_cm)} mS/cm"
    elif row.conductivity_upper_bound_95_mS_per_cm is not None:
        line += f"  sigma < {row.conductivity_upper_bound_95_mS_per_cm:.3g} mS/cm (95 %)"
    return line + (f"  ({row.reason})" if row.reason else "")


def _with_error(quantity: Measured) -> str:
    if quantity.interval_68 is not None and quantity.std > LOPSIDED * quantity.value:
        low, high = quantity.interval_68
        return f"{quantity.value:.2g} ({low:.2g} to {high:.2g})"
    return f"{quantity.value:.3g} +- {quantity.std:.2g}"
