"""What a set says of itself, on sets whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator

from paddlewheel.training.dataset_checks import duplicates, energy_residuals
from paddlewheel.training.parity import Parity, compare_with_labels
from paddlewheel.training.set_diagnostics import covered, force_outliers, map_of, near_twins


def frames(n: int, *, amplitude_A: float = 0.1, seed: int = 1) -> list:
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        atoms = bulk("Cu", cubic=True)
        atoms.rattle(amplitude_A, rng=rng)
        made.append(atoms)
    return made


def labelled(n: int) -> list:
    """EMT's labels with noise of 5 % on the forces."""
    rng = np.random.default_rng(2)
    made = []
    for atoms in frames(n):
        atoms.calc = EMT()
        energy, forces, stress = atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress()
        forces = forces * (1 + 0.05 * rng.standard_normal(forces.shape))
        atoms.calc = SinglePointCalculator(atoms, energy=energy, forces=forces, stress=stress)
        made.append(atoms)
    return made


def test_wrong_forces_stand_apart_and_no_others():
    """Of 40 frames one has the forces of an atom turned round, one those of another frame."""
    made = labelled(40)
    turned = made[7].calc.results["forces"]
    turned[2] *= -1
    made[30].calc.results["forces"] = made[31].calc.results["forces"].copy()
    parity = compare_with_labels(made, EMT())
    found = force_outliers(parity, [len(frame) for frame in made])
    assert sorted(outlier.frame for outlier in found) == [7, 30]
    of_seven = next(outlier for outlier in found if outlier.frame == 7)
    assert of_seven.atom == 2
    # the difference is twice the turned force; noise of 5 % on it
    assert of_seven.largest_eV_per_A == pytest.approx(2 * np.linalg.norm(turned[2]), rel=0.1)


def test_hot_frames_do_not_stand_apart():
    """Errors of 3 % of the forces, which differ a hundredfold: the same relative error everywhere."""
    rng = np.random.default_rng(3)
    forces = np.concatenate([rng.standard_normal((30, 3)) * scale for scale in np.geomspace(0.1, 10, 50)])
    wrong = forces * (1 + 0.03 * rng.standard_normal(forces.shape))
    parity = Parity(np.zeros((50, 2)), np.stack([forces.ravel(), wrong.ravel()], axis=1), np.zeros((450, 2)))
    assert force_outliers(parity, [30] * 50) == []


def test_twins_are_counted():
    made = frames(30)
    made += [made[4].copy(), made[9].copy()]
    made[-1].rattle(1e-6, seed=1)
    components = map_of(made)
    assert components is not None
    assert near_twins(components) == 4  # both of each pair
    assert map_of(made[:4]) is None
    assert map_of([made[0].copy() for _ in range(8)]) is None


def test_half_a_line_is_covered_by_half():
    """Frames along one line, the upper half left out: half of the bins are empty."""
    line = np.linspace(0, 1, 300)[:, None]
    assert covered(line, range(300)) == 1
    assert covered(line, range(150)) == pytest.approx(0.5, abs=0.02)  # a bin of 99 is cut in the middle


def test_duplicates_are_named_with_the_first():
    made = frames(3)
    assert duplicates([*made, made[1].copy(), made[1].copy()]) == {3: 1, 4: 1}
    assert duplicates(made) == {}


def test_energy_residual_is_what_was_added():
    made = labelled(10)
    made[3].calc.results["energy"] += 4 * 7.0
    residuals = energy_residuals(made)
    assert int(np.abs(residuals).argmax()) == 3
    assert residuals[3] == pytest.approx(7.0, abs=0.3)  # rattling changes the energy of an atom by 0.1 eV
