"""From flows to the rows of the record: tortuosities with their errors, and the electrode as a resistor."""

from __future__ import annotations

import math
from collections.abc import Sequence

from paddlewheel.lab.tomography.electrode import areal_resistance
from paddlewheel.lab.tomography.transport.errors import Deviations, deviations, of_method, with_errors
from paddlewheel.lab.tomography.transport.flow import Flow
from paddlewheel.lab.tomography.voxels import Axis
from paddlewheel.records import Measured
from paddlewheel.studies.tomography_measure.flows import Flows
from paddlewheel.studies.tomography_measure.inputs import MeasureInputs
from paddlewheel.studies.tomography_measure.record import (
    ElectrodeResult,
    ErrorParts,
    TransportResult,
)


def transport_result(found: Flows, inputs: MeasureInputs, *, tolerance: float) -> TransportResult:
    """The row of one carrier along one axis.

    Parameters
    ----------
    tolerance
        Of the flows: blocks that differ less are copies of each other, and say nothing of the size of the body.
    """
    whole, of = found.whole, found.conductors
    names = [inputs.labels.names[number] for number in of.conductivities]
    volume = _largest([deviations_of([each.found for each in found.blocks if each.parts == parts], of_blocks=True)
                       for parts in dict.fromkeys(each.parts for each in found.blocks)])  # fmt: skip
    if volume is not None and volume.std(1, 0, 0) <= tolerance:
        volume = None
    family = deviations_of(found.family, of_blocks=False)
    method = of_method(whole.tortuosity_factor) if inputs.segmented and whole.percolates else None
    several = len(set(of.conductivities.values())) > 1

    def measured(
        value: float | None, weights: tuple[float, float, float], lowest: float = 0.0, highest: float = math.inf
    ) -> Measured | None:
        if value is None or not whole.percolates:
            return None
        parts: list[tuple[float, float]] = [
            (each.std(*weights), len(each.conductivity) - 1) for each in (volume, family) if each is not None
        ]
        low, high = sorted(
            value * (end / whole.effective_conductivity) ** weights[0] for end in (whole.lower, whole.upper)
        )
        known = with_errors(
            value,
            [*parts, *((abs(weights[0]) * each, math.inf) for each in (whole.imbalance, method) if each is not None)],
            between=(low, high),
            lowest=lowest,
            highest=highest,
        )
        return known if volume is not None else Measured(value=value, std=known.std)

    exponent = whole.bruggeman_exponent
    log_fraction = math.log(whole.volume_fraction) if 0 < whole.volume_fraction < 1 else -math.inf
    relative = 1 / whole.macmullin_number if whole.percolates else None
    return TransportResult(
        carrier=of.carrier,
        axis=found.axis,
        conducting=[inputs.labels.number_in_file(number) for number in of.conductivities],
        conducting_names=names,
        status="ok" if whole.percolates else "not-percolating",
        volume_fraction=whole.volume_fraction,
        connected_fraction=whole.connected_fraction,
        tortuosity_factor=measured(whole.tortuosity_factor, (-1, 0, 1), lowest=1.0),
        square_root=measured(whole.square_root, (-0.5, 0, 0.5), lowest=1.0),
        macmullin_number=measured(whole.macmullin_number, (-1, 0, 0), lowest=1.0),
        bruggeman_exponent=None
        if exponent is None
        else measured(exponent, (1 / (log_fraction * exponent), -1 / log_fraction, 0), lowest=1.0),
        relative_conductivity=measured(relative, (1, 0, 0), highest=1.0),
        effective_conductivity_mS_per_cm=measured(
            whole.effective_conductivity, (1, 0, 0), highest=max(of.conductivities.values())
        )
        if of.absolute
        else None,
        bracket=(whole.mean_conductivity / whole.upper, whole.mean_conductivity / whole.lower)
        if several and whole.percolates
        else None,
        errors=ErrorParts(
            volume=None if volume is None else volume.std(1, 0, 0),
            segmentation=None if family is None else family.std(1, 0, 0),
            method=method,
            solution=whole.imbalance,
        ),
        imbalance=whole.imbalance,
        iterations=whole.iterations,
        seconds=round(whole.seconds, 3),
    )


def deviations_of(flows: Sequence[Flow], *, of_blocks: bool) -> Deviations | None:
    """Of flows through blocks or segmentations."""
    return deviations(
        [each.effective_conductivity for each in flows],
        [each.volume_fraction for each in flows],
        [each.mean_conductivity for each in flows],
        of_blocks=of_blocks,
    )


def _largest(found: Sequence[Deviations | None]) -> Deviations | None:
    """Of the sizes of blocks the one that leaves most open: errors from too small blocks come out too small."""
    known = [each for each in found if each is not None]
    return max(known, key=lambda each: each.std(1, 0, 0), default=None)


def electrode(rows: Sequence[TransportResult], inputs: MeasureInputs, through: Axis) -> list[ElectrodeResult]:
    """The electrode along `through` for each carrier whose conductivities are known."""
    if inputs.thickness_um is None:
        return []
    found = []
    for row in rows:
        sigma = row.effective_conductivity_mS_per_cm
        if row.axis == through and sigma is not None:
            resistance = areal_resistance(inputs.thickness_um, sigma)
            found.append(
                ElectrodeResult(
                    carrier=row.carrier, axis=through, thickness_um=inputs.thickness_um,
                    thickness_from=inputs.thickness_from, effective_conductivity_mS_per_cm=sigma,
                    through_ohm_cm2=resistance.through, finite_length_ohm_cm2=resistance.finite_length,
                )
            )  # fmt: skip
    return found


def sub_volume_columns(found: Sequence[Flows]) -> dict[str, list[str | float | None]]:
    """The table of flows through blocks; tau is empty where nothing reaches across."""
    columns: dict[str, list[str | float | None]] = {
        name: [] for name in ("carrier", "axis", "parts", "edge_um", "volume_fraction", "relative_conductivity",
                              "tortuosity_factor")
    }  # fmt: skip
    for each in found:
        for block in each.blocks:
            flow = block.found
            row = (each.conductors.carrier, each.axis, block.parts, block.edge_um, flow.volume_fraction,
                   1 / flow.macmullin_number, flow.tortuosity_factor)  # fmt: skip
            for name, value in zip(columns, row, strict=True):
                columns[name].append(value)
    return columns


def family_columns(found: Sequence[Flows]) -> dict[str, list[str | float | None]]:
    """The table of flows through the other segmentations."""
    columns: dict[str, list[str | float | None]] = {
        name: [] for name in ("carrier", "axis", "member", "volume_fraction", "tortuosity_factor")
    }
    for each in found:
        for number, flow in enumerate(each.family, start=1):
            row = (each.conductors.carrier, each.axis, number, flow.volume_fraction, flow.tortuosity_factor)
            for name, value in zip(columns, row, strict=True):
                columns[name].append(value)
    return columns
