"""Segmentation: corrections against stacks whose flaws are known, fractions against those that were put in."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from paddlewheel.errors import DataError
from paddlewheel.lab.tomography.alignment import find_drift
from paddlewheel.lab.tomography.artefacts import (
    broken_slices,
    common_window,
    correlation_lengths,
    find_fields,
    moved_slice,
    noise_sigma,
)
from paddlewheel.lab.tomography.denoising import denoise
from paddlewheel.lab.tomography.generators.composites import Morphology, composite
from paddlewheel.lab.tomography.generators.contrast import greys_of
from paddlewheel.lab.tomography.generators.fib import Flaws, fib_stack
from paddlewheel.lab.tomography.generators.paper import PAPER
from paddlewheel.lab.tomography.potts import PottsModel, blur_kernel, blurred, pictured, relax
from paddlewheel.lab.tomography.recipe import Recipe, RecipePhase
from paddlewheel.lab.tomography.segmentation import Method, Segmentation, segment
from paddlewheel.lab.tomography.thresholds import (
    FractionPrior,
    fit_mixture,
    histogram_of,
    otsu_thresholds,
    prior_of_recipe,
    tension,
    with_recipe,
)
from paddlewheel.lab.tomography.voxels import Stack
from paddlewheel.records import Measured

LEVELS = np.array([40.0, 90.0, 180.0], dtype=np.float32)


def body(shape: tuple[int, int, int], fractions: tuple[float, ...], seed: int, grain: float = 3.0) -> np.ndarray:
    """Phases of exact fractions: the last by one random field, the others by another."""
    random = np.random.default_rng(seed)
    labels = np.zeros(shape, np.uint8)
    free = np.ones(shape, bool)
    for label in range(len(fractions) - 1, 0, -1):
        field = ndimage.gaussian_filter(random.standard_normal(shape), grain, mode="wrap")
        chosen = free & (field > np.quantile(field[free], 1 - fractions[label] / sum(fractions[: label + 1])))
        labels[chosen] = label
        free &= ~chosen
    return labels


def picture(labels: np.ndarray, *, noise: float, seed: int, levels: np.ndarray = LEVELS) -> np.ndarray:
    blurry = ndimage.gaussian_filter(levels[labels], (0, 0.8, 0.8), mode="wrap")
    return (blurry + np.random.default_rng(seed).normal(0, noise, labels.shape)).astype(np.float32)


def prior(fractions: tuple[float, ...], relative: float = 0.02) -> FractionPrior:
    solid = np.array(fractions)
    solid[0] = 0
    solid /= solid.sum()
    jacobian = np.diag(solid) - np.outer(solid, solid)
    return FractionPrior(solid=solid, covariance=relative**2 * jacobian @ jacobian + 1e-8 * np.eye(solid.size), pore=0)


FRACTIONS = (0.06, 0.34, 0.60)


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    return body((20, 56, 56), FRACTIONS, 1)


@pytest.fixture(scope="module")
def found(truth: np.ndarray) -> Segmentation:
    stack = Stack(values=picture(truth, noise=10, seed=2), voxel_nm=(100, 100, 200), source="made", name="made")
    return segment(stack, ("pore", "A", "B"), prior=prior(FRACTIONS), method=Method(alignment="none", members=3))


def test_noise_is_found_in_spite_of_edges(truth: np.ndarray) -> None:
    """To 12 %: what edges add to a median of Laplacians."""
    assert noise_sigma(picture(truth, noise=10, seed=0)) == pytest.approx(10, rel=0.12)


def test_drift_of_slices_is_found() -> None:
    """A structure that hardly changes from slice to slice, moved by known steps: to 0.15 voxel of each step."""
    random = np.random.default_rng(5)
    whole = ndimage.gaussian_filter(random.standard_normal((16, 96, 96)), (12, 3, 3), mode="wrap")
    whole *= 50 / whole.std()
    path = np.cumsum(random.normal(0, 0.8, (16, 2)), axis=0)
    moved = np.stack([ndimage.shift(image, step, mode="grid-wrap") for image, step in zip(whole, path, strict=True)])
    found = find_drift(moved, lengths_voxels=correlation_lengths(moved))
    assert np.diff(found.seen, axis=0) == pytest.approx(np.diff(path, axis=0), abs=0.15)
    assert found.removed == pytest.approx(path - path.mean(axis=0), abs=0.6)  # 0.15 a step, over 16 steps
    with pytest.raises(DataError, match=r"slices drift over 60 of 96 voxels along y"):
        common_window(np.stack([np.linspace(-30, 30, 16), np.zeros(16)], axis=1), moved.shape, where="made")


@pytest.mark.parametrize("seed", [3, 7, 49, 59])
def test_chance_likeness_far_away_is_no_jump(seed: int) -> None:
    """Few large blobs that change from slice to slice and do not move. The middle of two slices fits best some 24 to 46
    voxels off; all that both show fits best in place, but for what blobs of 8 voxels seem to move as they change."""
    blobs = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((16, 100, 100)), (1, 8, 8), mode="wrap")
    blobs *= 50 / blobs.std()
    found = find_drift(blobs, lengths_voxels=correlation_lengths(blobs))
    assert np.abs(np.diff(found.seen, axis=0)).max() < 8


def test_a_jump_of_the_stage_is_found() -> None:
    """The fields of view of two halves lie 18 rows and 11 columns apart: to half a voxel."""
    whole = ndimage.gaussian_filter(np.random.default_rng(2).standard_normal((16, 140, 140)), (6, 4, 4), mode="wrap")
    whole *= 50 / whole.std()
    seen = np.concatenate([whole[:8, 20:120, 20:120], whole[8:, 2:102, 31:131]])
    found = find_drift(seen, lengths_voxels=correlation_lengths(seen))
    assert found.removed[8] - found.removed[7] == pytest.approx([18, -11], abs=0.5)


def test_particles_that_grow_and_shrink_are_no_drift() -> None:
    """Spheres of 30 voxels: the sum of shifts wanders by voxels; of a true path what is left is within its error."""
    random = np.random.default_rng(3)
    z, y, x = np.mgrid[:40, :96, :96].astype(np.float32)
    still = np.zeros(z.shape, np.float32)
    for at in random.uniform((-10, 0, 0), (50, 96, 96), (18, 3)):
        reach = ((z - at[0]) * 2) ** 2 + ((y - at[1] + 48) % 96 - 48) ** 2 + ((x - at[2] + 48) % 96 - 48) ** 2
        still[reach < 15**2] = 100
    noise = random.normal(0, 8, still.shape)
    lengths = correlation_lengths(still + noise)
    free = find_drift(still + noise, lengths_voxels=lengths)
    assert np.ptp(free.seen, axis=0).max() > 2
    assert np.sqrt(np.mean(free.removed**2)) < 0.5
    path = np.stack([np.zeros(40), 0.8 * np.arange(40)], axis=1) + random.normal(0, 1, (40, 2))
    path -= path.mean(axis=0)
    moved = np.stack(
        [ndimage.shift(image, at, order=1, mode="grid-wrap") for image, at in zip(still, path, strict=True)]
    )
    found = find_drift(moved + noise, lengths_voxels=lengths)
    left = np.sqrt(np.mean((found.removed - path) ** 2, axis=0))
    assert (left < 2 * np.sqrt(np.mean(found.error**2, axis=0))).all()
    assert left[1] < np.std(path[:, 1]) / 4
    assert found.slope[1] == pytest.approx(0.8, abs=3 * found.slope_error[1] + 0.1)  # jitter of the ends: 1.4/39


def test_trends_stripes_and_an_odd_slice_are_taken_away(truth: np.ndarray) -> None:
    """What remains is under two grey values of 16 along z, under one of stripes of 6; slices differ in contents."""
    clean = picture(truth, noise=6, seed=3)
    n_z, _, n_x = clean.shape
    trend = 8 * np.linspace(-1, 1, n_z)
    stripes = 8 * np.sin(np.arange(n_x) * 1.9)[None, None, :]
    odd = np.zeros(n_z)
    odd[11] = 12
    seen = clean + trend[:, None, None] + stripes + odd[:, None, None]
    fields = find_fields(seen, levels=LEVELS.tolist(), noise=6)
    fields = find_fields(seen, levels=LEVELS.tolist(), noise=6, before=fields)
    assert np.nonzero(fields.odd)[0].tolist() == [11]
    off = fields.taken_from(seen, 0) - clean
    assert np.abs(off.mean(axis=(1, 2)) - off.mean()).max() < 2
    assert (off.mean(axis=(0, 1)) - off.mean()).std() < 1
    without = find_fields(clean, levels=LEVELS.tolist(), noise=6).taken_from(clean, 0) - clean
    assert without.std() < 6 / 4  # of a stack without flaws little is made, beside its noise


def test_slices_that_show_something_else_are_told(truth: np.ndarray) -> None:
    seen = picture(truth, noise=5, seed=4)
    assert broken_slices(seen) == []
    seen[7] = 100
    seen[13] = np.random.default_rng(0).normal(100, 30, seen.shape[1:])
    assert broken_slices(seen) == [7, 13]


def test_moved_slices_keep_their_noise() -> None:
    """A wave moved by parts of a voxel is the wave there, to the mirrors at its edges; noise keeps its deviation."""
    x = np.arange(64)
    wave = np.tile(np.sin(x / 3), (64, 1)).astype(np.float32)
    moved = moved_slice(wave, np.array([0.0, 2.4]))
    assert moved[:, 8:-8] == pytest.approx(np.tile(np.sin((x + 2.4) / 3), (64, 1))[:, 8:-8], abs=0.03)
    noise = np.random.default_rng(0).normal(0, 1, (64, 64)).astype(np.float32)
    assert moved_slice(noise, np.array([0.5, 0.5])).std() == pytest.approx(1, abs=0.05)


def test_charged_rows_are_taken_away(truth: np.ndarray) -> None:
    """Rows 15 grey values too bright, where labels are known: found to what 56 voxels of noise leave, 10/sqrt(56)."""
    clean = picture(truth, noise=10, seed=3)
    lines = np.zeros(clean.shape[:2], np.float32)
    lines[::3, 7::10] = 15
    model = PottsModel(
        levels=(40.0, 90.0, 180.0), noise=10, blur_voxels=(0, 0.8, 0.8), spacing_nm=(200, 100, 100), strength=1.0
    )
    fields = find_fields(
        clean + lines[:, :, None], levels=LEVELS.tolist(), noise=10,
        expected=lambda start, stop: pictured(truth, model, start, stop),
    )  # fmt: skip
    assert fields.lines[lines > 0] == pytest.approx(15, abs=4 * 10 / np.sqrt(56))
    assert np.mean(fields.lines[lines == 0] != 0) < 0.01


def test_image_and_recipe_are_joined_by_their_errors() -> None:
    """Two phases: the mean by inverse variances; the tension is the distance over the root of their sum."""
    image, recipe = 0.40, 0.46
    spread = np.array([[1.0, -1], [-1, 1]])
    known = FractionPrior(solid=np.array([recipe, 1 - recipe]), covariance=0.02**2 * spread)
    fractions, covariance = with_recipe(np.array([image, 1 - image]), 0.01**2 * spread, known)
    variance = 0.01**2 + 0.003**2  # with the least error of an image
    weight = variance / (variance + 0.02**2)
    assert fractions[0] == pytest.approx(image + weight * (recipe - image))
    assert covariance[0, 0] == pytest.approx(variance * 0.02**2 / (variance + 0.02**2))
    off = tension(np.array([image, 1 - image]), 0.01**2 * spread, known)
    assert off == pytest.approx(0.06 / np.sqrt(variance + 0.02**2))


def test_smoothing_takes_noise_and_leaves_steps() -> None:
    """Noise falls by at least three; a step of ten deviations stays within a voxel; slabs have no seams."""
    random = np.random.default_rng(0)
    clean = np.zeros((40, 24, 24), np.float32)
    clean[:, :, 12:] = 100
    seen = (clean + random.normal(0, 10, clean.shape)).astype(np.float32)
    out = np.empty_like(seen)
    denoise(seen, out, spacing_nm=(200, 100, 100), noise=10)
    assert (out - clean)[:, :, :9].std() < 10 / 3
    assert out[:, :, 10].mean() < 20
    assert out[:, :, 13].mean() > 80
    whole = np.empty_like(seen[:20])
    denoise(seen[:20], whole, spacing_nm=(200, 100, 100), noise=10)
    assert np.array_equal(whole[:12], out[:12])


def test_a_small_phase_between_two_needs_the_recipe() -> None:
    """5.6 % of a phase whose peak is under its neighbour's flank: multi-Otsu is off by over ten points."""
    fractions = np.array([0.60, 0.056, 0.344])
    levels, width = np.array([60.0, 85.0, 190.0]), 9.0
    random = np.random.default_rng(0)
    values = random.normal(levels[random.choice(3, 200_000, p=fractions)], width)
    histogram = histogram_of([values], low=0, high=255)
    known = FractionPrior(solid=fractions, covariance=1e-4 * (np.diag(fractions) - np.outer(fractions, fractions)))
    found = fit_mixture(histogram, 3, prior=known, independent=1000)
    assert found.fractions == pytest.approx(fractions, abs=0.015)
    assert found.levels == pytest.approx(levels, abs=5)
    ends = np.append(0, np.cumsum(histogram.counts)) / histogram.counts.sum()
    otsu = np.diff(np.concatenate([[0], np.interp(otsu_thresholds(histogram, 3), histogram.edges, ends), [1]]))
    assert np.abs(otsu - fractions).max() > 0.1


