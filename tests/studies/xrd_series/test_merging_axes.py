"""Axes that merge: the mean is known where each is not."""

from __future__ import annotations

import pytest

from paddlewheel.records import Measured
from paddlewheel.studies.xrd_series.page import mean_length_A
from paddlewheel.studies.xrd_series.record import SeriesCell


def test_the_mean_of_axes_with_opposite_errors_is_well_known() -> None:
    a, b, c = (Measured(value=value, std=std) for value, std in ((7.73, 1e-4), (8.54, 0.02), (8.53, 0.02)))
    cell = SeriesCell(a_A=a, b_A=b, c_A=c, alpha_deg=90, beta_deg=90, gamma_deg=90, correlation=(-0.9999, 0.0, 0.0))
    mean = mean_length_A(cell, ("b_A", "c_A"))
    assert mean.value == pytest.approx(8.535)
    assert mean.std == pytest.approx(0.5 * (2 * 0.02**2 * (1 - 0.9999)) ** 0.5)  # of b + c over two
    assert mean_length_A(cell, ("a_A", "c_A")).std == pytest.approx(0.5 * (0.02**2 + 1e-8) ** 0.5)
