"""The peak of R1 against temperature: truth from other formulas, and coverage on synthetic sets."""

from __future__ import annotations

import math

import numpy as np
import pytest

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.isotopes import isotope
from paddlewheel.lab.nmr.spin_lattice import (
    PeakFit,
    Rates,
    diffusivity_cm2_per_s,
    fit_peak,
    flank_slope_eV,
    jump_rate_at_maximum_per_s,
    nernst_einstein_mS_per_cm,
    phase_at_maximum,
    quadrupolar_coupling_MHz,
)

_K = 8.617333262e-5
_OMEGA = 6.656e8  # 23Na at 9.4 T
_PAPER = {"energy": 0.23, "beta": 1.54, "jump": 7e8, "top_K": 303.0}


def _rates(
    temperatures: np.ndarray, omega: float = _OMEGA, *, energy: float, beta: float, jump: float, top_K: float
) -> np.ndarray:
    """R1 in units of C times tau, written out anew; `jump` is 1/tau at `top_K`."""
    tau = np.exp(energy / _K * (1 / temperatures - 1 / top_K)) / jump
    return 2.5e11 * (tau / (1 + (omega * tau) ** beta) + 4 * tau / (1 + (2 * omega * tau) ** beta))


def _set(random: np.random.Generator | None, temperatures: np.ndarray, noise: float = 0.03, omega: float = _OMEGA):
    rates = _rates(temperatures, omega, **_PAPER)
    factor = 1.0 if random is None else np.exp(noise * random.normal(size=len(rates)))
    return Rates(temperature_K=temperatures, rate_per_s=rates * factor, omega_rad_per_s=omega, name="set")


@pytest.mark.parametrize(
    ("kernel", "beta", "expected"),
    [
        ("single_J", 2.0, 1.0),
        ("single_J", 1.54, 1.492),
        ("two_J", 2.0, 0.616),
        ("two_J", 1.54, 0.953),
    ],
)
def test_the_maximum_is_where_the_bench_says(kernel, beta: float, expected: float) -> None:
    # bench.md, to its digits; and the rate on a fine grid is largest there
    assert phase_at_maximum(kernel, beta) == pytest.approx(expected, abs=6e-4)
    grid = np.linspace(0.3, 3.0, 400_001)
    terms = ((1, 1),) if kernel == "single_J" else ((1, 1), (2, 4))
    shape = sum(weight * grid / (1 + (n * grid) ** beta) for n, weight in terms)
    assert phase_at_maximum(kernel, beta) == pytest.approx(grid[np.argmax(shape)], abs=2e-5)


def test_jump_rates_of_23Na_at_9_4_T() -> None:
    # bench.md: 7.0e8 and 4.5e8 1/s, not 1e8
    omega = 2 * math.pi * abs(isotope("23Na").gyromagnetic_ratio_MHz_per_T) * 9.4e6
    two, single = (jump_rate_at_maximum_per_s(k, omega_rad_per_s=omega, beta=1.54) for k in ("two_J", "single_J"))
    assert two == pytest.approx(7.0e8, rel=0.01)
    assert single == pytest.approx(4.5e8, rel=0.01)
    # a = 3.5 A, n = 8.8e21 cm-3 at 303 K: 4.9 mS/cm (measured 4.6)
    found = nernst_einstein_mS_per_cm(diffusivity_cm2_per_s(single, 3.5), carriers_per_cm3=8.8e21, temperature_K=303.0)
    assert found == pytest.approx(4.9, abs=0.1)


@pytest.mark.parametrize(("beta", "expected"), [(2.0, 1.03), (1.54, 0.99)])
def test_fluctuating_coupling_of_the_paper(beta: float, expected: float) -> None:
    # bench.md, last section: T1 of 0.56 ms at the maximum of 23Na at 9.4 T; spin 3/2, eta 0
    x = phase_at_maximum("two_J", beta)
    per_coupling_s = (x / (1 + x**beta) + 4 * x / (1 + (2 * x) ** beta)) / _OMEGA
    found = quadrupolar_coupling_MHz(1 / 0.56e-3 / per_coupling_s, isotope("23Na"))
    assert found == pytest.approx(expected, abs=0.01)


def test_coupling_factor_of_spin_one() -> None:
    # 2H in extreme narrowing: 1/T1 = (3/8) (2 pi Cq)^2 tau (Abragam), so C is (3/40) (2 pi Cq)^2
    assert quadrupolar_coupling_MHz(3 / 40 * (2 * math.pi * 0.2e6) ** 2, isotope("2H")) == pytest.approx(0.2)


