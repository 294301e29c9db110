"""What was found of the rotation of anions, as it stands in the record and in the files beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from paddlewheel.records import Measured
from paddlewheel.studies.rotation.record import (
    MAPS,
    EquipartitionResult,
    HopCoupling,
    OrientationJumps,
    RelaxationResult,
    TurningAnion,
)
from paddlewheel.study.run import Run
from paddlewheel.transport import rotation as physics
from paddlewheel.transport.rotation.jumps import BINS_DEG, isotropic_density_per_deg
from paddlewheel.transport.rotation.speed import maxwell_density

_ALONE = "a single anion has no spread to take an uncertainty from: give a larger cell or more runs"


@dataclass(frozen=True, kw_only=True)
class AnionResults:
    """All that was found of one kind of anion."""

    formula: str
    runs: Sequence[physics.CageMotion]
    members: Sequence[Sequence[int]]
    paper: physics.PaperSpeed
    velocity: physics.AngularVelocity
    memory: physics.Memory
    jumps: physics.Jumps
    directions: physics.DirectionMap
    coupling: physics.Coupling | None

    @property
    def n_anions(self) -> int:
        """Anions of all runs."""
        return sum(len(chosen) for chosen in self.members)


def anion_record(found: AnionResults, *, hops_missing: tuple[str, str] | None) -> TurningAnion:
    """The record of one kind of anion; `hops_missing` is the status and reason where there is no coupling."""
    units = [(run, g) for run, chosen in zip(found.runs, found.members, strict=True) for g in chosen]
    first, index = units[0]
    cage = first.cages[index]
    memory = found.memory
    quarter = int(np.searchsorted(memory.lag_ps, 0.25 * (min(run.n_frames for run in found.runs) - 1)
                                  * first.frame_interval_fs / 1000, side="right")) - 1  # fmt: skip
    inertia = np.mean([run.inertia_uA2[g] for run, g in units], axis=0).tolist()
    return TurningAnion(
        formula=found.formula,
        n_anions=found.n_anions,
        outer_element=next(symbol for symbol, is_outer in zip(cage.symbols, cage.is_outer, strict=True) if is_outer),
        radius_A=float(np.mean([run.radius_A(g) for run, g in units])),
        inertia_uA2=(inertia[0], inertia[1], inertia[2]),
        deviation_A=float(np.mean([run.deviation_A[g] for run, g in units])),
        paper_speed_per_frame=_measured(found.paper.per_frame),
        paper_speed_per_ps=_measured(found.paper.per_ps),
        rigid_speed_per_ps=float(found.paper.rigid_per_ps[0]) if len(found.paper.rigid_per_ps) else None,
        rotation_rad_per_ps=_measured(found.velocity.mean_rad_per_ps),
        rms_rotation_rad_per_ps=_measured(found.velocity.rms_rad_per_ps),
        equipartition=_equipartition(found.velocity),
        relaxation=[_relaxation(correlation) for correlation in memory.correlations],
        plateau_msd_A2=memory.plateau_A2.value,
        rotational_msd_A2=Measured.or_none(memory.msd_A2[quarter], memory.msd_std_A2[quarter]),
        rotational_msd_lag_ps=float(memory.lag_ps[quarter]),
        jumps=_jumps(found.jumps),
        map_information_nats=_measured(found.directions.information_nats),
        coupling=_coupling(found.coupling, hops_missing),
    )


def warnings_of(anions: Sequence[TurningAnion], linear: Sequence[str], coupling: str | None) -> list[str]:
    """What a reader must know before using the numbers."""
    warnings = [f"{name} is linear: its turning about its own axis is not defined, it was left out" for name in linear]
    warnings += [f"{anion.formula}: {_ALONE}" for anion in anions if anion.n_anions == 1]
    warnings += [] if coupling is None else [coupling]
    for anion in anions:
        speed, rigid = anion.paper_speed_per_ps, anion.rigid_speed_per_ps
        if speed is not None and rigid is not None and speed.value > 2 * rigid:
            warnings.append(
                f"{anion.formula}: {100 * (1 - rigid / speed.value):.0f} % of eq. 5 is vibration of the atoms at this "
                "frame interval, not rotation: compare it between runs of the same interval only"
            )
    return warnings


def keep_files(results: Sequence[AnionResults], run: Run) -> dict[str, str]:
    """Keep the tables of all anions and their maps beside the record; the names of the files, for the record."""
    latitude, longitude = physics.map_edges()
    arrays = {"latitude_edges_rad": latitude, "longitude_edges_rad": longitude}
    for found in results:
        arrays[f"{found.formula}_density"] = found.directions.density
        arrays[f"{found.formula}_per_anion"] = found.directions.per_anion.astype(np.float32)
    files = {"maps": run.arrays(MAPS, arrays)}
    for found in results:
        for name, columns in _tables(found).items():
            files[f"{name} {found.formula}"] = run.table(f"{name}/{found.formula}.csv", columns)
    return files


def _tables(found: AnionResults) -> dict[str, dict[str, np.ndarray]]:
    memory = {"lag_ps": found.memory.lag_ps}
    for each in found.memory.correlations:
        name = each.name.replace(" ", "_")
        memory |= {name: each.value, f"{name}_std": each.std}
    memory |= {"rotational_msd_A2": found.memory.msd_A2, "rotational_msd_std_A2": found.memory.msd_std_A2}
    velocity = found.velocity
    tables = {
        "memory": memory,
        "speed": {
            "reduced_speed": velocity.reduced_speed,
            "density": velocity.density,
            "maxwell_density": maxwell_density(velocity.reduced_speed),
        },
        "paper_speed": {"stride_fs": found.paper.stride_fs, "rigid_speed_per_ps": found.paper.rigid_per_ps},
    }
    if found.jumps.density_per_deg is not None:
        middle = 0.5 * (BINS_DEG[1:] + BINS_DEG[:-1])
        tables["jumps"] = {
            "angle_deg": middle,
            "density_per_deg": found.jumps.density_per_deg,
            "isotropic_density_per_deg": isotropic_density_per_deg(middle),
        }
    coupling = found.coupling
    if coupling is not None and coupling.status == "ok":
        n_bins, n_lags = coupling.turn_deg.shape
        edges = coupling.distance_edges_A
        tables["coupling"] = {
            "distance_from_A": np.repeat(edges[:-1], n_lags),
            "distance_to_A": np.repeat(edges[1:], n_lags),
            "lag_ps": np.tile(coupling.lag_ps, n_bins),
            "n_pairs": np.repeat(coupling.n_pairs, n_lags),
            "turn_deg": coupling.turn_deg.ravel(),
            "null_deg": coupling.null_deg.ravel(),
            "null_std_deg": coupling.null_std_deg.ravel(),
            "score": coupling.score.ravel(),
        }
    return tables


def _measured(estimate: physics.Estimate | None) -> Measured | None:
    return None if estimate is None else Measured.or_none(estimate.value, estimate.std)


def _equipartition(found: physics.AngularVelocity) -> EquipartitionResult:
    status: Any = found.status
    ratio: Any = None if found.ratio is None else [_measured(axis) for axis in found.ratio]
    if found.status == "ok" and found.mean_rad_per_ps.std is None:
        status, ratio = "one-anion", None
    return EquipartitionResult(
        status=status,
        reason=_ALONE if status == "one-anion" else found.reason,
        rotational_temperature_K=_measured(found.rotational_temperature_K),
        ratio=None if ratio is None else tuple(ratio),
        bias=found.bias,
        excess_kurtosis=_measured(found.excess_kurtosis),
    )


def _relaxation(correlation: physics.Correlation) -> RelaxationResult:
    found = correlation.relaxation
    time = _measured(found.time_ps)
    name: Any = correlation.name
    alone = found.status == "ok" and time is None
    return RelaxationResult(
        correlation=name,
        status="one-anion" if alone else found.status,
        reason=_ALONE if alone else found.reason,
        time_ps=time,
    )


def _jumps(found: physics.Jumps) -> OrientationJumps:
    rate = _measured(found.rate_per_ps)
    alone = found.status == "ok" and rate is None
    status: Any = "one-anion" if alone else found.status
    return OrientationJumps(
        status=status,
        reason=_ALONE if alone else found.reason,
        window_ps=found.window_ps,
        count=found.count,
        rate_per_ps=rate,
        upper_rate_per_ps=found.upper_rate_per_ps,
        mean_angle_deg=_measured(found.mean_angle_deg),
        settled_share=_measured(found.settled_share),
    )


def _coupling(found: physics.Coupling | None, missing: tuple[str, str] | None) -> HopCoupling:
    if found is None:
        status: Any
        status, reason = missing or ("no-specie", "no mobile ion")
        return HopCoupling(status=status, reason=reason, n_hops=0, window_ps=None, near_A=None, excess_near=None,
                           largest_score=None, p_value=None, n_shifts=0)  # fmt: skip
    return HopCoupling(
        status=found.status,
        reason=found.reason,
        n_hops=found.n_hops,
        window_ps=found.window_ps,
        near_A=found.near_A,
        excess_near=_measured(found.excess_near),
        largest_score=found.largest_score,
        p_value=found.p_value,
        n_shifts=found.n_shifts,
    )
