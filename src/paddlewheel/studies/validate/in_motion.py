"""From finished runs of molecular dynamics to findings: lattices, g(r), spectra, diffusivities, bonds of polyanions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from paddlewheel.dynamics import MDSettings
from paddlewheel.dynamics.health import block_mean
from paddlewheel.errors import ScienceError
from paddlewheel.execution import Unit
from paddlewheel.records import Measured
from paddlewheel.studies.motion.hop_distance import hop_distance
from paddlewheel.studies.simulation.md_unit import store_path
from paddlewheel.studies.validate.findings import WHOLE, Findings, Results, failure, production
from paddlewheel.studies.validate.record import BandResult, BondResult, DiffusionResult, LatticeResult, RadialResult
from paddlewheel.studies.validate.runs import ROLES, Phase, PhaseRun, Role
from paddlewheel.studies.validate.settings import GateLimits
from paddlewheel.trajectories import Trajectory, displacements, open_store
from paddlewheel.trajectories.store import QUANTUM_A
from paddlewheel.transport import (
    CAGE_PS,
    DiffusivityEstimate,
    RadialDistribution,
    SpectralBand,
    Spectrum,
    estimate_diffusivity,
    find_band,
    power_spectrum,
    radial_difference,
    radial_distributions,
)
from paddlewheel.units import U_PER_A3_IN_G_PER_CM3

RADIAL_FRAMES = 200
"""Frames of a run behind g(r): neighbouring ones are alike, and more only take time."""
BANDS_PER_CM: Mapping[str, tuple[float, float]] = {"B-H bend": (550.0, 1600.0), "B-H stretch": (1600.0, 3000.0)}
"""Of borohydrides and closo-borates: in the paper's potential NaBH4 bends near 1140 and stretches near 2410 1/cm. Wide,
so that a candidate whose bands are elsewhere is seen to have them there (M3GNet-MP-2021: near 700 and 2110 1/cm)."""
LOWEST_PER_CM = 50.0
"""Below it a run of a few picoseconds has diffusion and drift, not vibrations."""
_DIFFUSIVITY = "diffusivity"


def compare_lattices(
    findings: Findings,
    phase: Phase,
    temperature_K: float,
    units: Mapping[Role, Unit],
    results: Results,
    *,
    limits: GateLimits,
) -> None:
    """Mean lattice parameters and densities of both potentials, and the gate on the density."""
    for role in ROLES:
        findings.lattices.append(_lattice(phase, temperature_K, role, units[role], results[role]))
    where: dict[str, Any] = {"phase": phase.name, "temperature_K": temperature_K}
    trouble = failure(results)
    if trouble:
        findings.refuse("density", trouble, **where)
        return
    reference, candidate = (row.density_g_per_cm3 for row in findings.lattices[-2:])
    assert candidate is not None  # both runs are whole
    assert reference is not None
    off = 100 * (candidate.value / reference.value - 1)
    error = 100 * float(np.hypot(candidate.std / candidate.value, reference.std / reference.value))
    if 0 < limits.density_percent < 2 * error:
        findings.warnings.append(
            f"{phase.name} at {temperature_K:g} K: the densities are known to {error:.2f} % only, the limit is "
            f"{limits.density_percent:g} %: the verdict may be chance, run NPT longer"
        )
    findings.judge("density", abs(off), limits.density_percent, "%", detail=f"{off:+.2f} +- {error:.2f} %", **where)


def _lattice(phase: Phase, temperature_K: float, role: Role, unit: Unit, result: Mapping[str, Any]) -> LatticeResult:
    common: dict[str, Any] = {
        "phase": phase.name, "potential": role, "temperature_K": temperature_K,
        "production_ps": unit.contents["md"]["production_ps"],
    }  # fmt: skip
    if result["status"] not in WHOLE:
        return LatticeResult(**common, reason=result.get("reason") or result["status"])
    from ase.geometry import cell_to_cellpar

    trajectory = production(unit)
    cells = np.concatenate([block.cell_A for block in trajectory.blocks()])
    parameters = np.array([cell_to_cellpar(cell) for cell in cells])
    parameters[:, :3] /= phase.repeats
    densities = trajectory.masses_u.sum() / np.abs(np.linalg.det(cells)) * U_PER_A3_IN_G_PER_CM3
    names = ("a_A", "b_A", "c_A", "alpha_deg", "beta_deg", "gamma_deg")
    common |= {name: _mean(column) for name, column in zip(names, parameters.T, strict=True)}
    return LatticeResult(**common, density_g_per_cm3=_mean(densities))


def _mean(values: np.ndarray) -> Measured:
    mean, error = block_mean(values)
    return Measured(value=mean, std=error if np.isfinite(error) else 0.0)


def compare_radial(
    findings: Findings,
    phase: Phase,
    temperature_K: float,
    units: Mapping[Role, Unit],
    results: Results,
    *,
    cutoff_A: float,
    limits: GateLimits,
) -> None:
    """g(r) of each pair; the gate is on the worst pair, and allows for what the reference's own halves differ by."""
    where: dict[str, Any] = {"phase": phase.name, "temperature_K": temperature_K}
    trouble = failure(results)
    if trouble:
        findings.refuse("radial distribution", trouble, **where)
        return
    frames = {role: _some_frames(production(units[role])) for role in ROLES}
    symbols = phase.supercell.get_chemical_symbols()

    def of(some: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[RadialDistribution]:
        return radial_distributions(some, symbols, cutoff_A=cutoff_A)

    half = len(frames["reference"]) // 2
    first, second = of(frames["reference"][:half]), of(frames["reference"][half:])
    curves = {role: of(frames[role]) for role in ROLES}
    columns: dict[str, np.ndarray] = {"r_A": curves["reference"][0].r_A}
    rows = []
    for index, reference in enumerate(curves["reference"]):
        name = "-".join(reference.pair)
        candidate = curves["candidate"][index]
        rows.append(
            RadialResult(
                pair=name, difference=radial_difference(reference, candidate),
                noise=radial_difference(first[index], second[index]), **where,
            )
        )  # fmt: skip
        columns |= {f"{name}_reference": reference.g, f"{name}_candidate": candidate.g}
    findings.radial += rows
    findings.curves[f"radial-{phase.name}"] = columns
    worst = max(rows, key=lambda row: row.difference - row.noise)
    findings.judge(
        "radial distribution",
        worst.difference,
        max(limits.radial_distribution, 2 * worst.noise) if limits.radial_distribution > 0 else 0,
        "",
        detail=f"share of neighbours elsewhere, {worst.pair}; halves of the reference: {worst.noise:.3f}",
        **where,
    )


def _some_frames(trajectory: Trajectory) -> list[tuple[np.ndarray, np.ndarray]]:
    wanted = set(np.linspace(0, trajectory.n_frames - 1, RADIAL_FRAMES).round().astype(int).tolist())
    return [
        (positions, cell)
        for block in trajectory.blocks()
        for index, (positions, cell) in enumerate(zip(block.positions_A, block.cell_A, strict=True), block.start)
        if index in wanted
    ]


def compare_spectra(
    findings: Findings,
    phase: Phase,
    temperature_K: float,
    units: Mapping[Role, Unit],
    results: Results,
    *,
    limits: GateLimits,
) -> None:
    """Power spectra of the anions' elements, and where their bands are.

    Boron and hydrogen of borohydrides are looked at in the bends and stretches; other elements by the centre of all
    modes.
    """
    where: dict[str, Any] = {"phase": phase.name, "temperature_K": temperature_K}
    subject = "vibrational bands"
    trouble = failure(results)
    if trouble:
        findings.refuse(subject, trouble, **where)
        return
    try:
        spectra = {role: _spectra(production(units[role]), phase.anions) for role in ROLES}
    except ScienceError as error:
        findings.not_run(subject, str(error), **where)
        return
    columns: dict[str, np.ndarray] = {}
    for element in phase.anions:
        both = {role: spectra[role][element] for role in ROLES}
        columns["wavenumber_per_cm"] = both["reference"].wavenumber_per_cm
        columns |= {f"{element}_{role}": both[role].power for role in ROLES}
        hydridic = element in ("B", "H") and {"B", "H"} <= set(phase.anions)
        ends = float(both["reference"].wavenumber_per_cm[-1])
        windows = BANDS_PER_CM if hydridic else {"all modes": (LOWEST_PER_CM, ends)}
        for name, (low, high) in windows.items():
            bands: dict[Role, SpectralBand | None] = {
                role: find_band(both[role], low_per_cm=low, high_per_cm=high) for role in ROLES
            }
            _judge_band(findings, f"{element}, {name}", element, bands, where, subject, limits)
    findings.curves[f"spectrum-{phase.name}"] = columns


def _spectra(trajectory: Trajectory, elements: Sequence[str]) -> dict[str, Spectrum]:
    positions_A = np.concatenate([block.positions_A for block in trajectory.blocks()])
    symbols = np.array(trajectory.symbols)
    assert trajectory.frame_interval_fs is not None  # a store of ours says it
    return {
        element: power_spectrum(
            positions_A[:, symbols == element], frame_interval_fs=trajectory.frame_interval_fs,
            masses_u=trajectory.masses_u[symbols == element],
            quantum_A=QUANTUM_A,
        )
        for element in elements
    }  # fmt: skip


def _judge_band(
    findings: Findings,
    name: str,
    element: str,
    bands: Mapping[Role, SpectralBand | None],
    where: dict[str, Any],
    subject: str,
    limits: GateLimits,
) -> None:
    reference, candidate = bands["reference"], bands["candidate"]
    if reference is None:
        findings.not_run(subject, f"{name}: none in the reference", **where)
        return
    if candidate is None:
        findings.fail(subject, f"{name}: none in the candidate, at {reference.centre_per_cm:.0f} 1/cm in the reference",
                      **where)  # fmt: skip
        return
    findings.bands.append(
        BandResult(
            element=element, band=name, reference_peak_per_cm=reference.peak_per_cm,
            candidate_peak_per_cm=candidate.peak_per_cm, reference_centre_per_cm=reference.centre_per_cm,
            candidate_centre_per_cm=candidate.centre_per_cm, **where,
        )
    )  # fmt: skip
    off = 100 * (candidate.centre_per_cm / reference.centre_per_cm - 1)
    detail = f"{name}: centre {candidate.centre_per_cm:.0f} 1/cm, {reference.centre_per_cm:.0f} in the reference"
    findings.judge(subject, abs(off), limits.band_percent, "%", detail=detail, **where)


def _diffusivity(trajectory: Trajectory, *, specie: str) -> DiffusivityEstimate:
    """The estimate that `conduct` makes of one run."""
    paths = displacements(trajectory, specie=specie)
    return estimate_diffusivity(
        [paths.positions_A], frame_interval_fs=paths.frame_interval_fs, minimum_onset_ps=CAGE_PS,
        hop_distance_A=hop_distance(trajectory, specie=specie).value_A,
    )  # fmt: skip


def _measured(estimate: DiffusivityEstimate) -> Measured | None:
    return Measured.or_none(
        estimate.value_cm2_per_s,
        estimate.std_cm2_per_s,
        interval_68=estimate.interval_68_cm2_per_s,
        interval_95=estimate.interval_95_cm2_per_s,
    )


def compare_diffusion(
    findings: Findings,
    phase: Phase,
    temperature_K: float,
    sources: Mapping[Role, tuple[str, Trajectory | None, str | None]],
) -> None:
    """Diffusivities of both potentials; the gate asks that the candidate's lies in the reference's 95 % interval.

    Parameters
    ----------
    sources
        By potential: where its frames come from, the frames of its production (None where there are none), and why.
    """
    estimates: dict[Role, DiffusivityEstimate] = {}
    where: dict[str, Any] = {"phase": phase.name, "temperature_K": temperature_K}
    trouble: tuple[Role, str] | None = None
    for role in ROLES:
        source, trajectory, reason = sources[role]
        row: dict[str, Any] = {"specie": phase.mobile, "potential": role, "source": source, **where}
        if trajectory is None:
            findings.diffusion.append(DiffusionResult(**row, production_ps=0, status="broken", reason=reason))
            trouble = trouble or (role, f"{role}: {reason}")
            continue
        estimates[role] = estimate = _diffusivity(trajectory, specie=phase.mobile)
        assert trajectory.frame_interval_fs is not None
        findings.diffusion.append(
            DiffusionResult(
                **row, production_ps=(trajectory.n_frames - 1) * trajectory.frame_interval_fs / 1000,
                status=estimate.status, reason=estimate.reason, diffusivity_cm2_per_s=_measured(estimate),
                diffusivity_95_cm2_per_s=estimate.interval_95_cm2_per_s,
                upper_bound_95_cm2_per_s=estimate.upper_bound_95_cm2_per_s,
            )
        )  # fmt: skip
        findings.curves[f"msd-{temperature_K:g}K-{role}"] = {
            "lag_ps": estimate.curve.lag_ps, "msd_A2": estimate.curve.msd_A2,
        }  # fmt: skip
    if trouble:
        findings.refuse(_DIFFUSIVITY, trouble, **where)
        return
    _judge(findings, estimates, where)


def _judge(findings: Findings, estimates: Mapping[Role, DiffusivityEstimate], where: dict[str, Any]) -> None:
    reference, candidate = estimates["reference"], estimates["candidate"]
    ends = reference.interval_95_cm2_per_s
    if reference.status != "ok" or reference.value_cm2_per_s is None or ends is None:
        findings.not_run(_DIFFUSIVITY, f"the reference is {reference.status}: {reference.reason}", **where)
        return
    said = f"reference {reference.value_cm2_per_s:.3g}, 95 % {ends[0]:.3g} to {ends[1]:.3g} cm2/s"
    if candidate.status != "ok" or candidate.value_cm2_per_s is None:
        findings.fail(_DIFFUSIVITY, f"the candidate is {candidate.status}: {candidate.reason}; {said}", **where)
        return
    value = candidate.value_cm2_per_s
    # how far from the reference's value, in units of the way to the end of its interval
    middle = np.log(reference.value_cm2_per_s)
    end = np.log(ends[1]) if value > reference.value_cm2_per_s else np.log(ends[0])
    distance = 0.0 if value == reference.value_cm2_per_s else float((np.log(value) - middle) / (end - middle))
    findings.judge(_DIFFUSIVITY, distance, 1.0, "of the interval", detail=f"{value:.3g} cm2/s; {said}", **where)


def check_bonds(findings: Findings, runs: Sequence[tuple[PhaseRun, Unit, dict[str, Any]]]) -> None:
    """The polyanions of every run of the candidate, with a single gate for all of them."""
    subject = "polyanions intact"
    if not runs:
        findings.not_run(subject, "no dynamics of the candidate")
        return
    bad, longest_ps = [], 0.0
    for run, unit, result in runs:
        checks = [check for check in result.get("health", []) if check["name"] == "polyanion-bonds"]
        length_ps = unit.contents["md"]["production_ps"]
        # of a run that was given up on the way nobody knows what its anions would have become
        whole_run = checks and _n_frames(unit) >= MDSettings(**unit.contents["md"]).n_frames
        status = checks[0]["status"] if whole_run else "broken"
        detail = checks[0]["detail"] if whole_run else (result.get("reason") or result["status"])
        findings.bonds.append(
            BondResult(
                phase=run.phase.name, part=run.part, temperature_K=run.temperature_K, production_ps=length_ps,
                status=status, detail=detail,
            )
        )  # fmt: skip
        longest_ps = max(longest_ps, length_ps)
        if status == "broken":
            bad.append(f"{run.phase.name}, {run.part} at {run.temperature_K:g} K: {detail}")
    if all("no polyanions" in row.detail for row in findings.bonds):
        findings.not_run(subject, "no polyanions in these structures")
        return
    whole = f"{len(runs)} runs of up to {longest_ps:g} ps"
    findings.judge(subject, len(bad), 0.5, "runs broken", detail="; ".join(bad) or f"bonds hold in {whole}")


def _n_frames(unit: Unit) -> int:
    return open_store(store_path(unit)).n_frames


def frames_of(unit: Unit, result: Mapping[str, Any]) -> tuple[str, Trajectory | None, str | None]:
    """What `compare_diffusion` needs of a unit."""
    if result["status"] not in WHOLE:
        return unit.name, None, result.get("reason") or result["status"]
    return unit.name, production(unit), None
