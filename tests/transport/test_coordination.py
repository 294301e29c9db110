"""Coordination of a crystal at rest, of ions that leave their shell at a known rate, and under symmetries."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from hypothesis import given, settings
from hypothesis import strategies as st

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.transport import ALL_KINDS, Surroundings, coordination_shells


def _shells(*runs: Surroundings, **cutoffs_A: float):
    return coordination_shells(runs, cutoffs_A=cutoffs_A, frame_interval_fs=10.0)


def _rocksalt(n_frames: int = 12) -> Surroundings:
    atoms = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    kinds = np.array(atoms.get_chemical_symbols())
    paths = np.repeat(atoms.positions[None], n_frames, axis=0)
    return Surroundings(
        ions_A=paths[:, kinds == "Na"],
        centres_A=paths[:, kinds == "Cl"],
        kinds=["Cl", "Br", "Cl", "Cl"],
        cell_A=np.array(atoms.cell),
    )


def test_crystal_has_its_shell_with_images_and_kinds_add_up():
    # rocksalt of 8 atoms: 6 neighbours of 4 anions, so that images of one anion count apart; a quarter of them is Br
    found = _shells(_rocksalt(), Cl=3.5, Br=3.5)
    assert found[ALL_KINDS].mean == 6
    assert found[ALL_KINDS].std == 0
    assert found[ALL_KINDS].share[6] == 1
    assert found["Cl"].mean + found["Br"].mean == 6
    assert sorted(set(found["Br"].by_ion)) == [0, 2]  # each Br is two of the neighbours of three of the four Na
    assert found["Br"].mean == pytest.approx(1.5)
    assert found["Cl"].lifetime.time_ps is None


def test_an_ion_that_walks_past_changes_its_neighbours():
    cell = np.eye(3) * 20.0
    ions = np.zeros((21, 1, 3))
    ions[:, 0, 0] = np.arange(21)
    centres = np.zeros((21, 2, 3))
    centres[:, 1, 0] = 10.0
    run = Surroundings(ions_A=ions, centres_A=centres, kinds=["A", "B"], cell_A=cell)
    found = _shells(run, A=2.5, B=2.5)
    assert found["A"].lifetime.time_ps is None
    assert found["A"].lifetime.reason == "one ion tells no error"
    # A is near at x = 0, 1, 2 and, through the boundary, at 18, 19, 20; B at 8 to 12
    np.testing.assert_array_equal(found["A"].by_time, [1] * 3 + [0] * 15 + [1] * 3)
    assert found["B"].by_time.sum() == 5
    assert found["A"].mean == pytest.approx(6 / 21)
    np.testing.assert_allclose(found["B"].share, [16 / 21, 5 / 21])


def test_lifetime_is_that_of_a_process_with_a_known_rate():
    # each ion sits at one of six centres and leaves for another at the rate k: c(t) = exp(-6/5 k t)
    rng = np.random.default_rng(2)
    n_ions, n_frames, leave = 60, 8000, 0.02
    site = rng.integers(0, 6, n_ions)
    sites = np.stack([np.arange(6) * 10.0, np.zeros(6), np.zeros(6)], axis=1)
    ions = np.empty((n_frames, n_ions, 3))
    for t in range(n_frames):
        goes = rng.random(n_ions) < leave
        site = np.where(goes, (site + rng.integers(1, 6, n_ions)) % 6, site)
        ions[t] = sites[site] + 1.0
    run = Surroundings(
        ions_A=ions, centres_A=np.repeat(sites[None], n_frames, axis=0), kinds=["X"] * 6, cell_A=np.eye(3) * 60.0
    )
    shell = _shells(run, X=3.0)["X"]
    assert shell.mean == 1
    truth_ps = -0.01 / np.log(1 - leave * 6 / 5)
    assert shell.lifetime.time_ps is not None
    assert shell.lifetime.std_ps is not None
    assert shell.lifetime.std_ps < 0.05 * truth_ps
    # 2 %: read between two lags that are a quarter apart
    assert abs(shell.lifetime.time_ps - truth_ps) < 3 * shell.lifetime.std_ps + 0.02 * truth_ps


def test_ions_that_stay_have_no_lifetime_but_a_bound():
    rng = np.random.default_rng(3)
    ions = rng.normal(scale=0.1, size=(200, 5, 3))
    centres = np.zeros((200, 2, 3))
    centres[:, 1] = 5.0
    found = _shells(Surroundings(ions_A=ions, centres_A=centres, kinds=["A", "A"], cell_A=np.eye(3) * 10.0), A=3.0)
    assert found["A"].lifetime.time_ps is None
    assert found["A"].lifetime.lower_bound_ps == pytest.approx(0.99)
    assert found["A"].lifetime.reason == "the correlation is 1.00 at 0.99 ps"


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_order_origin_rotation_and_supercell_change_nothing(seed):
    rng = np.random.default_rng(seed)
    cell = np.array([[7.0, 0, 0], [1.0, 8.0, 0], [-2.0, 1.0, 7.5]])
    ions = rng.random((1, 4, 3)) @ cell + rng.normal(scale=0.2, size=(30, 4, 3)).cumsum(axis=0)
    centres = rng.random((1, 5, 3)) @ cell + rng.normal(scale=0.1, size=(30, 5, 3))
    kinds = ["A", "B", "A", "A", "B"]
    order, shift = rng.permutation(5), rng.normal(scale=30.0, size=3)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))

    def shells(ions_A, centres_A, names, cell_A):
        run = Surroundings(ions_A=ions_A, centres_A=centres_A, kinds=names, cell_A=cell_A)
        return _shells(run, A=4.0, B=5.0)

    plain = shells(ions, centres, kinds, cell)
    for again in (
        shells(ions, centres[:, order], [kinds[k] for k in order], cell),
        shells(ions + shift, centres + shift, kinds, cell),
        shells(ions @ rotation, centres @ rotation, kinds, cell @ rotation),
        shells(np.concatenate([ions, ions + cell[1]], axis=1), np.concatenate([centres, centres + cell[1]], axis=1),
               kinds * 2, cell * [[1], [2], [1]]),
    ):  # fmt: skip
        for kind in ("A", "B", ALL_KINDS):
            assert again[kind].mean == pytest.approx(plain[kind].mean, abs=1e-12)
            np.testing.assert_allclose(again[kind].share, plain[kind].share, atol=1e-12)


def test_bad_input_is_refused():
    with pytest.raises(InputError, match=r"no I around the ions \(there are Cl, Br\)"):
        _shells(_rocksalt(), I=3.0)
    with pytest.raises(SettingsError, match="cutoff of -1"):
        _shells(_rocksalt(), Cl=-1.0)
    with pytest.raises(SettingsError, match="no cutoff"):
        _shells(_rocksalt())
