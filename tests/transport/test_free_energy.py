"""Barriers against a potential that is known, and the statuses where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import SettingsError
from paddlewheel.transport.density import ion_density, smoothed
from paddlewheel.transport.free_energy import free_energy
from paddlewheel.units import BOLTZMANN_eV_PER_K

LENGTH, KELVIN = 4.0, 600.0
KT = BOLTZMANN_eV_PER_K * KELVIN
BARRIERS = {"a": 0.10, "b": 0.14, "c": 0.18}


def _potential(s: np.ndarray) -> np.ndarray:
    """`[..., 3]` fractional: one well a cell, and a pass of another height along each axis."""
    return sum(0.5 * height * (1 - np.cos(2 * np.pi * s[..., k])) for k, height in enumerate(BARRIERS.values()))


def _boltzmann(rng: np.random.Generator, n_frames: int, n_ions: int) -> np.ndarray:
    """Independent draws `[n_frames, n_ions, 3]` by rejection, A."""
    kept = np.empty((0, 3))
    while len(kept) < n_frames * n_ions:
        tried = rng.random((4 * n_frames * n_ions, 3))
        kept = np.concatenate([kept, tried[rng.random(len(tried)) < np.exp(-_potential(tried) / KT)]])
    return kept[: n_frames * n_ions].reshape(n_frames, n_ions, 3) * LENGTH


def _truth(smoothing_A: float, n: int) -> dict[str, float]:
    """Barriers of the Boltzmann density in voxels (finely sampled) after the smoothing: they lie along the axes."""
    fine = 8 * n
    parts = []
    for height in BARRIERS.values():
        s = (np.arange(fine) + 0.5) / fine - 0.5 / n
        p = np.exp(-0.5 * height * (1 - np.cos(2 * np.pi * s)) / KT)
        parts.append(p.reshape(n, 8).mean(axis=1))
    density = smoothed(np.einsum("i,j,k->ijk", *parts), cell_A=LENGTH * np.eye(3), smoothing_A=smoothing_A)
    tops = {"a": density[n // 2, 0, 0], "b": density[0, n // 2, 0], "c": density[0, 0, n // 2]}
    return {axis: float(KT * np.log(density.max() / top)) for axis, top in tops.items()}


def test_barriers_of_a_known_potential_come_back_within_their_errors():
    truth = _truth(0.3, 20)
    assert truth["c"] == pytest.approx(0.18, abs=0.03)  # the smoothing takes a little off the top
    pulls = []
    for seed in range(8):
        positions = _boltzmann(np.random.default_rng(seed), 2000, 8)
        found = free_energy(ion_density(positions, cell_A=LENGTH * np.eye(3), spacing_A=0.2), temperature_K=KELVIN)
        for axis in "abc":
            one = found.barriers[axis]
            assert one.status == "ok", one
            assert one.value_eV is not None
            assert one.std_eV is not None
            pulls.append((one.value_eV - truth[axis]) / one.std_eV)
        assert found.barriers["1D"].value_eV == found.barriers["a"].value_eV
        assert found.barriers["3D"].value_eV == pytest.approx(found.barriers["c"].value_eV)
    # errors are those of the larger of two jackknives (too large rather than too small): 24 pulls, of which a
    # third is dependent on another
    assert np.sqrt(np.mean(np.square(pulls))) < 1.4
    assert np.abs(pulls).max() < 4
    assert 0.0005 < np.median(np.abs(pulls)) < 1.2


def test_a_region_never_visited_gives_a_bound():
    rng = np.random.default_rng(1)
    positions = 2.0 + rng.normal(scale=0.25, size=(4000, 4, 3))
    density = ion_density(positions, cell_A=LENGTH * np.eye(3), spacing_A=0.2)
    found = free_energy(density, temperature_K=KELVIN, smoothing_A=0.2)
    for one in found.barriers.values():
        assert one.status == "not-visited"
        assert one.value_eV is None
        assert one.at_least_eV == pytest.approx(found.floor_eV)
    # by hand: three visits, in 4,000 frames, to the volume that the smoothing averages over; independent draws are
    # sqrt(6) x 0.25 A apart (3 % by chance), the volume is 0.71 A wide
    volume = (4 * np.pi) ** 1.5 * 0.2**3
    assert found.frames_per_visit == pytest.approx(volume ** (1 / 3) / (np.sqrt(6) * 0.25), rel=0.03)
    by_hand = KT * np.log(density.total(smoothing_A=0.2).max() * volume * 4000 / (3 * found.frames_per_visit))
    assert found.floor_eV == pytest.approx(by_hand, rel=1e-9)
    assert np.isinf(found.values_eV[0, 0, 0])
    assert found.values_eV.min() == 0.0


def test_passages_of_one_ion_at_one_time_are_no_barrier():
    rng = np.random.default_rng(2)
    positions = 2.0 + rng.normal(scale=0.25, size=(2000, 4, 3))
    positions[650:770, 1, 0] = 2.0 + np.linspace(0, 6 * LENGTH, 120)  # six times, all at once, by one ion
    found = free_energy(ion_density(positions, cell_A=LENGTH * np.eye(3), spacing_A=0.2), temperature_K=KELVIN)
    one = found.barriers["a"]
    assert one.status == "not-converged"
    assert one.value_eV is None
    assert "without one stretch of time (1 of 10)" in one.reason
    assert "a" in found.paths


def test_density_of_a_supercell_has_the_same_free_energy():
    positions = _boltzmann(np.random.default_rng(3), 1500, 6)
    doubled = np.concatenate([positions, positions + np.array([LENGTH, 0, 0])], axis=1)
    small = free_energy(ion_density(positions, cell_A=LENGTH * np.eye(3), shape=(20, 20, 20)), temperature_K=KELVIN)
    large = free_energy(
        ion_density(doubled, cell_A=LENGTH * np.diag([2.0, 1, 1]), shape=(40, 20, 20)), temperature_K=KELVIN
    )
    for axis in "abc":
        assert large.barriers[axis].value_eV == pytest.approx(small.barriers[axis].value_eV, abs=1e-6)
    np.testing.assert_allclose(
        np.exp(-large.values_eV / KT), np.tile(np.exp(-small.values_eV / KT), (2, 1, 1)), atol=1e-6
    )


@pytest.mark.parametrize("kelvin", [0.0, -3.0, np.nan])
def test_no_temperature(kelvin):
    density = ion_density(np.zeros((5, 1, 3)), cell_A=4 * np.eye(3))
    with pytest.raises(SettingsError, match="no temperature"):
        free_energy(density, temperature_K=kelvin)
