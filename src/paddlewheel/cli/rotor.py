"""`rotor`: heavier anions, slower rotors; what becomes of the conductivity."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paddlewheel.cli.motion import finish
from paddlewheel.cli.values import named_numbers, numbers


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(
        "rotor",
        epilog="Example: paddlewheel rotor o-nbh --anions BH4,B12H12,all --factors 1,4,10 --temperatures "
        "600,700,800,900 --out runs/rotor",
    )(rotor)


def rotor(
    structure: Annotated[str, typer.Argument(help="A built-in name (see `structures`) or a file.")],
    anions: Annotated[
        str | None, typer.Option(help="Whose masses to scale, by formula; all: every anion. Default: each, and all.")
    ] = None,
    factors: Annotated[str, typer.Option(help="Mass factors, separated by commas; 1 is always there.")] = "1,4,10",
    scale: Annotated[
        list[str] | None,
        typer.Option(help="One more point, such as BH4=4,B12H12=10; alone it replaces the series; may be repeated."),
    ] = None,
    active_window_ps: Annotated[
        float | None, typer.Option(help="Window of active ions, ps; default: 1000, or the production if shorter.")
    ] = None,
    active_threshold_a2: Annotated[
        float, typer.Option("--active-threshold-A2", help="Least MSD of an active ion, A^2.")
    ] = 21.0,
    reference_temperature: Annotated[
        float | None, typer.Option(help="K, for active ions and rotation; default: the lowest with sane runs.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Run directory; made if absent, continued if it holds this run.")
    ] = None,
    potential: Annotated[
        str | None, typer.Option(help="See `potentials`; default: the one made for these elements.")
    ] = None,
    temperatures: Annotated[str, typer.Option(help="K, separated by commas.")] = "600,700,800",
    ensemble: Annotated[str, typer.Option(help="npt, nvt, nve or langevin.")] = "npt",
    timestep_fs: Annotated[float, typer.Option(help="fs.")] = 1.0,
    equilibrate_ps: Annotated[float, typer.Option(help="ps left out at the start.")] = 2.0,
    production_ps: Annotated[float, typer.Option(help="ps analysed.")] = 20.0,
    replicas: Annotated[int, typer.Option(help="Independent runs at each temperature.")] = 1,
    supercell: Annotated[str, typer.Option(help="auto (every lattice parameter above 10 A) or AxBxC.")] = "auto",
    specie: Annotated[str | None, typer.Option(help="Mobile ion; guessed when only one fits.")] = None,
    charge: Annotated[float | None, typer.Option(help="Its charge in e; guessed when that is sure.")] = None,
    seed: Annotated[int, typer.Option(help="Decides every random number.")] = 1,
    orderings: Annotated[
        int | None, typer.Option(help="Ordered cells to make of a structure with partial occupancies; a replica each.")
    ] = None,
    frame_interval_fs: Annotated[float, typer.Option(help="fs between kept frames.")] = 10.0,
    pressure_gpa: Annotated[float, typer.Option("--pressure-GPa", help="GPa, for npt.")] = 0.0,
    three_body: Annotated[str, typer.Option(help="parent (smooth) or as_trained, for M3GNet.")] = "parent",
    device: Annotated[str, typer.Option(help="cpu, cuda, ...")] = "cpu",
    dtype: Annotated[str, typer.Option(help="float32 or float64.")] = "float32",
    minimum_onset_ps: Annotated[float, typer.Option(help="Earliest lag of the MSD's fit, ps.")] = 0.5,
    extrapolation_threshold: Annotated[
        float, typer.Option(help="Extrapolation grade over which a step counts and its frame is kept.")
    ] = 2.1,
    allow_extrapolating: Annotated[
        bool, typer.Option(help="Fit temperatures at which the potential extrapolates, too; may be added later.")
    ] = False,
    arrhenius: Annotated[bool, typer.Option(help="Fit ln(sigma T); needs two temperatures.")] = True,
    cores: Annotated[int | None, typer.Option(help="Cores to use; all by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The record on stdout, nothing else there.")] = False,
) -> int:
    """Conductivity, activation energy, active ions and rotation against the mass of the anions."""
    from paddlewheel.api import rotor as study
    from paddlewheel.studies.rotor.says import (
        exit_status,
        verdict_lines,
    )
    from paddlewheel.study.run_directory import default_directory

    directory = out or default_directory("rotor", structure)
    record = study(
        structure,
        anions=[name.strip() for name in anions.split(",")] if anions is not None else None,
        factors=numbers(factors, "--factors"),
        scale=[named_numbers(one, "--scale", example="BH4=4,B12H12=10") for one in scale or []],
        active_window_ps=active_window_ps,
        active_threshold_A2=active_threshold_a2,
        reference_temperature_K=reference_temperature,
        out=directory,
        potential=potential,
        temperatures_K=numbers(temperatures, "--temperatures"),
        ensemble=ensemble,
        timestep_fs=timestep_fs,
        equilibrate_ps=equilibrate_ps,
        production_ps=production_ps,
        replicas=replicas,
        supercell=supercell,
        specie=specie,
        charge=charge,
        seed=seed,
        orderings=orderings,
        frame_interval_fs=frame_interval_fs,
        pressure_GPa=pressure_gpa,
        three_body=three_body,
        device=device,
        dtype=dtype,
        minimum_onset_ps=minimum_onset_ps,
        extrapolation_threshold=extrapolation_threshold,
        allow_extrapolating=allow_extrapolating,
        arrhenius=arrhenius,
        cores=cores,
        show_progress=True,
    )
    return finish(record, directory, json, verdict_lines(record), status=exit_status(record))
