"""What is known about a potential, before it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

PotentialKind = Literal["m3gnet", "nep", "chgnet", "sevennet", "hienet", "mace", "orb", "pet", "uma", "ase"]

_UNIVERSAL = 60
"""Elements."""
_WITH_FLOAT64 = ("nep", "m3gnet", "mace", "orb", "pet")


@dataclass(frozen=True)
class PotentialFile:
    """One file of a potential: its name, SHA-256 and size."""

    name: str
    sha256: str
    n_bytes: int


@dataclass(frozen=True)
class PotentialPackage:
    """A source distribution on a package index that has the files of a potential.

    Attributes
    ----------
    name, version, sha256
        Which it is; pip refuses another hash before it looks into it.
    folder
        Of its files in the distribution, below the distribution's own.
    """

    name: str
    version: str
    sha256: str
    folder: str


@dataclass(frozen=True)
class PotentialCard:
    """What is known about a potential.

    Attributes
    ----------
    name
        The name that `load_potential` takes.
    kind
        The engine behind it: our own for `m3gnet` and `nep`, another package for the rest.
    title, note, conventions
        For people: what it is, what to know, how its checkpoint has to be evaluated.
    node_sum, triplet_index
        The same for the engine, as in `m3gnet.Conventions`; None: detected from the checkpoint.
    elements
        Symbols of the elements it was trained for; None where only the loaded potential can tell.
    functional
        The density functional of its training labels; None where unknown.
    energy_mae_meV_per_atom
        Mean absolute error of its energies on the test set of its card; None where unknown.
    cutoff_A
        Radius of the neighbours that an atom's energy depends on, by one pass of messages where it has those; None
        where unknown.
    licence, citation, doi
        Terms of use, and what to cite.
    trained_on, known_errors
        For people: its training set, and what is known to come out wrong.
    speed_atom_steps_per_s, speed_measured
        Atoms times steps of molecular dynamics in a second of one core, and on what and when that was measured.
    requires, weights
        The package that it needs, as pip takes it (None: this one will do), and where that has the weights from.
    url, package
        Where its files are fetched from: an address or a package; None both: they are at hand.
    folder, files
        The folder's name in a mirror or in this package, and the files with their hashes.
    details
        Whatever else the card of a potential of this package tells: its training set, errors, limits.
    """

    name: str
    kind: PotentialKind
    title: str
    elements: tuple[str, ...] | None = None
    functional: str | None = None
    energy_mae_meV_per_atom: float | None = None
    cutoff_A: float | None = None
    licence: str | None = None
    conventions: str | None = None
    node_sum: Literal["destination", "source"] | None = None
    triplet_index: Literal["pruned", "parent", "unknown"] = "unknown"
    note: str | None = None
    trained_on: str | None = None
    known_errors: str | None = None
    speed_atom_steps_per_s: float | None = None
    speed_measured: str | None = None
    requires: str | None = None
    weights: str | None = None
    citation: str | None = None
    doi: str | None = None
    url: str | None = None
    package: PotentialPackage | None = None
    folder: str | None = None
    files: tuple[PotentialFile, ...] = ()
    details: Mapping[str, Any] | None = None

    @property
    def is_universal(self) -> bool:
        """Whether it is for most of the periodic table, and so for no material in particular."""
        return self.elements is not None and len(self.elements) >= _UNIVERSAL

    @property
    def has_grade(self) -> bool | None:
        """Whether it tells how far from its training set it is asked (`extrapolation_grade`); None where unknown."""
        if self.kind == "ase":
            return None
        return any(file.name.endswith(".domain.npz") for file in self.files)

    @property
    def has_float64(self) -> bool:
        """Whether it may be evaluated in double precision."""
        return self.kind in _WITH_FLOAT64

    @property
    def is_fetched(self) -> bool:
        """Whether its files come from elsewhere."""
        return self.url is not None or self.package is not None
