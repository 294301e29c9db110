"""Free energies of gases on the scale of the phases computed here, and those phases beside measured enthalpies.

A potential's own molecule is not to be trusted: PBE binds O2 too strongly, and universal potentials know few molecules.
So the energy of O2, N2, F2 and Cl2 is the one with which compounds computed here (Li2O, LiCl, Li3N, ...) have their
measured enthalpies of formation, as in Wang, Maxisch, Ceder, Phys. Rev. B 73, 195107 (2006), doi
10.1103/PhysRevB.73.195107, and for all elements in Stevanovic et al., Phys. Rev. B 85, 115104 (2012), doi
10.1103/PhysRevB.85.115104. The anchors are those of the system where it has some: a phase that is oxidized gives off
metal and gas in the proportion of such a compound, so that the errors of both cancel in the voltage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from paddlewheel.errors import ScienceError
from paddlewheel.studies.hull.record import BesideMeasured, LeftOut
from paddlewheel.studies.phonons.record import PhononRecord
from paddlewheel.studies.simulation.potentials import finest_dtype
from paddlewheel.thermodynamics.gases import Gas, find_gas, gas_functions
from paddlewheel.thermodynamics.phase_entry import PhaseEntry
from paddlewheel.thermodynamics.phase_library import LibraryPhase, gas_anchors, library_phases
from paddlewheel.units import KJ_PER_MOL_IN_eV

STANDARD_K = 298.15


@dataclass(frozen=True, kw_only=True)
class Computed:
    """A phase of the library with its record; the enthalpy is that of an atom at 298.15 K, or static."""

    phase: LibraryPhase
    record: PhononRecord

    @property
    def n_atoms(self) -> float:
        """Of a formula unit."""
        return sum(self.amounts.values())

    @property
    def amounts(self) -> dict[str, float]:
        """Atoms of a formula unit by their symbols."""
        return _amounts(self.phase.formula)

    @property
    def enthalpy_eV_per_atom(self) -> float:
        """Of a static record the static energy: measured enthalpies then hold for it as they stand."""
        assert self.record.static_energy_eV_per_atom is not None
        if self.record.static:
            return self.record.static_energy_eV_per_atom
        row = next(row for row in self.record.thermal if abs(row.temperature_K - STANDARD_K) < 1e-6)
        free, entropy = row.free_energy_eV_per_atom.value, row.entropy_eV_per_K_per_atom.value
        return self.record.static_energy_eV_per_atom + free + STANDARD_K * entropy


@dataclass(frozen=True, kw_only=True)
class Reference:
    """The enthalpy of an element in its standard state at 298.15 K, on the scale of the potential.

    `built_on` are the phases whose computed energies are in it, with their shares; `std_eV_per_atom` is its own.
    `prepared` says what it was counted from, `note` what casts a doubt on it.
    """

    enthalpy_eV_per_atom: float
    built_on: tuple[tuple[str, float], ...]
    std_eV_per_atom: float = 0.0
    prepared: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class GasEnergies:
    """Entries of gases, what was left out, and the enthalpies of formation computed here beside measured ones."""

    entries: list[PhaseEntry] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    beside_measured: list[BesideMeasured] = field(default_factory=list)


def gas_energies(
    elements: Sequence[str], temperatures_K: Sequence[float], *,
    computed: Sequence[Computed], computed_elsewhere: Callable[[str], Sequence[Computed]], potential: str, engine: str,
    pressure_bar: float, static: bool,
) -> GasEnergies:  # fmt: skip
    """Elements from their compounds, H2 with phonons from its own molecule, compounds by measured enthalpies.

    G(T) = sum of H(298.15 K) of the elements + formation enthalpy + [H(T) - H(298.15 K)] - T S(T, p).

    The errors of the phases in that sum are its own (`PhaseEntry.built_on`). Its std is how far its anchors are apart,
    and what is open about the standard states of its elements.

    Parameters
    ----------
    elements, temperatures_K
        Of the hull.
    computed
        The built-in solids of the system.
    computed_elsewhere
        Gives, for a gas without an anchor in the system, those of other systems.
    potential, engine
        What molecules are relaxed with, and the name of its scale of energies.
    pressure_bar
        Of each gas.
    static
        Whether the energies of the solids have no vibrations in them: the measured enthalpies hold for those then.

    Raises
    ------
    InputError
        For a temperature outside the data of an element.
    """
    found = GasEnergies()
    references = _solid_references(computed)
    names = {phase.name: phase for phase in library_phases(elements) if phase.gas is not None}
    alone = [phase for phase in names.values() if len(phase.elements) == 1]
    used: set[str] = set()
    for phase in alone:
        (symbol,) = phase.elements
        gas = find_gas(phase.gas or "")
        anchors = [each for each in computed if each.phase.anchor and symbol in each.phase.elements]
        told = "" if anchors else ", of other systems"
        known = references
        if symbol == "H" and not static:
            reference = _of_molecule(gas, potential, static=False)
        else:
            if not anchors:
                others = list(computed_elsewhere(symbol))
                anchors = [each for each in others if each.phase.anchor]
                known = references | _solid_references(others)
            anchors = [each for each in anchors if set(each.amounts) - {symbol} <= set(known)]
            if not anchors:
                reference = _of_molecule(gas, potential, static=static)
            else:
                used |= {each.phase.name for each in anchors}
                anchored = _anchored(symbol, anchors, known, told)
                molecule = _told_of_molecule(gas, potential, anchored, static=static)
                reference = replace(anchored, prepared=f"{anchored.prepared}; {molecule}")
        inside = {each.phase.name for each in computed} | set(names)
        on = reference.built_on if all(name in inside for name, _ in reference.built_on) else ()
        found.entries.append(_entry(phase, gas, temperatures_K, reference, on, engine, pressure_bar))
        references[symbol] = Reference(
            enthalpy_eV_per_atom=reference.enthalpy_eV_per_atom, built_on=((phase.name, 1.0),)
        )
    for phase in names.values():
        if len(phase.elements) > 1:
            gas = find_gas(phase.gas or "")
            cold = [temperature for temperature in temperatures_K if 0 < temperature < gas.lowest_K]
            lacking = [symbol for symbol in phase.elements if symbol not in references]
            if cold:
                reason = f"no data between 0 and {gas.lowest_K:g} K, {cold[0]:g} K asked for"
                found.left_out.append(LeftOut(name=phase.name, reason=reason))
            elif lacking:
                found.left_out.append(LeftOut(name=phase.name, reason="its elements have no energies here"))
            else:
                reference = _of_compound(gas, _amounts(phase.formula), references)
                found.entries.append(
                    _entry(phase, gas, temperatures_K, reference, reference.built_on, engine, pressure_bar)
                )
    found.beside_measured.extend(_beside_measured(computed, references, used))
    return found


def _solid_references(computed: Sequence[Computed]) -> dict[str, Reference]:
    """Of each element whose pure solid is computed: the form of the lowest enthalpy of what its standard state is."""
    found: dict[str, Reference] = {}
    for each in computed:
        if len(each.phase.elements) != 1:
            continue
        (symbol,) = each.phase.elements
        form_eV = (each.phase.formation_enthalpy_kJ_per_mol or 0.0) * KJ_PER_MOL_IN_eV / each.n_atoms
        reference = Reference(
            enthalpy_eV_per_atom=each.enthalpy_eV_per_atom - form_eV, built_on=((each.phase.name, 1.0),),
            std_eV_per_atom=each.phase.formation_enthalpy_std_kJ_per_mol * KJ_PER_MOL_IN_eV / each.n_atoms,
        )  # fmt: skip
        if symbol not in found or reference.enthalpy_eV_per_atom < found[symbol].enthalpy_eV_per_atom:
            found[symbol] = reference
    return found


def _anchored(symbol: str, anchors: Sequence[Computed], references: Mapping[str, Reference], told: str) -> Reference:
    """The mean of what the anchors give, one or more, with how far they are apart as its std."""
    values: dict[str, float] = {}
    shares: dict[str, float] = {}
    for each in anchors:
        amounts = each.amounts
        n_of_gas = amounts.pop(symbol)
        measured_eV = (each.phase.formation_enthalpy_kJ_per_mol or 0.0) * KJ_PER_MOL_IN_eV
        rest_eV = sum(n * references[other].enthalpy_eV_per_atom for other, n in amounts.items())
        values[each.phase.name] = (each.n_atoms * each.enthalpy_eV_per_atom - rest_eV - measured_eV) / n_of_gas
        parts = [(each.phase.name, each.n_atoms)]
        parts += [(name, -n * share) for other, n in amounts.items() for name, share in references[other].built_on]
        for name, share in parts:
            shares[name] = shares.get(name, 0.0) + share / n_of_gas / len(anchors)
    spread = float(np.std(list(values.values())))
    apart = f", {1000 * spread:.0f} meV/atom apart (std)" if len(values) > 1 else ", one alone"
    return Reference(
        enthalpy_eV_per_atom=float(np.mean(list(values.values()))), built_on=tuple(shares.items()),
        std_eV_per_atom=spread,
        prepared=f"energy from the measured enthalpies of formation of {', '.join(values)}{told}{apart}",
    )  # fmt: skip


def _of_molecule(gas: Gas, potential: str, *, static: bool) -> Reference:
    """H(298.15 K) of the potential's own molecule."""
    energy = molecule_energy_eV_per_atom(gas.name, potential)
    if not static:
        standard = gas_functions(gas.name, [STANDARD_K])
        energy += standard.free_energy_eV_per_atom[0] + STANDARD_K * standard.entropy_eV_per_K_per_atom[0]
    note = "" if gas.name == "H2" and not static else "energy of the potential's own molecule, whose error is not known"
    return Reference(enthalpy_eV_per_atom=float(energy), built_on=(), note=note)


