"""Settings of a fit: the paper's by default, nonsense refused by name."""

from __future__ import annotations

import math
from typing import Any

import pytest

from paddlewheel.errors import SettingsError
from paddlewheel.training.fit_settings import FitSettings


def test_the_defaults_are_the_papers_cutoffs_and_m3gnets_loss() -> None:
    settings = FitSettings()
    assert (settings.cutoff_A, settings.three_body_cutoff_A) == (5.0, 4.0)
    assert (settings.energy_weight, settings.force_weight, settings.stress_weight) == (1.0, 1.0, 0.1)
    assert (settings.loss, settings.huber_delta, settings.learning_rate) == ("huber", 0.01, 1e-3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"batch_size": -1}, "batch_size is -1"),
        ({"learning_rate": 0.0}, "learning_rate is 0"),
        ({"cutoff_A": math.nan}, "cutoff_A is nan"),
        ({"three_body_cutoff_A": 5.5}, "three_body_cutoff_A 5.5 is beyond cutoff_A 5"),
        ({"force_weight": -1.0}, "weights of energy, force and stress are 1, -1, 0.1"),
        ({"energy_weight": 0.0, "force_weight": 0.0}, "not both of energy and force 0"),
        ({"loss": "l3"}, "loss is 'l3'; give one of huber, mse"),
    ],
)
def test_a_setting_out_of_range_is_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        FitSettings(**settings)
