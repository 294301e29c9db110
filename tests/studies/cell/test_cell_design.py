"""The cell design: the paper's Fig. 5a numbers, hand-made stacks, sweeps, and what is refused."""

from __future__ import annotations

import math

import pytest
import yaml
from scipy.constants import Boltzmann, elementary_charge

from paddlewheel import cell
from paddlewheel.errors import DataError
from paddlewheel.lab.design import fit_thickness_line, load_design, template
from paddlewheel.lab.geometry import deviation, nominal
from paddlewheel.records import Measured


@pytest.fixture(scope="module")
def record():
    return cell()


def test_composite_masses_layers_and_line_are_the_papers(record):
    """physics.md, section 2 and 6: 19.63, 39.27, 58.90 mg; 4, 2, 1.33, 1 layers; 2.67 g/cm3 and 30 um."""
    assert record.composite_mg[:3] == pytest.approx([19.63, 39.27, 58.90], abs=0.006)  # its two decimals
    assert record.layers == pytest.approx([4, 2, 4 / 3, 1])
    assert record.thickness_line.density_g_per_cm3.value == pytest.approx(2.67, abs=0.005)
    assert record.thickness_line.offset_um.value == pytest.approx(30, abs=1.0)
    # through three points with the paper's errors, none missed by more than one of them
    for given, fitted in zip((123, 217, 310), record.thickness_um, strict=False):
        assert fitted.value == pytest.approx(given, abs=2.6)


def test_line_through_points_without_scatter_is_exact_and_keeps_their_error():
    """y = 20 + x / 0.25 (2.5 g/cm3); slope error s / sqrt(sum (x - <x>)^2) for alike weights."""
    x = [10.0, 20.0, 30.0]
    line = fit_thickness_line(x, [Measured(value=20 + 4 * one, std=1.0) for one in x])
    assert nominal(line.density_g_per_cm3) == pytest.approx(2.5)
    assert nominal(line.offset_um) == pytest.approx(20)
    assert deviation(line.density_g_per_cm3) == pytest.approx(2.5 / 4 * 1 / math.sqrt(200), rel=1e-6)
    assert deviation(line.thickness_um(20.0)) == pytest.approx(1 / math.sqrt(3), rel=1e-6)  # correlation kept


def test_stack_by_hand(record):
    """45 mg/cm2 with Sn: masses of one layer with a pocket calculator."""
    row = next(one for one in record.cells if one.anode == "Sn" and one.loading_mg_per_cm2 == 45)
    assert row.masses_mg_per_cm2 == pytest.approx(
        {"cathode composite": 75.0, "separator": 6.5, "anode": 1.1 * 5.4 / 0.847, "foils": 5.4 * (2 + 1 / 3) / (4 / 3)}
    )
    # two foils for the first layer, a third of one for the third of a layer that is more; a tenth is packaging
    mass = (4 / 3 * (75 + 6.5 + 1.1 * 5.4 / 0.847) + 5.4 * (2 + 1 / 3)) / 0.9
    assert row.cell_mass_mg_per_cm2 == pytest.approx(mass)
    assert row.energy_density_Wh_per_kg == pytest.approx(7.2 * 2.8 / mass * 1000)
    carbon = next(one for one in record.cells if one.anode == "hard carbon" and one.loading_mg_per_cm2 == 45)
    assert carbon.masses_mg_per_cm2["anode"] == pytest.approx(1.1 * 5.4 / 0.250 / 0.7)
    free = next(one for one in record.cells if one.anode == "anode-free" and one.loading_mg_per_cm2 == 45)
    assert free.thicknesses_um["anode, charged"] == pytest.approx(5.4 / 1165.8 / 0.97 * 1e4, rel=1e-4)  # F / M of Na


