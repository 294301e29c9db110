"""`active` on ions that move as told: the counts, the list of ions, where they start, and what is refused."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from paddlewheel import Trajectory, active_ions
from paddlewheel.errors import InputError, RunDirectoryError

CELL_A = 12.0


def _run(speeds_A_per_frame: list[float], *, interval_fs: float = 10.0, n_frames: int = 101, order=None) -> Trajectory:
    """Na at 2 A from a Cl or Br, moving along x at the speeds given; the anions stay."""
    n = len(speeds_A_per_frame)
    anions = np.array([[3.0, 3.0 + 6.0 * (i % 2), 6.0 * (i // 2)] for i in range(n)])
    start = np.concatenate([anions + np.array([0.0, 0.0, 2.0]), anions])
    speeds = np.concatenate([speeds_A_per_frame, np.zeros(n)])
    positions = start + np.arange(n_frames)[:, None, None] * speeds[None, :, None] * np.array([1.0, 0.0, 0.0])
    symbols = np.array(["Na"] * n + ["Cl", "Br"] * (n // 2) + ["Cl"] * (n % 2))
    chosen = np.arange(2 * n) if order is None else order
    return Trajectory.from_arrays(
        positions_A=positions[:, chosen] % CELL_A, cell_A=np.eye(3) * CELL_A, symbols=list(symbols[chosen]),
        frame_interval_fs=interval_fs,
    )  # fmt: skip


SPEEDS = [0.0, 0.04, 0.05, 0.2]  # squared distances over 100 frames: 0, 16, 25, 400 A^2


def test_counts_ions_and_lists_them_with_their_starts(tmp_path: Path) -> None:
    record = active_ions(_run(SPEEDS), specie="Na", window_ps=1.0, out=tmp_path / "a")
    assert (record.counted.n_active, record.counted.n_ions) == (2, 4)
    assert [ion.active for ion in record.ions] == [False, False, True, True]
    np.testing.assert_allclose([ion.msd_A2 for ion in record.ions], [0, 16, 25, 400], atol=1e-8)
    np.testing.assert_allclose(record.ions[0].start_fractional, [0.25, 0.25, 2 / 12], atol=1e-12)
    assert [ion.nearest_anion for ion in record.ions] == ["Cl", "Br", "Cl", "Br"]
    assert all(ion.nearest_distance_A == pytest.approx(2.0) for ion in record.ions)
    assert [(row.nearest_anion, row.n_ions, row.n_active) for row in record.starts] == [("Br", 2, 1), ("Cl", 2, 1)]
    written = json.loads((tmp_path / "a/result.json").read_text())
    assert (written["kind"], written["schema_version"]) == ("active", 1)
    assert written["counted"]["fraction"]["value"] == 0.5
    rows = list(csv.DictReader((tmp_path / "a/ions.csv").open()))
    assert [row["active"] for row in rows] == ["0", "0", "1", "1"]
    assert len(list(csv.DictReader((tmp_path / "a/curve.csv").open()))) == sum(
        len(row.thresholds_A2) for row in record.curves
    )
    report = (tmp_path / "a/report.html").read_text()
    assert "2 of 4 Na are active" in report
    assert (tmp_path / "a/figures/active.png").exists()
    assert (tmp_path / "a/figures/starts.png").exists()


def test_the_papers_definition_is_a_point_where_the_run_is_long_enough_and_said_where_not() -> None:
    short = active_ions(_run(SPEEDS), specie="Na")
    assert short.paper.fraction is None
    assert "1 ps" in (short.paper.reason or "")
    assert short.counted.window_ps == pytest.approx(1.0)
    assert any("cannot be compared" in text for text in short.warnings)
    # the same frames 10 ps apart last 1 ns
    long = active_ions(_run(SPEEDS, interval_fs=1e4), specie="Na")
    assert long.paper.fraction is not None
    assert (long.paper.n_active, long.paper.window_ps, long.paper.threshold_A2) == (2, 1000.0, 21.0)
    assert long.counted == long.paper


def test_the_curve_holds_the_counted_point_and_falls_with_the_threshold() -> None:
    record = active_ions(_run(SPEEDS), specie="Na", windows_ps=[0.2, 0.5], thresholds_A2=[1.0, 5.0], window_ps=1.0)
    assert [row.window_ps for row in record.curves] == pytest.approx([0.2, 0.5, 1.0])
    assert record.curves[-1].thresholds_A2 == [1.0, 5.0, 21.0]
    assert record.curves[-1].fraction[-1] == record.counted.fraction
    for row in record.curves:
        shares = [one.value for one in row.fraction]
        assert shares == sorted(shares, reverse=True)


def test_the_order_of_the_atoms_changes_nothing() -> None:
    order = np.random.default_rng(2).permutation(8)
    plain, shuffled = active_ions(_run(SPEEDS), specie="Na"), active_ions(_run(SPEEDS, order=order), specie="Na")
    assert shuffled.counted == plain.counted
    assert shuffled.starts == plain.starts
    assert sorted(ion.start_fractional for ion in shuffled.ions) == sorted(ion.start_fractional for ion in plain.ions)


def test_replicas_are_counted_together() -> None:
    record = active_ions([_run(SPEEDS), _run([0.2] * 4)], specie="Na")
    assert (record.counted.n_active, record.counted.n_ions) == (6, 8)
    assert {ion.run for ion in record.ions} == {0, 1}


def test_bad_input_is_refused_and_nothing_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError, match=r"window 5 ps is longer than the run \(1 ps\)"):
        active_ions(_run(SPEEDS), specie="Na", window_ps=5.0, out=out)
    with pytest.raises(InputError, match="threshold"):
        active_ions(_run(SPEEDS), specie="Na", threshold_A2=-1.0, out=out)
    with pytest.raises(InputError, match="no 'Li'"):
        active_ions(_run(SPEEDS), specie="Li", out=out)
    with pytest.raises(InputError, match="drift"):
        active_ions(_run(SPEEDS), specie="Na", drift="some", out=out)
    assert not out.exists()
    active_ions(_run(SPEEDS), specie="Na", out=out)
    with pytest.raises(RunDirectoryError, match="other inputs"):
        active_ions(_run(SPEEDS), specie="Na", threshold_A2=5.0, out=out)


def test_the_command_prints_the_record_or_one_line_of_complaint(tmp_path: Path) -> None:
    run = _run(SPEEDS)
    block = next(iter(run.blocks()))
    np.savez(tmp_path / "run.npz", positions_A=block.positions_A, cell_A=block.cell_A, symbols=np.array(run.symbols))
    command = [sys.executable, "-m", "paddlewheel.cli.main", "active", "run.npz", "--frame-interval-fs", "10"]
    done = subprocess.run([*command, "--json"], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counted"]["n_active"] == 2
    refused = [*command, "--window-ps", "9", "--out", "other"]
    done = subprocess.run(refused, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "longer than the run" in done.stderr
    assert not (tmp_path / "other").exists()
