"""What the events of a run are: melting, crystallization, solid-solid, cold crystallization, glass, decomposition.

A calorimeter sees heat, not structure: what an event is follows from the direction of the ramp, the way of the heat,
and what undoes it. Each answer comes with its reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from paddlewheel.lab.dsc.events import Event, Found, curve_of, find_events
from paddlewheel.lab.dsc.scan import ThermalScan
from paddlewheel.lab.dsc.segments import Segment, find_segments

Kind = Literal[
    "melting",
    "crystallization",
    "solid-solid",
    "cold crystallization",
    "glass transition",
    "decomposition",
    "endothermic",
    "exothermic",
    "unnamed",
]
_SAME_EVENT_K = 120.0
"""The most that a transition is undone below where it happened: liquids are undercooled by less."""
_MELTS_WITHIN_K, _CRYSTALLIZED_MELTS_WITHIN_K = 10.0, 30.0
"""Width at half height of what is called melting without being undone, by itself and where it crystallized below. A
first-order decomposition is 2.44 R T^2 / E wide: 15 K for 250 kJ/mol at 430 K, more where it is hotter or easier. The
shape tells nothing: such a one falls faster than it rises, as a polymer's melting does; pure metals with a lag do not.
"""
_LIKE = 0.25
"""Of an enthalpy: how far that of the way back may be off it for the two to be one transition."""
_REPEATS = 0.01
"""Of an enthalpy: what a calorimeter repeats between heating and cooling."""
_REAL_DIFFERENCE = 2.0
"""Standard errors beyond which two enthalpies differ."""


@dataclass(frozen=True, kw_only=True)
class Named:
    """An event of a segment with what it is, and why."""

    segment: int
    event: Event
    kind: Kind
    because: str


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A transition and what undoes it on the other ramp.

    Attributes
    ----------
    on_heating, on_cooling
        Places in the list of events.
    hysteresis_K
        Onset on heating less onset on cooling: the supercooling of a melt.
    ratio
        Area on cooling over that on heating, both without sign.
    differ
        Whether the areas differ by more than two standard errors and by more than 1 %, which calorimeters repeat.
    """

    on_heating: int
    on_cooling: int
    hysteresis_K: Found | None
    ratio: Found | None
    differ: bool


def name_events(segments: Sequence[Segment], events: Sequence[Sequence[Event]]) -> tuple[Named, ...]:
    """What the events of each segment are; in the order of time."""
    pairs = [
        (place, event) for place, found in enumerate(events) for event in sorted(found, key=lambda each: each.start_s)
    ]
    named = [Named(segment=place, event=event, kind="endothermic", because="") for place, event in pairs]
    return tuple(_named(each, named, segments) for each in named)


def _named(each: Named, all_events: Sequence[Named], segments: Sequence[Segment]) -> Named:
    event, heating = each.event, segments[each.segment].rate_K_per_min > 0
    if _is_unknown(event):
        return replace(each, kind="unnamed", because="what is seen of it in part tells neither its sign nor its kind")
    if segments[each.segment].direction == "isothermal":
        way: Kind = "endothermic" if event.sign > 0 else "exothermic"
        return replace(each, kind=way, because="in a hold: its sign is all that calorimetry tells")
    if event.is_step:
        over = " with an overshoot (enthalpy relaxation)" if event.overshoot else ""
        return replace(each, kind="glass transition", because=f"a step of the heat capacity{over}")
    if event.sign == (1 if heating else -1):
        return _reversible(each, all_events, segments, heating=heating)
    if not heating:
        return replace(each, kind="endothermic", because="takes up heat on cooling: check which way is exothermic")
    later = [
        other
        for other in all_events
        if other.segment == each.segment and other.event.start_s > event.start_s and other.event.sign > 0
        and not other.event.is_step and not _is_unknown(other.event)
    ]  # fmt: skip
    if later:
        return replace(
            each, kind="cold crystallization", because="gives off heat on heating, below an endothermic event"
        )
    return replace(
        each, kind="decomposition",
        because="gives off heat on heating, with nothing above it that melts: decomposition, or a reaction",
    )  # fmt: skip


def _is_unknown(event: Event) -> bool:
    """Whether an event was cut, or lacks points, so that nothing of it was measured."""
    return event.peak_C is None and event.peak_s is None


