"""The simulated exchange, and its files as nmrglue and csdmpy read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import expm

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.nmr.signal import Signal
from paddlewheel.lab.nmr.simulated import (
    ExchangeTruth,
    Flaws,
    RelaxationTruth,
    bruker_files,
    csdm_text,
    simulate_exchange,
    simulate_recovery,
)

_THREE = ExchangeTruth(
    names=("a", "b", "c"),
    shifts_ppm=(3.0, 0.5, -1.0),
    populations=(6.0, 3.0, 1.0),
    rates_per_s=((0, 1, 40.0), (1, 2, 90.0)),
    t1_s=(0.5, 0.7, 0.2),
    lorentz_Hz=(60.0, 60.0, 60.0),
    gauss_Hz=(0.0, 0.0, 0.0),
)


def test_volumes_are_the_exponential_of_the_generator() -> None:
    start = np.diag(np.array(_THREE.populations) / 10)
    assert np.allclose(_THREE.volumes(0.013), expm(_THREE.generator_per_s * 0.013) @ start, atol=1e-14)


def test_detailed_balance_and_leakage() -> None:
    volumes = _THREE.volumes(0.02)
    assert np.allclose(volumes, volumes.T)  # nothing flows round in equilibrium
    lossless = ExchangeTruth(t1_s=(1e12,))
    assert np.allclose(lossless.volumes(1.0), np.outer([0.75, 0.25], [0.75, 0.25]), atol=1e-9)


def test_rows_hold_cosine_and_sine() -> None:
    """States-TPPI: row 2k is (-1)^k times the cosine of the phase after k steps, row 2k + 1 the sine."""
    lone = ExchangeTruth(names=("a",), shifts_ppm=(3.0,), populations=(1.0,), rates_per_s=(), lorentz_Hz=(0.0,),
                         gauss_Hz=(0.0,))  # fmt: skip
    (signal,), told = simulate_exchange([0.0], lone, n_rows=8, row_interval_us=50.0)
    offset_Hz = (3.0 - 1.0) * told["observation"]["proton_MHz"]
    phase = 2 * np.pi * offset_Hz * 50e-6 * np.arange(4)
    sign = np.array([1, -1, 1, -1])
    assert np.allclose(signal.values[0::2, 0], sign * np.cos(phase), atol=1e-3)  # 1H's ratio is 99.99998 %
    assert np.allclose(signal.values[1::2, 0], sign * np.sin(phase), atol=1e-3)
    (odd,), _ = simulate_exchange([0.0], lone, n_rows=8, odd_last_row=True)
    assert odd.values.shape[0] == 7


def _write(signal: Signal, folder: Path, **how: float) -> Path:
    for name, content in bruker_files(signal, **how).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_nmrglue_reads_a_bruker_folder(tmp_path: Path) -> None:
    import nmrglue

    (signal,), _ = simulate_exchange([0.004], _THREE, n_rows=10, flaws=Flaws(noise=0.001), odd_last_row=True)
    told, values = nmrglue.bruker.read(str(_write(signal, tmp_path, group_delay_points=0)))
    assert np.array_equal(values, signal.values)
    assert told["acqu2s"]["FnMODE"] == 5
    assert told["acqus"]["D"][8] == 0.004
    assert told["acqu2s"]["SW_h"] == pytest.approx(20_000)


def test_the_digital_filter_comes_off_again(tmp_path: Path) -> None:
    """By nmrglue: past the first points, which a perfect filter's step spreads, the decay is the one that went in."""
    import nmrglue

    signal, _ = simulate_recovery([1e-3, 1.0], RelaxationTruth(), temperature_K=300.0)
    told, values = nmrglue.bruker.read(str(_write(signal, tmp_path)))
    clean = nmrglue.bruker.remove_digital_filter(told, values)
    # the step rings on as 1 / (pi n) of the first point, by turns up and down, times the fraction of the delay (0.02)
    assert np.abs(clean[:, 40:300] - signal.values[:, 40:300]).max() < 0.01
    assert nmrglue.bruker.read_vdlist(str(tmp_path)) == pytest.approx([1e-3, 1.0])


def test_csdmpy_reads_csdm(tmp_path: Path) -> None:
    csdmpy = pytest.importorskip("csdmpy")
    signal, _ = simulate_recovery([1e-3, 1.0], RelaxationTruth(), temperature_K=300.0)
    path = tmp_path / "one.csdf"
    path.write_text(csdm_text(signal))
    read = csdmpy.load(str(path))
    assert np.array_equal(read.y[0].components[0], signal.values)
    assert read.x[0].increment.to("us").value == pytest.approx(20.0)


def test_bad_sites_and_spectra_are_told() -> None:
    with pytest.raises(SettingsError, match="shifts_ppm: 1 for 2 sites"):
        ExchangeTruth(shifts_ppm=(1.0,))
    (signal,), _ = simulate_exchange([0.0], _THREE, n_rows=8)
    from dataclasses import replace

    with pytest.raises(DataError, match="holds spectra; write decays"):
        bruker_files(replace(signal, domain="frequency"))


@pytest.mark.parametrize("group_delay_points", [0.0, 67.98])
def test_our_reader_reads_what_was_written(group_delay_points: float, tmp_path: Path) -> None:
    """Axes, mixing time, phases of the rows, and the spectrum: the same with the digital filter and without."""
    from paddlewheel.lab.nmr.processing import to_spectrum
    from paddlewheel.lab.nmr.readers import read_nmr

    (signal,), _ = simulate_exchange([0.004], _THREE, n_rows=24, flaws=Flaws(noise=1e-6))
    (read,) = read_nmr(_write(signal, tmp_path, group_delay_points=group_delay_points))
    assert (read.quadrature, read.mixing_s, read.warnings) == ("states-tppi", 0.004, ())
    assert read.indirect is not None
    assert read.indirect.spectral_width_Hz == pytest.approx(20_000)
    assert read.axis.carrier_ppm == pytest.approx(signal.axis.carrier_ppm, abs=1e-6)
    assert read.group_delay_points == group_delay_points
    spectrum, true = to_spectrum(read), to_spectrum(signal)
    assert np.abs(spectrum.values - true.values).max() < 0.002 * np.abs(true.values).max()
