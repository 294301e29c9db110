"""The command line: help, lists, and bad input in one line with exit status 2 and nothing written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import write

from paddlewheel.cli.main import status_of


def _run(arguments: list[str], capsys: pytest.CaptureFixture) -> tuple[int, str, str]:
    status = status_of(arguments)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def _refused(arguments: list[str], capsys: pytest.CaptureFixture, *, naming: list[str]) -> None:
    status, out, err = _run(arguments, capsys)
    assert status == 2, (status, err)
    assert out == ""
    assert err.count("\n") == 1, err
    for text in naming:
        assert text in err, (text, err)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A run directory that must not come into being."""
    return tmp_path / "run"


@pytest.fixture
def walk_npz(tmp_path: Path) -> Path:
    """50 frames of a random walk of 4 Na among 4 Cl at rest, without a frame interval."""
    rng = np.random.default_rng(0)
    start = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
    mobile = np.array([symbol == "Na" for symbol in start.get_chemical_symbols()])
    steps = 0.2 * rng.standard_normal((50, len(start), 3)) * mobile[:, None]
    path = tmp_path / "walk.npz"
    np.savez(
        path, positions_A=start.positions + np.cumsum(steps, axis=0), cell_A=np.array(start.cell),
        symbols=start.get_chemical_symbols(),
    )  # fmt: skip
    return path


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from paddlewheel.cli.main import status_of; status_of(['--help']);"
        "heavy = [m for m in ('torch', 'pymatgen', 'scipy', 'ase', 'zarr', 'parsl', 'matplotlib') if m in sys.modules];"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "conduct" in done.stdout


@pytest.mark.parametrize("command", ["conduct", "analyze", "structures", "potentials"])
def test_every_command_has_an_example(command: str, capsys: pytest.CaptureFixture) -> None:
    status, out, _ = _run([command, "--help"], capsys)
    assert status == 0
    assert f"Example: paddlewheel {command}" in " ".join(out.split())
    assert "--json" in out
    assert "--out" in out


