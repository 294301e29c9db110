"""Structure factors against gemmi's calculator, sums by hand and published dispersion and absorption."""

from typing import Any

import gemmi
import numpy as np
import pytest

from paddlewheel.crystals.library import builtin_path
from paddlewheel.errors import SettingsError, StructureError
from paddlewheel.lab.xrd.atoms_phase import usual_b_warning, warnings_of_phases
from paddlewheel.lab.xrd.fit import formula_mass
from paddlewheel.lab.xrd.pattern import Radiation
from paddlewheel.lab.xrd.phase import Phase, d_spacing_A
from paddlewheel.lab.xrd.structure_factors import (
    anomalous,
    cell_mass_g_per_mol,
    density_g_per_cm3,
    form_factor,
    mass_absorption_cm2_per_g,
    mu_per_cm,
    read_phase,
    reflections,
    structure_factors_squared,
)

COPPER = Radiation(lines=((1.540593, 1.0),))


def cif(cell: str, symmetry: str, sites: str, *, columns: str = "U_iso_or_equiv", rest: str = "") -> str:
    names = ["a", "b", "c"], ["alpha", "beta", "gamma"]
    numbers = cell.split()
    lines = ["data_made"]
    lines += [f"_cell_length_{name} {value}" for name, value in zip(names[0], numbers[:3], strict=True)]
    lines += [f"_cell_angle_{name} {value}" for name, value in zip(names[1], numbers[3:], strict=True)]
    lines += [symmetry, "loop_", "_atom_site_label", "_atom_site_type_symbol"]
    lines += [f"_atom_site_fract_{axis}" for axis in "xyz"] + ["_atom_site_occupancy"]
    lines += [f"_atom_site_{name}" for name in columns.split()]
    return "\n".join([*lines, sites.strip(), rest, ""])


def named(symbol: str) -> str:
    return f"_symmetry_space_group_name_H-M '{symbol}'"


ROCK_SALT = cif("5.6402 5.6402 5.6402 90 90 90", named("F m -3 m"), "Na1 Na1+ 0 0 0 1 0.02\nCl1 Cl1- .5 .5 .5 1 0.018")
CORUNDUM = cif(
    "4.7592 4.7592 12.9920 90 90 120", named("R -3 c"), "Al Al 0 0 0.35219 1 0.0035\nO O 0.3063 0 0.25 1 0.0038"
)
ZINCITE = cif(
    "3.2499 3.2499 5.2066 90 90 120",
    named("P 63 m c"),
    "Zn Zn 0.33333 0.66667 0 1 .008\nO O 0.33333 0.66667 .3825 1 .01",
)
CALCITE = cif(
    "4.9900 4.9900 17.0020 90 90 120", named("R -3 c"), "Ca Ca 0 0 0 1 .01\nC C 0 0 .25 1 .01\nO O .2578 0 .25 1 .015"
)
SODIUM_DODECABORATE_LIKE = cif(
    "7.03 10.657 7.01 90 94.62 90",
    named("P2_1/n"),
    "Na Na .25 .45 -.01 1 .03\nB B .1 .2 .15 .9 .02\nH H .2 .3 .25 1 .05",
)


@pytest.mark.parametrize("text", [ROCK_SALT, CORUNDUM, ZINCITE, CALCITE, SODIUM_DODECABORATE_LIKE])
def test_structure_factors_are_those_of_gemmi(tmp_path, text: str) -> None:
    """gemmi has its own symmetry and another table of form factors (IT92), which differs by 0.1 %."""
    path = tmp_path / "made.cif"
    path.write_text(text)
    phase = read_phase(path)
    ours = reflections(phase, COPPER, 0.85)

    small = gemmi.make_small_structure_from_block(
        gemmi.cif.read_string(text.replace("P2_1/n", "P 1 21/n 1")).sole_block()
    )
    small.setup_cell_images()
    small.change_occupancies_to_crystallographic()
    calculator = gemmi.StructureFactorCalculatorX(small.cell)
    for site in small.sites:
        dispersion = anomalous(site.element.name, COPPER.wavelength_A)
        calculator.addends.set(site.element, dispersion.real)
    theirs = [abs(calculator.calculate_sf_from_small_structure(small, hkl)) for hkl in ours.hkl.tolist()]

    without = np.sqrt(np.maximum(ours.structure_factor_squared - _imaginary_part(phase, ours.hkl), 0))
    # ions of the file are neutral atoms here, also in gemmi's calculator
    np.testing.assert_allclose(without, theirs, rtol=0.003, atol=0.001 * max(theirs))


