"""Options that all analyses of given trajectories share, and how such a command ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from paddlewheel.records import Record

Files = Annotated[
    list[Path],
    typer.Argument(metavar="TRAJECTORY...", help="Files of the same material (a .zarr of `conduct`, a dump, ...)."),
]
Out = Annotated[
    Path | None, typer.Option("--out", help="Run directory; made if absent, written again if it holds this analysis.")
]
Json = Annotated[bool, typer.Option("--json", help="The record on stdout, nothing else there.")]
Specie = Annotated[str | None, typer.Option(help="Symbol of the mobile ion, such as Na; guessed when only one fits.")]
Temperature = Annotated[float | None, typer.Option(help="Temperature of the runs, K.")]
FrameIntervalFs = Annotated[
    float | None, typer.Option(help="fs between frames, where the files do not say (not the MD time step).")
]
TypeMap = Annotated[str, typer.Option(help="LAMMPS types to elements, such as 1=Na,2=B.")]
SkipPs = Annotated[float, typer.Option(help="ps left out at the start of each.")]


def finish(record: Record, directory: Path, json: bool, lines: Sequence[str], *, status: int = 0) -> int:
    """Print the record, or what a reader wants to know first and where the report is; the exit status."""
    if json:
        sys.stdout.write(record.model_dump_json(indent=1) + os.linesep)
    else:
        for line in lines:
            print(line)
        print(f"report: {directory / 'report.html'}")
    return status
