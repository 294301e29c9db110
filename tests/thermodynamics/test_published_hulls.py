"""Hulls from published energies against the published result."""

from __future__ import annotations

import pytest

from paddlewheel.thermodynamics.hull import FreeEnergyHull
from paddlewheel.thermodynamics.phase_entry import PhaseEntry
from paddlewheel.units import KJ_PER_MOL_IN_eV


def phase(formula: str, per_formula_eV: tuple[float, ...], temperatures_K: tuple[float, ...] = (0.0,)) -> PhaseEntry:
    from pymatgen.core import Composition

    atoms = Composition(formula).num_atoms
    return PhaseEntry(
        name=formula, formula=formula, temperatures_K=temperatures_K, engine="published",
        gibbs_eV_per_atom=tuple(one / atoms for one in per_formula_eV), std_eV_per_atom=(0.0,) * len(temperatures_K),
    )  # fmt: skip


def test_argyrodite_above_the_hull_of_the_materials_project() -> None:
    """Li6PS5Cl (mp-985592) -> Li3PS4 + Li2S + LiCl.

    Energies and result by M. McDermott, https://matsci.org/t/interface-reaction-estimation/49784: 82.35 meV/atom. The
    elements are there to span the system alone: at 0 eV they lie far above its compounds.
    """
    energies = {"Li6PS5Cl": -56.5723, "Li3PS4": -37.1460, "Li2S": -12.4656, "LiCl": -8.0313}
    entries = [phase(formula, (energy,)) for formula, energy in energies.items()]
    elements = ["Li", "P", "S", "Cl"]
    hull = FreeEnergyHull([*entries, *(phase(one, (0.0,)) for one in elements)], elements, [0.0])
    found = hull.phase("Li6PS5Cl", 0)
    assert 1000 * found.e_above_hull_eV_per_atom == pytest.approx(82.35, abs=0.01)  # of its last digit
    assert found.decomposition == pytest.approx({"Li3PS4": 8 / 13, "Li2S": 3 / 13, "LiCl": 2 / 13})


def test_decomposition_temperature_of_sodium_borohydride() -> None:
    """NaBH4 -> Na + B + 2 H2 at 534 +- 10 C in 1 bar.

    By the measured -108 kJ and -133 J/K a mole of H2: Martelli et al., J. Phys. Chem. C 114, 7173 (2010), from whose
    abstract all figures are.
    """
    temperatures = (700.0, 750.0, 800.0, 850.0, 900.0)
    formation = tuple(2 * (-108 + 0.133 * one) * KJ_PER_MOL_IN_eV for one in temperatures)
    entries = [phase(one, (0.0,) * len(temperatures), temperatures) for one in ("Na", "B", "H2")]
    hull = FreeEnergyHull([*entries, phase("NaBH4", formation, temperatures)], ["Na", "B", "H"], temperatures)
    crossing = hull.crossing("NaBH4")
    assert crossing is not None
    assert not crossing.becomes_stable
    assert crossing.temperature_K == pytest.approx(108 / 0.133, abs=0.01)  # both free energies are linear
    assert crossing.temperature_K == pytest.approx(534 + 273.15, abs=10)
    assert hull.phase("NaBH4", 4).decomposition == pytest.approx({"Na": 1 / 6, "B": 1 / 6, "H2": 4 / 6})
