"""A table without names that is a spectrum: frequency, real and imaginary part, told by what the numbers do.

A frequency runs over decades in even steps of its logarithm, as no time, voltage or resistance does. The sign of the
imaginary part follows from the magnitude: in a causal system the phase is a quarter turn times d ln|Z| / d ln f, nearly
(Bode, Network Analysis and Feedback Amplifier Design, 1945), so that |Z| falls with frequency where Z'' < 0. The same
relation tells magnitude and phase from real and imaginary part.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.readers.text_table import TextTable

_LEAST_DECADES = 1.0
_UNEVEN_STEPS = 6.0
"""Most that large steps of a frequency's logarithm are of small ones (90th over 10th percentile): 9 for a clock's."""
_LEAST_POINTS = 5
_OFF_DEG = 25.0
"""Median between phase and slope: below it a reading obeys the relation, which holds nearly."""


def named(table: TextTable) -> TextTable:
    """The table with the names of a spectrum's columns, and a warning that says how they were told; or as it was.

    Raises
    ------
    DataError
        If its columns are a frequency and what may as well be magnitude and phase.
    """
    if any(table.names) or set(table.numbers) != {0, 1, 2} or table.texts or len(table) < _LEAST_POINTS:
        return table
    frequencies = [place for place in table.numbers if is_frequency(table.numbers[place])]
    if not frequencies:
        return table
    at = frequencies[0]
    first, second = (place for place in table.numbers if place != at)
    f, one, other = (table.numbers[place] for place in (at, first, second))
    known = np.isfinite(f) & np.isfinite(one) & np.isfinite(other) & (f > 0)
    f, one, other = f[known], one[known], other[known]
    if len(f) < _LEAST_POINTS:
        return table
    z = one + 1j * other
    sign = -1.0 if _fit(f, np.abs(z), -np.angle(z, deg=True)) < _fit(f, np.abs(z), np.angle(z, deg=True)) else 1.0
    polar = (one > 0).all() and (np.abs(other) <= 180).all()
    of_parts = _fit(f, np.abs(z), sign * np.angle(z, deg=True))
    of_phase = min(_fit(f, one, other), _fit(f, one, -other)) if polar else np.inf
    if of_phase < _OFF_DEG and of_phase < 0.5 * of_parts:
        raise DataError(
            "three columns without names: a frequency, and what may be magnitude and phase", where=table.source,
            remedy=f"name them: --columns frequency_Hz={at + 1},magnitude_ohm={first + 1},phase_deg={second + 1} (or "
            f"real_ohm={first + 1},imag_ohm={second + 1})",
        )  # fmt: skip
    names = [""] * 3
    names[at], names[first], names[second] = "frequency", "Z'", "Z''" if sign > 0 else "-Z''"
    units = [""] * 3
    units[at], units[first], units[second] = "Hz", "ohm", "ohm"
    what = "negative, capacitive" if np.median(sign * other) < 0 else "positive, inductive"
    said = [text for text in table.warnings if not text.startswith("no header")]
    said.append(
        f"no header: column {at + 1} taken as frequency in Hz (it runs over {np.ptp(np.log10(f)):.1f} decades in even "
        f"steps), {first + 1} as Z' and {second + 1} as {names[second]} in ohm (the phase that |Z| asks for: {what})"
    )
    return replace(table, names=names, units=units, warnings=said)


def is_frequency(values: np.ndarray) -> bool:
    """Whether numbers are above 0, run over a decade or more, and step evenly in their logarithm."""
    known = values[np.isfinite(values)]
    known = known[known != 0]  # rows of rest between the loops
    if len(known) < _LEAST_POINTS or (known < 0).any():
        return False
    steps = np.abs(np.diff(np.log10(known)))
    steps = steps[(steps > 1e-9) & (steps < 0.9 * np.ptp(np.log10(known)))]  # without the way back of loops
    if np.ptp(np.log10(known)) < _LEAST_DECADES or len(steps) < _LEAST_POINTS - 2:
        return False
    small, large = np.quantile(steps, [0.1, 0.9])
    return bool(large < _UNEVEN_STEPS * small)


def _fit(frequency_Hz: np.ndarray, magnitude_ohm: np.ndarray, phase_deg: np.ndarray) -> float:
    """Median of |phase - 90 deg x d ln|Z| / d ln f|, degrees."""
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.diff(np.log(magnitude_ohm)) / np.diff(np.log(frequency_Hz))
    off = 90 * slope - 0.5 * (phase_deg[1:] + phase_deg[:-1])
    off = np.abs(off[np.isfinite(off)])
    return float(np.median(off)) if len(off) else np.inf
