"""Errors between labels and predictions, against ones put in by hand."""

from __future__ import annotations

import numpy as np
import pytest
from ase.calculators.calculator import Calculator, all_changes

from labelled_alloys import alloy_frames
from paddlewheel.training.parity import Parity, compare_with_labels, errors_by_group, errors_of


class Shifted(Calculator):
    """The labels of given frames with known errors added."""

    implemented_properties = ["energy", "forces", "stress"]

    def __init__(self, frames) -> None:
        super().__init__()
        self._frames = frames

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        assert atoms is not None
        label = next(one for one in self._frames if np.array_equal(one.positions, atoms.positions)).calc.results
        self.results = {
            "energy": label["energy"] + 0.040,  # four atoms: 10 meV/atom
            "forces": label["forces"] + np.array([0.3, -0.6, 0.0]),
            "stress": label["stress"] + np.array([1e-3, 1e-3, 1e-3, 6e-3, 0, 0]),
        }


def test_errors_of_each_group_are_those_of_its_frames_alone() -> None:
    """Frames of one and three atoms: energies off by 1 and 2 meV/atom, forces by 0.1 and 0.3 eV/A."""
    parity = Parity(
        np.array([[0.0, 0.001], [0.0, 0.002], [0.0, -0.002]]),
        np.array([[0.0, 0.1]] * 3 + [[0.0, 0.3]] * 9 + [[0.0, -0.3]] * 9),
        np.array([[0.0, 0.01]] * 9 + [[0.0, 0.02]] * 18),
    )
    found = errors_by_group(parity, [1, 3, 3], ["b", "a", "a"])
    assert list(found) == ["a", "b"]
    assert (found["a"].n_frames, found["b"].n_frames) == (2, 1)
    assert found["b"].energy_mae_meV_per_atom == pytest.approx(1.0)
    assert found["a"].energy_mae_meV_per_atom == pytest.approx(2.0)
    assert found["b"].force_mae_eV_per_A == pytest.approx(0.1)
    assert found["a"].force_mae_eV_per_A == pytest.approx(0.3)
    assert found["a"].stress_mae_meV_per_A3 == pytest.approx(20.0)


def test_errors_put_in_by_hand_come_out() -> None:
    frames = alloy_frames(3)
    parity = compare_with_labels(frames, Shifted(frames))
    assert parity.energy_eV_per_atom.shape == (3, 2)
    assert parity.forces_eV_per_A.shape == (36, 2)
    assert parity.stress_eV_per_A3.shape == (27, 2)
    errors = errors_of(parity)
    assert errors.n_frames == 3
    # sums and differences of numbers of order ten in float64
    assert errors.energy_mae_meV_per_atom == pytest.approx(10.0, rel=1e-9)
    assert errors.force_mae_eV_per_A == pytest.approx(0.3, rel=1e-9)
    assert errors.force_rmse_eV_per_A == pytest.approx(np.sqrt((0.09 + 0.36) / 3), rel=1e-9)
    # nine components: the yz error stands in the tensor twice
    assert errors.stress_mae_meV_per_A3 == pytest.approx((3 * 1 + 2 * 6) / 9, rel=1e-9)
    assert errors.stress_mae_GPa == pytest.approx((15 / 9) * 0.16021766208, rel=1e-9)
