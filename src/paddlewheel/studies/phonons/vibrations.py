"""From modes to the rows of the record and the tables beside it: thermal functions, bands, and what is converged."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.execution.scratch import scratch_folder
from paddlewheel.records import Measured
from paddlewheel.studies.phonons.record import (
    BandLabel,
    ConvergencePoint,
    ImaginaryEffect,
    ImaginaryModes,
    PhononConvergence,
    ThermalRow,
)
from paddlewheel.studies.phonons.units import Displacements
from paddlewheel.study.run import Run
from paddlewheel.thermodynamics.bands import GammaModes, element_dos, element_shares, gamma_modes, phonon_bands
from paddlewheel.thermodynamics.harmonic import harmonic_functions
from paddlewheel.thermodynamics.phonons import PhononModes, common_grid, modes_on_mesh, phonon_modes
from paddlewheel.thermodynamics.thermal import ThermalFunctions
from paddlewheel.units import THZ_IN_PER_CM

if TYPE_CHECKING:
    from ase import Atoms

CONVERGENCE_K = 300.0
MESH_LENGTH_A = 40.0
FINE_MESH_LENGTH_A = 60.0
_ZERO_PER_CM = 0.1
"""Modes below it are translations, or as free as one: their harmonic free energy has no bound."""
DOS_WIDTH_PER_CM = 8.0
_CURVE_STEP_K = 10.0
_MOST_FORCES = 400_000
"""Force components up to which phonopy's own file is written: 10 MB of text before compression."""
_COLUMNS = ("free_energy_eV_per_atom", "entropy_eV_per_K_per_atom", "heat_capacity_eV_per_K_per_atom")


@dataclass(frozen=True, eq=False, kw_only=True)
class Vibrations:
    """The modes of one supercell and displacement."""

    displaced: Displacements
    modes: PhononModes

    @classmethod
    def of(cls, displaced: Displacements) -> Vibrations:
        """From finished units."""
        modes = phonon_modes(displaced.phonon, displaced.forces(), mesh_length_A=MESH_LENGTH_A)
        return cls(displaced=displaced, modes=modes)

    @property
    def n_atoms(self) -> int:
        """Atoms of the cell that the modes are counted in."""
        return self.modes.wavenumber_per_cm.shape[1] // 3

    def on_fine_mesh(self) -> Vibrations:
        """The same force constants on the mesh that results are given on."""
        fine = modes_on_mesh(self.displaced.phonon, mesh_length_A=FINE_MESH_LENGTH_A)
        return Vibrations(displaced=self.displaced, modes=fine)

    def thermal(self, temperatures_K: Sequence[float], *, imaginary_as_real: bool = True) -> ThermalFunctions:
        """Thermal functions per atom; imaginary modes are taken as real with |omega|, or left out."""
        numbers = self.modes.wavenumber_per_cm
        numbers = np.abs(numbers) if imaginary_as_real else numbers
        kept = numbers > _ZERO_PER_CM
        shares = np.broadcast_to(self.modes.weights[:, None], kept.shape)[kept]
        return harmonic_functions(numbers[kept], temperatures_K, weights=shares, n_atoms=self.n_atoms)

    def free_energy_eV_per_atom(self, temperature_K: float = CONVERGENCE_K) -> float:
        """At one temperature."""
        return float(self.thermal([temperature_K]).free_energy_eV_per_atom[0])


@dataclass(frozen=True, eq=False, kw_only=True)
class Compared:
    """All runs over supercells (small to large) and displacements, and the last of them on the fine mesh."""

    supercells: tuple[Vibrations, ...]
    other_displacement: Vibrations | None
    final: Vibrations

    def convergence(self, *, tolerance_meV_per_atom: float) -> PhononConvergence:
        """F at 300 K of every run against that of the last supercell, all on the same mesh."""
        last = self.supercells[-1].free_energy_eV_per_atom()
        points: list[ConvergencePoint] = [_point(run, last) for run in self.supercells]
        first = self.supercells[0].free_energy_eV_per_atom()
        others = [] if self.other_displacement is None else [_point(self.other_displacement, first)]
        mesh = (self.final.free_energy_eV_per_atom() - last) * 1000
        converged = None
        if len(points) > 1:
            steps = [points[-2].difference_meV_per_atom, mesh, *(point.difference_meV_per_atom for point in others)]
            converged = bool(np.abs(steps).max() < tolerance_meV_per_atom)
        return PhononConvergence(
            tolerance_meV_per_atom=tolerance_meV_per_atom, supercells=points, displacements=others,
            mesh_difference_meV_per_atom=mesh, converged=converged,
        )  # fmt: skip

    def rows(self, temperatures_K: Sequence[float]) -> list[ThermalRow]:
        """Thermal functions with what supercell, displacement, mesh and imaginary modes leave open."""
        values = self.final.thermal(temperatures_K)
        spreads = [self._spread(name, temperatures_K) for name in _COLUMNS]
        return [
            ThermalRow(
                temperature_K=float(temperature),
                **{
                    name: Measured(value=float(getattr(values, name)[i]), std=float(spread[i]))
                    for name, spread in zip(_COLUMNS, spreads, strict=True)
                },
            )
            for i, temperature in enumerate(values.temperature_K)
        ]

    def imaginary(self, temperatures_K: Sequence[float]) -> ImaginaryModes | None:
        """The imaginary modes of the last supercell, None where there are none."""
        modes = self.final.modes
        if modes.imaginary_share == 0:
            return None
        as_real = self.final.thermal(temperatures_K).free_energy_eV_per_atom
        left_out = self.final.thermal(temperatures_K, imaginary_as_real=False).free_energy_eV_per_atom
        return ImaginaryModes(
            share_of_modes=modes.imaginary_share,
            lowest_THz=modes.lowest_per_cm / THZ_IN_PER_CM,
            effect=[
                ImaginaryEffect(temperature_K=t, left_out_eV_per_atom=float(out), as_real_eV_per_atom=float(real))
                for t, out, real in zip(sorted(temperatures_K), left_out, as_real, strict=True)
            ],
        )

    def _spread(self, name: str, temperatures_K: Sequence[float]) -> np.ndarray:
        def values(run: Vibrations, *, as_real: bool = True) -> np.ndarray:
            return getattr(run.thermal(temperatures_K, imaginary_as_real=as_real), name)

        final, by_supercell = values(self.final), [values(run) for run in self.supercells]
        parts = [final - by_supercell[-1], (final - values(self.final, as_real=False)) / 2]
        if len(by_supercell) > 1:
            parts.append(by_supercell[-1] - by_supercell[-2])
        if self.other_displacement is not None:
            parts.append(by_supercell[0] - values(self.other_displacement))
        return np.sqrt(np.sum(np.square(parts), axis=0))


