"""The simulation of patterns against integrals and tables that were made without it."""

from dataclasses import replace

import numpy as np
import pytest

from paddlewheel.lab.xrd.instrument import tube
from paddlewheel.lab.xrd.library import builtin_phase
from paddlewheel.lab.xrd.pattern import Radiation
from paddlewheel.lab.xrd.phase import Phase, Reflections, d_spacing_A
from paddlewheel.lab.xrd.simulated import (
    Background,
    Instrument,
    Ramp,
    Simulated,
    SimulatedPhase,
    _absorption_contrast,
    _capillary_absorption,
    simulate_pattern,
    simulate_ramp,
    texture,
)
from paddlewheel.lab.xrd.structure_factors import (
    cell_mass_g_per_mol,
    density_g_per_cm3,
    mu_per_cm,
    structure_factors_squared,
)

ONE_LINE = Radiation(lines=((0.77489, 1.0),), monochromator_cos2=0.0)
NO_BACKGROUND = Background(polynomial=(0.0,))


def built_in(name: str) -> Phase:
    phase = builtin_phase(name)
    assert phase is not None
    return phase


def made(
    *phases: SimulatedPhase, instrument: Instrument | None = None, low: float = 12.0, high: float = 17.0
) -> Simulated:
    angles = np.arange(low, high, 0.002)
    instrument = instrument or Instrument(radiation=ONE_LINE, geometry="debye-scherrer")
    return simulate_pattern(list(phases), instrument, angles, background=NO_BACKGROUND, seed=None)


def moments(angles: np.ndarray, counts: np.ndarray, low: float, high: float) -> tuple[float, float, float]:
    """Area, centroid and full width at half maximum of what lies between two angles."""
    here = (angles > low) & (angles < high)
    x, y = angles[here], counts[here]
    area = np.trapezoid(y, x)
    above = x[y > y.max() / 2]
    return float(area), float(np.trapezoid(x * y, x) / area), float(above[-1] - above[0])


SILICON = SimulatedPhase(phase=built_in("si"), weight_fraction=1.0, size_A=1e6)
SHARP = Instrument(radiation=ONE_LINE, geometry="debye-scherrer", caglioti_deg2=(0.0, 0.0, 4e-4), lorentzian_deg=1e-6)


def test_a_line_lies_where_bragg_has_it_and_is_as_wide_as_it_was_asked_for() -> None:
    found = made(SILICON, instrument=SHARP)
    _, centre_deg, width_deg = moments(found.pattern.two_theta_deg, found.expected, 13.9, 14.5)
    bragg_deg = 2 * np.degrees(np.arcsin(0.77489 / 2 / (5.431144 / np.sqrt(3))))
    assert centre_deg == pytest.approx(bragg_deg, abs=1e-4)
    assert width_deg == pytest.approx(0.02, abs=0.003)  # two points of 0.002


def test_scherrer_and_strain_widths() -> None:
    """Lorentzian full widths 2/pi lambda/(L cos theta) and 2/pi 4 e tan theta, by their definitions."""
    theta = np.arcsin(0.77489 / 2 / (5.431144 / np.sqrt(3)))
    for phase, expected_rad in (
        (replace(SILICON, size_A=300.0), 2 / np.pi * 0.77489 / (300 * np.cos(theta))),
        (replace(SILICON, strain=0.004), 2 / np.pi * 4 * 0.004 * np.tan(theta)),
    ):
        found = made(phase, instrument=replace(SHARP, caglioti_deg2=(0.0, 0.0, 1e-8)))
        _, _, width_deg = moments(found.pattern.two_theta_deg, found.expected, 13.5, 15.0)
        assert width_deg == pytest.approx(np.degrees(expected_rad), abs=0.004)


def test_areas_are_those_of_the_kinematic_theory() -> None:
    """Areas of two phases are W m |F|^2 LP / (M V), whatever their widths."""
    other = SimulatedPhase(phase=built_in("nabh4"), weight_fraction=3.0, size_A=800.0)
    found = made(SILICON, other, instrument=SHARP, low=10, high=18)
    assert found.weight_fractions == (0.25, 0.75)
    expected = []
    for phase, hkl, multiplicity, share in ((SILICON.phase, [1, 1, 1], 8, 0.25), (other.phase, [1, 1, 1], 8, 0.75)):
        index = np.array([hkl])
        theta = np.arcsin(0.77489 / 2 / d_spacing_A(index, phase.cell)[0])
        squared = structure_factors_squared(phase, 0.77489, index)[0]
        scale = share / (cell_mass_g_per_mol(phase) * phase.volume_A3)
        expected.append(scale * multiplicity * squared / np.sin(theta) ** 2 / np.cos(theta))
    angles, limits = found.pattern.two_theta_deg, ((13.7, 14.7), (12.0, 13.06))
    areas = [moments(angles, part, *pair)[0] for part, pair in zip(found.parts, limits, strict=True)]
    # the Lorentzian of 800 A keeps 2 % of its area beyond half a degree
    assert areas[0] / areas[1] == pytest.approx(expected[0] / expected[1], rel=0.03)


