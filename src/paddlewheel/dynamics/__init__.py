"""Molecular dynamics: settings, ensembles, a resumable run, and the checks of its health."""

from __future__ import annotations

from paddlewheel.dynamics.health import Framework, check_run, hopeless, worst_status
from paddlewheel.dynamics.run import MDFrame, MDRun
from paddlewheel.dynamics.settings import Ensemble, MDSettings

__all__ = ["Ensemble", "Framework", "MDFrame", "MDRun", "MDSettings", "check_run", "hopeless", "worst_status"]
