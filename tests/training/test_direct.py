"""DIRECT sampling: the same picks as maml, a coverage between 0 and 1, errors for what cannot be selected."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddlewheel.errors import DatasetError, SettingsError
from paddlewheel.training.direct import coverage, direct_select, principal_components, random_selection

_ORACLE = json.loads((Path(__file__).parent / "data" / "direct_oracle.json").read_text())


def clumps(*, seed: int, n_frames: int, n_features: int) -> np.ndarray:
    """The features of data/make_direct_oracle.py, drawn here anew (PCG64 and its normals are stable in numpy)."""
    rng = np.random.Generator(np.random.PCG64(seed))
    centres = rng.normal(size=(7, 6)) * 3
    latent = centres[rng.choice(7, size=n_frames, p=[0.4, 0.25, 0.15, 0.1, 0.06, 0.03, 0.01])]
    latent = latent + rng.normal(size=latent.shape)
    return latent @ rng.normal(size=(6, n_features)) + 0.1 * rng.normal(size=(n_frames, n_features))


@pytest.fixture(scope="module")
def selections() -> list[dict]:
    """Picks and shape of the components of each case, with the kernels that the oracle was made with.

    Where BIRCH merges subclusters to n, the picks hang on rounding, in maml as here: OpenBLAS's kernels for Haswell and
    for SkylakeX give others. Which it takes is decided as it loads, so this is a process of its own.
    """
    kernels = {"OPENBLAS_CORETYPE": _ORACLE["openblas_coretype"]}
    done = subprocess.run(
        [sys.executable, __file__], env={**os.environ, **kernels}, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "number", range(len(_ORACLE["cases"])), ids=lambda k: "n={n},k={k}".format(**_ORACLE["cases"][k])
)
def test_picks_are_those_of_maml(selections, number):
    case, found = _ORACLE["cases"][number], selections[number]
    assert found["picks"] == case["picks"]
    assert found["shape"] == [case["n_frames"], case["n_components"]]


def test_components_are_uncorrelated_and_weighted_by_their_share():
    components, shares = principal_components(clumps(seed=6, n_frames=500, n_features=30))
    covariance = np.cov(components.T)
    # exact in mathematics; 1e-10 is the rounding of an SVD of 500 x 30 numbers of order 1
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-10)
    # variance of a component before its weight is its eigenvalue: share x number of features (x n/(n-1))
    np.testing.assert_allclose(np.diag(covariance), shares**2 * shares * 30 * 500 / 499, rtol=1e-10)
    assert (np.diff(shares) <= 0).all()


def test_rare_clump_is_covered_where_random_selection_misses_it():
    rng = np.random.Generator(np.random.PCG64(3))
    features = rng.normal(size=(2000, 8))
    features[:4] += 30.0
    selection = direct_select(features, n_clusters=20)
    assert set(selection.indices) & set(range(4))
    chance = random_selection(2000, n_selected=20, seed=1)
    ours, theirs = (coverage(selection.components, picks)[0] for picks in (selection.indices, chance))
    assert ours > theirs


def test_coverage_is_one_for_all_frames_and_counts_bins():
    components = np.linspace(0.0, 1.0, 100)[:, None]
    assert coverage(components, np.arange(100), n_bins=11) == [1.0]
    assert coverage(components, [0, 1, 99], n_bins=11) == [0.2]  # the first and the last of ten bins


@settings(max_examples=20, deadline=None)
@given(shift=st.floats(-50, 50), factor=st.floats(0.01, 100), seed=st.integers(0, 1000))
def test_units_of_features_do_not_matter(shift, factor, seed):
    features = clumps(seed=seed, n_frames=120, n_features=10)
    picks = direct_select(features, n_clusters=12).components
    again = direct_select(features * factor + shift, n_clusters=12).components
    np.testing.assert_allclose(np.abs(again), np.abs(picks), atol=1e-7)  # 50/0.01 costs four digits of sixteen


@pytest.mark.parametrize("per_cluster", [1, 3])
def test_no_frame_is_chosen_twice_and_every_cluster_gives(per_cluster):
    selection = direct_select(clumps(seed=8, n_frames=300, n_features=12), n_clusters=30, per_cluster=per_cluster)
    assert len(set(selection.indices)) == len(selection.indices)
    assert set(selection.labels[selection.indices]) == set(selection.labels)
    assert selection.n_clusters == 30


def test_more_clusters_than_different_frames_is_refused_and_ends():
    features = np.repeat(clumps(seed=9, n_frames=10, n_features=6), 4, axis=0)
    with pytest.raises(SettingsError, match=r"20 clusters of 10 different frames"):
        direct_select(features, n_clusters=20)


def test_features_that_are_alike_or_not_finite_are_refused():
    with pytest.raises(DatasetError, match="same features"):
        direct_select(np.ones((20, 5)), n_clusters=2)
    features = clumps(seed=10, n_frames=20, n_features=5)
    features[7, 2] = np.nan
    with pytest.raises(DatasetError, match="frame 7"):
        direct_select(features, n_clusters=2)


def select_cases() -> list[dict]:
    """What `selections` asks this file for, run as a program."""
    found = []
    for case in _ORACLE["cases"]:
        features = clumps(seed=case["seed"], n_frames=case["n_frames"], n_features=case["n_features"])
        selection = direct_select(features, n_clusters=case["n"], per_cluster=case["k"], threshold=case["threshold"])
        found.append({"picks": selection.indices.tolist(), "shape": list(selection.components.shape)})
    return found


if __name__ == "__main__":
    print(json.dumps(select_cases()))
