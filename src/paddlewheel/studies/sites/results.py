"""What was followed, as it stands in the record of `sites` and in the tables beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from paddlewheel.records import Citation, Measured
from paddlewheel.studies.sites.record import (
    IONS,
    JUMPS,
    PAIRS,
    SITE_LIST,
    SITES,
    SURVIVAL,
    FamiliesBy,
    FamilyJumps,
    SiteFamily,
    SiteResult,
    SitesRecord,
)
from paddlewheel.study.citations import SPGLIB, UNWRAPPING
from paddlewheel.study.run import Run
from paddlewheel.transport.sites import (
    Assignment,
    CorrelationFactor,
    Jumps,
    Occupancy,
    PairRate,
    Rate,
    Sites,
    correlation_factor,
    counts_by_ion,
    dispersion,
    exit_rates,
    family_occupancy,
    family_rates,
    find_jumps,
    pair_rates,
    site_occupancy,
    site_volumes_A3,
    survival,
)
from paddlewheel.units import BOLTZMANN_eV_PER_K, PLANCK_eV_PS

_ONE_SIGMA = 0.6827
_Table = dict[str, Sequence[Any] | np.ndarray]
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
    UNWRAPPING,
)


@dataclass(frozen=True)
class Placed:
    """Sites in the simulated cell, and where they and their families are from."""

    sites: Sites
    source: str
    families_by: FamiliesBy
    space_group: str | None
    repeats: tuple[int, int, int] | None


def sites_record(
    assignment: Assignment, placed: Placed, run: Run, *, indices: np.ndarray, common: Mapping[str, Any]
) -> SitesRecord:
    """The record, with its tables kept beside it.

    Parameters
    ----------
    indices
        Indices of the ions in the trajectory, `[n_ions]`.
    common
        The fields that all records of trajectories have.
    """
    sites, jumps = assignment.sites, find_jumps(assignment)
    factor = correlation_factor(assignment, jumps)
    by_site = site_occupancy(assignment)
    spread = dispersion(assignment, jumps)
    total = Rate(len(jumps), assignment.ion_time_ps)
    names, temperature_K = sites.family_names, common["temperature_K"]
    by_symmetry = [SPGLIB] if placed.space_group else []
    record = SitesRecord(
        **common,
        site_source=placed.source,
        families_by=placed.families_by,
        space_group=placed.space_group,
        repeats=placed.repeats,
        mean_cell_A=tuple(tuple(row) for row in sites.cell_A.tolist()),  # type: ignore[arg-type]
        n_ions=assignment.n_ions,
        n_sites=len(sites),
        families=_families(assignment),
        sites=_sites(assignment, by_site),
        family_jumps=[_family_jumps(pair, names, temperature_K) for pair in family_rates(assignment, jumps)],
        n_jumps=len(jumps),
        jump_rate_per_ps=_rate(total, widened=np.sqrt(max(1.0, spread or 1.0))),
        jump_rate_95_per_ps=total.interval_per_ps(0.95),
        dispersion=spread,
        jump_length_A=float(np.sqrt(np.mean(jumps.length_A**2))) if len(jumps) else None,
        return_share=float(jumps.is_return.sum() / jumps.has_next.sum()) if jumps.has_next.any() else None,
        unseen_share=_unseen(assignment, jumps),
        core_share=assignment.core_share,
        unassigned_share=assignment.unassigned_share,
        jump_diffusivity_cm2_per_s=Measured.or_none(factor.jump.value_cm2_per_s, factor.jump.std_cm2_per_s),
        tracer_diffusivity_cm2_per_s=Measured.or_none(
            factor.tracer.value_cm2_per_s,
            factor.tracer.std_cm2_per_s,
            interval_95=factor.tracer.interval_95_cm2_per_s,
        ),
        correlation_factor=Measured.or_none(factor.value, factor.std, interval_95=factor.interval_95),
        correlation_factor_95=factor.interval_95,
        correlation_status=factor.reason or "ok",
        warnings=_warnings(assignment, by_site, jumps, factor, placed),
        citations=[*_CITATIONS, *by_symmetry],
    )
    record.files |= _keep_files(record, run, assignment, jumps, indices)
    return record


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
                residence_time_95_ps=_residence_ends(rate, 0.95),
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
    return {
        "occupancy_seen": float(found.mean[index]),
        "occupancy": Measured.or_none(found.mean[index], found.std[index]),
        "occupancy_nearest": float(found.nearest[index]),
        "occupancy_core": float(found.inside[index]),
    }


def _family_jumps(pair: PairRate, names: tuple[str, ...], temperature_K: float | None) -> FamilyJumps:
    rate, interval = _rate(pair.rate), pair.rate.interval_per_ps(0.95)
    assert rate is not None  # only pairs with a jump are listed
    assert interval is not None
    return FamilyJumps(
        origin=names[pair.origin],
        destination=names[pair.destination],
        count=pair.rate.count,
        rate_per_ps=rate,
        rate_95_per_ps=interval,
        length_A=pair.length_A,
        activation_free_energy_eV=None if temperature_K is None else _activation(rate, temperature_K),
    )


def _activation(rate: Measured, temperature_K: float) -> Measured | None:
    """Eyring's equation read backwards: kT ln(kT / (h rate)); a lower rate is a higher free energy."""
    thermal = BOLTZMANN_eV_PER_K * temperature_K
    value, *ends = (
        float(thermal * np.log(thermal / (PLANCK_eV_PS * per_ps)))
        for per_ps in (rate.value, *(rate.interval_68 or ()), *(rate.interval_95 or ()))
    )
    inner, outer = sorted(ends[:2]) or None, sorted(ends[2:]) or None
    return Measured.or_none(value, thermal * rate.std / rate.value, interval_68=inner, interval_95=outer)


