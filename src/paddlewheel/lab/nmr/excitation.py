"""What a pulse and a recycle delay leave of a signal: corrections of areas before they are compared.

A pulse of finite power turns the central transition of a half-integer spin by an angle that depends on its quadrupole
interaction (Samoson and Lippmaa, doi 10.1016/0009-2614(83)80058-6): where the first-order splitting is far over the
nutation frequency, I + 1/2 times as far. Spins that have not relaxed between scans give less.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_POLAR_POINTS = 64
"""Gauss-Legendre points over cos(theta), enough for a splitting of 30 times the nutation frequency."""
_CRYSTALLITES, _ROTOR_STEPS = 400, 128
"""Directions of the rotor's axis in a crystallite, and places in a turn: enough for splittings of 40 times the rate."""


def excitation(*, spin: float, pulse_us: float, nutation_Hz: float, cq_MHz: float, asymmetry: float = 0.0) -> float:
    """Signal of the central transition after a pulse, over that of the same spins without quadrupole interaction.

    The density matrix is propagated by exp(-2 pi i (nu1 Ix + (nuQ / 6) g Q) t), Q = 3 Iz^2 - I (I + 1), nuQ = 3 C_Q /
    (2 I (2 I - 1)), g = (3 cos^2 theta - 1 + eta sin^2 theta cos 2 phi) / 2, over the powder; the sample does not turn
    during the pulse.

    Parameters
    ----------
    spin
        Half-integer; 1/2 gives one.
    pulse_us, nutation_Hz
        Length of the pulse, and the radio-frequency field gamma B1 / 2 pi.
    cq_MHz, asymmetry
        Quadrupole coupling constant and eta.
    """
    if spin < 1 or cq_MHz == 0:
        return 1.0
    g, weight = _orientations(asymmetry)
    coherences = _coherences(spin, pulse_us, nutation_Hz, _splitting_Hz(spin, cq_MHz) * np.array([*g, 0.0]))
    central = np.imag(coherences[:, round(spin - 0.5)])
    return float(weight @ central[:-1] / central[-1])


def _splitting_Hz(spin: float, cq_MHz: float) -> float:
    """nuQ, between neighbouring lines of a crystallite with g = 1."""
    return 3 * cq_MHz * 1e6 / (2 * spin * (2 * spin - 1))


def _coherences(spin: float, pulse_us: float, nutation_Hz: float, splittings_Hz: np.ndarray) -> np.ndarray:
    """Signal of each transition m -> m - 1, from the highest m on, after a pulse at each nuQ g; [n, 2 I] complex."""
    m = np.arange(spin, -spin - 1, -1)
    raising = np.diag(np.sqrt(spin * (spin + 1) - m[1:] * (m[1:] + 1)), 1)
    in_plane = 0.5 * (raising + raising.T)
    quadrupole = np.diag(3 * m**2 - spin * (spin + 1))
    energies, states = np.linalg.eigh(nutation_Hz * in_plane + splittings_Hz[:, None, None] / 6 * quadrupole)
    turned = states * np.exp(-2j * np.pi * energies * pulse_us * 1e-6)[:, None, :] @ states.swapaxes(1, 2)
    density = turned @ np.diag(m) @ turned.conj().swapaxes(1, 2)
    upper = np.arange(len(m) - 1)
    return density[:, upper + 1, upper] * raising[upper, upper + 1]


