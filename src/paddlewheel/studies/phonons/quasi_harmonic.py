"""The quasi-harmonic part of `phonons`: the relaxed cell at several volumes, the phonons of each, the best volume."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import ScienceError
from paddlewheel.execution import Unit
from paddlewheel.studies.phonons.inputs import SYMMETRY_TOLERANCE_A, PhononInputs, PhononSettings
from paddlewheel.studies.phonons.phase import (
    RELAXATION_STEPS,
    NEAR_MINIMUM_eV_PER_A,
    run_relaxations,
)
from paddlewheel.studies.phonons.record import QuasiHarmonicResult, QuasiHarmonicRow, VolumePoint
from paddlewheel.studies.phonons.units import evaluate, plan_displacements
from paddlewheel.studies.phonons.vibrations import Vibrations
from paddlewheel.studies.simulation.relaxation import relax_unit, relaxed_atoms
from paddlewheel.study.run import Run
from paddlewheel.thermodynamics.quasi_harmonic import quasi_harmonic

if TYPE_CHECKING:
    from ase import Atoms

STRAINS = (-0.02, -0.01, 0.0, 0.01, 0.02, 0.03, 0.045, 0.06)
"""Linear strains of the volumes: heat expands more than it contracts."""
MOST_IMAGINARY = 0.01
"""Share of imaginary modes from which a volume says nothing: the free energy of a crystal that is not there."""
_STEP_K = 10.0


def quasi_harmonic_result(
    inputs: PhononInputs, settings: PhononSettings, relaxed: Atoms, run: Run
) -> QuasiHarmonicResult:
    """Scale the relaxed cell, relax its atoms at each volume, displace them in the smallest supercell, and minimize F.

    Raises
    ------
    ScienceError
        If a unit failed, or atoms could not be relaxed at a volume. If fewer than five volumes are left without too
        many imaginary modes, or the minimum is outside of them from the start.
    """
    relaxations = [_relaxation(inputs, settings, relaxed, strain, run) for strain in STRAINS]
    run_relaxations(relaxations, run, title="relaxing at each volume")
    results = [unit.result() or {} for unit in relaxations]
    for strain, result in zip(STRAINS, results, strict=True):
        if result["status"] == "broken":
            raise ScienceError(result["reason"], where=f"strain {100 * strain:+g} %")
        if result["largest_force_eV_per_A"] > NEAR_MINIMUM_eV_PER_A:
            raise ScienceError(f"the atoms could not be relaxed at a strain of {100 * strain:+g} %")
    cells = [relaxed_atoms(unit) for unit in relaxations]
    repeats = inputs.supercells[0]
    displaced = [
        plan_displacements(
            cell, repeats=repeats, displacement_A=settings.displacement_A, potential=inputs.potential,
            directory=run.folder, prefix=f"{_name(strain)}-", born=inputs.born,
        )
        for strain, cell in zip(STRAINS, cells, strict=True)
    ]  # fmt: skip
    evaluate(displaced, run, title="displacements at each volume")
    runs = [Vibrations.of(at_volume) for at_volume in displaced]
    n_atoms = len(relaxed)
    points = [
        VolumePoint(
            volume_A3_per_atom=cell.get_volume() / n_atoms,
            static_energy_eV_per_atom=result["energy_eV"] / n_atoms,
            imaginary_share=vibrations.modes.imaginary_share,
            used=vibrations.modes.imaginary_share < MOST_IMAGINARY,
        )
        for cell, result, vibrations in zip(cells, results, runs, strict=True)
    ]
    used = [(point, vibrations) for point, vibrations in zip(points, runs, strict=True) if point.used]
    grid = np.arange(0.0, settings.temperatures_K[-1] + 3.5 * _STEP_K, _STEP_K)
    found = quasi_harmonic(
        [point.volume_A3_per_atom for point, _ in used],
        [point.static_energy_eV_per_atom for point, _ in used],
        [vibrations.thermal(grid.tolist()) for _, vibrations in used],
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
            for T in settings.temperatures_K
            if last_K >= T
        ],
        note=_note(points, last_K, settings.temperatures_K[-1]),
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


def _relaxation(inputs: PhononInputs, settings: PhononSettings, relaxed: Atoms, strain: float, run: Run) -> Unit:
    atoms = relaxed.copy()
    atoms.set_cell(np.array(relaxed.cell) * (1 + strain), scale_atoms=True)
    return relax_unit(
        name=f"{inputs.name}-{_name(strain)}",
        atoms=atoms,
        potential=inputs.potential,
        fmax_eV_per_A=settings.fmax_eV_per_A,
        directory=run.folder,
        steps=RELAXATION_STEPS,
        optimizer="lbfgs",
        symmetry_tolerance_A=SYMMETRY_TOLERANCE_A if settings.keep_symmetry else None,
        with_cell=False,
    )
