"""Tables of measured conductors: OBELiX, and anybody's own CSV."""

from __future__ import annotations

import csv
import math
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from paddlewheel.errors import DataError
from paddlewheel.foreign import open_unpacked, parsing, read_document, read_text, refuse_expansion
from paddlewheel.records import Citation
from paddlewheel.studies.experiment.conductors import MeasuredConductor, MeasuredPart

_ROOM_K = 298.15
"""Of tables that say room temperature."""
_REPORTED, _BULK, _TOTAL = "Ionic conductivity (S cm-1)", "IC (Bulk)", "IC (Total)"
_PARTS: dict[str, MeasuredPart] = {_BULK: "bulk", _REPORTED: "as reported", _TOTAL: "total"}
"""What is taken, the first that a row has: a simulated crystal has no boundaries of grains."""
_OF_OBELIX = ("ID", "Reduced Composition", "True Composition", _REPORTED, "Family", "DOI")
_UNITS = {"conductivity_S_per_cm": 1.0, "conductivity_mS_per_cm": 1e-3}
_MOST_S_PER_CM = 10.0
"""AgI before it melts conducts 2.6 S/cm, and no ions of a solid conduct better."""
_REMEDY = (
    "give a folder of OBELiX, or a CSV (commas between) with the columns structure (a file beside it) and "
    "conductivity_S_per_cm; id, formula, specie, temperature_K, family and doi may be there, too"
)
_BOUND = re.compile(r"\s*(<|≤)?\s*(.+?)\s*")
_CITED = Citation(
    what="measured conductivities: OBELiX (CC-BY-4.0)",
    reference="Therrien et al., arXiv 2502.14234 (2025)",
    doi="10.48550/arXiv.2502.14234",
)


@dataclass(frozen=True, kw_only=True)
class MeasuredTable:
    """What a table holds.

    Attributes
    ----------
    name
        Of the file, for people.
    conductors
        Those that have a structure.
    n_rows
        Of the table, with those that have none.
    citations
        How to cite it.
    """

    name: str
    conductors: tuple[MeasuredConductor, ...]
    n_rows: int
    citations: tuple[Citation, ...] = ()


def read_table(source: str | Path) -> MeasuredTable:
    """Read a folder of OBELiX (``all.csv``, packed or not, and its CIFs, in a folder or a tar file), or a CSV.

    Raises
    ------
    DataError
        If it is neither, holds no conductor with a structure, or a value that is no conductivity.
    """
    path = Path(source)
    if path.is_dir():
        tables = sorted(path.glob("*.csv")) + sorted(path.glob("*.csv.gz"))
        if not tables:
            raise DataError("holds no table (*.csv)", where=path, remedy=_REMEDY)
        whole = [table for table in tables if table.name.startswith("all.")] or tables
        if len(whole) > 1 and whole == tables:
            raise DataError(
                f"holds {len(tables)} tables ({', '.join(table.name for table in tables[:3])}, ...)", where=path,
                remedy="give one of them",
            )  # fmt: skip
        path = whole[0]
    elif not path.is_file():
        raise DataError("no such file or folder", where=source, remedy=_REMEDY)
    text = read_text(path, DataError, remedy=_REMEDY)
    try:
        reader = csv.DictReader(text.splitlines(), strict=True)
        names, rows = list(reader.fieldnames or ()), list(reader)
    except csv.Error as error:
        raise DataError(f"cannot be read as CSV ({error})", where=path, remedy=_REMEDY) from error
    if all(name in names for name in _OF_OBELIX):
        table = _of_obelix(path, rows)
    elif "structure" in names and any(name in names for name in _UNITS):
        table = _of_anybody(path, rows)
    else:
        raise DataError(f"has the columns {', '.join(names)[:200]}", where=path, remedy=_REMEDY)
    if not table.conductors:
        raise DataError(f"none of its {table.n_rows} rows has a structure", where=path, remedy=_REMEDY)
    twice = {each.id for each in table.conductors if [other.id for other in table.conductors].count(each.id) > 1}
    if twice:
        raise DataError(f"the id {sorted(twice)[0]} is there twice", where=path, remedy="give each row its own")
    return table


