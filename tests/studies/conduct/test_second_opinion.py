"""What other potentials say of a run, where springs on which everything is known stand for potentials."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from ase.io import read

from paddlewheel import conduct
from paddlewheel.errors import PotentialError, SettingsError
from paddlewheel.records import Measured
from paddlewheel.records.arrhenius import ArrheniusResult
from paddlewheel.studies.conduct.measure import analyse_temperature
from paddlewheel.studies.conduct.record import ConductivityRecord
from paddlewheel.studies.conduct.runs import TemperatureRuns
from paddlewheel.studies.conduct.second_opinion.compare import Compared, model_spread, reweighted_diffusivity
from paddlewheel.studies.conduct.second_opinion.frames import ChosenFrames, stretches
from paddlewheel.studies.conduct.second_opinion.record import OpinionRuns, SecondOpinion
from paddlewheel.studies.conduct.second_opinion.words import opinion_sentences
from paddlewheel.studies.conduct.study import STUDY
from paddlewheel.trajectories import Displacements
from paddlewheel.transport.reweighting import importance_weights
from paddlewheel.units import BOLTZMANN_eV_PER_K

_SHIFT_eV = 3.0
_STIFFER = 1.2


def _argon() -> Atoms:
    return bulk("Ar", "fcc", a=5.3, cubic=True) * (2, 2, 2)


class Springs(Calculator):
    """Atoms on springs of 1 eV/A^2 to the sites of argon."""

    implemented_properties = ["energy", "free_energy", "forces", "stress"]
    stiffness_eV_per_A2, energy_eV = 1.0, 0.0

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        apart = self.atoms.positions - _argon().positions
        sides = self.atoms.cell.lengths()
        apart -= sides * np.round(apart / sides)
        energy = self.energy_eV + 0.5 * self.stiffness_eV_per_A2 * float((apart**2).sum())
        self.results = {"energy": energy, "free_energy": energy, "forces": -self.stiffness_eV_per_A2 * apart,
                        "stress": np.zeros(6)}  # fmt: skip


class StifferSprings(Springs):
    """1.2 times as stiff, with another reference, and without stress."""

    implemented_properties = ["energy", "free_energy", "forces"]
    stiffness_eV_per_A2, energy_eV = _STIFFER, _SHIFT_eV


_SETTINGS: dict[str, Any] = {
    "replicas": 1,
    "potential": "ase:test_second_opinion:Springs", "temperatures_K": [100.0, 300.0], "ensemble": "nvt",
    "timestep_fs": 2.0, "equilibrate_ps": 0.2, "production_ps": 1.0, "supercell": "1x1x1", "specie": "Ar",
    "charge": 1.0, "charge_anyway": True, "seed": 3,
}  # fmt: skip
_OTHER = "ase:test_second_opinion:StifferSprings"


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ConductivityRecord, dict[str, int]]:
    """A finished run that was asked for a second opinion later: its folder, its record, and when its results were
    written before."""
    out = tmp_path_factory.mktemp("opinion") / "run"
    here = str(Path(__file__).parent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", here, prepend=os.pathsep)
        patch.syspath_prepend(here)
        conduct(_argon(), out=out, cores=1, **_SETTINGS)
        before = {path.parent.name: path.stat().st_mtime_ns for path in out.glob("units/*/result.json")}
        told = {"second_opinion": [_OTHER], "second_opinion_frames": 12, "second_opinion_ps": 0.5}
        record = conduct(_argon(), out=out, cores=1, **_SETTINGS, **told)
    return out, record, before


def test_a_finished_run_is_asked_for_a_second_opinion_without_new_dynamics(asked) -> None:
    out, record, before = asked
    assert len(before) == 2
    assert {path.parent.name: path.stat().st_mtime_ns for path in out.glob("units/*/result.json")} == before
    kept = json.loads((out / "result.json").read_text())
    assert kept["provenance"]["settings"]["second_opinion"][0]["name"] == _OTHER
    assert [row["temperature_K"] for row in kept["second_opinions"][0]["temperatures"]] == [100.0, 300.0]
    assert "Other potentials" in (out / "report.html").read_text()
    assert (out / "figures" / "second-opinion-1.svg").is_file()
    assert opinion_sentences(record)[-1] in STUDY.says(record)


def test_forces_energies_and_weights_of_springs_are_those_of_mathematics(asked) -> None:
    """The forces of springs 1.2 times as stiff differ by a fifth of the force, and their energies by a fifth of the
    energy and the reference; positions of the frames are written to 1e-8 A."""
    out, record, _ = asked
    (opinion,) = record.second_opinions
    (file,) = out.glob("second-opinion/units/*StifferSprings*/frames.extxyz")
    frames: Any = read(file, ":")
    assert len(frames) == opinion.n_frames == sum(row.n_frames for row in opinion.temperatures)
    sides = _argon().cell.lengths()
    apart = np.array([frame.positions - _argon().positions for frame in frames])
    apart -= sides * np.round(apart / sides)
    (whole,) = opinion.forces  # of one element there is no row of its own
    assert whole.rms_force_eV_per_A == pytest.approx(np.sqrt((apart**2).mean()), rel=1e-6)
    assert whole.fraction_of_rms == pytest.approx(_STIFFER - 1, rel=1e-9)
    assert whole.n_components == apart.size
    assert opinion.stress_rmse_GPa is None  # one of the two gives none
    first = 0
    for row in opinion.temperatures:
        energies_eV = 0.5 * (apart[first : first + row.n_frames] ** 2).sum(axis=(1, 2))
        difference_eV = (_STIFFER - 1) * energies_eV + _SHIFT_eV
        first += row.n_frames
        assert row.energy_shift_meV_per_atom == pytest.approx(1e3 * difference_eV.mean() / 32, rel=1e-6)
        assert row.energy_spread_meV_per_atom == pytest.approx(1e3 * difference_eV.std(ddof=1) / 32, rel=1e-5)
        weights = np.exp(-(difference_eV - difference_eV.min()) / (BOLTZMANN_eV_PER_K * row.temperature_K))
        kish = weights.sum() ** 2 / (weights**2).sum()
        assert row.effective_sample_size == pytest.approx(kish, rel=1e-5)
        assert 1 < kish < 12
        assert row.spacing_ps >= row.decorrelation_ps * (1 - 1e-9)
        assert row.diffusivity_ratio_reweighted is None
        assert row.reweighting_refused is not None
    assert "20 % of the rms force" in opinion_sentences(record)[-1]


def test_the_other_potential_runs_by_itself_beside_the_runs_of_the_first(asked) -> None:
    out, record, _ = asked
    (opinion,) = record.second_opinions
    assert opinion.runs is not None
    assert opinion.runs.production_ps == 0.5
    own = json.loads((out / opinion.runs.record).read_text())
    assert (own["potential"], [row["production_ps"] for row in own["temperatures"]]) == (_OTHER, [0.5, 0.5])
    # a harmonic crystal has no diffusion, whoever runs it: nothing is said of the model's error
    assert record.model_spread is None
    assert (
        "The potential's error in transport is not known: no temperature has a diffusivity"
        in (opinion_sentences(record)[0])
    )
    assert (Path(opinion.runs.record).parent / "report.html").name in [
        path.name for path in (out / opinion.runs.record).parent.iterdir()
    ]
    assert len(list(out.glob("units/*"))) == 2  # what analyses of the directory take for its runs


@pytest.mark.parametrize(
    ("opinion", "error", "told"),
    [
        ("no-such", PotentialError, "neither a potential nor a checkpoint folder"),
        ("nep-nabh", PotentialError, "nep-nabh does not know Ar"),
        ("ase:ase.nothing:EMT", PotentialError, "cannot be imported"),
        ("ase:test_second_opinion:Springs", SettingsError, "is the potential of the runs themselves"),
        (f"{_OTHER},{_OTHER}", SettingsError, "is given twice"),
    ],
)
def test_an_opinion_that_cannot_be_had_is_one_line_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opinion: str, error: type[Exception], told: str
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    with pytest.raises(error, match=told) as raised:
        conduct(_argon(), out=tmp_path / "run", second_opinion=opinion, **_SETTINGS)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_an_opinion_that_cannot_evaluate_the_cell_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ASE's EMT has no argon, and says so only when it is asked for forces; so it does as the potential of the runs."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    emt = "ase:ase.calculators.emt:EMT"
    for given in ({"second_opinion": emt}, {"potential": emt}):
        with pytest.raises(PotentialError, match=r"EMT cannot evaluate Ar32 \(NotImplementedError: No EMT-potential"):
            conduct(_argon(), out=tmp_path / "run", **(_SETTINGS | given))
    assert not (tmp_path / "run").exists()


def test_its_options_have_no_effect_without_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="has no effect without --second-opinion"):
        conduct(_argon(), out=tmp_path / "run", **_SETTINGS, second_opinion_ps=1.0)


def test_the_cost_is_told_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    told = STUDY.forecast(_argon(), second_opinion=_OTHER, second_opinion_frames=60, second_opinion_ps=0.5, **_SETTINGS)
    # two runs of each potential, and of each potential's labels of 120 frames three units
    assert told.n_units == 2 + 2 + 2 * 3
    lines = told.lines()
    assert any(line.startswith(f"second opinion, {_OTHER}: labels 120 frames, ") for line in lines)


@pytest.mark.parametrize(
    ("wanted", "decorrelation", "n"),
    [(10, 5.0, 10), (100, 25.0, 40), (4, 1e9, 1)],
)
def test_frames_are_no_nearer_than_the_run_knows_of_itself(wanted: int, decorrelation: float, n: int) -> None:
    edges = stretches(1101, wanted=wanted, decorrelation_frames=decorrelation, first=100)
    assert (edges[0], edges[-1], len(edges) - 1) == (100, 1100, n)
    assert np.diff(edges).min() >= min(decorrelation, 1000) - 1


_BLOCKS, _BLOCK_FRAMES, _N_IONS = 100, 300, 40


def _two_paces(*, slow_A: float, fast_A: float, difference_eV: float) -> tuple[Compared, np.ndarray]:
    """Ions that walk slowly in every other block of a run and fast in the others; the other potential has an energy
    higher by `difference_eV` in the slow ones. With the weights."""
    rng = np.random.default_rng(8)
    slow = np.arange(_BLOCKS) % 2 == 0
    steps_A = np.repeat(np.where(slow, slow_A, fast_A), _BLOCK_FRAMES)[:, None, None]
    walk = (steps_A * rng.normal(size=(_BLOCKS * _BLOCK_FRAMES, _N_IONS, 3))).cumsum(axis=0)
    paths = Displacements(
        positions_A=np.concatenate([np.zeros((1, _N_IONS, 3)), walk]), mean_cell_A=np.eye(3) * 10,
        volumes_A3=np.full(_BLOCKS * _BLOCK_FRAMES + 1, 1000.0), frame_interval_fs=10.0, indices=np.arange(_N_IONS),
        symbol="Na", density_g_per_cm3=1.0, drift_removed="none", cell_lengths_mean_A=np.full(3, 10.0),
        cell_lengths_std_A=np.zeros(3),
    )  # fmt: skip
    runs = TemperatureRuns(
        temperature_K=600.0, displacements=[paths], n_ions=_N_IONS, mass_u=600.0, volume_A3=1000.0,
        production_ps=300.0,
    )  # fmt: skip
    row = analyse_temperature(runs, charge_e=1.0, minimum_onset_ps=0.5).row
    frames = ChosenFrames(
        edges=[np.arange(_BLOCKS + 1) * _BLOCK_FRAMES], atoms=[], decorrelation_ps=0.1, spacing_ps=3.0
    )
    weights = importance_weights(np.where(slow, difference_eV, 0.0), temperature_K=600.0)
    return Compared(row, runs, frames, [], []), weights


def test_diffusivity_is_carried_to_the_ensemble_of_the_other_potential() -> None:
    """Steps of 0.08 and 0.12 A, the slow blocks four times less likely: D2 / D1 is
    (0.2 * 0.08^2 + 0.8 * 0.12^2) / (0.5 * 0.08^2 + 0.5 * 0.12^2)."""
    four = BOLTZMANN_eV_PER_K * 600 * math.log(4)
    compared, weights = _two_paces(slow_A=0.08, fast_A=0.12, difference_eV=four)
    assert compared.row.diffusivity_cm2_per_s is not None
    ratio, refused = reweighted_diffusivity(compared, weights, canonical=True)
    assert refused is None
    assert ratio is not None
    truth = (0.2 * 0.08**2 + 0.8 * 0.12**2) / (0.5 * 0.08**2 + 0.5 * 0.12**2)
    assert ratio.value == pytest.approx(truth, abs=4 * ratio.std)
    # a block's squared displacement of 40 ions is known to sqrt(2 / 120): the mean of 100 to 1.3 %
    assert ratio.std < 0.03


@pytest.mark.parametrize(
    ("difference_kT", "canonical", "told"),
    [(20.0, True, None), (4.0, False, "weights are those of runs with a thermostat")],
)
def test_reweighting_is_refused_with_the_reason(difference_kT: float, canonical: bool, told: str | None) -> None:
    """20 kT leave every other block: 50 of 100; of ten frames as few as ten are not left."""
    compared, weights = _two_paces(slow_A=0.08, fast_A=0.12, difference_eV=difference_kT * BOLTZMANN_eV_PER_K * 600)
    ratio, refused = reweighted_diffusivity(compared, weights, canonical=canonical)
    assert (ratio is None) == (told is not None)
    assert refused == told
    few, refused = reweighted_diffusivity(compared, np.array([1.0, *[0.05] * 9]), canonical=True)
    kish = 1.45**2 / (1 + 9 * 0.0025)
    assert few is None
    assert refused == f"{kish:.2g} of 10 frames are left by the weights, 10 are needed"


def _fit(value: float, factor_95: float) -> ArrheniusResult:
    return ArrheniusResult(
        fitted="ln(sigma*T)",
        conductivity_300K_mS_per_cm=Measured(value=value, std=0.2 * value),
        conductivity_300K_95_mS_per_cm=(value / factor_95, value * factor_95),
    )


@pytest.mark.parametrize(("own_factor", "resolved"), [(1.2, True), (5.0, False)])
def test_statistical_and_model_spread_stand_apart(asked, own_factor: float, resolved: bool) -> None:
    """10 mS/cm known to a factor of 1.6 beside 21 mS/cm: a model spread of 2.1, which the ratio's own error of
    exp(hypot(ln 1.6, ln 1.2)) = 1.66 allows to be seen, and exp(hypot(ln 1.6, ln 5)) = 5.4 does not."""
    _, record, _ = asked
    (opinion,) = record.second_opinions
    runs = OpinionRuns(production_ps=50.0, record="", temperatures=[], arrhenius=_fit(21.0, own_factor))
    told: list[SecondOpinion] = [opinion.model_copy(update={"runs": runs})]
    record = record.model_copy(update={"arrhenius": _fit(10.0, 1.6), "second_opinions": told})
    spread = model_spread(record, told)
    assert spread is not None
    assert spread.model_factor == pytest.approx(2.1)
    assert spread.statistical_factor_95 == pytest.approx(1.6)
    known_to = math.exp(math.hypot(math.log(1.6), math.log(own_factor)))
    assert spread.ratio_known_to_factor_95 == pytest.approx(known_to)
    assert spread.resolved is resolved
    sentence = opinion_sentences(record.model_copy(update={"model_spread": spread}))[0]
    assert (
        "σ at 300 K: statistical ×/÷ 1.6 (95 %), model ×/÷ 2.1 (two potentials, runs of their own of 50 ps" in sentence
    )
    assert ("was not seen" in sentence) is not resolved
