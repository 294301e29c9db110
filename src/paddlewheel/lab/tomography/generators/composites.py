"""Composites of a recipe: particles, coatings, fibres, pores and matrix, each with its exact share of the volume.

Every phase is levelled: of a field over the voxels that are still free, those with the lowest values are taken, exactly
as many as its share asks for. Fields are the distance from particles, from their surface, from the axes of fibres, or
Gaussian random fields. All of them go on through the faces of the box: the body is periodic, and no face is special.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.tomography.recipe import Recipe
from paddlewheel.lab.tomography.voxels import Labels, VoxelSize

Role = Literal["particles", "fibres", "clusters", "coating", "matrix"]
"""Of a phase: ellipsoids; thin chains; small lumps; a rough layer on the particles; what lies between all of these."""

PORES = "pores"
_ORDER: tuple[Role, ...] = ("particles", "fibres", "clusters", "coating", "matrix")
_REACH = 1.6
"""How far the field of a particle is known, in its radii: levelling moves surfaces, but never so far."""


@dataclass(frozen=True, kw_only=True)
class Morphology:
    """Sizes of what a composite holds.

    Attributes
    ----------
    roles
        Of the phases by name; those not named are matrix.
    diameter_um
        Smallest and largest diameter of the particles, of a sphere of the same volume; evenly drawn.
    aspect
        Largest ratio of the axes of a particle; each is prolate or oblate, by a ratio evenly drawn from 1 up.
    overlap
        0: particles are pushed apart until they only touch. 1: they lie where chance put them. Between, their
        centres come closer than touching by this share.
    roughness_um
        Of the outer surface of a coating: the standard deviation of its thickness.
    fibre_diameter_um, fibre_length_um
        Of fibres; a fibre bends by about one radian over its length.
    grain_um, cluster_um, pore_um
        Standard deviation of the Gaussian that smooths white noise to the fields of matrix phases (where there are
        several) and coatings, of clusters, and of pores. The covariance of a field is exp(-r^2/(4 s^2)).
    """

    roles: Mapping[str, Role] = field(default_factory=dict)
    diameter_um: tuple[float, float] = (3.0, 5.0)
    aspect: float = 1.4
    overlap: float = 0.05
    roughness_um: float = 0.2
    fibre_diameter_um: float = 0.15
    fibre_length_um: float = 8.0
    grain_um: float = 0.5
    cluster_um: float = 0.15
    pore_um: float = 0.15


def composite(
    recipe: Recipe,
    porosity: float,
    shape: tuple[int, int, int],
    voxel_nm: VoxelSize,
    seed: int,
    *,
    morphology: Morphology | None = None,
) -> Labels:
    """A periodic body with the fractions of a recipe, each to within one voxel.

    Parameters
    ----------
    recipe
        Its phases are labelled 1, 2, ... in its order.
    porosity
        Share of the pores, label 0, in the whole volume.
    shape, voxel_nm
        Voxels along z, y, x; their edges along x, y, z.
    seed
        The same seed gives the same body.
    morphology
        None takes every phase for matrix.

    Raises
    ------
    SettingsError
        For a porosity that is none, a role of a phase that the recipe lacks, or particles larger than the box.
    """
    morphology = morphology or Morphology()
    _check(recipe, porosity, shape, voxel_nm, morphology)
    spacing_um = np.array(voxel_nm[::-1]) / 1000
    names = [phase.name for phase in recipe.phases]
    solid = recipe.solid_fractions()
    shares = [porosity, *((1 - porosity) * solid[name] for name in names)]
    size = int(np.prod(shape))
    counts = np.diff(np.rint(np.cumsum([0.0, *shares]) / sum(shares) * size).astype(int))
    kinds: dict[int, Role | Literal["pores"]] = {0: PORES}
    kinds |= {place: morphology.roles.get(name, "matrix") for place, name in enumerate(names, start=1)}
    order = sorted(kinds, key=lambda number: 2.5 if number == 0 else _ORDER.index(kinds[number]))  # type: ignore[arg-type]
    labels = np.full(shape, 255, np.uint8)
    particles = np.zeros(shape, bool)
    for number, random in zip(order, np.random.default_rng(seed).spawn(len(order)), strict=True):
        free = labels == 255
        if counts[number] == 0:
            continue
        if counts[number] == np.count_nonzero(free):
            labels[free] = number
            continue
        share = float(counts[number]) / size
        kind = kinds[number]
        if kind == "particles":
            values = _particles(share, shape, spacing_um, morphology, random)
        elif kind == "fibres":
            values = _fibres(share, shape, spacing_um, morphology, random)
        elif kind == "coating":
            rough = gaussian_field(shape, morphology.grain_um / spacing_um, random)
            values = _distance(particles, spacing_um) + morphology.roughness_um * rough
        else:
            smooth_um = {PORES: morphology.pore_um, "clusters": morphology.cluster_um, "matrix": morphology.grain_um}
            values = gaussian_field(shape, smooth_um[kind] / spacing_um, random)
        taken = lowest(values, free, int(counts[number]))
        labels[taken] = number
        if kind == "particles":
            particles |= taken
    return Labels(
        labels=labels,
        voxel_nm=voxel_nm,
        names={0: PORES} | dict(enumerate(names, start=1)),
        source=f"composite of {', '.join(names)}, seed {seed}",
        voxel_from="made",
    )


def lowest(values: np.ndarray, free: np.ndarray, count: int) -> np.ndarray:
    """Where, of the free voxels, the `count` with the lowest values lie; a mask."""
    places = np.flatnonzero(free)
    chosen = places[np.argpartition(values.reshape(-1)[places], count - 1)[:count]]
    taken = np.zeros(values.size, bool)
    taken[chosen] = True
    return taken.reshape(values.shape)


def gaussian_field(shape: tuple[int, ...], smooth: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A periodic Gaussian random field of mean 0 and standard deviation 1, float32.

    White noise through a Gaussian of standard deviation `smooth` (voxels, an axis each): the covariance at a distance
    r is exp(-r^2/(4 smooth^2)).
    """
    from scipy.ndimage import gaussian_filter

    noise = gaussian_filter(random.standard_normal(shape, dtype=np.float32), smooth, mode="wrap")
    return (noise - noise.mean()) / max(float(noise.std()), np.finfo(np.float32).tiny)