def test_single_layer_by_hand_is_193_Wh_per_kg_of_a_bare_stack_with_one_foil(record, tmp_path):
    """60 mg/cm2, anode-free: 7.2 mAh/cm2 at 3 V over 100 + 6.5 + 5.4 mg/cm2; with both foils 184.1, packed 165.7."""
    path = tmp_path / "bare.yaml"
    path.write_text(
        "assumptions: {foils_of_first_layer: 1, packaging_mass_fraction: 0}\nloadings_mg_per_cm2: [60]\n",
        encoding="utf-8",
    )
    assert cell(path).energy_density_Wh_per_kg["anode-free"][0] == pytest.approx(21600 / 111.9)  # 193.0
    path.write_text("assumptions: {packaging_mass_fraction: 0}\nloadings_mg_per_cm2: [60]\n", encoding="utf-8")
    assert cell(path).energy_density_Wh_per_kg["anode-free"][0] == pytest.approx(21600 / 117.3)
    assert record.energy_density_Wh_per_kg["anode-free"][3] == pytest.approx(21600 / 117.3 * 0.9)


def test_foils_of_a_stack_are_two_and_one_more_for_each_further_layer(record):
    """4, 2, 4/3 and 1 layers: 5, 3, 7/3 and 2 foils of 5.4 mg/cm2 and 20 um."""
    rows = [one for one in record.cells if one.anode == "Sn"]
    for row, foils in zip(rows, (5, 3, 7 / 3, 2), strict=True):
        assert row.layers * row.masses_mg_per_cm2["foils"] == pytest.approx(5.4 * foils)
        assert row.layers * row.thicknesses_um["foils"] == pytest.approx(20 * foils)


@pytest.mark.parametrize(
    ("metal", "capacity"),
    [("Na", 1165.8), ("Li", 3862), ("K", 685.5), ("Mg", 2205), ("Zn", 819.9), ("Al", 2980)],
)
def test_capacity_of_a_metal_is_textbook(metal, capacity):
    """z F / M, as tabulated (mAh/g)."""
    design = load_design().model_copy(update={"metal": metal})
    assert design.metal_capacity_mAh_per_g == pytest.approx(capacity, rel=5e-4)


LITHIUM = """name: NMC against lithium
metal: Li
loadings_mg_per_cm2: [20]
assumptions: {cathode_voltage_V_vs_Li: 3.8, active_capacity_mAh_per_g: 200, packaging_mass_fraction: 0}
components:
- {name: NMC, active: true, weight_fraction: 0.6, density_g_per_cm3: 4.7}
- {name: Li6PS5Cl, weight_fraction: 0.4, density_g_per_cm3: 1.86}
anodes:
- {name: lithium, mean_potential_V_vs_Li: 0, charged_density_g_per_cm3: 0.534}
"""


def test_cell_of_lithium(tmp_path):
    """4 mAh/cm2 plate 4 / 3862 g, 19.4 um of lithium (0.534 g/cm3); potentials are against it by name."""
    path = tmp_path / "lithium.yaml"
    path.write_text(LITHIUM, encoding="utf-8")
    record = cell(path)
    (row,) = record.cells
    assert row.thicknesses_um["anode, charged"] == pytest.approx(4 / 3862 / 0.534 * 1e4, rel=1e-4)
    assert row.thicknesses_um["anode, charged"] == pytest.approx(19.4, abs=0.05)
    assert row.cell_voltage_V == pytest.approx(3.8)
    names = {one.name for one in record.assumptions}
    assert {"cathode_voltage_V_vs_Li", "lithium mean_potential_V_vs_Li"} <= names
    assert not [name for name in names if name.endswith("_vs_Na")]
    # without pores, and not through the thicknesses of the sodium cell
    composite_g_per_cm2 = 0.020 / 0.6
    assert record.thickness_um[0].value == pytest.approx(composite_g_per_cm2 * (0.6 / 4.7 + 0.4 / 1.86) * 1e4)
    (told,) = (text for text in record.warnings if text.startswith("as in the built-in cell of sodium"))
    assert "separator_conductivity_mS_per_cm" in told


def test_an_assumed_input_at_an_end_of_its_range_is_told(record):
    """Tin without electrolyte is a best case; packaging, 0 to 20 %, is 10 %."""
    (told,) = (text for text in record.warnings if text.startswith("assumed at an end"))
    assert "Sn electrolyte_weight_fraction" in told
    assert "packaging" not in told


