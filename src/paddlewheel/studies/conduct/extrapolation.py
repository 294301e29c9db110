"""What extrapolating runs mean for a temperature: the record's entry, and whether it may enter a fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from paddlewheel.dynamics import TOLERATED_SHARE, share_over
from paddlewheel.studies.conduct.record import Extrapolation


def extrapolation_of(summaries: Sequence[Mapping[str, Any]], *, kept_frames: Mapping[str, int]) -> Extrapolation | None:
    """The record's entry of one temperature; None where the potential gives no grade.

    Parameters
    ----------
    summaries
        `ExtrapolationWatch.summary()` of the runs whose numbers count.
    kept_frames
        Number of frames by file, over all runs.
    """
    if not summaries:
        return None
    return Extrapolation(
        threshold=summaries[0]["threshold"],
        max_grade=max(summary["max_grade"] for summary in summaries),
        fraction_of_steps=share_over(summaries),
        n_kept_frames=sum(kept_frames.values()),
        files=list(kept_frames),
    )


def extrapolating_reason(extrapolation: Extrapolation | None) -> str | None:
    """Why a temperature is `extrapolating`; None where it is not: up to `dynamics.TOLERATED_SHARE` of the steps."""
    if extrapolation is None or extrapolation.fraction_of_steps <= TOLERATED_SHARE:
        return None
    return (
        f"{100 * extrapolation.fraction_of_steps:.2g} % of the steps have an extrapolation grade over "
        f"{extrapolation.threshold:g} (largest {extrapolation.max_grade:.3g}): the potential was not trained for them"
    )
