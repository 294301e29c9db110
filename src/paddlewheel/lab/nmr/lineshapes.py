"""Complex line shapes of NMR spectra, each with an area of one: what free induction decays become.

A decay exp(2 pi i nu t - pi w t) from t = 0 becomes (1 / pi) / (w / 2 + i (f - nu)): the real part is absorption with
an area of one over f in Hz, the imaginary part dispersion. The complex Voigt function is that of Faddeeva (Humlicek,
doi 10.1016/0022-4073(82)90078-4). Powder patterns (chemical shift anisotropy, second order of the quadrupole
interaction, with their sidebands under magic angle spinning) are mrsimulator's (https://mrsimulator.readthedocs.io).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from paddlewheel.errors import InputError

Kind = Literal["voigt", "pseudo-voigt", "gauss", "lorentz", "csa", "quadrupolar"]
"""`voigt`: Gaussian and Lorentzian broadening, multiplied in time; `pseudo-voigt`: their sum at one width; `csa`: the
powder pattern of the chemical shift anisotropy; `quadrupolar`: of the central transition in second order."""
_LN2 = float(np.log(2))
_CQ_STEP, _ASYMMETRY_STEP = 1.005, 0.02
"""Between patterns that are simulated; those between are interpolated in time, whose phase 0.5 % of C_Q hardly turn."""


@dataclass(frozen=True, kw_only=True)
class ShapeParameter:
    """A parameter of a line shape besides its shift.

    Attributes
    ----------
    name
        With its unit.
    low, high
        Ends of the fit.
    start
        Where the fit begins unless told; None for the width that the data show.
    scale
        Of a step.
    """

    name: str
    low: float
    high: float
    start: float | None
    scale: float


_WIDTH = ShapeParameter(name="fwhm_Hz", low=0.0, high=np.inf, start=None, scale=1.0)
_SHARE = ShapeParameter(name="lorentz_share", low=0.0, high=1.0, start=0.5, scale=0.1)
_ASYMMETRY = ShapeParameter(name="asymmetry", low=0.0, high=1.0, start=0.3, scale=0.1)
PARAMETERS: Mapping[str, tuple[ShapeParameter, ...]] = {
    "voigt": (_WIDTH, _SHARE),
    "pseudo-voigt": (_WIDTH, _SHARE),
    "gauss": (_WIDTH,),
    "lorentz": (_WIDTH,),
    "csa": (
        _WIDTH,
        ShapeParameter(name="anisotropy_ppm", low=-2000.0, high=2000.0, start=30.0, scale=5.0),
        _ASYMMETRY,
    ),
    "quadrupolar": (
        _WIDTH,
        ShapeParameter(name="cq_MHz", low=0.02, high=50.0, start=1.0, scale=0.1),
        _ASYMMETRY,
    ),
}
"""What each kind of line has besides its shift; the width of a powder pattern is that of its Gaussian broadening."""


def gauss(offset_Hz: np.ndarray, *, fwhm_Hz: float) -> np.ndarray:
    """Gaussian line with its dispersion, Dawson's function; complex, per Hz, of the shape of `offset_Hz`."""
    return voigt(offset_Hz, fwhm_Hz=fwhm_Hz, lorentz_share=0.0)


def lorentz(offset_Hz: np.ndarray, *, fwhm_Hz: float) -> np.ndarray:
    """Lorentzian line with its dispersion; complex, per Hz, of the shape of `offset_Hz`."""
    return 1 / np.pi / (0.5 * fwhm_Hz + 1j * np.asarray(offset_Hz))


def pseudo_voigt(offset_Hz: np.ndarray, *, fwhm_Hz: float, lorentz_share: float) -> np.ndarray:
    """Sum of a Lorentzian and a Gaussian line of one width, weighted by area; complex, per Hz."""
    broad = lorentz(offset_Hz, fwhm_Hz=fwhm_Hz)
    return lorentz_share * broad + (1 - lorentz_share) * gauss(offset_Hz, fwhm_Hz=fwhm_Hz)


