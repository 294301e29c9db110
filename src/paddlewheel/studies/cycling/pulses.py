"""Diffusivities and resistances of `cycling`: the rows of its record, from pulses and interruptions of the current."""

from __future__ import annotations

from paddlewheel.lab.cycling.charge import passed_charge_Ah
from paddlewheel.lab.cycling.pulses import pulse_resistances
from paddlewheel.lab.cycling.titration import diffusion_points, find_stretches
from paddlewheel.lab.table import CellTest
from paddlewheel.records import Citation, Measured
from paddlewheel.studies.cycling.record import DiffusionRow, PulseRow

_CM_PER_UM = 1e-4
_CITATIONS = {
    "GITT": Citation(
        what="GITT", reference="Weppner and Huggins, J. Electrochem. Soc. 124, 1569 (1977)", doi="10.1149/1.2133112"
    ),
    "ICI": Citation(
        what="ICI", reference="Chien et al., Nat. Commun. 14, 2289 (2023)", doi="10.1038/s41467-023-37989-6"
    ),
    "pulses": Citation(
        what="pulse resistances", reference="Battery Test Manual for Electric Vehicles, INL/EXT-15-34184 (2015)",
        doi="10.2172/1186745",
    ),
}  # fmt: skip


def diffusion_length_um(particle_radius_um: float | None, film_thickness_um: float | None) -> float | None:
    """Volume of the particles over their surface: a third of a sphere's radius, a film's thickness."""
    return particle_radius_um / 3 if particle_radius_um is not None else film_thickness_um


def pulses_of(test: CellTest, length_um: float | None) -> tuple[list[DiffusionRow], list[PulseRow]]:
    """Every diffusivity and every pulse resistance that the rows of a mended test give."""
    stretches, charge_Ah = find_stretches(test), passed_charge_Ah(test)
    diffusion = []
    for point in diffusion_points(test, stretches, charge_Ah):
        rate = point.per_length2_per_s
        known = rate is not None and length_um is not None
        value = (rate or 0.0) * ((length_um or 0.0) * _CM_PER_UM) ** 2
        diffusion.append(
            DiffusionRow(
                method=point.method,
                half="charge" if point.charging else "discharge",
                row=point.row,
                charge_mAh=1000 * point.charge_Ah,
                voltage_V=point.voltage_V,
                diffusivity_cm2_per_s=Measured.or_none(value, value * (point.relative_std or 0.0)) if known else None,
                over_length2_per_s=rate,
                resistance_ohm=point.resistance_ohm,
                problem=point.problem,
            )
        )
    resistances = [
        PulseRow(
            half="charge" if pulse.charging else "discharge",
            row=pulse.row,
            current_mA=1000 * pulse.current_A,
            duration_s=pulse.duration_s,
            charge_share=pulse.charge_share,
            rest_V=pulse.rest_V,
            resistance_ohm={f"{time_s:g} s": ohm for time_s, ohm in pulse.resistance_ohm.items()},
        )
        for pulse in pulse_resistances(test, stretches, charge_Ah)
    ]
    return diffusion, resistances


def citations_of(diffusion: list[DiffusionRow], resistances: list[PulseRow]) -> list[Citation]:
    """What is to be cited for them."""
    used = [method for method in ("GITT", "ICI") if any(row.method == method for row in diffusion)]
    return [_CITATIONS[name] for name in [*used, *(["pulses"] if resistances else [])]]
