"""How the predictions of a potential stand to what was measured, over all conductors and by family."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paddlewheel.studies.experiment.record import ExperimentRow, MeasuredShare, Ranking
from paddlewheel.transport.beside_measured import Known, Share, rank_correlation, share_covered, share_within

SMALL_FAMILY = 4
"""Families of as many rows or more have a line of their own."""


def rankings(rows: Sequence[ExperimentRow]) -> list[Ranking]:
    """Of each potential: all rows, then each family that is large enough, the largest first."""
    found = []
    for potential in dict.fromkeys(row.potential for row in rows):
        own = [row for row in rows if row.potential == potential]
        found.append(ranking(own, potential=potential, family=None))
        families = {row.family for row in own}
        members = {family: [row for row in own if row.family == family] for family in families}
        for family, group in sorted(members.items(), key=lambda item: (-len(item[1]), item[0])):
            if len(group) >= SMALL_FAMILY:
                found.append(ranking(group, potential=potential, family=family))
    return found


def ranking(rows: Sequence[ExperimentRow], *, potential: str, family: str | None) -> Ranking:
    """The statistics of some rows of one potential."""
    told = [row for row in rows if row.status in ("predicted", "bounded")]
    valued = [row for row in told if row.predicted is not None]
    bounded = [row for row in told if row.predicted is None]
    correlation = rank_correlation(_predicted(told), _measured(told)) if told else None
    within = share_within(_predicted(told), _measured(told), 10.0) if told else Share(0, 0, 0)
    asked = [row for row in valued if row.interval_95_with_model is not None]
    ratios = [
        np.log10(row.predicted.value / row.measured_S_per_cm)
        for row in valued
        if row.predicted and not row.measured_is_bound
    ]
    return Ranking(
        potential=potential,
        family=family,
        n_conductors=len(rows),
        n_predicted=len(valued),
        n_bounded=len(bounded),
        n_without=len(rows) - len(told),
        spearman=correlation.value if correlation else None,
        spearman_95=correlation.interval_95 if correlation else None,
        n_ranked=len(told),
        within_10=_told(within),
        within_10_of_all=within.n_yes / len(rows),
        covered_68=_told(_covered(valued, "interval_68")),
        covered_95=_told(_covered(valued, "interval_95")),
        covered_95_with_model=_told(
            share_covered(*_ends([row.interval_95_with_model for row in asked]), _measured(asked))
        )
        if asked
        else None,
        bounds_hold=_told(
            share_covered(
                np.zeros(len(bounded)),
                np.array([row.predicted_upper_bound_95_S_per_cm for row in bounded], dtype=float),
                _measured(bounded),
            )
        )
        if bounded
        else None,
        log10_ratio=float(np.median(ratios)) if ratios else None,
        log10_scatter=float(0.5 * np.diff(np.quantile(ratios, [0.16, 0.84]))[0]) if len(ratios) > 2 else None,
    )


def _predicted(rows: Sequence[ExperimentRow]) -> Known:
    values = [row.predicted.value if row.predicted else row.predicted_upper_bound_95_S_per_cm for row in rows]
    return Known.of(np.array(values, dtype=float), np.array([row.predicted is None for row in rows]))


def _measured(rows: Sequence[ExperimentRow]) -> Known:
    values = np.array([row.measured_S_per_cm for row in rows], dtype=float)
    return Known.of(values, np.array([row.measured_is_bound for row in rows], dtype=bool))


def _covered(rows: Sequence[ExperimentRow], name: str) -> Share:
    return share_covered(*_ends([getattr(row.predicted, name) for row in rows]), _measured(rows))


def _ends(intervals: Sequence[tuple[float, float] | None]) -> tuple[np.ndarray, np.ndarray]:
    ends = np.array(intervals, dtype=float).reshape(-1, 2)
    return ends[:, 0], ends[:, 1]


def _told(share: Share) -> MeasuredShare:
    return MeasuredShare(
        n_yes=share.n_yes, n_no=share.n_no, n_open=share.n_open, share=share.value, share_95=share.interval_95
    )