def test_shares_of_a_recipe_and_their_errors() -> None:
    """Volumes are w/rho: 0.5/2 and 0.5/1 are a third and two thirds; an error of 3 % moves both by 3 % x 2/9."""
    phases = tuple(
        RecipePhase(name=name, weight_fraction=Measured(value=0.5, std=0), density_g_per_cm3=density)
        for name, density in (("A", Measured(value=2, std=0.06)), ("B", Measured(value=1, std=0)))
    )
    made = prior_of_recipe(Recipe(phases=phases), ("pore", "B", "A"), porosity=(0.1, 0.02), where="s.yaml")
    assert made.solid == pytest.approx([0, 2 / 3, 1 / 3])
    relative = np.sqrt(0.03**2 + 0.01**2 + 2 * 0.005**2)  # with what is taken for what is not said
    assert np.sqrt(made.covariance[1, 1]) == pytest.approx(2 / 9 * relative, rel=1e-3)
    assert made.misfit(np.array([0.1, 0.6, 0.3])) == pytest.approx(0)
    dark = prior_of_recipe(Recipe(phases=phases), ("pore+B", "A"), porosity=(0.1, 0.02), where="s.yaml")
    assert dark.solid == pytest.approx([0.1 + 0.9 * 2 / 3, 0.9 / 3])  # of the whole, since pores are in a phase
    assert np.sqrt(dark.covariance[1, 1]) == pytest.approx(np.hypot(0.9 * 2 / 9 * relative, 0.02 / 3), rel=1e-3)
    joined = prior_of_recipe(Recipe(phases=phases), ("pore", "A+B"), porosity=None, where="s.yaml")
    assert joined.solid == pytest.approx([0, 1])
    with pytest.raises(DataError, match=r"component B of the recipe is in no phase; name each once in --phases"):
        prior_of_recipe(Recipe(phases=phases), ("pore", "A"), porosity=None, where="s.yaml")
    with pytest.raises(DataError, match=r"phase C is not in the recipe; name pore and A, B"):
        prior_of_recipe(Recipe(phases=phases), ("C", "A"), porosity=None, where="s.yaml")