def _imaginary_part(phase: Phase, hkl: np.ndarray) -> np.ndarray:
    s_per_A = 1 / (2 * d_spacing_A(hkl, phase.cell))
    total = np.zeros(len(hkl), dtype=complex)
    for element, place, share, b_A2 in zip(
        phase.elements, phase.fractional, phase.occupancy, phase.b_iso_A2, strict=True
    ):
        wave = np.exp(2j * np.pi * hkl @ place - b_A2 * s_per_A**2)
        total += share * anomalous(element, COPPER.wavelength_A).imag * wave
    return np.abs(total) ** 2


def test_friedel_mates_are_averaged(tmp_path) -> None:
    """By the definition: F(hkl) and F(-h-k-l) of a polar crystal differ, the powder sees their mean."""
    path = tmp_path / "zincite.cif"
    path.write_text(ZINCITE)
    phase = read_phase(path)
    hkl = np.array([[1, 0, 1], [1, 0, 2], [1, 1, 2]])
    s_per_A = 1 / (2 * d_spacing_A(hkl, phase.cell))
    squared = []
    for sign in (1, -1):
        total = np.zeros(3, dtype=complex)
        for element, place, b_A2 in zip(phase.elements, phase.fractional, phase.b_iso_A2, strict=True):
            scattering = form_factor(element, s_per_A) + anomalous(element, 1.2)
            total += scattering * np.exp(-b_A2 * s_per_A**2 + sign * 2j * np.pi * hkl @ place)
        squared.append(np.abs(total) ** 2)
    assert abs(squared[0] / squared[1] - 1).max() > 0.02
    np.testing.assert_allclose(structure_factors_squared(phase, 1.2, hkl), np.mean(squared, axis=0), rtol=1e-12)


def test_all_reflections_are_there_once(tmp_path) -> None:
    """Multiplicities of the Laue classes (International Tables), and their sum is the number of lattice points."""
    path = tmp_path / "salt.cif"
    path.write_text(ROCK_SALT)
    found = reflections(read_phase(path), COPPER, 1.0)
    assert found.hkl[:5].tolist() == [[1, 1, 1], [2, 0, 0], [2, 2, 0], [3, 1, 1], [2, 2, 2]]
    assert found.multiplicity[:5].tolist() == [8, 6, 12, 24, 8]
    axis = np.arange(-6, 7)
    indices = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    length = np.linalg.norm(indices, axis=1)
    unmixed = (np.ptp(indices % 2, axis=1) == 0) & (length > 0) & (length <= 5.6402)
    assert found.multiplicity.sum() == unmixed.sum()


def test_reflections_have_their_usual_names(tmp_path) -> None:
    """The lines of corundum as every diffraction file lists them."""
    path = tmp_path / "corundum.cif"
    path.write_text(CORUNDUM)
    found = reflections(read_phase(path), COPPER, 1.59).hkl.tolist()
    assert found == [[0, 1, 2], [1, 0, 4], [1, 1, 0], [0, 0, 6], [1, 1, 3], [2, 0, 2], [0, 2, 4], [1, 1, 6]]


def test_equal_d_of_other_intensity_stays_apart(tmp_path) -> None:
    """In Laue class m-3, 210 and 120 have one d and two intensities; in m-3m they would be one."""
    path = tmp_path / "pyrite.cif"
    path.write_text(cif("5.418 5.418 5.418 90 90 90", named("P a -3"), "Fe Fe 0 0 0 1 .004\nS S .385 .385 .385 1 .005"))
    found = reflections(read_phase(path), COPPER, 1.4)
    values = zip(found.multiplicity, found.structure_factor_squared, strict=True)
    rows = dict(zip(map(tuple, found.hkl.tolist()), values, strict=True))
    assert rows[3, 1, 2][0] == rows[3, 2, 1][0] == 24
    assert rows[3, 1, 2][1] != pytest.approx(rows[3, 2, 1][1], rel=0.1)


