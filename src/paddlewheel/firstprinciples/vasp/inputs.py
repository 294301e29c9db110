"""Input files of VASP for one static label: INCAR, POSCAR, POTCAR.spec.

The tags are those of pymatgen's input sets. What decides the labels (cutoff, k-points, functional, ...) comes from the
settings, what only fills disks (CHGCAR, AECCAR, LOCPOT, PROCAR) is left out, and the tags of a static run are written
out: NSW 0, IBRION -1, ISIF 2, without which there is no stress. The k-points are KSPACING's, so there is no KPOINTS.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import lru_cache
from io import StringIO
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import SettingsError, StructureError
from paddlewheel.firstprinciples.setups import CalculationSettings, mesh_of_spacing
from paddlewheel.firstprinciples.vasp.potentials import FAMILIES, potential_names

if TYPE_CHECKING:
    from pathlib import Path

    from ase import Atoms
    from pymatgen.io.vasp.sets import VaspInputSet

FUNCTIONALS: Mapping[str, Mapping[str, str]] = {
    "r2SCAN": {"METAGGA": "R2SCAN"},
    "rSCAN": {"METAGGA": "RSCAN"},
    "SCAN": {"METAGGA": "SCAN"},
    "PBE": {"GGA": "PE"},
    "PBEsol": {"GGA": "PS"},
}
"""Tags of each functional; a meta-GGA has no GGA tag beside it."""

STATIC = {"NSW": 0, "IBRION": -1, "ISIF": 2}

_SMEARINGS = {"gaussian": 0, "fermi": -1, "methfessel-paxton": 1, "tetrahedron": -5}

DECIDED = (
    "ENCUT", "KSPACING", "EDIFF", "ISPIN", "ISMEAR", "SIGMA", "NELM", "METAGGA", "GGA", *STATIC, "LHFCALC",
)  # fmt: skip
"""Tags that the fields of the settings decide, or that no label may have otherwise."""

_NO_LABEL_NEEDS = {
    "LCHARG": False, "LWAVE": False, "LAECHG": None, "LVTOT": None, "LVHAR": None, "LELF": None, "LORBIT": None,
}  # fmt: skip
"""Files for other ends; over thousands of frames they are terabytes."""

_OF_ELEMENTS = ("MAGMOM", "LDAUU", "LDAUL", "LDAUJ")
_LADDER = ("All", "Normal", "Damped")
_FEWEST_FOR_TETRAHEDRA = 4


def tags_of_set(name: str) -> dict[str, Any]:
    """The tags, and the family of potentials, of a named set as pymatgen has them, without those that fields decide.

    Parameters
    ----------
    name
        ``paper`` and ``matpes`` (MatPESStaticSet with r2SCAN), ``matpes-pbe``, ``mp-r2scan`` (MPScanStaticSet).

    Returns
    -------
    dict
        ``tags`` and ``pseudopotential_family``, fields of `CalculationSettings`.
    """
    with _quiet():
        found = pymatgen_set(name)
        tags = {tag: value for tag, value in found.incar.items() if tag not in (*DECIDED, "MAGMOM")}
    tags.update(_NO_LABEL_NEEDS)
    family = str(found.user_potcar_functional)
    return {"tags": {tag: tags[tag] for tag in sorted(tags) if tags[tag] is not None}, "pseudopotential_family": family}


def pymatgen_set(name: str) -> VaspInputSet:
    """The input set of pymatgen that a name stands for, of one hydrogen atom."""
    from pymatgen.core import Lattice, Structure
    from pymatgen.io.vasp.sets import MatPESStaticSet, MPScanStaticSet

    one = Structure(Lattice.cubic(4.0), ["H"], [[0.0, 0.0, 0.0]])
    if name == "mp-r2scan":
        return MPScanStaticSet(one)
    return MatPESStaticSet(one, xc_functional="PBE" if name == "matpes-pbe" else "R2SCAN")


def check_vasp_settings(settings: CalculationSettings, where: str | Path) -> None:
    """Refuse what VASP has not, tags that contradict the fields, and names that are no tags.

    Raises
    ------
    SettingsError
        With the field or the tag.
    """
    if settings.functional not in FUNCTIONALS:
        raise SettingsError(f"functional: {settings.functional} is not among VASP's that are written here", where=where,
                            remedy=f"give one of {', '.join(FUNCTIONALS)}")  # fmt: skip
    if settings.smearing not in _SMEARINGS:
        raise SettingsError(f"smearing: VASP has no {settings.smearing}", where=where,
                            remedy=f"give one of {', '.join(_SMEARINGS)}")  # fmt: skip
    if settings.pseudopotential_family not in FAMILIES:
        raise SettingsError(f"pseudopotential_family: {settings.pseudopotential_family or 'none'} is not among VASP's",
                            where=where, remedy=f"give one of {', '.join(FAMILIES)}")  # fmt: skip
    for tag in settings.tags:
        if tag in DECIDED:
            raise SettingsError(f"tags: {tag} is decided by the other fields, or has to be that of a static label",
                                where=where, remedy="give cutoff_eV, k_spacing_per_A, ... instead")  # fmt: skip
    _check_tags(settings.tags, where)


def _check_tags(tags: Mapping[str, Any], where: str | Path) -> None:
    from pymatgen.io.vasp.inputs import Incar

    for tag, value in tags.items():
        by_element = isinstance(value, Mapping)
        values = [*value.values()] if by_element else value if isinstance(value, list) else [value]
        if by_element != (tag in _OF_ELEMENTS) or not all(isinstance(each, str | int | float) for each in values):
            remedy = f"give a value, for {', '.join(_OF_ELEMENTS)} one an element as {{Fe: 4}}"
            raise SettingsError(f"tags: {tag} cannot be {str(value)[:60]}", where=where, remedy=remedy)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        Incar({tag: value for tag, value in tags.items() if not isinstance(value, Mapping)}).check_params()
    if told:
        raise SettingsError(f"tags: {told[0].message}", where=where, remedy="VASP would ignore it: correct the tag")


def vasp_settings_again(settings: CalculationSettings, attempt: int) -> CalculationSettings:
    """The same label by another way to its electrons: the next ALGO, twice as many steps with every attempt.

    From ALGO All on to Normal and Damped, from any other to All first: neither changes what the label is.

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
    first = str(settings.tags.get("ALGO", "Normal")).capitalize()
    return settings.tried_again(attempt, tag="ALGO", first=first, ways=_LADDER)


