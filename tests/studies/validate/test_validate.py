"""`validate` end to end with potentials that need no file: equal ones pass, a changed one fails what it changed."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase.build import bulk
from ase.calculators.lj import LennardJones
from ase.calculators.singlepoint import SinglePointCalculator

from paddlewheel import validate
from paddlewheel.errors import DatasetError, PotentialError, RunDirectoryError, SettingsError
from paddlewheel.studies.validate.plan import plan_validation
from paddlewheel.studies.validate.record import ValidationRecord
from paddlewheel.studies.validate.settings import GateLimits, ValidateOptions, ValidateSettings
from paddlewheel.studies.validate.study import STUDY
from paddlewheel.training.dataset import write_dataset


def argon() -> LennardJones:
    """The reference."""
    return LennardJones(sigma=3.4, epsilon=0.0104, rc=6.0, smooth=True)


def argon_by_another_name() -> LennardJones:
    """The same physics as another potential: nothing may be shared between the two."""
    return LennardJones(sigma=3.4, epsilon=0.0104, rc=6.0, smooth=True)


def wider_argon() -> LennardJones:
    """Atoms 2 % wider: volumes are 6 % larger, forces at the same distance quite different."""
    return LennardJones(sigma=1.02 * 3.4, epsilon=0.0104, rc=1.02 * 6.0, smooth=True)


SETTINGS = ValidateSettings(
    npt_temperatures_K=(20.0,),
    npt_ps=0.6,
    equilibrate_ps=0.2,
    eos_points=5,
    spectrum_ps=1.2,
    spectrum_interval_fs=10.0,
    spectrum_temperature_K=20.0,
    diffusion_ps=0.5,
    diffusion_temperatures_K=(20.0,),
    bond_ps=0,
    set_frames=2,
    timestep_fs=5.0,
    minimum_length_A=5.0,
)
LIMITS = GateLimits(force_MAE_eV_per_A=0.001, stress_MAE_GPa=0.01)


def _run(candidate: str, out: Path, **options) -> ValidationRecord:
    given = {"settings": SETTINGS, "limits": LIMITS, "specie": "Ar", "cores": 2} | options
    return validate(
        f"ase:{__name__}:{candidate}", [bulk("Ar", "fcc", a=5.35, cubic=True)],
        against=f"ase:{__name__}:argon", out=out, **given,
    )  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _workers_find_this_module():
    """The workers are other processes, which import the factories above by this module's name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
        yield


@pytest.fixture(scope="module")
def equal(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ValidationRecord]:
    directory = tmp_path_factory.mktemp("validate") / "equal"
    return directory, _run("argon_by_another_name", directory)


@pytest.fixture(scope="module")
def wider(equal, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ValidationRecord]:
    directory = tmp_path_factory.mktemp("validate") / "wider"
    return directory, _run("wider_argon", directory, reference_runs=[equal[0]])


def test_equal_potential_passes_every_gate_with_zero_errors(equal):
    _, record = equal
    assert record.passed
    judged = [gate for gate in record.gates if gate.verdict != "not-run"]
    assert {gate.subject for gate in judged} == {
        "energy MAE", "force MAE", "stress MAE", "equilibrium volume", "bulk modulus", "phonon frequencies", "density",
        "radial distribution", "vibrational bands",
    }  # fmt: skip
    assert all(gate.measured == 0 for gate in judged)  # the same arithmetic: exactly, not nearly
    assert all(row.largest == 0 for row in record.errors)


def test_what_is_left_out_or_cannot_be_said_is_told(equal):
    _, record = equal
    told = {gate.subject: gate.detail for gate in record.gates if gate.verdict == "not-run"}
    assert "left out" in told["polyanions in a long run"]
    assert "no polyanions" in told["polyanions intact"]
    assert "reference is" in told["diffusivity"]  # cold argon in half a picosecond diffuses nowhere


