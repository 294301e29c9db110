"""Phases of a body for the record: fractions with their errors, connectivity, surfaces, contacts, lines, reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from paddlewheel.lab.tomography.connectivity import Face, connectivity, reached_from
from paddlewheel.lab.tomography.correlations import TwoPoint, two_point
from paddlewheel.lab.tomography.particles import ChordLengths, Particles, Thickness, chord_lengths, particles, thickness
from paddlewheel.lab.tomography.representative import FractionError
from paddlewheel.lab.tomography.surfaces import Surfaces
from paddlewheel.lab.tomography.transport.errors import with_errors
from paddlewheel.lab.tomography.voxels import ARRAY_AXIS, Axis, Labels, counts_of
from paddlewheel.records import Measured
from paddlewheel.studies.tomography_measure.inputs import MeasureInputs
from paddlewheel.studies.tomography_measure.record import (
    CHORDS,
    CORRELATIONS,
    SIZES,
    AxisName,
    ConnectivityAxis,
    Contact,
    LengthAxis,
    PhaseResult,
    Reach,
    SizeResult,
    TriplePhaseLine,
)

_FACES: Mapping[Axis, tuple[Face, Face]] = {"x": ("x-", "x+"), "y": ("y-", "y+"), "z": ("z-", "z+")}
"""Where the separator and the current collector are: at the first and the last slice along an axis."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Sizes:
    """Lengths of one phase."""

    chords: ChordLengths
    thickness: Thickness | None
    particles: Particles
    correlations: TwoPoint


def volume_fractions(
    labels: Labels, family: Sequence[np.ndarray], by_size: Mapping[int, FractionError]
) -> dict[int, Measured]:
    """Of each phase, with the errors by the size of the body and by segmentation (the family)."""
    members = np.array([_shares(member, labels.names) for member in family])
    found = {}
    for place, (number, value) in enumerate(labels.fractions().items()):
        error = by_size[number]
        errors: list[tuple[float, float]] = [(error.std, max(error.degrees, 1.0))]
        if len(members) > 1:
            errors.append((float(np.std(members[:, place], ddof=1)), len(members) - 1))
        found[number] = with_errors(value, errors, logarithmic=False, lowest=0.0, highest=1.0)
    return found


def _shares(labels: np.ndarray, names: Mapping[int, str]) -> list[float]:
    counts = np.bincount(labels.reshape(-1), minlength=256) if labels.ndim == 2 else counts_of(labels)
    return [counts[number] / labels.size for number in names]


def phase_results(
    inputs: MeasureInputs,
    fractions: Mapping[int, Measured],
    by_size: Mapping[int, FractionError],
    areas: Surfaces,
    sizes: Mapping[int, Sizes],
    axes: Sequence[Axis],
) -> list[PhaseResult]:
    """One row a phase."""
    labels, recipe = inputs.labels, inputs.recipe
    pores = {number for number in labels.names if inputs.roles.get(number) == "pore"}
    solid = 1 - sum(fractions[number].value for number in pores)
    wanted = {} if recipe is None else recipe.solid_fractions()
    rows = []
    for number, name in labels.names.items():
        found = connectivity(labels, [number])
        parts = set(name.split("+"))
        surface = areas.phases[number]
        along = [
            ConnectivityAxis(
                axis=axis,
                percolates=found.percolating[axis] > 0,
                percolating_fraction=found.percolating[axis],
                backbone_fraction=found.backbone[axis],
                dead_end_fraction=found.dead_end[axis],
                isolated_fraction=found.isolated[axis],
            )
            for axis in axes
        ]
        rows.append(
            PhaseResult(
                label=labels.number_in_file(number),
                name=name,
                role=inputs.roles.get(number),
                volume_fraction=fractions[number],
                recipe_fraction=solid * sum(wanted[part] for part in name.split("+")) if parts <= set(wanted) else None,
                percolates=all(each.percolates for each in along),
                axes=along,
                clusters=found.clusters,
                surface_per_um=_over(surface.area_um2, surface.std_um2, areas.body_volume_um3),
                surface_m2_per_g=surface.m2_per_g,
                lengths=_lengths(sizes[number]),
                thickness=_thickness(sizes[number].thickness),
                particles=_particles(sizes[number].particles),
                integral_range_um3=by_size[number].integral_range_um3,
            )
        )
    return rows


def sizes_of(labels: Labels, number: int, *, area_um2: float) -> Sizes:
    """Chords, thickness, particles and correlations of a phase."""
    return Sizes(
        chords=chord_lengths(labels, number, area_um2=area_um2),
        thickness=thickness(labels, number),
        particles=particles(labels, number),
        correlations=two_point(labels, number),
    )