def widths_of_voigt(*, fwhm_Hz: float, lorentz_share: float) -> tuple[float, float]:
    """Widths of the Lorentzian and of the Gaussian part of a Voigt line.

    The Lorentzian part has the share `lorentz_share` of the whole width, to which both add by the approximation of
    Olivero and Longbothum (doi 10.1016/0022-4073(77)90161-3), right to 0.02 %.
    """
    of_lorentz = lorentz_share * fwhm_Hz
    square = (fwhm_Hz - 0.5346 * of_lorentz) ** 2 - 0.2166 * of_lorentz**2
    return of_lorentz, float(np.sqrt(max(square, 0.0)))


def voigt(offset_Hz: np.ndarray, *, fwhm_Hz: float, lorentz_share: float) -> np.ndarray:
    """Voigt line with its dispersion, by Faddeeva's function; complex, per Hz, of the shape of `offset_Hz`."""
    from scipy.special import wofz

    of_lorentz, of_gauss = widths_of_voigt(fwhm_Hz=fwhm_Hz, lorentz_share=lorentz_share)
    if of_gauss < 1e-3 * fwhm_Hz:
        return lorentz(offset_Hz, fwhm_Hz=fwhm_Hz)
    sigma = of_gauss / np.sqrt(8 * _LN2)
    z = (np.asarray(offset_Hz) + 0.5j * of_lorentz) / (sigma * np.sqrt(2))
    return np.conj(wofz(z)) / (sigma * np.sqrt(2 * np.pi))


@dataclass(frozen=True, kw_only=True)
class Powder:
    """In what a powder pattern was measured.

    Attributes
    ----------
    nucleus
        Such as ``11B``.
    field_T
        Static field.
    spinning_Hz
        Rate of magic angle spinning; 0 where static.
    """

    nucleus: str
    field_T: float
    spinning_Hz: float


