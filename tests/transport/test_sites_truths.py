"""Sites and jumps against what is known exactly: lattice gases, vacancies, vibrations, survival curves."""

from __future__ import annotations

import numpy as np
import pytest
from lattice_gas import Lattice, lattice, two_level_paths, two_level_truth, vacancy_correlation_factor, vacancy_paths

from paddlewheel.transport.sites import (
    Assignment,
    Rate,
    Sites,
    assign,
    core_radii_A,
    correlation_factor,
    counts_by_ion,
    dispersion,
    exit_rates,
    family_occupancy,
    family_rates,
    find_jumps,
    find_sites,
    jump_matrix,
    pair_rates,
    site_occupancy,
    site_paths_A,
    site_volumes_A3,
    survival,
)

HALF_A = 2.0
"""Half the edge of the cubic cell: nearest neighbours are 4, 3.46 and 2.83 A apart in sc, bcc and fcc."""
VIBRATION_A = 0.12
"""Along an axis; cores of a quarter of those distances are 5.9 and more of it wide, and no frame is outside of them."""


def _sites(crystal: Lattice, families: list[str] | None = None) -> Sites:
    labels = tuple(f"S{k}" for k in range(len(crystal.points)))
    cell = np.eye(3) * 2 * HALF_A * crystal.repeats
    return Sites(crystal.fractional, cell, labels, tuple(families or ["S"] * len(labels)))


def _assign(crystal: Lattice, paths: np.ndarray, families: list[str] | None = None, seed: int = 0) -> Assignment:
    sites = _sites(crystal, families)
    noise = np.random.default_rng(seed).normal(scale=VIBRATION_A, size=paths.shape)
    return assign([paths * HALF_A + noise], sites=sites, radii_A=core_radii_A(sites), frame_interval_fs=1000.0)


@pytest.mark.parametrize(("kind", "textbook"), [("bcc", 0.7272), ("fcc", 0.7815)])
def test_the_oracle_tends_to_the_textbook_in_a_large_crystal(kind: str, textbook: float) -> None:
    """The excess in a periodic crystal of n sites is of the order 1/n: two sizes extrapolate to the infinite one."""
    small, large = (lattice(kind, repeats) for repeats in (5, 9 if kind == "bcc" else 7))
    inverse = [1 / len(one.points) for one in (small, large)]
    found = [vacancy_correlation_factor(one) for one in (small, large)]
    slope = (found[0] - found[1]) / (inverse[0] - inverse[1])
    assert found[1] - slope * inverse[1] == pytest.approx(textbook, abs=1e-3)


@pytest.mark.parametrize(("kind", "repeats", "textbook"), [("bcc", 4, 0.727), ("fcc", 3, 0.781)])
def test_vacancy_correlation_factor(kind: str, repeats: int, textbook: float) -> None:
    crystal = lattice(kind, repeats)
    n_frames = 16000
    followed = _assign(crystal, vacancy_paths(crystal, n_frames=n_frames, seed=7))
    jumps = find_jumps(followed)
    assert len(jumps) == n_frames - 1  # the vacancy moves one ion in every frame
    length = HALF_A * np.linalg.norm(crystal.steps[0])
    np.testing.assert_allclose(jumps.length_A, length, rtol=1e-9)
    found = correlation_factor(followed, jumps)
    # D_J by hand: one jump of l^2 in a frame of 1 ps, shared by all ions; A^2/ps is 1e-4 cm^2/s
    by_hand = (n_frames - 1) * length**2 / (6 * n_frames * followed.n_ions) * 1e-4
    assert found.jump.value_cm2_per_s == pytest.approx(by_hand, rel=1e-9)
    assert found.value is not None, found.reason
    assert found.std is not None
    assert found.interval_95 is not None
    assert found.interval_95[0] < found.value < found.interval_95[1]
    # 3.3 standard errors: one failure in a thousand seeds, and the seed is fixed
    exact = vacancy_correlation_factor(crystal)
    assert abs(found.value - exact) < 3.3 * found.std
    assert found.std < 0.04
    assert abs(exact - textbook) < 0.02  # what the finite crystal adds
    assert abs(found.value - textbook) < 3.3 * found.std + 0.02


