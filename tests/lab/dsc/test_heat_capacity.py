"""Heat capacities come back from made runs with lag, drift and noise; real runs are told as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paddlewheel.errors import DataError
from paddlewheel.lab.dsc.heat_capacity import (
    modulation_period_s,
    one_run_heat_capacity,
    sapphire_J_per_gK,
    three_run_heat_capacity,
)
from paddlewheel.lab.dsc.readers import read_scans
from paddlewheel.lab.dsc.scan import ThermalScan

SAMPLE_MG, SAPPHIRE_MG = 12.0, 30.0
LAG_S, RATE_K_PER_MIN = 25.0, 10.0
DITMARS = {200: 51.12, 298.15: 79.01, 400: 96.08, 600: 112.55, 800: 120.14, 1000: 124.77, 1200: 128.25}
"""J/(mol K) at temperatures in K, of 101.9613 g/mol (J. Res. NBS 87, 159, 1982), as the JANAF tables have them too."""


def true_J_per_gK(temperature_C: np.ndarray) -> np.ndarray:
    return 0.8 + 4e-4 * temperature_C


def run(mass_mg: float, capacity, *, offset_mW: float = 0.0, noise_mW: float = 0.0, seed: int = 0) -> ThermalScan:
    """Holds of 10 min at 50 and 250 degrees Celsius and a ramp between them; the flow of mass, pans and a curved zero
    passes one lag, and the offset of the run grows with temperature."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(0.0, 2400.0, 1.0)
    programme = np.interp(time_s, [0, 600, 1800, 2400], [50, 50, 250, 250])
    rate = np.gradient(programme, time_s)
    flow = mass_mg * capacity(programme) * rate + 6.0 * rate  # 6 mJ/K of pans
    zero = 2.0 + 0.01 * programme + 1e-5 * (programme - 150) ** 2 + offset_mW * programme / 250
    lagged = np.empty_like(flow)
    lagged[0] = flow[0]
    for place in range(1, flow.size):
        lagged[place] = lagged[place - 1] + (flow[place] - lagged[place - 1]) / LAG_S
    return ThermalScan(
        name="made", source="made.txt", time_s=time_s, temperature_C=programme, exothermic_known=True,
        signal=lagged + zero + noise_mW * rng.normal(size=time_s.size),
    )  # fmt: skip


def three(seed: int = 0, offset_mW: float = 0.0, noise_mW: float = 0.02) -> tuple[ThermalScan, ...]:
    return (
        run(SAMPLE_MG, true_J_per_gK, offset_mW=offset_mW, noise_mW=noise_mW, seed=3 * seed),
        run(SAPPHIRE_MG, sapphire_J_per_gK, noise_mW=noise_mW, seed=3 * seed + 1),
        run(0.0, sapphire_J_per_gK, noise_mW=noise_mW, seed=3 * seed + 2),
    )


def test_sapphire_is_the_table_of_ditmars() -> None:
    kelvin = np.array(list(DITMARS))
    expected = np.array(list(DITMARS.values())) / 101.9613
    np.testing.assert_allclose(sapphire_J_per_gK(kelvin - 273.15), expected, rtol=1e-3)  # the polynomial's own misfit
    with pytest.raises(DataError, match="100 to 1200 K"):
        sapphire_J_per_gK(1000.0)


def test_three_runs_give_the_heat_capacity() -> None:
    found = three_run_heat_capacity(*three(), sample_mass_mg=SAMPLE_MG, sapphire_mass_mg=SAPPHIRE_MG)
    # noise of 0.02 mW in bins of 25 points beside 1.7 mW: 0.3 %, of two runs and the empty one
    np.testing.assert_allclose(found.heat_capacity_J_per_gK, true_J_per_gK(found.temperature_C), rtol=0.02)
    within = np.abs(found.heat_capacity_J_per_gK - true_J_per_gK(found.temperature_C)) < 2 * found.std_J_per_gK
    assert within.all()
    (step,) = found.steps
    assert step.mean_J_per_gK is not None
    assert step.mean_J_per_gK.value == pytest.approx(0.8 + 4e-4 * 150, rel=5e-3)  # the mean from 50 to 250
    assert not found.warnings


@pytest.mark.parametrize(("offset_mW", "said"), [(0.5, "its error is wide"), (3.0, "pans or their places differed")])
def test_an_offset_between_the_runs_is_told_and_refused(offset_mW: float, said: str) -> None:
    masses = {"sample_mass_mg": SAMPLE_MG, "sapphire_mass_mg": SAPPHIRE_MG}
    plain = three_run_heat_capacity(*three(), **masses)
    if offset_mW > 1.0:  # beside a signal of 1.7 mW
        with pytest.raises(DataError, match=said):
            three_run_heat_capacity(*three(offset_mW=offset_mW), **masses)
        return
    shifted = three_run_heat_capacity(*three(offset_mW=offset_mW), **masses)
    # linear in time on the ramp, so the line between the holds takes it away
    np.testing.assert_allclose(shifted.heat_capacity_J_per_gK, plain.heat_capacity_J_per_gK, rtol=0.01)
    assert (shifted.std_J_per_gK > 1.2 * plain.std_J_per_gK).all()
    assert any(said in line for line in shifted.warnings)


