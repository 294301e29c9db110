"""The tables of a `conduct` report."""

from __future__ import annotations

from paddlewheel.page.numbers import ABSENT, interval, kelvin, measured, percent, plain
from paddlewheel.page.tables import Cell, Table, words
from paddlewheel.records import HealthCheck
from paddlewheel.records.arrhenius import TemperatureStatus
from paddlewheel.studies.conduct.naming import STATUS_WORDS
from paddlewheel.studies.conduct.record import (
    AdaptiveRuns,
    ConductivityRecord,
    Extrapolation,
    KnownAtDecision,
    OrderingResult,
    TemperatureResult,
)
from paddlewheel.study.progress import duration

_MODELS = {"arrhenius": "Arrhenius", "vogel-fulcher": "Vogel–Fulcher–Tammann", "one-kink": "two lines, one kink"}
_PARAMETERS = {
    "ln_prefactor": "ln A",
    "activation_energy_eV": "Eₐ (eV)",
    "activation_energy_low_eV": "Eₐ below the kink (eV)",
    "activation_energy_high_eV": "Eₐ above the kink (eV)",
    "kink_K": "kink (K)",
    "pseudo_energy_eV": "B (eV)",
    "T0_K": "T₀ (K)",
}
_SAYS_NOTHING = 1000.0
"""A factor either way that tells nothing of a conductivity."""
_SEVERITY = ("ok", "warning", "broken")


def transport_table(rows: list[TemperatureResult]) -> Table:
    """Conductivity, diffusivity and what qualifies them, one row a temperature."""
    table = Table(
        "Transport at each temperature (± is the 68 % standard uncertainty; tracer σ by Nernst-Einstein)",
        [
            ("T", "K"),
            ("Status", ""),
            ("Tracer σ", "mS/cm"),
            ("D", "cm²/s"),
            ("Haven ratio", ""),
            ("Active ions", ""),
            ("log-log slope", ""),
            ("Fitted lags", "ps"),
            ("Density", "g/cm³"),
        ],
    )
    for row in rows:
        table.rows.append(
            [
                Cell(f"{row.temperature_K:g}"),
                Cell(STATUS_WORDS[row.status], row.reason, row.status),
                Cell(
                    *_value_or_bound(
                        row.conductivity_mS_per_cm,
                        row.conductivity_95_mS_per_cm,
                        row.conductivity_upper_bound_95_mS_per_cm,
                    )
                ),
                Cell(
                    *_value_or_bound(
                        row.diffusivity_cm2_per_s,
                        row.diffusivity_95_cm2_per_s,
                        row.diffusivity_upper_bound_95_cm2_per_s,
                    )
                ),
                Cell(*_value_or_bound(row.haven_ratio, row.haven_ratio_95, None)),
                Cell(percent(row.active_fraction), _active_window(row)),
                Cell(measured(row.loglog_slope)),
                Cell(_lags(row)),
                Cell(plain(row.density_g_per_cm3, 4)),
            ]
        )
    return table


def run_table(rows: list[TemperatureResult]) -> Table:
    """How long each temperature ran and the state it ran in."""
    table = Table(
        "Length and state of the runs",
        [
            ("T", "K"),
            ("Production", "ps"),
            ("Replicas", ""),
            ("Mobile ions", ""),
            ("Mean T", "K"),
            ("Mean volume", "Å³"),
            ("Mean pressure", "GPa"),
            ("MSD at the last lag", "Å²"),
            ("Distance of a hop", "Å"),
        ],
    )
    for row in rows:
        table.rows.append(
            [
                Cell(f"{row.temperature_K:g}"),
                Cell(f"{row.production_ps:g}"),
                Cell(str(row.n_replicas)),
                Cell(str(row.n_ions)),
                Cell(plain(row.mean_temperature_K, 4)),
                Cell(plain(row.mean_volume_A3, 5)),
                Cell(measured(row.conditions.mean_pressure_GPa if row.conditions else None), _held(row)),
                Cell(plain(row.msd_final_A2)),
                Cell(plain(row.hop_distance_A), row.hop_distance_from),
            ]
        )
    return table


