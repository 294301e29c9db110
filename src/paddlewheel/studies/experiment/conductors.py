"""Measured conductors: what a table says of each, and which of them are taken."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MeasuredPart = Literal["bulk", "total", "as reported"]

_LOWEST_DECADE = -9
_SMALL_FAMILY = 5
_OTHERS = "others"


@dataclass(frozen=True, kw_only=True)
class MeasuredConductor:
    """A conductor of a table.

    Attributes
    ----------
    id
        Its name in the table, and of its folder.
    formula
        As the table writes it.
    conductivity_S_per_cm, is_bound
        Measured; a bound is the least that the experiment could have seen.
    measured_part
        Of the grains alone, with their boundaries, or what the paper reports.
    temperature_K
        At which it was measured.
    family
        Of structures; empty where the table has none.
    structure, content
        File with the crystal: its name, and what is in it.
    specie
        The ion that conducts; empty where the table does not say.
    composition
        That the crystal is to have, as a formula; empty where the table does not say.
    doi
        Of the measurement.
    """

    id: str
    formula: str
    conductivity_S_per_cm: float
    is_bound: bool = False
    measured_part: MeasuredPart = "as reported"
    temperature_K: float = 300.0
    family: str = ""
    structure: str
    content: bytes
    specie: str = ""
    composition: str = ""
    doi: str = ""

    @property
    def decade(self) -> int:
        """Of the measured conductivity; what is under 1e-8 S/cm, bounds among it, is one."""
        return (
            _LOWEST_DECADE if self.is_bound else max(_LOWEST_DECADE, math.floor(math.log10(self.conductivity_S_per_cm)))
        )


def family_names(conductors: Sequence[MeasuredConductor]) -> dict[str, str]:
    """The family of each conductor by its id: spellings that differ in case or in a plural are one family, that of the
    commonest."""
    spelled = Counter(conductor.family.strip() for conductor in conductors)
    best: dict[str, str] = {}
    for spelling, _ in sorted(spelled.items(), key=lambda item: (-item[1], item[0])):
        best.setdefault(_plain(spelling), spelling)
    return {conductor.id: best[_plain(conductor.family)] or _OTHERS for conductor in conductors}


def _plain(family: str) -> str:
    return family.strip().casefold().removesuffix("s")


def drawing_order(conductors: Sequence[MeasuredConductor], *, seed: int) -> list[MeasuredConductor]:
    """The conductors in the order in which they are taken: more of them leave those before as they were.

    A stratum is a family (those of under five conductors together) in a decade of the measured conductivity. In each
    turn every stratum gives one, drawn at random; the strata of a turn are in random order, too. So a few already span
    families and decades, whatever is commonest in the table.
    """
    families = family_names(conductors)
    sizes = Counter(families.values())
    lots = {conductor.id: _lot(conductor.id, seed) for conductor in conductors}
    strata: dict[tuple[str, int], list[MeasuredConductor]] = {}
    for conductor in sorted(conductors, key=lambda each: lots[each.id]):
        family = families[conductor.id]
        stratum = (family if sizes[family] >= _SMALL_FAMILY else _OTHERS, conductor.decade)
        strata.setdefault(stratum, []).append(conductor)
    turns = [(turn, lots[each.id], each) for members in strata.values() for turn, each in enumerate(members)]
    return [conductor for _, _, conductor in sorted(turns, key=lambda item: item[:2])]


def _lot(name: str, seed: int) -> bytes:
    """Chance by the name alone: rows that a table gains or loses leave those of the others."""
    return hashlib.sha256(f"{seed} {name}".encode()).digest()