def test_weak_reflections_stay_and_extinct_ones_go() -> None:
    """Silicon's 222 is allowed by the group and zero for spherical atoms; 200 is extinguished by the glide."""
    from paddlewheel.lab.xrd.laue import laue_rotations

    group = gemmi.SpaceGroup("F d -3 m:1").operations()
    places = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
    phase = Phase(
        name="Si", source="made", formula="Si", cell=np.array([5.431, 5.431, 5.431, 90, 90, 90]),
        crystal_system="cubic", space_group="F d -3 m:1",
        rotations=laue_rotations(np.array([np.array(op.rot) // op.DEN for op in group])),
        elements=("Si",) * 8, fractional=np.vstack([places, np.array(places) + 0.25]), occupancy=np.ones(8),
        b_iso_A2=np.full(8, 0.5),
    )  # fmt: skip
    found = reflections(phase, COPPER, 1.2).hkl.tolist()
    assert [2, 2, 2] in found
    assert [2, 0, 0] not in found


def test_dispersion_is_that_of_the_international_tables() -> None:
    """f', f'' at Cu Ka, International Tables C 4.2.6.8 (in every CIF of SHELX); Chantler differs by up to 0.1 in f'."""
    published = {"O": (0.0492, 0.0322), "Na": (0.1353, 0.1239), "Al": (0.2130, 0.2455), "Zn": (-1.5491, 0.6778),
                 "Fe": (-1.1336, 3.1974), "Cl": (0.3639, 0.7018)}  # fmt: skip
    for element, (real, imaginary) in published.items():
        found = anomalous(element, 1.5418)
        assert found.real == pytest.approx(real, abs=0.1)
        assert found.imag == pytest.approx(imaginary, rel=0.03)


@pytest.mark.parametrize(("text", "published"), [(CORUNDUM, 126.0), (ZINCITE, 279.0)])
def test_absorption_is_that_of_the_round_robin(tmp_path, text: str, published: float) -> None:
    """Linear absorption at Cu Ka of the CPD round robin (Madsen et al. 2001, doi 10.1107/S0021889801007476)."""
    path = tmp_path / "made.cif"
    path.write_text(text)
    phase = read_phase(path)
    assert mu_per_cm(phase, 1.5418) == pytest.approx(published, rel=0.02)
    assert mu_per_cm(phase, 1.5418) == mass_absorption_cm2_per_g(phase, 1.5418) * density_g_per_cm3(phase)


def test_mass_and_density(tmp_path) -> None:
    path = tmp_path / "salt.cif"
    path.write_text(ROCK_SALT)
    phase = read_phase(path)
    assert phase.formula == "NaCl"
    assert cell_mass_g_per_mol(phase) == pytest.approx(4 * 58.443, rel=1e-4)
    assert density_g_per_cm3(phase) == pytest.approx(2.163, abs=0.001)  # CRC Handbook: 2.17


@pytest.mark.parametrize(
    ("symbol", "rest", "formula", "mass"),
    [
        ("F m -3 m", "", "NaCl", 58.44),
        ("F m -3 m", "_chemical_formula_sum 'Cl Na'\n_cell_formula_units_Z 4", "NaCl", 58.44),
        ("F m -3 m", "_cell_formula_units_Z 2", "Na2Cl2", 116.89),  # a molecule of two, as in Hg2Cl2
        ("F m -3 m", "_chemical_formula_sum 'Cl2 Na2'", "Na2Cl2", 116.89),
        ("F m -3 m", "_cell_formula_units_Z 3", "NaCl", 58.44),  # three do not divide four
        ("F m -3 m", "_chemical_formula_sum 'Cl4 Na4'", "NaCl", 58.44),  # contents of the cell, as programs write them
        ("P 1", "_chemical_formula_sum 'Cl4 Na4'\n_cell_formula_units_Z 1", "NaCl", 58.44),
        ("P 1", "_cell_formula_units_Z 2", "Na2Cl2", 116.89),
    ],
)
def test_the_formula_unit_is_that_of_the_file(tmp_path, symbol: str, rest: str, formula: str, mass: float) -> None:
    """Four Na (22.990) and four Cl (35.453 g/mol) in the cell; in P 1 all eight atoms are listed."""
    sites = "Na1 Na1+ 0 0 0 1 0.02\nCl1 Cl1- .5 .5 .5 1 0.018"
    if symbol == "P 1":
        corners = [(0, 0, 0), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)]
        rows = [f"Na{n} Na {x} {y} {z} 1 .02\nCl{n} Cl {x + 0.5} {y} {z} 1 .02" for n, (x, y, z) in enumerate(corners)]
        sites = "\n".join(rows)
    path = tmp_path / "salt.cif"
    path.write_text(cif("5.6402 5.6402 5.6402 90 90 90", named(symbol), sites, rest=rest))
    phase = read_phase(path)
    assert phase.formula == formula
    assert formula_mass(phase) == pytest.approx(mass, abs=0.02)


def test_moles_are_those_of_a_chemist() -> None:
    """As much NaBH4 (37.83 g/mol) as Na2B12H12 (187.8): 1/37.83 and 1/187.8 are 83.2 to 16.8; o-NBH 225.6 g/mol."""
    masses = [formula_mass(read_phase(name)) for name in ("nabh4", "na2b12h12", "o-nbh")]
    assert masses == pytest.approx([37.83, 187.8, 225.6], abs=0.1)
    assert masses[1] / (masses[0] + masses[1]) == pytest.approx(0.832, abs=0.001)


def test_files_without_b_factors_are_one_line() -> None:
    of_a_file = (usual_b_warning(),)
    told = warnings_of_phases([("corundum", of_a_file), ("zincite", ("odd", *of_a_file)), ("si", ())])
    assert told == [
        "no B factors in the files of corundum, zincite: B = 0.6 Å² is taken, 2 for hydrogen",
        "zincite: odd",
    ]


def test_a_shell_is_the_mean_of_all_orientations(tmp_path) -> None:
    """An anion that turns freely scatters as the mean over rotations of its atoms."""
    from scipy.spatial.transform import Rotation

    hkl = np.array([[1, 1, 1], [2, 0, 0], [4, 2, 2], [5, 3, 1]])
    common: dict[str, Any] = {
        "name": "turning", "source": "made", "formula": "H4", "cell": np.array([6.0, 6, 6, 90, 90, 90]),
        "crystal_system": "cubic", "space_group": "P 1",
        "rotations": np.array([1, -1])[:, None, None] * np.eye(3, dtype=int),
    }  # fmt: skip
    shell = Phase(
        **common, elements=("H",), fractional=np.zeros((1, 3)), occupancy=np.array([4.0]), b_iso_A2=np.array([1.0]),
        shell_radius_A=np.array([1.2]),
    )  # fmt: skip
    corners = 1.2 / 6 * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)
    turns = Rotation.random(5000, rng=np.random.default_rng(1)).as_matrix()
    places = np.einsum("nij,kj->nki", turns, corners).reshape(-1, 3)
    many = Phase(
        **common, elements=("H",) * len(places), fractional=places, occupancy=np.full(len(places), 1 / 5000),
        b_iso_A2=np.full(len(places), 1.0),
    )  # fmt: skip
    expected = structure_factors_squared(many, 1.0, hkl)
    # twenty thousand points: the mean of F (at most 4) is known to 0.02
    np.testing.assert_allclose(np.sqrt(structure_factors_squared(shell, 1.0, hkl)), np.sqrt(expected), atol=0.02)


def test_atoms_of_p1_get_their_symmetry(tmp_path) -> None:
    """A P 1 list of the atoms of corundum gives the reflections of R -3 c."""
    path = tmp_path / "corundum.cif"
    path.write_text(CORUNDUM)
    phase = read_phase(path)
    rows = "\n".join(
        f"{element}{row} {element} {place[0]:.6f} {place[1]:.6f} {place[2]:.6f} 1 {b / (8 * np.pi**2):.6f}"
        for row, (element, place, b) in enumerate(zip(phase.elements, phase.fractional, phase.b_iso_A2, strict=True))
    )
    plain = tmp_path / "plain.cif"
    plain.write_text(cif("4.7592 4.7592 12.9920 90 90 120", named("P 1"), rows))
    found = read_phase(plain)
    assert found.space_group == "R -3 c:H"
    assert found.crystal_system == "hexagonal"
    assert "symmetry found" in found.warnings[0]
    one, other = reflections(phase, COPPER, 0.9), reflections(found, COPPER, 0.9)
    assert (one.hkl == other.hkl).all()
    np.testing.assert_allclose(one.structure_factor_squared, other.structure_factor_squared, rtol=1e-3, atol=0.01)


def test_builtin_structures_have_the_symmetry_of_their_cards() -> None:
    path = builtin_path("na2b12h12")
    assert path is not None
    assert read_phase(path).space_group == "P 1 21/c 1"


def test_both_settings_of_a_rhombohedral_crystal(tmp_path) -> None:
    """Bismuth: the hexagonal cell holds three of the rhombohedral, so |F|^2 is nine times as large, at the same d."""
    path = tmp_path / "made.cif"
    side = np.sqrt(4.546**2 / 3 + 11.862**2 / 9)
    angle_deg = 2 * np.degrees(np.arcsin(1.5 / np.sqrt(3 + (11.862 / 4.546) ** 2)))
    found = []
    for cell, place in (
        (f"{side:.9f} {side:.9f} {side:.9f} {angle_deg:.9f} {angle_deg:.9f} {angle_deg:.9f}", ".23389 .23389 .23389"),
        ("4.5460 4.5460 11.862 90 90 120", "0 0 .23389"),
    ):
        path.write_text(cif(cell, named("R -3 m"), f"Bi Bi {place} 1 .01"))
        phase = read_phase(path)
        lines = reflections(phase, COPPER, 1.3)
        found.append((phase, lines, d_spacing_A(lines.hkl, phase.cell)))
    assert [phase.crystal_system for phase, _, _ in found] == ["trigonal", "hexagonal"]
    np.testing.assert_allclose(found[0][2], found[1][2], rtol=1e-8)
    assert (found[0][1].multiplicity == found[1][1].multiplicity).all()
    np.testing.assert_allclose(
        9 * found[0][1].structure_factor_squared, found[1][1].structure_factor_squared, rtol=1e-6
    )


def test_a_structure_in_memory(tmp_path) -> None:
    from ase.build import bulk

    phase = read_phase(bulk("Si", "diamond", a=5.431))
    assert (phase.name, phase.space_group, len(phase.elements)) == ("Si", "F d -3 m:1", 8)


def test_anisotropic_b(tmp_path) -> None:
    path = tmp_path / "made.cif"
    aniso = "loop_\n_atom_site_aniso_label\n" + "\n".join(
        f"_atom_site_aniso_B_{pair}" for pair in ("11", "22", "33", "12", "13", "23")
    )
    sites = "Zn Zn 0.33333 0.66667 0 1 ?\nO O 0.33333 0.66667 .3825 1 .01"
    path.write_text(cif("3.25 3.25 5.2 90 90 120", named("P 63 m c"), sites, rest=f"{aniso}\nZn .6 .6 .9 .3 0 0"))
    phase = read_phase(path)
    # B12 = B11/2 of a site on a threefold axis: an ellipsoid of revolution, whose equivalent is (2 B11 + B33)/3
    assert phase.b_iso_A2[0] == pytest.approx((2 * 0.6 + 0.9) / 3, rel=1e-6)
    assert phase.warnings == ()


def test_displacements_of_every_kind(tmp_path) -> None:
    """B, anisotropic U (the equivalent is a third of the trace on orthogonal axes), and none."""
    aniso = "loop_\n_atom_site_aniso_label\n" + "\n".join(
        f"_atom_site_aniso_U_{k}" for k in ("11", "22", "33", "12", "13", "23")
    )
    path = tmp_path / "made.cif"
    sites = "Na1 Na 0 0 0 1 1.2(3)\nCl1 Cl1- .5 .5 .5 1 ?\nD1 D .25 .25 .25 0.5 ?"
    path.write_text(
        cif(
            "5.64 5.64 5.64 90 90 90",
            named("F m -3 m"),
            sites,
            columns="B_iso_or_equiv",
            rest=f"{aniso}\nCl1 .01 .01 .01 0 0 0",
        )
    )
    phase = read_phase(path)
    by_element = dict(zip(phase.elements, phase.b_iso_A2, strict=True))
    assert by_element["Na"] == pytest.approx(1.2)
    assert by_element["Cl"] == pytest.approx(8 * np.pi**2 * 0.01)
    assert by_element["D"] == 2.0
    assert "D1" in " ".join(phase.warnings)
    assert phase.elements.count("D") == 8
    assert cell_mass_g_per_mol(phase) == pytest.approx(4 * 58.443 + 4 * 2.0141, abs=0.02)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hello", "is no CIF"),
        (cif("5 5 5 90 90 90", "", "Na Na 0 0 0 1 .01"), "no symmetry"),
        (cif(".547 .547 .547 90 90 90", named("F m -3 m"), "Ca Ca 0 0 0 1 .01"), "is the cell in nm"),
        (cif("1 1 1 90 90 90", named("F m -3 m"), "Ca Ca 0 0 0 1 .01"), "gives no cell"),
        (cif("5 5 5 90 90 90", named("Q m -3 m"), "Na Na 0 0 0 1 .01"), "'Q m -3 m' is unknown"),
        (cif("5 5 6 90 90 90", named("F m -3 m"), "Na Na 0 0 0 1 .01"), "contradicts the cell"),
        (cif("5 5 5 90 90 90", named("F m -3 m"), "Wat Wat 0 0 0 1 .01"), "no element"),
        (cif("5 5 5 90 90 90", named("F m -3 m"), "Na Na 0 0 0 1.2 .01"), "occupancy 1.2"),
        (cif("5 5 5 90 90 90", named("F m -3 m"), "Na Na 0 0 0 .7 .01\nLi Li 0 0 0 .7 .01"), "filled to 1.4"),
    ],
)
def test_bad_cifs_are_one_line(tmp_path, text: str, problem: str) -> None:
    path = tmp_path / "made.cif"
    path.write_text(text)
    with pytest.raises(StructureError) as error:
        read_phase(path)
    assert problem in str(error.value)
    assert "made.cif" in str(error.value)
    assert "\n" not in str(error.value)


