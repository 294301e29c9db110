"""Hulls: by hand, against pymatgen on random systems, and the coverage of their errors."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import InputError
from paddlewheel.thermodynamics.hull import FreeEnergyHull, first_crossings
from paddlewheel.thermodynamics.phase_entry import PhaseEntry

TEMPERATURES = (300.0, 400.0, 500.0)


def phase(formula: str, *energies: float, std: float = 0.0, name: str = "", engine: str = "PBE") -> PhaseEntry:
    values = energies if len(energies) > 1 else energies * len(TEMPERATURES)
    return PhaseEntry(
        name=name or formula, formula=formula, temperatures_K=TEMPERATURES, gibbs_eV_per_atom=values,
        std_eV_per_atom=(std,) * len(values), engine=engine,
    )  # fmt: skip


def random_system(seed: int, n: int = 25, std: float = 0.0) -> list[PhaseEntry]:
    generator = np.random.default_rng(seed)
    entries = [phase(element, 0.0, std=std) for element in ("Na", "B", "H")]
    for number in range(n):
        amounts = generator.integers(0, 5, 3)
        if np.count_nonzero(amounts) > 1:
            formula = "".join(f"{one}{k}" for one, k in zip(("Na", "B", "H"), amounts, strict=True) if k)
            entries.append(phase(formula, *(-0.3 * generator.random(3)), std=std, name=f"{formula}-{number}"))
    return entries


def test_binary_by_hand() -> None:
    """A at 0, B at 0, AB at -1 eV/atom; A3B at -0.4, above the tie line of A and AB, which is at -0.5."""
    hull = FreeEnergyHull(
        [phase("Na", 0.0), phase("Cl", 0.0), phase("NaCl", -1.0), phase("Na3Cl", -0.4)], ["Na", "Cl"], TEMPERATURES
    )
    above = hull.phase("Na3Cl", 0)
    assert above.e_above_hull_eV_per_atom == pytest.approx(0.1, abs=1e-12)
    assert above.decomposition == pytest.approx({"Na": 0.5, "NaCl": 0.5})
    stable = hull.phase("NaCl", 0)
    assert stable.e_above_hull_eV_per_atom == 0
    # without NaCl its composition is Na3Cl (2/3 of the atoms) and Cl (1/3): -0.4 * 2 / 3
    assert stable.e_above_others_eV_per_atom == pytest.approx(-1 + 0.8 / 3, abs=1e-12)
    assert hull.phase("Na", 0).e_above_others_eV_per_atom is None


@pytest.mark.parametrize("seed", range(5))
def test_energies_above_hull_are_pymatgen_s(seed: int) -> None:
    """Our lists of decompositions beside pymatgen's convex hull; only rounding can differ."""
    from pymatgen.analysis.phase_diagram import PhaseDiagram

    hull = FreeEnergyHull(random_system(seed), ["Na", "B", "H"], TEMPERATURES, n_samples=2)
    for entry in hull.entries:
        for temperature in range(len(TEMPERATURES)):
            found = hull.phase(entry.name, temperature)
            diagram = hull.diagram(temperature)
            own = next(one for one in diagram.all_entries if one.name == entry.name)
            assert found.e_above_hull_eV_per_atom == pytest.approx(diagram.get_e_above_hull(own), abs=1e-9)
            if found.e_above_others_eV_per_atom is None:
                continue
            if not own.is_element:
                others = PhaseDiagram([one for one in diagram.all_entries if one is not own])
                others_eV = others.get_hull_energy_per_atom(own.composition)
                assert found.e_above_others_eV_per_atom == pytest.approx(own.energy_per_atom - others_eV, abs=1e-9)


def test_errors_cover_the_truth() -> None:
    """Energies off by normal errors of the std given: the true value is within one std in 68 % of the draws.

    600 draws have a binomial error of 1.9 %; three of them are allowed.
    """
    truth = random_system(3)
    target = FreeEnergyHull(truth, ["Na", "B", "H"], TEMPERATURES, n_samples=2)
    name = next(one.name for one in truth if target.phase(one.name, 0).e_above_hull_eV_per_atom > 0.05)
    true_value = target.phase(name, 0).e_above_hull_eV_per_atom
    generator, within = np.random.default_rng(0), 0
    for _ in range(600):
        drawn = [
            phase(
                one.formula, *(np.array(one.gibbs_eV_per_atom) + 0.004 * generator.normal()), std=0.004, name=one.name
            )
            for one in truth
        ]  # fmt: skip
        found = FreeEnergyHull(drawn, ["Na", "B", "H"], TEMPERATURES, n_samples=200).phase(name, 0)
        within += abs(found.e_above_hull_eV_per_atom - true_value) < found.std_eV_per_atom
    assert within / 600 == pytest.approx(0.683, abs=0.057)


def test_crossing_temperature_and_its_error() -> None:
    """Stable above: 20, 5 and -10 meV/atom over the others, linear: zero at 433.3 K; 3 meV are 20 K."""
    entries = [phase("Na", 0.0), phase("Cl", 0.0), phase("NaCl", -1.0),
               phase("Na3Cl", -0.48, -0.495, -0.51, std=0.003)]  # fmt: skip
    found = FreeEnergyHull(entries, ["Na", "Cl"], TEMPERATURES, n_samples=20000).crossing("Na3Cl")
    assert found is not None
    assert found.temperature_K == pytest.approx(400 + 100 / 3)
    assert found.std_K == pytest.approx(20, rel=0.03)  # 20,000 samples: half a per cent
    assert found.becomes_stable
    assert found.probability > 0.99


def test_first_of_two_crossings_counts() -> None:
    values = np.array([[1.0, 1.0], [-1.0, 0.5], [1.0, 0.25]])
    found = first_crossings(np.array([0.0, 10.0, 20.0]), values)
    assert found[0] == 5
    assert np.isnan(found[1])


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([phase("Na", 0.0), phase("NaCl", -1.0)], "no reference phase of the element Cl"),
        ([phase("Na", 0.0), phase("Cl", 0.0), phase("NaCl", -1.0, engine="r2SCAN")], "energies of two engines"),
        ([phase("Na", 0.0), phase("Cl", 0.0), phase("NaBr", -1.0)], "Br in NaBr"),
        ([phase("Na", 0.0), phase("Na", 0.1), phase("Cl", 0.0)], "2 phases are called Na"),
    ],
)
def test_bad_systems_are_refused(entries: list[PhaseEntry], message: str) -> None:
    with pytest.raises(InputError, match=message):
        FreeEnergyHull(entries, ["Na", "Cl"], TEMPERATURES)


def test_temperature_without_energies_is_refused() -> None:
    with pytest.raises(InputError, match="no free energy at 650 K"):
        FreeEnergyHull([phase("Na", 0.0), phase("Cl", 0.0)], ["Na", "Cl"], [650.0])


@pytest.mark.parametrize(("formula", "energy"), [("Xx2", 0.0), ("Na", float("nan")), ("", 0.0)])
def test_bad_phases_are_refused(formula: str, energy: float) -> None:
    with pytest.raises(InputError):
        phase(formula, energy, name="bad")


@pytest.mark.parametrize("volume_A3", [0.0, -5.0, float("nan")])
def test_a_volume_that_is_none_is_refused(volume_A3: float) -> None:
    with pytest.raises(InputError, match=f"a volume of {volume_A3:g} A"):
        PhaseEntry(
            name="Na", formula="Na", temperatures_K=(0.0,), gibbs_eV_per_atom=(0.0,), std_eV_per_atom=(0.0,),
            engine="by hand", volume_A3_per_atom=volume_A3,
        )  # fmt: skip
