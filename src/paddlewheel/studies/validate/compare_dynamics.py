"""From finished runs of molecular dynamics to findings: lattices and density, g(r), spectra."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from paddlewheel.dynamics import MDSettings
from paddlewheel.dynamics.health import block_mean
from paddlewheel.errors import ScienceError
from paddlewheel.execution import Unit
from paddlewheel.records import Measured
from paddlewheel.studies.simulation.md_unit import store_path
from paddlewheel.studies.validate.compare_static import (
    WHOLE,
    failure,
    refuse,
)
from paddlewheel.studies.validate.findings import Findings
from paddlewheel.studies.validate.plan import (
    ROLES,
    Phase,
    Role,
)
from paddlewheel.studies.validate.record import (
    BandResult,
    LatticeResult,
    RadialResult,
)
from paddlewheel.studies.validate.settings import GateLimits
from paddlewheel.trajectories import Trajectory, open_store
from paddlewheel.trajectories.store import QUANTUM_A
from paddlewheel.transport import (
    RadialDistribution,
    SpectralBand,
    Spectrum,
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


def result_of(unit: Unit, trouble: str | None) -> dict[str, Any]:
    """A unit's result, or one that says why it has none."""
    found = unit.result()
    return found if found is not None else {"status": "failed", "reason": trouble or "did not finish"}


def production(unit: Unit) -> Trajectory:
    """The production frames of a finished unit."""
    settings = MDSettings(**unit.contents["md"])
    trajectory = open_store(store_path(unit))
    return trajectory.after(settings.production_start_frame * settings.frame_interval_fs / 1000)


def compare_lattices(
    findings: Findings,
    phase: Phase,
    temperature_K: float,
    units: Mapping[Role, Unit],
    results: Mapping[Role, dict[str, Any]],
    *,
    limits: GateLimits,
) -> None:
    """Mean lattice parameters and densities of both potentials, and the gate on the density."""
    for role in ROLES:
        findings.lattices.append(_lattice(phase, temperature_K, role, units[role], results[role]))
    where: dict[str, Any] = {"phase": phase.name, "temperature_K": temperature_K}
    trouble = failure(results)
    if trouble:
        refuse(findings, "density", trouble, **where)
        return
    other, one = (row.density_g_per_cm3 for row in findings.lattices[-2:])
    assert one is not None  # both runs are whole
    assert other is not None
    off = 100 * (one.value / other.value - 1)
    error = 100 * float(np.hypot(one.std / one.value, other.std / other.value))
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
    results: Mapping[Role, dict[str, Any]],
    *,
    cutoff_A: float,
    limits: GateLimits,
) -> None:
    """g(r) of each pair; the gate is on the worst pair, and allows for what the reference's own halves differ by."""
    where: dict[str, Any] = {"phase": phase.name, "temperature_K": temperature_K}
    trouble = failure(results)
    if trouble:
        refuse(findings, "radial distribution", trouble, **where)
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
    results: Mapping[Role, dict[str, Any]],
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
        refuse(findings, subject, trouble, **where)
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
