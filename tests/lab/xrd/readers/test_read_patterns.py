"""Powder patterns of every kind of file: what they say is kept, what they do not say is told or asked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

import powder_files
from paddlewheel.errors import DataError
from paddlewheel.lab.xrd.instrument import named_radiation
from paddlewheel.lab.xrd.readers import read_patterns
from powder_files import ANGLES, COUNTS

SHARED = Path(os.environ.get("PADDLEWHEEL_SHARED", "")) / "data" / "lab"
needs_shared = pytest.mark.skipif(not (SHARED / "xrd_qpa").is_dir(), reason="the shared data are not here")


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def table(*columns: np.ndarray, separator: str = " ", head: str = "", form: str = "{:.8g}") -> str:
    rows = (separator.join(form.format(value) for value in row) for row in zip(*columns, strict=True))
    return head + "\n".join(rows) + "\n"


@needs_shared
@pytest.mark.parametrize(
    ("name", "n_points", "first_deg", "last_deg", "counts"),
    [
        ("xrd/autoXRD_MnO.xy", 9001, 10.0, 100.0, False),
        ("xrd/datalab_example_mac.xye", 598, 0.001, 0.598, False),
        ("xrd/datalab_example_mythen.dat", 730, 2.084, 5.0, False),
        ("xrd_qpa/cpd-1a.prn.gz", 7251, 5.0, 150.0, True),
        ("xrd_qpa/cpd-1e.prn.gz", 7251, 5.0, 150.0, True),
        ("xrd_qpa/FAP.XRA", 5751, 15.0, 130.0, True),
        ("xrd_qpa/11BM_NAC.fxye.gz", 59497, 0.5, 59.9883, False),
    ],
)
def test_real_files_give_their_points(name, n_points, first_deg, last_deg, counts):
    (pattern,) = read_patterns(SHARED / name)
    assert pattern.two_theta_deg.size == n_points
    assert pattern.two_theta_deg[[0, -1]] == pytest.approx([first_deg, last_deg], abs=1e-6)
    assert pattern.counts is counts


@needs_shared
def test_what_11bm_says_of_its_ramp_is_read():
    (pattern,) = read_patterns(SHARED / "xrd_qpa" / "series_CuCr2O4" / "OH_24.fxye.gz")
    assert pattern.temperature_K == 122.73
    assert pattern.radiation is not None
    assert pattern.radiation.wavelength_A == 0.413263
    assert pattern.exposure_s == 205.0  # 2050 steps of 0.1 s
    assert str(pattern.started) == "2011-04-25 15:49:17"


@needs_shared
def test_a_third_column_that_is_a_background_is_no_error():
    """Of the mixture of XRD-AutoAnalyzer it is 1796 beside counts of 1838: 42 would be their root."""
    (pattern,) = read_patterns(SHARED / "xrd" / "autoXRD_Li2MnO3+MnO+TiO2.xy")
    assert np.median(pattern.std) < 60
    assert any("smoothed" in line for line in pattern.warnings)


def test_counts_are_told_from_what_is_scaled(tmp_path):
    raw, tripled = (read_patterns(written(tmp_path / f"{n}.xy", table(ANGLES, n * COUNTS)))[0] for n in (1, 3))
    assert raw.counts
    assert raw.std == pytest.approx(np.sqrt(COUNTS))
    assert not tripled.counts
    # three times counts have three times the variance of counts; 0.1 is the noise of the ratio of 2000 points
    assert np.median(tripled.std**2 / tripled.intensity) == pytest.approx(3, rel=0.1)
    assert any("scaled" in line for line in tripled.warnings)


@pytest.mark.parametrize(("factor", "form"), [(1e-3, "{:.5f}"), (1 / 60, "{:.8g}"), (0.1, "{:.2f}")])
def test_scaled_counts_are_known_by_their_smallest_step(tmp_path, factor, form):
    """Counts of s times their number have the variance s times the intensity; the step is found to its digits."""
    text = "".join(f"{x:.2f} {form.format(factor * n)}\n" for x, n in zip(ANGLES, COUNTS, strict=True))
    (pattern,) = read_patterns(written(tmp_path / "made.xy", text))
    assert not pattern.counts
    assert pattern.std == pytest.approx(np.sqrt(factor * pattern.intensity), rel=1e-4)
    assert any(f"counts times {factor:.4g}" in line for line in pattern.warnings)


def test_a_calculated_pattern_has_no_noise_and_a_normalized_one_has(tmp_path):
    smooth = 0.2 + np.exp(-(((ANGLES - 30) / 3) ** 2))
    for form in ("{:.4f}", "{:.9g}"):
        (pattern,) = read_patterns(written(tmp_path / "smooth.xy", table(ANGLES, smooth, form=form)))
        assert any("no noise in it" in line for line in pattern.warnings)
    normal = COUNTS * np.linspace(1.0, 1.1, COUNTS.size) / 3000  # no common step
    (pattern,) = read_patterns(written(tmp_path / "normal.xy", table(ANGLES, normal, form="{:.9g}")))
    assert not any("no noise" in line for line in pattern.warnings)
    # the variance is 1.05/3000 of the intensity, within the slope and the noise of 2000 points
    assert np.median(pattern.std**2 / pattern.intensity) == pytest.approx(1.05 / 3000, rel=0.15)


def test_steps_too_coarse_for_the_peaks_are_told_and_counts_stay_counts(tmp_path):
    """Peaks of 0.08 deg in steps of 0.2: neighbours differ by the peaks, not because the counts were scaled."""
    x = np.arange(10, 110, 0.2)
    generator = np.random.default_rng(3)
    peaks = np.exp(-(((x - generator.uniform(10, 110, (60, 1))) / 0.05) ** 2)).sum(axis=0)
    counts = generator.poisson(280 + 3000 * peaks)
    (pattern,) = read_patterns(written(tmp_path / "coarse.xy", table(x, counts)))
    assert pattern.counts
    assert any("steps of 0.2 deg are too coarse" in line for line in pattern.warnings)


def test_a_detector_at_its_highest_count_is_told(tmp_path):
    (free,) = read_patterns(written(tmp_path / "free.xy", table(ANGLES, COUNTS)))
    assert not any("saturated" in line for line in free.warnings)
    (cut,) = read_patterns(written(tmp_path / "cut.xy", table(ANGLES, np.minimum(COUNTS, 2000))))
    assert any(f"{(COUNTS >= 2000).sum()} points stand at the highest value, 2000" in line for line in cut.warnings)


def test_several_wavelengths_in_a_header_are_told(tmp_path):
    head = "# wavelength = 0.77489 A\n# wavelength = 1.5406 A\n# 2theta counts\n"
    (pattern,) = read_patterns(written(tmp_path / "made.xy", table(ANGLES, COUNTS, head=head)))
    assert pattern.radiation is not None
    assert pattern.radiation.wavelength_A == 0.77489
    assert any("0.77489 A is taken, not 1.5406" in line for line in pattern.warnings)
    head = "# wavelength = 1.540598\n# wavelength = 1.544426\n# 2theta counts\n"  # Ka1 and Ka2: one radiation
    (pattern,) = read_patterns(written(tmp_path / "other.xy", table(ANGLES, COUNTS, head=head)))
    assert not any("several wavelengths" in line for line in pattern.warnings)


def test_commas_for_decimals_and_commas_with_a_space_for_columns(tmp_path):
    rows = [f"{x:.4f}".replace(".", ",") + f", {n}" for x, n in zip(ANGLES, COUNTS, strict=True)]
    (pattern,) = read_patterns(written(tmp_path / "made.csv", "\n".join(rows) + "\n"))
    assert pattern.two_theta_deg == pytest.approx(ANGLES)
    assert pattern.intensity == pytest.approx(COUNTS)


def test_errors_that_the_scatter_contradicts_are_told(tmp_path):
    honest, small = (
        read_patterns(written(tmp_path / f"{n}.xye", table(ANGLES, COUNTS + 0.5, np.sqrt(COUNTS + 0.5) / n)))[0]
        for n in (1, 4)
    )
    assert not any("scatter" in line for line in honest.warnings)
    assert any("scatter 4" in line for line in small.warnings)


@pytest.mark.parametrize(
    "text",
    [
        table(ANGLES, COUNTS, head="2theta_deg I\n"),
        table(ANGLES, COUNTS, separator="\t", head="Winkel\tZählrate\n"),
        table(ANGLES, COUNTS, separator=";", head="角度;强度\n").replace(".", ","),
        table(ANGLES, COUNTS, separator=",", head="Angle,Intensité\n"),
        table(ANGLES / 2, COUNTS, head="# theta counts\n"),
        table(np.radians(ANGLES), COUNTS, head="# --> made.xy\n# 2th_rad I\n", form="{:.12g}"),
        "10 0.02 49.98 FullProf\n" + "\n".join(" ".join(map(str, row)) for row in COUNTS.reshape(-1, 10)),
        table(ANGLES[::-1], COUNTS[::-1]),
        "title\nBANK 1 2000 200 CONST 1000.0 2.0 0 0 STD\n"
        + "\n".join("".join(f"{value:8d}" for value in row) for row in COUNTS.reshape(-1, 10)),
        "title\nBANK 1 2000 2000 CONS 1000.0 2.0 0 0 FXY\n" + table(100 * ANGLES, COUNTS),
    ],
    ids=["named", "german", "chinese", "french", "theta", "radians", "fullprof", "falling", "std", "fxy"],
)
def test_one_pattern_in_many_forms(tmp_path, text):
    (pattern,) = read_patterns(written(tmp_path / "made.txt", text))
    assert pattern.two_theta_deg == pytest.approx(ANGLES, abs=1e-6)
    assert pattern.intensity == pytest.approx(COUNTS)
    assert pattern.counts


@pytest.mark.parametrize(("unit", "scale"), [("q_A^-1", 1.0), ("q_nm^-1", 10.0)])
def test_q_becomes_two_theta_by_the_wavelength(tmp_path, unit, scale):
    """2theta = 2 asin(q lambda / 4 pi)."""
    q_per_A = 4 * np.pi * np.sin(np.radians(ANGLES / 2)) / 0.7
    head = f"# == pyFAI calibration ==\n# Wavelength: 7e-11 m\n# --> made.dat\n#   {unit}   I   sigma\n"
    text = table(scale * q_per_A, COUNTS, np.sqrt(COUNTS), head=head, form="{:.12g}")
    (pattern,) = read_patterns(written(tmp_path / "made.dat", text))
    assert pattern.two_theta_deg == pytest.approx(ANGLES, abs=1e-6)
    assert pattern.radiation is not None
    assert pattern.radiation.wavelength_A == pytest.approx(0.7)
    assert pattern.std == pytest.approx(np.sqrt(COUNTS))
    with pytest.raises(DataError, match="no wavelength; give --wavelength-A"):
        read_patterns(written(tmp_path / "other.dat", text.replace("Wavelength", "Nothing")))


def test_a_range_that_is_no_two_theta_at_a_tube_is_asked_back(tmp_path):
    path = written(tmp_path / "q.xy", table(np.linspace(0.5, 10, 500), COUNTS[:500]))
    with pytest.raises(DataError, match="--abscissa two-theta-deg, q-per-A"):
        read_patterns(path, radiation=named_radiation("CuKa"))
    assert read_patterns(path, radiation=named_radiation("CuKa"), abscissa="two-theta-deg")
    assert read_patterns(path, radiation=named_radiation("MoKa"), abscissa="q-per-A")[0].two_theta_deg[-1] > 60


def test_angles_that_begin_anew_are_a_series_and_columns_with_temperatures_too(tmp_path):
    runs = read_patterns(written(tmp_path / "runs.xy", 3 * table(ANGLES, COUNTS)))
    assert [run.two_theta_deg.size for run in runs] == [2000] * 3
    text = table(ANGLES, COUNTS, COUNTS, head="2theta,300 K,25 C\n", separator=",")
    ramp = read_patterns(written(tmp_path / "ramp.csv", text))
    assert [run.temperature_K for run in ramp] == pytest.approx([300, 298.15])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("no numbers\nat all\n", "no table of numbers"),
        (table(ANGLES, COUNTS - 500.0), "negative intensities without errors, the lowest"),
        (table(ANGLES[[*range(99), 150, *range(100, 500)]], COUNTS[:500]), "angles are not sorted: 12 comes after 13"),
        (table(ANGLES[[*range(99), *range(98, 499)]], COUNTS[:500]), "angle 11.96 stands twice"),
        (table(10 * ANGLES, COUNTS), "two theta up to"),
        (table(ANGLES, COUNTS, head="Time (s),Heat flow (mW)\n", separator=","), "columns of another technique"),
        (table(ANGLES, 0 * COUNTS), "zero|no point|0 points"),
        ("data_a\n_cell_length_a 5\nloop_\n_atom_site_label\nNa\n", "is a structure, no pattern; give it to --phases"),
        ("INS   BANK      1\nINS   HTYPE   PXCR\n", "an instrument file, no pattern; give it to --instrument"),
        ("t\nBANK 1 2 1 RALF 1 2 0 0 STD\n", "time of flight"),
        ("t\nBANK 1 2 1 CONS 1000 2 0 0 FXYE\n1 2 3\n1 x 3\n", "record 2 of its bank"),
        ("t\nBANK 1 2 1 CONS x 2 0 0 STD\n", "no start and step"),
    ],
)  # fmt: skip
def test_what_is_no_pattern_is_refused_in_one_line(tmp_path, text, says):
    path = written(tmp_path / "made.xy", text)
    with pytest.raises(DataError, match=says) as raised:
        read_patterns(path)
    assert "\n" not in str(raised.value)
    assert "made.xy" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "wavelength_A"),
    [("Cu Ka1", 1.5405929), ("cuka", 1.5405929), ("Mo", 0.70931715), ("0.077489 nm", 0.77489), ("16 keV", 0.7749012)],
)
def test_radiation_by_name_wavelength_and_energy(name, wavelength_A):
    """Tubes after Hoelzer (1997); 12.398420 keV A over 16 keV."""
    assert named_radiation(name).wavelength_A == pytest.approx(wavelength_A, rel=1e-7)


@pytest.mark.parametrize("kind", sorted(powder_files.ALL))
def test_every_format_gives_the_pattern_and_its_radiation(tmp_path, kind):
    """Made after the published layouts; the name says nothing of the format."""
    path = tmp_path / "made.bin"
    path.write_bytes(powder_files.ALL[kind])
    (pattern,) = read_patterns(path)
    assert pattern.two_theta_deg == pytest.approx(ANGLES, abs=2e-5)  # single precision in the older ones
    assert pattern.intensity == pytest.approx(COUNTS)
    assert pattern.counts
    assert pattern.radiation is not None
    wavelengths, weights = zip(*pattern.radiation.lines, strict=True)
    assert wavelengths == pytest.approx((1.540598, 1.544426), rel=1e-7)
    assert weights == pytest.approx((2 / 3, 1 / 3))


def test_what_xrdml_says_besides(tmp_path):
    path = tmp_path / "a.xrdml"
    path.write_bytes(powder_files.xrdml(scans=2))
    first, second = read_patterns(path)
    assert (first.name, second.name) == ("a 1", "a 2")
    assert first.geometry == "bragg-brentano"
    assert first.goniometer_radius_mm == 240
    assert first.temperature_K == pytest.approx(373.5)
    assert first.exposure_s == 862  # 13:10:14 to 13:24:36
    assert first.radiation is not None
    # graphite 002, d 3.354 A: cos^2 26.56 deg
    assert first.radiation.monochromator_cos2 == pytest.approx(0.800, abs=1e-3)


def test_points_behind_an_attenuator_have_its_error(tmp_path):
    """f N has an error of f sqrt(N): 188 counts seen as 1 are 188 +- 188."""
    factors = np.where(np.abs(ANGLES - 30) < 0.2, 10.0, 1.0)
    counts = np.round(COUNTS / factors).astype(int)
    path = tmp_path / "a.xrdml"
    path.write_bytes(powder_files.xrdml(counts, attenuation=factors))
    (pattern,) = read_patterns(path)
    assert pattern.intensity == pytest.approx(counts * factors)
    assert pattern.std == pytest.approx(np.sqrt(counts) * factors)
    assert not pattern.counts
    path.write_bytes(
        powder_files.ras(rows="\n".join(f"{a} {n} {f}" for a, n, f in zip(ANGLES, counts, factors, strict=True)))
    )
    assert read_patterns(path)[0].std == pytest.approx(np.sqrt(counts) * factors)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (powder_files.xrdml()[:-3000], "is damaged XML"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><xrdMeasurements>&b;</xrdMeasurements>", "declares a document type"),
        (powder_files.xrdml().replace(b'"2Theta"', b'"Omega"'), "no scan over two theta \\(scans: Gonio"),
        (powder_files.raw_3()[:-100], "announces 2000 points"),
        (powder_files.raw_4()[:-100], "announces 2000 points"),
        (powder_files.raw_4(scan=b"Rocking"), "no scan over two theta \\(scans: Rocking"),
        (powder_files.raw_2()[:200], "ends within byte"),
        (powder_files.archive({"a.txt": "x"}), "neither BRML nor RASX"),
        (powder_files.brml()[:-200], "is a damaged archive"),
        (powder_files.ras(axis="Omega"), "no scan over two theta \\(scans: Omega"),
        (powder_files.ras(rows="10 x 1\n10.1 2 1"), "words among the numbers"),
        (powder_files.asc().replace(b"= 2000", b"= 1999"), "announces 1999 counts and has 2000"),
        (powder_files.udf().replace(b"RawScan", b"RawScam"), "has no RawScan"),
        (b"RAW_1.06" + bytes(2000), "a RAW of STOE"),
        (b"<html><body>no</body></html>", "XML, but no XRDML"),
        (b"data_a\n_cell_length_a 5\n_pd_phase_name x\n", "is a structure, no pattern"),
        (b"data_a\n_pd_meas_2theta_range_min 5\n", "a CIF without a measured pattern"),
    ],
)  # fmt: skip
def test_damaged_and_other_files_of_instruments_are_one_line(tmp_path, content, says):
    path = tmp_path / "made.raw"
    path.write_bytes(content)
    with pytest.raises(DataError, match=says) as raised:
        read_patterns(path)
    assert "\n" not in str(raised.value)
    assert "made.raw" in str(raised.value)


def test_chi_of_fit2d_and_columns_of_gsas(tmp_path):
    path = tmp_path / "made.chi"
    path.write_bytes(powder_files.chi(0.7))
    (pattern,) = read_patterns(path, radiation=named_radiation("0.7"))
    assert pattern.two_theta_deg == pytest.approx(ANGLES, abs=1e-5)
    head = "title\nBANK 1 2000 400 CONST 1000.0 2.0 0 0 "
    esd = head + "ESD\n" + "\n".join(
        "".join(f"{n:8.1f}{n**0.5:8.3f}" for n in row) for row in COUNTS.reshape(-1, 5)
    )  # fmt: skip
    (pattern,) = read_patterns(written(path, esd))
    assert pattern.intensity == pytest.approx(COUNTS)
    assert pattern.std == pytest.approx(np.sqrt(COUNTS), rel=1e-4)
    # ALT has angles in hundredths of a degree and four implied decimals: F8.0, F7.4, F5.4
    rows = [f"{100 * a:8.1f}{n * 10:7.0f}{n**0.5 * 100:5.0f}" for a, n in zip(ANGLES, COUNTS / 10, strict=True)]
    alt = head + "ALT\n" + "\n".join("".join(rows[k : k + 4]) for k in range(0, 2000, 4))
    (pattern,) = read_patterns(written(path, alt))
    assert pattern.two_theta_deg == pytest.approx(ANGLES, abs=1e-3)
    assert pattern.intensity == pytest.approx(COUNTS / 1e4, rel=0.01)


def lzw(content: bytes) -> bytes:
    """What compress writes, in codes of 9 bits and more."""
    table = {bytes([value]): value for value in range(256)}
    size, bits, at, group, word = 257, 9, 0, 0, b""
    number = 0

    def put(code: int) -> None:
        nonlocal number, at
        number |= code << at
        at += bits

    for value in content:
        longer = word + bytes([value])
        if longer in table:
            word = longer
            continue
        put(table[word])
        if size < 1 << 16:
            if size >= 1 << bits and bits < 16:  # the group is filled up, then codes are wider
                at = group + -(-(at - group) // (8 * bits)) * 8 * bits
                bits, group = bits + 1, at
            table[longer] = size
            size += 1
        word = bytes([value])
    put(table[word])
    return b"\x1f\x9d\x90" + number.to_bytes((at + 7) // 8, "little")


def test_a_pattern_packed_by_compress(tmp_path):
    """GSAS raw data are often handed on as .Z; gzip knows them too."""
    text = table(ANGLES[:800], COUNTS[:800], head="2theta I\n").encode()
    path = tmp_path / "made.xy.Z"
    path.write_bytes(lzw(text))
    assert subprocess.run(["gzip", "-dc", path], capture_output=True, check=True).stdout == text
    (pattern,) = read_patterns(path)
    assert pattern.intensity == pytest.approx(COUNTS[:800])
    path.write_bytes(lzw(text)[:40] + b"\xff" * 40)
    with pytest.raises(DataError, match="is damaged"):
        read_patterns(path)


def test_ranges_that_follow_are_one_pattern_at_the_time_of_the_first(tmp_path):
    """The second range was counted twice as long: its counts are halved, with half the root of them for an error."""
    late = 2 * COUNTS[1500:]
    first, second = powder_files.uxd(pairs=False).split(b"; (Data")[0], powder_files.uxd(pairs=False)
    path = tmp_path / "made.uxd"
    begin = powder_files.in_lines(COUNTS[:1600], 8)
    head, _, rest = second.decode().partition("_COUNTS\n")
    again = rest and head[head.index("; (Data") :].replace("_STEPTIME=0.5", "_STEPTIME=1.0").replace("=10.0", "=40.0")
    text = f"{head}_COUNTS\n{begin}\n{again}_COUNTS\n{powder_files.in_lines(late, 8)}\n"
    assert first.startswith(b"; made")
    (pattern,) = read_patterns(written(path, text))
    assert pattern.name == "made"
    assert pattern.two_theta_deg == pytest.approx(ANGLES, abs=1e-9)
    assert pattern.intensity == pytest.approx(COUNTS)
    assert pattern.std[-1] == pytest.approx(np.sqrt(2 * COUNTS[-1]) / 2)
    assert pattern.exposure_s == pytest.approx(0.5 * 1600 + 500)
    assert any("2 ranges of one scan are joined" in line for line in pattern.warnings)
    assert not any("do not fit" in line for line in pattern.warnings)


def test_ranges_that_do_not_fit_are_told(tmp_path):
    text = table(ANGLES[:1000], COUNTS[:1000]) + table(ANGLES[990:], 3 * COUNTS[990:])
    (pattern,) = read_patterns(written(tmp_path / "made.xy", text))
    assert pattern.two_theta_deg == pytest.approx(ANGLES)
    assert any("ranges do not fit" in line for line in pattern.warnings)


def test_a_temperature_by_the_name_alone_is_told(tmp_path):
    for name, kelvin in (("a_300K", 300.0), ("ramp-150C", 423.15), ("K300", None), ("CPD-1a", None), ("a_8K2", None)):
        (pattern,) = read_patterns(written(tmp_path / f"{name}.xy", table(ANGLES, COUNTS)))
        assert pattern.temperature_K == (None if kelvin is None else pytest.approx(kelvin))
        assert any("by the name of the file" in line for line in pattern.warnings) is (kelvin is not None)


def test_cpi_and_rd(tmp_path):
    head = "SIETRONICS XRD SCAN\n10.0\n49.98\n0.02\nCu\n1.54056\n1-1-2000\n1.0\nmade\nSCANDATA\n"
    (pattern,) = read_patterns(written(tmp_path / "made.cpi", head + powder_files.in_lines(COUNTS, 1)))
    assert pattern.intensity == pytest.approx(COUNTS)
    path = tmp_path / "made.rd"
    path.write_bytes(powder_files.rd())
    (pattern,) = read_patterns(path)
    assert pattern.two_theta_deg == pytest.approx(ANGLES)
    # counts are kept as ten times their root, in whole numbers: to 0.2 / sqrt(N)
    assert pattern.intensity == pytest.approx(COUNTS, rel=0.02)


def test_fifty_damaged_files_are_read_or_refused_in_one_line(tmp_path):
    random = np.random.default_rng(3)
    kinds = sorted(powder_files.ALL)
    for number in range(50):
        content = bytearray(powder_files.ALL[kinds[number % len(kinds)]])
        if number % 2:
            del content[int(random.integers(len(content))) :]
        else:
            for _ in range(20):
                content[int(random.integers(len(content)))] = int(random.integers(256))
        path = tmp_path / f"damaged-{number}"
        path.write_bytes(bytes(content))
        told = path.name
        try:
            read_patterns(path)
        except DataError as error:
            told = str(error)
        assert path.name in told
        assert "\n" not in told