def _rate(rate: Rate, *, widened: float = 1.0) -> Measured | None:
    """A rate with its error, and the intervals of its count where the error is that of the count."""
    std = rate.std_per_ps
    if std is None or widened > 1:
        return Measured.or_none(rate.value_per_ps, None if std is None else widened * std)
    return Measured.or_none(
        rate.value_per_ps, std, interval_68=rate.interval_per_ps(_ONE_SIGMA), interval_95=rate.interval_per_ps(0.95)
    )


def _residence(rate: Rate) -> Measured | None:
    """Mean residence time; its relative error is that of the count."""
    mean = rate.mean_time_ps()
    if mean is None:
        return None
    intervals = {"interval_68": _residence_ends(rate, _ONE_SIGMA), "interval_95": _residence_ends(rate, 0.95)}
    return Measured.or_none(mean, mean / np.sqrt(rate.count), **intervals)


def _residence_ends(rate: Rate, level: float) -> tuple[float, float] | None:
    ends = rate.mean_time_interval_ps(level)
    return None if ends is None or ends[1] is None else (ends[0], ends[1])


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


def _keep_files(
    record: SitesRecord, run: Run, assignment: Assignment, jumps: Jumps, indices: np.ndarray
) -> dict[str, str]:
    """Keep the tables beside the record; the names of the files by what they hold."""
    labels, n_jumps = assignment.sites.labels, len(jumps)
    vectors = dict(zip(("dx_A", "dy_A", "dz_A"), jumps.vector_A.reshape(n_jumps, 3).T, strict=True))
    pairs = pair_rates(assignment, jumps)
    return {
        "sites": run.table(SITES, _site_columns(record)),
        "site list": run.text(SITE_LIST, _site_list(assignment)),
        "jumps": run.table(JUMPS, {
            "run": jumps.run,
            "atom": indices[jumps.ion],
            "time_ps": jumps.frame * assignment.step_ps,
            "origin": [labels[site] for site in jumps.origin],
            "destination": [labels[site] for site in jumps.destination],
            **vectors,
            "length_A": jumps.length_A,
            "transit_ps": jumps.transit_ps,
        }),
        "pairs of sites": run.table(PAIRS, {
            "origin": [labels[pair.origin] for pair in pairs],
            "destination": [labels[pair.destination] for pair in pairs],
            "count": [pair.rate.count for pair in pairs],
            **_rate_columns([pair.rate for pair in pairs]),
            "length_A": [pair.length_A for pair in pairs],
        }),
        "ions": run.table(IONS, _ion_columns(assignment, jumps, indices)),
        "survival": run.table(SURVIVAL, _survival_columns(assignment)),
    }  # fmt: skip


def _site_columns(record: SitesRecord) -> _Table:
    sites = record.sites
    return {
        "label": [site.label for site in sites],
        "family": [site.family for site in sites],
        **{axis: [site.fractional[k] for site in sites] for k, axis in enumerate("xyz")},
        "volume_A3": [site.volume_A3 for site in sites],
        "core_radius_A": [site.core_radius_A for site in sites],
        "occupancy": [site.occupancy_seen for site in sites],
        "occupancy_std": [site.occupancy.std if site.occupancy else None for site in sites],
        "occupancy_nearest": [site.occupancy_nearest for site in sites],
        "occupancy_core": [site.occupancy_core for site in sites],
        "exits": [site.exits for site in sites],
        "residence_time_ps": [site.residence_time_ps.value if site.residence_time_ps else None for site in sites],
    }


def _rate_columns(rates: Sequence[Rate]) -> _Table:
    ends = [rate.interval_per_ps(0.95) or (None, None) for rate in rates]
    return {
        "rate_per_ps": [rate.value_per_ps for rate in rates],
        "rate_low_95_per_ps": [low for low, _ in ends],
        "rate_high_95_per_ps": [high for _, high in ends],
    }


def _ion_columns(assignment: Assignment, jumps: Jumps, indices: np.ndarray) -> _Table:
    n_runs, counts = len(assignment.runs), counts_by_ion(assignment, jumps).ravel()
    times = np.repeat([run.n_frames * assignment.step_ps for run in assignment.runs], len(indices))
    rates = [Rate(int(count), float(time)) for count, time in zip(counts, times, strict=True)]
    return {
        "run": np.repeat(np.arange(n_runs), len(indices)),
        "atom": np.tile(indices, n_runs),
        "jumps": counts,
        **_rate_columns(rates),
    }


def _survival_columns(assignment: Assignment) -> _Table:
    sites = assignment.sites
    curves = {name: survival(assignment, sites.family_index, index) for index, name in enumerate(sites.family_names)}
    seen = {name: curve for name, curve in curves.items() if curve is not None}
    return {
        "family": [name for name, curve in seen.items() for _ in curve.time_ps],
        "time_ps": [time for curve in seen.values() for time in curve.time_ps],
        "share": [share for curve in seen.values() for share in curve.share],
        "std": [std for curve in seen.values() for std in curve.std],
    }


def _site_list(assignment: Assignment) -> str:
    """The sites in the format that `crystals.read_site_list` reads, for other runs of this crystal."""
    from ase.geometry import cell_to_cellpar

    sites = assignment.sites
    lines = ["# " + "sites of the mobile ion: family, then fractional coordinates of the cell (A, degrees)"]
    lines.append("cell " + " ".join(f"{value:.5f}" for value in cell_to_cellpar(sites.cell_A)))
    lines += [
        f"{family} " + " ".join(f"{x:.6f}" for x in position)
        for family, position in zip(sites.families, sites.fractional, strict=True)
    ]
    return "\n".join(lines) + "\n"
