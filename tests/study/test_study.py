"""The life of a study: refused before work, finished runs kept, what may change, no directory, kills, full disks."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy
import yaml
from toy import TOY, ToyRecord, ToySettings, worked

from paddlewheel.errors import DataError, RunDirectoryError, SettingsError
from paddlewheel.execution import DriverLock, Unit
from paddlewheel.study import run_directory
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.run_directory import Document
from paddlewheel.study.settings import setting, setting_names


@pytest.fixture(autouse=True)
def _no_work_yet() -> None:
    worked.clear()


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.txt"
    path.write_text("1 2 3")
    return path


def test_without_a_directory_nothing_is_written_and_tables_are_at_hand(numbers: Path) -> None:
    before = set(numbers.parent.iterdir())
    record = TOY([numbers], factor=2)
    assert record.total == 12.0
    assert set(numbers.parent.iterdir()) == before
    assert record.directory is None
    assert list(record.lying_beside.columns("values.csv")["value"]) == [1.0, 2.0, 3.0]
    assert record.plot()["values"].axes[0].lines[0].get_ydata()[2] == 3.0


def test_a_directory_holds_record_inputs_table_page_and_figures(numbers: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    TOY([numbers], out=out, factor=2)
    assert json.loads((out / "result.json").read_text())["total"] == 12.0
    inputs = yaml.safe_load((out / "inputs.yaml").read_text())
    assert inputs["command"] == "toy"
    assert inputs["factor"] == 2.0
    assert inputs["powers"] == [1.0, 2.0]
    assert len(inputs["sha256"]) == 64
    assert "paddlewheel" in inputs["versions"]
    for name in ("values.csv", "note.txt", "report.html", "figures/values.svg", "figures/values.png"):
        assert (out / name).is_file(), name
    assert not (out / "driver.json").exists()


def test_the_same_call_again_does_no_work_and_writes_nothing(numbers: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    first = TOY([numbers], out=out)
    written = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.name != "driver.lock"}
    again = TOY([numbers], out=out)
    assert worked == [1.0]
    assert again.model_dump() == first.model_dump()
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.name != "driver.lock"} == written
    assert TOY([numbers], out=out, again=True).total == first.total
    assert worked == [1.0, 1.0]


def test_other_settings_and_other_contents_are_refused_before_the_work(numbers: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    TOY([numbers], out=out)
    before = (out / "inputs.yaml").read_bytes(), (out / "result.json").read_bytes()
    with pytest.raises(RunDirectoryError, match=r"factor is 1\.0 there and 3\.0 now"):
        TOY([numbers], out=out, factor=3)
    moved = numbers.rename(numbers.with_name("moved.txt"))
    assert TOY([moved], out=out).total == 6.0  # the same contents elsewhere are the same input
    moved.write_text("1 2 4")
    with pytest.raises(RunDirectoryError, match="sha256"):
        TOY([moved], out=out)
    assert worked == [1.0]
    assert ((out / "inputs.yaml").read_bytes(), (out / "result.json").read_bytes()) == before


def test_a_setting_that_may_change_is_measured_again_and_inputs_stay_true(numbers: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert len(TOY([numbers], out=out).shares) == 2
    assert len(TOY([numbers], out=out, shown=3).shares) == 3
    assert yaml.safe_load((out / "inputs.yaml").read_text())["shown"] == 3
    assert len(TOY([numbers], out=out, shown=3).shares) == 3
    assert worked == [1.0, 1.0]


def test_a_directory_of_an_earlier_version_goes_on(numbers: Path, tmp_path: Path) -> None:
    """It lacks the setting `powers`, which counts as the default; only another value is refused."""
    out = tmp_path / "run"
    TOY([numbers], out=out)
    for name in ("inputs.yaml", "result.json"):
        document = yaml.safe_load((out / name).read_text())
        del (document if name == "inputs.yaml" else document["provenance"]["settings"])["powers"]
        dumped = yaml.safe_dump(document) if name == "inputs.yaml" else json.dumps(document)
        (out / name).write_text(dumped)
    (out / "seal.json").unlink()  # which an earlier version did not write
    TOY([numbers], out=out)
    assert worked == [1.0]
    assert yaml.safe_load((out / "inputs.yaml").read_text())["powers"] == [1.0, 2.0]
    with pytest.raises(RunDirectoryError, match="powers"):
        TOY([numbers], out=out, powers="1,3")


def test_what_decides_nothing_and_what_was_unsaid_refuse_nobody() -> None:
    found = {"command": "toy", "runs": {"ps": 0.0, "temperature_K": 300.0}, "sha256": "1"}
    wanted = {"command": "toy", "runs": {"ps": 0.0, "temperature_K": 400.0}, "sha256": "1", "labels": "2"}
    document = run_directory.Document(contents=wanted, may_change={"runs.temperature_K"}, unsaid={"labels"})
    assert document.difference(found) is None
    assert document.difference(found, strict=True) == "runs.temperature_K is 300.0 there and 400.0 now"
    assert document.difference(found | {"labels": "3"}) == "labels is '3' there and '2' now"
    assert document.difference(found | {"runs": {"ps": 1.0}}) == "runs.ps is 1.0 there and 0.0 now"


def test_a_file_with_its_hash_goes_by_its_name_wherever_it_lay() -> None:
    def tables(*rows: tuple[str, str]) -> dict:
        return {"tables": [{"file": file, "sha256": digest} for file, digest in rows]}

    document = run_directory.Document(contents=tables(("a.csv", "1"), ("b.csv", "2")))
    assert document.difference(tables(("../given/a.csv", "1"), ("/data/b.csv", "2"))) is None
    assert document.difference(tables(("a.csv", "1"), ("c.csv", "2"))) == (
        "tables[1].file is 'c.csv' there and 'b.csv' now"
    )
    assert document.difference(tables(("a.csv", "3"), ("b.csv", "2"))) == "tables[0].sha256 is '3' there and '1' now"
    hashed = run_directory.Document(contents=tables(("a.csv", "0a" * 32), ("b.csv", "1")))
    assert hashed.difference(tables(("given/a.csv", "0b" * 32), ("b.csv", "1"))) == (
        "a.csv is not the file any more that it was made of"
    )
    assert str(document.difference(tables(("a.csv", "1")))).startswith("tables is a list of 1 there and of 2 now")
    assert str(document.difference({"tables": []})).startswith("tables is []")


def test_the_identity_of_a_run_leaves_out_what_may_change(numbers: Path) -> None:
    known = TOY.identity([numbers])
    assert TOY.identity([numbers], shown=3) == known
    assert TOY.identity([numbers], factor=3) != known


def test_a_value_that_an_earlier_version_wrote_otherwise_goes_on(numbers: Path, tmp_path: Path) -> None:
    """That version wrote the factor as a percentage; the study says how to read it."""

    def of_today(found: Mapping[str, Any]) -> dict[str, Any]:
        factor = found["factor"]
        return {**found, "factor": float(factor[:-1]) / 100 if isinstance(factor, str) else factor}

    out, study = tmp_path / "run", replace(TOY, of_today=of_today)
    study([numbers], out=out, factor=2.0)
    inputs, record = out / "inputs.yaml", out / "result.json"
    inputs.write_text(inputs.read_text().replace("factor: 2.0", "factor: 200%"))
    record.write_text(record.read_text().replace('"factor": 2.0', '"factor": "200%"'))
    (out / "seal.json").unlink()  # which an earlier version did not write
    study([numbers], out=out, factor=2.0)
    assert worked == [2.0]
    with pytest.raises(RunDirectoryError, match="factor"):
        study([numbers], out=out, factor=3.0)


def test_a_file_that_an_earlier_version_kept_by_its_path_goes_on_and_counts_as_changed() -> None:
    now = Document(contents={"list": {"name": "sites.txt", "sha256": "ab"}})
    for before in ({"list": "../sites.txt"}, {"list": {"name": "sites.txt", "sha256": None}}):
        assert now.difference(before) is None
        assert now.difference(before, strict=True) is not None  # so that it is measured again, and the hash is kept
    assert now.difference({"list": "others.txt"}) is not None
    assert now.difference({"list": {"name": "sites.txt", "sha256": "cd"}}) is not None


def test_a_damaged_record_is_made_again(numbers: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    TOY([numbers], out=out)
    text = (out / "result.json").read_text()
    (out / "result.json").write_text(text[: len(text) // 2])
    assert TOY([numbers], out=out).total == 6.0
    assert (out / "result.json").read_text().startswith("{")
    assert worked == [1.0, 1.0]


def test_a_missing_or_older_page_is_drawn_again_without_the_work(numbers: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    TOY([numbers], out=out)
    (out / "report.html").unlink()
    TOY([numbers], out=out)
    assert (out / "report.html").is_file()
    os.utime(out / "report.html", ns=(0, 0))
    TOY([numbers], out=out)
    assert (out / "report.html").stat().st_mtime_ns > 0
    assert worked == [1.0]


@pytest.mark.parametrize("there", [False, True])
def test_bad_input_that_only_the_work_finds_leaves_nothing(numbers: Path, tmp_path: Path, there: bool) -> None:
    out = tmp_path / "run"
    if there:
        out.mkdir()
    with pytest.raises(DataError, match="the work found it"):
        TOY([numbers], out=out, strict=True)
    assert out.exists() is there
    assert not there or list(out.iterdir()) == []
    assert TOY([numbers], out=out).total == 6.0  # the user mends the call: the directory is free


def test_bad_input_of_a_directory_that_holds_results_takes_nothing(numbers: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    TOY([numbers], out=out)
    kept = sorted(path.name for path in out.iterdir())
    numbers.write_text("1 two 3")
    with pytest.raises(DataError, match="no numbers"):
        TOY([numbers], out=out)
    assert sorted(path.name for path in out.iterdir()) == kept


def test_files_of_another_origin_are_refused(numbers: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    (out / "trajectories").mkdir(parents=True)
    with pytest.raises(RunDirectoryError, match=r"holds trajectories and no inputs\.yaml"):
        TOY([numbers], out=out)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunDirectoryError, match="is a file"):
        TOY([numbers], out=tmp_path / "file")
    assert worked == []


def test_a_directory_in_use_is_refused_before_the_work(numbers: Path, tmp_path: Path, monkeypatch) -> None:
    out = tmp_path / "run"
    out.mkdir()
    code = (
        "import sys, time; from pathlib import Path; from paddlewheel.execution import DriverLock\n"
        "with DriverLock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()\n"
    )
    import subprocess

    with subprocess.Popen([sys.executable, "-c", code, str(out)], stdin=-1, stdout=-1, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RunDirectoryError, match="another paddlewheel works here"):
            TOY([numbers], out=out)
        holder.communicate("")
    assert worked == []
    assert TOY([numbers], out=out).total == 6.0


def test_an_interrupt_leaves_a_directory_that_goes_on(numbers: Path, tmp_path: Path, monkeypatch) -> None:
    out = tmp_path / "run"

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("paddlewheel.study.run.write_table", interrupted)
        with pytest.raises(KeyboardInterrupt):
            TOY([numbers], out=out)
    assert (out / "inputs.yaml").is_file()
    assert not (out / "result.json").exists()
    assert not (out / "driver.json").exists()
    assert TOY([numbers], out=out).total == 6.0


def test_a_full_disk_is_one_line_and_leaves_the_old_record(numbers: Path, tmp_path: Path, monkeypatch) -> None:
    out = tmp_path / "run"
    TOY([numbers], out=out)
    kept = (out / "result.json").read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("paddlewheel.records.atomic.os.replace", full)
        with pytest.raises(RunDirectoryError, match="free some space") as told:
            TOY([numbers], out=out, again=True)
    assert "\n" not in str(told.value)
    assert (out / "result.json").read_bytes() == kept
    assert not list(out.glob(".*.tmp"))


def test_a_forecast_writes_nothing_and_says_what_is_there(numbers: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert TOY.forecast([numbers], out=out).state == "is free"
    assert not out.exists()
    TOY([numbers], out=out)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert "is finished" in TOY.forecast([numbers], out=out).state
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    with pytest.raises(RunDirectoryError, match="factor"):
        TOY.forecast([numbers], out=out, factor=3)
    assert worked == [1.0]


def test_what_finished_units_took_is_not_forecast_again(tmp_path: Path) -> None:
    forecast = Forecast.of_units({"a": 3.0, "b": 1.0, "c": 1.0}, cores=2, n_atoms=8)
    assert (forecast.n_units, forecast.core_hours, forecast.wall_hours) == (3, 5.0, 3.0)
    for name, file in (("a", "result.json"), ("b", "checkpoint.npz")):
        (tmp_path / "units" / name).mkdir(parents=True)
        (tmp_path / "units" / name / file).write_text("{}")
    there = forecast.of_directory(tmp_path, begun=True, finished=False)
    assert (there.n_finished, there.n_begun, there.core_hours, there.wall_hours) == (1, 1, 2.0, 1.0)
    assert "units of work: 3, the largest of 8 atoms, 1 of them finished, 1 begun" in there.lines()
    assert json.loads(json.dumps(there.document()))["n_finished"] == 1


def test_a_start_is_tried_before_the_directory_is_made_and_not_again(numbers: Path, tmp_path: Path) -> None:
    out, tried = tmp_path / "run", []

    def tries(inputs: toy.ToyInputs, settings: ToySettings) -> None:
        tried.append(out.exists())
        if settings.factor > 4:
            raise DataError("cannot start", where="numbers", remedy="be kinder")

    study = replace(TOY, tries=tries)
    with pytest.raises(DataError, match="cannot start"):
        study([numbers], out=out, factor=5)
    assert not out.exists()
    study([numbers], out=out)
    study([numbers], out=out)
    assert tried == [False, False]


def test_a_record_made_without_a_unit_is_made_again(numbers: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    TOY([numbers], out=out)
    unit = Unit("one", {"n": 1}, out)
    unit.prepare()
    TOY([numbers], out=out)
    unit.write_result({"status": "done"})
    TOY([numbers], out=out)
    assert worked == [1.0, 1.0]


def test_arrays_and_numbers_of_numpy_are_numbers() -> None:
    chosen = ToySettings.of(factor=np.float32(2.5), powers=np.array([1, 3]), shown=np.int64(4))
    assert (chosen.factor, chosen.powers, chosen.shown) == (2.5, (1.0, 3.0), 4)
    assert json.dumps(chosen.document())


def test_settings_of_the_study_itself_are_listed_first() -> None:
    class Less(ToySettings):
        steps: int = setting(1, "Steps")

    assert setting_names(Less) == ["steps", *ToySettings.model_fields]


def test_arguments_by_name_and_by_place(numbers: Path) -> None:
    assert TOY(files=[numbers]).total == TOY([numbers]).total
    with pytest.raises(TypeError, match="toy"):
        TOY()
    with pytest.raises(TypeError, match=r"no setting 'factr'; did you mean factor"):
        TOY([numbers], factr=2)


def test_signature_and_documentation_come_from_the_settings() -> None:
    signature, text = TOY.signature(), TOY.documentation("Sums.")
    assert list(signature.parameters)[:2] == ["files", "factor"]
    assert signature.parameters["factor"].default == 1.0
    assert signature.return_annotation is ToyRecord
    assert "What the sum is multiplied by" in text
    assert text.startswith("Sums.")


def test_the_lock_is_held_while_the_work_goes_on(numbers: Path, tmp_path: Path, monkeypatch) -> None:
    out, seen = tmp_path / "run", []
    original = toy.Run.table

    def look(self: object, name: str, columns: object) -> str:
        seen.append(((out / "driver.json").exists(), (out / "inputs.yaml").exists()))
        return original(self, name, columns)  # type: ignore[arg-type]

    monkeypatch.setattr(toy.Run, "table", look)
    TOY([numbers], out=out)
    assert seen == [(True, True)]


def test_two_starts_at_once_agree_on_the_inputs(numbers: Path, tmp_path: Path, monkeypatch) -> None:
    """A directory that another process claims between our look and our lock is looked at again under the lock."""
    out = tmp_path / "run"
    original = DriverLock.__enter__

    def slow(self: DriverLock) -> DriverLock:
        monkeypatch.setattr(DriverLock, "__enter__", original)
        TOY([numbers], out=out, factor=7)  # the other process
        return original(self)

    monkeypatch.setattr(DriverLock, "__enter__", slow)
    with pytest.raises(RunDirectoryError, match="factor"):
        TOY([numbers], out=out)
    assert worked == [7.0]
    assert run_directory.read_inputs(out)["factor"] == 7.0


def test_settings_are_checked_in_one_line_each() -> None:
    for given, told in (
        ({"factor": 0}, "factor: 0 is not above 0"),
        ({"factor": float("nan")}, "factor: nan is no finite number"),
        ({"factor": "x"}, "factor: 'x' is no number"),
        ({"powers": "1,b"}, "powers: '1,b' is no list of numbers; write 600,700,800"),
        ({"shown": 1.5}, "shown: 1.5 is no integer"),
        ({"label_K": -1}, "label_K: -1 is not at least 0"),
    ):
        with pytest.raises(SettingsError) as error:
            ToySettings.of(**given)
        assert str(error.value).startswith(told), str(error.value)


def test_settings_may_be_given_as_an_object_of_what_they_derive_from() -> None:
    class Wider(ToySettings):
        toy: ToySettings | None = setting(None, "All of the toy's at once", on_command_line=False, in_document=False)
        wide_A: float = setting(1.0, "Another", aliases=("width",))

    part = ToySettings(factor=2, powers="1,3")
    chosen = Wider(toy=part, width=5, powers="7")  # what is given by its own name counts
    assert (chosen.factor, chosen.powers, chosen.wide_A, chosen.toy) == (2.0, (7.0,), 5.0, None)
    assert Wider.of(toy=part) == Wider(factor=2, powers=(1, 3))
    with pytest.raises(SettingsError, match="factor: 0 is not above 0"):
        ToySettings(factor=0)
    with pytest.raises(TypeError, match="did you mean factor"):
        Wider(factors=1)


def test_a_record_is_what_it_says_wherever_it_lies(numbers: Path, tmp_path: Path) -> None:
    record = TOY([numbers], out=tmp_path / "run")
    assert record == TOY.read(tmp_path / "run")
    assert record == ToyRecord.model_validate_json((tmp_path / "run" / "result.json").read_text())
    assert record != TOY([numbers], factor=2)
