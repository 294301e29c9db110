"""Made-up files of a potentiostat, shared by the tests of dc and lsv: holds of a known conductance, a sweep of a known
rise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

CONDUCTANCE_S = 1e-8 * np.pi / 4 / 0.1
"""1e-8 S/cm, the 1e-5 mS/cm of o-NBH, in a pellet of 1.0 cm and 0.1 cm."""
ONE_CM2 = 2 / np.sqrt(np.pi)
"""Diameter of 1 cm2, cm."""


def write_csv(path: Path, time_s: np.ndarray, voltage_V: np.ndarray, current_A: np.ndarray) -> Path:
    """A file as a potentiostat exports it."""
    rows = zip(time_s, voltage_V, 1000 * np.asarray(current_A), strict=True)
    path.write_text("time/s,Ewe/V,I/mA\n" + "".join(f"{t:.2f},{v:.6f},{i:.8e}\n" for t, v, i in rows))
    return path


def write_holds(folder: Path) -> Path:
    """Four holds of an hour and a half each."""
    rng, t = np.random.default_rng(1), np.arange(0.0, 5400.0, 10.0)
    voltages = (0.1, 0.2, 0.3, 0.4)
    current = [CONDUCTANCE_S * v * (1 + 12 * np.exp(-t / 300)) + rng.normal(0, 2e-10, len(t)) for v in voltages]
    time = np.concatenate([t + 5400.0 * k for k in range(4)])
    return write_csv(folder / "steel.csv", time, np.repeat(voltages, len(t)), np.concatenate(current))


def write_sweep(folder: Path) -> Path:
    """Up to 4.8 V with a rise from 3.6 V of 60 uA/cm2 per V, on an electrode of 1 cm2."""
    voltage = np.arange(2.5, 4.8, 0.005)
    density = 0.3 + 60e-4 * np.logaddexp(0.0, (voltage - 3.6) / 1e-4)
    noise = np.random.default_rng(2).normal(0, 0.05, len(voltage))
    return write_csv(folder / "up.csv", (voltage - 2.5) / 1e-4, voltage, 1e-6 * (density + noise))


def exit_status(arguments: Sequence[object]) -> object:
    """Exit status of the program with these arguments."""
    from paddlewheel.cli.main import run

    with pytest.raises(SystemExit) as ended:
        run([str(argument) for argument in arguments])
    return ended.value.code
