"""`density`: where the mobile ions are, and the ways through the cell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paddlewheel.cli.motion import (
    Files,
    FrameIntervalFs,
    Json,
    Out,
    SkipPs,
    Specie,
    Temperature,
    TypeMap,
    finish,
)
from paddlewheel.cli.values import numbers, type_elements

if TYPE_CHECKING:
    from paddlewheel.studies.density.record import DensityRecord


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(
        "density",
        epilog="Example: paddlewheel density runs/o-nbh/trajectories/*600K*.zarr --specie Na --temperature 600 "
        "--out runs/o-nbh-density",
    )(density)


def density(
    trajectories: Files,
    out: Out = None,
    specie: Specie = None,
    temperature: Temperature = None,
    spacing_a: Annotated[float, typer.Option("--spacing-A", help="Largest grid step, A.")] = 0.2,
    smoothing_a: Annotated[
        float, typer.Option("--smoothing-A", help="Standard deviation of the Gaussian smoothing, A; 0 for none.")
    ] = 0.3,
    iso: Annotated[
        str, typer.Option(help="Levels of iso-surfaces, 1/A^3, separated by commas; default: 90 and 50 % of the ions.")
    ] = "",
    symmetrize: Annotated[
        bool, typer.Option("--symmetrize", help="Average over the space group of the mean framework.")
    ] = False,
    symmetry_of: Annotated[
        str | None, typer.Option(help="Average over the space group of this structure's framework (file or name).")
    ] = None,
    tolerance_a: Annotated[
        float, typer.Option("--tolerance-A", help="How far the mean framework may be from a space group, A.")
    ] = 0.3,
    free_energy: Annotated[
        bool | None,
        typer.Option(help="Free energy and barriers; by default where --temperature is given.", show_default=False),
    ] = None,
    frame_interval_fs: FrameIntervalFs = None,
    type_map: TypeMap = "",
    skip_ps: SkipPs = 0.0,
    json: Json = False,
) -> int:
    """Density of the mobile ions, iso-surfaces, free energy, barriers and paths."""
    from paddlewheel.api import density as study
    from paddlewheel.study.run_directory import default_directory

    directory = out or default_directory("density", trajectories[0])
    record = study(
        trajectories,
        out=directory,
        specie=specie,
        temperature_K=temperature,
        spacing_A=spacing_a,
        smoothing_A=smoothing_a,
        iso_per_A3=numbers(iso, "--iso") if iso else (),
        symmetry=symmetry_of or ("framework" if symmetrize else None),
        tolerance_A=tolerance_a,
        with_free_energy=free_energy,
        frame_interval_fs=frame_interval_fs,
        type_map=type_elements(type_map),
        skip_ps=skip_ps,
    )
    return finish(record, directory, json, _lines(record, directory))


def _lines(record: DensityRecord, directory: Path) -> list[str]:
    lines = [
        f"{record.n_ions} {record.specie} on a grid of {' x '.join(map(str, record.grid))}: {directory / 'CHGCAR'}"
    ]
    lines += [
        f"above {surface.level_per_A3:.3g} 1/A^3: {100 * surface.ion_share.value:.0f} % of the ions in "
        f"{100 * surface.volume_share:.1f} % of the cell"
        for surface in record.isosurfaces
    ]
    for one in record.free_energy.barriers if record.free_energy else ():
        told = f"{one.barrier_eV.value:.3f} +- {one.barrier_eV.std:.3f} eV" if one.barrier_eV else one.reason
        lines.append(f"barrier {one.direction}: {told}")
    return [*lines, *(f"warning: {text}" for text in record.warnings)]