def _check(
    recipe: Recipe, porosity: float, shape: tuple[int, ...], voxel_nm: VoxelSize, morphology: Morphology
) -> None:
    if not 0 <= porosity < 1:
        raise SettingsError(f"{porosity:g}", where="porosity", remedy="give a share from 0 to below 1")
    unknown = set(morphology.roles) - {phase.name for phase in recipe.phases}
    if unknown:
        raise SettingsError(f"{', '.join(sorted(unknown))} is no phase of the recipe", where="roles",
                            remedy=f"name one of {', '.join(phase.name for phase in recipe.phases)}")  # fmt: skip
    edge_um = min(count * edge / 1000 for count, edge in zip(shape, voxel_nm[::-1], strict=True))
    largest_um = morphology.diameter_um[1]
    if "particles" in morphology.roles.values() and largest_um > edge_um:
        raise SettingsError(f"particles of {largest_um:g} um in a body that is {edge_um:g} um wide",
                            where="diameter_um", remedy="make the body larger or the particles smaller")  # fmt: skip


def _particles(
    share: float,
    shape: tuple[int, int, int],
    spacing_um: np.ndarray,
    morphology: Morphology,
    random: np.random.Generator,
) -> np.ndarray:
    """Distance from the nearest surface of an ellipsoid, negative inside, um."""
    from scipy.spatial.transform import Rotation

    box_um = np.array(shape) * spacing_um
    alone = (1 - morphology.overlap) * share - morphology.overlap * np.log1p(-share)
    diameters = _diameters(alone * float(np.prod(box_um)), morphology.diameter_um, random)
    places = _pushed_apart(random.random((diameters.size, 3)) * box_um, diameters, box_um, morphology.overlap)
    ratio = random.uniform(1, morphology.aspect, diameters.size) ** random.choice([-1, 1], diameters.size)
    turns = Rotation.random(diameters.size, rng=random).as_matrix()
    values = np.full(shape, np.inf, np.float32)
    for place, diameter, stretch, turn in zip(places, diameters, ratio, turns, strict=True):
        axes = diameter / 2 * np.array([stretch ** (2 / 3), stretch ** (-1 / 3), stretch ** (-1 / 3)])
        form = turn @ np.diag(axes**-2.0) @ turn.T
        half = np.minimum(_REACH * axes.max() / spacing_um, np.array(shape) / 2 - 0.5)
        first = np.ceil(place / spacing_um - 0.5 - half).astype(int)
        lines = [start + np.arange(int(2 * reach) + 1) for start, reach in zip(first, half, strict=True)]
        z, y, x = (
            ((line + 0.5) * edge - centre).reshape([-1 if axis == own else 1 for axis in range(3)])
            for own, (line, edge, centre) in enumerate(zip(lines, spacing_um, place, strict=True))
        )
        square = form[0, 0] * z * z + form[1, 1] * y * y + form[2, 2] * x * x
        square = square + 2 * (form[0, 1] * z * y + form[0, 2] * z * x + form[1, 2] * y * x)
        block = np.ix_(*(line % count for line, count in zip(lines, shape, strict=True)))
        values[block] = np.minimum(values[block], (np.sqrt(square) - 1) * diameter / 2)
    return values


