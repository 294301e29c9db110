"""Nuclei to weights, and what diffraction and NMR of one sample say together, by hand-worked numbers."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import DataError
from paddlewheel.lab.phase_amounts import SeenByDiffraction, compare_amounts, weights_of_nuclei
from paddlewheel.lab.sample import Phase
from paddlewheel.records import Measured

PHASES = [
    Phase(name="o-nbh", formula="Na3(BH4)(B12H12)", nmr_sites={"o-BH4": 1}),
    Phase(name="nabh4", formula="NaBH4", nmr_sites={"BH4": 1}),
    Phase(name="na2b12h12", formula="Na2B12H12", left_with={"nabh4": 1}),
]


def quenched(std: float = 0.01) -> dict[str, Measured]:
    """The paper's quenched sample: 90 % of the BH4 boron in o-NBH, 10 % in NaBH4."""
    covariance = std**2 * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return weights_of_nuclei(["o-BH4", "BH4"], np.array([0.9, 0.1]), covariance, PHASES)


def test_ninety_percent_of_the_boron_of_bh4_leaves_8_3_wt_of_na2b12h12():
    """M is 225.6 = 37.83 + 187.8: 0.9 x 225.6 of o-NBH, 0.1 x 37.83 = 3.78 and 0.1 x 187.8 = 18.8 on 225.6."""
    found = quenched()
    assert found["o-nbh"].value == pytest.approx(0.9)
    assert found["nabh4"].value == pytest.approx(0.0168, abs=1e-4)
    assert found["na2b12h12"].value == pytest.approx(0.0832, abs=1e-4)
    # masses are kept: the weight of o-NBH is the share itself, with its error of 0.01, the rest is in proportion
    assert found["o-nbh"].std == pytest.approx(0.01, rel=1e-6)
    assert found["na2b12h12"].std == pytest.approx(0.00832, abs=1e-5)


def test_nuclei_of_a_formula_unit_count():
    """Of 12 boron in B12H12 and one in BH4 as much each: 1 to 12 moles, 187.8 to 12 x 37.83 of mass: 29.3 wt%."""
    phases = [
        Phase(name="na2b12h12", formula="Na2B12H12", nmr_sites={"B12H12": 12}),
        Phase(name="nabh4", formula="NaBH4", nmr_sites={"BH4": 1}),
    ]
    found = weights_of_nuclei(["B12H12", "BH4"], np.array([0.5, 0.5]), np.zeros((2, 2)), phases)
    assert found["na2b12h12"].value == pytest.approx(187.8 / (187.8 + 12 * 37.83), abs=1e-3)


def seen(name: str, value: float, std: float, limit: float) -> SeenByDiffraction:
    return SeenByDiffraction(name=name, weight_fraction=Measured(value=value, std=std), detection_limit=limit)


def verdicts(*diffraction: SeenByDiffraction) -> dict[str, str]:
    return {each.name: each.verdict for each in compare_amounts(diffraction, quenched())}


def test_the_quenched_sample_contradicts_where_the_pattern_could_have_shown_it():
    """8.3(8) wt% of Na2B12H12 by NMR, none by diffraction, which detects 0.5: no crystals. NaBH4, 1.68(17) wt% with a
    detection limit of 2 wt%, could not have been seen."""
    found = verdicts(
        seen("o-nbh", 1.0, 0.005, 0.003), seen("na2b12h12", 0.001, 0.002, 0.005), seen("nabh4", 0.0, 0.005, 0.02)
    )
    assert found == {"o-nbh": "contradict", "na2b12h12": "contradict", "nabh4": "too little to see"}
    (row,) = [
        each for each in compare_amounts([seen("na2b12h12", 0.001, 0.002, 0.005)], quenched())
        if each.name == "na2b12h12"
    ]  # fmt: skip
    assert "amorphous, or crystals of a few nm" in row.says
    assert "detects 0.5 wt%" in row.says


def test_what_both_see_agrees_within_the_errors_of_both():
    """8.3(8) by NMR and 9.5(5) by diffraction: 1.2 over sqrt(0.8^2 + 0.5^2) = 1.2 standard deviations."""
    rows = compare_amounts([seen("na2b12h12", 0.0952, 0.005, 0.002)], quenched())
    row = next(each for each in rows if each.name == "na2b12h12")
    assert row.verdict == "agree"
    assert row.difference_over_std == pytest.approx(0.012 / np.hypot(0.00832, 0.005), rel=0.01)
    other = compare_amounts([seen("na2b12h12", 0.03, 0.005, 0.002)], quenched())[0]
    assert other.verdict == "contradict"
    assert "a part is amorphous" in other.says


def test_what_one_of_them_has_not():
    found = verdicts(seen("corundum", 0.1, 0.01, 0.002))
    assert found["corundum"] == "not seen by NMR"
    assert found["o-nbh"] == "not seen by diffraction"
    (row,) = compare_amounts(
        [seen("A.cif", 0.09, 0.005, 0.002)], {"na2b12h12": quenched()["na2b12h12"]},
        formulas={"A.cif": "Na2B12H12", "na2b12h12": "Na2B12H12"},
    )  # fmt: skip
    assert (row.name, row.verdict) == ("A.cif", "agree")


def test_unknown_sites_and_formulas_are_asked_back():
    with pytest.raises(DataError, match="sites of the spectrum are X"):
        weights_of_nuclei(["X"], np.ones(1), np.zeros((1, 1)), PHASES)
    with pytest.raises(DataError, match="formula None"):
        weights_of_nuclei(["X"], np.ones(1), np.zeros((1, 1)), [Phase(name="a", nmr_sites={"X": 1})])
