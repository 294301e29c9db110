"""phonopy's shipped NaCl forces through our modes and thermal functions, against the table of phonopy's own tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.io import read
from phonopy import Phonopy
from phonopy.file_IO import parse_BORN, parse_FORCE_SETS
from phonopy.interface.vasp import read_vasp

from paddlewheel.errors import InputError
from paddlewheel.thermodynamics.bands import gamma_modes, phonon_bands
from paddlewheel.thermodynamics.born_charges import read_born_charges
from paddlewheel.thermodynamics.harmonic import harmonic_functions
from paddlewheel.thermodynamics.phonons import displaced_supercells, phonon_modes
from paddlewheel.units import KJ_PER_MOL_IN_eV

DATA = Path(__file__).parent / "data" / "phonopy_nacl"
TOLERANCE = {"atol": 2e-5, "rtol": 2.5e-6}
"""phonopy's own tests allow 1e-5 on six digits; its k, and its eV in kJ/mol, are of CODATA 2006, 6e-7 above ours."""
MESH_LENGTH_A = 16.4
"""5 x 5 x 5 points, the mesh of the table: |a*| is sqrt(3) / 5.690 A."""
TEMPERATURES_K = np.arange(0.0, 1000.0, 100.0)
# phonopy 4.10.0, test/phonon/test_thermal_properties.py: kJ/mol and J/(K mol) of NaCl
FREE_ENERGY = (
    4.856522,
    3.916257,
    -0.275662,
    -6.808753,
    -14.961276,
    -24.341220,
    -34.707527,
    -45.897738,
    -57.795132,
    -70.311860,
)
ENTROPY = (0.0, 26.327525, 55.256537, 74.268068, 88.155267, 99.052543, 108.007856, 115.604464, 122.198503, 128.022838)
HEAT_CAPACITY = (0.0, 36.207244, 45.673361, 47.838756, 48.634184, 49.009290, 49.214930, 49.339570, 49.420727, 49.476488)


@pytest.fixture
def nacl() -> Phonopy:
    """The crystal with its displacements and Born charges, no force constants yet."""
    phonon = Phonopy(
        read_vasp(DATA / "POSCAR"),
        supercell_matrix=np.diag([2, 2, 2]),
        primitive_matrix=(np.ones((3, 3)) - np.eye(3)) / 2,
    )
    phonon.dataset = parse_FORCE_SETS(filename=DATA / "FORCE_SETS")
    phonon.nac_params = parse_BORN(phonon.primitive, filename=DATA / "BORN")
    return phonon


def thermal(modes):
    """Per mole of NaCl, without the translations: kJ/mol, J/(K mol), J/(K mol)."""
    kept = modes.wavenumber_per_cm > 0.1
    weights = np.broadcast_to(modes.weights[:, None], kept.shape)[kept]
    found = harmonic_functions(modes.wavenumber_per_cm[kept], TEMPERATURES_K, weights=weights, n_atoms=1.0)
    return (
        found.free_energy_eV_per_atom / KJ_PER_MOL_IN_eV,
        1000 * found.entropy_eV_per_K_per_atom / KJ_PER_MOL_IN_eV,
        1000 * found.heat_capacity_eV_per_K_per_atom / KJ_PER_MOL_IN_eV,
    )


def forced(phonon: Phonopy) -> Phonopy:
    """With force constants, from phonopy's shipped forces."""
    phonon.forces = np.array([one["forces"] for one in phonon.dataset["first_atoms"]])
    phonon.produce_force_constants()
    phonon.symmetrize_force_constants()
    return phonon


def test_longitudinal_modes_are_higher_by_their_charge(nacl: Phonopy, tmp_path: Path) -> None:
    """Cubic, two atoms: w_LO^2 - w_TO^2 = Z^2 e^2 / (epsilon_0 epsilon_inf V mu) (Born and Huang 1954), to rounding.

    2 parts in 10^4 are the constant 14.400 eV A of the file.
    """
    from scipy.constants import atomic_mass, c, e, epsilon_0, pi

    found = gamma_modes(forced(nacl))
    optical = found.wavenumber_per_cm[3:]
    assert found.longitudinal_per_cm is not None
    np.testing.assert_allclose(optical, optical[0], rtol=1e-6)
    charge, dielectric = 1.086875, 2.43533967
    reduced = 22.98976928 * 35.453 / (22.98976928 + 35.453) * atomic_mass
    split = (charge * e) ** 2 / (epsilon_0 * dielectric * nacl.primitive.volume * 1e-30 * reduced)
    expected = np.sqrt((optical[0] * 100 * c * 2 * pi) ** 2 + split) / (100 * c * 2 * pi)
    for along in found.longitudinal_per_cm.T:
        np.testing.assert_allclose(along[3:5], optical[0], rtol=1e-4)
        assert along[5] == pytest.approx(expected, rel=2e-4)
    # measured: 164 and 264 1/cm (Raunio, Almqvist, Stedman, Phys. Rev. 178, 1496 (1969)); PBE is softer, within 10 %
    assert optical[0] == pytest.approx(164, rel=0.1)
    assert expected == pytest.approx(264, rel=0.1)
    assert phonon_bands(nacl).wavenumber_per_cm.max() == pytest.approx(expected, rel=2e-4)


