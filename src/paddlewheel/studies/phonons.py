"""`phonons`: relax a crystal tightly, displace its atoms, and compute the free energy of its vibrations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.crystals import check_structure, read_structure
from paddlewheel.crystals.space_group import find_space_group
from paddlewheel.crystals.supercell import supercell_repeats
from paddlewheel.errors import ScienceError, SettingsError, writing
from paddlewheel.execution import DriverLock, Unit
from paddlewheel.records import Measured, PhononConvergence, PhononRecord, ThermalRow, write_record
from paddlewheel.records.phonons import ConvergencePoint, ImaginaryEffect, ImaginaryModes
from paddlewheel.studies.label import failed_units
from paddlewheel.studies.label_stage import run_stage
from paddlewheel.studies.phonon_units import TASK, plan_displacements
from paddlewheel.studies.plan import cell_digest
from paddlewheel.studies.provenance import provenance
from paddlewheel.studies.run_directory import check_directory, default_directory, start_directory
from paddlewheel.studies.sample_relax import relax_unit, relaxed_atoms
from paddlewheel.studies.validate_plan import potential_document
from paddlewheel.thermodynamics.harmonic import harmonic_functions
from paddlewheel.thermodynamics.phonons import PhononModes, phonon_modes
from paddlewheel.thermodynamics.thermal import ThermalFunctions
from paddlewheel.units import THZ_IN_PER_CM, U_PER_A3_IN_G_PER_CM3

if TYPE_CHECKING:
    from ase import Atoms

_RELAX_TASK = "paddlewheel.studies.sample_relax:run_relax_unit"
_RELAXATION_STEPS = 3000
SYMMETRY_TOLERANCE_A = 0.01
CONVERGENCE_K = 300.0
TOLERANCE_MEV_PER_ATOM = 1.0


def phonons(
    structure: str | Path | Atoms,
    *,
    out: str | Path | None = None,
    potential: str | None = None,
    temperatures_K: Sequence[float] = (0.0, 100.0, 200.0, 300.0, 400.0, 500.0, 600.0, 700.0, 800.0),
    supercell: str | Sequence[int] = "auto",
    displacement_A: float = 0.01,
    fmax_eV_per_A: float = 1e-4,
    keep_symmetry: bool = True,
    three_body: str = "parent",
    device: str = "cpu",
    dtype: str = "float64",
    cores: int | None = None,
    show_progress: bool = False,
) -> PhononRecord:
    """Free energy, entropy and heat capacity of a crystal from its phonons, at the volume of its static minimum.

    Parameters
    ----------
    structure
        A built-in name, a file, or ASE Atoms: the cell to relax.
    out
        Run directory; the same call again continues what was killed.
    potential
        See `paddlewheel.potentials.load_potential`; the one made for these elements by default.
    temperatures_K
        From 0 up.
    supercell
        ``auto`` or repeats such as ``2x2x2``.
    displacement_A
        Length of the finite displacements.
    fmax_eV_per_A
        Largest force left by the relaxation, that of the cell included.
    keep_symmetry
        Relax within the space group that the structure comes with (within 0.01 A).
    three_body, device, dtype
        As for `load_potential`; displacements want float64.
    cores
        Cores of this machine to use; all by default.

    Raises
    ------
    InputError
        Bad input, before anything is written.
    ScienceError
        If units failed.

    Examples
    --------
    >>> from paddlewheel import phonons
    >>> phonons("nabh4", out="phonons-nabh4").thermal[3].free_energy_eV_per_atom  # doctest: +SKIP
    """
    from paddlewheel.potentials import check_elements, default_potential, describe_potential

    name = Path(structure).name if isinstance(structure, str | Path) else structure.get_chemical_formula("metal")
    atoms = read_structure(structure) if isinstance(structure, str | Path) else check_structure(structure, "structure")
    temperatures = check_phonon_temperatures(temperatures_K)
    chosen = potential or default_potential(atoms)
    card = describe_potential(chosen)
    check_elements(card, atoms)
    document = potential_document(chosen, three_body=three_body, device=device, dtype=dtype)
    repeats = supercell_repeats(supercell, atoms.cell.lengths())
    inputs: dict[str, Any] = {
        "command": "phonons",
        "structure": {"name": name, "sha256": cell_digest(atoms)},
        "potential": document,
        "temperatures_K": temperatures,
        "supercell": list(repeats),
        "displacement_A": displacement_A,
        "fmax_eV_per_A": fmax_eV_per_A,
        "keep_symmetry": keep_symmetry,
    }
    directory = Path(out) if out is not None else default_directory("phonons", structure)
    check_directory(directory, inputs)
    start_directory(directory, inputs)
    with writing(directory), DriverLock(directory) as driver:

        def stage(units: Sequence[Unit], task: str, title: str) -> None:
            troubles = run_stage(units, task=task, title=title, driver=driver, cores=cores, show_progress=show_progress)
            if troubles:
                raise failed_units(troubles, directory)

        relax = relax_unit(
            name=name, atoms=atoms, potential=document, fmax_eV_per_A=fmax_eV_per_A, directory=directory,
            steps=_RELAXATION_STEPS, optimizer="lbfgs",
            symmetry_tolerance_A=SYMMETRY_TOLERANCE_A if keep_symmetry else None,
        )  # fmt: skip
        stage([relax], _RELAX_TASK, "relaxing")
        relaxed, result = relaxed_atoms(relax), relax.result()
        assert result is not None
        if not result["converged"]:
            raise ScienceError(
                f"not relaxed after {result['n_steps']} steps: {result['largest_force_eV_per_A']:.2g} eV/A left",
                where=name, remedy="give a larger --fmax or another structure",
            )  # fmt: skip
        displaced = plan_displacements(
            relaxed, repeats=repeats, displacement_A=displacement_A, potential=document, directory=directory
        )
        stage(displaced.units, TASK, "displacements")
        modes = phonon_modes(displaced.phonon, displaced.forces())
        n = len(relaxed)
        rows, imaginary = thermal_rows(modes, temperatures, n_atoms=n)
        zero_point = thermal(modes, [0.0], n_atoms=n).zero_point_eV_per_atom
        at_300 = float(thermal(modes, [CONVERGENCE_K], n_atoms=n).free_energy_eV_per_atom[0])
        point = ConvergencePoint(
            repeats=repeats, n_atoms=n * int(np.prod(repeats)), n_displacements=displaced.n_displacements,
            displacement_A=displacement_A, temperature_K=CONVERGENCE_K, free_energy_eV_per_atom=at_300,
            difference_meV_per_atom=0.0,
        )  # fmt: skip
        record = PhononRecord(
            structure=name,
            formula=atoms.get_chemical_formula("metal"),
            n_atoms=n,
            space_group=_space_group(relaxed),
            space_group_start=_space_group(atoms),
            potential=document["name"],
            engine=card.kind,
            functional=card.functional,
            status="imaginary" if imaginary else "ok",
            static_energy_eV_per_atom=result["energy_eV"] / n,
            volume_A3_per_atom=relaxed.get_volume() / n,
            density_g_per_cm3=float(relaxed.get_masses().sum() / relaxed.get_volume() * U_PER_A3_IN_G_PER_CM3),
            largest_force_eV_per_A=result["largest_force_eV_per_A"],
            zero_point_eV_per_atom=zero_point,
            thermal=rows,
            imaginary=imaginary,
            convergence=PhononConvergence(tolerance_meV_per_atom=TOLERANCE_MEV_PER_ATOM, supercells=[point]),
            provenance=provenance(
                inputs, potential_sha256=document["identity"], structure_sha256=inputs["structure"]["sha256"]
            ),
        )
        write_record(record, directory / "result.json")
    return record


def check_phonon_temperatures(temperatures_K: Sequence[float]) -> list[float]:
    """The temperatures, sorted.

    Raises
    ------
    SettingsError
        For none, one below 0 K or given twice.
    """
    listed = sorted(float(value) for value in temperatures_K)
    if not listed or not np.isfinite(listed).all() or listed[0] < 0 or len(set(listed)) != len(listed):
        raise SettingsError(
            f"{', '.join(f'{value:g}' for value in listed)}", where="temperatures", remedy="give kelvin from 0 up, once"
        )
    return listed


def thermal(modes: PhononModes, temperatures_K: Sequence[float], *, n_atoms: int) -> ThermalFunctions:
    """Thermal functions per atom, imaginary modes as real ones, the three modes of zero frequency left out."""
    numbers = np.abs(modes.wavenumber_per_cm)
    return _without_small(numbers, modes.weights, temperatures_K, n_atoms=n_atoms)


def thermal_rows(
    modes: PhononModes, temperatures_K: Sequence[float], *, n_atoms: int
) -> tuple[list[ThermalRow], ImaginaryModes | None]:
    """Rows of the record, and what imaginary modes there are."""
    as_real = thermal(modes, temperatures_K, n_atoms=n_atoms)
    left_out = _without_small(modes.wavenumber_per_cm, modes.weights, temperatures_K, n_atoms=n_atoms)
    imaginary = None
    if modes.imaginary_share > 0:
        imaginary = ImaginaryModes(
            share_of_modes=modes.imaginary_share,
            lowest_THz=modes.lowest_per_cm / THZ_IN_PER_CM,
            effect=[
                ImaginaryEffect(temperature_K=t, left_out_eV_per_atom=float(out), as_real_eV_per_atom=float(real))
                for t, out, real in zip(
                    as_real.temperature_K,
                    left_out.free_energy_eV_per_atom,
                    as_real.free_energy_eV_per_atom,
                    strict=True,
                )
            ],
        )
    columns = ("free_energy_eV_per_atom", "entropy_eV_per_K_per_atom", "heat_capacity_eV_per_K_per_atom")
    rows = []
    for i, temperature in enumerate(as_real.temperature_K):
        values = {
            name: Measured(
                value=float(getattr(as_real, name)[i]),
                std=abs(float(getattr(as_real, name)[i] - getattr(left_out, name)[i])) / 2 if imaginary else 0.0,
            )
            for name in columns
        }
        rows.append(ThermalRow(temperature_K=float(temperature), **values))
    return rows, imaginary


def _without_small(
    wavenumber_per_cm: np.ndarray, weights: np.ndarray, temperatures_K: Sequence[float], *, n_atoms: int
) -> ThermalFunctions:
    kept = wavenumber_per_cm > _ZERO_PER_CM
    shares = np.broadcast_to(weights[:, None], kept.shape)[kept]
    return harmonic_functions(wavenumber_per_cm[kept], temperatures_K, weights=shares, n_atoms=n_atoms)


_ZERO_PER_CM = 0.1


def _space_group(atoms: Atoms) -> str:
    return find_space_group(
        np.array(atoms.cell), atoms.get_scaled_positions(), atoms.numbers.tolist(), tolerance_A=SYMMETRY_TOLERANCE_A
    ).symbol
