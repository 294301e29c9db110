"""Two-dimensional spectra from rows of cosine and sine (States et al., J. Magn. Reson. 48, 286 (1982); States-TPPI).

Row 2k holds the cosine and row 2k + 1 the sine of the phase that a line has after the k-th time of the indirect
dimension; by States-TPPI both have the sign (-1)^k. With F2 the transform of a row, S_k = Re F2(cosine) + i Re
F2(sine), its first point halved, gives the indirect dimension with both of its signs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.processing import apodization, to_spectrum
from paddlewheel.lab.nmr.signal import Axis, Signal

_PHASE_SENSITIVE = ("states", "states-tppi", "echo-antiecho")
_FEWEST_TIMES = 4
_REVERSED = 3.0
"""How much stronger the other diagonal must be before the indirect dimension is turned round."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Pairs:
    """A two-dimensional measurement, transformed in the direct dimension.

    Attributes
    ----------
    cosine, sine
        [n_times, n_points] complex spectra of the rows, without the signs of States-TPPI.
    axis, indirect
        Of both dimensions.
    name, mixing_s
        Of the measurement.
    warnings
        What was left out or turned round, a sentence each.
    """

    cosine: np.ndarray
    sine: np.ndarray
    axis: Axis
    indirect: Axis
    name: str
    mixing_s: float | None
    warnings: tuple[str, ...] = ()

    @property
    def shift_ppm(self) -> np.ndarray:
        """Of the points of the direct dimension, rising."""
        return self.axis.shift_ppm(self.cosine.shape[1])

    @property
    def times_s(self) -> np.ndarray:
        """Of the indirect dimension, [n_times]."""
        return np.arange(self.cosine.shape[0]) / self.indirect.spectral_width_Hz


@dataclass(frozen=True, eq=False, kw_only=True)
class Plane:
    """The real part of a spectrum in two dimensions.

    Attributes
    ----------
    values
        [n_indirect, n_direct].
    indirect_ppm, direct_ppm
        Shifts of its rows and columns, rising.
    """

    values: np.ndarray
    indirect_ppm: np.ndarray
    direct_ppm: np.ndarray


