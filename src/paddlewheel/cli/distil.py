"""`distil`: a fast NEP student from any teacher."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from paddlewheel.cli.values import numbers


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("distil", epilog="Example: paddlewheel distil nabh4 na2b12h12 o-nbh --teacher m3gnet-nabh-r2scan "
                "--out runs/student")(distil)  # fmt: skip


def distil(
    structures: Annotated[
        list[str], typer.Argument(metavar="STRUCTURE...", help="Built-in names or files: what to be good at.")
    ],
    teacher: Annotated[str, typer.Option(help="See `potentials`; ase:<module>:<Factory> for any ASE calculator.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Run directory; made if absent, continued if it holds this run.")
    ] = None,
    temperatures: Annotated[str, typer.Option(help="Lowest and highest, K.")] = "100,900",
    strain: Annotated[float, typer.Option(help="Largest linear strain.")] = 0.1,
    rounds: Annotated[int, typer.Option(help="Rounds of exploring with the student.")] = 3,
    frames_per_round: Annotated[int, typer.Option(help="Frames labelled in each round, over all structures.")] = 400,
    seed_ps: Annotated[float, typer.Option(help="ps of each of the teacher's own runs at the start.")] = 0.3,
    explore_ps: Annotated[float, typer.Option(help="ps of each student run in the first round; then doubled.")] = 2.0,
    steps: Annotated[int, typer.Option(help="Steps of the fit in each round.")] = 6000,
    final_steps: Annotated[int, typer.Option(help="Steps of the last fit.")] = 20000,
    ensemble: Annotated[int, typer.Option(help="Students in each round, whose disagreement asks for labels.")] = 1,
    radial_cutoff_a: Annotated[float, typer.Option("--radial-cutoff-A", help="A.")] = 6.0,
    angular_cutoff_a: Annotated[float, typer.Option("--angular-cutoff-A", help="A.")] = 4.5,
    neurons: Annotated[int, typer.Option(help="Of the hidden layer.")] = 50,
    energy_gate: Annotated[float, typer.Option("--energy-gate-meV-per-atom", help="Largest mean error.")] = 2.0,
    force_gate: Annotated[float, typer.Option("--force-gate-eV-per-A", help="Largest mean error.")] = 0.08,
    stress_gate: Annotated[float, typer.Option("--stress-gate-GPa", help="Largest mean error.")] = 0.1,
    elements: Annotated[str, typer.Option(help="In the order of the file, such as Na,B,H; default: all.")] = "",
    specie: Annotated[str | None, typer.Option(help="The mobile ion; guessed by default.")] = None,
    functional: Annotated[str | None, typer.Option(help="Behind the teacher, where its card does not say.")] = None,
    seed: Annotated[int, typer.Option(help="Decides every random number.")] = 1,
    device: Annotated[str, typer.Option(help="Of the fits and the teacher: cpu, cuda, ...")] = "cpu",
    cores: Annotated[int | None, typer.Option(help="Cores to use; all by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The record on stdout, nothing else there.")] = False,
) -> int:
    """A NEP4 in GPUMD's format from any teacher: explore, label where it is new, fit, until the gates hold."""
    from paddlewheel.api import distil as study
    from paddlewheel.errors import SettingsError
    from paddlewheel.studies.distil.says import print_distil_verdict
    from paddlewheel.studies.distil.settings import (
        DistilSettings,
        Exploration,
        Gates,
    )
    from paddlewheel.study.run_directory import default_directory

    span = numbers(temperatures, "--temperatures")
    if len(span) != 2:
        raise SettingsError(
            f"{temperatures}", where="--temperatures", remedy="give the lowest and the highest: 100,900"
        )
    directory = out or default_directory("distil", structures[0])
    record = study(
        structures,
        teacher=teacher,
        out=directory,
        elements=[symbol.strip() for symbol in elements.split(",")] if elements else None,
        specie=specie,
        functional=functional,
        settings=DistilSettings(
            exploration=Exploration(
                temperatures_K=(span[0], span[1]), strain=strain, seed_ps=seed_ps, explore_ps=explore_ps,
                rounds=rounds, frames_per_round=frames_per_round,
            ),
            gates=Gates(energy_meV_per_atom=energy_gate, force_eV_per_A=force_gate, stress_GPa=stress_gate),
            form={"radial_cutoff_A": radial_cutoff_a, "angular_cutoff_A": angular_cutoff_a, "neurons": neurons},
            steps=steps, final_steps=final_steps, ensemble=ensemble, seed=seed, device=device,
        ),
        cores=cores,
        show_progress=True,
    )  # fmt: skip
    if json:
        sys.stdout.write(record.model_dump_json(indent=1) + os.linesep)
    else:
        print_distil_verdict(record, directory)
    return 0 if record.passed else 1
