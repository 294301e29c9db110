"""`hull`: from given energies and of built-in phases; records, reports, caches, and every bad input in one line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from given_energies import GIVEN
from paddlewheel import hull
from paddlewheel.cli.main import status_of
from paddlewheel.errors import InputError, RunDirectoryError
from paddlewheel.potentials import identify_potential
from paddlewheel.records import read_record, write_record
from paddlewheel.records.base import Measured, Provenance
from paddlewheel.studies.hull.phase_energies import built_in_cells, combine_orderings, entry_of_phonons, is_usable
from paddlewheel.studies.hull.record import HullRecord
from paddlewheel.studies.phonons.record import PhononRecord, ThermalRow
from paddlewheel.studies.simulation.structures import cell_digest
from paddlewheel.thermodynamics.phase_entry import PhaseEntry
from paddlewheel.thermodynamics.phase_library import library_phases

TWO_ENGINES = "\n".join(
    f"{line},{'engine' if line.startswith('formula') else 'r2SCAN' if line.startswith('NaCl,') else 'PBE'}"
    for line in GIVEN.splitlines()
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "given.csv"
    path.write_text(GIVEN)
    return path


def test_record_and_report_of_a_hull(table: Path, tmp_path: Path) -> None:
    record = hull("Na-Cl", energies=[table], target="Na3Cl2", temperatures_K=[300.0], out=tmp_path / "run")
    assert record == read_record(tmp_path / "run" / "result.json", HullRecord, made_by="hull")
    row = next(row for row in record.temperatures[0].phases if row.name == "Na3Cl2")
    assert row.e_above_hull_meV_per_atom.value == pytest.approx(20)
    # Na3Cl2 - NaCl - Na2Cl over 5 atoms: 1 meV on each is sqrt(5^2 + 2^2 + 3^2) / 5; 2,000 samples know it to 1.6 %
    assert row.e_above_hull_meV_per_atom.std == pytest.approx(38**0.5 / 5, rel=0.06)
    assert row.reaction == "Na3Cl2 -> NaCl + Na2Cl"
    assert ("NaCl", "NaCl2") in record.temperatures[0].tie_lines
    report = (tmp_path / "run" / "report.html").read_text()
    assert "static energies at every temperature" in report
    assert "http://" not in report.replace("http://www.w3.org", "")


def test_a_table_goes_by_its_content_wherever_it_lies(table: Path, tmp_path: Path) -> None:
    run, settings = tmp_path / "run", {"temperatures_K": [300.0], "out": tmp_path / "run"}
    record = hull("Na-Cl", energies=[table], **settings)
    written = (run / "result.json").stat().st_mtime_ns
    (tmp_path / "elsewhere").mkdir()
    moved = table.rename(tmp_path / "elsewhere" / table.name)
    assert hull("Na-Cl", energies=[moved], **settings) == record
    assert (run / "result.json").stat().st_mtime_ns == written
    moved.write_text(GIVEN.replace("-2.0", "-2.1"))
    with pytest.raises(RunDirectoryError, match=r"given\.csv is not the file any more"):
        hull("Na-Cl", energies=[moved], **settings)


def test_what_is_for_built_in_phases_refuses_nobody_who_gives_energies(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    first = hull("Na-Cl", energies=[table], out=out, n_orderings=4, pressure_bar=2.0)
    again = hull("Na-Cl", energies=[table], out=out, potential="nep-nabh")
    assert again.temperatures == first.temperatures
    told = yaml.safe_load((out / "inputs.yaml").read_text())
    assert (told["n_orderings"], told["pressure_bar"], told["potential"]) == (5, 1.0, None)
    with pytest.raises(RunDirectoryError, match="seed is 1 there and 2 now"):
        hull("Na-Cl", energies=[table], out=out, seed=2)


def test_rows_figures_and_intervals_without_a_directory(table: Path) -> None:
    """Below the hull nothing lies: near it the intervals are those of samples, cut off at 0; far from it are none."""
    record = hull("Na-Cl", energies=[table], temperatures_K=[300.0, 650.0], target="Na3Cl2")
    assert set(record.plot()) == {"diagram", "above"}
    assert [(row.name, row.temperature_K) for row in record.phases][:2] == [("Na", 300.0), ("Cl", 300.0)]
    assert len(record.phases) == 12
    rows = {row.name: row.e_above_hull_meV_per_atom for row in record.temperatures[0].phases}
    assert rows["Na3Cl2"].interval_95 is None
    assert rows["NaCl"].interval_95 is None
    near = hull("Na-Cl", energies=[_near(table)])
    above = next(row for row in near.temperatures[0].phases if row.name == "Na3Cl2").e_above_hull_meV_per_atom
    assert above.interval_68 is not None
    assert above.interval_95 is not None
    assert above.value == pytest.approx(2.0)
    # deviates of 38**0.5 / 5 meV (see above) about 2 meV: the lower 2.5 % are 0, the upper quantiles those of a normal
    std = 38**0.5 / 5
    assert above.interval_95 == pytest.approx((0.0, 2.0 + 1.96 * std), abs=0.15)
    assert above.interval_68 == pytest.approx((2.0 - std, 2.0 + std), abs=0.1)


def test_error_of_the_energies_is_in_every_interval_and_in_the_record(table: Path, tmp_path: Path) -> None:
    """30 meV/atom, half of it shared, on Na3Cl2 2 meV above the others: on the hull in Phi(-2 / 26) of the draws."""
    from scipy.stats import norm

    near = _near(table)
    without = hull("Na-Cl", energies=[near], temperatures_K=[300.0])
    assert without.energy_error_meV_per_atom is None
    assert any("is in no interval: give --energy-error-meV-per-atom" in text for text in without.warnings)
    out = tmp_path / "run"
    record = hull("Na-Cl", energies=[near], temperatures_K=[300.0], energy_error_meV_per_atom=30.0, out=out)
    assert (record.energy_error_meV_per_atom, record.shared_error) == (30.0, 0.5)
    row = next(row for row in record.temperatures[0].phases if row.name == "Na3Cl2")
    own = (38**0.5 / 5) ** 2  # meV^2, see above
    std = (own + 30**2 * 0.5 * (1 + 4 / 25 + 9 / 25)) ** 0.5
    assert row.e_above_others_meV_per_atom is not None
    assert row.e_above_others_meV_per_atom.std == pytest.approx(std, rel=0.06)
    assert row.stable_probability == pytest.approx(norm.cdf(-2 / std), abs=0.04)  # 2,000 draws: 1.1 %
    assert "30 meV/atom, 50 % of its variance common to phases of the same elements" in (
        out / "report.html"
    ).read_text().replace("\n", " ")
    with pytest.raises(RunDirectoryError, match="energy_error_meV_per_atom is 30"):
        hull("Na-Cl", energies=[near], temperatures_K=[300.0], out=out)


def test_a_run_of_before_goes_on_where_energies_are_given(table: Path, tmp_path: Path) -> None:
    """inputs.yaml of before has no error of the energies: with given ones nothing changed."""
    out = tmp_path / "run"
    record = hull("Na-Cl", energies=[table], out=out)
    path = out / "inputs.yaml"
    new = {"orderings", "energy_error_meV_per_atom", "shared_error"}
    told = yaml.safe_load(path.read_text())
    assert new <= set(told)
    path.write_text(yaml.safe_dump({key: value for key, value in told.items() if key not in new}))
    assert hull("Na-Cl", energies=[table], out=out) == record


def test_given_phases_of_other_elements_are_named(table: Path) -> None:
    """A list may hold more than the system; a slip of the pen (Po for PO) may not vanish either."""
    table.write_text(GIVEN + "Na3Po4,-5.0,0.001,25\n")
    record = hull("Na-Cl", energies=[table], temperatures_K=[300.0])
    assert "given and left out, for elements that are not of Na-Cl: Na3Po4" in record.warnings
    table.write_text(GIVEN)
    assert not any("left out, for" in text for text in hull("Na-Cl", energies=[table]).warnings)


def test_targets_are_found_by_composition(tmp_path: Path) -> None:
    """The Materials Project writes Na1Cr1O2; a user NaCrO2, or Na2Cr2O4 for the cell."""
    path = tmp_path / "mp.json"
    rows = [
        {"composition": amounts, "energy": energy, "correction": 0.0, "entry_id": name}
        for name, amounts, energy in (
            ("mp-1", {"Na": 1.0}, 0.0), ("mp-2", {"Cr": 1.0}, 0.0), ("mp-3", {"O": 2.0}, 0.0),
            ("mp-4", {"Na": 1.0, "Cr": 1.0, "O": 2.0}, -8.0),
        )
    ]  # fmt: skip
    path.write_text(json.dumps(rows))
    for asked in ("Na1Cr1O2", "NaCrO2", "CrNaO2", "Na2Cr2O4", "mp-4"):
        assert hull("Na-Cr-O", energies=[path], target=asked, temperatures_K=[0.0]).target == "mp-4"
    row = hull("Na-Cr-O", energies=[path], temperatures_K=[0.0]).phases[3]
    assert row.reaction == "NaCrO2 -> Na + Cr + O2"


def test_uncorrected_gga_u_is_another_engine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """FeO of GGA+U with its correction is on the scale of GGA; without, it is not."""

    def status(correction: float) -> int:
        rows = [
            {"composition": amounts, "energy": energy, "correction": by, "parameters": {"run_type": run_type}}
            for amounts, energy, by, run_type in (
                ({"Fe": 1.0}, -8.3, 0.0, "GGA"), ({"O": 2.0}, -9.9, 0.0, "GGA"),
                ({"Fe": 1.0, "O": 1.0}, -13.5, correction, "GGA+U"),
            )
        ]  # fmt: skip
        path = tmp_path / "mp.json"
        path.write_text(json.dumps([row | {"entry_id": f"mp-{k}"} for k, row in enumerate(rows)]))
        return status_of(
            ["hull", "Fe-O", "--energies", str(path), "--temperatures", "0", "--out", str(tmp_path / f"{correction:g}")]
        )

    assert status(0.0) == 2
    assert "energies of two engines" in (told := capsys.readouterr().err)
    assert "GGA+U without corrections" in told
    assert status(-2.9) == 0


def test_diborane_is_counted_from_the_boron_here(monkeypatch) -> None:
    """G = H(B) + 3 H(H) + dHf ...: 1 eV more a boron is 0.25 eV/atom more of B2H6, and its error is boron's.

    Between alpha and beta boron, 5 meV/atom are open: a quarter of that is B2H6's own std.
    """
    from paddlewheel.studies.hull import gas_energies as gases

    monkeypatch.setattr(gases, "molecule_energy_eV_per_atom", lambda *_: -3.4)
    base = phonon_record()
    row = base.thermal[2].model_copy(update={"temperature_K": 298.15})
    low = base.model_copy(update={"thermal": [row], "static_energy_eV_per_atom": -6.0})
    high = low.model_copy(update={"static_energy_eV_per_atom": -5.0})
    boron = next(phase for phase in library_phases(["B"]) if phase.name == "B (alpha)")
    found = []
    for record in (low, high):
        made = gases.gas_energies(
            ["B", "H"], [300.0], computed=[gases.Computed(phase=boron, record=record)],
            computed_elsewhere=lambda _: [], potential="p", engine="p", pressure_bar=1.0, static=False,
        )  # fmt: skip
        found.append(next(entry for entry in made.entries if entry.formula == "B2H6"))
    assert found[1].gibbs_eV_per_atom[0] - found[0].gibbs_eV_per_atom[0] == pytest.approx(0.25)
    assert found[0].std_eV_per_atom == pytest.approx((0.25 * 0.005,), rel=1e-5)
    assert dict(found[0].built_on) == pytest.approx({"B (alpha)": 0.25, "H2 (gas)": 0.75})
    assert "counted from B (alpha), H2 (gas)" in found[0].prepared


def _near(table: Path) -> Path:
    """The same with Na3Cl2 2 meV/atom above NaCl and Na2Cl."""
    path = table.with_name("near.csv")
    path.write_text(GIVEN.replace("-4.2,", "-4.29,"))
    return path


def test_an_unknown_target_is_refused_before_built_in_phases_are_computed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no phase 'Na3' \(there are: Na \(bcc\)"):
        hull("Na-B-H", target="Na3", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "table_text", "message"),
    [
        (["hull", "Na-Cl"], "formula,energy_eV_per_formula\nNa,0\nNaCl,-4\n", "no reference phase of the element Cl"),
        (["hull", "Na-Cl"], "formula\nNa\n", "no energy of Na"),
        (["hull", "Na-Cl"], "formula,energy_eV_per_atom\nNa,zero\n", "'zero' is no number"),
        (["hull", "Na-Cl"], "formula,energy\nNa,0\n", "unknown column 'energy'"),
        (["hull", "Na-Cl"], "", "no phase in it"),
        (["hull", "Na-Xx"], GIVEN, "'Xx' is no element"),
        (["hull", "Na-Cl", "--temperatures", "-5"], GIVEN, "temperatures"),
        (["hull", "Na-Cl"], TWO_ENGINES, "energies of two engines"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_and_nothing_is_written(
    arguments: list[str], table_text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "given.csv"
    path.write_text(table_text)
    out = tmp_path / "run"
    assert status_of([*arguments, "--energies", str(path), "--out", str(out)]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert len(told.splitlines()) == 1
    assert not (out / "result.json").exists()


def phonon_record() -> PhononRecord:
    """An Einstein crystal's F, S at 0, 300 and 600 K: hw = 0.03 eV, three modes an atom."""
    import numpy as np

    from paddlewheel.units import BOLTZMANN_eV_PER_K

    rows = []
    for temperature in (0.0, 150.0, 300.0, 450.0, 600.0):
        kT = BOLTZMANN_eV_PER_K * max(temperature, 1e-3)
        free = 3 * (0.015 + kT * np.log(-np.expm1(-0.03 / kT)))
        n = 1 / np.expm1(0.03 / kT) if temperature else 0.0
        entropy = 3 * BOLTZMANN_eV_PER_K * ((1 + n) * np.log1p(n) - n * np.log(n)) if temperature else 0.0
        rows.append(
            ThermalRow(
                temperature_K=temperature, free_energy_eV_per_atom=Measured(value=free, std=1e-3),
                entropy_eV_per_K_per_atom=Measured(value=entropy, std=0.0),
                heat_capacity_eV_per_K_per_atom=Measured(value=0.0, std=0.0),
            )
        )  # fmt: skip
    return PhononRecord(
        structure="einstein", formula="Na2", n_atoms=2, space_group_start="Im-3m", potential="by hand", engine="nep",
        status="ok", static_energy_eV_per_atom=-1.0, volume_A3_per_atom=38.0, thermal=rows,
        provenance=Provenance(paddlewheel_version="0", created_utc="", versions={}, settings={}),
    )  # fmt: skip


