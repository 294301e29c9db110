"""`sample`, `train`, `distil` and `validate`, one after the other and as a user gives them.

NaBH4 and Na2B12H12, the paper's M3GNet as the one that labels. Short: what comes out is a potential in the making,
whose files and figures must be sound.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from paddlewheel import load
from paddlewheel.crystals import read_structure
from paddlewheel.potentials import load_potential
from paddlewheel.training import read_dataset

pytest.importorskip("torch", reason="torch is not installed: pip install 'paddlewheel[distil]'")
pytestmark = pytest.mark.slow
TEACHER = "m3gnet-nabh-r2scan"


def command(options: str, shared: Path, *, status: int = 0) -> str:
    """stdout of a paddlewheel command that ends with this exit status."""
    done = subprocess.run(
        [sys.executable, "-m", "paddlewheel.cli.main", *options.split(), "--json"],
        env=os.environ | {"PADDLEWHEEL_SHARED": str(shared)}, capture_output=True, text=True, timeout=1500,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Path:
    """A set of twelve frames."""
    out = tmp_path_factory.mktemp("real") / "set"
    printed = command(
        f"sample nabh4 na2b12h12 --potential {TEACHER} --strains -0.05,0.05 --temperatures 600 --ps 0.06 --select 12 "
        f"--out {out}",
        shared,
    )
    assert printed == (out / "result.json").read_text()
    return out


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Path:
    """A student of one round."""
    out = tmp_path_factory.mktemp("real") / "student"
    command(
        f"distil nabh4 na2b12h12 --teacher {TEACHER} --temperatures 300,700 --strain 0.05 --seed-ps 0.05 --rounds 1 "
        "--explore-ps 0.3 --frames-per-round 30 --steps 300 --final-steps 1500 --radial-cutoff-A 5 "
        f"--angular-cutoff-A 4 --neurons 30 --energy-gate-meV-per-atom 100 --force-gate-eV-per-A 0.3 "
        f"--stress-gate-GPa 2 --out {out}",
        shared,
    )
    return out


def test_sampled_set_is_chosen_in_the_latent_space_and_labelled(sampled: Path) -> None:
    record = load(sampled)
    assert "latent space" in record.choice.features
    assert record.choice.n_features == 128
    assert record.dataset.engine.startswith(f"{TEACHER} (three_body parent")
    assert record.dataset.functional == "r2SCAN"
    dataset = read_dataset(sampled / "dataset.extxyz", elements=["Na", "B", "H"])
    assert {frame.info["structure"] for frame in dataset.frames} == {"nabh4", "na2b12h12"}


def test_fine_tuning_on_its_own_labels_stays_where_it_was(sampled: Path, tmp_path: Path, shared: Path) -> None:
    """The labels are the potential's own: an epoch at a small rate leaves what rounding and three small steps make."""
    pytest.importorskip("matgl", reason="matgl is not installed: pip install 'paddlewheel[train]'")
    out = tmp_path / "tuned"
    command(
        f"train {sampled / 'dataset.extxyz'} --start-from {TEACHER} --epochs 1 --batch-size 4 --learning-rate 1e-6 "
        f"--out {out}",
        shared,
    )
    record = load(out)
    assert record.engine_agreement.force_eV_per_A < 1e-5
    for row in record.errors:
        assert row.force_mae_eV_per_A < 0.02


def test_student_follows_its_teacher(student: Path, shared: Path) -> None:
    """Two real phases at 300 and 700 K: forces are 1 to 2 eV/A there, so that an error of 0.3 is one of a fifth."""
    record = load(student)
    assert record.elements == ["B", "H", "Na"]
    assert [row.explored_by for row in record.rounds] == ["teacher", "student of round 0"]
    assert {row.structure for row in record.test_errors_by_structure} <= {"nabh4", "na2b12h12"}
    assert record.test_errors.force_eV_per_A < 0.3
    atoms = read_structure("nabh4")
    atoms.rattle(0.05, seed=4)
    forces = []
    for name in (str(student / "nep.txt"), TEACHER):
        atoms.calc = load_potential(name)
        forces.append(atoms.get_forces())
    assert np.abs(forces[0] - forces[1]).mean() < 0.2 * np.abs(forces[1]).mean()


def test_validation_tells_that_it_is_not_ready(student: Path, sampled: Path, tmp_path: Path, shared: Path) -> None:
    """The gates are those of the embedded potential: the numbers are there, and the status says that some fail."""
    out = tmp_path / "validation"
    command(
        f"validate {student / 'nep.txt'} nabh4 --against {TEACHER} --set {sampled / 'dataset.extxyz'} "
        "--npt-ps 0 --spectrum-ps 0 --phonon-displacement-A 0 --diffusion-ps 0 --bond-ps 0 "
        f"--eos-points 5 --radial-cutoff-A 0 --out {out}",
        shared, status=1,
    )  # fmt: skip
    record = load(out)
    gates = {gate.subject: gate for gate in record.gates}
    assert gates["force MAE"].measured is not None
    assert record.equations_of_state
    assert any(gate.verdict == "fail" for gate in record.gates)
    assert (out / "report.html").is_file()
