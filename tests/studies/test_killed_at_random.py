"""kill -9 at random moments of every command that works for long: nothing is lost, nothing is doubled.

The jobs are tiny, with a checkpoint every 0.2 s, so that a kill meets every moment of a unit's life: before its first
checkpoint, between the frames and the checkpoint, between the checkpoint and the result, and within the record.
`conduct` in NVT through Parsl, whose workers outlive their driver, is in `conduct/test_conduct_killed.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paddlewheel.trajectories import open_store, read_thermo

sys.path.insert(0, str(Path(__file__).parent))
from old_runs import OLD_RUNS, arguments_today

pytestmark = pytest.mark.slow

_SCRIPT = Path(__file__).parents[1] / "helpers" / "killed_job.py"
_OF_THE_MOMENT = {
    "created_utc",
    "command",
    "fit_seconds",
    "final_seconds",
    "directory",
    "store",
    "out",
    "teacher_atom_steps_per_s",
    "student_atom_steps_per_s",
}
"""When it was made, how long a fit took, and where: the two runs differ in this alone."""


def _killed(folder: Path, arguments: list[str], *, seed: int, n_kills: int = 6, checkpoint_s: float = 0.2) -> None:
    """Do the job whole and killed, side by side in `folder`; two kills at least must have met it."""
    command = [sys.executable, str(_SCRIPT), str(seed), str(n_kills), str(checkpoint_s), *arguments]
    done = subprocess.run(command, cwd=folder, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True,
                          text=True, timeout=300)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "changed since" not in done.stderr, done.stderr  # a kill is no damage
    assert int(done.stdout.splitlines()[-1].split()[0]) >= 2


def _made(name: str, folder: Path) -> list[str]:
    """The arguments of a job whose files were written into the folder."""
    job = OLD_RUNS[name]
    job.make(folder)
    return arguments_today(job)


def _record(folder: Path) -> Any:
    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without(each) for key, each in value.items() if key not in _OF_THE_MOMENT}
        return [without(each) for each in value] if isinstance(value, list) else value

    return without(json.loads((folder / "result.json").read_text(encoding="utf-8")))


def _files(folder: Path, pattern: str) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob(pattern))


def _same_tables(whole: Path, killed: Path) -> None:
    names = [name for name in _files(whole, "*.csv") if not name.endswith("loss.csv")]  # written as time goes by
    assert names == [name for name in _files(killed, "*.csv") if not name.endswith("loss.csv")]
    for name in names:
        assert (whole / name).read_bytes() == (killed / name).read_bytes(), name


def _stores(folder: Path) -> Iterator[tuple[str, np.ndarray, dict[str, np.ndarray]]]:
    for store in sorted(folder.rglob("*.zarr")):
        blocks = list(open_store(store).blocks())
        yield store.name, np.concatenate([block.positions_A for block in blocks]), read_thermo(store)


def _same_stores(whole: Path, killed: Path) -> None:
    found = [list(_stores(folder)) for folder in (whole, killed)]
    assert [name for name, *_ in found[0]] == [name for name, *_ in found[1]]
    assert found[0]
    for (_, positions, thermo), (_, positions_too, thermo_too) in zip(*found, strict=True):
        np.testing.assert_array_equal(positions, positions_too)
        for name, column in thermo.items():
            np.testing.assert_array_equal(column, thermo_too[name])


def _all_the_same(folder: Path) -> None:
    whole, killed = folder / "whole", folder / "killed"
    assert _record(whole) == _record(killed)
    _same_tables(whole, killed)


def _units_are_finished(folder: Path) -> None:
    units = list(folder.rglob("unit.json"))
    assert units
    for unit in units:
        assert (unit.parent / "result.json").is_file()
        assert not (unit.parent / "checkpoint.npz").exists()


@pytest.mark.parametrize(("ensemble", "seed"), [("nvt", 1), ("npt", 2), ("langevin", 3)])
def test_conduct(ensemble: str, seed: int, tmp_path: Path) -> None:
    _killed(tmp_path, [*_made("conduct", tmp_path), "--ensemble", ensemble], seed=seed)
    _all_the_same(tmp_path)
    _same_stores(tmp_path / "whole", tmp_path / "killed")
    _units_are_finished(tmp_path / "killed")


@pytest.mark.parametrize("seed", [4])
def test_rotor(seed: int, tmp_path: Path) -> None:
    _killed(tmp_path, _made("rotor", tmp_path), seed=seed)
    _all_the_same(tmp_path)
    _same_stores(tmp_path / "whole", tmp_path / "killed")


@pytest.mark.parametrize("seed", [5])
def test_phonons(seed: int, tmp_path: Path) -> None:
    _killed(tmp_path, _made("phonons", tmp_path), seed=seed)
    _all_the_same(tmp_path)


@pytest.mark.parametrize("seed", [6])
def test_sample(seed: int, tmp_path: Path) -> None:
    _killed(tmp_path, _made("sample", tmp_path), seed=seed)
    _all_the_same(tmp_path)
    _same_stores(tmp_path / "whole", tmp_path / "killed")
    for name in ("frames.extxyz", "dataset.extxyz"):
        found = [tmp_path / run / name for run in ("whole", "killed")]
        assert [path.exists() for path in found] in ([True, True], [False, False])
        assert not found[0].exists() or found[0].read_bytes() == found[1].read_bytes()


@pytest.mark.parametrize("seed", [7])
def test_distil(seed: int, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    _killed(tmp_path, _made("distil", tmp_path), seed=seed)
    _all_the_same(tmp_path)
    _same_stores(tmp_path / "whole", tmp_path / "killed")
    whole, killed = (tmp_path / name / "nep.txt" for name in ("whole", "killed"))
    assert whole.read_bytes() == killed.read_bytes()


@pytest.mark.parametrize("seed", [9, 10])
def test_convert(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    n_frames, n_atoms = 1500, 24
    walk = np.cumsum(rng.integers(-9, 10, (n_frames, n_atoms, 3)), axis=0) / 1024  # exact in single precision
    with open(tmp_path / "walk.extxyz", "w", encoding="utf-8") as stream:
        for frame in walk:
            stream.write(f'{n_atoms}\nLattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3\n')
            stream.writelines(f"Na {x:.10f} {y:.10f} {z:.10f}\n" for x, y, z in frame)
    _killed(tmp_path, ["convert", "walk.extxyz", "--frame-interval-fs", "10"], seed=seed)
    for name in ("whole", "killed"):
        trajectory = open_store(tmp_path / f"{name}.zarr")
        np.testing.assert_array_equal(np.concatenate([block.positions_A for block in trajectory.blocks()]), walk)
    left = {path.name for path in tmp_path.iterdir()}
    assert not {name for name in left if "converting" in name or "lock" in name}


@pytest.mark.parametrize("seed", [8])
def test_hull_of_phases_that_are_computed(seed: int, tmp_path: Path) -> None:
    arguments = ["hull", "Na-H", "--potential", "ase:springs:Shells", "--temperatures", "0,300", "--cores", "1"]
    _killed(tmp_path, arguments, seed=seed, n_kills=3)
    _all_the_same(tmp_path)
    assert not _record(tmp_path / "whole")["left_out"]  # so that NaH was computed as well as Na and H2
