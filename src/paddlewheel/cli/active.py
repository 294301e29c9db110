"""`active`: which ions move, over windows and thresholds."""

from __future__ import annotations

from typing import Annotated

import typer

from paddlewheel.cli.motion import Files, FrameIntervalFs, Json, Out, SkipPs, Specie, Temperature, TypeMap, finish
from paddlewheel.cli.values import numbers, type_elements


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(
        "active", epilog="Example: paddlewheel active runs/o-nbh/trajectories/T=600K_r0.zarr --specie Na --out active"
    )(active)


def active(
    trajectories: Files,
    out: Out = None,
    specie: Specie = None,
    temperature: Temperature = None,
    windows_ps: Annotated[
        str, typer.Option(help="Windows of the curve, ps, separated by commas; default: shares of the run, and 1000.")
    ] = "",
    thresholds_a2: Annotated[
        str,
        typer.Option("--thresholds-A2", help="Thresholds of the curve, A^2; default: 1 to 200."),
    ] = "",
    window_ps: Annotated[
        float | None, typer.Option(help="Window of the ions that are listed, ps; default: 1000, or the run if shorter.")
    ] = None,
    threshold_a2: Annotated[float, typer.Option("--threshold-A2", help="Their least MSD, A^2.")] = 21.0,
    drift: Annotated[str, typer.Option(help="Drift removed: framework, none or all.")] = "framework",
    frame_interval_fs: FrameIntervalFs = None,
    type_map: TypeMap = "",
    skip_ps: SkipPs = 0.0,
    json: Json = False,
) -> int:
    """Active ions: the fraction over windows and thresholds, which ions they are, and where they start."""
    from paddlewheel.api import active_ions as study
    from paddlewheel.study.run_directory import default_directory

    directory = out or default_directory("active", trajectories[0])
    record = study(
        trajectories,
        out=directory,
        specie=specie,
        temperature_K=temperature,
        windows_ps=numbers(windows_ps, "--windows-ps") if windows_ps else None,
        thresholds_A2=numbers(thresholds_a2, "--thresholds-A2") if thresholds_a2 else None,
        window_ps=window_ps,
        threshold_A2=threshold_a2,
        drift=drift,
        frame_interval_fs=frame_interval_fs,
        type_map=type_elements(type_map),
        skip_ps=skip_ps,
    )
    counted = record.counted
    assert counted.fraction is not None
    lines = [
        f"{counted.n_active} of {counted.n_ions} {record.specie} active ({counted.fraction.value:.3g} +- "
        f"{counted.fraction.std:.2g}): MSD of {counted.threshold_A2:g} A^2 or more over {counted.window_ps:g} ps",
        *(f"  starting nearest to {row.nearest_anion}: {row.n_active} of {row.n_ions}" for row in record.starts),
        *(f"  warning: {warning}" for warning in record.warnings),
    ]
    return finish(record, directory, json, lines)
