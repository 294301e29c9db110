"""The health checks tell sane runs from broken ones, each by its name."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.dynamics import Framework, MDFrame, hopeless, worst_status
from paddlewheel.dynamics.health import (
    bond_lengths_A,
    check_cell,
    check_energy_drift,
    check_framework,
    check_free_temperature,
    check_polyanion_bonds,
    check_pressure,
    check_temperature,
    framework_diffusivity,
    neighbour_distance_A,
)

RNG = np.random.default_rng(7)
CELL = np.diag([10.0, 10.0, 10.0])
BOND = Framework(bonds=np.array([[0, 1]]), reference_lengths_A=np.array([1.2]), groups=((0, 1),))


def _pair(length_A: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Two atoms across the cell's edge, at the given distances."""
    positions = np.zeros((len(length_A), 2, 3))
    positions[:, 0, 0] = 9.8
    positions[:, 1, 0] = 9.8 + length_A - 10.0
    return [(positions, np.broadcast_to(CELL, (len(length_A), 3, 3)))]


@pytest.mark.parametrize(("mean", "status"), [(600.0, "ok"), (640.0, "warning"), (900.0, "broken")])
def test_temperature(mean: float, status: str) -> None:
    check = check_temperature(mean + 20 * RNG.standard_normal(1000), target_K=600)
    assert (check.name, check.status) == ("temperature", status)


@pytest.mark.parametrize(("mean", "status"), [(605.0, "ok"), (540.0, "warning"), (400.0, "warning")])
def test_temperature_without_a_thermostat_is_the_mean(mean: float, status: str) -> None:
    check = check_free_temperature(mean + 20 * RNG.standard_normal(1000), target_K=600)
    assert (check.name, check.status) == ("temperature", status)
    assert f"mean {mean:.0f}"[:6] in check.detail


@pytest.mark.parametrize(("slope", "status"), [(0.2, "ok"), (-4.0, "warning"), (30.0, "broken")])
def test_energy_drift_in_meV_per_atom_and_ps(slope: float, status: str) -> None:
    time_ps = np.linspace(0, 10, 500)
    energy = -500 + slope * 1e-3 * 64 * time_ps + 1e-3 * RNG.standard_normal(500)
    check = check_energy_drift(energy, time_ps, n_atoms=64)
    assert (check.name, check.status) == ("energy-drift", status)
    assert f"{slope:+.1f}" in check.detail


def test_bond_open_for_long_is_broken_and_for_a_moment_a_warning() -> None:
    length = np.full(200, 1.2)
    assert check_polyanion_bonds(_pair(length), BOND, frame_interval_fs=10).status == "ok"
    length[50:55] = 1.9
    assert check_polyanion_bonds(_pair(length), BOND, frame_interval_fs=10).status == "warning"
    length[50:75] = 2.5  # 0.25 ps
    check = check_polyanion_bonds(_pair(length), BOND, frame_interval_fs=10)
    assert check.status == "broken"
    assert "atoms 0 and 1" in check.detail


def test_bond_streak_is_carried_from_block_to_block() -> None:
    blocks = _pair(np.full(12, 2.0)) + _pair(np.full(12, 2.0))
    assert check_polyanion_bonds(blocks, BOND, frame_interval_fs=10).status == "broken"


@pytest.mark.parametrize(("near_fs", "status"), [(0, "ok"), (100, "ok"), (300, "broken")])
def test_a_bond_that_forms_between_two_polyanions_is_seen(near_fs: int, status: str) -> None:
    """Two BH of 1.2 A: the boron of one comes to 1.4 A of the hydrogen of the other; no bond is lost."""
    two = Framework(
        bonds=np.array([[0, 1], [2, 3]]), reference_lengths_A=np.array([1.2, 1.2]), groups=((0, 1), (2, 3)),
        symbols=("B", "H", "B", "H", "Na"),
    )  # fmt: skip
    positions = np.zeros((200, 5, 3))
    positions[:, 0, 0], positions[:, 1, 0] = 8.0, 9.2
    positions[:, 2, 0], positions[:, 3, 0] = 13.2, 14.4  # 4 A off, in the next cell
    positions[50 : 50 + near_fs // 10, 2:4, 0] -= 2.6
    positions[:, 4, 0] = 10.0  # an ion is bonded to nobody
    blocks = [(part, np.broadcast_to(CELL, (len(part), 3, 3))) for part in np.array_split(positions, 7)]
    check = check_polyanion_bonds(blocks, two, frame_interval_fs=10)
    assert check.status == status
    assert ("1 new between polyanions, the first between atoms 2 and 1" in check.detail) == (status == "broken")


def test_framework_vibrates_drifts_or_melts() -> None:
    sites = np.array(list(np.ndindex(3, 3, 3))) * 3.0
    thermal = 0.2 * RNG.standard_normal((400, 27, 3))
    assert check_framework(sites + thermal, neighbour_distance_A=3.0, length_ps=20.0).status == "ok"
    walk = np.cumsum(0.15 * RNG.standard_normal((400, 27, 3)), axis=0)
    check = check_framework(sites + walk, neighbour_distance_A=3.0, length_ps=20.0)
    assert (check.name, check.status) == ("framework", "broken")


def test_pressure_of_npt_and_of_a_fixed_cell() -> None:
    noise = 0.3 * RNG.standard_normal(1000)
    volume = 1000 + 5 * RNG.standard_normal(1000)
    assert check_pressure(noise, volume, ensemble="npt", target_GPa=0, temperature_K=600).status == "ok"
    assert check_pressure(noise + 3, volume, ensemble="npt", target_GPa=0, temperature_K=600).status == "warning"
    assert check_pressure(noise + 3, volume, ensemble="nvt", target_GPa=0, temperature_K=600).status == "warning"
    exploding = np.linspace(1000, 1500, 1000)
    assert check_pressure(noise, exploding, ensemble="npt", target_GPa=0, temperature_K=600).status == "broken"


def test_neighbour_distance_counts_images() -> None:
    # simple cubic with one point a cell: its neighbours are its own images
    assert neighbour_distance_A(np.zeros((1, 3)), np.diag([3.0, 4.0, 5.0])) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("temperature", "energy", "length", "larger", "expected"),
    [
        (600.0, -1.0, 1.2, 1.0, None),
        (9000.0, -1.0, 1.2, 1.0, "exploded"),
        (600.0, np.nan, 1.2, 1.0, "finite"),
        (600.0, -1.0, 4.2, 1.0, "fell"),
        (600.0, -1.0, 1.2, 2.9, None),
        (600.0, -1.0, 1.2, 3.1, "blew up"),
        (600.0, -1.0, 1.2, 0.3, "collapsed"),
    ],
)
def test_hopeless_frames_stop_a_run(
    temperature: float, energy: float, length: float, larger: float, expected: str | None
) -> None:
    positions, cells = _pair(np.array([length]))[0]
    frame = MDFrame(
        step=10,
        positions_A=positions[0],
        cell_A=cells[0],
        thermo={"potential_energy_eV": energy, "temperature_K": temperature},
    )
    reason = hopeless(frame, BOND, temperature_K=600, start_volume_A3=float(np.linalg.det(cells[0])) / larger)
    assert reason is None if expected is None else expected in str(reason)