def test_free_energy_between_the_rows_of_a_phonons_record() -> None:
    """Hermite interpolation with dF/dT = -S over steps of 150 K: against the formula at 225 and 375 K."""
    import numpy as np

    from paddlewheel.units import BOLTZMANN_eV_PER_K

    entry = entry_of_phonons(phonon_record(), [225.0, 375.0], name="Na", formula="Na", origin="by hand")
    for temperature, gibbs in zip(entry.temperatures_K, entry.gibbs_eV_per_atom, strict=True):
        kT = BOLTZMANN_eV_PER_K * temperature
        exact = -1.0 + 3 * (0.015 + kT * np.log(-np.expm1(-0.03 / kT)))
        assert gibbs == pytest.approx(exact, abs=1e-3)  # error of fourth order in the step: h^4 F'''' / 384
    with pytest.raises(InputError, match="900 K asked for"):
        entry_of_phonons(phonon_record(), [900.0], name="Na", formula="Na", origin="by hand")


def test_quasi_harmonic_free_energies_on_request(tmp_path: Path) -> None:
    """Those of the record's rows, between them by splines (cubic G(T) here: exact), with the volume of the first.

    A record without them, or not up to the temperature, is refused in one line.
    """
    from paddlewheel.studies.phonons.record import QuasiHarmonicResult, QuasiHarmonicRow

    def gibbs(temperature: float) -> float:
        return -1.0 - 1e-7 * temperature**2 - 1e-11 * temperature**3

    rows = [
        QuasiHarmonicRow(
            temperature_K=temperature, gibbs_energy_eV_per_atom=gibbs(temperature),
            volume_A3_per_atom=38.0 + 0.002 * temperature, thermal_expansion_per_K=0.0, bulk_modulus_GPa=7.0,
            heat_capacity_eV_per_K_per_atom=0.0,
        )
        for temperature in (0.0, 100.0, 200.0, 300.0, 400.0)
    ]  # fmt: skip
    plain = phonon_record()
    record = plain.model_copy(
        update={"quasi_harmonic": QuasiHarmonicResult(repeats=(2, 2, 2), volumes=[], rows=rows, note="shape kept")}
    )
    given = {"name": "Na", "formula": "Na", "origin": "by hand"}
    entry = entry_of_phonons(record, [150.0, 320.0], quasi_harmonic=True, **given)
    assert entry.gibbs_eV_per_atom == pytest.approx((gibbs(150), gibbs(320)), abs=1e-9)
    assert entry.volume_A3_per_atom == pytest.approx(38.3)
    assert entry.gibbs_eV_per_atom[0] != entry_of_phonons(record, [150.0], **given).gibbs_eV_per_atom[0]
    for refused, message in (
        (plain, "no quasi-harmonic free energy"),
        (record, "from 0 to 400 K, 500 to 500 K wanted"),
    ):
        with pytest.raises(InputError, match=message):
            entry_of_phonons(refused, [500.0], quasi_harmonic=True, **given)
    (tmp_path / "na").mkdir()
    write_record(plain, tmp_path / "na" / "result.json")
    with pytest.raises(InputError, match="run phonons with --quasi-harmonic"):
        hull("Na-H", phases=[tmp_path / "na"], temperatures_K=[300.0], quasi_harmonic=True)


