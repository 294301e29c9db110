"""What a `rotor` run will do: which masses are scaled by which factors, and the runs of each choice."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.crystals import find_anion_types, scale_anion_masses
from paddlewheel.errors import SettingsError
from paddlewheel.execution import Unit
from paddlewheel.studies.conduct.study import ConductPlan
from paddlewheel.studies.simulation.structures import run_name
from paddlewheel.transport import DEFAULT_THRESHOLD_A2, PAPER_WINDOW_PS

ALL, NATURAL = "all", "natural"
DEFAULT_FACTORS = (1.0, 4.0, 10.0)


@dataclass(frozen=True)
class ActiveDefinition:
    """What makes an ion active."""

    window_ps: float
    threshold_A2: float

    @classmethod
    def checked(cls, window_ps: float | None, threshold_A2: float, *, production_ps: float) -> ActiveDefinition:
        """The window given, or the paper's, or the whole production where that is shorter.

        Raises
        ------
        SettingsError
            For a window that is not inside the production.
        """
        window = min(PAPER_WINDOW_PS, production_ps) if window_ps is None else window_ps
        if window > production_ps:
            raise SettingsError(
                f"a window of {window:g} ps is longer than the run ({production_ps:g} ps)", where="active_window_ps",
                remedy="give a window inside it, or run longer",
            )  # fmt: skip
        return cls(float(window), float(threshold_A2))

    @property
    def is_paper(self) -> bool:
        """Whether it is the paper's: 21 A^2 over 1 ns."""
        return self.window_ps == PAPER_WINDOW_PS and self.threshold_A2 == DEFAULT_THRESHOLD_A2


@dataclass(frozen=True, kw_only=True)
class MassRun:
    """One choice of masses: the factor of each anion that differs from 1, and the plan with these masses."""

    name: str
    scale: dict[str, float]
    plan: ConductPlan

    def units(self, directory: Path) -> list[Unit]:
        """Its units of work."""
        return self.plan.units(directory, prefix=f"{self.name}_")


@dataclass(frozen=True, kw_only=True)
class MassPoint:
    """A point of the curves, and the name of the run that it is read from."""

    anion: str
    mass_factor: float | None
    run: str


@dataclass(frozen=True, kw_only=True)
class RotorPlan:
    """A checked plan: the anions there are (and how many), the points, and the runs behind them, each once."""

    base: ConductPlan
    anions: dict[str, int]
    points: tuple[MassPoint, ...]
    runs: tuple[MassRun, ...]

    def inputs(self) -> dict[str, Any]:
        """The document that decides whether a directory holds this run."""
        seeds = {
            f"{run.name}_{run_name(settings.temperature_K, replica)}": settings.seed
            for run in self.runs
            for replica, settings in run.plan.runs
        }
        return self.base.inputs() | {
            "mass_factors": {run.name: dict(run.scale) for run in self.runs},
            "points": [f"{point.anion} {_factor(point.mass_factor)}: {point.run}" for point in self.points],
            "seeds": seeds,
        }


