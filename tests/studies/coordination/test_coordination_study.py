"""`coordination` of anions whose places are known, and of the paper's material."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import paddlewheel
from paddlewheel import Trajectory
from paddlewheel.errors import InputError, SettingsError
from walking_salt import (
    BH4_PLACES,
    CL_PLACES,
    INTERVAL_FS,
    SYMBOLS,
    L,
    check_command,
    check_refusal,
    checked_report,
    column_names,
    grid,
    positions_of,
    walking_salt,
    write_salt,
)


def test_coordination_of_ions_in_the_middle_of_a_lattice(tmp_path: Path) -> None:
    block = positions_of(walking_salt(walk_A=0.0))
    block[:, :8] = grid()[[1, 6, 11, 26, 21, 36, 43, 58]]  # each has known anions at 3 A
    still = Trajectory.from_arrays(
        positions_A=block[:50], cell_A=np.eye(3) * L, symbols=SYMBOLS, frame_interval_fs=INTERVAL_FS
    )
    record = paddlewheel.coordination(still, out=tmp_path / "run", cutoffs_A={"BH4": 3.3, "Cl": 3.3})
    anions = {"BH4": grid()[BH4_PLACES], "Cl": grid()[CL_PLACES]}
    for row in record.results:
        if row.anion == "all":
            continue
        offset = block[0, :8, None] - anions[row.anion]
        offset -= L * np.round(offset / L)
        by_hand = (np.linalg.norm(offset, axis=2) < 3.3).sum() / 8
        assert row.coordination is not None
        assert row.coordination.value == pytest.approx(by_hand)
        assert row.cutoff_from == "given"
        assert row.n_anions == 4
    assert column_names(tmp_path / "run/gr.csv")[:2] == ["r_A", "g_BH4"]
    checked_report(tmp_path / "run")


def test_figures_and_rows_of_a_record_that_lies_nowhere() -> None:
    record = paddlewheel.coordination(walking_salt(), cutoffs_A={"BH4": 3.3})
    assert record.directory is None
    assert list(record.plot()) == ["gr", "time", "lifetime"]
    assert "2 results" in repr(record) or "3 results" in repr(record)


def test_bad_input_of_the_library(tmp_path: Path) -> None:
    out, salt = tmp_path / "run", walking_salt()
    with pytest.raises(InputError, match="cell is too small for a range of 13 A"):
        paddlewheel.coordination(salt, range_A=13.0, out=out)
    with pytest.raises(SettingsError, match="no NO3 here"):
        paddlewheel.coordination(salt, cutoffs_A={"NO3": 3.0}, out=out)
    assert not out.exists()


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    check_command(["coordination", str(write_salt(tmp_path))], tmp_path / "run", capsys)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--cutoff-A", "BH4"], "'BH4' is no list of names and numbers"),
        (["--range-A", "99"], "cell is too small"),
    ],
)
def test_bad_input_of_the_command(
    options: list[str], named: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    check_refusal(["coordination", str(write_salt(tmp_path)), *options], named, tmp_path / "run", capsys)


def test_the_paper_s_material(shared: Path) -> None:
    record = paddlewheel.coordination(shared / "data/trajectories/oNBH_800K.npz", frame_interval_fs=10.0)
    shells = {row.anion: row for row in record.results}
    together = shells["all"].coordination
    assert together is not None
    # Na of o-NBH sits in tetrahedra of anions: about four neighbours, 88 % of the time exactly four
    assert together.value == pytest.approx(4.0, abs=0.2)
    assert shells["all"].share[4] > 0.8
    for kind, peak_A, cutoff_A in (("B12H12", 4.2, 5.8), ("BH4", 2.8, 4.1)):
        assert shells[kind].peak_A == pytest.approx(peak_A, abs=0.15)
        assert shells[kind].cutoff_A == pytest.approx(cutoff_A, abs=0.35)
