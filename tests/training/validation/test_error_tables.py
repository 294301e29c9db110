"""Errors of labels whose differences are known."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import InputError
from paddlewheel.training.validation import Labels, error_table

_SYMBOLS = [["Na", "H"], ["Na", "H", "H", "H"]]


def _labels(shift_eV: float, force: float, stress: float) -> list[Labels]:
    frames = []
    for names in _SYMBOLS:
        forces = np.zeros((len(names), 3))
        forces[[name == "H" for name in names], 2] = force
        frames.append(Labels(-3.0 * len(names) + shift_eV, forces, np.array([stress, 0, 0, 0, 0, stress])))
    return frames


def test_known_differences_come_out_in_their_units():
    rows = error_table(_SYMBOLS, _labels(0, 0, 0), _labels(0.02, -0.3, 0.01), ["a", "b"])
    table = {(row.group, row.quantity, row.element): row for row in rows}
    energy = table["all", "energy", None]
    assert (energy.mae, energy.largest) == pytest.approx((7.5, 10.0))  # 20 meV over two and over four atoms
    assert energy.bias == pytest.approx(7.5)
    assert table["b", "energy", None].mae == pytest.approx(5.0)
    hydrogen = table["all", "force", "H"]  # one component of three is off
    assert (hydrogen.mae, hydrogen.rmse, hydrogen.largest) == pytest.approx((0.1, 0.3 / np.sqrt(3), 0.3))
    assert hydrogen.bias == pytest.approx(-0.1)
    assert table["all", "force", "Na"].largest == 0
    assert table["all", "force", None].n == 18
    stress = table["all", "stress", None]
    assert stress.mae == pytest.approx(0.01 * 160.21766208 * 3 / 9)  # xx once, xy twice in the tensor
    assert stress.n == 18


def test_one_group_is_not_told_twice():
    rows = error_table(_SYMBOLS, _labels(0, 0, 0), _labels(0, 0, 0), ["a", "a"])
    assert {row.group for row in rows} == {"all"}


def test_different_numbers_of_frames_are_refused():
    with pytest.raises(InputError, match="cannot be compared"):
        error_table(_SYMBOLS, _labels(0, 0, 0), _labels(0, 0, 0)[:1], ["a", "b"])
