"""A run that leaves its potential's domain: what is kept, what the record says, and what enters the fit."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from ase.io import read

from paddlewheel import analyze, conduct
from paddlewheel.dynamics import MDSettings
from paddlewheel.execution import Unit
from paddlewheel.studies.conduct.extrapolation import extrapolating_reason, extrapolation_of, outside_sentences
from paddlewheel.studies.conduct.fit import fit_temperatures
from paddlewheel.studies.conduct.measure import analyse_temperature
from paddlewheel.studies.conduct.runs import Analysed, TemperatureRuns
from paddlewheel.studies.conduct.study import STUDY
from paddlewheel.studies.motion.hop_distance import HopDistance
from paddlewheel.studies.simulation.md_unit import extrapolating_file, md_unit, run_md_unit, store_path
from paddlewheel.trajectories import Displacements, open_store


class GradedSprings(Calculator):
    """Atoms on springs to their sites in a cubic cell of argon; the grade is the largest displacement over 0.1 A.

    A function of the positions alone, to the bit.
    """

    implemented_properties = ["energy", "free_energy", "forces", "stress"]

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        shift = self.atoms.positions - _argon().positions
        energy = 0.5 * float((shift**2).sum())
        self.results = {"energy": energy, "free_energy": energy, "forces": -shift, "stress": np.zeros(6)}
        self.results["extrapolation_grade"] = float(np.abs(shift).max()) / 0.1


def _argon() -> Atoms:
    return bulk("Ar", "fcc", a=5.3, cubic=True) * (2, 2, 2)


class Watch:
    """A driver that asks to stop after some looks."""

    def __init__(self, looks: int) -> None:
        self._looks = looks

    def should_stop(self) -> bool:
        self._looks -= 1
        return self._looks < 0


@pytest.fixture
def unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A function that makes the same unit in a folder of its own."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    from paddlewheel.potentials import identify_potential

    name = "ase:test_extrapolating:GradedSprings"
    potential = {"name": name, "identity": identify_potential(name), "three_body": "parent", "device": "cpu",
                 "dtype": "float32"}  # fmt: skip
    settings = MDSettings(
        ensemble="nvt", temperature_K=300.0, timestep_fs=2.0, equilibrate_ps=0.2, production_ps=1.0, seed=3
    )

    def make(folder: str) -> Unit:
        made = md_unit(
            name="T=300K_r0", atoms=_argon(), mobile="Ar", potential=potential, settings=settings, replica=0,
            directory=tmp_path / folder,
        )  # fmt: skip
        made.prepare()
        return made

    return make


def test_frames_are_written_with_their_grade_and_no_kill_doubles_them(unit) -> None:
    whole, broken = unit("whole"), unit("broken")
    assert run_md_unit(whole, Watch(10_000), 1)
    for stop in (90, 1, 210):
        assert not run_md_unit(broken, Watch(stop), 1)
        # as a kill -9 right before the next checkpoint: frames and half a frame that no checkpoint knows of
        path = broken.run_directory / extrapolating_file(broken)
        path.parent.mkdir(exist_ok=True)
        with open(path, "a") as stream:
            stream.write("32\nhalf a frame")
    assert run_md_unit(broken, Watch(10_000), 1)
    texts = [(one.run_directory / extrapolating_file(one)).read_text() for one in (whole, broken)]
    assert texts[0] == texts[1]
    result = whole.result()
    assert result is not None
    assert result == broken.result()
    frames: Any = read(whole.run_directory / result["extrapolation"]["file"], ":")
    assert len(frames) == result["extrapolation"]["n_kept_frames"] > 3
    for frame in frames:
        assert frame.info["extrapolation_grade"] == pytest.approx(
            np.abs(frame.positions - _argon().positions).max() / 0.1, rel=1e-5
        )
        assert frame.info["extrapolation_grade"] > 2.1
        assert frame.info["temperature_K"] > 0
        assert all(frame.pbc)
    assert np.diff([frame.info["step"] for frame in frames]).min() >= 5  # 10 fs
    assert open_store(store_path(broken)).n_frames == 121
    assert result["status"] == "extrapolating"
    assert "extrapolation" in {check["name"] for check in result["health"]}


def test_conduct_says_what_extrapolates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    out = tmp_path / "run"
    settings = {
        "potential": "ase:test_extrapolating:GradedSprings", "temperatures_K": [20.0, 300.0], "ensemble": "nvt",
        "timestep_fs": 2.0, "equilibrate_ps": 0.2, "production_ps": 0.6, "supercell": "1x1x1", "specie": "Ar",
        "charge": 1.0, "charge_anyway": True, "seed": 3, "replicas": 1,
    }  # fmt: skip
    record = conduct(_argon(), out=out, **settings)
    cold, hot = (row.extrapolation for row in record.temperatures)
    assert cold is not None
    assert (cold.fraction_of_steps, cold.n_kept_frames, cold.files) == (0.0, 0, [])
    assert hot is not None
    assert hot.fraction_of_steps > 0.01
    assert hot.max_grade > hot.threshold == 2.1
    assert hot.files == ["extrapolating/T=300K_r0.extxyz"]
    assert len(read(out / hot.files[0], ":")) == hot.n_kept_frames
    for name, found in (("T=20K_r0", cold), ("T=300K_r0", hot)):  # 60 intervals of 10 fs and the first frame
        rows = (out / f"thermo/{name}.csv").read_text().splitlines()[-61:]
        outside = sum(float(row.rsplit(",", 1)[1]) > 1 for row in rows)
        assert (found.n_frames, found.n_frames_outside) == (61, outside)
    assert hot.n_frames_outside is not None
    assert hot.n_frames_outside > 50
    (told,) = outside_sentences(record.temperatures)
    assert f"at 300 K {hot.n_frames_outside} of 61 frames (" in told
    assert told in STUDY.says(record)
    assert f"{hot.n_frames_outside} of 61 frames" in (out / "report.html").read_text()
    checks = {row.temperature_K: {check.name: check.status for check in row.health} for row in record.temperatures}
    assert (checks[20.0]["extrapolation"], checks[300.0]["extrapolation"]) == ("ok", "warning")
    header, *_ = (out / "thermo/T=300K_r0.csv").read_text().splitlines()
    assert header.endswith("extrapolation_grade")
    assert "Extrapolation of the potential" in (out / "report.html").read_text()
    known = analyze(out).temperatures[1].extrapolation
    assert known is not None
    assert (known.max_grade, known.fraction_of_steps) == (hot.max_grade, hot.fraction_of_steps)
    # asked for later, it is the same run
    before = (out / "units/T=300K_r0/result.json").stat().st_mtime_ns
    conduct(_argon(), out=out, allow_extrapolating=True, **settings)
    assert (out / "units/T=300K_r0/result.json").stat().st_mtime_ns == before
    assert json.loads((out / "result.json").read_text())["provenance"]["settings"]["allow_extrapolating"] is True


def _walk(temperature_K: float, *, over: int, step_A: float) -> Analysed:
    """Diffusing ions whose potential extrapolates in `over` of 1000 steps."""
    rng = np.random.default_rng(round(temperature_K))
    n_frames, n_ions = 2000, 20
    displacements = Displacements(
        positions_A=rng.normal(scale=step_A, size=(n_frames, n_ions, 3)).cumsum(axis=0),
        mean_cell_A=np.eye(3) * 10, volumes_A3=np.full(n_frames, 1000.0), frame_interval_fs=10.0,
        indices=np.arange(n_ions), symbol="Na", density_g_per_cm3=1.0, drift_removed="none",
        cell_lengths_mean_A=np.full(3, 10.0), cell_lengths_std_A=np.zeros(3),
    )  # fmt: skip
    summary = {"threshold": 2.1, "max_grade": 4.0, "n_steps": 1000, "n_steps_over": over, "n_kept_frames": 1}
    runs = TemperatureRuns(
        temperature_K=temperature_K, displacements=[displacements], n_ions=n_ions, mass_u=600.0, volume_A3=1000.0,
        production_ps=20.0, extrapolation=[summary], kept_frames={"extrapolating/x.extxyz": 1},
    )  # fmt: skip
    return analyse_temperature(runs, charge_e=1.0, minimum_onset_ps=0.5)


def test_rare_excursions_pass_and_a_stated_share_does_not() -> None:
    rare, often = _walk(600.0, over=10, step_A=0.1), _walk(600.0, over=11, step_A=0.1)
    assert rare.row.status == "ok"
    assert often.row.status == "extrapolating"
    assert "1.1 %" in (often.row.reason or "")
    # the numbers stay
    assert often.row.diffusivity_cm2_per_s == rare.row.diffusivity_cm2_per_s is not None
    assert often.row.conductivity_mS_per_cm is not None


_FRAMES, _EVERY, _IONS = 6000, 500, 4


def _hopping(grades: np.ndarray, *, n_over: int, given_A: float = 3.0) -> TemperatureRuns:
    """Ions that rattle by 0.2 A and hop by 3 A every 5 ps within 0.1 ps, one after the other; 44 hops in all."""
    rng = np.random.default_rng(5)
    places = np.zeros((_FRAMES, _IONS, 3))
    for ion, frame in _hops():
        way = np.clip((np.arange(_FRAMES) - frame + 5) / 10, 0, 1)
        places[:, ion] += 3.0 * way[:, None] * rng.permutation([1.0, 0.0, 0.0])
    places += rng.normal(scale=0.2, size=places.shape)
    displacements = Displacements(
        positions_A=places, mean_cell_A=np.eye(3) * 12, volumes_A3=np.full(_FRAMES, 1728.0), frame_interval_fs=10.0,
        indices=np.arange(_IONS), symbol="Na", density_g_per_cm3=1.0, drift_removed="none",
        cell_lengths_mean_A=np.full(3, 12.0), cell_lengths_std_A=np.zeros(3),
    )  # fmt: skip
    summary = {"threshold": 2.1, "max_grade": 4.0, "n_steps": 60000, "n_steps_over": n_over, "n_kept_frames": 0}
    return TemperatureRuns(
        temperature_K=600.0, displacements=[displacements], n_ions=_IONS, mass_u=600.0, volume_A3=1728.0,
        production_ps=60.0, extrapolation=[summary], grades=[grades], hop_distance=HopDistance(given_A, "given"),
    )  # fmt: skip


def _hops() -> list[tuple[int, int]]:
    return [
        (ion, frame + ion * _EVERY // _IONS) for ion in range(_IONS) for frame in range(_EVERY, _FRAMES - 400, _EVERY)
    ]


@pytest.mark.parametrize(("of_hops", "status"), [(33, "extrapolating"), (11, "passes")])
def test_a_run_whose_hops_extrapolate_is_told_however_few_steps_do(of_hops: int, status: str) -> None:
    """44 hops were made; the grade is over the threshold in the frame at the middle of some of them, and nowhere else.

    By chance a moment has such a frame within 0.1 ps: 21 of 6000 moments for each.
    """
    grades = np.ones(_FRAMES)
    grades[[frame for _, frame in _hops()[:of_hops]]] = 4.0
    found = extrapolation_of(_hopping(grades, n_over=10 * of_hops))
    assert found is not None
    assert (found.n_hops, found.fraction_of_hops) == (44, of_hops / 44)
    assert found.fraction_of_hops_by_chance == pytest.approx(21 * of_hops / _FRAMES)
    assert found.fraction_of_steps < 0.01
    reason = extrapolating_reason(found)
    assert (reason is not None) == (status == "extrapolating")
    assert reason is None or "75 % of 44 hops" in reason


def test_grades_that_have_nothing_to_do_with_hops_are_no_fault_of_theirs() -> None:
    """Collisions of the framework in one frame of twelve touch most hops, as they touch most moments."""
    grades = np.where(np.random.default_rng(2).random(_FRAMES) < 1 / 12, 4.0, 1.0)
    found = extrapolation_of(_hopping(grades, n_over=500))
    assert found is not None
    assert found.fraction_of_hops is not None
    by_chance = 1 - (1 - 1 / 12) ** 21  # 0.84
    assert found.fraction_of_hops_by_chance == pytest.approx(by_chance, abs=0.04)
    assert found.fraction_of_hops == pytest.approx(by_chance, abs=3 * np.sqrt(by_chance * (1 - by_chance) / 44))
    assert extrapolating_reason(found) is None


def test_the_verdict_tells_of_frames_outside_the_domain_though_the_status_is_ok() -> None:
    """No step is over 2.1, so that nothing is refused; 300 of 6000 frames hold a grade over 1."""
    grades = np.full(_FRAMES, 0.9)
    grades[::20] = 1.7
    runs = _hopping(grades, n_over=0)
    analysed = analyse_temperature(runs, charge_e=1.0, minimum_onset_ps=0.5)
    assert analysed.row.status != "extrapolating"
    (told,) = outside_sentences([analysed.row])
    assert "at 600 K 300 of 6000 frames (5 %), none of the steps over 2.1" in told
    inside = analyse_temperature(_hopping(np.full(_FRAMES, 1.0), n_over=0), charge_e=1.0, minimum_onset_ps=0.5)
    assert outside_sentences([inside.row]) == []
    assert outside_sentences([inside.row.model_copy(update={"extrapolation": None})]) == []


def test_a_run_without_hops_has_no_share_of_them() -> None:
    found = extrapolation_of(_hopping(np.full(_FRAMES, 1.0), n_over=0, given_A=8.0))  # over half of it nothing hops
    assert found is not None
    assert (found.n_hops, found.fraction_of_hops) == (0, None)
    assert extrapolating_reason(found) is None


def test_extrapolating_temperatures_enter_the_fit_only_when_asked_and_by_name() -> None:
    rows = [_walk(500.0, over=0, step_A=0.08), _walk(600.0, over=0, step_A=0.1), _walk(700.0, over=500, step_A=0.12)]
    strict = fit_temperatures(rows)
    assert strict.result.temperatures_used_K == [500.0, 600.0]
    assert [(one.temperature_K, one.status) for one in strict.result.temperatures_refused] == [(700.0, "extrapolating")]
    allowed = fit_temperatures(rows, entering=("ok", "extrapolating"))
    assert allowed.result.temperatures_used_K == [500.0, 600.0, 700.0]
    assert allowed.result.temperatures_refused == []
    assert any("700 K" in warning for warning in allowed.warnings)
    alone = fit_temperatures(rows[1:])
    assert alone.result.refused is not None
    assert "--allow-extrapolating" in alone.result.refused
