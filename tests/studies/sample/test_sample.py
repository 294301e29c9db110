"""`sample` end to end: grid, cuts, choice, labels, resuming; with EMT, and once with the paper's potential."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT

from paddlewheel import load, sample
from paddlewheel.crystals import read_structure
from paddlewheel.dynamics import MDSettings, check_run
from paddlewheel.errors import InputError, RunDirectoryError
from paddlewheel.studies.motion.framework import framework_of
from paddlewheel.studies.sample.cut import usable_frames
from paddlewheel.studies.simulation.md_unit import md_unit, store_path
from paddlewheel.training import read_dataset
from paddlewheel.trajectories import TrajectoryWriter

EMT_NAME = "ase:ase.calculators.emt:EMT"
SETTINGS = {
    "potential": EMT_NAME,
    "functional": "none",
    "strains": [-0.05, 0.0, 0.05],
    "temperatures_K": [300.0, 900.0],
    "ps": 0.2,
    "timestep_fs": 2.0,
    "select": 30,
    "seed": 3,
}


class Tearing(EMT):
    """EMT, but in cells over 50 A^3 (per 4 atoms) every atom is pushed away from its start, ever harder."""

    def calculate(self, atoms=None, properties=("energy",), system_changes=("positions",)) -> None:
        super().calculate(atoms, properties, system_changes)
        if not hasattr(self, "start"):
            self.start = self.atoms.get_positions()
        if self.atoms.get_volume() / len(self.atoms) > 50 / 4:
            self.results["forces"] = self.results["forces"] + 2.5 * (self.atoms.positions - self.start)


def metals() -> list[Atoms]:
    return [bulk("Cu", cubic=True), bulk("Al", cubic=True)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sample") / "run"
    sample(metals(), out=directory, cores=1, **SETTINGS)
    return directory


def test_every_point_of_the_grid_is_run_and_used(run):
    record = load(run)
    assert len(record.runs) == 12
    assert {row.status for row in record.runs} == {"ok"}
    assert {row.strain for row in record.runs} == {-0.05, 0.0, 0.05}
    # 20 frames of 10 fs, and the start once for each structure and strain
    assert [row.n_used for row in record.runs] == [21, 20] * 6
    assert record.choice.n_candidates == 12 * 20 + 6


def test_relaxed_structures_are_at_the_minimum_of_the_potential_and_chosen(run):
    record = load(run)
    # EMT's own minima: a = 3.59 A for Cu and 3.99 A for Al (scanned with ASE's EMT over a, to 0.005 A)
    for row, length_A in zip(record.structures, (3.590, 3.995), strict=True):
        assert row.converged
        assert row.volume_A3 ** (1 / 3) == pytest.approx(length_A, abs=0.01)
    at_rest = [
        f for f in read_dataset(run / "dataset.extxyz").frames if f.info["strain"] == 0 and not f.info["temperature_K"]
    ]
    assert sorted(frame.info["structure"] for frame in at_rest) == ["Al4", "Cu4"]
    assert max(np.abs(frame.get_forces()).max() for frame in at_rest) < 0.02


def test_labels_are_the_potential_s_own(run):
    dataset = read_dataset(run / "dataset.extxyz", elements=["Cu", "Al"])
    record = load(run)
    assert dataset.card.functional == "none"
    assert dataset.card.engine.startswith(EMT_NAME)
    assert len(dataset) == record.choice.n_selected == 30 + record.choice.n_relaxed_added
    assert len({frame.info["source"] for frame in dataset.frames}) == len(dataset)
    for frame in dataset.frames:
        again = frame.copy()
        again.calc = EMT()
        # positions are written to 1e-8 A, and EMT's force constants are under 10 eV/A^2
        assert frame.get_potential_energy() == pytest.approx(again.get_potential_energy(), abs=1e-6)
        np.testing.assert_allclose(frame.get_forces(), again.get_forces(), atol=1e-6)
        np.testing.assert_allclose(frame.get_stress(), again.get_stress(), atol=1e-7)


def test_strains_of_the_frames_are_those_of_their_cells(run):
    lengths = {row.name: row.volume_A3 ** (1 / 3) for row in load(run).structures}
    for frame in read_dataset(run / "dataset.extxyz").frames:
        expected = lengths[frame.info["structure"]] * (1 + frame.info["strain"])
        assert frame.get_volume() ** (1 / 3) == pytest.approx(expected, rel=1e-6)


def test_choice_covers_more_than_chance(run):
    coverage = load(run).choice.coverage
    assert coverage.direct_mean > coverage.random_mean.value
    with open(run / "map.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert sum(int(row["random"]) for row in rows) == 30
    assert len(rows) == 246


def test_directory_has_inputs_report_and_pictures(run):
    inputs = yaml.safe_load((run / "inputs.yaml").read_text())
    assert inputs["select"] == 30
    page = (run / "report.html").read_text()
    assert "frames chosen of 246" in page
    assert not re.search(r"""(src|href)=["']http(?!s://doi\.org)|url\(["']?http|@import""", page)  # loads nothing
    for name in ("map", "origin", "labels"):
        assert (run / "figures" / f"{name}.png").stat().st_size > 5000


def test_same_call_again_does_nothing_anew(run):
    before = {path: path.stat().st_mtime_ns for path in run.glob("units/*/*.json")}
    sha256 = load(run).dataset.sha256
    record = sample(metals(), out=run, cores=1, **SETTINGS)
    assert record.dataset.sha256 == sha256
    assert {path: path.stat().st_mtime_ns for path in run.glob("units/*/*.json")} == before


def test_directory_of_another_release_is_the_same_run(run):
    """The release is no part of what decides the labels; paddlewheel 0.1 wrote it into the engine all the same."""
    inputs = yaml.safe_load((run / "inputs.yaml").read_text())
    assert inputs["labels"] == {"engine": EMT_NAME, "functional": "none"}
    former = inputs | {"labels": {"engine": f"{EMT_NAME} (paddlewheel 0.1)", "functional": "none"}}
    assert sample.study.of_today(former) == inputs
    assert sample.study.of_today(inputs | {"labels": None})["labels"] is None


def test_forecast_measures_and_writes_nothing(tmp_path):
    forecast = sample.study.forecast(metals(), out=tmp_path / "run", cores=1, **SETTINGS)
    # 2 relaxations, 12 runs and their features, one unit of 30 labels
    assert (forecast.n_units, forecast.n_atoms) == (2 + 12 + 12 + 1, 4)
    assert 0 < forecast.core_hours < 0.1
    assert not list(tmp_path.iterdir())


def test_other_inputs_in_the_directory_are_refused(run):
    with pytest.raises(RunDirectoryError, match=r"select is 30 there and 20 now"):
        sample(metals(), out=run, cores=1, **(SETTINGS | {"select": 20}))


def test_runs_that_break_are_cut_and_named_and_frames_can_stay_unlabelled(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))  # for the workers
    record = sample(
        bulk("Cu", cubic=True), out=tmp_path / "run", cores=1,
        **(SETTINGS | {"potential": "ase:test_sample:Tearing", "ps": 0.4, "labels": "none", "strains": [0.0, 0.1]}),
    )  # fmt: skip
    broken = [row for row in record.runs if row.status != "ok"]
    assert {row.strain for row in broken} == {0.1}
    assert [row.status for row in broken] == ["cut", "cut"]
    for row in broken:
        assert "exploded" in row.reason or "not finite" in row.reason
        assert row.n_used < row.n_frames < 41
        # 0.1 ps before the break are left out, and the hotter run has no frame at step 0
        assert row.n_used == row.n_frames - 10 - (row.temperature_K == 900)
        assert any(row.name in warning for warning in record.warnings)
    assert record.dataset is None
    frames = (tmp_path / "run" / "frames.extxyz").read_text()
    assert frames.count("Lattice=") == record.frames.n_frames
    assert "forces" not in frames
    assert "Not labelled" in (tmp_path / "run" / "report.html").read_text()