FLUORITE = "Ca1 Ca 0 0 0 1 .01\nF1 F .25 .25 .25 1 .01"
SIZE = "5.46305 5.46305 5.46305 90 90 90"


@pytest.mark.parametrize(
    ("symmetry", "sites", "rest", "told"),
    [
        ("P 1", FLUORITE, "", "those of the asymmetric unit alone"),
        ("P 1", FLUORITE, "_chemical_formula_sum 'Ca F2'", "its formula is Ca1 F2, its atoms are Ca1 F1 a cell"),
        ("F m -3 m", FLUORITE.replace("1 .01", "0.0208333 .01", 1).replace("1 .01", "0.0416667 .01"), "", "4/192"),
        ("F m -3 m", FLUORITE, "_space_group_IT_number 227", "F m -3 m is number 225, the file says 227"),
        ("F m -3 m", FLUORITE, "_chemical_formula_sum 'Ca F'", "its formula is Ca1 F1, its atoms are Ca4 F8"),
        ("F m -3 m", FLUORITE, "_chemical_formula_sum 'Ca F2'\n_cell_formula_units_Z 8", "4 formula units a cell"),
        ("F m -3 m", FLUORITE, "_exptl_crystal_density_diffrn 6.36", "density of 3.181 g/cm3, the file says 6.36"),
    ],
)
def test_what_a_cif_says_against_its_atoms_is_told(tmp_path, symmetry: str, sites: str, rest: str, told: str) -> None:
    """Fluorite: 4 CaF2 in 163.04 A3, 3.180 g/cm3; in the P 1 of its asymmetric unit a quarter of the atoms is there."""
    path = tmp_path / "made.cif"
    path.write_text(cif(SIZE, named(symmetry), sites, rest=rest))
    assert any(told in line for line in read_phase(path).warnings)


