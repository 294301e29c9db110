"""`tomography segment`: labels of phases from a stack of grey values, held to the recipe, with a family around them."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from pydantic import model_validator

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.execution.signals import stop_if_requested
from paddlewheel.lab.geometry import deviation, geometry, nominal
from paddlewheel.lab.sample import Sample, load_sample
from paddlewheel.lab.tomography.alignment import Alignment
from paddlewheel.lab.tomography.artefacts import slabs
from paddlewheel.lab.tomography.atomic_number import mean_atomic_number
from paddlewheel.lab.tomography.readers import refuse_labels, write_labels
from paddlewheel.lab.tomography.recipe import Recipe, recipe_of
from paddlewheel.lab.tomography.segmentation import (
    Contrast,
    Member,
    Method,
    Segmentation,
    seconds_needed,
    segment,
    working_bytes,
)
from paddlewheel.lab.tomography.thresholds import PORE, FractionPrior, joins_pores, prior_of_recipe
from paddlewheel.lab.tomography.voxels import Stack
from paddlewheel.records import Citation, HealthCheck, Measured
from paddlewheel.studies.laboratory.tomography import StackSettings, refuse_other_count
from paddlewheel.studies.tomography_segment.record import (
    HISTOGRAM,
    LABELS,
    PLANES,
    SLICES,
    FamilyMember,
    SegmentedPhase,
    TomographySegmentationRecord,
)
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.progress import Progress, Row
from paddlewheel.study.run import Run
from paddlewheel.study.settings import MOST_SEED, Integers, Names, setting
from paddlewheel.study.study import Argument, Study

_BETWEEN_PLACES = 0.02
"""Standard uncertainty of the porosity of one place, beside that of the whole sample."""
_DRAWN = 360
"""Voxels along an edge of a plane in the page."""
_CITATIONS = (
    Citation(what="position of slices", reference="Lucas, Kanade, Proc. 7th IJCAI, 674 (1981)"),
    Citation(what="path of slices", reference="Whittle, Ark. Mat. 2, 423 (1953)", doi="10.1007/BF02590998"),
    Citation(what="noise", reference="Immerkaer, Comput. Vis. Image Underst. 64, 300 (1996)",
             doi="10.1006/cviu.1996.0060"),
    Citation(what="smoothing", reference="Tomasi, Manduchi, Proc. ICCV, 839 (1998)", doi="10.1109/ICCV.1998.710815"),
    Citation(what="labels by short interfaces", reference="Besag, J. R. Stat. Soc. B 48, 259 (1986)",
             doi="10.1111/j.2517-6161.1986.tb01412.x"),
    Citation(what="images and filters", reference="van der Walt et al., PeerJ 2, e453 (2014)", doi="10.7717/peerj.453"),
)  # fmt: skip


class TomographySegmentSettings(StackSettings):
    """Settings of `tomography segment`."""

    phases: Names = setting(
        (), "Phases from dark to bright; pores are `pore`, and components of one grey value are joined: "
        "pore,NBH+VGCF,NCO,NZC. By mean atomic number where the sample's components have formulas.",
    )  # fmt: skip
    sample: Path | None = setting(None, "Sample file whose weight fractions and densities hold the fractions.")
    contrast: Contrast = setting("auto", "Whether bright is bright; auto refuses what the recipe fits only inverted.")
    alignment: Alignment = setting(
        "auto", "Whether the path of the slices is taken back, as far as it is known to be the sample's and not that "
        "of particles that grow and shrink from slice to slice.",
    )  # fmt: skip
    curtains: bool = setting(True, "Take vertical stripes away.")
    denoise_strength: float = setting(1.0, "Smoothing before thresholds; 0 for none.", ge=0, le=10)
    potts_strength: float = setting(2.0, "What a face between two phases costs.", ge=0, le=10)
    members: int = setting(10, "Segmentations of the family beside the central one.", ge=0, le=200)
    seed: int = setting(0, "Of the family.", ge=0, le=MOST_SEED)
    crop: Integers = setting(
        (), "First and last-but-one column, row and slice to look at: 0,512,0,400,0,50.", each=(0, 10_000_000)
    )
    most_memory_GB: float = setting(
        8.0, "Beyond it grey values lie on the disk, in the run directory, while it works.", gt=0.01, le=1e5,
        in_document=False,
    )  # fmt: skip

    @model_validator(mode="after")
    def _six_of_a_crop(self) -> Self:
        refuse_other_count("crop", self.crop, 6, remedy="give six: 0,512,0,400,0,50")
        return self

    @model_validator(mode="after")
    def _two_phases(self) -> Self:
        if len(self.phases) == 1 or len(set(self.phases)) < len(self.phases):
            raise SettingsError(",".join(self.phases), where="phases", remedy="name two or more, each once")
        return self


@dataclass(frozen=True, kw_only=True)
class SegmentInputs:
    """The stack, cropped, and what is known of its phases."""

    stack: Stack
    phases: tuple[str, ...]
    prior: FractionPrior | None
    porosity: tuple[float, float] | None
    warnings: tuple[str, ...]
    sha256: str

    def document(self) -> dict[str, Any]:
        """What was resolved, and the grey values by their content."""
        return {
            "stack": self.stack.source,
            "stack_sha256": self.sha256,
            "voxel_nm": None if self.stack.voxel_nm is None else list(self.stack.voxel_nm),
            "phases": list(self.phases),
            "recipe_solid_shares": None if self.prior is None else [float(x) for x in self.prior.solid],
            "sample_porosity": None if self.porosity is None else list(self.porosity),
        }


def _opens(stack: str | Path | Stack, settings: TomographySegmentSettings) -> SegmentInputs:
    if isinstance(stack, Stack):
        size = settings.given_voxel_nm()
        found = stack if size is None else stack.replaced(voxel_nm=size, voxel_from="--voxel-nm")
    else:
        found = settings.read_stack(stack)
    refuse_labels(found)
    if found.voxel_nm is None:
        raise DataError("does not say the size of its voxels", where=found.source, remedy="give --voxel-nm x,y,z")
    if settings.crop:
        found = _cropped(found, settings.crop)
    recipe, porosity = None, None
    where = str(settings.sample or "")
    if settings.sample is not None:
        sample = load_sample(settings.sample)
        recipe = recipe_of(sample, where=where)
        porosity = _porosity(sample, where)
    phases = settings.phases or _ordered(recipe, where)
    warnings = () if recipe is None else _order_warnings(recipe, phases)
    prior = None if recipe is None else prior_of_recipe(recipe, phases, porosity=porosity, where=where)
    digest = hashlib.sha256()
    for start, stop in slabs(found.shape[0]):
        digest.update(np.ascontiguousarray(found.values[start:stop]).tobytes())
    return SegmentInputs(stack=found, phases=tuple(phases), prior=prior, porosity=porosity, warnings=warnings,
                         sha256=digest.hexdigest())  # fmt: skip


def _cropped(stack: Stack, crop: Sequence[int]) -> Stack:
    ends = (crop[4:6], crop[2:4], crop[0:2])
    for (low, high), count, name in zip(ends, stack.shape, ("slices", "rows", "columns"), strict=True):
        if not 0 <= low < high <= count:
            raise DataError(f"crop of {name} {low} to {high}, and the stack has {count}", where=stack.source,
                            remedy="give first and last-but-one column, row and slice")  # fmt: skip
    z, y, x = (slice(*pair) for pair in ends)
    if isinstance(stack.values, np.ndarray):
        return stack.replaced(values=stack.values[z, y, x])
    kept = np.concatenate([np.asarray(stack.values[s])[None, y, x] for s in range(z.start, z.stop)])
    return stack.replaced(values=kept)


def _porosity(sample: Sample, where: str) -> tuple[float, float] | None:
    composite = sample.composite
    has_area = sample.die_diameter_mm is not None or sample.area_cm2 is not None
    if composite is None or composite.thickness_um is None or not has_area:
        return None
    found = geometry(sample, where=where).porosity
    if found is None:
        return None
    return max(nominal(found), 0.0), float(np.hypot(deviation(found), _BETWEEN_PLACES))


def _ordered(recipe: Recipe | None, where: str) -> tuple[str, ...]:
    if recipe is None or any(phase.formula is None for phase in recipe.phases):
        raise SettingsError(
            "no phases", where="phases",
            remedy="name them from dark to bright, such as pore,NBH,NCO,NZC"
            + (f", or give the components of {where} formulas" if where else ""),
        )  # fmt: skip
    return (PORE, *sorted((phase.name for phase in recipe.phases), key=lambda name: _atomic_numbers(recipe)[name]))


def _atomic_numbers(recipe: Recipe) -> dict[str, float]:
    try:
        return {phase.name: mean_atomic_number(phase.formula) for phase in recipe.phases if phase.formula}
    except (ValueError, KeyError) as error:
        raise DataError(f"a formula cannot be read ({error})", where="components",
                        remedy="write it as NaCrO2") from error  # fmt: skip


def _order_warnings(recipe: Recipe, phases: Sequence[str]) -> tuple[str, ...]:
    """Where the order given is not that of mean atomic numbers, told in one line."""
    numbers = _atomic_numbers(recipe)
    known = [(name, min(numbers[part] for part in name.split("+") if part in numbers)) for name in phases
             if any(part in numbers for part in name.split("+"))]  # fmt: skip
    wrong = [(a, b) for a, b in itertools.pairwise(known) if a[1] > b[1] + 0.5]
    return tuple(
        f"{dark[0]} is given as darker than {bright[0]}, and its mean atomic number is higher ({dark[1]:.1f}, "
        f"{bright[1]:.1f}): check the order, or whether the contrast is inverted"
        for dark, bright in wrong
    )


@contextmanager
def _telling(run: Run, inputs: SegmentInputs, on_disk: bool) -> Iterator[Any]:
    now = {"name": "slices", "share": 0.0}
    need = working_bytes(inputs.stack.shape) / 1e9
    note = f"grey values on disk, {need:.2g} GB" if on_disk else f"{need:.2g} GB of memory"
    with Progress(
        "segmenting", lambda: [Row(str(now["name"]), round(100 * float(now["share"])), 100, "%", note)],
        shown=run.show_progress, short=True,
    ) as progress:  # fmt: skip

        def report(name: str, share: float) -> None:
            stop_if_requested()
            now.update(name=name, share=share)
            progress.update()

        yield report


@contextmanager
def _threads(cores: int | None) -> Iterator[None]:
    """Numba on so many cores; as it is without a number."""
    import numba

    before = numba.get_num_threads()
    numba.set_num_threads(min(cores or before, before))
    try:
        yield
    finally:
        numba.set_num_threads(before)


def _measures(inputs: SegmentInputs, settings: TomographySegmentSettings, run: Run) -> TomographySegmentationRecord:
    method = Method(
        alignment=settings.alignment, curtains=settings.curtains, contrast=settings.contrast,
        denoise_strength=settings.denoise_strength, potts_strength=settings.potts_strength, members=settings.members,
        seed=settings.seed,
    )  # fmt: skip
    on_disk = working_bytes(inputs.stack.shape) > settings.most_memory_GB * 1e9
    members: list[tuple[Member, str]] = []
    with _threads(run.cores), _telling(run, inputs, on_disk) as report:
        found = segment(inputs.stack, inputs.phases, prior=inputs.prior, method=method,
                        scratch=run.folder if on_disk else None, report=report)  # fmt: skip
        write_labels(run.folder / LABELS, found.labels)
        run.hold(LABELS)
        other = np.zeros(found.labels.shape[1:], dtype=np.float32)
        middle = found.labels.shape[0] // 2
        for number, (member, labels) in enumerate(found.family(report), start=1):
            path = f"family/labels-{number:02d}.tif"
            (run.folder / "family").mkdir(exist_ok=True)
            write_labels(run.folder / path, found.labels.replaced(labels=labels))
            run.hold(path)
            members.append((member, path))
            other += labels[middle] != found.labels.labels[middle]
    return _record(inputs, found, members, other / max(len(members), 1), run)


def _record(
    inputs: SegmentInputs, found: Segmentation, members: Sequence[tuple[Member, str]], other: np.ndarray, run: Run
) -> TomographySegmentationRecord:
    spacing_nm = found.labels.spacing_nm
    reached = np.array(found.central.reached)
    family = np.array([member.reached for member, _ in members]).reshape(len(members), reached.size)
    spread = family.std(axis=0, ddof=1) if len(members) > 2 else np.zeros(reached.size)
    std = np.maximum(spread, np.sqrt(np.diag(found.covariance)))
    fractions = [_fraction(float(value), float(error)) for value, error in zip(reached, std, strict=True)]
    pore = inputs.phases.index(PORE) if PORE in inputs.phases else None
    solid = 1 - (reached[pore] if pore is not None else 0.0)
    prior = found.prior
    phases = [
        SegmentedPhase(
            label=label, name=name, fraction=fractions[label],
            solid_share=None if label == pore else float(reached[label] / solid),
            recipe_solid_share=None if prior is None or label == pore else Measured(
                value=float(prior.solid[label]), std=float(np.sqrt(prior.covariance[label, label]))
            ),
            level=float(found.model.levels[label]),
            upper_threshold=float(found.mixture.thresholds[label]) if label < len(inputs.phases) - 1 else None,
            otsu_fraction=float(found.otsu_fractions[label]),
        )
        for label, name in enumerate(inputs.phases)
    ]  # fmt: skip
    level = float(np.mean(found.model.levels))
    in_plane = np.array(spacing_nm[1:])
    rows, columns = found.window
    z = np.arange(found.labels.shape[0])
    trend = found.fields.trend(level)
    stripes = found.fields.curtains.std(axis=(1, 2))
    grey = found.histogram.centres
    width = float(found.histogram.edges[1] - found.histogram.edges[0])
    raw_width = float(found.raw_histogram.edges[1] - found.raw_histogram.edges[0])
    raw_total, total = found.raw_histogram.counts.sum(), found.histogram.counts.sum()
    files = {
        "labels": LABELS,
        "histogram": run.table(HISTOGRAM, {
            "grey": grey, "share_per_grey": found.histogram.counts / total / width,
            "model_per_grey": found.mixture.density(grey), "grey_before": found.raw_histogram.centres,
            "share_per_grey_before": found.raw_histogram.counts / raw_total / raw_width,
        }),
        "slices": run.table(SLICES, {
            "slice": z, "drift_x_nm": found.drift.seen[:, 1] * in_plane[1],
            "drift_y_nm": found.drift.seen[:, 0] * in_plane[0],
            "removed_x_nm": found.drift.removed[:, 1] * in_plane[1],
            "removed_y_nm": found.drift.removed[:, 0] * in_plane[0],
            "brightness": trend, "curtain_rms": stripes,
        }),
        "planes": run.arrays(PLANES, _planes(found, other)),
    }  # fmt: skip
    porosity = None if pore is None else fractions[pore]
    warnings = [*inputs.warnings, *found.warnings]
    return TomographySegmentationRecord(
        stack=inputs.stack.name,
        shape_voxels=(columns.stop - columns.start, rows.stop - rows.start, found.labels.shape[0]),
        voxel_nm=found.labels.voxel_nm,
        voxel_from=found.labels.voxel_from,
        window_voxels=((columns.start, columns.stop), (rows.start, rows.stop)),
        contrast="inverted" if found.method.contrast == "inverted" else "normal",
        phases=phases,
        porosity=porosity,
        sample_porosity=None if inputs.porosity is None else Measured(value=inputs.porosity[0], std=inputs.porosity[1]),
        recipe_tension=found.tension,
        noise=found.noise,
        blur_voxels=found.model.blur_voxels,
        potts_strength=found.model.strength,
        drift_range_nm=_ranges(found.drift.seen * in_plane),
        drift_removed_nm=_ranges(found.drift.removed * in_plane),
        drift_error_nm=_rms(found.drift.error * in_plane),
        straight_drift_nm_per_slice=(
            Measured(value=found.drift.slope[1] * in_plane[1], std=found.drift.slope_error[1] * in_plane[1]),
            Measured(value=found.drift.slope[0] * in_plane[0], std=found.drift.slope_error[0] * in_plane[0]),
        ),
        brightness_range=float(np.ptp(trend - found.fields.odd)),
        shadow_range=float(np.ptp(found.fields.shadow(level))),
        curtain_rms=float(np.sqrt(np.mean(found.fields.curtains**2))),
        odd_slices=[int(number) for number in np.nonzero(found.fields.odd)[0]],
        broken_slices=list(found.broken),
        family=[
            FamilyMember(
                path=path, targets=list(member.targets), fractions=list(member.reached),
                potts_strength=member.potts_strength, blur_voxels=member.blur_voxels,
            )
            for member, path in members
        ],
        checks=_checks(phases, found, porosity, inputs.porosity),
        files=files,
        warnings=list(dict.fromkeys(warnings)),
        citations=list(_CITATIONS),
        provenance=run.provenance(),
    )  # fmt: skip


def _fraction(value: float, std: float) -> Measured:
    return Measured(value=value, std=std, interval_95=(max(0.0, value - 1.96 * std), min(1.0, value + 1.96 * std)))


def _rms(path: np.ndarray) -> tuple[float, float]:
    y, x = np.sqrt(np.mean(path**2, axis=0))
    return float(x), float(y)


def _ranges(path: np.ndarray) -> tuple[float, float]:
    """Along x and y, from a path along y and x."""
    return float(np.ptp(path[:, 1])), float(np.ptp(path[:, 0]))


def _whole(phases: Sequence[SegmentedPhase]) -> str:
    """Of what shares are: of the solid, or of all where pores are in one phase with a solid."""
    return "whole" if any(joins_pores(phase.name) for phase in phases) else "solid"


def _checks(
    phases: Sequence[SegmentedPhase], found: Segmentation, porosity: Measured | None,
    sample_porosity: tuple[float, float] | None,
) -> list[HealthCheck]:  # fmt: skip
    made = []
    for phase in phases:
        if phase.recipe_solid_share is not None and phase.solid_share is not None:
            expected = phase.recipe_solid_share
            solid = max(1 - (porosity.value if porosity else 0.0), 1e-9)
            error = float(np.hypot(expected.std, phase.fraction.std / solid))
            off = abs(phase.solid_share - expected.value) / max(error, 1e-9)
            made.append(HealthCheck(
                name=f"{phase.name} of the {_whole(phases)}", status="ok" if off < 2.5 else "warning",
                detail=f"{100 * phase.solid_share:.1f} % found, {100 * expected.value:.1f} +- {100 * expected.std:.1f} "
                "% by the recipe in a volume of this size",
            ))  # fmt: skip
    if porosity is not None and sample_porosity is not None:
        off = abs(porosity.value - sample_porosity[0]) / float(np.hypot(porosity.std, sample_porosity[1]))
        made.append(HealthCheck(
            name="porosity", status="ok" if off < 2.5 else "warning",
            detail=f"{100 * porosity.value:.1f} % found, {100 * sample_porosity[0]:.1f} +- "
            f"{100 * sample_porosity[1]:.1f} % by mass, thickness and die",
        ))  # fmt: skip
    apart = found.mixture.separations()
    for place, value in enumerate(apart):
        made.append(HealthCheck(
            name=f"{phases[place].name} from {phases[place + 1].name}", status="ok" if value > 3 else "warning",
            detail=f"grey values {value:.1f} widths apart",
        ))  # fmt: skip
    return made


def _planes(found: Segmentation, other: np.ndarray) -> dict[str, np.ndarray]:
    """Planes through the middle for the figures, thinned to what a page shows, as bytes."""
    arrays: dict[str, np.ndarray] = {}
    low, high = np.percentile(found.raw_planes[0], (0.5, 99.5))
    sign = -1.0 if found.method.contrast == "inverted" else 1.0
    ends = {"raw": (low, high), "grey": tuple(np.percentile(found.grey_planes[0] * sign, (0.5, 99.5)))}
    labels = found.labels.labels
    middle = tuple(size // 2 for size in labels.shape)
    cuts = (labels[middle[0]], labels[:, middle[1]], labels[:, :, middle[2]])
    for name, raw, grey, cut in zip("zyx", found.raw_planes, found.grey_planes, cuts, strict=True):
        arrays[f"raw_{name}"] = _bytes(raw, ends["raw"])
        arrays[f"grey_{name}"] = _bytes(grey * sign, ends["grey"])
        arrays[f"labels_{name}"] = _thin(np.asarray(cut))
    arrays["others_z"] = _bytes(other, (0.0, 1.0))
    return arrays


def _thin(plane: np.ndarray) -> np.ndarray:
    steps = [max(1, -(-size // _DRAWN)) for size in plane.shape]
    return plane[:: steps[0], :: steps[1]]


def _bytes(plane: np.ndarray, ends: Sequence[float]) -> np.ndarray:
    scaled = (_thin(plane) - ends[0]) / max(ends[1] - ends[0], 1e-9)
    return np.rint(255 * np.clip(scaled, 0, 1)).astype(np.uint8)


def _forecast(inputs: SegmentInputs, settings: TomographySegmentSettings, cores: int | None) -> Forecast:
    n_x, n_y, n_z = inputs.stack.shape[::-1]
    need = working_bytes(inputs.stack.shape)
    place = "disk, in the run directory" if need > settings.most_memory_GB * 1e9 else "memory"
    with _threads(cores):
        seconds = seconds_needed(inputs.stack, len(inputs.phases), settings.members)
    return Forecast(
        core_hours=seconds * min(cores or len(os.sched_getaffinity(0)), 2**16) / 3600, wall_hours=seconds / 3600,
        disk_bytes=0.1 * (1 + settings.members) * n_x * n_y * n_z,
        notes=(f"{n_x} x {n_y} x {n_z} voxels take {need / 1e9:.2g} GB of {place}",),
    )  # fmt: skip


def _says(record: TomographySegmentationRecord) -> list[str]:
    x, y, z = record.shape_voxels
    lines = [f"{x} x {y} x {z} voxels of {', '.join(f'{edge:g}' for edge in record.voxel_nm)} nm ({record.voxel_from})"]
    for phase in record.phases:
        low, high = phase.fraction.interval_95 or (0.0, 1.0)
        told = f"{phase.name}: {100 * phase.fraction.value:.1f} % of the volume ({100 * low:.1f} to {100 * high:.1f} %)"
        if phase.recipe_solid_share is not None and phase.solid_share is not None:
            told += (f"; of the {_whole(record.phases)} {100 * phase.solid_share:.1f} %, by the recipe "
                     f"{100 * phase.recipe_solid_share.value:.1f} %")  # fmt: skip
        lines.append(told)
    lines.append(f"labels: {record.files['labels']}, and {len(record.family)} more that span what is not known")
    return lines


STUDY = Study(
    command="tomography segment",
    arguments=(
        Argument(
            name="stack", metavar="STACK",
            help="a stack of grey values: a TIFF, a folder of slices, HDF5, Zarr, Avizo .am, .npy, or a .raw",
            annotation="str | Path | paddlewheel.lab.tomography.voxels.Stack",
        ),
    ),
    settings=TomographySegmentSettings,
    record=TomographySegmentationRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    forecasts=_forecast,
    needs_directory=True,
    example="paddlewheel tomography segment slices/ --voxel-nm 100,100,200 --sample cathode.yaml "
    "--phases pore,NBH,NCO,NZC --out segmented",
    notes="Slices are along z, the milling direction. Labels are written as `labels.tif`, the family's in `family/`.",
)  # fmt: skip