def test_the_rim_between_bright_and_dark_is_no_phase() -> None:
    """A bright ball in the dark: thresholds make a shell of the middle phase, labels under blur leave a third of it."""
    z, y, x = np.ogrid[-12:13, -16:17, -16:17]
    true = np.where((4 * z * z + y * y + x * x) < 100, 2, 0).astype(np.uint8)
    kernels = [blur_kernel(width) for width in (0.0, 1.2, 1.2)]
    seen = blurred(LEVELS[true], kernels) + np.random.default_rng(0).normal(0, 5, true.shape).astype(np.float32)
    labels = np.digitize(seen, (LEVELS[1:] + LEVELS[:-1]) / 2).astype(np.uint8)
    shell = np.mean(labels == 1)
    assert shell > 0.02
    model = PottsModel(
        levels=(40.0, 90.0, 180.0), noise=5, blur_voxels=(0, 1.2, 1.2), spacing_nm=(200, 100, 100), strength=1.0
    )
    fractions, _ = relax(seen, labels, model, targets=None)
    assert fractions[1] < shell / 3
    assert fractions[2] == pytest.approx(np.mean(true == 2), rel=0.05)


def test_fields_hold_fractions(truth: np.ndarray) -> None:
    """Fractions come to targets off the truth to a thousandth; the same threads or not, the same labels."""
    seen = picture(truth, noise=10, seed=2)
    model = PottsModel(
        levels=(40.0, 90.0, 180.0), noise=10, blur_voxels=(0, 0.8, 0.8), spacing_nm=(200, 100, 100), strength=1.0
    )
    targets = np.array([0.07, 0.35, 0.58])
    made = []
    for _ in range(2):
        labels = np.digitize(seen, (LEVELS[1:] + LEVELS[:-1]) / 2).astype(np.uint8)
        fractions, _ = relax(seen, labels, model, targets=targets)
        made.append(labels)
    assert fractions == pytest.approx(targets, abs=2e-3)
    assert np.array_equal(*made)


