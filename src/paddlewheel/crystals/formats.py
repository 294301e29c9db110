"""File formats: each reader turns a file into ASE Atoms, or a pymatgen Structure whose sites may be partly filled."""

from __future__ import annotations

import codecs
import contextlib
import io
import itertools
import json
import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.crystals.check import NO_CELL_REMEDY
from paddlewheel.crystals.cif import read_cif
from paddlewheel.crystals.cif_statements import ISOTOPE_MASSES_U
from paddlewheel.crystals.lammps_data import is_lammps_data, read_lammps_data
from paddlewheel.crystals.ulm import MAGIC, read_ulm_frames
from paddlewheel.errors import DatasetError, InputError, StructureError
from paddlewheel.foreign import bounded_recursion, brief, parsing, read_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ase import Atoms
    from pymatgen.core import Structure

OCCUPANCY_ROUNDING = 1e-3
"""Occupancies this close to 1 are full: they are rounding in the file, not vacancies."""

_EXPORTED = {
    ".vesta": ("VESTA", "export the structure there as CIF or POSCAR (File, Export Data)"),
    ".cssr": ("Cerius2 or Zeo++", "give the CIF that it was made from, or convert it, e.g. by Open Babel"),
    ".xtl": ("CrystalMaker or Materials Studio", "export it there as CIF"),
    ".crystal": ("CrystalMaker", "export it there as CIF"),
    ".cmdf": ("CrystalMaker", "export it there as CIF"),
    ".mol": ("molecules", "give a crystal as CIF"),
    ".mol2": ("molecules", "give a crystal as CIF"),
    ".sdf": ("molecules", "give a crystal as CIF"),
}
"""Files of other programs by suffix: whose, and what to do."""
_SHELX = ("SYMM", "FVAR", "HKLF", "WGHT", "L.S.", "CGLS", "PLAN")
"""Instructions of refinements; the .res of AIRSS, which have none, hold all atoms of the cell."""
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
"""Bytes that no text has."""
_LARGEST_FRAMES = 2_000_000_000
_COMPRESSED = {".gz", ".bz2", ".xz"}
_WHOLE_POSCAR = "take the whole file: comment, scale, three vectors, elements, numbers, Direct, and a line an atom"
_REMEDY = "give a CIF, POSCAR, extended XYZ, LAMMPS data or pymatgen JSON file"


def read_ordered(path: Path) -> Atoms:
    """Read one structure; a structure with partial occupancies is refused (see `disorder.order_structure`)."""
    from ase import Atoms

    with _quiet():
        found = _read(path)
        return _bare(found) if isinstance(found, Atoms) else structure_to_atoms(found, path)


def read_sites(path: Path) -> Structure:
    """Read one structure as pymatgen sites, partial occupancies kept.

    Raises
    ------
    StructureError
        If it cannot be read, or has no cell.
    """
    from ase import Atoms
    from pymatgen.core import Structure

    with _quiet():
        found = _read(path)
        if not isinstance(found, Atoms):
            return found
        if found.cell.rank < 3:
            raise StructureError(
                "there is no periodic cell", where=path,
                remedy=NO_CELL_REMEDY,
            )  # fmt: skip
        symbols = found.get_chemical_symbols()
        return Structure(found.cell.array, symbols, found.positions, coords_are_cartesian=True)


