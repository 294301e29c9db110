"""Free energies of gases on the scale of the phases computed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from paddlewheel.errors import ScienceError
from paddlewheel.studies.hull.record import LeftOut
from paddlewheel.studies.phonons.record import PhononRecord
from paddlewheel.studies.simulation.potentials import finest_dtype
from paddlewheel.thermodynamics.gases import find_gas, gas_functions
from paddlewheel.thermodynamics.phase_entry import PhaseEntry
from paddlewheel.thermodynamics.phase_library import LibraryPhase, library_phases
from paddlewheel.units import KJ_PER_MOL_IN_eV

STANDARD_K = 298.15
BORON_FORMS_eV_PER_ATOM = 0.005
"""Between alpha and beta boron: beta is the stable form, but computed energies differ by some meV/atom to either side
(Widom and Mihalkovic, Phys. Rev. B 77, 064113 (2008), doi 10.1103/PhysRevB.77.064113)."""


def gas_entries(
    elements: Sequence[str], temperatures_K: Sequence[float], *,
    elements_computed: Mapping[str, tuple[str, PhononRecord]], potential: str, engine: str, pressure_bar: float,
) -> tuple[list[PhaseEntry], list[LeftOut]]:  # fmt: skip
    """H2 from the potential's molecule; compounds by their measured enthalpy of formation from the elements here.

    G(T) = sum of H(298.15 K) of the elements + formation enthalpy + [H(T) - H(298.15 K)] - T S(T, p).

    The errors of those elements are its own (`PhaseEntry.built_on`). Enthalpies of formation are counted from beta
    boron; where alpha boron stands for it, `BORON_FORMS_eV_PER_ATOM` of each B is in the std.

    Parameters
    ----------
    elements, temperatures_K
        Of the hull.
    elements_computed
        Name of the phase and its record, by the symbol of its element.
    potential, engine
        What H2 is relaxed with, and the name of its scale of energies.
    pressure_bar
        Of each gas.

    Returns
    -------
    Entries, and what was left out and why.

    Raises
    ------
    InputError
        For a temperature outside the data of H2.
    """
    from pymatgen.core import Composition

    entries: list[PhaseEntry] = []
    left_out: list[LeftOut] = []
    at = [STANDARD_K, *temperatures_K]
    static = molecule_energy_eV_per_atom("H2", potential)
    hydrogen = _gas_gibbs("H2", at, pressure_bar) + static
    entropy = gas_functions("H2", [STANDARD_K], pressure_bar=1.0).entropy_eV_per_K_per_atom[0]
    standard = gas_functions("H2", [STANDARD_K], pressure_bar=1.0).free_energy_eV_per_atom[0] + static
    enthalpies = {"H": standard + STANDARD_K * entropy}
    hydrogen_name = next(phase.name for phase in library_phases(elements) if phase.gas == "H2")
    for phase in library_phases(elements):
        if phase.gas == "H2":
            entries.append(_gas_entry(phase, temperatures_K, hydrogen[1:], engine, f"at {pressure_bar:g} bar"))
        elif phase.gas is not None:
            gas = find_gas(phase.gas)
            amounts = Composition(phase.formula).get_el_amt_dict()
            cold = [temperature for temperature in temperatures_K if 0 < temperature < gas.lowest_K]
            if cold:
                reason = f"no data between 0 and {gas.lowest_K:g} K, {cold[0]:g} K asked for"
                left_out.append(LeftOut(name=phase.name, reason=reason))
                continue
            if "B" in amounts and "B" not in elements_computed:
                left_out.append(LeftOut(name=phase.name, reason="its elements have no energies here"))
                continue
            names, boron_share = {"H": hydrogen_name}, amounts.get("B", 0.0) / gas.n_atoms
            if "B" in amounts:
                names["B"], record = elements_computed["B"]
                enthalpies["B"] = _enthalpy_eV_per_atom(record, STANDARD_K)
            start = sum(enthalpies[element] * n for element, n in amounts.items())
            start += gas.formation_enthalpy_kJ_per_mol * KJ_PER_MOL_IN_eV
            gibbs = []
            for temperature in temperatures_K:
                above = gas.enthalpy_kJ_per_mol(temperature) - gas.enthalpy_increment_kJ_per_mol
                entropy_J = gas.entropy_J_per_mol_K(temperature, pressure_bar=pressure_bar)
                gibbs.append(start + (above - temperature * entropy_J / 1000) * KJ_PER_MOL_IN_eV)
            per_atom = np.array(gibbs) / gas.n_atoms
            entries.append(
                _gas_entry(phase, temperatures_K, per_atom, engine,
                           f"at {pressure_bar:g} bar; static energy from the measured enthalpy of formation, "
                           f"{gas.formation_enthalpy_kJ_per_mol:g} kJ/mol, counted from {', '.join(names.values())}",
                           std=boron_share * BORON_FORMS_eV_PER_ATOM,
                           built_on=tuple((names[element], n / gas.n_atoms) for element, n in amounts.items()))
            )  # fmt: skip
    return entries, left_out


def _gas_gibbs(name: str, temperatures_K: Sequence[float], pressure_bar: float) -> np.ndarray:
    return np.array(
        [gas_functions(name, [at], pressure_bar=pressure_bar).free_energy_eV_per_atom[0] for at in temperatures_K]
    )


def _gas_entry(
    phase: LibraryPhase, temperatures_K: Sequence[float], gibbs: np.ndarray, engine: str, note: str, *,
    std: float = 0.0, built_on: tuple[tuple[str, float], ...] = (),
) -> PhaseEntry:  # fmt: skip
    assert phase.gas is not None
    return PhaseEntry(
        name=phase.name, formula=phase.formula, state="gas",
        temperatures_K=tuple(float(kelvin) for kelvin in temperatures_K),
        gibbs_eV_per_atom=tuple(gibbs.tolist()), std_eV_per_atom=(std,) * len(temperatures_K), built_on=built_on,
        engine=engine, origin=find_gas(phase.gas).source, note=note,
    )  # fmt: skip


def _enthalpy_eV_per_atom(record: PhononRecord, temperature_K: float) -> float:
    assert record.static_energy_eV_per_atom is not None
    row = next(row for row in record.thermal if abs(row.temperature_K - temperature_K) < 1e-6)
    free, entropy = row.free_energy_eV_per_atom.value, row.entropy_eV_per_K_per_atom.value
    return record.static_energy_eV_per_atom + free + temperature_K * entropy


def molecule_energy_eV_per_atom(name: str, potential: str) -> float:
    """Energy of a molecule (an ASE name such as H2) relaxed on its own.

    Raises
    ------
    ScienceError
        If it does not relax.
    """
    from ase.build import molecule
    from ase.optimize import BFGS

    from paddlewheel.potentials import describe_potential, load_potential

    atoms = molecule(name, vacuum=8.0, pbc=True)
    atoms.calc = load_potential(potential, dtype=finest_dtype(describe_potential(potential)))
    if not BFGS(atoms, logfile=None).run(fmax=1e-3, steps=200):  # pyright: ignore[reportArgumentType]
        raise ScienceError(f"{name} does not relax", where=potential, remedy="give its energy in a table")
    return float(atoms.get_potential_energy()) / len(atoms)