def test_wider_atoms_fail_the_gates_of_size_and_force(wider):
    _, record = wider
    assert not record.passed
    failed = {gate.subject for gate in record.gates if gate.verdict == "fail"}
    assert {"force MAE", "stress MAE", "equilibrium volume", "density"} <= failed
    volume = next(gate for gate in record.gates if gate.subject == "equilibrium volume")
    # everything scales with sigma: V0 by 1.02^3; relaxation tolerances are under 0.1 %
    assert volume.measured == pytest.approx(100 * (1.02**3 - 1), abs=0.1)
    rows = {row.potential: row for row in record.equations_of_state}
    ratio = rows["candidate"].bulk_modulus_GPa / rows["reference"].bulk_modulus_GPa
    assert ratio == pytest.approx(1.02**-3, abs=0.01)  # B0 scales as epsilon / sigma^3


def test_phonons_of_wider_atoms_are_slower_by_their_width(wider):
    _, record = wider
    (row,) = record.phonons
    # frequencies scale as 1 / sigma; the mean mode of argon is about 45 1/cm, so 2 % is about 0.9
    assert row.shift_per_cm == pytest.approx(0.9, abs=0.2)


def test_second_candidate_takes_the_references_finished_runs(equal, wider):
    directory, record = wider
    own = {path.name for path in (directory / "units").iterdir()}
    assert all(name.startswith("candidate-") for name in own)
    first = equal[1]
    mine = [row for row in record.lattices if row.potential == "reference"]
    assert mine == [row for row in first.lattices if row.potential == "reference"]


def test_run_directory_has_the_record_the_inputs_the_curves_and_the_page(equal):
    directory, record = equal
    assert ValidationRecord.model_validate(json.loads((directory / "result.json").read_text())) == record
    inputs = yaml.safe_load((directory / "inputs.yaml").read_text())
    assert inputs["settings"]["npt_ps"] == 0.6
    assert inputs["limits"]["force_MAE_eV_per_A"] == 0.001
    for file in record.curves.values():
        assert np.loadtxt(directory / file, delimiter=",", skiprows=1).size
    page = (directory / "report.html").read_text(encoding="utf-8")
    assert "All 9 gates passed" in page
    assert page.count("<svg") == 6  # parity, EOS, phonons, g(r), spectrum, MSD


def test_same_call_again_runs_nothing(equal):
    directory, record = equal
    results = sorted((directory / "units").glob("*/result.json"))
    before = [path.stat().st_mtime_ns for path in results]
    again = _run("argon_by_another_name", directory)
    assert [path.stat().st_mtime_ns for path in results] == before
    assert again.gates == record.gates


@pytest.mark.slow
def test_lost_result_is_made_again_alone(equal, tmp_path):
    directory, record = equal
    copy = tmp_path / "copy"
    shutil.copytree(directory, copy)
    (copy / "units" / "candidate-eos-Ar4" / "result.json").unlink()
    again = _run("argon_by_another_name", copy)
    assert again.equations_of_state == record.equations_of_state


def test_other_settings_in_the_same_directory_are_refused(equal):
    directory, _ = equal
    with pytest.raises(RunDirectoryError, match="npt_ps"):
        _run("argon_by_another_name", directory, settings=SETTINGS, npt_ps=0.7)


def test_settings_of_what_is_left_out_are_refused_where_a_run_begins_and_refuse_no_run_of_before(equal, tmp_path):
    with pytest.raises(SettingsError, match="bond_temperature_K: has no effect without --bond-ps"):
        _run("argon_by_another_name", tmp_path / "new", bond_temperature_K=500)
    copy = tmp_path / "copy"
    shutil.copytree(equal[0], copy)
    again = _run("argon_by_another_name", copy, bond_temperature_K=500)
    assert again.gates == equal[1].gates
    assert yaml.safe_load((copy / "inputs.yaml").read_text())["settings"]["bond_temperature_K"] == 500


