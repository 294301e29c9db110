"""Cyclic voltammograms of known kinetics: the integral equations of Nicholson and Shain, solved numerically.

Of a dissolved species that is oxidised, with equal diffusivities, the concentration at the electrode follows from the
current by m(t) = integral of i(s) / sqrt(pi (t - s)) ds = n F A sqrt(D) (C - C_R(0, t)) (Anal. Chem. 1964, 36, 706, doi
10.1021/ac60210a007), and the current from the concentration by Nernst or by Butler and Volmer with alpha = 1/2 (Anal.
Chem. 1965, 37, 1351, doi 10.1021/ac60230a016). A species held on the surface has no diffusion: Nernst alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq

from paddlewheel.lab.table import CellTest
from paddlewheel.units import FARADAY_C_PER_MOL, GAS_CONSTANT_J_PER_MOL_K

DIFFUSIVITY_CM2_PER_S, CONCENTRATION_MOL_PER_CM3 = 1e-5, 1e-6
"""Of the species, 1 mmol/l, on an electrode of 1 cm2."""


def triangle(corners_V: Sequence[float], *, rate_V_per_s: float, step_V: float = 5e-4) -> tuple[np.ndarray, np.ndarray]:
    """Times in s and voltages in V through the corners."""
    parts = [np.arange(0, abs(b - a), step_V) * np.sign(b - a) + a for a, b in itertools.pairwise(corners_V)]
    voltage = np.concatenate([*parts, [corners_V[-1]]])
    return np.arange(len(voltage)) * step_V / rate_V_per_s, voltage


def diffusing_couple(
    corners_V: Sequence[float],
    *,
    rate_V_per_s: float,
    half_wave_V: float = 0.0,
    rate_constant_cm_per_s: float | None = None,
    electrons: int = 1,
    temperature_K: float = 298.15,
    resistance_ohm: float = 0.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, voltages and currents in A; reversible without a rate constant."""
    time, voltage = triangle(corners_V, rate_V_per_s=rate_V_per_s)
    per_V = electrons * FARADAY_C_PER_MOL / (GAS_CONSTANT_J_PER_MOL_K * temperature_K)
    scale = electrons * FARADAY_C_PER_MOL * np.sqrt(DIFFUSIVITY_CM2_PER_S)
    step, current = time[1], np.zeros(len(time) - 1)
    # each current stands for the time between two rows, and the voltage is that of their middle
    middle = 0.5 * (voltage[1:] + voltage[:-1])
    weights = 2 / np.sqrt(np.pi) * np.diff(np.concatenate([[0.0], np.sqrt(step * (np.arange(len(time)) + 0.5))]))
    factor = electrons * FARADAY_C_PER_MOL
    for n in range(len(current)):
        before = float(current[:n] @ weights[1 : n + 1][::-1])

        def through_electrode(drop_V: float, n: int = n, before: float = before) -> float:
            overvoltage = middle[n] - drop_V - half_wave_V
            if rate_constant_cm_per_s is None:
                oxidised = CONCENTRATION_MOL_PER_CM3 / (1 + np.exp(-per_V * overvoltage))
                return float((scale * oxidised - before) / weights[0])
            forwards = rate_constant_cm_per_s * np.exp(0.5 * per_V * overvoltage)
            both = forwards + rate_constant_cm_per_s * np.exp(-0.5 * per_V * overvoltage)
            # i = n F [kf C - (kf + kb) m / s] with m = before + i w
            top = factor * (forwards * CONCENTRATION_MOL_PER_CM3 - both * before / scale)
            return float(top / (1 + factor * both * weights[0] / scale))

        if resistance_ohm:  # the current falls with the drop: there is one that fits
            reach = 1.0 / resistance_ohm
            current[n] = brentq(lambda i, at=through_electrode: at(i * resistance_ohm) - i, -reach, reach, xtol=1e-12)
        else:
            current[n] = through_electrode(0.0)
    return time[1:] - 0.5 * step, middle, current


def surface_couple(
    corners_V: Sequence[float], *, rate_V_per_s: float, half_wave_V: float = 0.0, coverage_mol: float = 1e-9,
    electrons: int = 1, temperature_K: float = 298.15,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Times, voltages and currents of a species held on the surface: i = n2 F2 v Gamma x / (RT (1 + x)2)."""
    time, voltage = triangle(corners_V, rate_V_per_s=rate_V_per_s)
    per_V = electrons * FARADAY_C_PER_MOL / (GAS_CONSTANT_J_PER_MOL_K * temperature_K)
    share = 1 / (1 + np.exp(-per_V * (voltage - half_wave_V)))
    slope = per_V * share * (1 - share) * np.sign(np.gradient(voltage))
    return time, voltage, electrons * FARADAY_C_PER_MOL * coverage_mol * rate_V_per_s * slope


def as_test(
    time_s: np.ndarray, voltage_V: np.ndarray, current_A: np.ndarray, *, noise_A: float = 0.0, seed: int = 0
) -> CellTest:
    """The rows of a potentiostat."""
    noise = np.random.default_rng(seed).normal(0, noise_A, len(time_s)) if noise_A else 0.0
    return CellTest(time_s=time_s, voltage_V=voltage_V, current_A=current_A + noise, source="made-cv.csv")
