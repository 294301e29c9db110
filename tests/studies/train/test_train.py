"""`train`: bad input by its line before anything is written; the split; and the whole command on a small case."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from labelled_alloys import alloy_frames
from paddlewheel import load_potential, train
from paddlewheel.errors import DatasetError, InputError, PotentialError, RunDirectoryError, SettingsError
from paddlewheel.studies.train import plan as train_plan
from paddlewheel.training import write_dataset

HAS_MATGL = importlib.util.find_spec("matgl") is not None
needs_matgl = pytest.mark.skipif(not HAS_MATGL, reason="matgl absent: pip install 'paddlewheel[train]'")
PAPER = "data/potentials/M3GNet-r2SCAN-NaBH"


@pytest.fixture
def any_trainer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether matgl is installed is not what the test is about."""
    monkeypatch.setattr(train_plan, "check_trainer", lambda: None)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def _write(n: int = 20, *, name: str = "alloys", functional: str = "EMT", seed: int = 0) -> Path:
        path = tmp_path / f"{name}.extxyz"
        write_dataset(path, alloy_frames(n, seed=seed), engine="ase EMT", functional=functional)
        return path

    return _write


def refused(out: Path, kind: type[InputError], message: str, *datasets: Path, **settings: Any) -> None:
    """The call fails with that line and leaves nothing behind."""
    with pytest.raises(kind, match=message):
        train(datasets, out=out, **settings)
    assert not out.exists()


