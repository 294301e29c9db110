"""`nmr simulate`: decays of mixtures, recoveries and exchange whose truth is known, as files of a spectrometer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator

from paddlewheel.errors import SettingsError
from paddlewheel.lab.nmr.signal import Signal
from paddlewheel.lab.nmr.simulated import (
    ExchangeTruth,
    Flaws,
    Observation,
    RelaxationTruth,
    borohydride_sites,
    bruker_files,
    csdm_text,
    magnetization,
    simulate_exchange,
    simulate_recoveries,
    simulate_spectrum,
)
from paddlewheel.records import Citation
from paddlewheel.records.tables import Columns, stacked
from paddlewheel.studies.nmr_simulate.record import (
    CURVES,
    SPECTRA,
    TRUTH,
    Kind,
    NmrSimulateRecord,
    SimulatedMeasurement,
)
from paddlewheel.study.run import Run
from paddlewheel.study.settings import MOST_SEED, Numbers, Settings, setting
from paddlewheel.study.study import Study

_SPECTRUM: dict[str, Any] = {"experiment": ("spectrum",)}
_RECOVERY: dict[str, Any] = {"experiment": ("recovery",)}
_EXCHANGE: dict[str, Any] = {"experiment": ("exchange",)}
_DRAWN_POINTS = 2048
_CITATIONS = (
    Citation(what="sidebands from one turn of the rotor",
             reference="Levitt, Eden, Mol. Phys. 95, 879 (1998)", doi="10.1080/00268979809483221"),
    Citation(what="quadrupolar relaxation of spin 3/2",
             reference="Hubbard, J. Chem. Phys. 53, 985 (1970)", doi="10.1063/1.1674167"),
    Citation(what="exchange in two dimensions",
             reference="Jeener, Meier, Bachmann, Ernst, J. Chem. Phys. 71, 4546 (1979)", doi="10.1063/1.438208"),
)  # fmt: skip


class NmrSimulateSettings(Settings):
    """Settings of `nmr simulate`."""

    experiment: Kind = setting(
        "spectrum", "What is measured: 11B of a mixture, 23Na recoveries over temperature, 1H exchange."
    )
    format: Literal["bruker", "csdm"] = setting("bruker", "Files to write: folders of a Bruker spectrometer, or CSDM.")
    proton_MHz: float = setting(400.13, "Frequency of protons in the magnet, MHz.", ge=20, le=2000)
    seed: int = setting(0, "Of the noise.", ge=0, le=MOST_SEED)
    noise: float = setting(0.003, "Standard deviation of a point over the largest one.", ge=0, le=10)
    phase_deg: float = setting(0.0, "Phase of the receiver, degrees.", ge=-360, le=360)
    dead_time_us: float = setting(0.0, "From the pulse to the first point, us.", ge=0, le=1000)
    ringing: float = setting(0.0, "Of the probe, over the largest point: a baseline that rolls.", ge=0, le=10)
    metastable: float = setting(
        0.9, "Share of the BH4 boron that is in o-NBH; the rest is in NaBH4.", ge=0, le=1, only_with=_SPECTRUM
    )
    cq_MHz: Numbers = setting(
        (0.0, 0.0), "Quadrupolar coupling of B12H12 and of BH4, MHz.", each=(0, 20), only_with=_SPECTRUM
    )
    eta: Numbers = setting((0.0, 0.0), "Asymmetry of both.", each=(0, 1), only_with=_SPECTRUM)
    gauss_Hz: Numbers = setting(
        (180.0, 90.0), "Gaussian widths at half height of both, Hz.", each=(0, 1e5), only_with=_SPECTRUM
    )
    lorentz_Hz: Numbers = setting(
        (60.0, 40.0), "Lorentzian widths of both (of B12H12 and BH4 protons in an exchange), Hz.", each=(0, 1e5)
    )
    spinning_Hz: float = setting(30_000.0, "Rate of magic angle spinning, Hz.", ge=100, le=200_000)
    pulse_us: float = setting(
        1.73, "Length of the pulse, us; 0 for an ideal one of 90 degrees.", ge=0, le=1000, only_with=_SPECTRUM
    )
    nutation_Hz: float = setting(
        145_000.0, "Radio-frequency field gamma B1 / 2 pi, Hz.", ge=100, le=1e7, only_with=_SPECTRUM
    )
    temperatures_K: Numbers = setting(
        (213, 233, 253, 273, 288, 303, 318, 333, 348, 363, 383, 403),
        "Temperatures of the recoveries, K.",
        each=(10, 3000),
        distinct="give each temperature once",
        only_with=_RECOVERY,
    )
    activation_energy_eV: float = setting(0.23, "Of the jumps, eV.", gt=0, le=3, only_with=_RECOVERY)
    beta: float = setting(1.54, "Exponent of the spectral density, above 1.", gt=1, le=2, only_with=_RECOVERY)
    jump_rate_per_s: float = setting(7e8, "1 / tau at the temperature `maximum_at_K`, 1/s.", gt=1, le=1e14,
                                     only_with=_RECOVERY)  # fmt: skip
    maximum_at_K: float = setting(303.15, "Temperature of that jump rate, K.", gt=0, only_with=_RECOVERY)
    shortest_t1_s: float = setting(0.56e-3, "Shortest T1 of all temperatures, s.", gt=1e-9, le=1e6, only_with=_RECOVERY)
    n_delays: int = setting(16, "Delays of a recovery.", ge=3, le=4096, only_with=_RECOVERY)
    preparation: Literal["saturation", "inversion", "selective-saturation", "selective-inversion"] = setting(
        "saturation", "What the pulses before the delay do; selective: to the central line alone.", only_with=_RECOVERY
    )
    completeness: float = setting(
        1.0, "Share of the saturation or inversion that is reached.", gt=0, le=1, only_with=_RECOVERY
    )
    rate_per_s: float = setting(120.0, "From B12H12 to BH4 protons, 1/s.", gt=0, le=1e9, only_with=_EXCHANGE)
    mixing_ms: Numbers = setting(
        (0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0),
        "Mixing times, ms.",
        each=(0, 1e6),
        distinct="give each mixing time once",
        only_with=_EXCHANGE,
    )
    shifts_ppm: Numbers = setting(
        (1.6, -0.4), "Shifts of B12H12 and BH4 protons, ppm.", each=(-1000, 1000), only_with=_EXCHANGE
    )
    t1_s: float = setting(1.0, "T1 of the protons, s.", gt=0, le=1e6, only_with=_EXCHANGE)
    n_rows: int = setting(176, "Rows of the indirect dimension.", ge=8, le=8192, only_with=_EXCHANGE)
    row_interval_us: float = setting(50.0, "Step of the indirect dimension, us.", gt=0, le=1e6, only_with=_EXCHANGE)
    acquired: Literal["states", "states-tppi", "echo-antiecho", "qf"] = setting(
        "states-tppi", "How rows hold the phase of the indirect dimension.", only_with=_EXCHANGE
    )
    row_noise: float = setting(0.0, "Relative deviation of the gain from row to row.", ge=0, le=1, only_with=_EXCHANGE)
    odd_last_row: bool = setting(False, "Leave the last row out, as of a stopped measurement.", only_with=_EXCHANGE)

    @model_validator(mode="after")
    def _of_both(self) -> Self:
        for name in ("cq_MHz", "eta", "gauss_Hz", "lorentz_Hz", "shifts_ppm"):
            if len(getattr(self, name)) != 2:
                raise SettingsError(f"{len(getattr(self, name))} numbers", where=name, remedy="give two: B12H12, BH4")
        if self.experiment == "recovery" and not self.temperatures_K:
            raise SettingsError("none", where="temperatures_K", remedy="give one or more")
        if self.experiment == "exchange" and not self.mixing_ms:
            raise SettingsError("none", where="mixing_ms", remedy="give one or more")
        return self


@dataclass(frozen=True)
class _Nothing:
    """A simulation has no inputs."""

    def document(self) -> dict[str, Any]:
        """Nothing beside the settings."""
        return {}


@dataclass(frozen=True, kw_only=True)
class _Made:
    """Signals with the value that tells each apart, their truth, and the columns of what they follow without noise."""

    signals: Sequence[Signal]
    values: Sequence[float | None]
    truth: dict[str, Any]
    curves: Columns


def _measures(_inputs: _Nothing, settings: NmrSimulateSettings, run: Run) -> NmrSimulateRecord:
    made = {"spectrum": _spectrum, "recovery": _recovery, "exchange": _exchange}[settings.experiment](settings)
    truth = json.dumps(made.truth, indent=1) + "\n"
    rows = []
    for signal, value in zip(made.signals, made.values, strict=True):
        if settings.format == "csdm":
            path = run.text(f"{signal.name}.csdf", csdm_text(signal))
        else:
            path = signal.name
            for name, content in bruker_files(signal).items():
                run.text(f"{path}/{name}", content)
        n_rows, n_points = signal.values.shape
        rows.append(SimulatedMeasurement(path=path, n_rows=n_rows, n_points=n_points, value=value))
    axis = made.signals[0].axis
    return NmrSimulateRecord(
        experiment=settings.experiment,
        nucleus=axis.nucleus,
        carrier_MHz=axis.carrier_MHz,
        spectral_width_Hz=axis.spectral_width_Hz,
        measurements=rows,
        truth=json.loads(truth),
        files={
            "truth": run.text(TRUTH, truth),
            "spectra": run.table(SPECTRA, _drawn(made.signals, settings)),
            "curves": run.table(CURVES, made.curves),
        },
        citations=list(_CITATIONS),
        provenance=run.provenance(),
    )


def _flaws(settings: NmrSimulateSettings) -> Flaws:
    return Flaws(
        phase_deg=settings.phase_deg,
        dead_time_us=settings.dead_time_us,
        ringing=settings.ringing,
        noise=settings.noise,
        row_noise=settings.row_noise,
    )


def _two(numbers: Sequence[float]) -> tuple[float, float]:
    return numbers[0], numbers[1]


def _spectrum(settings: NmrSimulateSettings) -> _Made:
    sites = borohydride_sites(
        metastable=settings.metastable,
        cq_MHz=_two(settings.cq_MHz),
        eta=_two(settings.eta),
        gauss_Hz=_two(settings.gauss_Hz),
        lorentz_Hz=_two(settings.lorentz_Hz),
    )
    observation = Observation(
        nucleus="11B",
        proton_MHz=settings.proton_MHz,
        carrier_ppm=-30.0,
        spinning_Hz=settings.spinning_Hz,
        nutation_Hz=settings.nutation_Hz,
        pulse_us=settings.pulse_us,
    )
    signal, truth = simulate_spectrum(sites, observation, flaws=_flaws(settings), seed=settings.seed, name="spectrum")
    names = [row["name"] for row in truth["sites"]]
    curves = {
        "site": np.array(names),
        "shift_ppm": np.array([row["shift_ppm"] for row in truth["sites"]]),
        "fraction": np.array([row["fraction"] for row in truth["sites"]]),
        "share_of_signal": np.array([row["share_of_signal_at_time_0"] for row in truth["sites"]]),
    }
    return _Made(signals=[signal], values=[None], truth=truth, curves=curves)


def _recovery(settings: NmrSimulateSettings) -> _Made:
    observation = Observation(
        nucleus="23Na", proton_MHz=settings.proton_MHz, spectral_width_Hz=50_000.0, n_points=512, carrier_ppm=-11.0,
        spinning_Hz=settings.spinning_Hz, nutation_Hz=135_000.0, pulse_us=0.9,
    )  # fmt: skip
    relaxation = RelaxationTruth.of_maximum(
        maximum_at_K=settings.maximum_at_K,
        jump_rate_at_maximum_per_s=settings.jump_rate_per_s,
        activation_energy_eV=settings.activation_energy_eV,
        beta=settings.beta,
        shortest_t1_s=settings.shortest_t1_s,
        larmor_MHz=observation.axis.carrier_MHz,
    )
    preparation: Any = settings.preparation.replace("-", " ")
    signals, truth = simulate_recoveries(
        relaxation,
        temperatures_K=settings.temperatures_K,
        n_delays=settings.n_delays,
        flaws=_flaws(settings),
        seed=settings.seed,
        preparation=preparation,
        completeness=settings.completeness,
        observation=observation,
    )
    parts = []
    for signal, row in zip(signals, truth["temperatures"], strict=True):
        assert signal.delays_s is not None
        seen = magnetization(
            signal.delays_s, w1_per_s=row["w1_per_s"], w2_per_s=row["w2_per_s"], preparation=preparation,
            completeness=settings.completeness,
        )  # fmt: skip
        same = np.ones(seen.size)
        parts.append((same * row["temperature_K"], signal.delays_s, seen, same * row["r1_per_s"]))
    curves = stacked(("temperature_K", "delay_s", "magnetization", "r1_per_s"), parts)
    return _Made(signals=signals, values=list(settings.temperatures_K), truth=truth, curves=curves)


def _exchange(settings: NmrSimulateSettings) -> _Made:
    sites = ExchangeTruth(
        shifts_ppm=_two(settings.shifts_ppm),
        rates_per_s=((0, 1, settings.rate_per_s),),
        t1_s=(settings.t1_s,),
        lorentz_Hz=_two(settings.lorentz_Hz),
    )
    mixing_s = [1e-3 * time for time in settings.mixing_ms]
    signals, truth = simulate_exchange(
        mixing_s,
        sites,
        n_rows=settings.n_rows,
        row_interval_us=settings.row_interval_us,
        acquired=settings.acquired,
        observation=Observation(
            nucleus="1H", proton_MHz=settings.proton_MHz, spectral_width_Hz=50_000.0, n_points=2048, carrier_ppm=1.0,
            spinning_Hz=settings.spinning_Hz, nutation_Hz=184_000.0, pulse_us=1.36,
        ),
        flaws=_flaws(settings),
        odd_last_row=settings.odd_last_row,
        seed=settings.seed,
    )  # fmt: skip
    volumes = np.array(truth["volumes_direct_indirect"])
    columns: dict[str, np.ndarray] = {"mixing_s": np.array(mixing_s)}
    for start, begins in enumerate(sites.names):
        for end, ends in enumerate(sites.names):
            columns[f"{begins} to {ends}"] = volumes[:, end, start]
    return _Made(signals=signals, values=mixing_s, truth=truth, curves=columns)


def _drawn(signals: Sequence[Signal], settings: NmrSimulateSettings) -> Columns:
    """The spectrum of the row that says most of each signal: the last of a recovery, the first of an exchange."""
    parts = []
    for number, signal in enumerate(signals, start=1):
        row = signal.values[-1 if settings.experiment == "recovery" else 0].copy()
        row[0] *= 0.5
        n_points = max(_DRAWN_POINTS, row.size)
        spectrum = np.fft.fftshift(np.fft.fft(row, n_points)).real
        parts.append((np.full(n_points, float(number)), signal.axis.shift_ppm(n_points), spectrum))
    return stacked(("measurement", "shift_ppm", "real"), parts)


def _says(record: NmrSimulateRecord) -> list[str]:
    first, last = record.measurements[0], record.measurements[-1]
    named = first.path if first is last else f"{first.path} to {last.path}"
    lines = [f"{len(record.measurements)} of {record.nucleus}: {named}, {first.n_rows} x {first.n_points} points"]
    return [*lines, f"the truth: {record.files['truth']}"]


STUDY = Study(
    command="nmr simulate",
    arguments=(),
    settings=NmrSimulateSettings,
    record=NmrSimulateRecord,
    opens=lambda settings: _Nothing(),
    measures=_measures,
    says=_says,
    needs_directory=True,
    example="paddlewheel nmr simulate --experiment exchange --rate-per-s 120 --out exchange",
    notes="Nothing of what makes these measurements is shared with what reads or fits them.",
)
