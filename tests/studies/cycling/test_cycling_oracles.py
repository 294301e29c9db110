"""Half cycles and capacities of the real files beside what galvani and fastnda read of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paddlewheel import cycling
from paddlewheel.errors import DataError


def cycler_file(shared: Path, suffix: str) -> Path:
    return next((shared / "data" / "lab" / "cycling").glob(f"*{suffix}"))


def test_half_cycles_of_the_biologic_file_are_galvani_s(shared):
    """The instrument numbers half cycles itself and counts the charge of each from 0: its last value is the capacity.

    The numbers below are what galvani 0.5.0 gave in an environment of its own; where it is installed it is asked."""
    path = cycler_file(shared, ".mpr")
    expected_mAh = [-0.206530, 0.986778, -0.852845, 0.937088, -0.876326, 0.941934, -0.874680, 0.947923, -0.876651,
                    0.951685, -0.878608, 0.955880, -0.879492]  # fmt: skip
    record = cycling(path)
    ours = [sign * value for row in record.cycles
            for sign, value in ((1, row.charge_mAh), (-1, row.discharge_mAh)) if value is not None]  # fmt: skip
    # the counter of a half cycle begins in its first row, ours in the row before: one row of 4,000
    assert ours == pytest.approx(expected_mAh, rel=2e-4)
    galvani = pytest.importorskip("galvani", reason="galvani is not installed (GPL: pip install galvani)")
    data = galvani.BioLogic.MPRfile(str(path)).data
    assert record.n_rows == len(data)
    half, counter = data["half cycle"], data["Q charge/discharge/mA.h"]
    last = np.flatnonzero(np.diff(half, append=-1))
    assert ours == pytest.approx([one for one in counter[last] if one != 0.0], rel=2e-4)


@pytest.mark.parametrize("suffix", [".nda", ".ndax"])
def test_capacities_of_the_neware_files_are_fastnda_s(shared, suffix):
    """fastnda counts the charge of every step from 0: what the steps of one direction passed, ours is."""
    fastnda = pytest.importorskip("fastnda", reason="fastnda is not installed: pip install 'paddlewheel[neware]'")
    path = cycler_file(shared, suffix)
    frame = fastnda.read(path)
    step, passed = frame["step_count"].to_numpy(), frame["capacity_mAh"].to_numpy()
    last = np.flatnonzero(np.diff(step, append=-1))
    up, down = (sign * passed[last][sign * passed[last] > 0].sum() for sign in (1, -1))
    record = cycling(path, cell_kind="full")
    assert record.n_rows == len(frame)
    totals = {"charge": 0.0, "discharge": 0.0}
    for row in record.cycles:
        totals["charge"] += row.charge_mAh or 0.0
        totals["discharge"] += row.discharge_mAh or 0.0
    for one in record.fragments:
        totals[one.half] += one.charge_mAh
    assert totals["charge"] == pytest.approx(up, rel=1e-5)
    assert totals["discharge"] == pytest.approx(down, rel=1e-5)


def test_pulses_of_the_neware_file_are_told_and_its_efficiency_is_not(shared):
    pytest.importorskip("fastnda", reason="fastnda is not installed: pip install 'paddlewheel[neware]'")
    path = cycler_file(shared, ".nda")
    with pytest.raises(DataError, match=r"which electrode works\? the voltage goes from -0\.101 to -0\.0849 V only"):
        cycling(path)
    record = cycling(path, cell_kind="full")
    assert [one.half for one in record.fragments] == ["discharge"]
    assert record.initial_coulombic_efficiency is None
    assert "no efficiency" in (record.efficiency_note or "")
