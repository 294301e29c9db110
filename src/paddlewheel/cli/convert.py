"""`convert`: files of other programs into the Zarr store, and the cache of converted files."""

from __future__ import annotations

import json as json_module
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from paddlewheel.errors import SettingsError

if TYPE_CHECKING:
    from paddlewheel.studies.convert.record import ConversionRecord
    from paddlewheel.studies.motion.settings import MotionSettings


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(
        "convert",
        epilog="Example: paddlewheel convert part1.dump part2.dump --out run.zarr --frame-interval-fs 50",
    )(convert)


def convert(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE", help="Parts of one trajectory, in the order of time.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The store to make, something.zarr.")] = None,
    frame_interval_fs: Annotated[
        float | None, typer.Option(help="fs between frames, where the files do not say (not the MD time step).")
    ] = None,
    type_map: Annotated[str, typer.Option(help="LAMMPS types to elements, such as 1=Na,2=B.")] = "",
    topology: Annotated[
        Path | None, typer.Option(help="Names the atoms of .xtc, .trr, .nc, DCD: .tpr, .pdb, .gro, CIF, ...")
    ] = None,
    cell: Annotated[
        str,
        typer.Option(help="Cell of files without one: a,b,c,alpha,beta,gamma (A, degrees), or 9 numbers, A."),
    ] = "",
    list_cache: Annotated[bool, typer.Option("--list", help="Only list the files converted for analyses.")] = False,
    clear_cache: Annotated[bool, typer.Option("--clear", help="Only remove them.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be written; write nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The record on stdout, nothing else there.")] = False,
) -> int:
    """Make one Zarr store, which every analysis reads fastest, of one file or of the parts of one run."""
    if list_cache or clear_cache:
        if files or out:
            raise SettingsError("go without files", where="--list, --clear", remedy="leave the files and --out out")
        return _clear() if clear_cache else _list()
    if not files:
        raise SettingsError("none given", where="FILE", remedy="give at least one trajectory file")
    from paddlewheel.studies.convert.study import convert as study
    from paddlewheel.studies.convert.study import forecast_conversion

    told: dict[str, Any] = {
        "out": out or Path(f"{files[0].name.split('.')[0]}.zarr"),
        "frame_interval_fs": frame_interval_fs,
        "type_map": _read(type_map=type_map or None).type_map,
        "cell": _read(cell=cell or None).cell,
        "topology": topology,
    }
    if dry_run:
        forecast = forecast_conversion(files, **told)
        print(json_module.dumps(forecast.document(), indent=1) if json else "\n".join(forecast.lines()))
        return 0
    record = study(files, **told, show_progress=True)
    if json:
        sys.stdout.write(record.model_dump_json(indent=1) + os.linesep)
    else:
        print("\n".join(_says(record)))
    return 0


def _read(**text: str | None) -> MotionSettings:
    """Options as the settings of all analyses read them."""
    from paddlewheel.cli.commands import options_named
    from paddlewheel.studies.motion.settings import MotionSettings

    with options_named(MotionSettings):
        return MotionSettings.of(**text)


def _says(record: ConversionRecord) -> list[str]:
    dropped = record.frames_given - record.n_frames
    return [
        f"{record.n_frames} frames of {record.formula}, {record.frame_interval_fs:g} fs apart"
        + (f"; {dropped} that two files share were dropped" if dropped else ""),
        f"store: {record.store} ({record.store_bytes / 1e6:.1f} MB)",
    ]


def _list() -> int:
    import datetime

    from paddlewheel.studies.motion.cache import list_cache

    entries = list_cache()
    for entry in entries:
        used = datetime.datetime.fromtimestamp(entry.last_used).strftime("%Y-%m-%d %H:%M")
        print(f"{entry.source}  {entry.n_frames} frames  {entry.n_bytes / 1e6:.1f} MB  used {used}  {entry.folder}")
    print(f"{len(entries)} converted files, {sum(entry.n_bytes for entry in entries) / 1e6:.1f} MB")
    return 0


def _clear() -> int:
    from paddlewheel.studies.motion.cache import clear_cache

    print(f"{clear_cache() / 1e6:.1f} MB freed")
    return 0
