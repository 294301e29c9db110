"""One hop, computed from its ends to its saddle, and judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from paddlewheel.barriers.band import (
    Profile,
    Saddle,
    band_through,
    converge_band,
    first_band,
    profile_of,
    relax_end,
    saddle_of,
)
from paddlewheel.barriers.ends import Ends, strayed

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

HopStatus = Literal[
    "ok", "no-saddle", "second-order", "not-converged", "not-relaxed", "end-left-site", "ends-meet", "broken"
]
WITH_A_BARRIER: tuple[HopStatus, ...] = ("ok", "no-saddle", "second-order")
END_STEPS = 400
_RATTLE_A = 0.1
_MEET_A = 0.3
_BROKEN_eV = 50.0
"""No hop of an ion climbs so high: the images have met what the potential knows nothing of."""

Keep = Callable[[], dict[str, np.ndarray]]
Watch = Callable[[int, Keep], bool]
"""Told the steps done, and what gives the arrays to go on from; True stops."""


@dataclass(frozen=True, kw_only=True)
class BandSettings:
    """How a hop is computed.

    Attributes
    ----------
    n_images
        That move between the ends.
    fmax_eV_per_A
        Largest force left on the band; a third of it on the ends.
    most_steps
        Of the band.
    framework_moves
        Whether all atoms relax, or the ion alone in what stands as it is.
    """

    n_images: int = 7
    fmax_eV_per_A: float = 0.03
    most_steps: int = 400
    framework_moves: bool = True


@dataclass(frozen=True, kw_only=True)
class ComputedHop:
    """What came of a hop; `profile` and `saddle` are None where the band was not converged.

    Attributes
    ----------
    images
        The path, ends included; empty without one.
    n_steps
        Of the band.
    """

    status: HopStatus
    reason: str | None = None
    profile: Profile | None = None
    saddle: Saddle | None = None
    images: tuple[Atoms, ...] = ()
    n_steps: int = 0


def compute_hop(
    ends: Ends, calculator: Calculator, *, settings: BandSettings, watch: Watch, kept: Mapping[str, Any] | None = None
) -> ComputedHop | None:
    """Relax both ends, then the band between them.

    A band that comes to a saddle of second order, as a straight path between mirror planes may, is shaken once and
    relaxed again.

    Parameters
    ----------
    kept
        What `watch` was given by a call that was stopped.

    Returns
    -------
    None when stopped.
    """
    start, end, kept = ends.start.copy(), ends.end.copy(), dict(kept or {})
    if not settings.framework_moves:
        _hold_all_but(start, ends.moving)
        _hold_all_but(end, ends.moving)
    if "band" not in kept:
        ended = _relaxed_ends(ends, start, end, calculator, settings, watch, kept)
        if ended is None or isinstance(ended, ComputedHop):
            return ended
        if ends.guesses_A is None or not len(ends.guesses_A):
            images = first_band(start, end, ends.moving, n_images=settings.n_images)
        else:
            images = band_through(start, end, ends.guesses_A, n_images=settings.n_images)
    else:
        images = []
        for positions in kept["band"]:
            image = start.copy()
            image.set_positions(positions, apply_constraint=False)
            images.append(image)
    return _band(images, ends.moving, calculator, settings, watch, kept)


def _relaxed_ends(
    ends: Ends, start: Atoms, end: Atoms, calculator: Calculator, settings: BandSettings, watch: Watch,
    kept: dict[str, Any],
) -> ComputedHop | bool | None:  # fmt: skip
    for name, atoms, before, own in (
        ("start", start, ends.start, ends.own_start), ("end", end, ends.end, ends.own_end),
    ):  # fmt: skip
        if name in kept:
            atoms.set_positions(kept[name], apply_constraint=False)
        done = {key: kept[key] for key in ("start",) if key in kept and name == "end"}

        def keep(atoms: Atoms = atoms, name: str = name, done: dict[str, Any] = done) -> dict[str, np.ndarray]:
            return {**done, name: atoms.get_positions()}

        relaxed = relax_end(
            atoms, calculator, fmax_eV_per_A=settings.fmax_eV_per_A / 3, most_steps=END_STEPS,
            watch=lambda _steps, keep=keep: watch(0, keep),
        )  # fmt: skip
        if relaxed is None:
            return None
        kept[name] = atoms.get_positions()
        if not np.isfinite(atoms.positions).all():
            return ComputedHop(status="broken", reason=f"the {name} has forces that are not finite")
        if reason := strayed(atoms, before, own, ends.places_A):
            return ComputedHop(status="end-left-site", reason=f"the {name} of the hop does not last: {reason}")
        if not relaxed:
            left = float(np.linalg.norm(atoms.get_forces(), axis=1).max())
            return ComputedHop(
                status="not-relaxed", reason=f"{left:.2g} eV/A left at the {name} after {END_STEPS} steps"
            )
    if float(np.linalg.norm(end.positions[ends.moving] - start.positions[ends.moving])) < _MEET_A:
        return ComputedHop(status="ends-meet", reason="both ends relax to one place: they are one site")
    return True


def _band(
    images: list[Atoms], moving: int, calculator: Calculator, settings: BandSettings, watch: Watch,
    kept: Mapping[str, Any],
) -> ComputedHop | None:  # fmt: skip
    done = int(kept.get("n_steps", 0))
    shaken = bool(kept.get("shaken", False))
    limit = settings.most_steps * (2 if shaken else 1)
    while True:
        last = [done]

        def told(steps: int, shaken: bool = shaken, last: list[int] = last) -> bool:
            last[0] = steps
            return watch(steps, lambda: _band_arrays(images, steps, shaken))

        converged = converge_band(
            images, calculator, fmax_eV_per_A=settings.fmax_eV_per_A, most_steps=limit, steps_before=done, watch=told
        )
        if converged is None:
            return None
        done = last[0]
        profile = profile_of(images, calculator)
        if not np.isfinite(profile.energy_eV).all() or np.ptp(profile.energy_eV) > _BROKEN_eV:
            return ComputedHop(
                status="broken", reason="energies on the path that no ion has: the potential does not know it"
            )
        if not converged:
            return ComputedHop(
                status="not-converged", n_steps=done,
                reason=f"forces over {settings.fmax_eV_per_A:g} eV/A are left on the band after {done} steps",
            )  # fmt: skip
        saddle = saddle_of(images, profile, calculator, moving)
        if profile.highest in (0, len(images) - 1):
            return _judged("no-saddle", "no image is above the higher end", profile, saddle, images, done)
        if saddle.n_negative < 2:
            return _judged("ok", None, profile, saddle, images, done)
        if shaken:
            reason = f"the energy falls in {saddle.n_negative} directions at the highest image: a bound from above"
            return _judged("second-order", reason, profile, saddle, images, done)
        shaken, limit = True, done + settings.most_steps
        _shake(images, moving)


def _judged(
    status: HopStatus, reason: str | None, profile: Profile, saddle: Saddle, images: list[Atoms], n_steps: int
) -> ComputedHop:
    return ComputedHop(
        status=status, reason=reason, profile=profile, saddle=saddle, images=tuple(images), n_steps=n_steps
    )


def _band_arrays(images: list[Atoms], n_steps: int, shaken: bool) -> dict[str, np.ndarray]:
    return {
        "band": np.array([image.get_positions() for image in images]),
        "n_steps": np.array(n_steps),
        "shaken": np.array(shaken),
    }


def _shake(images: list[Atoms], moving: int) -> None:
    """Move the ion in all images but the ends the same small way, off a mirror plane."""
    away = _RATTLE_A * np.array([0.62, -0.35, 0.7])
    for image in images[1:-1]:
        positions = image.get_positions()
        positions[moving] += away
        image.set_positions(positions)


def _hold_all_but(atoms: Atoms, moving: int) -> None:
    from ase.constraints import FixAtoms

    atoms.set_constraint(FixAtoms([index for index in range(len(atoms)) if index != moving]))