def plan_rotor(
    base: ConductPlan,
    *,
    anions: Sequence[str] | None,
    factors: Sequence[float],
    scale: Sequence[Mapping[str, float]],
) -> RotorPlan:
    """The grid of masses over a plan of `conduct`; see `rotor` for the parameters.

    Raises
    ------
    SettingsError
        For a structure without anions, an anion that is not there or named twice, or a factor that is not positive.
    """
    cell = base.structure.cells[0]
    there = {found.formula: found.n_anions for found in find_anion_types(cell, mobile=base.ion.specie)}
    if not there:
        raise SettingsError(
            "no anions in it (networks are none)", where=base.structure.name, remedy="give a structure with anions"
        )
    if anions is None:
        anions = [] if scale else [*there, ALL] if len(there) > 1 else list(there)
    if not anions and not scale:
        raise SettingsError("none named", where="anions", remedy=f"name some of {', '.join(there)}")
    _check_anions(anions, there)
    _check_factors(factors)
    varied = [factor for factor in dict.fromkeys(factors) if factor != 1]
    if anions and not varied:
        raise SettingsError("only 1 given", where="factors", remedy="give others, such as 1,4,10")
    choices = [
        (name, float(factor), dict.fromkeys(there if name == ALL else [name], float(factor)))
        for name in anions
        for factor in varied
    ]
    choices += [_explicit(chosen, there) for chosen in scale]
    scales: dict[str, dict[str, float]] = {NATURAL: {}}
    points = [
        MassPoint(anion=name, mass_factor=1.0, run=NATURAL) for name in dict.fromkeys(name for name, *_ in choices)
    ]
    for name, factor, chosen in choices:
        run = _name(chosen, there)
        scales[run] = {formula: value for formula, value in chosen.items() if value != 1}
        points.append(MassPoint(anion=name, mass_factor=factor, run=run))
    order = {point.anion: i for i, point in reversed(list(enumerate(points)))}
    unique = dict.fromkeys(sorted(points, key=lambda point: (order[point.anion], point.mass_factor or math.inf)))
    runs = tuple(MassRun(name=name, scale=chosen, plan=_scaled(base, name, chosen)) for name, chosen in scales.items())
    return RotorPlan(base=base, anions=there, points=tuple(unique), runs=runs)


def _scaled(base: ConductPlan, name: str, scale: Mapping[str, float]) -> ConductPlan:
    """The plan with these masses, and seeds of its own; the natural masses keep those of `conduct`."""
    cells = tuple(scale_anion_masses(cell, scale, mobile=base.ion.specie) for cell in base.structure.cells)
    if not scale:
        return base
    runs = tuple((replica, replace(settings, seed=_seed(settings.seed, name))) for replica, settings in base.runs)
    return replace(base, structure=replace(base.structure, cells=cells), runs=runs)


def _seed(seed: int, name: str) -> int:
    return int(np.random.SeedSequence([seed, *name.encode()]).generate_state(1)[0])


def _explicit(scale: Mapping[str, float], there: Mapping[str, int]) -> tuple[str, float | None, dict[str, float]]:
    """The series that an explicit choice belongs to, its factor (None for several), and the choice in order."""
    _check_anions(list(scale), there)
    _check_factors(list(scale.values()))
    chosen = {formula: float(scale.get(formula, scale.get(ALL, 1.0))) for formula in there}
    chosen = {formula: value for formula, value in chosen.items() if formula in scale or ALL in scale}
    values = set(chosen.values())
    name = ALL if len(chosen) == len(there) > 1 and len(values) == 1 else "+".join(chosen)
    return name, values.pop() if len(values) == 1 else None, chosen


def _name(scale: Mapping[str, float], there: Mapping[str, int]) -> str:
    changed = {formula: factor for formula, factor in scale.items() if factor != 1}
    if not changed:
        return NATURAL
    if len(changed) == len(there) > 1 and len(set(changed.values())) == 1:
        return f"{ALL}x{next(iter(changed.values())):g}"
    return "+".join(f"{formula}x{factor:g}" for formula, factor in changed.items())


def _check_anions(anions: Sequence[str], there: Mapping[str, int]) -> None:
    for name in anions:
        if name not in there and name != ALL:
            raise SettingsError(f"no anion {name} in the structure (there are: {', '.join(there)})", where="anions",
                                remedy="name some of them, or all")  # fmt: skip
        if list(anions).count(name) > 1:
            raise SettingsError(f"{name} is named twice", where="anions", remedy="name it once")


def _check_factors(factors: Sequence[float]) -> None:
    if not factors:
        raise SettingsError("none given", where="factors", remedy="give some, such as 1,4,10")


def _factor(factor: float | None) -> str:
    return "mixed" if factor is None else f"{factor:g}"