def test_orderings_are_combined_by_the_energy_of_their_cell() -> None:
    """Two orderings kT ln 3 a cell of 4 atoms apart, 2 images each: F = G - kT ln(2 + 2/3) / 4, and 3/4 of one std.

    How far they are apart is no error of F: the std is that of the phonons, 2 meV/atom in both.
    """
    import numpy as np

    from paddlewheel.units import BOLTZMANN_eV_PER_K

    kT = BOLTZMANN_eV_PER_K * 300.0
    entries = [
        PhaseEntry(name="x", formula="NaH", temperatures_K=(300.0,), gibbs_eV_per_atom=(value,),
                   std_eV_per_atom=(0.002,), volume_A3_per_atom=volume, engine="by hand")
        for value, volume in ((-1.0, 10.0), (-1.0 + kT * np.log(3) / 4, 14.0))
    ]  # fmt: skip
    combined = combine_orderings(entries, n_atoms=4, degeneracies=[2, 2])
    assert combined.gibbs_eV_per_atom[0] == pytest.approx(-1.0 - kT * np.log(8 / 3) / 4)
    assert combined.ordered_gibbs_eV_per_atom == (-1.0,)
    assert combined.std_eV_per_atom[0] == pytest.approx(0.002)
    assert combined.volume_A3_per_atom == pytest.approx(11.0)


