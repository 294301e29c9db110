"""What `phonons` writes beside its record: the relaxed cell, bands, densities of states, thermal functions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.records import write_atomically
from paddlewheel.studies.phonons.record import BandLabel
from paddlewheel.studies.phonons.thermal import (
    MESH_LENGTH_A,
    Vibrations,
)
from paddlewheel.thermodynamics.bands import element_dos, element_shares, gamma_modes, phonon_bands
from paddlewheel.thermodynamics.phonons import common_grid

if TYPE_CHECKING:
    from ase import Atoms

DOS_WIDTH_PER_CM = 8.0
_CURVE_STEP_K = 10.0
_MOST_FORCES = 400_000
"""Force components up to which phonopy's own file is written: 10 MB of text before compression."""


def write_phonon_files(
    vibrations: Vibrations, relaxed: Atoms, *, highest_K: float, directory: Path
) -> tuple[dict[str, str], list[BandLabel]]:
    """Write every file; their names by what they hold, and the labels of the bands.

    Raises
    ------
    OSError
        As the operating system gives it.
    """
    phonon = vibrations.displaced.phonon
    relaxed.write(directory / "structure.cif", format="cif")
    files = {"structure": "structure.cif"}
    if (name := _save_for_phonopy(phonon, directory)) is not None:
        files["phonopy"] = name
    bands = phonon_bands(phonon)
    columns = {"distance_per_A": bands.distance_per_A} | {
        f"q{axis}": bands.wave_vector[:, k] for k, axis in enumerate("abc")
    }
    columns |= {f"mode{k}_per_cm": bands.wavenumber_per_cm[:, k] for k in range(bands.wavenumber_per_cm.shape[1])}
    _write_csv(directory / "bands.csv", columns)
    _write_csv(directory / "gamma.csv", {"wavenumber_per_cm": gamma_modes(phonon)})
    shares = element_shares(phonon, mesh_length_A=MESH_LENGTH_A)
    grid = common_grid([shares.modes], sigma_per_cm=DOS_WIDTH_PER_CM)
    total, parts = element_dos(shares, grid, sigma_per_cm=DOS_WIDTH_PER_CM)
    # modes per 1/cm and atom: three a atom in all, whatever the cell
    dos = {"wavenumber_per_cm": grid, "total_modes_cm_per_atom": total / vibrations.n_atoms}
    dos |= {f"{symbol}_modes_cm_per_atom": part / vibrations.n_atoms for symbol, part in parts.items()}
    _write_csv(directory / "dos.csv", dos)
    temperatures = np.arange(0.0, highest_K + _CURVE_STEP_K / 2, _CURVE_STEP_K)
    curve = vibrations.thermal(temperatures.tolist())
    _write_csv(
        directory / "thermal.csv",
        {
            "temperature_K": curve.temperature_K,
            "free_energy_eV_per_atom": curve.free_energy_eV_per_atom,
            "entropy_eV_per_K_per_atom": curve.entropy_eV_per_K_per_atom,
            "heat_capacity_eV_per_K_per_atom": curve.heat_capacity_eV_per_K_per_atom,
        },
    )
    files |= {"bands": "bands.csv", "gamma": "gamma.csv", "dos": "dos.csv", "thermal": "thermal.csv"}
    return files, [BandLabel(distance_per_A=at, name=name) for at, name in bands.labels]


def _save_for_phonopy(phonon: Any, directory: Path) -> str | None:
    """phonopy's own file, for whoever wants to go on with it; not for runs whose text would be tens of megabytes."""
    if np.size(phonon.forces) > _MOST_FORCES:
        return None
    name = "phonopy_params.yaml"
    temporary = directory / f".{name}.{os.getpid()}.tmp"
    phonon.save(temporary, settings={"force_sets": True, "displacements": True})
    os.replace(temporary, directory / name)
    return name


def _write_csv(path: Path, columns: Mapping[str, np.ndarray]) -> None:
    rows = np.stack(list(columns.values()), axis=1)
    lines = [",".join(columns), *(",".join(f"{value:.8g}" for value in row) for row in rows)]
    write_atomically(path, "\n".join(lines) + "\n")
