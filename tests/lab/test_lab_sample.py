"""The sample record: what follows from its numbers, what it refuses, and the contradictions it explains."""

from __future__ import annotations

import math

import numpy as np
import pytest

from paddlewheel.errors import DataError
from paddlewheel.lab.geometry import deviation, geometry, nominal
from paddlewheel.lab.sample import load_sample, make_sample

COMPONENTS = [
    {"name": "NaCrO2", "weight_fraction": 0.60, "density_g_per_cm3": 4.35, "capacity_mAh_per_g": 120},
    {"name": "NZC", "weight_fraction": 0.20, "density_g_per_cm3": 2.5},
    {"name": "o-NBH", "weight_fraction": 0.18, "density_g_per_cm3": 1.2},
    {"name": "VGCF", "weight_fraction": 0.02, "density_g_per_cm3": 2.0},
]


def document(**composite):
    return {"die_diameter_mm": 10, "composite": {"mass_mg": 19.635, "components": COMPONENTS} | composite}


def test_area_loading_and_capacity_follow_from_die_mass_and_fraction():
    found = geometry(make_sample(document()))
    assert nominal(found.area_cm2) == pytest.approx(math.pi / 4)
    assert nominal(found.active_mass_mg) == pytest.approx(0.6 * 19.635)
    # 15 mg/cm2 of NCO by 120 mAh/g: 1.8 mAh/cm2
    assert nominal(found.loading_mg_per_cm2) == pytest.approx(15.0, abs=1e-3)
    assert nominal(found.theoretical_capacity_mAh_per_cm2) == pytest.approx(1.8, abs=1e-4)
    assert found.porosity is None  # no thickness
    assert not found.contradictions


def test_capacity_of_the_paper_is_the_area_divided_out_twice():
    found = geometry(make_sample(document(areal_capacity_mAh_per_cm2=2.3, loading_mg_per_cm2=15)))
    (contradiction,) = found.contradictions
    assert contradiction.quantity == "areal_capacity_mAh_per_cm2"
    assert "area seems to be divided out twice" in str(contradiction)
    assert "1.8 mAh/cm2 follows" in str(contradiction)


@pytest.mark.parametrize(
    ("loading", "explanation"),
    [(25.0, "the composite's mass seems to be taken"), (11.78, "not to be divided out"), (0.06, "0.004 times that"),
     (60.0, "diameter seems to be taken for the radius"), (20.0, "1.33 times that")],
)  # fmt: skip
def test_loading_that_its_mass_contradicts_is_explained(loading, explanation):
    (contradiction,) = geometry(make_sample(document(loading_mg_per_cm2=loading))).contradictions
    assert explanation in str(contradiction)


def test_loading_in_another_unit_is_a_thousandth():
    """60 mg/cm2 of active material, 0.06 given."""
    (contradiction,) = geometry(make_sample(document(mass_mg=78.54, loading_mg_per_cm2=0.06))).contradictions
    assert "a thousandth of it: a unit seems to be wrong" in str(contradiction)


def test_sizes_of_microelectrodes_and_pouches_are_taken_where_the_sample_says_so():
    micro = {"size": "micro", "die_diameter_mm": 0.1, "pellet": {"thickness_um": 2}}
    assert nominal(geometry(make_sample(micro)).area_cm2) == pytest.approx(math.pi / 4 * 1e-4)
    pouch = make_sample({"size": "large", "area_cm2": 78.5})
    assert nominal(geometry(pouch).area_cm2) == 78.5
    assert make_sample(pouch.model_dump()).size == "large"
    assert "size" not in make_sample({"die_diameter_mm": 10}).model_dump()  # as in inputs.yaml of earlier versions


def test_numbers_that_agree_within_rounding_or_uncertainty_are_no_contradiction():
    given = document(loading_mg_per_cm2=15.1, areal_capacity_mAh_per_cm2={"value": 2.3, "std": 0.3})
    assert not geometry(make_sample(given)).contradictions


