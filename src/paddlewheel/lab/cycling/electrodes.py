"""Cells of three electrodes: the rows as the working electrode, the counter electrode or the whole cell has them."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.table import CellTest

ElectrodeSeen = Literal["Ewe", "Ece", "Ewe-Ece"]


def seen_by(test: CellTest, electrode: ElectrodeSeen) -> CellTest:
    """The test with the voltage of one electrode against the reference, or that between both.

    The counter electrode (Ece) takes what the working one gives: its current and charge have the other sign, so that it
    is charged where its own potential rises.

    Raises
    ------
    DataError
        If the file has no such column.
    """
    if electrode == "Ewe":
        return test
    by_name = {name.partition("/")[0].strip("<> "): column for name, column in test.other.items()}
    counter = by_name.get("Ece")
    across = by_name.get("Ewe-Ece", None if counter is None else test.voltage_V - counter)
    wanted = counter if electrode == "Ece" else across
    if wanted is None or wanted.dtype.kind != "f" or not np.isfinite(wanted).all():
        there = ", ".join(test.other) or "no further ones"
        raise DataError(
            f"no column of {electrode} with a number in every row (there are {there})", where=test.source or "rows",
            remedy="leave out --electrode: the voltage is that of Ewe, or of the cell",
        )  # fmt: skip
    if electrode == "Ewe-Ece":
        return replace(test, voltage_V=wanted)
    charge = None if test.charge_Ah is None else -test.charge_Ah
    return replace(test, voltage_V=wanted, current_A=-test.current_A, charge_Ah=charge)
