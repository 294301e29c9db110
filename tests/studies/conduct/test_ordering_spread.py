"""Ordered cells of one crystal side by side: the spread between them, the words, the table."""

from __future__ import annotations

import math

import numpy as np
import pytest

from paddlewheel.records import Measured
from paddlewheel.studies.conduct.naming import ordering_sentences
from paddlewheel.studies.conduct.orderings import ordering_result
from paddlewheel.studies.conduct.page_tables import ordering_table
from paddlewheel.studies.conduct.runs import Analysed
from paddlewheel.transport import estimate_diffusivity
from synthetic_run import ok_row, refused_row

_AT_K = (500.0, 600.0, 700.0)


@pytest.fixture(scope="module")
def tracer():
    steps = np.random.default_rng(1).normal(0.0, 0.3, (400, 12, 3))
    return estimate_diffusivity([np.cumsum(steps, axis=0)], frame_interval_fs=100.0)


def _row(temperature_K: float, factor: float, error: float):
    row = ok_row(temperature_K)
    changed = {
        key: Measured(value=factor * value.value, std=error * factor * value.value)
        for key in ("diffusivity_cm2_per_s", "conductivity_mS_per_cm")
        if (value := getattr(row, key)) is not None
    }
    return row.model_copy(update=changed)


def _result(factors, tracer, error: float = 0.02):
    """Diffusivities `factors[cell][temperature]` times those of a line, with this relative error."""
    found = [
        [Analysed(_row(at, factor, error), tracer) for at, factor in zip(_AT_K, row, strict=True)] for row in factors
    ]
    return ordering_result(
        found, formulas=["LiF"] * len(found), above_lowest_meV_per_atom=[float(k) for k in range(len(found))],
        entering=("ok",),
    )  # fmt: skip


def test_the_spread_between_orderings_is_that_of_their_logarithms(tracer) -> None:
    # of many cells whose ln D have a standard deviation of 0.5, with errors that hardly matter beside it
    rng = np.random.default_rng(2)
    factors = np.exp(0.5 * rng.normal(size=(60, 3)))
    found = _result(factors, tracer)
    assert found.spread_factor is not None
    # the standard deviation of 177 differences is known to 5 %; three times that
    assert math.log(found.spread_factor) == pytest.approx(0.5, rel=0.16)
    assert found.probability == pytest.approx(0.0, abs=1e-6)
    assert found.temperatures_compared_K == list(_AT_K)
    assert "beyond their runs' errors" in ordering_sentences(found)[0]


def test_equal_orderings_show_no_spread(tracer) -> None:
    found = _result(np.ones((3, 3)), tracer)
    assert found.spread_factor == 1.0
    assert "differ by no more than the errors of their runs" in ordering_sentences(found)[0]
    table = ordering_table(found)
    assert [head for head, _ in table.columns] == [
        "T", "Cell 0, +0.0 meV/atom", "Cell 1, +1.0 meV/atom", "Cell 2, +2.0 meV/atom",
    ]  # fmt: skip
    assert len(table.rows) == 3


def test_orderings_of_which_one_has_a_value_are_not_compared(tracer) -> None:
    rows = [[Analysed(ok_row(500.0), tracer)], [Analysed(refused_row(500.0), None)]]
    found = ordering_result(rows, formulas=["LiF"] * 2, above_lowest_meV_per_atom=[0.0, 1.0], entering=("ok",))
    assert found.spread_factor is None
    assert "how far they differ is not known" in ordering_sentences(found)[0]