def test_both_lines_of_a_tube() -> None:
    """Ka2 lies at its own Bragg angle with half the area."""
    found = made(SILICON, instrument=replace(SHARP, radiation=tube("Cu"), caglioti_deg2=(0, 0, 1e-4)), low=75, high=78)
    angles = found.pattern.two_theta_deg
    sines = [wavelength / 2 / (5.431144 / np.sqrt(19)) for wavelength, _ in tube("Cu").lines]
    first, second = (2 * np.degrees(np.arcsin(sine)) for sine in sines)
    between = (first + second) / 2
    one, other = moments(angles, found.expected, 75.5, between), moments(angles, found.expected, between, 77.5)
    assert one[1] == pytest.approx(first, abs=0.002)
    assert other[1] == pytest.approx(second, abs=0.002)
    assert other[0] / one[0] == pytest.approx(0.5, rel=0.01)


def test_axial_divergence_moves_the_centroid_as_its_second_moment_says() -> None:
    """cos(seen) = cos(2 theta) sqrt(1 + h^2) moves a line by -h^2 cot(2 theta)/2; the mean of h^2 is (S^2 + H^2)/3."""
    even = made(SILICON, instrument=SHARP)
    axial = made(SILICON, instrument=replace(SHARP, sample_height=0.03, slit_height=0.02))
    centres = [moments(found.pattern.two_theta_deg, found.expected, 13.7, 14.6)[1] for found in (even, axial)]
    expected = -np.degrees((0.03**2 + 0.02**2) / 3 / 2 / np.tan(np.radians(14.195)))
    assert centres[1] - centres[0] == pytest.approx(expected, rel=0.02)


def test_zero_and_displacement() -> None:
    """-2 s cos(theta)/R of a flat plate, s sin(2 theta)/R along the beam of a capillary."""
    base = moments(*_pair(made(SILICON, instrument=SHARP)), 13.5, 14.9)[1]
    for geometry, expected_rad in (
        ("bragg-brentano", -2 * 0.1 * np.cos(np.radians(7.0975)) / 200),
        ("debye-scherrer", 0.1 * np.sin(np.radians(14.195)) / 200),
    ):
        instrument = replace(SHARP, geometry=geometry, displacement_mm=0.1, goniometer_radius_mm=200.0, zero_deg=0.05)
        found = moments(*_pair(made(SILICON, instrument=instrument)), 13.5, 14.9)[1]
        assert found - base == pytest.approx(0.05 + np.degrees(expected_rad), abs=2e-4)


def _pair(found: Simulated) -> tuple[np.ndarray, np.ndarray]:
    return found.pattern.two_theta_deg, found.expected


def test_texture_by_its_two_extremes() -> None:
    """Planes along the axis get r^-3, those across it r^(3/2); over the sphere the mean is one."""
    zincite = built_in("zno")
    found = Reflections(
        hkl=np.array([[0, 0, 2], [1, 0, 0]]), multiplicity=np.array([2, 6]), structure_factor_squared=np.ones(2)
    )
    np.testing.assert_allclose(texture(found, zincite, 0.7, (0, 0, 1)), [0.7**-3, 0.7**1.5])
    cosine = np.linspace(0, 1, 200_001)
    assert np.trapezoid((0.7**2 * cosine**2 + (1 - cosine**2) / 0.7) ** -1.5, cosine) == pytest.approx(1, abs=1e-6)


def test_a_thin_capillary_absorbs_as_the_tables_say() -> None:
    """First order: 16 mu R/(3 pi) at every angle; 1/A(0) of mu R = 1 is 5.09 (International Tables C 6.3.3.2)."""
    thetas, values = _capillary_absorption(0.01)
    np.testing.assert_allclose(values, 1 - 16 / (3 * np.pi) * 0.01, rtol=3e-4)  # first order, any theta
    _, strong = _capillary_absorption(1.0)
    assert 1 / strong[0] == pytest.approx(5.09, rel=0.04)
    assert (np.diff(strong) > 0).all()
    assert thetas[-1] == pytest.approx(np.pi / 2)


