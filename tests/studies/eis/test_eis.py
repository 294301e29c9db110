"""`eis` from spectra to record, on synthetic pellets and on the seven spectra with a published report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from paddlewheel import eis
from paddlewheel.errors import DataError, InputError, SettingsError
from paddlewheel.lab.eis.circuit import Circuit, impedance
from paddlewheel.lab.spectrum import Spectrum
from paddlewheel.studies.eis.record import EisRecord
from paddlewheel.units import BOLTZMANN_eV_PER_K

FREQUENCY_HZ = np.geomspace(1e6, 0.1, 50)
# Sheyigold/EISFitpython, Example 3: sigma in S/cm and its error at 413, 423, ... 473 K
AUTHORS = {
    "bulk": ([2.857e-6, 3.721e-6, 5.256e-6, 7.453e-6, 1.049e-5, 1.523e-5, 1.860e-5], (0.5869, 0.0163)),
    "grain_boundary": ([2.076e-7, 3.666e-7, 6.261e-7, 1.050e-6, 1.719e-6, 2.737e-6, 4.397e-6], (0.8919, 0.0025)),
    "total": ([1.936e-7, 3.338e-7, 5.594e-7, 9.201e-7, 1.477e-6, 2.320e-6, 3.556e-6], (0.8555, 0.0006)),
}


def _spectrum(name: str, values: dict[str, float], *, seed: int, **told) -> Spectrum:
    z = impedance(Circuit.parse(name), values, FREQUENCY_HZ)
    random = np.random.default_rng(seed)
    noisy = z + 0.003 * np.abs(z) * (random.normal(size=len(z)) + 1j * random.normal(size=len(z)))
    return Spectrum(frequency_Hz=FREQUENCY_HZ, impedance_ohm=noisy, name=f"made-{seed}", **told)


def _pellet_series(energy_eV: float) -> list[Spectrum]:
    spectra = []
    for k, temperature in enumerate((280.0, 300.0, 320.0, 340.0)):
        factor = temperature / 300 * np.exp(energy_eV / BOLTZMANN_eV_PER_K * (1 / temperature - 1 / 300))
        values = {"R1_ohm": 5e4 * factor, "tau1_s": 2e-5 * factor, "n1": 0.95, "tail_ohm": 2e3, "tail_n": 0.85}
        spectra.append(_spectrum("RQ-CPE", values, seed=k, temperature_K=temperature))
    return spectra


@pytest.fixture(scope="module")
def series() -> EisRecord:
    return eis(_pellet_series(0.35), diameter_cm=1.0, thickness_cm=0.1, diameter_std_cm=0.01, thickness_std_cm=0.001)


def test_series_gives_its_activation_energy_and_conductivity(series: EisRecord):
    assert series.circuit == "RQ-CPE"
    fit = series.arrhenius.total
    assert fit is not None
    assert fit.activation_energy_eV is not None
    assert fit.conductivity_300K_mS_per_cm is not None
    assert abs(fit.activation_energy_eV.value - 0.35) < 4 * fit.activation_energy_eV.std
    assert fit.activation_energy_eV.std < 0.003  # of the points: the geometry has no part in it
    # 1e3 * 0.1 / (pi / 4) / 5e4 mS/cm; the geometry alone makes 2.2 % of error
    sigma = fit.conductivity_300K_mS_per_cm
    assert sigma.value == pytest.approx(1e3 * 0.1 / (np.pi / 4) / 5e4, rel=0.02)
    assert sigma.std / sigma.value == pytest.approx(np.hypot(0.01, 0.02), rel=0.1)


def test_peak_of_the_relaxation_times_has_its_own_activation_energy(series: EisRecord):
    """R and tau of the arc go with T exp(E / kT), E = 0.35 eV: so does ln(T / R), and ln(1 / tau) with E - kT."""
    followed = max(series.relaxation_peaks, key=lambda peak: len(peak.points))
    assert [point.temperature_K for point in followed.points] == [280.0, 300.0, 320.0, 340.0]
    assert followed.capacitance_F == pytest.approx(2e-5 / 5e4, rel=0.1)
    for energy, exact in (
        (followed.resistance_activation_energy_eV, 0.35),
        # the mean of T is 310 K, and ln T is no line: half a per cent of kT off
        (followed.tau_activation_energy_eV, 0.35 - 310.0 * BOLTZMANN_eV_PER_K),
    ):
        assert energy is not None
        assert abs(energy.value - exact) < 3 * energy.std
        assert energy.std < 0.02


def test_every_way_of_reading_is_told(series: EisRecord):
    methods = [one.method for one in series.spectra[1].readings]
    assert methods[0] == "circuit"
    assert len(methods) == 7
    assert series.spectra[1].spread_percent is not None
    for one in series.spectra[1].readings:
        assert one.resistance_ohm is not None or one.note


def test_geometry_of_a_sample_file_is_that_of_its_sizes(tmp_path: Path):
    path = tmp_path / "pellet.yaml"
    path.write_text(
        "name: pellet 7\ndie_diameter_mm: {value: 8, std: 0.05}\npellet: {thickness_um: {value: 2100, std: 20}}\n"
    )
    one = _pellet_series(0.35)[0]
    by_file = eis(one, sample=path, circuit="RQ-CPE")
    by_sizes = eis(
        one, diameter_cm=0.8, thickness_cm=0.21, diameter_std_cm=0.005, thickness_std_cm=0.002, circuit="RQ-CPE"
    )
    assert by_file.sample == "pellet 7"
    told, plain = (r.spectra[0].conductivity_mS_per_cm.total for r in (by_file, by_sizes))
    assert told is not None
    assert plain is not None
    assert (told.value, told.std) == pytest.approx((plain.value, plain.std), rel=1e-9)


def test_drifting_spectrum_is_named_and_left_out():
    spectra = _pellet_series(0.35)
    bad = spectra[0]
    moved = bad.impedance_ohm * (1 + 0.15 * np.linspace(0, 1, len(FREQUENCY_HZ)))
    spectra[0] = Spectrum(frequency_Hz=FREQUENCY_HZ, impedance_ohm=moved, name="drifts", temperature_K=280.0)
    record = eis(spectra, diameter_cm=1.0, thickness_cm=0.1, circuit="RQ-CPE")
    assert record.arrhenius.total is not None
    assert [one.temperature_K for one in record.arrhenius.total.temperatures_refused] == [280.0]
    assert any("280 K" in text and "Kramers-Kronig" in text for text in record.warnings)
    assert record.spectra[0].resistances_ohm.total is None
    assert record.spectra[0].refused is not None
    assert "--allow-violations" in record.spectra[0].refused
    assert all(row.refused is None for row in record.spectra[1:])
    kept = eis(spectra, diameter_cm=1.0, thickness_cm=0.1, circuit="RQ-CPE", allow_violations=True)
    assert kept.arrhenius.total is not None
    assert 280.0 in kept.arrhenius.total.temperatures_used_K
    assert kept.spectra[0].resistances_ohm.total is not None


def test_total_of_a_lawless_spectrum_is_no_answer(shared: Path):
    """PowerSuite's example leaves 32 % beside the best circuit, whose 258 kohm were printed with warnings."""
    record = eis(shared / "data" / "lab" / "impedance" / "exampleDataPowersuite.txt")
    (row,) = record.spectra
    assert not row.kramers_kronig.passed
    assert row.resistances_ohm.total is None
    assert row.refused is not None
    assert "Kramers-Kronig" in row.refused


