"""What a label by GPAW is said to cost, against measured seconds that are in docs/labels.md."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from paddlewheel.firstprinciples.setups import CalculationSettings

pytest.importorskip("gpaw", reason="GPAW is not installed (make install-gpaw)")

from paddlewheel.firstprinciples.gpaw.cost import gpaw_cost_s


def _settings(cutoff_eV: float, k_spacing_per_A: float, **others: bool) -> CalculationSettings:
    return CalculationSettings(
        name="test", functional="r2SCAN", cutoff_eV=cutoff_eV, k_spacing_per_A=k_spacing_per_A,
        energy_tolerance_eV_per_atom=1e-5, **others,
    )  # fmt: skip


_PRIMITIVE = Atoms("NaBH4", cell=6.13 / 2 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]), pbc=True)
_CUBIC = Atoms("NaBH4" * 4, cell=[6.13] * 3, pbc=True)


@pytest.mark.parametrize(
    ("atoms", "cutoff_eV", "k_spacing_per_A", "measured_s"),
    [
        (_PRIMITIVE, 300.0, 3.0, 2.75),
        (_PRIMITIVE, 700.0, 3.0, 4.20),
        (_PRIMITIVE, 500.0, 0.95, 10.60),
        (_PRIMITIVE, 300.0, 0.7, 9.44),
        (_CUBIC, 450.0, 3.0, 14.90),
    ],
)
def test_is_what_was_measured(atoms: Atoms, cutoff_eV: float, k_spacing_per_A: float, measured_s: float) -> None:
    # 20 %: four terms cannot follow ten timings closer, and --dry-run needs no more
    assert gpaw_cost_s(atoms, _settings(cutoff_eV, k_spacing_per_A)) == pytest.approx(measured_s, rel=0.2)


def test_both_spins_double_what_hangs_on_the_waves() -> None:
    one, both = (gpaw_cost_s(_CUBIC, _settings(800.0, 0.3, spin_polarized=spin)) for spin in (False, True))
    assert both == pytest.approx(2 * one, rel=0.02)  # but for the start and the atoms
