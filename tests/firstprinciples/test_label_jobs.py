"""Job folders: what VASP is given, read back; continued, run by a made program, written again for another attempt."""

import gzip
import json
import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.io import read
from pymatgen.core import SETTINGS
from pymatgen.io.vasp.inputs import Incar, Potcar

import made_vasp
from paddlewheel.crystals.read import read_structure
from paddlewheel.errors import DatasetError, RunDirectoryError, SettingsError
from paddlewheel.firstprinciples import jobs
from paddlewheel.firstprinciples.jobs import (
    asked_frame,
    is_half_rewritten,
    next_attempt,
    read_manifest,
    rewrite_job,
    write_jobs,
)
from paddlewheel.firstprinciples.judgement import judge
from paddlewheel.firstprinciples.named_settings import NAMES, settings_named
from paddlewheel.firstprinciples.readers import read_calculation
from paddlewheel.firstprinciples.setups import mesh_of_spacing
from paddlewheel.firstprinciples.submission import submit_script
from paddlewheel.firstprinciples.vasp.inputs import FUNCTIONALS
from paddlewheel.firstprinciples.vasp.program import VASP

PAPER = settings_named("paper", engine="vasp")
WHOLE = "<modeling>\n</modeling>\n"


@pytest.fixture(autouse=True)
def no_library(monkeypatch):
    """The potentials of whoever runs the tests are not looked at."""
    monkeypatch.delitem(SETTINGS, "PMG_VASP_PSP_DIR", raising=False)


def snapshots(count: int, *, name: str = "nabh4") -> list[Atoms]:
    """Frames of one crystal, each a little different, its atoms in no order."""
    random = np.random.default_rng(7)
    frames = []
    for _ in range(count):
        atoms = read_structure(name)
        atoms = atoms[random.permutation(len(atoms))]
        atoms.rattle(0.02, rng=random)
        frames.append(atoms)
    return frames


def fake_vasp(folder: Path, text: str = WHOLE) -> dict[str, str]:
    """An environment in which `vasp_std` writes an output, and tells where it ran."""
    program = folder / "bin" / "vasp_std"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\ncat >/dev/null\ntest -s POTCAR || exit 3\nprintf '{text}' > vasprun.xml\n"
        f'basename "$PWD" >> {folder}/ran\n'
    )
    program.chmod(0o755)
    library = folder / "library"
    for potential in ("Na_pv", "B", "H"):
        (library / potential).mkdir(parents=True)
        (library / potential / "POTCAR").write_text(f"potential of {potential}\n")
    # the other names that libraries have
    (library / "H" / "POTCAR").rename(library / "POTCAR.H")
    with gzip.open(library / "B" / "POTCAR.gz", "wb") as packed:
        packed.write((library / "B" / "POTCAR").read_bytes())
    (library / "B" / "POTCAR").unlink()
    return {"PATH": f"{program.parent}:/usr/bin:/bin", "VASP_PSP_DIR": str(library)}


def submit(directory: Path, environment: dict[str, str], **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", directory / "submit.sh"], env={**environment, **more}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", ["nabh4", "na2b12h12", "o-nbh"])
def test_inputs_are_those_of_the_paper_s_methods(tmp_path, name):
    """INCAR as pymatgen reads it, field by field; Methods: 680 eV, 0.35/A, r2SCAN, spins, 1e-5 eV an atom."""
    frame = read_structure(name)
    write_jobs(tmp_path, [frame], engine="vasp", settings=PAPER)
    folder = tmp_path / "frames" / "000000"
    assert dict(Incar.from_file(folder / "INCAR")) == {
        "METAGGA": "R2scan", "ENCUT": 680, "KSPACING": 0.35, "EDIFF": pytest.approx(1e-5 * len(frame), rel=1e-12),
        "ISPIN": 2, "MAGMOM": [0.6] * len(frame), "NSW": 0, "IBRION": -1, "ISIF": 2, "ISMEAR": 0, "SIGMA": 0.05,
        "NELM": 200, "ALGO": "All", "PREC": "Accurate", "LREAL": False, "LASPH": True, "LMIXTAU": True, "LMAXMIX": 6,
        "LCHARG": False, "LWAVE": False,
    }  # fmt: skip
    assert sorted(path.name for path in folder.iterdir()) == ["INCAR", "POSCAR", "POTCAR.spec", "frame.json"]
    assert (folder / "POTCAR.spec").read_text().split() == ["H", "B", "Na_pv"]


