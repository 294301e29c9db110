"""The axis of two instruments against cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import DataError
from paddlewheel.lab.temperature_axis import fit_axis, match_events, shift_by_barrier
from paddlewheel.records import Measured


def values(*pairs: tuple[float, float]) -> list[Measured]:
    return [Measured(value=value, std=std) for value, std in pairs]


def test_one_event_gives_an_offset():
    axis = fit_axis(values((120.0, 3.0)), values((127.0, 4.0)))
    assert axis.slope is None
    assert axis.offset_K.value == pytest.approx(7.0)
    assert axis.offset_K.std == pytest.approx(5.0)  # the root of 3^2 + 4^2
    assert axis.to_sample_C(50.0) == pytest.approx(57.0)
    assert axis.std_K(200.0) == pytest.approx(5.0)


def test_two_events_far_apart_give_a_slope():
    """Through (100, 103) and (300, 313): b = 210 / 200 = 1.05, a = 103 - 105 = -2."""
    axis = fit_axis(values((100.0, 0.0), (300.0, 0.0)), values((103.0, 1.0), (313.0, 1.0)))
    assert axis.slope is not None
    assert axis.slope.value == pytest.approx(1.05)
    assert axis.offset_K.value == pytest.approx(-2.0)
    assert axis.slope.std == pytest.approx(np.sqrt(2) / 200.0)
    # at 100 C it is the first event's own error
    assert axis.std_K(100.0) == pytest.approx(1.0)
    assert axis.residuals_K == pytest.approx((0.0, 0.0), abs=1e-9)


def test_two_events_close_together_give_an_offset_alone():
    """b would be known to sqrt(2) x 2 / 10 = 0.28; the offset is the mean of 5 and 7."""
    axis = fit_axis(values((100.0, 0.0), (110.0, 0.0)), values((105.0, 2.0), (117.0, 2.0)))
    assert axis.slope is None
    assert axis.offset_K.value == pytest.approx(6.0)
    assert axis.residuals_K == pytest.approx((-1.0, 1.0))


def test_no_event_gives_no_axis():
    with pytest.raises(DataError, match="no event was seen by both"):
        fit_axis([], [])


def test_events_are_matched_in_their_order():
    # least distance alone would take 110 with 108 and leave 100 for nothing
    assert match_events([100.0, 110.0], [95.0, 108.0, 300.0]) == [(0, 0), (1, 1)]
    assert match_events([110.0, 100.0], [95.0, 108.0]) == [(1, 0), (0, 1)]
    assert match_events([100.0], [200.0]) == []
    assert match_events([100.0, 104.0], [103.0]) == [(1, 0)]


def test_the_shift_between_two_rates():
    """d ln beta = (E / R T^2 + 2 / T) dT: dT = R T^2 ln 2 / (E + 2 R T) = 0.9221 / 156.65 = 5.886 K at 400 K and 150
    kJ/mol; T itself changes by 1.5 % on the way."""
    found = shift_by_barrier(126.85, Measured(value=150.0, std=15.0), 10.0, 5.0)
    assert found.value == pytest.approx(5.886, rel=0.02)
    assert found.std == pytest.approx(0.1 * found.value, rel=0.12)
    assert shift_by_barrier(126.85, Measured(value=150.0, std=15.0), 5.0, 10.0).value == pytest.approx(-5.886, rel=0.02)
