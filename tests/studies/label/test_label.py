"""`label` end to end: labels of any potential, frames refused by name, bad input before anything is written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write

from paddlewheel import label, load
from paddlewheel.cli.main import run as command
from paddlewheel.errors import DatasetError, InputError, RunDirectoryError, ScienceError
from paddlewheel.execution import DriverWatch
from paddlewheel.studies.label import labelled_set
from paddlewheel.studies.simulation.frame_units import label_units, run_label_unit, unit_labels
from paddlewheel.training import read_dataset

EMT_NAME = "ase:ase.calculators.emt:EMT"
POTENTIAL = {"name": EMT_NAME, "three_body": "parent", "device": "cpu", "dtype": "float32"}


def frames(n: int) -> list[Atoms]:
    """Rattled copper with labels that are plainly wrong: they have to be left aside."""
    rng = np.random.default_rng(1)
    made = []
    for number in range(n):
        atoms = bulk("Cu", cubic=True)
        atoms.rattle(0.05, rng=rng)
        atoms.info = {"source": f"by hand {number}"}
        atoms.calc = SinglePointCalculator(atoms, energy=0.0, forces=np.zeros((4, 3)), stress=np.zeros(6))
        made.append(atoms)
    return made


def overlapping() -> Atoms:
    atoms = bulk("Cu", cubic=True)
    atoms.positions[1] = atoms.positions[0] + [0.3, 0.0, 0.0]
    atoms.info = {"source": "on top of each other"}
    return atoms


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 frames in two units, one of them impossible."""
    directory = tmp_path_factory.mktemp("label")
    write(directory / "frames.extxyz", [*frames(59), overlapping()])
    label(directory / "frames.extxyz", potential=EMT_NAME, functional="none", out=directory / "run", cores=1)
    return directory / "run"


def test_labels_are_the_potential_s(run):
    dataset = read_dataset(run / "dataset.extxyz")
    assert len(dataset) == 59
    assert dataset.card.engine.startswith(EMT_NAME)
    for frame in dataset.frames:
        again = frame.copy()
        again.calc = EMT()
        assert frame.get_potential_energy() == pytest.approx(again.get_potential_energy(), abs=1e-6)
        np.testing.assert_allclose(frame.get_forces(), again.get_forces(), atol=1e-6)


def test_impossible_frame_is_refused_by_name(run):
    record = load(run)
    assert [(one.frame, one.source) for one in record.refused] == [(59, "on top of each other")]
    assert "force of" in record.refused[0].reason
    assert record.warnings == ["1 of 60 frames were refused"]
    assert "on top of each other" in (run / "report.html").read_text()


def test_other_frames_in_the_directory_are_refused(run):
    with pytest.raises(RunDirectoryError, match=r"frames\.name is 'frames\.extxyz' there"):
        label(frames(5), potential=EMT_NAME, functional="none", out=run)


def test_directory_of_another_release_goes_on_without_work(run, monkeypatch):
    """The release is no part of what decides the labels; paddlewheel 0.1 wrote it into the engine all the same."""
    inputs = yaml.safe_load((run / "inputs.yaml").read_text())
    assert inputs["engine"] == EMT_NAME
    monkeypatch.setattr(labelled_set, "__version__", "0.9.0")
    monkeypatch.setattr(EMT, "calculate", lambda *_, **__: pytest.fail("it was labelled again"))
    record = json.loads((run / "result.json").read_text())
    record["provenance"]["settings"]["engine"] = inputs["engine"] = f"{EMT_NAME} (paddlewheel 0.1)"
    (run / "result.json").write_text(json.dumps(record))
    (run / "seal.json").unlink()  # which an earlier version did not write
    (run / "inputs.yaml").write_text(yaml.safe_dump(inputs))
    again = label(run.parent / "frames.extxyz", potential=EMT_NAME, functional="none", out=run, cores=1)
    assert again.dataset.engine == f"{EMT_NAME} (paddlewheel 0.1)"


@pytest.mark.parametrize(
    ("engine", "decides"),
    [
        ("m3gnet-nabh-r2scan (three_body parent, paddlewheel 0.1)", "m3gnet-nabh-r2scan (three_body parent)"),
        ("nep.txt 0123456789ab (paddlewheel 0.1)", "nep.txt 0123456789ab"),
        ("m3gnet-mp-2021 (three_body as_trained)", "m3gnet-mp-2021 (three_body as_trained)"),
    ],
)
def test_release_is_taken_off_an_engine(engine, decides):
    assert labelled_set.without_release(engine) == decides