def test_interface_grows_with_the_root_of_time():
    spectra = []
    for k, hours in enumerate(np.arange(14.0)):  # more than the circuit is chosen on
        grown = 40.0 + 30.0 * np.sqrt(hours)
        values = {"R_ohm": 50.0, "R1_ohm": grown, "tau1_s": 2e-5 * grown, "n1": 0.9}
        spectra.append(_spectrum("R-RQ", values, seed=k, temperature_K=298.15, time_s=3600 * hours))
    record = eis(spectra, diameter_cm=1.0, thickness_cm=0.1, cell="symmetric")
    assert "12 of the 14 spectra" in record.circuit_reason
    assert record.interface is not None
    assert record.interface.verdict == "parabolic"
    first = record.interface.laws[0]
    assert first.law == "square-root"
    assert abs(first.rate_ohm.value - 30.0) < 4 * first.rate_ohm.std
    assert abs(first.start_ohm.value - 40.0) < 4 * first.start_ohm.std
    area = record.interface.points[0].area_specific_resistance_ohm_cm2
    assert area is not None
    assert area.value == pytest.approx(40.0 * np.pi / 4 / 2, rel=0.05)  # of each of the two


@pytest.mark.parametrize(("warburg", "circuit"), [(5.0, "R-RQ-W"), (300.0, "R-RWQ")])
def test_warburg_element_inside_its_arc_is_found_where_it_shows(warburg, circuit):
    """Known R and sigma of an electrode of Randles come back; as an arc and a tail of 300 ohm/s^0.5 R was 12 % low.

    Beside 5 ohm/s^0.5 the two circuits are the same within 0.1 % of noise, and the one in series stands.
    """
    values = {"R_ohm": 20.0, "transfer_ohm": 50.0, "transfer_tau_s": 3e-4, "transfer_n": 0.9,
              "warburg_ohm_per_sqrt_s": warburg}  # fmt: skip
    one = _spectrum("R-RWQ", values, seed=1, temperature_K=298.15)
    given: dict = {"diameter_cm": 1.0, "thickness_cm": 0.1, "dE_dx_V": 0.5, "molar_volume_cm3_per_mol": 22.0}
    record = eis(one, **given, electrodes=1)
    assert record.circuit == circuit
    (row,) = record.spectra
    asked = eis(one, **given, electrodes=1, circuit="R-RWQ").spectra[0]
    for found in (row, asked) if circuit == "R-RWQ" else (asked,):
        interface = found.resistances_ohm.interface
        assert interface is not None
        assert abs(interface.value - 50.0) < 4 * interface.std
        assert interface.std < 1.0
        assert found.capacitances_F["C_transfer"] == pytest.approx(3e-4 / 50, rel=0.1)
        assert found.diffusivity is not None
        exact = 0.5 * (22 * 0.5 / (96485.33 * np.pi / 4 * warburg)) ** 2
        assert abs(found.diffusivity.diffusivity_cm2_per_s.value - exact) < (
            4 * found.diffusivity.diffusivity_cm2_per_s.std
        )
        assert {each.name: each.role for each in found.parameters}["transfer_ohm"] == "interface"
    if circuit == "R-RWQ":  # what the sum of an arc and a tail makes of it
        apart = eis(one, **given, circuit="R-RQ-W").spectra[0].resistances_ohm.interface
        assert apart is None or apart.value < 46