def _reversible(each: Named, all_events: Sequence[Named], segments: Sequence[Segment], *, heating: bool) -> Named:
    """Melting or solid-solid, and the same on the way back."""
    alike = [
        other
        for other in all_events
        if other.segment == each.segment and other.event.sign == each.event.sign
        and not other.event.is_step and not _is_unknown(other.event)
    ]  # fmt: skip
    hottest = max(alike, key=lambda other: other.event.start_C)
    kind: Kind = "melting" if heating else "crystallization"
    if hottest is not each:
        way = "takes up heat below the hottest" if heating else "gives off heat below the hottest"
        return replace(each, kind="solid-solid", because=f"{way} such event of its ramp")
    back = [
        other
        for other in all_events
        if segments[other.segment].direction == ("cooling" if heating else "heating")
        and other.event.sign == -each.event.sign and not other.event.is_step and not _is_unknown(other.event)
        and _undoes(each.event if heating else other.event, other.event if heating else each.event)
    ]  # fmt: skip
    width = each.event.half_width_K
    crystallized = any(
        other.segment == each.segment and other.event.sign < 0 and not other.event.is_step
        and other.event.end_C <= each.event.start_C and not _is_unknown(other.event)
        for other in all_events
    )  # fmt: skip
    within = _CRYSTALLIZED_MELTS_WITHIN_K if crystallized else _MELTS_WITHIN_K
    if not back and heating and width is not None and width > within:
        return replace(each, kind="endothermic", because=f"takes up heat over {width:.3g} K, wider than most melting, "
                       "and nothing undoes it: melting (of a polymer or a mixture), decomposition or evaporation"
                       )  # fmt: skip
    which = "the hottest" if len(alike) > 1 else "the only"
    undone = " and is undone on the other ramp" if back else ""
    heat = "endothermic event on heating" if heating else "exothermic event on cooling"
    return replace(each, kind=kind, because=f"{which} {heat}{undone}; a solid-solid transition would look the same")


def _undoes(hot: Event, cold: Event) -> bool:
    """Whether an event on cooling lies where it can undo one on heating: not above it, and not far below."""
    margin = 5.0 + (hot.half_width_K or 0.0) + (cold.half_width_K or 0.0)
    first, back = (each.onset_C.value if each.onset_C else each.start_C for each in (hot, cold))
    return -margin < first - back < _SAME_EVENT_K


def pair_events(named: Sequence[Named], segments: Sequence[Segment]) -> tuple[Pair, ...]:
    """Each event on heating with the one on cooling that undoes it: the next ramp's, in the order of temperature."""
    found = []
    taken: set[int] = set()
    for place, each in enumerate(named):
        if each.kind not in ("melting", "solid-solid") or segments[each.segment].rate_K_per_min <= 0:
            continue
        near = [
            (abs(other.segment - each.segment), abs(_onset(each) - _onset(other)), at)
            for at, other in enumerate(named)
            if at not in taken and segments[other.segment].rate_K_per_min < 0
            and other.kind in ("crystallization", "solid-solid")
            and (other.kind == "solid-solid") == (each.kind == "solid-solid")
            and -5.0 < _onset(each) - _onset(other) < _SAME_EVENT_K
        ]  # fmt: skip
        if near:
            at = min(near)[2]
            taken.add(at)
            found.append(_pair(place, each.event, at, named[at].event))
    return tuple(found)


def _onset(each: Named) -> float:
    return each.event.onset_C.value if each.event.onset_C is not None else each.event.start_C


def _pair(place: int, hot: Event, at: int, cold: Event) -> Pair:
    apart = None
    if hot.onset_C is not None and cold.onset_C is not None:
        apart = Found(
            value=hot.onset_C.value - cold.onset_C.value, std=float(np.hypot(hot.onset_C.std, cold.onset_C.std))
        )
    ratio, differ = None, False
    if hot.area is not None and cold.area is not None:
        value = abs(cold.area.value / hot.area.value)
        std = value * float(np.hypot(cold.area.std / cold.area.value, hot.area.std / hot.area.value))
        ratio, differ = Found(value=value, std=std), abs(value - 1.0) > max(_REAL_DIFFERENCE * std, _REPEATS)
    return Pair(on_heating=place, on_cooling=at, hysteresis_K=apart, ratio=ratio, differ=differ)


def with_exothermic_settled(scan: ThermalScan) -> ThermalScan | None:
    """A run whose file does not say which way is exothermic, turned by what physics leaves open: nothing, or None.

    A transition that the other ramp undoes takes up heat on heating. So where a peak on heating and a later one of the
    other sign on cooling, not above it, have areas within 25 %, the first is endothermic.
    """
    segments = find_segments(scan)
    found = []
    for segment in segments:
        curve = None if segment.direction == "isothermal" else curve_of(scan, segment)
        found += [(segment, event) for event in (find_events(curve) if curve is not None else ()) if not event.is_step]
    votes = set()
    for hot, event in found:
        for cold, back in found:
            if hot.direction != "heating" or cold.direction != "cooling" or event.area is None or back.area is None:
                continue
            apart = event.start_C - back.start_C
            alike = abs(abs(back.area.value / event.area.value) - 1.0) < _LIKE
            if alike and back.sign == -event.sign and -5.0 < apart < _SAME_EVENT_K:
                votes.add(event.sign)
    if len(votes) != 1:
        return None
    sign = votes.pop()
    way = "up" if sign < 0 else "down"
    told = f"the file does not say which way is exothermic: {way}, since what melts on heating crystallizes on cooling"
    return replace(scan, signal=sign * scan.signal, exothermic_known=True, warnings=(*scan.warnings, told))