def test_exact_rates_give_back_what_made_them() -> None:
    found = fit_peak("two_J", [_set(None, np.linspace(233, 373, 12))])
    assert found.activation_energy_eV.value == pytest.approx(0.23, rel=1e-4)
    assert found.low_T_energy_eV.value == pytest.approx(0.54 * 0.23, rel=1e-4)
    assert found.beta.value == pytest.approx(1.54, abs=1e-4)
    tau0 = math.exp(-0.23 / (_K * 303)) / 7e8
    assert math.exp(found.ln_tau0_s.value) == pytest.approx(tau0, rel=1e-2)
    assert math.exp(found.ln_coupling_per_s2.value) == pytest.approx(2.5e11, rel=1e-3)
    assert found.jump_rate_per_s(303.0).value == pytest.approx(7e8, rel=1e-3)


def _held(ends: tuple[float | None, float | None], truth: float) -> bool:
    low, high = ends
    return (low is None or low <= truth) and (high is None or truth <= high)


def test_coverage_and_bias_on_twenty_sets() -> None:
    # 20 sets of the paper's kind; benchmarks/nmr_relaxation.py has 200. Binomial limits at 0.1 % of 68 and 95 %
    random = np.random.default_rng(7)
    found: list[PeakFit] = [fit_peak("two_J", [_set(random, np.linspace(233, 373, 12))]) for _ in range(20)]
    assert not any(each.refused for each in found)
    held_68 = sum(_held(each.activation_energy_eV.interval_68, 0.23) for each in found)
    held_95 = sum(_held(each.activation_energy_eV.interval_95, 0.23) for each in found)
    assert 7 <= held_68 <= 19
    assert held_95 >= 16
    energies = [each.activation_energy_eV.value for each in found]
    # the mean of 20 scatters by 0.017 eV / sqrt(20) = 0.004 eV
    assert np.mean(energies) == pytest.approx(0.23, abs=3 * 0.004)


def test_flanks_are_not_the_energies_and_the_fit_is() -> None:
    # bench.md: over 233-373 K lines read far less than 0.23 eV on the hot side
    temperatures = np.linspace(233, 373, 12)
    rates = _set(None, temperatures)
    hot, cold = temperatures > 310, temperatures < 296
    assert flank_slope_eV(temperatures[hot], rates.rate_per_s[hot]) < 0.17
    assert flank_slope_eV(temperatures[cold], rates.rate_per_s[cold]) < 0.12


def test_narrow_windows_are_refused_with_the_remedy() -> None:
    random = np.random.default_rng(3)
    for _ in range(5):
        refused = fit_peak("two_J", [_set(random, np.linspace(263, 333, 12))]).refused
        assert refused is not None
        assert "measure also from" in refused
    cold = fit_peak("two_J", [_set(None, np.linspace(203, 283, 9))]).refused
    assert cold is not None
    assert "above 283 K" in cold
    hot = fit_peak("two_J", [_set(None, np.linspace(325, 423, 9))]).refused
    assert hot is not None
    assert "below 325 K" in hot


@pytest.mark.parametrize(
    ("top_K", "beta", "window", "side"),
    [(509.0, 1.6, (213, 283), "above 283 K"), (254.0, 2.0, (353, 423), "below 353 K")],
)
def test_a_minimum_outside_is_told_by_its_side_alone(top_K: float, beta: float, window, side: str) -> None:
    # a flank holds Ea and C tau0 or C / tau0, not tau: where the minimum lies is not in it
    temperatures = np.linspace(window[0], window[1], 8)
    rates = _rates(temperatures, energy=0.3, beta=beta, jump=_OMEGA / 0.7, top_K=top_K)
    noisy = rates * np.exp(0.02 * np.random.default_rng(1).normal(size=8))
    given = Rates(temperature_K=temperatures, rate_per_s=noisy, omega_rad_per_s=_OMEGA, relative_std=np.full(8, 0.02))
    refused = fit_peak("two_J", [given]).refused
    assert refused is not None
    assert f"it lies {side}" in refused
    assert "near" not in refused


@pytest.mark.parametrize(("std", "count"), [(None, 10), (0.02, 6)])
def test_a_constant_t1_is_told(std: float | None, count: int) -> None:
    # by chance one of a hundred scatters into a dependence
    rates = 10.0 * np.exp(0.02 * np.random.default_rng(2).normal(size=count))
    relative = None if std is None else np.full(count, std)
    given = Rates(temperature_K=np.linspace(213, 393, count), rate_per_s=rates, omega_rad_per_s=_OMEGA,
                  relative_std=relative)  # fmt: skip
    assert "does not depend on temperature here" in (fit_peak("two_J", [given]).refused or "")


