"""Input files of CASTEP: parts of the .cell and .param that all tasks share, and the two files of a static label.

CASTEP's own RSCAN is rSCAN (doi 10.1063/1.5094646). It has no word for r2SCAN: that is put together from LibXC's parts
(XC_DEFINITION, castep-docs.github.io), for which CASTEP has to be built with LibXC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.firstprinciples.setups import CalculationSettings, mesh_of_spacing

if TYPE_CHECKING:
    from ase import Atoms

SEED = "label"
"""Name of a label's files: label.cell, label.param, label.castep."""

_FUNCTIONALS = {
    "PBE": "PBE", "PBEsol": "PBESOL", "LDA": "LDA", "RPBE": "RPBE", "PW91": "PW91", "BLYP": "BLYP", "rSCAN": "RSCAN",
}  # fmt: skip
_OF_LIBXC = {"r2SCAN": ("MGGA_X_R2SCAN", "MGGA_C_R2SCAN"), "SCAN": ("MGGA_X_SCAN", "MGGA_C_SCAN")}
FUNCTIONALS = (*_FUNCTIONALS, *_OF_LIBXC)
"""Names that inputs can be written for."""

_SMEARINGS = {"gaussian": "GAUSSIAN", "fermi": "FERMIDIRAC", "methfessel-paxton": "HERMITEPOLYNOMIALS"}
_METHODS = ("DM", "EDFT")
"""Density mixing, and ensemble DFT, which is slow and ends."""


def lattice_rows(atoms: Atoms) -> list[str]:
    """LATTICE_CART in A."""
    vectors = ("  " + _row(vector) for vector in np.asarray(atoms.cell.array))
    return ["%BLOCK LATTICE_CART", "ANG", *vectors, "%ENDBLOCK LATTICE_CART"]


def position_rows(atoms: Atoms) -> list[str]:
    """POSITIONS_FRAC in the order of the atoms."""
    places = zip(atoms.get_chemical_symbols(), atoms.get_scaled_positions(), strict=True)
    rows = (f"  {symbol:<3}" + _row(place) for symbol, place in places)
    return ["%BLOCK POSITIONS_FRAC", *rows, "%ENDBLOCK POSITIONS_FRAC"]


def mesh_rows(atoms: Atoms, spacing_per_A: float, *, with_gamma: bool) -> list[str]:
    """The explicit mesh of `setups.mesh_of_spacing`, which has the 2 pi; CASTEP's own even meshes leave Gamma out."""
    mesh = mesh_of_spacing(atoms.cell.array, spacing_per_A)
    rows = [f"KPOINT_MP_GRID {mesh[0]} {mesh[1]} {mesh[2]}"]
    if with_gamma:
        offset = (0.0 if count % 2 else 1 / (2 * count) for count in mesh)
        rows.append("KPOINT_MP_OFFSET " + " ".join(f"{value:.10f}" for value in offset))
    return rows


def functional_rows(functional: str) -> list[str]:
    """What names a functional in the .param.

    Raises
    ------
    SettingsError
        For one that is not known here for CASTEP.
    """
    if functional in _FUNCTIONALS:
        return param_rows({"XC_FUNCTIONAL": _FUNCTIONALS[functional]})
    if functional in _OF_LIBXC:
        parts = (f"  LIBXC_{part} 1.0" for part in _OF_LIBXC[functional])
        return ["# from LibXC: CASTEP's own RSCAN is rSCAN", "%BLOCK XC_DEFINITION", *parts, "%ENDBLOCK XC_DEFINITION"]
    raise SettingsError(
        f"the functional {functional} is not known here for CASTEP", where="functional",
        remedy=f"take one of {', '.join(FUNCTIONALS)}",
    )  # fmt: skip


def param_rows(values: Mapping[str, object]) -> list[str]:
    """Keywords and values of the .param."""
    return [f"{name:<16}: {_word(value)}" for name, value in values.items()]


def castep_order(symbols: Iterable[str]) -> list[int]:
    """The atoms by atomic number, those of an element as they are: the order in which CASTEP prints them."""
    from ase.data import atomic_numbers

    numbers = [atomic_numbers[symbol] for symbol in symbols]
    return sorted(range(len(numbers)), key=numbers.__getitem__)


