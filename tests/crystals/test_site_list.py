"""Lists of sites: text, CIF, built in; multiplied by symmetry, repeated into a supercell, refused in one line."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.io import write

from paddlewheel.crystals import place_in_cell, read_site_list, read_structure
from paddlewheel.errors import StructureError


def test_the_seven_families_of_o_nbh_fill_its_supercell() -> None:
    sites = read_site_list("o-nbh", specie="Na")
    counts = Counter(sites.families)
    assert counts == {"T0": 4, "T1a": 8, "T1b": 8, "T2a": 8, "T2b": 4, "T2c": 8, "T2d": 8}
    cell = read_structure("o-nbh").cell.array
    placed = place_in_cell(sites, np.diag([2, 2, 2]) @ cell)
    assert placed.repeats == (2, 2, 2)
    assert len(placed.fractional) == 384
    assert len(set(placed.labels)) == 384
    assert Counter(placed.families) == {name: 8 * count for name, count in counts.items()}


def test_o_nbh_sites_lie_between_the_anions_that_their_names_count() -> None:
    """The centres of the model: B12H12 at (0, 0.1369, 1/4), BH4 at (0, 0.44, 1/4) and what Cmc2_1 makes of them."""
    from pymatgen.symmetry.groups import SpaceGroup

    sites = read_site_list("o-nbh", specie="Na")
    cell = np.diag([8.0083, 21.881, 7.7672])
    centres = [np.array(SpaceGroup("Cmc2_1").get_orbit([0.0, y, 0.25])) for y in (0.1369, 0.44)]
    shells = np.stack(np.meshgrid(*[np.arange(-1, 2)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    large, small = (((one[None] + shells[:, None]).reshape(-1, 3)) @ cell for one in centres)
    for position, family in zip(sites.fractional % 1, sites.families, strict=True):
        both = np.concatenate([np.linalg.norm(one - position @ cell, axis=1) for one in (small, large)])
        nearest = np.argsort(both)[:4]
        assert (nearest < len(small)).sum() == int(family[1])


def test_text_without_a_cell_is_of_the_simulated_one(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("# two\nNa1 0.25 0.5 -0.25\nNa1 0.75 0.5 0.25  # moved\n\nX 0 0 0\n")
    placed = place_in_cell(read_site_list(path, specie="Na"), np.eye(3) * 7)
    assert placed.labels == ("Na1.1", "Na1.2", "X")
    assert placed.families == ("Na1", "Na1", "X")
    np.testing.assert_allclose(placed.fractional, [[0.25, 0.5, -0.25], [0.75, 0.5, 0.25], [0, 0, 0]])


def test_sites_of_a_structure_are_those_of_the_specie(tmp_path: Path) -> None:
    path = tmp_path / "salt.cif"
    write(path, bulk("NaCl", "rocksalt", a=5.6, cubic=True))
    sites = read_site_list(path, specie="Na")
    assert len(sites.families) == 4
    assert place_in_cell(sites, np.diag([11.3, 5.5, 5.6])).repeats == (2, 1, 1)
    with pytest.raises(StructureError, match="holds no site of Li"):
        read_site_list(path, specie="Li")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("# nothing\n", "holds no site"),
        ("Na 0.1 0.2\n", "line 1 is no site: 'Na 0.1 0.2' .3 words"),
        ("Na 0.1 0.2 x\n", "line 1 is no site"),
        ("Na 0.1 0.2 nan\n", "not a finite number"),
        ("cell 1 2 -3\nNa 0 0 0\n", "line 1 is no site.*not positive"),
        ("symmetry Q99\nNa 0 0 0\n", "'Q99' is no space group"),
    ],
)
def test_bad_lists_are_refused_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "list.txt"
    path.write_text(text)
    with pytest.raises(StructureError, match=words) as refused:
        read_site_list(path, specie="Na")
    assert "list.txt" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_list_that_does_not_fit_is_refused_with_both_cells() -> None:
    with pytest.raises(StructureError, match=r"8.01, 21.88, 7.77 A, 90, 90, 90.*10.00, 10.00, 10.00 A"):
        place_in_cell(read_site_list("o-nbh", specie="Na"), np.eye(3) * 10)
    with pytest.raises(StructureError, match="no such file"):
        read_site_list("nowhere.txt", specie="Na")
