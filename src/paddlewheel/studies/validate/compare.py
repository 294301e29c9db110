"""From finished units to findings: every part of a validation, or why it was not run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from paddlewheel.execution import Unit
from paddlewheel.studies.validate.at_rest import compare_equations_of_state, compare_labels, compare_phonons
from paddlewheel.studies.validate.compared_set import ComparedSet
from paddlewheel.studies.validate.findings import Findings, result_of
from paddlewheel.studies.validate.in_motion import (
    check_bonds,
    compare_diffusion,
    compare_lattices,
    compare_radial,
    compare_spectra,
    frames_of,
)
from paddlewheel.studies.validate.runs import ROLES, Phase, PhaseRun, Role
from paddlewheel.studies.validate.settings import GateLimits, ValidateSettings
from paddlewheel.trajectories import Trajectory

_LEFT_OUT = "left out by the settings"


def compare_everything(
    phases: Sequence[Phase],
    settings: ValidateSettings,
    limits: GateLimits,
    *,
    runs: Sequence[tuple[PhaseRun, Unit]],
    statics: Mapping[tuple[str, str, Role], Unit],
    compared: ComparedSet | None,
    trajectories: Mapping[float, Trajectory],
    reference: str,
    troubles: Mapping[str, str],
) -> Findings:
    """All findings of a validation.

    Parameters
    ----------
    runs
        Each run with the unit that holds its results, which may be another run's or another directory's.
    statics
        The units without dynamics, by (part, phase, role).
    trajectories
        The reference's, for the diffusivity, by temperature (K).
    troubles
        Why a unit has no result, by its name.
    """
    findings = Findings()
    results = {unit.name: result_of(unit, troubles.get(unit.name)) for unit in statics.values()}

    def static(part: str, phase: str) -> dict[Role, dict[str, Any]]:
        return {role: results[statics[part, phase, role].name] for role in ROLES}

    if compared is None:
        findings.not_run("errors on a set", _LEFT_OUT)
    else:
        compare_labels(findings, compared, static("labels", ""), reference=reference, limits=limits)
    if not phases:
        findings.not_run("statics and dynamics", "no structure given")
        return findings
    for phase in phases:
        if settings.eos_points:
            compare_equations_of_state(findings, phase, static("eos", phase.name), limits=limits)
        if settings.phonon_displacement_A:
            compare_phonons(findings, phase, static("phonons", phase.name), limits=limits)
    for subject, left_out in (
        ("equation of state", not settings.eos_points),
        ("phonon frequencies", not settings.phonon_displacement_A),
    ):
        if left_out:
            findings.not_run(subject, _LEFT_OUT)
    _dynamics(findings, phases, settings, limits, runs, troubles)
    _diffusion(findings, phases[0], settings, runs, trajectories, troubles)
    own = [(run, unit, result_of(unit, troubles.get(unit.name))) for run, unit in runs if run.role == "candidate"]
    check_bonds(findings, own)
    findings.warnings += [
        f"{run.phase.name}, {run.part} at {run.temperature_K:g} K: the candidate extrapolates"
        for run, _, result in own
        if result["status"] == "extrapolating"
    ]
    if not settings.bond_ps:
        findings.not_run("polyanions in a long run", _LEFT_OUT)
    return findings


def _dynamics(
    findings: Findings,
    phases: Sequence[Phase],
    settings: ValidateSettings,
    limits: GateLimits,
    runs: Sequence[tuple[PhaseRun, Unit]],
    troubles: Mapping[str, str],
) -> None:
    last_K = max(settings.npt_temperatures_K, default=0.0)
    for phase in phases:
        for part, value in dict.fromkeys((run.part, run.temperature_K) for run, _ in runs if run.phase is phase):
            if part not in ("npt", "spectrum"):
                continue
            units = _both(runs, part, phase, value)
            if len(units) < 2:  # the reference's NPT left out
                continue
            results: dict[Role, dict[str, Any]] = {
                role: result_of(unit, troubles.get(unit.name)) for role, unit in units.items()
            }
            if part == "spectrum":
                compare_spectra(findings, phase, value, units, results, limits=limits)
                continue
            compare_lattices(findings, phase, value, units, results, limits=limits)
            if value == last_K and settings.radial_cutoff_A:
                compare_radial(findings, phase, value, units, results, cutoff_A=settings.radial_cutoff_A, limits=limits)
    parts = {run.part for run, _ in runs}
    if "npt" not in parts:
        findings.not_run("density", _LEFT_OUT)
    if "npt" not in parts or not settings.radial_cutoff_A:
        findings.not_run("radial distribution", _LEFT_OUT)
    if "spectrum" not in parts:
        findings.not_run("vibrational bands", _LEFT_OUT)


def _diffusion(
    findings: Findings,
    phase: Phase,
    settings: ValidateSettings,
    runs: Sequence[tuple[PhaseRun, Unit]],
    trajectories: Mapping[float, Trajectory],
    troubles: Mapping[str, str],
) -> None:
    subject = "diffusivity"
    if not settings.diffusion_ps or not phase.mobile:
        findings.not_run(subject, _LEFT_OUT if not settings.diffusion_ps else f"no mobile ion known in {phase.name}")
        return
    for value in sorted(settings.diffusion_temperatures_K):
        units = _both(runs, "diffusion", phase, value)
        sources: dict[Role, Any] = {role: frames_of(unit, result_of(unit, troubles.get(unit.name)))
                   for role, unit in units.items()}  # fmt: skip
        if value in trajectories:
            sources["reference"] = (trajectories[value].source, trajectories[value], None)
        if "reference" not in sources:
            findings.not_run(subject, "no run of the reference", phase=phase.name, temperature_K=value)
            continue
        compare_diffusion(findings, phase, value, sources)


def _both(runs: Sequence[tuple[PhaseRun, Unit]], part: str, phase: Phase, temperature_K: float) -> dict[Role, Unit]:
    return {
        run.role: unit
        for run, unit in runs
        if run.part == part and run.phase is phase and run.temperature_K == temperature_K
    }
