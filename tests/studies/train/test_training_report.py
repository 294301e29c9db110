"""The report of a training run, from documents written by hand."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from paddlewheel.errors import InputError
from paddlewheel.page.write import write_report
from paddlewheel.records import Provenance, write_record
from paddlewheel.records.base import read_record
from paddlewheel.records.tables import Beside
from paddlewheel.studies.train.page import errors_table, figures, page
from paddlewheel.studies.train.record import EngineAgreement, TrainingData, TrainingErrors, TrainingRecord

PARTS = ("train", "validation", "test")


def error_row(part: str, scale: float) -> TrainingErrors:
    return TrainingErrors(
        part=part,  # pyright: ignore[reportArgumentType]
        n_frames=10,
        energy_mae_meV_per_atom=20.96 * scale,
        energy_rmse_meV_per_atom=30.0,
        force_mae_eV_per_A=0.15 * scale,
        force_rmse_eV_per_A=0.2,
        stress_mae_meV_per_A3=1.54 * scale,
        stress_rmse_meV_per_A3=2.0,
        stress_mae_GPa=0.2467 * scale,
        stress_rmse_GPa=0.32,
        parity_file=f"parity/{part}.npz",
    )


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run directory with everything the report reads."""
    record = TrainingRecord(
        potential="potential",
        potential_sha256={"model.json": "0" * 64, "state.pt": "1" * 64},
        conventions={"node_sum": "source", "triplet_index": "parent", "written_by": "paddlewheel"},
        elements=["Na", "B", "H"],
        element_references_eV={"Na": -0.53, "B": -7.1, "H": -4.8},
        n_parameters=282657,
        datasets=[TrainingData(name="<nabh>.extxyz", sha256="2" * 64, engine="vasp", functional="r2SCAN", n_frames=30)],
        engine="vasp",
        functional="r2SCAN",
        epochs=3,
        best_epoch=1,
        progress_file="progress.csv",
        errors=[error_row(part, scale) for part, scale in zip(PARTS, (1.0, 1.1, 1.2), strict=True)],
        engine_agreement=EngineAgreement(
            n_frames=3, energy_meV_per_atom=1e-6, force_eV_per_A=2e-7, stress_meV_per_A3=0
        ),
        seconds=12.0,
        warnings=["give a lower --learning-rate"],
        provenance=Provenance(
            paddlewheel_version="0", created_utc="2026-11-22T00:00:00+00:00", versions={}, settings={"fit": {"seed": 1}}
        ),
    )
    write_record(record, tmp_path / "result.json")
    quantities = ("loss", "energy_mae_eV_per_atom", "force_mae_eV_per_A", "stress_mae_GPa")
    names = ["epoch", *(f"{part}_{name}" for part in ("train", "validation") for name in quantities)]
    lines = [",".join(names)] + [",".join([str(epoch), *["0.5"] * 8]) for epoch in range(3)]
    (tmp_path / "progress.csv").write_text("\n".join(lines))
    (tmp_path / "parity").mkdir()
    rng = np.random.default_rng(0)
    for part in PARTS:
        np.savez(
            tmp_path / f"parity/{part}.npz",
            energy_eV_per_atom=rng.normal(size=(10, 2)),
            forces_eV_per_A=rng.normal(size=(900, 2)),
            stress_eV_per_A3=rng.normal(size=(90, 2)),
        )
    return tmp_path


def draw(run: Path) -> str:
    """The report of a run directory, written anew from what is there."""
    record = read_record(run / "result.json", TrainingRecord, made_by="train")
    record.lies_beside(Beside(run))
    return write_report(record, figures, page).read_text(encoding="utf-8")


def test_the_page_holds_the_numbers_and_fetches_nothing(run: Path) -> None:
    html = draw(run)
    assert re.search(r'<dt>Forces</dt>\s*<dd><span class="value">0.180</span>', html)  # the test row: 0.15 * 1.2
    assert "&lt;nabh&gt;.extxyz" in html  # names of files are text, not markup
    assert "epoch 2 of 3" in html
    links = re.findall(r'(?:href|src)="(?!#|https://doi\.org/|data:)([^"]*)"', html)
    assert not links
    assert {path.name for path in (run / "figures").iterdir()} == {
        f"{name}.{kind}" for name in ("curves", "parity") for kind in ("pdf", "png", "svg")
    }


def test_the_table_is_in_the_layout_of_the_paper_with_its_numbers_below(run: Path) -> None:
    record = read_record(run / "result.json", TrainingRecord, made_by="train")
    table = errors_table(record)
    assert [unit for _, unit in table.columns] == ["", "", "meV/atom", "eV/Å", "meV/Å³", "GPa"]
    assert [[cell.text for cell in row] for row in table.rows][3:] == [
        ["paper, train", "–", "20.96", "0.15", "1.54", "0.25"],
        ["paper, test", "–", "30.20", "0.16", "1.80", "0.29"],
    ]
    other = record.model_copy(update={"elements": ["Li", "S"]})
    assert len(errors_table(other).rows) == 3  # another chemistry: the paper's numbers say nothing


@pytest.mark.parametrize("name", ["progress.csv", "parity/test.npz", "result.json"])
def test_a_damaged_file_is_named(run: Path, name: str) -> None:
    (run / name).write_text("nonsense")
    with pytest.raises(InputError, match=re.escape(name)):
        draw(run)