def test_porosity_carries_the_uncertainty_of_the_thickness():
    """Against a Monte Carlo of the same formula."""
    given = document(thickness_um={"value": 123.0, "std": 2.0}, mass_mg={"value": 19.6, "std": 0.1})
    found = geometry(make_sample(given))
    rng = np.random.default_rng(1)
    mass, thickness = rng.normal(19.6, 0.1, 200_000), rng.normal(123.0, 2.0, 200_000)
    ideal = 1 / (0.6 / 4.35 + 0.2 / 2.5 + 0.18 / 1.2 + 0.02 / 2.0)
    sampled = 1 - mass / 1000 / (math.pi / 4 * thickness * 1e-4) / ideal
    assert nominal(found.porosity) == pytest.approx(sampled.mean(), abs=1e-3)
    assert deviation(found.porosity) == pytest.approx(sampled.std(), rel=0.02)  # linear propagation, 2 % of 1.6 %


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"die_diameter_mm": -10}, "die_diameter_mm: diameter -10 mm is not above 0"),
        ({"die_diameter_mm": 0.001}, "die_diameter_mm: diameter 0.001 mm is outside 2 to 50"),
        ({"die_diameter_mm": 1}, r"did you mean 1 cm\? Then give 10 mm; say size micro for a microelectrode"),
        ({"die_diameter_mm": 8, "pellet": {"thickness_um": 80}}, "pellet.thickness_um: thickness 80 um is outside 100"),
        ({"die_diameter_mm": 8, "pellet": {"thickness_um": 2.1}}, r"did you mean 2\.1 mm\? Then give 2100 um"),
        ({"area_cm2": 78.5}, r"area 78\.5 cm2 .*did you mean 78\.5 mm2\? Then give 0\.785 cm2; say size large"),
        (document(mass_mg=19634.95), r"composite\.mass_mg_per_cm2: mass over area 25000 .*did you mean 25000 ug/cm2"),
        (document(mass_mg=0.0196), r"composite\.mass_mg: mass 0\.0196 mg is outside .*did you mean 0\.0196 g"),
        (document(loading_mg_per_cm2=0.015), r"did you mean 0\.015 g/cm2\? Then give 15 mg/cm2"),
        (document(mass_mg={"value": 20, "std": 25}), "mass 20 mg [+]- 25: the uncertainty is larger than the value"),
        (document(components=[COMPONENTS[0] | {"weight_fraction": 60}]), r"did you mean 60 %\? Then give 0\.6"),
        (document(components=[COMPONENTS[0] | {"capacity_mAh_per_g": 0.12}]), r"did you mean 0\.12 Ah/g"),
        (document(components=[COMPONENTS[0] | {"density_g_per_cm3": 4350}]), r"did you mean 4350 kg/m3\? .* 4.35"),
        ({"die_diameter_mm": 10, "temperature_K": 25}, r"did you mean 25 C\? Then give 298\.15 K"),
        ({"die_diameter_mm": "ten"}, "die_diameter_mm"),
        ({"die_diameter_mm": 10, "diametre": 3}, "diametre"),
        ({}, "give die_diameter_mm or area_cm2"),
        (document(mass_mg=80, thickness_um=123), r"porosity -2\.\d+: 80 mg in 123 um"),
        (document(components=COMPONENTS[:3]), "weight fractions sum to 0.98"),
        (document(mass_mg={"value": 20, "std": -1}), "std"),
        ({"die_diameter_mm": 8, "pellet": {"mass_mg": 200, "thickness_um": 2100, "ideal_density_g_per_cm3": 1.3}},
         r"1\.46 times the ideal density"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_value_and_remedy(given, message):
    with pytest.raises(DataError, match=message):
        geometry(make_sample(given))


def test_file_that_is_no_sample_is_refused_by_name(tmp_path):
    path = tmp_path / "sample.yaml"
    path.write_text("die_diameter_mm: [10", encoding="utf-8")
    with pytest.raises(DataError, match=r"sample\.yaml: cannot be read"):
        load_sample(path)
    path.write_text("- 10\n", encoding="utf-8")
    with pytest.raises(DataError, match="no list of fields"):
        load_sample(path)
    path.write_text("die_diameter_mm: 10\npellet: {thickness_um: {value: 210, std: 5}}\n", encoding="utf-8")
    assert nominal(geometry(load_sample(path)).pellet_thickness_cm) == pytest.approx(0.021)
