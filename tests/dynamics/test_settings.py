"""The settings of a run are checked when they are made."""

from __future__ import annotations

import pytest

from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import SettingsError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature_K", 0.0),
        ("temperature_K", -300.0),
        ("temperature_K", float("nan")),
        ("timestep_fs", 0.0),
        ("timestep_fs", 20.0),
        ("production_ps", 0.0),
        ("equilibrate_ps", -1.0),
        ("frame_interval_fs", 2.5),
        ("ensemble", "nph"),
    ],
)
def test_bad_value_is_refused_with_its_name_and_value(name: str, value: object) -> None:
    arguments = {"temperature_K": 300.0} | {name: value}
    with pytest.raises(SettingsError) as caught:
        MDSettings(**arguments)  # type: ignore[arg-type]
    message = str(caught.value)
    assert name in message
    assert str(value).removesuffix(".0") in message
    assert "\n" not in message


def test_frames_and_steps_of_a_run() -> None:
    settings = MDSettings(temperature_K=300, timestep_fs=0.5, equilibrate_ps=0.025, production_ps=0.1)
    # 25 fs of equilibration end between frames 2 and 3 (10 fs apart): production begins at frame 3, 10 intervals follow
    assert settings.production_start_frame == 3
    assert settings.n_frames == 3 + 10 + 1
    assert settings.n_steps == 13 * 20
