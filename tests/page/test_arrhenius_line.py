"""The band of the Arrhenius plot: the covariance of the fit carried to each temperature."""

from __future__ import annotations

import math

import numpy as np
import pytest

from paddlewheel.page.arrhenius_figure import (
    fitted_line,
    interval_68,
)
from paddlewheel.units import BOLTZMANN_eV_PER_K
from synthetic_run import SIGMA_300K_mS_PER_CM, fit_of, ok_row, record_of, sigma_mS_per_cm

ROWS = [ok_row(t) for t in (500.0, 600.0, 700.0)]


def test_the_line_passes_through_the_law() -> None:
    line = fitted_line(record_of(ROWS, fit_of(ROWS)).arrhenius)
    assert line is not None
    temperatures = np.array([300.0, 450.0, 800.0])
    # both are the same closed formula in float64
    np.testing.assert_allclose(line.values(temperatures), [sigma_mS_per_cm(t) for t in temperatures], rtol=1e-12)


def test_the_band_is_the_spread_of_lines_drawn_from_the_covariance() -> None:
    record = record_of(ROWS, fit_of(ROWS))
    fit, line = record.arrhenius, fitted_line(record.arrhenius)
    assert line is not None
    assert fit is not None
    assert fit.ln_prefactor is not None
    assert fit.activation_energy_eV is not None
    shared = fit.covariance_ln_prefactor_activation_energy
    covariance = [[fit.ln_prefactor.std**2, shared], [shared, fit.activation_energy_eV.std**2]]
    draws = np.random.default_rng(3).multivariate_normal(
        [fit.ln_prefactor.value, fit.activation_energy_eV.value], covariance, size=40_000
    )
    for temperature in (300.0, 600.0):
        logs = draws[:, 0] - draws[:, 1] / (BOLTZMANN_eV_PER_K * temperature)
        # the std of 40,000 normal draws is known to 1/sqrt(2 n) = 0.35 %; four of those
        assert line.log_std(np.array([temperature]))[0] == pytest.approx(logs.std(), rel=0.014)


def test_the_95_band_meets_the_interval_of_the_record_at_300_K() -> None:
    record = record_of(ROWS, fit_of(ROWS, conductivity_300K_95_mS_per_cm=(9.2, 36.8)))
    line = fitted_line(record.arrhenius)
    assert line is not None
    width = line.factor_95 * line.log_std(np.array([300.0]))[0]
    assert width == pytest.approx(math.log(2.0), rel=1e-12)


def test_the_68_band_and_interval_are_those_of_the_record() -> None:
    record = record_of(ROWS, fit_of(ROWS))
    ends, line, fit = interval_68(record.arrhenius), fitted_line(record.arrhenius), record.arrhenius
    assert ends is not None
    assert line is not None
    assert fit is not None
    assert fit.conductivity_300K_mS_per_cm is not None
    assert math.sqrt(ends[0] * ends[1]) == pytest.approx(SIGMA_300K_mS_PER_CM, rel=1e-12)
    assert 0.5 * (ends[1] - ends[0]) == pytest.approx(fit.conductivity_300K_mS_per_cm.std, rel=1e-12)
    assert line.factor_68 == pytest.approx(1.0, rel=1e-12)  # the synthetic fit is normal: no Student factor


def test_a_refused_fit_draws_no_line() -> None:
    assert fitted_line(record_of(ROWS, fit_of(ROWS, refused="the points are not on a line")).arrhenius) is None
