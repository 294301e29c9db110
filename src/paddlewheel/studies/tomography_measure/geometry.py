"""Phases of a body for the record: fractions with their errors, connectivity, surfaces, contacts, lines, reach."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import get_args

import numpy as np

from paddlewheel.lab.tomography.connectivity import Face, connectivity, reached_from
from paddlewheel.lab.tomography.surfaces import Surfaces
from paddlewheel.lab.tomography.transport.errors import with_errors
from paddlewheel.lab.tomography.voxels import ARRAY_AXIS, Axis, Labels
from paddlewheel.records import Measured
from paddlewheel.studies.tomography_measure.flows import blocks_of
from paddlewheel.studies.tomography_measure.inputs import MeasureInputs
from paddlewheel.studies.tomography_measure.record import (
    ConnectivityAxis,
    Contact,
    PhaseResult,
    Reach,
    TriplePhaseLine,
)

_FACES: Mapping[Axis, tuple[Face, Face]] = {"x": ("x-", "x+"), "y": ("y-", "y+"), "z": ("z-", "z+")}
"""Where the separator and the current collector are: at the first and the last slice along an axis."""


def volume_fractions(labels: Labels, family: Sequence[np.ndarray], parts: Sequence[int]) -> dict[int, Measured]:
    """Of each phase, with the errors by the size of the body (its blocks) and by segmentation (the family)."""
    by_parts = [np.array([_shares(block, labels.names) for block in blocks_of(labels.labels, each)]) for each in parts]
    members = np.array([_shares(member, labels.names) for member in family])
    found = {}
    for place, (number, value) in enumerate(labels.fractions().items()):
        of_blocks = [(float(np.std(of[:, place], ddof=1)) / math.sqrt(len(of)), len(of) - 1) for of in by_parts]
        errors = [max(of_blocks)] if of_blocks else []
        if len(members) > 1:
            errors.append((float(np.std(members[:, place], ddof=1)), len(members) - 1))
        found[number] = with_errors(value, errors, logarithmic=False, lowest=0.0, highest=1.0)
    return found


def _shares(labels: np.ndarray, names: Mapping[int, str]) -> list[float]:
    counts = np.bincount(labels.reshape(-1), minlength=256)
    return [counts[number] / labels.size for number in names]


def phase_results(
    inputs: MeasureInputs, fractions: Mapping[int, Measured], areas: Surfaces, axes: Sequence[Axis]
) -> list[PhaseResult]:
    """One row a phase."""
    labels, recipe = inputs.labels, inputs.recipe
    pores = {number for number in labels.names if inputs.roles.get(number) == "pore"}
    solid = 1 - sum(fractions[number].value for number in pores)
    wanted = {} if recipe is None else recipe.solid_fractions()
    rows = []
    for number, name in labels.names.items():
        found = connectivity(labels, [number])
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
                label=number,
                name=name,
                role=inputs.roles.get(number),
                volume_fraction=fractions[number],
                recipe_fraction=wanted[name] * solid if name in wanted else None,
                percolates=all(each.percolates for each in along),
                axes=along,
                clusters=found.clusters,
                surface_per_um=_over(surface.area_um2, surface.std_um2, areas.body_volume_um3),
                surface_m2_per_g=surface.m2_per_g,
            )
        )
    return rows


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
                for column, value in zip(columns.values(), (axis, (number + 0.5) * step_um, name, share), strict=True):
                    column.append(value)
    return columns
