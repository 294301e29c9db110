"""Structure factors of trajectories: of Einstein crystals and of hops between two sites they are known exactly."""

import numpy as np
import pytest

from paddlewheel.errors import SettingsError
from paddlewheel.lab.xrd.moving import average_structure_factors, fold
from paddlewheel.lab.xrd.phase import d_spacing_A
from paddlewheel.lab.xrd.structure_factors import anomalous, form_factor
from paddlewheel.trajectories import Trajectory

A_A = 4.0


def trajectory(fractional: np.ndarray, symbols: list[str], length_A: float) -> Trajectory:
    cells = np.tile(np.eye(3) * length_A, (len(fractional), 1, 1))
    return Trajectory.from_arrays(
        positions_A=fractional * length_A,
        cell_A=cells,
        symbols=symbols,
        frame_interval_fs=1000.0,
        source="made",
        is_unwrapped=True,
    )


def scattering(element: str, hkl: np.ndarray) -> np.ndarray:
    s_per_A = 1 / (2 * d_spacing_A(hkl, np.array([A_A, A_A, A_A, 90, 90, 90])))
    return form_factor(element, s_per_A) + anomalous(element, 1.0)


def test_atoms_that_vibrate_alone_have_a_debye_waller_factor() -> None:
    """N atoms: Bragg N^2 |f|^2 exp(-2 B s^2), diffuse N |f|^2 (1 - exp(-2 B s^2)), with B = 8 pi^2 u^2."""
    random = np.random.default_rng(0)
    u_A, n_frames = 0.15, 400
    sites = np.stack(np.meshgrid(*[np.arange(2)] * 3, indexing="ij"), axis=-1).reshape(-1, 3) / 2
    moved = sites + random.normal(0, u_A / (2 * A_A), (n_frames, 8, 3))
    found = average_structure_factors(
        trajectory(moved, ["Na"] * 8, 2 * A_A), wavelength_A=1.0, d_min_A=1.4, most_frames=n_frames
    )
    # the drift that is removed takes an eighth of the square along
    b_A2 = 8 * np.pi**2 * u_A**2 * 7 / 8
    assert found.b_iso_A2["Na"] == pytest.approx(b_A2, rel=0.03)
    small, rest = fold(found, (2, 2, 2))
    assert small.cell[:3] == pytest.approx([A_A] * 3)
    s2 = 1 / (2 * d_spacing_A(small.hkl, small.cell)) ** 2
    squared = np.abs(scattering("Na", small.hkl)) ** 2
    np.testing.assert_allclose(small.bragg, squared * np.exp(-2 * b_A2 * s2), rtol=0.03)
    assert rest.bragg.sum() < 0.01 * rest.total.sum()
    # a rigid shift leaves |F|^2 as it is: all of u^2 counts
    b_A2 = 8 * np.pi**2 * u_A**2
    s2 = 1 / (2 * d_spacing_A(rest.hkl, rest.cell)) ** 2
    alone = np.abs(form_factor("Na", np.sqrt(s2)) + anomalous("Na", 1.0)) ** 2
    expected = 8 * alone * (1 - np.exp(-2 * b_A2 * s2))
    assert rest.total.sum() == pytest.approx(expected.sum(), rel=0.03)


def test_an_ion_that_is_at_two_sites_half_the_time() -> None:
    """<F> has half an ion at each: nothing of it at odd h, where all its |f|^2 is diffuse, all of it at even h."""
    random = np.random.default_rng(1)
    n_frames = 4000
    at = random.integers(0, 2, n_frames) * 0.5
    places = np.zeros((n_frames, 2, 3))
    places[:, 1, 0] = at
    # a heavy frame that does not move holds the drift
    symbols = ["U", "Li"]
    moved = trajectory(places, symbols, A_A)
    found = average_structure_factors(moved, wavelength_A=1.0, d_min_A=1.2, most_frames=n_frames)
    odd = found.hkl[:, 0] % 2 == 1
    light, heavy = scattering("Li", found.hkl), scattering("U", found.hkl)
    # removing the centre of mass moves uranium by 7/245 of lithium's way: 1 % of what is diffuse
    np.testing.assert_allclose(found.diffuse[~odd], 0.0, atol=0.02 * np.abs(heavy[~odd].max()) ** 2)
    np.testing.assert_allclose(found.bragg[odd], np.abs(heavy[odd]) ** 2, rtol=0.03)
    np.testing.assert_allclose(found.bragg[~odd], np.abs(heavy[~odd] + light[~odd]) ** 2, rtol=0.06)


def test_noise_of_the_mean_is_taken_off() -> None:
    """Atoms anywhere, anew in each frame: no Bragg part, though the mean of 50 frames has a fiftieth of it all."""
    random = np.random.default_rng(2)
    moved = random.random((50, 10, 3))
    found = average_structure_factors(
        trajectory(moved, ["Na"] * 10, 8.0), wavelength_A=1.0, d_min_A=1.5, most_frames=50
    )
    assert found.bragg.mean() < 0.012 * found.total.mean()


def test_what_would_take_hours_is_refused() -> None:
    moved = np.zeros((200, 300, 3))
    with pytest.raises(SettingsError, match="most-frames"):
        average_structure_factors(trajectory(moved, ["Na"] * 300, 60.0), wavelength_A=1.0, d_min_A=0.5)
