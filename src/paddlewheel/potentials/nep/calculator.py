"""NEP as an ASE calculator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.data import atomic_numbers, chemical_symbols
from ase.stress import full_3x3_to_voigt_6_stress

from paddlewheel.errors import PotentialError
from paddlewheel.potentials.nep.domain import domain_path, read_domain
from paddlewheel.potentials.nep.engine import NEPEngine
from paddlewheel.potentials.nep.nep_file import read_nep
from paddlewheel.potentials.nep.tables import DType

if TYPE_CHECKING:
    from ase import Atoms


class NEPCalculator(Calculator):
    """ASE face of a `NEPEngine`; one evaluation gives every property.

    Energy, free_energy (the same), energies, forces, and stress (Voigt, ASE's sign) where the cell is periodic in all
    three directions. Where the domain of the training set is known, `results` also holds `extrapolation_grade` (the
    largest of the frame) and `extrapolation_grades` (`[n_atoms]`); see `paddlewheel.potentials.nep.domain`. The result
    is a function of positions, cell and species alone, bit for bit, whatever was computed before.

    Parameters
    ----------
    engine
        The potential.

    Examples
    --------
    >>> atoms.calc = NEPCalculator.from_file("nep.txt")  # doctest: +SKIP
    >>> atoms.get_potential_energy()  # doctest: +SKIP
    """

    implemented_properties: ClassVar[list[str]] = ["energy", "free_energy", "energies", "forces", "stress"]

    def __init__(self, engine: NEPEngine) -> None:
        super().__init__()
        self.engine = engine
        self._species_of = np.full(len(chemical_symbols), -1, dtype=np.int32)
        for index, symbol in enumerate(engine.model.elements):
            self._species_of[atomic_numbers[symbol]] = index

    @classmethod
    def from_file(
        cls, path: str | Path, *, dtype: DType = "float32", threads: int = 1, skin_A: float = 0.6
    ) -> NEPCalculator:
        """The calculator of a `nep.txt`; with the extrapolation grade where `<stem>.domain.npz` lies beside it.

        Raises
        ------
        PotentialError
            If the file is no NEP4 (see `read_nep`), or the domain file is that of another potential.
        """
        path = Path(path)
        beside = domain_path(path)
        model = read_nep(path)
        domain = read_domain(beside, potential=path) if beside.is_file() else None
        return cls(NEPEngine(model, dtype=dtype, threads=threads, domain=domain, skin_A=skin_A))

    @property
    def elements(self) -> tuple[str, ...]:
        """Elements that the potential knows."""
        return self.engine.model.elements

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Any = ("energy",),
        system_changes: Any = all_changes,
    ) -> None:
        """Fill `results`; called by ASE."""
        if atoms is not None and atoms is not self.atoms:  # the same object: a caller that keeps track of changes
            self.atoms = atoms.copy()
        assert self.atoms is not None
        species = self._species_of[self.atoms.numbers]
        if (species < 0).any():
            lacking = sorted(set(self.atoms.get_chemical_symbols()) - set(self.elements))
            raise PotentialError(f"the NEP does not know {', '.join(lacking)}; it has {', '.join(self.elements)}")
        pbc = (bool(self.atoms.pbc[0]), bool(self.atoms.pbc[1]), bool(self.atoms.pbc[2]))
        result = self.engine.evaluate(
            species=species, positions_A=self.atoms.positions, cell_A=self.atoms.cell.array, pbc=pbc
        )
        energy = float(result.energies_eV.sum())
        self.results = {
            "energy": energy,
            "free_energy": energy,
            "energies": result.energies_eV,
            "forces": result.forces_eV_per_A,
        }
        if all(pbc):
            self.results["stress"] = full_3x3_to_voigt_6_stress(result.virial_eV / self.atoms.get_volume())
        if result.grades is not None:
            self.results["extrapolation_grade"] = float(result.grades.max(initial=0.0))
            self.results["extrapolation_grades"] = result.grades

    def atom_features(self, atoms: Atoms) -> np.ndarray:
        """The scaled descriptors of each atom, `[n_atoms, n_descriptors]`: the latent space of the potential."""
        pbc = (bool(atoms.pbc[0]), bool(atoms.pbc[1]), bool(atoms.pbc[2]))
        result = self.engine.evaluate(
            species=self._species_of[atoms.numbers], positions_A=atoms.get_positions(), cell_A=atoms.cell.array, pbc=pbc
        )
        return result.descriptors
