"""Potentials by name: list, describe, fetch, load, identify, and check against a structure."""

from __future__ import annotations

import difflib
import hashlib
import importlib.metadata
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from paddlewheel.errors import PotentialError
from paddlewheel.potentials.adapters import (
    adapter_card,
    adapter_forms,
    adapter_kind,
    adapter_names,
    identify_adapter,
    load_adapter,
    supported_elements,
)
from paddlewheel.potentials.card import PotentialCard, PotentialFile, PotentialPackage
from paddlewheel.potentials.fetch import are_at_hand, fetch_files, sha256_of
from paddlewheel.potentials.nep_registry import (
    embedded_cards,
    embedded_file,
    is_nep_file,
    load_nep,
    nep_card,
    nep_files,
)

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

_CATALOGUE = Path(__file__).resolve().parent / "catalogue.json"
_CHECKPOINT_FILES = ("model.json", "state.pt")
_THREE_BODY = ("parent", "as_trained")
_DTYPES = ("float32", "float64")
_DEFAULTS = ("nep-nabh", "nep89")
"""What is taken where none is named: the first that knows the elements.

One that was made for them comes first; then the universal one that a laptop runs for the nanoseconds that a
conductivity takes. Which others are installed does not matter: the same command gives the same result elsewhere.
"""


def _cards() -> tuple[PotentialCard, ...]:
    return embedded_cards() + _catalogue() + _adapters()


@cache
def _adapters() -> tuple[PotentialCard, ...]:
    return tuple(adapter_card(name) for name in adapter_names())


@cache
def _catalogue() -> tuple[PotentialCard, ...]:
    documents = json.loads(_CATALOGUE.read_text(encoding="utf-8"))
    for document in documents:
        document["elements"] = tuple(document["elements"])
        document["files"] = tuple(PotentialFile(**file) for file in document["files"])
        if package := document.get("package"):
            document["package"] = PotentialPackage(**package)
    return tuple(PotentialCard(**document) for document in documents)


def list_potentials() -> list[PotentialCard]:
    """Return the cards of all potentials that are known by name."""
    return list(_cards())


def describe_potential(name: str | Path) -> PotentialCard:
    """Return the card of a potential without loading it (of a checkpoint folder model.json is read; a nep.txt whole).

    Parameters
    ----------
    name
        Whatever `load_potential` takes.

    Raises
    ------
    PotentialError
        If there is no such potential, the folder is no M3GNet checkpoint, or the file no NEP4.
    """
    text = plain_name(name)
    if card := next((card for card in _cards() if card.name == text), None):
        return card
    if adapter_kind(text):
        return adapter_card(text)
    if is_nep_file(Path(name)):
        return _known(text, nep_files(Path(name))) or nep_card(Path(name))
    return _checkpoint_card(Path(name))


def plain_name(name: str | Path) -> str:
    """A name of `list_potentials`, and the family of an adapter, as they are written there, whatever their case.

    The rest is as it was given, and so is a file or folder of that very name.
    """
    text = str(name)
    lower = text.strip().lower()
    if any(card.name == lower for card in _cards()):
        return text if text != lower and Path(text).exists() else lower
    family, colon, model = text.strip().partition(":")
    plain = f"{family.lower()}{colon}{model}"
    return plain if adapter_kind(plain) else text


def fetch_potential(name: str) -> Path:
    """Return the folder with the files of a named potential, each verified; download them where they are absent.

    One that comes with the package is where it is.

    Parameters
    ----------
    name
        A name of `list_potentials`.

    Raises
    ------
    PotentialError
        If the name is unknown, a hash is wrong, the network does not answer or the cache cannot be written.
    """
    card = describe_potential(name)
    if (embedded := embedded_file(card.name)) is not None:
        return embedded.parent
    if not card.is_fetched:
        raise PotentialError(f"{name} is not fetched by paddlewheel", remedy=f"give one of {_known_names()}")
    return fetch_files(card)


