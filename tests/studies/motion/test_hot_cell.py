"""Runs begun or finished with the barostat of before, whose cell was too hot, are told from those of today."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from paddlewheel.dynamics import MDSettings
from paddlewheel.dynamics.settings import Barostat
from paddlewheel.execution import Unit
from paddlewheel.potentials import identify_potential
from paddlewheel.studies.motion.given import GivenRun, open_given
from paddlewheel.studies.motion.touched import has_hot_cell, md_damage
from paddlewheel.studies.simulation.md_unit import md_unit, run_md_unit


class Watch:
    """A driver that asks to stop after some looks."""

    def __init__(self, looks: int) -> None:
        self._looks = looks

    def should_stop(self) -> bool:
        self._looks -= 1
        return self._looks < 0


def _unit(folder: Path, *, steps: int, barostat: Barostat = "mtk") -> Unit:
    """Copper in NPT by EMT, 30 steps long, of which so many are run."""
    name = "ase:ase.calculators.emt:EMT"
    potential = {
        "name": name, "identity": identify_potential(name), "three_body": "parent", "device": "cpu", "dtype": "float32",
    }  # fmt: skip
    settings = MDSettings(
        ensemble="npt", temperature_K=300.0, timestep_fs=2.0, equilibrate_ps=0.02, production_ps=0.04, barostat=barostat
    )
    unit = md_unit(
        name="T=300K_r0", atoms=bulk("Cu", cubic=True) * (2, 2, 2), mobile="Cu", potential=potential,
        settings=settings, replica=0, directory=folder,
    )  # fmt: skip
    unit.prepare()
    run_md_unit(unit, Watch(steps), 1)  # type: ignore[arg-type]
    return unit


def _as_of_before(unit: Unit) -> None:
    """Take the number of degrees out of its checkpoint, as earlier versions wrote it."""
    with np.load(unit.folder / "checkpoint.npz") as stored:
        arrays = {name: stored[name] for name in stored.files if name != "cell_degrees"}
    np.savez(unit.folder / "checkpoint.npz", allow_pickle=False, **arrays)


def test_a_run_begun_with_the_hot_cell_is_not_continued(tmp_path: Path) -> None:
    unit = _unit(tmp_path, steps=12)
    assert md_damage(unit) is None
    _as_of_before(unit)
    trouble = md_damage(unit)
    assert trouble is not None
    assert "1.5 T" in trouble
    assert "begun" in trouble


def test_a_run_finished_with_the_hot_cell_is_read_and_said(tmp_path: Path) -> None:
    unit = _unit(tmp_path / "run", steps=1000)
    (tmp_path / "run/inputs.yaml").write_text("command: conduct\n")
    result = unit.result()
    assert result is not None
    assert result["cell_degrees"] == 6
    assert _note(unit.run_directory) is None
    (unit.folder / "result.json").unlink()
    before = {key: value for key, value in result.items() if key != "cell_degrees"}
    unit.write_result(before, files=[tmp_path / "run/trajectories/T=300K_r0.zarr"])
    assert "1.5 T" in str(_note(unit.run_directory))


def _note(directory: Path) -> str | None:
    (run,) = open_given(directory).runs
    assert isinstance(run, GivenRun)
    return run.note


@pytest.mark.parametrize(("ensemble", "barostat", "hot"), [("npt", "mtk", True), ("npt", "rescaling", False)])
def test_only_the_barostat_that_was_corrected_is_told(tmp_path: Path, ensemble: str, barostat: str, hot: bool) -> None:
    md = {"ensemble": ensemble} | ({} if barostat == "mtk" else {"barostat": barostat})
    assert has_hot_cell(Unit("x", {"md": md}, tmp_path), {}) == hot
    assert not has_hot_cell(Unit("x", {"md": {"ensemble": "nvt"}}, tmp_path), {})


def test_rescaling_runs_as_a_unit_and_its_key_alone_names_it(tmp_path: Path) -> None:
    mtk, rescaled = _unit(tmp_path / "a", steps=0), _unit(tmp_path / "b", steps=1000, barostat="rescaling")
    assert json.dumps(mtk.contents["md"]).count("barostat") == 1  # its time
    assert rescaled.contents["md"]["barostat"] == "rescaling"
    assert mtk.key != rescaled.key
    assert md_damage(rescaled) is None
    result = rescaled.result()
    assert result is not None
    assert result["status"] in ("done", "broken")