@pytest.mark.usefixtures("any_trainer")
class TestRefusals:
    def test_settings_out_of_range(self, write: Callable[..., Path], tmp_path: Path) -> None:
        data, out = write(), tmp_path / "out"
        refused(out, SettingsError, "epochs: 0 is not at least 1", data, epochs=0)
        refused(out, SettingsError, "three_body_cutoff_A 6 is beyond cutoff_A 5", data, three_body_cutoff_A=6.0)
        refused(out, SettingsError, "train_fraction: 1.0 is not below 1", data, train_fraction=1.0)
        refused(out, SettingsError, "train_fraction 0.1 and validation_fraction 0.1", data, train_fraction=0.1)
        refused(out, SettingsError, "elements are Cu, Xx", data, elements=["Cu", "Xx"])

    def test_frames_of_two_functionals(self, write: Callable[..., Path], tmp_path: Path) -> None:
        one, other = write(), write(name="other", functional="PBE", seed=9)
        refused(tmp_path / "out", DatasetError, "data sets of different functionals: EMT, PBE", one, other)

    def test_too_few_frames(self, write: Callable[..., Path], tmp_path: Path) -> None:
        refused(tmp_path / "out", DatasetError, "9 frames are too few .* give 10 or more", write(9))

    def test_an_element_without_frames(self, write: Callable[..., Path], tmp_path: Path) -> None:
        out, data = tmp_path / "out", write()
        refused(out, DatasetError, "the training part: has no frame with Ni", data, elements=["Cu", "Al", "Ni"])
        refused(out, DatasetError, "has frames with Al, which the elements asked for lack", data, elements=["Cu"])

    def test_missing_stress(self, tmp_path: Path) -> None:
        path = tmp_path / "bare.extxyz"
        atoms = alloy_frames(1)[0]
        results = {key: value for key, value in atoms.calc.results.items() if key != "stress"}
        atoms.calc = SinglePointCalculator(atoms, **results)
        atoms.write(path)
        card = {"engine": "EMT", "functional": "EMT", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        path.with_suffix(".card.json").write_text(json.dumps(card))
        refused(tmp_path / "out", DatasetError, "frame 0: has no stress", path)

    def test_a_checkpoint_that_lacks_the_elements_or_has_other_cutoffs(
        self, shared: Path, write: Callable[..., Path], tmp_path: Path
    ) -> None:
        pytest.importorskip("torch")
        data, out, paper = write(), tmp_path / "out", shared / PAPER
        message = "the checkpoint to start from does not know Al, Cu; it has H, B, Na"
        refused(out, PotentialError, message, data, start_from=paper)
        refused(out, SettingsError, "cutoff_A is 6.0, the checkpoint to start from has 5.0", data, start_from=paper,
                cutoff_A=6.0)  # fmt: skip
        refused(out, PotentialError, "is a ase potential, which matgl cannot train on", data,
                start_from="ase:ase.calculators.emt:EMT")  # fmt: skip

    def test_the_random_split_is_the_papers_and_says_what_it_is(self, write: Callable[..., Path]) -> None:
        plan = train_plan.plan_train([write(40)], train_plan.TrainSettings(split="random"))
        assert plan.how == "random"
        assert any("neighbours of fitted frames" in text for text in plan.warnings)
        # 80, 10 and 10 %: the paper's card has 4476 and 560 of 5595
        assert {name: len(part) for name, part in plan.parts.items()} == {"train": 32, "validation": 4, "test": 4}
        positions = [atoms.positions.tobytes() for part in plan.parts.values() for atoms in part.frames]
        assert len(set(positions)) == 40


def test_runs_of_before_were_split_at_random() -> None:
    old = {"split": {"train_fraction": 0.9, "validation_fraction": 0.1}}
    assert train_plan.of_today(old)["split"] == {"by": "random"} | old["split"]
    new = {"split": {"by": "source"} | old["split"]}
    assert train_plan.of_today(new) == new


def test_without_matgl_the_extra_is_named(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "matgl" else found(name))
    refused(tmp_path / "out", SettingsError, r"train needs .*matgl; pip install 'paddlewheel\[train\]'", write())


@needs_matgl
@pytest.mark.slow
def test_the_whole_command(write: Callable[..., Path], tmp_path: Path) -> None:
    """Ten epochs from nothing, then fine-tuning of what came out; both read back, with a record and a report."""
    data, out = write(), tmp_path / "run"
    settings: dict[str, Any] = {"epochs": 10, "batch_size": 4, "learning_rate": 5e-3, "loss": "mse", "use_smooth": True}
    record = train(data, out=out, **settings)
    assert (record.kind, record.elements, record.functional) == ("training", ["Al", "Cu"], "EMT")
    assert record.conventions["node_sum"] == "source"
    assert record.engine_agreement.force_eV_per_A < 1e-5  # the number
    assert [row.part for row in record.errors] == ["train", "validation", "test"]
    rows = (out / "progress.csv").read_text().splitlines()
    assert len(rows) == 11
    losses = [float(row.split(",")[rows[0].split(",").index("validation_loss")]) for row in rows[1:]]
    assert record.best_epoch == int(np.argmin(losses))
    assert json.loads((out / "result.json").read_text())["schema_version"] == 1
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "rmse" in report
    assert "<script" not in report

    atoms: Atoms = alloy_frames(1, seed=5)[0].copy()
    atoms.calc = load_potential(out / "potential")
    assert np.isfinite(atoms.get_forces()).all()
    # the errors in the record are those of the potential on disk
    test = np.load(out / "parity/test.npz")["forces_eV_per_A"]
    assert np.abs(test[:, 1] - test[:, 0]).mean() == pytest.approx(
        record.errors_on("test").force_mae_eV_per_A, rel=1e-5
    )

    # those of the sources, weighted by their frames, are those of the whole
    rows = record.errors_by_source
    assert record.split == "block"
    assert sum(row.n_frames for row in rows) == record.errors_on("test").n_frames
    weighted = sum(row.n_frames * row.energy_mae_meV_per_atom for row in rows) / sum(row.n_frames for row in rows)
    assert weighted == pytest.approx(record.errors_on("test").energy_mae_meV_per_atom)
    assert "Test frames by what they come from" in report

    assert train(data, out=out, **settings) == record  # finished: nothing is trained again
    with pytest.raises(RunDirectoryError, match=r"fit\.epochs is 10 there and 11 now"):
        train(data, out=out, **settings | {"epochs": 11})

    forecast = train.study.forecast(data, out=tmp_path / "other", **settings)
    assert forecast.n_units == 1
    # the fit itself took so long of the clock; a machine that is busy with other things is slower by a few times
    assert 0 < 3600 * forecast.core_hours < 3 * record.seconds
    assert not (tmp_path / "other").exists()

    tuned = train(data, out=tmp_path / "tuned", start_from=out / "potential", epochs=2, batch_size=4)
    assert tuned.start_from == "potential"
    assert tuned.provenance.settings["fit"]["use_smooth"] is True
    assert tuned.provenance.settings["fit"]["learning_rate"] == 1e-4
    # two gentle epochs on the same frames do not undo ten
    assert tuned.errors_on("train").force_mae_eV_per_A < 1.5 * record.errors_on("train").force_mae_eV_per_A
