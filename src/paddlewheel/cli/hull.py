"""`hull` and `window`: what is stable at which temperature, and at which voltage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paddlewheel.cli.motion import Json, finish
from paddlewheel.cli.values import numbers

Out = Annotated[
    Path | None, typer.Option("--out", help="Run directory; made if absent, continued if it holds this run.")
]
Energies = Annotated[
    list[Path] | None,
    typer.Option(
        help="Table of given energies: CSV, YAML, computed entries as JSON, or materials-project (with a key in "
        "MP_API_KEY); may be repeated."
    ),
]
Phases = Annotated[
    list[Path] | None, typer.Option(help="Run directory of `phonons`, a phase of the user's; may be repeated.")
]
Potential = Annotated[
    str | None, typer.Option(help="For the built-in phases, where nothing is given; default m3gnet-nabh-r2scan.")
]
Orderings = Annotated[int, typer.Option(help="Orderings of a disordered phase that is built in.")]
Pressure = Annotated[float, typer.Option("--pressure-bar", help="Of each gas, bar.")]
Seed = Annotated[int, typer.Option(help="Decides orderings and samples of the errors.")]
Cores = Annotated[int | None, typer.Option(help="Cores to use; all by default.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("hull", epilog="Example: paddlewheel hull Na-B-H --temperatures 300,650 --out runs/hull")(hull)
    app.command("window", epilog="Example: paddlewheel window o-nbh --reference Na9Sn4 --reference-potential-V 0.1")(
        window
    )


def hull(
    system: Annotated[str, typer.Argument(help="Elements, such as Na-B-H.")],
    temperatures: Annotated[str, typer.Option(help="K, separated by commas.")] = "300,650",
    energies: Energies = None,
    phases: Phases = None,
    target: Annotated[str | None, typer.Option(help="Name of the phase to be marked.")] = None,
    potential: Potential = None,
    orderings: Orderings = 5,
    pressure_bar: Pressure = 1.0,
    out: Out = None,
    seed: Seed = 1,
    cores: Cores = None,
    json: Json = False,
) -> int:
    """Free-energy hull of a chemical system: what is stable at which temperature, and what the rest falls into."""
    from paddlewheel.api import hull as study

    directory = out or Path(f"hull-{system}")
    record = study(
        system, temperatures_K=numbers(temperatures, "--temperatures"), energies=energies or (), phases=phases or (),
        target=target, potential=potential, n_orderings=orderings, pressure_bar=pressure_bar, out=directory, seed=seed,
        cores=cores, show_progress=not json,
    )  # fmt: skip
    lines = []
    for one in record.temperatures:
        lines.append(f"{one.temperature_K:g} K")
        for row in sorted(one.phases, key=lambda row: row.e_above_hull_meV_per_atom.value):
            above = row.e_above_hull_meV_per_atom
            told = (
                "on the hull" if above.value == 0 else f"{above.value:.1f} +- {above.std:.1f} meV/atom: {row.reaction}"
            )
            lines.append(f"  {row.name}: {told}")
    for crossing in record.crossings:
        verb = "becomes stable" if crossing.becomes_stable else "is no longer stable"
        lines.append(
            f"{crossing.name} {verb} at {crossing.temperature_K.value:.0f} +- {crossing.temperature_K.std:.0f} K"
        )
    lines += [f"left out: {one.name} ({one.reason})" for one in record.left_out]
    lines += [f"warning: {text}" for text in record.warnings]
    return finish(record, directory, json, lines)


def window(
    structure: Annotated[str, typer.Argument(help="A phase: built in (o-nbh), or of the tables and runs given.")],
    system: Annotated[str | None, typer.Option(help="Elements, where phases are given, such as Li-P-S.")] = None,
    ion: Annotated[str, typer.Option(help="The mobile ion, of charge 1; its metal is 0 V.")] = "Na",
    temperature: Annotated[float, typer.Option(help="K.")] = 300.0,
    energies: Energies = None,
    phases: Phases = None,
    reference: Annotated[str | None, typer.Option(help="Another reference electrode, such as Na9Sn4.")] = None,
    reference_potential_V: Annotated[
        float | None, typer.Option("--reference-potential-V", help="Its potential against the metal, V.")
    ] = None,
    interface: Annotated[list[str] | None, typer.Option(help="A phase that it touches; may be repeated.")] = None,
    voltage_V: Annotated[
        float | None, typer.Option("--voltage-V", help="For interfaces also in contact with the ion at this voltage.")
    ] = None,
    potential: Potential = None,
    orderings: Orderings = 5,
    pressure_bar: Pressure = 1.0,
    out: Out = None,
    seed: Seed = 1,
    cores: Cores = None,
    json: Json = False,
) -> int:
    """Electrochemical stability window: limits, the reactions beyond them, their capacity and volume change."""
    from paddlewheel.api import window as study
    from paddlewheel.study.run_directory import default_directory

    directory = out or default_directory("window", structure)
    record = study(
        structure, system=system, ion=ion, temperature_K=temperature, energies=energies or (), phases=phases or (),
        reference=reference, reference_potential_V=reference_potential_V, interfaces=interface or (),
        voltage_V=voltage_V, potential=potential, n_orderings=orderings, pressure_bar=pressure_bar, out=directory,
        seed=seed, cores=cores, show_progress=not json,
    )  # fmt: skip
    low, high = record.reduction_limit_V, record.oxidation_limit_V
    lines = [
        f"{record.target}: {low.value:.2f} +- {low.std:.2f} to {high.value:.2f} +- {high.std:.2f} V "
        f"against {record.ion}"
    ]
    if record.reduction_limit_V_vs_reference and record.oxidation_limit_V_vs_reference:
        lines.append(
            f"against {record.reference}: {record.reduction_limit_V_vs_reference.value:.2f} to "
            f"{record.oxidation_limit_V_vs_reference.value:.2f} V"
        )
    for step in record.steps:
        volume = "" if step.volume_change is None else f", volume {100 * step.volume_change:+.0f} %"
        lines.append(
            f"  from {step.voltage_V.value:.2f} V: {step.reaction} ({step.capacity_mAh_per_g:+.0f} mAh/g{volume})"
        )
    lines += [
        f"with {one.other}{'' if one.voltage_V is None else f' at {one.voltage_V:g} V'}: {one.reaction} "
        f"({one.energy_meV_per_atom:.0f} meV/atom)"
        for one in record.interfaces
    ]
    lines += [f"warning: {text}" for text in record.warnings]
    return finish(record, directory, json, lines)
