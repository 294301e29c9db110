"""Several cells of one kind: mean and spread of every cycle."""

from __future__ import annotations

import numpy as np
import pytest

from made_cell_test import SAMPLE, cell_test
from paddlewheel import cycling
from paddlewheel.lab.sample import make_sample


def test_cells_alike_have_a_mean_and_a_spread_by_the_cycle():
    """1.38, 1.40 and 1.48 mAh: mean 1.42, standard deviation 0.05292 by hand; the third ends after 4 of 6 cycles."""
    made = [
        cell_test(n_cycles=n, capacity_mAh=each, efficiency=0.99 + 0.001 * k, fade=0.0, points=60, cv_share=0.0)
        for k, (each, n) in enumerate([(1.38, 6), (1.40, 6), (1.48, 4)])
    ]
    record = cycling(made, sample=make_sample(SAMPLE))
    assert [(row.cycle, row.n_cells) for row in record.cells] == [(1, 3), (2, 3), (3, 3), (4, 3), (5, 2), (6, 2)]
    first, last = record.cells[0], record.cells[-1]
    assert (first.capacity_mAh, first.capacity_spread_mAh) == pytest.approx((1.42, 0.052915), abs=1e-6)
    assert (first.coulombic_efficiency, first.coulombic_efficiency_spread) == pytest.approx((0.991, 0.001), abs=1e-9)
    assert (last.capacity_mAh, last.capacity_spread_mAh) == pytest.approx((1.39, 0.02 / np.sqrt(2)), abs=1e-9)
    assert "cells" in record.plot()


def test_tests_at_other_currents_are_no_repeats():
    made = [cell_test(n_cycles=2, points=60, cv_share=0.0, current_mA=current) for current in (1.0, 2.0)]
    assert cycling(made).cells == []
    alike = [cell_test(n_cycles=2, points=60, cv_share=0.0)] * 2
    assert len(cycling(alike).cells) == 2
    assert cycling(alike, temperatures_K=[298.15, 263.15]).cells == []
