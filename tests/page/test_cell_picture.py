"""The drawn cell: polyanions in one piece, sticks as long as bonds, networks left in the cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import write

from paddlewheel.errors import StructureError
from paddlewheel.page.cell_picture import (
    cell_figure,
    read_cell,
)
from synthetic_run import ok_row, record_of, write_run


def test_anions_across_a_face_are_made_whole(tmp_path: Path) -> None:
    write_run(tmp_path, record_of([ok_row(600.0)], None))
    picture = read_cell(tmp_path / "structure.cif", specie="Na")
    assert picture.counts == {"Na": 8, "B": 8, "H": 32}
    assert len(picture.bonds) == 32  # four B-H a BH4, none to Na
    ends = picture.positions_A[picture.bonds]
    # the arms are 1.22 A; CIF keeps about seven digits of the fractions of a 12.3 A edge
    np.testing.assert_allclose(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1), 1.22, atol=1e-4)


def test_an_endless_network_keeps_its_atoms_in_the_cell(tmp_path: Path) -> None:
    silicon = bulk("Si", cubic=True)
    write(tmp_path / "structure.cif", silicon)
    picture = read_cell(tmp_path / "structure.cif", specie="Na")
    fractions = picture.positions_A @ np.linalg.inv(picture.cell_A)
    assert fractions.min() > -1e-6
    assert fractions.max() < 1.0
    lengths = np.linalg.norm(np.diff(picture.positions_A[picture.bonds], axis=1)[:, 0], axis=1)
    assert lengths.size > 0
    assert lengths.max() < 2.4  # Si-Si is 2.35 A: no stick across the cell


def test_a_cell_of_cations_alone_can_be_drawn(tmp_path: Path) -> None:
    write(
        tmp_path / "structure.cif",
        Atoms("Na2", scaled_positions=[[0, 0, 0], [0.5, 0.5, 0.5]], cell=[4.2] * 3, pbc=True),
    )
    picture = read_cell(tmp_path / "structure.cif", specie="Na")
    assert picture.bonds.shape == (0, 2)
    assert cell_figure(picture) is not None


def test_views_turn_the_named_axis_to_the_onlooker(tmp_path: Path) -> None:
    cell = [[5.0, 0, 0], [-2.0, 6.0, 0], [1.0, 0.5, 9.0]]
    write(tmp_path / "structure.cif", Atoms("Na", positions=[[0.1, 0.2, 0.3]], cell=cell, pbc=True))
    picture = read_cell(tmp_path / "structure.cif", specie="Na")
    for name, axis in zip("abc", picture.cell_A, strict=True):
        x, y, z, w = picture.viewer_data()["views"][name]
        direction, vector = axis / np.linalg.norm(axis), np.array([x, y, z])
        turned = direction + 2 * np.cross(vector, np.cross(vector, direction) + w * direction)
        np.testing.assert_allclose(turned, [0, 0, 1], atol=1e-5)  # quaternions are kept to six digits


def test_a_file_that_is_no_structure_is_refused(tmp_path: Path) -> None:
    (tmp_path / "structure.cif").write_text("data_nothing\n")
    with pytest.raises(StructureError, match="structure"):
        read_cell(tmp_path / "structure.cif", specie="Na")
