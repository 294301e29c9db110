"""Crystals whose hydrogens were taken out are told, and those that have none are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal

from paddlewheel.crystals import read_structure
from paddlewheel.crystals.lost_hydrogen import lost_hydrogen
from paddlewheel.errors import StructureError
from paddlewheel.studies.simulation.structures import choose_structure


def _without_hydrogen(atoms: Atoms) -> Atoms:
    return atoms[atoms.numbers != 1]


def _of(symbols: list[str], places: list[tuple[float, float, float]], group: int, cell: list[float]) -> Atoms:
    return crystal(symbols, places, spacegroup=group, cellpar=cell)


@pytest.mark.parametrize(
    ("atoms", "told"),
    [
        (bulk("NCl", "cesiumchloride", a=3.868), "1 N"),  # NH4Cl
        (_of(["Li", "O"], [(0, 0, 0), (0, 0.5, 0.194)], 129, [3.549, 3.549, 4.334, 90, 90, 90]), "2 O"),  # LiOH
        (_without_hydrogen(read_structure("nabh4")), "2 B"),
        (_without_hydrogen(read_structure("na2b12h12")), "24 B"),
        (  # LiNH2, I-4
            _of(["Li", "Li", "Li", "N"], [(0, 0, 0), (0, 0.5, 0.25), (0, 0.5, 0.0042), (0.2284, 0.2452, 0.1148)], 82,
                [5.034, 5.034, 10.256, 90, 90, 90]), "8 N",
        ),
        (_of(["Na", "O"], [(0.5, 0.5, 0.5), (0, 0, 0)], 221, [4.3, 4.3, 4.3, 90, 90, 90]), "1 O"),  # water about an ion
    ],
)  # fmt: skip
def test_a_crystal_without_its_hydrogens_is_told(atoms: Atoms, told: str) -> None:
    said = lost_hydrogen(atoms)
    assert said is not None
    assert said.startswith(f"hydrogens seem to be missing: {told} ")


_ANATASE = [(0, 0, 0), (0, 0, 0.2081)]


@pytest.mark.parametrize(
    "atoms",
    [
        bulk("MgO", "rocksalt", a=4.21),
        _of(["Li", "O"], [(0.25, 0.25, 0.25), (0, 0, 0)], 225, [4.62, 4.62, 4.62, 90, 90, 90]),
        _of(["Cs", "O"], [(0, 0, 0.256), (0, 0, 0)], 166, [4.256, 4.256, 18.99, 90, 90, 120]),
        _of(["Ti", "O"], _ANATASE, 141, [3.785, 3.785, 9.514, 90, 90, 90]),
        _of(["Li", "Li", "N"], [(0, 0, 0.5), (1 / 3, 2 / 3, 0), (0, 0, 0)], 191, [3.648, 3.648, 3.875, 90, 90, 120]),
        _of(["Mg", "B"], [(0, 0, 0), (1 / 3, 2 / 3, 0.5)], 191, [3.086, 3.086, 3.524, 90, 90, 120]),
        _of(["La", "B"], [(0, 0, 0), (0.1993, 0.5, 0.5)], 221, [4.157, 4.157, 4.157, 90, 90, 90]),
        _of(["K", "O"], [(0, 0, 0), (0, 0, 0.4045)], 139, [4.033, 4.033, 6.699, 90, 90, 90]),  # superoxide
        _of(["Na", "N", "N"], [(0, 0, 0), (0, 0, 0.5), (0, 0, 0.4267)], 166, [3.646, 3.646, 15.223, 90, 90, 120]),
        read_structure("nabh4"),
        read_structure("na2b12h12"),
    ],
    ids=lambda atoms: atoms.get_chemical_formula(),
)
def test_a_crystal_that_has_what_it_needs_is_not(atoms: Atoms) -> None:
    assert lost_hydrogen(atoms) is None


def test_the_warning_is_in_what_a_simulation_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    chosen = choose_structure(bulk("NCl", "cesiumchloride", a=3.868), supercell="1x1x1", orderings=None, seed=1)
    assert chosen.notes[0].startswith("hydrogens seem to be missing: 1 N")
    assert "hydrogens seem to be missing" in capsys.readouterr().err


_CIF = """data_salt
{tag} '{formula}'
_cell_length_a 3.868
_cell_length_b 3.868
_cell_length_c 3.868
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_name_H-M_alt 'P m -3 m'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
N1 N 0.5 0.5 0.5
Cl1 Cl 0 0 0
"""


@pytest.mark.parametrize(
    ("tag", "formula"),
    [
        ("_chemical_formula_sum", "Cl H4 N"),
        ("_chemical_formula_structural", "(N H4) Cl"),
        ("_chemical_formula_moiety", "H4 N +, Cl -"),
        ("_chemical_formula_moiety", "D4 N 1+, Cl 1-"),
        ("_chemical_formula_sum 'Cl N'\n_chemical_formula_moiety", "H4 N +, Cl -"),
    ],
)
def test_any_formula_of_the_file_that_has_hydrogen_is_believed(tmp_path: Path, tag: str, formula: str) -> None:
    (tmp_path / "salt.cif").write_text(_CIF.format(tag=tag, formula=formula))
    with pytest.raises(StructureError, match="the file speaks of H, but gives no coordinates of it"):
        read_structure(tmp_path / "salt.cif")


def test_what_is_no_formula_is_none(tmp_path: Path) -> None:
    (tmp_path / "salt.cif").write_text(_CIF.format(tag="_chemical_formula_structural", formula="Salammoniac (H-free)"))
    assert read_structure(tmp_path / "salt.cif").get_chemical_formula() == "ClN"