def test_diffusivity_needs_its_inputs():
    values = {"R_ohm": 20.0, "R1_ohm": 50.0, "tau1_s": 1e-4, "n1": 0.9, "warburg_ohm_per_sqrt_s": 30.0}
    one = _spectrum("R-RQ-W", values, seed=1, temperature_K=298.15)
    without = eis(one, diameter_cm=1.0, thickness_cm=0.1, circuit="R-RQ-W")
    assert without.spectra[0].diffusivity is None
    found = eis(one, diameter_cm=1.0, thickness_cm=0.1, circuit="R-RQ-W", dE_dx_V=0.5, molar_volume_cm3_per_mol=22.0)
    diffusivity = found.spectra[0].diffusivity
    assert diffusivity is not None
    # [22 * 0.5 / (96485 * pi / 4 * 30)]^2 / 2
    exact = 0.5 * (22 * 0.5 / (96485.33 * np.pi / 4 * 30)) ** 2
    assert abs(diffusivity.diffusivity_cm2_per_s.value - exact) < 4 * diffusivity.diffusivity_cm2_per_s.std
    assert "semi-infinite" in diffusivity.assumptions


def test_two_equal_electrodes_share_the_interface_and_the_diffusion():
    """Interfaces of 25 ohm and Warburg elements of a known D, twice in series: R A / 2 = 25 pi/4 each, and that D.

    As one electrode R A is twice and D a quarter of it (Weppner and Huggins, doi 10.1149/1.2133112).
    """
    area, diffusivity = np.pi / 4, 1e-9
    sigma = 22 * 0.5 / (96485.33 * area * np.sqrt(2 * diffusivity))
    values = {"R_ohm": 20.0, "R1_ohm": 50.0, "tau1_s": 1e-4, "n1": 0.9, "warburg_ohm_per_sqrt_s": 2 * sigma}
    one = _spectrum("R-RQ-W", values, seed=1, temperature_K=298.15)
    given: dict = {"diameter_cm": 1.0, "thickness_cm": 0.1, "circuit": "R-RQ-W", "dE_dx_V": 0.5,
             "molar_volume_cm3_per_mol": 22.0}  # fmt: skip
    each, whole = eis(one, **given, cell="symmetric"), eis(one, **given)
    for record, share, factor in ((each, 2, 1.0), (whole, 1, 0.25)):
        (row,) = record.spectra
        assert record.electrodes == share
        assert row.interface_ohm_cm2 is not None
        assert abs(row.interface_ohm_cm2.value - 50 * area / share) < 4 * row.interface_ohm_cm2.std
        assert row.diffusivity is not None
        found = row.diffusivity.diffusivity_cm2_per_s
        assert abs(found.value - factor * diffusivity) < 4 * found.std
        assert found.std < 0.05 * found.value
    assert not any("what cell it is" in text for text in each.warnings)
    assert any("what cell it is" in text and "four times" in text for text in whole.warnings)
    assert eis(one, **given, electrodes=2).spectra[0].interface_ohm_cm2 == each.spectra[0].interface_ohm_cm2
    assert any("sum of both" in text for text in eis(one, **given, cell="full").warnings)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"diameter_cm": 8.0, "thickness_cm": 0.2}, "0.8 cm"),
        ({"diameter_cm": 0.8}, "give both"),
        ({"weighting": "none"}, "modulus"),
        ({"circuit": "R-X"}, "R0-p"),
        ({"temperatures_K": [25.0]}, "298.15 K"),
        ({"cell": "full", "electrodes": 2}, "not equal"),
        ({"cell": "blocking", "dE_dx_V": 0.5}, "nothing diffuses"),
        ({"electrodes": 3}, "at most 2|2 or less|below"),
        ({"temperatures_K": [300.0, 310.0]}, "2 temperatures for 1 spectra"),
    ],
)
def test_bad_settings_are_refused_with_the_remedy(settings: dict, told: str):
    one = _spectrum("RQ", {"R1_ohm": 1e3, "tau1_s": 1e-4, "n1": 0.9}, seed=0)
    with pytest.raises((SettingsError, DataError), match=told):
        eis(one, **settings)


