"""What a conductivity is stands beside it: tracer or collective, density, pressure, size of the cell."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from paddlewheel.page.numbers import plain
from paddlewheel.records import Measured
from paddlewheel.studies.conduct.collective import collective_result
from paddlewheel.studies.conduct.conditions import conditions_of
from paddlewheel.studies.conduct.naming import collective_sentences, condition_sentences, size_sentences
from paddlewheel.studies.conduct.record import CellSize, Conditions
from paddlewheel.studies.conduct.runs import Analysed, TemperatureRuns
from paddlewheel.studies.conduct.verdict import judge, verdict_lines
from paddlewheel.trajectories import Displacements
from paddlewheel.transport import OnsagerCoefficients, Quantity, fit_arrhenius
from paddlewheel.units import BOLTZMANN_eV_PER_K
from synthetic_run import fit_of, ok_row, record_of

HAVEN, ENERGY_eV, AT_300K = 0.5, 0.25, 4.0


def sigma(temperature_K: float) -> float:
    """Of the tracer: 4 mS/cm at 300 K with 0.25 eV."""
    at = 1.0 / (BOLTZMANN_eV_PER_K * temperature_K) - 1.0 / (BOLTZMANN_eV_PER_K * 300.0)
    return AT_300K * 300.0 / temperature_K * math.exp(-ENERGY_eV * at)


def quantity(value: float, relative: float) -> Quantity:
    """With a normal error of its logarithm."""
    ends = tuple((value * math.exp(-q * relative), value * math.exp(q * relative)) for q in (1.0, 1.96))
    return Quantity(value, value * math.sinh(relative), *ends)


def analysed(temperature_K: float, *, known: bool) -> Analysed:
    """A temperature on the law of the tracer, and (where known) with a collective conductivity of twice as much."""
    together = None
    if known:
        together = OnsagerCoefficients(
            "ok", None, (), (), (), quantity(sigma(temperature_K) / HAVEN, 0.2), None, quantity(HAVEN, 0.2), (), 1.0,
            2.0, degrees_of_freedom=1e9,
        )  # fmt: skip
    value = Measured(value=sigma(temperature_K) / HAVEN, std=1.0) if known else None
    return Analysed(ok_row(temperature_K, conductivity_collective_mS_per_cm=value), None, together)


def fitted(temperatures: list[float]):
    """The fit of the tracer."""
    return fit_arrhenius(temperatures, [sigma(t) for t in temperatures], [0.1 * sigma(t) for t in temperatures])


def test_the_collective_line_and_the_haven_ratio_give_the_truth() -> None:
    at = [600.0, 700.0, 800.0]
    found = collective_result([analysed(t, known=True) for t in at], fitted(at))
    assert [each.how for each in found.at_300K] == ["own line", "Haven ratio"]
    for each in found.at_300K:
        sigma_300K = each.conductivity_300K_mS_per_cm
        # its own line has 1.3 of error in the logarithm, and is pulled by what is known of prefactors: by under a tenth
        assert abs(math.log(sigma_300K.value * HAVEN / AT_300K)) < 0.1 * math.asinh(sigma_300K.std / sigma_300K.value)
    assert found.at_300K[1].conductivity_300K_mS_per_cm.value == pytest.approx(AT_300K / HAVEN)
    assert found.haven_ratio is not None
    assert found.haven_ratio.value == pytest.approx(HAVEN)
    # the weighted mean of three of 20 %
    assert found.haven_ratio_95 == pytest.approx(
        [HAVEN * math.exp(s * 1.96 * 0.2 / math.sqrt(3)) for s in (-1, 1)], rel=1e-4
    )


def test_one_collective_conductivity_gives_the_tracer_over_its_haven_ratio() -> None:
    at = [600.0, 700.0, 800.0]
    fit = fitted(at)
    found = collective_result([analysed(600.0, known=False), analysed(700.0, known=True)], fit)
    (only,) = found.at_300K
    assert (only.how, only.temperatures_K) == ("Haven ratio", [700.0])
    assert only.conductivity_300K_mS_per_cm.value == pytest.approx(AT_300K / HAVEN)
    own = math.log(fit.interval_95_at_target[1] / fit.value_at_target)  # 1.96 errors of the tracer
    reach = math.log(only.conductivity_300K_95_mS_per_cm[1] / only.conductivity_300K_mS_per_cm.value)
    assert reach == pytest.approx(math.hypot(own, 1.96 * 0.2), rel=1e-3)
    assert "if that holds at 300 K" in collective_sentences(found, [ok_row(700.0)])[0]


def test_a_line_of_two_near_temperatures_yields_to_the_haven_ratio() -> None:
    """From 750 and 800 K to 300 K an error of 20 % becomes one of decades; the tracer has a third temperature."""
    at = [600.0, 750.0, 800.0]
    found = collective_result([analysed(t, known=t > 700) for t in at], fitted(at))
    assert [each.how for each in found.at_300K] == ["Haven ratio", "own line"]
    first, second = (np.diff(np.log(each.conductivity_300K_95_mS_per_cm))[0] for each in found.at_300K)
    assert second > 5 * first
    assert found.at_300K[0].conductivity_300K_mS_per_cm.value == pytest.approx(AT_300K / HAVEN)


def test_an_unknown_one_is_told_with_its_bound() -> None:
    row = ok_row(
        700.0, conductivity_collective_mS_per_cm=None, haven_ratio=None,
        conductivity_collective_upper_bound_95_mS_per_cm=321.0,
    )  # fmt: skip
    found = collective_result([Analysed(row, None)], None)
    (sentence,) = collective_sentences(found, [row])
    assert "not known from these runs" in sentence
    assert "below 321 mS/cm at 700 K" in sentence
    assert collective_sentences(None, [row]) == []  # a record of before


def held(**changes: object) -> Conditions:
    return Conditions.model_validate({"volume_is_fixed": True, **changes})


def test_density_and_pressure_are_named() -> None:
    def told(*conditions: Conditions | None, densities: tuple[float, ...] = (1.12, 1.12)) -> str:
        rows = [ok_row(t, conditions=each) for t, each in zip((600.0, 800.0), conditions, strict=True)]
        return " ".join(condition_sentences(rows, densities))

    low, high = (held(ensemble="nvt", mean_pressure_GPa={"value": p, "std": 0.05}) for p in (0.2, 0.8))
    assert told(low, low) == (
        "NVT at 1.12 g/cm3, mean pressure 0.200 ± 0.050 GPa at 600 K to 0.200 ± 0.050 GPa at 800 K."
    )
    assert "The cell is compressed: its mean pressure of 0.800 ± 0.050 GPa at 800 K is over 0.5 GPa" in told(low, high)
    stretched = held(ensemble="nve", mean_pressure_GPa={"value": -0.9, "std": 0.05})
    assert "The cell is stretched" in told(stretched, low)
    assert "NVT" not in told(stretched, low)  # of unlike ensembles none is named
    free = held(ensemble="npt", volume_is_fixed=False, pressure_asked_GPa=0.0)
    assert told(free, free, densities=(1.101, 1.082)) == "NPT at 0 GPa, 1.10 to 1.08 g/cm3."
    assert told(held(), held()) == (
        "Ensemble not known, the cell fixed at 1.12 g/cm3; the pressure is not known from these files."
    )
    assert told(None, None) == ""


def test_the_mean_pressure_is_that_of_the_production_kept() -> None:
    time = np.arange(-100, 1000) * 0.01
    pressure = np.where(time < 2.0, 50.0, 0.7) + 0.1 * np.cos(50.0 * np.pi * time)  # its mean over 0.04 ps is zero
    paths = Displacements(
        positions_A=np.zeros((1000, 1, 3)), mean_cell_A=np.eye(3), volumes_A3=np.full(1000, 1000.0),
        frame_interval_fs=10.0, indices=np.zeros(1, dtype=np.intp), symbol="Na", density_g_per_cm3=1.0,
        drift_removed="none", cell_lengths_mean_A=np.ones(3), cell_lengths_std_A=np.zeros(3), largest_strain=0.0,
    )  # fmt: skip
    runs = TemperatureRuns(
        temperature_K=600.0, displacements=[paths, paths], n_ions=1, mass_u=1.0, volume_A3=1000.0,
        thermo={name: {"time_ps": time, "pressure_GPa": pressure} for name in ("a", "b", "broken")}, sane=("a", "b"),
        ensemble="nvt",
    )  # fmt: skip
    found = conditions_of(runs, left_out_ps=2.0)
    assert found.volume_is_fixed
    assert found.mean_pressure_GPa is not None
    assert found.mean_pressure_GPa.value == pytest.approx(0.7, abs=1e-3)
    assert conditions_of(replace(runs, thermo={}, sane=()), left_out_ps=0.0).mean_pressure_GPa is None


def test_the_verdict_names_the_tracer_first() -> None:
    rows = [ok_row(t, conditions=held(ensemble="nvt", mean_pressure_GPa={"value": 0.8, "std": 0.02}))
            for t in (600.0, 800.0)]  # fmt: skip
    told = collective_result([analysed(t, known=True) for t in (600.0, 800.0)], fitted([600.0, 800.0]))
    record = record_of(rows, fit_of(rows), collective=told, cell=CellSize(n_atoms=128, lengths_A=(10.1, 10.2, 12.8)))
    found = judge(record)
    assert found.headline.startswith("Conductivity at 300 K (tracer, by Nernst-Einstein): ")
    assert [number.name for number in found.numbers][:3] == [
        "σ at 300 K, tracer", "Activation energy Eₐ", "σ at 300 K, collective",
    ]  # fmt: skip
    text = "\n".join(verdict_lines(record))
    assert "tracer, by Nernst-Einstein" in text.splitlines()[0]
    collective = plain(told.at_300K[0].conductivity_300K_mS_per_cm.value, 2)
    for words in (f"Collective conductivity at 300 K, of all ions together: {collective} mS/cm", "Haven ratio 0.5",
                  "NVT at 1.1", "One cell of 128 atoms (10.1 x 10.2 x 12.8 A): its size is not tested"):  # fmt: skip
        assert words in text
        assert words in " ".join(found.sentences)
    assert size_sentences(None, None) == []
