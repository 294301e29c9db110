"""Ions that go nowhere get no diffusivity; ions that diffuse keep theirs."""

from functools import partial

import numpy as np
import pytest
from synthetic import percolation_clusters, reflecting_channel, short_channel, slow_cage, vibration_and_hops

from paddlewheel.transport import estimate_diffusivity
from paddlewheel.transport.confinement import confinement

CONFINED = {
    "channel": partial(reflecting_channel, relaxations=5.1),
    "box": partial(reflecting_channel, relaxations=5.0, dimensions=3),
    "wide cage": partial(slow_cage, relaxations=6.0),
    "row of sites": partial(short_channel, per_ion=20),
    "clusters": partial(percolation_clusters, per_ion=30),
}


def _statuses(motion, n_runs, seed):
    return [
        estimate_diffusivity([motion(np.random.default_rng([seed, k]))[0]], frame_interval_fs=1.0).status
        for k in range(n_runs)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("n_ions", "n_frames"), [(8, 3000), (24, 2000)])
@pytest.mark.parametrize("name", CONFINED)
def test_confined_ions_get_no_diffusivity(name, n_ions, n_frames):
    found = _statuses(partial(CONFINED[name], n_ions=n_ions, n_frames=n_frames), 40, 31)
    assert found.count("ok") <= 4  # of 40 at the goal of 2 %: more has a chance of 0.1 %


@pytest.mark.slow
@pytest.mark.parametrize(("n_ions", "n_frames"), [(8, 3000), (24, 2000), (96, 1000)])
def test_three_hops_an_ion_are_enough(n_ions, n_frames):
    found = _statuses(partial(vibration_and_hops, n_ions=n_ions, n_frames=n_frames, per_ion=3), 40, 32)
    assert found.count("ok") >= 32 - 7  # the goal of 80 %, three binomial errors of 40 runs


def test_one_relaxation_time_is_found():
    # <X^2> of an Ornstein-Uhlenbeck motion has the form of the model exactly: its memory must come out
    positions = slow_cage(np.random.default_rng(3), n_ions=96, n_frames=4000, relaxations=40.0)[0]
    found = confinement([positions], first_lag=20, intercept_A2=6 * 0.2**2)
    assert found.log_ratio < -10
    assert found.relaxation_frames == pytest.approx(100.0, rel=0.3)  # the grid has four steps an octave