def test_wrong_sign_is_refused_with_the_remedy():
    right = _pellet_series(0.35)[0]
    wrong = Spectrum(frequency_Hz=right.frequency_Hz, impedance_ohm=right.impedance_ohm.conj(), name="mirrored.txt")
    with pytest.raises(DataError, match=r"50 of 50 points.*name the column -Z''"):
        eis(wrong, diameter_cm=1.0, thickness_cm=0.1)


def test_what_the_spectrum_does_not_determine_is_left_out():
    hidden = {"R_ohm": 100.0, "R1_ohm": 1e6, "tau1_s": 1e4, "n1": 0.95}  # the arc is slower than the spectrum
    record = eis(_spectrum("R-RQ", hidden, seed=3), circuit="R-RQ")
    assert record.spectra[0].resistances_ohm.interface is None
    assert any("left out" in text for text in record.warnings)


def test_run_directory_holds_the_record_and_refuses_other_inputs(tmp_path: Path):
    spectra = _pellet_series(0.35)[:2]
    eis(spectra, diameter_cm=1.0, thickness_cm=0.1, circuit="RQ-CPE", out=tmp_path / "run")
    document = json.loads((tmp_path / "run" / "result.json").read_text())
    assert document["kind"] == "eis"
    assert (tmp_path / "run" / document["spectra"][0]["points_file"]).is_file()
    with pytest.raises(InputError, match="other inputs"):
        eis(spectra, diameter_cm=1.1, thickness_cm=0.1, circuit="RQ-CPE", out=tmp_path / "run")