def test_one_run_says_that_its_error_is_not_known() -> None:
    sample, _, empty = three(noise_mW=0.0)
    found = one_run_heat_capacity(sample, empty=empty, sample_mass_mg=SAMPLE_MG)
    np.testing.assert_allclose(found.heat_capacity_J_per_gK, true_J_per_gK(found.temperature_C), rtol=0.02)  # the lag
    assert np.isnan(found.std_J_per_gK).all()
    assert any("its error is not known" in line for line in found.warnings)
    alone = one_run_heat_capacity(sample, sample_mass_mg=SAMPLE_MG)  # the pans' 6 mJ/K are 0.5 J/(g K) of it
    assert alone.heat_capacity_J_per_gK.mean() == pytest.approx(found.heat_capacity_J_per_gK.mean() + 0.5, rel=0.1)


def test_what_is_no_three_runs_is_refused() -> None:
    sample, sapphire, empty = three()
    masses = {"sample_mass_mg": SAMPLE_MG, "sapphire_mass_mg": SAPPHIRE_MG}
    with pytest.raises(DataError, match="the wrong way"):
        three_run_heat_capacity(sample, empty, sapphire, **masses)
    time_s = np.arange(0.0, 1200.0)
    ramp = ThermalScan(name="r", source="ramp.txt", time_s=time_s, temperature_C=25 + time_s / 6, signal=0 * time_s)
    with pytest.raises(DataError, match="no ramp between two holds"):
        three_run_heat_capacity(ramp, sapphire, empty, **masses)
    with pytest.raises(DataError, match="0 mg"):
        three_run_heat_capacity(sample, sapphire, empty, sample_mass_mg=0.0, sapphire_mass_mg=SAPPHIRE_MG)


def test_modulated_runs_are_told_by_their_period() -> None:
    time_s = np.arange(0.0, 3600.0, 1.0)
    ramp = 20 + time_s / 30
    for period in (40.0, 60.0, 100.0):
        swinging = ThermalScan(
            name="m", source="m.txt", time_s=time_s, signal=0 * time_s,
            temperature_C=ramp + 0.5 * np.sin(2 * np.pi * time_s / period),
        )  # fmt: skip
        assert modulation_period_s(swinging) == pytest.approx(period, rel=0.02)  # a bin of the spectrum
    noisy = ramp + 0.02 * np.random.default_rng(0).normal(size=time_s.size)
    plain = ThermalScan(name="p", source="p.txt", time_s=time_s, signal=0 * time_s, temperature_C=noisy)
    assert modulation_period_s(plain) is None


@pytest.mark.parametrize("name", ["ta2920_eicosane_1Cmin.txt", "setaram_duran_MAC250.txt.gz"])
def test_real_runs_on_plain_ramps_are_not_modulated(shared: Path, name: str) -> None:
    assert modulation_period_s(read_scans(shared / "data/lab/dsc" / name)[0]) is None


def test_real_runs_are_told_as_they_are(shared: Path) -> None:
    """Setaram's three runs: the pans' places differed, 7 K and up to 5.8 mW, where the sample's signal is 2 to 4 mW."""
    folder = shared / "data/lab/dsc"
    sample, sapphire, empty = (
        read_scans(folder / f"setaram_cp_{name}.txt.gz", exothermic="up")[0] for name in ("sample", "sapphire", "zero")
    )
    assert all(modulation_period_s(scan) is None for scan in (sample, sapphire, empty))
    found = three_run_heat_capacity(sample, sapphire, empty, sample_mass_mg=58.3, sapphire_mass_mg=40.0)
    assert [round(step.start_C, -1) for step in found.steps] == [90, 190, 290, 390]
    assert found.steps[-1].offsets_mW[1] == pytest.approx(-5.76, abs=0.05)  # -15.58 to -21.36 mW at the files' ends
    assert [step.refused is None for step in found.steps] == [True, False, False, False]
    assert sum("no heat capacity" in line for line in found.warnings) == 3
    assert sum("K from where the empty pans were" in line for line in found.warnings) == 4
    sapphire_alone = one_run_heat_capacity(sapphire, empty=empty, sample_mass_mg=40.0)
    ratio = sapphire_alone.heat_capacity_J_per_gK / sapphire_J_per_gK(sapphire_alone.temperature_C)
    assert np.std(ratio) / np.mean(ratio) < 0.08  # sapphire's rises as the table's but for the sensor's 10 %
