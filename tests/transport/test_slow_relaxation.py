"""The final slope of MSDs whose bend is known."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.transport.regression import lag_grid
from paddlewheel.transport.slow_relaxation import final_slopes

LAGS = lag_grid(3000).astype(float)
FIRST = 64


def _slopes(msd: np.ndarray, relative: float = 1e-4):
    return final_slopes(LAGS, msd, np.diag((relative * msd) ** 2), FIRST)


def _straight(msd: np.ndarray) -> float:
    late = LAGS >= FIRST
    return np.polyfit(LAGS[late], msd[late], 1, w=1 / msd[late])[0] / 6


def test_a_line_is_read_exactly():
    msd = 3.0 + 6.0 * 0.02 * LAGS
    assert _slopes(msd).mean @ msd == pytest.approx(0.02, rel=1e-3)


@pytest.mark.parametrize(
    "bend",
    [
        20.0 * -np.expm1(-LAGS / FIRST),  # a wide cage that relaxes as the fit begins
        2.0 * FIRST * (np.sqrt(1 + LAGS / (0.1 * FIRST)) - 1) * 0.02,  # back-hops whose memory falls as t^-1/2
    ],
)
def test_what_bends_on_within_the_fit_is_no_diffusion(bend: np.ndarray):
    msd = 1.0 + 6.0 * 0.02 * LAGS + bend
    assert _straight(msd) > 1.03 * 0.02
    assert _slopes(msd).mean @ msd == pytest.approx(0.02, rel=0.01)


def test_what_cannot_be_told_is_part_of_the_error():
    """Within errors of 3 % a cage and a memory that falls as a power describe an MSD alike, and leave other slopes."""
    msd = 1.0 + 6.0 * 0.02 * LAGS + 2.0 * FIRST * (np.sqrt(1 + LAGS / (0.1 * FIRST)) - 1) * 0.02
    exact, rough = _slopes(msd), _slopes(msd, relative=0.03)
    between = float(np.sqrt(rough.covariance(msd[None])[0, 0]))
    assert exact.covariance(msd[None])[0, 0] < 1e-4 * 0.02**2
    assert abs(rough.mean @ msd - 0.02) < 2 * between
    assert between > 0.05 * 0.02
    assert rough.weights.sum() == pytest.approx(1.0)