def test_bounds_of_disorder_of_the_phase_and_of_its_competitors(tmp_path: Path) -> None:
    """o-NBH 20 meV/atom above NaBH4 + Na2B12H12: T S of its Na takes off 9.97 at 650 K, cubic Na2B12H12's gives back.

    A cell of o-NBH, Na3B13H16, is NaBH4 (6 of 32 atoms) and Na2B12H12 (26 of 32).
    """
    import numpy as np

    from paddlewheel.units import BOLTZMANN_eV_PER_K

    path = tmp_path / "given.csv"
    path.write_text(
        "name,formula,energy_eV_per_atom\nNa,Na,0\nB,B,0\nH,H,0\nNaBH4,NaBH4,-1\n"
        '"Na2B12H12 (cubic, Na ordered)",Na2B12H12,-1\no-NBH,Na3B13H16,-0.98\n'
    )
    bounds = {bound.name: bound for bound in hull("Na-B-H", energies=[path], temperatures_K=[650.0]).entropy_bounds}
    mixing = -np.log(1 / 3) / 3 - 2 * np.log(2 / 3) / 3
    kT_meV = 1000 * BOLTZMANN_eV_PER_K * 650
    own, other = kT_meV * 36 * mixing / 128, kT_meV * (6 * mixing / 52 + np.log(2) / 26)
    assert set(bounds) == {"o-NBH", "Na2B12H12 (cubic, Na ordered)"}
    assert bounds["o-NBH"].e_above_hull_meV_per_atom[0].value == pytest.approx(20 - own)
    all_granted = bounds["o-NBH"].e_above_hull_all_granted_meV_per_atom[0].value
    assert all_granted == pytest.approx(20 - own + 26 / 32 * other)