@pytest.mark.parametrize(
    "rest",
    [
        "", "_chemical_formula_sum 'Ca F2'\n_cell_formula_units_Z 4",
        "_chemical_formula_sum 'Ca4 F8'\n_cell_formula_units_Z 4",
        "_exptl_crystal_density_diffrn 3.18(2)\n_exptl_crystal_density_meas 2.9", "_space_group_IT_number 225",
        "_chemical_formula_sum ?\n_cell_formula_units_Z ?",
    ],
)  # fmt: skip
def test_a_cif_that_agrees_with_its_atoms_is_read_in_silence(tmp_path, rest: str) -> None:
    path = tmp_path / "made.cif"
    path.write_text(cif(SIZE, named("F m -3 m"), FLUORITE, rest=rest))
    assert read_phase(path).warnings == ()


def test_operations_that_are_not_of_the_named_group_are_told(tmp_path) -> None:
    path = tmp_path / "made.cif"
    operations = "loop_\n_space_group_symop_operation_xyz\nx,y,z\n-x,-y,-z\n" + named("P 2")
    path.write_text(cif("4 5 6 90 90 90", operations, "Na Na .1 .1 .1 1 .01\nCl Cl .6 .6 .6 1 .01"))
    assert any("operations are those of space group 2, the file says P 2" in told for told in read_phase(path).warnings)