def check_vasp_frame(atoms: Atoms, settings: CalculationSettings) -> None:
    """Refuse a left-handed cell, and one with too few k-points for the tetrahedron method: VASP stops at both.

    The method needs four k-points that symmetry does not join; a snapshot has that of time alone, which joins k and -k.

    Raises
    ------
    StructureError
        Which it is.
    """
    if np.linalg.det(atoms.cell.array) < 0:
        raise StructureError("the cell is left-handed, which VASP refuses: exchange two of its vectors")
    if settings.smearing != "tetrahedron":
        return
    mesh = mesh_of_spacing(atoms.cell.array, settings.k_spacing_per_A)
    n_points = mesh[0] * mesh[1] * mesh[2]
    own_partners = 2 ** sum(n % 2 == 0 for n in mesh)
    if (n_points + own_partners) // 2 < _FEWEST_FOR_TETRAHEDRA:
        raise StructureError(
            f"{mesh[0]} x {mesh[1]} x {mesh[2]} k-points are too few for the tetrahedron method",
            remedy="give a file of settings with smearing: gaussian",
        )  # fmt: skip


def vasp_files(atoms: Atoms, settings: CalculationSettings) -> dict[str, str]:
    """INCAR, POSCAR and POTCAR.spec of a frame.

    Parameters
    ----------
    atoms
        Atoms of each element together; VASP numbers them in this order. Initial magnetic moments, where the frame has
        any, go before those of its elements.
    settings
        Of a static label.

    Returns
    -------
    dict
        Text of each file by its name.
    """
    from ase.io.vasp import write_vasp

    counts = tuple((symbol, len(list(group))) for symbol, group in groupby(atoms.get_chemical_symbols()))
    poscar = StringIO()
    write_vasp(poscar, atoms, direct=True)
    incar, potentials = _incar_and_potentials(counts, json.dumps(asdict(settings)))
    moments = atoms.get_initial_magnetic_moments()
    if settings.spin_polarized and moments.any():
        told = " ".join(f"{moment:g}" for moment in moments)
        incar = re.sub(r"^MAGMOM = .*$", f"MAGMOM = {told}", incar, flags=re.MULTILINE)
    return {"INCAR": incar, "POSCAR": poscar.getvalue(), "POTCAR.spec": "\n".join(potentials) + "\n"}


@lru_cache(maxsize=512)
def _incar_and_potentials(counts: tuple[tuple[str, int], ...], settings_json: str) -> tuple[str, list[str]]:
    """Both depend on the composition alone: pymatgen's sets take 10 ms, frames of one composition come in thousands."""
    from pymatgen.core import Lattice, Structure
    from pymatgen.io.vasp.sets import MatPESStaticSet, VaspInputSet

    settings = CalculationSettings(**json.loads(settings_json))
    symbols = [symbol for symbol, count in counts for _ in range(count)]
    places = [[index / len(symbols), 0.0, 0.0] for index in range(len(symbols))]
    decided = {
        **FUNCTIONALS[settings.functional],
        "ENCUT": settings.cutoff_eV,
        "KSPACING": settings.k_spacing_per_A,
        "EDIFF": float(f"{settings.tolerance_eV(len(symbols)):.9g}"),
        "ISPIN": 2 if settings.spin_polarized else 1,
        "ISMEAR": _SMEARINGS[settings.smearing],
        "SIGMA": settings.smearing_width_eV,
        "NELM": settings.most_electronic_steps,
        **STATIC,
    }
    tags = dict(settings.tags)
    moments = {**MatPESStaticSet.CONFIG["INCAR"]["MAGMOM"], **tags.pop("MAGMOM", {})}
    config = {"INCAR": {**tags, "MAGMOM": moments}, "POTCAR": {}, "POTCAR_FUNCTIONAL": settings.pseudopotential_family}
    with _quiet():
        incar = VaspInputSet(
            Structure(Lattice.cubic(100.0), symbols, places),
            config_dict=config,
            user_incar_settings=decided,
            sort_structure=False,
        ).incar
    return str(incar), potential_names([symbol for symbol, _ in counts], settings)


@contextmanager
def _quiet() -> Iterator[None]:
    """pymatgen warns of what its sets are used for in other ways than theirs; what matters is checked here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
