"""Structure factors of a phase: its atoms, |F|^2 of every reflection, its mass and what it absorbs."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.xrd.pattern import Radiation
from paddlewheel.lab.xrd.phase import Phase, Reflections, d_spacing_A
from paddlewheel.units import AVOGADRO_PER_MOL

if TYPE_CHECKING:
    from ase import Atoms

HC_EV_A = 12398.419843320026
"""Energy of a photon times its wavelength, exact in the SI of 2019."""
_LARGEST_S_PER_A = 6.0
"""Waasmaier and Kirfel fitted up to sin(theta)/lambda = 6 1/A; beyond, the last value stands."""
_MOST_INDICES = 3_000_000
_BLOCK = 2_000_000
"""Products of reflections and atoms that are held at once."""


def read_phase(source: str | Path | Atoms, *, tolerance_A: float = 0.05) -> Phase:
    """Read a phase: a CIF, any other structure file, or a built-in name.

    A CIF gives its own symmetry, occupancies and displacements (`cif_phase`). Other files, and CIFs in P 1, are lists
    of atoms: spglib finds their symmetry, and the phase has the conventional cell (`atoms_phase`). Built-in phases of
    diffraction (`lab.xrd.library`) come before the built-in structures of simulations of the same name.

    Parameters
    ----------
    source
        Path, built-in name, or a structure in memory.
    tolerance_A
        How far an atom may be from its symmetric place, where the symmetry is looked for.

    Raises
    ------
    StructureError
        One line that names the file, what is wrong and what to do.
    """
    from paddlewheel.crystals.formats import is_cif
    from paddlewheel.crystals.library import builtin_path
    from paddlewheel.crystals.read import read_structure, require_file
    from paddlewheel.lab.xrd.atoms_phase import phase_of_atoms
    from paddlewheel.lab.xrd.cif_phase import read_cif_phase
    from paddlewheel.lab.xrd.library import builtin_phase, refuse_phase_name

    if isinstance(source, str) and (found := builtin_phase(source)):
        return found
    if isinstance(source, str) and builtin_path(source):
        return phase_of_atoms(read_structure(source), name=source, source=source, tolerance_A=tolerance_A)
    if not isinstance(source, str | Path):
        name = source.get_chemical_formula("metal", empirical=True)
        return phase_of_atoms(source, name=name, source=name, tolerance_A=tolerance_A)
    path = Path(source)
    if isinstance(source, str) and not path.suffix and len(path.parts) == 1 and not path.exists():
        refuse_phase_name(source)
    require_file(path, source)
    if is_cif(path):
        return read_cif_phase(path, tolerance_A=tolerance_A)
    return phase_of_atoms(read_structure(path), name=_stem(path), source=str(path), tolerance_A=tolerance_A)


def _stem(path: Path) -> str:
    return path.name.split(".")[0] or path.name


@lru_cache(maxsize=256)
def reflections(phase: Phase, radiation: Radiation, d_min_A: float) -> Reflections:
    """All reflections of a phase with d of at least `d_min_A`, equivalent ones as one, absent ones left out.

    F(hkl) = sum_j o_j (f0_j(s) + f'_j + i f''_j) exp(-B_j s^2) exp(2 pi i h x_j), s = 1/(2 d). f0 of neutral atoms
    (`form_factor`), f' and f'' by Chantler (doi 10.1063/1.1321055) at the wavelength of the strongest line. An atom
    spread over a sphere of radius r has sin(q r)/(q r), q = 4 pi s, besides. |F|^2 is the mean of hkl and -h-k-l,
    which the powder adds up. Asking again for the same objects costs nothing.

    Systematic absences are those of the space group where gemmi knows its symbol, so that reflections that are only
    weak stay; else what is zero within rounding.

    Raises
    ------
    SettingsError
        If there are more than three million indices.
    """
    lengths = phase.cell[:3]
    largest = np.floor(lengths / d_min_A + 1e-9).astype(int)
    expected = 4 / 3 * np.pi * phase.volume_A3 / d_min_A**3
    if np.prod(2 * largest + 1.0) > _MOST_INDICES:
        raise SettingsError(
            f"{phase.name} has about {expected:.2g} reflections down to d = {d_min_A:g} A",
            where=phase.source,
            remedy="give a smaller range of angles or a longer wavelength",
        )
    hkl, multiplicity = _unique_indices(phase, largest, d_min_A)
    absent = _absences(phase, hkl)
    if absent is not None:
        hkl, multiplicity = hkl[~absent], multiplicity[~absent]
    squared = structure_factors_squared(phase, radiation.wavelength_A, hkl)
    if absent is None:
        seen = squared > 1e-9 * squared.max(initial=0.0)
        hkl, multiplicity, squared = hkl[seen], multiplicity[seen], squared[seen]
    order = np.lexsort((-hkl[:, 2], -hkl[:, 1], -hkl[:, 0], -np.round(d_spacing_A(hkl, phase.cell), 9)))
    found = hkl[order], multiplicity[order], squared[order]
    for array in found:
        array.setflags(write=False)
    return Reflections(hkl=found[0], multiplicity=found[1], structure_factor_squared=found[2])


def structure_factors_squared(phase: Phase, wavelength_A: float, hkl: np.ndarray) -> np.ndarray:
    """Mean of |F(hkl)|^2 and |F(-h-k-l)|^2 in electrons^2 of one cell, [n]; `hkl` [n, 3] may be any indices."""
    if not len(hkl):
        return np.zeros(0)
    s_per_A = 1 / (2 * d_spacing_A(hkl, phase.cell))
    radii = np.zeros(len(phase.elements)) if phase.shell_radius_A is None else phase.shell_radius_A
    kinds = {key: row for row, key in enumerate(dict.fromkeys(zip(phase.elements, phase.b_iso_A2, radii, strict=True)))}
    kind_of = np.array([kinds[key] for key in zip(phase.elements, phase.b_iso_A2, radii, strict=True)])
    share = np.zeros((len(kind_of), len(kinds)))
    share[np.arange(len(kind_of)), kind_of] = phase.occupancy
    phases = np.empty((len(hkl), len(kinds)), dtype=complex)
    step = max(1, _BLOCK // len(kind_of))
    for start in range(0, len(hkl), step):
        angle = 2 * np.pi * (hkl[start : start + step] @ phase.fractional.T)
        phases[start : start + step] = np.cos(angle) @ share + 1j * (np.sin(angle) @ share)
    real, imaginary = np.zeros((2, len(hkl)), dtype=complex)
    for row, (element, b_iso_A2, radius_A) in enumerate(kinds):
        damping = np.exp(-b_iso_A2 * s_per_A**2) * np.sinc(4 * s_per_A * radius_A)
        dispersion = anomalous(element, wavelength_A)
        real += (form_factor(element, s_per_A) + dispersion.real) * damping * phases[:, row]
        imaginary += dispersion.imag * damping * phases[:, row]
    # F(h) = P + i Q and F(-h) = P* + i Q*: the cross terms of the two cancel
    return np.abs(real) ** 2 + np.abs(imaginary) ** 2


def form_factor(element: str, s_per_A: np.ndarray) -> np.ndarray:
    """f0 of a neutral atom at s = sin(theta)/lambda in electrons, [n].

    By Waasmaier and Kirfel (doi 10.1107/S0108767394013292). Hydrogen is the bonded one of Stewart, Davidson and
    Simpson (J. Chem. Phys. 42, 3175 (1965); International Tables C 6.1.1.4), whose electron sits closer than in the
    free atom.
    """
    offset, scales, exponents = _gaussians(element)
    s = np.minimum(s_per_A, _LARGEST_S_PER_A)
    return offset + np.exp(-np.outer(s**2, exponents)) @ scales


@lru_cache(maxsize=128)
def _gaussians(element: str) -> tuple[float, np.ndarray, np.ndarray]:
    """Offset, heights and exponents of f0."""
    import json

    import gemmi
    from xraydb import get_xraydb

    symbol = _as_element(element)
    if symbol == "H":
        table = gemmi.Element("H").it92
        return table.c, np.array(table.a), np.array(table.b)
    row = next(row for row in get_xraydb().get_cache("Waasmaier") if row.ion == symbol)
    return float(row.offset), np.array(json.loads(row.scale)), np.array(json.loads(row.exponents))


@lru_cache(maxsize=1024)
def anomalous(element: str, wavelength_A: float) -> complex:
    """f' + i f'' of an element at a wavelength, in electrons (Chantler)."""
    from xraydb import f1_chantler, f2_chantler

    symbol, energy_eV = _as_element(element), _energy_eV(wavelength_A)
    real, imaginary = (np.asarray(table(symbol, energy_eV), dtype=float).item() for table in (f1_chantler, f2_chantler))
    return complex(real, imaginary)


def _as_element(symbol: str) -> str:
    return "H" if symbol in ("D", "T") else symbol


def _energy_eV(wavelength_A: float) -> float:
    """Energy of the photons; Chantler's tables are wanted between 1 and 200 keV, 0.062 to 12.4 A."""
    if not 0.062 <= wavelength_A <= 12.39:
        raise SettingsError(f"the wavelength {wavelength_A:g} A is out of range", remedy="give 0.062 to 12.39 A")
    return HC_EV_A / wavelength_A


def _unique_indices(phase: Phase, largest: np.ndarray, d_min_A: float) -> tuple[np.ndarray, np.ndarray]:
    """One of each set of indices that the Laue group makes equal, with the size of the set."""
    axes = [np.arange(-n, n + 1) for n in largest]
    hkl = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    hkl = hkl[np.any(hkl != 0, axis=1)]
    hkl = hkl[d_spacing_A(hkl, phase.cell) >= d_min_A * (1 - 1e-9)]
    if not len(hkl):
        return np.zeros((0, 3), dtype=int), np.zeros(0, dtype=int)
    reach = 2 * int(np.abs(hkl @ phase.rotations).max()) + 1  # images of the box may leave it
    weights = np.array([reach**2, reach, 1])

    def rank(indices: np.ndarray) -> np.ndarray:
        """A number of each triple of its own; the set is called by the highest: few minus signs, then h, k, l."""
        return (indices >= 0).sum(axis=1) * reach**3 + indices @ weights

    own = rank(hkl)
    key = own.copy()
    for rotation in phase.rotations:
        np.maximum(key, rank(hkl @ rotation), out=key)
    _, first, counts = np.unique(key, return_index=True, return_counts=True)
    is_own = np.flatnonzero(own == key)
    chosen = is_own[np.argsort(key[is_own])]
    if len(chosen) != len(first):  # a set whose largest member is a rounding below d_min
        chosen = first
    return hkl[chosen], counts


def _absences(phase: Phase, hkl: np.ndarray) -> np.ndarray | None:
    """Which of `hkl` the space group extinguishes; None where gemmi does not know its symbol."""
    import gemmi

    group = gemmi.find_spacegroup_by_name(phase.space_group)
    if group is None:
        return None
    return np.asarray(group.operations().systematic_absences(np.ascontiguousarray(hkl, dtype=np.int32)), dtype=bool)


def contents_per_cell(phase: Phase) -> dict[str, float]:
    """Atoms of each element in one cell, in the order of the phase."""
    amounts: dict[str, float] = {}
    for element, share in zip(phase.elements, phase.occupancy, strict=True):
        amounts[element] = amounts.get(element, 0.0) + float(share)
    return amounts


def cell_mass_g_per_mol(phase: Phase) -> float:
    """Mass of the atoms of one cell (Z times the molar mass)."""
    return sum(amount * _molar_mass(element) for element, amount in contents_per_cell(phase).items())


def density_g_per_cm3(phase: Phase) -> float:
    """Density of the crystal by its cell."""
    return cell_mass_g_per_mol(phase) / AVOGADRO_PER_MOL / (phase.volume_A3 * 1e-24)


def mass_absorption_cm2_per_g(phase: Phase, wavelength_A: float) -> float:
    """Total mass attenuation coefficient mu/rho (Elam, Ravel and Sieber, doi 10.1016/S0969-806X(01)00227-4)."""
    # a cross section an atom, whatever the isotope
    total = sum(
        amount * _molar_mass(_as_element(element)) * _element_mass_absorption(_as_element(element), wavelength_A)
        for element, amount in contents_per_cell(phase).items()
    )
    return total / cell_mass_g_per_mol(phase)


def mu_per_cm(phase: Phase, wavelength_A: float) -> float:
    """Linear absorption coefficient of the crystal without pores."""
    return mass_absorption_cm2_per_g(phase, wavelength_A) * density_g_per_cm3(phase)


@lru_cache(maxsize=1024)
def _element_mass_absorption(element: str, wavelength_A: float) -> float:
    from xraydb import mu_elam

    return float(mu_elam(element, _energy_eV(wavelength_A)))


def _molar_mass(element: str) -> float:
    from ase.data import atomic_masses, atomic_numbers

    from paddlewheel.crystals.cif_statements import ISOTOPE_MASSES_U

    return ISOTOPE_MASSES_U.get(element) or float(atomic_masses[atomic_numbers[element]])
