"""`dsc --blank --sapphire`: heat capacities in the record, beside what is missing for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paddlewheel.errors import InputError
from paddlewheel.lab.dsc.heat_capacity import sapphire_J_per_gK
from paddlewheel.studies.dsc.study import STUDY


def written(folder: Path, name: str, mass_mg: float, capacity) -> Path:
    """A run with holds at 60 and 160 degrees Celsius, 20 K/min between, pans of 5 mJ/K and a zero of 2 mW."""
    time_s = np.arange(0.0, 1500.0, 1.0)
    temperature = np.interp(time_s, [0, 600, 900, 1500], [60, 60, 160, 160])
    flow = (mass_mg * capacity(temperature) + 5.0) * np.gradient(temperature, time_s) + 2.0
    path = folder / name
    path.write_text("Time (s),Temperature (C),Heat Flow Endo Up (mW)\n" + "".join(
        f"{t:.1f},{c:.4f},{q:.6f}\n" for t, c, q in zip(time_s, temperature, flow, strict=True)
    ))  # fmt: skip
    return path


def test_three_runs_give_heat_capacities_in_the_record(tmp_path: Path):
    sample = written(tmp_path, "sample.csv", 10.0, lambda t: 1.2 + 0.001 * t)
    blank = written(tmp_path, "blank.csv", 0.0, sapphire_J_per_gK)
    sapphire = written(tmp_path, "sapphire.csv", 25.0, sapphire_J_per_gK)
    record = STUDY(sample, mass_mg=10, blank=blank, sapphire=sapphire, sapphire_mass_mg=25)
    (capacity,) = record.heat_capacities
    (step,) = capacity.steps
    assert step.mean_J_per_g_K is not None
    # the mean of 1.2 + 0.001 T from 60 to 160; a ramp of 300 points cuts its ends to 1 s
    assert step.mean_J_per_g_K.value == pytest.approx(1.31, rel=5e-3)
    assert capacity.doubts == []
    with pytest.raises(InputError, match="mass of the sapphire is not stated; give --sapphire-mass-mg"):
        STUDY(sample, mass_mg=10, blank=blank, sapphire=sapphire)
    with pytest.raises(InputError, match="no mass, so no heat capacity; give --mass-mg"):
        STUDY(sample, blank=blank, sapphire=sapphire, sapphire_mass_mg=25)
    with pytest.raises(InputError, match="given without an empty run; give --blank"):
        STUDY(sample, mass_mg=10, sapphire=sapphire, sapphire_mass_mg=25)
