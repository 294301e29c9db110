"""Convex hulls of free energies, with the errors of the energies carried through by sampling.

Energies above hull and facets are pymatgen's (Ong et al., Chem. Mater. 20, 1798 (2008), doi 10.1021/cm702327g). The
hull is a minimum, so that errors do not go through it linearly: they are sampled, each phase with one normal deviate
for all temperatures, since what is wrong with a static energy or a supercell is wrong at all of them. The error of the
potential or functional itself comes on top, correlated between phases that are alike (`EnergyError`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paddlewheel.errors import InputError
from paddlewheel.thermodynamics.decompositions import Decompositions, decompositions
from paddlewheel.thermodynamics.energy_error import EnergyError
from paddlewheel.thermodynamics.phase_entry import PhaseEntry, check_system, fractions

if TYPE_CHECKING:
    from pymatgen.analysis.phase_diagram import PhaseDiagram

N_SAMPLES = 2000
LEVEL_68, LEVEL_95 = (0.158655, 0.841345), (0.025, 0.975)
"""Quantiles at the ends of intervals."""


@dataclass(frozen=True)
class PhaseOnHull:
    """One phase at one temperature.

    Attributes
    ----------
    e_above_hull_eV_per_atom, std_eV_per_atom
        Above the hull of all phases, itself among them: never negative; the spread of the samples' root mean square
        about it.
    e_above_others_eV_per_atom, std_above_others_eV_per_atom
        Above what the other phases make of its composition: negative by how much it is stable; None for the only phase
        of an element.
    stable_probability
        Share of the samples in which it is on the hull.
    decomposition
        Atomic shares by name: what the hull has at this composition, or, for a phase on it, what it would fall into
        were it not there.
    """

    e_above_hull_eV_per_atom: float
    std_eV_per_atom: float
    e_above_others_eV_per_atom: float | None
    std_above_others_eV_per_atom: float | None
    stable_probability: float
    decomposition: dict[str, float]


@dataclass(frozen=True)
class Crossing:
    """A temperature at which a phase comes onto the hull or leaves it; None where it does not within the range.

    The intervals, of 68 and 95 %, are quantiles of the samples that cross: seldom even about the nominal temperature.
    """

    temperature_K: float
    std_K: float
    probability: float
    becomes_stable: bool
    interval_68_K: tuple[float, float]
    interval_95_K: tuple[float, float]


class FreeEnergyHull:
    """The hulls of one chemical system at given temperatures.

    Parameters
    ----------
    entries
        The phases, of one engine, each at all temperatures, and each element among them.
    elements
        Of the system.
    temperatures_K
        Rising.
    energy_error
        Of the potential or functional; None where it is not known, and in no interval then.
    seed
        Of the samples.

    Raises
    ------
    InputError
        As `check_system`, and for a phase without an energy at one of the temperatures.
    """

    def __init__(
        self,
        entries: Sequence[PhaseEntry],
        elements: Sequence[str],
        temperatures_K: Sequence[float],
        *,
        energy_error: EnergyError | None = None,
        n_samples: int = N_SAMPLES,
        seed: int = 1,
    ) -> None:
        check_system(entries, elements)
        self.entries = list(entries)
        self.elements = list(elements)
        self.temperatures_K = [float(temperature_K) for temperature_K in temperatures_K]
        columns = [[entry.column(temperature_K) for temperature_K in self.temperatures_K] for entry in entries]
        #: [n_temperatures, n] eV/atom
        self.gibbs_eV_per_atom = np.array(
            [[entry.gibbs_eV_per_atom[k] for k in row] for entry, row in zip(entries, columns, strict=True)]
        ).T
        self.std_eV_per_atom = np.array(
            [[entry.std_eV_per_atom[k] for k in row] for entry, row in zip(entries, columns, strict=True)]
        ).T
        self.fractions = fractions(entries, elements)
        #: [n_temperatures, n_samples, n] eV/atom
        self.samples_eV_per_atom = self.gibbs_eV_per_atom[:, None] + self._errors(energy_error, n_samples, seed)
        self._diagrams: dict[int, PhaseDiagram] = {}
        self._ways: dict[int, Decompositions | None] = {}

    def _errors(self, energy_error: EnergyError | None, n_samples: int, seed: int) -> NDArray[np.float64]:
        """[n_temperatures, n_samples, n] eV/atom; an energy that is built on others has their errors beside its own."""
        generator = np.random.default_rng(seed)
        own = self.std_eV_per_atom[:, None] * generator.normal(size=(n_samples, len(self.entries)))
        computed = own.copy()
        if energy_error is not None:
            computed += energy_error.draw(self.entries, n_samples, generator)
        for number, entry in enumerate(self.entries):
            if entry.built_on:
                on = sum(share * computed[..., self.number(name)] for name, share in entry.built_on)
                computed[..., number] = own[..., number] + on
        return computed

    def lowered(self, by_eV_per_atom: Mapping[str, NDArray[np.float64]]) -> FreeEnergyHull:
        """The same phases with the same errors, some of them lower by [n_temperatures] eV/atom."""
        other = copy(self)
        other.gibbs_eV_per_atom, other.samples_eV_per_atom = (
            self.gibbs_eV_per_atom.copy(),
            self.samples_eV_per_atom.copy(),
        )
        for name, values in by_eV_per_atom.items():
            other.gibbs_eV_per_atom[:, self.number(name)] -= values
            other.samples_eV_per_atom[:, :, self.number(name)] -= values[:, None]
        other._diagrams = {}
        return other

    def number(self, name: str) -> int:
        """Of the phase of this name."""
        for number, entry in enumerate(self.entries):
            if entry.name == name:
                return number
        raise InputError(
            f"no phase '{name}' (there are: {', '.join(entry.name for entry in self.entries)})", where="target",
            remedy="name one of them",
        )  # fmt: skip

    def diagram(self, temperature: int) -> PhaseDiagram:
        """pymatgen's phase diagram at temperature number `temperature`; entries carry the names."""
        if temperature not in self._diagrams:
            from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram

            rows = self.gibbs_eV_per_atom[temperature]
            self._diagrams[temperature] = PhaseDiagram(
                [
                    PDEntry(entry.composition, energy * entry.composition.num_atoms, name=entry.name)
                    for entry, energy in zip(self.entries, rows, strict=True)
                ]
            )
        return self._diagrams[temperature]

    def phase(self, name: str, temperature: int) -> PhaseOnHull:
        """One phase at temperature number `temperature`."""
        number = self.number(name)
        above, samples = self._above_others(number)
        nominal = self._nominal_above_hull(number, temperature)
        spread = np.maximum(samples[temperature], 0.0) - nominal if samples is not None else np.zeros(1)
        others = None if above is None else float(above[temperature])
        return PhaseOnHull(
            e_above_hull_eV_per_atom=nominal,
            std_eV_per_atom=float(np.sqrt((spread**2).mean())),
            e_above_others_eV_per_atom=others,
            std_above_others_eV_per_atom=None if samples is None else float(samples[temperature].std()),
            stable_probability=1.0 if samples is None else float((samples[temperature] <= 0).mean()),
            decomposition=self._decomposition(number, temperature),
        )

    def samples_above_others(self, name: str) -> NDArray[np.float64] | None:
        """[n_temperatures, n_samples] energy above what the other phases make, eV/atom; None without others."""
        return self._above_others(self.number(name))[1]

    def crossing(self, name: str) -> Crossing | None:
        """The first temperature at which this phase's nominal energy crosses that of the others.

        Its uncertainty is half the distance of the samples' 16 % and 84 % quantiles, of those samples that cross within
        the range in the same direction; `probability` is their share. Linear between the temperatures given: ask for a
        grid that is fine enough.
        """
        above, samples = self._above_others(self.number(name))
        if above is None or samples is None or len(above) < 2:
            return None
        sign = np.sign(above)
        changes = np.flatnonzero(sign[:-1] * sign[1:] < 0)
        if not len(changes):
            return None
        falls = bool(above[changes[0]] > 0)
        temperatures = np.array(self.temperatures_K)
        found = first_crossings(temperatures, samples if falls else -samples)
        nominal = first_crossings(temperatures, (above if falls else -above)[:, None])
        crossed = found[np.isfinite(found)]
        ends = np.quantile(crossed, (*LEVEL_68, *LEVEL_95)).tolist() if len(crossed) else [np.nan] * 4
        return Crossing(
            temperature_K=float(nominal[0]), std_K=(ends[1] - ends[0]) / 2,
            probability=float(np.isfinite(found).mean()), becomes_stable=falls,
            interval_68_K=(ends[0], ends[1]), interval_95_K=(ends[2], ends[3]),
        )  # fmt: skip

    def _above_others(self, number: int) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
        """Nominal [n_temperatures] and samples [n_temperatures, n_samples] of E - E(others)."""
        ways = self._ways_of_others(number)
        if ways is None:
            return None, None
        nominal = self.gibbs_eV_per_atom[:, number] - ways.totals(self.gibbs_eV_per_atom).min(axis=-1)
        samples = [row[:, number] - ways.totals(row).min(axis=-1) for row in self.samples_eV_per_atom]
        return nominal, np.stack(samples)

    def _ways_of_others(self, number: int) -> Decompositions | None:
        """None for the only phase of an element: nothing else can hold its composition."""
        if number not in self._ways:
            mine = self.entries[number].elements
            alone = len(mine) == 1 and sum(entry.elements == mine for entry in self.entries) == 1
            self._ways[number] = (
                None if alone else decompositions(self.fractions, self.fractions[number]).without(number)
            )
        return self._ways[number]

    def _own(self, number: int, temperature: int) -> Any:
        name = self.entries[number].name
        return next(entry for entry in self.diagram(temperature).all_entries if entry.name == name)

    def _nominal_above_hull(self, number: int, temperature: int) -> float:
        above = self.diagram(temperature).get_e_above_hull(self._own(number, temperature), allow_negative=True)
        assert above is not None  # pymatgen's None is for on_error="warn"
        return max(0.0, float(above))

    def _decomposition(self, number: int, temperature: int) -> dict[str, float]:
        ways = self._ways_of_others(number)
        if ways is None:
            return {self.entries[number].name: 1.0}
        best = int(np.argmin(ways.totals(self.gibbs_eV_per_atom[temperature])))
        return {self.entries[k].name: share for k, share in sorted(ways.parts(best).items())}


def first_crossings(temperatures_K: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """[n_samples] first temperature at which `values` [n_temperatures, n_samples] fall through zero; NaN for none."""
    found = np.full(values.shape[1], np.nan)
    for low in range(len(temperatures_K) - 2, -1, -1):
        first, second = values[low], values[low + 1]
        falls = (first > 0) & (second <= 0)
        step = temperatures_K[low + 1] - temperatures_K[low]
        found[falls] = temperatures_K[low] + step * (first / np.where(falls, first - second, 1.0))[falls]
    return found