def _diameters(volume_um3: float, ends_um: tuple[float, float], random: np.random.Generator) -> np.ndarray:
    """Evenly drawn, until their spheres fill a volume; then all a little smaller, so that they just fill it."""
    mean = np.pi / 24 * (ends_um[0] + ends_um[1]) * (ends_um[0] ** 2 + ends_um[1] ** 2)
    count = max(round(volume_um3 / mean), 1)
    drawn = random.uniform(*ends_um, count)
    return drawn * (volume_um3 / float(np.pi / 6 * np.sum(drawn**3))) ** (1 / 3)


def _pushed_apart(places_um: np.ndarray, diameters_um: np.ndarray, box_um: np.ndarray, overlap: float) -> np.ndarray:
    """Centres of spheres, moved until none comes closer to another than it may, or 500 rounds have passed."""
    from scipy.spatial import KDTree

    for _ in range(500 if overlap < 1 else 0):
        places_um %= box_um
        reach = min((1 - overlap) * float(diameters_um.max()), float(box_um.min()) / 2)
        pairs = KDTree(places_um, boxsize=box_um).query_pairs(reach, output_type="ndarray")
        between = places_um[pairs[:, 0]] - places_um[pairs[:, 1]]
        between -= box_um * np.rint(between / box_um)
        distance = np.maximum(np.linalg.norm(between, axis=1), 1e-9)
        deep = (1 - overlap) * diameters_um[pairs].mean(axis=1) - distance
        if not np.any(deep > 0.01 * diameters_um.mean()):
            break
        move = between * (0.5 * np.maximum(deep, 0) / distance)[:, None]
        np.add.at(places_um, pairs[:, 0], move)
        np.add.at(places_um, pairs[:, 1], -move)
    return places_um % box_um


def _fibres(
    share: float,
    shape: tuple[int, int, int],
    spacing_um: np.ndarray,
    morphology: Morphology,
    random: np.random.Generator,
) -> np.ndarray:
    """Distance from the nearest axis of a fibre, um; each walks on with small random turns."""
    box_um = np.array(shape) * spacing_um
    thick_um = max(morphology.fibre_diameter_um, float(np.prod(spacing_um)) ** (1 / 3))
    total_um = share * float(np.prod(box_um)) / (np.pi / 4 * thick_um**2)
    count = max(round(total_um / morphology.fibre_length_um), 1)
    step_um = float(spacing_um.min()) / 2
    steps = max(int(total_um / count / step_um), 1)
    places = random.random((count, 3)) * box_um
    headings = random.standard_normal((count, 3))
    on_axis = np.zeros(shape, bool)
    for _ in range(steps):
        headings /= np.linalg.norm(headings, axis=1, keepdims=True)
        on_axis[tuple((places // spacing_um).astype(int).T % np.array(shape)[:, None])] = True
        places = (places + step_um * headings) % box_um
        headings = headings + random.normal(scale=steps**-0.5, size=headings.shape)
    return _distance(on_axis, spacing_um) + step_um * random.random(shape, dtype=np.float32)


def _distance(inside: np.ndarray, spacing_um: np.ndarray) -> np.ndarray:
    """From the nearest voxel that is inside, through the faces, um; right up to 2 um or a quarter of the box."""
    from scipy.ndimage import distance_transform_edt

    reach = [min(count // 4, int(2 / edge) + 1) for count, edge in zip(inside.shape, spacing_um, strict=True)]
    outside = np.pad(~inside, np.array([(count, count) for count in reach]), mode="wrap")
    kept = tuple(slice(before, before + count) for before, count in zip(reach, inside.shape, strict=True))
    return distance_transform_edt(outside, sampling=tuple(spacing_um))[kept].astype(np.float32)  # type: ignore[index]