def test_a_frame_comes_back_as_it_was_given_and_in_vasp_s_order(tmp_path):
    frames = snapshots(3)
    manifest = write_jobs(tmp_path, frames, engine="vasp", settings=PAPER, names=["a", "b", "c"])
    assert read_manifest(tmp_path) == manifest
    assert [job.name for job in manifest.jobs] == ["a", "b", "c"]
    # what is asked for is whole: outputs are held to the titles of these potentials
    assert manifest.settings == replace(PAPER, pseudopotentials={"B": "B", "H": "H", "Na": "Na_pv"})
    for frame, job in zip(frames, manifest.jobs, strict=True):
        asked = asked_frame(tmp_path, job)
        assert asked.get_chemical_symbols() == frame.get_chemical_symbols()
        assert (asked.positions == frame.positions).all()
        assert (asked.cell.array == frame.cell.array).all()
        written = read(tmp_path / job.folder / "POSCAR")
        assert isinstance(written, Atoms)
        symbols = written.get_chemical_symbols()
        assert list(written.numbers) == sorted(written.numbers)
        assert symbols == [frame.get_chemical_symbols()[atom] for atom in job.order]
        # fractional coordinates with 16 digits
        np.testing.assert_allclose(written.positions, frame.positions[list(job.order)], atol=1e-13)


def answer(folder: Path, **changed: str) -> None:
    """A sound vasprun.xml of what the folder asks for, but for changed tags."""
    lines = (folder / "INCAR").read_text().splitlines()
    tags = {name: value for name, value in (line.split(" = ") for line in lines) if name != "MAGMOM"}
    logical = {name: value[0] if value in ("True", "False") else value for name, value in tags.items()}
    atoms = read(folder / "POSCAR")
    assert isinstance(atoms, Atoms)
    mesh = mesh_of_spacing(atoms.cell.array, float(tags["KSPACING"]))
    titles = {**made_vasp.TITLES, "Na": "PAW_PBE Na_pv 19Sep2006"}
    step = made_vasp.made_step(atoms, last_change_eV=0.3 * float(tags["EDIFF"]))
    run = made_vasp.MadeRun(steps=(step,), incar={**logical, **changed}, titles=titles, mesh=mesh)
    (folder / "vasprun.xml").write_text(made_vasp.vasprun(run))


@pytest.mark.parametrize(
    "settings",
    [settings_named(name, engine="vasp") for name in NAMES]
    + [replace(PAPER, functional=functional, smearing="fermi") for functional in FUNCTIONALS],
    ids=lambda settings: f"{settings.name}-{settings.functional}",
)
def test_what_vasp_answers_is_judged_as_what_was_asked(tmp_path, settings):
    """Both ends use one vocabulary: a sound output of each folder is taken, one of another functional is not."""
    manifest = write_jobs(tmp_path, snapshots(1), engine="vasp", settings=settings)
    job = manifest.jobs[0]

    def reasons() -> tuple[str, ...]:
        found = read_calculation(tmp_path / job.folder)
        asked = asked_frame(tmp_path, job)
        return judge(found, found.steps[0], asked=asked, order=job.order, settings=manifest.settings)

    answer(tmp_path / job.folder)
    assert reasons() == ()
    answer(tmp_path / job.folder, METAGGA="TPSS")
    assert any(f"functional is TPSS, asked for is {settings.functional}" in reason for reason in reasons())