def test_a_file_of_charges_is_read_for_the_cell_of_modes(nacl: Phonopy, tmp_path: Path) -> None:
    """Two independent atoms in the conventional cell of 8 too; the unit is Coulomb's where the file names none."""
    cell = read(DATA / "POSCAR", format="vasp")
    path = tmp_path / "BORN"
    path.write_text("default\n" + "".join((DATA / "BORN").read_text().splitlines(keepends=True)[1:]))
    found = read_born_charges(path, cell)
    assert found["factor"] == pytest.approx(14.399645, abs=1e-6)
    charges = np.array([np.trace(one) / 3 for one in found["born"]])
    sign = np.where(np.array(cell.get_chemical_symbols()) == "Na", 1, -1)
    np.testing.assert_allclose(charges, 1.086875 * sign, atol=1e-6)
    for text, message in (
        ("", "line 1"),
        ("14.4\n1 0 0\n", "line 2"),
        ("14.4\n" + "0.5 " * 9 + "\n", "Number of lines"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            read_born_charges(path, cell)
    path.write_text((DATA / "BORN").read_text().replace("2.43533967", "0.4"))
    with pytest.raises(InputError, match=r"dielectric tensor with 0\.4"):
        read_born_charges(path, cell)


def test_charges_that_do_not_cancel_are_refused_or_a_little_shifted(tmp_path: Path) -> None:
    """A rigid shift of a crystal makes no dipole: the charges of its atoms add up to zero."""
    cell, path = read(DATA / "POSCAR", format="vasp"), tmp_path / "BORN"

    def charges(sodium: float, chlorine: float) -> np.ndarray:
        rows = [" ".join(str(value) for value in (z * np.eye(3)).ravel()) for z in (2.4, sodium, chlorine)]
        path.write_text("\n".join(["14.4", *rows, ""]))
        return read_born_charges(path, cell)["born"]

    np.testing.assert_allclose(charges(1.10, -1.06)[[0, -1], 0, 0], [1.08, -1.08], atol=1e-12)
    with pytest.raises(InputError, match=r"8 atoms of Cl4Na4 add up to \+2\.4 e, not to 0"):
        charges(1.1, -0.5)


def test_parity_of_a_crystal_with_a_centre_at_every_atom(nacl: Phonopy) -> None:
    """All six modes of rock salt are ungerade (3 translations and T1u); none is Raman active."""
    assert (gamma_modes(forced(nacl)).parity == -1).all()


def test_parity_of_diamond_is_that_of_group_theory() -> None:
    """T2g (Raman) and the translations, T1u, with any potential; without a centre (zincblende) there is none."""
    from ase.build import bulk
    from ase.calculators.emt import EMT

    for symbols, expected in ((["Cu", "Cu"], [-1, -1, -1, 1, 1, 1]), (["Cu", "Ni"], [0] * 6)):
        atoms = bulk("Cu", "diamond", a=5.0)
        atoms.set_chemical_symbols(symbols)
        phonon, cells = displaced_supercells(atoms, (2, 2, 2), displacement_A=0.01)
        for cell in cells:
            cell.calc = EMT()
        phonon_modes(phonon, np.array([cell.get_forces() for cell in cells]))
        found = gamma_modes(phonon)
        order = np.argsort(np.abs(found.wavenumber_per_cm))  # the translations are those nearest to zero
        np.testing.assert_array_equal(found.parity[order], expected)


def test_thermal_properties_are_those_of_phonopys_tests(nacl: Phonopy) -> None:
    forces = np.array([one["forces"] for one in nacl.dataset["first_atoms"]])
    modes = phonon_modes(nacl, forces, mesh_length_A=MESH_LENGTH_A)
    assert modes.imaginary_share == 0
    free_energy, entropy, heat_capacity = thermal(modes)
    np.testing.assert_allclose(free_energy, FREE_ENERGY, **TOLERANCE)
    np.testing.assert_allclose(entropy, ENTROPY, **TOLERANCE)
    np.testing.assert_allclose(heat_capacity, HEAT_CAPACITY, **TOLERANCE)