def _point(run: Vibrations, reference_eV_per_atom: float) -> ConvergencePoint:
    displaced = run.displaced
    value = run.free_energy_eV_per_atom()
    return ConvergencePoint(
        repeats=displaced.repeats,
        n_atoms=displaced.n_atoms,
        n_displacements=displaced.n_displacements,
        displacement_A=displaced.displacement_A,
        temperature_K=CONVERGENCE_K,
        free_energy_eV_per_atom=value,
        difference_meV_per_atom=(value - reference_eV_per_atom) * 1000,
    )


def keep_files(
    vibrations: Vibrations, relaxed: Atoms, *, highest_K: float, run: Run
) -> tuple[dict[str, str], list[BandLabel]]:
    """Keep cell, bands, densities of states and thermal functions beside the record.

    Returns
    -------
    The names of the files by what they hold, and the labels of the bands.
    """
    phonon = vibrations.displaced.phonon
    files = keep_structure(relaxed, run)
    if np.size(phonon.forces) <= _MOST_FORCES:
        files["phonopy"] = run.text("phonopy_params.yaml", _phonopy_file(phonon))
    bands = phonon_bands(phonon)
    columns = {"distance_per_A": bands.distance_per_A}
    columns |= {f"q{axis}": bands.wave_vector[:, k] for k, axis in enumerate("abc")}
    columns |= {f"mode{k}_per_cm": bands.wavenumber_per_cm[:, k] for k in range(bands.wavenumber_per_cm.shape[1])}
    shares = element_shares(phonon, mesh_length_A=MESH_LENGTH_A)
    grid = common_grid([shares.modes], sigma_per_cm=DOS_WIDTH_PER_CM)
    total, parts = element_dos(shares, grid, sigma_per_cm=DOS_WIDTH_PER_CM)
    # modes per 1/cm and atom: three an atom in all, whatever the cell
    dos = {"wavenumber_per_cm": grid, "total_modes_cm_per_atom": total / vibrations.n_atoms}
    dos |= {f"{symbol}_modes_cm_per_atom": part / vibrations.n_atoms for symbol, part in parts.items()}
    curve = vibrations.thermal(np.arange(0.0, highest_K + _CURVE_STEP_K / 2, _CURVE_STEP_K).tolist())
    files |= {
        "bands": run.table("bands.csv", columns),
        "gamma": run.table("gamma.csv", _gamma_columns(gamma_modes(phonon))),
        "dos": run.table("dos.csv", dos),
        "thermal": run.table(
            "thermal.csv",
            {"temperature_K": curve.temperature_K, **{name: getattr(curve, name) for name in _COLUMNS}},
        ),
    }
    return files, [BandLabel(distance_per_A=at, name=name) for at, name in bands.labels]


def keep_structure(relaxed: Atoms, run: Run) -> dict[str, str]:
    """Write the relaxed cell; the name of its file."""
    cif = io.BytesIO()
    relaxed.write(cif, format="cif")
    return {"structure": run.text("structure.cif", cif.getvalue())}


def _gamma_columns(modes: GammaModes) -> dict[str, np.ndarray]:
    columns = {"wavenumber_per_cm": modes.wavenumber_per_cm, "parity": modes.parity}
    if modes.longitudinal_per_cm is not None:
        columns |= {f"along_{axis}_star_per_cm": modes.longitudinal_per_cm[:, k] for k, axis in enumerate("abc")}
    return columns


def _phonopy_file(phonon: Any) -> bytes:
    """phonopy's own file, for whoever wants to go on with it."""
    with scratch_folder() as folder:
        path = folder / "phonopy_params.yaml"
        phonon.save(path, settings={"force_sets": True, "displacements": True})
        return path.read_bytes()