def structure_to_atoms(structure: Structure, where: str | Path | None) -> Atoms:
    """Turn an ordered pymatgen Structure into Atoms; oxidation states are dropped, isotopes keep their mass.

    Raises
    ------
    StructureError
        If a site is partly occupied, or holds something that is no element.
    """
    from ase import Atoms
    from ase.data import atomic_masses
    from pymatgen.core import DummySpecies, Element, Species

    numbers, masses = [], []
    for site in structure:
        specie, occupancy = max(site.species.items(), key=lambda item: item[1])
        if occupancy < 1 - OCCUPANCY_ROUNDING:
            content = ", ".join(f"{getattr(s, 'symbol', s)} {x:.3g}" for s, x in site.species.items())
            n_partial = sum(max(s.species.values()) < 1 - OCCUPANCY_ROUNDING for s in structure)
            raise StructureError(
                f"{n_partial} of {len(structure)} sites are partly occupied (the first, {site.label}: {content})",
                where=where,
                remedy="order it with --orderings N",
            )
        if isinstance(specie, DummySpecies) or not isinstance(specie, (Element, Species)):
            raise StructureError(f"{specie} (site {site.label}) is no element", where=where, remedy="name the element")
        numbers.append(specie.Z)
        # pymatgen's deuterium has the symbol H and the name D
        name = specie.element.name if isinstance(specie, Species) else specie.name
        masses.append(ISOTOPE_MASSES_U.get(name, atomic_masses[specie.Z]))
    cell = structure.lattice.matrix
    if not np.isfinite(cell).all() or np.linalg.matrix_rank(cell) < 3:
        raise StructureError(
            "the cell is not finite, or has no volume", where=where, remedy="correct its lattice vectors"
        )
    found = Atoms(numbers, scaled_positions=structure.frac_coords, cell=cell, pbc=True, masses=masses)
    return _bare(found)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the readers' warnings and prints off the terminal: what matters in them is raised as an error instead."""
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        bounded_recursion(),
    ):
        warnings.simplefilter("ignore")
        yield


def _read(path: Path) -> Atoms | Structure:
    try:
        kind = _kind(path)
        if kind == "other":
            return _read_with_ase(path)
        return {"cif": read_cif, "poscar": _read_poscar, "json": _read_json, "lammps": read_lammps_data}[kind](
            path, _text(path)
        )
    except StructureError:
        raise
    except UnicodeDecodeError as error:
        raise StructureError("is not a text file", where=path, remedy=_REMEDY) from error
    except OSError as error:
        raise StructureError(
            f"cannot be read ({error.strerror or error})", where=path, remedy="check the file"
        ) from error
    except Exception as error:  # readers of foreign files fail in every way there is; the user gets one line for all
        raise StructureError(
            f"no structure could be read from it ({_first_line(error)})", where=path, remedy=_REMEDY
        ) from error


def data_file_symbols(path: Path, *, type_map: Mapping[int, str] | None = None) -> tuple[str, ...] | None:
    """Elements of the atoms of a LAMMPS data file in the order of their ids; None for another file.

    Raises
    ------
    StructureError
        If it is damaged, or the element of a type cannot be told.
    """
    try:
        text = _text(path)
    except UnicodeDecodeError:
        return None
    if not is_lammps_data(text):
        return None
    try:
        return tuple(read_lammps_data(path, text, type_map=type_map).get_chemical_symbols())
    except StructureError:
        raise
    except Exception as error:  # as in `_read`
        raise StructureError(
            f"no atoms could be read from it ({_first_line(error)})", where=path, remedy="give the data file of the run"
        ) from error


def is_cif(path: Path) -> bool:
    """Whether `path` is read as a CIF: by its name, or by its first lines."""
    return _kind(path) == "cif"


def _kind(path: Path) -> str:
    name = path.name
    if path.suffix.lower() in _COMPRESSED:
        name = path.stem
    upper, suffix = name.upper(), Path(name).suffix.lower()
    if suffix in (".cif", ".mcif"):
        return "cif"
    if suffix in (".vasp", ".poscar") or upper.startswith(("POSCAR", "CONTCAR")):
        return "poscar"
    if suffix == ".json":
        return "json"
    if suffix in (".lmp", ".data", ".lammps", ".lammps-data", ".lammpsdata") or upper.startswith("DATA."):
        return "lammps"
    return _kind_by_content(path)


def _kind_by_content(path: Path) -> str:
    """Tell a CIF or LAMMPS data file by its first lines where the name says nothing; ASE looks at the rest."""
    try:
        head = _text(path)[:4000]
    except UnicodeDecodeError:
        return "other"
    if "_cell_length_a" in head:
        return "cif"
    return "lammps" if is_lammps_data(head) else "other"


def _text(path: Path) -> str:
    """The text of a file: UTF-8, UTF-16 by its mark, else Latin-1, which older programs write names of authors in."""
    content = read_document(path, StructureError, remedy="give the file of one structure")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        if _CONTROL.search(content):
            raise
        return content.decode("latin-1")