def test_structures_lists_the_built_in_ones_and_writes_them(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    status, out, _ = _run(["structures", "--json", "--out", str(tmp_path / "s")], capsys)
    assert status == 0
    cards = json.loads(out)
    assert {card["name"]: card["n_atoms"] for card in cards} == {"o-nbh": 128, "na2b12h12": 52, "nabh4": 12}
    assert (tmp_path / "s/o-nbh.cif").exists()
    _refused(["structures", "--out", str(tmp_path / "s")], capsys, naming=["o-nbh.cif", "exists already"])


def test_potentials_lists_and_shows(capsys: pytest.CaptureFixture) -> None:
    status, out, _ = _run(["potentials", "--json"], capsys)
    assert status == 0
    assert "m3gnet-nabh-r2scan" in {card["name"] for card in json.loads(out)}
    status, out, _ = _run(["potentials", "show", "m3gnet-nabh-r2scan"], capsys)
    assert status == 0
    assert "BSD-3-Clause" in out
    _refused(["potentials", "fetch"], capsys, naming=["fetch needs a name"])


def test_file_that_is_no_structure(capsys: pytest.CaptureFixture, tmp_path: Path, out: Path) -> None:
    path = tmp_path / "letter.cif"
    path.write_text("Dear colleague, the structure is attached.\n")
    _refused(["conduct", str(path), "--out", str(out)], capsys, naming=["letter.cif"])
    assert not out.exists()


def test_element_the_potential_lacks(capsys: pytest.CaptureFixture, tmp_path: Path, out: Path) -> None:
    path = tmp_path / "lif.cif"
    write(path, bulk("LiF", "rocksalt", a=4.03, cubic=True))
    command = ["conduct", str(path), "--potential", "m3gnet-nabh-r2scan", "--specie", "Li", "--out", str(out)]
    _refused(command, capsys, naming=["Li", "F", "Na"])
    assert not out.exists()
    write(path, bulk("LiPo", "rocksalt", a=6.0, cubic=True))  # an element of no potential
    _refused(["conduct", str(path), "--specie", "Li", "--charge", "1", "--out", str(out)], capsys, naming=["Po"])


def test_overlapping_atoms(capsys: pytest.CaptureFixture, tmp_path: Path, out: Path) -> None:
    path = tmp_path / "overlap.vasp"
    write(path, Atoms("Na2H2", positions=[[0, 0, 0], [0.1, 0, 0], [3, 3, 3], [3, 3, 4]], cell=[6, 6, 6], pbc=True))
    _refused(["conduct", str(path), "--out", str(out)], capsys, naming=["overlap.vasp", "0.1"])
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "naming"),
    [
        (["--potential", "m3gnet-nabh"], ["m3gnet-nabh", "m3gnet-nabh-r2scan"]),
        (["--temperatures", "600"], ["at least two temperatures"]),
        (["--temperatures", "0,300"], ["0 K"]),
        (["--temperatures", "300,-10"], ["-10 K"]),
        (["--temperatures", "300,300"], ["twice"]),
        (["--temperatures", "hot"], ["hot"]),
        (["--specie", "K"], ["'K'", "Na"]),
        (["--charge", "0"], ["0 e"]),
        (["--ensemble", "nph"], ["nph", "npt"]),
        (["--timestep-fs", "-1"], ["-1"]),
        (["--timestep-fs", "3"], ["10 fs", "3 fs"]),
        (["--production-ps", "0"], ["0"]),
        (["--replicas", "0"], ["--replicas", "0"]),
        (["--supercell", "2x2"], ["2x2"]),
        (["--seed", "-4"], ["-4"]),
        (["--replicas", "two"], ["--replicas", "integer"]),
        (["--speed", "9"], ["--speed"]),
        (["--three-body", "both"], ["both"]),
    ],
)
def test_bad_setting_of_conduct(
    options: list[str], naming: list[str], capsys: pytest.CaptureFixture, out: Path, shared: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("PADDLEWHEEL_SHARED", str(shared))
    _refused(["conduct", "nabh4", "--out", str(out), *options], capsys, naming=naming)
    assert not out.exists()


def test_checkpoint_with_a_wrong_hash_and_of_another_architecture(
    capsys: pytest.CaptureFixture, tmp_path: Path, out: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shared / "data/potentials/M3GNet-r2SCAN-NaBH"
    mirror = tmp_path / "mirror/data/potentials/M3GNet-r2SCAN-NaBH"
    mirror.mkdir(parents=True)
    for name in ("model.json", "state.pt"):
        (mirror / name).write_bytes((real / name).read_bytes())
    damaged = bytearray((mirror / "state.pt").read_bytes())
    damaged[5000] ^= 1
    (mirror / "state.pt").write_bytes(damaged)
    monkeypatch.setenv("PADDLEWHEEL_SHARED", str(tmp_path / "mirror"))
    _refused(
        ["conduct", "nabh4", "--potential", "m3gnet-nabh-r2scan", "--out", str(out)],
        capsys,
        naming=["state.pt", "sha256"],
    )
    model = json.loads((mirror / "model.json").read_text())
    model["kwargs"]["model"]["@class"] = "TensorNet"
    (mirror / "model.json").write_text(json.dumps(model))
    _refused(["conduct", "nabh4", "--potential", str(mirror), "--out", str(out)], capsys, naming=["TensorNet"])
    assert not out.exists()


def test_directory_that_cannot_be_written(
    capsys: pytest.CaptureFixture, tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch, walk_npz: Path
) -> None:
    monkeypatch.setenv("PADDLEWHEEL_SHARED", str(shared))
    blocked = tmp_path / "file"
    blocked.write_text("")
    _refused(["conduct", "nabh4", "--out", str(blocked / "run")], capsys, naming=["file"])
    command = [
        "analyze",
        str(walk_npz),
        "--temperature",
        "600",
        "--frame-interval-fs",
        "10",
        "--out",
        "/proc/nowhere/run",
    ]
    _refused(command, capsys, naming=["/proc/nowhere"])


def test_truncated_trajectory(capsys: pytest.CaptureFixture, tmp_path: Path, walk_npz: Path, out: Path) -> None:
    path = tmp_path / "cut.npz"
    path.write_bytes(walk_npz.read_bytes()[:-700])
    command = ["analyze", str(path), "--temperature", "600", "--frame-interval-fs", "10", "--out", str(out)]
    _refused(command, capsys, naming=["cut.npz"])
    assert not out.exists()


def test_frames_too_far_apart(capsys: pytest.CaptureFixture, tmp_path: Path, out: Path) -> None:
    rng = np.random.default_rng(1)
    start = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
    positions = start.positions + rng.uniform(0, 5.6, (60, len(start), 3))
    path = tmp_path / "far.npz"
    np.savez(path, positions_A=positions, cell_A=np.array(start.cell), symbols=start.get_chemical_symbols())
    command = ["analyze", str(path), "--temperature", "600", "--frame-interval-fs", "1000", "--out", str(out)]
    _refused(command, capsys, naming=["far.npz", "write frames more often"])
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "naming"),
    [
        (["--temperature", "600"], ["--frame-interval-fs"]),
        (["--frame-interval-fs", "10"], ["--temperature"]),
        (["--temperature", "-1", "--frame-interval-fs", "10"], ["-1"]),
        (["--temperature", "600,700", "--frame-interval-fs", "10"], ["2 temperatures"]),
        (["--temperature", "600", "--frame-interval-fs", "10", "--specie", "Li"], ["'Li'", "Na"]),
        (["--temperature", "600", "--frame-interval-fs", "0"], ["0"]),
        (["--temperature", "600", "--frame-interval-fs", "10", "--drift", "some"], ["some"]),
        (["--temperature", "600", "--frame-interval-fs", "10", "--skip-ps", "9"], ["9 ps"]),
    ],
)
def test_bad_setting_of_analyze(
    options: list[str], naming: list[str], capsys: pytest.CaptureFixture, walk_npz: Path, out: Path
) -> None:
    _refused(["analyze", str(walk_npz), "--out", str(out), *options], capsys, naming=naming)
    assert not out.exists()


def test_json_is_the_record_and_nothing_else(capsys: pytest.CaptureFixture, walk_npz: Path, out: Path) -> None:
    command = [
        "analyze",
        str(walk_npz),
        "--temperature",
        "600",
        "--frame-interval-fs",
        "10",
        "--json",
        "--out",
        str(out),
    ]
    status, printed, _ = _run(command, capsys)
    assert status == 0
    record = json.loads(printed)
    assert record["kind"] == "conductivity"
    assert record == json.loads((out / "result.json").read_text())
    assert (out / "report.html").exists()
    # the same command again: the same record but for its date; other options: refused
    status, again, _ = _run(command, capsys)
    assert status == 0
    assert json.loads(again)["temperatures"] == record["temperatures"]
    _refused([*command, "--charge", "0.9"], capsys, naming=["charge_e", "use another --out"])


def test_full_disk_during_the_record(
    capsys: pytest.CaptureFixture, walk_npz: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("paddlewheel.records.atomic.os.fsync", full)
    command = ["analyze", str(walk_npz), "--temperature", "600", "--frame-interval-fs", "10", "--out", str(out)]
    _refused(command, capsys, naming=["No space left", "free some space"])
    assert not [path for path in out.rglob("*") if path.is_file() and path.name not in ("driver.lock",)]