def test_coarse_grains_are_weakened_by_their_chords() -> None:
    """Points of a sphere lie on chords 2 R u with weight 3 u^2: tau = 3 int u^2 exp(-2 x u) du, x = (mu - mean) R.

    Brindley (Phil. Mag. 36, 347 (1945)) has tau(0.1) = 0.862, with paths that are bent: 0.014 from chords.
    """
    corundum, magnetite = (
        SimulatedPhase(phase=built_in(name), weight_fraction=0.5, grain_radius_um=3.0)
        for name in ("corundum", "magnetite")
    )
    found = _absorption_contrast([corundum, magnetite], [0.5, 0.5], 1.5406)
    densities = [density_g_per_cm3(phase.phase) for phase in (corundum, magnetite)]
    mus = [mu_per_cm(phase.phase, 1.5406) for phase in (corundum, magnetite)]
    volumes = [0.5 / density for density in densities]
    mean = sum(mu * volume for mu, volume in zip(mus, volumes, strict=True)) / sum(volumes)
    for value, mu in zip(found, mus, strict=True):
        x = (mu - mean) * 3e-4
        assert value == pytest.approx(3 * (1 - np.exp(-2 * x) * (1 + 2 * x + 2 * x**2)) / (4 * x**3), rel=1e-6)
    assert _absorption_contrast([replace(corundum, grain_radius_um=0.0)], [1.0], 1.5406) == [1.0]


def test_counting_noise_is_poisson() -> None:
    angles = np.arange(10, 60, 0.01)
    found = simulate_pattern([SILICON], Instrument(radiation=ONE_LINE), angles, counts_at_maximum=5000, seed=3)
    pulls = (found.pattern.intensity - found.expected) / np.sqrt(found.expected)
    assert np.mean(pulls**2) == pytest.approx(1.0, abs=4 * np.sqrt(2 / angles.size))  # of 5,000 points
    assert (found.expected - found.background).max() == pytest.approx(5000)
    again = simulate_pattern([SILICON], Instrument(radiation=ONE_LINE), angles, counts_at_maximum=5000, seed=3)
    assert (again.pattern.intensity == found.pattern.intensity).all()


def test_a_ramp_turns_where_it_was_told_to() -> None:
    """20 K frames at 10 K/min, 60 s exposed: a frame sees 10 K, and its share is the mean of the ramp over them."""
    ramp = Ramp(
        start_K=300, end_K=500, rate_K_per_min=10, frame_s=120, exposure_s=60, onset_K=403, width_K=20,
        expansion_per_K={"si": (5e-5, 5e-5, 5e-5)}, reference_K=300,
    )  # fmt: skip
    after = SimulatedPhase(phase=built_in("nabh4"), weight_fraction=1.0)
    angles = np.arange(12.0, 15.5, 0.005)
    frames = simulate_ramp([SILICON], [after], ramp, SHARP, angles, background=NO_BACKGROUND)
    assert [frame.pattern.temperature_K for frame in frames] == pytest.approx([305 + 20 * k for k in range(10)])
    shares = [frame.weight_fractions[1] for frame in frames]
    # frames of 400-410 and 420-430 K: means of clip((T - 403) / 20, 0, 1), by eight moments within 1 %
    expected = [0] * 5 + [np.mean(np.clip((np.linspace(400, 410, 4001) - 403) / 20, 0, 1))]
    expected += [np.mean(np.clip((np.linspace(420, 430, 4001) - 403) / 20, 0, 1))] + [1] * 3
    assert shares == pytest.approx(expected, abs=0.01)
    centres = [moments(angles, frame.parts[0], 13.7, 14.6)[1] for frame in frames[:4]]
    sines = [0.77489 / 2 / (5.431144 * (1 + 5e-5 * (kelvin - 300)) / np.sqrt(3)) for kelvin in (305, 325, 345, 365)]
    assert centres == pytest.approx(2 * np.degrees(np.arcsin(sines)), abs=2e-4)


def test_no_code_is_shared_with_the_fit() -> None:
    """The truth would otherwise agree with the fit's own mistakes."""
    from pathlib import Path

    import paddlewheel.lab.xrd.simulated as module

    assert module.__file__ is not None
    text = Path(module.__file__).read_text(encoding="utf-8")
    for fitted in ("profiles", "model", "fit", "background"):
        assert f"paddlewheel.lab.xrd.{fitted} " not in text
