"""Run directories that were touched: what is not as it was written is told in one line, and never taken.

A finished run at two temperatures is copied, damaged in one way, and the same command is given again. NVT on one core
is the same to the bit, so that the right record is that of the run that nobody touched.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import paddlewheel
from paddlewheel.cli.main import status_of
from paddlewheel.errors import InputError, RunDirectoryError
from paddlewheel.execution import DriverWatch, Unit
from paddlewheel.studies.motion.touched import md_damage, store_path
from paddlewheel.studies.simulation.md_unit import run_md_unit
from paddlewheel.trajectories import open_store

HOT, COLD = "T=600K_r0", "T=500K_r0"
_OPTIONS = (
    "--potential ase:ase.calculators.emt:EMT --ensemble nvt --timestep-fs 4 --equilibrate-ps 0.2 --production-ps 0.8 "
    "--supercell 2x2x2 --specie Cu --charge 1 --no-arrhenius --temperatures 500,600 --cores 1 --frame-interval-fs 20 "
    "--minimum-onset-ps 0.05"
)


@pytest.fixture(autouse=True)
def without_pages(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are not drawn: that takes seconds, and there are some seventy runs here."""
    if "page" not in request.node.name:
        monkeypatch.setattr("paddlewheel.page.write.write_report", lambda *_: None)


def _arguments(folder: Path) -> list[str]:
    return ["conduct", str(folder.parent / "copper.vasp"), *_OPTIONS.split(), "--out", str(folder)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from ase.build import bulk

    folder = tmp_path_factory.mktemp("touched")
    bulk("Cu", cubic=True).write(folder / "copper.vasp")
    assert status_of(_arguments(folder / "made")) in (0, 1)
    return folder / "made"


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    shutil.copy(made.parent / "copper.vasp", tmp_path / "copper.vasp")
    return Path(shutil.copytree(made, tmp_path / "run"))


def _numbers(folder: Path) -> dict[str, Any]:
    record = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return {name: record[name] for name in ("temperatures", "arrhenius", "formula", "specie", "charge_e")}


def _frames(folder: Path, name: str) -> np.ndarray:
    return np.concatenate(
        [block.positions_A for block in open_store(folder / "trajectories" / f"{name}.zarr").blocks()]
    )


def _store(run: Path, name: str = HOT) -> Path:
    return run / "trajectories" / f"{name}.zarr"


def _swap(one: Path, other: Path) -> None:
    """Put a copy of `other` in the place of `one`."""
    if one.is_dir():
        shutil.rmtree(one)
        shutil.copytree(other, one)
    else:
        shutil.copy(other, one)


def _edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document, indent=1))


def _attribute(run: Path, name: str, value: Any) -> None:
    _edit(_store(run) / "zarr.json", lambda document: document["attributes"].update({name: value}))


def _flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0x10
    path.write_bytes(bytes(content))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _unit(run: Path, name: str = HOT) -> Path:
    return run / "units" / name


def _status(run: Path) -> None:
    _edit(_unit(run) / "result.json", lambda document: document.update(status="broken", reason="temperature"))


def _health(run: Path) -> None:
    _edit(_unit(run) / "result.json", lambda document: document["health"][0].update(status="broken"))


def _row(run: Path) -> None:
    _edit(run / "result.json", lambda document: document["temperatures"][0].update(mean_volume_A3=1.0))


def _hotter(run: Path) -> None:
    _edit(_unit(run) / "unit.json", lambda document: document["contents"]["md"].update(temperature_K=500.0))


def _other_potential(run: Path) -> None:
    _edit(_unit(run) / "unit.json", lambda document: document["contents"]["potential"].update(identity="0" * 64))


def _table(path: Path) -> None:
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *(row.replace("0.", "1.", 1) for row in rows)]) + "\n")


DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "store of another temperature": (lambda run: _swap(_store(run), _store(run, COLD)), f"{HOT}.zarr"),
    "result of another temperature": (
        lambda run: _swap(_unit(run) / "result.json", _unit(run, COLD) / "result.json"), f"{HOT}/result.json",
    ),
    "store and result of another temperature": (
        lambda run: (
            _swap(_store(run), _store(run, COLD)),
            _swap(_unit(run) / "result.json", _unit(run, COLD) / "result.json"),
        )[0],
        f"{HOT}",
    ),
    "folder of the unit of another temperature": (lambda run: _swap(_unit(run), _unit(run, COLD)), f"{HOT}/unit.json"),
    "unit of another temperature": (
        lambda run: _swap(_unit(run) / "unit.json", _unit(run, COLD) / "unit.json"), f"{HOT}/unit.json",
    ),
    "positions of another temperature": (
        lambda run: _swap(_store(run) / "positions", _store(run, COLD) / "positions"), f"{HOT}.zarr",
    ),
    "thermo of another temperature": (
        lambda run: _swap(_store(run) / "thermo", _store(run, COLD) / "thermo"), f"{HOT}.zarr",
    ),
    "attributes of another temperature": (
        lambda run: _swap(_store(run) / "zarr.json", _store(run, COLD) / "zarr.json"), f"{HOT}.zarr",
    ),
    "interval": (lambda run: _attribute(run, "frame_interval_fs", 10.0), f"{HOT}.zarr"),
    "quantum": (lambda run: _attribute(run, "quantum_A", 0.002), f"{HOT}.zarr"),
    "precision": (lambda run: _attribute(run, "precision", "float32"), f"{HOT}.zarr"),
    "masses": (lambda run: _attribute(run, "masses_u", [1.0] * 32), f"{HOT}.zarr"),
    "symbols": (lambda run: _attribute(run, "symbols", ["Ag"] * 32), f"{HOT}.zarr"),
    "wrapped": (lambda run: _attribute(run, "is_unwrapped", False), f"{HOT}.zarr"),
    "fewer frames": (lambda run: _attribute(run, "n_frames", 30), f"{HOT}.zarr"),
    "more frames": (lambda run: _attribute(run, "n_frames", 3000), f"{HOT}.zarr"),
    "names of the columns": (
        lambda run: _edit(
            _store(run) / "thermo" / "zarr.json",
            lambda document: document["attributes"].update(columns=document["attributes"]["columns"][::-1]),
        ),
        f"{HOT}.zarr",
    ),
    "flipped chunk": (lambda run: _flip(_store(run) / "positions" / "c.0.0.0", 200), f"{HOT}.zarr"),
    "missing chunk": (lambda run: (_store(run) / "cell" / "c.0.0.0").unlink(), f"{HOT}.zarr"),
    "truncated unit.json": (lambda run: _cut(_unit(run) / "unit.json"), f"{HOT}/unit.json"),
    "empty unit.json": (lambda run: (_unit(run) / "unit.json").write_text(""), f"{HOT}/unit.json"),
    "unit.json is a list": (lambda run: (_unit(run) / "unit.json").write_text("[1]"), f"{HOT}/unit.json"),
    "temperature in unit.json": (_hotter, f"{HOT}/unit.json"),
    "potential in unit.json": (_other_potential, f"{HOT}/unit.json"),
    "truncated result of a unit": (lambda run: _cut(_unit(run) / "result.json"), f"{HOT}/result.json"),
    "empty result of a unit": (lambda run: (_unit(run) / "result.json").write_text(""), f"{HOT}/result.json"),
    "result of a unit is bytes": (lambda run: (_unit(run) / "result.json").write_bytes(b"\xff\x00"), "/result.json"),
    "result of a unit is a list": (lambda run: (_unit(run) / "result.json").write_text("[]"), f"{HOT}/result.json"),
    "status of a unit": (_status, f"{HOT}/result.json"),
    "health of a unit": (_health, f"{HOT}/result.json"),
    "a number of the record": (_row, "run/result.json"),
    "truncated record": (lambda run: _cut(run / "result.json"), "run/result.json"),
    "record is a list": (lambda run: (run / "result.json").write_text("[]"), "run/result.json"),
    "table of the MSD": (lambda run: _table(run / "msd" / "T=600K.csv"), "msd/T=600K.csv"),
    "table of another temperature": (
        lambda run: _swap(run / "msd" / "T=600K.csv", run / "msd" / "T=500K.csv"), "msd/T=600K.csv",
    ),
    "table of thermodynamics": (lambda run: _cut(run / "thermo" / f"{HOT}.csv"), f"thermo/{HOT}.csv"),
    "cell": (lambda run: _cut(run / "structure.cif"), "structure.cif"),
    "seal": (lambda run: _cut(run / "seal.json"), "seal.json"),
}  # fmt: skip
"""Each: what is done to the directory, and what the line names."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", DAMAGE)
def test_what_was_touched_is_told_in_one_line_and_computed_again(
    kind: str, run: Path, made: Path, capsys: pytest.CaptureFixture
) -> None:
    damage, named = DAMAGE[kind]
    damage(run)
    status = status_of(_arguments(run))
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("paddlewheel: ")]
    assert status in (0, 1)
    assert len(told) in (1, 2), told  # a unit's folder that was swapped lost two files
    assert named in told[0]
    assert _numbers(run) == _numbers(made)
    for name in (HOT, COLD):
        np.testing.assert_array_equal(_frames(run, name), _frames(made, name))
        assert md_damage(Unit.of_folder(run / "units" / name)) is None
    for table in ("msd/T=600K.csv", f"thermo/{HOT}.csv", "structure.cif"):
        assert (run / table).read_bytes() == (made / table).read_bytes()
    status_of(_arguments(run))
    assert "paddlewheel: " not in capsys.readouterr().err  # nothing is left to be told


def test_a_run_that_nobody_touched_is_not_run_again(run: Path, capsys: pytest.CaptureFixture) -> None:
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file() and path.name != "driver.lock"}
    status_of(_arguments(run))
    assert "paddlewheel: " not in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_trajectories_removed_to_save_space_leave_the_record(run: Path, capsys: pytest.CaptureFixture) -> None:
    shutil.rmtree(run / "trajectories")
    status_of(_arguments(run))
    assert "paddlewheel: " not in capsys.readouterr().err
    assert not (run / "trajectories").exists()


@pytest.mark.parametrize("kind", ["store of another temperature", "temperature in unit.json", "status of a unit"])
def test_an_analysis_refuses_a_touched_run_directory(kind: str, run: Path) -> None:
    DAMAGE[kind][0](run)
    with pytest.raises(RunDirectoryError, match=r"run conduct again|run the same command again"):
        paddlewheel.van_hove(run, temperature_K=600, n_lags=3, specie="Cu")


def test_a_touched_record_is_not_loaded_nor_are_its_tables(run: Path) -> None:
    assert paddlewheel.load(run).kind == "conductivity"
    _table(run / "msd" / "T=600K.csv")
    with pytest.raises(InputError, match=r"msd/T=600K\.csv: was changed since it was written"):
        paddlewheel.load(run).lying_beside.columns("msd/T=600K.csv")
    _row(run)
    with pytest.raises(InputError, match=r"result\.json: was changed since it was written"):
        paddlewheel.load(run)


def test_a_page_that_was_cut_is_drawn_again(run: Path) -> None:
    whole = (run / "report.html").read_bytes()
    _cut(run / "report.html")
    status_of(_arguments(run))
    assert (run / "report.html").read_bytes() == whole


def test_inputs_that_were_cut_are_refused_in_one_line(run: Path, capsys: pytest.CaptureFixture) -> None:
    (run / "inputs.yaml").write_text("structure: {name: [")
    assert status_of(_arguments(run)) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert "inputs.yaml" in told[0]


class _Stops(DriverWatch):
    """A driver that asks to stop after some looks."""

    def __init__(self, looks: int) -> None:
        self._looks = looks

    def should_stop(self) -> bool:
        self._looks -= 1
        return self._looks < 0


def _unfinished(run: Path, made: Path) -> Unit:
    """The hot run stopped half way, its record gone."""
    unit = Unit.of_folder(made / "units" / HOT)
    unit = Unit(unit.name, unit.contents, run)
    shutil.rmtree(_unit(run))
    shutil.rmtree(store_path(unit))
    for name in ("result.json", "seal.json"):
        (run / name).unlink()
    unit.prepare()
    assert not run_md_unit(unit, _Stops(120), 1)
    assert md_damage(unit) is None
    return unit


def _cold_checkpoint(run: Path, made: Path) -> None:
    cold = Unit.of_folder(made / "units" / COLD)
    cold = Unit(cold.name, cold.contents, run.parent / "other")
    cold.prepare()
    assert not run_md_unit(cold, _Stops(120), 1)
    shutil.copy(cold.folder / "checkpoint.npz", _unit(run) / "checkpoint.npz")


UNFINISHED: dict[str, tuple[Callable[[Path, Path], Any], str]] = {
    "truncated checkpoint": (lambda run, made: _cut(_unit(run) / "checkpoint.npz"), "checkpoint.npz"),
    "flipped checkpoint": (lambda run, made: _flip(_unit(run) / "checkpoint.npz", 700), "checkpoint.npz"),
    "empty checkpoint": (lambda run, made: (_unit(run) / "checkpoint.npz").write_bytes(b""), "checkpoint.npz"),
    "checkpoint of another temperature": (_cold_checkpoint, "checkpoint.npz"),
    "store of another temperature": (lambda run, made: _swap(_store(run), _store(made, COLD)), f"{HOT}.zarr"),
    "positions of another temperature": (
        lambda run, made: _swap(_store(run) / "positions", _store(made, COLD) / "positions"), f"{HOT}.zarr",
    ),
    "masses": (lambda run, made: _attribute(run, "masses_u", [1.0] * 32), f"{HOT}.zarr"),
    "interval": (lambda run, made: _attribute(run, "frame_interval_fs", 10.0), f"{HOT}.zarr"),
    "quantum": (lambda run, made: _attribute(run, "quantum_A", 0.01), f"{HOT}.zarr"),
    "fewer frames": (lambda run, made: _attribute(run, "n_frames", 3), f"{HOT}.zarr"),
    "missing chunk": (lambda run, made: (_store(run) / "step" / "c.0").unlink(), f"{HOT}.zarr"),
    "no store": (lambda run, made: shutil.rmtree(_store(run)), f"{HOT}.zarr"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", UNFINISHED)
def test_an_unfinished_run_that_was_touched_begins_anew(
    kind: str, run: Path, made: Path, capsys: pytest.CaptureFixture
) -> None:
    damage, named = UNFINISHED[kind]
    _unfinished(run, made)
    damage(run, made)
    status_of(_arguments(run))
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("paddlewheel: ")]
    assert len(told) == 1, told
    assert named in told[0]
    assert f"{HOT} is computed again" in told[0]
    assert _numbers(run) == _numbers(made)
    np.testing.assert_array_equal(_frames(run, HOT), _frames(made, HOT))


def test_an_unfinished_run_that_nobody_touched_goes_on(run: Path, made: Path, capsys: pytest.CaptureFixture) -> None:
    _unfinished(run, made)
    status_of(_arguments(run))
    assert "paddlewheel: " not in capsys.readouterr().err
    assert _numbers(run) == _numbers(made)
    np.testing.assert_array_equal(_frames(run, HOT), _frames(made, HOT))


def _without_seals(run: Path) -> None:
    """As an earlier version wrote it."""
    (run / "seal.json").unlink()
    for name in (HOT, COLD):
        _edit(_unit(run, name) / "unit.json", lambda document: document.pop("sealed"))
        _edit(_unit(run, name) / "result.json", lambda document: document.pop("seal"))


@pytest.mark.parametrize("kind", [
    "store of another temperature", "interval", "quantum", "masses", "symbols", "wrapped", "temperature in unit.json",
    "truncated unit.json", "truncated result of a unit", "result of a unit is a list",
])  # fmt: skip
def test_of_a_directory_without_seals_the_attributes_and_keys_are_compared(
    kind: str, run: Path, made: Path, capsys: pytest.CaptureFixture
) -> None:
    _without_seals(run)
    (run / "result.json").unlink()  # so that the units are read
    DAMAGE[kind][0](run)
    status_of(_arguments(run))
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("paddlewheel: ")]
    assert len(told) in (1, 2), told  # of a unit.json that is lost, the result has nothing that binds it
    assert _numbers(run) == _numbers(made)


def test_a_directory_without_seals_is_read_as_it_is(run: Path, made: Path, capsys: pytest.CaptureFixture) -> None:
    _without_seals(run)
    before = (_unit(run) / "result.json").stat().st_mtime_ns
    (run / "result.json").unlink()
    status_of(_arguments(run))
    assert "paddlewheel: " not in capsys.readouterr().err
    assert (_unit(run) / "result.json").stat().st_mtime_ns == before
    assert _numbers(run) == _numbers(made)


def test_a_store_that_is_far_off_the_thermostat_is_not_the_units(run: Path) -> None:
    """Without seals, and with the key of the right unit in the attributes: the temperature alone tells it."""
    from paddlewheel.trajectories.store import TrajectoryWriter

    _without_seals(run)
    unit = Unit.of_folder(_unit(run))
    assert md_damage(unit) is None
    attributes = json.loads((_store(run) / "zarr.json").read_text())["attributes"]
    shutil.rmtree(_store(run))
    writer = TrajectoryWriter.create(
        _store(run), symbols=attributes["symbols"], masses_u=attributes["masses_u"], frame_interval_fs=20.0,
        metadata=attributes["metadata"],
    )  # fmt: skip
    for frame in range(51):
        writer.append(
            positions_A=np.zeros((32, 3)), cell_A=7.2 * np.eye(3), step=5 * frame, thermo={"temperature_K": 300.0}
        )
    writer.flush()
    assert "temperature: mean 300.0" in str(md_damage(unit))
