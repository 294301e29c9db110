"""Element references: exact where the compositions allow it, the smallest that fit where they do not."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given
from hypothesis import strategies as st

from paddlewheel.errors import DatasetError
from paddlewheel.training.element_references import fit_element_references


def frame(**counts: int) -> Atoms:
    return Atoms("".join(f"{symbol}{n}" for symbol, n in counts.items() if n))


COMPOSITIONS = [frame(Na=1, B=1, H=4), frame(Na=2, B=12, H=12), frame(Na=3, B=13, H=16), frame(B=4), frame(H=2)]


@given(st.tuples(*[st.floats(-20, 20)] * 3))
def test_energies_that_are_sums_over_elements_give_those_elements_back(truth: tuple[float, float, float]) -> None:
    elements = ("Na", "B", "H")
    energies = np.array([sum(truth[elements.index(s)] for s in atoms.get_chemical_symbols()) for atoms in COMPOSITIONS])
    found = fit_element_references(COMPOSITIONS, energies, elements=elements)
    # least squares in float64 of a matrix with condition number near 10
    np.testing.assert_allclose(found.energies_eV, truth, atol=1e-10)
    assert found.rank == 3
    np.testing.assert_allclose(found.total_eV(COMPOSITIONS), energies, atol=1e-9)


def test_two_compositions_of_three_elements_are_fitted_by_the_smallest_references() -> None:
    frames, energies = COMPOSITIONS[:2], np.array([-26.0, -140.0])
    found = fit_element_references(frames, energies, elements=("Na", "B", "H"))
    assert found.rank == 2
    np.testing.assert_allclose(found.total_eV(frames), energies, atol=1e-10)
    # moving along the null space, (a Na + b B + c H) with a + b + 4c = 0 and 2a + 12b + 12c = 0, only makes them longer
    null = np.array([-3.6, -0.4, 1.0])
    assert abs(found.energies_eV @ null) < 1e-9


def test_an_element_without_frames_has_reference_zero_and_does_not_count_in_the_rank() -> None:
    found = fit_element_references([frame(Na=1), frame(H=2)], np.array([-1.5, -7.0]), elements=("H", "Na", "Li"))
    np.testing.assert_allclose(found.energies_eV, [-3.5, -1.5, 0.0], atol=1e-12)
    assert found.rank == 2


def test_large_cells_weigh_as_much_as_small_ones() -> None:
    small, large = frame(Na=1), frame(Na=100)
    found = fit_element_references([small, large], np.array([-1.0, -300.0]), elements=("Na",))
    assert found.energies_eV[0] == pytest.approx(-2.0)  # the mean of -1 and -3 eV/atom


def test_an_element_that_the_potential_lacks_is_named() -> None:
    with pytest.raises(DatasetError, match="frame 1: has Li, which is none of Na, H"):
        fit_element_references([frame(Na=1), frame(Li=1)], np.zeros(2), elements=("Na", "H"))