def powder_line(
    n_points: int,
    spacing_Hz: float,
    *,
    at_Hz: float,
    powder: Powder,
    kind: Literal["csa", "quadrupolar"],
    fwhm_Hz: float,
    asymmetry: float,
    anisotropy_ppm: float = 0.0,
    cq_MHz: float = 0.0,
) -> np.ndarray:
    """A powder pattern with Gaussian broadening and its dispersion on a regular grid; complex, per Hz, [n_points].

    Parameters
    ----------
    n_points, spacing_Hz
        The grid.
    at_Hz
        Isotropic chemical shift from the first point of the grid.
    powder, kind
        In what it was measured, and which pattern.
    fwhm_Hz
        Of the broadening.
    asymmetry, anisotropy_ppm, cq_MHz
        Of the tensor: eta; of the shift (Haeberlen's zeta of the shift, not of the shielding); of the field gradient.

    Raises
    ------
    InputError
        Where mrsimulator is not installed.
    """
    size = 2 ** int(np.ceil(np.log2(2 * n_points)))
    width_Hz = size * spacing_Hz
    decay = _interpolated(size, width_Hz, powder, kind, anisotropy_ppm if kind == "csa" else cq_MHz, asymmetry)
    time_s = np.arange(size // 2) / width_Hz
    turn = np.exp(2j * np.pi * at_Hz * time_s - (np.pi * fwhm_Hz * time_s) ** 2 / (4 * _LN2))
    signal = decay * turn
    signal[0] *= 0.5
    return np.fft.fft(signal, size)[:n_points] * (2 / width_Hz)


def _interpolated(
    size: int, width_Hz: float, powder: Powder, kind: str, strength: float, asymmetry: float
) -> np.ndarray:
    """Decay of a pattern between the four that are simulated around it."""
    low = np.floor(np.log(max(abs(strength), 1e-3)) / np.log(_CQ_STEP))
    ends = np.sign(strength or 1.0) * _CQ_STEP ** np.array([low, low + 1])
    part = float(np.clip((strength - ends[0]) / (ends[1] - ends[0]), 0, 1))
    step = int(np.clip(asymmetry / _ASYMMETRY_STEP, 0, round(1 / _ASYMMETRY_STEP) - 1))
    share = asymmetry / _ASYMMETRY_STEP - step
    rows = []
    for end, weight in zip(ends, (1 - part, part), strict=True):
        for place, of_it in ((step, 1 - share), (step + 1, share)):
            if weight * of_it > 1e-9:
                eta = min(place * _ASYMMETRY_STEP, 1.0)
                rows.append(weight * of_it * _decay(size, width_Hz, powder, kind, float(end), eta))
    return np.sum(rows, axis=0)


@lru_cache(maxsize=512)
def _decay(size: int, width_Hz: float, powder: Powder, kind: str, strength: float, asymmetry: float) -> np.ndarray:
    """Free induction decay of a powder with an area of one and no broadening, by mrsimulator; [size // 2]."""
    simulator = _mrsimulator()
    if kind == "csa":  # mrsimulator's zeta is of the shielding
        tensor = {"shielding_symmetric": {"zeta": -strength, "eta": asymmetry}}
        method = simulator.BlochDecaySpectrum
    else:
        tensor = {"quadrupolar": {"Cq": strength * 1e6, "eta": asymmetry}}
        method = simulator.BlochDecayCTSpectrum
    site = simulator.Site(isotope=powder.nucleus, isotropic_chemical_shift=0.0, **tensor)
    bloch = method(
        channels=[powder.nucleus],
        magnetic_flux_density=powder.field_T,
        rotor_frequency=powder.spinning_Hz,
        spectral_dimensions=[simulator.SpectralDimension(count=size, spectral_width=width_Hz)],
    )
    simulation = simulator.Simulator(spin_systems=[simulator.SpinSystem(sites=[site])], methods=[bloch])
    simulation.config.number_of_sidebands = 64 if powder.spinning_Hz else 4
    simulation.run()
    pattern = np.real(np.asarray(simulation.methods[0].simulation.y[0].components[0]))
    decay = np.fft.ifft(np.fft.ifftshift(pattern))[: size // 2]
    return decay / abs(decay[0])


@lru_cache(maxsize=1)
def _mrsimulator() -> Any:
    """The names of mrsimulator that are used; its own warnings about pydantic are no concern of a user."""
    import warnings
    from types import SimpleNamespace

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from mrsimulator import Simulator, Site, SpinSystem
            from mrsimulator.method import SpectralDimension
            from mrsimulator.method.lib import BlochDecayCTSpectrum, BlochDecaySpectrum
    except ImportError as error:
        raise InputError(
            "powder patterns need mrsimulator, which is not installed", where="line_shape",
            remedy="pip install 'paddlewheel[nmr]'",
        ) from error  # fmt: skip
    return SimpleNamespace(
        Simulator=Simulator,
        Site=Site,
        SpinSystem=SpinSystem,
        SpectralDimension=SpectralDimension,
        BlochDecayCTSpectrum=BlochDecayCTSpectrum,
        BlochDecaySpectrum=BlochDecaySpectrum,
    )


def line(kind: Kind, offset_Hz: np.ndarray, values: Mapping[str, float], powder: Powder | None = None) -> np.ndarray:
    """A line of any kind at offsets from its isotropic shift; complex, per Hz, of the shape of `offset_Hz`.

    Parameters
    ----------
    kind
        Which.
    offset_Hz
        From the line's shift; on a regular rising grid for a powder pattern.
    values
        The parameters of `PARAMETERS`, by name.
    powder
        In what it was measured, for a powder pattern.
    """
    if kind == "csa" or kind == "quadrupolar":
        assert powder is not None
        spacing_Hz = float(offset_Hz[1] - offset_Hz[0])
        return powder_line(len(offset_Hz), spacing_Hz, at_Hz=-float(offset_Hz[0]), powder=powder, kind=kind, **values)
    simple = {"voigt": voigt, "pseudo-voigt": pseudo_voigt, "gauss": gauss, "lorentz": lorentz}
    return simple[kind](offset_Hz, **values)
