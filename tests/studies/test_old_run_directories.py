"""Run directories that users have go on: inputs that were written before are those of the same command today.

What stands in `inputs_of_old_runs/` was recorded before the studies were rearranged (see its README); `old_runs.py` has
the jobs.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from paddlewheel.potentials import identify_potential

sys.path.insert(0, str(Path(__file__).parent))
from old_runs import FIXTURES, OLD_RUNS, RUN, form, is_exact, run_command, units_of

MENDED: dict[str, dict[str, Any]] = {
    "density": {
        "symmetry": {
            "name": "framework.vasp",
            "sha256": "6f9ad3f842ac72ee2ef73261b294cd392970f148b776ce7985f0e6ebb0202e80",
        }
    },
    "distil": {
        "settings": {
            "exploration": {
                "temperatures_K": [200.0, 600.0], "strain": 0.03, "seed_ps": 0.1, "explore_ps": 0.2, "rounds": 0,
                "frames_per_round": 10, "grade_limit": 1.5, "disagreement_limit_eV_per_A": 0.5,
            },
            "gates": {"energy_meV_per_atom": 50.0, "force_eV_per_A": 0.5, "stress_GPa": 5.0},
            "form": {
                "radial_cutoff_A": 5.0, "angular_cutoff_A": 4.0, "radial_n_max": 7, "angular_n_max": 6,
                "radial_basis_size": 9, "angular_basis_size": 8, "l_max": 4, "neurons": 5,
            },
            "fit": {
                "batch_atoms": 400, "learning_rate": 0.01, "energy_scale_meV_per_atom": 2.0,
                "force_scale_eV_per_A": 0.08, "stress_scale_GPa": 0.1, "pressure_scale_GPa": 0.05,
                "force_weights": {}, "linear_beyond": 4.0, "average": 0.998,
            },
            "steps": 20, "final_steps": 30, "ensemble": 1, "test_fraction": 0.1, "seed": 3, "device": "cpu",
        }
    },
    "cycling": {"working": None},
    "eis": {"sample": "pellet 7"},
    "lsv": {"sample": "pellet 7"},
}  # fmt: skip
"""Keys that held a path as it was typed, of the job, and what they hold once the run has gone on: the file by its
content; or the name in the sample's file, which may change, as its sizes stand beside it. Of a student's form and fit
only what was given stood there, and then the whole. The electrode that works
is told by the half with which a cycle begins (`opens_with`)."""


def as_the_code_wants_it(name: str, document: dict[str, Any]) -> dict[str, Any]:
    """The recorded inputs as the code of today is to find them: the one place for what is mended.

    Today only what hangs on the versions installed is brought up to them: the identity of ASE's potentials.
    """
    del name

    def fresh(value: Any) -> Any:
        if isinstance(value, dict):
            value = {key: fresh(each) for key, each in value.items()}
            if str(value.get("name", "")).startswith("ase:") and "identity" in value:
                value["identity"] = identify_potential(value["name"])
            return value
        return [fresh(each) for each in value] if isinstance(value, list) else value

    return {key: value if key == "versions" else fresh(value) for key, value in document.items()}


def _jobs() -> list[Any]:
    return [pytest.param(name, marks=[pytest.mark.slow] * job.slow) for name, job in OLD_RUNS.items()]


def _recorded(name: str) -> dict[str, Any]:
    return yaml.safe_load((FIXTURES / name / "inputs.yaml").read_text(encoding="utf-8"))


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


@pytest.mark.parametrize("name", _jobs())
def test_a_run_directory_of_before_goes_on_and_refuses_another_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    job = OLD_RUNS[name]
    for package in job.needs:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    monkeypatch.chdir(tmp_path)
    job.make(tmp_path)
    wanted, inputs = as_the_code_wants_it(name, _recorded(name)), tmp_path / RUN / "inputs.yaml"
    inputs.parent.mkdir()
    inputs.write_text(yaml.safe_dump(wanted, sort_keys=False, allow_unicode=True))

    assert run_command(job) == job.status, capsys.readouterr().err
    assert "other inputs" not in capsys.readouterr().err
    left = yaml.safe_load(inputs.read_text())
    for key in wanted.keys() - {"versions"}:  # whoever writes the document anew keeps what stands in it
        assert left.get(key) == MENDED.get(name, {}).get(key, wanted[key]), key
    _check_units(name, tmp_path / RUN)

    kept = inputs.read_text()
    if job.edit is not None:
        job.edit(tmp_path)
    assert run_command(job, job.changed) == 2
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert "other inputs" in told
    assert job.named in told
    assert inputs.read_text() == kept


def _check_units(name: str, directory: Path) -> None:
    """The same units with the same keys; of what starts from computed numbers, contents of the same form."""
    keys, forms, units = (
        _json(FIXTURES / name / "unit_keys.json"),
        _json(FIXTURES / name / "unit_forms.json"),
        units_of(directory),
    )
    assert units.keys() == keys.keys()
    same_engine = _recorded(name)["versions"]["ase"] == version("ase")  # identities and masses are ASE's
    for unit, found in units.items():
        if unit in forms:
            assert form(found["contents"]) == forms[unit], unit
            continue
        assert is_exact(found["contents"]), unit
        if same_engine:
            assert found["key"] == keys[unit], unit


def test_every_command_has_a_fixture() -> None:
    assert {path.parent.name for path in FIXTURES.glob("*/inputs.yaml")} == set(OLD_RUNS)
    commands = {job.arguments[0] for job in OLD_RUNS.values()}
    assert commands == {
        "conduct", "rotor", "analyze", "rotation", "density", "sites", "active", "van-hove", "coordination", "spectra",
        "onsager", "phonons", "hull", "window", "sample", "label", "train", "distil", "validate", "eis", "dc", "lsv",
        "cv", "cycling", "cell", "nmr",
    }  # fmt: skip
    with_units = {path.parent.name for path in FIXTURES.glob("*/unit_keys.json")}
    assert with_units == {"conduct", "rotor", "phonons", "sample", "label", "distil", "validate"}


def test_paths_as_typed_are_those_that_are_known() -> None:
    """They stand in the fixtures, and no fixture depends on where it was made."""
    for name, keys in MENDED.items():
        assert set(keys) <= _recorded(name).keys()
    for path in FIXTURES.glob("*/inputs.yaml"):
        assert "/tmp" not in path.read_text(encoding="utf-8"), path
