"""How the labels of one structure change with the cutoff and with the mesh of k-points.

Each of the two is refined by itself, at the other's value of the settings: what the plane waves lack hardly depends on
the mesh. Differences are to the finest calculation of the same series, which is taken as the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from paddlewheel.errors import ScienceError, SettingsError
from paddlewheel.firstprinciples.setups import CalculationSettings
from paddlewheel.firstprinciples.steps import Calculation
from paddlewheel.units import eV_PER_A3_IN_GPA

Varied = Literal["cutoff", "k_spacing"]


@dataclass(frozen=True, kw_only=True)
class ConvergenceRow:
    """A calculation beside the finest of its series.

    Attributes
    ----------
    varied
        What the series refines.
    cutoff_eV, k_spacing_per_A, k_mesh
        Of this calculation.
    is_asked
        Whether it is that of the settings.
    energy_meV_per_atom
        Energy less that of the finest. A part of it that is the same for all frames of a composition is no error of
        their differences.
    largest_force_eV_per_A, largest_stress_GPa
        Largest absolute difference of a component.
    """

    varied: Varied
    cutoff_eV: float
    k_spacing_per_A: float
    k_mesh: tuple[int, int, int]
    is_asked: bool
    energy_meV_per_atom: float
    largest_force_eV_per_A: float
    largest_stress_GPa: float


def convergence_plan(
    settings: CalculationSettings, cutoffs_eV: Sequence[float], k_spacings_per_A: Sequence[float]
) -> list[CalculationSettings]:
    """The calculations to do: cutoffs from low to high at the spacing asked for, then spacings from wide to narrow.

    Parameters
    ----------
    settings
        As asked for; they are one of the calculations, where they belong.
    cutoffs_eV, k_spacings_per_A
        At least two values of one of them, that of the settings counted in.

    Raises
    ------
    SettingsError
        If neither is refined, or a value is not positive.
    """
    cutoffs = sorted({settings.cutoff_eV, *cutoffs_eV})
    spacings = sorted({settings.k_spacing_per_A, *k_spacings_per_A}, reverse=True)
    if not all(0 < value < np.inf for value in (*cutoffs, *spacings)):
        raise SettingsError("a cutoff or a spacing is not positive", where=settings.name, remedy="leave it out")
    if len(cutoffs) == len(spacings) == 1:
        raise SettingsError(
            "neither the cutoff nor the mesh is refined", where=settings.name,
            remedy="give another cutoff, or another spacing of the k-points",
        )  # fmt: skip
    plan = [replace(settings, cutoff_eV=cutoff) for cutoff in cutoffs]
    return plan + [
        replace(settings, k_spacing_per_A=spacing) for spacing in spacings if spacing != settings.k_spacing_per_A
    ]


def convergence_table(
    settings: CalculationSettings, plan: Sequence[CalculationSettings], calculations: Sequence[Calculation]
) -> tuple[ConvergenceRow, ...]:
    """Differences of energy, forces and stress to the finest cutoff and to the finest mesh.

    Parameters
    ----------
    settings
        As asked for.
    plan
        Of `convergence_plan`.
    calculations
        [len(plan)] the first step of each is taken; all of one structure.

    Returns
    -------
    Rows of the cutoffs, from low to high, then of the spacings, from wide to narrow; the last of each is zero. A series
    of one calculation is left out.

    Raises
    ------
    ScienceError
        If one of them has no labels.
    """
    labels = [
        _labelled(calculation, asked.cutoff_eV, asked.k_spacing_per_A)
        for asked, calculation in zip(plan, calculations, strict=True)
    ]
    series: dict[Varied, list[int]] = {
        "cutoff": [i for i, asked in enumerate(plan) if asked.k_spacing_per_A == settings.k_spacing_per_A],
        "k_spacing": sorted(
            (i for i, asked in enumerate(plan) if asked.cutoff_eV == settings.cutoff_eV),
            key=lambda i: -plan[i].k_spacing_per_A,
        ),
    }
    return tuple(
        _row(varied, plan[i], settings, labels[i], labels[members[-1]], calculations[i])
        for varied, members in series.items()
        if len(members) > 1
        for i in members
    )


@dataclass(frozen=True, eq=False)
class _Labels:
    """Energy (eV/atom), forces (eV/A) and stress (GPa) of a step that has them."""

    energy_eV: float
    forces: np.ndarray
    stress: np.ndarray


def _labelled(calculation: Calculation, cutoff_eV: float, k_spacing_per_A: float) -> _Labels:
    step = calculation.steps[0] if calculation.steps else None
    if step is None or not step.converged:
        why = calculation.cut or (f"no convergence in {step.electronic}" if step is not None else "no steps")
        raise ScienceError(
            f"{cutoff_eV:g} eV and {k_spacing_per_A:g}/A: {why}", where=calculation.source,
            remedy="leave this cutoff or spacing out, or allow more electronic steps",
        )  # fmt: skip
    assert step.energy_eV is not None  # as `calculate` gives them
    assert step.forces_eV_per_A is not None
    assert step.stress_eV_per_A3 is not None
    return _Labels(step.energy_eV / len(step.atoms), step.forces_eV_per_A, step.stress_eV_per_A3 * eV_PER_A3_IN_GPA)


def _row(
    varied: Varied,
    of: CalculationSettings,
    settings: CalculationSettings,
    labels: _Labels,
    finest: _Labels,
    calculation: Calculation,
) -> ConvergenceRow:
    mesh = calculation.setup.k_mesh
    assert mesh is not None
    return ConvergenceRow(
        varied=varied,
        cutoff_eV=of.cutoff_eV,
        k_spacing_per_A=of.k_spacing_per_A,
        k_mesh=mesh,
        is_asked=of == settings,
        energy_meV_per_atom=1e3 * (labels.energy_eV - finest.energy_eV),
        largest_force_eV_per_A=float(np.abs(labels.forces - finest.forces).max()),
        largest_stress_GPa=float(np.abs(labels.stress - finest.stress).max()),
    )