def _lengths(sizes: Sizes) -> list[LengthAxis]:
    every: tuple[AxisName, ...] = ("x", "y", "z")
    return [
        LengthAxis(
            axis=axis,
            mean_chord_um=sizes.chords.along[axis].mean_um,
            correlation_length_um=sizes.correlations.axis_length_um[axis],
        )
        for axis in every
    ]


def _thickness(found: Thickness | None) -> SizeResult | None:
    if found is None:
        return None
    return SizeResult(d10_um=found.d10_um, d50_um=found.d50_um, d90_um=found.d90_um, resolution_um=found.resolution_um)


def _particles(found: Particles) -> SizeResult:
    return SizeResult(
        d10_um=found.d10_um, d50_um=found.d50_um, d90_um=found.d90_um, count=len(found.diameter_um),
        cut_share=found.cut_share,
    )  # fmt: skip


def size_columns(labels: Labels, sizes: Mapping[int, Sizes]) -> dict[str, dict[str, list[str | float]]]:
    """Tables of chords, of local thickness and of correlations, by the names of their files."""
    chords: dict[str, list[str | float]] = {name: [] for name in ("phase", "axis", "length_um", "count")}
    thick: dict[str, list[str | float]] = {name: [] for name in ("phase", "from_um", "to_um", "share")}
    pairs: dict[str, list[str | float]] = {name: [] for name in ("phase", "distance_um", "s2")}
    for number, of in sizes.items():
        name = labels.names[number]
        for axis, along in of.chords.along.items():
            for length, count in zip(along.length_um, along.count, strict=True):
                _add(chords, name, axis, float(length), float(count))
        if of.thickness is not None:
            edges = of.thickness.diameter_um
            for low, high, share in zip(edges[:-1], edges[1:], of.thickness.share, strict=True):
                _add(thick, name, float(low), float(high), float(share))
        for distance, s2 in zip(of.correlations.radial_distance_um, of.correlations.radial_s2, strict=True):
            _add(pairs, name, float(distance), float(s2))
    return {CHORDS: chords, SIZES: thick, CORRELATIONS: pairs}


def _add(columns: dict[str, list[str | float]], *values: str | float) -> None:
    for column, value in zip(columns.values(), values, strict=True):
        column.append(value)


def contact_rows(labels: Labels, areas: Surfaces) -> list[Contact]:
    """Every two phases that touch, the largest area first."""
    rows = []
    for (first, second), area in sorted(areas.contact_um2.items(), key=lambda pair: -pair[1]):
        if area > 0:
            rows.append(
                Contact(
                    first=labels.names[first],
                    second=labels.names[second],
                    area_per_um=_over(area, areas.contact_std_um2[first, second], areas.body_volume_um3),
                    share_of_first=areas.covered_share(first, second),
                    share_of_second=areas.covered_share(second, first),
                )
            )
    return rows


def line_rows(labels: Labels, areas: Surfaces) -> list[TriplePhaseLine]:
    """Every three phases that meet."""
    return [
        TriplePhaseLine(
            phases=(labels.names[phases[0]], labels.names[phases[1]], labels.names[phases[2]]),
            length_per_um2=_over(length, areas.line_std_um[phases], areas.body_volume_um3),
        )
        for phases, length in areas.line_um.items()
        if length > 0
    ]


def _over(value: float, std: float, volume: float) -> Measured:
    return Measured(value=value / volume, std=std / volume)


def reach_rows(inputs: MeasureInputs, through: Axis) -> list[Reach]:
    """What of each active material is reached, with the separator at the first slice along `through`."""
    labels = inputs.labels
    ionic = inputs.named("electrolyte")
    electronic = {number for of in inputs.conductors if of.carrier == "electronic" for number in of.conductivities}
    electronic |= set(inputs.named("carbon"))
    separator, collector = _FACES[through]
    rows = []
    for number in inputs.named("active"):
        ions = reached_from(labels, separator, through=ionic, target=number) if ionic else None
        electrons = reached_from(labels, collector, through=electronic, target=number) if electronic else None
        both = None if ions is None or electrons is None else ions.share_with(electrons)
        rows.append(
            Reach(
                active=labels.names[number],
                ionic=None if ions is None else ions.volume_share,
                contact=None if ions is None else ions.contact_share,
                electronic=None if electrons is None else electrons.volume_share,
                both=both,
            )
        )
    return rows


def profile_columns(labels: Labels) -> dict[str, list[str | float]]:
    """Share of each phase in each slice across x, y and z."""
    columns: dict[str, list[str | float]] = {name: [] for name in ("axis", "place_um", "phase", "share")}
    for axis in get_args(Axis):
        place = ARRAY_AXIS[axis]
        slices = np.moveaxis(labels.labels, place, 0)
        step_um = labels.spacing_nm[place] / 1000
        for number, image in enumerate(slices):
            for name, share in zip(labels.names.values(), _shares(image, labels.names), strict=True):
                _add(columns, axis, (number + 0.5) * step_um, name, share)
    return columns
