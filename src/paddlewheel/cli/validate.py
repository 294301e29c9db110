"""`validate`: any two potentials side by side, with a verdict on each gate."""

from __future__ import annotations

import os
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from paddlewheel.cli.values import numbers
from paddlewheel.errors import SettingsError

if TYPE_CHECKING:
    from paddlewheel.studies.validate.record import ValidationRecord

_ZERO = "0 leaves it out"


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(
        "validate",
        epilog="Example: paddlewheel validate my-nep.txt --against m3gnet-nabh-r2scan o-nbh nabh4 --out runs/my-nep",
    )(validate)


def validate(
    candidate: Annotated[str, typer.Argument(help="The potential to judge (see `potentials`).")],
    structures: Annotated[
        list[str] | None,
        typer.Argument(metavar="[STRUCTURE]...", help="Built-in names or files; default: the built-in ones that fit."),
    ] = None,
    against: Annotated[str, typer.Option(help="The reference: the potential to be like.")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="Run directory; made, or continued.")] = None,
    dataset: Annotated[
        Path | None, typer.Option("--set", help="Labelled set (extxyz with card); default: made, reference labels it.")
    ] = None,
    phase_key: Annotated[str, typer.Option(help="Entry of a frame's info that names its phase.")] = "structure",
    supercell: Annotated[str, typer.Option(help="auto, AxBxC, or by name: o-nbh=1x1x1,nabh4=2x2x2.")] = "auto",
    minimum_length_a: Annotated[
        float, typer.Option("--minimum-length-A", help="auto: every lattice parameter above this, A.")
    ] = 6.0,
    specie: Annotated[str | None, typer.Option(help="Mobile ion; guessed when only one fits.")] = None,
    npt_temperatures: Annotated[str, typer.Option(help="K, separated by commas.")] = "300,500",
    npt_ps: Annotated[float, typer.Option(help=f"NPT of each phase, ps; {_ZERO}.")] = 4.0,
    reference_npt_ps: Annotated[float | None, typer.Option(help="The same of the reference, where it differs.")] = None,
    equilibrate_ps: Annotated[float, typer.Option(help="Left out at the start of every run, ps.")] = 1.0,
    radial_cutoff_a: Annotated[float, typer.Option("--radial-cutoff-A", help=f"Range of g(r), A; {_ZERO}.")] = 6.0,
    eos_points: Annotated[int, typer.Option(help=f"Volumes of the equation of state; {_ZERO}.")] = 7,
    eos_strain: Annotated[float, typer.Option(help="Their largest linear strain.")] = 0.02,
    phonon_displacement_a: Annotated[
        float, typer.Option("--phonon-displacement-A", help=f"Finite displacement, A; {_ZERO}.")
    ] = 0.01,
    spectrum_ps: Annotated[float, typer.Option(help=f"NVT for the vibrational spectra, ps; {_ZERO}.")] = 4.0,
    spectrum_temperature: Annotated[float, typer.Option(help="K.")] = 300.0,
    diffusion_temperatures: Annotated[str, typer.Option(help="K, separated by commas.")] = "600,800",
    diffusion_ps: Annotated[float, typer.Option(help=f"Runs of the first structure for D, ps; {_ZERO}.")] = 50.0,
    reference_diffusion_ps: Annotated[
        float | None, typer.Option(help="The same of the reference, where it differs.")
    ] = None,
    diffusion_ensemble: Annotated[str, typer.Option(help="nvt or npt.")] = "nvt",
    bond_ps: Annotated[float, typer.Option(help=f"Long NPT of the candidate for its polyanions, ps; {_ZERO}.")] = 100.0,
    bond_temperature: Annotated[float, typer.Option(help="K.")] = 800.0,
    set_frames: Annotated[int, typer.Option(help=f"Frames of each kind in a set that is made; {_ZERO}.")] = 10,
    timestep_fs: Annotated[float, typer.Option(help="fs.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Decides every random number.")] = 1,
    reference_runs: Annotated[
        list[Path] | None, typer.Option(help="Earlier run directory whose finished runs are taken; may be repeated.")
    ] = None,
    reference_trajectory: Annotated[
        list[str] | None, typer.Option(help="The reference's trajectory for D, as 600=FILE; may be repeated.")
    ] = None,
    reference_frame_interval_fs: Annotated[float | None, typer.Option(help="Its fs between frames.")] = None,
    limits: Annotated[str, typer.Option(help="Limits of gates: force_MAE_eV_per_A=0.06,density_percent=2.")] = "",
    three_body: Annotated[str, typer.Option(help="parent (smooth) or as_trained, for M3GNet.")] = "parent",
    device: Annotated[str, typer.Option(help="cpu, cuda, ...")] = "cpu",
    candidate_dtype: Annotated[str, typer.Option(help="float32 or float64.")] = "float32",
    reference_dtype: Annotated[str, typer.Option(help="float32 or float64.")] = "float32",
    cores: Annotated[int | None, typer.Option(help="Cores to use; all by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The record on stdout, nothing else there.")] = False,
) -> int:
    """Two potentials side by side: errors, equation of state, phonons, density, g(r), spectra, diffusion, bonds."""
    from paddlewheel.api import validate as study
    from paddlewheel.studies.validate.settings import (
        GateLimits,
        ValidateSettings,
    )

    if not against:
        raise SettingsError("is needed", where="--against", remedy="name the reference potential")
    directory = out or Path(f"validate-{Path(candidate).name.split('.')[0].replace(':', '-')}")
    record = study(
        candidate,
        structures or [],
        against=against,
        out=directory,
        dataset=dataset,
        phase_key=phase_key,
        supercell=_supercells(supercell),
        specie=specie,
        settings=ValidateSettings(
            npt_temperatures_K=tuple(numbers(npt_temperatures, "--npt-temperatures")),
            npt_ps=npt_ps,
            reference_npt_ps=reference_npt_ps,
            equilibrate_ps=equilibrate_ps,
            radial_cutoff_A=radial_cutoff_a,
            eos_points=eos_points,
            eos_strain=eos_strain,
            phonon_displacement_A=phonon_displacement_a,
            spectrum_ps=spectrum_ps,
            spectrum_temperature_K=spectrum_temperature,
            diffusion_temperatures_K=tuple(numbers(diffusion_temperatures, "--diffusion-temperatures")),
            diffusion_ps=diffusion_ps,
            reference_diffusion_ps=reference_diffusion_ps,
            diffusion_ensemble=diffusion_ensemble,
            bond_ps=bond_ps,
            bond_temperature_K=bond_temperature,
            set_frames=set_frames,
            timestep_fs=timestep_fs,
            seed=seed,
            minimum_length_A=minimum_length_a,
        ),
        limits=_limits(limits, GateLimits()),
        reference_runs=reference_runs or [],
        reference_trajectories=_trajectories(reference_trajectory or []),
        reference_frame_interval_fs=reference_frame_interval_fs,
        three_body=three_body,
        device=device,
        candidate_dtype=candidate_dtype,
        reference_dtype=reference_dtype,
        cores=cores,
        show_progress=True,
    )
    return _finish(record, directory, json)


