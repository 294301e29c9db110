"""Ideal gases by statistical mechanics: JANAF, the NASA polynomials, ASE's own, and a dimer with a known spring."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.lj import LennardJones
from ase.thermochemistry import IdealGasThermo

from paddlewheel.errors import SettingsError
from paddlewheel.thermodynamics.gases import find_gas
from paddlewheel.thermodynamics.molecules import molecule_functions, molecule_vibrations, zero_point_eV
from paddlewheel.units import PER_CM_IN_eV

KJ = 96.48533212331
# fundamentals of 11B2H6, 1/cm, by species: Ag, Au, B1g, B1u, B2g, B2u, B3g, B3u (Shimanouchi; Duncan 1985)
DIBORANE_PER_CM = [
    2524, 2104, 1180, 794, 833, 1768, 850, 2612, 950, 368, 2591, 915, 1915, 973, 1012, 2525, 1602, 1177,
]  # fmt: skip


def _diborane() -> Atoms:
    """D2h: B-B 1.763, B-Ht 1.201, B-Hb 1.320 A, Ht-B-Ht 121 degrees (electron diffraction and spectra)."""
    half, bridge, terminal, angle = 1.763 / 2, 1.320, 1.201, np.radians(60.5)
    x = np.sqrt(bridge**2 - half**2)
    ends = [[0, s * terminal * np.sin(angle), t * (half + terminal * np.cos(angle))] for t in (1, -1) for s in (1, -1)]
    return Atoms("B2H6", positions=[[0, 0, half], [0, 0, -half], [x, 0, 0], [-x, 0, 0], *ends])


def _molar(found, n_atoms: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """S and Cp in J/(mol K), H - H(0) in kJ/mol."""
    S, Cp = found.entropy_eV_per_K_per_atom, found.heat_capacity_eV_per_K_per_atom
    enthalpy = found.free_energy_eV_per_atom - found.zero_point_eV_per_atom + found.temperature_K * S
    return S * n_atoms * KJ * 1000, Cp * n_atoms * KJ * 1000, enthalpy * n_atoms * KJ


def test_hydrogen_is_janaf_within_half_a_percent() -> None:
    atoms = Atoms("H2", positions=[[0, 0, 0], [0.7414, 0, 0]])
    found = molecule_functions(atoms.get_masses(), atoms.positions, [4161.17], [298.15, 600.0], symmetry_number=2)
    S, _, H = _molar(found, 2)
    # NIST-JANAF: S; H - H(0) = 8.467 kJ/mol at 298.15 K, and 8.811 more at 600 K
    np.testing.assert_allclose(S, [130.680, 151.077], rtol=5e-3)
    np.testing.assert_allclose(H, [8.467, 17.278], rtol=5e-3)


def test_cold_hydrogen_is_ortho_and_para_of_janaf() -> None:
    """JANAF's H2 at 100 and 200 K is of ortho and para in equilibrium; half of all J is 2.3 % low in S at 100 K.

    The rigid rotor leaves 0.2 % of S, as at 298 K.
    """
    atoms = Atoms("H2", positions=[[0, 0, 0], [0.7414, 0, 0]])
    arguments = atoms.get_masses(), atoms.positions, [4161.17]
    found = molecule_functions(*arguments, [100.0, 200.0, 298.15], symmetry_number=2, nuclear_spin=0.5)
    S, Cp, H = _molar(found, 2)
    np.testing.assert_allclose(S, [100.727, 119.412, 130.680], rtol=2.5e-3)
    np.testing.assert_allclose(H, [8.467 - 5.468, 8.467 - 2.774, 8.467], rtol=2.5e-3)
    np.testing.assert_allclose(Cp, [28.154, 27.447, 28.836], rtol=1e-2)
    with pytest.raises(SettingsError, match="give the spin of the two nuclei"):
        molecule_functions(*arguments, [250.0, 400.0], symmetry_number=2)
    with pytest.raises(SettingsError, match=r"0\.3"):
        molecule_functions(*arguments, [300.0], symmetry_number=2, nuclear_spin=0.3)


def test_spin_states_of_cold_gases() -> None:
    """Near 0 K para-H2 alone is left, one state of four: S is less by k ln 4; of D2 6 of 9; of two 16O, all even."""
    from paddlewheel.thermodynamics.molecules import _linear_rotation, _spin_weights

    for spin, share in ((0.5, 1 / 4), (1.0, 6 / 9), (0.0, 1.0)):
        entropy, _, _ = _linear_rotation(85.0, 1.0, _spin_weights(spin, True, 2))
        assert entropy == pytest.approx(np.log(share))
        hot, _, _ = _linear_rotation(85.0, 20000.0, _spin_weights(spin, True, 2))
        assert hot == pytest.approx(np.log(20000.0 / 85 / 2) + 1, abs=2e-3)  # Euler and Maclaurin: theta / 6 T


def test_diborane_is_its_polynomial_and_janaf_where_they_agree() -> None:
    atoms = _diborane()
    T = [298.15, 600.0]
    S, Cp, H = _molar(molecule_functions(atoms.get_masses(), atoms.positions, DIBORANE_PER_CM, T, symmetry_number=4), 8)
    gas = find_gas("B2H6")
    np.testing.assert_allclose(S, [gas.entropy_J_per_mol_K(t) for t in T], rtol=1e-3)
    np.testing.assert_allclose(Cp, [gas.heat_capacity_J_per_mol_K(t) for t in T], rtol=2e-3)
    np.testing.assert_allclose(H, [gas.enthalpy_kJ_per_mol(t) for t in T], rtol=2e-3)
    # NIST-JANAF of 1964 has S 233.170 and 287.988, H(T) - H(0) 12.149 and 36.574: older frequencies. S(298 K) and the
    # function that decides free energies, -(G - H(0)) / T = 192.42 and 227.03, agree within half a per cent.
    assert S[0] == pytest.approx(233.170, rel=5e-3)
    np.testing.assert_allclose(S - 1000 * H / np.array(T), [192.42, 227.03], rtol=5e-3)


def test_rigid_rotor_is_that_of_ase() -> None:
    atoms = _diborane()
    ours = molecule_functions(
        atoms.get_masses(), atoms.positions, DIBORANE_PER_CM, [300.0, 700.0], symmetry_number=4, pressure_bar=2.5
    )
    theirs = IdealGasThermo(
        np.array(DIBORANE_PER_CM) * PER_CM_IN_eV, "nonlinear", atoms=atoms, symmetrynumber=4, spin=0
    )
    for i, T in enumerate((300.0, 700.0)):
        assert ours.free_energy_eV_per_atom[i] * 8 == pytest.approx(
            theirs.get_gibbs_energy(T, 2.5e5, verbose=False), abs=1e-5
        )


def test_dimer_has_the_frequency_of_its_spring() -> None:
    dimer = Atoms("H2", positions=[[0, 0, 0], [1.15, 0.1, 0.05]])
    relaxed, found = molecule_vibrations(dimer, LennardJones(sigma=1.0, epsilon=0.2, rc=8.0), displacement_A=1e-3)
    assert relaxed.get_distance(0, 1) == pytest.approx(2 ** (1 / 6), abs=1e-4)
    spring = 72 / 2 ** (1 / 3) * 0.2  # eV/A^2, of 4 epsilon [(s/r)^12 - (s/r)^6] at its minimum
    reduced = 1.008 / 2
    expected = np.sqrt(spring / reduced * 1.602176634e-19 * 1e20 / 1.66053906660e-27) / (2 * np.pi * 2.99792458e10)
    assert found == pytest.approx([expected], rel=1e-3)
    assert zero_point_eV(found) == pytest.approx(expected * PER_CM_IN_eV / 2, rel=1e-3)


def test_wrong_number_of_vibrations_is_refused() -> None:
    atoms = _diborane()
    with pytest.raises(SettingsError, match="give 18"):
        molecule_functions(atoms.get_masses(), atoms.positions, [500.0] * 17, [300.0], symmetry_number=4)