def test_a_key_changes_with_all_that_decides_a_label_and_nothing_else(tmp_path):
    frame = snapshots(1)[0]
    moved, strained, named = frame.copy(), frame.copy(), frame.copy()
    moved.positions[0, 0] += 1e-9
    strained.set_cell(frame.cell.array * (1 + 1e-12))
    named.info["source"] = "elsewhere"
    keys = {
        what: write_jobs(tmp_path / what, [atoms], engine="vasp", settings=settings).jobs[0].key
        for what, atoms, settings in [
            ("same", frame, PAPER), ("named", named, PAPER), ("moved", moved, PAPER), ("strained", strained, PAPER),
            ("matpes", frame, settings_named("matpes", engine="vasp")),
        ]
    }  # fmt: skip
    assert keys["same"] == keys["named"]
    assert len(set(keys.values())) == 4


def test_frames_that_cannot_be_labelled_are_named_and_nothing_is_written(tmp_path):
    good = snapshots(4)
    flat, close = good[1].copy(), good[2].copy()
    flat.set_cell(np.zeros((3, 3)))
    close.positions[1] = close.positions[0] + 0.1
    with pytest.raises(DatasetError, match=r"3 of 5 .*1 \(frame 1\): .*cell.*2 \(frame 2\): .*overlap.*4 .*same as 0"):
        write_jobs(tmp_path / "jobs", [good[0], flat, close, good[3], good[0]], engine="vasp", settings=PAPER)
    assert not (tmp_path / "jobs").exists()
    with pytest.raises(DatasetError, match="no frames"):
        write_jobs(tmp_path / "jobs", [], engine="vasp", settings=PAPER)
    with pytest.raises(SettingsError, match="no jobs are written for gpaw"):
        write_jobs(tmp_path / "jobs", good, engine="gpaw", settings=PAPER)


def test_a_call_that_was_killed_goes_on(tmp_path):
    frames = snapshots(6)

    class KilledError(Exception):
        pass

    def kill(share: float) -> None:
        if share >= 0.5:
            raise KilledError

    with pytest.raises(KilledError):
        write_jobs(tmp_path, frames, engine="vasp", settings=PAPER, watch=kill)
    assert len(list((tmp_path / "frames").iterdir())) == 3
    with pytest.raises(DatasetError, match="no complete jobs"):
        read_manifest(tmp_path)
    # what a power cut leaves: an empty file, half a folder
    (tmp_path / "frames/000001/INCAR").write_text("")
    (tmp_path / "frames/.000003.1.tmp").mkdir()
    before = (tmp_path / "frames/000000/INCAR").stat()
    shares = []
    manifest = write_jobs(tmp_path, frames, engine="vasp", settings=PAPER, watch=shares.append)
    assert (tmp_path / "frames/000000/INCAR").stat() == before
    assert sorted(path.name for path in (tmp_path / "frames").iterdir()) == [f"{k:06d}" for k in range(6)]
    assert {(tmp_path / job.folder / "INCAR").read_text() for job in manifest.jobs} == {
        (tmp_path / "frames/000000/INCAR").read_text()
    }
    assert shares[-1] == 1
    assert all(a < b for a, b in pairwise(shares))


