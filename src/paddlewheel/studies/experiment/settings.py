"""Settings of `validate --experiment`: whom to predict by which potentials, and the runs behind a prediction."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import field_validator, model_validator

from paddlewheel.errors import SettingsError
from paddlewheel.studies.conduct.second_opinion.settings import OpinionSettings
from paddlewheel.studies.simulation.settings import (
    AUTO,
    DynamicsSettings,
    EngineSettings,
    Equilibration,
    IonSettings,
    SeedSettings,
)
from paddlewheel.study.settings import Names, Numbers, bad_value, setting


class ExperimentSettings(OpinionSettings, EngineSettings, DynamicsSettings, IonSettings, SeedSettings):
    """Settings of `validate --experiment`."""

    potential: Names = setting(
        ("nep89",), "Potentials to judge (see `potentials`): NAME[,NAME]; more may be added later.", may_change=True
    )
    dtype: Literal["float32", "float64"] = setting("float32", "Precision of the potentials that have the choice")
    conductors: int = setting(
        48,
        "How many to draw: families and decades of the measured conductivity in turn. More may be asked for later.",
        ge=1,
        le=100_000,
        may_change=True,
    )
    ids: Names = setting(
        (), "Conductors by their id in the table, in place of a draw; more may be added later.", may_change=True
    )
    atoms: int = setting(
        130,
        "At most so many atoms a cell (elsewhere --atoms is about so many): lattice parameters above 10 A as far as "
        "this allows; crystals of larger cells are left out.",
        ge=4,
        le=100_000,
    )
    temperatures_K: Numbers = setting(
        (600.0, 800.0, 1000.0, 1200.0),
        "Temperatures of the runs, K: two at least that conduct and do not melt.",
        distinct="use --replicas for more runs",
        each=(50.0, 5000.0),
    )
    replicas: int = setting(1, "Independent runs at each temperature; more may be asked for later.", ge=1, le=10_000,
                            may_grow=True)  # fmt: skip
    timestep_fs: float | None = setting(None, "Time step, fs; by default 2, and 1 with hydrogen.", gt=0)
    frame_interval_fs: float = setting(20.0, "fs between kept frames.", gt=0)
    barostat: Literal["mtk", "rescaling"] = setting(
        "rescaling",
        "Barostat of npt: stochastic cell rescaling, which damps the cell, or that of Martyna, Tobias and Klein",
        only_with={"ensemble": ("npt",)},
    )
    equilibrate_ps: Equilibration = setting(
        AUTO,
        "ps left out at the start of each run at least: the data may leave out more. auto: only the 0.5 ps that the "
        "thermostat needs (nve: 2).",
    )
    production_ps: float = setting(40.0, "ps analysed of each run.", gt=0, aliases=("ps",))
    opinion_conductors: int = setting(
        10,
        "Of how many conductors --second-opinion labels frames: the first of the draw that have a prediction.",
        ge=1,
        le=100_000,
        may_change=True,
        only_with={"second_opinion": True},
    )
    own_run_conductors: int = setting(
        1,
        "Of how many of these it runs itself for --second-opinion-ps: those of the fewest atoms.",
        ge=1,
        le=100_000,
        may_change=True,
        only_with={"second_opinion_ps": True},
    )

    @field_validator("potential")
    @classmethod
    def _are_distinct(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise bad_value(f"{twice} is named twice", "name each once")
        return names

    @model_validator(mode="after")
    def _has_a_line(self) -> Self:
        if len(self.temperatures_K) < 2:
            raise SettingsError(
                f"a line needs two temperatures at least, {len(self.temperatures_K)} given", where="temperatures_K",
                remedy="give more",
            )  # fmt: skip
        return self

    def may_change(self) -> frozenset[str]:
        """As declared, and what follows: the table may gain rows, each conductor is held to its own document."""
        return super().may_change() | {"table", "drawn"}

    def of_conduct(self, *, has_hydrogen: bool) -> dict[str, Any]:
        """The settings of `conduct` for one conductor."""
        taken = (
            "temperatures_K", "replicas", "ensemble", "equilibrate_ps", "production_ps", "frame_interval_fs",
            "extrapolation_threshold", "three_body", "device", "dtype", "seed",
        )  # fmt: skip
        found = {name: getattr(self, name) for name in taken}
        if self.ensemble == "npt":
            found |= {"barostat": self.barostat, "pressure_GPa": self.pressure_GPa}
        return found | {"timestep_fs": self.timestep_fs or (1.0 if has_hydrogen else 2.0)}
