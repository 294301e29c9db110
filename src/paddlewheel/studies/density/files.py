"""What `density` writes: the grid for other programs, the framework, the paths, the record."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np

from paddlewheel.crystals.volumetric import write_chgcar, write_cube, write_vti, write_vts
from paddlewheel.records import (
    write_atomically,
    write_record,
)
from paddlewheel.studies.density.mean_framework import MeanFramework
from paddlewheel.studies.density.record import DensityRecord
from paddlewheel.transport.density import IonDensity
from paddlewheel.transport.free_energy import FreeEnergy

_PATH_COLUMNS = "distance_A,a_fractional,b_fractional,c_fractional,free_energy_eV,density_per_A3"
_RIGHT_ANGLE = 1e-4
"""Cosine of the angle between cell vectors under which a cell is written as one with right angles only."""


def write_density(
    record: DensityRecord,
    *,
    counted: IonDensity,
    values: np.ndarray,
    mean: MeanFramework,
    found: FreeEnergy | None,
    directory: Path,
) -> None:
    """Write every file of the analysis, and name them in the record; the record last, so that it names what is there.

    Raises
    ------
    OSError
        As the operating system gives it.
    """
    atoms, cell_A = mean.atoms, mean.cell_A
    what = f"{record.specie} density of {record.formula}, 1/A^3"
    _write_arrays(directory / "density.npz", counted=counted, values=values, mean=mean)
    write_cube(directory / "density.cube", values, atoms=atoms, comment=what)
    write_chgcar(directory / "CHGCAR", values, atoms=atoms, comment=f"{what} times cell volume")
    write_vti(directory / "density.vti", values, cell_A=cell_A, name="density_per_A3")
    atoms.write(directory / "framework.cif", format="cif")
    record.files |= {
        "density": "density.npz",
        "cube": "density.cube",
        "chgcar": "CHGCAR",
        "vti": "density.vti",
        "structure": "framework.cif",
    }
    units = cell_A / np.linalg.norm(cell_A, axis=1)[:, None]
    if np.abs(units @ units.T - np.eye(3)).max() > _RIGHT_ANGLE:
        write_vts(directory / "density.vts", values, cell_A=cell_A, name="density_per_A3")
        record.files["vts"] = "density.vts"
    if found is not None:
        shown = np.minimum(found.values_eV, max(found.floor_eV, 0.0))
        comment = f"free energy of {record.specie}, eV; {found.floor_eV:.4f} and above: not known"
        write_cube(directory / "free_energy.cube", shown, atoms=atoms, comment=comment)
        record.files["free_energy"] = "free_energy.cube"
        for axis, path in found.paths.items():
            rows = np.column_stack(
                [path.distance_A, path.fractional, found.values_eV.ravel()[path.voxels],
                 found.density_per_A3.ravel()[path.voxels]]
            )  # fmt: skip
            text = io.StringIO()
            np.savetxt(text, rows, fmt="%.6g", delimiter=",", comments="", header=_PATH_COLUMNS)
            write_atomically(directory / f"path_{axis}.csv", text.getvalue())
            record.files[f"path_{axis}"] = f"path_{axis}.csv"
    write_record(record, directory / "result.json")


def _write_arrays(path: Path, *, counted: IonDensity, values: np.ndarray, mean: MeanFramework) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp.npz")
    try:
        np.savez_compressed(
            temporary,
            density_per_A3=values.astype(np.float32),
            std_per_A3=counted.std().astype(np.float32),
            ions_per_voxel=(counted.total() * counted.voxel_A3).astype(np.float32),
            cell_A=mean.cell_A,
            framework_centres_fractional=mean.centres,
            framework_kinds=np.array(mean.kinds, dtype=str),
        )
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