def test_a_directory_of_other_jobs_is_left_alone(tmp_path):
    frames = snapshots(2)
    write_jobs(tmp_path, frames, engine="vasp", settings=PAPER)
    (tmp_path / "frames/000000/OUTCAR").write_text("a day's work")
    (tmp_path / "submit.sh").write_text("#SBATCH --account=mine")
    write_jobs(tmp_path, frames, engine="vasp", settings=PAPER)
    assert (tmp_path / "submit.sh").read_text() == "#SBATCH --account=mine"
    for other in (snapshots(3), frames[:1]):
        with pytest.raises(RunDirectoryError, match="other frames or settings"):
            write_jobs(tmp_path, other, engine="vasp", settings=PAPER)
    with pytest.raises(RunDirectoryError, match="other frames or settings"):
        write_jobs(tmp_path, frames, engine="vasp", settings=settings_named("matpes", engine="vasp"))
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(RunDirectoryError, match="holds another frame"):
        write_jobs(tmp_path, frames[::-1], engine="vasp", settings=PAPER)
    # the manifest was lost: the INCAR of a folder that was run belongs to its output
    (tmp_path / "frames/000000/INCAR").write_text("as custodian left it")
    (tmp_path / "frames/000001/INCAR").write_text("")
    write_jobs(tmp_path, frames, engine="vasp", settings=PAPER)
    assert (tmp_path / "frames/000000/INCAR").read_text() == "as custodian left it"
    assert "ENCUT = 680" in (tmp_path / "frames/000001/INCAR").read_text()
    assert (tmp_path / "frames/000000/OUTCAR").read_text() == "a day's work"


def test_damaged_lists_and_frames_are_refused(tmp_path):
    job = write_jobs(tmp_path, snapshots(1), engine="vasp", settings=PAPER).jobs[0]
    path = tmp_path / job.folder / "frame.json"
    document = json.loads(path.read_text())
    document["positions_A"][0][0] += 1e-6
    path.write_text(json.dumps(document))
    with pytest.raises(DatasetError, match="not the frame of the manifest"):
        asked_frame(tmp_path, job)
    path.write_text("{}")
    with pytest.raises(DatasetError, match="is no frame"):
        asked_frame(tmp_path, job)
    for text, words in (("{}", "is no list of jobs"), ("[", "cannot be read as JSON")):
        (tmp_path / "manifest.json").write_text(text)
        with pytest.raises(DatasetError, match=words):
            read_manifest(tmp_path)


def made_library(folder: Path, *, kinetic: str = "kinetic energy-density\n", swapped: str = "") -> Path:
    """Potentials of a few lines, as pymatgen looks for them; `swapped` lies in the place of B."""
    for name, element in (("Na_pv", "Na"), ("B", "B"), ("H", "H")):
        title = f"PAW_PBE {swapped if swapped and name == 'B' else name} 19Sep2006"
        place = folder / "POT_PAW_PBE_64" / name / "POTCAR"
        place.parent.mkdir(parents=True)
        place.write_text(
            f" {title}\n 1.0\n parameters from PSCTR are:\n   VRHFIN ={element}: 1s\n   LEXCH  = PE\n"
            f"   EATOM  =  1.0 eV,  0.1 Ry\n   TITEL  = {title}\n   ZVAL   =    1.000\n"
            f"   ENMAX  =  250.000; ENMIN  =  200.000 eV\nEND of PSCTR-controll parameters\n {kinetic} 1.0\n"
            " End of Dataset\n"
        )
    return folder


