"""What every simulation is told: the structure's cell, the potential, the ion, the dynamics.

A study takes those of these classes that it needs, in the order in which its options are to be listed.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, field_validator

from paddlewheel.crystals.supercell import MOST_ATOMS
from paddlewheel.dynamics import TRANSPORT_FRICTION_PER_PS, Ensemble, MDSettings
from paddlewheel.studies.motion.settings import ChargeSettings
from paddlewheel.study.settings import MOST_SEED, NamedNumbers, Settings, bad_value, setting
from paddlewheel.study.study import Argument

STRUCTURE = Argument(
    name="structure",
    metavar="STRUCTURE",
    help="a built-in name (see `structures`) or a file",
    annotation="str | Path | Atoms",
)


class EngineSettings(Settings):
    """How potentials are evaluated, whichever they are."""

    three_body: Literal["parent", "as_trained"] = setting("parent", "Three-body form of M3GNet; parent is smooth")
    device: str = setting("cpu", "Where it runs, such as cpu or cuda")


class PotentialSettings(EngineSettings):
    """The potential (see `potentials.chosen_potential`), and how it is evaluated."""

    potential: str | None = setting(
        None, "See `potentials`; by default the one made for these elements, else nep89, a first guess."
    )
    dtype: Literal["float32", "float64"] = setting("float32", "Precision of M3GNet")

    @field_validator("potential", mode="before")
    @classmethod
    def _by_name(cls, given: Any) -> Any:
        return str(given) if isinstance(given, Path) else given


class IonSettings(ChargeSettings):
    """The mobile ion and its charge."""

    specie: str | None = setting(
        None, "Symbol of the mobile ion, such as Na; guessed where only one fits.", aliases=("ion", "species")
    )


class CellSettings(Settings):
    """The cell that is simulated."""

    supercell: str | tuple[int, int, int] = setting("auto", "auto (every lattice parameter above 10 A) or AxBxC.")
    n_atoms: int | None = setting(
        None,
        "The cell nearest to cubic of about so many atoms (10 % more or fewer, or as near as the cell allows), by "
        "repeats along a, b and c or a matrix of integers.",
        ge=1,
        le=MOST_ATOMS,
        option="--atoms",
        aliases=("atoms",),
        only_with={"supercell": ("auto",)},
    )


class SeedSettings(Settings):
    """Chance."""

    seed: int = setting(1, "Decides every random number.", ge=0, le=MOST_SEED)


ONE_ORDERING = (
    "Ordered cells to choose from of a structure with partly occupied sites: the lowest is taken; by default 1, the "
    "lowest that is found"
)
"""Help of `orderings` where a study takes one cell alone."""


class DisorderSettings(Settings):
    """How a structure with partly occupied sites becomes ordered cells."""

    orderings: int | None = setting(
        None,
        "Ordered cells to make of a structure with partly occupied sites, which the replicas take in turn, each at "
        "least once; by default 2, or 1 of a single replica.",
        ge=1,
        le=1000,
    )
    oxidation: NamedNumbers | None = setting(
        None,
        "Oxidation states of elements of a structure with partly occupied sites, such as Fe=3,Ti=4, to keep its cells "
        "neutral and rank them; those that are absent are guessed from bond valences.",
        each=(-8, 8),
    )
    rank_by: Literal["ewald", "potential"] = setting(
        "ewald",
        "Energy that chooses the orderings: Ewald's of point charges, or the potential's after a short relaxation of "
        "four times as many cells of low Ewald energy.",
    )
    trades: int = setting(
        0,
        "Monte Carlo trades of partly occupied sites tried in each ordering by the energy of the potential; what they "
        "lead to is kept where it relaxes to a lower energy.",
        ge=0,
        le=1_000_000,
        only_with={"rank_by": ("potential",)},
    )


class StepSettings(Settings):
    """Time step and frames of molecular dynamics."""

    timestep_fs: float = setting(MDSettings.timestep_fs, "Time step, fs.", gt=0)
    frame_interval_fs: float = setting(MDSettings.frame_interval_fs, "fs between kept frames.", gt=0)


AUTO = "auto"
"""An equilibration that is only as long as the thermostat needs: the data say where the runs have settled."""
_THERMOSTAT_TIMES = 5.0


def _equilibration(given: Any) -> Any:
    if isinstance(given, str) and given.strip() == AUTO:
        return AUTO
    try:
        value = float(given)
    except (TypeError, ValueError):
        value = -1.0
    if not value >= 0:
        raise bad_value(f"'{given}' is neither auto nor a time of 0 or more", "write auto, or picoseconds such as 2")
    return value


Equilibration = Annotated[str | float, BeforeValidator(_equilibration)]
"""Picoseconds, or ``auto``."""


class DynamicsSettings(StepSettings):
    """Molecular dynamics: the fields of `MDSettings` that a user chooses, but temperature and seed."""

    ensemble: Literal["npt", "nvt", "nve", "langevin"] = setting(
        MDSettings.ensemble, "Ensemble; npt has a flexible cell, langevin a friction of 0.1/ps"
    )
    barostat: Literal["mtk", "rescaling"] = setting(
        MDSettings.barostat,
        "Barostat of npt: that of Martyna, Tobias and Klein, or stochastic cell rescaling, which damps the cell",
        only_with={"ensemble": ("npt",)},
    )
    equilibrate_ps: Equilibration = setting(
        MDSettings.equilibrate_ps,
        "ps left out at the start of each run at least: the data may leave out more. auto: only the 0.5 ps that the "
        "thermostat needs (nve: 2).",
    )
    production_ps: float = setting(MDSettings.production_ps, "ps analysed.", gt=0, aliases=("ps",))
    pressure_GPa: float = setting(MDSettings.pressure_GPa, "Pressure for npt, GPa.", only_with={"ensemble": ("npt",)})
    extrapolation_threshold: float = setting(
        MDSettings.extrapolation_threshold,
        "Extrapolation grade over which a step counts as extrapolating and its frame is kept in extrapolating/, for "
        "potentials that give one.",
        gt=0,
        le=1e6,
    )

    def dynamics(self, *, temperature_K: float, seed: int = MDSettings.seed) -> MDSettings:
        """One run at this temperature.

        Raises
        ------
        SettingsError
            If the times do not go together.
        """
        chosen = {field.name: getattr(self, field.name) for field in fields(MDSettings) if hasattr(self, field.name)}
        own = {"temperature_K": temperature_K, "seed": seed, "equilibrate_ps": self.left_out_ps}
        return MDSettings(**chosen | transport_friction(self.ensemble) | own)

    @property
    def left_out_ps(self) -> float:
        """Time left out at the start of each run, whatever the data say.

        ``auto`` is five times of the thermostat, the same dynamics as that number: after it the kinetic energy has
        forgotten how it was drawn. Without a thermostat (``nve``) it is the default, for a temperature that is set too
        early stays wrong.
        """
        if self.equilibrate_ps != AUTO:
            return float(self.equilibrate_ps)
        if self.ensemble == "nve":
            return MDSettings.equilibrate_ps
        return _THERMOSTAT_TIMES * MDSettings.thermostat_time_fs / 1000


def transport_friction(ensemble: Ensemble) -> dict[str, Any]:
    """The friction of runs that transport is measured on, as a setting of `MDSettings`; none but for Langevin."""
    return {"friction_per_ps": TRANSPORT_FRICTION_PER_PS} if ensemble == "langevin" else {}
