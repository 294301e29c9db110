"""`conduct` end to end with a potential that needs no file, and its run directory."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.lj import LennardJones

from paddlewheel import analyze, conduct
from paddlewheel.errors import InputError, RunDirectoryError, SettingsError
from paddlewheel.studies.conduct.study import STUDY, ConductPlan, ConductSettings, settings_warnings
from paddlewheel.studies.conduct.study import plan_conduct as plan_of
from paddlewheel.studies.rotor.study import RotorSettings
from paddlewheel.study.run_directory import Document
from paddlewheel.trajectories import open_store, read_thermo


def argon_potential() -> LennardJones:
    """Lennard-Jones argon, smooth at its cutoff: the factory behind `ase:...`."""
    return LennardJones(sigma=3.4, epsilon=0.0104, rc=6.0, smooth=True)


class Repeller(Calculator):
    """Pushes every atom away from where it started, ever harder: a run that must explode."""

    implemented_properties = ["energy", "free_energy", "forces", "stress"]

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        if not hasattr(self, "start"):
            self.start = self.atoms.get_positions()
        shift = self.atoms.positions - self.start
        energy = -5.0 * float((shift**2).sum())
        self.results = {"energy": energy, "free_energy": energy, "forces": 10.0 * shift, "stress": np.zeros(6)}


def _argon() -> Atoms:
    return bulk("Ar", "fcc", a=5.3, cubic=True) * (2, 2, 2)


SETTINGS = {
    "temperatures_K": [60.0, 40.0],
    "ensemble": "nvt",
    "timestep_fs": 2.0,
    "equilibrate_ps": 1.0,
    "production_ps": 1.0,
    "supercell": "1x1x1",
    "specie": "Ar",
    "charge": 1.0,
    "charge_anyway": True,  # argon has no charge that chemistry knows
    "seed": 5,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run: two temperatures, two replicas."""
    out = tmp_path_factory.mktemp("conduct") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        patch.syspath_prepend(str(Path(__file__).parent))
        conduct(_argon(), out=out, potential="ase:test_conduct:argon_potential", replicas=2, **SETTINGS)
    return out


def test_run_directory_holds_what_the_contract_says(run: Path) -> None:
    record = json.loads((run / "result.json").read_text())
    assert (record["schema_version"], record["kind"], record["specie"]) == (1, "conductivity", "Ar")
    assert [row["temperature_K"] for row in record["temperatures"]] == [40.0, 60.0]
    for row in record["temperatures"]:
        # a crystal: it must not come out as a conductor
        assert row["status"] in ("not-diffusive", "too-short")
        assert row["conductivity_mS_per_cm"] is None
        assert row["reason"]
        assert row["n_replicas"] == 2
        # 32 atoms of 39.948 u in (10.6 A)^3
        assert row["density_g_per_cm3"] == pytest.approx(32 * 39.948 * 1.66053907 / 10.6**3, rel=1e-6)
        assert {check["name"] for check in row["health"]} == {
            "temperature", "energy-drift", "pressure", "polyanion-bonds", "framework",
        }  # fmt: skip
        header = (run / row["msd_file"]).read_text().splitlines()[0]
        assert header == "lag_ps,msd_A2,std_A2"
        for name in row["thermo_files"]:
            assert (run / name).exists()
    assert record["arrhenius"]["refused"]
    assert len(record["arrhenius"]["temperatures_refused"]) == 2
    report = (run / "report.html").read_text()
    assert "http://" not in report.split("<body")[0].replace("http://www.w3.org", "")
    inputs = yaml.safe_load((run / "inputs.yaml").read_text())
    assert inputs["dynamics"]["timestep_fs"] == 2.0
    assert len(set(inputs["seeds"].values())) == 4
    assert inputs["versions"]["python"]


