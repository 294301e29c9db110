"""Parts of `validate` whose truth is known without running dynamics."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import TrajectoryError
from paddlewheel.execution import Unit
from paddlewheel.studies.motion.touched import store_path
from paddlewheel.studies.validate.at_rest import compare_labels
from paddlewheel.studies.validate.compared_set import make_set
from paddlewheel.studies.validate.findings import Findings
from paddlewheel.studies.validate.in_motion import compare_diffusion
from paddlewheel.studies.validate.plan import read_reference_trajectory
from paddlewheel.studies.validate.reuse import FinishedUnits, same_contents, share_units
from paddlewheel.studies.validate.runs import Phase, choose_phase, md_runs
from paddlewheel.studies.validate.settings import GateLimits, ValidateSettings
from paddlewheel.trajectories import Trajectory, TrajectoryWriter

POTENTIAL = {"name": "a", "identity": "1234", "three_body": "parent", "device": "cpu", "dtype": "float32"}


@pytest.fixture(scope="module")
def phase() -> Phase:
    return choose_phase(bulk("NaCl", "rocksalt", a=5.64), supercell="2x2x2", minimum_length_A=6.0, mobile="Na")


def _units(phase: Phase, directory: Path, **changed) -> list[Unit]:
    potentials = {"reference": POTENTIAL, "candidate": POTENTIAL | {"identity": "5678"} | changed}
    settings = ValidateSettings(npt_ps=1.0, spectrum_ps=0, diffusion_ps=0, bond_ps=0)
    runs = md_runs([phase], potentials, settings, given_temperatures_K=(), directory=directory)
    return [run.unit for run in runs]


def _walk(step_A: float, *, seed: int, n_frames: int = 2000) -> Trajectory:
    """Sodium on a random walk among chlorine at rest: D = step^2 / (2 dt) per component."""
    rng = np.random.default_rng(seed)
    atoms = bulk("NaCl", "rocksalt", a=5.64) * (2, 2, 2)
    moves = rng.normal(0, step_A, (n_frames, len(atoms), 3))
    moves[:, [symbol == "Cl" for symbol in atoms.get_chemical_symbols()]] = 0
    return Trajectory.from_arrays(
        positions_A=atoms.positions + np.cumsum(moves, axis=0),
        cell_A=np.array(atoms.cell),
        symbols=atoms.get_chemical_symbols(),
        frame_interval_fs=10.0,
        is_unwrapped=True,
    )


def _diffusion_gate(reference: Trajectory, candidate: Trajectory | None, phase: Phase):
    findings = Findings()
    sources = {"reference": ("r", reference, None), "candidate": ("c", candidate, "it exploded")}
    compare_diffusion(findings, phase, 600.0, sources)
    return findings.gates[-1]


def test_candidate_that_diffuses_alike_is_inside_and_a_faster_one_outside(phase):
    reference = _walk(0.1, seed=1, n_frames=6000)
    assert _diffusion_gate(reference, reference, phase).measured == 0
    assert _diffusion_gate(reference, _walk(0.1, seed=5, n_frames=6000), phase).verdict == "pass"
    faster = _diffusion_gate(reference, _walk(0.2, seed=3, n_frames=6000), phase)  # four times the diffusivity
    assert faster.verdict == "fail"
    assert faster.measured > 1


def test_measure_of_the_diffusivity_gate_is_one_at_the_end_of_the_interval(phase):
    reference, candidate = _walk(0.1, seed=1, n_frames=6000), _walk(0.13, seed=2, n_frames=6000)
    findings = Findings()
    compare_diffusion(
        findings, phase, 600.0, {"reference": ("r", reference, None), "candidate": ("c", candidate, None)}
    )
    theirs, ours = findings.diffusion
    low, high = theirs.diffusivity_95_cm2_per_s
    outside = not low <= ours.diffusivity_cm2_per_s.value <= high
    assert (findings.gates[-1].verdict == "fail") is outside
    assert (findings.gates[-1].measured > 1) is outside


def test_broken_candidate_fails_and_a_broken_reference_leaves_the_gate_open(phase):
    walk = _walk(0.1, seed=1)
    assert _diffusion_gate(walk, None, phase).verdict == "fail"
    findings = Findings()
    sources = {"reference": ("r", None, "it exploded"), "candidate": ("c", walk, None)}
    compare_diffusion(findings, phase, 600.0, sources)
    assert findings.gates[-1].verdict == "not-run"
    assert "it exploded" in findings.gates[-1].detail


def test_trajectory_of_another_material_is_refused(phase, tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, positions_A=np.random.default_rng(0).random((5, 2, 3)), cell_A=np.eye(3) * 9, symbols=["Li", "Cl"])
    with pytest.raises(TrajectoryError, match="first structure"):
        read_reference_trajectory(path, phase, frame_interval_fs=10.0)
    with pytest.raises(TrajectoryError, match="does not say the time"):
        read_reference_trajectory(path, phase, frame_interval_fs=None)


def test_units_are_alike_by_contents_not_by_name_or_device(phase, tmp_path):
    unit = _units(phase, tmp_path)[0]
    other = copy.deepcopy(unit.contents)
    other["potential"] |= {"name": "the same under a path", "device": "cuda:0"}
    assert same_contents(unit.contents, other)
    other["md"].pop("relax_above_eV_per_A")  # as an older version would have kept it: the default stands for it
    assert same_contents(unit.contents, other)
    for section, key, value in (
        ("potential", "dtype", "float64"),
        ("potential", "identity", "0"),
        ("md", "seed", 7),
        ("md", "temperature_K", 301.0),
    ):
        changed = copy.deepcopy(unit.contents)
        changed[section][key] = value
        assert not same_contents(unit.contents, changed)
    moved = copy.deepcopy(unit.contents)
    moved["structure"]["positions_A"][0][0] += 1e-12
    assert not same_contents(unit.contents, moved)


def test_finished_runs_of_an_earlier_validation_are_found_and_unfinished_ones_not(phase, tmp_path):
    earlier, later = tmp_path / "earlier", tmp_path / "later"
    done, running, *_ = _units(phase, earlier)
    for unit in (done, running):
        unit.folder.mkdir(parents=True)
        unit.prepare()
    _write_store(done)
    done.write_result({"status": "done"})
    shared = share_units(_units(phase, later), FinishedUnits([earlier]))
    assert [one.run_directory.name for one in shared.values()] == ["earlier", "later", "later", "later"]


def _write_store(unit):
    """One frame of the unit, for those who look whose trajectory it is."""
    structure = unit.contents["structure"]
    store_path(unit).parent.mkdir(exist_ok=True)
    writer = TrajectoryWriter.create(
        store_path(unit), symbols=structure["symbols"], masses_u=structure["masses_u"],
        frame_interval_fs=unit.contents["md"]["frame_interval_fs"], metadata={"key": unit.key},
    )  # fmt: skip
    writer.append(positions_A=structure["positions_A"], cell_A=structure["cell_A"], step=0, thermo={})
    writer.flush()


@pytest.mark.parametrize("name", ["unit.json", "result.json", "store"])
def test_a_unit_of_an_earlier_validation_that_was_touched_is_told_and_not_taken(phase, tmp_path, capsys, name):
    earlier, later = tmp_path / "earlier", tmp_path / "later"
    done, *_ = _units(phase, earlier)
    done.prepare()
    _write_store(done)
    done.write_result({"status": "done"}, files=[store_path(done)])
    path = store_path(done) / "zarr.json" if name == "store" else done.folder / name
    path.write_text(path.read_text()[:-30])
    shared = share_units(_units(phase, later), FinishedUnits([earlier]))
    assert {one.run_directory.name for one in shared.values()} == {"later"}
    (told,) = capsys.readouterr().err.splitlines()
    assert f"{done.name} is not taken" in told


def test_candidate_that_is_the_reference_shares_its_runs(phase, tmp_path):
    shared = share_units(_units(phase, tmp_path, identity="1234"), FinishedUnits([]))
    assert {one.name for one in shared.values()} == {name for name in shared if name.startswith("reference")}


def test_both_potentials_start_alike_and_no_two_runs_share_a_seed(phase, tmp_path):
    units = _units(phase, tmp_path)
    seeds = [MDSettings(**unit.contents["md"]).seed for unit in units]
    assert seeds[:2] == seeds[2:]
    assert len(set(seeds)) == 2


def test_made_set_is_strained_and_rattled_as_it_says(phase):
    made = make_set([phase], [], per_phase=20, seed=1)
    assert set(made.groups) == {phase.name}
    strains = []
    for frame in made.frames:
        deformation = np.linalg.inv(np.array(phase.supercell.cell)) @ np.array(frame.cell)
        strains.append(deformation - np.eye(3))
        assert np.allclose(deformation, deformation.T)
    assert 0.02 < np.abs(strains).max() <= 0.05
    assert made.sha256 == make_set([phase], [], per_phase=20, seed=1).sha256
    assert made.sha256 != make_set([phase], [], per_phase=20, seed=2).sha256


def test_labels_that_failed_fail_the_candidate_and_leave_the_reference_open(phase):
    made = make_set([phase], [], per_phase=1, seed=1)
    good = {
        "status": "done", "energies": [1.0], "forces": np.zeros((16, 3)).tolist(), "stresses": [[0.0] * 6],
    }  # fmt: skip
    bad = {"status": "failed", "reason": "the potential gives no stress"}
    for results, verdict in (
        ({"reference": good, "candidate": bad}, "fail"),
        ({"reference": bad, "candidate": good}, "not-run"),
        ({"reference": good, "candidate": good}, "pass"),
    ):
        findings = Findings()
        compare_labels(findings, made, results, reference="a", limits=GateLimits())
        assert {gate.verdict for gate in findings.gates} == {verdict}


def test_limit_of_zero_takes_the_gate_away():
    findings = Findings()
    findings.judge("density", 3.0, 0.0, "%")
    assert findings.gates == []
