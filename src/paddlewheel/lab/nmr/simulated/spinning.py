"""Decays of powders that spin at the magic angle: each crystallite's frequency, followed through a turn of the rotor.

The electric field gradient turns with the rotor, and the frequency of each transition at each moment is that of first
and second order perturbation for the field's direction then, from matrix elements of the quadrupolar Hamiltonian. What
the pulse excites is the density matrix after it, at the crystallite's place in the turn. No line shape enters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.nmr.isotopes import isotope
from paddlewheel.lab.nmr.signal import Axis, Conditions, Signal
from paddlewheel.lab.nmr.simulated.flaws import Flaws

MAGIC_ANGLE_RAD = float(np.arccos(1 / np.sqrt(3)))
_CRYSTALLITES = 610
"""Directions of the rotor's axis in the crystallite; a number of Fibonacci."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """One kind of nuclei.

    Attributes
    ----------
    name, shift_ppm
        What it is called, and its isotropic chemical shift.
    fraction
        Of all nuclei of this isotope.
    cq_MHz, eta
        Quadrupolar coupling e2qQ/h and asymmetry.
    anisotropy_ppm, asymmetry
        Of the shielding: delta_zz - delta_iso (Haeberlen) along the axes of the electric field gradient.
    lorentz_Hz, gauss_Hz
        Widths at half height of what broadens the line beside these.
    """

    name: str
    shift_ppm: float
    fraction: float
    cq_MHz: float = 0.0
    eta: float = 0.0
    anisotropy_ppm: float = 0.0
    asymmetry: float = 0.0
    lorentz_Hz: float = 0.0
    gauss_Hz: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Observation:
    """How the decay is measured.

    Attributes
    ----------
    nucleus
        Such as ``11B``.
    proton_MHz
        Frequency of tetramethylsilane's protons, which names the magnet.
    spectral_width_Hz, n_points
        One over the dwell time, and complex points.
    carrier_ppm
        Of the transmitter.
    spinning_Hz
        At the magic angle.
    nutation_Hz, pulse_us
        Radio-frequency field gamma B1 / 2 pi and length of the pulse; a length of 0 is an ideal pulse of 90 degrees.
    """

    nucleus: str = "11B"
    proton_MHz: float = 400.13
    spectral_width_Hz: float = 100_000.0
    n_points: int = 2048
    carrier_ppm: float = 0.0
    spinning_Hz: float = 30_000.0
    nutation_Hz: float = 145_000.0
    pulse_us: float = 1.73

    @property
    def reference_MHz(self) -> float:
        """Frequency at 0 ppm."""
        ratio = isotope(self.nucleus).frequency_ratio_percent
        if ratio is None:
            raise SettingsError("has no shift reference", where=self.nucleus, remedy="name another nucleus")
        return self.proton_MHz * ratio / 100

    @property
    def axis(self) -> Axis:
        """Of the decay."""
        return Axis(
            nucleus=self.nucleus,
            carrier_MHz=self.reference_MHz * (1 + 1e-6 * self.carrier_ppm),
            reference_MHz=self.reference_MHz,
            spectral_width_Hz=self.spectral_width_Hz,
        )

    @property
    def conditions(self) -> Conditions:
        """Of the signal."""
        return Conditions(
            temperature_K=298.0,
            spinning_Hz=self.spinning_Hz,
            pulse_us=self.pulse_us or None,
            nutation_Hz=self.nutation_Hz if self.pulse_us else None,
            recycle_delay_s=10.0,
            scans=64,
            pulse_program="onepulse",
        )


def borohydride_sites(
    *,
    metastable: float = 0.90,
    cq_MHz: tuple[float, float] = (0.0, 0.0),
    eta: tuple[float, float] = (0.0, 0.0),
    gauss_Hz: tuple[float, float] = (180.0, 90.0),
    lorentz_Hz: tuple[float, float] = (60.0, 40.0),
) -> tuple[Site, ...]:
    """The boron of the paper's mixtures of o-NBH, Na3(BH4)(B12H12), with what it comes from: NaBH4 and Na2B12H12.

    Parameters
    ----------
    metastable
        Share of the BH4 that is in o-NBH; of the B12H12 it is the same, since a formula has one of each.
    cq_MHz, eta, gauss_Hz, lorentz_Hz
        Of B12H12 and of BH4.
    """
    if not 0 <= metastable <= 1:
        raise SettingsError(f"{metastable:g} is no fraction", where="metastable", remedy="give 0 to 1")
    rows = [
        ("B12H12 in o-NBH", -15.5, 12 * metastable, 0),
        ("Na2B12H12", -16.3, 12 * (1 - metastable), 0),
        ("BH4 in o-NBH", -44.3, metastable, 1),
        ("NaBH4", -42.1, 1 - metastable, 1),
    ]
    return tuple(
        Site(name=name, shift_ppm=shift, fraction=share / 13, cq_MHz=cq_MHz[kind], eta=eta[kind],
             gauss_Hz=gauss_Hz[kind], lorentz_Hz=lorentz_Hz[kind])
        for name, shift, share, kind in rows
    )  # fmt: skip


def simulate_spectrum(
    sites: Sequence[Site], observation: Observation, *, flaws: Flaws | None = None, seed: int = 0, name: str = "mas"
) -> tuple[Signal, dict[str, Any]]:
    """One decay and its truth.

    Returns
    -------
    The signal, one row in the time domain, and a document of all that went into it: `sites[]` with
    `excited_share_of_central_line` (over an ideal pulse) and `share_of_signal_at_time_0`.

    Raises
    ------
    SettingsError
        For no sites, fractions that are negative or all zero, or a nucleus without a reference.
    """
    flaws = flaws or Flaws()
    if not sites or min(site.fraction for site in sites) < 0 or not any(site.fraction for site in sites):
        raise SettingsError("no site with a share above 0", where="sites", remedy="give sites and fractions")
    total = sum(site.fraction for site in sites)
    decay = np.zeros(observation.n_points, dtype=complex)
    rows = []
    for site in sites:
        lines = _lines(site, observation)
        weights = site.fraction / total
        decay += weights * _decay(replace(site, fraction=1.0, name=""), observation, flaws.dead_time_us)
        rows.append(
            asdict(site)
            | {
                "fraction": weights,
                "excited_share_of_central_line": lines.central_share,
                "share_of_signal_at_time_0": weights * lines.share,
            }
        )
    signal = Signal(
        values=flaws.spoil(decay[None, :], np.random.default_rng(seed)),
        domain="time",
        axis=observation.axis,
        name=name,
        conditions=observation.conditions,
    )
    truth = {
        "kind": "spectrum",
        "observation": asdict(observation),
        "flaws": asdict(flaws),
        "seed": seed,
        "sites": rows,
    }
    return signal, truth


@dataclass(frozen=True)
class _Lines:
    """Of each transition: offsets by crystallite [n], and complex amplitudes of its sidebands [n, 2 k + 1], -k to k.

    `central_share` and `share` are what the pulse excites of the central line and of all, over an ideal pulse.
    """

    transitions: tuple[tuple[np.ndarray, np.ndarray], ...]
    central_share: float
    share: float


@lru_cache(maxsize=64)
def _lines_of(cq_MHz: float, eta: float, anisotropy_Hz: float, asymmetry: float, observation: Observation) -> _Lines:
    spin = isotope(observation.nucleus).spin
    larmor_Hz = observation.reference_MHz * 1e6
    couples = spin > 0.5 and cq_MHz != 0.0
    coupling_Hz = cq_MHz * 1e6 / (4 * spin * (2 * spin - 1)) if couples else 0.0
    broadest = 3 * abs(coupling_Hz) * (2 * spin - 1) + abs(anisotropy_Hz)
    n_phases = int(2 ** np.ceil(np.log2(4 * broadest / observation.spinning_Hz + 16)))
    axes = _directions(_CRYSTALLITES if broadest else 1)
    field = _field_through_a_turn(axes, n_phases)
    gradient = np.diag([-(1 - eta) / 2, -(1 + eta) / 2, 1.0])
    along, first, second = _components(gradient, field)
    shielding = np.diag([-(1 - asymmetry) / 2, -(1 + asymmetry) / 2, 1.0])
    shift_Hz = anisotropy_Hz * np.einsum("cgi,ij,cgj->cg", field, shielding, field)
    after = _after_pulse(spin, coupling_Hz * along, observation)
    raising = spin * (spin + 1)
    norm = spin * (spin + 1) * (2 * spin + 1) / 3
    made, ideal_central, excited_central, excited = [], 1.0, 0.0, 0.0
    for k in range(int(2 * spin)):
        m = spin - k
        weight = raising - m * (m - 1)
        frequency = (
            shift_Hz
            + 3 * (2 * m - 1) * coupling_Hz * along
            + coupling_Hz**2 / larmor_Hz * _second_order(spin, m, first, second)
        )
        amplitude = after[:, :, k] * np.sqrt(weight) / norm  # of an ideal pulse: weight / (2 norm)
        made.append(_sidebands(frequency, amplitude, observation))
        excited += float(amplitude.real.mean())
        if abs(m - 0.5) < 1e-9:
            ideal_central, excited_central = weight / (2 * norm), float(amplitude.real.mean())
    return _Lines(tuple(made), excited_central / ideal_central, excited)


def _lines(site: Site, observation: Observation) -> _Lines:
    anisotropy_Hz = site.anisotropy_ppm * observation.reference_MHz
    return _lines_of(site.cq_MHz, site.eta, anisotropy_Hz, site.asymmetry, observation)


@lru_cache(maxsize=64)
def _decay(site: Site, observation: Observation, dead_time_us: float) -> np.ndarray:
    """The decay of one site, 1 at time 0 after an ideal pulse (without what lies outside the spectral width)."""
    lines = _lines(site, observation)
    times_s = dead_time_us * 1e-6 + np.arange(observation.n_points) / observation.spectral_width_Hz
    offset_Hz = (site.shift_ppm - observation.carrier_ppm) * observation.reference_MHz
    total = np.zeros(times_s.size, dtype=complex)
    for mean_Hz, sidebands in lines.transitions:
        orders = np.arange(sidebands.shape[1]) - sidebands.shape[1] // 2
        inside = np.abs(offset_Hz + orders * observation.spinning_Hz) < observation.spectral_width_Hz / 2
        turning = np.exp(2j * np.pi * observation.spinning_Hz * np.outer(times_s, orders[inside]))
        precessing = np.exp(2j * np.pi * np.outer(times_s, mean_Hz))
        total += ((precessing @ sidebands[:, inside]) * turning).sum(axis=1) / mean_Hz.size
    width = -np.pi * site.lorentz_Hz * times_s - (np.pi * site.gauss_Hz * times_s) ** 2 / (4 * np.log(2))
    return total * np.exp(width + 2j * np.pi * offset_Hz * times_s)


def _directions(count: int) -> np.ndarray:
    """Unit vectors evenly over half a sphere (spiral of Fibonacci), `[count, 3]`."""
    height = (np.arange(count) + 0.5) / count
    angle = np.pi * (3 - np.sqrt(5)) * np.arange(count)
    round_ = np.sqrt(1 - height**2)
    return np.stack([round_ * np.cos(angle), round_ * np.sin(angle), height], axis=1)


def _field_through_a_turn(axes: np.ndarray, n_phases: int) -> np.ndarray:
    """Direction of the field in each crystallite as the rotor turns about `axes`; `[n, n_phases, 3]`."""
    other = np.where(np.abs(axes[:, 2:]) < 0.9, [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]])
    across = np.cross(axes, other)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    phases = 2 * np.pi * np.arange(n_phases) / n_phases
    turned = across[:, None] * np.cos(phases)[:, None] + np.cross(axes, across)[:, None] * np.sin(phases)[:, None]
    return np.cos(MAGIC_ANGLE_RAD) * axes[:, None] + np.sin(MAGIC_ANGLE_RAD) * turned


def _components(tensor: np.ndarray, field: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """V_zz, V_xz^2 + V_yz^2 and ((V_xx - V_yy)^2 + 4 V_xy^2) / 4 of a traceless tensor, z along `field`."""
    applied = field @ tensor
    along = (applied * field).sum(axis=-1)
    first = (applied**2).sum(axis=-1) - along**2
    second = 0.5 * (np.trace(tensor @ tensor) - 1.5 * along**2 - 2 * first)
    return along, first, second


def _second_order(spin: float, m: float, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Second-order frequency of m - 1 to m, in the coupling's square over the Larmor frequency."""

    def step(level: float) -> float:
        return spin * (spin + 1) - level * (level + 1)

    def energy(level: float) -> np.ndarray:
        def by_one(low: float) -> float:
            return (2 * low + 1) ** 2 * step(low)

        def by_two(low: float) -> float:
            return step(low) * step(low + 1)

        return first * (by_one(level - 1) - by_one(level)) + 0.5 * second * (by_two(level - 2) - by_two(level))

    return energy(m) - energy(m - 1)