def test_beta_at_its_end_leaves_no_error_out_and_no_noise_decides() -> None:
    # beta 2 is the end; one temperature past the minimum at 381 K, as the sets of which one was refused
    temperatures, jump = np.arange(213.0, 394.0, 20.0), _OMEGA / 0.616
    tau_300 = math.exp(0.3 / _K * (1 / 300 - 1 / 381.0)) / jump
    random = np.random.default_rng(4)
    at_end = 0
    for _ in range(5):
        rates = _rates(temperatures, energy=0.3, beta=2.0, jump=jump, top_K=381.0)
        noisy = rates * np.exp(0.02 * random.normal(size=10))
        given = Rates(temperature_K=temperatures, rate_per_s=noisy, omega_rad_per_s=_OMEGA,
                      relative_std=np.full(10, 0.02))  # fmt: skip
        found = fit_peak("two_J", [given])
        assert found.refused is None
        assert _held(found.activation_energy_eV.interval_95, 0.3)
        derived = found.jump_rate_per_s(300.0)
        assert _held(derived.interval_95, 1 / tau_300)
        if found.best.at_limit[3]:
            at_end += 1
            low, high = found.beta.interval_95
            assert low is not None
            assert low < 1.97
            assert high == 2.0
            assert found.beta.std > 0.01
            assert found.jump_rate_at_maximum_per_s.std > 0
            # the covariance without beta says 0.3 % of Ea; beta and Ea go together
            assert found.activation_energy_eV.std > 0.003
    assert at_end >= 1  # half of the sets, but for chance


def test_the_side_that_is_reached_is_not_asked_for() -> None:
    # T1 at 213 K is over ten times its minimum at 303 K, and 309 K is the last temperature
    temperatures = np.linspace(213, 309, 8)
    noisy = _rates(temperatures, **_PAPER) * np.exp(0.06 * np.random.default_rng(9).normal(size=8))
    refused = fit_peak("two_J", [Rates(temperature_K=temperatures, rate_per_s=noisy, omega_rad_per_s=_OMEGA)]).refused
    assert refused is not None
    assert "from 309 to" in refused or "above 309 K" in refused
    assert "to 213 K" not in refused.split("measure")[-1]


def test_the_window_that_is_asked_for_decides() -> None:
    # T1 of 2.5 times its minimum on both sides, twelve temperatures, 3 %: of 12 sets at most one may be refused
    fine = np.linspace(180, 480, 3001)
    rates = _rates(fine, **_PAPER)
    inside = fine[rates > rates.max() / 2.5]
    random = np.random.default_rng(13)
    window = np.linspace(inside[0], inside[-1], 12)
    refused = [fit_peak("two_J", [_set(random, window)]).refused for _ in range(12)]
    assert sum(told is not None for told in refused) <= 1


def test_two_fields_narrow_the_interval() -> None:
    random = np.random.default_rng(5)
    temperatures = np.linspace(263, 333, 12)
    one, other = _set(random, temperatures), _set(random, temperatures, omega=0.25 * _OMEGA)
    alone, together = fit_peak("two_J", [one]), fit_peak("two_J", [one, other])
    assert together.activation_energy_eV.std < 0.5 * alone.activation_energy_eV.std
    assert together.refused is None
    assert _held(together.activation_energy_eV.interval_95, 0.23)


def test_given_uncertainties_weigh() -> None:
    temperatures = np.linspace(233, 373, 12)
    rates, std = _rates(temperatures, **_PAPER), np.full(12, 0.03)
    rates[2] *= 1.5
    std[2] = 0.5
    found = fit_peak(
        "two_J",
        [Rates(temperature_K=temperatures, rate_per_s=rates, omega_rad_per_s=_OMEGA, relative_std=std)],
    )
    assert found.activation_energy_eV.value == pytest.approx(0.23, abs=0.01)


@pytest.mark.parametrize(
    ("temperatures", "rates", "said"),
    [
        ([-10.0, 250, 270, 290, 310, 330], [1.0] * 6, "temperature of -10"),
        ([240.0, 250, 270, 290, 310, 330], [1.0, 2, 0, 4, 5, 6], "rate of 0"),
        ([240.0, 250, 270], [1.0, 2], "2 rates for 3 temperatures"),
    ],
)
def test_what_cannot_be_is_refused(temperatures, rates, said: str) -> None:
    with pytest.raises(DataError, match=said):
        Rates(temperature_K=np.array(temperatures), rate_per_s=np.array(rates), omega_rad_per_s=_OMEGA)


def test_five_temperatures_are_too_few() -> None:
    with pytest.raises(DataError, match="5 temperatures"):
        fit_peak("two_J", [_set(None, np.linspace(233, 373, 5))])