def test_fractions_within_two_points_and_a_family_around_them(found: Segmentation, truth: np.ndarray) -> None:
    """Two points are what is asked of a segmentation; nine voxels of ten are right where a fifth lie on edges."""
    true = np.bincount(truth.ravel()) / truth.size
    assert np.array(found.central.reached) == pytest.approx(true, abs=0.02)
    assert np.mean(found.labels.labels == truth) > 0.9
    members = list(found.family())
    assert len(members) == 3
    for member, labels in members:
        assert np.bincount(labels.ravel(), minlength=3) / labels.size == pytest.approx(member.reached)
        assert member.reached == pytest.approx(member.targets, abs=0.01)
    again = [labels for _, labels in found.family()]
    assert all(np.array_equal(labels, other) for (_, labels), other in zip(members, again, strict=True))


def test_slabs_on_disk_give_the_same(found: Segmentation, truth: np.ndarray, tmp_path) -> None:
    stack = Stack(values=picture(truth, noise=10, seed=2), voxel_nm=(100, 100, 200), source="made", name="made")
    other = segment(stack, ("pore", "A", "B"), prior=prior(FRACTIONS), method=Method(alignment="none", members=3),
                    scratch=tmp_path)  # fmt: skip
    assert np.array_equal(other.labels.labels, found.labels.labels)
    assert isinstance(other.grey, np.memmap)