def _after_pulse(spin: float, coupling_Hz: np.ndarray, observation: Observation) -> np.ndarray:
    """Coherences m - 1, m of the density matrix after a pulse on I_z, `[n, n_phases, 2 I]`, positive for an ideal one.

    `coupling_Hz` is that of 3 I_z^2 - I (I + 1) at each crystallite and phase; the pulse is short beside a turn.
    """
    m = spin - np.arange(int(2 * spin) + 1)
    raising = np.diag(np.sqrt(spin * (spin + 1) - m[1:] * (m[1:] + 1)), 1)
    along_x = 0.5 * (raising + raising.T)
    if observation.pulse_us == 0:
        ideal = 0.5 * np.diag(raising, 1)
        return np.broadcast_to(ideal, (*coupling_Hz.shape, ideal.size)).astype(complex)
    splitting = np.diag(3 * m**2 - spin * (spin + 1))
    hamiltonian = observation.nutation_Hz * along_x + coupling_Hz[..., None, None] * splitting
    energies, states = np.linalg.eigh(hamiltonian)
    turned = np.exp(-2j * np.pi * energies * observation.pulse_us * 1e-6)
    propagator = (states * turned[..., None, :]) @ states.swapaxes(-1, -2)
    density = propagator @ (m[:, None] * propagator.conj().swapaxes(-1, -2))
    return 1j * np.diagonal(density, -1, -2, -1)