def direction_table(rows: list[TemperatureResult]) -> Table | None:
    """Diffusivity along the axes and the collective conductivity; None where neither was measured."""
    told = [
        row
        for row in rows
        if row.diffusivity_xyz_cm2_per_s
        or row.conductivity_collective_mS_per_cm
        or row.conductivity_collective_upper_bound_95_mS_per_cm is not None
    ]
    if not told:
        return None
    table = Table(
        "Directions and correlation of the ions",
        [("T", "K"), *((f"D along {axis}", "cm²/s") for axis in "xyz"), ("Collective σ", "mS/cm")],
    )
    for row in told:
        along = row.diffusivity_xyz_cm2_per_s or (None, None, None)
        collective = Cell(*_value_or_bound(
            row.conductivity_collective_mS_per_cm,
            row.conductivity_collective_mS_per_cm.interval_95 if row.conductivity_collective_mS_per_cm else None,
            row.conductivity_collective_upper_bound_95_mS_per_cm,
        ))  # fmt: skip
        table.rows.append([Cell(f"{row.temperature_K:g}"), *(Cell(measured(part)) for part in along), collective])
    return table


def ordering_table(orderings: OrderingResult) -> Table:
    """One row a temperature, one column an ordered cell."""
    heads = [f"Cell {cell.ordering}, +{cell.above_lowest_meV_per_atom:.1f} meV/atom" for cell in orderings.cells]
    table = Table(
        "Tracer σ by the ordering (energies above that of the lowest)",
        [("T", "K"), *((head, "mS/cm") for head in heads)],
    )
    rows = {row.temperature_K for cell in orderings.cells for row in cell.temperatures}
    for at in sorted(rows):
        found = [next((row for row in cell.temperatures if row.temperature_K == at), None) for cell in orderings.cells]
        cells = [Cell(measured(row.conductivity_mS_per_cm), _why(row.status)) if row else Cell(ABSENT) for row in found]
        table.rows.append([Cell(f"{at:g}"), *cells])
    return table


def _why(status: TemperatureStatus) -> str | None:
    return None if status == "ok" else STATUS_WORDS[status]


def health_table(rows: list[TemperatureResult]) -> Table | None:
    """One column a check, one row a temperature, all replicas together; None where nothing was checked."""
    names = list(dict.fromkeys(check.name for row in rows for check in row.health))
    if not names:
        return None
    table = Table("Health of the runs", [("T", "K"), *((words(name), "") for name in names)])
    for row in rows:
        table.rows.append([Cell(f"{row.temperature_K:g}"), *(_health_cell(row.health, name) for name in names)])
    return table


def extrapolation_table(rows: list[TemperatureResult]) -> Table | None:
    """How far each temperature left the potential's training set; None where the potential gives no grade."""
    told = [(row.temperature_K, row.extrapolation) for row in rows if row.extrapolation is not None]
    if not told:
        return None
    table = Table(
        "Extrapolation of the potential (grade over 1: outside its training set)",
        [
            ("T", "K"),
            ("Largest grade", ""),
            ("Frames over 1", "%"),
            ("Steps over the threshold", "%"),
            ("Hops over it", "%"),
            ("Threshold", ""),
            ("Kept frames", ""),
        ],
    )
    for temperature_K, found in told:
        table.rows.append(
            [
                Cell(f"{temperature_K:g}"),
                Cell(plain(found.max_grade)),
                Cell(*_frames_outside(found)),
                Cell(plain(100 * found.fraction_of_steps, 2) if found.fraction_of_steps else "0"),
                Cell(*_hops(found)),
                Cell(f"{found.threshold:g}"),
                Cell(str(found.n_kept_frames), ", ".join(found.files) or None),
            ]
        )
    return table


def _held(row: TemperatureResult) -> str | None:
    """The ensemble, where it is known."""
    return row.conditions.ensemble if row.conditions else None


def _frames_outside(found: Extrapolation) -> tuple[str, str | None]:
    """The share of frames with a step outside the domain, and beside it how many they are."""
    if found.n_frames is None or found.n_frames_outside is None:
        return ABSENT, None
    share = 100 * found.n_frames_outside / max(1, found.n_frames)
    return plain(share, 2) if share else "0", f"{found.n_frames_outside} of {found.n_frames}"


def _hops(found: Extrapolation) -> tuple[str, str | None]:
    """The share of hops over the threshold, and beside it what chance would give."""
    if found.fraction_of_hops is None or found.fraction_of_hops_by_chance is None:
        return ABSENT, "no hop" if found.n_hops == 0 else None
    chance = percent(found.fraction_of_hops_by_chance)
    return (
        f"{100 * found.fraction_of_hops:.0f}",
        f"of {found.n_hops} hops; {chance} if hops and grades were independent",
    )


