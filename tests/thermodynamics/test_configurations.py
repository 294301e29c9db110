"""Free energy of orderings against an exact count of a lattice, and the entropies of disorder in closed form."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest

from paddlewheel.thermodynamics.configurations import Disorder, free_energy_of_orderings
from paddlewheel.thermodynamics.phase_library import library_phases
from paddlewheel.units import BOLTZMANN_eV_PER_K

N_SITES, N_IONS, REPULSION_eV = 8, 4, 0.05


def ring_classes() -> dict[int, int]:
    """Configurations of 4 ions on a ring of 8 sites by their number of neighbouring pairs: counted one by one."""
    counted: dict[int, int] = {}
    for chosen in combinations(range(N_SITES), N_IONS):
        pairs = sum((site + 1) % N_SITES in chosen for site in chosen)
        counted[pairs] = counted.get(pairs, 0) + 1
    return counted


def test_classes_with_their_degeneracies_are_the_whole_sum() -> None:
    """Symmetry classes with g give the F of all 70 configurations, at any temperature, to rounding."""
    temperatures = [1.0, 300.0, 2000.0, 1e9]
    classes = ring_classes()
    assert sum(classes.values()) == comb(N_SITES, N_IONS) == 70
    energies = np.array([[pairs * REPULSION_eV / N_SITES] * len(temperatures) for pairs in classes])
    free, shares = free_energy_of_orderings(
        energies, temperatures, n_atoms=N_SITES, degeneracies=list(classes.values())
    )
    for column, temperature in enumerate(temperatures):
        kT = BOLTZMANN_eV_PER_K * temperature
        total = sum(n * np.exp(-pairs * REPULSION_eV / kT) for pairs, n in classes.items())
        assert free[column] == pytest.approx(-kT * np.log(total) / N_SITES, rel=1e-12)
    assert shares.sum(axis=0) == pytest.approx(np.ones(len(temperatures)))
    # alternating ions (2 of them) at 1 K; every configuration alike at 1e9 K: k ln 70 a cell
    assert free[0] == pytest.approx(-BOLTZMANN_eV_PER_K * np.log(2) / N_SITES)
    assert -free[3] / (BOLTZMANN_eV_PER_K * 1e9 / N_SITES) == pytest.approx(np.log(70))


def test_it_lies_below_the_lowest_falls_with_temperature_and_more_orderings_lower_it() -> None:
    """dF/dT = -S <= 0; a Boltzmann mean of G would lie above the lowest and rise."""
    temperatures = np.linspace(100.0, 1000.0, 19).tolist()
    gibbs = np.array([[-1.0], [-0.9995], [-0.999]]) * np.ones(19)
    free, _ = free_energy_of_orderings(gibbs, temperatures, n_atoms=128, degeneracies=[8, 8, 8])
    fewer, _ = free_energy_of_orderings(gibbs[:2], temperatures, n_atoms=128, degeneracies=[8, 8])
    assert (free < gibbs.min(axis=0)).all()
    assert (np.diff(free) < 0).all()
    assert (free < fewer).all()


def test_entropies_of_disorder_in_closed_form() -> None:
    """k ln 2 a BH4 over 6 atoms; Stirling's limit of ln C(36 m, 12 m) / (128 m) for the Na of o-NBH."""
    assert Disorder(what="", orientations=2, n_atoms=6).entropy_kB_per_atom == pytest.approx(np.log(2) / 6)
    ideal = Disorder(what="", filled=12, positions=36, n_atoms=128).entropy_kB_per_atom
    m = 20_000
    from scipy.special import gammaln

    counted = gammaln(36 * m + 1) - gammaln(12 * m + 1) - gammaln(24 * m + 1)
    assert ideal == pytest.approx(counted / (128 * m), abs=1e-5)  # Stirling's remainder is ln(16 pi m) / (256 m)
    assert np.log(comb(36, 12)) / 128 < ideal  # any cell has less: it is a bound


def test_disordered_phases_of_the_library_and_their_images() -> None:
    """Phases that published structures hold disordered; a P1 ordering of o-NBH has the 8 images of Cmc2_1's cell."""
    phases = {phase.name: phase for phase in library_phases(["Na", "B", "H"])}
    found = {name: sum(kind.entropy_kB_per_atom for kind in phase.disorder) for name, phase in phases.items()}
    mixing = -np.log(1 / 3) / 3 - 2 * np.log(2 / 3) / 3  # a position that is filled by a third, or by two
    assert {name: value for name, value in found.items() if value} == pytest.approx(
        {
            "NaBH4 (cubic, H ordered)": np.log(2) / 6,
            "Na2B12H12 (cubic, Na ordered)": 6 * mixing / 52 + np.log(2) / 26,
            "o-NBH": 36 * mixing / 128,
        }
    )
    assert phases["o-NBH"].degeneracy(phases["o-NBH"].atoms()) == 8
    assert phases["NaH"].degeneracy(phases["NaH"].atoms()) == 1
