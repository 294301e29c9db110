"""`conduct` and `analyze`: molecular dynamics to conductivity, and the same analysis of other programs' files."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from paddlewheel.cli.values import numbers, type_elements
from paddlewheel.errors import SettingsError

Out = Annotated[
    Path | None, typer.Option("--out", help="Run directory; made if absent, continued if it holds this run.")
]
Json = Annotated[bool, typer.Option("--json", help="The record on stdout, nothing else there.")]
Specie = Annotated[str | None, typer.Option(help="Symbol of the mobile ion, such as Na; guessed when only one fits.")]
Charge = Annotated[float | None, typer.Option(help="Its charge in e; guessed from the chemistry when that is sure.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("conduct", epilog="Example: paddlewheel conduct o-nbh --temperatures 600,700,800 --out runs/o-nbh")(
        conduct
    )
    app.command("analyze", epilog="Example: paddlewheel analyze XDATCAR --specie Li --temperature 500 "
                "--frame-interval-fs 100")(analyze)  # fmt: skip


def conduct(
    structure: Annotated[str, typer.Argument(help="A built-in name (see `structures`) or a file.")],
    out: Out = None,
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
    specie: Specie = None,
    charge: Charge = None,
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
    json: Json = False,
) -> int:
    """Molecular dynamics at several temperatures: diffusivity, conductivity, Arrhenius, report."""
    from paddlewheel.api import conduct as study
    from paddlewheel.study.run_directory import default_directory

    directory = out or default_directory("conduct", structure)
    record = study(
        structure,
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
    return _finish(record, directory, json)


def analyze(
    trajectories: Annotated[
        list[Path], typer.Argument(help="Files: npz, XDATCAR, vasprun.xml, extxyz, traj, dump, zarr.")
    ],
    temperature: Annotated[
        str, typer.Option(help="K; one for all files (replicas), or one for each, separated by commas.")
    ] = "",
    out: Out = None,
    specie: Specie = None,
    frame_interval_fs: Annotated[
        float | None, typer.Option(help="fs between frames, where the file does not say.")
    ] = None,
    charge: Charge = None,
    skip_ps: Annotated[float, typer.Option(help="ps left out at the start of each file.")] = 0.0,
    drift: Annotated[str, typer.Option(help="Drift removed: framework, none or all.")] = "framework",
    minimum_onset_ps: Annotated[float, typer.Option(help="Earliest lag of the MSD's fit, ps.")] = 0.0,
    type_map: Annotated[str, typer.Option(help="LAMMPS types to elements, such as 1=Na,2=B.")] = "",
    json: Json = False,
) -> int:
    """The analysis of `conduct` on trajectories made elsewhere."""
    from paddlewheel.api import analyze_files
    from paddlewheel.study.run_directory import default_directory

    if not temperature:
        raise SettingsError("is needed", where="--temperature", remedy="give the temperature of the run in K")
    directory = out or default_directory("analyze", trajectories[0])
    record = analyze_files(
        trajectories,
        out=directory,
        temperatures_K=numbers(temperature, "--temperature"),
        specie=specie,
        frame_interval_fs=frame_interval_fs,
        charge=charge,
        skip_ps=skip_ps,
        drift=drift,
        minimum_onset_ps=minimum_onset_ps,
        type_map=type_elements(type_map),
    )
    return _finish(record, directory, json)


def _finish(record, directory: Path, json: bool) -> int:
    from paddlewheel.studies.conduct.says import (
        exit_status,
        print_verdict,
    )

    with_report = directory / "report.html"
    if json:
        sys.stdout.write(record.model_dump_json(indent=1) + os.linesep)
    else:
        print_verdict(record)
        print(f"report: {with_report}")
    return exit_status(record)
