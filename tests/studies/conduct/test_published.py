"""Published numbers stand beside ours, whether they agree or not."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.studies.conduct.published import compare_with_published
from paddlewheel.transport import fit_arrhenius
from paddlewheel.units import BOLTZMANN_eV_PER_K


def _fit(sigma_300K: float, energy_eV: float, relative_error: float):
    temperatures = np.array([500.0, 600.0, 700.0, 800.0])
    log = np.log(sigma_300K * 300) + energy_eV / BOLTZMANN_eV_PER_K * (1 / 300 - 1 / temperatures)
    sigma = np.exp(log) / temperatures
    return fit_arrhenius(temperatures, sigma, relative_error * sigma)


def test_agreement_and_disagreement_are_told_apart() -> None:
    rows = compare_with_published("o-nbh", _fit(18.39, 0.25, 0.05))
    paper = next(row for row in rows if row.published == 18.39)
    assert paper.ours == pytest.approx(18.39, rel=1e-6)
    assert "inside" in paper.note
    measured = next(row for row in rows if row.published == 4.6)
    assert measured.ours is not None
    assert "outside" in measured.note
    # 303.15 K of the line above, by hand
    ratio = np.exp(0.25 / BOLTZMANN_eV_PER_K * (1 / 300 - 1 / 303.15)) * 300 / 303.15
    assert measured.ours == pytest.approx(18.39 * ratio, rel=1e-6)


def test_without_a_fit_the_published_numbers_stand_alone() -> None:
    rows = compare_with_published("o-nbh", None)
    assert len(rows) == 5
    assert all(row.ours is None and row.note == "no fit in this run" for row in rows)


def test_other_structures_have_none() -> None:
    assert compare_with_published("my.cif", None) == []
