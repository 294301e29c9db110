"""The report of `validate --experiment`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from paddlewheel.page.drawing import Drawing
from paddlewheel.page.numbers import ABSENT, interval, percent, plain
from paddlewheel.page.page import Listing, Number, Page, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures
from paddlewheel.records import Measured
from paddlewheel.records.tables import Beside
from paddlewheel.studies.experiment.figures import family_styles, parity_figure
from paddlewheel.studies.experiment.record import ExperimentRecord, ExperimentRow, MeasuredShare, Ranking

_STATUS = {"predicted": "ok", "bounded": "not-diffusive", "no-result": "broken", "no-start": "broken"}
_HOW = (
    "Rank correlation: Spearman's, with upper bounds in it (scores of Gehan: a pair whose order a bound leaves open "
    "counts for neither side), and the 95 % interval of resampled conductors. Within a factor of 10, and intervals "
    "that hold: of those that are decided; a bound decides only where it leaves no doubt."
)
_BOUNDS = (
    "Where the runs saw too little diffusion for a line, the bound at the hottest sane temperature is carried down by "
    "the least steep line from a prefactor of 10⁻⁴ cm²/s: an assumption, not a measurement."
)


def figures(record: ExperimentRecord, _beside: Beside) -> Figures:
    """One for each potential that predicts anything."""
    styles = family_styles(record.rows)
    drawn = {}
    for potential in record.potentials:
        rows = [row for row in record.rows if row.potential == potential]
        if (figure := parity_figure(rows, styles)) is not None:
            drawn[_name(potential)] = figure, f"Conductivity predicted by {potential} against the measured one."
    return drawn


def _name(potential: str) -> str:
    return f"parity-{re.sub(r'[^A-Za-z0-9_.-]+', '-', potential.rsplit('/', 1)[-1])}"


def page(record: ExperimentRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    whole = [found for found in record.rankings if found.family is None]
    return Page(
        eyebrow="predictions beside experiment",
        title=f"{record.n_conductors} measured conductors",
        facts=[
            ("Table", record.table),
            (
                "Drawn from",
                f"{record.n_drawn_from} of {record.n_in_table} rows ({record.n_with_structure} have a crystal)",
            ),
            ("Potentials", ", ".join(record.potentials)),
            ("Time of all runs", f"{plain(record.core_hours)} core hours"),
        ],
        headline=_headline(whole),
        tone="good" if all(_is_good(found) for found in whole) else "partial",
        numbers=[number for found in whole for number in _numbers(found, several=len(whole) > 1)],
        remarks=[_remark(found) for found in whole],
        warnings=record.warnings,
        sections=[
            Section(
                id="parity",
                title="Predicted against measured",
                paragraphs=[_BOUNDS],
                drawings=[
                    (drawings[_name(name)], f"{name}. Open symbols with arrows down are upper bounds of the "
                     "prediction, arrows to the left those of the measurement.")
                    for name in record.potentials
                    if _name(name) in drawings
                ],
            ),
            Section(id="ranking", title="By family", paragraphs=[_HOW], tables=[_ranking_table(record.rankings)]),
            Section(id="conductors", title="Conductors", tables=[_table(record, name) for name in record.potentials]),
            Section(
                id="without",
                title="Without a prediction",
                lists=[
                    Listing(title="Refused or broken", lines=[
                        f"{row.formula} ({row.id}), {row.potential}: {row.reason}"
                        for row in record.rows if row.status in ("no-start", "no-result")
                    ]),
                    Listing(title="Left out before the draw", lines=[
                        f"{each.formula} ({each.id}): {each.reason}" for each in record.left_out
                    ]),
                ],
            ),
        ],
        citations=record.citations,
        provenance=record.provenance,
        footer="Values are medians; intervals are of the logarithm. The same numbers, unrounded, are in result.json.",
        n_series=len(family_styles(record.rows)),
    )  # fmt: skip


def _ranks(found: Ranking) -> bool:
    return found.spearman_95 is not None and found.spearman_95[0] > 0


def _too_narrow(found: Ranking) -> bool:
    """Whether chance would leave so few of 95 % intervals in one of twenty tables at most."""
    from scipy.stats import binom

    held, missed = found.covered_95.n_yes, found.covered_95.n_no
    return held + missed > 0 and bool(binom.cdf(held, held + missed, 0.95) < 0.05)


def _is_good(found: Ranking) -> bool:
    return _ranks(found) and not _too_narrow(found)


def _headline(whole: Sequence[Ranking]) -> str:
    said = []
    for found in whole:
        if found.spearman is None or found.spearman_95 is None:
            said.append(f"{found.potential} predicts too few of them to be ranked")
        else:
            does = "ranks them better than chance" if _ranks(found) else "is not seen to rank them better than chance"
            low, high = found.spearman_95
            said.append(f"{found.potential} {does} (rank correlation {found.spearman:.2f}, {low:.2f} to {high:.2f})")
        if _too_narrow(found):
            said[-1] += (
                f", but its 95 % intervals hold {_count(found.covered_95)}: they lack the error of the potential"
            )
    return "; ".join(said)


def _numbers(found: Ranking, *, several: bool) -> list[Number]:
    of = f" ({found.potential})" if several else ""
    within = found.within_10
    return [
        Number(name=f"rank correlation{of}", value=plain(found.spearman, 2), note=_ends(found.spearman_95)),
        Number(name=f"within a factor of 10{of}", value=percent(within.share),
               note=f"{within.n_yes} of {within.n_yes + within.n_no}; {within.n_open} open"),
        Number(name=f"95 % intervals that hold{of}", value=percent(found.covered_95.share),
               note=_count(found.covered_95)),
        Number(name=f"predicted over measured{of}", value=ABSENT if found.log10_ratio is None else
               plain(10**found.log10_ratio, 2), note="median"),
    ]  # fmt: skip


def _ends(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f"{ends[0]:.2f} to {ends[1]:.2f}, 95 %"


def _count(share: MeasuredShare) -> str:
    return f"{share.n_yes} of {share.n_yes + share.n_no}"


def _remark(found: Ranking) -> str:
    said = (
        f"{found.potential}: {found.n_predicted} conductors have a value, {found.n_bounded} an upper bound, "
        f"{found.n_without} neither; {percent(found.within_10_of_all)} of all are within a factor of 10."
    )
    if found.bounds_hold is not None:
        said += f" Of the bounds {_count(found.bounds_hold)} lie above the measurement."
    if found.covered_95_with_model is not None:
        said += f" With the model interval {_count(found.covered_95_with_model)} of the 95 % intervals hold."
    return said


def _ranking_table(found: Sequence[Ranking]) -> Table:
    table = Table(
        "How the predictions stand to the measurements",
        [("Family", ""), ("Conductors", ""), ("Value, bound, neither", ""), ("Rank correlation", ""),
         ("Within 10", "yes of decided"), ("68 % hold", ""), ("95 % hold", ""), ("Predicted over measured", "median"),
         ("Scatter", "decades")],
    )  # fmt: skip
    several = len({each.potential for each in found}) > 1
    for each in found:
        name = each.family or "all"
        table.rows.append(
            [
                Cell(f"{name}, {each.potential}" if several else name),
                Cell(str(each.n_conductors)),
                Cell(f"{each.n_predicted}, {each.n_bounded}, {each.n_without}"),
                Cell(ABSENT) if each.spearman is None else Cell(plain(each.spearman, 2), _ends(each.spearman_95)),
                Cell(_count(each.within_10), f"{each.within_10.n_open} open" if each.within_10.n_open else None),
                Cell(_count(each.covered_68)),
                Cell(_count(each.covered_95)),
                Cell(ABSENT if each.log10_ratio is None else plain(10**each.log10_ratio, 2)),
                Cell(plain(each.log10_scatter, 2)),
            ]
        )
    return table


def _table(record: ExperimentRecord, potential: str) -> Table:
    table = Table(
        f"{potential}, in the order of the draw",
        [("Conductor", ""), ("Family", ""), ("Measured", "S/cm"), ("Predicted", "S/cm"),
         ("With the model", "95 %, S/cm"), ("Eₐ", "eV"), ("Temperatures", "K"), ("Atoms", ""), ("Status", "")],
    )  # fmt: skip
    for row in record.rows:
        if row.potential != potential:
            continue
        energy = row.activation_energy_eV
        table.rows.append(
            [
                Cell(row.formula, row.id),
                Cell(row.family),
                Cell(f"{'< ' if row.measured_is_bound else ''}{plain(row.measured_S_per_cm, 2)}",
                     row.measured_part if row.measured_part != "as reported" else None),
                _predicted_cell(row.predicted, row.predicted_upper_bound_95_S_per_cm),
                _model_cell(row),
                Cell(ABSENT if energy is None else f"{energy.value:.2f} ± {energy.std:.2f}"),
                Cell(", ".join(f"{value:g}" for value in row.temperatures_used_K) or ABSENT,
                     ", ".join(row.left_out) or None),
                Cell(ABSENT if row.n_atoms is None else str(row.n_atoms), row.cell),
                Cell(row.status, status=_STATUS[row.status]),
            ]
        )  # fmt: skip
    return table


def _predicted_cell(value: Measured | None, bound: float | None) -> Cell:
    if value is None:
        return Cell(ABSENT if bound is None else f"< {plain(bound, 1)}")
    return Cell(plain(value.value, 2), f"95 %: {interval(value.interval_95)}")


def _model_cell(row: ExperimentRow) -> Cell:
    if row.interval_95_with_model is None:
        return Cell(ABSENT)
    seen = "" if row.model_is_resolved else ", within its errors"
    return Cell(interval(row.interval_95_with_model), f"factor {plain(row.model_factor, 2)}, {row.model_how}{seen}")
