"""Molecular dynamics: settings, ensembles, a resumable run, and the checks of its health."""

from __future__ import annotations

from paddlewheel.dynamics.extrapolation import (
    TOLERATED_SHARE,
    ExtrapolatingFrame,
    ExtrapolationWatch,
    check_extrapolation,
    share_over,
)
from paddlewheel.dynamics.health import Framework, check_run, hopeless, worst_status
from paddlewheel.dynamics.run import MDFrame, MDRun
from paddlewheel.dynamics.settings import TRANSPORT_FRICTION_PER_PS, Ensemble, MDSettings

__all__ = [
    "TOLERATED_SHARE", "TRANSPORT_FRICTION_PER_PS", "Ensemble", "ExtrapolatingFrame", "ExtrapolationWatch",
    "Framework", "MDFrame", "MDRun", "MDSettings", "check_extrapolation", "check_run", "hopeless",
    "share_over", "worst_status",
]  # fmt: skip
