"""The settings of `distil`, checked when they are made."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from paddlewheel.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class Exploration:
    """How the space of structures is explored.

    Attributes
    ----------
    temperatures_K
        Lowest and highest; every run draws its own between them.
    strain
        Largest linear strain of the runs at fixed cell.
    seed_ps
        Length of the teacher's own runs at the start, three for each structure: at rest, compressed and stretched.
    explore_ps
        Length of the student's runs in the first round, four for each structure (three in NPT, cold to hot, and NVT
        in a strained cell); doubled in every round.
    rounds
        Rounds of exploring with the student.
    frames_per_round
        Frames labelled in each round, shared by the structures.
    grade_limit
        A frame with a larger extrapolation grade is extrapolated.
    disagreement_limit_eV_per_A
        So is one on whose forces two students of an ensemble differ by more.
    """

    temperatures_K: tuple[float, float] = (100.0, 900.0)
    strain: float = 0.1
    seed_ps: float = 0.3
    explore_ps: float = 2.0
    rounds: int = 3
    frames_per_round: int = 400
    grade_limit: float = 1.5
    disagreement_limit_eV_per_A: float = 0.5

    def __post_init__(self) -> None:
        low, high = self.temperatures_K
        _need(0 < low <= high, "temperatures", f"{low:g} to {high:g} K", "give the lowest and the highest, above 0 K")
        _need(0 <= self.strain <= 0.2, "strain", f"{self.strain:g}", "give 0 to 0.2")
        for name in ("seed_ps", "explore_ps", "grade_limit", "disagreement_limit_eV_per_A"):
            _need(getattr(self, name) > 0, name, f"{getattr(self, name):g}", "give a value above 0")
        _need(self.seed_ps >= 0.05, "seed_ps", f"{self.seed_ps:g}", "give 0.05 ps or more: a few vibrations")
        _need(self.rounds >= 0, "rounds", f"{self.rounds}", "give 0 or more")
        _need(self.frames_per_round >= 10, "frames_per_round", f"{self.frames_per_round}", "give 10 or more")


@dataclass(frozen=True, kw_only=True)
class Gates:
    """Mean absolute errors against the teacher that end the rounds."""

    energy_meV_per_atom: float = 2.0
    force_eV_per_A: float = 0.08
    stress_GPa: float = 0.1

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            _need(value > 0, name, f"{value:g}", "give a limit above 0")


@dataclass(frozen=True, kw_only=True)
class DistilSettings:
    """All settings besides the structures and the teacher.

    Attributes
    ----------
    exploration, gates
        See there.
    form
        Fields of `training.student.StudentSettings` besides the elements.
    fit
        Fields of `training.student.FitSettings` besides `steps` and `seed`.
    steps, final_steps
        Steps of the fit in each round, and of the last one.
    ensemble
        Students fitted in each round, from different seeds; the first one explores and is kept.
    test_fraction
        Share of the labelled frames that no fit sees.
    seed
        Decides every random number.
    device
        Torch device of the fits, and of the teacher where it takes one.
    """

    exploration: Exploration = field(default_factory=Exploration)
    gates: Gates = field(default_factory=Gates)
    form: dict[str, Any] = field(default_factory=dict)
    fit: dict[str, Any] = field(default_factory=dict)
    steps: int = 6000
    final_steps: int = 20000
    ensemble: int = 1
    test_fraction: float = 0.1
    seed: int = 1
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name in ("steps", "final_steps", "ensemble"):
            _need(getattr(self, name) >= 1, name, f"{getattr(self, name)}", "give 1 or more")
        _need(0 < self.test_fraction < 0.5, "test_fraction", f"{self.test_fraction:g}", "give 0.05 to 0.5")

    def document(self) -> dict[str, Any]:
        """As plain lists and dictionaries, for `inputs.yaml` and for keys."""
        document = asdict(self)
        document["exploration"]["temperatures_K"] = list(self.exploration.temperatures_K)
        return document


def _need(holds: bool, name: str, value: str, remedy: str) -> None:
    if not holds:
        raise SettingsError(value, where=name, remedy=remedy)
