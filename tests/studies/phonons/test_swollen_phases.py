"""What swells in a relaxation: layers that move apart are a phase, metals and salts that do are not."""

from __future__ import annotations

from ase.build import bulk

from paddlewheel.studies.phonons.phase import changed_volume
from paddlewheel.thermodynamics.phase_library import library_phases


def test_layers_may_move_apart_and_nothing_may_swell_all_around() -> None:
    graphite = next(phase for phase in library_phases(["C"]) if phase.name == "C (graphite)").atoms()
    apart = graphite.copy()
    apart.set_cell(graphite.cell.array * [[1], [1], [1.46]], scale_atoms=True)
    assert changed_volume(graphite, apart) is None
    for atoms in (bulk("Na", cubic=True), graphite):
        swollen = atoms.copy()
        swollen.set_cell(atoms.cell.array * 1.1, scale_atoms=True)  # +33 %
        told = changed_volume(atoms, swollen)
        assert told is not None
        assert "+33 %" in told
    pressed = graphite.copy()
    pressed.set_cell(graphite.cell.array * [[1], [1], [0.6]], scale_atoms=True)
    assert changed_volume(graphite, pressed) is not None
