"""`phonons`: the free energy of a crystal's vibrations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paddlewheel.cli.motion import Json, finish
from paddlewheel.cli.values import numbers

if TYPE_CHECKING:
    from paddlewheel.studies.phonons.record import PhononRecord


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(
        "phonons", epilog="Example: paddlewheel phonons nabh4 --temperatures 0,300,650 --out runs/phonons-nabh4"
    )(phonons)


def phonons(
    structure: Annotated[str, typer.Argument(help="A built-in name (see `structures`) or a file.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Run directory; made if absent, continued if it holds this run.")
    ] = None,
    potential: Annotated[
        str | None, typer.Option(help="See `potentials`; default: the one made for these elements.")
    ] = None,
    temperatures: Annotated[str, typer.Option(help="K from 0 up, separated by commas.")] = (
        "0,100,200,300,400,500,600,700,800"
    ),
    supercell: Annotated[
        str, typer.Option(help="auto (larger ones until F(300 K) stays) or AxBxC, compared with one repeat less.")
    ] = "auto",
    max_atoms: Annotated[int, typer.Option(help="Largest supercell of auto.")] = 600,
    displacement_a: Annotated[float, typer.Option("--displacement-A", help="Length of the displacements, A.")] = 0.01,
    fmax: Annotated[float, typer.Option(help="Largest force left by the relaxation, eV/A.")] = 1e-4,
    keep_symmetry: Annotated[bool, typer.Option(help="Relax within the space group it comes with.")] = True,
    tolerance_mev: Annotated[float, typer.Option("--tolerance-meV", help="What F(300 K) may move by, meV/atom.")] = 1.0,
    quasi_harmonic: Annotated[
        bool, typer.Option("--quasi-harmonic", help="Also let the volume follow the temperature.")
    ] = False,
    three_body: Annotated[str, typer.Option(help="parent (smooth) or as_trained, for M3GNet.")] = "parent",
    device: Annotated[str, typer.Option(help="cpu, cuda, ...")] = "cpu",
    dtype: Annotated[
        str | None,
        typer.Option(help="float64 (default where the engine has it), or float32: coarse for displacements."),
    ] = None,
    cores: Annotated[int | None, typer.Option(help="Cores to use; default: all.")] = None,
    json: Json = False,
) -> int:
    """Phonons of a crystal: bands, density of states, free energy, entropy and heat capacity."""
    from paddlewheel.api import phonons as study
    from paddlewheel.study.run_directory import default_directory

    directory = out or default_directory("phonons", structure)
    record = study(
        structure,
        out=directory,
        potential=potential,
        temperatures_K=numbers(temperatures, "--temperatures"),
        supercell=supercell,
        max_atoms=max_atoms,
        displacement_A=displacement_a,
        fmax_eV_per_A=fmax,
        keep_symmetry=keep_symmetry,
        tolerance_meV_per_atom=tolerance_mev,
        quasi_harmonic=quasi_harmonic,
        three_body=three_body,
        device=device,
        dtype=dtype,
        cores=cores,
        show_progress=not json,
    )
    return finish(record, directory, json, _lines(record), status=0 if record.thermal else 1)


def _lines(record: PhononRecord) -> list[str]:
    lines = [f"{record.structure}, {record.formula}, {record.space_group or record.space_group_start}: {record.status}"]
    if record.status != "ok":
        lines.append(f"why: {record.reason}")
    if record.convergence is not None:
        last = record.convergence.supercells[-1]
        lines.append(f"supercell {'x'.join(map(str, last.repeats))}, {last.n_displacements} displacements")
    for row in record.thermal:
        free = row.free_energy_eV_per_atom
        lines.append(
            f"{row.temperature_K:g} K: F {free.value:.5f} +- {free.std:.5f} eV/atom, "
            f"S {row.entropy_eV_per_K_per_atom.value * 1000:.4f} meV/(K atom), "
            f"Cv {row.heat_capacity_eV_per_K_per_atom.value * 1000:.4f} meV/(K atom)"
        )
    return [*lines, *(f"warning: {text}" for text in record.warnings)]
