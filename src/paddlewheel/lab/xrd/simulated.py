"""Powder patterns with known truth: what a fit must find again.

Made in another way than the fit sees them, and with none of its code: every line is laid on a fine grid, once for each
ray between a height of the sample and a height of the slit (axial divergence), and the grid is convolved in Fourier
space with exact Gaussian and Lorentzian widths (a Voigt function, where fits take a pseudo-Voigt), which change from
node to node along the pattern. Widths of size and strain, texture, absorption of a capillary and of coarse particles,
sums over exposures are by their definitions, integrated numerically.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.xrd.pattern import Geometry, Pattern, Radiation
from paddlewheel.lab.xrd.phase import Phase, Reflections, d_spacing_A, metric_of
from paddlewheel.lab.xrd.structure_factors import (
    cell_mass_g_per_mol,
    density_g_per_cm3,
    mass_absorption_cm2_per_g,
    mu_per_cm,
    reflections,
)

_GRID_DEG = 0.001
"""A twentieth of the narrowest line that is made; a line between two points of the grid is shared by them."""
_MARGIN_DEG = 6.0
"""Beyond the ends, so that tails of lines outside come in and none goes around."""
_NODES = 48
"""Places where the widths are those of the formulas; between two of them lines are mixed of both."""
_RAYS = 24
_FULL_OF_SIGMA = np.sqrt(8 * np.log(2))


@dataclass(frozen=True, kw_only=True)
class SimulatedPhase:
    """A phase in a mixture, and its grains.

    Attributes
    ----------
    phase, weight_fraction
        Its atoms; its share of the mass. The fractions of a mixture are scaled to a sum of one.
    size_A
        Volume-weighted mean thickness L of the crystallites: Lorentzian, integral breadth lambda/(L cos theta).
    strain
        e = spread of d over d: Lorentzian, integral breadth 4 e tan theta.
    march_dollase, axis
        Coefficient r of March and Dollase (doi 10.1107/S0021889886089458), below 1 for plates with the normal of the
        planes `axis` along the diffraction vector; 1 is without texture.
    grain_radius_um
        Of spheres whose absorption differs from that of the mixture (Brindley's contrast); 0 leaves it out.
    """

    phase: Phase
    weight_fraction: float
    size_A: float = 5000.0
    strain: float = 0.0
    march_dollase: float = 1.0
    axis: tuple[int, int, int] = (0, 0, 1)
    grain_radius_um: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """What the instrument does to every line.

    Attributes
    ----------
    radiation, geometry
        As in `Pattern`.
    caglioti_deg2
        U, V, W of the Gaussian full width: H^2 = U tan^2 theta + V tan theta + W (two theta in degrees).
    lorentzian_deg
        Lorentzian full width of the instrument itself, at every angle.
    sample_height, slit_height
        Half heights of what is lit of the sample and of the detector's slit, over their distance: axial divergence.
    zero_deg
        Added to all angles.
    displacement_mm, goniometer_radius_mm
        Of the sample. Bragg-Brentano: away from the centre of the circle, two theta moves by -2 s cos(theta)/R.
        Debye-Scherrer: along the beam towards the source, by s sin(2 theta)/R.
    capillary_mu_r
        Linear absorption times the radius of the capillary's filling; 0 leaves it out.
    """

    radiation: Radiation
    geometry: Geometry = "bragg-brentano"
    caglioti_deg2: tuple[float, float, float] = (0.004, -0.003, 0.003)
    lorentzian_deg: float = 0.005
    sample_height: float = 0.0
    slit_height: float = 0.0
    zero_deg: float = 0.0
    displacement_mm: float = 0.0
    goniometer_radius_mm: float = 217.5
    capillary_mu_r: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Background:
    """Counts under the lines.

    Attributes
    ----------
    polynomial
        Coefficients of 1, x, x^2, ... with x from -1 to 1 over the pattern, in counts.
    halos
        Centre and full width in degrees, and height in counts, of each hump of amorphous matter (Gaussian).
    air
        Counts at the lowest angle of scattering that falls as 1/(two theta).
    """

    polynomial: tuple[float, ...] = (50.0,)
    halos: tuple[tuple[float, float, float], ...] = ()
    air: float = 0.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Simulated:
    """A pattern and its truth.

    Attributes
    ----------
    pattern
        With counting noise, as an instrument would give it.
    expected, background, parts
        Expected counts, [n_points]; those of the background; of each phase, [n_phases, n_points].
    weight_fractions
        Of the phases, with a sum of one (in a ramp: their mean over the exposure).
    counts_per_unit
        What the scattering was multiplied by: give it to make another pattern of equal exposure.
    """

    pattern: Pattern
    expected: np.ndarray
    background: np.ndarray
    parts: np.ndarray
    weight_fractions: tuple[float, ...]
    counts_per_unit: float


@dataclass(frozen=True, kw_only=True)
class Ramp:
    """A ramp at which one set of phases turns into another.

    Attributes
    ----------
    start_K, end_K, rate_K_per_min
        The temperature; the rate is negative on cooling where `end_K` is below `start_K`, by itself.
    frame_s, exposure_s
        From the beginning of a frame to that of the next; how long each is exposed, from its beginning.
    onset_K, width_K
        The share turned rises linearly from 0 at `onset_K` to 1 at `width_K` beyond it, in the direction of the ramp.
    expansion_per_K
        Relative change of a, b, c for each K, of each phase by name, from `reference_K` on.
    """

    start_K: float
    end_K: float
    rate_K_per_min: float
    frame_s: float
    exposure_s: float
    onset_K: float
    width_K: float
    expansion_per_K: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    reference_K: float = 298.15

    def share_turned(self, temperature_K: np.ndarray) -> np.ndarray:
        """Share of the mass that has turned, at each temperature."""
        beyond = (temperature_K - self.onset_K) * np.sign(self.end_K - self.start_K)
        return np.clip(beyond / max(self.width_K, 1e-9), 0.0, 1.0)

    def frames(self) -> list[tuple[float, np.ndarray]]:
        """Beginning of each frame in s, and temperatures at eight even moments of its exposure."""
        rate_K_per_s = np.sign(self.end_K - self.start_K) * abs(self.rate_K_per_min) / 60
        duration_s = abs(self.end_K - self.start_K) / abs(rate_K_per_s)
        starts = np.arange(0.0, duration_s - self.exposure_s + 1e-6, self.frame_s)
        moments = (np.arange(8) + 0.5) / 8 * self.exposure_s
        return [(float(start), self.start_K + rate_K_per_s * (start + moments)) for start in starts]


def simulate_pattern(
    phases: Sequence[SimulatedPhase],
    instrument: Instrument,
    two_theta_deg: np.ndarray,
    *,
    background: Background | None = None,
    counts_at_maximum: float = 10_000.0,
    counts_per_unit: float | None = None,
    seed: int | None = 0,
    name: str = "simulated",
) -> Simulated:
    """Make the pattern of a mixture.

    Parameters
    ----------
    phases
        The mixture.
    instrument
        Where it is measured.
    two_theta_deg
        Rising angles, [n_points].
    background
        Under the lines; 50 counts where none is given.
    counts_at_maximum, counts_per_unit
        Expected counts of the highest line without the background; or, where given, the factor of another pattern.
    seed
        Of the counting noise; None for none.

    Raises
    ------
    SettingsError
        If no phase has any weight.
    """
    states = [[(1.0, phase.phase)] for phase in phases]
    return _simulate(
        phases, states, instrument, two_theta_deg, background or Background(), counts_at_maximum, counts_per_unit, seed,
        name,
    )  # fmt: skip


def simulate_ramp(
    before: Sequence[SimulatedPhase],
    after: Sequence[SimulatedPhase],
    ramp: Ramp,
    instrument: Instrument,
    two_theta_deg: np.ndarray,
    *,
    background: Background | None = None,
    counts_at_maximum: float = 10_000.0,
    seed: int = 0,
) -> list[Simulated]:
    """Make the frames of a ramp at which the phases `before` turn into those `after`.

    A frame is the mean over its exposure: cells and shares move on while it is taken. Its temperature is the mean one.
    The first frame has `counts_at_maximum` in its highest line, the others the same exposure.
    """
    frames, factor = [], None
    total = [sum(phase.weight_fraction for phase in side) for side in (before, after)]
    if min(total) <= 0:
        raise SettingsError("no weight of phases", where="simulate_ramp", remedy="give weight fractions above zero")
    began = datetime(2026, 1, 1)
    for index, (start_s, temperatures_K) in enumerate(ramp.frames()):
        turned = ramp.share_turned(temperatures_K)
        mixture, states = [], []
        for side, shares, whole in ((before, 1 - turned, total[0]), (after, turned, total[1])):
            for phase in side:
                own = replace(phase, weight_fraction=phase.weight_fraction / whole * float(shares.mean()))
                mixture.append(own)
                weights = shares / shares.sum() if shares.sum() > 0 else np.full(shares.size, 1 / shares.size)
                states.append(
                    [
                        (float(weight), _expanded(phase.phase, ramp, float(kelvin)))
                        for weight, kelvin in zip(weights, temperatures_K, strict=True)
                    ]
                )
        made = _simulate(
            mixture, states, instrument, two_theta_deg, background or Background(), counts_at_maximum, factor,
            seed + index, f"frame {index + 1}",
        )  # fmt: skip
        factor = made.counts_per_unit
        pattern = replace(
            made.pattern,
            temperature_K=float(temperatures_K.mean()),
            exposure_s=ramp.exposure_s,
            started=began + timedelta(seconds=start_s),
        )
        frames.append(replace(made, pattern=pattern))
    return frames


def _expanded(phase: Phase, ramp: Ramp, temperature_K: float) -> Phase:
    rates = np.array(ramp.expansion_per_K.get(phase.name, (0.0, 0.0, 0.0)))
    cell = phase.cell.copy()
    cell[:3] *= 1 + rates * (temperature_K - ramp.reference_K)
    return replace(phase, cell=cell)


def _simulate(
    phases: Sequence[SimulatedPhase],
    states: list[list[tuple[float, Phase]]],
    instrument: Instrument,
    two_theta_deg: np.ndarray,
    background: Background,
    counts_at_maximum: float,
    counts_per_unit: float | None,
    seed: int | None,
    name: str,
) -> Simulated:
    total = sum(phase.weight_fraction for phase in phases)
    if total <= 0:
        raise SettingsError("no weight of phases", where="simulate_pattern", remedy="give weight fractions above zero")
    fractions = [phase.weight_fraction / total for phase in phases]
    contrast = _absorption_contrast(phases, fractions, instrument.radiation.wavelength_A)
    parts = np.zeros((len(phases), two_theta_deg.size))
    for row, (phase, fraction) in enumerate(zip(phases, fractions, strict=True)):
        if fraction > 0:
            parts[row] = fraction * contrast[row] * _one_phase(phase, states[row], instrument, two_theta_deg)
    if counts_per_unit is None:
        counts_per_unit = counts_at_maximum / float(parts.sum(axis=0).max())
    parts *= counts_per_unit
    under = _background(background, two_theta_deg)
    expected = parts.sum(axis=0) + under
    counts = expected if seed is None else np.random.default_rng(seed).poisson(expected).astype(float)
    pattern = Pattern(
        name=name,
        source=name,
        two_theta_deg=two_theta_deg,
        intensity=counts,
        std=np.sqrt(np.maximum(counts, 1.0)),
        counts=True,
        radiation=instrument.radiation,
        geometry=instrument.geometry,
        goniometer_radius_mm=instrument.goniometer_radius_mm,
    )
    return Simulated(
        pattern=pattern,
        expected=expected,
        background=under,
        parts=parts,
        weight_fractions=tuple(fractions),
        counts_per_unit=counts_per_unit,
    )


def _background(background: Background, two_theta_deg: np.ndarray) -> np.ndarray:
    middle, half = (two_theta_deg[0] + two_theta_deg[-1]) / 2, (two_theta_deg[-1] - two_theta_deg[0]) / 2
    counts = np.polynomial.polynomial.polyval((two_theta_deg - middle) / half, background.polynomial)
    for centre_deg, width_deg, height in background.halos:
        counts = counts + height * np.exp(-4 * np.log(2) * ((two_theta_deg - centre_deg) / width_deg) ** 2)
    return np.maximum(counts + background.air * two_theta_deg[0] / two_theta_deg, 0.0)


def _one_phase(
    given: SimulatedPhase, states: list[tuple[float, Phase]], instrument: Instrument, two_theta_deg: np.ndarray
) -> np.ndarray:
    """Intensity of one gram of a phase on the points, in arbitrary units that all phases share; [n_points]."""
    low, high = two_theta_deg[0] - _MARGIN_DEG, two_theta_deg[-1] + _MARGIN_DEG
    size = int(np.ceil((high - low) / _GRID_DEG))
    size = 1 << (size - 1).bit_length()
    nodes_deg = np.linspace(max(low, 0.2), min(high, 179.5), _NODES)
    laid = np.zeros((_NODES, size))
    for weight, phase in states:
        _lay_lines(laid, nodes_deg, low, weight, replace(given, phase=phase), instrument)
    frequency_per_deg = np.fft.rfftfreq(size, _GRID_DEG)
    spectrum = np.zeros(frequency_per_deg.size, dtype=complex)
    for node_deg, lines in zip(nodes_deg, laid, strict=True):
        if lines.any():
            gaussian_deg, lorentzian_deg = _widths_deg(given, instrument, node_deg)
            sigma = gaussian_deg / _FULL_OF_SIGMA
            damping = 2 * (np.pi * sigma * frequency_per_deg) ** 2 + np.pi * lorentzian_deg * frequency_per_deg
            spectrum += np.fft.rfft(lines) * np.exp(-damping)
    density = np.fft.irfft(spectrum, size) / _GRID_DEG
    return np.interp(two_theta_deg, low + _GRID_DEG * np.arange(size), density)


def _widths_deg(given: SimulatedPhase, instrument: Instrument, two_theta_deg: float) -> tuple[float, float]:
    """Gaussian and Lorentzian full widths; that of a Lorentzian is 2 / pi of its integral breadth."""
    theta = np.radians(two_theta_deg / 2)
    u, v, w = instrument.caglioti_deg2
    squared = u * np.tan(theta) ** 2 + v * np.tan(theta) + w
    breadth = instrument.radiation.wavelength_A / (given.size_A * np.cos(theta)) + 4 * given.strain * np.tan(theta)
    return float(np.sqrt(max(squared, 0.0))), float(instrument.lorentzian_deg + 2 / np.pi * np.degrees(breadth))


def _lay_lines(
    laid: np.ndarray,
    nodes_deg: np.ndarray,
    low_deg: float,
    weight: float,
    given: SimulatedPhase,
    instrument: Instrument,
) -> None:
    """Add the areas of all lines of a phase to the grids of the two nodes beside each; `laid` [n_nodes, n_grid]."""
    phase, radiation = given.phase, instrument.radiation
    highest = min(np.radians((low_deg + _GRID_DEG * laid.shape[1]) / 2), np.radians(89.7))
    shortest_A = min(wavelength for wavelength, _ in radiation.lines)
    found = reflections(phase, radiation, float(shortest_A / 2 / np.sin(highest)))
    d_A = d_spacing_A(found.hkl, phase.cell)
    # a gram has 1/(M V) cells times V of them lit: S = W / (M V)
    strength = found.multiplicity * found.structure_factor_squared / (cell_mass_g_per_mol(phase) * phase.volume_A3)
    strength = strength * texture(found, phase, given.march_dollase, given.axis)
    heights, shares = _ray_heights(instrument.sample_height, instrument.slit_height)
    for wavelength_A, line_weight in radiation.lines:
        sine = wavelength_A / (2 * d_A)
        kept = sine < np.sin(highest)
        theta = np.arcsin(sine[kept])
        k = radiation.monochromator_cos2
        lp = (1 + k * np.cos(2 * theta) ** 2) / (1 + k) / (np.sin(theta) ** 2 * np.cos(theta))
        area = weight * line_weight * strength[kept] * lp
        if instrument.capillary_mu_r:
            area = area * np.interp(theta, *_capillary_absorption(instrument.capillary_mu_r))
        radius_mm, moved_mm = instrument.goniometer_radius_mm, instrument.displacement_mm
        flat = instrument.geometry == "bragg-brentano"
        moved = -2 * moved_mm * np.cos(theta) / radius_mm if flat else moved_mm * np.sin(2 * theta) / radius_mm
        for height, share in zip(heights, shares, strict=True):
            # a ray that climbs by h over the distance meets the cone at cos(seen) = cos(2 theta) sqrt(1 + h^2)
            seen = np.arccos(np.clip(np.cos(2 * theta) * np.sqrt(1 + height**2), -1.0, 1.0))
            place_deg = np.degrees(seen + moved) + instrument.zero_deg
            _share_out(laid, nodes_deg, (place_deg - low_deg) / _GRID_DEG, place_deg, share * area)


def _share_out(
    laid: np.ndarray, nodes_deg: np.ndarray, position: np.ndarray, place_deg: np.ndarray, area: np.ndarray
) -> None:
    """Share areas between the two grid points and the two nodes beside them, so that sums and means stay."""
    inside = (position > 0) & (position < laid.shape[1] - 2)
    position, area = position[inside], area[inside]
    column = position.astype(int)
    part = position - column
    spacing = nodes_deg[1] - nodes_deg[0]
    along = np.clip((place_deg[inside] - nodes_deg[0]) / spacing, 0, nodes_deg.size - 1 - 1e-9)
    node = along.astype(int)
    mixed = along - node
    for row, of_node in ((node, 1 - mixed), (node + 1, mixed)):
        np.add.at(laid, (row, column), area * of_node * (1 - part))
        np.add.at(laid, (row, column + 1), area * of_node * part)


def _ray_heights(sample: float, slit: float) -> tuple[np.ndarray, np.ndarray]:
    """Heights (over the distance) that rays climb from an even sample to an even slit, and their shares."""
    if sample <= 0 and slit <= 0:
        return np.zeros(1), np.ones(1)
    points, weights = np.polynomial.legendre.leggauss(_RAYS)
    heights = (points + 1) / 2 * (sample + slit)
    # the difference of two even heights: flat up to |S - H|, falling to zero at S + H
    density = np.clip((sample + slit - heights) / max(2 * min(sample, slit), 1e-12), 0.0, 1.0)
    shares = weights * density
    return heights, shares / shares.sum()


def texture(found: Reflections, phase: Phase, coefficient: float, axis: tuple[int, int, int]) -> np.ndarray:
    """Mean of March and Dollase's (r^2 cos^2 a + sin^2 a / r)^(-3/2) over the equivalents of each reflection; [n]."""
    if coefficient == 1.0:
        return np.ones(len(found.hkl))
    reciprocal = np.linalg.inv(metric_of(phase.cell))
    images = np.unique(phase.rotations.reshape(-1, 9), axis=0).reshape(-1, 3, 3)
    total = np.zeros(len(found.hkl))
    normal = np.array(axis)
    for rotation in images:
        turned = found.hkl @ rotation
        along = turned @ reciprocal @ normal
        lengths = np.einsum("ni,ij,nj->n", turned, reciprocal, turned) * (normal @ reciprocal @ normal)
        cos2 = np.clip(along**2 / lengths, 0.0, 1.0)
        total += (coefficient**2 * cos2 + (1 - cos2) / coefficient) ** -1.5
    return total / len(images)


def _capillary_absorption(mu_r: float) -> tuple[np.ndarray, np.ndarray]:
    """Transmission of a full cylinder at some theta, by the mean over its cross section of exp(-mu path)."""
    points, weights = np.polynomial.legendre.leggauss(24)
    radii, turns = (points + 1) / 2, 2 * np.pi * (np.arange(48) + 0.5) / 48
    x, y = np.outer(radii, np.cos(turns)), np.outer(radii, np.sin(turns))
    area = (weights * radii)[:, None] * np.ones(turns.size)
    thetas = np.linspace(0, np.pi / 2, 46)
    values = []
    for theta in thetas:
        path = np.zeros_like(x)
        # back along the beam from its source, and on along the scattered ray
        for direction in ((-1.0, 0.0), (np.cos(2 * theta), np.sin(2 * theta))):
            along = x * direction[0] + y * direction[1]
            path += -along + np.sqrt(np.maximum(along**2 + 1 - x**2 - y**2, 0.0))
        values.append(np.sum(area * np.exp(-mu_r * path)) / area.sum())
    return thetas, np.array(values)


def _absorption_contrast(phases: Sequence[SimulatedPhase], fractions: list[float], wavelength_A: float) -> list[float]:
    """Mean of exp(-(mu - mean mu) chord) over the volume of each phase's grains (Brindley 1945), relative to none."""
    if not any(phase.grain_radius_um for phase in phases):
        return [1.0] * len(phases)
    volume = sum(fraction / density_g_per_cm3(phase.phase) for phase, fraction in zip(phases, fractions, strict=True))
    mean_per_cm = sum(
        fraction * mass_absorption_cm2_per_g(phase.phase, wavelength_A)
        for phase, fraction in zip(phases, fractions, strict=True)
    ) / volume  # fmt: skip
    offsets, weights = np.polynomial.legendre.leggauss(64)
    offsets, weights = (offsets + 1) / 2, weights / 2
    chords = 2 * np.sqrt(1 - offsets**2)
    volumes = weights * offsets * chords
    found = []
    for phase in phases:
        excess = (mu_per_cm(phase.phase, wavelength_A) - mean_per_cm) * phase.grain_radius_um * 1e-4
        found.append(float(np.sum(volumes * np.exp(-excess * chords)) / volumes.sum()))
    return found
