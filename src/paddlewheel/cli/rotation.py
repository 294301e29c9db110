"""`rotation`: how the anions of given trajectories turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from paddlewheel.cli.motion import Files, FrameIntervalFs, Json, Out, SkipPs, Specie, Temperature, TypeMap, finish
from paddlewheel.cli.values import type_elements

if TYPE_CHECKING:
    from paddlewheel.studies.rotation.record import RotationRecord


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("rotation", epilog="Example: paddlewheel rotation runs/o-nbh/trajectories/T=600K_r0.zarr "
                "--temperature 600 --out runs/rotation-600K")(rotation)  # fmt: skip


def rotation(
    trajectories: Files,
    temperature: Temperature = None,
    out: Out = None,
    specie: Specie = None,
    frame_interval_fs: FrameIntervalFs = None,
    type_map: TypeMap = "",
    skip_ps: SkipPs = 0.0,
    jump_window_ps: Annotated[
        float | None,
        typer.Option(help="ps over which orientations are averaged; default: a radian's at thermal speed."),
    ] = None,
    hop_length: Annotated[float, typer.Option("--hop-length-A", help="Least distance of a hop of the ion, A.")] = 1.5,
    hop_window_ps: Annotated[float, typer.Option(help="ps before and after over which its place is averaged.")] = 0.5,
    seed: Annotated[int, typer.Option(help="Of the time shifts of the coupling's null.")] = 0,
    json: Json = False,
) -> int:
    """How rigid polyanions turn: speed, equipartition, memory, jumps, maps, and coupling to hopping ions."""
    from paddlewheel.api import rotation as study
    from paddlewheel.study.run_directory import default_directory

    directory = out or default_directory("rotation", trajectories[0])
    record = study(
        trajectories,
        out=directory,
        temperature_K=temperature,
        specie=specie,
        frame_interval_fs=frame_interval_fs,
        type_map=type_elements(type_map),
        skip_ps=skip_ps,
        jump_window_ps=jump_window_ps,
        hop_length_A=hop_length,
        hop_window_ps=hop_window_ps,
        seed=seed,
    )
    return finish(record, directory, json, _lines(record))


def _lines(record: RotationRecord) -> list[str]:
    lines = []
    for one in record.anions:
        speed = one.rotation_rad_per_ps
        told = f"{speed.value:.3g} +- {speed.std:.2g} rad/ps" if speed else "speed not determined"
        memory = next(each for each in one.relaxation if each.correlation == "C1 bonds")
        forgets = f"{memory.time_ps.value:.3g} +- {memory.time_ps.std:.2g} ps" if memory.time_ps else memory.status
        lines.append(f"{one.formula} ({one.n_anions}): turns at {told}, relaxation time of C1 {forgets}")
    return lines + [f"warning: {text}" for text in record.warnings]
