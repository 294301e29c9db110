"""The Kramers-Kronig test: lawful spectra pass, drifting and mirrored ones do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from paddlewheel.lab.eis.fit import weigh
from paddlewheel.lab.eis.kramers_kronig import kramers_kronig
from paddlewheel.lab.eis.synthetic import KINDS, random_spectrum


@pytest.mark.parametrize(("drift", "passes"), [(0.0, True), (0.1, False)])
def test_drift_is_flagged_and_noise_is_not(drift: float, passes: bool):
    random = np.random.default_rng(11)
    for kind in KINDS * 4:
        one = random_spectrum(random, kind=kind, drift=drift)
        found = kramers_kronig(weigh(one.frequency_Hz, one.impedance_ohm))
        assert found.passed is passes, (kind, found.verdict)


def test_residual_is_the_noise():
    random = np.random.default_rng(2)
    rms = [
        kramers_kronig(weigh(one.frequency_Hz, one.impedance_ohm)).rms
        for one in (random_spectrum(random, noise=0.01) for _ in range(20))
    ]
    # about ten of 142 values are spent on the terms
    assert np.mean(rms) == pytest.approx(0.01, rel=0.1)


def test_wrong_sign_of_the_imaginary_part_is_named():
    one = random_spectrum(np.random.default_rng(1), kind="R-RQ-RQ")
    data = weigh(one.frequency_Hz, one.impedance_ohm)
    found = kramers_kronig(replace(data, impedance_ohm=data.impedance_ohm.conj()))
    assert not found.passed
    assert "sign" in found.verdict


def test_local_violation_is_located():
    one = random_spectrum(np.random.default_rng(4), kind="R-RQ-RQ", noise=0.001)
    z = one.impedance_ohm.copy()
    late = one.frequency_Hz < 1.0
    z[late] *= 1 + 0.08 * np.linspace(0, 1, late.sum())
    found = kramers_kronig(weigh(one.frequency_Hz, z))
    assert not found.passed
    assert found.worst_Hz[0] < 1.0