def _read_poscar(path: Path, text: str) -> Structure:
    """Read a POSCAR; its scale is a factor, three of them (of x, y and z), or, negative, the volume of the cell."""
    from pymatgen.core import Lattice
    from pymatgen.io.vasp.inputs import BadPoscarWarning, Poscar

    lines = text.splitlines()
    factors = _poscar_factors(lines, path)
    _refuse_cut_poscar(lines, path)
    lines[1] = f"{factors[0]!r}" if len(factors) == 1 else "1.0"
    with warnings.catch_warnings():
        warnings.simplefilter("error", BadPoscarWarning)
        try:
            structure = Poscar.from_str("\n".join(lines), read_velocities=False).structure
        except BadPoscarWarning as error:
            raise StructureError(
                f"the elements are not named ({_first_line(error)})",
                where=path,
                remedy="write the element symbols on the sixth line (VASP 5 format)",
            ) from error
    if len(factors) == 3:  # fractions of the cell are the same, whichever coordinates the file has
        structure.lattice = Lattice(structure.lattice.matrix * np.array(factors))
    return structure


def _poscar_factors(lines: list[str], path: Path) -> tuple[float, ...]:
    """What multiplies the vectors of the cell and Cartesian coordinates: one number, or one of each direction."""
    numbers = _numbers(lines[1]) if len(lines) > 1 else []
    if len(numbers) not in (1, 3) or (len(numbers) == 3 and min(numbers) <= 0) or numbers[0] == 0:
        written = lines[1].strip() if len(lines) > 1 else ""
        raise StructureError(
            f"its second line is no scale of a POSCAR ({written!r})", where=path,
            remedy="write one factor, three positive ones of x, y and z, or minus the volume in A^3",
        )  # fmt: skip
    if numbers[0] > 0:
        return tuple(numbers)
    vectors = np.array([(_numbers(line) + [np.nan] * 3)[:3] for line in lines[2:5]])
    volume_A3 = abs(np.linalg.det(vectors)) if vectors.shape == (3, 3) else np.nan
    if not volume_A3 > 0:
        raise StructureError("has no cell of three vectors", where=path, remedy=_WHOLE_POSCAR)
    return (float((-numbers[0] / volume_A3) ** (1 / 3)),)


def _refuse_cut_poscar(lines: list[str], path: Path) -> None:
    """Refuse a file that ends too early, or whose numbers of atoms are not as many as its elements."""
    counted = next((row for row in range(5, len(lines)) if _counts(lines[row])), None)
    if counted is None:
        raise StructureError("ends before the numbers of its atoms", where=path, remedy=_WHOLE_POSCAR)
    symbols = " ".join(lines[5:counted]).partition("!")[0].split()
    last = counted
    while last + 1 < len(lines) and _counts(lines[last + 1]):
        last += 1
    counts = [count for line in lines[counted : last + 1] for count in _counts(line)]
    if symbols and len(symbols) != len(counts):
        raise StructureError(
            f"names {len(symbols)} elements ({' '.join(symbols[:6])}) and {len(counts)} numbers of atoms", where=path,
            remedy="write one number for each element",
        )  # fmt: skip
    begins = last + (3 if lines[last + 1 :] and lines[last + 1].strip()[:1] in ("s", "S") else 2)
    rows = lines[begins : begins + sum(counts)]
    found = next((row for row, line in enumerate(rows) if len(_numbers(line)) < 3), len(rows))
    if found < sum(counts):
        raise StructureError(
            f"is cut: it has the coordinates of {found} of its {sum(counts)} atoms", where=path, remedy=_WHOLE_POSCAR
        )


def _numbers(line: str) -> list[float]:
    """The numbers that a line begins with."""
    found = []
    for word in line.split():
        try:
            found.append(float(word))
        except ValueError:
            break
    return found


def _counts(line: str) -> list[int]:
    """The whole numbers that a line begins with."""
    return [int(word) for word in itertools.takewhile(str.isdecimal, line.split())]