def test_leaving_out_what_was_given_is_another_run(tmp_path: Path):
    spectra = _pellet_series(0.35)[:2]
    sizes: dict = {"diameter_cm": 1.0, "thickness_cm": 0.1}
    eis(spectra, **sizes, circuit="RQ-CPE", dE_dx_V=0.5, out=tmp_path / "run")
    with pytest.raises(InputError, match=r"dE_dx_V is 0\.5 there and None now"):
        eis(spectra, **sizes, circuit="RQ-CPE", out=tmp_path / "run")
    with pytest.raises(InputError, match=r"diameter_cm is 1\.0 there and None now"):
        eis(spectra, circuit="RQ-CPE", dE_dx_V=0.5, out=tmp_path / "run")


def test_the_name_of_a_sample_may_change_its_sizes_not(tmp_path: Path):
    path, out = tmp_path / "pellet.yaml", tmp_path / "run"
    text = "name: pellet 7\ndie_diameter_mm: 8\npellet: {thickness_um: 2100}\n"
    path.write_text(text)
    one = _pellet_series(0.35)[0]
    assert eis(one, sample=path, circuit="RQ-CPE", out=out).sample == "pellet 7"
    path.write_text(text.replace("pellet 7", "pellet 8"))
    assert eis(one, sample=path, circuit="RQ-CPE", out=out).sample == "pellet 8"
    path.write_text(text.replace("2100", "2200"))
    with pytest.raises(InputError, match="thickness_cm"):
        eis(one, sample=path, circuit="RQ-CPE", out=out)


def test_room_temperature_conductivity_has_the_intervals_of_its_logarithm(series: EisRecord):
    assert series.arrhenius.total is not None
    sigma = series.arrhenius.total.conductivity_300K_mS_per_cm
    assert sigma is not None
    assert sigma.interval_68 is not None
    assert sigma.interval_95 == series.arrhenius.total.conductivity_300K_95_mS_per_cm
    for low, high in (sigma.interval_68, sigma.interval_95):
        assert low * high == pytest.approx(sigma.value**2)
    assert (sigma.interval_68[1] - sigma.interval_68[0]) / 2 == pytest.approx(sigma.std)


def test_another_analysis_stands_beside(tmp_path: Path):
    path = tmp_path / "other.csv"
    path.write_text(
        "part,quantity,temperature_K,value,std\n"
        "total,conductivity_S_per_cm,300,2.5e-6,1e-7\ntotal,activation_energy_eV,,0.36,0.01\nbulk,activation_energy_eV,,0.3,0\n"
    )
    record = eis(_pellet_series(0.35), diameter_cm=1.0, thickness_cm=0.1, circuit="RQ-CPE", beside=path)
    first, second, third = record.beside
    assert first.other.value == pytest.approx(2.5e-3)
    assert first.ours == record.spectra[1].conductivity_mS_per_cm.total
    assert second.difference_in_joint_errors == pytest.approx(-1.0, abs=0.4)
    assert third.ours is None or third.difference_in_joint_errors is not None
    for text in ("part,value\n1,2\n", "part,quantity,temperature_K,value,std\ntotal,conductivity_S_per_cm,cold,1,1\n",
                 "part,quantity,temperature_K,value,std\ntotal,conductivity_S_per_cm,nan,1e-5,1e-6\n",
                 "part,quantity,temperature_K,value,std\ntotal,conductivity_S_per_cm,inf,1e-5,1e-6\n",
                 "part,quantity,temperature_K,value,std\ntotal,conductivity_S_per_cm,27,1e-5,1e-6\n",
                 "part,quantity,temperature_K,value,std\ntotal,activation_energy_eV,,36,1\n",
                 "part,quantity,temperature_K,value,std\ntotal,activation_energy_eV,,0.36,0.4\n"):  # fmt: skip
        path.write_text(text)
        with pytest.raises(DataError, match=r"other\.csv.*[Gg]ive"):
            eis(_pellet_series(0.35), circuit="RQ-CPE", beside=path)


