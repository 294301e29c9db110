"""`train`: an M3GNet from labelled frames."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("train", epilog="Example: paddlewheel train nabh.extxyz --out runs/nabh --epochs 200 (fine-tuning: "
                "--start-from m3gnet-nabh-r2scan)")(train)  # fmt: skip


def train(
    datasets: Annotated[
        list[Path], typer.Argument(metavar="DATASET...", help="NAME.extxyz with its card; of one functional.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Run directory; made if absent, continued if it holds this run.")
    ] = None,
    start_from: Annotated[
        str | None, typer.Option(help="Fine-tune this M3GNet: a name (see `potentials`) or a checkpoint folder.")
    ] = None,
    elements: Annotated[str, typer.Option(help="Of a new potential, such as Na,B,H; default: those in the data.")] = "",
    epochs: Annotated[int, typer.Option(help="Passes over the training frames.")] = 100,
    batch_size: Annotated[int, typer.Option(help="Frames of a step.")] = 32,
    learning_rate: Annotated[
        float | None, typer.Option(help="At the start; default 1e-3, for fine-tuning 1e-4.")
    ] = None,
    cutoff_a: Annotated[float | None, typer.Option("--cutoff-A", help="A, of a new network; default 5.")] = None,
    three_body_cutoff_a: Annotated[
        float | None, typer.Option("--three-body-cutoff-A", help="A, of a new network; default 4.")
    ] = None,
    use_smooth: Annotated[
        bool | None,
        typer.Option("--use-smooth/--no-use-smooth", help="Radial functions that end smoothly; default: no."),
    ] = None,
    train_fraction: Annotated[float, typer.Option(help="Share of the frames not kept for the test.")] = 0.9,
    validation_fraction: Annotated[float, typer.Option(help="Share of all frames that choose the best epoch.")] = 0.1,
    energy_weight: Annotated[float, typer.Option(help="In the loss, of eV/atom.")] = 1.0,
    force_weight: Annotated[float, typer.Option(help="In the loss, of eV/A.")] = 1.0,
    stress_weight: Annotated[float, typer.Option(help="In the loss, of GPa.")] = 0.1,
    loss: Annotated[str, typer.Option(help="huber, or mse (leaves the first plateau sooner on few frames).")] = "huber",
    seed: Annotated[int, typer.Option(help="Decides the split, the first weights and the order of frames.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="The record on stdout, nothing else there.")] = False,
) -> int:
    """Fit an M3GNet to energies, forces and stresses, or fine-tune one: potential, parity plots, table of errors."""
    from paddlewheel.api import train as study
    from paddlewheel.studies.train.says import print_training_verdict
    from paddlewheel.study.run_directory import default_directory

    directory = out or default_directory("train", datasets[0])
    record = study(
        datasets,
        out=directory,
        start_from=start_from,
        elements=[symbol.strip() for symbol in elements.split(",")] if elements else None,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        cutoff_A=cutoff_a,
        three_body_cutoff_A=three_body_cutoff_a,
        use_smooth=use_smooth,
        train_fraction=train_fraction,
        validation_fraction=validation_fraction,
        energy_weight=energy_weight,
        force_weight=force_weight,
        stress_weight=stress_weight,
        loss=loss,
        seed=seed,
        show_progress=True,
    )
    if json:
        sys.stdout.write(record.model_dump_json(indent=1) + os.linesep)
    else:
        print_training_verdict(record, directory)
    return 0
