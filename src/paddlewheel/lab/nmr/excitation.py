"""What a pulse and a recycle delay leave of a signal: corrections of areas before they are compared.

A pulse of finite power turns the central transition of a half-integer spin by an angle that depends on its quadrupole
interaction (Samoson and Lippmaa, doi 10.1016/0009-2614(83)80058-6): where the first-order splitting is far over the
nutation frequency, I + 1/2 times as far. Spins that have not relaxed between scans give less.
"""

from __future__ import annotations

import numpy as np

_POLAR_POINTS = 64
"""Gauss-Legendre points over cos(theta), enough for a splitting of 30 times the nutation frequency."""


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
    m = np.arange(spin, -spin - 1, -1)
    raising = np.diag(np.sqrt(spin * (spin + 1) - m[1:] * (m[1:] + 1)), 1)
    in_plane = 0.5 * (raising + raising.T)
    quadrupole = np.diag(3 * m**2 - spin * (spin + 1))
    g, weight = _orientations(asymmetry)
    nu_q = 3 * cq_MHz * 1e6 / (2 * spin * (2 * spin - 1))
    levels = np.stack([nutation_Hz * in_plane + nu_q / 6 * each * quadrupole for each in (*g, 0.0)])
    energies, states = np.linalg.eigh(levels)
    turned = states * np.exp(-2j * np.pi * energies * pulse_us * 1e-6)[:, None, :] @ states.swapaxes(1, 2)
    density = turned @ np.diag(m) @ turned.conj().swapaxes(1, 2)
    upper = round(spin - 0.5)
    coherence = density[:, upper + 1, upper].imag
    return float(weight @ coherence[:-1] / coherence[-1])


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
