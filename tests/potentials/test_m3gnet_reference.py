"""`as_trained` against the original DGL implementation (matgl 1.3.0, float32): three potentials, nine structures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from paddlewheel.potentials.m3gnet import Conventions, M3GNet, System

POTENTIALS = ("M3GNet-r2SCAN-NaBH", "M3GNet-MP-2021.2.8-PES", "M3GNet-MatPES-r2SCAN-v2025.1-PES")


def reference_entries(shared: Path, name: str) -> list[tuple[System, dict]]:
    entries = json.loads((shared / "data/reference" / f"{name}.json").read_text())
    return [
        (System(tuple(row["symbols"]), np.array(row["positions_A"]), np.array(row["cell_A"])), row) for row in entries
    ]


def float32_sum_error_eV(shared: Path, name: str, symbols: tuple[str, ...]) -> float:
    """What is lost when the element offsets are added one by one in float32, as the reference did in some order.

    It is the only sum there whose terms (up to 10 eV each, 128 of them) matter: up to 6e-6 eV/atom.
    """
    folder = shared / "data/potentials" / name
    state = torch.load(folder / "state.pt", map_location="cpu", weights_only=True)
    if "element_refs.property_offset" not in state:
        return 0.0
    elements = json.loads((folder / "model.json").read_text())["kwargs"]["model"]["init_args"]["element_types"]
    offsets = state["element_refs.property_offset"].numpy()[[elements.index(symbol) for symbol in symbols]]
    return abs(float(np.cumsum(offsets)[-1]) - float(offsets.astype(np.float64).sum()))


@pytest.mark.parametrize("name", POTENTIALS)
def test_as_trained_equals_the_original_implementation(shared: Path, name: str) -> None:
    model = M3GNet.from_directory(shared / "data/potentials" / name, three_body="as_trained")
    entries = reference_entries(shared, name)
    assert len(entries) == 9
    for system, row in entries:
        result = model.compute([system])[0]
        # The 2e-6 eV/atom where float32 allows. Reached: 1.3e-6 (NaBH, no offsets), 1.0e-6 (MatPES) and 6.5e-6
        # (MP), of which 6.0e-6 is the reference's float32 sum of the offsets.
        allowed = 2e-6 * len(system.symbols) + float32_sum_error_eV(shared, name, system.symbols)
        assert abs(result.energy_eV - row["energy_eV"]) < allowed, row["structure"]
        forces = np.array(row["forces_eV_per_A"])
        # 1e-4 eV/A, the number, holds but for one entry: MatPES on Na2B12H12 rattled by 0.15 A, with H 0.69 A
        # from B and forces of 97 eV/A, where 2e-6 of the force (17 float32 roundings) is the larger.
        assert np.abs(result.forces_eV_per_A - forces).max() < max(1e-4, 2e-6 * np.abs(forces).max()), row["structure"]
        assert result.stress_eV_per_A3 is not None
        assert np.abs(result.stress_eV_per_A3 - np.array(row["stress_eV_per_A3"])).max() < 1e-5, row["structure"]


@pytest.mark.parametrize("name", POTENTIALS)
def test_parent_form_is_near_the_trained_one_but_not_equal(shared: Path, name: str) -> None:
    """physics.md: on o-NBH about 1 meV/atom and 4 meV/A; the two forms must not be one by accident."""
    system, row = next(pair for pair in reference_entries(shared, name) if pair[1]["structure"] == "oNBH_128")
    result = M3GNet.from_directory(shared / "data/potentials" / name).compute([system])[0]
    assert 1e-5 < abs(result.energy_eV - row["energy_eV"]) / 128 < 1e-2
    difference = np.abs(result.forces_eV_per_A - np.array(row["forces_eV_per_A"]))
    assert difference.max() > 1e-4  # beyond what counts as equal
    assert difference.mean() < 3e-2


def test_summing_at_the_wrong_end_gives_garbage(shared: Path) -> None:
    """physics.md: NaBH4 at -3.0 instead of -4.47 eV/atom, without an error."""
    folder = shared / "data/potentials/M3GNet-r2SCAN-NaBH"
    system = reference_entries(shared, "M3GNet-r2SCAN-NaBH")[0][0]
    found = M3GNet.from_directory(folder)
    assert found.conventions.node_sum == "destination"
    assert found.compute([system])[0].energy_eV / 12 == pytest.approx(-4.47, abs=0.02)
    wrong = M3GNet.from_directory(folder, conventions=Conventions("source", "pruned"))
    assert wrong.compute([system])[0].energy_eV / 12 == pytest.approx(-3.0, abs=0.1)
