"""`cell`: the design of a cell."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paddlewheel.cli.motion import Json, Out, finish


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("cell", epilog="Example: paddlewheel cell; paddlewheel cell --template > mine.yaml")(cell)


def cell(
    design: Annotated[
        Path | None,
        typer.Argument(metavar="[DESIGN.yaml]", help="What differs from the built-in cell, the paper's Fig. 5a."),
    ] = None,
    out: Out = None,
    template: Annotated[bool, typer.Option("--template", help="Print the built-in design, to be changed.")] = False,
    json: Json = False,
) -> int:
    """Layers, masses, thicknesses, porosity, energy density and ionic resistance of a stack of cells."""
    from paddlewheel.api import cell as study
    from paddlewheel.lab.design import template as text
    from paddlewheel.study.run_directory import default_directory

    if template:
        typer.echo(text(), nl=False)
        return 0
    directory = out or (default_directory("cell", design) if design else Path("cell-fig5a"))
    record = study(design, out=directory)
    lines = []
    for index, loading in enumerate(record.loadings_mg_per_cm2):
        energies = ", ".join(f"{name} {row[index]:.0f}" for name, row in record.energy_density_Wh_per_kg.items())
        lines.append(
            f"{loading:g} mg/cm2: {record.composite_mg[index]:.2f} mg, {record.thickness_um[index].value:.0f} um, "
            f"{record.layers[index]:.2f} layers; Wh/kg: {energies}"
        )
    lines += [f"does not fit: {text}" for text in record.contradictions]
    lines += [f"warning: {text}" for text in record.warnings]
    return finish(record, directory, json, lines)
