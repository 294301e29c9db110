"""The settings of `distil`: how structures are explored, the student's form and fits, and the gates."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import field_validator, model_validator

from paddlewheel.errors import SettingsError
from paddlewheel.studies.simulation.settings import EngineSettings
from paddlewheel.study.settings import MOST_SEED, NamedNumbers, Names, Numbers, Settings, bad_value, plain, setting
from paddlewheel.training.student.settings import FitSettings, StudentSettings

_FORM = ("radial_cutoff_A", "angular_cutoff_A", "neurons")
"""Fields of the student's form that are settings of their own."""


def form_document(form: StudentSettings) -> dict[str, Any]:
    """A student's form without its elements, for documents and units; without the repulsion where there is none, of
    which those of before know nothing."""
    absent = {"elements"} if form.zbl_outer_A else {"elements", "zbl_inner_A", "zbl_outer_A"}
    return {name: value for name, value in asdict(form).items() if name not in absent}


class Exploration(Settings):
    """How the space of structures is explored."""

    temperatures_K: Numbers = setting((100.0, 900.0), "Lowest and highest, K; every run draws its own between them")
    strain: float = setting(0.1, "Largest linear strain of the runs at fixed cell", ge=0, le=0.2)
    seed_ps: float = setting(
        0.3, "ps of each of the teacher's own runs at the start, three for each structure: at rest, compressed, "
        "stretched", ge=0.05,
    )  # fmt: skip
    explore_ps: float = setting(
        2.0, "ps of each of the student's runs in the first round, four for each structure; doubled in every round",
        gt=0, only_with={"rounds": True}
    )  # fmt: skip
    rounds: int = setting(3, "Rounds of exploring with the student", ge=0, le=100)
    frames_per_round: int = setting(
        400,
        "Frames labelled in each round, and of the teacher's own runs at the start, over all structures",
        ge=10,
        le=100_000,
    )
    grade_limit: float = setting(
        1.5, "Extrapolation grade over which a frame is extrapolated", gt=0, le=1e6, only_with={"rounds": True}
    )
    disagreement_limit_eV_per_A: float = setting(
        0.5,
        "So is a frame on whose forces two students differ by more, eV/A",
        gt=0,
        only_with={"ensemble": range(2, 101)},
    )

    @field_validator("temperatures_K")
    @classmethod
    def _two(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if not (len(values) == 2 and 0 < values[0] <= values[1]):
            given = ", ".join(f"{value:g}" for value in values)
            raise bad_value(given, "give the lowest and the highest, above 0 K: 100,900")
        return values


class Gates(Settings):
    """Mean absolute errors against the teacher that end the rounds."""

    energy_gate_meV_per_atom: float = setting(
        2.0, "Largest mean error of energies that passes, meV/atom", gt=0, aliases=("energy_meV_per_atom",)
    )
    force_gate_eV_per_A: float = setting(
        0.08, "Largest mean error of forces that passes, eV/A", gt=0, aliases=("force_eV_per_A",)
    )
    stress_gate_GPa: float = setting(
        0.1, "Largest mean error of stresses that passes, GPa", gt=0, aliases=("stress_GPa",)
    )

    @property
    def limits(self) -> dict[str, float]:
        """Each limit, by the quantity as the record names it."""
        return {
            "energy_meV_per_atom": self.energy_gate_meV_per_atom,
            "force_eV_per_A": self.force_gate_eV_per_A,
            "stress_GPa": self.stress_gate_GPa,
        }


class DistilSettings(Exploration, Gates):
    """What is explored, fitted and asked for."""

    exploration: Exploration | None = setting(
        None, "How structures are explored, as one object", on_command_line=False, in_document=False
    )
    gates: Gates | None = setting(None, "The gates, as one object", on_command_line=False, in_document=False)
    teacher_hours: float | None = setting(
        None, "Core-hours that the teacher may take for its own runs and all labels: seed-ps and frames-per-round are "
        "lowered to that, by what its evaluations take here", gt=0, le=1e5,
    )  # fmt: skip
    start_from: str | None = setting(
        None, "nep.txt, or a NEP by name, whose weights for these elements the first student begins with, and whose "
        "form all have; the energies of the elements are fitted anew",
    )  # fmt: skip
    steps: int = setting(6000, "Steps of the fit in each round", ge=1, le=10_000_000)
    final_steps: int = setting(20000, "Steps of the last fit", ge=1, le=10_000_000)
    ensemble: int = setting(
        1,
        "Students of each round, from different seeds, whose disagreement asks for labels; the first is kept",
        ge=1,
        le=100,
    )
    radial_cutoff_A: float = setting(StudentSettings.radial_cutoff_A, "Of the radial descriptors, A", gt=0)
    angular_cutoff_A: float = setting(StudentSettings.angular_cutoff_A, "Of the angular descriptors, A", gt=0)
    neurons: int = setting(StudentSettings.neurons, "Of the hidden layer", ge=2, le=1000)
    form: dict[str, Any] = setting(
        {}, "Further fields of `training.student.settings.StudentSettings`", on_command_line=False
    )
    fit: dict[str, Any] = setting(
        {}, "Fields of `training.student.settings.FitSettings` besides steps and seed", on_command_line=False
    )
    test_fraction: float = setting(0.1, "Share of the labelled frames that no fit sees", gt=0, lt=0.5)
    seed: int = setting(1, "Decides every random number", ge=0, le=MOST_SEED)
    device: str = setting("cpu", "Of the fits, and of the teacher where it takes one, such as cpu or cuda")

    @field_validator("start_from", mode="before")
    @classmethod
    def _by_name(cls, given: Any) -> Any:
        return str(given) if isinstance(given, Path) else given

    @model_validator(mode="after")
    def _of_a_student(self) -> Self:
        self.student(("H",))
        FitSettings(**self.fit)
        chosen = [*(name for name in _FORM if name in self.model_fields_set), *self.form]
        if self.start_from is not None and chosen:
            raise SettingsError(
                f"{chosen[0]} is that of {self.start_from}", where="start_from", remedy=f"leave {chosen[0]} out"
            )
        return self

    def student(self, elements: tuple[str, ...]) -> StudentSettings:
        """The student's form.

        Raises
        ------
        SettingsError
            For a value outside what GPUMD, LAMMPS and our engine read.
        """
        return StudentSettings(elements=elements, **{name: getattr(self, name) for name in _FORM} | self.form)

    def document(self) -> dict[str, Any]:
        """In groups, as `inputs.yaml` holds them."""
        exploration = {name: plain(getattr(self, name)) for name in Exploration.model_fields}
        fit = {name: value for name, value in asdict(FitSettings(**self.fit)).items() if name not in ("steps", "seed")}
        form = form_document(self.student(("H",)))
        kept = ("steps", "final_steps", "ensemble", "test_fraction", "seed", "device")
        return {
            "exploration": exploration, "gates": self.limits, "form": form, "fit": fit,
            **{name: getattr(self, name) for name in kept},
        }  # fmt: skip

    def may_change(self) -> frozenset[str]:
        """Beside what was declared so: what decides nothing where the student explores in no round, or is alone."""
        idle = {"explore_ps", "grade_limit", "disagreement_limit_eV_per_A"} if not self.rounds else set()
        idle |= {"disagreement_limit_eV_per_A"} if self.ensemble == 1 else set()
        return super().may_change() | {f"settings.exploration.{name}" for name in idle}


class DistilOptions(DistilSettings, EngineSettings):
    """Every setting of `distil`."""

    teacher: str = setting(help="See `potentials`; ase:<module>:<Factory> for any ASE calculator")
    settings: DistilSettings | None = setting(
        None, "What is explored, fitted and asked for, as one object", on_command_line=False, in_document=False
    )
    names: Names | None = setting(None, "Of the structures; by default those of the files", on_command_line=False)
    elements: Names | None = setting(None, "Of the student, in the order of its file; by default all that occur")
    supercell: str | tuple[int, int, int] = setting(
        "1x1x1", "AxBxC, or auto (every lattice parameter above 10 A): of every structure that is a file or a name"
    )
    orderings: int | None = setting(
        None, "Ordered cells of each of these that has partly occupied sites; by default 2", ge=1, le=100
    )
    oxidation: NamedNumbers | None = setting(
        None,
        "Oxidation states of elements of these, such as Fe=3,Ti=4; those that are absent are guessed",
        each=(-8, 8),
    )
    specie: str | None = setting(
        None, "Symbol of the mobile ion, which may wander without a run counting as molten; guessed by default",
        aliases=("ion", "species"),
    )  # fmt: skip
    functional: str | None = setting(None, "Density functional behind the teacher, where its card does not say")
    dtype: Literal["float32", "float64"] = setting("float32", "Precision of the teacher")