def test_an_inverted_contrast_is_told(truth: np.ndarray) -> None:
    inverted = 255 - picture(truth, noise=10, seed=2)
    stack = Stack(values=inverted, voxel_nm=(100, 100, 200), source="made", name="made")
    known = prior(FRACTIONS)
    known = FractionPrior(solid=known.solid, covariance=known.covariance, pore=0, porosity=0.06, porosity_std=0.02)
    with pytest.raises(DataError, match=r"the contrast seems inverted.*give --contrast inverted"):
        segment(stack, ("pore", "A", "B"), prior=known, method=Method(alignment="none", members=0))
    made = segment(
        stack, ("pore", "A", "B"), prior=known, method=Method(alignment="none", members=0, contrast="inverted")
    )
    assert np.mean(made.labels.labels == truth) > 0.9


def test_five_slices_without_a_recipe(truth: np.ndarray) -> None:
    """The doubt is told, and so is a shadow as strong as the contrast, 60 of some 50 grey values."""
    seen = picture(truth, noise=10, seed=2)[:5] + np.linspace(30, -30, 56, dtype=np.float32)[:, None]
    stack = Stack(values=seen, voxel_nm=(100, 100, 200), source="made", name="made")
    made = segment(stack, ("pore", "A", "B"), prior=None, method=Method(alignment="none", members=0))
    assert any("no recipe" in line for line in made.warnings)
    assert any("a shadow of" in line and "is taken away" in line for line in made.warnings)


