"""What a study may declare beside settings: numbers with errors, a text to print, parts with records of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import pytest
import toy
from pydantic import Field
from toy import TOY, ToyRecord, worked

from paddlewheel.errors import SettingsError
from paddlewheel.records import Measured
from paddlewheel.study.forecast import in_words
from paddlewheel.study.settings import Integers, NamedColumns, Quantity, Settings, setting
from paddlewheel.study.study import Printed


@pytest.fixture(autouse=True)
def _no_work_yet() -> None:
    worked.clear()


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.txt"
    path.write_text("1 2 3")
    return path


class LabSettings(Settings):
    """Numbers with errors, integers, columns and choices."""

    sigma: Quantity | None = setting(None, "Conductivity")
    shift: Annotated[Quantity, Field(validate_default=True)] = setting(0.0, "Shift")
    cycles: Integers | None = setting(None, "Cycles")
    columns: NamedColumns | None = setting(None, "Columns")
    working: Literal["cathode", "anode"] = setting("cathode", "Working electrode")


def test_numbers_may_carry_their_error() -> None:
    by_text, by_value = LabSettings.of(sigma="4.6,0.1"), LabSettings.of(sigma=Measured(value=4.6, std=0.1))
    assert by_text == by_value
    assert by_text.document()["sigma"] == {"value": 4.6, "std": 0.1}
    assert LabSettings.of(sigma=3).sigma == Measured(value=3.0, std=0.0)
    assert LabSettings.of().shift == Measured(value=0.0, std=0.0)
    signature = replace(TOY, settings=LabSettings).signature()
    assert signature.parameters["sigma"].annotation == Measured | None  # without what parses it
    for given, told in (
        ({"sigma": "4,-1"}, "sigma: '4,-1' is no number with its error; give a value, or value,std"),
        ({"sigma": "1,2,3"}, "sigma: '1,2,3' is no number with its error"),
        ({"shift": "inf"}, "shift: inf is no finite number"),
        ({"cycles": "1.5"}, "cycles: '1.5' is no list of integers; write 1,2,50"),
        ({"columns": "time_s"}, "columns: 'time_s' is no list of field=column; write time_s=t"),
        ({"working": "both"}, "working: 'both' is not cathode or anode"),
    ):
        with pytest.raises(SettingsError) as error:
            LabSettings.of(**given)
        assert str(error.value).startswith(told), str(error.value)


def test_a_part_has_its_own_folder_record_and_page(numbers: Path, tmp_path: Path) -> None:
    def in_parts(inputs: toy.ToyInputs, settings: toy.ToySettings, run: toy.Run) -> ToyRecord:
        first = run.part("parts/first", {"of": "first"})
        run.keep(first, TOY.measures(inputs, settings, first))
        return TOY.measures(inputs, settings, run)

    study = replace(TOY, measures=in_parts)
    study([numbers], out=tmp_path / "run")
    for folder in (tmp_path / "run", tmp_path / "run" / "parts" / "first"):
        assert {"result.json", "report.html", "values.csv", "figures"} <= {path.name for path in folder.iterdir()}
    part = study.read(tmp_path / "run" / "parts" / "first")
    assert part is not None
    assert part.provenance.settings == {"command": "toy", "of": "first"}
    study([numbers])  # nor does it need a directory
    assert len(list(tmp_path.iterdir())) == 2


def test_an_option_may_print_a_text_and_nothing_is_run(capsys: pytest.CaptureFixture) -> None:
    import typer

    from paddlewheel.cli import commands

    printed = Printed(option="--template", help="Print one.", text=lambda: "a: 1\n")
    app = typer.Typer()
    app.command("toy")(commands._function(replace(TOY, prints=(printed,))))
    assert app(args=["--template"], standalone_mode=False) == 0
    assert capsys.readouterr().out == "a: 1\n"
    assert worked == []


def test_a_study_of_nothing_named_has_a_directory() -> None:
    named = replace(TOY, arguments=(replace(TOY.arguments[0], absent="ours"),))
    assert named.default_directory([[]]) == named.default_directory([None]) == Path("toy-ours")
    assert named.default_directory([["in/a.txt"]]) == Path("toy-a")
    assert TOY.default_directory([None]) == Path("toy")


def test_a_forecast_tells_what_was_read_and_resolved(numbers: Path) -> None:
    told = dict(TOY.forecast([numbers], label_K=300).inputs)
    assert told["factor"] == "1"
    assert told["powers"] == "1, 2"
    assert "sha256" not in told
    files = [{"file": f"{k}.csv", "rows_sha256": "0"} for k in range(9)]
    contents = {"command": "dc", "sample": None, "sigma": {"value": 4.6, "std": 0.1}, "tests": files}
    assert in_words(contents) == (
        ("sigma", "4.6 +- 0.1"),
        ("tests", "0.csv, 1.csv, 2.csv, 3.csv, 4.csv, 5.csv, 6.csv, 7.csv, ... (9)"),
    )
