"""CIFs as databases, refinement programs and hands write them: the atoms of the cell are those of the crystal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pymatgen.io.cif import CifParser
from pymatgen.symmetry.groups import SpaceGroup

from paddlewheel.crystals import formats, read_structure
from paddlewheel.errors import StructureError

TAGS = ("label", "type_symbol", "fract_x", "fract_y", "fract_z", "occupancy")


def write_cif(
    folder: Path, cell: tuple[float, ...], group: str, *sites: str, head: str = "", tags: tuple[str, ...] = TAGS
) -> Path:
    """A CIF of the cell (a, b, c, alpha, beta, gamma) and of sites (a line each), with `group` as lines of tags."""
    names = [f"length_{axis}" for axis in "abc"] + [f"angle_{axis}" for axis in ("alpha", "beta", "gamma")]
    lines = ["data_x", *(f"_cell_{name} {value}" for name, value in zip(names, cell, strict=True)), group, head]
    path = folder / "x.cif"
    path.write_text("\n".join([*lines, "loop_", *(f"_atom_site_{tag}" for tag in tags), *sites, ""]))
    return path


def contents(path: Path) -> dict[str, float]:
    """Atoms of each element in the cell, to two decimals."""
    amounts: dict[str, float] = {}
    for site in formats.read_sites(path):
        for specie, share in site.species.items():
            amounts[specie.symbol] = amounts.get(specie.symbol, 0.0) + share
    return {symbol: round(amount, 2) for symbol, amount in amounts.items()}


CUBIC, HEXAGONAL = (8.358, 8.358, 8.358, 90, 90, 90), (5.594, 5.594, 22.53, 90, 90, 120)


@pytest.mark.parametrize(
    "thirds", [("0.67", "0.33"), ("0.667", "0.333"), ("0.667(2)", "0.333(2)"), ("0.66667", ".33333")]
)
def test_rounded_coordinates_are_on_their_special_positions(tmp_path: Path, thirds: tuple[str, str]) -> None:
    """P 63/m m c in the International Tables: 2d (2/3 1/3 1/4), 4f (1/3 2/3 z), 12k (x 2x z), 4e (0 0 z)."""
    large, small = thirds
    sites = [
        f"Na1 Na {large} {small} 0.25 0.5", f"Al2 Al {small} {large} 0.0247 1", "O1 O 0.1547 0.3095 0.0505 1",
        "S4 S 0 0 0.1421 1",
    ]  # fmt: skip
    path = write_cif(tmp_path, HEXAGONAL, "_symmetry_space_group_name_H-M 'P 63/m m c'", *sites)
    assert contents(path) == {"Na": 1.0, "Al": 4.0, "O": 12.0, "S": 4.0}
    places = {site.label: site.frac_coords for site in formats.read_sites(path)}
    np.testing.assert_allclose(np.sort(places["Na1"][:2]), [1 / 3, 2 / 3], atol=1e-9)


# Li4Ti5O12, a spinel: Li 8a, (Li, Ti) 16d, O 32e, in the two origins of F d -3 m (International Tables)
SPINEL = {
    1: ("Li1 Li 0 0 0 1", "Ti1 Ti .625 .625 .625 .83333", "Li2 Li .625 .625 .625 .16667", "O1 O .3875 .3875 .3875 1"),
    2: ("Li1 Li .125 .125 .125 1", "Ti1 Ti .5 .5 .5 .83333", "Li2 Li .5 .5 .5 .16667", "O1 O .2625 .2625 .2625 1"),
}
FORMULA = "_chemical_formula_sum 'Li4 Ti5 O12'"


@pytest.mark.parametrize(
    ("origin", "group"),
    [
        (1, "_symmetry_space_group_name_H-M 'F d -3 m :1'"),
        (1, "_space_group_name_H-M_alt 'F d -3 m S'"),
        (2, "_symmetry_space_group_name_H-M 'F d -3 m :2'"),
        (2, "_space_group_name_H-M_alt 'F d -3 m Z'"),
        (2, "_symmetry_space_group_name_H-M 'Fd-3mZ'"),
        (2, "_space_group_name_Hall '-F 4vw 2vw 3'"),
        (1, f"_space_group_name_H-M_alt 'F d -3 m'\n{FORMULA}"),
        (2, f"_space_group_name_H-M_alt 'F d -3 m'\n{FORMULA}"),
        (2, f"_Space_Group.IT_number 227\n{FORMULA}"),
    ],
)
def test_the_origin_of_a_group_is_the_one_that_the_file_has(tmp_path: Path, origin: int, group: str) -> None:
    path = write_cif(tmp_path, CUBIC, group, *SPINEL[origin])
    assert contents(path) == {"Li": 10.67, "Ti": 13.33, "O": 32.0}


def test_an_origin_that_nothing_tells_is_asked_for(tmp_path: Path) -> None:
    path = write_cif(tmp_path, CUBIC, "_space_group_name_H-M_alt 'F d -3 m'", *SPINEL[2])
    with pytest.raises(StructureError, match="does not say which origin of F d -3 m it has"):
        contents(path)


@pytest.mark.parametrize(
    ("cell", "group", "axis"),
    [
        ((9.0, 9.0, 22.0, 90, 90, 120), "_symmetry_space_group_name_H-M 'R -3 c'", "0 0 0.147"),
        ((9.0, 9.0, 22.0, 90, 90, 120), "_symmetry_space_group_name_H-M 'R-3cH'", "0 0 0.147"),
        ((9.0, 9.0, 22.0, 90, 90, 120), "_symmetry_Int_Tables_number 167", "0 0 0.147"),
        ((9.0, 9.0, 22.0, 90, 90, 120), "_space_group_name_Hall '-R 3 2\"c'", "0 0 0.147"),
        ((8.99, 8.99, 8.99, 60, 60, 60), "_symmetry_space_group_name_H-M 'R -3 c :R'", ".147 .147 .147"),
        ((8.99, 8.99, 8.99, 60, 60, 60), "_symmetry_space_group_name_H-M 'R -3 c'", ".147 .147 .147"),
        ((8.99, 8.99, 8.99, 60, 60, 60), "_symmetry_Int_Tables_number 167", ".147 .147 .147"),
    ],
)
def test_axes_of_a_rhombohedral_group_are_those_of_the_cell(tmp_path: Path, cell, group: str, axis: str) -> None:
    """12c and 6b of R -3 c on hexagonal axes, 4c and 2b on rhombohedral ones."""
    found = contents(write_cif(tmp_path, cell, group, f"Zr1 Zr {axis} 1", "Na1 Na 0 0 0 1"))
    assert found == ({"Zr": 12.0, "Na": 6.0} if cell[5] == 120 else {"Zr": 4.0, "Na": 2.0})


@pytest.mark.parametrize("symbol", ["Ia-3d", "P4_132", "P6_3mc", "Pnma", "C2/c", "P-3m1"])
def test_multiplicities_are_those_of_orbits(tmp_path: Path, symbol: str) -> None:
    """Orbits by pymatgen's tables, of a general place and of special ones; CifParser agrees where operations stand."""
    group = SpaceGroup(symbol)
    gamma = 120 if group.crystal_system in ("trigonal", "hexagonal") else 90
    lengths = {"cubic": (20, 20, 20), "orthorhombic": (20, 21, 22)}.get(group.crystal_system, (20, 20, 23))
    places = [(0.0, 0.0, 0.0), (0.125, 0.125, 0.125), (0.31, 0.31, 0.31), (0.31, 0.62, 0.25), (0.11, 0.27, 0.43)]
    operations = "\n".join(f"'{operation.as_xyz_str()}'" for operation in group.symmetry_ops)
    for place in places:
        path = write_cif(
            tmp_path, (*lengths, 90, 90, gamma), f"loop_\n_symmetry_equiv_pos_as_xyz\n{operations}",
            f"K1 K {' '.join(map(str, place))} 0.25",
        )  # fmt: skip
        found = formats.read_sites(path)
        assert len(found) == len(group.get_orbit(place))
        assert len(found) == len(CifParser(path, check_cif=False).parse_structures(primitive=False)[0])