def _of_obelix(path: Path, rows: list[dict[str, str]]) -> MeasuredTable:
    """Of the grains where the table says it, and else what the paper reports, most of it with their boundaries."""
    cifs = _cifs_beside(path)
    conductors = []
    for row in rows:
        name = f"{row['ID']}.cif"
        if name not in cifs:
            continue
        column = next((column for column in _PARTS if (row.get(column) or "").strip()), None)
        if column is None:
            continue
        value, is_bound = _conductivity(row[column], 1.0, path, row["ID"])
        conductors.append(
            MeasuredConductor(
                id=row["ID"], formula=row["Reduced Composition"], conductivity_S_per_cm=value, is_bound=is_bound,
                measured_part=_PARTS[column], temperature_K=_ROOM_K, family=row["Family"] or "", structure=name,
                content=cifs[name], specie="Li", composition=row["True Composition"] or "", doi=row["DOI"] or "",
            )
        )  # fmt: skip
    return MeasuredTable(name=path.name, conductors=tuple(conductors), n_rows=len(rows), citations=(_CITED,))


def _cifs_beside(path: Path) -> dict[str, bytes]:
    """The CIFs in folders and tar files beside a table, by name."""
    found: dict[str, bytes] = {}
    for packed in sorted(path.parent.glob("*.tar*")):
        found |= _cifs_in(packed)
    for file in sorted([*path.parent.glob("*.cif"), *path.parent.glob("*cif*/*.cif")]):
        found[file.name] = read_document(file, DataError, remedy="copy it again")
    return found


def _cifs_in(packed: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    n_bytes = 0
    with (
        parsing(packed, DataError, problem="is a damaged archive", remedy="copy it again"),
        open_unpacked(packed, DataError) as stream,
        tarfile.open(fileobj=stream, mode="r|") as archive,
    ):
        for member in archive:
            content = archive.extractfile(member) if member.isfile() and member.name.endswith(".cif") else None
            if content is None:
                continue
            n_bytes += member.size
            refuse_expansion(n_bytes, packed.stat().st_size, packed, DataError)
            found[Path(member.name).name] = content.read()
    return found


def _of_anybody(path: Path, rows: list[dict[str, str]]) -> MeasuredTable:
    conductors = []
    for place, row in enumerate(rows, start=2):
        said = {name: (value or "").strip() for name, value in row.items() if name}
        if not said.get("structure"):
            continue
        file = path.parent / said["structure"]
        column = _filled_column(said, path, place)
        value, is_bound = _conductivity(said[column], _UNITS[column], path, f"line {place}")
        conductors.append(
            MeasuredConductor(
                id=_id(said.get("id") or file.stem, path, place), formula=said.get("formula", ""),
                conductivity_S_per_cm=value, is_bound=is_bound, temperature_K=_temperature_K(said, path, place),
                family=said.get("family", ""), structure=file.name,
                content=read_document(file, DataError, remedy=f"it is named in line {place} of {path.name}"),
                specie=said.get("specie", ""), composition=said.get("formula", ""), doi=said.get("doi", ""),
            )
        )  # fmt: skip
    return MeasuredTable(name=path.name, conductors=tuple(conductors), n_rows=len(rows))


def _filled_column(said: Mapping[str, str], path: Path, place: int) -> str:
    filled = [name for name in _UNITS if said.get(name)]
    if len(filled) != 1:
        problem = "has two conductivities" if filled else "has no conductivity"
        raise DataError(f"line {place} {problem}", where=path, remedy=f"fill one of {', '.join(_UNITS)}")
    return filled[0]


def _id(name: str, path: Path, place: int) -> str:
    """As a folder is named."""
    found = re.sub(r"[^A-Za-z0-9_.-]+", "-", name)
    if not found.strip(".-_"):
        raise DataError(f"line {place}: '{name}' is no id", where=path, remedy="write letters or numbers")
    return found


def _conductivity(text: str, unit_S_per_cm: float, path: Path, where: str) -> tuple[float, bool]:
    """A value or a bound such as ``<1E-10``, in S/cm."""
    parts = _BOUND.fullmatch(text)
    sign, number = parts.groups() if parts else (None, "")
    try:
        value = float(number) * unit_S_per_cm
    except ValueError:
        value = math.nan
    if not 0 < value < _MOST_S_PER_CM:
        raise DataError(
            f"{where}: '{text}' is no conductivity of a solid (0 to {_MOST_S_PER_CM:g} S/cm)", where=path,
            remedy="write 1.2e-3, or <1e-10, in the unit of the column",
        )  # fmt: skip
    return value, sign is not None


def _temperature_K(said: Mapping[str, str], path: Path, place: int) -> float:
    text = said.get("temperature_K") or f"{_ROOM_K}"
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 100 <= value <= 2000:
        raise DataError(f"line {place}: {text} is no temperature", where=path, remedy="write kelvin, such as 298")
    return value
