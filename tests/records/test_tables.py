"""Tables beside a record: what is written, what is read back, and what a table in memory is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paddlewheel.errors import InputError
from paddlewheel.records.tables import Beside, as_column, read_columns, write_table
from paddlewheel.study.run import Run
from paddlewheel.study.run_directory import Document


def test_numbers_come_back_and_what_is_not_finite_is_an_empty_cell(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "numbers.csv"
    write_table(path, {"time_ps": np.array([0.0, 0.1]), "value": [1e-20, np.nan], "count": [3, None]})
    assert path.read_text() == "time_ps,value,count\n0,1e-20,3\n0.1,,\n"
    back = read_columns(path)
    np.testing.assert_array_equal(back["value"], [1e-20, np.nan])
    np.testing.assert_array_equal(back["count"], [3, np.nan])


def test_text_is_quoted_where_it_must_be_and_is_no_number_when_read(tmp_path: Path) -> None:
    path = tmp_path / "text.csv"
    write_table(path, {"anion": ["BH4", "a, b", None], "n": [1, 2, 3]})
    assert path.read_text() == 'anion,n\nBH4,1\n"a, b",2\n,3\n'
    with pytest.raises(InputError, match="no table of numbers"):
        read_columns(path)


def test_a_column_in_memory_is_of_numbers_or_of_text() -> None:
    np.testing.assert_array_equal(as_column([1, None]), [1.0, np.nan])
    assert as_column([1, 2]).dtype == float
    assert list(as_column(["BH4", None])) == ["BH4", ""]


def test_a_column_of_text_is_read_where_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "text.csv"
    write_table(path, {"name": ["NaBH4 (P4_2/nmc)", "a, b"], "n": [1, None]})
    back = read_columns(path, text=("name",))
    assert list(back["name"]) == ["NaBH4 (P4_2/nmc)", "a, b"]
    np.testing.assert_array_equal(back["n"], [1, np.nan])
    (tmp_path / "ragged.csv").write_text("a,b\n1,2\n3\n")
    with pytest.raises(InputError, match="no table of numbers"):
        read_columns(tmp_path / "ragged.csv")
    (tmp_path / "empty.csv").write_text("a,b\n")
    assert {name: column.size for name, column in read_columns(tmp_path / "empty.csv").items()} == {"a": 0, "b": 0}


@pytest.mark.parametrize("written", [True, False])
def test_arrays_come_back_from_their_file_and_from_memory(tmp_path: Path, written: bool) -> None:
    run = Run(document=Document(contents={}), directory=tmp_path if written else None)
    made = {"density": np.arange(8.0).reshape(2, 2, 2), "kinds": np.array(["BH4", "Cl"])}
    assert run.arrays("grid.npz", made) == "grid.npz"
    back = run.beside.arrays("grid.npz")
    assert back.keys() == made.keys()
    np.testing.assert_array_equal(back["density"], made["density"])
    assert list(back["kinds"]) == ["BH4", "Cl"]
    assert (tmp_path / "grid.npz").exists() is written


def test_damaged_arrays_are_refused(tmp_path: Path) -> None:
    (tmp_path / "grid.npz").write_bytes(b"PK no archive")
    with pytest.raises(InputError, match="holds no arrays"):
        Beside(directory=tmp_path).arrays("grid.npz")


def test_what_a_file_lacks_is_told_with_its_name(tmp_path: Path) -> None:
    write_table(tmp_path / "numbers.csv", {"time_ps": [0.0, 0.1]})
    np.savez(tmp_path / "grid.npz", density=np.zeros(3))
    beside = Beside(tmp_path)
    with pytest.raises(InputError, match=r"numbers\.csv: holds no 'msd_A2'"):
        beside.columns("numbers.csv")["msd_A2"]
    with pytest.raises(InputError, match=r"grid\.npz: holds no 'kinds'"):
        beside.arrays("grid.npz")["kinds"]
