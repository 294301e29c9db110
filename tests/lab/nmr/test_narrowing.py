"""Motional narrowing: the BiSnF series against its source's own fit, and synthetic widths."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.narrowing import Widths, fit_narrowing

_K = 8.617333262e-5


def _widths(temperatures: np.ndarray, *, rigid: float, attempt: float, energy: float, residual: float) -> np.ndarray:
    return rigid / (1 + (rigid / attempt - 1) * np.exp(-energy / (_K * temperatures))) + residual


def test_bisnf_is_as_its_source_says(shared: Path) -> None:
    with (shared / "data/lab/nmr/biffo_19F_VT_BiSnF" / "lineshapelineshape_data.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    temperatures, widths, errors, fitted = (
        np.array([float(row[name]) for row in rows])
        for name in ("Temperature (K)", "Widths (kHz)", "Widths Error (kHz)", "widths_fit (kHz)")
    )
    found = fit_narrowing(Widths(temperature_K=temperatures, width_Hz=1e3 * widths, std_Hz=1e3 * errors))
    # lineshapeHB_parameters.csv: Ea 0.4343(83) eV, A 81.92(46), D 3.39(26) kHz, B 5.58e-7(2.02e-7) kHz
    assert found.activation_energy_eV.value == pytest.approx(0.4343, abs=5e-4)
    assert found.activation_energy_eV.std == pytest.approx(0.0083, abs=3e-4)
    assert found.rigid_width_Hz.value == pytest.approx(81915, abs=50)
    assert found.residual_width_Hz.value == pytest.approx(3389, abs=20)
    assert math.exp(found.ln_attempt_width_Hz.value) == pytest.approx(5.58e-4, rel=0.05)
    assert found.width_Hz(temperatures) == pytest.approx(1e3 * fitted, abs=30.0)
    # 1.617 meV/K times the onset, which lies between the last plateau (223 K) and half of the fall (268 K)
    assert 223 < found.onset_K.value < 253
    assert found.waugh_fedin_eV.value == pytest.approx(1.617e-3 * found.onset_K.value)
    assert found.refused is None


def test_intervals_hold_the_truth() -> None:
    random, temperatures = np.random.default_rng(9), np.linspace(190, 390, 21)
    widths = _widths(temperatures, rigid=8e4, attempt=5e-4, energy=0.43, residual=3.4e3)
    held = 0
    for _ in range(20):
        found = fit_narrowing(Widths(temperature_K=temperatures, width_Hz=widths + 600 * random.normal(size=21)))
        low, high = found.activation_energy_eV.interval_95
        held += low is not None and high is not None and low <= 0.43 <= high
        assert found.activation_energy_eV.value == pytest.approx(0.43, abs=0.04)  # five standard uncertainties
    assert held >= 16  # of 20 at 95 %: fewer has a chance of 0.3 %


def test_window_without_the_fall_is_refused() -> None:
    cold = np.linspace(190, 235, 10)
    with pytest.raises(DataError, match="wider range"):
        fit_narrowing(Widths(temperature_K=cold, width_Hz=_widths(
            cold, rigid=8e4, attempt=5e-4, energy=0.43, residual=3.4e3)))  # fmt: skip


@pytest.mark.parametrize(
    ("temperatures", "widths", "said"),
    [
        (np.array([-5.0, 200, 220, 240, 260, 280]), np.ones(6), "temperature of -5"),
        (np.linspace(200, 300, 6), np.array([5.0, 4, 3, 0, 1, 1]), "width of 0"),
        (np.linspace(200, 300, 4), np.array([5.0, 4, 3, 1]), "4 temperatures"),
    ],
)
def test_what_cannot_be_is_refused(temperatures, widths, said: str) -> None:
    with pytest.raises(DataError, match=said):
        Widths(temperature_K=temperatures, width_Hz=widths)
