"""Spectra of known truth, made as decays in time: they share nothing with the line shapes of the fits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paddlewheel.lab.nmr.signal import Axis, Conditions, Signal

REFERENCE_MHz, CARRIER_PPM = 128.38, -30.0
"""11B at 9.4 T."""


def mixture(of_boron: float) -> list[tuple[float, float, float, float]]:
    """Lines of the paper's mixtures, each shift (ppm), Gaussian and Lorentzian width (Hz) and area.

    `of_boron` is the share of the boron of BH4 that is in o-NBH: the compound has 12 times as much in B12H12.
    """
    return [
        (-15.5, 160, 120, 12 * of_boron),
        (-44.3, 90, 100, of_boron),
        (-16.3, 150, 150, 6 * (1 - of_boron)),
        (-42.1, 120, 80, 1 - of_boron),
    ]


def made_decay(
    lines: Sequence[tuple[float, float, float, float]],
    *,
    seed: int,
    noise: float = 0.004,
    phase_deg: float = 10.0,
    rolling: float = 0.03,
    n_points: int = 4096,
    spectral_width_Hz: float = 50_000.0,
    name: str = "made",
) -> Signal:
    """A decay with an area of `lines` at t = 0, in units of whose sum `noise` and `rolling` are.

    `rolling` is how much the first three points are wrong by, which rolls the baseline.
    """
    rng = np.random.default_rng(seed)
    time_s = np.arange(n_points) / spectral_width_Hz
    decay = np.zeros(n_points, dtype=complex)
    for shift_ppm, gaussian, lorentzian, area in lines:
        turn = 2j * np.pi * (shift_ppm - CARRIER_PPM) * REFERENCE_MHz
        decay += area * np.exp(
            (turn - np.pi * lorentzian) * time_s - (np.pi * gaussian * time_s) ** 2 / (4 * np.log(2))
        )
    size = sum(area for *_, area in lines)
    decay[:3] += rolling * size * (rng.normal(size=3) + 1j * rng.normal(size=3)) / np.sqrt(2)
    decay *= np.exp(1j * np.deg2rad(phase_deg))
    decay += noise * size * (rng.normal(size=n_points) + 1j * rng.normal(size=n_points)) / np.sqrt(2)
    axis = Axis(
        nucleus="11B",
        carrier_MHz=REFERENCE_MHz * (1 + CARRIER_PPM * 1e-6),
        reference_MHz=REFERENCE_MHz,
        spectral_width_Hz=spectral_width_Hz,
    )
    return Signal(values=decay[None], domain="time", axis=axis, name=name, conditions=Conditions())
