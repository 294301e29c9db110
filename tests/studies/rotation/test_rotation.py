"""`rotation`: the record, its files and report, on synthetic and real runs; bad input in one line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from paddlewheel import Trajectory, rotation
from paddlewheel.cli.main import run
from paddlewheel.errors import InputError, TrajectoryError
from report_page import Page
from rotor_runs import diffusing, run_of, tetrahedron


def _trajectory(n_frames: int = 1500, *, frame_interval_fs: float | None = 10.0, moved_A: float = 0.0) -> Trajectory:
    """Eight BH4 that diffuse and eight Na that stay, at the middles of the cubes of BH4."""
    made = run_of(diffusing(8, n_frames, 0.02), tetrahedron())
    sodium = np.stack(np.unravel_index(np.arange(8), (2, 2, 2)), axis=1) * 7.0 + 3.5
    positions = np.concatenate([made.positions, np.broadcast_to(sodium, (n_frames, 8, 3))], axis=1) + moved_A
    return Trajectory.from_arrays(
        positions_A=positions,
        cell_A=made.cells,
        symbols=made.symbols + ["Na"] * 8,
        frame_interval_fs=frame_interval_fs,
    )


def test_record_files_and_report(tmp_path):
    record = rotation(_trajectory(), temperature_K=600.0, out=tmp_path / "run")
    (anion,) = record.anions
    assert (record.kind, anion.formula, anion.n_anions, anion.outer_element) == ("rotation", "BH4", 8, "H")
    assert anion.radius_A == pytest.approx(1.22, rel=1e-6)
    assert anion.coupling.status == "too-few-hops"
    # random steps have no velocity: the mean square falls as one over the interval
    assert anion.equipartition.status == "frames-too-far-apart"
    assert anion.equipartition.ratio is None
    c1 = anion.relaxation[0]
    assert c1.time_ps is not None  # 2 D_r = 0.02 / 0.01 ps
    assert abs(c1.time_ps.value - 0.5) < 4 * c1.time_ps.std
    assert json.loads((tmp_path / "run" / "result.json").read_text())["anions"][0]["formula"] == "BH4"
    for file in record.files.values():
        assert (tmp_path / "run" / file).is_file()
    page = Page((tmp_path / "run" / "report.html").read_text(encoding="utf-8"))
    assert page.faults == []
    assert page.loaded == []
    assert "2R²" in page.words()
    again = rotation(_trajectory(), temperature_K=600.0, out=tmp_path / "run")
    assert again.anions == record.anions


def test_two_runs_count_as_more_anions():
    single = rotation(_trajectory()).anions[0]
    double = rotation([_trajectory(), _trajectory(moved_A=1.0)]).anions[0]
    assert double.n_anions == 16
    assert single.rotation_rad_per_ps is not None
    assert double.rotation_rad_per_ps is not None
    assert double.rotation_rad_per_ps.value == pytest.approx(single.rotation_rad_per_ps.value)
    assert double.equipartition.status == "frames-too-far-apart"


def test_a_single_anion_has_no_uncertainty_and_says_so():
    made = run_of(diffusing(1, 400, 0.02), tetrahedron())
    record = rotation(Trajectory.from_arrays(
        positions_A=made.positions, cell_A=made.cells, symbols=made.symbols, frame_interval_fs=10.0
    ))  # fmt: skip
    assert record.anions[0].rotation_rad_per_ps is None
    assert record.anions[0].relaxation[0].status in ("one-anion", "too-short")
    assert any("single anion" in text for text in record.warnings)


def test_bad_input_is_refused_and_nothing_written(tmp_path):
    salt = Trajectory.from_arrays(
        positions_A=np.tile([[0, 0, 0], [2.8, 0, 0]], (3, 1, 1)), cell_A=np.eye(3) * 5.6, symbols=["Na", "Cl"],
        frame_interval_fs=10.0,
    )  # fmt: skip
    with pytest.raises(TrajectoryError, match="no polyanions"):
        rotation(salt, out=tmp_path / "run")
    hydroxide = Trajectory.from_arrays(
        positions_A=np.tile([[0, 0, 0], [0.97, 0, 0], [3, 3, 3]], (3, 1, 1)), cell_A=np.eye(3) * 6,
        symbols=["O", "H", "Na"], frame_interval_fs=10.0,
    )  # fmt: skip
    with pytest.raises(TrajectoryError, match=r"linear \(OH\)"):
        rotation(hydroxide)
    with pytest.raises(TrajectoryError, match="time between frames is not known"):
        rotation(_trajectory(50, frame_interval_fs=None))
    with pytest.raises(InputError, match="no temperature"):
        rotation(_trajectory(50), temperature_K=0.0)
    with pytest.raises(InputError, match="hop_length_A"):
        rotation(_trajectory(50), hop_length_A=-1.0)
    with pytest.raises(TrajectoryError, match="no 'Li'"):
        rotation(_trajectory(50), specie="Li")
    assert not (tmp_path / "run").exists()


def test_command_prints_the_record_alone_and_refuses_in_one_line(shared, tmp_path, capsys):
    file = str(shared / "data" / "trajectories" / "oNBH_800K.npz")
    with pytest.raises(SystemExit) as ended:
        run(["rotation", file, "--temperature", "800", "--out", str(tmp_path / "bad")])
    assert ended.value.code == 2
    told = capsys.readouterr()
    assert told.err.count("\n") == 1
    assert "--frame-interval-fs" in told.err
    assert not (tmp_path / "bad").exists()
    with pytest.raises(SystemExit) as ended:
        run(
            [
                "rotation",
                file,
                "--temperature",
                "800",
                "--frame-interval-fs",
                "10",
                "--json",
                "--out",
                str(tmp_path / "o"),
            ]
        )
    assert ended.value.code == 0
    record = json.loads(capsys.readouterr().out)
    cage, tetrahedral = record["anions"]
    assert (cage["formula"], tetrahedral["formula"]) == ("B12H12", "BH4")
    # B-H 1.21 A; H of B12H12 at 2.90 A; an icosahedron and a tetrahedron are spherical tops
    assert tetrahedral["radius_A"] == pytest.approx(1.21, abs=0.03)
    assert cage["radius_A"] == pytest.approx(2.90, abs=0.03)
    for one in record["anions"]:
        moments = one["inertia_uA2"]
        assert moments[2] / moments[0] < 1.02
        assert one["equipartition"]["status"] == "ok"
        for ratio in one["equipartition"]["ratio"]:  # NVT at 800 K
            assert abs(ratio["value"] - 1) < 4 * max(ratio["std"], 0.05)
