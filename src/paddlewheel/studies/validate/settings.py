"""The settings of `validate`: what is compared with what, what is run and for how long, and the limits of the gates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, field_validator, model_validator

from paddlewheel.errors import SettingsError
from paddlewheel.studies.simulation.settings import EngineSettings
from paddlewheel.study.settings import MOST_SEED, Numbers, Paths, Settings, bad_value, plain, setting

_ZERO = "0 leaves it out"
_GATE = (-1e6, 1e6)


class GateLimits(Settings):
    """How far a candidate may be from its reference; a limit of 0 or less takes the gate away.

    The first four are those of a distilled potential against its teacher; the frequencies are those that a
    neutron or Raman experiment would tell apart.
    """

    energy_MAE_meV_per_atom: float = setting(2.0, each=_GATE)
    force_MAE_eV_per_A: float = setting(0.08, each=_GATE)
    stress_MAE_GPa: float = setting(0.1, each=_GATE)
    density_percent: float = setting(1.0, each=_GATE)
    equilibrium_volume_percent: float = setting(1.0, each=_GATE)
    bulk_modulus_percent: float = setting(15.0, each=_GATE)
    phonon_shift_per_cm: float = setting(20.0, each=_GATE)
    radial_distribution: float = setting(0.1, each=_GATE)
    band_percent: float = setting(2.0, each=_GATE)


class ValidateSettings(Settings):
    """What is run and for how long; a duration, a number of points or of frames of 0 leaves that part out."""

    npt_temperatures_K: Numbers = setting(
        (300.0, 500.0),
        "Temperatures of NPT, K",
        distinct="give each once",
        only_with={"npt_ps": True},
    )
    npt_ps: float = setting(4.0, f"NPT of each phase for lattice, density and g(r), ps; {_ZERO}", ge=0)
    reference_npt_ps: float | None = setting(
        None, "The same of the reference, where it differs", ge=0, only_with={"npt_ps": True}
    )
    equilibrate_ps: float = setting(1.0, "ps left out at the start of every run", ge=0)
    radial_cutoff_A: float = setting(
        6.0, f"Range of g(r) of the hottest NPT, A; {_ZERO}", ge=0, only_with={"npt_ps": True}
    )
    eos_points: int = setting(7, f"Volumes of the equation of state; {_ZERO}", ge=0, le=1000)
    eos_strain: float = setting(0.02, "Their largest linear strain", gt=0, le=0.1, only_with={"eos_points": True})
    phonon_displacement_A: float = setting(0.01, f"Finite displacement of the phonons, A; {_ZERO}", ge=0)
    spectrum_ps: float = setting(4.0, f"NVT for the vibrational spectra, ps; {_ZERO}", ge=0)
    spectrum_temperature_K: float = setting(300.0, "Temperature of these, K", gt=0, only_with={"spectrum_ps": True})
    spectrum_interval_fs: float = setting(
        2.0, "fs between their frames, which are to see the fastest vibration", gt=0, only_with={"spectrum_ps": True}
    )
    diffusion_temperatures_K: Numbers = setting(
        (600.0, 800.0),
        "Temperatures of the runs for D, K",
        distinct="give each once",
        only_with={"diffusion_ps": True},
    )
    diffusion_ps: float = setting(50.0, f"Runs of the first structure for D, ps; {_ZERO}", ge=0)
    reference_diffusion_ps: float | None = setting(
        None, "The same of the reference, where it differs", ge=0, only_with={"diffusion_ps": True}
    )
    diffusion_ensemble: Literal["nvt", "npt", "nve", "langevin"] = setting(
        "nvt", "Ensemble of the runs for D", only_with={"diffusion_ps": True}
    )
    bond_ps: float = setting(
        100.0, f"Long NPT of the candidate, first structure, for its polyanions, ps; {_ZERO}", ge=0
    )
    bond_temperature_K: float = setting(800.0, "Temperature of this run, K", gt=0, only_with={"bond_ps": True})
    set_frames: int = setting(
        10,
        f"Frames of each kind and phase in a set that is made; {_ZERO}",
        ge=0,
        le=100_000,
        only_with={"dataset": False},
    )
    timestep_fs: float = setting(1.0, "Time step of all dynamics, fs", gt=0)
    seed: int = setting(1, "Decides every random number", ge=0, le=MOST_SEED)
    minimum_length_A: float = setting(
        6.0, "auto supercells have every lattice parameter above this, A", ge=0, only_with={"supercell": ("auto",)}
    )

    @field_validator("npt_temperatures_K", "diffusion_temperatures_K")
    @classmethod
    def _are_temperatures(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if any(value <= 0 for value in values):
            raise bad_value(", ".join(f"{value:g}" for value in values), "give temperatures above 0 K")
        return values

    @field_validator("eos_points")
    @classmethod
    def _enough(cls, points: int) -> int:
        if 0 < points < 5:
            raise bad_value(f"{points} volumes for a curve of four parameters", "give 5 or more, or 0 to leave it out")
        return points

    def idle(self) -> set[str]:
        """Names of the settings that decide nothing, as their part is left out."""
        dynamics = self.npt_ps or self.spectrum_ps or self.diffusion_ps or self.bond_ps
        parts: dict[str, Any] = {
            "npt_temperatures_K reference_npt_ps radial_cutoff_A": self.npt_ps,
            "eos_strain": self.eos_points,
            "spectrum_temperature_K spectrum_interval_fs": self.spectrum_ps,
            "diffusion_temperatures_K reference_diffusion_ps diffusion_ensemble": self.diffusion_ps,
            "bond_temperature_K": self.bond_ps,
            "equilibrate_ps timestep_fs": dynamics,
        }
        return {name for names, wanted in parts.items() if not wanted for name in names.split()}


def _supercells(given: Any) -> Any:
    """``auto``, ``2x1x2``, or one of these by structure: ``o-nbh=1x1x1,nabh4=2x2x2``."""
    if not isinstance(given, str) or "=" not in given:
        return given
    return {name.strip(): text.strip() for name, _, text in (part.partition("=") for part in given.split(","))}


def _limits(given: Any) -> Any:
    """Limits by gate, also as text: ``force_MAE_eV_per_A=0.06,density_percent=2``."""
    if isinstance(given, str):
        pairs = [part.partition("=") for part in filter(None, given.split(","))]
        given = {name.strip(): text.strip() for name, _, text in pairs}
    if isinstance(given, Mapping):
        known = ", ".join(GateLimits.model_fields)
        for name, value in given.items():
            if name not in GateLimits.model_fields:
                raise bad_value(f"'{name}' is no gate", f"use one of {known}")
            if not _is_number(value):
                raise bad_value(f"'{name}={value}' is no limit", "write density_percent=2")
    return given


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _trajectories(given: Any) -> Any:
    """Trajectories by temperature, also as texts such as ``600=FILE``."""
    if isinstance(given, Mapping):
        return given
    found: dict[float, str] = {}
    for text in [given] if isinstance(given, str) else given:
        temperature, equals, path = str(text).partition("=")
        if not (equals and _is_number(temperature)):
            raise bad_value(f"'{text}'", "write 600=FILE")
        found[float(temperature)] = path
    return found


class ValidateOptions(ValidateSettings, EngineSettings):
    """Every setting of `validate`."""

    against: str = setting(help="The reference: the potential to be like")
    dataset: Path | None = setting(
        None, "Labelled set (extxyz with its card); by default one is made and the reference labels it", option="--set"
    )
    phase_key: str = setting("structure", "Entry of a frame's info that names its phase, for the error tables")
    supercell: Annotated[str | dict[str, str], BeforeValidator(_supercells)] = setting(
        "auto", "auto, AxBxC, or one of these by structure, such as o-nbh=1x1x1,nabh4=2x2x2"
    )
    specie: str | None = setting(
        None, "Symbol of the mobile ion, such as Na; guessed where only one fits", aliases=("ion", "species")
    )
    settings: ValidateSettings | None = setting(
        None, "What is run, as one object, instead of each by its name", on_command_line=False, in_document=False
    )
    limits: Annotated[GateLimits | None, BeforeValidator(_limits)] = setting(
        None, "Limits of gates, such as force_MAE_eV_per_A=0.06,density_percent=2; 0 takes a gate away"
    )
    reference_runs: Paths = setting(
        (), "Earlier run directory whose finished units of like contents are taken; may be repeated",
        repeated=True, may_change=True,
    )  # fmt: skip
    reference_trajectories: Annotated[dict[float, Path] | None, BeforeValidator(_trajectories)] = setting(
        None, "Trajectory of the reference for D, as 600=FILE; may be repeated",
        option="--reference-trajectory", repeated=True, each=(0.0, 1e4)
    )  # fmt: skip
    reference_frame_interval_fs: float | None = setting(
        None,
        "fs between its frames, where the files do not say",
        gt=0,
        in_document=False,
        only_with={"reference_trajectories": True},
    )
    candidate_dtype: Literal["float32", "float64"] = setting("float32", "Precision of the candidate")
    reference_dtype: Literal["float32", "float64"] = setting("float32", "Precision of the reference")

    @model_validator(mode="after")
    def _given_where_they_are_used(self) -> Self:
        lacking = [value for value in self.reference_trajectories or {} if value not in self.diffusion_temperatures_K]
        if lacking:
            raise SettingsError(
                f"{lacking[0]:g} K is no temperature of the candidate's diffusion runs",
                where="reference_trajectories",
                remedy="name it among --diffusion-temperatures",
            )
        return self

    @property
    def gates(self) -> GateLimits:
        """The limits, those that are not given included."""
        return self.limits or GateLimits()

    @property
    def parts(self) -> dict[str, Any]:
        """What is run, as `inputs.yaml` holds it."""
        return {name: plain(getattr(self, name)) for name in ValidateSettings.model_fields}

    def may_change(self) -> frozenset[str]:
        """Beside what was declared so: what decides nothing; the supercells are there whatever made them."""
        idle = self.idle() | {"minimum_length_A"} | ({"set_frames"} if self.dataset is not None else set())
        others = {f"settings.{name}" for name in idle} | (set() if self.dataset is not None else {"phase_key"})
        return super().may_change() | others
