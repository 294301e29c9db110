"""What every simulation is told: the structure's cell, the potential, the dynamics."""

from __future__ import annotations

from typing import Literal

from paddlewheel.dynamics import MDSettings
from paddlewheel.study.settings import Settings, setting
from paddlewheel.study.study import Argument

STRUCTURE = Argument(
    name="structure",
    metavar="STRUCTURE",
    help="a built-in name (see `structures`) or a file",
    annotation="str | Path | Atoms",
)


class PotentialSettings(Settings):
    """The potential, and how it is evaluated."""

    potential: str | None = setting(None, "See `potentials`; by default the one made for these elements")
    three_body: Literal["parent", "as_trained"] = setting("parent", "Three-body form of M3GNet; parent is smooth")
    device: str = setting("cpu", "cpu, cuda, ...")
    dtype: Literal["float32", "float64"] = setting("float32", "Precision of M3GNet")


class IonSettings(Settings):
    """The mobile ion."""

    specie: str | None = setting(
        None, "Symbol of the mobile ion, such as Na; guessed where only one fits", aliases=("ion", "species")
    )
    charge: float | None = setting(None, "Its charge in e; guessed from the chemistry where that is sure")


class CellSettings(Settings):
    """The cell that is simulated."""

    supercell: str | tuple[int, int, int] = setting("auto", "auto (every lattice parameter above 10 A) or AxBxC")
    orderings: int | None = setting(
        None, "Ordered cells to make of a structure with partial occupancies; a replica each", ge=1
    )


class DynamicsSettings(Settings):
    """Molecular dynamics: the fields of `MDSettings` but temperature and seed."""

    ensemble: Literal["npt", "nvt", "nve", "langevin"] = setting("npt", "Ensemble; npt has a flexible cell")
    timestep_fs: float = setting(MDSettings.timestep_fs, "Time step, fs", gt=0)
    equilibrate_ps: float = setting(MDSettings.equilibrate_ps, "ps left out at the start", ge=0)
    production_ps: float = setting(MDSettings.production_ps, "ps analysed", gt=0, aliases=("ps",))
    frame_interval_fs: float = setting(MDSettings.frame_interval_fs, "fs between kept frames", gt=0)
    pressure_GPa: float = setting(MDSettings.pressure_GPa, "Pressure for npt, GPa")
    extrapolation_threshold: float = setting(
        MDSettings.extrapolation_threshold,
        "Extrapolation grade over which a step counts as extrapolating and its frame is kept",
    )
