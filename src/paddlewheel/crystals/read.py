"""Read a structure: a built-in name, or a file in any of the usual formats, as ASE Atoms."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from paddlewheel.crystals.check import check_structure
from paddlewheel.crystals.library import builtin_path, list_structures
from paddlewheel.errors import StructureError

if TYPE_CHECKING:
    from ase import Atoms


def read_structure(name_or_path: str | Path) -> Atoms:
    """Read a structure and check that a simulation can start from it.

    Parameters
    ----------
    name_or_path
        A built-in name (`o-nbh`, `na2b12h12`, `nabh4`; see `list_structures`), or a file: CIF, POSCAR or CONTCAR,
        extended XYZ, LAMMPS data, pymatgen JSON, or anything else that ASE recognises as one structure. Files may be
        compressed (.gz, .bz2, .xz). A built-in name wins over a file of the same name; write `./nabh4` for the file.

    Returns
    -------
    ase.Atoms
        Periodic in three directions; deuterium and tritium are hydrogen with their own masses.

    Raises
    ------
    StructureError
        One line that names the file, what is wrong and what to do: no such file or built-in name, no structure in
        it, several structures, no atoms, unknown elements, no cell, coordinates that are not finite, overlapping
        atoms, partial occupancies, hydrogens that the formula has and the coordinates lack.

    Examples
    --------
    >>> from paddlewheel.crystals import read_structure
    >>> read_structure("nabh4").get_chemical_formula()
    'B2H8Na2'
    """
    from paddlewheel.crystals.formats import read_ordered

    if isinstance(name_or_path, str) and (builtin := builtin_path(name_or_path)):
        return check_structure(read_ordered(builtin), name_or_path)
    path = Path(name_or_path)
    require_file(path, name_or_path)
    return check_structure(read_ordered(path), path)


def require_file(path: Path, given: str | Path) -> None:
    """Refuse what is no readable, non-empty file; `given` is what the user wrote, for the message."""
    names = [card.name for card in list_structures()]
    try:
        is_folder, is_file, is_empty = path.is_dir(), path.is_file(), path.is_file() and path.stat().st_size == 0
    except OSError as error:  # a name too long, a folder that may not be entered
        raise StructureError(
            f"cannot be opened ({error.strerror})", where=str(given)[:80], remedy="give a file"
        ) from error
    if is_folder:
        raise StructureError("is a folder", where=path, remedy="give the structure file inside it")
    if not is_file:
        looks_like_path = isinstance(given, Path) or path.suffix or len(path.parts) > 1
        known = f"built-in structures are {', '.join(names)}"
        if looks_like_path:
            raise StructureError("no such file", where=given, remedy=f"check the path ({known})")
        close = difflib.get_close_matches(str(given).lower(), names, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]}? " if close else ""
        raise StructureError(
            f"{str(given)!r} is neither a file nor a built-in structure", remedy=f"{hint}{known}; or give a file"
        )
    if is_empty:
        raise StructureError("the file is empty", where=path, remedy="give a file with a structure in it")
