"""What `density` keeps beside its record: the grid for itself and for other programs, the framework, the paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.volumetric import write_chgcar, write_cube, write_vti, write_vts
from paddlewheel.studies.density.record import GRID, STRUCTURE
from paddlewheel.transport.density import IonDensity
from paddlewheel.transport.free_energy import FreeEnergy

if TYPE_CHECKING:
    from paddlewheel.studies.density.mean_framework import MeanFramework
    from paddlewheel.study.run import Run

_RIGHT_ANGLE = 1e-4
"""Cosine of the angle between cell vectors under which a cell is written as one with right angles only."""


def keep_files(
    run: Run,
    *,
    specie: str,
    formula: str,
    counted: IonDensity,
    values: np.ndarray,
    mean: MeanFramework,
    found: FreeEnergy | None,
) -> dict[str, str]:
    """Keep everything beside the record; the names of the files by what they hold, for the record.

    Parameters
    ----------
    specie, formula
        The mobile ion and the material, for the comments in the files.
    values
        The density as it is shown, `[n_a, n_b, n_c]`, 1/A^3.

    Raises
    ------
    OSError
        As the operating system gives it.
    """
    arrays = {
        "density_per_A3": values.astype(np.float32),
        "std_per_A3": counted.std().astype(np.float32),
        "ions_per_voxel": (counted.total() * counted.voxel_A3).astype(np.float32),
        "cell_A": mean.cell_A,
        "framework_symbols": np.array(mean.atoms.get_chemical_symbols(), dtype=str),
        "framework_positions_A": mean.atoms.get_positions(),
        "framework_centres_fractional": mean.centres,
        "framework_kinds": np.array(mean.kinds, dtype=str),
    }
    files = {"density": run.arrays(GRID, arrays)}
    if run.directory is not None:
        files |= _for_other_programs(run, specie, formula, values, mean, found)
    if found is not None:
        for axis, path in found.paths.items():
            columns = {
                "distance_A": path.distance_A,
                **dict(zip(("a_fractional", "b_fractional", "c_fractional"), path.fractional.T, strict=True)),
                "free_energy_eV": found.values_eV.ravel()[path.voxels],
                "density_per_A3": found.density_per_A3.ravel()[path.voxels],
            }
            files[f"path_{axis}"] = run.table(f"path_{axis}.csv", columns)
    return files


def _for_other_programs(
    run: Run, specie: str, formula: str, values: np.ndarray, mean: MeanFramework, found: FreeEnergy | None
) -> dict[str, str]:
    atoms, cell_A, what = mean.atoms, mean.cell_A, f"{specie} density of {formula}, 1/A^3"
    files = {"cube": "density.cube", "chgcar": "CHGCAR", "vti": "density.vti", "structure": STRUCTURE}
    write_cube(run.folder / files["cube"], values, atoms=atoms, comment=what)
    write_chgcar(run.folder / files["chgcar"], values, atoms=atoms, comment=f"{what} times cell volume")
    write_vti(run.folder / files["vti"], values, cell_A=cell_A, name="density_per_A3")
    atoms.write(run.folder / files["structure"], format="cif")
    units = cell_A / np.linalg.norm(cell_A, axis=1)[:, None]
    if np.abs(units @ units.T - np.eye(3)).max() > _RIGHT_ANGLE:
        files["vts"] = "density.vts"
        write_vts(run.folder / files["vts"], values, cell_A=cell_A, name="density_per_A3")
    if found is not None:
        files["free_energy"] = "free_energy.cube"
        shown = np.minimum(found.values_eV, max(found.floor_eV, 0.0))
        comment = f"free energy of {specie}, eV; {found.floor_eV:.4f} and above: not known"
        write_cube(run.folder / files["free_energy"], shown, atoms=atoms, comment=comment)
    return files