def test_a_design_of_before_is_of_sodium_with_one_foil_for_its_only_layer(tmp_path):
    """Its directory is refused with what differs: the foils of the first layer."""
    from paddlewheel.errors import RunDirectoryError

    path, out = tmp_path / "mine.yaml", tmp_path / "run"
    path.write_text("loadings_mg_per_cm2: [20, 40]\n", encoding="utf-8")
    cell(path, out=out)
    told = yaml.safe_load((out / "inputs.yaml").read_text())
    design = told["design"]
    del design["metal"], design["assumptions"]["foils_of_first_layer"]
    for anode in design["anodes"]:
        anode["mean_potential_V_vs_Na"] = anode.pop("mean_potential_V")
    (out / "inputs.yaml").write_text(yaml.safe_dump(told))
    with pytest.raises(RunDirectoryError, match=r"foils_of_first_layer\..*is .* there and .* now"):
        cell(path, out=out)


def test_resistances_follow_sigma_of_the_temperature(record):
    warm, cold = (
        next(one for one in record.resistances if one.loading_mg_per_cm2 == 45 and abs(one.temperature_K - T) < 0.01)
        for T in (303.15, 263.15)
    )
    assert warm.separator_ohm_cm2 == pytest.approx(50e-4 / 4.6e-3)
    factor = 303.15 / 263.15 * math.exp(-0.49 * elementary_charge / Boltzmann * (1 / 263.15 - 1 / 303.15))
    assert cold.separator_ohm_cm2 == pytest.approx(warm.separator_ohm_cm2 / factor)
    assert 4.6 * factor == pytest.approx(0.3, abs=0.01)  # the paper's -10 C
    assert warm.composite_ohm_cm2 == pytest.approx(record.thickness_um[2].value * 1e-4 * 3.46 / (3 * 0.4 * 4.6e-3))
    assert warm.polarization_V["0.1"] == pytest.approx(0.54e-3 * (warm.separator_ohm_cm2 + warm.composite_ohm_cm2))


def test_each_number_says_who_gives_it_and_what_the_paper_contradicts(record):
    by_name = {one.name: one for one in record.assumptions}
    listed = (
        "Sn capacity_mAh_per_g", "hard carbon capacity_mAh_per_g", "foil_density_g_per_cm3", "foil_thickness_um",
        "separator_density_g_per_cm3", "separator_thickness_um", "negative_to_positive", "target_capacity_mAh_per_cm2",
    )  # fmt: skip
    assert all(by_name[name].given_by == "paper, Methods, list for Fig. 5a" for name in listed)
    for name in ("cathode_voltage_V_vs_Na", "foils_per_layer", "packaging_mass_fraction"):
        assert by_name[name].given_by == "assumed"
        assert by_name[name].low is not None  # what no source gives is swept
    swept = {one.name for one in record.sweeps}
    assert {
        "cathode_voltage_V_vs_Na",
        "packaging_mass_fraction",
        "active_capacity_mAh_per_g",
    } <= swept
    text = " | ".join(record.contradictions)
    assert "area seems to be divided out twice" in text
    for said in ("845", "1.2 is in"):
        assert said in text


def test_inputs_of_anodes_and_components_say_who_gives_each(record):
    """What the paper's text prints and what it does not; each assumed input is told, swept or uncertain."""
    by_name = {one.name: one for one in record.assumptions}
    printed = {  # paper: text at Figs. 4b, 4c and 5b, Methods
        "tortuosity_factor": 3.46, "Na-Zr-Cl density_g_per_cm3": 2.4, "o-NBH density_g_per_cm3": 1.2,
        "die_diameter_mm": 10, "hard carbon electrolyte_weight_fraction": 0.3, "NaCrO2 weight_fraction": 0.6,
        "Na-Zr-Cl weight_fraction": 0.2, "o-NBH weight_fraction": 0.18, "VGCF weight_fraction": 0.02,
        "thickness_um at 45 mg/cm2": 310,
    }  # fmt: skip
    for name, value in printed.items():
        assert by_name[name].given_by.startswith("paper, ")
        assert by_name[name].value == value
    not_printed = {
        "cathode_voltage_V_vs_Na", "foils_per_layer", "packaging_mass_fraction", "catholyte_volume_fraction",
        "Sn mean_potential_V_vs_Na", "Sn charged_density_g_per_cm3", "Sn electrolyte_weight_fraction",
        "hard carbon mean_potential_V_vs_Na", "hard carbon charged_density_g_per_cm3", "NaCrO2 density_g_per_cm3",
        "VGCF density_g_per_cm3",
    }  # fmt: skip
    assert {name for name, one in by_name.items() if one.given_by.startswith("assumed")} == not_printed
    assert not by_name["activation_energy_eV"].given_by.startswith("paper")  # it follows from two of its numbers
    assert "anode-free electrolyte_weight_fraction" not in by_name  # nothing depends on it
    (warning,) = (text for text in record.warnings if text.startswith("assumed, given by no source"))
    assert all(name in warning for name in not_printed)
    # of the largest loading, whose one layer has the two foils of the first
    swept = {one.name for one in record.sweeps} | {one.name for one in record.resistance_sweeps} | {"foils_per_layer"}
    assert not_printed - swept == {name for name in not_printed if by_name[name].std > 0}


