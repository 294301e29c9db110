"""What second opinions say, in words: on the terminal and in the verdict of the report."""

from __future__ import annotations

from pathlib import Path

from paddlewheel.page.numbers import kelvin, measured, percent, plain
from paddlewheel.studies.conduct.record import ConductivityRecord
from paddlewheel.studies.conduct.second_opinion.record import ForceDifference, ModelSpread, SecondOpinion

_COUNTS = {2: "two", 3: "three", 4: "four", 5: "five"}


def opinion_sentences(record: ConductivityRecord) -> list[str]:
    """The statistical error and that of the potential, apart; then what each other potential says. Nothing where none
    was asked."""
    if not record.second_opinions:
        return []
    return [_errors(record), *(_differences(opinion) for opinion in record.second_opinions)]


def _errors(record: ConductivityRecord) -> str:
    spread = record.model_spread
    if spread is None:
        reasons = dict.fromkeys(reason for each in record.second_opinions if (reason := _why_unknown(each)))
        return f"The potential's error in transport is not known: {'; '.join(reasons)}."
    count = _COUNTS.get(spread.n_potentials, str(spread.n_potentials))
    line = (
        f"Error of {_quantity(spread)}: statistical ×/÷ {plain(spread.statistical_factor_95, 2)} (95 %), model ×/÷ "
        f"{plain(spread.model_factor, 2)} ({count} potentials, {_how(record, spread)}). These are two errors, not one."
    )
    if not spread.resolved:
        line += (
            f" The difference of the potentials was not seen: their ratio is known to within a factor of "
            f"{plain(spread.ratio_known_to_factor_95, 2)} only (95 %)."
        )
    return line


def _quantity(spread: ModelSpread) -> str:
    name = "σ" if spread.quantity == "conductivity_300K_mS_per_cm" else "D"
    return f"{name} at {kelvin(spread.temperature_K)}"


def _how(record: ConductivityRecord, spread: ModelSpread) -> str:
    if spread.how == "reweighted":
        return "the same paths reweighted, which leaves the speed of a hop as it was"
    lengths = [each.runs.production_ps for each in record.second_opinions if each.runs is not None]
    return f"runs of their own of {min(lengths):g} ps a temperature"


def _why_unknown(opinion: SecondOpinion) -> str:
    """Why neither weights nor runs tell how another potential's transport differs."""
    refused = [f"at {kelvin(row.temperature_K)} {row.reweighting_refused}" for row in opinion.temperatures
               if row.reweighting_refused]  # fmt: skip
    name = short_name(opinion.potential)
    if opinion.runs_refused:
        return f"runs of {name}: {opinion.runs_refused}"
    if opinion.runs is not None:
        return (
            f"no temperature has a diffusivity in the runs of {name} ({opinion.runs.production_ps:g} ps) and in these"
        )
    return f"{name}: {'; '.join(refused)} (--second-opinion-ps N runs it)"


def short_name(potential: str) -> str:
    """A potential's name, of a file its last part."""
    return Path(potential).name if "/" in potential and ":" not in potential else potential


def _differences(opinion: SecondOpinion) -> str:
    whole, *elements = opinion.forces
    of = f" ({', '.join(_of_element(each) for each in elements)})" if elements else ""
    rows = opinion.temperatures
    shifts, spreads = [row.energy_shift_meV_per_atom for row in rows], [row.energy_spread_meV_per_atom for row in rows]
    stress = f"; stress {plain(opinion.stress_rmse_GPa, 2)} GPa rms" if opinion.stress_rmse_GPa is not None else ""
    ratios = [
        f"; D reweighted × {measured(row.diffusivity_ratio_reweighted)} at {kelvin(row.temperature_K)} (effective "
        f"sample {row.effective_sample_size:.3g} of {row.n_frames})"
        for row in rows
        if row.diffusivity_ratio_reweighted is not None
    ]
    return (
        f"{short_name(opinion.potential)}, on {opinion.n_frames} frames of these runs: forces differ by "
        f"{plain(whole.rmse_eV_per_A, 2)} eV/Å rms, {percent(whole.fraction_of_rms)} of the rms force{of}; energy by "
        f"{_range(spreads)} meV/atom (standard deviation) about a shift of the reference of {_range(shifts)} "
        f"meV/atom{stress}{''.join(ratios)}."
    )


def _of_element(each: ForceDifference) -> str:
    return f"{each.element} {percent(each.fraction_of_rms)}"


def _range(values: list[float]) -> str:
    low, high = plain(min(values), 2), plain(max(values), 2)
    return low if low == high else f"{low} to {high}"
