"""Fitting a student: it learns what it can, resumes bit for bit, and refuses what it cannot be fitted to."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'paddlewheel[distil]'")

from paddlewheel.errors import PotentialError, SettingsError  # noqa: E402
from paddlewheel.training.student.fit import (  # noqa: E402
    Fit,
    FitSettings,
    differences,
    make_batches,
    mean_errors,
)
from paddlewheel.training.student.settings import StudentSettings  # noqa: E402

FORM = StudentSettings(
    elements=("Cu", "Ag"), radial_cutoff_A=6.5, angular_cutoff_A=4.0, radial_n_max=5, angular_n_max=2,
    radial_basis_size=8, angular_basis_size=6, l_max=2, neurons=16,
)  # fmt: skip


def alloys(n: int, *, seed: int) -> list[Atoms]:
    """Rattled and strained fcc alloys of Cu and Ag, labelled by ASE's EMT."""
    from ase.build import bulk
    from ase.calculators.emt import EMT

    rng = np.random.default_rng(seed)
    frames = []
    for _ in range(n):
        atoms = bulk("Cu", cubic=True, a=3.8 * rng.uniform(0.97, 1.03)).repeat((2, 1, 1))
        atoms.symbols[rng.random(len(atoms)) < 0.5] = "Ag"
        atoms.symbols[0], atoms.symbols[1] = "Cu", "Ag"
        atoms.positions += rng.normal(0, 0.1, atoms.positions.shape)
        atoms.calc = EMT()
        results = {"energy": atoms.get_potential_energy(), "forces": atoms.get_forces(), "stress": atoms.get_stress()}
        atoms.calc = SinglePointCalculator(atoms, **results)
        frames.append(atoms)
    return frames


def test_student_learns_emt_in_a_minute():
    train, test = alloys(100, seed=1), alloys(10, seed=2)
    fit = Fit(train, FORM, FitSettings(steps=1500, batch_atoms=40, learning_rate=1e-2))
    unseen = make_batches(test, FORM, batch_atoms=100, seed=0, device="cpu")
    spread = np.abs(np.concatenate([atoms.get_forces() for atoms in test])).mean()
    while not fit.finished:
        fit.step()
    errors = mean_errors(fit.result(), unseen)
    # a student that learned nothing has the spread of the forces as its error
    assert errors.force_eV_per_A < 0.2 * spread
    assert errors.energy_meV_per_atom < 10


def test_fit_goes_on_bit_for_bit_from_its_state():
    frames = alloys(6, seed=3)
    settings = FitSettings(steps=12, batch_atoms=20)
    straight = Fit(frames, FORM, settings)
    for _ in range(12):
        straight.step()
    broken = Fit(frames, FORM, settings)
    for _ in range(5):
        broken.step()
    state = broken.state()
    resumed = Fit(frames, FORM, settings)
    resumed.restore(state)
    while not resumed.finished:
        resumed.step()
    for name, value in straight.averaged.items():
        assert torch.equal(value, resumed.averaged[name]), name


def errors_of_fit(settings: FitSettings) -> tuple[np.ndarray, np.ndarray]:
    """Mean absolute force error of Cu and Ag [2], and pressure errors [n_frames] in GPa, on the frames of the fit."""
    frames = alloys(40, seed=8)
    fit = Fit(frames, FORM, settings)
    while not fit.finished:
        fit.step()
    by_element, pressures = np.zeros(2), []
    for batch in fit.batches:
        _, force, stress = (values.detach() for values in differences(fit.result(), batch))
        by_element += [float(part.abs().sum()) for part in force.split(batch.constants.n_by_species)]
        pressures.append(stress.diagonal(dim1=1, dim2=2).mean(1).numpy())
    counts = [sum(3 * batch.constants.n_by_species[k] for batch in fit.batches) for k in range(2)]
    return by_element / counts, np.concatenate(pressures)


def test_force_weights_turn_the_errors_from_one_element_to_the_other():
    common = {"steps": 300, "batch_atoms": 40}
    copper, _ = errors_of_fit(FitSettings(force_weights={"Cu": 100.0}, **common))
    silver, _ = errors_of_fit(FitSettings(force_weights={"Ag": 100.0}, **common))
    assert copper[0] < silver[0]
    assert silver[1] < copper[1]