def _told_of_molecule(gas: Gas, potential: str, reference: Reference, *, static: bool) -> str:
    """How far the potential's own molecule is from the reference."""
    try:
        own = _of_molecule(gas, potential, static=static).enthalpy_eV_per_atom
    except ScienceError as error:
        return f"the potential's own molecule: {error.problem}"
    apart_eV = own - reference.enthalpy_eV_per_atom
    return f"the potential's own molecule lies {abs(apart_eV):.2f} eV/atom {'above' if apart_eV > 0 else 'below'} that"


def _of_compound(gas: Gas, amounts: Mapping[str, float], references: Mapping[str, Reference]) -> Reference:
    """Of a compound gas, an atom: the enthalpies of its elements and the measured one of its formation."""
    total_eV = sum(n * references[symbol].enthalpy_eV_per_atom for symbol, n in amounts.items())
    total_eV += gas.formation_enthalpy_kJ_per_mol * KJ_PER_MOL_IN_eV
    shares = [
        (name, n * share / gas.n_atoms) for symbol, n in amounts.items() for name, share in references[symbol].built_on
    ]
    std_eV = sum(n * references[symbol].std_eV_per_atom for symbol, n in amounts.items()) / gas.n_atoms
    return Reference(
        enthalpy_eV_per_atom=total_eV / gas.n_atoms, built_on=tuple(shares), std_eV_per_atom=std_eV,
        prepared="static energy from the measured enthalpy of formation, "
        f"{gas.formation_enthalpy_kJ_per_mol:g} kJ/mol, counted from {', '.join(name for name, _ in shares)}",
    )  # fmt: skip