def test_sweeps_are_the_cells_with_that_input(record, tmp_path):
    """The ends of a sweep against the same design with that number in its file."""
    at_60 = {(one.anode, one.name): one for one in record.sweeps}
    potential = at_60["Sn", "Sn mean_potential_V_vs_Na"]
    assert potential.energy_density_at_high_Wh_per_kg == pytest.approx(
        record.energy_density_Wh_per_kg["Sn"][3] * (3.0 - 0.35) / (3.0 - 0.20)
    )
    dense = at_60["hard carbon", "hard carbon charged_density_g_per_cm3"]
    assert dense.energy_density_at_low_Wh_per_kg == dense.energy_density_at_high_Wh_per_kg
    assert dense.energy_density_at_low_Wh_per_L < dense.energy_density_at_high_Wh_per_L
    assert not [one for anode, one in at_60 if anode == "Sn" and one.startswith("hard carbon")]
    path = tmp_path / "tortuous.yaml"
    path.write_text("assumptions: {tortuosity_factor: 12}\nloadings_mg_per_cm2: [60]\n", encoding="utf-8")
    other = next(one for one in cell(path).resistances if abs(one.temperature_K - 258.15) < 1e-6)
    (tortuosity,) = (one for one in record.resistance_sweeps if one.name == "tortuosity_factor")
    assert tortuosity.temperature_K == pytest.approx(258.15)
    assert tortuosity.resistance_at_high_ohm_cm2 == pytest.approx(other.separator_ohm_cm2 + other.composite_ohm_cm2)


def test_own_anode_of_numbers_is_the_users_and_its_assumed_inputs_are_told(tmp_path):
    path = tmp_path / "lead.yaml"
    path.write_text(
        "anodes:\n- name: Pb\n  capacity_mAh_per_g: 485\n  charged_density_g_per_cm3: 3.9\n"
        "  mean_potential_V_vs_Na: {value: 0.3, low: 0.2, high: 0.4, given_by: 'assumed, from a sketch'}\n",
        encoding="utf-8",
    )
    record = cell(path)
    by_name = {one.name: one for one in record.assumptions}
    assert by_name["Pb capacity_mAh_per_g"].given_by == "user"
    assert by_name["Pb electrolyte_weight_fraction"].given_by == "assumed"  # the file says nothing of it
    (warning,) = (text for text in record.warnings if text.startswith("assumed, given by no source"))
    assert "Pb mean_potential_V_vs_Na" in warning
    assert "Pb electrolyte_weight_fraction" in warning
    assert "Pb charged_density_g_per_cm3" not in warning
    assert "Sn" not in warning
    assert ("Pb", "Pb mean_potential_V_vs_Na") in {(one.anode, one.name) for one in record.sweeps}


def test_own_file_replaces_what_it_gives_and_is_marked(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nassumptions:\n  active_capacity_mAh_per_g: 110\n  foils_per_layer: {value: 2, low: 1, high: 3}\n",
        encoding="utf-8",
    )
    record = cell(path, out=tmp_path / "out")
    by_name = {one.name: one for one in record.assumptions}
    assert by_name["active_capacity_mAh_per_g"].given_by == "user"
    assert by_name["foils_per_layer"].high == 3
    assert record.layers[0] == pytest.approx(7.2 / (15 * 0.110))
    assert record.contradictions == []
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000
    assert load_design(None).name != "mine"