def test_run_is_cut_where_a_bond_opened_for_good(tmp_path):
    """One B-H bond of NaBH4 opens for two frames, closes, and opens for good at frame 60 of 100."""
    atoms = read_structure("nabh4")
    framework, _ = framework_of(atoms, mobile="Na")
    settings = MDSettings(ensemble="nvt", temperature_K=300, equilibrate_ps=0, production_ps=1.0)
    potential = {"name": "none", "identity": "0"}
    unit = md_unit(
        name="r", atoms=atoms, mobile="Na", potential=potential, settings=settings, replica=0, directory=tmp_path
    )
    unit.prepare()
    store_path(unit).parent.mkdir()
    boron, hydrogen = framework.bonds[0]
    bond = atoms.get_distance(boron, hydrogen, mic=True, vector=True)
    writer = TrajectoryWriter.create(
        store_path(unit), symbols=atoms.get_chemical_symbols(), masses_u=atoms.get_masses(), frame_interval_fs=10.0
    )
    positions = []
    thermo = {"temperature_K": 300.0, "conserved_energy_eV": 0.0, "pressure_GPa": 0.0, "volume_A3": atoms.get_volume()}
    for frame in range(101):
        moved = atoms.get_positions()
        if frame in (20, 21) or frame >= 60:
            moved[hydrogen] += 0.8 * bond * (1 if atoms.symbols[hydrogen] == "H" else -1)
        positions.append(moved)
        writer.append(positions_A=moved, cell_A=np.array(atoms.cell), step=10 * frame, thermo=thermo)
    writer.flush()
    checks = check_run(
        thermo={key: np.full(101, value) for key, value in thermo.items()}, time_ps=np.arange(101) / 100,
        blocks=[(np.array(positions), np.tile(np.array(atoms.cell), (101, 1, 1)))], centres_A=None,
        cell_A=np.array(atoms.cell), framework=framework, settings=settings, n_atoms=len(atoms),
    )  # fmt: skip
    unit.write_result({"status": "broken", "reason": "bonds", "health": [check.model_dump() for check in checks]})
    usable = usable_frames(unit)
    assert "polyanion-bonds" in usable.broken
    assert usable.n_frames == 60 - 10  # 0.1 ps before


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"select": 10**6}, r"select: 1000000 of \d+ frames"),
        ({"strains": [5.0]}, "5 is not between -0.3 and 0.3"),
        ({"labels": "both"}, "labels: 'both'"),
        ({"functional": None}, r"functional behind .* is not known"),
        ({"potential": "no-such"}, "neither a potential"),
        ({"ps": -1.0}, "production_ps"),
        ({"threshold": 0.0}, "threshold: 0"),
        ({"supercell": "2by2"}, "no supercell"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_input_leaves_nothing_behind(tmp_path, change, named):
    with pytest.raises(InputError, match=named):
        sample(metals(), out=tmp_path / "run", cores=1, **(SETTINGS | change))
    assert not (tmp_path / "run").exists()


def test_two_structures_of_one_name_are_refused(tmp_path):
    with pytest.raises(InputError, match="two structures are called Cu4"):
        sample([bulk("Cu", cubic=True)] * 2, out=tmp_path / "run", **SETTINGS)


def test_potential_without_an_element_is_refused(tmp_path):
    with pytest.raises(InputError, match="does not know Al, Cu"):
        sample(metals(), out=tmp_path / "run", **(SETTINGS | {"potential": "m3gnet-nabh-r2scan"}))
