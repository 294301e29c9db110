"""`van-hove`, `coordination`, `spectra` and `onsager` of a salt whose motions are known: records, tables, reports."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import paddlewheel
from paddlewheel import Trajectory
from paddlewheel.cli.main import status_of
from paddlewheel.errors import InputError, RunDirectoryError, SettingsError
from paddlewheel.transport.spectra import SPEED_OF_LIGHT_CM_PER_FS
from report_page import Page

N_FRAMES, INTERVAL_FS, L = 1501, 2.0, 12.0
TURN_PER_CM, B_PER_CM = 200.0, 500.0
SYMBOLS = ["Na"] * 8 + ["B", *"HHHH"] * 4 + ["Cl"] * 4
STEP_A = 0.03


def _grid() -> np.ndarray:
    """`[64, 3]`: a cubic grid of 3 A in a cell of 12 A."""
    return np.stack(np.meshgrid(*[np.arange(4) * 3.0] * 3, indexing="ij"), axis=-1).reshape(-1, 3)


def _salt(seed: int = 0, *, walk_A: float = STEP_A) -> Trajectory:
    """Walking Na, BH4 that turn about z while B vibrates along it, Cl at rest; wrapped into the cell."""
    rng = np.random.default_rng(seed)
    time = np.arange(N_FRAMES) * INTERVAL_FS
    turn, vibrate = (2 * np.pi * SPEED_OF_LIGHT_CM_PER_FS * one * time for one in (TURN_PER_CM, B_PER_CM))
    grid = _grid()
    na = grid[rng.permutation(64)[:8]] + rng.normal(scale=walk_A, size=(N_FRAMES, 8, 3)).cumsum(axis=0)
    corners = 1.2 / np.sqrt(3) * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    parts = [na]
    for site in grid[[0, 10, 37, 47]]:
        boron = site + 0.05 * np.sin(vibrate)[:, None, None] * [0, 0, 1]
        angle = np.arctan2(corners[:, 1], corners[:, 0]) + turn[:, None]
        flat = np.hypot(corners[:, 0], corners[:, 1])
        around = np.stack([flat * np.cos(angle), flat * np.sin(angle), np.broadcast_to(corners[:, 2], angle.shape)], 2)
        parts += [boron, boron + around]
    cl = np.repeat(grid[[5, 15, 32, 42]][None], N_FRAMES, axis=0)
    positions = np.mod(np.concatenate([*parts, cl], axis=1), L)
    return Trajectory.from_arrays(
        positions_A=positions, cell_A=np.eye(3) * L, symbols=SYMBOLS, frame_interval_fs=INTERVAL_FS, source="salt"
    )


@pytest.fixture(scope="module")
def salt() -> Trajectory:
    return _salt()


@pytest.fixture(scope="module")
def salt_npz(salt: Trajectory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    block = np.concatenate([one.positions_A for one in salt.blocks()])
    path = tmp_path_factory.mktemp("salt") / "salt.npz"
    np.savez(path, positions_A=block, cell_A=np.eye(3) * L, symbols=SYMBOLS)
    return path


def _report(directory: Path) -> Page:
    page = Page((directory / "report.html").read_text(encoding="utf-8"))
    assert page.faults == []
    assert page.loaded == []
    return page


def _columns(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as stream:
        return next(csv.reader(stream))


def test_van_hove_of_walking_ions(salt: Trajectory, tmp_path: Path) -> None:
    record = paddlewheel.van_hove(salt, out=tmp_path / "run", temperature_K=600.0)
    assert record.specie == "Na"
    assert record.n_ions == 8
    for row in record.lags[:20]:
        # a random walk: three components of STEP_A a frame; over all origins and eight ions the short lags know it well
        assert row.msd_A2 == pytest.approx(3 * STEP_A**2 * row.lag_ps / (INTERVAL_FS / 1000), rel=0.1)
        assert row.alpha_2 is not None
        assert abs(row.alpha_2.value) < 5 * row.alpha_2.std
    table = np.genfromtxt(tmp_path / "run/self.csv", delimiter=",", names=True)
    one = table[table["lag_ps"] == table["lag_ps"][0]]
    assert one["per_A"].sum() * record.self_bin_A == pytest.approx(1.0, abs=1e-6)
    page = _report(tmp_path / "run")
    assert "Gaussian" in page.words()
    assert (tmp_path / "run/figures/van-hove.png").exists()
    assert paddlewheel.van_hove(salt, lags_ps=[0.1, 1.0]).lags[1].lag_ps == pytest.approx(1.0)


def test_coordination_of_ions_in_the_middle_of_a_lattice(tmp_path: Path) -> None:
    run = _salt(walk_A=0.0)
    block = np.concatenate([one.positions_A for one in run.blocks()])
    block[:, :8] = _grid()[[1, 6, 11, 26, 21, 36, 43, 58]]  # each has known anions at 3 A
    still = Trajectory.from_arrays(
        positions_A=block[:50], cell_A=np.eye(3) * L, symbols=SYMBOLS, frame_interval_fs=INTERVAL_FS
    )
    record = paddlewheel.coordination(still, out=tmp_path / "run", cutoffs_A={"BH4": 3.3, "Cl": 3.3})
    anions = {"BH4": _grid()[[0, 10, 37, 47]], "Cl": _grid()[[5, 15, 32, 42]]}
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
    assert _columns(tmp_path / "run/gr.csv")[:2] == ["r_A", "g_BH4"]
    _report(tmp_path / "run")


def test_spectra_have_the_lines_of_the_motion(salt: Trajectory, tmp_path: Path) -> None:
    record = paddlewheel.spectra(salt, out=tmp_path / "run", segment_fs=700.0)
    by_element = {row.element: row for row in record.elements}
    assert by_element["B"].peak_per_cm is not None
    assert by_element["H"].peak_per_cm is not None
    assert by_element["B"].peak_per_cm.value == pytest.approx(B_PER_CM, abs=record.resolution_per_cm / 10)
    assert by_element["H"].peak_per_cm.value == pytest.approx(TURN_PER_CM, abs=record.resolution_per_cm / 10)
    # B: mass 10.81 u, mean squared velocity (0.05 A x 500 1/cm)^2 / 2, over 3 k; 1 u A^2/fs^2 = 1.66054e-17 J
    speed = 0.05 * 2 * np.pi * SPEED_OF_LIGHT_CM_PER_FS * B_PER_CM
    expected_K = 10.81 * speed**2 / 2 * 1.66053907e-17 / (3 * 1.380649e-23)
    assert by_element["B"].temperature_K is not None
    assert by_element["B"].temperature_K.value == pytest.approx(expected_K, rel=0.02)
    turning = record.orientations[0]
    assert turning.anion == "BH4"
    assert turning.n_vectors == 16
    assert turning.peak_per_cm is not None
    assert turning.peak_per_cm.value == pytest.approx(TURN_PER_CM, abs=record.resolution_per_cm / 10)
    assert turning.mobile_share is not None
    assert turning.mobile_share.value == pytest.approx(2 / 3, abs=0.01)  # all but the third along the axis turns
    assert record.warnings == []
    _report(tmp_path / "run")


def test_onsager_of_independent_ions(tmp_path: Path) -> None:
    step_A = 0.06
    runs = [_salt(seed, walk_A=step_A) for seed in (1, 2)]
    record = paddlewheel.onsager(runs, species={"Na": 1.0}, temperature_K=600.0, out=tmp_path / "run")
    assert record.status == "ok", record.reason
    assert record.haven_ratio_95 is not None
    assert record.haven_ratio_95[0] < 1 < record.haven_ratio_95[1]
    assert record.nernst_einstein_mS_per_cm is not None
    # n e^2 D / k T by hand, D = step^2 / 2 per frame
    diffusivity = step_A**2 / 2 * 1e-20 / (INTERVAL_FS * 1e-15)
    by_hand = 8 / (L * 1e-10) ** 3 * 1.602176634e-19**2 * diffusivity / (1.380649e-23 * 600.0) * 10
    assert record.nernst_einstein_95_mS_per_cm is not None
    low, high = record.nernst_einstein_95_mS_per_cm
    assert low < by_hand < high
    assert "Haven ratio" in _report(tmp_path / "run").words()


def test_what_does_not_diffuse_has_a_reason_and_a_report(salt: Trajectory, tmp_path: Path) -> None:
    record = paddlewheel.onsager(
        salt, species={"Na": 1.0, "Cl": -1.0}, temperature_K=600.0, drift="none", out=tmp_path / "run"
    )
    assert record.status == "not-diffusive"
    assert record.haven_ratio is None
    assert "does not determine" in _report(tmp_path / "run").words()


def test_another_analysis_in_the_same_directory_is_refused(salt: Trajectory, tmp_path: Path) -> None:
    paddlewheel.van_hove(salt, out=tmp_path / "run", n_lags=5)
    with pytest.raises(RunDirectoryError, match="other inputs"):
        paddlewheel.van_hove(salt, out=tmp_path / "run", n_lags=6)


def test_bad_input_of_the_library(salt: Trajectory, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(InputError, match="longer than the run"):
        paddlewheel.van_hove(salt, lags_ps=[4.0], out=out)
    with pytest.raises(SettingsError, match="'K' is not in the structure"):
        paddlewheel.van_hove(salt, specie="K", out=out)
    with pytest.raises(InputError, match="cell is too small for a range of 13 A"):
        paddlewheel.coordination(salt, range_A=13.0, out=out)
    with pytest.raises(SettingsError, match="no NO3 here"):
        paddlewheel.coordination(salt, cutoffs_A={"NO3": 3.0}, out=out)
    with pytest.raises(InputError, match="longer than the run"):
        paddlewheel.spectra(salt, segment_fs=5000.0, out=out)
    with pytest.raises(InputError, match="a frame every 100 fs shows nothing above 167 1/cm"):
        paddlewheel.spectra(salt.with_frame_interval(100.0), out=out)
    with pytest.raises(SettingsError, match="no K here"):
        paddlewheel.onsager(salt, species={"K": 1.0}, temperature_K=600.0, out=out)
    assert not out.exists()


@pytest.mark.parametrize("command", ["van-hove", "coordination", "spectra", "onsager"])
def test_commands(command: str, salt_npz: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    more = ["--species", "Na=1", "--temperature", "600"] if command == "onsager" else []
    options = [command, str(salt_npz), "--frame-interval-fs", "2", "--out", str(tmp_path / "run"), *more]
    status = status_of([*options, "--json"])
    shown = capsys.readouterr()
    record = json.loads(shown.out)
    assert record["kind"] == command
    assert record["trajectories"][0]["n_frames"] == N_FRAMES
    assert record == json.loads((tmp_path / "run/result.json").read_text())
    assert status == (0 if record.get("status", "ok") == "ok" else 1)
    for name in record["files"].values():
        assert (tmp_path / "run" / name).exists()
    assert status_of(options) == status
    assert "report: " in capsys.readouterr().out
    assert status_of([command, "--help"]) == 0
    assert f"Example: paddlewheel {command}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["van-hove", "--lags-ps", "99"], "longer than the run"),
        (["van-hove", "--specie", "Li"], "'Li' is not in the structure"),
        (["coordination", "--cutoff-A", "BH4"], "'BH4' is no list of names and numbers"),
        (["coordination", "--range-A", "99"], "cell is too small"),
        (["spectra", "--segment-fs", "1"], "fewer than 8 frames"),
        (["onsager", "--species", "Na=1"], "--temperature"),
        (["onsager", "--temperature", "600"], "--species"),
        (["onsager", "--species", "Na=0", "--temperature", "600"], "carries no current"),
    ],
)
def test_bad_input_of_the_commands(
    arguments: list[str], named: str, salt_npz: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "run"
    given = [arguments[0], str(salt_npz), *arguments[1:], "--frame-interval-fs", "2", "--out", str(out)]
    assert status_of(given) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert named in shown.err
    assert not out.exists()


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
