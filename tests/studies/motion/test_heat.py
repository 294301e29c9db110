"""A temperature or a frame interval that the frames contradict is refused, in every analysis that takes one."""

from __future__ import annotations

from pathlib import Path

import pytest

import paddlewheel
from paddlewheel import analyze, onsager, van_hove
from paddlewheel.errors import InputError, SettingsError
from paddlewheel.studies.motion.heat import contradiction
from paddlewheel.trajectories.kinetic import KineticTemperature


@pytest.fixture
def run_600K(shared: Path) -> Path:
    return shared / "data/trajectories/oNBH_600K.npz"


@pytest.mark.parametrize(
    ("temperature_K", "interval_fs"), [(60, 10), (327, 10), (6000, 10), (800, 10), (600, 1), (600, 100), (600, 10_000)]
)
def test_wrong_temperatures_and_intervals_are_refused(run_600K: Path, temperature_K: float, interval_fs: float) -> None:
    """All gave numbers with the status ok, wrong by up to 1e4: 600 K and 10 fs are what was run."""
    with pytest.raises(SettingsError, match=r"its Na move as at .* K if frames are .* fs apart.*correct it"):
        analyze(run_600K, temperature_K=temperature_K, frame_interval_fs=interval_fs)


@pytest.mark.parametrize("given", [{"frame_interval_fs": 0.01}, {"frame_interval_fs": 1e7}, {"temperature_K": 2e4}])
def test_what_no_run_has_is_refused_unread(given: dict) -> None:
    with pytest.raises(SettingsError):
        analyze("nowhere.npz", **({"temperature_K": 600, "frame_interval_fs": 10} | given))


def test_two_labels_swapped_and_one_run_at_two_temperatures(shared: Path) -> None:
    cold, hot = (shared / f"data/trajectories/oNBH_{value}K.npz" for value in (600, 800))
    with pytest.raises(SettingsError, match="oNBH_600K"):
        analyze([cold, hot], temperature_K=[800, 600], frame_interval_fs=10)
    with pytest.raises(SettingsError, match="hold the same frames, given at 600 and 650 K"):
        analyze([cold, cold], temperature_K=[600, 650], frame_interval_fs=10)


def test_the_right_one_is_in_the_record_and_a_wrong_one_can_be_kept(run_600K: Path) -> None:
    row = analyze(run_600K, temperature_K=600, frame_interval_fs=10).temperatures[0]
    assert row.kinetic_temperature_K is not None
    assert abs(row.kinetic_temperature_K.value - 600) < 3 * row.kinetic_temperature_K.std
    assert row.unchecked == []
    kept = analyze(run_600K, temperature_K=800, frame_interval_fs=10, temperature_anyway=True)
    assert any("its Na move as at" in text for text in kept.warnings)


def test_analyses_of_one_temperature_hold_it_against_the_frames_too(run_600K: Path) -> None:
    with pytest.raises(InputError, match="move as at"):
        onsager(run_600K, specie={"Na": 1}, temperature_K=900, frame_interval_fs=10)
    record = van_hove(run_600K, frame_interval_fs=10, n_lags=5)
    assert record.trajectories[0].kinetic_temperature_K is not None
    assert record.trajectories[0].unchecked == []


def test_frames_too_far_apart_leave_a_field_that_says_so(shared: Path) -> None:
    path = shared / "data/faults/trajectories/XDATCAR_stride"
    row = analyze(path, specie="Li", temperature_K=500, frame_interval_fs=100, charge=1).temperatures[0]
    assert row.kinetic_temperature_K is None
    assert row.unchecked == ["temperature", "frame interval"]
    noted = paddlewheel.analyze(path, specie="Li", temperature_K=500, frame_interval_fs=100, charge=1)
    assert any("one in 10 is kept" in text for text in noted.warnings)


@pytest.mark.parametrize(
    ("kinetic_K", "std_K", "given_K", "contradicts"),
    [(620, 14, 600, False), (784, 36, 800, False), (784, 36, 600, True), (620, 14, 800, True), (600, 200, 300, False)],
)
def test_a_difference_within_the_error_is_none(
    kinetic_K: float, std_K: float, given_K: float, contradicts: bool
) -> None:
    heat = KineticTemperature(kinetic_K, std_K, "Na", 3.9)
    assert bool(contradiction(heat, given_K, interval_fs=10.0)) is contradicts
