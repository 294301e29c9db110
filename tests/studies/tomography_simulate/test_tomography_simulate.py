"""`tomography simulate`: files that are read back, their truth, other samples, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

import paddlewheel
from paddlewheel.errors import SettingsError
from paddlewheel.lab.tomography.readers import labels_of, read_stack
from paddlewheel.studies.tomography_simulate.study import TomographySimulateSettings

SMALL: dict[str, Any] = {"size_um": "3,2.5,4", "diameter_um": "0.8,1.5"}
SAMPLE = """
name: LCO in two glasses
composite:
  mass_mg: 20
  components:
  - {name: LCO, weight_fraction: 0.7, density_g_per_cm3: 5.0, capacity_mAh_per_g: 140}
  - {name: heavy, weight_fraction: 0.2, density_g_per_cm3: 2.5}
  - {name: light, weight_fraction: 0.1, density_g_per_cm3: 1.0}
"""


def test_files_are_read_back_with_their_truth(tmp_path: Path) -> None:
    out = tmp_path / "run"
    record = paddlewheel.tomography_simulate(composite="nco-nzc", porosity=0.1, seed=2, out=out, **SMALL)
    stack = read_stack(out / "stack.tif")
    labels = labels_of(read_stack(out / "labels.tif"))
    body = labels_of(read_stack(out / "body.tif"))
    assert stack.voxel_nm == pytest.approx((100, 100, 200))
    assert body.voxel_nm == pytest.approx((100, 100, 100))
    assert (stack.shape, body.shape) == ((20, 25, 30), (40, 25, 30))
    assert np.array_equal(labels.labels, body.labels[::2])
    for phase in record.phases:
        assert labels.names[phase.label] == phase.name
        # by the recipe: weight over density, and a tenth of pores; each to a voxel of 30000
        assert body.fractions()[phase.label] == pytest.approx(phase.asked, abs=4e-5)
        assert phase.in_body == body.fractions()[phase.label]
        assert phase.in_slices == labels.fractions()[phase.label]
    by_name = {phase.name: phase for phase in record.phases}
    volumes = {"NCO": 0.6 / 4.35, "NZC": 0.38 / 2.4, "VGCF": 0.02 / 2.0}
    for name, volume in volumes.items():
        assert by_name[name].asked == pytest.approx(0.9 * volume / sum(volumes.values()))
    # means of grey over phases are those asked for, less what shadow and brightness take: at most a fifth
    for name in ("NCO", "NZC"):
        seen = np.asarray(stack.values)[labels.labels == by_name[name].label].mean() / 255
        assert 0.75 * by_name[name].grey < seen < 1.05 * by_name[name].grey
    assert (out / "report.html").is_file()


def test_another_sample_with_its_own_greys(tmp_path: Path) -> None:
    (tmp_path / "sample.yaml").write_text(SAMPLE)
    record = paddlewheel.tomography_simulate(
        sample=tmp_path / "sample.yaml", greys="LCO=0.8,heavy=0.5,light=0.3", roles={"heavy": "coating"}, bits=16,
        out=tmp_path / "run", **SMALL,
    )  # fmt: skip
    assert [(phase.name, phase.role, phase.grey) for phase in record.phases[1:]] == [
        ("LCO", "particles", 0.8), ("heavy", "coating", 0.5), ("light", "matrix", 0.3),
    ]  # fmt: skip
    assert tifffile.imread(tmp_path / "run/stack.tif").dtype == np.uint16
    assert record.plot()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sample": True}, "greys: of LCO neither grey nor formula is known"),
        ({"greys": "copper=0.5"}, "greys: copper is no phase; name one of pores, NCO"),
        ({"size_um": "10,10"}, "size_um: 2 numbers; give 3: x, y, z"),
        ({"size_um": "10,10,0.2"}, "size_um: 100 x 100 pixels and 1 slices"),
        ({"size_um": "1000,1000,1000"}, "size_um: 10000 x 10000 x 10000 voxels"),
        ({"diameter_um": "5,3"}, "diameter_um: 5 to 3"),
        ({"size_um": "4,4,4"}, "diameter_um: particles of 5 um in a body that is 4 um wide"),
        ({"roles": "NCO=matrix"}, "roles"),
    ],
)
def test_what_cannot_be_made_is_told_in_one_line(given: dict[str, Any], said: str, tmp_path: Path) -> None:
    (tmp_path / "sample.yaml").write_text(SAMPLE)
    if "sample" in given:
        given = {"sample": tmp_path / "sample.yaml"}
    with pytest.raises(SettingsError, match=said):
        paddlewheel.tomography_simulate(**given, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("written", ["NCO/NZC/NBH", "nco-nzc-nbh", " Nco/nzc/nbh"])
def test_a_composite_goes_by_the_name_that_the_paper_gives_it(written: str) -> None:
    assert TomographySimulateSettings(composite=written).composite == "nco-nzc-nbh"
