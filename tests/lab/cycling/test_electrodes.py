"""Three electrodes: a full cell whose two half cells are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import made_electrodes as made
from made_electrodes import MadeCell
from paddlewheel import cycling
from paddlewheel.errors import DataError
from paddlewheel.lab.cycling import seen_by


def test_each_electrode_of_a_cell_is_seen_with_its_own_sign():
    """Graphite with NMC: Ece is graphite against lithium, 0.1 V when the cell is charged; it takes what NMC gives."""
    cell = MadeCell(working=made.NMC, negative=made.GRAPHITE, resistance_ohm=0, noise_V=0)
    cell.rest(10)
    for sign in (1, -1):
        cell.half(sign, 0.2, 4.2 if sign > 0 else 2.8)
    whole = cell.test()
    passed = (whole.charge_Ah - whole.charge_Ah[0]) * 1000 / cell.capacity_mAh
    counter_V = 0.1 + np.interp(passed, [0, 0.05, 0.3, 0.9], [2.5, 0.5, 0.1, 0.0])
    test = replace(whole, voltage_V=whole.voltage_V + counter_V, other={"<Ece>/V": counter_V})
    assert seen_by(test, "Ewe") is test
    assert seen_by(test, "Ewe-Ece").voltage_V == pytest.approx(whole.voltage_V)
    counter = cycling(test, electrode="Ece")
    assert (counter.cell_kind, counter.opens_with) == ("anode", "discharge")
    full = cycling(test, electrode="Ewe-Ece")
    assert (full.cell_kind, full.opens_with) == ("full", "charge")
    # what the one gives the other takes
    assert counter.cycles[0].discharge_mAh == pytest.approx(full.cycles[0].charge_mAh)
    assert counter.initial_coulombic_efficiency == pytest.approx(full.initial_coulombic_efficiency)
    with pytest.raises(DataError, match=r"no column of Ece .*leave out --electrode"):
        cycling(whole, electrode="Ece")


def test_biologic_s_own_difference_is_that_of_its_columns(shared):
    path = shared / "data" / "lab" / "biologic" / "gcpl.issue_226.I.mpt.gz"
    from paddlewheel.lab.readers import read_cell_test

    test = read_cell_test(path)
    across, counter = (seen_by(test, which).voltage_V for which in ("Ewe-Ece", "Ece"))
    # the text has them to 1e-5 V or better
    assert across == pytest.approx(test.voltage_V - counter, abs=3e-5)
