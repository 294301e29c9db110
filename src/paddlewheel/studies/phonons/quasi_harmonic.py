"""The quasi-harmonic part of `phonons`: the relaxed cell at several volumes, the phonons of each, the best volume."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import ScienceError
from paddlewheel.execution import Unit
from paddlewheel.studies.phonons.phase import (
    RELAX_TASK,
    RELAXATION_STEPS,
    SYMMETRY_TOLERANCE_A,
    NEAR_MINIMUM_eV_PER_A,
)
from paddlewheel.studies.phonons.plan import (
    STRAINS,
    PhononPlan,
)
from paddlewheel.studies.phonons.record import (
    QuasiHarmonicResult,
    QuasiHarmonicRow,
    VolumePoint,
)
from paddlewheel.studies.phonons.thermal import Vibrations
from paddlewheel.studies.phonons.units import (
    TASK,
    plan_displacements,
)
from paddlewheel.studies.simulation.relaxation import (
    relax_unit,
    relaxed_atoms,
)
from paddlewheel.study.stage import (
    failed_units,
)
from paddlewheel.thermodynamics.quasi_harmonic import quasi_harmonic

if TYPE_CHECKING:
    from ase import Atoms

    Stage = Callable[[Sequence[Unit], str, str], dict[str, str]]

MOST_IMAGINARY = 0.01
"""Share of imaginary modes from which a volume says nothing: the free energy of a crystal that is not there."""
_STEP_K = 10.0


def quasi_harmonic_result(plan: PhononPlan, relaxed: Atoms, *, directory: Path, stage: Stage) -> QuasiHarmonicResult:
    """Scale the relaxed cell, relax its atoms at each volume, displace them in the smallest supercell, and minimize F.

    Raises
    ------
    ScienceError
        If a unit failed, atoms could not be relaxed at a volume, fewer than five volumes are left without too many
        imaginary modes, or the minimum is outside of them from the start.
    """
    relaxations = [_relaxation(plan, relaxed, strain, directory) for strain in STRAINS]
    _do(stage, relaxations, RELAX_TASK, "relaxing at each volume", directory)
    cells = [relaxed_atoms(unit) for unit in relaxations]
    results = [unit.result() or {} for unit in relaxations]
    for strain, result in zip(STRAINS, results, strict=True):
        if result["largest_force_eV_per_A"] > NEAR_MINIMUM_eV_PER_A:
            raise ScienceError(f"the atoms could not be relaxed at a strain of {100 * strain:+g} %")
    repeats = plan.supercells[0]
    displaced = [
        plan_displacements(
            cell, repeats=repeats, displacement_A=plan.displacement_A, potential=plan.potential, directory=directory,
            prefix=f"{_name(strain)}-",
        )
        for strain, cell in zip(STRAINS, cells, strict=True)
    ]  # fmt: skip
    _do(stage, [unit for one in displaced for unit in one.units], TASK, "displacements at each volume", directory)
    runs = [Vibrations.of(one) for one in displaced]
    n_atoms = len(relaxed)
    points = [
        VolumePoint(
            volume_A3_per_atom=cell.get_volume() / n_atoms,
            static_energy_eV_per_atom=result["energy_eV"] / n_atoms,
            imaginary_share=run.modes.imaginary_share,
            used=run.modes.imaginary_share < MOST_IMAGINARY,
        )
        for cell, result, run in zip(cells, results, runs, strict=True)
    ]
    used = [(point, run) for point, run in zip(points, runs, strict=True) if point.used]
    grid = np.arange(0.0, plan.temperatures_K[-1] + 3.5 * _STEP_K, _STEP_K)
    found = quasi_harmonic(
        [point.volume_A3_per_atom for point, _ in used],
        [point.static_energy_eV_per_atom for point, _ in used],
        [run.thermal(grid.tolist()) for _, run in used],
    )
    last_K = float(found.temperature_K[-1])

    def at(values: np.ndarray, temperature_K: float) -> float:
        return float(np.interp(temperature_K, found.temperature_K, values))

    return QuasiHarmonicResult(
        repeats=repeats,
        volumes=points,
        rows=[
            QuasiHarmonicRow(
                temperature_K=T,
                gibbs_energy_eV_per_atom=at(found.gibbs_energy_eV_per_atom, T),
                volume_A3_per_atom=at(found.volume_A3_per_atom, T),
                thermal_expansion_per_K=at(found.thermal_expansion_per_K, T),
                bulk_modulus_GPa=at(found.bulk_modulus_GPa, T),
                heat_capacity_eV_per_K_per_atom=at(found.heat_capacity_eV_per_K_per_atom, T),
            )
            for T in plan.temperatures_K
            if last_K >= T
        ],
        note=_note(points, last_K, plan.temperatures_K[-1]),
    )


def _note(points: Sequence[VolumePoint], last_K: float, highest_K: float) -> str:
    told = ["The cell keeps its shape; only its volume changes."]
    soft = sum(point.used and point.imaginary_share > 0 for point in points)
    if soft:
        told.append(f"Imaginary modes (under {100 * MOST_IMAGINARY:g} %) are taken as real at {soft} of the volumes.")
    left = [point.volume_A3_per_atom for point in points if not point.used]
    if left:
        text = ", ".join(f"{volume:.2f}" for volume in left)
        told.append(f"Left out for more imaginary modes than that: {text} A^3/atom.")
    if last_K < highest_K:
        told.append(f"Above {last_K:g} K the volume is outside of those used.")
    return " ".join(told)


def _name(strain: float) -> str:
    return f"strain{100 * strain:+.1f}"


def _relaxation(plan: PhononPlan, relaxed: Atoms, strain: float, directory: Path) -> Unit:
    atoms = relaxed.copy()
    atoms.set_cell(np.array(relaxed.cell) * (1 + strain), scale_atoms=True)
    return relax_unit(
        name=f"{plan.name}-{_name(strain)}",
        atoms=atoms,
        potential=plan.potential,
        fmax_eV_per_A=plan.fmax_eV_per_A,
        directory=directory,
        steps=RELAXATION_STEPS,
        optimizer="lbfgs",
        symmetry_tolerance_A=SYMMETRY_TOLERANCE_A if plan.keep_symmetry else None,
        with_cell=False,
    )


def _do(stage: Stage, units: Sequence[Unit], task: str, title: str, directory: Path) -> None:
    if troubles := stage(units, task, title):
        raise failed_units(troubles, directory)