def load_potential(
    name: str | Path,
    *,
    three_body: Literal["parent", "as_trained"] = "parent",
    device: str = "cpu",
    dtype: Literal["float32", "float64"] = "float32",
    threads: int | None = None,
) -> Calculator:
    """Load a potential as an ASE calculator.

    Parameters
    ----------
    name
        A name of `list_potentials`; a folder with the model.json and state.pt of a matgl M3GNet; a `nep.txt` of
        GPUMD; another model, or a file, of a family of adapters: `mace:<model or file>`, `sevennet:<model or file>`;
        `ase:<package.module>:<Factory>`.
    three_body
        M3GNet only: `parent` (smooth and permutation-invariant, for dynamics) or `as_trained` (as matgl evaluated it
        in training). Other potentials refuse anything but the default.
    device
        Torch device, such as `cpu` or `cuda:0`; NEP runs on the CPU only.
    dtype
        `float32` or `float64`, for NEP, M3GNet, MACE, Orb and PET.
    threads
        NEP only: threads to share the atoms among; by default those of OMP_NUM_THREADS, or one. The others follow
        OMP_NUM_THREADS by themselves.

    Raises
    ------
    PotentialError
        If the potential is unknown, damaged, of another architecture, its package is absent, or it does not
        understand an option.

    Examples
    --------
    >>> from paddlewheel.potentials import load_potential
    >>> calculator = load_potential("ase:ase.calculators.emt:EMT")
    """
    _one_of("three_body", three_body, _THREE_BODY)
    _one_of("dtype", dtype, _DTYPES)
    card = describe_potential(name)
    if card.kind != "m3gnet":
        if three_body != "parent":
            raise PotentialError(
                f"{name} has no three-body switch, {three_body!r} was asked for",
                remedy="leave three_body at its default",
            )
        if card.kind == "nep":
            path = fetch_files(card) / card.files[0].name if card.is_fetched else embedded_file(card.name) or Path(name)
            return load_nep(path, device=device, dtype=dtype, threads=threads)
        return load_adapter(card.name, device=device, dtype=dtype)
    from paddlewheel.potentials.m3gnet import Conventions, M3GNetCalculator  # no torch is told before a download

    folder = fetch_files(card) if card.is_fetched else Path(name)
    conventions = Conventions(card.node_sum, card.triplet_index, "the registry") if card.node_sum else None
    return M3GNetCalculator.from_directory(
        folder, three_body=three_body, device=device, dtype=dtype, conventions=conventions
    )


def identify_potential(name: str | Path) -> str:
    """Return a SHA-256 that stands for the contents of a potential, for the keys of units of work.

    An M3GNet checkpoint is the hashes of its two files, so that a name and a folder with the same files are the
    same potential; nothing is downloaded for a name. A NEP is those of its nep.txt and its domain. Other potentials
    are their package, its version and the model's name or file.

    Raises
    ------
    PotentialError
        As `describe_potential`, or if an optional package is absent.
    """
    card = describe_potential(name)
    if card.kind == "nep":  # whatever its files are called
        return hashlib.sha256(json.dumps([file.sha256 for file in card.files]).encode()).hexdigest()
    if card.kind != "m3gnet":
        return identify_adapter(card.name)
    files = {file.name: file.sha256 for file in card.files}
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def check_elements(potential: Calculator | PotentialCard | str, atoms: Atoms) -> None:
    """Refuse a structure with elements that a potential was not trained for.

    Parameters
    ----------
    potential
        A loaded calculator, a card, or a name. Calculators that do not say what they know are let pass.
    atoms
        The structure.

    Raises
    ------
    PotentialError
        Naming the elements that lack and those that the potential has.
    """
    card: Any = describe_potential(potential) if isinstance(potential, str) else potential
    if isinstance(card, PotentialCard):
        name, elements = card.name, card.elements
    else:
        name, elements = getattr(card, "name", None) or type(card).__name__, supported_elements(card)
    if elements is None:
        return
    lacking = sorted(set(atoms.get_chemical_symbols()) - set(elements))
    if lacking:
        names = [c.name for c in _covering(atoms)]
        remedy = f"take one of {', '.join(names)}" if names else f"give one that knows {', '.join(lacking)}"
        raise PotentialError(
            f"{name} does not know {', '.join(lacking)} of {atoms.get_chemical_formula()}; it has {_shorten(elements)}",
            remedy=remedy,
        )


