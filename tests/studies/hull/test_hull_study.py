"""`hull` and `window` from given energies: records, reports, exit status, and every bad input in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paddlewheel import (
    hull,
    window,
)
from paddlewheel.cli.main import status_of
from paddlewheel.errors import InputError
from paddlewheel.records import read_record
from paddlewheel.records.base import Measured, Provenance
from paddlewheel.studies.hull.phase_energies import (
    entry_of_phonons,
    is_usable,
    mean_of_orderings,
)
from paddlewheel.studies.hull.record import (
    HullRecord,
)
from paddlewheel.studies.phonons.record import (
    PhononRecord,
    ThermalRow,
)
from paddlewheel.studies.window.record import (
    WindowRecord,
)
from paddlewheel.thermodynamics.phase_entry import PhaseEntry

#: three phases of Na and Cl, by hand; Na3Cl2 is 0.1 eV a formula (20 meV/atom) above NaCl and Na2Cl
GIVEN = """formula,energy_eV_per_formula,std_eV_per_atom,volume_A3_per_atom
Na,0,0.001,38
Cl,0,0.001,30
NaCl,-2.0,0.001,22
NaCl2,-2.1,0.001,25
Na2Cl,-2.3,0.001,25
Na3Cl2,-4.2,0.001,25
"""
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


def test_record_of_a_window_against_another_electrode(table: Path, tmp_path: Path) -> None:
    record = window(
        "NaCl", system="Na-Cl", energies=[table], reference="Na2Cl electrode", reference_potential_V=0.25,
        interfaces=["NaCl2"], out=tmp_path / "run",
    )  # fmt: skip
    assert record == read_record(tmp_path / "run" / "result.json", WindowRecord, made_by="window")
    assert record.reduction_limit_V_vs_Na is not None
    assert record.oxidation_limit_V.value == pytest.approx(1.9)
    assert record.oxidation_limit_V_vs_reference is not None
    assert record.oxidation_limit_V_vs_reference.value == pytest.approx(1.65)
    assert record.strict_window
    assert record.interfaces == []  # NaCl and NaCl2 coexist


def test_metastable_phase_has_a_lowered_window_and_says_so(table: Path) -> None:
    record = window("Na3Cl2", system="Na-Cl", energies=[table])
    assert not record.strict_window
    assert record.driving_force_meV_per_atom.value == pytest.approx(20)
    assert any("no window of its own" in text for text in record.warnings)


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
        (["window", "NaBr", "--system", "Na-Cl"], GIVEN, "no phase 'NaBr'"),
        (["window", "NaCl", "--system", "Na-Cl", "--voltage-V", "-1"], GIVEN, "-1 V"),
        (["window", "NaCl", "--system", "Na-Cl", "--reference", "Na9Sn4"], GIVEN, "without its potential"),
        (["window", "NaCl"], GIVEN, "no system for the phases given"),
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


def test_computed_entries_of_pymatgen_are_read(tmp_path: Path) -> None:
    """As the Materials Project's API gives them: energy of the cell, correction, composition."""
    rows = [
        {
            "composition": {"Na": 2.0},
            "energy": -2.6,
            "correction": 0.0,
            "entry_id": "mp-1",
            "parameters": {"run_type": "GGA"},
        },
        {
            "composition": {"Cl": 4.0},
            "energy": -7.4,
            "correction": 0.0,
            "entry_id": "mp-2",
            "parameters": {"run_type": "GGA"},
        },
        {
            "composition": {"Na": 4.0, "Cl": 4.0},
            "energy": -27.0,
            "correction": -2.4,
            "entry_id": "mp-3",
            "parameters": {"run_type": "GGA+U"},
        },
    ]
    path = tmp_path / "entries.json"
    path.write_text(json.dumps(rows))
    record = window("mp-3", system="Na-Cl", energies=[path])
    # (-27 - 2.4 + 4 * 1.3 + 4 * 1.85) / 4 a formula unit
    assert record.oxidation_limit_V.value == pytest.approx(4.2)


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


def test_mean_of_orderings_by_hand() -> None:
    """Two orderings kT ln 3 apart (a formula unit) have weights 3/4 and 1/4."""
    import numpy as np

    from paddlewheel.units import BOLTZMANN_eV_PER_K

    gap = BOLTZMANN_eV_PER_K * 300.0 * np.log(3) / 2  # two atoms
    entries = [
        PhaseEntry(name="x", formula="NaH", temperatures_K=(300.0,), gibbs_eV_per_atom=(value,), std_eV_per_atom=(0.0,),
                   volume_A3_per_atom=10.0, engine="by hand")
        for value in (-1.0, -1.0 + gap)
    ]  # fmt: skip
    mean = mean_of_orderings(entries)
    assert mean.gibbs_eV_per_atom[0] == pytest.approx(-1.0 + gap / 4)
    assert mean.std_eV_per_atom[0] == pytest.approx(gap * (3 / 16) ** 0.5)


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