def test_lost_hydrogen_is_told(tmp_path) -> None:
    path = tmp_path / "brucite.cif"
    sites = "Mg Mg 0 0 0 1 .01\nO O .33333 .66667 .22 1 .01"
    path.write_text(
        cif("3.142 3.142 4.766 90 90 120", named("P -3 m 1"), sites, rest="_chemical_formula_sum 'H2 Mg O2'")
    )
    assert any("no coordinates of H" in line for line in read_phase(path).warnings)


SPINEL = "8.3969 8.3969 8.3969 90 90 90"


def test_the_origin_is_that_with_which_the_formula_comes_out(tmp_path) -> None:
    """F d -3 m without a choice: silicon at 1/8 is 8a of choice 2, and 16 atoms in choice 1."""
    path = tmp_path / "made.cif"
    contents = "_chemical_formula_sum Si\n_cell_formula_units_Z 8"
    path.write_text(cif("5.431 5.431 5.431 90 90 90", named("F d -3 m"), "Si Si .125 .125 .125 1 .006", rest=contents))
    phase = read_phase(path)
    assert phase.space_group == "F d -3 m:2"
    assert len(phase.elements) == 8
    assert density_g_per_cm3(phase) == pytest.approx(2.329, abs=0.001)
    path.write_text(cif("5.431 5.431 5.431 90 90 90", named("F d -3 m"), "Si Si .125 .125 .125 1 .006"))
    with pytest.raises(StructureError, match=r"which origin of F d -3 m it has \(1 or 2\)"):
        read_phase(path)


def test_coordinates_of_another_origin_are_told(tmp_path) -> None:
    """Coordinates of magnetite for choice 2 with the operations of choice 1: iron ions without any oxygen."""
    path = tmp_path / "made.cif"
    sites = "Fe1 Fe .125 .125 .125 1 .006\nFe2 Fe .5 .5 .5 1 .006\nO1 O .2549 .2549 .2549 1 .007"
    path.write_text(cif(SPINEL, named("F d -3 m:1"), sites))
    told = " ".join(read_phase(path).warnings)
    assert "Fe2 without neighbours" in told
    assert "O1 on another atom (O1: 0.12 A)" in told
    path.write_text(cif(SPINEL, named("F d -3 m:2"), sites))
    assert read_phase(path).warnings == ()


def test_too_many_reflections_are_refused(tmp_path) -> None:
    path = tmp_path / "salt.cif"
    path.write_text(ROCK_SALT)
    with pytest.raises(SettingsError, match="smaller range"):
        reflections(read_phase(path), COPPER, 0.05)
