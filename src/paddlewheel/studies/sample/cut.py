"""Which frames of a sampling run may be used: all, or those before it broke."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.dynamics.health import BROKEN_FOR_PS, BROKEN_STRETCH, bond_lengths_A
from paddlewheel.execution import Unit
from paddlewheel.studies.motion.framework import framework_of
from paddlewheel.studies.simulation.md_unit import store_path, unit_atoms
from paddlewheel.training.strain_grid import GridPoint
from paddlewheel.trajectories import open_store

JUDGED_FROM_PS = 1.0
"""In less, the thermostat is still taking up the strain, and a slope or a mean says nothing of the run."""
MARGIN_PS = 0.1
"""Left out before a break: an explosion is heard of some tens of femtoseconds after it began."""


@dataclass(frozen=True)
class UsableFrames:
    """Frames 0 to `n_frames` - 1 of the `n_stored` of a run may be used; `broken` says why not all.

    `remarks` are checks that failed and cost no frames: a thermostat far off its target, a drift.
    """

    n_frames: int
    n_stored: int
    broken: str | None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunOfGrid:
    """A finished run, what of it may be used, and which of its frames are candidates."""

    point: GridPoint
    unit: Unit
    usable: UsableFrames
    frames: range


def usable_frames(unit: Unit) -> UsableFrames:
    """The usable part of a finished unit of molecular dynamics.

    Cut `MARGIN_PS` before the end of a run that was given up (exploded, atoms torn off, numbers not finite), and before
    the moment when a bond of a polyanion opened for good (as `dynamics.health` defines it). A melted framework or a
    high pressure is what strained hot runs are for, and no reason.
    """
    result = unit.result()
    assert result is not None
    interval_ps = unit.contents["md"]["frame_interval_fs"] / 1000
    trajectory = open_store(store_path(unit))
    n_stored = trajectory.n_frames
    margin = int(np.ceil(MARGIN_PS / interval_ps))
    failed = {check["name"]: check["detail"] for check in result["health"] if check["status"] == "broken"}
    production_ps = unit.contents["md"]["production_ps"]
    looked_at = ("temperature", "energy-drift") if production_ps >= JUDGED_FROM_PS else ()
    remarks = tuple(f"{name}: {failed[name]}" for name in looked_at if name in failed)
    ends: list[tuple[int, str]] = []
    expected = production_ps + unit.contents["md"]["equilibrate_ps"]
    if result["status"] == "broken" and n_stored - 1 < round(expected / interval_ps):
        ends.append((n_stored, str(result["reason"])))
    if "polyanion-bonds" in failed and (opened := _first_break(unit, interval_ps)) is not None:
        ends.append((opened, f"polyanion-bonds: {failed['polyanion-bonds']}"))
    if not ends:
        return UsableFrames(n_stored, n_stored, None, remarks)
    end, reason = min(ends)
    return UsableFrames(max(0, end - margin), n_stored, reason, remarks)


def _first_break(unit: Unit, interval_ps: float) -> int | None:
    """The frame at which the first bond opened that then stayed open for `BROKEN_FOR_PS`."""
    framework, _ = framework_of(unit_atoms(unit), mobile=unit.contents["mobile"])
    needed = max(1, round(BROKEN_FOR_PS / interval_ps))
    streak = np.zeros(len(framework.bonds), dtype=int)
    frame = 0
    for block in open_store(store_path(unit)).blocks():
        lengths = bond_lengths_A(block.positions_A, block.cell_A, framework.bonds)
        for opened in lengths / framework.reference_lengths_A > BROKEN_STRETCH:
            streak = np.where(opened, streak + 1, 0)
            frame += 1
            if streak.max(initial=0) >= needed:
                return frame - needed
    return None
