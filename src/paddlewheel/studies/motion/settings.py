"""What every analysis of given trajectories is told: how to read the files, the temperature, the ion."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from paddlewheel.study.settings import Numbers, Settings, TypeMap, bad_value, setting
from paddlewheel.study.study import Argument

TRAJECTORIES = Argument(
    name="trajectories",
    metavar="RUN...",
    help="run directories of `conduct`, or trajectory files, of the same material at the same temperature",
    many=True,
    annotation="Trajectory | str | Path | Sequence[Trajectory | str | Path]",
)


def check_kelvin(value: float) -> None:
    """Refuse what no crystal has: 1 to 10,000 K."""
    if value <= 0:
        raise bad_value(f"{value:g} K is no temperature", "give kelvin above 0")
    if not 1 <= value <= 10_000:
        raise bad_value(f"{value:g} K is the temperature of no crystal", "give kelvin, 1 to 10,000")


class TrajectorySettings(Settings):
    """How given trajectories are read."""

    temperature_K: float | None = setting(
        None, "Temperature of the runs, K; of a run directory, which of its temperatures. Noted in the record"
    )
    temperature_anyway: bool = setting(
        False, "Keep a temperature that the speeds of the atoms contradict; the record says so", may_change=True
    )
    frame_interval_fs: float | None = setting(
        None,
        "fs between frames, where the files do not say (not the MD time step); 0.1 fs to 1 ns",
        ge=0.1,
        le=1e6,
        in_document=False,
    )
    type_map: TypeMap | None = setting(
        None, "LAMMPS types to elements, such as 1=Na,2=B", each=(1, 1e6), in_document=False
    )
    skip_ps: float = setting(
        0.0, "ps left out at the start of each run; a run directory's equilibration is always left out", ge=0
    )

    cell: Numbers | None = setting(
        None,
        "Cell of files without one: a,b,c,alpha,beta,gamma in A and degrees, or the nine numbers of its vectors in A",
        each=(-1e4, 1e4),
        in_document=False,
    )
    unwrapped: bool = setting(False, "Positions are unwrapped, though the files do not say so")

    @field_validator("temperature_K")
    @classmethod
    def _is_temperature(cls, value: float | None) -> float | None:
        if value is not None:
            check_kelvin(value)
        return value


class ChargeAnyway(Settings):
    """Whether a charge counts that chemistry excludes."""

    charge_anyway: bool = setting(
        False,
        "Keep a charge in which the element is not known; the record says so",
        in_document=False,
        only_with={"charge": True},
    )


class ChargeSettings(ChargeAnyway):
    """The charge of the mobile ion."""

    charge: float | None = setting(
        None, "Charge of the ion in e; guessed from the chemistry where that is sure.", each=(-8.0, 8.0)
    )


class MotionSettings(TrajectorySettings):
    """Settings of the analyses of one mobile ion."""

    specie: str | None = setting(
        None,
        "Symbol of the mobile ion, such as Na; a run directory's own, or guessed where only one fits",
        aliases=("ion", "species"),
    )


class DriftSettings(MotionSettings):
    """Settings of the analyses of displacements."""

    drift: Literal["framework", "all", "none"] = setting("framework", "Drift that is removed")
