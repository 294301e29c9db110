"""The report of `eis`: whole, without network, and with the numbers of the record in it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from paddlewheel import eis, load
from paddlewheel.cli.main import status_of
from paddlewheel.errors import InputError
from paddlewheel.lab.eis.circuit import Circuit, impedance
from report_page import Page

FREQUENCY_HZ = np.geomspace(1e6, 0.1, 40)


def _write(folder: Path, kelvin: int, factor: float) -> None:
    values = {"R1_ohm": 5e4 * factor, "tau1_s": 2e-5 * factor, "n1": 0.95, "tail_ohm": 2e3, "tail_n": 0.85}
    z = impedance(Circuit.parse("RQ-CPE"), values, FREQUENCY_HZ)
    random = np.random.default_rng(kelvin)
    z = z * (1 + 0.003 * (random.normal(size=len(z)) + 1j * random.normal(size=len(z))))
    rows = [f"{f:.6e},{one.real:.6e},{one.imag:.6e}" for f, one in zip(FREQUENCY_HZ, z, strict=True)]
    (folder / f"pellet-{kelvin}K.csv").write_text("\n".join(["Frequency (Hz),Z' (ohm),Z'' (ohm)", *rows]))


@pytest.fixture(scope="module")
def spectra(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spectra")
    for kelvin, factor in ((300, 1.0), (320, 0.5), (340, 0.26)):
        _write(folder, kelvin, factor)
    (folder / "notes.txt").write_text("pressed at 300 MPa")
    return folder


def test_report_is_whole_and_loads_nothing(spectra: Path, tmp_path: Path):
    record = eis(spectra, diameter_cm=1.0, thickness_cm=0.1, circuit="RQ-CPE", out=tmp_path / "run")
    page = Page((tmp_path / "run" / "report.html").read_text(encoding="utf-8"))
    assert page.faults == []
    assert page.loaded == []
    assert len(page.ids) == len(set(page.ids))
    words = page.words()
    assert "activation energy" in words
    assert "RQ-CPE" in words
    assert "notes.txt was left out" in words
    for row in record.spectra:
        assert row.kramers_kronig.verdict in words
    for name in ("nyquist", "residuals", "arrhenius", "relaxation_times", "readings"):
        assert (tmp_path / "run" / "figures" / f"{name}.png").stat().st_size > 5000


def test_command_prints_the_record_alone_and_a_missing_table_is_named(
    spectra: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    out = tmp_path / "run"
    options = ["--diameter-cm", "1", "--thickness-cm", "0.1", "--circuit", "RQ-CPE", "--json", "--out", str(out)]
    assert status_of(["eis", str(spectra), *options]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["kind"] == "eis"
    assert set(document["spectra"][0]["resistances_ohm"]) >= {"bulk", "grain_boundary", "total"}
    (out / document["spectra"][0]["points_file"]).unlink()
    with pytest.raises(InputError, match="pellet-300K"):
        load(out).plot()


def test_command_refuses_millimetres_in_one_line(spectra: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    out = tmp_path / "run"
    status = status_of(["eis", str(spectra), "--diameter-cm", "10", "--thickness-cm", "0.1", "--out", str(out)])
    error = capsys.readouterr().err
    assert status == 2
    assert error.count("\n") == 1
    assert "did you mean 10 mm? Then give 1 cm" in error
    assert not out.exists()