def test_saddles_and_broken_phases_are_left_out_near_minima_are_kept() -> None:
    """A few imaginary modes or a minimum missed by a little are in the std; 17 % (cubic NaBH4) are another thing."""
    from paddlewheel.studies.phonons.record import ImaginaryModes

    record = phonon_record()
    assert is_usable(record)
    assert is_usable(record.model_copy(update={"status": "not-relaxed"}))
    soft = record.model_copy(update={"imaginary": ImaginaryModes(share_of_modes=0.05, lowest_THz=-0.9)})
    assert is_usable(soft)
    saddle = record.model_copy(update={"imaginary": ImaginaryModes(share_of_modes=0.17, lowest_THz=-9.6)})
    assert not is_usable(saddle)
    assert not is_usable(record.model_copy(update={"status": "broken", "thermal": []}))
    assert not is_usable(record.model_copy(update={"status": "left-symmetry"}))


def test_a_disordered_phase_that_is_left_out_says_what_its_disorder_could_do() -> None:
    """Cubic NaBH4, a saddle: k ln 2 a BH4, a sixth of it an atom, is 2.99 meV/atom at 300 K."""
    from paddlewheel.studies.hull import phase_energies as phases
    from paddlewheel.studies.phonons.record import ImaginaryModes

    cell = next(
        cell
        for cell in built_in_cells(["Na", "B", "H"], potential="nep-nabh", n_orderings=1, seed=1)
        if cell.phase.name == "NaBH4 (cubic, H ordered)"
    )
    saddle = phonon_record().model_copy(
        update={"imaginary": ImaginaryModes(share_of_modes=0.17, lowest_THz=-9.6), "status": "imaginary"}
    )
    with pytest.raises(InputError, match=r"its disorder, up to 3\.0 meV/atom at 300 K, lowers no hull"):
        phases._entry_of_cell(cell, saddle, [300.0])


