"""Readers of calorimeters: each program's text of one run gives that run; what contradicts is asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import calorimeter_files as made
from paddlewheel.errors import DataError
from paddlewheel.lab.dsc.readers import read_scans


def written(folder: Path, text: str, *, name: str = "run.txt", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
@pytest.mark.parametrize("program", made.FORMATS)
def test_every_program_s_text_gives_the_run(tmp_path: Path, program: str, encoding: str) -> None:
    (scan,) = read_scans(written(tmp_path, made.FORMATS[program](), encoding=encoding))
    # to the digits that are printed: 1e-5 min, 1e-5 K, 1e-5 mW/mg
    np.testing.assert_allclose(scan.time_s, made.TIME_S, atol=4e-4)
    np.testing.assert_allclose(scan.temperature_C, made.TEMPERATURE_C, atol=1e-5)
    known = program != "setaram"  # it alone does not say the way of exothermic
    np.testing.assert_allclose(scan.signal, made.FLOW_MW, atol=1e-4)
    assert (scan.mass_mg, scan.signal_unit, scan.exothermic_known) == (5.0, "mW", known)
    assert scan.name == "made" or program == "pyris"


T_K, T_F, T_MIN, T_H = made.TEMPERATURE_C + 273.15, made.TEMPERATURE_C * 1.8 + 32, made.TIME_S / 60, made.TIME_S / 3600
PER_G = made.FLOW_MW / made.MASS_MG
CP = made.FLOW_MW / made.MASS_MG / (made.RATE_K_PER_MIN / 60)


@pytest.mark.parametrize(
    ("header", "columns", "separator", "comma"),
    [
        ("Time (s),Temperature (C),Heat Flow Endo Up (mW)", (made.TIME_S, made.TEMPERATURE_C, made.FLOW_MW), ",",
         False),
        ("Zeit [min];Probentemperatur [°C];Wärmestrom (endo up) [mW]", (T_MIN, made.TEMPERATURE_C, made.FLOW_MW), ";",
         True),
        ("Temps (h)\tTempérature échantillon (°C)\tFlux de chaleur (exo bas) (W)",
         (T_H, made.TEMPERATURE_C, made.FLOW_MW / 1e3), "\t", True),
        ("time_s temperature_K heat_flow_endo_up_uW", (made.TIME_S, T_K, made.FLOW_MW * 1e3), " ", False),
        ("t/min  Ts/°F  DSC (exo down)/(mW/mg)", (T_MIN, T_F, PER_G), "  ", False),
        ("Temp./°C;Zeit/min;DSC exo up/(uV/mg);Empfindl./(uV/mW)",
         (made.TEMPERATURE_C, T_MIN, -PER_G * 1.5, np.full(200, 1.5)), ";", True),
        ("Temperature (°C)\tcp (J/(g K))\ttime (s)", (made.TEMPERATURE_C, CP, made.TIME_S), "\t", False),
        ("time (min),T (°C),cp_J_per_gK", (T_MIN, made.TEMPERATURE_C, CP), ",", False),
        ("Furnace temperature (C),Sample temperature (C),Time (min),HF endo up (W/g)",
         (made.TEMPERATURE_C + 4, made.TEMPERATURE_C, T_MIN, PER_G), ",", False),
        ("Tiempo (s);Temperatura muestra (°C);Flujo de calor, exo arriba (mW)",
         (made.TIME_S, made.TEMPERATURE_C, -made.FLOW_MW), ";", True),
    ],
)  # fmt: skip
def test_columns_of_any_program_language_and_unit(
    tmp_path: Path, header: str, columns: tuple[np.ndarray, ...], separator: str, comma: bool
) -> None:
    text = f"Sample mass: 5 mg\n\n{header}\n{made.rows(*columns, digits=9, separator=separator, comma=comma)}\n\n"
    (scan,) = read_scans(written(tmp_path, text, encoding="utf-8"))
    np.testing.assert_allclose(scan.time_s, made.TIME_S, atol=1e-4)  # nine digits of hours
    np.testing.assert_allclose(scan.temperature_C, made.TEMPERATURE_C, atol=1e-6)
    # a heat capacity becomes a heat flow by the slope of the temperature: exact on a line, to rounding
    np.testing.assert_allclose(scan.signal, made.FLOW_MW, atol=1e-5)
    assert scan.exothermic_known
    assert (scan.mass_mg, scan.signal_unit) == (5.0, "mW")


def csv(*columns: np.ndarray, header: str, digits: int = 6) -> str:
    return f"{header}\n{made.rows(*columns, digits=digits, separator=',')}\n"


def test_a_time_without_a_unit_is_told_by_the_rate(tmp_path: Path) -> None:
    text = csv(T_MIN, made.TEMPERATURE_C, made.FLOW_MW, header="time,temperature (C),heat flow endo up (mW)")
    (scan,) = read_scans(written(tmp_path, text))  # 600 K/min in s, 0.17 in h: neither is a calorimeter's
    np.testing.assert_allclose(scan.time_s, made.TIME_S, atol=1e-3)
    slow = csv(T_MIN * 10, made.TEMPERATURE_C, made.FLOW_MW, header="time,temperature (C),heat flow endo up (mW)")
    with pytest.raises(DataError, match="time without a unit"):  # 1 K/min in min, 60 in s: both are
        read_scans(written(tmp_path, slow))
    (scan,) = read_scans(written(tmp_path, slow), rate_K_per_min=1.0)
    np.testing.assert_allclose(scan.time_s, made.TIME_S * 10, atol=1e-2)


def test_a_time_that_contradicts_the_stated_rate_is_refused(tmp_path: Path) -> None:
    body = csv(T_MIN, made.TEMPERATURE_C, made.FLOW_MW, header="time (s),temperature (C),heat flow endo up (mW)")
    with pytest.raises(DataError, match="its time in s makes 600 K/min, and 10 K/min is stated, which it is in min"):
        read_scans(written(tmp_path, f"Heating rate: 10 K/min\n{body}"))
    (scan,) = read_scans(written(tmp_path, f"Heating rate: 10 K/min\n{body}"), columns={"time_min": "time"})
    np.testing.assert_allclose(scan.time_s, made.TIME_S, atol=1e-3)


def test_a_mass_that_two_columns_contradict_is_refused(tmp_path: Path) -> None:
    header = "time (s),temperature (C),heat flow endo up (mW),heat flow endo up (W/g)"
    body = csv(made.TIME_S, made.TEMPERATURE_C, made.FLOW_MW, PER_G, header=header, digits=8)
    with pytest.raises(DataError, match=r"is 5 mg, and 7 mg is stated; give --mass-mg"):
        read_scans(written(tmp_path, f"Sample mass: 7 mg\n{body}"))
    (scan,) = read_scans(written(tmp_path, body))
    assert scan.mass_mg == pytest.approx(5.0, rel=1e-5)  # eight digits
    with pytest.raises(DataError, match="states 5 and 6 mg"):
        read_scans(written(tmp_path, f"Sample mass: 5 mg\nSample weight: 6 mg\n{body}"))


@pytest.mark.parametrize(
    ("header", "offset", "said"),
    [
        ("temperature (K)", 0.0, "taken in degrees Celsius"), ("temperature", 273.15, "taken in K"),
        ("temperature", 0.0, "taken in degrees Celsius"), ("temperature (C)", 273.15, "check that it is not in K"),
    ],
)  # fmt: skip
def test_kelvin_and_celsius_are_held_against_the_numbers(tmp_path: Path, header: str, offset: float, said: str) -> None:
    text = csv(made.TIME_S, made.TEMPERATURE_C + offset, made.FLOW_MW, header=f"time (s),{header},endo up (mW)")
    (scan,) = read_scans(written(tmp_path, text))
    expected = made.TEMPERATURE_C + (offset if "check" in said else 0.0)
    np.testing.assert_allclose(scan.temperature_C, expected, atol=1e-5)
    assert any(said in line for line in scan.warnings)


def test_without_time_the_rate_is_asked_and_tells_it(tmp_path: Path) -> None:
    hold = np.full(60, 25.0) + 0.002 * np.sin(np.arange(60))
    temperature = np.concatenate([hold, made.TEMPERATURE_C, made.TEMPERATURE_C[::-1]])
    flow = np.concatenate([np.zeros(60), made.FLOW_MW, -made.FLOW_MW])
    path = written(tmp_path, csv(temperature, flow, header="Temperature (C), Heat Flow Endo Up (mW)"))
    with pytest.raises(DataError, match="no time, and no rate; give --rate-K-per-min"):
        read_scans(path)
    (scan,) = read_scans(path, rate_K_per_min=10.0)
    assert any("off the ramps" in line for line in scan.warnings)
    steps = np.diff(scan.time_s)
    np.testing.assert_allclose(steps, 6.0, rtol=1e-6)  # 1 K at 10 K/min
    assert abs(scan.time_s.size - 400) <= 8  # the points next to the hold and the turn may go either way


def test_the_clock_may_begin_anew_stray_and_repeat(tmp_path: Path) -> None:
    header = "time (s),temperature (C),heat flow endo up (mW)"
    twice = [np.concatenate([values, values]) for values in (made.TIME_S, made.TEMPERATURE_C, made.FLOW_MW)]
    first, second = read_scans(written(tmp_path, csv(*twice, header=header)))
    np.testing.assert_allclose(first.signal, second.signal)
    assert (first.name, second.name) == ("run run 1", "run run 2")
    stray = made.TIME_S.copy()
    stray[50] = 0.0
    (scan,) = read_scans(written(tmp_path, csv(stray, made.TEMPERATURE_C, made.FLOW_MW, header=header)))
    assert scan.time_s.size == 199
    assert any("out of order, the first 51" in line for line in scan.warnings)
    coarse = np.floor(made.TIME_S / 30) * 30
    (scan,) = read_scans(written(tmp_path, csv(coarse, made.TEMPERATURE_C, made.FLOW_MW, header=header)))
    np.testing.assert_allclose(scan.time_s, made.TIME_S, atol=1e-6)


def test_files_after_each_other_keep_their_own_masses(tmp_path: Path) -> None:
    one = made.FORMATS["ta advantage"]()
    both = read_scans(written(tmp_path, one + one.replace("Size\t5.0000", "Size\t7.5000").replace("made", "other")))
    assert [(scan.name, scan.mass_mg) for scan in both] == [("made", 5.0), ("other", 7.5)]


def test_two_ways_of_exothermic_are_none(tmp_path: Path) -> None:
    text = csv(made.TIME_S, made.TEMPERATURE_C, made.FLOW_MW, header="time (s),temperature (C),heat flow exo up (mW)")
    (scan,) = read_scans(written(tmp_path, f"Endotherm up\n{text}"))
    assert not scan.exothermic_known
    (scan,) = read_scans(written(tmp_path, f"Endotherm up\n{text}"), exothermic="up")
    np.testing.assert_allclose(scan.signal, -made.FLOW_MW, atol=1e-6)


def test_columns_that_are_not_found_are_named(tmp_path: Path) -> None:
    path = written(tmp_path, csv(made.TIME_S, made.TEMPERATURE_C, -made.FLOW_MW, header="a,b,c"))
    with pytest.raises(DataError, match="no heat flow among its columns"):
        read_scans(path)
    named = {"time_s": "1", "temperature_C": "b", "heat_flow_mW": "-c"}
    (scan,) = read_scans(path, columns=named, exothermic="down")
    np.testing.assert_allclose(scan.signal, made.FLOW_MW, atol=1e-6)
    with pytest.raises(DataError, match="no column 'd' of numbers"):
        read_scans(path, columns={"time_s": "d"})
    with pytest.raises(DataError, match="no column volts"):
        read_scans(path, columns={"volts": "a"})


DAMAGES = {
    "cut": lambda text: text[: len(text) * 2 // 3],
    "cut in its header": lambda text: text[:120],
    "no header": lambda text: "\n".join(line for line in text.splitlines() if line[:1].isdigit()),
    "words for numbers": lambda text: text.replace("5.", "x.").replace("5,", "x,"),
    "no numbers": lambda text: "\n".join(line for line in text.splitlines() if not line.strip()[:1].isdigit()),
    "nan": lambda text: "\n".join(line.replace("1", "nan") for line in text.splitlines()),
    "backwards": lambda text: "\n".join([*text.splitlines()[:40], *text.splitlines()[:40:-1]]),
    "another technique": lambda _: "Time/s\tEwe/V\tI/mA\n" + "".join(f"{n}\t3.{n}\t0.1\n" for n in range(30)),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("program", made.FORMATS)
def test_damaged_files_are_read_or_refused_in_one_line(tmp_path: Path, program: str, damage: str) -> None:
    path = written(tmp_path, DAMAGES[damage](made.FORMATS[program]()))
    scans, error = [], None
    try:
        scans = read_scans(path)
    except DataError as raised:
        error = raised
    if error is not None:
        assert "\n" not in str(error)
        assert error.remedy
        return
    assert damage in ("cut", "words for numbers", "nan", "backwards")  # the others hold no run
    if damage == "cut":  # what is there is right
        for scan in scans:
            count = min(scan.time_s.size, 100)
            np.testing.assert_allclose(scan.signal[:count], made.FLOW_MW[:count], atol=1e-4)


def test_a_cell_test_is_refused_as_one(tmp_path: Path) -> None:
    rows = "".join(f"{n},Rest,{n / 3:.3f},0.1,3.7,{n / 9:.4f},CC_Chg\n" for n in range(200))
    path = written(tmp_path, f"Record,Step,Time (s),Current (A),Voltage (V),Charge (C),Mode\n{rows}")
    with pytest.raises(DataError, match="voltage and current among its columns"):
        read_scans(path)


def test_a_few_impossible_temperatures_are_left_out_and_many_refused(tmp_path: Path) -> None:
    header = "time (s),temperature (C),heat flow endo up (mW)"
    odd = made.TEMPERATURE_C.copy()
    odd[7] = 99999.0
    (scan,) = read_scans(written(tmp_path, csv(made.TIME_S, odd, made.FLOW_MW, header=header)))
    assert scan.time_s.size == 199
    odd[::3] = -500.0
    with pytest.raises(DataError, match="are no temperatures, such as -500"):
        read_scans(written(tmp_path, csv(made.TIME_S, odd, made.FLOW_MW, header=header)))


def test_trios_as_a_csv_with_steps_apart_and_few_digits(tmp_path: Path) -> None:
    """As TRIOS 5.1 writes it: minutes of two digits, empty last cells, calibrations with their rates in its head."""
    text = made.FORMATS["trios"]()
    text = text.replace("Up", "Down").replace("\t", ",").replace("mW,W/g", "mW,W/g,")
    (scan,) = read_scans(written(tmp_path, text, name="x.csv"))
    np.testing.assert_allclose(scan.signal, -made.FLOW_MW, atol=1e-4)  # the numbers of the file, exothermic down
    fine = np.arange(0.0, 600.0, 0.6)
    rows = "\n".join(f"{t / 60:.2f}\t{25 + t / 6:.2f}\t{0.1 + t / 1e4:.3f}" for t in fine)
    head = text.partition("[step]")[0].replace(",", "\t")
    body = "[step]\nRamp 10.00 °C/min to 125.00 °C\nTime\tTemperature\tHeat Flow (Normalized)\nmin\t°C\tW/g\n"
    (scan,) = read_scans(written(tmp_path, head + body + rows))
    np.testing.assert_allclose(scan.time_s, fine, atol=0.61)  # half a hundredth of a minute, and a step
    np.testing.assert_allclose(scan.signal, 5 * (0.1 + fine / 1e4), atol=5 * 6e-4)
    assert not any("K/min is stated" in line for line in scan.warnings)  # the 20 K/min are of a calibration


def test_netzsch_with_old_code_pages_and_without_calibration(tmp_path: Path) -> None:
    text = "#FORMAT:\tNETZSCH5\n#SAMPLE MASS /mg:\t5\t6\n#EXO:\t-1\t-1\n\n"
    text += "##Temp./\x9bC\tTime/min\tDSC/(\x91V/mg)\tSensit./(uV/mW)\n"
    text += made.rows(made.TEMPERATURE_C, T_MIN, PER_G, np.ones(200))
    path = tmp_path / "n.txt"
    path.write_bytes(text.encode("latin-1"))
    (scan,) = read_scans(path)
    assert scan.signal_unit == "uV"  # a sensitivity of 1 is none
    np.testing.assert_allclose(scan.signal, made.FLOW_MW, atol=1e-4)
    assert scan.exothermic_known


def test_a_unit_before_the_mass_and_a_way_behind_the_unit():
    from paddlewheel.lab.dsc.readers.columns import split_column
    from paddlewheel.lab.dsc.readers.header import exothermic_way, read_header

    assert read_header(["Mass (g),0.010"]).mass_mg == pytest.approx(10.0)
    assert read_header(["Mass (mg),10"]).mass_mg == pytest.approx(10.0)
    assert split_column("DSC/(mW/mg) exo ab") == ("DSC exo ab", "W/g")  # 1 mW/mg is 1 W/g
    assert exothermic_way(["DSC exo ab"]) == "down"
    assert exothermic_way(["DSC exo auf"]) == "up"


def test_a_name_keeps_its_dots(tmp_path: Path):
    from paddlewheel.lab.dsc.readers import read_scans

    file = tmp_path / "glass_o0.2.csv"
    rows = [f"{second},{20 + second / 6:.4f},1.0" for second in range(60)]
    file.write_text("\n".join(["Time (s),Temperature (C),Heat Flow Endo Up (mW)", *rows]))
    (scan,) = read_scans(file)
    assert scan.name == "glass_o0.2"


FLOW_HEADER = "Time (s),Temperature (C),Heat Flow Endo Up (mW)"


def test_rows_without_numbers_and_gaps_are_told(tmp_path: Path) -> None:
    flow = made.FLOW_MW.copy()
    flow[40:70] = np.nan
    (scan,) = read_scans(written(tmp_path, csv(made.TIME_S, made.TEMPERATURE_C, flow, header=FLOW_HEADER)))
    assert scan.time_s.size == made.TIME_S.size - 30
    (rows,) = (text for text in scan.warnings if "rows left out" in text)
    assert rows.startswith(f"30 of {made.TIME_S.size} rows left out")
    assert rows.endswith("the first row 41")
    (gap,) = (text for text in scan.warnings if text.startswith("no points for"))
    assert f"from {made.TEMPERATURE_C[39]:.5g} to {made.TEMPERATURE_C[70]:.5g} degrees" in gap


def test_points_at_random_times_have_no_gap(tmp_path: Path) -> None:
    kept = np.sort(np.random.default_rng(1).choice(3000, 300, replace=False))
    time_s = np.arange(3000.0)[kept]
    text = csv(time_s, 20.0 + time_s / 6.0, np.sin(time_s), header=FLOW_HEADER)
    (scan,) = read_scans(written(tmp_path, text))
    assert not any("no points" in text for text in scan.warnings)


@pytest.mark.parametrize("at", [3, 120, 198])
def test_a_remark_amid_the_numbers_is_left_out_and_told(tmp_path: Path, at: int) -> None:
    lines = csv(made.TIME_S, made.TEMPERATURE_C, made.FLOW_MW, header=FLOW_HEADER).splitlines()
    lines.insert(at, "# pause of the furnace")
    (scan,) = read_scans(written(tmp_path, "\n".join(lines)))
    np.testing.assert_allclose(scan.signal, made.FLOW_MW, atol=1e-6)
    assert sum("'# pause of the furnace'" in text for text in scan.warnings) == 1
