"""A measured number: with its error, with its intervals where they are known, or not at all."""

from __future__ import annotations

import math

from paddlewheel.records import Measured


def test_what_is_not_known_is_none() -> None:
    for value, std in ((None, 1.0), (1.0, None), (math.nan, 1.0), (1.0, math.inf)):
        assert Measured.or_none(value, std) is None


def test_intervals_are_kept_where_they_have_two_ends() -> None:
    skewed = Measured.or_none(26.9, 49.8, interval_68=(6.7, 107.5), interval_95=(1.6, math.inf))
    assert skewed is not None
    assert skewed.model_dump() == {"value": 26.9, "std": 49.8, "interval_68": (6.7, 107.5)}
    assert Measured.or_none(1, 0.5) == Measured(value=1.0, std=0.5)


def test_a_bar_is_as_long_as_the_interval_on_each_side() -> None:
    assert Measured(value=4.0, std=3.0, interval_68=(2.0, 8.0)).bar_68 == (2.0, 4.0)
    assert Measured(value=4.0, std=3.0).bar_68 == (3.0, 3.0)