def test_seven_spectra_give_the_authors_numbers(shared: Path):
    record = eis(shared / "data" / "lab" / "eis", diameter_cm=0.8, thickness_cm=0.21)
    assert record.circuit == "RQ-RQ-CPE"
    assert len(record.spectra) == 7
    assert all(row.kramers_kronig.passed for row in record.spectra)
    assert sum("left out" in text for text in record.warnings) == 2  # the two reports are no spectra
    for part, (sigmas, (energy, energy_std)) in AUTHORS.items():
        for row, sigma in zip(record.spectra, sigmas, strict=True):
            ours = getattr(row.conductivity_mS_per_cm, part)
            assert ours.value == pytest.approx(1e3 * sigma, rel=1e-3)  # the same minimum, printed with four figures
        fit = getattr(record.arrhenius, part).activation_energy_eV
        assert abs(fit.value - energy) < 2 * np.hypot(fit.std, energy_std)


def test_columns_are_named_as_the_refusal_says(tmp_path: Path):
    """The option of the command, and the spectrum that it reads."""
    z = impedance(Circuit.parse("R-RQ"), {"R_ohm": 10.0, "R1_ohm": 90.0, "tau1_s": 1e-4, "n1": 0.95}, FREQUENCY_HZ)
    rows = "\n".join(f"{f:.8e},{x.real:.8e},{-x.imag:.8e}" for f, x in zip(FREQUENCY_HZ, z, strict=True))
    path = tmp_path / "odd.csv"
    path.write_text("X,A,B\n" + rows)
    with pytest.raises(DataError, match="no frequency among the columns") as refused:
        eis(path)
    assert "--columns frequency_Hz=...,real_ohm=...,imag_ohm=..." in str(refused.value)
    record = eis(path, columns="frequency_Hz=X,real_ohm=A,imag_ohm=-B", circuit="R-RQ")
    values = {each.name: each.value for each in record.spectra[0].parameters}
    assert (values["R_ohm"], values["R1_ohm"]) == pytest.approx((10.0, 90.0), rel=1e-5)  # nine digits, no noise
    with pytest.raises(InputError, match="Ece"):
        eis(path, columns="frequency_Hz=X", impedance_of="Ece")


def test_circuit_in_the_usual_notation_has_roles_limits_and_masks(tmp_path: Path):
    """`R0-p(R1,CPE1)-CPE2` of a pellet as R-RQ-CPE: the same total; n fixed; a mask takes what it says."""
    values = {"R_ohm": 200.0, "R1_ohm": 5e4, "tau1_s": 2e-6, "n1": 0.95, "tail_ohm": 2e3, "tail_n": 0.85}
    one = _spectrum("R-RQ-CPE", values, seed=2, temperature_K=300.0)
    sizes: dict = {"diameter_cm": 1.0, "thickness_cm": 0.1}
    written = eis(one, circuit="R0-p(R1,CPE1)-CPE2", fix={"CPE2_n": 0.85}, mask_Hz=[(40, 60), (900, 1100)], **sizes)
    row, direct = written.spectra[0], eis(one, circuit="R-RQ-CPE", **sizes).spectra[0]
    ours, theirs = row.resistances_ohm.total, direct.resistances_ohm.total
    assert ours is not None
    assert theirs is not None
    assert abs(ours.value - theirs.value) < theirs.std  # of all but three points, and with n known
    assert {each.name: each.role for each in row.parameters}["R1_ohm"] == "bulk"
    masked = sum((40 <= f <= 60) or (900 <= f <= 1100) for f in FREQUENCY_HZ)
    assert masked > 0
    assert row.n_points == len(FREQUENCY_HZ) - masked
    assert any(f"{masked} points of each spectrum left out" in text for text in written.warnings)
    fixed = next(each for each in row.parameters if each.name == "CPE2_n")
    assert (fixed.value, fixed.std, fixed.interval_95) == (0.85, 0.0, (None, None))
    # R1 alone by its name in the circuit
    named = eis(one, circuit="R0-p(R1,CPE1)-CPE2", electrolyte="R1", **sizes).spectra[0].resistances_ohm
    assert named.total is not None
    assert named.total.value == pytest.approx(5e4, rel=0.02)
    assert named.interface is not None
