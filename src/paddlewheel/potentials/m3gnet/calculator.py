"""M3GNet as an ASE calculator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from paddlewheel.potentials.m3gnet.bonds import ThreeBody
from paddlewheel.potentials.m3gnet.conventions import Conventions
from paddlewheel.potentials.m3gnet.model import DType, M3GNet

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms


class M3GNetCalculator(Calculator):
    """ASE face of an `M3GNet` model; one evaluation gives every property.

    Energy, free_energy (the same), energies, forces, and stress (Voigt, ASE's sign) where the cell is periodic in all
    three directions. The result is a function of positions, cell and species alone, bit for bit, whatever the
    calculator computed before (see `paddlewheel.potentials.neighbours`).

    Parameters
    ----------
    model
        The potential.
    skin_A
        Of the neighbour list.

    Examples
    --------
    >>> atoms.calc = M3GNetCalculator.from_directory("M3GNet-r2SCAN-NaBH")  # doctest: +SKIP
    >>> atoms.get_potential_energy()  # doctest: +SKIP
    """

    implemented_properties: ClassVar[list[str]] = ["energy", "free_energy", "energies", "forces", "stress"]

    def __init__(self, model: M3GNet, *, skin_A: float = 0.6) -> None:
        super().__init__()
        self.model, self.skin_A = model, skin_A
        self._neighbours = model.neighbour_list(skin_A=skin_A)

    @classmethod
    def from_directory(
        cls,
        path: Path | str,
        *,
        three_body: ThreeBody = "parent",
        device: str = "cpu",
        dtype: DType = "float32",
        conventions: Conventions | None = None,
        skin_A: float = 0.6,
    ) -> M3GNetCalculator:
        """The calculator of a checkpoint folder; see `M3GNet.from_directory`."""
        model = M3GNet.from_directory(path, three_body=three_body, device=device, dtype=dtype, conventions=conventions)
        return cls(model, skin_A=skin_A)

    @property
    def elements(self) -> tuple[str, ...]:
        """Elements that the potential knows."""
        return self.model.elements

    @property
    def three_body(self) -> ThreeBody:
        """The three-body form in use."""
        return self.model.three_body

    def atom_features(self, atoms: Atoms) -> np.ndarray:
        """The potential's latent space: `[n_atoms, n_features]`, see `M3GNet.atom_features`."""
        return self.model.atom_features(atoms, neighbours=self._neighbours)

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Any = ("energy",),
        system_changes: Any = all_changes,
    ) -> None:
        """Fill `results`; called by ASE."""
        super().calculate(atoms, properties, system_changes)
        assert self.atoms is not None  # ASE has just set them
        result = self.model.compute([self.atoms], neighbour_lists=[self._neighbours])[0]
        self.results = {
            "energy": result.energy_eV,
            "free_energy": result.energy_eV,
            "energies": result.energies_eV,
            "forces": result.forces_eV_per_A,
        }
        if result.stress_eV_per_A3 is not None:
            self.results["stress"] = full_3x3_to_voigt_6_stress(result.stress_eV_per_A3)