def to_pairs(signal: Signal) -> Pairs:
    """Cosine and sine rows of a phase-sensitive measurement, transformed in the direct dimension.

    An odd last row, cosine without its sine, is left out with a warning. Where the lines lie on the other diagonal, as
    when the receiver turns the other way, the sine is negated with a warning.

    Raises
    ------
    DataError
        For magnitude and QF measurements, TPPI, and what is no raw measurement of two dimensions.
    """
    mode = signal.quadrature
    if signal.indirect is None or (signal.indirect_domain, signal.is_complex) != ("time", True):
        raise DataError(
            "no rows of an indirect dimension in time", where=signal.name,
            remedy="give the raw data (ser) of a two-dimensional measurement",
        )  # fmt: skip
    if mode in ("qf", "magnitude", None):
        told = "FnMODE 1, QF: magnitude" if mode in ("qf", "magnitude") else "the file does not say how rows hold it"
        raise DataError(
            f"the indirect dimension is not phase-sensitive ({told}): its lines have no absorption and no volume",
            where=signal.name, remedy="measure with States-TPPI or States",
        )  # fmt: skip
    if mode not in _PHASE_SENSITIVE:
        raise DataError(f"rows of {mode} are not taken", where=signal.name, remedy="measure with States-TPPI or States")
    n_rows = signal.values.shape[0]
    warnings = list(signal.warnings)
    if n_rows % 2:
        warnings.append(f"{signal.name}: row {n_rows}, the last, has no sine beside it and is left out")
    if n_rows // 2 < _FEWEST_TIMES:
        raise DataError(
            f"{n_rows} rows", where=signal.name, remedy=f"give at least {2 * _FEWEST_TIMES}: a cosine and a sine each"
        )
    spectra = to_spectrum(signal).values[: n_rows // 2 * 2]
    cosine, sine = spectra[0::2].copy(), spectra[1::2].copy()
    if mode == "states-tppi":
        cosine[1::2] *= -1
        sine[1::2] *= -1
    if mode == "echo-antiecho":
        cosine, sine = 0.5 * (cosine + sine), -0.5j * (cosine - sine)
    indirect = signal.indirect
    if indirect.nucleus == signal.axis.nucleus:  # one reference for both, as it may have been given
        indirect = replace(indirect, reference_MHz=signal.axis.reference_MHz)
    pairs = Pairs(
        cosine=cosine, sine=sine, axis=signal.axis, indirect=indirect, name=signal.name,
        mixing_s=signal.mixing_s, warnings=tuple(warnings),
    )  # fmt: skip
    if _is_reversed(pairs):
        told = f"{signal.name}: the diagonal runs the other way: the indirect dimension is turned round"
        return replace(pairs, sine=-pairs.sine, warnings=(*warnings, told))
    return pairs


def _is_reversed(pairs: Pairs) -> bool:
    """Whether the lines of the direct dimension meet themselves in the indirect one at the negative frequency."""
    n_points = pairs.cosine.shape[1]
    offset_Hz = (np.arange(n_points) - n_points // 2) * pairs.axis.spectral_width_Hz / n_points
    offset_Hz = offset_Hz + 1e6 * (pairs.axis.carrier_MHz - pairs.indirect.carrier_MHz)
    strength = np.abs(pairs.cosine[0])
    lines = np.flatnonzero(strength > 0.3 * strength.max())
    turned = np.exp(2j * np.pi * np.outer(pairs.times_s, offset_Hz[lines]))
    cosine, sine = pairs.cosine[:, lines], pairs.sine[:, lines]
    direct = np.abs((cosine * np.real(turned) + sine * np.imag(turned)).sum(axis=0))
    other = np.abs((cosine * np.real(turned) - sine * np.imag(turned)).sum(axis=0))
    return bool((other**2).sum() > _REVERSED * (direct**2).sum())


def to_plane(
    pairs: Pairs,
    *,
    direct_phase_deg: float = 0.0,
    direct_phase1_deg: float = 0.0,
    indirect_phase_deg: float = 0.0,
    line_broadening_Hz: float = 0.0,
    bell: bool = True,
    zero_fill: int = 4,
) -> Plane:
    """The spectrum in absorption.

    Parameters
    ----------
    pairs
        From `to_pairs`.
    direct_phase_deg, direct_phase1_deg
        What rows are turned by: a constant, and what is linear in frequency over the spectral width (0 at the carrier).
    indirect_phase_deg
        What the indirect dimension is turned by.
    line_broadening_Hz
        Lorentzian broadening of the indirect dimension.
    bell
        Whether a cosine brings the indirect dimension's last time to zero, as it ends before its lines have decayed.
    zero_fill
        Points of the indirect dimension over its times.
    """
    n_times, n_points = pairs.cosine.shape
    place = (np.arange(n_points) - n_points // 2) / n_points
    turn = np.exp(1j * np.deg2rad(direct_phase_deg + direct_phase1_deg * place))
    decay = np.real(pairs.cosine * turn) + 1j * np.real(pairs.sine * turn)
    decay *= np.exp(1j * np.deg2rad(indirect_phase_deg))
    decay *= apodization(pairs.times_s, line_broadening_Hz=line_broadening_Hz)[:, None]
    if bell:
        decay *= np.cos(0.5 * np.pi * np.arange(n_times) / n_times)[:, None]
    decay[0] *= 0.5
    transformed = np.fft.fftshift(np.fft.fft(decay, n_times * zero_fill, axis=0), axes=0)
    return Plane(
        values=np.real(transformed) / pairs.indirect.spectral_width_Hz,
        indirect_ppm=pairs.indirect.shift_ppm(n_times * zero_fill),
        direct_ppm=pairs.shift_ppm,
    )


def check_alike(series: Sequence[Pairs]) -> None:
    """Refuse measurements that cannot be of one series of mixing times.

    Raises
    ------
    DataError
        For another nucleus, size, or width of either dimension than the first has.
    """
    first = series[0]
    for other in series[1:]:
        if other.cosine.shape != first.cosine.shape:
            raise DataError(
                f"{_size(other)} points, where {first.name} has {_size(first)}", where=other.name,
                remedy="give measurements that differ in their mixing time alone",
            )  # fmt: skip
        for ours, theirs in ((other.axis, first.axis), (other.indirect, first.indirect)):
            if (
                ours.nucleus != theirs.nucleus
                or abs(ours.carrier_MHz - theirs.carrier_MHz) > 1e-6
                or abs(ours.spectral_width_Hz / theirs.spectral_width_Hz - 1) > 1e-4
            ):
                raise DataError(
                    f"{ours.nucleus} at {ours.carrier_MHz:.6f} MHz over {ours.spectral_width_Hz:.6g} Hz, where "
                    f"{first.name} has {theirs.nucleus} at {theirs.carrier_MHz:.6f} MHz over "
                    f"{theirs.spectral_width_Hz:.6g} Hz", where=other.name,
                    remedy="give measurements that differ in their mixing time alone",
                )  # fmt: skip


def _size(pairs: Pairs) -> str:
    n_times, n_points = pairs.cosine.shape
    return f"{2 * n_times} x {n_points}"