def default_potential(atoms: Atoms) -> str:
    """Return the potential to take where none is named: `nep-nabh` for structures of Na, B and H, else `nep89`.

    Raises
    ------
    PotentialError
        For elements that neither knows: the error lists the potentials that do.
    """
    names = [card.name for card in _covering(atoms)]
    if found := next((name for name in _DEFAULTS if name in names), None):
        return found
    unknown = sorted(set(atoms.get_chemical_symbols()) - {e for name in _DEFAULTS for e in _elements(name)})
    candidates = f"{', '.join(names)} know them" if names else "none of the named ones do"
    raise PotentialError(
        f"no default potential knows {', '.join(unknown)} of {atoms.get_chemical_formula()}",
        remedy=f"choose one with --potential: {candidates}; a nep.txt or a checkpoint folder of your own; adapters are "
        f"{', '.join(adapter_forms())}; or make one with `distil` or `train`",
    )


def is_at_hand(card: PotentialCard) -> bool:
    """Whether the files of a potential need not be fetched: it is in the package, the mirror, the cache, or a path."""
    return not card.is_fetched or are_at_hand(card)


def is_installed(card: PotentialCard) -> bool:
    """Whether the package that a potential needs is here; one that needs none is."""
    if card.requires is None:
        return True
    distribution = re.split("[<>=!~]", card.requires)[0]
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _elements(name: str) -> tuple[str, ...]:
    return describe_potential(name).elements or ()


def _covering(atoms: Atoms) -> list[PotentialCard]:
    symbols = set(atoms.get_chemical_symbols())
    cards = [card for card in _cards() if card.elements and symbols <= set(card.elements)]
    return [card for card in cards if is_installed(card)]


def _checkpoint_card(folder: Path) -> PotentialCard:
    if not folder.is_dir():
        raise _unknown(folder)
    lacking = [name for name in _CHECKPOINT_FILES if not (folder / name).is_file()]
    if lacking:
        raise PotentialError(
            f"is no checkpoint folder: {' and '.join(lacking)} not in it",
            where=folder,
            remedy="give the folder with the model.json and state.pt of a matgl M3GNet",
        )
    path = folder / "model.json"
    from paddlewheel.foreign import parsing, read_json

    document = read_json(path, PotentialError, remedy="fetch it again")
    with parsing(path, PotentialError, problem="is no matgl model description", remedy="fetch it again"):
        # a Potential around the model, or the bare model
        model = document["kwargs"]["model"] if document["@class"] == "Potential" else document
        architecture, elements = model["@class"], tuple(model["init_args"]["element_types"])
    if architecture != "M3GNet":
        raise PotentialError(
            f"is a {architecture}, and only M3GNet checkpoints are read", where=path, remedy="give an M3GNet checkpoint"
        )
    files = tuple(PotentialFile(n, sha256_of(folder / n), (folder / n).stat().st_size) for n in _CHECKPOINT_FILES)
    return _known(str(folder), files) or PotentialCard(
        name=str(folder), kind="m3gnet", title="M3GNet checkpoint", elements=elements, files=files
    )


def _known(name: str, files: tuple[PotentialFile, ...]) -> PotentialCard | None:
    """The card of a named potential whose files are reached by their path: functional, licence and citation are its."""
    contents = [file.sha256 for file in files]
    known = next((card for card in _cards() if card.files and [file.sha256 for file in card.files] == contents), None)
    return known and replace(known, name=name, url=None, package=None, folder=None)


def _unknown(given: Path) -> PotentialError:
    text = str(given)
    if given.is_file():
        return PotentialError(
            "is a file", where=given, remedy="give the checkpoint's folder, or mace:<file> for MACE, or a nep.txt"
        )
    names = [card.name for card in _cards()]
    close = difflib.get_close_matches(text.lower(), names, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}? " if close else ""
    return PotentialError(
        f"{text!r} is neither a potential nor a checkpoint folder",
        remedy=f"{hint}there are {_known_names()}, checkpoint folders, nep.txt files, and "
        f"{', '.join(adapter_forms())} (see `paddlewheel potentials`)",
    )


def _known_names() -> str:
    """Of those that come as files; the others have packages of their own."""
    return ", ".join(card.name for card in _cards() if card.files)


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise PotentialError(f"{option} {value!r}", remedy=f"give one of {', '.join(allowed)}")


def _shorten(elements: tuple[str, ...]) -> str:
    return ", ".join(elements) if len(elements) <= 12 else f"{len(elements)} elements"
