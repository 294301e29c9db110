"""`phonons`: relax a crystal tightly, displace its atoms, and compute the free energy of its vibrations."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from paddlewheel.crystals.supercell import Repeats, repeat_cell, repeats_text
from paddlewheel.errors import ScienceError
from paddlewheel.records import Citation
from paddlewheel.studies.phonons.inputs import PhononInputs, PhononSettings, open_phonons, phonon_document
from paddlewheel.studies.phonons.phase import RelaxedPhase, relaxation, relaxed_phase, run_relaxations, start_of
from paddlewheel.studies.phonons.quasi_harmonic import STRAINS, quasi_harmonic_result
from paddlewheel.studies.phonons.record import PhononRecord, PhononStatus
from paddlewheel.studies.phonons.units import Displacements, evaluate, plan_displacements
from paddlewheel.studies.phonons.vibrations import Compared, Vibrations, keep_files, keep_structure
from paddlewheel.studies.simulation.potentials import (
    loaded_potential,
    potential_citations,
    potential_note,
    try_potential,
)
from paddlewheel.studies.simulation.settings import STRUCTURE
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.run import Run
from paddlewheel.study.study import Study
from paddlewheel.units import U_PER_A3_IN_G_PER_CM3

if TYPE_CHECKING:
    from ase import Atoms

_CITATIONS = (
    Citation(
        what="phonons by finite displacements (phonopy)",
        reference="Togo, J. Phys. Soc. Jpn. 92, 012001 (2023)",
        doi="10.7566/JPSJ.92.012001",
    ),
    Citation(
        what="phonons by finite displacements (phonopy)",
        reference="Togo, Chaput, Tadano, Tanaka, J. Phys.: Condens. Matter 35, 353001 (2023)",
        doi="10.1088/1361-648X/acd831",
    ),
    Citation(
        what="space groups (spglib)",
        reference="Togo, Shinohara, Tanaka, Sci. Technol. Adv. Mater. Methods 4, 2384822 (2024)",
        doi="10.1080/27660400.2024.2384822",
    ),
    Citation(
        what="relaxation (ASE)",
        reference="Larsen et al., J. Phys.: Condens. Matter 29, 273002 (2017)",
        doi="10.1088/1361-648X/aa680e",
    ),
    Citation(
        what="path of the bands (seekpath)",
        reference="Hinuma, Pizzi, Kumagai, Oba, Tanaka, Comput. Mater. Sci. 128, 140 (2017)",
        doi="10.1016/j.commatsci.2016.10.015",
    ),
)
_NOWHERE = Path("nowhere")
RELAXED_ALONE = "static: the cell is relaxed, which takes seconds to minutes, and no atom is displaced"
_BYTES_OF_AN_ATOM, _BYTES_OF_A_REPORT = 24, 2e6


def _tries(inputs: PhononInputs, _settings: PhononSettings) -> None:
    try_potential(inputs.potential, inputs.atoms, where=inputs.name)


def _measures(inputs: PhononInputs, settings: PhononSettings, run: Run) -> PhononRecord:
    unit = relaxation(inputs, settings, run.folder)
    run_relaxations([unit], run, title="relaxing")
    phase = relaxed_phase(inputs, settings, unit)
    record = PhononRecord(
        structure=inputs.name,
        formula=inputs.atoms.get_chemical_formula("metal"),
        n_atoms=len(inputs.atoms),
        space_group=phase.space_group,
        space_group_start=phase.space_group_start,
        potential=inputs.potential["name"],
        potential_note=potential_note(inputs.potential["name"], by_default=settings.potential is None),
        engine=inputs.card.kind,
        functional=inputs.card.functional,
        status=phase.status,
        reason=phase.reason,
        largest_force_eV_per_A=phase.largest_force_eV_per_A,
        static=settings.static,
        prepared=list(inputs.prepared),
        warnings=list(inputs.notes),
        citations=[*_CITATIONS, *potential_citations(inputs.potential["name"])],
        provenance=run.provenance(
            structure_sha256=inputs.structure["sha256"], potential_sha256=inputs.potential["identity"]
        ),
    )
    if phase.has_numbers:
        _add_numbers(record, phase, inputs, settings, run)
    return record


def _add_numbers(
    record: PhononRecord, phase: RelaxedPhase, inputs: PhononInputs, settings: PhononSettings, run: Run
) -> None:
    atoms = phase.atoms
    assert atoms is not None
    assert phase.energy_eV is not None
    n_atoms, temperatures_K = len(atoms), settings.temperatures_K
    record.static_energy_eV_per_atom = phase.energy_eV / n_atoms
    record.volume_A3_per_atom = atoms.get_volume() / n_atoms
    record.density_g_per_cm3 = float(atoms.get_masses().sum() / atoms.get_volume() * U_PER_A3_IN_G_PER_CM3)
    if settings.static:
        record.files = keep_structure(atoms, run)
        return
    compared = _compared(atoms, inputs, settings, run)
    record.convergence = compared.convergence(tolerance_meV_per_atom=settings.tolerance_meV_per_atom)
    record.thermal = compared.rows(temperatures_K)
    record.zero_point_eV_per_atom = compared.final.thermal([0.0]).zero_point_eV_per_atom
    record.n_atoms_primitive = compared.final.n_atoms
    record.imaginary = compared.imaginary(temperatures_K)
    record.files, record.band_labels = keep_files(
        compared.final, atoms, highest_K=max(temperatures_K[-1], 300.0), run=run
    )
    if settings.quasi_harmonic:
        try:
            record.quasi_harmonic = quasi_harmonic_result(inputs, settings, atoms, run)
        except ScienceError as error:
            record.warnings.append(f"no quasi-harmonic result: {error.problem}")
    _judge(record)


def _compared(atoms: Atoms, inputs: PhononInputs, settings: PhononSettings, run: Run) -> Compared:
    """Supercells until two agree; the two smallest are done together, with twice the displacement beside them."""
    *planned, double = _first_displacements(atoms, inputs, settings, run.folder)
    evaluate([*planned, double], run)
    runs = [Vibrations.of(displaced) for displaced in planned]
    for repeats in inputs.supercells[2:]:
        last, before = (vibrations.free_energy_eV_per_atom() for vibrations in (runs[-1], runs[-2]))
        if abs(last - before) * 1000 < settings.tolerance_meV_per_atom:
            break
        displaced = _displaced(atoms, repeats, settings.displacement_A, inputs, run.folder)
        evaluate([displaced], run)
        runs.append(Vibrations.of(displaced))
    return Compared(supercells=tuple(runs), other_displacement=Vibrations.of(double), final=runs[-1].on_fine_mesh())


def _first_displacements(
    atoms: Atoms, inputs: PhononInputs, settings: PhononSettings, directory: Path
) -> list[Displacements]:
    """What is always computed: the one or two smallest supercells, and the smallest with twice the displacement."""
    repeats = inputs.supercells
    wanted = [(each, settings.displacement_A) for each in repeats[:2]] + [(repeats[0], 2 * settings.displacement_A)]
    return [_displaced(atoms, each, length_A, inputs, directory) for each, length_A in wanted]


def _displaced(
    atoms: Atoms, repeats: Repeats, displacement_A: float, inputs: PhononInputs, directory: Path
) -> Displacements:
    return plan_displacements(
        atoms, repeats=repeats, displacement_A=displacement_A, potential=inputs.potential, directory=directory,
        born=inputs.born,
    )  # fmt: skip


def _judge(record: PhononRecord) -> None:
    """The status of a phase with numbers, and what to warn of."""
    convergence, imaginary = record.convergence, record.imaginary
    assert convergence is not None
    found: list[tuple[PhononStatus, str]] = []
    if record.status != "ok":
        found.append((record.status, record.reason or ""))
    if imaginary is not None:
        found.append(
            (
                "imaginary",
                f"{100 * imaginary.share_of_modes:.2g} % of the modes are imaginary, down to "
                f"{imaginary.lowest_THz:.2f} THz: the structure is no minimum of this potential",
            )
        )
    if convergence.converged is False:
        apart = convergence.supercells[-2].difference_meV_per_atom
        found.append(
            (
                "not-converged",
                f"F(300 K) of the two largest supercells differs by {apart:+.2f} meV/atom, by "
                f"{max((abs(p.difference_meV_per_atom) for p in convergence.displacements), default=0.0):.2f} with the "
                f"displacement; the tolerance is {convergence.tolerance_meV_per_atom:g}",
            )
        )
    if convergence.converged is None:
        record.warnings.append("one supercell only: how far its free energy is from a larger one's is not known")
    if found:
        record.status, record.reason = found[0]
        record.warnings += [text for _, text in found]


def _says(record: PhononRecord) -> list[str]:
    lines = [f"{record.structure}, {record.formula}, {record.space_group or record.space_group_start}: {record.status}"]
    if record.status != "ok":
        lines.append(f"why: {record.reason}")
    if record.static and record.static_energy_eV_per_atom is not None:
        energy, volume = record.static_energy_eV_per_atom, record.volume_A3_per_atom
        lines.append(f"static energy {energy:.5f} eV/atom, volume {volume:.3f} A3/atom; no vibrations")
    if record.convergence is not None:
        last = record.convergence.supercells[-1]
        lines.append(f"supercell {repeats_text(last.repeats)}, {last.n_displacements} displacements")
    for row in record.thermal:
        free = row.free_energy_eV_per_atom
        lines.append(
            f"{row.temperature_K:g} K: F {free.value:.5f} +- {free.std:.5f} eV/atom, "
            f"S {row.entropy_eV_per_K_per_atom.value * 1000:.4f} meV/(K atom), "
            f"Cv {row.heat_capacity_eV_per_K_per_atom.value * 1000:.4f} meV/(K atom)"
        )
    return lines


def _forecasts(inputs: PhononInputs, settings: PhononSettings, cores: int | None) -> Forecast:
    if settings.static:
        return Forecast(
            inputs=(
                ("structure", f"{inputs.name}, {inputs.structure['formula']}"),
                ("potential", inputs.potential["name"]),
            ),
            n_atoms=len(inputs.atoms),
            notes=(RELAXED_ALONE,),
        )
    work = work_of(inputs, settings)
    step_s, atom_s = seconds_measured(inputs, settings)
    evaluated = {name: n_atoms for displaced in work for name, n_atoms in displaced.evaluated().items()}
    notes = [f"relaxing comes first, at {step_s:.2g} s of one core a step: how many it takes is not known before"]
    if len(inputs.supercells) > 2:
        largest = repeats_text(inputs.supercells[-1])
        notes.append(f"larger supercells, up to {largest}, follow until F(300 K) stays within the tolerance")
    if settings.quasi_harmonic:
        first = work[0].evaluated().items()
        evaluated |= {f"{name} of volume {k}": n_atoms for name, n_atoms in first for k in range(len(STRAINS))}
        notes.append(f"{len(STRAINS)} volumes are relaxed first as well")
    return Forecast.of_units(
        {name: n_atoms * atom_s / 3600 for name, n_atoms in evaluated.items()},
        cores=cores,
        inputs=(
            ("structure", f"{inputs.name}, {inputs.structure['formula']}"),
            ("potential", f"{inputs.potential['name']}, {inputs.potential['dtype']}"),
            ("displaced supercells", ", ".join(displaced.told() for displaced in work)),
        ),
        n_atoms=max(displaced.n_atoms for displaced in work),
        disk_bytes=_BYTES_OF_A_REPORT + _BYTES_OF_AN_ATOM * sum(evaluated.values()),
        notes=tuple(notes),
    )


def work_of(inputs: PhononInputs, settings: PhononSettings) -> list[Displacements]:
    """What is computed at least, were the cell relaxed already; nothing is written."""
    return _first_displacements(start_of(inputs, settings), inputs, settings, _NOWHERE)


def seconds_measured(inputs: PhononInputs, settings: PhononSettings) -> tuple[float, float]:
    """Processor time of a step of the relaxation, and of the forces of a supercell, the latter by its atoms."""
    cell = start_of(inputs, settings).copy()
    supercell = repeat_cell(cell, inputs.supercells[0])
    cell.calc = supercell.calc = loaded_potential(inputs.potential)
    cell.get_forces()  # once what an engine does once
    cell.positions[0] += settings.displacement_A
    start = time.process_time()
    cell.get_forces()
    cell.get_stress()
    step_s, start = time.process_time() - start, time.process_time()
    supercell.get_forces()
    return step_s, (time.process_time() - start) / len(supercell)


STUDY = Study(
    command="phonons",
    arguments=(STRUCTURE,),
    settings=PhononSettings,
    record=PhononRecord,
    opens=open_phonons,
    tries=_tries,
    measures=_measures,
    says=_says,
    failed=lambda record: record.static_energy_eV_per_atom is None,
    document=phonon_document,
    forecasts=_forecasts,
    needs_directory=True,
    example="paddlewheel phonons nabh4 --temperatures 0,300,650 --out runs/phonons-nabh4",
    notes="""
    The cell and its atoms are relaxed, its atoms displaced one by one in supercells (phonopy), and the modes summed.
    What fails with the phase, such as molecules that break, is in the record's `status`, not an error.
    """,
)
