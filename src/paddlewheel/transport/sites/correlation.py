"""The diffusivity that uncorrelated jumps would give, the one there is, and their ratio: the correlation factor."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from paddlewheel.transport.diffusion import DiffusivityEstimate, estimate_settled
from paddlewheel.transport.sites.assignment import Assignment, site_paths_A
from paddlewheel.transport.sites.jumps import Jumps, counts_by_ion
from paddlewheel.transport.stationarity import LEVEL_REFUSE, pace
from paddlewheel.units import A2_PER_PS_IN_CM2_PER_S

FEWEST_JUMPS = 30
"""Below, the error of the jump diffusivity is over a fifth of it and its shape unknown."""


@dataclass(frozen=True)
class JumpDiffusivity:
    """D_J = sum of l^2 over all jumps / (2 d N t), cm^2/s; `std` from the scatter of the ions' sums of l^2."""

    value_cm2_per_s: float
    std_cm2_per_s: float | None


@dataclass(frozen=True)
class CorrelationFactor:
    """f = D_tracer / D_J.

    Attributes
    ----------
    value, std, interval_95
        None where `reason` says why.
    jump
        D_J.
    tracer
        Estimate of the tracer diffusivity from the paths from site to site.
    """

    value: float | None
    std: float | None
    interval_95: tuple[float, float] | None
    reason: str | None
    jump: JumpDiffusivity
    tracer: DiffusivityEstimate


def jump_diffusivity(assignment: Assignment, jumps: Jumps) -> JumpDiffusivity:
    """D_J = (1/2d) nu <l^2> in three dimensions, with each jump's own length (Compaan and Haven, 10.1039/TF9565200786).

    The error is the larger of two: the Poisson error of the number of jumps, and the scatter of the sums over ions,
    which bursts and ions on different kinds of sites widen.
    """
    size = assignment.n_ions
    ions = jumps.run * size + jumps.ion
    sums = np.bincount(ions, weights=jumps.length_A**2, minlength=size * len(assignment.runs))
    scale = A2_PER_PS_IN_CM2_PER_S / (6.0 * assignment.ion_time_ps)
    value = float(sums.sum() * scale)
    if len(jumps) < 2:
        return JumpDiffusivity(value, None)
    poisson = np.sqrt((jumps.length_A**4).sum())
    scatter = np.sqrt(len(sums) * sums.var(ddof=1)) if len(sums) > 1 else 0.0
    return JumpDiffusivity(value, float(max(poisson, scatter) * scale))


def correlation_factor(assignment: Assignment, jumps: Jumps) -> CorrelationFactor:
    """The correlation factor from the ions' paths from site to site.

    The tracer diffusivity is that of the paths without the vibrations (`estimate_diffusivity`: all lags, full
    covariance, refused where the motion is not diffusive); with them it is the same at long times and less precise. It
    is taken over the whole run, as the jumps are; a run whose beginning has another pace (at the level of 0.1 %) gives
    no factor.

    Errors of numerator and denominator are taken for independent. They are correlated positively, since more jumps
    make more of both, so that the interval is too long rather than too short.
    """
    jump = jump_diffusivity(assignment, jumps)
    paths = [site_paths_A(run, assignment.sites) for run in assignment.runs]
    hop = float(np.median(jumps.length_A)) if len(jumps) else 2.0
    found = pace(paths, hop_distance_A=hop)
    uneven = found.cut_p_value is not None and found.cut_p_value < LEVEL_REFUSE
    tracer = estimate_settled(
        paths, replace(found, first_frame=0, cut_by=None, cut_p_value=None), step_ps=assignment.step_ps,
        hop_distance_A=hop, minimum_onset_ps=0.0,
    )  # fmt: skip
    reason = None
    if len(jumps) < FEWEST_JUMPS:
        reason = f"{len(jumps)} jumps are too few (at least {FEWEST_JUMPS})"
    elif (counts_by_ion(assignment, jumps) > 1).sum() == 0:
        reason = "no ion jumps twice: there is nothing to be correlated"
    elif uneven:
        reason = (
            f"ions have another pace in the first {found.first_frame * assignment.step_ps:.3g} ps, where jumps were "
            "counted too: leave them out (--skip-ps)"
        )
    elif tracer.value_cm2_per_s is None:
        reason = f"the tracer diffusivity is {tracer.status}: {tracer.reason}"
    if reason or tracer.value_cm2_per_s is None or tracer.interval_95_cm2_per_s is None or jump.std_cm2_per_s is None:
        return CorrelationFactor(None, None, None, reason or "an error is not determined", jump, tracer)
    value = tracer.value_cm2_per_s / jump.value_cm2_per_s
    jump_relative = jump.std_cm2_per_s / jump.value_cm2_per_s
    std = value * float(np.hypot((tracer.std_cm2_per_s or 0.0) / tracer.value_cm2_per_s, jump_relative))
    # the ends of the tracer's interval, each widened by the error of the number of jumps, in logarithms
    low, high = (np.log(end / tracer.value_cm2_per_s) for end in tracer.interval_95_cm2_per_s)
    widened = [np.hypot(end, 1.96 * jump_relative) for end in (low, high)]
    interval = (value * float(np.exp(-widened[0])), value * float(np.exp(widened[1])))
    return CorrelationFactor(value, std, interval, None, jump, tracer)
