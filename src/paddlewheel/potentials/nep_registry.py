"""NEP potentials for the registry: those that are files of this package, and any `nep.txt`.

In the package each is a folder in `embedded/`, with `nep.txt`, its domain `nep.domain.npz` and its card. `card.json`
holds the fields of a `PotentialCard` that are known beforehand, and whatever else there is to tell (what it was trained
on, its errors by phase, where not to use it), which becomes the card's `details`.
"""

from __future__ import annotations

import os
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from paddlewheel.errors import PotentialError
from paddlewheel.potentials.card import PotentialCard, PotentialFile
from paddlewheel.potentials.fetch import sha256_of

if TYPE_CHECKING:
    from paddlewheel.potentials.nep import NEPCalculator

EMBEDDED = Path(__file__).resolve().parent / "embedded"
_MODEL = "nep.txt"


def embedded_cards() -> tuple[PotentialCard, ...]:
    """Cards of the potentials in the package.

    Raises
    ------
    PotentialError
        If the package is damaged: a card that cannot be read, or a potential that is not there.
    """
    return _read_cards(EMBEDDED)


def embedded_file(name: str) -> Path | None:
    """The `nep.txt` of a potential in the package, or None where there is none of this name."""
    path = EMBEDDED / name / _MODEL
    return path if any(card.name == name for card in embedded_cards()) else None


def is_nep_file(path: Path) -> bool:
    """Whether a file begins as a `nep.txt` does, of whatever version."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(3) == b"nep"


def nep_card(path: Path) -> PotentialCard:
    """The card of a `nep.txt` of one's own.

    Raises
    ------
    PotentialError
        If it is no NEP that we evaluate (see `paddlewheel.potentials.nep.read_nep`).
    """
    from paddlewheel.potentials.nep.nep_file import read_nep

    model, files = read_nep(path), nep_files(path)
    return PotentialCard(
        name=str(path), kind="nep", title="NEP", elements=model.elements, cutoff_A=model.cutoff_A, files=files
    )


def load_nep(path: Path, *, device: str, dtype: Literal["float32", "float64"], threads: int | None) -> NEPCalculator:
    """The calculator of a `nep.txt`; without a number of threads, that of OMP_NUM_THREADS, or one.

    Raises
    ------
    PotentialError
        If it is no NEP that we evaluate, or another device than the CPU is asked for.
    """
    if device != "cpu":
        problem = f"a NEP runs on the CPU, device {device!r} was asked for"
        raise PotentialError(problem, where=path, remedy="leave the device at its default")
    from paddlewheel.potentials.nep import NEPCalculator

    if threads is None:
        given = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
        threads = int(given) if given.isdigit() and int(given) > 0 else 1
    return NEPCalculator.from_file(path, dtype=dtype, threads=threads)


def nep_files(path: Path) -> tuple[PotentialFile, ...]:
    """The files of a `nep.txt` with their hashes: itself, then the domain beside it."""
    domain = path.with_suffix(".domain.npz")
    files = [path, domain] if domain.is_file() else [path]
    return tuple(PotentialFile(file.name, sha256_of(file), file.stat().st_size) for file in files)


@cache
def _read_cards(root: Path) -> tuple[PotentialCard, ...]:
    return tuple(_read_card(folder) for folder in sorted(root.glob("*")) if (folder / "card.json").is_file())


def _read_card(folder: Path) -> PotentialCard:
    from paddlewheel.foreign import parsing, read_json

    known = {field.name for field in fields(PotentialCard)}
    remedy = "install paddlewheel again"
    document = read_json(folder / "card.json", PotentialError, remedy=remedy)
    with parsing(folder, PotentialError, problem="the embedded potential is damaged", remedy=remedy):
        given = {key: document.pop(key) for key in list(document) if key in known}
        given |= {"name": folder.name, "kind": "nep", "folder": folder.name, "files": nep_files(folder / _MODEL)}
        given["elements"] = tuple(given["elements"])
        return PotentialCard(**given, details=document)