def test_forecast_measures_and_writes_nothing(tmp_path):
    forecast = label.study.forecast(frames(60), potential=EMT_NAME, functional="none", out=tmp_path / "run")
    assert (forecast.n_units, forecast.n_atoms) == (2, 4)
    assert 0 < forecast.core_hours < 0.01
    assert not list(tmp_path.iterdir())


class Patience(DriverWatch):
    """Asks for a stop at the `looks`-th look."""

    def __init__(self, looks: float) -> None:
        self.looks = looks

    def should_stop(self) -> bool:
        self.looks -= 1
        return self.looks <= 0


def test_unit_that_was_stopped_goes_on_where_it_was(tmp_path, monkeypatch):
    """Stopped after 7 frames of 20, it computes the other 13, and all are equal to those of an unbroken unit."""
    from paddlewheel.potentials import identify_potential

    potential = POTENTIAL | {"identity": identify_potential(EMT_NAME)}
    [stopped], [whole] = (label_units(frames(20), potential=potential, directory=tmp_path / name) for name in "ab")
    assert not run_label_unit(stopped, Patience(7), 1)
    assert stopped.result() is None
    assert stopped.progress()["done"] == 7
    computed = []
    monkeypatch.setattr(EMT, "calculate", _counting(EMT.calculate, computed))
    assert run_label_unit(stopped, Patience(np.inf), 1)
    assert len(computed) == 13
    assert run_label_unit(whole, Patience(np.inf), 1)
    for (energy, forces, stress), (energy_b, forces_b, stress_b) in zip(
        unit_labels(stopped), unit_labels(whole), strict=True
    ):
        # ASE's EMT adds up its neighbours in an order that depends on the frames before: rounding of a few eV
        assert energy == pytest.approx(energy_b, abs=1e-12)
        np.testing.assert_allclose(forces, forces_b, atol=1e-12)
        np.testing.assert_allclose(stress, stress_b, atol=1e-12)


def _counting(function, calls: list):
    def counted(self, *args, **kwargs):
        calls.append(1)
        return function(self, *args, **kwargs)

    return counted


def test_set_without_a_good_frame_is_a_failure_of_the_science(tmp_path):
    with pytest.raises(ScienceError, match="every frame was refused"):
        label([overlapping()], potential=EMT_NAME, functional="none", out=tmp_path / "run", cores=1)
    assert not (tmp_path / "run" / "result.json").exists()


@pytest.mark.parametrize(
    ("change", "error", "named"),
    [
        ({"functional": None}, InputError, "give --functional"),
        ({"potential": None}, InputError, "potential: none named"),
        ({"potential": "m3gnet-nabh-r2scan"}, InputError, "does not know Cu"),
        ({"potential": "m3gnet-mp-2021", "functional": "PBE0"}, InputError, "PBE0 was given"),
    ],
)
def test_bad_input_leaves_nothing_behind(tmp_path, change, error, named):
    settings = {"potential": EMT_NAME, "functional": "none"} | change
    with pytest.raises(error, match=named):
        label(frames(2), out=tmp_path / "run", **settings)
    assert not (tmp_path / "run").exists()


def test_frames_that_no_potential_can_label_are_refused(tmp_path):
    bad = frames(3)
    bad[1].positions[0, 0] = np.nan
    with pytest.raises(DatasetError, match="frame 1: has positions or a cell that are not finite"):
        label(bad, potential=EMT_NAME, functional="none", out=tmp_path / "run")
    with pytest.raises(DatasetError, match="frame 0: has no atoms or is not periodic"):
        label([Atoms("Cu")], potential=EMT_NAME, functional="none", out=tmp_path / "run")


@pytest.mark.parametrize(
    ("name", "content"), [("none.extxyz", None), ("empty.extxyz", ""), ("junk.extxyz", "no\nframes\n"), ("a.xyz9", "?")]
)
def test_command_tells_a_bad_file_in_one_line(tmp_path, capsys, name, content):
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(SystemExit) as stop:
        command(["label", str(path), "--out", str(tmp_path / "run")])
    assert stop.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert name in err
    assert not (tmp_path / "run").exists()


def test_command_writes_its_record_alone_to_stdout(tmp_path, capfd):
    write(tmp_path / "frames.extxyz", frames(3))
    with pytest.raises(SystemExit) as stop:
        command(
            ["label", str(tmp_path / "frames.extxyz"), "--potential", EMT_NAME, "--functional", "none", "--cores", "1",
             "--json", "--out", str(tmp_path / "run")]
        )  # fmt: skip
    assert stop.value.code == 0
    out = capfd.readouterr().out
    assert json.loads(out) == json.loads((tmp_path / "run" / "result.json").read_text())
