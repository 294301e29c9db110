"""From finished runs to findings: the diffusivity of the mobile ion, and the bonds of the polyanions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import TrajectoryError
from paddlewheel.execution import Unit
from paddlewheel.records import Measured
from paddlewheel.studies.simulation.md_runs import (
    MINIMUM_ONSET_PS,
)
from paddlewheel.studies.simulation.md_unit import store_path
from paddlewheel.studies.validate.compare_dynamics import production
from paddlewheel.studies.validate.compare_static import (
    WHOLE,
    refuse,
)
from paddlewheel.studies.validate.findings import Findings
from paddlewheel.studies.validate.plan import (
    ROLES,
    Phase,
    Role,
    Run,
)
from paddlewheel.studies.validate.record import (
    BondResult,
    DiffusionResult,
)
from paddlewheel.trajectories import Trajectory, displacements, open_store, read_trajectory
from paddlewheel.transport import DiffusivityEstimate, estimate_diffusivity

_SUBJECT = "diffusivity"


def read_reference_trajectory(path: Path, phase: Phase, *, frame_interval_fs: float | None) -> Trajectory:
    """A trajectory of the reference made elsewhere.

    Raises
    ------
    TrajectoryError
        If it cannot be read, its frame interval is not known, or it is of another material than the first structure.
    """
    trajectory = read_trajectory(path, frame_interval_fs=frame_interval_fs)
    wanted, found = phase.supercell.get_chemical_symbols(), list(trajectory.symbols)
    shares = [{symbol: names.count(symbol) / len(names) for symbol in set(names)} for names in (wanted, found)]
    if shares[0].keys() != shares[1].keys() or any(abs(shares[0][key] - shares[1][key]) > 1e-6 for key in shares[0]):
        raise TrajectoryError(
            f"is not of {phase.name} ({phase.supercell.get_chemical_formula('metal')}), the first structure",
            where=path,
            remedy="give that structure first",
        )
    return trajectory


def diffusivity(trajectory: Trajectory, *, specie: str) -> tuple[DiffusivityEstimate, np.ndarray, np.ndarray]:
    """The estimate that `conduct` makes of one run, and its MSD: lags (ps) and values (A^2)."""
    paths = displacements(trajectory, specie=specie)
    estimate = estimate_diffusivity(
        [paths.positions_A], frame_interval_fs=paths.frame_interval_fs, minimum_onset_ps=MINIMUM_ONSET_PS
    )
    return estimate, estimate.curve.lag_ps, estimate.curve.msd_A2


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
        estimate, lags_ps, msd_A2 = diffusivity(trajectory, specie=phase.mobile)
        estimates[role] = estimate
        assert trajectory.frame_interval_fs is not None
        findings.diffusion.append(
            DiffusionResult(
                **row, production_ps=(trajectory.n_frames - 1) * trajectory.frame_interval_fs / 1000,
                status=estimate.status, reason=estimate.reason, diffusivity_cm2_per_s=_measured(estimate),
                diffusivity_95_cm2_per_s=estimate.interval_95_cm2_per_s,
                upper_bound_95_cm2_per_s=estimate.upper_bound_95_cm2_per_s,
            )
        )  # fmt: skip
        findings.curves[f"msd-{temperature_K:g}K-{role}"] = {"lag_ps": lags_ps, "msd_A2": msd_A2}
    if trouble:
        refuse(findings, _SUBJECT, trouble, **where)
        return
    _judge(findings, estimates, where)


def _judge(findings: Findings, estimates: Mapping[Role, DiffusivityEstimate], where: dict[str, Any]) -> None:
    reference, candidate = estimates["reference"], estimates["candidate"]
    ends = reference.interval_95_cm2_per_s
    if reference.status != "ok" or reference.value_cm2_per_s is None or ends is None:
        findings.not_run(_SUBJECT, f"the reference is {reference.status}: {reference.reason}", **where)
        return
    said = f"reference {reference.value_cm2_per_s:.3g}, 95 % {ends[0]:.3g} to {ends[1]:.3g} cm2/s"
    if candidate.status != "ok" or candidate.value_cm2_per_s is None:
        findings.fail(_SUBJECT, f"the candidate is {candidate.status}: {candidate.reason}; {said}", **where)
        return
    value = candidate.value_cm2_per_s
    # one number with one limit: how far from the reference's value, in units of the way to the end of its interval
    middle = np.log(reference.value_cm2_per_s)
    end = np.log(ends[1]) if value > reference.value_cm2_per_s else np.log(ends[0])
    distance = 0.0 if value == reference.value_cm2_per_s else float((np.log(value) - middle) / (end - middle))
    findings.judge(_SUBJECT, distance, 1.0, "of the interval", detail=f"{value:.3g} cm2/s; {said}", **where)


def check_bonds(findings: Findings, runs: Sequence[tuple[Run, Unit, dict[str, Any]]]) -> None:
    """The polyanions of every run of the candidate: one gate for all of them."""
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


def _measured(estimate: DiffusivityEstimate) -> Measured | None:
    value, std = estimate.value_cm2_per_s, estimate.std_cm2_per_s
    if value is None or std is None or not (np.isfinite(value) and np.isfinite(std)):
        return None
    return Measured(value=float(value), std=float(std))


def candidate_frames(unit: Unit, result: Mapping[str, Any]) -> tuple[str, Trajectory | None, str | None]:
    """What `compare_diffusion` needs of a unit."""
    if result["status"] not in WHOLE:
        return unit.name, None, result.get("reason") or result["status"]
    return unit.name, production(unit), None
