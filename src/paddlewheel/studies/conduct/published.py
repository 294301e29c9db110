"""Published numbers of a built-in structure beside those of a run, agreement or not."""

from __future__ import annotations

import numpy as np

from paddlewheel.crystals import list_structures
from paddlewheel.crystals.library import PublishedNumber
from paddlewheel.studies.conduct.record import PublishedComparison
from paddlewheel.transport import ArrheniusFit


def compare_with_published(structure: str, fit: ArrheniusFit | None) -> list[PublishedComparison]:
    """Each published number of a built-in structure (none for others), with ours and its 95 % interval."""
    numbers = [number for card in list_structures() if card.name == structure.lower() for number in card.published]
    return [_beside(number, fit) for number in numbers]


def _beside(number: PublishedNumber, fit: ArrheniusFit | None) -> PublishedComparison:
    common = {
        "quantity": number.quantity, "temperature_K": number.temperature_K, "published": number.value,
        "how": number.how, "doi": number.doi,
    }  # fmt: skip
    if fit is None:
        return PublishedComparison(**common, note="no fit in this run")
    if number.temperature_K is None:
        ours, (low, high) = fit.activation_energy_eV, fit.activation_energy_95_eV
    else:
        band = fit.band(np.array([number.temperature_K]))
        ours, low, high = float(band.value[0]), float(band.low_95[0]), float(band.high_95[0])
    inside = low <= number.value <= high
    if inside:
        note = "inside our 95 % interval"
    elif number.value > 0 and number.temperature_K is not None:
        note = f"outside our 95 % interval; ours is {ours / number.value:.2g} times it"
    else:
        note = "outside our 95 % interval"
    return PublishedComparison(**common, ours=ours, ours_95=(low, high), note=note)
