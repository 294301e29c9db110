"""`label` by programs end to end: job folders written, outputs judged and collected, refused ones written again."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write

from made_vasp import cell_of_NaBH4, made_step, relaxation, static_run, vasprun
from paddlewheel import label, load
from paddlewheel.cli.main import status_of as command
from paddlewheel.errors import DatasetError, RunDirectoryError, SettingsError
from paddlewheel.firstprinciples.named_settings import settings_named
from paddlewheel.records.tables import Beside
from paddlewheel.studies.label.by_jobs import asked_settings
from paddlewheel.studies.label.record import ConvergencePoint, ConvergenceRecord
from paddlewheel.training import read_dataset, write_dataset
from paddlewheel.units import eV_PER_A3_IN_GPA

EMT_NAME = "ase:ase.calculators.emt:EMT"
N = 6


def frames(n: int = N) -> list[Atoms]:
    """NaBH4-like cells of different volumes whose elements are not sorted."""
    rng = np.random.default_rng(5)
    made = []
    for number in range(n):
        atoms = cell_of_NaBH4()
        atoms.set_cell(atoms.cell * (1 + 0.01 * number), scale_atoms=True)
        atoms.positions += rng.normal(scale=0.02, size=(len(atoms), 3))
        atoms = atoms[rng.permutation(len(atoms))]
        atoms.info = {"source": f"run A frame {number}", "structure": f"cell {number}", "temperature_K": 300.0}
        atoms.info["replica"] = np.int64(number)  # as ASE reads integers
        made.append(atoms)
    return made


def answer(folder: Path, *, seed: int, **incar: str) -> None:
    """What VASP would write for the inputs in a folder: the tags are those of the INCAR."""
    atoms = read(folder / "POSCAR", format="vasp")
    tags = dict(line.split(" = ") for line in (folder / "INCAR").read_text().splitlines())
    run = static_run(atoms, seed=seed)
    wanted = {name: tags[name] for name in ("ENCUT", "EDIFF", "ISPIN", "METAGGA", "NELM", "KSPACING")}
    run = run.having(**{**wanted, **incar})
    mesh = tuple(max(1, int(np.ceil(2 * np.pi * np.linalg.norm(row) / 0.35))) for row in atoms.cell.reciprocal())
    run = replace(run, mesh=mesh, titles={**run.titles, "Na": "PAW_PBE Na_pv 19Sep2006"})
    (folder / "vasprun.xml").write_text(vasprun(run))


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    """Six folders, all answered but the last; the fourth with another cut-off, the fifth without convergence."""
    write(tmp_path / "frames.extxyz", frames())
    label(tmp_path / "frames.extxyz", engine="vasp", write=tmp_path / "jobs")
    for number in range(N - 1):
        folder = tmp_path / "jobs" / "frames" / f"{number:06d}"
        answer(folder, seed=number, **({"ENCUT": "520"} if number == 3 else {"NELM": "5"} if number == 4 else {}))
    return tmp_path / "jobs"


def test_frames_are_written_in_the_folder_that_is_named(tmp_path):
    record = label(frames(), engine="vasp", write=tmp_path / "jobs")
    assert record.kind == "label-jobs"
    assert (record.n_frames, record.settings.functional, record.settings.cutoff_eV) == (N, "r2SCAN", 680)
    assert {"INCAR", "POSCAR", "POTCAR.spec"} <= set(record.files)
    assert len(list((tmp_path / "jobs" / "frames").iterdir())) == N
    assert load(tmp_path / "jobs") == record
    with pytest.raises(RunDirectoryError, match="other inputs"):
        label(frames(3), engine="vasp", write=tmp_path / "jobs")


def test_moments_of_a_frame_are_those_of_its_inputs_and_a_charge_is_told(tmp_path):
    """An antiferromagnet whose elements are not sorted; the order of the inputs is by atomic number."""
    atoms = Atoms("FeOFe", positions=[[0, 0, 0], [2, 0, 0], [0, 2, 0]], cell=[4, 4, 4], pbc=True)
    atoms.set_initial_magnetic_moments([2.5, 0, -2.5])
    atoms.info = {"charge": 1}
    record = label([atoms], engine="vasp", write=tmp_path / "jobs")
    incar = (tmp_path / "jobs" / "frames" / "000000" / "INCAR").read_text()
    assert "MAGMOM = 0 2.5 -2.5\n" in incar
    assert any("frame 0 has a charge" in line for line in record.warnings)


def test_forecast_of_folders_is_told_as_a_document(tmp_path, capsys):
    write(tmp_path / "frames.extxyz", frames(2))
    arguments = ["label", str(tmp_path / "frames.extxyz"), "--engine", "vasp", "--write", str(tmp_path / "jobs")]
    assert command([*arguments, "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n_atoms"] == 12
    assert not (tmp_path / "jobs").exists()


def test_sound_outputs_are_collected_and_the_others_named(jobs, tmp_path):
    record = label(collect=jobs, out=tmp_path / "run")
    assert record.dataset.n_frames == 3
    assert record.n_waiting == 1
    reasons = {frame.name: frame.reason for frame in record.refused}
    assert set(reasons) == {"run A frame 3", "run A frame 4"}
    assert "520 eV" in reasons["run A frame 3"]
    assert "did not converge" in reasons["run A frame 4"]
    card = json.loads((tmp_path / "run" / "dataset.card.json").read_text())
    assert (card["engine"], card["functional"]) == ("vasp 6.4.2", "r2SCAN")
    assert card["settings"]["asked"]["cutoff_eV"] == 680
    assert "run A frame 3" in (tmp_path / "run" / "report.html").read_text()


def test_labels_are_those_of_the_output_in_the_order_of_the_frame(jobs, tmp_path):
    label(collect=jobs, out=tmp_path / "run")
    asked = frames()
    for number, frame in enumerate(read_dataset(tmp_path / "run" / "dataset.extxyz").frames):
        sorted_atoms = read(jobs / "frames" / f"{number:06d}" / "POSCAR", format="vasp")
        step = made_step(sorted_atoms, seed=number)
        assert frame.get_chemical_symbols() == asked[number].get_chemical_symbols()
        np.testing.assert_allclose(frame.positions, asked[number].positions, atol=1e-4)  # a POSCAR's digits
        assert (frame.info["structure"], frame.info["replica"]) == (f"cell {number}", number)
        assert frame.get_potential_energy() == pytest.approx(step.energies_eV[-1], abs=1e-6)
        trace = -np.trace(step.stress_kB) / 3 / (10 * eV_PER_A3_IN_GPA)
        assert frame.get_stress()[:3].mean() == pytest.approx(trace, abs=1e-6)
        # the force belongs to the atom at the same place, whatever its number
        for atom, place in enumerate(sorted_atoms.positions):
            away = (frame.positions - place) @ np.linalg.inv(frame.cell.array)
            nearest = int(np.linalg.norm((away - np.round(away)) @ frame.cell.array, axis=1).argmin())
            np.testing.assert_allclose(frame.get_forces()[nearest], step.forces_eV_per_A[atom], atol=1e-6)


def test_what_came_since_is_collected_too(jobs, tmp_path):
    assert label(collect=jobs, out=tmp_path / "run").dataset.n_frames == 3
    answer(jobs / "frames" / f"{N - 1:06d}", seed=N)
    record = label(collect=jobs, out=tmp_path / "run")
    assert (record.dataset.n_frames, record.n_waiting) == (4, 0)


def test_refused_ones_are_written_again_and_no_others(jobs, tmp_path):
    label(collect=jobs, out=tmp_path / "run")
    record = label(collect=jobs, out=tmp_path / "run", again=True)
    assert record.rewritten == ["run A frame 3", "run A frame 4"]
    for number in (3, 4):
        folder = jobs / "frames" / f"{number:06d}"
        assert not (folder / "vasprun.xml").exists()
        assert (folder / "attempt-1" / "vasprun.xml").exists()
        assert (folder / "INCAR").read_text() != (folder / "attempt-1" / "INCAR").read_text()
        answer(folder, seed=number)
    assert (jobs / "frames" / "000000" / "vasprun.xml").exists()
    assert label(collect=jobs, out=tmp_path / "run").dataset.n_frames == 5


def test_potentials_other_than_those_asked_for_are_refused(jobs, tmp_path):
    path = jobs / "frames" / "000002" / "vasprun.xml"
    path.write_text(path.read_text().replace("Na_pv 19Sep2006", "Na 08Apr2002   "))
    record = label(collect=jobs, out=tmp_path / "run")
    [reason] = [frame.reason for frame in record.refused if frame.name == "run A frame 2"]
    assert reason == "the potential of Na is PAW_PBE Na 08Apr2002, asked for is Na_pv"


def test_output_of_another_frame_is_refused(jobs, tmp_path):
    shutil.copy(jobs / "frames" / "000000" / "vasprun.xml", jobs / "frames" / "000001" / "vasprun.xml")
    record = label(collect=jobs, out=tmp_path / "run")
    [reason] = [frame.reason for frame in record.refused if frame.name == "run A frame 1"]
    assert "asked for was" in reason


def test_nothing_that_can_be_taken_is_a_failure_with_its_list(jobs, tmp_path, capsys):
    for folder in (jobs / "frames").iterdir():
        if (folder / "vasprun.xml").exists():
            text = (folder / "vasprun.xml").read_text()
            (folder / "vasprun.xml").write_text(text[: len(text) // 3])
    assert command(["label", "--collect", str(jobs), "--out", str(tmp_path / "run")]) == 1
    said = capsys.readouterr().out
    assert "0 of 5 frames labelled" in said
    assert said.count("refused: run A frame") == 5
    assert not (tmp_path / "run" / "dataset.extxyz").exists()


def test_every_step_of_a_relaxation_is_a_label(tmp_path):
    (tmp_path / "relaxation").mkdir()
    (tmp_path / "relaxation" / "vasprun.xml").write_text(vasprun(relaxation(3)))
    folder = tmp_path / "relaxation"
    record = label(from_files=[folder, folder / "vasprun.xml"], out=tmp_path / "run")  # the same output twice
    assert (record.n_outputs, record.n_steps, record.dataset.n_frames) == (1, 3, 3)
    assert record.functional if hasattr(record, "functional") else record.dataset.functional
    assert [frame.info["source"] for frame in read_dataset(tmp_path / "run" / "dataset.extxyz").frames] == [
        f"relaxation frame {number}" for number in range(3)
    ]


def test_files_after_from_are_outputs_as_well(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in range(3):
        run = static_run(seed=number)
        atoms = run.steps[0].atoms.copy()
        atoms.set_cell(atoms.cell * (1 + 0.01 * number), scale_atoms=True)
        Path(f"{number}.xml").write_text(vasprun(static_run(atoms, seed=number)))
    assert command(["label", "--from", "0.xml", "1.xml", "2.xml", "--out", "run"]) == 0
    assert load("run").dataset.n_frames == 3


def test_two_settings_never_mix(tmp_path):
    """Two outputs of r2SCAN and one of PBE: that one is refused by name."""
    for number in range(3):
        atoms = cell_of_NaBH4()
        atoms.set_cell(atoms.cell * (1 + 0.01 * number), scale_atoms=True)
        run = static_run(atoms, seed=number)
        if number == 2:
            run = run.having(METAGGA="--")
        (tmp_path / f"{number}.xml").write_text(vasprun(run))
    record = label(from_files=sorted(tmp_path.glob("*.xml")), out=tmp_path / "run")
    assert record.dataset.n_frames == 2
    assert [frame.name for frame in record.refused] == ["2.xml frame 0"]
    assert "functional" in record.refused[0].reason


def test_of_two_settings_in_equal_numbers_neither_is_taken(tmp_path):
    for number in range(4):
        atoms = cell_of_NaBH4()
        atoms.set_cell(atoms.cell * (1 + 0.01 * number), scale_atoms=True)
        run = static_run(atoms, seed=number)
        (tmp_path / f"{number}.xml").write_text(vasprun(run.having(METAGGA="--") if number % 2 else run))
    files = sorted(tmp_path.glob("*.xml"))
    with pytest.raises(SettingsError, match="2 outputs have one setting and 2 another"):
        label(from_files=files, out=tmp_path / "run")
    record = label(from_files=files, functional="r2SCAN", out=tmp_path / "run")
    assert (record.dataset.n_frames, record.dataset.functional) == (2, "r2SCAN")


def test_card_beside_labelled_frames_is_believed_and_not_contradicted(tmp_path):
    for name, functional in (("a", "PBE"), ("b", "r2SCAN")):
        made = []
        for number in range(3):
            atoms = cell_of_NaBH4()
            atoms.set_cell(atoms.cell * (1 + 0.01 * number + (0.005 if name == "b" else 0)), scale_atoms=True)
            energy, forces = -50.0 - number / 10, np.full((12, 3), 0.1)
            atoms.calc = SinglePointCalculator(atoms, energy=energy, forces=forces, stress=np.zeros(6))
            made.append(atoms)
        write_dataset(tmp_path / f"{name}.extxyz", made, engine="by hand", functional=functional)
    record = label(from_files=[tmp_path / "a.extxyz"], out=tmp_path / "run")
    assert (record.dataset.engine, record.dataset.functional) == ("by hand", "PBE")
    record = label(from_files=[tmp_path / "a.extxyz", tmp_path / "b.extxyz"], functional="PBE", out=tmp_path / "both")
    assert record.dataset.n_frames == 3
    assert all("r2SCAN, PBE was given" in frame.reason for frame in record.refused)
    (tmp_path / "b.card.json").write_text("{")
    record = label(from_files=[tmp_path / "a.extxyz", tmp_path / "b.extxyz"], out=tmp_path / "damaged")
    assert record.dataset.n_frames == 3
    assert len(record.refused) == 1
    assert "b.card.json" in record.refused[0].reason


def test_equal_structures_of_other_labels_are_told(tmp_path):
    for name, seed in (("a.xml", 1), ("b.xml", 2)):
        (tmp_path / name).write_text(vasprun(static_run(seed=seed)))
    record = label(from_files=[tmp_path / "a.xml", tmp_path / "b.xml"], out=tmp_path / "run")
    assert "same structure as a.xml frame 0, with other labels" in record.refused[0].reason


def test_page_of_convergence_has_its_figure_and_table(tmp_path):
    """The record of made numbers; GPAW itself is not asked."""
    asked = asked_settings(settings_named("paper", engine="gpaw"))
    point = {"k_spacing_per_A": 0.35, "k_mesh": (3, 3, 3), "largest_force_eV_per_A": 0.02, "largest_stress_GPa": 0.3}
    points = [
        ConvergencePoint(varied="cutoff", cutoff_eV=cutoff, is_asked=cutoff == 680, energy_meV_per_atom=energy, **point)
        for cutoff, energy in ((500, 8.0), (680, 1.5), (900, 0.0))
    ]
    record = ConvergenceRecord(
        engine="gpaw", source="a frame", formula="NaBH4", n_atoms=6, settings=asked, points=points,
        provenance=label(frames(1), engine="vasp", write=tmp_path / "jobs").provenance,
    )  # fmt: skip
    record.lies_beside(Beside(directory=tmp_path))
    label.study.write_page(record)
    text = (tmp_path / "report.html").read_text()
    assert "1.5 meV/atom" in text
    assert "Differences to the finest" in text
    assert (tmp_path / "figures" / "convergence.svg").exists()


def test_labelled_frames_keep_what_they_say_of_themselves(tmp_path):
    """The run that a frame is of, by which tests are split, and the names of MPtrj; labels do not go along as words."""
    made, entries = [], {}
    for number, atoms in enumerate(frames(2)):
        atoms.info |= {"config_type": "hot", "REF_energy": -50.0, "REF_stress": np.zeros(6)}
        atoms.arrays["REF_forces"] = np.full((len(atoms), 3), 0.1)
        made.append(atoms)
        entries[f"mp-1-0-{number}"] = {
            "structure": {
                "lattice": {"matrix": (1.2 * atoms.cell.array).tolist()},
                "sites": [{"species": [{"element": symbol, "occu": 1}], "abc": place.tolist()} for symbol, place in
                          zip(atoms.get_chemical_symbols(), atoms.get_scaled_positions(), strict=True)],
            },
            "uncorrected_total_energy": -49.0, "force": np.full((len(atoms), 3), 0.2).tolist(),
            "stress": np.eye(3).tolist(), "mp_id": "mp-1", "frame_id": f"mp-1-0-{number}",
        }  # fmt: skip
    write(tmp_path / "old.extxyz", made)
    (tmp_path / "old.json").write_text(json.dumps({"mp-1": entries}))
    files = [tmp_path / "old.extxyz", tmp_path / "old.json"]
    record = label(from_files=files, functional="PBE", out=tmp_path / "run")
    assert record.dataset.n_frames == 4
    infos = [frame.info for frame in read_dataset(tmp_path / "run" / "dataset.extxyz").frames]
    assert [info["source"] for info in infos[:2]] == ["run A frame 0", "run A frame 1"]
    assert [info["config_type"] for info in infos[:2]] == ["hot", "hot"]
    assert [info["frame_id"] for info in infos[2:]] == ["mp-1-0-0", "mp-1-0-1"]
    assert not any("REF_energy" in info for info in infos)


def test_the_same_structure_twice_is_taken_once(tmp_path):
    for name in ("a.xml", "b.xml"):
        (tmp_path / name).write_text(vasprun(static_run(seed=1)))
    record = label(from_files=[tmp_path / "a.xml", tmp_path / "b.xml"], out=tmp_path / "run")
    assert record.dataset.n_frames == 1
    assert "same structure as a.xml" in record.refused[0].reason


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"engine": "vasp"}, "engine"),
        ({"engine": "gpaw", "write": "jobs"}, "write"),
        ({"engine": "vasp", "write": "jobs", "functional": "PBE"}, "functional"),
        ({"engine": "vasp", "write": "jobs", "potential": EMT_NAME}, "potential"),
        ({"collect": "jobs"}, "collect"),
        ({"settings": "paper", "potential": EMT_NAME}, "settings"),
        ({"write": "jobs", "potential": EMT_NAME}, "write"),
        ({"write": "jobs", "engine": "castep", "from_files": ["a.xml"]}, "write"),
    ],
)
def test_options_that_do_not_belong_together_are_refused(tmp_path, monkeypatch, options, where):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError) as caught:
        label(frames(1), **options)
    assert caught.value.where == where
    assert not list(tmp_path.iterdir())


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(DatasetError, match="is not there"):
        label(from_files=[tmp_path / "none.xml"], out=tmp_path / "run")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="no output that is known"):
        label(from_files=[tmp_path / "empty"], out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_forces_that_stand_apart_from_a_potential_are_told(tmp_path):
    """Twenty frames of copper with EMT's labels, one with its forces turned round."""
    rng = np.random.default_rng(7)
    made = []
    for number in range(20):
        atoms = bulk("Cu", cubic=True)
        atoms.rattle(0.1, rng=rng)
        atoms.calc = EMT()
        energy, forces, stress = atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress()
        forces = forces * (1 + 0.02 * rng.standard_normal(forces.shape)) * (-1 if number == 11 else 1)
        atoms.calc = SinglePointCalculator(atoms, energy=energy, forces=forces, stress=stress)
        made.append(atoms)
    write(tmp_path / "copper.extxyz", made)
    record = label(
        from_files=[tmp_path / "copper.extxyz"], functional="none", compare_with=EMT_NAME, out=tmp_path / "run"
    )
    assert record.convergence == "not said"
    assert record.dataset.n_frames == 20
    assert [row.frame for row in record.diagnostics.outliers] == [11]
    assert any("stand apart" in line for line in record.warnings)
