"""`sample` and `label`: training sets drawn and labelled."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from paddlewheel.cli.values import numbers

Out = Annotated[
    Path | None, typer.Option("--out", help="Run directory; made if absent, continued if it holds this run.")
]
Json = Annotated[bool, typer.Option("--json", help="The record on stdout, nothing else there.")]
Potential = Annotated[str | None, typer.Option(help="See `potentials`; default: the one made for these elements.")]
Functional = Annotated[str | None, typer.Option(help="Behind the potential, where its card does not say.")]
ThreeBody = Annotated[str, typer.Option(help="parent (smooth) or as_trained, for M3GNet.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, ...")]
DType = Annotated[str, typer.Option(help="float32 or float64.")]
Cores = Annotated[int | None, typer.Option(help="Cores to use; all by default.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("sample", epilog="Example: paddlewheel sample nabh4 na2b12h12 --select 500 --out sets/nabh")(sample)


def sample(
    structures: Annotated[list[str], typer.Argument(help="Built-in names (see `structures`) or files.")],
    out: Out = None,
    potential: Potential = None,
    strains: Annotated[
        str, typer.Option(help="Of the lattice vectors, separated by commas.")
    ] = "-0.1,-0.05,0,0.05,0.1",
    temperatures: Annotated[str, typer.Option(help="K, separated by commas.")] = "300,450,600,750,900",
    ps: Annotated[float, typer.Option(help="ps of each run.")] = 10.0,
    frame_interval_fs: Annotated[float, typer.Option(help="fs between frames.")] = 10.0,
    timestep_fs: Annotated[float, typer.Option(help="fs.")] = 1.0,
    select: Annotated[int, typer.Option(help="Frames to choose by DIRECT.")] = 500,
    threshold: Annotated[float, typer.Option(help="Radius of BIRCH's subclusters to begin with.")] = 0.5,
    supercell: Annotated[str, typer.Option(help="AxBxC, or auto (every lattice parameter above 10 A).")] = "1x1x1",
    labels: Annotated[
        str, typer.Option(help="potential: label by it; none: leave that to another engine.")
    ] = "potential",
    functional: Functional = None,
    fmax: Annotated[float, typer.Option("--fmax-eV-per-A", help="eV/A, of the relaxations.")] = 0.02,
    seed: Annotated[int, typer.Option(help="Decides every random number.")] = 1,
    three_body: ThreeBody = "parent",
    device: Device = "cpu",
    dtype: DType = "float32",
    cores: Cores = None,
    json: Json = False,
) -> int:
    """Draw a training set: relax, NVT dynamics over strains and temperatures, frames chosen by DIRECT, labels."""
    from paddlewheel.api import sample as study
    from paddlewheel.study.run_directory import default_directory

    directory = out or default_directory("sample", structures[0])
    record = study(
        structures,
        out=directory,
        potential=potential,
        strains=numbers(strains, "--strains"),
        temperatures_K=numbers(temperatures, "--temperatures"),
        ps=ps,
        frame_interval_fs=frame_interval_fs,
        timestep_fs=timestep_fs,
        select=select,
        threshold=threshold,
        supercell=supercell,
        labels=labels,
        functional=functional,
        fmax_eV_per_A=fmax,
        seed=seed,
        three_body=three_body,
        device=device,
        dtype=dtype,
        cores=cores,
        show_progress=True,
    )
    if json:
        sys.stdout.write(record.model_dump_json(indent=1) + os.linesep)
        return 0
    coverage = record.choice.coverage
    typer.echo(
        f"{record.choice.n_selected} of {record.choice.n_candidates} frames chosen; coverage "
        f"{coverage.direct_mean:.0%} (at random {coverage.random_mean.value:.0%})"
    )
    for warning in record.warnings:
        typer.echo(f"warning: {warning}")
    written = record.dataset or record.frames
    typer.echo(f"frames: {directory / written.file}")
    typer.echo(f"report: {directory / 'report.html'}")
    return 0
