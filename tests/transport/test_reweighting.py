"""Importance weights against what Gaussian integrals give."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.transport.reweighting import effective_sample_size, importance_weights, reweighted_ratio
from paddlewheel.units import BOLTZMANN_eV_PER_K

_T_K = 600.0
_KT = BOLTZMANN_eV_PER_K * _T_K


def _oscillators(stiffness_ratio: float, *, n_frames: int, n_oscillators: int) -> tuple[np.ndarray, np.ndarray]:
    """Squared displacements (in kT / k1) of oscillators of stiffness k1, drawn from their Boltzmann distribution, and
    the energy with k2 less that with k1."""
    squared = np.random.default_rng(4).normal(size=(n_frames, n_oscillators)) ** 2
    return squared, 0.5 * (stiffness_ratio - 1) * _KT * squared.sum(axis=1)


@pytest.mark.parametrize(("stiffness_ratio", "n_oscillators"), [(1.5, 1), (0.8, 1), (1.2, 6)])
def test_oscillators_are_carried_to_another_stiffness(stiffness_ratio: float, n_oscillators: int) -> None:
    """<x^2> of k1 is kT / k1, of k2 it is kT / k2; the share of frames left is (sqrt(2 r - 1) / r) a degree of
    freedom, r = k2 / k1, for <w>^2 / <w^2> of w = exp(-(r - 1) x^2 / 2)."""
    squared, difference_eV = _oscillators(stiffness_ratio, n_frames=40_000, n_oscillators=n_oscillators)
    weights = importance_weights(difference_eV - 7.0, temperature_K=_T_K)  # a reference shift changes nothing
    found = reweighted_ratio(squared.mean(axis=1), weights)
    assert found.ratio == pytest.approx(1 / stiffness_ratio, abs=4 * found.std)
    assert 0 < found.std < 0.02
    share = (np.sqrt(2 * stiffness_ratio - 1) / stiffness_ratio) ** n_oscillators
    # of 40,000 draws; the fourth moment of w is finite for r over 3/4
    assert found.effective_sample_size / 40_000 == pytest.approx(share, rel=0.02)


def test_errors_of_ratios_are_their_scatter() -> None:
    """400 sets of 100 frames, r = 1.3: the mean stated error is the scatter of the ratios, which the draws give to
    4 %, and the jackknife knows a ratio to some 10 % at this size."""
    squared, difference_eV = _oscillators(1.3, n_frames=40_000, n_oscillators=1)
    found = [
        reweighted_ratio(squared[part, 0], importance_weights(difference_eV[part], temperature_K=_T_K))
        for part in np.split(np.arange(40_000), 400)
    ]
    scatter = np.std([each.ratio for each in found])
    assert np.mean([each.std for each in found]) == pytest.approx(scatter, rel=0.15)


def test_effective_sample_size_is_that_of_kish() -> None:
    assert effective_sample_size(np.full(50, 0.02)) == pytest.approx(50)
    assert effective_sample_size(np.array([1.0, 0.0, 0.0])) == 1.0
    # (2 + 1 + 1)^2 / (4 + 1 + 1)
    assert effective_sample_size(np.array([2.0, 1.0, 1.0])) == pytest.approx(16 / 6)


def test_weights_are_those_of_boltzmann_and_survive_any_energy() -> None:
    weights = importance_weights(np.array([0.0, _KT * np.log(4.0)]) + 1e6, temperature_K=_T_K)
    np.testing.assert_allclose(weights, [0.8, 0.2], rtol=1e-6)  # 1e6 eV leave 1e-10 of an eV in a double
    with pytest.raises(ValueError, match="finite"):
        importance_weights(np.array([0.0, np.nan]), temperature_K=_T_K)
