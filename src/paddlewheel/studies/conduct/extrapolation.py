"""What extrapolating runs mean for a temperature: the record's entry, and whether it may enter a fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.dynamics import TOLERATED_SHARE, share_over
from paddlewheel.studies.conduct.record import Extrapolation, TemperatureResult

if TYPE_CHECKING:
    from paddlewheel.studies.conduct.runs import TemperatureRuns

TOLERATED_HOPS = 0.5
"""Hops that may extrapolate, beyond those that do by chance: where most do, the barrier that decides D is one that the
potential was not trained for, however few steps are spent on it."""
_LEVEL = 0.01
"""Of the test that hops extrapolate more often than by chance."""
_DOMAIN_GRADE = 1.0
"""The largest grade of the training set itself (see `dynamics.extrapolation`)."""
_WINDOW_PS = 0.5
"""Over which the places before and after a hop are averaged: a few vibrations."""
_PASSAGE_PS = 0.1
"""Before and after the middle of a hop: an ion flies 2 A in 0.2 to 0.4 ps (Na at 800 K has 5 A/ps)."""


def extrapolation_of(runs: TemperatureRuns) -> Extrapolation | None:
    """The record's entry of one temperature; None where the potential gives no grade."""
    summaries, kept_frames = runs.extrapolation, runs.kept_frames
    if not summaries:
        return None
    threshold = summaries[0]["threshold"]
    n_hops, of_hops, by_chance = _hops_over(runs, threshold)
    known = [grades for grades in runs.grades if grades is not None]
    return Extrapolation(
        threshold=threshold,
        max_grade=max(summary["max_grade"] for summary in summaries),
        fraction_of_steps=share_over(summaries),
        n_kept_frames=sum(kept_frames.values()),
        files=list(kept_frames),
        n_hops=n_hops,
        fraction_of_hops=of_hops,
        fraction_of_hops_by_chance=by_chance,
        n_frames=sum(map(len, known)) if known else None,
        n_frames_outside=sum(int((grades > _DOMAIN_GRADE).sum()) for grades in known) if known else None,
    )


def _hops_over(runs: TemperatureRuns, threshold: float) -> tuple[int | None, float | None, float | None]:
    """Number of hops, the share of them with a grade over the threshold, and the share by chance: that of all moments
    around which a passage would have one, its mean over all shifts of the grades against the hops."""
    both = zip(runs.displacements, runs.grades or [None] * len(runs.displacements), strict=True)
    known = [(paths, grades) for paths, grades in both if grades is not None]
    if runs.hop_distance is None or not known:
        return None, None, None
    from scipy.ndimage import maximum_filter1d

    from paddlewheel.transport.rotation import find_hops

    n_hops, n_over, by_chance = 0, 0, 0.0
    for paths, grades in known:
        # an ion is nearer to the new place than to the old one beyond half the distance
        hops = find_hops(
            paths.positions_A, frame_interval_fs=paths.frame_interval_fs, window_ps=_WINDOW_PS,
            hop_length_A=runs.hop_distance.value_A / 2,
        )  # fmt: skip
        reach = max(1, round(1e3 * _PASSAGE_PS / paths.frame_interval_fs))
        over = maximum_filter1d((grades > threshold).astype(np.uint8), 2 * reach + 1)
        n_hops += len(hops.frames)
        n_over += int(over[hops.frames].sum())
        by_chance += len(hops.frames) * float(over.mean())
    return (n_hops, n_over / n_hops, by_chance / n_hops) if n_hops else (0, None, None)


def outside_sentences(rows: Sequence[TemperatureResult]) -> list[str]:
    """What a verdict says of steps outside the training set of the potential, whatever the status of a temperature is;
    nothing where there is none, or nobody knows."""
    told = [said for row in rows if row.extrapolation is not None and (said := _outside(row.extrapolation, row))]
    if not told:
        return []
    return [f"Outside the training set of the potential (extrapolation grade over 1): {'; '.join(told)}."]


def _outside(found: Extrapolation, row: TemperatureResult) -> str | None:
    """Of one temperature; None where all is inside."""
    at = f"{row.temperature_K:g} K"
    over = f"{_percent(found.fraction_of_steps)} of the steps over {found.threshold:g}"
    if found.n_frames is not None and found.n_frames_outside is not None:
        if not found.n_frames_outside and not found.fraction_of_steps:
            return None
        share = _percent(found.n_frames_outside / max(1, found.n_frames))
        counted = f"{found.n_frames_outside} of {found.n_frames} frames ({share})"
    elif not found.fraction_of_steps:
        return None
    else:
        counted = "frames not counted"
    return f"at {at} {counted}, {over}, the largest grade {found.max_grade:.3g}"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share else "none"


def extrapolating_reason(extrapolation: Extrapolation | None) -> str | None:
    """Why a temperature is `extrapolating`: more than `dynamics.TOLERATED_SHARE` of its steps are over the threshold,
    or most of its hops; None where it is not."""
    found = extrapolation
    if found is None:
        return None
    share, chance = found.fraction_of_hops, found.fraction_of_hops_by_chance
    at = f"an extrapolation grade over {found.threshold:g} (largest {found.max_grade:.3g})"
    if found.fraction_of_steps > TOLERATED_SHARE:
        return f"{100 * found.fraction_of_steps:.2g} % of the steps have {at}: the potential was not trained for them"
    if not found.n_hops or share is None or chance is None or not _most_extrapolate(found.n_hops, share, chance):
        return None
    return (
        f"{100 * share:.0f} % of {found.n_hops} hops have {at}, {100 * chance:.2g} % would by chance, though only "
        f"{100 * found.fraction_of_steps:.2g} % of the steps do: the potential was not trained for the way of the ions"
    )


def _most_extrapolate(n_hops: int, share: float, chance: float) -> bool:
    """Whether more than `TOLERATED_HOPS` of the hops that chance leaves extrapolate, by more than luck (binomial)."""
    from scipy.special import bdtrc

    n_over = round(share * n_hops)
    luck = float(bdtrc(n_over - 1, n_hops, chance)) if n_over else 1.0
    return share - chance > TOLERATED_HOPS * (1.0 - chance) and luck < _LEVEL