@pytest.mark.filterwarnings("ignore:POTCAR data with symbol")
def test_potcar_comes_from_the_library_that_pymatgen_is_configured_for(tmp_path, monkeypatch):
    """Once for all frames, in the order of POSCAR; pymatgen does not know the made ones, which is told."""
    library = made_library(tmp_path / "library")
    monkeypatch.setitem(SETTINGS, "PMG_VASP_PSP_DIR", str(library))
    directory = tmp_path / "jobs"
    manifest = write_jobs(directory, snapshots(3), engine="vasp", settings=PAPER)
    for job in manifest.jobs:
        path = directory / job.folder / "POTCAR"
        assert path.is_symlink()
        assert path.samefile(directory / "potcars/H-B-Na_pv/POTCAR")
        assert [single.symbol for single in Potcar.from_file(path)] == ["H", "B", "Na_pv"]
    assert len(manifest.remarks) == 1
    assert "POTCAR from PBE_64" in manifest.remarks[0]
    assert "does not know H, B, Na_pv" in manifest.remarks[0]
    assert read_manifest(directory) == manifest
    # links hold where the directory is moved to
    directory.rename(tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere/frames/000002/POTCAR").read_text().count("End of Dataset") == 3


@pytest.mark.parametrize(
    ("options", "settings", "words"),
    [
        ({"kinetic": ""}, PAPER, "H has no kinetic energy density"),
        ({"swapped": "B_h"}, PAPER, "the file of B holds PAW_PBE B_h"),
        ({}, settings_named("mp-r2scan", engine="vasp"), "no potential H of PBE_54"),
        ({}, replace(PAPER, pseudopotentials={"Na": "Na_sv"}), "no potential Na_sv of PBE_64"),
    ],
)
def test_a_library_that_cannot_serve_is_refused_before_anything_is_written(
    tmp_path, monkeypatch, options, settings, words
):
    monkeypatch.setitem(SETTINGS, "PMG_VASP_PSP_DIR", str(made_library(tmp_path / "library", **options)))
    with pytest.raises(SettingsError, match=words):
        write_jobs(tmp_path / "jobs", snapshots(1), engine="vasp", settings=settings)
    assert not (tmp_path / "jobs").exists()


def test_without_a_library_the_manifest_says_what_submit_needs(tmp_path):
    remarks = write_jobs(tmp_path, snapshots(2), engine="vasp", settings=PAPER).remarks
    assert remarks == ("no POTCAR (PMG_VASP_PSP_DIR is not set): submit.sh makes it where VASP_PSP_DIR holds PBE_64",)


def test_a_left_handed_cell_is_refused(tmp_path):
    """VASP stops at a negative triple product."""
    frame = read_structure("nabh4")
    frame.set_cell(frame.cell.array[[1, 0, 2]])
    with pytest.raises(DatasetError, match="left-handed"):
        write_jobs(tmp_path, [frame], engine="vasp", settings=PAPER)


def test_tasks_of_an_array_do_every_frame_once_and_pass_what_is_finished(tmp_path):
    directory, environment = tmp_path / "jobs", fake_vasp(tmp_path)
    write_jobs(directory, snapshots(5), engine="vasp", settings=PAPER)
    assert "--array=0-4\n" in (directory / "submit.sh").read_text()
    assert subprocess.run(["bash", "-n", directory / "submit.sh"], check=False).returncode == 0
    done = submit(directory, environment, SLURM_ARRAY_TASK_ID="1", SLURM_SUBMIT_DIR=str(directory))
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "ran").read_text().split() == ["000001"]
    potcar = directory / "frames/000001/POTCAR"
    assert potcar.read_text() == "potential of H\npotential of B\npotential of Na_pv\n"
    assert submit(directory, environment).returncode == 0
    assert (tmp_path / "ran").read_text().split() == ["000001", "000000", "000002", "000003", "000004"]


def test_a_scheduler_s_copy_of_the_script_works_where_it_was_submitted(tmp_path):
    """SLURM runs a copy in its spool folder."""
    directory, environment = tmp_path / "jobs", fake_vasp(tmp_path)
    write_jobs(directory, snapshots(1), engine="vasp", settings=PAPER)
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / "submit.sh").write_text((directory / "submit.sh").read_text())
    lost = submit(spool, environment, SLURM_SUBMIT_DIR=str(tmp_path))
    assert lost.returncode == 2
    assert "submit from the folder of submit.sh" in lost.stderr
    assert submit(spool, environment, SLURM_SUBMIT_DIR=str(directory)).returncode == 0
    assert (tmp_path / "ran").read_text().split() == ["000000"]


def test_custodian_runs_vasp_where_it_is_there(tmp_path):
    """A made `cstdn` that starts the first job as custodian does; what it may change is no part of a label."""
    directory, environment = tmp_path / "jobs", fake_vasp(tmp_path)
    write_jobs(directory, snapshots(1), engine="vasp", settings=PAPER)
    custodian = tmp_path / "bin" / "cstdn"
    custodian.write_text(f'#!/bin/bash\ncp "$2" {tmp_path}/given.yaml\nbash -c "exec $command" >vasp.out\n')
    custodian.chmod(0o755)
    assert submit(directory, environment, VASP_COMMAND="vasp_std --all").returncode == 0
    given = yaml.safe_load((tmp_path / "given.yaml").read_text())
    assert given["jobs"][0]["params"]["$vasp_cmd"] == ["bash", "-c", "exec $command"]
    caught = given["handlers"][0]["params"]["errors_subset_to_catch"]
    assert not {"tet", "dentet", "ksymm", "eddiag", "too_few_bands"} & set(caught)


