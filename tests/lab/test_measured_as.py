"""Files of every technique through the commands: a result, or one line that says what it is and who takes it."""

from __future__ import annotations

import numpy as np
import pytest

from made_voltammogram import as_test, diffusing_couple
from paddlewheel.errors import DataError, InputError
from paddlewheel.lab.cell_tests import open_tests
from paddlewheel.lab.cyclic import find_scans
from paddlewheel.lab.measured_as import kind_of_rows, refuse_other_technique
from paddlewheel.lab.polarization import find_holds
from paddlewheel.lab.table import CellTest
from paddlewheel.lab.voltammetry import find_sweeps
from paddlewheel.studies.eis.inputs import open_spectra

TAKEN_BY = {
    "ca": "dc", "cov.issue_185": "dc", "cp": "cycling", "cv": "cv", "cva.issue_202": "cv", "gcpl.issue_149": "cycling",
    "gcpl.issue_226.I": "cycling", "geis": "eis", "lsv": "lsv", "mb.issue_149": "cycling", "mb.issue_95": "cycling",
    "ocv": None, "peis.issue_225.no_ece": "eis", "peis": "eis", "vsp_ocv_with": None, "zir": None,
}  # fmt: skip
"""File of Biologic, and the command that takes its technique."""


def _lsv(path):
    return [find_sweeps(test) for test in open_tests(path, columns=None, commands=("lsv", "cv")).tests]


def _cv(path):
    return [find_scans(find_sweeps(test)) for test in open_tests(path, columns=None, commands=("cv", "lsv")).tests]


def _dc(path):
    return [find_holds(test) for test in open_tests(path, columns=None, commands=("dc",)).tests]


COMMANDS = {"lsv": _lsv, "cv": _cv, "dc": _dc, "eis": open_spectra}
ALSO = {("cv", "lsv"), ("lsv", "cv"), ("cycling", "eis")}
"""Command of the file, and another that takes it too: sweeps as such, spectra of a Modulo Bat."""
TOO_SHORT = {("cov.issue_185", "dc")}
"""23 rows are no hold."""


@pytest.mark.parametrize("ending", [".mpr", ".mpt.gz"])
@pytest.mark.parametrize("name", TAKEN_BY)
def test_every_file_through_every_command(shared, name, ending):
    path = shared / "data" / "lab" / "biologic" / (name + ending)
    for command, read in COMMANDS.items():
        if TAKEN_BY[name] == command and (name, command) not in TOO_SHORT:
            assert read(path)
            continue
        try:
            read(path)
        except InputError as error:
            told = str(error)
            assert "\n" not in told
            if (TAKEN_BY[name] or command) not in ("eis", command):
                assert f"`paddlewheel {TAKEN_BY[name]}`" in told, told
        else:
            assert (TAKEN_BY[name], command) in ALSO


def rows(voltage, current, *, step_s=10.0):
    voltage = np.asarray(voltage, dtype=float)
    return CellTest(
        time_s=np.arange(len(voltage)) * step_s, voltage_V=voltage, current_A=np.broadcast_to(current, voltage.shape),
        source="made.csv",
    )  # fmt: skip


UP = np.linspace(2.5, 4.5, 400)
CURVE = 3.2 + 0.6 * np.linspace(0, 1, 400) ** 0.3 + 0.4 * np.linspace(0, 1, 400) ** 8
"""Of a cell that is charged."""


@pytest.mark.parametrize(
    ("test", "kind", "command"),
    [
        (rows(UP, (UP - 2.5) / 4000), "sweep", "lsv"),
        (rows(UP, 1e-7 + 1e-6 * np.exp((UP - 4.2) / 0.05)), "sweep", "lsv"),
        (rows(np.concatenate([CURVE, CURVE[::-1]]), np.repeat([1e-3, -1e-3], 400)), "current", "cycling"),
        (rows(np.full(400, 0.1), 1e-6 * (1 + 9 * np.exp(-np.arange(400) / 30))), "hold", "dc"),
        (rows(UP, 0.0), "rest", None),
        (as_test(*diffusing_couple([-0.3, 0.3, -0.3], rate_V_per_s=0.1), noise_A=1e-6), "cycle", "cv"),
    ],
    ids=["resistor", "onset", "cell", "hold", "rest", "couple"],
)
def test_rows_tell_the_technique_where_the_file_says_nothing(test, kind, command):
    assert kind_of_rows(test) == kind
    for other in ("lsv", "cv", "dc", "cycling"):
        if other == (command or "cycling"):
            refuse_other_technique(test, other)
        else:
            with pytest.raises(DataError, match=f"`paddlewheel {command}` takes" if command else "no command"):
                refuse_other_technique(test, other)


def test_a_charged_capacitor_is_not_judged():
    """A constant current and a swept voltage are both."""
    assert kind_of_rows(rows(np.concatenate([UP, UP[::-1]]), np.repeat([1e-3, -1e-3], 400))) is None


def test_impedance_in_a_table_of_currents_is_told(shared):
    """Its columns are those of a cell test too; `dc` evaluated it."""
    with pytest.raises(DataError, match="holds impedance spectra, which `paddlewheel eis` takes"):
        _dc(shared / "data" / "lab" / "impedance" / "Sample2_PEIS_AtRest.csv")


def test_eis_says_what_a_table_without_frequencies_holds(shared):
    with pytest.raises(
        DataError, match="holds a voltage that is swept one way, which `paddlewheel lsv` takes: no frequ"
    ):
        open_spectra(shared / "data" / "faults" / "lab" / "resistor_lsv.csv")
