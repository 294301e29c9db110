"""The covariance of the MSD against the exact result for a random walk and against simulation."""

from __future__ import annotations

import numpy as np
from synthetic import hops, vibration_and_hops

from paddlewheel.transport.covariance import msd_covariance
from paddlewheel.transport.lagged import Pool, lagged_squares


def test_random_walk_with_noise_equals_the_double_sum_over_origins():
    n_frames, lags = 40, np.array([1, 3, 8])
    variance = np.concatenate([[0.0], 0.5 + 0.2 * np.arange(1, n_frames + 1)])
    found = msd_covariance(variance, lags, n_frames, memory=1).gaussian

    def displacement_covariance(t, n, s, m):
        ends = [(s + m - t, 1), (s - t - n, 1), (s - t, -1), (s + m - t - n, -1)]
        return 0.5 * sum(sign * variance[abs(gap)] for gap, sign in ends)

    for i, n in enumerate(lags):
        for j, m in enumerate(lags):
            pairs = [
                2 * displacement_covariance(t, n, s, m) ** 2 for t in range(n_frames - n) for s in range(n_frames - m)
            ]
            # 1e-12: the same sum in another order
            np.testing.assert_allclose(found[i, j], np.mean(pairs), rtol=1e-12)


def test_shot_part_accounts_for_few_hops():
    lags, n_frames, n_ions, per_ion = np.array([4, 16, 64]), 300, 10, 2.0
    draws = []
    for seed in range(2000):
        positions, truth = hops(np.random.default_rng(seed), n_ions=n_ions, n_frames=n_frames, per_ion=per_ion)
        draws.append(lagged_squares(positions, lags).msd.sum(axis=1))
    variance = 2 * truth * np.arange(n_frames + 1.0)
    parts = msd_covariance(variance, lags, n_frames, memory=1)
    # the three directions share their hops, so their sum has 3 x the Gaussian part and rate x hop^4 of shot noise
    expected = (3 * parts.gaussian + per_ion / n_frames * 3.0**4 * parts.shot) / n_ions
    # hops along axes are less Gaussian than that by the fourth powers kept within an axis; 15 %: 2000 draws of a
    # heavy-tailed square (5 %) and the offsets left out at long lags (1 %)
    np.testing.assert_allclose(np.cov(np.array(draws).T), expected, rtol=0.15)


def test_parts_average_to_the_msd_and_shares_to_one():
    rng = np.random.default_rng(0)
    runs = [vibration_and_hops(rng, n_ions=5, n_frames=n, per_ion=3.0)[0] for n in (101, 57)]
    pool = Pool.of(runs, np.array([1, 2, 10, 60]))
    np.testing.assert_allclose(pool.shares.sum(axis=0), 1.0)
    assert pool.shares[1, 3] == 0.0  # a lag of 60 does not fit into 57 frames
    for replica in pool.replicas:
        np.testing.assert_allclose(replica.parts(7).mean(axis=0), replica.msd, rtol=1e-12)
    weights = np.array([0.3, -0.2, 0.5, 0.1])
    whole = sum(pool.scatter(i, weights, 7).mean(axis=0) for i in range(2))
    np.testing.assert_allclose(whole, weights @ pool.msd, rtol=1e-12)
