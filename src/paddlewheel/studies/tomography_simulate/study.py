"""`tomography simulate`: the FIB stack of a composite whose phases are known, as files of a microscope."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BeforeValidator, model_validator

from paddlewheel.errors import SettingsError
from paddlewheel.lab.sample import load_sample
from paddlewheel.lab.tomography.generators.composites import PORES, Morphology, Role, composite
from paddlewheel.lab.tomography.generators.contrast import greys_of
from paddlewheel.lab.tomography.generators.fib import FibStack, Flaws, fib_stack
from paddlewheel.lab.tomography.generators.paper import PAPER, PaperComposite
from paddlewheel.lab.tomography.readers import write_labels, write_stack
from paddlewheel.lab.tomography.recipe import Recipe, recipe_of
from paddlewheel.lab.tomography.voxels import Labels
from paddlewheel.records import Citation
from paddlewheel.studies.tomography_simulate.record import (
    BODY,
    FLAWS,
    LABELS,
    SLICES,
    STACK,
    VIEWS,
    SimulatedPhase,
    TomographySimulateRecord,
)
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.run import Run
from paddlewheel.study.settings import MOST_SEED, NamedNumbers, Numbers, Settings, mapped, setting
from paddlewheel.study.study import Study

Roles = Annotated[dict[str, Role], mapped(str, str, "list of phases and roles", "NCO=particles,VGCF=fibres")]
_MOST_VOXELS = 500_000_000
_TRIAL_VOXELS = 64**3
_BYTES_PER_VOXEL = 130
"""Of a body while it is made, measured: distances beyond its faces, random fields, masks."""
_CITATIONS = (
    Citation(what="recipes, sizes of slices",
             reference="Oh et al., Joule 9, 102130 (2025)", doi="10.1016/j.joule.2025.102130"),
)  # fmt: skip


def _key(composite: object) -> object:
    """As the paper writes it (NCO/NBH) or as the option does (nco-nbh), in any case."""
    return composite.strip().lower().replace("/", "-") if isinstance(composite, str) else composite


class TomographySimulateSettings(Settings):
    """Settings of `tomography simulate`."""

    composite: Annotated[PaperComposite, BeforeValidator(_key)] = setting(
        "nco-nzc-nbh",
        "Composite of the paper (Joule 9, 102130) that is made; NCO/NZC/NBH will do as well.",
        only_with={"sample": False},
    )
    sample: Path | None = setting(
        None, "File of another sample (YAML): its components with weight fractions and densities.", may_change=True
    )
    roles: Roles = setting(
        {},
        "Shapes of the sample's phases: particles, coating, fibres, clusters or matrix, such as NCO=particles. Without "
        "it components with a capacity are particles, the rest matrix.",
        only_with={"sample": True},
    )
    greys: NamedNumbers = setting(
        {},
        "Greys of phases (and pores) by name, of the full scale, over those of backscattered electrons.",
        each=(0, 1),
    )
    porosity: float = setting(0.04, "Share of the pores in the volume.", ge=0, le=0.9)
    size_um: Numbers = setting((10.0, 10.0, 10.0), "Edges of the body along x, y, z, um.", each=(0.01, 10_000))
    pixel_nm: float = setting(100.0, "Edge of a pixel, nm.", ge=0.1, le=100_000)
    slice_nm: float = setting(
        200.0, "Thickness of a slice, nm; the body itself is made of voxels about as high as a pixel.", ge=0.1, le=1e6
    )
    diameter_um: Numbers = setting(
        (3.0, 5.0), "Smallest and largest diameter of the particles, um.", each=(0.001, 10_000)
    )
    aspect: float = setting(1.4, "Largest ratio of the axes of a particle.", ge=1, le=10)
    overlap: float = setting(0.05, "Of particles: 0 where they may only touch, 1 where they lie by chance.", ge=0, le=1)
    roughness_um: float = setting(0.2, "Standard deviation of the thickness of a coating, um.", ge=0, le=1000)
    fibre_diameter_um: float = setting(0.15, "Of fibres, um.", ge=0.001, le=1000)
    fibre_length_um: float = setting(8.0, "Of fibres, um.", ge=0.001, le=10_000)
    grain_um: float = setting(0.5, "Size of grains of a matrix of several phases, um.", ge=0.001, le=1000)
    cluster_um: float = setting(0.15, "Size of clusters, um.", ge=0.001, le=1000)
    pore_um: float = setting(0.15, "Size of pores, um.", ge=0.001, le=1000)
    depth_nm: float = setting(40.0, "Depth from which electrons come, nm.", ge=0, le=10_000)
    blur_nm: float = setting(80.0, "Standard deviation of the focus, nm.", ge=0, le=10_000)
    noise: float = setting(0.04, "Standard deviation of a voxel's grey, of the full scale.", ge=0, le=1)
    drift_nm: Numbers = setting((10.0, -5.0), "Step of every slice along x and y, nm.", each=(-10_000, 10_000))
    wander_nm: float = setting(20.0, "Standard deviation of a further step by chance, nm.", ge=0, le=10_000)
    curtains: float = setting(0.03, "Standard deviation of the gain of a column: curtaining.", ge=0, le=1)
    shadow: float = setting(0.15, "Loss of signal at the bottom of the trench.", ge=0, le=1)
    brightness: float = setting(0.05, "Loss of signal over the whole stack.", ge=0, le=1)
    flicker: float = setting(0.01, "Standard deviation of the gain of a slice.", ge=0, le=1)
    charging: float = setting(0.03, "Standard deviation of the grey of lines of charge.", ge=0, le=1)
    bits: Literal[8, 16] = setting(8, "Of a grey value.")
    seed: int = setting(0, "Of the body and of its pictures.", ge=0, le=MOST_SEED)

    @model_validator(mode="after")
    def _of_their_counts(self) -> Self:
        for name, count, what in (("size_um", 3, "x, y, z"), ("diameter_um", 2, "smallest and largest"),
                                  ("drift_nm", 2, "x and y")):  # fmt: skip
            given = getattr(self, name)
            if len(given) != count:
                raise SettingsError(f"{len(given)} numbers", where=name, remedy=f"give {count}: {what}")
        if self.diameter_um[0] > self.diameter_um[1]:
            raise SettingsError(f"{self.diameter_um[0]:g} to {self.diameter_um[1]:g}", where="diameter_um",
                                remedy="give the smaller one first")  # fmt: skip
        n_z, n_y, n_x = self.body_shape
        if min(n_z // self.slice_voxels, n_y, n_x) < 2:
            raise SettingsError(f"{n_x} x {n_y} pixels and {n_z // self.slice_voxels} slices", where="size_um",
                                remedy="give two or more of each")  # fmt: skip
        if n_z * n_y * n_x > _MOST_VOXELS:
            raise SettingsError(f"{n_x} x {n_y} x {n_z} voxels", where="size_um",
                                remedy=f"give a size and a pixel of at most {_MOST_VOXELS:.0e} voxels")  # fmt: skip
        return self

    @property
    def slice_voxels(self) -> int:
        """Voxels of the body in the thickness of a slice."""
        return max(round(self.slice_nm / self.pixel_nm), 1)

    @property
    def body_shape(self) -> tuple[int, int, int]:
        """Voxels of the body along z, y, x: whole slices."""
        n_x, n_y, _ = (round(1000 * size / self.pixel_nm) for size in self.size_um)
        return round(1000 * self.size_um[2] / self.slice_nm) * self.slice_voxels, n_y, n_x

    @property
    def flaws(self) -> Flaws:
        """Those of the pictures."""
        return Flaws(
            depth_nm=self.depth_nm,
            blur_nm=self.blur_nm,
            noise=self.noise,
            drift_nm=(self.drift_nm[0], self.drift_nm[1]),
            wander_nm=self.wander_nm,
            curtains=self.curtains,
            shadow=self.shadow,
            brightness=self.brightness,
            flicker=self.flicker,
            charging=self.charging,
        )


@dataclass(frozen=True, kw_only=True)
class _Mixed:
    """What is mixed: name, recipe, shapes of its phases, and their greys by label."""

    name: str
    recipe: Recipe
    roles: Mapping[str, Role]
    greys: Mapping[int, float]

    def document(self) -> dict[str, Any]:
        """The recipe as it was read."""
        phases = {
            phase.name: {
                "weight_fraction": phase.weight_fraction.value,
                "density_g_per_cm3": phase.density_g_per_cm3.value,
                "role": self.roles.get(phase.name, "matrix"),
                "grey": round(self.greys[label], 6),
            }
            for label, phase in enumerate(self.recipe.phases, start=1)
        }
        return {"mixed": {"name": self.name, "phases": phases}}


def _opens(settings: TomographySimulateSettings) -> _Mixed:
    if settings.sample is None:
        made = PAPER[settings.composite]
        name, recipe, roles = made.title, made.recipe, dict(made.roles)
    else:
        name, recipe, roles = _of_sample(settings.sample, settings.roles)
    return _Mixed(name=name, recipe=recipe, roles=roles, greys=_greys(recipe, settings.greys))


def _of_sample(path: Path, given: Mapping[str, Role]) -> tuple[str, Recipe, dict[str, Role]]:
    sample = load_sample(path)
    recipe = recipe_of(sample, where=str(path))
    if recipe is None:
        raise SettingsError(f"{path} has no components", where="sample",
                            remedy="give them with their weight fractions and densities")  # fmt: skip
    components = sample.composite.components if sample.composite is not None else []
    roles: dict[str, Role] = {part.name: "particles" for part in components if part.capacity_mAh_per_g is not None}
    return sample.name, recipe, {**roles, **given}


def _greys(recipe: Recipe, given: Mapping[str, float]) -> dict[int, float]:
    """By label: as given, else by backscattering of what has a formula."""
    names = [PORES, *(phase.name for phase in recipe.phases)]
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise SettingsError(f"{unknown[0]} is no phase", where="greys", remedy=f"name one of {', '.join(names)}")
    formulas: dict[int, str | None] = {0: None}
    for label, phase in enumerate(recipe.phases, start=1):
        if phase.name in given:
            continue
        if phase.formula is None:
            raise SettingsError(f"of {phase.name} neither grey nor formula is known", where="greys",
                                remedy=f"give {phase.name}=0.5, of the full scale")  # fmt: skip
        formulas[label] = phase.formula
    try:
        found = greys_of(formulas)
    except ValueError as error:
        raise SettingsError(f"a formula of {list(formulas.values())[1:]} cannot be read: {error}", where="sample",
                            remedy="write it such as Na3B12H12BH4, or give --greys") from error  # fmt: skip
    return found | {label: given[name] for label, name in enumerate(names) if name in given}


def _forecasts(mixed: _Mixed, settings: TomographySimulateSettings, cores: int | None) -> Forecast:
    """Time by a body of the same edges in coarser voxels, on one core."""
    shape = settings.body_shape
    coarser = max((float(np.prod(shape)) / _TRIAL_VOXELS) ** (1 / 3), 1.0)
    trial = tuple(max(round(size / coarser), 8) for size in shape)
    voxel_nm = tuple(1000 * edge / size for edge, size in zip(settings.size_um, trial[::-1], strict=True))
    began = time.perf_counter()
    body = composite(mixed.recipe, settings.porosity, trial, voxel_nm, settings.seed,
                     morphology=_morphology(mixed, settings))  # type: ignore[arg-type]  # fmt: skip
    fib_stack(body, mixed.greys, flaws=settings.flaws, seed=settings.seed)
    voxels, n_z = int(np.prod(shape)), shape[0] // settings.slice_voxels
    hours = (time.perf_counter() - began) * voxels / body.labels.size / 3600
    return Forecast(
        core_hours=hours, wall_hours=hours, disk_bytes=voxels / settings.slice_voxels * (settings.bits / 8 + 0.3),
        notes=(f"{n_z} slices of {shape[2]} x {shape[1]} pixels, of a body of {voxels:.3g} voxels, take "
               f"{_BYTES_PER_VOXEL * voxels / 1e9:.2g} GB of memory",),
    )  # fmt: skip


def _morphology(mixed: _Mixed, settings: TomographySimulateSettings) -> Morphology:
    return Morphology(
        roles=mixed.roles,
        diameter_um=(settings.diameter_um[0], settings.diameter_um[1]),
        aspect=settings.aspect,
        overlap=settings.overlap,
        roughness_um=settings.roughness_um,
        fibre_diameter_um=settings.fibre_diameter_um,
        fibre_length_um=settings.fibre_length_um,
        grain_um=settings.grain_um,
        cluster_um=settings.cluster_um,
        pore_um=settings.pore_um,
    )


def _measures(mixed: _Mixed, settings: TomographySimulateSettings, run: Run) -> TomographySimulateRecord:
    voxel_nm = (settings.pixel_nm, settings.pixel_nm, settings.slice_nm / settings.slice_voxels)
    body = composite(
        mixed.recipe, settings.porosity, settings.body_shape, voxel_nm, settings.seed,
        morphology=_morphology(mixed, settings),
    )  # fmt: skip
    made = fib_stack(
        body,
        mixed.greys,
        flaws=settings.flaws,
        seed=settings.seed,
        slice_voxels=settings.slice_voxels,
        bits=settings.bits,
        name=mixed.name,
    )
    assert made.stack.voxel_nm is not None
    write_stack(run.folder / STACK, made.stack.values, made.stack.voxel_nm)
    write_labels(run.folder / LABELS, made.labels)
    write_labels(run.folder / BODY, body)
    for name in (STACK, LABELS, BODY):
        run.hold(name)
    return TomographySimulateRecord(
        sample=mixed.name,
        porosity=settings.porosity,
        phases=_phases(mixed, settings.porosity, body, made.labels),
        voxel_nm=made.stack.voxel_nm,
        shape=made.stack.shape,
        body_voxel_nm=voxel_nm,
        body_shape=body.shape,
        bits=settings.bits,
        seed=settings.seed,
        flaws={
            name: list(value) if isinstance(value, tuple) else value for name, value in vars(settings.flaws).items()
        },
        clipped=made.clipped,
        files={
            "stack": STACK,
            "labels": LABELS,
            "body": BODY,
            "slices": run.table(SLICES, _slices(made)),
            "views": run.arrays(VIEWS, _views(made)),
            "flaws": run.arrays(FLAWS, _gains(made)),
        },
        citations=list(_CITATIONS),
        provenance=run.provenance(),
    )


def _phases(mixed: _Mixed, porosity: float, body: Labels, slices: Labels) -> list[SimulatedPhase]:
    solid = mixed.recipe.solid_fractions()
    in_body, in_slices = body.fractions(), slices.fractions()
    return [
        SimulatedPhase(
            label=label,
            name=name,
            role="pores" if label == 0 else mixed.roles.get(name, "matrix"),
            grey=mixed.greys[label],
            asked=porosity if label == 0 else (1 - porosity) * solid[name],
            in_body=in_body[label],
            in_slices=in_slices[label],
        )
        for label, name in body.names.items()
    ]


def _slices(made: FibStack) -> dict[str, np.ndarray]:
    thick_nm = made.labels.voxel_nm[2]
    return {
        "z_um": np.arange(made.stack.shape[0]) * thick_nm / 1000,
        "shift_x_nm": made.shifts_nm[:, 0],
        "shift_y_nm": made.shifts_nm[:, 1],
        "gain": made.slice_gain,
    }


def _views(made: FibStack) -> dict[str, np.ndarray]:
    """The planes through the middle, of pictures and labels."""
    found = {}
    for kind, values in (("stack", made.stack.values), ("labels", made.labels.labels)):
        n_z, n_y, n_x = values.shape
        found |= {
            f"{kind}_xy": values[n_z // 2],
            f"{kind}_xz": values[:, n_y // 2],
            f"{kind}_yz": values[:, :, n_x // 2],
        }
    return found


def _gains(made: FibStack) -> dict[str, np.ndarray]:
    return {
        "curtain_gain_at_bottom": made.curtain_gain[:, -1],
        "shadow_gain": made.shadow_gain,
        "slice_gain": made.slice_gain,
        "charging_offset": made.charging_offset,
    }


def _says(record: TomographySimulateRecord) -> list[str]:
    n_z, n_y, n_x = record.shape
    x, y, z = record.voxel_nm
    shares = ", ".join(f"{phase.name} {100 * phase.in_body:.1f} %" for phase in record.phases)
    return [
        f"{record.sample}: {n_z} slices of {n_x} x {n_y} pixels, voxels of {x:g} x {y:g} x {z:g} nm",
        f"true shares of the volume: {shares}",
        f"pictures: {record.files['stack']}; true phases: {record.files['labels']}, of the whole body: "
        f"{record.files['body']}",
    ]


STUDY = Study(
    command="tomography simulate",
    arguments=(),
    settings=TomographySimulateSettings,
    record=TomographySimulateRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    forecasts=_forecasts,
    needs_directory=True,
    example="paddlewheel tomography simulate --composite nco-nbh --porosity 0.05 --out made",
    notes="Nothing of what makes these stacks is shared with what segments or measures them. Bodies are periodic.",
)