def _read_json(path: Path, text: str) -> Structure | Atoms:

    document = json.loads(text)
    if isinstance(document, dict) and isinstance(document.get("structure"), dict):
        document = document["structure"]  # an entry (ComputedStructureEntry) around the structure
    if isinstance(document, dict) and "sites" in document:
        if "lattice" not in document:
            raise StructureError("is a molecule: there is no lattice in it", where=path, remedy="give a crystal")
        return _sites_of_json(document, path)
    if isinstance(document, dict) and ("ids" in document or "__ase_objtype__" in document):
        return _atoms_of_json(document, path)
    raise StructureError(
        "is JSON, but no pymatgen Structure", where=path, remedy='write it with structure.to("x.json")'
    )


def _sites_of_json(document: dict, path: Path) -> Structure:
    """Lattice, species and coordinates of pymatgen's JSON, and nothing else.

    `Structure.from_dict` builds whatever class a site's property names: reading a structure would run foreign code.
    """
    from pymatgen.core import Element, Lattice, Species, Structure

    species, coordinates, labels = [], [], []
    try:
        lattice = Lattice(np.asarray(document["lattice"]["matrix"], dtype=float))
        for site in document["sites"]:
            content = {}
            for part in site["species"]:
                state = part.get("oxidation_state")
                symbol = str(part["element"])
                key = Element(symbol) if state is None else Species(symbol, float(state))
                content[key] = content.get(key, 0.0) + float(part["occu"])
            species.append(content)
            fractional = site.get("abc")
            if fractional is None:
                fractional = lattice.get_fractional_coords(np.asarray(site["xyz"], dtype=float))
            if np.shape(fractional) != (3,) or not np.isfinite(np.asarray(fractional, dtype=float)).all():
                raise ValueError("its coordinates are no three finite numbers")
            coordinates.append(np.asarray(fractional, dtype=float))
            labels.append(str(site.get("label") or next(iter(content)).symbol))
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
        raise StructureError(
            f"site {len(coordinates) + 1} is not as pymatgen writes it ({type(error).__name__}: {error})", where=path,
            remedy='write it again with structure.to("x.json")',
        ) from error  # fmt: skip
    return Structure(lattice, species, coordinates, labels=labels)


def _atoms_of_json(document: dict, path: Path) -> Atoms:
    """Numbers, positions and cell of ASE's JSON, and nothing else: ASE would build what `__ase_objtype__` names."""
    from ase import Atoms

    rows = [document] if "ids" not in document else [document[str(number)] for number in document["ids"]]
    _one_of(rows, path)
    row = rows[0]
    numbers = _plain_array(row["numbers"]).astype(int)
    if numbers.min(initial=1) < 1 or numbers.max(initial=1) > 118:
        raise StructureError("an atomic number is that of no element", where=path, remedy=_REMEDY)
    periodic = [bool(value) for value in np.ravel(_plain_array(row.get("pbc", [True] * 3)))]
    return Atoms(numbers, positions=_plain_array(row["positions"]), cell=_plain_array(row["cell"]), pbc=periodic)


def _plain_array(value: object) -> np.ndarray:
    """An array of ASE's JSON: a list, shape with type and values (``__ndarray__``), or a cell around one."""
    if isinstance(value, dict) and "array" in value:
        value = value["array"]
    if isinstance(value, dict) and "__ndarray__" in value:
        shape, _, flat = value["__ndarray__"]
        return np.asarray(flat, dtype=float).reshape(shape)
    return np.asarray(value, dtype=float)


_BUILDERS = {
    "bundletrajectory", "db", "gpw", "json", "mysql", "netcdftrajectory", "nomad-json", "postgresql", "py", "traj",
}  # fmt: skip
"""Formats of ASE whose readers build what the file names, or lead elsewhere."""


_WIDE = re.compile(rb":[RISL]:0*(\d{4,})")
_MANY = re.compile(rb"^\s*(\d{5,})\s*$", re.MULTILINE)