def model_table(record: ConductivityRecord) -> Table | None:
    """The models of the temperature dependence by AICc; None where only one was tried."""
    if record.arrhenius is None or len(record.arrhenius.models) < 2:
        return None
    table = Table(
        "Models of σ(T), compared by AICc (lower is better): the values alone, without bounds, and their plain errors",
        [("Model", ""), ("AICc", ""), ("Parameters", ""), ("Note", "")],
    )
    for model in record.arrhenius.models:
        parameters = "; ".join(
            f"{_PARAMETERS.get(name, name)} = {measured(value)}" for name, value in model.parameters.items()
        )
        table.rows.append(
            [Cell(_MODELS[model.name]), Cell(plain(model.aicc)), Cell(parameters or ABSENT), Cell(model.note or ABSENT)]
        )
    return table


def decision_table(adaptive: AdaptiveRuns) -> Table:
    """Where each round of added runs went and why, and how it ended; the time is that of the clock."""
    table = Table(
        "Rounds of added runs (± factor: upper end over value of the 95 % interval of σ at 300 K)",
        [("Round", ""), ("Begun after", ""), ("Factor then", ""), ("Known then", ""), ("Runs added", ""),
         ("Time", ""), ("Factor predicted", "")],
    )  # fmt: skip
    for decision in adaptive.decisions:
        table.rows.append(
            [
                Cell(str(decision.round)),
                Cell(duration(decision.spent_s)),
                Cell(_factor(decision.factor)),
                Cell("; ".join(_known(each) for each in decision.known)),
                Cell("; ".join(f"{run.production_ps:.3g} ps at {kelvin(run.temperature_K)}" for run in decision.runs)),
                Cell(duration(decision.cost_s)),
                Cell(_factor(decision.predicted_factor)),
            ]
        )
    end = [Cell("end"), Cell(duration(adaptive.spent_s)), Cell(_factor(adaptive.factor)), Cell(adaptive.reason or "")]
    table.rows.append([*end, Cell(ABSENT), Cell(ABSENT), Cell(ABSENT)])
    return table


def _factor(factor: float | None) -> str:
    if factor is None:
        return "no fit"
    return f"{plain(factor, 3)}×" if factor < _SAYS_NOTHING else f"over {_SAYS_NOTHING:g}×"


def _known(known: KnownAtDecision) -> str:
    said = STATUS_WORDS[known.status]
    if known.conductivity_mS_per_cm is not None:
        said = f"{measured(known.conductivity_mS_per_cm)} mS/cm"
    return f"{kelvin(known.temperature_K)}: {said} ({known.production_ps:.3g} ps)"


def published_table(record: ConductivityRecord) -> Table | None:
    """Published numbers beside ours, agreement or not; None where none are known."""
    if not record.published:
        return None
    table = Table(
        "Beside published numbers",
        [("Quantity", ""), ("Published", ""), ("This run", ""), ("Verdict", ""), ("How it was found", "")],
    )
    for row in record.published:
        at = "" if row.temperature_K is None else f" at {kelvin(row.temperature_K)}"
        name, unit = ("Eₐ", "eV") if row.quantity == "activation_energy_eV" else ("σ", "mS/cm")
        ours = Cell(plain(row.ours), f"95 %: {interval(row.ours_95)}" if row.ours_95 else None)
        table.rows.append(
            [Cell(f"{name}{at} ({unit})"), Cell(plain(row.published)), ours, Cell(row.note), Cell(row.how, row.doi)]
        )
    return table


def _value_or_bound(quantity, ends_95, bound) -> tuple[str, str | None]:
    if quantity is not None:
        return measured(quantity), f"95 %: {interval(ends_95)}" if ends_95 else None
    return (f"< {plain(bound)}", "95 % upper bound") if bound is not None else (ABSENT, None)


def _active_window(row: TemperatureResult) -> str | None:
    if row.active_fraction is None or row.active_threshold_A2 is None or row.active_window_ps is None:
        return None
    return f"over {row.active_threshold_A2:g} Å² in {row.active_window_ps:g} ps"


def _lags(row: TemperatureResult) -> str:
    if row.fit_onset_ps is None or row.fit_last_lag_ps is None:
        return ABSENT
    return f"{plain(row.fit_onset_ps, 2)} to {plain(row.fit_last_lag_ps)}"


def _health_cell(checks: list[HealthCheck], name: str) -> Cell:
    """The worst status over all replicas, with the details of those that have it."""
    found = [check for check in checks if check.name == name]
    if not found:
        return Cell(ABSENT)
    worst = max((check.status for check in found), key=_SEVERITY.index)
    details = dict.fromkeys(check.detail for check in found if check.status == worst)
    share = (
        f" ({sum(check.status == worst for check in found)} of {len(found)} runs)"
        if worst != "ok" and len(found) > 1
        else ""
    )
    return Cell(worst + share, "; ".join(details), worst)
