"""`cycling`: the cycles of a cell test."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paddlewheel.cli.motion import Json, Out, finish
from paddlewheel.cli.values import numbers
from paddlewheel.errors import SettingsError


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("cycling", epilog="Example: paddlewheel cycling cell.mpr --sample sample.yaml")(cycling)


def cycling(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Of a cycler: .mpr, .mpt, .nda, .ndax, CSV, .xlsx, ...")],
    out: Out = None,
    sample: Annotated[
        Path | None, typer.Option(help="Sample file (YAML: die, masses, fractions), for capacities per g and cm2.")
    ] = None,
    working: Annotated[str, typer.Option(help="Working electrode: cathode (charged first) or anode.")] = "cathode",
    reference_cycle: Annotated[
        int | None, typer.Option(help="Cycle whose capacity is the retention's 1; the first whole one by default.")
    ] = None,
    curves: Annotated[str, typer.Option(help="Cycles whose curves are kept, such as 1,2,50; six by default.")] = "",
    bin_mv: Annotated[float, typer.Option("--bin-mV", help="Bins of dQ/dV, mV.")] = 2.0,
    smoothing_mv: Annotated[float, typer.Option("--smoothing-mV", help="Gaussian over dQ/dV, mV; 0: none.")] = 5.0,
    columns: Annotated[
        str, typer.Option(help="Columns that the reader does not find: time_s=t,voltage_V=U,current_A=-I.")
    ] = "",
    json: Json = False,
) -> int:
    """Capacities, efficiencies, voltages, constant-voltage share and dQ/dV of every cycle; faults of the file."""
    from paddlewheel.api import cycling as study
    from paddlewheel.studies.run_directory import default_directory

    directory = out or default_directory("cycling", file)
    record = study(
        file,
        out=directory,
        sample=sample,
        working=working,
        reference_cycle=reference_cycle,
        curves=[int(one) for one in numbers(curves, "--curves")] if curves else None,
        bin_mV=bin_mv,
        smoothing_mV=smoothing_mv,
        columns=_named(columns) if columns else None,
    )
    lines = [f"{record.n_rows} rows, {len(record.cycles)} cycles"]
    if record.initial_coulombic_efficiency is not None:
        after = record.average_coulombic_efficiency
        lines.append(
            f"coulombic efficiency {100 * record.initial_coulombic_efficiency:.2f} % at first, "
            + ("then not known" if after is None else f"{100 * after:.2f} % on average after")
        )
    kept = [row for row in record.cycles if row.retention is not None]
    if kept:
        lines.append(
            f"{100 * (kept[-1].retention or 0):.1f} % of cycle {record.reference_cycle} after {kept[-1].cycle}"
        )
    lines += [f"fault: {one.kind}, {one.count} ({one.detail}); {one.action}" for one in record.faults]
    lines += [f"does not fit: {one}" for one in record.contradictions]
    lines += [f"warning: {one}" for one in record.warnings]
    return finish(record, directory, json, lines)


def _named(text: str) -> dict[str, str]:
    pairs = [one.partition("=") for one in text.split(",")]
    if not all(name and value for name, _, value in pairs):
        raise SettingsError(f"{text!r}", where="--columns", remedy="give field=column, such as time_s=t,voltage_V=U")
    return {name.strip(): value.strip() for name, _, value in pairs}