SALT = ("Na1 Na 0 0 0 1", "Cl1 Cl 0.5 0.5 0.5 1")
ROCK = (5.64, 5.64, 5.64, 90, 90, 90)
GROUP = "_symmetry_space_group_name_H-M 'F m -3 m'"


@pytest.mark.parametrize(
    "made",
    [
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: f"# Universität\n{text}".encode("latin-1"),
        lambda text: f"data_global\n_journal_year 2021\n{text}".encode(),
        lambda text: f"{text}\ndata_pattern\nloop_\n_pd_proc_point_id\n_pd_proc_d_spacing\n1 2.0\n2 1.9\n".encode(),
        lambda text: text.replace("_cell_length", "_Cell.Length").replace("_atom_site_", "_atom_site.").encode(),
        lambda text: text.replace("5.64", "5.6400(3)").replace("0.5 0.5", ".5000(2) 5.0E-1").encode(),
        lambda text: text.replace("0.5 1", "0.5 1.02(3)").encode(),
        lambda text: text.replace("Na1 Na ", "Na1 Na1+ ").replace("Cl1 Cl ", "Cl1 37Cl ").encode(),
        lambda text: text.replace("\nCl1", "\nVa1 Va 0 0 0 0.5\nCl1").encode(),
    ],
)  # fmt: skip
def test_dialects_give_the_same_crystal(tmp_path: Path, made) -> None:
    path = write_cif(tmp_path, ROCK, GROUP, *SALT)
    path.write_bytes(made(path.read_text()))
    assert read_structure(path).get_chemical_formula() == "Cl4Na4"


