"""The tensors of the atoms of one structure, as every reader gives them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError


@dataclass(frozen=True, eq=False, kw_only=True)
class AtomTensors:
    """Tensors of the atoms of one structure.

    Attributes
    ----------
    source
        The file.
    code
        The program that made it, as far as the file says.
    symbols
        [n_atoms] elements.
    labels
        [n_atoms] as the file names the atoms: ``Na 2``.
    shielding_ppm
        [n_atoms, 3, 3] absolute shielding in Cartesian axes, with its antisymmetric part; None where the file has none.
    efg_au
        [n_atoms, 3, 3] second derivatives of the electrostatic potential (of a positive test charge) in Hartree per e
        and bohr2, which is 9.717e21 V/m2; symmetric; None where the file has none.
    positions_A, cell_A
        [n_atoms, 3] Cartesian and [3, 3] with vectors as rows; None where the file has none, or atoms are no crystal.
    warnings
        What the reader had to guess, leave out or repair, a sentence each.

    Raises
    ------
    DataError
        For no atoms, no tensors, shapes that do not fit, and numbers that are not finite.
    """

    source: Path
    code: str
    symbols: tuple[str, ...]
    labels: tuple[str, ...]
    shielding_ppm: np.ndarray | None = None
    efg_au: np.ndarray | None = None
    positions_A: np.ndarray | None = None
    cell_A: np.ndarray | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.symbols or (self.shielding_ppm is None and self.efg_au is None):
            raise DataError("no tensors of NMR are in it", where=self.source, remedy="give the output of the NMR task")
        for name, array in (("shielding", self.shielding_ppm), ("field gradient", self.efg_au)):
            if array is None:
                continue
            if array.shape != (len(self.symbols), 3, 3):
                raise DataError(
                    f"{len(array)} {name} tensors for {len(self.symbols)} atoms", where=self.source,
                    remedy="give the whole file",
                )  # fmt: skip
            missing = [label for label, tensor in zip(self.labels, array, strict=True) if not np.isfinite(tensor).all()]
            if missing:
                raise DataError(
                    f"no {name} tensor for {len(missing)} of {len(array)} atoms (the first: {missing[0]})",
                    where=self.source, remedy="give the whole file of a calculation that has ended",
                )  # fmt: skip

    @property
    def formula(self) -> str:
        """Elements and their numbers in the cell, metals first as ASE orders them."""
        from ase.formula import Formula

        return Formula.from_list(list(self.symbols)).format("metal")

    def on_structure(self, symbols: tuple[str, ...], positions_A: np.ndarray, cell_A: np.ndarray) -> AtomTensors:
        """The same tensors with the atoms' places taken from a structure.

        Raises
        ------
        DataError
            If the structure has other atoms, or another order of them.
        """
        if Counter(symbols) != Counter(self.symbols):
            ours, theirs = self.formula, _formula(symbols)
            raise DataError(
                f"the tensors are those of {ours}, the structure is {theirs}", where=self.source,
                remedy="give the structure of this calculation",
            )  # fmt: skip
        if tuple(symbols) != tuple(self.symbols):
            first = next(k for k, pair in enumerate(zip(symbols, self.symbols, strict=True)) if pair[0] != pair[1])
            raise DataError(
                f"atom {first + 1} is {self.symbols[first]} and in the structure {symbols[first]}", where=self.source,
                remedy="give a structure with the atoms in the order of the calculation",
            )  # fmt: skip
        return replace(self, positions_A=positions_A, cell_A=cell_A)

    def joined(self, other: AtomTensors) -> AtomTensors | None:
        """The tensors of two files of one structure, of which each has what the other lacks; None for anything else."""
        if self.symbols != other.symbols:
            return None
        if (self.shielding_ppm is None) == (other.shielding_ppm is None) or (self.efg_au is None) == (
            other.efg_au is None
        ):
            return None
        placed = self if self.positions_A is not None and self.cell_A is not None else other
        return replace(
            placed,
            shielding_ppm=self.shielding_ppm if self.shielding_ppm is not None else other.shielding_ppm,
            efg_au=self.efg_au if self.efg_au is not None else other.efg_au,
            code=self.code if self.code == other.code else f"{self.code}, {other.code}",
            warnings=(*self.warnings, *other.warnings),
        )


def _formula(symbols: tuple[str, ...]) -> str:
    from ase.formula import Formula

    return Formula.from_list(list(symbols)).format("metal")