def test_pressure_scale_brings_the_mean_pressure_down():
    common = {"steps": 300, "batch_atoms": 40}
    _, tight = errors_of_fit(FitSettings(pressure_scale_GPa=0.01, **common))
    _, loose = errors_of_fit(FitSettings(pressure_scale_GPa=1e6, **common))
    assert np.abs(tight).mean() < 0.8 * np.abs(loose).mean()


def test_weight_for_an_element_that_is_not_there_or_below_zero_is_refused():
    with pytest.raises(SettingsError, match=r"Au.*Cu, Ag"):
        Fit(alloys(2, seed=9), FORM, FitSettings(steps=1, force_weights={"Au": 2.0}))
    with pytest.raises(SettingsError, match="Cu: 0"):
        FitSettings(force_weights={"Cu": 0})


def test_energies_of_any_size_are_taken_off_in_double_precision():
    """All-electron energies are a million times what is to be learned; single precision would leave 0.1 eV of it."""
    frames, shifted = alloys(12, seed=4), alloys(12, seed=4)
    for atoms in shifted:
        n_silver = atoms.get_chemical_symbols().count("Ag")
        atoms.calc.results["energy"] += -1e6 * (len(atoms) - n_silver) - 2.5e6 * n_silver
    settings, found = FitSettings(steps=40, batch_atoms=40), []
    for given in (frames, shifted):
        fit = Fit(given, FORM, settings)
        while not fit.finished:
            fit.step()
        found.append(mean_errors(fit.result(), fit.batches).energy_meV_per_atom)
    # a least-squares solution in double precision is good to 1e-16 of 1e7 eV a frame, times its condition
    assert found[1] == pytest.approx(found[0], rel=0.01)


def test_begin_from_a_nep_of_another_reference_costs_no_accuracy():
    """Labels of a potential with other energies of the elements: the fit begins where that potential is."""
    from paddlewheel.potentials.nep import NEPCalculator, NEPEngine
    from paddlewheel.training.student.network import Student, state_of

    model = Student(FORM, seed=7).export(max_neighbours=(200, 60))
    calculator, frames = NEPCalculator(NEPEngine(model, dtype="float64")), alloys(6, seed=4)
    for atoms in frames:
        calculator.calculate(atoms)
        results = {name: calculator.results[name] for name in ("energy", "forces", "stress")}
        n_silver = atoms.get_chemical_symbols().count("Ag")
        results["energy"] += 4.0 * len(atoms) - 11.0 * n_silver
        atoms.calc = SinglePointCalculator(atoms, **results)
    fit = Fit(frames, FORM, FitSettings(steps=1), start=state_of(model), refit_references=True)
    errors = mean_errors(fit.student, fit.batches)
    assert errors.energy_meV_per_atom < 0.01  # single precision of a few eV/atom
    assert errors.force_eV_per_A < 1e-4


def test_frame_without_stress_is_refused_with_its_number():
    frames = alloys(3, seed=5)
    del frames[1].calc.results["stress"]
    with pytest.raises(PotentialError, match=r"frame 1 .* has no stress"):
        Fit(frames, FORM, FitSettings(steps=1))


def test_element_without_frames_and_foreign_element_are_refused():
    frames = alloys(2, seed=6)
    with pytest.raises(PotentialError, match="no frame holds Au"):
        Fit(frames, StudentSettings(elements=("Cu", "Ag", "Au")), FitSettings(steps=1))
    frames[0].symbols[2] = "Pt"
    with pytest.raises(PotentialError, match="holds Pt"):
        Fit(frames, FORM, FitSettings(steps=1))


@pytest.mark.parametrize(("name", "value"), [("steps", 0), ("learning_rate", -1.0), ("average", 1.0)])
def test_settings_out_of_range_are_refused_by_name(name, value):
    with pytest.raises(SettingsError, match=name):
        FitSettings(**{name: value})