@pytest.mark.parametrize(
    ("group", "sites", "told"),
    [
        ("", SALT, r"gives no symmetry; write its operations .* or the group 'P 1' where all atoms"),
        ("_symmetry_space_group_name_H-M 'F m 7 m'", SALT, r"the space group 'F m 7 m' is unknown"),
        ("_symmetry_space_group_name_H-M 'P 63/m m c'", SALT, r"P 63/m m c contradicts the cell \(5\.64, 5\.64"),
        (f"{GROUP}\nloop_\n_symmetry_equiv_pos_as_xyz\n'x,y,z'\n'-x,-y,-z'", SALT, r"are those of space group 2, the"),
        ("loop_\n_symmetry_equiv_pos_as_xyz\n'x,y,z'\n'-x,y,z'\n'x,-y,z'", SALT, r"its 3 operations are no group"),
        (GROUP, ("Na1 Na 0 0 0 1", "H1 H ? ? ? 1"), r"site H1 has no coordinates \('\?' is no number\)"),
        (GROUP, ("Na1 Na 0 0 0 1", "Cl1 Cl . . . 1"), r"site Cl1 has no coordinates \('\.' is no number\)"),
        (GROUP, ("Na1 Na 0 0 0 1", "Cl1 Cl 1/2 1/2 1/2 1"), r"site Cl1 has no coordinates \('1/2' is no number\)"),
        (GROUP, ("N1 NH4 0 0 0 1", "Cl1 Cl 0.5 0.5 0.5 1"), r"speaks of H, but gives no coordinates"),
        (GROUP, ("Na1 Na 0 0 0 0.x", "Cl1 Cl 0.5 0.5 0.5 1"), r"site Na1 has the occupancy 0\.x"),
    ],
)  # fmt: skip
def test_what_a_file_does_not_tell_is_asked_for(tmp_path: Path, group: str, sites, told: str) -> None:
    with pytest.raises(StructureError, match=told) as error:
        contents(write_cif(tmp_path, ROCK, group, *sites))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("column", "values", "told"),
    [
        ("symmetry_multiplicity", (4, 8), r"site Cl1 has 4 places by the symmetry, the file says 8|site Na1"),
        ("symmetry_multiplicity", (4, 4), None),
        ("symmetry_multiplicity", (1, 1), None),
        ("attached_hydrogens", (4, 0), "speaks of H, but gives no coordinates"),
        ("attached_hydrogens", (0, 0), None),
    ],
)
def test_columns_that_contradict_the_atoms(tmp_path: Path, column: str, values, told: str | None) -> None:
    rows = [f"{site} {value}" for site, value in zip(SALT, values, strict=True)]
    path = write_cif(tmp_path, ROCK, GROUP, *rows, tags=(*TAGS, column))
    if told is None:
        assert contents(path) == {"Na": 4.0, "Cl": 4.0}
    else:
        with pytest.raises(StructureError, match=told):
            contents(path)


@pytest.mark.parametrize("end", ["Cl1 Cl 0.5", "loop_\n1 2 3\n"])
def test_a_list_that_is_cut_is_told(tmp_path: Path, end: str) -> None:
    path = write_cif(tmp_path, ROCK, GROUP, SALT[0], end)
    with pytest.raises(StructureError, match="is no whole CIF: a loop in it has not as many values"):
        contents(path)


def test_a_magnetic_cif_has_operations_and_centrings_apart(tmp_path: Path) -> None:
    group = (
        "loop_\n_space_group_symop_magn_operation.id\n_space_group_symop_magn_operation.xyz\n"
        "1 x,y,z,+1\n2 -x,-y,-z,+1\n"
        "loop_\n_space_group_symop_magn_centering.id\n_space_group_symop_magn_centering.xyz\n1 x,y,z,+1\n"
        "2 x+1/2,y+1/2,z,-1"
    )
    path = write_cif(tmp_path, (6, 6, 6, 90, 90, 90), group, "Mn1 Mn 0 0 0 1", "O1 O 0 0.25 0.38 1")
    assert contents(path) == {"Mn": 2.0, "O": 4.0}  # an inversion centre, and a general place of C -1


def test_oxidation_states_of_the_file_go_with_its_symbols(tmp_path: Path) -> None:
    types = "loop_\n_atom_type_symbol\n_atom_type_oxidation_number\nFe2+ 2\nFe3+ 3\nO2- -2"
    sites = ("Fe1 Fe2+ 0 0 0 1", "Fe2 Fe3+ 0.5 0.5 0.5 1", "O1 O2- .25 .25 .25 1")
    structure = formats.read_sites(write_cif(tmp_path, ROCK, GROUP, *sites, head=types))
    states = {site.label: next(iter(site.species)).oxi_state for site in structure}
    assert states == {"Fe1": 2, "Fe2": 3, "O1": -2}