def test_worst_status_is_the_worst() -> None:
    good = check_temperature(np.full(100, 600.0), target_K=600)
    bad = check_temperature(np.full(100, 1600.0), target_K=600)
    assert worst_status([good]) == "ok"
    assert worst_status([good, bad]) == "broken"


def test_bonds_hold_in_a_cell_that_shears_by_whole_lattice_vectors():
    """Every frame is the same crystal in another basis: bond lengths cannot change."""
    rng = np.random.default_rng(3)
    cell = np.array([[8.0, 0.3, 0.0], [0.2, 9.0, 0.4], [0.1, -0.3, 21.0]])
    first = rng.uniform(0, 1, (40, 3)) @ cell
    directions = rng.normal(size=(40, 3))
    second = first + 1.8 * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    bonds = np.column_stack([np.arange(40), np.arange(40) + 40])
    bases = [
        np.eye(3), [[1, 0, 0], [2, 1, 0], [0, 0, 1]], [[1, 0, 0], [0, 1, 0], [-3, 2, 1]],
        [[1, 1, 0], [0, 1, 1], [0, 0, 1]],
    ]  # fmt: skip
    cells = np.array([np.array(basis) @ cell for basis in bases])
    wrapped = [(np.vstack([first, second]) @ np.linalg.inv(one)) % 1 @ one for one in cells]
    lengths = bond_lengths_A(np.array(wrapped), cells, bonds)
    assert lengths == pytest.approx(1.8, abs=1e-9)


@pytest.mark.parametrize(("strain", "status"), [(0.03, "ok"), (0.07, "warning"), (0.11, "broken")])
def test_a_cell_that_shears_has_no_mean(strain: float, status: str) -> None:
    """Angles of 68 degrees are a shear of 0.4, a strain of 0.1 against the mean of the way there."""
    assert (check_cell(strain).name, check_cell(strain).status) == ("cell", status)


@pytest.mark.parametrize(("diffusivity_cm2_per_s", "status"), [(0.0, "ok"), (3e-7, "warning"), (2e-6, "broken")])
def test_a_framework_that_diffuses_is_found_by_its_own_slope(diffusivity_cm2_per_s: float, status: str) -> None:
    """60 anions 6.5 A apart walk for 20 ps: at 2e-6 cm2/s by 1.5 A, of which the means of quarters see 1.3, under
    0.3 of 6.5 for nine in ten of them: this passed."""
    rng = np.random.default_rng(11)
    n_frames, length_ps = 2000, 20.0
    step_A = np.sqrt(2 * diffusivity_cm2_per_s * 1e4 * length_ps / n_frames)  # 1 cm2/s is 1e4 A2/ps
    walk = step_A * rng.standard_normal((n_frames, 60, 3)).cumsum(axis=0)
    centres = 6.5 * np.array(list(np.ndindex(3, 4, 5))) + walk + 0.2 * rng.standard_normal((n_frames, 60, 3))
    found, error = framework_diffusivity(centres, length_ps=length_ps)
    assert found * 1e-4 == pytest.approx(diffusivity_cm2_per_s, abs=4 * error * 1e-4)
    check = check_framework(centres, neighbour_distance_A=6.5, length_ps=length_ps)
    assert (check.name, check.status) == ("framework", status)


def test_pressure_of_a_fixed_cell_is_told_by_what_it_does_to_a_jump() -> None:
    """0.5 GPa on 5 A3 at 600 K is 0.30 kT: exp(-0.302) = 0.74 of the rate."""
    check = check_pressure(np.full(1000, 0.5), np.full(1000, 1e3), ensemble="nvt", target_GPa=0, temperature_K=600)
    assert check.status == "warning"
    assert "0.74 of its rate" in check.detail
    low = check_pressure(np.full(1000, -0.15), np.full(1000, 1e3), ensemble="nve", target_GPa=0, temperature_K=600)
    assert low.status == "ok"