def test_grains_have_no_speckle_and_their_sizes() -> None:
    """NCO of a coated composite, seen with blur, noise and charge: its chord to 10 %, under 1 lone voxel in 1000.

    A lone voxel that is none costs a face on either side: 1 in 1000 of the volume shortens chords of 20 voxels by 7 %.
    """
    made = PAPER["nco-nzc"]
    shape = (50, 50, 50)
    body = composite(made.recipe, 0.06, shape, (100, 100, 100), 1, morphology=Morphology(roles=made.roles))
    greys = greys_of({0: None} | {n: phase.formula for n, phase in enumerate(made.recipe.phases, start=1)})
    stack = fib_stack(body, greys, flaws=Flaws(blur_nm=80, noise=0.04, charging=0.03), seed=1, slice_voxels=2)
    classes = ("pore+VGCF", "NCO", "NZC")
    known = prior_of_recipe(made.recipe, classes, porosity=(0.06, 0.015), where="made")
    found = segment(stack.stack, classes, prior=known, method=Method(alignment="none", members=0)).labels.labels
    true = np.array([0, 1, 2, 0], np.uint8)[stack.labels.labels]  # pores, NCO, NZC, VGCF
    grains, seen = true == 1, found == 1
    crossings = [np.count_nonzero(np.diff(each.astype(np.int8), axis=2)) for each in (grains, seen)]
    assert seen.sum() / crossings[1] == pytest.approx(grains.sum() / crossings[0], rel=0.1)
    parts, _ = ndimage.label(~seen)
    assert np.count_nonzero(np.bincount(parts.ravel()) == 1) < 1e-3 * seen.size
    shares = [np.bincount(each.ravel(), minlength=3) / each.size for each in (true, found)]
    assert shares[1] == pytest.approx(shares[0], abs=0.02)


@pytest.mark.parametrize(
    ("shape", "size", "told"),
    [
        ((24, 24, 24), None, "does not say the size of its voxels; give --voxel-nm"),
        (
            (1, 24, 24),
            (1.0, 1.0, 1.0),
            "24 x 24 x 1 voxels: a segmentation needs 3 slices of 8 x 8 pixels; give the wh",
        ),
        ((9, 24, 24), (1.0, 1.0, 1.0), "slices are unlike their neighbours"),
    ],
)
def test_what_is_no_stack_is_refused(shape, size, told) -> None:
    stack = Stack(values=np.full(shape, 7, np.uint8), voxel_nm=size, source="made", name="made")
    with pytest.raises(DataError, match=told):
        segment(stack, ("a", "b"), prior=None)
