"""A sample file that names its records: one study reads what another found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from paddlewheel.errors import DataError
from paddlewheel.lab.pellets import pellet_of_sample
from paddlewheel.lab.phase_amounts import SeenByDiffraction
from paddlewheel.lab.sample import load_sample, make_sample
from paddlewheel.records import Measured
from paddlewheel.studies.laboratory.sample_records import beside_diffraction, beside_nmr

SAMPLE = """name: quenched
history: {synthesis: ball milled, cooling: quenched in water}
components:
- {name: o-nbh, formula: Na3(BH4)(B12H12), nmr_sites: {o-BH4: 1}}
- {name: nabh4, formula: NaBH4, weight_fraction: 0.168, nmr_sites: {BH4: 1}}
- {name: na2b12h12, formula: Na2B12H12, weight_fraction: 0.832, left_with: {nabh4: 1}}
nmr: nmr
xrd: xrd
"""
NMR: dict[str, Any] = {
    "kind": "nmr-spectrum",
    "sites": [
        {"spectrum": 1, "name": "o-BH4", "fraction": {"value": 0.9, "std": 0.01}},
        {"spectrum": 1, "name": "BH4", "fraction": {"value": 0.1, "std": 0.01}},
    ],
    "compounds": [],
    "spectra": [{"covariance": [[1e-4, -1e-4], [-1e-4, 1e-4]]}],
}
XRD: dict[str, Any] = {
    "kind": "xrd-fit",
    "phases": [
        {"name": "o-nbh", "weight_fraction": {"value": 1.0, "std": 0.004}, "detection_limit": 0.003},
        {"name": "na2b12h12", "weight_fraction": {"value": 0.0, "std": 0.002}, "detection_limit": 0.005},
    ],
}


def written(folder: Path, **records: dict[str, Any]) -> Path:
    for name, record in records.items():
        (folder / name).mkdir()
        (folder / name / "result.json").write_text(json.dumps(record))
    (folder / "sample.yaml").write_text(SAMPLE)
    return folder / "sample.yaml"


def test_either_way_says_the_same(tmp_path):
    sample = written(tmp_path, nmr=NMR, xrd=XRD)
    phases = [
        SeenByDiffraction(name="o-nbh", weight_fraction=Measured(value=1.0, std=0.004), detection_limit=0.003),
        SeenByDiffraction(name="na2b12h12", weight_fraction=Measured(value=0.0, std=0.002), detection_limit=0.005),
    ]
    rows = beside_nmr(sample, phases)
    assert rows == beside_diffraction(sample, NMR)
    by_name = {row.name: row for row in rows}
    assert by_name["na2b12h12"].verdict == "contradict"
    counted = by_name["na2b12h12"].by_nmr
    assert counted is not None
    assert counted.value == pytest.approx(0.0832, abs=1e-4)  # 18.8 of 225.6 g/mol
    assert by_name["nabh4"].verdict == "not seen by diffraction"


def test_compounds_of_the_record_serve_without_sites(tmp_path):
    sample = written(tmp_path, xrd=XRD)
    sample.write_text("components:\n- {name: na2b12h12, formula: Na2B12H12}\nxrd: xrd\n")
    compounds = [{"spectrum": 1, "formula": "Na2B12H12", "mass_fraction": {"value": 0.083, "std": 0.008}}]
    rows = beside_diffraction(sample, NMR | {"compounds": compounds})
    assert {row.name: row.verdict for row in rows} == {"o-nbh": "not seen by NMR", "na2b12h12": "contradict"}
    with pytest.raises(DataError, match="give nmr_sites to the components"):
        beside_diffraction(sample, NMR)


def test_what_is_not_there_is_asked_back(tmp_path):
    sample = written(tmp_path, nmr={"kind": "eis"})
    with pytest.raises(DataError, match="its xrd record xrd is not there; give the run directory"):
        beside_diffraction(sample, NMR)
    with pytest.raises(DataError, match="is no record of nmr spectrum"):
        beside_nmr(sample, [])


def test_a_sample_without_the_new_fields_is_written_as_before():
    old = {"die_diameter_mm": 10, "pellet": {"thickness_um": 800}}
    assert set(make_sample(old).model_dump()) == {
        "name", "die_diameter_mm", "area_cm2", "temperature_K", "composite", "pellet"
    }  # fmt: skip


def test_temperature_and_thickness_either_way(tmp_path):
    sample = make_sample({"die_diameter_mm": 10, "thickness_um": 800, "temperature_C": 25, "masses_mg": {"dsc": 9.0}})
    assert sample.temperature_K is not None
    assert sample.temperature_K.value == pytest.approx(298.15)
    assert sample.pellet is not None
    assert sample.pellet.thickness_um == Measured(value=800, std=0)
    assert make_sample(sample.model_dump()) == sample
    written(tmp_path)
    assert load_sample(tmp_path / "sample.yaml").components[1].formula == "NaBH4"


def test_a_thickness_that_no_pellet_has_is_that_of_an_electrode(tmp_path):
    path = tmp_path / "sample.yaml"
    path.write_text("die_diameter_mm: 8\nthickness_um: 50\n", encoding="utf-8")
    sample = load_sample(path)
    assert sample.pellet is None
    assert sample.thickness_um == Measured(value=50, std=0)
    with pytest.raises(DataError, match=r"pellet.thickness_um: thickness 50 um is outside 100 to 20000"):
        pellet_of_sample(path)  # a study of pellets asks back


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"temperature_C": 25, "temperature_K": 350}, "give one of them"),
        ({"thickness_um": 800, "pellet": {"thickness_um": 700}}, "give one of them"),
        ({"components": [{"name": "a"}, {"name": "a"}]}, "two of one name"),
        ({"components": [{"name": "a", "weight_fraction": 0.8}, {"name": "b", "weight_fraction": 0.8}]}, "at most 1"),
        ({"components": [{"name": "a", "left_with": {"c": 1}}]}, "left with 'c'"),
        ({"masses_mg": {"dsc": 9e9}}, "mass"),
    ],
)
def test_a_sample_that_contradicts_itself_is_refused(given, says):
    with pytest.raises(DataError, match=says):
        make_sample(given)
