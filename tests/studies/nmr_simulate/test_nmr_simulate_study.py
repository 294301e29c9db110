"""`nmr simulate`: files, truth, record and page of each kind."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import paddlewheel
from paddlewheel.errors import SettingsError


def test_an_exchange_series_with_its_truth(tmp_path: Path) -> None:
    out = tmp_path / "run"
    record = paddlewheel.nmr_simulate(
        experiment="exchange", mixing_ms="1,20", rate_per_s=80.0, n_rows=16, seed=5, out=out
    )
    assert [row.path for row in record.measurements] == ["exchange-1ms", "exchange-20ms"]
    truth = json.loads((out / "truth.json").read_text())
    assert truth == record.truth
    assert np.array(truth["generator_per_s"])[1, 0] == pytest.approx(80.0)
    assert (out / "exchange-20ms/ser").stat().st_size == 16 * 2048 * 16
    assert (out / "report.html").is_file()


@pytest.mark.parametrize("experiment", ["spectrum", "recovery"])
def test_the_other_kinds(experiment: str, tmp_path: Path) -> None:
    record = paddlewheel.nmr_simulate(experiment=experiment, format="csdm", out=tmp_path / "run")
    assert all((tmp_path / "run" / row.path).suffix == ".csdf" for row in record.measurements)
    assert record.plot()


def test_settings_of_another_kind_are_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="rate_per_s"):
        paddlewheel.nmr_simulate(experiment="spectrum", rate_per_s=1.0, out=tmp_path / "run")
    with pytest.raises(SettingsError, match="cq_MHz: 3 numbers; give two: B12H12, BH4"):
        paddlewheel.nmr_simulate(cq_MHz="1,2,3", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