def visible_share(
    *,
    spin: float,
    pulse_us: float,
    nutation_Hz: float,
    cq_MHz: float,
    spinning_Hz: float,
    asymmetry: float = 0.0,
    orders: Sequence[int] = (0,),
    with_satellites: bool = True,
) -> float:
    """Signal in some bands under magic angle spinning, over all of the same spins without a quadrupole interaction.

    Without one, satellites lie under the central transition and the line has all. With one, the central transition has
    4 of 10 parts for 3/2 and 9 of 35 for 5/2, less what the pulse leaves, and each satellite is spread over bands:
    their amplitudes are those of first-order frequencies through a turn of the rotor, with what the pulse excites at
    the crystallite's place in it (Herzfeld and Berger, doi 10.1063/1.440136; Skibsted et al., doi
    10.1016/0022-2364(91)90358-O). In between the share falls smoothly.

    Parameters
    ----------
    spin, pulse_us, nutation_Hz, cq_MHz, asymmetry
        As for `excitation`.
    spinning_Hz
        Rate of spinning; with 0 the satellites are out of sight.
    orders
        Bands that are counted; the central transition is all in the band of order 0.
    with_satellites
        Whether the satellites' bands lie under these lines (`satellites_apart_Hz`).
    """
    if spin < 1 or cq_MHz == 0:
        return 1.0
    splitting_Hz = _splitting_Hz(spin, cq_MHz)
    central = round(spin - 0.5)
    unsplit = np.imag(_coherences(spin, pulse_us, nutation_Hz, np.zeros(1)))[0]
    whole = float(unsplit.sum())
    share = (
        float(unsplit[central])
        / whole
        * excitation(spin=spin, pulse_us=pulse_us, nutation_Hz=nutation_Hz, cq_MHz=cq_MHz, asymmetry=asymmetry)
    )
    if spinning_Hz == 0 or not with_satellites:
        return share
    g = _turning_g(asymmetry)
    nodes = np.linspace(-0.5 * (1 + asymmetry), 1.0, 400)
    table = _coherences(spin, pulse_us, nutation_Hz, splitting_Hz * nodes)
    turn = 2 * np.pi * np.fft.fftfreq(_ROTOR_STEPS, 1 / _ROTOR_STEPS)
    waves = np.fft.fft(g, axis=1)
    slopes = np.zeros(_ROTOR_STEPS, dtype=complex)
    slopes[1:] = 1 / (1j * turn[1:])
    turned = 2 * np.pi * np.real(np.fft.ifft(waves * slopes, axis=1))  # the integral of g over a turn, less its mean
    for place in range(len(table[0])):
        if place == central:
            continue
        rank = central - place  # m - 1/2 of the transition
        phase = np.exp(1j * rank * splitting_Hz / spinning_Hz * turned)
        excited = np.interp(g, nodes, np.real(table[:, place])) + 1j * np.interp(g, nodes, np.imag(table[:, place]))
        bands = np.fft.fft(phase, axis=1) / _ROTOR_STEPS
        fed = np.fft.ifft(excited * np.conj(phase), axis=1)
        share += float(np.sum(np.imag(np.mean(bands * fed, axis=0))[list(orders)])) / whole
    return share


def satellites_apart_Hz(*, spin: float, cq_MHz: float, carrier_MHz: float, asymmetry: float = 0.0) -> float:
    """Distance of the innermost satellites' centres of gravity from the central transition's, by second order.

    Each at -(3 / 40) (C_Q^2 / nu0) (1 + eta^2 / 3) (I (I + 1) - 9 m (m - 1) - 3) / (I (2 I - 1))^2, m of 3/2 and 1/2
    (Samoson, doi 10.1016/0009-2614(85)85431-8).
    """
    scale = 3 / 40 * cq_MHz**2 / carrier_MHz * 1e6 * (1 + asymmetry**2 / 3) / (spin * (2 * spin - 1)) ** 2
    return 9 * scale


def _turning_g(asymmetry: float) -> np.ndarray:
    """g of crystallites through a turn of the rotor; [n_crystallites, _ROTOR_STEPS]."""
    place = (np.arange(_CRYSTALLITES) + 0.5) / _CRYSTALLITES
    z, azimuth = 2 * place - 1, np.pi * (1 + np.sqrt(5)) * np.arange(_CRYSTALLITES)
    flat = np.sqrt(1 - z**2)
    axis = np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), z], axis=1)
    first = np.stack([z * np.cos(azimuth), z * np.sin(azimuth), -flat], axis=1)
    second = np.cross(axis, first)
    angle = 2 * np.pi * np.arange(_ROTOR_STEPS) / _ROTOR_STEPS
    cosine, sine = 1 / np.sqrt(3), np.sqrt(2 / 3)
    around = np.cos(angle)[None, :, None] * first[:, None, :] + np.sin(angle)[None, :, None] * second[:, None, :]
    field = cosine * axis[:, None, :] + sine * around
    return 0.5 * (3 * field[..., 2] ** 2 - 1 + asymmetry * (field[..., 0] ** 2 - field[..., 1] ** 2))


def _orientations(asymmetry: float) -> tuple[np.ndarray, np.ndarray]:
    """g of the orientations of a powder, and their weights, which add to one."""
    nodes, weights = np.polynomial.legendre.leggauss(_POLAR_POINTS)
    cosine = 0.5 * (nodes + 1)
    if asymmetry == 0:
        return 0.5 * (3 * cosine**2 - 1), 0.5 * weights
    angles = (np.arange(16) + 0.5) * (np.pi / 2) / 16
    g = 0.5 * (3 * cosine[:, None] ** 2 - 1 + asymmetry * (1 - cosine[:, None] ** 2) * np.cos(2 * angles))
    return g.ravel(), np.repeat(0.5 * weights / 16, 16)


def saturation(*, t1_s: float, recycle_delay_s: float, flip_angle_deg: float = 90.0) -> float:
    """Signal of spins in the steady state of repeated pulses, over that of relaxed ones.

    (1 - E) / (1 - E cos(beta)) with E = exp(-delay / T1): Ernst and Anderson, doi 10.1063/1.1719961. Of the central
    transition of a half-integer spin it holds where one rate describes the recovery.
    """
    left = np.exp(-recycle_delay_s / t1_s)
    return float((1 - left) / (1 - left * np.cos(np.deg2rad(flip_angle_deg))))