def test_trajectories_hold_every_frame_once(run: Path) -> None:
    stores = sorted((run / "trajectories").iterdir())
    assert [store.name for store in stores] == [f"T={t}K_r{r}.zarr" for t in (40, 60) for r in (0, 1)]
    for store in stores:
        assert open_store(store).n_frames == 100 + 100 + 1
        np.testing.assert_array_equal(read_thermo(store)["step"], np.arange(201) * 5)
    first, second = (next(iter(open_store(store).blocks())).positions_A[-1] for store in stores[:2])
    assert np.abs(first - second).max() > 0.01  # replicas are different runs


def test_same_call_again_keeps_everything_and_other_inputs_are_refused(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    again = {**SETTINGS, "out": run, "potential": "ase:test_conduct:argon_potential", "replicas": 2}
    before = {path: path.stat().st_mtime_ns for path in (run / "units").rglob("result.json")}
    record = conduct(_argon(), **again)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(record.temperatures) == 2
    changes = {
        "seed": 6,
        "production_ps": 0.5,
        "replicas": 1,
        "ensemble": "npt",
        "temperatures_K": [40.0, 61.0],
        "charge": 2.0,
    }
    for name, value in changes.items():
        with pytest.raises(RunDirectoryError, match="other inputs"):
            conduct(_argon(), **{**again, name: value})
    moved = _argon()
    moved.positions[0, 0] += 1e-6
    with pytest.raises(RunDirectoryError, match="sha256"):
        conduct(moved, **again)


def test_a_finished_directory_grows_by_replicas_and_keeps_those_that_are_done(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    grown = tmp_path / "run"
    shutil.copytree(run, grown)
    before = {path: path.read_bytes() for path in (grown / "units").rglob("result.json")}
    record = conduct(_argon(), out=grown, potential="ase:test_conduct:argon_potential", replicas=3, **SETTINGS)
    assert [row.n_replicas for row in record.temperatures] == [3, 3]
    assert {path: path.read_bytes() for path in before} == before
    inputs = yaml.safe_load((grown / "inputs.yaml").read_text())
    assert inputs["replicas"] == 3
    assert len(set(inputs["seeds"].values())) == 6
    assert inputs["seeds"].items() > yaml.safe_load((run / "inputs.yaml").read_text())["seeds"].items()


def test_directories_of_one_replica_go_on_by_the_command_that_named_none() -> None:
    """One was the default before; fewer than a directory holds are another run: it would be chosen among results."""
    settings = ConductSettings(potential="nep-nabh", supercell="1x1x1")
    of_today = plan_of("nabh4", settings).inputs()
    document = Document(contents=of_today, may_change=settings.may_change(), may_grow=settings.may_grow())
    assert of_today["replicas"] == 2
    of_before = plan_of("nabh4", ConductSettings(potential="nep-nabh", supercell="1x1x1", replicas=1)).inputs()
    assert document.difference(of_before) is None
    assert document.difference(of_before, strict=True) == "replicas is 1 there and 2 now"
    of_four = plan_of("nabh4", ConductSettings(potential="nep-nabh", supercell="1x1x1", replicas=4)).inputs()
    assert document.difference(of_four) == "replicas is 4 there and 2 now"
    assert document.difference({**of_before, "seed": 2}) == "seed is 2 there and 1 now"
    assert RotorSettings().replicas == 1


def test_directory_of_another_origin_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    (tmp_path / "result.json").write_text("{}")
    with pytest.raises(RunDirectoryError, match=r"result\.json"):
        conduct(_argon(), out=tmp_path, potential="ase:test_conduct:argon_potential", **SETTINGS)
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_a_cell_that_no_run_can_start_from_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    squeezed = _argon()
    squeezed.positions[0] += [1.1, 1.0, 0.0]  # off its site: forces of a perfect crystal are zero
    squeezed.set_cell(squeezed.cell * 0.5, scale_atoms=True)
    with pytest.raises(InputError, match="force"):
        conduct(squeezed, out=tmp_path / "run", potential="ase:test_conduct:argon_potential", **SETTINGS)
    assert not (tmp_path / "run").exists()


def test_exploding_runs_are_broken_by_name_and_the_status_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    record = conduct(_argon(), out=tmp_path / "run", potential="ase:test_conduct:Repeller", **SETTINGS)
    assert [row.status for row in record.temperatures] == ["broken", "broken"]
    for row in record.temperatures:
        assert "exploded" in (row.reason or "") or "finite" in (row.reason or "")
        assert row.diffusivity_cm2_per_s is None
        assert row.n_ions == 32
    assert record.arrhenius is not None
    assert record.arrhenius.refused
    assert STUDY.failed(record)
    assert (tmp_path / "run/report.html").exists()


PLAN = {
    "potential": "m3gnet-nabh-r2scan",
    "temperatures_K": [600.0, 800.0],
    "replicas": 2,
    "orderings": None,
    "specie": None,
    "charge": None,
    "seed": 1,
    "arrhenius": True,
    "minimum_onset_ps": 0.5,
    "three_body": "parent",
    "device": "cpu",
    "dtype": "float32",
}


def plan_conduct(structure: str | Path, **settings: Any) -> ConductPlan:
    return plan_of(structure, ConductSettings(**settings))


def test_plan_of_the_paper() -> None:
    plan = plan_conduct("o-nbh", supercell="2x2x2", **PLAN)
    assert len(plan.structure.cells[0]) == 1024
    assert (plan.ion.specie, plan.ion.charge_e) == ("Na", 1.0)
    assert plan.structure.cells[0].get_chemical_symbols().count("Na") == 96
    units = plan.units(Path("somewhere"))
    assert len({unit.key for unit in units}) == 4
    assert {unit.name for unit in units} == {"T=600K_r0", "T=600K_r1", "T=800K_r0", "T=800K_r1"}


def test_key_changes_with_everything_that_decides_the_trajectory() -> None:
    base = plan_conduct("nabh4", supercell="1x1x1", **PLAN)
    changed = [
        plan_conduct("nabh4", supercell="1x1x1", **{**PLAN, name: value})
        for name, value in {
            "seed": 2, "three_body": "as_trained", "dtype": "float64", "potential": "m3gnet-matpes-r2scan",
            "timestep_fs": 0.5,
        }.items()
    ]  # fmt: skip
    keys = [plan.units(Path("x"))[0].key for plan in [base, *changed]]
    assert len(set(keys)) == len(keys)
    # the place does not matter
    assert base.units(Path("x"))[0].key == base.units(Path("y"))[0].key


def test_orderings_become_replicas(tmp_path: Path) -> None:
    path = tmp_path / "half.cif"
    path.write_text(
        "data_half\n_cell_length_a 5.6\n_cell_length_b 5.6\n_cell_length_c 5.6\n_cell_angle_alpha 90\n"
        "_cell_angle_beta 90\n_cell_angle_gamma 90\n_symmetry_space_group_name_H-M 'F m -3 m'\nloop_\n"
        "_atom_site_label\n_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n"
        "_atom_site_occupancy\nNa1 Na 0.25 0.25 0.25 0.5\nCl1 Cl 0 0 0 1\n"
    )
    settings = {**PLAN, "potential": "m3gnet-matpes-r2scan", "replicas": 1, "orderings": 3}
    plan = plan_conduct(path, supercell="2x1x1", **settings)
    assert len(plan.structure.cells) > 1
    units = [unit for unit in plan.units(Path("x")) if unit.name.startswith("T=600K")]
    assert len(units) == len(plan.structure.cells)
    assert len({json.dumps(unit.contents["structure"]) for unit in units}) == len(units)
    by_itself = plan_conduct(path, supercell="2x1x1", **{**settings, "replicas": 3, "orderings": None})
    assert len(by_itself.structure.cells) == 2
    assert by_itself.structure.notes == ()
    assert by_itself.structure.prepared[0] == (
        "partly occupied sites: 2 ordered cells of 16 atoms, taken in turn (--orderings N for more)"
    )
    with pytest.raises(InputError, match=r"Na is not known with \+2"):
        plan_conduct(path, supercell="1x1x1", **{**settings, "oxidation": {"Na": 2}})


def test_analyze_of_the_run_directory_is_the_same_analysis(run: Path, tmp_path: Path) -> None:
    whole = json.loads((run / "result.json").read_text())
    record = analyze(run)
    assert record.specie == "Ar"
    assert record.charge_e == 1.0
    assert record.structure == whole["structure"]
    for row, before in zip(record.temperatures, whole["temperatures"], strict=True):
        assert (row.temperature_K, row.n_replicas, row.status) == (before["temperature_K"], 2, before["status"])
        assert row.msd_final_A2 == pytest.approx(before["msd_final_A2"], rel=1e-12)
    one = analyze([run / "trajectories/T=40K_r0.zarr", run / "trajectories/T=40K_r0.zarr"])
    assert one.temperatures[0].n_replicas == 1
    assert "T=40K_r0.zarr was given twice: it counts once" in one.warnings
    assert [row.temperature_K for row in analyze(run, temperature_K=60).temperatures] == [60.0]
    with pytest.raises(SettingsError, match="no run is at 50 K"):
        analyze(run, temperature_K=50.0, out=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_dry_run_tells_the_cost_and_what_is_there(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    again = {**SETTINGS, "potential": "ase:test_conduct:argon_potential", "replicas": 2}
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    free = STUDY.forecast(_argon(), out=run.parent / "free", **again)
    assert (free.n_units, free.n_atoms, free.state) == (4, 32, "is free")
    assert free.core_hours is not None
    assert 0 < free.core_hours < 0.1
    assert free.disk_bytes is not None
    assert not (run.parent / "free").exists()
    assert STUDY.forecast(_argon(), out=run, **again).finished
    more = STUDY.forecast(_argon(), out=run, **again, allow_extrapolating=True)
    assert (more.n_finished, more.core_hours) == (4, 0.0)
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == before


def test_what_may_be_added_later_enters_the_inputs_and_keeps_the_runs(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    again = {**SETTINGS, "out": run, "potential": "ase:test_conduct:argon_potential", "replicas": 2}
    before = {path: path.stat().st_mtime_ns for path in (run / "units").rglob("result.json")}
    for allowed in (True, False):
        record = conduct(_argon(), **again, allow_extrapolating=allowed)
        assert record.provenance.settings["allow_extrapolating"] is allowed
        assert yaml.safe_load((run / "inputs.yaml").read_text())["allow_extrapolating"] is allowed
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_number_of_atoms_gives_the_cell_nearest_to_cubic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    told = (
        SETTINGS
        | {"potential": "ase:test_conduct:argon_potential"}
        | {"temperatures_K": [40.0], "arrhenius": False, "equilibrate_ps": 0.02, "production_ps": 0.1}
    )
    del told["supercell"]
    record = conduct(bulk("Ar", "fcc", a=5.3), n_atoms=32, out=tmp_path / "run", **told)
    assert record.cell is not None
    assert record.cell.n_atoms == 32
    assert record.cell.narrowest_width_A == pytest.approx(10.6)  # of the cube of 32 atoms, from the primitive cell
    assert isinstance(record.cell.repeats, tuple)
    assert isinstance(record.cell.repeats[0], tuple)
    kept = yaml.safe_load((tmp_path / "run" / "inputs.yaml").read_text())["structure"]
    assert np.linalg.det(kept["repeats"]) == pytest.approx(32)
    with pytest.raises(SettingsError, match="one cell has 108"):
        conduct(bulk("Ar", "fcc", a=5.3) * (3, 6, 6), n_atoms=32, **told)


def test_thin_cells_are_refused_or_told() -> None:
    told = {"potential": "nep-nabh", "temperatures_K": [300.0], "arrhenius": False}
    with pytest.raises(SettingsError, match=r"24 atoms are 5\.8 A across .* nep-nabh reaches 6 A"):
        plan_of("nabh4", ConductSettings.of(n_atoms=24, **told))
    warned = settings_warnings(plan_of("nabh4", ConductSettings.of(supercell="1x1x1", **told)))
    assert any("4.3 A across at its narrowest and the potential reaches 6 A" in text for text in warned)
    wide = settings_warnings(plan_of("nabh4", ConductSettings.of(n_atoms=216, **told)))
    assert not [text for text in wide if "across" in text]
