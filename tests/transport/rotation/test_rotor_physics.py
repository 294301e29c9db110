"""Truths of rotational motion: diffusion with a known D_r, free rotors in equilibrium, jumps at a known rate."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from paddlewheel.transport.rotation import (
    angular_velocity,
    direction_map,
    find_jumps,
    orientational_memory,
    paper_speed,
)
from paddlewheel.transport.rotation.speed import BOLTZMANN_uA2_PER_PS2_K, maxwell_density
from rotor_runs import R_H_A, diffusing, icosahedron, run_of, tetrahedron

DT_PS = 0.01


@pytest.fixture(scope="module")
def diffusion():
    """24 tetrahedra over 3000 frames of 0.01 ps with D_r = 0.5 rad^2/ps."""
    return run_of(diffusing(24, 3000, 2 * 0.5 * DT_PS), tetrahedron()).track()


def test_rotational_diffusion_is_forgotten_at_the_known_rate(diffusion):
    memory = orientational_memory([diffusion], [range(24)])
    for correlation, rank in zip(memory.correlations, (1, 1, 2, 2), strict=True):
        rate = rank * (rank + 1) * 0.5
        inside = memory.lag_ps < 2 / rate
        off = np.abs(correlation.value - np.exp(-rate * memory.lag_ps))[inside]
        # 4 standard errors, and 0.01 for the steps of 0.1 rad
        assert (off < 4 * correlation.std[inside] + 0.01).all(), correlation.name
        time = correlation.relaxation.time_ps
        assert correlation.relaxation.status == "ok"
        assert time is not None
        assert time.std is not None
        assert time.std < 0.15 / rate
        assert abs(time.value - 1 / rate) < 3.5 * time.std


def test_plateau_of_the_rotor_is_2_R_squared(diffusion):
    memory = orientational_memory([diffusion], [range(24)])
    assert memory.plateau_A2.value == pytest.approx(2 * R_H_A**2, rel=1e-6)
    late = memory.lag_ps > 4.0  # four relaxation times
    off = np.abs(memory.msd_A2 - 2 * R_H_A**2 * (1 - np.exp(-memory.lag_ps)))[late]
    assert (off < 4 * memory.msd_std_A2[late]).all()


def test_a_run_too_short_to_forget_is_refused():
    short = run_of(diffusing(4, 200, 2 * 0.02 * DT_PS), tetrahedron()).track()
    relaxation = orientational_memory([short], [range(4)]).correlations[0].relaxation
    assert relaxation.status == "too-short"
    assert relaxation.time_ps is None
    assert "run longer" in (relaxation.reason or "")


def test_uncertainty_of_the_relaxation_time_is_honest():
    # 40 repeats of 12 anions: the spread of the times is the uncertainty that each of them states
    found = []
    for seed in range(40):
        motion = run_of(diffusing(12, 800, 2 * 1.0 * DT_PS, seed), tetrahedron()).track()
        time = orientational_memory([motion], [range(12)]).correlations[0].relaxation.time_ps
        assert time is not None
        found.append((time.value, time.std))
    values, stds = np.array(found).T
    # a spread of 40 is known to 11 %, and a jackknife of 12 is off by 20 %: within a factor of 1.5
    assert 0.67 < values.std() / np.sqrt((stds**2).mean()) < 1.5
    assert abs(values.mean() - 0.5) < 4 * values.std() / np.sqrt(40)


def _free_rotors(moments: np.ndarray, kT: float, n: int, n_frames: int, seed: int = 0) -> list[Rotation]:
    """Torque-free rotors (Euler's equations, steps of dt/20) in the axes of the body, from equilibrium at kT."""
    rng = np.random.default_rng(seed)
    velocity = rng.standard_normal((n, 3)) * np.sqrt(kT / moments)
    orientation = Rotation.random(n, random_state=seed)
    frames, dt = [orientation.as_quat()], DT_PS / 20

    def acceleration(w: np.ndarray) -> np.ndarray:
        return -np.cross(w, moments * w) / moments

    for _ in range(n_frames - 1):
        for _ in range(20):
            middle = velocity + 0.5 * dt * acceleration(velocity)
            orientation = orientation * Rotation.from_rotvec(middle * dt)
            velocity = velocity + dt * acceleration(middle)
        frames.append(orientation.as_quat())
    return [Rotation.from_quat(one) for one in np.array(frames).transpose(1, 0, 2)]


@pytest.mark.parametrize(("mass_factor", "temperature_K"), [(1.0, 600.0), (4.0, 300.0)])
def test_free_rotors_have_kT_about_each_axis_whatever_their_mass(mass_factor, temperature_K):
    symbols, places = ["N", "H", "H"], np.array([[0, 0, 0.0], [0.80, 0.60, 0], [-0.80, 0.60, 0]])
    masses = np.array([14.007, 1.008, 1.008]) * mass_factor
    centred = places - masses @ places / masses.sum()
    moments = np.array([masses @ (centred**2).sum(axis=1) - masses @ centred[:, k] ** 2 for k in range(3)])
    kT = BOLTZMANN_uA2_PER_PS2_K * temperature_K
    rotations = _free_rotors(moments, kT, 400, 6)
    motion = run_of(rotations, (symbols, centred), mass_factor=mass_factor).track()
    np.testing.assert_allclose(motion.inertia_uA2[0], np.sort(moments), rtol=1e-6)
    found = angular_velocity([motion], [range(400)], temperature_K=temperature_K)
    assert found.status == "ok", found.reason
    assert found.ratio is not None
    for ratio in found.ratio:  # 400 rotors: 7 % each
        assert ratio.std is not None
        assert ratio.std < 0.15
        assert abs(ratio.value - 1) < 3.5 * ratio.std
    bins = np.diff(found.reduced_speed).mean()
    assert np.abs(found.density - maxwell_density(found.reduced_speed)).sum() * bins < 0.35  # 400 points in 50 bins


def test_temperature_of_the_rotors_is_found_without_being_told():
    moment = 8 / 3 * 1.008 * R_H_A**2
    rotations = _free_rotors(np.full(3, moment), BOLTZMANN_uA2_PER_PS2_K * 450.0, 300, 5)
    motion = run_of(rotations, tetrahedron()).track()
    found = angular_velocity([motion], [range(300)], temperature_K=None)
    assert found.status == "no-temperature"
    temperature = found.rotational_temperature_K
    assert temperature is not None
    assert abs(temperature.value - 450) < 3.5 * (temperature.std or 0)
    # eq. 5 for a free rotor: chords of |w| dt times the mean of the sine to the axis (pi/4) over four of five atoms
    speed = paper_speed([motion], [range(300)])
    assert speed.per_ps.value == pytest.approx(0.8 * np.pi / 4 * found.mean_rad_per_ps.value, rel=0.05)


def _librating(period_ps: float, n_frames: int = 2000) -> list[Rotation]:
    time = np.arange(n_frames) * DT_PS
    phases = np.random.default_rng(1).uniform(0, 2 * np.pi, (8, 3, 1))
    return [Rotation.from_rotvec(0.05 * np.sin(2 * np.pi * time / period_ps + one).T) for one in phases]


def test_loss_to_the_frame_interval_is_stated_and_mended():
    # a libration: the mean over an interval has sinc^2(pi dt / period) of the mean square
    motion = run_of(_librating(0.08), tetrahedron()).track()
    found = angular_velocity([motion], [range(8)], temperature_K=300.0)
    x = np.pi * DT_PS / 0.08
    assert found.bias == pytest.approx(1 - (np.sin(x) / x) ** 2, abs=0.003)  # the third order leaves x^6 terms
    moment = 8 / 3 * 1.008 * R_H_A**2
    true = moment * (0.05 * 2 * np.pi / 0.08) ** 2 / 2 / BOLTZMANN_uA2_PER_PS2_K
    assert found.rotational_temperature_K is not None
    assert found.rotational_temperature_K.value == pytest.approx(true, rel=0.01)


def test_frames_too_far_apart_for_the_velocity_are_refused():
    motion = run_of(_librating(0.025), tetrahedron()).track()
    found = angular_velocity([motion], [range(8)], temperature_K=300.0)
    assert found.status == "frames-too-far-apart"
    assert found.ratio is None
    assert "write frames more often" in (found.reason or "")


def test_jumps_by_120_degrees_at_a_known_rate():
    rate, n, n_frames = 0.25, 16, 6000
    rng = np.random.default_rng(3)
    corners = tetrahedron()[1][1:] / R_H_A
    rotations, planted = [], 0
    for _ in range(n):
        at = np.flatnonzero(rng.random(n_frames) < rate * DT_PS)
        at = at[np.concatenate([[True], np.diff(at) > 60])]  # nearer ones merge: dwells of less than 0.6 ps
        at = at[(at > 60) & (at < n_frames - 60)]
        planted += len(at)
        axes = corners[rng.integers(0, 4, len(at))] * np.where(rng.random((len(at), 1)) < 0.5, -1, 1)
        turns = Rotation.identity()
        pieces, start = [], 0
        for end, axis in zip([*at, n_frames], [*axes, axes[0]], strict=True):
            pieces.append(np.tile(turns.as_quat(), (end - start, 1)))
            turns = turns * Rotation.from_rotvec(2 * np.pi / 3 * axis)
            start = end
        libration = Rotation.from_rotvec(0.15 * rng.standard_normal((n_frames, 3)))
        rotations.append(Rotation.from_quat(np.concatenate(pieces)) * libration)
    motion = run_of(rotations, tetrahedron()).track()
    found = find_jumps([motion], [range(n)], window_ps=0.2)
    assert found.status == "ok", found.reason
    assert found.count == pytest.approx(planted, rel=0.03)  # some fall into dwells that the window does not see
    assert found.mean_angle_deg is not None
    assert found.mean_angle_deg.value == pytest.approx(120, abs=3)
    assert found.rate_per_ps is not None
    assert found.rate_per_ps.value == pytest.approx(planted / (n * n_frames * DT_PS), rel=0.03)


def test_no_jump_gives_an_upper_bound():
    motion = run_of(_librating(0.3), tetrahedron()).track()
    found = find_jumps([motion], [range(8)])
    assert (found.status, found.count, found.rate_per_ps) == ("no-jumps", 0, None)
    # Poisson: exp(-rate T) = 5 %
    assert found.upper_rate_per_ps == pytest.approx(-np.log(0.05) / (8 * 1999 * DT_PS))


def test_map_of_an_anion_at_rest_and_of_one_in_all_orientations(diffusion):
    still = run_of([Rotation.from_quat(np.tile([0.1, 0.2, 0.3, 0.9], (50, 1)))], icosahedron()).track()
    found = direction_map([still], [[0]])
    assert np.count_nonzero(found.density) == 12
    assert found.density.mean() == pytest.approx(1)
    # 2592 equal bins, 12 of them filled: ln(2592/12)
    assert found.information_nats.value == pytest.approx(np.log(2592 / 12))
    all_round = direction_map([diffusion], [range(24)]).density
    north = all_round[24:].mean()  # a third of the sphere
    assert north == pytest.approx(1, abs=0.15)
