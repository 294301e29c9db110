"""The record of `phonons`: free energy, entropy and heat capacity of a crystal from its vibrations."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from paddlewheel.records import Measured, PotentialRecord, Record, read_record

_Row = tuple[int, int, int]
_Repeats = _Row | tuple[_Row, _Row, _Row]
PhononStatus = Literal["ok", "imaginary", "not-converged", "left-symmetry", "not-relaxed", "broken"]
"""`ok`; with numbers that need care: `imaginary` (modes with omega^2 < 0), `not-converged` (F moves by more than the
tolerance with supercell, displacement or mesh), `left-symmetry` (relaxed to a lower space group than it came with),
`not-relaxed` (forces over the limit; no numbers above 0.03 eV/A); without numbers: `broken` (molecules broke, or the
volume changed by more than 30 %). `reason` says more. Where several hold: not-relaxed or left-symmetry, then imaginary,
then not-converged."""


class ThermalRow(Record):
    """Thermal functions at one temperature, per atom, at the fixed volume of the static minimum.

    `free_energy_eV_per_atom` is that of the vibrations, zero-point energy included, **without** the static energy. Each
    std is what supercell, displacement and the treatment of imaginary modes leave open, not the potential's error.
    """

    temperature_K: float
    free_energy_eV_per_atom: Measured
    entropy_eV_per_K_per_atom: Measured
    heat_capacity_eV_per_K_per_atom: Measured


class ImaginaryEffect(Record):
    """The vibrational free energy by the two usual treatments of imaginary modes: left out, or taken as real."""

    temperature_K: float
    left_out_eV_per_atom: float
    as_real_eV_per_atom: float


class ImaginaryModes(Record):
    """Modes with omega^2 < 0: their share, the lowest one (negative), and what they do to the free energy.

    The rows of the record take them as real, with |omega|: left out, a mode would lose its share of the free energy
    altogether. Half the difference of the two treatments is in the rows' std.
    """

    share_of_modes: float
    lowest_THz: float
    effect: list[ImaginaryEffect] = []


class ConvergencePoint(Record):
    """One supercell and displacement: its free energy at `temperature_K`, and how far it is from that of the rows.

    `repeats` are along a, b and c, or the rows of a matrix of integers, whose product with the vectors of the cell are
    the supercell's.
    """

    repeats: _Repeats
    n_atoms: int
    n_displacements: int
    displacement_A: float
    temperature_K: float
    free_energy_eV_per_atom: float
    difference_meV_per_atom: float


class PhononConvergence(Record):
    """Supercells, displacements and meshes that were compared, at `temperature_K` of their points.

    Of the supercells the last one counts; `displacements` are at the first one. `mesh_difference_meV_per_atom` is what
    a finer mesh of wave vectors, which the rows have, did to the last. `converged` is null where there was no other
    supercell to compare with.
    """

    tolerance_meV_per_atom: float
    supercells: list[ConvergencePoint]
    displacements: list[ConvergencePoint] = []
    mesh_difference_meV_per_atom: float = 0.0
    converged: bool | None = None


class QuasiHarmonicRow(Record):
    """One temperature at zero pressure; the Gibbs energy has the static energy in it."""

    temperature_K: float
    gibbs_energy_eV_per_atom: float
    volume_A3_per_atom: float
    thermal_expansion_per_K: float
    bulk_modulus_GPa: float
    heat_capacity_eV_per_K_per_atom: float


class VolumePoint(Record):
    """One of the volumes of a quasi-harmonic run: its static energy, its imaginary modes, and whether it was used."""

    volume_A3_per_atom: float
    static_energy_eV_per_atom: float
    imaginary_share: float
    used: bool


class QuasiHarmonicResult(Record):
    """The volume that minimizes F(V, T), and what follows from it; `note` says what was left out."""

    repeats: _Repeats
    volumes: list[VolumePoint]
    rows: list[QuasiHarmonicRow]
    note: str = ""


class BandLabel(Record):
    """A special point of the Brillouin zone on the path of the bands."""

    distance_per_A: float
    name: str


class PhononRecord(PotentialRecord):
    """The record of `phonons` (kind `phonons`); numbers are null, and lists empty, where `status` says there are none.

    Modes are counted in the primitive cell of `n_atoms_primitive` atoms (null in records of before: in the given one).
    `static` says that the phase was relaxed alone, without phonons.
    `files` names what lies beside the record: `structure` (the relaxed cell, CIF), `bands`, `gamma`, `dos`, `thermal`
    (CSV, units in the column names; `parity` in `gamma` is 1 gerade, -1 ungerade, 0 without an inversion centre), and
    `phonopy` (phonopy's own file with the forces).
    """

    rows_in: ClassVar[str] = "thermal"
    kind: Literal["phonons"] = "phonons"
    structure: str
    formula: str
    n_atoms: int
    space_group: str | None = None
    space_group_start: str
    potential: str
    engine: str
    functional: str | None = None
    status: PhononStatus
    reason: str | None = None
    static: bool = False
    static_energy_eV_per_atom: float | None = None
    volume_A3_per_atom: float | None = None
    density_g_per_cm3: float | None = None
    largest_force_eV_per_A: float | None = None
    n_atoms_primitive: int | None = None
    zero_point_eV_per_atom: float | None = None
    thermal: list[ThermalRow] = []
    imaginary: ImaginaryModes | None = None
    convergence: PhononConvergence | None = None
    quasi_harmonic: QuasiHarmonicResult | None = None
    band_labels: list[BandLabel] = []
    files: dict[str, str] = {}


def read_phonon_record(path: Path) -> PhononRecord:
    """Read a `phonons` record.

    Raises
    ------
    InputError
        If the file is no such record.
    """
    return read_record(path, PhononRecord, made_by="phonons")
