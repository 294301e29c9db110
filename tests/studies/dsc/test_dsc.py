"""`dsc` as a whole: measured runs of known results, several rates, what is missing, asked or settled."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paddlewheel.errors import InputError
from paddlewheel.lab.dsc.scan import ThermalScan
from paddlewheel.lab.dsc.simulated import MadeBaseline, MadeEvent, make_run
from paddlewheel.records import Measured
from paddlewheel.studies.dsc.record import DscEvent, DscRecord, DscSegment
from paddlewheel.studies.dsc.study import STUDY


def up_and_down(*, melt_C: float = 100.0, freeze_C: float = 90.0, freezing_J_per_g: float = -50.0) -> ThermalScan:
    """Melting on heating and crystallization on cooling at 10 K/min, 10 mg."""
    parts = [
        make_run((MadeEvent(peak_C=melt_C, enthalpy_J_per_g=50.0),), start_C=30.0, end_C=150.0, rate_K_per_min=10.0,
                 noise_mW=0.005, baseline=MadeBaseline(level_mW=2.0)).scan,
        make_run((MadeEvent(peak_C=freeze_C, enthalpy_J_per_g=freezing_J_per_g),), start_C=150.0, end_C=30.0,
                 rate_K_per_min=10.0, noise_mW=0.005, baseline=MadeBaseline(level_mW=-2.0), seed=1).scan,
    ]  # fmt: skip
    first, second = parts
    return replace(
        first,
        time_s=np.concatenate([first.time_s, second.time_s + first.time_s[-1] + 0.5]),
        temperature_C=np.concatenate([first.temperature_C, second.temperature_C]),
        signal=np.concatenate([first.signal, second.signal]),
    )


def only_event(segment: DscSegment) -> DscEvent:
    (event,) = segment.events
    return event


def test_melting_and_crystallization_of_one_run():
    record = STUDY(up_and_down())
    hot, cold = record.segments
    assert (hot.direction, cold.direction) == ("heating", "cooling")
    assert hot.rate_K_per_min.value == pytest.approx(10.0, rel=1e-3)
    melting, freezing = only_event(hot), only_event(cold)
    assert (melting.kind, freezing.kind) == ("melting", "crystallization")
    assert melting.enthalpy_J_per_g is not None
    assert freezing.enthalpy_J_per_g is not None
    assert melting.enthalpy_J_per_g.value == pytest.approx(50.0, rel=0.005)
    assert freezing.enthalpy_J_per_g.value == pytest.approx(-50.0, rel=0.005)
    (pair,) = record.pairs
    assert not pair.differ
    assert pair.hysteresis_K is not None
    # both edges are two widths (2 K) from their tops, one below, one above, and the lag moves both ways
    assert pair.hysteresis_K.value == pytest.approx(100.0 - 90.0 - 2 * 2.0 + 2 * 10 / 60 * 8.0 * 0.4, abs=1.5)
    assert any("not calibrated" in warning for warning in record.warnings)
    assert len(record.rows) == 2


def test_an_enthalpy_that_does_not_come_back_is_told():
    (pair,) = STUDY(up_and_down(freezing_J_per_g=-40.0)).pairs
    assert pair.differ
    assert pair.cooling_over_heating is not None
    assert pair.cooling_over_heating.value == pytest.approx(0.8, abs=0.01)


def test_without_a_mass_there_is_no_enthalpy_per_gram():
    record = STUDY(replace(up_and_down(), mass_mg=None))
    event = only_event(record.segments[0])
    assert event.enthalpy_J_per_g is None
    assert event.enthalpy_mJ is not None
    assert event.enthalpy_mJ.value == pytest.approx(500.0, rel=0.005)
    assert any("no mass" in warning for warning in record.warnings)
    assert (
        only_event(STUDY(replace(up_and_down(), mass_mg=None), mass_mg=10.0).segments[0]).enthalpy_J_per_g is not None
    )


def test_microvolts_without_a_sensitivity_give_no_heat():
    record = STUDY(replace(up_and_down(), signal_unit="uV"))
    event = only_event(record.segments[0])
    assert event.enthalpy_J_per_g is None
    assert event.enthalpy_mJ is None
    assert event.area_uV_s is not None
    assert event.area_uV_s.value == pytest.approx(500.0, rel=0.005)
    assert any("--sensitivity" in warning for warning in record.warnings)


def test_the_sign_is_settled_by_what_comes_back_and_asked_otherwise():
    scan = up_and_down()
    turned = replace(scan, signal=-scan.signal, exothermic_known=False)
    record = STUDY(turned)
    assert only_event(record.segments[0]).kind == "melting"
    assert any("which way is exothermic" in warning for warning in record.warnings)
    (heating, _) = STUDY(scan).segments
    half = slice(0, int(np.searchsorted(scan.time_s, heating.end_s)))
    alone = replace(scan, time_s=scan.time_s[half], temperature_C=scan.temperature_C[half], signal=scan.signal[half],
                    exothermic_known=False)  # fmt: skip
    with pytest.raises(InputError, match="give --exothermic up or down"):
        STUDY(alone)
    assert only_event(STUDY(alone, exothermic="down").segments[0]).kind == "melting"


def test_cold_crystallization_and_decomposition_have_their_names():
    runs = make_run(
        (MadeEvent(peak_C=80.0, enthalpy_J_per_g=-20.0), MadeEvent(peak_C=120.0, enthalpy_J_per_g=30.0),
         MadeEvent(peak_C=170.0, enthalpy_J_per_g=-60.0)),
        start_C=30.0, end_C=220.0, rate_K_per_min=10.0, noise_mW=0.005,
    )  # fmt: skip
    (segment,) = STUDY(runs.scan).segments
    assert [event.kind for event in segment.events] == ["cold crystallization", "melting", "decomposition"]


def scans_at(rates: tuple[float, ...], enthalpy: float, peak_of: dict[float, float]) -> list[ThermalScan]:
    made = []
    for rate in rates:
        event = MadeEvent(peak_C=peak_of[rate], enthalpy_J_per_g=enthalpy, lag_s=0.0, width_K=2.0)
        run = make_run((event,), start_C=40.0, end_C=260.0, rate_K_per_min=rate, noise_mW=0.002 * rate, seed=int(rate))
        made.append(replace(run.scan, name=f"at {rate:g}"))
    return made


def test_kissinger_of_several_files():
    """Peaks of E = 150 kJ/mol and ln(A s) = 33.0, from beta E / (R T^2) = A exp(-E / (R T))."""
    from paddlewheel.lab.dsc.kinetics import shift_K

    first = 190.0
    peaks = {2.5: first} | {rate: first + shift_K(first, 150.0, 2.5, rate) for rate in (5.0, 10.0, 20.0)}
    record = STUDY(scans_at(tuple(peaks), -80.0, peaks))
    (group,) = record.rates
    assert group.kind == "decomposition"
    kissinger = group.barriers[0]
    assert kissinger.method == "Kissinger"
    assert kissinger.without_sense is None
    assert kissinger.energy_kJ_per_mol.value == pytest.approx(150.0, rel=0.01)


def test_melting_has_a_temperature_at_zero_rate_and_no_barrier():
    peaks = {rate: 150.0 + 0.3 * rate for rate in (2.5, 5.0, 10.0, 20.0)}
    record = STUDY(scans_at(tuple(peaks), 80.0, peaks))
    (group,) = record.rates
    zero = next(each for each in group.zero_rate if each.what == "peak")
    assert zero.form == "linear"
    assert zero.temperature_C.value == pytest.approx(150.0, abs=0.1)
    assert group.barriers
    assert all("thermal lag" in (each.without_sense or "") for each in group.barriers)


def test_windows_that_are_no_window_are_refused():
    with pytest.raises(InputError, match="narrower than 1 K"):
        STUDY(up_and_down(), windows_C=((50.0, 50.5),))
    with pytest.raises(InputError, match="no ramp passes"):
        STUDY(up_and_down(), windows_C=((500.0, 600.0),))


WINDOWS = ((20.0, 50.0), (25.0, 45.0), (15.0, 55.0), (10.0, 60.0), (0.0, 60.0), (22.0, 48.0), (20.0, 44.0),
           (28.0, 55.0), (-10.0, 65.0), (30.0, 50.0))  # fmt: skip


def test_eicosane(shared: Path, tmp_path: Path):
    """The program that wrote it gives 283.3 and 282.5 J/g, onset 35.44 and peak 37.14 C."""
    from paddlewheel.cli.main import status_of

    file = shared / "data" / "lab" / "dsc" / "ta2920_eicosane_1Cmin.txt"
    assert status_of(["dsc", str(file), "--out", str(tmp_path / "run")]) == 0
    record = DscRecord.model_validate_json((tmp_path / "run" / "result.json").read_text())
    hot, cold = (only_event(segment) for segment in record.segments)
    assert hot.enthalpy_J_per_g is not None
    assert cold.enthalpy_J_per_g is not None
    assert hot.onset_C is not None
    assert hot.peak_C is not None
    assert hot.enthalpy_J_per_g.value == pytest.approx(283.3, rel=0.005)
    assert cold.enthalpy_J_per_g.value == pytest.approx(-282.5, rel=0.005)
    assert hot.onset_C.value == pytest.approx(35.44, abs=0.05)
    assert hot.peak_C.value == pytest.approx(37.14, abs=0.1)
    assert not record.pairs[0].differ
    assert any("14 % over the literature of eicosane" in warning for warning in record.warnings)
    assert any("not calibrated" in warning for warning in record.warnings)
    windows = STUDY(file, windows_C=WINDOWS)
    found = [event for segment in windows.segments if segment.direction == "heating" for event in segment.events]
    assert len(found) == len(WINDOWS)
    for event in found:
        assert event.onset_C is not None
        assert event.enthalpy_J_per_g is not None
        assert event.onset_C.value == pytest.approx(35.44, abs=0.05)
        assert event.enthalpy_J_per_g.value == pytest.approx(283.3, rel=0.005)


def test_fpex0(shared: Path):
    """Its cp(T) has 199.5, 199.6, 202.4 and 199.5 J/g at 1.25 to 10 K/min, peaks at 132.0 to 140.3 C."""
    folder = shared / "data" / "lab" / "dsc" / "fpex0_ID407"
    record = STUDY([folder / f"ID407-rate_{rate}.json" for rate in ("1.25", "2.50", "5.00", "10.00")])
    events = [only_event(segment) for segment in record.segments]
    heats = [event.enthalpy_J_per_g.value for event in events if event.enthalpy_J_per_g is not None]
    # the last is 202.9 by the trapezoids of the file itself
    assert heats == pytest.approx([199.5, 199.6, 202.4, 202.9], rel=0.005)
    peaks = [event.peak_C.value for event in events if event.peak_C is not None]
    assert (peaks[0], peaks[-1]) == pytest.approx((132.1, 140.3), abs=0.2)
    assert record.rates[0].kind == "melting"


def written(folder: Path, document: dict[str, Any]) -> Path:
    folder.mkdir()
    (folder / "result.json").write_text(json.dumps(document))
    return folder


def ramp_of_diffraction(folder: Path, *, onset_C: float, rate: float) -> Path:
    """Of `xrd series`, as far as it is read: a phase that goes from `onset_C` on, over 20 K, in frames of 10 K."""
    set_C = np.arange(30.0, 151.0, 10.0)
    left = 1.0 - np.clip((set_C - onset_C) / 20.0, 0.0, 1.0)
    return written(folder, {
        "schema_version": 1, "kind": "xrd-series", "direction": "heating", "rate_K_per_min": rate, "wavelength_A": 0.7,
        "patterns": [
            {"file": f"{at:g}.xy", "temperature_K": at + 273.15, "phases": [
                {"name": "old", "weight_fraction": {"value": share, "std": 0.01}, "is_present": True},
                {"name": "new", "weight_fraction": {"value": 1 - share, "std": 0.01}, "is_present": True}]}
            for at, share in zip(set_C.tolist(), left.tolist(), strict=True)],
        "transitions": [
            {"phase": "old", "direction": "disappears", "onset_K": {"value": onset_C + 273.15, "std": 0.5}},
            {"phase": "new", "direction": "appears", "onset_K": {"value": onset_C + 273.35, "std": 0.5}}],
    })  # fmt: skip


def hull_that_crosses(folder: Path, at_C: float) -> Path:
    def phase(kelvin: float) -> dict[str, Any]:
        energy = {"value": 0.05 * (at_C + 273.15 - kelvin), "std": 1.0}
        return {
            "name": "new",
            "formula": "NaB",
            "e_above_hull_meV_per_atom": energy,
            "e_above_others_meV_per_atom": energy,
        }

    kelvins = (300.0, 350.0, 400.0, 450.0)
    return written(folder, {
        "schema_version": 1, "kind": "hull",
        "temperatures": [{"temperature_K": kelvin, "phases": [phase(kelvin)]} for kelvin in kelvins],
        "crossings": [{"name": "new", "temperature_K": {"value": at_C + 273.15, "std": 12.0}, "probability": 1.0,
                       "becomes_stable": True}],
    })  # fmt: skip


def test_one_axis_with_diffraction_and_free_energies(tmp_path: Path):
    """DSC at 10 K/min, XRD at 5 K/min and 8 K too low: the rates alone shift by R T^2 ln 2 / (E + 2 R T)."""
    scan = up_and_down()
    onset = only_event(STUDY(scan).segments[0]).onset_C
    assert onset is not None
    by_hand = 8.314462618e-3 * (onset.value + 273.15) ** 2 * np.log(2) / (150.0 + 2 * 8.314e-3 * (onset.value + 273.15))
    series = ramp_of_diffraction(tmp_path / "xrd", onset_C=onset.value - by_hand - 8.0, rate=5.0)
    beside = (series, hull_that_crosses(tmp_path / "hull", 80.0))
    record = STUDY(scan, beside=beside, barrier_kJ_per_mol=Measured(value=150.0, std=15.0), out=tmp_path / "run")
    axis = record.axis
    assert axis is not None
    (event,) = axis.events
    assert event.phases == ["old", "new"]
    assert event.shift_K is not None
    assert event.shift_K.value == pytest.approx(by_hand, rel=0.02)
    assert axis.slope is None
    assert axis.offset_K is not None
    assert axis.offset_K.value == pytest.approx(8.0, abs=0.3)  # the two onsets of diffraction are 0.2 K apart
    (crossing,) = axis.crossings
    assert crossing.away_K is not None
    assert crossing.away_K.value == pytest.approx(onset.value - 80.0, abs=1e-6)
    assert (tmp_path / "run" / "figures" / "axis.svg").is_file()
    unknown = STUDY(scan, beside=beside).axis
    assert unknown is not None
    assert unknown.events[0].shift_K is None
    assert unknown.events[0].shift_bounds_K is not None
    assert unknown.events[0].shift_bounds_K[0] < by_hand < unknown.events[0].shift_bounds_K[1]
    assert any("not known" in note for note in unknown.notes)


def test_a_record_of_another_kind_is_refused(tmp_path: Path):
    other = written(tmp_path / "eis", {"kind": "eis"})
    with pytest.raises(InputError, match="is a record of eis; give run directories of xrd series and hull"):
        STUDY(up_and_down(), beside=(other,))


def test_an_event_in_a_hold_has_times_and_its_heat():
    """20 K/min down to 100 C, then 5 mW x 150 s sqrt(2 pi) over 10 mg: 188.0 J/g given off, at its top after 15 min."""
    time_s = np.arange(0.0, 3600.0, 1.0)
    noise = np.random.default_rng(1)
    celsius = np.where(time_s < 300, 200.0 - 20.0 * time_s / 60.0, 100.0) + noise.normal(0.0, 0.002, time_s.size)
    flow = np.where(time_s < 300, -2.0, -2.0 * np.exp(-(time_s - 300.0) / 8.0))
    flow = flow - 5.0 * np.exp(-0.5 * ((time_s - 1200.0) / 150.0) ** 2) + noise.normal(0.0, 0.005, time_s.size)
    scan = ThermalScan(name="hold", source="made", time_s=time_s, temperature_C=celsius, signal=flow,
                       exothermic_known=True, mass_mg=10.0)  # fmt: skip
    record = STUDY(scan)
    cooling, hold = record.segments
    assert (cooling.events, hold.direction) == ([], "isothermal")
    event = only_event(hold)
    assert (event.kind, event.onset_C, event.peak_C) == ("exothermic", None, None)
    assert event.enthalpy_J_per_g is not None
    assert event.enthalpy_J_per_g.value == pytest.approx(-188.0, rel=0.005)
    assert event.peak_s == pytest.approx(1200.0, abs=10.0)
    assert any("hold at 100 °C for 55 min: exothermic, onset 1" in line for line in said(record))
    alone = time_s >= 300
    only = STUDY(replace(scan, time_s=time_s[alone], temperature_C=celsius[alone], signal=flow[alone]))
    assert [segment.direction for segment in only.segments] == ["isothermal"]
    assert only_event(only.segments[0]).kind == "exothermic"


def said(record: DscRecord) -> list[str]:
    return list(STUDY.says(record))


def test_what_is_cut_has_no_name_and_no_sign():
    scan = up_and_down()
    for window in ((30.0, 100.0), (98.0, 102.0)):
        event = only_event(STUDY(scan, windows_C=(window,)).segments[0])
        assert (event.kind, event.thermal) == ("unnamed", "unknown")
        assert event.refused
    (spike,) = STUDY(with_spike()).segments[0].events
    assert (spike.kind, spike.enthalpy_J_per_g) == ("unnamed", None)
    assert "spike" in (spike.refused or "")


def with_spike() -> ThermalScan:
    scan = make_run((), start_C=30.0, end_C=150.0, rate_K_per_min=10.0, noise_mW=0.005).scan
    signal = scan.signal.copy()
    signal[1000:1003] += 3.0, 5.0, 2.0
    return replace(scan, signal=signal)


def test_a_wide_endotherm_that_nothing_undoes_is_no_melting():
    """Pyrolysis takes up heat over 100 K; melting is sharper."""
    wide = make_run((MadeEvent(peak_C=320.0, enthalpy_J_per_g=200.0, width_K=25.0),), start_C=30.0, end_C=600.0,
                    rate_K_per_min=10.0, noise_mW=0.01)  # fmt: skip
    event = only_event(STUDY(wide.scan).segments[0])
    assert (event.kind, event.thermal) == ("endothermic", "endothermic")


def test_a_decomposition_of_15_K_is_no_melting_and_melting_below_which_it_crystallized_is():
    sharp, wide = (
        MadeEvent(peak_C=250.0, enthalpy_J_per_g=40.0, width_K=2.0),
        MadeEvent(peak_C=250.0, enthalpy_J_per_g=40.0, width_K=6.0),
    )
    cold = MadeEvent(peak_C=130.0, enthalpy_J_per_g=-30.0, width_K=5.0)

    def kinds(*events: MadeEvent) -> list[str]:
        run = make_run(events, start_C=30.0, end_C=400.0, rate_K_per_min=10.0, noise_mW=0.01)
        return [event.kind for event in STUDY(run.scan).segments[0].events]

    assert kinds(sharp) == ["melting"]
    assert kinds(wide) == ["endothermic"]
    assert kinds(cold, wide) == ["cold crystallization", "melting"]


def test_a_ramp_before_a_hold_has_no_events_of_the_turn():
    """Noise of 0.01 K, which moves the turn by a point or two, and the step of the heat flow there."""
    time_s = np.arange(0.0, 1800.0, 1.0)
    for seed in range(6):
        noise = np.random.default_rng(seed)
        celsius = np.where(time_s < 600, 200.0 - 10.0 * time_s / 60.0, 100.0) + noise.normal(0.0, 0.01, time_s.size)
        flow = -1.0 * (time_s < 600) + noise.normal(0.0, 0.01, time_s.size)
        scan = ThermalScan(name="turn", source="made", time_s=time_s, temperature_C=celsius, signal=flow,
                           exothermic_known=True, mass_mg=10.0)  # fmt: skip
        assert [segment.events for segment in STUDY(scan).segments] == [[], []]


def test_standards_make_a_calibration_that_holds(tmp_path: Path):
    """Indium and tin by an instrument that reads 1.5 K too high and 4 % too little heat; then indium by itself."""
    runs = []
    for name, melts_C, heat in (("In", 156.5985, 28.6624), ("Sn", 231.928, 60.40)):
        made = make_run((MadeEvent(peak_C=melts_C + 2.0, enthalpy_J_per_g=0.96 * heat, width_K=0.6, lag_s=2.0),),
                        start_C=melts_C - 60, end_C=melts_C + 60, rate_K_per_min=10.0, noise_mW=0.005)  # fmt: skip
        shift = melts_C + 1.5 - made.onsets_C[0]
        runs.append(replace(made.scan, name=name, temperature_C=made.scan.temperature_C + shift))
    record = STUDY(runs, standard=("In", "Sn"), out=tmp_path / "standards")
    file = tmp_path / "standards" / record.files["calibration"]
    event = only_event(STUDY(runs[0], calibration=file).segments[0])
    assert event.onset_C is not None
    assert event.enthalpy_J_per_g is not None
    assert event.onset_C.value == pytest.approx(156.6, abs=0.1)
    assert event.enthalpy_J_per_g.value == pytest.approx(28.66, rel=0.01)
    with pytest.raises(InputError, match="no standard 'Xx'"):
        STUDY(runs, standard=("Xx",))
    with pytest.raises(InputError, match="3 for 2 runs"):
        STUDY(runs, standard=("In", "Sn", "Zn"))
