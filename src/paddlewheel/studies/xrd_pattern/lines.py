"""Lines of a calculated pattern: their intensities, their sets, and the curve that they make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.lab.xrd.pattern import Radiation
from paddlewheel.lab.xrd.phase import d_spacing_A

_EQUAL_D = 3e-3
"""Indices that differ in signs have one d within this, where a mean cell of a run is orthogonal but for its noise."""
_LORENTZIAN_SHARE = 0.5


@dataclass(frozen=True, eq=False, kw_only=True)
class Lines:
    """Reflections with their squared structure factors, [n] each; `hkl` is [n, 3].

    `squared` is what the Bragg lines have; `diffuse` what is scattered between them, 0 for atoms that stand still.
    """

    hkl: np.ndarray
    d_A: np.ndarray
    multiplicity: np.ndarray
    squared: np.ndarray
    diffuse: np.ndarray

    def of(self, kept: np.ndarray) -> Lines:
        """Some of them."""
        return Lines(
            hkl=self.hkl[kept], d_A=self.d_A[kept], multiplicity=self.multiplicity[kept], squared=self.squared[kept],
            diffuse=self.diffuse[kept],
        )  # fmt: skip


def lorentz_polarization(two_theta_rad: np.ndarray, polarization_k: float) -> np.ndarray:
    """(1 + K cos^2 2theta) / ((1 + K) sin^2 theta cos theta), of a powder on a flat plate or in a capillary."""
    theta = two_theta_rad / 2
    polarized = (1 + polarization_k * np.cos(two_theta_rad) ** 2) / (1 + polarization_k)
    return polarized / (np.sin(theta) ** 2 * np.cos(theta))


def merged_signs(hkl: np.ndarray, cell: np.ndarray, squared: np.ndarray, diffuse: np.ndarray) -> Lines:
    """Lines of half of reciprocal space without symmetry; those that differ in signs alone and have one d are one.

    `squared` and `diffuse` become means over each set, its d is the mean one.
    """
    d_A = d_spacing_A(hkl, cell)
    sizes = np.abs(hkl)
    order = np.lexsort((d_A, sizes[:, 2], sizes[:, 1], sizes[:, 0]))
    new = np.ones(len(order), dtype=bool)
    same = (np.diff(sizes[order], axis=0) == 0).all(axis=1)
    new[1:] = ~(same & (np.diff(d_A[order]) < _EQUAL_D * d_A[order][1:]))
    number = np.cumsum(new) - 1
    count = np.bincount(number)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(number, weights=values[order]) / count

    # a set is called by its member, or the opposite of one, with the fewest minus signs
    both = np.concatenate([hkl[order], -hkl[order]])
    minus = (both < 0).sum(axis=1)
    twice = np.concatenate([number, number])
    best = np.lexsort((-both[:, 2], -both[:, 1], -both[:, 0], minus, twice))
    named = both[best[np.searchsorted(twice[best], np.arange(len(count)))]]
    return Lines(hkl=named, d_A=mean(d_A), multiplicity=2 * count, squared=mean(squared), diffuse=mean(diffuse))


def curve(
    two_theta_deg: np.ndarray,
    d_A: np.ndarray,
    strength: np.ndarray,
    radiation: Radiation,
    fwhm_deg: float | np.ndarray,
) -> np.ndarray:
    """Intensity on even angles, [n_points]: lines of `strength` m |F|^2, all of one width, half Gauss half Lorentz.

    `fwhm_deg` 0 draws no widths: each line is in the two points beside it.
    """
    step = two_theta_deg[1] - two_theta_deg[0]
    size = two_theta_deg.size
    counts = np.zeros(size)
    for wavelength_A, weight in radiation.lines:
        sine = wavelength_A / (2 * d_A)
        seen = sine < 1
        two_theta = 2 * np.arcsin(sine[seen])
        area = weight * strength[seen] * lorentz_polarization(two_theta, radiation.monochromator_cos2)
        place = (np.degrees(two_theta) - two_theta_deg[0]) / step
        inside = (place >= 0) & (place <= size - 1)
        place, area = place[inside], area[inside]
        left = np.minimum(place.astype(int), size - 2)
        np.add.at(counts, left, area * (1 - (place - left)))
        np.add.at(counts, left + 1, area * (place - left))
    if not fwhm_deg:
        return counts / step
    frequency = np.fft.rfftfreq(2 * size, step)
    sigma = fwhm_deg / np.sqrt(8 * np.log(2))
    gauss = np.exp(-2 * (np.pi * sigma * frequency) ** 2)
    lorentz = np.exp(-np.pi * fwhm_deg * frequency)
    kernel = (1 - _LORENTZIAN_SHARE) * gauss + _LORENTZIAN_SHARE * lorentz
    drawn = np.fft.irfft(np.fft.rfft(counts, 2 * size) * kernel, 2 * size)[:size]
    return np.maximum(drawn / step, 0.0)
