"""A Nose-Hoover chain: three thermostats that keep the kinetic energy of some degrees of freedom at kT/2 each.

The chain sees nothing but that kinetic energy and answers with a factor for the momenta, so that it works in plain
numbers, ten times faster than on arrays of three.
"""

from __future__ import annotations

import math

import numpy as np

_YOSHIDA = (1 / (2 - 2 ** (1 / 3)), -(2 ** (1 / 3)) / (2 - 2 ** (1 / 3)), 1 / (2 - 2 ** (1 / 3)))
"""Weights of the fourth-order factorization (Yoshida, doi 10.1016/0375-9601(90)90092-3)."""


def exponential(exponent: float) -> float:
    """exp without overflow: an exploding run gives large numbers, and is stopped for what it is."""
    return math.exp(exponent if exponent < 700.0 else 700.0)


class NoseHooverChain:
    """Chain of three (Martyna, Klein, Tuckerman, doi 10.1063/1.463940; the factorization of Martyna et al.,
    doi 10.1080/00268979600100761, as in ASE).

    Parameters
    ----------
    n_degrees
        Degrees of freedom whose mean kinetic energy is kT/2 each.
    first_mass
        Mass of the first thermostat; the others have kT * time**2.
    kT, time
        Target energy and relaxation time, in ASE's units (eV, A sqrt(u/eV)).
    """

    def __init__(self, *, n_degrees: int, first_mass: float, kT: float, time: float) -> None:
        self._n_degrees, self._kT = n_degrees, kT
        self._masses = (first_mass, kT * time**2, kT * time**2)
        self._places, self._momenta = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]

    def advance(self, twice_kinetic: float, duration: float) -> float:
        """Let the chain act for `duration`; return the factor for the momenta whose 2 x kinetic energy is given."""
        # unrolled on purpose: as loops over the chain this took 40 us a call instead of 10
        kT, target = self._kT, self._n_degrees * self._kT
        mass0, mass1, mass2 = self._masses
        p0, p1, p2 = self._momenta
        x0, x1, x2 = self._places
        total = 1.0
        for weight in _YOSHIDA:
            full = weight * duration
            half, quarter = full / 2, full / 4
            p2 += half * (p1 * p1 / mass1 - kT)
            drag1 = exponential(-quarter * p2 / mass2)
            p1 = (p1 * drag1 + half * (p0 * p0 / mass0 - kT)) * drag1
            drag0 = exponential(-quarter * p1 / mass1)
            p0 = (p0 * drag0 + half * (twice_kinetic - target)) * drag0
            x0, x1, x2 = x0 + full * p0 / mass0, x1 + full * p1 / mass1, x2 + full * p2 / mass2
            factor = exponential(-full * p0 / mass0)
            total *= factor
            twice_kinetic *= factor * factor
            p0 = (p0 * drag0 + half * (twice_kinetic - target)) * drag0
            p1 = (p1 * drag1 + half * (p0 * p0 / mass0 - kT)) * drag1
            p2 += half * (p1 * p1 / mass1 - kT)
        self._momenta, self._places = [p0, p1, p2], [x0, x1, x2]
        return total

    def energy(self) -> float:
        """The chain's part of the conserved energy."""
        potential = self._kT * (self._n_degrees * self._places[0] + self._places[1] + self._places[2])
        return potential + sum(0.5 * p * p / mass for p, mass in zip(self._momenta, self._masses, strict=True))

    def state(self) -> np.ndarray:
        """Places and momenta [2, 3]."""
        return np.array([self._places, self._momenta])

    def restore(self, state: np.ndarray) -> None:
        """Go on from `state()`."""
        self._places, self._momenta = state.tolist()
