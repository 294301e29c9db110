"""How fast the anions of each type turn, for `rotor`."""

from __future__ import annotations

from collections.abc import Sequence

from paddlewheel.records import Measured
from paddlewheel.studies.rotor.record import AnionRotation
from paddlewheel.transport import rotation as physics


def anion_rotation(motions: Sequence[physics.CageMotion], *, temperature_K: float) -> list[AnionRotation]:
    """The speeds of the anions of each formula over all replicas; every anion of every run is an independent unit."""
    found = []
    for formula in sorted({cage.formula for motion in motions for cage in motion.cages}):
        members = [[g for g, cage in enumerate(motion.cages) if cage.formula == formula] for motion in motions]
        velocity = physics.angular_velocity(motions, members, temperature_K=temperature_K)
        found.append(
            AnionRotation(
                anion=formula,
                n_anions=len(members[0]),
                rms_angular_velocity_rad_per_ps=_measured(velocity.rms_rad_per_ps),
                chord_speed_per_ps=_measured(physics.paper_speed(motions, members).per_ps),
                rotational_temperature_K=_measured(velocity.rotational_temperature_K),
            )
        )
    return found


def _measured(estimate: physics.Estimate | None) -> Measured | None:
    """None also where a single anion gives no uncertainty."""
    return None if estimate is None else Measured.or_none(estimate.value, estimate.std)