def test_hull_of_built_in_phases_from_their_phonons(monkeypatch, tmp_path: Path) -> None:
    """Einstein crystals with static energies by hand: F of o-NBH's orderings, the potential's error, bounds, gases."""
    import numpy as np

    from paddlewheel.studies.hull import gas_energies
    from paddlewheel.studies.hull import phase_energies as phases
    from paddlewheel.units import BOLTZMANN_eV_PER_K

    statics = {
        "Na": -1.3,
        "B": -6.7,
        "NaH": -3.0,
        "NaBH4": -4.5,
        "Na2B12H12": -5.6,
        "o-NBH-0": -5.38,
        "o-NBH-1": -5.3799,
    }
    warm = phonon_record().thermal[2].model_copy(update={"temperature_K": 298.15})
    rows = sorted([*phonon_record().thermal, warm], key=lambda row: row.temperature_K)

    def made(_atoms, slug, *, cell, **_) -> PhononRecord:
        static = statics.get(slug, statics.get(cell.phase.formula))
        told = {"static_energy_eV_per_atom": static, "potential": "m3gnet-nabh-r2scan", "thermal": rows}
        return phonon_record().model_copy(update=told)

    monkeypatch.setattr(phases, "_phonons_in_cache", made)
    monkeypatch.setattr(gas_energies, "molecule_energy_eV_per_atom", lambda *_: -3.4)
    record = hull("Na-B-H", temperatures_K=[300.0], n_orderings=2, out=tmp_path / "run")
    gibbs = {row.name: row.gibbs_eV_per_atom[0] for row in record.inputs}
    kT = BOLTZMANN_eV_PER_K * 300
    gap = np.exp(-128 * 1e-4 / kT)  # the second ordering, 0.1 meV/atom higher; 8 images of each
    vibrations = gibbs["NaH"].value - statics["NaH"]
    assert gibbs["o-NBH"].value == pytest.approx(-5.38 + vibrations - kT * np.log(8 * (1 + gap)) / 128, abs=1e-9)
    assert gibbs["o-NBH"].std == pytest.approx(1e-3)  # of both phonons, whatever the orderings are apart
    assert record.energy_error_meV_per_atom == pytest.approx(30.2 * (np.pi / 2) ** 0.5)
    bounds = {bound.name for bound in record.entropy_bounds}
    assert bounds == {"o-NBH", "NaBH4 (cubic, H ordered)", "Na2B12H12 (cubic, Na ordered)"}
    rows_of = {row.name: row for row in record.temperatures[0].phases}
    # diborane is counted from B and H2: what is left of its error against them is 5 meV of a quarter of its atoms
    diborane = rows_of["B2H6 (gas)"].e_above_others_meV_per_atom
    assert diborane is not None
    assert diborane.std == pytest.approx(1.25, rel=0.06)  # 2,000 draws know it to 1.6 %
    told = yaml.safe_load((tmp_path / "run" / "inputs.yaml").read_text())
    assert told["orderings"] == "partition sum"
    for key in ("orderings", "energy_error_meV_per_atom", "shared_error", "quasi_harmonic"):
        del told[key]
    (tmp_path / "run" / "inputs.yaml").write_text(yaml.safe_dump(told))
    with pytest.raises(RunDirectoryError, match=r"(orderings|energy_error_meV_per_atom) is None there"):
        hull("Na-B-H", temperatures_K=[300.0], n_orderings=2, out=tmp_path / "run")