def castep_files(atoms: Atoms, settings: CalculationSettings) -> dict[str, str]:
    """The .cell and .param of energy, forces and stress at a fixed geometry.

    The mesh is that of `setups.mesh_of_spacing`, moved such that it holds Gamma as VASP's does. The energy is corrected
    for the finite basis (FINITE_BASIS_CORR AUTO), without which CASTEP's stress is not its derivative.

    Parameters
    ----------
    atoms
        Periodic; written in their order. CASTEP prints them in that of `castep_order`.
    settings
        ``pseudopotentials`` name an element's potential, file or string, ``pseudopotential_family`` CASTEP's library
        (C19, QC5, NCP19); without either CASTEP makes its own on the fly. ``tags`` are keywords of the .param.

    Raises
    ------
    SettingsError
        If CASTEP has no such functional or smearing, or a tag says what a setting says.
    """
    cell = [
        *lattice_rows(atoms), "", *position_rows(atoms), "",
        f"# no farther apart than {settings.k_spacing_per_A:g} / A, with Gamma",
        *mesh_rows(atoms, settings.k_spacing_per_A, with_gamma=True), "SYMMETRY_GENERATE", "",
        *_potential_rows(settings),
    ]  # fmt: skip
    return {f"{SEED}.cell": "\n".join(cell) + "\n", f"{SEED}.param": _param(len(atoms), settings)}


def check_castep_settings(settings: CalculationSettings) -> None:
    """Refuse settings that no input of CASTEP can have (`castep_files`).

    Raises
    ------
    SettingsError
        With the setting and what to take instead.
    """
    _param(1, settings)


def castep_settings_again(settings: CalculationSettings, attempt: int) -> CalculationSettings:
    """The same label by another way to its electrons: ensemble DFT after density mixing, with twice as many cycles.

    Parameters
    ----------
    settings
        As they were first.
    attempt
        From 1, the first repetition.

    Raises
    ------
    SettingsError
        When all ways have been tried.
    """
    first = str(settings.tags.get("ELEC_METHOD", _METHODS[0])).upper()
    return settings.tried_again(attempt, tag="ELEC_METHOD", first=first, ways=_METHODS)


def _param(n_atoms: int, settings: CalculationSettings) -> str:
    decided: dict[str, object] = {
        "TASK": "SINGLEPOINT",
        "CALCULATE_STRESS": True,
        "CUT_OFF_ENERGY": f"{settings.cutoff_eV:g} eV",
        "FINITE_BASIS_CORR": "AUTO",
        "SPIN_POLARIZED": settings.spin_polarized,
        **_occupations(settings),
        "ELEC_ENERGY_TOL": f"{settings.tolerance_eV(n_atoms) / n_atoms:.6g} eV",
        "MAX_SCF_CYCLES": settings.most_electronic_steps,
    }
    tags = {name.upper(): value for name, value in settings.tags.items()}
    if taken := sorted({*decided, "XC_FUNCTIONAL"} & set(tags)):
        raise SettingsError(
            f"the tag {taken[0]} is decided by the settings", where=settings.name, remedy="leave the tag out"
        )
    beside: dict[str, object] = {
        "ELEC_METHOD": _METHODS[0], "OPT_STRATEGY": "SPEED", "POPN_CALCULATE": False, "WRITE_CHECKPOINT": "NONE",
        "WRITE_BIB": False, "NUM_DUMP_CYCLES": 0,
    }  # fmt: skip
    return "\n".join([*functional_rows(settings.functional), *param_rows({**decided, **beside, **tags})]) + "\n"


def _occupations(settings: CalculationSettings) -> dict[str, object]:
    if settings.smearing == "none":
        return {"FIX_OCCUPANCY": True}
    if settings.smearing not in _SMEARINGS:
        raise SettingsError(
            f"CASTEP has no smearing {settings.smearing}", where=settings.name,
            remedy=f"take {', '.join(_SMEARINGS)} or none",
        )  # fmt: skip
    return {
        "FIX_OCCUPANCY": False,
        "SMEARING_SCHEME": _SMEARINGS[settings.smearing],
        "SMEARING_WIDTH": f"{settings.smearing_width_eV:g} eV",
    }


def _potential_rows(settings: CalculationSettings) -> list[str]:
    named = [f"  {symbol} {name}" for symbol, name in sorted(settings.pseudopotentials.items())]
    family = [f"  {settings.pseudopotential_family}"] if settings.pseudopotential_family else []
    if not named and not family:
        return ["# pseudopotentials: none are named, so CASTEP makes its own ultrasoft ones on the fly"]
    return ["%BLOCK SPECIES_POT", *family, *named, "%ENDBLOCK SPECIES_POT"]


def _word(value: object) -> str:
    return str(value).upper() if isinstance(value, bool) else str(value)


def _row(vector: np.ndarray) -> str:
    return " ".join(f"{value:16.10f}" for value in vector)
