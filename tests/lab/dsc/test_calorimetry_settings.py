"""What the settings of calorimetry say over the files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import calorimeter_files as made
from paddlewheel.errors import InputError
from paddlewheel.studies.laboratory.dsc import DscSettings


def plain(folder: Path, name: str, flow: np.ndarray, *, unit: str = "mW") -> Path:
    path = folder / name
    path.write_text(f"Time (s),Temperature (C),Heat Flow ({unit})\n"
                    + made.rows(made.TIME_S, made.TEMPERATURE_C, flow, separator=",") + "\n")  # fmt: skip
    return path


def test_an_unknown_way_of_exothermic_is_asked_and_given(tmp_path: Path) -> None:
    path = plain(tmp_path, "a.csv", -made.FLOW_MW)
    with pytest.raises(InputError, match=r"a\.csv: does not say which way is exothermic.*--exothermic"):
        DscSettings().read(path)
    (scan,) = DscSettings(exothermic="up").read(path)
    np.testing.assert_allclose(scan.signal, made.FLOW_MW, atol=1e-5)  # printed digits


def test_masses_are_one_for_all_or_one_a_file_and_scale_what_is_over_mass(tmp_path: Path) -> None:
    paths = [plain(tmp_path, f"{n}.csv", made.FLOW_MW / 5, unit="W/g") for n in range(2)]
    first, second = DscSettings(mass_mg="5,10", exothermic="down").read(paths)
    np.testing.assert_allclose(second.signal, 2 * first.signal)
    np.testing.assert_allclose(first.signal, made.FLOW_MW, atol=5e-5)
    with pytest.raises(InputError, match="3 values for 2 files"):
        DscSettings(mass_mg="5,10,15", exothermic="down").read(paths)


def test_an_empty_run_is_subtracted_and_must_be_of_one_programme(tmp_path: Path) -> None:
    sample = plain(tmp_path, "a.csv", made.FLOW_MW + 3)
    (scan,) = DscSettings(exothermic="down", blank=plain(tmp_path, "b.csv", 0 * made.FLOW_MW + 3)).read(sample)
    np.testing.assert_allclose(scan.signal, made.FLOW_MW, atol=1e-5)
    short = tmp_path / "short.csv"
    short.write_text("\n".join((tmp_path / "b.csv").read_text().splitlines()[:100]))
    with pytest.raises(InputError, match=r"short\.csv: ends after"):
        DscSettings(exothermic="down", blank=short).read(sample)


def test_a_range_keeps_its_points(tmp_path: Path) -> None:
    path = plain(tmp_path, "a.csv", made.FLOW_MW)
    (scan,) = DscSettings(exothermic="down", temperature_range_C="50,100").read(path)
    assert (scan.temperature_C.min(), scan.temperature_C.max()) == (50.0, 100.0)
    with pytest.raises(InputError, match="0 points between 300 and 400"):
        DscSettings(exothermic="down", temperature_range_C="300,400").read(path)


def test_the_mass_of_the_sample_file_is_taken(tmp_path: Path) -> None:
    sample = tmp_path / "sample.yaml"
    sample.write_text("name: made\nmasses_mg: {dsc: 7.5}\n")
    path = plain(tmp_path, "a.csv", made.FLOW_MW)
    assert DscSettings(sample=sample, exothermic="down").read(path)[0].mass_mg == 7.5
    assert DscSettings(sample=sample, mass_mg=5, exothermic="down").read(path)[0].mass_mg == 5.0
