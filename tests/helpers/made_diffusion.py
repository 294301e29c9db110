"""Cells whose voltage is the exact solution of diffusion into a film or a sphere, by any program of currents."""

from __future__ import annotations

from collections.abc import Sequence
from math import gamma

import numpy as np
from scipy.optimize import brentq

from paddlewheel.lab.table import CellTest

_TERMS = 60


def _sphere_roots() -> np.ndarray:
    """tan x = x, positive: n pi < x < n pi + pi / 2."""
    return np.array(
        [brentq(lambda x: np.sin(x) - x * np.cos(x), n * np.pi, (n + 0.5) * np.pi) for n in range(1, _TERMS + 1)]
    )


_ROOTS = _sphere_roots()


def surface(theta: np.ndarray, *, sphere: bool) -> np.ndarray:
    """Change of the filling at the surface after a unit flux since 0, over that of the mean at D t / (V/A)^2 = 1.

    theta is D t / (V/A)^2. The series are Crank's (The Mathematics of Diffusion, 1975, eqs. 4.55 and 6.45); at short
    times the ones that come from expanding the Laplace transforms 1 / s^1.5 and 1 / (s (sqrt(s) - 1)).
    """
    theta = np.maximum(theta, 0.0)
    if not sphere:
        n = np.arange(1, _TERMS + 1)
        waves = np.exp(-np.outer(theta, (n * np.pi) ** 2)) @ (1 / n**2)
        return np.where(theta < 0.02, 2 * np.sqrt(theta / np.pi), theta + 1 / 3 - 2 / np.pi**2 * waves)
    by_radius = theta / 9  # V/A is a third of the radius
    waves = np.exp(-np.outer(by_radius, _ROOTS**2)) @ (1 / _ROOTS**2)
    short = sum(by_radius ** (k / 2) / gamma(1 + k / 2) for k in range(1, 16))
    return 3 * np.where(by_radius < 0.01, short, 3 * by_radius + 1 / 5 - 2 * waves)


def diffusing_cell(
    steps: Sequence[tuple[float, float]],
    *,
    rate_per_s: float,
    sphere: bool,
    capacity_Ah: float = 2e-3,
    window_V: float = 0.8,
    begin_V: float = 3.2,
    resistance_ohm: float = 25.0,
    interval_s: float = 1.0,
    fine_s: float = 0.0,
    noise_V: float = 0.0,
    seed: int = 0,
) -> CellTest:
    """A cell whose equilibrium voltage goes straight over `window_V` while `capacity_Ah` passes.

    Parameters
    ----------
    steps
        Current (A) and duration (s) of each.
    rate_per_s
        D / (V/A)^2.
    fine_s
        Interval of the rows in the first 10 s of a step, where another one is wanted.
    """
    times, currents, began, charge = [0.0], [0.0], [], [0.0]
    at_s = 0.0
    for current, duration in steps:
        began.append((at_s, current))
        early = np.arange(1, round(min(10.0, duration) / fine_s) + 1) * fine_s if fine_s else np.empty(0)
        later = np.arange(1, min(200, round(duration / interval_s)) + 1) * interval_s
        later = np.union1d(later, np.linspace(later[-1], duration, 60))
        rows = np.union1d(early, later[later > (early[-1] if len(early) else 0.0)])
        times += list(at_s + rows)
        currents += [current] * len(rows)
        charge += list(charge[-1] + current * rows / 3600)
        at_s += duration
    time_s, current_A = np.array(times), np.array(currents)
    voltage = begin_V + resistance_ohm * current_A
    before = 0.0
    for since, current in began:
        change = window_V / (3600 * capacity_Ah) * (current - before)  # V/s of the equilibrium voltage
        after = time_s > since
        voltage[after] += change / rate_per_s * surface(rate_per_s * (time_s[after] - since), sphere=sphere)
        before = current
    voltage = voltage + np.random.default_rng(seed).normal(0, noise_V, len(voltage)) if noise_V else voltage
    return CellTest(
        time_s=time_s, voltage_V=voltage, current_A=current_A, charge_Ah=np.array(charge), source="made.csv"
    )