def test_an_array_is_no_larger_than_schedulers_take(tmp_path):
    directory, environment = tmp_path / "jobs", fake_vasp(tmp_path)
    write_jobs(directory, snapshots(7), engine="vasp", settings=PAPER)
    script = directory / "submit.sh"
    # as for 2,100 frames: three a task
    script.write_text(submit_script(VASP, 2100))
    assert "--array=0-699\n" in script.read_text()
    assert submit(directory, environment, SLURM_ARRAY_TASK_ID="1").returncode == 0
    assert submit(directory, environment, SLURM_ARRAY_TASK_ID="2").returncode == 0
    assert (tmp_path / "ran").read_text().split() == ["000003", "000004", "000005", "000006"]


def test_a_task_that_failed_says_which_frame_and_goes_on(tmp_path):
    directory, environment = tmp_path / "jobs", fake_vasp(tmp_path, "<modeling>\n")
    write_jobs(directory, snapshots(2), engine="vasp", settings=PAPER)
    done = submit(directory, environment)
    assert done.returncode == 1
    assert done.stderr.split("\n")[:2] == [f"frames/00000{k}: no whole output" for k in range(2)]
    done = submit(directory, {**environment, "VASP_PSP_DIR": str(tmp_path / "nowhere")}, SLURM_ARRAY_TASK_ID="0")
    assert done.returncode == 1  # POTCAR is there; still no whole output
    (directory / "frames/000000/POTCAR").unlink()
    done = submit(directory, {"PATH": environment["PATH"]}, SLURM_ARRAY_TASK_ID="0")
    assert done.returncode == 1
    assert "set VASP_PSP_DIR" in done.stderr


@pytest.mark.parametrize("after", [0, 1, 2])
def test_attempt_that_was_killed_is_gone_on_with(tmp_path, monkeypatch, after):
    """Killed before the first, second or third of the new files: the same attempt, with the first inputs kept."""
    job = write_jobs(tmp_path, snapshots(1), engine="vasp", settings=PAPER).jobs[0]
    folder = tmp_path / job.folder
    first = (folder / "INCAR").read_text()
    (folder / "vasprun.xml").write_text("an output")
    written = []

    def dies(path, text):
        if len(written) == after:
            raise KeyboardInterrupt
        written.append(path)
        path.write_text(text)

    with monkeypatch.context() as patched:
        patched.setattr(jobs, "write_atomically", dies)
        with pytest.raises(KeyboardInterrupt):
            rewrite_job(tmp_path, job, 1)
    assert is_half_rewritten(tmp_path, job)
    assert next_attempt(tmp_path, job) == 1
    rewrite_job(tmp_path, job, 1)
    assert not is_half_rewritten(tmp_path, job)
    assert (folder / "attempt-1" / "INCAR").read_text() == first
    assert (folder / "attempt-1" / "vasprun.xml").read_text() == "an output"
    assert Incar.from_file(folder / "INCAR")["ALGO"] == "Normal"


