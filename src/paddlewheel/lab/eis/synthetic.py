"""Random spectra whose circuit and parameters are known: the truth that fits, choice and tests are held to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.lab.eis.assignment import VACUUM_PERMITTIVITY_F_PER_CM
from paddlewheel.lab.eis.circuit import Circuit, Complexes, impedance
from paddlewheel.lab.eis.pellet import Pellet

KINDS = ("R", "R-RQ", "R-RQ-RQ", "RQ-CPE", "R-RQ-W", "L-R-RQ", "R-RQ-RQ-W", "RQ-RQ-CPE")
"""Circuits drawn from: a resistor, one and two arcs, Warburg and blocking tails, inductance."""
CELLS = ("blocking-electrode", "blocking-layer", "nested-arcs", "randles", "inductive-loop", "inductive-leads")
"""What is at the electrodes of a drawn cell: see `random_cell`."""


@dataclass(frozen=True, eq=False)
class SyntheticSpectrum:
    """A spectrum with its truth; `values` by the names of `Circuit.parameters`."""

    circuit: Circuit
    values: dict[str, float]
    frequency_Hz: np.ndarray
    impedance_ohm: Complexes


@dataclass(frozen=True, eq=False)
class SyntheticCell:
    """A pellet between electrodes; `total_ohm` is that of the electrolyte."""

    kind: str
    pellet: Pellet
    total_ohm: float
    frequency_Hz: np.ndarray
    impedance_ohm: Complexes


def random_spectrum(
    random: np.random.Generator,
    *,
    kind: str | None = None,
    noise: float = 0.005,
    drift: float = 0.0,
    highest_Hz: float = 1e6,
    lowest_Hz: float = 0.1,
    per_decade: int = 10,
) -> SyntheticSpectrum:
    """Draw a circuit whose elements can be seen in the range, and its spectrum with noise.

    Parameters
    ----------
    random
        The generator.
    kind
        Of `KINDS`; drawn where not given.
    noise
        Standard deviation of either part, as a share of |Z|.
    drift
        By how much the impedance has grown when the last (slowest) point is measured, as a share; it grows in
        proportion to the number of points measured.
    highest_Hz, lowest_Hz, per_decade
        The range.
    """
    circuit = Circuit.parse(kind or str(random.choice(KINDS)))
    count = round(per_decade * np.log10(highest_Hz / lowest_Hz)) + 1
    frequency = np.geomspace(highest_Hz, lowest_Hz, count)
    values = _values(random, circuit, highest_Hz, lowest_Hz)
    exact = impedance(circuit, values, frequency)
    moved = exact * (1 + drift * np.linspace(0, 1, count))
    scatter = random.normal(size=count) + 1j * random.normal(size=count)
    return SyntheticSpectrum(circuit, values, frequency, moved + noise * np.abs(exact) * scatter)


def _values(random: np.random.Generator, circuit: Circuit, highest_Hz: float, lowest_Hz: float) -> dict[str, float]:
    """Log-uniform: arcs two decades apart or more, inside the range by half a decade, sizes within a factor of five."""
    size = 10 ** random.uniform(1, 6)
    fast, slow = -np.log10(2 * np.pi * highest_Hz), -np.log10(2 * np.pi * lowest_Hz)
    values: dict[str, float] = {}
    if circuit.resistor:
        values["R_ohm"] = size * 10 ** random.uniform(-0.7, 0.3)
    last = slow - (2.0 if circuit.tail else 0.7)
    times = np.zeros(0)
    if circuit.arcs:
        room = last - (fast + (1.5 if circuit.inductor else 0.7)) - 2.0 * (circuit.arcs - 1)
        times = np.sort(random.uniform(0, room, circuit.arcs)) + 2.0 * np.arange(circuit.arcs)
        times += fast + (1.5 if circuit.inductor else 0.7)
    for k, time in enumerate(times, start=1):
        values[f"R{k}_ohm"] = size * 10 ** random.uniform(-0.35, 0.35)
        values[f"tau{k}_s"] = 10**time
        values[f"n{k}"] = random.uniform(0.75, 0.98)
    total = sum(value for name, value in values.items() if name.endswith("_ohm"))
    if circuit.inductor:  # seen at the highest frequencies
        values["L_H"] = total * 10 ** random.uniform(-1.2, -0.3) / (2 * np.pi * highest_Hz)
    if circuit.tail == "W":
        values["warburg_ohm_per_sqrt_s"] = total * 10 ** random.uniform(-0.7, 0.7) * np.sqrt(2 * np.pi * lowest_Hz)
    elif circuit.tail == "CPE":
        n = random.uniform(0.6, 0.95)
        middle = np.sqrt(highest_Hz * lowest_Hz)
        values["tail_n"] = n
        values["tail_ohm"] = total * 10 ** random.uniform(-0.5, 0.7) * (lowest_Hz / middle) ** n
    return values


def random_cell(
    random: np.random.Generator,
    *,
    kind: str | None = None,
    noise: float = 0.005,
    highest_Hz: float = 1e6,
    lowest_Hz: float = 0.1,
    per_decade: int = 10,
) -> SyntheticCell:
    """Draw a pellet of 0.03 to 0.3 cm with its electrodes, of what materials have, and its spectrum with noise.

    The bulk has a permittivity of 8 to 80 and conducts 1e-6 to 1e-3 S/cm; its grain boundaries have 10 to 1000 times
    its capacitance and 0.3 to 3 times its resistance. Arcs are depressed, n from 0.85. At the electrodes is, by kind:

    - blocking-electrode: 0.5 to 20 uF/cm2, n from 0.75;
    - blocking-layer: an arc of 0.3 to 10 uF/cm2 and 10 to 1e4 times the resistance of the electrolyte;
    - nested-arcs: a film of 0.2 to 1 uF/cm2 about a charge transfer of 5 to 20 uF/cm2;
    - randles: a charge transfer of 1 to 20 uF/cm2 with a Warburg element inside;
    - inductive-loop: a charge transfer, and a loop of 5 to 30 % of it that is 30 to 300 times slower;
    - inductive-leads: a good conductor (1e-3 to 1e-2 S/cm) with a charge transfer, a resistor beside an inductor in
      front of it.

    Impedances are those of the laws, written out here: no circuit of the fits is used.
    """
    kind = kind or str(random.choice(CELLS))
    pellet = Pellet(diameter_cm=random.uniform(0.5, 1.5), thickness_cm=0.03 * 10 ** random.uniform(0, 1))
    frequency = np.geomspace(highest_Hz, lowest_Hz, round(per_decade * np.log10(highest_Hz / lowest_Hz)) + 1)
    omega = 2 * np.pi * frequency
    good = kind == "inductive-leads"
    sigma_S_per_cm = 10 ** (random.uniform(-3, -2) if good else random.uniform(-6, -3))
    bulk_ohm = pellet.cell_constant_per_cm / sigma_S_per_cm
    bulk_F = 8 * 10 ** random.uniform(0, 1) * VACUUM_PERMITTIVITY_F_PER_CM / pellet.cell_constant_per_cm
    grain_ohm = bulk_ohm * 10 ** random.uniform(-0.5, 0.5)
    grain_F = bulk_F * 10 ** random.uniform(1, 3)
    total = bulk_ohm + grain_ohm

    def arc(resistance_ohm: float, capacitance_F: float, n: float) -> Complexes:
        z = resistance_ohm / (1 + (1j * omega * resistance_ohm * capacitance_F) ** n)
        return np.asarray(z, dtype=np.complex128)

    def times(low: float, high: float) -> float:
        return low * (high / low) ** random.uniform()

    z = arc(bulk_ohm, bulk_F, random.uniform(0.9, 1.0)) + arc(grain_ohm, grain_F, random.uniform(0.85, 1.0))
    area, n = pellet.area_cm2, random.uniform(0.85, 1.0)
    transfer = total * times(0.3, 30)
    if kind == "blocking-electrode":
        n = random.uniform(0.75, 0.95)
        z = z + 1 / (omega[-1] * area * times(0.5e-6, 20e-6)) * (1j * omega / omega[-1]) ** -n
    elif kind == "blocking-layer":
        z = z + arc(total * times(10, 1e4), area * times(0.3e-6, 10e-6), n)
    elif kind == "nested-arcs":
        inner = arc(transfer * times(0.3, 3), area * times(5e-6, 20e-6), random.uniform(0.85, 1.0))
        film = (1j * omega * area * times(0.2e-6, 1e-6) * transfer) ** n / transfer
        z = z + 1 / (1 / (transfer + inner) + film)
    elif kind == "randles":
        capacitance = area * times(1e-6, 20e-6)
        warburg = transfer * times(0.3, 3) * np.sqrt(2 * np.pi * lowest_Hz) * (1 - 1j) / np.sqrt(omega)
        z = z + 1 / (1 / (transfer + warburg) + (1j * omega * capacitance * transfer) ** n / transfer)
    else:
        capacitance = area * times(1e-6, 20e-6)
        z = z + arc(transfer, capacitance, n)
        if kind == "inductive-loop":
            z = z - transfer * times(0.05, 0.3) / (1 + 1j * omega * transfer * capacitance * times(30, 300))
        else:
            turned = 1j * omega / (2 * np.pi * times(1e4, 3e5))
            z = z + total * times(0.05, 0.5) * turned / (1 + turned)
    scatter = random.normal(size=len(omega)) + 1j * random.normal(size=len(omega))
    return SyntheticCell(kind, pellet, total, frequency, z + noise * np.abs(z) * scatter)
