"""Random spectra whose circuit and parameters are known: the truth that fits, choice and tests are held to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.lab.eis.circuit import Circuit, Complexes, impedance

KINDS = ("R", "R-RQ", "R-RQ-RQ", "RQ-CPE", "R-RQ-W", "L-R-RQ", "R-RQ-RQ-W", "RQ-RQ-CPE")
"""Circuits drawn from: a resistor, one and two arcs, Warburg and blocking tails, inductance."""


@dataclass(frozen=True, eq=False)
class SyntheticSpectrum:
    """A spectrum with its truth; `values` by the names of `Circuit.parameters`."""

    circuit: Circuit
    values: dict[str, float]
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
