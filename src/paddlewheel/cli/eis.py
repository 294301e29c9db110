"""`eis`: impedance spectra of a pellet to conductivity and activation energies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paddlewheel.cli.motion import Json, Out, finish
from paddlewheel.cli.values import numbers

if TYPE_CHECKING:
    from paddlewheel.records import Measured
    from paddlewheel.records.arrhenius import (
        ArrheniusResult,
    )
    from paddlewheel.studies.eis.record import EisRecord


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(
        "eis",
        epilog="Example: paddlewheel eis pellet-7/ --diameter-cm 0.8 --thickness-cm 0.21 --out runs/pellet-7",
    )(eis)


def eis(
    spectra: Annotated[
        list[Path], typer.Argument(metavar="SPECTRUM...", help="Files or folders of impedance spectra of one sample.")
    ],
    out: Out = None,
    diameter_cm: Annotated[float | None, typer.Option(help="Diameter of the pellet, cm.")] = None,
    thickness_cm: Annotated[float | None, typer.Option(help="Its thickness, cm.")] = None,
    diameter_std_cm: Annotated[float, typer.Option(help="Standard uncertainty of the diameter, cm.")] = 0.0,
    thickness_std_cm: Annotated[float, typer.Option(help="Standard uncertainty of the thickness, cm.")] = 0.0,
    temperatures: Annotated[
        str, typer.Option(help="K, one for all or one a spectrum, over what the files say.", show_default=False)
    ] = "",
    circuit: Annotated[
        str, typer.Option(help="auto (one for all spectra), each (chosen for each), or such as R-RQ-RQ-CPE.")
    ] = "auto",
    weighting: Annotated[str, typer.Option(help="modulus, proportional or unit.")] = "modulus",
    allow_violations: Annotated[
        bool, typer.Option("--allow-violations", help="Keep spectra that fail the Kramers-Kronig test in the fits.")
    ] = False,
    dE_dx_v: Annotated[
        float | None, typer.Option("--dE-dx-V", help="Slope of the electrode's voltage against its content, V.")
    ] = None,
    molar_volume_cm3_per_mol: Annotated[
        float | None, typer.Option(help="Molar volume of the electrode, cm3/mol; with --dE-dx-V.")
    ] = None,
    concentration_mol_per_cm3: Annotated[
        float | None, typer.Option(help="Of the diffusing species, mol/cm3; instead of --dE-dx-V.")
    ] = None,
    diffusion_length_cm: Annotated[
        float | None, typer.Option(help="Length diffused through, cm; for the tails Ws and Wo.")
    ] = None,
    sample: Annotated[
        Path | None, typer.Option(help="File of the sample (YAML), for the geometry instead of the sizes.")
    ] = None,
    beside: Annotated[
        Path | None,
        typer.Option(
            help="Another analysis, point by point beside ours: CSV of part,quantity,temperature_K,value,std."
        ),
    ] = None,
    json: Json = False,
) -> int:
    """Kramers-Kronig test, circuit, resistances, conductivity, Arrhenius and interface of impedance spectra."""
    from paddlewheel.api import eis as study
    from paddlewheel.study.run_directory import default_directory

    directory = out or default_directory("eis", spectra[0])
    record = study(
        spectra[0] if len(spectra) == 1 else spectra,
        out=directory,
        diameter_cm=diameter_cm,
        thickness_cm=thickness_cm,
        diameter_std_cm=diameter_std_cm,
        thickness_std_cm=thickness_std_cm,
        temperatures_K=numbers(temperatures, "--temperatures") if temperatures else (),
        circuit=circuit,
        weighting=weighting,
        allow_violations=allow_violations,
        dE_dx_V=dE_dx_v,
        molar_volume_cm3_per_mol=molar_volume_cm3_per_mol,
        concentration_mol_per_cm3=concentration_mol_per_cm3,
        diffusion_length_cm=diffusion_length_cm,
        sample=sample,
        beside=beside,
    )
    return finish(record, directory, json, _lines(record))


def _lines(record: EisRecord) -> list[str]:
    failed = [one.name for one in record.spectra if not one.kramers_kronig.passed]
    lines = [
        f"Kramers-Kronig: {len(record.spectra) - len(failed)} of {len(record.spectra)} spectra pass",
        f"circuit: {record.circuit} ({record.circuit_reason})",
    ]
    for one in record.spectra:
        at = f"{one.temperature_K:g} K" if one.temperature_K is not None else one.name
        sigma, total = one.conductivity_mS_per_cm.total, one.resistances_ohm.total
        told = _measured(sigma, "mS/cm") if sigma else _measured(total, "ohm")
        spread = f", readings differ by {one.spread_percent:.1f} %" if one.spread_percent is not None else ""
        lines.append(f"{at}: {told}{spread}")
    for name in ("total", "grain_boundary", "bulk"):
        fit: ArrheniusResult | None = getattr(record.arrhenius, name)
        if fit is not None:
            words = name.replace("_", " ")
            lines.append(f"Ea {words}: {fit.refused or _measured(fit.activation_energy_eV, 'eV')}")
    if record.interface is not None and record.interface.laws:
        law = record.interface.laws[0]
        lines.append(f"interface: {law.law}, {_measured(law.rate_ohm, 'ohm')} per {record.interface.against}")
    return [*lines, *(f"warning: {text}" for text in record.warnings)]


def _measured(quantity: Measured | None, unit: str) -> str:
    return "none" if quantity is None else f"{quantity.value:.4g} +- {quantity.std:.2g} {unit}"
