"""The standard path of centred lattices, in whichever primitive cell, and fcc aluminium as phonopy has it by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.io import read
from phonopy import Phonopy
from phonopy.phonon.band_structure import get_band_qpoints_by_seekpath
from phonopy.structure.atoms import PhonopyAtoms

from paddlewheel import phonons
from paddlewheel.thermodynamics.bands import PhononBands, phonon_bands
from paddlewheel.thermodynamics.phonons import displaced_supercells, phonon_modes
from paddlewheel.units import THZ_IN_PER_CM


def _bands(atoms: Atoms, repeats: tuple, n_points: int = 60) -> PhononBands:
    phonon, cells = displaced_supercells(atoms, repeats, displacement_A=0.01, primitive="auto")
    forces = []
    for cell in cells:
        cell.calc = EMT()
        forces.append(cell.get_forces())
    phonon_modes(phonon, np.array(forces), mesh_length_A=10.0)
    return phonon_bands(phonon, n_points=n_points)


def _at(bands: PhononBands, name: str) -> np.ndarray:
    """Frequencies at a special point, THz."""
    distance = next(at for at, label in bands.labels if name in label.split("|"))
    return bands.wavenumber_per_cm[np.abs(bands.distance_per_A - distance).argmin()] / THZ_IN_PER_CM


# Hinuma et al., Comput. Mater. Sci. 128, 140 (2017), tables 70 and following: cF2, cI1, hP2
@pytest.mark.parametrize(
    ("atoms", "repeats", "path"),
    [
        (bulk("Cu", a=3.59), (3, 3, 3), "Γ X U|K Γ L W X"),
        (bulk("Cu", a=3.59, cubic=True), (2, 2, 2), "Γ X U|K Γ L W X"),
        (bulk("Cu", "bcc", a=2.86), (3, 3, 3), "Γ H N Γ P H|P N"),
        (bulk("Cu", "hcp", a=2.54, c=4.15), (3, 3, 2), "Γ M K Γ A L H A|L M|H K"),
    ],
    ids=["fcc primitive", "fcc cube", "bcc primitive", "hcp"],
)
def test_the_path_is_that_of_the_bravais_lattice(atoms: Atoms, repeats: tuple, path: str) -> None:
    bands = _bands(atoms, repeats)
    assert " ".join(name for _, name in bands.labels) == path
    assert bands.wavenumber_per_cm.shape[1] == 3 * (2 if "A" in path else 1)  # of the primitive cell
    distances = [at for at, _ in bands.labels]
    assert (np.diff(distances) > 0).all()


def test_the_cube_and_any_primitive_cell_have_the_same_bands() -> None:
    cube = bulk("Cu", a=3.59, cubic=True)
    skewed = bulk("Cu", a=3.59)
    skewed.set_cell(np.array([[1, 0, 0], [1, 1, 0], [-1, 1, 1]]) @ np.array(skewed.cell))
    # the same supercell of 32 atoms, from either cell
    matrix = np.rint(2 * np.array(cube.cell) @ np.linalg.inv(np.array(skewed.cell))).astype(int)
    bands = [_bands(cube, (2, 2, 2)), _bands(skewed, tuple(map(tuple, matrix.tolist())))]
    assert [name for _, name in bands[0].labels] == [name for _, name in bands[1].labels]
    for name in ("X", "K", "L", "W"):
        # 1e-5 THz: EMT's forces on displaced atoms are the same to 1e-12 eV/A; phonopy averages them in another order
        np.testing.assert_allclose(_at(bands[0], name), _at(bands[1], name), atol=1e-5)


def test_aluminium_on_the_primitive_cell_is_what_phonopy_gives_by_itself(tmp_path: Path) -> None:
    record = phonons(
        bulk("Al", a=4.0), potential="ase:ase.calculators.emt:EMT", n_atoms=32, temperatures_K=[0.0, 300.0],
        out=tmp_path / "al", cores=1,
    )  # fmt: skip
    assert record.convergence is not None
    assert (record.n_atoms_primitive, record.convergence.supercells[-1].n_atoms) == (1, 32)
    relaxed = read(tmp_path / "al" / "structure.cif")
    assert isinstance(relaxed, Atoms)
    cell = PhonopyAtoms(
        symbols=relaxed.get_chemical_symbols(), cell=np.array(relaxed.cell),
        scaled_positions=relaxed.get_scaled_positions(),
    )  # fmt: skip
    theirs = Phonopy(cell, supercell_matrix=np.ones((3, 3)) * 2 - 4 * np.eye(3), primitive_matrix="P")
    theirs.generate_displacements(distance=0.01, is_plusminus=True)
    forces = []
    for displaced in theirs.supercells_with_displacements or []:
        assert displaced is not None
        atoms = Atoms(displaced.symbols, scaled_positions=displaced.scaled_positions, cell=displaced.cell, pbc=True)
        atoms.calc = EMT()
        forces.append(atoms.get_forces())
    theirs.forces = np.array(forces)
    theirs.produce_force_constants()
    theirs.symmetrize_force_constants()
    # seekpath's standard primitive cell is the one at hand: its wave vectors are ours
    paths, _, _ = get_band_qpoints_by_seekpath(theirs.primitive, 2)
    theirs.run_band_structure(paths)
    columns = np.genfromtxt(tmp_path / "al" / "bands.csv", delimiter=",", names=True)
    wave_vectors = np.array([columns[f"q{axis}"] for axis in "abc"]).T
    ours = np.array([columns[name] for name in columns.dtype.names if name.startswith("mode")]).T / THZ_IN_PER_CM
    assert len(paths) == 6  # Γ X, X U, K Γ, Γ L, L W, W X
    highest = 0.0
    for points, frequencies in zip(paths, theirs.band_structure.frequencies, strict=True):
        for point, wanted in zip(points, frequencies, strict=True):
            (here, *_) = ours[np.abs(wave_vectors - point).max(axis=1) < 1e-9]
            # 1e-6 THz: the same displacements, forces and sum rules; the rest is rounding
            np.testing.assert_allclose(here, np.sort(wanted), atol=1e-6)
            highest = max(highest, float(wanted.max()))
    # measured at X: 9.69 THz (Stedman and Nilsson, Phys. Rev. 145, 492 (1966)); EMT is 10 to 15 % too soft
    assert 8.0 < highest < 9.7
