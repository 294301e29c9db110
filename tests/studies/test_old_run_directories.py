"""Run directories that users have go on: inputs that were written before are those of the same command today.

What stands in `inputs_of_old_runs/` was recorded before the studies were rearranged (see its README); `old_runs.py` has
the jobs. Each is done once, with its units in worker processes, and its report is looked at in a browser.
"""

from __future__ import annotations

import importlib.util
import io
import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from paddlewheel.potentials import identify_potential
from paddlewheel.studies.table import TABLE
from rendered_page import WIDTHS_PX, render

sys.path.insert(0, str(Path(__file__).parent))
from old_runs import FIXTURES, OLD_RUNS, RUN, OldRun, form, is_exact, run_command, units_of

pytestmark = pytest.mark.parsl

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


@dataclass(frozen=True)
class Ended:
    """A job that went on in a directory of before: where, its inputs of before, its exit status, what stderr says."""

    name: str
    job: OldRun
    folder: Path
    wanted: dict[str, Any]
    status: int
    said: str


@pytest.fixture(scope="module", params=_jobs())
def ended(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    """In the folder of the job, which is the working directory as long as it is asked about."""
    name = request.param
    job, folder = OLD_RUNS[name], tmp_path_factory.mktemp(name)
    for package in job.needs:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        job.make(folder)
        wanted = as_the_code_wants_it(name, _recorded(name))
        (folder / RUN).mkdir()
        (folder / RUN / "inputs.yaml").write_text(yaml.safe_dump(wanted, sort_keys=False, allow_unicode=True))
        with redirect_stderr(io.StringIO()) as told:
            status = run_command(job)
        yield Ended(name, job, folder, wanted, status, told.getvalue())


def test_a_run_directory_of_before_goes_on_and_refuses_another_run(ended: Ended, capsys: pytest.CaptureFixture) -> None:
    name, job, wanted, inputs = ended.name, ended.job, ended.wanted, ended.folder / RUN / "inputs.yaml"
    assert ended.status == job.status, ended.said
    assert "other inputs" not in ended.said
    left = yaml.safe_load(inputs.read_text())
    for key in wanted.keys() - {"versions"}:  # whoever writes the document anew keeps what stands in it
        assert left.get(key) == MENDED.get(name, {}).get(key, wanted[key]), key
    _check_units(name, ended.folder / RUN)

    kept = inputs.read_text()
    if job.edit is not None:
        job.edit(ended.folder)
    assert run_command(job, job.changed) == 2
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert "other inputs" in told
    assert job.named in told
    assert inputs.read_text() == kept


def test_its_report_has_no_fault(chrome: Any, ended: Ended) -> None:
    """On a screen, on a phone and in print, by the rules that `tests/page/test_rendered.py` holds to examples."""
    report, pdf = ended.folder / RUN / "report.html", ended.folder / "report.pdf"
    faults = []
    for medium in WIDTHS_PX:
        found = render(chrome, report, medium, pdf=pdf if medium == "print" else None)
        faults += [f"{medium}: {text}" for text in found.faults]
        assert found.n_figures >= 1 or medium != "print"
    assert faults == []
    assert pdf.read_bytes().startswith(b"%PDF")


def test_every_study_is_rendered_here() -> None:
    jobs = [" ".join(job.arguments) for job in OLD_RUNS.values()]
    assert [name for name in TABLE if not any(job.startswith(f"{name} ") for job in jobs)] == []


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
        "onsager", "neb", "phonons", "hull", "window", "sample", "label", "train", "distil", "validate", "eis", "dc",
        "lsv", "cv", "cycling", "cell", "nmr", "xrd", "dsc", "tomography",
    }  # fmt: skip
    with_units = {path.parent.name for path in FIXTURES.glob("*/unit_keys.json")}
    assert with_units == {
        "conduct", "rotor", "neb", "neb-ends", "neb-screen", "phonons", "sample", "label", "distil", "validate",
        "validate-experiment", "xrd-series",
    }  # fmt: skip


def test_paths_as_typed_are_those_that_are_known() -> None:
    """They stand in the fixtures, and no fixture depends on where it was made."""
    for name, keys in MENDED.items():
        assert set(keys) <= _recorded(name).keys()
    for path in FIXTURES.glob("*/inputs.yaml"):
        assert "/tmp" not in path.read_text(encoding="utf-8"), path
