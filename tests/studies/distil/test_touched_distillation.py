"""A run directory of `distil` that was touched: every stage is told and made again, and the student is the same."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'paddlewheel[distil]'")
sys.path.insert(0, str(Path(__file__).parents[1]))
from old_runs import OLD_RUNS, arguments_today

from paddlewheel.cli.main import status_of
from paddlewheel.execution import Unit
from paddlewheel.studies.distil.fit_unit import run_fit_unit

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def without_pages() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("paddlewheel.page.write.write_report", lambda *_: None)
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("distil")
    OLD_RUNS["distil"].make(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert status_of([*arguments_today(OLD_RUNS["distil"]), "--out", "run"]) == OLD_RUNS["distil"].status
    return folder


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def _record(folder: Path) -> dict[str, Any]:
    record = json.loads((folder / "run" / "result.json").read_text())
    for stage in (record, *record["rounds"]):
        for name in (
            "final_seconds",
            "fit_seconds",
            "provenance",
            "teacher_atom_steps_per_s",
            "student_atom_steps_per_s",
        ):
            stage.pop(name, None)
    return record


@pytest.mark.parametrize(("name", "damage"), [
    ("round-0/explored.json", _cut),
    ("round-0/picked.extxyz", _cut),
    ("round-0/train.extxyz", _cut),
    ("round-0/train.card.json", _cut),
    ("round-0/labels/dataset.extxyz", _cut),
    ("round-0/labels/units/label-000000/rows.npz", _flip),
    ("round-0/units/fit-0/nep.txt", _cut),
    ("round-0/units/fit-0/student.pt", _flip),
    ("final/units/fit-0/result.json", _cut),
    ("nep.txt", _cut),
    ("nep.domain.npz", _flip),
])  # fmt: skip
def test_a_stage_that_was_touched_is_made_again(
    name: str, damage: Callable[[Path], None], made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:  # fmt: skip
    copy = Path(shutil.copytree(made, tmp_path / "copy"))
    (copy / "run" / "result.json").unlink()  # so that the stages are gone through
    damage(copy / "run" / name)
    monkeypatch.chdir(copy)
    assert status_of([*arguments_today(OLD_RUNS["distil"]), "--out", "run"]) == OLD_RUNS["distil"].status
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("paddlewheel: ")]
    if "/" in name:  # the student beside the record is a copy, which is written with every record
        assert [line for line in told if Path(name).name in line], told
    assert (copy / "run" / name).read_bytes() == (made / "run" / name).read_bytes() or name.endswith("result.json")
    assert _record(copy) == _record(made)


def test_a_touched_student_beside_a_finished_record_is_written_again(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    copy = Path(shutil.copytree(made, tmp_path / "copy"))
    _cut(copy / "run" / "nep.txt")
    monkeypatch.chdir(copy)
    assert status_of([*arguments_today(OLD_RUNS["distil"]), "--out", "run"]) == OLD_RUNS["distil"].status
    assert "nep.txt was changed since it was written: the record is made again" in capsys.readouterr().err
    assert (copy / "run" / "nep.txt").read_bytes() == (made / "run" / "nep.txt").read_bytes()


class _Stops:
    def __init__(self, steps: int) -> None:
        self._left = steps

    def should_stop(self) -> bool:
        self._left -= 1
        return self._left == 0


def test_a_fit_whose_checkpoint_was_touched_begins_anew(made: Path, tmp_path: Path) -> None:
    whole = Unit.of_folder(made / "run" / "round-0" / "units" / "fit-0")
    directory = Path(shutil.copytree(made / "run" / "round-0", tmp_path / "round-0"))
    unit = Unit(whole.name, whole.contents, directory)
    unit.discard()
    assert not run_fit_unit(unit, _Stops(8), 1)  # type: ignore[arg-type]
    assert unit.damage() is None
    _flip(unit.folder / "checkpoint.npz")
    assert "damaged checkpoint" in str(unit.damage())
    unit.discard()
    assert run_fit_unit(unit, _Stops(10**9), 1)  # type: ignore[arg-type]
    found, wanted = unit.result(), whole.result()
    assert found is not None
    assert wanted is not None
    np.testing.assert_equal(found | {"seconds": 0}, wanted | {"seconds": 0})
