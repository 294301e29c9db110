"""The settings of one molecular-dynamics run, checked when they are made."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from paddlewheel.errors import SettingsError

Ensemble = Literal["npt", "nvt", "nve", "langevin"]
Barostat = Literal["mtk", "rescaling"]

TRANSPORT_FRICTION_PER_PS = 0.1
"""Most friction of Langevin where transport is measured. Friction lowers the rate over a barrier of curvature w by
sqrt(1 + (g / 2w)^2) - g / 2w (Kramers, doi 10.1016/S0031-8914(40)90098-2): with 0.1/ps by 5 % at most for w over 1/ps;
with 10/ps to a tenth for w of 1/ps, to 0.4 for 5/ps, and D of Na in o-NBH at 800 K to less than a sixth."""


@dataclass(frozen=True, kw_only=True)
class MDSettings:
    """One run: ensemble, temperature, times and seed.

    A start with a force over `relax_above_eV_per_A` (0: never) is relaxed to half of it first: an ordering or a
    drawing, not a thermal snapshot, whose forces reach 4 eV/A in o-NBH at 800 K.

    The equilibration has a thermostat in every ensemble (see `MDRun`). `friction_per_ps` is that of ``langevin``;
    where transport is measured at most `TRANSPORT_FRICTION_PER_PS`.

    `barostat` is that of ``npt``: ``mtk`` (Martyna, Tobias, Klein: the cell has a momentum, and swings), or
    ``rescaling`` (stochastic cell rescaling: it relaxes within `barostat_time_fs` without swinging, where
    `compressibility_per_GPa` is the crystal's own; that of soft ones by default).

    The times are rounded to whole frames: a frame is kept every `frame_interval_fs`, from step 0 on, and the
    production begins at the frame after `equilibrate_ps`.

    A step whose extrapolation grade is over `extrapolation_threshold` counts as extrapolating, and its frame is kept
    aside; over `extrapolation_break` for long, the run is given up (see `paddlewheel.dynamics.extrapolation`).

    Raises
    ------
    SettingsError
        For a value outside its range, with the value and the remedy.
    """

    ensemble: Ensemble = "npt"
    temperature_K: float
    timestep_fs: float = 1.0
    equilibrate_ps: float = 2.0
    production_ps: float = 20.0
    frame_interval_fs: float = 10.0
    pressure_GPa: float = 0.0
    thermostat_time_fs: float = 100.0
    barostat_time_fs: float = 1000.0
    friction_per_ps: float = 10.0
    seed: int = 1
    relax_above_eV_per_A: float = 10.0
    extrapolation_threshold: float = 2.1
    extrapolation_break: float = 10.0
    barostat: Barostat = "mtk"
    compressibility_per_GPa: float = 0.1

    def __post_init__(self) -> None:
        if self.ensemble not in get_args(Ensemble):
            raise SettingsError(
                f"unknown ensemble '{self.ensemble}'",
                where="ensemble",
                remedy=f"use one of {', '.join(get_args(Ensemble))}",
            )
        if self.barostat not in get_args(Barostat):
            raise SettingsError(
                f"unknown barostat '{self.barostat}'",
                where="barostat",
                remedy=f"use one of {', '.join(get_args(Barostat))}",
            )
        positive = (
            "temperature_K", "timestep_fs", "production_ps", "frame_interval_fs",
            "thermostat_time_fs", "barostat_time_fs", "friction_per_ps", "extrapolation_threshold",
            "extrapolation_break", "compressibility_per_GPa",
        )  # fmt: skip
        for name in positive:
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise SettingsError(f"{value:g} is not a positive number", where=name, remedy="give a value above 0")
        if not (math.isfinite(self.equilibrate_ps) and self.equilibrate_ps >= 0):
            raise SettingsError(f"{self.equilibrate_ps:g} is negative", where="equilibrate_ps", remedy="give 0 or more")
        if self.timestep_fs > 5:
            raise SettingsError(
                f"{self.timestep_fs:g} fs is too long for any molecular solid",
                where="timestep_fs",
                remedy="use 1 fs (0.5 fs for NVE checks)",
            )
        steps = self.frame_interval_fs / self.timestep_fs
        if steps < 1 or abs(steps - round(steps)) > 1e-6:
            raise SettingsError(
                f"{self.frame_interval_fs:g} fs is not a whole number of time steps of {self.timestep_fs:g} fs",
                where="frame_interval_fs",
                remedy=f"use a multiple of {self.timestep_fs:g}",
            )
        if self.production_ps * 1000 < self.frame_interval_fs:
            raise SettingsError(
                f"{self.production_ps:g} ps is shorter than one frame of {self.frame_interval_fs:g} fs",
                where="production_ps",
                remedy="run longer",
            )

    def document(self) -> dict[str, Any]:
        """These as keys and documents of runs hold them: what only one barostat asks for stands where it is chosen, so
        that runs of before, which had no choice, are those of today."""
        whole = asdict(self)
        if self.barostat == "mtk":
            del whole["barostat"], whole["compressibility_per_GPa"]
        return whole

    @property
    def steps_per_frame(self) -> int:
        """Time steps between two kept frames."""
        return round(self.frame_interval_fs / self.timestep_fs)

    @property
    def production_start_frame(self) -> int:
        """Index of the first frame of the production (frame 0 is step 0)."""
        return math.ceil(self.equilibrate_ps * 1000 / self.frame_interval_fs - 1e-9)

    @property
    def n_equilibration_steps(self) -> int:
        """Time steps before the first frame of the production."""
        return self.production_start_frame * self.steps_per_frame

    @property
    def n_frames(self) -> int:
        """Frames of the whole run, the one at step 0 included."""
        return self.production_start_frame + round(self.production_ps * 1000 / self.frame_interval_fs) + 1

    @property
    def n_steps(self) -> int:
        """Time steps of the whole run."""
        return (self.n_frames - 1) * self.steps_per_frame
