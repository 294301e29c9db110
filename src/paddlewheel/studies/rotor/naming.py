"""What the conductivities of a `rotor` grid are, in words."""

from __future__ import annotations

from paddlewheel.studies.conduct.naming import TRACER, collective_sentences, condition_sentences, size_sentences
from paddlewheel.studies.rotor.record import RotorRecord


def natural_sentences(record: RotorRecord) -> list[str]:
    """What the conductivities are, and of the natural masses that of all ions, density, pressure and cell."""
    run = next((run for run in record.runs if not run.scale), None)
    if run is None:
        return []
    rows = run.temperatures
    densities = [row.density_g_per_cm3.value if row.density_g_per_cm3 else None for row in rows]
    return [
        f"σ is that of the {TRACER}: of ions that move one by one. What follows is of the natural masses.",
        *collective_sentences(run.collective, rows),
        *condition_sentences(rows, densities),
        *size_sentences(run.cell, None),
    ]
