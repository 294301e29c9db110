"""`phonons`: relax a crystal tightly, displace its atoms, and compute the free energy of its vibrations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import ScienceError, writing
from paddlewheel.execution import DriverLock, Unit
from paddlewheel.records import write_record
from paddlewheel.studies.phonons.citations import phonon_citations
from paddlewheel.studies.phonons.files import write_phonon_files
from paddlewheel.studies.phonons.phase import (
    RELAX_TASK,
    RelaxedPhase,
    relaxation,
    relaxed_phase,
)
from paddlewheel.studies.phonons.plan import (
    PhononPlan,
    plan_phonons,
)
from paddlewheel.studies.phonons.quasi_harmonic import quasi_harmonic_result
from paddlewheel.studies.phonons.record import (
    PhononRecord,
    PhononStatus,
    read_phonon_record,
)
from paddlewheel.studies.phonons.thermal import (
    Compared,
    Vibrations,
)
from paddlewheel.studies.phonons.units import (
    TASK,
    Displacements,
    plan_displacements,
)
from paddlewheel.studies.simulation.md_runs import (
    try_potential,
)
from paddlewheel.study.provenance import provenance
from paddlewheel.study.run_directory import (
    check_directory,
    default_directory,
    package_versions,
    start_directory,
)
from paddlewheel.study.stage import (
    failed_units,
    run_stage,
)
from paddlewheel.units import U_PER_A3_IN_G_PER_CM3

if TYPE_CHECKING:
    from ase import Atoms

DEFAULT_TEMPERATURES_K = (0.0, 100.0, 200.0, 300.0, 400.0, 500.0, 600.0, 700.0, 800.0)


def phonons(
    structure: str | Path | Atoms,
    *,
    out: str | Path | None = None,
    potential: str | None = None,
    temperatures_K: Sequence[float] = DEFAULT_TEMPERATURES_K,
    supercell: str | Sequence[int] = "auto",
    max_atoms: int = 600,
    displacement_A: float = 0.01,
    fmax_eV_per_A: float = 1e-4,
    keep_symmetry: bool = True,
    tolerance_meV_per_atom: float = 1.0,
    quasi_harmonic: bool = False,
    three_body: str = "parent",
    device: str = "cpu",
    dtype: str | None = None,
    cores: int | None = None,
    show_progress: bool = False,
) -> PhononRecord:
    """Free energy, entropy and heat capacity of a crystal from its phonons, at the volume of its static minimum.

    The cell and its atoms are relaxed, its atoms displaced one by one in supercells (phonopy), and the modes summed
    (`harmonic_functions`). What fails with the phase is in the record's `status`, not an error.

    Parameters
    ----------
    structure
        A built-in name, a file, or ASE Atoms: the cell to relax.
    out
        Run directory; the same call again continues what was killed.
    potential
        See `paddlewheel.potentials.load_potential`; the one made for these elements by default.
    temperatures_K
        From 0 up. May be changed for a finished run.
    supercell
        ``auto``: larger ones until F(300 K) moves by less than the tolerance; or repeats such as ``2x2x2``, which are
        compared with the ones that have one repeat less each way.
    max_atoms
        Largest supercell of ``auto``.
    displacement_A
        Length of the finite displacements; twice that is computed beside it in the smallest supercell.
    fmax_eV_per_A
        Largest force left by the relaxation, that of the cell included.
    keep_symmetry
        Relax within the space group that the structure comes with (within 0.03 A), made exact first.
    tolerance_meV_per_atom
        What F(300 K) may move by with supercell, displacement and mesh.
    quasi_harmonic
        Also expand and compress the cell, and minimize F over the volume at each temperature.
    three_body, device, dtype
        As for `load_potential`; float64 by default where the engine has it, for the sake of small displacements.
    cores
        Cores of this machine to use; all by default.

    Raises
    ------
    InputError
        Bad input, before anything is written.
    ScienceError
        If units failed for another reason than the phase.

    Examples
    --------
    >>> from paddlewheel import phonons
    >>> phonons("nabh4", out="phonons-nabh4").thermal[3].free_energy_eV_per_atom  # doctest: +SKIP
    """
    plan = plan_phonons(
        structure, potential=potential, temperatures_K=temperatures_K, supercell=supercell, max_atoms=max_atoms,
        displacement_A=displacement_A, fmax_eV_per_A=fmax_eV_per_A, keep_symmetry=keep_symmetry,
        tolerance_meV_per_atom=tolerance_meV_per_atom, quasi_harmonic=quasi_harmonic, three_body=three_body,
        device=device, dtype=dtype,
    )  # fmt: skip
    directory = Path(out) if out is not None else default_directory("phonons", structure)
    if not check_directory(directory, plan.inputs()):
        try_potential(plan.potential, plan.atoms, where=plan.name)
    start_directory(directory, plan.settings())
    with writing(directory), DriverLock(directory) as driver:
        if (finished := _finished(directory, plan)) is not None:
            return finished
        run = _Run(plan, directory, driver, cores=cores, show_progress=show_progress)
        record = run.record()
        write_record(record, directory / "result.json")
    return record


def _finished(directory: Path, plan: PhononPlan) -> PhononRecord | None:
    """The record of this very run, by this version, with all of its files; None where there is none."""
    path = directory / "result.json"
    if not path.exists():
        return None
    record = read_phonon_record(path)
    same = record.provenance.settings == plan.settings() and record.provenance.versions == package_versions()
    return record if same and all((directory / name).exists() for name in record.files.values()) else None


@dataclass
class _Run:
    plan: PhononPlan
    directory: Path
    driver: DriverLock
    cores: int | None
    show_progress: bool

    def record(self) -> PhononRecord:
        plan = self.plan
        unit = relaxation(plan, self.directory)
        troubles = self._stage([unit], RELAX_TASK, "relaxing")
        trouble = troubles.get(unit.name)
        if trouble is not None and not trouble.startswith("ScienceError"):
            raise failed_units(troubles, self.directory)
        phase = relaxed_phase(plan, unit, trouble=trouble)
        record = PhononRecord(
            structure=plan.name,
            formula=plan.atoms.get_chemical_formula("metal"),
            n_atoms=len(plan.atoms),
            space_group=phase.space_group,
            space_group_start=phase.space_group_start,
            potential=plan.potential["name"],
            engine=plan.card.kind,
            functional=plan.card.functional,
            status=phase.status,
            reason=phase.reason,
            largest_force_eV_per_A=phase.largest_force_eV_per_A,
            citations=phonon_citations(plan.card),
            provenance=provenance(
                plan.settings(),
                potential_sha256=plan.potential["identity"],
                structure_sha256=plan.inputs()["structure"]["sha256"],
            ),
        )
        if phase.has_numbers:
            self._add_numbers(record, phase)
        return record

    def _add_numbers(self, record: PhononRecord, phase: RelaxedPhase) -> None:
        atoms = phase.atoms
        assert atoms is not None
        assert phase.energy_eV is not None
        plan, n_atoms = self.plan, len(atoms)
        record.static_energy_eV_per_atom = phase.energy_eV / n_atoms
        record.volume_A3_per_atom = atoms.get_volume() / n_atoms
        record.density_g_per_cm3 = float(atoms.get_masses().sum() / atoms.get_volume() * U_PER_A3_IN_G_PER_CM3)
        compared = self._compare(atoms)
        record.convergence = compared.convergence(tolerance_meV_per_atom=plan.tolerance_meV_per_atom)
        record.thermal = compared.rows(plan.temperatures_K)
        record.zero_point_eV_per_atom = compared.final.thermal([0.0]).zero_point_eV_per_atom
        record.imaginary = compared.imaginary(plan.temperatures_K)
        record.files, record.band_labels = write_phonon_files(
            compared.final, atoms, highest_K=max(plan.temperatures_K[-1], 300.0), directory=self.directory
        )
        if plan.quasi_harmonic:
            try:
                record.quasi_harmonic = quasi_harmonic_result(plan, atoms, directory=self.directory, stage=self._stage)
            except ScienceError as error:
                record.warnings.append(f"no quasi-harmonic result: {error.problem}")
        _judge(record)

    def _compare(self, atoms: Atoms) -> Compared:
        """Supercells until two agree; the two smallest are done together, with twice the displacement beside them."""
        plan = self.plan
        planned = [self._displacements(atoms, repeats, plan.displacement_A) for repeats in plan.supercells[:2]]
        double = self._displacements(atoms, plan.supercells[0], 2 * plan.displacement_A)
        self._evaluate([*planned, double])
        runs = [Vibrations.of(displaced) for displaced in planned]
        for repeats in plan.supercells[2:]:
            if (
                abs(np.diff([run.free_energy_eV_per_atom() for run in runs[-2:]])[0]) * 1000
                < plan.tolerance_meV_per_atom
            ):
                break
            displaced = self._displacements(atoms, repeats, plan.displacement_A)
            self._evaluate([displaced])
            runs.append(Vibrations.of(displaced))
        return Compared(supercells=tuple(runs), other_displacement=Vibrations.of(double), final=runs[-1].on_fine_mesh())

    def _displacements(self, atoms: Atoms, repeats: tuple[int, int, int], displacement_A: float) -> Displacements:
        return plan_displacements(
            atoms, repeats=repeats, displacement_A=displacement_A, potential=self.plan.potential,
            directory=self.directory,
        )  # fmt: skip

    def _evaluate(self, displaced: Sequence[Displacements]) -> None:
        troubles = self._stage([unit for one in displaced for unit in one.units], TASK, "displacements")
        if troubles:
            raise failed_units(troubles, self.directory)

    def _stage(self, units: Sequence[Unit], task: str, title: str) -> dict[str, str]:
        return run_stage(
            units,
            task=task,
            title=title,
            driver=self.driver,
            cores=self.cores,
            show_progress=self.show_progress,
            here=True,
        )


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
