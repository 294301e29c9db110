"""Printed numbers are the numbers: rounding loses at most half of the last printed digit."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddlewheel.page.numbers import (
    enumeration,
    interval,
    measured,
    plain,
)
from paddlewheel.records import Measured

_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")


def parsed(text: str) -> tuple[float, float]:
    """Value and std of a printed `value ± std`, with or without a power of ten."""
    found = re.fullmatch(r"\(?([-\d.]+) ± ([-\d.]+)\)?(?: × 10(-?\d+))?", text.translate(_SUPERSCRIPT))
    assert found is not None, text
    scale = 10.0 ** int(found[3] or 0)
    return float(found[1]) * scale, float(found[2]) * scale


@pytest.mark.parametrize(
    ("value", "std", "text"),
    [
        (18.43, 4.27, "18.4 ± 4.3"),
        (0.2312, 0.01234, "0.231 ± 0.012"),
        (1.0512e-6, 1.2e-7, "(1.05 ± 0.12) × 10⁻⁶"),
        (-0.0421, 0.0105, "−0.042 ± 0.011"),
        (1234.0, 137.0, "1230 ± 140"),
        (1.0, 0.0996, "1.00 ± 0.10"),
        (0.5, 3.0, "0.5 ± 3.0"),
        (2.5, 0.0, "2.500 ± 0"),
        (0.0, 0.0, "0.000 ± 0"),
    ],
)
def test_value_ends_where_its_uncertainty_ends(value: float, std: float, text: str) -> None:
    assert measured(Measured(value=value, std=std)) == text


@given(
    value=st.floats(1e-9, 1e6),
    relative=st.floats(1e-4, 3.0),
)
def test_printed_value_and_std_are_those_of_the_record(value: float, relative: float) -> None:
    std = value * relative
    shown_value, shown_std = parsed(measured(Measured(value=value, std=std)))
    # two significant figures: at most half a unit of the second one, 5 % of the std
    assert shown_std == pytest.approx(std, rel=0.0501)
    assert abs(shown_value - value) <= 0.0501 * std


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.00"), (9.996, "10.0"), (1e-6, "1.00 × 10⁻⁶"), (-3.25, "−3.25"), (123456.0, "1.23 × 10⁵")],
)
def test_plain_numbers_keep_three_figures(value: float, text: str) -> None:
    assert plain(value) == text


def test_an_interval_shares_one_power_of_ten() -> None:
    assert interval((9.47e-6, 1.41e-5)) == "(0.947 to 1.41) × 10⁻⁵"
    assert interval((11.0, 30.8)) == "11.0 to 30.8"
    assert interval((2.76e-4, 4.24e8)) == "2.76 × 10⁻⁴ to 4.24 × 10⁸"  # too far apart for one power of ten


def test_a_wide_error_is_shown_by_its_interval():
    wide = Measured(value=2e-6, std=1.4e-6, interval_68=(9.1e-7, 3.7e-6))
    assert measured(wide) == "2.0 (0.91 to 3.7) × 10⁻⁶"
    assert measured(Measured(value=2.0, std=1.4, interval_68=(0.91, 3.7))) == "2.0 (0.91 to 3.7)"
    # over three decades apart: no power of ten for all
    far = Measured(value=1e-6, std=4e-4, interval_68=(1e-9, 8e-4))
    assert measured(far) == "1.0 × 10⁻⁶ (1.0 × 10⁻⁹ to 8.0 × 10⁻⁴)"


def test_what_is_absent_is_a_dash() -> None:
    assert measured(None) == plain(None) == interval(None) == "–"


def test_lists_read_as_english() -> None:
    assert [enumeration("abc"[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
