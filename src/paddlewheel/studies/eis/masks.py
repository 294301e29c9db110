"""Frequencies left out of the spectra of an `eis` run: those of the mains, and ends that are no good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.studies.eis.inputs import ReadSpectra

_Range = tuple[float, float]
_FEWEST = 3


def masked(read: ReadSpectra, *, mask_Hz: Sequence[_Range] = (), kept_Hz: Sequence[_Range] = ()) -> ReadSpectra:
    """The spectra without the points that are masked, or outside of what is kept; how many were is told.

    Parameters
    ----------
    read
        The spectra.
    mask_Hz
        Ranges that are left out, ends included.
    kept_Hz
        Ranges outside of which all is left out; everything is kept where none is given.

    Raises
    ------
    SettingsError
        If a spectrum has fewer than three points left.
    """
    if not (mask_Hz or kept_Hz):
        return read
    spectra, counts = [], []
    for spectrum, file in zip(read.spectra, read.files, strict=True):
        frequency = spectrum.frequency_Hz
        kept = ~_inside(frequency, mask_Hz) & (_inside(frequency, kept_Hz) if kept_Hz else True)
        if kept.sum() < _FEWEST:
            raise SettingsError(
                f"{kept.sum()} of the {len(kept)} points of {file} are left",
                where="mask_Hz" if mask_Hz else "frequency_range_Hz",
                remedy=f"the spectrum goes from {frequency.min():.3g} to {frequency.max():.3g} Hz; leave out less",
            )
        counts.append(int((~kept).sum()))
        spectra.append(replace(spectrum, frequency_Hz=frequency[kept], impedance_ohm=spectrum.impedance_ohm[kept]))
    told = f"{min(counts)} to {max(counts)}" if min(counts) < max(counts) else str(counts[0])
    said = f"{told} point{'s' * (told != '1')} of each spectrum left out, as --mask-Hz and --frequency-range-Hz say"
    return replace(read, spectra=tuple(spectra), warnings=(*read.warnings, said))


def _inside(frequency_Hz: np.ndarray, ranges: Sequence[_Range]) -> np.ndarray:
    inside = np.zeros(len(frequency_Hz), dtype=bool)
    for low, high in ranges:
        inside |= (frequency_Hz >= low) & (frequency_Hz <= high)
    return inside
