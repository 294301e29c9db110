"""Recoveries of the central line of a spin 3/2: its four levels, whose populations jump by quadrupolar relaxation.

W1 = K J(w) moves by one level (3/2 to 1/2, -1/2 to -3/2), W2 = K J(2 w) by two; the central levels do not exchange with
each other. J = tau / (1 + (w tau)^beta) is that of Bloembergen, Purcell and Pound with the exponent of disordered
conductors, tau = tau0 exp(Ea / k T). K is told by the shortest T1 of R1 = 0.4 W1 + 1.6 W2 over all temperatures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.nmr.signal import Signal
from paddlewheel.lab.nmr.simulated.flaws import Flaws
from paddlewheel.lab.nmr.simulated.spinning import Observation
from paddlewheel.units import BOLTZMANN_eV_PER_K

Preparation = Literal["saturation", "inversion", "selective saturation", "selective inversion"]
"""What the pulses before the delay do: to all levels, or to the central line alone (selective)."""
Detection = Literal["central", "all"]
"""What the reading pulse sees: the central line, or the magnetization of all transitions."""
_SODIUM = Observation(
    nucleus="23Na", spectral_width_Hz=50_000.0, n_points=512, carrier_ppm=-11.0, nutation_Hz=135_000.0, pulse_us=0.9
)


@dataclass(frozen=True, kw_only=True)
class RelaxationTruth:
    """Relaxation by jumps of one kind of ion.

    Attributes
    ----------
    activation_energy_eV, beta
        Of tau, and of J.
    tau_at_infinite_temperature_s
        tau0.
    shortest_t1_s
        1 over the largest R1 of any temperature.
    larmor_MHz
        Of the nucleus, w / 2 pi.
    """

    activation_energy_eV: float = 0.23
    beta: float = 1.54
    tau_at_infinite_temperature_s: float = 2.142e-13
    shortest_t1_s: float = 0.56e-3
    larmor_MHz: float = 105.84

    def __post_init__(self) -> None:
        for name in ("activation_energy_eV", "tau_at_infinite_temperature_s", "shortest_t1_s", "larmor_MHz"):
            if not getattr(self, name) > 0:
                raise SettingsError(f"{getattr(self, name):g} is not above 0", where=name, remedy="give one that is")
        if not 1 < self.beta <= 2:
            raise SettingsError(f"{self.beta:g} is not above 1 and at most 2", where="beta", remedy="give one that is")

    @classmethod
    def of_maximum(
        cls,
        *,
        maximum_at_K: float,
        jump_rate_at_maximum_per_s: float,
        activation_energy_eV: float = 0.23,
        **others: float,
    ) -> RelaxationTruth:
        """That of which tau is 1 / `jump_rate_at_maximum_per_s` at the temperature `maximum_at_K`."""
        tau0 = np.exp(-activation_energy_eV / (BOLTZMANN_eV_PER_K * maximum_at_K)) / jump_rate_at_maximum_per_s
        return cls(activation_energy_eV=activation_energy_eV, tau_at_infinite_temperature_s=float(tau0), **others)

    def tau_s(self, temperature_K: np.ndarray | float) -> np.ndarray:
        """Correlation time."""
        exponent = self.activation_energy_eV / (BOLTZMANN_eV_PER_K * np.asarray(temperature_K, dtype=float))
        return self.tau_at_infinite_temperature_s * np.exp(exponent)

    def _densities_s(self, tau_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        omega = 2 * np.pi * self.larmor_MHz * 1e6
        return tau_s / (1 + (omega * tau_s) ** self.beta), tau_s / (1 + (2 * omega * tau_s) ** self.beta)

    @cached_property
    def strength(self) -> float:
        """K of W1 = K J(w), 1/s2."""
        once, twice = self._densities_s(np.geomspace(1e-3, 1e3, 200_001) / (2 * np.pi * self.larmor_MHz * 1e6))
        return float(1 / (self.shortest_t1_s * (0.4 * once + 1.6 * twice).max()))

    def rates_per_s(self, temperature_K: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        """W1 and W2 at each temperature."""
        once, twice = self._densities_s(self.tau_s(temperature_K))
        return self.strength * once, self.strength * twice


def magnetization(
    delays_s: np.ndarray,
    *,
    w1_per_s: float,
    w2_per_s: float,
    preparation: Preparation = "saturation",
    detection: Detection = "central",
    completeness: float = 1.0,
) -> np.ndarray:
    """What is seen after each delay, 1 in equilibrium.

    `completeness` is the share of the change that the preparation was to make: 1 where saturation or inversion is
    complete. The populations of the four levels follow the matrix of the rates.
    """
    rest = np.array([1.5, 0.5, -0.5, -1.5])
    prepared = {
        "saturation": np.zeros(4),
        "inversion": -rest,
        "selective saturation": np.array([1.5, 0.0, 0.0, -1.5]),
        "selective inversion": np.array([1.5, -0.5, 0.5, -1.5]),
    }[preparation]
    jumps = np.array(
        [
            [0.0, w1_per_s, w2_per_s, 0.0],
            [w1_per_s, 0.0, 0.0, w2_per_s],
            [w2_per_s, 0.0, 0.0, w1_per_s],
            [0.0, w2_per_s, w1_per_s, 0.0],
        ]
    )
    rates, modes = np.linalg.eigh(jumps - np.diag(jumps.sum(axis=0)))
    left = modes.T @ (completeness * (prepared - rest))
    populations = rest + (np.exp(np.outer(delays_s, rates)) * left) @ modes.T
    seen = np.array([0.0, 1.0, -1.0, 0.0]) if detection == "central" else rest / 5
    return populations @ seen


def simulate_recovery(
    delays_s: Sequence[float] | np.ndarray,
    truth: RelaxationTruth,
    *,
    temperature_K: float,
    preparation: Preparation = "saturation",
    detection: Detection = "central",
    completeness: float = 1.0,
    shift_ppm: float = -11.2,
    lorentz_Hz: float = 300.0,
    flaws: Flaws | None = None,
    seed: int = 0,
    observation: Observation = _SODIUM,
) -> tuple[Signal, dict[str, Any]]:
    """Decays of one line after each delay, `[n_delays, n_points]`, and the truth of this temperature.

    The noise of `flaws` is relative to the first point in equilibrium.

    Raises
    ------
    SettingsError
        For a temperature that is not above 0 K.
    """
    if not temperature_K > 0:
        raise SettingsError(f"{temperature_K:g} K", where="temperature", remedy="give one above 0 K")
    flaws = flaws or Flaws()
    delays = np.asarray(delays_s, dtype=float)
    w1, w2 = (float(rate) for rate in truth.rates_per_s(temperature_K))
    seen = magnetization(
        delays, w1_per_s=w1, w2_per_s=w2, preparation=preparation, detection=detection, completeness=completeness
    )
    times = flaws.dead_time_us * 1e-6 + np.arange(observation.n_points) / observation.spectral_width_Hz
    offset_Hz = (shift_ppm - observation.carrier_ppm) * observation.reference_MHz
    decay = np.exp((2j * np.pi * offset_Hz - np.pi * lorentz_Hz) * times)
    signal = Signal(
        values=flaws.spoil(seen[:, None] * decay, np.random.default_rng(seed), noise_of=1.0),
        domain="time",
        axis=observation.axis,
        name=f"recovery-{temperature_K:g}K",
        delays_s=delays,
        conditions=replace(
            observation.conditions,
            temperature_K=temperature_K,
            pulse_program="satrect1" if "saturation" in preparation else "t1ir",
        ),
    )
    document = {
        "kind": "recovery",
        "temperature_K": temperature_K,
        "tau_s": float(truth.tau_s(temperature_K)),
        "w1_per_s": w1,
        "w2_per_s": w2,
        "r1_per_s": 0.4 * w1 + 1.6 * w2,
        "preparation": preparation,
        "detection": detection,
        "completeness": completeness,
        "relaxation": asdict(truth),
        "flaws": asdict(flaws),
        "seed": seed,
    }
    return signal, document


def simulate_recoveries(
    truth: RelaxationTruth,
    *,
    temperatures_K: Sequence[float],
    n_delays: int = 16,
    flaws: Flaws | None = None,
    seed: int = 0,
    **others: Any,
) -> tuple[list[Signal], dict[str, Any]]:
    """A recovery at each temperature, with delays evenly in the logarithm from a hundredth to eight times its T1.

    `others` go to `simulate_recovery`; each temperature has a seed of its own.
    """
    signals, rows = [], []
    for place, temperature in enumerate(temperatures_K):
        w1, w2 = truth.rates_per_s(temperature)
        delays = np.geomspace(0.01, 8.0, n_delays) / (0.4 * float(w1) + 1.6 * float(w2))
        signal, row = simulate_recovery(
            delays, truth, temperature_K=temperature, flaws=flaws, seed=seed + place, **others
        )
        signals.append(signal)
        rows.append(row)
    return signals, {"kind": "recovery", "relaxation": asdict(truth), "seed": seed, "temperatures": rows}
