"""`tomography measure`: geometry and transport of labelled voxels, with errors by the size of the body and by
segmentation."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paddlewheel.execution.signals import stop_if_requested
from paddlewheel.lab.tomography.connectivity import connectivity
from paddlewheel.lab.tomography.meshes import surface_meshes
from paddlewheel.lab.tomography.representative import FractionError, fraction_error
from paddlewheel.lab.tomography.surfaces import Surfaces, surfaces
from paddlewheel.lab.tomography.voxels import ARRAY_AXIS, Labels
from paddlewheel.page.numbers import enumeration, interval, plain
from paddlewheel.records import Citation
from paddlewheel.studies.tomography_measure.beside import contradictions, measured_resistances
from paddlewheel.studies.tomography_measure.flows import FlowPlan, Flows, all_flows, cost, trial_block
from paddlewheel.studies.tomography_measure.geometry import (
    Sizes,
    contact_rows,
    line_rows,
    phase_results,
    profile_columns,
    reach_rows,
    size_columns,
    sizes_of,
    volume_fractions,
)
from paddlewheel.studies.tomography_measure.inputs import MeasureInputs, TomographyMeasureSettings, axes_of, open_inputs
from paddlewheel.studies.tomography_measure.record import (
    FAMILY,
    PICTURES,
    PROFILES,
    SUB_VOLUMES,
    SURFACES,
    BodyResult,
    TomographyRecord,
    TransportResult,
    blocked_lines,
)
from paddlewheel.studies.tomography_measure.transport import (
    electrode,
    family_columns,
    sub_volume_columns,
    transport_result,
)
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.progress import Progress, Row, duration
from paddlewheel.study.run import Run
from paddlewheel.study.study import Argument, Study

_TRIANGLES = 40_000
_ALIKE, _FLAT = 1.25, 1.6
"""Mean chords along x and y are alike within the first; bodies without a direction have z within 1.22 of them at slices
of two pixels (the simulated composites)."""
_CORRELATION_LENGTHS = 10
"""That a body should have along each axis."""
_TOLD_S = 5.0
"""Work that takes longer says so before it begins."""
_CITATIONS = (
    Citation(what="tortuosity factor", reference="Cooper et al., SoftwareX 5, 203 (2016)",
             doi="10.1016/j.softx.2016.09.002"),
    Citation(what="errors by the size of the body", reference="Kanit et al., Int. J. Solids Struct. 40, 3647 (2003)",
             doi="10.1016/S0020-7683(03)00143-4"),
    Citation(what="resistance of a porous electrode",
             reference="Euler and Nonnenmacher, Electrochim. Acta 2, 268 (1960)", doi="10.1016/0013-4686(60)80025-4"),
    Citation(what="errors of volume fractions", reference="Matheron, The theory of regionalized variables (1971)"),
    Citation(what="local thickness", reference="Hildebrand, Ruegsegger, J. Microsc. 185, 67 (1997)",
             doi="10.1046/j.1365-2818.1997.1340694.x"),
    Citation(what="surfaces in pictures", reference="Lewiner et al., J. Graph. Tools 8, 1 (2003)",
             doi="10.1080/10867651.2003.10487582"),
)  # fmt: skip


def _plan(inputs: MeasureInputs, settings: TomographyMeasureSettings, cores: int | None) -> FlowPlan:
    return FlowPlan(
        conductors=inputs.conductors,
        axes=axes_of(settings),
        parts=sorted(settings.sub_volumes),
        tolerance=settings.tolerance,
        threads=cores or len(os.sched_getaffinity(0)),
        most_memory_bytes=None if settings.most_memory_GB is None else 1e9 * settings.most_memory_GB,
        periodic_sides=settings.periodic_sides,
    )


def _measures(inputs: MeasureInputs, settings: TomographyMeasureSettings, run: Run) -> TomographyRecord:
    labels, through, plan = inputs.labels, settings.through, _plan(inputs, settings, run.cores)
    if run.show_progress:
        estimate = _cost(plan, inputs)
        if estimate.seconds > _TOLD_S:
            print(f"paddlewheel: {estimate.told}, about {duration(estimate.seconds)}", file=sys.stderr, flush=True)
    flows = all_flows(plan, labels, inputs.family, run) if plan.conductors else []
    rows = [transport_result(each, inputs, tolerance=settings.tolerance) for each in flows]
    areas = surfaces(labels, densities_g_per_cm3=_densities(inputs))
    by_size, sizes = _sizes(labels, areas, run)
    fractions = volume_fractions(labels, inputs.family, by_size)
    phases = phase_results(inputs, fractions, by_size, areas, sizes, plan.axes)
    odd = contradictions(inputs, phases, through)
    return TomographyRecord(
        name=inputs.name,
        through=through,
        body=_body(inputs),
        phases=phases,
        contacts=contact_rows(labels, areas),
        triple_phase_lines=line_rows(labels, areas),
        reach=reach_rows(inputs, through),
        transport=rows,
        electrode=electrode(rows, inputs, through),
        measured_resistances=measured_resistances(inputs),
        contradictions=odd,
        files=_files(inputs, flows, sizes, run),
        warnings=[
            *_warnings(inputs, plan, rows, areas.warnings),
            *_size_warnings(labels, by_size, sizes),
            *_slice_warnings(labels, sizes),
        ],
        citations=list(_CITATIONS),
        provenance=run.provenance(),
    )


def _sizes(labels: Labels, areas: Surfaces, run: Run) -> tuple[dict[int, FractionError], dict[int, Sizes]]:
    """Errors of the fractions by the size of the body, and chords, thickness, particles and correlations, by label."""
    by_size: dict[int, FractionError] = {}
    sizes: dict[int, Sizes] = {}

    def rows() -> list[Row]:
        return [Row("sizes", len(sizes), len(labels.names), "phases")]

    with Progress("sizes", rows, shown=run.show_progress, short=True) as progress:
        for number in labels.names:
            stop_if_requested()
            by_size[number] = fraction_error(labels, [number])
            sizes[number] = sizes_of(labels, number, area_um2=areas.phases[number].area_um2)
            progress.update()
    return by_size, sizes


def _size_warnings(labels: Labels, by_size: Mapping[int, FractionError], sizes: Mapping[int, Sizes]) -> list[str]:
    """Of bodies that are small beside what they are made of; what is the same of several phases is said once."""
    told, phases_of = [], dict[tuple[str, str], list[str]]()
    edges = dict(zip("xyz", labels.size_um, strict=True))

    def tell(before: str, after: str, name: str) -> None:
        phases_of.setdefault((before, after), []).append(name)

    for number, name in labels.names.items():
        told += [f"{name}: {line}" for line in by_size[number].warnings]
        lengths = sizes[number].correlations.axis_length_um
        unknown = sorted(axis for axis, length in lengths.items() if length is None)
        if unknown and 0 < by_size[number].value < 1:
            tell("correlation lengths of", f"along {enumeration(unknown)} are not known: places a quarter of the body "
                 "apart are still alike", name)  # fmt: skip
        pieces = _pieces(labels, by_size[number])
        if pieces is not None and pieces < _CORRELATION_LENGTHS**3:
            tell(f"the body holds {plain(pieces, 2)} independent pieces of", f"(under {_CORRELATION_LENGTHS**3}): it "
                 "is too small to stand for the material", name)  # fmt: skip
        few = {axis: edges[axis] / length for axis, length in sorted(lengths.items()) if length}
        short = {axis: count for axis, count in few.items() if count < _CORRELATION_LENGTHS}
        if short:
            counts = enumeration(f"{count:.2g} along {axis}" for axis, count in short.items())
            tell("the body is few correlation lengths of", f"long, {counts} where {_CORRELATION_LENGTHS} are wanted: "
                 "errors from its parts are too small", name)  # fmt: skip
    return told + [f"{before} {enumeration(names)} {after}" for (before, after), names in phases_of.items()]


def _slice_warnings(labels: Labels, sizes: Mapping[int, Sizes]) -> list[str]:
    """Where the phase that voxels resolve best is longer or shorter along z alone: slices of another thickness."""
    chords = {number: [found.chords.along[axis].mean_um for axis in ("x", "y", "z")] for number, found in sizes.items()}
    known = {number: (x, y, z) for number, (x, y, z) in chords.items() if x and y and z}
    if not known:
        return []
    edges = np.array(labels.voxel_nm) / 1000
    number = max(known, key=lambda number: float(np.min(np.array(known[number]) / edges)))
    x, y, z = known[number]
    ratio = z / math.sqrt(x * y)
    if max(x, y) > _ALIKE * min(x, y) or 1 / _FLAT < ratio < _FLAT:
        return []
    return [
        f"{labels.names[number]} is {max(ratio, 1 / ratio):.2g} times {'longer' if ratio > 1 else 'shorter'} along z "
        f"than along x and y (mean chords {z:.3g}, {x:.3g}, {y:.3g} um): it lies so, or slices are "
        f"{1000 * edges[2] / ratio:.3g} nm thick, not {1000 * edges[2]:.3g} nm; tau along z depends on it"
    ]


def _pieces(labels: Labels, error: FractionError) -> float | None:
    """The volume of the body over the integral range of a phase."""
    return None if not error.integral_range_um3 else math.prod(labels.size_um) / error.integral_range_um3


def _densities(inputs: MeasureInputs) -> dict[int, float]:
    if inputs.recipe is None:
        return {}
    known = {phase.name: phase.density_g_per_cm3.value for phase in inputs.recipe.phases}
    return {number: known[name] for number, name in inputs.labels.names.items() if name in known}


def _body(inputs: MeasureInputs) -> BodyResult:
    labels = inputs.labels
    n_z, n_y, n_x = labels.shape
    return BodyResult(
        source=labels.source,
        voxels=(n_x, n_y, n_z),
        voxel_nm=labels.voxel_nm,
        voxel_from=labels.voxel_from,
        size_um=labels.size_um,
        segmentations=1 + len(inputs.family),
    )


def _files(inputs: MeasureInputs, flows: Sequence[Flows], sizes: Mapping[int, Sizes], run: Run) -> dict[str, str]:
    labels = inputs.labels
    files = {"profiles": run.table(PROFILES, profile_columns(labels))}
    files |= {Path(name).stem: run.table(name, columns) for name, columns in size_columns(labels, sizes).items()}
    if any(each.blocks for each in flows):
        files["sub_volumes"] = run.table(SUB_VOLUMES, sub_volume_columns(flows))
    if any(each.family for each in flows):
        files["family"] = run.table(FAMILY, family_columns(flows))
    in_file = np.array([labels.number_in_file(label) for label in range(256)], dtype=np.int64)
    pictures: dict[str, np.ndarray] = {
        f"slice_{axis}": in_file[np.take(labels.labels, labels.shape[place] // 2, axis=place)]
        for axis, place in ARRAY_AXIS.items()
    }
    for each in flows:
        if each.whole.percolates:
            pictures[f"flux_{each.conductors.carrier}_{each.axis}"] = each.flux
            pictures[f"flux_at_{each.conductors.carrier}_{each.axis}"] = np.array([each.flux_at])
            pictures[f"share_{each.conductors.carrier}_{each.axis}"] = each.whole.slice_flux_share
    meshes = surface_meshes(labels, list(labels.names), most_triangles=_TRIANGLES)
    drawn = {f"vertices_um_{in_file[mesh.label]}": mesh.vertices_um for mesh in meshes}
    drawn |= {f"faces_{in_file[mesh.label]}": mesh.faces for mesh in meshes}
    return files | {"pictures": run.arrays(PICTURES, pictures), "surfaces": run.arrays(SURFACES, drawn)}


def _warnings(
    inputs: MeasureInputs,
    plan: FlowPlan,
    rows: Sequence[TransportResult],
    of_surfaces: Sequence[str],
) -> list[str]:
    labels = inputs.labels
    told = [*labels.warnings, *of_surfaces]
    if not inputs.conductors:
        told.append("no phase was said to conduct: no flow was solved (--conducting, --conductivities-mS-per-cm)")
    dropped = [parts for parts in plan.parts if parts not in plan.usable_parts(labels.shape)]
    if dropped:
        told.append(f"sub-volumes of 1/{dropped[0]} of the edge would have under 8 voxels: they are left out")
    unknown = [f"{row.carrier} along {row.axis}" for row in rows if row.status == "ok" and row.errors.volume is None]
    if unknown:
        why = "blocks are copies of each other, or none of them conducts"
        why = why if plan.usable_parts(labels.shape) else "there are no sub-volumes"
        told.append(f"no intervals of {enumeration(unknown)}: {why}, so that the error by the size of the body is not "
                    "known; std holds the rest alone")  # fmt: skip
    if not inputs.family:
        told.append("one segmentation: the errors do not hold what another one would give (`tomography segment` makes "
                    "a family)")  # fmt: skip
    told += [_not_percolating(row, labels) for row in rows if row.status == "not-percolating"]
    return list(dict.fromkeys(told))


def _not_percolating(row: TransportResult, labels: Labels) -> str:
    names = " and ".join(row.conducting_names)
    edge = labels.size_um["xyz".index(row.axis)]
    return (
        f"{names} ({100 * row.volume_fraction:.3g} % of the volume) does not percolate along {row.axis}: nothing of it "
        f"reaches across the {edge:.3g} um; no tortuosity along {row.axis}"
    )


def _forecasts(inputs: MeasureInputs, settings: TomographyMeasureSettings, cores: int | None) -> Forecast:
    plan = _plan(inputs, settings, cores)
    estimate = _cost(plan, inputs)
    return Forecast(
        core_hours=(estimate.flow_seconds * plan.threads + estimate.geometry_seconds) / 3600,
        wall_hours=estimate.seconds / 3600,
        notes=(estimate.told,),
    )


@dataclass(frozen=True, kw_only=True)
class _Cost:
    """Of a run: seconds of the clock in flows (on all threads) and in the rest (on one), and what they are for."""

    flow_seconds: float
    geometry_seconds: float
    told: str

    @property
    def seconds(self) -> float:
        return self.flow_seconds + self.geometry_seconds


def _cost(plan: FlowPlan, inputs: MeasureInputs) -> _Cost:
    """Measured on a block of the middle, flows and geometry."""
    labels, block = inputs.labels, trial_block(inputs.labels)
    _measures_geometry(block.replaced(labels=block.labels[:8, :8, :8]))  # compiles
    began = time.perf_counter()
    _measures_geometry(block)
    geometry = (time.perf_counter() - began) * labels.labels.size / block.labels.size
    told = f"surfaces, sizes and connectivity about {duration(geometry)}"
    if not plan.conductors:
        return _Cost(flow_seconds=0.0, geometry_seconds=geometry, told=told)
    flows = cost(plan, labels, len(inputs.family))
    told = f"{flows.told()}: about {duration(flows.seconds)}; {told}"
    return _Cost(flow_seconds=flows.seconds, geometry_seconds=geometry, told=told)


def _measures_geometry(labels: Labels) -> None:
    """What is measured of every phase beside flows, for its time."""
    areas = surfaces(labels)
    for number in labels.names:
        fraction_error(labels, [number])
        sizes_of(labels, number, area_um2=areas.phases[number].area_um2)
        connectivity(labels, [number])


def _says(record: TomographyRecord) -> list[str]:
    lines = []
    for phase in record.phases:
        across = "".join(each.axis for each in phase.axes if each.percolates) or "no axis"
        fraction = phase.volume_fraction
        lines.append(
            f"{phase.label} {phase.name}: {100 * fraction.value:.2f} +- {100 * fraction.std:.2f} %, percolates along "
            f"{across}"
        )
    lines += [_said(row) for row in record.transport]
    lines += blocked_lines(record)
    for row in record.electrode:
        lines.append(
            f"electrode, {row.carrier}: {row.thickness_um.value:.4g} um, L/sigma {row.through_ohm_cm2.value:.3g}, "
            f"L/(3 sigma) {row.finite_length_ohm_cm2.value:.3g} ohm cm2"
        )
    return [*lines, *(f"does not fit: {text}" for text in record.contradictions)]


def _said(row: TransportResult) -> str:
    names = "+".join(row.conducting_names)
    tau, root = row.tortuosity_factor, row.square_root
    if tau is None or root is None:
        return f"{row.axis}, {row.carrier}: {names} does not percolate"
    sigma = row.effective_conductivity_mS_per_cm
    told = f"{row.axis}, {row.carrier} ({names}): tau {tau.value:.4g}"
    told += f" (95 %: {interval(tau.interval_95)})" if tau.interval_95 is not None else " (no interval)"
    if row.bracket is not None:
        told += f", bracket of the means at faces {interval(row.bracket)}"
    told += f", sqrt(tau) {root.value:.4g}"
    return told + ("" if sigma is None else f", sigma_eff {sigma.value:.3g} mS/cm")


def _document(inputs: MeasureInputs, settings: TomographyMeasureSettings) -> Mapping[str, object]:
    return {**settings.document(), **inputs.document()}


STUDY = Study(
    command="tomography measure",
    arguments=(
        Argument(
            name="labels",
            metavar="LABELS",
            help="labels of voxels (TIFF, folder, .npy, .raw, ...), or the run directory of `tomography segment`",
            annotation="str | Path | ndarray | paddlewheel.lab.tomography.voxels.Labels",
        ),
    ),
    settings=TomographyMeasureSettings,
    record=TomographyRecord,
    opens=open_inputs,
    measures=_measures,
    says=_says,
    document=_document,
    forecasts=_forecasts,
    example="paddlewheel tomography measure labels.tif --voxel-nm 100,100,200 --names 0=pore,1=NBH,2=NCO "
    "--conducting NBH --active NCO --out measured",
    notes="tau is the tortuosity factor <sigma>/sigma_eff; its root stands beside it.",
)