def check_extxyz_sizes(content: bytes, where: str | Path, kind: type[InputError]) -> None:
    """Refuse extended XYZ of more atoms than lines, or of a thousand columns: ASE would make lists of them."""
    if found := _WIDE.search(content):
        raise kind(f"its Properties have {found[1].decode()} columns", where=where, remedy="write it anew")
    n_lines = content.count(b"\n") + 1
    for found in _MANY.finditer(content):
        if int(found[1]) > n_lines:
            raise kind(f"{found[1].decode()[:40]} atoms in {n_lines} lines", where=where, remedy="write it anew")


def _refuse_other_programs(path: Path) -> None:
    """Refuse what no reader here takes, or takes for another crystal: ASE passes over the symmetry of SHELX."""
    suffix = path.suffix.lower()
    if suffix in _EXPORTED:
        program, remedy = _EXPORTED[suffix]
        raise StructureError(f"is a file of {program}, which is not read", where=path, remedy=remedy)
    if suffix in (".res", ".ins"):
        rows = [line.split() for line in _text(path).splitlines() if line.strip()]
        lattice = next((row[1] for row in rows if row[0].upper() == "LATT" and len(row) > 1), "1")
        if suffix == ".ins" or lattice != "-1" or any(row[0].upper() in _SHELX for row in rows):
            raise StructureError(
                "is a SHELX refinement, whose symmetry and occupancies are not read", where=path,
                remedy="give the CIF that SHELXL writes beside it (instruction ACTA), or export one from Olex2",
            )  # fmt: skip


def _read_with_ase(path: Path) -> Atoms:
    _refuse_other_programs(path)
    images = read_frames(path, StructureError, remedy=_REMEDY)
    _one_of(images, path)
    return images[0]


def read_frames(
    path: Path, kind: type[InputError] = DatasetError, *, remedy: str = "give frames as extxyz"
) -> list[Atoms]:
    """The frames of a file in any format that ASE recognises, but for those whose readers build what a file names.

    Of a .traj, numbers, positions, cells and masses are read, and neither results nor constraints.

    Raises
    ------
    kind
        If the file cannot be read, or is of no format that is read.
    """
    import ase.io
    from ase.io.formats import UnknownFileTypeError, filetype

    content = read_document(path, kind, remedy=remedy, largest=_LARGEST_FRAMES)
    if content.startswith(MAGIC):
        return read_ulm_frames(path, kind)[0]
    try:  # "a@b.xyz" is a file here, not a file and an index
        with parsing(path, kind, problem="cannot be read", remedy=remedy):
            name = "extxyz" if path.suffix == ".extxyz" else filetype(os.fspath(path))
            if name in _BUILDERS:
                raise kind(f"the format {name} of ASE is not read", where=path, remedy=remedy)
            if name == "extxyz":
                check_extxyz_sizes(content, path, kind)
            images = ase.io.read(os.fspath(path), index=":", format=name, do_not_split_by_at_sign=True)
    except UnknownFileTypeError as error:
        raise kind("the format is not recognised", where=path, remedy=remedy) from error
    except Exception as error:  # ASE's readers have errors of their own, some derived from Exception alone
        if isinstance(error, InputError):
            raise
        raise kind(f"cannot be read ({brief(error)})", where=path, remedy=remedy) from error
    return images if isinstance(images, list) else [images]


def _one_of(found: list, path: Path) -> None:
    if len(found) == 0:
        raise StructureError("there is no structure in it", where=path, remedy=_REMEDY)
    if len(found) > 1:
        raise StructureError(
            f"holds {len(found)} structures", where=path, remedy="write the one to use to a file of its own"
        )


def plain_info(frame: Atoms) -> dict[str, Any]:
    """What a frame says of itself in a word or a number: the entries of `info` that files of frames keep."""
    return {name: value for name, value in frame.info.items() if isinstance(value, str | int | float | np.number)}


def _bare(atoms: Atoms) -> Atoms:
    """Keep elements, positions, cell, periodicity and unusual masses; calculators, charges and tags stay behind."""
    from ase import Atoms
    from ase.data import atomic_masses

    usual, masses = atomic_masses[atoms.numbers], atoms.get_masses()
    # files round masses; one that is off by more is meant (deuterium, the anion-mass experiment)
    kept = None if np.allclose(masses, usual, atol=0.1, rtol=0) else masses
    return Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc, masses=kept)


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:160]