def _finish(record: ValidationRecord, directory: Path, json: bool) -> int:
    if json:
        sys.stdout.write(record.model_dump_json(indent=1) + os.linesep)
    else:
        for gate in record.gates:
            temperature = f"{gate.temperature_K:g} K" if gate.temperature_K is not None else ""
            where = ", ".join(filter(None, [gate.phase or "", temperature]))
            value = "" if gate.measured is None else f"{gate.measured:.3g} (limit {gate.limit:.3g}) {gate.unit}"
            print(f"{gate.verdict:7}  {gate.subject}{f' of {where}' if where else ''}  {value}  {gate.detail}".rstrip())
        print(f"report: {directory / 'report.html'}")
    return 0 if record.passed else 1


def _supercells(text: str) -> str | dict[str, str]:
    if "=" not in text:
        return text
    return {name.strip(): value.strip() for name, _, value in (part.partition("=") for part in text.split(","))}


def _limits(text: str, limits: Any) -> Any:
    known = [field.name for field in fields(limits)]
    given: dict[str, float] = {}
    for part in filter(None, text.split(",")):
        name, _, value = (piece.strip() for piece in part.partition("="))
        try:
            given[name] = float(value)
        except ValueError:
            raise SettingsError(f"'{part}' is no limit", where="--limits", remedy="write density_percent=2") from None
        if name not in known:
            raise SettingsError(f"'{name}' is no gate", where="--limits", remedy=f"use one of {', '.join(known)}")
    return replace(limits, **given)


def _trajectories(given: list[str]) -> dict[float, Path]:
    found: dict[float, Path] = {}
    for text in given:
        temperature, _, path = text.partition("=")
        try:
            found[float(temperature)] = Path(path)
        except ValueError:
            raise SettingsError(f"'{text}'", where="--reference-trajectory", remedy="write 600=FILE") from None
    return found
