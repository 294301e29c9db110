"""phonopy's shipped NaCl forces through our modes and thermal functions, against the table of phonopy's own tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from phonopy import Phonopy
from phonopy.file_IO import parse_BORN, parse_FORCE_SETS
from phonopy.interface.vasp import read_vasp

from paddlewheel.thermodynamics.harmonic import harmonic_functions
from paddlewheel.thermodynamics.phonons import phonon_modes
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


def test_thermal_properties_are_those_of_phonopys_tests(nacl: Phonopy) -> None:
    forces = np.array([one["forces"] for one in nacl.dataset["first_atoms"]])
    modes = phonon_modes(nacl, forces, mesh_length_A=MESH_LENGTH_A)
    assert modes.imaginary_share == 0
    free_energy, entropy, heat_capacity = thermal(modes)
    np.testing.assert_allclose(free_energy, FREE_ENERGY, **TOLERANCE)
    np.testing.assert_allclose(entropy, ENTROPY, **TOLERANCE)
    np.testing.assert_allclose(heat_capacity, HEAT_CAPACITY, **TOLERANCE)