def _sidebands(
    frequency_Hz: np.ndarray, amplitude: np.ndarray, observation: Observation
) -> tuple[np.ndarray, np.ndarray]:
    """Mean frequency of each crystallite, and its sidebands from -k to k, averaged over where the turn began.

    With f the phase factor through a turn, a crystallite that starts at the phase g gives a(g) f*(g) f(g + w t): the
    mean over g has the Fourier coefficient f_k times that of (a* f)_k, conjugated.
    """
    n_phases = frequency_Hz.shape[1]
    mean = frequency_Hz.mean(axis=1)
    steps = np.fft.fft(frequency_Hz, axis=1)
    order = np.fft.fftfreq(n_phases, 1 / n_phases)
    kept = (order != 0) & (order != -n_phases // 2)  # the mean is apart; the highest has no phase of its own
    swings = np.zeros_like(steps)
    swings[:, kept] = steps[:, kept] / (1j * order[kept] * observation.spinning_Hz)
    phase = np.fft.ifft(swings, axis=1).real
    factor = np.exp(1j * phase)
    found = np.fft.fft(factor, axis=1) * np.fft.fft(amplitude.conj() * factor, axis=1).conj() / n_phases**2
    centred = np.fft.fftshift(found, axes=1)
    return mean, centred[:, 1:]  # from -n/2 + 1 to n/2 - 1: as many on both sides
