"""Two amplitudes of an interface that obeys Butler and Volmer: the truth is the fundamental of its current.

At 100 mV across it the resistance is 36 % low: x / (2 I1(x)) with x = F V / (2 R T) = 1.946.
"""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel import eis
from paddlewheel.errors import DataError, InputError
from paddlewheel.lab.eis.fit import weigh
from paddlewheel.lab.eis.kramers_kronig import kramers_kronig
from paddlewheel.lab.eis.linearity import compare_amplitudes
from paddlewheel.lab.spectrum import Spectrum

FREQUENCY_HZ = np.geomspace(1e5, 0.1, 61)
R_OHM, C_F, V_T = 50.0, 2e-6, 8.314462618 * 298.15 / 96485.33212


def shown_ohm(amplitude_V: float) -> float:
    """Amplitude over the fundamental of i0 [exp(V / 2 RT) - exp(-V / 2 RT)], i0 of R = RT / (F i0), by the mean of a
    period's 4,096 points (exact for a band-limited current)."""
    phase = 2 * np.pi * np.arange(4096) / 4096
    current = 2 * V_T / R_OHM * np.sinh(amplitude_V * np.sin(phase) / (2 * V_T))
    return amplitude_V / (2 * np.mean(current * np.sin(phase)))


def spectrum(amplitude_V: float, *, seed: int, noise: float = 0.002, frequency_Hz=FREQUENCY_HZ, **told) -> Spectrum:
    """The interface with its double layer beside it, whose current is linear; noise a share of |Z|."""
    z = 1 / (1 / shown_ohm(amplitude_V) + 2j * np.pi * frequency_Hz * C_F)
    random = np.random.default_rng(seed)
    z = z * (1 + noise * (random.normal(size=len(z)) + 1j * random.normal(size=len(z))))
    return Spectrum(frequency_Hz=frequency_Hz, impedance_ohm=z, name=f"{1000 * amplitude_V:g} mV", **told)


def compared(one: Spectrum, other: Spectrum):
    pair = [weigh(each.frequency_Hz, each.impedance_ohm) for each in (one, other)]
    tests = [kramers_kronig(each) for each in pair]
    assert all(test.passed for test in tests)  # which says nothing of the amplitude
    return compare_amplitudes(pair[0], tests[0], pair[1], tests[1])


def test_100_mV_pass_kramers_kronig_and_are_not_linear():
    assert shown_ohm(0.1) == pytest.approx(0.64 * R_OHM, rel=0.01)
    assert shown_ohm(0.005) == pytest.approx(R_OHM, rel=0.002)
    found = compared(spectrum(0.005, seed=1), spectrum(0.1, seed=2))
    assert not found.linear
    # where the interface alone is seen, at the lowest frequencies
    assert found.difference == pytest.approx(1 - shown_ohm(0.1) / shown_ohm(0.005), rel=0.02)
    assert "not linear" in found.verdict
    assert found.worst_Hz[1] < 1600  # 1 / (2 pi R C)


def test_small_amplitudes_are_one_within_noise():
    """1 and 2 mV differ by 0.014 % in R, the noise of a part is 0.3 %: 0.1 % of pairs would be told, none of 40 is."""
    told = [compared(spectrum(0.001, seed=k), spectrum(0.002, seed=1000 + k)).linear for k in range(40)]
    assert all(told)
    # 20 mV: R is 1.8 % low, seven times the noise
    assert not compared(spectrum(0.002, seed=3), spectrum(0.02, seed=4)).linear


def test_other_frequencies_are_refused():
    one = spectrum(0.005, seed=1)
    with pytest.raises(DataError, match="same frequencies"):
        compared(one, spectrum(0.01, seed=2, frequency_Hz=FREQUENCY_HZ * 1.07))


def write(path, given: Spectrum):
    z = given.impedance_ohm
    columns = np.column_stack([given.frequency_Hz, z.real, z.imag])
    np.savetxt(path, columns, delimiter=",", header="frequency_Hz,real_ohm,imag_ohm", comments="", fmt="%.8g")
    return path


def test_page_and_terminal_say_it(tmp_path, capsys):
    from paddlewheel.cli.main import status_of

    ours, other = (
        write(tmp_path / "5mV.csv", spectrum(0.005, seed=1)),
        write(tmp_path / "100mV.csv", spectrum(0.1, seed=2)),
    )
    assert status_of(["eis", str(ours), "--circuit", "RQ", "--out", str(tmp_path / "alone")]) == 0
    assert "does not prove them linear" in capsys.readouterr().out
    assert "do not prove the cell linear" in (tmp_path / "alone" / "report.html").read_text()
    arguments = ["eis", str(ours), "--circuit", "RQ", "--other-amplitude", str(other), "--out", str(tmp_path / "both")]
    assert status_of(arguments) == 0
    told = capsys.readouterr().out
    assert "amplitude: the amplitudes differ by 36 % of |Z|" in told
    assert "not linear" in (tmp_path / "both" / "report.html").read_text()
    other.write_text(write(other, spectrum(0.006, seed=5)).read_text())
    assert status_of(arguments) == 2  # another spectrum is another run
    record = eis(ours, circuit="RQ", other_amplitude=other)
    assert record.linearity is not None
    assert record.linearity.linear
    assert (record.linearity.spectrum, record.linearity.file) == ("5mV", "100mV.csv")


def test_the_spectrum_that_is_meant_is_found_by_its_temperature(tmp_path):
    pair = [spectrum(0.005, seed=k, temperature_K=kelvin) for k, kelvin in enumerate((280.0, 300.0))]
    other = write(tmp_path / "300K.csv", spectrum(0.002, seed=7))
    record = eis(pair, circuit="RQ", other_amplitude=other)
    assert record.linearity is not None
    assert record.linearity.linear
    with pytest.raises(InputError, match="2 spectra, 0 of them"):
        eis(pair, circuit="RQ", other_amplitude=write(tmp_path / "other.csv", spectrum(0.002, seed=7)))
