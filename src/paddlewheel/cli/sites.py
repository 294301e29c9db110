"""`sites`: where the mobile ions rest, and how they jump from site to site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
from paddlewheel.cli.values import type_elements


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("sites", epilog="Example: paddlewheel sites o-nbh.zarr --specie Na --temperature 700 --sites o-nbh")(
        sites
    )


def sites(
    trajectories: Files,
    out: Out = None,
    specie: Specie = None,
    temperature: Temperature = None,
    sites: Annotated[
        str | None,
        typer.Option(help="List of sites: a structure file, a text file of 'label x y z', or a built-in name (o-nbh); "
                     "without it, the maxima of the ions' density."),
    ] = None,
    families: Annotated[
        str | None, typer.Option(help="Which sites are equivalent: label, symmetry (of the framework) or site (none).")
    ] = None,
    core_radius: Annotated[
        float | None, typer.Option("--core-radius-A", help="A; default: a quarter of the way to the nearest site.")
    ] = None,
    smoothing: Annotated[float, typer.Option("--smoothing-A", help="A, of the density whose maxima are sites.")] = 0.3,
    barrier: Annotated[
        float, typer.Option("--barrier-kT", help="Free energy between two maxima, below which they are one site.")
    ] = 0.5,
    minimum_population: Annotated[float, typer.Option(help="Least mean number of ions on a maximum.")] = 0.02,
    minimum_distance: Annotated[
        float, typer.Option("--minimum-distance-A", help="A; sites nearer than this overlap.")
    ] = 1.0,
    drift: Annotated[str, typer.Option(help="framework, all or none.")] = "framework",
    frame_interval_fs: FrameIntervalFs = None,
    type_map: TypeMap = "",
    skip_ps: SkipPs = 0.0,
    json: Json = False,
) -> int:  # fmt: skip
    """Sites of the mobile ions: occupancies, residence times, jumps and their correlation."""
    from paddlewheel.api import sites as study
    from paddlewheel.study.run_directory import default_directory

    directory = out or default_directory("sites", trajectories[0])
    record = study(
        trajectories,
        out=directory,
        specie=specie,
        temperature_K=temperature,
        sites=sites,
        families=families,
        core_radius_A=core_radius,
        smoothing_A=smoothing,
        barrier_kT=barrier,
        minimum_population=minimum_population,
        minimum_distance_A=minimum_distance,
        drift=drift,
        frame_interval_fs=frame_interval_fs,
        type_map=type_elements(type_map),
        skip_ps=skip_ps,
    )
    from paddlewheel.studies.sites.page import summary_lines

    return finish(record, Path(directory), json, summary_lines(record))
