"""A table without names that is a spectrum: frequency, real and imaginary part, told by what the numbers do.

A frequency runs over decades in even steps of its logarithm, as no time, voltage or resistance does. The sign of the
imaginary part follows from the magnitude: in a causal system the phase is a quarter turn times d ln|Z| / d ln f, nearly
(Bode, Network Analysis and Feedback Amplifier Design, 1945), so that |Z| falls with frequency where Z'' < 0. The same
relation tells magnitude and phase from real and imaginary part.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.readers.text_table import TextTable

_LEAST_DECADES = 1.0
_UNEVEN_STEPS = 6.0
"""Most that large steps of a frequency's logarithm are of small ones, 90th over 10th percentile: a clock's are 9."""
_LEAST_POINTS = 5
_CLOSER = 0.75
"""Of the misfit as real and imaginary part, below which one as magnitude and phase is in question."""
_TOLD = 0.7
"""Of the misfit, below which the sign is told; noise has 1."""


def named(table: TextTable) -> TextTable:
    """The table with the names of a spectrum's columns, and a warning that says how they were told; or as it was.

    Raises
    ------
    DataError
        If its columns are a frequency and what may as well be magnitude and phase.
    """
    if any(table.names) or set(table.numbers) != {0, 1, 2} or table.texts or len(table) < _LEAST_POINTS:
        return table
    uneven = {place: _unevenness(values) for place, values in table.numbers.items()}
    at = min(uneven, key=lambda place: uneven[place])
    if uneven[at] > _UNEVEN_STEPS:
        return table
    first, second = (place for place in table.numbers if place != at)
    f, one, other = (table.numbers[place] for place in (at, first, second))
    known = np.isfinite(f) & np.isfinite(one) & np.isfinite(other) & (f > 0)
    f, one, other = f[known], one[known], other[known]
    if len(f) < _LEAST_POINTS:
        return table
    z = one + 1j * other
    as_parts = {sign: _misfit(f, np.abs(z), sign * np.angle(z, deg=True)) for sign in (1.0, -1.0)}
    sign = min(as_parts, key=lambda sign: as_parts[sign])
    polar = (one > 0).all() and (np.abs(other) <= 180).all()
    as_phase = min(_misfit(f, one, other), _misfit(f, one, -other)) if polar else 1.0
    if as_phase < _CLOSER * as_parts[sign]:
        raise DataError(
            "three columns without names: a frequency, and what may be magnitude and phase", where=table.source,
            remedy=f"name them: --columns frequency_Hz={at + 1},magnitude_ohm={first + 1},phase_deg={second + 1} (or "
            f"real_ohm={first + 1},imag_ohm={second + 1})",
        )  # fmt: skip
    told = as_parts[sign] < _TOLD
    sign = sign if told else 1.0
    names = [""] * 3
    names[at], names[first], names[second] = "frequency", "Z'", "Z''" if sign > 0 else "-Z''"
    units = [""] * 3
    units[at], units[first], units[second] = "Hz", "ohm", "ohm"
    what = "capacitive" if np.median(sign * other) < 0 else "inductive"
    why = f"the phase that the course of |Z| asks for: {what}" if told else "its sign is not told by the course of |Z|"
    said = [text for text in table.warnings if not text.startswith("no header")]
    said.append(
        f"no header: column {at + 1} taken as frequency in Hz (it runs over {np.ptp(np.log10(f)):.1f} decades in even "
        f"steps), {first + 1} as Z' and {second + 1} as {names[second]} in ohm ({why})"
    )
    return replace(table, names=names, units=units, warnings=said)


def _unevenness(values: np.ndarray) -> float:
    """What large steps of a frequency's logarithm are of small ones; infinite where it is none."""
    known = values[np.isfinite(values) & (values != 0)]  # 0 in rows of rest between the loops
    if len(known) < _LEAST_POINTS or (known < 0).any():
        return math.inf
    decades = np.log10(known)
    steps = np.abs(np.diff(decades))
    steps = steps[(steps > 1e-9) & (steps < 0.9 * np.ptp(decades))]  # without the way back of loops
    if np.ptp(decades) < _LEAST_DECADES or len(steps) < _LEAST_POINTS - 2:
        return math.inf
    small, large = np.quantile(steps, [0.1, 0.9])
    return float(large / small)


def _misfit(frequency_Hz: np.ndarray, magnitude_ohm: np.ndarray, phase_deg: np.ndarray) -> float:
    """Sum of |phase - 90 deg x d ln|Z| / d ln f| over the sum of both sizes: 0 where they agree, 1 where not."""
    with np.errstate(divide="ignore", invalid="ignore"):
        asked = 90 * np.diff(np.log(magnitude_ohm)) / np.diff(np.log(frequency_Hz))
    phase = 0.5 * (phase_deg[1:] + phase_deg[:-1])
    known = np.isfinite(asked) & np.isfinite(phase)
    size = float((np.abs(asked) + np.abs(phase))[known].sum())
    return float(np.abs(phase - asked)[known].sum()) / size if size > 0 else 1.0
