"""The settings of `validate`: durations, temperatures and the limits of the gates, checked when they are made."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from paddlewheel.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class GateLimits:
    """How far a candidate may be from its reference; a limit of 0 or less takes the gate away.

    The first four are those of a distilled potential against its teacher; the frequencies are those that a
    neutron or Raman experiment would tell apart.
    """

    energy_MAE_meV_per_atom: float = 2.0
    force_MAE_eV_per_A: float = 0.08
    stress_MAE_GPa: float = 0.1
    density_percent: float = 1.0
    equilibrium_volume_percent: float = 1.0
    bulk_modulus_percent: float = 15.0
    phonon_shift_per_cm: float = 20.0
    radial_distribution: float = 0.1
    band_percent: float = 2.0

    def __post_init__(self) -> None:
        for field in fields(self):
            if not math.isfinite(getattr(self, field.name)):
                raise SettingsError(f"{getattr(self, field.name)}", where=field.name, remedy="give a finite limit")


@dataclass(frozen=True, kw_only=True)
class ValidateSettings:
    """What is run and for how long; a duration, a number of points or of frames of 0 leaves that part out.

    Attributes
    ----------
    npt_temperatures_K, npt_ps, reference_npt_ps
        NPT of each phase, for lattice parameters, density and g(r); the reference may run shorter (None: as long).
    equilibrate_ps
        Left out at the start of every run.
    radial_cutoff_A
        Range of g(r); 0 leaves it out. It is taken from the NPT runs at the last temperature.
    eos_points, eos_strain
        Volumes of the equation of state, spread over (1 +- eos_strain)**3 of the relaxed volume.
    phonon_displacement_A
        Finite displacement; 0 leaves the phonons out.
    spectrum_ps, spectrum_temperature_K, spectrum_interval_fs
        NVT with frames close enough to see the fastest vibration.
    diffusion_temperatures_K, diffusion_ps, reference_diffusion_ps, diffusion_ensemble
        Runs of the first structure for the diffusivity.
    bond_ps, bond_temperature_K
        NPT of the candidate alone, of the first structure: do its polyanions hold?
    set_frames
        Rattled and strained frames, and snapshots of the reference's NPT runs, of each phase, where no set is given.
    minimum_length_A
        ``auto`` supercells have every lattice parameter above it.
    """

    npt_temperatures_K: tuple[float, ...] = (300.0, 500.0)
    npt_ps: float = 4.0
    equilibrate_ps: float = 1.0
    reference_npt_ps: float | None = None
    radial_cutoff_A: float = 6.0
    eos_points: int = 7
    eos_strain: float = 0.02
    phonon_displacement_A: float = 0.01
    spectrum_ps: float = 4.0
    spectrum_temperature_K: float = 300.0
    spectrum_interval_fs: float = 2.0
    diffusion_temperatures_K: tuple[float, ...] = (600.0, 800.0)
    diffusion_ps: float = 50.0
    reference_diffusion_ps: float | None = None
    diffusion_ensemble: str = "nvt"
    bond_ps: float = 100.0
    bond_temperature_K: float = 800.0
    set_frames: int = 10
    timestep_fs: float = 1.0
    seed: int = 1
    minimum_length_A: float = 6.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            numbers = value if isinstance(value, tuple) else (value,)
            for number in numbers:
                if isinstance(number, int | float) and not (math.isfinite(number) and number >= 0):
                    raise SettingsError(f"{number:g}", where=field.name, remedy="give 0 or more")
        for name in ("npt_temperatures_K", "diffusion_temperatures_K"):
            values = getattr(self, name)
            if any(value <= 0 for value in values) or len(set(values)) != len(values):
                raise SettingsError(f"{values}", where=name, remedy="give different temperatures above 0 K")
        if 0 < self.eos_points < 5:
            raise SettingsError(
                f"{self.eos_points} volumes for a curve of four parameters", where="eos_points",
                remedy="give 5 or more, or 0 to leave it out",
            )  # fmt: skip
        if self.eos_points and not 0 < self.eos_strain <= 0.1:
            raise SettingsError(f"{self.eos_strain:g}", where="eos_strain", remedy="give a linear strain up to 0.1")