def _entry(
    phase: LibraryPhase, gas: Gas, temperatures_K: Sequence[float], reference: Reference,
    built_on: tuple[tuple[str, float], ...], engine: str, pressure_bar: float,
) -> PhaseEntry:  # fmt: skip
    """H(298.15 K) + [H(T) - H(298.15 K)] - T S(T, p), an atom."""
    gibbs = []
    for temperature in temperatures_K:
        above = gas.enthalpy_kJ_per_mol(temperature) - gas.enthalpy_increment_kJ_per_mol
        entropy_J = gas.entropy_J_per_mol_K(temperature, pressure_bar=pressure_bar)
        thermal_eV = (above - temperature * entropy_J / 1000) * KJ_PER_MOL_IN_eV / gas.n_atoms
        gibbs.append(reference.enthalpy_eV_per_atom + thermal_eV)
    return PhaseEntry(
        name=phase.name, formula=phase.formula, state="gas",
        temperatures_K=tuple(float(kelvin) for kelvin in temperatures_K), gibbs_eV_per_atom=tuple(gibbs),
        std_eV_per_atom=(reference.std_eV_per_atom,) * len(temperatures_K), built_on=built_on, engine=engine,
        origin=gas.source, note=reference.note,
        prepared="; ".join(part for part in (f"at {pressure_bar:g} bar", reference.prepared) if part),
    )  # fmt: skip


def _beside_measured(
    computed: Sequence[Computed], references: Mapping[str, Reference], used: set[str]
) -> list[BesideMeasured]:
    """Enthalpies of formation of solid compounds; those of anchors are right by what they are used for."""
    rows = []
    for each in computed:
        measured = each.phase.formation_enthalpy_kJ_per_mol
        if measured is None or len(each.phase.elements) == 1 or not set(each.amounts) <= set(references):
            continue
        rest_eV = sum(n * references[symbol].enthalpy_eV_per_atom for symbol, n in each.amounts.items())
        here = (each.n_atoms * each.enthalpy_eV_per_atom - rest_eV) / KJ_PER_MOL_IN_eV
        rows.append(
            BesideMeasured(
                name=each.phase.name, formula=each.phase.formula, measured_kJ_per_mol=measured,
                computed_kJ_per_mol=here,
                difference_meV_per_atom=1000 * (here - measured) * KJ_PER_MOL_IN_eV / each.n_atoms,
                is_anchor=each.phase.name in used, source=each.phase.formation_source,
            )
        )  # fmt: skip
    return rows


def anchors_of(symbol: str, elements: Sequence[str]) -> list[LibraryPhase]:
    """Compounds of other systems that a gaseous element is counted from, and the pure elements in them."""
    compounds = [phase for phase in gas_anchors(symbol) if not phase.elements <= set(elements)]
    others = sorted({other for phase in compounds for other in phase.elements - {symbol}})
    pure = [phase for phase in library_phases(others) if len(phase.elements) == 1 and phase.gas is None]
    return [*pure, *compounds]


def _amounts(formula: str) -> dict[str, float]:
    from pymatgen.core import Composition

    return dict(Composition(formula).get_el_amt_dict())


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
