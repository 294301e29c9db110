"""The record of `sites` from what was followed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from paddlewheel.records import (
    Citation,
    Measured,
)
from paddlewheel.studies.sites.record import (
    FamilyJumps,
    SiteFamily,
    SiteResult,
    SitesRecord,
)
from paddlewheel.transport.sites import (
    Assignment,
    CorrelationFactor,
    Jumps,
    Occupancy,
    PairRate,
    Rate,
    Sites,
    Survival,
    correlation_factor,
    dispersion,
    exit_rates,
    family_occupancy,
    family_rates,
    find_jumps,
    site_occupancy,
    site_volumes_A3,
    survival,
)
from paddlewheel.units import BOLTZMANN_eV_PER_K

_PLANCK_eV_PS = 4.135667696e-3
_CROWDED = 1.1
_LITTLE_CORE = 0.2
_MANY_UNSEEN = 0.2

_CITATIONS = (
    Citation(
        what="core sets: an ion belongs to the core visited last",
        reference="Schuette, Noe, Lu, Sarich, Vanden-Eijnden, J. Chem. Phys. 134, 204105 (2011)",
        doi="10.1063/1.3590108",
    ),
    Citation(
        what="jump rates and diffusivity from molecular dynamics",
        reference="de Klerk, van der Maas, Wagemaker, ACS Appl. Energy Mater. 1, 3230 (2018)",
        doi="10.1021/acsaem.8b00457",
    ),
    Citation(
        what="correlation factor",
        reference="Compaan, Haven, Trans. Faraday Soc. 52, 786 (1956)",
        doi="10.1039/TF9565200786",
    ),
    Citation(
        what="intervals of counts", reference="Garwood, Biometrika 28, 437 (1936)", doi="10.1093/biomet/28.3-4.437"
    ),
    Citation(
        what="survival with censored stays",
        reference="Kaplan, Meier, J. Am. Stat. Assoc. 53, 457 (1958)",
        doi="10.1080/01621459.1958.10501452",
    ),
    Citation(
        what="unwrapping in a changing cell",
        reference="von Buelow, Bullerjahn, Hummer, J. Chem. Phys. 153, 021101 (2020)",
        doi="10.1063/5.0008316",
    ),
)
_SPGLIB = Citation(
    what="symmetry (spglib)",
    reference="Togo, Shinohara, Tanaka, Sci. Technol. Adv. Mater. Meth. 4, 2384822 (2024)",
    doi="10.1080/27660400.2024.2384822",
)


@dataclass(frozen=True)
class Placed:
    """Sites in the simulated cell, and where they and their families are from."""

    sites: Sites
    source: str
    families_by: Literal["label", "symmetry", "site"]
    space_group: str | None
    repeats: tuple[int, int, int] | None


def sites_record(
    assignment: Assignment, placed: Placed, *, specie: str, temperature_K: float | None, common: Mapping[str, Any]
) -> tuple[SitesRecord, Jumps, dict[str, Survival]]:
    """The record, the table of jumps, and the survival curve of each family that has one."""
    sites, jumps = assignment.sites, find_jumps(assignment)
    factor = correlation_factor(assignment, jumps)
    by_site = site_occupancy(assignment)
    spread = dispersion(assignment, jumps)
    total = Rate(len(jumps), assignment.ion_time_ps)
    families, names = sites.family_index, sites.family_names
    curves = {name: survival(assignment, families, index) for index, name in enumerate(names)}
    record = SitesRecord(
        specie=specie,
        temperature_K=temperature_K,
        site_source=placed.source,
        families_by=placed.families_by,
        space_group=placed.space_group,
        repeats=placed.repeats,
        mean_cell_A=tuple(tuple(row) for row in sites.cell_A.tolist()),  # type: ignore[arg-type]
        n_ions=assignment.n_ions,
        n_sites=len(sites),
        families=_families(assignment),
        sites=_sites(assignment, by_site),
        family_jumps=[_family_jumps(one, names, temperature_K) for one in family_rates(assignment, jumps)],
        n_jumps=len(jumps),
        jump_rate_per_ps=_rate(total, widened=np.sqrt(max(1.0, spread or 1.0))),
        jump_rate_95_per_ps=total.interval_per_ps(0.95),
        dispersion=spread,
        jump_length_A=float(np.sqrt(np.mean(jumps.length_A**2))) if len(jumps) else None,
        return_share=float(jumps.is_return.sum() / jumps.has_next.sum()) if jumps.has_next.any() else None,
        unseen_share=_unseen(assignment, jumps),
        core_share=assignment.core_share,
        unassigned_share=assignment.unassigned_share,
        jump_diffusivity_cm2_per_s=_pair(factor.jump.value_cm2_per_s, factor.jump.std_cm2_per_s),
        tracer_diffusivity_cm2_per_s=_pair(factor.tracer.value_cm2_per_s, factor.tracer.std_cm2_per_s),
        correlation_factor=_pair(factor.value, factor.std),
        correlation_factor_95=factor.interval_95,
        correlation_status=factor.reason or "ok",
        warnings=_warnings(assignment, by_site, jumps, factor, placed),
        citations=[*_CITATIONS, *([_SPGLIB] if placed.space_group else [])],
        **common,
    )
    return record, jumps, {name: curve for name, curve in curves.items() if curve is not None}


def _families(assignment: Assignment) -> list[SiteFamily]:
    sites = assignment.sites
    groups, found = sites.family_index, family_occupancy(assignment)
    volumes = np.bincount(groups, weights=site_volumes_A3(sites)) / sites.multiplicity
    radii = np.bincount(groups, weights=assignment.radii_A) / sites.multiplicity
    rows = []
    for index, (name, rate) in enumerate(zip(sites.family_names, exit_rates(assignment, groups), strict=True)):
        rows.append(
            SiteFamily(
                name=name,
                n_sites=int(sites.multiplicity[index]),
                volume_A3=float(volumes[index]),
                core_radius_A=float(radii[index]),
                **_occupancy(found, index),
                exits=rate.count,
                exit_rate_per_ps=_rate(rate),
                exit_rate_95_per_ps=rate.interval_per_ps(0.95),
                residence_time_ps=_residence(rate),
                residence_time_95_ps=_residence_95(rate),
            )
        )
    return rows


def _sites(assignment: Assignment, found: Occupancy) -> list[SiteResult]:
    sites = assignment.sites
    volumes = site_volumes_A3(sites)
    rates = exit_rates(assignment, np.arange(len(sites)))
    return [
        SiteResult(
            label=sites.labels[index],
            family=sites.families[index],
            fractional=tuple(sites.fractional[index].tolist()),
            volume_A3=float(volumes[index]),
            core_radius_A=float(assignment.radii_A[index]),
            **_occupancy(found, index),
            exits=rate.count,
            residence_time_ps=_residence(rate),
        )
        for index, rate in enumerate(rates)
    ]


def _occupancy(found: Occupancy, index: int) -> dict[str, Any]:
    std = found.std[index]
    return {
        "occupancy_seen": float(found.mean[index]),
        "occupancy": _pair(float(found.mean[index]), float(std) if np.isfinite(std) else None),
        "occupancy_nearest": float(found.nearest[index]),
        "occupancy_core": float(found.inside[index]),
    }


def _family_jumps(one: PairRate, names: tuple[str, ...], temperature_K: float | None) -> FamilyJumps:
    rate, interval = _rate(one.rate), one.rate.interval_per_ps(0.95)
    assert rate is not None  # only pairs with a jump are listed
    assert interval is not None
    energy = None
    if temperature_K is not None:
        thermal = BOLTZMANN_eV_PER_K * temperature_K
        energy = Measured(
            value=float(thermal * np.log(thermal / (_PLANCK_eV_PS * rate.value))), std=thermal * rate.std / rate.value
        )
    return FamilyJumps(
        origin=names[one.origin],
        destination=names[one.destination],
        count=one.rate.count,
        rate_per_ps=rate,
        rate_95_per_ps=interval,
        length_A=one.length_A,
        activation_free_energy_eV=energy,
    )


def _rate(rate: Rate, *, widened: float = 1.0) -> Measured | None:
    std = rate.std_per_ps
    return _pair(rate.value_per_ps, None if std is None else widened * std)


def _residence(rate: Rate) -> Measured | None:
    """Mean residence time; its relative error is that of the count."""
    mean = rate.mean_time_ps()
    return None if mean is None else Measured(value=mean, std=mean / np.sqrt(rate.count))


def _residence_95(rate: Rate) -> tuple[float, float] | None:
    ends = rate.mean_time_interval_ps(0.95)
    return None if ends is None or ends[1] is None else (ends[0], ends[1])


def _pair(value: float | None, std: float | None) -> Measured | None:
    return None if value is None or std is None else Measured(value=float(value), std=float(std))


def _unseen(assignment: Assignment, jumps: Jumps) -> float | None:
    return float((jumps.transit_ps < 1.5 * assignment.step_ps).mean()) if len(jumps) else None


def _warnings(
    assignment: Assignment, found: Occupancy, jumps: Jumps, factor: CorrelationFactor, placed: Placed
) -> list[str]:
    warnings = list(factor.tracer.notes) if factor.value is not None else []
    crowded = np.flatnonzero(found.nearest > _CROWDED)
    if len(crowded):
        worst = crowded[np.argmax(found.nearest[crowded])]
        remedy = "lower the smoothing or the barrier" if placed.source == "density" else "add them to the list"
        warnings.append(
            f"{len(crowded)} of {len(found.nearest)} sites are the nearest of more than one ion on average "
            f"({placed.sites.labels[worst]}: {found.nearest[worst]:.2f}): places are missing, {remedy}"
        )
    if assignment.core_share < _LITTLE_CORE:
        warnings.append(
            f"ions are inside a core for {100 * assignment.core_share:.0f} % of the time only: the sites, or the "
            "origin of their list, may not be those of this run"
        )
    unseen = _unseen(assignment, jumps)
    if unseen is not None and unseen > _MANY_UNSEEN:
        warnings.append(
            f"{100 * unseen:.0f} % of the jumps happen between two consecutive frames: recrossings and sites passed "
            "on the way are not seen, write frames more often"
        )
    if placed.space_group == "P1":
        warnings.append("the mean framework has no symmetry (P1): every site is a family of its own")
    spread = dispersion(assignment, jumps)
    if spread is not None and spread > 2:
        warnings.append(
            f"the number of jumps of an ion varies {spread:.1f} times more than a Poisson count: ions are not alike, "
            "or jump in bursts; intervals of rates by family and by pair take jumps for independent and are too short"
        )
    return warnings