def test_another_attempt_keeps_all_of_the_last_one(tmp_path):
    job = write_jobs(tmp_path, snapshots(2), engine="vasp", settings=PAPER).jobs[1]
    folder = tmp_path / job.folder
    first = (folder / "INCAR").read_text()
    tried = []
    for attempt in (1, 2):
        (folder / "OUTCAR").write_text(f"output before attempt {attempt}")
        (folder / "POTCAR").write_text("stays")
        before = (folder / "INCAR").read_text()
        assert next_attempt(tmp_path, job) == attempt
        rewrite_job(tmp_path, job, attempt)
        kept = folder / f"attempt-{attempt}"
        assert (kept / "OUTCAR").read_text() == f"output before attempt {attempt}"
        assert (kept / "INCAR").read_text() == before
        assert not (folder / "OUTCAR").exists()
        assert (folder / "POTCAR").exists()
        incar = Incar.from_file(folder / "INCAR")
        tried.append((incar["ALGO"], incar["NELM"]))
        same = dict(Incar.from_str(first)) | {"ALGO": incar["ALGO"], "NELM": incar["NELM"]}
        assert dict(incar) == same
    assert tried == [("Normal", 400), ("Damped", 800)]
    assert asked_frame(tmp_path, job) is not None
    with pytest.raises(SettingsError, match="tried with ALGO All, Normal, Damped; leave the frame out"):
        rewrite_job(tmp_path, job, 3)
    with pytest.raises(RunDirectoryError, match="attempt 2 was made already"):
        rewrite_job(tmp_path, job, 2)
    assert not is_half_rewritten(tmp_path, job)
    # the same call leaves the INCAR of the attempt
    write_jobs(tmp_path, snapshots(2), engine="vasp", settings=PAPER)
    assert Incar.from_file(folder / "INCAR")["ALGO"] == "Damped"


def test_tetrahedra_need_four_points(tmp_path):
    """34 x 34 x 5.8 A at 0.22/A: 1 x 1 x 5, of which time reversal leaves 3."""
    wide = read_structure("nabh4").repeat((8, 8, 1))
    tetrahedra = settings_named("mp-r2scan", engine="vasp")
    with pytest.raises(DatasetError, match="1 x 1 x 5 k-points are too few"):
        write_jobs(tmp_path, [wide], engine="vasp", settings=tetrahedra)
    write_jobs(tmp_path, [read_structure("o-nbh")], engine="vasp", settings=tetrahedra)


def test_jobs_for_castep_have_the_same_layout(tmp_path):
    """Whose outputs grow by every run: that of a run that was killed is put aside."""
    directory = tmp_path / "jobs"
    settings = settings_named("paper", engine="castep")
    manifest = write_jobs(directory, snapshots(2), engine="castep", settings=settings)
    assert (manifest.engine, manifest.settings, manifest.remarks) == ("castep", settings, ())
    program = tmp_path / "castep.mpi"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/ran\necho "Total time          = 9 s" >> label.castep\n')
    program.chmod(0o755)
    folder = directory / manifest.jobs[0].folder
    assert sorted(path.name for path in folder.iterdir()) == ["frame.json", "label.cell", "label.param"]
    (folder / "label.castep").write_text("killed")
    environment = {"PATH": "/usr/bin:/bin", "CASTEP_COMMAND": str(program)}
    assert subprocess.run(["bash", "-n", directory / "submit.sh"], check=False).returncode == 0
    assert submit(directory, environment).returncode == 0
    assert submit(directory, environment).returncode == 0
    assert (tmp_path / "ran").read_text() == "label\nlabel\n"
    assert (folder / "label.castep").read_text() == "Total time          = 9 s\n"
    assert [path.read_text() for path in folder.glob("label.castep.cut-*")] == ["killed"]
    changed = rewrite_job(directory, manifest.jobs[0], 1)
    assert changed.most_electronic_steps == 2 * settings.most_electronic_steps
    assert (folder / "attempt-1" / "label.castep").exists()
    with pytest.raises(SettingsError, match="leave the frame out"):
        rewrite_job(directory, manifest.jobs[0], 9)
    tetrahedra = settings_named("mp-r2scan", engine="castep")
    with pytest.raises(SettingsError, match="no smearing tetrahedron"):
        write_jobs(tmp_path / "others", snapshots(1), engine="castep", settings=tetrahedra)
    assert not (tmp_path / "others").exists()
