"""Composites, simple bodies and FIB stacks: fractions, correlations and flaws are what was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, label

from paddlewheel.errors import SettingsError
from paddlewheel.lab.tomography.atomic_number import mean_atomic_number
from paddlewheel.lab.tomography.generators.bodies import checkerboard, empty_box, laminate, sphere_array
from paddlewheel.lab.tomography.generators.composites import Morphology, composite, gaussian_field
from paddlewheel.lab.tomography.generators.contrast import backscattering, greys_of
from paddlewheel.lab.tomography.generators.fib import Flaws, fib_stack
from paddlewheel.lab.tomography.generators.paper import PAPER, PaperComposite
from paddlewheel.lab.tomography.recipe import Recipe, RecipePhase
from paddlewheel.records import Measured

GREYS = {0: 0.1, 1: 0.5, 2: 0.8}
BODY = laminate((12, 40, 50), (20, 30, 100), normal="x", layers=(7, 5))
THIRD = PAPER["nco-nzc-nbh"]


def mixed(**weights: float) -> Recipe:
    """A recipe of phases of one density."""
    return Recipe(
        phases=tuple(
            RecipePhase(
                name=name,
                weight_fraction=Measured(value=weight, std=0),
                density_g_per_cm3=Measured(value=2.0, std=0),
            )
            for name, weight in weights.items()
        )
    )


@pytest.mark.parametrize("key", PAPER)
@pytest.mark.parametrize("porosity", [0.0, 0.137])
def test_every_phase_has_its_share_to_a_voxel(key: PaperComposite, porosity: float) -> None:
    made = PAPER[key]
    body = composite(made.recipe, porosity, (40, 40, 40), (150, 150, 150), 1, morphology=Morphology(roles=made.roles))
    found = {body.names[number]: share for number, share in body.fractions().items()}
    assert set(np.unique(body.labels)) <= set(body.names)
    assert found.pop("pores") == pytest.approx(porosity, abs=1 / 40**3)
    for name, share in made.recipe.solid_fractions().items():
        assert found[name] == pytest.approx((1 - porosity) * share, abs=1 / 40**3)


def test_the_same_seed_gives_the_same_body_and_another_another() -> None:
    bodies = [
        composite(THIRD.recipe, 0.05, (40, 30, 30), (200, 200, 150), seed, morphology=Morphology(roles=THIRD.roles))
        for seed in (7, 7, 8)
    ]
    assert np.array_equal(bodies[0].labels, bodies[1].labels)
    assert np.mean(bodies[0].labels != bodies[2].labels) > 0.3


def test_particles_pushed_apart_have_the_size_asked_for() -> None:
    morphology = Morphology(roles={"A": "particles"}, diameter_um=(2.0, 2.0), aspect=1.0, overlap=0.0)
    body = composite(mixed(A=0.05, B=0.95), 0.0, (64, 64, 64), (156.25, 156.25, 156.25), 2, morphology=morphology)
    lumps = label(body.labels == 1)[0]  # type: ignore[index]
    cut = np.unique([lumps[place] for axis in range(3) for place in _faces(axis)])
    whole = np.setdiff1d(lumps, cut)
    spheres = np.bincount(lumps.reshape(-1))[whole] * 0.15625**3 / (4 / 3 * np.pi)
    # 50 um3 in spheres of 4.19 um3 are 12, half of them not cut; lumps are spheres that touch, each 12.8 voxels wide,
    # which is right to some per cent of its volume
    assert spheres.sum() >= 4
    assert spheres == pytest.approx(np.rint(spheres), abs=0.05)
    assert spheres.min() == pytest.approx(1, abs=0.05)


def _faces(axis: int) -> tuple[tuple, tuple]:
    before = (slice(None),) * axis
    return (*before, 0), (*before, -1)


def test_two_points_of_a_levelled_field_follow_the_arcsine_law() -> None:
    # a Gaussian field cut at its median: P(both) = 1/4 + arcsin(c(r))/2 pi, c = exp(-r^2/4 s^2); 0.005 is 4 standard
    # errors of about 64^3/(4 pi 9)^1.5 independent places
    body = composite(mixed(A=0.5, B=0.5), 0.0, (64, 64, 64), (100, 100, 100), 5, morphology=Morphology(grain_um=0.3))
    inside = body.labels == 1
    for axis, distance in ((0, 3), (1, 6), (2, 9)):
        covariance = np.exp(-(distance**2) / (4 * 3.0**2))
        both = np.mean(inside & np.roll(inside, distance, axis))
        assert both == pytest.approx(0.25 + np.arcsin(covariance) / (2 * np.pi), abs=0.005)


def test_sizes_are_in_micrometres_whatever_the_voxels() -> None:
    # the specific surface of a levelled field along an axis is arccos(c(voxel))/(pi voxel) crossings a length
    body = composite(mixed(A=0.5, B=0.5), 0.0, (32, 64, 128), (50, 100, 200), 5, morphology=Morphology(grain_um=0.6))
    for axis, edge_um in ((0, 0.2), (1, 0.1), (2, 0.05)):
        crossings = np.mean(body.labels != np.roll(body.labels, 1, axis))
        # a field of few grains: its crossings scatter by some per cent
        assert crossings == pytest.approx(np.arccos(np.exp(-((edge_um / 0.6) ** 2) / 4)) / np.pi, rel=0.15)


def test_a_coating_lies_on_the_particles_and_a_matrix_does_not() -> None:
    body = composite(THIRD.recipe, 0.0, (50, 50, 50), (150, 150, 150), 4, morphology=Morphology(roles=THIRD.roles))
    near = binary_dilation(body.labels == 1, iterations=2) & (body.labels != 1)
    share = {number: np.mean(near[body.labels == number]) for number in (2, 3)}
    assert share[2] > 5 * share[3]


def test_bodies_go_on_through_their_faces() -> None:
    body = composite(THIRD.recipe, 0.05, (48, 48, 48), (150, 150, 150), 4, morphology=Morphology(roles=THIRD.roles))
    for axis in range(3):
        inner = np.mean(body.labels.take(20, axis=axis) != body.labels.take(21, axis=axis))
        through = np.mean(body.labels.take(0, axis=axis) != body.labels.take(-1, axis=axis))
        assert through < 2 * inner


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"porosity": 1.0}, "porosity"),
        ({"morphology": Morphology(roles={"LFP": "particles"})}, "LFP"),
        ({"morphology": Morphology(roles={"A": "particles"})}, "particles of 5 um"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_line(change: dict, said: str) -> None:
    given = {"porosity": 0.1, "morphology": Morphology()} | change
    with pytest.raises(SettingsError, match=said):
        composite(
            mixed(A=0.5, B=0.5), given["porosity"], (10, 10, 10), (100, 100, 100), 0, morphology=given["morphology"]
        )


def test_simple_bodies_have_the_fractions_of_their_geometry() -> None:
    assert empty_box((3, 4, 5), (1, 1, 1)).fractions() == {1: 1.0}
    assert laminate((10, 4, 5), (1, 1, 1), normal="z", layers=(3, 2)).fractions() == {1: 0.6, 2: 0.4}
    board = checkerboard((8, 8, 3), (1, 1, 1), edge=4, axis="x")
    assert board.fractions() == {1: 0.5, 2: 0.5}
    assert np.all(board.labels == board.labels[:, :, :1])
    assert not np.any(board.labels == np.roll(board.labels, 4, axis=0))
    ball = sphere_array((40, 40, 80), (10, 20, 20), diameter_nm=600)
    assert ball.fractions()[2] == pytest.approx(np.pi / 6 * 600**3 / 800**3, rel=0.01)  # voxels at the surface


def test_contrast_is_that_of_the_mean_atomic_number() -> None:
    assert mean_atomic_number("NaCl") == pytest.approx((22.98977 * 11 + 35.453 * 17) / (22.98977 + 35.453), rel=1e-3)
    # Reuter's fit against the measured coefficients of C and Au at 20 kV, 0.06 and 0.50 (Heinrich's collection)
    assert backscattering("C") == pytest.approx(0.06, abs=0.01)
    assert backscattering("Au") == pytest.approx(0.50, abs=0.02)
    greys = greys_of({0: None, 1: "NaCrO2", 2: "Na2ZrCl6", 3: "C"})
    assert greys[0] < greys[3] < greys[1] < greys[2] == pytest.approx(0.8)


def test_a_stack_without_flaws_is_the_body_in_grey() -> None:
    made = fib_stack(BODY, GREYS, flaws=Flaws(), seed=0, slice_voxels=4, bits=16)
    assert made.stack.shape == (3, 40, 50)
    assert made.stack.voxel_nm == (20, 30, 400)
    assert made.stack.values.dtype == np.uint16
    assert np.array_equal(made.stack.values, np.rint(65535 * np.vectorize(GREYS.get)(BODY.labels[::4])))
    assert np.array_equal(made.labels.labels, BODY.labels[::4])
    assert made.clipped == 0


def test_noise_and_blur_are_as_strong_as_asked() -> None:
    flat = empty_box((6, 60, 60), (50, 50, 100))
    made = fib_stack(flat, {1: 0.5}, flaws=Flaws(noise=0.05), seed=1, bits=16)
    assert np.std(made.stack.values / 65535) == pytest.approx(0.05, rel=0.03)  # 4 standard errors of 21600 values
    edge = laminate((1, 4, 80), (50, 50, 100), normal="x", layers=(40, 40))
    made = fib_stack(edge, GREYS, flaws=Flaws(blur_nm=150), seed=1, bits=16)
    profile = made.stack.values[0, 0, 30:50] / 65535
    # the derivative of a blurred edge is the Gaussian that blurs it, 3 voxels, and a voxel's own width, 1/12
    weight = np.diff(profile) / np.ptp(profile)
    place = np.arange(weight.size)
    variance = np.sum(weight * place**2) - np.sum(weight * place) ** 2
    assert np.sqrt(variance) == pytest.approx(np.sqrt(9 + 1 / 12), rel=0.05)  # the tails beyond 10 voxels are cut


def test_depth_mixes_what_lies_below() -> None:
    layers = laminate((16, 4, 4), (50, 50, 25), normal="z", layers=(4, 4))
    made = fib_stack(layers, GREYS, flaws=Flaws(depth_nm=50), seed=0, bits=16)
    depths = np.arange(6)  # three depths of 50 nm, 25 nm each
    weights = np.exp(-depths * 25 / 50)
    expected = np.sum(weights * np.where(depths < 4, 0.5, 0.8)) / weights.sum()
    assert made.stack.values[0, 0, 0] / 65535 == pytest.approx(expected, abs=1e-4)


def test_drift_is_where_the_truth_says() -> None:
    made = fib_stack(BODY, GREYS, flaws=Flaws(drift_nm=(20, -30), wander_nm=0), seed=0, bits=16)
    still = fib_stack(BODY, GREYS, flaws=Flaws(), seed=0, bits=16)
    assert np.array_equal(made.shifts_nm, np.arange(12)[:, None] * np.array([20, -30]))
    for number in (0, 5, 11):
        moved = np.roll(still.stack.values[number], (-number, number), (0, 1))  # whole voxels: no interpolation
        assert np.max(np.abs(moved.astype(int) - made.stack.values[number])) <= 1


def test_gains_and_lines_are_those_of_the_truth() -> None:
    flaws = Flaws(curtains=0.05, shadow=0.3, brightness=0.1, flicker=0.02, charging=0.1)
    made = fib_stack(BODY, GREYS, flaws=flaws, seed=3, bits=16)
    clean = np.vectorize(GREYS.get)(BODY.labels)
    gain = made.curtain_gain * made.shadow_gain[None, :, None] * made.slice_gain[:, None, None]
    expected = np.clip(clean * gain + made.charging_offset[:, :, None], 0, 1)
    assert np.max(np.abs(made.stack.values / 65535 - expected)) < 2e-5
    assert np.std(made.curtain_gain[:, -1]) == pytest.approx(0.05, rel=0.01)
    assert made.shadow_gain[-1] == pytest.approx(0.7)
    assert np.any(made.charging_offset)


def test_flaws_are_scaled_and_reproducible() -> None:
    flaws = Flaws(noise=0.1, blur_nm=5, wander_nm=10)
    assert flaws.scaled(0.5) == Flaws(noise=0.05, blur_nm=5, wander_nm=5)
    first, again, other = (fib_stack(BODY, GREYS, flaws=flaws, seed=seed).stack.values for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_stacks_that_cannot_be_made_are_refused() -> None:
    with pytest.raises(SettingsError, match="greys"):
        fib_stack(BODY, {1: 0.5}, flaws=Flaws(), seed=0)
    with pytest.raises(SettingsError, match="slice_voxels"):
        fib_stack(BODY, GREYS, flaws=Flaws(), seed=0, slice_voxels=13)


def test_a_gaussian_field_is_standard_and_periodic() -> None:
    values = gaussian_field((30, 40, 50), np.array([2.0, 2.0, 2.0]), np.random.default_rng(0))
    assert float(values.mean()) == pytest.approx(0, abs=1e-5)
    assert float(values.std()) == pytest.approx(1, abs=1e-5)
    inner, through = (np.mean((values[:, 20] - values[:, 21]) ** 2), np.mean((values[:, 0] - values[:, -1]) ** 2))
    assert through == pytest.approx(inner, rel=0.3)