def test_set_is_known_by_its_labels_and_a_trajectory_by_its_interval(tmp_path):
    frames = [bulk("Ar", "fcc", a=5.35 + change, cubic=True) for change in (0, 0.02)]
    documents = []
    for energy_eV, interval_fs in ((-0.3, 10.0), (-0.3, 20.0), (-0.4, 20.0)):
        for frame in frames:
            frame.calc = SinglePointCalculator(frame, energy=energy_eV, forces=np.zeros((4, 3)), stress=np.zeros(6))
        write_dataset(tmp_path / "set.extxyz", frames, engine="none", functional="none")
        np.savez(
            tmp_path / "argon.npz", positions_A=[frames[0].positions] * 3, cell_A=frames[0].cell[:], symbols=["Ar"] * 4
        )
        options = ValidateOptions(
            against=f"ase:{__name__}:argon", specie="Ar", settings=SETTINGS, dataset=tmp_path / "set.extxyz",
            reference_trajectories={20.0: tmp_path / "argon.npz"}, reference_frame_interval_fs=interval_fs,
        )  # fmt: skip
        documents.append(plan_validation(f"ase:{__name__}:wider_argon", [frames[0]], options).document())
    first, other_interval, other_labels = documents
    changed = {key for key in first if first[key] != other_interval[key]}
    assert changed == {"reference_frames"}
    changed = {key for key in first if other_interval[key] != other_labels[key]}
    assert changed == {"set_labels_sha256"}


def test_forecast_counts_the_units_of_both_potentials_and_writes_nothing(equal, tmp_path):
    given = [bulk("Ar", "fcc", a=5.35, cubic=True)]
    options = {"against": f"ase:{__name__}:argon", "specie": "Ar", "settings": SETTINGS, "limits": LIMITS}
    told = STUDY.forecast(f"ase:{__name__}:wider_argon", given, out=tmp_path / "out", **options)
    assert told.n_units == 12  # of each: NPT, spectrum, diffusion, equation of state, phonons, labels
    assert told.core_hours > 0
    fewer = STUDY.forecast(f"ase:{__name__}:wider_argon", given, reference_runs=[equal[0]], **options)
    assert fewer.n_units == 7  # the labels of a set are known when it is made
    assert not (tmp_path / "out").exists()


def test_bad_input_is_told_before_anything_is_written(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(PotentialError, match="nothing callable"):
        _run("no_such_factory", out)
    with pytest.raises(SettingsError, match="holds no units"):
        _run("argon", out, reference_runs=[tmp_path])
    with pytest.raises(DatasetError):
        _run("argon", out, dataset=tmp_path / "absent.extxyz")
    with pytest.raises(SettingsError, match="700 K"):
        _run("argon", out, reference_trajectories={700.0: tmp_path / "absent.npz"})
    with pytest.raises(PotentialError, match="does not know"):
        validate("m3gnet-nabh-r2scan", [bulk("Ar")], against=f"ase:{__name__}:argon", out=out)
    assert not out.exists()


def test_settings_outside_their_range_are_refused():
    for wrong in ({"npt_ps": -1.0}, {"eos_points": 3}, {"npt_temperatures_K": (300.0, 300.0)}, {"eos_strain": 0.5}):
        with pytest.raises(SettingsError):
            ValidateSettings(**wrong)
    with pytest.raises(SettingsError, match="energy"):
        GateLimits(energy_MAE_meV_per_atom=float("nan"))


def test_reference_shorter_than_the_candidate_is_planned_so(tmp_path):
    plan = plan_validation(
        f"ase:{__name__}:wider_argon",
        [bulk("Ar", "fcc", a=5.35, cubic=True)],
        ValidateOptions(against=f"ase:{__name__}:argon", specie="Ar", settings=SETTINGS, reference_npt_ps=0.3),
    )
    lengths = {run.role: run.unit.contents["md"]["production_ps"] for run in plan.runs(tmp_path) if run.part == "npt"}
    assert lengths == {"reference": 0.3, "candidate": 0.6}