def test_two_level_lattice_gas_has_the_exact_occupancies_and_rates() -> None:
    crystal = lattice("sc", 4)
    is_low = (crystal.points.sum(axis=1) // 2) % 2 == 0
    gas = {"n_ions": 24, "p_up": 0.3, "p_down": 0.9}
    paths = two_level_paths(crystal, is_low=is_low, n_frames=40000, seed=4, **gas)
    followed = _assign(crystal, paths, ["low" if low else "high" for low in is_low])
    truth = two_level_truth(n_low=int(is_low.sum()), n_high=int((~is_low).sum()), **gas)
    names = followed.sites.family_names
    together = family_occupancy(followed)
    occupancy = dict(zip(names, zip(together.mean, together.std, strict=True), strict=True))
    jumps = find_jumps(followed)
    moved = int((np.diff(paths, axis=0) != 0).any(axis=2).sum())
    assert len(jumps) == moved
    for name, exact in (("low", truth.low), ("high", truth.high)):
        mean, std = occupancy[name]
        assert abs(mean - exact) < 4 * std
        assert std < 0.02
    rates = {(names[one.origin], names[one.destination]): one for one in family_rates(followed, jumps)}
    assert set(rates) == {("low", "high"), ("high", "low")}
    for pair, exact in ((("low", "high"), truth.rate_up), (("high", "low"), truth.rate_down)):
        found = rates[pair]
        assert found.length_A == pytest.approx(2 * HALF_A, rel=1e-9)
        # jumps exclude each other, so that they scatter less than a Poisson count, if anything
        assert found.rate.value_per_ps == pytest.approx(exact, abs=4 * found.rate.std_per_ps)
    exits = dict(zip(names, exit_rates(followed, followed.sites.family_index), strict=True))
    assert exits["low"].mean_time_ps() == pytest.approx(1 / truth.rate_up, rel=0.05)
    # sites of a kind are alike: their occupancies scatter as their errors say (1.1 +- 0.3 over a dozen seeds)
    each = site_occupancy(followed)
    exact = np.where(is_low, truth.low, truth.high)
    assert 0.5 < np.mean((each.mean - exact) ** 2) / np.mean(each.std**2) < 1.8
    assert jump_matrix(jumps, n_sites=64).sum() == len(jumps)
    assert sum(one.rate.count for one in pair_rates(followed, jumps)) == len(jumps)
    assert counts_by_ion(followed, jumps).sum() == len(jumps)
    spread = dispersion(followed, jumps)
    assert spread is not None
    assert spread < 2.0  # ions are alike


def test_survival_of_a_memoryless_stay_is_exponential_and_counts_censored_stays() -> None:
    crystal = lattice("sc", 3)
    n_ions, n_frames = 9, 4000
    paths = two_level_paths(crystal, is_low=np.zeros(27, bool), n_ions=n_ions, p_up=0.2, p_down=0.2,
                            n_frames=n_frames, seed=5)  # fmt: skip
    followed = _assign(crystal, paths)
    rate = exit_rates(followed, followed.sites.family_index)[0]
    # all arrangements are equally likely: a neighbour is empty with probability (27 - 9) / (27 - 1)
    exact = 0.2 * (27 - n_ions) / 26 / n_ions
    assert rate.value_per_ps == pytest.approx(exact, abs=4 * (rate.std_per_ps or 0))
    assert rate.time_ps == pytest.approx(n_ions * n_frames)
    curve = survival(followed, followed.sites.family_index, 0)
    assert curve is not None
    jumps = find_jumps(followed)
    assert curve.n_stays == len(jumps)
    assert curve.n_censored == len(np.unique(jumps.ion))  # the last stay of every ion that jumped
    mean = rate.mean_time_ps() or 0
    for time in (0.3 * mean, mean, 2 * mean):
        row = np.searchsorted(curve.time_ps, time, side="right") - 1
        # an ion returns to where it came from, which is empty, more often than elsewhere: less than 0.1 off at 4 std
        assert curve.share[row] == pytest.approx(np.exp(-time / mean), abs=0.1 + 4 * curve.std[row])


def test_survival_by_hand() -> None:
    """Two ends seen on b, after 2 and 3 frames; on a one end after 3 and one stay cut short after 2."""
    sites = Sites(np.array([[0.25, 0.5, 0.5], [0.75, 0.5, 0.5]]), np.eye(3) * 8, ("a", "b"), ("a", "b"))
    where = np.array([0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0])  # b for 2, then 3; a for 3 between, 2 cut short
    paths = (sites.fractional[where] @ sites.cell_A)[:, None]
    followed = assign([paths], sites=sites, radii_A=core_radii_A(sites), frame_interval_fs=500.0)
    curve = survival(followed, sites.family_index, 1)
    assert curve is not None
    np.testing.assert_allclose(curve.time_ps, [0, 1.0, 1.5])
    np.testing.assert_allclose(curve.share, [1, 1 / 2, 0])
    assert (curve.n_stays, curve.n_censored) == (2, 0)
    other = survival(followed, sites.family_index, 0)
    assert other is not None
    np.testing.assert_allclose(other.share, [1, 0])  # the first stay had begun before; the last is cut short, at 2 < 3
    assert (other.n_stays, other.n_censored) == (2, 1)
    rate = exit_rates(followed, sites.family_index)[0]
    assert (rate.count, rate.time_ps) == (2, 3.5)  # 7 frames of 0.5 ps, two exits
    np.testing.assert_allclose(site_occupancy(followed).mean, [7 / 12, 5 / 12])


def test_vibration_makes_no_jumps_and_crossing_a_face_neither() -> None:
    crystal = lattice("bcc", 3)
    sites = _sites(crystal)
    rng = np.random.default_rng(0)
    # 0.45 A along each axis with faces 1.73 A away: hundreds of crossings of a face, and no core is reached
    wide = crystal.points * HALF_A + rng.normal(scale=0.45, size=(5000, 54, 3))
    followed = assign([wide], sites=sites, radii_A=core_radii_A(sites), frame_interval_fs=10.0)
    nearest_own = sum(int((_nearest(wide[:, k], sites) == k).sum()) for k in range(0, 54, 9))
    assert nearest_own < 6 * 5000  # some frames are nearest to another site
    assert len(find_jumps(followed)) == 0
    np.testing.assert_allclose(site_occupancy(followed).mean, 1.0, atol=1e-3)
    # an ion that crosses the middle and turns back has not jumped
    line = np.linspace(0, 0.6, 40)
    way = np.concatenate([np.zeros(10), line, line[::-1], np.zeros(10)])[:, None, None]
    turned = assign([way * np.full(3, HALF_A)], sites=sites, radii_A=core_radii_A(sites), frame_interval_fs=10.0)
    assert len(find_jumps(turned)) == 0
    assert (turned.runs[0].nearest.sum(axis=0) > 0).sum() == 2


def _nearest(positions: np.ndarray, sites: Sites) -> np.ndarray:
    between = positions[:, None] @ np.linalg.inv(sites.cell_A) - sites.fractional
    between -= np.rint(between)
    return np.linalg.norm(between @ sites.cell_A, axis=2).argmin(axis=1)


def test_counts_by_nearest_site_are_those_of_a_direct_search_in_a_skewed_cell() -> None:
    rng = np.random.default_rng(1)
    cell = np.array([[7.0, 0, 0], [3.1, 6.0, 0], [-2.4, 2.0, 8.0]])
    sites = Sites(rng.random((9, 3)), cell, tuple("abcdefghi"), ("s",) * 9)
    positions = 40 * rng.normal(size=(200, 5, 3))
    followed = assign([positions], sites=sites, radii_A=core_radii_A(sites), frame_interval_fs=1.0)
    shells = np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    wrapped = (positions.reshape(-1, 3) @ np.linalg.inv(cell)) % 1.0
    images = (sites.fractional[None] + shells[:, None]).reshape(-1, 3) @ cell
    distance = np.linalg.norm((wrapped @ cell)[:, None] - images[None], axis=2)
    expected = np.bincount(distance.argmin(axis=1) % 9, minlength=9)
    np.testing.assert_array_equal(followed.runs[0].nearest.sum(axis=0), expected)


def test_a_jump_to_the_image_of_its_own_site_is_a_jump_of_a_lattice_vector() -> None:
    sites = Sites(np.array([[0.5, 0.5, 0.5]]), np.diag([3.0, 4.0, 5.0]), ("s",), ("s",))
    way = np.repeat(np.array([[1.5, 2, 2.5], [4.5, 2, 2.5], [4.5, 2, -2.5]]), 10, axis=0)[:, None]
    followed = assign([way], sites=sites, radii_A=core_radii_A(sites), frame_interval_fs=1.0)
    jumps = find_jumps(followed)
    np.testing.assert_allclose(jumps.vector_A, [[3, 0, 0], [0, 0, -5]])
    np.testing.assert_allclose(site_paths_A(followed.runs[0], sites), way)
    assert not jumps.is_return.any()
    assert jumps.has_next.tolist() == [True, False]
    np.testing.assert_allclose(jumps.transit_ps, 0.001)


def test_sites_are_found_at_the_wells_and_nowhere_else() -> None:
    rng = np.random.default_rng(2)
    cell = np.array([[9.0, 0, 0], [1.0, 8.5, 0], [0.4, -0.7, 10.0]])
    wells = np.array([[0.1, 0.1, 0.05], [0.45, 0.2, 0.5], [0.8, 0.7, 0.3], [0.3, 0.75, 0.85]])
    which = np.repeat(rng.integers(0, 4, size=(60, 3)), 50, axis=0)
    positions = wells[which] @ cell + rng.normal(scale=0.3, size=(3000, 3, 3)) + rng.integers(-2, 3, 3) @ cell
    found = find_sites([positions], cell_A=cell, symbol="Na")
    assert len(found) == 4
    between = found.fractional[:, None] - wells
    distances = np.linalg.norm((between - np.rint(between)) @ cell, axis=2)
    assert sorted(distances.argmin(axis=1).tolist()) == [0, 1, 2, 3]
    # the mean of 2250 correlated positions is known to 0.01 A, the top of a smoothed maximum to a few times that
    assert distances.min(axis=1).max() < 0.08
    assert found.labels == ("Na1", "Na2", "Na3", "Na4")
    assert site_volumes_A3(found).sum() == pytest.approx(abs(np.linalg.det(cell)))


def test_intervals_of_rates_are_those_of_the_tables() -> None:
    """Garwood's 95 % limits of a Poisson mean for counts 0, 1, 10 (Biometrika 28, 437, table)."""
    assert Rate(0, 1.0).interval_per_ps(0.95) == pytest.approx((0.0, 2.996), abs=1e-3)  # one-sided
    assert Rate(1, 1.0).interval_per_ps(0.95) == pytest.approx((0.0253, 5.572), abs=1e-3)
    assert Rate(10, 2.0).interval_per_ps(0.95) == pytest.approx((4.795 / 2, 18.39 / 2), abs=5e-3)
    assert Rate(0, 1.0).mean_time_ps() is None
    assert Rate(0, 10.0).mean_time_interval_ps(0.95) == (pytest.approx(10 / 2.996, rel=1e-3), None)
    assert Rate(0, 0.0).value_per_ps is None
    assert Rate(0, 0.0).interval_per_ps(0.95) is None
