"""The spectrum of calculated sites under magic angle spinning, by mrsimulator (doi 10.1063/5.0231166)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from paddlewheel.errors import InputError
from paddlewheel.lab.nmr.isotopes import Isotope
from paddlewheel.lab.nmr.tensors.conventions import Gradient, Shielding, has_central_transition, quadrupole_coupling_MHz

_POINTS = 2048
_SIDEBANDS = 64


@dataclass(frozen=True, kw_only=True)
class SpectrumSite:
    """One kind of site: its shift, tensors, and how many atoms it has.

    `slope` is that of the reference (delta = offset + slope sigma), which scales the anisotropy too.
    """

    isotropic_shift_ppm: float
    weight: float
    shielding: Shielding
    gradient: Gradient | None
    slope: float = -1.0


def relative_angles(shielding: Shielding, gradient: Gradient) -> tuple[float, float, float]:
    """Euler angles alpha, beta, gamma (rad) of the shielding in the axes of the field gradient, as in mrsimulator.

    Both in Haeberlen's order of axes; they are the ZYZ angles of the turn from the axes of the shielding to those of
    the gradient. `tests/lab/nmr/tensors/test_spectrum.py` holds the convention to a powder average of its own.
    """
    from scipy.spatial.transform import Rotation

    haeberlen = gradient.axes[:, [1, 0, 2]] * np.array([1.0, -1.0, 1.0])  # |yy| >= |xx| there, the reverse here
    turn = Rotation.from_matrix((haeberlen.T @ shielding.axes).T)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of axes that coincide: one angle is then free
        alpha, beta, gamma = turn.as_euler("ZYZ")
    return float(alpha), float(beta), float(gamma)


def simulate_spectra(
    sites: Sequence[SpectrumSite],
    isotope: Isotope,
    *,
    field_T: float,
    spinning_Hz: float,
    line_width_Hz: float,
    range_ppm: tuple[float, float],
) -> tuple[np.ndarray, np.ndarray]:
    """Shifts [n], falling to rising, and the spectrum of each kind of site [n_sites, n], areas by their weights.

    Half-integer quadrupolar nuclei: the central transition to second order. Others: all transitions of one quantum.
    Lines are Lorentzian.

    Raises
    ------
    InputError
        Where mrsimulator is not installed.
    """  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydantic.v1 under Python 3.14
        try:
            from mrsimulator import Simulator, SpinSystem  # type: ignore[import-not-found]
            from mrsimulator.method import SpectralDimension  # type: ignore[import-not-found]
            from mrsimulator.method.lib import BlochDecayCTSpectrum, BlochDecaySpectrum  # type: ignore[import-not-found]
        except ImportError as error:
            raise InputError(
                "mrsimulator is not installed", where="spectrum", remedy="run: pip install 'paddlewheel[nmr]'"
            ) from error
        larmor_Hz = abs(isotope.gyromagnetic_ratio_MHz_per_T) * field_T * 1e6
        low, high = range_ppm
        kind = BlochDecayCTSpectrum if has_central_transition(isotope) else BlochDecaySpectrum
        width_Hz = (high - low) * 1e-6 * larmor_Hz
        method = kind(
            channels=[isotope.symbol], magnetic_flux_density=field_T, rotor_frequency=spinning_Hz,
            spectral_dimensions=[
                SpectralDimension(
                    count=_POINTS, spectral_width=width_Hz, reference_offset=(low + high) / 2 * 1e-6 * larmor_Hz
                )
            ],
        )  # fmt: skip
        spectra = np.empty((len(sites), _POINTS))
        shift_ppm = np.empty(0)
        for k, site in enumerate(sites):
            simulator = Simulator(spin_systems=[SpinSystem(sites=[_site(site, isotope)])], methods=[method])
            simulator.config.number_of_sidebands = _SIDEBANDS
            simulator.config.integration_volume = "hemisphere"  # an octant is enough only where axes coincide
            simulator.run()
            simulated: Any = simulator.methods[0].simulation
            shift_ppm = np.asarray(simulated.x[0].coordinates.to("ppm").value, dtype=float)
            spectra[k] = np.real(simulated.y[0].components[0])
    order = np.argsort(shift_ppm)
    spectra = _broadened(spectra[:, order], width_Hz / _POINTS, line_width_Hz)
    areas = spectra.sum(axis=1, keepdims=True)
    weights = np.array([site.weight for site in sites])[:, None]
    return shift_ppm[order], spectra / np.where(areas > 0, areas, 1.0) * weights


def _site(site: SpectrumSite, isotope: Isotope) -> Any:
    from mrsimulator import Site  # type: ignore[import-not-found]

    alpha = beta = gamma = 0.0
    parts: dict[str, Any] = {}
    if site.gradient is not None and isotope.is_quadrupolar:
        alpha, beta, gamma = relative_angles(site.shielding, site.gradient)
        cq_Hz = quadrupole_coupling_MHz(site.gradient.largest_au, isotope) * 1e6
        parts["quadrupolar"] = {"Cq": cq_Hz, "eta": min(max(site.gradient.eta, 0.0), 1.0)}
    parts["shielding_symmetric"] = {
        "zeta": -site.slope * site.shielding.zeta_ppm, "eta": min(max(site.shielding.eta, 0.0), 1.0),
        "alpha": alpha, "beta": beta, "gamma": gamma,
    }  # fmt: skip
    return Site(isotope=isotope.symbol, isotropic_chemical_shift=site.isotropic_shift_ppm, **parts)


def _broadened(spectra: np.ndarray, step_Hz: float, line_width_Hz: float) -> np.ndarray:
    """Lorentzian lines of a full width at half height; the ends of the axis do not meet."""
    n = spectra.shape[1]
    time_s = np.fft.rfftfreq(2 * n, step_Hz)
    decay = np.exp(-np.pi * line_width_Hz * time_s)
    return np.fft.irfft(np.fft.rfft(spectra, 2 * n, axis=1) * decay, 2 * n, axis=1)[:, :n]