def test_composite_of_ones_own_with_the_papers_thicknesses_is_told(tmp_path):
    path = tmp_path / "richer.yaml"
    path.write_text(
        "assumptions: {active_weight_fraction: 0.7}\n"
        "components:\n- {name: NaCrO2, active: true, weight_fraction: 0.7}\n- {name: rest, weight_fraction: 0.3}\n",
        encoding="utf-8",
    )
    record = cell(path)
    assert record.porosity == [None] * 4  # no densities
    assert any(text.startswith("thicknesses are of another composite") for text in record.warnings)


def test_template_is_the_built_in_design(tmp_path):
    path = tmp_path / "copy.yaml"
    path.write_text(template(), encoding="utf-8")
    assert load_design(path).values() == load_design().values()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LITHIUM.replace("components", "also_stated").split("also_stated")[0] + "anodes:" + LITHIUM.split("anodes:")[1],
         "neither thicknesses nor the densities of all components"),
        ("metal: Li", "cathode and anodes built in are of sodium; give assumptions cathode_voltage_V_vs_Li"),
        (LITHIUM.replace("mean_potential_V_vs_Li", "mean_potential_V_vs_Na"), "_vs_Na in a cell of Li"),
        (LITHIUM.replace("Li", "Cu"), "metal is Cu: give one whose ion has one charge"),
        ("assumptions: {voltage: 3}", r"assumptions\.voltage: there is no such input; there are foil_density"),
        ("assumptions: {active_weight_fraction: 60}", "active_weight_fraction: fraction 60 .*did you mean 60 %"),
        ("assumptions: {separator_thickness_um: -50}", "separator_thickness_um: thickness -50 um is not above 0"),
        ("assumptions: {foils_per_layer: {value: 1, low: 2, high: 3}}", "1 is not between 2 and 3"),
        ("loadings_mg_per_cm2: [0]", "loading 0 mg/cm2 is not above 0"),
        ("die: 3", "die"),
        ("thicknesses: [{loading_mg_per_cm2: 15, thickness_um: 123}]", "fewer than two loadings"),
        ("thicknesses: [{loading_mg_per_cm2: 15, thickness_um: 123}, {loading_mg_per_cm2: 30, thickness_um: 100}]",
         "more composite is not thicker"),
        ("thicknesses: [{loading_mg_per_cm2: 15, thickness_um: 12.3}, {loading_mg_per_cm2: 30, thickness_um: 21.7}]",
         "porosity -"),
        ("[1, 2", "cannot be read"),
        ("assumptions: {active_weight_fraction: 0.7}", "is 0.7, that of the components with `active: true` 0.6"),
        ("assumptions: {foils_per_layer: {value: 1, given_by: assumed}}", "1 is assumed: give low and high"),
        ("components: [{name: a, weight_fraction: 0.5, active: true}]", "weight fractions sum to 0.5"),
        ("anodes: [{name: Sn, mean_potential_V_vs_Na: 5, charged_density_g_per_cm3: 2}]", "_vs_Na is 5"),
        ("anodes: [{name: Sn, capacity_mAh_per_g: 847, electrolyte_weight_fraction: 1, mean_potential_V_vs_Na: 0.2,"
         " charged_density_g_per_cm3: 2}]", "Sn electrolyte_weight_fraction is 1: give a fraction below 1"),
        ("anodes: [{name: C, mean_potential_V_vs_Na: 0, charged_density_g_per_cm3: 1500}]", "did you mean 1500 kg/m3"),
        ("anodes: [{name: C, mean_potential_V_vs_Na: 0, charged_density_g_per_cm3: 1},"
         " {name: C, mean_potential_V_vs_Na: 0, charged_density_g_per_cm3: 1}]", "anodes: two have the same name"),
    ],
)  # fmt: skip
def test_bad_design_is_refused_in_one_line(tmp_path, text, message):
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        cell(path)
