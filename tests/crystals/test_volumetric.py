"""Volumetric files read back by pymatgen, ASE and a parser written from VTK's file format."""

from __future__ import annotations

import base64
import struct
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from paddlewheel.crystals.volumetric import write_chgcar, write_cube, write_vti, write_vts

SKEW = np.array([[7.0, 0.0, 0.0], [-2.1, 6.4, 0.0], [0.7, 1.1, 8.2]])
TURNED = np.array([[0.0, 7.0, 0.0], [-6.0, 0.0, 0.0], [0.0, 0.0, 8.0]])  # right angles, not along x, y, z


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).gamma(0.5, size=(5, 7, 4))


@pytest.fixture
def atoms() -> Atoms:
    return Atoms("BHNaB", positions=[[0.1, 0.2, 0.3], [1, 1, 1], [3, 2, 4], [2, 5, 1]], cell=SKEW, pbc=True)


def test_cube_comes_back_from_ase(tmp_path: Path, values: np.ndarray, atoms: Atoms) -> None:
    from ase.io.cube import read_cube

    write_cube(tmp_path / "d.cube", values, atoms=atoms, comment="density,\n1/A^3")
    with open(tmp_path / "d.cube", encoding="ascii") as file:
        assert file.readline() == "density, 1/A^3\n"
        file.seek(0)
        found = read_cube(file)
    # seven digits of a value, 1e-6 Bohr of a position
    np.testing.assert_allclose(found["data"], values, rtol=1e-6)
    np.testing.assert_allclose(found["atoms"].positions, atoms.positions, atol=1e-6)
    np.testing.assert_allclose(found["atoms"].cell.array, SKEW, atol=1e-6)
    assert found["atoms"].get_chemical_symbols() == ["B", "H", "Na", "B"]
    np.testing.assert_allclose(found["origin"], 0.0)


def test_chgcar_comes_back_from_pymatgen(tmp_path: Path, values: np.ndarray, atoms: Atoms) -> None:
    from pymatgen.io.vasp import Chgcar

    write_chgcar(tmp_path / "CHGCAR", values, atoms=atoms, comment="density")
    found = Chgcar.from_file(str(tmp_path / "CHGCAR"))
    volume = atoms.get_volume()
    # VASP keeps value times volume: its mean over the grid is the integral
    np.testing.assert_allclose(found.data["total"], values * volume, rtol=1e-9)
    assert found.data["total"].mean() == pytest.approx(values.sum() * volume / values.size, rel=1e-9)
    np.testing.assert_allclose(found.structure.lattice.matrix, SKEW, atol=1e-9)
    assert [site.specie.symbol for site in found.structure] == ["B", "B", "H", "Na"]  # by element, as POSCAR has it
    np.testing.assert_allclose(found.structure.cart_coords, atoms.positions[[0, 3, 1, 2]], atol=1e-6)


def _data(element: ET.Element, name: str) -> np.ndarray:
    """Inline binary of the VTK XML format: a header with the number of bytes, then the raw numbers, both base64."""
    array = next(one for one in element.iter("DataArray") if one.get("Name") == name)
    assert (array.get("type"), array.get("format")) == ("Float32", "binary")
    raw = base64.b64decode((array.text or "").strip())
    (size,) = struct.unpack("<Q", raw[:8])
    assert size == len(raw) - 8
    return np.frombuffer(raw[8:], dtype="<f4")


@pytest.mark.parametrize("cell", [SKEW, TURNED])
def test_vti_places_every_point(tmp_path: Path, values: np.ndarray, cell: np.ndarray) -> None:
    write_vti(tmp_path / "d.vti", values, cell_A=cell, name="density")
    root = ET.parse(tmp_path / "d.vti").getroot()
    assert root.attrib == {
        "type": "ImageData", "version": "1.0", "byte_order": "LittleEndian", "header_type": "UInt64"
    }  # fmt: skip
    image = root[0]
    extent = [int(n) for n in image.attrib["WholeExtent"].split()]
    assert extent == [0, 5, 0, 7, 0, 4]
    spacing = np.array(image.attrib["Spacing"].split(), dtype=float)
    direction = np.array(image.attrib["Direction"].split(), dtype=float).reshape(3, 3)
    np.testing.assert_allclose(np.linalg.norm(direction, axis=0), 1.0)
    data = _data(root, "density").reshape(5, 8, 6)  # x fastest
    for i, j, k in ((0, 0, 0), (3, 2, 1), (5, 7, 4), (1, 0, 4)):
        # vtkImageData: x = Origin + Direction (Spacing * index)
        place = direction @ (spacing * (i, j, k))
        np.testing.assert_allclose(place, np.array([i / 5, j / 7, k / 4]) @ cell, atol=1e-9)
        assert data[k, j, i] == pytest.approx(values[i % 5, j % 7, k % 4], rel=1e-6)


def test_vts_writes_the_points_themselves(tmp_path: Path, values: np.ndarray) -> None:
    write_vts(tmp_path / "d.vts", values, cell_A=SKEW, name="density")
    root = ET.parse(tmp_path / "d.vts").getroot()
    points = _data(root, "points").reshape(5, 8, 6, 3)
    data = _data(root, "density").reshape(5, 8, 6)
    np.testing.assert_allclose(points[3, 6, 2], np.array([2 / 5, 6 / 7, 3 / 4]) @ SKEW, atol=1e-5)
    np.testing.assert_allclose(points[4, 7, 5], SKEW.sum(axis=0), atol=1e-5)
    np.testing.assert_allclose(data[:4, :7, :5], values.transpose(2, 1, 0), rtol=1e-6)
