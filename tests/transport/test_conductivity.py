"""Conductivity against numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic import random_walk

from paddlewheel.errors import SettingsError
from paddlewheel.transport import conductivity_per_diffusivity, estimate_diffusivity, tracer_conductivity


def test_the_papers_conductivity_from_its_msd():
    # physics.md: mean MSD 20.98 A^2 in 1 ns, 96 Na in 1024 atoms of Na3(BH4)(B12H12), 1.06 g/cm3, 300 K: 18.39 mS/cm
    mass_g = 32 * (3 * 22.98977 + 13 * 10.811 + 16 * 1.00794) * 1.66053907e-24
    volume_A3 = mass_g / 1.06 * 1e24
    diffusivity_cm2_per_s = 20.98e-16 / (6 * 1e-9)
    factor = conductivity_per_diffusivity(n_ions=96, mean_volume_A3=volume_A3, charge_e=1, temperature_K=300)
    # 0.1 %: the paper's numbers have four figures
    assert factor * diffusivity_cm2_per_s == pytest.approx(18.39, rel=1e-3)


def test_nernst_einstein_by_hand():
    # 1 ion in 1000 A^3 = 1e27 per m^3; (1.602176634e-19)^2 x 1e27 x 1e-9 m^2/s / (1.380649e-23 x 1000) = 1.859e0 S/m
    factor = conductivity_per_diffusivity(n_ions=1, mean_volume_A3=1000, charge_e=1, temperature_K=1000)
    assert factor * 1e-5 == pytest.approx(10 * 1e27 * 1.602176634e-19**2 * 1e-9 / (1.380649e-23 * 1000), rel=1e-12)
    assert factor * 1e-5 == pytest.approx(18.593, rel=1e-4)


def test_conductivity_carries_the_interval_and_the_square_of_the_charge():
    positions, _ = random_walk(np.random.default_rng(1), n_ions=12, n_frames=600)
    found = estimate_diffusivity([positions], frame_interval_fs=10.0)
    cell = {"n_ions": 12, "mean_volume_A3": 1300.0, "temperature_K": 600.0}
    one = tracer_conductivity(found, charge_e=1, **cell)
    two = tracer_conductivity(found, charge_e=-2, **cell)
    assert two.value_mS_per_cm == pytest.approx(4 * one.value_mS_per_cm)
    ratio = one.value_mS_per_cm / found.value_cm2_per_s
    assert one.std_mS_per_cm == pytest.approx(ratio * found.std_cm2_per_s)
    assert one.interval_95_mS_per_cm == pytest.approx([ratio * end for end in found.interval_95_cm2_per_s])


@pytest.mark.parametrize(
    "wrong", [{"temperature_K": 0.0}, {"mean_volume_A3": -1.0}, {"n_ions": 0}, {"charge_e": 0.0}, {"charge_e": np.nan}]
)
def test_senseless_settings_are_refused(wrong):
    with pytest.raises(SettingsError):
        conductivity_per_diffusivity(
            **{"n_ions": 1, "mean_volume_A3": 10.0, "charge_e": 1.0, "temperature_K": 300.0, **wrong}
        )