def test_potential_that_breaks_an_element_is_refused_before_the_rest_is_computed(monkeypatch, tmp_path: Path) -> None:
    asked: list[str] = []

    def broken(atoms, slug, **_) -> PhononRecord:
        asked.append(slug)
        told = {"status": "broken", "reason": "the volume changed by +340 %", "thermal": []}
        return phonon_record().model_copy(update=told)

    monkeypatch.setattr("paddlewheel.studies.hull.phase_energies._phonons_in_cache", broken)
    with pytest.raises(InputError, match=r"no reference for the element Na: broken: the volume changed") as error:
        hull("Na-B-H", potential="nep-nabh", out=tmp_path / "run")
    assert "take a potential that knows the elements" in str(error.value)
    assert asked == ["Na-bcc"]


def test_phonons_of_built_in_phases_are_found_in_caches_of_before(monkeypatch, tmp_path: Path) -> None:
    """The folder's name is the hash of these eight keys, as it always was."""
    monkeypatch.setenv("PADDLEWHEEL_CACHE", str(tmp_path))
    cell = next(built_in_cells(["Na", "H"], potential="nep-nabh", n_orderings=1, seed=1))
    inputs = {
        "command": "phonons",
        "structure": {"name": "Na2", "formula": "Na2", "n_atoms": 2, "sha256": cell_digest(cell.atoms)},
        "potential": {
            "name": "nep-nabh", "identity": identify_potential("nep-nabh"), "three_body": "parent", "device": "cpu",
            "dtype": "float64",
        },
        "supercells": [[4, 4, 4], [5, 5, 5]],
        "displacement_A": 0.01,
        "fmax_eV_per_A": 1e-4,
        "keep_symmetry": True,
        "tolerance_meV_per_atom": 1.0,
    }  # fmt: skip
    digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
    assert cell.folder == tmp_path / "phonons" / f"Na-bcc-{digest[:16]}"
    again = next(built_in_cells(["Na", "H"], potential="nep-nabh", n_orderings=1, seed=1, quasi_harmonic=True))
    assert again.folder == cell.folder  # the volumes are added to the run that is there
    assert again.settings["quasi_harmonic"]


def test_a_dry_run_says_which_phases_are_in_the_cache(monkeypatch, tmp_path: Path, capsys) -> None:
    monkeypatch.setenv("PADDLEWHEEL_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "run"
    cell = next(built_in_cells(["Na", "H"], potential="nep-nabh", n_orderings=1, seed=1))
    cell.folder.mkdir(parents=True)
    write_record(phonon_record(), cell.folder / "result.json")
    before = sorted(path for path in tmp_path.rglob("*"))
    assert status_of(["hull", "Na-H", "--potential", "nep-nabh", "--out", str(out), "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "in the cache: Na-bcc\n" in told
    assert "to be computed: NaH (" in told
    assert "of one core" in told
    assert sorted(path for path in tmp_path.rglob("*")) == before
